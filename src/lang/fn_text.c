/* Functions on text. */
#include "fn.h"
#include "num.h"

static enum qn_err map_chars(struct call *c, int (*change)(int, bool), const struct value **out) {
  struct str t = arg_str(c, 0);
  char *p = arena_alloc(call_arena(c), t.n + 1);
  bool start = true;
  for (size_t i = 0; i < t.n; i++) {
    p[i] = (char)change((unsigned char)t.p[i], start);
    start = t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '-' || t.p[i] == '_';
  }
  *out = call_str(c, (struct str){p, t.n});
  return QN_OK;
}

static int to_upper(int ch, bool start) {
  (void)start;
  return ch >= 'a' && ch <= 'z' ? ch - 32 : ch;
}
static int to_lower(int ch, bool start) {
  (void)start;
  return ch >= 'A' && ch <= 'Z' ? ch + 32 : ch;
}
static int to_title(int ch, bool start) {
  return start ? to_upper(ch, start) : ch;
}

enum qn_err fn_upper(struct call *c, const struct value **out) {
  return map_chars(c, to_upper, out);
}
enum qn_err fn_lower(struct call *c, const struct value **out) {
  return map_chars(c, to_lower, out);
}
enum qn_err fn_title(struct call *c, const struct value **out) {
  return map_chars(c, to_title, out);
}

enum qn_err fn_capitalize(struct call *c, const struct value **out) {
  struct str t = str_dup(call_arena(c), arg_str(c, 0));
  struct buf b = BUF_INIT(TEXT_MAX);
  if (t.n) buf_addc(&b, (char)to_upper((unsigned char)t.p[0], true));
  buf_add(&b, str_sub(t, 1, t.n));
  return call_buf(c, &b, out);
}

enum qn_err fn_trim(struct call *c, const struct value **out) {
  *out = call_str(c, str_trim(arg_str(c, 0)));
  return QN_OK;
}

enum qn_err fn_trim_prefix(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0), x = arg_str(c, 1);
  *out = call_str(c, str_starts(t, x) ? str_sub(t, x.n, t.n) : t);
  return QN_OK;
}

enum qn_err fn_trim_suffix(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0), x = arg_str(c, 1);
  *out = call_str(c, str_ends(t, x) ? str_sub(t, 0, t.n - x.n) : t);
  return QN_OK;
}

enum qn_err fn_starts_with(struct call *c, const struct value **out) {
  *out = value_bool(call_arena(c), str_starts(arg_str(c, 0), arg_str(c, 1)));
  return QN_OK;
}

enum qn_err fn_ends_with(struct call *c, const struct value **out) {
  *out = value_bool(call_arena(c), str_ends(arg_str(c, 0), arg_str(c, 1)));
  return QN_OK;
}

enum qn_err fn_replace(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0), old = arg_str(c, 1);
  if (!old.n) return fn_fail(c, 1, "cannot replace empty text");
  struct buf b = BUF_INIT(TEXT_MAX);
  for (size_t at; (at = str_find(t, old)) != SIZE_MAX && !b.failed; t = str_sub(t, at + old.n, t.n)) {
    buf_add(&b, str_sub(t, 0, at));
    buf_add(&b, arg_str(c, 2));
  }
  buf_add(&b, t);
  return call_buf(c, &b, out);
}

static const struct value *pieces(struct call *c, struct str t, struct str between) {
  VEC(const struct value *) items = {0};
  for (size_t at; (at = str_find(t, between)) != SIZE_MAX; t = str_sub(t, at + between.n, t.n))
    VEC_PUSH(call_arena(c), &items, call_str(c, str_sub(t, 0, at)));
  VEC_PUSH(call_arena(c), &items, call_str(c, t));
  return value_list(call_arena(c), items.v, items.n);
}

enum qn_err fn_split(struct call *c, const struct value **out) {
  if (!arg_str(c, 0).n) return fn_fail(c, 0, "cannot split at empty text");
  *out = pieces(c, arg_str(c, 1), arg_str(c, 0));
  return QN_OK;
}

enum qn_err fn_lines(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  if (str_ends(t, STR("\n"))) t.n--;
  *out = t.n ? pieces(c, t, STR("\n")) : value_list(call_arena(c), NULL, 0);
  return QN_OK;
}

enum qn_err fn_join(struct call *c, const struct value **out) {
  struct buf b = BUF_INIT(TEXT_MAX);
  const struct value *list = c->args[1];
  for (uint32_t i = 0; i < list->n; i++) {
    struct str t;
    if (!value_to_text(call_arena(c), list->items[i], &t)) {
      buf_release(&b);
      return fn_fail(c, 1, "element %u is %s, not text", (unsigned)i, kind_words(list->items[i]));
    }
    if (i) buf_add(&b, arg_str(c, 0));
    buf_add(&b, t);
  }
  return call_buf(c, &b, out);
}

enum qn_err fn_repeat(struct call *c, const struct value **out) {
  int64_t n = arg_int(c, 1);
  if (n < 0) return fn_fail(c, 1, "the count is negative");
  struct str t = arg_str(c, 0);
  struct buf b = BUF_INIT(TEXT_MAX);
  for (int64_t i = 0; t.n && i < n && !b.failed; i++) buf_add(&b, t);
  return call_buf(c, &b, out);
}

/* Byte offset of a code point, or the end. */
static size_t byte_of(struct str t, int64_t point) {
  for (size_t i = 0; i < t.n; i++)
    if (((unsigned char)t.p[i] & 0xc0) != 0x80 && point-- == 0) return i;
  return t.n;
}

enum qn_err fn_substr(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  int64_t from = arg_int(c, 1);
  if (from < 0) return fn_fail(c, 1, "the start is negative");
  if (c->n > 2 && arg_int(c, 2) < 0) return fn_fail(c, 2, "the count is negative");
  t = str_sub(t, byte_of(t, from), t.n);
  if (c->n > 2) t.n = byte_of(t, arg_int(c, 2));
  *out = call_str(c, t);
  return QN_OK;
}

enum qn_err fn_pad_left(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0), fill = arg_str(c, 2);
  if (str_utf8_len(fill) != 1) return fn_fail(c, 2, "the fill must be one character");
  if (arg_int(c, 1) > 10000) return fn_fail(c, 1, "the width is over 10000");
  struct buf b = BUF_INIT(TEXT_MAX);
  for (int64_t n = arg_int(c, 1) - (int64_t)str_utf8_len(t); n > 0; n--) buf_add(&b, fill);
  buf_add(&b, t);
  return call_buf(c, &b, out);
}

enum qn_err fn_indent(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 1);
  int64_t n = arg_int(c, 0);
  if (n < 0 || n > 1000) return fn_fail(c, 0, "the number of blanks must be 0 to 1000");
  struct buf b = BUF_INIT(TEXT_MAX);
  for (size_t i = 0; i < t.n; i++) {
    buf_addc(&b, t.p[i]);
    bool more = t.p[i] == '\n' && i + 1 < t.n && t.p[i + 1] != '\n';
    for (int64_t k = 0; more && k < n; k++) buf_addc(&b, ' ');
  }
  return call_buf(c, &b, out);
}

/* One directive of format() at p[i] behind `%`; returns its length. 0: after a diagnostic. */
static size_t format_one(struct call *c, struct buf *b, struct str p, size_t i, size_t *next) {
  size_t start = i;
  bool zero = i < p.n && p.p[i] == '0';
  unsigned width = 0;
  for (; i < p.n && p.p[i] >= '0' && p.p[i] <= '9' && width < 1000; i++)
    width = width * 10 + (unsigned)(p.p[i] - '0');
  char what = i < p.n ? p.p[i] : 0;
  if (!strchr("sdxq", what) || !what) {
    fn_fail(c, 0, "there is no %%%.*s; there are %%s %%d %%x %%q and %%%%", (int)(i - start + (what != 0)),
            p.p + start);
    return 0;
  }
  if (*next >= c->n) {
    fn_fail(c, 0, "the pattern wants more arguments than the %zu given", c->n - 1);
    return 0;
  }
  size_t arg = (*next)++;
  const struct value *v = c->args[arg];
  struct str t;
  if (!value_to_text(call_arena(c), v, &t)) {
    fn_fail(c, arg, "%%%c cannot show %s", what, kind_words(v));
    return 0;
  }
  if ((what == 'd' || what == 'x') && !value_is(v, V_INT)) {
    fn_fail(c, arg, "%%%c wants a whole number, not %s", what, kind_words(v));
    return 0;
  }
  if (what == 'x') t = str_fmt(call_arena(c), "%llx", (unsigned long long)v->i);
  if (what == 'q') {
    json_escape(b, t);
    return i + 1 - start;
  }
  size_t have = str_utf8_len(t);
  if (zero && what != 's' && t.n && t.p[0] == '-') {
    buf_addc(b, '-');
    t = str_sub(t, 1, t.n);
  }
  for (size_t k = have; k < width; k++) buf_addc(b, zero && what != 's' ? '0' : ' ');
  buf_add(b, t);
  return i + 1 - start;
}

enum qn_err fn_format(struct call *c, const struct value **out) {
  struct str p = arg_str(c, 0);
  struct buf b = BUF_INIT(TEXT_MAX);
  size_t next = 1;
  for (size_t i = 0; i < p.n; i++) {
    if (p.p[i] != '%') {
      buf_addc(&b, p.p[i]);
    } else if (i + 1 < p.n && p.p[i + 1] == '%') {
      buf_addc(&b, '%');
      i++;
    } else {
      size_t n = format_one(c, &b, p, i + 1, &next);
      if (!n) {
        buf_release(&b);
        return c->r->guess ? EVAL_GUESS_FAILED : QN_E_INVALID;
      }
      i += n;
    }
  }
  if (next == c->n) return call_buf(c, &b, out);
  buf_release(&b);
  return fn_fail(c, next, "the pattern has no place for this argument");
}

enum qn_err fn_tostring(struct call *c, const struct value **out) {
  struct str t;
  if (!value_to_text(call_arena(c), c->args[0], &t))
    return fn_fail(c, 0, "%s has no text; use json_encode()", kind_words(c->args[0]));
  *out = call_str(c, t);
  return QN_OK;
}

enum qn_err fn_tonumber(struct call *c, const struct value **out) {
  struct num v;
  const struct value *a = c->args[0];
  bool good = a->kind == V_STR ? num_parse(value_text(a), &v) : num_of(a, &v);
  *out = good ? num_value(call_arena(c), v) : NULL;
  if (*out) return QN_OK;
  if (!c->e) return QN_E_INVALID; /* asked by an argument's coercion */
  if (a->kind != V_STR) return fn_fail(c, 0, "%s is not a number", kind_words(a));
  return fn_fail(c, 0, "the text is not a number");
}

enum qn_err fn_tobool(struct call *c, const struct value **out) {
  const struct value *a = c->args[0];
  bool yes = value_is(a, V_BOOL) ? a->b : value_is(a, V_STR) && str_eq(value_text(a), STR("true"));
  bool good = value_is(a, V_BOOL) || yes || (value_is(a, V_STR) && str_eq(value_text(a), STR("false")));
  if (!good) return fn_fail(c, 0, "only \"true\" and \"false\" make a bool");
  *out = value_bool(call_arena(c), yes);
  return QN_OK;
}

enum qn_err fn_type_of(struct call *c, const struct value **out) {
  static const char *const names[] = {
      [V_NULL] = "null", [V_BOOL] = "bool", [V_INT] = "number",   [V_DEC] = "number",      [V_STR] = "string",
      [V_LIST] = "list", [V_MAP] = "map",   [V_RES] = "resource", [V_UNKNOWN] = "unknown",
  };
  *out = call_str(c, str_c(names[c->args[0]->kind]));
  return QN_OK;
}
