/* Inputs of a module: declarations, constraints, and the value an instance gets. */
#include "num.h"
#include "program.h"

#include "quoin/regex.h"

static void read_pattern(struct program *p, struct decl *d, const struct ynode *y) {
  struct str t, why;
  size_t at;
  if (!key_text(p, y, "pattern", &t)) {
    d->bad = true;
    return;
  }
  d->input.pattern = y;
  if (regex_new(&p->s->arena, t, &d->input.regex, &why, &at) == QN_OK) {
    VEC_PUSH(&p->s->arena, &p->regexes, d->input.regex);
    return;
  }
  d->bad = true;
  diag_add(&p->s->diags, QN0403, yaml_text_span(p->s, y, at, at + 1),
           "pattern is not a regular expression: %.*s", SV(why));
}

static void read_limits(struct program *p, struct decl *d, const struct ynode *y) {
  struct input_decl *in = &d->input;
  in->min = yaml_get(p->s, y, "min");
  in->max = yaml_get(p->s, y, "max");
  in->choices = yaml_get(p->s, y, "enum");
  const struct ynode *limits[] = {in->min, in->max};
  for (size_t i = 0; i < 2; i++) {
    struct str t;
    struct num bound;
    const char *what = i ? "max" : "min";
    if (!limits[i]) continue;
    if (!key_text(p, limits[i], what, &t)) {
      d->bad = true;
      continue;
    }
    if (num_parse(t, &bound)) continue;
    d->bad = true;
    diag_add(&p->s->diags, QN0403, limits[i]->span, "%s must be a number", what);
  }
  if (in->choices && in->choices->kind != Y_SEQ) {
    d->bad = true;
    diag_add(&p->s->diags, QN0403, in->choices->span, "enum must be a list of the allowed values");
    in->choices = NULL;
  }
}

void input_read(struct program *p, struct decl *d, const struct ynode *y) {
  static const struct key_rule rules[] = {{"type", true},         {"default", false}, {"required", false},
                                          {"description", false}, {"min", false},     {"max", false},
                                          {"pattern", false},     {"enum", false}};
  struct session *s = p->s;
  struct str name = session_str(s, d->name), t;
  const char *what = str_fmt(&s->arena, "input \"%.*s\"", SV(name)).p;
  if (!KEYS_CHECK(p, y, rules, what, d->span)) {
    d->bad = true;
    return;
  }
  const struct ynode *type = yaml_get(s, y, "type"), *initial = yaml_get(s, y, "default");
  if (key_text(p, type, "type", &t)) d->input.type = itype_parse(p, t, type->span);
  if (!d->input.type) d->bad = true;
  if (initial && !(d->input.initial = tree_build(p, initial))) d->bad = true;
  d->input.required = !initial;
  const struct ynode *required = yaml_get(s, y, "required"), *pattern = yaml_get(s, y, "pattern");
  if (required && !key_bool(p, required, "required", &d->input.required)) d->bad = true;
  if (pattern) read_pattern(p, d, pattern);
  read_limits(p, d, y);
}

/* ---- constraints ---------------------------------------------------------- */
struct judge {
  struct program *p;
  const struct decl *d;
  const struct value *v;
  struct span at;
};

/* "input x is at most 6, not 9" */
static enum qn_err breaks(struct judge *j, const struct ynode *rule, const char *must, struct str limit,
                          struct str is) {
  struct diags *d = &j->p->s->diags;
  struct str name = session_str(j->p->s, j->d->name);
  struct diag *g = diag_add(d, QN0412, j->at, "input \"%.*s\" %s%s%.*s, not %.*s", SV(name), must,
                            limit.n ? " " : "", SV(limit), SV(is));
  diag_note(d, g, rule->span, "the input allows");
  return QN_E_INVALID;
}

/* The amount that min and max limit: the number, or how many characters or elements. */
static bool amount(const struct value *v, struct num *out, const char **unit) {
  *unit = "";
  if (num_of(v, out)) return true;
  if (v->kind == V_STR) {
    *unit = " characters";
    *out = num_int((int64_t)str_utf8_len(value_text(v)));
    return true;
  }
  *unit = " elements";
  *out = num_int(v->n);
  return v->kind == V_LIST || v->kind == V_MAP;
}

static enum qn_err limit(struct judge *j, const struct value *v, const struct ynode *rule, bool upper) {
  struct arena *a = &j->p->s->arena;
  struct num is, want;
  struct str text = STR("more");
  const char *unit;
  if (!rule || !amount(v, &is, &unit) || !num_parse(rule->text, &want)) return QN_OK;
  int c = num_cmp(is, want);
  if (upper ? c <= 0 : c >= 0) return QN_OK;
  const struct value *shown = num_value(a, is);
  if (shown && !value_to_text(a, shown, &text)) return QN_E_NOMEM;
  struct str bound = str_fmt(a, "%.*s%s", SV(rule->text), unit);
  struct str have = str_fmt(a, "%.*s%s", SV(text), unit);
  return breaks(j, rule, upper ? "is at most" : "is at least", bound, have);
}

/* Numbers are the same however they are written: 0.10 allows 0.1. */
static bool chosen(const struct value *v, struct str text, struct str name) {
  struct num is, allowed;
  bool number = v->kind == V_INT || v->kind == V_DEC;
  if (number && num_of(v, &is) && num_parse(name, &allowed)) return !num_cmp(is, allowed);
  return str_eq(text, name);
}

static enum qn_err choice(struct judge *j) {
  const struct ynode *list = j->d->input.choices;
  struct arena *a = &j->p->s->arena;
  struct str t, *names = ARENA_ARRAY(a, list->n, struct str);
  if (!value_to_text(a, j->v, &t)) return QN_OK;
  for (uint32_t i = 0; i < list->n; i++) {
    names[i] = list->items[i]->kind == Y_SCALAR ? list->items[i]->text : STR("");
    if (chosen(j->v, t, names[i])) return QN_OK;
  }
  struct buf b = BUF_INIT(1 << 16);
  for (uint32_t i = 0; i < list->n; i++) buf_addf(&b, "%s%.*s", i ? ", " : "", SV(names[i]));
  struct str all = str_dup(a, buf_str(&b));
  buf_release(&b);
  return breaks(j, list, "is one of", all, t);
}

static enum qn_err judge(struct judge *j) {
  const struct input_decl *in = &j->d->input;
  struct session *s = j->p->s;
  if (j->v->kind == V_UNKNOWN || j->v->kind == V_RES) return QN_OK;
  bool range = in->type->kind == T_RANGE;
  const struct value *lo = range ? value_get(s, j->v, STR("min")) : j->v;
  const struct value *hi = range ? value_get(s, j->v, STR("max")) : j->v;
  enum qn_err e = limit(j, lo, in->min, false);
  if (!e) e = limit(j, hi, in->max, true);
  if (!e && in->choices) e = choice(j);
  if (!e && in->regex && j->v->kind == V_STR && regex_match(in->regex, value_text(j->v), 0, NULL, 0, NULL)) {
    struct str shown = j->v->flags & VF_SECRET ? STR("(secret)") : value_text(j->v);
    e = breaks(j, in->pattern, "must match its pattern", STR(""), shown);
  }
  return e;
}

/* ---- the value of an instance's input ------------------------------------- */
static enum qn_err missing(struct program *p, struct instance *in, const struct decl *d) {
  struct session *s = p->s;
  struct str name = session_str(s, d->name);
  bool root = !in->parent;
  struct span at = root ? p->env.with_span : in->decl->comp.use_span;
  struct diag *g =
      diag_add(&s->diags, QN0413, at, "%s \"%.*s\" gives no value for input \"%.*s\"",
               root ? "environment" : "component", SV(root ? p->env_name : in->address), SV(name));
  diag_note(&s->diags, g, d->span, "it is declared without a default");
  struct str type = itype_text(p, d->input.type);
  diag_help(&s->diags, g, "add `%.*s: ...` (%.*s) under `with:`%s", SV(name), SV(type),
            root ? ", or give -var or QUOIN_VAR_ for one run" : "");
  return QN_E_INVALID;
}

static enum qn_err given(struct program *p, struct instance *in, const struct decl *d,
                         const struct value **out) {
  *out = NULL;
  if (!in->parent) {
    *out = value_member(p->inputs, d->name);
    return QN_OK;
  }
  const struct tnode *with = in->decl->comp.with;
  for (uint32_t i = 0; with && i < with->n; i++)
    if (with->members[i].key == d->name) return tree_eval(in->outer, with->members[i].value, out);
  return QN_OK;
}

static enum qn_err fit(struct program *p, const struct decl *d, const struct value *v,
                       const struct value **out) {
  struct str what = str_fmt(&p->s->arena, "input \"%.*s\"", SV(session_str(p->s, d->name)));
  enum qn_err e = itype_coerce(p, d->input.type, v, d->span, what, out);
  if (e) return e;
  struct judge j = {p, d, *out, value_span(p, *out, d->span)};
  return judge(&j);
}

enum qn_err input_value(struct program *p, struct instance *in, const struct decl *d,
                        const struct value **out) {
  struct session *s = p->s;
  const struct value *v = NULL;
  enum how how = HOW_INPUT;
  if (d->bad) return QN_E_INVALID;
  enum qn_err e = given(p, in, d, &v);
  if (!e && value_is_null(v) && d->input.initial) {
    struct frame f;
    frame_init(&f, p, NULL, NULL);
    f.place = "a default";
    f.region = in->region;
    how = HOW_DEFAULT;
    e = tree_eval(&f, d->input.initial, &v);
  }
  if (e) return e;
  if (value_is_null(v)) {
    *out = value_null();
    return d->input.required ? missing(p, in, d) : QN_OK;
  }
  if ((e = fit(p, d, v, &v))) return e;
  /* A default that is written out is wrong even where another value hides it. */
  const struct value *initial = d->input.initial ? d->input.initial->constant : NULL, *unused;
  if (how == HOW_INPUT && initial && !value_is_null(initial) && (e = fit(p, d, initial, &unused))) return e;
  struct vmeta m = vmeta_get(s, v->meta);
  uint32_t meta = vmeta_add(s, (struct vmeta){m.span, (uint8_t)how, d->name, v->meta, m.origins});
  *out = value_with_meta(&s->arena, v, meta);
  return QN_OK;
}
