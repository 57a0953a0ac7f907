/* -target and -replace. A target is an address or a component prefix. Planning brings what it needs along;
 * destroying brings what needs it along, for that cannot stay. */
#include "build.h"

/* Is `address` what was asked for, or below it? */
static bool below(struct str address, struct str want) {
  if (!str_starts(address, want)) return false;
  return address.n == want.n || address.p[want.n] == '.' || address.p[want.n] == '[';
}

static enum qn_err unknown(struct builder *b, const char *option, const char *where, struct str want) {
  struct diag *g =
      diag_add(&b->s->diags, QN0810, SPAN_NONE, "-%s %.*s names no resource of %s", option, SV(want), where);
  struct str *names = ARENA_ARRAY(b->a, (size_t)b->n_recs + (b->g ? b->g->n_nodes : 0), struct str);
  size_t n = 0;
  for (uint32_t i = 0; b->g && i < b->g->n_nodes; i++)
    names[n++] = session_str(b->s, b->g->nodes[i].r.address);
  for (uint32_t i = 0; i < b->n_recs; i++) names[n++] = session_str(b->s, b->recs[i].address);
  struct str near = diag_nearest(want, names, n), inside = STR("");
  for (size_t i = 0; i < n && !inside.n; i++)
    if (below(names[i], want)) inside = names[i];
  if (inside.n)
    diag_help(&b->s->diags, g, "it has several: say which, as %.*s", SV(inside));
  else if (near.n)
    diag_help(&b->s->diags, g, "did you mean %.*s?", SV(near));
  else
    diag_help(&b->s->diags, g,
              "addresses look like vpc, network.vpc or subnet[\"a\"]; `quoin graph` shows them");
  return QN_E_INVALID;
}

static bool mark(struct builder *b, struct str want) {
  bool hit = false;
  for (uint32_t i = 0; b->g && i < b->g->n_nodes; i++) {
    if (!below(session_str(b->s, b->g->nodes[i].r.address), want)) continue;
    hit = true;
    if (!b->o->destroy) b->targeted[i] = true;
  }
  for (uint32_t i = 0; i < b->n_recs; i++)
    if (below(session_str(b->s, b->recs[i].address), want)) hit = b->recs[i].targeted = true;
  return hit;
}

/* What a wanted node needs is wanted, too. */
static void add_needed(struct builder *b) {
  const struct graph *g = b->g;
  const uint32_t *order = graph_order(g, b->a);
  for (uint32_t k = g->n_nodes; k-- > 0;) {
    const struct node *n = &g->nodes[order[k]];
    for (uint32_t d = 0; b->targeted[order[k]] && d < n->n_deps; d++)
      b->targeted[g->deps[n->dep_first + d]] = true;
  }
  for (uint32_t i = 0; i < b->n_recs; i++)
    if (b->recs[i].node != UINT32_MAX) b->recs[i].targeted |= b->targeted[b->recs[i].node];
}

/* What was made with the help of something that goes has to go before it, unless it stays in the spec. */
static void add_users(struct builder *b) {
  struct map first = {0}; /* address -> first user in `next` */
  VEC(uint32_t) user = {0}, next = {0}, queue = {0};
  for (uint32_t i = 0; i < b->n_recs; i++)
    for (uint32_t k = 0; k < b->recs[i].r->n_deps; k++) {
      struct str need = session_str(b->s, build_moved(b, b->recs[i].r->deps[k]));
      const uint32_t *head = map_get(&first, need);
      VEC_PUSH(b->a, &user, i);
      VEC_PUSH(b->a, &next, head ? *head : UINT32_MAX);
      map_put(b->a, &first, need, (uint32_t)(next.n - 1));
    }
  for (uint32_t i = 0; i < b->n_recs; i++)
    if (b->recs[i].targeted) VEC_PUSH(b->a, &queue, i);
  for (size_t at = 0; at < queue.n; at++) {
    const struct recorded *r = &b->recs[queue.v[at]];
    if (!b->o->destroy && r->node != UINT32_MAX) continue;
    const uint32_t *head = map_get(&first, session_str(b->s, r->address));
    for (uint32_t e = head ? *head : UINT32_MAX; e != UINT32_MAX; e = next.v[e]) {
      struct recorded *u = &b->recs[user.v[e]];
      if (u->targeted || (!b->o->destroy && u->node != UINT32_MAX)) continue;
      u->targeted = true;
      VEC_PUSH(b->a, &queue, user.v[e]);
    }
  }
}

enum qn_err build_targets(struct builder *b) {
  const struct plan_options *o = b->o;
  for (size_t i = 0; i < o->n_replace; i++) {
    sym address = session_sym(b->s, o->replace[i]);
    if (!b->g || graph_find(b->g, address) == UINT32_MAX)
      return unknown(b, "replace", "the spec", o->replace[i]);
  }
  if (!o->n_targets) return QN_OK;
  if (b->g) b->targeted = ARENA_ARRAY(b->a, b->g->n_nodes, bool);
  for (size_t t = 0; t < o->n_targets; t++)
    if (!mark(b, o->targets[t])) return unknown(b, "target", "the spec or the state", o->targets[t]);
  if (b->g && !o->destroy) add_needed(b);
  add_users(b);
  for (size_t i = 0; i < o->n_replace; i++) {
    if (b->targeted[graph_find(b->g, session_sym(b->s, o->replace[i]))]) continue;
    struct diag *g =
        diag_add(&b->s->diags, QN0810, SPAN_NONE, "-replace %.*s is left out by -target", SV(o->replace[i]));
    diag_help(&b->s->diags, g, "give -target %.*s, too, or plan without -target", SV(o->replace[i]));
    return QN_E_INVALID;
  }
  return QN_OK;
}
