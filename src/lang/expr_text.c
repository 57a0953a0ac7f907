/* Expressions back to text, and the names they take from their scope. */
#include "expr_internal.h"

static void add_string(struct buf *b, struct str t) {
  for (size_t i = 0; i < t.n; i++) {
    unsigned char c = (unsigned char)t.p[i];
    if (c == '"' || c == '\\')
      buf_addf(b, "\\%c", c);
    else if (c == '\n')
      buf_addz(b, "\\n");
    else if (c == '\r')
      buf_addz(b, "\\r");
    else if (c == '\t')
      buf_addz(b, "\\t");
    else if (c < 0x20 || c == 0x7f)
      buf_addf(b, "\\u%04x", (unsigned)c);
    else if (c == '$')
      buf_addz(b, "\\$"); /* a hole may follow */
    else
      buf_addc(b, (char)c);
  }
}

static void add_literal(struct buf *b, const struct value *v) {
  switch ((enum vkind)v->kind) {
  case V_BOOL: buf_addz(b, v->b ? "true" : "false"); break;
  case V_INT: buf_addf(b, "%lld", (long long)v->i); break;
  case V_DEC: buf_add(b, value_text(v)); break;
  case V_STR:
    buf_addc(b, '"');
    add_string(b, value_text(v));
    buf_addc(b, '"');
    break;
  case V_NULL:
  case V_LIST:
  case V_MAP:
  case V_RES:
  case V_UNKNOWN: buf_addz(b, "null"); break;
  }
}

static void add_expr(struct session *s, struct buf *b, const struct expr *e);

enum { LEVEL_IF = 0, LEVEL_UNARY = 8, LEVEL_POSTFIX = 9, LEVEL_ATOM = 10 };

/* Binding strength of what is printed for e. */
static int level_of(const struct expr *e) {
  if (e->kind == E_IF) return LEVEL_IF;
  if (e->kind == E_BINARY) return expr_op_level((enum eop)e->op);
  if (e->kind == E_UNARY) return LEVEL_UNARY;
  return e->kind == E_LIT && (e->lit->kind == V_INT || e->lit->kind == V_DEC) ? LEVEL_UNARY : LEVEL_ATOM;
}

/* Parentheses around what binds less than `least`. */
static void add_inner(struct session *s, struct buf *b, const struct expr *e, int least) {
  bool parens = level_of(e) < least;
  if (parens) buf_addc(b, '(');
  add_expr(s, b, e);
  if (parens) buf_addc(b, ')');
}

/* A minus directly before digits would become part of the number. */
static void add_unary(struct session *s, struct buf *b, const struct expr *e) {
  const struct expr *kid = e->kids[0];
  bool digits =
      kid->kind == E_LIT &&
      (kid->lit->kind == V_INT ? kid->lit->i >= 0 : kid->lit->kind == V_DEC && kid->lit->s[0] != '-');
  buf_addz(b, expr_op_text[e->op]);
  if (e->op == OP_NEG && digits) buf_addc(b, ' ');
  add_inner(s, b, kid, LEVEL_UNARY);
}

static void add_list(struct session *s, struct buf *b, const struct expr *e) {
  for (uint32_t i = 0; i < e->n; i++) {
    if (i) buf_addz(b, ", ");
    add_expr(s, b, e->kids[i]);
  }
}

static void add_map(struct session *s, struct buf *b, const struct expr *e) {
  buf_addc(b, '{');
  for (uint32_t i = 0; i + 1 < e->n; i += 2) {
    if (i) buf_addz(b, ", ");
    bool computed = e->kids[i]->kind == E_NAME; /* a bare name would be the key itself */
    if (computed) buf_addc(b, '(');
    add_inner(s, b, e->kids[i], LEVEL_UNARY);
    buf_addz(b, computed ? ") = " : " = ");
    add_expr(s, b, e->kids[i + 1]);
  }
  buf_addc(b, '}');
}

static void add_for(struct session *s, struct buf *b, const struct expr *e) {
  const struct expr *key = e->kids[FOR_KEY], *cond = e->kids[FOR_IF];
  buf_addc(b, key ? '{' : '[');
  if (key) {
    add_inner(s, b, key, 1);
    buf_addz(b, " => ");
  }
  add_inner(s, b, e->kids[FOR_VALUE], 1);
  buf_addf(b, " for %.*s", SV(session_str(s, e->var)));
  if (e->var2) buf_addf(b, ", %.*s", SV(session_str(s, e->var2)));
  buf_addz(b, " in ");
  add_inner(s, b, e->kids[FOR_WHAT], 1);
  if (cond) {
    buf_addz(b, " if ");
    add_inner(s, b, cond, 1);
  }
  buf_addc(b, key ? '}' : ']');
}

static void add_template(struct session *s, struct buf *b, const struct expr *e) {
  buf_addc(b, '"');
  for (uint32_t i = 0; i < e->n; i++) {
    const struct expr *k = e->kids[i];
    if (k->kind == E_LIT && k->lit->kind == V_STR) {
      add_string(b, value_text(k->lit));
      continue;
    }
    buf_addz(b, "${");
    add_expr(s, b, k);
    buf_addc(b, '}');
  }
  buf_addc(b, '"');
}

static void add_expr(struct session *s, struct buf *b, const struct expr *e) {
  switch ((enum ekind)e->kind) {
  case E_LIT: add_literal(b, e->lit); break;
  case E_NAME: buf_add(b, session_str(s, e->name)); break;
  case E_MEMBER:
    add_inner(s, b, e->kids[0], LEVEL_POSTFIX);
    buf_addf(b, "%s%.*s", e->optional ? "?." : ".", SV(session_str(s, e->name)));
    break;
  case E_INDEX:
    add_inner(s, b, e->kids[0], LEVEL_POSTFIX);
    buf_addz(b, e->optional ? "?[" : "[");
    add_expr(s, b, e->kids[1]);
    buf_addc(b, ']');
    break;
  case E_CALL:
    buf_addf(b, "%.*s(", SV(session_str(s, e->name)));
    add_list(s, b, e);
    buf_addc(b, ')');
    break;
  case E_LIST:
    buf_addc(b, '[');
    add_list(s, b, e);
    buf_addc(b, ']');
    break;
  case E_MAP: add_map(s, b, e); break;
  case E_UNARY: add_unary(s, b, e); break;
  case E_BINARY:
    add_inner(s, b, e->kids[0], level_of(e));
    buf_addf(b, " %s ", expr_op_text[e->op]);
    add_inner(s, b, e->kids[1], level_of(e) + 1);
    break;
  case E_IF:
    buf_addz(b, "if ");
    add_inner(s, b, e->kids[0], 1);
    buf_addz(b, " then ");
    add_inner(s, b, e->kids[1], 1);
    if (e->n > 2) buf_addz(b, " else ");
    if (e->n > 2) add_inner(s, b, e->kids[2], 1);
    break;
  case E_FOR: add_for(s, b, e); break;
  case E_TEMPLATE: add_template(s, b, e); break;
  }
}

struct str expr_text(struct session *s, const struct expr *e) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  add_expr(s, &b, e);
  struct str out = str_dup(&s->arena, buf_str(&b));
  buf_release(&b);
  return out;
}

struct span expr_span(const struct expr *e) {
  return e->span;
}
bool expr_is_literal(const struct expr *e) {
  return e->kind == E_LIT;
}

struct names {
  struct session *s;
  VEC(sym) free;
  VEC(sym) bound; /* loop variables around the node */
  VEC(struct expr_loop) loops;
};

static void add_name(struct names *x, sym name) {
  for (size_t i = 0; i < x->bound.n; i++)
    if (x->bound.v[i] == name) return;
  for (size_t i = 0; i < x->free.n; i++)
    if (x->free.v[i] == name) return;
  VEC_PUSH(&x->s->arena, &x->free, name);
}

static void collect(struct names *x, const struct expr *e) {
  if (e->kind == E_NAME) add_name(x, e->name);
  if (e->kind != E_FOR) {
    for (uint32_t i = 0; i < e->n; i++) collect(x, e->kids[i]);
    return;
  }
  collect(x, e->kids[FOR_WHAT]);
  size_t before = x->bound.n;
  VEC_PUSH(&x->s->arena, &x->bound, e->var);
  VEC_PUSH(&x->s->arena, &x->loops, ((struct expr_loop){e->var, e->span}));
  if (e->var2) {
    VEC_PUSH(&x->s->arena, &x->bound, e->var2);
    VEC_PUSH(&x->s->arena, &x->loops, ((struct expr_loop){e->var2, e->span}));
  }
  for (int i = FOR_VALUE; i < FOR_KIDS; i++)
    if (e->kids[i]) collect(x, e->kids[i]);
  x->bound.n = before;
}

static int by_text(const void *a, const void *b, void *user) {
  const struct session *s = user;
  return intern_cmp(s->names, *(const sym *)a, *(const sym *)b);
}

const sym *expr_free_names(struct session *s, const struct expr *e, size_t *n) {
  struct names x = {.s = s};
  collect(&x, e);
  sort_stable(&s->arena, x.free.v, x.free.n, sizeof *x.free.v, by_text, s);
  *n = x.free.n;
  return x.free.v;
}

const struct expr_loop *expr_loops(struct session *s, const struct expr *e, size_t *n) {
  struct names x = {.s = s};
  collect(&x, e);
  *n = x.loops.n;
  return x.loops.v;
}
