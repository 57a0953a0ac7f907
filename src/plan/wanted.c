/* Creates, updates and replacements: each node against what is recorded and live. */
#include "diff.h"
#include "undo.h"

enum qn_err build_attribute(void *user, sym address, struct str path, const struct value **out) {
  struct builder *b = user;
  uint32_t node = b->g ? graph_find(b->g, address) : UINT32_MAX;
  const struct recorded *r = NULL;
  if (node != UINT32_MAX) {
    const struct decision *d = &b->decisions[node];
    if (d->new_identity || !d->current) return QN_E_NOTFOUND;
    if (d->updated && def_volatile(d->current->def, path)) return QN_E_NOTFOUND;
    r = d->current;
  } else {
    const uint32_t *i = map_get(&b->current_of, session_str(b->s, address));
    if (i) r = &b->recs[*i];
  }
  if (!r || value_is_null(r->identity)) return QN_E_NOTFOUND;
  const struct value *places[] = {r->live, r->r->attributes, r->identity, r->r->seen, r->r->applied};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const struct value *v = places[i] ? value_at(b->s, places[i], path) : NULL;
    if (value_is_null(v)) continue;
    *out = v;
    return QN_OK;
  }
  return QN_E_NOTFOUND;
}

void build_add(struct builder *b, struct change c) {
  VEC_PUSH(b->a, &b->changes, c);
}

static const sym *dep_addresses(struct builder *b, const struct node *n) {
  sym *out = ARENA_ARRAY(b->a, n->n_deps, sym);
  for (uint32_t i = 0; i < n->n_deps; i++) out[i] = b->g->nodes[b->g->deps[n->dep_first + i]].r.address;
  return out;
}

/* What every change of a node has in common. */
static struct change node_change(struct builder *b, const struct node *n, struct decision *d) {
  const struct recorded *r = d->current;
  struct change c = {.address = n->r.address,
                     .type = n->r.type,
                     .account = b->env->account,
                     .pair = UINT32_MAX,
                     .region = n->r.region ? n->r.region : b->env->region,
                     .protect = n->r.protect,
                     .on_destroy = n->r.on_destroy,
                     .wanted = d->wanted,
                     .timeouts = n->r.timeouts,
                     .span = n->r.span,
                     .reads = d->reads.v,
                     .n_reads = (uint32_t)d->reads.n,
                     .deps = dep_addresses(b, n),
                     .n_deps = n->n_deps};
  const struct undo_item *back = b->undo ? b->undo[n - b->g->nodes] : NULL;
  if (back) {
    const struct sres *as = back->fixed.n ? back->now : back->before;
    c.deps = as->deps;
    c.n_deps = as->n_deps;
  }
  c.def = provider_find(b->prov, session_str(b->s, n->r.type));
  if (r && !r->gone && !value_is_null(r->identity)) {
    c.generation = r->r->generation;
    c.uid = r->r->uid;
    c.applied = r->r->applied;
    c.seen = r->r->seen;
    c.live = plan_without_secrets(b->a, plan_without_secrets(b->a, r->live, d->wanted, false), r->r->applied,
                                  false);
    c.identity = r->identity;
    c.attributes = r->r->attributes;
    if (r->moved) c.moved_from = r->r->address;
  }
  return c;
}

static uint32_t add_create(struct builder *b, const struct node *n, struct decision *d,
                           enum change_reason reason) {
  struct change c = node_change(b, n, d);
  bool pending = d->current && d->current->pending_create;
  c.action = ACT_CREATE;
  c.reason = reason;
  c.generation = pending ? d->current->r->generation : state_next_generation(b->st, c.address);
  c.uid = state_uid(b->st, b->a, c.address, c.generation);
  c.identity = c.attributes = c.applied = c.seen = c.live = NULL;
  d->new_identity = true;
  build_add(b, c);
  return (uint32_t)(b->changes.n - 1);
}

static enum qn_err plan_new(struct builder *b, const struct node *n, struct decision *d) {
  struct recorded *r = d->current;
  if (r && r->gone) {
    struct change c = node_change(b, n, d);
    c.action = ACT_FORGET;
    c.reason = CR_GONE;
    c.generation = r->r->generation;
    c.uid = r->r->uid;
    c.identity = r->identity;
    c.wanted = NULL;
    build_add(b, c);
  }
  enum change_reason reason = r && r->gone ? CR_GONE : r && r->pending_create ? CR_INTERRUPTED : CR_SPEC;
  d->change = add_create(b, n, d, reason);
  return QN_OK;
}

static bool requested(const struct builder *b, sym address) {
  for (size_t i = 0; i < b->o->n_replace; i++)
    if (str_eq(b->o->replace[i], session_str(b->s, address))) return true;
  return false;
}

/* The old object of a replacement is deleted with its own recorded type. */
static enum qn_err plan_replace(struct builder *b, const struct node *n, struct decision *d,
                                const struct leaf_change *leaves, uint32_t n_leaves, bool if_changed,
                                enum change_reason reason) {
  struct recorded *r = d->current;
  if (!if_changed && !build_may_delete(b, r, n->r.span, "replaced")) return QN_E_REFUSED;
  struct change old = node_change(b, n, d);
  old.action = n->r.on_destroy == OD_RETAIN ? ACT_FORGET : ACT_DELETE;
  old.reason = reason;
  old.def = r->def;
  old.type = r->r->type;
  old.wanted = NULL;
  uint32_t create = add_create(b, n, d, reason);
  struct change *c = &b->changes.v[create];
  c->leaves = leaves;
  c->n_leaves = n_leaves;
  c->live = old.live;
  c->applied = r->r->applied;
  c->seen = r->r->seen;
  c->if_changed = old.if_changed = if_changed;
  old.pair = create;
  build_add(b, old);
  d->old_delete = (uint32_t)(b->changes.n - 1);
  b->changes.v[create].pair = d->old_delete;
  d->change = create;
  return QN_OK;
}

static int by_text(const void *x, const void *y, void *user) {
  (void)user;
  return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* Top-level properties that the leaves ask to bring about. */
static void set_properties(struct builder *b, struct change *c) {
  VEC(struct str) names = {0};
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    const struct leaf_change *l = &c->leaves[i];
    if (l->why == WHY_KEPT || l->why == WHY_RELEASED) continue;
    bool seen = false;
    for (size_t k = 0; k < names.n && !seen; k++) seen = str_eq(names.v[k], l->property);
    if (!seen) VEC_PUSH(b->a, &names, l->property);
  }
  sort_stable(b->a, names.v, names.n, sizeof *names.v, by_text, NULL);
  c->properties = names.v;
  c->n_properties = (uint32_t)names.n;
}

static bool same_deps(const struct sres *r, const struct change *c) {
  if (r->n_deps != c->n_deps) return false;
  if (!c->n_deps || memcmp(r->deps, c->deps, c->n_deps * sizeof *c->deps) == 0) return true;
  for (uint32_t i = 0; i < c->n_deps; i++) {
    uint32_t j = 0;
    while (j < r->n_deps && r->deps[j] != c->deps[i]) j++;
    if (j == r->n_deps) return false;
  }
  return true;
}

static enum qn_err check_kept(struct builder *b, const struct change *c) {
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; b->o->strict_readback && i < c->n_leaves; i++) {
    if (c->leaves[i].why != WHY_KEPT) continue;
    diag_add(&b->s->diags, QN0808, c->leaves[i].span, "%.*s: %.*s reads back otherwise than it was applied",
             SV(session_str(b->s, c->address)), SV(c->leaves[i].path));
    e = QN_E_INVALID;
  }
  return e;
}

static bool covers(const struct value *map, const struct value *of) {
  for (uint32_t i = 0; value_is(of, V_MAP) && i < of->n; i++)
    if (!value_is(map, V_MAP) || !value_member(map, of->members[i].key)) return false;
  return true;
}

/* State has other properties as applied than the spec declares: the object was imported, or found as wanted,
 * or a property, or part of one, was taken out of the spec that the object does not have anyway. */
static bool applied_differs(struct builder *b, const struct recorded *r, const struct value *wanted) {
  const struct value *applied = r->r->applied;
  if (!covers(applied, wanted) || !covers(wanted, applied)) return true;
  struct matcher m = {b->s, b->a, r->def};
  for (uint32_t i = 0; value_is(wanted, V_MAP) && i < wanted->n; i++) {
    const struct member *w = &wanted->members[i];
    const struct value *was = value_member(applied, w->key);
    struct place at = {.kind = PL_MEMBER, .name = session_str(b->s, w->key)};
    if (!value_eq(b->s, w->value, was) && match_without_removed(&m, &at, w->value, was) != w->value)
      return true;
  }
  return false;
}

/* A run that is taken back touches nothing but what it changed. */
static uint32_t only_taken_back(struct builder *b, const struct node *n, const struct leaf_change **leaves,
                                uint32_t n_leaves) {
  struct leaf_change *kept = ARENA_ARRAY(b->a, n_leaves, struct leaf_change);
  uint32_t n_kept = 0;
  for (uint32_t i = 0; i < n_leaves; i++)
    if (undo_takes_back(b->undo[n - b->g->nodes], (*leaves)[i].property)) kept[n_kept++] = (*leaves)[i];
  *leaves = kept;
  return n_kept;
}

static enum qn_err plan_existing(struct builder *b, const struct node *n, struct decision *d) {
  struct recorded *r = d->current;
  const struct value *wanted = build_with_ignored(b, n, r, d->wanted);
  struct diff_input in = {.def = r->def,
                          .schema = b->sc,
                          .type = n->type,
                          .wanted = wanted,
                          .applied = r->r->applied,
                          .seen = r->r->seen,
                          .live = r->live,
                          .ignore = n->r.ignore,
                          .n_ignore = n->r.n_ignore,
                          .unconfirmed = r->r->unconfirmed.v,
                          .n_unconfirmed = (uint32_t)r->r->unconfirmed.n};
  build_with_owned(b, n, r, &in);
  wanted = in.wanted;
  const struct leaf_change *leaves;
  uint32_t n_leaves;
  diff_leaves(b->s, b->a, &in, &leaves, &n_leaves);
  bool marked = owner_leaf(b, r, &leaves, &n_leaves);
  if (b->undo) n_leaves = only_taken_back(b, n, &leaves, n_leaves);
  bool replace = false, if_changed = false, released = false;
  for (uint32_t i = 0; i < n_leaves; i++) {
    replace |= leaves[i].forces_replace && !leaves[i].if_changed;
    if_changed |= leaves[i].if_changed;
    released |= leaves[i].why == WHY_RELEASED;
  }
  if ((replace || if_changed) && !b->undo) return plan_replace(b, n, d, leaves, n_leaves, !replace, CR_SPEC);
  if (requested(b, n->r.address)) return plan_replace(b, n, d, leaves, n_leaves, false, CR_REQUESTED);
  struct change c = node_change(b, n, d);
  c.wanted = wanted;
  c.leaves = leaves;
  c.n_leaves = n_leaves;
  set_properties(b, &c);
  if (c.n_properties && !marked && !b->undo && address_leaf(b, r, &c.leaves, &c.n_leaves))
    set_properties(b, &c);
  c.action = c.n_properties ? ACT_UPDATE : ACT_NONE;
  c.record = !r->r->complete || r->r->protect != c.protect || r->r->on_destroy != c.on_destroy || r->moved ||
             released || applied_differs(b, r, wanted) || !same_deps(r->r, &c);
  d->updated = c.action == ACT_UPDATE;
  enum qn_err e = check_kept(b, &c);
  build_add(b, c);
  d->change = (uint32_t)(b->changes.n - 1);
  return e;
}

static enum qn_err refuse_region(struct builder *b, const struct node *n, const struct recorded *r,
                                 sym region) {
  struct diag *g = diag_add(&b->s->diags, QN0807, n->r.span, "%.*s is in %.*s and cannot move to %.*s",
                            SV(session_str(b->s, n->r.address)), SV(session_str(b->s, r->r->region)),
                            SV(session_str(b->s, region)));
  diag_help(&b->s->diags, g, "declare a second resource in the new region, apply, then remove this one");
  return QN_E_INVALID;
}

static enum qn_err plan_node(struct builder *b, uint32_t i) {
  const struct node *n = &b->g->nodes[i];
  struct decision *d = &b->decisions[i];
  struct resolver rs = {.user = b, .attribute = build_attribute};
  enum qn_err e = value_resolve(b->s, b->a, n->r.props, &rs, &d->wanted);
  if (e) return e;
  const struct def *def = provider_find(b->prov, session_str(b->s, n->r.type));
  if (!def) {
    struct diag *g = diag_add(&b->s->diags, QN0802, n->r.span,
                              "%.*s is of type %.*s, for which this quoin has no definition",
                              SV(session_str(b->s, n->r.address)), SV(session_str(b->s, n->r.type)));
    diag_help(&b->s->diags, g, "QUOIN_PROVIDER_PATH may name a folder with further definitions");
    return QN_E_INVALID;
  }
  if ((e = def_check_resource(b->s, def, &n->r))) return e;
  struct recorded *r = d->current;
  if (!r || r->gone || value_is_null(r->identity)) return plan_new(b, n, d);
  if (r->r->type != n->r.type) return plan_replace(b, n, d, NULL, 0, false, CR_SPEC);
  sym region = n->r.region ? n->r.region : b->env->region;
  if (r->r->region && r->r->region != region) return refuse_region(b, n, r, region);
  return plan_existing(b, n, d);
}

enum qn_err build_wanted(struct builder *b) {
  if (!b->g) return QN_OK;
  build_owners(b);
  const uint32_t *order = graph_order(b->g, b->a);
  enum qn_err e = QN_OK;
  VEC_RESERVE(b->a, &b->changes, b->g->n_nodes);
  for (uint32_t k = 0; k < b->g->n_nodes; k++) {
    uint32_t i = order[k];
    if (b->targeted && !b->targeted[i]) continue;
    enum qn_err one = plan_node(b, i);
    if (one && !(e == QN_E_INVALID)) e = one;
  }
  return e;
}
