/* Data embedded in the binary at build time: what qn-embed made of modules/.
 * Implemented by src/embed/blobs.c, which is linked into quoin and the tests,
 * not into qn-embed itself. */
#ifndef QUOIN_BLOB_H
#define QUOIN_BLOB_H

#include "quoin/str.h"

enum blob_kind { BLOB_SCHEMA, BLOB_WIRE, BLOB_DEFS, BLOB_MODULES };
struct str blob_get(enum blob_kind k); /* static storage, 8-byte aligned */

#endif
