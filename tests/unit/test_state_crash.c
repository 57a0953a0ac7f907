#include "state_kit.h"

/* A run as an apply makes it; after each commit `mark` sees the state. */
typedef void mark_fn(struct state *st, void *user);

static bool step(struct state *st, enum qn_err e, mark_fn *mark, void *user) {
  if (!e) e = state_commit(st);
  if (!e) mark(st, user);
  return !e;
}

static bool intent(struct state *st, const char *address, uint32_t generation, char kind, uint64_t *n) {
  struct intent in = {.address = kit_sym(address),
                      .generation = generation,
                      .kind = (uint8_t)kind,
                      .operation = STR("ec2.CreateVpc"),
                      .type = kit_sym("AWS::EC2::VPC"),
                      .uid = STR("u")};
  return !state_intent(st, &in, n);
}

static bool scenario(struct state *st, mark_fn *mark, void *user) {
  uint64_t n;
  mark(st, user);
  if (!step(st, state_run(st, STR("p1"), 1, kit_sym("1"), kit_json("{\"zone\":\"a\"}")), mark, user))
    return false;
  for (unsigned i = 0; i < 3; i++) {
    const char *address = str_fmt(&s.arena, "r%u", i).p;
    if (!intent(st, address, 1, 'c', &n) || !step(st, QN_OK, mark, user)) return false;
    struct outcome oc = {.intent = n,
                         .kind = OC_OK,
                         .identity = kit_json("{\"Id\":\"x\"}"),
                         .applied = kit_json("{\"A\":{\"h\":\"0123\"}}"),
                         .attributes = kit_json("{\"Arn\":\"a\\\"b\"}")};
    struct sres r = {.address = kit_sym(address), .generation = 1, .complete = true};
    enum qn_err e = state_outcome(st, &oc);
    if (!step(st, e ? e : state_put(st, &r), mark, user)) return false;
    if (i == 1) {
      enum qn_err snap = state_snapshot(st);
      mark(st, user);
      if (snap) return false;
    }
  }
  if (!intent(st, "r0", 1, 'd', &n)) return false;
  struct outcome gone = {.intent = n, .kind = OC_OK, .gone = true};
  if (!step(st, state_outcome(st, &gone), mark, user)) return false;
  return step(st, state_note(st, STR("3 created")), mark, user);
}

struct marks {
  struct str dump[64];
  uint64_t n[64];
  size_t count;
};

static void remember(struct state *st, void *user) {
  struct marks *m = user;
  m->dump[m->count] = kit_dump(st);
  m->n[m->count++] = state_seq(st);
}

/* The dump of what a journal of n records says. */
static struct str at_record(const struct marks *m, uint64_t n) {
  size_t k = 0;
  while (k + 1 < m->count && m->n[k + 1] <= n) k++;
  return m->dump[k];
}

static void put_file(const char *name, struct str text) {
  int fd = open(kit_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0 && !fd_write_all(fd, text));
  close(fd);
}

static struct str get_file(const char *name) {
  struct str t = {NULL, 0};
  CHECK_INT(file_read(&s.arena, kit_path(name), 1 << 20, NULL, &t), QN_OK);
  return t;
}

static size_t count_diags(enum diag_code code) {
  size_t n = 0;
  for (size_t i = 0; i < s.diags.n; i++) n += s.diags.v[i]->code == code;
  return n;
}

/* One segment of single commits; returns its text. */
static struct str one_segment(struct marks *m) {
  struct state *st = kit_open(ST_WRITE);
  m->count = 0;
  remember(st, m);
  for (unsigned i = 0; i < 4; i++) {
    uint64_t n = kit_intent(st, str_fmt(&s.arena, "r%u", i).p, 1, 'c');
    CHECK(step(st, QN_OK, remember, m));
    kit_created(st, n, "vpc-1");
    CHECK(step(st, QN_OK, remember, m));
  }
  kit_close(st);
  return get_file("j-000000000001.jsonl");
}

static size_t lines(struct str t) {
  size_t n = 0;
  for (size_t i = 0; i < t.n; i++) n += t.p[i] == '\n';
  return n;
}

TEST(cut_at_every_byte) {
  kit_begin();
  struct marks m;
  struct str all = one_segment(&m);
  size_t first = str_find_c(all, '\n');
  for (size_t cut = first; cut <= all.n; cut++) {
    size_t records =
        lines(str_sub(all, 0, cut)) + (cut < all.n && all.p[cut] == '\n'); /* the line feed is not needed */
    kit_empty();
    put_file("j-000000000001.jsonl", str_sub(all, 0, cut));
    s.diags.n = 0;
    struct state *st = kit_open(ST_WRITE);
    CHECK(!state_damaged(st));
    CHECK_STR(kit_dump(st), at_record(&m, records));
    CHECK_INT(state_seq(st), records);
    bool clean = all.p[cut - 1] == '\n' || cut == all.n || all.p[cut] == '\n';
    CHECK_INT(count_diags(QN0602), !clean);
    CHECK_INT(state_note(st, STR("on")), QN_OK); /* goes on in a file of its own */
    CHECK_INT(state_commit(st), QN_OK);
    kit_close(st);
    s.diags.n = 0;
    st = kit_open(ST_READ);
    CHECK_STR(kit_dump(st), at_record(&m, records));
    CHECK(!state_damaged(st) && s.diags.n == 0 && state_seq(st) >= records + 1);
    kit_close(st);
  }
  kit_end();
}

TEST(every_flipped_bit_is_found) {
  kit_begin();
  struct marks m;
  struct str all = one_segment(&m);
  struct str last = m.dump[m.count - 1];
  size_t tail = all.n - 1; /* a record is whole without its line feed */
  char *bytes = malloc(all.n);
  for (size_t i = 0; i < all.n; i++) {
    memcpy(bytes, all.p, all.n);
    bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
    put_file("j-000000000001.jsonl", (struct str){bytes, all.n});
    s.diags.n = 0;
    struct state *st = kit_open(ST_READ);
    CHECK_INT(state_damaged(st), i < tail);
    CHECK_INT(count_diags(QN0601), i < tail);
    if (i >= tail) CHECK_STR(kit_dump(st), last);
    kit_close(st);
  }
  free(bytes);
  kit_end();
}

TEST(a_damaged_state_is_read_only) {
  kit_begin();
  struct marks m;
  struct str all = one_segment(&m);
  char *bytes = malloc(all.n);
  memcpy(bytes, all.p, all.n);
  size_t third = str_find(all, STR("{\"n\":3,"));
  bytes[third + 300] ^= 4;
  put_file("j-000000000001.jsonl", (struct str){bytes, all.n});
  struct state *st = kit_open(ST_WRITE);
  uint64_t n = 0;
  struct intent in = {.address = kit_sym("x"), .generation = 1, .kind = 'c'};
  CHECK(state_damaged(st));
  CHECK_INT(state_intent(st, &in, &n), QN_E_DAMAGED);
  CHECK_INT(state_note(st, STR("x")), QN_E_DAMAGED);
  CHECK_INT(state_snapshot(st), QN_E_DAMAGED);
  CHECK(state_find(st, kit_sym("r3")) != NULL); /* what is whole is shown */
  kit_close(st);
  CHECK(str_eq(get_file("j-000000000001.jsonl"), (struct str){bytes, all.n}));
  free(bytes);
  kit_end();
}

TEST(a_batch_that_was_never_synced_is_dropped) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  CHECK_INT(state_note(st, STR("kept")), QN_OK);
  CHECK_INT(state_commit(st), QN_OK);
  for (int i = 0; i < 3; i++) CHECK_INT(state_note(st, STR("batch")), QN_OK);
  CHECK_INT(state_commit(st), QN_OK);
  kit_kill(st);
  struct str all = get_file("j-000000000001.jsonl");
  /* A power cut may keep the second page of the batch and lose the first. */
  char *bytes = malloc(all.n);
  memcpy(bytes, all.p, all.n);
  memset(bytes + str_find(all, STR("{\"n\":3,")) + 20, 0, 200);
  put_file("j-000000000001.jsonl", (struct str){bytes, all.n});
  free(bytes);
  s.diags.n = 0;
  st = kit_open(ST_WRITE);
  CHECK(!state_damaged(st));
  CHECK_INT(state_seq(st), 2);
  CHECK_INT(count_diags(QN0602), 1);
  kit_close(st);
  kit_end();
}

TEST(every_failing_write_sync_and_rename) {
  enum { POINTS = 27 };
  static const int errors[] = {ENOSPC, EIO};
  for (size_t k = 0; k < 2; k++) {
    bool done = false;
    for (size_t n = 1; n <= POINTS; n++) {
      kit_begin();
      struct marks m = {.count = 0};
      kit_close(kit_open(ST_WRITE));
      struct state *st = kit_open(ST_WRITE);
      file_fail_at(n, errors[k]);
      done = scenario(st, remember, &m);
      struct str now = kit_dump(st); /* what the failing batch would have made */
      file_fail_at(0, 0);
      if (!done &&
          state_note(st, STR("x")) == QN_OK) { /* only a refused reservation or snapshot lets go on */
        CHECK(state_commit(st) == QN_OK);
      }
      kit_close(st);
      s.diags.n = 0;
      st = kit_open(ST_WRITE);
      CHECK(!state_damaged(st));
      struct str got = kit_dump(st);
      CHECK(str_eq(got, m.dump[m.count - 1]) || str_eq(got, now));
      CHECK_INT(state_note(st, STR("y")), QN_OK);
      CHECK_INT(state_commit(st), QN_OK);
      kit_close(st);
      if (unit_failed) printf("failing at %zu with %d\n", n, errors[k]);
      kit_end();
    }
    CHECK(done); /* the last point lies behind the end: no point was missed */
  }
}

TEST(after_a_failed_sync_nothing_is_accepted) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  CHECK_INT(state_note(st, STR("x")), QN_OK);
  file_fail_at(2, EIO); /* the write works, the sync does not */
  CHECK_INT(state_commit(st), QN_E_IO);
  CHECK_INT(state_commit(st), QN_E_IO);
  CHECK_INT(state_note(st, STR("y")), QN_E_IO);
  CHECK_INT(count_diags(QN0604), 1);
  kit_close(st);
  kit_end();
}

TEST(a_full_disk_refuses_intents_and_keeps_outcomes) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  uint64_t n[200], more;
  size_t open = 0;
  n[open++] = kit_intent(st, "r", 1, 'c');
  file_fail_at(1, ENOSPC); /* the next allocation; nothing is written meanwhile */
  while (open < 200 && intent(st, str_fmt(&s.arena, "r%zu", open).p, 1, 'c', &more)) n[open++] = more;
  CHECK(open > 1 && open < 20);
  CHECK_INT(count_diags(QN0610), 1);
  for (size_t i = 0; i < open; i++) kit_created(st, n[i], "vpc-1");
  CHECK_INT(state_commit(st), QN_OK);
  kit_close(st);
  st = kit_open(ST_READ);
  CHECK_INT(state_open_intents(st), 0);
  kit_close(st);
  kit_end();
}

TEST(an_older_snapshot_takes_over) {
  kit_begin();
  struct marks m = {.count = 0};
  for (int i = 0; i < 2; i++) {
    struct state *st = kit_open(ST_WRITE);
    kit_created(st, kit_intent(st, i ? "b" : "a", 1, 'c'), "vpc-1");
    CHECK_INT(state_snapshot(st), QN_OK);
    remember(st, &m);
    kit_close(st);
  }
  const char *newest = "s-000000000005.json";
  struct str t = get_file(newest);
  put_file(newest, str_sub(t, 0, t.n - 3));
  struct state *st = kit_open(ST_READ);
  CHECK(!state_damaged(st));
  CHECK_STR(kit_dump(st), m.dump[1]);
  CHECK_INT(count_diags(QN0609), 1);
  kit_close(st);
  unlink(kit_path("s-000000000003.json"));
  s.diags.n = 0;
  st = kit_open(ST_READ); /* from the first record on */
  CHECK_STR(kit_dump(st), m.dump[1]);
  kit_close(st);
  unlink(kit_path("j-000000000004.jsonl"));
  st = kit_open(ST_READ); /* records 4 and 5 are gone */
  CHECK(state_damaged(st));
  kit_close(st);
  kit_end();
}

TEST(a_missing_segment_is_damage) {
  kit_begin();
  for (int i = 0; i < 3; i++) {
    struct state *st = kit_open(ST_WRITE);
    CHECK_INT(state_note(st, STR("x")), QN_OK);
    CHECK_INT(state_commit(st), QN_OK);
    kit_close(st);
  }
  struct str keep = get_file("j-000000000004.jsonl");
  unlink(kit_path("j-000000000004.jsonl"));
  struct state *st = kit_open(ST_READ);
  CHECK(state_damaged(st));
  kit_close(st);
  put_file("j-000000000004.jsonl", keep);
  unlink(kit_path("j-000000000001.jsonl"));
  st = kit_open(ST_READ);
  CHECK(state_damaged(st));
  kit_close(st);
  kit_end();
}

TEST(a_reader_beside_a_writer_is_not_alarmed) {
  kit_begin();
  struct state *st = kit_open(ST_WRITE);
  struct store *first = store;
  CHECK_INT(state_note(st, STR("x")), QN_OK);
  file_fail_at(1, EIO); /* half a record is in the file */
  CHECK_INT(state_commit(st), QN_E_IO);
  s.diags.n = 0;
  struct state *reader = kit_open(ST_READ);
  CHECK_INT(s.diags.n, 0);
  CHECK_INT(state_seq(reader), 1);
  kit_close(reader);
  store = first;
  kit_close(st);
  kit_close(kit_open(ST_READ)); /* the writer cut off what it could not finish */
  CHECK_INT(s.diags.n, 0);
  kit_end();
}

TEST_MAIN(CASE(cut_at_every_byte), CASE(every_flipped_bit_is_found), CASE(a_damaged_state_is_read_only),
          CASE(a_batch_that_was_never_synced_is_dropped), CASE(every_failing_write_sync_and_rename),
          CASE(after_a_failed_sync_nothing_is_accepted), CASE(a_full_disk_refuses_intents_and_keeps_outcomes),
          CASE(an_older_snapshot_takes_over), CASE(a_missing_segment_is_damage),
          CASE(a_reader_beside_a_writer_is_not_alarmed))
