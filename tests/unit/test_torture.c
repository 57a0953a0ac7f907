/* The N-th allocation, file operation or request of compile, plan and apply fails, for every N. Nothing
 * crashes, the state stays readable, and applying again converges on what is wanted without a duplicate. */
#include "unit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "apply_kit.h"

#define SPEC                                                                                                 \
  "resources:\n"                                                                                             \
  "  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true } }\n"       \
  "  a: { type: AWS::EC2::Subnet, properties: { VpcId: \"${vpc.VpcId}\", CidrBlock: 10.0.1.0/24, "           \
  "MapPublicIpOnLaunch: true } }\n"                                                                          \
  "  zone: { type: AWS::Route53::HostedZone, properties: { Name: example.com } }\n"                          \
  "  www: { type: AWS::Route53::RecordSet, properties: { HostedZoneId: \"${zone.Id}\", Name: "               \
  "www.example.com, Type: A, TTL: \"60\", ResourceRecords: [10.0.0.1] } }\n"                                 \
  "outputs:\n  vpc: ${vpc.VpcId}\n"

enum { RUNS_MOST = 4, DRAWN = 40 /* allocations tried; all of them with QUOIN_TORTURE=all */ };

static bool failed(const struct outcome_of *o) {
  return o->settle || o->plan || o->apply;
}

/* As a person would: again, until it works. */
static void converge(void) {
  struct outcome_of o;
  unsigned runs = 0;
  do {
    f->w.s.diags.n = f->w.s.diags.n_errors = 0;
    o = kit_apply(SPEC);
  } while (++runs < RUNS_MOST && failed(&o));
  CHECK(!failed(&o));
  CHECK_INT(count("vpc"), 1);
  CHECK_INT(count("subnet"), 1);
  CHECK_INT(count("zone"), 1);
  CHECK_INT(count("record"), 1);
  o = kit_plan(SPEC);
  CHECK(!failed(&o) && o.empty);
}

/* ---- requests --------------------------------------------------------------- */

static void requests(enum err_class cls, bool executed) {
  for (int n = 0;; n++) {
    kit_open();
    f->fault = (struct fault){
        .op = "*", .skip = n, .executed = executed, .cls = cls, .code = "InternalError", .times = 1};
    struct outcome_of o = kit_apply(SPEC);
    bool reached = f->fault.times == 0;
    if (!reached) CHECK(!failed(&o));
    CHECK(!o.settle && !o.plan);
    converge();
    if (unit_failed) printf("request %d (class %d, executed %d)\n", n, (int)cls, executed);
    kit_end();
    if (!reached || unit_failed) break;
  }
}

TEST(each_request_is_refused) {
  requests(EC_CLIENT, false);
}
TEST(each_request_is_lost_on_the_way) {
  requests(EC_AMBIGUOUS, false);
}
TEST(each_answer_is_lost) {
  requests(EC_AMBIGUOUS, true);
}

/* ---- files -------------------------------------------------------------------- */

/* Operations that writing the spec takes: they are the test's own. */
static size_t own_operations(void) {
  for (size_t n = 1;; n++) {
    file_fail_at(n, EIO);
    enum qn_err e = file_write_atomic(kit_file("quoin.yaml"), STR("x"), 0600, &ss()->diags);
    file_fail_at(0, 0);
    if (!e) return n - 1;
  }
}

static void files(int err) {
  bool any = true;
  for (size_t n = 1; any && !unit_failed; n++) {
    kit_open();
    file_fail_at(own_operations() + n, err);
    struct outcome_of o = kit_apply(SPEC);
    any = failed(&o);
    file_fail_at(0, 0);
    converge();
    if (unit_failed) printf("file operation %zu, errno %d\n", n, err);
    kit_end();
    if (n == 1) CHECK(any);
  }
}

TEST(each_file_operation_fails) {
  files(EIO);
}
TEST(the_disk_is_full_at_each_file_operation) {
  files(ENOSPC);
}

/* ---- memory ------------------------------------------------------------------- */

static jmp_buf out_of_memory;
static void on_oom(size_t wanted) {
  (void)wanted;
  longjmp(out_of_memory, 1);
}

/* What the process had open is gone with it. */
static void drop_files(void) {
  for (int fd = 3; fd < 64; fd++) close(fd);
}

/* In a child: the n-th allocation fails, which ends the command; then the next commands run. Exit code 0: all
 * is well; 2: there is no n-th allocation. */
static int starved(size_t n) {
  kit_open();
  arena_set_oom(on_oom);
  bool ended = setjmp(out_of_memory) != 0;
  if (!ended) {
    arena_fail_at(n);
    kit_apply(SPEC);
  }
  arena_fail_at(0);
  arena_set_oom(NULL);
  drop_files();
  f->n_queue = 0;
  converge();
  if (unit_failed) return 1;
  kit_end();
  return ended ? 0 : 2;
}

static int in_child(size_t n) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int code = starved(n);
    fflush(stdout);
    _exit(code); /* what the longjmp left behind is no leak of a process that ends */
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The number of allocations differs between builds by orders of magnitude: look for it, then spread the
 * draws. */
TEST(each_allocation_fails) {
  size_t most = 1;
  while (in_child(most) == 0) most *= 2;
  const char *all = getenv("QUOIN_TORTURE");
  size_t step = all || most <= DRAWN ? 1 : most / DRAWN;
  size_t tried = 0;
  for (size_t n = 1; n < most && !unit_failed; n += step, tried++) {
    int code = in_child(n);
    if (code == 2) break;
    CHECK_INT(code, 0);
    if (code) printf("allocation %zu of at most %zu\n", n, most);
  }
  CHECK(tried >= 5);
}

TEST_MAIN(CASE(each_request_is_refused), CASE(each_request_is_lost_on_the_way), CASE(each_answer_is_lost),
          CASE(each_file_operation_fails), CASE(the_disk_is_full_at_each_file_operation),
          CASE(each_allocation_fails))
