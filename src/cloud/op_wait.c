/* Waiters: read until the condition holds, fail early with the reason, diagnose, give up at the deadline. */
#include "op.h"

void op_wait_start(struct op *op, int64_t now, const struct wait *w) {
  struct denv e = op_env(op, NULL);
  bool go;
  if (!denv_true(&e, w->when, true, &go) && !go) return;
  op->w = w;
  op->w_since = now;
  op->w_interval = w->every_min_ms;
  op->w_doubt = -1;
  op->pause_until = 0;
}

static uint32_t within_ms(struct op *op, const struct wait *w) {
  struct str t;
  uint32_t ms = 1200000; /* 20 minutes, unless the definition or the spec's timeouts say otherwise */
  struct denv e = op_env(op, NULL);
  if (value_is(op->sc.timeouts, V_MAP)) {
    const struct value *v = value_get(op->s, op->sc.timeouts, w->name);
    if (value_is(v, V_STR) && dp_duration(value_text(v), &ms)) return ms;
  }
  if (w->within && denv_text(&e, w->within, &t)) (void)dp_duration(t, &ms);
  return ms;
}

bool op_wait_next(struct op *op, int64_t now, struct op_step *out) {
  const struct wait *w = op->w;
  if (!w->call) {
    op_read_start(op, RD_WAIT, op->r.identity ? op->r.identity : op->sc.identity, NULL, 0);
    return false;
  }
  struct denv e = op_env(op, NULL);
  struct sending snd = {0};
  const struct value *input;
  struct str why;
  if (step_input(&e, w->call, &snd, &input, &why)) {
    op->w = NULL;
    op_fail(op, STR("DefinitionError"), why, false);
    return false;
  }
  op->awaiting = AW_WAITCALL;
  return op_emit(op, now, NULL, w->call, input, out);
}

static void wait_fail(struct op *op, const struct value *item, struct str code, struct str message) {
  const struct wait *w = op->w;
  op->w = NULL;
  op_fail(op, code, message, false);
  op->failing = true;
  op->because = w;
  op->env.item = item;
  op->q.n = 0, op->pc = 0;
  for (uint32_t i = 0; i < w->n_diagnose; i++) op_push(op, (struct task){.st = &w->diagnose[i]});
  op->phase = PH_TASKS;
}

static void wait_refused(struct op *op, struct denv *e, const struct value *item) {
  struct str name = op->w->name;
  if (!op->w->rolled_back || denv_true(e, op->w->rolled_back, false, &op->r.rolled_back))
    op->r.rolled_back = false;
  if (op->r.rolled_back)
    wait_fail(op, item, STR("RolledBack"), STR("the service took the change back"));
  else
    wait_fail(op, item, STR("WaitFailed"), str_fmt(op->a, "will not become %.*s", SV(name)));
}

static void pause(struct op *op, int64_t now) {
  op->pause_until = now + op->w_interval;
  op->pause_for = op->w->name;
  uint32_t next = op->w_interval + op->w_interval / 2;
  op->w_interval = next > op->w->every_max_ms ? op->w->every_max_ms : next;
}

/* gone: the read says that the object is not there. */
void op_wait_item(struct op *op, int64_t now, const struct value *item, bool gone) {
  const struct wait *w = op->w;
  struct denv e = op_env(op, NULL);
  e.item = item;
  bool done = false, failed = false;
  if (gone && op->kind == OP_DELETE)
    done = true;
  else if (denv_true(&e, w->until, false, &done))
    done = false;
  if (!done && item && w->fail && denv_true(&e, w->fail, false, &failed)) failed = false;
  if (done) {
    op->w = NULL;
    return;
  }
  if (!failed)
    op->w_doubt = -1;
  else if (op->w_doubt < 0)
    op->w_doubt = now;
  if (failed && now - op->w_doubt >= (int64_t)w->doubt_ms)
    wait_refused(op, &e, item);
  else if (now - op->w_since >= (int64_t)within_ms(op, w))
    wait_fail(op, item, STR("WaitTimeout"),
              str_fmt(op->a, "not %.*s after %u s", SV(w->name), within_ms(op, w) / 1000));
  else
    pause(op, now);
}

void op_wait_reply(struct op *op, int64_t now, const struct reply *r) {
  const struct wait *w = op->w;
  if (r->err &&
      code_matches(w->call ? w->call->ok : NULL, w->call ? w->call->n_ok : 0, r->code, r->message, NULL)) {
    op->w = NULL;
    return;
  }
  bool gone = r->err && code_matches(op->d->gone_codes, op->d->n_gone, r->code, r->message, NULL);
  if (r->err && !gone) {
    /* A failed look is not a failed wait: look again until the deadline, but not with credentials that are
     * refused. */
    bool hopeless = r->cls == EC_CLIENT || r->cls == EC_ACCESS_DENIED || r->cls == EC_CREDENTIALS;
    if (now - op->w_since < (int64_t)within_ms(op, w) && !hopeless) {
      pause(op, now);
      return;
    }
    op->w = NULL;
    op_fail(op, str_dup(op->a, r->code), str_dup(op->a, r->message), false);
    return;
  }
  const struct value *item = r->err ? NULL : r->output;
  if (item && w->has_value) item = mpath_get(op->s, op->a, &w->value, item);
  op_wait_item(op, now, item, gone);
}
