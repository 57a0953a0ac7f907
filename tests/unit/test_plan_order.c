/* The order of changes: random specs over random states never make a circle, and what is needed is there
 * first. */
#include "unit.h"

#include <stdlib.h>

#include "../../src/plan/order.h"
#include "defs.h"

enum { NODES = 9, RECS = 14, ROUNDS = 4000 };

static uint32_t seed;
static uint32_t dice(uint32_t n) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 10) % n;
}

struct lot {
  struct world w;
  struct graph g;
  struct builder b;
  struct sres sres[RECS];
};

static sym name_of(struct lot *l, uint32_t i) {
  return session_sym(&l->w.s, str_fmt(l->w.a, "r%02u", i));
}

/* A graph whose node i needs some of the nodes before it in a random ranking. */
static void make_graph(struct lot *l) {
  uint32_t rank[NODES];
  struct graph *g = &l->g;
  for (uint32_t i = 0; i < NODES; i++) {
    uint32_t k = dice(i + 1);
    rank[i] = rank[k];
    rank[k] = i;
  }
  for (uint32_t i = 0; i < NODES; i++) {
    struct node *n = &g->nodes[i];
    *n = (struct node){.dep_first = g->n_deps};
    n->r.address = name_of(l, i);
    n->r.replace = (uint8_t)dice(3);
    bool named = dice(2);
    struct str type = named ? STR("AWS::Logs::LogGroup") : STR("AWS::EC2::VPC");
    n->r.type = session_sym(&l->w.s, type);
    CHECK(schema_type(l->w.sc, type, &n->type));
    for (uint32_t d = 0; d < NODES; d++)
      if (rank[d] < rank[i] && dice(4) == 0) g->deps[g->n_deps++] = d, n->n_deps++;
  }
}

static struct change change_for(struct lot *l, uint32_t i, enum action action) {
  const char *type = action == ACT_NONE ? "AWS::EC2::VPC" : dice(2) ? "AWS::Logs::LogGroup" : "AWS::EC2::VPC";
  return (struct change){.action = action,
                         .address = name_of(l, i),
                         .def = must_find(&l->w, type),
                         .pair = UINT32_MAX,
                         .wanted =
                             json(&l->w, dice(2) ? "{\"LogGroupName\":\"a\"}" : "{\"LogGroupName\":\"b\"}"),
                         .applied = json(&l->w, "{\"LogGroupName\":\"a\"}")};
}

static void decide(struct lot *l, uint32_t i) {
  struct builder *b = &l->b;
  struct decision *d = &b->decisions[i];
  uint32_t what = dice(5);
  d->change = d->old_delete = UINT32_MAX;
  if (!d->current)
    what = 0;
  else if (what == 0)
    what = 3;
  d->change = (uint32_t)b->changes.n;
  build_add(b, change_for(l, i, what == 0 || what >= 3 ? ACT_CREATE : what == 1 ? ACT_UPDATE : ACT_NONE));
  if (what < 3) return;
  d->old_delete = (uint32_t)b->changes.n;
  build_add(b, change_for(l, i, dice(6) ? ACT_DELETE : ACT_FORGET));
  b->changes.v[d->change].pair = d->old_delete;
  b->changes.v[d->old_delete].pair = d->change;
}

/* The state knows most of the nodes and some that are in the spec no more, with dependencies of its own. */
static void make_state(struct lot *l) {
  struct builder *b = &l->b;
  for (uint32_t i = 0; i < RECS; i++) {
    if (dice(5) == 0) continue;
    struct recorded *r = &b->recs[b->n_recs++];
    struct sres *s = &l->sres[i];
    sym *deps = ARENA_ARRAY(l->w.a, RECS, sym);
    *s = (struct sres){.address = name_of(l, i), .deps = deps};
    for (uint32_t d = 0; d < RECS; d++)
      if (d != i && dice(5) == 0) deps[s->n_deps++] = name_of(l, d); /* circles, too */
    *r = (struct recorded){.r = s, .address = s->address, .node = i < NODES ? i : UINT32_MAX};
    if (i < NODES) b->decisions[i].current = r;
    if (i >= NODES || dice(8) == 0) build_add(b, change_for(l, i, ACT_DELETE)); /* unwanted, or deposed */
  }
}

static bool waits_for(const struct change *c, uint32_t i) {
  for (uint32_t k = 0; k < c->n_after; k++)
    if (c->after[k] == i) return true;
  return false;
}

/* What a change waits for, directly or not. */
static void mark_before(const struct builder *b, uint32_t i, bool *before) {
  for (uint32_t k = 0; k < b->changes.v[i].n_after; k++) {
    uint32_t j = b->changes.v[i].after[k];
    if (before[j]) continue;
    before[j] = true;
    mark_before(b, j, before);
  }
}

static uint32_t reachable(const struct builder *b) {
  bool done[4 * RECS] = {0};
  uint32_t n = 0;
  for (bool went = true; went;) {
    went = false;
    for (uint32_t i = 0; i < b->changes.n; i++) {
      bool ready = !done[i];
      for (uint32_t k = 0; k < b->changes.v[i].n_after; k++) ready = ready && done[b->changes.v[i].after[k]];
      if (ready) done[i] = went = true, n++;
    }
  }
  return n;
}

/* All that a node needs, through nodes that change or do not, comes before it. */
static void mark_needs(const struct graph *g, uint32_t i, bool *needs) {
  for (uint32_t k = 0; k < g->nodes[i].n_deps; k++) {
    uint32_t dep = g->deps[g->nodes[i].dep_first + k];
    if (needs[dep]) continue;
    needs[dep] = true;
    mark_needs(g, dep, needs);
  }
}

static uint32_t check_through(const struct builder *b) {
  uint32_t far = 0;
  for (uint32_t i = 0; i < b->g->n_nodes; i++) {
    bool needs[NODES] = {0}, before[4 * RECS] = {0};
    uint32_t change = b->decisions[i].change;
    if (b->changes.v[change].action == ACT_NONE) continue;
    mark_needs(b->g, i, needs);
    mark_before(b, change, before);
    for (uint32_t d = 0; d < b->g->n_nodes; d++) {
      uint32_t dep = b->decisions[d].change;
      if (!needs[d] || b->changes.v[dep].action == ACT_NONE) continue;
      CHECK(before[dep]);
      far += !waits_for(&b->changes.v[change], dep);
    }
  }
  return far;
}

static void check_needs(const struct builder *b) {
  const struct graph *g = b->g;
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const struct decision *d = &b->decisions[i];
    const struct change *c = &b->changes.v[d->change];
    for (uint32_t k = 0; k < g->nodes[i].n_deps; k++) {
      uint32_t dep = b->decisions[g->deps[g->nodes[i].dep_first + k]].change;
      bool both = c->action != ACT_NONE && b->changes.v[dep].action != ACT_NONE;
      CHECK(!both || waits_for(c, dep));
    }
    if (d->old_delete == UINT32_MAX) continue;
    const struct change *old = &b->changes.v[d->old_delete];
    CHECK(c->create_first == old->create_first);
    CHECK(c->create_first ? waits_for(old, d->change) : waits_for(c, d->old_delete));
    if (old->action == ACT_FORGET) CHECK(c->create_first);
  }
}

TEST(random_changes_have_no_circle) {
  struct lot *l = calloc(1, sizeof *l);
  world_open(&l->w);
  l->g.nodes = ARENA_ARRAY(l->w.a, NODES, struct node);
  l->g.deps = ARENA_ARRAY(l->w.a, NODES * NODES, uint32_t);
  uint32_t first = 0, last = 0, weak = 0, far = 0;
  sym top = name_of(l, RECS);
  uint32_t *by_sym = NULL;
  for (seed = 1; seed < 1 + ROUNDS && !unit_failed; seed++) {
    uint32_t start = seed;
    l->g.n_nodes = NODES, l->g.n_deps = 0;
    l->g.s = &l->w.s;
    make_graph(l);
    if (!by_sym) {
      for (uint32_t i = 0; i < NODES; i++)
        if (name_of(l, i) > top) top = name_of(l, i);
      l->g.n_by_sym = top + 1;
      by_sym = ARENA_ARRAY(l->w.a, l->g.n_by_sym, uint32_t);
      for (uint32_t i = 0; i < NODES; i++) by_sym[name_of(l, i)] = i + 1;
      l->g.by_sym = by_sym;
    }
    l->b = (struct builder){.s = &l->w.s, .a = l->w.a, .g = &l->g, .prov = l->w.p, .sc = l->w.sc};
    l->b.decisions = ARENA_ARRAY(l->w.a, NODES, struct decision);
    l->b.recs = ARENA_ARRAY(l->w.a, RECS, struct recorded);
    make_state(l);
    for (uint32_t i = 0; i < NODES; i++) decide(l, i);
    build_order(&l->b);
    CHECK_INT(reachable(&l->b), l->b.changes.n);
    check_needs(&l->b);
    far += check_through(&l->b);
    for (uint32_t i = 0; i < l->b.changes.n; i++) {
      const struct change *c = &l->b.changes.v[i];
      if (c->pair != UINT32_MAX && c->action == ACT_DELETE) *(c->create_first ? &first : &last) += 1;
      if (c->action == ACT_DELETE) weak += c->n_after;
    }
    if (unit_failed) printf("seed %u\n", start);
    seed = start;
  }
  CHECK(first > 100 && last > 100 && weak > 1000 && far > 1000); /* all kinds were met */
  world_close(&l->w);
  free(l);
}

/* What the example of the header of circle.c says: x lets go of r, r was made with d, d is replaced and x now
 * needs d. */
TEST(only_what_is_in_a_circle_gives_way) {
  struct session s;
  session_init(&s, NULL);
  struct order_edges e = {0};
  const struct order_edge edges[] = {{0, 1, EF_LETS_GO}, {1, 2, EF_DELETES}, {2, 3, EF_MUST},
                                     {3, 0, EF_MUST},    {4, 1, EF_LETS_GO}, {1, 5, EF_DELETES},
                                     {6, 7, EF_DELETES}, {7, 6, EF_MUST}};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) VEC_PUSH(&s.arena, &e.v, edges[i]);
  order_break_circles(&e, 8);
  CHECK_INT(e.v.n, 6);
  for (size_t i = 0; i < e.v.n; i++)
    CHECK(!(e.v.v[i].from == 0 && e.v.v[i].to == 1) && !(e.v.v[i].from == 6));
  order_break_circles(&e, 8);
  CHECK_INT(e.v.n, 6);
  session_release(&s);
}

static void add_edge(struct session *s, struct order_edges *e, uint32_t from, uint32_t to) {
  VEC_PUSH(&s->arena, &e->v, ((struct order_edge){from, to, EF_MUST}));
}

static uint32_t n_quiet(const bool *quiet, uint32_t n) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < n; i++) found += quiet[i];
  return found;
}

TEST(a_long_chain_becomes_one_edge) {
  enum { LONG = 100000 };
  struct session s;
  session_init(&s, NULL);
  struct order_edges e = {0};
  bool *quiet = ARENA_ARRAY(&s.arena, LONG, bool);
  for (uint32_t i = 1; i < LONG; i++) add_edge(&s, &e, i, i - 1); /* against the numbers */
  for (uint32_t i = 1; i + 1 < LONG; i++) quiet[i] = true;
  order_pass_through(&e, LONG, quiet);
  CHECK_INT(e.v.n, 1);
  CHECK(e.v.v[0].from == LONG - 1 && e.v.v[0].to == 0);
  CHECK_INT(n_quiet(quiet, LONG), 0);
  session_release(&s);
}

TEST(a_wide_fan_keeps_its_junction) {
  enum { WIDE = 40000, JUNCTION = 2 * WIDE, ALL };
  struct session s;
  session_init(&s, NULL);
  struct order_edges e = {0};
  bool *quiet = ARENA_ARRAY(&s.arena, ALL, bool);
  for (uint32_t i = 0; i < WIDE; i++) {
    add_edge(&s, &e, i, JUNCTION);
    add_edge(&s, &e, JUNCTION, WIDE + i);
  }
  quiet[JUNCTION] = true;
  order_pass_through(&e, ALL, quiet);
  CHECK_INT(e.v.n, 2 * WIDE);
  CHECK(quiet[JUNCTION]);
  session_release(&s);
}

/* 0 and 1 both through 5 and through 6 to 2: a diamond; 3 through 7 to nothing, 8 from nothing to 4, and 0 to
 * 2 besides. */
TEST(quiet_ends_go_and_edges_are_there_once) {
  struct session s;
  session_init(&s, NULL);
  struct order_edges e = {0};
  static const uint32_t edges[][2] = {{0, 5}, {1, 5}, {0, 6}, {1, 6}, {5, 2}, {6, 2}, {3, 7}, {8, 4}, {0, 2}};
  bool quiet[9] = {[5] = true, true, true, true};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) add_edge(&s, &e, edges[i][0], edges[i][1]);
  order_pass_through(&e, 9, quiet);
  CHECK_INT(e.v.n, 2);
  for (size_t i = 0; i < e.v.n; i++) CHECK(e.v.v[i].to == 2 && e.v.v[i].from < 2);
  CHECK_INT(n_quiet(quiet, 9), 0);
  session_release(&s);
}

/* Deletes are in order through what stays: b stays and was made with a; c was made with b. */
TEST(deletes_are_in_order_through_what_stays) {
  struct lot *l = calloc(1, sizeof *l);
  world_open(&l->w);
  l->b = (struct builder){.s = &l->w.s, .a = l->w.a, .prov = l->w.p, .sc = l->w.sc};
  l->b.recs = ARENA_ARRAY(l->w.a, RECS, struct recorded);
  sym needs[2] = {name_of(l, 0), name_of(l, 1)};
  for (uint32_t i = 0; i < 3; i++) {
    l->sres[i] = (struct sres){.address = name_of(l, i), .deps = i ? &needs[i - 1] : NULL, .n_deps = i > 0};
    l->b.recs[l->b.n_recs++] =
        (struct recorded){.r = &l->sres[i], .address = name_of(l, i), .node = UINT32_MAX};
    if (i != 1) build_add(&l->b, change_for(l, i, ACT_DELETE));
  }
  build_order(&l->b);
  CHECK_INT(l->b.changes.n, 2);
  CHECK(l->b.changes.v[0].n_after == 1 && l->b.changes.v[0].after[0] == 1);
  CHECK_INT(l->b.changes.v[1].n_after, 0);
  world_close(&l->w);
  free(l);
}

TEST_MAIN(CASE(a_long_chain_becomes_one_edge), CASE(a_wide_fan_keeps_its_junction),
          CASE(quiet_ends_go_and_edges_are_there_once), CASE(deletes_are_in_order_through_what_stays),
          CASE(random_changes_have_no_circle), CASE(only_what_is_in_a_circle_gives_way))
