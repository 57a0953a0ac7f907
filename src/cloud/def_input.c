/* The input of a step: base, defaults, what it sends, with, token, tags. */
#include "def.h"

bool prop_settable(const struct def *d, struct str prop) {
  snode n = schema_child(d->sc, d->st.root, prop);
  return n && !(schema_flags(d->sc, n) & SF_READ_ONLY);
}

uint32_t step_shape(const struct def *d, const struct step *st) {
  if (!st->op || !st->op->input) return 0;
  if (!st->has_at) return st->op->input;
  uint32_t shape = mpath_shape(d->w, st->op->input, &st->at);
  return shape && wire_kind(d->w, shape) == WK_LIST ? wire_element(d->w, shape) : shape;
}

static bool sends(const struct def *d, const struct step *st, struct str prop) {
  if (st->has_tags && str_eq(prop, d->info.tag_property)) return false;
  if (st->send == SEND_LIST) return str_in(st->send_list, st->n_send, prop);
  if (st->send == SEND_NONE || !st->op) return false;
  return prop_settable(d, prop) && map_target(d, def_sym(d, prop), step_shape(d, st), NULL);
}

bool step_carries(const struct def *d, const struct step *st, struct str prop) {
  if (str_in(st->carries, st->n_carries, prop)) return true;
  if (st->has_tags && str_eq(prop, d->info.tag_property)) return true;
  return sends(d, st, prop);
}

static bool message_matches(struct str pattern, struct str message) {
  struct arena scratch;
  struct regex *r;
  struct str why;
  size_t at;
  if (!pattern.n) return true;
  arena_init(&scratch);
  bool hit = false;
  if (!regex_new(&scratch, pattern, &r, &why, &at)) {
    hit = regex_match(r, message, 0, NULL, 0, NULL) == QN_OK;
    regex_free(r);
  }
  arena_release(&scratch);
  return hit;
}

bool code_matches(const struct code_match *m, uint32_t n, struct str code, struct str message,
                  uint32_t *which) {
  for (uint32_t i = 0; i < n; i++) {
    if (m[i].code.n && !str_eq(m[i].code, code)) continue;
    if (!message_matches(m[i].message, message)) continue;
    if (which) *which = i;
    return true;
  }
  return false;
}

struct input {
  struct denv *e;
  const struct step *st;
  struct mapio io;
  const struct value *base; /* what is there before an `at` step writes its properties */
};

static enum qn_err set(struct input *in, const struct mpath *p, const struct value *v) {
  struct denv *e = in->e;
  if (value_is_null(v)) return QN_OK;
  uint32_t shape = mpath_shape(e->d->w, in->st->op->input, p);
  v = coerce_wire(e->s, e->a, e->d->w, shape, v, 0);
  in->io.root = mpath_set(e->s, e->a, in->io.root, p, v);
  return QN_OK;
}

static enum qn_err assigns(struct input *in, const struct assign *a, uint32_t n, bool where_known) {
  for (uint32_t i = 0; i < n; i++) {
    if (where_known && !mpath_shape(in->e->d->w, in->st->op->input, &a[i].path)) continue;
    const struct value *v;
    enum qn_err err = denv_tmpl(in->e, a[i].value, &v);
    if (err) return err;
    set(in, &a[i].path, v);
  }
  return QN_OK;
}

static enum qn_err send_all(struct input *in, const struct sending *snd) {
  struct denv *e = in->e;
  const struct value *props = e->sc ? e->sc->new_props : NULL, *over = snd->values;
  if (in->st->send == SEND_NONE) return QN_OK;
  if (in->st->send == SEND_LIVE) props = e->live ? e->live : e->sc ? e->sc->live : NULL;
  if (in->st->send == SEND_CHANGED && over)
    props = over;
  else if (in->st->send != SEND_LIVE) /* a property that was removed is sent as what it is set back to */
    for (uint32_t i = 0; value_is(over, V_MAP) && i < over->n; i++)
      props = value_put(e->a, value_is(props, V_MAP) ? props : value_map(e->a, NULL, 0), over->members[i].key,
                        over->members[i].value);
  for (uint32_t i = 0; value_is(props, V_MAP) && i < props->n; i++) {
    sym name = props->members[i].key;
    if (!sends(e->d, in->st, session_str(e->s, name))) continue;
    /* Reading fills absent lists in as empty ones: services refuse them back. */
    if (in->st->send == SEND_LIVE && value_is(props->members[i].value, V_LIST) && !props->members[i].value->n)
      continue;
    enum qn_err err = map_write(&in->io, name, props->members[i].value);
    if (err) return err;
  }
  if (in->st->has_at) {
    in->io.root = mpath_set(e->s, e->a, in->base, &in->st->at, in->io.root);
    in->io.root_shape = in->st->op->input;
  }
  return QN_OK;
}

static void put_tags(struct input *in) {
  struct denv *e = in->e;
  const struct step *st = in->st;
  const struct value *all = value_get(e->s, tags_view(e), STR("all"));
  if (!all || !all->n) return;
  if (str_eq(st->tag_args[0], STR("map"))) {
    struct codec_use u = {.codec = codec_find(STR("kv")), .args = {STR("Key"), STR("Value")}};
    set(in, &st->tags, codec_write(e, &u, all));
    return;
  }
  if (!st->tag_args[1].n) {
    struct member m[2] = {
        {.key = session_sym(e->s, STR("ResourceType")), .value = value_str(e->a, st->tag_args[0])},
        {.key = session_sym(e->s, STR("Tags")), .value = all}};
    const struct value *one = value_map(e->a, m, 2);
    set(in, &st->tags, value_list(e->a, &one, 1));
    return;
  }
  const struct value **v = ARENA_ARRAY(e->a, all->n, const struct value *);
  for (uint32_t i = 0; i < all->n; i++) {
    struct member m[2] = {
        {.key = session_sym(e->s, st->tag_args[0]), .value = value_get(e->s, all->items[i], STR("Key"))},
        {.key = session_sym(e->s, st->tag_args[1]), .value = value_get(e->s, all->items[i], STR("Value"))}};
    v[i] = value_map(e->a, m, 2);
  }
  set(in, &st->tags, value_list(e->a, v, all->n));
}

static void put_token(struct input *in, const struct sending *snd) {
  struct denv *e = in->e;
  if (!e->sc || !e->sc->uid.n) return;
  if (in->st->has_token)
    set(in, &in->st->token, value_str(e->a, e->sc->uid));
  else if (snd->create && in->st->op->idempotency_member.n) {
    struct seg g = {.name = in->st->op->idempotency_member, .kind = SEG_PLAIN};
    struct mpath p = {.v = &g, .n = 1};
    set(in, &p, value_str(e->a, e->sc->uid));
  }
}

enum qn_err step_input(struct denv *e, const struct step *st, const struct sending *snd,
                       const struct value **out, struct str *why) {
  struct input in = {.e = e, .st = st, .io = {.e = e, .root_shape = st->op->input}};
  in.io.root = value_map(e->a, NULL, 0);
  *why = STR("an expression of the definition failed");
  if (st->base) {
    enum qn_err err = denv_tmpl(e, st->base, &in.io.root);
    if (err) return err;
    if (!value_is(in.io.root, V_MAP)) in.io.root = value_map(e->a, NULL, 0);
  }
  enum qn_err err = assigns(&in, e->d->defaults, e->d->n_defaults, true);
  if (!err && st->has_at) {
    in.base = in.io.root;
    in.io.root = value_map(e->a, NULL, 0);
    in.io.root_shape = step_shape(e->d, st);
  }
  if (!err) err = send_all(&in, snd);
  if (err) {
    if (in.io.why.n) *why = in.io.why;
    return err;
  }
  err = assigns(&in, st->with, st->n_with, false);
  if (err) return err;
  put_token(&in, snd);
  if (st->has_tags) put_tags(&in);
  *out = in.io.root;
  return QN_OK;
}
