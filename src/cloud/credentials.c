#include "credentials.h"

#include <stdarg.h>

#include "quoin/crypto.h"

bool creds_set(struct creds *c, struct str access, struct str secret, struct str token, int64_t expires_ms,
               struct str source) {
  if (!access.n || !secret.n) return false;
  size_t n = access.n + secret.n + token.n;
  char *mem = malloc(n);
  if (!mem) return false;
  memcpy(mem, access.p, access.n);
  memcpy(mem + access.n, secret.p, secret.n);
  if (token.n) memcpy(mem + access.n + secret.n, token.p, token.n);
  creds_release(c);
  *c = (struct creds){.access_key = {mem, access.n},
                      .secret_key = {mem + access.n, secret.n},
                      .token = {mem + access.n + secret.n, token.n},
                      .expires_ms = expires_ms,
                      .source = source,
                      .mem = mem,
                      .mem_n = n};
  return true;
}

void creds_release(struct creds *c) {
  if (c->mem) crypto_wipe(c->mem, c->mem_n);
  free(c->mem);
  *c = (struct creds){0};
}

void cred_tried(struct cred_chain *k, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  if (n < 0) return;
  struct str s = str_dup(&k->a, str_c(text));
  VEC_PUSH(&k->a, &k->tried, s);
}

struct diag *cred_failed(struct cred_chain *k, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return diag_add(&k->s->diags, QN0701, SPAN_NONE, "%s", n < 0 ? "" : text);
}

enum qn_err creds_environment(struct cred_chain *k, struct creds *out) {
  struct str access, secret, token = {0};
  if (!config_env(k->s, "AWS_ACCESS_KEY_ID", &access)) {
    cred_tried(k, "environment: AWS_ACCESS_KEY_ID is not set");
    return QN_E_NOTFOUND;
  }
  if (!config_env(k->s, "AWS_SECRET_ACCESS_KEY", &secret)) {
    struct diag *g = cred_failed(k, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    diag_help(&k->s->diags, g, "set both, or neither to use a profile");
    return QN_E_INVALID;
  }
  (void)config_env(k->s, "AWS_SESSION_TOKEN", &token);
  return creds_set(out, access, secret, token, 0, STR("environment")) ? QN_OK : QN_E_NOMEM;
}

/* ---- profiles --------------------------------------------------------------- */

static enum qn_err profile_creds(struct cred_chain *k, struct str profile, struct creds *out);

static bool visited(const struct cred_chain *k, struct str profile) {
  for (size_t i = 0; i < k->visited.n; i++)
    if (str_eq(k->visited.v[i], profile)) return true;
  return false;
}

static enum qn_err profile_static(struct cred_chain *k, struct str profile, struct creds *out) {
  struct str access, secret, token = {0};
  if (!config_get(k->cfg, profile, STR("aws_access_key_id"), &access)) return QN_E_NOTFOUND;
  if (!config_get(k->cfg, profile, STR("aws_secret_access_key"), &secret)) {
    struct diag *g =
        cred_failed(k, "profile %.*s has aws_access_key_id but no aws_secret_access_key", SV(profile));
    diag_help(&k->s->diags, g, "run `aws configure --profile %.*s`", SV(profile));
    return QN_E_INVALID;
  }
  (void)config_get(k->cfg, profile, STR("aws_session_token"), &token);
  struct str source = str_fmt(&k->s->arena, "profile %.*s", SV(profile));
  return creds_set(out, access, secret, token, 0, source) ? QN_OK : QN_E_NOMEM;
}

static enum qn_err by_source_name(struct cred_chain *k, struct str profile, struct str name,
                                  struct creds *out) {
  static const struct {
    const char *name;
    enum qn_err (*get)(struct cred_chain *, struct creds *);
  } sources[] = {{"Environment", creds_environment},
                 {"EcsContainer", creds_container},
                 {"Ec2InstanceMetadata", creds_metadata}};
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    if (!str_eq_nocase(name, str_c(sources[i].name))) continue;
    enum qn_err e = sources[i].get(k, out);
    if (e == QN_E_NOTFOUND)
      cred_failed(k, "profile %.*s takes its credentials from %s, which has none", SV(profile),
                  sources[i].name);
    return e == QN_E_NOTFOUND ? QN_E_INVALID : e;
  }
  struct diag *g = diag_add(&k->s->diags, QN0703, SPAN_NONE,
                            "profile %.*s has an unknown credential_source \"%.*s\"", SV(profile), SV(name));
  diag_help(&k->s->diags, g, "it can be Environment, EcsContainer or Ec2InstanceMetadata");
  return QN_E_INVALID;
}

/* The credentials with which a role of this profile is assumed. */
static enum qn_err role_source(struct cred_chain *k, struct str profile, struct creds *out) {
  struct str source, name;
  bool has_source = config_get(k->cfg, profile, STR("source_profile"), &source);
  bool has_name = config_get(k->cfg, profile, STR("credential_source"), &name);
  struct diag *g;
  if (has_source == has_name) {
    g = diag_add(&k->s->diags, QN0703, SPAN_NONE, "profile %.*s has role_arn and %s", SV(profile),
                 has_source ? "both source_profile and credential_source"
                            : "nothing to assume the role with");
    diag_help(&k->s->diags, g, "give one of source_profile, credential_source or web_identity_token_file");
    return QN_E_INVALID;
  }
  if (has_name) return by_source_name(k, profile, name, out);
  /* A profile may be its own source: its static keys assume its role. */
  if (str_eq(source, profile)) {
    enum qn_err e = profile_static(k, profile, out);
    if (e != QN_E_NOTFOUND) return e;
  }
  if (!config_has_profile(k->cfg, source)) {
    g = diag_add(&k->s->diags, QN0703, SPAN_NONE,
                 "profile %.*s names source_profile %.*s, which does not exist", SV(profile), SV(source));
    diag_help(&k->s->diags, g, "it is looked for in %.*s and %.*s", SV(k->cfg->config_path),
              SV(k->cfg->credentials_path));
    return QN_E_INVALID;
  }
  if (visited(k, source) || k->visited.n >= CRED_CHAIN_MAX) {
    g = diag_add(&k->s->diags, QN0703, SPAN_NONE, "the source profiles of %.*s %s", SV(k->visited.v[0]),
                 visited(k, source) ? "form a cycle" : "form a chain that is too long");
    for (size_t i = 0; i < k->visited.n; i++)
      diag_note(&k->s->diags, g, SPAN_NONE, "%.*s", SV(k->visited.v[i]));
    return QN_E_INVALID;
  }
  enum qn_err e = profile_creds(k, source, out);
  if (e != QN_E_NOTFOUND) return e;
  cred_failed(k, "profile %.*s has no credentials; profile %.*s needs them to assume its role", SV(source),
              SV(profile));
  return QN_E_INVALID;
}

static void assume_of(struct cred_chain *k, struct str profile, struct assume *as) {
  (void)config_get(k->cfg, profile, STR("role_session_name"), &as->session);
  (void)config_get(k->cfg, profile, STR("external_id"), &as->external_id);
  (void)config_get(k->cfg, profile, STR("duration_seconds"), &as->duration_s);
  as->source = str_fmt(&k->s->arena, "profile %.*s, role %.*s", SV(profile), SV(as->role));
}

static enum qn_err profile_role(struct cred_chain *k, struct str profile, struct creds *out) {
  struct assume as = {0};
  struct str file, mfa;
  if (!config_get(k->cfg, profile, STR("role_arn"), &as.role)) return QN_E_NOTFOUND;
  assume_of(k, profile, &as);
  if (config_get(k->cfg, profile, STR("web_identity_token_file"), &file))
    return creds_web_identity(k, file, &as, out);
  if (config_get(k->cfg, profile, STR("mfa_serial"), &mfa)) {
    struct diag *g =
        diag_add(&k->s->diags, QN0703, SPAN_NONE,
                 "profile %.*s needs an MFA code (mfa_serial), which cannot be asked for here", SV(profile));
    diag_help(&k->s->diags, g,
              "`eval \"$(aws configure export-credentials --profile %.*s --format env)\"` asks and sets the "
              "environment",
              SV(profile));
    return QN_E_INVALID;
  }
  struct creds with = {0};
  enum qn_err e = role_source(k, profile, &with);
  if (!e) e = creds_assume(k, &with, &as, out);
  creds_release(&with);
  return e;
}

/* All that a profile can hold; role_source calls it for the next link, at most CRED_CHAIN_MAX deep. */
static enum qn_err profile_creds(struct cred_chain *k, struct str profile, struct creds *out) {
  struct str command;
  VEC_PUSH(&k->a, &k->visited, profile);
  enum qn_err e = profile_role(k, profile, out);
  if (e == QN_E_NOTFOUND) e = creds_sso(k, profile, out);
  if (e == QN_E_NOTFOUND) e = profile_static(k, profile, out);
  if (e == QN_E_NOTFOUND && config_get(k->cfg, profile, STR("credential_process"), &command))
    e = creds_process(k, profile, command, out);
  return e;
}

static enum qn_err from_profile(struct cred_chain *k, struct creds *out) {
  struct str profile = k->cfg->profile, role;
  if (!config_has_profile(k->cfg, profile)) {
    if (!k->cfg->profile_named && !k->cfg->config_path.n && !k->cfg->credentials_path.n) {
      cred_tried(k, "profile %.*s: HOME is not set, so there is no ~/.aws", SV(profile));
      return QN_E_NOTFOUND;
    }
    if (!k->cfg->profile_named) {
      cred_tried(k, "profile %.*s: not in %.*s or %.*s", SV(profile), SV(k->cfg->config_path),
                 SV(k->cfg->credentials_path));
      return QN_E_NOTFOUND;
    }
    struct diag *g = diag_add(&k->s->diags, QN0703, SPAN_NONE, "profile %.*s does not exist", SV(profile));
    diag_help(&k->s->diags, g, "it is looked for in %.*s and %.*s", SV(k->cfg->config_path),
              SV(k->cfg->credentials_path));
    return QN_E_INVALID;
  }
  /* A web identity of the environment goes before the keys of a profile, but not before its role. */
  struct str file;
  if (!config_get(k->cfg, profile, STR("role_arn"), &role) &&
      config_env(k->s, "AWS_WEB_IDENTITY_TOKEN_FILE", &file))
    return QN_E_NOTFOUND;
  enum qn_err e = profile_creds(k, profile, out);
  if (e == QN_E_NOTFOUND)
    cred_tried(k, "profile %.*s: it holds neither keys, role_arn, sso settings nor credential_process",
               SV(profile));
  return e;
}

static enum qn_err from_web_identity(struct cred_chain *k, struct creds *out) {
  struct str file;
  struct assume as = {0};
  if (!config_env(k->s, "AWS_WEB_IDENTITY_TOKEN_FILE", &file)) {
    cred_tried(k, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    return QN_E_NOTFOUND;
  }
  if (!config_env(k->s, "AWS_ROLE_ARN", &as.role)) {
    struct diag *g = cred_failed(k, "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    diag_help(&k->s->diags, g, "set AWS_ROLE_ARN to the role that the token may assume");
    return QN_E_INVALID;
  }
  (void)config_env(k->s, "AWS_ROLE_SESSION_NAME", &as.session);
  as.source = str_fmt(&k->s->arena, "web identity, role %.*s", SV(as.role));
  return creds_web_identity(k, file, &as, out);
}

enum qn_err creds_find(struct cred_chain *k, struct creds *out) {
  enum qn_err e = QN_E_NOTFOUND;
  if (!k->cfg->profile_option) e = creds_environment(k, out);
  if (e == QN_E_NOTFOUND) e = from_profile(k, out);
  if (e == QN_E_NOTFOUND) e = from_web_identity(k, out);
  if (e == QN_E_NOTFOUND) e = creds_container(k, out);
  if (e == QN_E_NOTFOUND) e = creds_metadata(k, out);
  if (e != QN_E_NOTFOUND) return e;
  struct diag *g = diag_add(&k->s->diags, QN0700, SPAN_NONE, "no AWS credentials were found");
  for (size_t i = 0; i < k->tried.n; i++) diag_note(&k->s->diags, g, SPAN_NONE, "%.*s", SV(k->tried.v[i]));
  diag_note(&k->s->diags, g, SPAN_NONE, "-sandbox works in a simulated cloud, without credentials");
  diag_help(&k->s->diags, g,
            "run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY");
  return e;
}
