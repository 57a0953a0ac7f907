/* Values: the one tree that runs through quoin, from evaluated expressions to
 * properties, requests, replies, state and plan. Values are immutable once
 * built and live in the session arena (or any arena that outlives them).
 * Numbers are exact: int64 or decimal text. Strings are UTF-8.
 *
 * Map members are kept in insertion order and looked up by sym; printing and
 * comparing sorts by key text, so the order of keys never matters. */
#ifndef QUOIN_VALUE_H
#define QUOIN_VALUE_H

#include "quoin/session.h"

enum vkind {
  V_NULL,
  V_BOOL,
  V_INT,
  V_DEC,    /* decimal text in canonical shortest form, e.g. 16.1 */
  V_STR,
  V_LIST,
  V_MAP,
  V_RES,    /* a resource itself (only between expressions, never in a property) */
  V_UNKNOWN /* known after apply: residual.h says of what */
};

enum vflag {
  VF_SECRET = 1,     /* sensitive: never printed, stored or logged */
  VF_HAS_UNKNOWN = 2, /* this or something below is V_UNKNOWN */
  VF_HAS_SECRET = 4,  /* this or something below is sensitive */
  VF_PLAIN = 8        /* V_STR from an unquoted YAML scalar whose type is still open (LANGUAGE rule 1) */
};

struct value;
struct unknown; /* residual.h */
struct member {
  sym key;
  struct span key_span;
  const struct value *value;
};
struct value {
  uint8_t kind;  /* enum vkind */
  uint8_t flags; /* enum vflag */
  uint16_t pad;
  uint32_t meta; /* index into the session's metas; 0 = nothing known */
  uint32_t n;    /* items, members, or bytes */
  union {
    bool b;
    int64_t i;
    const char *s;                      /* V_STR, V_DEC: n bytes, NUL behind */
    const struct value *const *items;   /* V_LIST */
    const struct member *members;       /* V_MAP */
    struct { sym address, type; } res;  /* V_RES */
    const struct unknown *unknown;      /* V_UNKNOWN */
  };
};

/* Provenance: where a value came from, chained. */
enum how {
  HOW_NONE, HOW_LITERAL, HOW_DEFAULT, HOW_INPUT, HOW_ENVIRONMENT, HOW_VAR, HOW_FUNCTION,
  HOW_OUTPUT, HOW_ATTRIBUTE, HOW_LOOKUP, HOW_SECRET, HOW_BUILTIN, HOW_LOCAL, HOW_LOOP
};
struct vmeta {
  struct span span;
  uint8_t how;      /* enum how */
  sym name;         /* input, function, environment ... the step is about; 0 */
  uint32_t from;    /* the meta of the value this one was made of; 0 */
  uint32_t origins; /* origin set: resources this value depends on; 0 = none */
};
uint32_t vmeta_add(struct session *s, struct vmeta m);
struct vmeta vmeta_get(const struct session *s, uint32_t meta); /* zero for 0 */

/* Origin sets are interned: equal sets have equal ids. An origin is the sym of
 * a resource address. */
uint32_t origins_add(struct session *s, uint32_t set, sym address);
uint32_t origins_union(struct session *s, uint32_t a, uint32_t b);
/* Sorted by sym; valid for the session. */
const sym *origins_list(const struct session *s, uint32_t set, size_t *n);

/* Constructors allocate in `a`; meta 0. Texts are copied. */
const struct value *value_null(void);
const struct value *value_bool(struct arena *a, bool b);
const struct value *value_int(struct arena *a, int64_t i);
const struct value *value_dec(struct arena *a, struct str text);
const struct value *value_str(struct arena *a, struct str text);
/* The arrays are copied; flags VF_HAS_* are computed. */
const struct value *value_list(struct arena *a, const struct value *const *items, size_t n);
const struct value *value_map(struct arena *a, const struct member *members, size_t n);
const struct value *value_with_meta(struct arena *a, const struct value *v, uint32_t meta);
const struct value *value_with_flags(struct arena *a, const struct value *v, uint8_t flags); /* adds */

static inline bool value_is(const struct value *v, enum vkind k) { return v && v->kind == (uint8_t)k; }
static inline bool value_is_null(const struct value *v) { return !v || v->kind == V_NULL; }
static inline bool value_unknown(const struct value *v) { return v && (v->flags & VF_HAS_UNKNOWN); }
static inline struct str value_text(const struct value *v) /* V_STR and V_DEC */
{ return (struct str){v->s, v->n}; }

/* NULL if absent. value_get takes text; value_at a path like `A.b[0].C` or `A["k"]`. */
const struct value *value_member(const struct value *map, sym key);
const struct value *value_get(const struct session *s, const struct value *map, struct str key);
const struct value *value_at(const struct session *s, const struct value *v, struct str path);
/* Bytes of the selector `[...]` that a path begins with, its brackets included; 0: it has no end. */
size_t path_selector(struct str path);
/* All of it in another arena; what unknowns stand for is not copied. */
const struct value *value_copy(struct arena *a, const struct value *v);
/* Copy-on-write updates: a new map with key set (or removed when v is NULL). */
const struct value *value_put(struct arena *a, const struct value *map, sym key, const struct value *v);
/* Deep equality: maps by key, lists in order, numbers exactly, metas ignored.
 * Unknowns are equal only to themselves (same pointer). Iterative or capped at depth 256. */
bool value_eq(const struct session *s, const struct value *a, const struct value *b);
/* Total order for sorting sets: by kind, then content. */
int value_cmp(const struct session *s, const struct value *a, const struct value *b);
/* Number or bool to its shortest exact text; strings as they are; false for others. */
bool value_to_text(struct arena *a, const struct value *v, struct str *out);

/* JSON (src/base/json.c wraps jansson). Values with unknowns or secrets are refused
 * here (QN_E_INVALID): residual.h has the form that plan files use. */
struct json_error { size_t offset; struct str message; };
/* depth <= 256, duplicate keys are errors, NUL in strings allowed; doubles become V_DEC (integers V_INT). */
enum qn_err json_parse(struct session *s, struct arena *a, struct str text, const struct value **out,
                       struct json_error *err) QN_MUST_USE;
enum json_style { JSON_COMPACT, JSON_PRETTY /* two blanks */, JSON_SORTED = 4 /* or-ed: keys by bytes */,
  JSON_SECRETS = 8 /* or-ed: secrets are written, too; only for what is sent or compared in memory */ };
enum qn_err json_write(const struct session *s, const struct value *v, int style, struct buf *out) QN_MUST_USE;
/* One JSON string literal with quotes. */
void json_escape(struct buf *out, struct str s);

#endif
