/* Rate limiters, one per (region, service, read or mutate) of the account in
 * use. A limiter knows no limit until the first throttle; from then on it
 * halves its rate at a throttle and adds to it while there is none, so that it
 * stays close to what the service allows without being told. Clock: boot_ms. */
#ifndef QUOIN_CLOUD_RATE_H
#define QUOIN_CLOUD_RATE_H

#include "quoin/session.h"
#include "quoin/vec.h"

struct rate {
  sym region;
  uint32_t service;
  bool mutate;
  bool limited;                /* a throttle has been seen */
  double per_s;                /* allowed rate, when limited */
  double tokens;               /* calls that may go now */
  int64_t refilled_ms, cut_ms; /* last refill; last halving */
  double seen_per_s;           /* what was sent lately, smoothed; the start of the first cut */
  int64_t sent_ms;
};
struct rates {
  VEC(struct rate *) v;
}; /* in the session's arena */

struct rate *rate_find(struct arena *a, struct rates *r, sym region, uint32_t service, bool mutate);
/* Takes leave for one call: 0 = go, else wait so many ms and ask again. */
uint32_t rate_take(struct rate *r, int64_t now_ms);
void rate_throttled(struct rate *r, int64_t now_ms);

#endif
