/* The end of a run: what the changed resources look like now is read in one go
 * (batches need far fewer calls than a read after each), outputs and the checks
 * that had to wait are evaluated, and the run is closed. A run that is killed
 * before only lacks `seen`: the next plan then compares with what is wanted. */
#include "internal.h"

struct reading {
  struct run *r;
  struct readset *rs;
  struct arena *keep; /* of the replies */
  bool refused;
};
struct ask {
  struct reading *of;
  uint32_t token;
};

static void answered(void *user, const struct reply *reply) {
  struct ask *a = user;
  a->of->r->in_flight--;
  readset_reply(a->of->rs, a->token, reply);
}

static void ask_more(struct reading *of) {
  struct run *r = of->r;
  struct call call;
  uint32_t token;
  while (!of->refused && r->in_flight < r->limit && readset_next(of->rs, &call, &token)) {
    struct ask *a = ARENA_NEW(of->keep, struct ask);
    *a = (struct ask){of, token};
    call.keep = of->keep;
    if (r->calls.call(r->calls.user, false, &call, answered, a))
      of->refused = true;
    else
      r->in_flight++;
  }
}

bool run_read(struct run *r, struct readset *rs, struct arena *keep) {
  struct reading *of = ARENA_NEW(keep, struct reading);
  *of = (struct reading){.r = r, .rs = rs, .keep = keep};
  for (;;) {
    ask_more(of);
    if (of->refused || !r->in_flight) break;
    bool told = r->o->interrupts && *r->o->interrupts > 0; /* the byte stays in it */
    r->calls.poll(r->calls.user, 1000, told ? -1 : r->o->wake_fd);
    if (r->o->tick) r->o->tick(r->o->user);
    if (r->o->interrupts && *r->o->interrupts > 1) return false;
  }
  return readset_done(rs);
}

/* ---- what was changed --------------------------------------------------------------- */

struct readback {
  struct run *r;
  struct arena *a; /* of all that is read */
  struct readset *rs;
  struct task **of;
  uint32_t n;
};

/* Properties that are managed now, the tags that say whose it is, and attributes that others use. */
static void managed(const struct readback *rb, const struct task *t, struct read_item *item) {
  const struct run *r = rb->r;
  VEC(struct str) paths = {0};
  struct str tags = def_info(t->c->def).tag_property;
  bool tagged = !tags.n;
  for (uint32_t i = 0; value_is(t->record, V_MAP) && i < t->record->n; i++) {
    VEC_PUSH(rb->a, &paths, session_str(r->s, t->record->members[i].key));
    tagged |= str_eq(paths.v[paths.n - 1], tags);
  }
  if (!tagged) VEC_PUSH(rb->a, &paths, tags);
  for (uint32_t i = 0; i < t->c->n_reads; i++) VEC_PUSH(rb->a, &paths, t->c->reads[i]);
  item->managed = paths.v;
  item->n_managed = (uint32_t)paths.n;
}

static void collect(struct readback *rb) {
  struct run *r = rb->r;
  struct read_item *items = ARENA_ARRAY(rb->a, r->n_tasks, struct read_item);
  rb->of = ARENA_ARRAY(rb->a, r->n_tasks, struct task *);
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    struct task *t = &r->tasks[i];
    if (t->failed || t->skipped || (t->action != ACT_CREATE && t->action != ACT_UPDATE)) continue;
    const struct sres *known = state_generation(r->st, t->c->address, t->generation);
    if (!known || !known->identity) continue;
    items[rb->n] = (struct read_item){.address = t->c->address,
                                      .region = t->c->region,
                                      .def = t->c->def,
                                      .identity = known->identity,
                                      .props = t->record};
    managed(rb, t, &items[rb->n]);
    rb->of[rb->n++] = t;
  }
  if (rb->n) rb->rs = readset_new(r->s, rb->a, r->prov, r->env->account, r->env->partition, items, rb->n);
}

/* Only what is managed is kept of the live object, and nothing that is secret. */
static const struct value *seen_of(const struct readback *rb, const struct task *t,
                                   const struct value *live) {
  const struct run *r = rb->r;
  struct str tags = def_info(t->c->def).tag_property;
  struct member *m = ARENA_ARRAY(rb->a, t->record->n + 1, struct member);
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->record->n; i++) {
    const struct value *v = value_member(live, t->record->members[i].key);
    v = v ? plan_without_secrets(rb->a, v, t->record->members[i].value, true) : NULL;
    if (v) m[n++] = (struct member){t->record->members[i].key, SPAN_NONE, v};
  }
  sym tag = session_sym(r->s, tags);
  const struct value *v = tag && !value_member(t->record, tag) ? value_member(live, tag) : NULL;
  if (v) m[n++] = (struct member){tag, SPAN_NONE, v};
  return value_map(rb->a, m, n);
}

static const struct value *attributes_of(const struct readback *rb, const struct task *t,
                                         const struct sres *known, const struct value *live) {
  const struct run *r = rb->r;
  const struct value *out = known->attributes;
  for (uint32_t i = 0; value_is(known->attributes, V_MAP) && i < known->attributes->n; i++) {
    sym key = known->attributes->members[i].key;
    const struct value *v = value_member(live, key);
    if (!value_is_null(v)) out = value_put(rb->a, out, key, v);
  }
  for (uint32_t i = 0; i < t->c->n_reads; i++) {
    struct str top;
    str_cut(t->c->reads[i], '.', &top);
    sym key = session_sym(r->s, top);
    const struct value *v = value_member(live, key);
    if (value_is_null(v) || value_member(t->record, key)) continue;
    out = value_put(rb->a, out ? out : value_map(rb->a, NULL, 0), key, v);
  }
  return out;
}

static void write_seen(struct readback *rb) {
  struct run *r = rb->r;
  for (uint32_t i = 0; i < rb->n; i++) {
    const struct read_result *res = readset_result(rb->rs, i);
    struct task *t = rb->of[i];
    const struct sres *known = state_generation(r->st, t->c->address, t->generation);
    if (res->state == RR_LIVE && known && value_is(t->record, V_MAP)) {
      struct sres put = *known;
      put.identity = put.applied = NULL;
      put.seen = seen_of(rb, t, res->live);
      put.attributes = attributes_of(rb, t, known, res->live);
      task_journal(r, state_put(r->st, &put));
    } else if (res->state == RR_FAILED) {
      diag_add(&r->s->diags, QN0855, t->c->span, "%.*s was applied, but reading it back failed: %.*s",
               SV(session_str(r->s, t->c->address)), SV(res->message.n ? res->message : res->code));
    }
  }
}

static void read_back(struct run *r) {
  struct readback rb = {.r = r, .a = run_lend(r)};
  collect(&rb);
  if (rb.n && run_read(r, rb.rs, rb.a)) write_seen(&rb);
  if (r->in_flight) return; /* what was given up may still be answered */
  run_give_back(r, rb.a);
  run_next_round(r);
}

/* ---- outputs and checks --------------------------------------------------------------- */

static const struct value *known_part(struct run *r, const struct value *v) {
  struct resolver rs = {.user = r, .attribute = attribute_of};
  const struct value *out;
  return value_resolve(r->s, r->a, v, &rs, &out) ? v : out;
}

static enum qn_err outputs(struct run *r) {
  const struct plan *p = r->plan;
  struct member *m = ARENA_ARRAY(r->a, p->n_outputs, struct member);
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_outputs; i++) {
    const struct value *v = known_part(r, p->outputs[i].value);
    if (p->outputs[i].secret || value_unknown(v) || v->flags & (VF_SECRET | VF_HAS_SECRET)) continue;
    m[n++] = (struct member){p->outputs[i].name, p->outputs[i].span, v};
  }
  r->r->outputs = value_map(r->a, m, n);
  const struct value *before = state_outputs(r->st);
  if (before ? value_eq(r->s, before, r->r->outputs) : !p->n_outputs) return QN_OK;
  return state_set_outputs(r->st, r->r->outputs);
}

static enum qn_err checks(struct run *r) {
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < r->plan->n_checks; i++) {
    const struct check *k = &r->plan->checks[i];
    const struct value *that = known_part(r, k->that),
                       *message = k->message ? known_part(r, k->message) : NULL;
    if (value_is(that, V_BOOL) && that->b) continue;
    struct str why;
    if (!message || !value_to_text(r->a, message, &why)) why = STR("the condition is false");
    struct diag *g = diag_add(&r->s->diags, QN0809, k->span, "check failed after apply: %.*s",
                              SV(value_unknown(that) ? STR("what it judges is still not known") : why));
    diag_help(&r->s->diags, g, "nothing was undone");
    e = QN_E_REFUSED;
  }
  return e;
}

void run_close(struct run *r, const char *words) {
  const struct apply_result *n = r->r;
  struct str note = str_fmt(r->a, "%screated %u, updated %u, deleted %u, failed %u, skipped %u%s%s",
                            r->undo ? "rollback: " : "", n->created, n->updated, n->deleted, n->failed,
                            n->skipped, r->interrupted ? ", interrupted" : "", words);
  task_journal(r, state_commit(r->st)); /* all outcomes durable before the note that closes the run */
  if (!r->journal) task_journal(r, state_note(r->st, note));
  if (!r->journal) task_journal(r, state_commit(r->st));
}

enum qn_err run_finish(struct run *r) {
  enum qn_err e = QN_OK;
  if (r->journal) return QN_OK;
  if (!r->interrupted && !r->in_flight) {
    read_back(r);
    if (r->undo)
      rollback_moves(r);
    else
      task_journal(r, outputs(r)); /* a run that is taken back did not get here */
    if (!r->undo && !r->r->failed && !r->r->skipped) e = checks(r);
  }
  run_close(r, "");
  if (!r->journal && state_wants_snapshot(r->st)) task_journal(r, state_snapshot(r->st));
  return e;
}
