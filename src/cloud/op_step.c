/* Running one task: `when`, `each`, the call, what its reply means, what is kept of it. */
#include "op.h"

struct denv op_env(struct op *op, const struct task *t) {
  struct denv e = op->env;
  e.id = op->r.identity ? op->r.identity : op->sc.identity;
  if (t) {
    e.it = t->it;
    e.as = t->as, e.as_value = t->as_value;
    e.changed = t->props, e.n_changed = t->n_props;
  }
  return e;
}

void op_fail(struct op *op, struct str code, struct str message, bool definitive) {
  if (op->failing) return;
  op->failed = true;
  op->r.code = code;
  op->r.message = message;
  op->r.failed_definitive = definitive;
  op->phase = PH_END;
}

static struct str tmpl_text(struct op *op, const struct task *t, const struct tmpl *tm) {
  struct str out = STR("");
  struct denv e = op_env(op, t);
  return tm && denv_text(&e, tm, &out) ? out : STR("");
}

bool op_emit(struct op *op, int64_t now, const struct task *t, const struct step *st,
             const struct value *input, struct op_step *out) {
  *out = (struct op_step){.what = OPW_CALL, .mutating = !st->op->read_only, .step = st->no};
  out->call = (struct call){.op = st->op, .input = input, .region = op->sc.region};
  if (t) out->paths = t->props, out->n_paths = t->n_props;
  if (out->mutating) {
    out->coalesce_key = tmpl_text(op, t, st->coalesce_key);
    out->coalesce_into = st->coalesce_key ? st->coalesce_into.text : STR("");
    out->coalesce_max = st->coalesce_max;
    out->serialize_key = tmpl_text(op, t, st->serialize ? st->serialize : op->d->serialize);
  }
  if (op->step_since < 0) op->step_since = now, op->backoff_ms = 500;
  return true;
}

static void skip(struct op *op) {
  op->pc++;
  op->step_since = -1;
}

/* ---- each ------------------------------------------------------------------------------- */
static void expand(struct op *op, const struct task *t, const struct value *list) {
  uint32_t n = value_is(list, V_LIST) ? list->n : 0;
  struct task one = *t, *v = ARENA_ARRAY(op->a, n ? n : 1, struct task);
  one.expanded = true;
  op_insert(op, v, n ? op_portions(op, &one, list->items, n, v) : 0);
  skip(op);
}

/* A code that counts as done for one element says nothing of the others that were in the same call, which
 * services refuse as a whole: each goes by itself. */
static bool take_apart(struct op *op) {
  const struct task t = op->q.v[op->pc];
  if (!t.rule || t.rule->kind != RK_LIST || !t.st->chunk || t.it->n < 2) return false;
  struct task *v = ARENA_ARRAY(op->a, t.it->n, struct task);
  for (uint32_t i = 0; i < t.it->n; i++) {
    v[i] = t;
    v[i].it = v[i].as_value = value_list(op->a, t.it->items + i, 1);
  }
  op_insert(op, v, t.it->n);
  skip(op);
  return true;
}

static bool next_page(struct op *op, int64_t now, const struct task *t, struct op_step *out) {
  struct step st = {
      .no = t->st->no, .op = t->st->pages, .with = t->st->pages_with, .n_with = t->st->n_pages_with};
  struct denv e = op_env(op, t);
  struct sending snd = {0};
  const struct value *input;
  struct str why;
  if (step_input(&e, &st, &snd, &input, &why)) {
    op_fail(op, STR("DefinitionError"), why, true);
    return false;
  }
  input = page_input(op->s, op->a, st.op, input, op->page_token);
  op->awaiting = AW_PAGES;
  return op_emit(op, now, NULL, &st, input, out);
}

void op_pages_reply(struct op *op, int64_t now, const struct reply *r) {
  const struct task t = op->q.v[op->pc];
  if (r->err) {
    op_task_reply(op, now, r);
    return;
  }
  for (uint32_t i = 0; i < t.st->n_pages_items; i++) {
    const struct value *l = mpath_get(op->s, op->a, &t.st->pages_items[i], r->output);
    for (uint32_t k = 0; value_is(l, V_LIST) && k < l->n; k++) VEC_PUSH(op->a, &op->paged, l->items[k]);
  }
  if (!page_after(op->s, op->a, t.st->pages, r->output, &op->page_token)) {
    op_task_reply(op, now, &page_repeated);
    return;
  }
  if (op->page_token) return;
  const struct value *all = value_list(op->a, op->paged.v, op->paged.n);
  op->paged.n = 0;
  if (!t.st->op) { /* only collected, under the name of `as` */
    if (!op->env.kept) op->env.kept = value_map(op->a, NULL, 0);
    op->env.kept = value_put(op->a, op->env.kept, t.st->as, all);
    skip(op);
    return;
  }
  expand(op, &t, all);
}

/* ---- the call ------------------------------------------------------------------------------ */
static void keep_only(struct op *op, const struct task *t) {
  op_keep(op, t->st, NULL);
  skip(op);
}

bool op_task_next(struct op *op, int64_t now, struct op_step *out) {
  const struct task *t = &op->q.v[op->pc];
  struct denv e = op_env(op, t);
  bool go;
  if (t->wait_only) {
    const struct wait *w = t->st->wait;
    skip(op);
    op_wait_start(op, now, w);
    return false;
  }
  if (denv_true(&e, t->st->when, true, &go)) {
    op_fail(op, STR("DefinitionError"), STR("`when` of a step failed"), true);
    return false;
  }
  if (!go) {
    skip(op);
    return false;
  }
  if (!t->expanded && t->st->pages) return next_page(op, now, t, out);
  if (!t->expanded && t->st->each) {
    const struct value *list;
    if (denv_eval(&e, t->st->each, &list))
      op_fail(op, STR("DefinitionError"), STR("`each` of a step failed"), true);
    else
      expand(op, t, list);
    return false;
  }
  if (!t->st->op) {
    keep_only(op, t);
    return false;
  }
  struct sending snd = {.values = t->values, .create = !t->rule && op->kind != OP_DELETE};
  const struct value *input;
  struct str why;
  if (step_input(&e, t->st, &snd, &input, &why)) {
    op_fail(op, STR("DefinitionError"), why, true);
    return false;
  }
  op->awaiting = AW_STEP;
  return op_emit(op, now, t, t->st, input, out);
}

static void note_identity(struct op *op) {
  if (op->r.identity || op->kind == OP_DELETE || op->phase == PH_LOOK) return;
  struct member *m = ARENA_ARRAY(op->a, op->d->n_identity, struct member);
  for (uint32_t i = 0; i < op->d->n_identity; i++) {
    const struct value *v = op->env.kept ? value_get(op->s, op->env.kept, op->d->identity[i]) : NULL;
    if (value_is_null(v)) return;
    m[i] = (struct member){.key = session_sym(op->s, op->d->identity[i]), .value = v};
  }
  op->r.identity = value_map(op->a, m, op->d->n_identity);
  op_note_attributes(op, op->r.identity);
}

static bool waited_for(const struct def *d, struct str name) {
  for (uint32_t i = 0; i < d->n_waits; i++)
    if (str_in(d->waits[i].needs, d->waits[i].n_needs, name)) return true;
  return false;
}

/* Once all is done nothing waits any more. */
void op_forget_waits(struct op *op) {
  const struct value *at = op->r.attributes;
  for (uint32_t i = 0; value_is(at, V_MAP) && i < at->n; i++)
    if (waited_for(op->d, session_str(op->s, at->members[i].key)))
      op->r.attributes = value_put(op->a, op->r.attributes, at->members[i].key, NULL);
}

/* Read-only properties, identity members and what waiters need of a tree become attributes. */
void op_note_attributes(struct op *op, const struct value *live) {
  const struct value *at = op->r.attributes ? op->r.attributes : value_map(op->a, NULL, 0);
  for (uint32_t i = 0; value_is(live, V_MAP) && i < live->n; i++) {
    struct str name = session_str(op->s, live->members[i].key);
    snode n = schema_child(op->d->sc, op->d->st.root, name);
    bool ours = (n && (schema_flags(op->d->sc, n) & SF_READ_ONLY)) ||
                str_in(op->d->identity, op->d->n_identity, name) || waited_for(op->d, name);
    if (ours && !value_is_null(live->members[i].value))
      at = value_put(op->a, at, live->members[i].key,
                     coerce_schema(op->s, op->a, op->d->sc, n, live->members[i].value, 0));
  }
  op->r.attributes = at;
}

void op_keep(struct op *op, const struct step *st, const struct value *reply) {
  struct denv e = op_env(op, op->pc < op->q.n ? &op->q.v[op->pc] : NULL);
  e.reply = reply;
  for (uint32_t i = 0; i < st->n_keep; i++) {
    const struct kept *k = &st->keep[i];
    const struct value *v = NULL;
    if (k->is_path)
      v = mpath_get(op->s, op->a, &k->path, reply);
    else if (denv_tmpl(&e, k->value, &v))
      v = NULL;
    if (v && str_in(st->secret, st->n_secret, session_str(op->s, k->name)))
      v = value_with_flags(op->a, v, VF_SECRET);
    if (!op->env.kept) op->env.kept = value_map(op->a, NULL, 0);
    if (v) op->env.kept = value_put(op->a, op->env.kept, k->name, v);
    e.kept = op->env.kept;
  }
  note_identity(op);
  if (op->env.kept) op_note_attributes(op, op->env.kept);
}

static void task_done(struct op *op, int64_t now, const struct value *reply) {
  const struct task t = op->q.v[op->pc];
  op_keep(op, t.st, reply);
  if (!op->failing && op->kind != OP_DELETE)
    for (uint32_t i = 0; i < t.n_props; i++)
      if (!str_in(op->applied.v, op->applied.n, t.props[i])) VEC_PUSH(op->a, &op->applied, t.props[i]);
  op->r.applied = op->applied.v, op->r.n_applied = (uint32_t)op->applied.n;
  skip(op);
  if (t.st->wait) op_wait_start(op, now, t.st->wait);
}

struct reply op_verdict(struct op *op, const struct reply *r) {
  struct reply out = *r;
  const struct step *st = op->awaiting == AW_STEP ? op->q.v[op->pc].st : NULL;
  if (r->err || !st || !st->refused.n) return out;
  const struct value *items = mpath_get(op->s, op->a, &st->refused, r->output), *code, *message;
  if (!value_is(items, V_LIST) || !items->n) return out;
  code = mpath_get(op->s, op->a, &st->refused_code, items->items[0]);
  message = mpath_get(op->s, op->a, &st->refused_message, items->items[0]);
  out.err = QN_E_REMOTE, out.cls = EC_CLIENT, out.output = NULL;
  out.code = value_is(code, V_STR) ? value_text(code) : STR("Refused");
  out.message = value_is(message, V_STR) ? value_text(message) : STR("");
  return out;
}

static bool retry(struct op *op, int64_t now, const struct step *st, const struct reply *r) {
  uint32_t which, within;
  if (code_matches(st->busy, st->n_busy, r->code, r->message, &which))
    within = st->within_ms;
  else if (code_matches(op->d->retry, op->d->n_retry, r->code, r->message, &which))
    within = op->d->retry[which].within_ms;
  else
    return false;
  if (now - op->step_since >= (int64_t)within) return false;
  op->pause_until = now + op->backoff_ms;
  op->pause_for = str_dup(op->a, r->code);
  op->backoff_ms = op->backoff_ms < 8000 ? op->backoff_ms * 2 : 15000;
  return true;
}

static bool definitive(const struct reply *r) {
  return !r->maybe_executed && r->cls != EC_AMBIGUOUS && r->cls != EC_CANCELLED && r->cls != EC_BAD_REPLY &&
         r->cls != EC_SERVER;
}

static bool tolerated(struct op *op, const struct step *st, const struct reply *r) {
  if (code_matches(st->ok, st->n_ok, r->code, r->message, NULL)) return true;
  return op->kind == OP_DELETE && code_matches(op->d->gone_codes, op->d->n_gone, r->code, r->message, NULL);
}

void op_task_reply(struct op *op, int64_t now, const struct reply *r) {
  const struct step *st = op->q.v[op->pc].st;
  if (!r->err) {
    task_done(op, now, r->output);
    return;
  }
  if (op->failing || tolerated(op, st, r)) {
    if (!op->failing && take_apart(op)) return;
    task_done(op, now, NULL);
    return;
  }
  /* What may have been carried out is found out before anything else is sent. */
  bool apart = definitive(r) || !st->op || st->op->read_only;
  if (apart && retry(op, now, st, r)) return;
  op_fail(op, str_dup(op->a, r->code), str_dup(op->a, r->message), definitive(r));
  op->r.request_id = str_dup(op->a, r->request_id);
  op->r.exists = op->kind == OP_CREATE && !op->r.identity &&
                 code_matches(op->d->exists, op->d->n_exists, r->code, r->message, NULL);
  const struct value *id;
  struct denv e = op_env(op, NULL);
  if (op->r.exists && op->d->settle.id && !denv_tmpl(&e, op->d->settle.id, &id) && value_is(id, V_MAP))
    op->r.others = id; /* what to import */
}
