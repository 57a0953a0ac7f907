/* Opening what a command works with, in the order in which it is needed. */
#include "cli.h"
#include "quoin/blob.h"
#include "quoin/lookup.h"
#include "quoin/sandbox.h"

const char *cli_arg(const struct cli *c, size_t i) {
  return i < c->o.args.n ? c->o.args.v[i] : NULL;
}

bool world_sandboxed(const struct world *w) {
  return w->c->o.sandbox || w->env.sandbox;
}

/* First and last, where people read it; what programs read (-json, -raw) stays as it is. */
static void sandbox_line(struct world *w, const char *text) {
  const struct options *o = &w->c->o;
  bool programs = o->json || o->raw || o->compat || o->format || w->for_programs;
  FILE *out = programs ? stderr : stdout;
  fprintf(out, "%s", text);
}

static void sandbox_said(struct world *w) {
  w->env.sandbox = world_sandboxed(w);
  if (!w->env.sandbox || w->said || w->quiet) return;
  w->said = true;
  sandbox_line(w, "SANDBOX: a simulated cloud, nothing here is real.\n\n");
}

enum qn_err world_tables(struct world *w) {
  struct session *s = &w->c->s;
  if (w->providers) return QN_OK;
  enum qn_err e = schema_open(s, blob_get(BLOB_SCHEMA), &w->schema);
  if (!e) e = wire_open(s, blob_get(BLOB_WIRE), &w->wire);
  const char *extra = s->out.getenv(s->out.user, "QUOIN_PROVIDER_PATH");
  if (!e) e = providers_open(s, blob_get(BLOB_DEFS), w->wire, w->schema, extra, &w->providers);
  return e;
}

/* -var NAME=VALUE */
static enum qn_err take_vars(struct cli *c, struct spec_options *o) {
  struct spec_var *vars = ARENA_ARRAY(&c->s.arena, c->o.vars.n, struct spec_var);
  for (size_t i = 0; i < c->o.vars.n; i++) {
    struct str name, value = str_cut(str_c(c->o.vars.v[i]), '=', &name);
    if (!value.p) {
      struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "-var %s has no `=`", c->o.vars.v[i]);
      diag_help(&c->s.diags, g, "write -var '%s=VALUE'", c->o.vars.v[i]);
      return QN_E_INVALID;
    }
    vars[i] = (struct spec_var){.name = name, .value = value};
  }
  o->vars = vars;
  o->n_vars = c->o.vars.n;
  return QN_OK;
}

/* ---- lookups: recorded ones are used; others need the cloud ---------------- */
static enum qn_err lookup_online(void *user, struct str kind, const struct value *args, struct str region,
                                 struct span at, const struct value **out) {
  struct world *w = user;
  enum qn_err e = world_cloud(w);
  if (e) return e;
  return cloud_lookup(w->rd, w->cloud, w->wire, kind, args, session_sym(&w->c->s, region), at, out);
}

static enum qn_err lookup_offline(void *user, struct str kind, const struct value *args, struct str region,
                                  struct span at, const struct value **out) {
  struct world *w = user;
  if (world_sandboxed(w)) return lookup_online(user, kind, args, region, at, out); /* needs no network */
  enum qn_err e = lookup_check(&w->c->s, kind, args, at);
  return e ? e : QN_E_CANCELLED;
}

/* The state of that name, for reading only. It may not be there. */
static enum qn_err read_state(struct world *w, const struct environment *env, struct str name,
                              const struct value *(*take)(const struct state *), const struct value **out) {
  struct session *s = &w->c->s;
  struct store *store = NULL;
  struct state *st = NULL;
  enum qn_err e = store_local(s, world_state_root(w), session_str(s, env->stack), name, true, &store);
  if (!e) e = state_open(s, store, ST_READ, &st);
  if (!e) *out = take(st);
  if (st) state_close(st);
  if (store) store->ops->close(store);
  return e;
}

/* Called by the compiler once it knows stack and environment, before the first lookup. */
static enum qn_err lookup_begin(void *user, const struct environment *env, const struct value **recorded) {
  struct world *w = user;
  struct session *s = &w->c->s;
  w->env = *env;
  *recorded = NULL;
  sandbox_said(w);
  if (w->c->o.refresh_lookups || s->diags.n_errors) return QN_OK;
  return read_state(w, env, session_str(s, env->name), state_lookups, recorded);
}

static enum qn_err peer_outputs(void *user, const struct environment *env, struct str name,
                                const struct value **outputs) {
  struct world *w = user;
  w->env.sandbox = env->sandbox;
  return read_state(w, env, name, state_outputs, outputs);
}

/* A spec can be checked although the other side's state cannot be read. */
static enum qn_err peer_offline(void *user, const struct environment *env, struct str name,
                                const struct value **outputs) {
  struct diags *d = &((struct world *)user)->c->s.diags;
  size_t n = d->n, errors = d->n_errors;
  if (peer_outputs(user, env, name, outputs)) *outputs = NULL;
  d->n = n;
  d->n_errors = errors;
  return QN_OK;
}

/* A spec can be checked although its state cannot be read: no recorded lookups then. */
static enum qn_err lookup_begin_offline(void *user, const struct environment *env,
                                        const struct value **recorded) {
  struct diags *d = &((struct world *)user)->c->s.diags;
  size_t n = d->n, errors = d->n_errors;
  if (lookup_begin(user, env, recorded)) *recorded = NULL;
  d->n = n;
  d->n_errors = errors;
  return QN_OK;
}

static enum qn_err environment_name(struct cli *c, const char *argument, struct str *out) {
  *out = str_c(argument ? argument : c->o.env ? c->o.env : c->s.out.getenv(c->s.out.user, "QUOIN_ENV"));
  if (!argument || !c->o.env || strcmp(argument, c->o.env) == 0) return QN_OK;
  struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE,
                            "the argument names the environment %s, -env names %s", argument, c->o.env);
  diag_help(&c->s.diags, g, "name it once");
  return QN_E_INVALID;
}

enum qn_err world_names(struct world *w, const char *environment) {
  struct cli *c = w->c;
  struct spec_options o = {.path = c->o.spec, .dr = c->o.dr};
  enum qn_err e = environment_name(c, environment, &o.environment);
  if (!e) e = spec_names(&c->s, &o, &w->env);
  if (!e) sandbox_said(w);
  return e;
}

enum qn_err world_spec(struct world *w, const char *environment, bool online) {
  struct cli *c = w->c;
  struct session *s = &c->s;
  enum qn_err e = world_tables(w);
  if (e) return e;
  struct lang_types types;
  schema_lang_types(w->schema, s, &types);
  struct lang_lookups lookups = {.user = w,
                                 .lookup = online ? lookup_online : lookup_offline,
                                 .begin = online ? lookup_begin : lookup_begin_offline,
                                 .peer = online ? peer_outputs : peer_offline};
  struct spec_options o = {.path = c->o.spec,
                           .var_files = c->o.var_files.v,
                           .n_var_files = c->o.var_files.n,
                           .types = &types,
                           .lookups = &lookups,
                           .modules_blob = blob_get(BLOB_MODULES),
                           .parsed = w->parsed,
                           .dr = c->o.dr};
  if ((e = environment_name(c, environment, &o.environment)) || (e = take_vars(c, &o)) ||
      (e = spec_compile(s, &o, &w->compiled)))
    return e;
  struct environment found = w->env;
  w->env = w->compiled.env;
  sandbox_said(w);
  if (w->cloud) {
    w->env.account = found.account;
    w->env.partition = found.partition;
  }
  return graph_build(s, w->schema, &w->compiled, &w->graph);
}

/* ---- state ------------------------------------------------------------------ */
const char *world_state_root(const struct world *w) {
  const struct outside *out = &w->c->s.out;
  const char *env = out->getenv(out->user, "QUOIN_STATE");
  const char *root = w->c->o.state ? w->c->o.state : env && *env ? env : "state";
  return world_sandboxed(w) ? str_fmt(&w->c->s.arena, "%s/sandbox", root).p : root;
}

enum qn_err world_state(struct world *w, enum state_mode mode) {
  struct session *s = &w->c->s;
  enum qn_err e = store_local(s, world_state_root(w), session_str(s, w->env.stack),
                              session_str(s, w->env.name), mode == ST_READ, &w->store);
  if (!e) e = state_open(s, w->store, mode, &w->state);
  if (e) return e;
  if (state_damaged(w->state) && !w->damage_ok) return QN_E_DAMAGED;
  return w->env.account && w->cloud ? state_check_account(w->state, w->env.account) : QN_OK;
}

/* ---- cloud ------------------------------------------------------------------ */
static enum qn_err check_account(struct world *w, sym declared) {
  struct session *s = &w->c->s;
  if (!declared || declared == w->env.account) return QN_OK;
  struct diag *g = diag_add(
      &s->diags, QN0812, w->env.span, "environment %.*s is for account %.*s, the credentials belong to %.*s",
      SV(session_str(s, w->env.name)), SV(session_str(s, declared)), SV(session_str(s, w->env.account)));
  diag_help(&s->diags, g, "choose other credentials, for example with -profile NAME or AWS_PROFILE");
  return QN_E_REFUSED;
}

enum qn_err world_sandbox(struct world *w) {
  struct session *s = &w->c->s;
  if (w->sandbox) return QN_OK;
  struct str file = str_fmt(&s->arena, "%s/%.*s/%.*s.cloud.jsonl", world_state_root(w),
                            SV(session_str(s, w->env.stack)), SV(session_str(s, w->env.name)));
  const char *faults = w->c->o.sandbox_faults;
  if (!faults) faults = s->out.getenv(s->out.user, "QUOIN_SANDBOX_FAULTS");
  struct sandbox_options o = {.file = file.p,
                              .account =
                                  w->env.account ? session_str(s, w->env.account) : STR("000000000000"),
                              .partition = w->env.partition ? session_str(s, w->env.partition) : STR("aws"),
                              .faults = faults};
  enum qn_err e = world_tables(w);
  return e ? e : sandbox_open(s, w->providers, &o, &w->sandbox);
}

enum qn_err world_cloud(struct world *w) {
  struct session *s = &w->c->s;
  if (w->cloud) return QN_OK;
  int64_t concurrency = 0;
  if (w->c->o.parallelism &&
      (!str_to_i64(str_c(w->c->o.parallelism), &concurrency) || concurrency < 1 || concurrency > 256)) {
    diag_add(&s->diags, QN0006, SPAN_NONE, "-parallelism wants a number from 1 to 256, not %s",
             w->c->o.parallelism);
    return QN_E_INVALID;
  }
  struct cloud_options o = {.wire = w->wire,
                            .profile = w->c->o.profile,
                            .region = w->env.region,
                            .concurrency = (uint32_t)concurrency};
  enum qn_err e = world_sandboxed(w) ? world_sandbox(w) : QN_OK;
  o.sandbox = w->sandbox;
  if (!e) e = cloud_new(s, &o, &w->cloud);
  if (e) return e;
  w->rd = cloud_reader(w->cloud);
  struct str account, arn, partition;
  if ((e = cloud_identity(w->rd, &account, &arn, &partition))) return e;
  sym declared = w->env.account;
  w->env.account = session_sym(s, account);
  w->env.partition = session_sym(s, partition);
  return check_account(w, declared);
}

void world_close(struct world *w) {
  if (w->state) state_close(w->state);
  if (w->store) w->store->ops->close(w->store);
  if (w->cloud) cloud_free(w->cloud);
  sandbox_close(w->sandbox);
  if (w->said) sandbox_line(w, "\nSANDBOX: no real cloud was read or changed.\n");
  if (w->wire) wire_free(w->wire);
  if (w->schema) schema_free(w->schema);
}

static struct str *texts(struct arena *a, const struct text_list *l) {
  struct str *out = ARENA_ARRAY(a, l->n, struct str);
  for (size_t i = 0; i < l->n; i++) out[i] = str_c(l->v[i]);
  return out;
}

enum qn_err world_plan(struct world *w, bool destroy, struct plan *out) {
  const struct options *o = &w->c->o;
  struct arena *a = &w->c->s.arena;
  struct plan_options po = {.destroy = destroy,
                            .refresh = !o->no_refresh && w->rd,
                            .strict_readback = o->strict_readback,
                            .replace = texts(a, &o->replace),
                            .n_replace = o->replace.n,
                            .targets = texts(a, &o->targets),
                            .n_targets = o->targets.n,
                            .allow_mass_loss = o->allow_mass_loss,
                            .all = o->all};
  return plan_make(&w->c->s, w->graph, w->state, w->providers, w->schema, w->rd, w->cloud, &po, &w->env, out);
}
