/* Sources that are asked over HTTP: containers and EC2 metadata; and what SSO shares with them. */
#include "credentials.h"
#include "endpoint.h"
#include "quoin/file.h"
#include "retry.h"
#include "sign.h"
#include "wire_int.h"

enum { METADATA_TIMEOUT_MS = 1000, CONTAINER_TIMEOUT_MS = 2000, MAX_ANSWER = 1 << 20 };

struct waiting {
  struct cred_chain *k;
  struct cred_answer *out;
  bool done;
};

static void on_answer(void *user, const struct http_response *r) {
  struct waiting *w = user;
  struct arena *a = &w->k->a;
  struct http_header *h = ARENA_ARRAY(a, r->n_headers, struct http_header);
  for (size_t i = 0; i < r->n_headers; i++)
    h[i] = (struct http_header){str_dup(a, r->headers[i].name), str_dup(a, r->headers[i].value)};
  *w->out =
      (struct cred_answer){r->fail, r->status, str_dup(a, r->body), str_dup(a, r->detail), h, r->n_headers};
  w->done = true;
}

/* The net may wake earlier because of other transfers; the count ends it where a test's clock stands still.
 */
void cred_pause(struct cred_chain *k, uint32_t ms) {
  const struct outside *o = &k->s->out;
  int64_t end = o->boot_ms(o->user) + ms, now;
  for (int i = 0; i < 100000 && (now = o->boot_ms(o->user)) < end; i++)
    net_poll(k->net, (int)(end - now), -1);
}

enum qn_err cred_http(struct cred_chain *k, struct http_request *r, uint32_t attempts,
                      struct cred_answer *out) {
  r->secret = true;
  r->max_body = MAX_ANSWER;
  for (uint32_t i = 1;; i++) {
    struct waiting w = {.k = k, .out = out};
    enum qn_err e = net_submit(k->net, r, on_answer, &w);
    if (e) {
      diag_add(&k->s->diags, QN0708, SPAN_NONE, "%.*s", SV(net_error(k->net)));
      return e;
    }
    while (!w.done) net_poll(k->net, 1000, -1);
    if (!out->fail && out->status < 500) return QN_OK;
    if (i >= attempts) return out->fail ? QN_E_REMOTE : QN_OK;
    enum err_class cls = retry_class(out->fail, out->status, (struct str){0});
    cred_pause(k, retry_delay_ms(k->s, cls, i + 1, out->headers, out->n_headers));
  }
}

struct str cred_text(const struct session *s, const struct value *map, const char *name) {
  const struct value *v = value_get(s, map, str_c(name));
  return value_is(v, V_STR) ? value_text(v) : (struct str){0};
}

int64_t cred_expiry_ms(struct cred_chain *k, struct str text) {
  struct wire_time t;
  return text.n && wire_time_parse(k->s, &k->a, text, &t) ? t.seconds * 1000 : 0;
}

bool cred_document(struct cred_chain *k, struct str json, struct str source, struct creds *out) {
  const struct value *v;
  struct json_error bad;
  if (json_parse(k->s, &k->a, json, &v, &bad) != QN_OK || !value_is(v, V_MAP)) return false;
  struct str access = cred_text(k->s, v, "AccessKeyId"), secret = cred_text(k->s, v, "SecretAccessKey");
  struct str token = cred_text(k->s, v, "Token");
  if (!token.n) token = cred_text(k->s, v, "SessionToken");
  bool ok =
      creds_set(out, access, secret, token, cred_expiry_ms(k, cred_text(k->s, v, "Expiration")), source);
  secret_wipe(secret);
  secret_wipe(token);
  secret_wipe(json);
  return ok;
}

/* ---- containers ---------------------------------------------------------------- */

/* As the SDKs: TLS, loopback, or the addresses of ECS and EKS; elsewhere the token would travel in the clear.
 */
static bool container_host_ok(const struct endpoint *e) {
  static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost",
                                      "[::1]"};
  struct str host = e->host;
  size_t colon = str_find_c(host, ':');
  if (host.n && host.p[0] == '[') colon = str_find_c(host, ']') + 1;
  if (colon < host.n) host = str_sub(host, 0, colon);
  if (str_eq(e->scheme, STR("https")) || str_starts(host, STR("127."))) return true;
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
    if (str_eq(host, str_c(hosts[i]))) return true;
  return false;
}

static enum qn_err container_token(struct cred_chain *k, struct http_header *h, size_t *n) {
  struct str file, token;
  if (config_env(k->s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file)) {
    enum qn_err e = file_read(&k->a, str_dup(&k->a, file).p, 65536, &k->s->diags, &token);
    if (e == QN_E_NOTFOUND)
      cred_failed(k, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names %.*s, which does not exist", SV(file));
    if (e) return QN_E_INVALID;
    token = str_trim(token);
  } else if (!config_env(k->s, "AWS_CONTAINER_AUTHORIZATION_TOKEN", &token)) {
    return QN_OK;
  }
  h[(*n)++] = (struct http_header){STR("Authorization"), token};
  return QN_OK;
}

enum qn_err creds_container(struct cred_chain *k, struct creds *out) {
  struct str uri, full;
  if (config_env(k->s, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &uri)) {
    full = str_fmt(&k->a, "http://169.254.170.2%.*s", SV(uri));
  } else if (!config_env(k->s, "AWS_CONTAINER_CREDENTIALS_FULL_URI", &full)) {
    cred_tried(k, "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    return QN_E_NOTFOUND;
  }
  struct endpoint where;
  struct str plain = str_sub(full, 0, str_find_c(full, '?'));
  if (!endpoint_url(&k->a, plain, &where) || !container_host_ok(&where)) {
    struct diag *g =
        cred_failed(k, "the container's credentials URL is not https, loopback or a container address");
    diag_help(&k->s->diags, g,
              "see AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    return QN_E_INVALID;
  }
  struct http_header h[2] = {{STR("Accept"), STR("application/json")}};
  size_t n = 1;
  enum qn_err e = container_token(k, h, &n);
  if (e) return e;
  struct http_request r = {.method = "GET",
                           .url = full,
                           .headers = h,
                           .n_headers = n,
                           .timeout_ms = CONTAINER_TIMEOUT_MS,
                           .no_proxy = true};
  struct cred_answer got;
  e = cred_http(k, &r, 3, &got);
  if (e == QN_E_IO || e == QN_E_NOMEM) return e;
  if (!e && got.status == 200 && cred_document(k, got.body, STR("container"), out)) return QN_OK;
  if (e)
    cred_failed(k, "the container's credentials service does not answer: %.*s", SV(got.detail));
  else
    cred_failed(k, "the container's credentials service gave no credentials (status %d)", got.status);
  return QN_E_REMOTE;
}

/* ---- EC2 metadata, version 2 ------------------------------------------------------ */

static enum qn_err metadata_get(struct cred_chain *k, struct str base, const char *method, struct str path,
                                struct http_header h, struct cred_answer *got) {
  struct http_request r = {.method = method,
                           .url = str_fmt(&k->a, "%.*s%.*s", SV(base), SV(path)),
                           .headers = &h,
                           .n_headers = 1,
                           .timeout_ms = METADATA_TIMEOUT_MS,
                           .connect_timeout_ms = METADATA_TIMEOUT_MS,
                           .no_proxy = true};
  return cred_http(k, &r, 1, got);
}

enum qn_err creds_metadata(struct cred_chain *k, struct creds *out) {
  static const char path[] = "/latest/meta-data/iam/security-credentials/";
  struct str off, base = STR("http://169.254.169.254");
  if (config_env(k->s, "AWS_EC2_METADATA_DISABLED", &off) && str_eq_nocase(off, STR("true"))) {
    cred_tried(k, "EC2 metadata: switched off by AWS_EC2_METADATA_DISABLED");
    return QN_E_NOTFOUND;
  }
  struct str mode, where;
  if (config_setting(k->s, k->cfg, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                     "ec2_metadata_service_endpoint_mode", &mode, &where) &&
      str_eq_nocase(mode, STR("IPv6")))
    base = STR("http://[fd00:ec2::254]");
  if (config_setting(k->s, k->cfg, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint",
                     &base, &where))
    while (str_ends(base, STR("/"))) base.n--;
  struct cred_answer got;
  struct http_header h = {STR("X-aws-ec2-metadata-token-ttl-seconds"), STR("21600")};
  enum qn_err e = metadata_get(k, base, "PUT", STR("/latest/api/token"), h, &got);
  if (e == QN_E_IO || e == QN_E_NOMEM) return e;
  if (e || got.status != 200) {
    cred_tried(k, "EC2 metadata: %.*s does not answer", SV(base));
    return QN_E_NOTFOUND;
  }
  h = (struct http_header){STR("X-aws-ec2-metadata-token"), str_trim(got.body)};
  e = metadata_get(k, base, "GET", str_c(path), h, &got);
  struct str role;
  (void)str_cut(str_trim(got.body), '\n', &role);
  if (e || got.status != 200 || !role.n) {
    cred_tried(k, "EC2 metadata: the instance has no role");
    return e && e != QN_E_REMOTE ? e : QN_E_NOTFOUND;
  }
  e = metadata_get(k, base, "GET", str_fmt(&k->a, "%s%.*s", path, SV(sign_path(&k->a, role))), h, &got);
  struct str source = str_fmt(&k->s->arena, "EC2 metadata, role %.*s", SV(role));
  if (!e && got.status == 200 && cred_document(k, got.body, source, out)) return QN_OK;
  if (e && e != QN_E_REMOTE) return e;
  cred_failed(k, "EC2 metadata gave no credentials for role %.*s", SV(role));
  return QN_E_REMOTE;
}
