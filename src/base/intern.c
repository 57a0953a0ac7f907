#include "quoin/intern.h"

#include <stdlib.h>

#include "quoin/arena.h"
#include "quoin/crypto.h"

struct intern {
  struct arena arena; /* the texts */
  struct entry {
    struct str text;
    uint64_t hash;
  } * entries; /* [0] is the empty text */
  size_t n, cap;
  uint32_t *slots; /* sym, 0 = free */
  size_t n_slots;  /* power of two */
  uint64_t seed;   /* random, against crafted collisions */
};

struct intern *intern_new(void) {
  struct intern *in = calloc(1, sizeof *in);
  if (!in) return NULL;
  arena_init(&in->arena);
  if (!crypto_random(&in->seed, sizeof in->seed)) in->seed = (uint64_t)(uintptr_t)in;
  in->cap = 256;
  in->n_slots = 512;
  in->entries = arena_array(&in->arena, in->cap, sizeof *in->entries);
  in->slots = arena_array(&in->arena, in->n_slots, sizeof *in->slots);
  in->entries[0].text = STR("");
  in->n = 1;
  return in;
}

void intern_free(struct intern *in) {
  if (!in) return;
  arena_release(&in->arena);
  free(in);
}

static size_t slot_of(const struct intern *in, struct str s, uint64_t hash) {
  size_t i = hash & (in->n_slots - 1);
  while (in->slots[i]) {
    const struct entry *e = &in->entries[in->slots[i]];
    if (e->hash == hash && str_eq(e->text, s)) break;
    i = (i + 1) & (in->n_slots - 1);
  }
  return i;
}

static void grow(struct intern *in) {
  size_t n = in->n_slots * 2;
  uint32_t *slots = arena_array(&in->arena, n, sizeof *slots);
  for (size_t k = 1; k < in->n; k++) {
    size_t i = in->entries[k].hash & (n - 1);
    while (slots[i]) i = (i + 1) & (n - 1);
    slots[i] = (uint32_t)k;
  }
  in->slots = slots;
  in->n_slots = n;
}

sym intern_put(struct intern *in, struct str s) {
  if (s.n == 0) return 0;
  uint64_t hash = str_hash(s, in->seed);
  size_t i = slot_of(in, s, hash);
  if (in->slots[i]) return in->slots[i];
  if (in->n == in->cap) {
    in->entries = arena_grow(&in->arena, in->entries, in->n, in->cap * 2, sizeof *in->entries);
    in->cap *= 2;
  }
  if (in->n * 2 >= in->n_slots) {
    grow(in);
    i = slot_of(in, s, hash);
  }
  in->entries[in->n] = (struct entry){str_dup(&in->arena, s), hash};
  in->slots[i] = (uint32_t)in->n;
  return (uint32_t)in->n++;
}

sym intern_find(const struct intern *in, struct str s) {
  if (s.n == 0) return 0;
  return in->slots[slot_of(in, s, str_hash(s, in->seed))];
}

struct str intern_str(const struct intern *in, sym s) {
  return s < in->n ? in->entries[s].text : (struct str){"", 0};
}

int intern_cmp(const struct intern *in, sym a, sym b) {
  return a == b ? 0 : str_cmp(intern_str(in, a), intern_str(in, b));
}
