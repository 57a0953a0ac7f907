/* The three calls of STS that credentials need. They are made here and not from
 * wire models because nothing else works before them. Source: AWS's STS API
 * reference, version 2011-06-15. */
#include "credentials.h"
#include "endpoint.h"
#include "quoin/file.h"
#include "retry.h"
#include "sign.h"
#include "wire_int.h"

enum { STS_TIMEOUT_MS = 30000, STS_ATTEMPTS = 4, STS_THROTTLES = 8, TOKEN_MAX = 65536 };

static const struct wire_service sts = {.id = {"sts", 3},
                                        .signing_name = {"sts", 3},
                                        .endpoint_prefix = {"sts", 3},
                                        .env_name = {"STS", 3},
                                        .protocol = WP_QUERY};

static struct str form(struct cred_chain *k, const char *action, const struct sts_param *p, size_t n) {
  struct buf b = BUF_INIT(1 << 20);
  buf_addf(&b, "Action=%s&Version=2011-06-15", action);
  for (size_t i = 0; i < n; i++) {
    if (!p[i].value.n) continue;
    struct str pair = str_fmt(&k->a, "%s=", p[i].name);
    buf_addc(&b, '&');
    buf_add(&b, pair);
    buf_add(&b, sign_encode(&k->a, p[i].value));
  }
  struct str out = str_dup(&k->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static void sts_error(struct cred_chain *k, const struct cred_answer *got, struct sts_reply *out) {
  struct xml_node *root;
  struct xml_error bad;
  if (xml_parse(&k->a, got->body, &root, &bad) != QN_OK) return;
  struct xml_node *error = xml_child(root, STR("Error"));
  struct xml_node *code = error ? xml_child(error, STR("Code")) : NULL;
  struct xml_node *message = error ? xml_child(error, STR("Message")) : NULL;
  if (code) out->code = str_trim(code->text);
  if (message) out->message = str_trim(message->text);
}

/* Headers of one try; at most 6. */
static size_t headers(struct cred_chain *k, const struct creds *with, const struct endpoint *at,
                      struct str body, struct http_header *h) {
  size_t n = 0;
  h[n++] = (struct http_header){STR("Content-Type"), STR("application/x-www-form-urlencoded; charset=utf-8")};
  if (!with) return n;
  struct sign_creds creds = {with->access_key, with->secret_key, with->token};
  int64_t now = k->s->out.now_ms(k->s->out.user) + *k->skew_ms;
  struct sign_scope scope = {retry_stamp(&k->a, now), at->region, STR("sts")};
  struct str hash = crypto_sha256_hex(&k->a, body);
  h[n++] = (struct http_header){STR("X-Amz-Date"), scope.timestamp};
  h[n++] = (struct http_header){STR("X-Amz-Content-SHA256"), hash};
  if (with->token.n) h[n++] = (struct http_header){STR("X-Amz-Security-Token"), with->token};
  struct sign_request r = {.method = STR("POST"),
                           .host = at->host,
                           .path = str_fmt(&k->a, "%.*s/", SV(at->path)),
                           .headers = h,
                           .n_headers = n,
                           .payload_hash = hash};
  struct sign_stages stages;
  sign_stages(&k->a, NULL, &creds, &scope, &r, &stages);
  h[n++] = (struct http_header){STR("Authorization"), stages.authorization};
  return n;
}

enum qn_err sts_call(struct cred_chain *k, const struct creds *with, const char *action,
                     const struct sts_param *p, size_t n, struct sts_reply *out) {
  struct endpoint at;
  struct xml_error bad;
  bool clock_tried = false;
  enum qn_err e = endpoint_find(k->s, k->cfg, &k->a, &sts, k->region, &at);
  if (e) return e;
  struct str body = form(k, action, p, n);
  for (uint32_t tries = 1;; tries++) {
    struct http_header h[6];
    struct cred_answer got;
    struct http_request r = {.method = "POST",
                             .url =
                                 str_fmt(&k->a, "%.*s://%.*s%.*s/", SV(at.scheme), SV(at.host), SV(at.path)),
                             .headers = h,
                             .n_headers = headers(k, with, &at, body, h),
                             .body = body,
                             .timeout_ms = STS_TIMEOUT_MS};
    *out = (struct sts_reply){0};
    e = cred_http(k, &r, STS_ATTEMPTS, &got);
    if (e && e != QN_E_REMOTE) return e;
    out->fail = got.fail;
    out->status = got.status;
    out->detail = got.fail ? str_fmt(&k->a, "%.*s: %.*s", SV(at.host), SV(got.detail)) : (struct str){0};
    if (e) return e;
    if (got.status == 200 && xml_parse(&k->a, got.body, &out->root, &bad) == QN_OK) return QN_OK;
    sts_error(k, &got, out);
    if (tries < STS_THROTTLES && retry_class(NF_NONE, got.status, out->code) == EC_THROTTLE) {
      cred_pause(k, retry_delay_ms(k->s, EC_THROTTLE, tries + 1, got.headers, got.n_headers));
      continue;
    }
    int64_t off, now = k->s->out.now_ms(k->s->out.user) + *k->skew_ms;
    if (clock_tried || !with || !retry_clock_off(k->s, &k->a, now, got.headers, got.n_headers, &off))
      return QN_E_REMOTE;
    clock_tried = true;
    *k->skew_ms += off;
  }
}

static struct str child_text(const struct xml_node *n, const char *name) {
  const struct xml_node *c = n ? xml_child(n, str_c(name)) : NULL;
  return c ? str_trim(c->text) : (struct str){0};
}

/* <ActionResponse><ActionResult><Credentials>... */
static bool credentials_of(struct cred_chain *k, const struct xml_node *root, const char *result,
                           struct str source, struct creds *out) {
  const struct xml_node *r = xml_child(root, str_c(result));
  const struct xml_node *c = r ? xml_child(r, STR("Credentials")) : NULL;
  struct wire_time t = {0};
  struct str secret = child_text(c, "SecretAccessKey"), token = child_text(c, "SessionToken"),
             expires = child_text(c, "Expiration");
  if (expires.n) (void)wire_time_parse(k->s, &k->a, expires, &t);
  bool ok = creds_set(out, child_text(c, "AccessKeyId"), secret, token, t.seconds * 1000, source);
  secret_wipe(secret);
  secret_wipe(token);
  return ok;
}

static enum qn_err refused(struct cred_chain *k, const char *what, const struct assume *as,
                           const struct sts_reply *r) {
  struct str code = r->code.n ? r->code : STR("no reason given");
  struct diag *g;
  if (r->fail) {
    g = diag_add(&k->s->diags, QN0705, SPAN_NONE, "STS cannot be reached to assume role %.*s", SV(as->role));
    diag_note(&k->s->diags, g, SPAN_NONE, "%.*s", SV(r->detail));
    return QN_E_REMOTE;
  }
  g = cred_failed(k, "%s for role %.*s was refused: %.*s", what, SV(as->role), SV(code));
  if (r->message.n) diag_note(&k->s->diags, g, SPAN_NONE, "%.*s", SV(r->message));
  if (str_eq(r->code, STR("AccessDenied")))
    diag_help(&k->s->diags, g,
              "the role's trust policy has to allow this caller, and the caller's policy sts:%s", what);
  else if (str_eq(r->code, STR("ExpiredTokenException")) || str_eq(r->code, STR("ExpiredToken")))
    diag_help(&k->s->diags, g, "the credentials or token used to assume the role have expired: renew them");
  return QN_E_REMOTE;
}

static struct str session_name(struct cred_chain *k, const struct assume *as) {
  if (as->session.n) return as->session;
  return str_fmt(&k->a, "quoin-%lld", (long long)(k->s->out.now_ms(k->s->out.user) / 1000));
}

enum qn_err creds_assume(struct cred_chain *k, const struct creds *with, const struct assume *as,
                         struct creds *out) {
  const struct sts_param p[] = {{"RoleArn", as->role},
                                {"RoleSessionName", session_name(k, as)},
                                {"ExternalId", as->external_id},
                                {"DurationSeconds", as->duration_s}};
  struct sts_reply r = {0};
  enum qn_err e = sts_call(k, with, "AssumeRole", p, sizeof p / sizeof *p, &r);
  if (!e && credentials_of(k, r.root, "AssumeRoleResult", as->source, out)) return QN_OK;
  return e && e != QN_E_REMOTE ? e : refused(k, "AssumeRole", as, &r);
}

enum qn_err creds_web_identity(struct cred_chain *k, struct str token_file, const struct assume *as,
                               struct creds *out) {
  struct str token;
  enum qn_err e = file_read(&k->a, str_dup(&k->a, token_file).p, TOKEN_MAX, &k->s->diags, &token);
  if (e == QN_E_NOTFOUND) {
    struct diag *g = cred_failed(k, "the web identity token file %.*s does not exist", SV(token_file));
    diag_help(&k->s->diags, g, "see AWS_WEB_IDENTITY_TOKEN_FILE and web_identity_token_file of the profile");
  }
  if (e) return QN_E_INVALID;
  const struct sts_param p[] = {{"RoleArn", as->role},
                                {"RoleSessionName", session_name(k, as)},
                                {"WebIdentityToken", str_trim(token)},
                                {"DurationSeconds", as->duration_s}};
  struct sts_reply r = {0};
  e = sts_call(k, NULL, "AssumeRoleWithWebIdentity", p, sizeof p / sizeof *p, &r);
  secret_wipe(token);
  if (!e && credentials_of(k, r.root, "AssumeRoleWithWebIdentityResult", as->source, out)) return QN_OK;
  return e && e != QN_E_REMOTE ? e : refused(k, "AssumeRoleWithWebIdentity", as, &r);
}
