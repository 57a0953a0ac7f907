/* Generations by address: syms are small and dense, so plain arrays do. */
#include "internal.h"

static bool room_for(struct state *st, sym address) {
  if (address < st->cap_heads) return true;
  size_t cap = st->cap_heads ? st->cap_heads : 1024;
  while (cap <= address) cap *= 2;
  uint32_t *heads = realloc(st->heads, cap * sizeof *heads);
  if (!heads) return false;
  st->heads = heads;
  uint32_t *counters = realloc(st->counters, cap * sizeof *counters);
  if (!counters) return false;
  st->counters = counters;
  memset(heads + st->cap_heads, 0, (cap - st->cap_heads) * sizeof *heads);
  memset(counters + st->cap_heads, 0, (cap - st->cap_heads) * sizeof *counters);
  st->cap_heads = cap;
  return true;
}

struct gen *gen_find(const struct state *st, sym address, uint32_t generation) {
  if (address >= st->cap_heads) return NULL;
  for (uint32_t i = st->heads[address]; i; i = st->gens[i - 1].next)
    if (st->gens[i - 1].r.generation == generation) return &st->gens[i - 1];
  return NULL;
}

bool gen_any(const struct state *st, sym address) {
  return address < st->cap_heads && st->heads[address];
}

/* Of those not deposed the latest with an identity, else the latest. */
struct gen *gen_current(const struct state *st, sym address) {
  struct gen *best = NULL;
  if (address >= st->cap_heads) return NULL;
  for (uint32_t i = st->heads[address]; i; i = st->gens[i - 1].next) {
    struct gen *g = &st->gens[i - 1];
    if (g->r.deposed) continue;
    bool known = g->r.identity != NULL, best_known = best && best->r.identity != NULL;
    if (!best || known > best_known || (known == best_known && g->r.generation > best->r.generation))
      best = g;
  }
  return best;
}

bool gen_link(struct state *st, struct gen *g) {
  if (!room_for(st, g->r.address)) return false;
  g->next = st->heads[g->r.address];
  st->heads[g->r.address] = (uint32_t)(g - st->gens) + 1;
  return true;
}

void gen_unlink(struct state *st, struct gen *g) {
  uint32_t *at = &st->heads[g->r.address], me = (uint32_t)(g - st->gens) + 1;
  while (*at && *at != me) at = &st->gens[*at - 1].next;
  if (*at) *at = g->next;
}

struct gen *gen_make(struct state *st, sym address, uint32_t generation) {
  if (st->n_gens == st->cap_gens) {
    size_t cap = st->cap_gens ? st->cap_gens * 2 : 64;
    struct gen *grown = cap < UINT32_MAX ? realloc(st->gens, cap * sizeof *grown) : NULL;
    if (!grown) return NULL;
    st->gens = grown;
    st->cap_gens = cap;
  }
  struct gen *g = &st->gens[st->n_gens];
  *g = (struct gen){.r = {.address = address, .generation = generation}};
  if (!gen_link(st, g)) return NULL;
  st->n_gens++;
  counter_raise(st, address, generation);
  return g;
}

void counter_raise(struct state *st, sym address, uint32_t generation) {
  if (room_for(st, address) && st->counters[address] < generation) st->counters[address] = generation;
}

/* ---- open intents ------------------------------------------------------------ */

void open_add(struct state *st, struct gen *g, uint64_t n) {
  struct open_intent o = {.n = n, .slot = (uint32_t)(g - st->gens)};
  VEC_PUSH(&st->s->arena, &st->open, o);
}

bool open_find(const struct state *st, uint64_t n, size_t *i) {
  for (*i = 0; *i < st->open.n; ++*i)
    if (st->open.v[*i].n == n) return true;
  return false;
}

void open_remove(struct state *st, size_t i) {
  struct sres *r = &st->gens[st->open.v[i].slot].r;
  for (size_t k = 0; k < r->open.n; k++) {
    if (r->open.v[k].n != st->open.v[i].n) continue;
    memmove(&r->open.v[k], &r->open.v[k + 1], (r->open.n - k - 1) * sizeof r->open.v[k]);
    r->open.n--;
    break;
  }
  st->owed -= st->open.v[i].room;
  st->open.v[i] = st->open.v[--st->open.n];
}
