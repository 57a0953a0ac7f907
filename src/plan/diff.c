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
  bool looked; /* what holds this place was read back after the last apply: `seen` absent is a fact */
};

static void walk_place(struct walk *w, const struct place *at, struct views v, unsigned depth);

static struct str top_property(const struct place *at) {
  while (at->up) at = at->up;
  return at->name;
}

static bool path_listed(struct walk *w, const struct place *at, const struct str *list, uint32_t n) {
  if (!n) return false;
  struct str printed = place_text(w->a, at);
  for (uint32_t i = 0; i < n; i++)
    if (path_names(list[i], printed) || str_eq(list[i], top_property(at))) return true;
  return false;
}

/* Is something below known only after apply? Secret references are not: apply knows them before it begins. */
static bool waits(const struct value *v, unsigned depth) {
  if (!value_unknown(v) || depth > DIFF_DEPTH_MAX) return false;
  if (v->kind == V_UNKNOWN) return v->unknown->ukind != U_SECRET;
  bool found = false;
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n && !found; i++) found = waits(v->items[i], depth + 1);
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n && !found; i++)
    found = waits(v->members[i].value, depth + 1);
  return found;
}

/* Create-only anywhere on the way down, by the schema. */
static bool create_only(struct walk *w, const struct place *at) {
  for (const struct place *p = at; p; p = p->up) {
    snode n = schema_at(w->in->schema, &w->in->type, place_schema_path(w->a, p));
    if (n && schema_flags(w->in->schema, n) & SF_CREATE_ONLY) return true;
  }
  return false;
}

/* No read answers it: by its definition or schema. */
static bool never_read(struct walk *w, const struct place *at, struct compare_rule rule) {
  if (rule.kind == CMP_WRITE_ONLY) return true;
  for (const struct place *p = at; p; p = p->up) {
    snode n = schema_at(w->in->schema, &w->in->type, place_schema_path(w->a, p));
    if (n && schema_flags(w->in->schema, n) & SF_WRITE_ONLY) return true;
  }
  return false;
}

static bool write_only(struct walk *w, const struct place *at, struct compare_rule rule,
                       const struct value *wanted) {
  return plan_secret(wanted) || never_read(w, at, rule);
}

static const struct value *top(const struct walk *w, const struct value *map, struct str property) {
  return map ? value_get(w->s, map, property) : NULL;
}

/* What the definition makes of a change of this leaf's property. A create-only leaf below a
 * property that can otherwise be updated still replaces. */
static enum change_verdict verdict(struct walk *w, const struct place *at, struct views v) {
  if (at->up && create_only(w, at->up)) return CV_REPLACE;
  if (at->up && create_only(w, at))
    return def_change(w->s, w->a, w->in->def, place_schema_path(w->a, at), v.live, v.wanted, NULL);
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
  if (plan_secret(v.wanted) || plan_secret(v.applied)) {
    c.before = plan_mask(w->s, w->a, v.live);
    c.recorded = plan_mask(w->s, w->a, v.seen);
  }
  if (why != WHY_KEPT && why != WHY_RELEASED) {
    enum change_verdict cv = verdict(w, at, v);
    if (cv == CV_RELEASE && !v.wanted)
      c.why = WHY_RELEASED;
    else if (cv != CV_UPDATE)
      c.forces_replace = true;
    if (c.forces_replace && waits(v.wanted, 0)) c.if_changed = true;
  }
  VEC_PUSH(w->a, &w->out, c);
}

static bool same(struct walk *w, const struct place *at, const struct value *a, const struct value *b) {
  return match_value(&w->m, at, a, b);
}

/* Is the cloud as it was read back after the last apply? */
static bool as_seen(struct walk *w, const struct place *at, struct views v) {
  if (!v.seen) return v.looked && value_is_null(v.live);
  return same(w, at, v.seen, v.live) && same(w, at, v.live, v.seen);
}

static bool empty(const struct value *v) {
  return (value_is(v, V_LIST) || value_is(v, V_MAP)) && v->n == 0;
}

/* An interrupted call carried it. */
static bool unconfirmed(struct walk *w, const struct place *at) {
  return path_listed(w, at, w->in->unconfirmed, w->in->n_unconfirmed);
}

/* ... and nothing was read since. */
static bool blind(struct walk *w, const struct place *at) {
  return !w->in->live && unconfirmed(w, at);
}

/* What is not as it shall be, and was applied: an interrupted call may not have got there. */
static enum why outside(struct walk *w, const struct place *at) {
  return unconfirmed(w, at) ? WHY_UNCONFIRMED : WHY_DRIFT;
}

static void walk_removed(struct walk *w, const struct place *at, struct views v, struct compare_rule rule) {
  if (!value_is_null(v.applied) && value_is_null(v.live) && never_read(w, at, rule)) v.live = v.applied;
  const struct value *absent = def_default(w->in->def, place_schema_path(w->a, at), w->a);
  if (value_is_null(v.applied) || (same(w, at, absent, v.live) && !blind(w, at))) return;
  emit(w, at, v, WHY_REMOVED);
}

/* A leaf, or a list that changes as a whole. */
static void walk_leaf(struct walk *w, const struct place *at, struct views v) {
  struct compare_rule rule = match_rule(&w->m, at);
  if (value_is_null(v.wanted)) {
    walk_removed(w, at, v, rule);
    return;
  }
  const struct value *shall = match_without_removed(&w->m, at, v.wanted, v.applied);
  if (write_only(w, at, rule, v.wanted) || blind(w, at)) {
    /* What only a replacement can change, no interrupted update carried. */
    if (unconfirmed(w, at) && verdict(w, at, v) != CV_REPLACE)
      emit(w, at, v, WHY_UNCONFIRMED);
    else if (value_is_null(v.applied) ? !empty(v.wanted) : !same(w, at, shall, v.applied))
      emit(w, at, v, waits(v.wanted, 0) ? WHY_UNKNOWN : WHY_SPEC);
    return;
  }
  if (value_unknown(v.wanted)) {
    emit(w, at, v, WHY_UNKNOWN);
    return;
  }
  if (same(w, at, shall, v.live)) return;
  bool as_applied = !value_is_null(v.applied) && same(w, at, shall, v.applied);
  bool untouched = as_seen(w, at, v), known = v.seen || v.looked;
  if (untouched)
    emit(w, at, v, as_applied ? WHY_KEPT : WHY_SPEC);
  else /* what the spec changes may have been changed outside, too */
    emit(w, at, v, as_applied || known ? outside(w, at) : WHY_SPEC);
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
      struct views below = {member_of(v.wanted, key), member_of(v.applied, key), member_of(v.seen, key),
                            member_of(v.live, key), value_is(v.seen, V_MAP)};
      walk_place(w, &member, below, depth + 1);
    }
  }
}

static const struct value *element_by_key(struct walk *w, const struct value *list, struct str key,
                                          const struct value *k) {
  if (!value_is(list, V_LIST)) return NULL;
  for (uint32_t i = 0; i < list->n; i++)
    if (value_eq(w->s, value_get(w->s, list->items[i], key), k)) return list->items[i];
  return NULL;
}

static bool is_tags(struct walk *w, const struct place *at) {
  return !at->up && str_eq(at->name, schema_tag_property(w->in->schema, &w->in->type));
}

/* Elements are told apart by their keys only if each has one, known and its own. */
static bool keys_known(struct walk *w, const struct value *list, struct str key) {
  struct map seen = {0};
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++) {
    const struct value *k = value_get(w->s, list->items[i], key);
    struct str text;
    if (!k || !value_to_text(w->a, k, &text) || !map_put(w->a, &seen, text, i)) return false;
  }
  return true;
}

/* Keyed lists: per element and member. Elements only live has are drift, but for tags and open lists, which
 * are managed per key. What is taken out of an open list has no call that takes it away: it is let go. */
static void walk_keyed(struct walk *w, const struct place *at, struct compare_rule rule, struct views v,
                       unsigned depth) {
  struct str key = rule.key;
  const struct value *sides[3] = {v.wanted, v.applied, rule.open || is_tags(w, at) ? NULL : v.live};
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
                            element_by_key(w, v.seen, key, k), element_by_key(w, v.live, key, k),
                            value_is(v.seen, V_LIST)};
      if (side == 2) {
        if (!below.seen || !match_value(&w->m, &element, below.seen, below.live))
          emit(w, &element, below, WHY_DRIFT);
      } else if (rule.open && !below.wanted) {
        if (below.live) emit(w, &element, below, WHY_RELEASED);
      } else if (!below.wanted || !below.live) {
        walk_leaf(w, &element, below);
      } else {
        walk_place(w, &element, below, depth + 1);
      }
    }
  }
}

/* Which elements of `a` have a partner of their own in `b`, and which of `b` in `a` (NULL when b is no list).
 */
static void partners(struct walk *w, const struct place *at, const struct value *a, const struct value *b,
                     bool **of_a, bool **of_b) {
  *of_a = ARENA_ARRAY(w->a, a->n, bool);
  *of_b = value_is(b, V_LIST) ? ARENA_ARRAY(w->a, b->n, bool) : NULL;
  if (!*of_b) return;
  uint32_t *pairs = ARENA_ARRAY(w->a, a->n, uint32_t);
  (void)!match_set(&w->m, at, a, b, pairs, *of_b);
  for (uint32_t i = 0; i < a->n; i++) (*of_a)[i] = pairs[i] != UINT32_MAX;
}

/* Sets: the elements that are too few or too many. What was applied and is missing, and what is there and
 * never was before, is drift; the rest is the spec's will. */
static void walk_set(struct walk *w, const struct place *at, struct views v) {
  if (!value_is(v.wanted, V_LIST) || value_unknown(v.wanted) || plan_secret(v.applied) ||
      !value_is(v.live, V_LIST) || blind(w, at)) {
    walk_leaf(w, at, v);
    return;
  }
  uint32_t *pairs = ARENA_ARRAY(w->a, v.wanted->n, uint32_t);
  bool *used = ARENA_ARRAY(w->a, v.live->n, bool);
  const struct value *shall = match_without_removed(&w->m, at, v.wanted, v.applied);
  if (match_set(&w->m, at, shall, v.live, pairs, used)) return;
  if (v.applied && same(w, at, shall, v.applied) && v.seen && as_seen(w, at, v)) {
    emit(w, at, v, WHY_KEPT);
    return;
  }
  struct place element = {.up = at, .kind = PL_ANY};
  const struct value *before = value_is(v.seen, V_LIST) ? v.seen : v.applied;
  bool *applied, *known, *ignored;
  partners(w, at, shall, v.applied, &applied, &ignored);
  for (uint32_t i = 0; i < v.wanted->n; i++)
    if (pairs[i] == UINT32_MAX)
      emit(w, &element, (struct views){.wanted = v.wanted->items[i]}, applied[i] ? outside(w, at) : WHY_SPEC);
  if (value_is(before, V_LIST))
    partners(w, at, before, v.live, &ignored, &known);
  else
    known = ARENA_ARRAY(w->a, v.live->n, bool);
  for (uint32_t j = 0; j < v.live->n; j++)
    if (!used[j])
      emit(w, &element, (struct views){.live = v.live->items[j]}, known[j] ? WHY_SPEC : WHY_DRIFT);
}

static void walk_list(struct walk *w, const struct place *at, struct views v, struct compare_rule rule,
                      unsigned depth) {
  if (rule.kind == CMP_KEYED && !value_is(v.wanted, V_UNKNOWN) && keys_known(w, v.wanted, rule.key)) {
    walk_keyed(w, at, rule, v, depth);
  } else if (rule.kind == CMP_SET && v.wanted) {
    walk_set(w, at, v);
  } else if (value_is(v.wanted, V_LIST) && value_is(v.live, V_LIST) && v.wanted->n == v.live->n &&
             (!plan_secret(v.applied) || v.applied->n == v.wanted->n)) {
    for (uint32_t i = 0; i < v.wanted->n; i++) {
      const struct value *a = value_is(v.applied, V_LIST) && i < v.applied->n &&
                                      (v.applied->n == v.wanted->n || unconfirmed(w, at))
                                  ? v.applied->items[i]
                                  : NULL;
      const struct value *s = value_is(v.seen, V_LIST) && v.seen->n == v.live->n ? v.seen->items[i] : NULL;
      struct place element = {.up = at, .kind = PL_INDEX, .index = i};
      walk_place(w, &element, (struct views){v.wanted->items[i], a, s, v.live->items[i], s != NULL},
                 depth + 1);
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
  if (!document && value_is(shape, V_LIST))
    walk_list(w, at, v, rule, depth);
  else if (!document && value_is(v.wanted, V_MAP) && value_is(v.live, V_MAP))
    walk_members(w, at, v, depth);
  else
    walk_leaf(w, at, v);
}

void diff_leaves(struct session *s, struct arena *a, const struct diff_input *in,
                 const struct leaf_change **out, uint32_t *n) {
  struct walk w = {.s = s, .a = a, .in = in, .m = {s, a, in->def}};
  const struct value *sides[2] = {in->wanted, in->applied};
  for (int side = 0; side < 2; side++) {
    if (!value_is(sides[side], V_MAP)) continue;
    for (uint32_t i = 0; i < sides[side]->n; i++) {
      sym key = sides[side]->members[i].key;
      if (side == 1 && member_of(in->wanted, key)) continue;
      struct views v = {member_of(in->wanted, key), member_of(in->applied, key), member_of(in->seen, key),
                        in->live ? member_of(in->live, key) : member_of(in->seen, key), false};
      /* Without a read, an object that was never read back is as it was applied. */
      if (!in->live && !v.live) v.live = v.applied;
      /* The common case costs one comparison. */
      if (!in->n_unconfirmed && v.wanted && v.live && !value_unknown(v.wanted) &&
          value_eq(s, v.wanted, v.live))
        continue;
      struct place at = {.kind = PL_MEMBER, .name = session_str(s, key)};
      walk_place(&w, &at, v, 0);
    }
  }
  *out = w.out.v;
  *n = (uint32_t)w.out.n;
}

/* The place that a printed path names, as a chain; NULL if it is nested too deep. */
static const struct place *place_of(struct arena *a, struct str path) {
  const struct place *at = NULL;
  for (unsigned depth = 0; path.n; depth++) {
    struct place *p = ARENA_NEW(a, struct place);
    if (depth > DIFF_DEPTH_MAX) return NULL;
    size_t n = 0;
    if (path.p[0] == '[') {
      n = path_selector(path);
      *p = (struct place){.up = at, .kind = PL_ANY};
      if (!n) return NULL;
    } else {
      while (n < path.n && path.p[n] != '.' && path.p[n] != '[') n++;
      *p = (struct place){.up = at, .kind = PL_MEMBER, .name = str_sub(path, 0, n)};
    }
    at = p;
    path = str_sub(path, n, path.n);
    if (path.n && path.p[0] == '.') path = str_sub(path, 1, path.n);
  }
  return at;
}

bool plan_leaf_same(struct session *s, struct arena *a, const struct change *c, const struct leaf_change *l,
                    const struct value *now) {
  const struct place *at = place_of(a, l->path);
  if (!at || value_unknown(now) || value_is_null(now)) return false;
  struct matcher m = {s, a, c->def};
  const struct value *applied = c->applied ? value_at(s, c->applied, l->path) : NULL;
  now = match_without_removed(&m, at, now, applied);
  if (l->before && match_value(&m, at, now, l->before)) return true;
  if (value_is_null(applied) || !match_value(&m, at, now, applied)) return false;
  if (value_is_null(l->before) || value_is_null(l->recorded))
    return value_is_null(l->before) && value_is_null(l->recorded);
  return match_value(&m, at, l->recorded, l->before) && match_value(&m, at, l->before, l->recorded);
}
