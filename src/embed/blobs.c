#include "quoin/blob.h"

#define EXTERN_BLOB(name) extern const char quoin_blob_##name[], quoin_blob_##name##_end[]
EXTERN_BLOB(schema);
EXTERN_BLOB(wire);
EXTERN_BLOB(defs);
EXTERN_BLOB(modules);

struct str blob_get(enum blob_kind k) {
  static const struct {
    const char *from, *to;
  } blobs[] = {
      [BLOB_SCHEMA] = {quoin_blob_schema, quoin_blob_schema_end},
      [BLOB_WIRE] = {quoin_blob_wire, quoin_blob_wire_end},
      [BLOB_DEFS] = {quoin_blob_defs, quoin_blob_defs_end},
      [BLOB_MODULES] = {quoin_blob_modules, quoin_blob_modules_end},
  };
  return (struct str){blobs[k].from, (size_t)(blobs[k].to - blobs[k].from)};
}
