/* Expressions: text inside ${ } to a tree, and its evaluation with unknowns and
 * provenance (LANGUAGE.md; docs/language.md). The same language serves specs
 * and provider definitions. */
#ifndef QUOIN_EXPR_H
#define QUOIN_EXPR_H

#include "quoin/value.h"
#include "quoin/yaml.h"

struct expr; /* immutable tree in the session arena */

/* Maps a byte range of the expression text to source (block scalars fold). */
struct expr_source {
  const struct ynode *scalar; /* or NULL: then `at` + offset is the place */
  struct span at;
  size_t offset;              /* of the expression text in the scalar's text */
};
/* A bare expression (without ${ }). NULL after diagnostics (QN03xx). */
const struct expr *expr_parse(struct session *s, struct str text, const struct expr_source *src);
/* A scalar's text as template: exactly one ${..} is that expression, text without ${ is a literal
 * (VF_PLAIN set for plain scalars), else concatenation. `$${` escapes. */
const struct expr *template_parse(struct session *s, const struct ynode *scalar);
/* Names an expression takes from its scope (free variables), sorted, unique. */
const sym *expr_free_names(struct session *s, const struct expr *e, size_t *n);
/* Loop variables an expression declares, for the check that they shadow nothing. */
struct expr_loop { sym name; struct span span; };
const struct expr_loop *expr_loops(struct session *s, const struct expr *e, size_t *n);
/* Source text of an expression, canonical enough to be parsed again (plan files). */
struct str expr_text(struct session *s, const struct expr *e);
struct span expr_span(const struct expr *e);
bool expr_is_literal(const struct expr *e);

/* A scope answers names. Scopes are chained by their owners; eval asks once per name. */
struct eval;
struct scope {
  /* QN_OK and *out set (may be V_NULL, V_UNKNOWN, V_RES), or QN_E_NOTFOUND, or QN_E_INVALID after
   * diagnostics. `at` is the place of the name. */
  enum qn_err (*name)(struct eval *ev, void *user, sym name, struct span at, const struct value **out);
  /* Member or attribute of a resource value, e.g. vpc.VpcId; NULL: V_RES has no members. */
  enum qn_err (*attribute)(struct eval *ev, void *user, const struct value *res, struct str path, struct span at,
                           const struct value **out);
  /* Function not in the common table (definitions' name(), lookups, secrets). NULL or QN_E_NOTFOUND: unknown. */
  enum qn_err (*call)(struct eval *ev, void *user, sym fn, const struct value *const *args, size_t n,
                      struct span at, const struct value **out);
  /* For "did you mean": appends known names. May be NULL. */
  void (*known)(void *user, struct arena *a, struct str **names, size_t *n);
  void *user;
};
struct eval {
  struct session *s;
  struct arena *arena;  /* values are built here */
  const struct scope *scope;
  bool quiet;           /* errors return codes but add no diagnostics */
  bool definition;      /* provider definition: member of null or of a missing key is null */
  unsigned depth;       /* nodes in progress; hand it on to evaluations started inside a scope's callback: it is capped */
  uint64_t budget;      /* most steps of one expr_eval; 0 = 10 million */
};
enum qn_err expr_eval(struct eval *ev, const struct expr *e, const struct value **out) QN_MUST_USE;

/* The function table, for help, docs and completion. */
struct fn_info { const char *name, *signature, *doc; uint8_t min_args, max_args; bool pure; };
const struct fn_info *fn_table(size_t *n);

#endif
