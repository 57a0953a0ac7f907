/* The order in which declarations of a module are evaluated: what is named by
 * others first, so that evaluation does not nest although specs name things in
 * any order. Cycles are left to evaluation, which knows whether they are real. */
#include "program.h"

struct edges {
  const uint32_t *v;
  uint32_t n;
};

static struct edges edges_of(struct program *p, struct mfile *m, const struct decl *d,
                             struct arena *scratch) {
  struct names names = {0};
  const struct tnode *trees[] = {d->rep.for_each,
                                 d->rep.key,
                                 d->rep.when,
                                 d->depends_on,
                                 d->region,
                                 d->kind == D_LOCAL ? d->local : NULL,
                                 d->kind == D_RESOURCE ? d->res.props : NULL,
                                 d->kind == D_RESOURCE ? d->res.tags : NULL,
                                 d->kind == D_COMPONENT ? d->comp.with : NULL};
  for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) tree_names(p, trees[i], &names);
  uint32_t *v = ARENA_ARRAY(scratch, names.n, uint32_t), n = 0;
  for (size_t i = 0; i < names.n; i++) {
    const uint32_t *to = map_get(&m->by_name, session_str(p->s, names.v[i]));
    if (to) v[n++] = *to;
  }
  return (struct edges){v, n};
}

const uint32_t *mfile_order(struct program *p, struct mfile *m) {
  struct arena a;
  uint32_t n = (uint32_t)m->decls.n, made = 0, top = 0;
  if (m->order) return m->order;
  arena_init(&a);
  struct edges *edges = ARENA_ARRAY(&a, n, struct edges);
  uint32_t *order = ARENA_ARRAY(&p->s->arena, n, uint32_t), *stack = ARENA_ARRAY(&a, n, uint32_t),
           *next = ARENA_ARRAY(&a, n, uint32_t);
  bool *seen = ARENA_ARRAY(&a, n, bool);
  for (uint32_t i = 0; i < n; i++) edges[i] = edges_of(p, m, &m->decls.v[i], &a);
  for (uint32_t i = 0; i < n; i++) {
    if (seen[i]) continue;
    seen[i] = true;
    stack[top++] = i;
    while (top) {
      uint32_t k = stack[top - 1];
      if (next[k] == edges[k].n) {
        order[made++] = k;
        top--;
        continue;
      }
      uint32_t to = edges[k].v[next[k]++];
      if (seen[to]) continue;
      seen[to] = true;
      stack[top++] = to;
    }
  }
  arena_release(&a);
  return m->order = order;
}
