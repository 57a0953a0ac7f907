/* JSON text to values. A reader of our own instead of a general tree library:
 * numbers stay exact, the place of an error is a byte offset, and values are
 * built once, in the caller's arena; the journal lives on its speed. RFC 8259,
 * stricter where that leaves room: duplicate keys and lone surrogates are errors. */
#include "quoin/value.h"

#include <stdlib.h>
#include <string.h>

enum { JSON_DEPTH = 256, DEC_DIGITS = 400 /* on each side of the point */ };

struct reader {
  struct session *s;
  struct arena *a;
  const char *p, *end, *begin;
  struct json_error *err; /* may be NULL */
  /* Elements of the containers being read, innermost last; copied when one closes. */
  struct member *stack;
  size_t n, cap;
};

static bool fail(struct reader *r, const char *at, const char *why) {
  if (r->err) {
    r->err->offset = (size_t)(at - r->begin);
    r->err->message = str_c(why);
  }
  return false;
}

static void skip(struct reader *r) {
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')) r->p++;
}

static bool push(struct reader *r, sym key, const struct value *v) {
  if (r->n == r->cap) {
    size_t cap = r->cap ? r->cap * 2 : 64;
    struct member *grown = cap <= SIZE_MAX / sizeof *grown ? realloc(r->stack, cap * sizeof *grown) : NULL;
    if (!grown) return fail(r, r->p, "out of memory");
    r->stack = grown;
    r->cap = cap;
  }
  r->stack[r->n++] = (struct member){key, SPAN_NONE, v};
  return true;
}

/* ---- strings --------------------------------------------------------------- */

static bool hex4(struct reader *r, uint32_t *out) {
  if (r->end - r->p < 4) return fail(r, r->p, "four hexadecimal digits wanted after \\u");
  uint32_t v = 0;
  for (int i = 0; i < 4; i++) {
    char c = r->p[i];
    uint32_t d = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                 : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10)
                                                      : 16;
    if (d == 16) return fail(r, r->p + i, "four hexadecimal digits wanted after \\u");
    v = v << 4 | d;
  }
  r->p += 4;
  *out = v;
  return true;
}

static char *put_utf8(char *o, uint32_t c) {
  if (c < 0x80) {
    *o++ = (char)c;
  } else if (c < 0x800) {
    *o++ = (char)(0xc0 | c >> 6);
    *o++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *o++ = (char)(0xe0 | c >> 12);
    *o++ = (char)(0x80 | (c >> 6 & 63));
    *o++ = (char)(0x80 | (c & 63));
  } else {
    *o++ = (char)(0xf0 | c >> 18);
    *o++ = (char)(0x80 | (c >> 12 & 63));
    *o++ = (char)(0x80 | (c >> 6 & 63));
    *o++ = (char)(0x80 | (c & 63));
  }
  return o;
}

static bool escape(struct reader *r, char **o) {
  const char *at = r->p - 1;
  if (r->p == r->end) return fail(r, at, "text ends inside a string");
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = *r->p++;
  if (c != 'u') {
    const char *hit = c ? strchr(from, c) : NULL;
    if (!hit) return fail(r, at, "unknown escape");
    *(*o)++ = to[hit - from];
    return true;
  }
  uint32_t v, low;
  if (!hex4(r, &v)) return false;
  if (v >= 0xdc00 && v <= 0xdfff) return fail(r, at, "second half of a surrogate pair without the first");
  if (v >= 0xd800 && v <= 0xdbff) {
    if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
      return fail(r, at, "first half of a surrogate pair without the second");
    r->p += 2;
    if (!hex4(r, &low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return fail(r, at, "first half of a surrogate pair without the second");
    v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
  }
  *o = put_utf8(*o, v);
  return true;
}

/* At the opening quote. The text borrows the input where there is no escape, else lies in the arena. */
static bool string(struct reader *r, struct str *out) {
  const char *start = ++r->p;
  while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= 0x20) r->p++;
  if (r->p < r->end && *r->p == '"') {
    *out = (struct str){start, (size_t)(r->p++ - start)};
    return true;
  }
  const char *close = r->p;
  while (close < r->end && *close != '"') close += *close == '\\' && close + 1 < r->end ? 2 : 1;
  if (close >= r->end) return fail(r, start - 1, "text ends inside a string");
  char *text = arena_alloc(r->a, (size_t)(close - start) + 1), *o = text; /* an escape never grows */
  memcpy(o, start, (size_t)(r->p - start));
  o += r->p - start;
  while (*r->p != '"') {
    unsigned char c = (unsigned char)*r->p++;
    if (c < 0x20) return fail(r, r->p - 1, "control character in a string");
    if (c != '\\')
      *o++ = (char)c;
    else if (!escape(r, &o))
      return false;
    if (r->p >= r->end) return fail(r, start - 1, "text ends inside a string");
  }
  r->p++;
  *out = (struct str){text, (size_t)(o - text)};
  return true;
}

/* ---- numbers --------------------------------------------------------------- */

static size_t digits(struct reader *r) {
  const char *from = r->p;
  while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
  return (size_t)(r->p - from);
}

/* Plain decimal text of digits d[0..n) times 10^exp, shortest form: no blanks, no leading or
 * trailing zeros, no sign of zero. */
static bool decimal(struct reader *r, const char *at, bool neg, const char *d, size_t n, long exp,
                    const struct value **out) {
  while (n && d[0] == '0') d++, n--;
  while (n && d[n - 1] == '0') n--, exp++;
  if (!n) {
    *out = value_int(r->a, 0);
    return true;
  }
  if (exp > DEC_DIGITS || exp < -DEC_DIGITS || (long)n + exp > DEC_DIGITS)
    return fail(r, at, "number out of range");
  size_t zeros = exp > 0 ? (size_t)exp : 0, frac = exp < 0 ? (size_t)-exp : 0;
  char text[2 * DEC_DIGITS + 8], *o = text;
  if (neg) *o++ = '-';
  size_t whole = n > frac ? n - frac : 0;
  if (!whole) *o++ = '0';
  memcpy(o, d, whole), o += whole;
  memset(o, '0', zeros), o += zeros;
  if (frac) {
    *o++ = '.';
    for (size_t k = n; k < frac; k++) *o++ = '0';
    memcpy(o, d + whole, n - whole), o += n - whole;
  }
  struct str t = {text, (size_t)(o - text)};
  int64_t i;
  *out = !frac && str_to_i64(t, &i) ? value_int(r->a, i) : value_dec(r->a, t);
  return true;
}

static bool number(struct reader *r, const struct value **out) {
  const char *at = r->p;
  bool neg = *r->p == '-';
  if (neg) r->p++;
  const char *first = r->p;
  size_t whole = digits(r), frac = 0;
  if (!whole || (whole > 1 && *first == '0')) return fail(r, at, "wrong number");
  bool plain = true;
  if (r->p < r->end && *r->p == '.') {
    r->p++;
    plain = false;
    if (!(frac = digits(r))) return fail(r, at, "wrong number");
  }
  long exp = 0;
  if (r->p < r->end && (*r->p | 32) == 'e') {
    r->p++;
    plain = false;
    bool down = r->p < r->end && *r->p == '-';
    if (down || (r->p < r->end && *r->p == '+')) r->p++;
    const char *e = r->p;
    size_t n = digits(r);
    if (!n) return fail(r, at, "wrong number");
    for (size_t i = 0; i < n; i++) exp = exp < 100000 ? exp * 10 + (e[i] - '0') : exp;
    if (down) exp = -exp;
  }
  int64_t i;
  if (plain && str_to_i64((struct str){at, (size_t)(r->p - at)}, &i)) {
    *out = value_int(r->a, i);
    return true;
  }
  if (whole + frac > 2 * DEC_DIGITS) return fail(r, at, "number out of range");
  char all[2 * DEC_DIGITS];
  memcpy(all, first, whole);
  if (frac) memcpy(all + whole, first + whole + 1, frac);
  return decimal(r, at, neg, all, whole + frac, exp - (long)frac, out);
}

/* ---- containers ------------------------------------------------------------ */

static int by_key(const void *x, const void *y) {
  sym a = *(const sym *)x, b = *(const sym *)y;
  return a < b ? -1 : a > b;
}

static bool unique(const struct member *m, size_t n) {
  if (n <= 24) {
    for (size_t i = 1; i < n; i++)
      for (size_t k = 0; k < i; k++)
        if (m[i].key == m[k].key) return false;
    return true;
  }
  sym *keys = malloc(n * sizeof *keys);
  if (!keys) return false;
  for (size_t i = 0; i < n; i++) keys[i] = m[i].key;
  qsort(keys, n, sizeof *keys, by_key);
  bool ok = true;
  for (size_t i = 1; i < n && ok; i++) ok = keys[i] != keys[i - 1];
  free(keys);
  return ok;
}

static bool value(struct reader *r, unsigned depth, const struct value **out);

static bool key_of(struct reader *r, sym *key) {
  skip(r);
  if (r->p == r->end || *r->p != '"') return fail(r, r->p, "a key in quotes wanted");
  struct str k;
  if (!string(r, &k)) return false;
  *key = session_sym(r->s, k);
  skip(r);
  if (r->p == r->end || *r->p != ':') return fail(r, r->p, "':' wanted");
  r->p++;
  return true;
}

/* At the opening bracket; the elements stay on the stack above base. */
static bool elements(struct reader *r, unsigned depth, bool map) {
  char close = map ? '}' : ']';
  r->p++;
  skip(r);
  if (r->p < r->end && *r->p == close) {
    r->p++;
    return true;
  }
  for (;;) {
    sym key = 0;
    const struct value *v;
    if (map && !key_of(r, &key)) return false;
    if (!value(r, depth + 1, &v) || !push(r, key, v)) return false;
    skip(r);
    if (r->p == r->end) return fail(r, r->p, map ? "',' or '}' wanted" : "',' or ']' wanted");
    char c = *r->p++;
    if (c == close) return true;
    if (c != ',') return fail(r, r->p - 1, map ? "',' or '}' wanted" : "',' or ']' wanted");
  }
}

static bool container(struct reader *r, unsigned depth, const struct value **out) {
  const char *at = r->p;
  bool map = *at == '{';
  if (depth >= JSON_DEPTH) return fail(r, at, "nested deeper than 256 levels");
  size_t base = r->n, n;
  if (!elements(r, depth, map)) return false;
  struct member *m = r->stack ? r->stack + base : NULL;
  n = r->n - base;
  r->n = base;
  if (n > UINT32_MAX) return fail(r, at, "too many elements");
  if (map) {
    if (!unique(m, n)) return fail(r, at, "a key occurs twice in this object");
    *out = value_map(r->a, m, n);
    return true;
  }
  /* The items' pointers move to the front of their own stack slots, which are read first. */
  const struct value **items = ARENA_ARRAY(r->a, n, const struct value *);
  for (size_t i = 0; i < n; i++) items[i] = m[i].value;
  *out = value_list(r->a, items, n);
  return true;
}

static bool word(struct reader *r, struct str w) {
  if ((size_t)(r->end - r->p) < w.n || memcmp(r->p, w.p, w.n) != 0) return fail(r, r->p, "a value wanted");
  r->p += w.n;
  return true;
}

static bool value(struct reader *r, unsigned depth, const struct value **out) {
  skip(r);
  if (r->p == r->end) return fail(r, r->p, "a value wanted");
  struct str text;
  switch (*r->p) {
  case '{':
  case '[': return container(r, depth, out);
  case '"':
    if (!string(r, &text)) return false;
    if (text.n > UINT32_MAX) return fail(r, r->p, "string too long");
    *out = value_str(r->a, text);
    return true;
  case 't': *out = value_bool(r->a, true); return word(r, STR("true"));
  case 'f': *out = value_bool(r->a, false); return word(r, STR("false"));
  case 'n': *out = value_null(); return word(r, STR("null"));
  default:
    if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9')) return number(r, out);
    return fail(r, r->p, "a value wanted");
  }
}

enum qn_err json_parse(struct session *s, struct arena *a, struct str text, const struct value **out,
                       struct json_error *err) {
  if (!text.n) text = STR("");
  struct reader r = {.s = s, .a = a, .p = text.p, .begin = text.p, .end = text.p + text.n, .err = err};
  size_t bad = 0;
  const struct value *v = NULL;
  bool ok = str_utf8_ok(text, &bad) || fail(&r, r.begin + bad, "not valid UTF-8");
  ok = ok && value(&r, 0, &v);
  if (ok) {
    skip(&r);
    if (r.p != r.end) ok = fail(&r, r.p, "text after the value");
  }
  free(r.stack);
  if (!ok) return QN_E_INVALID;
  *out = v;
  return QN_OK;
}

/* ---- writing --------------------------------------------------------------- */

void json_escape(struct buf *out, struct str s) {
  static const char hex[] = "0123456789abcdef";
  buf_addc(out, '"');
  for (size_t i = 0, from = 0; i <= s.n; i++) {
    unsigned char c = i < s.n ? (unsigned char)s.p[i] : 0;
    if (i < s.n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    buf_add(out, str_sub(s, from, i));
    from = i + 1;
    if (i == s.n) break;
    const char *short_form = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\t' ? "\\t"
                             : c == '\r' ? "\\r"
                                         : NULL;
    if (short_form) {
      buf_addz(out, short_form);
      continue;
    }
    char u[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], 0};
    buf_addz(out, u);
  }
  buf_addc(out, '"');
}

struct writer {
  const struct session *s;
  struct buf *out;
  int style;
};

static void indent(const struct writer *w, unsigned depth) {
  if (!(w->style & JSON_PRETTY)) return;
  buf_addc(w->out, '\n');
  for (unsigned i = 0; i < depth; i++) buf_add(w->out, STR("  "));
}

struct ref {
  struct str key;
  const struct value *v;
};

static int by_text(const void *x, const void *y) {
  return str_cmp(((const struct ref *)x)->key, ((const struct ref *)y)->key);
}

static enum qn_err write_value(const struct writer *w, const struct value *v, unsigned depth);

static enum qn_err write_map(const struct writer *w, const struct value *v, unsigned depth) {
  struct ref *refs = v->n ? malloc(v->n * sizeof *refs) : NULL;
  if (v->n && !refs) return QN_E_NOMEM;
  for (uint32_t i = 0; i < v->n; i++)
    refs[i] = (struct ref){session_str(w->s, v->members[i].key), v->members[i].value};
  if ((w->style & JSON_SORTED) && v->n > 1) qsort(refs, v->n, sizeof *refs, by_text);
  buf_addc(w->out, '{');
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < v->n && !e; i++) {
    if (i) buf_addc(w->out, ',');
    indent(w, depth + 1);
    json_escape(w->out, refs[i].key);
    buf_add(w->out, w->style & JSON_PRETTY ? STR(": ") : STR(":"));
    e = write_value(w, refs[i].v, depth + 1);
  }
  if (v->n) indent(w, depth);
  buf_addc(w->out, '}');
  free(refs);
  return e;
}

static enum qn_err write_list(const struct writer *w, const struct value *v, unsigned depth) {
  buf_addc(w->out, '[');
  for (uint32_t i = 0; i < v->n; i++) {
    if (i) buf_addc(w->out, ',');
    indent(w, depth + 1);
    enum qn_err e = write_value(w, v->items[i], depth + 1);
    if (e) return e;
  }
  if (v->n) indent(w, depth);
  buf_addc(w->out, ']');
  return QN_OK;
}

static enum qn_err write_value(const struct writer *w, const struct value *v, unsigned depth) {
  if (!v) v = value_null();
  if (depth > JSON_DEPTH) return QN_E_LIMIT;
  if (v->flags & VF_SECRET && !(w->style & JSON_SECRETS)) return QN_E_INVALID;
  switch ((enum vkind)v->kind) {
  case V_NULL: buf_add(w->out, STR("null")); return QN_OK;
  case V_BOOL: buf_add(w->out, v->b ? STR("true") : STR("false")); return QN_OK;
  case V_INT: buf_addf(w->out, "%lld", (long long)v->i); return QN_OK;
  case V_DEC: buf_add(w->out, value_text(v)); return QN_OK;
  case V_STR: json_escape(w->out, value_text(v)); return QN_OK;
  case V_LIST: return write_list(w, v, depth);
  case V_MAP: return write_map(w, v, depth);
  case V_RES:
  case V_UNKNOWN: break;
  }
  return QN_E_INVALID;
}

enum qn_err json_write(const struct session *s, const struct value *v, int style, struct buf *out) {
  struct writer w = {s, out, style};
  enum qn_err e = write_value(&w, v, 0);
  return e ? e : out->failed ? QN_E_NOMEM : QN_OK;
}
