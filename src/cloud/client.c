#include "client.h"

#include <poll.h>

#include "sandbox_int.h"
#include "secret.h"

enum { MAX_ATTEMPTS = 10, CONCURRENCY = 32 };

/* ---- timers ------------------------------------------------------------------ */

static bool sooner(const struct timer *a, const struct timer *b) {
  return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

bool client_timer(struct cloud *c, struct timer t) {
  if (c->n_timers == c->cap_timers) {
    size_t cap = c->cap_timers ? c->cap_timers * 2 : 32;
    struct timer *grown = realloc(c->timers, cap * sizeof *grown);
    if (!grown) return false;
    c->timers = grown;
    c->cap_timers = cap;
  }
  t.order = c->order++;
  size_t i = c->n_timers++;
  for (; i && sooner(&t, &c->timers[(i - 1) / 2]); i = (i - 1) / 2) c->timers[i] = c->timers[(i - 1) / 2];
  c->timers[i] = t;
  return true;
}

static struct timer timer_pop(struct cloud *c) {
  struct timer top = c->timers[0], last = c->timers[--c->n_timers];
  size_t i = 0;
  for (size_t kid; (kid = 2 * i + 1) < c->n_timers; i = kid) {
    if (kid + 1 < c->n_timers && sooner(&c->timers[kid + 1], &c->timers[kid])) kid++;
    if (!sooner(&c->timers[kid], &last)) break;
    c->timers[i] = c->timers[kid];
  }
  if (c->n_timers) c->timers[i] = last;
  return top;
}

/* ---- jobs ----------------------------------------------------------------------- */

struct arena *client_keep(const struct job *j) {
  return j->call.keep ? j->call.keep : &j->c->s->arena;
}

void client_ready(struct job *j) {
  struct cloud *c = j->c;
  j->next = NULL;
  *c->ready_last = j;
  c->ready_last = &j->next;
}

void client_queue(struct job *j) {
  j->next = NULL;
  *j->lane->last = j;
  j->lane->last = &j->next;
}

static struct job *lane_pop(struct lane *l) {
  struct job *j = l->first;
  l->first = j->next;
  if (!l->first) l->last = &l->first;
  return j;
}

static struct lane *lane_of(struct cloud *c, const struct call *call, bool mutate) {
  struct rate *r = rate_find(&c->s->arena, &c->rates, call->region, call->op->service->index, mutate);
  for (size_t i = 0; i < c->lanes.n; i++)
    if (c->lanes.v[i]->rate == r) return c->lanes.v[i];
  struct lane *l = ARENA_NEW(&c->s->arena, struct lane);
  l->rate = r;
  l->last = &l->first;
  VEC_PUSH(&c->s->arena, &c->lanes, l);
  return l;
}

static void job_free(struct job *j) {
  struct cloud *c = j->c;
  if (j->all_prev)
    j->all_prev->all_next = j->all_next;
  else
    c->all = j->all_next;
  if (j->all_next) j->all_next->all_prev = j->all_prev;
  c->n_jobs--;
  arena_release(&j->a);
  free(j);
}

static void cancel(struct job *j) {
  j->reply = (struct reply){.err = QN_E_REMOTE,
                            .cls = EC_CANCELLED,
                            .maybe_executed = j->maybe_executed,
                            .attempts = j->attempts,
                            .message = STR("interrupted")};
  client_ready(j);
}

/* ---- the sandbox answers ---------------------------------------------------------- */

static void sandbox_due(void *user, const struct reply *r) {
  (void)r;
  client_ready(user);
}

static void ask_sandbox(struct job *j) {
  struct cloud *c = j->c;
  uint32_t delay;
  sandbox_call(c->o.sandbox, &j->call, &j->reply, &delay);
  c->stats.throttled += j->reply.attempts - 1;
  c->stats.retried += j->reply.attempts - 1;
  if (delay)
    cloud_after(c, delay, sandbox_due, j);
  else
    client_ready(j);
}

/* Nothing comes from the network: sleep until a timer is due or the caller is woken. */
static void rest(int ms, int wake_fd) {
  struct pollfd p = {.fd = wake_fd, .events = POLLIN};
  if (ms) (void)poll(&p, wake_fd >= 0 ? 1 : 0, ms);
}

static enum qn_err submit(struct cloud *c, const struct call *call, bool mutate, call_done_fn *done,
                          void *user) {
  struct job *j = calloc(1, sizeof *j);
  if (!j) return QN_E_NOMEM;
  j->c = c;
  j->call = *call;
  j->done = done;
  j->user = user;
  j->mutate = mutate;
  arena_init(&j->a);
  j->all_next = c->all;
  if (c->all) c->all->all_prev = j;
  c->all = j;
  c->n_jobs++;
  c->stats.calls++;
  if (mutate)
    c->stats.writes++;
  else
    c->stats.reads++;
  struct str why = {0};
  if (c->cancelled) {
    cancel(j);
  } else if (c->o.sandbox) {
    ask_sandbox(j);
  } else if (wire_serialise(c->o.wire, c->s, &j->a, call->op, call->input, &j->req, &why) != QN_OK) {
    j->reply = (struct reply){.err = QN_E_INVALID,
                              .cls = EC_CLIENT,
                              .code = STR("RequestInvalid"),
                              .message = str_fmt(client_keep(j), "%.*s: %.*s", SV(call->op->name), SV(why))};
    client_ready(j);
  } else {
    j->lane = lane_of(c, call, mutate);
    client_queue(j);
  }
  return QN_OK;
}

enum qn_err cloud_read(struct rd_ctx *rd, const struct call *call, call_done_fn *done, void *user) {
  if (!call->op->read_only) return QN_E_INVALID;
  return submit(rd->c, call, false, done, user);
}

enum qn_err cloud_write(struct wr_ctx *wr, const struct call *call, call_done_fn *done, void *user) {
  return submit(wr->c, call, !call->op->read_only, done, user);
}

void cloud_after(struct cloud *c, uint32_t delay_ms, call_done_fn *done, void *user) {
  int64_t now = c->s->out.boot_ms(c->s->out.user);
  if (!client_timer(
          c, (struct timer){.due_ms = now + (c->cancelled ? 0 : delay_ms), .done = done, .user = user}))
    abort();
}

/* ---- the loop ---------------------------------------------------------------------- */

/* Calls out; true if anything was delivered. What callbacks add is delivered the next time. */
static bool deliver(struct cloud *c) {
  struct job *j = c->ready;
  c->ready = NULL;
  c->ready_last = &c->ready;
  bool any = j != NULL;
  while (j) {
    struct job *next = j->next;
    j->done(j->user, &j->reply);
    job_free(j);
    j = next;
  }
  return any;
}

static bool fire(struct cloud *c) {
  int64_t now = c->s->out.boot_ms(c->s->out.user);
  uint64_t before = c->order;
  bool any = false;
  while (c->n_timers && c->timers[0].due_ms <= now && c->timers[0].order < before) {
    struct timer t = timer_pop(c);
    if (t.job) {
      client_queue(t.job);
      continue;
    }
    t.done(t.user, NULL);
    any = true;
  }
  return any;
}

/* Sends what may go, lanes by turns; returns ms until a limiter lets more through, or -1. */
static int start(struct cloud *c) {
  uint32_t most = c->o.concurrency ? c->o.concurrency : CONCURRENCY, wait = UINT32_MAX;
  size_t resting = 0;
  while (c->in_flight < most && resting < c->lanes.n) {
    struct lane *l = c->lanes.v[c->turn++ % c->lanes.n];
    uint32_t ms = l->first ? rate_take(l->rate, c->s->out.boot_ms(c->s->out.user)) : UINT32_MAX;
    if (ms) {
      if (ms < wait) wait = ms;
      resting++;
      continue;
    }
    resting = 0;
    client_send(lane_pop(l));
  }
  return wait > INT32_MAX ? -1 : (int)wait;
}

static int least(int a, int64_t b) {
  return b >= 0 && (a < 0 || b < a) ? (int)b : a;
}

size_t cloud_poll(struct cloud *c, int timeout_ms, int wake_fd) {
  bool any = deliver(c);
  any = fire(c) || any;
  int wait = start(c);
  wait = least(timeout_ms, wait);
  if (c->n_timers) {
    int64_t left = c->timers[0].due_ms - c->s->out.boot_ms(c->s->out.user);
    wait = least(wait, left > 0 ? (left < INT32_MAX ? left : INT32_MAX) : 0);
  }
  if (any || c->ready) wait = 0;
  if (c->o.sandbox) {
    rest(wait, wake_fd);
  } else if (c->n_jobs || c->n_timers || !any) {
    enum qn_err e = client_net(c);
    if (!e) net_poll(c->net, wait, wake_fd);
  }
  client_settle_refused(c);
  deliver(c);
  return c->n_jobs + c->n_timers;
}

void cloud_cancel(struct cloud *c) {
  if (c->cancelled) return;
  c->cancelled = true;
  for (size_t i = 0; i < c->lanes.n; i++)
    while (c->lanes.v[i]->first) cancel(lane_pop(c->lanes.v[i]));
  size_t kept = 0;
  for (size_t i = 0; i < c->n_timers; i++) {
    struct timer t = c->timers[i];
    if (t.job) {
      cancel(t.job);
    } else { /* all due at once: in any order they form a heap by `order`, which is the rest of the key */
      t.due_ms = 0;
      c->timers[kept++] = t;
    }
  }
  c->n_timers = 0;
  for (size_t i = 0; i < kept; i++)
    (void)client_timer(c, c->timers[i]); /* never grows: i is read before it is written */
}

/* ---- the rest ------------------------------------------------------------------------ */

enum qn_err cloud_new(struct session *s, const struct cloud_options *o, struct cloud **out) {
  struct cloud *c = calloc(1, sizeof *c);
  if (!c) return QN_E_NOMEM;
  c->s = s;
  c->o = *o;
  c->attempts_given = c->o.max_attempts > 0;
  if (!c->attempts_given) c->o.max_attempts = MAX_ATTEMPTS;
  c->net = o->net;
  c->rd.c = c->wr.c = c;
  c->ready_last = &c->ready;
  *out = c;
  return QN_OK;
}

void cloud_free(struct cloud *c) {
  if (!c) return;
  net_free(c->own_net);
  while (c->all) job_free(c->all);
  free(c->timers);
  creds_release(&c->creds);
  sign_cache_wipe(&c->keys);
  secret_store_wipe(c->secrets);
  if (c->cfg_loaded) config_release(&c->cfg);
  free(c);
}

struct rd_ctx *cloud_reader(struct cloud *c) {
  return &c->rd;
}
struct wr_ctx *cloud_writer(struct cloud *c) {
  return &c->wr;
}
void cloud_stats(const struct cloud *c, struct cloud_stats *out) {
  *out = c->stats;
}
