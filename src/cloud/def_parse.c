/* A definition file into struct def. */
#include "def.h"

/* ---- map: property path -> member path ------------------------------------------ */
struct mbuild {
  sym name;
  VEC(struct mbuild *) kids;
  struct mapping m;
};

static struct mbuild *mbuild_kid(struct dparse *p, struct mbuild *m, sym name) {
  for (size_t i = 0; i < m->kids.n; i++)
    if (m->kids.v[i]->name == name) return m->kids.v[i];
  struct mbuild *k = ARENA_NEW(&p->s->arena, struct mbuild);
  k->name = name;
  VEC_PUSH(&p->s->arena, &m->kids, k);
  return k;
}

static void map_target_of(struct dparse *p, const struct ynode *n, bool from, struct mapping *m) {
  if (!n) return;
  bool none = n->kind == Y_SCALAR && str_eq(n->text, STR("none"));
  if (from) {
    m->no_read = none, m->has_from = !none;
    if (!none) m->from = dp_path(p, n);
  } else {
    m->no_write = none, m->has_at = !none;
    if (!none) m->at = dp_path(p, n);
  }
}

static void map_entry(struct dparse *p, struct mapping *m, const struct ynode *n) {
  static const char *const keys[] = {"at", "from", "as", "write", "read", NULL};
  m->span = n->span;
  if (n->kind == Y_SCALAR) {
    map_target_of(p, n, false, m);
    return;
  }
  dp_known(p, n, keys);
  map_target_of(p, dp_get(p, n, "at"), false, m);
  map_target_of(p, dp_get(p, n, "from"), true, m);
  const struct ynode *as = dp_get(p, n, "as");
  if (as) m->codec = dp_codec(p, dp_text(p, as), as->span);
  m->write = dp_expr(p, dp_get(p, n, "write"));
  m->read = dp_expr(p, dp_get(p, n, "read"));
}

/* `(A,B,C)` at the end of a property path names properties that share one member. */
static void map_group(struct dparse *p, struct mapping *m, struct str names) {
  VEC(sym) v = {0};
  while (names.n) {
    struct str one;
    names = str_cut(names, ',', &one);
    VEC_PUSH(&p->s->arena, &v, session_sym(p->s, str_trim(one)));
  }
  m->group = v.v, m->n_group = (uint32_t)v.n;
  if (!m->codec.codec || !m->has_at) dp_error(p, m->span, "a group of properties needs `at` and `as`");
}

static const struct mapping *map_freeze(struct dparse *p, struct mbuild *b, unsigned depth) {
  b->m.name = b->name;
  if (depth > DEF_MAX_DEPTH) return &b->m;
  const struct mapping **kids = ARENA_ARRAY(&p->s->arena, b->kids.n ? b->kids.n : 1, const struct mapping *);
  for (size_t i = 0; i < b->kids.n; i++) kids[i] = map_freeze(p, b->kids.v[i], depth + 1);
  b->m.kids = kids, b->m.n_kids = (uint32_t)b->kids.n;
  return &b->m;
}

void dp_map(struct dparse *p, const struct ynode *n) {
  struct mbuild *root = ARENA_NEW(&p->s->arena, struct mbuild);
  for (uint32_t i = 0; n && n->kind == Y_MAP && i < n->n; i++) {
    struct str path = session_str(p->s, n->pairs[i].key), group = STR(""), rest;
    size_t open = str_find_c(path, '(');
    if (open != SIZE_MAX && path.n && path.p[path.n - 1] == ')') {
      group = str_sub(path, open + 1, path.n - 1);
      path = open ? str_sub(path, 0, open - 1) : STR(""); /* without the dot */
    }
    struct mbuild *b = root;
    for (rest = path; rest.n;) {
      struct str part;
      rest = str_cut(rest, '.', &part);
      if (str_ends(part, STR("[]"))) part.n -= 2;
      b = mbuild_kid(p, b, session_sym(p->s, part));
    }
    if (group.n) b = mbuild_kid(p, b, session_sym(p->s, str_fmt(&p->s->arena, "(%.*s)", SV(group))));
    map_entry(p, &b->m, n->pairs[i].value);
    if (group.n) map_group(p, &b->m, group);
  }
  p->d->map = map_freeze(p, root, 0);
}

/* ---- compare ---------------------------------------------------------------------- */
static void compare_word(struct dparse *p, struct str word, struct span at, struct compare_rule *r) {
  static const struct {
    const char *word;
    uint8_t kind;
  } words[] = {{"set", CMP_SET},
               {"keyed", CMP_KEYED},
               {"json", CMP_JSON},
               {"policy", CMP_POLICY},
               {"nocase", CMP_NOCASE},
               {"write_only", CMP_WRITE_ONLY},
               {"arn_or_name", CMP_ARN_OR_NAME},
               {"trailing_dot", CMP_TRAILING_DOT}};
  struct str args[2] = {0};
  uint32_t n;
  struct str name = dp_call(word, args, &n);
  if (str_eq(name, STR("default")) && name.n < word.n) { /* default() is the empty text */
    struct json_error err;
    if (json_parse(p->s, &p->s->arena, args[0], &r->dflt, &err)) r->dflt = value_str(&p->s->arena, args[0]);
    return;
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!str_eq(name, str_c(words[i].word))) continue;
    r->kind = words[i].kind;
    r->key = args[0];
    r->open = str_eq(args[1], STR("open"));
    if (args[1].n && !r->open) dp_error(p, at, "\"%.*s\" is not `open`", SV(args[1]));
    return;
  }
  dp_error(p, at, "unknown comparison \"%.*s\"", SV(name));
}

/* `A.B[].C` without the indices of a concrete path. */
static struct str plain_path(struct dparse *p, struct str path) {
  char *t = arena_alloc(&p->s->arena, path.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < path.n; i++)
    if (path.p[i] != '[' && path.p[i] != ']') t[n++] = path.p[i];
  return (struct str){t, n};
}

void dp_compare(struct dparse *p, const struct ynode *n) {
  if (!n) return;
  if (n->kind != Y_MAP) {
    dp_error(p, n->span, "compare is a map of property paths");
    return;
  }
  struct cmp_entry *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct cmp_entry);
  for (uint32_t i = 0; i < n->n; i++) {
    v[i].path = plain_path(p, session_str(p->s, n->pairs[i].key));
    uint32_t words;
    const struct str *w = dp_texts(p, n->pairs[i].value, &words);
    for (uint32_t k = 0; k < words; k++) compare_word(p, w[k], n->pairs[i].value->span, &v[i].rule);
  }
  p->d->cmp = v, p->d->n_cmp = n->n;
}

/* ---- the rest ---------------------------------------------------------------------- */
static void parse_errors(struct dparse *p, const struct ynode *n) {
  static const char *const keys[] = {"gone", "exists", "retry", NULL};
  dp_known(p, n, keys);
  p->d->gone_codes = dp_codes(p, dp_get(p, n, "gone"), &p->d->n_gone);
  p->d->exists = dp_codes(p, dp_get(p, n, "exists"), &p->d->n_exists);
  p->d->retry = dp_codes(p, dp_get(p, n, "retry"), &p->d->n_retry);
}

static const struct attr_def *parse_attributes(struct dparse *p, const struct ynode *n, uint32_t *count) {
  if (!n || n->kind != Y_MAP) return NULL;
  struct attr_def *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct attr_def);
  for (uint32_t i = 0; i < n->n; i++) {
    v[i].name = session_str(p->s, n->pairs[i].key);
    v[i].is_value = true;
    v[i].value = dp_tmpl(p, n->pairs[i].value);
  }
  *count = n->n;
  return v;
}

static const struct owner_match *parse_where(struct dparse *p, const struct ynode *n, uint32_t *count) {
  if (!n || n->kind != Y_MAP || !n->n) return NULL;
  struct owner_match *v = ARENA_ARRAY(&p->s->arena, n->n, struct owner_match);
  for (uint32_t i = 0; i < n->n; i++)
    v[i] = (struct owner_match){session_str(p->s, n->pairs[i].key), dp_tmpl(p, n->pairs[i].value)};
  *count = n->n;
  return v;
}

static void parse_owned(struct dparse *p, const struct ynode *n) {
  static const char *const keys[] = {"type", "where", "within", NULL};
  if (!n || n->kind != Y_MAP) return;
  struct owned_by *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct owned_by);
  for (uint32_t i = 0; i < n->n; i++) {
    const struct ynode *o = n->pairs[i].value;
    uint32_t b;
    dp_known(p, o, keys);
    const struct str *within = dp_texts(p, dp_get(p, o, "within"), &b);
    v[i] = (struct owned_by){.property = session_str(p->s, n->pairs[i].key),
                             .type = dp_text(p, dp_get(p, o, "type"))};
    v[i].where = parse_where(p, dp_get(p, o, "where"), &v[i].n_where);
    if (!v[i].n_where) dp_error(p, o->span, "where says which properties of the owner name the object");
    if (b == 2)
      v[i].min = within[0], v[i].max = within[1];
    else
      dp_error(p, o->span, "within names two properties");
  }
  p->d->owned = v, p->d->n_owned = n->n;
}

static void parse_destroys(struct dparse *p, const struct ynode *n) {
  uint32_t count = 0;
  const struct str *words = dp_texts(p, n, &count);
  uint8_t *v = ARENA_ARRAY(&p->s->arena, count, uint8_t);
  for (uint32_t i = 0; i < count; i++) {
    for (uint8_t k = OD_SNAPSHOT; k <= OD_EMPTY; k++)
      if (str_eq(words[i], str_c(def_destroy_words[k]))) v[i] = k;
    if (!v[i]) dp_error(p, n->span, "on_destroy lists what a delete knows beside deleting: snapshot, empty");
  }
  p->d->destroys = v, p->d->n_destroys = count;
}

static void parse_unsupported(struct dparse *p, const struct ynode *n) {
  if (!n || n->kind != Y_MAP) return;
  struct note *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct note);
  for (uint32_t i = 0; i < n->n; i++) {
    v[i] = (struct note){plain_path(p, session_str(p->s, n->pairs[i].key)), dp_text(p, n->pairs[i].value),
                         n->pairs[i].key_span};
    if (!v[i].reason.n) dp_error(p, v[i].span, "unsupported needs a reason");
  }
  p->d->unsupported = v, p->d->n_unsupported = n->n;
}

static void parse_head(struct dparse *p, const struct ynode *f) {
  static const char *const name_keys[] = {"property", "max", "chars", NULL};
  struct def *d = p->d;
  const struct ynode *type = dp_get(p, f, "type"), *service = dp_get(p, f, "service"),
                     *names = dp_get(p, f, "names");
  d->type = dp_text(p, type);
  d->span = type ? type->span : f->span;
  if (!schema_type(d->sc, d->type, &d->st)) dp_error(p, d->span, "unknown type \"%.*s\"", SV(d->type));
  if (!service || !wire_find_service(d->w, dp_text(p, service), &d->svc))
    dp_error(p, service ? service->span : d->span, "unknown service \"%.*s\"", SV(dp_text(p, service)));
  d->identity = dp_texts(p, dp_get(p, f, "identity"), &d->n_identity);
  if (!d->n_identity) dp_error(p, d->span, "no identity");
  d->info = (struct def_info){.type = d->type, .service = dp_text(p, service)};
  d->info.typical_ms = dp_ms(p, dp_get(p, f, "typical"), 1000);
  d->info.stateful = dp_bool(p, dp_get(p, f, "stateful"));
  d->exact = dp_bool(p, dp_get(p, f, "exact"));
  d->info.tag_property = schema_tag_property(d->sc, &d->st);
  struct str replace = dp_text(p, dp_get(p, f, "replace"));
  if (!replace.n) replace = schema_replacement(d->sc, &d->st);
  d->info.replace =
      str_eq(replace, STR("create_first")) || str_eq(replace, STR("create_then_delete"))   ? RO_CREATE_FIRST
      : str_eq(replace, STR("delete_first")) || str_eq(replace, STR("delete_then_create")) ? RO_DELETE_FIRST
                                                                                           : RO_DEFAULT;
  dp_known(p, names, name_keys);
  d->info.name_property = dp_text(p, dp_get(p, names, "property"));
  if (d->info.name_property.n && !schema_at(d->sc, &d->st, d->info.name_property))
    dp_error(p, names->span, "%.*s has no property %.*s", SV(d->type), SV(d->info.name_property));
  d->name_max = dp_uint(p, dp_get(p, names, "max"), 63);
  d->name_chars = dp_text(p, dp_get(p, names, "chars"));
}

static const struct wait *wait_find(const struct def *d, struct str name) {
  for (uint32_t i = 0; i < d->n_waits; i++)
    if (str_eq(d->waits[i].name, name)) return &d->waits[i];
  return NULL;
}

/* Steps name their waits; the arrays were made by this parse, so writing to them is fine. */
static void bind_waits(struct dparse *p, const struct step *steps, uint32_t n) {
  struct step *v;
  memcpy(&v, &steps, sizeof v);
  for (uint32_t i = 0; i < n; i++) {
    if (!v[i].wait_name.n) continue;
    v[i].wait = wait_find(p->d, v[i].wait_name);
    if (!v[i].wait) dp_error(p, v[i].span, "no wait is named \"%.*s\"", SV(v[i].wait_name));
  }
}

static void bind(struct dparse *p) {
  struct def *d = p->d;
  bind_waits(p, d->create, d->n_create);
  bind_waits(p, d->del, d->n_del);
  for (uint32_t i = 0; i < d->n_rules; i++) {
    const struct rule *r = &d->rules[i];
    bind_waits(p, r->steps, r->n_steps);
    bind_waits(p, r->clear, r->clear ? 1 : 0);
    bind_waits(p, r->add, r->add ? 1 : 0);
    bind_waits(p, r->change, r->change ? 1 : 0);
    bind_waits(p, r->remove, r->remove ? 1 : 0);
  }
}

enum qn_err def_parse(struct session *s, const struct wire *w, const struct schema *sc, uint32_t file,
                      struct def **out) {
  static const char *const keys[] = {
      "type",    "service", "identity",   "typical",    "stateful", "replace",     "names",      "map",
      "compare", "read",    "create",     "aspects",    "update",   "delete",      "needs_live", "settle",
      "errors",  "wait",    "volatile",   "attributes", "owned_by", "unsupported", "defaults",   "serialize",
      "exact",   "sandbox", "on_destroy", "deleted",    NULL};
  const struct ynode *f = yaml_parse(s, file);
  if (!f) return QN_E_INVALID;
  struct def *d = ARENA_NEW(&s->arena, struct def);
  struct dparse p = {.s = s, .d = d};
  d->s = s, d->w = w, d->sc = sc;
  d->span = f->span;
  dp_known(&p, f, keys);
  if (f->kind != Y_MAP) return QN_E_INVALID;
  parse_head(&p, f);
  if (p.failed) return QN_E_INVALID;
  dp_map(&p, dp_get(&p, f, "map"));
  dp_compare(&p, dp_get(&p, f, "compare"));
  d->defaults = dp_assigns(&p, dp_get(&p, f, "defaults"), &d->n_defaults);
  d->serialize = dp_tmpl(&p, dp_get(&p, f, "serialize"));
  d->create = dp_steps(&p, dp_get(&p, f, "create"), &d->n_create);
  dp_read(&p, f);
  dp_rules(&p, dp_get(&p, f, "aspects"), dp_get(&p, f, "update"));
  d->del = dp_steps(&p, dp_get(&p, f, "delete"), &d->n_del);
  parse_destroys(&p, dp_get(&p, f, "on_destroy"));
  d->deleted = dp_tmpl(&p, dp_get(&p, f, "deleted"));
  d->delete_needs_live = dp_bool(&p, dp_get(&p, f, "needs_live"));
  dp_waits(&p, dp_get(&p, f, "wait"));
  dp_settle(&p, dp_get(&p, f, "settle"));
  parse_errors(&p, dp_get(&p, f, "errors"));
  d->attrs = parse_attributes(&p, dp_get(&p, f, "attributes"), &d->n_attrs);
  d->sandbox = parse_attributes(&p, dp_get(&p, f, "sandbox"), &d->n_sandbox);
  parse_owned(&p, dp_get(&p, f, "owned_by"));
  d->volatiles = dp_texts(&p, dp_get(&p, f, "volatile"), &d->n_volatiles);
  parse_unsupported(&p, dp_get(&p, f, "unsupported"));
  if (!p.failed) bind(&p);
  *out = d;
  return p.failed ? QN_E_INVALID : QN_OK;
}
