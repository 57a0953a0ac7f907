/* The hard types driven through what makes them hard, with scripted replies. */
#include "unit.h"

#include "defs.h"

/* ---- security group --------------------------------------------------------------------------- */
TEST(group_default_egress_goes_when_egress_is_declared_without_it) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t,
                "{\"GroupDescription\":\"d\",\"VpcId\":\"vpc-1\",\"SecurityGroupEgress\":[{\"IpProtocol\":"
                "\"tcp\",\"FromPort\":443,\"ToPort\":443,\"CidrIp\":\"10.0.0.0/8\"}],"
                "\"SecurityGroupIngress\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80,"
                "\"SourceSecurityGroupId\":\"sg-9\",\"Description\":\"web\"}]}",
                NULL);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::SecurityGroup", OP_CREATE, &sc, NULL),
                 {"CreateSecurityGroup",
                  "{\"Description\":\"d\",\"GroupName\":\"network-vpc-abcdefghij\",\"VpcId\":\"vpc-1\","
                  "\"TagSpecifications\":[{\"ResourceType\":\"security-group\",\"Tags\":[" OWN "]}]}",
                  "{\"GroupId\":\"sg-1\"}"},
                 {"AuthorizeSecurityGroupIngress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,"
                  "\"ToPort\":80,\"UserIdGroupPairs\":[{\"GroupId\":\"sg-9\",\"Description\":\"web\"}]}]}",
                  "!InvalidPermission.Duplicate there already"},
                 {"AuthorizeSecurityGroupEgress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":443,"
                  "\"ToPort\":443,\"IpRanges\":[{\"CidrIp\":\"10.0.0.0/8\"}]}]}",
                  NULL},
                 {"RevokeSecurityGroupEgress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"-1\",\"IpRanges\":[{\"CidrIp\":"
                  "\"0.0.0.0/0\"}]}]}",
                  NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(group_rules_are_reconciled_with_what_is_live) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t,
                "{\"SecurityGroupIngress\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80,\"CidrIp\":"
                "\"0.0.0.0/0\",\"Description\":\"new\"},{\"IpProtocol\":\"-1\",\"CidrIp\":\"10.0.0.0/8\"}]}",
                "{}");
  sc.identity = json(&t, "{\"GroupId\":\"sg-1\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::SecurityGroup", OP_UPDATE, &sc, "SecurityGroupIngress"),
                 {"DescribeSecurityGroups", NULL,
                  "{\"SecurityGroups\":[{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\","
                  "\"FromPort\":80,\"ToPort\":80,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/"
                  "0\",\"Description\":\"old\"}]},{\"IpProtocol\":\"tcp\",\"FromPort\":22,\"ToPort\":22,"
                  "\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]}]}"},
                 {"AuthorizeSecurityGroupIngress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"-1\",\"IpRanges\":[{\"CidrIp\":"
                  "\"10.0.0.0/8\"}]}]}",
                  NULL},
                 {"UpdateSecurityGroupRuleDescriptionsIngress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,"
                  "\"ToPort\":80,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\",\"Description\":\"new\"}]}]}",
                  NULL},
                 {"RevokeSecurityGroupIngress",
                  "{\"GroupId\":\"sg-1\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\",\"FromPort\":22,"
                  "\"ToPort\":22,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]}",
                  NULL}),
            OPW_DONE);
  world_close(&t);
}

#define RULE(port)                                                                                           \
  "{\"IpProtocol\":\"tcp\",\"FromPort\":" port ",\"ToPort\":" port ",\"CidrIp\":\"10.0.0.0/8\"}"
#define PERM(port)                                                                                           \
  "{\"IpProtocol\":\"tcp\",\"FromPort\":" port ",\"ToPort\":" port                                           \
  ",\"IpRanges\":[{\"CidrIp\":\"10.0.0.0/8\"}]}"
#define GROUP_CALL(perms) "{\"GroupId\":\"sg-1\",\"IpPermissions\":[" perms "]}"
#define GROUP_LIVE(perms) "{\"SecurityGroups\":[{\"GroupId\":\"sg-1\",\"IpPermissions\":[" perms "]}]}"

TEST(group_rules_go_in_one_call_each_way) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t, "{\"SecurityGroupIngress\":[" RULE("1") "," RULE("2") "," RULE("3") "]}", "{}");
  sc.identity = json(&t, "{\"GroupId\":\"sg-1\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::SecurityGroup", OP_UPDATE, &sc, "SecurityGroupIngress"),
                 {"DescribeSecurityGroups", NULL, GROUP_LIVE(PERM("2") "," PERM("8") "," PERM("9"))},
                 {"AuthorizeSecurityGroupIngress", GROUP_CALL(PERM("1") "," PERM("3")), NULL},
                 {"RevokeSecurityGroupIngress", GROUP_CALL(PERM("8") "," PERM("9")), NULL}),
            OPW_DONE);
  world_close(&t);
}

/* What counts as done for one rule was refused for all that were in the call. */
TEST(group_rules_are_sent_one_by_one_after_a_duplicate) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"SecurityGroupIngress\":[" RULE("1") "," RULE("2") "]}", "{}");
  sc.identity = json(&t, "{\"GroupId\":\"sg-1\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::EC2::SecurityGroup", OP_UPDATE, &sc, "SecurityGroupIngress"),
           {"DescribeSecurityGroups", NULL, GROUP_LIVE("")},
           {"AuthorizeSecurityGroupIngress", GROUP_CALL(PERM("1") "," PERM("2")),
            "!InvalidPermission.Duplicate one of them"},
           {"AuthorizeSecurityGroupIngress", GROUP_CALL(PERM("1")), "!InvalidPermission.Duplicate this"},
           {"AuthorizeSecurityGroupIngress", GROUP_CALL(PERM("2")), NULL}),
      OPW_DONE);
  world_close(&t);
}

/* AWS answers tcp for 6 and a network without its host bits: neither is another rule, which would be revoked
 * after the "duplicate" was not added. Setting their descriptions again changes nothing. */
TEST(group_rules_spelled_otherwise_are_the_same_rules) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(
      &t,
      "{\"SecurityGroupIngress\":[{\"IpProtocol\":\"6\",\"FromPort\":1,\"ToPort\":1,\"CidrIp\":\"10.1.2.3/"
      "8\"},"
      "{\"IpProtocol\":\"TCP\",\"FromPort\":2,\"ToPort\":2,\"CidrIpv6\":\"2001:DB8:0::/32\"}," RULE("3") "]}",
      "{}");
  sc.identity = json(&t, "{\"GroupId\":\"sg-1\"}");
  PLAY(&t, begin(&t, "AWS::EC2::SecurityGroup", OP_UPDATE, &sc, "SecurityGroupIngress"),
       {"DescribeSecurityGroups", NULL,
        GROUP_LIVE(PERM("1") ",{\"IpProtocol\":\"tcp\",\"FromPort\":2,\"ToPort\":2,\"Ipv6Ranges\":"
                             "[{\"CidrIpv6\":\"2001:db8::/32\"}]}")},
       {"AuthorizeSecurityGroupIngress", GROUP_CALL(PERM("3")), NULL},
       {"UpdateSecurityGroupRuleDescriptionsIngress", NULL, NULL});
  world_close(&t);
}

/* Old and new region of one VPC cannot both be associated: the old one goes first, whatever the order. */
TEST(replaced_elements_go_before_others_are_added) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t,
                                 "{\"Name\":\"a.test\",\"VPCs\":[{\"VPCId\":\"vpc-1\",\"VPCRegion\":"
                                 "\"eu-west-1\"},{\"VPCId\":\"vpc-3\",\"VPCRegion\":\"us-east-1\"}]}",
                                 "{}");
  sc.identity = json(&t, "{\"Id\":\"Z1\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::Route53::HostedZone", OP_UPDATE, &sc, "VPCs"),
           {"ListHostedZones", NULL, "{\"HostedZones\":[{\"Id\":\"/hostedzone/Z1\",\"Name\":\"a.test.\"}]}"},
           {"GetHostedZone", NULL,
            "{\"HostedZone\":{\"Id\":\"/hostedzone/Z1\"},\"VPCs\":[{\"VPCId\":\"vpc-1\",\"VPCRegion\":"
            "\"us-east-1\"},{\"VPCId\":\"vpc-2\",\"VPCRegion\":\"us-east-1\"}]}"},
           {"DisassociateVPCFromHostedZone",
            "{\"HostedZoneId\":\"Z1\",\"VPC\":{\"VPCId\":\"vpc-1\",\"VPCRegion\":\"us-east-1\"}}", NULL},
           {"AssociateVPCWithHostedZone",
            "{\"HostedZoneId\":\"Z1\",\"VPC\":{\"VPCId\":\"vpc-1\",\"VPCRegion\":\"eu-west-1\"}}", NULL},
           {"AssociateVPCWithHostedZone",
            "{\"HostedZoneId\":\"Z1\",\"VPC\":{\"VPCId\":\"vpc-3\",\"VPCRegion\":\"us-east-1\"}}", NULL},
           {"DisassociateVPCFromHostedZone",
            "{\"HostedZoneId\":\"Z1\",\"VPC\":{\"VPCId\":\"vpc-2\",\"VPCRegion\":\"us-east-1\"}}", NULL}),
      OPW_DONE);
  world_close(&t);
}

/* ---- bucket -------------------------------------------------------------------------------------- */
#define BUCKET                                                                                               \
  "{\"BucketName\":\"b\",\"VersioningConfiguration\":{\"Status\":\"Enabled\"},\"LoggingConfiguration\":{"    \
  "\"DestinationBucketName\":\"logs\"},\"ReplicationConfiguration\":{\"Role\":\"r\",\"Rules\":[]}}"

TEST(bucket_is_looked_for_then_made_then_completed) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, BUCKET, NULL);
  sc.region = session_sym(&t.s, STR("eu-west-1"));
  CHECK_INT(PLAY(&t, begin(&t, "AWS::S3::Bucket", OP_CREATE, &sc, NULL),
                 {"ListBuckets", NULL, "{\"Buckets\":[]}"},
                 {"CreateBucket",
                  "{\"Bucket\":\"b\",\"CreateBucketConfiguration\":{\"LocationConstraint\":\"eu-west-1\","
                  "\"Tags\":[" OWN "]}}",
                  NULL},
                 {"PutBucketLogging",
                  "{\"Bucket\":\"b\",\"BucketLoggingStatus\":{\"LoggingEnabled\":{\"TargetBucket\":\"logs\","
                  "\"TargetPrefix\":\"\"}}}",
                  NULL},
                 {"PutBucketVersioning",
                  "{\"Bucket\":\"b\",\"VersioningConfiguration\":{\"Status\":\"Enabled\"}}", NULL},
                 {"PutBucketReplication",
                  "{\"Bucket\":\"b\",\"ReplicationConfiguration\":{\"Role\":\"r\",\"Rules\":[]}}", NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(bucket_of_somebody_else_is_never_seized) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, BUCKET, NULL);
  struct op *op = begin(&t, "AWS::S3::Bucket", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"ListBuckets", NULL, "{\"Buckets\":[{\"Name\":\"b\"}]}"},
                 {"GetBucketTagging", NULL, "!NoSuchTagSet none"}),
            OPW_FAILED);
  CHECK(op_result(op)->exists && op_result(op)->failed_definitive);
  op = begin(&t, "AWS::S3::Bucket", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"ListBuckets", NULL, "{\"Buckets\":[]}"},
                 {"CreateBucket", NULL, "!BucketAlreadyExists taken"}),
            OPW_FAILED);
  CHECK(op_result(op)->exists && op_result(op)->failed_definitive && !op_result(op)->identity);
  world_close(&t);
}

TEST(bucket_of_an_interrupted_create_is_adopted_and_completed) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t,
                                 "{\"BucketName\":\"b\",\"OwnershipControls\":{\"Rules\":[{"
                                 "\"ObjectOwnership\":\"BucketOwnerEnforced\"}]}}",
                                 NULL);
  struct op *op = begin(&t, "AWS::S3::Bucket", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"ListBuckets", NULL, "{\"Buckets\":[{\"Name\":\"b\"}]}"},
                 {"GetBucketTagging", NULL, "{\"TagSet\":[" OWN "]}"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOUND);
  sc.identity = op_result(op)->identity;
  CHECK_INT(PLAY(&t, begin(&t, "AWS::S3::Bucket", OP_CREATE, &sc, NULL),
                 {"ListBuckets", NULL, "{\"Buckets\":[{\"Name\":\"b\"}]}"},
                 {"GetBucketOwnershipControls", NULL, "!OwnershipControlsNotFoundError none"},
                 {"PutBucketOwnershipControls", NULL, NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(bucket_is_emptied_only_when_asked) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"BucketName\":\"b\"}");
  sc.identity = json(&t, "{\"BucketName\":\"b\"}");
  struct op *op = begin(&t, "AWS::S3::Bucket", OP_DELETE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"DeleteBucket", "{\"Bucket\":\"b\"}", "!BucketNotEmpty it is not"}), OPW_FAILED);
  CHECK_STR(op_result(op)->code, STR("BucketNotEmpty"));
  sc.on_destroy = 4; /* empty */
  CHECK_INT(PLAY(&t, begin(&t, "AWS::S3::Bucket", OP_DELETE, &sc, NULL),
                 {"ListObjectVersions", "{\"Bucket\":\"b\"}",
                  "{\"IsTruncated\":true,\"NextKeyMarker\":\"k\",\"NextVersionIdMarker\":\"v\",\"Versions\":["
                  "{\"Key\":\"a\",\"VersionId\":\"1\"}]}"},
                 {"ListObjectVersions", "{\"Bucket\":\"b\",\"KeyMarker\":\"k\",\"VersionIdMarker\":\"v\"}",
                  "{\"IsTruncated\":false,\"DeleteMarkers\":[{\"Key\":\"a\",\"VersionId\":\"2\"}]}"},
                 {"DeleteObjects",
                  "{\"Bucket\":\"b\",\"Delete\":{\"Quiet\":true,\"Objects\":[{\"Key\":\"a\",\"VersionId\":"
                  "\"1\"},{\"Key\":\"a\",\"VersionId\":\"2\"}]}}",
                  NULL},
                 {"DeleteBucket", NULL, NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(bucket_tags_are_put_whole_with_those_of_others) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(
      &t, "{\"BucketName\":\"b\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"2\"}]}",
      "{\"BucketName\":\"b\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"z\",\"Value\":\"1\"}]}");
  sc.identity = json(&t, "{\"BucketName\":\"b\"}");
  sc.live = json(&t, "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"z\",\"Value\":\"1\"},{\"Key\":"
                     "\"theirs\",\"Value\":\"x\"},{\"Key\":\"aws:x\",\"Value\":\"x\"}]}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::S3::Bucket", OP_UPDATE, &sc, "Tags"),
                 {"PutBucketTagging",
                  "{\"Bucket\":\"b\",\"Tagging\":{\"TagSet\":[{\"Key\":\"a\",\"Value\":\"2\"}," OWN
                  ",{\"Key\":\"theirs\",\"Value\":\"x\"}]}}",
                  NULL}),
            OPW_DONE);
  world_close(&t);
}

/* ---- service --------------------------------------------------------------------------------------- */
#define SERVICE                                                                                              \
  "{\"Cluster\":\"c\",\"ServiceName\":\"web\",\"DesiredCount\":2,\"TaskDefinition\":\"arn:aws:ecs:us-east-"  \
  "1:1:task-definition/t:2\"}"
#define MADE "{\"service\":{\"serviceArn\":\"arn:s\",\"serviceName\":\"web\",\"clusterArn\":\"arn:c\"}}"
#define NOW(state, running, td)                                                                              \
  "{\"services\":[{\"serviceArn\":\"arn:s\",\"serviceName\":\"web\",\"clusterArn\":\"arn:c\",\"status\":"    \
  "\"ACTIVE\",\"desiredCount\":2,\"runningCount\":" #running ",\"deployments\":[{\"rolloutState\":\"" state  \
  "\",\"rolloutStateReason\":\"because\",\"taskDefinition\":\"arn:aws:ecs:us-east-1:1:task-definition/"      \
  "t:" #td "\"}]}]}"

TEST(service_waits_until_it_is_stable) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, SERVICE, NULL);
  struct op *op = begin(&t, "AWS::ECS::Service", OP_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op,
           {"CreateService",
            "{\"cluster\":\"c\",\"serviceName\":\"web\",\"desiredCount\":2,\"taskDefinition\":\"arn:aws:ecs:"
            "us-east-1:1:task-definition/"
            "t:2\",\"clientToken\":\"abcdefghijklmnopqrstuvwxyz234567\",\"tags\":[{\"key\":\"quoin:id\","
            "\"value\":\"abcdefghijklmnopqrstuvwxyz234567\"}]}",
            "!InvalidParameterException Unable to assume the service linked role"},
           {"pause", NULL, NULL}, {"CreateService", NULL, MADE},
           {"DescribeServices", "{\"cluster\":\"arn:c\",\"include\":[\"TAGS\"],\"services\":[\"arn:s\"]}",
            NOW("IN_PROGRESS", 0, 2)},
           {"pause", NULL, NULL}, {"DescribeServices", NULL, NOW("COMPLETED", 2, 2)}),
      OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->identity), STR("{\"Cluster\":\"arn:c\",\"ServiceArn\":\"arn:s\"}"));
  world_close(&t);
}

TEST(service_that_fails_says_why) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, SERVICE, SERVICE);
  sc.identity = json(&t, "{\"ServiceArn\":\"arn:s\",\"Cluster\":\"arn:c\"}");
  struct op *op = begin(&t, "AWS::ECS::Service", OP_UPDATE, &sc, "TaskDefinition");
  CHECK_INT(PLAY(&t, op,
                 {"UpdateService",
                  "{\"cluster\":\"arn:c\",\"service\":\"arn:s\",\"taskDefinition\":\"arn:aws:ecs:us-east-1:1:"
                  "task-definition/t:2\"}",
                  NULL},
                 {"DescribeServices", NULL, NOW("COMPLETED", 2, 1)}, /* a stale read is no failure yet */
                 {"pause", NULL, NULL},
                 {"DescribeServices", NULL, NOW("IN_PROGRESS", 1, 1)}, /* rolled back to what ran before */
                 {"pause", NULL, NULL}, {"DescribeServices", NULL, NOW("IN_PROGRESS", 1, 1)},
                 {"ListTasks", NULL, "{\"taskArns\":[\"a\",\"b\"]}"},
                 {"DescribeTasks", "{\"cluster\":\"arn:c\",\"tasks\":[\"a\",\"b\"]}",
                  "{\"tasks\":[{\"stoppedReason\":\"out of memory\"},{\"stoppedReason\":\"exit 1\"}]}"}),
            OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("because; out of memory; exit 1; t:1 runs now"));
  CHECK(!op_result(op)->failed_definitive);
  world_close(&t);
}

TEST(service_delete_waits_and_settles_by_name) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, SERVICE);
  sc.identity = json(&t, "{\"ServiceArn\":\"arn:s\",\"Cluster\":\"arn:c\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::ECS::Service", OP_DELETE, &sc, NULL),
           {"DeleteService", "{\"cluster\":\"arn:c\",\"service\":\"arn:s\",\"force\":true}", NULL},
           {"DescribeServices", NULL, "{\"services\":[{\"serviceArn\":\"arn:s\",\"status\":\"DRAINING\"}]}"},
           {"pause", NULL, NULL},
           {"DescribeServices", NULL, "{\"services\":[{\"serviceArn\":\"arn:s\",\"status\":\"INACTIVE\"}]}"}),
      OPW_DONE);
  struct op_scope cs = scope_for(&t, SERVICE, NULL);
  struct op *op = begin(&t, "AWS::ECS::Service", OP_SETTLE_CREATE, &cs, NULL);
  CHECK_INT(
      PLAY(&t, op, {"DescribeServices", "{\"cluster\":\"c\",\"services\":[\"web\"]}", NOW("COMPLETED", 2, 2)},
           {"DescribeServices", "{\"cluster\":\"arn:c\",\"include\":[\"TAGS\"],\"services\":[\"arn:s\"]}",
            NOW("COMPLETED", 2, 2)}),
      OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOREIGN);
  world_close(&t);
}

/* ---- record set --------------------------------------------------------------------------------------- */
#define RECORD                                                                                               \
  "{\"HostedZoneId\":\"Z1\",\"Name\":\"www.example.com\",\"Type\":\"A\",\"TTL\":\"300\","                    \
  "\"ResourceRecords\":[\"1.2.3.4\"]}"
#define LISTED                                                                                               \
  "{\"ResourceRecordSets\":[{\"Name\":\"www.example.com.\",\"Type\":\"A\",\"TTL\":300,\"ResourceRecords\":[" \
  "{\"Value\":\"1.2.3.4\"}]}],\"IsTruncated\":false}"

TEST(record_changes_of_a_zone_go_in_one_call) {
  struct world t;
  world_open(&t);
  struct op_scope a = scope_for(&t, RECORD, NULL),
                  b = scope_for(&t,
                                "{\"HostedZoneId\":\"Z1\",\"Name\":\"api.example.com.\",\"Type\":\"A\","
                                "\"AliasTarget\":{\"DNSName\":\"x\",\"HostedZoneId\":\"Z9\"}}",
                                NULL);
  struct op *oa = begin(&t, "AWS::Route53::RecordSet", OP_CREATE, &a, NULL),
            *ob = begin(&t, "AWS::Route53::RecordSet", OP_CREATE, &b, NULL);
  struct op_step sa, sb;
  op_next(oa, 0, &sa), op_next(ob, 0, &sb);
  CHECK_STR(sa.coalesce_key, STR("Z1"));
  const struct op_step *both[] = {&sa, &sb};
  struct call c;
  CHECK(op_merge(&t.s, t.a, both, 2, &c));
  check_serialises(&t, &c);
  CHECK_STR(json_text(&t, c.input),
            json_text(&t, json(&t, "{\"HostedZoneId\":\"Z1\",\"ChangeBatch\":{\"Changes\":[{\"Action\":"
                                   "\"CREATE\",\"ResourceRecordSet\":{\"Name\":\"www.example.com\",\"Type\":"
                                   "\"A\",\"TTL\":300,\"ResourceRecords\":[{\"Value\":\"1.2.3.4\"}]}},"
                                   "{\"Action\":\"CREATE\",\"ResourceRecordSet\":{\"Name\":\"api.example.com."
                                   "\",\"Type\":\"A\",\"AliasTarget\":{\"DNSName\":\"x\",\"HostedZoneId\":"
                                   "\"Z9\",\"EvaluateTargetHealth\":false}}}]}}")));
  struct reply r = {.output = json(&t, "{\"ChangeInfo\":{\"Id\":\"/change/C1\",\"Status\":\"PENDING\"}}")};
  op_reply(oa, 0, &r), op_reply(ob, 0, &r);
  CHECK_STR(json_text(&t, op_result(oa)->identity),
            STR("{\"HostedZoneId\":\"Z1\",\"Id\":\"www.example.com|A|\"}"));
  CHECK_INT(PLAY(&t, oa, {"GetChange", "{\"Id\":\"C1\"}", "{\"ChangeInfo\":{\"Status\":\"PENDING\"}}"},
                 {"pause", NULL, NULL}, {"GetChange", NULL, "{\"ChangeInfo\":{\"Status\":\"INSYNC\"}}"}),
            OPW_DONE);
  world_close(&t);
}

TEST(record_is_deleted_exactly_as_it_is) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, RECORD);
  sc.identity = json(&t, "{\"HostedZoneId\":\"Z1\",\"Id\":\"www.example.com|A|\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::Route53::RecordSet", OP_DELETE, &sc, NULL),
                 {"ListResourceRecordSets", "{\"HostedZoneId\":\"Z1\"}",
                  "{\"ResourceRecordSets\":[{\"Name\":\"www.example.com.\",\"Type\":\"A\",\"TTL\":60,"
                  "\"ResourceRecords\":[{\"Value\":\"9.9.9.9\"}]}],\"IsTruncated\":false}"},
                 {"ChangeResourceRecordSets",
                  "{\"HostedZoneId\":\"Z1\",\"ChangeBatch\":{\"Changes\":[{\"Action\":\"DELETE\","
                  "\"ResourceRecordSet\":{\"Name\":\"www.example.com\",\"Type\":\"A\",\"TTL\":60,"
                  "\"ResourceRecords\":[{\"Value\":\"9.9.9.9\"}]}}]}}",
                  "!InvalidChangeBatch Tried to delete resource record set but it was not found"}),
            OPW_DONE);
  world_close(&t);
}

TEST(alias_record_is_deleted_without_the_lists_it_has_not) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, RECORD);
  sc.identity = json(&t, "{\"HostedZoneId\":\"Z1\",\"Id\":\"a.example.com|A|\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::Route53::RecordSet", OP_DELETE, &sc, NULL),
                 {"ListResourceRecordSets", NULL,
                  "{\"ResourceRecordSets\":[{\"Name\":\"a.example.com.\",\"Type\":\"A\",\"AliasTarget\":{"
                  "\"HostedZoneId\":\"Z9\",\"DNSName\":\"x.\",\"EvaluateTargetHealth\":true}}],"
                  "\"IsTruncated\":false}"},
                 {"ChangeResourceRecordSets",
                  "{\"HostedZoneId\":\"Z1\",\"ChangeBatch\":{\"Changes\":[{\"Action\":\"DELETE\","
                  "\"ResourceRecordSet\":{\"Name\":\"a.example.com\",\"Type\":\"A\",\"AliasTarget\":{"
                  "\"HostedZoneId\":\"Z9\",\"DNSName\":\"x.\",\"EvaluateTargetHealth\":true}}}]}}",
                  NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(record_settles_by_its_content) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, RECORD, NULL);
  struct op *op = begin(&t, "AWS::Route53::RecordSet", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"ListResourceRecordSets", NULL, LISTED}), OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOUND);
  struct op_scope other = scope_for(&t,
                                    "{\"HostedZoneId\":\"Z1\",\"Name\":\"www.example.com\",\"Type\":\"A\","
                                    "\"TTL\":\"300\",\"ResourceRecords\":[\"8.8.8.8\"]}",
                                    NULL);
  op = begin(&t, "AWS::Route53::RecordSet", OP_SETTLE_CREATE, &other, NULL);
  CHECK_INT(PLAY(&t, op, {"ListResourceRecordSets", NULL, LISTED}), OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOREIGN);
  world_close(&t);
}

/* ---- the others --------------------------------------------------------------------------------------- */
TEST(task_definition_is_found_again_among_the_last_revisions) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Family\":\"f\",\"ContainerDefinitions\":[]}", NULL);
  struct op *op = begin(&t, "AWS::ECS::TaskDefinition", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op, {"ListTaskDefinitions", NULL, "{\"taskDefinitionArns\":[\"arn:f:3\",\"arn:f:2\"]}"},
           {"DescribeTaskDefinition", "{\"taskDefinition\":\"arn:f:3\",\"include\":[\"TAGS\"]}",
            "{\"taskDefinition\":{\"taskDefinitionArn\":\"arn:f:3\",\"status\":\"ACTIVE\"},\"tags\":[]}"},
           {"DescribeTaskDefinition", NULL,
            "{\"taskDefinition\":{\"taskDefinitionArn\":\"arn:f:2\",\"status\":\"ACTIVE\"},\"tags\":[{"
            "\"key\":\"quoin:id\",\"value\":\"abcdefghijklmnopqrstuvwxyz234567\"}]}"}),
      OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->identity), STR("{\"TaskDefinitionArn\":\"arn:f:2\"}"));
  world_close(&t);
}

TEST(role_loses_its_policies_before_it_goes) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"RoleName\":\"r\"}");
  sc.identity = json(&t, "{\"RoleName\":\"r\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::IAM::Role", OP_DELETE, &sc, NULL),
                 {"ListAttachedRolePolicies", "{\"RoleName\":\"r\"}",
                  "{\"AttachedPolicies\":[{\"PolicyArn\":\"arn:1\"},{\"PolicyArn\":\"arn:2\"}],"
                  "\"IsTruncated\":false}"},
                 {"DetachRolePolicy", "{\"RoleName\":\"r\",\"PolicyArn\":\"arn:1\"}", NULL},
                 {"DetachRolePolicy", NULL, NULL}, {"ListRolePolicies", NULL, "{\"PolicyNames\":[\"p\"]}"},
                 {"DeleteRolePolicy", "{\"RoleName\":\"r\",\"PolicyName\":\"p\"}", "!NoSuchEntity gone"},
                 {"DeleteRole", NULL, "!DeleteConflict not yet"}, {"pause", NULL, NULL},
                 {"DeleteRole", NULL, NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(each_ends_where_a_listing_repeats_a_page) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"RoleName\":\"r\"}");
  sc.identity = json(&t, "{\"RoleName\":\"r\"}");
  const char *page = "{\"AttachedPolicies\":[],\"IsTruncated\":true,\"Marker\":\"m\"}";
  CHECK_INT(PLAY(&t, begin(&t, "AWS::IAM::Role", OP_DELETE, &sc, NULL),
                 {"ListAttachedRolePolicies", "{\"RoleName\":\"r\"}", page},
                 {"ListAttachedRolePolicies", "{\"RoleName\":\"r\",\"Marker\":\"m\"}", page}),
            OPW_FAILED);
  world_close(&t);
}

TEST(zone_gets_its_tags_after_it_is_made) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Name\":\"example.com\"}", NULL);
  struct op *op = begin(&t, "AWS::Route53::HostedZone", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"CreateHostedZone",
                  "{\"Name\":\"example.com\",\"CallerReference\":\"abcdefghijklmnopqrstuvwxyz234567\"}",
                  "{\"HostedZone\":{\"Id\":\"/hostedzone/Z5\"},\"ChangeInfo\":{\"Id\":\"/change/"
                  "C\"},\"DelegationSet\":{\"NameServers\":[\"ns\"]}}"},
                 {"GetChange", NULL, "{\"ChangeInfo\":{\"Status\":\"INSYNC\"}}"},
                 {"ChangeTagsForResource",
                  "{\"ResourceType\":\"hostedzone\",\"ResourceId\":\"Z5\",\"AddTags\":[" OWN "]}", NULL}),
            OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->attributes), STR("{\"Id\":\"Z5\",\"NameServers\":[\"ns\"]}"));
  world_close(&t);
}

/* What the killed run waited for is known by what it recorded; it is not waited for forever. */
static void resume_zone(const char *recorded, const char *change) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Name\":\"example.com\"}", NULL);
  sc.identity = json(&t, "{\"Id\":\"Z5\"}");
  sc.attributes = json(&t, recorded);
  struct op *op = begin(&t, "AWS::Route53::HostedZone", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"ListHostedZones", NULL,
                  "{\"HostedZones\":[{\"Id\":\"/hostedzone/Z5\",\"Name\":\"example.com.\"}]}"},
                 {"ListTagsForResources", NULL,
                  "{\"ResourceTagSets\":[{\"ResourceId\":\"Z5\",\"Tags\":[" OWN "]}]}"},
                 {"GetChange", "{\"Id\":\"C7\"}", "{\"ChangeInfo\":{\"Status\":\"PENDING\"}}"},
                 {"pause", NULL, NULL}, {"GetChange", "{\"Id\":\"C7\"}", change}),
            OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->attributes), STR("{\"Id\":\"Z5\"}"));
  world_close(&t);
}

TEST(resumed_zone_waits_for_the_change_of_the_killed_run) {
  resume_zone("{\"Id\":\"Z5\",\"change\":\"/change/C7\"}", "{\"ChangeInfo\":{\"Status\":\"INSYNC\"}}");
  resume_zone("{\"Id\":\"Z5\",\"change\":\"/change/C7\"}", "!NoSuchChange it is that long ago");
}

TEST(resumed_zone_gets_the_tags_that_the_killed_run_owed) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Name\":\"example.com\"}", NULL);
  sc.identity = json(&t, "{\"Id\":\"Z5\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::Route53::HostedZone", OP_CREATE, &sc, NULL),
           {"ListHostedZones", NULL,
            "{\"HostedZones\":[{\"Id\":\"/hostedzone/Z5\",\"Name\":\"example.com.\"}]}"},
           {"ListTagsForResources", NULL, "{\"ResourceTagSets\":[{\"ResourceId\":\"Z5\",\"Tags\":[]}]}"},
           {"ChangeTagsForResource",
            "{\"ResourceType\":\"hostedzone\",\"ResourceId\":\"Z5\",\"AddTags\":[" OWN "]}", NULL}),
      OPW_DONE);
  world_close(&t);
}

/* ---- settling -------------------------------------------------------------------------------- */

#define REVISION(n, at)                                                                                      \
  "{\"taskDefinition\":{\"taskDefinitionArn\":\"arn:t:" n "\",\"status\":\"ACTIVE\",\"registeredAt\":" at    \
  "},\"tags\":[" OWN_LOWER "]}"
#define OWN_LOWER "{\"key\":\"quoin:id\",\"value\":\"abcdefghijklmnopqrstuvwxyz234567\"}"

/* The listing begins with the last; the oldest is kept whatever its number is. */
TEST(of_several_objects_the_oldest_is_adopted) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Family\":\"t\"}", NULL);
  struct op *op = begin(&t, "AWS::ECS::TaskDefinition", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"ListTaskDefinitions", NULL,
                  "{\"taskDefinitionArns\":[\"arn:t:3\",\"arn:t:2\",\"arn:t:1\",\"arn:t:2\"]}"},
                 {"DescribeTaskDefinition", NULL, REVISION("3", "1700000009.5")},
                 {"DescribeTaskDefinition", NULL, REVISION("2", "1700000008.25")},
                 {"DescribeTaskDefinition", NULL, REVISION("1", "1700000009")},
                 {"DescribeTaskDefinition", NULL, REVISION("2", "1700000008.25")}),
            OPW_DONE);
  const struct op_result *r = op_result(op);
  CHECK_INT(r->settled, SV_SEVERAL);
  CHECK_STR(json_text(&t, r->identity), STR("{\"TaskDefinitionArn\":\"arn:t:2\"}"));
  CHECK_STR(json_text(&t, r->others),
            STR("[{\"TaskDefinitionArn\":\"arn:t:1\"},{\"TaskDefinitionArn\":\"arn:t:3\"}]"));
  world_close(&t);
}

/* Reads of a VPC do not say when it was made: the same one is kept in whatever order they come. */
TEST(of_several_objects_without_a_time_the_first_by_identity_is_adopted) {
  static const char *const listings[] = {
      "{\"Vpcs\":[{\"VpcId\":\"vpc-2\"},{\"VpcId\":\"vpc-3\"},{\"VpcId\":\"vpc-1\"}]}",
      "{\"Vpcs\":[{\"VpcId\":\"vpc-1\"},{\"VpcId\":\"vpc-3\"},{\"VpcId\":\"vpc-2\"}]}"};
  for (size_t i = 0; i < 2; i++) {
    struct world t;
    world_open(&t);
    struct op_scope sc = scope_for(&t, "{\"CidrBlock\":\"10.0.0.0/16\"}", NULL);
    struct op *op = begin(&t, "AWS::EC2::VPC", OP_SETTLE_CREATE, &sc, NULL);
    CHECK_INT(PLAY(&t, op, {"DescribeVpcs", NULL, listings[i]}), OPW_DONE);
    CHECK_INT(op_result(op)->settled, SV_SEVERAL);
    CHECK_STR(json_text(&t, op_result(op)->identity), STR("{\"VpcId\":\"vpc-1\"}"));
    CHECK_INT(op_result(op)->others->n, 2);
    world_close(&t);
  }
}

TEST_MAIN(CASE(resumed_zone_gets_the_tags_that_the_killed_run_owed),
          CASE(of_several_objects_the_oldest_is_adopted),
          CASE(of_several_objects_without_a_time_the_first_by_identity_is_adopted),
          CASE(group_default_egress_goes_when_egress_is_declared_without_it),
          CASE(group_rules_are_reconciled_with_what_is_live), CASE(group_rules_go_in_one_call_each_way),
          CASE(group_rules_are_sent_one_by_one_after_a_duplicate),
          CASE(group_rules_spelled_otherwise_are_the_same_rules),
          CASE(replaced_elements_go_before_others_are_added),
          CASE(bucket_is_looked_for_then_made_then_completed), CASE(bucket_of_somebody_else_is_never_seized),
          CASE(bucket_of_an_interrupted_create_is_adopted_and_completed),
          CASE(bucket_is_emptied_only_when_asked), CASE(bucket_tags_are_put_whole_with_those_of_others),
          CASE(service_waits_until_it_is_stable), CASE(service_that_fails_says_why),
          CASE(service_delete_waits_and_settles_by_name), CASE(record_changes_of_a_zone_go_in_one_call),
          CASE(record_is_deleted_exactly_as_it_is),
          CASE(alias_record_is_deleted_without_the_lists_it_has_not), CASE(record_settles_by_its_content),
          CASE(task_definition_is_found_again_among_the_last_revisions),
          CASE(role_loses_its_policies_before_it_goes), CASE(each_ends_where_a_listing_repeats_a_page),
          CASE(zone_gets_its_tags_after_it_is_made),
          CASE(resumed_zone_waits_for_the_change_of_the_killed_run))
