/* Damaged schema tables never crash. Input that starts with the table's magic is
 * taken as a table; other input patches the embedded one: {u32 offset, byte}... */
#include <stdlib.h>

#include "../unit/schema_probe.h"
#include "quoin/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  struct str good = blob_get(BLOB_SCHEMA);
  bool whole = size >= 8 && memcmp(data, "QNSCHEMA", 8) == 0;
  size_t n = whole ? size : good.n;
  char *copy = malloc(n ? n : 1);
  if (!copy) return 0;
  memcpy(copy, whole ? (const char *)data : good.p, n);
  for (size_t i = 0; !whole && i + 5 <= size; i += 5) {
    size_t at =
        (size_t)data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16 | (size_t)data[i + 3] << 24;
    copy[at % n] = (char)data[i + 4];
  }
  session_init(&s, NULL);
  probe_schema(&s, (struct str){copy, n}, 3);
  session_release(&s);
  free(copy);
  return 0;
}
