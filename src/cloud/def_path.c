/* Paths below requests, replies and items: `A.b[].C`, `A[0].b`, `F[reason=MISSING].arn`. */
#include "def.h"

static enum qn_err bad_path(struct session *s, struct span at, struct str text, const char *why) {
  diag_add(&s->diags, QN0921, at, "\"%.*s\" is not a path: %s", SV(text), why);
  return QN_E_INVALID;
}

/* One segment such as `name`, `name[]`, `name[3]`, `name[k=v]`; NULL or what is wrong with it. */
static const char *seg_parse(struct str part, struct seg *out) {
  size_t open = str_find_c(part, '[');
  *out = (struct seg){.kind = SEG_PLAIN};
  if (open == SIZE_MAX) {
    out->name = part;
    return part.n ? NULL : "empty segment";
  }
  if (part.p[part.n - 1] != ']') return "text behind ]";
  out->name = str_sub(part, 0, open);
  struct str in = str_sub(part, open + 1, part.n - 1);
  if (!in.n) {
    out->kind = SEG_ALL;
    return NULL;
  }
  size_t eq = str_find_c(in, '=');
  if (eq != SIZE_MAX) {
    out->kind = SEG_WHERE;
    out->key = str_sub(in, 0, eq);
    out->value = str_sub(in, eq + 1, in.n);
    return NULL;
  }
  int64_t i;
  if (!str_to_i64(in, &i) || i < 0 || i > UINT32_MAX) return "an index is a number";
  out->kind = SEG_INDEX;
  out->index = (uint32_t)i;
  return NULL;
}

enum qn_err mpath_parse(struct session *s, struct str text, struct span at, struct mpath *out) {
  VEC(struct seg) segs = {0};
  struct str rest = text;
  bool absolute = rest.n && rest.p[0] == '/';
  if (absolute) rest = str_sub(rest, 1, rest.n);
  while (rest.n) {
    struct str part;
    rest = str_cut(rest, '.', &part);
    struct seg g;
    const char *why = seg_parse(part, &g);
    if (why) return bad_path(s, at, text, why);
    VEC_PUSH(&s->arena, &segs, g);
  }
  if (segs.n > DEF_MAX_DEPTH) return bad_path(s, at, text, "too deep");
  *out = (struct mpath){.text = text, .v = segs.v, .n = (uint32_t)segs.n, .absolute = absolute, .span = at};
  return QN_OK;
}

static bool text_is(const struct value *v, struct str t) {
  return value_is(v, V_STR) && str_eq(value_text(v), t);
}

static const struct value *get_at(struct session *s, struct arena *a, const struct mpath *p, uint32_t i,
                                  const struct value *v) {
  for (; v && i < p->n; i++) {
    const struct seg *g = &p->v[i];
    if (g->name.n) v = value_is(v, V_MAP) ? value_get(s, v, g->name) : NULL;
    if (!v || g->kind == SEG_PLAIN) continue;
    if (!value_is(v, V_LIST)) return NULL;
    if (g->kind == SEG_INDEX) {
      v = g->index < v->n ? v->items[g->index] : NULL;
      continue;
    }
    const struct value **got = ARENA_ARRAY(a, v->n ? v->n : 1, const struct value *);
    uint32_t n = 0;
    for (uint32_t k = 0; k < v->n; k++) {
      if (g->kind == SEG_WHERE &&
          !text_is(value_is(v->items[k], V_MAP) ? value_get(s, v->items[k], g->key) : NULL, g->value))
        continue;
      const struct value *x = get_at(s, a, p, i + 1, v->items[k]); /* depth: segments of a path, capped */
      if (x) got[n++] = x;
    }
    return value_list(a, got, n);
  }
  return v;
}

const struct value *mpath_get(struct session *s, struct arena *a, const struct mpath *p,
                              const struct value *v) {
  return get_at(s, a, p, 0, v);
}

static const struct value *set_at(struct session *s, struct arena *a, const struct value *root,
                                  const struct mpath *p, uint32_t i, const struct value *v) {
  if (i == p->n) return v;
  const struct seg *g = &p->v[i];
  if (!value_is(root, V_MAP)) root = value_map(a, NULL, 0);
  const struct value *kid = value_get(s, root, g->name);
  if (g->kind == SEG_ALL && i + 1 < p->n) kid = value_is(kid, V_LIST) && kid->n ? kid->items[0] : NULL;
  const struct value *made = set_at(s, a, kid, p, i + 1, v); /* depth: segments of a path, capped */
  if (g->kind == SEG_ALL && i + 1 < p->n) made = value_list(a, &made, 1);
  return value_put(a, root, session_sym(s, g->name), made);
}

const struct value *mpath_set(struct session *s, struct arena *a, const struct value *root,
                              const struct mpath *p, const struct value *v) {
  return set_at(s, a, root, p, 0, v);
}

struct str filters_member(const struct wire *w, const struct wire_op *op) {
  struct wire_member m;
  return wire_member(w, op->input, STR("Filter"), true, &m) ? STR("Filter") : STR("Filters");
}

uint32_t mpath_shape(const struct wire *w, uint32_t shape, const struct mpath *p) {
  for (uint32_t i = 0; shape && i < p->n; i++) {
    const struct seg *g = &p->v[i];
    struct wire_member m;
    if (g->name.n) {
      bool any = wire_kind(w, shape) == WK_MAP; /* its keys are not in the model */
      if (!any && (wire_kind(w, shape) != WK_STRUCTURE || !wire_member(w, shape, g->name, false, &m)))
        return 0;
      shape = any ? wire_element(w, shape) : m.shape;
    }
    if (g->kind == SEG_PLAIN) continue;
    if (wire_kind(w, shape) != WK_LIST) return 0;
    shape = wire_element(w, shape);
    if (g->kind == SEG_WHERE && !wire_member(w, shape, g->key, false, &m)) return 0;
  }
  return shape;
}

bool str_in(const struct str *v, size_t n, struct str t) {
  for (size_t i = 0; i < n; i++)
    if (str_eq(v[i], t)) return true;
  return false;
}

struct str prop_head(struct str path) {
  size_t n = 0;
  while (n < path.n && path.p[n] != '.' && path.p[n] != '[') n++;
  return str_sub(path, 0, n);
}
