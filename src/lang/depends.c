/* depends_on: names and addresses of the module, or resources given as values. */
#include "program.h"

struct list {
  struct frame *f;
  VEC(sym) v;
};

static bool stands_alone(const struct decl *d) {
  return d && (d->kind == D_RESOURCE || d->kind == D_COMPONENT);
}

static enum qn_err nothing_called(struct list *l, struct mfile *m, struct str name, struct span at) {
  struct program *p = l->f->p;
  struct session *s = p->s;
  bool here = m == l->f->in->file;
  const struct decl *d = mfile_decl(p, m, session_sym(s, name));
  VEC(struct str) names = {0};
  for (size_t i = 0; i < m->decls.n; i++)
    if (m->decls.v[i].kind >= D_RESOURCE) VEC_PUSH(&s->arena, &names, session_str(s, m->decls.v[i].name));
  struct str place =
      here ? STR("here") : str_fmt(&s->arena, "in module \"%.*s\"", SV(session_str(s, m->name)));
  struct diag *g =
      d ? diag_add(&s->diags, QN0448, at, "depends_on: \"%.*s\" is no resource or component", SV(name))
        : diag_add(&s->diags, QN0448, at, "depends_on: there is no \"%.*s\" %.*s", SV(name), SV(place));
  struct str near = diag_nearest(name, names.v, names.n);
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
  else if (d && here)
    diag_help(&s->diags, g, "to pass a resource given as an input write ${%.*s}", SV(name));
  else if (here)
    diag_help(&s->diags, g, "it takes names of resources and components of this file, as in [vpc, network]");
  return QN_E_INVALID;
}

/* Behind the key that `rest` may begin with, as ["a"]; nothing is cut from what is no key. */
static struct str behind_key(struct str rest) {
  size_t i = 2;
  if (!str_starts(rest, STR("[\""))) return rest;
  while (i < rest.n && rest.p[i] != '"') i += rest.p[i] == '\\' ? 2 : 1;
  return i + 1 < rest.n && rest.p[i + 1] == ']' ? str_sub(rest, i + 2, rest.n) : rest;
}

static enum qn_err by_text(struct list *l, struct str text, struct span at) {
  struct program *p = l->f->p;
  struct session *s = p->s;
  struct mfile *m = l->f->in->file;
  struct str rest = text, parent = l->f->in->address;
  for (;;) {
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[') n++;
    struct str name = str_sub(rest, 0, n);
    const struct decl *d = mfile_decl(p, m, session_sym(s, name));
    if (!stands_alone(d)) return nothing_called(l, m, name, at);
    rest = behind_key(str_sub(rest, n, rest.n));
    if (!rest.n || (d->kind == D_COMPONENT && !d->comp.module)) break;
    if (rest.p[0] == '.' && d->kind == D_COMPONENT) {
      m = d->comp.module;
      rest = str_sub(rest, 1, rest.n);
      continue;
    }
    struct diag *g = diag_add(&s->diags, QN0448, at, "depends_on: \"%.*s\" is not an address", SV(text));
    diag_help(&s->diags, g, "write a name, or a name with its key as subnet[\"a\"], without an attribute");
    return QN_E_INVALID;
  }
  VEC_PUSH(&s->arena, &l->v,
           session_sym(s, parent.n ? str_fmt(&s->arena, "%.*s.%.*s", SV(parent), SV(text)) : text));
  return QN_OK;
}

static enum qn_err by_value(struct list *l, const struct value *v, struct span at, unsigned depth) {
  struct program *p = l->f->p;
  enum qn_err e = QN_OK;
  if (v->kind == V_RES) {
    VEC_PUSH(&p->s->arena, &l->v, v->res.address);
    return QN_OK;
  }
  if (v->kind == V_NULL) return QN_OK;
  if (depth < 4 && v->kind == V_LIST)
    for (uint32_t i = 0; i < v->n && !e; i++) e = by_value(l, v->items[i], at, depth + 1);
  else if (depth < 4 && v->kind == V_MAP)
    for (uint32_t i = 0; i < v->n && !e; i++) e = by_value(l, v->members[i].value, at, depth + 1);
  else if (!(v->kind == V_UNKNOWN && p->lookups_missing)) {
    struct diag *g =
        diag_add(&p->s->diags, QN0448, value_span(p, v, at), "depends_on wants resources or components");
    diag_help(&p->s->diags, g, "write their names, as [network, role], without an attribute");
    return QN_E_INVALID;
  }
  return e;
}

static enum qn_err entry(struct list *l, const struct tnode *t) {
  const struct value *v;
  if (t->constant && t->constant->kind == V_STR) return by_text(l, value_text(t->constant), t->span);
  enum qn_err e = tree_eval(l->f, t, &v);
  return e ? e : by_value(l, v, t->span, 0);
}

enum qn_err depends_eval(struct frame *f, const struct decl *d, const sym **out, uint32_t *n) {
  struct list l = {.f = f};
  const struct tnode *t = d->depends_on;
  enum qn_err result = QN_OK, e;
  const struct instance *in = f->in;
  if (!t) {
    *out = in->prefixes;
    *n = in->n_prefixes;
    return QN_OK;
  }
  for (uint32_t i = 0; i < in->n_prefixes; i++) VEC_PUSH(&f->p->s->arena, &l.v, in->prefixes[i]);
  if (t->kind == Y_SEQ) {
    for (uint32_t i = 0; i < t->n; i++)
      if ((e = entry(&l, t->items[i]))) result = e;
  } else {
    result = entry(&l, t);
  }
  *out = l.v.v;
  *n = (uint32_t)l.v.n;
  return result;
}
