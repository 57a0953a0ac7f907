#include "state_kit.h"

#include <sys/wait.h>

static bool has_diag(enum diag_code c) {
  for (size_t i = 0; i < s.diags.n; i++)
    if (s.diags.v[i]->code == c) return true;
  return false;
}

TEST(a_new_state) {
  kit_begin();
  struct state *st = kit_open(ST_READ);
  CHECK_INT(state_seq(st), 0);
  CHECK_INT(state_lineage(st).n, 0);
  CHECK_INT(state_note(st, STR("x")), QN_E_INVALID);
  kit_close(st);
  CHECK(access(kit_path("lock"), F_OK) != 0); /* reading makes nothing */
  st = kit_open(ST_WRITE);
  CHECK_STR(state_lineage(st), STR("5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
  CHECK_INT(state_seq(st), 1);
  CHECK_INT(state_check_base(st, STR(""), 0), QN_OK);
  struct str uid = state_uid(st, &s.arena, kit_sym("net.vpc"), 1);
  CHECK_INT(uid.n, 32);
  CHECK(!str_eq(uid, state_uid(st, &s.arena, kit_sym("net.vpc"), 2)));
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_STR(state_lineage(st), STR("5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
  CHECK_STR(state_uid(st, &s.arena, kit_sym("net.vpc"), 1), uid);
  kit_close(st);
  CHECK_INT(s.diags.n, 0);
  kit_end();
}

TEST(a_create_from_intent_to_seen) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  CHECK_INT(state_run(st, STR("p1"), 1, kit_sym("111122223333"), kit_json("{\"zones\":[\"a\"]}")), QN_OK);
  sym deps[] = {kit_sym("net.zone")};
  struct sres r = {.address = kit_sym("net.vpc"),
                   .generation = 1,
                   .type = kit_sym("AWS::EC2::VPC"),
                   .deps = deps,
                   .n_deps = 1,
                   .protect = true,
                   .uid = STR("u")};
  CHECK_INT(state_put(st, &r), QN_OK);
  uint64_t n = kit_intent(st, "net.vpc", 1, 'c');
  CHECK_INT(state_open_intents(st), 1);
  CHECK_INT(state_commit(st), QN_OK);
  CHECK(!state_find(st, kit_sym("net.vpc"))->identity);
  kit_created(st, n, "vpc-1");
  CHECK_INT(state_open_intents(st), 0);
  r = *state_find(st, kit_sym("net.vpc"));
  r.complete = true;
  r.seen = kit_json("{\"CidrBlock\":\"10.0.0.0/16\",\"Tags\":[]}");
  CHECK_INT(state_put(st, &r), QN_OK);
  CHECK_INT(state_set_outputs(st, kit_json("{\"url\":\"x\"}")), QN_OK);
  CHECK_INT(state_commit(st), QN_OK);
  static const char want[] =
      "net.vpc/1 AWS::EC2::VPC u complete protect 0 id={\"VpcId\":\"vpc-1\"} attributes=none "
      "applied={\"CidrBlock\":\"10.0.0.0/16\"} seen={\"CidrBlock\":\"10.0.0.0/16\",\"Tags\":[]} "
      "deps=net.zone,\n"
      "account=111122223333 lookups={\"zones\":[\"a\"]} outputs={\"url\":\"x\"}\n";
  CHECK_STR(kit_dump(st), str_c(want));
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_STR(kit_dump(st), str_c(want));
  kit_close(st);
  CHECK_INT(s.diags.n, 0);
  kit_end();
}

static void outcome(struct state *st, uint64_t n, const char *applied, const char *removed) {
  struct str path = str_c(removed);
  struct outcome oc = {.intent = n,
                       .kind = OC_OK,
                       .applied = applied ? kit_json(applied) : NULL,
                       .removed = &path,
                       .n_removed = removed != NULL};
  CHECK_INT(state_outcome(st, &oc), QN_OK);
}

TEST(updates_acknowledge_paths) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  kit_created(st, kit_intent(st, "v", 1, 'c'), "vpc-1");
  struct sres r = *state_find(st, kit_sym("v"));
  r.seen = kit_json("{\"CidrBlock\":\"10.0.0.0/16\",\"Tags\":{\"a\":1,\"b\":2},\"L\":{\"x\":1}}");
  r.applied =
      kit_json("{\"CidrBlock\":\"10.0.0.0/16\",\"Tags\":{\"a\":1,\"b\":2},\"L\":{\"x\":1,\"y\":{\"z\":1}}}");
  struct str unconfirmed = STR("Password");
  r.unconfirmed.v = &unconfirmed;
  r.unconfirmed.n = 1;
  CHECK_INT(state_put(st, &r), QN_OK);
  outcome(st, kit_intent(st, "v", 1, 'u'), "{\"Tags\":{\"a\":3},\"L.y.z\":2,\"Password\":\"p\"}",
          "CidrBlock");
  const struct sres *now = state_find(st, kit_sym("v"));
  CHECK_STR(kit_text(now->applied),
            STR("{\"L\":{\"x\":1,\"y\":{\"z\":2}},\"Password\":\"p\",\"Tags\":{\"a\":3}}"));
  CHECK_STR(kit_text(now->seen), STR("{}"));
  CHECK_INT(now->unconfirmed.n, 0);
  struct str dump = kit_dump(st);
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_STR(kit_dump(st), dump);
  kit_close(st);
  kit_end();
}

TEST(generations_and_deposing) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  sym v = kit_sym("v");
  CHECK_INT(state_next_generation(st, v), 1);
  kit_created(st, kit_intent(st, "v", 1, 'c'), "vpc-1");
  CHECK_INT(state_next_generation(st, v), 2);
  uint64_t n = kit_intent(st, "v", 2, 'c');
  CHECK_INT(state_find(st, v)->generation, 1); /* as long as the new object is not known */
  struct outcome failed = {.intent = n,
                           .kind = OC_FAILED,
                           .definitive = true,
                           .code = STR("VpcLimitExceeded"),
                           .message = STR("bad \xff byte"),
                           .request_id = STR("r")};
  CHECK_INT(state_outcome(st, &failed), QN_OK);
  CHECK(!state_generation(st, v, 2));         /* nothing is left of it */
  CHECK_INT(state_next_generation(st, v), 3); /* and its uid is not used again */
  kit_created(st, kit_intent(st, "v", 3, 'c'), "vpc-3");
  CHECK_INT(state_find(st, v)->generation, 3);
  CHECK(state_generation(st, v, 1)->deposed);
  size_t count;
  const struct sres *all = state_resources(st, &count);
  CHECK(count == 2 && all[0].generation == 3 && all[1].deposed);
  struct outcome gone = {.intent = kit_intent(st, "v", 1, 'd'), .kind = OC_OK, .gone = true};
  CHECK_INT(state_outcome(st, &gone), QN_OK);
  CHECK(!state_generation(st, v, 1));
  CHECK_INT(state_outcome(st, &gone), QN_E_INVALID); /* no such intent any more */
  CHECK_INT(state_commit(st), QN_OK);
  CHECK_INT(state_snapshot(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_INT(state_next_generation(st, v), 4);
  kit_close(st);
  kit_end();
}

TEST(settling) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  uint64_t found = kit_intent(st, "a", 1, 'c'), none = kit_intent(st, "b", 1, 'c');
  CHECK_INT(state_commit(st), QN_OK);
  kit_kill(st);
  st = kit_open(ST_WRITE);
  CHECK_INT(state_open_intents(st), 2);
  CHECK_INT(state_find(st, kit_sym("a"))->open.v[0].n, found);
  struct sres r = {.identity = kit_json("{\"VpcId\":\"vpc-9\"}"),
                   .applied = kit_json("{\"CidrBlock\":\"10.0.0.0/8\"}")};
  CHECK_INT(state_settled(st, found, &r), QN_OK);
  CHECK_INT(state_settled(st, none, NULL), QN_OK);
  CHECK_INT(state_settled(st, none, NULL), QN_E_INVALID);
  CHECK(!state_find(st, kit_sym("b")));
  CHECK_INT(state_next_generation(st, kit_sym("b")), 2);
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_INT(state_open_intents(st), 0);
  CHECK_STR(kit_text(state_find(st, kit_sym("a"))->identity), STR("{\"VpcId\":\"vpc-9\"}"));
  CHECK_INT(state_next_generation(st, kit_sym("b")), 2);
  kit_close(st);
  kit_end();
}

TEST(moving_and_forgetting) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  kit_created(st, kit_intent(st, "a", 1, 'c'), "vpc-1");
  kit_created(st, kit_intent(st, "b", 1, 'c'), "vpc-2");
  sym a = kit_sym("a"), c = kit_sym("c");
  struct sres r = *state_find(st, kit_sym("b"));
  r.deps = &a;
  r.n_deps = 1;
  CHECK_INT(state_put(st, &r), QN_OK);
  struct str uid = state_find(st, a)->uid;
  CHECK_INT(state_mv(st, a, kit_sym("b")), QN_E_EXISTS);
  CHECK_INT(state_mv(st, c, a), QN_E_NOTFOUND);
  CHECK_INT(state_mv(st, a, c), QN_OK);
  CHECK(!state_find(st, a));
  CHECK_STR(state_find(st, c)->uid, uid);
  CHECK_INT(state_find(st, kit_sym("b"))->deps[0], c);
  CHECK_INT(state_next_generation(st, a), 2);
  CHECK_INT(state_next_generation(st, c), 2);
  CHECK_INT(state_forget(st, c, 2), QN_E_NOTFOUND);
  CHECK_INT(state_forget(st, c, 1), QN_OK);
  CHECK_INT(state_forget(st, c, 1), QN_E_NOTFOUND);
  struct str dump = kit_dump(st);
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_STR(kit_dump(st), dump);
  kit_close(st);
  kit_end();
}

TEST(plans_and_accounts_are_checked) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  uint64_t base = state_seq(st);
  struct str lineage = state_lineage(st);
  CHECK_INT(state_check_base(st, lineage, base), QN_OK);
  CHECK_INT(state_check_base(st, STR("0123"), base), QN_E_STALE);
  CHECK(has_diag(QN0606));
  CHECK_INT(state_check_account(st, kit_sym("1")), QN_OK);
  CHECK_INT(state_run(st, STR("p"), base, kit_sym("1"), NULL), QN_OK);
  CHECK_INT(state_check_base(st, lineage, base), QN_E_STALE);
  CHECK(has_diag(QN0607));
  CHECK_INT(state_check_base(st, STR(""), 0), QN_E_STALE);
  CHECK_INT(state_check_account(st, kit_sym("1")), QN_OK);
  CHECK_INT(state_check_account(st, kit_sym("2")), QN_E_REFUSED);
  CHECK(has_diag(QN0608));
  kit_close(st);
  kit_end();
}

TEST(one_writer_at_a_time) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  struct store *first = store;
  enum qn_err e;
  CHECK(!kit_open_as(ST_WRITE, &e) && e == QN_E_LOCKED);
  CHECK(s.diags.n == 1 && s.diags.v[0]->code == QN0603);
  struct str m = s.diags.v[0]->message;
  CHECK(str_find(m, str_fmt(&s.arena, "process %ld, since 2023-11-14T22:13:20Z", (long)getpid())) !=
        SIZE_MAX);
  struct state *reader = kit_open(ST_READ); /* reading needs no lock */
  kit_close(reader);
  store = first;
  kit_close(st);
  /* A holder that dies leaves no lock. */
  pid_t pid = fork();
  if (!pid) {
    struct store *own;
    struct state *held;
    if (store_local(&s, root, STR("pay"), STR("dev"), false, &own) || state_open(&s, own, ST_WRITE, &held))
      _exit(1);
    _exit(42);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 42);
  kit_close(kit_open(ST_WRITE));
  kit_end();
}

TEST(a_folder_that_cannot_be_written) {
  kit_begin();
  kit_close(kit_open(ST_WRITE));
  CHECK(chmod(kit_path(""), 0500) == 0 && chmod(kit_path("lock"), 0400) == 0);
  if (geteuid() != 0) { /* root may write anywhere */
    enum qn_err e;
    CHECK(!kit_open_as(ST_WRITE, &e) && e == QN_E_IO);
    CHECK(has_diag(QN0604));
  }
  struct state *st = kit_open(ST_READ);
  CHECK_INT(state_seq(st), 1);
  kit_close(st);
  CHECK(chmod(kit_path(""), 0700) == 0);
  kit_end();
}

TEST(names_that_cannot_be_folders) {
  kit_begin();
  struct store *st;
  static const char *const bad[] = {"", ".", "..", "a/b", ".hidden", "a b", "\xc3\xa9"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK_INT(store_local(&s, root, str_c(bad[i]), STR("dev"), true, &st), QN_E_INVALID);
  CHECK_INT(s.diags.n, sizeof bad / sizeof *bad);
  CHECK(rmdir(root) == 0);
  session_release(&s);
}

TEST(old_segments_are_removed_behind_a_snapshot) {
  kit_begin();
  struct str dump = {NULL, 0};
  for (int run = 0; run < 30; run++) {
    struct state *st = kit_open(ST_WRITE);
    kit_created(st, kit_intent(st, str_fmt(&s.arena, "r%d", run).p, 1, 'c'), "vpc-1");
    CHECK_INT(state_commit(st), QN_OK);
    CHECK_INT(state_wants_snapshot(st), run == 19);
    if (state_wants_snapshot(st) || run == 25) CHECK_INT(state_snapshot(st), QN_OK);
    dump = kit_dump(st);
    kit_close(st);
  }
  struct state *st = kit_open(ST_READ);
  CHECK_STR(kit_dump(st), dump);
  struct str *names;
  size_t n, segments = 0;
  CHECK_INT(store->ops->list(store, &s.arena, &names, &n), QN_OK);
  for (size_t i = 0; i < n; i++) segments += str_starts(names[i], STR("j-"));
  CHECK_INT(segments, 14); /* ten, and four since */
  CHECK_INT(n - segments, 2);
  kit_close(st);
  CHECK_INT(s.diags.n, 0);
  kit_end();
}

TEST(too_large_a_record) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  char *big = malloc(1 << 20);
  memset(big, 'x', 1 << 20);
  CHECK_INT(state_note(st, (struct str){big, 1 << 20}), QN_E_LIMIT);
  CHECK(has_diag(QN0611));
  CHECK_INT(state_note(st, (struct str){big, (1 << 20) - 300}), QN_OK);
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  free(big);
  st = kit_open(ST_READ);
  CHECK_INT(state_seq(st), 3);
  kit_close(st);
  kit_end();
}

TEST_MAIN(CASE(a_new_state), CASE(a_create_from_intent_to_seen), CASE(updates_acknowledge_paths),
          CASE(generations_and_deposing), CASE(settling), CASE(moving_and_forgetting),
          CASE(plans_and_accounts_are_checked), CASE(one_writer_at_a_time),
          CASE(a_folder_that_cannot_be_written), CASE(names_that_cannot_be_folders),
          CASE(old_segments_are_removed_behind_a_snapshot), CASE(too_large_a_record))
