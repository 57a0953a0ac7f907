/* Private to plan: what reports for CI systems are made of. One walk over the plan collects it; the writers
 * only differ in how they write it down. */
#ifndef QUOIN_PLAN_REPORT_H
#define QUOIN_PLAN_REPORT_H

#include "quoin/plan.h"

/* In the order in which they are told: what is lost comes first. */
enum finding_kind {
  FK_GONE,
  FK_DESTROY,
  FK_REPLACE,
  FK_CHANGED,
  FK_UPDATE,
  FK_CREATE,
  FK_FORGET,
  FK_UNDECLARED,
  FK_COUNT
};
enum finding_level { FL_ERROR, FL_WARNING, FL_NOTE, FL_COUNT };
struct finding_words {
  const char *id, *heading, *words, *help;
  enum finding_level level;
  bool folded;           /* where a format can hide it at first */
  const char *from, *to; /* before the two values; from NULL: there is only one */
};
extern const struct finding_words finding_words[FK_COUNT];

struct finding_place { /* file empty: none that a reader could open */
  struct str file;
  uint32_t line, column;
};
struct finding_item { /* one property */
  struct str path;
  const struct value *from, *to; /* NULL: none */
  const char *note;
  struct finding_place at;
};
struct finding { /* one resource */
  enum finding_kind kind;
  struct str address, type;
  sym name; /* the address */
  struct finding_place at;
  const struct finding_item *items;
  uint32_t n_items;
};
struct report {
  const struct plan *p;
  struct session *s;
  struct arena *a; /* scratch */
  bool drift;
  const struct finding *v; /* by kind, then by address */
  uint32_t n, of_kind[FK_COUNT];
  struct str title, summary, footer;
};

/* `path: recorded 2, live 5`; `value` writes paths and values, NULL: as they are. Long ones are cut. */
void report_item(const struct report *r, const struct finding_item *i, enum finding_kind k,
                 void (*value)(struct buf *out, struct str text), struct buf *out);
#define REPORT_ITEMS_MAX 30 /* of one resource, where people read it */

enum qn_err report_github(const struct report *r, struct buf *out);
enum qn_err report_junit(const struct report *r, struct buf *out);
enum qn_err report_sarif(const struct report *r, struct buf *out);
enum qn_err report_markdown(const struct report *r, struct buf *out);
enum qn_err report_comment(const struct report *r, struct buf *out);

#endif
