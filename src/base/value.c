#include "quoin/value.h"

#include <stdio.h>

#define HAS (VF_HAS_UNKNOWN | VF_HAS_SECRET)

static const struct value null_value = {.kind = V_NULL};

const struct value *value_null(void) {
  return &null_value;
}

static struct value *make(struct arena *a, enum vkind kind) {
  struct value *v = ARENA_NEW(a, struct value);
  v->kind = (uint8_t)kind;
  return v;
}

const struct value *value_bool(struct arena *a, bool b) {
  struct value *v = make(a, V_BOOL);
  v->b = b;
  return v;
}

const struct value *value_int(struct arena *a, int64_t i) {
  struct value *v = make(a, V_INT);
  v->i = i;
  return v;
}

static const struct value *text(struct arena *a, enum vkind kind, struct str t) {
  struct value *v = make(a, kind);
  struct str copy = str_dup(a, str_sub(t, 0, UINT32_MAX));
  v->s = copy.p;
  v->n = (uint32_t)copy.n;
  return v;
}

const struct value *value_dec(struct arena *a, struct str t) {
  return text(a, V_DEC, t);
}
const struct value *value_str(struct arena *a, struct str t) {
  return text(a, V_STR, t);
}

/* What a container inherits from an element. */
static uint8_t inherited(const struct value *v) {
  uint8_t f = v->flags & HAS;
  if (v->flags & VF_SECRET) f |= VF_HAS_SECRET;
  return f;
}

const struct value *value_list(struct arena *a, const struct value *const *items, size_t n) {
  struct value *v = make(a, V_LIST);
  const struct value **copy = ARENA_ARRAY(a, n, const struct value *);
  for (size_t i = 0; i < n; i++) {
    copy[i] = items[i];
    v->flags |= inherited(items[i]);
  }
  v->items = copy;
  v->n = (uint32_t)n;
  return v;
}

/* In `pad` of a large map whose syms ascend, as they do where keys were new when the map was made:
 * members are then found by bisection. */
#define KEYS_ASCEND 1
#define LARGE_MAP   16

const struct value *value_map(struct arena *a, const struct member *members, size_t n) {
  struct value *v = make(a, V_MAP);
  struct member *copy = ARENA_ARRAY(a, n, struct member);
  bool ascend = n >= LARGE_MAP;
  for (size_t i = 0; i < n; i++) {
    copy[i] = members[i];
    v->flags |= inherited(members[i].value);
    ascend = ascend && (i == 0 || members[i - 1].key < members[i].key);
  }
  if (ascend) v->pad |= KEYS_ASCEND;
  v->members = copy;
  v->n = (uint32_t)n;
  return v;
}

const struct value *value_with_meta(struct arena *a, const struct value *v, uint32_t meta) {
  if (v->meta == meta) return v;
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  copy->meta = meta;
  return copy;
}

const struct value *value_with_flags(struct arena *a, const struct value *v, uint8_t flags) {
  if ((v->flags & flags) == flags) return v;
  struct value *copy = ARENA_NEW(a, struct value);
  *copy = *v;
  copy->flags |= flags;
  return copy;
}

static const struct value *member_bsearch(const struct value *map, sym key) {
  uint32_t lo = 0, hi = map->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (map->members[mid].key == key) return map->members[mid].value;
    if (map->members[mid].key < key)
      lo = mid + 1;
    else
      hi = mid;
  }
  return NULL;
}

const struct value *value_member(const struct value *map, sym key) {
  if (!value_is(map, V_MAP)) return NULL;
  if (map->pad & KEYS_ASCEND) return member_bsearch(map, key);
  for (uint32_t i = 0; i < map->n; i++)
    if (map->members[i].key == key) return map->members[i].value;
  return NULL;
}

const struct value *value_get(const struct session *s, const struct value *map, struct str key) {
  sym k = intern_find(s->names, key);
  return k || key.n == 0 ? value_member(map, k) : NULL;
}

const struct value *value_put(struct arena *a, const struct value *map, sym key, const struct value *v) {
  uint32_t n = value_is(map, V_MAP) ? map->n : 0, k = 0;
  struct member *copy = ARENA_ARRAY(a, n + 1, struct member);
  bool seen = false;
  for (uint32_t i = 0; i < n; i++) {
    copy[k] = map->members[i];
    if (copy[k].key == key) {
      seen = true;
      if (!v) continue;
      copy[k].value = v;
    }
    k++;
  }
  if (v && !seen) copy[k++] = (struct member){.key = key, .value = v};
  const struct value *out = value_map(a, copy, k);
  return map && map->meta ? value_with_meta(a, out, map->meta) : out;
}

const struct value *value_copy(struct arena *a, const struct value *v) {
  if (v->kind == V_NULL && !v->meta) return value_null();
  struct value *out = make(a, (enum vkind)v->kind);
  *out = *v;
  if (v->kind == V_STR || v->kind == V_DEC) {
    out->s = str_dup(a, value_text(v)).p;
  } else if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = value_copy(a, v->items[i]);
    out->items = items;
  } else if (v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++)
      m[i] = (struct member){v->members[i].key, v->members[i].key_span, value_copy(a, v->members[i].value)};
    out->members = m;
  }
  return out;
}

bool value_to_text(struct arena *a, const struct value *v, struct str *out) {
  if (value_is(v, V_STR) || value_is(v, V_DEC))
    *out = value_text(v);
  else if (value_is(v, V_INT))
    *out = str_fmt(a, "%lld", (long long)v->i);
  else if (value_is(v, V_BOOL))
    *out = v->b ? STR("true") : STR("false");
  else
    return false;
  return true;
}
