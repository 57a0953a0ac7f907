#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "quoin/str.h"

/* Room for `more` bytes and a NUL. */
static bool reserve(struct buf *b, size_t more) {
  if (b->failed) return false;
  if (more > b->max || b->n > b->max - more) {
    b->failed = true;
    return false;
  }
  size_t want = b->n + more + 1;
  if (want <= b->cap) return true;
  size_t cap = b->cap ? b->cap : 64;
  while (cap < want) cap *= 2;
  char *p = realloc(b->p, cap);
  if (!p) {
    b->failed = true;
    return false;
  }
  b->p = p;
  b->cap = cap;
  return true;
}

void buf_add(struct buf *b, struct str s) {
  if (!reserve(b, s.n)) return;
  if (s.n) memcpy(b->p + b->n, s.p, s.n);
  b->n += s.n;
  b->p[b->n] = 0;
}

void buf_addc(struct buf *b, char c) {
  buf_add(b, (struct str){&c, 1});
}
void buf_addz(struct buf *b, const char *z) {
  buf_add(b, str_c(z));
}

void buf_addf(struct buf *b, const char *fmt, ...) {
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0) b->failed = true;
  if (n > 0 && reserve(b, (size_t)n)) {
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    b->n += (size_t)n;
  }
  va_end(again);
}

struct str buf_str(const struct buf *b) {
  return (struct str){b->p, b->n};
}
void buf_reset(struct buf *b) {
  b->n = 0;
  b->failed = false;
}
void buf_release(struct buf *b) {
  free(b->p);
  *b = BUF_INIT(b->max);
}
