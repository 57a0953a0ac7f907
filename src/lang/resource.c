/* Resources: their instances, their properties, and what others see of them. */
#include "program.h"

#define WALK_DEPTH 256

enum qn_err resource_expand(struct program *p, struct instance *in, const struct decl *d, struct slot *s) {
  struct copies c;
  enum qn_err e = repeat_eval(p, in, d, &c);
  if (e) return e;
  s->open = c.open;
  s->n = c.n;
  s->resources = ARENA_ARRAY(&p->s->arena, c.n, struct rinst);
  program_expect(p, c.n);
  for (uint32_t i = 0; i < c.n; i++) {
    struct rinst *r = &s->resources[i];
    r->in = in;
    r->decl = d;
    r->each = c.v[i].each;
    r->r.address = c.v[i].address;
    r->r.type = d->res.type;
    r->r.span = d->span;
    map_put(&p->s->arena, &p->resources, session_str(p->s, r->r.address), (uint32_t)p->resource_list.n);
    VEC_PUSH(&p->s->arena, &p->resource_list, r);
  }
  s->value = repeat_value(p, &c, d, d->res.type);
  return QN_OK;
}

static enum qn_err on_destroy_eval(struct program *p, struct rinst *r, struct frame *f) {
  static const char *const words[] = {"delete", "retain", "snapshot", "empty"};
  const struct tnode *n = r->decl->res.on_destroy;
  const struct value *v;
  uint8_t word;
  enum qn_err e = n ? tree_eval(f, n, &v) : QN_OK;
  if (e || !n || value_is_null(v)) return e;
  struct span at = value_span(p, v, n->span);
  if (v->kind == V_UNKNOWN)
    diag_add(&p->s->diags, QN0461, at, "on_destroy depends on a value known after apply");
  else if (v->kind != V_STR)
    diag_add(&p->s->diags, QN0407, at, "on_destroy is one of delete, retain, snapshot and empty");
  if (v->kind != V_STR || !word_among(p, value_text(v), at, "on_destroy", words, 4, &word))
    return QN_E_INVALID;
  r->r.on_destroy = (uint8_t)(OD_DELETE + word);
  r->r.on_destroy_span = at;
  return QN_OK;
}

static enum qn_err options_eval(struct program *p, struct rinst *r, struct frame *f) {
  static const struct itype bool_type = {.kind = T_BOOL}, duration = {.kind = T_DURATION};
  static const struct itype durations = {.kind = T_MAP, .of = &duration};
  const struct resource_decl *d = &r->decl->res;
  const struct value *v;
  enum qn_err result = QN_OK, e = QN_OK;
  r->r.replace = d->replace;
  r->r.ignore = d->ignore;
  r->r.ignore_spans = d->ignore_spans;
  r->r.n_ignore = d->n_ignore;
  if (d->protect && !(e = tree_eval(f, d->protect, &v))) {
    e = v->kind == V_UNKNOWN ? QN_E_INVALID
                             : itype_coerce(p, &bool_type, v, d->protect->span, STR("protect"), &v);
    if (v->kind == V_UNKNOWN)
      diag_add(&p->s->diags, QN0461, value_span(p, v, d->protect->span),
               "protect depends on a value known after apply");
    if (!e) r->r.protect = v->b;
  }
  if (e) result = e;
  if ((e = on_destroy_eval(p, r, f))) result = e;
  e = QN_OK;
  if (d->timeouts && !(e = tree_eval(f, d->timeouts, &v)) &&
      !(e = itype_coerce(p, &durations, v, d->timeouts->span, STR("timeouts"), &v)))
    r->r.timeouts = v;
  if (e) result = e;
  e = depends_eval(f, r->decl, &r->prefixes, &r->n_prefixes);
  return e ? e : result;
}

static enum qn_err evaluate(struct program *p, struct rinst *r) {
  const struct lang_types *types = p->o->types;
  const struct decl *d = r->decl;
  const struct value *props = value_map(&p->s->arena, NULL, 0);
  struct frame f;
  sym region;
  frame_init(&f, p, r->in, r->each);
  enum qn_err e = region_eval(&f, r->decl->region, &region), bad = options_eval(p, r, &f);
  if (e) return e;
  f.region = region;
  r->r.region = region == p->out->env.region ? 0 : region;
  if (d->res.props && (e = tree_eval(&f, d->res.props, &props))) return e;
  if (value_is_null(props)) props = value_map(&p->s->arena, NULL, 0);
  if (props->kind != V_MAP) {
    diag_add(&p->s->diags, QN0403, value_span(p, props, d->span), "properties must be a map");
    return QN_E_INVALID;
  }
  if ((e = tags_merge(p, r, &f, &props))) return e;
  if (types && (e = types->check(types->user, session_str(p->s, r->r.type), props, d->span, &props)))
    return e;
  r->r.props = props;
  return bad;
}

enum qn_err resource_eval(struct program *p, struct rinst *r, struct span at) {
  if (r->state == SLOT_DONE) return QN_OK;
  if (r->state == SLOT_FAILED) return QN_E_INVALID;
  enum qn_err e = program_enter(p, session_str(p->s, r->r.address), at, r->state == SLOT_BUSY);
  if (e) return e;
  r->state = SLOT_BUSY;
  e = evaluate(p, r);
  r->state = e ? SLOT_FAILED : SLOT_DONE;
  program_leave(p);
  return e;
}

/* v and everything below depend on address: members are taken out of a container later. */
static const struct value *seen_through(struct program *p, const struct value *v, sym address, struct span at,
                                        unsigned depth) {
  struct session *s = p->s;
  struct arena *a = &s->arena;
  const struct value *out = v;
  if (depth < WALK_DEPTH && v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = seen_through(p, v->items[i], address, at, depth + 1);
    out = value_with_flags(a, value_list(a, items, v->n), v->flags);
  } else if (depth < WALK_DEPTH && v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      m[i] = v->members[i];
      m[i].value = seen_through(p, m[i].value, address, at, depth + 1);
    }
    out = value_with_flags(a, value_map(a, m, v->n), v->flags);
  }
  uint32_t origins = origins_add(s, vmeta_get(s, v->meta).origins, address);
  return value_with_meta(a, out, vmeta_add(s, (struct vmeta){at, HOW_ATTRIBUTE, address, v->meta, origins}));
}

static enum qn_err module_member(struct program *p, const struct value *res, struct str path, struct span at,
                                 const struct value **out) {
  struct session *s = p->s;
  uint32_t *i = map_get(&p->modules, session_str(s, res->res.address));
  if (!i) return QN_E_NOTFOUND;
  struct instance *in = p->instance_list.v[*i];
  struct mfile *m = in->file;
  struct str *names = ARENA_ARRAY(&s->arena, m->outputs.n, struct str);
  sym key = session_sym(s, path);
  for (uint32_t k = 0; k < m->outputs.n; k++) {
    names[k] = session_str(s, m->outputs.v[k].name);
    if (m->outputs.v[k].name != key) continue;
    return instance_output(p, in, k, at, out);
  }
  struct diag *g = diag_add(&s->diags, QN0457, at, "module \"%.*s\" has no output \"%.*s\"",
                            SV(session_str(s, m->name)), SV(path));
  struct str near = diag_nearest(path, names, m->outputs.n), all = names_list(p, names, m->outputs.n);
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"? Its outputs: %.*s", SV(near), SV(all));
  else if (m->outputs.n)
    diag_help(&s->diags, g, "its outputs: %.*s", SV(all));
  else
    diag_help(&s->diags, g, "it has no outputs: add the value under `outputs:` of %.*s", SV(m->path));
  return QN_E_INVALID;
}

static enum qn_err no_attribute(struct program *p, const struct value *res, struct str path, struct span at) {
  const struct lang_types *types = p->o->types;
  struct session *s = p->s;
  struct str *names, type = session_str(s, res->res.type);
  size_t n = types->attribute_names(types->user, &s->arena, type, &names);
  struct diag *g = diag_add(&s->diags, QN0446, at, "%.*s has no attribute \"%.*s\"", SV(type), SV(path));
  struct str near = diag_nearest(path, names, n), all = names_list(p, names, n < 12 ? n : 12);
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
  else
    diag_help(&s->diags, g, "it has %.*s%s", SV(all), n > 12 ? " and others" : "");
  return QN_E_INVALID;
}

/* A["k"].B[0] -> A[].B[]: the path in the type. */
static struct str without_keys(struct program *p, struct str path) {
  if (str_find_c(path, '[') == SIZE_MAX) return path;
  char *out = arena_alloc(&p->s->arena, path.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < path.n; i++) {
    out[n++] = path.p[i];
    if (path.p[i] != '[') continue;
    bool quoted = i + 1 < path.n && path.p[i + 1] == '"';
    if (quoted)
      for (i += 2; i < path.n && path.p[i] != '"'; i++)
        if (path.p[i] == '\\') i++;
    while (i + 1 < path.n && path.p[i + 1] != ']') i++;
  }
  return (struct str){out, n};
}

enum qn_err resource_attribute(struct program *p, const struct value *res, struct str path, struct span at,
                               const struct value **out) {
  const struct lang_types *types = p->o->types;
  struct session *s = p->s;
  sym address = res->res.address;
  if (str_starts(session_str(s, res->res.type), STR("module("))) return module_member(p, res, path, at, out);
  uint32_t *i = map_get(&p->resources, session_str(s, address));
  uint8_t kind = V_UNKNOWN;
  struct str format = STR("");
  bool read_only = false;
  if (!i) return QN_E_NOTFOUND;
  struct str general = without_keys(p, path);
  if (types &&
      !types->attribute(types->user, session_str(s, res->res.type), general, &kind, &format, &read_only))
    return no_attribute(p, res, path, at);
  if (!read_only) {
    struct rinst *r = p->resource_list.v[*i];
    enum qn_err e = resource_eval(p, r, at);
    if (e) return e;
    const struct value *v = value_at(s, r->r.props, path);
    if (v) {
      *out = seen_through(p, v, address, at, 0);
      return QN_OK;
    }
  }
  uint32_t meta = vmeta_add(s, (struct vmeta){at, HOW_ATTRIBUTE, address, 0, origins_add(s, 0, address)});
  *out = unknown_attr(s, &s->arena, address, path, kind, session_sym(s, format), meta);
  return QN_OK;
}
