/* HTTP transport over one curl multi event loop (src/net). A request marked
 * `once` can never reach the server twice: libcurl re-sends a request whose
 * reused connection died unanswered, so such bodies go out by a read function
 * without seek. libcurl is loaded with dlopen-free lazy start: nothing of it
 * runs before the first submit. */
#ifndef QUOIN_NET_H
#define QUOIN_NET_H

#include "quoin/session.h"

struct net; /* opaque */
struct http_header { struct str name, value; };
struct http_request {
  const char *method;
  struct str url;                 /* the very bytes that were signed */
  const struct http_header *headers;
  size_t n_headers;
  struct str body;                /* must live until done */
  uint32_t timeout_ms;            /* whole transfer */
  bool once;                      /* never send twice */
  size_t max_body;                /* of the answer; 0 = 64 MiB */
};
enum net_fail { NF_NONE, NF_CONNECT /* before a byte was sent */, NF_AMBIGUOUS /* may have reached the server */, NF_TOO_LARGE, NF_CANCELLED };
struct http_response {
  enum net_fail fail;
  int status;                     /* 0 if none */
  const struct http_header *headers; /* names in lower case */
  size_t n_headers;
  struct str body;                /* valid during the callback */
  struct str detail;              /* libcurl's words on a failure */
  uint32_t elapsed_ms;
};
typedef void net_done_fn(void *user, const struct http_response *r);
struct net_options { uint32_t max_connections, max_per_host; const char *ca_file; bool insecure_ok; };
enum qn_err net_new(const struct net_options *o, struct net **out) QN_MUST_USE;
void net_free(struct net *n); /* running requests end as NF_CANCELLED without callback */
/* `done` is called from net_poll. */
enum qn_err net_submit(struct net *n, const struct http_request *r, net_done_fn *done, void *user) QN_MUST_USE;
/* Waits at most timeout_ms for progress; wakes early on wake_fd becoming readable (-1 = none). Returns requests in flight. */
size_t net_poll(struct net *n, int timeout_ms, int wake_fd);
/* Replay transport for tests: answers come from a function instead of the network. */
typedef void net_replay_fn(void *user, const struct http_request *r, struct http_response *out, struct arena *a);
enum qn_err net_new_replay(net_replay_fn *fn, void *user, struct net **out) QN_MUST_USE;

#endif
