/* Secrets and policies driven through what makes them hard, with scripted replies. */
#include "unit.h"

#include "defs.h"

/* The password that the service made is secret in the request that carries it on. */
TEST(generated_password_is_kept_as_a_secret) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t, "{\"Name\":\"db\",\"GenerateSecretString\":{\"PasswordLength\":8}}", NULL);
  struct op *op = begin(&t, "AWS::SecretsManager::Secret", OP_CREATE, &sc, NULL);
  struct op_step st;
  op_next(op, 0, &st);
  CHECK_STR(st.call.op->name, STR("GetRandomPassword"));
  CHECK(!st.mutating);
  CHECK_STR(json_text(&t, st.call.input), STR("{\"PasswordLength\":8}"));
  struct reply r = {.err = QN_OK, .output = json(&t, "{\"RandomPassword\":\"hunter2x\"}")};
  op_reply(op, 0, &r);
  op_next(op, 0, &st);
  CHECK_STR(st.call.op->name, STR("CreateSecret"));
  const struct value *sent = value_get(&t.s, st.call.input, STR("SecretString"));
  CHECK(value_is(sent, V_STR) && sent->flags & VF_SECRET);
  CHECK_STR(value_text(sent), STR("hunter2x"));
  CHECK(op_result(op)->attributes == NULL || !value_get(&t.s, op_result(op)->attributes, STR("password")));
  world_close(&t);
}

TEST(delete_of_a_secret_removes_replicas_and_says_until_when_it_stays) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"Name\":\"db\"}");
  sc.identity = json(&t, "{\"Id\":\"arn:db\"}");
  struct op *op = begin(&t, "AWS::SecretsManager::Secret", OP_DELETE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"DescribeSecret", "{\"SecretId\":\"arn:db\"}",
                  "{\"ARN\":\"arn:db\",\"ReplicationStatus\":[{\"Region\":\"eu-west-1\"}]}"},
                 {"RemoveRegionsFromReplication",
                  "{\"SecretId\":\"arn:db\",\"RemoveReplicaRegions\":[\"eu-west-1\"]}", NULL},
                 {"DeleteSecret", "{\"SecretId\":\"arn:db\",\"RecoveryWindowInDays\":30}",
                  "{\"DeletionDate\":1800000000}"}),
            OPW_DONE);
  CHECK_STR(op_result(op)->remains,
            STR("it can be restored until 2027-01-15T08:00:00Z and holds its name until then"));
  op = begin(&t, "AWS::SecretsManager::Secret", OP_DELETE, &sc, NULL); /* an interrupted delete goes on */
  CHECK_INT(PLAY(&t, op, {"DescribeSecret", NULL, "{\"ARN\":\"arn:db\",\"DeletedDate\":1800000000}"}),
            OPW_DONE);
  CHECK(op_result(op)->remains.n > 0);
  op = begin(&t, "AWS::SecretsManager::Secret", OP_DELETE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"DescribeSecret", NULL, "!ResourceNotFoundException gone"},
                 {"DeleteSecret", NULL, "!ResourceNotFoundException gone"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->remains.n, 0);
  world_close(&t);
}

TEST(replica_that_fails_says_why) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t, "{\"Name\":\"db\",\"ReplicaRegions\":[{\"Region\":\"eu-west-1\"}]}", NULL);
  struct op *op = begin(&t, "AWS::SecretsManager::Secret", OP_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op,
           {"CreateSecret",
            "{\"Name\":\"db\",\"ClientRequestToken\":\"abcdefghijklmnopqrstuvwxyz234567\","
            "\"AddReplicaRegions\":[{\"Region\":\"eu-west-1\"}],\"Tags\":[" OWN "]}",
            "{\"ARN\":\"arn:db\"}"},
           {"DescribeSecret", NULL,
            "{\"ARN\":\"arn:db\",\"ReplicationStatus\":[{\"Region\":\"eu-west-1\",\"Status\":\"InProgress\"}]"
            "}"},
           {"pause", NULL, NULL},
           {"DescribeSecret", NULL,
            "{\"ARN\":\"arn:db\",\"ReplicationStatus\":[{\"Region\":\"eu-west-1\",\"Status\":\"Failed\","
            "\"StatusMessage\":\"a secret of this name exists\"}]}"}),
      OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("eu-west-1: a secret of this name exists"));
  world_close(&t);
}

TEST(oldest_version_but_the_default_makes_room) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"PolicyDocument\":{\"Version\":\"2012-10-17\"}}", "{}");
  sc.identity = json(&t, "{\"PolicyArn\":\"arn:p\"}");
  struct op *op = begin(&t, "AWS::IAM::ManagedPolicy", OP_UPDATE, &sc, "PolicyDocument");
  CHECK_INT(
      PLAY(&t, op,
           {"ListPolicyVersions", "{\"PolicyArn\":\"arn:p\"}",
            "{\"Versions\":[{\"VersionId\":\"v10\",\"IsDefaultVersion\":false},{\"VersionId\":\"v9\","
            "\"IsDefaultVersion\":false},{\"VersionId\":\"v8\"},{\"VersionId\":\"v7\"},{\"VersionId\":\"v2\","
            "\"IsDefaultVersion\":true}]}"},
           {"DeletePolicyVersion", "{\"PolicyArn\":\"arn:p\",\"VersionId\":\"v7\"}", NULL},
           {"CreatePolicyVersion",
            "{\"PolicyArn\":\"arn:p\",\"PolicyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\","
            "\"SetAsDefault\":true}",
            NULL}),
      OPW_DONE);
  world_close(&t);
}

TEST_MAIN(CASE(generated_password_is_kept_as_a_secret),
          CASE(delete_of_a_secret_removes_replicas_and_says_until_when_it_stays),
          CASE(replica_that_fails_says_why), CASE(oldest_version_but_the_default_makes_room))
