/* For tests of the cloud client: a session whose clock, randomness and
 * environment are the test's, and a network whose answers are scripted. */
#ifndef QUOIN_TESTS_FAKE_WORLD_H
#define QUOIN_TESTS_FAKE_WORLD_H

#include "quoin/net.h"
#include "unit.h"

struct fake_answer {
  enum net_fail fail;
  int status;
  const char *body;
  struct http_header headers[2];
  const char *env; /* set just before the answer: "NAME=value" */
};
struct fake_request {
  char method[8], url[512], body[4096], auth[1024], date[32], token[512], special[512];
  int64_t at_ms;
};
struct world {
  struct session s;
  struct net *net;
  int64_t wall_ms, boot_ms;
  const char *env[32]; /* NAME=value */
  size_t n_env;
  const struct fake_answer *answers; /* by order; the last one repeats */
  size_t n_answers, n_requests;
  struct fake_request requests[64];
};

static int64_t world_now(void *u) {
  return ((struct world *)u)->wall_ms;
}
static int64_t world_boot(void *u) {
  return ((struct world *)u)->boot_ms;
}
static bool world_random(void *u, void *out, size_t n) {
  (void)u;
  memset(out, 0x80, n); /* the middle of every range */
  return true;
}
static const char *world_getenv(void *u, const char *name) {
  struct world *w = u;
  size_t n = strlen(name);
  for (size_t i = w->n_env; i-- > 0;)
    if (strncmp(w->env[i], name, n) == 0 && w->env[i][n] == '=') return w->env[i] + n + 1;
  return NULL;
}
static void world_sleep(void *u, int ms) {
  struct world *w = u;
  w->boot_ms += ms > 0 ? ms : 1;
  w->wall_ms += ms > 0 ? ms : 1;
}

static void world_copy(char *to, size_t size, struct str s) {
  snprintf(to, size, "%.*s", SV(s));
}

static struct str world_header(const struct http_request *r, const char *name) {
  for (size_t i = 0; i < r->n_headers; i++)
    if (str_eq_nocase(r->headers[i].name, str_c(name))) return r->headers[i].value;
  return (struct str){0};
}

static void world_answer(void *u, const struct http_request *r, struct http_response *out, struct arena *a) {
  struct world *w = u;
  size_t i = w->n_requests++;
  if (i < sizeof w->requests / sizeof *w->requests) {
    struct fake_request *q = &w->requests[i];
    world_copy(q->method, sizeof q->method, str_c(r->method));
    world_copy(q->url, sizeof q->url, r->url);
    world_copy(q->body, sizeof q->body, r->body);
    world_copy(q->auth, sizeof q->auth, world_header(r, "Authorization"));
    world_copy(q->date, sizeof q->date, world_header(r, "X-Amz-Date"));
    world_copy(q->token, sizeof q->token, world_header(r, "X-Amz-Security-Token"));
    struct str special = world_header(r, "X-aws-ec2-metadata-token");
    if (!special.n) special = world_header(r, "x-amz-sso_bearer_token");
    world_copy(q->special, sizeof q->special, special);
    q->at_ms = w->boot_ms;
  }
  const struct fake_answer *f = &w->answers[i < w->n_answers ? i : w->n_answers - 1];
  if (f->env) w->env[w->n_env++] = f->env;
  size_t n = 0;
  while (n < 2 && f->headers[n].name.n) n++;
  struct http_header *h = ARENA_ARRAY(a, n, struct http_header);
  for (size_t k = 0; k < n; k++) h[k] = f->headers[k];
  *out = (struct http_response){.fail = f->fail,
                                .status = f->status,
                                .headers = h,
                                .n_headers = n,
                                .body = str_dup(a, str_c(f->body)),
                                .detail = f->fail ? STR("it broke") : STR("")};
}

/* w must not move afterwards. */
static void world_init(struct world *w, const struct fake_answer *answers, size_t n) {
  *w = (struct world){.wall_ms = 1440938160000, .boot_ms = 5000, .answers = answers, .n_answers = n};
  struct outside o = {w, world_now, world_boot, world_random, world_getenv};
  session_init(&w->s, &o);
  if (net_new_replay(world_answer, world_sleep, w, &w->net) != QN_OK) exit(3);
}
static void world_env(struct world *w, const char *pair) {
  w->env[w->n_env++] = pair;
}
static void world_release(struct world *w) {
  net_free(w->net);
  session_release(&w->s);
}
/* All diagnostics as a user reads them; valid until the session ends. */
static inline struct str world_diags(struct world *w) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  diags_render_text(&w->s.diags, w->s.sources, &b, false, 0);
  struct str out = str_dup(&w->s.arena, buf_str(&b));
  buf_release(&b);
  return out;
}
static inline bool world_said(struct world *w, const char *words) {
  return str_find(world_diags(w), str_c(words)) != SIZE_MAX;
}

#endif
