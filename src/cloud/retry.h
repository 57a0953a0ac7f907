/* What a failed HTTP request means and when to try again. Pure functions of the
 * answer; the sources of the code lists are named at the tables. */
#ifndef QUOIN_CLOUD_RETRY_H
#define QUOIN_CLOUD_RETRY_H

#include "quoin/cloud.h"

/* Class of an answer that is not a success. code: AWS's error code, or empty (then the status judges). */
enum err_class retry_class(enum net_fail fail, int status, struct str code);
/* May the request have been executed, as far as this answer tells? */
bool retry_maybe_executed(enum err_class cls);
/* Pause before attempt n (2 = the first repeat): exponential with full jitter, at most 20 s; a Retry-After
 * header of seconds is the least (at most 60 s). */
uint32_t retry_delay_ms(const struct session *s, enum err_class cls, uint32_t attempt,
                        const struct http_header *headers, size_t n_headers);
/* For an answer that refuses the signature: true if the Date header says that our clock (now_ms, skew
 * included) is off by more than four minutes; *off_ms is to be added. */
bool retry_clock_off(struct session *s, struct arena *a, int64_t now_ms, const struct http_header *headers,
                     size_t n_headers, int64_t *off_ms);
/* AWS's timestamp in a signature, 20150830T123600Z. */
struct str retry_stamp(struct arena *a, int64_t now_ms);

#endif
