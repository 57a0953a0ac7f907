/* Reads requests as netstrings on stdin and writes the stages of their signature
 * as netstrings on stdout, for test_sigv4.py. With the argument `endpoints` it
 * reads lines VARIANT PREFIX REGION and writes lines PARTITION URL SIGNING-REGION instead.
 * In:  method host path query region service timestamp s3|other access secret token hash count (name value)*
 * Out: wire-path wire-query canonical string-to-sign signature authorization */
#include "../../src/cloud/endpoint.h"
#include "../../src/cloud/sign.h"

static struct str all;

static struct str next(void) {
  struct str head;
  int64_t n;
  struct str rest = str_cut(all, ':', &head);
  if (!str_to_i64(head, &n) || n < 0 || (size_t)n >= rest.n || rest.p[n] != ',') {
    fputs("sign_driver: bad input\n", stderr);
    exit(2);
  }
  all = str_sub(rest, (size_t)n + 1, rest.n);
  return str_sub(rest, 0, (size_t)n);
}

static void put(struct str s) {
  printf("%zu:", s.n);
  fwrite(s.p, 1, s.n, stdout);
  putchar(',');
}

static void one(struct arena *a, struct sign_cache *cache) {
  struct sign_request r = {0};
  struct sign_scope scope = {0};
  struct sign_creds creds = {0};
  struct sign_stages out = {0};
  r.method = next();
  r.host = next();
  r.path = sign_path(a, next());
  r.query = sign_query(a, next());
  scope.region = next();
  scope.service = next();
  scope.timestamp = next();
  r.s3 = str_eq(next(), STR("s3"));
  creds.access_key = next();
  creds.secret_key = next();
  creds.token = next();
  r.payload_hash = next();
  int64_t n;
  if (!str_to_i64(next(), &n) || n < 0 || n > 1000) exit(2);
  struct http_header *h = ARENA_ARRAY(a, (size_t)n, struct http_header);
  for (int64_t i = 0; i < n; i++) {
    h[i].name = next();
    h[i].value = next();
  }
  r.headers = h;
  r.n_headers = (size_t)n;
  sign_stages(a, cache, &creds, &scope, &r, &out);
  put(r.path);
  put(r.query);
  put(out.canonical);
  put(out.string_to_sign);
  put(str_c(out.signature));
  put(out.authorization);
}

static int endpoints(void) {
  static char line[4096];
  struct arena a;
  arena_init(&a);
  while (fgets(line, sizeof line, stdin)) {
    struct str variant, prefix, region = str_cut(str_sub(str_c(line), 0, strcspn(line, "\n")), ' ', &variant);
    struct endpoint at;
    region = str_cut(region, ' ', &prefix);
    enum qn_err e = endpoint_default(&a, prefix, region, (unsigned)(variant.p[0] - '0'), &at);
    if (e)
      puts(e == QN_E_NOTFOUND ? "none" : "invalid");
    else
      printf("%.*s %.*s://%.*s %.*s\n", SV(endpoint_partition(region)), SV(at.scheme), SV(at.host),
             SV(at.region));
    arena_reset(&a);
  }
  arena_release(&a);
  return fflush(stdout) != 0;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "endpoints") == 0) return endpoints();
  struct buf in = BUF_INIT((size_t)256 << 20);
  char block[65536];
  for (size_t n; (n = fread(block, 1, sizeof block, stdin)) > 0;) buf_add(&in, (struct str){block, n});
  if (in.failed) return 2;
  all = buf_str(&in);
  struct arena a;
  struct sign_cache cache = {0};
  arena_init(&a);
  while (all.n) {
    one(&a, &cache);
    arena_reset(&a);
  }
  arena_release(&a);
  sign_cache_wipe(&cache);
  buf_release(&in);
  return fflush(stdout) != 0;
}
