/* Private to plan: values as people read them. */
#ifndef QUOIN_PLAN_RENDER_VALUE_H
#define QUOIN_PLAN_RENDER_VALUE_H

#include "quoin/plan.h"

/* On one line: "text", 3, [1, 2], {a = 1}; secrets and unknowns by words; longer than
 * `most` columns ends in "...". NULL: "null". */
void render_inline(const struct session *s, struct buf *out, const struct value *v, size_t most);
/* As a block below a name: one line if it fits into `columns`, else indented lines. */
void render_block(const struct session *s, struct buf *out, const char *mark, struct str name, size_t name_width,
                  const struct value *v, unsigned indent, unsigned columns);
/* Which parts of two lists or maps differ: a line `MARK path = before -> after` for each, paths relative to
 * the two. False, and nothing added, where that says no more than both values whole: other kinds, secrets. */
bool render_difference(const struct session *s, struct buf *out, const struct value *before,
                       const struct value *after, unsigned indent);
size_t render_width(const struct session *s, const struct value *v); /* columns of render_inline, uncut */

#endif
