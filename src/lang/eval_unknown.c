/* Provenance of results, and the building of residuals. */
#include "eval_internal.h"

static uint32_t leaves(const struct run *r, const struct value *v, unsigned depth) {
  uint32_t set = 0;
  if (depth > VALUE_DEPTH_MAX) return 0;
  if (v->kind == V_LIST)
    for (uint32_t i = 0; i < v->n; i++) set = origins_union(r->s, set, leaves(r, v->items[i], depth + 1));
  else if (v->kind == V_MAP)
    for (uint32_t i = 0; i < v->n; i++)
      set = origins_union(r->s, set, leaves(r, v->members[i].value, depth + 1));
  else if (v->meta)
    set = vmeta_get(r->s, v->meta).origins;
  return set;
}

uint32_t leaf_origins(const struct run *r, const struct value *v) {
  return leaves(r, v, 0);
}

static const struct value *spread(struct run *r, const struct value *v, uint32_t origins, unsigned depth) {
  if (depth > VALUE_DEPTH_MAX) return v;
  struct value *copy = ARENA_NEW(r->a, struct value);
  *copy = *v;
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(r->a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = spread(r, v->items[i], origins, depth + 1);
    copy->items = items;
  } else if (v->kind == V_MAP) {
    struct member *members = ARENA_ARRAY(r->a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      members[i] = v->members[i];
      members[i].value = spread(r, v->members[i].value, origins, depth + 1);
    }
    copy->members = members;
  }
  struct vmeta m = vmeta_get(r->s, v->meta);
  uint32_t all = origins_union(r->s, m.origins, origins);
  if (all == m.origins) return copy;
  copy->meta = vmeta_add(r->s, (struct vmeta){.span = m.span, .from = v->meta, .origins = all});
  return copy;
}

const struct value *add_origins(struct run *r, const struct value *v, uint32_t origins) {
  return origins ? spread(r, v, origins, 0) : v;
}

static const struct value *mark(struct arena *a, const struct value *v, unsigned depth) {
  if (depth > VALUE_DEPTH_MAX) return v;
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  copy->flags |= v->kind == V_LIST || v->kind == V_MAP ? VF_HAS_SECRET : VF_SECRET;
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = mark(a, v->items[i], depth + 1);
    copy->items = items;
  } else if (v->kind == V_MAP) {
    struct member *members = ARENA_ARRAY(a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      members[i] = v->members[i];
      members[i].value = mark(a, v->members[i].value, depth + 1);
    }
    copy->members = members;
  }
  return copy;
}

const struct value *mark_secret(struct arena *a, const struct value *v) {
  return mark(a, v, 0);
}

uint32_t first_meta(const struct run *r, uint32_t have, const struct value *v) {
  if (have || !v->meta || vmeta_get(r->s, v->meta).how == HOW_LITERAL) return have;
  return v->meta;
}

const struct value *derive(struct run *r, const struct value *v, struct span at,
                           const struct value *const *of, size_t n) {
  uint32_t from = 0, origins = 0;
  for (size_t i = 0; i < n; i++) {
    from = first_meta(r, from, of[i]);
    origins = origins_union(r->s, origins, leaf_origins(r, of[i]));
  }
  if (v->kind == V_LIST || v->kind == V_MAP) v = add_origins(r, v, origins);
  if (origins != vmeta_get(r->s, from).origins)
    from = vmeta_add(r->s, (struct vmeta){.span = at, .from = from, .origins = origins});
  return from ? value_with_meta(r->a, v, from) : v;
}

static bool format_has(struct str all, struct str one) {
  for (struct str head; all.n;) {
    all = str_cut(all, FORMAT_OR, &head);
    if (str_eq(head, one)) return true;
  }
  return false;
}

static sym format_join(struct session *s, sym a, sym b) {
  if (a == b || !a || !b) return a ? a : b;
  struct str all = session_str(s, a), rest = session_str(s, b), head;
  while (rest.n) {
    rest = str_cut(rest, FORMAT_OR, &head);
    if (!format_has(all, head)) all = str_fmt(&s->arena, "%.*s%c%.*s", SV(all), FORMAT_OR, SV(head));
  }
  return session_sym(s, all);
}

static sym format_of(struct session *s, const struct value *v, unsigned depth) {
  sym all = 0;
  if (value_is(v, V_UNKNOWN)) return v->unknown->format;
  for (uint32_t i = 0; value_is(v, V_LIST) && depth < 2 && i < v->n; i++)
    all = format_join(s, all, format_of(s, v->items[i], depth + 1));
  return all;
}

sym formats_of(struct session *s, const struct value *a, const struct value *b) {
  return format_join(s, format_of(s, a, 0), format_of(s, b, 0));
}

uint8_t kind_join(uint8_t a, uint8_t b) {
  if (a == b) return a;
  if (a == V_NULL) return b;
  if (b == V_NULL) return a;
  if ((a == V_INT && b == V_DEC) || (a == V_DEC && b == V_INT)) return V_DEC;
  return V_UNKNOWN;
}

static bool name_taken(const struct residual *x, sym name) {
  for (size_t i = 0; i < x->bindings.n; i++)
    if (x->bindings.v[i].key == name) return true;
  return false;
}

static void note_operand(struct residual *x, const struct value *v) {
  x->from = first_meta(x->r, x->from, v);
  x->origins = origins_union(x->r->s, x->origins, leaf_origins(x->r, v));
  if (has_secret(v)) x->sensitive = true;
}

static const struct expr *lit_expr(struct run *r, const struct value *v, struct span at) {
  struct expr *e = expr_new(r->a, E_LIT, at, NULL, 0);
  e->lit = v;
  return e;
}

static const struct expr *name_expr(struct run *r, sym name, struct span at) {
  struct expr *e = expr_new(r->a, E_NAME, at, NULL, 0);
  e->name = name;
  return e;
}

bool same_unknown(const struct unknown *a, const struct unknown *b) {
  if (a == b) return true;
  if (a->ukind != b->ukind || a->ukind == U_EXPR) return false;
  return a->address == b->address && str_eq(a->path, b->path);
}

/* One unknown is bound once, however often it is used: a chain of doublings stays linear. */
static bool same_value(const struct value *a, const struct value *b) {
  return a == b || (a->kind == V_UNKNOWN && b->kind == V_UNKNOWN && same_unknown(a->unknown, b->unknown));
}

const struct expr *residual_bind(struct residual *x, const struct value *v, struct span at) {
  note_operand(x, v);
  bool plain = v->kind == V_STR && (v->flags & VF_PLAIN);
  if (v->kind <= V_STR && !has_secret(v) && !plain) return lit_expr(x->r, v, at);
  for (size_t i = 0; i < x->bindings.n; i++)
    if (same_value(x->bindings.v[i].value, v)) return name_expr(x->r, x->bindings.v[i].key, at);
  char text[16];
  sym name;
  do {
    int n = snprintf(text, sizeof text, "_%u", (unsigned)x->next++);
    name = session_sym(x->r->s, (struct str){text, (size_t)n});
  } while (name_taken(x, name));
  VEC_PUSH(x->r->a, &x->bindings, ((struct member){.key = name, .value = v}));
  return name_expr(x->r, name, at);
}

enum qn_err residual_keep(struct residual *x, const struct expr *e) {
  size_t n;
  const sym *names = expr_free_names(x->r->s, e, &n);
  for (size_t i = 0; i < n; i++) {
    if (name_taken(x, names[i])) continue;
    const struct value *v;
    enum qn_err err = eval_name(x->r, names[i], e->span, &v);
    if (err) return err;
    note_operand(x, v);
    VEC_PUSH(x->r->a, &x->bindings, ((struct member){.key = names[i], .value = v}));
  }
  return QN_OK;
}

enum qn_err residual_try(struct residual *x, const struct expr *e, const struct value **v) {
  bool guess = x->r->guess;
  x->r->guess = true;
  *v = NULL;
  enum qn_err err = eval_node(x->r, e, v);
  x->r->guess = guess;
  if (err != EVAL_GUESS_FAILED) return err;
  *v = NULL;
  return residual_keep(x, e);
}

const struct value *residual_end(struct residual *x, const struct expr *e, uint8_t vkind, sym format) {
  struct run *r = x->r;
  struct unknown *u = ARENA_NEW(r->a, struct unknown);
  *u = (struct unknown){
      .ukind = U_EXPR, .vkind = vkind, .sensitive = x->sensitive, .format = format, .expr = e};
  struct member *copy = ARENA_ARRAY(r->a, x->bindings.n, struct member);
  if (x->bindings.n) memcpy(copy, x->bindings.v, x->bindings.n * sizeof *copy);
  u->bindings = copy;
  u->n_bindings = (uint32_t)x->bindings.n;
  uint32_t meta = x->from;
  if (x->origins != vmeta_get(r->s, meta).origins)
    meta = vmeta_add(r->s, (struct vmeta){.span = e->span, .from = meta, .origins = x->origins});
  return value_of_unknown(r->s, r->a, u, meta);
}
