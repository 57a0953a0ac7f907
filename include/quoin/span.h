/* Places in source text. Spans are byte offsets; line and column are computed
 * when printed. File 0 is "no place". */
#ifndef QUOIN_SPAN_H
#define QUOIN_SPAN_H

#include "quoin/err.h"
#include "quoin/str.h"

struct span {
  uint32_t file;       /* index into the source map; 0 = none */
  uint32_t start, end; /* byte range, half-open */
};
#define SPAN_NONE ((struct span){0, 0, 0})

struct srcmap; /* opaque; owned by struct session */
struct srcmap *srcmap_new(void);
void srcmap_free(struct srcmap *m);
/* Copies name and text; returns the file index (>= 1). Text over 4 GiB - 1 is QN_E_LIMIT -> 0. */
uint32_t srcmap_add(struct srcmap *m, struct str name, struct str text);
struct str srcmap_name(const struct srcmap *m, uint32_t file);
struct str srcmap_text(const struct srcmap *m, uint32_t file);
/* 1-based line and column (code points) of a byte offset. */
void srcmap_line_col(const struct srcmap *m, uint32_t file, uint32_t at, uint32_t *line, uint32_t *col);
/* The text of 1-based line without its newline. */
struct str srcmap_line(const struct srcmap *m, uint32_t file, uint32_t line);
uint32_t srcmap_count(const struct srcmap *m);
struct span span_join(struct span a, struct span b); /* smallest covering both; a if files differ */

#endif
