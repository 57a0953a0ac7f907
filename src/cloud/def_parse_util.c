/* Reading the YAML of a definition: scalars, lists, templates, paths, codes. */
#include "def.h"

#include <stdarg.h>

void dp_error(struct dparse *p, struct span at, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  diag_add(&p->s->diags, QN0920, at, "%s", text);
  p->failed = true;
}

const struct ynode *dp_get(struct dparse *p, const struct ynode *map, const char *key) {
  return map && map->kind == Y_MAP ? yaml_get(p->s, map, key) : NULL;
}

struct str dp_text(struct dparse *p, const struct ynode *n) {
  if (!n) return STR("");
  if (n->kind == Y_SCALAR) return n->text;
  dp_error(p, n->span, "one value is wanted here");
  return STR("");
}

/* Every key must be among `known` (NULL-terminated). */
void dp_known(struct dparse *p, const struct ynode *map, const char *const *known) {
  if (!map) return;
  if (map->kind != Y_MAP) {
    dp_error(p, map->span, "a map is wanted here");
    return;
  }
  for (uint32_t i = 0; i < map->n; i++) {
    struct str key = session_str(p->s, map->pairs[i].key);
    bool ok = false;
    for (size_t k = 0; known[k]; k++) ok |= str_eq(key, str_c(known[k]));
    if (!ok) dp_error(p, map->pairs[i].key_span, "unknown key \"%.*s\" in a provider definition", SV(key));
  }
}

const struct expr *dp_expr(struct dparse *p, const struct ynode *n) {
  if (!n) return NULL;
  if (n->kind != Y_SCALAR) {
    dp_error(p, n->span, "an expression is wanted here");
    return NULL;
  }
  const struct expr *e = template_parse(p->s, n);
  if (!e) p->failed = true;
  return e;
}

static const struct tmpl *tmpl_parse(struct dparse *p, const struct ynode *n, unsigned depth) {
  struct tmpl *t = ARENA_NEW(&p->s->arena, struct tmpl);
  t->span = n->span;
  if (n->kind == Y_SCALAR || depth > DEF_MAX_DEPTH) {
    t->kind = TM_EXPR;
    t->expr = dp_expr(p, n);
    return t;
  }
  t->kind = n->kind == Y_SEQ ? TM_LIST : TM_MAP;
  t->n = n->n;
  const struct tmpl **items = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, const struct tmpl *);
  sym *keys = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, sym);
  for (uint32_t i = 0; i < n->n; i++) {
    items[i] = tmpl_parse(p, n->kind == Y_SEQ ? n->items[i] : n->pairs[i].value, depth + 1);
    if (n->kind == Y_MAP) keys[i] = n->pairs[i].key;
  }
  t->items = items, t->keys = keys;
  return t;
}

const struct tmpl *dp_tmpl(struct dparse *p, const struct ynode *n) {
  return n ? tmpl_parse(p, n, 0) : NULL;
}

/* A scalar or a list of scalars. */
const struct str *dp_texts(struct dparse *p, const struct ynode *n, uint32_t *count) {
  *count = 0;
  if (!n) return NULL;
  uint32_t len = n->kind == Y_SEQ ? n->n : 1;
  struct str *v = ARENA_ARRAY(&p->s->arena, len ? len : 1, struct str);
  for (uint32_t i = 0; i < len; i++) v[i] = dp_text(p, n->kind == Y_SEQ ? n->items[i] : n);
  *count = len;
  return v;
}

struct mpath dp_path(struct dparse *p, const struct ynode *n) {
  struct mpath out = {0};
  if (!n) return out;
  if (mpath_parse(p->s, dp_text(p, n), n->span, &out)) p->failed = true;
  out.span = n->span;
  return out;
}

/* `{Member.path: template}` */
const struct assign *dp_assigns(struct dparse *p, const struct ynode *n, uint32_t *count) {
  *count = 0;
  if (!n) return NULL;
  if (n->kind != Y_MAP) {
    dp_error(p, n->span, "a map of members is wanted here");
    return NULL;
  }
  struct assign *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct assign);
  for (uint32_t i = 0; i < n->n; i++) {
    if (mpath_parse(p->s, session_str(p->s, n->pairs[i].key), n->pairs[i].key_span, &v[i].path))
      p->failed = true;
    v[i].value = dp_tmpl(p, n->pairs[i].value);
  }
  *count = n->n;
  return v;
}

bool dp_duration(struct str text, uint32_t *ms) {
  static const struct {
    const char *unit;
    uint32_t ms;
  } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
  size_t i = 0;
  while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9') i++;
  int64_t n;
  if (!str_to_i64(str_sub(text, 0, i), &n) || n < 0) return false;
  for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
    if (!str_eq(str_sub(text, i, text.n), str_c(units[k].unit))) continue;
    if (n > UINT32_MAX / units[k].ms) return false;
    *ms = (uint32_t)n * units[k].ms;
    return true;
  }
  return false;
}

uint32_t dp_ms(struct dparse *p, const struct ynode *n, uint32_t dflt) {
  if (!n) return dflt;
  uint32_t ms = dflt;
  if (!dp_duration(dp_text(p, n), &ms)) dp_error(p, n->span, "a duration such as 30s is wanted here");
  return ms;
}

bool dp_bool(struct dparse *p, const struct ynode *n) {
  if (!n) return false;
  struct str t = dp_text(p, n);
  if (!str_eq(t, STR("true")) && !str_eq(t, STR("false")))
    dp_error(p, n->span, "true or false is wanted here");
  return str_eq(t, STR("true"));
}

uint32_t dp_uint(struct dparse *p, const struct ynode *n, uint32_t dflt) {
  int64_t i;
  if (!n) return dflt;
  if (str_to_i64(dp_text(p, n), &i) && i >= 0 && i <= UINT32_MAX) return (uint32_t)i;
  dp_error(p, n->span, "a number is wanted here");
  return dflt;
}

static void code_of(struct dparse *p, const struct ynode *n, struct code_match *out) {
  static const char *const keys[] = {"code", "message", "within", "because", NULL};
  *out = (struct code_match){.within_ms = 120000};
  if (n->kind == Y_SCALAR) {
    out->code = n->text;
    return;
  }
  dp_known(p, n, keys);
  out->code = dp_text(p, dp_get(p, n, "code"));
  out->within_ms = dp_ms(p, dp_get(p, n, "within"), out->within_ms);
  const struct ynode *m = dp_get(p, n, "message");
  struct str why;
  size_t at;
  if (!m) return;
  struct regex *r;
  if (regex_new(&p->s->arena, dp_text(p, m), &r, &why, &at)) {
    dp_error(p, m->span, "%.*s", SV(why));
    return;
  }
  regex_free(r);
  out->message = dp_text(p, m);
}

/* Error codes: texts or {code, message, within}. */
const struct code_match *dp_codes(struct dparse *p, const struct ynode *n, uint32_t *count) {
  *count = 0;
  if (!n) return NULL;
  uint32_t len = n->kind == Y_SEQ ? n->n : 1;
  struct code_match *v = ARENA_ARRAY(&p->s->arena, len ? len : 1, struct code_match);
  for (uint32_t i = 0; i < len; i++) code_of(p, n->kind == Y_SEQ ? n->items[i] : n, &v[i]);
  *count = len;
  return v;
}

/* `Head(a, b)`; without brackets all of it is the head. */
struct str dp_call(struct str text, struct str args[2], uint32_t *n_args) {
  size_t open = str_find_c(text, '(');
  *n_args = 0;
  if (open == SIZE_MAX || text.p[text.n - 1] != ')') return text;
  struct str rest = str_sub(text, open + 1, text.n - 1);
  while (rest.n && *n_args < 2) {
    struct str one;
    rest = str_cut(rest, ',', &one);
    args[(*n_args)++] = str_trim(one);
  }
  return str_sub(text, 0, open);
}

struct codec_use dp_codec(struct dparse *p, struct str text, struct span at) {
  struct codec_use u = {0};
  uint32_t n;
  struct str name = dp_call(text, u.args, &n);
  u.codec = codec_find(name);
  if (!u.codec)
    dp_error(p, at, "unknown codec \"%.*s\"", SV(name));
  else if (u.codec->n_args != n)
    dp_error(p, at, "codec %s takes %u names", u.codec->name, u.codec->n_args);
  return u;
}
