/* What the cloud has and nobody declared, for `drift -all`: properties, members of maps and of elements, tags
 * of others. Only what differs from the type's default is told, and nothing of what AWS calls read-only. It
 * is no drift: quoin neither knows who wants it nor changes it. */
#include "build.h"
#include "diff.h"

struct bare_walk {
  struct builder *b;
  struct matcher m;
  struct stype type;
  const struct recorded *r;
  const struct node *n; /* NULL: not in the spec any more */
};
/* Who declares a place: the spec now, and what was applied. */
struct claims {
  const struct value *wanted, *applied, *seen, *live;
};

static void walk(struct bare_walk *w, const struct place *at, struct claims c, unsigned depth);

/* AWS's own tags cannot be managed, and quoin's are known. */
static bool reserved(struct str key) {
  return str_starts(key, STR("aws:")) || str_starts(key, STR("quoin:"));
}

static bool ignored(struct bare_walk *w, struct str printed, struct str property) {
  for (uint32_t i = 0; w->n && i < w->n->r.n_ignore; i++)
    if (path_names(w->n->r.ignore[i], printed) || str_eq(w->n->r.ignore[i], property)) return true;
  return false;
}

/* No value, or one that says as little. */
static bool says_nothing(const struct value *v) {
  return value_is_null(v) || ((value_is(v, V_LIST) || value_is(v, V_MAP)) && !v->n) ||
         (value_is(v, V_STR) && !v->n);
}

/* Can it be declared? What only AWS sets, and what the definition does not carry, cannot; a name and an
 * identifier that nobody chose is AWS's choice. */
static bool settable(struct bare_walk *w, const struct place *at) {
  enum { NOT = SF_READ_ONLY | SF_WRITE_ONLY | SF_IDENTIFIER };
  if (at->up && !settable(w, at->up)) return false;
  struct str path = place_schema_path(w->b->a, at);
  snode n = schema_at(w->b->sc, &w->type, path);
  if (!n && at->up) { /* members of free maps have no place in the schema */
    snode up = schema_at(w->b->sc, &w->type, place_schema_path(w->b->a, at->up));
    return !up || schema_kind(w->b->sc, up) == SK_MAP || schema_kind(w->b->sc, up) == SK_ANY;
  }
  return n && !(schema_flags(w->b->sc, n) & NOT) && !def_unsupported(w->r->def, path).n &&
         !str_eq(path, def_info(w->r->def).name_property);
}

static bool is_tags(struct bare_walk *w, const struct place *at) {
  return !at->up && str_eq(at->name, def_info(w->r->def).tag_property);
}

static void tell(struct bare_walk *w, const struct place *at, struct claims c) {
  struct str path = place_schema_path(w->b->a, at), printed = place_text(w->b->a, at);
  const struct place *top = at;
  while (top->up) top = top->up;
  const struct value *dflt = def_default(w->r->def, path, w->b->a);
  if (says_nothing(c.live) || !settable(w, at) || ignored(w, printed, top->name)) return;
  if (at->up == top && is_tags(w, top)) { /* of {Key, Value} the path says the key */
    const struct value *text = value_get(w->b->s, c.live, STR("Value"));
    const struct value *was = c.seen ? value_get(w->b->s, c.seen, STR("Value")) : NULL;
    if (text) c.live = text, c.seen = was;
  }
  if (!dflt && value_is(c.live, V_BOOL) && !c.live->b) return; /* what is off unless somebody asks for it */
  if (dflt && match_value(&w->m, at, dflt, c.live) && match_value(&w->m, at, c.live, dflt)) return;
  struct undeclared u = {.address = w->r->address,
                         .type = w->r->r->type,
                         .path = printed,
                         .live = c.live,
                         .recorded = c.seen,
                         .span = w->n ? w->n->r.span : SPAN_NONE};
  VEC_PUSH(w->b->a, &w->b->undeclared, u);
}

static const struct value *below(const struct value *map, sym key) {
  return value_is(map, V_MAP) ? value_member(map, key) : NULL;
}

static void walk_map(struct bare_walk *w, const struct place *at, struct claims c, unsigned depth) {
  for (uint32_t i = 0; i < c.live->n; i++) {
    sym key = c.live->members[i].key;
    struct place member = {.up = at, .kind = PL_MEMBER, .name = session_str(w->b->s, key)};
    struct claims one = {below(c.wanted, key), below(c.applied, key), below(c.seen, key),
                         c.live->members[i].value};
    if (!at || !is_tags(w, at) || !reserved(member.name)) walk(w, &member, one, depth + 1);
  }
}

static const struct value *element_with(struct bare_walk *w, const struct value *list, struct str key,
                                        const struct value *k) {
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++)
    if (value_eq(w->b->s, value_get(w->b->s, list->items[i], key), k)) return list->items[i];
  return NULL;
}

/* An element that only the cloud has is drift already, but for tags, which are managed one by one. */
static void walk_keyed(struct bare_walk *w, const struct place *at, struct str key, struct claims c,
                       unsigned depth) {
  bool tags = is_tags(w, at);
  for (uint32_t i = 0; i < c.live->n; i++) {
    const struct value *k = value_get(w->b->s, c.live->items[i], key);
    struct place element = {.up = at, .kind = PL_KEY};
    if (!k || !value_to_text(w->b->a, k, &element.name) || (tags && reserved(element.name))) continue;
    struct claims one = {element_with(w, c.wanted, key, k), element_with(w, c.applied, key, k),
                         element_with(w, c.seen, key, k), c.live->items[i]};
    if (one.wanted || one.applied || tags) walk(w, &element, one, depth + 1);
  }
}

/* Elements in order, or as a set: those that have their counterpart among the declared ones. */
static void walk_elements(struct bare_walk *w, const struct place *at, bool set, struct claims c,
                          unsigned depth) {
  const struct value *mine = value_is(c.wanted, V_LIST) ? c.wanted : c.applied;
  if (!value_is(mine, V_LIST) || value_unknown(mine) || plan_secret(mine)) return;
  uint32_t *pairs = ARENA_ARRAY(w->b->a, mine->n, uint32_t);
  if (set)
    (void)match_set(&w->m, at, mine, c.live, pairs, ARENA_ARRAY(w->b->a, c.live->n, bool));
  else if (mine->n != c.live->n)
    return;
  for (uint32_t i = 0; i < mine->n; i++) {
    uint32_t k = set ? pairs[i] : i;
    if (k == UINT32_MAX) continue;
    struct place element = {.up = at, .kind = PL_INDEX, .index = k};
    walk(w, &element, (struct claims){.wanted = mine->items[i], .live = c.live->items[k]}, depth + 1);
  }
}

/* A value that is not known yet, or secret, may declare whatever is below it. */
static bool opaque(const struct value *v) {
  return v && (v->kind == V_UNKNOWN || v->flags & VF_SECRET);
}

static void walk(struct bare_walk *w, const struct place *at, struct claims c, unsigned depth) {
  if (depth > DIFF_DEPTH_MAX || says_nothing(c.live) || opaque(c.wanted) || opaque(c.applied)) return;
  if (value_is_null(c.wanted) && value_is_null(c.applied) && !is_tags(w, at)) {
    tell(w, at, c);
    return;
  }
  struct compare_rule rule = match_rule(&w->m, at);
  if (rule.kind == CMP_JSON || rule.kind == CMP_POLICY) return;
  if (value_is(c.live, V_MAP))
    walk_map(w, at, c, depth);
  else if (value_is(c.live, V_LIST) && rule.kind == CMP_KEYED)
    walk_keyed(w, at, rule.key, c, depth);
  else if (value_is(c.live, V_LIST))
    walk_elements(w, at, rule.kind == CMP_SET, c, depth);
}

static int by_address(const void *x, const void *y, void *user) {
  const struct undeclared *p = x, *q = y;
  return intern_cmp(((const struct builder *)user)->s->names, p->address, q->address);
}

void build_undeclared(struct builder *b) {
  for (uint32_t i = 0; b->o->all && i < b->n_recs; i++) {
    const struct recorded *r = &b->recs[i];
    struct bare_walk w = {.b = b, .m = {b->s, b->a, r->def}, .r = r};
    if (!r->live || r->r->deposed || !r->def) continue;
    if (!schema_type(b->sc, session_str(b->s, r->r->type), &w.type)) continue;
    if (r->node != UINT32_MAX) w.n = &b->g->nodes[r->node];
    const struct value *wanted = w.n && b->decisions ? b->decisions[r->node].wanted : NULL;
    walk_map(&w, NULL, (struct claims){wanted, r->r->applied, r->r->seen, r->live}, 0);
  }
  sort_stable(b->a, b->undeclared.v, b->undeclared.n, sizeof *b->undeclared.v, by_address, b);
}
