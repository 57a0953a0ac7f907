/* IAM Identity Center (SSO): the token that a login has left, refreshed while its session lasts, and the
 * role's credentials for it. Source: botocore's tokens.py and the SSO OIDC API reference. */
#include "credentials.h"
#include "endpoint.h"
#include "quoin/crypto.h"
#include "quoin/file.h"
#include "sign.h"
#include "wire_int.h"

enum { SSO_TIMEOUT_MS = 30000, REFRESH_BEFORE_MS = 900000, TOKEN_FILE_MAX = 65536 };

struct sso {
  struct str profile, name, start_url, region, account, role, token;
  int64_t expires_ms;         /* of the token */
  const struct value *cached; /* all that the token's file says */
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
static struct str token_path(struct cred_chain *k, const struct sso *o) {
  struct str name = crypto_sha1_hex(&k->a, o->name.n ? o->name : o->start_url);
  return str_fmt(&k->a, "%.*s/.aws/sso/cache/%.*s.json", SV(k->cfg->home), SV(name));
}

static enum qn_err token_load(struct cred_chain *k, struct sso *o) {
  struct str text;
  enum qn_err e = file_read(&k->a, token_path(k, o).p, TOKEN_FILE_MAX, &k->s->diags, &text);
  if (e == QN_E_NOTFOUND) return sso_login(k, o, "is not logged in");
  if (e) return e;
  struct json_error bad;
  e = json_parse(k->s, &k->a, text, &o->cached, &bad);
  secret_wipe(text);
  if (e || !value_is(o->cached, V_MAP)) return sso_login(k, o, "has a token file that cannot be read");
  o->token = cred_text(k->s, o->cached, "accessToken");
  o->expires_ms = cred_expiry_ms(k, cred_text(k->s, o->cached, "expiresAt"));
  return o->token.n ? QN_OK : sso_login(k, o, "has a token file without a token");
}

static int64_t wall_ms(const struct cred_chain *k) {
  return k->s->out.now_ms(k->s->out.user) + *k->skew_ms;
}

/* Only `aws configure sso` with a session registers a client that may refresh. */
static bool refreshable(struct cred_chain *k, const struct sso *o) {
  static const char *const needed[] = {"refreshToken", "clientId", "clientSecret"};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (!cred_text(k->s, o->cached, needed[i]).n) return false;
  return o->name.n && cred_expiry_ms(k, cred_text(k->s, o->cached, "registrationExpiresAt")) > wall_ms(k);
}

static const struct value *put_text(struct cred_chain *k, const struct value *map, const char *name,
                                    struct str text) {
  return value_put(&k->a, map, session_sym(k->s, str_c(name)), value_str(&k->a, text));
}

/* CreateToken of sso-oidc, which is not signed. */
static bool token_ask(struct cred_chain *k, const struct sso *o, struct cred_answer *got) {
  static const struct wire_service oidc = {.id = {"sso-oidc", 8},
                                           .endpoint_prefix = {"oidc", 4},
                                           .env_name = {"SSO_OIDC", 8},
                                           .protocol = WP_REST_JSON};
  static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
  struct endpoint at;
  if (endpoint_find(k->s, k->cfg, &k->a, &oidc, o->region, &at)) return false;
  const struct value *in = put_text(k, value_map(&k->a, NULL, 0), "grantType", STR("refresh_token"));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    in = put_text(k, in, names[i], cred_text(k->s, o->cached, names[i]));
  struct buf body = BUF_INIT(TOKEN_FILE_MAX);
  struct http_header h = {STR("Content-Type"), STR("application/json")};
  struct http_request r = {
      .method = "POST",
      .url = str_fmt(&k->a, "%.*s://%.*s%.*s/token", SV(at.scheme), SV(at.host), SV(at.path)),
      .headers = &h,
      .n_headers = 1,
      .timeout_ms = SSO_TIMEOUT_MS};
  bool ok = json_write(k->s, in, JSON_COMPACT, &body) == QN_OK && !body.failed;
  r.body = buf_str(&body);
  ok = ok && cred_http(k, &r, 4, got) == QN_OK && got->status == 200;
  if (body.cap) crypto_wipe(body.p, body.cap);
  buf_release(&body);
  return ok;
}

/* A new token takes the place of the old one, also in the file: the AWS CLI and other runs go on with it. A
 * file that cannot be written costs no more than another login. */
static bool token_refresh(struct cred_chain *k, struct sso *o) {
  struct cred_answer got;
  const struct value *v, *lifetime;
  struct json_error bad;
  struct wire_time expires = {0};
  if (!token_ask(k, o, &got)) return false;
  enum qn_err e = json_parse(k->s, &k->a, got.body, &v, &bad);
  secret_wipe(got.body);
  if (e || !value_is(v, V_MAP)) return false;
  struct str token = cred_text(k->s, v, "accessToken"), next = cred_text(k->s, v, "refreshToken");
  lifetime = value_get(k->s, v, STR("expiresIn"));
  if (!token.n || !value_is(lifetime, V_INT) || lifetime->i <= 0 || lifetime->i > INT32_MAX) return false;
  expires.seconds = wall_ms(k) / 1000 + lifetime->i;
  o->token = token;
  o->expires_ms = expires.seconds * 1000;
  v = put_text(k, o->cached, "accessToken", token);
  v = put_text(k, v, "expiresAt", wire_time_text(&k->a, expires, WB_TIME_ISO8601));
  if (next.n) v = put_text(k, v, "refreshToken", next);
  o->cached = v;
  struct buf text = BUF_INIT(TOKEN_FILE_MAX);
  if (!json_write(k->s, v, JSON_PRETTY, &text) && !text.failed &&
      file_write_atomic(token_path(k, o).p, buf_str(&text), 0600, NULL))
    cred_tried(k, "the refreshed SSO token could not be stored");
  if (text.cap) crypto_wipe(text.p, text.cap);
  buf_release(&text);
  return true;
}

/* Refreshed some minutes before its end; still used until then if that fails. */
static enum qn_err sso_token(struct cred_chain *k, struct sso *o) {
  enum qn_err e = token_load(k, o);
  if (e) return e;
  if (o->expires_ms - wall_ms(k) < REFRESH_BEFORE_MS && refreshable(k, o) && !token_refresh(k, o)) {
    e = token_load(k, o); /* another run may have been quicker: then ours was refused */
    if (e) return e;
  }
  return o->expires_ms > wall_ms(k) ? QN_OK : sso_login(k, o, "has expired");
}

static bool sso_document(struct cred_chain *k, const struct sso *o, struct str json, struct creds *out) {
  const struct value *v;
  struct json_error bad;
  if (json_parse(k->s, &k->a, json, &v, &bad) != QN_OK) return false;
  v = value_is(v, V_MAP) ? value_get(k->s, v, STR("roleCredentials")) : NULL;
  if (!value_is(v, V_MAP)) return false;
  struct str secret = cred_text(k->s, v, "secretAccessKey"), token = cred_text(k->s, v, "sessionToken");
  const struct value *expires = value_get(k->s, v, STR("expiration")); /* ms */
  struct str source = str_fmt(&k->s->arena, "profile %.*s (SSO)", SV(o->profile));
  bool ok = creds_set(out, cred_text(k->s, v, "accessKeyId"), secret, token,
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
