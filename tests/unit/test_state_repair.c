#include <signal.h>
#include <sys/wait.h>

#include "state_kit.h"

static size_t count_diags(enum diag_code code) {
  size_t n = 0;
  for (size_t i = 0; i < s.diags.n; i++) n += s.diags.v[i]->code == code;
  return n;
}

static struct str get_file(const char *name) {
  struct str t = {NULL, 0};
  CHECK_INT(file_read(&s.arena, kit_path(name), 1 << 26, NULL, &t), QN_OK);
  return t;
}

static void put_file(const char *name, struct str text) {
  int fd = open(kit_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0 && !fd_write_all(fd, text));
  close(fd);
}

static const char first[] = "j-000000000001.jsonl";

/* A byte within record n of the first segment is changed. */
static void damage(unsigned n) {
  struct str t = get_file(first);
  char *bytes = malloc(t.n);
  memcpy(bytes, t.p, t.n);
  bytes[str_find(t, str_fmt(&s.arena, "{\"n\":%u,", n)) + 120] ^= 1;
  put_file(first, (struct str){bytes, t.n});
  free(bytes);
}

/* Lineage; a: put, intent, outcome (2, 3, 4); b: the same (5, 6, 7); the closing note (8). */
static void two_creates(void) {
  struct state *st = kit_open(ST_WRITE);
  for (unsigned i = 0; i < 2; i++) {
    const char *address = i ? "b" : "a";
    struct sres r = {.address = kit_sym(address),
                     .generation = 1,
                     .type = kit_sym("AWS::EC2::VPC"),
                     .uid = STR("u"),
                     .wanted = kit_json("{\"CidrBlock\":\"10.0.0.0/16\"}")};
    CHECK_INT(state_put(st, &r), QN_OK);
    uint64_t n = kit_intent(st, address, 1, 'c');
    CHECK_INT(state_commit(st), QN_OK);
    kit_created(st, n, i ? "vpc-b" : "vpc-a");
    CHECK_INT(state_commit(st), QN_OK);
  }
  kit_close(st);
}

static void forget_aside(struct str aside) {
  const char *folder = kit_path(aside.p);
  DIR *d = opendir(folder);
  CHECK(d != NULL);
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.') unlink(str_fmt(&s.arena, "%s/%s", folder, e->d_name).p);
  if (d) closedir(d);
  CHECK(rmdir(folder) == 0);
}

/* Damages one record, repairs, and gives what is then known of an address. */
static const struct sres *repaired(struct state **st, unsigned n, const char *address, struct str *aside) {
  s.diags.n = s.diags.n_errors = 0;
  two_creates();
  damage(n);
  struct str before = get_file(first);
  *st = kit_open(ST_WRITE);
  CHECK(state_damaged(*st));
  CHECK_INT(count_diags(QN0601), 1);
  const struct state_damage *d = state_damage(*st);
  CHECK(d->lost.n == 1 && d->lost.v[0].first == n && d->lost.v[0].last == n);
  CHECK_INT(state_repair(*st, aside), QN_OK);
  CHECK_INT(state_repair(*st, aside), QN_E_INVALID); /* it is whole now */
  CHECK(!state_damaged(*st));
  CHECK(str_eq(get_file(str_fmt(&s.arena, "%.*s/%s", SV(*aside), first).p), before));
  CHECK_INT(state_note(*st, STR("goes on")), QN_OK);
  CHECK_INT(state_commit(*st), QN_OK);
  struct str dump = kit_dump(*st);
  uint64_t seq = state_seq(*st);
  CHECK(seq > 8);
  kit_close(*st);
  s.diags.n = 0;
  *st = kit_open(ST_WRITE);
  CHECK_INT(s.diags.n, 0);
  CHECK_STR(kit_dump(*st), dump);
  CHECK(state_seq(*st) >= seq);
  return state_find(*st, kit_sym(address));
}

TEST(any_single_lost_record_loses_no_object) {
  for (unsigned n = 1; n <= 8; n++) {
    kit_begin();
    struct state *st;
    struct str aside;
    const struct sres *a = repaired(&st, n, "a", &aside), *b = state_find(st, kit_sym("b"));
    CHECK(a && b);
    if (n == 4) { /* the outcome: to be looked for */
      CHECK(a && !a->identity && a->open.n == 1);
    } else if (a) {
      CHECK_STR(kit_text(a->identity), STR("{\"VpcId\":\"vpc-a\"}"));
      CHECK_INT(a->open.n, 0);
      CHECK_INT(a->type, kit_sym("AWS::EC2::VPC"));
    }
    CHECK_INT(state_lineage(st).n, 32);
    kit_close(st);
    forget_aside(aside);
    kit_end();
  }
}

TEST(what_needs_lost_records_is_left_out) {
  kit_begin();
  two_creates();
  damage(5);
  damage(6);
  struct state *st = kit_open(ST_WRITE);
  const struct state_damage *d = state_damage(st);
  CHECK(d->lost.n == 1 && d->lost.v[0].first == 5 && d->lost.v[0].last == 6);
  CHECK(d->unfit.n == 1 && d->unfit.v[0] == 7);
  CHECK(state_find(st, kit_sym("a")) && !state_find(st, kit_sym("b")));
  kit_close(st);
  kit_end();
}

TEST(a_repair_cut_off_anywhere_leaves_one_state_or_the_other) {
  bool done = false;
  for (size_t n = 1; n <= 40 && !done; n++) {
    kit_begin();
    two_creates();
    damage(4);
    struct state *st = kit_open(ST_WRITE);
    struct str aside, again = {NULL, 0};
    file_fail_at(n, EIO);
    done = state_repair(st, &aside) == QN_OK;
    file_fail_at(0, 0);
    kit_close(st);
    st = kit_open(ST_WRITE);
    CHECK(state_find(st, kit_sym("b")) && state_find(st, kit_sym("a")));
    if (state_damaged(st)) {
      CHECK(!done);
      CHECK_INT(state_repair(st, &again), QN_OK);
    }
    CHECK_INT(state_note(st, STR("goes on")), QN_OK);
    CHECK_INT(state_commit(st), QN_OK);
    kit_close(st);
    /* The damaged file is never lost. */
    struct str kept = {NULL, 0};
    if (file_read(&s.arena, kit_path(str_fmt(&s.arena, "%.*s/%s", SV(aside), first).p), 1 << 20, NULL, &kept))
      kept.n = 0;
    CHECK(kept.n > 0 || done || again.n);
    if (unit_failed) printf("failing at %zu\n", n);
    if (kept.n) forget_aside(aside);
    if (again.n && !str_eq(again, aside)) forget_aside(again);
    kit_empty();
    rmdir(kit_path(aside.p));
    kit_end();
  }
  CHECK(done);
}

TEST(a_snapshot_that_cannot_be_written_is_a_warning) {
  bool done = false;
  for (size_t n = 1; n < 20 && !done; n++) {
    kit_begin();
    struct state *st = kit_open(ST_WRITE);
    kit_created(st, kit_intent(st, "a", 1, 'c'), "vpc-1");
    CHECK_INT(state_commit(st), QN_OK);
    struct str dump = kit_dump(st);
    file_fail_at(n, ENOSPC);
    CHECK_INT(state_snapshot(st), QN_OK);
    file_fail_at(0, 0);
    done = !count_diags(QN0613);
    CHECK_INT(s.diags.n, !done);
    CHECK_INT(s.diags.n_errors, 0);
    CHECK_INT(state_note(st, STR("goes on")), QN_OK);
    CHECK_INT(state_commit(st), QN_OK);
    kit_created(st, kit_intent(st, "b", 1, 'c'), "vpc-2");
    CHECK_INT(state_commit(st), QN_OK);
    kit_close(st);
    s.diags.n = 0;
    st = kit_open(ST_READ);
    CHECK(!state_damaged(st) && s.diags.n == 0);
    CHECK(str_find(kit_dump(st), str_sub(dump, 0, 20)) != SIZE_MAX && state_find(st, kit_sym("b")));
    kit_close(st);
    if (unit_failed) printf("failing at %zu\n", n);
    kit_end();
  }
  CHECK(done);
}

static sym in_address(unsigned i) {
  return kit_sym(str_fmt(&s.arena, "r%u", i).p);
}

static const struct value *big(size_t n) {
  char *p = arena_alloc(&s.arena, n + 1);
  memset(p, 'x', n);
  return value_map(&s.arena,
                   &(struct member){kit_sym("Text"), SPAN_NONE, value_str(&s.arena, (struct str){p, n})}, 1);
}

TEST(a_full_disk_keeps_large_outcomes) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  enum { N = 3, LARGE = 200000 };
  uint64_t n[N];
  for (unsigned i = 0; i < N; i++) {
    struct intent in = {.address = in_address(i), .generation = 1, .kind = 'c', .acknowledges = big(LARGE)};
    CHECK_INT(state_intent(st, &in, &n[i]), QN_OK);
  }
  CHECK_INT(state_commit(st), QN_OK);
  struct stat now;
  CHECK(stat(kit_path(first), &now) == 0 && now.st_size >= N * LARGE);
  off_t had = now.st_size;
  for (unsigned i = 0; i < N; i++) {
    struct outcome oc = {.intent = n[i],
                         .kind = OC_OK,
                         .identity = kit_json("{\"Id\":\"x\"}"),
                         .attributes = big(LARGE),
                         .applied = big(LARGE)};
    file_fail_at(1, ENOSPC); /* there is no more room; nothing is written before the commit */
    CHECK_INT(state_outcome(st, &oc), QN_OK);
    file_fail_at(0, 0);
    CHECK_INT(s.diags.n, 0);
    struct sres r = *state_find(st, in_address(i));
    r.seen = big(LARGE);
    file_fail_at(1, ENOSPC);
    CHECK_INT(state_put(st, &r), QN_E_IO); /* takes nobody's room */
    file_fail_at(0, 0);
    CHECK_INT(count_diags(QN0610), 1);
    s.diags.n = s.diags.n_errors = 0;
  }
  CHECK_INT(state_commit(st), QN_OK);
  CHECK(stat(kit_path(first), &now) == 0 && now.st_size == had); /* it never grew */
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_INT(state_open_intents(st), 0);
  for (unsigned i = 0; i < N; i++) {
    const struct sres *r = state_find(st, in_address(i));
    CHECK(r && r->identity && value_eq(&s, r->applied, big(LARGE)) && !r->attributes);
  }
  kit_close(st);
  kit_end();
}

TEST(an_outcome_over_the_limit_is_shortened_or_refused_before_the_call) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  uint64_t n = 0;
  struct intent in = {.address = kit_sym("a"), .generation = 1, .kind = 'c', .acknowledges = big(1 << 20)};
  CHECK_INT(state_intent(st, &in, &n), QN_E_LIMIT);
  CHECK_INT(count_diags(QN0611), 1);
  n = kit_intent(st, "a", 1, 'c');
  struct outcome oc = {
      .intent = n, .kind = OC_OK, .identity = kit_json("{\"Id\":\"x\"}"), .attributes = big(1 << 20)};
  CHECK_INT(state_outcome(st, &oc), QN_OK);
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_STR(kit_text(state_find(st, kit_sym("a"))->identity), STR("{\"Id\":\"x\"}"));
  kit_close(st);
  kit_end();
}

/* Runs of a writer: records, a snapshot, files removed. */
static void write_on(void) {
  for (unsigned i = 0; !kill(getppid(), 0); i++) {
    struct store *own;
    struct state *st;
    if (store_local(&s, root, STR("pay"), STR("dev"), false, &own)) _exit(1);
    if (state_open(&s, own, ST_WRITE, &st)) _exit(2);
    if (s.diags.n) _exit(3);
    for (unsigned k = 0; k < 3; k++) {
      for (unsigned j = 0; j < 40; j++)
        if (state_note(st, STR("a note of some length, so that pages are filled"))) _exit(4);
      if (state_commit(st)) _exit(5);
    }
    if (i % 2 && state_snapshot(st)) _exit(6);
    state_close(st);
    own->ops->close(own);
  }
  _exit(0);
}

TEST(readers_race_with_a_writer) {
  kit_begin();
  kit_close(kit_open(ST_WRITE));
  pid_t pid = fork();
  if (!pid) write_on();
  time_t end = time(NULL) + 3;
  uint64_t last = 0;
  unsigned looks = 0;
  for (; time(NULL) < end && !unit_failed; looks++) {
    struct state *st = kit_open(ST_READ);
    CHECK(st && !state_damaged(st));
    CHECK_INT(s.diags.n, 0);
    CHECK(st && state_seq(st) >= last);
    last = st ? state_seq(st) : 0;
    kit_close(st);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, WNOHANG) == 0); /* it still writes */
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  CHECK(looks > 20 && last > 500);
  kit_end();
}

TEST_MAIN(CASE(any_single_lost_record_loses_no_object), CASE(what_needs_lost_records_is_left_out),
          CASE(a_repair_cut_off_anywhere_leaves_one_state_or_the_other),
          CASE(a_snapshot_that_cannot_be_written_is_a_warning), CASE(a_full_disk_keeps_large_outcomes),
          CASE(an_outcome_over_the_limit_is_shortened_or_refused_before_the_call),
          CASE(readers_race_with_a_writer))
