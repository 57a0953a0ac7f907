/* Typed growing arrays on an arena or the heap, and a hash map from u64 keys
 * and from strings. VEC(type) declares an anonymous struct {type *v; n; cap}. */
#ifndef QUOIN_VEC_H
#define QUOIN_VEC_H

#include "quoin/arena.h"

#define VEC(type) struct { type *v; size_t n, cap; }
/* Append to an arena-backed vector. */
#define VEC_PUSH(arena, vec, item)                                              \
  do {                                                                          \
    if ((vec)->n == (vec)->cap) {                                               \
      size_t vec_cap_ = (vec)->cap ? (vec)->cap * 2 : 8;                        \
      (vec)->v = arena_grow((arena), (vec)->v, (vec)->n, vec_cap_, sizeof *(vec)->v); \
      (vec)->cap = vec_cap_;                                                    \
    }                                                                           \
    (vec)->v[(vec)->n++] = (item);                                              \
  } while (0)
/* Room for `need` elements in all, before so many are appended: what grows step by step leaves its old copies
 * in the arena. Repeated calls grow by doubling. */
#define VEC_RESERVE(arena, vec, need)                                           \
  do {                                                                          \
    size_t vec_need_ = (need);                                                  \
    if (vec_need_ > (vec)->cap) {                                               \
      if (vec_need_ < (vec)->cap * 2) vec_need_ = (vec)->cap * 2;               \
      (vec)->v = arena_grow((arena), (vec)->v, (vec)->n, vec_need_, sizeof *(vec)->v); \
      (vec)->cap = vec_need_;                                                   \
    }                                                                           \
  } while (0)

/* Map from string to uint32_t on an arena (keys are borrowed, not copied).
 * Iteration order is insertion order: e[0..n). Zero-initialise. */
struct map_entry {
  struct str key;
  uint64_t hash;
  uint32_t value;
};
struct map {
  struct map_entry *e;
  size_t n, cap;
  uint32_t *slots; /* index + 1 into e; 0 empty */
  size_t n_slots;
  uint64_t seed;   /* set at first use */
};
/* Adds or replaces; returns true if key was new. */
bool map_put(struct arena *a, struct map *m, struct str key, uint32_t value);
/* Room for n keys in all. */
void map_reserve(struct arena *a, struct map *m, size_t n);
/* NULL if absent; the pointer is valid until the next put. */
uint32_t *map_get(const struct map *m, struct str key);

/* Merge sort, stable, O(n log n), no recursion over data depth. */
typedef int cmp_fn(const void *a, const void *b, void *user);
void sort_stable(struct arena *scratch, void *base, size_t n, size_t size, cmp_fn *cmp, void *user);

#endif
