/* A session is one run of the compiler: its memory, texts, places, diagnostics
 * and the outside world as it is allowed to see it (clock, randomness,
 * environment). Tests inject the latter. One thread uses a session at a time. */
#ifndef QUOIN_SESSION_H
#define QUOIN_SESSION_H

#include "quoin/arena.h"
#include "quoin/diag.h"
#include "quoin/intern.h"
#include "quoin/span.h"

struct outside {
  void *user;
  int64_t (*now_ms)(void *user);       /* wall clock, UNIX epoch, ms */
  int64_t (*boot_ms)(void *user);      /* CLOCK_BOOTTIME, ms: goes on during suspend */
  bool (*random)(void *user, void *out, size_t n);
  const char *(*getenv)(void *user, const char *name); /* NULL if unset */
};
/* The real world. */
extern const struct outside outside_real;

struct vmetas; /* value.h */

struct session {
  struct arena arena;      /* session lifetime: syntax, values, graph, plan */
  struct intern *names;
  struct srcmap *sources;
  struct diags diags;
  struct outside out;
  struct vmetas *metas;    /* provenance of values */
};

void session_init(struct session *s, const struct outside *out);
void session_release(struct session *s);
static inline sym session_sym(struct session *s, struct str t) { return intern_put(s->names, t); }
static inline struct str session_str(const struct session *s, sym t) { return intern_str(s->names, t); }

#endif
