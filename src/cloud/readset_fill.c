/* What replies of reads mean: which resource an item is, its properties, what is still to be read. */
#include "readset.h"

/* Top-level properties that an item of this shape holds, found once per definition and shape. */
static const struct shape_props *props_of(struct readset *rs, const struct def *d, uint32_t shape) {
  for (size_t i = 0; i < rs->cache.n; i++)
    if (rs->cache.v[i].d == d && rs->cache.v[i].shape == shape) return &rs->cache.v[i];
  snode *kids;
  size_t n = schema_children(d->sc, d->st.root, rs->a, &kids);
  struct shape_props sp = {.d = d, .shape = shape, .names = ARENA_ARRAY(rs->a, n ? n : 1, sym)};
  for (size_t i = 0; i < n; i++) {
    sym name = session_sym(rs->s, schema_name(d->sc, kids[i]));
    bool read_elsewhere = false;
    for (uint32_t k = 0; k < d->n_per + d->n_more; k++) {
      const struct readsrc *src = k < d->n_per ? &d->per[k] : &d->more[k - d->n_per];
      read_elsewhere |= str_in(src->for_props, src->n_for, session_str(rs->s, name));
    }
    if (!read_elsewhere && map_readable(d, name, shape)) sp.names[sp.n++] = name;
  }
  VEC_PUSH(rs->a, &rs->cache, sp);
  return &rs->cache.v[rs->cache.n - 1];
}

static void put(struct readset *rs, struct ritem *it, sym name, const struct value *v) {
  if (!it->live) it->live = value_map(rs->a, NULL, 0);
  if (!value_is_null(v)) it->live = value_put(rs->a, it->live, name, v);
}

/* Identity members that are properties, and attributes that follow from the identity. */
static void put_known(struct readset *rs, struct ritem *it) {
  const struct def *d = it->in.def;
  const struct value *id = it->in.identity;
  for (uint32_t i = 0; value_is(id, V_MAP) && i < id->n; i++) {
    struct str name = session_str(rs->s, id->members[i].key);
    snode n = schema_child(d->sc, d->st.root, name);
    if (n && !(it->live && value_member(it->live, id->members[i].key)))
      put(rs, it, id->members[i].key, coerce_schema(rs->s, rs->a, d->sc, n, id->members[i].value, 0));
  }
  struct denv e = readset_env(rs, it);
  for (uint32_t i = 0; i < d->n_attrs; i++) {
    const struct value *v;
    if (!denv_tmpl(&e, d->attrs[i].value, &v)) put(rs, it, session_sym(rs->s, d->attrs[i].name), v);
  }
}

static void read_item(struct readset *rs, struct ritem *it) {
  const struct def *d = it->in.def;
  const struct shape_props *sp = props_of(rs, d, it->shape);
  struct denv e = readset_env(rs, it);
  struct mapio io = {.e = &e, .root_shape = it->root_shape, .root = it->root};
  for (uint32_t i = 0; i < sp->n; i++) {
    const struct value *v;
    bool here;
    if (map_read(&io, sp->names[i], it->shape, it->raw, &v, &here)) {
      item_fail(it, STR("DefinitionError"),
                str_fmt(rs->a, "%.*s cannot be read from the reply", SV(session_str(rs->s, sp->names[i]))));
      return;
    }
    snode n = schema_child(d->sc, d->st.root, session_str(rs->s, sp->names[i]));
    if (!v && schema_kind(d->sc, n) == SK_ARRAY)
      v = value_list(rs->a, NULL, 0); /* EC2 leaves empty lists out */
    put(rs, it, sp->names[i], v);
  }
  put_known(rs, it);
}

/* ---- batch --------------------------------------------------------------------------------- */
/* The element of the item that is this resource, for definitions with `select`. */
static const struct value *select_element(struct readset *rs, struct ritem *it, const struct value *item) {
  const struct readsrc *b = &it->in.def->batch;
  const struct value *list = mpath_get(rs->s, rs->a, &b->within, item);
  struct denv e = readset_env(rs, it);
  e.outer = item, e.item = item;
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++) {
    bool hit;
    e.it = list->items[i];
    if (!denv_true(&e, b->where, true, &hit) && hit) return list->items[i];
  }
  return NULL;
}

static void take_item(struct readset *rs, uint32_t at, const struct value *item, uint32_t shape,
                      const struct value *reply, uint32_t root_shape) {
  struct ritem *it = &rs->items[at];
  const struct readsrc *b = &it->in.def->batch;
  if (it->r.state != RR_PENDING || it->raw) return;
  it->root = reply, it->root_shape = root_shape;
  it->outer = item;
  it->shape = shape;
  it->raw = item;
  if (!b->has_within) return;
  it->raw = select_element(rs, it, item);
  it->shape = mpath_shape(it->in.def->w, shape, &b->within);
  if (it->shape && wire_kind(it->in.def->w, it->shape) == WK_LIST)
    it->shape = wire_element(it->in.def->w, it->shape);
}

static bool item_key(struct readset *rs, const struct rgroup *g, const struct value *item, struct str *out) {
  if (g->src->id_expr) {
    struct ritem *any = &rs->items[g->keys.v[0].items.v[0]];
    struct denv e = readset_env(rs, any);
    e.item = item;
    return denv_text(&e, g->src->id_expr, out);
  }
  const struct value *id = mpath_get(rs->s, rs->a, &g->src->id, item);
  return id && value_to_text(rs->a, id, out);
}

static uint32_t element_shape(const struct wire *w, uint32_t output, const struct readsrc *src) {
  uint32_t shape = src->has_items && output ? mpath_shape(w, output, &src->items) : output;
  return shape && wire_kind(w, shape) == WK_LIST ? wire_element(w, shape) : shape;
}

void fill_batch(struct readset *rs, const struct rcall *c, const struct value *reply) {
  const struct rgroup *g = &rs->groups.v[c->group];
  const struct wire_op *op = g->src->step.op;
  const struct wire *w = rs->items[g->keys.v[0].items.v[0]].in.def->w;
  const struct value *items = g->src->has_items ? mpath_get(rs->s, rs->a, &g->src->items, reply) : reply;
  uint32_t shape = element_shape(w, op->output, g->src);
  bool list = value_is(items, V_LIST);
  for (uint32_t i = 0; items && i < (list ? items->n : 1); i++) {
    const struct value *item = list ? items->items[i] : items;
    struct str key;
    const uint32_t *k;
    uint32_t only = c->from;
    if (g->src->by == BY_EACH)
      k = &only;
    else if (!item_key(rs, g, item, &key) || !(k = map_get(g->index, key)))
      continue;
    const struct rkey *rk = &g->keys.v[*k];
    for (size_t r = 0; r < rk->items.n; r++) take_item(rs, rk->items.v[r], item, shape, reply, op->output);
  }
}

static void item_found(struct readset *rs, uint32_t at) {
  struct ritem *it = &rs->items[at];
  const struct def *d = it->in.def;
  bool gone = false;
  struct denv e = readset_env(rs, it);
  if (it->r.state != RR_PENDING) return;
  if (it->raw && d->gone && denv_true(&e, d->gone, false, &gone)) gone = false;
  if (!it->raw || gone) { /* a waiter still looks at what the answer says of it */
    it->r.state = RR_GONE;
    return;
  }
  read_item(rs, it);
  for (uint32_t p = 0; p < d->n_per; p++) {
    if (!wants(it, &d->per[p])) continue;
    it->pending++;
    VEC_PUSH(rs->a, &rs->calls, ((struct rcall){.kind = RC_PER, .item = at, .per = &d->per[p]}));
  }
}

static void finish_item(struct readset *rs, uint32_t at) {
  struct ritem *it = &rs->items[at];
  if (it->r.state != RR_PENDING || it->pending) return;
  it->r = (struct read_result){.state = RR_LIVE, .live = it->live};
}

void part_done(struct readset *rs, uint32_t item) {
  struct ritem *it = &rs->items[item];
  if (it->pending) it->pending--;
  finish_item(rs, item);
}

/* All pages are in: what was not found is gone; what was found may need further reads. */
void finish_batch(struct readset *rs, const struct rcall *c) {
  struct map *shares = ARENA_NEW(rs->a, struct map);
  uint32_t first = (uint32_t)rs->groups.n;
  for (uint32_t k = c->from; k < c->to; k++) {
    size_t n = rs->groups.v[c->group].keys.v[k].items.n;
    for (size_t i = 0; i < n; i++) { /* groups may move while we add to them */
      uint32_t at = rs->groups.v[c->group].keys.v[k].items.v[i];
      struct ritem *it = &rs->items[at];
      item_found(rs, at);
      for (uint32_t m = 0; it->r.state == RR_PENDING && m < it->in.def->n_more; m++)
        if (wants(it, &it->in.def->more[m]) &&
            group_add(rs, at, &it->in.def->more[m], true, shares) != UINT32_MAX)
          it->pending++;
      finish_item(rs, at);
    }
  }
  for (uint32_t g = first; g < rs->groups.n; g++) group_calls(rs, g);
}

/* ---- further reads --------------------------------------------------------------------------- */
static bool empty_map(const struct value *v) {
  return value_is(v, V_MAP) && !v->n;
}

/* One property out of an object: below its own name, or the object is what it maps to. */
static void take_prop(struct readset *rs, struct ritem *it, struct str prop, uint32_t shape,
                      const struct value *obj, bool direct) {
  const struct def *d = it->in.def;
  sym name = session_sym(rs->s, prop);
  struct denv e = readset_env(rs, it);
  e.reply = obj;
  struct mapio io = {.e = &e, .root_shape = shape, .root = obj};
  const struct value *v = NULL;
  bool here = true;
  enum qn_err err;
  if (direct || !map_readable(d, name, shape))
    err = map_read_value(&io, name, shape, obj, &v);
  else
    err = map_read(&io, name, shape, obj, &v, &here);
  if (err)
    item_fail(it, STR("DefinitionError"), str_fmt(rs->a, "%.*s cannot be read from the reply", SV(prop)));
  else if (!empty_map(v))
    put(rs, it, name, v);
}

static void take_all(struct readset *rs, uint32_t at, const struct readsrc *src, uint32_t shape,
                     const struct value *obj) {
  struct ritem *it = &rs->items[at];
  const struct wire *w = it->in.def->w;
  if (it->r.state != RR_PENDING) return;
  if (src->has_value) {
    shape = shape ? mpath_shape(w, shape, &src->value) : 0;
    obj = mpath_get(rs->s, rs->a, &src->value, obj);
    if (!obj) return;
  }
  if (src->to.n) {
    take_prop(rs, it, src->to, shape, obj, src->has_value);
    return;
  }
  for (uint32_t i = 0; i < src->n_for; i++) take_prop(rs, it, src->for_props[i], shape, obj, false);
}

void fill_per(struct readset *rs, const struct rcall *c, const struct value *reply) {
  take_all(rs, c->item, c->per, c->per->step.op->output, reply);
  part_done(rs, c->item);
}

void fill_more(struct readset *rs, const struct rcall *c, const struct value *reply) {
  const struct rgroup *g = &rs->groups.v[c->group];
  const struct wire *w = rs->items[g->keys.v[0].items.v[0]].in.def->w;
  const struct value *items = g->src->has_items ? mpath_get(rs->s, rs->a, &g->src->items, reply) : reply;
  uint32_t shape = element_shape(w, g->src->step.op->output, g->src);
  for (uint32_t i = 0; value_is(items, V_LIST) && i < items->n; i++) {
    struct str key;
    if (!item_key(rs, g, items->items[i], &key)) continue;
    const uint32_t *k = map_get(g->index, key);
    for (size_t r = 0; k && r < g->keys.v[*k].items.n; r++)
      take_all(rs, g->keys.v[*k].items.v[r], g->src, shape, items->items[i]);
  }
}
