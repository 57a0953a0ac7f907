/* Functions on lists and maps. Where the kinds are capital (fn_table.inc),
 * elements may be unknown: they are moved, not looked at. */
#include "fn.h"
#include "num.h"

typedef VEC(const struct value *) value_vec;

static const struct value *list_of(struct call *c, const value_vec *v) {
  return value_list(call_arena(c), v->v, v->n);
}

/* A part of a list, clamped. */
static const struct value *part(struct call *c, const struct value *list, int64_t from, int64_t to) {
  if (from < 0) from = 0;
  if (to > (int64_t)list->n) to = list->n;
  if (from > to) from = to;
  return value_list(call_arena(c), list->items + from, (size_t)(to - from));
}

enum qn_err fn_length(struct call *c, const struct value **out) {
  const struct value *v = c->args[0];
  *out = value_int(call_arena(c), v->kind == V_STR ? (int64_t)str_utf8_len(value_text(v)) : (int64_t)v->n);
  return QN_OK;
}

enum qn_err fn_keys(struct call *c, const struct value **out) {
  value_vec v = {0};
  struct member *m = members_sorted(c->r, c->args[0]);
  for (uint32_t i = 0; i < c->args[0]->n; i++)
    VEC_PUSH(call_arena(c), &v, call_str(c, session_str(c->r->s, m[i].key)));
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_values(struct call *c, const struct value **out) {
  value_vec v = {0};
  struct member *m = members_sorted(c->r, c->args[0]);
  for (uint32_t i = 0; i < c->args[0]->n; i++) VEC_PUSH(call_arena(c), &v, m[i].value);
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_entries(struct call *c, const struct value **out) {
  value_vec v = {0};
  struct member *m = members_sorted(c->r, c->args[0]);
  struct member pair[2] = {{.key = session_sym(c->r->s, STR("key"))},
                           {.key = session_sym(c->r->s, STR("value"))}};
  for (uint32_t i = 0; i < c->args[0]->n; i++) {
    pair[0].value = call_str(c, session_str(c->r->s, m[i].key));
    pair[1].value = m[i].value;
    VEC_PUSH(call_arena(c), &v, value_map(call_arena(c), pair, 2));
  }
  *out = list_of(c, &v);
  return QN_OK;
}

/* A map under construction: later members replace earlier ones in place. */
struct making {
  VEC(struct member) m;
  struct map index; /* key text -> position */
};

static void making_put(struct call *c, struct making *k, struct member m) {
  struct str text = session_str(c->r->s, m.key);
  const uint32_t *at = map_get(&k->index, text);
  if (at) {
    k->m.v[*at] = m;
    return;
  }
  map_put(call_arena(c), &k->index, text, (uint32_t)k->m.n);
  VEC_PUSH(call_arena(c), &k->m, m);
}

enum qn_err fn_merge(struct call *c, const struct value **out) {
  struct making k = {0};
  for (size_t i = 0; i < c->n; i++)
    for (uint32_t j = 0; j < c->args[i]->n; j++) making_put(c, &k, c->args[i]->members[j]);
  *out = value_map(call_arena(c), k.m.v, k.m.n);
  return QN_OK;
}

enum qn_err fn_zipmap(struct call *c, const struct value **out) {
  const struct value *keys = c->args[0], *values = c->args[1];
  struct making k = {0};
  if (keys->n != values->n)
    return fn_fail(c, SIZE_MAX, "%u keys for %u values", (unsigned)keys->n, (unsigned)values->n);
  for (uint32_t i = 0; i < keys->n; i++) {
    struct str t;
    if (has_secret(keys->items[i]))
      return eval_fail(c->r, NULL, QN0318, c->e->kids[0]->span, "a secret cannot be a key");
    if (!value_to_text(call_arena(c), keys->items[i], &t))
      return fn_fail(c, 0, "key %u is %s", (unsigned)i, kind_words(keys->items[i]));
    making_put(
        c, &k,
        (struct member){.key = session_sym(c->r->s, t), .key_span = c->e->span, .value = values->items[i]});
  }
  if (k.m.n != keys->n) return fn_fail(c, 0, "a key is there twice");
  *out = value_map(call_arena(c), k.m.v, k.m.n);
  return QN_OK;
}

static enum qn_err filter_keys(struct call *c, bool keep, const struct value **out) {
  const struct value *map = c->args[0], *keys = c->args[1];
  struct map wanted = {0};
  struct making k = {0};
  for (uint32_t i = 0; i < keys->n; i++) {
    struct str t;
    if (!value_to_text(call_arena(c), keys->items[i], &t))
      return fn_fail(c, 1, "key %u is %s", (unsigned)i, kind_words(keys->items[i]));
    map_put(call_arena(c), &wanted, t, 1);
  }
  for (uint32_t i = 0; i < map->n; i++)
    if ((map_get(&wanted, session_str(c->r->s, map->members[i].key)) != NULL) == keep)
      making_put(c, &k, map->members[i]);
  *out = value_map(call_arena(c), k.m.v, k.m.n);
  return QN_OK;
}

enum qn_err fn_pick(struct call *c, const struct value **out) {
  return filter_keys(c, true, out);
}
enum qn_err fn_omit(struct call *c, const struct value **out) {
  return filter_keys(c, false, out);
}

enum qn_err fn_has_key(struct call *c, const struct value **out) {
  *out = value_bool(call_arena(c), value_get(c->r->s, c->args[0], arg_str(c, 1)) != NULL);
  return QN_OK;
}

enum qn_err fn_get(struct call *c, const struct value **out) {
  const struct value *v = value_get(c->r->s, c->args[0], arg_str(c, 1));
  *out = v ? v : c->args[2];
  return QN_OK;
}

enum qn_err fn_coalesce(struct call *c, const struct value **out) {
  for (size_t i = 0; i < c->n; i++) {
    if (value_is_null(c->args[i])) continue;
    if (c->args[i]->kind == V_UNKNOWN && i + 1 < c->n) return FN_UNKNOWN;
    *out = c->args[i];
    return QN_OK;
  }
  *out = value_null();
  return QN_OK;
}

/* Lists that share their parts double with every line of a spec. */
#define LIST_MAX 1000000

static enum qn_err too_many(struct call *c) {
  return fn_fail(c, SIZE_MAX, "the list gets too long: more than 1000000 elements");
}

enum qn_err fn_concat(struct call *c, const struct value **out) {
  value_vec v = {0};
  uint64_t n = 0;
  for (size_t i = 0; i < c->n; i++) n += c->args[i]->n;
  if (n > LIST_MAX) return too_many(c);
  for (size_t i = 0; i < c->n; i++)
    for (uint32_t j = 0; j < c->args[i]->n; j++) VEC_PUSH(call_arena(c), &v, c->args[i]->items[j]);
  *out = list_of(c, &v);
  return QN_OK;
}

static enum qn_err flatten_into(struct call *c, const struct value *list, value_vec *v, uint64_t *steps,
                                unsigned depth) {
  if (depth > VALUE_DEPTH_MAX) return fn_fail(c, 0, "the list is nested too deeply");
  for (uint32_t i = 0; i < list->n; i++) {
    const struct value *x = list->items[i];
    uint8_t k = kind_of(x);
    if (++*steps > 2 * LIST_MAX || v->n >= LIST_MAX) return too_many(c);
    if (x->kind == V_UNKNOWN && (k == V_UNKNOWN || k == V_LIST)) return FN_UNKNOWN;
    enum qn_err err = QN_OK;
    if (x->kind == V_LIST)
      err = flatten_into(c, x, v, steps, depth + 1);
    else
      VEC_PUSH(call_arena(c), v, x);
    if (err) return err;
  }
  return QN_OK;
}

enum qn_err fn_flatten(struct call *c, const struct value **out) {
  value_vec v = {0};
  uint64_t steps = 0; /* empty lists cost time too */
  enum qn_err err = flatten_into(c, c->args[0], &v, &steps, 0);
  if (!err) *out = list_of(c, &v);
  return err;
}

enum qn_err fn_reverse(struct call *c, const struct value **out) {
  value_vec v = {0};
  for (uint32_t i = c->args[0]->n; i > 0; i--) VEC_PUSH(call_arena(c), &v, c->args[0]->items[i - 1]);
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_first(struct call *c, const struct value **out) {
  *out = c->args[0]->n ? c->args[0]->items[0] : value_null();
  return QN_OK;
}

enum qn_err fn_last(struct call *c, const struct value **out) {
  *out = c->args[0]->n ? c->args[0]->items[c->args[0]->n - 1] : value_null();
  return QN_OK;
}

enum qn_err fn_take(struct call *c, const struct value **out) {
  if (arg_int(c, 1) < 0) return fn_fail(c, 1, "the count is negative");
  *out = part(c, c->args[0], 0, arg_int(c, 1));
  return QN_OK;
}

enum qn_err fn_drop(struct call *c, const struct value **out) {
  if (arg_int(c, 1) < 0) return fn_fail(c, 1, "the count is negative");
  *out = part(c, c->args[0], arg_int(c, 1) < c->args[0]->n ? arg_int(c, 1) : c->args[0]->n, c->args[0]->n);
  return QN_OK;
}

enum qn_err fn_slice(struct call *c, const struct value **out) {
  for (size_t i = 1; i < c->n; i++)
    if (arg_int(c, i) < 0) return fn_fail(c, i, "the index is negative");
  *out = part(c, c->args[0], arg_int(c, 1), c->n > 2 ? arg_int(c, 2) : c->args[0]->n);
  return QN_OK;
}

enum qn_err fn_chunk(struct call *c, const struct value **out) {
  int64_t size = arg_int(c, 1);
  if (size < 1) return fn_fail(c, 1, "the size must be at least 1");
  value_vec v = {0};
  for (int64_t i = 0; i < c->args[0]->n; i += size) {
    VEC_PUSH(call_arena(c), &v, part(c, c->args[0], i, size < c->args[0]->n - i ? i + size : c->args[0]->n));
    if (size >= c->args[0]->n) break;
  }
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_compact(struct call *c, const struct value **out) {
  value_vec v = {0};
  for (uint32_t i = 0; i < c->args[0]->n; i++) {
    const struct value *x = c->args[0]->items[i];
    uint8_t k = kind_of(x);
    if (x->kind == V_UNKNOWN && (k == V_UNKNOWN || k == V_STR)) return FN_UNKNOWN;
    if (!value_is_null(x) && !(x->kind == V_STR && !x->n)) VEC_PUSH(call_arena(c), &v, x);
  }
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_zip(struct call *c, const struct value **out) {
  value_vec v = {0};
  uint32_t n = c->args[0]->n < c->args[1]->n ? c->args[0]->n : c->args[1]->n;
  for (uint32_t i = 0; i < n; i++) {
    const struct value *pair[2] = {c->args[0]->items[i], c->args[1]->items[i]};
    VEC_PUSH(call_arena(c), &v, value_list(call_arena(c), pair, 2));
  }
  *out = list_of(c, &v);
  return QN_OK;
}

enum qn_err fn_range(struct call *c, const struct value **out) {
  int64_t from = c->n > 1 ? arg_int(c, 0) : 0, to = arg_int(c, c->n > 1 ? 1 : 0),
          step = c->n > 2 ? arg_int(c, 2) : 1;
  if (step == 0) return fn_fail(c, 2, "the step is zero");
  value_vec v = {0};
  for (int64_t i = from; step > 0 ? i < to : i > to;) {
    if (v.n >= 100000) return fn_fail(c, SIZE_MAX, "more than 100000 numbers");
    VEC_PUSH(call_arena(c), &v, value_int(call_arena(c), i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  *out = list_of(c, &v);
  return QN_OK;
}

static enum qn_err decide(struct call *c, bool stop, const struct value **out) {
  bool open = false, b;
  for (uint32_t i = 0; i < c->args[0]->n; i++) {
    const struct value *x = c->args[0]->items[i];
    if (x->kind == V_UNKNOWN)
      open = true;
    else if (!bool_of(x, &b))
      return fn_fail(c, 0, "element %u is %s, not a bool", (unsigned)i, kind_words(x));
    else if (b == stop) {
      *out = value_bool(call_arena(c), stop);
      return QN_OK;
    }
  }
  *out = value_bool(call_arena(c), !stop);
  return open ? FN_UNKNOWN : QN_OK;
}

enum qn_err fn_any(struct call *c, const struct value **out) {
  return decide(c, true, out);
}
enum qn_err fn_all(struct call *c, const struct value **out) {
  return decide(c, false, out);
}

enum qn_err fn_contains(struct call *c, const struct value **out) {
  const struct value *v = c->args[0], *x = c->args[1];
  bool found = false, open = false;
  struct str t;
  if (v->kind == V_LIST) {
    for (uint32_t i = 0; i < v->n && !found; i++) {
      enum tri same = value_same(c->r, v->items[i], x);
      found = same == TRI_TRUE;
      open = open || same == TRI_UNKNOWN;
    }
  } else if (x->kind == V_UNKNOWN) {
    open = true;
  } else if (!value_to_text(call_arena(c), x, &t)) {
    return fn_fail(c, 1, "only text can be in %s, not %s", kind_words(v), kind_words(x));
  } else {
    found = v->kind == V_MAP ? value_get(c->r->s, v, t) != NULL : str_find(value_text(v), t) != SIZE_MAX;
  }
  if (!found && open) return FN_UNKNOWN;
  *out = value_bool(call_arena(c), found);
  return QN_OK;
}

enum qn_err fn_index_of(struct call *c, const struct value **out) {
  *out = value_null();
  for (uint32_t i = 0; i < c->args[0]->n; i++) {
    if (value_same(c->r, c->args[0]->items[i], c->args[1]) != TRI_TRUE) continue;
    *out = value_int(call_arena(c), i);
    break;
  }
  return QN_OK;
}

struct ranked {
  const struct value *v;
  uint32_t at;
};

static int by_value(const void *a, const void *b, void *user) {
  const struct run *r = user;
  return value_cmp(r->s, ((const struct ranked *)a)->v, ((const struct ranked *)b)->v);
}

static int by_place(const void *a, const void *b, void *user) {
  (void)user;
  uint32_t x = ((const struct ranked *)a)->at, y = ((const struct ranked *)b)->at;
  return (x > y) - (x < y);
}

static struct ranked *ranked(struct call *c, const struct value *list) {
  struct ranked *v = ARENA_ARRAY(call_arena(c), list->n, struct ranked);
  for (uint32_t i = 0; i < list->n; i++) v[i] = (struct ranked){list->items[i], i};
  sort_stable(call_arena(c), v, list->n, sizeof *v, by_value, c->r);
  return v;
}

/* Elements of `list`, each once, that are in `other` (want) or not; without `other` all. Order kept. */
static const struct value *each_once(struct call *c, const struct value *list, const struct value *other,
                                     bool want) {
  struct ranked *v = ranked(c, list), *o = other ? ranked(c, other) : NULL;
  uint32_t kept = 0, k = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    if (i > 0 && value_eq(c->r->s, v[i].v, v[i - 1].v)) continue;
    while (o && k < other->n && value_cmp(c->r->s, o[k].v, v[i].v) < 0) k++;
    bool in = o && k < other->n && value_eq(c->r->s, o[k].v, v[i].v);
    if (!other || in == want) v[kept++] = v[i];
  }
  sort_stable(call_arena(c), v, kept, sizeof *v, by_place, NULL);
  value_vec out = {0};
  for (uint32_t i = 0; i < kept; i++) VEC_PUSH(call_arena(c), &out, v[i].v);
  return list_of(c, &out);
}

enum qn_err fn_distinct(struct call *c, const struct value **out) {
  *out = each_once(c, c->args[0], NULL, true);
  return QN_OK;
}
enum qn_err fn_intersect(struct call *c, const struct value **out) {
  *out = each_once(c, c->args[0], c->args[1], true);
  return QN_OK;
}
enum qn_err fn_subtract(struct call *c, const struct value **out) {
  *out = each_once(c, c->args[0], c->args[1], false);
  return QN_OK;
}

static int by_size(const void *a, const void *b, void *user) {
  struct num x, y;
  (void)user;
  const struct value *v = *(const struct value *const *)a, *w = *(const struct value *const *)b;
  if (v->kind == V_STR && w->kind == V_STR) return str_cmp(value_text(v), value_text(w));
  return num_of(v, &x) && num_of(w, &y) ? num_cmp(x, y) : 0;
}

enum qn_err fn_sort(struct call *c, const struct value **out) {
  const struct value *list = c->args[0], **v = ARENA_ARRAY(call_arena(c), list->n, const struct value *);
  struct num x;
  bool text = list->n && list->items[0]->kind == V_STR;
  for (uint32_t i = 0; i < list->n; i++) {
    v[i] = list->items[i];
    if (text ? v[i]->kind == V_STR : (v[i]->kind == V_INT || v[i]->kind == V_DEC) && num_of(v[i], &x))
      continue;
    return fn_fail(c, 0, "element %u is %s; only numbers or only strings can be sorted", (unsigned)i,
                   kind_words(v[i]));
  }
  sort_stable(call_arena(c), v, list->n, sizeof *v, by_size, NULL);
  *out = value_list(call_arena(c), v, list->n);
  return QN_OK;
}
