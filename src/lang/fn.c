/* The table of common functions, and what every call has in common. */
#include "fn.h"

#include <stdarg.h>
#include <stdlib.h>

static const struct fn table[] = {
#define FN(name, least, most, kinds, result, flags, signature, doc)                                          \
  {{#name, signature, doc, least, most, true}, kinds, result, flags, fn_##name},
#include "fn_table.inc"
#undef FN
};
static const struct fn_info infos[] = {
#define FN(name, least, most, kinds, result, flags, signature, doc)                                          \
  {#name, signature, doc, least, most, true},
#include "fn_table.inc"
#undef FN
};
#define COUNT (sizeof table / sizeof *table)

const struct fn_info *fn_table(size_t *n) {
  *n = COUNT;
  return infos;
}

const struct fn *fn_find(struct str name) {
  size_t lo = 0, hi = COUNT;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    int c = str_cmp(name, str_c(table[mid].info.name));
    if (c == 0) return &table[mid];
    if (c < 0)
      hi = mid;
    else
      lo = mid + 1;
  }
  return NULL;
}

enum qn_err fn_fail(struct call *c, size_t i, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  char text[512];
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  struct span at = i < c->n ? c->e->kids[i]->span : c->e->span;
  return eval_fail(c->r, NULL, QN0321, at, "%s(): %s", c->fn->info.name, text);
}

enum qn_err call_buf(struct call *c, struct buf *b, const struct value **out) {
  enum qn_err e = eval_text_room(c->r, c->e->span, b->failed ? UINT64_MAX : b->n);
  if (!e) *out = value_str(c->r->a, buf_str(b));
  buf_release(b);
  return e;
}

static char kind_at(const struct fn *fn, size_t i) {
  size_t n = strlen(fn->kinds);
  if (fn->kinds[n - 1] == '*' && i >= n - 2) return fn->kinds[n - 2];
  return fn->kinds[i];
}

static bool capital(char k) {
  return k >= 'A' && k <= 'Z';
}

static const char *wanted_words(char k) {
  switch (k) {
  case 's': return "a string";
  case 'i': return "a whole number";
  case 'n': return "a number";
  case 'b': return "a bool";
  case 'l':
  case 'L': return "a list";
  case 'm':
  case 'M': return "a map";
  case 'c':
  case 'C': return "a list, a map or a string";
  default: return "a value";
  }
}

/* Could something of kind vk be meant where k is wanted? */
static bool kind_fits(char k, uint8_t vk) {
  if (vk == V_UNKNOWN) return true;
  switch (k) {
  case 's': return vk == V_STR || vk == V_INT || vk == V_DEC || vk == V_BOOL;
  case 'i': return vk == V_INT || vk == V_DEC;
  case 'n': return vk == V_INT || vk == V_DEC;
  case 'b': return vk == V_BOOL;
  case 'l':
  case 'L': return vk == V_LIST;
  case 'm':
  case 'M': return vk == V_MAP;
  case 'c':
  case 'C': return vk == V_LIST || vk == V_MAP || vk == V_STR;
  default: return true;
  }
}

/* The known value v as kind k, or NULL. */
static const struct value *coerce(struct run *r, char k, const struct value *v) {
  struct str text;
  int64_t i;
  bool b, plain = v->kind == V_STR && (v->flags & VF_PLAIN);
  const struct value *out = v;
  if (k == 's' && v->kind != V_STR && kind_fits(k, v->kind) && value_to_text(r->a, v, &text))
    out = value_str(r->a, text);
  if (k == 'i' && plain && str_to_i64(value_text(v), &i)) out = value_int(r->a, i);
  if (k == 'b' && plain && bool_of(v, &b)) out = value_bool(r->a, b);
  if (k == 'n' && plain && str_to_i64(value_text(v), &i)) out = value_int(r->a, i);
  if (k == 'i' && out->kind != V_INT) return NULL;
  if (k == 'n' && plain && out == v) {
    struct call c = {.r = r};
    const struct value *arg = v;
    c.args = &arg;
    c.n = 1;
    return fn_tonumber(&c, &out) == QN_OK ? out : NULL;
  }
  if (!kind_fits(k, out->kind)) return NULL;
  return out == v ? v : value_with_flags(r->a, value_with_meta(r->a, out, v->meta), v->flags & VF_SECRET);
}

static enum qn_err fail_kind(struct run *r, const struct expr *e, size_t i, char k, const struct value *v) {
  struct diag *g;
  struct str name = session_str(r->s, e->name);
  enum qn_err err = eval_fail(r, &g, QN0313, e->kids[i]->span, "%.*s() wants %s here, not %s", SV(name),
                              wanted_words(k), kind_words(v));
  if (kind_of(v) == V_NULL)
    eval_help(r, g, "give a default with ??");
  else if (g)
    eval_help(r, g, "the function is %s", e->fn->info.signature);
  return err;
}

/* Checks one argument; *unknown is set if the call has to wait for it. */
static enum qn_err check_arg(struct run *r, const struct expr *e, size_t i, const struct value **v,
                             bool *unknown) {
  char k = kind_at(e->fn, i);
  if ((e->fn->flags & FN_REVEALS) && has_secret(*v)) {
    struct str name = session_str(r->s, e->name);
    return eval_fail(r, NULL, QN0318, e->kids[i]->span, "%.*s() would show something of a secret", SV(name));
  }
  if (k == 'V') return QN_OK;
  if ((*v)->kind == V_UNKNOWN) {
    *unknown = true;
    return kind_fits(k, kind_of(*v)) ? QN_OK : fail_kind(r, e, i, k, *v);
  }
  const struct value *fits = coerce(r, k, *v);
  if (!fits) return fail_kind(r, e, i, k, *v);
  if (!capital(k) && value_unknown(fits)) *unknown = true;
  *v = fits;
  return QN_OK;
}

static const struct value *unknown_call(struct run *r, const struct expr *e, const struct value *const *args,
                                        size_t n) {
  struct residual x = {.r = r};
  const struct expr **kids = ARENA_ARRAY(r->a, n, const struct expr *);
  for (size_t i = 0; i < n; i++) kids[i] = residual_bind(&x, args[i], e->kids[i]->span);
  struct expr *made = expr_new(r->a, E_CALL, e->span, kids, n);
  made->name = e->name;
  made->fn = e->fn;
  return residual_end(&x, made, e->fn->result, 0);
}

/* Origins, secrecy and meta of a result. */
static const struct value *finish(struct run *r, const struct expr *e, const struct value *const *args,
                                  size_t n, const struct value *v) {
  uint32_t origins = 0, from = 0;
  bool secret = false;
  for (size_t i = 0; i < n; i++) {
    if (capital(kind_at(e->fn, i)) && !(e->fn->flags & FN_LEAVES) && args[i]->kind != V_STR) continue;
    origins = origins_union(r->s, origins, leaf_origins(r, args[i]));
    from = first_meta(r, from, args[i]);
    secret = secret || has_secret(args[i]);
  }
  if (kind_at(e->fn, 0) == 'V' || e->fn->run == fn_get) return v; /* one of its arguments */
  if (secret) v = mark_secret(r->a, v);
  if (v->meta || v->kind == V_LIST || v->kind == V_MAP) return add_origins(r, v, origins);
  if (origins != vmeta_get(r->s, from).origins)
    from = vmeta_add(
        r->s, (struct vmeta){
                  .span = e->span, .how = HOW_FUNCTION, .name = e->name, .from = from, .origins = origins});
  return from ? value_with_meta(r->a, v, from) : v;
}

#define ARGS 8
enum qn_err fn_call(struct run *r, const struct expr *e, const struct value *const *args, size_t n,
                    const struct value **out) {
  const struct value *few[ARGS], **ready = n <= ARGS ? few : ARENA_ARRAY(r->a, n, const struct value *);
  bool unknown = false;
  for (size_t i = 0; i < n; i++) {
    ready[i] = args[i];
    enum qn_err err = check_arg(r, e, i, &ready[i], &unknown);
    if (err) return err;
  }
  struct call c = {.r = r, .e = e, .fn = e->fn, .args = ready, .n = n};
  const struct value *v = NULL;
  enum qn_err err = unknown ? FN_UNKNOWN : e->fn->run(&c, &v);
  if (err == FN_UNKNOWN)
    *out = unknown_call(r, e, ready, n);
  else if (!err)
    *out = finish(r, e, ready, n, v);
  return err == FN_UNKNOWN ? QN_OK : err;
}
