/* Whether an object is what was asked for, judged as loosely as services answer. */
#include "def.h"

static struct str no_dot(struct str t) {
  return t.n && t.p[t.n - 1] == '.' ? str_sub(t, 0, t.n - 1) : t;
}

static bool lists_agree(struct denv *e, const struct value *want, const struct value *have, unsigned depth) {
  if (!value_is(have, V_LIST) || have->n != want->n) return false;
  bool *used = ARENA_ARRAY(e->a, have->n ? have->n : 1, bool);
  for (uint32_t i = 0; i < want->n; i++) {
    uint32_t k = 0;
    while (k < have->n && (used[k] || !values_agree(e, want->items[i], have->items[k], depth + 1))) k++;
    if (k == have->n) return false;
    used[k] = true;
  }
  return true;
}

bool values_agree(struct denv *e, const struct value *want, const struct value *have, unsigned depth) {
  struct str a, b;
  if (depth > DEF_MAX_DEPTH) return false;
  if (value_is_null(want)) return true;
  if (!have) return value_is(want, V_LIST) && !want->n;
  if (value_is(want, V_LIST)) return lists_agree(e, want, have, depth);
  if (value_is(want, V_MAP)) {
    for (uint32_t i = 0; i < want->n; i++) {
      if (depth == 0) { /* what is never read back proves nothing */
        snode n = schema_child(e->d->sc, e->d->st.root, session_str(e->s, want->members[i].key));
        if ((n && schema_flags(e->d->sc, n) & SF_WRITE_ONLY) ||
            def_compare(e->d, session_str(e->s, want->members[i].key)).kind == CMP_WRITE_ONLY)
          continue;
      }
      const struct value *x = value_is(have, V_MAP) ? value_member(have, want->members[i].key) : NULL;
      if (!values_agree(e, want->members[i].value, x, depth + 1)) return false;
    }
    return true;
  }
  return value_to_text(e->a, want, &a) && value_to_text(e->a, have, &b) &&
         str_eq_nocase(no_dot(a), no_dot(b));
}

bool prop_agrees(struct denv *e, struct str name) {
  const struct def *d = e->d;
  const struct op_scope *sc = e->sc;
  snode n = schema_child(d->sc, d->st.root, name);
  bool hidden = (n && schema_flags(d->sc, n) & SF_WRITE_ONLY) || def_compare(d, name).kind == CMP_WRITE_ONLY;
  if (hidden || !e->live || str_eq(name, d->info.tag_property)) return false;
  const struct value *want = value_is(sc->new_props, V_MAP) ? value_get(e->s, sc->new_props, name) : NULL;
  const struct value *was = value_is(sc->old_props, V_MAP) ? value_get(e->s, sc->old_props, name) : NULL;
  const struct value *have = value_is(e->live, V_MAP) ? value_get(e->s, e->live, name) : NULL;
  if (value_is_null(have)) have = NULL;
  if (value_is_null(want)) return !have;
  /* What was taken out of a value is not missed by what is left of it: then the old one agrees as well. */
  return values_agree(e, want, have, 1) && (value_is_null(was) || !values_agree(e, was, have, 1));
}
