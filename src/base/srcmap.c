#include <stdlib.h>

#include "quoin/span.h"
#include "quoin/vec.h"

struct source {
  struct str name, text;
  uint32_t *lines; /* byte offsets of line starts; made when first asked for */
  uint32_t n_lines;
};
struct srcmap {
  struct arena arena;
  VEC(struct source) files; /* [0] is no file */
};

struct srcmap *srcmap_new(void) {
  struct srcmap *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  arena_init(&m->arena);
  VEC_PUSH(&m->arena, &m->files, ((struct source){.name = STR("")}));
  return m;
}

void srcmap_free(struct srcmap *m) {
  if (!m) return;
  arena_release(&m->arena);
  free(m);
}

uint32_t srcmap_add(struct srcmap *m, struct str name, struct str text) {
  if (text.n >= UINT32_MAX) return 0;
  struct source f = {.name = str_dup(&m->arena, name), .text = str_dup(&m->arena, text)};
  VEC_PUSH(&m->arena, &m->files, f);
  return (uint32_t)(m->files.n - 1);
}

static struct source *source_at(const struct srcmap *m, uint32_t file) {
  return &m->files.v[file < m->files.n ? file : 0];
}

struct str srcmap_name(const struct srcmap *m, uint32_t file) {
  return source_at(m, file)->name;
}
struct str srcmap_text(const struct srcmap *m, uint32_t file) {
  return source_at(m, file)->text;
}
uint32_t srcmap_count(const struct srcmap *m) {
  return (uint32_t)(m->files.n - 1);
}

static void index_lines(struct srcmap *m, struct source *f) {
  if (f->lines) return;
  uint32_t n = 1;
  for (size_t i = 0; i < f->text.n; i++)
    if (f->text.p[i] == '\n') n++;
  f->lines = ARENA_ARRAY(&m->arena, n, uint32_t);
  f->n_lines = 1;
  for (size_t i = 0; i < f->text.n; i++)
    if (f->text.p[i] == '\n') f->lines[f->n_lines++] = (uint32_t)i + 1;
}

/* The index is a cache: the map is logically const. */
static struct source *indexed(const struct srcmap *cm, uint32_t file) {
  struct srcmap *m = (struct srcmap *)(uintptr_t)cm;
  struct source *f = source_at(m, file);
  index_lines(m, f);
  return f;
}

void srcmap_line_col(const struct srcmap *m, uint32_t file, uint32_t at, uint32_t *line, uint32_t *col) {
  const struct source *f = indexed(m, file);
  if (at > f->text.n) at = (uint32_t)f->text.n;
  uint32_t lo = 0, hi = f->n_lines;
  while (hi - lo > 1) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (f->lines[mid] <= at)
      lo = mid;
    else
      hi = mid;
  }
  *line = lo + 1;
  *col = (uint32_t)str_utf8_len(str_sub(f->text, f->lines[lo], at)) + 1;
}

struct str srcmap_line(const struct srcmap *m, uint32_t file, uint32_t line) {
  const struct source *f = indexed(m, file);
  if (line == 0 || line > f->n_lines) return STR("");
  size_t from = f->lines[line - 1], to = line < f->n_lines ? f->lines[line] - 1U : f->text.n;
  if (to > from && f->text.p[to - 1] == '\r') to--;
  return str_sub(f->text, from, to);
}

struct span span_join(struct span a, struct span b) {
  if (!a.file) return b;
  if (a.file != b.file) return a;
  return (struct span){a.file, a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}
