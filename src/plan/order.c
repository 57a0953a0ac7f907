/* The order of changes: edges between them, create-first or delete-first, and
 * the longest path from each to the end. */
#include "order.h"

/* Does the replacement declare this property as the old object has it? */
static bool declared_alike(struct builder *b, const struct change *c, struct str property) {
  const struct value *w = value_get(b->s, c->wanted, property),
                     *old = c->applied ? value_get(b->s, c->applied, property) : NULL;
  return !value_is_null(w) && !value_is_null(old) && value_eq(b->s, w, old);
}

/* A replacement whose declared name stays the same cannot have both objects at once. */
static bool name_is_taken(struct builder *b, const struct change *c, const struct stype *type) {
  struct str name = def_info(c->def).name_property;
  if (name.n && declared_alike(b, c, name)) return true;
  struct str *ids;
  size_t n = schema_identifier(b->sc, type, b->a, &ids);
  bool settable = false;
  for (size_t i = 0; i < n; i++) {
    snode node = schema_at(b->sc, type, ids[i]);
    if (!node || schema_flags(b->sc, node) & SF_READ_ONLY) continue;
    settable = true;
    if (!declared_alike(b, c, ids[i])) return false;
  }
  return settable;
}

static bool replaced(const struct builder *b, uint32_t node) {
  return b->decisions[node].old_delete != UINT32_MAX;
}

static bool prefers_create_first(struct builder *b, uint32_t node, bool *hard) {
  const struct node *n = &b->g->nodes[node];
  const struct change *c = &b->changes.v[b->decisions[node].change];
  *hard = n->r.replace == RO_DELETE_FIRST || name_is_taken(b, c, &n->type);
  if (*hard) return false;
  if (n->r.replace == RO_CREATE_FIRST) return true;
  uint8_t own = def_info(c->def).replace;
  if (own != RO_DEFAULT) return own == RO_CREATE_FIRST;
  return str_eq(schema_replacement(b->sc, &n->type), STR("create_then_delete"));
}

/* What the recorded object was made with: it has to go before that does. */
static bool recorded_with_hard(struct builder *b, const struct recorded *r, const bool *hard) {
  for (uint32_t k = 0; k < r->r->n_deps; k++) {
    uint32_t dep = graph_find(b->g, build_moved(b, r->r->deps[k]));
    if (dep != UINT32_MAX && replaced(b, dep) && hard[dep]) return true;
  }
  return false;
}

/* Create-first wants create-first of what it depends on; where that cannot be, delete-first spreads upwards.
 * An old object that is kept stays known until the new one is there. */
static void settle_replacements(struct builder *b) {
  const struct graph *g = b->g;
  const uint32_t *order = graph_order(g, b->a);
  bool *first = ARENA_ARRAY(b->a, g->n_nodes, bool), *hard = ARENA_ARRAY(b->a, g->n_nodes, bool);
  for (uint32_t k = 0; k < g->n_nodes; k++) {
    uint32_t i = order[k];
    if (!replaced(b, i)) continue;
    first[i] = prefers_create_first(b, i, &hard[i]);
    for (uint32_t d = 0; d < g->nodes[i].n_deps; d++) {
      uint32_t dep = g->deps[g->nodes[i].dep_first + d];
      if (replaced(b, dep) && hard[dep]) hard[i] = true;
    }
    hard[i] = hard[i] || recorded_with_hard(b, b->decisions[i].current, hard);
    if (hard[i]) first[i] = false;
  }
  for (uint32_t k = g->n_nodes; k-- > 0;) {
    uint32_t i = order[k];
    if (!replaced(b, i)) continue;
    for (uint32_t d = 0; first[i] && d < g->nodes[i].n_deps; d++) {
      uint32_t dep = g->deps[g->nodes[i].dep_first + d];
      if (replaced(b, dep)) first[dep] = true;
    }
    const struct decision *dec = &b->decisions[i];
    bool kept = b->changes.v[dec->old_delete].action == ACT_FORGET;
    b->changes.v[dec->change].create_first = b->changes.v[dec->old_delete].create_first = first[i] || kept;
  }
}

static void edge(struct builder *b, struct order_edges *e, uint32_t from, uint32_t to,
                 enum edge_force force) {
  if (from == UINT32_MAX || to == UINT32_MAX || from == to) return;
  if (b->changes.v[from].action == ACT_NONE || b->changes.v[to].action == ACT_NONE) return;
  VEC_PUSH(b->a, &e->v, ((struct order_edge){from, to, force}));
}

static void node_edges(struct builder *b, struct order_edges *e) {
  for (uint32_t i = 0; b->g && i < b->g->n_nodes; i++) {
    const struct decision *d = &b->decisions[i];
    for (uint32_t k = 0; k < b->g->nodes[i].n_deps; k++)
      edge(b, e, b->decisions[b->g->deps[b->g->nodes[i].dep_first + k]].change, d->change, EF_MUST);
    if (d->old_delete == UINT32_MAX) continue;
    if (b->changes.v[d->change].create_first)
      edge(b, e, d->change, d->old_delete, EF_MUST);
    else
      edge(b, e, d->old_delete, d->change, EF_MUST);
  }
}

/* Deletes wait for the deletes of what depended on them, and (when nothing new waits for the
 * delete itself) for the updates by which dependents let go. */
static void delete_edges(struct builder *b, struct order_edges *e) {
  struct map head = {0}; /* address -> first delete of it, chained by next */
  uint32_t *next = ARENA_ARRAY(b->a, b->changes.n, uint32_t);
  for (uint32_t i = 0; i < b->changes.n; i++) {
    if (b->changes.v[i].action != ACT_DELETE) continue;
    struct str key = session_str(b->s, b->changes.v[i].address);
    const uint32_t *h = map_get(&head, key);
    next[i] = h ? *h : UINT32_MAX;
    map_put(b->a, &head, key, i);
  }
  for (uint32_t r = 0; r < b->n_recs; r++) {
    const struct recorded *dependent = &b->recs[r];
    const uint32_t *own = map_get(&head, session_str(b->s, dependent->address));
    uint32_t change = dependent->node != UINT32_MAX ? b->decisions[dependent->node].change : UINT32_MAX;
    for (uint32_t k = 0; k < dependent->r->n_deps; k++) {
      const uint32_t *h = map_get(&head, session_str(b->s, build_moved(b, dependent->r->deps[k])));
      for (uint32_t del = h ? *h : UINT32_MAX; del != UINT32_MAX; del = next[del]) {
        for (uint32_t o = own ? *own : UINT32_MAX; o != UINT32_MAX; o = next[o])
          edge(b, e, o, del, EF_DELETES);
        bool blocks_create = b->changes.v[del].pair != UINT32_MAX && !b->changes.v[del].create_first;
        if (!blocks_create) edge(b, e, change, del, EF_LETS_GO);
      }
    }
  }
}

/* A resource made anew because the old one is gone starts after the old one has left the state. */
static void forget_edges(struct builder *b, struct order_edges *e) {
  struct map creates = {0};
  for (uint32_t i = 0; i < b->changes.n; i++)
    if (b->changes.v[i].action == ACT_CREATE)
      map_put(b->a, &creates, session_str(b->s, b->changes.v[i].address), i);
  for (uint32_t i = 0; i < b->changes.n; i++) {
    if (b->changes.v[i].action != ACT_FORGET || b->changes.v[i].pair != UINT32_MAX) continue;
    const uint32_t *create = map_get(&creates, session_str(b->s, b->changes.v[i].address));
    if (create) edge(b, e, i, *create, EF_MUST);
  }
}

/* The edges by the change that waits. */
static void fill_after(struct builder *b, const struct order_edges *e) {
  uint32_t n = (uint32_t)b->changes.n, *count = ARENA_ARRAY(b->a, (size_t)n + 1, uint32_t);
  uint32_t *list = ARENA_ARRAY(b->a, e->v.n, uint32_t);
  for (size_t i = 0; i < e->v.n; i++) count[e->v.v[i].to + 1]++;
  for (uint32_t i = 0; i < n; i++) count[i + 1] += count[i];
  uint32_t *at = ARENA_ARRAY(b->a, n, uint32_t);
  if (n) memcpy(at, count, n * sizeof *at);
  for (size_t i = 0; i < e->v.n; i++) list[at[e->v.v[i].to]++] = e->v.v[i].from;
  for (uint32_t i = 0; i < n; i++) {
    b->changes.v[i].after = list + count[i];
    b->changes.v[i].n_after = count[i + 1] - count[i];
  }
}

static uint64_t own_ms(const struct change *c) {
  return c->action == ACT_NONE || c->action == ACT_FORGET ? 0 : def_info(c->def).typical_ms;
}

/* Kahn from the ends backwards: remaining = own + the longest of what waits for it. */
static void fill_remaining(struct builder *b) {
  uint32_t n = (uint32_t)b->changes.n, *waiting = ARENA_ARRAY(b->a, n, uint32_t),
           *queue = ARENA_ARRAY(b->a, n, uint32_t);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < b->changes.v[i].n_after; k++) waiting[b->changes.v[i].after[k]]++;
  uint32_t head = 0, tail = 0;
  for (uint32_t i = 0; i < n; i++)
    if (!waiting[i]) queue[tail++] = i;
  while (head < tail) {
    struct change *c = &b->changes.v[queue[head++]];
    c->remaining_ms += own_ms(c);
    for (uint32_t k = 0; k < c->n_after; k++) {
      struct change *before = &b->changes.v[c->after[k]];
      if (before->remaining_ms < c->remaining_ms) before->remaining_ms = c->remaining_ms;
      if (--waiting[c->after[k]] == 0) queue[tail++] = c->after[k];
    }
  }
}

void build_order(struct builder *b) {
  struct order_edges e = {0};
  if (b->g) settle_replacements(b);
  node_edges(b, &e);
  delete_edges(b, &e);
  forget_edges(b, &e);
  order_break_circles(&e, (uint32_t)b->changes.n);
  fill_after(b, &e);
  fill_remaining(b);
}
