#include <stdarg.h>
#include <stdio.h>

#include "expr_internal.h"

const char *const expr_op_text[] = {
    [OP_COALESCE] = "??", [OP_OR] = "||", [OP_AND] = "&&", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<",
    [OP_LE] = "<=",       [OP_GT] = ">",  [OP_GE] = ">=",  [OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*",
    [OP_DIV] = "/",       [OP_MOD] = "%", [OP_NOT] = "!",  [OP_NEG] = "-",
};

int expr_op_level(enum eop op) {
  static const int levels[] = {
      [OP_COALESCE] = 1, [OP_OR] = 2,  [OP_AND] = 3, [OP_EQ] = 4,  [OP_NE] = 4,  [OP_LT] = 5,
      [OP_LE] = 5,       [OP_GT] = 5,  [OP_GE] = 5,  [OP_ADD] = 6, [OP_SUB] = 6, [OP_MUL] = 7,
      [OP_DIV] = 7,      [OP_MOD] = 7, [OP_NOT] = 8, [OP_NEG] = 8,
  };
  return levels[op];
}

bool expr_is_keyword(struct str word) {
  static const char *const words[] = {"if", "then", "else", "for", "in", "true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq(word, str_c(words[i]))) return true;
  return false;
}

struct span parser_span(const struct parser *p, size_t from, size_t to) {
  if (to > p->text.n) to = p->text.n;
  if (from > to) from = to;
  if (!p->map) {
    struct span at = p->base;
    if (!at.file) return at;
    at.end = at.start + (uint32_t)to;
    at.start += (uint32_t)from;
    return at;
  }
  uint32_t start = p->map[from], end = to > from ? p->map[to - 1] + 1 : start;
  return (struct span){p->file, start, end};
}

struct diag *parser_fail(struct parser *p, enum diag_code code, size_t from, size_t to, const char *fmt,
                         ...) {
  if (p->failed) return NULL;
  p->failed = true;
  va_list ap;
  va_start(ap, fmt);
  char text[512];
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  struct str message = {text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1};
  return diag_add(&p->s->diags, code, parser_span(p, from, to), "%.*s", SV(message));
}

static bool name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool digit(char c) {
  return c >= '0' && c <= '9';
}

static void lex_word(struct parser *p) {
  size_t i = p->at;
  while (i < p->text.n && (name_start(p->text.p[i]) || digit(p->text.p[i]))) i++;
  p->tok = (struct token){.kind = T_NAME, .start = p->at, .end = i};
}

/* Digits, a fraction, an exponent. What follows directly must not be a name. */
static void lex_number(struct parser *p) {
  const char *t = p->text.p;
  size_t i = p->at, n = p->text.n;
  while (i < n && digit(t[i])) i++;
  if (i + 1 < n && t[i] == '.' && digit(t[i + 1]))
    for (i++; i < n && digit(t[i]);) i++;
  if (i < n && (t[i] == 'e' || t[i] == 'E')) {
    size_t k = i + 1;
    if (k < n && (t[k] == '+' || t[k] == '-')) k++;
    if (k < n && digit(t[k])) {
      while (k < n && digit(t[k])) k++;
      i = k;
    }
  }
  p->tok = (struct token){.kind = T_NUMBER, .start = p->at, .end = i};
  if (i < n && name_start(t[i])) {
    struct diag *g = parser_fail(p, QN0300, p->at, i + 1, "a number is followed by a letter");
    if (g) diag_help(&p->s->diags, g, "put quotes around text such as \"5m\"");
    p->tok.kind = T_BAD;
  }
}

static const struct {
  char text[3];
  enum tkind kind;
  enum eop op;
} symbols[] = {
    /* two characters before one */
    {"?.", T_OPT_DOT, 0}, {"?[", T_OPT_BRACKET, 0}, {"??", T_OP, OP_COALESCE}, {"||", T_OP, OP_OR},
    {"&&", T_OP, OP_AND}, {"==", T_OP, OP_EQ},      {"!=", T_OP, OP_NE},       {"<=", T_OP, OP_LE},
    {">=", T_OP, OP_GE},  {"=>", T_ARROW, 0},       {"<", T_OP, OP_LT},        {">", T_OP, OP_GT},
    {"+", T_OP, OP_ADD},  {"-", T_OP, OP_SUB},      {"*", T_OP, OP_MUL},       {"/", T_OP, OP_DIV},
    {"%", T_OP, OP_MOD},  {"!", T_OP, OP_NOT},      {"(", T_LPAREN, 0},        {")", T_RPAREN, 0},
    {"[", T_LBRACKET, 0}, {"]", T_RBRACKET, 0},     {"{", T_LBRACE, 0},        {"}", T_RBRACE, 0},
    {",", T_COMMA, 0},    {".", T_DOT, 0},          {"=", T_ASSIGN, 0},        {"\"", T_QUOTE, 0},
    {"'", T_QUOTE, 0},
};

static const struct {
  char c;
  const char *help;
} strangers[] = {
    {':', "maps in expressions are written {key = value}; a condition is `if c then a else b`"},
    {'?', "a condition is written `if c then a else b`"},
    {'&', "write && for \"and\""},
    {'|', "write || for \"or\""},
    {'$', "no ${ } inside an expression; names are written bare"},
    {'#', "expressions have no comments"},
};

static void lex_stranger(struct parser *p) {
  size_t end = p->at + 1;
  while (end < p->text.n && ((unsigned char)p->text.p[end] & 0xc0) == 0x80) end++;
  struct str shown = str_sub(p->text, p->at, end);
  struct diag *g = parser_fail(p, QN0300, p->at, end, "unexpected `%.*s` in an expression", SV(shown));
  for (size_t i = 0; g && i < sizeof strangers / sizeof *strangers; i++)
    if (strangers[i].c == shown.p[0]) diag_help(&p->s->diags, g, "%s", strangers[i].help);
  p->tok = (struct token){.kind = T_BAD, .start = p->at, .end = end};
}

void lex_next(struct parser *p) {
  const char *t = p->text.p;
  while (p->at < p->text.n && (t[p->at] == ' ' || t[p->at] == '\t' || t[p->at] == '\n' || t[p->at] == '\r'))
    p->at++;
  if (p->failed || p->at >= p->text.n) {
    p->tok = (struct token){.kind = p->failed ? T_BAD : T_END, .start = p->at, .end = p->at};
    return;
  }
  char c = t[p->at];
  if (name_start(c)) {
    lex_word(p);
  } else if (digit(c)) {
    lex_number(p);
  } else {
    struct str rest = str_sub(p->text, p->at, p->text.n);
    size_t i = 0, count = sizeof symbols / sizeof *symbols;
    while (i < count && !str_starts(rest, str_c(symbols[i].text))) i++;
    if (i == count)
      lex_stranger(p);
    else
      p->tok = (struct token){symbols[i].kind, symbols[i].op, p->at, p->at + strlen(symbols[i].text)};
  }
  p->at = p->tok.end;
}
