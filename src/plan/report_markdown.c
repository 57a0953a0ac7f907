/* The report as Markdown, for the step summary of a run (at most 1 MiB) or for a comment (at most 65,536
 * characters). What is lost stands first and open; what does not fit is counted. */
#include "report.h"

enum { SUMMARY_MAX = 1 << 20, COMMENT_MAX = 65536, RESERVE = 1024 };

/* A code span whose fence is longer than any run of backquotes in it. */
static void add_code(struct buf *out, struct str text) {
  size_t longest = 0, run = 0;
  for (size_t i = 0; i < text.n; i++) {
    run = text.p[i] == '`' ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  const char *pad = longest ? " " : "";
  for (size_t i = 0; i <= longest; i++) buf_addc(out, '`');
  buf_addf(out, "%s%.*s%s", pad, SV(text), pad);
  for (size_t i = 0; i <= longest; i++) buf_addc(out, '`');
}

static void add_finding(const struct report *r, const struct finding *f, struct buf *out) {
  buf_addz(out, "- ");
  add_code(out, f->address);
  buf_addf(out, " %.*s", SV(f->type));
  if (f->at.file.n) {
    buf_addz(out, ", ");
    add_code(out, str_fmt(r->a, "%.*s:%u", SV(f->at.file), f->at.line));
  }
  buf_addc(out, '\n');
  for (uint32_t i = 0; i < f->n_items && i < REPORT_ITEMS_MAX; i++) {
    buf_addz(out, "  - ");
    report_item(r, &f->items[i], f->kind, add_code, out);
    buf_addc(out, '\n');
  }
  if (f->n_items > REPORT_ITEMS_MAX) buf_addf(out, "  - and %u more\n", f->n_items - REPORT_ITEMS_MAX);
}

static void open_group(const struct report *r, enum finding_kind k, struct buf *out) {
  const char *heading = finding_words[k].heading;
  if (finding_words[k].folded)
    buf_addf(out, "<details><summary>%s (%u)</summary>\n\n", heading, r->of_kind[k]);
  else
    buf_addf(out, "### %s (%u)\n\n", heading, r->of_kind[k]);
}

static void add_left_out(const uint32_t *left, struct buf *out) {
  const char *between = "";
  uint32_t n = 0;
  for (int k = 0; k < FK_COUNT; k++) n += left[k];
  if (!n) return;
  buf_addf(out, "**%u more left out here, for want of room:** ", n);
  for (int k = 0; k < FK_COUNT; k++) {
    if (!left[k]) continue;
    buf_addf(out, "%s%u %s", between, left[k], finding_words[k].id);
    between = ", ";
  }
  buf_addz(out, ".\n\n");
}

static enum qn_err markdown(const struct report *r, size_t most, struct buf *out) {
  size_t start = out->n, room = most - RESERVE;
  uint32_t left[FK_COUNT], i = 0;
  struct buf one = BUF_INIT((size_t)1 << 26);
  memcpy(left, r->of_kind, sizeof left);
  buf_addf(out, "## %.*s\n\n%.*s\n\n", SV(r->title), SV(r->summary));
  for (bool full = false; i < r->n && !full;) {
    enum finding_kind k = r->v[i].kind;
    open_group(r, k, out);
    for (; i < r->n && r->v[i].kind == k; i++) {
      buf_reset(&one);
      add_finding(r, &r->v[i], &one);
      full = one.failed || out->n - start + one.n > room;
      if (full) break;
      buf_add(out, buf_str(&one));
      left[k]--;
    }
    buf_addz(out, finding_words[k].folded ? "\n</details>\n\n" : "\n");
  }
  add_left_out(left, out);
  buf_addf(out, "%.*s\n", SV(r->footer));
  buf_release(&one);
  return out->failed ? QN_E_LIMIT : QN_OK;
}

enum qn_err report_markdown(const struct report *r, struct buf *out) {
  return markdown(r, SUMMARY_MAX, out);
}
enum qn_err report_comment(const struct report *r, struct buf *out) {
  return markdown(r, COMMENT_MAX, out);
}
