/* The sandbox: a cloud inside quoin, for a first run, for rehearsals and for
 * tests of specs. It works with properties, not with requests: from the schemas
 * and the `sandbox:` part of definitions it gives objects their identities and
 * attributes, and it refuses what any cloud would: a name that is taken, a
 * reference to an object that is gone, the deletion of an object that others
 * refer to. It proves nothing about AWS's API.
 *
 * What it holds stands in one file, one change a line. A change is written
 * before it is answered, so a run that is killed finds it again. Secrets are
 * kept as digests. Whoever changes it holds the lock of the environment's state. */
#ifndef QUOIN_SANDBOX_H
#define QUOIN_SANDBOX_H

#include "quoin/provider.h"

struct sandbox;
struct sandbox_options {
  const char *file;              /* made, with its folders, at the first change */
  struct str account, partition; /* whose cloud it is */
  const char *faults;            /* NULL, or `latency=F,throttle=F,crash=F,seed=N`: F times the typical time of
                                  * each call; shares of calls that are throttled, or kill this process */
};
/* Reads the file, if there is one. QN0740 damaged or unreadable, QN0741 wrong faults. The providers work
 * with the sandbox from now on (providers_use_sandbox). */
enum qn_err sandbox_open(struct session *s, struct providers *p, const struct sandbox_options *o,
                         struct sandbox **out) QN_MUST_USE;
void sandbox_close(struct sandbox *sb); /* NULL is fine */

/* What is in it, in the order of creation; for people who change things behind quoin's back. */
struct sandbox_object {
  struct str type, region, id;   /* id as def_identity_text writes it */
  struct str address;            /* it was made for */
  const struct value *props, *attributes;
};
size_t sandbox_objects(const struct sandbox *sb, struct arena *a, struct sandbox_object **out);
/* Changes one property (path as in docs/providers.md; v NULL: removes it) or deletes an object, as somebody
 * else would. QN_E_NOTFOUND without diagnostic. */
enum qn_err sandbox_change(struct sandbox *sb, struct str type, struct str id, struct str path,
                           const struct value *v) QN_MUST_USE;
enum qn_err sandbox_delete(struct sandbox *sb, struct str type, struct str id) QN_MUST_USE;

#endif
