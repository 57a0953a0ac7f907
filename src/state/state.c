#include "quoin/state.h"

#include <stdio.h>
#include <unistd.h>

#include "internal.h"

/* ---- opening -------------------------------------------------------------------- */

void state_forget_all(struct state *st) {
  st->lineage = (struct str){NULL, 0};
  st->epoch = 1;
  st->n = st->durable = st->confirmed = 0;
  memset(st->h, '0', HASH_HEX);
  st->h[HASH_HEX] = 0;
  st->account = 0;
  st->lookups = st->outputs = NULL;
  st->n_gens = st->open.n = st->owed = st->sorted.n = 0;
  st->damaged = st->torn = false;
  st->damage = (struct state_damage){0};
  st->top = 0;
  if (st->cap_heads) {
    memset(st->heads, 0, st->cap_heads * sizeof *st->heads);
    memset(st->counters, 0, st->cap_heads * sizeof *st->counters);
  }
  st->snapshot_bytes = st->journal_bytes = st->n_segments = 0;
}

static void intern_keys(struct state *st) {
  static const char *const names[] = {
#define X(name) #name,
      STATE_KEYS(X)
#undef X
  };
  for (size_t i = 0; i < K_COUNT; i++) st->keys[i] = session_sym(st->s, str_c(names[i]));
}

/* For people: who, where, which process, since when. */
static struct str holder_text(struct session *s) {
  const char *user = s->out.getenv(s->out.user, "USER");
  char host[256] = "", when[32] = "";
  struct tm tm;
  if (gethostname(host, sizeof host - 1)) host[0] = 0;
  time_t now = (time_t)(s->out.now_ms(s->out.user) / 1000);
  if (!gmtime_r(&now, &tm) || !strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm)) when[0] = 0;
  return str_fmt(&s->arena, "%s@%s, process %ld, since %s\n", user && *user ? user : "unknown", host,
                 (long)getpid(), when);
}

struct diags_mark diags_here(const struct state *st) {
  return (struct diags_mark){st->s->diags.n, st->s->diags.n_errors};
}

void diags_back(struct state *st, struct diags_mark was) {
  st->s->diags.n = was.n;
  st->s->diags.n_errors = was.n_errors;
}

/* A reader sees folder and files at different instants of what a writer does to them: files vanish, a
 * snapshot is not listed yet, one page of a write is there and the page before is not. So what looks wrong
 * is looked at again until nobody writes. */
static enum qn_err load(struct state *st) {
  enum { LOOKS = 50 };
  struct diags_mark here = diags_here(st);
  enum qn_err e = QN_E_NOTFOUND;
  for (int look = 0; look < LOOKS; look++) {
    bool quiet = look && !st->store->ops->busy(st->store);
    diags_back(st, here);
    arena_reset(&st->scratch);
    state_forget_all(st);
    e = state_load(st);
    if (e != QN_E_NOTFOUND && (st->writer || (!st->damaged && !st->torn))) break;
    if (quiet && !st->store->ops->busy(st->store)) break;
  }
  if (e == QN_E_NOTFOUND) {
    diag_add(&st->s->diags, QN0604, SPAN_NONE, "files of the state vanish while they are read");
    e = QN_E_IO;
  }
  arena_release(&st->scratch);
  return e;
}

enum qn_err lineage_begin(struct state *st) {
  uint8_t bits[16];
  char hex[2 * sizeof bits + 1];
  if (!st->s->out.random(st->s->out.user, bits, sizeof bits)) {
    diag_add(&st->s->diags, QN0604, SPAN_NONE, "no random numbers for the lineage of a new state");
    return QN_E_IO;
  }
  crypto_hex(bits, sizeof bits, hex);
  record_begin(st, "lineage");
  field_int(st, K_format, 1);
  field_text(st, K_lineage, str_c(hex));
  enum qn_err e = record_end(st);
  return e ? e : state_commit(st);
}

enum qn_err state_open(struct session *s, struct store *store, enum state_mode mode, struct state **out) {
  struct state *st = calloc(1, sizeof *st);
  if (!st) return QN_E_NOMEM;
  st->s = s;
  st->store = store;
  st->pending = st->line = BUF_INIT(BUF_MAX_DEFAULT);
  arena_init(&st->scratch);
  arena_init(&st->parsed);
  intern_keys(st);
  enum qn_err e = QN_OK;
  if (mode == ST_WRITE) {
    e = store->ops->lock(store, holder_text(s), &s->diags);
    st->writer = !e;
  }
  if (!e) e = load(st);
  if (!e && st->writer && !st->damaged && !st->n) e = lineage_begin(st);
  if (e) {
    state_close(st);
    return e;
  }
  *out = st;
  return QN_OK;
}

/* A last record that knows of all before it: an end cut off later is then told from one never written. */
static void seal(struct state *st) {
  if (!st->writer || st->failed || st->damaged || st->pending.n || st->confirmed >= st->durable ||
      st->durable < 2)
    return;
  if (!state_note(st, STR("end"))) (void)!state_commit(st);
}

void state_close(struct state *st) {
  if (!st) return;
  if (st->segment_open) {
    seal(st);
    segment_end(st);
  }
  if (st->writer) st->store->ops->unlock(st->store);
  free(st->gens);
  free(st->heads);
  free(st->counters);
  buf_release(&st->pending);
  buf_release(&st->line);
  arena_release(&st->scratch);
  arena_release(&st->parsed);
  free(st);
}

/* ---- questions ---------------------------------------------------------------------- */

bool state_damaged(const struct state *st) {
  return st->damaged;
}
struct str state_lineage(const struct state *st) {
  return st->lineage;
}
uint64_t state_seq(const struct state *st) {
  return st->n;
}
sym state_account(const struct state *st) {
  return st->account;
}
const struct value *state_lookups(const struct state *st) {
  return st->lookups;
}
const struct value *state_outputs(const struct state *st) {
  return st->outputs;
}
size_t state_open_intents(const struct state *st) {
  return st->open.n;
}

enum qn_err state_check_base(struct state *st, struct str lineage, uint64_t base) {
  struct diags *d = &st->s->diags;
  if (lineage.n && !str_eq(lineage, st->lineage)) {
    struct diag *g = diag_add(d, QN0606, SPAN_NONE, "the plan was made against state %.*s, this is %.*s",
                              SV(lineage), SV(st->lineage));
    diag_help(d, g, "use the state folder it was made with, or plan again");
    return QN_E_STALE;
  }
  /* A new state has its lineage record and nothing else. */
  if (st->n == base || (!lineage.n && !base && st->n == 1)) return QN_OK;
  struct diag *g =
      diag_add(d, QN0607, SPAN_NONE, "the plan was made at record %llu of the state, which is now at %llu",
               (unsigned long long)base, (unsigned long long)st->n);
  diag_help(d, g, "something was applied since: plan again");
  return QN_E_STALE;
}

enum qn_err state_check_account(struct state *st, sym account) {
  if (!st->account || st->account == account) return QN_OK;
  struct diag *g =
      diag_add(&st->s->diags, QN0608, SPAN_NONE, "the state belongs to account %.*s, the credentials to %.*s",
               SV(session_str(st->s, st->account)), SV(session_str(st->s, account)));
  diag_help(&st->s->diags, g, "use credentials of the account, or another environment");
  return QN_E_REFUSED;
}

static int by_address(const void *x, const void *y, void *user) {
  const struct sres *a = x, *b = y;
  const struct state *st = user;
  if (a->address != b->address) return intern_cmp(st->s->names, a->address, b->address);
  if (a->deposed != b->deposed) return a->deposed ? 1 : -1;
  return a->generation < b->generation ? -1 : a->generation > b->generation;
}

const struct sres *state_resources(struct state *st, size_t *n) {
  if (!st->sorted.n && st->n_gens) {
    bool sorted = true;
    for (size_t i = 0; i < st->n_gens; i++) {
      if (st->gens[i].dead) continue;
      VEC_PUSH(&st->s->arena, &st->sorted, st->gens[i].r);
      size_t k = st->sorted.n;
      if (sorted && k > 1) sorted = by_address(&st->sorted.v[k - 2], &st->sorted.v[k - 1], st) <= 0;
    }
    if (!sorted) sort_stable(&st->s->arena, st->sorted.v, st->sorted.n, sizeof *st->sorted.v, by_address, st);
  }
  *n = st->sorted.n;
  return st->sorted.v;
}

const struct sres *state_find(struct state *st, sym address) {
  struct gen *g = gen_current(st, address);
  return g ? &g->r : NULL;
}

const struct sres *state_generation(struct state *st, sym address, uint32_t generation) {
  struct gen *g = gen_find(st, address, generation);
  return g ? &g->r : NULL;
}

struct str state_uid(struct state *st, struct arena *a, sym address, uint32_t generation) {
  uint8_t sum[SHA256_BYTES];
  struct buf b = BUF_INIT(1 << 20);
  buf_addf(&b, "%.*s\n%.*s\n%u", SV(st->lineage), SV(session_str(st->s, address)), generation);
  crypto_sha256(buf_str(&b), sum);
  buf_release(&b);
  return crypto_base32(a, sum, 20);
}

uint32_t state_next_generation(struct state *st, sym address) {
  return address < st->cap_heads ? st->counters[address] + 1 : 1;
}
