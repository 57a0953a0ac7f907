/* Members and indices: a chain of links is walked as a whole, so that resources
 * are asked for the longest attribute path. */
#include "eval_internal.h"

struct chain {
  const struct expr **links; /* outermost last */
  const struct value **keys; /* evaluated index of a link; NULL for members */
  uint32_t n;
  const struct expr *base;
};

static enum qn_err fail_null(struct run *r, const struct expr *link) {
  struct diag *g;
  struct str base = expr_text(r->s, link->kids[0]);
  enum qn_err err;
  if (link->kind == E_INDEX) {
    err = eval_fail(r, &g, QN0314, link->span, "%.*s is null: it has no elements", SV(base));
    eval_help(r, g, "write %.*s?[...] if it may be null", SV(base));
    return err;
  }
  struct str name = session_str(r->s, link->name);
  err = eval_fail(r, &g, QN0314, link->span, "%.*s is null: it has no member \"%.*s\"", SV(base), SV(name));
  eval_help(r, g, "write %.*s?.%.*s if it may be null", SV(base), SV(name));
  return err;
}

static enum qn_err fail_member(struct run *r, const struct expr *link, const struct value *map,
                               struct str name) {
  struct diag *g;
  enum qn_err err = eval_fail(r, &g, QN0315, link->span, "there is no member \"%.*s\"", SV(name));
  if (!g) return err;
  if (link->kind == E_MEMBER && map->n && value_is(map->members[0].value, V_RES)) {
    struct str base = expr_text(r->s, link->kids[0]);
    eval_help(r, g,
              "%.*s has for_each: name one element, as %.*s[\"%.*s\"].%.*s, or take all, as [x.%.*s for k, x "
              "in %.*s]",
              SV(base), SV(base), SV(session_str(r->s, map->members[0].key)), SV(name), SV(name), SV(base));
    return err;
  }
  struct str *names = ARENA_ARRAY(&r->s->arena, map->n, struct str);
  const struct member *sorted = members_sorted(r, map);
  for (uint32_t i = 0; i < map->n; i++) names[i] = session_str(r->s, sorted[i].key);
  struct str best = diag_nearest(name, names, map->n);
  if (best.n) {
    eval_help(r, g, "did you mean \"%.*s\"?", SV(best));
    return err;
  }
  struct buf b = BUF_INIT(4096);
  for (uint32_t i = 0; i < map->n && i < 8; i++) buf_addf(&b, "%s%.*s", i ? ", " : "", SV(names[i]));
  if (map->n > 8) buf_addz(&b, " ...");
  if (map->n)
    eval_help(r, g, "there are %.*s", SV(buf_str(&b)));
  else
    eval_help(r, g, "the map is empty");
  buf_release(&b);
  return err;
}

static enum qn_err member_of(struct run *r, const struct expr *link, const struct value *v, struct str name,
                             const struct value **out) {
  if (!value_is(v, V_MAP))
    return eval_fail(r, NULL, QN0313, link->span, "%s has no members: there is no \"%.*s\"", kind_words(v),
                     SV(name));
  const struct value *m = value_get(r->s, v, name);
  if (!m && !link->optional && !r->ev->definition) return fail_member(r, link, v, name);
  *out = m ? m : value_null();
  return QN_OK;
}

static enum qn_err element_of(struct run *r, const struct expr *link, const struct value *v,
                              const struct value *key, const struct value **out) {
  struct span at = link->kids[1]->span;
  struct str text;
  if (value_is(v, V_MAP)) {
    if (!value_to_text(r->a, key, &text))
      return eval_fail(r, NULL, QN0313, at, "a map is indexed by a string, not %s", kind_words(key));
    enum qn_err err = member_of(r, link, v, text, out);
    if (!err) *out = add_origins(r, *out, leaf_origins(r, key));
    return err;
  }
  if (!value_is(v, V_LIST))
    return eval_fail(r, NULL, QN0313, link->span, "%s cannot be indexed", kind_words(v));
  int64_t i = -1;
  bool whole = value_is(key, V_INT);
  if (whole)
    i = key->i;
  else if (value_is(key, V_STR) && (key->flags & VF_PLAIN))
    whole = str_to_i64(value_text(key), &i);
  if (!whole)
    return eval_fail(r, NULL, QN0313, at, "a list is indexed by a whole number, not %s", kind_words(key));
  if (i >= 0 && i < (int64_t)v->n) {
    *out = add_origins(r, v->items[i], leaf_origins(r, key));
    return QN_OK;
  }
  *out = value_null();
  if (link->optional || r->ev->definition) return QN_OK;
  return eval_fail(r, NULL, QN0316, at, "index %lld is outside of a list of %u element%s", (long long)i,
                   (unsigned)v->n, v->n == 1 ? "" : "s");
}

/* Links from `from` on that make one attribute path; its text. */
static struct str attribute_path(struct run *r, const struct chain *c, uint32_t from, uint32_t *to) {
  struct buf b = BUF_INIT(1 << 20);
  uint32_t i = from;
  for (; i < c->n; i++) {
    const struct expr *link = c->links[i];
    if (i > from && link->optional) break;
    if (link->kind == E_MEMBER) {
      buf_addf(&b, "%s%.*s", i > from ? "." : "", SV(session_str(r->s, link->name)));
      continue;
    }
    const struct value *key = c->keys[i];
    if (value_is(key, V_INT)) {
      buf_addf(&b, "[%lld]", (long long)key->i);
    } else if (value_is(key, V_STR)) {
      buf_addc(&b, '[');
      json_escape(&b, value_text(key));
      buf_addc(&b, ']');
    } else {
      break;
    }
  }
  *to = i;
  struct str out = str_dup(r->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static enum qn_err attribute_of(struct run *r, const struct chain *c, uint32_t *i, const struct value *res,
                                const struct value **out) {
  const struct expr *link = c->links[*i];
  struct str type = session_str(r->s, res->res.type), address = session_str(r->s, res->res.address);
  if (link->kind == E_INDEX) {
    struct diag *g;
    enum qn_err err =
        eval_fail(r, &g, QN0313, link->span, "%.*s is one resource: it cannot be indexed", SV(address));
    eval_help(r, g, "only resources with for_each have elements");
    return err;
  }
  uint32_t to = *i + 1;
  struct str path;
  /* a component has outputs, whose values are walked on here */
  if (to == c->n || str_starts(type, STR("module(")))
    path = session_str(r->s, link->name);
  else
    path = attribute_path(r, c, *i, &to);
  const struct scope *sc = r->ev->scope;
  const struct value *v = NULL;
  struct span at = c->links[to - 1]->span;
  enum qn_err err = sc && sc->attribute ? sc->attribute(r->ev, sc->user, res, path, at, &v) : QN_E_NOTFOUND;
  if (err == QN_E_NOTFOUND)
    return eval_fail(r, NULL, QN0315, at, "%.*s (%.*s) has no attribute \"%.*s\"", SV(address), SV(type),
                     SV(path));
  if (err) return err;
  uint32_t origins = 0;
  for (uint32_t k = *i; k < to; k++)
    if (c->keys[k]) origins = origins_union(r->s, origins, leaf_origins(r, c->keys[k]));
  *out = add_origins(r, v ? v : value_null(), origins);
  *i = to;
  return QN_OK;
}

/* The rest of a chain on something unknown. */
static enum qn_err unknown_rest(struct run *r, const struct chain *c, uint32_t from, const struct value *v,
                                const struct value **out) {
  uint8_t k = kind_of(v);
  const struct expr *link = c->links[from];
  if (v->kind == V_UNKNOWN && (k == V_STR || k == V_INT || k == V_DEC || k == V_BOOL))
    return eval_fail(r, NULL, QN0313, link->span, "%s has no members or elements", vkind_words(k));
  struct residual x = {.r = r};
  const struct expr *e = residual_bind(&x, v, link->kids[0]->span);
  for (uint32_t i = from; i < c->n; i++) {
    const struct expr *kids[2] = {e, NULL};
    link = c->links[i];
    if (c->keys[i]) kids[1] = residual_bind(&x, c->keys[i], link->kids[1]->span);
    struct expr *made = expr_new(r->a, (enum ekind)link->kind, link->span, kids, link->n);
    made->name = link->name;
    made->optional = link->optional;
    e = made;
  }
  *out = residual_end(&x, e, V_UNKNOWN, 0);
  return QN_OK;
}

static enum qn_err walk(struct run *r, const struct chain *c, const struct value *v,
                        const struct value **out) {
  for (uint32_t i = 0; i < c->n;) {
    const struct expr *link = c->links[i];
    enum qn_err err;
    if (value_is_null(v)) {
      if (!link->optional && !r->ev->definition) return fail_null(r, link);
      v = value_null();
      break;
    }
    if (v->kind == V_UNKNOWN || (c->keys[i] && value_is(c->keys[i], V_UNKNOWN)))
      return unknown_rest(r, c, i, v, out);
    if (v->kind == V_RES) {
      err = attribute_of(r, c, &i, v, &v);
    } else {
      err = c->keys[i] ? element_of(r, link, v, c->keys[i], &v)
                       : member_of(r, link, v, session_str(r->s, link->name), &v);
      i++;
    }
    if (err) return err;
  }
  *out = v;
  return QN_OK;
}

#define LINKS 8
enum qn_err eval_path(struct run *r, const struct expr *e, const struct value **out) {
  const struct expr *few[LINKS];
  const struct value *few_keys[LINKS];
  struct chain c = {.links = few, .keys = few_keys, .base = e};
  for (; c.base->kind == E_MEMBER || c.base->kind == E_INDEX; c.base = c.base->kids[0]) c.n++;
  if (c.n > LINKS) {
    c.links = ARENA_ARRAY(r->a, c.n, const struct expr *);
    c.keys = ARENA_ARRAY(r->a, c.n, const struct value *);
  }
  const struct expr *link = e;
  for (uint32_t i = c.n; i > 0; i--, link = link->kids[0]) c.links[i - 1] = link;
  const struct value *base;
  enum qn_err err = eval_node(r, c.base, &base);
  for (uint32_t i = 0; !err && i < c.n; i++) {
    c.keys[i] = NULL;
    if (c.links[i]->kind != E_INDEX) continue;
    const struct expr *index = c.links[i]->kids[1];
    err = eval_node(r, index, &c.keys[i]);
    if (!err && has_secret(c.keys[i]))
      err = eval_fail(r, NULL, QN0318, index->span, "a secret cannot be an index");
  }
  return err ? err : walk(r, &c, base, out);
}
