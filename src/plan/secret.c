/* What stands in the cloud where the spec has a secret must not be printed or written into a plan. */
#include "diff.h"

enum { DEPTH = 256 };

static const struct value *strip(struct arena *a, const struct value *v, const struct value *like,
                                 uint8_t flags, unsigned depth) {
  if (!like || !(like->flags & flags)) return v;
  if (depth > DEPTH || like->flags & VF_SECRET || like->kind == V_UNKNOWN || v->kind != like->kind)
    return NULL;
  if (v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(a, v->n, struct member);
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->n; i++) {
      m[n] = v->members[i];
      m[n].value = strip(a, m[n].value, value_member(like, m[n].key), flags, depth + 1);
      if (m[n].value) n++;
    }
    return value_map(a, m, n);
  }
  if (v->kind != V_LIST || v->n != like->n) return NULL; /* no telling which element is the secret one */
  const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
  for (uint32_t i = 0; i < v->n; i++)
    if (!(items[i] = strip(a, v->items[i], like->items[i], flags, depth + 1))) return NULL;
  return value_list(a, items, v->n);
}

const struct value *plan_without_secrets(struct arena *a, const struct value *live, const struct value *like,
                                         bool unknowns) {
  uint8_t flags = VF_SECRET | VF_HAS_SECRET;
  if (unknowns) flags |= VF_HAS_UNKNOWN;
  return live ? strip(a, live, like, flags, 0) : NULL;
}

bool plan_secret(const struct value *v) {
  return v && (v->flags & (VF_SECRET | VF_HAS_SECRET));
}

const struct value *plan_mask(struct session *s, struct arena *a, const struct value *v) {
  if (!v) return NULL;
  struct unknown *u = ARENA_NEW(a, struct unknown);
  *u = (struct unknown){
      .ukind = U_SECRET, .vkind = V_STR, .sensitive = true, .path = STR("found in the cloud")};
  return value_of_unknown(s, a, u, 0);
}
