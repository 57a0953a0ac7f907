/* What is decided only at apply: values that were not known at plan, and with
 * them whether a replacement or an update is needed at all. */
#include "internal.h"

enum qn_err secret_of(void *user, struct str ref, const struct value **out) {
  struct run *r = user;
  struct str rest = ref;
  if (str_starts(ref, STR("env:"))) {
    rest = str_sub(ref, 4, ref.n);
    const char *v = r->s->out.getenv(r->s->out.user, str_dup(r->a, rest).p);
    if (v) {
      *out = value_with_flags(r->a, value_str(r->a, str_c(v)), VF_SECRET);
      return QN_OK;
    }
  } else if (r->o->secret) {
    return r->o->secret(r->o->user, ref, out);
  }
  diag_add(&r->s->diags, QN0854, SPAN_NONE, "the secret %.*s is not there", SV(ref));
  return QN_E_INVALID;
}

static const struct value *now_known(struct run *r, const struct value *v) {
  struct resolver rs = {.user = r, .attribute = attribute_of};
  const struct value *out;
  return v && !value_resolve(r->s, r->a, v, &rs, &out) ? out : v;
}

/* Where a value is still unknown: the first attribute that nobody knows. */
static const struct unknown *first_unknown(const struct value *v, unsigned depth) {
  if (!value_unknown(v) || depth > 256) return NULL;
  if (v->kind == V_UNKNOWN) {
    const struct unknown *u = v->unknown, *below = NULL;
    if (u->ukind != U_EXPR) return u;
    for (uint32_t i = 0; i < u->n_bindings && !below; i++)
      below = first_unknown(u->bindings[i].value, depth + 1);
    return below ? below : u;
  }
  const struct unknown *u = NULL;
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n && !u; i++) u = first_unknown(v->items[i], depth + 1);
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n && !u; i++)
    u = first_unknown(v->members[i].value, depth + 1);
  return u;
}

bool task_resolve(struct task *t) {
  struct run *r = t->run;
  struct resolver rs = {.user = r, .attribute = attribute_of};
  enum qn_err e = value_resolve(r->s, r->a, t->c->wanted, &rs, &t->record);
  rs.secret = secret_of;
  if (!e) e = value_resolve(r->s, r->a, t->record, &rs, &t->send);
  if (e) {
    task_fail(t, STR(""), STR("a value that was to become known cannot be computed"));
    return false;
  }
  const struct unknown *u = first_unknown(t->send, 0);
  if (!u) return true;
  struct diag *g =
      diag_add(&r->s->diags, QN0852, t->c->span, "%.*s needs %.*s%s%.*s, which is still not known",
               SV(session_str(r->s, t->c->address)), SV(session_str(r->s, u->address)), u->path.n ? "." : "",
               SV(u->path));
  diag_help(&r->s->diags, g, "the resource that has it failed, or AWS does not say it");
  task_event(t, AE_FAILED, STR("needs a value that is still not known"));
  task_over(t, true);
  return false;
}

enum qn_err replacements_check(struct run *r) {
  enum qn_err worst = QN_OK;
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    const struct change *old = r->tasks[i].c;
    if (old->action != ACT_DELETE || old->create_first || old->pair >= r->n_tasks) continue;
    const struct change *c = r->tasks[old->pair].c;
    struct resolver rs = {.user = r, .attribute = attribute_of, .secret = secret_of};
    const struct value *send;
    enum qn_err e = value_resolve(r->s, r->a, c->wanted, &rs, &send);
    if (!e) continue;
    struct diag *g = diag_add(&r->s->diags, QN0850, c->span,
                              "cannot replace %.*s: the new one needs a value that cannot be computed",
                              SV(session_str(r->s, c->address)));
    diag_help(&r->s->diags, g, "the old one would have to go first; nothing was changed");
    worst = QN_E_INVALID;
  }
  return worst;
}

bool task_makes_room(struct task *t) {
  struct run *r = t->run;
  const struct change *old = t->c;
  if (old->create_first || old->pair >= r->n_tasks || !r->o->schema) return true;
  const struct change *c = r->tasks[old->pair].c;
  if (!value_unknown(c->wanted)) return true; /* was checked with the spec */
  struct resolver rs = {.user = r, .attribute = attribute_of};
  const struct value *now, *typed;
  struct stype type;
  bool fits = !value_resolve(r->s, r->a, c->wanted, &rs, &now);
  if (fits && schema_type(r->o->schema, session_str(r->s, c->type), &type))
    fits = !schema_check(r->o->schema, r->s, &type, now, c->span, &typed);
  if (fits) return true;
  struct diag *g =
      diag_add(&r->s->diags, QN0857, c->span,
               "%.*s is not replaced: with the values that are known now the new one is not valid",
               SV(session_str(r->s, c->address)));
  diag_help(&r->s->diags, g, "the old one would have to be deleted first, and was not touched");
  task_event(t, AE_FAILED, STR("what is to replace it is not valid"));
  task_over(t, true);
  return false;
}

/* A leaf whose value was unknown at plan and turned out to be what is there. */
static bool turned_out_equal(struct run *r, const struct change *c, const struct leaf_change *l) {
  if (!value_unknown(l->after)) return false;
  const struct value *v = now_known(r, l->after);
  return plan_leaf_same(r->s, r->a, c, l, v);
}

static bool must_replace(struct run *r, const struct change *create) {
  if (!create->if_changed) return true;
  for (uint32_t i = 0; i < create->n_leaves; i++) {
    const struct leaf_change *l = &create->leaves[i];
    if ((l->forces_replace || l->if_changed) && !turned_out_equal(r, create, l)) return true;
  }
  return false;
}

static bool may_replace(struct task *t, const struct change *old) {
  struct str address = session_str(t->run->s, old->address);
  if (old->protect) {
    diag_add(&t->run->s->diags, QN0803, old->span, "%.*s is protected and would be replaced", SV(address));
    return false;
  }
  if (def_info(old->def).stateful && old->on_destroy == OD_DEFAULT) {
    diag_add(&t->run->s->diags, QN0804, old->span,
             "%.*s holds data and would be replaced, but nothing says what becomes of the data", SV(address));
    return false;
  }
  return true;
}

bool task_replaces(struct task *t) {
  struct run *r = t->run;
  if (t->c->pair >= r->n_tasks || !t->c->if_changed) return true;
  struct task *other = &r->tasks[t->c->pair];
  if (t->decided == D_OPEN) {
    struct task *create = t->c->action == ACT_CREATE ? t : other, *old = create == t ? other : t;
    bool yes = must_replace(r, create->c);
    if (yes && !may_replace(t, old->c)) {
      task_event(t, AE_FAILED, STR("must not be replaced"));
      task_over(t, true);
      return false;
    }
    t->decided = other->decided = yes ? D_REPLACE : D_KEEP;
  }
  return t->decided == D_REPLACE;
}

void task_narrow(struct task *t) {
  struct run *r = t->run;
  const struct change *c = t->c;
  VEC(struct str) left = {0};
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    const struct leaf_change *l = &c->leaves[i];
    bool listed = l->why == WHY_KEPT || l->why == WHY_RELEASED || turned_out_equal(r, c, l);
    for (size_t k = 0; k < left.n && !listed; k++) listed = str_eq(left.v[k], l->property);
    if (!listed) VEC_PUSH(r->a, &left, l->property);
  }
  t->changed = left.v;
  t->n_changed = (uint32_t)left.n;
  if (!t->changed) t->changed = ARENA_ARRAY(r->a, 1, struct str); /* none is not all */
}
