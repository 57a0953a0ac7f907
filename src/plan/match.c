#include "diff.h"

struct compare_rule match_rule(const struct matcher *m, const struct place *at) {
  return def_compare(m->def, place_schema_path(m->a, at));
}

/* The last part of an ARN: what stands behind the last `/`, else behind the last `:`. */
static struct str arn_name(struct str t) {
  for (size_t i = t.n; i > 0; i--)
    if (t.p[i - 1] == '/') return str_sub(t, i, t.n);
  return t;
}

static bool arn_or_name(struct str a, struct str b) {
  if (str_eq(a, b)) return true;
  bool arn_a = str_starts(a, STR("arn:")), arn_b = str_starts(b, STR("arn:"));
  return arn_a != arn_b && str_eq(arn_name(a), arn_name(b));
}

static struct str no_dot(struct str t) { return t.n && t.p[t.n - 1] == '.' ? str_sub(t, 0, t.n - 1) : t; }

static bool same_scalar(const struct matcher *m, struct compare_rule rule, const struct value *w, const struct value *l) {
  if (w->kind == V_UNKNOWN || l->kind == V_UNKNOWN)
    return w->kind == l->kind && (w->unknown == l->unknown || (w->unknown->ukind == U_SECRET && l->unknown->ukind == U_SECRET &&
                                                              str_eq(w->unknown->path, l->unknown->path)));
  struct str a, b;
  if (!value_to_text(m->a, w, &a) || !value_to_text(m->a, l, &b)) return value_eq(m->s, w, l);
  if (str_eq(a, b)) return true;
  switch ((enum compare_kind)rule.kind) {
    case CMP_NOCASE: return str_eq_nocase(a, b);
    case CMP_ARN_OR_NAME: return arn_or_name(a, b);
    case CMP_TRAILING_DOT: return str_eq_nocase(no_dot(a), no_dot(b)); /* names in DNS have no case */
    case CMP_VALUE:
    case CMP_SET:
    case CMP_KEYED:
    case CMP_JSON:
    case CMP_POLICY:
    case CMP_WRITE_ONLY: break;
  }
  return false;
}

bool match_set(const struct matcher *m, const struct place *at, const struct value *wanted, const struct value *live,
               uint32_t *pair_of, bool *live_used) {
  struct place element = {.up = at, .kind = PL_ANY};
  bool all = wanted->n == live->n;
  for (uint32_t i = 0; i < wanted->n; i++) {
    uint32_t j = 0;
    while (j < live->n && (live_used[j] || !match_value(m, &element, wanted->items[i], live->items[j]))) j++;
    pair_of[i] = j < live->n ? j : UINT32_MAX;
    if (j < live->n) live_used[j] = true;
    else all = false;
  }
  return all;
}

static bool same_keyed(const struct matcher *m, const struct place *at, struct str key, const struct value *w, const struct value *l) {
  struct place element = {.up = at, .kind = PL_ANY};
  for (uint32_t i = 0; i < w->n; i++) {
    const struct value *k = value_get(m->s, w->items[i], key);
    uint32_t j = 0;
    while (j < l->n && !value_eq(m->s, k, value_get(m->s, l->items[j], key))) j++;
    if (j == l->n || !match_value(m, &element, w->items[i], l->items[j])) return false;
  }
  return true;
}

static bool same_list(const struct matcher *m, const struct place *at, struct compare_rule rule, const struct value *w,
                      const struct value *l) {
  if (rule.kind == CMP_KEYED) return same_keyed(m, at, rule.key, w, l);
  if (w->n != l->n) return false;
  if (rule.kind == CMP_SET)
    return match_set(m, at, w, l, ARENA_ARRAY(m->a, w->n, uint32_t), ARENA_ARRAY(m->a, l->n, bool));
  for (uint32_t i = 0; i < w->n; i++) {
    struct place element = {.up = at, .kind = PL_INDEX, .index = i};
    if (!match_value(m, &element, w->items[i], l->items[i])) return false;
  }
  return true;
}

static bool same_map(const struct matcher *m, const struct place *at, const struct value *w, const struct value *l) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct place member = {.up = at, .kind = PL_MEMBER, .name = session_str(m->s, w->members[i].key)};
    if (!match_value(m, &member, w->members[i].value, value_member(l, w->members[i].key))) return false;
  }
  return true;
}

static unsigned place_depth(const struct place *p) {
  unsigned n = 0;
  for (; p; p = p->up) n++;
  return n;
}

bool match_value(const struct matcher *m, const struct place *at, const struct value *wanted, const struct value *live) {
  if (wanted == live || place_depth(at) > DIFF_DEPTH_MAX) return true;
  struct compare_rule rule = match_rule(m, at);
  if (value_is_null(wanted)) wanted = rule.dflt;
  if (value_is_null(live)) live = rule.dflt;
  if (value_is_null(wanted) || value_is_null(live)) {
    /* An empty container says no more than its absence. */
    const struct value *v = value_is_null(wanted) ? live : wanted;
    return value_is_null(v) || ((value_is(v, V_LIST) || value_is(v, V_MAP)) && v->n == 0);
  }
  if (rule.kind == CMP_JSON || rule.kind == CMP_POLICY) return json_same(m, wanted, live, rule.kind == CMP_POLICY);
  if (value_is(wanted, V_MAP) && value_is(live, V_MAP)) return same_map(m, at, wanted, live);
  if (value_is(wanted, V_LIST) && value_is(live, V_LIST)) return same_list(m, at, rule, wanted, live);
  return same_scalar(m, rule, wanted, live);
}
