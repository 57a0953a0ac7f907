/* Loop variables may not hide another name: what an expression means must not
 * depend on what else the module declares. */
#include "program.h"

void shadow_collect(struct program *p, const struct expr *e) {
  size_t n;
  const struct expr_loop *v = expr_loops(p->s, e, &n);
  for (size_t i = 0; i < n; i++) VEC_PUSH(&p->s->arena, &p->loops, v[i]);
}

/* The variable behind `for` in the source of the comprehension, or all of it. */
static struct span place_of(struct program *p, const struct expr_loop *v) {
  struct str file = srcmap_text(p->s->sources, v->span.file), name = session_str(p->s, v->name);
  struct str text = str_sub(file, v->span.start, v->span.end);
  size_t loop = str_find(text, STR(" for "));
  size_t at = loop == SIZE_MAX ? SIZE_MAX : str_find(str_sub(text, loop, text.n), name);
  if (at == SIZE_MAX) return v->span;
  uint32_t from = v->span.start + (uint32_t)(loop + at);
  return (struct span){v->span.file, from, from + (uint32_t)name.n};
}

void shadow_check(struct program *p, struct mfile *m) {
  struct session *s = p->s;
  for (size_t i = 0; i < p->loops.n; i++) {
    const struct expr_loop *v = &p->loops.v[i];
    const struct decl *d = mfile_decl(p, m, v->name);
    struct str name = session_str(s, v->name);
    if (!d && !name_built_in(name)) continue;
    struct diag *g = diag_add(&s->diags, QN0305, place_of(p, v), "loop variable \"%.*s\" hides %s", SV(name),
                              d ? "a name of this file" : "a built-in name");
    if (d) diag_note(&s->diags, g, d->span, "\"%.*s\"", SV(name));
    diag_help(&s->diags, g, "call the loop variable something else");
  }
}
