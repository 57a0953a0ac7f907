/* Transport of tests: a function gives the answers. */
#include "net_impl.h"

struct queued {
  struct http_request r;
  net_done_fn *done;
  void *user;
  struct arena a; /* copies of the request, then texts of the answer */
  struct queued *next;
};
struct net_replay {
  struct net base;
  net_replay_fn *fn;
  net_sleep_fn *sleep;
  void *user;
  struct queued *first, **last;
  size_t n;
};

static struct net_replay *of(struct net *n) {
  return (struct net_replay *)n;
}

static enum qn_err replay_submit(struct net *n, const struct http_request *r, net_done_fn *done, void *user) {
  struct net_replay *p = of(n);
  struct queued *q = calloc(1, sizeof *q);
  if (!q) return QN_E_NOMEM;
  arena_init(&q->a);
  q->r = *r;
  q->r.method = str_dup(&q->a, str_c(r->method)).p;
  q->r.url = str_dup(&q->a, r->url);
  struct http_header *h = ARENA_ARRAY(&q->a, r->n_headers, struct http_header);
  for (size_t i = 0; i < r->n_headers; i++)
    h[i] = (struct http_header){str_dup(&q->a, r->headers[i].name), str_dup(&q->a, r->headers[i].value)};
  q->r.headers = h;
  q->done = done;
  q->user = user;
  *p->last = q;
  p->last = &q->next;
  p->n++;
  return QN_OK;
}

static void queued_free(struct queued *q) {
  arena_release(&q->a);
  free(q);
}

static size_t replay_poll(struct net *n, int timeout_ms, int wake_fd) {
  (void)wake_fd;
  struct net_replay *p = of(n);
  struct queued *q = p->first;
  if (!q) {
    if (p->sleep) p->sleep(p->user, timeout_ms);
    return 0;
  }
  p->first = q->next;
  if (!p->first) p->last = &p->first;
  p->n--;
  struct http_response out = {0};
  p->fn(p->user, &q->r, &out, &q->a);
  q->done(q->user, &out);
  queued_free(q);
  return p->n;
}

static void replay_free(struct net *n) {
  for (struct queued *q = of(n)->first, *next; q; q = next) {
    next = q->next;
    queued_free(q);
  }
  free(n);
}

enum qn_err net_new_replay(net_replay_fn *fn, net_sleep_fn *sleep, void *user, struct net **out) {
  static const struct net_ops ops = {replay_submit, replay_poll, replay_free};
  struct net_replay *p = calloc(1, sizeof *p);
  if (!p) return QN_E_NOMEM;
  p->base.ops = &ops;
  p->fn = fn;
  p->sleep = sleep;
  p->user = user;
  p->last = &p->first;
  *out = &p->base;
  return QN_OK;
}
