/* Inside of the cloud client; private to src/cloud/client*.c and to
 * lookup.c and secret.c, which drive its loop.
 *
 * A call is a job. It waits in the lane of its rate limiter, is signed and sent
 * when lane, concurrency and credentials allow, and after an answer either goes
 * to the ready list or to a timer that puts it back into its lane. Callbacks
 * run from cloud_poll only: the network's callback never calls out, so that
 * fetching credentials may drive the network in the middle of anything. */
#ifndef QUOIN_CLOUD_CLIENT_H
#define QUOIN_CLOUD_CLIENT_H

#include "credentials.h"
#include "endpoint.h"
#include "quoin/cloud_write.h"
#include "rate.h"
#include "sign.h"

struct job {
  struct cloud *c;
  struct call call;
  call_done_fn *done;
  void *user;
  bool mutate;
  struct arena a; /* the request */
  struct wire_request req;
  struct lane *lane;
  uint32_t attempts, creds_generation;
  int64_t skew_ms; /* the request was signed with */
  bool clock_tried, creds_tried, maybe_executed;
  struct reply reply;
  struct job *next;
  struct job *all_prev, *all_next; /* every job, for cloud_free */
};
struct lane {
  struct rate *rate;
  struct job *first, **last;
};
struct timer {
  int64_t due_ms; /* boot clock */
  uint64_t order;
  struct job *job; /* put back into its lane; or a timer of the caller: */
  call_done_fn *done;
  void *user;
};
struct known_endpoint {
  uint32_t service;
  sym region;
  struct endpoint at;
};

struct rd_ctx {
  struct cloud *c;
};
struct wr_ctx {
  struct cloud *c;
};
struct cloud {
  struct session *s;
  struct cloud_options o;
  struct net *net, *own_net;
  struct rd_ctx rd;
  struct wr_ctx wr;
  struct aws_config cfg;
  bool cfg_loaded, attempts_given;
  enum qn_err cfg_err;
  struct creds creds;
  enum qn_err creds_err; /* of the last search; kept so that a failure is said once */
  bool creds_searched, refusal_said;
  uint32_t creds_generation;
  int64_t creds_asked_ms; /* boot clock of the last search */
  int64_t skew_ms;
  struct sign_cache keys;
  VEC(struct known_endpoint) endpoints;
  struct rates rates;
  VEC(struct lane *) lanes;
  size_t turn; /* lane that is asked first */
  struct job *all, *ready, **ready_last;
  struct job *refused;  /* their credentials; judged again from cloud_poll, which may fetch others */
  struct timer *timers; /* binary heap by (due, order); owned */
  size_t n_timers, cap_timers, n_jobs, in_flight;
  uint64_t order;
  bool cancelled;
  struct cloud_stats stats;
  bool identified;
  struct str account, arn;
  struct secret_store *secrets; /* secret.c */
};

/* client.c */
/* The arena of what the caller gets. */
struct arena *client_keep(const struct job *j);
void client_ready(struct job *j);
void client_queue(struct job *j);
/* False if memory is gone. */
bool client_timer(struct cloud *c, struct timer t);
/* client_send.c: sends the job now, or finishes it with the reason why not. */
void client_send(struct job *j);
/* Sends the refused jobs again with other credentials, or finishes them. */
void client_settle_refused(struct cloud *c);
/* client_creds.c */
enum qn_err client_config(struct cloud *c);
enum qn_err client_net(struct cloud *c);
/* Credentials that hold for at least some minutes; fetched or renewed as needed. */
enum qn_err client_creds(struct cloud *c);
/* After a refusal of generation g: true if others may be tried (fetched now, or by another job before). */
bool client_creds_renew(struct cloud *c, uint32_t g);
/* Says once per run that AWS does not take the credentials. */
void client_creds_refused(struct cloud *c, struct str code, struct str message);
/* Why client_creds failed, for a reply. */
struct str client_creds_words(const struct cloud *c);

#endif
