/* Replies into properties: the inverse of map_write.c, typed by the schema. */
#include "def.h"

/* Where a property is found below an object of `shape`. */
static bool source_path(struct session *s, const struct wire *w, const struct mapping *m, sym name,
                        uint32_t shape, struct seg *own, struct mpath *out) {
  if (m && m->no_read) return false;
  if (m && (m->has_from || (m->has_at && !m->no_write))) {
    *out = m->has_from ? m->from : m->at;
    return true;
  }
  return mapping_implied(s, w, name, shape, own, out);
}

bool map_readable(const struct def *d, sym name, uint32_t shape) {
  struct seg own;
  struct mpath p;
  if (!source_path(d->s, d->w, mapping_kid(d->map, name), name, shape, &own, &p)) return false;
  return p.absolute || mpath_shape(d->w, shape, &p) != 0;
}

static enum qn_err read_value(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                              const struct value *v, unsigned depth, const struct value **out);

/* Property (name, n) out of object v of `shape`; *out NULL if absent. */
static enum qn_err get_property(struct mapio *io, const struct mapping *m, sym name, snode n, uint32_t shape,
                                const struct value *v, unsigned depth, const struct value **out) {
  struct denv *e = io->e;
  struct seg own;
  struct mpath p;
  *out = NULL;
  if (!source_path(e->s, e->d->w, m, name, shape, &own, &p)) return QN_OK;
  const struct value *base = p.absolute ? io->root : v;
  uint32_t t = mpath_shape(e->d->w, p.absolute ? io->root_shape : shape, &p);
  if (!t) return QN_OK;
  const struct value *x = mpath_get(e->s, e->a, &p, base);
  bool gathers = false; /* A[].B gathers scalars: the shape is that of an element */
  for (uint32_t i = 0; i + 1 < p.n; i++) gathers |= p.v[i].kind == SEG_ALL || p.v[i].kind == SEG_WHERE;
  if (value_is_null(x) && !(m && m->read)) return QN_OK;
  if (!gathers || (m && (m->read || m->codec.codec))) return read_value(io, m, n, t, x, depth + 1, out);
  const struct value **items = ARENA_ARRAY(e->a, x->n ? x->n : 1, const struct value *);
  for (uint32_t i = 0; i < x->n; i++) {
    enum qn_err err = read_value(io, m, schema_items(e->d->sc, n), t, x->items[i], depth + 1, &items[i]);
    if (err) return err;
  }
  *out = value_list(e->a, items, x->n);
  return QN_OK;
}

/* The properties of a group come out of one member: the codec gives them as a map. */
static enum qn_err get_group(struct mapio *io, const struct mapping *g, sym name, snode n, uint32_t shape,
                             const struct value *v, unsigned depth, const struct value **out) {
  const struct value *all;
  enum qn_err err = get_property(io, g, g->name, 0, shape, v, depth, &all);
  *out = value_is(all, V_MAP) ? value_member(all, name) : NULL;
  if (*out) *out = coerce_schema(io->e->s, io->e->a, io->e->d->sc, n, *out, 0);
  return err;
}

static enum qn_err read_object(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                               const struct value *v, unsigned depth, const struct value **out) {
  struct denv *e = io->e;
  snode *kids;
  size_t n_kids = schema_children(e->d->sc, n, e->a, &kids);
  if (!n_kids) { /* an open object: taken as it comes */
    *out = v;
    return QN_OK;
  }
  struct member *mem = ARENA_ARRAY(e->a, n_kids ? n_kids : 1, struct member);
  uint32_t got = 0;
  for (size_t i = 0; i < n_kids; i++) {
    sym name = session_sym(e->s, schema_name(e->d->sc, kids[i]));
    const struct mapping *g = mapping_group(m, name);
    const struct value *x;
    enum qn_err err = g ? get_group(io, g, name, kids[i], shape, v, depth + 1, &x)
                        : get_property(io, mapping_kid(m, name), name, kids[i], shape, v, depth + 1, &x);
    if (err) return err;
    if (!value_is_null(x)) mem[got++] = (struct member){.key = name, .value = x};
  }
  *out = value_map(e->a, mem, got);
  return QN_OK;
}

static enum qn_err read_value(struct mapio *io, const struct mapping *m, snode n, uint32_t shape,
                              const struct value *v, unsigned depth, const struct value **out) {
  struct denv *e = io->e;
  if (depth > DEF_MAX_DEPTH) return QN_E_LIMIT;
  if (m && (m->read || m->codec.codec)) {
    if (m->codec.codec && v) v = m->codec.codec->read(e, &m->codec, v);
    if (m->read) {
      struct denv in = *e;
      in.it = v;
      enum qn_err err = denv_eval(&in, m->read, &v);
      if (err) return err;
    }
    *out = value_is_null(v) ? NULL : coerce_schema(e->s, e->a, e->d->sc, n, v, 0);
    return QN_OK;
  }
  enum skind sk = n ? schema_kind(e->d->sc, n) : SK_ANY;
  enum wkind k = shape ? wire_kind(e->d->w, shape) : WK_STRING;
  if (sk == SK_OBJECT && k == WK_STRUCTURE && value_is(v, V_MAP))
    return read_object(io, m, n, shape, v, depth, out);
  if (sk == SK_ARRAY && k == WK_LIST && value_is(v, V_LIST)) {
    const struct value **x = ARENA_ARRAY(e->a, v->n ? v->n : 1, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) {
      enum qn_err err = read_value(io, m, schema_items(e->d->sc, n), wire_element(e->d->w, shape),
                                   v->items[i], depth + 1, &x[i]);
      if (err) return err;
    }
    *out = value_list(e->a, x, v->n);
    return QN_OK;
  }
  *out = coerce_schema(e->s, e->a, e->d->sc, n, v, 0);
  return QN_OK;
}

enum qn_err map_read(struct mapio *io, sym name, uint32_t shape, const struct value *item,
                     const struct value **out, bool *here) {
  const struct def *d = io->e->d;
  snode n = schema_child(d->sc, d->st.root, session_str(d->s, name));
  *here = map_readable(d, name, shape);
  *out = NULL;
  if (!*here) return QN_OK;
  return get_property(io, mapping_kid(d->map, name), name, n, shape, item, 0, out);
}

enum qn_err map_read_value(struct mapio *io, sym name, uint32_t shape, const struct value *v,
                           const struct value **out) {
  const struct def *d = io->e->d;
  snode n = schema_child(d->sc, d->st.root, session_str(d->s, name));
  *out = NULL;
  if (!shape || value_is_null(v)) return QN_OK;
  return read_value(io, mapping_kid(d->map, name), n, shape, v, 0, out);
}
