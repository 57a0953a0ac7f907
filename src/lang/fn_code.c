/* Encodings, hashes and regular expressions. */
#include "fn.h"
#include "quoin/crypto.h"
#include "quoin/regex.h"

/* Decoded bytes must be text. */
static enum qn_err decoded(struct call *c, struct str bytes, const struct value **out) {
  size_t bad;
  if (!str_utf8_ok(bytes, &bad) || (bytes.n && memchr(bytes.p, 0, bytes.n)))
    return fn_fail(c, 0, "what the text stands for is not UTF-8 text");
  *out = call_str(c, bytes);
  return QN_OK;
}

enum qn_err fn_base64_encode(struct call *c, const struct value **out) {
  *out = call_str(c, crypto_base64(call_arena(c), arg_str(c, 0)));
  return QN_OK;
}

enum qn_err fn_base64_decode(struct call *c, const struct value **out) {
  struct str t;
  if (!crypto_base64_decode(call_arena(c), arg_str(c, 0), &t)) return fn_fail(c, 0, "the text is not base64");
  return decoded(c, t, out);
}

enum qn_err fn_sha256(struct call *c, const struct value **out) {
  *out = call_str(c, crypto_sha256_hex(call_arena(c), arg_str(c, 0)));
  return QN_OK;
}

enum qn_err fn_crc32(struct call *c, const struct value **out) {
  *out = value_int(call_arena(c), crypto_crc32(arg_str(c, 0)));
  return QN_OK;
}

enum qn_err fn_hex_encode(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  char *p = arena_alloc(call_arena(c), t.n * 2 + 1);
  for (size_t i = 0; i < t.n; i++) {
    p[2 * i] = "0123456789abcdef"[(unsigned char)t.p[i] >> 4];
    p[2 * i + 1] = "0123456789abcdef"[t.p[i] & 15];
  }
  *out = call_str(c, (struct str){p, t.n * 2});
  return QN_OK;
}

static int hex_digit(char ch) {
  if (ch >= '0' && ch <= '9') return ch - '0';
  return (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10 : -1;
}

enum qn_err fn_hex_decode(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  char *p = arena_alloc(call_arena(c), t.n / 2 + 1);
  if (t.n % 2) return fn_fail(c, 0, "the text has an odd number of digits");
  for (size_t i = 0; i < t.n; i += 2) {
    int hi = hex_digit(t.p[i]), lo = hex_digit(t.p[i + 1]);
    if (hi < 0 || lo < 0) return fn_fail(c, 0, "the text is not hexadecimal");
    p[i / 2] = (char)(hi << 4 | lo);
  }
  return decoded(c, (struct str){p, t.n / 2}, out);
}

enum qn_err fn_url_encode(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  struct buf b = BUF_INIT(TEXT_MAX);
  for (size_t i = 0; i < t.n; i++) {
    unsigned char ch = (unsigned char)t.p[i];
    bool keep =
        (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch && strchr("-._~", ch));
    if (keep)
      buf_addc(&b, (char)ch);
    else
      buf_addf(&b, "%%%02X", (unsigned)ch);
  }
  return call_buf(c, &b, out);
}

enum qn_err fn_url_decode(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  char *p = arena_alloc(call_arena(c), t.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < t.n; i++) {
    if (t.p[i] != '%') {
      p[n++] = t.p[i];
      continue;
    }
    int hi = i + 2 < t.n ? hex_digit(t.p[i + 1]) : -1, lo = i + 2 < t.n ? hex_digit(t.p[i + 2]) : -1;
    if (hi < 0 || lo < 0) return fn_fail(c, 0, "%% is not followed by two hexadecimal digits");
    p[n++] = (char)(hi << 4 | lo);
    i += 2;
  }
  return decoded(c, (struct str){p, n}, out);
}

/* JSON knows no resources; null members are left out, as everywhere. */
static bool has_resource(const struct value *v, unsigned depth) {
  if (depth > VALUE_DEPTH_MAX) return true;
  if (v->kind == V_RES) return true;
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++)
    if (has_resource(v->items[i], depth + 1)) return true;
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    if (has_resource(v->members[i].value, depth + 1)) return true;
  return false;
}

/* json_write refuses secrets; the result is marked as one instead. */
static const struct value *unmarked(struct arena *a, const struct value *v, unsigned depth) {
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  copy->flags = 0;
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = unmarked(a, v->items[i], depth + 1);
    copy->items = items;
  } else if (v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(a, v->n, struct member);
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->n; i++) {
      if (value_is_null(v->members[i].value)) continue;
      m[n] = v->members[i];
      m[n++].value = unmarked(a, v->members[i].value, depth + 1);
    }
    copy->members = m;
    copy->n = n;
  }
  return copy;
}

enum qn_err fn_json_encode(struct call *c, const struct value **out) {
  const struct value *v = c->args[0];
  if (has_resource(v, 0)) return fn_fail(c, 0, "a resource has no JSON; name its attributes");
  struct buf b = BUF_INIT(TEXT_MAX);
  if (json_write(c->r->s, unmarked(call_arena(c), v, 0), JSON_COMPACT | JSON_SORTED, &b) != QN_OK) {
    buf_release(&b);
    return fn_fail(c, 0, "the value has no JSON");
  }
  return call_buf(c, &b, out);
}

enum qn_err fn_json_decode(struct call *c, const struct value **out) {
  struct json_error e;
  if (json_parse(c->r->s, call_arena(c), arg_str(c, 0), out, &e) == QN_OK) return QN_OK;
  return fn_fail(c, 0, "not JSON at byte %zu: %.*s", e.offset, SV(e.message));
}

/* ---- regular expressions ----------------------------------------------- */

#define GROUPS 32
struct finder {
  struct regex *re;
  struct regex_group g[GROUPS];
  size_t n;
};

static enum qn_err finder_open(struct call *c, struct finder *f) {
  struct str message;
  size_t at = 0;
  *f = (struct finder){0};
  if (regex_new(call_arena(c), arg_str(c, 0), &f->re, &message, &at) == QN_OK) return QN_OK;
  return fn_fail(c, 0, "wrong pattern at character %zu: %.*s", at, SV(message));
}

/* QN_OK, QN_E_NOTFOUND, or the error to hand on; then the pattern is freed. */
static enum qn_err find(struct call *c, struct finder *f, size_t text_arg, size_t from) {
  enum qn_err err = regex_match(f->re, arg_str(c, text_arg), from, f->g, GROUPS, &f->n);
  if (err == QN_OK || err == QN_E_NOTFOUND) return err;
  regex_free(f->re);
  f->re = NULL;
  return fn_fail(c, 0, "the pattern takes too long on this text");
}

enum qn_err fn_regex_match(struct call *c, const struct value **out) {
  struct finder f;
  enum qn_err err = finder_open(c, &f);
  if (!err) err = find(c, &f, 1, 0);
  regex_free(f.re);
  if (err && err != QN_E_NOTFOUND) return err;
  *out = value_bool(call_arena(c), err == QN_OK);
  return QN_OK;
}

static const struct value *found(struct call *c, const struct finder *f, size_t text_arg) {
  struct regex_group g = f->g[f->n > 1 ? 1 : 0];
  return call_str(c, g.set ? str_sub(arg_str(c, text_arg), g.start, g.end) : STR(""));
}

enum qn_err fn_regex_find(struct call *c, const struct value **out) {
  struct finder f;
  enum qn_err err = finder_open(c, &f);
  if (!err) err = find(c, &f, 1, 0);
  if (!err)
    *out = found(c, &f, 1);
  else if (err == QN_E_NOTFOUND)
    *out = value_null();
  regex_free(f.re);
  return err == QN_E_NOTFOUND ? QN_OK : err;
}

/* Where to look next: an empty match goes on by one character. */
static size_t next_from(struct str t, struct regex_group g) {
  if (g.end > g.start) return g.end;
  size_t i = g.end + 1;
  while (i < t.n && ((unsigned char)t.p[i] & 0xc0) == 0x80) i++;
  return i;
}

enum qn_err fn_regex_find_all(struct call *c, const struct value **out) {
  struct finder f;
  VEC(const struct value *) items = {0};
  struct str t = arg_str(c, 1);
  enum qn_err err = finder_open(c, &f);
  for (size_t from = 0; !err && from <= t.n; from = next_from(t, f.g[0])) {
    err = find(c, &f, 1, from);
    if (!err) VEC_PUSH(call_arena(c), &items, found(c, &f, 1));
  }
  regex_free(f.re);
  if (err && err != QN_E_NOTFOUND) return err;
  *out = value_list(call_arena(c), items.v, items.n);
  return QN_OK;
}

/* `$1`, `${1}`, `${name}`, `$$` of a replacement; returns its length. */
static size_t add_group(struct buf *b, const struct finder *f, struct str t, struct str rest) {
  bool braces = rest.n > 1 && rest.p[1] == '{';
  size_t i = braces ? 2 : 1, start = i;
  while (i < rest.n && (braces ? rest.p[i] != '}' : rest.p[i] >= '0' && rest.p[i] <= '9')) i++;
  struct str name = str_sub(rest, start, i);
  if (!name.n || (braces && i >= rest.n)) {
    buf_addc(b, '$');
    return rest.n > 1 && rest.p[1] == '$' ? 2 : 1;
  }
  int64_t number = -1;
  if (!str_to_i64(name, &number))
    for (size_t k = 0; k < f->n && k < GROUPS; k++)
      if (str_eq(regex_group_name(f->re, k), name)) number = (int64_t)k;
  if (number >= 0 && number < (int64_t)f->n && number < GROUPS && f->g[number].set)
    buf_add(b, str_sub(t, f->g[number].start, f->g[number].end));
  return i + (braces ? 1 : 0);
}

enum qn_err fn_regex_replace(struct call *c, const struct value **out) {
  struct finder f;
  struct str t = arg_str(c, 1), with = arg_str(c, 2);
  struct buf b = BUF_INIT(TEXT_MAX);
  size_t done = 0;
  enum qn_err err = finder_open(c, &f);
  for (size_t from = 0; !err && from <= t.n && !b.failed; from = next_from(t, f.g[0])) {
    err = find(c, &f, 1, from);
    if (err) break;
    buf_add(&b, str_sub(t, done, f.g[0].start));
    for (size_t i = 0; i < with.n;) {
      if (with.p[i] == '$')
        i += add_group(&b, &f, t, str_sub(with, i, with.n));
      else
        buf_addc(&b, with.p[i++]);
    }
    done = f.g[0].end;
  }
  regex_free(f.re);
  if (!err || err == QN_E_NOTFOUND) {
    buf_add(&b, str_sub(t, done, t.n));
    return call_buf(c, &b, out);
  }
  buf_release(&b);
  return err;
}
