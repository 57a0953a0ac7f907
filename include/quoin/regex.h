/* Regular expressions; src/base/regex.c wraps PCRE2 (UTF, UCP, ALT_BSUX,
 * surrogate escapes allowed, `$` matches at the very end only, as in JavaScript). Match and depth limits are always set. */
#ifndef QUOIN_REGEX_H
#define QUOIN_REGEX_H

#include "quoin/arena.h"
#include "quoin/err.h"

struct regex; /* opaque, heap */
/* On failure *message (in a) and *offset tell why. */
enum qn_err regex_new(struct arena *a, struct str pattern, struct regex **out, struct str *message, size_t *offset) QN_MUST_USE;
void regex_free(struct regex *r);
struct regex_group { size_t start, end; bool set; };
/* Search from `from`. QN_OK match, QN_E_NOTFOUND none, QN_E_LIMIT a limit met.
 * groups (may be NULL) receives up to max groups, *n how many the pattern has incl. 0. */
enum qn_err regex_match(const struct regex *r, struct str subject, size_t from, struct regex_group *groups,
                        size_t max, size_t *n) QN_MUST_USE;
/* Name of group i, or empty. */
struct str regex_group_name(const struct regex *r, size_t i);

#endif
