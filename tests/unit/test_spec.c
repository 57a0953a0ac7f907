/* Specs that are made by the test: large, deep, repeated, and what goes in and out beside the text. */
#include <sys/stat.h>

#include "quoin/embed.h"
#include "spec_kit.h"

#define HEAD "quoin: 1\nstack: shop\nenvironments:\n  dev: { region: us-east-1 }\n"

struct made {
  struct kit k;
  struct compiled c;
  struct graph *g;
  enum qn_err e;
  char folder[64];
};

static void made_begin(struct made *m) {
  *m = (struct made){.folder = "build/spec_test_XXXXXX"};
  CHECK(mkdtemp(m->folder) != NULL);
  kit_init(&m->k);
}

static void made_file(struct made *m, const char *name, struct str text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", m->folder, name);
  CHECK_INT(file_write_atomic(path, text, 0644, NULL), QN_OK);
}

static void made_compile(struct made *m, struct str text) {
  made_file(m, "quoin.yaml", text);
  m->k.o.path = m->folder;
  m->e = kit_compile(&m->k, &m->c, &m->g);
}

static void made_end(struct made *m) {
  char path[512];
  snprintf(path, sizeof path, "%s/quoin.yaml", m->folder);
  unlink(path);
  CHECK_INT(rmdir(m->folder), 0);
  kit_release(&m->k);
}

static void expect_ok(struct made *m) {
  struct buf b = BUF_INIT(1 << 16);
  if (m->e) diags_render_text(&m->k.s.diags, m->k.s.sources, &b, false, 3);
  if (m->e) printf("%.*s\n", SV(buf_str(&b)));
  CHECK_INT(m->e, QN_OK);
  buf_release(&b);
}

static const struct value *output(struct made *m, const char *name) {
  for (size_t i = 0; i < m->c.outputs.n; i++)
    if (str_eq(session_str(&m->k.s, m->c.outputs.v[i].name), str_c(name))) return m->c.outputs.v[i].value;
  return value_null();
}

static size_t bytes_for(unsigned n) {
  struct made m;
  struct buf b = BUF_INIT(1 << 20);
  made_begin(&m);
  buf_addf(&b, HEAD "locals:\n  all: ${[tostring(i) for i in range(%u)]}\nresources:\n", n);
  buf_addz(&b, "  log:\n    type: AWS::Logs::LogGroup\n    for_each: ${all}\n"
               "    properties: { LogGroupName: \"/a/${each.key}\", RetentionInDays: 7 }\n"
               "  more:\n    type: AWS::Logs::LogGroup\n    for_each: ${all}\n"
               "    properties: { LogGroupName: \"${log[each.key].LogGroupName}/b\" }\n");
  made_compile(&m, buf_str(&b));
  expect_ok(&m);
  CHECK_INT(m.c.resources.n, 2 * n);
  if (m.g) CHECK_INT(m.g->n_deps, n);
  size_t used = m.k.s.arena.used;
  buf_release(&b);
  made_end(&m);
  return used;
}

TEST(many_instances_cost_linear_memory) {
  size_t few = bytes_for(2000), many = bytes_for(40000);
  CHECK(many < 25 * few);
  CHECK(many < (size_t)80000 * 4096);
}

TEST(a_long_chain_of_references_may_stand_in_any_order) {
  struct made m;
  struct buf b = BUF_INIT(1 << 24);
  made_begin(&m);
  buf_addz(&b, HEAD "resources:\n");
  for (int i = 0; i < 3000; i++)
    buf_addf(&b,
             "  r%d:\n    type: AWS::Logs::LogGroup\n    properties: { RetentionInDays: \"${%s%d%s}\" }\n", i,
             i < 2999 ? "r" : "", i < 2999 ? i + 1 : 7, i < 2999 ? ".RetentionInDays" : "");
  made_compile(&m, buf_str(&b));
  expect_ok(&m);
  CHECK_INT(m.c.resources.n, 3000);
  buf_release(&b);
  made_end(&m);
}

TEST(a_chain_through_instances_is_capped) {
  struct made m;
  struct buf b = BUF_INIT(1 << 20);
  made_begin(&m);
  buf_addz(
      &b, HEAD
      "resources:\n  log:\n    type: AWS::Logs::LogGroup\n    for_each: ${range(1000)}\n    properties:\n"
      "      RetentionInDays: ${if each.value == 999 then 7 else log[each.value + 1].RetentionInDays}\n");
  made_compile(&m, buf_str(&b));
  CHECK_INT(m.e, QN_E_INVALID);
  CHECK(m.k.s.diags.n >= 1 && m.k.s.diags.v[0]->code == QN0445);
  buf_release(&b);
  made_end(&m);
}

TEST(order_of_keys_changes_nothing) {
  static const char *const parts[] = {
      "locals:\n  a: ${b + 1}\n  b: ${length(log.LogGroupName)}\n",
      "outputs:\n  a: ${a}\n  arn: ${log.Arn}\n",
      "resources:\n  log:\n    properties: { LogGroupName: \"/x/${env}\" }\n    type: AWS::Logs::LogGroup\n",
      "stack: shop\n",
      "environments:\n  dev: { region: us-east-1 }\n",
      "quoin: 1\n"};
  for (unsigned turn = 0; turn < 6; turn++) {
    struct made m;
    struct buf b = BUF_INIT(1 << 16);
    made_begin(&m);
    for (unsigned i = 0; i < 6; i++) buf_addz(&b, parts[(i * 5 + turn) % 6]);
    made_compile(&m, buf_str(&b));
    expect_ok(&m);
    CHECK_INT(m.c.resources.n, 1);
    CHECK_INT(output(&m, "a")->i, 7);
    buf_release(&b);
    made_end(&m);
  }
}

TEST(a_lookup_is_asked_once_and_recorded_ones_never) {
  static const char text[] =
      HEAD "outputs:\n  a: ${lookup(\"aws.zones\")}\n  b: ${length(lookup(\"aws.zones\"))}\n"
           "  c: ${lookup(\"aws.ssm_parameter\", {name = \"/x\"})}\n"
           "  d: ${lookup(\"aws.ssm_parameter\", {name = \"/y\"})}\n";
  struct made m, again;
  made_begin(&m);
  m.k.o.lookups = &m.k.lookups;
  made_compile(&m, str_c(text));
  expect_ok(&m);
  CHECK_INT(m.k.n_lookups, 3);
  CHECK_INT(m.c.lookups->n, 3);
  struct buf b = BUF_INIT(1 << 16);
  CHECK_INT(json_write(&m.k.s, m.c.lookups, JSON_COMPACT, &b), QN_OK);

  made_begin(&again);
  struct json_error err;
  CHECK_INT(json_parse(&again.k.s, &again.k.s.arena, buf_str(&b), &again.k.o.recorded_lookups, &err), QN_OK);
  again.k.o.lookups = &again.k.lookups;
  made_compile(&again, str_c(text));
  expect_ok(&again);
  CHECK_INT(again.k.n_lookups, 0);
  CHECK_INT(again.c.lookups->n, 3);
  CHECK_INT(output(&again, "b")->i, 3);
  buf_release(&b);
  made_end(&m);
  made_end(&again);
}

static enum qn_err begin(void *user, const struct environment *env, const struct value **recorded) {
  struct kit *k = user;
  struct member m = {session_sym(&k->s, STR("aws.zones @ us-east-1")), SPAN_NONE,
                     value_str(&k->s.arena, STR("kept"))};
  CHECK_STR(session_str(&k->s, env->region), STR("us-east-1"));
  *recorded = value_map(&k->s.arena, &m, 1);
  return QN_OK;
}

TEST(lookups_begin_with_the_environment) {
  struct made m;
  made_begin(&m);
  m.k.lookups.begin = begin;
  m.k.o.lookups = &m.k.lookups;
  made_compile(&m, STR(HEAD "outputs:\n  a: ${lookup(\"aws.zones\")}\n"));
  expect_ok(&m);
  CHECK_STR(value_text(output(&m, "a")), STR("kept"));
  CHECK_INT(m.k.n_lookups, 0);
  made_end(&m);
}

TEST(plain_text_of_an_output_is_text) {
  struct made m;
  made_begin(&m);
  made_compile(&m, STR(HEAD "outputs:\n  a: later\n  b: { c: [1, yes] }\n"));
  CHECK_STR(value_text(output(&m, "a")), STR("later"));
  CHECK(!(output(&m, "a")->flags & VF_PLAIN));
  const struct value *list = output(&m, "b")->members[0].value;
  CHECK(value_is(list->items[0], V_STR) && !(list->items[0]->flags & VF_PLAIN));
  CHECK_STR(value_text(list->items[1]), STR("yes"));
  made_end(&m);
}

static enum qn_err peer_url(void *user, const struct environment *env, struct str name,
                            const struct value **outputs) {
  struct kit *k = user;
  (void)env;
  struct member out = {session_sym(&k->s, STR("url")), SPAN_NONE, value_str(&k->s.arena, name)};
  *outputs = value_map(&k->s.arena, &out, 1);
  return QN_OK;
}

TEST(the_other_side_gives_its_outputs) {
  struct made m;
  made_begin(&m);
  m.k.lookups.peer = peer_url;
  m.k.o.lookups = &m.k.lookups;
  made_compile(&m, STR("quoin: 1\nstack: shop\nenvironments:\n"
                       "  dev: { region: us-east-1, dr: { region: us-west-2 } }\n"
                       "outputs:\n  a: ${dr.peer.outputs?.url}\n  b: ${dr.role}\n"));
  expect_ok(&m);
  CHECK_STR(value_text(output(&m, "a")), STR("dev--dr"));
  CHECK_STR(value_text(output(&m, "b")), STR("primary"));
  made_end(&m);
}

TEST(standard_modules_come_from_the_blob) {
  struct made m;
  struct session s;
  struct buf blob = BUF_INIT(1 << 20);
  session_init(&s, NULL);
  uint32_t files[2] = {
      srcmap_add(s.sources, STR("modules/logs/module.yaml"),
                 STR("inputs:\n  name: { type: string }\ncomponents:\n  part: { use: ./part.yaml, with: { "
                     "name: \"${name}\" } }\n"
                     "outputs:\n  name: ${part.name}\n")),
      srcmap_add(
          s.sources, STR("modules/logs/part.yaml"),
          STR("inputs:\n  name: { type: string }\nresources:\n  log:\n    type: AWS::Logs::LogGroup\n"
              "    properties: { LogGroupName: \"${name}\" }\noutputs:\n  name: ${log.LogGroupName}\n"))};
  CHECK_INT(modules_compile(&s, files, 2, &blob), QN_OK);
  made_begin(&m);
  m.k.o.modules_blob = buf_str(&blob);
  made_compile(&m,
               STR(HEAD "components:\n  a: { use: logs, with: { name: /a } }\noutputs:\n  n: ${a.name}\n"));
  expect_ok(&m);
  CHECK_INT(m.c.resources.n, 1);
  if (m.c.resources.n) CHECK_STR(session_str(&m.k.s, m.c.resources.v[0].address), STR("a.part.log"));
  CHECK_STR(value_text(output(&m, "n")), STR("/a"));
  made_end(&m);

  made_begin(&m);
  m.k.o.modules_blob = buf_str(&blob);
  made_compile(&m, STR(HEAD "components:\n  a: { use: log, with: { name: /a } }\n"));
  CHECK_INT(m.e, QN_E_INVALID);
  CHECK(m.k.s.diags.n == 1 && m.k.s.diags.v[0]->code == QN0430);
  CHECK_STR(m.k.s.diags.v[0]->help, STR("did you mean \"logs\"?"));
  made_end(&m);
  buf_release(&blob);
  session_release(&s);
}

TEST(modules_are_nested_only_so_deep) {
  struct made m;
  struct session s;
  struct buf blob = BUF_INIT(1 << 20);
  uint32_t files[80];
  session_init(&s, NULL);
  for (int i = 0; i < 80; i++) {
    struct str name = str_fmt(&s.arena, "modules/m%d/module.yaml", i);
    struct str text =
        i == 79 ? STR("locals: {}\n") : str_fmt(&s.arena, "components:\n  c: { use: m%d }\n", i + 1);
    files[i] = srcmap_add(s.sources, name, text);
  }
  CHECK_INT(modules_compile(&s, files, 80, &blob), QN_OK);
  made_begin(&m);
  m.k.o.modules_blob = buf_str(&blob);
  made_compile(&m, STR(HEAD "components:\n  a: { use: m0 }\n"));
  CHECK_INT(m.e, QN_E_INVALID);
  CHECK(m.k.s.diags.n == 1 && m.k.s.diags.v[0]->code == QN0432);
  made_end(&m);
  buf_release(&blob);
  session_release(&s);
}

TEST(a_wrong_module_fails_the_build) {
  struct session s;
  struct buf blob = BUF_INIT(1 << 20);
  session_init(&s, NULL);
  uint32_t file =
      srcmap_add(s.sources, STR("modules/logs/module.yaml"), STR("inputs:\n  name: { typ: string }\n"));
  CHECK_INT(modules_compile(&s, &file, 1, &blob), QN_E_INVALID);
  CHECK(s.diags.n_errors >= 1);
  buf_release(&blob);
  session_release(&s);
}

TEST(names_of_environments_are_listed_in_order) {
  struct made m;
  const sym *names;
  const struct ynode *parsed = NULL;
  size_t n = 0;
  made_begin(&m);
  made_file(&m, "quoin.yaml", STR("quoin: 1\nstack: s\nenvironments:\n  b: { region: nowhere }\n  a: {}\n"));
  CHECK_INT(spec_environments(&m.k.s, m.folder, &names, &n, &parsed), QN_OK);
  CHECK(parsed != NULL);
  CHECK_INT(n, 2);
  if (n == 2) CHECK_STR(session_str(&m.k.s, names[0]), STR("b"));
  made_end(&m);
}

TEST(a_spec_that_is_not_there_is_said_so) {
  struct made m;
  made_begin(&m);
  m.k.o.path = "build/no_such_folder_here/quoin.yaml";
  CHECK_INT(kit_compile(&m.k, &m.c, &m.g), QN_E_INVALID);
  CHECK(m.k.s.diags.n == 1 && m.k.s.diags.v[0]->code == QN0001);
  made_file(&m, "quoin.yaml", STR(""));
  made_end(&m);
}

TEST(values_say_where_they_come_from) {
  struct made m;
  made_begin(&m);
  made_compile(&m, STR("quoin: 1\nstack: shop\ninputs:\n  days: { type: int }\nenvironments:\n  dev: { "
                       "region: us-east-1, with: { days: 7 } }\n"
                       "resources:\n  log:\n    type: AWS::Logs::LogGroup\n    properties: { "
                       "RetentionInDays: \"${days}\" }\n"));
  expect_ok(&m);
  const struct value *v =
      m.c.resources.n ? value_get(&m.k.s, m.c.resources.v[0].props, STR("RetentionInDays")) : value_null();
  unsigned seen = 0;
  for (uint32_t meta = v->meta; meta; meta = vmeta_get(&m.k.s, meta).from)
    seen |= 1U << vmeta_get(&m.k.s, meta).how;
  CHECK(seen & 1U << HOW_INPUT);
  CHECK(seen & 1U << HOW_ENVIRONMENT);
  CHECK(seen & 1U << HOW_LITERAL);
  made_end(&m);
}

TEST_MAIN(CASE(many_instances_cost_linear_memory), CASE(a_long_chain_of_references_may_stand_in_any_order),
          CASE(a_chain_through_instances_is_capped), CASE(order_of_keys_changes_nothing),
          CASE(a_lookup_is_asked_once_and_recorded_ones_never), CASE(lookups_begin_with_the_environment),
          CASE(the_other_side_gives_its_outputs), CASE(plain_text_of_an_output_is_text),
          CASE(standard_modules_come_from_the_blob), CASE(modules_are_nested_only_so_deep),
          CASE(a_wrong_module_fails_the_build), CASE(names_of_environments_are_listed_in_order),
          CASE(a_spec_that_is_not_there_is_said_so), CASE(values_say_where_they_come_from))
