/* A snapshot: one JSON object a line. The first names the record it stands for,
 * then one per generation, one per address whose counter is ahead of what is
 * there, lookups and outputs; the last line has the SHA-256 of all before it. */
#include "internal.h"

enum { SUM_LINE = 11 + HASH_HEX + 3 }; /* {"sha256":"..."} and a line feed */

/* ---- writing ------------------------------------------------------------------ */

static void object_end(struct state *st) {
  buf_add(&st->line, STR("}\n"));
}

static void put_head(struct state *st) {
  buf_addc(&st->line, '{');
  field_int(st, K_format, 1);
  field_text(st, K_lineage, st->lineage);
  field_int(st, K_n, st->n);
  field_text(st, K_h, str_c(st->h));
  field_int(st, K_epoch, st->epoch);
  field_sym(st, K_account, st->account);
  object_end(st);
}

static enum qn_err put_one(struct state *st, enum state_key k, const struct value *v) {
  if (!v) return QN_OK;
  buf_addc(&st->line, '{');
  enum qn_err e = field_value(st, k, v);
  object_end(st);
  return e;
}

static enum qn_err put_all(struct state *st) {
  size_t n;
  enum qn_err e = QN_OK;
  put_head(st);
  const struct sres *r = state_resources(st, &n);
  for (size_t i = 0; i < n && !e; i++) {
    buf_addc(&st->line, '{');
    e = fields_sres(st, &r[i], true);
    object_end(st);
  }
  for (sym a = 1; a < st->cap_heads; a++) {
    if (!st->counters[a] || gen_find(st, a, st->counters[a])) continue;
    buf_addc(&st->line, '{');
    field_sym(st, K_address, a);
    field_int(st, K_counter, st->counters[a]);
    object_end(st);
  }
  if (!e) e = put_one(st, K_lookups, st->lookups);
  if (!e) e = put_one(st, K_outputs, st->outputs);
  if (e) return e;
  uint8_t sum[SHA256_BYTES];
  char hex[HASH_HEX + 1];
  crypto_sha256(buf_str(&st->line), sum);
  crypto_hex(sum, sizeof sum, hex);
  buf_addf(&st->line, "{\"sha256\":\"%s\"}\n", hex);
  return st->line.failed ? QN_E_NOMEM : QN_OK;
}

/* Only what is read back as it was written counts. */
static enum qn_err write_back(struct state *st, struct str name) {
  const struct store_ops *ops = st->store->ops;
  struct str back;
  enum qn_err e = ops->write(st->store, name, buf_str(&st->line));
  if (!e) e = ops->read(st->store, &st->scratch, name, &back);
  if (!e && !str_eq(back, buf_str(&st->line))) {
    (void)!ops->remove(st->store, name);
    diag_add(&st->s->diags, QN0604, SPAN_NONE, "%.*s does not read back as it was written", SV(name));
    e = QN_E_IO;
  }
  return e;
}

/* Old segments and the snapshots that need them; failures leave a file too many. */
static enum qn_err clean_up(struct state *st) {
  const struct store_ops *ops = st->store->ops;
  struct str *names;
  size_t n, segments = 0;
  uint64_t number, oldest = 0;
  enum qn_err e = ops->list(st->store, &st->scratch, &names, &n);
  if (e) return e;
  for (size_t i = 0; i < n; i++) segments += object_number(names[i], 'j', &number);
  for (size_t i = 0; i < n && !e; i++) {
    if (!object_number(names[i], 'j', &number)) continue;
    if (segments-- > KEEP_SEGMENTS)
      e = ops->remove(st->store, names[i]);
    else if (!oldest)
      oldest = number;
  }
  for (size_t i = 0; i < n && !e; i++)
    if (object_number(names[i], 's', &number) && number < st->n && (!oldest || number + 1 < oldest))
      e = ops->remove(st->store, names[i]);
  return e;
}

enum qn_err snapshot_write(struct state *st) {
  buf_reset(&st->line);
  enum qn_err e = put_all(st);
  if (!e) e = write_back(st, object_name(&st->scratch, 's', st->n));
  /* Also if it failed: a snapshot that is there after all ends its segment. */
  segment_end(st);
  if (e) return e;
  st->snapshot_bytes = st->line.n;
  st->journal_bytes = st->n_segments = 0;
  st->confirmed = st->n;
  return QN_OK;
}

enum qn_err state_snapshot(struct state *st) {
  enum qn_err e = state_commit(st);
  if (e) return e;
  struct diags_mark here = diags_here(st);
  e = snapshot_write(st);
  if (!e) e = clean_up(st);
  if (e) {
    struct diags *d = &st->s->diags;
    struct str why = d->n > here.n ? d->v[d->n - 1]->message : STR("out of memory");
    diags_back(st, here);
    diag_add(d, QN0613, SPAN_NONE, "no snapshot of the state: %.*s", SV(why));
    diag_help(d, d->v[d->n - 1], "nothing is lost: the journal has everything; the next run tries again");
  }
  arena_reset(&st->scratch);
  return QN_OK;
}

bool state_wants_snapshot(const struct state *st) {
  size_t enough = st->snapshot_bytes / 2 > (1 << 18) ? st->snapshot_bytes / 2 : 1 << 18;
  return st->writer && !st->failed && !st->damaged && (st->n_segments >= 20 || st->journal_bytes > enough);
}

/* ---- reading -------------------------------------------------------------------- */

static bool whole(struct str t) {
  uint8_t sum[SHA256_BYTES];
  char hex[HASH_HEX + 1];
  if (t.n < SUM_LINE) return false;
  crypto_sha256(str_sub(t, 0, t.n - SUM_LINE), sum);
  crypto_hex(sum, sizeof sum, hex);
  struct str line = str_sub(t, t.n - SUM_LINE, t.n);
  return str_starts(line, STR("{\"sha256\":\"")) && str_ends(line, STR("\"}\n")) &&
         memcmp(line.p + 11, hex, HASH_HEX) == 0;
}

static enum qn_err fold_head(struct state *st, const struct value *m) {
  const struct value *format = value_member(m, st->keys[K_format]), *n = value_member(m, st->keys[K_n]);
  const struct value *h = value_member(m, st->keys[K_h]), *lineage = value_member(m, st->keys[K_lineage]);
  const struct value *epoch = value_member(m, st->keys[K_epoch]),
                     *account = value_member(m, st->keys[K_account]);
  if (!value_is(format, V_INT) || format->i != 1) return QN_E_INVALID;
  if (!value_is(n, V_INT) || n->i < 1 || !value_is(h, V_STR) || h->n != HASH_HEX ||
      !value_is(lineage, V_STR) || !value_is(epoch, V_INT))
    return QN_E_DAMAGED;
  st->n = (uint64_t)n->i;
  st->epoch = (uint32_t)epoch->i;
  memcpy(st->h, h->s, HASH_HEX);
  st->lineage = str_dup(&st->s->arena, value_text(lineage));
  if (value_is(account, V_STR)) st->account = session_sym(st->s, value_text(account));
  return QN_OK;
}

static enum qn_err fold_line(struct state *st, const struct value *m) {
  const struct value *v;
  if (value_member(m, st->keys[K_generation])) return fold_sres(st, m, true);
  if (value_member(m, st->keys[K_counter])) return fold_counter(st, m);
  if ((v = value_member(m, st->keys[K_lookups])))
    st->lookups = value_copy(&st->s->arena, v);
  else if ((v = value_member(m, st->keys[K_outputs])))
    st->outputs = value_copy(&st->s->arena, v);
  else
    return QN_E_INVALID;
  return QN_OK;
}

enum qn_err snapshot_fold(struct state *st, struct str text) {
  if (!whole(text)) return QN_E_DAMAGED;
  struct str rest = str_sub(text, 0, text.n - SUM_LINE), line;
  for (bool first = true; rest.n; first = false) {
    const struct value *m;
    rest = str_cut(rest, '\n', &line);
    enum qn_err e = parse_object(st, line, &m);
    if (!e) e = first ? fold_head(st, m) : fold_line(st, m);
    if (e) return e;
  }
  st->snapshot_bytes = text.n;
  st->confirmed = st->n;
  return QN_OK;
}
