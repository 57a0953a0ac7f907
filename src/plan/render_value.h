/* Private to plan: values as people read them. */
#ifndef QUOIN_PLAN_RENDER_VALUE_H
#define QUOIN_PLAN_RENDER_VALUE_H

#include "quoin/plan.h"

/* On one line: "text", 3, [1, 2], {a = 1}; secrets and unknowns by words; longer than
 * `most` columns ends in "...". NULL: "null". */
void render_inline(const struct session *s, struct buf *out, const struct value *v, size_t most);
/* A text as it is, control characters as blanks, cut to `most` columns. */
void render_text(struct buf *out, struct str text, size_t most);
/* As a block below a name: one line if it fits into `columns`, else indented lines. */
void render_block(const struct session *s, struct buf *out, const char *mark, struct str name,
                  size_t name_width, const struct value *v, unsigned indent, unsigned columns);

#endif
