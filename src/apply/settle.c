/* What an interrupted call did is found out before anything else is done: what is written down of it, and the
 * looks before a run. Those within a run are in lost.c. */
#include "internal.h"

/* ---- writing down ------------------------------------------------------------------ */

/* Several objects carry the uid: the oldest is kept, the others become generations to be deleted. The
 * kept one needs the highest number to be the current one. */
static enum qn_err record_several(struct state *st, struct sres found, const struct op_result *res) {
  uint32_t n = value_is(res->others, V_LIST) ? res->others->n : 0;
  enum qn_err e = QN_OK;
  struct sres other = found;
  other.wanted = other.applied = NULL;
  for (uint32_t i = 0; i < n && !e; i++) {
    if (i) other.generation = state_next_generation(st, found.address);
    other.identity = res->others->items[i];
    e = state_put(st, &other);
  }
  found.identity = res->identity;
  found.attributes = res->attributes;
  if (n) found.generation = state_next_generation(st, found.address);
  return e ? e : state_put(st, &found);
}

enum qn_err settle_record(struct session *s, struct state *st, const struct def *d, const struct sres *r,
                          const struct op_result *res) {
  struct sres found = *r;
  bool there = res->settled == SV_FOUND || res->settled == SV_SEVERAL;
  found.applied = there ? plan_with_lost(s, d, r).applied : NULL;
  found.seen = NULL;
  found.identity = res->identity;
  found.attributes = res->attributes;
  uint64_t *open = ARENA_ARRAY(&s->arena, r->open.n, uint64_t);
  size_t n = r->open.n;
  for (size_t i = 0; i < n; i++) open[i] = r->open.v[i].n;
  enum qn_err e = QN_OK;
  bool several = res->settled == SV_SEVERAL && value_is(res->others, V_LIST) && res->others->n;
  if (several) e = record_several(st, found, res);
  for (size_t i = 0; i < n && !e; i++) e = state_settled(st, open[i], there && !several ? &found : NULL);
  if (e || !several) return e;
  diag_add(&s->diags, QN0856, SPAN_NONE,
           "%.*s was made %u times by an interrupted run; one is kept, the others will be deleted",
           SV(session_str(s, r->address)), res->others->n + 1);
  return QN_OK;
}

enum qn_err settle_others(struct state *st, struct session *s, const struct providers *p, sym address,
                          uint32_t generation) {
  const struct sres *r = state_generation(st, address, generation);
  if (!r || !r->open.n) return QN_OK;
  struct sres known = plan_with_lost(s, provider_find(p, session_str(s, r->type)), r);
  struct sres put = known, facts = {.applied = known.applied};
  bool carried = known.unconfirmed.n > 0;
  /* Two records, as each may be large: before the intent is closed both are there. */
  put.identity = put.attributes = put.applied = put.wanted = NULL;
  uint64_t first = r->open.v[0].n;
  enum qn_err e = carried ? state_put(st, &put) : QN_OK;
  if (!e) e = state_settled(st, first, carried ? &facts : NULL);
  r = e ? NULL : state_generation(st, address, generation);
  return r ? settle_close(s, st, r) : e;
}

/* ---- before a run ------------------------------------------------------------------------ */

struct look { /* one interrupted create */
  struct looks *all;
  struct sres r;
  const struct def *def;
  struct op *op;
  struct op_step step;
  int64_t since, resume_at;
  bool in_flight, over;
};
struct looks {
  struct session *s;
  struct arena *a;
  const struct apply_options *o;
  struct apply_calls calls;
  struct look *v;
  size_t n, left;
};

static void look_event(const struct look *l, struct str text) {
  const struct looks *all = l->all;
  struct apply_event e = {.kind = AE_SETTLING,
                          .address = l->r.address,
                          .type = l->r.type,
                          .text = text,
                          .elapsed_ms = all->s->out.boot_ms(all->s->out.user) - l->since};
  if (all->o->event) all->o->event(all->o->user, &e);
}

static void look_on(struct look *l);

static void look_reply(void *user, const struct reply *reply) {
  struct look *l = user;
  l->in_flight = false;
  op_reply(l->op, l->all->s->out.boot_ms(l->all->s->out.user), reply);
  look_on(l);
}

static void look_on(struct look *l) {
  struct looks *all = l->all;
  int64_t t = all->s->out.boot_ms(all->s->out.user);
  op_next(l->op, t, &l->step);
  switch (l->step.what) {
  case OPW_PAUSE:
    l->resume_at = t + l->step.pause_ms;
    look_event(l, l->step.waiting_for);
    return;
  case OPW_CALL:
    if (!l->step.mutating && !all->calls.call(all->calls.user, false, &l->step.call, look_reply, l)) {
      l->in_flight = true;
      return;
    }
    l->over = true;
    break;
  case OPW_DONE:
  case OPW_FAILED: l->over = true; break;
  }
  all->left--;
}

static bool interrupted(const struct apply_options *o) {
  return o->interrupts && *o->interrupts > 0;
}

static enum qn_err look_all(struct looks *all) {
  for (size_t i = 0; i < all->n; i++) look_on(&all->v[i]);
  while (all->left) {
    int64_t t = all->s->out.boot_ms(all->s->out.user), wait = 1000;
    if (interrupted(all->o)) return QN_E_CANCELLED;
    for (size_t i = 0; i < all->n; i++) {
      struct look *l = &all->v[i];
      if (l->over || l->in_flight) continue;
      if (l->resume_at <= t)
        look_on(l);
      else if (l->resume_at - t < wait)
        wait = l->resume_at - t;
    }
    if (all->left) all->calls.poll(all->calls.user, (int)wait, all->o->wake_fd);
    if (all->o->tick) all->o->tick(all->o->user);
  }
  return QN_OK;
}

static enum qn_err look_failed(const struct look *l) {
  struct session *s = l->all->s;
  const struct op_result *res = op_result(l->op);
  struct diag *g = diag_add(&s->diags, QN0853, SPAN_NONE,
                            "an earlier run was interrupted while it created %.*s, and it cannot be found "
                            "out what became of it: %.*s",
                            SV(session_str(s, l->r.address)), SV(res->message.n ? res->message : res->code));
  diag_help(&s->diags, g, "nothing is changed before that is known; run again when the service answers");
  return QN_E_REMOTE;
}

static enum qn_err begin_looks(struct looks *all, struct state *st, const struct providers *p,
                               const struct environment *env) {
  size_t n;
  const struct sres *r = state_resources(st, &n);
  all->v = ARENA_ARRAY(all->a, n, struct look);
  for (size_t i = 0; i < n; i++) {
    if (!settle_pending(&r[i])) continue;
    const struct def *d = provider_find(p, session_str(all->s, r[i].type));
    if (!d) {
      diag_add(&all->s->diags, QN0802, SPAN_NONE, "%.*s is a %.*s, which this quoin has no definition for",
               SV(session_str(all->s, r[i].address)), SV(session_str(all->s, r[i].type)));
      return QN_E_INVALID;
    }
    struct look *l = &all->v[all->n++];
    *l = (struct look){.all = all, .r = r[i], .def = d, .since = all->s->out.boot_ms(all->s->out.user)};
    struct op_scope sc = {.address = r[i].address,
                          .region = r[i].region ? r[i].region : env->region,
                          .account = r[i].account ? r[i].account : env->account,
                          .partition = r[i].partition ? r[i].partition : env->partition,
                          .uid = r[i].uid,
                          .new_props = r[i].wanted,
                          .tags = ownership_tags(all->s, all->a, env, r[i].address, r[i].uid)};
    l->op = op_new(all->s, all->a, p, d, OP_SETTLE_CREATE, &sc, NULL, 0);
    look_event(l, STR(""));
  }
  all->left = all->n;
  return QN_OK;
}

/* ---- interrupted deletes ------------------------------------------------------------------ */

struct losses { /* generations with an open delete */
  struct session *s;
  struct apply_calls calls;
  struct readset *rs;
  struct sres *of;
  uint32_t n;
  size_t in_flight;
  bool refused;
};
struct loss_ask {
  struct losses *all;
  uint32_t token;
};

static void loss_reply(void *user, const struct reply *reply) {
  struct loss_ask *a = user;
  a->all->in_flight--;
  readset_reply(a->all->rs, a->token, reply);
}

static void losses_ask(struct losses *all) {
  struct call call;
  uint32_t token;
  while (!all->refused && readset_next(all->rs, &call, &token)) {
    struct loss_ask *a = ARENA_NEW(&all->s->arena, struct loss_ask);
    *a = (struct loss_ask){all, token};
    if (all->calls.call(all->calls.user, false, &call, loss_reply, a))
      all->refused = true;
    else
      all->in_flight++;
  }
}

static enum qn_err losses_read(struct losses *all, const struct apply_options *o) {
  for (;;) {
    losses_ask(all);
    if (!all->in_flight) break;
    if (interrupted(o)) return QN_E_CANCELLED;
    all->calls.poll(all->calls.user, 1000, o->wake_fd);
    if (o->tick) o->tick(o->user);
  }
  return all->refused || !readset_done(all->rs) ? QN_E_REMOTE : QN_OK;
}

static bool pending_delete(const struct sres *r) {
  for (size_t i = 0; i < r->open.n; i++)
    if (r->open.v[i].kind == 'd') return r->identity != NULL;
  return false;
}

/* What was being deleted and is gone leaves the state: it is no loss that anybody has to wonder about. What
 * is still there is left to the plan. */
static enum qn_err settle_deletes(struct session *s, struct state *st, const struct providers *p,
                                  const struct environment *env, const struct apply_options *o,
                                  const struct apply_calls *calls) {
  size_t n;
  const struct sres *r = state_resources(st, &n);
  struct losses all = {.s = s, .calls = *calls, .of = ARENA_ARRAY(&s->arena, n, struct sres)};
  struct read_item *items = ARENA_ARRAY(&s->arena, n, struct read_item);
  for (size_t i = 0; i < n; i++) {
    const struct def *d = pending_delete(&r[i]) ? provider_find(p, session_str(s, r[i].type)) : NULL;
    if (!d) continue;
    all.of[all.n] = r[i];
    items[all.n++] = (struct read_item){.address = r[i].address,
                                        .region = r[i].region ? r[i].region : env->region,
                                        .def = d,
                                        .identity = r[i].identity,
                                        .props = r[i].applied};
  }
  if (!all.n) return QN_OK;
  all.rs = readset_new(s, &s->arena, p, env->account, env->partition, items, all.n);
  enum qn_err e = losses_read(&all, o);
  for (uint32_t i = 0; i < all.n && !e; i++) {
    const struct read_result *res = readset_result(all.rs, i);
    if (res->state == RR_GONE) e = state_forget(st, all.of[i].address, all.of[i].generation);
    if (res->state != RR_FAILED) continue;
    diag_add(
        &s->diags, QN0853, SPAN_NONE,
        "an earlier run was interrupted while it deleted %.*s, and it cannot be found out what became of "
        "it: %.*s",
        SV(session_str(s, all.of[i].address)), SV(res->message.n ? res->message : res->code));
    e = QN_E_REMOTE;
  }
  return e;
}

/* Not found, but its token may still be good: left open for the run that creates it. */
static bool left_open(const struct look *l, const struct op_result *res) {
  bool holds = false;
  for (size_t i = 0; i < l->r.open.n; i++) holds |= settle_holds(l->all->s, l->def, &l->r.open.v[i]);
  return holds && res->settled == SV_NONE;
}

static enum qn_err settle_rest(struct session *s, struct state *st, const struct providers *p) {
  for (;;) {
    size_t n, i = 0;
    const struct sres *r = state_resources(st, &n);
    while (i < n && (!r[i].open.n || settle_pending(&r[i]))) i++;
    if (i == n) return QN_OK;
    enum qn_err e = settle_others(st, s, p, r[i].address, r[i].generation);
    if (e) return e;
  }
}

enum qn_err apply_settle(struct session *s, struct state *st, const struct providers *p, struct cloud *c,
                         const struct environment *env, const struct apply_options *o, uint32_t *settled) {
  struct looks all = {.s = s, .a = &s->arena, .o = o, .calls = o->calls ? *o->calls : cloud_calls(c)};
  *settled = (uint32_t)state_open_intents(st);
  if (!*settled) return QN_OK;
  enum qn_err e = begin_looks(&all, st, p, env);
  if (!e) e = look_all(&all);
  for (size_t i = 0; i < all.n && !e; i++) {
    const struct op_result *res = op_result(all.v[i].op);
    if (all.v[i].step.what != OPW_DONE)
      e = look_failed(&all.v[i]);
    else if (!left_open(&all.v[i], res))
      e = settle_record(s, st, all.v[i].def, &all.v[i].r, res);
  }
  if (!e) e = settle_deletes(s, st, p, env, o, &all.calls);
  if (!e) e = settle_rest(s, st, p);
  enum qn_err committed = state_damaged(st) ? QN_E_DAMAGED : state_commit(st);
  return e ? e : committed;
}
