/* Operations: create, update, delete and settling an interrupted create, as a sequence of calls and
 * pauses that the caller carries out (provider.h). */
#include "op.h"
#include "sandbox_int.h"

enum { ATTRS_MS = 30000 };

struct op *op_new(struct session *s, struct arena *a, const struct providers *p, const struct def *d,
                  enum op_kind kind, const struct op_scope *sc, const struct str *changed,
                  uint32_t n_changed) {
  struct op *op = ARENA_NEW(a, struct op);
  op->s = s, op->a = a, op->p = p, op->d = d, op->kind = kind, op->sc = *sc;
  op->changed = changed, op->n_changed = n_changed;
  op->env = (struct denv){.s = s,
                          .a = a,
                          .d = d,
                          .sc = &op->sc,
                          .region = sc->region,
                          .account = sc->account,
                          .partition = sc->partition};
  op->step_since = op->attrs_since = -1;
  op->r.identity = kind == OP_SETTLE_CREATE ? NULL : sc->identity;
  op->r.attributes = sc->attributes;
  op->resumed = kind == OP_CREATE && sc->identity;
  if (op->r.identity) op_note_attributes(op, op->r.identity);
  return op;
}

const struct op_result *op_result(const struct op *op) {
  return &op->r;
}

void op_read_start(struct op *op, enum op_reading why, const struct value *identity,
                   const struct str *managed, uint32_t n) {
  struct read_item *it = ARENA_NEW(op->a, struct read_item);
  *it = (struct read_item){.address = op->sc.address,
                           .region = op->sc.region,
                           .def = op->d,
                           .identity = identity,
                           .managed = managed,
                           .n_managed = n,
                           .props = op->sc.new_props ? op->sc.new_props : op->sc.old_props};
  op->rs = readset_new(op->s, op->a, op->p, op->sc.account, op->sc.partition, it, 1);
  op->reading = why;
}

static const struct str *top_names(struct op *op, const struct str *paths, uint32_t n, uint32_t *count) {
  struct str *v = ARENA_ARRAY(op->a, n ? n : 1, struct str);
  uint32_t k = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct str head = prop_head(paths[i]);
    if (!str_in(v, k, head)) v[k++] = head;
  }
  *count = k;
  return v;
}

/* Ownership tags are to be there that no create step carries. */
static bool tags_apart(struct op *op) {
  struct str tp = op->d->info.tag_property;
  if (!tp.n || !op->sc.tags || !op->sc.tags->n) return false;
  for (uint32_t c = 0; c < op->d->n_create; c++)
    if (step_carries(op->d, &op->d->create[c], tp)) return false;
  return true;
}

/* They go on even where no tag is declared; when an interrupted create is resumed, if they are not there. */
static bool tags_missing(struct op *op) {
  if (!tags_apart(op) || str_in(op->applied.v, op->applied.n, op->d->info.tag_property)) return false;
  struct denv e = op_env(op, NULL);
  return !op->resumed || (e.live && value_get(op->s, tags_view(&e), STR("add"))->n);
}

static const struct str *with_tags(struct op *op, const struct str *v, uint32_t *count) {
  struct str tp = op->d->info.tag_property;
  if (str_in(v, *count, tp) || !tags_missing(op)) return v;
  struct str *more = ARENA_ARRAY(op->a, *count + 1, struct str);
  if (*count) memcpy(more, v, *count * sizeof *v);
  more[(*count)++] = tp;
  return more;
}

/* Properties that the create steps did not carry. */
static const struct str *missing_props(struct op *op, uint32_t *count) {
  const struct value *np = op->sc.new_props;
  if (op->resumed && op->changed)
    return with_tags(op, top_names(op, op->changed, op->n_changed, count), count);
  struct str *v = ARENA_ARRAY(op->a, value_is(np, V_MAP) && np->n ? np->n : 1, struct str);
  uint32_t k = 0;
  for (uint32_t i = 0; value_is(np, V_MAP) && i < np->n; i++) {
    struct str name = session_str(op->s, np->members[i].key);
    bool carried = str_in(op->applied.v, op->applied.n, name) || value_is_null(np->members[i].value);
    for (uint32_t c = 0; op->resumed && c < op->d->n_create; c++)
      carried |= step_carries(op->d, &op->d->create[c], name);
    if (!carried) v[k++] = name;
  }
  *count = k;
  return with_tags(op, v, count);
}

static bool has_list_rule(struct op *op, const struct str *props, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const struct rule *r = def_rule_for(op->d, props[i], NULL);
    if (r && r->kind == RK_LIST) return true;
  }
  return false;
}

static void start_tasks(struct op *op) {
  op->q.n = 0, op->pc = 0, op->step_since = -1;
  op->env.kept = NULL;
  op->phase = PH_TASKS;
  uint32_t n;
  if (op->kind == OP_DELETE)
    op_plan_delete(op);
  else if (op->kind == OP_CREATE)
    op_plan_create(op);
  else {
    const struct str *props = top_names(op, op->changed, op->n_changed, &n);
    op_plan_rules(op, props, n, false);
  }
}

/* Names of what is wanted, of tags that a create still owes, and after a lost call of what was to go. */
static const struct str *names_to_read(struct op *op, uint32_t *count) {
  const struct value *maps[] = {op->sc.new_props, op->sc.old_props};
  VEC(struct str) v = {0};
  size_t n = op->sc.new_props && !op->sc.read_first ? 1 : 2;
  if (op->kind == OP_CREATE && tags_apart(op)) VEC_PUSH(op->a, &v, op->d->info.tag_property);
  for (size_t m = 0; m < n; m++)
    for (uint32_t i = 0; value_is(maps[m], V_MAP) && i < maps[m]->n; i++) {
      struct str name = session_str(op->s, maps[m]->members[i].key);
      if (!str_in(v.v, v.n, name)) VEC_PUSH(op->a, &v, name);
    }
  *count = (uint32_t)v.n;
  return v.v;
}

static void start(struct op *op) {
  uint32_t n;
  if (op->kind == OP_SETTLE_CREATE || (op->kind == OP_CREATE && !op->resumed && op->d->settle.first)) {
    op->phase = PH_LOOK;
    return;
  }
  bool all = op->kind != OP_DELETE || op->d->delete_needs_live;
  bool live = op->kind == OP_DELETE && op->d->delete_needs_live;
  const struct str *props = top_names(op, op->changed, op->n_changed, &n);
  if (op->kind == OP_UPDATE) live = has_list_rule(op, props, n);
  live |= op->sc.read_first;
  if (op->resumed) live = true; /* what an interrupted run already did is not done again */
  if (live && !op->sc.live && op->sc.identity && op->d->has_read) {
    op->phase = PH_LIVE;
    const struct str *names = names_to_read(op, &n);
    op_read_start(op, RD_LIVE, op->sc.identity, names, all ? n : 0);
    return;
  }
  start_tasks(op);
}

/* After a look before the create: ours is adopted, another's is an error that offers import. */
static void after_look(struct op *op) {
  if (op->kind == OP_SETTLE_CREATE) {
    op->phase = op->r.identity ? PH_ATTRS : PH_END;
    return;
  }
  if (op->r.settled == SV_FOREIGN) {
    op_fail(op, STR("AlreadyExists"), STR("an object of this name exists and is not managed here"), true);
    op->r.exists = true;
    return;
  }
  if (op->r.identity) {
    op->resumed = true;
    op->sc.identity = op->r.identity;
    start(op);
    return;
  }
  start_tasks(op);
}

static void complete(struct op *op) {
  uint32_t n;
  op->phase = PH_COMPLETE;
  const struct str *props = missing_props(op, &n);
  op->q.n = 0, op->pc = 0;
  op_plan_rules(op, props, n, !op->env.live && !op->resumed);
  op_plan_late_waits(op);
}

static bool attribute_missing(struct op *op, struct str name) {
  return !op->r.attributes || value_is_null(value_get(op->s, op->r.attributes, prop_head(name)));
}

/* Attributes by template, and a read if something refers to one that is not known yet. */
static bool finish_attributes(struct op *op) {
  struct denv e = op_env(op, NULL);
  for (uint32_t i = 0; i < op->d->n_attrs; i++) {
    const struct value *v;
    if (!denv_tmpl(&e, op->d->attrs[i].value, &v) && !value_is_null(v))
      op->r.attributes = value_put(op->a, op->r.attributes ? op->r.attributes : value_map(op->a, NULL, 0),
                                   session_sym(op->s, op->d->attrs[i].name), v);
  }
  bool need = false;
  for (uint32_t i = 0; i < op->sc.n_wanted; i++) need |= attribute_missing(op, op->sc.wanted[i]);
  if (!need || !op->d->has_read) return false;
  op_read_start(op, RD_ATTRS, op->r.identity, op->sc.wanted, op->sc.n_wanted);
  return true;
}

/* Something that only the service can say was asked for and not answered. */
static bool still_waited_for(struct op *op) {
  for (uint32_t i = 0; i < op->sc.n_wanted; i++) {
    snode n = schema_child(op->d->sc, op->d->st.root, prop_head(op->sc.wanted[i]));
    if (n && schema_flags(op->d->sc, n) & SF_READ_ONLY && attribute_missing(op, op->sc.wanted[i]))
      return true;
  }
  return false;
}

/* Reads may lag behind a create: what is not there yet is looked for a little longer. */
static void attributes_read(struct op *op, int64_t now, const struct read_result *r) {
  op->phase = PH_END;
  if (r->state == RR_LIVE) op_note_attributes(op, r->live);
  if (r->state == RR_LIVE && (op->kind != OP_CREATE || !still_waited_for(op))) return;
  if (op->attrs_since < 0) op->attrs_since = now;
  int64_t within = r->state == RR_LIVE ? ATTRS_MS / 3 : ATTRS_MS;
  if (now - op->attrs_since < within && r->cls != EC_ACCESS_DENIED && r->cls != EC_CREDENTIALS) {
    op->pause_until = now + 1000;
    op->pause_for = STR("attributes");
    op->phase = PH_ATTRS;
  } else if (r->state == RR_FAILED) {
    op_fail(op, r->code, r->message, false);
  }
}

static void tasks_end(struct op *op) {
  if (op->failing) {
    op->phase = PH_END;
    struct denv e = op_env(op, NULL);
    struct str t;
    if (op->because->because && denv_text(&e, op->because->because, &t)) op->r.because = t;
    return;
  }
  struct denv e = op_env(op, NULL);
  if (op->kind == OP_DELETE && op->d->deleted) (void)denv_text(&e, op->d->deleted, &op->r.remains);
  if (op->kind == OP_CREATE && op->phase == PH_TASKS)
    complete(op);
  else if (op->kind == OP_CREATE || op->kind == OP_UPDATE)
    op->phase = PH_ATTRS;
  else
    op->phase = PH_END;
}

static void read_done(struct op *op, int64_t now) {
  const struct read_result *r = readset_result(op->rs, 0);
  const struct value *item = readset_item(op->rs, 0);
  enum op_reading why = op->reading;
  op->rs = NULL;
  op->reading = RD_NONE;
  switch (why) {
  case RD_WAIT:
    if (r->state == RR_FAILED) {
      bool hopeless = r->cls == EC_CREDENTIALS || r->cls == EC_ACCESS_DENIED;
      enum err_class cls = hopeless ? r->cls : EC_SERVER;
      struct reply bad = {.err = QN_E_REMOTE, .cls = cls, .code = r->code, .message = r->message};
      op_wait_reply(op, now, &bad);
      return;
    }
    if (r->state == RR_LIVE) op_note_attributes(op, r->live);
    op_wait_item(op, now, item, r->state == RR_GONE);
    return;
  case RD_LIVE:
    if (r->state == RR_FAILED) {
      op_fail(op, r->code, r->message, true);
      return;
    }
    if (r->state == RR_GONE && op->kind == OP_DELETE) {
      op->phase = PH_END;
      return;
    }
    op->env.live = r->live;
    start_tasks(op);
    return;
  case RD_ATTRS: attributes_read(op, now, r); return;
  case RD_SETTLE: settle_read(op, r, item); return;
  case RD_NONE: return;
  }
}

/* True: *out is filled. False: the state changed, go round again. */
static bool advance(struct op *op, int64_t now, struct op_step *out) {
  if (op->rs) {
    struct call c;
    if (!readset_next(op->rs, &c, &op->rs_token)) {
      read_done(op, now);
      return false;
    }
    *out = (struct op_step){.what = OPW_CALL, .call = c};
    op->awaiting = AW_READ;
    return true;
  }
  if (op->w) return op_wait_next(op, now, out);
  switch (op->phase) {
  case PH_START: start(op); return false;
  case PH_LOOK:
    if (op->settle.done)
      after_look(op);
    else
      return settle_next(op, now, out);
    return false;
  case PH_LIVE: return false;
  case PH_TASKS:
  case PH_COMPLETE:
    if (op->pc < op->q.n) return op_task_next(op, now, out);
    tasks_end(op);
    return false;
  case PH_ATTRS:
    op->phase = PH_END;
    (void)finish_attributes(op);
    return false;
  case PH_END: break;
  }
  op->over = true;
  if (!op->failed) op_forget_waits(op);
  *out = (struct op_step){.what = op->failed ? OPW_FAILED : OPW_DONE};
  return true;
}

void op_next(struct op *op, int64_t now, struct op_step *out) {
  if (providers_sandboxed(op->p)) {
    op_sandbox_next(op, out);
    return;
  }
  for (uint32_t guard = 0; guard < 1000000; guard++) {
    if (op->over) break;
    if (op->pause_until > now) {
      *out = (struct op_step){
          .what = OPW_PAUSE, .pause_ms = (uint32_t)(op->pause_until - now), .waiting_for = op->pause_for};
      return;
    }
    if (advance(op, now, out)) return;
  }
  *out = (struct op_step){.what = op->failed ? OPW_FAILED : OPW_DONE};
}

void op_reply(struct op *op, int64_t now, const struct reply *reply) {
  if (providers_sandboxed(op->p)) {
    op_sandbox_reply(op, reply);
    return;
  }
  struct reply verdict = op_verdict(op, reply), *r = &verdict;
  enum op_awaiting aw = op->awaiting;
  op->awaiting = AW_NONE;
  switch (aw) {
  case AW_READ: readset_reply(op->rs, op->rs_token, r); return;
  case AW_WAITCALL: op_wait_reply(op, now, r); return;
  case AW_FIND: settle_reply(op, now, r); return;
  case AW_PAGES: op_pages_reply(op, now, r); return;
  case AW_STEP: op_task_reply(op, now, r); return;
  case AW_NONE: return;
  }
}
