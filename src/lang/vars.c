/* Values of the spec's inputs from all places, last wins: the environment's
 * layers, QUOIN_VAR_name, -var-file, -var. Texts given from outside are
 * literal: `${` means nothing in them. */
#include "program.h"

#include "quoin/file.h"

#define VAR_FILE_MAX ((size_t)16 * 1024 * 1024)
#define MERGE_DEPTH  256

static const struct value *merge(struct program *p, const struct value *under, const struct value *over,
                                 unsigned depth) {
  struct arena *a = &p->s->arena;
  const struct value *out = under;
  if (depth > MERGE_DEPTH || !value_is(under, V_MAP) || !value_is(over, V_MAP)) return over;
  for (uint32_t i = 0; i < over->n; i++) {
    const struct member *m = &over->members[i];
    const struct value *old = value_member(under, m->key);
    out = value_put(a, out, m->key, m->value->kind == V_NULL ? NULL : merge(p, old, m->value, depth + 1));
  }
  return out;
}

static const struct decl *input_named(struct program *p, sym name) {
  const struct decl *d = mfile_decl(p, p->spec, name);
  return d && d->kind == D_INPUT ? d : NULL;
}

static enum qn_err unknown_input(struct program *p, struct str name, struct span at, const char *from) {
  struct session *s = p->s;
  VEC(struct str) names = {0};
  for (size_t i = 0; i < p->spec->decls.n; i++)
    if (p->spec->decls.v[i].kind == D_INPUT)
      VEC_PUSH(&s->arena, &names, session_str(s, p->spec->decls.v[i].name));
  struct diag *g = diag_add(&s->diags, QN0414, at, "%s gives input \"%.*s\", which the spec does not declare",
                            from, SV(name));
  struct str near = diag_nearest(name, names.v, names.n), all = names_list(p, names.v, names.n);
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
  else if (names.n)
    diag_help(&s->diags, g, "the inputs are %.*s", SV(all));
  return QN_E_INVALID;
}

static bool is_text(const struct itype *t) {
  return t->kind == T_STRING || (t->kind >= T_DURATION && t->kind <= T_ARN) || t->kind == T_ID;
}

/* Text from outside for input d: by the input's type. */
static enum qn_err add_text(struct program *p, const struct decl *d, struct str text, const char *from,
                            enum how how) {
  struct session *s = p->s;
  struct arena *a = &s->arena;
  struct str name = session_str(s, d->name);
  uint32_t file = srcmap_add(s->sources, str_fmt(a, "%s%.*s", from, SV(name)), text);
  const struct value *v;
  if (!d->input.type) return QN_E_INVALID;
  if (is_text(d->input.type) || d->input.type->kind == T_INT || d->input.type->kind == T_FLOAT ||
      d->input.type->kind == T_BOOL) {
    v = value_str(a, text);
    if (!is_text(d->input.type)) v = value_with_flags(a, v, VF_PLAIN);
    v = value_with_meta(
        a, v, vmeta_add(s, (struct vmeta){.span = {file, 0, (uint32_t)text.n}, .how = HOW_LITERAL}));
  } else {
    const struct ynode *y = yaml_parse(s, file);
    if (!y) return QN_E_INVALID;
    v = tree_literal(p, y);
  }
  struct member m = {d->name, {file, 0, (uint32_t)text.n}, v};
  VEC_PUSH(a, &p->env.layers, ((struct layer){value_map(a, &m, 1), how, d->name}));
  return QN_OK;
}

static enum qn_err add_variables(struct program *p) {
  struct session *s = p->s;
  enum qn_err result = QN_OK;
  for (size_t i = 0; i < p->spec->decls.n; i++) {
    const struct decl *d = &p->spec->decls.v[i];
    if (d->kind != D_INPUT || !s->out.getenv) continue;
    struct str name = str_fmt(&s->arena, "QUOIN_VAR_%.*s", SV(session_str(s, d->name)));
    const char *text = s->out.getenv(s->out.user, name.p);
    if (text && add_text(p, d, str_c(text), "QUOIN_VAR_", HOW_VAR)) result = QN_E_INVALID;
  }
  return result;
}

static enum qn_err add_file(struct program *p, const char *path) {
  struct session *s = p->s;
  struct str text;
  enum qn_err e = file_read(&s->arena, path, VAR_FILE_MAX, &s->diags, &text), result = QN_OK;
  if (e == QN_E_NOTFOUND)
    diag_add(&s->diags, QN0001, SPAN_NONE, "%s: there is no such file (-var-file)", path);
  if (e) return QN_E_INVALID;
  const struct ynode *y = yaml_parse(s, srcmap_add(s->sources, str_c(path), text));
  if (!y) return QN_E_INVALID;
  if (y->kind != Y_MAP) {
    diag_add(&s->diags, QN0403, y->span, "a file of inputs must be a map: `name: value`");
    return QN_E_INVALID;
  }
  for (uint32_t i = 0; i < y->n; i++)
    if (!input_named(p, y->pairs[i].key))
      result = unknown_input(p, session_str(s, y->pairs[i].key), y->pairs[i].key_span, "-var-file");
  VEC_PUSH(&s->arena, &p->env.layers,
           ((struct layer){tree_literal(p, y), HOW_VAR, session_sym(s, str_c(path))}));
  return result;
}

enum qn_err input_layers(struct program *p) {
  struct session *s = p->s;
  enum qn_err result = add_variables(p);
  for (size_t i = 0; i < p->o->n_var_files; i++)
    if (add_file(p, p->o->var_files[i])) result = QN_E_INVALID;
  for (size_t i = 0; i < p->o->n_vars; i++) {
    const struct spec_var *v = &p->o->vars[i];
    const struct decl *d = input_named(p, session_sym(s, v->name));
    if (!d)
      result = unknown_input(p, v->name, v->span, "-var");
    else if (add_text(p, d, v->value, "-var ", HOW_VAR))
      result = QN_E_INVALID;
  }
  const struct value *all = value_map(&s->arena, NULL, 0);
  for (size_t i = 0; i < p->env.layers.n; i++) {
    const struct layer *l = &p->env.layers.v[i];
    struct member *m = ARENA_ARRAY(&s->arena, l->values->n, struct member);
    for (uint32_t k = 0; k < l->values->n; k++) { /* where each came from */
      m[k] = l->values->members[k];
      struct vmeta from = vmeta_get(s, m[k].value->meta);
      uint32_t meta =
          vmeta_add(s, (struct vmeta){from.span, (uint8_t)l->how, l->name, m[k].value->meta, from.origins});
      m[k].value = value_with_meta(&s->arena, m[k].value, meta);
    }
    all = merge(p, all, value_map(&s->arena, m, l->values->n), 0);
  }
  p->inputs = all;
  return result;
}
