/* Plan files: JSON by tables of fields, the same table for writing and reading. */
#include <stddef.h>

#include "quoin/crypto.h"
#include "quoin/plan.h"
#include "quoin/vec.h"

#define PLAN_FORMAT 1
#define PLAN_ID_HEX 32 /* digits of the hash that names a plan */

enum field_kind { F_STR, F_SYM, F_U8, F_U32, F_U64, F_BOOL, F_VALUE, F_ENUM, F_STRS, F_SYMS, F_U32S };
struct field {
  const char *name;
  enum field_kind kind;
  size_t at, count_at; /* count_at: of the arrays' uint32_t lengths */
};
#define F(type, name, kind)                                                                                  \
  { #name, kind, offsetof(struct type, name), 0 }
#define FA(type, name, count, kind)                                                                          \
  { #name, kind, offsetof(struct type, name), offsetof(struct type, count) }

static const struct field change_fields[] = {
    F(change, action, F_ENUM),
    F(change, reason, F_ENUM),
    F(change, address, F_SYM),
    F(change, type, F_SYM),
    F(change, region, F_SYM),
    F(change, account, F_SYM),
    F(change, moved_from, F_SYM),
    F(change, generation, F_U32),
    F(change, pair, F_U32),
    F(change, if_changed, F_BOOL),
    F(change, create_first, F_BOOL),
    F(change, record, F_BOOL),
    F(change, protect, F_BOOL),
    F(change, on_destroy, F_U8),
    F(change, wanted, F_VALUE),
    F(change, applied, F_VALUE),
    F(change, seen, F_VALUE),
    F(change, live, F_VALUE),
    F(change, identity, F_VALUE),
    F(change, attributes, F_VALUE),
    F(change, timeouts, F_VALUE),
    F(change, uid, F_STR),
    F(change, remaining_ms, F_U64),
    FA(change, properties, n_properties, F_STRS),
    FA(change, reads, n_reads, F_STRS),
    FA(change, deps, n_deps, F_SYMS),
    FA(change, after, n_after, F_U32S),
};
static const struct field leaf_fields[] = {
    F(leaf_change, path, F_STR),
    F(leaf_change, property, F_STR),
    F(leaf_change, before, F_VALUE),
    F(leaf_change, after, F_VALUE),
    F(leaf_change, recorded, F_VALUE),
    F(leaf_change, why, F_ENUM),
    F(leaf_change, forces_replace, F_BOOL),
    F(leaf_change, if_changed, F_BOOL),
};
static const struct field env_fields[] = {
    F(environment, stack, F_SYM),    F(environment, name, F_SYM),      F(environment, region, F_SYM),
    F(environment, account, F_SYM),  F(environment, partition, F_SYM), F(environment, protect, F_BOOL),
    F(environment, sandbox, F_BOOL), F(environment, tags, F_VALUE),    F(environment, inputs, F_VALUE),
};
static const struct field plan_fields[] = {
    F(plan, id, F_STR),        F(plan, lineage, F_STR),       F(plan, base, F_U64),
    F(plan, destroy, F_BOOL),  F(plan, refreshed, F_BOOL),    F(plan, partial, F_BOOL),
    F(plan, lookups, F_VALUE), F(plan, old_outputs, F_VALUE), F(plan, definitions_digest, F_STR),
    F(plan, version, F_STR),   F(plan, calls, F_U64),         F(plan, bound, F_U64),
};
static const struct field move_fields[] = {F(move, from, F_SYM), F(move, to, F_SYM)};
static const struct field output_fields[] = {F(output, name, F_SYM), F(output, value, F_VALUE),
                                             F(output, secret, F_BOOL)};
static const struct field check_fields[] = {F(check, that, F_VALUE), F(check, message, F_VALUE)};
#define N(a) (sizeof(a) / sizeof *(a))

/* ---- writing ------------------------------------------------------------ */
struct writer {
  struct session *s;
  struct arena *a;
  enum qn_err err;
};

static const struct value *text(struct writer *w, struct str t) {
  return value_str(w->a, t);
}

static const struct value *array_field(struct writer *w, const char *object, const struct field *f) {
  uint32_t n;
  memcpy(&n, object + f->count_at, sizeof n);
  if (!n) return NULL;
  const void *list;
  memcpy(&list, object + f->at, sizeof list);
  const struct value **items = ARENA_ARRAY(w->a, n, const struct value *);
  for (uint32_t i = 0; i < n; i++) {
    if (f->kind == F_STRS)
      items[i] = text(w, ((const struct str *)list)[i]);
    else if (f->kind == F_SYMS)
      items[i] = text(w, session_str(w->s, ((const sym *)list)[i]));
    else
      items[i] = value_int(w->a, ((const uint32_t *)list)[i]);
  }
  return value_list(w->a, items, n);
}

/* NULL for what equals zero: it is left out. */
static const struct value *write_field(struct writer *w, const char *object, const struct field *f) {
  const char *p = object + f->at;
  switch (f->kind) {
  case F_STR: {
    struct str t;
    memcpy(&t, p, sizeof t);
    return t.n ? text(w, t) : NULL;
  }
  case F_SYM: {
    sym t;
    memcpy(&t, p, sizeof t);
    return t ? text(w, session_str(w->s, t)) : NULL;
  }
  case F_U8: return *(const uint8_t *)p ? value_int(w->a, *(const uint8_t *)p) : NULL;
  case F_ENUM:
  case F_U32: {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v ? value_int(w->a, v) : NULL;
  }
  case F_U64: {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v ? value_int(w->a, (int64_t)v) : NULL;
  }
  case F_BOOL: return *(const bool *)p ? value_bool(w->a, true) : NULL;
  case F_VALUE: {
    const struct value *v, *out = NULL;
    memcpy(&v, p, sizeof v);
    if (!v) return NULL;
    enum qn_err e = value_encode(w->s, w->a, v, &out);
    if (e) w->err = e;
    return out;
  }
  case F_STRS:
  case F_SYMS:
  case F_U32S: break;
  }
  return array_field(w, object, f);
}

static const struct value *write_object(struct writer *w, const void *object, const struct field *fields,
                                        size_t n, const char *extra, const struct value *extra_value) {
  struct member members[40];
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    const struct value *v = write_field(w, object, &fields[i]);
    if (v) members[k++] = (struct member){.key = session_sym(w->s, str_c(fields[i].name)), .value = v};
  }
  if (extra_value)
    members[k++] = (struct member){.key = session_sym(w->s, str_c(extra)), .value = extra_value};
  return value_map(w->a, members, k);
}

static const struct value *write_list(struct writer *w, const void *items, size_t n, size_t size,
                                      const struct field *fields, size_t n_fields) {
  if (!n) return NULL;
  const struct value **list = ARENA_ARRAY(w->a, n, const struct value *);
  for (size_t i = 0; i < n; i++)
    list[i] = write_object(w, (const char *)items + i * size, fields, n_fields, NULL, NULL);
  return value_list(w->a, list, n);
}

static const struct value *write_changes(struct writer *w, const struct plan *p) {
  const struct value **list = ARENA_ARRAY(w->a, p->n_changes, const struct value *);
  for (uint32_t i = 0; i < p->n_changes; i++) {
    const struct change *c = &p->changes[i];
    const struct value *leaves =
        write_list(w, c->leaves, c->n_leaves, sizeof *c->leaves, leaf_fields, N(leaf_fields));
    list[i] = write_object(w, c, change_fields, N(change_fields), "leaves", leaves);
  }
  return value_list(w->a, list, p->n_changes);
}

static enum qn_err write_as(const struct plan *p, struct buf *out) {
  struct arena scratch;
  arena_init(&scratch);
  struct writer w = {p->s, &scratch, QN_OK};
  struct member parts[] = {
      {.key = session_sym(p->s, STR("quoin_plan")), .value = value_int(&scratch, PLAN_FORMAT)},
      {.key = session_sym(p->s, STR("plan")),
       .value = write_object(&w, p, plan_fields, N(plan_fields), NULL, NULL)},
      {.key = session_sym(p->s, STR("environment")),
       .value = write_object(&w, &p->env, env_fields, N(env_fields), NULL, NULL)},
      {.key = session_sym(p->s, STR("changes")), .value = write_changes(&w, p)},
      {.key = session_sym(p->s, STR("moves")),
       .value = write_list(&w, p->moves, p->n_moves, sizeof *p->moves, move_fields, N(move_fields))},
      {.key = session_sym(p->s, STR("outputs")),
       .value =
           write_list(&w, p->outputs, p->n_outputs, sizeof *p->outputs, output_fields, N(output_fields))},
      {.key = session_sym(p->s, STR("checks")),
       .value = write_list(&w, p->checks, p->n_checks, sizeof *p->checks, check_fields, N(check_fields))},
  };
  struct member kept[N(parts)];
  size_t n = 0;
  for (size_t i = 0; i < N(parts); i++)
    if (parts[i].value) kept[n++] = parts[i];
  enum qn_err e = w.err ? w.err : json_write(p->s, value_map(&scratch, kept, n), JSON_COMPACT, out);
  buf_addc(out, '\n');
  arena_release(&scratch);
  return e;
}

struct str plan_id(const struct plan *p) {
  if (p->id.n) return p->id;
  struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
  struct str id = {NULL, 0};
  if (write_as(p, &text) == QN_OK)
    id = str_sub(crypto_sha256_hex(&p->s->arena, buf_str(&text)), 0, PLAN_ID_HEX);
  buf_release(&text);
  return id;
}

enum qn_err plan_write(const struct plan *p, struct buf *out) {
  struct plan named = *p;
  named.id = plan_id(p);
  return write_as(&named, out);
}

/* ---- reading ------------------------------------------------------------ */
struct reader {
  struct session *s;
  struct arena *a;
  bool bad;
};

static void read_array(struct reader *r, char *object, const struct field *f, const struct value *v) {
  if (!value_is(v, V_LIST)) {
    r->bad = true;
    return;
  }
  size_t size = f->kind == F_STRS ? sizeof(struct str) : sizeof(uint32_t);
  char *list = arena_array(r->a, v->n, size);
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *item = v->items[i];
    bool number = f->kind == F_U32S;
    if (!value_is(item, number ? V_INT : V_STR)) {
      r->bad = true;
      return;
    }
    if (f->kind == F_STRS)
      ((struct str *)(void *)list)[i] = value_text(item);
    else
      ((uint32_t *)(void *)list)[i] = number ? (uint32_t)item->i : session_sym(r->s, value_text(item));
  }
  memcpy(object + f->at, &list, sizeof list);
  memcpy(object + f->count_at, &v->n, sizeof v->n);
}

static void read_field(struct reader *r, char *object, const struct field *f, const struct value *v) {
  char *p = object + f->at;
  bool is_text = f->kind == F_STR || f->kind == F_SYM,
       is_int = f->kind == F_U8 || f->kind == F_U32 || f->kind == F_U64 || f->kind == F_ENUM;
  if ((is_text && !value_is(v, V_STR)) || (is_int && !value_is(v, V_INT)) ||
      (f->kind == F_BOOL && !value_is(v, V_BOOL))) {
    r->bad = true;
    return;
  }
  uint32_t u32 = is_int ? (uint32_t)v->i : 0;
  switch (f->kind) {
  case F_STR: {
    struct str t = value_text(v);
    memcpy(p, &t, sizeof t);
    break;
  }
  case F_SYM: {
    sym t = session_sym(r->s, value_text(v));
    memcpy(p, &t, sizeof t);
    break;
  }
  case F_U8: *(uint8_t *)p = (uint8_t)v->i; break;
  case F_ENUM:
  case F_U32: memcpy(p, &u32, sizeof u32); break;
  case F_U64: {
    uint64_t u = (uint64_t)v->i;
    memcpy(p, &u, sizeof u);
    break;
  }
  case F_BOOL: *(bool *)p = v->b; break;
  case F_VALUE: {
    const struct value *out = NULL;
    if (value_decode(r->s, r->a, v, &out)) r->bad = true;
    memcpy(p, &out, sizeof out);
    break;
  }
  case F_STRS:
  case F_SYMS:
  case F_U32S: read_array(r, object, f, v); break;
  }
}

static void read_object(struct reader *r, void *object, const struct field *fields, size_t n,
                        const struct value *v) {
  if (!value_is(v, V_MAP)) {
    r->bad = true;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const struct value *member = value_get(r->s, v, str_c(fields[i].name));
    if (member) read_field(r, object, &fields[i], member);
  }
}

/* An array of objects; absent is empty. */
static void *read_list(struct reader *r, const struct value *v, size_t size, const struct field *fields,
                       size_t n_fields, uint32_t *n) {
  *n = 0;
  if (!v) return NULL;
  if (!value_is(v, V_LIST)) {
    r->bad = true;
    return NULL;
  }
  char *list = arena_array(r->a, v->n, size);
  for (uint32_t i = 0; i < v->n; i++) read_object(r, list + i * size, fields, n_fields, v->items[i]);
  *n = v->n;
  return list;
}

static bool map_or_none(const struct value *v) {
  return !v || v->kind == V_MAP;
}

/* Does a change of a file make sense by itself? n: changes in all. */
static bool sound(const struct change *c, uint32_t n) {
  bool wants = c->action == ACT_CREATE || c->action == ACT_UPDATE;
  if (!c->def || (unsigned)c->action > ACT_FORGET || (unsigned)c->reason > CR_INTERRUPTED ||
      c->on_destroy > OD_EMPTY)
    return false;
  if ((c->pair != UINT32_MAX && c->pair >= n) || (wants && !value_is(c->wanted, V_MAP))) return false;
  const struct value *maps[] = {c->wanted,   c->applied,    c->seen,    c->live,
                                c->identity, c->attributes, c->timeouts};
  for (size_t i = 0; i < N(maps); i++)
    if (!map_or_none(maps[i])) return false;
  for (uint32_t k = 0; k < c->n_after; k++)
    if (c->after[k] >= n) return false;
  for (uint32_t k = 0; k < c->n_leaves; k++)
    if ((unsigned)c->leaves[k].why > WHY_KEPT) return false;
  return true;
}

static void read_changes(struct reader *r, const struct value *v, const struct providers *prov,
                         struct plan *out) {
  uint32_t n = 0;
  struct change *changes = read_list(r, v, sizeof *changes, change_fields, N(change_fields), &n);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    struct change *c = &changes[i];
    c->leaves = read_list(r, value_get(r->s, v->items[i], STR("leaves")), sizeof *c->leaves, leaf_fields,
                          N(leaf_fields), &c->n_leaves);
    c->def = provider_find(prov, session_str(r->s, c->type));
    r->bad |= !sound(c, n);
  }
  for (uint32_t i = 0; i < n && !r->bad; i++)
    r->bad = changes[i].pair != UINT32_MAX &&
             (changes[i].pair == i || changes[changes[i].pair].pair != i ||
              (changes[i].action == ACT_CREATE) == (changes[changes[i].pair].action == ACT_CREATE));
  out->changes = changes;
  out->n_changes = n;
}

static enum qn_err refuse(struct session *s, const char *why) {
  struct diag *g =
      diag_add(&s->diags, QN0811, SPAN_NONE, "this is not a plan that this quoin can apply: %s", why);
  diag_help(&s->diags, g, "make a new one with `quoin plan -out FILE`");
  return QN_E_INVALID;
}

static bool is_spec(struct str bytes) {
  return str_starts(bytes, STR("quoin:")) || str_find(bytes, STR("\nquoin:")) != SIZE_MAX;
}

static enum qn_err refuse_spec(struct session *s) {
  struct diag *g = diag_add(&s->diags, QN0811, SPAN_NONE, "this is a spec, not a plan");
  diag_help(
      &s->diags, g,
      "a spec is named with -spec=FILE, and what to do by its environment; a plan is made of it with `quoin "
      "plan -out FILE`");
  return QN_E_INVALID;
}

/* The id is the hash of the file as it was before the id was written into it. */
static bool is_whole(struct session *s, struct str bytes, struct str id) {
  struct str field = str_fmt(&s->arena, "\"id\":\"%.*s\",", SV(id));
  size_t at = str_find(bytes, field);
  if (id.n != PLAN_ID_HEX || at == SIZE_MAX) return false;
  struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
  buf_add(&text, str_sub(bytes, 0, at));
  buf_add(&text, str_sub(bytes, at + field.n, bytes.n));
  bool same = !text.failed && str_eq(str_sub(crypto_sha256_hex(&s->arena, buf_str(&text)), 0, id.n), id);
  buf_release(&text);
  return same;
}

enum qn_err plan_read(struct session *s, struct str bytes, const struct providers *prov, struct plan *out) {
  const struct value *v;
  struct json_error err;
  if (json_parse(s, &s->arena, bytes, &v, &err) != QN_OK)
    return is_spec(bytes) ? refuse_spec(s) : refuse(s, "it is not whole JSON");
  const struct value *format = value_get(s, v, STR("quoin_plan"));
  if (!value_is(format, V_INT)) return refuse(s, "it has no plan in it");
  if (format->i != PLAN_FORMAT) return refuse(s, "its format is of another version");
  struct reader r = {s, &s->arena, false};
  struct plan p = {.s = s};
  read_object(&r, &p, plan_fields, N(plan_fields), value_get(s, v, STR("plan")));
  read_object(&r, &p.env, env_fields, N(env_fields), value_get(s, v, STR("environment")));
  read_changes(&r, value_get(s, v, STR("changes")), prov, &p);
  p.moves =
      read_list(&r, value_get(s, v, STR("moves")), sizeof *p.moves, move_fields, N(move_fields), &p.n_moves);
  p.outputs = read_list(&r, value_get(s, v, STR("outputs")), sizeof *p.outputs, output_fields,
                        N(output_fields), &p.n_outputs);
  p.checks = read_list(&r, value_get(s, v, STR("checks")), sizeof *p.checks, check_fields, N(check_fields),
                       &p.n_checks);
  if (r.bad || !p.version.n) return refuse(s, "parts of it are missing or of another kind");
  if (!is_whole(s, bytes, p.id)) return refuse(s, "it was changed after it was written");
  *out = p;
  return QN_OK;
}

enum qn_err plan_check_maker(const struct plan *p, const struct providers *prov) {
  struct session *s = p->s;
  const char *what = NULL;
  if (!str_eq(p->version, STR(QUOIN_VERSION)))
    what = "another version of quoin";
  else if (!str_eq(p->definitions_digest, providers_digest(prov, &s->arena)))
    what = "other provider definitions";
  if (!what) return QN_OK;
  struct diag *g = diag_add(&s->diags, QN0817, SPAN_NONE, "the plan was made with %s", what);
  diag_help(
      &s->diags, g,
      "make a new one with `quoin plan -out FILE`; QUOIN_PROVIDER_PATH has to be the same at plan and apply");
  return QN_E_STALE;
}
