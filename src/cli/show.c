/* quoin show: a saved plan, or the recorded state. */
#include "cli.h"

static enum qn_err show_plan(struct world *w, const char *path) {
  struct cli *c = w->c;
  struct str text;
  enum qn_err e = cli_read_plan_file(c, path, &text);
  if (e) return e;
  struct plan p;
  if ((e = world_tables(w)) || (e = plan_read(&c->s, text, w->providers, &p))) return e;
  return cli_print_plan(c, &p, false);
}

struct part {
  const char *name;
  const struct value *value;
};

/* The parts that are there, as one map. */
static const struct value *map_of(struct cli *c, const struct part *parts, size_t n) {
  struct member *m = ARENA_ARRAY(&c->s.arena, n, struct member);
  size_t k = 0;
  for (size_t i = 0; i < n; i++)
    if (parts[i].value)
      m[k++] = (struct member){.key = session_sym(&c->s, str_c(parts[i].name)), .value = parts[i].value};
  return value_map(&c->s.arena, m, k);
}

const struct value *cli_resource_value(struct cli *c, const struct sres *r) {
  struct arena *a = &c->s.arena;
  struct part parts[] = {{"address", value_str(a, session_str(&c->s, r->address))},
                         {"type", value_str(a, session_str(&c->s, r->type))},
                         {"region", value_str(a, session_str(&c->s, r->region))},
                         {"generation", value_int(a, r->generation)},
                         {"deposed", value_bool(a, r->deposed)},
                         {"complete", value_bool(a, r->complete)},
                         {"identity", r->identity},
                         {"attributes", r->attributes},
                         {"applied", r->applied},
                         {"seen", r->seen}};
  return map_of(c, parts, sizeof parts / sizeof *parts);
}

static void state_json(struct world *w, const struct sres *all, size_t n) {
  struct cli *c = w->c;
  struct arena *a = &c->s.arena;
  const struct value **list = ARENA_ARRAY(a, n, const struct value *);
  for (size_t i = 0; i < n; i++) list[i] = cli_resource_value(c, &all[i]);
  const struct value *outputs = state_outputs(w->state);
  struct part parts[] = {{"stack", value_str(a, session_str(&c->s, w->env.stack))},
                         {"environment", value_str(a, session_str(&c->s, w->env.name))},
                         {"lineage", value_str(a, state_lineage(w->state))},
                         {"record", value_int(a, (int64_t)state_seq(w->state))},
                         {"resources", value_list(a, list, (uint32_t)n)},
                         {"outputs", outputs ? outputs : value_map(a, NULL, 0)}};
  cli_print_value(c, map_of(c, parts, sizeof parts / sizeof *parts), true);
}

static void state_text(struct world *w, const struct sres *all, size_t n) {
  struct cli *c = w->c;
  for (size_t i = 0; i < n; i++) {
    printf("%s%s (%s)%s\n", i ? "\n" : "", session_str(&c->s, all[i].address).p,
           session_str(&c->s, all[i].type).p, all[i].deposed ? " deposed" : "");
    cli_print_value(c, all[i].identity, false);
    cli_print_value(c, all[i].applied, true);
  }
  if (!n) printf("Nothing is recorded.\n");
}

static enum qn_err show_state(struct world *w, const char *environment) {
  struct cli *c = w->c;
  if (c->o.compat) {
    struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "-compat shows a saved plan, not the state");
    diag_help(&c->s.diags, g,
              "`quoin plan -out FILE` saves one; `quoin show -json` prints the state in quoin's format");
    return QN_E_INVALID;
  }
  w->damage_ok = true;
  enum qn_err e = world_names(w, environment);
  if (!e) e = world_state(w, ST_READ);
  if (e) return e;
  size_t n;
  const struct sres *all = state_resources(w->state, &n);
  if (c->o.json)
    state_json(w, all, n);
  else
    state_text(w, all, n);
  return state_damaged(w->state) ? QN_E_DAMAGED : QN_OK;
}

int cmd_show(struct cli *c) {
  if (cli_bad_compat(c)) return cli_finish(c, QN_E_INVALID);
  struct world w = {.c = c};
  const char *arg = cli_arg(c, 0);
  int code = cli_finish(c, cli_is_plan_file(arg) ? show_plan(&w, arg) : show_state(&w, arg));
  world_close(&w);
  return code;
}
