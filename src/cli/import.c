/* quoin import ADDRESS ID: reads an existing object and records it. The next
 * apply puts quoin's tags on it; nothing in the cloud changes here. */
#include "cli.h"

static enum qn_err find_node(struct world *w, const char *address, const struct node **out) {
  struct session *s = &w->c->s;
  uint32_t i = graph_find(w->graph, session_sym(s, str_c(address)));
  if (i != UINT32_MAX) {
    *out = &w->graph->nodes[i];
    return QN_OK;
  }
  struct str *names = ARENA_ARRAY(&s->arena, w->graph->n_nodes, struct str);
  for (uint32_t k = 0; k < w->graph->n_nodes; k++) names[k] = session_str(s, w->graph->nodes[k].r.address);
  struct diag *g = diag_add(&s->diags, QN0810, SPAN_NONE, "the spec has no resource %s", address);
  struct str near = diag_nearest(str_c(address), names, w->graph->n_nodes);
  if (near.n)
    diag_help(&s->diags, g, "did you mean %.*s?", SV(near));
  else
    diag_help(&s->diags, g, "declare the resource first; import then fills the state");
  return QN_E_NOTFOUND;
}

static enum qn_err read_object(struct world *w, const struct node *n, const struct def *def, const char *id,
                               struct read_item *item, const struct value **live) {
  struct session *s = &w->c->s;
  *item = (struct read_item){.address = n->r.address,
                             .region = n->r.region ? n->r.region : w->env.region,
                             .def = def,
                             .props = n->r.props};
  enum qn_err e = def_identity_of_text(s, &s->arena, def, str_c(id), &item->identity);
  if (e) return e;
  uint32_t k = 0;
  struct str *managed = ARENA_ARRAY(&s->arena, n->r.props->n + 1, struct str),
             tags = def_info(def).tag_property;
  for (uint32_t i = 0; i < n->r.props->n; i++) {
    struct str name = session_str(s, n->r.props->members[i].key);
    if (!str_eq(name, tags)) managed[k++] = name;
  }
  if (tags.n) managed[k++] = tags; /* they tell whose it is */
  item->managed = managed;
  item->n_managed = k;
  struct refreshed out;
  if ((e = refresh_read(s, w->providers, w->rd, w->cloud, w->env.account, w->env.partition, item, 1, &out)))
    return e;
  if (out.results[0]->state == RR_LIVE) {
    *live = out.results[0]->live;
    return QN_OK;
  }
  struct diag *g = diag_add(&s->diags, QN0815, SPAN_NONE, "there is no %.*s %s in %.*s",
                            SV(session_str(s, n->r.type)), id, SV(session_str(s, item->region)));
  if (out.results[0]->message.n)
    diag_note(&s->diags, g, SPAN_NONE, "the service answered: %.*s", SV(out.results[0]->message));
  diag_help(&s->diags, g, "check the id, the account and the region of the environment");
  return QN_E_NOTFOUND;
}

static enum qn_err record(struct world *w, const struct node *n, const struct read_item *item,
                          const struct value *live) {
  struct session *s = &w->c->s;
  uint32_t generation = state_next_generation(w->state, n->r.address);
  struct sres r = {.address = n->r.address,
                   .type = n->r.type,
                   .region = item->region,
                   .account = w->env.account,
                   .partition = w->env.partition,
                   .generation = generation,
                   .complete = true,
                   .protect = n->r.protect,
                   .on_destroy = n->r.on_destroy,
                   .uid = state_uid(w->state, &s->arena, n->r.address, generation),
                   .identity = item->identity,
                   .attributes = live,
                   .applied = value_map(&s->arena, NULL, 0),
                   .seen = live};
  enum qn_err e =
      state_run(w->state, STR("import"), state_seq(w->state), w->env.account, w->compiled.lookups);
  if (!e) e = state_put(w->state, &r);
  return e ? e : state_commit(w->state);
}

/* One object under two addresses would be changed to and fro. */
static enum qn_err check_unrecorded(struct world *w, const struct node *n, const struct read_item *item,
                                    const char *id) {
  struct session *s = &w->c->s;
  size_t n_all;
  const struct sres *all = state_resources(w->state, &n_all);
  for (size_t i = 0; i < n_all; i++) {
    if (all[i].type != n->r.type || all[i].region != item->region || !all[i].identity ||
        !value_eq(s, all[i].identity, item->identity))
      continue;
    struct str old = session_str(s, all[i].address), new = session_str(s, n->r.address);
    struct diag *g = diag_add(&s->diags, QN0816, n->r.span, "%s is recorded already, as %.*s", id, SV(old));
    diag_help(&s->diags, g, "`quoin state mv '%.*s' '%.*s'` gives it this address", SV(old), SV(new));
    return QN_E_EXISTS;
  }
  return QN_OK;
}

/* Its tags may say that another state has it: two that manage one object undo each other's work. */
static void say_whose(struct world *w, const struct node *n, const struct def *def,
                      const struct value *live) {
  struct session *s = &w->c->s;
  struct str property = def_info(def).tag_property;
  const struct value *tags = property.n ? value_get(s, live, property) : NULL;
  const struct value *ours = ownership_tags(s, &s->arena, &w->env, n->r.address, STR(""));
  struct str stack = tag_value(s, tags, STR("quoin:stack")), env = tag_value(s, tags, STR("quoin:env")),
             address = tag_value(s, tags, STR("quoin:address"));
  if (!stack.n || (str_eq(stack, tag_value(s, ours, STR("quoin:stack"))) &&
                   str_eq(env, tag_value(s, ours, STR("quoin:env")))))
    return;
  cli_say(w->c,
          "Its tags say that it is %.*s of stack %.*s, environment %.*s. If that is still so, take it out of"
          " that state with `quoin state rm`.\n",
          SV(address), SV(stack), SV(env));
}

static enum qn_err import(struct world *w) {
  struct cli *c = w->c;
  const char *address = cli_arg(c, 0), *id = cli_arg(c, 1);
  enum qn_err e = world_spec(w, cli_arg(c, 2), true);
  if (!e) e = world_cloud(w);
  if (!e) e = world_state(w, ST_WRITE);
  const struct node *n = NULL;
  if (!e) e = find_node(w, address, &n);
  if (e) return e;
  if (state_find(w->state, n->r.address)) {
    struct diag *g = diag_add(&c->s.diags, QN0816, n->r.span, "%s is recorded already", address);
    diag_help(&c->s.diags, g, "`quoin state show %s` shows it; `quoin state rm %s` forgets it first", address,
              address);
    return QN_E_EXISTS;
  }
  const struct def *def = provider_find(w->providers, session_str(&c->s, n->r.type));
  if (!def) {
    diag_add(&c->s.diags, QN0802, n->r.span, "%s is a %s, which this quoin has no definition for", address,
             session_str(&c->s, n->r.type).p);
    return QN_E_INVALID;
  }
  struct read_item item;
  const struct value *live = NULL;
  if ((e = read_object(w, n, def, id, &item, &live))) return e;
  if ((e = check_unrecorded(w, n, &item, id))) return e;
  if ((e = record(w, n, &item, live))) return e;
  printf("%s is now recorded as %s. `quoin plan` shows where it differs from the spec.\n", id, address);
  say_whose(w, n, def, live);
  return QN_OK;
}

int cmd_import(struct cli *c) {
  struct world w = {.c = c};
  int code = cli_finish(c, import(&w));
  world_close(&w);
  return code;
}
