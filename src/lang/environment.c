/* Environments: what one inherits, where it lies, and what it gives the inputs.
 * `extends` is a chain; `dr` derives the other region of the same environment. */
#include "forms.h"
#include "program.h"

static const struct key_rule env_rules[] = {
    {"region", false}, {"account", false}, {"partition", false}, {"protect", false}, {"sandbox", false},
    {"tags", false},   {"with", false},    {"extends", false},   {"dr", false},      {"description", false}};
static const struct key_rule dr_rules[] = {{"region", true}, {"account", false}, {"rpo", false},
                                           {"rto", false},   {"mode", false},    {"tags", false},
                                           {"with", false}};
static const char *const dr_modes[] = {"backup-restore", "pilot-light", "warm-standby", "active-active"};

#define CHAIN_MAX 64
struct chain { /* [0] is the environment itself */
  const struct ypair *v[CHAIN_MAX];
  size_t n;
};

static bool text_like(struct program *p, const struct ynode *y, const char *what,
                      const char *(*wrong)(struct str)) {
  struct str t;
  if (!y) return true;
  if (!key_text(p, y, what, &t)) return false;
  const char *why = wrong(t);
  if (!why) return true;
  struct diag *g = diag_add(&p->s->diags, QN0422, y->span, "\"%.*s\" is not %s %s", SV(t),
                            what[0] == 'a' ? "an" : "a", what);
  diag_help(&p->s->diags, g, "%s", why);
  return false;
}
static const char *wrong_account(struct str t) {
  bool ok = t.n == 12;
  for (size_t i = 0; i < t.n; i++) ok = ok && t.p[i] >= '0' && t.p[i] <= '9';
  return ok ? NULL : "an account is 12 digits";
}

static const char *wrong_partition(struct str t) {
  bool ok = str_starts(t, STR("aws"));
  for (size_t i = 3; ok && i < t.n; i++) ok = t.p[i] == '-' || (t.p[i] >= 'a' && t.p[i] <= 'z');
  return ok ? NULL : "partitions are aws, aws-cn, aws-us-gov and the like; mostly the region says it";
}

static void check_duration(struct program *p, const struct ynode *y, const char *what) {
  struct str t, fix = STR("");
  if (!y || !key_text(p, y, what, &t)) return;
  const char *why = form_duration(&p->s->arena, t, &fix);
  if (!why) return;
  struct diag *g = diag_add(&p->s->diags, QN0403, y->span, "%s is not a duration: \"%.*s\"", what, SV(t));
  diag_help(&p->s->diags, g, "%s", why);
}

static void check_with(struct program *p, const struct ynode *with) {
  struct session *s = p->s;
  if (!with || key_is_null(with)) return;
  if (with->kind != Y_MAP) {
    diag_add(&s->diags, QN0403, with->span, "with must be a map from inputs to values");
    return;
  }
  for (uint32_t i = 0; i < with->n; i++) {
    const struct decl *d = mfile_decl(p, p->spec, with->pairs[i].key);
    if (d && d->kind == D_INPUT) continue;
    struct str key = session_str(s, with->pairs[i].key);
    VEC(struct str) names = {0};
    for (size_t k = 0; k < p->spec->decls.n; k++)
      if (p->spec->decls.v[k].kind == D_INPUT)
        VEC_PUSH(&s->arena, &names, session_str(s, p->spec->decls.v[k].name));
    struct diag *g =
        diag_add(&s->diags, QN0414, with->pairs[i].key_span, "no input is called \"%.*s\"", SV(key));
    struct str near = diag_nearest(key, names.v, names.n), all = names_list(p, names.v, names.n);
    if (near.n)
      diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
    else if (names.n)
      diag_help(&s->diags, g, "the inputs are %.*s", SV(all));
    else
      diag_help(&s->diags, g, "this spec declares no inputs: add it under `inputs:`");
  }
}

static void check_tags(struct program *p, const struct ynode *tags) {
  struct str t;
  if (!tags || key_is_null(tags)) return;
  if (tags->kind != Y_MAP) {
    diag_add(&p->s->diags, QN0403, tags->span, "tags must be a map from keys to texts");
    return;
  }
  for (uint32_t i = 0; i < tags->n; i++)
    (void)key_text(p, tags->pairs[i].value, "a tag of an environment", &t);
}

static void check_one(struct program *p, const struct ypair *env) {
  struct session *s = p->s;
  struct str name = session_str(s, env->key);
  const char *what = str_fmt(&s->arena, "environment \"%.*s\"", SV(name)).p;
  bool flag;
  uint8_t mode;
  if (!name_hyphen_ok(name)) {
    struct diag *g =
        diag_add(&s->diags, QN0404, env->key_span, "\"%.*s\" cannot be the name of an environment", SV(name));
    diag_help(&s->diags, g, "names of environments are a-z, 0-9 and hyphens, and begin with a letter");
  }
  const struct ynode *y = env->value, *dr;
  if (!KEYS_CHECK(p, y, env_rules, what, env->key_span)) return;
  text_like(p, yaml_get(s, y, "region"), "region", wrong_region);
  text_like(p, yaml_get(s, y, "account"), "account", wrong_account);
  text_like(p, yaml_get(s, y, "partition"), "partition", wrong_partition);
  (void)key_bool(p, yaml_get(s, y, "protect"), "protect", &flag);
  (void)key_bool(p, yaml_get(s, y, "sandbox"), "sandbox", &flag);
  check_with(p, yaml_get(s, y, "with"));
  check_tags(p, yaml_get(s, y, "tags"));
  if (!(dr = yaml_get(s, y, "dr"))) return;
  const char *of_dr = str_fmt(&s->arena, "dr of environment \"%.*s\"", SV(name)).p;
  if (!KEYS_CHECK(p, dr, dr_rules, of_dr, env->key_span)) return;
  text_like(p, yaml_get(s, dr, "region"), "region", wrong_region);
  text_like(p, yaml_get(s, dr, "account"), "account", wrong_account);
  check_duration(p, yaml_get(s, dr, "rpo"), "rpo");
  check_duration(p, yaml_get(s, dr, "rto"), "rto");
  (void)key_word(p, yaml_get(s, dr, "mode"), "mode", dr_modes, sizeof dr_modes / sizeof *dr_modes, &mode);
  check_with(p, yaml_get(s, dr, "with"));
  check_tags(p, yaml_get(s, dr, "tags"));
}

const struct ynode *env_section(struct program *p, const struct ynode *root) {
  const struct ynode *envs = yaml_get(p->s, root, "environments");
  if (root->kind != Y_MAP || !root->n) {
    struct diag *g = root->kind == Y_MAP ? diag_add(&p->s->diags, QN0402, root->span, "this spec is empty")
                                         : diag_add(&p->s->diags, QN0403, root->span, "a spec is a map");
    diag_help(&p->s->diags, g,
              "it begins with `quoin: 1` and `stack: NAME`; `quoin init` writes a first one");
    return NULL;
  }
  if (!envs || envs->kind != Y_MAP || !envs->n) {
    struct diag *g = diag_add(&p->s->diags, envs ? QN0403 : QN0402, envs ? envs->span : root->span,
                              "a spec needs at least one environment");
    diag_help(&p->s->diags, g,
              "add `environments:` with, for example, `dev: { region: us-east-1 }` below it");
    return NULL;
  }
  return envs;
}

static const struct ypair *find(struct program *p, const struct ynode *envs, struct str name) {
  for (uint32_t i = 0; i < envs->n; i++)
    if (str_eq(session_str(p->s, envs->pairs[i].key), name)) return &envs->pairs[i];
  return NULL;
}

static void no_such(struct program *p, const struct ynode *envs, struct str name, struct span at) {
  struct session *s = p->s;
  struct str *names = ARENA_ARRAY(&s->arena, envs->n, struct str);
  for (uint32_t i = 0; i < envs->n; i++) names[i] = session_str(s, envs->pairs[i].key);
  struct str near = diag_nearest(name, names, envs->n), all = names_list(p, names, envs->n);
  struct diag *g = diag_add(&s->diags, QN0420, at, "there is no environment \"%.*s\"", SV(name));
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"? There are: %.*s", SV(near), SV(all));
  else
    diag_help(&s->diags, g, "there are: %.*s", SV(all));
}

const struct ypair *env_choose(struct program *p, const struct ynode *envs) {
  struct session *s = p->s;
  if (p->o->environment.n) {
    const struct ypair *env = find(p, envs, p->o->environment);
    if (!env) no_such(p, envs, p->o->environment, SPAN_NONE);
    return env;
  }
  if (envs->n == 1) return &envs->pairs[0];
  struct str *names = ARENA_ARRAY(&s->arena, envs->n, struct str);
  for (uint32_t i = 0; i < envs->n; i++) names[i] = session_str(s, envs->pairs[i].key);
  struct str all = names_list(p, names, envs->n);
  struct diag *g = diag_add(&s->diags, QN0420, SPAN_NONE, "this spec has %u environments: name one", envs->n);
  diag_help(&s->diags, g, "there are %.*s: add one to the command, or use -env or QUOIN_ENV", SV(all));
  return NULL;
}

static bool follow(struct program *p, const struct ynode *envs, const struct ypair *env, struct chain *c) {
  struct session *s = p->s;
  c->v[c->n++] = env;
  for (;;) {
    struct str parent;
    const struct ynode *y = env->value->kind == Y_MAP ? yaml_get(s, env->value, "extends") : NULL;
    if (!y) return true;
    if (!key_text(p, y, "extends", &parent)) return false;
    env = find(p, envs, parent);
    if (!env) {
      no_such(p, envs, parent, y->span);
      return false;
    }
    bool cycle = c->n == CHAIN_MAX;
    for (size_t i = 0; i < c->n; i++) cycle = cycle || c->v[i] == env;
    if (cycle) {
      struct diag *g = diag_add(&s->diags, QN0421, y->span, "environments extend each other in a circle");
      for (size_t i = 0; i < c->n; i++)
        diag_note(&s->diags, g, yaml_get(s, c->v[i]->value, "extends")->span, "\"%.*s\" extends this",
                  SV(session_str(s, c->v[i]->key)));
      return false;
    }
    c->v[c->n++] = env;
  }
}

/* The nearest in the chain that says it. */
static const struct ynode *inherited(struct program *p, const struct chain *c, const char *key) {
  for (size_t i = 0; i < c->n; i++) {
    const struct ynode *y = yaml_get(p->s, c->v[i]->value, key);
    if (y && !key_is_null(y)) return y;
  }
  return NULL;
}

static sym text_of(struct program *p, const struct ynode *y) {
  return y ? session_sym(p->s, y->text) : 0;
}

static const struct value *merge_tags(struct program *p, const struct value *tags, const struct ynode *y) {
  if (!y || y->kind != Y_MAP) return tags;
  for (uint32_t i = 0; i < y->n; i++) {
    const struct value *v = tree_literal(p, y->pairs[i].value);
    tags = value_put(&p->s->arena, tags, y->pairs[i].key, v->kind == V_NULL ? NULL : v);
  }
  return tags;
}

static const struct value *dr_value(struct program *p, const struct ynode *dr, sym primary) {
  struct session *s = p->s;
  struct arena *a = &s->arena;
  const struct value *out = value_map(a, NULL, 0), *peer = out;
  const char *role = !dr ? "none" : p->o->dr ? "secondary" : "primary";
  static const char *const also[] = {"mode", "rpo", "rto"};
  sym other = !dr ? 0 : p->o->dr ? primary : text_of(p, yaml_get(s, dr, "region"));
  peer = value_put(a, peer, session_sym(s, STR("region")),
                   other ? value_str(a, session_str(s, other)) : value_null());
  peer = value_put(a, peer, session_sym(s, STR("outputs")), value_null()); /* dr_ask */
  out = value_put(a, out, session_sym(s, STR("role")), value_str(a, str_c(role)));
  out = value_put(a, out, session_sym(s, STR("peer")), peer);
  for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
    const struct ynode *y = dr ? yaml_get(s, dr, also[i]) : NULL;
    out = value_put(a, out, session_sym(s, str_c(also[i])), y ? value_str(a, y->text) : value_null());
  }
  return out;
}

enum qn_err dr_ask(struct program *p, const struct value **out) {
  struct session *s = p->s;
  const struct lang_lookups *l = p->o->lookups;
  const struct value *outputs = NULL, *peer = value_get(s, p->dr, STR("peer"));
  *out = p->dr;
  if (p->dr_asked || !l || !l->peer || value_is_null(value_get(s, peer, STR("region")))) return QN_OK;
  p->dr_asked = true;
  const char *end = p->o->dr ? "" : "--dr";
  enum qn_err e =
      l->peer(l->user, &p->out->env, str_fmt(&s->arena, "%.*s%s", SV(p->env_name), end), &outputs);
  if (e || !outputs) return e;
  peer = value_put(&s->arena, peer, session_sym(s, STR("outputs")), outputs);
  *out = p->dr = value_put(&s->arena, p->dr, session_sym(s, STR("peer")), peer);
  return QN_OK;
}

static enum qn_err place(struct program *p, const struct chain *c, const struct ynode *dr) {
  struct session *s = p->s;
  struct environment *env = &p->out->env;
  const struct ypair *self = c->v[0];
  const struct ynode *region = inherited(p, c, "region"), *y;
  p->env_name = session_str(s, self->key);
  p->env.with_span = env->span = self->key_span;
  if (p->o->dr && !dr) {
    struct diag *g =
        diag_add(&s->diags, QN0423, self->key_span, "environment \"%.*s\" has no `dr`", SV(p->env_name));
    diag_help(&s->diags, g, "add `dr: { region: us-west-2 }` to it (a `dr` is not inherited by `extends`)");
    return QN_E_INVALID;
  }
  if (!region) {
    struct diag *g =
        diag_add(&s->diags, QN0422, self->key_span, "environment \"%.*s\" has no region", SV(p->env_name));
    diag_help(&s->diags, g, "add `region: us-east-1` to it, or to one that it extends");
    return QN_E_INVALID;
  }
  sym primary = text_of(p, region);
  env->dr = p->o->dr;
  env->region = p->o->dr ? text_of(p, yaml_get(s, dr, "region")) : primary;
  env->account = text_of(p, inherited(p, c, "account"));
  if (p->o->dr && (y = yaml_get(s, dr, "account"))) env->account = text_of(p, y);
  p->any_region = (y = inherited(p, c, "partition")) != NULL;
  env->partition = y ? text_of(p, y) : session_sym(s, region_partition(session_str(s, env->region)));
  const struct ynode *twin = dr ? yaml_get(s, dr, "region") : NULL;
  bool known = region_known(p, region->text, QN0422, region->span);
  if (twin) known &= region_known(p, twin->text, QN0422, twin->span);
  if (!known) return QN_E_INVALID;
  if ((y = inherited(p, c, "protect"))) (void)key_bool(p, y, "protect", &env->protect);
  if ((y = yaml_get(s, self->value, "sandbox"))) (void)key_bool(p, y, "sandbox", &env->sandbox);
  env->name = p->o->dr ? session_sym(s, str_fmt(&s->arena, "%.*s--dr", SV(p->env_name))) : self->key;
  for (size_t i = c->n; i-- > 0;) env->tags = merge_tags(p, env->tags, yaml_get(s, c->v[i]->value, "tags"));
  if (p->o->dr) env->tags = merge_tags(p, env->tags, yaml_get(s, dr, "tags"));
  p->dr = dr_value(p, dr, primary);
  return QN_OK;
}

/* Values of one `with`; entries that are null stay, they take away what is inherited. */
static enum qn_err add_layer(struct program *p, const struct ynode *with, sym name) {
  struct session *s = p->s;
  const struct value *values = NULL;
  struct frame f;
  if (!with || with->kind != Y_MAP) return QN_OK;
  frame_init(&f, p, NULL, NULL);
  f.place = "an environment";
  p->keep_null = true;
  const struct tnode *t = tree_build(p, with);
  p->keep_null = false;
  if (!t) return QN_E_INVALID;
  enum qn_err e = tree_eval(&f, t, &values);
  if (e) return e;
  VEC_PUSH(&s->arena, &p->env.layers, ((struct layer){values, HOW_ENVIRONMENT, name}));
  return QN_OK;
}

enum qn_err env_resolve(struct program *p) {
  struct session *s = p->s;
  if (!yaml_get(p->s, p->spec->root, "environments")) return QN_E_INVALID; /* reported with the other keys */
  const struct ynode *envs = env_section(p, p->spec->root);
  if (!envs) return QN_E_INVALID;
  size_t errors = s->diags.n_errors;
  for (uint32_t i = 0; i < envs->n; i++) check_one(p, &envs->pairs[i]);
  const struct ypair *env = env_choose(p, envs);
  struct chain c = {.n = 0};
  if (!env || !follow(p, envs, env, &c) || s->diags.n_errors > errors) return QN_E_INVALID;
  const struct ynode *dr = yaml_get(s, env->value, "dr");
  enum qn_err e = place(p, &c, dr), result = e;
  if (e) return e;
  for (size_t i = c.n; i-- > 0;)
    if ((e = add_layer(p, yaml_get(s, c.v[i]->value, "with"), c.v[i]->key))) result = e;
  if (p->o->dr && (e = add_layer(p, yaml_get(s, dr, "with"), p->out->env.name))) result = e;
  return result;
}
