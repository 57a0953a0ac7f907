#include "quoin/vec.h"

static size_t map_slot(const struct map *m, struct str key, uint64_t hash) {
  size_t i = hash & (m->n_slots - 1);
  while (m->slots[i]) {
    const struct map_entry *e = &m->e[m->slots[i] - 1];
    if (e->hash == hash && str_eq(e->key, key)) break;
    i = (i + 1) & (m->n_slots - 1);
  }
  return i;
}

static void map_rehash(struct arena *a, struct map *m, size_t n_slots) {
  m->n_slots = n_slots;
  m->slots = ARENA_ARRAY(a, m->n_slots, uint32_t);
  for (size_t k = 0; k < m->n; k++) {
    size_t i = m->e[k].hash & (m->n_slots - 1);
    while (m->slots[i]) i = (i + 1) & (m->n_slots - 1);
    m->slots[i] = (uint32_t)k + 1;
  }
}

static void map_entries(struct arena *a, struct map *m, size_t cap) {
  m->e = arena_grow(a, m->e, m->n, cap, sizeof *m->e);
  m->cap = cap;
}

void map_reserve(struct arena *a, struct map *m, size_t n) {
  size_t n_slots = m->n_slots ? m->n_slots : 16;
  if (!m->n_slots) m->seed = (uint64_t)(uintptr_t)m;
  while (n_slots < n * 2) n_slots *= 2;
  if (n_slots > m->n_slots) map_rehash(a, m, n_slots);
  if (n > m->cap) map_entries(a, m, n < m->cap * 2 ? m->cap * 2 : n);
}

bool map_put(struct arena *a, struct map *m, struct str key, uint32_t value) {
  if (!m->n_slots) m->seed = (uint64_t)(uintptr_t)m;
  uint64_t hash = str_hash(key, m->seed);
  if (m->n * 2 >= m->n_slots) map_rehash(a, m, m->n_slots ? m->n_slots * 2 : 16);
  size_t i = map_slot(m, key, hash);
  if (m->slots[i]) {
    m->e[m->slots[i] - 1].value = value;
    return false;
  }
  if (m->n == m->cap) map_entries(a, m, m->cap ? m->cap * 2 : 8);
  m->e[m->n++] = (struct map_entry){key, hash, value};
  m->slots[i] = (uint32_t)m->n;
  return true;
}

uint32_t *map_get(const struct map *m, struct str key) {
  if (!m->n_slots) return NULL;
  size_t i = map_slot(m, key, str_hash(key, m->seed));
  return m->slots[i] ? &m->e[m->slots[i] - 1].value : NULL;
}

/* Bottom-up merge sort over an index of pointers would cost more memory than it saves time: items are small.
 */
void sort_stable(struct arena *scratch, void *base, size_t n, size_t size, cmp_fn *cmp, void *user) {
  if (n < 2) return;
  unsigned char *from = base, *to = arena_array(scratch, n, size), *home = base;
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t lo = 0; lo < n; lo += 2 * width) {
      size_t mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n;
      size_t i = lo, j = mid;
      for (size_t k = lo; k < hi; k++) {
        bool left = i < mid && (j >= hi || cmp(from + i * size, from + j * size, user) <= 0);
        memcpy(to + k * size, from + (left ? i++ : j++) * size, size);
      }
    }
    unsigned char *t = from;
    from = to;
    to = t;
  }
  if (from != home) memcpy(home, from, n * size);
}
