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

#endif
