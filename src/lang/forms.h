/* Texts with a form: durations, sizes, ranges, hostnames, CIDR blocks, ARNs. */
#ifndef QUOIN_LANG_FORMS_H
#define QUOIN_LANG_FORMS_H

#include "quoin/str.h"

/* Why not, or NULL if t has the form. *fix (in a) is what was probably meant, or empty. */
const char *form_duration(struct arena *a, struct str t, struct str *fix);
const char *form_size(struct arena *a, struct str t, struct str *fix);
const char *form_hostname(struct arena *a, struct str t, struct str *fix);
const char *form_cidr(struct arena *a, struct str t, struct str *fix);
const char *form_arn(struct arena *a, struct str t, struct str *fix);
/* min..max */
const char *form_range(struct arena *a, struct str t, struct str *fix, int64_t *min, int64_t *max);

#endif
