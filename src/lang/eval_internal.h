/* Private to src/lang: one evaluation. */
#ifndef QUOIN_LANG_EVAL_INTERNAL_H
#define QUOIN_LANG_EVAL_INTERNAL_H

#include "expr_internal.h"
#include "quoin/residual.h"

#define EVAL_DEPTH_MAX  600 /* nodes in progress, over all nested evaluations of one struct eval */
#define EVAL_STEPS      ((uint64_t)10000000)
#define VALUE_DEPTH_MAX 300
#define TEXT_MAX        ((size_t)16 << 20) /* bytes of one text; no service takes more */
#define STEP_BYTES      64                 /* making so many bytes of text counts as a step */
/* What an operation returns instead of a diagnostic while guessing (struct run). */
#define EVAL_GUESS_FAILED QN_E_REFUSED

struct frame { /* a loop variable */
  sym name;
  const struct value *value;
  const struct frame *up;
};
struct run {
  struct eval *ev;
  struct session *s;
  struct arena *a;
  const struct frame *frames;
  uint64_t *steps; /* left */
  bool guess;      /* evaluating what may never be needed: failures are no diagnostics */
};
enum qn_err eval_node(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
/* A name by frames, then by the scope. */
enum qn_err eval_name(struct run *r, sym name, struct span at, const struct value **out) QN_MUST_USE;
enum qn_err eval_path(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err eval_for(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err eval_unary(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err eval_binary(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err eval_if(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err eval_template(struct run *r, const struct expr *e, const struct value **out) QN_MUST_USE;

/* ---- failures ---------------------------------------------------------- */
/* *g is the diagnostic, NULL when none is added (quiet, guessing). Returns the error to hand on. */
enum qn_err eval_fail(struct run *r, struct diag **g, enum diag_code code, struct span at, const char *fmt,
                      ...) __attribute__((format(printf, 5, 6)));
/* May a text of so many bytes be made? QN0319 if not. */
enum qn_err eval_text_room(struct run *r, struct span at, uint64_t size) QN_MUST_USE;
void eval_help(struct run *r, struct diag *g, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *kind_words(const struct value *v); /* "a string", "null", "an unknown string" ... */
const char *vkind_words(uint8_t vkind);

/* ---- kinds ------------------------------------------------------------- */
/* Kind that v has or will have; V_UNKNOWN if that is open. */
uint8_t kind_of(const struct value *v);
/* Bool of a known value: V_BOOL, or plain `true`/`false`. */
bool bool_of(const struct value *v, bool *out);
enum tri { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };
/* Equality that regards unknowns; numbers by value. */
enum tri value_same(const struct run *r, const struct value *a, const struct value *b);
static inline bool has_secret(const struct value *v) {
  return (v->flags & (VF_SECRET | VF_HAS_SECRET)) != 0;
}
struct member *members_sorted(struct run *r, const struct value *map); /* by key text */

/* ---- provenance -------------------------------------------------------- */
/* The meta to hand on: `have`, or else that of v unless v is a literal. */
uint32_t first_meta(const struct run *r, uint32_t have, const struct value *v);
/* Origins of every leaf. */
uint32_t leaf_origins(const struct run *r, const struct value *v);
/* v, each leaf also depending on `origins`. */
const struct value *add_origins(struct run *r, const struct value *v, uint32_t origins);
/* v, every leaf sensitive. */
const struct value *mark_secret(struct arena *a, const struct value *v);
/* The fresh value v made of operands: takes over their origins, and the meta of the first that has one. */
const struct value *derive(struct run *r, const struct value *v, struct span at,
                           const struct value *const *of, size_t n);

/* ---- residuals --------------------------------------------------------- */
/* Collects the bindings of a residual. Call residual_keep before residual_bind. */
struct residual {
  struct run *r;
  VEC(struct member) bindings;
  uint32_t origins, next;
  uint32_t from; /* meta of the first operand */
  bool sensitive;
};
/* Stands for v in the residual's expression: a literal, or a name bound to v. */
const struct expr *residual_bind(struct residual *x, const struct value *v, struct span at);
/* Keeps e as it is: binds its free names. */
enum qn_err residual_keep(struct residual *x, const struct expr *e) QN_MUST_USE;
/* e evaluated under guess if possible, else kept. *v is NULL when it was kept. */
enum qn_err residual_try(struct residual *x, const struct expr *e, const struct value **v) QN_MUST_USE;
/* The unknown value of kind vkind. */
const struct value *residual_end(struct residual *x, const struct expr *e, uint8_t vkind, sym format);
/* Formats of what is unknown in a value that will be a or b (either may be NULL); of lists, those of their
 * elements. */
sym formats_of(struct session *s, const struct value *a, const struct value *b);
uint8_t kind_join(uint8_t a, uint8_t b);
/* Certainly the same value once known. */
bool same_unknown(const struct unknown *a, const struct unknown *b);

#endif
