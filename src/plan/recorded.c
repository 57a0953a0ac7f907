/* What state knows, under the addresses that `moved` gives it. */
#include "build.h"

/* The entry that moves this address, the longest `from` if several do; NULL. */
static const struct moved *move_of(const struct builder *b, sym address) {
  const struct moved *best = NULL;
  size_t longest = 0;
  for (uint32_t i = 0; b->g && i < b->g->n_moved; i++) {
    const struct moved *m = &b->g->moved[i];
    struct str from = session_str(b->s, m->from);
    if (from.n <= longest || !spec_moves(from, session_str(b->s, m->to), session_str(b->s, address)))
      continue;
    longest = from.n;
    best = m;
  }
  return best;
}

/* Chains are followed at most once per entry, so a cycle ends (the compiler refuses cycles). */
sym build_moved(struct builder *b, sym address) {
  for (uint32_t hops = 0; b->g && hops < b->g->n_moved; hops++) {
    const struct moved *m = move_of(b, address);
    if (!m) break;
    struct str text = session_str(b->s, address), rest = str_sub(text, session_str(b->s, m->from).n, text.n);
    address = session_sym(b->s, str_fmt(b->a, "%.*s%.*s", SV(session_str(b->s, m->to)), SV(rest)));
  }
  return address;
}

static struct span moved_span(struct builder *b, sym address) {
  const struct moved *m = move_of(b, address);
  return m ? m->span : SPAN_NONE;
}

/* Another resource that is, or comes, to stand where r goes; NULL. */
static const struct sres *in_the_way(struct builder *b, const struct recorded *r) {
  const uint32_t *other = map_get(&b->current_of, session_str(b->s, r->address));
  if (other && b->recs[*other].r->address != r->r->address) return b->recs[*other].r;
  return state_find(b->st, r->address);
}

static enum qn_err add_move(struct builder *b, struct recorded *r) {
  if (r->address == r->r->address) return QN_OK;
  const struct sres *other = in_the_way(b, r);
  if (other) {
    struct str why = STR("both are recorded in the state");
    if (other->address != r->address)
      why = str_fmt(b->a, "%.*s moves there, too", SV(session_str(b->s, other->address)));
    struct diag *g =
        diag_add(&b->s->diags, QN0801, moved_span(b, r->r->address), "cannot move %.*s to %.*s: %.*s",
                 SV(session_str(b->s, r->r->address)), SV(session_str(b->s, r->address)), SV(why));
    diag_help(&b->s->diags, g,
              "remove the `moved` entry, or take one of them out of the state with `quoin state rm`");
    return QN_E_INVALID;
  }
  r->moved = true;
  if (!r->r->deposed) VEC_PUSH(b->a, &b->moves, ((struct move){r->r->address, r->address}));
  return QN_OK;
}

/* As apply settles it: what interrupted calls may have done is managed. */
static const struct sres *as_settled(struct builder *b, const struct def *d, const struct sres *r) {
  if (!r->open.n || value_is_null(r->identity)) return r;
  struct sres *copy = ARENA_NEW(b->a, struct sres);
  *copy = plan_with_lost(b->s, d, r);
  return copy;
}

static bool create_pending(const struct sres *r) {
  for (size_t i = 0; i < r->open.n; i++)
    if (r->open.v[i].kind == 'c' && value_is_null(r->identity)) return true;
  return false;
}

enum qn_err build_recorded(struct builder *b) {
  size_t n = 0;
  const struct sres *all = state_resources(b->st, &n);
  b->recs = ARENA_ARRAY(b->a, n, struct recorded);
  b->n_recs = (uint32_t)n;
  enum qn_err e = QN_OK;
  for (size_t i = 0; i < n; i++) {
    struct recorded *r = &b->recs[i];
    *r = (struct recorded){.r = &all[i], .identity = all[i].identity, .node = UINT32_MAX};
    r->address = build_moved(b, all[i].address);
    if (b->g) r->node = graph_find(b->g, r->address);
    r->pending_create = create_pending(&all[i]);
    r->def = provider_find(b->prov, session_str(b->s, all[i].type));
    if (!r->def) {
      diag_add(&b->s->diags, QN0802, SPAN_NONE,
               "%.*s is of type %.*s, for which this quoin has no definition",
               SV(session_str(b->s, r->address)), SV(session_str(b->s, all[i].type)));
      e = QN_E_INVALID;
    }
    r->r = as_settled(b, r->def, r->r);
    enum qn_err moved = add_move(b, r);
    if (moved) e = moved;
    if (!all[i].deposed) map_put(b->a, &b->current_of, session_str(b->s, r->address), (uint32_t)i);
  }
  return e;
}
