/* Sources of credentials: files in a folder of the test, services by scripted answers. */
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/cloud/credentials.h"
#include "fake_world.h"
#include "quoin/crypto.h"
#include "quoin/file.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define ROLE(action, key)                                                                                    \
  "<" action "Response><" action "Result><Credentials><AccessKeyId>" key                                     \
  "</AccessKeyId><SecretAccessKey>s</"                                                                       \
  "SecretAccessKey><SessionToken>t</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration></"            \
  "Credentials></" action "Result></" action "Response>"
#define EXPIRES 1440941760000 /* 2015-08-30T13:36:00Z */

struct fixture {
  struct world w;
  char home[64], env_home[80];
  struct creds got;
  int64_t skew;
};

static void put(struct fixture *f, const char *name, const char *text) {
  struct str path = str_fmt(&f->w.s.arena, "%s/.aws/%s", f->home, name);
  size_t slash = path.n;
  while (path.p[slash - 1] != '/') slash--;
  if (file_mkdirs(str_dup(&f->w.s.arena, str_sub(path, 0, slash - 1)).p, 0700, NULL) ||
      file_write_atomic(path.p, str_c(text), 0600, NULL))
    exit(3);
}

static void start(struct fixture *f, const struct fake_answer *answers, size_t n) {
  static const struct fake_answer none = {.fail = NF_CONNECT};
  *f = (struct fixture){0};
  world_init(&f->w, n ? answers : &none, n ? n : 1);
  snprintf(f->home, sizeof f->home, "/tmp/quoin-credentials-XXXXXX");
  if (!mkdtemp(f->home)) exit(3);
  snprintf(f->env_home, sizeof f->env_home, "HOME=%s", f->home);
  world_env(&f->w, f->env_home);
}

static void stop(struct fixture *f) {
  static const char *const names[] = {"config", "credentials", "token", "sso/cache/x", ""};
  creds_release(&f->got);
  for (size_t i = 0; i < N(names); i++)
    (void)unlink(str_fmt(&f->w.s.arena, "%s/.aws/%s", f->home, names[i]).p);
  struct str sso = crypto_sha1_hex(&f->w.s.arena, STR("corp"));
  (void)unlink(str_fmt(&f->w.s.arena, "%s/.aws/sso/cache/%.*s.json", f->home, SV(sso)).p);
  static const char *const folders[] = {"/.aws/sso/cache", "/.aws/sso", "/.aws", ""};
  for (size_t i = 0; i < N(folders); i++) (void)rmdir(str_fmt(&f->w.s.arena, "%s%s", f->home, folders[i]).p);
  world_release(&f->w);
}

static enum qn_err find(struct fixture *f, const char *profile) {
  struct aws_config cfg;
  enum qn_err e = config_load(&f->w.s, profile, &cfg);
  if (e) return e;
  struct cred_chain k = {
      .s = &f->w.s, .net = f->w.net, .cfg = &cfg, .region = STR("eu-west-1"), .skew_ms = &f->skew};
  arena_init(&k.a);
  e = creds_find(&k, &f->got);
  arena_release(&k.a);
  config_release(&cfg);
  return e;
}

TEST(environment) {
  struct fixture f;
  start(&f, NULL, 0);
  world_env(&f.w, "AWS_ACCESS_KEY_ID=AK");
  CHECK_INT(find(&f, NULL), QN_E_INVALID);
  CHECK(world_said(&f.w, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"));
  world_env(&f.w, "AWS_SECRET_ACCESS_KEY=SK");
  world_env(&f.w, "AWS_SESSION_TOKEN=ST");
  CHECK_INT(find(&f, NULL), QN_OK);
  CHECK_STR(f.got.access_key, STR("AK"));
  CHECK_STR(f.got.secret_key, STR("SK"));
  CHECK_STR(f.got.token, STR("ST"));
  CHECK_STR(f.got.source, STR("environment"));
  CHECK_INT(f.w.n_requests, 0);
  stop(&f);
}

TEST(files) {
  static const struct {
    const char *profile, *env, *key;
  } rows[] = {{NULL, "X=1", "D"},
              {NULL, "AWS_PROFILE=dev", "C"},
              {"dev", "AWS_ACCESS_KEY_ID=ENV", "C"},
              {"only cfg", "X=1", "Q"}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f;
    start(&f, NULL, 0);
    put(&f, "config",
        "\xEF\xBB\xBF# comment\n[default]\nregion = x\n\n[profile dev]\naws_access_key_id = "
        "F\naws_secret_access_key=F\n"
        "[profile \"only cfg\"]\r\naws_access_key_id=Q\r\naws_secret_access_key= a=b:c#d \r\ns3 =\r\n  max = "
        "1\r\n");
    put(&f, "credentials",
        "[default]\naws_access_key_id=D\naws_secret_access_key=d\n[dev]\naws_access_key_id=first\n"
        "aws_access_key_id = C\naws_secret_access_key = c\naws_session_token = t\n");
    world_env(&f.w, rows[i].env);
    world_env(&f.w, "AWS_SECRET_ACCESS_KEY=ENV");
    CHECK_INT(find(&f, rows[i].profile), QN_OK);
    CHECK_STR(f.got.access_key, str_c(rows[i].key));
    if (i == 3) CHECK_STR(f.got.secret_key, STR("a=b:c#d"));
    CHECK_INT(f.got.expires_ms, 0);
    stop(&f);
  }
}

/* Settings that cannot work, and what is said about them. */
TEST(bad_settings) {
  static const struct {
    const char *config, *profile, *code, *words;
  } rows[] = {
      {"[default]\nx=1\n", "nope", "QN0703", "profile nope does not exist"},
      {"[default\n", NULL, "QN0702", ".aws/config, line 1, is not an AWS configuration line"},
      {"[default]\naws_secret_access_key\n", NULL, "QN0702", ".aws/config, line 2, is not"},
      {"key = 1\n", NULL, "QN0702", "line 1"},
      {"[default]\naws_access_key_id = A\n", NULL, "QN0701",
       "profile default has aws_access_key_id but no aws_secret_access_key"},
      {"[profile a]\nrole_arn=r\n", "a", "QN0703",
       "profile a has role_arn and nothing to assume the role with"},
      {"[profile a]\nrole_arn=r\nsource_profile=b\ncredential_source=Environment\n", "a", "QN0703",
       "both source_profile and credential_source"},
      {"[profile a]\nrole_arn=r\nsource_profile=b\n", "a", "QN0703",
       "names source_profile b, which does not exist"},
      {"[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nx=1\n", "a", "QN0701",
       "profile b has no credentials"},
      {"[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=q\nsource_profile=a\n", "a",
       "QN0703", "the source profiles of a form a cycle"},
      {"[profile a]\nrole_arn=r\nsource_profile=a\n", "a", "QN0703", "the source profiles of a form a cycle"},
      {"[profile a]\nrole_arn=r\nmfa_serial=m\nsource_profile=a\n", "a", "QN0703", "needs an MFA code"},
      {"[profile a]\nrole_arn=r\ncredential_source=Magic\n", "a", "QN0703",
       "unknown credential_source \"Magic\""},
      {"[profile a]\nrole_arn=r\ncredential_source=Environment\n", "a", "QN0701",
       "takes its credentials from Environment, which has none"},
      {"[profile a]\nsso_session=corp\n", "a", "QN0703", "uses SSO but has no sso_start_url"},
      {"[profile a]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n[sso-session "
       "corp]\nsso_start_url=u\nsso_region=eu-west-1\n",
       "a", "QN0701", "the SSO session of profile a is not logged in"},
      {"[profile a]\ncredential_process=/nonexistent/tool\n", "a", "QN0701",
       "/nonexistent/tool cannot be run"},
      {"[profile a]\ncredential_process=false\n", "a", "QN0701", "false ended with exit code 1"},
      {"[profile a]\ncredential_process=echo hello\n", "a", "QN0701", "echo did not print credentials"},
      {"[profile a]\ncredential_process=echo 'open\n", "a", "QN0703", "is not a command"},
      {"[profile a]\nrole_arn=r\nweb_identity_token_file=/nonexistent\n", "a", "QN0701",
       "the web identity token file /nonexistent does not exist"},
  };
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f;
    start(&f, NULL, 0);
    put(&f, "config", rows[i].config);
    enum qn_err e = find(&f, rows[i].profile);
    CHECK(e != QN_OK && e != QN_E_NOTFOUND);
    if (!world_said(&f.w, rows[i].words) || !world_said(&f.w, rows[i].code)) {
      printf("row %zu: %.*s\n", i, SV(world_diags(&f.w)));
      FAIL("said as in the table");
    }
    CHECK_INT(f.w.s.diags.n, 1);
    stop(&f);
  }
}

TEST(role_chain) {
  static const struct fake_answer a[] = {{.status = 200, .body = ROLE("AssumeRole", "AKMID")},
                                         {.status = 503, .body = "busy"},
                                         {.status = 200, .body = ROLE("AssumeRole", "AKEND")}};
  struct fixture f;
  start(&f, a, N(a));
  put(&f, "config",
      "[profile "
      "end]\nrole_arn=arn:aws:iam::2:role/end\nsource_profile=mid\nexternal_id=e/1\nduration_seconds=900\n"
      "role_session_name=me\n[profile mid]\nrole_arn=arn:aws:iam::1:role/mid\nsource_profile=base\n");
  put(&f, "credentials", "[base]\naws_access_key_id=AKBASE\naws_secret_access_key=s\n");
  CHECK_INT(find(&f, "end"), QN_OK);
  CHECK_STR(f.got.access_key, STR("AKEND"));
  CHECK_STR(f.got.token, STR("t"));
  CHECK_INT(f.got.expires_ms, EXPIRES);
  CHECK_STR(f.got.source, STR("profile end, role arn:aws:iam::2:role/end"));
  CHECK_INT(f.w.n_requests, 3);
  const struct fake_request *q = f.w.requests;
  CHECK_STR(str_c(q[0].body), STR("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%"
                                  "3Arole%2Fmid&RoleSessionName=quoin-1440938160"));
  CHECK(strstr(q[0].auth, "Credential=AKBASE/20150830/eu-west-1/sts/"));
  CHECK(strstr(q[2].body, "&RoleSessionName=me&ExternalId=e%2F1&DurationSeconds=900"));
  CHECK(strstr(q[2].auth, "Credential=AKMID/") && strcmp(q[2].token, "t") == 0);
  stop(&f);
}

TEST(role_refused) {
  static const struct fake_answer a[] = {{.status = 403,
                                          .body = "<ErrorResponse><Error><Code>AccessDenied</"
                                                  "Code><Message>not you</Message></Error></ErrorResponse>"}};
  struct fixture f;
  start(&f, a, N(a));
  put(&f, "config",
      "[profile "
      "p]\nrole_arn=arn:r\nsource_profile=p\naws_access_key_id=A\naws_secret_access_key=SECRETWORD\n");
  CHECK_INT(find(&f, "p"), QN_E_REMOTE);
  CHECK(world_said(&f.w, "AssumeRole for role arn:r was refused: AccessDenied") &&
        world_said(&f.w, "not you"));
  CHECK(world_said(&f.w, "trust policy") && !world_said(&f.w, "SECRETWORD"));
  stop(&f);
}

TEST(role_with_a_wrong_clock) {
  static const struct fake_answer a[] = {
      {.status = 403,
       .body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>",
       .headers = {{{"date", 4}, {"Sun, 30 Aug 2015 13:36:00 GMT", 29}}}},
      {.status = 200, .body = ROLE("AssumeRole", "AK")}};
  struct fixture f;
  start(&f, a, N(a));
  put(&f, "config",
      "[profile p]\nrole_arn=arn:r\nsource_profile=p\naws_access_key_id=A\naws_secret_access_key=s\n");
  CHECK_INT(find(&f, "p"), QN_OK);
  CHECK_INT(f.skew, 3600000);
  CHECK_STR(str_c(f.w.requests[1].date), STR("20150830T133600Z"));
  stop(&f);
}

TEST(web_identity) {
  static const struct fake_answer a[] = {{.status = 200, .body = ROLE("AssumeRoleWithWebIdentity", "AKWEB")}};
  struct fixture f;
  start(&f, a, N(a));
  put(&f, "token", "jwt.token\n");
  put(&f, "config", "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  world_env(&f.w, str_fmt(&f.w.s.arena, "AWS_WEB_IDENTITY_TOKEN_FILE=%s/.aws/token", f.home).p);
  CHECK_INT(find(&f, NULL), QN_E_INVALID);
  CHECK(world_said(&f.w, "AWS_ROLE_ARN is not"));
  world_env(&f.w, "AWS_ROLE_ARN=arn:web");
  CHECK_INT(find(&f, NULL), QN_OK);
  CHECK_STR(f.got.access_key, STR("AKWEB"));
  CHECK(strstr(f.w.requests[0].body, "Action=AssumeRoleWithWebIdentity") &&
        strstr(f.w.requests[0].body, "&WebIdentityToken=jwt.token"));
  CHECK_STR(str_c(f.w.requests[0].auth), STR(""));
  stop(&f);
}

TEST(process) {
  struct fixture f;
  start(&f, NULL, 0);
  put(&f, "config",
      "[profile p]\ncredential_process = printf \"%s\" "
      "'{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"s k\",'"
      "'\"SessionToken\":\"t\",\"Expiration\":\"2015-08-30T13:36:00+00:00\"}'\n");
  CHECK_INT(find(&f, "p"), QN_OK);
  CHECK_STR(f.got.access_key, STR("AKP"));
  CHECK_STR(f.got.secret_key, STR("s k"));
  CHECK_INT(f.got.expires_ms, EXPIRES);
  CHECK_STR(f.got.source, STR("profile p (printf)"));
  stop(&f);
}

#define DOC                                                                                                  \
  "{\"AccessKeyId\":\"AKDOC\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2015-08-30T13:36:"  \
  "00Z\"}"

TEST(container) {
  static const struct fake_answer a[] = {{.fail = NF_AMBIGUOUS}, {.status = 200, .body = DOC}};
  struct fixture f;
  start(&f, a, N(a));
  world_env(&f.w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/creds?id=1");
  world_env(&f.w, "AWS_CONTAINER_AUTHORIZATION_TOKEN=letmein");
  CHECK_INT(find(&f, NULL), QN_OK);
  CHECK_STR(f.got.access_key, STR("AKDOC"));
  CHECK_STR(str_c(f.w.requests[1].url), STR("http://169.254.170.2/v2/creds?id=1"));
  CHECK_STR(str_c(f.w.requests[1].auth), STR("letmein"));
  stop(&f);
  static const struct {
    const char *url;
    bool ok;
  } urls[] = {{"http://localhost:1/x", true},
              {"http://127.0.0.9/x", true},
              {"http://[::1]:80/x", true},
              {"https://any.host/x", true},
              {"http://169.254.170.23/v1/credentials", true},
              {"http://[fd00:ec2::23]/v1", true},
              {"http://example.com/x", false},
              {"http://localhost.evil.com/x", false},
              {"ftp://localhost/x", false},
              {"x", false}};
  for (size_t i = 0; i < N(urls); i++) {
    start(&f, a + 1, 1);
    world_env(&f.w, str_fmt(&f.w.s.arena, "AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", urls[i].url).p);
    CHECK_INT(find(&f, NULL), urls[i].ok ? QN_OK : QN_E_INVALID);
    CHECK_INT(f.w.n_requests, urls[i].ok);
    stop(&f);
  }
}

TEST(metadata) {
  static const struct fake_answer a[] = {
      {.status = 200, .body = "TOKEN"}, {.status = 200, .body = "my-role\n"}, {.status = 200, .body = DOC}};
  struct fixture f;
  start(&f, a, N(a));
  CHECK_INT(find(&f, NULL), QN_OK);
  CHECK_STR(f.got.access_key, STR("AKDOC"));
  CHECK_STR(str_c(f.w.requests[0].method), STR("PUT"));
  CHECK_STR(str_c(f.w.requests[0].url), STR("http://169.254.169.254/latest/api/token"));
  CHECK_STR(str_c(f.w.requests[2].url),
            STR("http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role"));
  CHECK_STR(str_c(f.w.requests[2].special), STR("TOKEN"));
  stop(&f);
  start(&f, a, N(a));
  world_env(&f.w, "AWS_EC2_METADATA_DISABLED=true");
  CHECK_INT(find(&f, NULL), QN_E_NOTFOUND);
  CHECK(world_said(&f.w, "switched off by AWS_EC2_METADATA_DISABLED"));
  CHECK_INT(f.w.n_requests, 0);
  stop(&f);
}

TEST(metadata_addresses) {
  static const struct {
    const char *env, *config, *url;
  } rows[] = {
      {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=ipv6", "", "http://[fd00:ec2::254]/latest/api/token"},
      {"X=1", "[default]\nec2_metadata_service_endpoint_mode=IPv6\n",
       "http://[fd00:ec2::254]/latest/api/token"},
      {"X=1", "[default]\nec2_metadata_service_endpoint=http://h:1/\n", "http://h:1/latest/api/token"},
      {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://e", "[default]\nec2_metadata_service_endpoint_mode=IPv6\n",
       "http://e/latest/api/token"}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f;
    start(&f, NULL, 0);
    put(&f, "config", rows[i].config);
    world_env(&f.w, rows[i].env);
    CHECK_INT(find(&f, NULL), QN_E_NOTFOUND);
    CHECK_STR(str_c(f.w.requests[0].url), str_c(rows[i].url));
    stop(&f);
  }
}

TEST(sso) {
  static const struct fake_answer a[] = {
      {.status = 200,
       .body = "{\"roleCredentials\":{\"accessKeyId\":\"AKSSO\",\"secretAccessKey\":\"s\",\"sessionToken\":"
               "\"t\",\"expiration\":1440941760000}}"}};
  static const struct {
    const char *token, *words;
  } rows[] = {{"{\"accessToken\":\"bearer\",\"expiresAt\":\"2015-08-30T13:00:00Z\"}", NULL},
              {"{\"accessToken\":\"bearer\",\"expiresAt\":\"2015-08-30T12:00:00Z\"}", "has expired"},
              {"{\"expiresAt\":\"2015-08-30T13:00:00Z\"}", "without a token"},
              {"[[[", "cannot be read"}};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f;
    start(&f, a, N(a));
    put(&f, "config",
        "[profile p]\nsso_session=corp\nsso_account_id=1\nsso_role_name=Read Only\n[sso-session "
        "corp]\nsso_start_url=https://u\nsso_region=us-west-2\n");
    struct str name = crypto_sha1_hex(&f.w.s.arena, STR("corp"));
    put(&f, str_fmt(&f.w.s.arena, "sso/cache/%.*s.json", SV(name)).p, rows[i].token);
    enum qn_err e = find(&f, "p");
    CHECK_INT(e, rows[i].words ? QN_E_REMOTE : QN_OK);
    if (rows[i].words) {
      CHECK(world_said(&f.w, rows[i].words) && world_said(&f.w, "run `aws sso login --profile p`"));
      CHECK_INT(f.w.n_requests, 0);
    } else {
      CHECK_STR(f.got.access_key, STR("AKSSO"));
      CHECK_INT(f.got.expires_ms, EXPIRES);
      CHECK_STR(str_c(f.w.requests[0].url), STR("https://portal.sso.us-west-2.amazonaws.com/federation/"
                                                "credentials?account_id=1&role_name=Read%20Only"));
      CHECK_STR(str_c(f.w.requests[0].special), STR("bearer"));
    }
    stop(&f);
  }
}

#define SSO_CONFIG                                                                                           \
  "[profile p]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n[sso-session "                          \
  "corp]\nsso_start_url=https://u\nsso_region=us-west-2\n"
#define ROLE_CREDENTIALS                                                                                     \
  "{\"roleCredentials\":{\"accessKeyId\":\"AKSSO\",\"secretAccessKey\":\"s\",\"sessionToken\":"              \
  "\"t\",\"expiration\":1440941760000}}"
#define CACHED(until, registered)                                                                            \
  "{\"accessToken\":\"old\",\"expiresAt\":\"" until "\",\"refreshToken\":\"R1\",\"clientId\":\"I\","         \
  "\"clientSecret\":\"S\",\"registrationExpiresAt\":\"" registered "\",\"startUrl\":\"https://u\"}"
#define REFRESHED                                                                                            \
  "{\"accessToken\":\"new\",\"expiresIn\":28800,\"refreshToken\":\"R2\",\"tokenType\":\"Bearer\"}"

/* The clock says 2015-08-30T12:36:00Z. */
TEST(sso_refresh) {
  static const struct {
    const char *cached;
    struct fake_answer first; /* of the OIDC service, or of the portal where nothing is refreshed */
    const char *bearer;       /* NULL: login wanted */
    int requests;
  } rows[] = {
      {CACHED("2015-08-30T12:00:00Z", "2015-09-01T00:00:00Z"), {.status = 200, .body = REFRESHED}, "new", 2},
      {CACHED("2015-08-30T12:40:00Z", "2015-09-01T00:00:00Z"), {.status = 200, .body = REFRESHED}, "new", 2},
      {CACHED("2015-08-30T13:00:00Z", "2015-09-01T00:00:00Z"),
       {.status = 200, .body = ROLE_CREDENTIALS},
       "old",
       1},
      {CACHED("2015-08-30T12:40:00Z", "2015-08-30T12:00:00Z"),
       {.status = 200, .body = ROLE_CREDENTIALS},
       "old",
       1},
      {CACHED("2015-08-30T12:40:00Z", "2015-09-01T00:00:00Z"),
       {.status = 400, .body = "{\"error\":\"invalid_grant\"}"},
       "old",
       2},
      {CACHED("2015-08-30T12:00:00Z", "2015-09-01T00:00:00Z"),
       {.status = 400, .body = "{\"error\":\"invalid_grant\"}"},
       NULL,
       1},
      {CACHED("2015-08-30T12:00:00Z", "2015-08-30T12:00:00Z"), {.status = 200, .body = REFRESHED}, NULL, 0},
      {CACHED("2015-08-30T12:00:00Z", "2015-09-01T00:00:00Z"), {.status = 200, .body = "{}"}, NULL, 1},
  };
  for (size_t i = 0; i < N(rows); i++) {
    struct fake_answer a[] = {rows[i].first, {.status = 200, .body = ROLE_CREDENTIALS}};
    struct fixture f;
    struct str file, text;
    struct stat st;
    start(&f, a, N(a));
    put(&f, "config", SSO_CONFIG);
    struct str name = crypto_sha1_hex(&f.w.s.arena, STR("corp"));
    file = str_fmt(&f.w.s.arena, "%s/.aws/sso/cache/%.*s.json", f.home, SV(name));
    put(&f, str_fmt(&f.w.s.arena, "sso/cache/%.*s.json", SV(name)).p, rows[i].cached);
    CHECK_INT(chmod(file.p, 0644), 0);
    CHECK_INT(find(&f, "p"), rows[i].bearer ? QN_OK : QN_E_REMOTE);
    CHECK_INT(f.w.n_requests, rows[i].requests);
    if (!rows[i].bearer)
      CHECK(world_said(&f.w, "has expired") && world_said(&f.w, "run `aws sso login --profile p`"));
    if (rows[i].bearer) CHECK_STR(str_c(f.w.requests[rows[i].requests - 1].special), str_c(rows[i].bearer));
    if (file_read(&f.w.s.arena, file.p, 65536, NULL, &text)) exit(3);
    bool renewed = rows[i].bearer && strcmp(rows[i].bearer, "new") == 0;
    CHECK_INT(str_find(text, STR("\"R2\"")) != SIZE_MAX, renewed);
    if (renewed) {
      CHECK_STR(str_c(f.w.requests[0].url), STR("https://oidc.us-west-2.amazonaws.com/token"));
      CHECK_STR(str_c(f.w.requests[0].auth), STR(""));
      CHECK_STR(str_c(f.w.requests[0].body),
                STR("{\"grantType\":\"refresh_token\",\"clientId\":\"I\",\"clientSecret\":"
                    "\"S\",\"refreshToken\":\"R1\"}"));
      CHECK(str_find(text, STR("\"2015-08-30T20:36:00Z\"")) != SIZE_MAX &&
            str_find(text, STR("\"S\"")) != SIZE_MAX);
      CHECK(stat(file.p, &st) == 0 && (st.st_mode & 0777) == 0600);
    } else {
      CHECK_STR(text, str_c(rows[i].cached));
    }
    stop(&f);
  }
}

TEST(nothing) {
  struct fixture f;
  start(&f, NULL, 0);
  CHECK_INT(find(&f, NULL), QN_E_NOTFOUND);
  CHECK_INT(f.w.s.diags.n, 1);
  static const char *const tried[] = {"environment: AWS_ACCESS_KEY_ID is not set",
                                      "profile default: not in",
                                      "web identity: ",
                                      "container: ",
                                      "EC2 metadata: http://169.254.169.254 does not answer",
                                      "help: run `aws configure`"};
  for (size_t i = 0; i < N(tried); i++) CHECK(world_said(&f.w, tried[i]));
  stop(&f);
}

TEST(ini) {
  struct arena a;
  struct ini in;
  struct str v;
  size_t bad = 0;
  arena_init(&a);
  CHECK_INT(ini_parse(&a,
                      STR("; c\n[ a b ] # c\nk = v ; not a comment\nEmpty =\nnest =\n  X = 1\n\t# c\n  y: "
                          "2\nz = 3\n[c]\n"),
                      &in, &bad),
            QN_OK);
  CHECK(ini_get(&in, STR("a b"), STR("K"), STR(""), &v));
  CHECK_STR(v, STR("v ; not a comment"));
  CHECK(ini_get(&in, STR("a b"), STR("nest"), STR("x"), &v) &&
        ini_get(&in, STR("a b"), STR("nest"), STR("y"), &v));
  CHECK_STR(v, STR("2"));
  CHECK(!ini_get(&in, STR("a b"), STR("empty"), STR(""), &v) &&
        !ini_get(&in, STR("c"), STR("k"), STR(""), &v));
  CHECK(ini_has(&in, STR("c")) && !ini_has(&in, STR("a")));
  CHECK_INT(ini_parse(&a, STR("[a]\n\nword\n"), &in, &bad), QN_E_INVALID);
  CHECK_INT(bad, 3);
  arena_release(&a);
}

TEST_MAIN(CASE(environment), CASE(files), CASE(bad_settings), CASE(role_chain), CASE(role_refused),
          CASE(role_with_a_wrong_clock), CASE(web_identity), CASE(process), CASE(container), CASE(metadata),
          CASE(metadata_addresses), CASE(sso), CASE(sso_refresh), CASE(nothing), CASE(ini))
