#include "order.h"

/* Who needs a node: the dependencies turned round. */
struct users {
  uint32_t *first; /* users of i are v[first[i]] .. v[first[i + 1]] */
  uint32_t *v;
};

static struct users users_of(const struct graph *g, struct arena *a) {
  struct users u = {ARENA_ARRAY(a, (size_t)g->n_nodes + 2, uint32_t), ARENA_ARRAY(a, g->n_deps, uint32_t)};
  for (uint32_t d = 0; d < g->n_deps; d++) u.first[g->deps[d] + 2]++;
  for (uint32_t i = 2; i <= g->n_nodes; i++) u.first[i] += u.first[i - 1];
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const struct node *n = &g->nodes[i];
    for (uint32_t d = 0; d < n->n_deps; d++) u.v[u.first[g->deps[n->dep_first + d] + 1]++] = i;
  }
  return u;
}

/* Smallest index first; nodes are sorted by address, so the order is by address where it is free. */
struct heap {
  uint32_t *v, n;
};

static void heap_push(struct heap *h, uint32_t x) {
  uint32_t i = h->n++;
  for (; i > 0 && h->v[(i - 1) / 2] > x; i = (i - 1) / 2) h->v[i] = h->v[(i - 1) / 2];
  h->v[i] = x;
}

static uint32_t heap_pop(struct heap *h) {
  uint32_t top = h->v[0], x = h->v[--h->n], i = 0;
  for (;;) {
    uint32_t kid = 2 * i + 1;
    if (kid >= h->n) break;
    if (kid + 1 < h->n && h->v[kid + 1] < h->v[kid]) kid++;
    if (h->v[kid] >= x) break;
    h->v[i] = h->v[kid];
    i = kid;
  }
  h->v[i] = x;
  return top;
}

const uint32_t *order_find(const struct graph *g, struct arena *a, uint32_t *n) {
  struct arena scratch;
  uint32_t *order = ARENA_ARRAY(a, g->n_nodes, uint32_t);
  arena_init(&scratch);
  struct users u = users_of(g, &scratch);
  uint32_t *left = ARENA_ARRAY(&scratch, g->n_nodes, uint32_t);
  struct heap h = {ARENA_ARRAY(&scratch, g->n_nodes, uint32_t), 0};
  *n = 0;
  for (uint32_t i = 0; i < g->n_nodes; i++)
    if (!(left[i] = g->nodes[i].n_deps)) heap_push(&h, i);
  while (h.n) {
    uint32_t i = heap_pop(&h);
    order[(*n)++] = i;
    for (uint32_t k = u.first[i]; k < u.first[i + 1]; k++)
      if (!--left[u.v[k]]) heap_push(&h, u.v[k]);
  }
  arena_release(&scratch);
  return order;
}

const uint32_t *graph_order(const struct graph *g, struct arena *a) {
  uint32_t n;
  return order_find(g, a, &n);
}

void graph_critical(const struct graph *g, const uint32_t *typical_ms, uint64_t *remaining_ms,
                    struct arena *scratch) {
  const uint32_t *order = graph_order(g, scratch);
  for (uint32_t i = 0; i < g->n_nodes; i++) remaining_ms[i] = 0;
  for (uint32_t k = g->n_nodes; k-- > 0;) {
    const struct node *n = &g->nodes[order[k]];
    uint64_t path = remaining_ms[order[k]] += typical_ms[order[k]];
    for (uint32_t d = 0; d < n->n_deps; d++) {
      uint32_t to = g->deps[n->dep_first + d];
      if (remaining_ms[to] < path) remaining_ms[to] = path;
    }
  }
}
