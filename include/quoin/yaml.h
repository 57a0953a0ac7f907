/* YAML text to nodes that keep their spans (src/syntax wraps libyaml 0.2.5).
 * Scalars keep their text and whether they were plain; nothing is typed here.
 * Anchors and aliases share nodes; the expanded size is capped. Duplicate keys,
 * depth over 256, invalid UTF-8, several documents, tags and non-scalar keys are
 * diagnostics (QN01xx). Keys are always scalars. */
#ifndef QUOIN_YAML_H
#define QUOIN_YAML_H

#include "quoin/session.h"

enum ykind { Y_SCALAR, Y_SEQ, Y_MAP };
enum ystyle { YS_PLAIN, YS_SINGLE, YS_DOUBLE, YS_LITERAL, YS_FOLDED };
struct ynode;
struct ypair {
  sym key;
  struct span key_span;
  const struct ynode *value;
};
struct ynode {
  uint8_t kind;  /* enum ykind */
  uint8_t style; /* enum ystyle, scalars */
  uint8_t flow;  /* written in flow style */
  uint32_t n;
  struct span span; /* in source bytes: quotes and block indicators included */
  union {
    struct str text; /* scalar: decoded text */
    const struct ynode *const *items;
    const struct ypair *pairs;
  };
};
/* Parses file `file` of the source map. Returns NULL after adding diagnostics.
 * An empty document is an empty map. */
const struct ynode *yaml_parse(struct session *s, uint32_t file);
/* NULL if absent. */
const struct ynode *yaml_get(const struct session *s, const struct ynode *map, const char *key);
/* Where byte `at` of a scalar's decoded text stands in the source: exact for plain, quoted and block
 * scalars (escapes and folding regarded). */
struct span yaml_text_span(const struct session *s, const struct ynode *scalar, size_t from, size_t to);
/* The same for a whole scalar: out[i] is the source byte of text byte i, out[text.n] the end; room for text.n + 1. */
void yaml_text_offsets(const struct session *s, const struct ynode *scalar, uint32_t *out);
/* Offset just behind the `}` that closes the `${` at text[at], or SIZE_MAX: braces inside quotes do not count. */
size_t yaml_expr_end(struct str text, size_t at);

#endif
