/* Arenas: memory that is freed all at once. Three lifetimes are used (STYLE):
 * process, session, scratch. With -DARENA_DEBUG every allocation is a malloc of
 * its own, so that sanitizers see overruns and use after reset.
 * Out of memory: the hook set by arena_set_oom is called (the cli prints and
 * exits; tests longjmp); arena functions never return NULL to normal code. */
#ifndef QUOIN_ARENA_H
#define QUOIN_ARENA_H

#include <stddef.h>
#include "quoin/str.h"

struct arena_chunk;
struct arena {
  struct arena_chunk *head; /* newest chunk; owned */
  size_t used;              /* bytes handed out since init or reset */
  size_t limit;             /* 0, or most bytes allowed: past it the oom hook runs */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a); /* frees everything; a is as after init */
void arena_reset(struct arena *a);   /* forget everything, keep one chunk */

/* size bytes, zeroed, aligned for pointers, 64-bit numbers and what is made of them. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* n * size checked for overflow (overflow runs the oom hook). */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Grow an arena array: copies old_n elements into room for new_n. */
void *arena_grow(struct arena *a, const void *old, size_t old_n, size_t new_n, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

typedef void arena_oom_fn(size_t wanted);
/* The hook must not return. Default: abort(). */
void arena_set_oom(arena_oom_fn *fn);
/* Torture tests: fail the n-th allocation from now (0 = never). */
void arena_fail_at(size_t n);

#endif
