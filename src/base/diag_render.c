#include "quoin/diag.h"
#include "quoin/value.h"

struct palette {
  const char *error, *warning, *note, *frame, *bold, *off;
};
static const struct palette plain = {"", "", "", "", "", ""};
static const struct palette colours = {"\033[1;31m", "\033[1;33m", "\033[1;36m",
                                       "\033[34m",   "\033[1m",    "\033[0m"};

static const char *const severity_words[] = {
    [SEV_ERROR] = "error", [SEV_WARNING] = "warning", [SEV_NOTE] = "note"};

static const char *severity_colour(const struct palette *p, enum severity s) {
  return s == SEV_ERROR ? p->error : s == SEV_WARNING ? p->warning : p->note;
}

static unsigned digits(uint32_t n) {
  unsigned d = 1;
  for (; n >= 10; n /= 10) d++;
  return d;
}

/* Control characters of a source line would move the carets; tabs become one blank. */
static void add_printable(struct buf *out, struct str text) {
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c == '\t')
      buf_addc(out, ' ');
    else if (c < 0x20 || c == 0x7f)
      buf_addc(out, '?');
    else
      buf_addc(out, text.p[i]);
  }
}

/* Names and values of a spec may hold anything: nothing in a message moves the cursor of a terminal. */
static void add_text(struct buf *out, struct str text) {
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c == '\n')
      buf_addz(out, "\\n");
    else if (c < 0x20 || c == 0x7f)
      buf_addf(out, "\\x%02x", c);
    else
      buf_addc(out, text.p[i]);
  }
}

#define LINE_SHOWN 200 /* bytes of a source line */

/* The line of a span with carets under it; `width` is that of the line-number gutter. */
static void add_excerpt(struct buf *out, const struct srcmap *m, struct span at, struct str label,
                        const struct palette *p, const char *caret_colour, unsigned width) {
  uint32_t line, col, end_line, end_col;
  srcmap_line_col(m, at.file, at.start, &line, &col);
  srcmap_line_col(m, at.file, at.end, &end_line, &end_col);
  struct str text = srcmap_line(m, at.file, line);
  size_t line_start = text.n ? (size_t)(text.p - srcmap_text(m, at.file).p) : at.start;
  size_t from = at.start - line_start, to = end_line == line ? at.end - line_start : text.n;
  if (from > text.n) from = text.n;
  if (to > text.n) to = text.n;
  size_t skip = from > LINE_SHOWN / 2 ? from - LINE_SHOWN / 4 : 0;
  while (skip && ((unsigned char)text.p[skip] & 0xc0) == 0x80) skip--;
  struct str shown = str_sub(text, skip, skip + LINE_SHOWN);
  if (to > skip + shown.n) to = skip + shown.n;
  buf_addf(out, "%s%*s |%s\n", p->frame, (int)width, "", p->off);
  buf_addf(out, "%s%*u |%s %s", p->frame, (int)width, line, p->off, skip ? "..." : "");
  add_printable(out, shown);
  buf_addf(out, "%s\n%s%*s |%s %s", skip + shown.n < text.n ? "..." : "", p->frame, (int)width, "", p->off,
           skip ? "   " : "");
  for (size_t i = str_columns(str_sub(text, skip, from)); i > 0; i--) buf_addc(out, ' ');
  for (size_t i = skip; i < from; i++)
    if (text.p[i] == '\t') buf_addc(out, ' ');
  buf_addz(out, caret_colour);
  size_t carets = to > from ? str_columns(str_sub(text, from, to)) : 0;
  for (size_t i = 0; i < (carets ? carets : 1); i++) buf_addc(out, '^');
  if (label.n) buf_addc(out, ' ');
  add_text(out, label);
  buf_addf(out, "%s\n", p->off);
}

static void add_place(struct buf *out, const struct srcmap *m, struct span at) {
  uint32_t line, col;
  srcmap_line_col(m, at.file, at.start, &line, &col);
  buf_addf(out, "%.*s:%u:%u", SV(srcmap_name(m, at.file)), line, col);
}

static unsigned gutter(const struct diag *g, const struct srcmap *m) {
  unsigned width = 2;
  uint32_t line, col;
  if (g->span.file) {
    srcmap_line_col(m, g->span.file, g->span.start, &line, &col);
    if (digits(line) > width) width = digits(line);
  }
  for (const struct diag_note *n = g->notes; n; n = n->next) {
    if (!n->span.file) continue;
    srcmap_line_col(m, n->span.file, n->span.start, &line, &col);
    if (digits(line) > width) width = digits(line);
  }
  return width;
}

static void add_diag(struct buf *out, const struct diag *g, const struct srcmap *m, const struct palette *p) {
  const char *colour = severity_colour(p, g->severity);
  unsigned width = gutter(g, m);
  buf_addf(out, "%s%s[%s]%s%s: ", colour, severity_words[g->severity], diag_code_text(g->code), p->off,
           p->bold);
  add_text(out, g->message);
  buf_addf(out, "%s\n", p->off);
  if (g->span.file) {
    buf_addf(out, "%*s%s-->%s ", (int)width, "", p->frame, p->off);
    add_place(out, m, g->span);
    buf_addc(out, '\n');
    add_excerpt(out, m, g->span, g->label, p, colour, width);
  }
  for (const struct diag_note *n = g->notes; n; n = n->next) {
    buf_addf(out, "%*s %s=%s note: ", (int)width, "", p->frame, p->off);
    add_text(out, n->text);
    if (n->span.file) {
      buf_addz(out, ", at ");
      add_place(out, m, n->span);
      buf_addc(out, '\n');
      add_excerpt(out, m, n->span, STR(""), p, p->note, width);
    } else {
      buf_addc(out, '\n');
    }
  }
  if (!g->help.n) return;
  buf_addf(out, "%*s %s=%s help: ", (int)width, "", p->frame, p->off);
  add_text(out, g->help);
  buf_addc(out, '\n');
}

void diags_render_text(const struct diags *d, const struct srcmap *m, struct buf *out, bool colour,
                       size_t most) {
  const struct palette *p = colour ? &colours : &plain;
  size_t n = most && d->n > most ? most : d->n;
  for (size_t i = 0; i < n; i++) {
    if (i) buf_addc(out, '\n');
    add_diag(out, d->v[i], m, p);
  }
  if (n < d->n) buf_addf(out, "\n... and %zu more\n", d->n - n);
}

static void add_json_place(struct buf *out, const struct srcmap *m, struct span at) {
  uint32_t line = 0, col = 0, end_line = 0, end_col = 0;
  if (at.file) {
    srcmap_line_col(m, at.file, at.start, &line, &col);
    srcmap_line_col(m, at.file, at.end, &end_line, &end_col);
  }
  buf_addz(out, "\"file\":");
  json_escape(out, srcmap_name(m, at.file));
  buf_addf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", line, col, end_line, end_col);
}

static void add_json_text(struct buf *out, const char *key, struct str text) {
  buf_addf(out, ",\"%s\":", key);
  json_escape(out, text);
}

void diags_render_json(const struct diags *d, const struct srcmap *m, struct buf *out) {
  buf_addc(out, '[');
  for (size_t i = 0; i < d->n; i++) {
    const struct diag *g = d->v[i];
    buf_addf(out, "%s{\"code\":\"%s\",\"severity\":\"%s\",", i ? "," : "", diag_code_text(g->code),
             severity_words[g->severity]);
    add_json_place(out, m, g->span);
    add_json_text(out, "message", g->message);
    add_json_text(out, "label", g->label);
    add_json_text(out, "help", g->help);
    buf_addz(out, ",\"notes\":[");
    for (const struct diag_note *n = g->notes; n; n = n->next) {
      buf_addz(out, n == g->notes ? "{" : ",{");
      add_json_place(out, m, n->span);
      add_json_text(out, "message", n->text);
      buf_addc(out, '}');
    }
    buf_addz(out, "]}");
  }
  buf_addc(out, ']');
}
