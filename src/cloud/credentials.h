/* Credentials: where they may come from and how they are fetched. All calls are
 * synchronous (they drive the given net until the answer is there; other
 * transfers on it go on meanwhile). Order of the sources as botocore has it.
 *
 * Secrets live in struct creds only, on the heap, and are wiped; diagnostics
 * name the source and the likely mend, never a value. */
#ifndef QUOIN_CLOUD_CREDENTIALS_H
#define QUOIN_CLOUD_CREDENTIALS_H

#include "config.h"
#include "quoin/net.h"
#include "quoin/value.h"
#include "quoin/xml.h"

struct creds {
  struct str access_key, secret_key, token; /* borrow from mem */
  int64_t expires_ms;                       /* wall clock; 0 = never */
  struct str source;                        /* "environment", "profile dev, role arn:..."; session arena */
  char *mem;                                /* owned */
  size_t mem_n;
};
/* False (and nothing set) if a key is empty or out of memory. */
bool creds_set(struct creds *c, struct str access, struct str secret, struct str token, int64_t expires_ms,
               struct str source);
void creds_release(struct creds *c); /* wipes; zero is fine */

struct cred_chain {
  struct session *s;
  struct net *net;
  const struct aws_config *cfg;
  struct str region;       /* for STS */
  int64_t *skew_ms;        /* added to the wall clock; corrected when a service says so */
  struct arena a;          /* scratch of one search */
  VEC(struct str) tried;   /* "environment: AWS_ACCESS_KEY_ID is not set" */
  VEC(struct str) visited; /* profiles on the way of role chaining */
};
/* The first source that is set up. QN_E_NOTFOUND: none is (QN0700 lists them); others: one is set up but
 * failed (QN07xx says how). */
enum qn_err creds_find(struct cred_chain *k, struct creds *out) QN_MUST_USE;

/* ---- for the sources ------------------------------------------------------- */
#define CRED_CHAIN_MAX 8
void cred_tried(struct cred_chain *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* QN0701 on a source; returns its entry for a help line. */
struct diag *cred_failed(struct cred_chain *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sources return QN_E_NOTFOUND (and say why by cred_tried) if they are not set up. */
enum qn_err creds_container(struct cred_chain *k, struct creds *out) QN_MUST_USE;
enum qn_err creds_metadata(struct cred_chain *k, struct creds *out) QN_MUST_USE;
enum qn_err creds_environment(struct cred_chain *k, struct creds *out) QN_MUST_USE;
enum qn_err creds_sso(struct cred_chain *k, struct str profile, struct creds *out) QN_MUST_USE;
enum qn_err creds_process(struct cred_chain *k, struct str profile, struct str command,
                          struct creds *out) QN_MUST_USE;
struct assume {
  struct str role, session, external_id, duration_s; /* empty = not given */
  struct str source;                                 /* words for messages */
};
enum qn_err creds_assume(struct cred_chain *k, const struct creds *with, const struct assume *as,
                         struct creds *out) QN_MUST_USE;
enum qn_err creds_web_identity(struct cred_chain *k, struct str token_file, const struct assume *as,
                               struct creds *out) QN_MUST_USE;

/* ---- requests --------------------------------------------------------------- */
struct cred_answer {
  enum net_fail fail;
  int status;
  struct str body, detail;
  const struct http_header *headers;
  size_t n_headers;
};
/* Sends r and waits; up to `attempts` while it fails to connect, is cut or answers 5xx. Texts in k->a. */
enum qn_err cred_http(struct cred_chain *k, struct http_request *r, uint32_t attempts,
                      struct cred_answer *out) QN_MUST_USE;
/* Waits, driving the network. */
void cred_pause(struct cred_chain *k, uint32_t ms);
/* Text member of a JSON answer; empty if there is none. */
struct str cred_text(const struct session *s, const struct value *map, const char *name);
/* Wall clock of a timestamp; 0 if it is none. */
int64_t cred_expiry_ms(struct cred_chain *k, struct str text);
/* {AccessKeyId, SecretAccessKey, Token | SessionToken, Expiration}; false if a key is missing. Wipes the
 * texts. */
bool cred_document(struct cred_chain *k, struct str json, struct str source, struct creds *out);

struct sts_param {
  const char *name;
  struct str value;
};
struct sts_reply {
  struct xml_node *root;
  struct str code, message, detail;
  int status;
  enum net_fail fail;
};
/* One action of STS in k->region; with NULL: unsigned. QN_OK: root is the reply; QN_E_REMOTE: code and
 * message say why. */
enum qn_err sts_call(struct cred_chain *k, const struct creds *with, const char *action,
                     const struct sts_param *p, size_t n, struct sts_reply *out) QN_MUST_USE;

#endif
