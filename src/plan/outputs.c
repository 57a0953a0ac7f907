/* Outputs that will be others than those recorded. */
#include "quoin/plan.h"

/* Secret outputs are not recorded: that they change is told when none are recorded yet. */
static bool output_stays(const struct plan *p, const struct output *o, const struct value *before) {
  if (o->secret) return p->old_outputs != NULL;
  if (!before) return value_is_null(o->value);
  return value_eq(p->s, before, o->value);
}

static bool output_wanted(const struct plan *p, sym name) {
  for (uint32_t i = 0; i < p->n_outputs; i++)
    if (p->outputs[i].name == name) return true;
  return false;
}

uint32_t plan_output_changes(const struct plan *p, struct arena *a, const struct output_change **out) {
  const struct value *had = value_is(p->old_outputs, V_MAP) ? p->old_outputs : NULL;
  struct output_change *list =
      ARENA_ARRAY(a, (size_t)p->n_outputs + (had ? had->n : 0), struct output_change);
  uint32_t n = 0;
  *out = list;
  for (uint32_t i = 0; i < p->n_outputs; i++) {
    const struct output *o = &p->outputs[i];
    const struct value *before = had ? value_member(had, o->name) : NULL;
    if (!output_stays(p, o, before)) list[n++] = (struct output_change){o->name, before, o->value, o->secret};
  }
  for (uint32_t i = 0; had && !p->destroy && i < had->n; i++)
    if (!output_wanted(p, had->members[i].key))
      list[n++] = (struct output_change){had->members[i].key, had->members[i].value, NULL, false};
  return n;
}
