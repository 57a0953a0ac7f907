#include "vmeta.h"

#include <stdlib.h>

#include "quoin/value.h"
#include "quoin/vec.h"

enum { METAS_FIRST = 256 };

struct origin_set {
  const sym *v;
  uint32_t n;
};
struct vmetas {
  struct arena arena;
  struct vmeta *metas; /* owned, grown by realloc: there are as many as values; [0] is nothing */
  size_t n_metas, cap_metas;
  VEC(struct origin_set) origins; /* [0] is empty */
  struct map set_ids;             /* bytes of the sorted syms -> set id */
  struct map pairs;               /* (a, b) -> union, so that repeated unions cost one look-up */
};

struct vmetas *vmetas_new(void) {
  struct vmetas *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  arena_init(&m->arena);
  m->n_metas = 1;
  m->cap_metas = METAS_FIRST;
  if (!(m->metas = calloc(m->cap_metas, sizeof *m->metas))) {
    free(m);
    return NULL;
  }
  VEC_PUSH(&m->arena, &m->origins, (struct origin_set){0});
  return m;
}

void vmetas_free(struct vmetas *m) {
  if (!m) return;
  arena_release(&m->arena);
  free(m->metas);
  free(m);
}

uint32_t vmeta_add(struct session *s, struct vmeta meta) {
  struct vmetas *m = s->metas;
  if (m->n_metas == m->cap_metas) {
    size_t cap = m->cap_metas * 2;
    struct vmeta *grown = cap < UINT32_MAX ? realloc(m->metas, cap * sizeof *grown) : NULL;
    if (!grown) abort();
    m->metas = grown;
    m->cap_metas = cap;
  }
  m->metas[m->n_metas] = meta;
  return (uint32_t)m->n_metas++;
}

struct vmeta vmeta_get(const struct session *s, uint32_t meta) {
  return s->metas->metas[meta < s->metas->n_metas ? meta : 0];
}

const sym *origins_list(const struct session *s, uint32_t set, size_t *n) {
  const struct origin_set *o = &s->metas->origins.v[set < s->metas->origins.n ? set : 0];
  *n = o->n;
  return o->v;
}

static uint32_t set_intern(struct vmetas *m, const sym *v, uint32_t n) {
  struct str key = {(const char *)v, n * sizeof *v};
  const uint32_t *known = map_get(&m->set_ids, key);
  if (known) return *known;
  sym *copy = ARENA_ARRAY(&m->arena, n, sym);
  memcpy(copy, v, n * sizeof *v);
  VEC_PUSH(&m->arena, &m->origins, ((struct origin_set){copy, n}));
  uint32_t id = (uint32_t)(m->origins.n - 1);
  map_put(&m->arena, &m->set_ids, (struct str){(const char *)copy, n * sizeof *v}, id);
  return id;
}

uint32_t origins_add(struct session *s, uint32_t set, sym address) {
  return origins_union(s, set, set_intern(s->metas, &address, 1));
}

uint32_t origins_union(struct session *s, uint32_t a, uint32_t b) {
  struct vmetas *m = s->metas;
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  uint32_t pair[2] = {a < b ? a : b, a < b ? b : a};
  struct str key = {(const char *)pair, sizeof pair};
  const uint32_t *known = map_get(&m->pairs, key);
  if (known) return *known;
  struct origin_set x = m->origins.v[a], y = m->origins.v[b];
  sym *all = malloc(((size_t)x.n + y.n) * sizeof *all);
  if (!all) abort();
  uint32_t n = 0;
  for (uint32_t i = 0, j = 0; i < x.n || j < y.n;) {
    sym next = j >= y.n || (i < x.n && x.v[i] <= y.v[j]) ? x.v[i] : y.v[j];
    if (i < x.n && x.v[i] == next) i++;
    if (j < y.n && y.v[j] == next) j++;
    all[n++] = next;
  }
  uint32_t id = set_intern(m, all, n);
  free(all);
  map_put(&m->arena, &m->pairs, str_dup(&m->arena, key), id);
  return id;
}
