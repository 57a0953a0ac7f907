/* Hashes, MACs, encodings and randomness; src/base/crypto.c wraps OpenSSL. */
#ifndef QUOIN_CRYPTO_H
#define QUOIN_CRYPTO_H

#include "quoin/str.h"
#include "quoin/err.h"

#define SHA256_BYTES 32
void crypto_sha256(struct str data, uint8_t out[SHA256_BYTES]);
void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES]);
/* Lower-case hex; out holds 2 * n + 1. */
void crypto_hex(const uint8_t *bytes, size_t n, char *out);
struct str crypto_sha256_hex(struct arena *a, struct str data);
struct str crypto_sha1_hex(struct arena *a, struct str data); /* not for security: names of AWS's token cache files */
struct str crypto_md5_base64(struct arena *a, struct str data);  /* Content-MD5 of S3 */
struct str crypto_base32(struct arena *a, const uint8_t *bytes, size_t n); /* RFC 4648 alphabet in lower case, no padding */
struct str crypto_base64(struct arena *a, struct str data);
bool crypto_base64_decode(struct arena *a, struct str text, struct str *out);
uint32_t crypto_crc32(struct str data);
bool crypto_random(void *out, size_t n);
/* Overwrites memory that held a secret; not optimised away. */
void crypto_wipe(void *p, size_t n);
/* Incremental SHA-256. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct str data);
void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]); /* frees h */

#endif
