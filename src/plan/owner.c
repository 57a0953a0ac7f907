/* quoin's own tags: what they say, and whether the live object says it. */
#include "build.h"
#include "quoin/crypto.h"

enum { TAG_MAX = 200 };

/* The characters that the strictest services allow in a tag; an element's key stands behind a colon:
 * api.subnet["a"] is api.subnet:a. Too long a text is cut and ends in a part of its hash. */
static struct str tag_text(struct arena *a, struct str t) {
  struct buf b = BUF_INIT(1 << 20);
  for (size_t i = 0; i < t.n; i++) {
    char c = t.p[i];
    if (c == '"' || c == ']' || c == '\\') continue;
    bool plain = (c & 0x80) || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 strchr(" _.:/=+-@", c);
    buf_addc(&b, c == '[' ? ':' : plain && c ? c : '_');
  }
  struct str out = str_dup(a, buf_str(&b));
  buf_release(&b);
  if (out.n <= TAG_MAX) return out;
  size_t cut = TAG_MAX - 17;
  while (cut && ((unsigned char)out.p[cut] & 0xc0) == 0x80) cut--; /* not inside a character */
  struct str hash = str_sub(crypto_sha256_hex(a, t), 0, 16);
  return str_fmt(a, "%.*s:%.*s", (int)cut, out.p, SV(hash));
}

const struct value *ownership_tags(struct session *s, struct arena *a, const struct environment *env,
                                   sym address, struct str uid) {
  struct member m[] = {
      {session_sym(s, STR("quoin:id")), SPAN_NONE, value_str(a, uid)},
      {session_sym(s, STR("quoin:stack")), SPAN_NONE, value_str(a, tag_text(a, session_str(s, env->stack)))},
      {session_sym(s, STR("quoin:env")), SPAN_NONE, value_str(a, tag_text(a, session_str(s, env->name)))},
      {session_sym(s, STR("quoin:address")), SPAN_NONE, value_str(a, tag_text(a, session_str(s, address)))},
  };
  return value_map(a, m, sizeof m / sizeof *m);
}

struct str tag_value(struct session *s, const struct value *tags, struct str key) {
  const struct value *v = value_is(tags, V_MAP) ? value_get(s, tags, key) : NULL;
  for (uint32_t i = 0; value_is(tags, V_LIST) && i < tags->n && !v; i++) {
    const struct value *k = value_get(s, tags->items[i], STR("Key"));
    if (value_is(k, V_STR) && str_eq(value_text(k), key)) v = value_get(s, tags->items[i], STR("Value"));
  }
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

static const struct value *text_or_none(struct builder *b, struct str text) {
  return text.n ? value_str(b->a, text) : NULL;
}

/* Adds `key` as a leaf unless the live object has it with that text. */
static bool tag_leaf(struct builder *b, const struct recorded *r, struct str key, struct str text,
                     bool only_if_there, const struct leaf_change **leaves, uint32_t *n) {
  struct str property = def_info(r->def).tag_property;
  if (!property.n || !r->live) return false;
  struct str live = tag_value(b->s, value_get(b->s, r->live, property), key);
  if (str_eq(live, text) || (only_if_there && !live.n)) return false;
  struct str seen = r->r->seen ? tag_value(b->s, value_get(b->s, r->r->seen, property), key) : STR("");
  struct leaf_change *more = arena_grow(b->a, *leaves, *n, (size_t)*n + 1, sizeof *more);
  more[*n] = (struct leaf_change){.path = str_fmt(b->a, "%.*s[\"%.*s\"]", SV(property), SV(key)),
                                  .property = property,
                                  .before = text_or_none(b, live),
                                  .after = value_str(b->a, text),
                                  .recorded = text_or_none(b, seen),
                                  .why = seen.n && !str_eq(seen, live) ? WHY_DRIFT : WHY_SPEC};
  *leaves = more;
  *n += 1;
  return true;
}

bool owner_leaf(struct builder *b, const struct recorded *r, const struct leaf_change **leaves, uint32_t *n) {
  return tag_leaf(b, r, STR("quoin:id"), r->r->uid, false, leaves, n);
}

bool address_leaf(struct builder *b, const struct recorded *r, const struct leaf_change **leaves,
                  uint32_t *n) {
  struct str address = tag_text(b->a, session_str(b->s, r->address));
  return tag_leaf(b, r, STR("quoin:address"), address, true, leaves, n);
}
