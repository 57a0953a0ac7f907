/* Instances of modules: each declaration and output is evaluated when first
 * asked for, once. What is under way is on a stack, so that a cycle is found
 * where it closes and can be shown whole. */
#include "program.h"

#define NESTED_MAX 200  /* things being evaluated inside each other */
#define EVAL_MAX   4096 /* levels of expressions in all of them */

static void report_cycle(struct program *p, struct str label, struct span at) {
  struct diags *d = &p->s->diags;
  struct buf chain = BUF_INIT(1 << 16);
  size_t from = p->stack.n;
  while (from > 0 && !str_eq(p->stack.v[from - 1].label, label)) from--;
  if (from) from--;
  for (size_t i = from; i < p->stack.n; i++) buf_addf(&chain, "%.*s -> ", SV(p->stack.v[i].label));
  buf_add(&chain, label);
  struct diag *g = diag_add(d, QN0444, at, "reference cycle: %.*s", SV(buf_str(&chain)));
  for (size_t i = from; i + 1 < p->stack.n; i++)
    diag_note(d, g, p->stack.v[i + 1].at, "%.*s needs %.*s", SV(p->stack.v[i].label),
              SV(p->stack.v[i + 1].label));
  if (p->stack.n > from) diag_label(d, g, "%.*s needs %.*s", SV(p->stack.v[p->stack.n - 1].label), SV(label));
  diag_help(d, g, "one of these references has to go: nothing can be made first");
  buf_release(&chain);
}

enum qn_err program_enter(struct program *p, struct str label, struct span at, bool busy) {
  if (busy) {
    report_cycle(p, label, at);
    return QN_E_INVALID;
  }
  if (p->stack.n >= NESTED_MAX || p->eval_depth > EVAL_MAX) {
    struct diag *g = diag_add(&p->s->diags, QN0445, at, "references are nested too deeply (%zu)", p->stack.n);
    diag_help(&p->s->diags, g, "at most %d values can need each other in a row", NESTED_MAX);
    return QN_E_INVALID;
  }
  VEC_PUSH(&p->s->arena, &p->stack, ((struct busy){label, at}));
  return QN_OK;
}

void program_leave(struct program *p) {
  p->stack.n--;
}

void instance_init(struct program *p, struct instance *in, struct mfile *file, struct instance *parent,
                   const struct decl *d, struct str address) {
  *in = (struct instance){.file = file, .parent = parent, .decl = d, .address = address};
  in->depth = parent ? parent->depth + 1 : 0;
  in->region = parent ? parent->region : 0;
  in->slots = ARENA_ARRAY(&p->s->arena, file->decls.n, struct slot);
  in->outputs = ARENA_ARRAY(&p->s->arena, file->outputs.n, struct slot);
  if (!parent) return;
  map_put(&p->s->arena, &p->modules, address, (uint32_t)p->instance_list.n);
  VEC_PUSH(&p->s->arena, &p->instance_list, in);
}

static enum qn_err local_value(struct program *p, struct instance *in, const struct decl *d,
                               const struct value **out) {
  struct frame f;
  frame_init(&f, p, in, NULL);
  enum qn_err e = tree_eval(&f, d->local, out);
  if (e) return e;
  struct vmeta m = vmeta_get(p->s, (*out)->meta);
  uint32_t meta = vmeta_add(
      p->s, (struct vmeta){m.span.file ? m.span : d->span, HOW_LOCAL, d->name, (*out)->meta, m.origins});
  *out = value_with_meta(&p->s->arena, *out, meta);
  return QN_OK;
}

static enum qn_err evaluate(struct program *p, struct instance *in, const struct decl *d, struct slot *s) {
  if (d->bad) return QN_E_INVALID;
  switch ((enum dkind)d->kind) {
  case D_INPUT: return input_value(p, in, d, &s->value);
  case D_LOCAL: return local_value(p, in, d, &s->value);
  case D_RESOURCE: return resource_expand(p, in, d, s);
  case D_COMPONENT: return component_expand(p, in, d, s);
  }
  return QN_E_INVALID;
}

enum qn_err instance_value(struct instance *in, struct program *p, uint32_t i, struct span at,
                           const struct value **out) {
  struct slot *s = &in->slots[i];
  const struct decl *d = &in->file->decls.v[i];
  if (s->state == SLOT_FAILED) return QN_E_INVALID;
  if (s->state != SLOT_DONE) {
    struct str label = address_join(p, in->address, d->name);
    if (d->kind == D_INPUT) label = str_fmt(&p->s->arena, "input %.*s", SV(label));
    enum qn_err e = program_enter(p, label, at, s->state == SLOT_BUSY);
    if (e) return e;
    s->state = SLOT_BUSY;
    e = evaluate(p, in, d, s);
    s->state = e ? SLOT_FAILED : SLOT_DONE;
    program_leave(p);
    if (e) return e;
  }
  *out = s->value;
  return QN_OK;
}

/* What cannot be shown, recorded or given to other tools. */
static bool whole_resource(struct program *p, const struct value *v, const struct output_decl *o,
                           unsigned depth) {
  bool found = false;
  if (depth > 256) return false;
  for (uint32_t i = 0; i < v->n && v->kind == V_LIST && !found; i++)
    found = whole_resource(p, v->items[i], o, depth + 1);
  for (uint32_t i = 0; i < v->n && v->kind == V_MAP && !found; i++)
    found = whole_resource(p, v->members[i].value, o, depth + 1);
  if (v->kind != V_RES) return found;
  struct str name = session_str(p->s, v->res.address), type = session_str(p->s, v->res.type);
  struct diag *g = diag_add(&p->s->diags, QN0447, o->value->span, "output \"%.*s\" holds all of %.*s (%.*s)",
                            SV(session_str(p->s, o->name)), SV(name), SV(type));
  diag_help(&p->s->diags, g, "name what is wanted of it: ${%.*s.SOMETHING}", SV(name));
  return true;
}

static enum qn_err output_value(struct program *p, struct instance *in, const struct output_decl *o,
                                struct slot *s) {
  struct frame f;
  if (!o->value) return QN_E_INVALID;
  frame_init(&f, p, in, NULL);
  f.run = !in->parent;
  enum qn_err e = tree_eval(&f, o->value, &s->value);
  if (e) return e;
  if (!in->parent && whole_resource(p, s->value, o, 0)) return QN_E_INVALID;
  if (!in->parent && !o->secret && (s->value->flags & (VF_SECRET | VF_HAS_SECRET))) {
    struct diag *g = diag_add(&p->s->diags, QN0458, value_span(p, s->value, o->span),
                              "output \"%.*s\" shows a secret", SV(session_str(p->s, o->name)));
    diag_help(&p->s->diags, g, "mark it: `%.*s: { value: ..., secret: true }`",
              SV(session_str(p->s, o->name)));
    return QN_E_INVALID;
  }
  struct vmeta m = vmeta_get(p->s, s->value->meta);
  uint32_t meta = vmeta_add(
      p->s, (struct vmeta){m.span.file ? m.span : o->span, HOW_OUTPUT, o->name, s->value->meta, m.origins});
  s->value = value_with_meta(&p->s->arena, s->value, meta);
  return QN_OK;
}

enum qn_err instance_output(struct program *p, struct instance *in, uint32_t i, struct span at,
                            const struct value **out) {
  struct slot *s = &in->outputs[i];
  const struct output_decl *o = &in->file->outputs.v[i];
  if (s->state == SLOT_FAILED) return QN_E_INVALID;
  if (s->state != SLOT_DONE) {
    struct str label = str_fmt(&p->s->arena, "output %.*s", SV(address_join(p, in->address, o->name)));
    enum qn_err e = program_enter(p, label, at, s->state == SLOT_BUSY);
    if (e) return e;
    s->state = SLOT_BUSY;
    e = output_value(p, in, o, s);
    s->state = e ? SLOT_FAILED : SLOT_DONE;
    program_leave(p);
    if (e) return e;
  }
  *out = s->value;
  return QN_OK;
}

static void complete_check(struct program *p, struct instance *in, const struct check_decl *c) {
  static const struct itype bool_type = {.kind = T_BOOL}, string_type = {.kind = T_STRING};
  struct check out = {.span = c->span};
  struct frame f;
  frame_init(&f, p, in, NULL);
  f.run = true;
  if (tree_eval(&f, c->that, &out.that) || tree_eval(&f, c->message, &out.message)) return;
  if (itype_coerce(p, &bool_type, out.that, c->span, STR("a check"), &out.that)) return;
  if (out.message->flags & (VF_SECRET | VF_HAS_SECRET)) {
    struct diag *g = diag_add(&p->s->diags, QN0458, value_span(p, out.message, c->span),
                              "the text of a check shows a secret");
    diag_help(&p->s->diags, g, "say what is wrong without it: the text is printed");
    return;
  }
  if (itype_coerce(p, &string_type, out.message, c->span, STR("`else` of a check"), &out.message)) return;
  VEC_PUSH(&p->s->arena, &p->out->checks, out);
}

void instance_complete(struct program *p, struct instance *in) {
  struct mfile *m = in->file;
  const uint32_t *order = mfile_order(p, m);
  const struct value *v;
  for (size_t k = 0; k < m->decls.n; k++) {
    struct slot *s = &in->slots[order[k]];
    const struct decl *d = &m->decls.v[order[k]];
    if (instance_value(in, p, order[k], d->span, &v)) continue;
    for (uint32_t i = 0; i < s->n; i++) {
      /* the second instance of a declaration would repeat the mistakes of the first */
      if (d->kind == D_RESOURCE && resource_eval(p, &s->resources[i], d->span)) break;
      if (d->kind != D_COMPONENT) continue;
      size_t errors = p->s->diags.n_errors;
      instance_complete(p, &s->children[i]);
      if (p->s->diags.n_errors > errors) break;
    }
  }
  for (uint32_t i = 0; i < m->outputs.n; i++)
    if (instance_output(p, in, i, m->outputs.v[i].span, &v)) continue; /* reported */
  for (size_t i = 0; i < m->checks.n; i++) complete_check(p, in, &m->checks.v[i]);
}
