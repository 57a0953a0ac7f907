/* Equality and total order of values. Depth is capped: parsers refuse deeper
 * trees, so the cap only guards against values built by mistake. */
#include "quoin/value.h"

#include <stdlib.h>

#define DEPTH_MAX 300

static int cmp_deep(const struct session *s, const struct value *a, const struct value *b, unsigned depth);

/* Member indices in order of key text; small maps are the rule. */
static uint32_t *sorted_members(const struct session *s, const struct value *m, uint32_t *room,
                                uint32_t room_n) {
  uint32_t *order = m->n <= room_n ? room : malloc(m->n * sizeof *order);
  if (!order) abort();
  for (uint32_t i = 0; i < m->n; i++) {
    uint32_t j = i;
    for (; j > 0 && intern_cmp(s->names, m->members[order[j - 1]].key, m->members[i].key) > 0; j--)
      order[j] = order[j - 1];
    order[j] = i;
  }
  return order;
}

#define ROOM 32
static int cmp_maps(const struct session *s, const struct value *a, const struct value *b, unsigned depth) {
  uint32_t room_a[ROOM], room_b[ROOM];
  uint32_t *oa = sorted_members(s, a, room_a, ROOM), *ob = sorted_members(s, b, room_b, ROOM);
  int c = 0;
  for (uint32_t i = 0; !c && i < a->n && i < b->n; i++) {
    const struct member *x = &a->members[oa[i]], *y = &b->members[ob[i]];
    c = intern_cmp(s->names, x->key, y->key);
    if (!c) c = cmp_deep(s, x->value, y->value, depth);
  }
  if (oa != room_a) free(oa);
  if (ob != room_b) free(ob);
  return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int cmp_lists(const struct session *s, const struct value *a, const struct value *b, unsigned depth) {
  for (uint32_t i = 0; i < a->n && i < b->n; i++) {
    int c = cmp_deep(s, a->items[i], b->items[i], depth);
    if (c) return c;
  }
  return (a->n > b->n) - (a->n < b->n);
}

static int cmp_deep(const struct session *s, const struct value *a, const struct value *b, unsigned depth) {
  if (a == b || depth > DEPTH_MAX) return 0;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  switch ((enum vkind)a->kind) {
  case V_NULL: return 0;
  case V_BOOL: return a->b - b->b;
  case V_INT: return (a->i > b->i) - (a->i < b->i);
  case V_DEC:
  case V_STR: return str_cmp(value_text(a), value_text(b));
  case V_LIST: return cmp_lists(s, a, b, depth + 1);
  case V_MAP: return cmp_maps(s, a, b, depth + 1);
  case V_RES: return intern_cmp(s->names, a->res.address, b->res.address);
  case V_UNKNOWN: break;
  }
  if (a->unknown == b->unknown) return 0;
  return (uintptr_t)a->unknown < (uintptr_t)b->unknown ? -1 : 1;
}

int value_cmp(const struct session *s, const struct value *a, const struct value *b) {
  return cmp_deep(s, a ? a : value_null(), b ? b : value_null(), 0);
}

bool value_eq(const struct session *s, const struct value *a, const struct value *b) {
  return value_cmp(s, a, b) == 0;
}
