/* Reads (batch, more, per, aspects' get), waits and settle. */
#include "def.h"

static void read_by(struct dparse *p, const struct ynode *n, struct readsrc *r) {
  struct str args[2] = {0};
  uint32_t n_args;
  if (!n) {
    r->by = BY_EACH;
    return;
  }
  struct str word = dp_call(dp_text(p, n), args, &n_args);
  r->by_name = args[0];
  if (str_eq(word, STR("all")))
    r->by = BY_ALL;
  else if (str_eq(word, STR("each")))
    r->by = BY_EACH;
  else if (str_eq(word, STR("filter")) && n_args == 1)
    r->by = BY_FILTER;
  else if (str_eq(word, STR("ids")) && n_args == 1) {
    r->by = BY_IDS;
    if (mpath_parse(p->s, args[0], n->span, &r->by_path)) p->failed = true;
  } else
    dp_error(p, n->span, "by is all, each, filter(name) or ids(Member)");
}

static void readsrc(struct dparse *p, const struct ynode *n, struct readsrc *r) {
  *r = (struct readsrc){0};
  dp_step(p, n, &r->step);
  read_by(p, dp_get(p, n, "by"), r);
  r->size = dp_uint(p, dp_get(p, n, "size"), r->by == BY_EACH ? 1 : 100);
  if (!r->size) dp_error(p, n->span, "size is at least 1");
  r->key = dp_tmpl(p, dp_get(p, n, "key"));
  r->items = dp_path(p, dp_get(p, n, "items"));
  r->has_items = dp_get(p, n, "items") != NULL;
  const struct ynode *id = dp_get(p, n, "id"), *select = dp_get(p, n, "select");
  if (id && id->kind == Y_SCALAR && str_find(id->text, STR("${")) != SIZE_MAX)
    r->id_expr = dp_tmpl(p, id);
  else
    r->id = dp_path(p, id);
  r->has_within = select != NULL;
  r->within = dp_path(p, select);
  r->where = dp_expr(p, dp_get(p, n, "where"));
  r->for_props = dp_texts(p, dp_get(p, n, "for"), &r->n_for);
  r->has_value = dp_get(p, n, "value") != NULL;
  r->value = dp_path(p, dp_get(p, n, "value"));
  r->to = dp_text(p, dp_get(p, n, "to"));
  if (!r->step.op) dp_error(p, n->span, "a read needs a call");
}

static const struct readsrc *readsrcs(struct dparse *p, const struct ynode *n, uint32_t extra,
                                      uint32_t *count) {
  uint32_t len = n && n->kind == Y_SEQ ? n->n : 0;
  struct readsrc *v = ARENA_ARRAY(&p->s->arena, len + extra ? len + extra : 1, struct readsrc);
  for (uint32_t i = 0; i < len; i++) {
    readsrc(p, n->items[i], &v[i]);
    if (v[i].to.n && !v[i].n_for) v[i].for_props = &v[i].to, v[i].n_for = 1;
  }
  *count = len;
  return v;
}

/* `per` of the read, then the `get` of each aspect. */
void dp_read(struct dparse *p, const struct ynode *file) {
  static const char *const keys[] = {"batch", "more", "per", "gone", NULL};
  struct def *d = p->d;
  const struct ynode *n = dp_get(p, file, "read"), *aspects = dp_get(p, file, "aspects"),
                     *batch = dp_get(p, n, "batch");
  dp_known(p, n, keys);
  d->has_read = batch != NULL;
  if (batch) readsrc(p, batch, &d->batch);
  d->gone = dp_expr(p, dp_get(p, n, "gone"));
  d->more = readsrcs(p, dp_get(p, n, "more"), 0, &d->n_more);
  uint32_t na = aspects && aspects->kind == Y_SEQ ? aspects->n : 0, n_per;
  const struct readsrc *first = readsrcs(p, dp_get(p, n, "per"), na, &n_per);
  struct readsrc *v = ARENA_ARRAY(&p->s->arena, n_per + na ? n_per + na : 1, struct readsrc);
  for (uint32_t i = 0; i < n_per; i++) v[i] = first[i];
  for (uint32_t i = 0; i < na; i++) {
    const struct ynode *get = dp_get(p, aspects->items[i], "get");
    if (!get) continue;
    readsrc(p, get, &v[n_per]);
    v[n_per].to = dp_text(p, dp_get(p, aspects->items[i], "on"));
    struct str *f = ARENA_NEW(&p->s->arena, struct str);
    *f = v[n_per].to;
    v[n_per].for_props = f, v[n_per].n_for = 1;
    n_per++;
  }
  d->per = v, d->n_per = n_per;
}

static void every(struct dparse *p, const struct ynode *n, struct wait *w) {
  w->every_min_ms = 2000, w->every_max_ms = 10000;
  if (!n) return;
  struct str t = dp_text(p, n);
  size_t dots = str_find(t, STR(".."));
  struct str lo = dots == SIZE_MAX ? t : str_sub(t, 0, dots),
             hi = dots == SIZE_MAX ? t : str_sub(t, dots + 2, t.n);
  if (!dp_duration(lo, &w->every_min_ms) || !dp_duration(hi, &w->every_max_ms) || !w->every_min_ms)
    dp_error(p, n->span, "every is a duration or a range such as 1s..5s");
}

/* The call of a waiter is a step with what such a step can have. */
static const struct step *wait_call(struct dparse *p, const struct ynode *w) {
  struct step *st = ARENA_NEW(&p->s->arena, struct step);
  struct ypair pick[3];
  uint32_t k = 0;
  for (uint32_t j = 0; j < w->n && k < 3; j++) {
    struct str key = session_str(p->s, w->pairs[j].key);
    if (str_eq(key, STR("call")) || str_eq(key, STR("with")) || str_eq(key, STR("ok")))
      pick[k++] = w->pairs[j];
  }
  struct ynode sub = *w;
  sub.n = k, sub.pairs = pick;
  dp_step(p, &sub, st);
  return st;
}

void dp_waits(struct dparse *p, const struct ynode *n) {
  static const char *const keys[] = {"when",     "doubt", "until",  "fail",        "because",
                                     "diagnose", "every", "within", "call",        "with",
                                     "value",    "ok",    "needs",  "rolled_back", NULL};
  if (!n || n->kind != Y_MAP) return;
  struct wait *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct wait);
  for (uint32_t i = 0; i < n->n; i++) {
    const struct ynode *w = n->pairs[i].value;
    dp_known(p, w, keys);
    v[i].name = session_str(p->s, n->pairs[i].key);
    v[i].when = dp_expr(p, dp_get(p, w, "when"));
    v[i].until = dp_expr(p, dp_get(p, w, "until"));
    v[i].fail = dp_expr(p, dp_get(p, w, "fail"));
    v[i].rolled_back = dp_expr(p, dp_get(p, w, "rolled_back"));
    v[i].doubt_ms = dp_ms(p, dp_get(p, w, "doubt"), 0);
    v[i].because = dp_tmpl(p, dp_get(p, w, "because"));
    v[i].diagnose = dp_steps(p, dp_get(p, w, "diagnose"), &v[i].n_diagnose);
    every(p, dp_get(p, w, "every"), &v[i]);
    v[i].within = dp_tmpl(p, dp_get(p, w, "within"));
    v[i].has_value = dp_get(p, w, "value") != NULL;
    v[i].value = dp_path(p, dp_get(p, w, "value"));
    v[i].needs = dp_texts(p, dp_get(p, w, "needs"), &v[i].n_needs);
    if (!v[i].until) dp_error(p, w->span, "a wait needs `until`");
    if (!dp_get(p, w, "call")) continue;
    v[i].call = wait_call(p, w);
  }
  p->d->waits = v, p->d->n_waits = n->n;
}

void dp_settle(struct dparse *p, const struct ynode *n) {
  static const char *const keys[] = {"find",  "first",      "grace", "token_ttl", "id",
                                     "steps", "candidates", "match", "created",   NULL};
  static const struct {
    const char *word;
    uint8_t find;
  } words[] = {{"name", FIND_NAME},
               {"tag", FIND_TAG},
               {"token", FIND_TOKEN},
               {"natural", FIND_NATURAL},
               {"scan", FIND_SCAN}};
  struct settle_def *st = &p->d->settle;
  if (!n) {
    dp_error(p, p->d->span, "no `settle`: an interrupted create could not be found again");
    return;
  }
  dp_known(p, n, keys);
  struct str find = dp_text(p, dp_get(p, n, "find"));
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq(find, str_c(words[i].word))) st->find = words[i].find;
  if (!st->find) dp_error(p, n->span, "find is name, tag, token, natural or scan");
  st->span = n->span;
  st->first = dp_bool(p, dp_get(p, n, "first"));
  st->grace_ms = dp_ms(p, dp_get(p, n, "grace"), 0);
  st->token_ttl_ms = dp_ms(p, dp_get(p, n, "token_ttl"), 0);
  st->id = dp_tmpl(p, dp_get(p, n, "id"));
  st->steps = dp_steps(p, dp_get(p, n, "steps"), &st->n_steps);
  st->candidates = dp_expr(p, dp_get(p, n, "candidates"));
  st->match = dp_expr(p, dp_get(p, n, "match"));
  st->created = dp_tmpl(p, dp_get(p, n, "created"));
  if ((st->find == FIND_NAME || st->find == FIND_NATURAL) && !st->id && !st->candidates)
    dp_error(p, n->span, "find by name needs `id`");
  if (st->find == FIND_SCAN && !st->candidates) dp_error(p, n->span, "a scan needs `candidates`");
}
