/* Strings with `${ }` inside: those of expressions, and YAML scalars. */
#include <stdlib.h>

#include "expr_internal.h"

typedef VEC(const struct expr *) part_vec;

static void push_text(struct parser *p, part_vec *parts, struct buf *text, struct span at) {
  if (!text->n) return;
  const struct expr *lit = parser_literal(p, value_str(&p->s->arena, buf_str(text)), at);
  VEC_PUSH(&p->s->arena, parts, lit);
  buf_reset(text);
}

/* The expression of a `${` at text[at]; leaves p->at behind its `}`. */
static const struct expr *parse_hole(struct parser *p, size_t at) {
  p->at = at + 2;
  lex_next(p);
  if (p->tok.kind == T_RBRACE) {
    parser_fail(p, QN0300, at, p->tok.end, "there is no expression between ${ and }");
    return NULL;
  }
  const struct expr *e = p->tok.kind == T_END ? NULL : parse_expression(p);
  if (e && p->tok.kind == T_RBRACE) {
    p->at = p->tok.end;
    return e;
  }
  if (p->tok.kind == T_END && !p->failed) {
    struct diag *g = parser_fail(p, QN0301, at, at + 2, "this ${ is never closed");
    if (g) diag_help(&p->s->diags, g, "add } behind the expression; a literal ${ is written $${");
    return NULL;
  }
  return parser_unexpected(p, "an operator or `}`");
}

static void add_code_point(struct buf *b, uint32_t cp) {
  if (cp < 0x80) {
    buf_addc(b, (char)cp);
    return;
  }
  int more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
  static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  buf_addc(b, (char)(lead[more] | cp >> (6 * more)));
  while (more-- > 0) buf_addc(b, (char)(0x80 | (cp >> (6 * more) & 63)));
}

/* \u{1F600}, or \u00e9: returns the bytes read behind `\u`, 0 if wrong. */
static size_t read_code_point(struct str rest, uint32_t *cp) {
  bool braces = rest.n && rest.p[0] == '{';
  size_t i = braces ? 1 : 0, end = braces ? 8 : 4;
  *cp = 0;
  for (; i < rest.n && i < end; i++) {
    char c = rest.p[i];
    if (braces && c == '}' && i > 1) break;
    int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (d < 0) return 0;
    *cp = *cp << 4 | (uint32_t)d;
  }
  if (braces ? i >= rest.n || rest.p[i] != '}' : i < 4) return 0;
  if (*cp == 0 || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000)) return 0;
  return braces ? i + 1 : i;
}

/* An escape at text[i] == '\\'; returns its length, 0 after failure. */
static size_t read_escape(struct parser *p, size_t i, struct buf *out) {
  static const char from[] = "nrt\\\"'$", to[] = "\n\r\t\\\"'$";
  char c = i + 1 < p->text.n ? p->text.p[i + 1] : 0;
  const char *hit = c ? strchr(from, c) : NULL;
  if (hit) {
    buf_addc(out, to[hit - from]);
    return 2;
  }
  uint32_t cp;
  size_t n = c == 'u' ? read_code_point(str_sub(p->text, i + 2, p->text.n), &cp) : 0;
  if (n) {
    add_code_point(out, cp);
    return n + 2;
  }
  struct diag *g = parser_fail(p, QN0304, i, i + 2, "unknown escape in a string");
  if (g)
    diag_help(
        &p->s->diags, g,
        "there are \\n \\r \\t \\\\ \\\" \\' \\$ \\u00e9 \\u{1f600}; 'single quotes' take text as it is");
  return 0;
}

/* Text up to `quote` (0: to the end) with its holes. */
static bool read_parts(struct parser *p, size_t i, char quote, part_vec *parts, size_t *end) {
  struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
  size_t start = i, open = i;
  bool closed = quote == 0;
  while (i < p->text.n && !p->failed) {
    char c = p->text.p[i], next = i + 1 < p->text.n ? p->text.p[i + 1] : 0;
    if (c == 0) {
      parser_fail(p, QN0300, i, i + 1, "text cannot hold a NUL character");
    } else if (quote == '\'' && c == '\'' && next == '\'') {
      buf_addc(&text, '\'');
      i += 2;
    } else if (quote && c == quote) {
      closed = true;
      break;
    } else if (quote == '"' && c == '\\') {
      i += read_escape(p, i, &text);
    } else if (c == '$' && next == '$' && i + 2 < p->text.n && p->text.p[i + 2] == '{') {
      buf_addz(&text, "${");
      i += 3;
    } else if (c == '$' && next == '{') {
      push_text(p, parts, &text, parser_span(p, start, i));
      const struct expr *e = parse_hole(p, i);
      if (!e) break;
      VEC_PUSH(&p->s->arena, parts, e);
      i = start = p->at;
    } else {
      buf_addc(&text, c);
      i++;
    }
  }
  if (!p->failed && !closed) parser_fail(p, QN0301, open - 1, open, "this string is never closed");
  if (!p->failed) push_text(p, parts, &text, parser_span(p, start, i));
  *end = i;
  buf_release(&text);
  return !p->failed;
}

static bool is_text(const struct expr *e) {
  return e->kind == E_LIT && e->lit->kind == V_STR;
}

/* Parts to one node; pieces of literal text that meet become one. */
static const struct expr *make_template(struct parser *p, part_vec *parts, size_t from, size_t to) {
  size_t n = 0;
  for (size_t i = 0; i < parts->n; i++) {
    if (n == 0 || !is_text(parts->v[i]) || !is_text(parts->v[n - 1])) {
      parts->v[n++] = parts->v[i];
      continue;
    }
    struct buf both = BUF_INIT(BUF_MAX_DEFAULT);
    buf_add(&both, value_text(parts->v[n - 1]->lit));
    buf_add(&both, value_text(parts->v[i]->lit));
    struct span at = span_join(parts->v[n - 1]->span, parts->v[i]->span);
    parts->v[n - 1] = parser_literal(p, value_str(&p->s->arena, buf_str(&both)), at);
    buf_release(&both);
  }
  if (n == 0) return parser_literal(p, value_str(&p->s->arena, STR("")), parser_span(p, from, to));
  if (n == 1 && is_text(parts->v[0])) return parser_literal(p, parts->v[0]->lit, parser_span(p, from, to));
  return parser_node(p, E_TEMPLATE, from, to, parts->v, n, NULL);
}

const struct expr *parse_string(struct parser *p) {
  size_t start = p->tok.start, end = 0;
  part_vec parts = {0};
  if (!parser_enter(p)) return NULL;
  bool good = read_parts(p, start + 1, p->text.p[start], &parts, &end);
  p->depth--;
  if (!good) return NULL;
  p->at = end + 1;
  lex_next(p);
  return make_template(p, &parts, start, end + 1);
}

static const struct expr *whole_literal(struct parser *p, const struct ynode *scalar, struct str text) {
  const struct value *v = value_str(&p->s->arena, text);
  if (scalar->style == YS_PLAIN) v = value_with_flags(&p->s->arena, v, VF_PLAIN);
  return parser_literal(p, v, scalar->span);
}

const struct expr *template_parse(struct session *s, const struct ynode *scalar) {
  struct parser p = {.s = s, .text = scalar->text};
  if (str_find(scalar->text, STR("${")) == SIZE_MAX) return whole_literal(&p, scalar, scalar->text);
  uint32_t *hold = NULL;
  parser_places(&p, scalar, &hold);
  part_vec parts = {0};
  size_t end = 0;
  const struct expr *out = NULL;
  if (read_parts(&p, 0, 0, &parts, &end)) {
    bool hole = parts.n == 1 && str_starts(scalar->text, STR("${"));
    if (parts.n == 1 && !hole)
      out = whole_literal(&p, scalar, value_text(parts.v[0]->lit));
    else if (hole)
      out = parts.v[0];
    else
      out = make_template(&p, &parts, 0, scalar->text.n);
  }
  free(hold);
  return p.failed ? NULL : out;
}
