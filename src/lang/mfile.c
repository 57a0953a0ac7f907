/* Reading a spec or module file: what it declares, with one namespace. */
#include "program.h"

#include "quoin/expr.h"

static const struct key_rule spec_rules[] = {
    {"quoin", true},   {"stack", true},        {"description", false}, {"inputs", false},
    {"locals", false}, {"environments", true}, {"components", false},  {"resources", false},
    {"checks", false}, {"outputs", false},     {"moved", false}};
static const struct key_rule module_rules[] = {
    {"quoin", false},   {"module", false},     {"description", false}, {"inputs", false},
    {"locals", false},  {"components", false}, {"resources", false},   {"checks", false},
    {"outputs", false}, {"moved", false}};
static const char *const built_ins[] = {"stack", "env",  "region", "account", "partition",
                                        "dr",    "each", "run",    "secret",  "lookup"};

bool name_built_in(struct str t) {
  size_t n = sizeof built_ins / sizeof *built_ins, i = 0;
  while (i < n && !str_eq(t, str_c(built_ins[i]))) i++;
  return i < n;
}

struct decl *mfile_decl(const struct program *p, struct mfile *m, sym name) {
  uint32_t *i = map_get(&m->by_name, session_str(p->s, name));
  return i ? &m->decls.v[*i] : NULL;
}

static const char *const kind_words[] = {
    [D_INPUT] = "input", [D_LOCAL] = "local", [D_RESOURCE] = "resource", [D_COMPONENT] = "component"};

/* A new declaration, or NULL after a diagnostic. */
static struct decl *declare(struct program *p, struct mfile *m, const struct ypair *pair, enum dkind kind) {
  struct session *s = p->s;
  struct str name = session_str(s, pair->key);
  if (!name_ok(name)) {
    struct diag *g = diag_add(&s->diags, QN0404, pair->key_span, "\"%.*s\" cannot be the name of %s %s",
                              SV(name), kind == D_INPUT ? "an" : "a", kind_words[kind]);
    struct str fix = str_lower(&s->arena, name);
    char *c = arena_alloc(&s->arena, fix.n + 1);
    for (size_t i = 0; i < fix.n; i++)
      c[i] = fix.p[i] == '-' || fix.p[i] == '.' || fix.p[i] == ' ' ? '_' : fix.p[i];
    fix.p = c;
    if (name_ok(fix))
      diag_help(&s->diags, g, "names are a-z, 0-9 and _, and begin with a letter: %.*s", SV(fix));
    else
      diag_help(&s->diags, g, "names are a-z, 0-9 and _, and begin with a letter");
    return NULL;
  }
  if (name_built_in(name)) {
    struct diag *g = diag_add(&s->diags, QN0405, pair->key_span, "\"%.*s\" is a built-in name", SV(name));
    diag_help(&s->diags, g, "call this %s something else", kind_words[kind]);
    return NULL;
  }
  const struct decl *old = mfile_decl(p, m, pair->key);
  if (old) {
    struct diag *g = diag_add(&s->diags, QN0405, pair->key_span, "\"%.*s\" is the name of %s %s already",
                              SV(name), old->kind == D_INPUT ? "an" : "a", kind_words[old->kind]);
    diag_note(&s->diags, g, old->span, "the %s", kind_words[old->kind]);
    diag_help(&s->diags, g, "inputs, locals, resources and components of a module share one namespace");
    return NULL;
  }
  map_put(&s->arena, &m->by_name, name, (uint32_t)m->decls.n);
  struct decl d = {.kind = (uint8_t)kind, .name = pair->key, .span = pair->key_span};
  VEC_PUSH(&s->arena, &m->decls, d);
  return &m->decls.v[m->decls.n - 1];
}

static bool take(struct program *p, struct decl *d, const struct ynode *y, const char *key,
                 const struct tnode **out) {
  const struct ynode *v = yaml_get(p->s, y, key);
  if (!v) return true;
  *out = tree_build(p, v);
  if (!*out) d->bad = true;
  return *out != NULL;
}

static void take_common(struct program *p, struct decl *d, const struct ynode *y) {
  take(p, d, y, "for_each", &d->rep.for_each);
  take(p, d, y, "key", &d->rep.key);
  take(p, d, y, "when", &d->rep.when);
  take(p, d, y, "depends_on", &d->depends_on);
  take(p, d, y, "region", &d->region);
  const struct ynode *key = yaml_get(p->s, y, "key");
  if (!key || d->rep.for_each || d->bad) return;
  struct diag *g = diag_add(&p->s->diags, QN0443, key->span, "`key` without `for_each`");
  diag_help(&p->s->diags, g, "`key` names the elements of a for_each over a list of maps");
}

static void take_type(struct program *p, struct decl *d, const struct ynode *y) {
  const struct lang_types *types = p->o->types;
  struct session *s = p->s;
  struct str t;
  if (!key_text(p, y, "type", &t)) {
    d->bad = true;
    return;
  }
  d->res.type = session_sym(s, t);
  d->res.type_span = y->span;
  if (!types || types->type_known(types->user, t)) return;
  d->bad = true;
  const struct str *names;
  size_t n = types->type_names(types->user, &names);
  struct str near = diag_nearest(t, names, n);
  struct diag *g = diag_add(&s->diags, QN0440, y->span, "unknown resource type %.*s", SV(t));
  if (near.n)
    diag_help(&s->diags, g, "did you mean %.*s?", SV(near));
  else
    diag_help(&s->diags, g, "types have CloudFormation's names, as AWS::EC2::VPC");
}

static void take_ignore(struct program *p, struct decl *d, const struct ynode *y) {
  const struct lang_types *types = p->o->types;
  struct session *s = p->s;
  if (!y) return;
  if (y->kind != Y_SEQ) {
    diag_add(&s->diags, QN0403, y->span, "ignore must be a list of property paths");
    d->bad = true;
    return;
  }
  struct str *paths = ARENA_ARRAY(&s->arena, y->n, struct str), *names, format;
  struct span *spans = ARENA_ARRAY(&s->arena, y->n, struct span);
  for (uint32_t i = 0; i < y->n; i++) {
    uint8_t kind;
    bool read_only;
    struct str top;
    spans[i] = y->items[i]->span;
    if (!key_text(p, y->items[i], "a path in ignore", &paths[i])) {
      d->bad = true;
      continue;
    }
    str_cut(paths[i], '.', &top);
    str_cut(top, '[', &top);
    if (d->bad || !types ||
        types->attribute(types->user, session_str(s, d->res.type), top, &kind, &format, &read_only))
      continue;
    size_t n = types->attribute_names(types->user, &s->arena, session_str(s, d->res.type), &names);
    struct str near = diag_nearest(top, names, n);
    struct diag *g = diag_add(&s->diags, QN0461, y->items[i]->span, "%.*s has no property %.*s",
                              SV(session_str(s, d->res.type)), SV(top));
    if (near.n) diag_help(&s->diags, g, "did you mean %.*s?", SV(near));
    d->bad = true;
  }
  d->res.ignore = paths;
  d->res.ignore_spans = spans;
  d->res.n_ignore = y->n;
}

static void read_resource(struct program *p, struct decl *d, const struct ynode *y) {
  static const struct key_rule rules[] = {{"type", true},    {"properties", false}, {"for_each", false},
                                          {"key", false},    {"when", false},       {"depends_on", false},
                                          {"region", false}, {"protect", false},    {"on_destroy", false},
                                          {"ignore", false}, {"replace", false},    {"timeouts", false},
                                          {"tags", false}};
  static const char *const orders[] = {"", "create_first", "delete_first"};
  struct session *s = p->s;
  const char *what = str_fmt(&s->arena, "resource \"%.*s\"", SV(session_str(s, d->name))).p;
  const struct ynode *v;
  if (!KEYS_CHECK(p, y, rules, what, d->span)) {
    d->bad = true;
    return;
  }
  take_type(p, d, yaml_get(s, y, "type"));
  take_common(p, d, y);
  take(p, d, y, "properties", &d->res.props);
  take(p, d, y, "protect", &d->res.protect);
  take(p, d, y, "on_destroy", &d->res.on_destroy);
  take(p, d, y, "tags", &d->res.tags);
  take(p, d, y, "timeouts", &d->res.timeouts);
  take_ignore(p, d, yaml_get(s, y, "ignore"));
  uint8_t word = 0;
  if ((v = yaml_get(s, y, "replace"))) {
    if (key_word(p, v, "replace", orders + 1, 2, &word))
      d->res.replace = (uint8_t)(word + 1);
    else
      d->bad = true;
  }
}

static void read_component(struct program *p, struct mfile *m, struct decl *d, const struct ynode *y) {
  static const struct key_rule rules[] = {{"use", true},    {"with", false}, {"for_each", false},
                                          {"key", false},   {"when", false}, {"depends_on", false},
                                          {"region", false}};
  struct session *s = p->s;
  const char *what = str_fmt(&s->arena, "component \"%.*s\"", SV(session_str(s, d->name))).p;
  struct str use;
  if (!KEYS_CHECK(p, y, rules, what, d->span)) {
    d->bad = true;
    return;
  }
  const struct ynode *u = yaml_get(s, y, "use");
  take_common(p, d, y);
  if (!key_text(p, u, "use", &use)) {
    d->bad = true;
    return;
  }
  d->comp.use_span = u->span;
  d->comp.module = mfile_use(p, m, use, u->span);
  if (!d->comp.module) d->bad = true;
  take(p, d, y, "with", &d->comp.with);
  if (!d->bad) component_check(p, m, d);
}

static const struct ynode *section(struct program *p, struct mfile *m, const char *key, enum ykind kind) {
  const struct ynode *y = yaml_get(p->s, m->root, key);
  if (!y || key_is_null(y)) return NULL;
  if (y->kind == (uint8_t)kind) return y;
  struct diag *g =
      diag_add(&p->s->diags, QN0403, y->span, "%s must be a %s", key, kind == Y_MAP ? "map" : "list");
  diag_help(&p->s->diags, g,
            kind == Y_MAP ? "write its entries indented below it, as `name: ...`"
                          : "write its entries as lines beginning with -");
  return NULL;
}

static void read_outputs(struct program *p, struct mfile *m) {
  static const struct key_rule rules[] = {{"value", true}, {"secret", false}, {"description", false}};
  struct session *s = p->s;
  const struct ynode *y = section(p, m, "outputs", Y_MAP);
  for (uint32_t i = 0; y && i < y->n; i++) {
    const struct ypair *pair = &y->pairs[i];
    struct output_decl o = {.name = pair->key, .span = pair->key_span};
    struct str name = session_str(s, pair->key);
    const struct ynode *v = pair->value, *flag;
    if (!name_ok(name)) {
      struct diag *g =
          diag_add(&s->diags, QN0404, pair->key_span, "\"%.*s\" cannot be the name of an output", SV(name));
      diag_help(&s->diags, g, "names are a-z, 0-9 and _, and begin with a letter");
    }
    if (v->kind == Y_MAP && yaml_get(s, v, "value")) {
      const char *what = str_fmt(&s->arena, "output \"%.*s\"", SV(name)).p;
      if (!KEYS_CHECK(p, v, rules, what, pair->key_span)) continue;
      if ((flag = yaml_get(s, v, "secret"))) (void)key_bool(p, flag, "secret", &o.secret);
      v = yaml_get(s, v, "value");
    }
    o.value = tree_build(p, v);
    VEC_PUSH(&s->arena, &m->outputs, o);
  }
}

static void read_checks(struct program *p, struct mfile *m) {
  static const struct key_rule rules[] = {{"that", true}, {"else", true}};
  const struct ynode *y = section(p, m, "checks", Y_SEQ);
  for (uint32_t i = 0; y && i < y->n; i++) {
    if (!KEYS_CHECK(p, y->items[i], rules, "a check", y->items[i]->span)) continue;
    const struct ynode *that = yaml_get(p->s, y->items[i], "that");
    struct check_decl c = {that->span, tree_build(p, that),
                           tree_build(p, yaml_get(p->s, y->items[i], "else"))};
    if (c.that && c.message) VEC_PUSH(&p->s->arena, &m->checks, c);
  }
}

static void read_moved(struct program *p, struct mfile *m) {
  static const struct key_rule rules[] = {{"from", true}, {"to", true}};
  const struct ynode *y = section(p, m, "moved", Y_SEQ);
  for (uint32_t i = 0; y && i < y->n; i++) {
    if (!KEYS_CHECK(p, y->items[i], rules, "an entry of moved", y->items[i]->span)) continue;
    const struct ynode *from = yaml_get(p->s, y->items[i], "from"), *to = yaml_get(p->s, y->items[i], "to");
    struct moved_decl d = {.from_span = from->span, .to_span = to->span};
    if (key_text(p, from, "from", &d.from) && key_text(p, to, "to", &d.to))
      VEC_PUSH(&p->s->arena, &m->moved, d);
  }
}

static void read_head(struct program *p, struct mfile *m) {
  struct session *s = p->s;
  const struct ynode *v = yaml_get(s, m->root, "quoin");
  struct str t;
  if (v && key_text(p, v, "quoin", &t) && !str_eq(t, STR("1"))) {
    struct diag *g = diag_add(&s->diags, QN0400, v->span, "language version %.*s is not known", SV(t));
    diag_help(&s->diags, g, "this version of quoin reads `quoin: 1`");
  }
  v = yaml_get(s, m->root, m->spec ? "stack" : "module");
  if (!v || !key_text(p, v, m->spec ? "stack" : "module", &t)) return;
  if (!name_hyphen_ok(t)) {
    struct diag *g = diag_add(&s->diags, QN0404, v->span, "\"%.*s\" cannot be the name of a %s", SV(t),
                              m->spec ? "stack" : "module");
    diag_help(&s->diags, g, "such names are a-z, 0-9 and hyphens, and begin with a letter");
  }
  m->name = session_sym(s, t);
}

static size_t entries(struct program *p, const struct mfile *m, const char *key) {
  const struct ynode *y = yaml_get(p->s, m->root, key);
  return y && y->kind == Y_MAP ? y->n : 0;
}

void mfile_read(struct program *p, struct mfile *m) {
  static const struct {
    const char *key;
    enum dkind kind;
  } sections[] = {
      {"inputs", D_INPUT}, {"locals", D_LOCAL}, {"resources", D_RESOURCE}, {"components", D_COMPONENT}};
  struct span top = {m->root->span.file, 0, 0};
  /* what has an unknown key beside it is read nevertheless */
  if (m->spec)
    (void)KEYS_CHECK(p, m->root, spec_rules, "the spec", top);
  else
    (void)KEYS_CHECK(p, m->root, module_rules, "the module", top);
  if (m->root->kind != Y_MAP) return;
  struct loops around = p->loops; /* of the file that uses this one */
  p->loops = (struct loops){0};
  read_head(p, m);
  size_t n = 0;
  for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) n += entries(p, m, sections[k].key);
  VEC_RESERVE(&p->s->arena, &m->decls, n);
  map_reserve(&p->s->arena, &m->by_name, n);
  for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) {
    const struct ynode *y = section(p, m, sections[k].key, Y_MAP);
    for (uint32_t i = 0; y && i < y->n; i++) {
      struct decl *d = declare(p, m, &y->pairs[i], sections[k].kind);
      const struct ynode *v = y->pairs[i].value;
      if (!d) continue;
      if (d->kind == D_INPUT) input_read(p, d, v);
      if (d->kind == D_LOCAL) d->bad = !(d->local = tree_build(p, v));
      if (d->kind == D_RESOURCE) read_resource(p, d, v);
      if (d->kind == D_COMPONENT) read_component(p, m, d, v);
    }
  }
  read_outputs(p, m);
  read_checks(p, m);
  read_moved(p, m);
  shadow_check(p, m);
  p->loops = around;
}
