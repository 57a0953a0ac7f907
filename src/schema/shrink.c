/* Makes equal parts of the node table one. Two ranges are equal when no path
 * below them tells them apart; so, as for automata, all are taken as equal at
 * first and told apart until nothing changes. Recursive definitions need no care. */
#include "table.h"

#include "quoin/vec.h"

struct work {
  const struct table_node *nodes;
  const struct node_range *ranges;
  size_t n_ranges;
  uint32_t *range_of; /* node -> range that begins there + 1; 0: none */
  uint32_t *class_of; /* range + 1 -> class; [0] = 0 */
};

/* What tells a range from another, as far as classes are known. */
static struct str signature(struct arena *a, const struct work *w, size_t range) {
  struct node_range r = w->ranges[range];
  uint32_t *key = ARENA_ARRAY(a, (size_t)r.n * 6, uint32_t), *k = key;
  for (uint32_t i = 0; i < r.n; i++) {
    const struct table_node *t = &w->nodes[r.first + i];
    *k++ = t->name;
    *k++ = (uint32_t)t->kind | (uint32_t)t->bits << 8 | (uint32_t)t->flags << 16;
    *k++ = t->rules;
    *k++ = t->n;
    *k++ = w->class_of[w->range_of[t->items]];
    *k++ = t->n ? w->class_of[w->range_of[t->first]] : 0;
  }
  return (struct str){(const char *)key, (size_t)r.n * 6 * sizeof *key};
}

/* One round of telling apart; the number of classes. */
static uint32_t refine(struct work *w, uint32_t *next) {
  struct arena a;
  arena_init(&a);
  struct map *seen = ARENA_NEW(&a, struct map);
  uint32_t n = 0;
  for (size_t i = 0; i < w->n_ranges; i++) {
    struct str key = signature(&a, w, i);
    uint32_t *have = map_get(seen, key);
    next[i + 1] = have ? *have : ++n;
    if (!have) map_put(&a, seen, key, n);
  }
  arena_release(&a);
  return n;
}

size_t table_shrink(struct arena *a, struct table_node *nodes, size_t n, const struct node_range *ranges,
                    size_t n_ranges, uint32_t *moved) {
  struct work w = {nodes, ranges, n_ranges, ARENA_ARRAY(a, n, uint32_t),
                   ARENA_ARRAY(a, n_ranges + 1, uint32_t)};
  uint32_t *next = ARENA_ARRAY(a, n_ranges + 1, uint32_t);
  for (size_t i = 0; i < n_ranges; i++) w.range_of[ranges[i].first] = (uint32_t)i + 1;
  for (uint32_t classes = 0, before = UINT32_MAX; classes != before;) {
    before = classes;
    classes = refine(&w, next);
    memcpy(w.class_of, next, (n_ranges + 1) * sizeof *next);
  }
  uint32_t *place = ARENA_ARRAY(a, n_ranges + 1, uint32_t); /* class -> new first node; 0: none yet */
  struct table_node *out = ARENA_ARRAY(a, n, struct table_node);
  uint32_t count = 1;
  for (size_t i = 0; i < n_ranges; i++) {
    uint32_t c = w.class_of[i + 1];
    if (!place[c]) {
      place[c] = count;
      for (uint32_t k = 0; k < ranges[i].n; k++) out[count++] = nodes[ranges[i].first + k];
    }
    moved[ranges[i].first] = place[c];
  }
  for (uint32_t i = 1; i < count; i++) {
    out[i].items = moved[out[i].items];
    out[i].first = out[i].n ? moved[out[i].first] : 0;
  }
  memcpy(nodes, out, count * sizeof *nodes);
  return count;
}
