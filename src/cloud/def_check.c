/* Build-time checks of a definition against the wire models and the schema. */
#include "def.h"

struct checker {
  struct session *s;
  const struct def *d;
  bool failed;
};

static void complain(struct checker *c, enum diag_code code, struct span at, const char *what,
                     struct str name, const char *why) {
  diag_add(&c->s->diags, code, at, "%s \"%.*s\" %s", what, SV(name), why);
  c->failed = true;
}

static void member_known(struct checker *c, uint32_t shape, const struct mpath *p, const char *of) {
  if (!p->n || mpath_shape(c->d->w, shape, p)) return;
  complain(c, QN0923, p->span, "member", p->text, of);
}

static void prop_known(struct checker *c, struct str name, struct span at) {
  if (!schema_child(c->d->sc, c->d->st.root, prop_head(name)))
    complain(c, QN0924, at, "property", name, "is not in the schema of this type");
}

static void refused_check(struct checker *c, const struct step *st) {
  uint32_t item = mpath_shape(c->d->w, st->op->output, &st->refused);
  if (item && wire_kind(c->d->w, item) == WK_LIST) item = wire_element(c->d->w, item);
  member_known(c, st->op->output, &st->refused, "is not in the call's reply");
  member_known(c, item, &st->refused_code, "is not in what is refused");
  member_known(c, item, &st->refused_message, "is not in what is refused");
}

static void step_check(struct checker *c, const struct step *st) {
  const struct def *d = c->d;
  for (uint32_t i = 0; i < st->n_send; i++) {
    prop_known(c, st->send_list[i], st->span);
    if (st->op && !map_target(d, def_sym(d, st->send_list[i]), step_shape(d, st), NULL))
      complain(c, QN0923, st->span, "property", st->send_list[i], "has no member in the call that sends it");
  }
  for (uint32_t i = 0; i < st->n_carries; i++) prop_known(c, st->carries[i], st->span);
  if (!st->op) return;
  if (st->has_at) member_known(c, st->op->input, &st->at, "is not in the call's input");
  for (uint32_t i = 0; i < st->n_with; i++)
    member_known(c, st->op->input, &st->with[i].path, "is not in the call's input");
  if (st->has_token) member_known(c, st->op->input, &st->token, "is not in the call's input");
  if (st->has_tags) member_known(c, st->op->input, &st->tags, "is not in the call's input");
  member_known(c, st->op->input, &st->coalesce_into, "is not in the call's input");
  if (st->refused.n) refused_check(c, st);
  for (uint32_t i = 0; i < st->n_keep; i++)
    if (st->keep[i].is_path) member_known(c, st->op->output, &st->keep[i].path, "is not in the call's reply");
  for (uint32_t i = 0; st->pages && i < st->n_pages_items; i++)
    member_known(c, st->pages->output, &st->pages_items[i], "is not in the listing's reply");
  for (uint32_t i = 0; st->pages && i < st->n_pages_with; i++)
    member_known(c, st->pages->input, &st->pages_with[i].path, "is not in the listing's input");
}

static void steps_check(struct checker *c, const struct step *st, uint32_t n) {
  for (uint32_t i = 0; st && i < n; i++) step_check(c, &st[i]);
}

static void read_check(struct checker *c, const struct readsrc *r) {
  if (!r->step.op) return;
  step_check(c, &r->step);
  if (!r->step.op->read_only)
    complain(c, QN0922, r->step.span, "operation", r->step.op->name, "changes things: it cannot be a read");
  uint32_t shape = r->step.op->output;
  if (r->has_items) {
    member_known(c, shape, &r->items, "is not in the reply");
    shape = mpath_shape(c->d->w, shape, &r->items);
    if (shape && wire_kind(c->d->w, shape) == WK_LIST) shape = wire_element(c->d->w, shape);
  }
  member_known(c, shape, &r->id, "is not in an item of the reply");
  member_known(c, shape, &r->within, "is not in an item of the reply");
  if (r->by == BY_IDS) member_known(c, r->step.op->input, &r->by_path, "is not in the call's input");
  if (r->has_value) member_known(c, shape, &r->value, "is not in the reply");
  for (uint32_t i = 0; i < r->n_for; i++) prop_known(c, r->for_props[i], r->step.span);
}

static void rule_check(struct checker *c, const struct rule *r) {
  for (uint32_t i = 0; i < r->n_on; i++) prop_known(c, r->on[i], r->span);
  steps_check(c, r->steps, r->n_steps);
  steps_check(c, r->clear, 1);
  steps_check(c, r->add, 1);
  steps_check(c, r->change, 1);
  steps_check(c, r->remove, 1);
}

/* ---- every settable property is carried and read -------------------------------------------- */
static bool is_unsupported(const struct def *d, struct str path) {
  for (uint32_t i = 0; i < d->n_unsupported; i++)
    if (str_eq(d->unsupported[i].name, path)) return true;
  return false;
}

static bool carried_at_create(const struct def *d, struct str name) {
  for (uint32_t i = 0; i < d->n_create; i++)
    if (step_carries(d, &d->create[i], name)) return true;
  return false;
}

static bool is_read(const struct def *d, struct str name) {
  for (uint32_t i = 0; i < d->n_per + d->n_more; i++) {
    const struct readsrc *r = i < d->n_per ? &d->per[i] : &d->more[i - d->n_per];
    if (str_in(r->for_props, r->n_for, name)) return true;
  }
  if (str_in(d->identity, d->n_identity, name)) return true;
  if (!d->has_read || !d->batch.step.op) return false;
  uint32_t shape = d->batch.step.op->output;
  if (d->batch.has_items) shape = mpath_shape(d->w, shape, &d->batch.items);
  if (shape && wire_kind(d->w, shape) == WK_LIST) shape = wire_element(d->w, shape);
  if (d->batch.has_within) {
    shape = mpath_shape(d->w, shape, &d->batch.within);
    if (shape && wire_kind(d->w, shape) == WK_LIST) shape = wire_element(d->w, shape);
  }
  return shape && map_readable(d, def_sym(d, name), shape);
}

static void property_check(struct checker *c, snode n) {
  const struct def *d = c->d;
  struct str name = schema_name(d->sc, n);
  unsigned flags = schema_flags(d->sc, n);
  if ((flags & SF_READ_ONLY) || is_unsupported(d, name)) return;
  bool write_only = (flags & SF_WRITE_ONLY) || def_compare(d, name).kind == CMP_WRITE_ONLY;
  bool ruled = def_rule_for(d, name, NULL) != NULL, created = carried_at_create(d, name);
  if (!ruled && !created)
    complain(c, QN0925, d->span, "property", name, "is carried by no call and not listed under unsupported");
  else if (!ruled && !(flags & (SF_CREATE_ONLY | SF_COND_CREATE_ONLY)))
    complain(c, QN0925, d->span, "property", name,
             "can change, but no rule says how and it is not create-only");
  if (!write_only && !is_read(d, name)) complain(c, QN0926, d->span, "property", name, "is never read back");
}

static void owner_check(struct checker *c, const struct owned_by *o) {
  const struct def *d = c->d;
  struct stype owner;
  prop_known(c, o->property, d->span);
  if (!schema_type(d->sc, o->type, &owner)) {
    complain(c, QN0924, d->span, "type", o->type, "is not in the catalogue");
    return;
  }
  struct str names[2] = {o->min, o->max};
  for (uint32_t i = 0; i < 2 + o->n_where; i++) {
    struct str name = i < 2 ? names[i] : o->where[i - 2].property;
    if (!schema_child(d->sc, owner.root, name))
      complain(c, QN0924, d->span, "property", name, "is not in the schema of the type that owns");
  }
}

static void names_check(struct checker *c) {
  const struct def *d = c->d;
  for (uint32_t i = 0; i < d->map->n_kids; i++) {
    const struct mapping *m = d->map->kids[i];
    if (!m->n_group) prop_known(c, session_str(c->s, m->name), m->span);
  }
  for (uint32_t i = 0; i < d->n_cmp; i++) prop_known(c, d->cmp[i].path, d->span);
  for (uint32_t i = 0; i < d->n_unsupported; i++)
    prop_known(c, d->unsupported[i].name, d->unsupported[i].span);
  for (uint32_t i = 0; i < d->n_attrs; i++) prop_known(c, d->attrs[i].name, d->span);
  for (uint32_t i = 0; i < d->n_sandbox; i++)
    if (!str_in(d->identity, d->n_identity, d->sandbox[i].name)) prop_known(c, d->sandbox[i].name, d->span);
  for (uint32_t i = 0; i < d->n_owned; i++) owner_check(c, &d->owned[i]);
}

/* What an interrupted create is to be found by must be given by the create: a tag that it does not set, or a
 * token that it does not carry, finds nothing. */
static void settle_check(struct checker *c) {
  const struct def *d = c->d;
  const struct settle_def *sd = &d->settle;
  struct wire_member m;
  bool tags = false, token = false;
  for (uint32_t i = 0; i < d->n_create; i++) {
    const struct step *st = &d->create[i];
    tags |= st->has_tags;
    token |= st->has_token || (st->op && st->op->idempotency_member.n);
  }
  if (sd->find == FIND_TAG && (!tags || !d->info.tag_property.n))
    complain(c, QN0927, sd->span, "type", d->type, "is found by a tag that its create does not set");
  else if (sd->find == FIND_TAG && d->batch.step.op && d->batch.step.op->read_only &&
           !wire_member(d->w, d->batch.step.op->input, filters_member(d->w, d->batch.step.op), true, &m))
    complain(c, QN0927, sd->span, "operation", d->batch.step.op->name, "has no filter to find a tag with");
  if (sd->find == FIND_TOKEN && (!token || !sd->token_ttl_ms))
    complain(c, QN0927, sd->span, "type", d->type,
             "is found by nothing: it needs a name, a tag, a natural key, or a token and how long it holds");
  else if (sd->token_ttl_ms && !token)
    complain(c, QN0927, sd->span, "type", d->type, "has a token_ttl, but no step of its create has a token");
}

enum qn_err def_check(const struct def *d) {
  struct checker c = {.s = d->s, .d = d};
  steps_check(&c, d->create, d->n_create);
  steps_check(&c, d->del, d->n_del);
  steps_check(&c, d->settle.steps, d->settle.n_steps);
  if (d->has_read) read_check(&c, &d->batch);
  for (uint32_t i = 0; i < d->n_more; i++) read_check(&c, &d->more[i]);
  for (uint32_t i = 0; i < d->n_per; i++) read_check(&c, &d->per[i]);
  for (uint32_t i = 0; i < d->n_rules; i++) rule_check(&c, &d->rules[i]);
  for (uint32_t i = 0; i < d->n_waits; i++) {
    steps_check(&c, d->waits[i].diagnose, d->waits[i].n_diagnose);
    steps_check(&c, d->waits[i].call, d->waits[i].call ? 1 : 0);
  }
  names_check(&c);
  settle_check(&c);
  if (!d->n_create || !d->n_del || !d->has_read)
    complain(&c, QN0927, d->span, "type", d->type, "needs create, read.batch and delete");
  snode *kids;
  size_t n = schema_children(d->sc, d->st.root, &d->s->arena, &kids);
  for (size_t i = 0; i < n; i++) property_check(&c, kids[i]);
  if (!c.failed && !def_check_deep(d)) c.failed = true;
  return c.failed ? QN_E_INVALID : QN_OK;
}
