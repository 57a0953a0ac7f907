/* Tags as definitions see them: what is declared together with quoin's ownership tags.
 *   tags.all     everything the object is to carry (for calls that replace the whole set)
 *   tags.add     what is missing or different
 *   tags.remove  keys that were declared once and are no longer
 * Tags that others put there stay: only keys once declared are ever removed. */
#include "def.h"

struct tagset {
  VEC(struct member) v;
};

static struct str text_of(struct denv *e, const struct value *v) {
  struct str t = STR("");
  if (v && value_to_text(e->a, v, &t)) return t;
  return STR("");
}

static const struct member *tag_find(const struct tagset *t, sym key) {
  for (size_t i = 0; i < t->v.n; i++)
    if (t->v.v[i].key == key) return &t->v.v[i];
  return NULL;
}

static void tag_put(struct denv *e, struct tagset *t, sym key, const struct value *v) {
  for (size_t i = 0; i < t->v.n; i++) {
    if (t->v.v[i].key != key) continue;
    t->v.v[i].value = v;
    return;
  }
  VEC_PUSH(e->a, &t->v, ((struct member){.key = key, .value = v}));
}

static bool is_system(struct denv *e, sym key) {
  return str_starts(session_str(e->s, key), STR("aws:"));
}

/* Tags of a property tree: a list of {Key, Value} or a map. */
static void tags_of(struct denv *e, const struct value *props, struct tagset *t) {
  struct str p = e->d->info.tag_property;
  const struct value *v = p.n && value_is(props, V_MAP) ? value_get(e->s, props, p) : NULL;
  if (value_is(v, V_MAP))
    for (uint32_t i = 0; i < v->n; i++) tag_put(e, t, v->members[i].key, v->members[i].value);
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) {
    if (!value_is(v->items[i], V_MAP)) continue;
    struct str k = text_of(e, value_get(e->s, v->items[i], STR("Key")));
    const struct value *val = value_get(e->s, v->items[i], STR("Value"));
    tag_put(e, t, session_sym(e->s, k), val ? val : value_str(e->a, STR("")));
  }
}

static int by_key(const void *a, const void *b, void *user) {
  struct denv *e = user;
  return intern_cmp(e->s->names, ((const struct member *)a)->key, ((const struct member *)b)->key);
}

static const struct value *pairs(struct denv *e, struct tagset *t, bool with_value) {
  sort_stable(e->a, t->v.v, t->v.n, sizeof *t->v.v, by_key, e);
  const struct value **out = ARENA_ARRAY(e->a, t->v.n ? t->v.n : 1, const struct value *);
  for (size_t i = 0; i < t->v.n; i++) {
    struct member m[2] = {
        {.key = session_sym(e->s, STR("Key")), .value = value_str(e->a, session_str(e->s, t->v.v[i].key))},
        {.key = session_sym(e->s, STR("Value")), .value = t->v.v[i].value}};
    out[i] = value_map(e->a, m, with_value ? 2 : 1);
  }
  return value_list(e->a, out, t->v.n);
}

const struct value *tags_view(struct denv *e) {
  struct tagset want = {0}, was = {0}, live = {0}, all = {0}, add = {0}, gone = {0};
  const struct op_scope *sc = e->sc;
  const struct value *now = e->live ? e->live : sc ? sc->live : NULL;
  tags_of(e, sc ? sc->new_props : NULL, &want);
  tags_of(e, sc ? sc->old_props : NULL, &was);
  tags_of(e, now, &live);
  const struct value *own = sc ? sc->tags : NULL;
  for (uint32_t i = 0; value_is(own, V_MAP) && i < own->n; i++)
    tag_put(e, &want, own->members[i].key, own->members[i].value);
  for (size_t i = 0; i < want.v.n; i++) {
    const struct member *m = &want.v.v[i], *l = tag_find(&live, m->key);
    tag_put(e, &all, m->key, m->value);
    if (!l || !str_eq(text_of(e, l->value), text_of(e, m->value))) tag_put(e, &add, m->key, m->value);
  }
  for (size_t i = 0; i < live.v.n; i++) {
    const struct member *m = &live.v.v[i];
    if (!is_system(e, m->key) && !tag_find(&want, m->key) && !tag_find(&was, m->key))
      tag_put(e, &all, m->key, m->value);
  }
  for (size_t i = 0; i < was.v.n; i++) {
    const struct member *m = &was.v.v[i];
    if (!tag_find(&want, m->key) && (!now || tag_find(&live, m->key))) tag_put(e, &gone, m->key, m->value);
  }
  struct member out[3] = {{.key = session_sym(e->s, STR("all")), .value = pairs(e, &all, true)},
                          {.key = session_sym(e->s, STR("add")), .value = pairs(e, &add, true)},
                          {.key = session_sym(e->s, STR("remove")), .value = pairs(e, &gone, false)}};
  return value_map(e->a, out, 3);
}
