/* YAML values with their scalars parsed as templates. What holds no expression
 * is evaluated once and shared by all instances. Recursion follows the depth of
 * the YAML text, which yaml_parse caps at 256. */
#include "program.h"

static uint32_t literal_meta(struct program *p, struct span at) {
  return vmeta_add(p->s, (struct vmeta){.span = at, .how = HOW_LITERAL});
}

static size_t word_end(struct str t, size_t i) {
  while (i < t.n && (t.p[i] == '-' || t.p[i] == '.' || t.p[i] == '_' || (t.p[i] >= '0' && t.p[i] <= '9') ||
                     (t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= 'A' && t.p[i] <= 'Z')))
    i++;
  return i;
}

/* `${aws:username}`: variables that AWS, not quoin, fills in. No expression starts with `word:`. */
static bool policy_variable(struct program *p, const struct ynode *y) {
  struct str t = y->text;
  for (size_t i = 0; i + 2 < t.n; i++) {
    if (t.p[i] != '$' || t.p[i + 1] != '{' || (i && t.p[i - 1] == '$')) continue;
    size_t colon = word_end(t, i + 2);
    if (colon == i + 2 || colon >= t.n || t.p[colon] != ':') continue;
    size_t end = colon;
    while (end < t.n && t.p[end] != '}') end++;
    if (end == t.n) continue;
    struct str var = str_sub(t, i, end + 1);
    struct diags *d = &p->s->diags;
    struct diag *g = diag_add(d, QN0450, yaml_text_span(p->s, y, i, end + 1),
                              "\"%.*s\" is not an expression of this language", SV(var));
    if (str_starts(var, STR("${AWS::")))
      diag_help(
          d, g,
          "for CloudFormation's pseudo parameters write ${region}, ${account}, ${partition} or ${stack}");
    else
      diag_help(d, g, "a variable that AWS fills in is escaped with a second dollar: write $%.*s", SV(var));
    return true;
  }
  return false;
}

static bool scalar_build(struct program *p, const struct ynode *y, struct tnode *t) {
  if (key_is_null(y)) {
    t->constant = value_with_meta(&p->s->arena, value_null(), literal_meta(p, y->span));
    return true;
  }
  if (str_find(y->text, STR("${")) == SIZE_MAX) { /* most scalars: no parser, and the node's own text */
    struct value *v = ARENA_NEW(&p->s->arena, struct value);
    *v = (struct value){.kind = V_STR, .meta = literal_meta(p, y->span), .n = (uint32_t)y->text.n};
    v->flags = y->style == YS_PLAIN ? VF_PLAIN : 0;
    v->s = y->text.p;
    t->constant = v;
    return true;
  }
  if (policy_variable(p, y)) return false;
  t->expr = template_parse(p->s, y);
  if (!t->expr) return false;
  shadow_collect(p, t->expr);
  if (!expr_is_literal(t->expr)) return true;
  struct eval ev = {.s = p->s, .arena = &p->s->arena};
  return expr_eval(&ev, t->expr, &t->constant) == QN_OK;
}

static bool null_item(struct program *p, const struct value *v, struct span at) {
  if (!value_is_null(v)) return false;
  struct diag *g = diag_add(&p->s->diags, QN0449, value_span(p, v, at), "null in a list");
  diag_help(&p->s->diags, g,
            "null means \"not set\", which an element cannot be: filter it out with "
            "`[x for x in xs if x != null]`");
  return true;
}

static const struct value *close_list(struct program *p, const struct tnode *t, const struct value **items) {
  return value_with_meta(&p->s->arena, value_list(&p->s->arena, items, t->n), literal_meta(p, t->span));
}
static const struct value *close_map(struct program *p, const struct tnode *t, const struct member *m,
                                     size_t n) {
  return value_with_meta(&p->s->arena, value_map(&p->s->arena, m, n), literal_meta(p, t->span));
}

static bool seq_build(struct program *p, const struct ynode *y, struct tnode *t) {
  struct arena *a = &p->s->arena;
  const struct tnode **items = ARENA_ARRAY(a, y->n, const struct tnode *);
  const struct value **values = ARENA_ARRAY(a, y->n, const struct value *);
  bool ok = true, constant = true;
  for (uint32_t i = 0; i < y->n; i++) {
    items[i] = tree_build(p, y->items[i]);
    if (!items[i] || (items[i]->constant && null_item(p, items[i]->constant, y->items[i]->span))) {
      ok = false;
      continue;
    }
    values[i] = items[i]->constant;
    constant = constant && values[i];
  }
  t->items = items;
  if (ok && constant) t->constant = close_list(p, t, values);
  return ok;
}

static bool map_build(struct program *p, const struct ynode *y, struct tnode *t) {
  struct arena *a = &p->s->arena;
  struct tmember *members = ARENA_ARRAY(a, y->n, struct tmember);
  struct member *values = ARENA_ARRAY(a, y->n, struct member);
  bool ok = true, constant = true;
  size_t n = 0;
  for (uint32_t i = 0; i < y->n; i++) {
    const struct ypair *pair = &y->pairs[i];
    members[i] = (struct tmember){pair->key, pair->key_span, tree_build(p, pair->value)};
    if (!members[i].value) {
      ok = false;
      continue;
    }
    const struct value *v = members[i].value->constant;
    constant = constant && v;
    if (v && (v->kind != V_NULL || t->keep_null)) values[n++] = (struct member){pair->key, pair->key_span, v};
  }
  t->members = members;
  if (ok && constant) t->constant = close_map(p, t, values, n);
  return ok;
}

const struct tnode *tree_build(struct program *p, const struct ynode *y) {
  struct tnode *t = ARENA_NEW(&p->s->arena, struct tnode);
  *t = (struct tnode){
      .kind = y->kind, .n = y->kind == Y_SCALAR ? 0 : y->n, .span = y->span, .keep_null = p->keep_null};
  bool ok = y->kind == Y_SCALAR ? scalar_build(p, y, t)
            : y->kind == Y_SEQ  ? seq_build(p, y, t)
                                : map_build(p, y, t);
  return ok ? t : NULL;
}

const struct value *tree_literal(struct program *p, const struct ynode *y) {
  struct arena *a = &p->s->arena;
  const struct value *v;
  if (y->kind == Y_SEQ) {
    const struct value **items = ARENA_ARRAY(a, y->n, const struct value *);
    for (uint32_t i = 0; i < y->n; i++) items[i] = tree_literal(p, y->items[i]);
    v = value_list(a, items, y->n);
  } else if (y->kind == Y_MAP) {
    struct member *m = ARENA_ARRAY(a, y->n, struct member);
    for (uint32_t i = 0; i < y->n; i++)
      m[i] = (struct member){y->pairs[i].key, y->pairs[i].key_span, tree_literal(p, y->pairs[i].value)};
    v = value_map(a, m, y->n);
  } else if (key_is_null(y)) {
    v = value_null();
  } else {
    v = value_str(a, y->text);
    if (y->style == YS_PLAIN) v = value_with_flags(a, v, VF_PLAIN);
  }
  return value_with_meta(a, v, literal_meta(p, y->span));
}

void tree_names(struct program *p, const struct tnode *t, struct names *out) {
  if (!t || t->constant) return;
  if (t->kind == Y_SCALAR) {
    size_t n;
    const sym *names = expr_free_names(p->s, t->expr, &n);
    for (size_t i = 0; i < n; i++) VEC_PUSH(&p->s->arena, out, names[i]);
    return;
  }
  for (uint32_t i = 0; i < t->n; i++)
    tree_names(p, t->kind == Y_SEQ ? t->items[i] : t->members[i].value, out);
}

static enum qn_err seq_eval(struct frame *f, const struct tnode *t, const struct value **out) {
  struct program *p = f->p;
  const struct value **items = ARENA_ARRAY(&p->s->arena, t->n, const struct value *);
  enum qn_err result = QN_OK;
  for (uint32_t i = 0; i < t->n; i++) {
    enum qn_err e = tree_eval(f, t->items[i], &items[i]);
    if (!e && null_item(p, items[i], t->items[i]->span)) e = QN_E_INVALID;
    if (e) result = e;
  }
  if (!result) *out = close_list(p, t, items);
  return result;
}

static enum qn_err map_eval(struct frame *f, const struct tnode *t, const struct value **out) {
  struct program *p = f->p;
  struct member *members = ARENA_ARRAY(&p->s->arena, t->n, struct member);
  enum qn_err result = QN_OK;
  size_t n = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    const struct tmember *m = &t->members[i];
    const struct value *v = NULL;
    enum qn_err e = tree_eval(f, m->value, &v);
    if (e)
      result = e;
    else if (v->kind != V_NULL || t->keep_null)
      members[n++] = (struct member){m->key, m->key_span, v};
  }
  if (!result) *out = close_map(p, t, members, n);
  return result;
}

/* Goes on after a mistake, so that all of a tree's mistakes are found in one run. */
enum qn_err tree_eval(struct frame *f, const struct tnode *t, const struct value **out) {
  if (t->constant) {
    *out = t->constant;
    return QN_OK;
  }
  if (t->kind == Y_SEQ) return seq_eval(f, t, out);
  if (t->kind == Y_MAP) return map_eval(f, t, out);
  return frame_eval(f, t->expr, out);
}
