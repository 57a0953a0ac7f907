/* Form of the schema table, shared by compile.c (writes) and table.c (reads).
 * Everything is little-endian u32 at offsets from the start, so the table is
 * used where it lies. Reading trusts nothing: every index is checked when it is
 * followed, a wrong one reads as "nothing there".
 *
 *   header   magic, version, size, then (offset, count) of the sections below
 *   types    TYPE_BYTES each, sorted by name
 *   nodes    NODE_BYTES each; children of a node stand together, sorted by name;
 *            node 0 is "none". Definitions used twice share their children, so
 *            recursive schemas are cycles of indices.
 *   rules    u32 words; a node's rules are records {tag | n << 8, n words} up to
 *            one with tag R_END. Offset 0 is an empty list.
 *   formats  FORMAT_BYTES each, sorted by name
 *   offsets  of strings (count + 1) into bytes; string 0 is empty; each ends in NUL */
#ifndef QUOIN_SCHEMA_TABLE_H
#define QUOIN_SCHEMA_TABLE_H

#include "quoin/regex.h"
#include "quoin/schema.h"

#define TABLE_MAGIC "QNSCHEMA"
enum { TABLE_VERSION = 1, TYPE_BYTES = 20, NODE_BYTES = 24, FORMAT_BYTES = 8 };
enum section { SEC_TYPES, SEC_NODES, SEC_RULES, SEC_FORMATS, SEC_OFFSETS, SEC_BYTES, SECTIONS };
enum { HEADER_BYTES = 16 + SECTIONS * 8 };

enum rule_tag {
  R_END,
  R_PATTERN, /* text */
  R_KEYS,    /* text: pattern of a map's keys */
  R_ENUM,    /* texts */
  R_FORMAT,  /* texts: one of them */
  R_LENGTH,  /* least, most (NO_LIMIT) in code points */
  R_COUNT,   /* least, most elements or members */
  R_MIN,     /* decimal text */
  R_MAX,
  R_MULTIPLE,
  R_DEFAULT, /* text of the scalar */
  R_UNIQUE_KEYS,
  R_XOR,      /* exactly one of these properties; may occur several times */
  R_OR,       /* at least one */
  R_ONE_OF,   /* exactly one of these sets; sets are separated by string 0 */
  R_ANY_OF,   /* at least one */
  R_NEEDS,    /* first needs the others */
  R_EXCLUDES, /* first cannot stand beside the others */
  R_TAGS
};
#define NO_LIMIT UINT32_MAX

enum node_bit {
  NODE_OPEN = 1 /* unknown members are allowed */,
  NODE_TEXT = 2 /* JSON text is fine */,
  NODE_NOCASE = 4
};

struct table_node {
  uint32_t name;
  uint8_t kind, bits; /* enum skind, enum node_bit */
  uint16_t flags;     /* enum sflag */
  uint32_t items;     /* node or 0 */
  uint32_t first, n;  /* children */
  uint32_t rules;
};
struct table_type {
  uint32_t name, root, tags, replacement, identifier; /* identifier: offset of words {n, names} in rules */
};

struct schema_cache;
struct schema {
  struct str blob; /* borrowed */
  struct {
    const uint8_t *p;
    uint32_t n;
  } sec[SECTIONS];
  struct schema_cache *cache; /* owned: what is made on demand */
};

struct rule {
  enum rule_tag tag;
  const uint8_t *words;
  uint32_t n;
};

static inline uint32_t table_u32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
struct str table_str(const struct schema *sc, uint32_t id);
struct table_node table_node(const struct schema *sc, snode n); /* zero if there is no such node */
struct table_type table_type(const struct schema *sc, uint32_t index);
/* Next rule of a node; *at starts as node.rules. False at the end. */
bool table_rule(const struct schema *sc, uint32_t *at, struct rule *out);
bool table_find_rule(const struct schema *sc, const struct table_node *node, enum rule_tag tag,
                     struct rule *out);
static inline uint32_t rule_word(const struct rule *r, uint32_t i) {
  return i < r->n ? table_u32(r->words + 4 * (size_t)i) : 0;
}
static inline struct str rule_str(const struct schema *sc, const struct rule *r, uint32_t i) {
  return table_str(sc, rule_word(r, i));
}
/* Pattern of a format; empty if any text will do, or the format is not in the table. */
uint32_t table_format_pattern(const struct schema *sc, struct str format);
uint32_t table_formats(const struct schema *sc);
struct str table_format_at(const struct schema *sc, uint32_t i, uint32_t *pattern);
/* shrink.c, for the writer: keeps one of equal ranges (children of a node, an element, a root) in
 * `nodes` and gives the new count; moved[first] is where a range stands now (moved[0] = 0; n entries). */
struct node_range {
  uint32_t first, n; /* n >= 1 */
};
size_t table_shrink(struct arena *a, struct table_node *nodes, size_t n, const struct node_range *ranges,
                    size_t n_ranges, uint32_t *moved);
/* Compiled pattern by string id, cached; NULL: does not compile, so it constrains nothing. */
const struct regex *table_regex(const struct schema *sc, struct session *s, uint32_t pattern);

#endif
