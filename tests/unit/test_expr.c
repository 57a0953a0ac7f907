/* Expressions by text cases: tests/golden/expr/NAME.txt holds
 *   --- name
 *   expression
 *   =>
 *   printed value, or the diagnostic
 * UPDATE_GOLDEN=1 rewrites what is expected; read the difference. */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>

#include "quoin/file.h"
#include "quoin/residual.h"

struct world {
  struct session s;
  struct eval ev;
  struct scope scope;
};

static const struct value *parsed(struct session *s, const char *json) {
  const struct value *v = NULL;
  struct json_error e;
  if (json_parse(s, &s->arena, str_c(json), &v, &e) != QN_OK) abort();
  return v;
}

static const struct value *of_vpc(struct session *s, const struct value *v) {
  uint32_t meta = vmeta_add(
      s, (struct vmeta){.how = HOW_ATTRIBUTE, .origins = origins_add(s, 0, session_sym(s, STR("net.vpc")))});
  return value_with_meta(&s->arena, v, meta);
}

static const struct value *unknown(struct session *s, const char *path, uint8_t vkind) {
  sym address = session_sym(s, STR("net.vpc"));
  const struct value *v = unknown_attr(s, &s->arena, address, str_c(path), vkind, 0, 0);
  return of_vpc(s, v);
}

static const struct value *secret(struct session *s) {
  struct unknown *u = ARENA_NEW(&s->arena, struct unknown);
  *u = (struct unknown){.ukind = U_SECRET, .vkind = V_STR, .sensitive = true, .path = STR("env:TOKEN")};
  return value_of_unknown(s, &s->arena, u, 0);
}

static const struct value *resource(struct session *s, const char *address) {
  struct value *v = ARENA_NEW(&s->arena, struct value);
  *v = (struct value){.kind = V_RES,
                      .res = {session_sym(s, str_c(address)), session_sym(s, STR("AWS::EC2::VPC"))}};
  return v;
}

static const char *const names[] = {"stack", "zones", "scale", "xs",      "m",    "nothing",
                                    "vpc",   "uid",   "ulist", "ubool",   "unum", "token",
                                    "plain", "web",   "mixed", "known_id"};

static const struct value *lookup(struct session *s, struct str n) {
  struct arena *a = &s->arena;
  if (str_eq(n, STR("stack"))) return value_str(a, STR("shop"));
  if (str_eq(n, STR("zones"))) return value_int(a, 3);
  if (str_eq(n, STR("scale"))) return parsed(s, "{\"min\":3,\"max\":10}");
  if (str_eq(n, STR("xs"))) return parsed(s, "[1,2,3]");
  if (str_eq(n, STR("m"))) return parsed(s, "{\"b\":2,\"a\":1,\"deep\":{\"list\":[\"x\",\"y\"]}}");
  if (str_eq(n, STR("nothing"))) return value_null();
  if (str_eq(n, STR("vpc"))) return resource(s, "net.vpc");
  if (str_eq(n, STR("uid"))) return unknown(s, "VpcId", V_STR);
  if (str_eq(n, STR("ulist"))) return unknown(s, "Blocks", V_LIST);
  if (str_eq(n, STR("ubool"))) return unknown(s, "Ready", V_BOOL);
  if (str_eq(n, STR("unum"))) return unknown(s, "Count", V_INT);
  if (str_eq(n, STR("token"))) return secret(s);
  if (str_eq(n, STR("plain"))) return value_with_flags(a, value_str(a, STR("5")), VF_PLAIN);
  if (str_eq(n, STR("known_id"))) return of_vpc(s, value_str(a, STR("vpc-1")));
  if (str_eq(n, STR("mixed"))) {
    const struct value *items[2] = {value_str(a, STR("x")), unknown(s, "VpcId", V_STR)};
    return value_list(a, items, 2);
  }
  if (str_eq(n, STR("web"))) {
    struct member m[2] = {{.key = session_sym(s, STR("b")), .value = resource(s, "web[\"b\"]")},
                          {.key = session_sym(s, STR("a")), .value = resource(s, "web[\"a\"]")}};
    return value_map(a, m, 2);
  }
  return NULL;
}

static enum qn_err on_name(struct eval *ev, void *user, sym name, struct span at, const struct value **out) {
  (void)user;
  (void)at;
  *out = lookup(ev->s, session_str(ev->s, name));
  return *out ? QN_OK : QN_E_NOTFOUND;
}

static enum qn_err on_attribute(struct eval *ev, void *user, const struct value *res, struct str path,
                                struct span at, const struct value **out) {
  (void)user;
  struct session *s = ev->s;
  uint32_t origins = origins_add(s, 0, res->res.address);
  uint32_t meta = vmeta_add(
      s, (struct vmeta){.span = at, .how = HOW_ATTRIBUTE, .name = res->res.address, .origins = origins});
  if (str_starts(path, STR("Missing"))) return QN_E_NOTFOUND;
  if (str_eq(path, STR("CidrBlock")))
    *out = value_with_meta(ev->arena, value_str(ev->arena, STR("10.0.0.0/16")), meta);
  else
    *out = unknown_attr(s, ev->arena, res->res.address, path, str_eq(path, STR("Tags")) ? V_LIST : V_STR, 0,
                        meta);
  return QN_OK;
}

static enum qn_err on_call(struct eval *ev, void *user, sym fn, const struct value *const *args, size_t n,
                           struct span at, const struct value **out) {
  (void)user;
  (void)at;
  if (!str_eq(session_str(ev->s, fn), STR("twice")) || n != 1) return QN_E_NOTFOUND;
  *out = value_int(ev->arena, args[0]->i * 2);
  return QN_OK;
}

static void on_known(void *user, struct arena *a, struct str **out, size_t *n) {
  (void)user;
  size_t count = sizeof names / sizeof *names;
  *out = ARENA_ARRAY(a, count, struct str);
  for (size_t i = 0; i < count; i++) (*out)[i] = str_c(names[i]);
  *n = count;
}

static void world_init(struct world *w) {
  session_init(&w->s, NULL);
  w->scope = (struct scope){.name = on_name, .attribute = on_attribute, .call = on_call, .known = on_known};
  w->ev = (struct eval){.s = &w->s, .arena = &w->s.arena, .scope = &w->scope};
}

static void print(struct session *s, struct buf *b, const struct value *v);

static void print_unknown(struct session *s, struct buf *b, const struct unknown *u) {
  static const char *const kinds[] = {"null", "bool", "int",      "dec",  "string",
                                      "list", "map",  "resource", "value"};
  buf_addf(b, "<%s%s ", u->sensitive ? "secret " : "", kinds[u->vkind]);
  if (u->ukind == U_ATTR) buf_addf(b, "%.*s.%.*s", SV(session_str(s, u->address)), SV(u->path));
  if (u->ukind == U_SECRET) buf_addf(b, "%.*s", SV(u->path));
  if (u->ukind == U_EXPR) {
    buf_add(b, expr_text(s, u->expr));
    for (uint32_t i = 0; i < u->n_bindings; i++) {
      buf_addf(b, "%s %.*s = ", i ? "," : " |", SV(session_str(s, u->bindings[i].key)));
      print(s, b, u->bindings[i].value);
    }
  }
  buf_addc(b, '>');
}

static void print(struct session *s, struct buf *b, const struct value *v) {
  switch ((enum vkind)v->kind) {
  case V_NULL: buf_addz(b, "null"); break;
  case V_BOOL: buf_addz(b, v->b ? "true" : "false"); break;
  case V_INT: buf_addf(b, "%lld", (long long)v->i); break;
  case V_DEC: buf_addf(b, "%.*sd", SV(value_text(v))); break;
  case V_STR: json_escape(b, value_text(v)); break;
  case V_RES: buf_addf(b, "resource %.*s", SV(session_str(s, v->res.address))); break;
  case V_UNKNOWN: print_unknown(s, b, v->unknown); break;
  case V_LIST:
    buf_addc(b, '[');
    for (uint32_t i = 0; i < v->n; i++) {
      if (i) buf_addz(b, ", ");
      print(s, b, v->items[i]);
    }
    buf_addc(b, ']');
    break;
  case V_MAP:
    buf_addc(b, '{');
    for (uint32_t i = 0; i < v->n; i++) {
      buf_addf(b, "%s%.*s = ", i ? ", " : "", SV(session_str(s, v->members[i].key)));
      print(s, b, v->members[i].value);
    }
    buf_addc(b, '}');
    break;
  }
  if (v->kind != V_UNKNOWN && (v->flags & VF_SECRET)) buf_addz(b, " secret");
  size_t n;
  const sym *o = origins_list(s, vmeta_get(s, v->meta).origins, &n);
  if (v->kind == V_UNKNOWN && v->unknown->ukind == U_ATTR && n == 1) return;
  for (size_t i = 0; i < n; i++) buf_addf(b, " @%.*s", SV(session_str(s, o[i])));
}

static void run_case(struct str text, struct buf *out) {
  struct world w;
  world_init(&w);
  bool definition = str_starts(text, STR("definition: "));
  if (definition) text = str_sub(text, 12, text.n);
  w.ev.definition = definition;
  uint32_t file = srcmap_add(w.s.sources, STR("expr"), text);
  struct expr_source src = {.at = {file, 0, (uint32_t)text.n}};
  const struct expr *e = expr_parse(&w.s, text, &src);
  const struct value *v = NULL;
  if (e && expr_eval(&w.ev, e, &v) == QN_OK) {
    print(&w.s, out, v);
    CHECK_INT(w.s.diags.n, 0);
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT); /* its canonical text means the same */
    const struct expr *again = expr_parse(&w.s, expr_text(&w.s, e), NULL);
    CHECK(again != NULL);
    if (again && expr_eval(&w.ev, again, &v) == QN_OK) print(&w.s, &b, v);
    CHECK_STR(buf_str(&b), buf_str(out));
    buf_release(&b);
    buf_addc(out, '\n');
  } else {
    CHECK_INT(w.s.diags.n, 1);
    diags_render_text(&w.s.diags, w.s.sources, out, false, 0);
  }
  session_release(&w.s);
}

/* Runs the cases of one file; returns how many. */
static size_t run_file(struct arena *a, const char *path) {
  struct str text;
  size_t cases = 0;
  if (file_read(a, path, 1 << 20, NULL, &text) != QN_OK) {
    FAIL("file cannot be read");
    return 0;
  }
  struct buf fresh = BUF_INIT(BUF_MAX_DEFAULT), got = BUF_INIT(BUF_MAX_DEFAULT);
  while (text.n) {
    CHECK(str_starts(text, STR("--- ")));
    struct str title = str_sub(text, 0, str_find_c(text, '\n'));
    text = str_sub(text, title.n + 1, text.n);
    size_t arrow = str_find(text, STR("\n=>\n")), next = str_find(text, STR("\n--- "));
    CHECK(arrow != SIZE_MAX && (next == SIZE_MAX || arrow < next));
    if (arrow == SIZE_MAX) break;
    struct str expr = str_sub(text, 0, arrow),
               want = str_sub(text, arrow + 4, next == SIZE_MAX ? text.n : next + 1);
    text = next == SIZE_MAX ? STR("") : str_sub(text, next + 1, text.n);
    buf_reset(&got);
    run_case(expr, &got);
    buf_addf(&fresh, "%.*s\n%.*s\n=>\n%.*s", SV(title), SV(expr), SV(buf_str(&got)));
    if (!getenv("UPDATE_GOLDEN") && !str_eq(buf_str(&got), want)) {
      printf("%s: %.*s\n", path, SV(title));
      CHECK_STR(buf_str(&got), want);
    }
    cases++;
  }
  if (getenv("UPDATE_GOLDEN")) CHECK(file_write_atomic(path, buf_str(&fresh), 0644, NULL) == QN_OK);
  buf_release(&fresh);
  buf_release(&got);
  return cases;
}

TEST(golden_cases) {
  static const char folder[] = "tests/golden/expr";
  struct arena a;
  arena_init(&a);
  size_t cases = 0;
  DIR *d = opendir(folder);
  CHECK(d != NULL);
  for (struct dirent *f; d && (f = readdir(d));) {
    struct str name = str_c(f->d_name);
    if (name.p[0] == '.') continue;
    CHECK(str_ends(name, STR(".txt")));
    size_t n = run_file(&a, str_fmt(&a, "%s/%s", folder, f->d_name).p);
    CHECK(n > 0);
    cases += n;
  }
  if (d) closedir(d);
  CHECK(cases >= 100);
  arena_release(&a);
}

/* Templates come from YAML scalars: places in the diagnostics are those of the file. */
static struct str template_case(struct world *w, struct str yaml) {
  static char room[4096];
  world_init(w);
  uint32_t file = srcmap_add(w->s.sources, STR("a.yaml"), yaml);
  const struct ynode *root = yaml_parse(&w->s, file);
  struct buf b = BUF_INIT(sizeof room);
  const struct expr *e = root ? template_parse(&w->s, yaml_get(&w->s, root, "k")) : NULL;
  const struct value *v;
  if (e && expr_eval(&w->ev, e, &v) == QN_OK) {
    print(&w->s, &b, v);
    if (v->flags & VF_PLAIN) buf_addz(&b, " plain");
  } else {
    diags_render_text(&w->s.diags, w->s.sources, &b, false, 0);
  }
  memcpy(room, b.p, b.n);
  struct str out = {room, b.n};
  buf_release(&b);
  session_release(&w->s);
  return out;
}

TEST(templates_give_typed_values) {
  struct world w;
  CHECK_STR(template_case(&w, STR("k: 010\n")), STR("\"010\" plain"));
  CHECK_STR(template_case(&w, STR("k: '010'\n")), STR("\"010\""));
  CHECK_STR(template_case(&w, STR("k: ${zones}\n")), STR("3"));
  CHECK_STR(template_case(&w, STR("k: '${xs}'\n")), STR("[1, 2, 3]"));
  CHECK_STR(template_case(&w, STR("k: ${stack}-${zones}-${true}\n")), STR("\"shop-3-true\""));
  CHECK_STR(template_case(&w, STR("k: $${zones}\n")), STR("\"${zones}\" plain"));
  CHECK_STR(template_case(&w, STR("k: a $ b $$ ${zones}$\n")), STR("\"a $ b $$ 3$\""));
  CHECK_STR(template_case(&w, STR("k: |\n  ${zones}\n")), STR("\"3\\n\""));
  CHECK_STR(template_case(&w, STR("k: |-\n  ${zones +\n    1}\n")), STR("4"));
  CHECK_STR(template_case(&w, STR("k: \"${\\\"a\\\" + '${stack}'}\"\n")), STR("\"ashop\""));
  CHECK_STR(template_case(&w, STR("k: ${join(\"-\", [for_x for for_x in xs if for_x != 2])}\n")),
            STR("\"1-3\""));
}

TEST(template_errors_are_at_their_place) {
  struct world w;
  CHECK_STR(template_case(&w, STR("k: |\n  first\n    second ${zonse}\n")),
            STR("error[QN0310]: there is nothing called \"zonse\" here\n  --> a.yaml:3:14\n   |\n 3 |     "
                "second ${zonse}\n"
                "   |              ^^^^^\n   = help: did you mean \"zones\"?\n"));
  CHECK_STR(template_case(&w, STR("k: \"\\t${xs}\\u00e9${nothing}\"\n")),
            STR("error[QN0313]: text cannot hold a list\n  --> a.yaml:1:9\n   |\n 1 | k: "
                "\"\\t${xs}\\u00e9${nothing}\"\n"
                "   |         ^^\n   = help: use join(\", \", xs) or json_encode(xs)\n"));
  CHECK_STR(
      template_case(&w, STR("k: a ${zones\n")),
      STR("error[QN0301]: this ${ is never closed\n  --> a.yaml:1:6\n   |\n 1 | k: a ${zones\n   |      ^^\n"
          "   = help: add } behind the expression; a literal ${ is written $${\n"));
}

static struct str nested(struct arena *a, const char *open, const char *middle, const char *close, size_t n) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  for (size_t i = 0; i < n; i++) buf_addz(&b, open);
  buf_addz(&b, middle);
  for (size_t i = 0; i < n; i++) buf_addz(&b, close);
  struct str out = str_dup(a, buf_str(&b));
  buf_release(&b);
  return out;
}

TEST(depth_is_capped) {
  static const char *const shapes[][3] = {{"(", "1", ")"},
                                          {"[", "1", "]"},
                                          {"!", "true", ""},
                                          {"-", "zones", ""},
                                          {"1 + ", "1", ""},
                                          {"1 == (", "1", ")"},
                                          {"{a = ", "1", "}"},
                                          {"\"${", "1", "}\""},
                                          {"if true then ", "1", ""},
                                          {"if ", "true", " then 1"},
                                          {"abs(", "1", ")"},
                                          {"[x for x in ", "xs", "]"},
                                          {"", "m", ".a"},
                                          {"m[", "1", "]"},
                                          {"a ?? ", "1", ""}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    struct world w;
    world_init(&w);
    struct str deep = nested(&w.s.arena, shapes[i][0], shapes[i][1], shapes[i][2], 100000);
    CHECK(expr_parse(&w.s, deep, NULL) == NULL);
    CHECK(w.s.diags.n == 1 && w.s.diags.v[0]->code == QN0303);
    struct str fine = nested(&w.s.arena, shapes[i][0], shapes[i][1], shapes[i][2], 60);
    const struct expr *e = expr_parse(&w.s, fine, NULL);
    const struct value *v;
    w.ev.quiet = true;
    CHECK(e != NULL);
    if (e && expr_eval(&w.ev, e, &v) == QN_OK) CHECK(v != NULL);
    CHECK_INT(w.s.diags.n, 1);
    session_release(&w.s);
  }
}

TEST(work_is_capped) {
  struct world w;
  world_init(&w);
  const struct expr *e = expr_parse(&w.s,
                                    STR("[[[[a + b + c + d for a in range(100)] for b in range(100)] for c "
                                        "in range(100)] for d in range(100)]"),
                                    NULL);
  const struct value *v;
  w.ev.budget = 100000;
  CHECK(e && expr_eval(&w.ev, e, &v) == QN_E_INVALID);
  CHECK(w.s.diags.n == 1 && w.s.diags.v[0]->code == QN0319);
  session_release(&w.s);
}

TEST(free_names_leave_loop_variables_out) {
  struct world w;
  world_init(&w);
  const struct expr *e = expr_parse(&w.s, STR("[x + y + f(z) for x in xs if x > a.b] + [x]"), NULL);
  size_t n;
  const sym *free = expr_free_names(&w.s, e, &n);
  const char *want[] = {"a", "x", "xs", "y", "z"};
  CHECK_INT(n, 5);
  for (size_t i = 0; i < n; i++) CHECK_STR(session_str(&w.s, free[i]), str_c(want[i]));
  const struct expr_loop *loops = expr_loops(&w.s, e, &n);
  CHECK_INT(n, 1);
  CHECK_STR(session_str(&w.s, loops[0].name), STR("x"));
  session_release(&w.s);
}

TEST(provenance_is_chained) {
  struct world w;
  world_init(&w);
  const struct expr *e = expr_parse(&w.s, STR("upper(\"${known_id}-x\")"), NULL);
  const struct value *v = NULL;
  CHECK(e && expr_eval(&w.ev, e, &v) == QN_OK);
  struct vmeta m = vmeta_get(&w.s, v ? v->meta : 0);
  CHECK_INT(m.how, HOW_FUNCTION);
  CHECK_STR(session_str(&w.s, m.name), STR("upper"));
  while (m.from) m = vmeta_get(&w.s, m.from);
  CHECK_INT(m.how, HOW_ATTRIBUTE);
  session_release(&w.s);
}

TEST(every_function_is_documented) {
  struct arena a;
  arena_init(&a);
  struct str doc;
  size_t n;
  const struct fn_info *table = fn_table(&n);
  CHECK(n >= 45);
  CHECK(file_read(&a, "docs/functions.md", 1 << 20, NULL, &doc) == QN_OK);
  for (size_t i = 0; i < n; i++) {
    CHECK(i == 0 || strcmp(table[i - 1].name, table[i].name) < 0);
    CHECK(str_find(doc, str_fmt(&a, "| `%s` | %s |", table[i].signature, table[i].doc)) != SIZE_MAX);
  }
  arena_release(&a);
}

TEST_MAIN(CASE(golden_cases), CASE(templates_give_typed_values), CASE(template_errors_are_at_their_place),
          CASE(depth_is_capped), CASE(work_is_capped), CASE(free_names_leave_loop_variables_out),
          CASE(provenance_is_chained), CASE(every_function_is_documented))
