/* Private to src/lang: the tree of an expression. Nodes are immutable and live
 * in an arena that outlives every value made of them. */
#ifndef QUOIN_LANG_EXPR_INTERNAL_H
#define QUOIN_LANG_EXPR_INTERNAL_H

#include "quoin/expr.h"
#include "quoin/vec.h"

#define EXPR_DEPTH_MAX  256  /* of the tree */
#define PARSE_DEPTH_MAX 1024 /* of the parser: parentheses count, and printing a tree may add some */

enum ekind {
  E_LIT,     /* lit */
  E_NAME,    /* name */
  E_MEMBER,  /* kids[0].name */
  E_INDEX,   /* kids[0][kids[1]] */
  E_CALL,    /* name(kids...) */
  E_LIST,    /* [kids...] */
  E_MAP,     /* {kids[0] = kids[1], ...} */
  E_UNARY,   /* op kids[0] */
  E_BINARY,  /* kids[0] op kids[1] */
  E_IF,      /* if kids[0] then kids[1] [else kids[2]] */
  E_FOR,     /* kids: what, value, [condition or NULL], [key or NULL] */
  E_TEMPLATE /* kids joined to one string */
};
enum eop {
  OP_COALESCE,
  OP_OR,
  OP_AND,
  OP_EQ,
  OP_NE,
  OP_LT,
  OP_LE,
  OP_GT,
  OP_GE,
  OP_ADD,
  OP_SUB,
  OP_MUL,
  OP_DIV,
  OP_MOD,
  OP_NOT,
  OP_NEG
};
enum { FOR_WHAT, FOR_VALUE, FOR_IF, FOR_KEY, FOR_KIDS };

struct fn;
struct expr {
  uint8_t kind;  /* enum ekind */
  uint8_t op;    /* enum eop */
  bool optional; /* E_MEMBER, E_INDEX: `?.` `?[` */
  uint16_t depth;
  uint32_t n; /* kids */
  sym name;
  sym var, var2; /* E_FOR: one variable, or key (index) and value; var2 0: one */
  struct span span;
  const struct expr *const *kids;
  const struct value *lit;
  const struct fn *fn; /* E_CALL of a common function; NULL: the scope's */
};

extern const char *const expr_op_text[];
/* Binding strength of a binary operator: higher binds tighter. */
int expr_op_level(enum eop op);
/* A new node in `a`; depth is computed, kids are copied. */
struct expr *expr_new(struct arena *a, enum ekind kind, struct span at, const struct expr *const *kids,
                      size_t n);
bool expr_is_keyword(struct str word);

/* ---- parser ------------------------------------------------------------ */
enum tkind {
  T_END,
  T_NAME,
  T_NUMBER,
  T_QUOTE /* ' or ": the parser reads the string itself */,
  T_LPAREN,
  T_RPAREN,
  T_LBRACKET,
  T_RBRACKET,
  T_LBRACE,
  T_RBRACE,
  T_COMMA,
  T_DOT,
  T_OPT_DOT,
  T_OPT_BRACKET,
  T_ASSIGN,
  T_ARROW,
  T_OP,
  T_BAD
};
struct token {
  enum tkind kind;
  enum eop op; /* T_OP */
  size_t start, end;
};
struct parser {
  struct session *s;
  struct str text;
  size_t at;        /* where the next token is looked for */
  struct token tok; /* the one in hand */
  unsigned depth;
  bool failed;         /* a diagnostic was added; only the first is */
  struct span base;    /* place of text[0], when map is NULL */
  const uint32_t *map; /* source byte of every text byte */
  uint32_t file;
};
void lex_next(struct parser *p);
struct span parser_span(const struct parser *p, size_t from, size_t to);
/* Adds a diagnostic (the first only) and returns it, or NULL; the parser has failed. */
struct diag *parser_fail(struct parser *p, enum diag_code code, size_t from, size_t to, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Unexpected token in hand. Always NULL. */
const struct expr *parser_unexpected(struct parser *p, const char *wanted);
/* An expression; stops at the first token that does not belong to it. NULL after failure. */
const struct expr *parse_expression(struct parser *p);
/* A string whose opening quote is the token in hand. */
const struct expr *parse_string(struct parser *p);
/* A literal as a node, with provenance. */
const struct expr *parser_literal(struct parser *p, const struct value *v, struct span at);
/* Node with the depth check. */
const struct expr *parser_node(struct parser *p, enum ekind kind, size_t from, size_t to,
                               const struct expr *const *kids, size_t n, struct expr **writable);
/* Counts a level of nesting; false after the diagnostic that it is too deep. */
bool parser_enter(struct parser *p);
/* Gives the places of a scalar's text to the parser; `hold` keeps memory to be freed (may stay NULL). */
void parser_places(struct parser *p, const struct ynode *scalar, uint32_t **hold);

#endif
