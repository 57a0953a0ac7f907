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

/* used: something that stays refers to it, so it can only go when that holds on to the new one. */
static bool prefers_create_first(struct builder *b, uint32_t node, bool used, bool *hard) {
  const struct node *n = &b->g->nodes[node];
  const struct change *c = &b->changes.v[b->decisions[node].change];
  *hard = n->r.replace == RO_DELETE_FIRST || name_is_taken(b, c, &n->type);
  if (*hard) return false;
  if (n->r.replace == RO_CREATE_FIRST) return true;
  uint8_t own = def_info(c->def).replace;
  if (own != RO_DEFAULT) return own == RO_CREATE_FIRST;
  return used || str_eq(schema_replacement(b->sc, &n->type), STR("create_then_delete"));
}

/* Replaced nodes that something recorded, which is not replaced itself, depends on. */
static const bool *used_nodes(struct builder *b) {
  const struct graph *g = b->g;
  bool *used = ARENA_ARRAY(b->a, g->n_nodes, bool);
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    if (replaced(b, i) || !b->decisions[i].current) continue;
    for (uint32_t d = 0; d < g->nodes[i].n_deps; d++) used[g->deps[g->nodes[i].dep_first + d]] = true;
  }
  return used;
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
  const bool *used = used_nodes(b);
  bool *first = ARENA_ARRAY(b->a, g->n_nodes, bool), *hard = ARENA_ARRAY(b->a, g->n_nodes, bool);
  for (uint32_t k = 0; k < g->n_nodes; k++) {
    uint32_t i = order[k];
    if (!replaced(b, i)) continue;
    first[i] = prefers_create_first(b, i, used[i], &hard[i]);
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

/* Deletes by address. */
struct deletes {
  struct map head; /* address -> first delete of it, chained by next */
  uint32_t *next, n;
  struct map kept; /* address -> what is recorded there and stays: its node of the order */
};

static void find_deletes(struct builder *b, struct deletes *d) {
  d->next = ARENA_ARRAY(b->a, b->changes.n, uint32_t);
  for (uint32_t i = 0; i < b->changes.n; i++) {
    if (b->changes.v[i].action != ACT_DELETE) continue;
    struct str key = session_str(b->s, b->changes.v[i].address);
    const uint32_t *h = map_get(&d->head, key);
    d->next[i] = h ? *h : UINT32_MAX;
    map_put(b->a, &d->head, key, i);
    d->n++;
  }
}

static uint32_t first_delete(const struct deletes *d, struct str address) {
  const uint32_t *h = map_get(&d->head, address);
  return h ? *h : UINT32_MAX;
}

static uint32_t kept_node(const struct deletes *d, struct str address) {
  const uint32_t *node = map_get(&d->kept, address);
  return node ? *node : UINT32_MAX;
}

/* What stays passes the order of deletes on from those that need it to what it needs. Its node comes behind
 * those of the changes. */
static void find_kept(struct builder *b, struct deletes *d) {
  for (uint32_t r = 0; d->n > 1 && r < b->n_recs; r++) {
    const struct recorded *rec = &b->recs[r];
    struct str address = session_str(b->s, rec->address);
    if (rec->r->deposed) continue;
    uint32_t del = first_delete(d, address);
    while (del != UINT32_MAX && b->changes.v[del].generation != rec->r->generation) del = d->next[del];
    if (del == UINT32_MAX) map_put(b->a, &d->kept, address, (uint32_t)b->changes.n + r);
  }
}

/* The deletes of what depends on `need` come before its own, and (when nothing new waits for that) the
 * updates by which dependents let go. */
static void dependent_edges(struct builder *b, struct order_edges *e, const struct deletes *d,
                            const struct recorded *dependent, struct str need) {
  struct str own = session_str(b->s, dependent->address);
  uint32_t change = dependent->node != UINT32_MAX ? b->decisions[dependent->node].change : UINT32_MAX;
  if (change != UINT32_MAX && b->changes.v[change].action == ACT_NONE) change = UINT32_MAX;
  uint32_t through = kept_node(d, need), stays = dependent->r->deposed ? UINT32_MAX : kept_node(d, own);
  for (uint32_t o = first_delete(d, own); o != UINT32_MAX; o = d->next[o]) {
    edge(b, e, o, through, EF_DELETES);
    for (uint32_t del = first_delete(d, need); del != UINT32_MAX; del = d->next[del])
      edge(b, e, o, del, EF_DELETES);
  }
  edge(b, e, stays, through, EF_DELETES);
  for (uint32_t del = first_delete(d, need); del != UINT32_MAX; del = d->next[del]) {
    edge(b, e, stays, del, EF_DELETES);
    bool blocks_create = b->changes.v[del].pair != UINT32_MAX && !b->changes.v[del].create_first;
    if (!blocks_create) edge(b, e, change, del, EF_LETS_GO);
  }
}

/* Deletes wait for the deletes of what depended on them, by the dependencies that are recorded. */
static void delete_edges(struct builder *b, struct order_edges *e) {
  struct deletes d = {0};
  find_deletes(b, &d);
  if (!d.n) return;
  find_kept(b, &d);
  for (uint32_t r = 0; r < b->n_recs; r++)
    for (uint32_t k = 0; k < b->recs[r].r->n_deps; k++)
      dependent_edges(b, e, &d, &b->recs[r], session_str(b->s, build_moved(b, b->recs[r].r->deps[k])));
}

/* What is taken back goes in the reverse order of its making. All values are known, so nothing has to wait.
 */
static void undo_edges(struct builder *b, struct order_edges *e) {
  for (uint32_t i = 0; b->undo && i < b->n_recs; i++) {
    const struct recorded *r = &b->recs[i];
    for (uint32_t k = 0; r->node != UINT32_MAX && k < r->r->n_deps; k++) {
      uint32_t dep = graph_find(b->g, r->r->deps[k]);
      if (dep != UINT32_MAX) edge(b, e, b->decisions[r->node].change, b->decisions[dep].change, EF_LETS_GO);
    }
  }
}

/* A resource made anew because the old one is gone starts after the old one has left the state. */
static void forget_edges(struct builder *b, struct order_edges *e) {
  struct map creates = {0};
  struct arena scratch;
  arena_init(&scratch);
  for (uint32_t i = 0; i < b->changes.n; i++)
    if (b->changes.v[i].action == ACT_CREATE)
      map_put(&scratch, &creates, session_str(b->s, b->changes.v[i].address), i);
  for (uint32_t i = 0; i < b->changes.n; i++) {
    if (b->changes.v[i].action != ACT_FORGET || b->changes.v[i].pair != UINT32_MAX) continue;
    const uint32_t *create = map_get(&creates, session_str(b->s, b->changes.v[i].address));
    if (create) edge(b, e, i, *create, EF_MUST);
  }
  arena_release(&scratch);
}

/* A junction of deletes becomes a change that does nothing. */
static uint32_t add_junction(struct builder *b, const struct recorded *r) {
  build_add(b, (struct change){.action = ACT_NONE,
                               .address = r->address,
                               .type = r->r->type,
                               .region = r->r->region,
                               .account = r->r->account,
                               .def = r->def,
                               .generation = r->r->generation,
                               .pair = UINT32_MAX});
  return (uint32_t)(b->changes.n - 1);
}

/* The order without what is left out; nodes behind the changes are those of recorded resources. */
static void pass_through(struct builder *b, struct order_edges *e) {
  uint32_t n = (uint32_t)b->changes.n, all = n + b->n_recs, *to = ARENA_ARRAY(b->a, all, uint32_t);
  bool *quiet = ARENA_ARRAY(b->a, all, bool);
  for (uint32_t i = 0; i < all; i++) quiet[i] = i >= n || b->changes.v[i].action == ACT_NONE;
  order_pass_through(e, all, quiet);
  for (uint32_t i = 0; i < all; i++) to[i] = i < n || !quiet[i] ? i : add_junction(b, &b->recs[i - n]);
  for (size_t i = 0; i < e->v.n; i++)
    e->v.v[i] = (struct order_edge){to[e->v.v[i].from], to[e->v.v[i].to], e->v.v[i].force};
}

/* The edges by the change that waits. */
static void fill_after(struct builder *b, const struct order_edges *e) {
  uint32_t n = (uint32_t)b->changes.n;
  struct order_lists before = order_lists(b->a, e, n, true);
  for (uint32_t i = 0; i < n; i++) {
    b->changes.v[i].after = before.of + before.first[i];
    b->changes.v[i].n_after = before.first[i + 1] - before.first[i];
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
  undo_edges(b, &e);
  order_break_circles(&e, (uint32_t)b->changes.n + b->n_recs);
  pass_through(b, &e);
  fill_after(b, &e);
  fill_remaining(b);
}
