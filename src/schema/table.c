#include "table.h"

#include <stdlib.h>

struct schema_cache {
  struct regex **regex; /* by string id; NULL: not compiled yet */
  uint8_t *refused;     /* by string id: does not compile */
  struct str *names;    /* of types, sorted */
};

static const uint8_t sizes[SECTIONS] = {TYPE_BYTES, NODE_BYTES, 4, FORMAT_BYTES, 4, 1};

static bool read_header(struct schema *sc) {
  const uint8_t *p = (const uint8_t *)sc->blob.p;
  if (sc->blob.n < HEADER_BYTES || memcmp(p, TABLE_MAGIC, 8) != 0) return false;
  if (table_u32(p + 8) != TABLE_VERSION || table_u32(p + 12) != sc->blob.n) return false;
  for (int i = 0; i < SECTIONS; i++) {
    uint32_t offset = table_u32(p + 16 + 8 * i), n = table_u32(p + 20 + 8 * i);
    if (offset < HEADER_BYTES || offset > sc->blob.n) return false;
    if ((uint64_t)n * sizes[i] > sc->blob.n - offset) return false;
    sc->sec[i].p = p + offset;
    sc->sec[i].n = n;
  }
  return sc->sec[SEC_OFFSETS].n > 0 && sc->sec[SEC_NODES].n > 0 && sc->sec[SEC_RULES].n > 0;
}

enum qn_err schema_open(struct session *s, struct str blob, struct schema **out) {
  struct schema *sc = calloc(1, sizeof *sc);
  struct schema_cache *cache = calloc(1, sizeof *cache);
  if (sc && cache) {
    sc->blob = blob;
    sc->cache = cache;
    if (read_header(sc)) {
      *out = sc;
      return QN_OK;
    }
    diag_add(&s->diags, QN0200, SPAN_NONE,
             "the catalogue of resource types is damaged or of another version");
  }
  bool damaged = sc && cache;
  free(cache);
  free(sc);
  return damaged ? QN_E_INVALID : QN_E_NOMEM;
}

void schema_free(struct schema *sc) {
  if (!sc) return;
  if (sc->cache->regex)
    for (uint32_t i = 0; i < sc->sec[SEC_OFFSETS].n; i++) regex_free(sc->cache->regex[i]);
  free(sc->cache->regex);
  free(sc->cache->refused);
  free(sc->cache->names);
  free(sc->cache);
  free(sc);
}

struct str table_str(const struct schema *sc, uint32_t id) {
  if (id == 0 || id >= sc->sec[SEC_OFFSETS].n - 1) return STR("");
  const uint8_t *at = sc->sec[SEC_OFFSETS].p + 4 * (size_t)id;
  uint32_t from = table_u32(at), to = table_u32(at + 4);
  if (from >= to || to > sc->sec[SEC_BYTES].n) return STR("");
  const char *p = (const char *)sc->sec[SEC_BYTES].p + from;
  return p[to - from - 1] == '\0' ? (struct str){p, to - from - 1} : STR("");
}

struct table_node table_node(const struct schema *sc, snode n) {
  if (n == 0 || n >= sc->sec[SEC_NODES].n) return (struct table_node){0};
  const uint8_t *p = sc->sec[SEC_NODES].p + NODE_BYTES * (size_t)n;
  struct table_node t = {
      .name = table_u32(p),
      .kind = p[4] <= SK_MAP ? p[4] : SK_ANY,
      .bits = p[5],
      .flags = (uint16_t)(p[6] | p[7] << 8),
      .items = table_u32(p + 8),
      .first = table_u32(p + 12),
      .n = table_u32(p + 16),
      .rules = table_u32(p + 20),
  };
  if (t.items >= sc->sec[SEC_NODES].n) t.items = 0;
  if ((uint64_t)t.first + t.n > sc->sec[SEC_NODES].n) t.n = 0;
  return t;
}

struct table_type table_type(const struct schema *sc, uint32_t index) {
  if (index >= sc->sec[SEC_TYPES].n) return (struct table_type){0};
  const uint8_t *p = sc->sec[SEC_TYPES].p + TYPE_BYTES * (size_t)index;
  return (struct table_type){table_u32(p), table_u32(p + 4), table_u32(p + 8), table_u32(p + 12),
                             table_u32(p + 16)};
}

bool table_rule(const struct schema *sc, uint32_t *at, struct rule *out) {
  uint32_t n = sc->sec[SEC_RULES].n;
  if (*at >= n) return false;
  const uint8_t *p = sc->sec[SEC_RULES].p + 4 * (size_t)*at;
  uint32_t head = table_u32(p), count = head >> 8;
  if ((head & 0xff) == R_END || (head & 0xff) >= R_TAGS || count >= n - *at) return false;
  *out = (struct rule){(enum rule_tag)(head & 0xff), p + 4, count};
  *at += 1 + count;
  return true;
}

bool table_find_rule(const struct schema *sc, const struct table_node *node, enum rule_tag tag,
                     struct rule *out) {
  uint32_t at = node->rules;
  while (at && table_rule(sc, &at, out))
    if (out->tag == tag) return true;
  return false;
}

uint32_t table_formats(const struct schema *sc) {
  return sc->sec[SEC_FORMATS].n;
}

struct str table_format_at(const struct schema *sc, uint32_t i, uint32_t *pattern) {
  const uint8_t *p = sc->sec[SEC_FORMATS].p + FORMAT_BYTES * (size_t)i;
  *pattern = table_u32(p + 4);
  return table_str(sc, table_u32(p));
}

uint32_t table_format_pattern(const struct schema *sc, struct str format) {
  uint32_t lo = 0, hi = table_formats(sc);
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2, pattern;
    int c = str_cmp(table_format_at(sc, mid, &pattern), format);
    if (c == 0) return pattern;
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return 0;
}

const struct regex *table_regex(const struct schema *sc, struct session *s, uint32_t pattern) {
  struct schema_cache *c = sc->cache;
  size_t n = sc->sec[SEC_OFFSETS].n;
  if (pattern == 0 || pattern >= n) return NULL;
  if (!c->regex) c->regex = calloc(n, sizeof *c->regex);
  if (!c->refused) c->refused = calloc(n, 1);
  if (!c->regex || !c->refused || c->refused[pattern]) return NULL;
  if (!c->regex[pattern]) {
    struct str message;
    size_t offset;
    if (regex_new(&s->arena, table_str(sc, pattern), &c->regex[pattern], &message, &offset)) {
      c->regex[pattern] = NULL;
      c->refused[pattern] = 1;
    }
  }
  return c->regex[pattern];
}

/* ---- types ----------------------------------------------------------------- */

size_t schema_types(const struct schema *sc, const struct str **names) {
  size_t n = sc->sec[SEC_TYPES].n;
  *names = NULL;
  if (!sc->cache->names) {
    struct str *v = calloc(n ? n : 1, sizeof *v);
    if (!v) return 0;
    for (size_t i = 0; i < n; i++) v[i] = table_str(sc, table_type(sc, (uint32_t)i).name);
    sc->cache->names = v;
  }
  *names = sc->cache->names;
  return n;
}

static struct str type_name(const void *sc, size_t i) {
  return table_str(sc, table_type(sc, (uint32_t)i).name);
}

bool schema_type(const struct schema *sc, struct str name, struct stype *out) {
  size_t at;
  if (!str_search(sc, sc->sec[SEC_TYPES].n, type_name, name, &at)) return false;
  *out = (struct stype){type_name(sc, at), table_type(sc, (uint32_t)at).root, (uint32_t)at};
  return true;
}
