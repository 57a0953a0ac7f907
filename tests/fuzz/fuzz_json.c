/* Any text: read or refused, never a crash; what was read is written and read again as the same value. */
#include <stdlib.h>

#include "quoin/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  session_init(&s, NULL);
  const struct value *v, *again;
  struct json_error err = {0, {NULL, 0}};
  struct str text = {(const char *)data, size};
  if (json_parse(&s, &s.arena, text, &v, &err)) {
    if (err.offset > size || !err.message.n) abort();
  } else {
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    if (json_write(&s, v, size % 2 ? JSON_PRETTY | JSON_SORTED : JSON_COMPACT, &b)) abort();
    if (json_parse(&s, &s.arena, buf_str(&b), &again, &err) || !value_eq(&s, v, again)) abort();
    buf_release(&b);
  }
  session_release(&s);
  return 0;
}
