/* Reading maps whose keys are known: the same words for every mistake. */
#include "program.h"

static const char *const kind_words[] = {[Y_SCALAR] = "text", [Y_SEQ] = "a list", [Y_MAP] = "a map"};

struct str names_list(struct program *p, const struct str *names, size_t n) {
  struct buf b = BUF_INIT(1 << 16);
  for (size_t i = 0; i < n; i++) {
    if (i) buf_addz(&b, i + 1 < n ? ", " : " and ");
    buf_add(&b, names[i]);
  }
  struct str out = str_dup(&p->s->arena, buf_str(&b));
  buf_release(&b);
  return out;
}

bool key_is_null(const struct ynode *y) {
  return y->kind == Y_SCALAR && y->style == YS_PLAIN &&
         (y->text.n == 0 || str_eq(y->text, STR("~")) || str_eq(y->text, STR("null")));
}

/* Where something stands that other languages have at this place. */
static const char *foreign_key(struct str key, bool resource) {
  if (!resource) return NULL;
  if (key.n && key.p[0] >= 'A' && key.p[0] <= 'Z') return "properties of the type stand below `properties:`";
  if (str_eq(key, STR("count"))) return "use for_each over a list or map: instances have names, not numbers";
  if (str_eq(key, STR("lifecycle"))) return "its parts are keys of their own: protect, ignore and replace";
  if (str_eq(key, STR("provider")))
    return "region and account come from the environment; `region:` sets another region";
  return NULL;
}

static void unknown_key(struct program *p, const struct ypair *pair, const struct key_rule *rules, size_t n,
                        const char *what) {
  struct session *s = p->s;
  struct str *names = ARENA_ARRAY(&s->arena, n, struct str), key = session_str(s, pair->key);
  for (size_t i = 0; i < n; i++) names[i] = str_c(rules[i].name);
  struct diag *g = diag_add(&s->diags, QN0401, pair->key_span, "unknown key \"%.*s\" in %s", SV(key), what);
  struct str near = diag_nearest(key, names, n), list = names_list(p, names, n);
  const char *foreign = foreign_key(key, n && str_eq(names[0], STR("type")));
  if (foreign)
    diag_help(&s->diags, g, "%s", foreign);
  else if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"? Allowed here: %.*s", SV(near), SV(list));
  else
    diag_help(&s->diags, g, "allowed here: %.*s", SV(list));
}

bool keys_check(struct program *p, const struct ynode *y, const struct key_rule *rules, size_t n,
                const char *what, struct span at) {
  struct session *s = p->s;
  if (y->kind != Y_MAP) {
    struct diag *g = diag_add(&s->diags, QN0403, y->span.file ? y->span : at, "%s must be a map, not %s",
                              what, key_is_null(y) ? "empty" : kind_words[y->kind]);
    diag_help(&s->diags, g, "write its keys indented below it: `key: value`");
    return false;
  }
  bool ok = true;
  uint64_t seen = 0; /* no map has more than 64 known keys */
  for (uint32_t i = 0; i < y->n; i++) {
    struct str key = session_str(s, y->pairs[i].key);
    size_t k = 0;
    while (k < n && !str_eq(key, str_c(rules[k].name))) k++;
    if (k < n) {
      seen |= UINT64_C(1) << k;
      continue;
    }
    unknown_key(p, &y->pairs[i], rules, n, what);
    ok = false;
  }
  for (size_t k = 0; k < n; k++) {
    if (!rules[k].required || (seen >> k & 1)) continue;
    struct diag *g = diag_add(&s->diags, QN0402, at, "%s needs \"%s\"", what, rules[k].name);
    diag_help(&s->diags, g, "add `%s: ...`", rules[k].name);
    ok = false;
  }
  return ok;
}

bool key_text(struct program *p, const struct ynode *y, const char *what, struct str *out) {
  if (!y) return false;
  if (y->kind != Y_SCALAR || key_is_null(y)) {
    diag_add(&p->s->diags, QN0403, y->span, "%s must be text, not %s", what,
             y->kind == Y_SCALAR ? "empty" : kind_words[y->kind]);
    return false;
  }
  if (str_find(y->text, STR("${")) != SIZE_MAX) {
    struct diag *g = diag_add(&p->s->diags, QN0406, y->span, "%s cannot be an expression", what);
    diag_help(&p->s->diags, g, "it is needed before anything is evaluated: write it out");
    return false;
  }
  *out = y->text;
  return true;
}

bool key_bool(struct program *p, const struct ynode *y, const char *what, bool *out) {
  if (!y) return false;
  bool yes = y->kind == Y_SCALAR && str_eq(y->text, STR("true"));
  bool no = y->kind == Y_SCALAR && str_eq(y->text, STR("false"));
  if ((!yes && !no) || y->style != YS_PLAIN) {
    struct diag *g = diag_add(&p->s->diags, QN0403, y->span, "%s must be true or false", what);
    if (y->kind == Y_SCALAR && (yes || no)) diag_help(&p->s->diags, g, "take the quotes away");
    return false;
  }
  *out = yes;
  return true;
}

bool word_among(struct program *p, struct str t, struct span at, const char *what, const char *const *words,
                size_t n, uint8_t *out) {
  struct str *names = ARENA_ARRAY(&p->s->arena, n, struct str);
  for (size_t i = 0; i < n; i++) {
    names[i] = str_c(words[i]);
    if (str_eq(t, names[i])) {
      *out = (uint8_t)i;
      return true;
    }
  }
  struct diag *g = diag_add(&p->s->diags, QN0407, at, "%s cannot be \"%.*s\"", what, SV(t));
  struct str near = diag_nearest(t, names, n), list = names_list(p, names, n);
  if (near.n)
    diag_help(&p->s->diags, g, "did you mean \"%.*s\"? Possible: %.*s", SV(near), SV(list));
  else
    diag_help(&p->s->diags, g, "possible: %.*s", SV(list));
  return false;
}

bool key_word(struct program *p, const struct ynode *y, const char *what, const char *const *words, size_t n,
              uint8_t *out) {
  struct str t;
  return key_text(p, y, what, &t) && word_among(p, t, y->span, what, words, n, out);
}

static bool name_of(struct str t, char also) {
  if (!t.n || t.p[0] < 'a' || t.p[0] > 'z') return false;
  for (size_t i = 1; i < t.n; i++) {
    char c = t.p[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == also)) return false;
  }
  return true;
}
bool name_ok(struct str t) {
  return name_of(t, '_');
}
bool name_hyphen_ok(struct str t) {
  return name_of(t, '-');
}

struct span value_span(struct program *p, const struct value *v, struct span otherwise) {
  struct span at = v ? vmeta_get(p->s, v->meta).span : SPAN_NONE;
  return at.file ? at : otherwise;
}
