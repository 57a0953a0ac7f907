#include "rate.h"

/* Least rate; least rate after the first throttle (one alone says little); calls a rested limiter may send at
 * once; a rate this high is no limit any more; growth per second while no throttle comes: AWS gives reads
 * several times the rate of mutations. Answers that were in flight together count as one cut. */
static const double LEAST = 1.0, FIRST = 8.0, BURST = 4.0, FREE = 400.0, GROWTH_READ = 10.0,
                    GROWTH_MUTATE = 5.0;
enum { CUT_GAP_MS = 1000 };

struct rate *rate_find(struct arena *a, struct rates *r, sym region, uint32_t service, bool mutate) {
  for (size_t i = 0; i < r->v.n; i++) {
    struct rate *e = r->v.v[i];
    if (e->region == region && e->service == service && e->mutate == mutate) return e;
  }
  struct rate *e = ARENA_NEW(a, struct rate);
  *e = (struct rate){.region = region, .service = service, .mutate = mutate};
  VEC_PUSH(a, &r->v, e);
  return e;
}

static void refill(struct rate *r, int64_t now_ms) {
  double s = (double)(now_ms - r->refilled_ms) / 1000.0;
  if (s <= 0) return;
  r->refilled_ms = now_ms;
  r->per_s += (r->mutate ? GROWTH_MUTATE : GROWTH_READ) * s;
  if (r->per_s >= FREE) r->limited = false;
  r->tokens += r->per_s * s;
  if (r->tokens > BURST) r->tokens = BURST;
}

/* Smoothed rate: each call adds one, the sum halves every second, so a steady rate v reads as v / ln 2. */
static void count(struct rate *r, int64_t now_ms) {
  double s = (double)(now_ms - r->sent_ms) / 1000.0;
  for (; s >= 1 && r->seen_per_s > 0.01; s -= 1) r->seen_per_s /= 2;
  if (s > 0 && s < 1) r->seen_per_s *= 1 - s / 2;
  r->seen_per_s += 1;
  r->sent_ms = now_ms;
}

uint32_t rate_take(struct rate *r, int64_t now_ms) {
  if (r->limited) {
    refill(r, now_ms);
    if (r->limited && r->tokens < 1) return (uint32_t)((1 - r->tokens) / r->per_s * 1000) + 1;
    if (r->limited) r->tokens -= 1;
  }
  count(r, now_ms);
  return 0;
}

void rate_throttled(struct rate *r, int64_t now_ms) {
  if (!r->limited) {
    double half = r->seen_per_s / 2;
    r->limited = true;
    r->per_s = half > FIRST ? half : FIRST;
    r->refilled_ms = now_ms;
  } else {
    if (now_ms - r->cut_ms < CUT_GAP_MS) return;
    refill(r, now_ms);
    r->per_s = r->per_s / 2 > LEAST ? r->per_s / 2 : LEAST;
  }
  r->cut_ms = now_ms;
  r->tokens = 0;
}
