/* tests/golden/plan/<case>: the plan of a spec, a state and a cloud (plan_kit.h) as a letter (plan.txt) and
 * as data (plan.json), or the exact diagnostics (err.txt). Each is made twice and read back from its file. */
#include "plan_kit.h"

#define FOLDER "tests/golden/plan"

static void write_plan(const struct plan *p, struct buf *out) {
  buf_reset(out);
  CHECK_INT(plan_write(p, out), QN_OK);
}

/* The same bytes from a second plan, and from one that went through a file. */
static void check_file(struct plan_case *c, const struct plan *p) {
  struct buf first = BUF_INIT(1 << 22), other = BUF_INIT(1 << 22);
  struct plan again;
  write_plan(p, &first);
  CHECK_INT(pk_plan(c, &again), QN_OK);
  write_plan(&again, &other);
  CHECK_STR(buf_str(&other), buf_str(&first));
  struct str text = str_dup(&c->k.s.arena, buf_str(&first));
  CHECK_INT(plan_read(&c->k.s, text, c->p, &again), QN_OK);
  write_plan(&again, &other);
  CHECK_STR(buf_str(&other), buf_str(&first));
  CHECK_INT(plan_check_maker(&again, c->p), QN_OK);
  CHECK(plan_id(p).n == 32 && p->definitions_digest.n == 64);
  buf_release(&first);
  buf_release(&other);
}

/* Every change can be reached: no circle among them. */
static void check_order(const struct plan *p) {
  bool done[64] = {0};
  uint32_t n = 0;
  CHECK(p->n_changes <= 64);
  for (bool went = true; went;) {
    went = false;
    for (uint32_t i = 0; i < p->n_changes; i++) {
      bool ready = !done[i];
      for (uint32_t k = 0; k < p->changes[i].n_after; k++) ready = ready && done[p->changes[i].after[k]];
      if (ready) done[i] = went = true, n++;
    }
  }
  CHECK_INT(n, p->n_changes);
}

/* The id is a digest over the state's random name. */
static struct str without_id(struct plan_case *c, struct str json) {
  size_t at = str_find(json, STR("\"id\": \""));
  if (at == SIZE_MAX) return json;
  struct str rest = str_sub(json, at + 7, json.n);
  rest = str_sub(rest, str_find_c(rest, '"'), rest.n);
  return str_fmt(&c->k.s.arena, "%.*s(digest)%.*s", (int)(at + 7), json.p, SV(rest));
}

static void one_case(const char *name) {
  static const char *const known[] = {"in.yaml",   "options",  "plan-options", "modules", "state.json",
                                      "live.json", "plan.txt", "plan.json",    "err.txt"};
  struct plan_case c;
  struct plan p;
  struct buf out = BUF_INIT(1 << 22);
  (void)name;
  kit_no_stray(known, sizeof known / sizeof *known);
  pk_init(&c);
  enum qn_err e = pk_plan(&c, &p);
  CHECK((e == QN_OK) == (c.k.s.diags.n_errors == 0));
  if (e) {
    diags_sort(&c.k.s.diags, c.k.s.sources, &c.k.s.arena);
    diags_render_text(&c.k.s.diags, c.k.s.sources, &out, false, 0);
    buf_addf(&out, "%s\n", qn_err_word(e));
    remove(getenv("QUOIN_GOLDEN_UPDATE") ? "plan.json" : "");
    kit_compare(&c.k.s.arena, buf_str(&out), "err.txt", "plan.txt");
  } else {
    plan_render_text(&p, &c.render, &out);
    kit_compare(&c.k.s.arena, buf_str(&out), "plan.txt", "err.txt");
    CHECK(str_find(buf_str(&out), STR("hunter2")) == SIZE_MAX);
    buf_reset(&out);
    CHECK_INT(plan_render_json(&p, &out), QN_OK);
    CHECK(str_find(buf_str(&out), STR("hunter2")) == SIZE_MAX);
    kit_compare(&c.k.s.arena, without_id(&c, buf_str(&out)), "plan.json", "err.txt");
    check_file(&c, &p);
    check_order(&p);
  }
  buf_release(&out);
  pk_release(&c);
}

TEST(every_case_comes_out_as_written) {
  CHECK(kit_each(FOLDER, one_case) >= 40);
}

TEST_MAIN(CASE(every_case_comes_out_as_written))
