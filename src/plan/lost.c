/* Calls without outcome: what they may have brought about is managed as what was applied is, so that it is
 * taken away again if the spec does not want it any more. */
#include "diff.h"

static const struct value *either(const struct matcher *m, const struct place *at, const struct value *was,
                                  const struct value *now, unsigned depth);

static const struct value *either_map(const struct matcher *m, const struct place *at,
                                      const struct value *was, const struct value *now, unsigned depth) {
  const struct value *out = was;
  for (uint32_t i = 0; i < now->n; i++) {
    struct place member = {.up = at, .kind = PL_MEMBER, .name = session_str(m->s, now->members[i].key)};
    const struct value *v =
        either(m, &member, value_member(was, now->members[i].key), now->members[i].value, depth + 1);
    out = value_put(m->a, out, now->members[i].key, v);
  }
  return out;
}

/* The element of a list that stands for element i of the other: by key, or by its place. */
static const struct value *partner(const struct matcher *m, struct compare_rule rule,
                                   const struct value *list, const struct value *item, uint32_t i) {
  if (rule.kind != CMP_KEYED && rule.kind != CMP_SET) return i < list->n ? list->items[i] : NULL;
  const struct value *key = rule.kind == CMP_KEYED ? value_get(m->s, item, rule.key) : item;
  for (uint32_t k = 0; key && k < list->n; k++) {
    const struct value *other =
        rule.kind == CMP_KEYED ? value_get(m->s, list->items[k], rule.key) : list->items[k];
    if (other && value_eq(m->s, key, other)) return list->items[k];
  }
  return NULL;
}

/* All elements of now, then those that only `was` has. */
static const struct value *either_list(const struct matcher *m, const struct place *at,
                                       const struct value *was, const struct value *now, unsigned depth) {
  struct compare_rule rule = match_rule(m, at);
  struct place element = {.up = at, .kind = PL_ANY};
  VEC(const struct value *) items = {0};
  for (uint32_t i = 0; i < now->n; i++) {
    const struct value *old = partner(m, rule, was, now->items[i], i);
    VEC_PUSH(m->a, &items, either(m, &element, old, now->items[i], depth + 1));
  }
  for (uint32_t i = 0; i < was->n; i++)
    if (!partner(m, rule, now, was->items[i], i)) VEC_PUSH(m->a, &items, was->items[i]);
  return value_list(m->a, items.v, items.n);
}

static const struct value *either(const struct matcher *m, const struct place *at, const struct value *was,
                                  const struct value *now, unsigned depth) {
  if (value_is_null(was)) return now;
  if (value_is_null(now)) return was;
  if (depth > DIFF_DEPTH_MAX) return now;
  struct compare_rule rule = at ? match_rule(m, at) : (struct compare_rule){0};
  if (rule.kind == CMP_JSON || rule.kind == CMP_POLICY || rule.kind == CMP_WRITE_ONLY) return now;
  if (value_is(was, V_MAP) && value_is(now, V_MAP)) return either_map(m, at, was, now, depth);
  if (value_is(was, V_LIST) && value_is(now, V_LIST)) return either_list(m, at, was, now, depth);
  return now;
}

/* A map that holds v at the path, and nothing else. */
static const struct value *only(struct session *s, struct arena *a, struct str path, const struct value *v) {
  struct str head, rest = str_cut(path, '.', &head);
  if (rest.n) v = only(s, a, rest, v);
  return value_put(a, value_map(a, NULL, 0), session_sym(s, head), v);
}

static void take_path(const struct matcher *m, struct str path, struct sres *r) {
  struct str top;
  const struct value *v = r->wanted ? value_at(m->s, r->wanted, path) : NULL;
  str_cut(path, '.', &top);
  if (!value_is_null(v)) {
    const struct value *was = r->applied ? r->applied : value_map(m->a, NULL, 0);
    r->applied = either(m, NULL, was, only(m->s, m->a, path, v), 0);
  }
  if (value_is(r->seen, V_MAP)) r->seen = value_put(m->a, r->seen, session_sym(m->s, top), NULL);
  for (size_t i = 0; i < r->unconfirmed.n; i++)
    if (str_eq(r->unconfirmed.v[i], path)) return;
  VEC_PUSH(m->a, &r->unconfirmed, path);
}

struct sres plan_with_lost(struct session *s, const struct def *d, const struct sres *r) {
  struct matcher m = {s, &s->arena, d};
  struct sres out = *r;
  out.unconfirmed.v = NULL;
  out.unconfirmed.n = out.unconfirmed.cap = 0;
  for (size_t i = 0; i < r->unconfirmed.n; i++) VEC_PUSH(m.a, &out.unconfirmed, r->unconfirmed.v[i]);
  for (size_t i = 0; d && i < r->open.n; i++)
    for (uint32_t k = 0; r->open.v[i].kind != 'd' && k < r->open.v[i].n_paths; k++) {
      struct str path;
      str_cut(r->open.v[i].paths[k], '[', &path);
      take_path(&m, path, &out);
    }
  return out;
}
