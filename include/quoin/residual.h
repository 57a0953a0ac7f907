/* Unknown values: what is known after apply, and how it becomes known.
 * A residual is either an attribute of a resource (U_ATTR), a secret reference
 * (U_SECRET), or an expression whose free names are bound to values, at least
 * one of which is unknown (U_EXPR). Resolving replaces what has become known;
 * the rest stays a residual. Plan files carry residuals as expressions. */
#ifndef QUOIN_RESIDUAL_H
#define QUOIN_RESIDUAL_H

#include "quoin/expr.h"

#define FORMAT_OR '|'
enum ukind { U_ATTR, U_EXPR, U_SECRET };
struct unknown {
  uint8_t ukind;
  uint8_t vkind;        /* enum vkind it will have, V_UNKNOWN if not known */
  bool sensitive;
  sym format;           /* e.g. AWS::EC2::VPC.Id; several with FORMAT_OR between them: it may be any of these
                           (of a list: its elements); 0 none. Templates drop it */
  sym address;          /* U_ATTR: resource address */
  struct str path;      /* U_ATTR: attribute path, e.g. VpcId; U_SECRET: the reference, e.g. env:TOKEN */
  const struct expr *expr;        /* U_EXPR */
  const struct member *bindings;  /* U_EXPR: free name -> value */
  uint32_t n_bindings;
};
/* Value of unknown u, with flags and meta (origins included). */
const struct value *value_of_unknown(struct session *s, struct arena *a, const struct unknown *u, uint32_t meta);
const struct value *unknown_attr(struct session *s, struct arena *a, sym address, struct str path, uint8_t vkind,
                                 sym format, uint32_t meta);

struct resolver {
  void *user;
  /* The value of an attribute if it is known now: QN_OK; QN_E_NOTFOUND: still unknown. */
  enum qn_err (*attribute)(void *user, sym address, struct str path, const struct value **out);
  /* The value of a secret; NULL: secrets stay references. */
  enum qn_err (*secret)(void *user, struct str ref, const struct value **out);
};
/* Rebuilds v with everything known that the resolver knows; v itself if nothing changed. */
enum qn_err value_resolve(struct session *s, struct arena *a, const struct value *v, const struct resolver *r,
                          const struct value **out) QN_MUST_USE;

/* JSON form for plan files and state: unknowns as {"$unknown": {...}}, secrets as {"$secret": "env:X"};
 * a map that has a key starting with `$` is wrapped as {"$map": {...}}. Exact inverse of each other. */
enum qn_err value_encode(struct session *s, struct arena *a, const struct value *v, const struct value **json) QN_MUST_USE;
enum qn_err value_decode(struct session *s, struct arena *a, const struct value *json, const struct value **v) QN_MUST_USE;
/* Text for plans: "(known after apply)", "(sensitive)". */
struct str unknown_text(const struct unknown *u);

#endif
