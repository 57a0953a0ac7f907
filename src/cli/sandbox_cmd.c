/* quoin sandbox list|set|delete: what the simulated cloud holds, and changes that somebody else makes there.
 */
#include "cli.h"
#include "quoin/sandbox.h"

static enum qn_err open_names(struct world *w, size_t env_arg) {
  w->c->o.sandbox = w->quiet = true;
  return world_names(w, cli_arg(w->c, env_arg));
}

static int finish(struct world *w, enum qn_err e) {
  int code = cli_finish(w->c, e);
  world_close(w);
  return code;
}

int cmd_sandbox_list(struct cli *c) {
  struct world w = {.c = c};
  enum qn_err e = open_names(&w, 0);
  if (!e) e = world_sandbox(&w);
  struct sandbox_object *v;
  size_t n = e ? 0 : sandbox_objects(w.sandbox, &c->s.arena, &v);
  int wide[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    if ((int)v[i].address.n > wide[0]) wide[0] = (int)v[i].address.n;
    if ((int)v[i].type.n > wide[1]) wide[1] = (int)v[i].type.n;
  }
  for (size_t i = 0; i < n; i++)
    cli_print(c, str_fmt(&c->s.arena, "%-*.*s  %-*.*s  %.*s\n", wide[0], SV(v[i].address), wide[1],
                         SV(v[i].type), SV(v[i].id)));
  return finish(&w, e);
}

/* By address, else by id; the youngest, as a replacement stands beside what it replaces for a while. */
static const struct sandbox_object *find(struct world *w, struct str name) {
  struct sandbox_object *v;
  size_t n = sandbox_objects(w->sandbox, &w->c->s.arena, &v);
  for (size_t i = n; i-- > 0;)
    if (str_eq(v[i].address, name)) return &v[i];
  for (size_t i = n; i-- > 0;)
    if (str_eq(v[i].id, name)) return &v[i];
  struct diag *g =
      diag_add(&w->c->s.diags, QN0742, SPAN_NONE, "the sandbox holds no object for %.*s", SV(name));
  diag_help(&w->c->s.diags, g, "`quoin sandbox list` shows what it holds");
  return NULL;
}

/* Whoever writes holds the state's lock, so that no apply runs meanwhile. */
static enum qn_err open_to_write(struct world *w, size_t env_arg, const struct sandbox_object **o) {
  enum qn_err e = open_names(w, env_arg);
  if (!e) e = world_state(w, ST_WRITE);
  if (!e) e = world_sandbox(w);
  if (e) return e;
  *o = find(w, str_c(cli_arg(w->c, 0)));
  return *o ? QN_OK : QN_E_INVALID;
}

static const struct value *value_of(struct cli *c, struct str text) {
  struct json_error err;
  const struct value *v;
  if (json_parse(&c->s, &c->s.arena, text, &v, &err)) v = value_str(&c->s.arena, text);
  return v;
}

int cmd_sandbox_set(struct cli *c) {
  struct world w = {.c = c};
  const struct sandbox_object *o;
  struct str path, text = str_cut(str_c(cli_arg(c, 1)), '=', &path);
  enum qn_err e = QN_OK;
  if (!text.p || !path.n) {
    diag_add(&c->s.diags, QN0006, SPAN_NONE, "`quoin sandbox set` wants PROPERTY=VALUE, not %s",
             cli_arg(c, 1));
    return cli_finish(c, QN_E_INVALID);
  }
  e = open_to_write(&w, 2, &o);
  if (!e) e = sandbox_change(w.sandbox, o->type, o->id, path, text.n ? value_of(c, text) : NULL);
  return finish(&w, e);
}

int cmd_sandbox_delete(struct cli *c) {
  struct world w = {.c = c};
  const struct sandbox_object *o;
  enum qn_err e = open_to_write(&w, 1, &o);
  if (!e) e = sandbox_delete(w.sandbox, o->type, o->id);
  return finish(&w, e);
}
