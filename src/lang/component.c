/* Components: instances of modules. */
#include "program.h"

#define MODULE_DEPTH 64

void component_check(struct program *p, struct mfile *m, struct decl *d) {
  struct session *s = p->s;
  struct mfile *used = d->comp.module;
  const struct tnode *with = d->comp.with;
  (void)m;
  if (!with || value_is_null(with->constant ? with->constant : value_bool(&s->arena, true))) return;
  if (with->kind != Y_MAP) {
    diag_add(&s->diags, QN0403, with->span, "with must be a map from inputs to values");
    d->bad = true;
    return;
  }
  for (uint32_t i = 0; i < with->n; i++) {
    const struct decl *in = mfile_decl(p, used, with->members[i].key);
    if (in && in->kind == D_INPUT) continue;
    VEC(struct str) names = {0};
    struct str key = session_str(s, with->members[i].key);
    for (size_t k = 0; k < used->decls.n; k++)
      if (used->decls.v[k].kind == D_INPUT)
        VEC_PUSH(&s->arena, &names, session_str(s, used->decls.v[k].name));
    struct diag *g =
        diag_add(&s->diags, QN0414, with->members[i].key_span, "module \"%.*s\" has no input \"%.*s\"",
                 SV(session_str(s, used->name)), SV(key));
    struct str near = diag_nearest(key, names.v, names.n), all = names_list(p, names.v, names.n);
    if (near.n)
      diag_help(&s->diags, g, "did you mean \"%.*s\"? Its inputs: %.*s", SV(near), SV(all));
    else if (names.n)
      diag_help(&s->diags, g, "its inputs: %.*s", SV(all));
    else
      diag_help(&s->diags, g, "it takes no inputs");
    d->bad = true;
  }
}

enum qn_err component_expand(struct program *p, struct instance *in, const struct decl *d, struct slot *s) {
  struct session *ss = p->s;
  struct mfile *m = d->comp.module;
  struct copies c;
  if (in->depth >= MODULE_DEPTH) {
    diag_add(&ss->diags, QN0432, d->comp.use_span, "modules are nested more than %d deep", MODULE_DEPTH);
    return QN_E_INVALID;
  }
  enum qn_err e = repeat_eval(p, in, d, &c);
  if (e) return e;
  s->open = c.open;
  s->children = ARENA_ARRAY(&ss->arena, c.n, struct instance);
  for (uint32_t i = 0; i < c.n; i++) {
    struct instance *child = &s->children[i];
    struct frame *outer = ARENA_NEW(&ss->arena, struct frame);
    frame_init(outer, p, in, c.v[i].each);
    instance_init(p, child, m, in, d, session_str(ss, c.v[i].address));
    child->outer = outer;
    if ((e = region_eval(outer, d->region, &child->region)) ||
        (e = depends_eval(outer, d, &child->prefixes, &child->n_prefixes)))
      return e;
  }
  s->n = c.n;
  struct str name = session_str(ss, m->name);
  s->value = repeat_value(p, &c, d, session_sym(ss, str_fmt(&ss->arena, "module(%.*s)", SV(name))));
  return QN_OK;
}
