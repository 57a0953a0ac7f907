/* Lookups and secrets against scripted answers. */
#include "fake_world.h"

#include "quoin/blob.h"
#include "quoin/lookup.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define OK(text)                                                                                             \
  { .status = 200, .body = text }
#define VPC(id, cidr, name)                                                                                  \
  "<item><vpcId>" id "</vpcId><cidrBlock>" cidr "</cidrBlock><tagSet><item><key>Name</key><value>" name      \
  "</value></item></tagSet></item>"
#define VPCS(items) "<DescribeVpcsResponse><vpcSet>" items "</vpcSet></DescribeVpcsResponse>"
#define DENIED                                                                                               \
  {                                                                                                          \
    .status = 403, .body = "<Response><Errors><Error><Code>UnauthorizedOperation</Code>"                     \
                           "<Message>no</Message></Error></Errors></Response>"                               \
  }

struct fixture {
  struct world w;
  struct wire *wire;
  struct cloud *c;
  sym region;
};

static void start(struct fixture *f, const struct fake_answer *answers, size_t n) {
  world_init(&f->w, answers, n);
  world_env(&f->w, "AWS_ACCESS_KEY_ID=AKIDONE");
  world_env(&f->w, "AWS_SECRET_ACCESS_KEY=secret");
  f->region = session_sym(&f->w.s, STR("eu-west-1"));
  if (wire_open(&f->w.s, blob_get(BLOB_WIRE), &f->wire) != QN_OK) exit(3);
  struct cloud_options o = {.net = f->w.net, .region = f->region, .wire = f->wire};
  if (cloud_new(&f->w.s, &o, &f->c) != QN_OK) exit(3);
}

static void stop(struct fixture *f) {
  cloud_free(f->c);
  wire_free(f->wire);
  world_release(&f->w);
}

/* The result as JSON, or the diagnostics. */
static struct str look(struct fixture *f, const char *kind, const char *args, enum qn_err want) {
  struct session *s = &f->w.s;
  const struct value *a, *out;
  struct json_error bad;
  if (json_parse(s, &s->arena, str_c(args), &a, &bad)) exit(3);
  CHECK_INT(cloud_lookup(cloud_reader(f->c), f->c, f->wire, str_c(kind), a, f->region, SPAN_NONE, &out),
            want);
  if (want) return world_diags(&f->w);
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  if (json_write(s, out, JSON_COMPACT, &b)) exit(3);
  struct str text = str_dup(&s->arena, buf_str(&b));
  buf_release(&b);
  return text;
}

TEST(zones) {
  static const struct fake_answer a[] = {OK(
      "<DescribeAvailabilityZonesResponse><availabilityZoneInfo><item><zoneName>eu-west-1c</zoneName></item>"
      "<item><zoneName>eu-west-1a</zoneName></item><item><zoneName>eu-west-1b</zoneName></item>"
      "</availabilityZoneInfo></DescribeAvailabilityZonesResponse>")};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.zones", "{}", QN_OK), STR("[\"eu-west-1a\",\"eu-west-1b\",\"eu-west-1c\"]"));
  const char *body = f.w.requests[0].body;
  CHECK(strstr(body, "Filter.1.Name=state&Filter.1.Value.1=available"));
  CHECK(strstr(body, "Filter.2.Name=zone-type&Filter.2.Value.1=availability-zone"));
  CHECK(strstr(f.w.requests[0].url, "ec2.eu-west-1.amazonaws.com"));
  stop(&f);
}

TEST(caller) {
  static const struct fake_answer a[] = {
      OK("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws-cn:sts::123456789012:user/u</Arn>"
         "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.caller", "{}", QN_OK),
            STR("{\"account\":\"123456789012\",\"arn\":\"arn:aws-cn:sts::123456789012:user/u\","
                "\"partition\":\"aws-cn\"}"));
  stop(&f);
}

TEST(one_vpc) {
  static const struct fake_answer a[] = {OK(VPCS(VPC("vpc-1", "10.0.0.0/16", "main")))};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.vpc", "{\"tags\":{\"Name\":\"main\"}}", QN_OK),
            STR("{\"VpcId\":\"vpc-1\",\"CidrBlock\":\"10.0.0.0/16\"}"));
  CHECK(strstr(f.w.requests[0].body, "Filter.1.Name=tag%3AName&Filter.1.Value.1=main"));
  (void)look(&f, "aws.vpc", "{\"id\":\"vpc-1\",\"cidr\":\"10.0.0.0/16\"}", QN_OK);
  CHECK(strstr(f.w.requests[1].body, "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1"));
  CHECK(strstr(f.w.requests[1].body, "Filter.2.Name=cidr&Filter.2.Value.1=10.0.0.0%2F16"));
  stop(&f);
}

/* A wildcard means itself: what EC2 finds by it is not taken. Two pages, the second with the one that fits.
 */
TEST(vpc_pages_and_wildcards) {
  static const struct fake_answer a[] = {
      OK("<DescribeVpcsResponse><nextToken>more</nextToken><vpcSet>" VPC(
          "vpc-1", "10.0.0.0/16", "main") "</vpcSet></DescribeVpcsResponse>"),
      OK(VPCS(VPC("vpc-2", "10.1.0.0/16", "m*")))};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.vpc", "{\"tags\":{\"Name\":\"m*\"}}", QN_OK),
            STR("{\"VpcId\":\"vpc-2\",\"CidrBlock\":\"10.1.0.0/16\"}"));
  CHECK_INT(f.w.n_requests, 2);
  CHECK(strstr(f.w.requests[1].body, "NextToken=more"));
  stop(&f);
}

TEST(no_vpc) {
  static const struct fake_answer a[] = {
      OK(VPCS("")),
      OK(VPCS(VPC("vpc-2", "10.2.0.0/16", "two") "<item><vpcId>vpc-1</vpcId><cidrBlock>10.1.0.0/16"
                                                 "</cidrBlock></item>"))};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.vpc", "{\"tags\":{\"Name\":\"main\"}}", QN_E_INVALID),
            STR("error[QN0783]: lookup \"aws.vpc\": no VPC in eu-west-1 matches\n"
                "   = note: VPCs there: vpc-1 (10.1.0.0/16), vpc-2 (10.2.0.0/16, Name = two)\n"
                "   = help: check the arguments, the region and the account\n"));
  CHECK(!strstr(f.w.requests[1].body, "Filter"));
  stop(&f);
}

TEST(two_vpcs) {
  static const struct fake_answer a[] = {
      OK(VPCS(VPC("vpc-2", "10.0.0.0/16", "main") VPC("vpc-1", "10.1.0.0/16", "main")))};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.vpc", "{\"tags\":{\"Name\":\"main\"}}", QN_E_INVALID),
            STR("error[QN0783]: lookup \"aws.vpc\": 2 VPCs in eu-west-1 match, one must\n"
                "   = note: found: vpc-1 (10.1.0.0/16, Name = main), vpc-2 (10.0.0.0/16, Name = main)\n"
                "   = help: add a tag, or name the VPC by its id\n"));
  stop(&f);
}

TEST(subnets) {
  static const struct fake_answer a[] = {
      OK("<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-b</subnetId></"
         "item><item><subnetId>subnet-a"
         "</subnetId></item></subnetSet></DescribeSubnetsResponse>"),
      OK("<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>")};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.subnets", "{\"vpc\":\"vpc-1\"}", QN_OK), STR("[\"subnet-a\",\"subnet-b\"]"));
  CHECK(strstr(f.w.requests[0].body, "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1"));
  (void)look(&f, "aws.subnets", "{\"vpc\":\"vpc-1\",\"tags\":{\"Tier\":\"a\"}}", QN_E_INVALID);
  CHECK(world_said(&f.w, "error[QN0783]: lookup \"aws.subnets\": no subnet of vpc-1 in eu-west-1 matches"));
  stop(&f);
}

TEST(parameter) {
  static const struct fake_answer a[] = {
      OK("{\"Parameter\":{\"Type\":\"String\",\"Value\":\"ami-1\"}}"),
      OK("{\"Parameter\":{\"Type\":\"SecureString\",\"Value\":\"AQICAH\"}}"),
      {.status = 400, .body = "{\"__type\":\"ParameterNotFound\"}"},
      {.status = 400, .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"}};
  struct fixture f = {0};
  start(&f, a, N(a));
  CHECK_STR(look(&f, "aws.ssm_parameter", "{\"name\":\"/a/b\"}", QN_OK), STR("\"ami-1\""));
  CHECK(strstr(f.w.requests[0].body, "{\"Name\":\"/a/b\"}"));
  struct str said = look(&f, "aws.ssm_parameter", "{\"name\":\"/a/b\"}", QN_E_INVALID);
  CHECK(str_find(said, STR("error[QN0785]")) != SIZE_MAX && str_find(said, STR("AQICAH")) == SIZE_MAX);
  CHECK(world_said(&f.w, "help: write secret(\"ssm:/a/b\")"));
  (void)look(&f, "aws.ssm_parameter", "{\"name\":\"/a/b\"}", QN_E_INVALID);
  CHECK(world_said(&f.w,
                   "error[QN0783]: lookup \"aws.ssm_parameter\": there is no parameter /a/b in eu-west-1"));
  (void)look(&f, "aws.ssm_parameter", "{\"name\":\"/a/b\"}", QN_E_REMOTE);
  CHECK(world_said(
      &f.w,
      "error[QN0784]: lookup \"aws.ssm_parameter\" failed: ssm GetParameter: AccessDeniedException: no"));
  CHECK(world_said(&f.w, "help: the credentials need permission for ssm:GetParameter"));
  stop(&f);
}

TEST(refused) {
  static const struct fake_answer a[] = {DENIED};
  struct fixture f = {0};
  start(&f, a, N(a));
  (void)look(&f, "aws.zones", "{}", QN_E_REMOTE);
  CHECK(world_said(&f.w, "error[QN0784]: lookup \"aws.zones\" failed: ec2 DescribeAvailabilityZones: "
                         "UnauthorizedOperation: no"));
  stop(&f);
}

/* The client says it; the lookup does not say it again. */
TEST(without_credentials) {
  static const struct fake_answer a[] = {{.fail = NF_CONNECT}};
  struct fixture f = {0};
  start(&f, a, N(a));
  f.w.n_env = 0;
  world_env(&f.w, "HOME=/nonexistent");
  (void)look(&f, "aws.zones", "{}", QN_E_REMOTE);
  CHECK_INT(f.w.s.diags.n, 1);
  CHECK(world_said(&f.w, "error[QN0700]"));
  stop(&f);
}

TEST(arguments) {
  static const struct {
    const char *kind, *args, *words;
  } rows[] = {
      {"aws.zone", "{}",
       "error[QN0780]: there is no lookup \"aws.zone\"\n   = help: did you mean \"aws.zones\"?"},
      {"gcp.networks", "{}", "help: lookups: aws.caller, aws.ssm_parameter, aws.subnets, aws.vpc, aws.zones"},
      {"aws.vpc", "{\"tag\":{\"a\":\"b\"},\"id\":\"vpc-1\"}",
       "error[QN0781]: lookup \"aws.vpc\" has no argument \"tag\"\n   = help: did you mean \"tags\"?"},
      {"aws.zones", "{\"state\":\"available\"}", "help: write lookup(\"aws.zones\")"},
      {"aws.ssm_parameter", "{\"path\":\"/a\",\"name\":\"/a\"}", "help: arguments: name"},
      {"aws.ssm_parameter", "{}",
       "error[QN0782]: lookup \"aws.ssm_parameter\" needs the argument \"name\": text"},
      {"aws.ssm_parameter", "{\"name\":1}",
       "error[QN0782]: argument \"name\" of lookup \"aws.ssm_parameter\" must be text"},
      {"aws.vpc", "{\"tags\":{\"a\":[]}}", "argument \"tags\" of lookup \"aws.vpc\" must be a map of text"},
      {"aws.vpc", "{}", "error[QN0782]: lookup \"aws.vpc\" needs one of the arguments id, cidr or tags"},
  };
  static const struct fake_answer none[] = {DENIED};
  for (size_t i = 0; i < N(rows); i++) {
    struct fixture f = {0};
    start(&f, none, 1);
    (void)look(&f, rows[i].kind, rows[i].args, QN_E_INVALID);
    if (!world_said(&f.w, rows[i].words)) CHECK_STR(world_diags(&f.w), str_c(rows[i].words));
    CHECK_INT(f.w.s.diags.n, 1);
    CHECK_INT(f.w.n_requests, 0);
    stop(&f);
  }
}

static enum qn_err secret(struct fixture *f, const char *ref, const struct value **out) {
  return cloud_secret(cloud_reader(f->c), f->c, f->wire, str_c(ref), f->region, out);
}

#define IS_SECRET(f, ref, text)                                                                              \
  do {                                                                                                       \
    const struct value *v_ = NULL;                                                                           \
    CHECK_INT(secret(f, ref, &v_), QN_OK);                                                                   \
    CHECK(value_is(v_, V_STR) && v_->flags & VF_SECRET);                                                     \
    if (value_is(v_, V_STR)) CHECK_STR(value_text(v_), STR(text));                                           \
  } while (0)

TEST(secret_of_environment) {
  static const struct fake_answer a[] = {DENIED};
  struct fixture f = {0};
  start(&f, a, N(a));
  world_env(&f.w, "TOKEN=t0p");
  IS_SECRET(&f, "env:TOKEN", "t0p");
  const struct value *v;
  CHECK_INT(secret(&f, "env:OTHER", &v), QN_E_INVALID);
  CHECK(world_said(&f.w, "error[QN0787]: secret env:OTHER cannot be read: the variable is not set"));
  CHECK_INT(f.w.n_requests, 0);
  stop(&f);
}

TEST(secret_of_secrets_manager) {
  static const struct fake_answer a[] = {
      OK("{\"SecretString\":\"{\\\"user\\\":\\\"u\\\",\\\"port\\\":5432,\\\"deep\\\":{\\\"x\\\":1}}\"}"),
      OK("{\"SecretString\":\"plain\"}"),
      OK("{\"SecretBinary\":\"AAAA\"}"),
      {.status = 400, .body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"none\"}"}};
#define DB "sm:arn:aws:secretsmanager:us-east-2:123456789012:secret:db-a1b2c3"
  struct fixture f = {0};
  const struct value *v;
  start(&f, a, N(a));
  IS_SECRET(&f, DB "#user", "u");
  IS_SECRET(&f, DB "#port", "5432");
  CHECK_INT(f.w.n_requests, 1); /* asked once, in the region of its ARN */
  CHECK(strstr(f.w.requests[0].url, "secretsmanager.us-east-2.amazonaws.com"));
  CHECK(strstr(f.w.requests[0].body,
               "{\"SecretId\":\"arn:aws:secretsmanager:us-east-2:123456789012:secret:db-a1b2c3\"}"));
  CHECK_INT(secret(&f, DB "#none", &v), QN_E_INVALID);
  CHECK(world_said(&f.w, "error[QN0788]: secret " DB "#none: its JSON object has no \"none\""));
  CHECK_INT(secret(&f, DB "#deep", &v), QN_E_INVALID);
  IS_SECRET(&f, "sm:name", "plain");
  CHECK(strstr(f.w.requests[1].url, "secretsmanager.eu-west-1.amazonaws.com"));
  CHECK_INT(secret(&f, "sm:name#k", &v), QN_E_INVALID);
  CHECK(world_said(&f.w, "secret sm:name#k: it is not a JSON object, so it has no \"k\"") &&
        !world_said(&f.w, "plain"));
  CHECK_INT(secret(&f, "sm:binary", &v), QN_E_INVALID);
  CHECK(world_said(&f.w, "secret sm:binary cannot be read: it holds bytes, not text"));
  CHECK_INT(secret(&f, "sm:gone", &v), QN_E_REMOTE);
  CHECK(world_said(&f.w, "error[QN0787]: secret sm:gone cannot be read: secretsmanager GetSecretValue: "
                         "ResourceNotFoundException: none\n"
                         "   = help: check the name, and that it is in eu-west-1"));
  stop(&f);
}

TEST(secret_of_parameter) {
  static const struct fake_answer a[] = {
      OK("{\"Parameter\":{\"Type\":\"SecureString\",\"Value\":\"p4ss#word\"}}")};
  struct fixture f = {0};
  start(&f, a, N(a));
  IS_SECRET(&f, "ssm:/app/db", "p4ss#word");
  IS_SECRET(&f, "ssm:/app/db", "p4ss#word");
  CHECK_INT(f.w.n_requests, 1);
  CHECK(strstr(f.w.requests[0].body, "\"WithDecryption\":true"));
  stop(&f);
}

TEST(secret_forms) {
  static const char *const wrong[] = {"env:", "sm:", "sm:#k", "sm:name#", "ssm:name", "ssm:", "vault:x", ""};
  static const struct fake_answer a[] = {DENIED};
  for (size_t i = 0; i < N(wrong); i++) {
    struct fixture f = {0};
    const struct value *v;
    start(&f, a, N(a));
    CHECK_INT(secret(&f, wrong[i], &v), QN_E_INVALID);
    CHECK(world_said(&f.w, "error[QN0786]"));
    CHECK_INT(f.w.n_requests, 0);
    stop(&f);
  }
}

/* After cloud_free nothing of them is left in what was given out. */
TEST(secrets_are_wiped) {
  static const struct fake_answer a[] = {OK("{\"SecretString\":\"{\\\"k\\\":\\\"t0psecret\\\"}\"}")};
  struct fixture f = {0};
  const struct value *v = NULL;
  start(&f, a, N(a));
  CHECK_INT(secret(&f, "sm:name#k", &v), QN_OK);
  cloud_free(f.c);
  f.c = NULL;
  for (uint32_t i = 0; i < v->n; i++) CHECK_INT(v->s[i], 0);
  stop(&f);
}

TEST_MAIN(CASE(zones), CASE(caller), CASE(one_vpc), CASE(vpc_pages_and_wildcards), CASE(no_vpc),
          CASE(two_vpcs), CASE(subnets), CASE(parameter), CASE(refused), CASE(without_credentials),
          CASE(arguments), CASE(secret_of_environment), CASE(secret_of_secrets_manager),
          CASE(secret_of_parameter), CASE(secret_forms), CASE(secrets_are_wiped))
