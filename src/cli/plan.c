/* quoin plan, and drift, which is a plan that looks the other way. */
#include "cli.h"
#include "quoin/file.h"

static enum qn_err render(struct cli *c, const struct plan *p, struct render_options r, struct buf *out) {
  if (c->o.compat && strcmp(c->o.compat, "terraform") == 0) return plan_render_terraform(p, out);
  if (c->o.json) return plan_render_json(p, out);
  if (c->o.format) return plan_report(p, str_c(c->o.format), r.drift, out);
  plan_render_text(p, &r, out);
  return QN_OK;
}

enum qn_err cli_print_plan(struct cli *c, const struct plan *p, bool drift) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  struct render_options r = cli_render(c);
  r.drift = drift;
  enum qn_err e = render(c, p, r, &out);
  cli_print(c, buf_str(&out));
  buf_release(&out);
  return e;
}

static enum qn_err save_plan(struct cli *c, const struct plan *p) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  enum qn_err e = plan_write(p, &out);
  if (!e) e = file_write_atomic(c->o.out, buf_str(&out), 0600, &c->s.diags);
  buf_release(&out);
  if (!e && !c->o.json)
    fprintf(c->o.format ? stderr : stdout, "Saved to %s. `quoin apply %s` applies exactly this, once.\n",
            c->o.out, c->o.out);
  return e;
}

/* The report as it was printed, but without colours and of the usual width. */
static enum qn_err save_report(struct cli *c, const struct plan *p) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  enum qn_err e = render(c, p, (struct render_options){.drift = true}, &out);
  if (!e) e = file_write_atomic(c->o.out, buf_str(&out), 0644, &c->s.diags);
  buf_release(&out);
  return e;
}

/* -format=json is -json, text the default; true after a diagnostic. */
static bool bad_format(struct cli *c) {
  const char *format = c->o.format;
  c->o.format = NULL;
  if (!format || strcmp(format, "text") == 0) return false;
  if (strcmp(format, "json") == 0) {
    c->o.json = true;
    return false;
  }
  c->o.format = format;
  if (plan_report_known(str_c(format)) && !c->o.json && !c->o.compat) return false;
  struct diag *g = plan_report_known(str_c(format))
                       ? diag_add(&c->s.diags, QN0006, SPAN_NONE, "-format=%s contradicts %s", format,
                                  c->o.json ? "-json" : "-compat")
                       : diag_add(&c->s.diags, QN0006, SPAN_NONE, "-format does not know %s", format);
  diag_help(&c->s.diags, g, "the formats are text, json, markdown, comment, github, junit and sarif");
  return true;
}

/* Spec, state and live cloud to a plan; nothing can be written on this way. */
static enum qn_err make_plan(struct world *w, bool destroy, struct plan *p) {
  enum qn_err e = world_spec(w, cli_arg(w->c, 0), true);
  if (!e && (!w->c->o.no_refresh)) e = world_cloud(w);
  if (!e) e = world_state(w, ST_READ);
  if (!e) e = world_plan(w, destroy, p);
  return e;
}

bool cli_bad_compat(struct cli *c) {
  if (!c->o.compat || strcmp(c->o.compat, "terraform") == 0) return false;
  struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "-compat knows terraform, not %s", c->o.compat);
  diag_help(&c->s.diags, g, "-json prints quoin's own format");
  return true;
}

int cmd_plan(struct cli *c) {
  if (cli_bad_compat(c) || bad_format(c)) return cli_finish(c, QN_E_INVALID);
  struct world w = {.c = c};
  struct plan p;
  enum qn_err e = make_plan(&w, c->o.destroy, &p);
  if (!e) e = cli_print_plan(c, &p, false);
  if (!e && c->o.out) e = save_plan(c, &p);
  bool changes = !e && !plan_empty(&p);
  int code = cli_finish(c, e);
  world_close(&w);
  return code == XC_OK && changes && c->o.detailed_exitcode ? XC_CHANGES : code;
}

int cmd_drift(struct cli *c) {
  if (bad_format(c)) return cli_finish(c, QN_E_INVALID);
  struct world w = {.c = c};
  struct plan p;
  enum qn_err e = make_plan(&w, false, &p);
  if (!e) e = cli_print_plan(c, &p, true);
  if (!e && c->o.out) e = save_report(c, &p);
  bool drift = !e && plan_count(&p).drift > 0;
  int code = cli_finish(c, e);
  world_close(&w);
  return code == XC_OK && drift ? XC_CHANGES : code;
}
