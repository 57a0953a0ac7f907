/* Interned strings: a sym stands for one text for the life of the session;
 * equal texts have equal syms, 0 is the empty text. Comparing syms is comparing
 * texts; ordering must use the text (sym values follow first use). */
#ifndef QUOIN_INTERN_H
#define QUOIN_INTERN_H

#include "quoin/str.h"

typedef uint32_t sym;
struct intern; /* opaque; owned by struct session */

struct intern *intern_new(void);
void intern_free(struct intern *in);
sym intern_put(struct intern *in, struct str s);
/* 0 if s was never interned (or is empty). */
sym intern_find(const struct intern *in, struct str s);
/* NUL-terminated text, valid until intern_free. */
struct str intern_str(const struct intern *in, sym s);
int intern_cmp(const struct intern *in, sym a, sym b); /* by bytes */

#endif
