/* tests/golden/graph/<case>: in.yaml with order, paths and pictures in out.txt
 * or diagnostics in err.txt. */
#include "spec_kit.h"

#define FOLDER "tests/golden/graph"

static void print(struct kit *k, const struct graph *g, struct buf *out) {
  struct arena scratch;
  arena_init(&scratch);
  const uint32_t *order = graph_order(g, &scratch);
  uint32_t *typical = ARENA_ARRAY(&scratch, g->n_nodes, uint32_t);
  uint64_t *left = ARENA_ARRAY(&scratch, g->n_nodes, uint64_t);
  for (uint32_t i = 0; i < g->n_nodes; i++) typical[i] = 100 + i; /* so that no two paths are equally long */
  graph_critical(g, typical, left, &scratch);
  for (uint32_t i = 0; i < g->n_nodes; i++)
    buf_addf(out, "%.*s %llu\n", SV(session_str(&k->s, g->nodes[order[i]].r.address)),
             (unsigned long long)left[order[i]]);
  buf_addc(out, '\n');
  graph_dot(g, out);
  buf_addc(out, '\n');
  graph_mermaid(g, out);
  arena_release(&scratch);
}

static void one_case(const char *name) {
  static const char *const known[] = {"in.yaml", "out.txt", "err.txt"};
  struct kit k;
  struct compiled c = {0};
  struct graph *g = NULL;
  struct buf out = BUF_INIT(1 << 20);
  (void)name;
  kit_no_stray(known, sizeof known / sizeof *known);
  kit_init(&k);
  enum qn_err e = kit_compile(&k, &c, &g);
  diags_sort(&k.s.diags, k.s.sources, &k.s.arena);
  diags_render_text(&k.s.diags, k.s.sources, &out, false, 0);
  if (e == QN_OK) print(&k, g, &out);
  kit_compare(&k.s.arena, buf_str(&out), e ? "err.txt" : "out.txt", e ? "out.txt" : "err.txt");
  buf_release(&out);
  kit_release(&k);
}

TEST(every_case_comes_out_as_written) {
  CHECK(kit_each(FOLDER, one_case) >= 3);
}

static struct resource made(struct session *s, const char *address, const char *needs) {
  struct resource r = {.address = session_sym(s, str_c(address)), .type = session_sym(s, STR("T"))};
  sym *list = ARENA_ARRAY(&s->arena, 1, sym);
  if (needs) {
    list[0] = session_sym(s, str_c(needs));
    r.depends_on = list;
    r.n_depends_on = 1;
  }
  return r;
}

TEST(one_address_twice_is_an_error) {
  struct session s;
  struct compiled c = {0};
  struct graph *g = NULL;
  session_init(&s, NULL);
  VEC_PUSH(&s.arena, &c.resources, made(&s, "a", NULL));
  VEC_PUSH(&s.arena, &c.resources, made(&s, "a", NULL));
  CHECK_INT(graph_build(&s, NULL, &c, &g), QN_E_INVALID);
  CHECK_INT(s.diags.n, 1);
  CHECK_INT(s.diags.v[0]->code, QN0502);
  session_release(&s);
}

TEST(a_long_chain_is_no_deep_stack) {
  enum { N = 200000 };
  struct session s;
  struct compiled c = {0};
  struct graph *g = NULL;
  struct arena scratch;
  char name[2][32];
  session_init(&s, NULL);
  arena_init(&scratch);
  for (int i = 0; i < N; i++) { /* each needs the next: the reverse of the order by address */
    snprintf(name[0], sizeof name[0], "n%06d", i);
    snprintf(name[1], sizeof name[1], "n%06d", i + 1);
    VEC_PUSH(&s.arena, &c.resources, made(&s, name[0], i + 1 < N ? name[1] : NULL));
  }
  CHECK_INT(graph_build(&s, NULL, &c, &g), QN_OK);
  const uint32_t *order = graph_order(g, &scratch);
  bool reversed = true;
  for (uint32_t i = 0; i < N; i++) reversed = reversed && order[i] == N - 1 - i;
  CHECK(reversed);
  CHECK_INT(graph_find(g, session_sym(&s, STR("n000007"))), 7);
  CHECK_INT(graph_find(g, session_sym(&s, STR("nobody"))), UINT32_MAX);
  arena_release(&scratch);
  session_release(&s);
}

TEST(a_cycle_without_properties_is_shown) {
  struct session s;
  struct compiled c = {0};
  struct graph *g = NULL;
  session_init(&s, NULL);
  VEC_PUSH(&s.arena, &c.resources, made(&s, "a", "b"));
  VEC_PUSH(&s.arena, &c.resources, made(&s, "b", "c"));
  VEC_PUSH(&s.arena, &c.resources, made(&s, "c", "b"));
  VEC_PUSH(&s.arena, &c.resources, made(&s, "d", NULL));
  CHECK_INT(graph_build(&s, NULL, &c, &g), QN_E_INVALID);
  CHECK_INT(s.diags.n, 1);
  CHECK_STR(s.diags.v[0]->message, STR("dependency cycle: b -> c -> b"));
  session_release(&s);
}

TEST_MAIN(CASE(every_case_comes_out_as_written), CASE(one_address_twice_is_an_error),
          CASE(a_long_chain_is_no_deep_stack), CASE(a_cycle_without_properties_is_shown))
