/* VPC driven through its life with scripted replies. */
#include "unit.h"

#include "defs.h"

#define TAGS "{\"Key\":\"quoin:id\",\"Value\":\"abcdefghijklmnopqrstuvwxyz234567\"}"

TEST(create) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc =
      scope_for(&t,
                "{\"CidrBlock\":\"10.0.0.0/16\",\"EnableDnsHostnames\":true,\"EnableDnsSupport\":true,"
                "\"Tags\":[{\"Key\":\"Name\",\"Value\":\"n\"}]}",
                NULL);
  struct op *op = op_new(&t.s, t.a, t.p, d, OP_CREATE, &sc, NULL, 0);
  enum op_what w =
      PLAY(&t, op,
           {"CreateVpc",
            "{\"CidrBlock\":\"10.0.0.0/"
            "16\",\"TagSpecifications\":[{\"ResourceType\":\"vpc\",\"Tags\":[{\"Key\":\"Name\",\"Value\":"
            "\"n\"}," TAGS "]}]}",
            "{\"Vpc\":{\"VpcId\":\"vpc-1\",\"State\":\"pending\"}}"},
           {"DescribeVpcs", "{\"Filters\":[{\"Name\":\"vpc-id\",\"Values\":[\"vpc-1\"]}]}",
            "{\"Vpcs\":[{\"VpcId\":\"vpc-1\",\"State\":\"pending\"}]}"},
           {"pause", NULL, NULL},
           {"DescribeVpcs", NULL,
            "{\"Vpcs\":[{\"VpcId\":\"vpc-1\",\"State\":\"available\",\"CidrBlockAssociationSet\":[{"
            "\"AssociationId\":\"a-1\",\"CidrBlock\":\"10.0.0.0/16\"}]}]}"},
           {"ModifyVpcAttribute", "{\"VpcId\":\"vpc-1\",\"EnableDnsHostnames\":{\"Value\":true}}", NULL});
  CHECK_INT(w, OPW_DONE);
  const struct op_result *r = op_result(op);
  CHECK_STR(json_text(&t, r->identity), STR("{\"VpcId\":\"vpc-1\"}"));
  CHECK_STR(json_text(&t, r->attributes),
            STR("{\"CidrBlockAssociations\":[\"a-1\"],\"Ipv6CidrBlocks\":[],\"VpcId\":\"vpc-1\"}"));
  CHECK_INT(r->n_applied, 3);
  world_close(&t);
}

TEST(a_lost_create_is_not_repeated) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc = scope_for(&t, "{\"CidrBlock\":\"10.0.0.0/16\"}", NULL);
  struct op *op = op_new(&t.s, t.a, t.p, d, OP_CREATE, &sc, NULL, 0);
  struct op_step st;
  op_next(op, 0, &st);
  CHECK(st.what == OPW_CALL && st.mutating);
  struct reply r = {.err = QN_E_REMOTE, .cls = EC_AMBIGUOUS, .maybe_executed = true};
  op_reply(op, 0, &r);
  op_next(op, 0, &st);
  CHECK_INT(st.what, OPW_FAILED);
  CHECK(!op_result(op)->failed_definitive);
  world_close(&t);
}

TEST(update) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc = scope_for(&t,
                                 "{\"CidrBlock\":\"10.0.0.0/"
                                 "16\",\"EnableDnsHostnames\":false,\"EnableDnsSupport\":false,\"Tags\":[{"
                                 "\"Key\":\"a\",\"Value\":\"2\"}]}",
                                 "{\"CidrBlock\":\"10.0.0.0/"
                                 "16\",\"EnableDnsHostnames\":true,\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},"
                                 "{\"Key\":\"b\",\"Value\":\"1\"}]}");
  sc.identity = json(&t, "{\"VpcId\":\"vpc-1\"}");
  sc.live = json(&t, "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"b\",\"Value\":\"1\"},{\"Key\":"
                     "\"other\",\"Value\":\"1\"}," TAGS "]}");
  const struct str changed[] = {STR("EnableDnsHostnames"), STR("EnableDnsSupport"), STR("Tags[\"a\"]"),
                                STR("Tags[\"b\"]")};
  struct op *op = op_new(&t.s, t.a, t.p, d, OP_UPDATE, &sc, changed, 4);
  CHECK_INT(
      PLAY(&t, op,
           {"ModifyVpcAttribute", "{\"VpcId\":\"vpc-1\",\"EnableDnsHostnames\":{\"Value\":false}}", NULL},
           {"DeleteTags", "{\"Resources\":[\"vpc-1\"],\"Tags\":[{\"Key\":\"b\"}]}", NULL},
           {"CreateTags", "{\"Resources\":[\"vpc-1\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"2\"}]}", NULL},
           {"ModifyVpcAttribute", "{\"VpcId\":\"vpc-1\",\"EnableDnsSupport\":{\"Value\":false}}", NULL}),
      OPW_DONE);
  CHECK_INT(op_result(op)->n_applied, 3);
  world_close(&t);
}

TEST(change_verdicts) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc =
      scope_for(&t, "{\"InstanceTenancy\":\"default\"}", "{\"InstanceTenancy\":\"dedicated\"}");
  const struct value *x = value_str(t.a, STR("x"));
  CHECK_INT(def_change(&t.s, t.a, d, STR("CidrBlock"), x, x, &sc), CV_REPLACE);
  CHECK_INT(def_change(&t.s, t.a, d, STR("InstanceTenancy"), x, x, &sc), CV_UPDATE);
  struct op_scope back =
      scope_for(&t, "{\"InstanceTenancy\":\"dedicated\"}", "{\"InstanceTenancy\":\"default\"}");
  CHECK_INT(def_change(&t.s, t.a, d, STR("InstanceTenancy"), x, x, &back), CV_REPLACE);
  CHECK_INT(def_change(&t.s, t.a, d, STR("EnableDnsSupport"), x, NULL, &sc), CV_UPDATE);
  CHECK_INT(def_change(&t.s, t.a, d, STR("InstanceTenancy"), x, NULL, &sc), CV_RELEASE);
  CHECK_INT(def_change(&t.s, t.a, d, STR("Tags"), x, NULL, &sc), CV_UPDATE);
  world_close(&t);
}

TEST(delete_busy_then_gone) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc = scope_for(&t, NULL, NULL);
  sc.identity = json(&t, "{\"VpcId\":\"vpc-1\"}");
  struct op *op = op_new(&t.s, t.a, t.p, d, OP_DELETE, &sc, NULL, 0);
  CHECK_INT(PLAY(&t, op, {"DeleteVpc", "{\"VpcId\":\"vpc-1\"}", "!DependencyViolation in use"},
                 {"pause", NULL, NULL}, {"DeleteVpc", NULL, "!InvalidVpcID.NotFound gone"}),
            OPW_DONE);
  world_close(&t);
}

TEST(settle_by_tag) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::EC2::VPC");
  if (!d) return;
  struct op_scope sc = scope_for(&t, "{\"CidrBlock\":\"10.0.0.0/16\"}", NULL);
  struct op *op = op_new(&t.s, t.a, t.p, d, OP_SETTLE_CREATE, &sc, NULL, 0);
  const char *ask =
      "{\"Filters\":[{\"Name\":\"tag:quoin:id\",\"Values\":[\"abcdefghijklmnopqrstuvwxyz234567\"]}]}";
  CHECK_INT(PLAY(&t, op, {"DescribeVpcs", ask, "{\"Vpcs\":[]}"}, {"pause", NULL, NULL},
                 {"DescribeVpcs", ask, "{\"Vpcs\":[{\"VpcId\":\"vpc-9\"}]}"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOUND);
  CHECK_STR(json_text(&t, op_result(op)->identity), STR("{\"VpcId\":\"vpc-9\"}"));
  op = op_new(&t.s, t.a, t.p, d, OP_SETTLE_CREATE, &sc, NULL, 0);
  CHECK_INT(PLAY(&t, op, {"DescribeVpcs", ask, "{}"}, {"pause", NULL, NULL}, {"DescribeVpcs", ask, "{}"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_NONE);
  op = op_new(&t.s, t.a, t.p, d, OP_SETTLE_CREATE, &sc, NULL, 0);
  CHECK_INT(PLAY(&t, op, {"DescribeVpcs", ask, "{\"Vpcs\":[{\"VpcId\":\"vpc-1\"},{\"VpcId\":\"vpc-2\"}]}"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_SEVERAL);
  CHECK_STR(json_text(&t, op_result(op)->others), STR("[{\"VpcId\":\"vpc-2\"}]"));
  world_close(&t);
}

TEST(unsupported_properties_are_refused) {
  struct world t;
  world_open(&t);
  const struct def *d = must_find(&t, "AWS::S3::Bucket");
  if (!d) return;
  CHECK_INT(def_check_declared(&t.s, d,
                               json(&t, "{\"LifecycleConfiguration\":{\"Rules\":[{\"Transitions\":[]}]}}"),
                               SPAN_NONE),
            QN_OK);
  CHECK_INT(
      def_check_declared(
          &t.s, d,
          json(&t, "{\"AbacStatus\":\"x\",\"LifecycleConfiguration\":{\"Rules\":[{\"Transition\":{}}]}}"),
          SPAN_NONE),
      QN_E_INVALID);
  CHECK_INT(t.s.diags.n, 2);
  CHECK_STR(t.s.diags.v[1]->message,
            STR("LifecycleConfiguration.Rules.Transition of AWS::S3::Bucket is not supported"));
  CHECK_STR(t.s.diags.v[1]->help, STR("superseded by Transitions"));
  diags_init(&t.s.diags, t.a);
  world_close(&t);
}

TEST_MAIN(CASE(unsupported_properties_are_refused), CASE(create), CASE(a_lost_create_is_not_repeated),
          CASE(update), CASE(change_verdicts), CASE(delete_busy_then_gone), CASE(settle_by_tag))
