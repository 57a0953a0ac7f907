/* Which steps an operation consists of: create steps, the rules of changed properties, delete steps. */
#include "op.h"

void op_push(struct op *op, struct task t) {
  VEC_PUSH(op->a, &op->q, t);
}

void op_insert(struct op *op, const struct task *t, size_t n) {
  size_t at = op->pc + 1, tail = op->q.n - at;
  struct task *v = ARENA_ARRAY(op->a, op->q.n + n, struct task);
  memcpy(v, op->q.v, at * sizeof *v);
  if (n) memcpy(v + at, t, n * sizeof *v);
  if (tail) memcpy(v + at + n, op->q.v + at, tail * sizeof *v);
  op->q.v = v;
  op->q.n = op->q.cap = at + n + tail;
}

size_t op_portions(struct op *op, const struct task *t, const struct value *const *v, size_t n,
                   struct task *out) {
  size_t chunk = t->st->chunk, k = 0;
  for (size_t i = 0, len; i < n; i += len) {
    len = !chunk ? 1 : n - i < chunk ? n - i : chunk;
    out[k] = *t;
    out[k].as = t->st->as;
    out[k].it = out[k].as_value = chunk ? value_list(op->a, v + i, (uint32_t)len) : v[i];
    k++;
  }
  return k;
}

/* Declared properties that a create step carries. */
static void carried(struct op *op, const struct step *st, struct task *t) {
  const struct value *np = op->sc.new_props;
  struct str *v = ARENA_ARRAY(op->a, value_is(np, V_MAP) && np->n ? np->n : 1, struct str);
  uint32_t n = 0;
  for (uint32_t i = 0; value_is(np, V_MAP) && i < np->n; i++) {
    struct str name = session_str(op->s, np->members[i].key);
    if (!value_is_null(np->members[i].value) && step_carries(op->d, st, name)) v[n++] = name;
  }
  t->props = v, t->n_props = n;
}

static void create_steps(struct op *op, bool waits_only) {
  for (uint32_t i = 0; i < op->d->n_create; i++) {
    struct task t = {.st = &op->d->create[i], .wait_only = waits_only};
    if (waits_only && !t.st->wait) continue;
    carried(op, t.st, &t);
    op_push(op, t);
  }
}

/* Where something is left to be changed, the waits of an interrupted run come after the change: what it
 * waited for may never happen without it (a deployment that failed, an update that was not sent). */
void op_plan_create(struct op *op) {
  if (!op->resumed || !op->n_changed) create_steps(op, op->resumed);
}

void op_plan_late_waits(struct op *op) {
  if (op->resumed && op->n_changed) create_steps(op, true);
}

void op_plan_delete(struct op *op) {
  for (uint32_t i = 0; i < op->d->n_del; i++) op_push(op, (struct task){.st = &op->d->del[i]});
}

/* ---- rules ---------------------------------------------------------------------- */
static const struct value *prop(struct op *op, const struct value *props, struct str name) {
  const struct value *v = value_is(props, V_MAP) ? value_get(op->s, props, name) : NULL;
  return value_is_null(v) ? NULL : v;
}

/* What a removed property is set back to; NULL: unknown. */
static const struct value *reset_of(struct op *op, const struct rule *r, struct str name) {
  const struct value *v = NULL;
  struct denv e = op_env(op, NULL);
  if (r->reset && !denv_tmpl(&e, r->reset, &v) && value_is(v, V_MAP)) v = value_get(op->s, v, name);
  if (v) return v;
  struct compare_rule c = def_compare(op->d, name);
  if (c.dflt) return c.dflt;
  snode n = schema_child(op->d->sc, op->d->st.root, name);
  return n && schema_default(op->d->sc, n, op->a, &v) ? v : NULL;
}

static bool skip_fresh(struct op *op, const struct rule *r, const struct value *v) {
  if (r->fresh_any) return true;
  if (!r->fresh) return false;
  const struct value *f;
  struct denv e = op_env(op, NULL);
  return !denv_tmpl(&e, r->fresh, &f) && value_eq(op->s, f, v);
}

static const struct str *one_prop(struct op *op, struct str name) {
  struct str *v = ARENA_NEW(op->a, struct str);
  *v = name;
  return v;
}

static const struct value *single(struct op *op, struct str name, const struct value *v) {
  struct member m = {.key = session_sym(op->s, name), .value = v};
  return value_map(op->a, &m, 1);
}

/* Literals of a definition are untyped text: give them the property's kind. */
static const struct value *typed(struct op *op, struct str name, const struct value *v) {
  return coerce_schema(op->s, op->a, op->d->sc, schema_child(op->d->sc, op->d->st.root, name), v, 0);
}

static void aspect_tasks(struct op *op, const struct rule *r, bool fresh) {
  struct str name = r->on[0];
  const struct value *v = prop(op, op->sc.new_props, name);
  struct task t = {.st = r->steps, .rule = r, .it = v, .props = one_prop(op, name), .n_props = 1};
  if (!v) {
    if (fresh) return;
    const struct value *back = r->clear ? NULL : reset_of(op, r, name);
    if (r->clear)
      t.st = r->clear;
    else if (!back)
      return;
    t.it = back ? typed(op, name, back) : NULL;
  } else if (fresh && r->fresh) {
    const struct value *f;
    struct denv e = op_env(op, NULL);
    if (!denv_tmpl(&e, r->fresh, &f) && value_eq(op->s, typed(op, name, f), v)) return;
  }
  if (t.it) t.values = single(op, name, t.it);
  op_push(op, t);
}

/* ---- lists ------------------------------------------------------------------------ */
static struct str elem_key(struct op *op, const struct rule *r, const struct value *elem) {
  struct denv e = op_env(op, NULL);
  const struct value *v;
  struct buf b = BUF_INIT((size_t)1 << 20);
  struct str out = STR("");
  e.it = elem;
  if (!denv_tmpl(&e, r->key, &v) && !json_write(op->s, v, JSON_COMPACT | JSON_SORTED | JSON_SECRETS, &b) &&
      !b.failed)
    out = str_dup(op->a, buf_str(&b));
  buf_release(&b);
  return out;
}

/* Everything declared of an element is so in the other. */
static bool covers(struct op *op, const struct value *want, const struct value *have) {
  if (!value_is(want, V_MAP) || !value_is(have, V_MAP)) return value_eq(op->s, want, have);
  for (uint32_t i = 0; i < want->n; i++) {
    const struct value *h = value_member(have, want->members[i].key);
    if (value_is_null(want->members[i].value)) continue;
    if (!h || !value_eq(op->s, want->members[i].value, h)) return false;
  }
  return true;
}

/* Does the element there still have what was applied and is not declared any more? */
static bool lets_go(const struct value *want, const struct value *old, const struct value *have) {
  if (!value_is(want, V_MAP) || !value_is(old, V_MAP) || !value_is(have, V_MAP)) return false;
  for (uint32_t i = 0; i < old->n; i++) {
    sym key = old->members[i].key;
    if (!value_is_null(old->members[i].value) && value_is_null(value_member(want, key)) &&
        !value_is_null(value_member(have, key)))
      return true;
  }
  return false;
}

/* replace: live elements whose key is wanted with other values, where nothing changes them in place. They
 * go before anything is added, whatever the order: services would take old and new for the same. */
struct listdiff {
  VEC(const struct value *) replace, add, change, remove;
};

static struct map *by_elem_key(struct op *op, const struct rule *r, const struct value *list) {
  struct map *m = ARENA_NEW(op->a, struct map);
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++)
    map_put(op->a, m, elem_key(op, r, list->items[i]), i);
  return m;
}

static void diff_lists(struct op *op, const struct rule *r, const struct value *want,
                       const struct value *have, const struct value *old, struct listdiff *out) {
  struct map *hm = by_elem_key(op, r, have), *om = by_elem_key(op, r, old),
             *wm = ARENA_NEW(op->a, struct map);
  for (uint32_t i = 0; value_is(want, V_LIST) && i < want->n; i++) {
    struct str k = elem_key(op, r, want->items[i]);
    if (!map_put(op->a, wm, k, i)) continue;
    const uint32_t *at = map_get(hm, k), *was = map_get(om, k);
    if (!at)
      VEC_PUSH(op->a, &out->add, want->items[i]);
    else if (!covers(op, want->items[i], have->items[*at]) ||
             (was && lets_go(want->items[i], old->items[*was], have->items[*at]))) {
      if (r->change)
        VEC_PUSH(op->a, &out->change, want->items[i]);
      else {
        VEC_PUSH(op->a, &out->replace, have->items[*at]);
        VEC_PUSH(op->a, &out->add, want->items[i]);
      }
    }
  }
  for (uint32_t i = 0; value_is(have, V_LIST) && i < have->n; i++)
    if (!map_get(wm, elem_key(op, r, have->items[i]))) VEC_PUSH(op->a, &out->remove, have->items[i]);
}

static void elem_tasks(struct op *op, const struct rule *r, const struct step *st,
                       const struct value *const *v, size_t n) {
  struct task t = {.st = st, .rule = r, .props = r->on, .n_props = 1},
              *out = ARENA_ARRAY(op->a, n ? n : 1, struct task);
  size_t k = n ? op_portions(op, &t, v, n, out) : 0;
  for (size_t i = 0; i < k; i++) op_push(op, out[i]);
}

static void list_tasks(struct op *op, const struct rule *r, bool fresh) {
  struct str name = r->on[0];
  const struct value *want = prop(op, op->sc.new_props, name), *have = NULL;
  if (fresh) {
    struct denv e = op_env(op, NULL);
    if (r->fresh && !denv_tmpl(&e, r->fresh, &have)) have = typed(op, name, have);
  } else {
    have = prop(op, op->env.live ? op->env.live : op->sc.live, name);
    if (!have) have = prop(op, op->sc.old_props, name);
  }
  struct listdiff d = {0};
  diff_lists(op, r, want, have, fresh ? NULL : prop(op, op->sc.old_props, name), &d);
  elem_tasks(op, r, r->remove, d.replace.v, d.replace.n);
  if (r->remove_first) elem_tasks(op, r, r->remove, d.remove.v, d.remove.n);
  elem_tasks(op, r, r->add, d.add.v, d.add.n);
  elem_tasks(op, r, r->change, d.change.v, d.change.n);
  if (!r->remove_first) elem_tasks(op, r, r->remove, d.remove.v, d.remove.n);
}

/* ---- update rules -------------------------------------------------------------------- */
static bool claimed(const struct def *d, struct str name) {
  for (uint32_t i = 0; i < d->n_rules; i++)
    if (!d->rules[i].automatic && str_in(d->rules[i].on, d->rules[i].n_on, name)) return true;
  return false;
}

static bool rule_takes(const struct def *d, const struct rule *r, struct str name) {
  if (!r->automatic) return str_in(r->on, r->n_on, name);
  return !claimed(d, name) && r->n_steps && r->steps->op && prop_settable(d, name) &&
         map_target(d, def_sym(d, name), step_shape(d, r->steps), NULL);
}

const struct rule *def_rule_for(const struct def *d, struct str name, const struct rule *after) {
  for (const struct rule *r = after ? after + 1 : d->rules; r < d->rules + d->n_rules; r++)
    if (rule_takes(d, r, name)) return r;
  return NULL;
}

static void update_tasks(struct op *op, const struct rule *r, const struct str *props, uint32_t n,
                         bool fresh) {
  bool go;
  struct denv e = op_env(op, NULL);
  if (denv_true(&e, r->when, true, &go) || !go) return;
  const struct value *values = value_map(op->a, NULL, 0);
  struct str *mine = ARENA_ARRAY(op->a, n ? n : 1, struct str);
  uint32_t k = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!rule_takes(op->d, r, props[i])) continue;
    const struct value *v = prop(op, op->sc.new_props, props[i]);
    if (fresh && v && skip_fresh(op, r, v)) continue;
    if (!v) v = reset_of(op, r, props[i]);
    mine[k++] = props[i];
    if (v) values = value_put(op->a, values, session_sym(op->s, props[i]), typed(op, props[i], v));
  }
  for (uint32_t i = 0; i < (r->split ? k : k ? 1U : 0U); i++)
    for (uint32_t s = 0; s < r->n_steps; s++) {
      struct task t = {.st = &r->steps[s],
                       .rule = r,
                       .props = r->split ? mine + i : mine,
                       .n_props = r->split ? 1 : k,
                       .values = values};
      if (r->split) {
        t.it = value_get(op->s, values, mine[i]);
        t.values = t.it ? single(op, mine[i], t.it) : value_map(op->a, NULL, 0);
      } else if (k == 1) {
        t.it = value_get(op->s, values, mine[0]);
      }
      op_push(op, t);
    }
}

struct ranked {
  const struct rule *r;
  int64_t order;
  bool done; /* an earlier call brought it about: only what follows it is waited for */
};

static void wait_tasks(struct op *op, const struct rule *r) {
  const struct step *elements[] = {r->add, r->change, r->remove};
  for (uint32_t i = 0; r->kind != RK_LIST && i < r->n_steps; i++)
    if (r->steps[i].wait) op_push(op, (struct task){.st = &r->steps[i], .rule = r, .wait_only = true});
  for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
    if (elements[i] && elements[i]->wait)
      op_push(op, (struct task){.st = elements[i], .rule = r, .wait_only = true});
}

static bool any_taken(const struct def *d, const struct rule *r, const struct str *props, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (rule_takes(d, r, props[i])) return true;
  return false;
}

static int by_order(const void *a, const void *b, void *user) {
  const struct ranked *x = a, *y = b;
  (void)user;
  return x->order < y->order ? -1 : x->order > y->order;
}

void op_plan_rules(struct op *op, const struct str *props, uint32_t n, bool fresh) {
  struct ranked *v = ARENA_ARRAY(op->a, op->d->n_rules ? op->d->n_rules : 1, struct ranked);
  struct str *todo = ARENA_ARRAY(op->a, n ? n : 1, struct str);
  uint32_t k = 0, n_todo = 0;
  struct denv e = op_env(op, NULL);
  for (uint32_t i = 0; i < n; i++)
    if (!op->sc.read_first || !prop_agrees(&e, props[i])) todo[n_todo++] = props[i];
  for (uint32_t i = 0; i < op->d->n_rules; i++) {
    const struct rule *r = &op->d->rules[i];
    if (!any_taken(op->d, r, props, n)) continue;
    v[k] = (struct ranked){.r = r, .done = !any_taken(op->d, r, todo, n_todo)};
    const struct value *o = NULL;
    e.it = r->n_on ? prop(op, op->sc.new_props, r->on[0]) : NULL;
    if (r->order && denv_tmpl(&e, r->order, &o)) o = NULL;
    struct str text;
    if (o && value_to_text(op->a, o, &text) && !str_to_i64(text, &v[k].order)) v[k].order = 0;
    k++;
  }
  sort_stable(op->a, v, k, sizeof *v, by_order, NULL);
  for (uint32_t i = 0; i < k; i++) {
    if (fresh && v[i].r->fresh_any) continue;
    if (v[i].done)
      wait_tasks(op, v[i].r);
    else if (v[i].r->kind == RK_ASPECT)
      aspect_tasks(op, v[i].r, fresh);
    else if (v[i].r->kind == RK_LIST)
      list_tasks(op, v[i].r, fresh);
    else
      update_tasks(op, v[i].r, todo, n_todo, fresh);
  }
}
