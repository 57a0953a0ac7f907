/* Members taken out of the spec below a place that is compared as a whole, as an element of a set is. There
 * is no leaf of its own for them, so what is wanted says of them that they shall not be there. */
#include "diff.h"

static const struct value *without(const struct matcher *m, const struct place *at,
                                   const struct value *wanted, const struct value *applied, unsigned depth);

static const struct value *map_without(const struct matcher *m, const struct place *at,
                                       const struct value *wanted, const struct value *applied,
                                       unsigned depth) {
  const struct value *out = wanted;
  for (uint32_t i = 0; i < applied->n; i++) {
    sym key = applied->members[i].key;
    const struct value *was = applied->members[i].value, *now = value_member(wanted, key);
    struct place member = {.up = at, .kind = PL_MEMBER, .name = session_str(m->s, key)};
    const struct value *shall = value_is_null(now) ? value_null() : without(m, &member, now, was, depth + 1);
    if (!value_is_null(was) && shall != now) out = value_put(m->a, out, key, shall);
  }
  return out;
}

/* The element of `applied` that element i of `wanted` has become; NULL: it is new. */
static const struct value *was_element(const struct matcher *m, struct compare_rule rule,
                                       const struct value *wanted, uint32_t i, const struct value *applied,
                                       const uint32_t *pairs) {
  if (rule.kind == CMP_SET) return pairs[i] == UINT32_MAX ? NULL : applied->items[pairs[i]];
  if (rule.kind != CMP_KEYED) return wanted->n == applied->n ? applied->items[i] : NULL;
  const struct value *key = value_get(m->s, wanted->items[i], rule.key);
  for (uint32_t k = 0; k < applied->n; k++)
    if (key && value_eq(m->s, key, value_get(m->s, applied->items[k], rule.key))) return applied->items[k];
  return NULL;
}

enum { LEFT_MAX = 400 /* elements without partner that are compared with all */ };

/* Elements that were applied and became none of the wanted ones may be earlier forms of one: of an
 * interrupted call both forms are kept, and only one of them is live. */
static void earlier_forms(const struct matcher *m, const struct place *element, const struct value *applied,
                          const bool *used, const struct value **items, uint32_t n, unsigned depth) {
  uint32_t left = 0;
  for (uint32_t k = 0; k < applied->n; k++) left += !used[k];
  if (left > LEFT_MAX || n > LEFT_MAX) return;
  for (uint32_t k = 0; k < applied->n; k++)
    for (uint32_t i = 0; !used[k] && i < n; i++)
      if (match_value(m, element, items[i], applied->items[k]))
        items[i] = without(m, element, items[i], applied->items[k], depth + 1);
}

static const struct value *list_without(const struct matcher *m, const struct place *at,
                                        struct compare_rule rule, const struct value *wanted,
                                        const struct value *applied, unsigned depth) {
  struct place element = {.up = at, .kind = PL_ANY};
  uint32_t *pairs = ARENA_ARRAY(m->a, wanted->n, uint32_t);
  const struct value **items = ARENA_ARRAY(m->a, wanted->n, const struct value *);
  bool other = false, *used = ARENA_ARRAY(m->a, applied->n, bool);
  if (rule.kind == CMP_SET) (void)match_set(m, at, wanted, applied, pairs, used);
  for (uint32_t i = 0; i < wanted->n; i++) {
    const struct value *was = was_element(m, rule, wanted, i, applied, pairs);
    items[i] = without(m, &element, wanted->items[i], was, depth + 1);
  }
  if (rule.kind == CMP_SET) earlier_forms(m, &element, applied, used, items, wanted->n, depth);
  for (uint32_t i = 0; i < wanted->n; i++) other |= items[i] != wanted->items[i];
  return other ? value_list(m->a, items, wanted->n) : wanted;
}

static const struct value *without(const struct matcher *m, const struct place *at,
                                   const struct value *wanted, const struct value *applied, unsigned depth) {
  if (!wanted || !applied || depth > DIFF_DEPTH_MAX || wanted == applied) return wanted;
  struct compare_rule rule = match_rule(m, at);
  if (rule.kind == CMP_JSON || rule.kind == CMP_POLICY) return wanted;
  if (value_is(wanted, V_MAP) && value_is(applied, V_MAP)) return map_without(m, at, wanted, applied, depth);
  if (value_is(wanted, V_LIST) && value_is(applied, V_LIST))
    return list_without(m, at, rule, wanted, applied, depth);
  return wanted;
}

const struct value *match_without_removed(const struct matcher *m, const struct place *at,
                                          const struct value *wanted, const struct value *applied) {
  return without(m, at, wanted, applied, 0);
}
