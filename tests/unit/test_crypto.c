#include "unit.h"

#include "quoin/arena.h"
#include "quoin/crypto.h"

static struct arena a;

static struct str hex(const uint8_t *p, size_t n) {
  char *t = arena_alloc(&a, 2 * n + 1);
  crypto_hex(p, n, t);
  return (struct str){t, 2 * n};
}

/* FIPS 180-4 examples. */
TEST(sha256) {
  arena_init(&a);
  CHECK_STR(crypto_sha256_hex(&a, STR("")),
            STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  CHECK_STR(crypto_sha256_hex(&a, STR("abc")),
            STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  struct sha256 *h = sha256_new();
  sha256_add(h, STR("a"));
  sha256_add(h, STR(""));
  sha256_add(h, STR("bc"));
  uint8_t out[SHA256_BYTES];
  sha256_end(h, out);
  CHECK_STR(hex(out, sizeof out), crypto_sha256_hex(&a, STR("abc")));
  arena_release(&a);
}

/* RFC 4231, test cases 2 and 6 (a key longer than a block). */
TEST(hmac) {
  arena_init(&a);
  uint8_t out[SHA256_BYTES];
  crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
  CHECK_STR(hex(out, sizeof out), STR("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  char key[131];
  memset(key, 0xaa, sizeof key);
  crypto_hmac_sha256((struct str){key, sizeof key},
                     STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
  CHECK_STR(hex(out, sizeof out), STR("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
  arena_release(&a);
}

/* RFC 4648 section 10. */
TEST(encodings) {
  static const struct {
    const char *plain, *b64, *b32;
  } v[] = {{"", "", ""},
           {"f", "Zg==", "my"},
           {"fo", "Zm8=", "mzxq"},
           {"foo", "Zm9v", "mzxw6"},
           {"foob", "Zm9vYg==", "mzxw6yq"},
           {"fooba", "Zm9vYmE=", "mzxw6ytb"},
           {"foobar", "Zm9vYmFy", "mzxw6ytboi"}};
  arena_init(&a);
  for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
    struct str p = str_c(v[i].plain), back = STR("?");
    CHECK_STR(crypto_base64(&a, p), str_c(v[i].b64));
    CHECK_STR(crypto_base32(&a, (const uint8_t *)p.p, p.n), str_c(v[i].b32));
    CHECK(crypto_base64_decode(&a, str_c(v[i].b64), &back));
    CHECK_STR(back, p);
  }
  struct str out;
  CHECK(!crypto_base64_decode(&a, STR("Zg="), &out));
  CHECK(!crypto_base64_decode(&a, STR("Zh=="), &out)); /* stray bits */
  CHECK(!crypto_base64_decode(&a, STR("Z=g="), &out));
  CHECK(!crypto_base64_decode(&a, STR("Zg==Zg=="), &out));
  CHECK_STR(crypto_md5_base64(&a, STR("")), STR("1B2M2Y8AsgTpgAmY7PhCfg==")); /* RFC 1864 of no bytes */
  CHECK_INT(crypto_crc32(STR("123456789")), 0xcbf43926U);
  arena_release(&a);
}

TEST(randomness_and_wiping) {
  uint8_t x[32] = {0}, y[32] = {0}, zero[32] = {0};
  CHECK(crypto_random(x, sizeof x) && crypto_random(y, sizeof y));
  CHECK(memcmp(x, y, sizeof x) != 0);
  crypto_wipe(x, sizeof x);
  CHECK(memcmp(x, zero, sizeof x) == 0);
}

TEST_MAIN(CASE(sha256), CASE(hmac), CASE(encodings), CASE(randomness_and_wiping))
