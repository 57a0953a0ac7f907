/* The types of inputs: list(string), object{a: int, b?: bool}, id(AWS::EC2::VPC) ...
 * Inside object{} `=` may stand for `:`, which block YAML needs quotes for. */
#include "program.h"

#define TYPE_DEPTH 32

static const struct {
  const char *name;
  enum tkind kind;
} words[] = {{"any", T_ANY},           {"string", T_STRING},     {"int", T_INT},       {"float", T_FLOAT},
             {"bool", T_BOOL},         {"duration", T_DURATION}, {"size", T_SIZE},     {"range", T_RANGE},
             {"hostname", T_HOSTNAME}, {"cidr", T_CIDR},         {"arn", T_ARN},       {"list", T_LIST},
             {"set", T_SET},           {"map", T_MAP},           {"object", T_OBJECT}, {"id", T_ID},
             {"module", T_MODULE}};
#define N_WORDS (sizeof words / sizeof *words)

struct reader {
  struct program *p;
  struct str text;
  size_t at;
  struct span span; /* of the whole text */
  bool failed;
};

static void blanks(struct reader *r) {
  while (r->at < r->text.n && (r->text.p[r->at] == ' ' || r->text.p[r->at] == '\n')) r->at++;
}
static bool eat(struct reader *r, char c) {
  blanks(r);
  if (r->at >= r->text.n || r->text.p[r->at] != c) return false;
  r->at++;
  return true;
}
static bool word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
/* `AWS::EC2::VPC` is one word; `a: int` is not. */
static struct str word(struct reader *r) {
  blanks(r);
  size_t from = r->at;
  while (r->at < r->text.n) {
    if (word_char(r->text.p[r->at]))
      r->at++;
    else if (r->at + 2 < r->text.n && r->text.p[r->at] == ':' && r->text.p[r->at + 1] == ':')
      r->at += 2;
    else
      break;
  }
  return str_sub(r->text, from, r->at);
}

static const struct itype *fail(struct reader *r, const char *why) {
  if (!r->failed) {
    struct diags *d = &r->p->s->diags;
    struct diag *g = diag_add(d, QN0410, r->span, "\"%.*s\" is not a type: %s", SV(r->text), why);
    diag_help(d, g,
              "types: string, int, float, bool, duration, size, range, hostname, cidr, arn, any, list(T), "
              "set(T), map(T), object{a = T, b? = T}, AWS::EC2::VPC, id(AWS::EC2::VPC), module(name)");
  }
  r->failed = true;
  return NULL;
}

static const struct itype *read_type(struct reader *r, unsigned depth);

static const struct itype *read_object(struct reader *r, struct itype *t, unsigned depth) {
  VEC(struct field) fields = {0};
  if (!eat(r, '{')) return fail(r, "object needs its members, as object{a = string}");
  while (!eat(r, '}')) {
    struct str name = word(r);
    if (!name.n) return fail(r, "a member name is expected inside object{}");
    struct field f = {.name = session_sym(r->p->s, name), .optional = eat(r, '?')};
    for (size_t i = 0; i < fields.n; i++)
      if (fields.v[i].name == f.name)
        return fail(r, str_fmt(&r->p->s->arena, "member \"%.*s\" is there twice", SV(name)).p);
    if (!eat(r, ':') && !eat(r, '=')) return fail(r, "a member needs a type, as object{a = string}");
    f.type = read_type(r, depth + 1);
    if (!f.type) return NULL;
    VEC_PUSH(&r->p->s->arena, &fields, f);
    if (!eat(r, ',')) {
      if (eat(r, '}')) break;
      return fail(r, "members of object{} are separated by commas and end with }");
    }
  }
  t->fields = fields.v;
  t->n_fields = (uint32_t)fields.n;
  return t;
}

static const struct itype *read_inner(struct reader *r, struct itype *t, unsigned depth) {
  if (!eat(r, '(')) return fail(r, "list, set, map, id and module take an argument in parentheses");
  if (t->kind == T_ID || t->kind == T_MODULE) {
    struct str name = word(r);
    if (!name.n) return fail(r, "a name is expected in the parentheses");
    t->name = session_sym(r->p->s, name);
  } else if (!(t->of = read_type(r, depth + 1))) {
    return NULL;
  }
  return eat(r, ')') ? t : fail(r, "a closing parenthesis is missing");
}

static const struct itype *read_type(struct reader *r, unsigned depth) {
  struct session *s = r->p->s;
  if (depth > TYPE_DEPTH) return fail(r, "it is nested too deeply");
  struct str w = word(r);
  struct itype *t = ARENA_NEW(&s->arena, struct itype);
  if (str_find(w, STR("::")) != SIZE_MAX) {
    t->kind = T_RESOURCE;
    t->name = session_sym(s, w);
    return t;
  }
  struct str names[N_WORDS];
  for (size_t i = 0; i < N_WORDS; i++) {
    names[i] = str_c(words[i].name);
    if (!str_eq(w, names[i])) continue;
    t->kind = (uint8_t)words[i].kind;
    if (t->kind == T_OBJECT) return read_object(r, t, depth);
    return t->kind >= T_LIST ? read_inner(r, t, depth) : t;
  }
  struct str near = diag_nearest(w, names, N_WORDS);
  const char *why = "it names no type";
  if (near.n) why = str_fmt(&s->arena, "did you mean %.*s?", SV(near)).p;
  return fail(r, why);
}

static void check_types(struct reader *r, const struct itype *t, unsigned depth) {
  const struct lang_types *types = r->p->o->types;
  if (!t || depth > TYPE_DEPTH) return;
  if ((t->kind == T_RESOURCE || t->kind == T_ID) && types) {
    struct str name = session_str(r->p->s, t->name);
    if (!types->type_known(types->user, name)) {
      struct diags *d = &r->p->s->diags;
      struct diag *g = diag_add(d, QN0440, r->span, "unknown resource type %.*s", SV(name));
      const struct str *names;
      size_t n = types->type_names(types->user, &names);
      struct str near = diag_nearest(name, names, n);
      if (near.n) diag_help(d, g, "did you mean %.*s?", SV(near));
      r->failed = true;
    }
  }
  check_types(r, t->of, depth + 1);
  for (uint32_t i = 0; i < t->n_fields; i++) check_types(r, t->fields[i].type, depth + 1);
}

const struct itype *itype_parse(struct program *p, struct str text, struct span at) {
  struct reader r = {.p = p, .text = text, .span = at};
  const struct itype *t = read_type(&r, 0);
  blanks(&r);
  if (t && r.at != text.n) t = fail(&r, "there is more text behind it");
  check_types(&r, t, 0);
  return r.failed ? NULL : t;
}

static void add_text(struct program *p, const struct itype *t, struct buf *b, unsigned depth) {
  if (depth > TYPE_DEPTH) return;
  struct str name = session_str(p->s, t->name);
  if (t->kind == T_RESOURCE) {
    buf_add(b, name);
    return;
  }
  for (size_t i = 0; i < N_WORDS; i++)
    if (words[i].kind == (enum tkind)t->kind) buf_addz(b, words[i].name);
  if (t->kind == T_OBJECT) {
    for (uint32_t i = 0; i < t->n_fields; i++) {
      const struct field *f = &t->fields[i];
      buf_addf(b, "%s%.*s%s = ", i ? ", " : "{", SV(session_str(p->s, f->name)), f->optional ? "?" : "");
      add_text(p, f->type, b, depth + 1);
    }
    buf_addc(b, '}');
  } else if (t->of) {
    buf_addc(b, '(');
    add_text(p, t->of, b, depth + 1);
    buf_addc(b, ')');
  } else if (t->name) {
    buf_addf(b, "(%.*s)", SV(name));
  }
}

struct str itype_text(struct program *p, const struct itype *t) {
  struct buf b = BUF_INIT(1 << 16);
  add_text(p, t, &b, 0);
  struct str out = str_dup(&p->s->arena, buf_str(&b));
  buf_release(&b);
  return out;
}
