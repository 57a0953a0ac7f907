#include "cli.h"
#include "quoin/blob.h"

int cmd_version(struct cli *c) {
  size_t schema = blob_get(BLOB_SCHEMA).n, wire = blob_get(BLOB_WIRE).n, defs = blob_get(BLOB_DEFS).n;
  if (c->o.json)
    printf("{\"version\":\"" QUOIN_VERSION
           "\",\"schema_bytes\":%zu,\"wire_bytes\":%zu,\"definition_bytes\":%zu}\n",
           schema, wire, defs);
  else
    printf("quoin " QUOIN_VERSION "\n");
  return XC_OK;
}
