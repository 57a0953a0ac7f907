/* quoin validate: every environment, or one. No network. */
#include "cli.h"

/* What fits the schema, but not the type's definition. */
static enum qn_err check_supported(struct world *w) {
  enum qn_err result = QN_OK;
  for (uint32_t i = 0; i < w->graph->n_nodes; i++) {
    const struct node *n = &w->graph->nodes[i];
    const struct def *d = provider_find(w->providers, session_str(&w->c->s, n->r.type));
    enum qn_err e = d ? def_check_resource(&w->c->s, d, &n->r) : QN_OK;
    if (e) result = e;
  }
  return result;
}

static enum qn_err validate_one(struct cli *c, const char *environment, const struct ynode *parsed,
                                uint32_t *resources) {
  struct world w = {.c = c, .parsed = parsed};
  enum qn_err e = world_spec(&w, environment, false);
  if (!e) e = check_supported(&w);
  if (!e) *resources += w.graph->n_nodes;
  world_close(&w);
  return e;
}

static void say_ok(struct cli *c, size_t environments, uint32_t resources) {
  if (c->o.json)
    printf("{\"valid\":true,\"environments\":%zu,\"resources\":%u,\"diagnostics\":[]}\n", environments,
           resources);
  else
    printf("Valid: %u resource%s in %zu environment%s.\n", resources, resources == 1 ? "" : "s", environments,
           environments == 1 ? "" : "s");
}

int cmd_validate(struct cli *c) {
  uint32_t resources = 0;
  const char *one = cli_arg(c, 0) ? cli_arg(c, 0) : c->o.env;
  const sym *names;
  const struct ynode *parsed = NULL;
  size_t n = 0;
  enum qn_err e = one ? QN_OK : spec_environments(&c->s, c->o.spec, &names, &n, &parsed);
  if (e) return cli_finish(c, e);
  if (one || n == 0) {
    n = 1;
    e = validate_one(c, one, parsed, &resources);
  } else {
    for (size_t i = 0; i < n; i++) {
      enum qn_err env = validate_one(c, session_str(&c->s, names[i]).p, parsed, &resources);
      if (env) e = env;
    }
  }
  if (!e) say_ok(c, n, resources);
  return cli_finish(c, e);
}
