/* quoin state list|show|mv|rm and output: the recorded state, without the cloud. */
#include "cli.h"

/* The environment is argument number `arg`. A damaged state may be looked at, not changed. */
static enum qn_err open_state(struct world *w, size_t arg, enum state_mode mode) {
  enum qn_err e = world_names(w, cli_arg(w->c, arg));
  w->damage_ok = mode == ST_READ;
  return e ? e : world_state(w, mode);
}

static int done(struct world *w, enum qn_err e) {
  if (!e && w->state && state_damaged(w->state)) e = QN_E_DAMAGED;
  int code = cli_finish(w->c, e);
  world_close(w);
  return code;
}

static void print_json_list(struct cli *c, const struct sres *all, size_t n) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  buf_addc(&out, '[');
  for (size_t i = 0; i < n; i++) {
    buf_addz(&out, i ? ",{\"address\":" : "{\"address\":");
    json_escape(&out, session_str(&c->s, all[i].address));
    buf_addz(&out, ",\"type\":");
    json_escape(&out, session_str(&c->s, all[i].type));
    buf_addf(&out, ",\"generation\":%u,\"deposed\":%s}", all[i].generation,
             all[i].deposed ? "true" : "false");
  }
  buf_addz(&out, "]\n");
  cli_print(c, buf_str(&out));
  buf_release(&out);
}

int cmd_state_list(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_state(&w, 0, ST_READ);
  if (e) return done(&w, e);
  size_t n;
  const struct sres *all = state_resources(w.state, &n);
  if (c->o.json) print_json_list(c, all, n);
  if (!n) cli_say(c, "Nothing is recorded in %s.\n", world_state_root(&w));
  for (size_t i = 0; !c->o.json && i < n; i++)
    printf("%s%s\n", session_str(&c->s, all[i].address).p, all[i].deposed ? " (deposed)" : "");
  return done(&w, QN_OK);
}

static enum qn_err not_recorded(struct world *w, const char *address) {
  struct cli *c = w->c;
  size_t n;
  const struct sres *all = state_resources(w->state, &n);
  struct str *names = ARENA_ARRAY(&c->s.arena, n, struct str);
  for (size_t i = 0; i < n; i++) names[i] = session_str(&c->s, all[i].address);
  struct diag *g = diag_add(&c->s.diags, QN0814, SPAN_NONE, "nothing is recorded under %s", address);
  struct str near = diag_nearest(str_c(address), names, n);
  if (near.n)
    diag_help(&c->s.diags, g, "did you mean %.*s?", SV(near));
  else
    diag_help(&c->s.diags, g, "`quoin state list` shows what is recorded");
  return QN_E_NOTFOUND;
}

static void show_part(struct cli *c, const char *title, const struct value *v) {
  if (value_is_null(v)) return;
  printf("%s: ", title);
  cli_print_value(c, v, true);
}

int cmd_state_show(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_state(&w, 1, ST_READ);
  if (e) return done(&w, e);
  const char *address = cli_arg(c, 0);
  const struct sres *r = state_find(w.state, session_sym(&c->s, str_c(address)));
  if (!r) return done(&w, not_recorded(&w, address));
  if (c->o.json) {
    cli_print_value(c, cli_resource_value(c, r), true);
    return done(&w, QN_OK);
  }
  printf("%s (%s), generation %u%s\n", address, session_str(&c->s, r->type).p, r->generation,
         r->complete ? "" : ", incomplete");
  show_part(c, "identity", r->identity);
  show_part(c, "attributes", r->attributes);
  show_part(c, "applied", r->applied);
  show_part(c, "seen", r->seen);
  return done(&w, QN_OK);
}

int cmd_state_mv(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_state(&w, 2, ST_WRITE);
  if (e) return done(&w, e);
  sym from = session_sym(&c->s, str_c(cli_arg(c, 0))), to = session_sym(&c->s, str_c(cli_arg(c, 1)));
  if (!spec_address_ok(str_c(cli_arg(c, 1)))) {
    struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "\"%s\" is not an address", cli_arg(c, 1));
    diag_help(&c->s.diags, g, "addresses look like vpc, network.vpc or subnet[\"a\"]");
    return done(&w, QN_E_INVALID);
  }
  if (!state_find(w.state, from)) return done(&w, not_recorded(&w, cli_arg(c, 0)));
  if (state_find(w.state, to)) {
    struct diag *g = diag_add(&c->s.diags, QN0816, SPAN_NONE, "%s is recorded already", cli_arg(c, 1));
    diag_help(&c->s.diags, g, "`quoin state show %s` shows it; `quoin state rm` forgets it first",
              cli_arg(c, 1));
    return done(&w, QN_E_EXISTS);
  }
  e = state_mv(w.state, from, to);
  if (!e) e = state_commit(w.state);
  if (!e) printf("%s is now %s.\n", cli_arg(c, 0), cli_arg(c, 1));
  return done(&w, e);
}

int cmd_state_rm(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_state(&w, 1, ST_WRITE);
  if (e) return done(&w, e);
  const struct sres *r = state_find(w.state, session_sym(&c->s, str_c(cli_arg(c, 0))));
  if (!r) return done(&w, not_recorded(&w, cli_arg(c, 0)));
  e = state_forget(w.state, r->address, r->generation);
  if (!e) e = state_commit(w.state);
  if (!e) printf("%s is forgotten. The object itself was not touched.\n", cli_arg(c, 0));
  return done(&w, e);
}

static enum qn_err print_output(struct world *w, const struct value *outputs, const char *name) {
  struct cli *c = w->c;
  const struct value *v = outputs ? value_get(&c->s, outputs, str_c(name)) : NULL;
  if (!v) {
    struct str names[256];
    size_t n = 0;
    for (uint32_t i = 0; value_is(outputs, V_MAP) && i < outputs->n && n < 256; i++)
      names[n++] = session_str(&c->s, outputs->members[i].key);
    struct diag *g = diag_add(&c->s.diags, QN0814, SPAN_NONE, "no output %s is recorded", name);
    struct str near = diag_nearest(str_c(name), names, n);
    if (near.n)
      diag_help(&c->s.diags, g, "did you mean %.*s?", SV(near));
    else
      diag_help(&c->s.diags, g, "`quoin output` shows those of the last apply");
    return QN_E_NOTFOUND;
  }
  if (c->o.raw && value_is(v, V_STR))
    printf("%.*s\n", SV(value_text(v)));
  else
    cli_print_value(c, v, c->o.json);
  return QN_OK;
}

/* `quoin output dev` where an environment has to be named: no output's name alone would do there. */
static void take_environment(struct cli *c) {
  const char *word = c->o.args.n == 1 ? cli_arg(c, 0) : NULL;
  const char *set = c->s.out.getenv(c->s.out.user, "QUOIN_ENV");
  if (!word || c->o.env || (set && *set)) return;
  struct diags *d = &c->s.diags;
  size_t said = d->n, errors = d->n_errors, n = 0;
  const sym *names = NULL;
  const struct ynode *parsed = NULL;
  if (spec_environments(&c->s, c->o.spec, &names, &n, &parsed)) n = 0;
  d->n = said; /* what is wrong with the spec is said where its names are needed */
  d->n_errors = errors;
  for (size_t i = 0; n > 1 && i < n && c->o.args.n; i++)
    if (str_eq(session_str(&c->s, names[i]), str_c(word))) {
      c->o.env = word;
      c->o.args.n = 0;
    }
}

int cmd_output(struct cli *c) {
  struct world w = {.c = c};
  take_environment(c);
  enum qn_err e = open_state(&w, 1, ST_READ);
  if (e) return done(&w, e);
  const struct value *outputs = state_outputs(w.state);
  const char *name = cli_arg(c, 0);
  if (name) return done(&w, print_output(&w, outputs, name));
  if (!value_is(outputs, V_MAP) || !outputs->n)
    cli_say(c, "No outputs are recorded in %s.\n", world_state_root(&w));
  if (c->o.json) cli_print_value(c, outputs ? outputs : value_map(&c->s.arena, NULL, 0), true);
  for (uint32_t i = 0; !c->o.json && value_is(outputs, V_MAP) && i < outputs->n; i++) {
    printf("%s = ", session_str(&c->s, outputs->members[i].key).p);
    cli_print_value(c, outputs->members[i].value, false);
  }
  return done(&w, QN_OK);
}
