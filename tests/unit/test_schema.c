#include "unit.h"

#include <stdlib.h>

#include "quoin/blob.h"
#include "quoin/embed.h"
#include "quoin/spec.h"
#include "schema_probe.h"

struct fix {
  struct session s;
  struct schema *sc;
  struct buf blob;
};

static void open_embedded(struct fix *f) {
  session_init(&f->s, NULL);
  f->sc = NULL;
  CHECK_INT(schema_open(&f->s, blob_get(BLOB_SCHEMA), &f->sc), QN_OK);
}

static enum qn_err compile(struct fix *f, const char *text) {
  session_init(&f->s, NULL);
  f->sc = NULL;
  f->blob = BUF_INIT(BUF_MAX_DEFAULT);
  uint32_t file = srcmap_add(f->s.sources, STR("schema.json"), str_c(text));
  enum qn_err e = schema_compile(&f->s, &file, 1, &f->blob);
  if (e == QN_OK) CHECK_INT(schema_open(&f->s, buf_str(&f->blob), &f->sc), QN_OK);
  return e;
}

static void done(struct fix *f) {
  schema_free(f->sc);
  session_release(&f->s);
}

static struct stype type(struct fix *f, const char *name) {
  struct stype t = {0};
  CHECK(schema_type(f->sc, str_c(name), &t));
  return t;
}

static unsigned flags_at(struct fix *f, const char *type_name, const char *path) {
  struct stype t = type(f, type_name);
  snode n = schema_at(f->sc, &t, str_c(path));
  CHECK(n != 0);
  return schema_flags(f->sc, n);
}

static struct str format_at(struct fix *f, const char *type_name, const char *path) {
  struct stype t = type(f, type_name);
  return schema_format(f->sc, schema_at(f->sc, &t, str_c(path)));
}

/* ---- the embedded catalogue --------------------------------------------------- */

TEST(types_are_sorted_and_found) {
  struct fix f;
  const struct str *names;
  struct stype t;
  open_embedded(&f);
  size_t n = schema_types(f.sc, &names);
  CHECK(n >= 16);
  for (size_t i = 0; i < n; i++) {
    CHECK(schema_type(f.sc, names[i], &t));
    CHECK_STR(t.name, names[i]);
    if (i) CHECK(str_cmp(names[i - 1], names[i]) < 0);
  }
  CHECK(!schema_type(f.sc, STR("AWS::EC2::Vpc"), &t));
  CHECK(!schema_type(f.sc, STR(""), &t));
  done(&f);
}

TEST(properties_have_their_flags) {
  struct fix f;
  open_embedded(&f);
  CHECK(flags_at(&f, "AWS::EC2::VPC", "CidrBlock") & SF_CREATE_ONLY);
  CHECK_INT(flags_at(&f, "AWS::EC2::VPC", "EnableDnsSupport"), 0);
  CHECK(flags_at(&f, "AWS::EC2::VPC", "InstanceTenancy") & SF_COND_CREATE_ONLY);
  CHECK_INT(flags_at(&f, "AWS::EC2::VPC", "VpcId"), SF_READ_ONLY | SF_IDENTIFIER);
  CHECK_INT(flags_at(&f, "AWS::EC2::Subnet", "VpcId"), SF_CREATE_ONLY | SF_REQUIRED);
  CHECK(flags_at(&f, "AWS::EC2::VPC", "Tags") & SF_SET);
  CHECK(!(flags_at(&f, "AWS::EC2::Subnet", "Tags") & SF_SET));
  CHECK(flags_at(&f, "AWS::EC2::VPC", "Tags[].Key") & SF_REQUIRED);
  CHECK(flags_at(&f, "AWS::IAM::Role", "ManagedPolicyArns") & SF_UNIQUE);
  CHECK(flags_at(&f, "AWS::IAM::Role", "AssumeRolePolicyDocument") & SF_JSON);
  CHECK(flags_at(&f, "AWS::ECS::TaskDefinition", "InferenceAccelerators") & SF_DEPRECATED);
  /* Flags of nested paths stay with the path, not with the definition it goes through. */
  CHECK(flags_at(&f, "AWS::S3::Bucket", "LifecycleConfiguration.Rules[].Transition") & SF_WRITE_ONLY);
  CHECK(!(flags_at(&f, "AWS::S3::Bucket", "LifecycleConfiguration.Rules[].Transitions") & SF_WRITE_ONLY));
  CHECK(flags_at(&f, "AWS::S3::Bucket", "MetadataConfiguration.JournalTableConfiguration.TableArn") &
        SF_READ_ONLY);
  CHECK(flags_at(&f, "AWS::S3::Bucket", "LifecycleConfiguration.Rules[3].Status") & SF_REQUIRED);
  done(&f);
}

TEST(paths_lead_where_they_say) {
  struct fix f;
  open_embedded(&f);
  struct stype t = type(&f, "AWS::ECS::TaskDefinition");
  static const struct {
    const char *path;
    enum skind kind;
  } paths[] = {
      {"", SK_OBJECT},
      {"Cpu", SK_STRING},
      {"ContainerDefinitions", SK_ARRAY},
      {"ContainerDefinitions[]", SK_OBJECT},
      {"ContainerDefinitions[0].Memory", SK_INTEGER},
      {"ContainerDefinitions[].Essential", SK_BOOLEAN},
      {"ContainerDefinitions[].DockerLabels", SK_MAP},
      {"ContainerDefinitions[].DockerLabels.x", SK_STRING},
      {"ContainerDefinitions[].PortMappings[].ContainerPort", SK_INTEGER},
  };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    snode n = schema_at(f.sc, &t, str_c(paths[i].path));
    CHECK(n != 0);
    CHECK_INT(schema_kind(f.sc, n), paths[i].kind);
  }
  static const char *const none[] = {
      "cpu", "Cpu.x", "Cpu[]", "ContainerDefinitions.Memory", "ContainerDefinitions[", "A.b[].C", "."};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) CHECK_INT(schema_at(f.sc, &t, str_c(none[i])), 0);
  done(&f);
}

TEST(what_refers_to_others_has_a_format) {
  static const struct {
    const char *type, *path, *format;
  } want[] = {
      {"AWS::EC2::Subnet", "VpcId", "AWS::EC2::VPC.Id"},
      {"AWS::EC2::VPC", "VpcId", "AWS::EC2::VPC.Id"},
      {"AWS::EC2::SecurityGroup", "VpcId", "AWS::EC2::VPC.Id"},
      {"AWS::EC2::SecurityGroup", "GroupId", "AWS::EC2::SecurityGroup.Id"},
      {"AWS::EC2::SecurityGroup", "SecurityGroupIngress[].SourceSecurityGroupId",
       "AWS::EC2::SecurityGroup.Id"},
      {"AWS::EC2::RouteTable", "VpcId", "AWS::EC2::VPC.Id"},
      {"AWS::EC2::RouteTable", "RouteTableId", "AWS::EC2::RouteTable.Id"},
      {"AWS::EC2::Route", "RouteTableId", "AWS::EC2::RouteTable.Id"},
      {"AWS::EC2::Route", "GatewayId", "AWS::EC2::InternetGateway.Id"},
      {"AWS::EC2::Route", "NatGatewayId", "AWS::EC2::NatGateway.Id"},
      {"AWS::EC2::InternetGateway", "InternetGatewayId", "AWS::EC2::InternetGateway.Id"},
      {"AWS::EC2::VPCGatewayAttachment", "VpcId", "AWS::EC2::VPC.Id"},
      {"AWS::EC2::VPCGatewayAttachment", "InternetGatewayId", "AWS::EC2::InternetGateway.Id"},
      {"AWS::EC2::SubnetRouteTableAssociation", "SubnetId", "AWS::EC2::Subnet.Id"},
      {"AWS::EC2::SubnetRouteTableAssociation", "RouteTableId", "AWS::EC2::RouteTable.Id"},
      {"AWS::ECS::Service", "Cluster", "AWS::ECS::Cluster.Arn"},
      {"AWS::ECS::Service", "TaskDefinition", "AWS::ECS::TaskDefinition.Arn"},
      {"AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration.Subnets[]", "AWS::EC2::Subnet.Id"},
      {"AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups[]",
       "AWS::EC2::SecurityGroup.Id"},
      {"AWS::ECS::Service", "LoadBalancers[].TargetGroupArn", "AWS::ElasticLoadBalancingV2::TargetGroup.Arn"},
      {"AWS::ECS::TaskDefinition", "TaskRoleArn", "AWS::IAM::Role.Arn"},
      {"AWS::ECS::Cluster", "Arn", "AWS::ECS::Cluster.Arn"},
      {"AWS::IAM::Role", "ManagedPolicyArns[]", "AWS::IAM::ManagedPolicy.Arn"},
      {"AWS::S3::Bucket", "NotificationConfiguration.QueueConfigurations[].Queue", "AWS::SQS::Queue.Arn"},
      {"AWS::S3::Bucket", "ReplicationConfiguration.Rules[].Destination.Bucket", "AWS::S3::Bucket.Arn"},
      {"AWS::Logs::LogGroup", "KmsKeyId", "AWS::KMS::Key.Arn"},
      {"AWS::Route53::RecordSet", "HostedZoneId", "AWS::Route53::HostedZone.Id"},
      {"AWS::Route53::HostedZone", "Id", "AWS::Route53::HostedZone.Id"},
      {"AWS::Route53::HostedZone", "VPCs[].VPCId", "AWS::EC2::VPC.Id"},
  };
  struct fix f;
  open_embedded(&f);
  for (size_t i = 0; i < sizeof want / sizeof *want; i++)
    CHECK_STR(format_at(&f, want[i].type, want[i].path), str_c(want[i].format));
  done(&f);
}

TEST(tags_identifiers_defaults_and_enums) {
  struct fix f;
  struct str *ids;
  const struct value *v = NULL;
  open_embedded(&f);
  struct arena *a = &f.s.arena;
  struct stype vpc = type(&f, "AWS::EC2::VPC"), zone = type(&f, "AWS::Route53::HostedZone"),
               route = type(&f, "AWS::EC2::Route"), att = type(&f, "AWS::EC2::VPCGatewayAttachment"),
               logs = type(&f, "AWS::Logs::LogGroup"), service = type(&f, "AWS::ECS::Service");
  CHECK_STR(schema_tag_property(f.sc, &vpc), STR("Tags"));
  CHECK_STR(schema_tag_property(f.sc, &zone), STR("HostedZoneTags"));
  CHECK_STR(schema_tag_property(f.sc, &route), STR(""));
  CHECK_STR(schema_replacement(f.sc, &att), STR("delete_then_create"));
  CHECK_STR(schema_replacement(f.sc, &vpc), STR(""));
  CHECK_INT(schema_identifier(f.sc, &route, a, &ids), 2);
  CHECK_STR(ids[0], STR("RouteTableId"));
  CHECK_STR(ids[1], STR("CidrBlock"));
  CHECK(schema_default(f.sc, schema_at(f.sc, &logs, STR("LogGroupClass")), a, &v));
  CHECK_STR(value_text(v), STR("STANDARD"));
  CHECK(schema_default(f.sc, schema_at(f.sc, &logs, STR("DeletionProtectionEnabled")), a, &v));
  CHECK(value_is(v, V_BOOL) && !v->b);
  CHECK(!schema_default(f.sc, schema_at(f.sc, &logs, STR("LogGroupName")), a, &v));
  CHECK_INT(schema_enum(f.sc, schema_at(f.sc, &service, STR("LaunchType")), a, &ids), 3);
  CHECK_STR(ids[1], STR("FARGATE"));
  done(&f);
}

/* The view that lang has. */
TEST(lang_sees_types_and_attributes) {
  struct fix f;
  struct lang_types l;
  uint8_t kind;
  struct str format, *names;
  bool read_only, is_map;
  open_embedded(&f);
  schema_lang_types(f.sc, &f.s, &l);
  CHECK(l.type_known(l.user, STR("AWS::EC2::VPC")) && !l.type_known(l.user, STR("AWS::EC2")));
  CHECK(l.attribute(l.user, STR("AWS::EC2::VPC"), STR("VpcId"), &kind, &format, &read_only));
  CHECK_INT(kind, V_STR);
  CHECK_STR(format, STR("AWS::EC2::VPC.Id"));
  CHECK(read_only);
  CHECK(l.attribute(l.user, STR("AWS::Route53::RecordSet"), STR("Id"), &kind, &format, &read_only));
  CHECK_STR(format, STR("AWS::Route53::RecordSet.Id")); /* its own: the schema has none */
  CHECK(l.attribute(l.user, STR("AWS::ECS::Service"), STR("DesiredCount"), &kind, &format, &read_only));
  CHECK(kind == V_INT && format.n == 0 && !read_only);
  CHECK(!l.attribute(l.user, STR("AWS::EC2::VPC"), STR("Nothing"), &kind, &format, &read_only));
  CHECK_INT(l.attribute_names(l.user, &f.s.arena, STR("AWS::EC2::InternetGateway"), &names), 2);
  CHECK(l.tags(l.user, STR("AWS::EC2::VPC"), &format, &is_map) && !is_map);
  CHECK(!l.tags(l.user, STR("AWS::EC2::Route"), &format, &is_map));
  done(&f);
}

/* ---- damaged tables -------------------------------------------------------------- */

TEST(damaged_tables_never_crash) {
  struct str good = blob_get(BLOB_SCHEMA);
  char *copy = malloc(good.n);
  CHECK(copy != NULL);
  if (!copy) return;
  uint32_t seed = 1;
  for (int round = 0; round < 300; round++) {
    struct session s;
    session_init(&s, NULL);
    memcpy(copy, good.p, good.n);
    for (int k = 0; k < 1 + round % 40; k++) {
      seed = seed * 1664525u + 1013904223u;
      /* half of the damage goes to the head, where it hurts most */
      size_t at = k % 2 ? (seed >> 4) % good.n : (seed >> 4) % 2048;
      copy[at] = (char)(seed >> 24);
    }
    probe_schema(&s, (struct str){copy, good.n}, 2);
    session_release(&s);
  }
  free(copy);
}

TEST(cut_tables_are_refused) {
  struct str good = blob_get(BLOB_SCHEMA);
  for (size_t n = 0; n < good.n; n += n < 200 ? 1 : 997) {
    struct session s;
    session_init(&s, NULL);
    char *copy = malloc(n + 1);
    CHECK(copy != NULL);
    if (copy && n) memcpy(copy, good.p, n);
    struct schema *sc = NULL;
    CHECK_INT(schema_open(&s, (struct str){copy, n}, &sc), QN_E_INVALID);
    CHECK_INT(s.diags.n_errors, 1);
    free(copy);
    session_release(&s);
  }
  struct session s;
  session_init(&s, NULL);
  CHECK(probe_schema(&s, good, 100) >= 16);
  session_release(&s);
}

/* ---- compiling ---------------------------------------------------------------------- */

TEST(recursive_definitions_are_cycles) {
  struct fix f;
  CHECK_INT(compile(&f,
                    "{\"types\":{\"A::B::C\":{\"id\":[\"X\"],\"root\":{\"type\":\"object\",\"props\":{\"S\":{"
                    "\"ref\":\"S\",\"is\":[\"create-only\"]}}},"
                    "\"defs\":{\"S\":{\"type\":\"object\",\"props\":{\"And\":{\"type\":\"array\",\"items\":{"
                    "\"ref\":\"S\"}},\"Not\":{\"ref\":\"S\"},\"V\":{\"type\":\"string\"}}}}}}}"),
            QN_OK);
  struct stype t = type(&f, "A::B::C");
  CHECK(flags_at(&f, "A::B::C", "S") & SF_CREATE_ONLY);
  snode deep = schema_at(f.sc, &t, STR("S.Not.And[].Not.And[].V"));
  CHECK_INT(schema_kind(f.sc, deep), SK_STRING);
  CHECK_INT(deep, schema_at(f.sc, &t, STR("S.V")));
  CHECK(!(flags_at(&f, "A::B::C", "S.Not") & SF_CREATE_ONLY));
  buf_release(&f.blob);
  done(&f);
}

TEST(wrong_sources_are_refused) {
  static const struct {
    const char *text, *message;
  } bad[] = {
      {"{", "a key in quotes wanted"},
      {"[]", "schema.json: no object \"types\""},
      {"{\"types\":{\"T\":{\"root\":{\"type\":\"sting\"}}}}", "T: unknown kind \"sting\""},
      {"{\"types\":{\"T\":{\"root\":{\"type\":\"string\",\"patern\":\"x\"}}}}", "T: unknown key \"patern\""},
      {"{\"types\":{\"T\":{\"root\":{\"ref\":\"X\"}}}}", "T: no definition \"X\""},
      {"{\"types\":{\"T\":{\"root\":{\"type\":\"any\",\"is\":[\"new\"]}}}}", "T: unknown mark \"new\""},
      {"{\"types\":{\"T\":{\"root\":[]}}}", "T: a node is not an object \"\""},
      {"{\"types\":{\"T\":{}}}", "T: a node is not an object \"\""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct fix f;
    CHECK_INT(compile(&f, bad[i].text), QN_E_INVALID);
    CHECK(f.s.diags.n == 1);
    if (f.s.diags.n) CHECK_STR(f.s.diags.v[0]->message, str_c(bad[i].message));
    buf_release(&f.blob);
    done(&f);
  }
}

TEST(a_type_in_two_files_is_refused) {
  struct session s;
  session_init(&s, NULL);
  const char *text = "{\"types\":{\"T\":{\"root\":{\"type\":\"any\"}}}}";
  uint32_t files[2] = {srcmap_add(s.sources, STR("a"), str_c(text)),
                       srcmap_add(s.sources, STR("b"), str_c(text))};
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  CHECK_INT(schema_compile(&s, files, 2, &out), QN_E_INVALID);
  buf_release(&out);
  session_release(&s);
}

/* ---- rules that the embedded types do not use ------------------------------------------- */

static enum qn_err check_json(struct fix *f, const char *props) {
  struct stype t = type(f, "T");
  const struct value *v = NULL, *typed;
  CHECK_INT(json_parse(&f->s, &f->s.arena, str_c(props), &v, NULL), QN_OK);
  f->s.diags.n = 0;
  f->s.diags.n_errors = 0;
  return schema_check(f->sc, &f->s, &t, v, SPAN_NONE, &typed);
}

static struct str first_message(struct fix *f) {
  return f->s.diags.n ? f->s.diags.v[0]->message : STR("none");
}

TEST(other_rules_of_schemas) {
  static const struct {
    const char *props, *message;
  } cases[] = {
      {"{\"N\":60}", "none"},
      {"{\"N\":61}", "N must be a multiple of 60, this is 61"},
      {"{\"D\":0.25}", "none"},
      {"{\"D\":0.24999999999999999999}", "D must be at least 0.25, this is 0.24999999999999999999"},
      {"{\"D\":1e30}", "D must be at most 1000000, this is 1000000000000000000000000000000"},
      {"{\"E\":\"monday\"}", "none"},
      {"{\"E\":\"mon\"}", "E cannot be \"mon\""},
      {"{\"M\":{\"ab\":\"x\"}}", "none"},
      {"{\"M\":{\"a1\":\"x\"}}", "\"a1\" cannot be a key of M"},
      {"{\"M\":{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"}}", "M must have at most 2 members, this has 3"},
      {"{\"W\":\"2024-02-29T10:00:00Z\"}", "none"},
      {"{\"W\":\"29.2.2024\"}", "W must be a time such as 2030-01-31T12:00:00Z, this is \"29.2.2024\""},
      {"{\"V6\":\"2001:db8::/32\"}", "none"},
      {"{\"V6\":\"2001:db8::1/32\"}",
       "V6 must be an IPv6 network such as 2001:db8::/32, this is \"2001:db8::1/32\""},
      {"{\"O\":{\"B\":\"2\"}}", "O needs exactly one of A, B with C"},
      {"{\"O\":{\"B\":\"2\",\"C\":\"3\"}}", "none"},
      {"{\"O\":{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}}", "O needs exactly one of A, B with C"},
      {"{\"Any\":{\"a\":[1,{\"b\":null}]}}", "none"},
  };
  struct fix f;
  CHECK_INT(
      compile(
          &f,
          "{\"types\":{\"T\":{\"root\":{\"type\":\"object\",\"props\":{"
          "\"N\":{\"type\":\"integer\",\"multiple\":\"60\"},"
          "\"D\":{\"type\":\"number\",\"min\":\"0.25\",\"max\":\"1000000\"},"
          "\"E\":{\"type\":\"string\",\"enum\":[\"MONDAY\"],\"nocase\":true},"
          "\"M\":{\"type\":\"map\",\"keys\":\"^[a-z]+$\",\"items\":{\"type\":\"string\"},\"count\":[0,2]},"
          "\"W\":{\"type\":\"string\",\"format\":\"date-time\"},"
          "\"V6\":{\"type\":\"string\",\"format\":\"ipv6-network\"},"
          "\"Any\":{\"type\":\"any\"},"
          "\"O\":{\"type\":\"object\",\"one_of\":[[\"A\"],[\"B\",\"C\"]],\"props\":{\"A\":{\"type\":"
          "\"string\"},"
          "\"B\":{\"type\":\"string\"},\"C\":{\"type\":\"string\"}}}}}}}}"),
      QN_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    enum qn_err e = check_json(&f, cases[i].props);
    CHECK_STR(first_message(&f), str_c(cases[i].message));
    CHECK_INT(e, f.s.diags.n ? QN_E_INVALID : QN_OK);
  }
  buf_release(&f.blob);
  done(&f);
}

TEST_MAIN(CASE(types_are_sorted_and_found), CASE(properties_have_their_flags),
          CASE(paths_lead_where_they_say), CASE(what_refers_to_others_has_a_format),
          CASE(tags_identifiers_defaults_and_enums), CASE(lang_sees_types_and_attributes),
          CASE(damaged_tables_never_crash), CASE(cut_tables_are_refused),
          CASE(recursive_definitions_are_cycles), CASE(wrong_sources_are_refused),
          CASE(a_type_in_two_files_is_refused), CASE(other_rules_of_schemas))
