#include "net_impl.h"

enum qn_err net_submit(struct net *n, const struct http_request *r, net_done_fn *done, void *user) {
  return n->ops->submit(n, r, done, user);
}

size_t net_poll(struct net *n, int timeout_ms, int wake_fd) {
  return n->ops->poll(n, timeout_ms, wake_fd);
}

void net_free(struct net *n) {
  if (n) n->ops->free(n);
}

struct str net_error(const struct net *n) {
  return str_c(n->error);
}

const struct http_header *http_header_find(const struct http_header *h, size_t n, const char *lower) {
  for (size_t i = 0; i < n; i++)
    if (str_eq(h[i].name, str_c(lower))) return &h[i];
  return NULL;
}
