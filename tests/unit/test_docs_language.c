/* Every YAML block of docs/language.md is compiled: `yaml spec` whole, `yaml part`
 * below a head, `yaml module NAME` is a file for the specs behind it, `yaml refused
 * CODE` must be refused so. Other marks are mistakes. */
#include <sys/stat.h>

#include "spec_kit.h"

#define DOC  "docs/language.md"
#define HEAD "quoin: 1\nstack: shop\nenvironments:\n  dev: { region: us-east-1 }\n"

struct docs {
  char folder[64];
  int n, files;
  struct arena a;
};

static const char *path_in(struct docs *d, struct str name) {
  return str_fmt(&d->a, "%s/%.*s", d->folder, SV(name)).p;
}

static void compile(struct docs *d, struct str mark, struct str text) {
  struct kit k;
  struct compiled c = {0};
  struct graph *g = NULL;
  struct buf out = BUF_INIT(1 << 20);
  const char *path = path_in(d, STR("quoin.yaml"));
  CHECK_INT(file_write_atomic(path, text, 0644, NULL), QN_OK);
  kit_init(&k);
  k.o.path = path;
  k.o.environment = str_find(text, STR("\n  dev:")) != SIZE_MAX ? STR("dev") : STR("production");
  enum qn_err e = kit_compile(&k, &c, &g);
  diags_render_text(&k.s.diags, k.s.sources, &out, false, 3);
  bool refused = str_starts(mark, STR("refused "));
  bool right = refused ? k.s.diags.n == 1 &&
                             str_eq(str_c(diag_code_text(k.s.diags.v[0]->code)), str_sub(mark, 8, mark.n))
                       : e == QN_OK;
  if (!right) printf("%.*s\n%.*s\n%.*s\n", SV(mark), SV(text), SV(buf_str(&out)));
  CHECK(right);
  buf_release(&out);
  kit_release(&k);
  unlink(path);
}

static void one_block(struct docs *d, struct str mark, struct str text) {
  d->n++;
  if (str_starts(mark, STR("module "))) {
    const char *path = path_in(d, str_fmt(&d->a, "modules/%.*s.yaml", SV(str_sub(mark, 7, mark.n))));
    CHECK_INT(file_write_atomic(path, text, 0644, NULL), QN_OK);
    d->files++;
    return;
  }
  bool known = str_eq(mark, STR("spec")) || str_eq(mark, STR("part")) || str_starts(mark, STR("refused "));
  if (!known) printf("block marked \"%.*s\"\n", SV(mark));
  CHECK(known);
  if (str_eq(mark, STR("part"))) text = str_fmt(&d->a, HEAD "%.*s", SV(text));
  if (known) compile(d, mark, text);
}

TEST(every_block_compiles) {
  static const struct str fence = {"\n```", 4};
  struct docs d = {.folder = "build/docs_test_XXXXXX"};
  struct str doc = STR("");
  arena_init(&d.a);
  CHECK(mkdtemp(d.folder) != NULL);
  CHECK_INT(mkdir(path_in(&d, STR("modules")), 0755), 0);
  CHECK_INT(file_read(&d.a, DOC, 1 << 20, NULL, &doc), QN_OK);
  for (size_t at; (at = str_find(doc, fence)) != SIZE_MAX;) {
    struct str mark;
    doc = str_cut(str_sub(doc, at + 4, doc.n), '\n', &mark);
    size_t end = str_find(doc, fence);
    CHECK(end != SIZE_MAX);
    if (end == SIZE_MAX) break;
    CHECK(str_starts(mark, STR("yaml ")));
    one_block(&d, str_sub(mark, 5, mark.n), str_sub(doc, 0, end + 1));
    doc = str_sub(doc, end + 4, doc.n);
  }
  CHECK(d.n >= 10);
  CHECK_INT(unlink(path_in(&d, STR("modules/network.yaml"))), 0);
  CHECK_INT(unlink(path_in(&d, STR("modules/group.yaml"))), 0);
  CHECK_INT(d.files, 2);
  CHECK_INT(rmdir(path_in(&d, STR("modules"))), 0);
  CHECK_INT(rmdir(d.folder), 0);
  arena_release(&d.a);
}

TEST_MAIN(CASE(every_block_compiles))
