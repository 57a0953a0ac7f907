/* qn-embed: turns modules/ into the tables embedded in quoin, checking them on
 * the way. Runs at build time only.
 *   qn-embed schema|wire|modules OUT FILE...
 *   qn-embed defs OUT SCHEMA_BLOB WIRE_BLOB FILE...   */
#include "quoin/embed.h"

#include <stdio.h>

#include "quoin/file.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)

typedef enum qn_err compile_fn(struct session *s, const uint32_t *files, size_t n, struct buf *out);
static const struct {
  const char *name;
  compile_fn *compile;
} kinds[] = {{"schema", schema_compile}, {"wire", wire_compile}, {"modules", modules_compile}};

static enum qn_err load(struct session *s, const char *path, struct str *text) {
  enum qn_err e = file_read(&s->arena, path, FILE_MAX, &s->diags, text);
  if (e == QN_E_NOTFOUND) diag_add(&s->diags, QN0001, SPAN_NONE, "%s does not exist", path);
  return e;
}

static enum qn_err load_sources(struct session *s, char **paths, int n, uint32_t **files) {
  *files = ARENA_ARRAY(&s->arena, (size_t)n, uint32_t);
  for (int i = 0; i < n; i++) {
    struct str text;
    enum qn_err e = load(s, paths[i], &text);
    if (e) return e;
    (*files)[i] = srcmap_add(s->sources, str_c(paths[i]), text);
  }
  return QN_OK;
}

static enum qn_err run(struct session *s, int argc, char **argv, struct buf *out) {
  bool defs = argc >= 5 && str_eq(str_c(argv[1]), STR("defs"));
  int first = defs ? 5 : 3;
  uint32_t *files = NULL;
  enum qn_err e = load_sources(s, argv + first, argc - first, &files);
  if (e) return e;
  size_t n = (size_t)(argc - first);
  if (defs) {
    struct str schema, wire;
    if ((e = load(s, argv[3], &schema)) || (e = load(s, argv[4], &wire))) return e;
    return providers_compile(s, schema, wire, files, n, out);
  }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (str_eq(str_c(argv[1]), str_c(kinds[i].name))) return kinds[i].compile(s, files, n, out);
  diag_add(&s->diags, QN0006, SPAN_NONE, "unknown kind of table: %s", argv[1]);
  return QN_E_INVALID;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: qn-embed schema|wire|modules|defs OUT FILE...\n");
    return 2;
  }
  struct session s;
  session_init(&s, NULL);
  struct buf out = BUF_INIT(FILE_MAX), text = BUF_INIT(FILE_MAX);
  enum qn_err e = run(&s, argc, argv, &out);
  if (!e) e = file_write_atomic(argv[2], buf_str(&out), 0644, &s.diags);
  diags_render_text(&s.diags, s.sources, &text, false, 50);
  fprintf(stderr, "%.*s", SV(buf_str(&text)));
  if (e) fprintf(stderr, "qn-embed: %s not made (%s)\n", argv[2], qn_err_word(e));
  buf_release(&out);
  buf_release(&text);
  session_release(&s);
  return e ? 1 : 0;
}
