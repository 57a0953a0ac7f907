/* Reads: calls are shared and counted exactly, replies find their resources. */
#include "unit.h"

#include "defs.h"

struct want {
  struct str address;
  const char *type, *identity, *managed;
};
struct answer {
  const char *op, *input, *reply;
};

struct run {
  struct world *t;
  struct readset *rs;
  const struct answer *answers;
  size_t n;
};

static const struct str *names(struct world *t, const char *text, uint32_t *n) {
  struct str rest = str_c(text), *v = ARENA_ARRAY(t->a, 32, struct str);
  *n = 0;
  while (rest.n) {
    struct str one;
    rest = str_cut(rest, ' ', &one);
    v[(*n)++] = one;
  }
  return v;
}

static struct readset *open_set(struct world *t, const struct want *w, uint32_t n) {
  struct read_item *it = ARENA_ARRAY(t->a, n, struct read_item);
  for (uint32_t i = 0; i < n; i++) {
    it[i] = (struct read_item){.region = session_sym(&t->s, STR("us-east-1")),
                               .def = must_find(t, w[i].type),
                               .identity = json(t, w[i].identity)};
    it[i].managed = names(t, w[i].managed, &it[i].n_managed);
  }
  return readset_new(&t->s, t->a, t->p, session_sym(&t->s, STR("123456789012")),
                     session_sym(&t->s, STR("aws")), it, n);
}

/* Answers every call from the table (operation and input must fit) until nothing is left. */
static void answer_all(struct run *r) {
  struct call c;
  uint32_t token;
  for (int guard = 0; guard < 10000 && !readset_done(r->rs); guard++) {
    if (!readset_next(r->rs, &c, &token)) {
      FAIL("the set waits for nothing");
      return;
    }
    check_serialises(r->t, &c);
    const struct answer *hit = NULL;
    struct str in = json_text(r->t, c.input);
    for (size_t i = 0; i < r->n && !hit; i++)
      if (str_eq(c.op->name, str_c(r->answers[i].op)) &&
          (!r->answers[i].input || str_eq(in, json_text(r->t, json(r->t, r->answers[i].input)))))
        hit = &r->answers[i];
    if (!hit) printf("no answer to %.*s %.*s\n", SV(c.op->name), SV(in));
    CHECK(hit != NULL);
    struct reply rep = reply_of(r->t, c.op, hit ? hit->reply : "{}");
    readset_reply(r->rs, token, &rep);
  }
}

static struct str live(struct run *r, uint32_t i) {
  const struct read_result *res = readset_result(r->rs, i);
  if (res->state == RR_FAILED) return str_fmt(r->t->a, "failed %.*s %.*s", SV(res->code), SV(res->message));
  if (res->state == RR_GONE) return STR("gone");
  return res->state == RR_PENDING ? STR("pending") : json_text(r->t, res->live);
}

TEST(tables_routes_and_associations_share_one_call) {
  struct world t;
  world_open(&t);
  const struct want w[] = {
      {STR("a"), "AWS::EC2::RouteTable", "{\"RouteTableId\":\"rtb-1\"}", "Tags"},
      {STR("b"), "AWS::EC2::RouteTable", "{\"RouteTableId\":\"rtb-2\"}", ""},
      {STR("c"), "AWS::EC2::Route", "{\"RouteTableId\":\"rtb-1\",\"CidrBlock\":\"0.0.0.0/0\"}", "GatewayId"},
      {STR("d"), "AWS::EC2::Route", "{\"RouteTableId\":\"rtb-1\",\"CidrBlock\":\"10.9.0.0/16\"}", ""},
      {STR("e"), "AWS::EC2::SubnetRouteTableAssociation", "{\"Id\":\"as-1\",\"RouteTableId\":\"rtb-1\"}", ""},
      {STR("f"), "AWS::EC2::SubnetRouteTableAssociation", "{\"Id\":\"as-2\",\"RouteTableId\":\"rtb-1\"}",
       ""}};
  const struct answer an[] = {
      {"DescribeRouteTables",
       "{\"Filters\":[{\"Name\":\"route-table-id\",\"Values\":[\"rtb-1\",\"rtb-2\"]}]}",
       "{\"RouteTables\":[{\"RouteTableId\":\"rtb-1\",\"VpcId\":\"vpc-1\",\"Tags\":[{\"Key\":\"a\",\"Value\":"
       "\"b\"}],"
       "\"Routes\":[{\"DestinationCidrBlock\":\"10.0.0.0/"
       "16\",\"GatewayId\":\"local\"},{\"DestinationCidrBlock\":\"0.0.0.0/"
       "0\",\"GatewayId\":\"igw-1\",\"State\":\"active\"}],"
       "\"Associations\":[{\"RouteTableAssociationId\":\"as-1\",\"RouteTableId\":\"rtb-1\",\"SubnetId\":"
       "\"subnet-1\"}]}]}"}};
  struct run r = {&t, open_set(&t, w, 6), an, 1};
  CHECK_INT(readset_bound(r.rs), 1);
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 1);
  CHECK_STR(
      live(&r, 0),
      STR("{\"RouteTableId\":\"rtb-1\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}],\"VpcId\":\"vpc-1\"}"));
  CHECK_STR(live(&r, 1), STR("gone"));
  CHECK_STR(live(&r, 2), STR("{\"CidrBlock\":\"0.0.0.0/0\",\"DestinationCidrBlock\":\"0.0.0.0/"
                             "0\",\"GatewayId\":\"igw-1\",\"RouteTableId\":\"rtb-1\"}"));
  CHECK_STR(live(&r, 3), STR("gone"));
  CHECK_STR(live(&r, 4), STR("{\"Id\":\"as-1\",\"RouteTableId\":\"rtb-1\",\"SubnetId\":\"subnet-1\"}"));
  CHECK_STR(live(&r, 5), STR("gone"));
  world_close(&t);
}

TEST(per_resource_reads_only_for_managed_properties) {
  struct world t;
  world_open(&t);
  const struct want w[] = {{STR("a"), "AWS::EC2::VPC", "{\"VpcId\":\"vpc-1\"}", "CidrBlock EnableDnsSupport"},
                           {STR("b"), "AWS::EC2::VPC", "{\"VpcId\":\"vpc-2\"}", "CidrBlock"},
                           {STR("c"), "AWS::EC2::VPC", "{\"VpcId\":\"vpc-3\"}", "DefaultSecurityGroup"}};
  const struct answer an[] = {
      {"DescribeVpcs", NULL,
       "{\"Vpcs\":[{\"VpcId\":\"vpc-1\",\"CidrBlock\":\"10.0.0.0/"
       "16\",\"State\":\"available\",\"InstanceTenancy\":\"default\"},{\"VpcId\":\"vpc-3\"}]}"},
      {"DescribeVpcAttribute", "{\"VpcId\":\"vpc-1\",\"Attribute\":\"enableDnsSupport\"}",
       "{\"VpcId\":\"vpc-1\",\"EnableDnsSupport\":{\"Value\":false}}"},
      {"DescribeSecurityGroups", NULL, "{\"SecurityGroups\":[{\"GroupId\":\"sg-7\"}]}"}};
  struct run r = {&t, open_set(&t, w, 3), an, 3};
  CHECK_INT(readset_bound(r.rs), 3);
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 3);
  CHECK_STR(live(&r, 0),
            STR("{\"CidrBlock\":\"10.0.0.0/"
                "16\",\"CidrBlockAssociations\":[],\"EnableDnsSupport\":false,\"InstanceTenancy\":"
                "\"default\",\"Ipv6CidrBlocks\":[],\"Tags\":[],\"VpcId\":\"vpc-1\"}"));
  CHECK_STR(live(&r, 1), STR("gone"));
  CHECK_STR(live(&r, 2), STR("{\"CidrBlockAssociations\":[],\"DefaultSecurityGroup\":\"sg-7\","
                             "\"Ipv6CidrBlocks\":[],\"Tags\":[],\"VpcId\":\"vpc-3\"}"));
  world_close(&t);
}

TEST(services_go_by_cluster_in_tens) {
  struct world t;
  world_open(&t);
  struct want w[14];
  for (uint32_t i = 0; i < 14; i++)
    w[i] = (struct want){
        STR("a"), "AWS::ECS::Service",
        str_fmt(t.a, "{\"ServiceArn\":\"arn:s%u\",\"Cluster\":\"arn:aws:ecs:us-east-1:1:cluster/%s\"}", i,
                i < 12 ? "one" : "two")
            .p,
        "DesiredCount"};
  const struct answer an[] = {
      {"DescribeServices", NULL,
       "{\"services\":[{\"serviceArn\":\"arn:s3\",\"status\":\"ACTIVE\",\"desiredCount\":2,\"clusterArn\":"
       "\"c\"},{\"serviceArn\":\"arn:s4\",\"status\":\"INACTIVE\"}],\"failures\":[]}"}};
  struct run r = {&t, open_set(&t, w, 14), an, 1};
  CHECK_INT(readset_bound(r.rs), 3);
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 3);
  CHECK_INT(readset_result(r.rs, 3)->state, RR_LIVE);
  CHECK_INT(value_get(&t.s, readset_result(r.rs, 3)->live, STR("DesiredCount"))->i, 2);
  CHECK_INT(readset_result(r.rs, 4)->state, RR_GONE);
  CHECK_INT(readset_result(r.rs, 13)->state, RR_GONE);
  world_close(&t);
}

TEST(pages_and_second_batches) {
  struct world t;
  world_open(&t);
  struct want w[12];
  for (uint32_t i = 0; i < 12; i++)
    w[i] = (struct want){STR("a"), "AWS::Route53::HostedZone", str_fmt(t.a, "{\"Id\":\"Z%u\"}", i).p,
                         i == 0 ? "Name HostedZoneTags VPCs" : "HostedZoneTags"};
  const struct answer an[] = {
      {"ListHostedZones", "{}",
       "{\"HostedZones\":[{\"Id\":\"/hostedzone/"
       "Z0\",\"Name\":\"a.\",\"Config\":{\"Comment\":\"c\"}}],\"IsTruncated\":true,\"NextMarker\":\"m\"}"},
      {"ListHostedZones", "{\"Marker\":\"m\"}",
       "{\"HostedZones\":[{\"Id\":\"/hostedzone/Z1\",\"Name\":\"b.\"}],\"IsTruncated\":false}"},
      {"ListTagsForResources", "{\"ResourceType\":\"hostedzone\",\"ResourceIds\":[\"Z0\",\"Z1\"]}",
       "{\"ResourceTagSets\":[{\"ResourceType\":\"hostedzone\",\"ResourceId\":\"Z1\",\"Tags\":[{\"Key\":"
       "\"k\",\"Value\":\"v\"}]},{\"ResourceId\":\"Z0\",\"Tags\":[]}]}"},
      {"GetHostedZone", "{\"Id\":\"Z0\"}",
       "{\"HostedZone\":{\"Id\":\"/hostedzone/"
       "Z0\"},\"VPCs\":[{\"VPCId\":\"vpc-1\",\"VPCRegion\":\"us-east-1\"}],\"DelegationSet\":{"
       "\"NameServers\":[\"ns1\"]}}"}};
  struct run r = {&t, open_set(&t, w, 12), an, 4};
  CHECK_INT(readset_bound(r.rs), 4); /* one listing, two tag batches if all are there, one zone */
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 4); /* two pages, one tag batch, one zone */
  CHECK_STR(
      live(&r, 0),
      STR("{\"HostedZoneConfig\":{\"Comment\":\"c\"},\"HostedZoneTags\":[],\"Id\":\"Z0\",\"Name\":\"a.\","
          "\"NameServers\":[\"ns1\"],\"VPCs\":[{\"VPCId\":\"vpc-1\",\"VPCRegion\":\"us-east-1\"}]}"));
  CHECK_STR(live(&r, 1),
            STR("{\"HostedZoneTags\":[{\"Key\":\"k\",\"Value\":\"v\"}],\"Id\":\"Z1\",\"Name\":\"b.\"}"));
  CHECK_STR(live(&r, 2), STR("gone"));
  world_close(&t);
}

/* Neither asked forever nor taken for the end, behind which everything would be gone. */
TEST(listing_that_repeats_a_page_fails) {
  struct world t;
  world_open(&t);
  struct want w[] = {{STR("a"), "AWS::Route53::HostedZone", "{\"Id\":\"Z1\"}", "Name"}};
  const struct answer an[] = {{"ListHostedZones", NULL,
                               "{\"HostedZones\":[{\"Id\":\"/hostedzone/Z0\",\"Name\":\"a.\"}],"
                               "\"IsTruncated\":true,\"NextMarker\":\"m\"}"}};
  struct run r = {&t, open_set(&t, w, 1), an, 1};
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 2);
  CHECK_INT(readset_result(r.rs, 0)->state, RR_FAILED);
  CHECK_STR(readset_result(r.rs, 0)->message, STR("the listing names the same page twice"));
  world_close(&t);
}

TEST(bucket_aspects) {
  struct world t;
  world_open(&t);
  const struct want w[] = {
      {STR("a"), "AWS::S3::Bucket", "{\"BucketName\":\"b\"}",
       "VersioningConfiguration LifecycleConfiguration CorsConfiguration LoggingConfiguration Tags"},
      {STR("b"), "AWS::S3::Bucket", "{\"BucketName\":\"other\"}", "Tags"}};
  const struct answer an[] = {
      {"ListBuckets", "{}", "{\"Buckets\":[{\"Name\":\"b\"},{\"Name\":\"theirs\"}]}"},
      {"GetBucketVersioning", "{\"Bucket\":\"b\"}", "{\"Status\":\"Enabled\"}"},
      {"GetBucketLifecycleConfiguration", NULL,
       "{\"Rules\":[{\"ID\":\"r\",\"Status\":\"Enabled\",\"Expiration\":{\"Days\":30},\"Filter\":{\"And\":{"
       "\"Prefix\":\"x\",\"ObjectSizeGreaterThan\":5}}}],\"TransitionDefaultMinimumObjectSize\":\"varies\"}"},
      {"GetBucketCors", NULL, "!NoSuchCORSConfiguration none"},
      {"GetBucketLogging", NULL, "{}"},
      {"GetBucketTagging", NULL, "{\"TagSet\":[{\"Key\":\"k\",\"Value\":\"v\"}]}"}};
  struct run r = {&t, open_set(&t, w, 2), an, 6};
  CHECK_INT(readset_bound(r.rs), 7);
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 6);
  CHECK_STR(live(&r, 0),
            STR("{\"Arn\":\"arn:aws:s3:::b\",\"BucketName\":\"b\",\"DomainName\":\"b.s3.amazonaws.com\","
                "\"DualStackDomainName\":\"b.s3.dualstack.us-east-1.amazonaws.com\","
                "\"LifecycleConfiguration\":{\"Rules\":[{\"ExpirationInDays\":30,\"Id\":\"r\","
                "\"ObjectSizeGreaterThan\":\"5\",\"Prefix\":\"x\",\"Status\":\"Enabled\"}],"
                "\"TransitionDefaultMinimumObjectSize\":\"varies\"},"
                "\"RegionalDomainName\":\"b.s3.us-east-1.amazonaws.com\",\"Tags\":[{\"Key\":\"k\",\"Value\":"
                "\"v\"}],\"VersioningConfiguration\":{\"Status\":\"Enabled\"},\"WebsiteURL\":\"http://"
                "b.s3-website-us-east-1.amazonaws.com\"}"));
  CHECK_STR(live(&r, 1), STR("gone"));
  world_close(&t);
}

TEST(failures_are_told_apart) {
  struct world t;
  world_open(&t);
  const struct want w[] = {
      {STR("a"), "AWS::Route53::RecordSet", "{\"HostedZoneId\":\"Z1\",\"Id\":\"www.a|A|\"}", ""},
      {STR("b"), "AWS::Route53::RecordSet", "{\"HostedZoneId\":\"Z2\",\"Id\":\"*.a|A|\"}", ""},
      {STR("c"), "AWS::Route53::RecordSet", "{\"HostedZoneId\":\"Z3\",\"Id\":\"www.a|A|\"}", ""}};
  const struct answer an[] = {
      {"ListResourceRecordSets", "{\"HostedZoneId\":\"Z1\"}", "!NoSuchHostedZone gone"},
      {"ListResourceRecordSets", "{\"HostedZoneId\":\"Z2\"}",
       "{\"ResourceRecordSets\":[{\"Name\":\"\\\\052.a.\",\"Type\":\"A\",\"TTL\":300,\"ResourceRecords\":[{"
       "\"Value\":\"1.2.3.4\"}]}],\"IsTruncated\":false}"},
      {"ListResourceRecordSets", "{\"HostedZoneId\":\"Z3\"}", "!AccessDenied no"}};
  struct run r = {&t, open_set(&t, w, 3), an, 3};
  CHECK_INT(readset_bound(r.rs), 3);
  answer_all(&r);
  CHECK_STR(live(&r, 0), STR("gone"));
  CHECK_STR(live(&r, 1), STR("{\"HostedZoneId\":\"Z2\",\"Id\":\"*.a|A|\",\"Name\":\"*.a\","
                             "\"ResourceRecords\":[\"1.2.3.4\"],\"TTL\":\"300\",\"Type\":\"A\"}"));
  CHECK_STR(live(&r, 2), STR("failed AccessDenied no"));
  world_close(&t);
}

TEST(five_thousand_resources) {
  struct world t;
  world_open(&t);
  struct want *w = ARENA_ARRAY(t.a, 5000, struct want);
  for (uint32_t i = 0; i < 5000; i++)
    w[i] = (struct want){STR("a"), "AWS::EC2::SecurityGroup", str_fmt(t.a, "{\"GroupId\":\"sg-%u\"}", i).p,
                         "SecurityGroupIngress"};
  const struct answer an[] = {
      {"DescribeSecurityGroups", NULL,
       "{\"SecurityGroups\":[{\"GroupId\":\"sg-4999\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\","
       "\"FromPort\":80,\"ToPort\":80,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]}]}"}};
  struct run r = {&t, open_set(&t, w, 5000), an, 1};
  CHECK_INT(readset_bound(r.rs), 25);
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 25);
  CHECK_STR(
      live(&r, 4999),
      STR("{\"GroupId\":\"sg-4999\",\"Id\":\"sg-4999\",\"SecurityGroupEgress\":[],\"SecurityGroupIngress\":[{"
          "\"CidrIp\":\"0.0.0.0/0\",\"FromPort\":80,\"IpProtocol\":\"tcp\",\"ToPort\":80}],\"Tags\":[]}"));
  world_close(&t);
}

/* One that is gone fails a call for many: halves say which. */
TEST(refused_calls_for_many_ids_are_halved) {
  struct world t;
  world_open(&t);
#define GROUP(x)                                                                                             \
  { STR(x), "AWS::ElasticLoadBalancingV2::TargetGroup", "{\"TargetGroupArn\":\"" x "\"}", "Port" }
#define IDS(x)  "{\"TargetGroupArns\":[" x "]}"
#define ITEM(x) "{\"TargetGroupArn\":\"" x "\",\"Port\":80}"
  const struct want w[] = {GROUP("a"), GROUP("b"), GROUP("c")};
  const struct answer an[] = {
      {"DescribeTargetGroups", IDS("\"a\",\"b\",\"c\""), "!TargetGroupNotFound one or more"},
      {"DescribeTargetGroups", IDS("\"b\",\"c\""), "!TargetGroupNotFound one or more"},
      {"DescribeTargetGroups", IDS("\"a\""), "{\"TargetGroups\":[" ITEM("a") "]}"},
      {"DescribeTargetGroups", IDS("\"b\""), "!TargetGroupNotFound one or more"},
      {"DescribeTargetGroups", IDS("\"c\""), "{\"TargetGroups\":[" ITEM("c") "]}"}};
  struct run r = {&t, open_set(&t, w, 3), an, 5};
  answer_all(&r);
  CHECK_INT(readset_calls(r.rs), 5);
  CHECK_INT(readset_result(r.rs, 0)->state, RR_LIVE);
  CHECK_INT(readset_result(r.rs, 1)->state, RR_GONE);
  CHECK_INT(readset_result(r.rs, 2)->state, RR_LIVE);
  world_close(&t);
}

TEST_MAIN(CASE(tables_routes_and_associations_share_one_call),
          CASE(per_resource_reads_only_for_managed_properties), CASE(services_go_by_cluster_in_tens),
          CASE(pages_and_second_batches), CASE(bucket_aspects), CASE(listing_that_repeats_a_page_fails),
          CASE(failures_are_told_apart), CASE(five_thousand_resources),
          CASE(refused_calls_for_many_ids_are_halved))
