/* The cloud client: credentials, endpoints, SigV4, retry and rate limits by error
 * class, over net and wire. Reads are tried again after every passing failure;
 * changes only after throttling and failures to connect, which certainly changed
 * nothing: any other end of a change is told (maybe_executed). Reads take a struct rd_ctx, mutations a struct
 * wr_ctx; plan and drift code can obtain only the former, so that a plan that
 * mutates does not compile. */
#ifndef QUOIN_CLOUD_H
#define QUOIN_CLOUD_H

#include "quoin/net.h"
#include "quoin/wire.h"

enum err_class {
  EC_NONE, EC_THROTTLE, EC_SERVER /* 5xx */, EC_CONNECT, EC_AMBIGUOUS /* may have been executed */,
  EC_CREDENTIALS /* expired or refused: refresh once */, EC_ACCESS_DENIED, EC_CLOCK, EC_CLIENT /* definitive 4xx */, EC_BAD_REPLY, EC_CANCELLED
};
struct reply {
  enum qn_err err;          /* QN_OK; QN_E_REMOTE; QN_E_INVALID: the request could not be built (a defect of a definition) */
  enum err_class cls;
  int status;
  struct str code, message, request_id; /* code: AWS's, or NoCredentials, RequestInvalid, or empty */
  const struct value *output; /* on QN_OK */
  uint32_t attempts;        /* HTTP requests made for this call */
  bool maybe_executed;      /* some attempt may have reached the service */
};
struct call {
  const struct wire_op *op;
  const struct value *input; /* needed only until cloud_read or cloud_write returns */
  sym region;               /* never 0 */
  uint32_t timeout_ms;      /* 0 = default 60 s */
  bool secret;              /* the transport wipes its copy of the answer */
  struct arena *keep;       /* where the reply's texts and output go; NULL: the session's. Lives until `done` */
};
/* Called from cloud_poll, never from where the call was made; may make calls. The reply itself lives
 * during the callback, its texts and output as long as the arena that the call names. */
typedef void call_done_fn(void *user, const struct reply *r);

struct cloud;   /* owner of everything */
struct rd_ctx;  /* may call read-only operations */
struct wr_ctx;  /* may call any */
struct cloud_options {
  const struct wire *wire;
  struct net *net;          /* borrowed; NULL: makes its own on first use */
  const char *profile;      /* NULL: AWS_PROFILE or default; given, it goes before credentials of the environment */
  sym region;               /* where STS is asked */
  uint32_t max_attempts;    /* 0 = as AWS_MAX_ATTEMPTS, AWS_RETRY_MODE or the profile say, else 10 */
  uint32_t concurrency;     /* 0 = 32 calls in flight */
  struct sandbox *sandbox;  /* borrowed; not NULL: nothing is sent, the sandbox answers */
};
/* Reads neither files nor network: that waits for the first call. */
enum qn_err cloud_new(struct session *s, const struct cloud_options *o, struct cloud **out) QN_MUST_USE;
void cloud_free(struct cloud *c); /* NULL is fine; unfinished calls end without callback; secrets are wiped */
struct rd_ctx *cloud_reader(struct cloud *c);
/* Only src/apply and src/cli/destroy paths may include cloud_write.h which declares cloud_writer(). */

/* QN_E_INVALID if op is not read-only. Whatever else goes wrong comes in the reply. Missing or refused
 * credentials also add one diagnostic QN07xx per run. */
enum qn_err cloud_read(struct rd_ctx *rd, const struct call *call, call_done_fn *done, void *user) QN_MUST_USE;
/* Drives timers, retries and the network; returns calls and timers not finished. wake_fd as in net_poll.
 * Returns early when something was delivered. */
size_t cloud_poll(struct cloud *c, int timeout_ms, int wake_fd);
/* Finds credentials (may run the provider chain) and asks STS who we are; diagnostics QN07xx on failure.
 * Waits for the answer; asked once per run. Texts live in the session's arena; outputs may be NULL. */
enum qn_err cloud_identity(struct rd_ctx *rd, struct str *account, struct str *arn, struct str *partition) QN_MUST_USE;
/* One timer on the same loop: `done` with r NULL after delay (counted while the machine sleeps too);
 * at once after cloud_cancel. */
void cloud_after(struct cloud *c, uint32_t delay_ms, call_done_fn *done, void *user);
struct cloud_stats { uint64_t calls, reads, writes, http_requests, throttled, retried; };
void cloud_stats(const struct cloud *c, struct cloud_stats *out);
/* Tell-tale for messages: the endpoint used for a service in a region. */
struct str cloud_endpoint(struct cloud *c, const struct wire_service *svc, sym region);
/* For Ctrl-C: what was not sent yet ends as EC_CANCELLED, requests in flight end by themselves, nothing is retried. */
void cloud_cancel(struct cloud *c);

#endif
