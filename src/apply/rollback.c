/* A run that failed is taken back: the way back is a plan as any other, made from what the state said when
 * the run began and says now, and carried out with the same journal. So it may be killed anywhere, too: what
 * is there then is what the state says, and the next apply goes on from it. */
#include "internal.h"

void rollback_remember(struct run *r) {
  const struct sres *all = state_resources(r->st, &r->n_before);
  struct sres *copy = ARENA_ARRAY(r->a, r->n_before, struct sres);
  if (r->n_before) memcpy(copy, all, r->n_before * sizeof *copy); /* values are never changed in place */
  r->before = copy;
}

static const struct sres *before_of(const struct run *r, sym address, uint32_t generation) {
  for (size_t i = 0; i < r->n_before; i++) {
    const struct sres *b = &r->before[i];
    if (b->address == address && (generation ? b->generation == generation : !b->deposed)) return b;
  }
  return NULL;
}

void rollback_restore(struct run *r, sym address) {
  const struct sres *was = before_of(r, address, 0);
  const struct sres *known = was ? state_generation(r->st, address, was->generation) : NULL;
  if (!known || !known->deposed || state_find(r->st, address)) return;
  struct sres put = *known;
  put.deposed = false;
  put.identity = put.attributes = put.applied = put.seen = NULL;
  task_journal(r, state_put(r->st, &put));
}

void rollback_moves(struct run *r) {
  for (uint32_t i = r->plan->n_moves; i-- > 0;) {
    struct move m = r->plan->moves[i];
    enum qn_err e = state_mv(r->st, m.to, m.from);
    if (e != QN_E_NOTFOUND && e != QN_E_EXISTS) task_journal(r, e);
    if (e != QN_E_EXISTS) continue;
    r->r->failed++;
    diag_add(&r->s->diags, QN0860, SPAN_NONE,
             "%.*s cannot be called %.*s again: another resource has the name", SV(session_str(r->s, m.to)),
             SV(session_str(r->s, m.from)));
  }
}

/* What the run only let go still exists and is known again. */
static enum qn_err take_up(struct run *failed) {
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < failed->n_tasks && !e; i++) {
    const struct task *t = &failed->tasks[i];
    bool let_go = t->c->action == ACT_FORGET && t->c->reason != CR_GONE && t->c->reason != CR_INTERRUPTED;
    if (!let_go || state_generation(failed->st, t->c->address, t->c->generation)) continue;
    const struct sres *was = before_of(failed, t->c->address, t->c->generation);
    if (was) e = state_put(failed->st, was);
  }
  return e;
}

static enum qn_err read_live(void *user, const struct read_item *items, uint32_t n, struct refreshed *out) {
  struct run *r = user;
  struct readset *rs = readset_new(r->s, r->a, r->prov, r->env->account, r->env->partition, items, n);
  if (!run_read(r, rs, r->a)) return QN_E_REMOTE;
  const struct read_result **results = ARENA_ARRAY(r->a, n, const struct read_result *);
  for (uint32_t i = 0; i < n; i++) results[i] = readset_result(rs, i);
  *out = (struct refreshed){results, readset_calls(rs), readset_bound(rs)};
  return QN_OK;
}

static void tell(struct run *r, enum apply_event_kind kind, const struct left_over *l, struct str text) {
  struct apply_event e = {.kind = kind, .text = text, .total = r->n_tasks, .rollback = true};
  if (l) {
    e.address = l->address;
    e.type = l->type;
  }
  if (r->o->event) r->o->event(r->o->user, &e);
}

static enum qn_err make_plan(struct run *failed, struct plan *out) {
  struct apply_result *res = failed->r;
  bool *skipped = ARENA_ARRAY(failed->a, failed->n_tasks, bool);
  for (uint32_t i = 0; i < failed->n_tasks; i++) skipped[i] = failed->tasks[i].skipped;
  struct undo u = {failed->plan, skipped, failed->before, failed->n_before};
  struct plan_options po = {.refresh = true, .allow_mass_loss = true, .read = read_live, .read_user = failed};
  uint32_t settled;
  enum qn_err e =
      apply_settle(failed->s, failed->st, failed->prov, failed->cloud, failed->env, failed->o, &settled);
  if (!e) e = take_up(failed);
  if (!e) e = plan_undo(&u, failed->st, failed->prov, failed->o->schema, &po, out, &res->left, &res->n_left);
  if (e) return e;
  out->lookups = failed->lookups;
  out->moves = failed->plan->moves;
  out->n_moves = failed->plan->n_moves;
  for (uint32_t i = 0; i < res->n_left; i++) tell(failed, AE_LEFT, &res->left[i], res->left[i].why);
  return QN_OK;
}

/* Changes of the way back that failed are left over as well. */
static void add_failed(struct run *failed, const struct run *back) {
  struct apply_result *res = failed->r;
  VEC(struct left_over) left = {0};
  for (uint32_t i = 0; i < res->n_left; i++) VEC_PUSH(failed->a, &left, res->left[i]);
  for (uint32_t i = 0; i < back->n_tasks; i++) {
    const struct task *t = &back->tasks[i];
    if (!t->failed && !t->skipped) continue;
    struct str why = t->failed ? STR("taking it back failed") : STR("it was not taken back");
    VEC_PUSH(failed->a, &left, ((struct left_over){t->c->address, t->c->type, why}));
  }
  res->left = left.v;
  res->n_left = (uint32_t)left.n;
}

static void report(struct run *failed) {
  const struct apply_result *res = failed->r;
  for (uint32_t i = 0; i < res->n_left; i++) {
    const struct left_over *l = &res->left[i];
    diag_add(&failed->s->diags, QN0860, SPAN_NONE, "%.*s is not as it was before: %.*s",
             SV(session_str(failed->s, l->address)), SV(l->why));
  }
}

enum qn_err rollback_run(struct run *failed) {
  struct apply_result *res = failed->r, undone = {0};
  struct plan plan;
  struct apply_options o = *failed->o;
  o.on_error = ON_ERROR_CONTINUE;
  res->rollback = RB_UNKNOWN;
  tell(failed, AE_ROLLBACK, NULL, STR(""));
  run_close(failed, ", rolling back");
  if (failed->journal) return QN_E_IO;
  enum qn_err e = make_plan(failed, &plan);
  struct run back = {.s = failed->s,
                     .a = failed->a,
                     .plan = &plan,
                     .env = failed->env,
                     .st = failed->st,
                     .prov = failed->prov,
                     .o = &o,
                     .calls = failed->calls,
                     .limit = failed->limit,
                     .cloud = failed->cloud,
                     .before = failed->before,
                     .n_before = failed->n_before,
                     .undo = true,
                     .r = &undone};
  if (e) return e;
  e = run_carry_out(&back);
  res->undone_deleted = undone.deleted;
  res->undone_updated = undone.updated;
  res->interrupted = undone.interrupted;
  if (e == QN_E_CANCELLED || e == QN_E_IO) return e;
  add_failed(failed, &back);
  report(failed);
  res->rollback = e || res->n_left ? RB_INCOMPLETE : RB_COMPLETE;
  return QN_E_REMOTE;
}
