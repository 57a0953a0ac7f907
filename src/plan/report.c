/* Collects what reports tell: drift, or the changes of a plan. */
#include "report.h"

#include <unistd.h>

#include "quoin/vec.h"
#include "render_value.h"

#define OUTSIDE "outside quoin"
const struct finding_words finding_words[FK_COUNT] = {
    [FK_GONE] = {"gone", "Deleted " OUTSIDE, "was deleted " OUTSIDE,
                 "The object was recorded and is not in the cloud any more. `quoin apply` makes it again.",
                 FL_ERROR, false, "recorded ", ", live "},
    [FK_DESTROY] = {"destroy", "To destroy", "will be destroyed", "The plan deletes the object.", FL_WARNING,
                    false, "", " -> "},
    [FK_REPLACE] = {"replace", "To replace", "will be replaced",
                    "The plan makes a new object in the place of this one, which it deletes.", FL_WARNING,
                    false, "", " -> "},
    [FK_CHANGED] =
        {"changed", "Changed " OUTSIDE, "was changed " OUTSIDE,
         "The property is not as it was after the last apply. `quoin apply` sets what the spec says; "
         "to keep the change, put it into the spec.",
         FL_WARNING, false, "recorded ", ", live "},
    [FK_UPDATE] = {"update", "To update", "will be updated in place", "The plan changes the object.", FL_NOTE,
                   false, "", " -> "},
    [FK_CREATE] = {"create", "To create", "will be created", "The plan makes a new object.", FL_NOTE, true,
                   "", " -> "},
    [FK_FORGET] = {"forget", "To forget", "will no longer be managed",
                   "The object stays in the cloud; quoin forgets it.", FL_NOTE, false, "", " -> "},
    [FK_UNDECLARED] = {"undeclared", "Declared by nobody", "has settings that nobody declared",
                       "The property is set in the cloud and stands in no spec. It is no drift.", FL_NOTE,
                       true, NULL, "live "},
};

enum { VALUE_COLUMNS = 200 };

/* Modules inside the binary and inputs of the command line are no files that a reader could open. */
static struct finding_place place_of(const struct report *r, struct span span) {
  struct finding_place at = {.line = 0};
  if (!span.file) return at;
  struct str name = str_dup(r->a, srcmap_name(r->s->sources, span.file));
  if (!name.n || access(name.p, R_OK) != 0) return at;
  while (str_starts(name, STR("./"))) name = str_sub(name, 2, name.n);
  at.file = name;
  srcmap_line_col(r->s->sources, span.file, span.start, &at.line, &at.column);
  return at;
}

/* The most exact place there is; in the end the environment, which has every resource. */
static struct finding_place best_place(const struct report *r, struct span first, struct span second) {
  struct finding_place at = place_of(r, first);
  if (!at.file.n) at = place_of(r, second);
  return at.file.n ? at : place_of(r, r->p->env.span);
}

void report_item(const struct report *r, const struct finding_item *i, enum finding_kind k,
                 void (*value)(struct buf *out, struct str text), struct buf *out) {
  const struct finding_words *w = &finding_words[k];
  struct buf text = BUF_INIT((size_t)1 << 26);
  if (!value) value = buf_add;
  value(out, i->path);
  buf_addz(out, ": ");
  for (int side = w->from ? 0 : 1; side < 2; side++) {
    const struct value *v = side ? i->to : i->from;
    buf_addz(out, side ? w->to : w->from);
    buf_reset(&text);
    if (v)
      render_inline(r->s, &text, v, VALUE_COLUMNS);
    else
      buf_addz(&text, "(none)");
    value(out, buf_str(&text));
  }
  if (i->note) buf_addf(out, " (%s)", i->note);
  buf_release(&text);
}

typedef VEC(struct finding) findings;

static struct finding begin(struct report *r, enum finding_kind k, sym address, sym type, struct span span) {
  r->of_kind[k]++;
  return (struct finding){.kind = k,
                          .address = session_str(r->s, address),
                          .type = session_str(r->s, type),
                          .name = address,
                          .at = best_place(r, span, SPAN_NONE)};
}

static bool tells(const struct report *r, const struct leaf_change *l) {
  return r->drift ? l->why == WHY_DRIFT : l->why != WHY_KEPT && l->why != WHY_RELEASED;
}

static void add_leaves(struct report *r, struct finding *f, const struct change *c) {
  struct finding_item *items = ARENA_ARRAY(r->a, c->n_leaves, struct finding_item);
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    const struct leaf_change *l = &c->leaves[i];
    if (!tells(r, l)) continue;
    struct finding_item *item = &items[f->n_items++];
    *item = (struct finding_item){.path = l->path, .at = best_place(r, l->span, c->span)};
    item->from = r->drift ? (l->recorded ? l->recorded : l->after) : l->before;
    item->to = r->drift ? l->before : l->after;
    if (!r->drift && l->forces_replace)
      item->note = l->if_changed ? "forces replacement if it has changed" : "forces replacement";
    else if (!r->drift && l->why == WHY_DRIFT)
      item->note = "changed " OUTSIDE;
  }
  f->items = items;
}

/* FK_COUNT: it is not told. The delete half of a replacement goes with its create. */
static enum finding_kind kind_of(const struct report *r, const struct change *c) {
  bool gone = c->action == ACT_FORGET && c->reason == CR_GONE;
  if (r->drift) return !change_drifted(c) ? FK_COUNT : gone ? FK_GONE : FK_CHANGED;
  bool half = c->pair != UINT32_MAX && c->action != ACT_CREATE;
  if (gone || half || c->action == ACT_NONE) return FK_COUNT;
  if (c->pair != UINT32_MAX) return FK_REPLACE;
  static const enum finding_kind kinds[] = {[ACT_NONE] = FK_COUNT,
                                            [ACT_CREATE] = FK_CREATE,
                                            [ACT_UPDATE] = FK_UPDATE,
                                            [ACT_DELETE] = FK_DESTROY,
                                            [ACT_FORGET] = FK_FORGET};
  return kinds[c->action];
}

static void add_undeclared(struct report *r, findings *v) {
  const struct plan *p = r->p;
  for (uint32_t i = 0, end; i < p->n_undeclared; i = end) {
    const struct undeclared *u = &p->undeclared[i];
    for (end = i + 1; end < p->n_undeclared && p->undeclared[end].address == u->address;) end++;
    struct finding f = begin(r, FK_UNDECLARED, u->address, u->type, u->span);
    struct finding_item *items = ARENA_ARRAY(r->a, end - i, struct finding_item);
    for (uint32_t k = i; k < end; k++)
      items[f.n_items++] =
          (struct finding_item){.path = p->undeclared[k].path, .to = p->undeclared[k].live, .at = f.at};
    f.items = items;
    VEC_PUSH(r->a, v, f);
  }
}

static int by_kind(const void *x, const void *y, void *user) {
  (void)user;
  const struct finding *a = x, *b = y;
  return (a->kind > b->kind) - (a->kind < b->kind);
}

static void add_texts(struct report *r) {
  const struct plan *p = r->p;
  const struct environment *e = &p->env;
  struct plan_counts n = plan_count(p);
  r->title =
      str_fmt(r->a, "%s: %.*s / %.*s in %.*s", r->drift ? "Drift" : "Plan", SV(session_str(r->s, e->stack)),
              SV(session_str(r->s, e->name)), SV(session_str(r->s, e->region)));
  uint32_t gone = r->of_kind[FK_GONE], changed = r->of_kind[FK_CHANGED], bare = r->of_kind[FK_UNDECLARED];
  struct str also = bare ? str_fmt(r->a, " %u with settings that nobody declared.", bare) : STR("");
  if (!r->drift)
    r->summary = str_fmt(r->a, "Plan: %u to add, %u to change, %u to destroy.", n.add, n.change, n.destroy);
  else if (gone + changed)
    r->summary = str_fmt(r->a, "%u deleted and %u changed " OUTSIDE ", of %u checked.%.*s", gone, changed,
                         p->n_checked, SV(also));
  else
    r->summary =
        str_fmt(r->a, "No drift: all %u checked are as they were applied.%.*s", p->n_checked, SV(also));
  r->footer = p->refreshed ? str_fmt(r->a, "Read the cloud with %llu call%s.", (unsigned long long)p->calls,
                                     p->calls == 1 ? "" : "s")
                           : STR("The cloud was not read.");
}

static void collect(struct report *r) {
  findings v = {0};
  for (uint32_t i = 0; i < r->p->n_changes; i++) {
    const struct change *c = &r->p->changes[i];
    enum finding_kind k = kind_of(r, c);
    if (k == FK_COUNT) continue;
    struct finding f = begin(r, k, c->address, c->type, c->span);
    add_leaves(r, &f, c);
    VEC_PUSH(r->a, &v, f);
  }
  add_undeclared(r, &v);
  sort_stable(r->a, v.v, v.n, sizeof *v.v, by_kind, NULL);
  r->v = v.v;
  r->n = (uint32_t)v.n;
  add_texts(r);
}

static const struct {
  const char *name;
  enum qn_err (*write)(const struct report *r, struct buf *out);
} formats[] = {{"markdown", report_markdown},
               {"comment", report_comment},
               {"github", report_github},
               {"junit", report_junit},
               {"sarif", report_sarif}};

static size_t format_named(struct str name) {
  size_t i = 0;
  while (i < sizeof formats / sizeof *formats && !str_eq(name, str_c(formats[i].name))) i++;
  return i;
}

bool plan_report_known(struct str format) {
  return format_named(format) < sizeof formats / sizeof *formats;
}

enum qn_err plan_report(const struct plan *p, struct str format, bool drift, struct buf *out) {
  if (!plan_report_known(format)) return QN_E_INVALID;
  struct arena scratch;
  arena_init(&scratch);
  struct report r = {.p = p, .s = p->s, .a = &scratch, .drift = drift};
  collect(&r);
  enum qn_err e = formats[format_named(format)].write(&r, out);
  arena_release(&scratch);
  return e;
}
