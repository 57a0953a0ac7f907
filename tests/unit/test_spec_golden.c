/* tests/golden/spec/<case>: in.yaml with err.txt (the exact diagnostics) or
 * out.txt (what was compiled). */
#include "spec_kit.h"

#define FOLDER "tests/golden/spec"

static void print_resource(struct kit *k, const struct graph *g, const struct node *n, struct buf *out) {
  static const char *const destroys[] = {"", "delete", "retain", "snapshot", "empty"};
  static const char *const orders[] = {"", "create_first", "delete_first"};
  const struct resource *r = &n->r;
  buf_addf(out, "\n%.*s %.*s\n", SV(session_str(&k->s, r->address)), SV(session_str(&k->s, r->type)));
  if (r->region) buf_addf(out, "  region %.*s\n", SV(session_str(&k->s, r->region)));
  if (r->protect) buf_addz(out, "  protect\n");
  if (r->on_destroy) buf_addf(out, "  on_destroy %s\n", destroys[r->on_destroy]);
  if (r->replace) buf_addf(out, "  replace %s\n", orders[r->replace]);
  for (uint32_t i = 0; i < r->n_ignore; i++) buf_addf(out, "  ignore %.*s\n", SV(r->ignore[i]));
  if (r->timeouts) {
    buf_addz(out, "  timeouts ");
    kit_json(k, r->timeouts, JSON_COMPACT, out);
  }
  for (uint32_t i = 0; i < n->n_deps; i++)
    buf_addf(out, "  needs %.*s\n", SV(session_str(&k->s, g->nodes[g->deps[n->dep_first + i]].r.address)));
  for (uint32_t i = 0; i < r->props->n; i++) {
    buf_addf(out, "  %.*s: ", SV(session_str(&k->s, r->props->members[i].key)));
    kit_json(k, r->props->members[i].value, JSON_COMPACT, out);
  }
}

static void print(struct kit *k, const struct compiled *c, const struct graph *g, struct buf *out) {
  const struct environment *e = &c->env;
  struct session *s = &k->s;
  buf_addf(out, "environment %.*s of %.*s in %.*s, partition %.*s%s%.*s%s%s\n", SV(session_str(s, e->name)),
           SV(session_str(s, e->stack)), SV(session_str(s, e->region)), SV(session_str(s, e->partition)),
           e->account ? ", account " : "", SV(session_str(s, e->account)), e->protect ? ", protected" : "",
           e->sandbox ? ", sandbox" : "");
  buf_addz(out, "inputs ");
  kit_json(k, e->inputs, JSON_COMPACT, out);
  for (uint32_t i = 0; i < g->n_nodes; i++) print_resource(k, g, &g->nodes[i], out);
  if (c->outputs.n) buf_addc(out, '\n');
  for (size_t i = 0; i < c->outputs.n; i++) {
    buf_addf(out, "output %.*s%s: ", SV(session_str(s, c->outputs.v[i].name)),
             c->outputs.v[i].secret ? " (secret)" : "");
    kit_json(k, c->outputs.v[i].value, JSON_COMPACT, out);
  }
  for (size_t i = 0; i < c->checks.n; i++) {
    buf_addz(out, "check ");
    kit_json(k, c->checks.v[i].that, JSON_COMPACT, out);
    buf_addz(out, "  else ");
    kit_json(k, c->checks.v[i].message, JSON_COMPACT, out);
  }
  for (size_t i = 0; i < c->moved.n; i++)
    buf_addf(out, "moved %.*s to %.*s\n", SV(session_str(s, c->moved.v[i].from)),
             SV(session_str(s, c->moved.v[i].to)));
  for (uint32_t i = 0; i < c->lookups->n; i++) {
    buf_addf(out, "lookup %.*s: ", SV(session_str(s, c->lookups->members[i].key)));
    kit_json(k, c->lookups->members[i].value, JSON_COMPACT, out);
  }
}

static void one_case(const char *name) {
  static const char *const known[] = {"in.yaml", "options", "out.txt", "err.txt", "modules", "vars.yaml"};
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
  CHECK((e == QN_OK) == (k.s.diags.n_errors == 0));
  if (e == QN_OK) print(&k, &c, g, &out);
  kit_compare(&k.s.arena, buf_str(&out), e ? "err.txt" : "out.txt", e ? "out.txt" : "err.txt");
  buf_release(&out);
  kit_release(&k);
}

TEST(every_case_comes_out_as_written) {
  CHECK(kit_each(FOLDER, one_case) >= 60);
}

TEST_MAIN(CASE(every_case_comes_out_as_written))
