/* plan_make: from graph, state and live cloud to the plan. */
#include "build.h"

/* Attributes that values refer to, so that reads ask for them. */
struct ref_walk {
  struct builder *b;
  unsigned depth;
};

static void note_refs(struct ref_walk *w, const struct value *v);

static void note_unknown(struct ref_walk *w, const struct unknown *u) {
  struct builder *b = w->b;
  for (uint32_t i = 0; i < u->n_bindings; i++) note_refs(w, u->bindings[i].value);
  if (u->ukind != U_ATTR) return;
  uint32_t node = graph_find(b->g, u->address);
  if (node == UINT32_MAX) return;
  struct decision *d = &b->decisions[node];
  for (size_t i = 0; i < d->reads.n; i++)
    if (str_eq(d->reads.v[i], u->path)) return;
  VEC_PUSH(b->a, &d->reads, u->path);
}

static void note_refs(struct ref_walk *w, const struct value *v) {
  if (!value_unknown(v) || w->depth > 256) return;
  w->depth++;
  if (v->kind == V_UNKNOWN) note_unknown(w, v->unknown);
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++) note_refs(w, v->items[i]);
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++) note_refs(w, v->members[i].value);
  w->depth--;
}

static void prepare_decisions(struct builder *b) {
  if (!b->g) return;
  b->decisions = ARENA_ARRAY(b->a, b->g->n_nodes, struct decision);
  struct ref_walk w = {b, 0};
  for (uint32_t i = 0; i < b->g->n_nodes; i++)
    b->decisions[i].change = b->decisions[i].old_delete = UINT32_MAX;
  for (uint32_t i = 0; i < b->g->n_nodes; i++) note_refs(&w, b->g->nodes[i].r.props);
  for (uint32_t i = 0; i < b->g->n_outputs; i++) note_refs(&w, b->g->outputs[i].value);
  for (uint32_t i = 0; i < b->g->n_checks; i++) note_refs(&w, b->g->checks[i].that);
}

static void bind_recorded(struct builder *b) {
  for (uint32_t i = 0; i < b->n_recs; i++) {
    struct recorded *r = &b->recs[i];
    if (r->node != UINT32_MAX && !r->r->deposed && b->decisions) b->decisions[r->node].current = r;
  }
}

/* Of a change that only stands in the order, nothing else is kept. */
static struct change bare(struct change c) {
  c.wanted = c.applied = c.seen = c.live = c.identity = c.attributes = c.timeouts = NULL;
  c.n_reads = c.n_deps = 0;
  return c;
}

/* Leaves out what needs nothing and orders nothing, renumbering references. */
static void compact(struct builder *b) {
  uint32_t n = (uint32_t)b->changes.n, kept = 0, *to = ARENA_ARRAY(b->a, n, uint32_t);
  for (uint32_t i = 0; i < n; i++) {
    const struct change *c = &b->changes.v[i];
    bool keep = !change_only_orders(c) || c->n_after;
    to[i] = keep ? kept++ : UINT32_MAX;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (to[i] == UINT32_MAX) continue;
    struct change c = b->changes.v[i];
    if (change_only_orders(&c)) c = bare(c);
    uint32_t *after = ARENA_ARRAY(b->a, c.n_after, uint32_t);
    for (uint32_t k = 0; k < c.n_after; k++) after[k] = to[c.after[k]];
    c.after = after;
    if (c.pair != UINT32_MAX) c.pair = to[c.pair];
    b->changes.v[to[i]] = c;
  }
  b->changes.n = kept;
}

/* By address, creates before deletes of one address; references renumbered. */
static int by_address(const void *x, const void *y, void *user) {
  const struct builder *b = user;
  const struct change *p = &b->changes.v[*(const uint32_t *)x], *q = &b->changes.v[*(const uint32_t *)y];
  int c = intern_cmp(b->s->names, p->address, q->address);
  if (c) return c;
  return p->action != q->action ? (p->action < q->action ? -1 : 1)
                                : (p->generation > q->generation) - (p->generation < q->generation);
}

static void renumber(struct builder *b, struct change *c, const uint32_t *to) {
  if (c->pair != UINT32_MAX) c->pair = to[c->pair];
  if (!c->n_after) return;
  uint32_t *after = ARENA_ARRAY(b->a, c->n_after, uint32_t);
  for (uint32_t k = 0; k < c->n_after; k++) after[k] = to[c->after[k]];
  c->after = after;
}

/* In place: changes are the largest array of a plan. */
static void sort_changes(struct builder *b) {
  struct arena scratch;
  arena_init(&scratch);
  uint32_t n = (uint32_t)b->changes.n, *order = ARENA_ARRAY(&scratch, n, uint32_t),
           *to = ARENA_ARRAY(&scratch, n, uint32_t);
  struct change *v = b->changes.v;
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  sort_stable(&scratch, order, n, sizeof *order, by_address, b);
  for (uint32_t i = 0; i < n; i++) to[order[i]] = i;
  for (uint32_t i = 0; i < n; i++) renumber(b, &v[i], to);
  for (uint32_t i = 0; i < n; i++)
    while (to[i] != i) { /* what stands here goes to its place, what stood there comes here */
      uint32_t k = to[i];
      struct change c = v[k];
      v[k] = v[i];
      v[i] = c;
      to[i] = to[k];
      to[k] = k;
    }
  arena_release(&scratch);
}

static enum qn_err resolve_outputs(struct builder *b, struct plan *out) {
  if (!b->g || b->o->destroy) return QN_OK;
  struct resolver r = {.user = b, .attribute = build_attribute};
  struct output *outputs = ARENA_ARRAY(b->a, b->g->n_outputs, struct output);
  for (uint32_t i = 0; i < b->g->n_outputs; i++) {
    outputs[i] = b->g->outputs[i];
    enum qn_err e = value_resolve(b->s, b->a, outputs[i].value, &r, &outputs[i].value);
    if (e) return e;
  }
  out->outputs = outputs;
  out->n_outputs = b->g->n_outputs;
  return QN_OK;
}

static void check_failed(struct builder *b, const struct check *k, const struct resolver *r) {
  struct str why;
  const struct value *message = k->message ? k->message : value_null();
  if (value_resolve(b->s, b->a, message, r, &message) || !value_to_text(b->a, message, &why))
    why = STR("the condition is false");
  diag_add(&b->s->diags, QN0809, k->span, "check failed: %.*s", SV(why));
}

static enum qn_err judge_checks(struct builder *b, struct plan *out) {
  if (!b->g || b->o->destroy) return QN_OK;
  struct resolver r = {.user = b, .attribute = build_attribute};
  struct check *open = ARENA_ARRAY(b->a, b->g->n_checks, struct check);
  uint32_t n = 0;
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < b->g->n_checks; i++) {
    struct check k = b->g->checks[i];
    enum qn_err one = value_resolve(b->s, b->a, k.that, &r, &k.that);
    if (one) return one;
    if (value_unknown(k.that)) {
      open[n++] = k;
    } else if (!value_is(k.that, V_BOOL) || !k.that->b) {
      check_failed(b, &k, &r);
      e = QN_E_REFUSED;
    }
  }
  out->checks = open;
  out->n_checks = n;
  return e;
}

static enum qn_err build_all(struct builder *b, struct rd_ctx *rd, struct cloud *c) {
  prepare_decisions(b);
  enum qn_err e = build_recorded(b);
  if (e) return e;
  bind_recorded(b);
  if ((e = build_targets(b))) return e;
  if (b->o->refresh && rd && (e = build_settle(b, rd, c))) return e;
  if (b->o->refresh && (rd || b->o->read) && (e = build_refresh(b, rd, c))) return e;
  enum qn_err wanted = b->o->destroy ? QN_OK : build_wanted(b), unwanted = build_unwanted(b);
  if (!wanted && !unwanted) build_undeclared(b);
  return wanted ? wanted : unwanted;
}

static int checked_by_address(const void *x, const void *y, void *user) {
  const struct checked *p = x, *q = y;
  return intern_cmp(((const struct session *)user)->names, p->address, q->address);
}

static void list_checked(struct builder *b, struct plan *out) {
  struct checked *v = ARENA_ARRAY(b->a, b->n_recs, struct checked);
  uint32_t n = 0;
  for (uint32_t i = 0; b->refreshed && i < b->n_recs; i++) {
    const struct recorded *r = &b->recs[i];
    if (!r->live && !r->gone) continue;
    struct span where = r->node != UINT32_MAX ? b->g->nodes[r->node].r.span : SPAN_NONE;
    v[n++] = (struct checked){r->address, r->r->type, where};
  }
  sort_stable(b->a, v, n, sizeof *v, checked_by_address, b->s);
  out->checked = v;
  out->n_checked = n;
}

void build_plan(struct builder *b, struct plan *out) {
  build_order(b);
  compact(b);
  sort_changes(b);
  *out = (struct plan){.s = b->s,
                       .env = *b->env,
                       .lineage = state_lineage(b->st),
                       .base = state_seq(b->st),
                       .destroy = b->o->destroy,
                       .refreshed = b->refreshed,
                       .all = b->o->all,
                       .partial = b->o->n_targets > 0,
                       .changes = b->changes.v,
                       .n_changes = (uint32_t)b->changes.n,
                       .moves = b->moves.v,
                       .n_moves = (uint32_t)b->moves.n,
                       .lookups = b->g ? b->g->lookups : NULL,
                       .old_outputs = state_outputs(b->st),
                       .version = STR(QUOIN_VERSION),
                       .definitions_digest = providers_digest(b->prov, b->a),
                       .undeclared = b->undeclared.v,
                       .n_undeclared = (uint32_t)b->undeclared.n,
                       .calls = b->calls,
                       .bound = b->bound};
  list_checked(b, out);
}

enum qn_err plan_make(struct session *s, const struct graph *g, struct state *st, const struct providers *p,
                      const struct schema *sc, struct rd_ctx *rd, struct cloud *c,
                      const struct plan_options *o, const struct environment *env, struct plan *out) {
  struct builder b = {.s = s, .a = &s->arena, .g = g, .st = st, .prov = p, .sc = sc, .o = o, .env = env};
  enum qn_err e = build_all(&b, rd, c);
  if (e) return e;
  struct plan plan;
  build_plan(&b, &plan);
  if ((e = resolve_outputs(&b, &plan)) || (e = judge_checks(&b, &plan))) return e;
  *out = plan;
  return QN_OK;
}

static bool counts_as_change(const struct change *c) {
  return c->action != ACT_NONE;
}

struct plan_counts plan_count(const struct plan *p) {
  struct plan_counts n = {0};
  for (uint32_t i = 0; i < p->n_changes; i++) {
    const struct change *c = &p->changes[i];
    n.add += c->action == ACT_CREATE;
    n.change += c->action == ACT_UPDATE;
    n.destroy += c->action == ACT_DELETE;
    n.replace += c->action == ACT_CREATE && c->pair != UINT32_MAX;
    n.forget += c->action == ACT_FORGET && c->reason != CR_GONE;
    for (uint32_t k = 0; k < c->n_leaves; k++) n.kept += c->leaves[k].why == WHY_KEPT;
    n.drift += change_drifted(c);
  }
  return n;
}

bool plan_empty(const struct plan *p) {
  if (p->n_moves) return false;
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (counts_as_change(&p->changes[i]) || p->changes[i].record) return false;
  const struct output_change *outputs;
  struct arena scratch;
  arena_init(&scratch);
  uint32_t n = plan_output_changes(p, &scratch, &outputs);
  arena_release(&scratch);
  return n == 0;
}
