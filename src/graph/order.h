/* Private to src/graph. */
#ifndef QUOIN_GRAPH_ORDER_H
#define QUOIN_GRAPH_ORDER_H

#include "quoin/graph.h"

/* Topological order as far as it goes: *n is less than n_nodes where there is a cycle. */
const uint32_t *order_find(const struct graph *g, struct arena *a, uint32_t *n);

#endif
