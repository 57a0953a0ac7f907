/* What a new object of the sandbox is: its identity, and the attributes that only a service could give. The
 * definition's `sandbox:` says how they look; for the rest a form is made from their names. The same
 * token gives the same object, so that a run that is repeated after a crash finds what it made. */
#include "sandbox_int.h"

#include "quoin/crypto.h"

struct making {
  struct sandbox *sb;
  const struct def *d;
  struct denv e;
  const struct value *known; /* map: made so far */
};

static const struct value *empty(struct making *m) {
  return value_map(&m->sb->a, NULL, 0);
}

static void know(struct making *m, struct str name, const struct value *v) {
  if (value_is_null(v)) return;
  m->known = value_put(&m->sb->a, m->known, session_sym(m->sb->s, name), v);
  m->e.kept = m->known;
}

static const struct value *known(const struct making *m, struct str name) {
  return value_get(m->sb->s, m->known, name);
}

/* ---- by template ------------------------------------------------------------------------- */
static void by_templates(struct making *m, const struct attr_def *v, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const struct value *x;
    m->e.salt = v[i].name;
    if (!known(m, v[i].name) && !denv_tmpl(&m->e, v[i].value, &x)) know(m, v[i].name, x);
  }
}

/* ---- by name --------------------------------------------------------------------------------- */
static struct str hex(struct making *m, struct str name, size_t n) {
  struct str seed = str_fmt(&m->sb->tmp, "%.*s %.*s", SV(m->e.sc->uid), SV(name));
  return str_sub(crypto_sha256_hex(&m->sb->a, seed), 0, n);
}

static struct str type_word(struct making *m) {
  struct str rest = m->d->type, part;
  while (rest.n) {
    rest = str_cut(rest, ':', &part);
    if (part.n && !rest.n) break;
  }
  return str_lower(&m->sb->a, part);
}

static struct str made_text(struct making *m, struct str name) {
  struct arena *a = &m->sb->a;
  const struct wire_service *svc = m->d->svc;
  struct str word = type_word(m), region = session_str(m->sb->s, m->e.region);
  if (str_ends(name, STR("Arn")) || str_ends(name, STR("ARN"))) {
    const struct value *id = id_value(m->d, m->known);
    struct str tail = value_is(id, V_STR) ? value_text(id) : hex(m, STR("id"), 17);
    return str_fmt(a, "arn:%.*s:%.*s:%.*s:%.*s:%.*s/%.*s", SV(m->sb->partition), SV(svc->signing_name),
                   SV(svc->global_endpoint ? STR("") : region), SV(m->sb->account), SV(word), SV(tail));
  }
  if (str_ends(name, STR("DNSName")) || str_ends(name, STR("DomainName")))
    return str_fmt(a, "%.*s-%.*s.%.*s.sandbox.invalid", SV(word), SV(hex(m, name, 10)), SV(region));
  return str_fmt(a, "%.*s-%.*s", SV(word), SV(hex(m, name, 17)));
}

static const struct value *made(struct making *m, snode n) {
  struct arena *a = &m->sb->a;
  switch (schema_kind(m->d->sc, n)) {
  case SK_STRING: return value_str(a, made_text(m, schema_name(m->d->sc, n)));
  case SK_BOOLEAN: return value_bool(a, false);
  case SK_INTEGER:
  case SK_NUMBER: return value_int(a, 0);
  case SK_ARRAY: return value_list(a, NULL, 0);
  case SK_OBJECT:
  case SK_MAP:
  case SK_ANY: break;
  }
  return NULL;
}

/* ---- the parts ----------------------------------------------------------------------------------- */
/* A member of the identity: made by a template, declared, a name that quoin gives, or made up. */
static const struct value *identity_member(struct making *m, struct str name, const struct value **props) {
  const struct value *v = known(m, name);
  snode n = schema_child(m->d->sc, m->d->st.root, name);
  bool settable = n && !(schema_flags(m->d->sc, n) & SF_READ_ONLY);
  if (v) return v;
  const struct value *declared = value_get(m->sb->s, *props, name);
  if (settable && !value_is_null(declared)) return declared;
  if (settable && m->d->n_identity == 1) {
    v = value_str(&m->sb->a, def_name(&m->e, NULL));
    *props = value_put(&m->sb->a, *props, session_sym(m->sb->s, name), v);
    return v;
  }
  return settable ? NULL : value_str(&m->sb->a, made_text(m, name));
}

static void make_name(struct making *m, const struct value **props) {
  struct str p = m->d->info.name_property;
  if (!p.n || !value_is_null(value_get(m->sb->s, *props, p))) return;
  const struct value *v = value_str(&m->sb->a, def_name(&m->e, NULL));
  *props = value_put(&m->sb->a, *props, session_sym(m->sb->s, p), v);
}

static void make_identity(struct making *m, struct sobject *o) {
  struct member *v = ARENA_ARRAY(&m->sb->a, m->d->n_identity, struct member);
  uint32_t k = 0;
  for (uint32_t i = 0; i < m->d->n_identity; i++) {
    const struct value *x = identity_member(m, m->d->identity[i], &o->props);
    if (x) v[k++] = (struct member){.key = session_sym(m->sb->s, m->d->identity[i]), .value = x};
    know(m, m->d->identity[i], x);
  }
  o->identity = value_map(&m->sb->a, v, k);
  m->e.id = o->identity;
}

static void make_attributes(struct making *m, struct sobject *o) {
  by_templates(m, m->d->attrs, m->d->n_attrs);
  snode *kids;
  size_t n = schema_children(m->d->sc, m->d->st.root, &m->sb->tmp, &kids);
  o->attributes = empty(m);
  for (size_t i = 0; i < n; i++) {
    struct str name = schema_name(m->d->sc, kids[i]);
    if (!(schema_flags(m->d->sc, kids[i]) & SF_READ_ONLY)) continue;
    const struct value *v = known(m, name) ? known(m, name) : made(m, kids[i]);
    if (v) o->attributes = value_put(&m->sb->a, o->attributes, session_sym(m->sb->s, name), v);
  }
}

const struct value *sandbox_tags(struct denv *e, const struct value *props) {
  struct str p = e->d->info.tag_property;
  const struct value *all = value_get(e->s, tags_view(e), STR("all"));
  snode n = schema_child(e->d->sc, e->d->st.root, p);
  bool map = schema_kind(e->d->sc, n) == SK_MAP || schema_kind(e->d->sc, n) == SK_OBJECT;
  if (!all->n) return value_get(e->s, props, p);
  if (!map) return all;
  struct member *m = ARENA_ARRAY(e->a, all->n, struct member);
  for (uint32_t i = 0; i < all->n; i++) {
    const struct value *key = value_get(e->s, all->items[i], STR("Key"));
    m[i] = (struct member){.key = session_sym(e->s, value_text(key)),
                           .value = value_get(e->s, all->items[i], STR("Value"))};
  }
  return value_map(e->a, m, all->n);
}

bool sandbox_make(struct sandbox *sb, const struct op_scope *sc, struct sobject *o) {
  struct making m = {.sb = sb, .d = o->def};
  m.e = (struct denv){.s = sb->s,
                      .a = &sb->a,
                      .d = o->def,
                      .sc = sc,
                      .region = sc->region,
                      .account = sc->account,
                      .partition = sc->partition};
  m.known = empty(&m);
  o->props = value_is(sc->new_props, V_MAP) ? sc->new_props : m.known;
  by_templates(&m, o->def->sandbox, o->def->n_sandbox);
  make_name(&m, &o->props);
  make_identity(&m, o);
  make_attributes(&m, o);
  struct str tags = o->def->info.tag_property;
  const struct value *v = tags.n ? sandbox_tags(&m.e, o->props) : NULL;
  if (v) o->props = value_put(&sb->a, o->props, session_sym(sb->s, tags), v);
  o->id = def_identity_text(sb->s, &sb->a, o->def, o->identity);
  return o->identity->n == o->def->n_identity;
}
