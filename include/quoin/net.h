/* HTTP/1.1 transport over one curl multi event loop (src/net). A request marked
 * `once` can never reach the server twice: libcurl re-sends a request whose
 * reused connection died unanswered (any method, up to 5 times, no option
 * against it), so such bodies go out by a read function that cannot be rewound,
 * and bodyless ones on a fresh connection. Redirects are never followed.
 * libcurl is loaded at the first submit, so that a run without network does
 * not pay for it. */
#ifndef QUOIN_NET_H
#define QUOIN_NET_H

#include "quoin/session.h"

struct net; /* opaque */
struct http_header { struct str name, value; };
struct http_request {
  const char *method;             /* GET HEAD POST PUT PATCH DELETE */
  struct str url;                 /* http or https; the very bytes that were signed */
  const struct http_header *headers; /* copied; no Host: it is made of the url */
  size_t n_headers;
  struct str body;                /* must live until done */
  uint32_t timeout_ms;            /* whole transfer; 0 = 60 s */
  uint32_t connect_timeout_ms;    /* 0 = 10 s, never more than the whole */
  size_t max_body;                /* of the answer; 0 = 64 MiB */
  bool once;                      /* never send twice */
  bool no_proxy;                  /* metadata services: straight, whatever the environment says */
  bool secret;                    /* the answer's memory is wiped after the callback */
};
enum net_fail {
  NF_NONE,      /* there is an answer */
  NF_CONNECT,   /* failed before a byte of the request was sent */
  NF_AMBIGUOUS, /* the request may have reached the server */
  NF_TOO_LARGE, /* the answer met max_body */
  NF_CANCELLED
};
struct http_response {
  enum net_fail fail;
  int status;                     /* 0 if none */
  const struct http_header *headers; /* names in lower case; of the final answer only */
  size_t n_headers;
  struct str body;                /* all of the answer is valid during the callback only */
  struct str detail;              /* libcurl's words on a failure */
  uint32_t elapsed_ms;
};
typedef void net_done_fn(void *user, const struct http_response *r);
struct net_options {
  uint32_t max_connections;       /* 0 = 64 */
  uint32_t max_per_host;          /* 0 = 32 */
  const char *ca_file;            /* NULL: the system's; copied */
};
enum qn_err net_new(const struct net_options *o, struct net **out) QN_MUST_USE;
void net_free(struct net *n); /* NULL is fine; running requests end without callback */
/* `done` is called from net_poll, never from here; it may submit. QN_E_IO: libcurl cannot be loaded (net_error says why). */
enum qn_err net_submit(struct net *n, const struct http_request *r, net_done_fn *done, void *user) QN_MUST_USE;
/* Waits at most timeout_ms for progress; wakes early on wake_fd becoming readable (-1 = none).
 * Returns requests in flight. */
size_t net_poll(struct net *n, int timeout_ms, int wake_fd);
/* Words on the last QN_E_IO of net_submit; empty before. Lives as long as n. */
struct str net_error(const struct net *n);

/* Replay transport for tests: answers come from a function, in the order of submission, one
 * per net_poll. `out` starts zeroed; texts may live in `a` until the callback returned.
 * With nothing to answer net_poll calls `sleep` (NULL: returns at once), where a test moves its clock. */
typedef void net_replay_fn(void *user, const struct http_request *r, struct http_response *out, struct arena *a);
typedef void net_sleep_fn(void *user, int timeout_ms);
enum qn_err net_new_replay(net_replay_fn *fn, net_sleep_fn *sleep, void *user, struct net **out) QN_MUST_USE;

/* First header of that lower-case name, or NULL. */
const struct http_header *http_header_find(const struct http_header *h, size_t n, const char *lower);

#endif
