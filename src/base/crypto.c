/* OpenSSL behind crypto.h. OpenSSL's digest calls fail only when memory is gone;
 * then nothing that follows could be trusted, so the process stops. */
#include "quoin/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <sys/random.h>

#include "quoin/arena.h"

#define RANDOM_MOST ((size_t)256) /* of getentropy, per call */

struct sha256 {
  EVP_MD_CTX *ctx; /* owned */
};

static void digest(const EVP_MD *md, struct str data, uint8_t *out, size_t want) {
  unsigned n = 0;
  if (!EVP_Digest(data.n ? data.p : "", data.n, out, &n, md, NULL) || n != want) abort();
}

/* Looked up once: the journal hashes by the hundred thousand, and OpenSSL looks up EVP_sha256() each time. */
static const EVP_MD *sha256_md(void) {
  static _Atomic(EVP_MD *) known;
  EVP_MD *md = atomic_load(&known), *none = NULL;
  if (md) return md;
  md = EVP_MD_fetch(NULL, "SHA256", NULL);
  if (!md) abort();
  if (atomic_compare_exchange_strong(&known, &none, md)) return md;
  EVP_MD_free(md);
  return none;
}

void crypto_sha256(struct str data, uint8_t out[SHA256_BYTES]) {
  digest(sha256_md(), data, out, SHA256_BYTES);
}

void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES]) {
  unsigned n = 0;
  if (key.n > INT32_MAX) abort();
  if (!HMAC(EVP_sha256(), key.n ? key.p : "", (int)key.n, (const unsigned char *)(data.n ? data.p : ""),
            data.n, out, &n) ||
      n != SHA256_BYTES)
    abort();
}

void crypto_hex(const uint8_t *bytes, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * n] = 0;
}

struct str crypto_sha256_hex(struct arena *a, struct str data) {
  uint8_t h[SHA256_BYTES];
  char text[2 * SHA256_BYTES + 1];
  crypto_sha256(data, h);
  crypto_hex(h, sizeof h, text);
  return str_dup(a, (struct str){text, 2 * SHA256_BYTES});
}

struct str crypto_sha1_hex(struct arena *a, struct str data) {
  uint8_t h[20];
  char text[2 * sizeof h + 1];
  digest(EVP_sha1(), data, h, sizeof h);
  crypto_hex(h, sizeof h, text);
  return str_dup(a, (struct str){text, 2 * sizeof h});
}

struct str crypto_base64(struct arena *a, struct str data) {
  static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *out = arena_alloc(a, (data.n / 3 + 1) * 4 + 1);
  const uint8_t *p = (const uint8_t *)data.p;
  size_t n = 0;
  for (size_t i = 0; i < data.n; i += 3) {
    size_t left = data.n - i;
    uint32_t v = (uint32_t)p[i] << 16;
    if (left > 1) v |= (uint32_t)p[i + 1] << 8;
    if (left > 2) v |= p[i + 2];
    out[n++] = set[v >> 18];
    out[n++] = set[v >> 12 & 63];
    out[n++] = left > 1 ? set[v >> 6 & 63] : '=';
    out[n++] = left > 2 ? set[v & 63] : '=';
  }
  out[n] = 0;
  return (struct str){out, n};
}

static int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool crypto_base64_decode(struct arena *a, struct str text, struct str *out) {
  if (text.n % 4) return false;
  size_t pad = 0;
  while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=') pad++;
  char *p = arena_alloc(a, text.n / 4 * 3 + 1);
  size_t n = 0;
  for (size_t i = 0; i < text.n; i += 4) {
    size_t have = i + 4 == text.n ? 4 - pad : 4;
    uint32_t v = 0;
    for (size_t k = 0; k < have; k++) {
      int d = base64_digit(text.p[i + k]);
      if (d < 0) return false;
      v |= (uint32_t)d << (18 - 6 * k);
    }
    /* Bits behind the last whole byte must be zero: one text per value. */
    if (have < 4 && (v & (have == 2 ? 0xffffU : 0xffU))) return false;
    for (size_t k = 0; k + 1 < have; k++) p[n++] = (char)(v >> (16 - 8 * k) & 0xff);
  }
  p[n] = 0;
  *out = (struct str){p, n};
  return true;
}

struct str crypto_md5_base64(struct arena *a, struct str data) {
  uint8_t h[16];
  digest(EVP_md5(), data, h, sizeof h);
  return crypto_base64(a, (struct str){(const char *)h, sizeof h});
}

struct str crypto_base32(struct arena *a, const uint8_t *bytes, size_t n) {
  static const char set[] = "abcdefghijklmnopqrstuvwxyz234567";
  char *out = arena_alloc(a, n / 5 * 8 + 9);
  size_t k = 0;
  uint64_t acc = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < n; i++) {
    acc = (acc << 8 | bytes[i]) & 0xffffffffU;
    for (bits += 8; bits >= 5; bits -= 5) out[k++] = set[acc >> (bits - 5) & 31];
  }
  if (bits) out[k++] = set[acc << (5 - bits) & 31];
  out[k] = 0;
  return (struct str){out, k};
}

uint32_t crypto_crc32(struct str data) {
  uint32_t crc = 0xffffffffU;
  for (size_t i = 0; i < data.n; i++) {
    crc ^= (uint8_t)data.p[i];
    for (int b = 0; b < 8; b++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0); /* IEEE 802.3, reflected */
  }
  return ~crc;
}

bool crypto_random(void *out, size_t n) {
  /* Not RAND_bytes: setting up OpenSSL's generators costs more than all of `quoin version`. */
  for (size_t at = 0; at < n; at += RANDOM_MOST)
    if (getentropy((char *)out + at, n - at < RANDOM_MOST ? n - at : RANDOM_MOST) != 0) return false;
  return true;
}

void crypto_wipe(void *p, size_t n) {
  OPENSSL_cleanse(p, n);
}

struct sha256 *sha256_new(void) {
  struct sha256 *h = malloc(sizeof *h);
  if (!h) abort();
  h->ctx = EVP_MD_CTX_new();
  if (!h->ctx || !EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL)) abort();
  return h;
}

void sha256_add(struct sha256 *h, struct str data) {
  if (data.n && !EVP_DigestUpdate(h->ctx, data.p, data.n)) abort();
}

void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]) {
  unsigned n = 0;
  if (!EVP_DigestFinal_ex(h->ctx, out, &n) || n != SHA256_BYTES) abort();
  EVP_MD_CTX_free(h->ctx);
  free(h);
}
