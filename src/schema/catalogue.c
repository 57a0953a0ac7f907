/* Questions to the catalogue about one type and its properties. */
#include "table.h"

snode schema_child(const struct schema *sc, snode n, struct str name) {
  struct table_node t = table_node(sc, n);
  uint32_t lo = 0, hi = t.n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    int c = str_cmp(table_str(sc, table_node(sc, t.first + mid).name), name);
    if (c == 0) return t.first + mid;
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return 0;
}

snode schema_items(const struct schema *sc, snode n) {
  return table_node(sc, n).items;
}

/* One step `A`, `b[]`, `b[3]`, or the key of a map. */
static snode step(const struct schema *sc, snode n, struct str part) {
  size_t bracket = str_find_c(part, '[');
  struct str name = bracket == SIZE_MAX ? part : str_sub(part, 0, bracket);
  if (!name.n) return 0;
  snode next = schema_child(sc, n, name);
  if (!next && schema_kind(sc, n) == SK_MAP) next = schema_items(sc, n);
  struct str rest = bracket == SIZE_MAX ? STR("") : str_sub(part, bracket, part.n);
  while (next && rest.n) {
    size_t close = str_find_c(rest, ']');
    if (rest.p[0] != '[' || close == SIZE_MAX) return 0;
    next = schema_items(sc, next);
    rest = str_sub(rest, close + 1, rest.n);
  }
  return next;
}

snode schema_at(const struct schema *sc, const struct stype *t, struct str path) {
  snode n = t->root;
  while (n && path.n) {
    struct str part, rest = str_cut(path, '.', &part);
    n = step(sc, n, part);
    path = rest;
  }
  return n;
}

enum skind schema_kind(const struct schema *sc, snode n) {
  return (enum skind)table_node(sc, n).kind;
}
unsigned schema_flags(const struct schema *sc, snode n) {
  return table_node(sc, n).flags;
}
struct str schema_name(const struct schema *sc, snode n) {
  return table_str(sc, table_node(sc, n).name);
}

struct str schema_format(const struct schema *sc, snode n) {
  struct table_node t = table_node(sc, n);
  struct rule r;
  return table_find_rule(sc, &t, R_FORMAT, &r) ? rule_str(sc, &r, 0) : STR("");
}

bool schema_default(const struct schema *sc, snode n, struct arena *a, const struct value **out) {
  struct table_node t = table_node(sc, n);
  struct rule r;
  if (!table_find_rule(sc, &t, R_DEFAULT, &r)) return false;
  struct str text = rule_str(sc, &r, 0);
  int64_t i;
  switch ((enum skind)t.kind) {
  case SK_STRING: *out = value_str(a, text); return true;
  case SK_BOOLEAN: *out = value_bool(a, str_eq(text, STR("true"))); return true;
  case SK_NUMBER:
  case SK_INTEGER:
    if (str_to_i64(text, &i))
      *out = value_int(a, i);
    else
      *out = value_dec(a, text);
    return true;
  case SK_ANY:
  case SK_OBJECT:
  case SK_ARRAY:
  case SK_MAP: break; /* the generator gives defaults to scalars only */
  }
  return false;
}

size_t schema_children(const struct schema *sc, snode n, struct arena *a, snode **out) {
  struct table_node t = table_node(sc, n);
  *out = ARENA_ARRAY(a, t.n, snode);
  for (uint32_t i = 0; i < t.n; i++) (*out)[i] = t.first + i;
  return t.n;
}

static size_t texts(const struct schema *sc, const uint8_t *words, uint32_t n, struct arena *a,
                    struct str **out) {
  *out = ARENA_ARRAY(a, n, struct str);
  for (uint32_t i = 0; i < n; i++) (*out)[i] = table_str(sc, table_u32(words + 4 * (size_t)i));
  return n;
}

size_t schema_enum(const struct schema *sc, snode n, struct arena *a, struct str **out) {
  struct table_node t = table_node(sc, n);
  struct rule r;
  *out = NULL;
  return table_find_rule(sc, &t, R_ENUM, &r) ? texts(sc, r.words, r.n, a, out) : 0;
}

struct str schema_tag_property(const struct schema *sc, const struct stype *t) {
  return table_str(sc, table_type(sc, t->index).tags);
}

struct str schema_replacement(const struct schema *sc, const struct stype *t) {
  return table_str(sc, table_type(sc, t->index).replacement);
}

size_t schema_identifier(const struct schema *sc, const struct stype *t, struct arena *a, struct str **out) {
  uint32_t at = table_type(sc, t->index).identifier, words = sc->sec[SEC_RULES].n;
  *out = NULL;
  if (at >= words) return 0;
  const uint8_t *p = sc->sec[SEC_RULES].p + 4 * (size_t)at;
  uint32_t n = table_u32(p);
  return n < words - at ? texts(sc, p + 4, n, a, out) : 0;
}
