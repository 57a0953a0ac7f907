/* Requests with exact bytes, and inputs that only code can make: secrets,
 * unknowns, depth. Everything else is compared with botocore in tests/wire. */
#include "quoin/blob.h"
#include "quoin/wire.h"
#include "unit.h"

struct fixture {
  struct session s;
  struct wire *w;
  struct wire_request r;
  struct str why;
};

static void setup(struct fixture *f) {
  memset(f, 0, sizeof *f);
  session_init(&f->s, NULL);
  CHECK_INT(wire_open(&f->s, blob_get(BLOB_WIRE), &f->w), QN_OK);
}

static void teardown(struct fixture *f) {
  wire_free(f->w);
  session_release(&f->s);
}

static enum qn_err send(struct fixture *f, const char *service, const char *name, const struct value *input) {
  const struct wire_op *op = NULL;
  CHECK(wire_find_op(f->w, str_c(service), str_c(name), &op));
  return wire_serialise(f->w, &f->s, &f->s.arena, op, input, &f->r, &f->why);
}

static const struct value *json(struct fixture *f, const char *text) {
  const struct value *v = NULL;
  CHECK_INT(json_parse(&f->s, &f->s.arena, str_c(text), &v, NULL), QN_OK);
  return v;
}

TEST(writes_exact_bytes) {
  struct fixture f;
  setup(&f);
  CHECK_INT(send(&f, "ec2", "CreateVpc",
                 json(&f, "{\"CidrBlock\":\"10.0.0.0/16\",\"DryRun\":true,\"TagSpecifications\":"
                          "[{\"ResourceType\":\"vpc\",\"Tags\":[{\"Key\":\"a b\",\"Value\":\"~\"}]}]}")),
            QN_OK);
  CHECK_STR(f.r.body, STR("Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&"
                          "TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a%20b&"
                          "TagSpecification.1.Tag.1.Value=~&DryRun=true"));
  CHECK_STR(f.r.path, STR("/"));
  CHECK_INT(send(&f, "ecs", "DescribeClusters", json(&f, "{\"clusters\":[\"a\\\"b\"],\"include\":[]}")),
            QN_OK);
  CHECK_STR(f.r.body, STR("{\"clusters\":[\"a\\\"b\"],\"include\":[]}"));
  CHECK_STR(f.r.target, STR("AmazonEC2ContainerServiceV20141113.DescribeClusters"));
  CHECK_INT(send(&f, "s3", "PutBucketVersioning",
                 json(&f, "{\"Bucket\":\"b\",\"VersioningConfiguration\":{\"Status\":\"Enabled\"}}")),
            QN_OK);
  CHECK_STR(f.r.path, STR("/b"));
  CHECK_STR(f.r.query, STR("versioning"));
  CHECK_STR(f.r.body, STR("<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                          "<Status>Enabled</Status></VersioningConfiguration>"));
  CHECK(f.r.needs_md5);
  CHECK_INT(send(&f, "s3", "GetObject", json(&f, "{\"Bucket\":\"b\",\"Key\":\"a/b c?ü\"}")), QN_OK);
  CHECK_STR(f.r.path, STR("/b/a/b%20c%3F%C3%BC"));
  CHECK_STR(f.r.body, STR(""));
  CHECK_INT(send(&f, "sts", "GetCallerIdentity", NULL), QN_OK);
  CHECK_STR(f.r.body, STR("Action=GetCallerIdentity&Version=2011-06-15"));
  teardown(&f);
}

TEST(sends_secrets) {
  struct fixture f;
  setup(&f);
  struct arena *a = &f.s.arena;
  const struct value *secret = value_with_flags(a, value_str(a, STR("s3cret")), VF_SECRET);
  struct member m = {.key = session_sym(&f.s, STR("WebIdentityToken")), .value = secret};
  const struct value *input = json(&f, "{\"RoleArn\":\"arn:aws:iam::1:role/r\",\"RoleSessionName\":\"n\"}");
  CHECK_INT(send(&f, "sts", "AssumeRoleWithWebIdentity", value_put(a, input, m.key, m.value)), QN_OK);
  CHECK(str_find(f.r.body, STR("WebIdentityToken=s3cret")) != SIZE_MAX);
  m.key = session_sym(&f.s, STR("SecretId"));
  CHECK_INT(send(&f, "secretsmanager", "GetSecretValue", value_map(a, &m, 1)), QN_OK);
  CHECK_STR(f.r.body, STR("{\"SecretId\":\"s3cret\"}"));
  teardown(&f);
}

TEST(refuses_unknown_values) {
  struct fixture f;
  setup(&f);
  struct value unknown = {.kind = V_UNKNOWN, .flags = VF_HAS_UNKNOWN};
  struct member m = {.key = session_sym(&f.s, STR("CidrBlock")), .value = &unknown};
  CHECK_INT(send(&f, "ec2", "CreateVpc", value_map(&f.s.arena, &m, 1)), QN_E_INVALID);
  CHECK_STR(f.why, STR("CidrBlock: is not known yet"));
  CHECK_STR(f.r.body, STR(""));
  teardown(&f);
}

TEST(caps_the_depth_of_documents) {
  struct fixture f;
  setup(&f);
  struct arena *a = &f.s.arena;
  const struct value *deep = value_str(a, STR("x"));
  for (int i = 0; i < 400; i++) deep = value_list(a, &deep, 1);
  struct member details = {.key = session_sym(&f.s, STR("hookDetails")), .value = deep};
  const struct value *hook = value_map(a, &details, 1);
  struct member hooks = {.key = session_sym(&f.s, STR("lifecycleHooks")), .value = value_list(a, &hook, 1)};
  const struct value *input = json(&f, "{\"serviceName\":\"s\"}");
  sym conf = session_sym(&f.s, STR("deploymentConfiguration"));
  CHECK_INT(send(&f, "ecs", "CreateService", value_put(a, input, conf, value_map(a, &hooks, 1))),
            QN_E_INVALID);
  CHECK_STR(f.why, STR("deploymentConfiguration.lifecycleHooks[1].hookDetails: is nested too deeply"));
  teardown(&f);
}

TEST_MAIN(CASE(writes_exact_bytes), CASE(sends_secrets), CASE(refuses_unknown_values),
          CASE(caps_the_depth_of_documents))
