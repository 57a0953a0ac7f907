/* quoin plan, and drift, which is a plan that looks the other way. */
#include "cli.h"
#include "quoin/file.h"

static enum qn_err print_plan(struct cli *c, const struct plan *p, bool drift) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  enum qn_err e = QN_OK;
  struct render_options r = cli_render(c);
  r.drift = drift;
  if (c->o.compat && strcmp(c->o.compat, "terraform") == 0)
    e = plan_render_terraform(p, &out);
  else if (c->o.json)
    e = plan_render_json(p, &out);
  else
    plan_render_text(p, &r, &out);
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
    printf("Saved to %s. `quoin apply %s` applies exactly this, once.\n", c->o.out, c->o.out);
  return e;
}

/* Spec, state and live cloud to a plan; nothing can be written on this way. */
static enum qn_err make_plan(struct world *w, bool destroy, struct plan *p) {
  enum qn_err e = world_spec(w, cli_arg(w->c, 0), true);
  if (!e && (!w->c->o.no_refresh)) e = world_cloud(w);
  if (!e) e = world_state(w, ST_READ);
  if (!e) e = world_plan(w, destroy, p);
  return e;
}

static bool bad_compat(struct cli *c) {
  if (!c->o.compat || strcmp(c->o.compat, "terraform") == 0) return false;
  diag_add(&c->s.diags, QN0006, SPAN_NONE, "-compat knows terraform, not %s", c->o.compat);
  return true;
}

int cmd_plan(struct cli *c) {
  if (bad_compat(c)) return cli_finish(c, QN_E_INVALID);
  struct world w = {.c = c};
  struct plan p;
  enum qn_err e = make_plan(&w, c->o.destroy, &p);
  if (!e) e = print_plan(c, &p, false);
  if (!e && c->o.out) e = save_plan(c, &p);
  bool changes = !e && !plan_empty(&p);
  int code = cli_finish(c, e);
  world_close(&w);
  return code == XC_OK && changes && c->o.detailed_exitcode ? XC_CHANGES : code;
}

int cmd_drift(struct cli *c) {
  struct world w = {.c = c};
  struct plan p;
  enum qn_err e = make_plan(&w, false, &p);
  if (!e) e = print_plan(c, &p, true);
  bool drift = !e && plan_count(&p).drift > 0;
  int code = cli_finish(c, e);
  world_close(&w);
  return code == XC_OK && drift ? XC_CHANGES : code;
}

/* quoin show PLAN_FILE, or the recorded state. */
static enum qn_err show_plan(struct world *w, const char *path) {
  struct cli *c = w->c;
  struct str text;
  enum qn_err e = file_read(&c->s.arena, path, BUF_MAX_DEFAULT, &c->s.diags, &text);
  if (e == QN_E_NOTFOUND) diag_add(&c->s.diags, QN0001, SPAN_NONE, "%s does not exist", path);
  if (e) return e;
  struct plan p;
  if ((e = world_tables(w)) || (e = plan_read(&c->s, text, w->providers, &p))) return e;
  return print_plan(c, &p, false);
}

static enum qn_err show_state(struct world *w) {
  struct cli *c = w->c;
  enum qn_err e = world_spec(w, NULL, false);
  if (!e) e = world_state(w, ST_READ);
  if (e) return e;
  size_t n;
  const struct sres *all = state_resources(w->state, &n);
  for (size_t i = 0; i < n; i++) {
    printf("%s%s (%s)%s\n", i ? "\n" : "", session_str(&c->s, all[i].address).p,
           session_str(&c->s, all[i].type).p, all[i].deposed ? " deposed" : "");
    cli_print_value(c, all[i].identity, false);
    cli_print_value(c, all[i].applied, true);
  }
  if (!n) printf("Nothing is recorded.\n");
  return QN_OK;
}

int cmd_show(struct cli *c) {
  if (bad_compat(c)) return cli_finish(c, QN_E_INVALID);
  struct world w = {.c = c};
  const char *path = cli_arg(c, 0);
  int code = cli_finish(c, path ? show_plan(&w, path) : show_state(&w));
  world_close(&w);
  return code;
}
