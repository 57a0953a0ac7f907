/* Diagnostics: what a user reads when something is wrong. A diagnostic has a
 * stable code (diag_codes.h, docs/errors.md), a span, a message without code
 * and place, notes with further spans, and a help line (the likely fix).
 * Library code adds; only cli prints. */
#ifndef QUOIN_DIAG_H
#define QUOIN_DIAG_H

#include "quoin/arena.h"
#include "quoin/span.h"

enum diag_code {
#define DIAG(code, severity, title) QN##code = 1##code - 10000,
#include "quoin/diag_codes.h"
#undef DIAG
  DIAG_CODE_END
};

enum severity { SEV_ERROR, SEV_WARNING, SEV_NOTE };

struct diag_note {
  struct span span; /* may be SPAN_NONE */
  struct str text;
  struct diag_note *next;
};

struct diag {
  enum diag_code code;
  enum severity severity;
  struct span span;
  struct str message;
  struct str label; /* short text behind the carets; may be empty */
  struct str help;  /* "did you mean ..."; may be empty */
  struct diag_note *notes, *last_note;
};

struct diags {
  struct arena *arena; /* holds texts and entries; not owned */
  struct diag **v;
  size_t n, cap;
  size_t n_errors;
};

void diags_init(struct diags *d, struct arena *a);
/* Severity comes from the table. Returns the entry so that notes can be added. Never NULL. */
struct diag *diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void diag_note(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void diag_help(struct diags *d, struct diag *g, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void diag_label(struct diags *d, struct diag *g, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Nearest of n names within a third of the length, or empty. */
struct str diag_nearest(struct str word, const struct str *names, size_t n);

/* Stable order: file name, start, code; exact duplicates removed. */
void diags_sort(struct diags *d, const struct srcmap *m, struct arena *scratch);
const char *diag_code_text(enum diag_code c); /* "QN0123" */
const char *diag_code_title(enum diag_code c);

/* Rendering into a buffer; colour only if asked; at most `most` (0 = all), the rest counted.
 *   error[QN0203]: unknown property "CidrBlok" of AWS::EC2::VPC
 *     --> quoin.yaml:12:7
 *      |
 *   12 |       CidrBlok: 10.0.0.0/16
 *      |       ^^^^^^^^ not a property of this type
 *      = help: did you mean "CidrBlock"?                                        */
void diags_render_text(const struct diags *d, const struct srcmap *m, struct buf *out, bool colour, size_t most);
/* One JSON array: [{code, severity, file, line, column, end_line, end_column, message, help, notes: [...]}]. */
void diags_render_json(const struct diags *d, const struct srcmap *m, struct buf *out);

#endif
