/* The three-way comparison: wanted (spec), applied and seen (state), live
 * (cloud), leaf by leaf over what is managed: declared now or applied before. */
#include "diff.h"

struct walk {
  struct session *s;
  struct arena *a;
  const struct diff_input *in;
  struct matcher m;
  VEC(struct leaf_change) out;
};
/* The four views of one place. NULL = absent. */
struct views {
  const struct value *wanted, *applied, *seen, *live;
};

static void walk_place(struct walk *w, const struct place *at, struct views v, unsigned depth);

static struct str top_property(const struct place *at) {
  while (at->up) at = at->up;
  return at->name;
}

static bool path_listed(struct walk *w, const struct place *at, const struct str *list, uint32_t n) {
  if (!n) return false;
  struct str path = place_schema_path(w->a, at), printed = place_text(w->a, at);
  for (uint32_t i = 0; i < n; i++)
    if (str_eq(list[i], path) || str_eq(list[i], printed) || str_eq(list[i], top_property(at))) return true;
  return false;
}

static bool has_secret(const struct value *v) { return v && (v->flags & (VF_SECRET | VF_HAS_SECRET)); }

/* Create-only anywhere on the way down, by the schema. */
static bool create_only(struct walk *w, const struct place *at) {
  for (const struct place *p = at; p; p = p->up) {
    snode n = schema_at(w->in->schema, &w->in->type, place_schema_path(w->a, p));
    if (n && schema_flags(w->in->schema, n) & SF_CREATE_ONLY) return true;
  }
  return false;
}

static bool write_only(struct walk *w, const struct place *at, struct compare_rule rule, const struct value *wanted) {
  if (rule.kind == CMP_WRITE_ONLY) return true;
  for (const struct place *p = at; p; p = p->up) {
    snode n = schema_at(w->in->schema, &w->in->type, place_schema_path(w->a, p));
    if (n && schema_flags(w->in->schema, n) & SF_WRITE_ONLY) return true;
  }
  return has_secret(wanted);
}

static const struct value *top(const struct walk *w, const struct value *map, struct str property) {
  return map ? value_get(w->s, map, property) : NULL;
}

/* What the definition makes of a change of this leaf's property. A create-only leaf below a
 * property that can otherwise be updated still replaces. */
static enum change_verdict verdict(struct walk *w, const struct place *at) {
  if (at->up && create_only(w, at)) return CV_REPLACE;
  struct str property = top_property(at);
  const struct diff_input *in = w->in;
  struct op_scope sc = {.new_props = in->wanted, .old_props = in->applied, .live = in->live};
  return def_change(w->s, w->a, in->def, property, top(w, in->live ? in->live : in->applied, property),
                    top(w, in->wanted, property), &sc);
}

static void emit(struct walk *w, const struct place *at, struct views v, enum why why) {
  struct leaf_change c = {.path = place_text(w->a, at),
                          .property = top_property(at),
                          .before = v.live,
                          .after = v.wanted,
                          .recorded = v.seen,
                          .why = why};
  if (v.wanted) c.span = vmeta_get(w->s, v.wanted->meta).span;
  if (why != WHY_KEPT) {
    enum change_verdict cv = verdict(w, at);
    if (cv == CV_RELEASE && !v.wanted) c.why = WHY_RELEASED;
    else if (cv != CV_UPDATE) c.forces_replace = true;
    if (c.forces_replace && value_unknown(v.wanted)) c.if_changed = true;
  }
  VEC_PUSH(w->a, &w->out, c);
}

static bool same(struct walk *w, const struct place *at, const struct value *a, const struct value *b) {
  return match_value(&w->m, at, a, b);
}

/* A leaf, or a list that changes as a whole. */
static void walk_leaf(struct walk *w, const struct place *at, struct views v) {
  struct compare_rule rule = match_rule(&w->m, at);
  if (value_is_null(v.wanted)) {
    if (value_is_null(v.applied) || value_is_null(v.live) || (rule.dflt && same(w, at, rule.dflt, v.live))) return;
    emit(w, at, v, WHY_REMOVED);
    return;
  }
  bool unconfirmed = path_listed(w, at, w->in->unconfirmed, w->in->n_unconfirmed);
  if (write_only(w, at, rule, v.wanted)) {
    if (unconfirmed) emit(w, at, v, WHY_UNCONFIRMED);
    else if (!same(w, at, v.wanted, v.applied)) emit(w, at, v, WHY_SPEC);
    return;
  }
  if (value_unknown(v.wanted)) {
    emit(w, at, v, WHY_UNKNOWN);
    return;
  }
  if (same(w, at, v.wanted, v.live)) return;
  bool as_applied = !value_is_null(v.applied) && same(w, at, v.wanted, v.applied);
  if (as_applied && v.seen && same(w, at, v.seen, v.live) && same(w, at, v.live, v.seen)) emit(w, at, v, WHY_KEPT);
  else emit(w, at, v, as_applied ? WHY_DRIFT : WHY_SPEC);
}

static const struct value *member_of(const struct value *map, sym key) {
  return value_is(map, V_MAP) ? value_member(map, key) : NULL;
}

static void walk_members(struct walk *w, const struct place *at, struct views v, unsigned depth) {
  const struct value *declared[2] = {v.wanted, v.applied};
  for (int side = 0; side < 2; side++) {
    if (!value_is(declared[side], V_MAP)) continue;
    for (uint32_t i = 0; i < declared[side]->n; i++) {
      sym key = declared[side]->members[i].key;
      if (side == 1 && member_of(v.wanted, key)) continue;
      struct place member = {.up = at, .kind = PL_MEMBER, .name = session_str(w->s, key)};
      struct views below = {member_of(v.wanted, key), member_of(v.applied, key), member_of(v.seen, key), member_of(v.live, key)};
      walk_place(w, &member, below, depth + 1);
    }
  }
}

static const struct value *element_by_key(struct walk *w, const struct value *list, struct str key, const struct value *k) {
  if (!value_is(list, V_LIST)) return NULL;
  for (uint32_t i = 0; i < list->n; i++)
    if (value_eq(w->s, value_get(w->s, list->items[i], key), k)) return list->items[i];
  return NULL;
}

static bool is_tags(struct walk *w, const struct place *at) {
  return !at->up && str_eq(at->name, schema_tag_property(w->in->schema, &w->in->type));
}

/* Keyed lists: per element and member. Elements only live has are drift, but for tags, which are managed per key. */
static void walk_keyed(struct walk *w, const struct place *at, struct str key, struct views v, unsigned depth) {
  const struct value *sides[3] = {v.wanted, v.applied, is_tags(w, at) ? NULL : v.live};
  for (int side = 0; side < 3; side++) {
    if (!value_is(sides[side], V_LIST)) continue;
    for (uint32_t i = 0; i < sides[side]->n; i++) {
      const struct value *k = value_get(w->s, sides[side]->items[i], key);
      if (side > 0 && element_by_key(w, v.wanted, key, k)) continue;
      if (side > 1 && element_by_key(w, v.applied, key, k)) continue;
      struct str text = STR("");
      if (!k || !value_to_text(w->a, k, &text)) continue;
      struct place element = {.up = at, .kind = PL_KEY, .name = text};
      struct views below = {element_by_key(w, v.wanted, key, k), element_by_key(w, v.applied, key, k),
                            element_by_key(w, v.seen, key, k), element_by_key(w, v.live, key, k)};
      if (side == 2) {
        if (!below.seen || !match_value(&w->m, &element, below.seen, below.live)) emit(w, &element, below, WHY_DRIFT);
      } else if (!below.wanted || !below.live) {
        walk_leaf(w, &element, below);
      } else {
        walk_place(w, &element, below, depth + 1);
      }
    }
  }
}

/* Sets: the elements that are too few or too many. */
static void walk_set(struct walk *w, const struct place *at, struct views v) {
  if (value_unknown(v.wanted) || !value_is(v.live, V_LIST)) {
    walk_leaf(w, at, v);
    return;
  }
  uint32_t *pairs = ARENA_ARRAY(w->a, v.wanted->n, uint32_t);
  bool *used = ARENA_ARRAY(w->a, v.live->n, bool);
  if (match_set(&w->m, at, v.wanted, v.live, pairs, used)) return;
  bool as_applied = v.applied && same(w, at, v.wanted, v.applied);
  bool as_seen = v.seen && same(w, at, v.seen, v.live);
  if (as_applied && as_seen) {
    emit(w, at, v, WHY_KEPT);
    return;
  }
  enum why why = as_applied ? WHY_DRIFT : WHY_SPEC;
  struct place element = {.up = at, .kind = PL_ANY};
  for (uint32_t i = 0; i < v.wanted->n; i++)
    if (pairs[i] == UINT32_MAX) emit(w, &element, (struct views){.wanted = v.wanted->items[i]}, why);
  for (uint32_t j = 0; j < v.live->n; j++)
    if (!used[j]) emit(w, &element, (struct views){.live = v.live->items[j]}, why);
}

static void walk_list(struct walk *w, const struct place *at, struct views v, struct compare_rule rule, unsigned depth) {
  if (rule.kind == CMP_KEYED && !value_is(v.wanted, V_UNKNOWN)) {
    walk_keyed(w, at, rule.key, v, depth);
  } else if (rule.kind == CMP_SET && v.wanted) {
    walk_set(w, at, v);
  } else if (value_is(v.wanted, V_LIST) && value_is(v.live, V_LIST) && v.wanted->n == v.live->n) {
    for (uint32_t i = 0; i < v.wanted->n; i++) {
      const struct value *a = value_is(v.applied, V_LIST) && v.applied->n == v.wanted->n ? v.applied->items[i] : NULL;
      const struct value *s = value_is(v.seen, V_LIST) && v.seen->n == v.live->n ? v.seen->items[i] : NULL;
      struct place element = {.up = at, .kind = PL_INDEX, .index = i};
      walk_place(w, &element, (struct views){v.wanted->items[i], a, s, v.live->items[i]}, depth + 1);
    }
  } else {
    walk_leaf(w, at, v);
  }
}

static void walk_place(struct walk *w, const struct place *at, struct views v, unsigned depth) {
  if (depth > DIFF_DEPTH_MAX || path_listed(w, at, w->in->ignore, w->in->n_ignore)) return;
  if (value_is(v.wanted, V_NULL)) v.wanted = NULL;
  struct compare_rule rule = match_rule(&w->m, at);
  const struct value *shape = v.wanted ? v.wanted : v.applied;
  bool document = rule.kind == CMP_JSON || rule.kind == CMP_POLICY || rule.kind == CMP_WRITE_ONLY;
  if (!document && value_is(shape, V_LIST)) walk_list(w, at, v, rule, depth);
  else if (!document && value_is(v.wanted, V_MAP) && value_is(v.live, V_MAP)) walk_members(w, at, v, depth);
  else walk_leaf(w, at, v);
}

void diff_leaves(struct session *s, struct arena *a, const struct diff_input *in, const struct leaf_change **out, uint32_t *n) {
  struct walk w = {.s = s, .a = a, .in = in, .m = {s, a, in->def}};
  const struct value *sides[2] = {in->wanted, in->applied};
  for (int side = 0; side < 2; side++) {
    if (!value_is(sides[side], V_MAP)) continue;
    for (uint32_t i = 0; i < sides[side]->n; i++) {
      sym key = sides[side]->members[i].key;
      if (side == 1 && member_of(in->wanted, key)) continue;
      struct views v = {member_of(in->wanted, key), member_of(in->applied, key), member_of(in->seen, key),
                        in->live ? member_of(in->live, key) : member_of(in->seen, key)};
      /* Without a read, an object that was never read back is as it was applied. */
      if (!in->live && !v.live) v.live = v.applied;
      /* The common case costs one comparison. */
      if (!in->n_unconfirmed && v.wanted && v.live && !value_unknown(v.wanted) && value_eq(s, v.wanted, v.live)) continue;
      struct place at = {.kind = PL_MEMBER, .name = session_str(s, key)};
      walk_place(&w, &at, v, 0);
    }
  }
  *out = w.out.v;
  *n = (uint32_t)w.out.n;
}
