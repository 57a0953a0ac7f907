#include "unit.h"

#include <stdlib.h>

#include "quoin/yaml.h"

struct fix {
  struct session s;
  struct buf out;
  const struct ynode *root;
};

static void load(struct fix *f, struct str text) {
  session_init(&f->s, NULL);
  struct buf empty = BUF_INIT(BUF_MAX_DEFAULT);
  f->out = empty;
  uint32_t file = srcmap_add(f->s.sources, STR("a.yaml"), text);
  f->root = yaml_parse(&f->s, file);
}

static void done(struct fix *f) {
  buf_release(&f->out);
  session_release(&f->s);
}

static struct str errors(struct fix *f) {
  buf_reset(&f->out);
  diags_render_text(&f->s.diags, f->s.sources, &f->out, false, 0);
  return buf_str(&f->out);
}

static void check_error(struct str text, struct str want) {
  struct fix f;
  load(&f, text);
  CHECK(f.root == NULL);
  CHECK_STR(errors(&f), want);
  done(&f);
}

static struct str source(const struct fix *f, struct span at) {
  return str_sub(srcmap_text(f->s.sources, at.file), at.start, at.end);
}

TEST(nodes_keep_their_spans) {
  struct fix f;
  load(&f, STR("\xef\xbb\xbf"
               "a\xc3\xa9: plain \xe6\x97\xa5 text\n'b': [1, \"two\", {k: v}]\nc:\n  - &x |-\n    one\n    "
               "two\n  - *x\n"));
  CHECK(f.root && f.root->kind == Y_MAP && f.root->n == 3);
  if (!f.root) return;
  const struct ynode *a = f.root->pairs[0].value, *b = yaml_get(&f.s, f.root, "b"),
                     *c = yaml_get(&f.s, f.root, "c");
  CHECK_STR(source(&f, f.root->pairs[0].key_span), STR("a\xc3\xa9"));
  CHECK_STR(source(&f, a->span), STR("plain \xe6\x97\xa5 text"));
  CHECK_STR(a->text, STR("plain \xe6\x97\xa5 text"));
  CHECK_STR(source(&f, b->span), STR("[1, \"two\", {k: v}]"));
  CHECK_STR(source(&f, b->items[1]->span), STR("\"two\""));
  CHECK_INT(b->items[1]->style, YS_DOUBLE);
  CHECK(b->items[2]->flow);
  CHECK_STR(c->items[0]->text, STR("one\ntwo"));
  CHECK(c->items[0] == c->items[1]);
  CHECK_STR(source(&f, c->span), STR("- &x |-\n    one\n    two\n  - *x"));
  done(&f);
}

TEST(an_empty_file_is_an_empty_map) {
  static const struct str texts[] = {{"", 0}, {"# nothing\n", 10}, {"---\n...\n", 8}};
  for (size_t i = 0; i < 3; i++) {
    struct fix f;
    load(&f, texts[i]);
    CHECK(f.root && f.root->kind == Y_MAP && f.root->n == 0);
    done(&f);
  }
}

/* Every `<<x>>` of the decoded text must map to `<<x>>` in the source. */
static void check_map(struct str yaml) {
  struct fix f;
  load(&f, yaml);
  CHECK(f.root != NULL);
  if (!f.root) {
    printf("%.*s", SV(errors(&f)));
    done(&f);
    return;
  }
  const struct ynode *n = yaml_get(&f.s, f.root, "k");
  size_t found = 0;
  uint32_t *map = malloc((n->text.n + 1) * sizeof *map);
  yaml_text_offsets(&f.s, n, map);
  for (size_t i = 0; i + 1 < n->text.n; i++) {
    if (n->text.p[i] != '<' || n->text.p[i + 1] != '<') continue;
    size_t to = i;
    while (n->text.p[to] != '>') to++;
    struct span at = yaml_text_span(&f.s, n, i, to + 2);
    CHECK_STR(source(&f, at), str_sub(n->text, i, to + 2));
    CHECK_INT(map[i], at.start);
    found++;
  }
  CHECK(found > 0);
  for (size_t i = 0; i < n->text.n; i++)
    CHECK(map[i] <= map[i + 1] && map[i] < n->span.end && map[i] >= n->span.start);
  free(map);
  done(&f);
}

TEST(text_offsets_map_to_the_source) {
  check_map(STR("k: <<a>> and <<b>>\n"));
  check_map(STR("k: <<a>> and\n  <<b>>\n\n\n  more <<c>>\nz: 1\n"));
  check_map(STR("k: 'it''s <<a>>\n  folded <<b>>'\n"));
  check_map(STR("k: \"t\\tab \\u00e9 <<a>> \\\n  \\ joined <<b>>\n\n  x\\\"y <<c>>\\n\"\n"));
  check_map(STR("k: |\n  one <<a>>\n    two <<b>>\n\n  three <<c>>\n"));
  check_map(STR("k: |2- # 4\n    one <<a>>\n  two <<b>>\n"));
  check_map(STR("k: >\n  one <<a>>\n  two <<b>>\n\n  three <<c>>\n    more <<d>>\n  end <<e>>\n"));
  check_map(STR("k: >-\r\n  one <<a>>\r\n  two <<b>>\r\n\r\n  three <<c>>\r\n"));
  check_map(STR("a: \xf0\x9f\x98\x80\nk: \xc3\xa9 <<a>> \xe6\x97\xa5 <<b>>\n"));
}

TEST(duplicate_keys_show_both_places) {
  check_error(STR("a: 1\nb: 2\na: 3\n"),
              STR("error[QN0103]: key \"a\" is there twice\n  --> a.yaml:3:1\n   |\n 3 | a: 3\n   | ^\n"
                  "   = note: first here, at a.yaml:1:1\n   |\n 1 | a: 1\n   | ^\n"));
}

TEST(expressions_cut_by_yaml_are_explained) {
  check_error(
      STR("with: { network: ${network}, x: 1 }\n"),
      STR("error[QN0111]: an expression inside { } or [ ] needs quotes around it\n  --> a.yaml:1:18\n   |\n"
          " 1 | with: { network: ${network}, x: 1 }\n   |                  ^^^^^^^^^^ YAML reads this { as a "
          "map of its own\n"
          "   = help: write \"${network}\"\n"));
  check_error(
      STR("a: [x-${env}-y]\n"),
      STR("error[QN0111]: an expression inside { } or [ ] needs quotes around it\n  --> a.yaml:1:7\n   |\n"
          " 1 | a: [x-${env}-y]\n   |       ^^^^^^^^ YAML reads this { as a map of its own\n"
          "   = help: write \"x-${env}-y\"\n"));
  check_error(STR("a: ${join(\" #\", xs)}\n"),
              STR("error[QN0112]: YAML ends this expression at ` #`\n  --> a.yaml:1:4\n   |\n 1 | a: "
                  "${join(\" #\", xs)}\n"
                  "   |    ^^^^^^^^^^ the expression is cut here\n"
                  "   = help: put quotes around the whole value, or write it as a block with `|-`\n"));
  check_error(STR("a: ${join(\": \", xs)}\n"),
              STR("error[QN0112]: YAML ends this expression at `: `\n  --> a.yaml:1:4\n   |\n 1 | a: "
                  "${join(\": \", xs)}\n"
                  "   |    ^^^^^^^^^ the expression is cut here\n"
                  "   = help: put quotes around the whole value, or write it as a block with `|-`\n"));
  check_error(
      STR("- ${f(\"a: b\")}\n"),
      STR("error[QN0112]: YAML ends this expression at `: `\n  --> a.yaml:1:3\n   |\n 1 | - ${f(\"a: b\")}\n"
          "   |   ^^^^^^ the expression is cut here\n"
          "   = help: put quotes around the whole value, or write it as a block with `|-`\n"));
  check_error(STR("x-${env}: 1\n"),
              STR("error[QN0113]: a key cannot hold an expression\n  --> a.yaml:1:1\n   |\n 1 | x-${env}: 1\n"
                  "   | ^^^^^^^^\n   = help: build the map in an expression: ${{(key) = value}}\n"));
  struct fix f;
  load(&f, STR("a: ${f(\"x # y\")} # fine: the quotes are YAML's only\nb: \"${g(': ')}\"\nc: $${not}\n"));
  CHECK(f.root == NULL);
  done(&f);
}

TEST(what_specs_do_not_have_is_refused) {
  check_error(
      STR("a: !!int 3\n"),
      STR("error[QN0106]: tags are not part of specs: tag:yaml.org,2002:int\n  --> a.yaml:1:4\n   |\n 1 | a: "
          "!!int 3\n"
          "   |    ^\n   = help: leave the tag out; the expected type decides how a value is read\n"));
  check_error(
      STR("b: &b {x: 1}\na:\n  <<: *b\n"),
      STR("error[QN0107]: merge keys are not supported\n  --> a.yaml:3:3\n   |\n 3 |   <<: *b\n   |   ^^\n"
          "   = help: write the keys out, or use merge() in an expression, or an input with a default\n"));
  check_error(
      STR("a: 1\n---\nb: 1\n"),
      STR("error[QN0110]: a second document starts here; a file holds one\n  --> a.yaml:2:1\n   |\n 2 | ---\n"
          "   | ^^^\n   = help: remove the `---`, or move what follows to a file of its own\n"));
  check_error(
      STR("? [a]\n: 1\n"),
      STR("error[QN0105]: a key must be plain or quoted text\n  --> a.yaml:1:3\n   |\n 1 | ? [a]\n   |   ^\n"
          "   = help: if this was meant as an expression, put quotes around it: \"${...}\"\n"));
  check_error(STR("a: *x\n"),
              STR("error[QN0108]: there is no anchor \"x\" before this alias\n  --> "
                  "a.yaml:1:4\n   |\n 1 | a: *x\n   |    ^^\n"
                  "   = help: put quotes around text that starts with *; an anchor is written &x\n"));
  check_error(STR("a: &x\n  b: *x\n"),
              STR("error[QN0108]: alias \"x\" stands inside what it names\n  --> a.yaml:2:6\n   |\n 2 |   b: "
                  "*x\n   |      ^^\n"
                  "   = note: the anchor is here, at a.yaml:1:4\n   |\n 1 | a: &x\n   |    ^^\n"
                  "   = help: it would never end: write the values out\n"));
}

TEST(wrong_bytes_are_found_where_they_are) {
  check_error(
      STR("\xef\xbb\xbf"
          "a: \xc3\xa9\xff\n"),
      STR("error[QN0100]: byte 0xff is not valid UTF-8 here\n  --> a.yaml:1:6\n   |\n 1 | \xef\xbb\xbf"
          "a: \xc3\xa9\xff\n"
          "   |      ^\n   = help: save the file as UTF-8\n"));
  struct fix f;
  static const char nul[] = "a: 1\nb: x\0y\n";
  load(&f, (struct str){nul, sizeof nul - 1});
  CHECK(f.root == NULL && f.s.diags.n == 1 && f.s.diags.v[0]->code == QN0102);
  CHECK_INT(f.s.diags.v[0]->span.start, 9);
  done(&f);
  check_error(STR("a: \"x\\0\"\n"), STR("error[QN0102]: text contains a NUL character\n  --> a.yaml:1:4\n   "
                                        "|\n 1 | a: \"x\\0\"\n   |    ^^^^^\n"));
}

TEST(truncated_files_say_what_is_open) {
  check_error(STR("a: \"x\nb: 1\n"), STR("error[QN0114]: quoted text that starts here is never closed\n  --> "
                                         "a.yaml:1:4\n   |\n 1 | a: \"x\n   |    ^\n"));
  check_error(
      STR("a: { b: 1,\n"),
      STR("error[QN0114]: `{` is never closed\n  --> a.yaml:1:4\n   |\n 1 | a: { b: 1,\n   |    ^\n"));
  check_error(
      STR("a: [1, [2,\n"),
      STR("error[QN0114]: `[` is never closed\n  --> a.yaml:1:8\n   |\n 1 | a: [1, [2,\n   |        ^\n"));
}

TEST(yaml_problems_are_in_plain_words) {
  check_error(STR("a: b: c\n"), STR("error[QN0101]: a second `: ` on this line, or wrong indentation\n  --> "
                                    "a.yaml:1:5\n   |\n 1 | a: b: c\n   |     ^\n"
                                    "   = help: put quotes around a value that holds `: `\n"));
  check_error(STR("a:\n\tb: 1\n"),
              STR("error[QN0101]: a tab cannot indent\n  --> a.yaml:2:1\n   |\n 2 |  b: 1\n   | "
                  "^\n"
                  "   = help: indent with blanks\n"));
}

TEST(nesting_is_capped) {
  size_t n = 100000;
  char *deep = malloc(n);
  memset(deep, '[', n);
  struct fix f;
  load(&f, (struct str){deep, n});
  CHECK(f.root == NULL && f.s.diags.n == 1 && f.s.diags.v[0]->code == QN0104);
  CHECK_INT(f.s.diags.v[0]->span.start, 256);
  done(&f);
  for (size_t i = 0; i < n; i++) deep[i] = i % 2 ? ' ' : '-';
  load(&f, (struct str){deep, n});
  CHECK(f.root == NULL && f.s.diags.v[0]->code == QN0104);
  done(&f);
  free(deep);
}

TEST(alias_bombs_are_refused) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  buf_addz(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
  for (int i = 1; i < 9; i++) {
    buf_addf(&b, "a%d: &a%d [", i, i);
    for (int k = 0; k < 10; k++) buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
    buf_addz(&b, "]\n");
  }
  struct fix f;
  load(&f, buf_str(&b));
  CHECK(f.root == NULL && f.s.diags.n == 1 && f.s.diags.v[0]->code == QN0109);
  done(&f);
  buf_reset(&b); /* a chain of aliases that gets deeper than the cap without any deep text */
  buf_addz(&b, "a0: &a0 [x]\n");
  for (int i = 1; i < 300; i++) buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
  load(&f, buf_str(&b));
  CHECK(f.root == NULL && f.s.diags.n == 1 && f.s.diags.v[0]->code == QN0104);
  done(&f);
  buf_release(&b);
}

TEST_MAIN(CASE(nodes_keep_their_spans), CASE(an_empty_file_is_an_empty_map),
          CASE(text_offsets_map_to_the_source), CASE(duplicate_keys_show_both_places),
          CASE(expressions_cut_by_yaml_are_explained), CASE(what_specs_do_not_have_is_refused),
          CASE(wrong_bytes_are_found_where_they_are), CASE(truncated_files_say_what_is_open),
          CASE(yaml_problems_are_in_plain_words), CASE(nesting_is_capped), CASE(alias_bombs_are_refused))
