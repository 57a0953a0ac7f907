/* Values given to typed inputs. Plain YAML scalars are parsed here by the type
 * that is wanted; everything else must have it already (LANGUAGE rule 1).
 * Recursion follows the type, whose depth itype_parse caps. */
#include "forms.h"
#include "program.h"

struct job {
  struct program *p;
  struct span at;
  struct str what;
};

static struct str describe(struct job *j, const struct value *v) {
  struct session *s = j->p->s;
  struct str t;
  switch ((enum vkind)v->kind) {
  case V_NULL: return STR("null");
  case V_STR:
    return v->flags & VF_SECRET ? STR("a secret") : str_fmt(&s->arena, "\"%.*s\"", SV(value_text(v)));
  case V_BOOL:
  case V_INT:
  case V_DEC: return value_to_text(&s->arena, v, &t) ? t : STR("a number");
  case V_LIST: return STR("a list");
  case V_MAP: return STR("a map");
  case V_RES:
    return str_fmt(&s->arena, "%.*s (%.*s)", SV(session_str(s, v->res.address)),
                   SV(session_str(s, v->res.type)));
  case V_UNKNOWN: break;
  }
  if (v->flags & VF_SECRET) return STR("a secret");
  struct str all = session_str(s, v->unknown->format), f, words = {NULL, 0};
  if (!all.n) return STR("a value known after apply");
  while (all.n) {
    all = str_cut(all, FORMAT_OR, &f);
    bool id = str_ends(f, STR(".Id"));
    words = str_fmt(&s->arena, "%.*s%s%s%.*s", SV(words), words.n ? " or " : "", id ? "the id of an " : "",
                    (int)(f.n - (id ? 3 : 0)), f.p);
  }
  return str_fmt(&s->arena, "%.*s (known after apply)", SV(words));
}

static enum qn_err refuse(struct job *j, const struct itype *t, const struct value *v, const char *why,
                          struct str fix) {
  struct diags *d = &j->p->s->diags;
  struct str type = itype_text(j->p, t), is = describe(j, v);
  struct diag *g = diag_add(d, QN0411, value_span(j->p, v, j->at), "%.*s wants %.*s, not %.*s", SV(j->what),
                            SV(type), SV(is));
  if (why && fix.n)
    diag_help(d, g, "%s; did you mean %.*s?", why, SV(fix));
  else if (why)
    diag_help(d, g, "%s", why);
  return QN_E_INVALID;
}

static const struct value *like(struct job *j, const struct value *v, const struct value *made) {
  return value_with_meta(&j->p->s->arena, made, v->meta);
}

static bool plain(const struct value *v) {
  return v->kind == V_STR && (v->flags & VF_PLAIN);
}

static enum qn_err to_string(struct job *j, const struct itype *t, const struct value *v,
                             const struct value **out) {
  struct arena *a = &j->p->s->arena;
  struct str text;
  if (v->kind == V_STR && !plain(v)) {
    *out = v;
    return QN_OK;
  }
  if (!value_to_text(a, v, &text)) return refuse(j, t, v, NULL, STR(""));
  *out = like(j, v, value_str(a, text));
  return QN_OK;
}

static enum qn_err quoted(struct job *j, const struct itype *t, const struct value *v, bool fits) {
  return refuse(j, t, v, fits ? "a quoted value is a string: take the quotes away" : NULL, STR(""));
}

static enum qn_err to_int(struct job *j, const struct itype *t, const struct value *v,
                          const struct value **out) {
  int64_t i;
  if (v->kind == V_INT) {
    *out = v;
    return QN_OK;
  }
  bool fits = v->kind == V_STR && str_to_i64(value_text(v), &i);
  if (!plain(v)) return quoted(j, t, v, fits);
  struct str digits = value_text(v);
  bool padded = digits.n > 1 && digits.p[digits.p[0] == '-'] == '0';
  if (fits && padded)
    return refuse(j, t, v, "a whole number has no leading zeros",
                  str_fmt(&j->p->s->arena, "%lld", (long long)i));
  if (!fits)
    return refuse(j, t, v, "a whole number is digits only, from -9223372036854775808 to 9223372036854775807",
                  STR(""));
  *out = like(j, v, value_int(&j->p->s->arena, i));
  return QN_OK;
}

/* Digits with one point; without trailing zeros in *out (shortest form). */
static bool decimal(struct str t, struct str *out) {
  size_t i = t.n && t.p[0] == '-', from = i;
  while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') i++;
  if (i == from || i >= t.n || t.p[i] != '.' || (t.p[from] == '0' && i > from + 1)) return false;
  size_t point = i++;
  while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') i++;
  if (i != t.n || i == point + 1) return false;
  while (t.p[i - 1] == '0') i--;
  *out = str_sub(t, 0, i - 1 == point ? point : i);
  return true;
}

static enum qn_err to_float(struct job *j, const struct itype *t, const struct value *v,
                            const struct value **out) {
  struct arena *a = &j->p->s->arena;
  int64_t i;
  struct str d;
  if (v->kind == V_INT || v->kind == V_DEC) {
    *out = v;
    return QN_OK;
  }
  bool is_int = v->kind == V_STR && str_to_i64(value_text(v), &i);
  bool is_dec = !is_int && v->kind == V_STR && decimal(value_text(v), &d);
  if (!plain(v)) return quoted(j, t, v, is_int || is_dec);
  if (is_dec && str_to_i64(d, &i)) is_int = true;
  if (!is_int && !is_dec)
    return refuse(j, t, v, "a number is digits with at most one point, as 0.75", STR(""));
  *out = like(j, v, is_int ? value_int(a, i) : value_dec(a, d));
  return QN_OK;
}

static enum qn_err to_bool(struct job *j, const struct itype *t, const struct value *v,
                           const struct value **out) {
  if (v->kind == V_BOOL) {
    *out = v;
    return QN_OK;
  }
  bool yes = v->kind == V_STR && str_eq(value_text(v), STR("true"));
  bool no = v->kind == V_STR && str_eq(value_text(v), STR("false"));
  if (!plain(v)) return quoted(j, t, v, yes || no);
  if (!yes && !no) return refuse(j, t, v, "a bool is true or false; yes, no, on and off are texts", STR(""));
  *out = like(j, v, value_bool(&j->p->s->arena, yes));
  return QN_OK;
}

static enum qn_err to_form(struct job *j, const struct itype *t, const struct value *v,
                           const struct value **out) {
  typedef const char *form_fn(struct arena *, struct str, struct str *);
  static form_fn *const forms[] = {[T_DURATION] = form_duration,
                                   [T_SIZE] = form_size,
                                   [T_HOSTNAME] = form_hostname,
                                   [T_CIDR] = form_cidr,
                                   [T_ARN] = form_arn};
  struct str fix = STR("");
  if (v->kind != V_STR) {
    struct str n;
    const char *why = v->kind == V_INT && value_to_text(&j->p->s->arena, v, &n)
                          ? forms[t->kind](&j->p->s->arena, n, &fix)
                          : NULL;
    return refuse(j, t, v, why, fix);
  }
  const char *why = forms[t->kind](&j->p->s->arena, value_text(v), &fix);
  if (why) return refuse(j, t, v, why, fix);
  *out = plain(v) ? like(j, v, value_str(&j->p->s->arena, value_text(v))) : v;
  return QN_OK;
}

static enum qn_err to_range(struct job *j, const struct itype *t, const struct value *v,
                            const struct value **out) {
  struct session *s = j->p->s;
  const struct value *lo = value_get(s, v, STR("min")), *hi = value_get(s, v, STR("max"));
  int64_t min = 0, max = 0;
  struct str fix = STR("");
  if (v->kind == V_MAP && value_is(lo, V_INT) && value_is(hi, V_INT) && lo->i <= hi->i && v->n == 2) {
    *out = v;
    return QN_OK;
  }
  if (v->kind != V_STR) return refuse(j, t, v, "a range is min..max, as 2..10", STR(""));
  const char *why = form_range(&s->arena, value_text(v), &fix, &min, &max);
  if (why) return refuse(j, t, v, why, fix);
  struct member m[] = {
      {session_sym(s, STR("min")), SPAN_NONE, like(j, v, value_int(&s->arena, min))},
      {session_sym(s, STR("max")), SPAN_NONE, like(j, v, value_int(&s->arena, max))},
  };
  *out = like(j, v, value_map(&s->arena, m, 2));
  return QN_OK;
}

static enum qn_err convert(struct job *j, const struct itype *t, const struct value *v,
                           const struct value **out);

static int by_value(const void *a, const void *b, void *user) {
  return value_cmp(user, *(const struct value *const *)a, *(const struct value *const *)b);
}

static enum qn_err distinct(struct job *j, const struct itype *t, const struct value *list) {
  struct session *s = j->p->s;
  const struct value **sorted = ARENA_ARRAY(&s->arena, list->n, const struct value *);
  for (uint32_t i = 0; i < list->n; i++) sorted[i] = list->items[i];
  sort_stable(&s->arena, sorted, list->n, sizeof *sorted, by_value, s);
  for (uint32_t i = 1; i < list->n; i++) {
    if (value_unknown(sorted[i]) || !value_eq(s, sorted[i - 1], sorted[i])) continue;
    struct str is = describe(j, sorted[i]), type = itype_text(j->p, t);
    struct diag *g = diag_add(&s->diags, QN0411, value_span(j->p, sorted[i], j->at),
                              "%.*s wants %.*s: %.*s is there twice", SV(j->what), SV(type), SV(is));
    diag_note(&s->diags, g, value_span(j->p, sorted[i - 1], j->at), "first here");
    return QN_E_INVALID;
  }
  return QN_OK;
}

static enum qn_err to_list(struct job *j, const struct itype *t, const struct value *v,
                           const struct value **out) {
  struct arena *a = &j->p->s->arena;
  if (v->kind != V_LIST)
    return refuse(j, t, v, v->kind == V_STR ? "a list is written [a, b] or as lines beginning with -" : NULL,
                  STR(""));
  const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
  enum qn_err result = QN_OK;
  for (uint32_t i = 0; i < v->n; i++) {
    enum qn_err e = convert(j, t->of, v->items[i], &items[i]);
    if (e) result = e;
  }
  if (result) return result;
  *out = like(j, v, value_list(a, items, v->n));
  return t->kind == T_SET ? distinct(j, t, *out) : QN_OK;
}

static enum qn_err to_map(struct job *j, const struct itype *t, const struct value *v,
                          const struct value **out) {
  struct arena *a = &j->p->s->arena;
  if (v->kind != V_MAP)
    return refuse(j, t, v, v->kind == V_STR ? "a map is written {key: value} or as lines `key: value`" : NULL,
                  STR(""));
  struct member *m = ARENA_ARRAY(a, v->n, struct member);
  enum qn_err result = QN_OK;
  uint32_t n = 0;
  for (uint32_t i = 0; i < v->n; i++) {
    if (value_is_null(v->members[i].value)) continue; /* not set */
    m[n] = v->members[i];
    enum qn_err e = convert(j, t->of, v->members[i].value, &m[n++].value);
    if (e) result = e;
  }
  if (!result) *out = like(j, v, value_map(a, m, n));
  return result;
}

static const struct value *member_of(struct job *j, const struct value *v, sym name, bool optional) {
  const struct value *m = value_member(v, name);
  if (v->kind != V_RES) return value_is_null(m) ? NULL : m;
  struct str path = session_str(j->p->s, name);
  if (optional || resource_attribute(j->p, v, path, value_span(j->p, v, j->at), &m)) return NULL;
  return m;
}

static enum qn_err to_object(struct job *j, const struct itype *t, const struct value *v,
                             const struct value **out) {
  struct session *s = j->p->s;
  if (v->kind != V_MAP && v->kind != V_RES) return refuse(j, t, v, NULL, STR(""));
  const struct value *made = v->kind == V_MAP ? v : value_map(&s->arena, NULL, 0);
  enum qn_err result = QN_OK;
  for (uint32_t i = 0; i < t->n_fields; i++) {
    const struct field *f = &t->fields[i];
    const struct value *m = member_of(j, v, f->name, f->optional), *typed = NULL;
    if (!m && f->optional) continue;
    if (!m) {
      struct str name = session_str(s, f->name);
      result = refuse(j, t, v, str_fmt(&s->arena, "its member \"%.*s\" is missing", SV(name)).p, STR(""));
      continue;
    }
    struct job inner = {j->p, value_span(j->p, v, j->at),
                        str_fmt(&s->arena, "%.*s.%.*s", SV(j->what), SV(session_str(s, f->name)))};
    enum qn_err e = convert(&inner, f->type, m, &typed);
    if (e)
      result = e;
    else
      made = value_put(&s->arena, made, f->name, typed);
  }
  if (!result) *out = like(j, v, made);
  return result;
}

static enum qn_err to_resource(struct job *j, const struct itype *t, const struct value *v,
                               const struct value **out) {
  struct session *s = j->p->s;
  struct str want = session_str(s, t->name), have = v->kind == V_RES ? session_str(s, v->res.type) : STR("");
  struct str module = str_fmt(&s->arena, "module(%.*s)", SV(want));
  if (v->kind == V_RES && str_eq(have, t->kind == T_MODULE ? module : want)) {
    *out = v;
    return QN_OK;
  }
  return refuse(j, t, v,
                t->kind == T_MODULE ? "pass the component itself: ${name}"
                                    : "pass the resource itself, without an attribute: ${name}",
                STR(""));
}

static enum qn_err to_id(struct job *j, const struct itype *t, const struct value *v,
                         const struct value **out) {
  if (v->kind == V_STR) return to_string(j, t, v, out);
  const char *why = v->kind == V_RES ? "pass its id, as ${name.VpcId}, not the resource" : NULL;
  return refuse(j, t, v, why, STR(""));
}

/* Whatever it turns out to be, is it an attribute of this type? */
static bool all_of_type(struct session *s, struct str formats, sym type) {
  struct str want = str_fmt(&s->arena, "%.*s.", SV(session_str(s, type))), one;
  while (formats.n) {
    formats = str_cut(formats, FORMAT_OR, &one);
    if (!str_starts(one, want)) return false;
  }
  return true;
}

static bool unknown_fits(struct program *p, const struct itype *t, const struct unknown *u) {
  struct session *s = p->s;
  if (u->vkind == V_UNKNOWN || t->kind == T_ANY) return t->kind != T_RESOURCE && t->kind != T_MODULE;
  switch ((enum tkind)t->kind) {
  case T_INT: return u->vkind == V_INT;
  case T_FLOAT: return u->vkind == V_INT || u->vkind == V_DEC;
  case T_BOOL: return u->vkind == V_BOOL;
  case T_LIST:
  case T_SET: {
    bool ids = t->of && t->of->kind == T_ID;
    return u->vkind == V_LIST && (!ids || all_of_type(s, session_str(s, u->format), t->of->name));
  }
  case T_MAP:
  case T_OBJECT:
  case T_RANGE: return u->vkind == V_MAP;
  case T_RESOURCE:
  case T_MODULE: return false;
  case T_STRING: return u->vkind != V_LIST && u->vkind != V_MAP;
  case T_ID: return u->vkind == V_STR && all_of_type(s, session_str(s, u->format), t->name);
  case T_ANY:
  case T_DURATION:
  case T_SIZE:
  case T_HOSTNAME:
  case T_CIDR:
  case T_ARN: return u->vkind == V_STR;
  }
  return false;
}

static enum qn_err convert(struct job *j, const struct itype *t, const struct value *v,
                           const struct value **out) {
  typedef enum qn_err convert_fn(struct job *, const struct itype *, const struct value *,
                                 const struct value **);
  static convert_fn *const by_kind[] = {
      [T_STRING] = to_string,  [T_INT] = to_int,       [T_FLOAT] = to_float,       [T_BOOL] = to_bool,
      [T_DURATION] = to_form,  [T_SIZE] = to_form,     [T_RANGE] = to_range,       [T_HOSTNAME] = to_form,
      [T_CIDR] = to_form,      [T_ARN] = to_form,      [T_LIST] = to_list,         [T_SET] = to_list,
      [T_MAP] = to_map,        [T_OBJECT] = to_object, [T_RESOURCE] = to_resource, [T_ID] = to_id,
      [T_MODULE] = to_resource};
  if (t->kind == T_ANY) {
    *out = v;
    return QN_OK;
  }
  if (v->kind != V_UNKNOWN) return by_kind[t->kind](j, t, v, out);
  if (!unknown_fits(j->p, t, v->unknown)) return refuse(j, t, v, NULL, STR(""));
  *out = v;
  return QN_OK;
}

enum qn_err itype_coerce(struct program *p, const struct itype *t, const struct value *v, struct span at,
                         struct str what, const struct value **out) {
  struct job j = {p, at, what};
  return convert(&j, t, v, out);
}
