/* Circles of changes. What the state says of dependencies is older than the spec: an object that is to go
 * may have been made with one whose successor now needs the first. Strongly connected components by Tarjan,
 * with a stack of our own. */
#include "order.h"

struct scc {
  const uint32_t *first, *next_of; /* successors of i: next_of[first[i]] .. next_of[first[i + 1]] */
  uint32_t *index, *low, *component, *stack, *path, *edge_at;
  bool *on_stack;
  uint32_t n_stack, n_index, n_components;
};

static void open_node(struct scc *t, uint32_t v) {
  t->index[v] = t->low[v] = ++t->n_index;
  t->stack[t->n_stack++] = v;
  t->on_stack[v] = true;
  t->edge_at[v] = t->first[v];
}

static void close_node(struct scc *t, uint32_t v) {
  if (t->low[v] != t->index[v]) return;
  uint32_t w;
  do {
    w = t->stack[--t->n_stack];
    t->on_stack[w] = false;
    t->component[w] = t->n_components;
  } while (w != v);
  t->n_components++;
}

static void visit(struct scc *t, uint32_t root) {
  uint32_t depth = 0;
  t->path[depth++] = root;
  open_node(t, root);
  while (depth) {
    uint32_t v = t->path[depth - 1];
    if (t->edge_at[v] == t->first[v + 1]) {
      close_node(t, v);
      if (--depth && t->low[v] < t->low[t->path[depth - 1]]) t->low[t->path[depth - 1]] = t->low[v];
      continue;
    }
    uint32_t w = t->next_of[t->edge_at[v]++];
    if (!t->index[w]) {
      t->path[depth++] = w;
      open_node(t, w);
    } else if (t->on_stack[w] && t->index[w] < t->low[v]) {
      t->low[v] = t->index[w];
    }
  }
}

/* The component of each change; their number is n when there is no circle. */
static uint32_t components(struct arena *a, const struct order_edges *e, uint32_t n, const uint32_t **out) {
  struct order_lists next = order_lists(a, e, n, false);
  struct scc t = {.first = next.first,
                  .next_of = next.of,
                  .index = ARENA_ARRAY(a, n, uint32_t),
                  .low = ARENA_ARRAY(a, n, uint32_t),
                  .component = ARENA_ARRAY(a, n, uint32_t),
                  .stack = ARENA_ARRAY(a, n, uint32_t),
                  .path = ARENA_ARRAY(a, n, uint32_t),
                  .edge_at = ARENA_ARRAY(a, n, uint32_t),
                  .on_stack = ARENA_ARRAY(a, n, bool)};
  for (uint32_t i = 0; i < n; i++)
    if (!t.index[i]) visit(&t, i);
  *out = t.component;
  return t.n_components;
}

void order_break_circles(struct order_edges *e, uint32_t n) {
  struct arena scratch;
  arena_init(&scratch);
  for (int force = EF_LETS_GO; force < EF_MUST; force++) {
    const uint32_t *component;
    if (components(&scratch, e, n, &component) == n) break;
    size_t kept = 0;
    for (size_t i = 0; i < e->v.n; i++) {
      struct order_edge x = e->v.v[i];
      if ((int)x.force != force || component[x.from] != component[x.to]) e->v.v[kept++] = x;
    }
    e->v.n = kept;
    arena_reset(&scratch);
  }
  arena_release(&scratch);
}
