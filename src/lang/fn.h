/* The common functions: one table (fn_table.inc), implementations in fn_*.c. */
#ifndef QUOIN_LANG_FN_H
#define QUOIN_LANG_FN_H

#include "eval_internal.h"

enum fn_flag {
  FN_REVEALS = 1, /* its result tells about the content: secrets are refused */
  FN_LEAVES = 2   /* looks at leaves although its kinds are capital: the result depends on them */
};
struct call {
  struct run *r;
  const struct expr *e; /* E_CALL */
  const struct fn *fn;
  const struct value *const *args; /* coerced to the kinds of the table */
  size_t n;
};
/* Returned by an implementation: the result depends on what is not known yet. */
#define FN_UNKNOWN QN_E_CANCELLED
/* Result without provenance; failures by fn_fail. */
typedef enum qn_err fn_impl(struct call *c, const struct value **out);

/* Kinds of arguments, one letter each; the last may be followed by `*` (any number).
 *   s string  i int  n number  b bool  l list  m map  c list or map  v anything
 * Capital letters (L M C V): what is inside may be unknown, only the outside is looked at. */
struct fn {
  struct fn_info info;
  const char *kinds;
  uint8_t result; /* enum vkind, V_UNKNOWN if it depends */
  uint8_t flags;
  fn_impl *run;
};
const struct fn *fn_find(struct str name); /* NULL */
/* Checks, unknowns, secrets, provenance, then the implementation. */
enum qn_err fn_call(struct run *r, const struct expr *e, const struct value *const *args, size_t n,
                    const struct value **out) QN_MUST_USE;
/* QN0321 at argument i (SIZE_MAX: at the call). Returns the error to hand on. */
enum qn_err fn_fail(struct call *c, size_t i, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static inline struct str arg_str(const struct call *c, size_t i) {
  return value_text(c->args[i]);
}
static inline int64_t arg_int(const struct call *c, size_t i) {
  return c->args[i]->i;
}
static inline struct arena *call_arena(const struct call *c) {
  return c->r->a;
}
static inline const struct value *call_str(const struct call *c, struct str t) {
  return value_str(c->r->a, t);
}
/* Takes over a buffer's bytes and releases it; QN_E_LIMIT after a diagnostic if it failed. */
enum qn_err call_buf(struct call *c, struct buf *b, const struct value **out) QN_MUST_USE;

#define FN(name, ...) fn_impl fn_##name;
#include "fn_table.inc"
#undef FN

#endif
