/* What a user declares of a type against what its definition carries. */
#include "def.h"

struct declared {
  struct session *s;
  const struct def *d;
  struct span where;
  bool failed;
};

static void refuse(struct declared *c, const struct member *m, struct str path, struct str reason) {
  struct span at = m->key_span.file ? m->key_span : vmeta_get(c->s, m->value->meta).span;
  struct diag *g = diag_add(&c->s->diags, QN0930, at.file ? at : c->where, "%.*s of %.*s is not supported",
                            SV(path), SV(c->d->type));
  diag_help(&c->s->diags, g, "%.*s", SV(reason));
  c->failed = true;
}

static void look(struct declared *c, const struct value *v, struct str path, unsigned depth) {
  if (depth > DEF_MAX_DEPTH) return;
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) look(c, v->items[i], path, depth + 1);
  for (uint32_t i = 0; value_is(v, V_MAP) && i < v->n; i++) {
    const struct member *m = &v->members[i];
    if (value_is_null(m->value)) continue;
    struct str name = session_str(c->s, m->key);
    struct str p = path.n ? str_fmt(&c->s->arena, "%.*s.%.*s", SV(path), SV(name)) : name,
               reason = def_unsupported(c->d, p);
    if (reason.n)
      refuse(c, m, p, reason);
    else
      look(c, m->value, p, depth + 1);
  }
}

enum qn_err def_check_declared(struct session *s, const struct def *d, const struct value *props,
                               struct span where) {
  struct declared c = {.s = s, .d = d, .where = where};
  if (d->n_unsupported) look(&c, props, STR(""), 0);
  return c.failed ? QN_E_INVALID : QN_OK;
}
