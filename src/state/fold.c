/* What records mean: each changes the resources in memory. The same code folds
 * records that are read and records that were just written, so memory is always
 * what a reader of the journal would have. */
#include "internal.h"
#include "quoin/residual.h"

/* ---- members ------------------------------------------------------------------ */

static const struct value *get(const struct state *st, const struct value *m, enum state_key k) {
  return value_member(m, st->keys[k]);
}

static struct str text_of(const struct state *st, const struct value *m, enum state_key k) {
  const struct value *v = get(st, m, k);
  return value_is(v, V_STR) ? value_text(v) : (struct str){NULL, 0};
}

static sym sym_of(const struct state *st, const struct value *m, enum state_key k) {
  return session_sym(st->s, text_of(st, m, k));
}

static uint64_t int_of(const struct state *st, const struct value *m, enum state_key k) {
  const struct value *v = get(st, m, k);
  return value_is(v, V_INT) && v->i > 0 ? (uint64_t)v->i : 0;
}

static bool flag_of(const struct state *st, const struct value *m, enum state_key k) {
  const struct value *v = get(st, m, k);
  return value_is(v, V_BOOL) && v->b;
}

/* What a record says lives until the next one: what a resource keeps of it is copied. */
static void keep_text(struct state *st, struct str *into, struct str t) {
  if (!str_eq(*into, t)) *into = str_dup(&st->s->arena, t);
}

/* Words that many records share. */
static struct str keep_word(struct state *st, struct str t) {
  return session_str(st->s, session_sym(st->s, t));
}

/* Equal in all that is written; what refers to secrets is never shared. */
static bool same(const struct state *st, const struct value *have, const struct value *v) {
  return have && !v->flags && !have->flags && value_eq(st->s, have, v);
}

static const struct value *keep_value(struct state *st, const struct value *v, const struct value *have) {
  return same(st, have, v) ? have : value_copy(&st->s->arena, v);
}

/* A map of the record, if it has one under that name. What a resource has already (what was seen is mostly
 * what was applied, and that what was wanted) is shared: values do not change. r may be NULL. */
static bool keep_map(struct state *st, const struct value *m, enum state_key k, const struct sres *r,
                     const struct value **into) {
  const struct value *v = get(st, m, k);
  if (!value_is(v, V_MAP)) return false;
  const struct value *const have[] = {r ? r->applied : NULL, r ? r->wanted : NULL, r ? r->attributes : NULL,
                                      r ? r->identity : NULL};
  const struct value *kept = NULL;
  for (size_t i = 0; i < sizeof have / sizeof *have && !kept; i++)
    if (same(st, have[i], v)) kept = have[i];
  *into = kept ? kept : value_copy(&st->s->arena, v);
  return true;
}

static struct str *texts_of(struct state *st, const struct value *m, enum state_key k, uint32_t *n) {
  const struct value *v = get(st, m, k);
  *n = value_is(v, V_LIST) ? v->n : 0;
  if (!*n) return NULL;
  struct str *out = ARENA_ARRAY(&st->s->arena, *n, struct str);
  for (uint32_t i = 0; i < *n; i++)
    out[i] = keep_word(st, value_is(v->items[i], V_STR) ? value_text(v->items[i]) : STR(""));
  return out;
}

/* Only a text with a key or string that begins with $ can hold references. */
static bool may_refer(struct str t) {
  for (size_t i; (i = str_find_c(t, '$')) != SIZE_MAX; t = str_sub(t, i + 1, t.n))
    if (i && t.p[i - 1] == '"') return true;
  return false;
}

enum qn_err parse_object(struct state *st, struct str text, const struct value **out) {
  const struct value *v;
  bool refers = may_refer(text);
  arena_reset(&st->parsed);
  /* What references stand for is not copied. */
  struct arena *a = refers ? &st->s->arena : &st->parsed;
  if (json_parse(st->s, a, text, &v, NULL) || !value_is(v, V_MAP)) return QN_E_DAMAGED;
  if (refers) {
    struct member *m = ARENA_ARRAY(&st->s->arena, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      m[i] = v->members[i];
      if (value_decode(st->s, &st->s->arena, m[i].value, &m[i].value)) return QN_E_DAMAGED;
    }
    v = value_map(&st->s->arena, m, v->n);
  }
  *out = v;
  return QN_OK;
}

/* ---- values --------------------------------------------------------------------- */

/* The map with the value at a path of member names replaced (v NULL: removed). */
static const struct value *put_at(struct state *st, const struct value *map, struct str path,
                                  const struct value *v, unsigned depth) {
  struct str head, rest = str_cut(path, '.', &head);
  sym key = session_sym(st->s, head);
  if (!value_is(map, V_MAP)) map = value_map(&st->s->arena, NULL, 0);
  if (rest.p && rest.n && depth < 64) {
    const struct value *below = value_member(map, key);
    if (!v && !below) return map;
    v = put_at(st, below, rest, v, depth + 1);
  }
  return value_put(&st->s->arena, map, key, v);
}

static void merge_members(struct state *st, const struct value **into, const struct value *from) {
  if (!value_is(from, V_MAP)) return;
  if (!*into) {
    *into = from;
    return;
  }
  for (uint32_t i = 0; i < from->n; i++)
    *into = value_put(&st->s->arena, *into, from->members[i].key, from->members[i].value);
}

static void acknowledged(struct state *st, struct sres *r, struct str path, const struct value *v) {
  struct str top;
  str_cut(path, '.', &top);
  r->applied = put_at(st, r->applied, path, v, 0);
  if (r->seen) r->seen = value_put(&st->s->arena, r->seen, session_sym(st->s, top), NULL);
  for (size_t i = 0; i < r->unconfirmed.n; i++) {
    if (!str_eq(r->unconfirmed.v[i], path)) continue;
    memmove(&r->unconfirmed.v[i], &r->unconfirmed.v[i + 1],
            (r->unconfirmed.n - i - 1) * sizeof *r->unconfirmed.v);
    r->unconfirmed.n--;
    break;
  }
}

/* ---- generations ------------------------------------------------------------------ */

static void end_generation(struct state *st, struct gen *g) {
  uint32_t slot = (uint32_t)(g - st->gens);
  for (size_t i = st->open.n; i-- > 0;)
    if (st->open.v[i].slot == slot) open_remove(st, i);
  gen_unlink(st, g);
  g->dead = true;
}

static void end_if_nothing(struct state *st, struct gen *g) {
  if (!g->dead && !g->r.identity && !g->r.open.n) end_generation(st, g);
}

void fold_prune(struct state *st) {
  for (size_t i = 0; i < st->n_gens; i++) end_if_nothing(st, &st->gens[i]);
}

/* The object of a generation exists: of all whose objects exist only the last is not deposed. */
static void known(struct state *st, struct gen *g, const struct value *identity) {
  g->r.identity = identity;
  for (uint32_t i = st->heads[g->r.address]; i;) {
    struct gen *o = &st->gens[i - 1];
    i = o->next;
    if (o->r.generation > g->r.generation && o->r.identity) g->r.deposed = true;
    if (o->r.generation >= g->r.generation) continue;
    if (o->r.identity)
      o->r.deposed = true;
    else
      end_if_nothing(st, o);
  }
}

static void fold_facts(struct state *st, struct gen *g, const struct value *m) {
  const struct value *identity;
  keep_map(st, m, K_attributes, &g->r, &g->r.attributes);
  keep_map(st, m, K_applied, &g->r, &g->r.applied);
  keep_map(st, m, K_seen, &g->r, &g->r.seen);
  if (keep_map(st, m, K_identity, &g->r, &identity)) known(st, g, identity);
}

static enum qn_err fold_open(struct state *st, struct gen *g, const struct value *m, uint64_t n) {
  struct intent in = {.n = n,
                      .address = g->r.address,
                      .generation = g->r.generation,
                      .uid = g->r.uid,
                      .type = g->r.type,
                      .region = g->r.region,
                      .step = (uint32_t)int_of(st, m, K_step),
                      .operation = keep_word(st, text_of(st, m, K_operation)),
                      .digest = str_dup(&st->s->arena, text_of(st, m, K_digest)),
                      .at_ms = (int64_t)int_of(st, m, K_at)};
  struct str verb = text_of(st, m, K_verb);
  if (verb.n != 1 || !n) return QN_E_DAMAGED;
  in.kind = (uint8_t)verb.p[0];
  in.paths = texts_of(st, m, K_paths, &in.n_paths);
  VEC_PUSH(&st->s->arena, &g->r.open, in);
  open_add(st, g, n);
  return QN_OK;
}

enum qn_err fold_sres(struct state *st, const struct value *m, bool with_open) {
  sym address = sym_of(st, m, K_address);
  uint64_t generation = int_of(st, m, K_generation);
  if (!address || !generation || generation > UINT32_MAX) return QN_E_DAMAGED;
  struct gen *g = gen_find(st, address, (uint32_t)generation);
  if (!g) g = gen_make(st, address, (uint32_t)generation);
  if (!g) return QN_E_NOMEM;
  struct sres *r = &g->r;
  r->type = sym_of(st, m, K_type);
  r->region = sym_of(st, m, K_region);
  r->account = sym_of(st, m, K_account);
  r->partition = sym_of(st, m, K_partition);
  keep_text(st, &r->uid, text_of(st, m, K_uid));
  r->deposed = flag_of(st, m, K_deposed);
  r->complete = flag_of(st, m, K_complete);
  r->protect = flag_of(st, m, K_protect);
  r->on_destroy = (uint8_t)int_of(st, m, K_on_destroy);
  uint32_t n;
  struct str *deps = texts_of(st, m, K_deps, &n);
  sym *syms = n ? ARENA_ARRAY(&st->s->arena, n, sym) : NULL;
  for (uint32_t i = 0; i < n; i++) syms[i] = session_sym(st->s, deps[i]);
  r->deps = syms;
  r->n_deps = n;
  r->unconfirmed.v = texts_of(st, m, K_unconfirmed, &n);
  r->unconfirmed.n = r->unconfirmed.cap = n;
  if (!keep_map(st, m, K_wanted, r, &r->wanted)) r->wanted = NULL;
  fold_facts(st, g, m);
  if (r->identity) known(st, g, r->identity);
  const struct value *open = with_open ? get(st, m, K_open) : NULL;
  for (uint32_t i = 0; value_is(open, V_LIST) && i < open->n; i++) {
    if (!value_is(open->items[i], V_MAP)) return QN_E_DAMAGED;
    enum qn_err e = fold_open(st, g, open->items[i], int_of(st, open->items[i], K_n));
    if (e) return e;
  }
  return QN_OK;
}

enum qn_err fold_counter(struct state *st, const struct value *m) {
  uint64_t n = int_of(st, m, K_counter);
  sym address = sym_of(st, m, K_address);
  if (!n || n > UINT32_MAX || !address) return QN_E_DAMAGED;
  counter_raise(st, address, (uint32_t)n);
  return QN_OK;
}

/* ---- kinds of records ---------------------------------------------------------------- */

typedef enum qn_err fold_fn(struct state *st, const struct value *m, const struct record *r);

static enum qn_err fold_lineage(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  if (int_of(st, m, K_format) != 1) return QN_E_INVALID;
  keep_text(st, &st->lineage, text_of(st, m, K_lineage));
  return st->lineage.n ? QN_OK : QN_E_DAMAGED;
}

static enum qn_err fold_nothing(struct state *st, const struct value *m, const struct record *r) {
  (void)st, (void)m, (void)r;
  return QN_OK;
}

static enum qn_err fold_run(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  if (sym_of(st, m, K_account)) st->account = sym_of(st, m, K_account);
  keep_map(st, m, K_lookups, NULL, &st->lookups);
  return QN_OK;
}

static enum qn_err fold_outputs(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  return keep_map(st, m, K_outputs, NULL, &st->outputs) ? QN_OK : QN_E_DAMAGED;
}

static enum qn_err fold_intent(struct state *st, const struct value *m, const struct record *r) {
  sym address = sym_of(st, m, K_address);
  uint64_t generation = int_of(st, m, K_generation);
  if (!address || !generation || generation > UINT32_MAX) return QN_E_DAMAGED;
  struct gen *g = gen_find(st, address, (uint32_t)generation);
  if (!g) {
    g = gen_make(st, address, (uint32_t)generation);
    if (!g) return QN_E_NOMEM;
    g->r.type = sym_of(st, m, K_type);
    g->r.region = sym_of(st, m, K_region);
    keep_text(st, &g->r.uid, text_of(st, m, K_uid));
  }
  return fold_open(st, g, m, r->n);
}

/* Whose outcome it is. Of a damaged state the intent may be lost; then the address tells. */
static struct gen *outcome_of(struct state *st, const struct value *m) {
  size_t i;
  if (open_find(st, int_of(st, m, K_intent), &i)) {
    struct gen *g = &st->gens[st->open.v[i].slot];
    open_remove(st, i);
    return g;
  }
  return st->damaged ? gen_find(st, sym_of(st, m, K_address), (uint32_t)int_of(st, m, K_generation)) : NULL;
}

static enum qn_err fold_outcome(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  struct gen *g = outcome_of(st, m);
  if (!g) return QN_E_DAMAGED;
  if (str_eq(text_of(st, m, K_result), STR("ok"))) {
    const struct value *v, *applied = get(st, m, K_applied);
    if (keep_map(st, m, K_attributes, &g->r, &v)) merge_members(st, &g->r.attributes, v);
    for (uint32_t k = 0; value_is(applied, V_MAP) && k < applied->n; k++) {
      const struct value *wanted = g->r.wanted ? value_member(g->r.wanted, applied->members[k].key) : NULL;
      acknowledged(st, &g->r, session_str(st->s, applied->members[k].key),
                   keep_value(st, applied->members[k].value, wanted));
    }
    uint32_t n;
    struct str *removed = texts_of(st, m, K_removed, &n);
    for (uint32_t k = 0; k < n; k++) acknowledged(st, &g->r, removed[k], NULL);
    if (keep_map(st, m, K_identity, &g->r, &v)) known(st, g, v);
    if (flag_of(st, m, K_gone)) {
      end_generation(st, g);
      return QN_OK;
    }
  }
  end_if_nothing(st, g);
  return QN_OK;
}

static enum qn_err fold_put(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  return fold_sres(st, m, false);
}

static enum qn_err fold_settled(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  size_t i;
  if (!open_find(st, int_of(st, m, K_intent), &i)) return QN_E_DAMAGED;
  struct gen *g = &st->gens[st->open.v[i].slot];
  const struct value *facts = get(st, m, K_facts);
  open_remove(st, i);
  if (value_is(facts, V_MAP)) fold_facts(st, g, facts);
  end_if_nothing(st, g);
  return QN_OK;
}

static enum qn_err fold_mv(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  sym from = sym_of(st, m, K_from), to = sym_of(st, m, K_to);
  if (!from || !to || gen_any(st, to) || !gen_any(st, from)) return QN_E_DAMAGED;
  while (st->heads[from]) {
    struct gen *g = &st->gens[st->heads[from] - 1];
    gen_unlink(st, g);
    g->r.address = to;
    for (size_t i = 0; i < g->r.open.n; i++) g->r.open.v[i].address = to;
    if (!gen_link(st, g)) return QN_E_NOMEM;
    counter_raise(st, to, g->r.generation);
  }
  for (size_t i = 0; i < st->n_gens; i++) {
    struct sres *s = &st->gens[i].r;
    for (uint32_t k = 0; k < s->n_deps; k++) {
      if (s->deps[k] != from) continue;
      sym *copy = ARENA_ARRAY(&st->s->arena, s->n_deps, sym);
      memcpy(copy, s->deps, s->n_deps * sizeof *copy);
      copy[k] = to;
      s->deps = copy;
    }
  }
  return QN_OK;
}

static enum qn_err fold_forget(struct state *st, const struct value *m, const struct record *r) {
  (void)r;
  struct gen *g = gen_find(st, sym_of(st, m, K_address), (uint32_t)int_of(st, m, K_generation));
  if (!g) return QN_E_DAMAGED;
  end_generation(st, g);
  return QN_OK;
}

static const struct {
  struct str kind;
  fold_fn *fold;
} kinds[] = {
    {{"lineage", 7}, fold_lineage}, {{"epoch", 5}, fold_nothing},   {{"run", 3}, fold_run},
    {{"intent", 6}, fold_intent},   {{"outcome", 7}, fold_outcome}, {{"put", 3}, fold_put},
    {{"settled", 7}, fold_settled}, {{"mv", 2}, fold_mv},           {{"forget", 6}, fold_forget},
    {{"outputs", 7}, fold_outputs}, {{"note", 4}, fold_nothing},
};

enum qn_err fold_text(struct state *st, const struct record *r) {
  const struct value *m;
  enum qn_err e = parse_object(st, r->text, &m);
  if (e) return e;
  struct str kind = text_of(st, m, K_kind);
  e = QN_E_INVALID; /* a kind of a later version */
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (str_eq(kinds[i].kind, kind)) e = kinds[i].fold(st, m, r);
  st->sorted.n = 0;
  if (e) return e;
  st->n = r->n;
  st->epoch = r->epoch;
  if (r->durable > st->confirmed) st->confirmed = r->durable;
  memcpy(st->h, r->h, sizeof st->h);
  return QN_OK;
}
