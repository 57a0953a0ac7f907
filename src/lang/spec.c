/* Compiling a spec for one environment. */
#include "quoin/spec.h"

#include <sys/stat.h>

#include "finish.h"
#include "program.h"
#include "quoin/file.h"
#include "quoin/regex.h"

#define OUTPUT_DEPTH_MAX 300
#define SPEC_MAX         ((size_t)256 * 1024 * 1024)

void program_release(struct program *p) {
  for (size_t i = 0; i < p->regexes.n; i++) regex_free(p->regexes.v[i]);
}

void program_expect(struct program *p, size_t more) {
  VEC_RESERVE(&p->s->arena, &p->resource_list, p->resource_list.n + more);
  map_reserve(&p->s->arena, &p->resources, p->resource_list.n + more);
}

static const char *spec_path(struct session *s, const char *path) {
  struct stat st;
  if (!path) path = ".";
  if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return path;
  if (strcmp(path, ".") == 0) return "quoin.yaml";
  size_t n = strlen(path);
  return str_fmt(&s->arena, "%s%squoin.yaml", path, path[n - 1] == '/' ? "" : "/").p;
}

static const struct ynode *load(struct session *s, const char *path) {
  struct str text;
  uint32_t file = 0;
  struct arena scratch; /* the source map keeps the text */
  arena_init(&scratch);
  enum qn_err e = file_read(&scratch, path, SPEC_MAX, &s->diags, &text);
  if (!e) file = srcmap_add(s->sources, str_c(path), text);
  arena_release(&scratch);
  if (e == QN_E_NOTFOUND) {
    struct diag *g = diag_add(&s->diags, QN0001, SPAN_NONE, "%s: there is no such file", path);
    diag_help(
        &s->diags, g,
        "`quoin init` writes a first spec; a folder with a quoin.yaml can be given by -chdir or as path");
  }
  return e ? NULL : yaml_parse(s, file);
}

static enum qn_err read_spec(struct program *p, const char *path) {
  struct session *s = p->s;
  const struct ynode *root = p->o->parsed ? p->o->parsed : load(s, path);
  if (!root) return QN_E_INVALID;
  struct mfile *m = ARENA_NEW(&s->arena, struct mfile);
  *m = (struct mfile){.path = str_c(path), .spec = true, .busy = true, .root = root};
  p->spec = m;
  VEC_PUSH(&s->arena, &p->file_list, m);
  map_put(&s->arena, &p->files, m->path, 0);
  mfile_read(p, m);
  m->busy = false;
  if (root->kind != Y_MAP) return QN_E_INVALID;
  p->out->env.stack = m->name;
  return QN_OK;
}

/* No type decides what plain text of an output is: it stays text. */
static const struct value *settle_plain(struct arena *a, const struct value *v, unsigned depth) {
  if (depth > OUTPUT_DEPTH_MAX) return v;
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  if (v->kind == V_STR) copy->flags &= (uint8_t)~VF_PLAIN;
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = settle_plain(a, v->items[i], depth + 1);
    copy->items = items;
  } else if (v->kind == V_MAP) {
    struct member *members = ARENA_ARRAY(a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      members[i] = v->members[i];
      members[i].value = settle_plain(a, v->members[i].value, depth + 1);
    }
    copy->members = members;
  }
  return copy;
}

static void add_outputs(struct program *p) {
  struct mfile *m = p->spec;
  for (size_t i = 0; i < m->outputs.n; i++) {
    const struct output_decl *o = &m->outputs.v[i];
    if (p->root->outputs[i].state != SLOT_DONE) continue;
    const struct value *v = settle_plain(&p->s->arena, p->root->outputs[i].value, 0);
    struct output out = {o->name, v, o->secret, o->span};
    VEC_PUSH(&p->s->arena, &p->out->outputs, out);
  }
}

static const struct value *final_inputs(struct program *p) {
  struct mfile *m = p->spec;
  VEC(struct member) v = {0};
  for (size_t i = 0; i < m->decls.n; i++) {
    const struct decl *d = &m->decls.v[i];
    if (d->kind == D_INPUT && p->root->slots[i].state == SLOT_DONE)
      VEC_PUSH(&p->s->arena, &v, ((struct member){d->name, d->span, p->root->slots[i].value}));
  }
  return value_map(&p->s->arena, v.v, v.n);
}

/* Lookups that could be asked here. */
static const struct value *answered(struct program *p) {
  struct member *m = ARENA_ARRAY(&p->s->arena, p->lookups.n, struct member);
  size_t n = 0;
  for (size_t i = 0; i < p->lookups.n; i++)
    if (!value_unknown(p->lookups.v[i].value)) m[n++] = p->lookups.v[i];
  return value_map(&p->s->arena, m, n);
}

static enum qn_err run(struct program *p) {
  enum qn_err e = read_spec(p, spec_path(p->s, p->o->path));
  if (e) return e;
  e = env_resolve(p);
  enum qn_err layers = p->env_name.n ? input_layers(p) : QN_E_INVALID;
  if (e || layers) return QN_E_INVALID;
  p->root = ARENA_NEW(&p->s->arena, struct instance);
  instance_init(p, p->root, p->spec, NULL, NULL, STR(""));
  p->root->region = p->out->env.region;
  program_expect(p, p->spec->decls.n);
  instance_complete(p, p->root);
  finish_depends(p);
  VEC_RESERVE(&p->s->arena, &p->out->resources, p->resource_list.n);
  finish_resources(p, p->root);
  finish_moved(p);
  add_outputs(p);
  p->out->env.inputs = final_inputs(p);
  p->out->lookups = answered(p);
  return QN_OK;
}

enum qn_err spec_compile(struct session *s, const struct spec_options *o, struct compiled *out) {
  struct compiled made = {0};
  struct program p = {.s = s, .o = o, .out = &made};
  size_t errors = s->diags.n_errors;
  enum qn_err e = run(&p);
  program_release(&p);
  if (e) return e;
  if (s->diags.n_errors > errors) return QN_E_INVALID;
  *out = made;
  return QN_OK;
}

enum qn_err spec_environments(struct session *s, const char *path, const sym **names, size_t *n,
                              const struct ynode **parsed) {
  struct spec_options o = {.path = path};
  struct program p = {.s = s, .o = &o};
  const struct ynode *root = load(s, spec_path(s, path));
  const struct ynode *envs = root ? env_section(&p, root) : NULL;
  if (!envs) return QN_E_INVALID;
  sym *out = ARENA_ARRAY(&s->arena, envs->n, sym);
  for (uint32_t i = 0; i < envs->n; i++) out[i] = envs->pairs[i].key;
  *names = out;
  *n = envs->n;
  *parsed = root;
  return QN_OK;
}

enum qn_err spec_names(struct session *s, const struct spec_options *o, struct environment *out) {
  struct program p = {.s = s, .o = o};
  const struct ynode *root = load(s, spec_path(s, o->path));
  const struct ynode *envs = root ? env_section(&p, root) : NULL;
  const struct ypair *env = envs ? env_choose(&p, envs) : NULL;
  const struct ynode *name = env ? yaml_get(s, root, "stack") : NULL;
  if (!env) return QN_E_INVALID;
  if (!name || name->kind != Y_SCALAR || !name_hyphen_ok(name->text)) {
    struct diag *g =
        diag_add(&s->diags, QN0402, name ? name->span : root->span, "the spec needs a `stack` name");
    diag_help(&s->diags, g, "the state of an environment is kept under the name of its stack");
    return QN_E_INVALID;
  }
  struct str word = session_str(s, env->key);
  const struct ynode *sandbox = yaml_get(s, env->value, "sandbox");
  out->sandbox = sandbox && sandbox->kind == Y_SCALAR && str_eq(sandbox->text, STR("true"));
  out->stack = session_sym(s, name->text);
  out->name = o->dr ? session_sym(s, str_fmt(&s->arena, "%.*s--dr", SV(word))) : env->key;
  return QN_OK;
}
