#include "quoin/graph.h"

#include "order.h"

#define WALK_DEPTH 256

static int by_address(const void *a, const void *b, void *user) {
  const struct session *s = user;
  return intern_cmp(s->names, ((const struct node *)a)->r.address, ((const struct node *)b)->r.address);
}

uint32_t graph_find(const struct graph *g, sym address) {
  return address < g->n_by_sym && g->by_sym[address] ? g->by_sym[address] - 1 : UINT32_MAX;
}

/* ---- nodes ------------------------------------------------------------------ */
static enum qn_err add_nodes(struct graph *g, const struct schema *sc, const struct compiled *c) {
  struct session *s = g->s;
  struct arena scratch;
  g->n_nodes = (uint32_t)c->resources.n;
  g->nodes = ARENA_ARRAY(&s->arena, g->n_nodes, struct node);
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    struct node *n = &g->nodes[i];
    n->r = c->resources.v[i];
    if (sc) (void)schema_type(sc, session_str(s, n->r.type), &n->type);
    if (n->r.address >= g->n_by_sym) g->n_by_sym = n->r.address + 1;
  }
  arena_init(&scratch);
  sort_stable(&scratch, g->nodes, g->n_nodes, sizeof *g->nodes, by_address, s);
  arena_release(&scratch);
  uint32_t *by_sym = ARENA_ARRAY(&s->arena, g->n_by_sym, uint32_t);
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    sym address = g->nodes[i].r.address;
    if (by_sym[address]) {
      struct diag *d = diag_add(&s->diags, QN0502, g->nodes[i].r.span, "two resources have the address %.*s",
                                SV(session_str(s, address)));
      diag_note(&s->diags, d, g->nodes[by_sym[address] - 1].r.span, "the other");
      e = QN_E_INVALID;
    }
    by_sym[address] = i + 1;
  }
  g->by_sym = by_sym;
  return e;
}

/* ---- dependencies ------------------------------------------------------------ */
struct finder {
  struct graph *g;
  uint32_t node;
  uint32_t *stamp;   /* node -> last node + 1 that was found to need it */
  uint32_t last_set; /* origin set looked at last */
  uint32_t want;     /* looking for the place of one edge; else UINT32_MAX */
  struct span place;
  VEC(uint32_t) deps;
};

static void add_dep(struct finder *f, sym address, struct span at) {
  uint32_t to = graph_find(f->g, address);
  if (to == UINT32_MAX) return;
  if (to == f->want && !f->place.file) f->place = at;
  if (f->want != UINT32_MAX || f->stamp[to] == f->node + 1) return;
  f->stamp[to] = f->node + 1;
  VEC_PUSH(&f->g->s->arena, &f->deps, to);
}

static void walk(struct finder *f, const struct value *v, unsigned depth) {
  const struct session *s = f->g->s;
  if (v->meta) {
    struct vmeta m = vmeta_get(s, v->meta);
    if (m.origins && (m.origins != f->last_set || f->want != UINT32_MAX)) {
      size_t n;
      const sym *list = origins_list(s, m.origins, &n);
      for (size_t i = 0; i < n; i++) add_dep(f, list[i], m.span);
      f->last_set = m.origins;
    }
  }
  if (depth >= WALK_DEPTH) return;
  if (v->kind == V_LIST)
    for (uint32_t i = 0; i < v->n; i++) walk(f, v->items[i], depth + 1);
  if (v->kind == V_MAP)
    for (uint32_t i = 0; i < v->n; i++) walk(f, v->members[i].value, depth + 1);
}

static void find(struct finder *f) {
  const struct node *n = &f->g->nodes[f->node];
  f->last_set = 0;
  if (n->r.props) walk(f, n->r.props, 0);
  for (uint32_t i = 0; i < n->r.n_depends_on; i++) add_dep(f, n->r.depends_on[i], n->r.span);
}

static int by_number(const void *a, const void *b, void *user) {
  (void)user;
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void add_deps(struct graph *g) {
  struct finder f = {.g = g, .want = UINT32_MAX, .stamp = ARENA_ARRAY(&g->s->arena, g->n_nodes, uint32_t)};
  struct arena scratch;
  arena_init(&scratch);
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    struct node *n = &g->nodes[i];
    f.node = i;
    n->dep_first = (uint32_t)f.deps.n;
    find(&f);
    n->n_deps = (uint32_t)f.deps.n - n->dep_first;
    sort_stable(&scratch, f.deps.v + n->dep_first, n->n_deps, sizeof *f.deps.v, by_number, NULL);
    if (scratch.used > 1 << 20) arena_reset(&scratch);
  }
  arena_release(&scratch);
  g->deps = f.deps.v;
  g->n_deps = (uint32_t)f.deps.n;
}

/* ---- cycles ------------------------------------------------------------------ */
static struct span edge_place(struct graph *g, uint32_t from, uint32_t to) {
  struct finder f = {.g = g, .node = from, .want = to, .place = SPAN_NONE};
  find(&f);
  return f.place.file ? f.place : g->nodes[from].r.span;
}

/* done[i]: in the order. What is left holds a cycle: from any of it, a dependency that is left leads
 * on, until a node comes again. */
static enum qn_err report_cycle(struct graph *g, const bool *done) {
  struct session *s = g->s;
  uint32_t *at = ARENA_ARRAY(&s->arena, g->n_nodes, uint32_t);
  uint32_t *path = ARENA_ARRAY(&s->arena, (size_t)g->n_nodes + 1, uint32_t);
  uint32_t n = 0, k = 0;
  while (done[k]) k++;
  while (!at[k]) {
    path[n++] = k;
    at[k] = n;
    uint32_t d = g->nodes[k].dep_first;
    while (done[g->deps[d]]) d++;
    k = g->deps[d];
  }
  uint32_t first = at[k] - 1;
  path[n] = k;
  struct buf chain = BUF_INIT(1 << 20);
  for (uint32_t i = first; i <= n; i++)
    buf_addf(&chain, "%s%.*s", i > first ? " -> " : "", SV(session_str(s, g->nodes[path[i]].r.address)));
  struct diag *d =
      diag_add(&s->diags, QN0501, g->nodes[k].r.span, "dependency cycle: %.*s", SV(buf_str(&chain)));
  for (uint32_t i = first; i < n; i++)
    diag_note(&s->diags, d, edge_place(g, path[i], path[i + 1]), "%.*s needs %.*s",
              SV(session_str(s, g->nodes[path[i]].r.address)),
              SV(session_str(s, g->nodes[path[i + 1]].r.address)));
  diag_help(&s->diags, d, "one of these references has to go: nothing can be made first");
  buf_release(&chain);
  return QN_E_INVALID;
}

enum qn_err graph_build(struct session *s, const struct schema *sc, const struct compiled *c,
                        struct graph **out) {
  struct graph *g = ARENA_NEW(&s->arena, struct graph);
  *g = (struct graph){.s = s,
                      .env = c->env,
                      .moved = c->moved.v,
                      .n_moved = (uint32_t)c->moved.n,
                      .checks = c->checks.v,
                      .n_checks = (uint32_t)c->checks.n,
                      .outputs = c->outputs.v,
                      .n_outputs = (uint32_t)c->outputs.n,
                      .lookups = c->lookups};
  enum qn_err e = add_nodes(g, sc, c);
  if (e) return e;
  add_deps(g);
  bool *done = ARENA_ARRAY(&s->arena, g->n_nodes, bool);
  uint32_t n;
  const uint32_t *order = order_find(g, &s->arena, &n);
  for (uint32_t i = 0; i < n; i++) done[order[i]] = true;
  if (n < g->n_nodes) return report_cycle(g, done);
  *out = g;
  return QN_OK;
}
