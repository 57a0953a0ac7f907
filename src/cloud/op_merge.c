/* Several steps in one call. */
#include "op.h"

bool op_merge(struct session *s, struct arena *a, const struct op_step *const *steps, uint32_t n,
              struct call *out) {
  struct mpath p;
  if (!n || !steps[0]->coalesce_key.n || mpath_parse(s, steps[0]->coalesce_into, SPAN_NONE, &p)) return false;
  VEC(const struct value *) all = {0};
  for (uint32_t i = 0; i < n; i++) {
    const struct op_step *st = steps[i];
    if (st->call.op != steps[0]->call.op || st->call.region != steps[0]->call.region) return false;
    if (!str_eq(st->coalesce_key, steps[0]->coalesce_key)) return false;
    const struct value *l = mpath_get(s, a, &p, st->call.input);
    for (uint32_t k = 0; value_is(l, V_LIST) && k < l->n; k++) VEC_PUSH(a, &all, l->items[k]);
  }
  if (all.n > steps[0]->coalesce_max) return false;
  *out = steps[0]->call;
  out->input = mpath_set(s, a, out->input, &p, value_list(a, all.v, all.n));
  return true;
}
