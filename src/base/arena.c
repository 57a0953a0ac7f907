#include "quoin/arena.h"

#include <stdlib.h>

#define CHUNK_MIN ((size_t)64 * 1024)
#define CHUNK_MAX ((size_t)4 * 1024 * 1024)
/* The system hands out large chunks as zero pages, which are not touched until they are used. */
#define CHUNK_ZEROED ((size_t)512 * 1024)
/* No object here asks for more, and at 16 a tenth of a large plan was padding. */
#define ALIGN ((size_t)8)

struct arena_chunk {
  struct arena_chunk *next;
  size_t cap, used;
  bool zeroed; /* what was not handed out yet is zero */
  _Alignas(16) unsigned char data[];
};

static void oom_abort(size_t wanted) {
  (void)wanted;
  abort();
}
/* The two process-wide settings below exist for the one place that may exit and for torture tests. */
static arena_oom_fn *oom_hook = oom_abort;
static size_t fail_countdown;

void arena_set_oom(arena_oom_fn *fn) {
  oom_hook = fn ? fn : oom_abort;
}
void arena_fail_at(size_t n) {
  fail_countdown = n;
}

static void *chunk_malloc(size_t size, bool zeroed) {
  if (fail_countdown && --fail_countdown == 0) return NULL;
  return zeroed ? calloc(1, size) : malloc(size);
}

void arena_init(struct arena *a) {
  *a = (struct arena){0};
}

void arena_release(struct arena *a) {
  for (struct arena_chunk *c = a->head, *next; c; c = next) {
    next = c->next;
    free(c);
  }
  a->head = NULL;
  a->used = 0;
}

void arena_reset(struct arena *a) {
#ifdef ARENA_DEBUG
  arena_release(a);
#else
  struct arena_chunk *keep = a->head;
  if (!keep) return;
  for (struct arena_chunk *c = keep->next, *next; c; c = next) {
    next = c->next;
    free(c);
  }
  keep->next = NULL;
  keep->zeroed = false;
  keep->used = 0;
  a->used = 0;
#endif
}

/* Chunks double with use, so that a small session stays small. */
static struct arena_chunk *chunk_new(struct arena *a, size_t size) {
#ifdef ARENA_DEBUG
  size_t cap = size;
#else
  size_t cap = a->head ? a->head->cap * 2 : CHUNK_MIN;
  if (cap > CHUNK_MAX) cap = CHUNK_MAX;
  if (cap < size) cap = size;
#endif
  bool zeroed = cap >= CHUNK_ZEROED;
  struct arena_chunk *c = chunk_malloc(sizeof *c + cap, zeroed);
  if (!c) return NULL;
  c->next = a->head;
  c->cap = cap;
  c->used = 0;
  c->zeroed = zeroed;
  a->head = c;
  return c;
}

void *arena_alloc(struct arena *a, size_t size) {
  if (size > SIZE_MAX / 2 || (a->limit && a->used + size > a->limit)) {
    oom_hook(size);
    abort();
  }
  size_t room = size ? (size + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
  struct arena_chunk *c = a->head;
#ifdef ARENA_DEBUG
  room = size ? size : 1;
  c = NULL;
#endif
  if (!c || c->cap - c->used < room) c = chunk_new(a, room);
  if (!c) {
    oom_hook(size);
    abort();
  }
  void *p = c->data + c->used;
  c->used += room;
  a->used += room;
  if (!c->zeroed) memset(p, 0, room);
  return p;
}

void *arena_array(struct arena *a, size_t n, size_t size) {
  if (size && n > SIZE_MAX / size) {
    oom_hook(SIZE_MAX);
    abort();
  }
  return arena_alloc(a, n * size);
}

void *arena_grow(struct arena *a, const void *old, size_t old_n, size_t new_n, size_t size) {
  void *p = arena_array(a, new_n, size);
  if (old_n) memcpy(p, old, old_n * size);
  return p;
}
