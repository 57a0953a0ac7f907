/* JSON documents as values: key order and spacing never matter. IAM policies
 * also treat "x" and ["x"] alike and the order of lists as free (AWS stores them
 * so: IAM User Guide, "JSON policy elements"). */
#include "diff.h"

static const struct value *parsed(const struct matcher *m, const struct value *v) {
  if (!value_is(v, V_STR)) return v;
  const struct value *out;
  struct json_error err;
  return json_parse(m->s, m->a, value_text(v), &out, &err) == QN_OK ? out : v;
}

static bool same(const struct matcher *m, const struct value *a, const struct value *b, bool policy,
                 unsigned depth);

static bool same_list(const struct matcher *m, const struct value *a, const struct value *b, bool policy,
                      unsigned depth) {
  if (a->n != b->n) return false;
  bool *used = ARENA_ARRAY(m->a, b->n, bool);
  for (uint32_t i = 0; i < a->n; i++) {
    uint32_t j = policy ? 0 : i, end = policy ? b->n : i + 1;
    while (j < end && (used[j] || !same(m, a->items[i], b->items[j], policy, depth))) j++;
    if (j == end) return false;
    used[j] = true;
  }
  return true;
}

static bool same(const struct matcher *m, const struct value *a, const struct value *b, bool policy,
                 unsigned depth) {
  if (depth > DIFF_DEPTH_MAX || !a || !b) return a == b;
  if (policy && value_is(a, V_LIST) && a->n == 1 && !value_is(b, V_LIST))
    return same(m, a->items[0], b, policy, depth + 1);
  if (policy && value_is(b, V_LIST) && b->n == 1 && !value_is(a, V_LIST))
    return same(m, a, b->items[0], policy, depth + 1);
  if (value_is(a, V_LIST) && value_is(b, V_LIST)) return same_list(m, a, b, policy, depth + 1);
  if (value_is(a, V_MAP) && value_is(b, V_MAP)) {
    if (a->n != b->n) return false;
    for (uint32_t i = 0; i < a->n; i++)
      if (!same(m, a->members[i].value, value_member(b, a->members[i].key), policy, depth + 1)) return false;
    return true;
  }
  struct str ta, tb;
  if (policy && value_to_text(m->a, a, &ta) && value_to_text(m->a, b, &tb)) return str_eq(ta, tb);
  return value_eq(m->s, a, b);
}

bool json_same(const struct matcher *m, const struct value *a, const struct value *b, bool policy) {
  return same(m, parsed(m, a), parsed(m, b), policy, 0);
}
