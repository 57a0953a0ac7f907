/* Sources that are asked over HTTP: containers, EC2 metadata, SSO. */
#include "credentials.h"
#include "endpoint.h"
#include "quoin/crypto.h"
#include "quoin/file.h"
#include "retry.h"
#include "sign.h"
#include "wire_int.h"

enum {
  METADATA_TIMEOUT_MS = 1000,
  CONTAINER_TIMEOUT_MS = 2000,
  SSO_TIMEOUT_MS = 30000,
  MAX_ANSWER = 1 << 20
};

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

static struct str member_text(const struct session *s, const struct value *map, const char *name) {
  const struct value *v = value_get(s, map, str_c(name));
  return value_is(v, V_STR) ? value_text(v) : (struct str){0};
}

static int64_t expiry_ms(struct cred_chain *k, struct str text) {
  struct wire_time t;
  return text.n && wire_time_parse(k->s, &k->a, text, &t) ? t.seconds * 1000 : 0;
}

bool cred_document(struct cred_chain *k, struct str json, struct str source, struct creds *out) {
  const struct value *v;
  struct json_error bad;
  if (json_parse(k->s, &k->a, json, &v, &bad) != QN_OK || !value_is(v, V_MAP)) return false;
  struct str access = member_text(k->s, v, "AccessKeyId"), secret = member_text(k->s, v, "SecretAccessKey");
  struct str token = member_text(k->s, v, "Token");
  if (!token.n) token = member_text(k->s, v, "SessionToken");
  bool ok = creds_set(out, access, secret, token, expiry_ms(k, member_text(k->s, v, "Expiration")), source);
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
  if (config_env(k->s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", &base))
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

/* ---- SSO ------------------------------------------------------------------------------ */

struct sso {
  struct str profile, name, start_url, region, account, role, token;
};

static enum qn_err sso_login(struct cred_chain *k, const struct sso *o, const char *why) {
  struct diag *g = cred_failed(k, "the SSO session of profile %.*s %s", SV(o->profile), why);
  diag_help(&k->s->diags, g, "run `aws sso login --profile %.*s`", SV(o->profile));
  return QN_E_REMOTE;
}

static enum qn_err sso_settings(struct cred_chain *k, struct sso *o) {
  const struct aws_config *c = k->cfg;
  struct str none = {0};
  bool session = config_get(c, o->profile, STR("sso_session"), &o->name);
  if (!session && !config_get(c, o->profile, STR("sso_start_url"), &o->start_url)) return QN_E_NOTFOUND;
  if (session) {
    (void)config_named(c, STR("sso-session"), o->name, STR("sso_start_url"), none, &o->start_url);
    (void)config_named(c, STR("sso-session"), o->name, STR("sso_region"), none, &o->region);
  }
  if (!o->region.n) (void)config_get(c, o->profile, STR("sso_region"), &o->region);
  const char *missing = !o->start_url.n                                                  ? "sso_start_url"
                        : !o->region.n                                                   ? "sso_region"
                        : !config_get(c, o->profile, STR("sso_account_id"), &o->account) ? "sso_account_id"
                        : !config_get(c, o->profile, STR("sso_role_name"), &o->role)     ? "sso_role_name"
                                                                                         : NULL;
  if (!missing) return QN_OK;
  struct diag *g = diag_add(&k->s->diags, QN0703, SPAN_NONE, "profile %.*s uses SSO but has no %s",
                            SV(o->profile), missing);
  diag_help(&k->s->diags, g, "run `aws configure sso --profile %.*s`", SV(o->profile));
  return QN_E_INVALID;
}

/* The token that `aws sso login` leaves in a file named by the SHA-1 of the session's name (or start URL). */
static enum qn_err sso_token(struct cred_chain *k, struct sso *o) {
  struct str text, name = crypto_sha1_hex(&k->a, o->name.n ? o->name : o->start_url);
  struct str path = str_fmt(&k->a, "%.*s/.aws/sso/cache/%.*s.json", SV(k->cfg->home), SV(name));
  enum qn_err e = file_read(&k->a, path.p, 65536, &k->s->diags, &text);
  if (e == QN_E_NOTFOUND) return sso_login(k, o, "is not logged in");
  if (e) return e;
  const struct value *v;
  struct json_error bad;
  if (json_parse(k->s, &k->a, text, &v, &bad) != QN_OK || !value_is(v, V_MAP))
    return sso_login(k, o, "has a token file that cannot be read");
  o->token = member_text(k->s, v, "accessToken");
  int64_t expires = expiry_ms(k, member_text(k->s, v, "expiresAt"));
  secret_wipe(text);
  if (!o->token.n) return sso_login(k, o, "has a token file without a token");
  if (expires <= k->s->out.now_ms(k->s->out.user)) return sso_login(k, o, "has expired");
  return QN_OK;
}

static bool sso_document(struct cred_chain *k, const struct sso *o, struct str json, struct creds *out) {
  const struct value *v;
  struct json_error bad;
  if (json_parse(k->s, &k->a, json, &v, &bad) != QN_OK) return false;
  v = value_is(v, V_MAP) ? value_get(k->s, v, STR("roleCredentials")) : NULL;
  if (!value_is(v, V_MAP)) return false;
  struct str secret = member_text(k->s, v, "secretAccessKey"), token = member_text(k->s, v, "sessionToken");
  const struct value *expires = value_get(k->s, v, STR("expiration")); /* ms */
  struct str source = str_fmt(&k->s->arena, "profile %.*s (SSO)", SV(o->profile));
  bool ok = creds_set(out, member_text(k->s, v, "accessKeyId"), secret, token,
                      value_is(expires, V_INT) ? expires->i : 0, source);
  secret_wipe(secret);
  secret_wipe(token);
  secret_wipe(json);
  return ok;
}

enum qn_err creds_sso(struct cred_chain *k, struct str profile, struct creds *out) {
  static const struct wire_service portal = {.id = {"sso", 3},
                                             .endpoint_prefix = {"portal.sso", 10},
                                             .env_name = {"SSO", 3},
                                             .protocol = WP_REST_JSON};
  struct sso o = {.profile = profile};
  struct endpoint at;
  enum qn_err e = sso_settings(k, &o);
  if (!e) e = sso_token(k, &o);
  if (!e) e = endpoint_find(k->s, k->cfg, &k->a, &portal, o.region, &at);
  if (e) return e;
  struct str query = str_fmt(&k->a, "account_id=%.*s&role_name=%.*s", SV(o.account), SV(o.role));
  struct str url = str_fmt(&k->a, "%.*s://%.*s%.*s/federation/credentials?%.*s", SV(at.scheme), SV(at.host),
                           SV(at.path), SV(sign_query(&k->a, query)));
  struct http_header h = {STR("x-amz-sso_bearer_token"), o.token};
  struct http_request r = {
      .method = "GET", .url = url, .headers = &h, .n_headers = 1, .timeout_ms = SSO_TIMEOUT_MS};
  struct cred_answer got;
  e = cred_http(k, &r, 4, &got);
  secret_wipe(o.token);
  if (e && e != QN_E_REMOTE) return e;
  if (!e && got.status == 401) return sso_login(k, &o, "is no longer accepted");
  if (!e && got.status == 200 && sso_document(k, &o, got.body, out)) return QN_OK;
  if (e)
    cred_failed(k, "SSO at %.*s does not answer: %.*s", SV(at.host), SV(got.detail));
  else if (got.status == 403 || got.status == 404)
    cred_failed(k, "SSO gives profile %.*s no role %.*s in account %.*s", SV(profile), SV(o.role),
                SV(o.account));
  else
    cred_failed(k, "SSO at %.*s gave no credentials (status %d)", SV(at.host), got.status);
  return QN_E_REMOTE;
}
