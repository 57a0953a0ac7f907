/* schema_check: walks a property tree beside its schema. Recursion follows the
 * tree of the user and is capped at CHECK_DEPTH. */
#include "check.h"

#include "quoin/vec.h"

/* ---- messages ------------------------------------------------------------------ */

struct span check_span(const struct checker *c, const struct value *v, const struct place *at) {
  struct span own = v ? vmeta_get(c->s, v->meta).span : SPAN_NONE;
  return own.file ? own : at->span;
}

struct str check_path(const struct checker *c, const struct place *at) {
  if (!at->up) return c->type->name;
  struct str out = {NULL, 0};
  for (; at->up; at = at->up) {
    bool dot = out.n && out.p[0] != '[';
    if (at->name.n)
      out = CHECK_FMT(c, "%.*s%s%.*s", SV(at->name), dot ? "." : "", SV(out));
    else
      out = CHECK_FMT(c, "[%u]%s%.*s", (unsigned)at->index, dot ? "." : "", SV(out));
  }
  return out;
}

/* In quotes, control characters escaped, cut when long. */
static struct str quote(const struct checker *c, struct str text) {
  enum { SHOWN = 60 };
  struct buf b = BUF_INIT(4096);
  bool cut = text.n > SHOWN + 20;
  size_t n = cut ? SHOWN : text.n;
  while (cut && n && ((unsigned char)text.p[n] & 0xc0) == 0x80) n--;
  json_escape(&b, str_sub(text, 0, n));
  struct str out = str_fmt(&c->s->arena, "%.*s%s", SV(buf_str(&b)), cut ? "..." : "");
  buf_release(&b);
  return out;
}

struct str check_describe(const struct checker *c, const struct value *v) {
  struct str text;
  if (v->flags & VF_SECRET) return STR("a secret");
  switch ((enum vkind)v->kind) {
  case V_NULL: return STR("null");
  case V_LIST: return STR("a list");
  case V_MAP: return STR("a map");
  case V_RES: return CHECK_FMT(c, "the resource %.*s", SV(session_str(c->s, v->res.address)));
  case V_STR: return quote(c, value_text(v));
  case V_BOOL:
  case V_INT:
  case V_DEC: return value_to_text(&c->s->arena, v, &text) ? text : STR("a value");
  case V_UNKNOWN: break;
  }
  static const char *const kinds[] = {[V_BOOL] = "true or false", [V_INT] = "a number", [V_DEC] = "a number",
                                      [V_STR] = "a string",       [V_LIST] = "a list",  [V_MAP] = "a map"};
  uint8_t k = v->unknown->vkind;
  return k < sizeof kinds / sizeof *kinds && kinds[k] ? CHECK_FMT(c, "%s known after apply", kinds[k])
                                                      : STR("a value known after apply");
}

static const char *const how_words[] = {
    [HOW_DEFAULT] = "it is the default of",
    [HOW_INPUT] = "it comes from input",
    [HOW_ENVIRONMENT] = "it is set in environment",
    [HOW_VAR] = "it comes from variable",
    [HOW_FUNCTION] = "it was made by",
    [HOW_OUTPUT] = "it comes from output",
    [HOW_LOCAL] = "it comes from local",
    [HOW_LOOP] = "it comes from",
};

static uint32_t line_of(const struct checker *c, struct span at) {
  uint32_t line = 0, col;
  if (at.file) srcmap_line_col(c->s->sources, at.file, at.start, &line, &col);
  return line;
}

/* Where the value was given to the property, when it was written elsewhere. */
static void note_use(struct checker *c, struct diag *g, const struct value *v, const struct place *at) {
  struct vmeta m = vmeta_get(c->s, v->meta);
  if (!m.span.file || !at->span.file || !at->up) return;
  uint32_t own = line_of(c, m.span), use = line_of(c, at->span);
  bool written_here = m.how == HOW_NONE || m.how == HOW_LITERAL;
  bool elsewhere = m.span.file != at->span.file || own < use || (own > use && !written_here);
  if (elsewhere) diag_note(&c->s->diags, g, at->span, "it is given to %.*s", SV(check_path(c, at)));
}

static void note_provenance(struct checker *c, struct diag *g, const struct value *v) {
  struct vmeta m = vmeta_get(c->s, v->meta);
  for (int steps = 0; steps < 4 && m.how; steps++) {
    struct vmeta from = vmeta_get(c->s, m.from);
    bool named = m.how < sizeof how_words / sizeof *how_words && how_words[m.how] && m.name;
    struct span at = m.from ? from.span : SPAN_NONE;
    if (at.file == g->span.file && at.start == g->span.start) at = SPAN_NONE;
    if (named) diag_note(&c->s->diags, g, at, "%s %.*s", how_words[m.how], SV(session_str(c->s, m.name)));
    if (!m.from) break;
    m = from;
  }
}

struct diag *check_error(struct checker *c, enum diag_code code, const struct value *v,
                         const struct place *at, struct str message) {
  c->errors++;
  struct diag *g = diag_add(&c->s->diags, code, check_span(c, v, at), "%.*s", SV(message));
  if (v) note_use(c, g, v, at);
  if (v) note_provenance(c, g, v);
  return g;
}

/* ---- objects and maps -------------------------------------------------------------- */

/* Lower case without `_` and `-`: `enable_dns_support` is EnableDnsSupport. */
static struct str folded(struct arena *a, struct str name) {
  char *out = arena_alloc(a, name.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] != '_' && name.p[i] != '-') out[n++] = name.p[i];
  return str_lower(a, (struct str){out, n});
}

/* The property that was likely meant, or empty. */
static struct str unknown_property(struct checker *c, const struct table_node *t, const struct member *m,
                                   const struct place *at) {
  struct str name = session_str(c->s, m->key), nearest = {NULL, 0}, list = {NULL, 0};
  struct str *names = ARENA_ARRAY(&c->s->arena, t->n, struct str);
  size_t n = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    if (schema_flags(c->sc, t->first + i) & SF_READ_ONLY) continue;
    names[n] = schema_name(c->sc, t->first + i);
    if (str_eq(folded(&c->s->arena, names[n]), folded(&c->s->arena, name))) nearest = names[n];
    if (n < 10) list = CHECK_FMT(c, "%.*s%s%.*s", SV(list), n ? ", " : "", SV(names[n]));
    n++;
  }
  if (!nearest.n) nearest = diag_nearest(name, names, n);
  struct str owner =
      at->up ? CHECK_FMT(c, "%.*s of %.*s", SV(check_path(c, at)), SV(c->type->name)) : c->type->name;
  c->errors++;
  struct diag *g =
      diag_add(&c->s->diags, QN0203, m->key_span.file ? m->key_span : check_span(c, m->value, at),
               "unknown property \"%.*s\" of %.*s", SV(name), SV(owner));
  diag_label(&c->s->diags, g, "not a property of this type");
  if (nearest.n)
    diag_help(&c->s->diags, g, "did you mean \"%.*s\"?", SV(nearest));
  else if (n > 10)
    diag_help(&c->s->diags, g, "properties: %.*s and %zu more", SV(list), n - 10);
  else if (n)
    diag_help(&c->s->diags, g, "properties: %.*s", SV(list));
  return nearest;
}

static bool settable(struct checker *c, const struct table_node *child, const struct member *m,
                     const struct place *at) {
  struct span span = m->key_span.file ? m->key_span : check_span(c, m->value, at);
  if (child->flags & SF_READ_ONLY) {
    c->errors++;
    struct diag *g =
        diag_add(&c->s->diags, QN0210, span, "%.*s is read-only: it is known after apply and cannot be set",
                 SV(check_path(c, at)));
    diag_label(&c->s->diags, g, "set by AWS");
    diag_help(&c->s->diags, g, "leave it out; elsewhere it is ${NAME.%.*s}", SV(check_path(c, at)));
    return false;
  }
  if (child->flags & SF_DEPRECATED)
    diag_add(&c->s->diags, QN0218, span, "%.*s of %.*s is deprecated", SV(check_path(c, at)),
             SV(c->type->name));
  return true;
}

/* Typed value of one member; NULL after errors. A misspelt key is mended in *m, so that the
 * property it means is not reported as missing too. */
static const struct value *check_member(struct checker *c, const struct table_node *t, snode self,
                                        struct member *m, const struct place *at) {
  struct place below = {at, session_str(c->s, m->key), 0, m->key_span.file ? m->key_span : at->span,
                        at->depth + 1};
  if (t->kind == SK_MAP)
    return t->items ? check_value(c, t->items, m->value, &below) : check_any(c, m->value, &below);
  snode n = schema_child(c->sc, self, below.name);
  if (n) {
    struct table_node child = table_node(c->sc, n);
    return settable(c, &child, m, &below) ? check_value(c, n, m->value, &below) : NULL;
  }
  if (t->bits & NODE_OPEN) return check_any(c, m->value, &below);
  struct str meant = unknown_property(c, t, m, at);
  if (meant.n) m->key = session_sym(c->s, meant);
  return NULL;
}

static bool check_key(struct checker *c, const struct table_node *t, const struct member *m,
                      const struct place *at) {
  struct rule r;
  if (t->kind != SK_MAP || !table_find_rule(c->sc, t, R_KEYS, &r)) return true;
  const struct regex *re = table_regex(c->sc, c->s, rule_word(&r, 0));
  struct str key = session_str(c->s, m->key);
  if (!re || regex_match(re, key, 0, NULL, 0, NULL) != QN_E_NOTFOUND) return true;
  c->errors++;
  struct diag *g =
      diag_add(&c->s->diags, QN0204, m->key_span.file ? m->key_span : check_span(c, m->value, at),
               "\"%.*s\" cannot be a key of %.*s", SV(key), SV(check_path(c, at)));
  diag_note(&c->s->diags, g, SPAN_NONE, "the pattern is %.*s", SV(rule_str(c->sc, &r, 0)));
  return false;
}

/* Same members with other values; null ones are left out (LANGUAGE rule 6). */
static const struct value *rebuilt(struct checker *c, const struct value *map,
                                   const struct value *const *values) {
  struct member *out = ARENA_ARRAY(&c->s->arena, map->n, struct member);
  size_t n = 0;
  for (uint32_t i = 0; i < map->n; i++) {
    if (value_is_null(values[i])) continue;
    out[n] = map->members[i];
    out[n++].value = values[i];
  }
  const struct value *v = value_map(&c->s->arena, out, n);
  return value_with_meta(&c->s->arena, v, map->meta);
}

/* A copy of a map with another key in place i. */
static const struct value *with_key(struct checker *c, const struct value *map, uint32_t i, sym key) {
  struct member *m = ARENA_ARRAY(&c->s->arena, map->n, struct member);
  for (uint32_t k = 0; k < map->n; k++) m[k] = map->members[k];
  m[i].key = key;
  struct value *copy = ARENA_NEW(&c->s->arena, struct value);
  *copy = *map;
  copy->members = m;
  return copy;
}

static const struct value *check_members(struct checker *c, const struct table_node *t, snode self,
                                         const struct value *v, const struct place *at) {
  const struct value **values = ARENA_ARRAY(&c->s->arena, v->n, const struct value *);
  struct value meant = *v;
  bool changed = false;
  size_t before = c->errors;
  for (uint32_t i = 0; i < v->n; i++) {
    struct member m = v->members[i];
    values[i] = m.value;
    if (!value_is_null(m.value)) {
      bool key = check_key(c, t, &m, at);
      values[i] = check_member(c, t, self, &m, at);
      if (!key) values[i] = NULL;
    }
    if (m.key != v->members[i].key) meant = *with_key(c, &meant, i, m.key);
    changed = changed || values[i] != m.value || value_is_null(m.value);
  }
  check_count(c, t, v, at);
  if (t->kind == SK_OBJECT) check_rules(c, t, &meant, at);
  if (c->errors != before) return NULL;
  return changed ? rebuilt(c, v, values) : v;
}

/* ---- lists --------------------------------------------------------------------------- */

static void null_element(struct checker *c, const struct value *v, const struct place *at) {
  struct diag *g = check_error(c, QN0220, v, at,
                               CHECK_FMT(c, "%.*s is null: a list cannot hold it", SV(check_path(c, at))));
  diag_help(&c->s->diags, g, "leave the element out, e.g. with a condition in [x for x in xs if x != null]");
}

static const struct value *check_list(struct checker *c, const struct table_node *t, const struct value *v,
                                      const struct place *at) {
  const struct value **items = ARENA_ARRAY(&c->s->arena, v->n, const struct value *);
  bool changed = false;
  size_t before = c->errors;
  for (uint32_t i = 0; i < v->n; i++) {
    struct place below = {at, {NULL, 0}, i, check_span(c, v, at), at->depth + 1};
    items[i] = v->items[i];
    if (value_is_null(v->items[i]))
      null_element(c, v->items[i], &below);
    else
      items[i] =
          t && t->items ? check_value(c, t->items, v->items[i], &below) : check_any(c, v->items[i], &below);
    changed = changed || items[i] != v->items[i];
  }
  if (t) check_count(c, t, v, at);
  if (c->errors != before) return NULL;
  if (changed) v = value_with_meta(&c->s->arena, value_list(&c->s->arena, items, v->n), v->meta);
  if (t) check_elements(c, t, v, at);
  return c->errors == before ? v : NULL;
}

/* ---- values without a schema ------------------------------------------------------------ */

/* Plain text that is JSON's spelling of a boolean or number, and would be written so again. */
static const struct value *json_scalar(struct checker *c, const struct value *v) {
  struct str text = value_text(v);
  struct arena *a = &c->s->arena;
  const struct value *out = NULL;
  int64_t i;
  if (!(v->flags & VF_PLAIN)) return v;
  if (str_eq(text, STR("true")) || str_eq(text, STR("false")))
    out = value_bool(a, text.p[0] == 't');
  else if (number_is_plain(text) && str_eq(number_canonical(text), text))
    out = str_to_i64(text, &i) ? value_int(a, i) : value_dec(a, text);
  if (out) return value_with_meta(a, out, v->meta);
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  copy->flags = (uint8_t)(copy->flags & ~VF_PLAIN);
  return copy;
}

static bool too_deep(struct checker *c, const struct value *v, const struct place *at) {
  if (at->depth < CHECK_DEPTH) return false;
  c->errors++;
  diag_add(&c->s->diags, QN0217, check_span(c, v, at),
           "a property of %.*s is nested more than %d levels deep", SV(c->type->name), CHECK_DEPTH);
  return true;
}

const struct value *check_any(struct checker *c, const struct value *v, const struct place *at) {
  static const struct table_node open = {.kind = SK_MAP};
  if (too_deep(c, v, at)) return NULL;
  switch ((enum vkind)v->kind) {
  case V_STR: return json_scalar(c, v);
  case V_MAP: return check_members(c, &open, 0, v, at);
  case V_LIST: return check_list(c, NULL, v, at);
  case V_RES: return check_resource(c, NULL, v, at);
  case V_NULL:
  case V_BOOL:
  case V_INT:
  case V_DEC:
  case V_UNKNOWN: break;
  }
  return v;
}

/* ---- one value ----------------------------------------------------------------------------- */

static const struct value *wrong_container(struct checker *c, const struct table_node *t,
                                           const struct value *v, const struct place *at) {
  const char *want = t->kind == SK_ARRAY ? "a list" : "a map";
  struct str path = check_path(c, at);
  struct diag *g =
      check_error(c, QN0202, v, at,
                  CHECK_FMT(c, "%.*s must be %s, this is %.*s", SV(path), want, SV(check_describe(c, v))));
  diag_label(&c->s->diags, g, "%s wanted", want);
  struct str tags = schema_tag_property(c->sc, c->type);
  if (t->kind == SK_ARRAY && value_is(v, V_MAP) && str_eq(path, tags))
    diag_help(
        &c->s->diags, g,
        "write tags as a map beside `properties:` (`tags: { name: value }`), or as a list of Key and Value");
  else if (t->kind == SK_ARRAY && !value_is(v, V_MAP))
    diag_help(&c->s->diags, g, "a list of one element: [ ... ], or `- ` in front of it");
  else if (t->kind == SK_ARRAY)
    diag_help(&c->s->diags, g, "put `- ` in front of the first key: a list of one map");
  else if (value_is(v, V_LIST) && v->n == 1)
    diag_help(&c->s->diags, g, "without the `- ` in front of it");
  return NULL;
}

static const struct value *json_text(struct checker *c, const struct value *v, const struct place *at) {
  const struct value *out;
  struct json_error err = {0, {NULL, 0}};
  if (v->flags & VF_SECRET) return v;
  bool ok = json_parse(c->s, &c->s->arena, value_text(v), &out, &err) == QN_OK;
  if (ok && value_is(out, V_MAP)) return value_with_meta(&c->s->arena, out, v->meta);
  struct diag *g =
      check_error(c, QN0216, v, at, CHECK_FMT(c, "%.*s must be a JSON document", SV(check_path(c, at))));
  if (ok)
    diag_label(&c->s->diags, g, "JSON, but no object");
  else
    diag_label(&c->s->diags, g, "at byte %zu: %.*s", err.offset, SV(err.message));
  diag_help(&c->s->diags, g, "write it as YAML: a map becomes the document");
  return NULL;
}

static const struct value *check_container(struct checker *c, const struct table_node *t, snode n,
                                           const struct value *v, const struct place *at) {
  bool list = t->kind == SK_ARRAY;
  if (value_is(v, V_RES)) return check_resource(c, t, v, at);
  if (value_is(v, V_UNKNOWN)) {
    uint8_t k = v->unknown->vkind;
    bool fits = k == V_UNKNOWN || k == V_NULL ||
                (list ? k == V_LIST : k == V_MAP || (k == V_STR && (t->bits & NODE_TEXT)));
    if (!fits) return wrong_container(c, t, v, at);
    return check_unknown_format(c, t, v, at) ? v : NULL;
  }
  if (!list && value_is(v, V_STR) && (t->bits & NODE_TEXT)) return json_text(c, v, at);
  if (!value_is(v, list ? V_LIST : V_MAP)) return wrong_container(c, t, v, at);
  return list ? check_list(c, t, v, at) : check_members(c, t, n, v, at);
}

const struct value *check_value(struct checker *c, snode n, const struct value *v, const struct place *at) {
  struct table_node t = table_node(c->sc, n);
  if (too_deep(c, v, at)) return NULL;
  switch ((enum skind)t.kind) {
  case SK_STRING:
  case SK_INTEGER:
  case SK_NUMBER:
  case SK_BOOLEAN: return check_scalar(c, &t, v, at);
  case SK_OBJECT:
  case SK_ARRAY:
  case SK_MAP: return check_container(c, &t, n, v, at);
  case SK_ANY: break;
  }
  return check_any(c, v, at);
}

enum qn_err schema_check(const struct schema *sc, struct session *s, const struct stype *t,
                         const struct value *props, struct span where, const struct value **out) {
  struct checker c = {sc, s, t, 0};
  struct place root = {.span = where};
  struct table_node node = table_node(sc, t->root);
  const struct value *empty = value_map(&s->arena, NULL, 0);
  const struct value *v = value_is_null(props) ? empty : props;
  *out = NULL;
  const struct value *typed = check_container(&c, &node, t->root, v, &root);
  if (c.errors || !typed) return QN_E_INVALID;
  *out = typed;
  return QN_OK;
}
