/* Random operations on a state beside a model that is as simple as can be; after
 * each commit, kill, reopening and snapshot both must say the same. */
#include "state_kit.h"

enum { ADDRESSES = 6, OPEN = 64 };

struct mgen {
  bool exists, deposed;
  int id, applied; /* 0: not known */
  bool seen;
};
struct mopen {
  uint64_t n;
  int address, generation;
};
struct model {
  struct mgen g[ADDRESSES][64];
  int counter[ADDRESSES];
  struct mopen open[OPEN];
  int n_open;
};

static uint32_t rng;
static unsigned dice(unsigned n) {
  rng = rng * 1664525u + 1013904223u;
  return (rng >> 8) % n;
}

static const char *address(int i) {
  return str_fmt(&s.arena, "m.r%d", i).p;
}

static void prune(struct model *m, int a, int g) {
  struct mgen *x = &m->g[a][g];
  for (int i = 0; i < m->n_open; i++)
    if (m->open[i].address == a && m->open[i].generation == g) return;
  if (x->exists && !x->id) memset(x, 0, sizeof *x);
}

static void drop(struct model *m, int a, int g) {
  memset(&m->g[a][g], 0, sizeof m->g[a][g]);
  int k = 0;
  for (int i = 0; i < m->n_open; i++)
    if (m->open[i].address != a || m->open[i].generation != g) m->open[k++] = m->open[i];
  m->n_open = k;
}

static void identified(struct model *m, int a, int g, int id) {
  m->g[a][g].id = id;
  for (int k = 1; k < g; k++) {
    if (m->g[a][k].id)
      m->g[a][k].deposed = true;
    else
      prune(m, a, k);
  }
  for (int k = g + 1; k < 64; k++)
    if (m->g[a][k].id) m->g[a][g].deposed = true;
}

static int lowest_open(const struct model *m, uint64_t after) {
  int best = -1;
  for (int i = 0; i < m->n_open; i++)
    if (m->open[i].n > after && (best < 0 || m->open[i].n < m->open[best].n)) best = i;
  return best;
}

static struct str model_dump(const struct model *m) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  for (int a = 0; a < ADDRESSES; a++) {
    for (int pass = 0; pass < 2; pass++)
      for (int g = 1; g < 64; g++) {
        const struct mgen *x = &m->g[a][g];
        if (!x->exists || x->deposed != pass) continue;
        buf_addf(&b, "%s/%d id=%d applied=%d seen=%d open=", address(a), g, x->id, x->applied, x->seen);
        uint64_t n = 0;
        for (int i; (i = lowest_open(m, n)) >= 0; n = m->open[i].n)
          if (m->open[i].address == a && m->open[i].generation == g)
            buf_addf(&b, "%llu,", (unsigned long long)m->open[i].n);
        buf_addc(&b, '\n');
      }
    buf_addf(&b, "next=%d\n", m->counter[a] + 1);
  }
  struct str t = str_dup(&s.arena, buf_str(&b));
  buf_release(&b);
  return t;
}

static int number(const struct value *map, const char *key) {
  const struct value *v = map ? value_get(&s, map, str_c(key)) : NULL;
  return v ? (int)v->i : 0;
}

static struct str state_dump(struct state *st) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  size_t n, k = 0;
  const struct sres *r = state_resources(st, &n);
  for (int a = 0; a < ADDRESSES; a++) {
    for (; k < n && r[k].address == kit_sym(address(a)); k++) {
      buf_addf(&b, "%s/%u id=%d applied=%d seen=%d open=", address(a), r[k].generation,
               number(r[k].identity, "Id"), number(r[k].applied, "A"), number(r[k].seen, "A") != 0);
      for (size_t i = 0; i < r[k].open.n; i++) buf_addf(&b, "%llu,", (unsigned long long)r[k].open.v[i].n);
      buf_addc(&b, '\n');
    }
    buf_addf(&b, "next=%u\n", state_next_generation(st, kit_sym(address(a))));
  }
  CHECK_INT(k, n);
  struct str t = str_dup(&s.arena, buf_str(&b));
  buf_release(&b);
  return t;
}

static const struct value *one(const char *key, int v) {
  return kit_json(str_fmt(&s.arena, "{\"%s\":%d}", key, v).p);
}

static void op_intent(struct state *st, struct model *m, int a) {
  int g = 0;
  for (int k = 1; k < 64; k++)
    if (m->g[a][k].exists && dice(2)) g = k;
  bool create = !g || dice(6) == 0;
  if (create) g = (int)state_next_generation(st, kit_sym(address(a)));
  if (g >= 64 || m->n_open == OPEN) return;
  uint64_t n = kit_intent(st, address(a), (uint32_t)g, create ? 'c' : dice(2) ? 'u' : 'd');
  m->g[a][g].exists = true;
  if (m->counter[a] < g) m->counter[a] = g;
  m->open[m->n_open++] = (struct mopen){n, a, g};
}

static void op_outcome(struct state *st, struct model *m) {
  if (!m->n_open) return;
  int i = (int)dice((unsigned)m->n_open), id = (int)dice(100) + 1, what = (int)dice(5);
  struct mopen o = m->open[i];
  m->open[i] = m->open[--m->n_open];
  struct mgen *x = &m->g[o.address][o.generation];
  struct outcome oc = {.intent = o.n, .kind = what == 0 ? OC_FAILED : what == 1 ? OC_NOT_SENT : OC_OK};
  struct sres facts = {.identity = one("Id", id)};
  if (oc.kind == OC_OK && what == 2) oc.identity = one("Id", id);
  if (oc.kind == OC_OK && what == 3) oc.applied = one("A", id);
  oc.gone = oc.kind == OC_OK && what == 4;
  if (oc.kind == OC_FAILED && dice(2)) {
    CHECK_INT(state_settled(st, o.n, &facts), QN_OK);
    oc.identity = facts.identity;
  } else if (oc.kind == OC_NOT_SENT && dice(2))
    CHECK_INT(state_settled(st, o.n, NULL), QN_OK);
  else
    CHECK_INT(state_outcome(st, &oc), QN_OK);
  if (oc.identity) identified(m, o.address, o.generation, id);
  if (oc.applied) {
    x->applied = id;
    x->seen = false;
  }
  if (oc.gone) drop(m, o.address, o.generation);
  prune(m, o.address, o.generation);
}

static void op_put(struct state *st, struct model *m, int a) {
  const struct sres *r = state_find(st, kit_sym(address(a)));
  if (!r) return;
  struct sres copy = *r;
  copy.seen = one("A", 1);
  copy.complete = true;
  CHECK_INT(state_put(st, &copy), QN_OK);
  m->g[a][copy.generation].seen = true;
}

static void op_mv(struct state *st, struct model *m, int a, int b) {
  bool from = false, to = false;
  for (int g = 0; g < 64; g++) from |= m->g[a][g].exists, to |= m->g[b][g].exists;
  enum qn_err want = !from ? QN_E_NOTFOUND : to ? QN_E_EXISTS : QN_OK;
  CHECK_INT(state_mv(st, kit_sym(address(a)), kit_sym(address(b))), want);
  if (want) return;
  for (int g = 1; g < 64; g++) {
    if (!m->g[a][g].exists) continue;
    m->g[b][g] = m->g[a][g];
    memset(&m->g[a][g], 0, sizeof m->g[a][g]);
    if (m->counter[b] < g) m->counter[b] = g;
  }
  for (int i = 0; i < m->n_open; i++)
    if (m->open[i].address == a) m->open[i].address = b;
}

static void op_forget(struct state *st, struct model *m, int a) {
  int g = (int)dice(64);
  bool there = m->g[a][g].exists;
  CHECK_INT(state_forget(st, kit_sym(address(a)), (uint32_t)g), there ? QN_OK : QN_E_NOTFOUND);
  if (there) drop(m, a, g);
}

enum { STEPS = 400 };

static void any_op(struct state *st, struct model *m) {
  int a = (int)dice(ADDRESSES);
  unsigned what = dice(33);
  if (what < 14)
    op_intent(st, m, a);
  else if (what < 28)
    op_outcome(st, m);
  else if (what < 31)
    op_put(st, m, a);
  else if (what < 32)
    op_mv(st, m, a, (a + 1) % ADDRESSES);
  else
    op_forget(st, m, a);
}

/* Closes or kills; a killed batch may be on the disk in part, but only from its beginning. */
static struct state *again(struct state *st, struct model *m, const struct model *at_record, uint64_t durable,
                           bool kill) {
  if (!kill) CHECK_INT(state_commit(st), QN_OK);
  if (kill)
    kit_kill(st);
  else
    kit_close(st);
  st = kit_open(ST_WRITE);
  CHECK(!state_damaged(st) && state_seq(st) >= durable);
  if (kill) *m = at_record[state_seq(st)];
  return st;
}

static void run(uint32_t seed) {
  kit_begin();
  rng = seed;
  struct model *m = calloc(1, sizeof *m), *at_record = calloc(2 * STEPS, sizeof *at_record);
  struct state *st = kit_open(ST_WRITE);
  uint64_t durable = state_seq(st);
  for (int i = 0; i < STEPS && !unit_failed; i++) {
    unsigned what = dice(40);
    if (what < 33)
      any_op(st, m);
    else if (what < 38)
      CHECK_INT(what < 37 ? state_commit(st) : state_snapshot(st), QN_OK);
    else
      st = again(st, m, at_record, durable, what == 38);
    if (what >= 33) durable = state_seq(st);
    CHECK_STR(state_dump(st), model_dump(m));
    at_record[state_seq(st)] = *m;
  }
  if (unit_failed) printf("seed %u\n", seed);
  kit_close(st);
  free(m);
  free(at_record);
  kit_end();
}

TEST(states_do_as_the_model) {
  for (uint32_t seed = 1; seed <= 40 && !unit_failed; seed++) run(seed);
}

TEST_MAIN(CASE(states_do_as_the_model))
