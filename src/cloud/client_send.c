/* One HTTP request of a job: made, signed, sent, judged. */
#include "client.h"
#include "quoin/crypto.h"
#include "retry.h"

enum { TIMEOUT_MS = 60000, HEADERS = 32 };

static int64_t wall_ms(const struct cloud *c) {
  return c->s->out.now_ms(c->s->out.user) + c->skew_ms;
}

static void finish(struct job *j, enum err_class cls, struct str code, struct str message,
                   struct str request_id) {
  j->reply.err = cls == EC_NONE ? QN_OK : QN_E_REMOTE;
  j->reply.cls = cls;
  j->reply.code = code;
  j->reply.message = message;
  j->reply.request_id = request_id;
  j->reply.attempts = j->attempts;
  j->reply.maybe_executed = j->maybe_executed;
  client_ready(j);
}

/* ---- the request ---------------------------------------------------------------- */

static enum qn_err endpoint_of(struct cloud *c, const struct wire_service *svc, sym region,
                               struct endpoint *out) {
  for (size_t i = 0; i < c->endpoints.n; i++) {
    if (c->endpoints.v[i].service != svc->index || c->endpoints.v[i].region != region) continue;
    *out = c->endpoints.v[i].at;
    return QN_OK;
  }
  enum qn_err e = client_config(c);
  if (!e) e = endpoint_find(c->s, &c->cfg, &c->s->arena, svc, session_str(c->s, region), out);
  if (e) return e;
  struct known_endpoint k = {svc->index, region, *out};
  VEC_PUSH(&c->s->arena, &c->endpoints, k);
  return QN_OK;
}

struct str cloud_endpoint(struct cloud *c, const struct wire_service *svc, sym region) {
  struct endpoint at;
  if (endpoint_of(c, svc, region, &at) != QN_OK) return (struct str){0};
  return str_fmt(&c->s->arena, "%.*s://%.*s%.*s", SV(at.scheme), SV(at.host), SV(at.path));
}

/* A bucket that can be a label of the host: then S3 wants it there. One with dots stays in the path, because
 * the certificate *.s3.REGION... does not cover it. */
static bool bucket_in_host(struct str b) {
  for (size_t i = 0; i < b.n; i++)
    if (!((b.p[i] >= 'a' && b.p[i] <= 'z') || (b.p[i] >= '0' && b.p[i] <= '9') || b.p[i] == '-'))
      return false;
  return b.n >= 3 && b.n <= 63;
}

static void place(struct job *j, struct endpoint *at, struct str *path) {
  struct str bucket, rest;
  *path = j->req.path;
  if (!at->custom && str_eq(j->call.op->service->id, STR("s3"))) {
    rest = str_cut(str_sub(*path, 1, path->n), '/', &bucket);
    if (bucket_in_host(bucket)) {
      at->host = str_fmt(&j->a, "%.*s.%.*s", SV(bucket), SV(at->host));
      *path = str_fmt(&j->a, "/%.*s", SV(rest));
    }
  }
  if (at->path.n) *path = str_fmt(&j->a, "%.*s%.*s", SV(at->path), SV(*path));
  *path = sign_path(&j->a, *path);
}

struct outgoing {
  struct http_header h[HEADERS];
  size_t n;
};

static void add(struct outgoing *o, struct str name, struct str value) {
  if (o->n < HEADERS) o->h[o->n++] = (struct http_header){name, value};
}

static void plain_headers(struct job *j, struct outgoing *o) {
  const struct wire_request *q = &j->req;
  bool md5 = false;
  for (size_t i = 0; i < q->n_headers; i++) {
    add(o, q->headers[i].name, q->headers[i].value);
    md5 = md5 || str_eq_nocase(q->headers[i].name, STR("content-md5"));
  }
  if (q->content_type.n) add(o, STR("Content-Type"), q->content_type);
  if (q->target.n) add(o, STR("X-Amz-Target"), q->target);
  if (q->needs_md5 && !md5) add(o, STR("Content-MD5"), crypto_md5_base64(&j->a, q->body));
  add(o, STR("User-Agent"), STR("quoin/" QUOIN_VERSION));
}

static void sign(struct job *j, const struct endpoint *at, struct str path, struct str query,
                 struct outgoing *o) {
  struct cloud *c = j->c;
  const struct wire_service *svc = j->call.op->service;
  struct sign_creds creds = {c->creds.access_key, c->creds.secret_key, c->creds.token};
  struct sign_scope scope = {retry_stamp(&j->a, wall_ms(c)), at->region, svc->signing_name};
  struct str hash = crypto_sha256_hex(&j->a, j->req.body);
  add(o, STR("X-Amz-Date"), scope.timestamp);
  add(o, STR("X-Amz-Content-SHA256"), hash);
  if (creds.token.n) add(o, STR("X-Amz-Security-Token"), creds.token);
  struct sign_request r = {.method = j->req.method,
                           .host = at->host,
                           .path = path,
                           .query = query,
                           .headers = o->h,
                           .n_headers = o->n,
                           .payload_hash = hash,
                           .s3 = str_eq(svc->id, STR("s3"))};
  struct sign_stages stages;
  sign_stages(&j->a, &c->keys, &creds, &scope, &r, &stages);
  secret_wipe(stages.canonical); /* holds the token */
  add(o, STR("Authorization"), stages.authorization);
}

/* ---- the answer ------------------------------------------------------------------- */

static bool again(struct job *j, uint32_t delay_ms) {
  struct cloud *c = j->c;
  c->stats.retried++;
  if (!delay_ms) {
    client_queue(j);
    return true;
  }
  return client_timer(c, (struct timer){.due_ms = c->s->out.boot_ms(c->s->out.user) + delay_ms, .job = j});
}

/* The clock is looked at before the credentials: an old date looks like a bad signature. */
static bool mend_clock(struct job *j, const struct http_response *r) {
  struct cloud *c = j->c;
  int64_t off;
  if (j->clock_tried) return false;
  j->clock_tried = true;
  if (j->skew_ms != c->skew_ms) return true; /* mended since by another job */
  if (!retry_clock_off(c->s, &j->a, wall_ms(c), r->headers, r->n_headers, &off)) return false;
  c->skew_ms += off;
  return true;
}

void client_settle_refused(struct cloud *c) {
  struct job *j = c->refused;
  c->refused = NULL;
  for (struct job *next; j; j = next) {
    next = j->next;
    bool may = !c->cancelled && !j->creds_tried && j->attempts < c->o.max_attempts;
    bool renewed = may && client_creds_renew(c, j->creds_generation);
    j->creds_tried = true;
    if (renewed && again(j, 0)) continue;
    client_creds_refused(c, j->reply.code, j->reply.message);
    finish(j, EC_CREDENTIALS, j->reply.code, j->reply.message, j->reply.request_id);
  }
}

/* A change is sent again only if it was certainly not carried out: what else it may have done is for the
 * caller to find out. */
static bool may_retry(const struct job *j, enum err_class cls, const struct http_response *r) {
  switch (cls) {
  case EC_THROTTLE:
  case EC_CONNECT: return true;
  case EC_SERVER:
  case EC_AMBIGUOUS: return !j->mutate;
  case EC_BAD_REPLY: return !j->mutate && r->fail != NF_TOO_LARGE;
  case EC_NONE:
  case EC_CREDENTIALS:
  case EC_ACCESS_DENIED:
  case EC_CLOCK:
  case EC_CLIENT:
  case EC_CANCELLED: return false;
  }
  return false;
}

static void judge(struct job *j, enum err_class cls, const struct http_response *r,
                  const struct wire_error *e) {
  struct cloud *c = j->c;
  bool last = c->cancelled || j->attempts >= c->o.max_attempts;
  if (retry_maybe_executed(cls)) j->maybe_executed = true;
  if (cls == EC_THROTTLE) {
    c->stats.throttled++;
    rate_throttled(j->lane->rate, c->s->out.boot_ms(c->s->out.user));
  }
  if (!last && (cls == EC_CLOCK || cls == EC_CREDENTIALS) && mend_clock(j, r) && again(j, 0)) return;
  if (cls == EC_CREDENTIALS) { /* other credentials may need the network: not from within its callback */
    j->reply.code = e->code;
    j->reply.message = e->message;
    j->reply.request_id = e->request_id;
    j->next = c->refused;
    c->refused = j;
    return;
  }
  if (!last && may_retry(j, cls, r) &&
      again(j, 1 + retry_delay_ms(c->s, cls, j->attempts + 1, r->headers, r->n_headers)))
    return;
  finish(j, cls, e->code, e->message, e->request_id);
}

static struct str failure_words(struct job *j, const struct http_response *r) {
  struct str at = cloud_endpoint(j->c, j->call.op->service, j->call.region);
  return str_fmt(client_keep(j), "%.*s: %.*s", SV(at), SV(r->detail));
}

/* S3 says where a bucket is; it is not followed there, because what is managed lives where the spec says. */
static void other_region(struct job *j, const struct http_response *r, struct wire_error *e) {
  const struct http_header *h = http_header_find(r->headers, r->n_headers, "x-amz-bucket-region");
  struct str asked = session_str(j->c->s, j->call.region);
  if (!h || r->status < 300 || str_eq(h->value, asked) || str_eq(e->code, STR("AccessDenied"))) return;
  e->message = str_fmt(client_keep(j),
                       "the bucket is in region %.*s, and was asked for in %.*s: set the resource's region",
                       SV(h->value), SV(asked));
}

static void on_answer(void *user, const struct http_response *r) {
  struct job *j = user;
  struct cloud *c = j->c;
  struct arena *keep = client_keep(j);
  struct wire_answer in = {r->status, r->headers, r->n_headers, r->body};
  struct wire_error e = {0};
  c->in_flight--;
  if (r->fail) {
    e.message = failure_words(j, r);
    judge(j, retry_class(r->fail, r->status, e.code), r, &e);
    return;
  }
  if (r->status >= 200 && r->status < 300) {
    struct str why = {0};
    if (wire_parse(c->o.wire, c->s, keep, j->call.op, &in, &j->reply.output, &why) == QN_OK) {
      j->reply.status = r->status;
      finish(j, EC_NONE, e.code, e.message, e.request_id);
      return;
    }
    e.message = str_fmt(keep, "the answer cannot be read: %.*s", SV(why));
    judge(j, EC_BAD_REPLY, r, &e);
    return;
  }
  wire_parse_error(c->o.wire, c->s, keep, j->call.op, &in, &e);
  bool head =
      str_eq(j->req.method, STR("HEAD")); /* has no body: the status is the code, as botocore has it */
  if (!e.code.n && head) e.code = str_fmt(keep, "%d", r->status);
  if (!e.code.n && !e.message.n) e.message = str_fmt(keep, "HTTP status %d without an AWS error", r->status);
  other_region(j, r, &e);
  j->reply.status = r->status;
  judge(j, retry_class(NF_NONE, r->status, head ? (struct str){0} : e.code), r, &e);
}

void client_send(struct job *j) {
  struct cloud *c = j->c;
  struct endpoint at;
  struct str path, none = {0}, query = sign_query(&j->a, j->req.query);
  struct outgoing o = {0};
  enum qn_err e = endpoint_of(c, j->call.op->service, j->call.region, &at);
  if (!e) e = client_net(c);
  if (e) {
    finish(j, EC_CLIENT, STR("NoEndpoint"), STR("the endpoint or the network library cannot be used"), none);
    return;
  }
  if (!j->call.op->is_unsigned && client_creds(c) != QN_OK) {
    finish(j, EC_CREDENTIALS, STR("NoCredentials"), client_creds_words(c), none);
    return;
  }
  place(j, &at, &path);
  plain_headers(j, &o);
  if (!j->call.op->is_unsigned) sign(j, &at, path, query, &o);
  struct http_request r = {.method = str_dup(&j->a, j->req.method).p,
                           .url = str_fmt(&j->a, "%.*s://%.*s%.*s%s%.*s", SV(at.scheme), SV(at.host),
                                          SV(path), query.n ? "?" : "", SV(query)),
                           .headers = o.h,
                           .n_headers = o.n,
                           .body = j->req.body,
                           .timeout_ms = j->call.timeout_ms ? j->call.timeout_ms : TIMEOUT_MS,
                           .once = !j->call.op->read_only, /* a hidden re-send would make the answer lie */
                           .secret = j->call.secret};
  j->creds_generation = c->creds_generation;
  j->skew_ms = c->skew_ms;
  j->attempts++;
  c->in_flight++;
  c->stats.http_requests++;
  if (net_submit(c->net, &r, on_answer, j) == QN_OK) return;
  c->in_flight--;
  finish(j, EC_CLIENT, none, str_dup(client_keep(j), net_error(c->net)), none);
}
