/* What qn-embed calls at build time: each turns texts of modules/ into a blob.
 * Inputs are already in the source map; errors are diagnostics (the build fails). */
#ifndef QUOIN_EMBED_H
#define QUOIN_EMBED_H

#include "quoin/session.h"

/* files: indices into the source map. */
enum qn_err schema_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) QN_MUST_USE;
enum qn_err wire_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) QN_MUST_USE;
enum qn_err providers_compile(struct session *s, struct str schema_blob, struct str wire_blob, const uint32_t *files,
                              size_t n, struct buf *out) QN_MUST_USE;
enum qn_err modules_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) QN_MUST_USE;

#endif
