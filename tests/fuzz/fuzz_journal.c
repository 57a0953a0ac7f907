/* A journal of any bytes, and one of records that hold but say anything: both are
 * read, shown as damaged or torn, and never crash; what is whole can be written on. */
#include <stdlib.h>

#include "quoin/crypto.h"
#include "quoin/state.h"

enum { OBJECTS = 16 };

struct memory { /* a store in memory */
  struct store base;
  struct arena *arena;
  struct str names[OBJECTS], texts[OBJECTS];
  size_t n, open;
};

static struct memory *self(struct store *st) {
  return (struct memory *)(void *)st;
}

static struct str *slot(struct memory *m, struct str name) {
  for (size_t i = 0; i < m->n; i++)
    if (str_eq(m->names[i], name)) return &m->texts[i];
  if (m->n == OBJECTS) abort();
  m->names[m->n] = str_dup(m->arena, name);
  return &m->texts[m->n++];
}

static enum qn_err m_lock(struct store *st, struct str holder, struct diags *d) {
  (void)st, (void)holder, (void)d;
  return QN_OK;
}
static void m_nothing(struct store *st) {
  (void)st;
}
static bool m_busy(struct store *st) {
  (void)st;
  return false;
}
static enum qn_err m_list(struct store *st, struct arena *a, struct str **names, size_t *n) {
  struct memory *m = self(st);
  *names = ARENA_ARRAY(a, m->n, struct str);
  for (*n = 0; *n < m->n; ++*n) { /* sorted by insertion */
    size_t k = *n;
    for (; k && str_cmp((*names)[k - 1], m->names[*n]) > 0; k--) (*names)[k] = (*names)[k - 1];
    (*names)[k] = m->names[*n];
  }
  return QN_OK;
}
static enum qn_err m_read(struct store *st, struct arena *a, struct str name, struct str *out) {
  *out = str_dup(a, *slot(self(st), name));
  return QN_OK;
}
static enum qn_err m_write(struct store *st, struct str name, struct str bytes) {
  struct memory *m = self(st);
  *slot(m, name) = str_dup(m->arena, bytes);
  return QN_OK;
}
static enum qn_err m_append_open(struct store *st, struct str name, size_t preallocate) {
  struct memory *m = self(st);
  (void)preallocate;
  struct str *t = slot(m, name);
  *t = (struct str){NULL, 0};
  m->open = (size_t)(t - m->texts);
  return QN_OK;
}
static enum qn_err m_reserve(struct store *st, size_t bytes) {
  (void)st, (void)bytes;
  return QN_OK;
}
static enum qn_err m_append(struct store *st, struct str bytes) {
  struct memory *m = self(st);
  m->texts[m->open] = str_fmt(m->arena, "%.*s%.*s", SV(m->texts[m->open]), SV(bytes));
  return QN_OK;
}
static enum qn_err m_commit(struct store *st) {
  (void)st;
  return QN_OK;
}
static enum qn_err m_remove(struct store *st, struct str name) {
  (void)st, (void)name;
  return QN_OK;
}

static const struct store_ops ops = {.lock = m_lock,
                                     .unlock = m_nothing,
                                     .busy = m_busy,
                                     .list = m_list,
                                     .read = m_read,
                                     .write = m_write,
                                     .append_open = m_append_open,
                                     .reserve = m_reserve,
                                     .append = m_append,
                                     .commit = m_commit,
                                     .append_close = m_nothing,
                                     .remove = m_remove,
                                     .close = m_nothing};

/* Each line of the input becomes the members of a record whose hash and chain are right. */
static struct str sealed(struct arena *a, struct str text) {
  struct buf b = BUF_INIT(1 << 24);
  char prev[2 * SHA256_BYTES + 1];
  uint8_t sum[SHA256_BYTES];
  memset(prev, '0', sizeof prev - 1);
  prev[sizeof prev - 1] = 0;
  unsigned n = 0;
  for (struct str line; text.n && n < 64;) {
    text = str_cut(text, '\n', &line);
    size_t from = b.n;
    n++;
    buf_addf(&b, "{\"n\":%u,\"epoch\":1,\"d\":%u,\"p\":\"%s\",\"kind\":\"", n, n - 1, prev);
    buf_add(&b, line);
    crypto_sha256((struct str){b.p + from, b.n - from}, sum);
    crypto_hex(sum, sizeof sum, prev);
    buf_addf(&b, ",\"h\":\"%s\"}\n", prev);
  }
  struct str out = str_dup(a, buf_str(&b));
  buf_release(&b);
  return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  struct session s;
  session_init(&s, NULL);
  struct memory m = {.base = {&ops}, .arena = &s.arena};
  struct str text = {(const char *)data + 1, size - 1};
  struct str name = data[0] % 4 == 3 ? STR("s-000000000001.json") : STR("j-000000000001.jsonl");
  *slot(&m, name) = data[0] % 4 == 0 ? str_dup(&s.arena, text) : sealed(&s.arena, text);
  if (data[0] % 4 == 3) *slot(&m, name) = str_dup(&s.arena, text);
  struct state *st;
  if (!state_open(&s, &m.base, ST_WRITE, &st)) {
    size_t n;
    state_resources(st, &n);
    uint64_t seq = state_seq(st);
    if (!state_damaged(st)) {
      if (state_note(st, STR("on")) || state_snapshot(st) || state_seq(st) != seq + 1) abort();
    } else if (!s.diags.n_errors) {
      abort();
    }
    state_close(st);
  }
  session_release(&s);
  return 0;
}
