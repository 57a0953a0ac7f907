/* Finding an interrupted create again: by name, tag, natural key or scan. Two misses, grace apart, before
 * "not created". The first look is made when the lock is held, or when the answer was lost: so the second
 * comes at least grace later, whatever an intent says of the time it was written. The same look comes before
 * creates that are idempotent by name, so that an object of somebody else is never seized. */
#include "op.h"

static const struct value *as_identity(struct op *op, const struct value *v) {
  if (value_is_null(v)) return NULL;
  if (value_is(v, V_MAP)) return v;
  struct member m = {.key = session_sym(op->s, op->d->identity[0]), .value = v};
  return value_map(op->a, &m, 1);
}

static void add_found(struct op *op, const struct value *v) {
  v = as_identity(op, v);
  if (v) VEC_PUSH(op->a, &op->settle.found, v);
}

/* The own uid: what quoin:id must say. */
static bool tagged_ours(struct op *op, const struct value *live) {
  const struct value *t = value_is(live, V_MAP) ? value_get(op->s, live, op->d->info.tag_property) : NULL;
  if (value_is(t, V_MAP)) {
    const struct value *v = value_get(op->s, t, STR("quoin:id"));
    return value_is(v, V_STR) && str_eq(value_text(v), op->sc.uid);
  }
  for (uint32_t i = 0; value_is(t, V_LIST) && i < t->n; i++) {
    const struct value *k = value_is(t->items[i], V_MAP) ? value_get(op->s, t->items[i], STR("Key")) : NULL;
    const struct value *v = k ? value_get(op->s, t->items[i], STR("Value")) : NULL;
    if (value_is(k, V_STR) && str_eq(value_text(k), STR("quoin:id")))
      return value_is(v, V_STR) && str_eq(value_text(v), op->sc.uid);
  }
  return false;
}

static bool is_ours(struct op *op, const struct value *identity, const struct value *live,
                    const struct value *item) {
  bool ours;
  struct denv e = op_env(op, NULL);
  if (!op->d->settle.match && op->d->info.tag_property.n) return tagged_ours(op, live);
  if (!op->d->settle.match) return values_agree(&e, op->sc.new_props, live, 0);
  e.id = identity, e.live = live, e.item = item;
  return !denv_true(&e, op->d->settle.match, false, &ours) && ours;
}

/* A listing that moves between two pages may name an object twice. */
static void add_ours(struct op *op, const struct value *identity, const struct value *live,
                     const struct value *item) {
  struct settling *st = &op->settle;
  struct ours found = {.identity = identity, .live = live};
  struct denv e = op_env(op, NULL);
  for (size_t i = 0; i < st->ours.n; i++)
    if (value_eq(op->s, st->ours.v[i].identity, identity)) return;
  e.id = identity, e.live = live, e.item = item;
  if (!item || !op->d->settle.created || denv_tmpl(&e, op->d->settle.created, &found.created))
    found.created = NULL;
  VEC_PUSH(op->a, &st->ours, found);
}

/* Times of one service have one form, whose texts sort as the times do. What has none comes last; then by
 * identity, so that every look keeps the same one. */
static int older(const void *a, const void *b, void *user) {
  const struct ours *x = a, *y = b;
  struct op *op = user;
  struct str tx = STR(""), ty = STR("");
  bool hx = !value_is_null(x->created) && value_to_text(op->a, x->created, &tx),
       hy = !value_is_null(y->created) && value_to_text(op->a, y->created, &ty);
  if (hx != hy) return hx ? -1 : 1;
  int c = hx ? str_cmp(tx, ty) : 0;
  return c ? c
           : str_cmp(def_identity_text(op->s, op->a, op->d, x->identity),
                     def_identity_text(op->s, op->a, op->d, y->identity));
}

void settle_read(struct op *op, const struct read_result *r, const struct value *item) {
  struct settling *st = &op->settle;
  const struct value *identity = st->found.v[st->at++];
  if (r->state == RR_FAILED) {
    op_fail(op, r->code, r->message, false);
    return;
  }
  if (r->state != RR_LIVE) return;
  if (is_ours(op, identity, r->live, item)) {
    add_ours(op, identity, r->live, item);
  } else if (op->d->settle.find == FIND_NAME || op->d->settle.find == FIND_NATURAL) {
    VEC_PUSH(op->a, &st->theirs, identity);
  }
}

/* ---- looking ------------------------------------------------------------------------------ */
static void batch_by_tag(struct op *op, const struct value **input) {
  struct member f[2] = {
      {.key = session_sym(op->s, STR("Name")), .value = value_str(op->a, STR("tag:quoin:id"))}};
  const struct value *uid = value_str(op->a, op->sc.uid);
  f[1] = (struct member){.key = session_sym(op->s, STR("Values")), .value = value_list(op->a, &uid, 1)};
  const struct value *one = value_map(op->a, f, 2);
  sym filters = session_sym(op->s, filters_member(op->d->w, op->d->batch.step.op));
  *input = value_put(op->a, *input, filters, value_list(op->a, &one, 1));
}

static bool tag_call(struct op *op, int64_t now, struct op_step *out) {
  struct denv e = op_env(op, NULL);
  struct sending snd = {0};
  const struct value *input;
  struct str why;
  if (step_input(&e, &op->d->batch.step, &snd, &input, &why)) {
    op_fail(op, STR("DefinitionError"), why, true);
    return false;
  }
  batch_by_tag(op, &input);
  input = page_input(op->s, op->a, op->d->batch.step.op, input, op->settle.page_token);
  op->awaiting = AW_FIND;
  return op_emit(op, now, NULL, &op->d->batch.step, input, out);
}

void settle_reply(struct op *op, int64_t now, const struct reply *r) {
  struct settling *st = &op->settle;
  (void)now;
  if (r->err) {
    op_fail(op, str_dup(op->a, r->code), str_dup(op->a, r->message), false);
    return;
  }
  const struct readsrc *b = &op->d->batch;
  const struct value *items = mpath_get(op->s, op->a, &b->items, r->output);
  for (uint32_t i = 0; value_is(items, V_LIST) && i < items->n; i++) {
    struct denv e = op_env(op, NULL);
    e.item = items->items[i];
    bool gone = false;
    if (op->d->gone && !denv_true(&e, op->d->gone, false, &gone) && gone) continue;
    const struct value *id = mpath_get(op->s, op->a, &b->id, items->items[i]);
    id = as_identity(op, id);
    if (id) add_ours(op, id, NULL, items->items[i]);
  }
  if (!page_after(op->s, op->a, b->step.op, r->output, &st->page_token)) {
    op_fail(op, page_repeated.code, page_repeated.message, false);
    return;
  }
  st->steps_done = st->page_token == NULL;
}

static void take_candidates(struct op *op) {
  const struct value *v;
  struct denv e = op_env(op, NULL);
  if (denv_eval(&e, op->d->settle.candidates, &v)) {
    op_fail(op, STR("DefinitionError"), STR("`candidates` failed"), true);
    return;
  }
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) add_found(op, v->items[i]);
}

/* One look: fills found (to be read) or ours. False and steps_done when nothing more is to be called. */
static bool look(struct op *op, int64_t now, struct op_step *out) {
  const struct settle_def *sd = &op->d->settle;
  struct settling *st = &op->settle;
  if (sd->find == FIND_TAG) return tag_call(op, now, out);
  if (sd->candidates) {
    if (op->pc < op->q.n) return op_task_next(op, now, out);
    take_candidates(op);
  } else if (sd->id) {
    const struct value *v;
    struct denv e = op_env(op, NULL);
    if (!denv_tmpl(&e, sd->id, &v)) add_found(op, v);
  }
  st->steps_done = true;
  return false;
}

static void conclude(struct op *op) {
  struct settling *st = &op->settle;
  op->r.settled = st->ours.n > 1 ? SV_SEVERAL : st->ours.n ? SV_FOUND : st->theirs.n ? SV_FOREIGN : SV_NONE;
  if (st->ours.n) {
    const struct value **others = ARENA_ARRAY(op->a, st->ours.n, const struct value *);
    sort_stable(op->a, st->ours.v, st->ours.n, sizeof *st->ours.v, older, op);
    for (size_t i = 1; i < st->ours.n; i++) others[i - 1] = st->ours.v[i].identity;
    op->r.identity = st->ours.v[0].identity;
    if (st->ours.v[0].live) op_note_attributes(op, st->ours.v[0].live);
    op_note_attributes(op, op->r.identity);
    op->r.others = value_list(op->a, others, (uint32_t)st->ours.n - 1);
  } else if (st->theirs.n) {
    op->r.others = st->theirs.v[0];
  }
  st->done = true;
}

static void begin_look(struct op *op) {
  struct settling *st = &op->settle;
  st->running = true, st->steps_done = false, st->page_token = NULL;
  st->at = 0, st->found.n = 0, st->ours.n = 0, st->theirs.n = 0;
  op->q.n = 0, op->pc = 0, op->step_since = -1;
  op->env.kept = NULL;
  for (uint32_t i = 0; i < op->d->settle.n_steps; i++)
    op_push(op, (struct task){.st = &op->d->settle.steps[i]});
}

bool settle_next(struct op *op, int64_t now, struct op_step *out) {
  struct settling *st = &op->settle;
  if (!st->running) begin_look(op);
  if (!st->steps_done) return look(op, now, out);
  if (st->at < st->found.n) {
    const struct str *managed = &op->d->info.tag_property;
    const struct value *np = op->sc.new_props;
    uint32_t n = managed->n ? 1 : 0;
    if ((op->d->settle.match || !n) &&
        value_is(np, V_MAP)) { /* a match may look at anything that is declared */
      struct str *all = ARENA_ARRAY(op->a, np->n + 1, struct str);
      for (n = 0; n < np->n; n++) all[n] = session_str(op->s, np->members[n].key);
      if (managed->n) all[n++] = *managed;
      managed = all;
    }
    op_read_start(op, RD_SETTLE, st->found.v[st->at], managed, n);
    return false;
  }
  if (!st->ours.n && !st->theirs.n && ++st->misses < 2 && op->kind == OP_SETTLE_CREATE) {
    st->running = false;
    op->pause_until = now + (op->d->settle.grace_ms ? op->d->settle.grace_ms : 1);
    op->pause_for = STR("settle");
    return false;
  }
  conclude(op);
  return false;
}
