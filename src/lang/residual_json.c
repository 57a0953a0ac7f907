/* Values with unknowns and secrets as JSON, for plan files and state:
 *   {"$secret": REF}                        a secret by reference
 *   {"$unknown": {address, path, ...}}      an attribute
 *   {"$unknown": {expr, bindings, ...}}     an expression over bindings
 *   {"$resource": {address, type}}          a resource itself, in bindings
 *   {"$plain": TEXT}                        text whose type is still open
 *   {"$map": {...}}                         a map that has a key starting with `$`
 * with kind, format, sensitive and origins where they are not what is usual. */
#include "eval_internal.h"

struct coder {
  struct session *s;
  struct arena *a;
  unsigned depth;
};

static const char *const kind_names[] = {"null", "bool", "int",      "decimal", "string",
                                         "list", "map",  "resource", "any"};
#define KINDS (sizeof kind_names / sizeof *kind_names)

typedef VEC(struct member) member_vec;

static void put(struct coder *c, member_vec *m, const char *key, const struct value *v) {
  VEC_PUSH(c->a, m, ((struct member){.key = session_sym(c->s, str_c(key)), .value = v}));
}

static void put_text(struct coder *c, member_vec *m, const char *key, struct str t) {
  put(c, m, key, value_str(c->a, t));
}

static const struct value *wrap(struct coder *c, const char *key, const struct value *v) {
  struct member m = {.key = session_sym(c->s, str_c(key)), .value = v};
  return value_map(c->a, &m, 1);
}

static enum qn_err encode(struct coder *c, const struct value *v, const struct value **out);

static int by_text(const void *a, const void *b, void *user) {
  const struct session *s = user;
  return intern_cmp(s->names, *(const sym *)a, *(const sym *)b);
}

/* Origins by text, so that equal values have equal JSON in every run. */
static const struct value *origin_names(struct coder *c, uint32_t set) {
  size_t n;
  const sym *v = origins_list(c->s, set, &n);
  sym *sorted = ARENA_ARRAY(c->a, n, sym);
  if (n) memcpy(sorted, v, n * sizeof *sorted);
  sort_stable(c->a, sorted, n, sizeof *sorted, by_text, c->s);
  const struct value **items = ARENA_ARRAY(c->a, n, const struct value *);
  for (size_t i = 0; i < n; i++) items[i] = value_str(c->a, session_str(c->s, sorted[i]));
  return value_list(c->a, items, n);
}

/* Origins that decode() gives when nothing is said. */
static uint32_t usual_origins(struct coder *c, const struct unknown *u) {
  return u->ukind == U_ATTR ? origins_add(c->s, 0, u->address) : 0;
}

static enum qn_err encode_bindings(struct coder *c, const struct unknown *u, member_vec *m) {
  struct member *b = ARENA_ARRAY(c->a, u->n_bindings, struct member);
  for (uint32_t i = 0; i < u->n_bindings; i++) {
    b[i] = (struct member){.key = u->bindings[i].key};
    enum qn_err err = encode(c, u->bindings[i].value, &b[i].value);
    if (err) return err;
  }
  put(c, m, "bindings", value_map(c->a, b, u->n_bindings));
  return QN_OK;
}

static enum qn_err encode_unknown(struct coder *c, const struct value *v, const struct value **out) {
  const struct unknown *u = v->unknown;
  member_vec m = {0};
  uint32_t origins = vmeta_get(c->s, v->meta).origins;
  if (u->ukind == U_SECRET && u->vkind == V_STR && !u->format && u->sensitive && !origins) {
    *out = wrap(c, "$secret", value_str(c->a, u->path));
    return QN_OK;
  }
  enum qn_err err = QN_OK;
  if (u->ukind == U_SECRET) put_text(c, &m, "secret", u->path);
  if (u->ukind == U_ATTR) {
    put_text(c, &m, "address", session_str(c->s, u->address));
    put_text(c, &m, "path", u->path);
  }
  if (u->ukind == U_EXPR) {
    put_text(c, &m, "expr", expr_text(c->s, u->expr));
    err = encode_bindings(c, u, &m);
  }
  if (err) return err;
  if (u->vkind != V_UNKNOWN) put_text(c, &m, "kind", str_c(kind_names[u->vkind]));
  if (u->format) put_text(c, &m, "format", session_str(c->s, u->format));
  if (u->sensitive) put(c, &m, "sensitive", value_bool(c->a, true));
  if (origins != usual_origins(c, u)) put(c, &m, "origins", origin_names(c, origins));
  *out = wrap(c, "$unknown", value_map(c->a, m.v, m.n));
  return QN_OK;
}

static enum qn_err encode_list(struct coder *c, const struct value *v, const struct value **out) {
  const struct value **items = ARENA_ARRAY(c->a, v->n, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) {
    enum qn_err err = encode(c, v->items[i], &items[i]);
    if (err) return err;
  }
  *out = value_list(c->a, items, v->n);
  return QN_OK;
}

static enum qn_err encode_map(struct coder *c, const struct value *v, const struct value **out) {
  struct member *m = ARENA_ARRAY(c->a, v->n, struct member);
  bool dollar = false;
  for (uint32_t i = 0; i < v->n; i++) {
    m[i] = (struct member){.key = v->members[i].key};
    dollar = dollar || str_starts(session_str(c->s, m[i].key), STR("$"));
    enum qn_err err = encode(c, v->members[i].value, &m[i].value);
    if (err) return err;
  }
  *out = value_map(c->a, m, v->n);
  if (dollar) *out = wrap(c, "$map", *out);
  return QN_OK;
}

static enum qn_err encode_resource(struct coder *c, const struct value *v, const struct value **out) {
  member_vec m = {0};
  put_text(c, &m, "address", session_str(c->s, v->res.address));
  put_text(c, &m, "type", session_str(c->s, v->res.type));
  *out = wrap(c, "$resource", value_map(c->a, m.v, m.n));
  return QN_OK;
}

static enum qn_err encode_kind(struct coder *c, const struct value *v, const struct value **out) {
  if (v->kind != V_UNKNOWN && (v->flags & VF_SECRET))
    return QN_E_INVALID; /* its text must not be written anywhere */
  switch ((enum vkind)v->kind) {
  case V_NULL: *out = value_null(); return QN_OK;
  case V_BOOL:
  case V_INT:
  case V_DEC: *out = value_with_meta(c->a, v, 0); return QN_OK;
  case V_STR: {
    const struct value *text = value_str(c->a, value_text(v));
    *out = v->flags & VF_PLAIN ? wrap(c, "$plain", text) : text;
    return QN_OK;
  }
  case V_LIST: return encode_list(c, v, out);
  case V_MAP: return encode_map(c, v, out);
  case V_RES: return encode_resource(c, v, out);
  case V_UNKNOWN: break;
  }
  return encode_unknown(c, v, out);
}

static enum qn_err encode(struct coder *c, const struct value *v, const struct value **out) {
  if (c->depth >= VALUE_DEPTH_MAX) return QN_E_LIMIT;
  c->depth++;
  enum qn_err err = encode_kind(c, v, out);
  c->depth--;
  return err;
}

enum qn_err value_encode(struct session *s, struct arena *a, const struct value *v,
                         const struct value **json) {
  struct coder c = {.s = s, .a = a};
  return encode(&c, v, json);
}

/* ---- back -------------------------------------------------------------- */

static enum qn_err decode(struct coder *c, const struct value *json, const struct value **out);

/* A member that is text; false if it is there and is not. *out is empty when it is absent. */
static bool text_member(struct coder *c, const struct value *m, const char *key, struct str *out) {
  const struct value *v = value_get(c->s, m, str_c(key));
  *out = STR("");
  if (!v) return true;
  if (!value_is(v, V_STR)) return false;
  *out = value_text(v);
  return true;
}

static enum qn_err decode_map(struct coder *c, const struct value *json, const struct value **out) {
  struct member *m = ARENA_ARRAY(c->a, json->n, struct member);
  for (uint32_t i = 0; i < json->n; i++) {
    m[i] = (struct member){.key = json->members[i].key};
    enum qn_err err = decode(c, json->members[i].value, &m[i].value);
    if (err) return err;
  }
  *out = value_map(c->a, m, json->n);
  return QN_OK;
}

static enum qn_err decode_list(struct coder *c, const struct value *json, const struct value **out) {
  const struct value **items = ARENA_ARRAY(c->a, json->n, const struct value *);
  for (uint32_t i = 0; i < json->n; i++) {
    enum qn_err err = decode(c, json->items[i], &items[i]);
    if (err) return err;
  }
  *out = value_list(c->a, items, json->n);
  return QN_OK;
}

static bool decode_kind(struct str name, uint8_t *out) {
  *out = V_UNKNOWN;
  if (!name.n) return true;
  for (size_t i = 0; i < KINDS; i++)
    if (str_eq(name, str_c(kind_names[i]))) {
      *out = (uint8_t)i;
      return true;
    }
  return false;
}

static enum qn_err decode_expr(struct coder *c, const struct value *m, struct str text, struct unknown *u) {
  const struct value *bindings = value_get(c->s, m, STR("bindings"));
  const struct value *got;
  if (!value_is(bindings, V_MAP)) return QN_E_INVALID;
  u->ukind = U_EXPR;
  u->expr = expr_parse(c->s, text, NULL);
  if (!u->expr) return QN_E_INVALID;
  enum qn_err err = decode_map(c, bindings, &got);
  if (err) return err;
  u->bindings = got->members;
  u->n_bindings = got->n;
  return QN_OK;
}

static enum qn_err decode_origins(struct coder *c, const struct value *m, uint32_t *origins) {
  const struct value *list = value_get(c->s, m, STR("origins"));
  if (!list) return QN_OK;
  if (!value_is(list, V_LIST)) return QN_E_INVALID;
  *origins = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    if (!value_is(list->items[i], V_STR)) return QN_E_INVALID;
    *origins = origins_add(c->s, *origins, session_sym(c->s, value_text(list->items[i])));
  }
  return QN_OK;
}

static enum qn_err decode_unknown(struct coder *c, const struct value *m, const struct value **out) {
  struct unknown *u = ARENA_NEW(c->a, struct unknown);
  struct str address, path, expr, ref, kind, format;
  bool good = value_is(m, V_MAP) && text_member(c, m, "address", &address) &&
              text_member(c, m, "path", &path) && text_member(c, m, "expr", &expr) &&
              text_member(c, m, "secret", &ref) && text_member(c, m, "kind", &kind) &&
              text_member(c, m, "format", &format) && decode_kind(kind, &u->vkind);
  if (!good || (expr.n != 0) + (address.n != 0) + (ref.n != 0) != 1) return QN_E_INVALID;
  const struct value *sensitive = value_get(c->s, m, STR("sensitive"));
  u->sensitive = value_is(sensitive, V_BOOL) && sensitive->b;
  u->format = session_sym(c->s, format);
  enum qn_err err = QN_OK;
  if (expr.n) {
    err = decode_expr(c, m, expr, u);
  } else {
    u->ukind = address.n ? U_ATTR : U_SECRET;
    u->address = session_sym(c->s, address);
    u->path = str_dup(c->a, address.n ? path : ref);
  }
  uint32_t origins = err ? 0 : usual_origins(c, u);
  if (!err) err = decode_origins(c, m, &origins);
  if (err) return err;
  uint32_t meta =
      origins ? vmeta_add(c->s, (struct vmeta){.how = HOW_ATTRIBUTE, .name = u->address, .origins = origins})
              : 0;
  *out = value_of_unknown(c->s, c->a, u, meta);
  return QN_OK;
}

static enum qn_err decode_resource(struct coder *c, const struct value *m, const struct value **out) {
  struct str address, type;
  if (!value_is(m, V_MAP) || !text_member(c, m, "address", &address) || !text_member(c, m, "type", &type) ||
      !address.n)
    return QN_E_INVALID;
  struct value *v = ARENA_NEW(c->a, struct value);
  *v = (struct value){.kind = V_RES, .res = {session_sym(c->s, address), session_sym(c->s, type)}};
  *out = v;
  return QN_OK;
}

/* A map of one key that starts with `$`. */
static enum qn_err decode_special(struct coder *c, struct str key, const struct value *v,
                                  const struct value **out) {
  if (str_eq(key, STR("$unknown"))) return decode_unknown(c, v, out);
  if (str_eq(key, STR("$resource"))) return decode_resource(c, v, out);
  if (str_eq(key, STR("$map")) && value_is(v, V_MAP)) return decode_map(c, v, out);
  if (!value_is(v, V_STR)) return QN_E_INVALID;
  if (str_eq(key, STR("$plain"))) {
    *out = value_with_flags(c->a, value_str(c->a, value_text(v)), VF_PLAIN);
    return QN_OK;
  }
  if (!str_eq(key, STR("$secret"))) return QN_E_INVALID;
  struct unknown *u = ARENA_NEW(c->a, struct unknown);
  *u = (struct unknown){
      .ukind = U_SECRET, .vkind = V_STR, .sensitive = true, .path = str_dup(c->a, value_text(v))};
  *out = value_of_unknown(c->s, c->a, u, 0);
  return QN_OK;
}

static enum qn_err decode_any(struct coder *c, const struct value *json, const struct value **out) {
  if (json->kind == V_LIST) return decode_list(c, json, out);
  if (json->kind == V_UNKNOWN || json->kind == V_RES) return QN_E_INVALID;
  if (json->kind != V_MAP) {
    *out = json;
    return QN_OK;
  }
  for (uint32_t i = 0; i < json->n; i++) {
    struct str key = session_str(c->s, json->members[i].key);
    if (!str_starts(key, STR("$"))) continue;
    return json->n == 1 ? decode_special(c, key, json->members[i].value, out) : QN_E_INVALID;
  }
  return decode_map(c, json, out);
}

static enum qn_err decode(struct coder *c, const struct value *json, const struct value **out) {
  if (c->depth >= VALUE_DEPTH_MAX) return QN_E_LIMIT;
  c->depth++;
  enum qn_err err = decode_any(c, json, out);
  c->depth--;
  return err;
}

enum qn_err value_decode(struct session *s, struct arena *a, const struct value *json,
                         const struct value **v) {
  struct coder c = {.s = s, .a = a};
  return decode(&c, json, v);
}
