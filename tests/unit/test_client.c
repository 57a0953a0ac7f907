/* The cloud client against scripted answers and a clock that moves only when the client waits. */
#include <unistd.h>

#include "fake_world.h"

#include "quoin/blob.h"
#include "quoin/cloud_write.h"
#include "quoin/crypto.h"
#include "quoin/file.h"

#define VPCS "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>"
#define VPC  "<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>"
#define EC2_ERROR(code)                                                                                      \
  "<Response><Errors><Error><Code>" code "</Code><Message>so it is</Message></Error></Errors></Response>"
#define THROTTLE                                                                                             \
  { .status = 503, .body = EC2_ERROR("RequestLimitExceeded") }
#define N(a) (sizeof(a) / sizeof *(a))

struct fixture {
  struct world w;
  struct wire *wire;
  struct cloud *c;
  struct cloud_options o;
};
struct got {
  int n, order;
  struct reply r;
};
static int order;

static void on_reply(void *user, const struct reply *r) {
  struct got *g = user;
  g->n++;
  g->order = ++order;
  if (r) g->r = *r;
}

static void start(struct fixture *f, const struct fake_answer *answers, size_t n) {
  world_init(&f->w, answers, n);
  world_env(&f->w, "AWS_ACCESS_KEY_ID=AKIDONE");
  world_env(&f->w, "AWS_SECRET_ACCESS_KEY=secret");
  f->o = (struct cloud_options){.net = f->w.net, .region = session_sym(&f->w.s, STR("eu-west-1"))};
  if (wire_open(&f->w.s, blob_get(BLOB_WIRE), &f->wire) != QN_OK) exit(3);
  f->o.wire = f->wire;
}

static void client(struct fixture *f) {
  if (cloud_new(&f->w.s, &f->o, &f->c) != QN_OK) exit(3);
}

static void stop(struct fixture *f) {
  cloud_free(f->c);
  wire_free(f->wire);
  world_release(&f->w);
}

static void drain(struct fixture *f) {
  for (int i = 0; i < 10000 && cloud_poll(f->c, 1000, -1); i++) {}
}

static enum qn_err call(struct fixture *f, const char *service, const char *op, const char *input,
                        struct got *g) {
  struct call k = {.region = f->o.region};
  struct json_error bad;
  *g = (struct got){0};
  if (!wire_find_op(f->wire, str_c(service), str_c(op), &k.op)) exit(3);
  if (json_parse(&f->w.s, &f->w.s.arena, str_c(input), &k.input, &bad)) exit(3);
  return k.op->read_only ? cloud_read(cloud_reader(f->c), &k, on_reply, g)
                         : cloud_write(cloud_writer(f->c), &k, on_reply, g);
}

static struct got run(struct fixture *f, const char *service, const char *op, const char *input) {
  struct got g;
  if (!f->c) client(f);
  CHECK_INT(call(f, service, op, input, &g), QN_OK);
  CHECK_INT(g.n, 0); /* never from within */
  drain(f);
  CHECK_INT(g.n, 1);
  return g;
}

#define DESCRIBE(f) run((f), "ec2", "DescribeVpcs", "{}")
#define CREATE(f)   run((f), "ec2", "CreateVpc", "{\"CidrBlock\":\"10.0.0.0/16\"}")

TEST(reads) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  world_env(&f.w, "AWS_SESSION_TOKEN=tok/en+");
  struct got g = DESCRIBE(&f);
  CHECK_INT(g.r.err, QN_OK);
  CHECK_INT(g.r.attempts, 1);
  const struct fake_request *q = &f.w.requests[0];
  CHECK_STR(str_c(q->url), STR("https://ec2.eu-west-1.amazonaws.com/"));
  CHECK_STR(str_c(q->date), STR("20150830T123600Z"));
  CHECK_STR(str_c(q->token), STR("tok/en+"));
  CHECK(strstr(q->auth,
               "Credential=AKIDONE/20150830/eu-west-1/ec2/aws4_request, SignedHeaders=content-type;host;"
               "x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="));
  CHECK(strstr(q->body, "Action=DescribeVpcs"));
  struct cloud_stats st;
  cloud_stats(f.c, &st);
  CHECK_INT(st.calls, 1);
  CHECK_INT(st.reads, 1);
  stop(&f);
}

/* What happens to one call, by kind of call and kinds of answers before a success. */
TEST(retries) {
  static const struct {
    const char *name;
    struct fake_answer bad;
    bool change;
    int requests;
    enum err_class cls;
    bool maybe;
  } rows[] = {
      {"read, throttled", THROTTLE, false, 2, EC_NONE, false},
      {"read, 500", {.status = 500, .body = EC2_ERROR("InternalError")}, false, 2, EC_NONE, true},
      {"read, HTML 502", {.status = 502, .body = "<html>bad gateway"}, false, 2, EC_NONE, true},
      {"read, cut", {.fail = NF_AMBIGUOUS}, false, 2, EC_NONE, true},
      {"read, unreachable", {.fail = NF_CONNECT}, false, 2, EC_NONE, false},
      {"read, garbage", {.status = 200, .body = "{"}, false, 2, EC_NONE, true},
      {"read, too large", {.fail = NF_TOO_LARGE, .status = 200}, false, 1, EC_BAD_REPLY, true},
      {"read, refused",
       {.status = 400, .body = EC2_ERROR("InvalidParameterValue")},
       false,
       1,
       EC_CLIENT,
       false},
      {"read, denied",
       {.status = 403, .body = EC2_ERROR("UnauthorizedOperation")},
       false,
       1,
       EC_ACCESS_DENIED,
       false},
      {"read, HTML 404", {.status = 404, .body = "<html>"}, false, 1, EC_CLIENT, false},
      {"read, 501", {.status = 501, .body = ""}, false, 1, EC_CLIENT, false},
      {"read, 429", {.status = 429, .body = ""}, false, 2, EC_NONE, false},
      {"change, throttled", THROTTLE, true, 2, EC_NONE, false},
      {"change, unreachable", {.fail = NF_CONNECT}, true, 2, EC_NONE, false},
      {"change, 500", {.status = 500, .body = ""}, true, 1, EC_SERVER, true},
      {"change, 503 that is no throttling",
       {.status = 503, .body = EC2_ERROR("Unavailable")},
       true,
       1,
       EC_SERVER,
       true},
      {"change, HTML 502", {.status = 502, .body = "<html>"}, true, 1, EC_SERVER, true},
      {"change, cut", {.fail = NF_AMBIGUOUS}, true, 1, EC_AMBIGUOUS, true},
      {"change, garbage", {.status = 200, .body = "{"}, true, 1, EC_BAD_REPLY, true},
      {"change, exists", {.status = 400, .body = EC2_ERROR("VpcLimitExceeded")}, true, 1, EC_CLIENT, false},
  };
  for (size_t i = 0; i < N(rows); i++) {
    struct fake_answer a[] = {rows[i].bad, {.status = 200, .body = rows[i].change ? VPC : VPCS}};
    struct fixture f = {0};
    start(&f, a, N(a));
    struct got g = rows[i].change ? CREATE(&f) : DESCRIBE(&f);
    if ((int)f.w.n_requests != rows[i].requests || g.r.cls != rows[i].cls ||
        g.r.maybe_executed != rows[i].maybe) {
      printf("%s: %zu requests, class %d, maybe %d\n", rows[i].name, f.w.n_requests, (int)g.r.cls,
             g.r.maybe_executed);
      FAIL("as in the table");
    }
    CHECK_INT(g.r.err, rows[i].cls == EC_NONE ? QN_OK : QN_E_REMOTE);
    CHECK_INT(g.r.attempts, rows[i].requests);
    stop(&f);
  }
}

TEST(gives_up) {
  static const struct fake_answer a[] = {THROTTLE};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.o.max_attempts = 5;
  struct got g = CREATE(&f);
  CHECK_INT(g.r.cls, EC_THROTTLE);
  CHECK_INT(f.w.n_requests, 5);
  CHECK(!g.r.maybe_executed);
  CHECK_STR(g.r.code, STR("RequestLimitExceeded"));
  stop(&f);
  static const struct fake_answer b[] = {{.fail = NF_CONNECT}};
  struct fixture h = {0};
  start(&h, b, N(b));
  h.o.max_attempts = 9;
  g = CREATE(&h);
  CHECK_INT(g.r.cls, EC_CONNECT);
  CHECK_STR(g.r.message, STR("https://ec2.eu-west-1.amazonaws.com: it broke"));
  for (size_t i = 2; i < 9; i++) { /* pauses double; the jitter stands in the middle */
    int64_t pause = h.w.requests[i].at_ms - h.w.requests[i - 1].at_ms;
    int64_t last = h.w.requests[i - 1].at_ms - h.w.requests[i - 2].at_ms;
    CHECK(pause > last + last / 2 && pause <= 2 * last);
  }
  stop(&h);
}

TEST(waits_as_told) {
  static const struct fake_answer a[] = {
      {.status = 503, .body = "", .headers = {{{"retry-after", 11}, {"7", 1}}}},
      {.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  struct got g = DESCRIBE(&f);
  CHECK_INT(g.r.err, QN_OK);
  CHECK(f.w.requests[1].at_ms - f.w.requests[0].at_ms >= 7000);
  stop(&f);
}

TEST(mends_the_clock) {
  static const struct fake_answer a[] = {{.status = 403,
                                          .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                                          .headers = {{{"date", 4}, {"Sun, 30 Aug 2015 14:36:00 GMT", 29}}}},
                                         {.status = 200, .body = "<ListAllMyBucketsResult/>"}};
  struct fixture f = {0};
  start(&f, a, N(a));
  struct got g = run(&f, "s3", "ListBuckets", "{}");
  CHECK_INT(g.r.err, QN_OK);
  CHECK(strncmp(f.w.requests[1].date, "20150830T1436", 13) == 0);
  CHECK_INT(f.w.s.diags.n, 0);
  stop(&f);
  /* Without an offset in the Date header nothing is tried again. */
  static const struct fake_answer b[] = {
      {.status = 403, .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>"}};
  struct fixture h = {0};
  start(&h, b, N(b));
  g = run(&h, "s3", "ListBuckets", "{}");
  CHECK_INT(g.r.cls, EC_CLOCK);
  CHECK_INT(h.w.n_requests, 1);
  stop(&h);
}

TEST(takes_new_credentials) {
  static const struct fake_answer a[] = {
      {.status = 200, .body = VPCS},
      {.status = 400, .body = EC2_ERROR("RequestExpired"), .env = "AWS_ACCESS_KEY_ID=AKIDTWO"},
      {.status = 200, .body = VPC}};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK);
  struct got g = CREATE(&f);
  CHECK_INT(g.r.err, QN_OK);
  CHECK_INT(f.w.n_requests, 3);
  CHECK(strstr(f.w.requests[2].auth, "Credential=AKIDTWO/"));
  CHECK_INT(f.w.s.diags.n, 0);
  stop(&f);
}

/* ---- credentials that end during a run ------------------------------------------- */
#define STS_ROLE(action, key, until)                                                                         \
  {                                                                                                          \
    .status = 200, .body = "<" action "Response><" action "Result><Credentials><AccessKeyId>" key            \
                           "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</"             \
                           "SessionToken><Expiration>2015-08-30T" until                                      \
                           "Z</Expiration></Credentials></" action "Result></" action "Response>"            \
  }
#define DOCUMENT(key, until)                                                                                 \
  "{\"Version\":1,\"AccessKeyId\":\"" key                                                                    \
  "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"SessionToken\":\"t\","                                     \
  "\"Expiration\":\"2015-08-30T" until "Z\"}"
#define ANSWER(text)                                                                                         \
  { .status = 200, .body = text }
#define SSO_ROLE(key, ms)                                                                                    \
  ANSWER("{\"roleCredentials\":{\"accessKeyId\":\"" key                                                      \
         "\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","                                              \
         "\"expiration\":" ms "}}")
/* HOME/.aws/config, HOME/.aws/sso/cache/SHA-1("corp").json and HOME/file */
static void home_file(const char *home, const char *name, const char *text) {
  char path[256];
  struct arena a;
  arena_init(&a);
  struct str token = crypto_sha1_hex(&a, STR("corp"));
  snprintf(path, sizeof path, "%s/.aws/sso/cache", home);
  if (file_mkdirs(path, 0700, NULL)) exit(3);
  if (strcmp(name, "token") == 0)
    snprintf(path, sizeof path, "%s/.aws/sso/cache/%.*s.json", home, SV(token));
  else
    snprintf(path, sizeof path, "%s/%s", home, name);
  if (file_write_atomic(path, str_c(text), 0600, NULL)) exit(3);
  arena_release(&a);
}

static void home_remove(const char *home) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", home);
  if (system(command) != 0) exit(3);
}

static const struct source {
  const char *name, *config, *env[3];
  struct fake_answer first[3], second[3]; /* of the source: before its credentials end, and after */
  const char *file, *file_later;
} sources[] = {
    {"assume role",
     "[profile p]\nrole_arn=r\nsource_profile=b\n[profile b]\naws_access_key_id=A\naws_secret_access_key=s\n",
     {NULL},
     {STS_ROLE("AssumeRole", "AKONE", "13:36:00")},
     {STS_ROLE("AssumeRole", "AKTWO", "14:36:00")},
     "",
     ""},
    {"web identity",
     "",
     {"AWS_ROLE_ARN=r", "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/file"},
     {STS_ROLE("AssumeRoleWithWebIdentity", "AKONE", "13:36:00")},
     {STS_ROLE("AssumeRoleWithWebIdentity", "AKTWO", "14:36:00")},
     "token-one",
     "token-two"},
    {"SSO",
     "[profile p]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n[sso-session corp]\nsso_start_url=u\n"
     "sso_region=us-west-2\n",
     {NULL},
     {SSO_ROLE("AKONE", "1440941760000")},
     {SSO_ROLE("AKTWO", "1440945360000")},
     "",
     ""},
    {"container",
     "",
     {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/c"},
     {ANSWER(DOCUMENT("AKONE", "13:36:00"))},
     {ANSWER(DOCUMENT("AKTWO", "14:36:00"))},
     "",
     ""},
    {"EC2 metadata",
     "",
     {NULL},
     {ANSWER("T1"), ANSWER("role"), ANSWER(DOCUMENT("AKONE", "13:36:00"))},
     {ANSWER("T2"), ANSWER("role"), ANSWER(DOCUMENT("AKTWO", "14:36:00"))},
     "",
     ""},
    {"process",
     "[profile p]\ncredential_process = cat HOME/file\n",
     {NULL},
     {{0}},
     {{0}},
     DOCUMENT("AKONE", "13:36:00"),
     DOCUMENT("AKTWO", "14:36:00")},
};

static size_t script(struct fake_answer *out, size_t n, const struct fake_answer *v) {
  static const struct fake_answer ok = ANSWER(VPCS);
  for (size_t i = 0; i < 3 && v[i].status; i++) out[n++] = v[i];
  out[n++] = ok;
  return n;
}

/* HOME in a text of a row. */
static const char *with_home(struct fixture *f, const char *text, const char *home) {
  struct str s = str_c(text);
  size_t at = str_find(s, STR("HOME"));
  if (at == SIZE_MAX) return text;
  return str_fmt(&f->w.s.arena, "%.*s%s%.*s", SV(str_sub(s, 0, at)), home, SV(str_sub(s, at + 4, s.n))).p;
}

static void renewed(const struct source *row) {
  struct fake_answer a[8];
  struct fixture f = {0};
  char home[] = "/tmp/quoin-client-XXXXXX";
  if (!mkdtemp(home)) exit(3);
  size_t first = script(a, 0, row->first), n = script(a, first, row->second);
  start(&f, a, n);
  f.w.n_env = 0;
  world_env(&f.w, str_fmt(&f.w.s.arena, "HOME=%s", home).p);
  for (size_t i = 0; i < 3 && row->env[i]; i++) world_env(&f.w, with_home(&f, row->env[i], home));
  home_file(home, ".aws/config", with_home(&f, row->config, home));
  home_file(home, "token", "{\"accessToken\":\"t\",\"expiresAt\":\"2015-08-30T23:00:00Z\"}");
  home_file(home, "file", row->file);
  if (*row->config) f.o.profile = "p";
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK);
  CHECK_INT(f.w.n_requests, first);
  CHECK(strstr(f.w.requests[first - 1].auth, "Credential=AKONE/"));
  home_file(home, "file", row->file_later);
  f.w.wall_ms += 56 * 60000; /* four minutes are left */
  f.w.boot_ms += 56 * 60000;
  CHECK_INT(CREATE(&f).r.err, QN_OK);
  CHECK_INT(f.w.n_requests, n);
  CHECK(strstr(f.w.requests[n - 1].auth, "Credential=AKTWO/"));
  if (strcmp(row->name, "web identity") == 0) CHECK(strstr(f.w.requests[first].body, "token-two"));
  CHECK_INT(f.w.s.diags.n, 0);
  stop(&f);
  home_remove(home);
}

TEST(renews_credentials_before_they_end) {
  for (size_t i = 0; i < N(sources); i++) renewed(&sources[i]);
}

/* A source that fails in the last minutes is asked now and then, and the old credentials are used meanwhile.
 */
TEST(goes_on_while_renewing_fails) {
  static const struct fake_answer a[] = {
      ANSWER(DOCUMENT("AKONE", "13:36:00")), ANSWER(VPCS), /* then: */
      {.status = 404, .body = ""},           ANSWER(VPCS), ANSWER(VPCS),
      {.status = 404, .body = ""},           ANSWER(VPCS), {.status = 404, .body = ""}};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.w.n_env = 0;
  world_env(&f.w, "HOME=/nonexistent");
  world_env(&f.w, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/c");
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK);
  f.w.wall_ms += 57 * 60000;
  f.w.boot_ms += 57 * 60000;
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK); /* asks in vain */
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK); /* does not ask */
  CHECK_INT(f.w.n_requests, 5);
  f.w.boot_ms += 60000;
  CHECK_INT(DESCRIBE(&f).r.err, QN_OK);
  CHECK_INT(f.w.n_requests, 7);
  CHECK_INT(f.w.s.diags.n, 0);
  f.w.wall_ms += 4 * 60000;
  CHECK_INT(DESCRIBE(&f).r.cls, EC_CREDENTIALS); /* over */
  CHECK(world_said(&f.w, "gave no credentials (status 404)"));
  stop(&f);
}

TEST(says_when_refused) {
  static const struct fake_answer a[] = {{.status = 400, .body = EC2_ERROR("ExpiredToken")}};
  struct fixture f = {0};
  start(&f, a, N(a));
  struct got g = CREATE(&f), h = CREATE(&f);
  CHECK_INT(g.r.cls, EC_CREDENTIALS);
  CHECK_INT(h.r.cls, EC_CREDENTIALS);
  CHECK(!g.r.maybe_executed);
  CHECK_INT(f.w.s.diags.n, 1);
  CHECK(world_said(
      &f.w, "error[QN0704]: AWS says that time is up for the credentials (from: environment): ExpiredToken"));
  CHECK(world_said(&f.w, "set new AWS_ACCESS_KEY_ID") && !world_said(&f.w, "AKIDONE"));
  stop(&f);
}

TEST(says_when_there_are_none) {
  static const struct fake_answer a[] = {{.fail = NF_CONNECT}};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.w.n_env = 0;
  world_env(&f.w, "HOME=/nonexistent");
  struct got g = DESCRIBE(&f), h = DESCRIBE(&f);
  CHECK_INT(g.r.cls, EC_CREDENTIALS);
  CHECK_STR(g.r.code, STR("NoCredentials"));
  CHECK_STR(h.r.message, STR("no AWS credentials were found"));
  CHECK_INT(f.w.s.diags.n, 1);
  CHECK(world_said(&f.w, "error[QN0700]: no AWS credentials were found"));
  CHECK(world_said(&f.w, "AWS_ACCESS_KEY_ID is not set") &&
        world_said(&f.w, "169.254.169.254 does not answer"));
  stop(&f);
}

TEST(endpoints) {
  static const struct {
    const char *env, *service, *op, *input, *url, *scope;
  } rows[] = {
      {"X=1", "s3", "GetBucketVersioning", "{\"Bucket\":\"my-bucket\"}",
       "https://my-bucket.s3.eu-west-1.amazonaws.com/?versioning=", "/eu-west-1/s3/"},
      {"X=1", "s3", "GetBucketVersioning", "{\"Bucket\":\"my.bucket\"}",
       "https://s3.eu-west-1.amazonaws.com/my.bucket?versioning=", "/eu-west-1/s3/"},
      {"X=1", "s3", "ListBuckets", "{}", "https://s3.eu-west-1.amazonaws.com/", "/eu-west-1/s3/"},
      {"AWS_ENDPOINT_URL=http://127.0.0.1:80", "s3", "GetBucketVersioning", "{\"Bucket\":\"my-bucket\"}",
       "http://127.0.0.1/my-bucket?versioning=", "/eu-west-1/s3/"},
      {"AWS_ENDPOINT_URL_S3=HTTPS://Host:8443/base/", "s3", "GetBucketVersioning",
       "{\"Bucket\":\"my-bucket\"}", "https://host:8443/base/my-bucket?versioning=", "/eu-west-1/s3/"},
      {"AWS_ENDPOINT_URL_S3=http://other", "ec2", "DescribeVpcs", "{}",
       "https://ec2.eu-west-1.amazonaws.com/", "/eu-west-1/ec2/"},
      {"X=1", "iam", "GetRole", "{\"RoleName\":\"r\"}", "https://iam.amazonaws.com/", "/us-east-1/iam/"},
      {"X=1", "route53", "GetHostedZone", "{\"Id\":\"Z1\"}",
       "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1", "/us-east-1/route53/"},
      {"AWS_ENDPOINT_URL_ROUTE_53=http://r:1", "route53", "GetHostedZone", "{\"Id\":\"Z1\"}",
       "http://r:1/2013-04-01/hostedzone/Z1", "/us-east-1/route53/"},
      {"AWS_ENDPOINT_URL=http://[::1]:5000", "iam", "GetRole", "{\"RoleName\":\"r\"}", "http://[::1]:5000/",
       "/us-east-1/iam/"},
  };
  static const struct fake_answer a[] = {{.status = 404, .body = ""}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f = {0};
    start(&f, a, N(a));
    world_env(&f.w, rows[i].env);
    (void)run(&f, rows[i].service, rows[i].op, rows[i].input);
    CHECK_STR(str_c(f.w.requests[0].url), str_c(rows[i].url));
    CHECK(strstr(f.w.requests[0].auth, rows[i].scope));
    stop(&f);
  }
}

/* A file in place of ~/.aws/config. */
static void config_file(struct fixture *f, char path[32], const char *text) {
  snprintf(path, 32, "/tmp/quoin-client-XXXXXX");
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) exit(3);
  close(fd);
  world_env(&f->w, str_fmt(&f->w.s.arena, "AWS_CONFIG_FILE=%s", path).p);
}

TEST(endpoint_settings) {
  static const struct {
    const char *env, *config, *url;
  } rows[] = {
      {"AWS_USE_FIPS_ENDPOINT=true", "", "https://ec2-fips.eu-west-1.amazonaws.com/"},
      {"AWS_USE_DUALSTACK_ENDPOINT=TRUE", "", "https://ec2.eu-west-1.api.aws/"},
      {"X=1", "[default]\nuse_fips_endpoint=true\nuse_dualstack_endpoint=true\n",
       "https://ec2-fips.eu-west-1.api.aws/"},
      {"AWS_USE_FIPS_ENDPOINT=false", "[default]\nuse_fips_endpoint=true\n",
       "https://ec2.eu-west-1.amazonaws.com/"},
      {"X=1", "[default]\nendpoint_url=http://all\n", "http://all/"},
      {"X=1",
       "[default]\nendpoint_url=http://all\nservices=x\n[services x]\nec2 =\n  endpoint_url = http://ec\n",
       "http://ec/"},
      {"X=1",
       "[default]\nendpoint_url=http://all\nservices=x\n[services x]\ns3 =\n  endpoint_url = http://ec\n",
       "http://all/"},
      {"AWS_ENDPOINT_URL=http://env",
       "[default]\nservices=x\n[services x]\nec2 =\n  endpoint_url = http://ec\n", "http://env/"},
      {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "[default]\nendpoint_url=http://all\n",
       "https://ec2.eu-west-1.amazonaws.com/"},
      {"AWS_ENDPOINT_URL=http://env", "[default]\nignore_configured_endpoint_urls=true\n",
       "https://ec2.eu-west-1.amazonaws.com/"},
      {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false",
       "[default]\nignore_configured_endpoint_urls=true\nendpoint_url=http://all\n", "http://all/"},
      {"AWS_USE_FIPS_ENDPOINT=yes", "", "error[QN0709]: AWS_USE_FIPS_ENDPOINT is \"yes\""},
      {"X=1", "[default]\nuse_dualstack_endpoint=1\n", "error[QN0709]: use_dualstack_endpoint is \"1\""},
      {"AWS_USE_FIPS_ENDPOINT=true", "[default]\nendpoint_url=http://all\n",
       "endpoint_url of profile default cannot be combined with AWS_USE_FIPS_ENDPOINT"},
  };
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f = {0};
    char path[32];
    start(&f, a, N(a));
    config_file(&f, path, rows[i].config);
    world_env(&f.w, rows[i].env);
    struct got g = DESCRIBE(&f);
    if (strncmp(rows[i].url, "http", 4) == 0)
      CHECK_STR(str_c(f.w.requests[0].url), str_c(rows[i].url));
    else
      CHECK(g.r.err && f.w.n_requests == 0 && world_said(&f.w, rows[i].url));
    stop(&f);
    unlink(path);
  }
}

TEST(attempts_are_a_setting) {
  static const struct {
    const char *env, *config;
    uint32_t option;
    int requests;
  } rows[] = {{"X=1", "", 0, 10},
              {"AWS_MAX_ATTEMPTS=2", "[default]\nmax_attempts=4\n", 0, 2},
              {"X=1", "[default]\nmax_attempts=4\nretry_mode=adaptive\n", 0, 4},
              {"AWS_RETRY_MODE=standard", "", 0, 3},
              {"AWS_RETRY_MODE=legacy", "", 0, 5},
              {"AWS_MAX_ATTEMPTS=2", "", 7, 7},
              {"AWS_MAX_ATTEMPTS=0", "", 0, 0},
              {"AWS_RETRY_MODE=often", "", 0, 0}};
  static const struct fake_answer a[] = {{.status = 500, .body = ""}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f = {0};
    char path[32];
    start(&f, a, N(a));
    config_file(&f, path, rows[i].config);
    world_env(&f.w, rows[i].env);
    f.o.max_attempts = rows[i].option;
    (void)DESCRIBE(&f);
    CHECK_INT(f.w.n_requests, rows[i].requests);
    CHECK_INT(world_said(&f.w, "error[QN0709]"), rows[i].requests == 0);
    stop(&f);
    unlink(path);
  }
}

TEST(bucket_elsewhere) {
  static const struct fake_answer a[] = {
      {.status = 301,
       .headers = {{{"x-amz-bucket-region", 19}, {"eu-central-1", 12}}},
       .body = "<Error><Code>PermanentRedirect</Code><Message>Use another endpoint.</Message></Error>"}};
  struct fixture f = {0};
  start(&f, a, N(a));
  struct got g = run(&f, "s3", "GetBucketVersioning", "{\"Bucket\":\"my-bucket\"}");
  CHECK_INT(g.r.cls, EC_CLIENT);
  CHECK_STR(g.r.code, STR("PermanentRedirect"));
  CHECK_STR(g.r.message, STR("the bucket is in region eu-central-1, and was asked for in eu-west-1: set the "
                             "resource's region"));
  CHECK_INT(f.w.n_requests, 1);
  stop(&f);
}

TEST(bad_endpoints) {
  static const char *const env[] = {"AWS_ENDPOINT_URL=localhost:4566", "AWS_ENDPOINT_URL=ftp://x",
                                    "AWS_ENDPOINT_URL=http://", "AWS_ENDPOINT_URL=http://u:p@h/",
                                    "AWS_ENDPOINT_URL=http://h/?a=1"};
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  for (size_t i = 0; i < N(env); i++) {
    struct fixture f = {0};
    start(&f, a, N(a));
    world_env(&f.w, env[i]);
    struct got g = DESCRIBE(&f);
    CHECK_INT(g.r.err, QN_E_REMOTE);
    CHECK_INT(f.w.n_requests, 0);
    CHECK(world_said(&f.w, "error[QN0707]: AWS_ENDPOINT_URL is not an http or https URL"));
    stop(&f);
  }
}

TEST(limits_the_rate) {
  static struct fake_answer a[40];
  for (size_t i = 0; i < N(a); i++) a[i] = (struct fake_answer){.status = 200, .body = VPCS};
  a[10] = (struct fake_answer)THROTTLE;
  struct fixture f = {0};
  start(&f, a, N(a));
  f.o.concurrency = 1;
  client(&f);
  struct got g[30];
  for (size_t i = 0; i < N(g); i++) CHECK_INT(call(&f, "ec2", "DescribeVpcs", "{}", &g[i]), QN_OK);
  drain(&f);
  for (size_t i = 0; i < N(g); i++) CHECK_INT(g[i].r.err, QN_OK);
  CHECK_INT(f.w.requests[10].at_ms, f.w.requests[0].at_ms); /* no limit before the first throttle */
  CHECK(f.w.requests[30].at_ms - f.w.requests[10].at_ms > 1000);
  struct cloud_stats st;
  cloud_stats(f.c, &st);
  CHECK_INT(st.throttled, 1);
  CHECK_INT(st.retried, 1);
  CHECK_INT(st.http_requests, 31);
  /* Another kind of call is not held back. */
  int64_t before = f.w.boot_ms;
  (void)CREATE(&f);
  CHECK(f.w.requests[31].at_ms - before <= 1);
  stop(&f);
}

static size_t seen_at_first;
static struct fixture *watched;
static void watch(void *user, const struct reply *r) {
  struct cloud_stats st;
  (void)user;
  (void)r;
  cloud_stats(watched->c, &st);
  if (!seen_at_first) seen_at_first = st.http_requests;
}

TEST(caps_concurrency) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.o.concurrency = 3;
  client(&f);
  watched = &f;
  seen_at_first = 0;
  struct call k = {.region = f.o.region};
  if (!wire_find_op(f.wire, STR("ec2"), STR("DescribeVpcs"), &k.op)) exit(3);
  for (int i = 0; i < 9; i++) CHECK_INT(cloud_read(cloud_reader(f.c), &k, watch, NULL), QN_OK);
  drain(&f);
  CHECK_INT(seen_at_first, 3);
  CHECK_INT(f.w.n_requests, 9);
  stop(&f);
}

/* A caller that makes many calls gives their replies memory of its own. */
TEST(keeps_replies_where_the_call_says) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS},
                                         {.status = 400, .body = EC2_ERROR("InvalidParameterValue")}};
  struct fixture f = {0};
  struct arena keep;
  start(&f, a, N(a));
  client(&f);
  arena_init(&keep);
  struct call k = {.region = f.o.region, .keep = &keep};
  struct got g[2] = {0};
  if (!wire_find_op(f.wire, STR("ec2"), STR("DescribeVpcs"), &k.op)) exit(3);
  size_t used = 0;
  for (size_t i = 0; i < N(g); i++, used = keep.used) {
    CHECK_INT(cloud_read(cloud_reader(f.c), &k, on_reply, &g[i]), QN_OK);
    drain(&f);
    CHECK(keep.used > used);
  }
  CHECK_INT(g[0].r.err, QN_OK);
  CHECK_STR(value_text(value_at(&f.w.s, g[0].r.output, STR("Vpcs[0].VpcId"))), STR("vpc-1"));
  CHECK_STR(g[1].r.message, STR("so it is"));
  arena_release(&keep);
  stop(&f);
}

TEST(refuses_wrong_calls) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  client(&f);
  struct call k = {.region = f.o.region};
  struct got g = {0};
  if (!wire_find_op(f.wire, STR("ec2"), STR("CreateVpc"), &k.op)) exit(3);
  CHECK_INT(cloud_read(cloud_reader(f.c), &k, on_reply, &g), QN_E_INVALID);
  g = run(&f, "ec2", "DescribeVpcs", "{\"NoSuch\":1}");
  CHECK_INT(g.r.err, QN_E_INVALID);
  CHECK_STR(g.r.code, STR("RequestInvalid"));
  CHECK(str_find(g.r.message, STR("NoSuch")) != SIZE_MAX);
  CHECK_INT(f.w.n_requests, 0);
  stop(&f);
}

TEST(timers) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  client(&f);
  struct got g[40] = {0};
  order = 0;
  for (uint32_t i = 0; i < 40; i++) cloud_after(f.c, 1000 + (i * 7) % 40 * 10, on_reply, &g[i]);
  int64_t begin = f.w.boot_ms;
  drain(&f);
  for (uint32_t i = 0; i < 40; i++) CHECK_INT(g[i].order, (i * 7) % 40 + 1);
  CHECK(f.w.boot_ms - begin >= 1390 && f.w.boot_ms - begin < 1500);
  stop(&f);
}

TEST(cancels) {
  static const struct fake_answer a[] = {{.status = 200, .body = VPCS}};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.o.concurrency = 1;
  client(&f);
  struct got g[3], t = {0};
  for (size_t i = 0; i < 3; i++) CHECK_INT(call(&f, "ec2", "DescribeVpcs", "{}", &g[i]), QN_OK);
  cloud_poll(f.c, 0, -1); /* the first is answered, nothing else was sent */
  cloud_after(f.c, 1000000, on_reply, &t);
  cloud_cancel(f.c);
  int64_t begin = f.w.boot_ms;
  drain(&f);
  CHECK_INT(g[0].r.err, QN_OK);
  CHECK_INT(g[1].r.cls, EC_CANCELLED);
  CHECK_INT(g[2].r.cls, EC_CANCELLED);
  CHECK(!g[2].r.maybe_executed);
  CHECK_INT(t.n, 1);
  CHECK(f.w.boot_ms - begin < 100);
  CHECK_INT(f.w.n_requests, 1);
  CHECK_INT(DESCRIBE(&f).r.cls, EC_CANCELLED);
  stop(&f);
}

TEST(frees_unfinished) {
  static const struct fake_answer a[] = {THROTTLE};
  struct fixture f = {0};
  struct got g[3];
  start(&f, a, N(a));
  client(&f);
  for (size_t i = 0; i < 3; i++) CHECK_INT(call(&f, "ec2", "DescribeVpcs", "{}", &g[i]), QN_OK);
  cloud_poll(f.c, 0, -1); /* one in a timer, two in flight */
  stop(&f);
  CHECK_INT(g[0].n + g[1].n + g[2].n, 0);
}

#define CALLER(account)                                                                                      \
  {                                                                                                          \
    .status = 200,                                                                                           \
    .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::1:user/u</"               \
            "Arn><Account>" account "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"       \
  }
#define EXPIRES_AND_ANOTHER_COMES                                                                            \
  { .status = 400, .body = EC2_ERROR("RequestExpired"), .env = "AWS_ACCESS_KEY_ID=AKIDTWO" }

TEST(stays_in_its_account) {
  static const struct fake_answer a[] = {
      CALLER("1"), EXPIRES_AND_ANOTHER_COMES, CALLER("1"), {.status = 200, .body = VPC}};
  static const struct fake_answer b[] = {CALLER("1"), EXPIRES_AND_ANOTHER_COMES, CALLER("2")};
  struct fixture f = {0}, h = {0};
  start(&f, a, N(a));
  client(&f);
  CHECK_INT(cloud_identity(cloud_reader(f.c), NULL, NULL, NULL), QN_OK);
  CHECK_INT(CREATE(&f).r.err, QN_OK);
  CHECK_INT(f.w.n_requests, 4);
  CHECK(strstr(f.w.requests[3].auth, "Credential=AKIDTWO/"));
  stop(&f);
  start(&h, b, N(b));
  client(&h);
  CHECK_INT(cloud_identity(cloud_reader(h.c), NULL, NULL, NULL), QN_OK);
  struct got g = CREATE(&h);
  CHECK_INT(g.r.cls, EC_CREDENTIALS);
  CHECK(!g.r.maybe_executed);
  CHECK_INT(CREATE(&h).r.cls, EC_CREDENTIALS);
  CHECK_INT(h.w.n_requests, 3);
  CHECK(world_said(
      &h.w, "error[QN0710]: the renewed credentials (from: environment) are of account 2, the run is in 1"));
  CHECK_INT(h.w.s.diags.n, 1);
  stop(&h);
}

TEST(identity) {
  static const struct fake_answer a[] = {
      {.status = 200,
       .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws-cn:sts::1:user/u</Arn>"
               "<Account>000000000001</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"}};
  struct fixture f = {0};
  struct str account, arn, partition;
  start(&f, a, N(a));
  client(&f);
  for (int i = 0; i < 2; i++) CHECK_INT(cloud_identity(cloud_reader(f.c), &account, &arn, &partition), QN_OK);
  CHECK_STR(account, STR("000000000001"));
  CHECK_STR(partition, STR("aws-cn"));
  CHECK_INT(f.w.n_requests, 1);
  CHECK_STR(str_c(f.w.requests[0].url), STR("https://sts.eu-west-1.amazonaws.com/"));
  stop(&f);
  static const struct fake_answer b[] = {{.fail = NF_CONNECT}};
  struct fixture h = {0};
  start(&h, b, N(b));
  client(&h);
  CHECK_INT(cloud_identity(cloud_reader(h.c), &account, NULL, NULL), QN_E_REMOTE);
  CHECK(world_said(&h.w, "error[QN0705]") && world_said(&h.w, "sts.eu-west-1.amazonaws.com: it broke"));
  CHECK_INT(h.w.n_requests, 4);
  stop(&h);
  static const struct fake_answer d[] = {
      {.status = 403,
       .body = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no such "
               "key</Message></Error></ErrorResponse>"}};
  struct fixture k = {0};
  start(&k, d, N(d));
  client(&k);
  CHECK_INT(cloud_identity(cloud_reader(k.c), &account, NULL, NULL), QN_E_REMOTE);
  CHECK(world_said(
      &k.w, "error[QN0704]: AWS does not accept the credentials (from: environment): InvalidClientTokenId"));
  stop(&k);
}

TEST_MAIN(CASE(reads), CASE(retries), CASE(gives_up), CASE(waits_as_told), CASE(mends_the_clock),
          CASE(takes_new_credentials), CASE(renews_credentials_before_they_end),
          CASE(goes_on_while_renewing_fails), CASE(says_when_refused), CASE(says_when_there_are_none),
          CASE(endpoints), CASE(endpoint_settings), CASE(attempts_are_a_setting), CASE(bucket_elsewhere),
          CASE(bad_endpoints), CASE(limits_the_rate), CASE(caps_concurrency),
          CASE(keeps_replies_where_the_call_says), CASE(refuses_wrong_calls), CASE(timers), CASE(cancels),
          CASE(frees_unfinished), CASE(identity), CASE(stays_in_its_account))
