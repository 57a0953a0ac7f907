/* Comprehensions: over known lists and maps element by element. */
#include "eval_internal.h"

static int by_key(const void *a, const void *b, void *user) {
  const struct session *s = user;
  return intern_cmp(s->names, ((const struct member *)a)->key, ((const struct member *)b)->key);
}

struct member *members_sorted(struct run *r, const struct value *map) {
  struct member *m = ARENA_ARRAY(r->a, map->n, struct member);
  if (map->n) memcpy(m, map->members, map->n * sizeof *m);
  sort_stable(r->a, m, map->n, sizeof *m, by_key, r->s);
  return m;
}

struct loop {
  const struct expr *e;
  const struct value *what;
  const struct member *members; /* sorted, of a map */
  struct frame var, var2;
  VEC(const struct value *) items;
  VEC(struct member) made;
  struct map keys; /* of a map being made: key -> index */
  bool unknown;    /* an element's membership or key is unknown: so is the whole */
};

static enum qn_err unknown_for(struct run *r, const struct expr *e, const struct value *what,
                               const struct value **out) {
  struct residual x = {.r = r};
  const struct expr *kids[FOR_KIDS] = {NULL};
  /* The body keeps its names; its loop variables are not free in a node that declares them. */
  const struct expr *nothing = expr_new(r->a, E_LIST, e->span, NULL, 0);
  for (int i = 0; i < FOR_KIDS; i++) kids[i] = i == FOR_WHAT ? nothing : e->kids[i];
  struct expr *body = expr_new(r->a, E_FOR, e->span, kids, FOR_KIDS);
  body->var = e->var;
  body->var2 = e->var2;
  enum qn_err err = residual_keep(&x, body);
  if (err) return err;
  kids[FOR_WHAT] = residual_bind(&x, what, e->kids[FOR_WHAT]->span);
  struct expr *whole = expr_new(r->a, E_FOR, e->span, kids, FOR_KIDS);
  whole->var = e->var;
  whole->var2 = e->var2;
  *out = residual_end(&x, whole, e->kids[FOR_KEY] ? V_MAP : V_LIST, 0);
  return QN_OK;
}

static enum qn_err add_member(struct run *r, struct loop *l, const struct value *v, uint32_t origins) {
  const struct expr *e = l->e->kids[FOR_KEY];
  const struct value *key;
  struct str text;
  enum qn_err err = eval_node(r, e, &key);
  if (err) return err;
  if (has_secret(key)) return eval_fail(r, NULL, QN0318, e->span, "a secret cannot be a key");
  if (value_is(key, V_UNKNOWN)) {
    l->unknown = true;
    return QN_OK;
  }
  if (!value_to_text(r->a, key, &text))
    return eval_fail(r, NULL, QN0313, e->span, "a key must be a string, not %s", kind_words(key));
  sym k = session_sym(r->s, text);
  if (!map_put(r->a, &l->keys, session_str(r->s, k), 0))
    return eval_fail(r, NULL, QN0320, e->span, "key \"%.*s\" is there twice", SV(text));
  origins = origins_union(r->s, origins, leaf_origins(r, key));
  VEC_PUSH(r->a, &l->made, ((struct member){k, e->span, add_origins(r, v, origins)}));
  return QN_OK;
}

static enum qn_err add_element(struct run *r, struct loop *l) {
  const struct expr *cond = l->e->kids[FOR_IF];
  const struct value *v;
  uint32_t origins = 0;
  bool b = true;
  if (cond) {
    enum qn_err err = eval_node(r, cond, &v);
    if (err) return err;
    uint8_t k = kind_of(v);
    if (v->kind == V_UNKNOWN && (k == V_BOOL || k == V_UNKNOWN)) {
      l->unknown = true;
      return QN_OK;
    }
    if (!bool_of(v, &b))
      return eval_fail(r, NULL, QN0313, cond->span, "a condition must be a bool, not %s", kind_words(v));
    if (!b) return QN_OK;
    origins = leaf_origins(r, v);
  }
  enum qn_err err = eval_node(r, l->e->kids[FOR_VALUE], &v);
  if (err) return err;
  if (l->e->kids[FOR_KEY]) return add_member(r, l, v, origins);
  if (value_is_null(v) && !r->ev->definition) {
    struct diag *g;
    err = eval_fail(r, &g, QN0322, l->e->kids[FOR_VALUE]->span, "a list cannot hold null");
    eval_help(r, g, "leave the element out with `if`, or give a default with ??");
    return err;
  }
  VEC_PUSH(r->a, &l->items, add_origins(r, v, origins));
  return QN_OK;
}

static void bind_element(struct run *r, struct loop *l, uint32_t i) {
  const struct value *key = NULL, *v;
  if (l->members) {
    v = l->members[i].value;
    if (l->e->var2) key = value_str(r->a, session_str(r->s, l->members[i].key));
  } else {
    v = l->what->items[i];
    if (l->e->var2) key = value_int(r->a, i);
  }
  l->var.value = key ? key : v;
  l->var2.value = v;
}

enum qn_err eval_for(struct run *r, const struct expr *e, const struct value **out) {
  struct loop l = {.e = e};
  const struct expr *in = e->kids[FOR_WHAT];
  enum qn_err err = eval_node(r, in, &l.what);
  if (err) return err;
  uint8_t k = kind_of(l.what);
  if (l.what->kind == V_UNKNOWN && (k == V_LIST || k == V_MAP || k == V_UNKNOWN))
    return unknown_for(r, e, l.what, out);
  if (l.what->kind == V_MAP) {
    l.members = members_sorted(r, l.what);
  } else if (l.what->kind != V_LIST) {
    struct diag *g;
    err = eval_fail(r, &g, QN0313, in->span, "`for` goes over a list or a map, not %s", kind_words(l.what));
    if (k == V_NULL) eval_help(r, g, "write (... ?? []) if it may be null");
    return err;
  }
  const struct frame *before = r->frames;
  l.var = (struct frame){.name = e->var, .up = before};
  l.var2 = (struct frame){.name = e->var2, .up = &l.var};
  r->frames = e->var2 ? &l.var2 : &l.var;
  for (uint32_t i = 0; !err && !l.unknown && i < l.what->n; i++) {
    bind_element(r, &l, i);
    err = add_element(r, &l);
  }
  r->frames = before;
  if (err) return err;
  if (l.unknown) return unknown_for(r, e, l.what, out);
  if (e->kids[FOR_KEY])
    *out = value_map(r->a, l.made.v, l.made.n);
  else
    *out = value_list(r->a, l.items.v, l.items.n);
  return QN_OK;
}
