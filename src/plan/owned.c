/* Properties that another resource may move: a service's desired count belongs to its autoscaler within
 * bounds. Owners are found by a key that both sides make (`where` of the definition), so that each is looked
 * at once. */
#include "build.h"

struct watch { /* an `owned_by` of a recorded resource's definition */
  const struct def *def;
  const struct owned_by *by;
  uint32_t next; /* of the same owner type; UINT32_MAX: none */
};
struct owner {
  const struct value *spec, *state; /* properties declared now, as far as known, and applied; or NULL */
};
struct owners {
  struct map defs;    /* types that were looked at */
  struct map watched; /* owner type -> first watch */
  VEC(struct watch) watches;
  struct map by_key;
  VEC(struct owner) v;
};

static void watch_def(struct builder *b, const struct def *d) {
  struct owners *w = b->owners;
  const struct owned_by *by;
  size_t n = def_owned(d, &by);
  if (!n || !map_put(b->a, &w->defs, def_info(d).type, 0)) return;
  for (size_t i = 0; i < n; i++) {
    uint32_t *first = map_get(&w->watched, by[i].type), at = (uint32_t)w->watches.n;
    VEC_PUSH(b->a, &w->watches, ((struct watch){d, &by[i], first ? *first : UINT32_MAX}));
    if (first)
      *first = at;
    else
      map_put(b->a, &w->watched, by[i].type, at);
  }
}

static struct str full_key(struct builder *b, const struct def *d, const struct owned_by *by, sym region,
                           struct str key) {
  return str_fmt(b->a, "%.*s %.*s %.*s %.*s", SV(def_info(d).type), SV(by->property),
                 SV(session_str(b->s, region ? region : b->env->region)), SV(key));
}

/* The owner under each key that these properties give it. */
static void note_owner(struct builder *b, sym type, sym region, const struct value *props, bool spec) {
  struct owners *w = b->owners;
  const uint32_t *first = map_get(&w->watched, session_str(b->s, type));
  for (uint32_t i = first ? *first : UINT32_MAX; i != UINT32_MAX; i = w->watches.v[i].next) {
    const struct watch *x = &w->watches.v[i];
    struct str key;
    if (!def_owner_key(b->s, b->a, x->by, props, &key)) continue;
    key = full_key(b, x->def, x->by, region, key);
    const uint32_t *at = map_get(&w->by_key, key);
    uint32_t slot = at ? *at : (uint32_t)w->v.n;
    if (!at) {
      map_put(b->a, &w->by_key, key, slot);
      VEC_PUSH(b->a, &w->v, (struct owner){0});
    }
    *(spec ? &w->v.v[slot].spec : &w->v.v[slot].state) = props;
  }
}

/* Declared, with what was applied in place of what is known only after apply. */
static const struct value *as_known(struct builder *b, const struct value *declared,
                                    const struct value *applied) {
  struct resolver rs = {.user = b, .attribute = build_attribute};
  const struct value *v = declared;
  if (value_resolve(b->s, b->a, declared, &rs, &v)) v = declared; /* said where the node is planned */
  const struct value *out = v;
  for (uint32_t i = 0; value_is(v, V_MAP) && i < v->n; i++) {
    const struct member *m = &v->members[i];
    const struct value *was = value_is(applied, V_MAP) ? value_member(applied, m->key) : NULL;
    if (was && value_unknown(m->value)) out = value_put(b->a, out, m->key, was);
  }
  return out;
}

void build_owners(struct builder *b) {
  b->owners = ARENA_NEW(b->a, struct owners);
  for (uint32_t i = 0; i < b->n_recs; i++) watch_def(b, b->recs[i].def);
  if (!b->owners->watches.n) return;
  for (uint32_t i = 0; i < b->n_recs; i++) {
    const struct recorded *r = &b->recs[i];
    if (!r->r->deposed && !r->gone && r->r->applied)
      note_owner(b, r->r->type, r->r->region, r->r->applied, false);
  }
  for (uint32_t i = 0; i < b->g->n_nodes; i++) {
    const struct node *n = &b->g->nodes[i];
    if (!map_get(&b->owners->watched, session_str(b->s, n->r.type))) continue;
    const struct recorded *r = b->decisions[i].current;
    note_owner(b, n->r.type, n->r.region, as_known(b, n->r.props, r ? r->r->applied : NULL), true);
  }
}

/* The bound nearest to `now`, or `now` itself between them. A bound that is not known does not bind. */
static int64_t within(struct builder *b, const struct owned_by *by, const struct value *owner, int64_t now) {
  const struct value *min = value_get(b->s, owner, by->min), *max = value_get(b->s, owner, by->max);
  if (value_is(max, V_INT) && now > max->i) now = max->i;
  if (value_is(min, V_INT) && now < min->i) now = min->i;
  return now;
}

static const struct value *member_at(const struct value *map, sym key) {
  const struct value *v = value_is(map, V_MAP) ? value_member(map, key) : NULL;
  return value_is(v, V_INT) ? v : NULL;
}

static const struct value *with_count(struct builder *b, const struct value *map, sym key, int64_t n) {
  const struct value *old = value_is(map, V_MAP) ? value_member(map, key) : NULL;
  if (!old) return map;
  struct value *v = ARENA_NEW(b->a, struct value);
  *v = *value_int(b->a, n);
  v->meta = old->meta; /* it still stands where it is declared */
  return value_put(b->a, map, key, v);
}

static void take_found(struct builder *b, const struct owned_by *by, const struct owner *o,
                       struct diff_input *in) {
  sym key = session_sym(b->s, by->property);
  const struct value *now = in->live ? member_at(in->live, key) : member_at(in->seen, key);
  if (!now && !in->live) now = member_at(in->applied, key);
  if (!now) return;
  int64_t n = now->i;
  if (o->state && within(b, by, o->state, n) == n) {
    in->applied = with_count(b, in->applied, key, n);
    in->seen = with_count(b, in->seen, key, n);
  }
  if (o->spec) in->wanted = with_count(b, in->wanted, key, within(b, by, o->spec, n));
}

void build_with_owned(struct builder *b, const struct node *n, const struct recorded *r,
                      struct diff_input *in) {
  const struct owned_by *by;
  size_t n_by = def_owned(r->def, &by);
  struct op_scope sc = {.address = n->r.address,
                        .region = n->r.region ? n->r.region : b->env->region,
                        .account = b->env->account,
                        .partition = b->env->partition,
                        .new_props = in->wanted,
                        .old_props = in->applied,
                        .live = in->live,
                        .identity = r->identity};
  for (size_t i = 0; i < n_by; i++) {
    struct str key;
    if (!def_owned_key(b->s, b->a, r->def, &by[i], &sc, &key)) continue;
    const uint32_t *at = map_get(&b->owners->by_key, full_key(b, r->def, &by[i], sc.region, key));
    if (at) take_found(b, &by[i], &b->owners->v.v[*at], in);
  }
}
