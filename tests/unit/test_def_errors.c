/* Wrong definitions are refused with the exact text of tests/golden/defs/<case>/err.txt. With
 * QUOIN_GOLDEN_WRITE=1 the texts are written instead; read them before committing. */
#include "unit.h"

#include <dirent.h>

#include "../../src/cloud/def.h"
#include "defs.h"
#include "quoin/file.h"

#define FOLDER "tests/golden/defs"

static int by_text(const void *a, const void *b, void *user) {
  (void)user;
  return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t cases(struct arena *a, struct str **out) {
  VEC(struct str) v = {0};
  DIR *d = opendir(FOLDER);
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.') VEC_PUSH(a, &v, str_dup(a, str_c(e->d_name)));
  if (d) closedir(d);
  sort_stable(a, v.v, v.n, sizeof *v.v, by_text, NULL);
  *out = v.v;
  return v.n;
}

static void one(struct world *t, struct str name) {
  struct str in, want = STR("");
  const char *path = str_fmt(t->a, FOLDER "/%.*s/in.yaml", SV(name)).p,
             *err = str_fmt(t->a, FOLDER "/%.*s/err.txt", SV(name)).p;
  CHECK_INT(file_read(t->a, path, 1 << 20, NULL, &in), QN_OK);
  diags_init(&t->s.diags, t->a);
  struct def *d = NULL;
  uint32_t file = srcmap_add(t->s.sources, STR("in.yaml"), in);
  enum qn_err e = def_parse(&t->s, t->w, t->sc, file, &d);
  if (!e) e = def_check(d);
  CHECK(e != QN_OK);
  struct buf b = BUF_INIT((size_t)1 << 20);
  diags_sort(&t->s.diags, t->s.sources, t->a);
  diags_render_text(&t->s.diags, t->s.sources, &b, false, 20);
  if (getenv("QUOIN_GOLDEN_WRITE")) CHECK_INT(file_write_atomic(err, buf_str(&b), 0644, NULL), QN_OK);
  CHECK_INT(file_read(t->a, err, 1 << 20, NULL, &want), QN_OK);
  CHECK_STR(buf_str(&b), want);
  buf_release(&b);
  diags_init(&t->s.diags, t->a);
}

TEST(wrong_definitions) {
  struct world t;
  struct str *names;
  world_open(&t);
  size_t n = cases(t.a, &names);
  CHECK(n >= 15);
  for (size_t i = 0; i < n; i++) one(&t, names[i]);
  world_close(&t);
}

TEST_MAIN(CASE(wrong_definitions))
