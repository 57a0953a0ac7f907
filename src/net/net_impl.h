/* What the kinds of transport share; private to src/net. */
#ifndef QUOIN_NET_IMPL_H
#define QUOIN_NET_IMPL_H

#include "quoin/net.h"

struct net_ops {
  enum qn_err (*submit)(struct net *n, const struct http_request *r, net_done_fn *done, void *user);
  size_t (*poll)(struct net *n, int timeout_ms, int wake_fd);
  void (*free)(struct net *n);
};
/* First member of each transport. */
struct net {
  const struct net_ops *ops;
  char error[256];
};

#endif
