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

TEST_MAIN(CASE(a_create_that_is_sent_again_after_a_refusal_is_found_again),
          CASE(a_create_that_may_have_happened_is_not_repeated_because_another_attempt_was_refused))
