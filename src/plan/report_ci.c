/* The report as GitHub's annotations and as JUnit's test results. */
#include "quoin/xml.h"
#include "report.h"

/* ---- GitHub: `::error file=F,line=N,col=N,title=T::message` --------------------------------- */
enum { ANNOTATIONS_MAX = 10 }; /* of one level in one step; more are dropped silently */

/* What would end the message, or, in a property, the property. */
static void add_escaped(struct buf *out, struct str text, bool property) {
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
      buf_addf(out, "%%%02X", (unsigned)c);
    else
      buf_addc(out, c);
  }
}

static void add_property(struct buf *out, const char **between, const char *name, struct str text) {
  buf_addf(out, "%s%s=", *between, name);
  add_escaped(out, text, true);
  *between = ",";
}

/* What changed, a line for each property. */
static void add_lines(const struct report *r, const struct finding *f, uint32_t most, struct buf *out) {
  buf_addf(out, "%.*s (%.*s) %s", SV(f->address), SV(f->type), finding_words[f->kind].words);
  for (uint32_t i = 0; i < f->n_items && i < most; i++) {
    buf_addc(out, '\n');
    report_item(r, &f->items[i], f->kind, NULL, out);
  }
  if (f->n_items > most) buf_addf(out, "\nand %u more", f->n_items - most);
}

static const char *const github_levels[FL_COUNT] = {"error", "warning", "notice"};

static void add_annotation(const struct report *r, const struct finding *f, struct buf *out) {
  const struct finding_words *w = &finding_words[f->kind];
  const struct finding_place *at = f->n_items ? &f->items[0].at : &f->at;
  struct buf message = BUF_INIT((size_t)1 << 26);
  const char *between = " ";
  buf_addf(out, "::%s", github_levels[w->level]);
  if (at->file.n) {
    add_property(out, &between, "file", at->file);
    add_property(out, &between, "line", str_fmt(r->a, "%u", at->line));
    add_property(out, &between, "col", str_fmt(r->a, "%u", at->column));
  }
  add_property(out, &between, "title", str_fmt(r->a, "%.*s: %s", SV(f->address), w->heading));
  buf_addz(out, "::");
  add_lines(r, f, REPORT_ITEMS_MAX, &message);
  add_escaped(out, buf_str(&message), false);
  buf_addc(out, '\n');
  buf_release(&message);
}

enum qn_err report_github(const struct report *r, struct buf *out) {
  uint32_t all[FL_COUNT] = {0}, told[FL_COUNT] = {0};
  for (uint32_t i = 0; i < r->n; i++) all[finding_words[r->v[i].kind].level]++;
  for (uint32_t i = 0; i < r->n; i++) {
    enum finding_level level = finding_words[r->v[i].kind].level;
    if (all[level] > ANNOTATIONS_MAX && told[level] == ANNOTATIONS_MAX - 1) continue;
    add_annotation(r, &r->v[i], out);
    told[level]++;
  }
  for (int level = 0; level < FL_COUNT; level++)
    if (told[level] < all[level])
      buf_addf(out, "::%s title=quoin::and %u more: see the whole report\n", github_levels[level],
               all[level] - told[level]);
  buf_addf(out, "%.*s. %.*s %.*s\n", SV(r->title), SV(r->summary), SV(r->footer));
  return out->failed ? QN_E_LIMIT : QN_OK;
}

/* ---- JUnit: a test for each resource that was checked --------------------------------------- */
/* XML 1.0 has no way to write most control characters. */
static void add_xml(struct report *r, struct buf *out, struct str text) {
  char *clean = arena_alloc(r->a, text.n + 1);
  for (size_t i = 0; i < text.n; i++)
    clean[i] = (unsigned char)text.p[i] < 0x20 && !strchr("\t\n\r", text.p[i]) ? '?' : text.p[i];
  xml_escape(out, (struct str){clean, text.n});
}

static void add_case(struct report *r, struct str address, struct str type, const struct finding *failed,
                     const struct finding *told, struct buf *out) {
  struct buf text = BUF_INIT((size_t)1 << 26);
  buf_addz(out, "    <testcase classname=\"");
  add_xml(r, out, type);
  buf_addz(out, "\" name=\"");
  add_xml(r, out, address);
  buf_addz(out, failed || told ? "\">\n" : "\"/>\n");
  if (failed) {
    const struct finding_words *w = &finding_words[failed->kind];
    buf_addf(out, "      <failure type=\"%s\" message=\"%s\">", w->id, w->words);
    if (failed->at.file.n) buf_addf(&text, "%.*s:%u: ", SV(failed->at.file), failed->at.line);
    add_lines(r, failed, UINT32_MAX, &text);
    add_xml(r, out, buf_str(&text));
    buf_addz(out, "</failure>\n");
  }
  if (told) {
    buf_reset(&text);
    add_lines(r, told, UINT32_MAX, &text);
    buf_addz(out, "      <system-out>");
    add_xml(r, out, buf_str(&text));
    buf_addz(out, "</system-out>\n");
  }
  if (failed || told) buf_addz(out, "    </testcase>\n");
  buf_release(&text);
}

/* The finding of a kind that is about this address; kinds hold them in the order of addresses. */
static const struct finding *take(const struct report *r, uint32_t *at, enum finding_kind k, sym address) {
  if (*at >= r->n || r->v[*at].kind != k || r->v[*at].name != address) return NULL;
  return &r->v[(*at)++];
}

static void add_checked(struct report *r, struct buf *out) {
  uint32_t at[FK_COUNT], first = 0;
  for (int k = 0; k < FK_COUNT; k++) at[k] = first, first += r->of_kind[k];
  for (uint32_t i = 0; i < r->p->n_checked; i++) {
    const struct checked *c = &r->p->checked[i];
    const struct finding *gone = take(r, &at[FK_GONE], FK_GONE, c->address),
                         *changed = take(r, &at[FK_CHANGED], FK_CHANGED, c->address),
                         *told = take(r, &at[FK_UNDECLARED], FK_UNDECLARED, c->address);
    add_case(r, session_str(r->s, c->address), session_str(r->s, c->type), gone ? gone : changed, told, out);
  }
}

enum qn_err report_junit(const struct report *r, struct buf *out) {
  struct report own = *r;
  uint32_t tests = r->drift ? r->p->n_checked : r->n;
  uint32_t failures = r->drift ? r->of_kind[FK_GONE] + r->of_kind[FK_CHANGED] : r->n;
  struct str counts = str_fmt(r->a, "tests=\"%u\" failures=\"%u\" errors=\"0\"", tests, failures);
  buf_addz(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  buf_addf(out, "<testsuites name=\"quoin\" %.*s>\n  <testsuite name=\"", SV(counts));
  add_xml(&own, out, r->title);
  buf_addf(out, "\" %.*s skipped=\"0\">\n", SV(counts));
  if (r->drift)
    add_checked(&own, out);
  else
    for (uint32_t i = 0; i < r->n; i++) add_case(&own, r->v[i].address, r->v[i].type, &r->v[i], NULL, out);
  buf_addz(out, "  </testsuite>\n</testsuites>\n");
  return out->failed ? QN_E_LIMIT : QN_OK;
}
