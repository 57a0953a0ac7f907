/* One run: checks, the run record, the loop, the end. */
#include "internal.h"

/* ---- memory of its parts --------------------------------------------------------- */

struct arena *run_lend(struct run *r) {
  if (r->idle.n) return r->idle.v[--r->idle.n];
  struct arena *a = malloc(sizeof *a);
  if (!a) return r->a;
  arena_init(a);
  VEC_PUSH(r->a, &r->arenas, a);
  return a;
}

void run_give_back(struct run *r, struct arena *a) {
  if (a && a != r->a) VEC_PUSH(r->a, &r->used, a);
}

void run_next_round(struct run *r) {
  for (size_t i = 0; i < r->used.n; i++) {
    arena_reset(r->used.v[i]);
    VEC_PUSH(r->a, &r->idle, r->used.v[i]);
  }
  r->used.n = 0;
}

/* Calls that are still in flight after a second Ctrl-C are never delivered: nothing polls any more. */
static void free_arenas(struct run *r) {
  for (size_t i = 0; i < r->arenas.n; i++) {
    arena_release(r->arenas.v[i]);
    free(r->arenas.v[i]);
  }
  r->arenas.n = r->idle.n = r->used.n = 0;
}

/* ---- a run ------------------------------------------------------------------------ */

static enum qn_err begin(struct run *r) {
  const struct plan *p = r->plan;
  enum qn_err e = state_check_base(r->st, p->lineage, p->base);
  if (!e) e = state_check_account(r->st, p->env.account);
  if (!e) e = state_run(r->st, plan_id(p), p->base, p->env.account, p->lookups);
  for (uint32_t i = 0; i < p->n_moves && !e && !r->undo; i++) { /* the way back has them at its end */
    e = state_mv(r->st, p->moves[i].from, p->moves[i].to);
    if (e == QN_E_NOTFOUND) e = QN_OK; /* only generations that are gone were left of it */
  }
  if (!e) e = settle_leave(r);
  return e ? e : state_commit(r->st);
}

static int interrupts(const struct run *r) {
  return r->o->interrupts ? *r->o->interrupts : 0;
}

static void look_for_interrupt(struct run *r) {
  int n = interrupts(r);
  if (n >= 1 && !r->interrupted) {
    r->interrupted = r->stopped = r->r->interrupted = true;
    if (r->calls.cancel) r->calls.cancel(r->calls.user);
  }
  if (n >= 2) r->now = true;
  if (r->interrupted || r->journal) drive_stop(r);
}

static void loop(struct run *r) {
  while (r->over < r->n_tasks) {
    look_for_interrupt(r);
    if (r->now) break;
    drive_pump(r);
    if (r->over == r->n_tasks) break;
    if (!r->in_flight && !r->queue.n && !r->waiting.n) {
      drive_stop(r); /* nothing can go on: what is left waits in a circle */
      break;
    }
    if (r->journal && !r->in_flight) continue;
    r->calls.poll(r->calls.user, drive_timeout(r),
                  r->interrupted ? -1 : r->o->wake_fd); /* the byte stays in it */
    if (r->o->tick) r->o->tick(r->o->user);
  }
  task_journal(r, state_commit(r->st));
}

static enum qn_err verdict(struct run *r, enum qn_err finish) {
  if (r->journal) return QN_E_IO;
  if (r->interrupted) return QN_E_CANCELLED;
  if (r->r->failed || r->r->skipped) return QN_E_REMOTE;
  return finish;
}

enum qn_err run_carry_out(struct run *r) {
  enum qn_err e = begin(r);
  if (e) return e;
  if (r->o->on_error == ON_ERROR_ROLLBACK) rollback_remember(r);
  tasks_make(r);
  if ((e = replacements_check(r))) return e;
  loop(r);
  bool back = r->o->on_error == ON_ERROR_ROLLBACK && r->r->failed && !r->interrupted && !r->journal;
  e = back ? rollback_run(r) : verdict(r, run_finish(r));
  free_arenas(r);
  return e;
}

enum qn_err apply_run(const struct plan *plan, struct state *st, const struct providers *p, struct cloud *c,
                      const struct apply_options *o, struct apply_result *result) {
  *result = (struct apply_result){0};
  struct run r = {.s = plan->s,
                  .a = &plan->s->arena,
                  .plan = plan,
                  .env = &plan->env,
                  .st = st,
                  .prov = p,
                  .o = o,
                  .calls = o->calls ? *o->calls : cloud_calls(c),
                  .limit = o->concurrency ? o->concurrency : 32,
                  .cloud = c,
                  .lookups = state_lookups(st),
                  .r = result};
  return state_damaged(st) ? QN_E_DAMAGED : run_carry_out(&r);
}
