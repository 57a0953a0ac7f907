/* Calls whose answers were lost within a run, and creates that may be sent again with their token. What may
 * have been carried out is looked at before anything else is sent; what is then still to be done goes out as
 * a call of its own, with an intent of its own (docs/state.md). */
#include "internal.h"

/* ---- counting --------------------------------------------------------------------- */

void settle_lost(struct task *t, uint32_t step) {
  t->ambiguous = true;
  if (t->lost_step != step) t->losses = 0;
  t->lost_step = step;
  t->losses++;
  t->all_losses++;
}

void settle_answered(struct task *t, uint32_t step) {
  if (t->lost_step == step) t->losses = 0;
}

/* ---- looking ------------------------------------------------------------------------ */

/* Half of the pause is drawn, so that many do not come back at the same moment. */
static uint32_t pause_ms(const struct task *t) {
  const struct session *s = t->run->s;
  uint32_t most = LOOK_MS, drawn = 0;
  for (unsigned i = 1; i < t->losses && most < LOOK_MAX_MS; i++) most *= 2;
  if (!s->out.random(s->out.user, &drawn, sizeof drawn)) drawn = 0;
  return most / 2 + drawn % (most / 2);
}

static bool is_create(const struct task *t, const struct sres *known) {
  return t->kind == OP_CREATE && !known->identity;
}

bool settle_later(struct task *t) {
  struct run *r = t->run;
  if (!t->ambiguous || r->journal || r->interrupted) return false;
  if (t->losses >= MAX_LOSSES || t->all_losses >= MAX_ALL_LOSSES) return false;
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  if (!known) return false;
  t->look = true;
  t->state = T_PAUSED;
  t->resume_at = r->s->out.boot_ms(r->s->out.user) + pause_ms(t);
  VEC_PUSH(r->a, &r->waiting, t);
  if (is_create(t, known))
    task_event(t, AE_SETTLING, STR("no answer; looking for it"));
  else
    task_event(t, AE_WAITING, STR("no answer; looking what became of it"));
  return true;
}

void settle_now(struct task *t) {
  struct run *r = t->run;
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  enum qn_err e = known ? QN_OK : QN_E_INVALID;
  t->look = false;
  t->lost = true;
  if (known && is_create(t, known)) {
    task_operate(t, OP_SETTLE_CREATE);
    return;
  }
  if (known) {
    t->identity = known->identity;
    t->attributes = known->attributes;
    e = settle_others(r->st, r->s, r->prov, t->c->address, t->generation);
    if (!e && t->kind != OP_DELETE) task_put_wanted(t);
  }
  task_journal(r, e);
  if (e)
    task_refuse(t, op_result(t->op));
  else
    task_operate(t, t->kind);
}

static void create_anew(struct task *t, bool same_generation) {
  t->identity = t->attributes = NULL;
  if (!same_generation) task_new_generation(t);
  task_operate(t, OP_CREATE);
}

void settle_create_over(struct task *t) {
  struct run *r = t->run;
  const struct op_result *res = op_result(t->op);
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  /* Not found: with a token the same request may go again; whether it is the same is seen when it is made. */
  if (res->settled == SV_NONE && known && def_token_ttl_ms(t->c->def)) {
    create_anew(t, true);
    return;
  }
  enum qn_err e = known ? settle_record(r->s, r->st, t->c->def, known, res) : QN_E_INVALID;
  task_journal(r, e);
  if (e) {
    task_fail(t, STR(""), STR("what became of the interrupted create cannot be recorded"));
    return;
  }
  if (res->settled == SV_FOREIGN) {
    task_refuse(t, res);
    return;
  }
  if (res->settled != SV_FOUND && res->settled != SV_SEVERAL) {
    /* It was not made: a new generation, so that a late arrival of the lost call is never taken for this. */
    create_anew(t, false);
    return;
  }
  known = state_find(r->st, t->c->address);
  t->generation = known->generation;
  t->identity = res->identity;
  t->attributes = res->attributes;
  task_operate(t, OP_CREATE); /* goes on with what the create did not carry */
}

/* ---- creates that are sent again ------------------------------------------------------- */

bool settle_pending(const struct sres *r) {
  for (size_t i = 0; i < r->open.n; i++)
    if (r->open.v[i].kind == 'c') return !r->identity;
  return false;
}

bool settle_holds(const struct session *s, const struct def *d, const struct intent *in) {
  int64_t age = s->out.now_ms(s->out.user) - in->at_ms, ttl = (int64_t)def_token_ttl_ms(d);
  return in->kind == 'c' && age >= 0 && age < ttl;
}

bool settle_may_resend(const struct task *t, const struct sres *known, const struct intent *in) {
  for (size_t i = 0; i < known->open.n; i++) {
    const struct intent *o = &known->open.v[i];
    if (o->step == in->step && str_eq(o->operation, in->operation) && str_eq(o->digest, in->digest))
      return settle_holds(t->run->s, t->c->def, o);
  }
  return false;
}

enum qn_err settle_close(struct session *s, struct state *st, const struct sres *r) {
  size_t n = r->open.n;
  uint64_t *open = ARENA_ARRAY(&s->arena, n, uint64_t);
  enum qn_err e = QN_OK;
  for (size_t i = 0; i < n; i++) open[i] = r->open.v[i].n;
  for (size_t i = 0; i < n && !e; i++) e = state_settled(st, open[i], NULL);
  return e;
}

bool settle_take_up(struct task *t) {
  struct run *r = t->run;
  for (uint32_t g = state_next_generation(r->st, t->c->address); g-- > 1;) {
    const struct sres *known = state_generation(r->st, t->c->address, g);
    if (!known || !settle_pending(known)) continue;
    if (known->type != t->c->type || known->region != t->c->region) {
      task_journal(r, settle_close(r->s, r->st, known));
      return false;
    }
    t->generation = g;
    t->uid = known->uid;
    t->identity = t->attributes = NULL;
    return true;
  }
  return false;
}

static bool planned(const struct plan *p, sym address) {
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (p->changes[i].address == address) return true;
  return false;
}

enum qn_err settle_leave(struct run *r) {
  for (;;) {
    size_t n, i = 0;
    const struct sres *v = state_resources(r->st, &n);
    while (i < n && (!settle_pending(&v[i]) || planned(r->plan, v[i].address))) i++;
    if (i == n) return QN_OK;
    enum qn_err e = settle_close(r->s, r->st, &v[i]);
    if (e) return e;
  }
}
