/* Scalars between what the wire model and what the schema say: a number where text is wanted,
 * text where a boolean is, one value where a list is. Exact: what does not fit stays as it is
 * and is refused by the serialiser or shown as it came. */
#include "def.h"

static const struct value *to_text(struct arena *a, const struct value *v) {
  struct str t;
  return (value_is(v, V_INT) || value_is(v, V_DEC) || value_is(v, V_BOOL)) && value_to_text(a, v, &t)
             ? value_str(a, t)
             : v;
}

static const struct value *to_bool(struct arena *a, const struct value *v) {
  if (!value_is(v, V_STR)) return v;
  if (str_eq_nocase(value_text(v), STR("true"))) return value_bool(a, true);
  if (str_eq_nocase(value_text(v), STR("false"))) return value_bool(a, false);
  return v;
}

static const struct value *to_int(struct arena *a, const struct value *v) {
  int64_t i;
  if ((value_is(v, V_STR) || value_is(v, V_DEC)) && str_to_i64(value_text(v), &i)) return value_int(a, i);
  return v;
}

static bool is_decimal(struct str t) {
  size_t i = t.n && t.p[0] == '-' ? 1 : 0, digits = 0, dots = 0;
  for (; i < t.n; i++) {
    if (t.p[i] == '.')
      dots++;
    else if (t.p[i] >= '0' && t.p[i] <= '9')
      digits++;
    else
      return false;
  }
  return digits && dots <= 1 && t.p[t.n - 1] != '.';
}

static const struct value *to_number(struct arena *a, const struct value *v) {
  int64_t i;
  if (!value_is(v, V_STR)) return v;
  if (str_to_i64(value_text(v), &i)) return value_int(a, i);
  return is_decimal(value_text(v)) ? value_dec(a, value_text(v)) : v;
}

/* Keeps the marks of secrets through a conversion. */
static const struct value *marked(struct arena *a, const struct value *from, const struct value *to) {
  return to == from ? to : value_with_flags(a, to, from->flags & (VF_SECRET | VF_HAS_SECRET));
}

static const struct value *wire_list(struct session *s, struct arena *a, const struct wire *w, uint32_t shape,
                                     const struct value *v, unsigned depth) {
  uint32_t el = wire_element(w, shape);
  if (!value_is(v, V_LIST)) {
    if (value_is_null(v)) return v;
    const struct value *x = coerce_wire(s, a, w, el, v, depth + 1);
    return value_list(a, &x, 1);
  }
  const struct value **out = ARENA_ARRAY(a, v->n ? v->n : 1, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) out[i] = coerce_wire(s, a, w, el, v->items[i], depth + 1);
  return value_list(a, out, v->n);
}

static const struct value *wire_struct(struct session *s, struct arena *a, const struct wire *w,
                                       uint32_t shape, const struct value *v, unsigned depth) {
  if (!value_is(v, V_MAP)) return v;
  struct member *m = ARENA_ARRAY(a, v->n ? v->n : 1, struct member);
  uint32_t n = 0;
  for (uint32_t i = 0; i < v->n; i++) {
    if (value_is_null(v->members[i].value)) continue;
    struct wire_member wm;
    uint32_t kid = wire_kind(w, shape) == WK_MAP ? wire_element(w, shape)
                   : wire_member(w, shape, session_str(s, v->members[i].key), false, &wm) ? wm.shape
                                                                                          : 0;
    m[n] = v->members[i];
    if (kid) m[n].value = coerce_wire(s, a, w, kid, m[n].value, depth + 1);
    n++;
  }
  return value_map(a, m, n);
}

const struct value *coerce_wire(struct session *s, struct arena *a, const struct wire *w, uint32_t shape,
                                const struct value *v, unsigned depth) {
  if (!v || !shape || depth > DEF_MAX_DEPTH) return v;
  switch (wire_kind(w, shape)) {
  case WK_STRING:
  case WK_BLOB:
  case WK_TIMESTAMP: return marked(a, v, to_text(a, v));
  case WK_INTEGER:
  case WK_LONG: return marked(a, v, to_int(a, v));
  case WK_DOUBLE: return marked(a, v, to_number(a, v));
  case WK_BOOLEAN: return marked(a, v, to_bool(a, v));
  case WK_LIST: return wire_list(s, a, w, shape, v, depth);
  case WK_STRUCTURE:
  case WK_MAP: return wire_struct(s, a, w, shape, v, depth);
  case WK_DOCUMENT: break;
  }
  return v;
}

static const struct value *schema_deep(struct session *s, struct arena *a, const struct schema *sc, snode n,
                                       const struct value *v, unsigned depth) {
  if (value_is(v, V_LIST)) {
    const struct value **out = ARENA_ARRAY(a, v->n ? v->n : 1, const struct value *);
    for (uint32_t i = 0; i < v->n; i++)
      out[i] = coerce_schema(s, a, sc, schema_items(sc, n), v->items[i], depth + 1);
    return value_list(a, out, v->n);
  }
  struct member *m = ARENA_ARRAY(a, v->n ? v->n : 1, struct member);
  for (uint32_t i = 0; i < v->n; i++) {
    snode kid = schema_kind(sc, n) == SK_MAP ? schema_items(sc, n)
                                             : schema_child(sc, n, session_str(s, v->members[i].key));
    m[i] = v->members[i];
    m[i].value = coerce_schema(s, a, sc, kid, m[i].value, depth + 1);
  }
  return value_map(a, m, v->n);
}

const struct value *coerce_schema(struct session *s, struct arena *a, const struct schema *sc, snode n,
                                  const struct value *v, unsigned depth) {
  if (!v || !n || depth > DEF_MAX_DEPTH) return v;
  switch (schema_kind(sc, n)) {
  case SK_STRING: return marked(a, v, to_text(a, v));
  case SK_INTEGER: return marked(a, v, to_int(a, v));
  case SK_NUMBER: return marked(a, v, to_number(a, v));
  case SK_BOOLEAN: return marked(a, v, to_bool(a, v));
  case SK_ARRAY:
    if (value_is(v, V_LIST)) return schema_deep(s, a, sc, n, v, depth);
    if (value_is(v, V_MAP) || value_is_null(v)) return v;
    v = coerce_schema(s, a, sc, schema_items(sc, n), v, depth + 1);
    return value_list(a, &v, 1);
  case SK_OBJECT:
  case SK_MAP: return value_is(v, V_MAP) ? schema_deep(s, a, sc, n, v, depth) : v;
  case SK_ANY: break;
  }
  return v;
}
