/* Private to src/syntax: the state of one parse. */
#ifndef QUOIN_SYNTAX_YAML_INTERNAL_H
#define QUOIN_SYNTAX_YAML_INTERNAL_H

#include <yaml.h>

#include "quoin/vec.h"
#include "quoin/yaml.h"

#define YAML_DEPTH_MAX   256
#define YAML_ALIAS_NODES ((uint64_t)1000000) /* nodes that aliases may add */
#define YAML_MARK_STEP   256

struct yaml_anchor {
  const struct ynode *node; /* NULL while its collection is still open */
  struct span span;
  uint64_t size; /* nodes below it, aliases expanded */
  uint32_t height;
};

/* A collection that is still open. */
struct yaml_frame {
  uint8_t kind, flow;
  uint32_t start;  /* byte of its first character */
  uint32_t anchor; /* index + 1 into anchors; 0 none */
  size_t base;     /* first of its pairs in `pending` */
  bool has_key;
  sym key;
  struct span key_span;
  uint64_t size;
  uint32_t height;
};

struct yaml_reader {
  struct session *s;
  uint32_t file;
  struct str text; /* the file without a byte order mark */
  uint32_t skip;   /* bytes of the mark */
  uint32_t *marks; /* byte offset of every YAML_MARK_STEP-th code point; NULL: all ASCII */
  size_t n_points; /* code points in text, where marks is set */
  struct arena scratch;
  yaml_parser_t parser;
  VEC(struct yaml_frame) frames;
  VEC(struct ypair) pending; /* items of sequences have key 0 */
  VEC(struct yaml_anchor) anchors;
  struct map anchor_names;
  uint32_t last_end; /* byte behind the last scalar, alias or flow collection */
  uint64_t alias_nodes;
  uint32_t *key_owner; /* per sym: collection + 1 that had it last, for duplicate keys */
  uint32_t *key_pair;
  size_t n_keys;
  uint32_t n_maps;
  const struct ynode *root;
  bool failed;
};

/* Where a libyaml mark stands in the file, in bytes. */
uint32_t yaml_mark_byte(const struct yaml_reader *r, yaml_mark_t mark);
struct span yaml_span_of(const struct yaml_reader *r, uint32_t from, uint32_t to);
/* Checks bytes before libyaml sees them; false after a diagnostic. */
bool yaml_check_bytes(struct yaml_reader *r);
/* Adds the diagnostic for libyaml's own error. */
void yaml_explain(struct yaml_reader *r);
/* Finds `${` cut by YAML in a plain scalar or key; true after a diagnostic. */
bool yaml_check_plain(struct yaml_reader *r, struct str text, uint32_t from, uint32_t to, bool flow,
                      bool key);

#endif
