/* Build-time check below top-level properties: every nested settable property has a member in the call that
 * carries it, so that nothing a user declares is dropped in silence. */
#include "def.h"

struct deep {
  const struct def *d;
  bool failed;
};

static void walk(struct deep *c, const struct mapping *m, snode n, uint32_t shape, struct str path,
                 unsigned depth);

/* The shape a nested property is written to; 0 after complaining that there is none. */
static uint32_t target(struct deep *c, const struct mapping *m, sym name, uint32_t shape, struct str path) {
  const struct def *d = c->d;
  struct wire_member wm;
  uint32_t t = 0;
  if (m && m->has_at)
    t = m->at.absolute ? UINT32_MAX : mpath_shape(d->w, shape, &m->at);
  else if (wire_member(d->w, shape, session_str(d->s, name), true, &wm))
    t = wm.shape;
  if (t) return t;
  diag_add(&d->s->diags, QN0925, m ? m->span : d->span,
           "property \"%.*s\" has no member in the call that carries it and is not listed under unsupported",
           SV(path));
  c->failed = true;
  return 0;
}

static void walk_object(struct deep *c, const struct mapping *m, snode n, uint32_t shape, struct str path,
                        unsigned depth) {
  const struct def *d = c->d;
  struct arena *a = &d->s->arena;
  snode *kids;
  size_t count = schema_children(d->sc, n, a, &kids);
  for (size_t i = 0; i < count; i++) {
    struct str name = schema_name(d->sc, kids[i]);
    sym s = session_sym(d->s, name);
    struct str p = str_fmt(a, "%.*s.%.*s", SV(path), SV(name));
    const struct mapping *k = mapping_kid(m, s);
    if ((schema_flags(d->sc, kids[i]) & SF_READ_ONLY) || def_unsupported(d, p).n || mapping_group(m, s))
      continue;
    if (k && k->no_write) continue;
    uint32_t t = target(c, k, s, shape, p);
    if (t && t != UINT32_MAX) walk(c, k, kids[i], t, p, depth + 1);
  }
}

static void walk(struct deep *c, const struct mapping *m, snode n, uint32_t shape, struct str path,
                 unsigned depth) {
  const struct def *d = c->d;
  if (depth > 16 || (m && (m->write || m->codec.codec))) return;
  enum skind sk = schema_kind(d->sc, n);
  enum wkind wk = wire_kind(d->w, shape);
  if (sk == SK_ARRAY && wk == WK_LIST)
    walk(c, m, schema_items(d->sc, n), wire_element(d->w, shape), path, depth + 1);
  else if (sk == SK_OBJECT && wk == WK_STRUCTURE)
    walk_object(c, m, n, shape, path, depth);
}

static uint32_t carrier_shape(const struct def *d, sym name) {
  uint32_t t;
  for (uint32_t i = 0; i < d->n_create; i++)
    if (d->create[i].op && map_target(d, name, step_shape(d, &d->create[i]), &t)) return t;
  for (const struct rule *r = def_rule_for(d, session_str(d->s, name), NULL); r;
       r = def_rule_for(d, session_str(d->s, name), r))
    for (uint32_t i = 0; i < r->n_steps; i++)
      if (r->steps[i].op && map_target(d, name, step_shape(d, &r->steps[i]), &t)) return t;
  return 0;
}

bool def_check_deep(const struct def *d) {
  struct deep c = {.d = d};
  snode *kids;
  size_t n = schema_children(d->sc, d->st.root, &d->s->arena, &kids);
  for (size_t i = 0; i < n; i++) {
    struct str name = schema_name(d->sc, kids[i]);
    sym s = session_sym(d->s, name);
    const struct mapping *m = mapping_kid(d->map, s);
    if ((schema_flags(d->sc, kids[i]) & SF_READ_ONLY) || def_unsupported(d, name).n || (m && m->no_write))
      continue;
    uint32_t shape = carrier_shape(d, s);
    if (shape) walk(&c, m, kids[i], shape, name, 0);
  }
  return !c.failed;
}
