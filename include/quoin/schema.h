/* The catalogue of resource types: facts from AWS's resource schemas, as compact
 * tables mapped from the binary. Opening costs microseconds; looking up one type
 * touches only that type. Source of facts: the generator under modules/providers/aws. */
#ifndef QUOIN_SCHEMA_H
#define QUOIN_SCHEMA_H

#include "quoin/value.h"

struct schema; /* the catalogue; opaque */
enum skind { SK_ANY, SK_STRING, SK_INTEGER, SK_NUMBER, SK_BOOLEAN, SK_OBJECT, SK_ARRAY, SK_MAP /* patternProperties */ };
enum sflag { /* of a property */
  SF_REQUIRED = 1, SF_CREATE_ONLY = 2, SF_READ_ONLY = 4, SF_WRITE_ONLY = 8, SF_COND_CREATE_ONLY = 16,
  SF_SET = 32 /* insertionOrder: false */, SF_UNIQUE = 64, SF_IDENTIFIER = 128, SF_DEPRECATED = 256, SF_JSON = 512
};
/* A node is a property with its place in a type; nodes are indices, 0 = none. */
typedef uint32_t snode;
struct stype { /* a type's handle */
  struct str name;
  snode root;
  uint32_t index;
};

/* blob: what the build made (blob.h, or a file); must outlive the schema. */
enum qn_err schema_open(struct session *s, struct str blob, struct schema **out) QN_MUST_USE;
void schema_free(struct schema *sc);
bool schema_type(const struct schema *sc, struct str name, struct stype *out);
size_t schema_types(const struct schema *sc, const struct str **names); /* sorted */

snode schema_child(const struct schema *sc, snode n, struct str name); /* property of an object, 0 if none */
snode schema_items(const struct schema *sc, snode n);                  /* element of an array or map value */
/* `A.b[].C` paths below a type's root; 0 if none. */
snode schema_at(const struct schema *sc, const struct stype *t, struct str path);
enum skind schema_kind(const struct schema *sc, snode n);
unsigned schema_flags(const struct schema *sc, snode n);
struct str schema_name(const struct schema *sc, snode n);
struct str schema_format(const struct schema *sc, snode n);            /* e.g. AWS::EC2::VPC.Id or empty */
bool schema_default(const struct schema *sc, snode n, struct arena *a, const struct value **out);
size_t schema_children(const struct schema *sc, snode n, struct arena *a, snode **out); /* sorted by name */
size_t schema_enum(const struct schema *sc, snode n, struct arena *a, struct str **out);
struct str schema_tag_property(const struct schema *sc, const struct stype *t); /* "Tags" or empty */
size_t schema_identifier(const struct schema *sc, const struct stype *t, struct arena *a, struct str **out);
/* "delete_then_create", "create_then_delete" or empty. */
struct str schema_replacement(const struct schema *sc, const struct stype *t);

/* Checks a property tree; adds QN02xx at the right spans (meta of values, key_span of members).
 * Unknowns are checked as far as their type and format go. Coerces VF_PLAIN scalars and
 * returns the typed tree (LANGUAGE rule 1). *out is NULL when errors were found. */
enum qn_err schema_check(const struct schema *sc, struct session *s, const struct stype *t, const struct value *props,
                         struct span where, const struct value **out) QN_MUST_USE;

/* Fills the callbacks by which lang asks for types (spec.h); *out uses sc and s as long as it is used. */
struct lang_types;
void schema_lang_types(struct schema *sc, struct session *s, struct lang_types *out);

#endif
