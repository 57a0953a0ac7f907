/* Steps: calls with what they send, keep, tolerate and wait for. */
#include "def.h"

static const char *const step_keys[] = {
    "call",  "send",  "at",    "carries", "with",  "base",   "when",    "each",      "as",       "chunk",
    "token", "tags",  "keep",  "ok",      "busy",  "within", "wait",    "serialize", "coalesce", "absent",
    "value", "to",    "for",   "by",      "size",  "key",    "items",   "id",        "select",   "where",
    "on",    "split", "steps", "fresh",   "order", "reset",  "refused", "secret",    NULL};

static const struct wire_op *find_op(struct dparse *p, const struct ynode *n) {
  const struct wire_op *op = NULL;
  struct str name = dp_text(p, n);
  if (p->d->svc && wire_find_op(p->d->w, p->d->svc->id, name, &op)) return op;
  diag_add(&p->s->diags, QN0922, n->span, "service %.*s has no operation \"%.*s\" in its wire model",
           SV(p->d->svc ? p->d->svc->id : STR("?")), SV(name));
  p->failed = true;
  return NULL;
}

static void step_send(struct dparse *p, const struct ynode *n, struct step *st) {
  static const struct {
    const char *word;
    uint8_t send;
  } words[] = {{"none", SEND_NONE},
               {"auto", SEND_AUTO},
               {"changed", SEND_CHANGED},
               {"all", SEND_ALL},
               {"live", SEND_LIVE}};
  if (!n) return;
  if (n->kind == Y_SEQ) {
    st->send = SEND_LIST;
    st->send_list = dp_texts(p, n, &st->n_send);
    return;
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!str_eq(dp_text(p, n), str_c(words[i].word))) continue;
    st->send = words[i].send;
    return;
  }
  dp_error(p, n->span, "send is auto, none, changed, all, live or a list of properties");
}

static void step_each(struct dparse *p, const struct ynode *n, struct step *st) {
  static const char *const keys[] = {"pages", "with", "items", NULL};
  if (!n) return;
  if (n->kind == Y_SCALAR) {
    st->each = dp_expr(p, n);
    return;
  }
  dp_known(p, n, keys);
  const struct ynode *op = dp_get(p, n, "pages"), *items = dp_get(p, n, "items");
  if (!op || !items) {
    dp_error(p, n->span, "each by pages needs `pages` and `items`");
    return;
  }
  st->pages = find_op(p, op);
  st->pages_with = dp_assigns(p, dp_get(p, n, "with"), &st->n_pages_with);
  uint32_t len = items->kind == Y_SEQ ? items->n : 1;
  struct mpath *v = ARENA_ARRAY(&p->s->arena, len ? len : 1, struct mpath);
  for (uint32_t i = 0; i < len; i++) v[i] = dp_path(p, items->kind == Y_SEQ ? items->items[i] : items);
  st->pages_items = v, st->n_pages_items = len;
}

static void step_keep(struct dparse *p, const struct ynode *n, struct step *st) {
  if (!n) return;
  if (n->kind != Y_MAP) {
    dp_error(p, n->span, "keep is a map of names");
    return;
  }
  struct kept *v = ARENA_ARRAY(&p->s->arena, n->n ? n->n : 1, struct kept);
  for (uint32_t i = 0; i < n->n; i++) {
    const struct ynode *x = n->pairs[i].value;
    v[i].name = n->pairs[i].key;
    v[i].is_path = x->kind == Y_SCALAR && str_find(x->text, STR("${")) == SIZE_MAX;
    if (v[i].is_path)
      v[i].path = dp_path(p, x);
    else
      v[i].value = dp_tmpl(p, x);
  }
  st->keep = v, st->n_keep = n->n;
}

static void step_tags(struct dparse *p, const struct ynode *n, struct step *st) {
  uint32_t args;
  if (!n) return;
  struct str path = dp_call(dp_text(p, n), st->tag_args, &args);
  st->has_tags = true;
  if (!args) dp_error(p, n->span, "tags want Path(type), Path(Key,Value) or Path(map)");
  if (mpath_parse(p->s, path, n->span, &st->tags)) p->failed = true;
}

static void step_coalesce(struct dparse *p, const struct ynode *n, struct step *st) {
  static const char *const keys[] = {"key", "into", "max", NULL};
  if (!n) return;
  dp_known(p, n, keys);
  st->coalesce_key = dp_tmpl(p, dp_get(p, n, "key"));
  st->coalesce_into = dp_path(p, dp_get(p, n, "into"));
  st->coalesce_max = dp_uint(p, dp_get(p, n, "max"), 100);
  if (!st->coalesce_key || !st->coalesce_into.n) dp_error(p, n->span, "coalesce needs key and into");
}

static void step_refused(struct dparse *p, const struct ynode *n, struct step *out) {
  static const char *const keys[] = {"items", "code", "message", NULL};
  if (!n) return;
  dp_known(p, n, keys);
  out->refused = dp_path(p, dp_get(p, n, "items"));
  out->refused_code = dp_path(p, dp_get(p, n, "code"));
  out->refused_message = dp_path(p, dp_get(p, n, "message"));
  if (!out->refused.n || !out->refused_code.n) dp_error(p, n->span, "refused needs items and code");
  if (out->coalesce_key) dp_error(p, n->span, "refused items do not say whose they are in a call of several");
}

void dp_step(struct dparse *p, const struct ynode *n, struct step *out) {
  *out = (struct step){.no = ++p->steps, .span = n->span, .within_ms = 300000};
  dp_known(p, n, step_keys);
  if (n->kind != Y_MAP) return;
  const struct ynode *call = dp_get(p, n, "call"), *token = dp_get(p, n, "token"), *as = dp_get(p, n, "as");
  if (call) out->op = find_op(p, call);
  step_send(p, dp_get(p, n, "send"), out);
  out->has_at = dp_get(p, n, "at") != NULL;
  out->at = dp_path(p, dp_get(p, n, "at"));
  out->carries = dp_texts(p, dp_get(p, n, "carries"), &out->n_carries);
  out->with = dp_assigns(p, dp_get(p, n, "with"), &out->n_with);
  out->base = dp_tmpl(p, dp_get(p, n, "base"));
  out->when = dp_expr(p, dp_get(p, n, "when"));
  step_each(p, dp_get(p, n, "each"), out);
  out->as = as ? session_sym(p->s, dp_text(p, as)) : 0;
  out->chunk = dp_uint(p, dp_get(p, n, "chunk"), 0);
  out->has_token = token != NULL;
  out->token = dp_path(p, token);
  step_tags(p, dp_get(p, n, "tags"), out);
  step_keep(p, dp_get(p, n, "keep"), out);
  out->secret = dp_texts(p, dp_get(p, n, "secret"), &out->n_secret);
  out->ok = dp_codes(p, dp_get(p, n, "ok"), &out->n_ok);
  out->busy = dp_codes(p, dp_get(p, n, "busy"), &out->n_busy);
  out->absent = dp_codes(p, dp_get(p, n, "absent"), &out->n_absent);
  out->within_ms = dp_ms(p, dp_get(p, n, "within"), out->within_ms);
  out->wait_name = dp_text(p, dp_get(p, n, "wait"));
  out->serialize = dp_tmpl(p, dp_get(p, n, "serialize"));
  step_coalesce(p, dp_get(p, n, "coalesce"), out);
  step_refused(p, dp_get(p, n, "refused"), out);
}

/* A list of steps, or one. */
const struct step *dp_steps(struct dparse *p, const struct ynode *n, uint32_t *count) {
  *count = 0;
  if (!n) return NULL;
  uint32_t len = n->kind == Y_SEQ ? n->n : 1;
  struct step *v = ARENA_ARRAY(&p->s->arena, len ? len : 1, struct step);
  for (uint32_t i = 0; i < len; i++) dp_step(p, n->kind == Y_SEQ ? n->items[i] : n, &v[i]);
  *count = len;
  return v;
}

/* ---- rules -------------------------------------------------------------------- */
static void aspect(struct dparse *p, const struct ynode *n, struct rule *r) {
  static const char *const keys[] = {"on",    "get",  "put",   "clear",   "fresh",
                                     "order", "when", "reset", "refused", NULL};
  dp_known(p, n, keys);
  r->kind = RK_ASPECT;
  const struct ynode *put = dp_get(p, n, "put"), *clear = dp_get(p, n, "clear");
  uint32_t one;
  if (!put || r->n_on != 1) {
    dp_error(p, n->span, "an aspect needs `on` with one property, and `put`");
    return;
  }
  struct step *st = ARENA_NEW(&p->s->arena, struct step);
  dp_step(p, put, st);
  if (st->send == SEND_NONE && !dp_get(p, put, "send")) {
    st->send = SEND_LIST;
    st->send_list = r->on, st->n_send = 1;
  }
  r->steps = st, r->n_steps = 1;
  if (clear) r->clear = dp_steps(p, clear, &one);
}

static void list_rule(struct dparse *p, const struct ynode *n, struct rule *r) {
  static const char *const keys[] = {"list", "key", "order", "fresh", "add", "change", "remove", NULL};
  uint32_t one;
  dp_known(p, n, keys);
  r->kind = RK_LIST;
  r->key = dp_tmpl(p, dp_get(p, n, "key"));
  struct str order = dp_text(p, dp_get(p, n, "order"));
  r->remove_first = str_eq(order, STR("remove_first"));
  if (order.n && !r->remove_first && !str_eq(order, STR("add_first")))
    dp_error(p, n->span, "order is add_first or remove_first");
  r->add = dp_steps(p, dp_get(p, n, "add"), &one);
  r->change = dp_steps(p, dp_get(p, n, "change"), &one);
  r->remove = dp_steps(p, dp_get(p, n, "remove"), &one);
  r->order = NULL;
  if (!r->key || !r->add || !r->remove) dp_error(p, n->span, "a list rule needs key, add and remove");
}

static void update_rule(struct dparse *p, const struct ynode *n, struct rule *r) {
  const struct ynode *send = dp_get(p, n, "send");
  r->kind = RK_UPDATE;
  r->split = dp_bool(p, dp_get(p, n, "split"));
  if (dp_get(p, n, "steps")) {
    r->steps = dp_steps(p, dp_get(p, n, "steps"), &r->n_steps);
    return;
  }
  struct step *st = ARENA_NEW(&p->s->arena, struct step);
  dp_step(p, n, st);
  st->when = NULL; /* the rule's: false means replacement */
  if (!send && r->automatic) st->send = SEND_CHANGED;
  r->steps = st, r->n_steps = 1;
}

static void rule(struct dparse *p, const struct ynode *n, bool is_aspect, struct rule *r) {
  *r = (struct rule){.span = n->span};
  if (n->kind != Y_MAP) {
    dp_error(p, n->span, "a rule is a map");
    return;
  }
  const struct ynode *on = dp_get(p, n, "on"), *list = dp_get(p, n, "list"), *fresh = dp_get(p, n, "fresh");
  r->automatic = on && on->kind == Y_SCALAR && str_eq(on->text, STR("auto"));
  if (!r->automatic) r->on = dp_texts(p, list ? list : on, &r->n_on);
  r->fresh_any = fresh && fresh->kind == Y_SCALAR && str_eq(fresh->text, STR("any"));
  if (fresh && !r->fresh_any) r->fresh = dp_tmpl(p, fresh);
  if (!list) r->order = dp_tmpl(p, dp_get(p, n, "order"));
  r->reset = dp_tmpl(p, dp_get(p, n, "reset"));
  r->when = dp_expr(p, dp_get(p, n, "when"));
  if (is_aspect)
    aspect(p, n, r);
  else if (list)
    list_rule(p, n, r);
  else
    update_rule(p, n, r);
  if (!r->automatic && !r->n_on) dp_error(p, n->span, "a rule needs `on` or `list`");
}

void dp_rules(struct dparse *p, const struct ynode *aspects, const struct ynode *update) {
  uint32_t na = aspects && aspects->kind == Y_SEQ ? aspects->n : 0,
           nu = update && update->kind == Y_SEQ ? update->n : 0;
  struct rule *v = ARENA_ARRAY(&p->s->arena, na + nu ? na + nu : 1, struct rule);
  for (uint32_t i = 0; i < na; i++) rule(p, aspects->items[i], true, &v[i]);
  for (uint32_t i = 0; i < nu; i++) rule(p, update->items[i], false, &v[na + i]);
  p->d->rules = v, p->d->n_rules = na + nu;
}
