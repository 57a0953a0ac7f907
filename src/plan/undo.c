/* plan_undo: the way back is an ordinary plan towards what the state said before the run. What turns out not
 * to be reversible is left out, and the plan is made anew without it. */
#include "undo.h"

/* One try: the builder of a plan, and whose each recorded generation is. */
struct try {
  struct builder b;
  struct recorded **of; /* by b.recs */
};

static void add_node(struct try *t, struct graph *g, uint32_t *by_sym, struct undo_item *it) {
  const struct sres *r = it->before;
  struct node *n = &g->nodes[g->n_nodes];
  *n = (struct node){.r = {.address = it->address,
                           .type = r->type,
                           .region = r->region,
                           .props = it->wanted ? it->wanted : value_map(t->b.a, NULL, 0),
                           .span = it->did ? it->did->span : SPAN_NONE,
                           .protect = r->protect,
                           .on_destroy = r->on_destroy}};
  (void)!schema_type(t->b.sc, session_str(t->b.s, r->type), &n->type);
  t->b.undo[g->n_nodes] = it;
  by_sym[it->address] = ++g->n_nodes;
}

static void add_recorded(struct try *t, struct recorded *r, uint32_t node) {
  t->of[t->b.n_recs] = r;
  t->b.recs[t->b.n_recs] = *r;
  t->b.recs[t->b.n_recs++].node = node;
}

static void begin(struct try *t, struct undo_work *w) {
  struct graph *g = ARENA_NEW(w->a, struct graph);
  size_t n = 0;
  sym last = 0;
  for (uint32_t i = 0; i < w->n_items; i++) {
    n += w->items[i].made.n + 1;
    if (w->items[i].address > last) last = w->items[i].address;
  }
  uint32_t *by_sym = ARENA_ARRAY(w->a, (size_t)last + 1, uint32_t);
  *g = (struct graph){.s = w->s,
                      .env = w->u->did->env,
                      .nodes = ARENA_ARRAY(w->a, w->n_items, struct node),
                      .by_sym = by_sym,
                      .n_by_sym = last + 1};
  t->b.g = g;
  t->b.recs = ARENA_ARRAY(w->a, n, struct recorded);
  t->of = ARENA_ARRAY(w->a, n, struct recorded *);
  t->b.undo = ARENA_ARRAY(w->a, w->n_items, struct undo_item *);
  for (uint32_t i = 0; i < w->n_items; i++) {
    struct undo_item *it = &w->items[i];
    if (it->stays) continue;
    uint32_t node = UINT32_MAX;
    if (it->back.r) {
      node = g->n_nodes;
      add_node(t, g, by_sym, it);
      add_recorded(t, &it->back, node);
    }
    for (size_t k = 0; k < it->made.n; k++) add_recorded(t, &it->made.v[k], UINT32_MAX);
  }
  t->b.decisions = ARENA_ARRAY(w->a, g->n_nodes, struct decision);
  for (uint32_t i = 0; i < g->n_nodes; i++)
    t->b.decisions[i].change = t->b.decisions[i].old_delete = UINT32_MAX;
  for (uint32_t i = 0; i < t->b.n_recs; i++)
    if (t->b.recs[i].node != UINT32_MAX) t->b.decisions[t->b.recs[i].node].current = &t->b.recs[i];
}

/* What the cloud shows, once for all tries. True if it shows a limit. */
static bool keep_live(struct try *t, struct undo_work *w) {
  bool news = false;
  for (uint32_t i = 0; i < t->b.n_recs; i++) {
    t->of[i]->live = t->b.recs[i].live;
    t->of[i]->gone = t->b.recs[i].gone;
    if (t->b.recs[i].node == UINT32_MAX || !t->b.recs[i].gone) continue;
    struct undo_item *it = t->b.undo[t->b.recs[i].node];
    it->lost = true;
    news |= undo_keep(w, it, STR(""), STR("it is not in the cloud any more"));
  }
  return news;
}

/* Properties that cannot be brought back, now that they were compared. True if there are new ones. */
static bool find_limits(struct try *t, struct undo_work *w) {
  bool news = false;
  for (uint32_t i = 0; i < t->b.g->n_nodes; i++) {
    const struct decision *d = &t->b.decisions[i];
    const struct change *c = d->change == UINT32_MAX ? NULL : &t->b.changes.v[d->change];
    for (uint32_t k = 0; c && k < c->n_leaves; k++) {
      const struct leaf_change *l = &c->leaves[k];
      if (l->forces_replace)
        news |= undo_keep(w, t->b.undo[i], l->property, STR("only a replacement could change it back"));
      else if (l->why == WHY_RELEASED)
        news |= undo_keep(w, t->b.undo[i], l->property, STR("AWS has no call that takes it away"));
    }
  }
  return news;
}

static enum qn_err attempt(struct try *t, struct undo_work *w, bool first, bool *again) {
  begin(t, w);
  enum qn_err e = first ? build_refresh(&t->b, NULL, NULL) : QN_OK;
  *again = !e && first && keep_live(t, w);
  if (e || *again) return e;
  t->b.refreshed = true;
  if ((e = build_wanted(&t->b)) || (e = build_unwanted(&t->b))) return e;
  *again = find_limits(t, w);
  return QN_OK;
}

enum qn_err plan_undo(const struct undo *u, struct state *st, const struct providers *p,
                      const struct schema *sc, const struct plan_options *o, struct plan *out,
                      const struct left_over **left, uint32_t *n_left) {
  struct session *s = u->did->s;
  struct undo_work w = {.s = s, .a = &s->arena, .u = u, .st = st, .prov = p};
  struct try t;
  bool again = true;
  undo_items(&w);
  for (bool first = true; again; first = false) {
    undo_limits(&w);
    t = (struct try){.b = {.s = s, .a = w.a, .st = st, .prov = p, .sc = sc, .o = o, .env = &u->did->env}};
    enum qn_err e = attempt(&t, &w, first, &again);
    if (e) return e;
  }
  build_plan(&t.b, out);
  *left = w.left.v;
  *n_left = (uint32_t)w.left.n;
  return QN_OK;
}
