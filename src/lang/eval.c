/* Evaluation: entry, names, literals of lists and maps, templates. */
#include <stdarg.h>
#include <stdio.h>

#include "eval_internal.h"
#include "fn.h"

enum qn_err eval_fail(struct run *r, struct diag **g, enum diag_code code, struct span at, const char *fmt,
                      ...) {
  if (g) *g = NULL;
  if (r->guess) return EVAL_GUESS_FAILED;
  if (r->ev->quiet) return QN_E_INVALID;
  va_list ap;
  va_start(ap, fmt);
  struct str text = str_vfmt(&r->s->arena, fmt, ap);
  va_end(ap);
  struct diag *made = diag_add(&r->s->diags, code, at, "%.*s", SV(text));
  if (g) *g = made;
  return QN_E_INVALID;
}

static enum qn_err out_of_steps(struct run *r, struct span at) {
  r->guess = false;
  return eval_fail(r, NULL, QN0319, at, "the expression takes too many steps");
}

enum qn_err eval_text_room(struct run *r, struct span at, uint64_t size) {
  if (size > TEXT_MAX)
    return eval_fail(r, NULL, QN0319, at, "the text gets too long: more than %zu MiB", TEXT_MAX >> 20);
  if (!r->steps) return QN_OK;
  if (*r->steps < size / STEP_BYTES) return out_of_steps(r, at);
  *r->steps -= size / STEP_BYTES;
  return QN_OK;
}

void eval_help(struct run *r, struct diag *g, const char *fmt, ...) {
  if (!g) return;
  va_list ap;
  va_start(ap, fmt);
  struct str text = str_vfmt(&r->s->arena, fmt, ap);
  va_end(ap);
  diag_help(&r->s->diags, g, "%.*s", SV(text));
}

static const char *const kinds[] = {
    [V_NULL] = "null",     [V_BOOL] = "a bool",    [V_INT] = "a number",
    [V_DEC] = "a decimal", [V_STR] = "a string",   [V_LIST] = "a list",
    [V_MAP] = "a map",     [V_RES] = "a resource", [V_UNKNOWN] = "a value known after apply",
};
const char *vkind_words(uint8_t k) {
  return k < sizeof kinds / sizeof *kinds ? kinds[k] : "?";
}
const char *kind_words(const struct value *v) {
  return vkind_words(kind_of(v));
}

uint8_t kind_of(const struct value *v) {
  if (!v) return V_NULL;
  return v->kind == V_UNKNOWN ? v->unknown->vkind : v->kind;
}

bool bool_of(const struct value *v, bool *out) {
  if (value_is(v, V_BOOL)) {
    *out = v->b;
    return true;
  }
  if (!value_is(v, V_STR) || !(v->flags & VF_PLAIN)) return false;
  struct str t = value_text(v);
  *out = str_eq(t, STR("true"));
  return *out || str_eq(t, STR("false"));
}

/* Names that other tools have and this language does not. */
static const char *foreign_help(struct str name) {
  static const struct {
    const char *name, *help;
  } words[] = {
      {"var", "an input is named directly: ${cidr}, not ${var.cidr}"},
      {"local", "a local is named directly: ${zones}, not ${local.zones}"},
      {"module", "a component is named directly: ${network.vpc}, not ${module.network.vpc}"},
      {"data", "what is in the cloud already is asked for with lookup(\"aws.vpc\", {id = \"vpc-1\"})"},
      {"self", "a resource cannot read itself: name the value's source"},
      {"count", "for_each takes the place of count, and each.key that of count.index"},
      {"AWS", "as ${region}, ${account} or ${partition}"},
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq(name, str_c(words[i].name))) return words[i].help;
  return NULL;
}

static void suggest_name(struct run *r, struct diag *g, struct str name) {
  struct str *names = NULL;
  size_t n = 0;
  const struct scope *sc = r->ev->scope;
  if (!g) return;
  if (sc && sc->known) sc->known(sc->user, &r->s->arena, &names, &n);
  struct str *all = ARENA_ARRAY(&r->s->arena, n + 64, struct str);
  if (n) memcpy(all, names, n * sizeof *all);
  for (const struct frame *f = r->frames; f && n < 64; f = f->up) all[n++] = session_str(r->s, f->name);
  const char *foreign = foreign_help(name);
  struct str best = diag_nearest(name, all, n);
  if (foreign)
    eval_help(r, g, "%s", foreign);
  else if (best.n)
    eval_help(r, g, "did you mean \"%.*s\"?", SV(best));
  else
    eval_help(r, g, "a name is that of an input, local, resource or component of this file, or a built-in");
}

enum qn_err eval_name(struct run *r, sym name, struct span at, const struct value **out) {
  for (const struct frame *f = r->frames; f; f = f->up)
    if (f->name == name) {
      *out = f->value;
      return QN_OK;
    }
  const struct scope *sc = r->ev->scope;
  const struct value *v = NULL;
  enum qn_err e = sc && sc->name ? sc->name(r->ev, sc->user, name, at, &v) : QN_E_NOTFOUND;
  if (e == QN_OK) *out = v ? v : value_null();
  if (e != QN_E_NOTFOUND) return e;
  struct diag *g;
  struct str text = session_str(r->s, name);
  bool guess = r->guess; /* a wrong name is wrong in any branch */
  r->guess = false;
  e = eval_fail(r, &g, QN0310, at, "there is nothing called \"%.*s\" here", SV(text));
  r->guess = guess;
  suggest_name(r, g, text);
  return e;
}

static enum qn_err null_in_list(struct run *r, struct span at) {
  struct diag *g;
  enum qn_err e = eval_fail(r, &g, QN0322, at, "a list cannot hold null");
  eval_help(r, g, "leave the element out, or give a default with ??");
  return e;
}

static enum qn_err eval_list(struct run *r, const struct expr *e, const struct value **out) {
  const struct value **items = ARENA_ARRAY(r->a, e->n, const struct value *);
  for (uint32_t i = 0; i < e->n; i++) {
    enum qn_err err = eval_node(r, e->kids[i], &items[i]);
    if (err) return err;
    if (value_is_null(items[i]) && !r->ev->definition) return null_in_list(r, e->kids[i]->span);
  }
  *out = value_list(r->a, items, e->n);
  return QN_OK;
}

static enum qn_err fail_secret_key(struct run *r, const struct expr *e) {
  return eval_fail(r, NULL, QN0318, e->span, "a secret cannot be a key");
}

/* The text of a map key; unknown keys are left to the caller. */
static enum qn_err key_text(struct run *r, const struct expr *e, const struct value *v, struct str *out) {
  if (value_to_text(r->a, v, out)) return QN_OK;
  return eval_fail(r, NULL, QN0313, e->span, "a key must be a string, not %s", kind_words(v));
}

/* A map literal of which a key is unknown is unknown as a whole. */
static enum qn_err unknown_map(struct run *r, const struct expr *e, const struct value *const *vals,
                               const struct value **out) {
  struct residual x = {.r = r};
  const struct expr **kids = ARENA_ARRAY(r->a, e->n, const struct expr *);
  for (uint32_t i = 0; i < e->n; i++) kids[i] = residual_bind(&x, vals[i], e->kids[i]->span);
  *out = residual_end(&x, expr_new(r->a, E_MAP, e->span, kids, e->n), V_MAP, 0);
  return QN_OK;
}

static enum qn_err check_key_twice(struct run *r, const struct member *m, size_t n, struct span at) {
  for (size_t i = 0; i + 1 < n; i++) {
    if (m[i].key != m[n - 1].key) continue;
    struct str text = session_str(r->s, m[i].key);
    return eval_fail(r, NULL, QN0320, at, "key \"%.*s\" is there twice", SV(text));
  }
  return QN_OK;
}

static enum qn_err eval_map(struct run *r, const struct expr *e, const struct value **out) {
  const struct value **vals = ARENA_ARRAY(r->a, e->n, const struct value *);
  struct member *m = ARENA_ARRAY(r->a, e->n / 2, struct member);
  bool unknown = false;
  for (uint32_t i = 0; i < e->n; i++) {
    enum qn_err err = eval_node(r, e->kids[i], &vals[i]);
    if (err) return err;
    if (i % 2 == 0 && has_secret(vals[i])) return fail_secret_key(r, e->kids[i]);
    if (i % 2 == 0 && value_is(vals[i], V_UNKNOWN)) unknown = true;
  }
  if (unknown) return unknown_map(r, e, vals, out);
  for (uint32_t i = 0; i < e->n; i += 2) {
    struct str key;
    enum qn_err err = key_text(r, e->kids[i], vals[i], &key);
    if (err) return err;
    m[i / 2] = (struct member){session_sym(r->s, key), e->kids[i]->span, vals[i + 1]};
    err = check_key_twice(r, m, i / 2 + 1, e->kids[i]->span);
    if (err) return err;
  }
  *out = value_map(r->a, m, e->n / 2);
  return QN_OK;
}

static enum qn_err check_part(struct run *r, const struct expr *e, const struct value *v) {
  uint8_t k = kind_of(v);
  if (k == V_STR || k == V_INT || k == V_DEC || k == V_BOOL || k == V_UNKNOWN) return QN_OK;
  struct diag *g;
  enum qn_err err = eval_fail(r, &g, QN0313, e->span, "text cannot hold %s", vkind_words(k));
  if (k == V_NULL) eval_help(r, g, "give a default: ${x ?? \"\"}");
  if (k == V_LIST) eval_help(r, g, "use join(\", \", xs) or json_encode(xs)");
  if (k == V_MAP) eval_help(r, g, "name a member, or use json_encode()");
  if (k == V_RES) eval_help(r, g, "name one of its attributes");
  return err;
}

static const struct value *unknown_template(struct run *r, const struct expr *e,
                                            const struct value *const *vals) {
  struct residual x = {.r = r};
  const struct expr **kids = ARENA_ARRAY(r->a, e->n, const struct expr *);
  for (uint32_t i = 0; i < e->n; i++) {
    const struct value *v = vals[i];
    struct str text;
    bool known = v->kind != V_UNKNOWN && v->kind != V_STR && !has_secret(v) && value_to_text(r->a, v, &text);
    kids[i] = residual_bind(&x, known ? value_with_meta(r->a, value_str(r->a, text), v->meta) : v,
                            e->kids[i]->span);
  }
  return residual_end(&x, expr_new(r->a, E_TEMPLATE, e->span, kids, e->n), V_STR, 0);
}

#define PARTS 16
enum qn_err eval_template(struct run *r, const struct expr *e, const struct value **out) {
  const struct value *few[PARTS],
      **vals = e->n <= PARTS ? few : ARENA_ARRAY(r->a, e->n, const struct value *);
  struct str few_texts[PARTS], *texts = e->n <= PARTS ? few_texts : ARENA_ARRAY(r->a, e->n, struct str);
  bool unknown = false, secret = false;
  size_t size = 0;
  for (uint32_t i = 0; i < e->n; i++) {
    enum qn_err err = eval_node(r, e->kids[i], &vals[i]);
    if (!err) err = check_part(r, e->kids[i], vals[i]);
    if (err) return err;
    if (has_secret(vals[i])) secret = true;
    if (value_is(vals[i], V_UNKNOWN))
      unknown = true;
    else if (!value_to_text(r->a, vals[i], &texts[i]))
      return QN_E_INVALID; /* check_part lets none through */
    else
      size += texts[i].n;
  }
  if (unknown) {
    *out = unknown_template(r, e, vals);
    return QN_OK;
  }
  enum qn_err err = eval_text_room(r, e->span, size);
  if (err) return err;
  struct value *v = ARENA_NEW(r->a, struct value);
  char *p = arena_alloc(r->a, size + 1);
  *v = (struct value){.kind = V_STR, .n = (uint32_t)size, .s = p};
  for (uint32_t i = 0; i < e->n; i++) {
    if (texts[i].n) memcpy(p, texts[i].p, texts[i].n);
    p += texts[i].n;
  }
  if (secret) v->flags = VF_SECRET;
  *out = derive(r, v, e->span, vals, e->n);
  return QN_OK;
}

static void suggest_function(struct run *r, struct diag *g, struct str name) {
  size_t n;
  const struct fn_info *table = fn_table(&n);
  if (!g) return;
  struct str *names = ARENA_ARRAY(&r->s->arena, n, struct str);
  for (size_t i = 0; i < n; i++) names[i] = str_c(table[i].name);
  struct str best = diag_nearest(name, names, n);
  if (best.n) eval_help(r, g, "did you mean \"%.*s\"?", SV(best));
}

static enum qn_err eval_call(struct run *r, const struct expr *e, const struct value **out) {
  const struct value *few[PARTS],
      **args = e->n <= PARTS ? few : ARENA_ARRAY(r->a, e->n, const struct value *);
  for (uint32_t i = 0; i < e->n; i++) {
    enum qn_err err = eval_node(r, e->kids[i], &args[i]);
    if (err) return err;
  }
  if (e->fn) return fn_call(r, e, args, e->n, out);
  const struct scope *sc = r->ev->scope;
  const struct value *v = NULL;
  enum qn_err err =
      sc && sc->call ? sc->call(r->ev, sc->user, e->name, args, e->n, e->span, &v) : QN_E_NOTFOUND;
  if (err == QN_OK) *out = v ? v : value_null();
  if (err != QN_E_NOTFOUND) return err;
  struct diag *g;
  struct str name = session_str(r->s, e->name);
  struct span at = e->span;
  if (at.file && at.end > at.start + name.n) at.end = at.start + (uint32_t)name.n;
  r->guess = false; /* wrong in any branch */
  err = eval_fail(r, &g, QN0311, at, "there is no function \"%.*s\"", SV(name));
  suggest_function(r, g, name);
  return err;
}

static enum qn_err dispatch(struct run *r, const struct expr *e, const struct value **out) {
  switch ((enum ekind)e->kind) {
  case E_LIT: *out = e->lit; return QN_OK;
  case E_NAME: return eval_name(r, e->name, e->span, out);
  case E_MEMBER:
  case E_INDEX: return eval_path(r, e, out);
  case E_CALL: return eval_call(r, e, out);
  case E_LIST: return eval_list(r, e, out);
  case E_MAP: return eval_map(r, e, out);
  case E_UNARY: return eval_unary(r, e, out);
  case E_BINARY: return eval_binary(r, e, out);
  case E_IF: return eval_if(r, e, out);
  case E_FOR: return eval_for(r, e, out);
  case E_TEMPLATE: return eval_template(r, e, out);
  }
  return QN_E_INVALID;
}

enum qn_err eval_node(struct run *r, const struct expr *e, const struct value **out) {
  if (e->kind == E_LIT) {
    *out = e->lit;
    return QN_OK;
  }
  if (*r->steps == 0) return out_of_steps(r, e->span);
  if (r->ev->depth >= EVAL_DEPTH_MAX) {
    r->guess = false;
    return eval_fail(r, NULL, QN0319, e->span, "the evaluation is nested too deeply");
  }
  --*r->steps;
  r->ev->depth++;
  enum qn_err err = dispatch(r, e, out);
  r->ev->depth--;
  return err;
}

enum qn_err expr_eval(struct eval *ev, const struct expr *e, const struct value **out) {
  if (e->kind == E_LIT) {
    *out = e->lit;
    return QN_OK;
  }
  uint64_t steps = ev->budget ? ev->budget : EVAL_STEPS;
  struct run r = {.ev = ev, .s = ev->s, .a = ev->arena, .steps = &steps};
  const struct value *v = NULL;
  enum qn_err err = eval_node(&r, e, &v);
  if (err) return err;
  struct vmeta of = vmeta_get(ev->s, v->meta);
  struct vmeta m = {.span = e->span, .from = v->meta, .origins = of.origins};
  if (e->kind == E_CALL) {
    m.how = HOW_FUNCTION;
    m.name = e->name;
  }
  *out = value_with_meta(ev->arena, v, vmeta_add(ev->s, m));
  return QN_OK;
}
