/* quoin state check and repair: is the journal whole, and the way out if it is not. */
#include "cli.h"
#include "live.h"

static enum qn_err open_damaged_too(struct world *w, enum state_mode mode) {
  w->damage_ok = true;
  enum qn_err e = world_names(w, cli_arg(w->c, 0));
  return e ? e : world_state(w, mode);
}

static int done(struct world *w, enum qn_err e) {
  fflush(stdout);
  int code = cli_finish(w->c, e);
  world_close(w);
  return code;
}

static const char *plural(uint64_t n) {
  return n == 1 ? "" : "s";
}

static void print_lost(const struct state_damage *d) {
  for (size_t i = 0; i < d->lost.n; i++) {
    const struct lost_records *l = &d->lost.v[i];
    printf("  lost      record%s %llu", plural(l->last - l->first + 1), (unsigned long long)l->first);
    if (l->last > l->first) printf(" to %llu", (unsigned long long)l->last);
    printf("\n");
  }
  for (size_t i = 0; i < d->unfit.n; i++)
    printf("  left out  record %llu, which is whole but needs what is lost\n",
           (unsigned long long)d->unfit.v[i]);
}

static void print_open(struct world *w) {
  static const char *const verbs[] = {['c'] = "create", ['u'] = "update", ['d'] = "delete"};
  size_t n;
  const struct sres *r = state_resources(w->state, &n);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < r[i].open.n; k++)
      printf("  open      %s, whose %s has no outcome\n", session_str(&w->c->s, r[i].address).p,
             verbs[r[i].open.v[k].kind]);
}

static void print_found(struct world *w) {
  size_t n;
  state_resources(w->state, &n);
  printf("  whole     %zu resource%s, up to record %llu\n", n, plural(n),
         (unsigned long long)state_seq(w->state));
  print_lost(state_damage(w->state));
  print_open(w);
}

static void print_check_json(struct world *w) {
  const struct state_damage *d = state_damage(w->state);
  size_t n;
  state_resources(w->state, &n);
  printf("{\"damaged\":%s,\"lineage\":\"%.*s\",\"records\":%llu,\"resources\":%zu,\"open_intents\":%zu,"
         "\"lost\":[",
         state_damaged(w->state) ? "true" : "false", SV(state_lineage(w->state)),
         (unsigned long long)state_seq(w->state), n, state_open_intents(w->state));
  for (size_t i = 0; i < d->lost.n; i++)
    printf("%s[%llu,%llu]", i ? "," : "", (unsigned long long)d->lost.v[i].first,
           (unsigned long long)d->lost.v[i].last);
  printf("],\"left_out\":[");
  for (size_t i = 0; i < d->unfit.n; i++) printf("%s%llu", i ? "," : "", (unsigned long long)d->unfit.v[i]);
  printf("]}\n");
}

int cmd_state_check(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_damaged_too(&w, ST_READ);
  if (e) return done(&w, e);
  bool damaged = state_damaged(w.state);
  if (c->o.json) {
    print_check_json(&w);
    c->s.diags.n = c->s.diags.n_errors = 0; /* said already */
    world_close(&w);
    return damaged ? XC_ERROR : XC_OK;
  }
  if (!state_seq(w.state) && !damaged)
    printf("%.*s has no state yet.\n", SV(session_str(&c->s, w.env.name)));
  else
    printf("%.*s is %s.\n", SV(session_str(&c->s, w.env.name)), damaged ? "damaged" : "whole");
  if (state_seq(w.state) || damaged) print_found(&w);
  return done(&w, damaged ? QN_E_DAMAGED : QN_OK);
}

/* ---- repair -------------------------------------------------------------------- */

/* The damage is what this is about: it is told, not complained of. */
static void print_plan(struct world *w) {
  struct cli *c = w->c;
  struct str name = session_str(&c->s, w->env.name);
  printf("%.*s is damaged", SV(name));
  for (size_t i = 0; i < c->s.diags.n; i++)
    if (c->s.diags.v[i]->code == QN0601) printf(": %.*s", SV(c->s.diags.v[i]->message));
  c->s.diags.n = c->s.diags.n_errors = 0;
  printf("\n\n");
  print_found(w);
  printf("\nRepair copies the files of the state into a folder beside them, writes what is whole as a new\n"
         "snapshot, and goes on in a new journal.");
  if (state_open_intents(w->state)) printf(" Then it looks up in the cloud what became of the open calls.");
  printf(" Nothing in\nthe cloud is changed.\n");
}

static void tell(void *user, const struct apply_event *e) {
  live_event(user, e);
}

static enum qn_err settle(struct world *w) {
  struct live live;
  uint32_t settled = 0;
  if (!state_open_intents(w->state)) return QN_OK;
  live_init(&live, w->c);
  struct apply_options o = {.wake_fd = -1, .user = &live, .event = tell, .tick = live_tick};
  enum qn_err e = world_spec(w, cli_arg(w->c, 0), true);
  if (!e) e = world_cloud(w);
  if (!e) e = state_check_account(w->state, w->env.account);
  if (!e) e = apply_settle(&w->c->s, w->state, w->providers, w->cloud, &w->env, &o, &settled);
  live_end(&live);
  if (e)
    printf(
        "What became of the open calls is not known yet; the next apply looks again before anything else.\n");
  else
    printf("%u open call%s settled.\n", settled, settled == 1 ? " is" : "s are");
  return e;
}

static void print_next(struct world *w, const struct state_damage *lost) {
  struct session *s = &w->c->s;
  struct str env = session_str(s, w->env.name);
  size_t n;
  const struct sres *r = state_resources(w->state, &n);
  printf("%zu resource%s recorded.\n", n, n == 1 ? " is" : "s are");
  for (size_t i = 0; i < n; i++)
    if (!r[i].complete) printf("  uncertain %s: not known to be finished\n", session_str(s, r[i].address).p);
  if (lost->lost.n)
    printf("What only the lost records said is not known: an object that they recorded may be missing here, "
           "one\n"
           "that they let go may still be here, and names, properties and outputs may be those of before.\n");
  printf(
      "\nNext: `quoin plan %.*s` compares all that is recorded with the cloud. What it would create although "
      "it\n"
      "exists (tags quoin:stack %.*s, quoin:env %.*s) is taken back with `quoin import ADDRESS ID %.*s`.\n",
      SV(env), SV(session_str(s, w->env.stack)), SV(env), SV(env));
}

static enum qn_err repair(struct world *w) {
  struct cli *c = w->c;
  enum qn_err e = open_damaged_too(w, ST_WRITE);
  if (e) return e;
  if (!state_damaged(w->state)) {
    printf("Nothing to repair: the state of %.*s is whole.\n", SV(session_str(&c->s, w->env.name)));
    return QN_OK;
  }
  print_plan(w);
  e = cli_approve(c, "Repair this?", "run with -auto-approve", -1, NULL);
  if (e) return e;
  struct state_damage lost = *state_damage(w->state);
  struct str aside;
  if ((e = state_repair(w->state, &aside))) return e;
  printf("\nRepaired. The files of before are in %s/%.*s/%.*s/%.*s.\n", world_state_root(w),
         SV(session_str(&c->s, w->env.stack)), SV(session_str(&c->s, w->env.name)), SV(aside));
  e = settle(w);
  print_next(w, &lost);
  return e;
}

int cmd_state_repair(struct cli *c) {
  struct world w = {.c = c};
  return done(&w, repair(&w));
}
