/* quoin apply and destroy: settle, plan, ask, carry out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "live.h"
#include "quoin/file.h"
#include "quoin/lookup.h"

/* Set by the signal handler; the pipe wakes the event loop. */
static volatile sig_atomic_t interrupts;
static int wake_pipe[2] = {-1, -1};

static void on_signal(int sig) {
  (void)sig;
  int saved = errno;
  interrupts = interrupts + 1;
  ssize_t n = write(wake_pipe[1], "", 1); /* a full pipe wakes as well */
  (void)n;
  errno = saved;
}

/* Until a plan is carried out a signal ends the program at once, which no state minds. From here on it
 * asks the run to finish what is in flight. */
static void catch_signals(struct apply_options *o) {
  if (pipe(wake_pipe) != 0) wake_pipe[0] = wake_pipe[1] = -1;
  for (int i = 0; i < 2 && wake_pipe[i] >= 0; i++) {
    fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
    fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
  }
  o->wake_fd = wake_pipe[0];
  struct sigaction sa = {.sa_handler = on_signal};
  sigemptyset(&sa.sa_mask);
  sigaction(SIGINT, &sa, NULL);
  sigaction(SIGTERM, &sa, NULL);
  sigaction(SIGHUP, &sa, NULL);
}

struct run {
  struct world w;
  struct live live;
  struct apply_options options;
  bool destroy;
};

static enum qn_err secret_value(void *user, struct str ref, const struct value **out) {
  struct run *r = user;
  return cloud_secret(r->w.rd, r->w.cloud, r->w.wire, ref, r->w.env.region, out);
}

static void run_event(void *user, const struct apply_event *e) {
  live_event(&((struct run *)user)->live, e);
}
static void run_tick(void *user) {
  char bytes[64]; /* heard: interrupts says it from now on, and the pipe does not wake for ever */
  while (wake_pipe[0] >= 0 && read(wake_pipe[0], bytes, sizeof bytes) > 0) continue;
  live_tick(&((struct run *)user)->live);
}

static enum qn_err take_options(struct run *r) {
  struct cli *c = r->w.c;
  live_init(&r->live, c);
  r->options = (struct apply_options){.interrupts = &interrupts,
                                      .wake_fd = -1,
                                      .user = r,
                                      .event = run_event,
                                      .tick = run_tick,
                                      .secret = secret_value};
  static const char *const words[] = {
      [ON_ERROR_CONTINUE] = "continue", [ON_ERROR_STOP] = "stop", [ON_ERROR_ROLLBACK] = "rollback"};
  size_t i = 0;
  if (!c->o.on_error) return QN_OK;
  while (i < sizeof words / sizeof *words && strcmp(c->o.on_error, words[i]) != 0) i++;
  r->options.on_error = (enum on_error)i;
  if (i < sizeof words / sizeof *words) return QN_OK;
  diag_add(&c->s.diags, QN0006, SPAN_NONE, "-on-error is continue, stop or rollback, not %s", c->o.on_error);
  return QN_E_INVALID;
}

static enum qn_err check_rollback(struct run *r, const struct plan *p) {
  r->options.schema = r->w.schema;
  if (r->options.on_error != ON_ERROR_ROLLBACK || !p->destroy) return QN_OK;
  diag_add(&r->w.c->s.diags, QN0006, SPAN_NONE,
           "-on-error=rollback is for changes: what is destroyed cannot be brought back");
  return QN_E_INVALID;
}

static enum qn_err open_for_writing(struct run *r) {
  enum qn_err e = world_cloud(&r->w);
  if (!e) e = world_state(&r->w, ST_WRITE);
  uint32_t settled = 0;
  if (!e)
    e = apply_settle(&r->w.c->s, r->w.state, r->w.providers, r->w.cloud, &r->w.env, &r->options, &settled);
  return e;
}

static enum qn_err make_plan(struct run *r, struct plan *p) {
  struct world *w = &r->w;
  enum qn_err e = world_spec(w, cli_arg(w->c, 0), true);
  if (!e) e = open_for_writing(r);
  return e ? e : world_plan(w, r->destroy, p);
}

static enum qn_err load_plan(struct run *r, const char *path, struct plan *p) {
  struct world *w = &r->w;
  struct str text;
  enum qn_err e = cli_read_plan_file(w->c, path, &text);
  if (!e) e = world_tables(w);
  if (!e) e = plan_read(&w->c->s, text, w->providers, p);
  if (!e) e = plan_check_maker(p, w->providers);
  if (e) return e;
  w->env = p->env;
  w->compiled.env = p->env;
  if ((e = open_for_writing(r))) return e;
  p->env.account = w->env.account; /* a plan that did not read the cloud may not know whose it is */
  p->env.partition = w->env.partition;
  return state_check_base(w->state, p->lineage, p->base);
}

static void print_letter(struct cli *c, const struct plan *p) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  struct render_options ro = cli_render(c);
  plan_render_text(p, &ro, &out);
  cli_print(c, buf_str(&out));
  fflush(stdout);
  buf_release(&out);
}

static enum qn_err ask(struct run *r, const struct plan *p) {
  if (plan_empty(p)) return QN_OK;
  return cli_approve(
      r->w.c, r->destroy ? "Destroy all of this? There is no way back." : "Apply this?",
      r->destroy
          ? "run with -auto-approve, or save a plan with `quoin plan -destroy -out FILE` and apply that"
          : "run with -auto-approve, or save a plan with `quoin plan -out FILE` and apply that",
      r->options.wake_fd, &interrupts);
}

/* `protect: true` in an environment: it does not end by a mistyped name or a script. */
static enum qn_err check_protected(struct cli *c, const struct plan *p) {
  struct str name = session_str(&c->s, p->env.name);
  if (!p->destroy || !p->env.protect || plan_empty(p)) return QN_OK;
  if (c->o.confirm && str_eq(str_c(c->o.confirm), name)) return QN_OK;
  struct diag *g = diag_add(&c->s.diags, QN0818, SPAN_NONE, "environment %.*s is protected", SV(name));
  diag_help(&c->s.diags, g, "to destroy it all the same, add -confirm=%.*s", SV(name));
  return QN_E_REFUSED;
}

static void print_left_json(struct cli *c, const struct apply_result *res) {
  static const char *const words[] = {
      [RB_COMPLETE] = "complete", [RB_INCOMPLETE] = "incomplete", [RB_UNKNOWN] = "interrupted"};
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  buf_addf(&b, ",\"rollback\":\"%s\",\"undone\":{\"destroyed\":%u,\"changed\":%u},\"left\":[",
           words[res->rollback], res->undone_deleted, res->undone_updated);
  for (uint32_t i = 0; i < res->n_left; i++) {
    buf_addz(&b, i ? ",{\"address\":" : "{\"address\":");
    json_escape(&b, session_str(&c->s, res->left[i].address));
    buf_addz(&b, ",\"why\":");
    json_escape(&b, res->left[i].why);
    buf_addc(&b, '}');
  }
  buf_addc(&b, ']');
  cli_print(c, buf_str(&b));
  buf_release(&b);
}

/* After the line of what was done before the run turned round. */
static void print_rollback(struct cli *c, const struct apply_result *res) {
  printf("Rollback %s: %u destroyed, %u changed back.\n",
         res->rollback == RB_COMPLETE     ? "complete"
         : res->rollback == RB_INCOMPLETE ? "incomplete"
                                          : "not finished",
         res->undone_deleted, res->undone_updated);
  if (res->rollback == RB_COMPLETE) printf("The environment is as it was before this apply.\n");
  if (res->rollback == RB_UNKNOWN)
    printf(
        "The environment is between both states; what is done is recorded, and the next apply goes on from "
        "there.\n");
  if (res->rollback != RB_INCOMPLETE) return;
  printf("The environment is as it was before this apply, but for:\n");
  for (uint32_t i = 0; i < res->n_left; i++)
    printf("  %s: %.*s\n", session_str(&c->s, res->left[i].address).p, SV(res->left[i].why));
}

static void print_summary(struct run *r, const struct apply_result *res, enum qn_err e) {
  struct cli *c = r->w.c;
  if (c->o.json) {
    printf("{\"event\":\"summary\",\"ok\":%s,\"added\":%u,\"changed\":%u,\"destroyed\":%u,\"forgotten\":%u,"
           "\"failed\":%u,\"skipped\":%u",
           e ? "false" : "true", res->created, res->updated, res->deleted, res->forgotten, res->failed,
           res->skipped);
    if (res->rollback) print_left_json(c, res);
    printf("}\n");
    return;
  }
  const char *end = res->interrupted ? "interrupted" : e ? "incomplete" : "complete";
  if (r->destroy)
    printf("\nDestroy %s: %u destroyed", end, res->deleted);
  else
    printf("\nApply %s: %u added, %u changed, %u destroyed", end, res->created, res->updated, res->deleted);
  if (res->forgotten) printf(", %u forgotten", res->forgotten);
  if (res->failed || res->skipped) printf("; %u failed, %u not started", res->failed, res->skipped);
  printf(".\n");
  if (res->rollback) {
    print_rollback(c, res);
    return;
  }
  if (res->interrupted) printf("What is done is recorded; the next apply goes on from there.\n");
  for (uint32_t i = 0; value_is(res->outputs, V_MAP) && i < res->outputs->n; i++) {
    printf("%s%s = ", i ? "" : "\nOutputs:\n", session_str(&c->s, res->outputs->members[i].key).p);
    cli_print_value(c, res->outputs->members[i].value, false);
  }
}

static enum qn_err carry_out(struct run *r, const struct plan *p, struct apply_result *res) {
  const struct value *outputs = state_outputs(r->w.state); /* those that the spec has no more are to go */
  bool quiet = plan_empty(p) && !p->n_outputs && !(outputs && outputs->n) &&
               !state_open_intents(r->w.state); /* a lost create that nobody wants any more is closed */
  enum qn_err e = quiet ? QN_OK : apply_run(p, r->w.state, r->w.providers, r->w.cloud, &r->options, res);
  live_end(&r->live);
  print_summary(r, res, e);
  return e;
}

static int run(struct cli *c, bool destroy) {
  struct run r = {.w = {.c = c}, .destroy = destroy};
  struct plan p;
  const char *arg = cli_arg(c, 0);
  bool saved = !destroy && cli_is_plan_file(arg);
  enum qn_err e = take_options(&r);
  if (!e) e = saved ? load_plan(&r, arg, &p) : make_plan(&r, &p);
  if (!e) e = check_rollback(&r, &p);
  if (!e && !c->o.json) print_letter(c, &p);
  if (!e) e = check_protected(c, &p);
  if (!e) catch_signals(&r.options);
  if (!e && !saved) e = ask(&r, &p);
  struct apply_result res = {0};
  if (!e) e = carry_out(&r, &p, &res);
  fflush(stdout);
  int code = cli_finish(c, e);
  if (res.rollback == RB_COMPLETE || (code == XC_ERROR && res.rolled_back)) code = XC_ROLLED_BACK;
  world_close(&r.w);
  return code;
}

int cmd_apply(struct cli *c) {
  return run(c, false);
}
int cmd_destroy(struct cli *c) {
  return run(c, true);
}
