/* Operators and conditions. */
#include "eval_internal.h"
#include "num.h"

static enum tri same_deep(const struct run *r, const struct value *a, const struct value *b, unsigned depth);

static enum tri same_maps(const struct run *r, const struct value *a, const struct value *b, unsigned depth) {
  enum tri all = TRI_TRUE;
  if (a->n != b->n) return TRI_FALSE;
  for (uint32_t i = 0; i < a->n; i++) {
    const struct value *other = value_member(b, a->members[i].key);
    enum tri t = other ? same_deep(r, a->members[i].value, other, depth) : TRI_FALSE;
    if (t == TRI_FALSE) return t;
    if (t == TRI_UNKNOWN) all = t;
  }
  return all;
}

static enum tri same_lists(const struct run *r, const struct value *a, const struct value *b,
                           unsigned depth) {
  enum tri all = TRI_TRUE;
  if (a->n != b->n) return TRI_FALSE;
  for (uint32_t i = 0; i < a->n; i++) {
    enum tri t = same_deep(r, a->items[i], b->items[i], depth);
    if (t == TRI_FALSE) return t;
    if (t == TRI_UNKNOWN) all = t;
  }
  return all;
}

static enum tri tri(bool b) {
  return b ? TRI_TRUE : TRI_FALSE;
}

static enum tri same_deep(const struct run *r, const struct value *a, const struct value *b, unsigned depth) {
  if (depth > VALUE_DEPTH_MAX) return TRI_UNKNOWN;
  if (a->kind == V_UNKNOWN || b->kind == V_UNKNOWN)
    return a->kind == b->kind && same_unknown(a->unknown, b->unknown) ? TRI_TRUE : TRI_UNKNOWN;
  struct num x, y;
  bool bx, by;
  bool number = a->kind == V_INT || a->kind == V_DEC || b->kind == V_INT || b->kind == V_DEC;
  if (number && num_of(a, &x) && num_of(b, &y)) return tri(num_cmp(x, y) == 0);
  if ((a->kind == V_BOOL || b->kind == V_BOOL) && bool_of(a, &bx) && bool_of(b, &by)) return tri(bx == by);
  if (a->kind != b->kind) return TRI_FALSE;
  if (a->kind == V_MAP) return same_maps(r, a, b, depth + 1);
  if (a->kind == V_LIST) return same_lists(r, a, b, depth + 1);
  return tri(value_eq(r->s, a, b));
}

enum tri value_same(const struct run *r, const struct value *a, const struct value *b) {
  return same_deep(r, a, b, 0);
}

/* e with other kids: the operator's part of a residual. */
static const struct expr *same_node(struct run *r, const struct expr *e, const struct expr *const *kids,
                                    size_t n) {
  struct expr *x = expr_new(r->a, (enum ekind)e->kind, e->span, kids, n);
  x->op = e->op;
  return x;
}

static const struct value *unknown_op(struct run *r, const struct expr *e, const struct value *const *vals,
                                      uint8_t vkind) {
  struct residual x = {.r = r};
  const struct expr *kids[2];
  for (uint32_t i = 0; i < e->n; i++) kids[i] = residual_bind(&x, vals[i], e->kids[i]->span);
  return residual_end(&x, same_node(r, e, kids, e->n), vkind, 0);
}

static bool is_number(uint8_t kind) {
  return kind == V_INT || kind == V_DEC;
}

static enum qn_err fail_operand(struct run *r, const struct expr *e, size_t i, const char *wanted,
                                const struct value *have) {
  struct diag *g;
  enum qn_err err = eval_fail(r, &g, QN0313, e->kids[i]->span, "`%s` wants %s, not %s", expr_op_text[e->op],
                              wanted, kind_words(have));
  bool quoted = kind_of(have) == V_STR && e->op != OP_AND && e->op != OP_OR && e->op != OP_NOT;
  if (kind_of(have) == V_NULL)
    eval_help(r, g, "give a default with ??");
  else if (quoted && e->op == OP_ADD)
    eval_help(r, g, "use a template to join text: \"${a}${b}\"");
  else if (quoted)
    eval_help(r, g, "tonumber() makes a number of text");
  return err;
}

/* `"a" + 1`: each operand alone would do, so both are named. */
static enum qn_err fail_pair(struct run *r, const struct expr *e, const struct value *const *v) {
  struct diag *g;
  enum qn_err err = eval_fail(r, &g, QN0313, e->span, "`%s` wants two numbers or two strings, not %s and %s",
                              expr_op_text[e->op], kind_words(v[0]), kind_words(v[1]));
  if (kind_of(v[0]) == V_NULL || kind_of(v[1]) == V_NULL)
    eval_help(r, g, "give a default with ??");
  else if (kind_of(v[0]) != V_STR && kind_of(v[1]) != V_STR)
    return err;
  else if (e->op == OP_ADD)
    eval_help(r, g, "use a template to join text: \"${a}${b}\"");
  else
    eval_help(r, g, "tonumber() makes a number of text");
  return err;
}

static enum qn_err fail_secret(struct run *r, const struct expr *e) {
  struct diag *g;
  enum qn_err err = eval_fail(r, &g, QN0318, e->span, "a secret cannot be compared");
  eval_help(r, g, "what is decided by a secret would show it; decide by another input");
  return err;
}

/* Kinds that can never be equal are a mistake, except null. */
static bool never_equal(const struct value *a, const struct value *b) {
  uint8_t x = kind_of(a), y = kind_of(b);
  if (x == V_UNKNOWN || y == V_UNKNOWN || x == V_NULL || y == V_NULL || x == y) return false;
  if (is_number(x) && is_number(y)) return false;
  if ((a->flags | b->flags) & VF_PLAIN) return false;
  return true;
}

static enum qn_err eval_equal(struct run *r, const struct expr *e, const struct value *const *v,
                              const struct value **out) {
  bool with_null = value_is_null(v[0]) || value_is_null(v[1]);
  if (!with_null && (has_secret(v[0]) || has_secret(v[1]))) return fail_secret(r, e);
  if (never_equal(v[0], v[1]) && !r->ev->definition) {
    struct diag *g;
    enum qn_err err =
        eval_fail(r, &g, QN0313, e->span, "%s is never equal to %s", kind_words(v[0]), kind_words(v[1]));
    eval_help(r, g, "tostring() or tonumber() makes them comparable");
    return err;
  }
  enum tri t = value_same(r, v[0], v[1]);
  if (t == TRI_UNKNOWN)
    *out = unknown_op(r, e, v, V_BOOL);
  else
    *out = derive(r, value_bool(r->a, (t == TRI_TRUE) == (e->op == OP_EQ)), e->span, v, 2);
  return QN_OK;
}

static enum qn_err eval_order(struct run *r, const struct expr *e, const struct value *const *v,
                              const struct value **out) {
  if (has_secret(v[0]) || has_secret(v[1])) return fail_secret(r, e);
  uint8_t k[2] = {kind_of(v[0]), kind_of(v[1])};
  for (size_t i = 0; i < 2; i++)
    if (k[i] != V_UNKNOWN && k[i] != V_STR && !is_number(k[i]))
      return fail_operand(r, e, i, "numbers or strings", v[i]);
  if (value_is(v[0], V_UNKNOWN) || value_is(v[1], V_UNKNOWN)) {
    *out = unknown_op(r, e, v, V_BOOL);
    return QN_OK;
  }
  struct num x, y;
  int c;
  if ((is_number(k[0]) || is_number(k[1])) && num_of(v[0], &x) && num_of(v[1], &y))
    c = num_cmp(x, y);
  else if (k[0] == V_STR && k[1] == V_STR)
    c = str_cmp(value_text(v[0]), value_text(v[1]));
  else
    return fail_pair(r, e, v);
  bool b = e->op == OP_LT ? c < 0 : e->op == OP_LE ? c <= 0 : e->op == OP_GT ? c > 0 : c >= 0;
  *out = derive(r, value_bool(r->a, b), e->span, v, 2);
  return QN_OK;
}

static const struct value *join_text(struct run *r, struct str a, struct str b) {
  struct value *v = ARENA_NEW(r->a, struct value);
  char *p = arena_alloc(r->a, a.n + b.n + 1);
  if (a.n) memcpy(p, a.p, a.n);
  if (b.n) memcpy(p + a.n, b.p, b.n);
  *v = (struct value){.kind = V_STR, .n = (uint32_t)(a.n + b.n), .s = p};
  return v;
}

static const struct value *keep_secret(struct run *r, const struct value *v, const struct value *const *of,
                                       size_t n) {
  for (size_t i = 0; i < n; i++)
    if (has_secret(of[i])) return value_with_flags(r->a, v, VF_SECRET);
  return v;
}

static enum qn_err calculate(struct run *r, const struct expr *e, struct num x, struct num y,
                             const struct value **out) {
  struct num v;
  bool good = false;
  switch ((enum eop)e->op) {
  case OP_ADD: good = num_add(x, y, &v); break;
  case OP_SUB: good = num_sub(x, y, &v); break;
  case OP_MUL: good = num_mul(x, y, &v); break;
  case OP_DIV: good = num_div(x, y, &v); break;
  case OP_MOD: good = num_mod(x, y, &v); break;
  case OP_COALESCE:
  case OP_OR:
  case OP_AND:
  case OP_EQ:
  case OP_NE:
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE:
  case OP_NOT:
  case OP_NEG: break;
  }
  *out = good ? num_value(r->a, v) : NULL;
  if (*out) return QN_OK;
  if ((e->op == OP_DIV || e->op == OP_MOD) && y.m == 0)
    return eval_fail(r, NULL, QN0317, e->span, "division by zero");
  return eval_fail(r, NULL, QN0317, e->span,
                   "the result of `%s` does not fit: integers have 64 bits, decimals %d digits",
                   expr_op_text[e->op], NUM_DIGITS);
}

static enum qn_err eval_number(struct run *r, const struct expr *e, const struct value *const *v,
                               const struct value **out) {
  uint8_t k[2] = {kind_of(v[0]), kind_of(v[1])};
  bool plus = e->op == OP_ADD, text = plus && k[0] == V_STR && k[1] == V_STR;
  struct num x, y;
  bool numbers = num_of(v[0], &x) && num_of(v[1], &y);
  if (!numbers && text) {
    if (value_is(v[0], V_UNKNOWN) || value_is(v[1], V_UNKNOWN)) {
      *out = unknown_op(r, e, v, V_STR);
      return QN_OK;
    }
    enum qn_err err = eval_text_room(r, e->span, (uint64_t)v[0]->n + v[1]->n);
    if (err) return err;
    *out = derive(r, keep_secret(r, join_text(r, value_text(v[0]), value_text(v[1])), v, 2), e->span, v, 2);
    return QN_OK;
  }
  for (size_t i = 0; i < 2; i++) {
    bool open = k[i] == V_UNKNOWN || is_number(k[i]) || num_of(v[i], &x);
    bool joins = plus && k[i] == V_STR && (k[1 - i] == V_UNKNOWN || k[1 - i] == V_STR);
    if (!open && !joins) return plus ? fail_pair(r, e, v) : fail_operand(r, e, i, "numbers", v[i]);
  }
  if (value_is(v[0], V_UNKNOWN) || value_is(v[1], V_UNKNOWN)) {
    uint8_t kind = plus && (k[0] == V_STR || k[1] == V_STR)            ? V_STR
                   : k[0] == V_INT && k[1] == V_INT && e->op != OP_DIV ? V_INT
                                                                       : V_UNKNOWN;
    *out = unknown_op(r, e, v, kind);
    return QN_OK;
  }
  if (!num_of(v[0], &x) || !num_of(v[1], &y)) {
    size_t i = num_of(v[0], &x) ? 1 : 0;
    if (is_number(k[i]))
      return eval_fail(r, NULL, QN0317, e->kids[i]->span, "the number has too many digits to calculate with");
    return plus ? fail_pair(r, e, v) : fail_operand(r, e, i, "numbers", v[i]);
  }
  enum qn_err err = calculate(r, e, x, y, out);
  if (!err) *out = derive(r, keep_secret(r, *out, v, 2), e->span, v, 2);
  return err;
}

static enum qn_err want_bool(struct run *r, const struct expr *e, size_t i, const struct value *v) {
  bool b;
  uint8_t k = kind_of(v);
  if (bool_of(v, &b) || (v->kind == V_UNKNOWN && (k == V_BOOL || k == V_UNKNOWN))) return QN_OK;
  if (e->kind != E_IF) return fail_operand(r, e, i, "a bool", v);
  return eval_fail(r, NULL, QN0313, e->kids[i]->span, "a condition must be a bool, not %s", kind_words(v));
}

/* && and ||: `stop` is the value that decides alone. */
static enum qn_err eval_logic(struct run *r, const struct expr *e, const struct value **out) {
  bool stop = e->op == OP_OR, b;
  const struct value *v[2];
  enum qn_err err = eval_node(r, e->kids[0], &v[0]);
  if (!err) err = want_bool(r, e, 0, v[0]);
  if (err) return err;
  if (bool_of(v[0], &b)) {
    if (b == stop) {
      *out = derive(r, value_bool(r->a, b), e->span, v, 1);
      return QN_OK;
    }
    err = eval_node(r, e->kids[1], &v[1]);
    if (!err) err = want_bool(r, e, 1, v[1]);
    if (!err && bool_of(v[1], &b))
      *out = derive(r, value_bool(r->a, b), e->span, v, 2);
    else if (!err)
      *out = add_origins(r, v[1], leaf_origins(r, v[0]));
    return err;
  }
  struct residual x = {.r = r};
  err = residual_try(&x, e->kids[1], &v[1]);
  if (!err && v[1]) err = want_bool(r, e, 1, v[1]);
  if (err) return err;
  if (v[1] && bool_of(v[1], &b)) {
    *out = b == stop ? derive(r, value_bool(r->a, b), e->span, &v[1], 1)
                     : add_origins(r, v[0], leaf_origins(r, v[1]));
    return QN_OK;
  }
  const struct expr *kids[2];
  kids[0] = residual_bind(&x, v[0], e->kids[0]->span);
  kids[1] = v[1] ? residual_bind(&x, v[1], e->kids[1]->span) : e->kids[1];
  *out = residual_end(&x, same_node(r, e, kids, 2), V_BOOL, 0);
  return QN_OK;
}

static enum qn_err eval_coalesce(struct run *r, const struct expr *e, const struct value **out) {
  const struct value *v[2];
  enum qn_err err = eval_node(r, e->kids[0], &v[0]);
  if (err) return err;
  if (value_is_null(v[0])) return eval_node(r, e->kids[1], out);
  if (v[0]->kind != V_UNKNOWN) {
    *out = v[0];
    return QN_OK;
  }
  struct residual x = {.r = r};
  err = residual_try(&x, e->kids[1], &v[1]);
  if (err) return err;
  const struct expr *kids[2];
  kids[0] = residual_bind(&x, v[0], e->kids[0]->span);
  kids[1] = v[1] ? residual_bind(&x, v[1], e->kids[1]->span) : e->kids[1];
  uint8_t kind = v[1] ? kind_join(kind_of(v[0]), kind_of(v[1])) : V_UNKNOWN;
  *out = residual_end(&x, same_node(r, e, kids, 2), kind, formats_of(r->s, v[0], v[1]));
  return QN_OK;
}

enum qn_err eval_binary(struct run *r, const struct expr *e, const struct value **out) {
  if (e->op == OP_AND || e->op == OP_OR) return eval_logic(r, e, out);
  if (e->op == OP_COALESCE) return eval_coalesce(r, e, out);
  const struct value *v[2];
  for (size_t i = 0; i < 2; i++) {
    enum qn_err err = eval_node(r, e->kids[i], &v[i]);
    if (err) return err;
  }
  if (e->op == OP_EQ || e->op == OP_NE) return eval_equal(r, e, v, out);
  if (e->op >= OP_LT && e->op <= OP_GE) return eval_order(r, e, v, out);
  return eval_number(r, e, v, out);
}

enum qn_err eval_unary(struct run *r, const struct expr *e, const struct value **out) {
  const struct value *v;
  enum qn_err err = eval_node(r, e->kids[0], &v);
  if (err) return err;
  bool b;
  struct num x, y;
  uint8_t k = kind_of(v);
  if (e->op == OP_NOT) {
    err = want_bool(r, e, 0, v);
    if (err) return err;
    if (bool_of(v, &b))
      *out = derive(r, keep_secret(r, value_bool(r->a, !b), &v, 1), e->span, &v, 1);
    else
      *out = unknown_op(r, e, &v, V_BOOL);
    return QN_OK;
  }
  if (v->kind == V_UNKNOWN && (k == V_UNKNOWN || is_number(k))) {
    *out = unknown_op(r, e, &v, k);
    return QN_OK;
  }
  if (!num_of(v, &x)) return fail_operand(r, e, 0, "a number", v);
  const struct value *n = num_sub(num_int(0), x, &y) ? num_value(r->a, y) : NULL;
  if (!n) return eval_fail(r, NULL, QN0317, e->span, "the result of `-` does not fit into 64 bits");
  *out = derive(r, keep_secret(r, n, &v, 1), e->span, &v, 1);
  return QN_OK;
}

/* A branch of a condition that is not known yet. */
static enum qn_err unknown_if(struct run *r, const struct expr *e, const struct value *c,
                              const struct value **out) {
  struct residual x = {.r = r};
  const struct value *v[3] = {c, NULL, NULL};
  for (uint32_t i = 1; i < e->n; i++) {
    enum qn_err err = residual_try(&x, e->kids[i], &v[i]);
    if (err) return err;
  }
  if (e->n == 2) v[2] = value_null();
  const struct expr *kids[3];
  for (uint32_t i = 0; i < e->n; i++) kids[i] = v[i] ? residual_bind(&x, v[i], e->kids[i]->span) : e->kids[i];
  uint8_t kind = v[1] && v[2] ? kind_join(kind_of(v[1]), kind_of(v[2])) : V_UNKNOWN;
  *out = residual_end(&x, same_node(r, e, kids, e->n), kind, formats_of(r->s, v[1], v[2]));
  return QN_OK;
}

enum qn_err eval_if(struct run *r, const struct expr *e, const struct value **out) {
  const struct value *c;
  bool b;
  enum qn_err err = eval_node(r, e->kids[0], &c);
  if (!err) err = want_bool(r, e, 0, c);
  if (err) return err;
  if (!bool_of(c, &b)) return unknown_if(r, e, c, out);
  const struct value *v = value_null();
  if (b || e->n > 2) err = eval_node(r, e->kids[b ? 1 : 2], &v);
  if (!err) *out = add_origins(r, v, leaf_origins(r, c));
  return err;
}
