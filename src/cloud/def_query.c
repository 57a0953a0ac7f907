/* What plan, state and import ask of a definition. */
#include "def.h"

struct def_info def_info(const struct def *d) {
  return d->info;
}

/* Equal but for the brackets of lists and their indices. */
static bool same_path(struct str plain, struct str path) {
  size_t i = 0, k = 0;
  while (k < path.n) {
    if (path.p[k] == '[') {
      while (k < path.n && path.p[k] != ']') k++;
      k++;
      continue;
    }
    if (i >= plain.n || plain.p[i] != path.p[k]) return false;
    i++, k++;
  }
  return i == plain.n;
}

static snode node_at(const struct def *d, struct str path) {
  snode n = d->st.root;
  while (path.n && n) {
    struct str part;
    path = str_cut(path, '.', &part);
    part = prop_head(part);
    while (n && schema_kind(d->sc, n) == SK_ARRAY) n = schema_items(d->sc, n);
    n = schema_child(d->sc, n, part);
  }
  return n;
}

struct compare_rule def_compare(const struct def *d, struct str path) {
  struct compare_rule r = {.kind = CMP_VALUE};
  bool element = path.n >= 2 && str_ends(path, STR("[]"));
  if (element) return r;
  snode n = node_at(d, path);
  unsigned flags = n ? schema_flags(d->sc, n) : 0;
  for (uint32_t i = 0; i < d->n_cmp; i++) {
    if (!same_path(d->cmp[i].path, path)) continue;
    r = d->cmp[i].rule;
    break;
  }
  if (r.kind != CMP_VALUE) return r;
  if (str_eq(path, d->info.tag_property) && n && schema_kind(d->sc, n) == SK_ARRAY) {
    r.kind = CMP_KEYED;
    r.key = STR("Key");
  } else if (flags & SF_WRITE_ONLY)
    r.kind = CMP_WRITE_ONLY;
  else if (flags & SF_SET)
    r.kind = CMP_SET;
  else if (flags & SF_JSON)
    r.kind = CMP_JSON;
  return r;
}

const struct value *def_default(const struct def *d, struct str path, struct arena *a) {
  const struct value *v = def_compare(d, path).dflt;
  snode n = node_at(d, path);
  if (!v && n && !schema_default(d->sc, n, a, &v)) return NULL;
  return v;
}

static bool resets(struct session *s, struct arena *a, const struct def *d, const struct rule *r,
                   struct str prop, const struct op_scope *sc) {
  if (r->kind == RK_LIST || (r->kind == RK_ASPECT && r->clear)) return true;
  for (uint32_t i = 0; i < r->n_steps; i++) /* all is sent: what is missing is taken away */
    if (r->steps[i].send == SEND_ALL) return true;
  if (str_eq(prop, d->info.tag_property)) return true;
  const struct value *v;
  struct denv e = {.s = s, .a = a, .d = d, .sc = sc};
  if (r->reset && !denv_tmpl(&e, r->reset, &v) && value_is(v, V_MAP) && value_get(s, v, prop)) return true;
  return def_default(d, prop, a) != NULL;
}

enum change_verdict def_change(struct session *s, struct arena *a, const struct def *d, struct str path,
                               const struct value *old_v, const struct value *new_v,
                               const struct op_scope *sc) {
  struct str prop = prop_head(path);
  bool removed = value_is_null(new_v);
  for (snode n = node_at(d, path); n;) { /* the leaf and what it is part of */
    if (schema_flags(d->sc, n) & SF_CREATE_ONLY)
      return removed && !d->exact && !def_default(d, path, a) ? CV_RELEASE : CV_REPLACE;
    size_t dot = path.n;
    while (dot && path.p[dot - 1] != '.') dot--;
    if (!dot) break;
    path = str_sub(path, 0, dot - 1);
    n = node_at(d, path);
  }
  (void)old_v;
  for (const struct rule *r = def_rule_for(d, prop, NULL); r; r = def_rule_for(d, prop, r)) {
    bool go = true;
    struct denv e = {
        .s = s, .a = a, .d = d, .sc = sc, .changed = &prop, .n_changed = 1, .id = sc ? sc->identity : NULL};
    if (removed) {
      if (resets(s, a, d, r, prop, sc)) return CV_UPDATE;
      continue;
    }
    if (!denv_true(&e, r->when, true, &go) && go) return CV_UPDATE;
  }
  if (removed) return CV_RELEASE;
  return CV_REPLACE;
}

struct str def_unsupported(const struct def *d, struct str path) {
  for (uint32_t i = 0; i < d->n_unsupported; i++)
    if (same_path(d->unsupported[i].name, path)) return d->unsupported[i].reason;
  return STR("");
}

bool def_volatile(const struct def *d, struct str attribute) {
  return str_in(d->volatiles, d->n_volatiles, prop_head(attribute));
}

uint32_t def_token_ttl_ms(const struct def *d) {
  return d->settle.token_ttl_ms;
}

/* ---- owners of properties ------------------------------------------------------------------ */
size_t def_owned(const struct def *d, const struct owned_by **out) {
  *out = d->owned;
  return d->n_owned;
}

/* Parts say how long they are, so that no two lists of them make one key. */
static bool key_part(struct arena *a, const struct value *v, struct str *key) {
  struct str text;
  if (value_is_null(v) || value_unknown(v) || !value_to_text(a, v, &text)) return false;
  *key = str_fmt(a, "%.*s%zu:%.*s", SV(*key), text.n, SV(text));
  return true;
}

bool def_owned_key(struct session *s, struct arena *a, const struct def *d, const struct owned_by *o,
                   const struct op_scope *sc, struct str *out) {
  struct denv e = {.s = s,
                   .a = a,
                   .d = d,
                   .sc = sc,
                   .id = sc->identity,
                   .region = sc->region,
                   .account = sc->account,
                   .partition = sc->partition};
  *out = STR("");
  for (uint32_t i = 0; i < o->n_where; i++) {
    const struct value *v;
    if (denv_tmpl(&e, o->where[i].value, &v) || !key_part(a, v, out)) return false;
  }
  return true;
}

bool def_owner_key(struct session *s, struct arena *a, const struct owned_by *o, const struct value *props,
                   struct str *out) {
  *out = STR("");
  for (uint32_t i = 0; i < o->n_where; i++)
    if (!key_part(a, value_get(s, props, o->where[i].property), out)) return false;
  return true;
}

/* ---- identities as text ------------------------------------------------------------------- */
enum qn_err def_identity_of_text(struct session *s, struct arena *a, const struct def *d, struct str text,
                                 const struct value **out) {
  struct member *m = ARENA_ARRAY(a, d->n_identity, struct member);
  struct str rest = text;
  for (uint32_t i = 0; i < d->n_identity; i++) {
    struct str part = rest;
    if (i + 1 < d->n_identity) rest = str_cut(rest, '|', &part);
    if (!part.n) {
      struct str want = STR("");
      for (uint32_t k = 0; k < d->n_identity; k++)
        want = str_fmt(a, "%.*s%s%.*s", SV(want), k ? "|" : "", SV(d->identity[k]));
      diag_add(&s->diags, QN0928, SPAN_NONE,
               "\"%.*s\" does not identify a resource of type %.*s: %.*s is wanted", SV(text), SV(d->type),
               SV(want));
      return QN_E_INVALID;
    }
    m[i] = (struct member){.key = session_sym(s, d->identity[i]), .value = value_str(a, part)};
  }
  *out = value_map(a, m, d->n_identity);
  return QN_OK;
}

struct str def_identity_text(struct session *s, struct arena *a, const struct def *d,
                             const struct value *identity) {
  struct str out = STR("");
  for (uint32_t i = 0; i < d->n_identity; i++) {
    const struct value *v = value_is(identity, V_MAP) ? value_get(s, identity, d->identity[i]) : NULL;
    struct str t = STR("");
    if (v && !value_to_text(a, v, &t)) t = STR("");
    out = i ? str_fmt(a, "%.*s|%.*s", SV(out), SV(t)) : t;
  }
  return out;
}
