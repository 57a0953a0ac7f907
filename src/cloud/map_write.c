/* Properties into requests. A property goes to the member of the same name, ignoring case,
 * unless the definition's map says otherwise; below it the same holds again. */
#include "def.h"

const struct mapping *mapping_kid(const struct mapping *m, sym name) {
  for (uint32_t i = 0; m && i < m->n_kids; i++)
    if (m->kids[i]->name == name) return m->kids[i];
  return NULL;
}

const struct mapping *mapping_group(const struct mapping *m, sym name) {
  for (uint32_t k = 0; m && k < m->n_kids; k++)
    for (uint32_t i = 0; i < m->kids[k]->n_group; i++)
      if (m->kids[k]->group[i] == name) return m->kids[k];
  return NULL;
}

bool mapping_implied(struct session *s, const struct wire *w, sym name, uint32_t shape, struct seg *own,
                     struct mpath *out) {
  struct wire_member wm;
  if (!shape || wire_kind(w, shape) != WK_STRUCTURE ||
      !wire_member(w, shape, session_str(s, name), true, &wm))
    return false;
  *own = (struct seg){.name = wm.name, .kind = SEG_PLAIN};
  *out = (struct mpath){.text = wm.name, .v = own, .n = 1};
  return true;
}

/* The path a property has below its parent's member. False: nowhere. `own` is room for an implied path. */
static bool target_path(struct session *s, const struct wire *w, const struct mapping *m, sym name,
                        uint32_t shape, struct seg *own, struct mpath *out) {
  if (m && m->no_write) return false;
  if (m && m->has_at) {
    *out = m->at;
    return true;
  }
  return mapping_implied(s, w, name, shape, own, out);
}

bool map_target(const struct def *d, sym name, uint32_t shape, uint32_t *target) {
  struct seg own;
  struct mpath p;
  if (!shape || !target_path(d->s, d->w, mapping_kid(d->map, name), name, shape, &own, &p)) return false;
  uint32_t t = mpath_shape(d->w, shape, &p);
  if (target) *target = t;
  return t != 0;
}

static enum qn_err write_value(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                               const struct value *v, unsigned depth, const struct value **out);

static enum qn_err fail(struct mapio *io, const char *what, struct str name) {
  io->why = str_fmt(io->e->a, "%s %.*s", what, SV(name));
  return QN_E_INVALID;
}

/* A list whose target path has `[]` inside: each element is wrapped in what stands behind it. */
static enum qn_err put_list(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                            const struct value **obj, const struct mpath *p, uint32_t all,
                            const struct value *v, unsigned depth) {
  struct mpath head = *p, tail = {.v = p->v + all + 1, .n = p->n - all - 1};
  struct seg *hv = ARENA_ARRAY(io->e->a, all + 1, struct seg);
  memcpy(hv, p->v, (all + 1) * sizeof *hv);
  hv[all].kind = SEG_PLAIN;
  head.v = hv, head.n = all + 1;
  uint32_t el = wire_element(io->e->d->w, mpath_shape(io->e->d->w, shape, &head)),
           inner = mpath_shape(io->e->d->w, el, &tail);
  if (!value_is(v, V_LIST)) return fail(io, "a list is wanted for", p->text);
  const struct value **out = ARENA_ARRAY(io->e->a, v->n ? v->n : 1, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *x;
    enum qn_err err = write_value(io, m, schema_items(io->e->d->sc, n), inner, v->items[i], depth + 1, &x);
    if (err) return err;
    out[i] = mpath_set(io->e->s, io->e->a, NULL, &tail, x);
  }
  *obj = mpath_set(io->e->s, io->e->a, *obj, &head, value_list(io->e->a, out, v->n));
  return QN_OK;
}

/* Puts property (m, name, n) with value v below *obj, which is of `shape`. */
static enum qn_err put_property(struct mapio *io, const struct mapping *m, sym name, snode n, uint32_t shape,
                                const struct value **obj, const struct value *v, unsigned depth) {
  struct denv *e = io->e;
  struct seg own;
  struct mpath p;
  if (value_is_null(v)) return QN_OK;
  if (!target_path(e->s, e->d->w, m, name, shape, &own, &p))
    return QN_OK; /* def_check saw that it is carried elsewhere */
  const struct value **to = p.absolute ? &io->root : obj;
  uint32_t base = p.absolute ? io->root_shape : shape;
  for (uint32_t i = 0; i + 1 < p.n; i++)
    if (p.v[i].kind == SEG_ALL) return put_list(io, m, n, base, to, &p, i, v, depth);
  uint32_t t = mpath_shape(e->d->w, base, &p);
  if (!t) return fail(io, "no member", p.text);
  const struct value *x;
  enum qn_err err = write_value(io, m, n, t, v, depth + 1, &x);
  if (err || value_is_null(x)) return err;
  *to = mpath_set(e->s, e->a, *to, &p, x);
  return QN_OK;
}

static enum qn_err put_groups(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                              const struct value **obj, const struct value *props, unsigned depth) {
  for (uint32_t k = 0; m && k < m->n_kids; k++) {
    const struct mapping *g = m->kids[k];
    if (!g->n_group) continue;
    const struct value *in = value_map(io->e->a, NULL, 0);
    for (uint32_t i = 0; i < g->n_group; i++) {
      const struct value *x = value_member(props, g->group[i]);
      if (!value_is_null(x)) in = value_put(io->e->a, in, g->group[i], x);
    }
    if (!in->n && !g->codec.codec->always) continue;
    enum qn_err err = put_property(io, g, g->name, n, shape, obj, in, depth);
    if (err) return err;
  }
  return QN_OK;
}

static enum qn_err write_object(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                                const struct value *v, unsigned depth, const struct value **out) {
  const struct schema *sc = io->e->d->sc;
  *out = value_map(io->e->a, NULL, 0);
  for (uint32_t i = 0; i < v->n; i++) {
    sym name = v->members[i].key;
    if (mapping_group(m, name)) continue;
    snode kid = schema_child(sc, n, session_str(io->e->s, name));
    enum qn_err err =
        put_property(io, mapping_kid(m, name), name, kid, shape, out, v->members[i].value, depth + 1);
    if (err) return err;
  }
  return put_groups(io, m, n, shape, out, v, depth);
}

static enum qn_err write_list(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                              const struct value *v, unsigned depth, const struct value **out) {
  uint32_t el = wire_element(io->e->d->w, shape);
  snode items = schema_items(io->e->d->sc, n);
  const struct value **x = ARENA_ARRAY(io->e->a, v->n ? v->n : 1, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) {
    enum qn_err err = write_value(io, m, items, el, v->items[i], depth + 1, &x[i]);
    if (err) return err;
  }
  *out = value_list(io->e->a, x, v->n);
  return QN_OK;
}

static enum qn_err write_value(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                               const struct value *v, unsigned depth, const struct value **out) {
  struct denv *e = io->e;
  if (depth > DEF_MAX_DEPTH) return QN_E_LIMIT;
  if (m && (m->write || m->codec.codec)) {
    if (m->codec.codec) v = codec_write(e, &m->codec, v);
    if (m->write) {
      struct denv in = *e;
      in.it = v;
      enum qn_err err = denv_eval(&in, m->write, &v);
      if (err) return err;
    }
    *out = v ? coerce_wire(e->s, e->a, e->d->w, shape, v, 0) : NULL;
    return QN_OK;
  }
  snode kids = n && schema_kind(e->d->sc, n) != SK_ANY ? n : 0;
  enum wkind k = shape ? wire_kind(e->d->w, shape) : WK_STRING;
  if (kids && k == WK_STRUCTURE && value_is(v, V_MAP)) return write_object(io, m, n, shape, v, depth, out);
  if (kids && k == WK_LIST && value_is(v, V_LIST)) return write_list(io, m, n, shape, v, depth, out);
  *out = coerce_wire(e->s, e->a, e->d->w, shape, v, 0);
  return QN_OK;
}

enum qn_err map_write(struct mapio *io, sym name, const struct value *v) {
  const struct def *d = io->e->d;
  snode n = schema_child(d->sc, d->st.root, session_str(d->s, name));
  if (!io->root) io->root = value_map(io->e->a, NULL, 0);
  return put_property(io, mapping_kid(d->map, name), name, n, io->root_shape, &io->root, v, 0);
}
