/* Lost answers: which calls are made after them, exactly. */
#include "unit.h"

#include <stdarg.h>

#include "apply_kit.h"

#define VPC(names)                                                                                           \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: " names " } }\n"
#define SUBNET                                                                                               \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.1.0/24 } }\n"
#define ZONE(more)                                                                                           \
  "resources:\n  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com" more " } }\n"
#define COMMENT ", HostedZoneConfig: { Comment: x }"
#define NOTHING "resources: {}\n"

enum { DAY_MS = 24 * 3600 * 1000, FOR_EVER = 1000000 };

static bool said(enum diag_code code) {
  for (size_t i = 0; i < ss()->diags.n; i++)
    if (ss()->diags.v[i]->code == code) return true;
  return false;
}

static void forget(void) {
  f->sent[0] = 0;
  ss()->diags.n = ss()->diags.n_errors = 0;
}

static void sent(const char *want) {
  if (strcmp(f->sent, want) != 0) {
    printf("sent: %s\nwant: %s\n", f->sent, want);
    world_diags(&f->w);
    FAIL("these calls and no others");
  }
}

struct lost_row {
  const char *from, *to; /* to NULL: destroy */
  const char *op;
  const char *executed, *not_executed; /* what is sent */
};
static const struct lost_row rows[] = {
    {NULL, VPC("true"), "CreateVpc", "CreateVpc ModifyVpcAttribute ",
     "CreateVpc CreateVpc ModifyVpcAttribute "},
    {NULL, VPC("true"), "ModifyVpcAttribute", "CreateVpc ModifyVpcAttribute ",
     "CreateVpc ModifyVpcAttribute ModifyVpcAttribute "},
    {VPC("true"), VPC("false"), "ModifyVpcAttribute", "ModifyVpcAttribute ",
     "ModifyVpcAttribute ModifyVpcAttribute "},
    {VPC("true"), NULL, "DeleteVpc", "DeleteVpc ", "DeleteVpc DeleteVpc "},
    {VPC("true") SUBNET, VPC("true"), "DeleteSubnet", "DeleteSubnet ", "DeleteSubnet DeleteSubnet "},
    {NULL, ZONE(""), "CreateHostedZone", "CreateHostedZone ChangeTagsForResource ",
     "CreateHostedZone CreateHostedZone ChangeTagsForResource "},
    {NULL, ZONE(""), "ChangeTagsForResource", "CreateHostedZone ChangeTagsForResource ",
     "CreateHostedZone ChangeTagsForResource ChangeTagsForResource "},
    {ZONE(""), NULL, "DeleteHostedZone", "DeleteHostedZone ", "DeleteHostedZone DeleteHostedZone "},
};

TEST(what_was_carried_out_is_not_sent_again_and_what_was_not_once) {
  static const enum err_class classes[] = {EC_AMBIGUOUS, EC_SERVER, EC_BAD_REPLY};
  for (size_t i = 0; i < sizeof rows / sizeof *rows * 6; i++) {
    const struct lost_row *row = &rows[i / 6];
    bool executed = i % 2;
    kit_open();
    if (row->from) CHECK(!kit_apply(row->from).apply);
    forget();
    f->fault = (struct fault){
        .op = row->op, .executed = executed, .cls = classes[i / 2 % 3], .code = "InternalError", .times = 1};
    CHECK(!kit_apply(row->to).apply);
    sent(executed ? row->executed : row->not_executed);
    CHECK_INT(kit_plan(row->to ? row->to : NULL).settled, 0);
    CHECK(row->to ? kit_plan(row->to).empty : f->n > 0);
    if (unit_failed) printf("row %zu, executed %d, class %d\n", i / 6, executed, (int)classes[i / 2 % 3]);
    kit_end();
  }
}

/* ---- bounds ------------------------------------------------------------------------------- */

TEST(a_service_that_never_answers_ends_the_change_and_spoils_nothing) {
  static const struct {
    const char *from, *to, *op;
    int sends, open;
  } cases[] = {
      {NULL, VPC("true"), "CreateVpc", 6, 1},
      {NULL, ZONE(""), "CreateHostedZone", 6, 6},
      {VPC("true"), VPC("false"), "ModifyVpcAttribute", 6, 1},
      {VPC("true"), NULL, "DeleteVpc", 6, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    kit_open();
    if (cases[i].from) CHECK(!kit_apply(cases[i].from).apply);
    forget();
    int before = f->mutating;
    int64_t began = f->clock;
    f->fault =
        (struct fault){.op = cases[i].op, .cls = EC_SERVER, .code = "InternalError", .times = FOR_EVER};
    struct outcome_of o = kit_apply(cases[i].to);
    CHECK_INT(o.apply, QN_E_REMOTE);
    CHECK_INT(o.r.failed, 1);
    CHECK(said(QN0850));
    CHECK_INT(f->mutating - before, cases[i].sends);
    CHECK(f->clock - began > 3000); /* it was given time */
    f->fault.times = 0;
    forget();
    o = kit_apply(cases[i].to);
    CHECK_INT(o.settled,
              cases[i].open); /* the last one was left open, and all that were sent with one token */
    CHECK(!o.settle && !o.plan && !o.apply);
    CHECK_INT(count("vpc") + count("zone"), cases[i].to != NULL);
    if (unit_failed) printf("%s\n", cases[i].op);
    kit_end();
  }
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static struct str reference(void) {
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && strcmp(f->v[i].kind, "zone") == 0) return text_at(f->v[i].props, "CallerReference");
  return STR("");
}

/* The id of a generation, out of its intent. */
static struct str uid_of(int generation) {
  struct str journal = {0}, line;
  for (int n = 1; n < 40; n++) {
    const char *name = kit_file(str_fmt(f->w.a, "state/pay/dev/j-%012d.jsonl", n).p);
    if (file_read(f->w.a, name, 1 << 24, NULL, &journal)) continue;
    while (journal.n) {
      journal = str_cut(journal, '\n', &line);
      struct str want = str_fmt(f->w.a, "\"generation\":%d,", generation);
      size_t at = str_find(line, STR("\"uid\":\""));
      if (str_find(line, want) == SIZE_MAX || str_find(line, STR("\"kind\":\"intent\"")) == SIZE_MAX ||
          at == SIZE_MAX)
        continue;
      return str_sub(line, at + 7, at + 7 + 32);
    }
  }
  return STR("");
}

TEST(a_token_goes_again_with_the_same_request_only) {
  kit_open();
  f->fault = (struct fault){.op = "CreateHostedZone", .cls = EC_SERVER, .code = "InternalError", .times = 2};
  CHECK(!kit_apply(ZONE("")).apply);
  CHECK_STR(reference(), uid_of(1));
  CHECK_INT(uid_of(2).n, 0);
  kit_end();
}

/* Two looks miss the zone, which was made: the service knows the reference, so it is looked for again. */
TEST(an_object_that_no_look_saw_is_not_made_twice) {
  for (int hidden = 1; hidden < 8; hidden++) {
    kit_open();
    f->hidden_zones = hidden;
    f->fault = (struct fault){
        .op = "CreateHostedZone", .executed = true, .cls = EC_AMBIGUOUS, .code = "reset", .times = 1};
    CHECK(!kit_apply(ZONE("")).apply);
    CHECK_INT(count("zone"), 1);
    CHECK_STR(reference(), uid_of(1));
    CHECK(kit_plan(ZONE("")).empty);
    if (unit_failed) world_diags(&f->w);
    kit_end();
  }
}

/* A run that ends right after it has sent the create, which is lost unless `executed`. */
static void cut_off(const char *spec, const char *op, bool executed) {
  f->fault = (struct fault){.op = op, .executed = executed, .cls = EC_AMBIGUOUS, .code = "reset", .times = 1};
  f->interrupt_twice = true;
  f->interrupt_at = f->mutating + 1;
  CHECK_INT(kit_apply(spec).apply, QN_E_CANCELLED);
  f->n_queue = 0;
  f->interrupts = f->interrupt_at = 0;
  f->interrupt_twice = false;
  f->fault.times = 0;
  forget();
}

TEST(the_next_run_sends_the_token_again) {
  static const struct {
    const char *name, *then;
    int64_t later_ms;
    bool same;
  } cases[] = {{"at once", ZONE(""), 0, true},
               {"within the time", ZONE(""), DAY_MS - 60000, true},
               {"too late", ZONE(""), DAY_MS, false},
               {"another request", ZONE(COMMENT), 0, false},
               {"a clock that was put back", ZONE(""), -DAY_MS, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    kit_open();
    f->clock = 10 * (int64_t)DAY_MS;
    cut_off(ZONE(""), "CreateHostedZone", false);
    f->clock += cases[i].later_ms;
    struct outcome_of o = kit_apply(cases[i].then);
    CHECK_INT(o.settled, 1);
    CHECK(!o.settle && !o.plan && !o.apply);
    CHECK_INT(count("zone"), 1);
    sent("CreateHostedZone ChangeTagsForResource ");
    CHECK_STR(reference(), uid_of(cases[i].same ? 1 : 2));
    CHECK_INT(uid_of(2).n, cases[i].same ? 0 : 32);
    o = kit_plan(cases[i].then);
    CHECK(o.empty && o.settled == 0);
    if (unit_failed) {
      printf("%s\n", cases[i].name);
      world_diags(&f->w);
    }
    kit_end();
  }
}

TEST(what_a_killed_update_added_is_taken_away) {
  static const char bare[] =
      "resources:\n  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }\n";
  for (int executed = 0; executed < 2; executed++) {
    kit_open();
    CHECK(!kit_apply(bare).apply);
    cut_off(VPC("true"), "ModifyVpcAttribute", executed);
    struct outcome_of o = kit_apply(bare);
    CHECK_INT(o.settled, 1);
    CHECK(!o.settle && !o.plan && !o.apply);
    sent("ModifyVpcAttribute ");
    const struct value *names = at(f->v[0].props, "EnableDnsHostnames");
    CHECK(names && !names->b);
    o = kit_plan(bare);
    CHECK(o.empty && o.settled == 0);
    kit_end();
  }
}

TEST(a_create_that_nobody_wants_any_more_is_closed) {
  kit_open();
  cut_off(ZONE(""), "CreateHostedZone", false);
  CHECK_INT(kit_plan(NOTHING).settled, 1); /* a plan leaves it open, */
  struct outcome_of o = kit_apply(NOTHING);
  CHECK(o.settled == 1 && !o.apply);
  sent("");
  CHECK_INT(kit_plan(NOTHING).settled, 0); /* an apply does not */
  CHECK(!kit_apply(ZONE("")).apply);
  CHECK_STR(reference(), uid_of(2));
  kit_end();
}

/* Killed anywhere in the run that sends it again: still one zone, found by whoever comes next. */
TEST(killed_while_a_token_goes_again) {
  bool past = false;
  int kill = 1;
  for (; !past && kill < 100 && !unit_failed; kill++) {
    kit_open();
    cut_off(ZONE(""), "CreateHostedZone", false);
    f->points = 0;
    f->kill_at = kill;
    kit_apply(ZONE(""));
    past = !f->dead;
    f->dead = false;
    f->kill_at = 0;
    f->n_queue = 0;
    struct outcome_of o = {0};
    unsigned runs = 0;
    do {
      forget();
      o = kit_apply(ZONE(""));
    } while (++runs < 3 && (o.settle || o.plan || o.apply));
    CHECK(!o.settle && !o.plan && !o.apply);
    CHECK_INT(count("zone"), 1);
    CHECK(kit_plan(ZONE("")).empty);
    if (unit_failed) {
      printf("killed at %d\n", kill);
      world_diags(&f->w);
    }
    kit_end();
  }
  CHECK(kill > 8);
}

/* ---- looking ------------------------------------------------------------------------------------ */

static int64_t looks[16];
static int n_looks;
static struct apply_calls looking;
static enum qn_err note_look(void *user, bool mutating, const struct call *c, call_done_fn *done, void *du) {
  if (!mutating && n_looks < 16) looks[n_looks++] = f->clock;
  return fake_calls.call(user, mutating, c, done, du);
}

/* The intent is a week old; still both looks are made with the lock held, the grace apart. */
TEST(the_grace_is_counted_from_the_lock_and_not_from_the_intent) {
  kit_open();
  cut_off(VPC("true"), "CreateVpc", false);
  f->clock += 7 * (int64_t)DAY_MS;
  int64_t locked = f->clock;
  looking = fake_calls;
  looking.call = note_look;
  n_looks = 0;
  struct apply_options o = {0};
  kit_calls = &looking;
  CHECK(!kit_apply_with(VPC("true"), &o, true).settle);
  kit_calls = NULL;
  CHECK_INT(n_looks, 2);
  CHECK(looks[0] >= locked && looks[1] - looks[0] >= 30000);
  kit_end();
}

TEST_MAIN(CASE(what_was_carried_out_is_not_sent_again_and_what_was_not_once),
          CASE(a_service_that_never_answers_ends_the_change_and_spoils_nothing),
          CASE(a_token_goes_again_with_the_same_request_only),
          CASE(an_object_that_no_look_saw_is_not_made_twice), CASE(the_next_run_sends_the_token_again),
          CASE(what_a_killed_update_added_is_taken_away), CASE(a_create_that_nobody_wants_any_more_is_closed),
          CASE(killed_while_a_token_goes_again),
          CASE(the_grace_is_counted_from_the_lock_and_not_from_the_intent))
