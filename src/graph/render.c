/* Arrows go from a resource to what it needs. */
#include "quoin/graph.h"

void graph_dot(const struct graph *g, struct buf *out) {
  buf_addz(out, "digraph quoin {\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n");
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const struct node *n = &g->nodes[i];
    struct str address = session_str(g->s, n->r.address), type = session_str(g->s, n->r.type);
    buf_addf(out, "  n%u [label = \"", i);
    for (size_t k = 0; k < address.n; k++) {
      if (address.p[k] == '"' || address.p[k] == '\\') buf_addc(out, '\\');
      buf_addc(out, address.p[k]);
    }
    buf_addf(out, "\\n%.*s\"];\n", SV(type));
  }
  for (uint32_t i = 0; i < g->n_nodes; i++)
    for (uint32_t d = 0; d < g->nodes[i].n_deps; d++)
      buf_addf(out, "  n%u -> n%u;\n", i, g->deps[g->nodes[i].dep_first + d]);
  buf_addz(out, "}\n");
}

/* Mermaid has HTML's entities in labels, with # for &. */
static void mermaid_text(struct buf *out, struct str t) {
  for (size_t i = 0; i < t.n; i++) {
    unsigned char c = (unsigned char)t.p[i];
    if (c == '"' || c == '<' || c == '>' || c == '#' || c == '&' || c < 0x20)
      buf_addf(out, "#%u;", c);
    else
      buf_addc(out, t.p[i]);
  }
}

void graph_mermaid(const struct graph *g, struct buf *out) {
  buf_addz(out, "graph LR\n");
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    buf_addf(out, "  n%u[\"", i);
    mermaid_text(out, session_str(g->s, g->nodes[i].r.address));
    buf_addz(out, "<br/>");
    mermaid_text(out, session_str(g->s, g->nodes[i].r.type));
    buf_addz(out, "\"]\n");
  }
  for (uint32_t i = 0; i < g->n_nodes; i++)
    for (uint32_t d = 0; d < g->nodes[i].n_deps; d++)
      buf_addf(out, "  n%u --> n%u\n", i, g->deps[g->nodes[i].dep_first + d]);
}
