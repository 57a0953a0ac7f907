/* Private to plan: edges between changes, and how circles of them are broken. */
#ifndef QUOIN_PLAN_ORDER_H
#define QUOIN_PLAN_ORDER_H

#include "build.h"

/* The stronger, the later it is given up. */
enum edge_force {
  EF_LETS_GO, /* an update by which a dependent lets go of what is deleted: the delete waits for it */
  EF_DELETES, /* old objects go in the reverse order of their making */
  EF_MUST /* what is needed is there first; the two halves of a replacement. These alone never make a circle
           */
};
struct order_edge {
  uint32_t from, to; /* `to` waits for `from` */
  enum edge_force force;
};
struct order_edges {
  VEC(struct order_edge) v;
};
/* Takes edges out so that no circle is left among n changes: first those that let go, then the order of
 * deletes, and only within a circle. The service refuses a delete that comes too early, and it is tried
 * again. */
void order_break_circles(struct order_edges *e, uint32_t n);

/* Neighbours of each of n nodes: of[first[i]] .. of[first[i + 1]] are those it leads to or, by_to, those that
 * lead to it. */
struct order_lists {
  const uint32_t *first, *of;
};
struct order_lists order_lists(struct arena *a, const struct order_edges *e, uint32_t n, bool by_to);

/* Takes the quiet nodes out of n, so that what was in order through them still is. `quiet` is true afterwards
 * for those that had to stay as junctions; no edge is there twice, nor are there more than before. */
void order_pass_through(struct order_edges *e, uint32_t n, bool *quiet);

#endif
