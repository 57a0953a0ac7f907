/* What refers to what: properties whose schema format names another type (AWS::EC2::Subnet.Id). */
#include "sandbox_int.h"

enum { DEPTH = 64 };

typedef bool ref_fn(void *user, struct str key, struct str type, struct str text); /* false: stop */
struct walk {
  struct sandbox *sb;
  const struct schema *sc;
  struct str own; /* its type: what names it at the top is its own name, no reference */
  ref_fn *each;
  void *user;
  bool stopped;
};

static struct str handle_key(struct sandbox *sb, struct str type, struct str text) {
  return str_fmt(&sb->tmp, "%.*s\n%.*s", SV(type), SV(text));
}

/* `AWS::EC2::Subnet.Id` -> `AWS::EC2::Subnet`; empty: not about a type. */
static struct str format_type(struct str format) {
  size_t i = format.n;
  while (i && format.p[i - 1] != '.') i--;
  return i && str_starts(format, STR("AWS::")) ? str_sub(format, 0, i - 1) : STR("");
}

static void walk(struct walk *w, snode n, const struct value *v, struct str format, unsigned depth) {
  if (!n || !v || depth > DEPTH || w->stopped) return;
  struct str own = schema_format(w->sc, n);
  if (own.n) format = own;
  if (v->kind == V_STR) {
    struct str type = format_type(format);
    if (type.n && !(depth == 1 && str_eq(type, w->own)))
      w->stopped = !w->each(w->user, handle_key(w->sb, type, value_text(v)), type, value_text(v));
  } else if (v->kind == V_LIST) {
    snode items = schema_items(w->sc, n);
    for (uint32_t i = 0; i < v->n; i++) walk(w, items, v->items[i], format, depth + 1);
  } else if (v->kind == V_MAP) {
    bool map = schema_kind(w->sc, n) == SK_MAP;
    for (uint32_t i = 0; i < v->n; i++) {
      struct str name = session_str(w->sb->s, v->members[i].key);
      snode kid = map ? schema_items(w->sc, n) : schema_child(w->sc, n, name);
      walk(w, kid, v->members[i].value, STR(""), depth + 1);
    }
  }
}

static void walk_all(struct sandbox *sb, const struct def *d, const struct value *props, ref_fn *each,
                     void *user) {
  struct walk w = {.sb = sb, .sc = d->sc, .own = d->type, .each = each, .user = user};
  walk(&w, d->st.root, props, STR(""), 0);
}

/* ---- counting -------------------------------------------------------------------------------- */
struct counting {
  struct sandbox *sb;
  struct map *m;
  int by;
};

static bool count(void *user, struct str key, struct str type, struct str text) {
  struct counting *c = user;
  (void)type, (void)text;
  uint32_t *at = map_get(c->m, key);
  if (!at)
    map_put(&c->sb->a, c->m, str_dup(&c->sb->a, key), c->by > 0 ? 1 : 0);
  else if (c->by > 0 || *at)
    *at = (uint32_t)((int64_t)*at + c->by);
  return true;
}

void sandbox_count_refs(struct sandbox *sb, const struct sobject *o, int by) {
  struct counting c = {sb, &sb->refs, by};
  walk_all(sb, o->def, o->props, count, &c);
}

/* Each text of the identity and the attributes names the object. */
static void each_handle(struct sandbox *sb, const struct sobject *o, ref_fn *each, void *user) {
  const struct value *parts[2] = {o->identity, o->attributes};
  bool go = true;
  for (int p = 0; p < 2; p++)
    for (uint32_t i = 0; i < parts[p]->n && go; i++) {
      const struct value *v = parts[p]->members[i].value;
      bool twice = p && value_member(o->identity, parts[p]->members[i].key);
      if (value_is(v, V_STR) && v->n && !twice)
        go = each(user, handle_key(sb, o->type, value_text(v)), o->type, value_text(v));
    }
}

void sandbox_count_handles(struct sandbox *sb, const struct sobject *o, int by) {
  struct counting c = {sb, &sb->handles, by};
  each_handle(sb, o, count, &c);
}

/* ---- questions ------------------------------------------------------------------------------------ */
struct search {
  struct sandbox *sb;
  const struct sobject *o;
  const struct def *d; /* of what is made, with these properties */
  const struct value *props;
  struct str found;
  bool own, used;
};

/* The name of an object is no reference, though another had it before. */
static bool names_itself(const struct search *q, struct str type, struct str text) {
  for (uint32_t i = 0; str_eq(type, q->d->type) && i < q->d->n_identity; i++) {
    const struct value *v = value_get(q->sb->s, q->props, q->d->identity[i]);
    if (value_is(v, V_STR) && str_eq(value_text(v), text)) return true;
  }
  return false;
}

static bool is_gone(void *user, struct str key, struct str type, struct str text) {
  struct search *q = user;
  const uint32_t *at = map_get(&q->sb->handles, key);
  if (!at || *at || names_itself(q, type, text)) return true; /* objects from outside are not known here */
  q->found = str_fmt(&q->sb->s->arena, "the %.*s %.*s does not exist any more", SV(type), SV(text));
  return false;
}

struct str sandbox_dangling(struct sandbox *sb, const struct def *d, const struct value *props) {
  struct search q = {.sb = sb, .d = d, .props = props};
  walk_all(sb, d, props, is_gone, &q);
  return q.found;
}

static bool same_handle(void *user, struct str key, struct str type, struct str text) {
  struct search *q = user;
  (void)type, (void)text;
  if (str_eq(key, q->found)) q->own = true;
  return !q->own;
}

/* Does `other` refer to q->o? */
static bool refers_to(void *user, struct str key, struct str type, struct str text) {
  struct search *q = user;
  struct search h = {.sb = q->sb, .found = key};
  (void)text;
  if (!str_eq(type, q->o->type)) return true;
  each_handle(q->sb, q->o, same_handle, &h);
  q->own = h.own;
  return !q->own;
}

static bool is_used(void *user, struct str key, struct str type, struct str text) {
  struct search *q = user;
  (void)type, (void)text;
  const uint32_t *at = map_get(&q->sb->refs, key);
  if (at && *at) q->used = true;
  return !q->used;
}

const struct sobject *sandbox_referrer(struct sandbox *sb, const struct sobject *o) {
  struct search q = {.sb = sb, .o = o};
  each_handle(sb, o, is_used, &q);
  for (size_t i = 0; q.used && i < sb->o.n; i++) { /* rare: somebody does, perhaps only the object itself */
    const struct sobject *other = &sb->o.v[i];
    if (other->gone || other == o) continue;
    q.own = false;
    walk_all(sb, other->def, other->props, refers_to, &q);
    if (q.own) return other;
  }
  return NULL;
}
