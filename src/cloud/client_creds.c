/* The client's credentials: found at the first call, renewed before they end
 * and once after AWS refused them; and the identity behind them. */
#include "client.h"
#include "retry.h"
#include "sandbox_int.h"

/* Renewed this long before their end; in use until it if renewing fails. */
enum { RENEW_BEFORE_MS = 300000, RENEW_EVERY_MS = 30000 };

enum qn_err client_config(struct cloud *c) {
  if (c->cfg_loaded || c->cfg_err) return c->cfg_err;
  c->cfg_err = config_load(c->s, c->o.profile, &c->cfg);
  c->cfg_loaded = !c->cfg_err;
  if (!c->cfg_err && !c->attempts_given) c->cfg_err = config_attempts(c->s, &c->cfg, &c->o.max_attempts);
  return c->cfg_err;
}

enum qn_err client_net(struct cloud *c) {
  if (c->net) return QN_OK;
  struct net_options o = {0};
  struct str ca, where;
  enum qn_err e = client_config(c);
  if (e) return e;
  if (config_setting(c->s, &c->cfg, "AWS_CA_BUNDLE", "ca_bundle", &ca, &where))
    o.ca_file = str_dup(&c->s->arena, ca).p;
  e = net_new(&o, &c->own_net);
  c->net = c->own_net;
  return e;
}

static struct cred_chain chain(struct cloud *c) {
  struct cred_chain k = {.s = c->s, .net = c->net, .cfg = &c->cfg, .skew_ms = &c->skew_ms};
  k.region = c->o.region ? session_str(c->s, c->o.region) : STR("us-east-1");
  arena_init(&k.a);
  return k;
}

static int64_t wall_ms(const struct cloud *c) {
  return c->s->out.now_ms(c->s->out.user) + c->skew_ms;
}

static bool same(const struct creds *a, const struct creds *b) {
  return str_eq(a->access_key, b->access_key) && str_eq(a->secret_key, b->secret_key) &&
         str_eq(a->token, b->token);
}

static struct str text_at(const struct xml_node *n, const char *name) {
  const struct xml_node *c = n ? xml_child(n, str_c(name)) : NULL;
  return c ? str_trim(c->text) : (struct str){0};
}

static enum qn_err unidentified(struct cloud *c, const struct sts_reply *r) {
  struct diag *g;
  if (r->fail) {
    g = diag_add(&c->s->diags, QN0705, SPAN_NONE, "AWS cannot be reached to find out the account");
    diag_note(&c->s->diags, g, SPAN_NONE, "%.*s", SV(r->detail));
    diag_help(
        &c->s->diags, g,
        "check the network, the region, AWS_ENDPOINT_URL and, for a certificate of your own, AWS_CA_BUNDLE");
  } else if (retry_class(NF_NONE, r->status, r->code) == EC_CREDENTIALS) {
    client_creds_refused(c, r->code, r->message);
  } else {
    g = diag_add(&c->s->diags, QN0706, SPAN_NONE, "STS did not say who we are: %.*s (status %d)", SV(r->code),
                 r->status);
    if (r->message.n) diag_note(&c->s->diags, g, SPAN_NONE, "%.*s", SV(r->message));
  }
  return QN_E_REMOTE;
}

/* Other credentials in the middle of a run must be of the account that the run is about: a profile may have
 * been set to another meanwhile. */
static enum qn_err same_account(struct cloud *c, const struct creds *fresh) {
  struct sts_reply r = {0};
  struct cred_chain k = chain(c);
  enum qn_err e = sts_call(&k, fresh, "GetCallerIdentity", NULL, 0, &r);
  struct str account = text_at(e ? NULL : xml_child(r.root, STR("GetCallerIdentityResult")), "Account");
  if (e == QN_E_REMOTE || (!e && !account.n)) {
    e = unidentified(c, &r);
  } else if (!e && !str_eq(account, c->account)) {
    struct diag *g = diag_add(&c->s->diags, QN0710, SPAN_NONE,
                              "the renewed credentials (from: %.*s) are of account %.*s, the run is in %.*s",
                              SV(fresh->source), SV(account), SV(c->account));
    diag_help(&c->s->diags, g, "set the credentials of account %.*s and run the command again",
              SV(c->account));
    e = QN_E_REMOTE;
  }
  arena_release(&k.a);
  return e;
}

/* Diagnostics of a failed renewal are taken back while the old credentials still hold. */
static enum qn_err search(struct cloud *c) {
  struct creds fresh = {0};
  size_t n = c->s->diags.n, n_errors = c->s->diags.n_errors;
  enum qn_err e = client_net(c);
  if (!e) e = client_config(c);
  if (!e) {
    struct cred_chain k = chain(c);
    e = creds_find(&k, &fresh);
    arena_release(&k.a);
  }
  bool other = !e && !(c->creds.mem && same(&c->creds, &fresh));
  if (other && c->identified && (e = same_account(c, &fresh))) creds_release(&fresh);
  bool hold = c->creds.mem && c->creds.expires_ms > wall_ms(c);
  if (e && hold) {
    c->s->diags.n = n;
    c->s->diags.n_errors = n_errors;
    return QN_OK;
  }
  if (!e && other) {
    c->creds_generation++;
    sign_cache_wipe(&c->keys);
  }
  creds_release(&c->creds);
  c->creds = fresh;
  return e;
}

/* A source that fails, or gives no more than minutes, is not asked for every call. */
static bool renewal_due(const struct cloud *c) {
  int64_t left = c->creds.expires_ms - wall_ms(c);
  if (!c->creds.expires_ms || left >= RENEW_BEFORE_MS) return false;
  return left <= 0 || c->s->out.boot_ms(c->s->out.user) - c->creds_asked_ms >= RENEW_EVERY_MS;
}

enum qn_err client_creds(struct cloud *c) {
  if (c->creds_searched && (c->creds_err || !renewal_due(c))) return c->creds_err;
  c->creds_searched = true;
  c->creds_asked_ms = c->s->out.boot_ms(c->s->out.user);
  return c->creds_err = search(c);
}

bool client_creds_renew(struct cloud *c, uint32_t g) {
  if (c->creds_err) return false;
  if (g != c->creds_generation) return true;
  if (c->cfg_loaded) config_release(&c->cfg); /* the files may have been mended */
  c->cfg_loaded = false;
  c->cfg_err = QN_OK;
  size_t n = c->s->diags.n, n_errors = c->s->diags.n_errors;
  if (search(c) != QN_OK) {
    c->creds_err = QN_E_REMOTE;
    return false;
  }
  if (g != c->creds_generation) return true;
  c->s->diags.n = n;
  c->s->diags.n_errors = n_errors;
  return false;
}

static bool expired(struct str code) {
  return str_find(code, STR("Expired")) != SIZE_MAX || str_eq(code, STR("TokenRefreshRequired"));
}

void client_creds_refused(struct cloud *c, struct str code, struct str message) {
  if (c->refusal_said || c->creds_err) return;
  c->refusal_said = true;
  bool env = str_eq(c->creds.source, STR("environment"));
  struct diag *g =
      diag_add(&c->s->diags, QN0704, SPAN_NONE, "AWS %s the credentials (from: %.*s): %.*s",
               expired(code) ? "says that time is up for" : "does not accept", SV(c->creds.source), SV(code));
  if (message.n) diag_note(&c->s->diags, g, SPAN_NONE, "%.*s", SV(message));
  if (expired(code))
    diag_help(&c->s->diags, g, "%s, then run the command again: it goes on where it stopped",
              env ? "set new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
                  : "renew them (`aws sso login` or `aws configure`)");
  else
    diag_help(&c->s->diags, g,
              "check the key, the secret and that both belong to the partition of the region");
}

struct str client_creds_words(const struct cloud *c) {
  return c->creds_err == QN_E_NOTFOUND ? STR("no AWS credentials were found")
                                       : STR("the AWS credentials cannot be used");
}

/* ---- identity ---------------------------------------------------------------------- */

static enum qn_err identify(struct cloud *c) {
  struct sts_reply r = {0};
  enum qn_err e = QN_OK;
  for (int again = 0; again < 2; again++) {
    struct cred_chain k = chain(c);
    uint32_t g = c->creds_generation;
    e = sts_call(&k, &c->creds, "GetCallerIdentity", NULL, 0, &r);
    const struct xml_node *result = e ? NULL : xml_child(r.root, STR("GetCallerIdentityResult"));
    c->account = str_dup(&c->s->arena, text_at(result, "Account"));
    c->arn = str_dup(&c->s->arena, text_at(result, "Arn"));
    bool refused = e == QN_E_REMOTE && !r.fail && retry_class(NF_NONE, r.status, r.code) == EC_CREDENTIALS;
    bool retry = refused && !again && client_creds_renew(c, g);
    c->identified = !e && c->account.n;
    if (!c->identified && !retry && (!e || e == QN_E_REMOTE)) e = unidentified(c, &r);
    arena_release(&k.a);
    if (!retry) break;
  }
  return e;
}

enum qn_err cloud_identity(struct rd_ctx *rd, struct str *account, struct str *arn, struct str *partition) {
  struct cloud *c = rd->c;
  enum qn_err e = QN_OK;
  if (c->o.sandbox && !c->identified) {
    sandbox_identity(c->o.sandbox, &c->account, &c->arn);
    c->identified = true;
  }
  if (!c->identified) {
    e = client_creds(c);
    if (!e) e = identify(c);
    if (e) return e;
  }
  if (account) *account = c->account;
  if (arn) *arn = c->arn;
  /* arn:PARTITION:sts::... */
  if (partition) (void)str_cut(str_sub(c->arn, 4, c->arn.n), ':', partition);
  return QN_OK;
}
