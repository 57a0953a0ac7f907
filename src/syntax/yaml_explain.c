/* What a user reads when YAML itself cannot be parsed, or cut an expression. */
#include "yaml_internal.h"

bool yaml_check_bytes(struct yaml_reader *r) {
  size_t bad = 0;
  struct diags *d = &r->s->diags;
  if (!str_utf8_ok(r->text, &bad)) {
    uint32_t at = (uint32_t)bad + r->skip;
    struct diag *g = diag_add(d, QN0100, yaml_span_of(r, at, at + 1), "byte 0x%02x is not valid UTF-8 here",
                              (unsigned)(unsigned char)r->text.p[bad]);
    diag_help(d, g, "save the file as UTF-8");
    return false;
  }
  for (size_t i = 0; i < r->text.n; i++) {
    unsigned char c = (unsigned char)r->text.p[i];
    if ((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r') continue;
    uint32_t at = (uint32_t)i + r->skip;
    struct diag *g = diag_add(d, QN0102, yaml_span_of(r, at, at + 1),
                              "control character 0x%02x is not allowed", (unsigned)c);
    diag_help(d, g, "a spec is text: is this the right file?");
    return false;
  }
  return true;
}

size_t yaml_expr_end(struct str text, size_t at) {
  size_t depth = 0;
  for (size_t i = at + 1; i < text.n; i++) {
    char c = text.p[i];
    if (c == '{')
      depth++;
    else if (c == '}' && --depth == 0)
      return i + 1;
    else if (c == '"' || c == '\'') {
      for (i++; i < text.n && text.p[i] != c; i++)
        if (c == '"' && text.p[i] == '\\') i++;
    }
  }
  return SIZE_MAX;
}

/* The first `${` that is not closed (or, with any, the first at all); SIZE_MAX if there is none. */
static size_t find_expr(struct str text, bool any) {
  for (size_t i = 0; i + 1 < text.n; i++) {
    if (text.p[i] != '$') continue;
    if (text.p[i + 1] == '$') {
      i++;
      continue;
    }
    if (text.p[i + 1] != '{') continue;
    size_t end = yaml_expr_end(text, i);
    if (any || end == SIZE_MAX) return i;
    i = end - 1;
  }
  return SIZE_MAX;
}

/* The line's text from `at` on, up to the end of the expression that starts there. */
static uint32_t expr_end_in_file(const struct yaml_reader *r, uint32_t at) {
  struct str rest = str_sub(r->text, at - r->skip, r->text.n);
  size_t line = str_find_c(rest, '\n');
  if (line != SIZE_MAX) rest.n = line;
  size_t end = yaml_expr_end(rest, 0);
  return at + (uint32_t)(end == SIZE_MAX ? rest.n : end);
}

static bool flow_cut(struct yaml_reader *r, uint32_t from, uint32_t dollar) {
  struct diags *d = &r->s->diags;
  uint32_t to = expr_end_in_file(r, dollar);
  for (struct str rest = str_sub(r->text, to - r->skip, r->text.n); rest.n; rest = str_sub(rest, 1, rest.n)) {
    if (memchr(",]}\n\r ", rest.p[0], 6)) break;
    to++;
  }
  struct str whole = str_sub(r->text, from - r->skip, to - r->skip);
  struct diag *g = diag_add(d, QN0111, yaml_span_of(r, dollar, to),
                            "an expression inside { } or [ ] needs quotes around it");
  diag_label(d, g, "YAML reads this { as a map of its own");
  bool has_double = str_find_c(whole, '"') != SIZE_MAX;
  if (has_double && str_find_c(whole, '\'') != SIZE_MAX)
    diag_help(d, g, "put quotes around the whole value");
  else
    diag_help(d, g, has_double ? "write '%.*s'" : "write \"%.*s\"", SV(whole));
  return true;
}

static bool cut_by(struct yaml_reader *r, uint32_t from, uint32_t to, const char *what) {
  struct diags *d = &r->s->diags;
  struct diag *g = diag_add(d, QN0112, yaml_span_of(r, from, to), "YAML ends this expression at `%s`", what);
  diag_label(d, g, "the expression is cut here");
  diag_help(d, g, "put quotes around the whole value, or write it as a block with `|-`");
  return true;
}

bool yaml_check_plain(struct yaml_reader *r, struct str text, uint32_t from, uint32_t to, bool flow,
                      bool key) {
  struct str next = str_sub(r->text, to - r->skip, r->text.n);
  if (flow && text.p[text.n - 1] == '$' && next.n && next.p[0] == '{') return flow_cut(r, from, to - 1);
  size_t open = find_expr(text, false);
  if (open == SIZE_MAX) {
    if (!key || find_expr(text, true) == SIZE_MAX) return false;
    struct diag *g =
        diag_add(&r->s->diags, QN0113, yaml_span_of(r, from, to), "a key cannot hold an expression");
    diag_help(&r->s->diags, g, "build the map in an expression: ${{(key) = value}}");
    return true;
  }
  if (key) return cut_by(r, from, to, ": ");
  size_t k = 0;
  while (k < next.n && (next.p[k] == ' ' || next.p[k] == '\t')) k++;
  if (k > 0 && k < next.n && next.p[k] == '#') return cut_by(r, from, to + (uint32_t)k + 1, " #");
  return false; /* the expression parser says what is missing */
}

/* libyaml's problems in the words of a user. `start` prints the context's place instead of the problem's. */
static const struct explanation {
  const char *problem;
  enum diag_code code;
  const char *message, *help;
  bool start;
} explanations[] = {
    {"mapping values are not allowed in this context", QN0101,
     "a second `: ` on this line, or wrong indentation", "put quotes around a value that holds `: `", false},
    {"found unexpected end of stream", QN0114, "quoted text that starts here is never closed", NULL, true},
    {"found unexpected document indicator", QN0114, "quoted text that starts here is never closed", NULL,
     true},
    {"did not find expected ',' or '}'", QN0101, "expected `,` or `}` here", NULL, false},
    {"did not find expected ',' or ']'", QN0101, "expected `,` or `]` here", NULL, false},
    {"did not find expected '-' indicator", QN0101, "expected `- ` of the list above: check the indentation",
     NULL, false},
    {"did not find expected key", QN0101, "expected a key of the map above: check the indentation", NULL,
     false},
    {"could not find expected ':'", QN0101, "a key without `:`", "write `key: value`", true},
    {"found character that cannot start any token", QN0101, "no value can start with this character",
     "indent with blanks, not tabs, and put quotes around text that starts with @ ` or %", false},
    {"found a tab character", QN0101, "a tab cannot indent", "indent with blanks", false},
    {"block sequence entries are not allowed in this context", QN0101, "a list item cannot start here",
     "start the list on a line of its own", false},
    {"mapping keys are not allowed in this context", QN0101, "a `? ` key cannot start here", NULL, false},
    {"found unknown escape character", QN0101, "unknown escape in \"quoted text\"",
     "write \\\\ for a backslash, or use 'single quotes'", false},
    {"did not find expected hexdecimal number", QN0101, "an escape needs hexadecimal digits", NULL, false},
    {"found invalid Unicode character escape code", QN0101, "the escape is not a Unicode character", NULL,
     false},
    {"did not find expected alphabetic or numeric character", QN0101,
     "an anchor or alias needs a name of letters, digits, _ or -",
     "put quotes around text that starts with * or &", false},
    {"did not find expected <document start>", QN0101, "nothing can stand here: the file's value has ended",
     "check the indentation of this line", false},
    {"did not find expected comment or line break", QN0101, "only a comment may follow here", NULL, false},
    {"found undefined tag handle", QN0106, "tags are not part of specs", NULL, false},
    {"did not find expected whitespace or line break", QN0101, "expected a blank here", NULL, false},
};

static const struct explanation tab = {"", QN0101, "a tab cannot indent", "indent with blanks", false};

static const struct explanation *find_explanation(struct str problem) {
  for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
    if (str_starts(problem, str_c(explanations[i].problem))) return &explanations[i];
  return NULL;
}

/* A `${` on the line before the place of an error, not closed before it. */
static bool explain_expr(struct yaml_reader *r, uint32_t at) {
  size_t line = at - r->skip;
  while (line > 0 && r->text.p[line - 1] != '\n') line--;
  struct str before = str_sub(r->text, line, at - r->skip);
  size_t open = find_expr(before, false);
  if (open == SIZE_MAX) return false;
  uint32_t from = (uint32_t)(line + open) + r->skip;
  const struct yaml_frame *f = r->frames.n ? &r->frames.v[r->frames.n - 1] : NULL;
  if (f && f->flow) return flow_cut(r, from, from);
  return cut_by(r, from, at + 1, ": ");
}

void yaml_explain(struct yaml_reader *r) {
  struct diags *d = &r->s->diags;
  const yaml_parser_t *p = &r->parser;
  if (p->error == YAML_MEMORY_ERROR) {
    diag_add(d, QN0003, SPAN_NONE, "out of memory while reading YAML");
    return;
  }
  uint32_t at = yaml_mark_byte(r, p->problem_mark), size = (uint32_t)(r->text.n + r->skip);
  if (p->error == YAML_READER_ERROR) at = (uint32_t)p->problem_offset + r->skip;
  if (at > size) at = size;
  struct str problem = str_c(p->problem);
  const struct explanation *x = find_explanation(problem);
  if ((!x || x->code != QN0114) && explain_expr(r, at)) return;
  uint32_t context = yaml_mark_byte(r, p->context_mark);
  if (at >= size && r->frames.n && r->frames.v[r->frames.n - 1].flow) {
    uint32_t open = r->frames.v[r->frames.n - 1].start;
    diag_add(d, QN0114, yaml_span_of(r, open, open + 1), "`%c` is never closed", r->text.p[open - r->skip]);
    return;
  }
  if (x && x->start && p->context) at = context;
  if (at < size && r->text.p[at - r->skip] == '\t') x = &tab;
  struct diag *g = diag_add(d, x ? x->code : QN0101, yaml_span_of(r, at, at < size ? at + 1 : at), "%s",
                            x            ? x->message
                            : p->problem ? p->problem
                                         : "this is not YAML");
  if (x && x->help) diag_help(d, g, "%s", x->help);
  if (p->context && context < at && !(x && x->start))
    diag_note(d, g, yaml_span_of(r, context, context + 1), "%s", p->context);
}
