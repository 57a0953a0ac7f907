/* What docs/state.md promises of runs in which more than one thing goes wrong. */
#include "unit.h"

#include <stdarg.h>

#include "apply_kit.h"

#define NET                                                                                                  \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true } }\n"       \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.1.0/24, "           \
  "MapPublicIpOnLaunch: true } }\n"
#define ZONE                                                                                                 \
  "resources:\n"                                                                                             \
  "  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com } }\n"                          \
  "  www: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "www.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.1] } }\n"                                 \
  "  api: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "api.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.2] } }\n"

static bool said(enum diag_code code) {
  for (size_t i = 0; i < ss()->diags.n; i++)
    if (ss()->diags.v[i]->code == code) return true;
  return false;
}

static void check_net(void) {
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(count("subnet"), 1);
}
static void check_zone(void) {
  CHECK_INT(count("zone"), 1);
  CHECK_INT(count("record"), 2);
}

/* Killed at every point of a run in which a call is refused first; then until it converges. */
static int refused_and_killed(const char *spec, const struct fault *fault, void (*check)(void)) {
  int kill = 1;
  for (bool past = false; !past && kill < 200 && !unit_failed; kill++) {
    kit_open();
    f->fault = *fault;
    f->kill_at = kill;
    kit_apply(spec);
    past = !f->dead;
    f->dead = false;
    f->kill_at = 0;
    struct outcome_of o = {0};
    unsigned runs = 0;
    do {
      ss()->diags.n = ss()->diags.n_errors = 0;
      o = kit_apply(spec);
    } while (++runs < 3 && (o.settle || o.plan || o.apply));
    CHECK(!o.settle && !o.plan && !o.apply);
    check();
    CHECK(kit_plan(spec).empty);
    if (unit_failed) {
      printf("killed at %d\n", kill);
      world_diags(&f->w);
    }
    kit_end();
  }
  return kill;
}

/* The refusal closes the create's first intent; the second one must know as much as the first. */
TEST(a_create_that_is_sent_again_after_a_refusal_is_found_again) {
  struct fault busy = {.op = "CreateSubnet", .cls = EC_CLIENT, .code = "InvalidVpcID.NotFound", .times = 1};
  CHECK(refused_and_killed(NET, &busy, check_net) > 10);
  struct fault zone = {
      .op = "ChangeResourceRecordSets", .cls = EC_CLIENT, .code = "NoSuchHostedZone", .times = 3};
  CHECK(refused_and_killed(ZONE, &zone, check_zone) > 10);
}

/* One attempt may have been carried out, a later one within the same call was told to wait. */
TEST(a_create_that_may_have_happened_is_not_repeated_because_another_attempt_was_refused) {
  kit_open();
  f->fault = (struct fault){.op = "ChangeResourceRecordSets",
                            .skip = 0,
                            .executed = true,
                            .cls = EC_CLIENT,
                            .code = "PriorRequestNotComplete",
                            .times = 1};
  struct outcome_of o = kit_apply(ZONE);
  CHECK(!o.apply);
  CHECK(!said(QN0851));
  check_zone();
  CHECK(kit_plan(ZONE).empty);
  if (unit_failed) world_diags(&f->w);
  kit_end();
}

static int reasons;
static void look_for_reason(void *user, const struct apply_event *e) {
  (void)user;
  if (e->kind != AE_SKIPPED) return;
  reasons +=
      str_eq(e->text, STR("it needs vpc, which failed")) || str_eq(e->text, STR("another change failed"));
  CHECK(e->text.n > 0);
}

TEST(what_is_skipped_says_why) {
  struct fault refused = {.op = "CreateVpc", .cls = EC_CLIENT, .code = "VpcLimitExceeded", .times = 1};
  for (int stop = 0; stop < 2; stop++) {
    kit_open();
    f->fault = refused;
    reasons = 0;
    struct apply_options o = {.event = look_for_reason, .on_error = stop ? ON_ERROR_STOP : ON_ERROR_CONTINUE};
    CHECK_INT(kit_apply_with(NET, &o, false).apply, QN_E_REMOTE);
    CHECK_INT(reasons, 1);
    kit_end();
  }
}

/* A secret in a document that travels as text: it is sent, and the text is a secret, too. */
TEST(a_secret_within_a_document_stays_one) {
  kit_open();
  const struct value *secret = value_with_flags(f->w.a, value_str(f->w.a, STR("hunter2")), VF_SECRET);
  const struct value *document = with(jsonf("{\"Version\":\"2012-10-17\"}"), "Id", secret);
  struct op_scope sc = {.address = session_sym(ss(), STR("role")),
                        .region = session_sym(ss(), STR("us-east-1")),
                        .account = session_sym(ss(), STR("123456789012")),
                        .partition = session_sym(ss(), STR("aws")),
                        .uid = STR("abcdefghijklmnopqrstuvwxyz234567"),
                        .new_props =
                            with(jsonf("{\"RoleName\":\"r\"}"), "AssumeRolePolicyDocument", document)};
  struct op *op =
      op_new(ss(), f->w.a, f->w.p, provider_find(f->w.p, STR("AWS::IAM::Role")), OP_CREATE, &sc, NULL, 0);
  struct op_step st;
  op_next(op, 0, &st);
  CHECK(st.what == OPW_CALL && str_eq(st.call.op->name, STR("CreateRole")));
  const struct value *text = at(st.call.input, "AssumeRolePolicyDocument");
  CHECK(value_is(text, V_STR) && text->flags & VF_SECRET);
  CHECK(str_find(text_at(st.call.input, "AssumeRolePolicyDocument"), STR("hunter2")) != SIZE_MAX);
  CHECK(st.call.input->flags & VF_HAS_SECRET);
  kit_end();
}

/* An attribute that no answer of the create holds is read because something else needs it. */
TEST(attributes_that_others_need_are_read_after_a_create) {
  for (int lag = 0; lag < 3; lag++) {
    kit_open();
    f->pending_groups = lag;
    struct outcome_of o = kit_apply(NET "outputs:\n  group: ${vpc.DefaultSecurityGroup}\n");
    CHECK(!o.apply);
    CHECK(str_starts(text_at(o.r.outputs, "group"), STR("sg-of-vpc-")));
    if (unit_failed) world_diags(&f->w);
    kit_end();
  }
}

TEST(a_wait_that_may_not_look_ends_at_once) {
  kit_open();
  int64_t before = f->clock;
  f->fault = (struct fault){
      .op = "DescribeVpcs", .cls = EC_ACCESS_DENIED, .code = "UnauthorizedOperation", .times = 100000};
  CHECK_INT(kit_apply(NET).apply, QN_E_REMOTE);
  CHECK(f->clock - before < 10000);
  CHECK(said(QN0850));
  kit_end();
}

static const char *token;
static const char *token_only(void *user, const char *name) {
  (void)user;
  return strcmp(name, "TOKEN") == 0 ? token : NULL;
}
#define SECRET_SUBNET(cidr)                                                                                  \
  NET "  b: { type: AWS::EC2::Subnet, replace: delete_first, properties: { VpcId: \"${vpc.VpcId}\", "        \
      "CidrBlock: " cidr ", Tags: [{ Key: t, Value: \"${secret(\\\"env:TOKEN\\\")}\" }] } }\n"

/* The old object is not deleted for one that cannot be made. */
TEST(nothing_is_deleted_for_a_replacement_that_cannot_be_made) {
  kit_open();
  f->w.s.out.getenv = token_only;
  token = "hunter2";
  CHECK(!kit_apply(SECRET_SUBNET("10.0.2.0/24")).apply);
  CHECK_INT(count("subnet"), 2);
  token = NULL;
  CHECK_INT(kit_apply(SECRET_SUBNET("10.0.3.0/24")).apply, QN_E_INVALID);
  CHECK(said(QN0854) && said(QN0850));
  CHECK_INT(count("subnet"), 2);
  token = "hunter2";
  CHECK(!kit_apply(SECRET_SUBNET("10.0.3.0/24")).apply);
  CHECK_INT(count("subnet"), 2);
  CHECK(kit_plan(SECRET_SUBNET("10.0.3.0/24")).empty);
  if (unit_failed) world_diags(&f->w);
  kit_end();
}

static void look_for_secret(void *user, const struct apply_event *e) {
  (void)user;
  CHECK_INT(str_find(e->text, STR("hunter2")), SIZE_MAX);
}

/* Validation errors quote what they refuse. */
TEST(a_secret_that_the_service_repeats_is_not_told) {
  kit_open();
  f->w.s.out.getenv = token_only;
  token = "hunter2";
  f->fault = (struct fault){.op = "CreateSubnet",
                            .skip = 1,
                            .cls = EC_CLIENT,
                            .code = "InvalidParameterValue",
                            .message = "value 'hunter2' or 'hunter2' is not good",
                            .times = 1};
  struct apply_options o = {.event = look_for_secret};
  CHECK_INT(kit_apply_with(SECRET_SUBNET("10.0.2.0/24"), &o, false).apply, QN_E_REMOTE);
  struct str journal = {0};
  CHECK_INT(file_read(f->w.a, kit_file("state/pay/dev/j-000000000001.jsonl"), 1 << 24, NULL, &journal),
            QN_OK);
  CHECK(str_find(journal, STR("value '(sensitive)' or '(sensitive)' is not good")) != SIZE_MAX);
  CHECK_INT(str_find(journal, STR("hunter2")), SIZE_MAX);
  struct buf b = BUF_INIT(1 << 16);
  diags_render_text(&ss()->diags, ss()->sources, &b, false, 20);
  CHECK(b.n > 0);
  CHECK_INT(str_find(buf_str(&b), STR("hunter2")), SIZE_MAX);
  buf_release(&b);
  kit_end();
}

/* Many records of one zone: one call; each has an intent and an outcome of its own. */
TEST(record_sets_go_in_one_call_and_each_keeps_its_intent) {
  enum { N = 40 };
  kit_open();
  struct buf b = BUF_INIT(1 << 16);
  buf_add(&b, STR(ZONE));
  for (int i = 0; i < N; i++)
    buf_addf(&b,
             "  r%d: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "
             "r%d.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.1] } }\n",
             i, i);
  struct outcome_of o = kit_apply(str_dup(f->w.a, buf_str(&b)).p);
  buf_release(&b);
  CHECK(!o.apply);
  CHECK_INT(o.r.created, N + 3);
  CHECK_INT(f->batches, 1);
  CHECK_INT(f->merged, N + 2);
  struct str journal = {0}, line;
  int intents = 0;
  CHECK_INT(file_read(f->w.a, kit_file("state/pay/dev/j-000000000001.jsonl"), 1 << 24, NULL, &journal),
            QN_OK);
  while (journal.n) {
    journal = str_cut(journal, '\n', &line);
    intents += str_find(line, STR("\"kind\":\"intent\"")) != SIZE_MAX &&
               str_find(line, STR("ChangeResourceRecordSets")) != SIZE_MAX;
  }
  CHECK_INT(intents, N + 2);
  o = kit_apply(NULL);
  CHECK(!o.apply);
  CHECK_INT(count("record"), 0);
  CHECK(f->batches <= 3);
  kit_end();
}

/* Taken apart, they go one after the other: the zone takes one change at a time. */
TEST(calls_about_the_same_thing_do_not_overlap) {
  kit_open();
  f->fault =
      (struct fault){.op = "ChangeResourceRecordSets", .cls = EC_CLIENT, .code = "InvalidInput", .times = 1};
  CHECK(!kit_apply(
             ZONE "  txt: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "
                  "t.example.com, Type: TXT, TTL: \"60\", ResourceRecords: ['\"x\"'] } }\n")
             .apply);
  CHECK_INT(count("record"), 3);
  CHECK_INT(f->batches, 3);
  CHECK_INT(f->overlaps, 0);
  kit_end();
}

TEST_MAIN(CASE(a_create_that_is_sent_again_after_a_refusal_is_found_again),
          CASE(a_create_that_may_have_happened_is_not_repeated_because_another_attempt_was_refused),
          CASE(what_is_skipped_says_why), CASE(a_secret_within_a_document_stays_one),
          CASE(attributes_that_others_need_are_read_after_a_create),
          CASE(a_wait_that_may_not_look_ends_at_once),
          CASE(nothing_is_deleted_for_a_replacement_that_cannot_be_made),
          CASE(a_secret_that_the_service_repeats_is_not_told),
          CASE(record_sets_go_in_one_call_and_each_keeps_its_intent),
          CASE(calls_about_the_same_thing_do_not_overlap))
