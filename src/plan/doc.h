/* Private to plan: documents put together member by member; what is not there is left out. */
#ifndef QUOIN_PLAN_DOC_H
#define QUOIN_PLAN_DOC_H

#include "quoin/plan.h"
#include "quoin/vec.h"

struct doc {
  struct session *s;
  struct arena *a;
};
typedef VEC(struct member) members;

static inline void put(struct doc *d, members *m, const char *key, const struct value *v) {
  if (v) VEC_PUSH(d->a, m, ((struct member){.key = session_sym(d->s, str_c(key)), .value = v}));
}
static inline void put_text(struct doc *d, members *m, const char *key, struct str t) {
  if (t.n) put(d, m, key, value_str(d->a, t));
}
static inline void put_sym(struct doc *d, members *m, const char *key, sym t) {
  put_text(d, m, key, session_str(d->s, t));
}
static inline const struct value *map_of(struct doc *d, const members *m) {
  return value_map(d->a, m->v, m->n);
}

#endif
