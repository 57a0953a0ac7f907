/* Private to plan: paths that cost nothing until they are printed, and the
 * comparison of one wanted value with one live value. */
#ifndef QUOIN_PLAN_DIFF_H
#define QUOIN_PLAN_DIFF_H

#include "quoin/plan.h"

/* A place below a resource's properties; lives on the walker's stack. */
struct place {
  const struct place *up; /* NULL at a top-level property */
  struct str name;        /* member name; with `keyed` the element's key */
  uint32_t index;         /* list element, with name empty */
  enum { PL_MEMBER, PL_INDEX, PL_KEY, PL_ANY } kind;
};
struct str place_text(struct arena *a, const struct place *p);        /* Rules[0].Id, Tags["Name"] */
struct str place_schema_path(struct arena *a, const struct place *p); /* Rules[].Id */

/* Does a path as it is written in `ignore` name the printed one? */
bool path_names(struct str path, struct str printed);

struct matcher {
  struct session *s;
  struct arena *a; /* scratch for this comparison */
  const struct def *def;
};
/* Does `live` hold everything that `wanted` declares? Members that only live has do not matter;
 * lists are compared by the definition's rule for their path. Unknown never matches, but a secret
 * reference matches the same reference. */
bool match_value(const struct matcher *m, const struct place *at, const struct value *wanted,
                 const struct value *live);
/* Pairs of a multiset: fills pair_of[i] with the index in live of wanted->items[i] or UINT32_MAX. True if
 * both are exhausted. */
bool match_set(const struct matcher *m, const struct place *at, const struct value *wanted,
               const struct value *live, uint32_t *pair_of, bool *live_used);
/* `wanted` with null for every member that was applied and is not declared any more; `wanted` itself if there
 * is none. */
const struct value *match_without_removed(const struct matcher *m, const struct place *at,
                                          const struct value *wanted, const struct value *applied);
struct compare_rule match_rule(const struct matcher *m, const struct place *at);

/* JSON texts and objects as values; policies with single-element lists unwrapped, sets sorted. */
bool json_same(const struct matcher *m, const struct value *a, const struct value *b, bool policy);

/* Is there a secret in it? */
bool plan_secret(const struct value *v);
/* Stands for a value that must not be shown; NULL for NULL. */
const struct value *plan_mask(struct session *s, struct arena *a, const struct value *v);

#define DIFF_DEPTH_MAX 200

#endif
