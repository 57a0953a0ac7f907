/* Recursive descent with precedence climbing; every level counts. */
#include <stdlib.h>

#include "expr_internal.h"
#include "fn.h"
#include "num.h"

struct expr *expr_new(struct arena *a, enum ekind kind, struct span at, const struct expr *const *kids,
                      size_t n) {
  struct expr *e = ARENA_NEW(a, struct expr);
  *e = (struct expr){.kind = (uint8_t)kind, .span = at, .n = (uint32_t)n};
  if (n) {
    const struct expr **copy = ARENA_ARRAY(a, n, const struct expr *);
    for (size_t i = 0; i < n; i++) {
      copy[i] = kids[i];
      if (kids[i] && kids[i]->depth >= e->depth) e->depth = (uint16_t)(kids[i]->depth + 1);
    }
    e->kids = copy;
  }
  return e;
}

static void fail_deep(struct parser *p, size_t from, size_t to) {
  parser_fail(p, QN0303, from, to, "the expression is nested deeper than %d levels", EXPR_DEPTH_MAX);
}

const struct expr *parser_node(struct parser *p, enum ekind kind, size_t from, size_t to,
                               const struct expr *const *kids, size_t n, struct expr **writable) {
  struct expr *e = expr_new(&p->s->arena, kind, parser_span(p, from, to), kids, n);
  if (e->depth > EXPR_DEPTH_MAX) {
    fail_deep(p, from, to);
    return NULL;
  }
  if (writable) *writable = e;
  return e;
}

const struct expr *parser_literal(struct parser *p, const struct value *v, struct span at) {
  struct expr *e = expr_new(&p->s->arena, E_LIT, at, NULL, 0);
  uint32_t meta = vmeta_add(p->s, (struct vmeta){.span = at, .how = HOW_LITERAL});
  e->lit = value_with_meta(&p->s->arena, v, meta);
  return e;
}

static struct str token_text(const struct parser *p) {
  return str_sub(p->text, p->tok.start, p->tok.end);
}

static bool is_word(const struct parser *p, struct str word) {
  return p->tok.kind == T_NAME && str_eq(token_text(p), word);
}

const struct expr *parser_unexpected(struct parser *p, const char *wanted) {
  struct str have = token_text(p);
  struct diag *g = p->tok.kind == T_END ? parser_fail(p, QN0300, p->tok.start, p->tok.end,
                                                      "the expression ends where %s is expected", wanted)
                                        : parser_fail(p, QN0300, p->tok.start, p->tok.end,
                                                      "unexpected `%.*s`, expected %s", SV(have), wanted);
  if (g && p->tok.kind == T_ASSIGN) diag_help(&p->s->diags, g, "write == to compare");
  if (g && str_eq(have, STR("and"))) diag_help(&p->s->diags, g, "write &&");
  if (g && str_eq(have, STR("or"))) diag_help(&p->s->diags, g, "write ||");
  return NULL;
}

static bool expect(struct parser *p, enum tkind kind, const char *wanted) {
  if (p->tok.kind != kind) {
    parser_unexpected(p, wanted);
    return false;
  }
  lex_next(p);
  return true;
}

static bool expect_word(struct parser *p, struct str word, const char *wanted) {
  if (!is_word(p, word)) {
    parser_unexpected(p, wanted);
    return false;
  }
  lex_next(p);
  return !p->failed;
}

/* A loop variable. */
static sym take_variable(struct parser *p) {
  struct str t = token_text(p);
  if (p->tok.kind != T_NAME || expr_is_keyword(t) || !((t.p[0] >= 'a' && t.p[0] <= 'z') || t.p[0] == '_')) {
    parser_unexpected(p, "a variable name");
    return 0;
  }
  sym v = session_sym(p->s, t);
  lex_next(p);
  return v;
}

typedef VEC(const struct expr *) expr_vec;

/* `for v in xs [if c]` behind a value (and key); start is the bracket's place. */
static const struct expr *parse_for(struct parser *p, size_t start, const struct expr *key,
                                    const struct expr *value, enum tkind close, const char *wanted) {
  lex_next(p); /* for */
  sym var = take_variable(p), var2 = 0;
  if (!p->failed && p->tok.kind == T_COMMA) {
    lex_next(p);
    size_t at = p->tok.start, end = p->tok.end;
    var2 = take_variable(p);
    if (!p->failed && var == var2) parser_fail(p, QN0305, at, end, "both loop variables have the same name");
  }
  if (p->failed || !expect_word(p, STR("in"), "`in`")) return NULL;
  const struct expr *kids[FOR_KIDS] = {[FOR_VALUE] = value, [FOR_KEY] = key};
  kids[FOR_WHAT] = parse_expression(p);
  if (!kids[FOR_WHAT]) return NULL;
  if (is_word(p, STR("if"))) {
    lex_next(p);
    kids[FOR_IF] = parse_expression(p);
    if (!kids[FOR_IF]) return NULL;
  }
  size_t end = p->tok.end;
  if (!expect(p, close, wanted)) return NULL;
  struct expr *e;
  if (!parser_node(p, E_FOR, start, end, kids, FOR_KIDS, &e)) return NULL;
  e->var = var;
  e->var2 = var2;
  return e;
}

static const struct expr *parse_list(struct parser *p) {
  size_t start = p->tok.start;
  expr_vec items = {0};
  lex_next(p);
  while (p->tok.kind != T_RBRACKET) {
    const struct expr *e = parse_expression(p);
    if (!e) return NULL;
    if (items.n == 0 && is_word(p, STR("for")))
      return parse_for(p, start, NULL, e, T_RBRACKET, "`if` or `]`");
    VEC_PUSH(&p->s->arena, &items, e);
    if (p->tok.kind == T_COMMA)
      lex_next(p);
    else if (p->tok.kind != T_RBRACKET)
      return parser_unexpected(p, "`,` or `]`");
  }
  size_t end = p->tok.end;
  lex_next(p);
  return parser_node(p, E_LIST, start, end, items.v, items.n, NULL);
}

/* A key of a map: bare name before `=`, else an expression. */
static const struct expr *parse_key(struct parser *p) {
  if (p->tok.kind == T_NAME) {
    struct parser ahead = *p;
    size_t i = p->tok.end;
    while (i < p->text.n && (p->text.p[i] == ' ' || p->text.p[i] == '\n')) i++;
    bool bare = i < p->text.n && p->text.p[i] == '=';
    if (bare) lex_next(&ahead);
    if (bare && ahead.tok.kind == T_ASSIGN) {
      struct span at = parser_span(p, p->tok.start, p->tok.end);
      const struct value *v = value_str(&p->s->arena, token_text(p));
      lex_next(p);
      return parser_literal(p, v, at);
    }
  }
  return parse_expression(p);
}

static const struct expr *parse_map(struct parser *p) {
  size_t start = p->tok.start;
  expr_vec kids = {0};
  lex_next(p);
  while (p->tok.kind != T_RBRACE) {
    const struct expr *key = parse_key(p);
    if (!key) return NULL;
    bool arrow = p->tok.kind == T_ARROW && kids.n == 0;
    if (!arrow && p->tok.kind != T_ASSIGN) return parser_unexpected(p, kids.n ? "`=`" : "`=` or `=>`");
    lex_next(p);
    const struct expr *value = parse_expression(p);
    if (!value) return NULL;
    if (arrow) {
      if (!is_word(p, STR("for"))) return parser_unexpected(p, "`for`");
      return parse_for(p, start, key, value, T_RBRACE, "`if` or `}`");
    }
    VEC_PUSH(&p->s->arena, &kids, key);
    VEC_PUSH(&p->s->arena, &kids, value);
    if (p->tok.kind == T_COMMA)
      lex_next(p);
    else if (p->tok.kind != T_RBRACE)
      return parser_unexpected(p, "`,` or `}`");
  }
  size_t end = p->tok.end;
  lex_next(p);
  return parser_node(p, E_MAP, start, end, kids.v, kids.n, NULL);
}

static const struct expr *parse_number(struct parser *p, size_t start) {
  struct str text = str_sub(p->text, start, p->tok.end);
  struct num v;
  struct span at = parser_span(p, start, p->tok.end);
  const struct value *value = num_parse(text, &v) ? num_value(&p->s->arena, v) : NULL;
  if (!value) {
    parser_fail(p, QN0302, start, p->tok.end,
                "the number %.*s does not fit: integers have 64 bits, decimals %d digits", SV(text),
                NUM_DIGITS);
    return NULL;
  }
  lex_next(p);
  return parser_literal(p, value, at);
}

static const struct expr *parse_call(struct parser *p, struct str name, size_t start) {
  expr_vec args = {0};
  size_t name_end = start + name.n;
  lex_next(p);
  while (p->tok.kind != T_RPAREN) {
    const struct expr *e = parse_expression(p);
    if (!e) return NULL;
    VEC_PUSH(&p->s->arena, &args, e);
    if (p->tok.kind == T_COMMA)
      lex_next(p);
    else if (p->tok.kind != T_RPAREN)
      return parser_unexpected(p, "`,` or `)`");
  }
  size_t end = p->tok.end;
  lex_next(p);
  const struct fn *fn = fn_find(name);
  if (fn && (args.n < fn->info.min_args || args.n > fn->info.max_args)) {
    struct diag *g = parser_fail(p, QN0312, start, name_end, "%.*s() got %zu argument%s", SV(name), args.n,
                                 args.n == 1 ? "" : "s");
    if (g) diag_help(&p->s->diags, g, "the function is %s", fn->info.signature);
    return NULL;
  }
  struct expr *e;
  if (!parser_node(p, E_CALL, start, end, args.v, args.n, &e)) return NULL;
  e->name = session_sym(p->s, name);
  e->fn = fn;
  return e;
}

static const struct expr *parse_word(struct parser *p) {
  struct str t = token_text(p);
  size_t start = p->tok.start, end = p->tok.end;
  struct span at = parser_span(p, start, end);
  if (expr_is_keyword(t)) {
    const struct value *v = str_eq(t, STR("true"))    ? value_bool(&p->s->arena, true)
                            : str_eq(t, STR("false")) ? value_bool(&p->s->arena, false)
                            : str_eq(t, STR("null"))  ? value_null()
                                                      : NULL;
    if (!v) return parser_unexpected(p, "a value");
    lex_next(p);
    return parser_literal(p, v, at);
  }
  lex_next(p);
  if (p->tok.kind == T_LPAREN && p->tok.start == end) return parse_call(p, t, start);
  struct expr *e;
  if (!parser_node(p, E_NAME, start, end, NULL, 0, &e)) return NULL;
  e->name = session_sym(p->s, t);
  return e;
}

static const struct expr *parse_if(struct parser *p) {
  size_t start = p->tok.start, n = 2;
  const struct expr *kids[3] = {NULL};
  lex_next(p);
  kids[0] = parse_expression(p);
  if (!kids[0] || !expect_word(p, STR("then"), "`then`")) return NULL;
  kids[1] = parse_expression(p);
  if (!kids[1]) return NULL;
  if (is_word(p, STR("else"))) {
    lex_next(p);
    kids[2] = parse_expression(p);
    if (!kids[2]) return NULL;
    n = 3;
  }
  struct expr *e;
  if (!parser_node(p, E_IF, start, start + 2, kids, n, &e)) return NULL;
  e->span = span_join(e->span, kids[n - 1]->span);
  return e;
}

static const struct expr *parse_primary(struct parser *p) {
  switch (p->tok.kind) {
  case T_NAME: return is_word(p, STR("if")) ? parse_if(p) : parse_word(p);
  case T_NUMBER: return parse_number(p, p->tok.start);
  case T_QUOTE: return parse_string(p);
  case T_LBRACKET: return parse_list(p);
  case T_LBRACE: return parse_map(p);
  case T_LPAREN: {
    lex_next(p);
    const struct expr *e = parse_expression(p);
    return e && expect(p, T_RPAREN, "`)`") ? e : NULL;
  }
  case T_END:
  case T_RPAREN:
  case T_RBRACKET:
  case T_OPT_DOT:
  case T_OPT_BRACKET:
  case T_RBRACE:
  case T_COMMA:
  case T_DOT:
  case T_ASSIGN:
  case T_ARROW:
  case T_OP:
  case T_BAD: break;
  }
  return parser_unexpected(p, "a value");
}

static const struct expr *parse_postfix(struct parser *p) {
  size_t start = p->tok.start;
  const struct expr *e = parse_primary(p);
  while (e && !p->failed) {
    enum tkind k = p->tok.kind;
    const struct expr *kids[2] = {e, NULL};
    struct expr *made = NULL;
    if (k == T_DOT || k == T_OPT_DOT) {
      lex_next(p);
      if (p->tok.kind != T_NAME) return parser_unexpected(p, "a member's name");
      sym name = session_sym(p->s, token_text(p));
      size_t end = p->tok.end;
      lex_next(p);
      e = parser_node(p, E_MEMBER, start, end, kids, 1, &made);
      if (e) made->name = name;
    } else if (k == T_LBRACKET || k == T_OPT_BRACKET) {
      lex_next(p);
      kids[1] = parse_expression(p);
      size_t end = p->tok.end;
      if (!kids[1] || !expect(p, T_RBRACKET, "`]`")) return NULL;
      e = parser_node(p, E_INDEX, start, end, kids, 2, &made);
    } else {
      break;
    }
    if (e) made->optional = k == T_OPT_DOT || k == T_OPT_BRACKET;
  }
  return p->failed ? NULL : e;
}

bool parser_enter(struct parser *p) {
  if (++p->depth <= PARSE_DEPTH_MAX) return true;
  fail_deep(p, p->tok.start, p->tok.end);
  return false;
}

static const struct expr *parse_unary(struct parser *p) {
  if (p->tok.kind != T_OP || (p->tok.op != OP_NOT && p->tok.op != OP_SUB)) return parse_postfix(p);
  size_t start = p->tok.start;
  enum eop op = p->tok.op == OP_SUB ? OP_NEG : OP_NOT;
  lex_next(p);
  if (op == OP_NEG && p->tok.kind == T_NUMBER && p->tok.start == start + 1) return parse_number(p, start);
  if (!parser_enter(p)) return NULL;
  const struct expr *kid = parse_unary(p);
  p->depth--;
  struct expr *e;
  if (!kid || !parser_node(p, E_UNARY, start, start + 1, &kid, 1, &e)) return NULL;
  e->op = (uint8_t)op;
  e->span = span_join(e->span, kid->span);
  return e;
}

static const struct expr *parse_binary(struct parser *p, int least) {
  const struct expr *left = parse_unary(p);
  while (left && p->tok.kind == T_OP && p->tok.op != OP_NOT && expr_op_level(p->tok.op) >= least) {
    enum eop op = p->tok.op;
    if (!parser_enter(p)) return NULL;
    lex_next(p);
    const struct expr *kids[2] = {left, parse_binary(p, expr_op_level(op) + 1)};
    p->depth--;
    struct expr *e;
    if (!kids[1] || !parser_node(p, E_BINARY, 0, 0, kids, 2, &e)) return NULL;
    e->op = (uint8_t)op;
    e->span = span_join(left->span, kids[1]->span);
    left = e;
  }
  return p->failed ? NULL : left;
}

const struct expr *parse_expression(struct parser *p) {
  if (p->failed || !parser_enter(p)) return NULL;
  const struct expr *e = parse_binary(p, 1);
  p->depth--;
  return p->failed ? NULL : e;
}

void parser_places(struct parser *p, const struct ynode *scalar, uint32_t **hold) {
  struct span at = scalar->span;
  size_t shift = scalar->style == YS_PLAIN ? 0 : 1;
  p->file = at.file;
  p->base = at;
  if (scalar->style <= YS_DOUBLE && at.end - at.start == scalar->text.n + 2 * shift) {
    p->base.start += (uint32_t)shift;
    return;
  }
  *hold = malloc((scalar->text.n + 1) * sizeof **hold);
  if (!*hold) return; /* places are the scalar's then */
  yaml_text_offsets(p->s, scalar, *hold);
  p->map = *hold;
}

const struct expr *expr_parse(struct session *s, struct str text, const struct expr_source *src) {
  struct parser p = {.s = s, .text = text};
  uint32_t *hold = NULL;
  if (src && src->scalar) {
    parser_places(&p, src->scalar, &hold);
    if (p.map)
      p.map += src->offset;
    else
      p.base.start += (uint32_t)src->offset;
  } else if (src) {
    p.base = src->at;
    p.base.start += (uint32_t)src->offset;
  }
  lex_next(&p);
  const struct expr *e = parse_expression(&p);
  if (e && p.tok.kind != T_END) parser_unexpected(&p, "an operator or the end");
  free(hold);
  return p.failed ? NULL : e;
}
