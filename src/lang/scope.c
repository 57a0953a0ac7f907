/* What an expression sees: built-ins, the names of its module, `each`, and the
 * functions that need the outside. */
#include "program.h"

static const struct value *built_in(struct program *p, sym name, struct str text) {
  uint32_t meta = vmeta_add(p->s, (struct vmeta){.how = HOW_BUILTIN, .name = name});
  return value_with_meta(&p->s->arena, value_str(&p->s->arena, text), meta);
}

/* Without `account:` in the environment, the account of the credentials. */
static enum qn_err account(struct frame *f, sym name, struct span at, const struct value **out) {
  struct program *p = f->p;
  struct arena *a = &p->s->arena;
  if (p->out->env.account) {
    *out = built_in(p, name, session_str(p->s, p->out->env.account));
    return QN_OK;
  }
  const struct value *kind = value_str(a, STR("aws.caller")), *caller;
  enum qn_err e = lookup_call(f, &kind, 1, at, &caller);
  if (e) return e;
  const struct value *id = value_get(p->s, caller, STR("account"));
  *out = id ? id : caller;
  return QN_OK;
}

static enum qn_err run_value(struct frame *f, struct span at, const struct value **out) {
  struct program *p = f->p;
  struct arena *a = &p->s->arena;
  if (!f->run) {
    struct diag *g = diag_add(&p->s->diags, QN0452, at, "`run` is seen in outputs and checks only");
    diag_help(&p->s->diags, g,
              "a property that changes with every run would be planned as a change every time");
    return QN_E_INVALID;
  }
  if (!p->run) {
    int64_t ms = p->s->out.now_ms ? p->s->out.now_ms(p->s->out.user) : 0, day = ms / 86400000,
            sec = ms / 1000 % 86400;
    /* days to a date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" */
    int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
            doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    struct str t = str_fmt(a, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ",
                           (long long)(yoe + era * 400 + (m <= 2)), (long long)m, (long long)d,
                           (long long)(sec / 3600), (long long)(sec / 60 % 60), (long long)(sec % 60));
    p->run = value_put(a, value_map(a, NULL, 0), session_sym(p->s, STR("time")), value_str(a, t));
  }
  *out = p->run;
  return QN_OK;
}

static enum qn_err each_value(struct frame *f, struct span at, const struct value **out) {
  if (f->each) {
    *out = f->each;
    return QN_OK;
  }
  struct diag *g = diag_add(&f->p->s->diags, QN0451, at, "`each` is seen only where there is a for_each");
  diag_help(&f->p->s->diags, g, "add `for_each: ...` beside it, or take the value from somewhere else");
  return QN_E_INVALID;
}

enum word { W_STACK, W_ENV, W_REGION, W_ACCOUNT, W_PARTITION, W_DR, W_RUN, W_EACH, W_NONE };
static const char *const word_names[] = {"stack",     "env", "region", "account",
                                         "partition", "dr",  "run",    "each"};

static enum word word_of(struct str t) {
  size_t i = 0;
  while (i < W_NONE && !str_eq(t, str_c(word_names[i]))) i++;
  return (enum word)i;
}

static enum qn_err built_in_name(struct frame *f, enum word w, sym name, struct span at,
                                 const struct value **out) {
  struct program *p = f->p;
  const struct environment *env = &p->out->env;
  switch (w) {
  case W_STACK: *out = built_in(p, name, session_str(p->s, env->stack)); return QN_OK;
  case W_ENV: *out = built_in(p, name, p->env_name); return QN_OK;
  case W_REGION:
    *out = built_in(p, name, session_str(p->s, f->region ? f->region : env->region));
    return QN_OK;
  case W_PARTITION: *out = built_in(p, name, session_str(p->s, env->partition)); return QN_OK;
  case W_DR: return dr_ask(p, out);
  case W_ACCOUNT: return account(f, name, at, out);
  case W_RUN: return run_value(f, at, out);
  case W_EACH: return each_value(f, at, out);
  case W_NONE: break;
  }
  return QN_E_NOTFOUND;
}

static enum qn_err scope_name(struct eval *ev, void *user, sym name, struct span at,
                              const struct value **out) {
  struct frame *f = user;
  struct program *p = f->p;
  struct str text = session_str(p->s, name);
  enum word w = word_of(text);
  unsigned saved = p->eval_depth;
  enum qn_err e;
  if (w != W_NONE) return built_in_name(f, w, name, at, out);
  if (!f->in) {
    const struct decl *d = p->spec ? mfile_decl(p, p->spec, name) : NULL;
    if (!d) return QN_E_NOTFOUND;
    struct diag *g = diag_add(&p->s->diags, QN0453, at, "%s cannot use \"%.*s\"", f->place, SV(text));
    diag_help(&p->s->diags, g, "it sees stack, env, region, account, partition, dr and functions only");
    return QN_E_INVALID;
  }
  uint32_t *i = map_get(&f->in->file->by_name, text);
  if (!i) return QN_E_NOTFOUND;
  p->eval_depth += ev->depth;
  e = instance_value(f->in, p, *i, at, out);
  p->eval_depth = saved;
  return e;
}

static enum qn_err scope_attribute(struct eval *ev, void *user, const struct value *res, struct str path,
                                   struct span at, const struct value **out) {
  struct frame *f = user;
  unsigned saved = f->p->eval_depth;
  f->p->eval_depth += ev->depth;
  enum qn_err e = resource_attribute(f->p, res, path, at, out);
  f->p->eval_depth = saved;
  return e;
}

static enum qn_err scope_call(struct eval *ev, void *user, sym fn, const struct value *const *args, size_t n,
                              struct span at, const struct value **out) {
  struct frame *f = user;
  struct str name = session_str(f->p->s, fn);
  (void)ev;
  if (str_eq(name, STR("lookup"))) return lookup_call(f, args, n, at, out);
  if (str_eq(name, STR("secret"))) return secret_call(f, args, n, at, out);
  return QN_E_NOTFOUND;
}

static void scope_known(void *user, struct arena *a, struct str **names, size_t *n) {
  struct frame *f = user;
  size_t decls = f->in ? f->in->file->decls.n : 0, k = 0;
  struct str *out = ARENA_ARRAY(a, W_NONE + decls, struct str);
  for (size_t i = 0; i < W_NONE; i++) {
    bool seen = (i != W_EACH || f->each) && (i != W_RUN || f->run);
    if (seen) out[k++] = str_c(word_names[i]);
  }
  for (size_t i = 0; i < decls; i++) out[k++] = session_str(f->p->s, f->in->file->decls.v[i].name);
  *names = out;
  *n = k;
}

void frame_init(struct frame *f, struct program *p, struct instance *in, const struct value *each) {
  *f = (struct frame){.p = p, .in = in, .each = each, .region = in ? in->region : 0, .place = "this"};
  f->scope = (struct scope){
      .name = scope_name, .attribute = scope_attribute, .call = scope_call, .known = scope_known, .user = f};
}

enum qn_err frame_eval(struct frame *f, const struct expr *e, const struct value **out) {
  struct eval ev = {.s = f->p->s, .arena = &f->p->s->arena, .scope = &f->scope};
  return expr_eval(&ev, e, out);
}
