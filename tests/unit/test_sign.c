/* Signing: AWS's published example, the wire forms, and the cache of keys. tests/sigv4 compares with
 * botocore. */
#include "../../src/cloud/sign.h"
#include "unit.h"

static struct sign_creds creds = {
    {"AKIDEXAMPLE", 11}, {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40}, {"", 0}};

static struct sign_stages sign(struct arena *a, struct sign_cache *c, const char *stamp, const char *region,
                               const char *service) {
  static const struct http_header h[] = {
      {{"Content-Type", 12}, {"application/x-www-form-urlencoded; charset=utf-8", 48}},
      {{"X-Amz-Date", 10}, {"20150830T123600Z", 16}}};
  struct sign_request r = {.method = STR("GET"),
                           .host = STR("iam.amazonaws.com"),
                           .path = STR("/"),
                           .query = STR("Action=ListUsers&Version=2010-05-08"),
                           .headers = h,
                           .n_headers = 2,
                           .payload_hash =
                               STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")};
  struct sign_scope scope = {str_c(stamp), str_c(region), str_c(service)};
  struct sign_stages out;
  sign_stages(a, c, &creds, &scope, &r, &out);
  return out;
}

/* The worked example of the Signature Version 4 pages of AWS's general reference. */
TEST(published_example) {
  struct arena a;
  arena_init(&a);
  struct sign_stages s = sign(&a, NULL, "20150830T123600Z", "us-east-1", "iam");
  CHECK_STR(crypto_sha256_hex(&a, s.canonical),
            STR("f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"));
  CHECK_STR(s.signed_headers, STR("content-type;host;x-amz-date"));
  CHECK_STR(str_c(s.signature), STR("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
  arena_release(&a);
}

TEST(cache_gives_the_same) {
  static struct sign_cache c;
  static const char *const stamps[] = {"20150830T123600Z", "20150830T235959Z", "20150831T000000Z"};
  static const char *const regions[] = {"us-east-1", "eu-west-1", "eu-west-2", "sa-east-1"};
  static const char *const services[] = {"iam", "s3", "ec2", "ecs"};
  struct arena a;
  arena_init(&a);
  for (int again = 0; again < 3; again++)
    for (size_t i = 0; i < 3 * 4 * 4; i++) { /* more scopes than the cache holds */
      const char *t = stamps[i % 3], *r = regions[i / 3 % 4], *v = services[i / 12];
      CHECK_STR(str_c(sign(&a, &c, t, r, v).signature), str_c(sign(&a, NULL, t, r, v).signature));
    }
  struct str old = str_c(sign(&a, &c, stamps[0], regions[0], services[0]).signature);
  old = str_dup(&a, old);
  creds.access_key = STR("AKIDOTHER"); /* another key: its secret must not meet the old one's signing key */
  creds.secret_key = STR("other");
  CHECK(!str_eq(str_c(sign(&a, &c, stamps[0], regions[0], services[0]).signature), old));
  sign_cache_wipe(&c);
  static const struct sign_cache none;
  CHECK(memcmp(&c, &none, sizeof c) == 0);
  arena_release(&a);
}

TEST(wire_forms) {
  static const struct {
    const char *in, *path, *query;
  } rows[] = {{"", "/", ""},
              {"/a b", "/a%20b", "%2Fa%20b="},
              {"/%7e%2f%3a", "/~%2F%3A", "%2F~%2F%3A="},
              {"/100%", "/100%25", "%2F100%25="},
              {"b=2&a=1&a=0&c", "b%3D2%26a%3D1%26a%3D0%26c", "a=0&a=1&b=2&c="},
              {"&&x=&=y&", "%26%26x%3D%26%3Dy%26", "=y&x="},
              {"\xC3\xA9=+", "%C3%A9%3D%2B", "%C3%A9=%2B"}};
  struct arena a;
  arena_init(&a);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_STR(sign_path(&a, str_c(rows[i].in)), str_c(rows[i].path));
    CHECK_STR(sign_query(&a, str_c(rows[i].in)), str_c(rows[i].query));
    CHECK_STR(sign_query(&a, sign_query(&a, str_c(rows[i].in))), str_c(rows[i].query));
  }
  arena_release(&a);
}

TEST_MAIN(CASE(published_example), CASE(cache_gives_the_same), CASE(wire_forms))
