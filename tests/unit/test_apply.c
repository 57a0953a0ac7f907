#include "unit.h"

#include <stdarg.h>

#include "apply_kit.h"

#define NET                                                                                                  \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true } }\n"       \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.1.0/24, "           \
  "MapPublicIpOnLaunch: true } }\n"
#define SUBNET_B                                                                                             \
  "  b: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.2.0/24 } }\n"
#define ZONE                                                                                                 \
  "  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com } }\n"                          \
  "  www: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "www.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.1] } }\n"                                 \
  "  api: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "api.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.2] } }\n"
#define OUTPUTS                                                                                              \
  "outputs:\n  vpc: ${vpc.VpcId}\nchecks:\n  - { that: \"${vpc.VpcId != a.SubnetId}\", else: ids differ }\n"

static void check_all(void) {
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(count("subnet"), 2);
  CHECK_INT(count("zone"), 1);
  CHECK_INT(count("record"), 2);
  for (int i = 0; i < f->n; i++) {
    if (!f->v[i].kind) continue;
    if (strcmp(f->v[i].kind, "vpc") == 0) CHECK(at(f->v[i].props, "EnableDnsHostnames")->b);
    if (strcmp(f->v[i].kind, "subnet") == 0 &&
        str_eq(text_at(f->v[i].props, "CidrBlock"), STR("10.0.1.0/24")))
      CHECK(at(f->v[i].props, "MapPublicIpOnLaunch") && at(f->v[i].props, "MapPublicIpOnLaunch")->b);
  }
}

TEST(everything_from_nothing_and_back) {
  kit_open();
  struct outcome_of o = kit_apply(NET SUBNET_B ZONE OUTPUTS);
  CHECK(!o.settle && !o.plan && !o.apply);
  CHECK_INT(o.r.created, 6);
  check_all();
  CHECK_INT(f->merged, 2); /* both records went in one call */
  CHECK_STR(text_at(o.r.outputs, "vpc"), find("vpc", text_at(o.r.outputs, "vpc"))->id);
  int calls = f->mutating;
  o = kit_apply(NET SUBNET_B ZONE OUTPUTS);
  CHECK(!o.apply && o.empty && f->mutating == calls);
  o = kit_apply(NULL);
  CHECK(!o.apply);
  CHECK_INT(o.r.deleted, 6);
  CHECK_INT(count("vpc") + count("subnet") + count("zone") + count("record"), 0);
  kit_end();
}

/* Until it converges, as a person would: again. */
static unsigned converge(const char *spec) {
  unsigned runs = 0;
  struct outcome_of o;
  do {
    f->w.s.diags.n = f->w.s.diags.n_errors = 0;
    o = kit_apply(spec);
  } while (++runs < 4 && (o.settle || o.plan || o.apply));
  CHECK(!o.settle && !o.plan && !o.apply);
  return runs;
}

#define BEFORE NET SUBNET_B ZONE OUTPUTS
/* vpc updated, subnet a replaced, b gone, a record changed, another replaced, one new. */
#define AFTER                                                                                                \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: false } }\n"      \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.9.0/24 } }\n"       \
  "  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com } }\n"                          \
  "  www: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "www.example.com, Type: A, TTL: \"300\", ResourceRecords: [10.0.0.1] } }\n"                                \
  "  api: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "api2.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.2] } }\n"

static void check_after(void) {
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(count("subnet"), 1);
  CHECK_INT(count("zone"), 1);
  CHECK_INT(count("record"), 2);
  for (int i = 0; i < f->n; i++) {
    if (!f->v[i].kind) continue;
    if (strcmp(f->v[i].kind, "vpc") == 0) CHECK(!at(f->v[i].props, "EnableDnsHostnames")->b);
    if (strcmp(f->v[i].kind, "subnet") == 0)
      CHECK_STR(text_at(f->v[i].props, "CidrBlock"), STR("10.0.9.0/24"));
    if (strcmp(f->v[i].kind, "record") == 0)
      CHECK(!str_eq(text_at(f->v[i].props, "Name"), STR("api.example.com.")));
  }
}

/* Kills the run from `from` to `to` at every point in turn; the next runs must bring it about exactly once.
 */
static int kill_everywhere(const char *from, const char *to, void (*check)(void)) {
  int kill = 1;
  for (bool past = false; !past && kill < 400 && !unit_failed; kill++) {
    kit_open();
    if (from) CHECK(!kit_apply(from).apply);
    f->points = 0;
    f->kill_at = kill;
    kit_apply(to);
    past = !f->dead;
    f->dead = false;
    f->kill_at = 0;
    unsigned runs = converge(to);
    if (runs > 1) printf("killed at %d: %u runs\n", kill, runs);
    check();
    CHECK(to ? kit_plan(to).empty : true);
    if (unit_failed) {
      printf("killed at %d\n", kill);
      world_diags(&f->w);
    }
    kit_end();
  }
  return kill - 2; /* points there are */
}

static void check_nothing(void) {
  CHECK_INT(count("vpc") + count("subnet") + count("zone") + count("record"), 0);
}

TEST(killed_at_every_point_of_creates) {
  int n = kill_everywhere(NULL, BEFORE, check_all);
  CHECK(n > 30);
  printf("%d points\n", n);
}

TEST(killed_at_every_point_of_updates_and_replacements) {
  int n = kill_everywhere(BEFORE, AFTER, check_after);
  CHECK(n > 20);
  printf("%d points\n", n);
}

TEST(killed_at_every_point_of_destroy) {
  int n = kill_everywhere(BEFORE, NULL, check_nothing);
  CHECK(n > 15);
  printf("%d points\n", n);
}

static bool said(enum diag_code code) {
  for (size_t i = 0; i < ss()->diags.n; i++)
    if (ss()->diags.v[i]->code == code) return true;
  return false;
}

TEST(a_lost_answer_to_a_create_is_looked_for) {
  static const char *const ops[] = {"CreateVpc", "CreateSubnet", "CreateHostedZone",
                                    "ChangeResourceRecordSets"};
  for (size_t i = 0; i < 8; i++) {
    kit_open();
    f->fault =
        (struct fault){.op = ops[i / 2], .executed = i % 2, .cls = EC_AMBIGUOUS, .code = "reset", .times = 1};
    struct outcome_of o = kit_apply(BEFORE);
    CHECK(!o.apply);
    CHECK_INT(o.r.created, 6);
    check_all();
    CHECK(kit_plan(BEFORE).empty);
    if (unit_failed) {
      printf("%s %zu\n", ops[i / 2], i % 2);
      world_diags(&f->w);
    }
    kit_end();
  }
}

TEST(lost_answers_to_updates_and_deletes) {
  static const char *const ops[] = {"ModifyVpcAttribute", "DeleteSubnet", "ChangeResourceRecordSets"};
  for (size_t i = 0; i < 6; i++) {
    kit_open();
    CHECK(!kit_apply(BEFORE).apply);
    f->fault =
        (struct fault){.op = ops[i / 2], .executed = i % 2, .cls = EC_AMBIGUOUS, .code = "reset", .times = 2};
    struct outcome_of o = kit_apply(AFTER);
    CHECK(!o.apply);
    check_after();
    CHECK(kit_plan(AFTER).empty);
    if (unit_failed) {
      printf("%s %zu\n", ops[i / 2], i % 2);
      world_diags(&f->w);
    }
    kit_end();
  }
}

TEST(a_failure_stops_only_what_needs_it) {
  kit_open();
  f->fault = (struct fault){.op = "CreateVpc", .cls = EC_CLIENT, .code = "VpcLimitExceeded", .times = 1};
  struct outcome_of o = kit_apply(BEFORE);
  CHECK_INT(o.apply, QN_E_REMOTE);
  CHECK(o.r.failed == 1 && o.r.skipped == 2 && o.r.created == 3);
  CHECK(said(QN0850));
  CHECK_INT(count("record"), 2);
  CHECK_INT(converge(BEFORE), 1);
  check_all();
  kit_end();
}

TEST(stop_on_error_begins_nothing_more) {
  kit_open();
  f->fault =
      (struct fault){.op = "CreateHostedZone", .cls = EC_CLIENT, .code = "TooManyHostedZones", .times = 1};
  struct apply_options opt = {.on_error = ON_ERROR_STOP, .concurrency = 1};
  struct outcome_of o = kit_apply_with(BEFORE, &opt, false);
  CHECK_INT(o.apply, QN_E_REMOTE);
  CHECK_INT(o.r.failed, 1);
  CHECK_INT(o.r.created, 0);
  CHECK_INT(o.r.skipped, 5);
  CHECK_INT(converge(BEFORE), 1);
  check_all();
  kit_end();
}

TEST(a_refused_joined_call_is_taken_apart) {
  kit_open();
  f->fault =
      (struct fault){.op = "ChangeResourceRecordSets", .cls = EC_CLIENT, .code = "InvalidInput", .times = 1};
  CHECK(!kit_apply(BEFORE).apply);
  CHECK_INT(f->merged, 0);
  check_all();
  CHECK(kit_plan(BEFORE).empty);
  kit_end();
}

TEST(a_name_that_somebody_else_has) {
  kit_open();
  CHECK(!kit_apply(
             "resources:\n  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com } }\n")
             .apply);
  struct object *theirs = add("record", "", f->v[0].id,
                              jsonf("{\"Name\":\"www.example.com\",\"Type\":\"A\",\"TTL\":5,"
                                    "\"ResourceRecords\":[{\"Value\":\"9.9.9.9\"}]}"));
  theirs->id = record_id(theirs->props, f->v[0].id);
  struct outcome_of o = kit_apply(BEFORE);
  CHECK_INT(o.apply, QN_E_REMOTE);
  CHECK(said(QN0851));
  CHECK_INT(at(theirs->props, "TTL")->i, 5);
  CHECK_INT(o.r.failed, 1);
  kit_end();
}

TEST(interrupted_once) {
  for (int n = 1; n <= 6; n++) {
    kit_open();
    f->interrupt_at = n;
    struct outcome_of o = kit_apply(BEFORE);
    CHECK_INT(o.apply, QN_E_CANCELLED);
    CHECK(o.r.interrupted);
    f->interrupts = 0;
    f->interrupt_at = 0;
    struct outcome_of again = kit_plan(BEFORE);
    CHECK_INT(again.settled, 0); /* what was in flight was recorded */
    CHECK_INT(converge(BEFORE), 1);
    check_all();
    kit_end();
  }
}

TEST(interrupted_twice) {
  kit_open();
  f->interrupt_at = 1;
  f->interrupts = 1; /* the call makes it two */
  struct outcome_of o = kit_apply(BEFORE);
  CHECK_INT(o.apply, QN_E_CANCELLED);
  f->n_queue = 0;
  f->interrupts = f->interrupt_at = 0;
  converge(BEFORE);
  check_all();
  kit_end();
}

TEST(a_suspended_machine_loses_nothing) {
  kit_open();
  f->pending_changes = 1; /* done by the time it wakes up */
  f->asleep = 8 * 3600 * 1000;
  CHECK(!kit_apply(BEFORE).apply);
  check_all();
  kit_end();
}

TEST(an_unfinished_object_is_waited_for_again) {
  kit_open();
  f->pending_states = 1000;
  struct outcome_of o = kit_apply(NET);
  CHECK_INT(o.apply, QN_E_REMOTE);
  CHECK(o.r.failed == 1 && o.r.skipped == 1 && said(QN0850));
  f->pending_states = 3;
  int calls = f->mutating;
  CHECK(!kit_plan(NET).empty);
  CHECK(!kit_apply(NET).apply);
  CHECK_INT(f->pending_states, 0);
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(f->mutating, calls + 3); /* host names, the subnet and its attribute */
  CHECK(kit_plan(NET).empty);
  kit_end();
}

TEST(an_object_that_was_made_twice) {
  kit_open();
  f->fault =
      (struct fault){.op = "CreateVpc", .executed = true, .cls = EC_AMBIGUOUS, .code = "reset", .times = 1};
  f->reserve_fails_at = 5; /* the run ends there */
  f->interrupt_at = 1;
  kit_apply(NET);
  CHECK_INT(count("vpc"), 1);
  struct object *twin = add("vpc", "vpc-", STR(""), f->v[0].props);
  twin->tags = f->v[0].tags;
  f->interrupts = f->interrupt_at = f->reserve_fails_at = 0;
  struct outcome_of o = kit_apply(NET);
  CHECK_INT(o.settled, 1);
  CHECK(said(QN0856));
  CHECK(!o.apply);
  CHECK_INT(count("vpc"), 1);
  CHECK(find("vpc", STR("vpc-1")) != NULL); /* the first is kept */
  CHECK_INT(o.r.deleted, 1);
  CHECK(kit_plan(NET).empty);
  kit_end();
}

TEST(no_room_for_the_journal) {
  for (int n = 2; n <= 16; n++) { /* the first is that of a new state */
    kit_open();
    f->reserve_fails_at = n;
    struct outcome_of o = kit_apply(BEFORE);
    CHECK_INT(o.apply, QN_E_IO);
    f->reserve_fails_at = 0;
    CHECK_INT(kit_plan(BEFORE).settled, 0); /* what was in flight got its outcome */
    CHECK_INT(converge(BEFORE), 1);
    check_all();
    kit_end();
  }
}

TEST(a_check_after_apply) {
  kit_open();
  struct outcome_of o =
      kit_apply(NET "checks:\n  - { that: \"${vpc.VpcId == a.SubnetId}\", else: they differ }\n");
  CHECK_INT(o.apply, QN_E_REFUSED);
  CHECK(said(QN0809));
  CHECK_INT(count("vpc"), 1);
  kit_end();
}

#define OTHER_VPC                                                                                            \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/8 } }\n"                                  \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.1.0/24 } }\n"

static void check_other(void) {
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(count("subnet"), 1);
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && strcmp(f->v[i].kind, "subnet") == 0) CHECK(find("vpc", f->v[i].parent) != NULL);
}

TEST(a_replacement_pulls_along_what_refers_to_it) {
  int n = kill_everywhere(NET, OTHER_VPC, check_other);
  CHECK(n > 10);
  printf("%d points\n", n);
}

TEST_MAIN(CASE(everything_from_nothing_and_back), CASE(killed_at_every_point_of_creates),
          CASE(killed_at_every_point_of_updates_and_replacements), CASE(killed_at_every_point_of_destroy),
          CASE(a_lost_answer_to_a_create_is_looked_for), CASE(lost_answers_to_updates_and_deletes),
          CASE(a_failure_stops_only_what_needs_it), CASE(stop_on_error_begins_nothing_more),
          CASE(a_refused_joined_call_is_taken_apart), CASE(a_name_that_somebody_else_has),
          CASE(interrupted_once), CASE(interrupted_twice), CASE(a_suspended_machine_loses_nothing),
          CASE(an_unfinished_object_is_waited_for_again), CASE(an_object_that_was_made_twice),
          CASE(no_room_for_the_journal), CASE(a_check_after_apply),
          CASE(a_replacement_pulls_along_what_refers_to_it))
