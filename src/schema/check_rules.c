/* What the schema says about several properties of one object, and about the
 * elements of one list. */
#include "check.h"
#include "quoin/vec.h"

enum presence { ABSENT, MAYBE /* an expression that may become null */, GIVEN };

static const struct member *find(const struct checker *c, const struct value *map, struct str name) {
  for (uint32_t i = 0; i < map->n; i++)
    if (str_eq(session_str(c->s, map->members[i].key), name)) return &map->members[i];
  return NULL;
}

static enum presence present(const struct checker *c, const struct value *map, struct str name) {
  const struct member *m = find(c, map, name);
  if (!m || value_is_null(m->value)) return ABSENT;
  return value_is(m->value, V_UNKNOWN) && m->value->unknown->ukind == U_EXPR ? MAYBE : GIVEN;
}

static struct span key_span(const struct checker *c, const struct value *map, struct str name,
                            const struct place *at) {
  const struct member *m = find(c, map, name);
  if (!m) return at->span;
  return m->key_span.file ? m->key_span : check_span(c, m->value, at);
}

/* Who a rule is about: the type, or the path of a nested object. */
static struct str owner(const struct checker *c, const struct place *at) {
  return check_path(c, at);
}

/* Where to point when something is missing: the object itself, for the root the resource's key. */
static struct span whole(const struct checker *c, const struct value *map, const struct place *at) {
  return at->up ? check_span(c, map, at) : at->span.file ? at->span : check_span(c, map, at);
}

static struct str joined(const struct checker *c, const struct rule *r, const char *sep) {
  struct str out = {NULL, 0};
  for (uint32_t i = 0; i < r->n; i++)
    out = CHECK_FMT(c, "%.*s%s%.*s", SV(out), i == 0 ? "" : sep, SV(rule_str(c->sc, r, i)));
  return out;
}

/* ---- required --------------------------------------------------------------------- */

static void missing_help(struct checker *c, struct diag *g, snode n) {
  struct str format = schema_format(c->sc, n), *words;
  size_t n_enum = schema_enum(c->sc, n, &c->s->arena, &words);
  if (format.n)
    diag_help(&c->s->diags, g, "it is %.*s", SV(check_format_words(c, format)));
  else if (n_enum && n_enum <= 6) {
    struct str list = words[0];
    for (size_t i = 1; i < n_enum; i++) list = CHECK_FMT(c, "%.*s, %.*s", SV(list), SV(words[i]));
    diag_help(&c->s->diags, g, "it is one of: %.*s", SV(list));
  }
}

static void check_required(struct checker *c, const struct table_node *t, const struct value *map,
                           const struct place *at) {
  struct str list = {NULL, 0};
  snode last = 0;
  size_t n = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    snode child = t->first + i;
    unsigned flags = schema_flags(c->sc, child);
    if (!(flags & SF_REQUIRED) || (flags & SF_READ_ONLY)) continue;
    if (present(c, map, schema_name(c->sc, child)) != ABSENT) continue;
    list = CHECK_FMT(c, "%.*s%s%.*s", SV(list), n ? ", " : "", SV(schema_name(c->sc, child)));
    last = child;
    n++;
  }
  if (!n) return;
  c->errors++;
  struct diag *g =
      diag_add(&c->s->diags, QN0201, whole(c, map, at), "%.*s needs %.*s", SV(owner(c, at)), SV(list));
  diag_label(&c->s->diags, g, n > 1 ? "required properties are missing" : "a required property is missing");
  if (n == 1) missing_help(c, g, last);
}

/* ---- between properties --------------------------------------------------------------- */

static void check_choice(struct checker *c, const struct rule *r, const struct value *map,
                         const struct place *at) {
  size_t given = 0, maybe = 0;
  struct str names[2] = {{NULL, 0}, {NULL, 0}};
  for (uint32_t i = 0; i < r->n; i++) {
    struct str name = rule_str(c->sc, r, i);
    enum presence p = present(c, map, name);
    if (p == GIVEN && given < 2) names[given] = name;
    given += p == GIVEN;
    maybe += p == MAYBE;
  }
  if (given + maybe > 0 && (r->tag == R_OR || given <= 1)) return;
  c->errors++;
  const char *how = r->tag == R_OR ? "at least one" : "exactly one";
  if (!given) {
    struct diag *g = diag_add(&c->s->diags, QN0213, whole(c, map, at), "%.*s needs %s of %.*s",
                              SV(owner(c, at)), how, SV(joined(c, r, ", ")));
    diag_label(&c->s->diags, g, "none is given");
    return;
  }
  struct diag *g = diag_add(&c->s->diags, QN0213, key_span(c, map, names[1], at),
                            "%.*s takes exactly one of %.*s", SV(owner(c, at)), SV(joined(c, r, ", ")));
  diag_label(&c->s->diags, g, "a second one");
  diag_note(&c->s->diags, g, key_span(c, map, names[0], at), "the first is %.*s", SV(names[0]));
}

static void check_needs(struct checker *c, const struct rule *r, const struct value *map,
                        const struct place *at) {
  struct str name = rule_str(c->sc, r, 0);
  if (present(c, map, name) != GIVEN) return;
  for (uint32_t i = 1; i < r->n; i++) {
    struct str other = rule_str(c->sc, r, i);
    enum presence p = present(c, map, other);
    bool wrong = r->tag == R_NEEDS ? p == ABSENT : p == GIVEN;
    if (!wrong) continue;
    c->errors++;
    struct span at_key = key_span(c, map, name, at);
    if (r->tag == R_NEEDS) {
      struct diag *g =
          diag_add(&c->s->diags, QN0211, at_key, "%.*s needs %.*s beside it", SV(name), SV(other));
      diag_label(&c->s->diags, g, "%.*s is missing", SV(other));
      continue;
    }
    /* The schemas state both directions: report a pair once, at the later key. */
    struct span other_key = key_span(c, map, other, at);
    bool later = other_key.start > at_key.start;
    struct diag *g =
        diag_add(&c->s->diags, QN0212, later ? other_key : at_key, "%.*s cannot stand beside %.*s",
                 SV(later ? other : name), SV(later ? name : other));
    diag_note(&c->s->diags, g, later ? at_key : other_key, "%.*s is given here", SV(later ? name : other));
  }
}

/* Sets of properties, separated by string 0: how many are complete? */
static void check_sets(struct checker *c, const struct rule *r, const struct value *map,
                       const struct place *at) {
  size_t complete = 0, possible = 0;
  struct str list = {NULL, 0};
  for (uint32_t i = 0; i < r->n;) {
    enum presence all = GIVEN;
    struct str set = {NULL, 0};
    for (; i < r->n && rule_word(r, i); i++) {
      enum presence p = present(c, map, rule_str(c->sc, r, i));
      if (p < all) all = p;
      set = CHECK_FMT(c, "%.*s%s%.*s", SV(set), set.n ? " with " : "", SV(rule_str(c->sc, r, i)));
    }
    i++;
    complete += all == GIVEN;
    possible += all != ABSENT;
    list = CHECK_FMT(c, "%.*s%s%.*s", SV(list), list.n ? ", " : "", SV(set));
  }
  bool several = r->tag == R_ONE_OF && complete > 1;
  if (possible && !several) return;
  c->errors++;
  struct diag *g = diag_add(&c->s->diags, QN0213, whole(c, map, at), "%.*s needs %s of %.*s",
                            SV(owner(c, at)), r->tag == R_ONE_OF ? "exactly one" : "at least one", SV(list));
  diag_label(&c->s->diags, g, several ? "more than one is given" : "none is given");
}

void check_rules(struct checker *c, const struct table_node *t, const struct value *props,
                 const struct place *at) {
  struct rule r;
  check_required(c, t, props, at);
  for (uint32_t pos = t->rules; pos && table_rule(c->sc, &pos, &r);) {
    if (r.tag == R_XOR || r.tag == R_OR)
      check_choice(c, &r, props, at);
    else if (r.tag == R_NEEDS || r.tag == R_EXCLUDES)
      check_needs(c, &r, props, at);
    else if (r.tag == R_ONE_OF || r.tag == R_ANY_OF)
      check_sets(c, &r, props, at);
  }
}

/* ---- lists ------------------------------------------------------------------------------- */

void check_count(struct checker *c, const struct table_node *t, const struct value *v,
                 const struct place *at) {
  struct rule r;
  if (!table_find_rule(c->sc, t, R_COUNT, &r)) return;
  uint32_t least = rule_word(&r, 0), most = rule_word(&r, 1);
  if (v->n >= least && (most == NO_LIMIT || v->n <= most)) return;
  uint32_t limit = v->n < least ? least : most;
  const char *what = value_is(v, V_LIST) ? "element" : "member";
  struct diag *g = check_error(c, QN0208, v, at,
                               CHECK_FMT(c, "%.*s must have %s %u %s%s, this has %u", SV(check_path(c, at)),
                                         v->n < least ? "at least" : "at most", (unsigned)limit, what,
                                         limit == 1 ? "" : "s", (unsigned)v->n));
  diag_label(&c->s->diags, g, v->n < least ? "too few" : "too many");
}

struct element {
  const struct value *v;
  uint32_t index;
};
struct order {
  const struct checker *c;
  const struct rule *keys; /* NULL: whole values */
};

static int cmp_elements(const void *pa, const void *pb, void *user) {
  const struct element *a = pa, *b = pb;
  const struct order *o = user;
  if (!o->keys) return value_cmp(o->c->s, a->v, b->v);
  for (uint32_t i = 0; i < o->keys->n; i++) {
    struct str key = rule_str(o->c->sc, o->keys, i);
    const struct value *x = value_get(o->c->s, a->v, key), *y = value_get(o->c->s, b->v, key);
    int cmp = value_cmp(o->c->s, x ? x : value_null(), y ? y : value_null());
    if (cmp) return cmp;
  }
  return 0;
}

static void check_distinct(struct checker *c, const struct value *list, const struct rule *keys,
                           const struct place *at) {
  struct element *e = ARENA_ARRAY(&c->s->arena, list->n, struct element);
  struct order o = {c, keys};
  size_t n = 0;
  for (uint32_t i = 0; i < list->n; i++)
    if (!value_unknown(list->items[i]) && (!keys || value_is(list->items[i], V_MAP)))
      e[n++] = (struct element){list->items[i], i};
  sort_stable(&c->s->arena, e, n, sizeof *e, cmp_elements, &o);
  for (size_t i = 1; i < n; i++) {
    if (cmp_elements(&e[i - 1], &e[i], &o) != 0) continue;
    struct place first = {at, {NULL, 0}, e[i - 1].index, check_span(c, list, at), at->depth + 1};
    struct place again = first;
    again.index = e[i].index;
    struct str what =
        keys ? CHECK_FMT(c, "has the same %.*s as", SV(joined(c, keys, " and "))) : STR("is the same as");
    struct diag *g = check_error(
        c, QN0209, e[i].v, &again,
        CHECK_FMT(c, "%.*s %.*s element %u", SV(check_path(c, &again)), SV(what), (unsigned)e[i - 1].index));
    diag_label(&c->s->diags, g, "twice");
    diag_note(&c->s->diags, g, check_span(c, e[i - 1].v, &first), "the first one is here");
  }
}

void check_elements(struct checker *c, const struct table_node *t, const struct value *list,
                    const struct place *at) {
  struct rule keys;
  if (list->n < 2) return;
  if (t->flags & SF_UNIQUE) check_distinct(c, list, NULL, at);
  if (table_find_rule(c->sc, t, R_UNIQUE_KEYS, &keys)) check_distinct(c, list, &keys, at);
}
