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

static struct str no_dot(struct str t) {
  return t.n && t.p[t.n - 1] == '.' ? str_sub(t, 0, t.n - 1) : t;
}

static bool same_scalar(const struct matcher *m, struct compare_rule rule, const struct value *w,
                        const struct value *l) {
  if (w->kind == V_UNKNOWN || l->kind == V_UNKNOWN)
    return w->kind == l->kind &&
           (w->unknown == l->unknown || (w->unknown->ukind == U_SECRET && l->unknown->ukind == U_SECRET &&
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

/* Elements that are equal to the letter are pairs of some largest matching: what the one live element holds,
 * any other that holds the same wanted one holds, too. Found by sorting, so large sets cost n log n. */
static int by_item(const void *x, const void *y, void *user) {
  const struct matcher *m = user;
  return value_cmp(m->s, **(const struct value *const *const *)x, **(const struct value *const *const *)y);
}

static void pair_equal(const struct matcher *m, const struct value *wanted, const struct value *live,
                       uint32_t *pair_of, bool *live_used) {
  const struct value *const **w = ARENA_ARRAY(m->a, wanted->n, const struct value *const *);
  const struct value *const **l = ARENA_ARRAY(m->a, live->n, const struct value *const *);
  struct matcher user = *m;
  for (uint32_t i = 0; i < wanted->n; i++) w[i] = &wanted->items[i];
  for (uint32_t j = 0; j < live->n; j++) l[j] = &live->items[j];
  sort_stable(m->a, w, wanted->n, sizeof *w, by_item, &user);
  sort_stable(m->a, l, live->n, sizeof *l, by_item, &user);
  for (uint32_t i = 0, j = 0; i < wanted->n && j < live->n;) {
    int c = value_cmp(m->s, *w[i], *l[j]);
    if (c == 0 && !value_unknown(*w[i])) {
      pair_of[w[i] - wanted->items] = (uint32_t)(l[j] - live->items);
      live_used[l[j] - live->items] = true;
    }
    i += c <= 0;
    j += c >= 0;
  }
}

/* Matching of what is left: an element of the spec may declare less than the live one holds, so the first
 * that fits is not always the right one. Augmenting paths, depth first, without recursion over data. */
struct pairing {
  const struct matcher *m;
  const struct place *element;
  const struct value *wanted, *live;
  uint32_t *pair_of, *back; /* back: live element -> wanted one */
  uint32_t *stack, *at;     /* of the path: wanted elements, and the live one each tries */
  bool *tried;
};

static bool augment(struct pairing *p, uint32_t from) {
  uint32_t n = 0, nl = p->live->n;
  memset(p->tried, 0, nl * sizeof *p->tried);
  p->stack[n] = from, p->at[n++] = 0;
  while (n) {
    uint32_t i = p->stack[n - 1], j = p->at[n - 1];
    while (j < nl && (p->tried[j] || !match_value(p->m, p->element, p->wanted->items[i], p->live->items[j])))
      j++;
    p->at[n - 1] = j;
    if (j == nl) {
      n--;
      if (n) p->at[n - 1]++;
      continue;
    }
    p->tried[j] = true;
    if (p->back[j] != UINT32_MAX) {
      p->stack[n] = p->back[j], p->at[n++] = 0;
      continue;
    }
    for (; n; n--) p->pair_of[p->stack[n - 1]] = p->at[n - 1], p->back[p->at[n - 1]] = p->stack[n - 1];
    return true;
  }
  return false;
}

#define PAIRS_MAX                                                                                            \
  400 /* left elements on each side that are matched in the best way; more: the first that fits */

bool match_set(const struct matcher *m, const struct place *at, const struct value *wanted,
               const struct value *live, uint32_t *pair_of, bool *live_used) {
  struct place element = {.up = at, .kind = PL_ANY};
  uint32_t n_pairs = 0, n_live = live->n, left_w = 0, left_l = 0;
  for (uint32_t i = 0; i < wanted->n; i++) pair_of[i] = UINT32_MAX;
  pair_equal(m, wanted, live, pair_of, live_used);
  const struct value **w = ARENA_ARRAY(m->a, wanted->n, const struct value *),
                     **l = ARENA_ARRAY(m->a, n_live, const struct value *);
  uint32_t *of_w = ARENA_ARRAY(m->a, wanted->n, uint32_t), *of_l = ARENA_ARRAY(m->a, n_live, uint32_t);
  for (uint32_t i = 0; i < wanted->n; i++)
    if (pair_of[i] == UINT32_MAX)
      w[left_w] = wanted->items[i], of_w[left_w++] = i;
    else
      n_pairs++;
  for (uint32_t j = 0; j < n_live; j++)
    if (!live_used[j]) l[left_l] = live->items[j], of_l[left_l++] = j;
  const struct value *lw = value_list(m->a, w, left_w), *ll = value_list(m->a, l, left_l);
  struct pairing p = {m,
                      &element,
                      lw,
                      ll,
                      ARENA_ARRAY(m->a, left_w, uint32_t),
                      ARENA_ARRAY(m->a, left_l, uint32_t),
                      ARENA_ARRAY(m->a, (size_t)left_w + 1, uint32_t),
                      ARENA_ARRAY(m->a, (size_t)left_w + 1, uint32_t),
                      ARENA_ARRAY(m->a, left_l, bool)};
  for (uint32_t j = 0; j < left_l; j++) p.back[j] = UINT32_MAX;
  for (uint32_t i = 0; i < left_w; i++) p.pair_of[i] = UINT32_MAX;
  bool best = left_w <= PAIRS_MAX && left_l <= PAIRS_MAX;
  for (uint32_t i = 0; i < left_w; i++) {
    if (best) {
      augment(&p, i);
      continue;
    }
    uint32_t j = 0;
    while (j < left_l && (p.back[j] != UINT32_MAX || !match_value(m, &element, w[i], l[j]))) j++;
    if (j < left_l) p.pair_of[i] = j, p.back[j] = i;
  }
  for (uint32_t i = 0; i < left_w; i++) {
    if (p.pair_of[i] == UINT32_MAX) continue;
    pair_of[of_w[i]] = of_l[p.pair_of[i]];
    live_used[of_l[p.pair_of[i]]] = true;
    n_pairs++;
  }
  return n_pairs == wanted->n && n_pairs == n_live;
}

static bool same_keyed(const struct matcher *m, const struct place *at, struct str key, const struct value *w,
                       const struct value *l) {
  struct place element = {.up = at, .kind = PL_ANY};
  for (uint32_t i = 0; i < w->n; i++) {
    const struct value *k = value_get(m->s, w->items[i], key);
    uint32_t j = 0;
    while (j < l->n && !value_eq(m->s, k, value_get(m->s, l->items[j], key))) j++;
    if (j == l->n || !match_value(m, &element, w->items[i], l->items[j])) return false;
  }
  return true;
}

static bool same_list(const struct matcher *m, const struct place *at, struct compare_rule rule,
                      const struct value *w, const struct value *l) {
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

static bool same_map(const struct matcher *m, const struct place *at, const struct value *w,
                     const struct value *l) {
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

bool match_value(const struct matcher *m, const struct place *at, const struct value *wanted,
                 const struct value *live) {
  if (wanted == live || place_depth(at) > DIFF_DEPTH_MAX) return true;
  struct compare_rule rule = match_rule(m, at);
  if (rule.kind == CMP_WRITE_ONLY && value_is_null(live)) return true; /* nobody can read it back */
  if (value_is_null(wanted)) wanted = rule.dflt;
  if (value_is_null(live)) live = rule.dflt;
  if (value_is_null(wanted) || value_is_null(live)) {
    /* An empty container says no more than its absence. */
    const struct value *v = value_is_null(wanted) ? live : wanted;
    return value_is_null(v) || ((value_is(v, V_LIST) || value_is(v, V_MAP)) && v->n == 0);
  }
  if (rule.kind == CMP_JSON || rule.kind == CMP_POLICY)
    return json_same(m, wanted, live, rule.kind == CMP_POLICY);
  if (value_is(wanted, V_MAP) && value_is(live, V_MAP)) return same_map(m, at, wanted, live);
  if (value_is(wanted, V_LIST) && value_is(live, V_LIST)) return same_list(m, at, rule, wanted, live);
  return same_scalar(m, rule, wanted, live);
}
