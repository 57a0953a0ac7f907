/* The resource graph: what the spec wants. Flat arrays, 32-bit indices; nodes
 * sorted by address bytes, so that the same spec always gives the same graph. */
#ifndef QUOIN_GRAPH_H
#define QUOIN_GRAPH_H

#include "quoin/schema.h"
#include "quoin/spec.h"

struct node {
  struct resource r;         /* as compiled */
  struct stype type;
  uint32_t dep_first, n_deps; /* into graph.deps: nodes this one needs, sorted, unique */
};

struct graph {
  struct session *s;
  struct environment env;
  struct node *nodes; /* sorted by address bytes */
  uint32_t n_nodes;
  uint32_t *deps;
  uint32_t n_deps;
  struct moved *moved;
  uint32_t n_moved;
  struct check *checks;
  uint32_t n_checks;
  struct output *outputs;
  uint32_t n_outputs;
  const struct value *lookups; /* map: key text -> value, as used */
  const uint32_t *by_sym;      /* sym of an address -> node + 1; n_by_sym entries */
  uint32_t n_by_sym;
};

/* Builds the graph of a compiled spec: sorts, resolves deps (declared and from the origins of
 * properties), finds duplicates and cycles (QN0501 prints the whole cycle with the place of each edge). */
enum qn_err graph_build(struct session *s, const struct schema *sc, const struct compiled *c, struct graph **out) QN_MUST_USE;
/* Index or UINT32_MAX. */
uint32_t graph_find(const struct graph *g, sym address);
/* Stable topological order (dependencies first, ties by address). n_nodes entries in the arena. */
const uint32_t *graph_order(const struct graph *g, struct arena *a);
/* Longest path to the end, in ms, from typical durations: start the longest first. */
void graph_critical(const struct graph *g, const uint32_t *typical_ms, uint64_t *remaining_ms, struct arena *scratch);
/* Renderings for `quoin graph`: DOT and Mermaid. */
void graph_dot(const struct graph *g, struct buf *out);
void graph_mermaid(const struct graph *g, struct buf *out);

#endif
