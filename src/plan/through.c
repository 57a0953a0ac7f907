/* Order passes through what does not change: if a change needs an unchanged resource that needs another
 * change, the one waits for the other. Unchanged nodes are taken out of the way as long as that makes no more
 * edges: one with a single node before it stands for that, one with a single node behind it likewise. A node
 * with several on both sides stays as a junction, for the edges around it would be n times m. All in time
 * that is linear in nodes and edges. */
#include "order.h"

enum { GONE = UINT32_MAX };

struct order_lists order_lists(struct arena *a, const struct order_edges *e, uint32_t n, bool by_to) {
  uint32_t *first = ARENA_ARRAY(a, (size_t)n + 2, uint32_t), *of = ARENA_ARRAY(a, e->v.n, uint32_t);
  for (size_t i = 0; i < e->v.n; i++) first[(by_to ? e->v.v[i].to : e->v.v[i].from) + 2]++;
  for (uint32_t i = 2; i <= n; i++) first[i] += first[i - 1];
  for (size_t i = 0; i < e->v.n; i++) {
    const struct order_edge *x = &e->v.v[i];
    of[first[(by_to ? x->to : x->from) + 1]++] = by_to ? x->from : x->to;
  }
  return (struct order_lists){first, of};
}

/* What is needed first (Kahn). Of a circle, which order_break_circles leaves none of, nothing comes out. */
static uint32_t sorted(struct arena *a, const struct order_edges *e, uint32_t n, uint32_t *order) {
  struct order_lists next = order_lists(a, e, n, false);
  uint32_t *left = ARENA_ARRAY(a, n, uint32_t), head = 0, tail = 0;
  for (size_t i = 0; i < e->v.n; i++) left[e->v.v[i].to]++;
  for (uint32_t i = 0; i < n; i++)
    if (!left[i]) order[tail++] = i;
  for (; head < tail; head++)
    for (uint32_t k = next.first[order[head]]; k < next.first[order[head] + 1]; k++)
      if (--left[next.of[k]] == 0) order[tail++] = next.of[k];
  return tail;
}

/* Takes out the quiet nodes that have at most one neighbour on one side: before them (back) or behind. */
static void take_out(struct arena *a, struct order_edges *e, uint32_t n, bool *quiet, const uint32_t *order,
                     uint32_t n_order, bool back) {
  struct order_lists near = order_lists(a, e, n, back);
  uint32_t *stands_for = ARENA_ARRAY(a, n, uint32_t), *mark = ARENA_ARRAY(a, n, uint32_t);
  for (uint32_t i = 0; i < n; i++) stands_for[i] = i;
  for (uint32_t k = 0; k < n_order; k++) {
    uint32_t v = order[back ? k : n_order - 1 - k], found = 0, last = GONE;
    if (!quiet[v]) continue;
    for (uint32_t i = near.first[v]; i < near.first[v + 1] && found < 2; i++) {
      uint32_t u = stands_for[near.of[i]];
      if (u == GONE || mark[u] == v + 1) continue;
      mark[u] = v + 1;
      last = u;
      found++;
    }
    if (found < 2) stands_for[v] = last;
  }
  size_t kept = 0;
  for (size_t i = 0; i < e->v.n; i++) {
    struct order_edge x = e->v.v[i];
    uint32_t *side = back ? &x.from : &x.to, own = back ? x.to : x.from;
    *side = stands_for[*side];
    if (*side != GONE && stands_for[own] == own) e->v.v[kept++] = x;
  }
  e->v.n = kept;
  for (uint32_t i = 0; i < n; i++) quiet[i] = quiet[i] && stands_for[i] == i;
}

/* Edges around a node that was taken out may be there already. */
static void unique(struct arena *a, struct order_edges *e, uint32_t n) {
  struct order_lists before = order_lists(a, e, n, true);
  uint32_t *mark = ARENA_ARRAY(a, n, uint32_t);
  size_t kept = 0;
  for (uint32_t v = 0; v < n; v++)
    for (uint32_t i = before.first[v]; i < before.first[v + 1]; i++) {
      uint32_t u = before.of[i];
      if (mark[u] == v + 1) continue;
      mark[u] = v + 1;
      e->v.v[kept++] = (struct order_edge){u, v, EF_MUST};
    }
  e->v.n = kept;
}

void order_pass_through(struct order_edges *e, uint32_t n, bool *quiet) {
  struct arena scratch;
  arena_init(&scratch);
  uint32_t *order = ARENA_ARRAY(&scratch, n, uint32_t), n_order = sorted(&scratch, e, n, order);
  take_out(&scratch, e, n, quiet, order, n_order, true);
  take_out(&scratch, e, n, quiet, order, n_order, false);
  unique(&scratch, e, n);
  arena_release(&scratch);
}
