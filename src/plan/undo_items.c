/* What a run did, by what the state said when it began and says now; and what of it stays. */
#include "diff.h"
#include "undo.h"

enum { TEXT_MIN = 8 /* shorter texts name an object only as a whole */ };

/* ---- items ----------------------------------------------------------------------- */

static bool was_there(const struct undo_work *w, const struct sres *r) {
  for (size_t i = 0; i < w->u->n_before; i++)
    if (w->u->before[i].address == r->address && w->u->before[i].generation == r->generation) return true;
  return false;
}

static const struct sres *current_before(const struct undo_work *w, sym address) {
  for (size_t i = 0; i < w->u->n_before; i++) {
    const struct sres *r = &w->u->before[i];
    if (r->address == address && !r->deposed && !value_is_null(r->identity)) return r;
  }
  return NULL;
}

/* Undone it counts as current, or as something to be deleted, whatever the state says now. */
static struct recorded recorded_as(struct undo_work *w, const struct sres *r, bool made) {
  struct sres *copy = ARENA_NEW(w->a, struct sres);
  *copy = *r;
  copy->deposed = made;
  if (made && r->on_destroy == OD_EMPTY)
    copy->on_destroy = OD_DEFAULT; /* what is in it came from elsewhere */
  struct recorded out = {.r = copy, .address = r->address, .node = UINT32_MAX, .identity = r->identity};
  out.def = provider_find(w->prov, session_str(w->s, r->type));
  return out;
}

static void take_generations(struct undo_work *w, struct undo_item *it) {
  const struct sres *all = w->all;
  for (size_t i = 0; i < w->n_all; i++) {
    if (all[i].address != it->address || value_is_null(all[i].identity)) continue;
    if (it->before && all[i].generation == it->before->generation)
      it->back = recorded_as(w, &all[i], false);
    else if (!was_there(w, &all[i]))
      VEC_PUSH(w->a, &it->made, recorded_as(w, &all[i], true));
  }
  const struct sres *now = state_find(w->st, it->address);
  if (now) it->now = recorded_as(w, now, false).r;
}

/* Of the changes of one address, which begin at `first`. */
static bool gone_before(const struct plan *did, uint32_t first) {
  for (uint32_t i = first; i < did->n_changes && did->changes[i].address == did->changes[first].address; i++)
    if (did->changes[i].action == ACT_FORGET && did->changes[i].reason == CR_GONE) return true;
  return false;
}

void undo_items(struct undo_work *w) {
  const struct plan *did = w->u->did;
  w->all = state_resources(w->st, &w->n_all);
  w->items = ARENA_ARRAY(w->a, did->n_changes, struct undo_item);
  for (uint32_t i = 0; i < did->n_changes; i++) {
    const struct change *c = &did->changes[i];
    if (w->u->skipped[i]) continue;
    struct undo_item *it = w->n_items ? &w->items[w->n_items - 1] : NULL;
    if (!it || it->address != c->address) {
      it = &w->items[w->n_items++];
      *it = (struct undo_item){.address = c->address};
      it->before = gone_before(did, i) ? NULL : current_before(w, c->address);
      take_generations(w, it);
    }
    if (c->action != ACT_DELETE && c->action != ACT_FORGET) it->did = c;
  }
}

struct undo_item *undo_find(struct undo_work *w, sym address) {
  uint32_t lo = 0, hi = w->n_items;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    int c = intern_cmp(w->s->names, w->items[mid].address, address);
    if (c == 0) return &w->items[mid];
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return NULL;
}

bool undo_takes_back(const struct undo_item *it, struct str property) {
  bool changed = false;
  if (!it->did || !it->back.r || it->made.n) return false; /* a replaced object was itself not changed */
  for (uint32_t i = 0; i < it->did->n_leaves && !changed; i++)
    changed = it->did->leaves[i].why != WHY_KEPT && str_eq(it->did->leaves[i].property, property);
  for (size_t i = 0; i < it->fixed.n && changed; i++) changed = !str_eq(it->fixed.v[i], property);
  return changed;
}

bool undo_keep(struct undo_work *w, struct undo_item *it, struct str property, struct str why) {
  if (it->stays) return false;
  for (size_t i = 0; i < it->fixed.n; i++)
    if (str_eq(it->fixed.v[i], property)) return false;
  if (property.n)
    VEC_PUSH(w->a, &it->fixed, property);
  else
    it->stays = true;
  const struct sres *r = it->now ? it->now : it->before;
  struct left_over left = {.address = it->address, .type = r ? r->type : 0, .why = why};
  if (property.n) left.why = str_fmt(w->a, "%.*s: %.*s", SV(property), SV(why));
  VEC_PUSH(w->a, &w->left, left);
  return true;
}

/* ---- limits ---------------------------------------------------------------------- */

static bool names(struct str text, const struct value *v, unsigned depth) {
  if (!v || depth > DIFF_DEPTH_MAX) return false;
  if (v->kind == V_STR) {
    struct str t = value_text(v);
    return str_eq(text, t) || (t.n >= TEXT_MIN && str_find(text, t) != SIZE_MAX);
  }
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++)
    if (names(text, v->items[i], depth + 1)) return true;
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    if (names(text, v->members[i].value, depth + 1)) return true;
  return false;
}

/* Does a text below v name the object by its identity or an attribute, in a way that `other` is not named? */
static bool refers(const struct value *v, const struct sres *object, const struct sres *other,
                   unsigned depth) {
  if (!v || depth > DIFF_DEPTH_MAX) return false;
  if (v->kind == V_STR) {
    struct str t = value_text(v);
    bool named = t.n && (names(t, object->identity, 0) || names(t, object->attributes, 0));
    return named && !(other && (names(t, other->identity, 0) || names(t, other->attributes, 0)));
  }
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++)
    if (refers(v->items[i], object, other, depth + 1)) return true;
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    if (refers(v->members[i].value, object, other, depth + 1)) return true;
  return false;
}

static const struct value *property_of(const struct value *map, sym key) {
  return value_is(map, V_MAP) ? value_member(map, key) : NULL;
}

static void limit_whole(struct undo_work *w, struct undo_item *it) {
  if (it->before && !it->back.r) {
    it->lost = true;
    const char *why = !it->did                ? "it was deleted"
                      : !it->now              ? "the old object was deleted, and there is no new one"
                      : it->did->create_first ? "the old object was deleted already"
                                              : "the old object was deleted to make room for the new one";
    undo_keep(w, it, STR(""), str_c(why));
    return;
  }
  for (size_t i = 0; i < it->made.n; i++) {
    const struct sres *r = it->made.v[i].r;
    if (r->protect)
      undo_keep(w, it, STR(""), STR("it is protected"));
    else if (r->on_destroy == OD_RETAIN)
      undo_keep(w, it, STR(""), STR("`on_destroy: retain` keeps it"));
  }
}

static struct str property_limit(struct undo_work *w, const struct undo_item *it, const struct value *old,
                                 const struct value *new) {
  if (old == new || (old && new &&value_eq(w->s, old, new)))
    return STR(""); /* the change did not get so far */
  if (plan_secret(old) || plan_secret(new)) return STR("a secret, of which the state holds no value");
  for (uint32_t i = 0; i < it->before->n_deps; i++) {
    const struct undo_item *dep = undo_find(w, it->before->deps[i]);
    if (dep && dep->lost && refers(old, dep->before, dep->now, 0))
      return str_fmt(w->a, "it named the old %.*s, which is gone", SV(session_str(w->s, dep->address)));
  }
  return STR("");
}

static void limit_properties(struct undo_work *w, struct undo_item *it) {
  for (uint32_t i = 0; !it->stays && it->back.r && it->did && i < it->did->n_leaves; i++) {
    struct str property = it->did->leaves[i].property;
    sym key = session_sym(w->s, property);
    if (!undo_takes_back(it, property)) continue;
    struct str why =
        property_limit(w, it, property_of(it->before->applied, key), property_of(it->back.r->applied, key));
    if (why.n) undo_keep(w, it, property, why);
  }
}

/* Does what stays of `it` need the object that the run made as `dep`? */
static bool still_needs(struct undo_work *w, const struct undo_item *it, const struct undo_item *dep) {
  const struct sres *made = dep->made.v[dep->made.n - 1].r;
  if (it->stays) return true;
  for (size_t i = 0; i < it->fixed.n; i++) {
    sym key = session_sym(w->s, it->fixed.v[i]);
    if (refers(property_of(it->back.r->applied, key), made, dep->back.r, 0)) return true;
  }
  return false;
}

static bool keep_needed(struct undo_work *w) {
  bool news = false;
  for (uint32_t i = 0; i < w->n_items; i++) {
    struct undo_item *it = &w->items[i];
    for (uint32_t k = 0; it->now && (it->stays || it->fixed.n) && k < it->now->n_deps; k++) {
      struct undo_item *dep = undo_find(w, it->now->deps[k]);
      if (!dep || !dep->made.n || !still_needs(w, it, dep)) continue;
      news |= undo_keep(w, dep, STR(""),
                        str_fmt(w->a, "%.*s, which stays, needs it", SV(session_str(w->s, it->address))));
    }
  }
  return news;
}

void undo_limits(struct undo_work *w) {
  for (uint32_t i = 0; i < w->n_items; i++) limit_whole(w, &w->items[i]);
  for (uint32_t i = 0; i < w->n_items; i++) limit_properties(w, &w->items[i]);
  while (keep_needed(w)) continue;
  for (uint32_t i = 0; i < w->n_items; i++) {
    struct undo_item *it = &w->items[i];
    it->wanted = it->before ? it->before->applied : NULL;
    for (size_t k = 0; it->wanted && it->back.r && k < it->fixed.n; k++) {
      sym key = session_sym(w->s, it->fixed.v[k]);
      it->wanted = value_put(w->a, it->wanted, key, property_of(it->back.r->applied, key));
    }
  }
}
