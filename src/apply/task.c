/* What a change means: which operation, on which generation, and what is
 * written down when it ends. */
#include "internal.h"

static int64_t now(const struct run *r) {
  return r->s->out.boot_ms(r->s->out.user);
}

void task_journal(struct run *r, enum qn_err e) {
  if (e && !r->journal) r->journal = e;
}

/* ---- operations ------------------------------------------------------------------ */

static struct op_scope scope_of(const struct task *t) {
  const struct run *r = t->run;
  const struct change *c = t->c;
  bool first = !t->lost && t->kind != OP_SETTLE_CREATE && t->kind != OP_CREATE;
  return (struct op_scope){.address = c->address,
                           .region = c->region,
                           .account = r->env->account,
                           .partition = r->env->partition,
                           .uid = t->uid,
                           .new_props = t->kind == OP_DELETE ? NULL : t->send,
                           .old_props = t->kind == OP_CREATE && !t->identity ? NULL : c->applied,
                           .live = first ? c->live : NULL,
                           .identity = t->kind == OP_SETTLE_CREATE ? NULL : t->identity,
                           .attributes = t->attributes,
                           .tags = ownership_tags(r->s, t->a, r->env, c->address, t->uid),
                           .timeouts = c->timeouts,
                           .on_destroy = c->on_destroy,
                           .wanted = c->reads,
                           .n_wanted = c->n_reads,
                           .read_first = t->lost && t->kind != OP_SETTLE_CREATE};
}

void task_operate(struct task *t, enum op_kind kind) {
  struct run *r = t->run;
  t->kind = kind;
  t->ambiguous = t->mutated = t->alone = false;
  if (!t->a) t->a = run_lend(r);
  struct op_scope sc = scope_of(t);
  bool some = kind == OP_UPDATE || (kind == OP_CREATE && t->resume);
  t->op =
      op_new(r->s, t->a, r->prov, t->c->def, kind, &sc, some ? t->changed : NULL, some ? t->n_changed : 0);
  task_advance(t);
}

/* ---- records ----------------------------------------------------------------------- */

/* The facts of the change itself, over what the state has of the generation. */
static struct sres facts(const struct task *t) {
  const struct run *r = t->run;
  const struct change *c = t->c;
  const struct sres *known = state_generation(r->st, c->address, t->generation);
  struct sres out = known ? *known : (struct sres){.address = c->address, .generation = t->generation};
  out.type = c->type;
  out.region = c->region;
  out.account = r->env->account;
  out.partition = r->env->partition;
  out.uid = t->uid;
  out.protect = c->protect;
  out.on_destroy = c->on_destroy;
  out.deps = c->deps;
  out.n_deps = c->n_deps;
  out.identity = out.attributes = out.applied = out.seen = NULL;
  return out;
}

static void put(struct task *t, const struct sres *r) {
  task_journal(t->run, state_put(t->run->st, r));
}

/* Everything wanted is there. */
static void put_complete(struct task *t, const struct op_result *res) {
  struct sres r = facts(t);
  r.complete = true;
  r.wanted = NULL;
  r.unconfirmed.n = 0;
  r.applied = t->record;
  if (res) {
    r.identity = res->identity;
    r.attributes = res->attributes;
  }
  put(t, &r);
}

void task_put_wanted(struct task *t) {
  struct sres r = facts(t);
  r.complete = false;
  r.wanted = t->record;
  put(t, &r);
}

void task_new_generation(struct task *t) {
  struct run *r = t->run;
  t->generation = state_next_generation(r->st, t->c->address);
  t->uid = state_uid(r->st, r->a, t->c->address, t->generation);
  t->identity = t->attributes = NULL;
  task_put_wanted(t);
}

static void end_generation(struct task *t) {
  struct run *r = t->run;
  if (state_generation(r->st, t->c->address, t->generation))
    task_journal(r, state_forget(r->st, t->c->address, t->generation));
  if (r->undo) rollback_restore(r, t->c->address);
}

/* ---- failures ------------------------------------------------------------------------- */

static const char *verb(const struct task *t) {
  switch (t->action) {
  case ACT_CREATE: return "create";
  case ACT_UPDATE: return "update";
  case ACT_DELETE: return "delete";
  case ACT_NONE:
  case ACT_FORGET: break;
  }
  return "record";
}

void task_fail(struct task *t, struct str code, struct str message) {
  struct run *r = t->run;
  struct diag *g = diag_add(&r->s->diags, QN0850, t->c->span, "cannot %s %.*s: %.*s", verb(t),
                            SV(session_str(r->s, t->c->address)), SV(message.n ? message : code));
  if (code.n && message.n) diag_note(&r->s->diags, g, SPAN_NONE, "the service answered %.*s", SV(code));
  task_event(t, AE_FAILED, message.n ? message : code);
  task_over(t, true);
}

static bool denied(struct str code) {
  return str_starts(code, STR("AccessDenied")) || str_starts(code, STR("Unauthorized")) ||
         str_eq(code, STR("AuthorizationError"));
}

static void fail_exists(struct task *t, const struct op_result *res) {
  struct run *r = t->run;
  struct str address = session_str(r->s, t->c->address), id = STR("ID");
  if (value_is(res->others, V_MAP)) id = def_identity_text(r->s, r->a, t->c->def, res->others);
  struct diag *g = diag_add(
      &r->s->diags, QN0851, t->c->span, "cannot create %.*s: %.*s", SV(address),
      SV(res->message.n ? res->message : STR("an object of this name exists and is not managed here")));
  if (res->code.n) diag_note(&r->s->diags, g, SPAN_NONE, "the service answered %.*s", SV(res->code));
  diag_help(&r->s->diags, g, "choose another name, or take it over with `quoin import '%.*s' '%.*s'`",
            SV(address), SV(id));
  task_event(t, AE_FAILED, res->message);
  task_over(t, true);
}

void task_refuse(struct task *t, const struct op_result *res) {
  struct run *r = t->run;
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  if (known && !known->identity && !known->open.n) end_generation(t); /* nothing was made */
  if (r->interrupted) {
    task_event(t, AE_FAILED, STR("interrupted"));
    task_over(t, true);
    return;
  }
  if (res->exists || res->settled == SV_FOREIGN) {
    fail_exists(t, res);
    return;
  }
  r->r->rolled_back += res->rolled_back;
  struct str message = res->message.n ? res->message : res->code.n ? res->code : STR("no answer");
  struct diag *g = diag_add(&r->s->diags, QN0850, t->c->span, "cannot %s %.*s: %.*s", verb(t),
                            SV(session_str(r->s, t->c->address)), SV(message));
  if (res->because.n) diag_note(&r->s->diags, g, SPAN_NONE, "%.*s", SV(res->because));
  if (res->code.n && res->message.n)
    diag_note(&r->s->diags, g, SPAN_NONE, "the service answered %.*s", SV(res->code));
  if (res->request_id.n) diag_note(&r->s->diags, g, SPAN_NONE, "request id %.*s", SV(res->request_id));
  if (known && known->open.n)
    diag_help(&r->s->diags, g, "what became of the last call is not known; the next apply looks first");
  else if (denied(res->code))
    diag_help(&r->s->diags, g, "a policy has to allow this to the credentials; then apply again");
  task_event(t, AE_FAILED, message);
  task_over(t, true);
}

/* ---- steps ---------------------------------------------------------------------------- */

static void deleted(struct task *t, const struct op_result *res) {
  struct run *r = t->run;
  end_generation(t);
  if (!res->remains.n) return;
  diag_add(&r->s->diags, QN0858, t->c->span, "%.*s was deleted, but %.*s",
           SV(session_str(r->s, t->c->address)), SV(res->remains));
}

static void finish(struct task *t) {
  switch (t->kind) {
  case OP_SETTLE_CREATE: settle_create_over(t); return;
  case OP_CREATE:
  case OP_UPDATE: put_complete(t, op_result(t->op)); break;
  case OP_DELETE: deleted(t, op_result(t->op)); break;
  }
  task_over(t, false);
}

static void wait_until(struct task *t) {
  struct run *r = t->run;
  t->state = T_PAUSED;
  t->resume_at = now(r) + t->step.pause_ms;
  VEC_PUSH(r->a, &r->waiting, t);
  task_event(t, t->kind == OP_SETTLE_CREATE ? AE_SETTLING : AE_WAITING, t->step.waiting_for);
}

void task_take(struct task *t) {
  switch (t->step.what) {
  case OPW_CALL:
    t->state = T_STEP;
    queue_push(t->run, t);
    return;
  case OPW_PAUSE: wait_until(t); return;
  case OPW_DONE: finish(t); return;
  case OPW_FAILED:
    if (!settle_later(t)) task_refuse(t, op_result(t->op));
    return;
  }
}

void task_advance(struct task *t) {
  if (t->look) {
    settle_now(t);
    return;
  }
  op_next(t->op, now(t->run), &t->step);
  task_take(t);
}

/* ---- beginnings -------------------------------------------------------------------------- */

static void keep_old(struct task *t) {
  const struct change *old = t->run->tasks[t->c->pair].c;
  const struct sres *known = state_generation(t->run->st, old->address, old->generation);
  t->generation = old->generation;
  t->uid = known ? known->uid : old->uid;
  t->identity = old->identity;
  t->attributes = old->attributes;
}

static void begin_update(struct task *t) {
  struct run *r = t->run;
  if (!task_resolve(t)) return;
  task_narrow(t);
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  if (known && settle_pending(known)) { /* the plan saw it, the journal has yet to say so */
    t->identity = t->attributes = NULL;
    task_operate(t, OP_SETTLE_CREATE);
    return;
  }
  t->resume = known && known->identity && !known->complete;
  t->action = t->n_changed ? ACT_UPDATE : ACT_NONE;
  if (t->n_changed || t->resume) {
    task_put_wanted(t); /* from here until all is acknowledged and waited for, it counts as unfinished */
    t->identity = known ? known->identity : t->identity;
    task_operate(t, t->resume ? OP_CREATE : OP_UPDATE);
    return;
  }
  if (known) put_complete(t, NULL);
  task_over(t, false);
}

static void begin_create(struct task *t) {
  bool replace = task_replaces(t);
  if (t->state == T_OVER) return;
  if (!replace) {
    keep_old(t);
    begin_update(t);
    return;
  }
  if (!task_resolve(t)) return;
  if (!settle_take_up(t)) task_new_generation(t);
  task_operate(t, OP_CREATE);
}

/* Of what is deleted, or kept in the cloud and forgotten. */
static void begin_end(struct task *t) {
  bool replace = task_replaces(t);
  if (t->state == T_OVER) return;
  if (replace && t->c->action == ACT_DELETE) {
    if (task_makes_room(t)) task_operate(t, OP_DELETE);
    return;
  }
  if (replace) {
    end_generation(t);
    task_over(t, false);
    return;
  }
  t->action = ACT_NONE;
  task_over(t, false);
}

void task_begin(struct task *t) {
  if (change_only_orders(t->c)) {
    task_over(t, false);
    return;
  }
  t->started = now(t->run);
  task_event(t, AE_STARTED, STR(""));
  switch (t->c->action) {
  case ACT_CREATE: begin_create(t); return;
  case ACT_NONE:
  case ACT_UPDATE: begin_update(t); return;
  case ACT_DELETE:
  case ACT_FORGET: begin_end(t); return;
  }
}
