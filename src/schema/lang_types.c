/* The view of the catalogue that lang is given (spec.h). */
#include "quoin/spec.h"
#include "table.h"

struct view {
  struct schema *sc;
  struct session *s;
};

static bool type_known(void *user, struct str type) {
  const struct view *w = user;
  struct stype t;
  return schema_type(w->sc, type, &t);
}

static size_t type_names(void *user, const struct str **names) {
  const struct view *w = user;
  return schema_types(w->sc, names);
}

static uint8_t value_kind(enum skind k) {
  switch (k) {
  case SK_STRING: return V_STR;
  case SK_INTEGER: return V_INT;
  case SK_NUMBER: return V_DEC;
  case SK_BOOLEAN: return V_BOOL;
  case SK_OBJECT:
  case SK_MAP: return V_MAP;
  case SK_ARRAY: return V_LIST;
  case SK_ANY: break;
  }
  return V_UNKNOWN;
}

/* Identifiers, ids and ARNs without a format of their own are known as `TYPE.Property`, so that
 * passing them where another resource's id is wanted is seen. */
static struct str own_format(const struct view *w, struct str type, struct str path,
                             const struct table_node *t) {
  bool id = t->kind == SK_STRING && str_find_c(path, '.') == SIZE_MAX &&
            ((t->flags & SF_IDENTIFIER) ||
             ((t->flags & SF_READ_ONLY) && (str_ends(path, STR("Id")) || str_ends(path, STR("Arn")))));
  return id ? session_str(w->s, session_sym(w->s, str_fmt(&w->s->arena, "%.*s.%.*s", SV(type), SV(path))))
            : STR("");
}

static bool attribute(void *user, struct str type, struct str path, uint8_t *vkind, struct str *format,
                      bool *read_only) {
  const struct view *w = user;
  struct stype st;
  snode n = schema_type(w->sc, type, &st) ? schema_at(w->sc, &st, path) : 0;
  if (!n || n == st.root) return false;
  struct table_node t = table_node(w->sc, n);
  struct str have = schema_format(w->sc, n);
  *vkind = value_kind((enum skind)t.kind);
  *format = have.n ? have : own_format(w, type, path, &t);
  *read_only = (t.flags & SF_READ_ONLY) != 0;
  return true;
}

static size_t attribute_names(void *user, struct arena *a, struct str type, struct str **names) {
  const struct view *w = user;
  struct stype st;
  snode *children;
  *names = NULL;
  if (!schema_type(w->sc, type, &st)) return 0;
  size_t n = schema_children(w->sc, st.root, a, &children);
  *names = ARENA_ARRAY(a, n, struct str);
  for (size_t i = 0; i < n; i++) (*names)[i] = schema_name(w->sc, children[i]);
  return n;
}

static enum qn_err check(void *user, struct str type, const struct value *props, struct span where,
                         const struct value **out) {
  const struct view *w = user;
  struct stype st;
  if (!schema_type(w->sc, type, &st)) return QN_E_NOTFOUND;
  return schema_check(w->sc, w->s, &st, props, where, out);
}

static bool tags(void *user, struct str type, struct str *property, bool *is_map) {
  const struct view *w = user;
  struct stype st;
  if (!schema_type(w->sc, type, &st)) return false;
  *property = schema_tag_property(w->sc, &st);
  enum skind kind = schema_kind(w->sc, schema_child(w->sc, st.root, *property));
  *is_map = kind == SK_MAP || kind == SK_OBJECT;
  return property->n != 0;
}

void schema_lang_types(struct schema *sc, struct session *s, struct lang_types *out) {
  struct view *w = ARENA_NEW(&s->arena, struct view);
  *w = (struct view){sc, s};
  *out = (struct lang_types){w, type_known, type_names, attribute, attribute_names, check, tags};
}
