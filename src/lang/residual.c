/* Unknown values: making them, and resolving them when more is known. */
#include "quoin/residual.h"

#include "eval_internal.h"

#define RESOLVE_STEPS ((uint64_t)10000000)

const struct value *value_of_unknown(struct session *s, struct arena *a, const struct unknown *u,
                                     uint32_t meta) {
  (void)s;
  struct value *v = ARENA_NEW(a, struct value);
  *v = (struct value){.kind = V_UNKNOWN, .flags = VF_HAS_UNKNOWN, .meta = meta, .unknown = u};
  if (u->sensitive) v->flags |= VF_SECRET;
  return v;
}

const struct value *unknown_attr(struct session *s, struct arena *a, sym address, struct str path,
                                 uint8_t vkind, sym format, uint32_t meta) {
  struct unknown *u = ARENA_NEW(a, struct unknown);
  *u = (struct unknown){
      .ukind = U_ATTR, .vkind = vkind, .format = format, .address = address, .path = str_dup(a, path)};
  return value_of_unknown(s, a, u, meta);
}

struct str unknown_text(const struct unknown *u) {
  return u->sensitive ? STR("(sensitive)") : STR("(known after apply)");
}

struct resolving {
  struct session *s;
  struct arena *a;
  const struct resolver *r;
  unsigned depth;
  uint64_t left; /* unknowns still allowed to be looked at */
};

static enum qn_err resolve(struct resolving *x, const struct value *v, const struct value **out);

/* Bindings of the residual being evaluated. */
struct bound {
  struct resolving *x;
  const struct member *m;
  uint32_t n;
};

static enum qn_err bound_name(struct eval *ev, void *user, sym name, struct span at,
                              const struct value **out) {
  const struct bound *b = user;
  (void)ev;
  (void)at;
  for (uint32_t i = 0; i < b->n; i++)
    if (b->m[i].key == name) {
      *out = b->m[i].value;
      return QN_OK;
    }
  return QN_E_NOTFOUND;
}

static enum qn_err bound_attribute(struct eval *ev, void *user, const struct value *res, struct str path,
                                   struct span at, const struct value **out) {
  const struct bound *b = user;
  const struct resolver *r = b->x->r;
  (void)at;
  enum qn_err err = r->attribute ? r->attribute(r->user, res->res.address, path, out) : QN_E_NOTFOUND;
  if (err != QN_E_NOTFOUND) return err;
  uint32_t meta = vmeta_add(ev->s, (struct vmeta){.span = at,
                                                  .how = HOW_ATTRIBUTE,
                                                  .name = res->res.address,
                                                  .origins = origins_add(ev->s, 0, res->res.address)});
  *out = unknown_attr(ev->s, ev->arena, res->res.address, path, V_UNKNOWN, 0, meta);
  return QN_OK;
}

static bool has_res(const struct value *v, unsigned depth) {
  if (depth > VALUE_DEPTH_MAX || v->kind == V_RES) return true;
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++)
    if (has_res(v->items[i], depth + 1)) return true;
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    if (has_res(v->members[i].value, depth + 1)) return true;
  return false;
}

static enum qn_err resolve_expr(struct resolving *x, const struct value *v, const struct value **out) {
  const struct unknown *u = v->unknown;
  struct member *m = ARENA_ARRAY(x->a, u->n_bindings, struct member);
  bool changed = false;
  for (uint32_t i = 0; i < u->n_bindings; i++) {
    m[i] = u->bindings[i];
    enum qn_err err = resolve(x, u->bindings[i].value, &m[i].value);
    if (err) return err;
    changed = changed || m[i].value != u->bindings[i].value || has_res(m[i].value, 0);
  }
  *out = v;
  if (!changed) return QN_OK;
  struct bound b = {x, m, u->n_bindings};
  struct scope sc = {.name = bound_name, .attribute = bound_attribute, .user = &b};
  struct eval ev = {.s = x->s, .arena = x->a, .scope = &sc, .depth = x->depth};
  const struct value *got;
  enum qn_err err = expr_eval(&ev, u->expr, &got);
  if (err) return err;
  if (u->sensitive && got->kind != V_UNKNOWN) got = mark_secret(x->a, got);
  *out = got;
  return QN_OK;
}

static enum qn_err resolve_unknown(struct resolving *x, const struct value *v, const struct value **out) {
  const struct unknown *u = v->unknown;
  const struct value *got = NULL;
  enum qn_err err = QN_E_NOTFOUND;
  if (x->left == 0) return QN_E_LIMIT;
  x->left--;
  if (u->ukind == U_EXPR) return resolve_expr(x, v, out);
  if (u->ukind == U_ATTR && x->r->attribute) err = x->r->attribute(x->r->user, u->address, u->path, &got);
  if (u->ukind == U_SECRET && x->r->secret) err = x->r->secret(x->r->user, u->path, &got);
  *out = v;
  if (err == QN_E_NOTFOUND) return QN_OK;
  if (err) return err;
  if (!got) got = value_null();
  if (u->sensitive) got = mark_secret(x->a, got);
  *out = got->kind == V_LIST || got->kind == V_MAP ? got : value_with_meta(x->a, got, v->meta);
  if (got->kind != V_LIST && got->kind != V_MAP) return QN_OK;
  struct eval ev = {.s = x->s, .arena = x->a};
  struct run r = {.ev = &ev, .s = x->s, .a = x->a};
  *out = add_origins(&r, got, vmeta_get(x->s, v->meta).origins);
  return QN_OK;
}

static enum qn_err resolve_list(struct resolving *x, const struct value *v, const struct value **out) {
  const struct value **items = ARENA_ARRAY(x->a, v->n, const struct value *);
  bool changed = false;
  for (uint32_t i = 0; i < v->n; i++) {
    enum qn_err err = resolve(x, v->items[i], &items[i]);
    if (err) return err;
    changed = changed || items[i] != v->items[i];
  }
  *out = changed ? value_with_meta(x->a, value_list(x->a, items, v->n), v->meta) : v;
  return QN_OK;
}

static enum qn_err resolve_map(struct resolving *x, const struct value *v, const struct value **out) {
  struct member *m = ARENA_ARRAY(x->a, v->n, struct member);
  bool changed = false;
  for (uint32_t i = 0; i < v->n; i++) {
    m[i] = v->members[i];
    enum qn_err err = resolve(x, v->members[i].value, &m[i].value);
    if (err) return err;
    changed = changed || m[i].value != v->members[i].value;
  }
  *out = changed ? value_with_meta(x->a, value_map(x->a, m, v->n), v->meta) : v;
  return QN_OK;
}

static enum qn_err resolve(struct resolving *x, const struct value *v, const struct value **out) {
  *out = v;
  if (!value_unknown(v)) return QN_OK;
  if (x->depth >= VALUE_DEPTH_MAX) return QN_E_LIMIT;
  x->depth++;
  enum qn_err err;
  if (v->kind == V_LIST)
    err = resolve_list(x, v, out);
  else if (v->kind == V_MAP)
    err = resolve_map(x, v, out);
  else
    err = resolve_unknown(x, v, out);
  x->depth--;
  return err;
}

enum qn_err value_resolve(struct session *s, struct arena *a, const struct value *v, const struct resolver *r,
                          const struct value **out) {
  struct resolving x = {.s = s, .a = a, .r = r, .left = RESOLVE_STEPS};
  return resolve(&x, v, out);
}
