/* From decoded text back to source bytes. The source is walked beside the
 * decoded text, which decides wherever YAML's folding is ambiguous. */
#include <stdlib.h>

#include "quoin/yaml.h"

struct walk {
  struct str src;  /* the scalar's source: indicators included */
  struct str text; /* what it decodes to */
  size_t i, j;     /* next byte of text, of src */
  uint32_t *out;   /* offsets into src */
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
static bool is_break(char c) {
  return c == '\n' || c == '\r';
}

static void emit(struct walk *w, size_t n, size_t source_n) {
  for (size_t k = 0; k < n && w->i < w->text.n; k++)
    w->out[w->i++] = (uint32_t)(w->j + (k < source_n ? k : 0));
  w->j += source_n;
}

/* Skips one line break; true if there was one. */
static bool skip_break(struct walk *w) {
  if (w->j >= w->src.n || !is_break(w->src.p[w->j])) return false;
  bool crlf = w->src.p[w->j] == '\r' && w->j + 1 < w->src.n && w->src.p[w->j + 1] == '\n';
  w->j += crlf ? 2 : 1;
  return true;
}

/* Line folding of plain and quoted scalars: blanks and breaks give one blank, or all breaks but one. */
static bool fold_flow(struct walk *w) {
  size_t k = w->j;
  while (k < w->src.n && is_blank(w->src.p[k])) k++;
  if (k >= w->src.n || !is_break(w->src.p[k])) return false;
  size_t at = w->j, breaks = 0;
  w->j = k;
  while (skip_break(w)) {
    breaks++;
    while (w->j < w->src.n && is_blank(w->src.p[w->j])) w->j++;
  }
  for (size_t n = breaks == 1 ? 1 : breaks - 1; n > 0 && w->i < w->text.n; n--) w->out[w->i++] = (uint32_t)at;
  return true;
}

/* Bytes of UTF-8 of an escape's code point. */
static size_t utf8_size(struct str hex) {
  uint32_t cp = 0;
  for (size_t i = 0; i < hex.n; i++) {
    char c = hex.p[i];
    uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 32) - 'a') + 10;
    cp = cp << 4 | (digit & 15);
  }
  return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

static void escape(struct walk *w) {
  char c = w->j + 1 < w->src.n ? w->src.p[w->j + 1] : 0;
  size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (is_break(c)) { /* an escaped line break is nothing */
    w->j++;
    while (w->j < w->src.n && (is_break(w->src.p[w->j]) || is_blank(w->src.p[w->j]))) w->j++;
    return;
  }
  size_t n = digits ? utf8_size(str_sub(w->src, w->j + 2, w->j + 2 + digits)) : 1;
  if (c == 'N' || c == '_') n = 2; /* U+0085, U+00A0 */
  if (c == 'L' || c == 'P') n = 3; /* U+2028, U+2029 */
  for (size_t k = 0; k < n && w->i < w->text.n; k++) w->out[w->i++] = (uint32_t)w->j;
  w->j += 2 + digits;
}

static void walk_flow(struct walk *w, uint8_t style) {
  if (style != YS_PLAIN) w->j = 1;
  while (w->i < w->text.n && w->j < w->src.n) {
    char c = w->src.p[w->j];
    if ((is_blank(c) || is_break(c)) && fold_flow(w)) continue;
    if (style == YS_DOUBLE && c == '\\')
      escape(w);
    else
      emit(w, 1, style == YS_SINGLE && c == '\'' ? 2 : 1);
  }
}

/* Blanks that a block scalar's lines lose; w->j stands at the first line. */
static size_t block_indent(const struct walk *w) {
  for (size_t line = w->j; line < w->src.n;) {
    size_t k = line;
    while (k < w->src.n && w->src.p[k] == ' ') k++;
    if (k < w->src.n && !is_break(w->src.p[k])) return k - line;
    line = k;
    while (line < w->src.n && !is_break(w->src.p[line])) line++;
    if (line < w->src.n)
      line += w->src.p[line] == '\r' && line + 1 < w->src.n && w->src.p[line + 1] == '\n' ? 2 : 1;
  }
  return 0;
}

static void walk_block(struct walk *w, size_t parent_indent) {
  size_t explicit_indent = 0;
  while (w->j < w->src.n && !is_break(w->src.p[w->j])) {
    char c = w->src.p[w->j];
    if (c >= '1' && c <= '9' && !explicit_indent) explicit_indent = (size_t)(c - '0');
    if (is_blank(c)) break; /* a comment may follow */
    w->j++;
  }
  while (w->j < w->src.n && !is_break(w->src.p[w->j])) w->j++;
  skip_break(w);
  size_t indent = explicit_indent ? parent_indent + explicit_indent : block_indent(w);
  while (w->i < w->text.n && w->j < w->src.n) {
    for (size_t k = 0; k < indent && w->j < w->src.n && w->src.p[w->j] == ' '; k++) w->j++;
    while (w->i < w->text.n && w->j < w->src.n && !is_break(w->src.p[w->j])) emit(w, 1, 1);
    size_t at = w->j;
    if (!skip_break(w)) break;
    char c = w->i < w->text.n ? w->text.p[w->i] : 0;
    bool next_is_content =
        w->j < w->src.n && w->j + indent < w->src.n && w->src.p[w->j + indent] == c && c == ' ';
    if (c == '\n' || (c == ' ' && !next_is_content)) w->out[w->i++] = (uint32_t)at;
  }
}

/* Indentation of the line on which the scalar starts, for an explicit indentation indicator. */
static size_t line_indent(struct str file, size_t at) {
  size_t line = at;
  while (line > 0 && !is_break(file.p[line - 1])) line--;
  size_t k = line;
  while (k < at && file.p[k] == ' ') k++;
  while (k + 1 < at && file.p[k] == '-' &&
         file.p[k + 1] == ' ') { /* "- " of a sequence counts as indentation */
    k++;
    while (k < at && file.p[k] == ' ') k++;
  }
  return k - line;
}

void yaml_text_offsets(const struct session *s, const struct ynode *scalar, uint32_t *out) {
  struct str file = srcmap_text(s->sources, scalar->span.file);
  struct walk w = {
      .src = str_sub(file, scalar->span.start, scalar->span.end), .text = scalar->text, .out = out};
  switch ((enum ystyle)scalar->style) {
  case YS_PLAIN:
  case YS_SINGLE:
  case YS_DOUBLE: walk_flow(&w, scalar->style); break;
  case YS_LITERAL:
  case YS_FOLDED: walk_block(&w, line_indent(file, scalar->span.start)); break;
  }
  size_t end = w.j < w.src.n ? w.j : w.src.n;
  while (w.i <= w.text.n) out[w.i++] = (uint32_t)end;
  for (size_t i = 0; i <= scalar->text.n; i++) {
    if (out[i] > w.src.n) out[i] = (uint32_t)w.src.n;
    out[i] += scalar->span.start;
  }
}

/* A scalar of one line without escapes: offsets run in parallel. */
static bool parallel(const struct session *s, const struct ynode *scalar, size_t *shift) {
  if (scalar->style > YS_DOUBLE) return false;
  *shift = scalar->style == YS_PLAIN ? 0 : 1;
  struct str src = str_sub(srcmap_text(s->sources, scalar->span.file), scalar->span.start, scalar->span.end);
  return src.n == scalar->text.n + 2 * *shift;
}

struct span yaml_text_span(const struct session *s, const struct ynode *scalar, size_t from, size_t to) {
  size_t shift = 0;
  if (to > scalar->text.n) to = scalar->text.n;
  if (from > to) from = to;
  struct span at = scalar->span;
  if (parallel(s, scalar, &shift)) {
    at.end = at.start + (uint32_t)(shift + to);
    at.start += (uint32_t)(shift + from);
    return at;
  }
  uint32_t *map = malloc((scalar->text.n + 1) * sizeof *map);
  if (!map) return at;
  yaml_text_offsets(s, scalar, map);
  at.start = map[from];
  at.end = to > from ? map[to - 1] + 1 : map[from];
  if (to > from && to <= scalar->text.n && map[to] > at.end && map[to] - at.end < 10) {
    struct str file = srcmap_text(s->sources, at.file);
    /* The last byte may be written as an escape: the span covers it, but not a line break. */
    if (file.p[map[to - 1]] == '\\' || scalar->style == YS_SINGLE) at.end = map[to];
  }
  free(map);
  return at;
}
