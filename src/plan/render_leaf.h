/* Private to plan: a changed property as people read it. */
#ifndef QUOIN_PLAN_RENDER_LEAF_H
#define QUOIN_PLAN_RENDER_LEAF_H

#include "render_value.h"

struct leaf_style {
  struct session *s;
  struct arena *a; /* scratch */
  unsigned columns;
  const char *add, *change, *destroy, *dim, *off; /* colours, or empty */
};
struct leaf_line {
  struct str name;
  size_t width;                       /* of the names around it */
  const struct value *before, *after; /* NULL absent */
  bool gone;                          /* "-> null" is said */
  bool quiet;                         /* nothing is done */
  struct str notes;                   /* behind a #; may be empty */
};
/* One line, or the head and below it what differs: members of documents, elements of lists, lines of texts.
 */
void render_leaf(const struct leaf_style *st, struct buf *out, const struct leaf_line *l);

/* Only what differs within two documents or texts; false, and nothing, for other values. */
bool render_differences(const struct leaf_style *st, struct buf *out, const struct value *before,
                        const struct value *after);

#endif
