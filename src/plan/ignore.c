/* `ignore`: what is used at create and left alone afterwards. */
#include "build.h"
#include "diff.h"

/* Does the path as written name the printed one? `[*]` and `[]` stand for any element. */
bool path_names(struct str path, struct str printed) {
  while (path.n && printed.n) {
    if (path.p[0] != printed.p[0]) return false;
    size_t n = 1, m = 1;
    if (path.p[0] == '[') {
      n = path_selector(path);
      m = path_selector(printed);
      struct str one = str_sub(path, 0, n);
      if (!n || !m) return false;
      if (!str_eq(one, STR("[*]")) && !str_eq(one, STR("[]")) && !str_eq(one, str_sub(printed, 0, m)))
        return false;
    }
    path = str_sub(path, n, path.n);
    printed = str_sub(printed, m, printed.n);
  }
  return !path.n && !printed.n;
}

struct found { /* where ignored values come from: the object, else what was applied */
  struct matcher m;
  bool read;
};

static const struct value *as_found(const struct found *f, const struct place *at, const struct value *wanted,
                                    const struct value *live, const struct value *applied, struct str rest,
                                    unsigned depth);

static const struct value *member_as_found(const struct found *f, const struct place *at,
                                           const struct value *wanted, const struct value *live,
                                           const struct value *applied, struct str rest, unsigned depth) {
  size_t from = rest.p[0] == '.', end = from;
  while (end < rest.n && rest.p[end] != '.' && rest.p[end] != '[') end++;
  struct place member = {.up = at, .kind = PL_MEMBER, .name = str_sub(rest, from, end)};
  sym key = session_sym(f->m.s, member.name);
  const struct value *old = value_is(wanted, V_MAP) ? value_member(wanted, key) : NULL;
  if (value_is_null(old)) return wanted;
  const struct value *now =
      as_found(f, &member, old, value_get(f->m.s, live, member.name), value_get(f->m.s, applied, member.name),
               str_sub(rest, end, rest.n), depth);
  return now == old ? wanted : value_put(f->m.a, wanted, key, now);
}

/* The element of another list that stands where element i of `wanted` does. */
static const struct value *partner(const struct found *f, struct compare_rule rule,
                                   const struct value *wanted, uint32_t i, const struct value *list) {
  if (!value_is(list, V_LIST)) return NULL;
  if (rule.kind != CMP_KEYED) return i < list->n ? list->items[i] : NULL;
  const struct value *key = value_get(f->m.s, wanted->items[i], rule.key);
  for (uint32_t k = 0; key && k < list->n; k++)
    if (value_eq(f->m.s, key, value_get(f->m.s, list->items[k], rule.key))) return list->items[k];
  return NULL;
}

static struct place element_place(const struct found *f, const struct place *at, struct compare_rule rule,
                                  const struct value *item, uint32_t i) {
  struct place p = {.up = at, .kind = PL_INDEX, .index = i};
  const struct value *key = rule.kind == CMP_KEYED ? value_get(f->m.s, item, rule.key) : NULL;
  if (key && value_to_text(f->m.a, key, &p.name)) p.kind = PL_KEY;
  return p;
}

static const struct value *elements_as_found(const struct found *f, const struct place *at,
                                             const struct value *wanted, const struct value *live,
                                             const struct value *applied, struct str rest, unsigned depth) {
  size_t end = path_selector(rest);
  struct compare_rule rule = match_rule(&f->m, at);
  if (!end || !value_is(wanted, V_LIST) || rule.kind == CMP_SET) return wanted;
  struct str prefix = place_text(f->m.a, at);
  struct str path = str_fmt(f->m.a, "%.*s%.*s", SV(prefix), SV(str_sub(rest, 0, end)));
  const struct value **items = ARENA_ARRAY(f->m.a, wanted->n, const struct value *);
  uint32_t n = 0;
  for (uint32_t i = 0; i < wanted->n; i++) {
    const struct value *item = wanted->items[i];
    struct place element = element_place(f, at, rule, item, i);
    if (path_names(path, place_text(f->m.a, &element)))
      item = as_found(f, &element, item, partner(f, rule, wanted, i, live),
                      partner(f, rule, wanted, i, applied), str_sub(rest, end, rest.n), depth);
    if (item) items[n++] = item;
  }
  return value_list(f->m.a, items, n);
}

static const struct value *as_found(const struct found *f, const struct place *at, const struct value *wanted,
                                    const struct value *live, const struct value *applied, struct str rest,
                                    unsigned depth) {
  if (depth > DIFF_DEPTH_MAX) return wanted;
  if (rest.n && rest.p[0] == '[') return elements_as_found(f, at, wanted, live, applied, rest, depth + 1);
  if (rest.n) return member_as_found(f, at, wanted, live, applied, rest, depth + 1);
  if (!value_is_null(live)) return live;
  if (!value_is_null(applied)) return applied;
  return f->read ? NULL : wanted;
}

const struct value *build_with_ignored(struct builder *b, const struct node *n, const struct recorded *r,
                                       const struct value *wanted) {
  struct found f = {{b->s, b->a, r->def}, r->live != NULL};
  for (uint32_t i = 0; i < n->r.n_ignore; i++)
    if (!str_eq(n->r.ignore[i], def_info(r->def).tag_property))
      wanted = member_as_found(&f, NULL, wanted, r->live, r->r->applied, n->r.ignore[i], 0);
  return wanted;
}
