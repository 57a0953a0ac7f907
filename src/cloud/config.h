/* AWS's shared configuration: the ini files ~/.aws/config and ~/.aws/credentials
 * and the profile in use. Source: the "Shared configuration and credentials
 * files" pages of the AWS SDKs and Tools reference guide.
 *
 * The files hold secrets: their memory is wiped by config_release, and messages
 * name file and line but never quote them. */
#ifndef QUOIN_CLOUD_CONFIG_H
#define QUOIN_CLOUD_CONFIG_H

#include "quoin/session.h"
#include "quoin/vec.h"

#define INI_MAX_BYTES ((size_t)1 << 20)

/* One `key = value`; `sub` is set for an indented line below `key =`. Texts borrow from the file. */
struct ini_entry {
  struct str section, key, sub, value;
};
struct ini {
  VEC(struct ini_entry) e;
  VEC(struct str) sections; /* in order of the file, also empty ones */
};
/* Comments (# ;), sections, `key = value` or `key: value`, one level of nesting. The last of equal keys wins.
 * QN_E_INVALID: *bad_line (from 1) is neither of these. Depth and size are bounded by the text. */
enum qn_err ini_parse(struct arena *a, struct str text, struct ini *out, size_t *bad_line) QN_MUST_USE;
bool ini_get(const struct ini *in, struct str section, struct str key, struct str sub, struct str *out);
bool ini_has(const struct ini *in, struct str section);

struct aws_config {
  struct arena a; /* owned: paths, entries */
  struct str config_path, credentials_path, home;
  struct ini config, credentials;
  struct str config_text, credentials_text; /* wiped at release */
  struct str profile;                       /* in use; "default" if nothing names one */
  bool profile_named;                       /* by option or AWS_PROFILE: then it has to exist */
  bool profile_option;                      /* by option: goes before credentials of the environment */
};
/* profile: the option's, or NULL. Missing files are fine; unreadable or malformed ones are QN0702. */
enum qn_err config_load(struct session *s, const char *profile, struct aws_config *out) QN_MUST_USE;
void config_release(struct aws_config *c);
bool config_has_profile(const struct aws_config *c, struct str profile);
/* Key of a profile: the credentials file goes before the config file. Empty values count as unset. */
bool config_get(const struct aws_config *c, struct str profile, struct str key, struct str *out);
/* Key of `[kind name]`, e.g. sso-session or services; sub as in ini_entry. */
bool config_named(const struct aws_config *c, struct str kind, struct str name, struct str key,
                  struct str sub, struct str *out);
/* Environment variable; empty counts as unset. */
bool config_env(const struct session *s, const char *name, struct str *out);

/* The environment variable, else the profile's key (cfg may be NULL); *where says which, for messages, in
 * static storage or cfg's. */
bool config_setting(const struct session *s, const struct aws_config *cfg, const char *env, const char *key,
                    struct str *out, struct str *where);
/* The same for true or false (absent: false); anything else is QN0709. */
enum qn_err config_flag(struct session *s, const struct aws_config *cfg, const char *env, const char *key,
                        bool *out) QN_MUST_USE;
/* AWS_MAX_ATTEMPTS or max_attempts; else what AWS_RETRY_MODE or retry_mode stand for, if given (legacy 5,
 * standard and adaptive 3); else unchanged. QN0709 on values that are none. */
enum qn_err config_attempts(struct session *s, const struct aws_config *cfg, uint32_t *attempts) QN_MUST_USE;

/* Overwrites borrowed bytes that held a secret, though they came as const. */
void secret_wipe(struct str s);

#endif
