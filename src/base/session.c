#include "quoin/session.h"

#include <stdlib.h>
#include <time.h>

#include "quoin/crypto.h"
#include "quoin/value.h"
#include "vmeta.h"

static int64_t clock_ms(clockid_t id) {
  struct timespec t;
  if (clock_gettime(id, &t) != 0) return 0;
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real_now(void *user) {
  (void)user;
  return clock_ms(CLOCK_REALTIME);
}

/* CLOCK_BOOTTIME goes on while the machine is suspended; elsewhere the monotonic clock is the nearest. */
static int64_t real_boot(void *user) {
  (void)user;
#ifdef CLOCK_BOOTTIME
  return clock_ms(CLOCK_BOOTTIME);
#elif defined(__linux__)
  return clock_ms((clockid_t)7);
#else
  return clock_ms(CLOCK_MONOTONIC);
#endif
}

static bool real_random(void *user, void *out, size_t n) {
  (void)user;
  return crypto_random(out, n);
}

static const char *real_getenv(void *user, const char *name) {
  (void)user;
  return getenv(name);
}

const struct outside outside_real = {NULL, real_now, real_boot, real_random, real_getenv};

void session_init(struct session *s, const struct outside *out) {
  *s = (struct session){.out = out ? *out : outside_real};
  arena_init(&s->arena);
  s->names = intern_new();
  s->sources = srcmap_new();
  s->metas = vmetas_new();
  if (!s->names || !s->sources || !s->metas) abort();
  diags_init(&s->diags, &s->arena);
}

void session_release(struct session *s) {
  vmetas_free(s->metas);
  srcmap_free(s->sources);
  intern_free(s->names);
  arena_release(&s->arena);
}
