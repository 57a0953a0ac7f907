/* AWS Signature Version 4 as separate stages, so that each can be compared with
 * a reference signer. Nothing here reads the clock or the environment.
 * Source: the "Signature Version 4 signing process" pages of AWS's general
 * reference; checked against botocore's signers by tests/sigv4.
 *
 * Texts are made in the given arena and live as long as it does. */
#ifndef QUOIN_CLOUD_SIGN_H
#define QUOIN_CLOUD_SIGN_H

#include "quoin/crypto.h"
#include "quoin/net.h"

struct sign_creds {
  struct str access_key, secret_key, token; /* token may be empty */
};
struct sign_scope {
  struct str timestamp; /* 20150830T123600Z */
  struct str region, service;
};
struct sign_request {
  struct str method, host;           /* host as the Host header will be: port only if not the scheme's */
  struct str path;                   /* as on the wire (sign_path) */
  struct str query;                  /* as on the wire (sign_query) */
  const struct http_header *headers; /* all but host; those a proxy may change are not signed */
  size_t n_headers;
  struct str payload_hash; /* hex SHA-256 of the body, or UNSIGNED-PAYLOAD */
  bool s3;                 /* path is canonical as it is; others encode it once more */
};
struct sign_stages {
  struct str canonical, signed_headers, string_to_sign;
  char signature[2 * SHA256_BYTES + 1];
  struct str authorization; /* value of the header */
};

/* Percent-encoding brought to the one form that SigV4 expects (RFC 3986 unreserved bytes bare,
 * all others %XX in upper case): what is sent is what is signed. An escape that is
 * there stays one; a lone '%' becomes %25. '/' stays bare in a path. */
struct str sign_path(struct arena *a, struct str path);
/* The same for a query without '?': `k=v` pairs sorted by key, then value; a valueless key gets '='. */
struct str sign_query(struct arena *a, struct str query);

/* Every byte but the unreserved ones encoded: a value of a form. */
struct str sign_encode(struct arena *a, struct str value);

/* Signing keys by (secret, date, region, service): deriving one costs four MACs. Owned by the caller. */
#define SIGN_KEYS 32
struct sign_cache {
  struct {
    char name[120];
    uint8_t key[SHA256_BYTES];
    bool used;
  } e[SIGN_KEYS];
  uint32_t next;
};
void sign_cache_wipe(struct sign_cache *c); /* also when credentials change */

/* All stages. cache may be NULL. The secret is wiped from every temporary. */
void sign_stages(struct arena *a, struct sign_cache *cache, const struct sign_creds *creds,
                 const struct sign_scope *scope, const struct sign_request *r, struct sign_stages *out);

#endif
