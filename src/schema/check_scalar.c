/* Scalars: the expected type decides what a plain scalar is (LANGUAGE rule 1),
 * then the limits of the schema are held against it. */
#include "check.h"

static const char *const kind_words[] = {[SK_STRING] = "a string",
                                         [SK_INTEGER] = "a whole number",
                                         [SK_NUMBER] = "a number",
                                         [SK_BOOLEAN] = "true or false"};

static const struct value *wrong_kind(struct checker *c, const struct table_node *t, const struct value *v,
                                      const struct place *at) {
  struct diag *g = check_error(c, QN0202, v, at,
                               CHECK_FMT(c, "%.*s must be %s, this is %.*s", SV(check_path(c, at)),
                                         kind_words[t->kind], SV(check_describe(c, v))));
  diag_label(&c->s->diags, g, "%s wanted", kind_words[t->kind]);
  if (value_is(v, V_LIST) && v->n == 1)
    diag_help(&c->s->diags, g, "write the element itself, without the list around it");
  return NULL;
}

/* A copy whose type is settled. */
static const struct value *settled(struct checker *c, const struct value *v) {
  if (!(v->flags & VF_PLAIN)) return v;
  struct value *copy = ARENA_NEW(&c->s->arena, struct value);
  *copy = *v;
  copy->flags = (uint8_t)(copy->flags & ~VF_PLAIN);
  return copy;
}

static const struct value *retyped(struct checker *c, const struct value *v, const struct value *to) {
  const struct value *out = value_with_meta(&c->s->arena, to, v->meta);
  uint8_t kept = v->flags & (VF_SECRET | VF_HAS_SECRET);
  return kept ? value_with_flags(&c->s->arena, out, kept) : out;
}

/* ---- from text to numbers and booleans ---------------------------------------- */

static const struct value *number_of(struct checker *c, const struct table_node *t, struct str text) {
  int64_t i;
  if (!number_is_plain(text) || (t->kind == SK_INTEGER && str_find_c(text, '.') != SIZE_MAX)) return NULL;
  text = number_canonical(text);
  if (str_to_i64(text, &i)) return value_int(&c->s->arena, i);
  return t->kind == SK_NUMBER ? value_dec(&c->s->arena, text) : NULL;
}

static const struct value *scalar_of(struct checker *c, const struct table_node *t, struct str text) {
  if (t->kind != SK_BOOLEAN) return number_of(c, t, text);
  if (str_eq(text, STR("true"))) return value_bool(&c->s->arena, true);
  return str_eq(text, STR("false")) ? value_bool(&c->s->arena, false) : NULL;
}

static struct str likely_bool(struct str text) {
  static const char *const yes[] = {"yes", "on", "true", "y", "enabled", "1"};
  static const char *const no[] = {"no", "off", "false", "n", "disabled", "0"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    if (str_eq_nocase(text, str_c(yes[i]))) return STR("true");
    if (str_eq_nocase(text, str_c(no[i]))) return STR("false");
  }
  return STR("");
}

static const struct value *not_plain(struct checker *c, const struct table_node *t, const struct value *v,
                                     const struct place *at) {
  struct str text = value_text(v), path = check_path(c, at);
  struct diag *g = check_error(
      c, QN0202, v, at,
      CHECK_FMT(c, "%.*s must be %s, this is %.*s", SV(path), kind_words[t->kind], SV(check_describe(c, v))));
  diag_label(&c->s->diags, g, "%s wanted", kind_words[t->kind]);
  struct str likely = likely_bool(text);
  if (v->flags & VF_SECRET) return NULL;
  if (t->kind == SK_BOOLEAN && likely.n)
    diag_help(&c->s->diags, g, "write %.*s", SV(likely));
  else if (t->kind == SK_INTEGER && number_is_plain(text)) {
    struct str whole;
    str_cut(text, '.', &whole);
    if (str_find_c(text, '.') != SIZE_MAX)
      diag_help(&c->s->diags, g, "whole numbers have no point: %.*s", SV(whole));
    else
      diag_help(&c->s->diags, g, "it does not fit into 64 bits");
  } else if (t->kind != SK_BOOLEAN)
    diag_help(&c->s->diags, g, "numbers are written in plain digits, such as 80%s",
              t->kind == SK_NUMBER ? " or 0.5" : "");
  return NULL;
}

/* A string that is no plain scalar, where a number or boolean is wanted. */
static const struct value *quoted(struct checker *c, const struct table_node *t, const struct value *v,
                                  const struct place *at) {
  struct str text = value_text(v);
  if ((v->flags & VF_SECRET) || !scalar_of(c, t, text)) return not_plain(c, t, v, at);
  struct diag *g = check_error(c, QN0219, v, at,
                               CHECK_FMT(c, "%.*s must be %s, this is the string %.*s", SV(check_path(c, at)),
                                         kind_words[t->kind], SV(check_describe(c, v))));
  bool literal = vmeta_get(c->s, v->meta).how == HOW_LITERAL;
  diag_label(&c->s->diags, g, "%s", literal ? "quotes make it a string" : "a string");
  if (literal)
    diag_help(&c->s->diags, g, "without the quotes: %.*s", SV(text));
  else
    diag_help(&c->s->diags, g, "give the input or expression it comes from the type that is wanted here");
  return NULL;
}

static const struct value *typed(struct checker *c, const struct table_node *t, const struct value *v,
                                 const struct place *at) {
  if (value_is(v, V_STR)) {
    if (t->kind == SK_STRING) return settled(c, v);
    if (!(v->flags & VF_PLAIN)) return quoted(c, t, v, at);
    const struct value *out = scalar_of(c, t, value_text(v));
    return out ? retyped(c, v, out) : not_plain(c, t, v, at);
  }
  bool number = value_is(v, V_INT) || value_is(v, V_DEC);
  if (t->kind == SK_STRING && (number || value_is(v, V_BOOL))) {
    struct str text;
    if (value_to_text(&c->s->arena, v, &text)) return retyped(c, v, value_str(&c->s->arena, text));
  }
  if (t->kind == SK_BOOLEAN && value_is(v, V_BOOL)) return v;
  if (t->kind == SK_NUMBER && number) return v;
  if (t->kind == SK_INTEGER && value_is(v, V_INT)) return v;
  return wrong_kind(c, t, v, at);
}

/* ---- limits ------------------------------------------------------------------- */

enum { LIST_MOST = 24 }; /* allowed values in a message */

static struct str cannot_be(struct checker *c, const struct value *v, const struct place *at) {
  struct str path = check_path(c, at);
  if (v->flags & VF_SECRET) return CHECK_FMT(c, "the secret given to %.*s does not fit", SV(path));
  return CHECK_FMT(c, "%.*s cannot be %.*s", SV(path), SV(check_describe(c, v)));
}

static bool not_allowed(struct checker *c, const struct table_node *t, const struct value *v,
                        const struct place *at, const struct rule *r, struct str text) {
  struct str *names = ARENA_ARRAY(&c->s->arena, r->n, struct str);
  struct str nearest = {NULL, 0}, list = {NULL, 0};
  for (uint32_t i = 0; i < r->n; i++) {
    names[i] = rule_str(c->sc, r, i);
    if (str_eq_nocase(names[i], text)) nearest = names[i];
    if (i < LIST_MOST) list = CHECK_FMT(c, "%.*s%s%.*s", SV(list), i ? ", " : "", SV(names[i]));
  }
  if (r->n > LIST_MOST) list = CHECK_FMT(c, "%.*s and %u more", SV(list), (unsigned)(r->n - LIST_MOST));
  struct diag *g = check_error(c, QN0205, v, at, cannot_be(c, v, at));
  diag_label(&c->s->diags, g, "not one of the allowed values");
  if (v->flags & VF_SECRET) return false;
  if (!nearest.n && t->kind == SK_STRING) nearest = diag_nearest(text, names, r->n);
  if (nearest.n)
    diag_help(&c->s->diags, g, "did you mean \"%.*s\"? Allowed: %.*s", SV(nearest), SV(list));
  else
    diag_help(&c->s->diags, g, "allowed: %.*s", SV(list));
  return false;
}

static bool check_enum(struct checker *c, const struct table_node *t, const struct value *v,
                       const struct place *at) {
  struct rule r;
  struct str text;
  if (!table_find_rule(c->sc, t, R_ENUM, &r) || !value_to_text(&c->s->arena, v, &text)) return true;
  for (uint32_t i = 0; i < r.n; i++) {
    struct str name = rule_str(c->sc, &r, i);
    if (str_eq(name, text) || ((t->bits & NODE_NOCASE) && str_eq_nocase(name, text))) return true;
  }
  return not_allowed(c, t, v, at, &r, text);
}

static bool check_range(struct checker *c, const struct table_node *t, const struct value *v,
                        const struct place *at) {
  struct rule least, most, step;
  struct str text;
  bool has_least = table_find_rule(c->sc, t, R_MIN, &least),
       has_most = table_find_rule(c->sc, t, R_MAX, &most);
  if (!value_to_text(&c->s->arena, v, &text)) return true;
  bool low = has_least && number_cmp(text, rule_str(c->sc, &least, 0)) < 0;
  bool high = has_most && number_cmp(text, rule_str(c->sc, &most, 0)) > 0;
  if (low || high) {
    struct str path = check_path(c, at);
    struct diag *g =
        check_error(c, QN0206, v, at,
                    CHECK_FMT(c, "%.*s must be %s %.*s, this is %.*s", SV(path), low ? "at least" : "at most",
                              SV(rule_str(c->sc, low ? &least : &most, 0)), SV(text)));
    if (has_least && has_most)
      diag_label(&c->s->diags, g, "%.*s to %.*s", SV(rule_str(c->sc, &least, 0)),
                 SV(rule_str(c->sc, &most, 0)));
    return false;
  }
  int64_t unit;
  if (!value_is(v, V_INT) || !table_find_rule(c->sc, t, R_MULTIPLE, &step)) return true;
  if (!str_to_i64(rule_str(c->sc, &step, 0), &unit) || unit <= 0 || v->i % unit == 0) return true;
  check_error(c, QN0206, v, at,
              CHECK_FMT(c, "%.*s must be a multiple of %lld, this is %.*s", SV(check_path(c, at)),
                        (long long)unit, SV(text)));
  return false;
}

static bool check_length(struct checker *c, const struct table_node *t, const struct value *v,
                         const struct place *at) {
  struct rule r;
  if (!table_find_rule(c->sc, t, R_LENGTH, &r)) return true;
  size_t n = str_utf8_len(value_text(v)), least = rule_word(&r, 0), most = rule_word(&r, 1);
  if (n >= least && (rule_word(&r, 1) == NO_LIMIT || n <= most)) return true;
  struct str path = check_path(c, at);
  struct str want = rule_word(&r, 1) == NO_LIMIT ? CHECK_FMT(c, "at least %zu", least)
                    : least == most              ? CHECK_FMT(c, "%zu", most)
                    : least == 0                 ? CHECK_FMT(c, "at most %zu", most)
                                                 : CHECK_FMT(c, "%zu to %zu", least, most);
  struct diag *g = check_error(
      c, QN0207, v, at, CHECK_FMT(c, "%.*s must have %.*s characters, this has %zu", SV(path), SV(want), n));
  diag_label(&c->s->diags, g, n < least ? "too short" : "too long");
  return false;
}

static bool check_pattern(struct checker *c, const struct table_node *t, const struct value *v,
                          const struct place *at) {
  struct rule r;
  if (!table_find_rule(c->sc, t, R_PATTERN, &r)) return true;
  const struct regex *re = table_regex(c->sc, c->s, rule_word(&r, 0));
  if (!re || regex_match(re, value_text(v), 0, NULL, 0, NULL) != QN_E_NOTFOUND) return true;
  struct diag *g = check_error(c, QN0204, v, at, cannot_be(c, v, at));
  diag_label(&c->s->diags, g, "does not match the pattern");
  diag_note(&c->s->diags, g, SPAN_NONE, "the pattern is %.*s", SV(rule_str(c->sc, &r, 0)));
  struct str lower = str_lower(&c->s->arena, value_text(v)), trimmed = str_trim(value_text(v));
  if (v->flags & VF_SECRET) return false;
  if (!str_eq(trimmed, value_text(v)) && regex_match(re, trimmed, 0, NULL, 0, NULL) == QN_OK)
    diag_help(&c->s->diags, g, "without the blanks or line ends around it: \"%.*s\"", SV(trimmed));
  else if (regex_match(re, lower, 0, NULL, 0, NULL) == QN_OK)
    diag_help(&c->s->diags, g, "in lower case: \"%.*s\"", SV(lower));
  return false;
}

/* ---- unknown values -------------------------------------------------------------- */

static bool unknown_kind_fits(enum skind want, uint8_t vkind) {
  switch ((enum vkind)vkind) {
  case V_UNKNOWN:
  case V_NULL: return true;
  case V_STR: return want == SK_STRING;
  case V_BOOL: return want == SK_BOOLEAN || want == SK_STRING;
  case V_INT: return want != SK_BOOLEAN;
  case V_DEC: return want == SK_NUMBER || want == SK_STRING;
  case V_LIST:
  case V_MAP:
  case V_RES: return false;
  }
  return false;
}

/* A secret may be the whole of a value: then the reference is recorded and compared. Inside a text it would
 * be part of what services show and log. Write-only properties are never shown. */
static bool secret_inside(struct checker *c, const struct table_node *t, const struct value *v,
                          const struct place *at) {
  if (!(v->flags & VF_SECRET) || v->unknown->ukind != U_EXPR || t->flags & SF_WRITE_ONLY) return false;
  struct diag *g = check_error(
      c, QN0221, v, at, CHECK_FMT(c, "a secret is part of what %.*s is made of", SV(check_path(c, at))));
  diag_label(&c->s->diags, g, "only a secret alone may stand here");
  diag_help(&c->s->diags, g, "keep the whole text in the secret and give it alone: ${secret(...)}");
  return true;
}

static const struct value *check_unknown(struct checker *c, const struct table_node *t, const struct value *v,
                                         const struct place *at) {
  if (secret_inside(c, t, v, at)) return NULL;
  if (!unknown_kind_fits((enum skind)t->kind, v->unknown->vkind)) return wrong_kind(c, t, v, at);
  return check_unknown_format(c, t, v, at) ? v : NULL;
}

const struct value *check_scalar(struct checker *c, const struct table_node *t, const struct value *v,
                                 const struct place *at) {
  if (value_is(v, V_UNKNOWN)) return check_unknown(c, t, v, at);
  if (value_is(v, V_RES)) return check_resource(c, t, v, at);
  v = typed(c, t, v, at);
  if (!v) return NULL;
  if (t->kind == SK_INTEGER || t->kind == SK_NUMBER)
    return check_range(c, t, v, at) && check_enum(c, t, v, at) ? v : NULL;
  if (t->kind == SK_BOOLEAN) return v;
  if (!check_enum(c, t, v, at) || !check_length(c, t, v, at) || !check_pattern(c, t, v, at)) return NULL;
  return check_string_format(c, t, v, at);
}
