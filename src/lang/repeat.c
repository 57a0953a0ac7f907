/* for_each and when: which instances of a resource or component there are. */
#include "program.h"

static const struct itype bool_type = {.kind = T_BOOL};

struct str address_join(struct program *p, struct str parent, sym name) {
  struct str n = session_str(p->s, name);
  return parent.n ? str_fmt(&p->s->arena, "%.*s.%.*s", SV(parent), SV(n)) : n;
}

struct maker {
  struct program *p;
  struct instance *in;
  const struct decl *d;
  struct str base;
  struct buf text;
  struct map seen; /* key -> index */
  sym key_name, value_name;
  struct copies *out;
  VEC(struct copy) v;
  bool failed;
};

static enum qn_err bad(struct maker *m, struct span at, const char *why, const char *help) {
  struct diags *d = &m->p->s->diags;
  struct diag *g = diag_add(d, QN0441, at, "for_each of \"%.*s\" %s", SV(m->base), why);
  if (help) diag_help(d, g, "%s", help);
  return QN_E_INVALID;
}

/* QN_OK and *yes; *open if it cannot be known here. */
static enum qn_err when(struct maker *m, const struct value *each, bool *yes, bool *open) {
  struct program *p = m->p;
  const struct tnode *t = m->d->rep.when;
  const struct value *v;
  struct frame f;
  *yes = true;
  if (!t) return QN_OK;
  frame_init(&f, p, m->in, each);
  enum qn_err e = tree_eval(&f, t, &v);
  if (e) return e;
  if (v->kind == V_UNKNOWN && p->lookups_missing) {
    *open = true;
    return QN_OK;
  }
  if (v->kind == V_UNKNOWN) {
    struct diag *g = diag_add(&p->s->diags, QN0442, value_span(p, v, t->span),
                              "`when` of \"%.*s\" depends on a value known after apply", SV(m->base));
    diag_help(&p->s->diags, g, "what exists must be known while planning: use an input or a local");
    return QN_E_INVALID;
  }
  struct str what = str_fmt(&p->s->arena, "`when` of \"%.*s\"", SV(m->base));
  if ((e = itype_coerce(p, &bool_type, v, t->span, what, &v))) return e;
  *yes = v->b;
  return QN_OK;
}

static const struct value *each_map(struct maker *m, const struct value *key, const struct value *value) {
  struct member both[2] = {{m->value_name, SPAN_NONE, value}, {m->key_name, SPAN_NONE, key}};
  return value_map(&m->p->s->arena, both, key ? 2 : 1);
}

static enum qn_err add_copy(struct maker *m, struct str key, const struct value *key_value,
                            const struct value *value, struct span at) {
  struct session *s = m->p->s;
  bool yes = true, open = false;
  const struct value *each = each_map(m, key_value, value);
  const uint32_t *old = map_get(&m->seen, key);
  if (old) {
    struct diag *g =
        diag_add(&s->diags, QN0441, at, "for_each of \"%.*s\" has \"%.*s\" twice", SV(m->base), SV(key));
    diag_help(&s->diags, g, "the key is the identity of the instance: every key must differ");
    return QN_E_INVALID;
  }
  enum qn_err e = when(m, each, &yes, &open);
  if (e) return e;
  m->out->open = m->out->open || open;
  buf_reset(&m->text);
  buf_add(&m->text, m->base);
  buf_addc(&m->text, '[');
  json_escape(&m->text, key);
  buf_addc(&m->text, ']');
  struct copy c = {session_sym(s, key), session_sym(s, buf_str(&m->text)), each};
  map_put(&s->arena, &m->seen, session_str(s, c.key), 0);
  if (yes && !open) VEC_PUSH(&s->arena, &m->v, c);
  return QN_OK;
}

/* The key of a list element: its value, or what `key` says of it. */
static enum qn_err element(struct maker *m, const struct value *v, struct span at) {
  struct program *p = m->p;
  const struct value *key = v;
  struct str text;
  if (m->d->rep.key) {
    struct frame f;
    frame_init(&f, p, m->in, each_map(m, NULL, v));
    enum qn_err e = tree_eval(&f, m->d->rep.key, &key);
    if (e) return e;
  } else if (v->kind == V_MAP) {
    return bad(m, at, "is a list of maps: what is the key of each?",
               "add `key: ${each.value.name}` beside it");
  }
  if (key->flags & VF_SECRET)
    return bad(m, at, "has a secret as key", "keys are addresses, which everybody can read");
  if (key->kind == V_UNKNOWN)
    return bad(m, at, "has a key that is known after apply",
               "keys are addresses: they must be known while planning");
  if ((key->kind != V_STR && key->kind != V_INT) || !value_to_text(&p->s->arena, key, &text))
    return bad(m, at, "has a key that is neither text nor a whole number", NULL);
  const struct value *as_text =
      key->kind == V_STR ? key : value_with_meta(&p->s->arena, value_str(&p->s->arena, text), key->meta);
  return add_copy(m, text, as_text, v, at);
}

static enum qn_err many(struct maker *m, const struct value *v, struct span at) {
  struct session *s = m->p->s;
  enum qn_err e = QN_OK;
  if (v->flags & VF_SECRET) return bad(m, at, "is a secret", "keys are addresses, which everybody can read");
  if (v->kind == V_MAP && m->d->rep.key) {
    struct diag *g = diag_add(&s->diags, QN0443, m->d->rep.key->span, "`key` beside a for_each over a map");
    diag_help(&s->diags, g, "the keys of the map are the keys: take `key` out, or repeat over values(map)");
    return QN_E_INVALID;
  }
  if (v->kind == V_MAP || v->kind == V_LIST) {
    VEC_RESERVE(&s->arena, &m->v, v->n);
    map_reserve(&s->arena, &m->seen, v->n);
  }
  if (v->kind == V_MAP) {
    for (uint32_t i = 0; !e && i < v->n; i++) {
      struct str key = session_str(s, v->members[i].key);
      struct span where = value_span(m->p, v->members[i].value, at);
      e = add_copy(m, key, value_str(&s->arena, key), v->members[i].value, where);
    }
    return e;
  }
  if (v->kind == V_LIST) {
    for (uint32_t i = 0; !e && i < v->n; i++) e = element(m, v->items[i], value_span(m->p, v->items[i], at));
    return e;
  }
  if (v->kind == V_RES)
    return bad(m, at, "is a resource or component, not a list or map",
               "repeat over its list of values, as ${network.subnet_ids}");
  return bad(m, at, "is neither a map nor a list", "give a map, or a list of distinct texts, as [a, b, c]");
}

static int by_text(const void *a, const void *b, void *user) {
  const struct session *s = user;
  return intern_cmp(s->names, ((const struct copy *)a)->key, ((const struct copy *)b)->key);
}

static enum qn_err run(struct maker *m) {
  struct program *p = m->p;
  struct copies *out = m->out;
  const struct tnode *t = m->d->rep.for_each;
  bool yes;
  enum qn_err e;
  if (!t) {
    if ((e = when(m, NULL, &yes, &out->open))) return e;
    struct copy one = {0, session_sym(p->s, m->base), NULL};
    VEC_RESERVE(&p->s->arena, &m->v, 1);
    if (yes && !out->open) VEC_PUSH(&p->s->arena, &m->v, one);
    return QN_OK;
  }
  struct frame f;
  const struct value *v;
  frame_init(&f, p, m->in, NULL);
  if ((e = tree_eval(&f, t, &v))) return e;
  out->many = true;
  struct span at = value_span(p, v, t->span);
  if (value_is_null(v)) return QN_OK;
  if (v->kind == V_UNKNOWN || (v->kind == V_LIST && value_unknown(v) && p->lookups_missing)) {
    out->open = p->lookups_missing;
    return out->open ? QN_OK
                     : bad(m, at, "depends on a value known after apply",
                           "what exists must be known while planning: use an input, a local or a lookup");
  }
  if ((e = many(m, v, at))) return e;
  sort_stable(&p->s->arena, m->v.v, m->v.n, sizeof *m->v.v, by_text, p->s);
  return QN_OK;
}

enum qn_err repeat_eval(struct program *p, struct instance *in, const struct decl *d, struct copies *out) {
  struct maker m = {.p = p, .in = in, .d = d, .base = address_join(p, in->address, d->name), .out = out};
  m.text = BUF_INIT(1 << 20);
  m.key_name = session_sym(p->s, STR("key"));
  m.value_name = session_sym(p->s, STR("value"));
  *out = (struct copies){0};
  enum qn_err e = run(&m);
  buf_release(&m.text);
  out->v = m.v.v;
  out->n = (uint32_t)m.v.n;
  return e;
}

static int by_sym(const void *a, const void *b, void *user) {
  sym x = ((const struct copy *)a)->key, y = ((const struct copy *)b)->key;
  (void)user;
  return (x > y) - (x < y);
}

const struct value *repeat_value(struct program *p, const struct copies *c, const struct decl *d, sym type) {
  struct arena *a = &p->s->arena;
  uint32_t meta = vmeta_add(p->s, (struct vmeta){.span = d->span, .how = HOW_LITERAL, .name = d->name});
  if (c->open) /* a lookup that is not available here decides: anything may be asked of it */
    return unknown_attr(p->s, a, 0, session_str(p->s, d->name), V_UNKNOWN, 0, meta);
  if (!c->many && !c->n) return value_with_meta(a, value_null(), meta);
  struct member *m = ARENA_ARRAY(a, c->n, struct member);
  struct copy *sorted = ARENA_ARRAY(a, c->n, struct copy); /* by sym: large maps are then looked up fast */
  if (c->n) memcpy(sorted, c->v, c->n * sizeof *sorted);
  sort_stable(a, sorted, c->n, sizeof *sorted, by_sym, NULL);
  for (uint32_t i = 0; i < c->n; i++) {
    struct value *v = ARENA_NEW(a, struct value);
    *v = (struct value){.kind = V_RES, .meta = meta};
    v->res.address = sorted[i].address;
    v->res.type = type;
    m[i] = (struct member){sorted[i].key, d->span, v};
  }
  return c->many ? value_with_meta(a, value_map(a, m, c->n), meta) : m[0].value;
}
