/* Tags: of the environment, of the `tags` key, of the declared property; the
 * later wins, key by key. */
#include "program.h"

static const struct itype string_type = {.kind = T_STRING};
static const struct itype tags_type = {.kind = T_MAP, .of = &string_type};

static bool listed(struct program *p, const struct value *list, sym key) {
  struct str want = session_str(p->s, key), have;
  for (uint32_t i = 0; list && i < list->n; i++) {
    const struct value *k = value_get(p->s, list->items[i], STR("Key"));
    if (k && value_to_text(&p->s->arena, k, &have) && str_eq(want, have)) return true;
  }
  return false;
}

static const struct value *as_list(struct program *p, const struct value *tags,
                                   const struct value *declared) {
  struct session *s = p->s;
  uint32_t had = declared ? declared->n : 0, n = had;
  const struct value **items = ARENA_ARRAY(&s->arena, had + tags->n, const struct value *);
  for (uint32_t i = 0; i < had; i++) items[i] = declared->items[i];
  sym key = session_sym(s, STR("Key")), value = session_sym(s, STR("Value"));
  for (uint32_t i = 0; i < tags->n; i++) {
    const struct member *m = &tags->members[i];
    if (listed(p, declared, m->key)) continue;
    const struct value *k =
        value_with_meta(&s->arena, value_str(&s->arena, session_str(s, m->key)), m->value->meta);
    struct member both[] = {{key, m->key_span, k}, {value, m->key_span, m->value}};
    items[n++] = value_with_meta(&s->arena, value_map(&s->arena, both, 2), m->value->meta);
  }
  const struct value *out = value_list(&s->arena, items, n);
  return declared ? value_with_meta(&s->arena, out, declared->meta) : out;
}

static const struct value *as_map(struct program *p, const struct value *tags, const struct value *declared) {
  const struct value *out = declared ? declared : value_map(&p->s->arena, NULL, 0);
  for (uint32_t i = 0; i < tags->n; i++)
    if (!value_member(declared, tags->members[i].key))
      out = value_put(&p->s->arena, out, tags->members[i].key, tags->members[i].value);
  return out;
}

static enum qn_err gather(struct program *p, const struct rinst *r, struct frame *f,
                          const struct value **out) {
  const struct value *all = p->out->env.tags, *own;
  const struct tnode *t = r->decl->res.tags;
  enum qn_err e;
  *out = all;
  if (!t) return QN_OK;
  if ((e = tree_eval(f, t, &own)) || (e = itype_coerce(p, &tags_type, own, t->span, STR("tags"), &own)))
    return e;
  if (own->kind != V_MAP) {
    diag_add(&p->s->diags, QN0462, value_span(p, own, t->span), "tags must be known while planning");
    return QN_E_INVALID;
  }
  for (uint32_t i = 0; i < own->n; i++)
    all = value_put(&p->s->arena, all, own->members[i].key, own->members[i].value);
  *out = all;
  return QN_OK;
}

enum qn_err tags_merge(struct program *p, const struct rinst *r, struct frame *f,
                       const struct value **props) {
  const struct lang_types *types = p->o->types;
  struct session *s = p->s;
  const struct value *tags;
  struct str property, type = session_str(s, r->r.type);
  bool is_map;
  if (!p->out->env.tags && !r->decl->res.tags) return QN_OK;
  enum qn_err e = gather(p, r, f, &tags);
  if (e || !tags || !tags->n || !types || !types->tags) return e;
  if (!types->tags(types->user, type, &property, &is_map)) {
    if (!r->decl->res.tags) return QN_OK;
    diag_add(&s->diags, QN0462, r->decl->res.tags->span, "%.*s takes no tags", SV(type));
    return QN_E_INVALID;
  }
  const struct value *declared = value_get(s, *props, property);
  if (declared && declared->kind != (is_map ? V_MAP : V_LIST))
    return QN_OK; /* unknown, or the schema complains */
  const struct value *all = is_map ? as_map(p, tags, declared) : as_list(p, tags, declared);
  *props = value_put(&s->arena, *props, session_sym(s, property), all);
  return QN_OK;
}
