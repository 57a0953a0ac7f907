/* One record is one line: {"n":..,"epoch":..,"d":..,"p":"<hash of the record
 * before>","kind":"..",...,"h":"<SHA-256 of all bytes before ,"h">"}. The first
 * four members have a fixed form, so that a line is judged without a JSON reader.
 * d is the last record that was on the disk when this one was written: it tells
 * an end that was never synced from damage (load.c). */
#include "internal.h"
#include "quoin/residual.h"

#include <stdio.h>

static const char key_names[][16] = {
#define X(name) #name,
    STATE_KEYS(X)
#undef X
};

/* ---- reading ------------------------------------------------------------------ */

static bool take(struct str *p, struct str want) {
  if (!str_starts(*p, want)) return false;
  *p = str_sub(*p, want.n, p->n);
  return true;
}

static bool take_number(struct str *p, uint64_t *out) {
  size_t n = 0;
  while (n < p->n && n < 20 && p->p[n] >= '0' && p->p[n] <= '9') n++;
  int64_t v;
  if (!str_to_i64(str_sub(*p, 0, n), &v)) return false;
  *p = str_sub(*p, n, p->n);
  *out = (uint64_t)v;
  return true;
}

/* What is no hash matches none later. */
static bool take_hash(struct str *p, char out[HASH_HEX + 1]) {
  if (p->n < HASH_HEX) return false;
  memcpy(out, p->p, HASH_HEX);
  out[HASH_HEX] = 0;
  *p = str_sub(*p, HASH_HEX, p->n);
  return true;
}

static bool take_head(struct str p, struct record *r) {
  uint64_t epoch = 0;
  if (!take(&p, STR("{\"n\":")) || !take_number(&p, &r->n) || !r->n) return false;
  if (!take(&p, STR(",\"epoch\":")) || !take_number(&p, &epoch) || epoch > UINT32_MAX) return false;
  if (!take(&p, STR(",\"d\":")) || !take_number(&p, &r->durable) || r->durable >= r->n) return false;
  if (!take(&p, STR(",\"p\":\"")) || !take_hash(&p, r->prev) || !take(&p, STR("\",\"kind\":\"")))
    return false;
  r->epoch = (uint32_t)epoch;
  return true;
}

/* Does the hash that stands at `at` in p (behind ,"h":") hold for what is before it, and end the object? */
static bool hash_holds(struct str p, size_t at, struct record *r, size_t *end) {
  static const struct str mark = {",\"h\":\"", 6};
  struct str rest = str_sub(p, at + mark.n, p.n);
  uint8_t sum[SHA256_BYTES];
  char hex[HASH_HEX + 1];
  if (!take_hash(&rest, r->h) || !take(&rest, STR("\"}"))) return false;
  crypto_sha256(str_sub(p, 0, at), sum);
  crypto_hex(sum, sizeof sum, hex);
  if (memcmp(hex, r->h, HASH_HEX) != 0) return false;
  *end = p.n - rest.n;
  return true;
}

bool record_read(struct str p, struct record *out, size_t *used) {
  static const struct str mark = {",\"h\":\"", 6};
  const size_t tail = mark.n + HASH_HEX + 2;
  if (!take_head(p, out)) return false;
  struct str line = str_sub(p, 0, str_find_c(str_sub(p, 0, RECORD_MAX), '\n'));
  line = str_sub(line, 0, RECORD_MAX);
  size_t end = 0;
  bool ok = line.n > tail && str_starts(str_sub(line, line.n - tail, line.n), mark) &&
            hash_holds(line, line.n - tail, out, &end);
  /* A line feed that was damaged joins two records: the first still ends where its hash says. */
  for (size_t from = 0; !ok && from < line.n;) {
    size_t hit = str_find(str_sub(line, from, line.n), mark);
    if (hit == SIZE_MAX) break;
    ok = hash_holds(line, from + hit, out, &end);
    from += hit + mark.n;
  }
  if (!ok) return false;
  out->text = str_sub(p, 0, end);
  *used = end + (end < p.n && p.p[end] == '\n');
  return true;
}

/* ---- writing -------------------------------------------------------------------- */

void key_put(struct buf *out, enum state_key k) {
  buf_addf(out, "%s\"%s\":", out->n && out->p[out->n - 1] != '{' ? "," : "", key_names[k]);
}

void record_begin(struct state *st, const char *kind) {
  buf_reset(&st->line);
  buf_addf(&st->line, "{\"n\":%llu,\"epoch\":%u,\"d\":%llu,\"p\":\"%s\",\"kind\":\"%s\"",
           (unsigned long long)st->n + 1, st->epoch, (unsigned long long)st->durable, st->h, kind);
}

enum qn_err record_room(struct state *st, size_t more) {
  size_t line = st->line.n + sizeof ",\"h\":\"\"}\n" + HASH_HEX;
  return st->store->ops->reserve(st->store, st->pending.n + line + st->owed + more);
}

enum qn_err record_end(struct state *st) {
  enum qn_err e = segment_begin(st);
  if (!e) e = record_room(st, CLOSING_ROOM);
  return e ? e : record_put(st);
}

enum qn_err record_put(struct state *st) {
  uint8_t sum[SHA256_BYTES];
  struct record r = {.n = st->n + 1, .durable = st->durable, .epoch = st->epoch};
  crypto_sha256(buf_str(&st->line), sum);
  crypto_hex(sum, sizeof sum, r.h);
  buf_addf(&st->line, ",\"h\":\"%s\"}", r.h);
  if (st->line.failed || st->line.n >= RECORD_MAX) {
    diag_add(&st->s->diags, QN0611, SPAN_NONE, "a record of the journal may have 1 MiB, this one has more");
    return QN_E_LIMIT;
  }
  r.text = buf_str(&st->line);
  buf_add(&st->pending, r.text);
  buf_addc(&st->pending, '\n');
  enum qn_err e = st->pending.failed ? QN_E_NOMEM : fold_text(st, &r);
  if (e) st->failed = true; /* memory and journal would differ from here on */
  return e;
}

/* Messages of services may hold anything; a record must stay readable. */
static struct str readable(struct state *st, struct str t) {
  size_t bad, from = 0;
  if (str_utf8_ok(t, &bad)) return t;
  char *p = arena_alloc(&st->s->arena, t.n + 1);
  memcpy(p, t.p, t.n);
  while (!str_utf8_ok((struct str){p + from, t.n - from}, &bad)) {
    p[from + bad] = '?';
    from += bad + 1;
  }
  return (struct str){p, t.n};
}

void field_text(struct state *st, enum state_key k, struct str t) {
  if (!t.n) return;
  key_put(&st->line, k);
  json_escape(&st->line, readable(st, t));
}

void field_sym(struct state *st, enum state_key k, sym t) {
  field_text(st, k, session_str(st->s, t));
}

void field_int(struct state *st, enum state_key k, uint64_t v) {
  key_put(&st->line, k);
  buf_addf(&st->line, "%llu", (unsigned long long)v);
}

void field_flag(struct state *st, enum state_key k, bool on) {
  if (!on) return;
  key_put(&st->line, k);
  buf_add(&st->line, STR("true"));
}

void field_texts(struct state *st, enum state_key k, const struct str *t, size_t n) {
  if (!n) return;
  key_put(&st->line, k);
  for (size_t i = 0; i < n; i++) {
    buf_addc(&st->line, i ? ',' : '[');
    json_escape(&st->line, t[i]);
  }
  buf_addc(&st->line, ']');
}

enum qn_err field_value(struct state *st, enum state_key k, const struct value *v) {
  if (!v) return QN_OK;
  const struct value *plain;
  enum qn_err e = value_encode(st->s, &st->s->arena, v, &plain);
  if (e) return e;
  key_put(&st->line, k);
  return json_write(st->s, plain, JSON_COMPACT | JSON_SORTED, &st->line);
}

static void field_syms(struct state *st, enum state_key k, const sym *v, size_t n) {
  if (!n) return;
  key_put(&st->line, k);
  for (size_t i = 0; i < n; i++) {
    buf_addc(&st->line, i ? ',' : '[');
    json_escape(&st->line, session_str(st->s, v[i]));
  }
  buf_addc(&st->line, ']');
}

static void field_intent(struct state *st, const struct intent *in) {
  buf_addc(&st->line, '{');
  field_int(st, K_n, in->n);
  field_text(st, K_verb, (struct str){(const char *)&in->kind, 1});
  field_int(st, K_step, in->step);
  field_text(st, K_operation, in->operation);
  field_text(st, K_digest, in->digest);
  field_texts(st, K_paths, in->paths, in->n_paths);
  if (in->at_ms > 0) field_int(st, K_at, (uint64_t)in->at_ms);
  buf_addc(&st->line, '}');
}

enum qn_err fields_sres(struct state *st, const struct sres *r, bool with_open) {
  field_sym(st, K_address, r->address);
  field_int(st, K_generation, r->generation);
  field_sym(st, K_type, r->type);
  field_sym(st, K_region, r->region);
  field_sym(st, K_account, r->account);
  field_sym(st, K_partition, r->partition);
  field_text(st, K_uid, r->uid);
  field_flag(st, K_deposed, r->deposed);
  field_flag(st, K_complete, r->complete);
  field_flag(st, K_protect, r->protect);
  if (r->on_destroy) field_int(st, K_on_destroy, r->on_destroy);
  field_syms(st, K_deps, r->deps, r->n_deps);
  field_texts(st, K_unconfirmed, r->unconfirmed.v, r->unconfirmed.n);
  enum qn_err e = field_value(st, K_identity, r->identity);
  if (!e) e = field_value(st, K_attributes, r->attributes);
  if (!e) e = field_value(st, K_applied, r->applied);
  if (!e) e = field_value(st, K_seen, r->seen);
  if (!e) e = field_value(st, K_wanted, r->wanted);
  if (!with_open || !r->open.n) return e;
  key_put(&st->line, K_open);
  for (size_t i = 0; i < r->open.n; i++) {
    buf_addc(&st->line, i ? ',' : '[');
    field_intent(st, &r->open.v[i]);
  }
  buf_addc(&st->line, ']');
  return e;
}
