#include "quoin/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "quoin/vec.h"

static const struct {
  enum diag_code code;
  enum severity severity;
  const char *text, *title;
} table[] = {
#define DIAG(code, severity, title) {QN##code, severity, "QN" #code, title},
#include "quoin/diag_codes.h"
#undef DIAG
};

static size_t table_find(enum diag_code c) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].code == c) return i;
  return 0;
}

const char *diag_code_text(enum diag_code c) {
  return table[table_find(c)].text;
}
const char *diag_code_title(enum diag_code c) {
  return table[table_find(c)].title;
}

void diags_init(struct diags *d, struct arena *a) {
  *d = (struct diags){.arena = a};
}

struct diag *diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...) {
  struct diag *g = ARENA_NEW(d->arena, struct diag);
  g->code = code;
  g->severity = table[table_find(code)].severity;
  g->span = at;
  va_list ap;
  va_start(ap, fmt);
  g->message = str_vfmt(d->arena, fmt, ap);
  va_end(ap);
  VEC_PUSH(d->arena, d, g);
  if (g->severity == SEV_ERROR) d->n_errors++;
  return g;
}

void diag_note(struct diags *d, struct diag *g, struct span at, const char *fmt, ...) {
  struct diag_note *note = ARENA_NEW(d->arena, struct diag_note);
  note->span = at;
  va_list ap;
  va_start(ap, fmt);
  note->text = str_vfmt(d->arena, fmt, ap);
  va_end(ap);
  if (g->last_note)
    g->last_note->next = note;
  else
    g->notes = note;
  g->last_note = note;
}

void diag_help(struct diags *d, struct diag *g, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  g->help = str_vfmt(d->arena, fmt, ap);
  va_end(ap);
}

void diag_label(struct diags *d, struct diag *g, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  g->label = str_vfmt(d->arena, fmt, ap);
  va_end(ap);
}

struct str diag_nearest(struct str word, const struct str *names, size_t n) {
  struct str best = {NULL, 0};
  if (word.n < 3) return best; /* every short word is near every other */
  size_t least = word.n / 3 + 1;
  for (size_t i = 0; i < n; i++) {
    size_t dist = str_distance(word, names[i], least);
    bool closer = best.p ? dist < least : dist <= least;
    if (closer || (best.p && dist == least && str_cmp(names[i], best) < 0)) {
      best = names[i];
      least = dist;
    }
  }
  return best;
}

static int diag_cmp(const void *pa, const void *pb, void *user) {
  const struct diag *a = *(struct diag *const *)pa, *b = *(struct diag *const *)pb;
  const struct srcmap *m = user;
  if (a->span.file != b->span.file) {
    int c = str_cmp(srcmap_name(m, a->span.file), srcmap_name(m, b->span.file));
    if (c) return c;
  }
  if (a->span.start != b->span.start) return a->span.start < b->span.start ? -1 : 1;
  return (a->code > b->code) - (a->code < b->code);
}

static bool same_span(struct span a, struct span b) {
  return a.file == b.file && a.start == b.start && a.end == b.end;
}

void diags_sort(struct diags *d, const struct srcmap *m, struct arena *scratch) {
  /* sort_stable hands `user` on untouched; the comparison only reads. */
  sort_stable(scratch, d->v, d->n, sizeof *d->v, diag_cmp, (void *)(uintptr_t)m);
  size_t kept = 0;
  for (size_t i = 0; i < d->n; i++) {
    const struct diag *last = kept ? d->v[kept - 1] : NULL, *g = d->v[i];
    if (last && last->code == g->code && same_span(last->span, g->span) &&
        str_eq(last->message, g->message)) {
      if (g->severity == SEV_ERROR) d->n_errors--;
      continue;
    }
    d->v[kept++] = d->v[i];
  }
  d->n = kept;
}

const char *qn_err_word(enum qn_err e) {
  static const char *const words[] = {
      [QN_OK] = "ok",
      [QN_E_INVALID] = "invalid",
      [QN_E_IO] = "io",
      [QN_E_NOMEM] = "nomem",
      [QN_E_NOTFOUND] = "notfound",
      [QN_E_EXISTS] = "exists",
      [QN_E_LOCKED] = "locked",
      [QN_E_STALE] = "stale",
      [QN_E_REFUSED] = "refused",
      [QN_E_DAMAGED] = "damaged",
      [QN_E_REMOTE] = "remote",
      [QN_E_CANCELLED] = "cancelled",
      [QN_E_LIMIT] = "limit",
  };
  return (size_t)e < sizeof words / sizeof *words ? words[e] : "?";
}
