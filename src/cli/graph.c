#include "cli.h"

int cmd_graph(struct cli *c) {
  struct world w = {.c = c, .for_programs = true};
  enum qn_err e = world_spec(&w, cli_arg(c, 0), false);
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  if (!e && c->o.mermaid)
    graph_mermaid(w.graph, &out);
  else if (!e)
    graph_dot(w.graph, &out);
  cli_print(c, buf_str(&out));
  buf_release(&out);
  int code = cli_finish(c, e);
  world_close(&w);
  return code;
}
