/* Calls and their journal. One round: due waiters go on, queued work is taken
 * by priority as far as the limit allows, intents are written, one commit makes
 * them and all outcomes since the last round durable, then the calls are sent.
 * Nothing that follows from an outcome is sent before that outcome is durable. */
#include "internal.h"

static int64_t now(const struct run *r) {
  return r->s->out.boot_ms(r->s->out.user);
}

static void on_reply(void *user, const struct reply *reply);

/* ---- outcomes ----------------------------------------------------------------------- */

static bool sure(const struct reply *r) {
  return !r->maybe_executed && r->cls != EC_AMBIGUOUS && r->cls != EC_BAD_REPLY && r->cls != EC_SERVER;
}

/* What a step acknowledged: paths with values, and paths that are gone. */
static void acknowledged(struct task *t, const struct op_step *step, struct outcome *oc) {
  struct run *r = t->run;
  struct str *removed = ARENA_ARRAY(t->a, step->n_paths, struct str);
  const struct value *map = NULL;
  for (uint32_t i = 0; i < step->n_paths; i++) {
    struct str path;
    str_cut(step->paths[i], '[', &path);
    const struct value *v = t->record ? value_at(r->s, t->record, path) : NULL;
    if (value_is_null(v))
      removed[oc->n_removed++] = path;
    else
      map = value_put(t->a, map ? map : value_map(t->a, NULL, 0), session_sym(r->s, path), v);
  }
  oc->applied = map;
  oc->removed = removed;
}

/* Earlier intents of a create that was sent again with its token are about the same object. */
static void close_earlier(struct task *t) {
  struct run *r = t->run;
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  if (known && known->identity && known->open.n) task_journal(r, settle_close(r->s, r->st, known));
}

/* A create that was sent again and is told that its object exists: an earlier one made it. */
static bool made_before(const struct task *t, const struct op_result *res) {
  const struct sres *known = state_generation(t->run->st, t->c->address, t->generation);
  return t->kind == OP_CREATE && res->exists && known && known->open.n > 1;
}

static void record_outcome(struct task *t, const struct op_step *was, const struct reply *reply) {
  struct run *r = t->run;
  const struct op_result *res = op_result(t->op);
  struct outcome oc = {.intent = t->intent, .kind = OC_OK};
  bool again = t->step.what == OPW_PAUSE && reply->err && str_eq(t->step.waiting_for, reply->code);
  if (reply->err && (again || t->step.what == OPW_FAILED)) {
    if (reply->cls == EC_CANCELLED && !reply->maybe_executed) {
      oc.kind = OC_NOT_SENT;
    } else if (!again && (!sure(reply) || made_before(t, res))) {
      settle_lost(t, was->step); /* no outcome: it has to be looked for */
      return;
    } else {
      oc.kind = OC_FAILED;
      oc.definitive = sure(reply);
      oc.code = reply->code;
      oc.message = reply->message;
      oc.request_id = reply->request_id;
    }
  } else {
    const struct sres *known = state_generation(r->st, t->c->address, t->generation);
    acknowledged(t, was, &oc);
    oc.gone = t->kind == OP_DELETE && t->step.what == OPW_DONE;
    if (t->kind != OP_DELETE && known && !known->identity) oc.identity = res->identity;
    if (t->kind != OP_DELETE) oc.attributes = res->attributes;
    oc.request_id = reply->request_id;
    settle_answered(t, was->step);
  }
  task_journal(r, state_outcome(r->st, &oc));
  t->intent = 0;
  if (oc.kind == OC_OK && t->kind == OP_CREATE) close_earlier(t);
}

/* ---- replies ------------------------------------------------------------------------- */

static void take_reply(struct task *t, const struct reply *answer) {
  struct op_step was = t->step;
  struct reply verdict = op_verdict(t->op, answer), *reply = &verdict;
  t->state = T_STEP;
  op_reply(t->op, now(t->run), reply);
  op_next(t->op, now(t->run), &t->step);
  if (was.mutating && t->intent) record_outcome(t, &was, reply);
  task_take(t);
}

/* A joined call was refused: each goes again by itself. */
static void take_apart(struct task *t, const struct reply *reply) {
  struct run *r = t->run;
  struct outcome oc = {.intent = t->intent,
                       .kind = OC_FAILED,
                       .definitive = true,
                       .code = reply->code,
                       .message = reply->message,
                       .request_id = reply->request_id};
  task_journal(r, state_outcome(r->st, &oc));
  t->intent = 0;
  t->alone = true;
  t->state = T_STEP;
  queue_push(r, t);
}

static bool same_lane(const struct task *a, const struct task *b) {
  return a->step.call.region == b->step.call.region && a->step.call.op->service == b->step.call.op->service &&
         str_eq(a->step.serialize_key, b->step.serialize_key);
}

static void landed(struct run *r, const struct task *t) {
  for (size_t i = 0; i < r->flights.n; i++) {
    if (r->flights.v[i] != t) continue;
    r->flights.v[i] = r->flights.v[--r->flights.n];
    break;
  }
  size_t kept = 0;
  if (!t->step.serialize_key.n) return;
  for (size_t i = 0; i < r->waiting.n; i++) { /* one of those held back may go now */
    struct task *h = r->waiting.v[i];
    if (h->state != T_HELD || !same_lane(h, t)) {
      r->waiting.v[kept++] = h;
      continue;
    }
    h->state = T_STEP;
    queue_push(r, h);
  }
  r->waiting.n = kept;
}

static void on_reply(void *user, const struct reply *reply) {
  struct task *t = user;
  struct run *r = t->run;
  r->in_flight--;
  if (t->step.mutating) landed(r, t);
  size_t n = t->joined.n;
  struct task **joined = t->joined.v;
  t->joined.n = 0;
  bool apart = n && reply->err && sure(reply) && reply->cls != EC_CANCELLED;
  struct reply clean = *reply;
  for (size_t i = 0; i <= n; i++)
    clean.message = scrubbed(r->a, clean.message, (i ? joined[i - 1] : t)->send);
  for (size_t i = 0; i <= n; i++) {
    struct task *each = i ? joined[i - 1] : t;
    if (apart)
      take_apart(each, &clean);
    else
      take_reply(each, &clean);
  }
}

/* ---- intents ------------------------------------------------------------------------- */

/* A create whose earlier call was not found: the same request again while its token holds, else it is closed
 * and a new generation begins, so that a late arrival of the lost call is never taken for this. */
static bool send_again(struct task *t, const struct sres *known, const struct intent *in) {
  if (settle_may_resend(t, known, in)) {
    task_put_wanted(t);
    return true;
  }
  task_journal(t->run, settle_close(t->run->s, t->run->st, known));
  task_new_generation(t);
  task_operate(t, OP_CREATE);
  return false;
}

static bool write_intent(struct task *t) {
  struct run *r = t->run;
  const struct wire_op *op = t->step.call.op;
  if (t->kind == OP_CREATE && !r->journal && !state_generation(r->st, t->c->address, t->generation))
    task_put_wanted(t); /* a refused create ends its generation; this one is sent again */
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  struct intent in = {.address = t->c->address,
                      .generation = t->generation,
                      .step = t->step.step,
                      .uid = t->uid,
                      .operation = str_fmt(t->a, "%.*s.%.*s", SV(op->service->id), SV(op->name)),
                      .digest = request_digest(r->s, t->a, t->step.call.input),
                      .paths = t->step.paths,
                      .n_paths = t->step.n_paths,
                      .type = t->c->type,
                      .region = t->c->region};
  struct outcome will = {0};
  acknowledged(t, &t->step, &will);
  in.acknowledges = will.applied;
  in.kind = t->kind == OP_DELETE ? 'd' : known && known->identity ? 'u' : 'c';
  if (in.kind == 'c' && known && known->open.n && !send_again(t, known, &in)) return false;
  enum qn_err e = r->journal ? r->journal : state_intent(r->st, &in, &t->intent);
  task_journal(r, e);
  if (!e) {
    t->mutated = true;
    return true;
  }
  t->intent = 0;
  task_event(t, AE_FAILED, STR("the journal takes no more records"));
  task_over(t, true);
  return false;
}

static bool lane_taken(const struct run *r, const struct task *t) {
  if (!t->step.serialize_key.n) return false;
  for (size_t i = 0; i < r->flights.n; i++)
    if (r->flights.v[i]->step.serialize_key.n && same_lane(r->flights.v[i], t)) return true;
  return false;
}

static void launch(struct task *t) {
  struct run *r = t->run;
  t->state = T_FLIGHT;
  VEC_PUSH(r->a, &r->submit, t);
  if (t->step.mutating) VEC_PUSH(r->a, &r->flights, t);
}

/* A queued step: sent now, held back, or left to wait for others to join it. */
static void stage(struct task *t) {
  struct run *r = t->run;
  t->sending = t->step.call;
  t->sending.keep = t->a;
  if (!t->step.mutating) {
    launch(t);
    return;
  }
  if (t->step.coalesce_key.n && !t->alone) {
    t->state = T_LINGER;
    t->resume_at = now(r) + LINGER_MS;
    VEC_PUSH(r->a, &r->waiting, t);
    return;
  }
  if (lane_taken(r, t)) {
    t->state = T_HELD;
    VEC_PUSH(r->a, &r->waiting, t);
    return;
  }
  if (write_intent(t)) launch(t);
}

/* ---- joining ----------------------------------------------------------------------------- */

static bool joins(const struct task *a, const struct task *b) {
  return a->step.call.op == b->step.call.op && a->step.call.region == b->step.call.region &&
         str_eq(a->step.coalesce_key, b->step.coalesce_key);
}

/* Is a task of the same type on its way to a call that could join? */
static bool others_come(const struct run *r, const struct task *t) {
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    const struct task *o = &r->tasks[i];
    if (o == t || o->c->type != t->c->type || o->mutated || o->kind != t->kind) continue;
    if (o->state == T_STEP || o->state == T_FLIGHT || o->state == T_READY) return true;
  }
  return false;
}

static void send_joined(struct run *r, struct task **v, uint32_t n) {
  const struct op_step **steps = ARENA_ARRAY(r->a, n, const struct op_step *);
  struct task *first = NULL;
  struct call call;
  for (uint32_t i = 0; i < n; i++) steps[i] = &v[i]->step;
  bool one = n == 1 || !op_merge(r->s, r->a, steps, n, &call);
  for (uint32_t i = 0; i < n; i++) {
    if (one) {
      v[i]->alone = true;
      v[i]->state = T_STEP;
      queue_push(r, v[i]);
    } else if (write_intent(v[i])) {
      v[i]->state = T_FLIGHT;
      if (first)
        VEC_PUSH(r->a, &first->joined, v[i]);
      else
        first = v[i];
    }
  }
  if (!first) return;
  first->sending = call;
  launch(first);
}

static void flush_joins(struct run *r) {
  for (size_t i = 0; i < r->waiting.n; i++) {
    struct task *t = r->waiting.v[i];
    if (t->state != T_LINGER || lane_taken(r, t) || (t->resume_at > now(r) && others_come(r, t))) continue;
    VEC(struct task *) group = {0};
    size_t kept = 0;
    for (size_t k = 0; k < r->waiting.n; k++) {
      struct task *o = r->waiting.v[k];
      bool room = !t->step.coalesce_max || group.n < t->step.coalesce_max;
      if (o->state == T_LINGER && room && joins(t, o))
        VEC_PUSH(r->a, &group, o);
      else
        r->waiting.v[kept++] = o;
    }
    r->waiting.n = kept;
    send_joined(r, group.v, (uint32_t)group.n);
    i = (size_t)-1; /* the list has changed */
  }
}

/* ---- rounds ---------------------------------------------------------------------------- */

static void resume(struct run *r) {
  int64_t t = now(r);
  VEC(struct task *) due = {0};
  size_t kept = 0;
  for (size_t i = 0; i < r->waiting.n; i++) {
    struct task *w = r->waiting.v[i];
    if (w->state == T_PAUSED && w->resume_at <= t)
      VEC_PUSH(r->a, &due, w);
    else
      r->waiting.v[kept++] = w;
  }
  r->waiting.n = kept;
  for (size_t i = 0; i < due.n; i++) task_advance(due.v[i]);
}

/* Not in flight, so it ends here; what it did is in the journal. */
static void interrupt_one(struct task *t) {
  bool begun = t->state != T_READY && t->state != T_BLOCKED;
  if (begun) task_event(t, AE_FAILED, STR("interrupted"));
  if (begun) {
    task_over(t, true);
    return;
  }
  task_skip(t, t->run->interrupted ? STR("interrupted")
               : t->run->journal   ? STR("the journal takes no more records")
                                   : STR("another change failed"));
}

void drive_stop(struct run *r) {
  r->queue.n = r->waiting.n = 0;
  for (uint32_t i = 0; i < r->n_tasks; i++)
    if (r->tasks[i].state != T_OVER && r->tasks[i].state != T_FLIGHT) interrupt_one(&r->tasks[i]);
}

static void take_queued(struct run *r) {
  while (r->in_flight + r->submit.n < r->limit) {
    struct task *t = queue_pop(r);
    if (!t) return;
    if (t->state == T_OVER) continue;
    bool fresh = t->state == T_READY;
    if ((fresh && r->stopped) || r->journal)
      interrupt_one(t);
    else if (fresh)
      task_begin(t);
    else
      stage(t);
  }
}

static void send_all(struct run *r) {
  static const struct reply refused = {.err = QN_E_INVALID,
                                       .cls = EC_CLIENT,
                                       .code = {"RequestInvalid", 14},
                                       .message = {"the call was not accepted", 25}};
  static const struct reply unsent = {.err = QN_E_CANCELLED, .cls = EC_CANCELLED};
  size_t n = r->submit.n;
  struct task **v = r->submit.v;
  r->submit.v = NULL;
  r->submit.n = r->submit.cap = 0;
  for (size_t i = 0; i < n; i++) {
    r->in_flight++;
    bool blocked = r->journal && v[i]->step.mutating;
    enum qn_err e =
        blocked ? QN_OK : r->calls.call(r->calls.user, v[i]->step.mutating, &v[i]->sending, on_reply, v[i]);
    if (blocked)
      on_reply(v[i], &unsent);
    else if (e)
      on_reply(v[i], &refused);
  }
}

void drive_pump(struct run *r) {
  run_next_round(r);
  resume(r);
  take_queued(r);
  flush_joins(r);
  enum qn_err e = state_commit(r->st);
  task_journal(r, e);
  send_all(r);
}

int drive_timeout(struct run *r) {
  int64_t best = 1000, t = now(r);
  if ((r->queue.n && r->in_flight < r->limit) || r->submit.n) return 0;
  for (size_t i = 0; i < r->waiting.n; i++) {
    const struct task *w = r->waiting.v[i];
    if (w->state == T_HELD || (w->state == T_LINGER && lane_taken(r, w))) continue;
    int64_t left = w->resume_at - t;
    if (left < best) best = left > 0 ? left : 0;
  }
  return (int)best;
}
