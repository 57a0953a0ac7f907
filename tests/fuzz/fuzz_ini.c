/* Any text: read or refused with the number of a line that is there; what was read borrows from the text. */
#include <stdlib.h>

#include "../../src/cloud/config.h"

static void inside(struct str part, struct str text) {
  if (part.n && (part.p < text.p || part.p + part.n > text.p + text.n)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct str text = {(const char *)data, size}, v;
  struct arena a;
  struct ini in;
  size_t bad = 0, lines = 1;
  for (size_t i = 0; i < size; i++) lines += data[i] == '\n';
  arena_init(&a);
  if (ini_parse(&a, text, &in, &bad)) {
    if (bad < 1 || bad > lines) abort();
  } else {
    for (size_t i = 0; i < in.e.n; i++) {
      const struct ini_entry *e = &in.e.v[i];
      if (!e->section.n || !e->key.n || !ini_has(&in, e->section)) abort();
      inside(e->section, text);
      inside(e->key, text);
      inside(e->sub, text);
      inside(e->value, text);
      if (e->value.n && !ini_get(&in, e->section, e->key, e->sub, &v) && in.e.n == 1) abort();
    }
  }
  arena_release(&a);
  return 0;
}
