/* Reading a state: the newest whole snapshot, then every record behind it.
 *
 * Where the chain of records breaks off there are three cases. The next segment
 * goes on exactly where the chain stopped: a writer found a torn end there and
 * began a new file; nothing is lost. Nothing behind the break says that the
 * missing record was ever durable: a torn end, dropped. Else: damage. */
#include "internal.h"

struct segment {
  struct str name;
  uint64_t first;
};

struct reading {
  struct state *st;
  struct segment *seg;
  size_t n_seg;
  struct diag *damage;
};

struct str object_name(struct arena *a, char prefix, uint64_t n) {
  return str_fmt(a, prefix == 's' ? "s-%012llu.json" : "j-%012llu.jsonl", (unsigned long long)n);
}

bool object_number(struct str name, char prefix, uint64_t *n) {
  struct str tail = prefix == 's' ? STR(".json") : STR(".jsonl");
  char head[] = {prefix, '-'};
  if (!str_starts(name, (struct str){head, 2}) || !str_ends(name, tail)) return false;
  int64_t v;
  if (!str_to_i64(str_sub(name, 2, name.n - tail.n), &v) || v < 0) return false;
  *n = (uint64_t)v;
  return true;
}

static bool all_zero(struct str t) {
  for (size_t i = 0; i < t.n; i++)
    if (t.p[i]) return false;
  return true;
}

/* Does the record follow what was read last? */
static bool follows(const struct state *st, const struct record *r) {
  return r->n == st->n + 1 && memcmp(r->prev, st->h, HASH_HEX) == 0;
}

static struct diag *damaged(struct reading *rd, struct str name, size_t at) {
  if (!rd->damage) {
    struct diags *d = &rd->st->s->diags;
    rd->damage = diag_add(d, QN0601, SPAN_NONE, "%.*s is damaged at byte %zu, where record %llu is wanted",
                          SV(name), at, (unsigned long long)rd->st->n + 1);
    diag_help(d, rd->damage,
              "nothing is planned or applied with it; `quoin state repair %.*s` keeps all that is whole",
              SV(rd->st->store->env));
    rd->st->top = rd->st->n;
  }
  rd->st->damaged = true;
  return rd->damage;
}

/* The next whole record of t from *from on. */
static bool next_record(struct str t, size_t *from, struct record *r) {
  while (*from < t.n) {
    size_t hit = str_find(str_sub(t, *from, t.n), STR("{\"n\":")), used;
    if (hit == SIZE_MAX) return false;
    *from += hit;
    if (record_read(str_sub(t, *from, t.n), r, &used)) {
      *from += used;
      return true;
    }
    ++*from;
  }
  return false;
}

/* Is there a record in t that knows of record n as durable (or, with any, a record at all)? */
static bool knows(struct str t, uint64_t n, bool any) {
  struct record r;
  for (size_t from = 0; next_record(t, &from, &r);)
    if (any || r.durable >= n) return true;
  return false;
}

static void lost(struct state *st, uint64_t upto) {
  if (upto <= st->top) return;
  struct lost_records range = {st->top + 1, upto};
  VEC_PUSH(&st->s->arena, &st->damage.lost, range);
  st->top = upto;
}

/* Of a damaged state: every record of t whose own hash holds, up to the one that the next segment begins
 * with. */
static enum qn_err salvage(struct reading *rd, size_t i, struct str t) {
  struct state *st = rd->st;
  uint64_t end = i + 1 < rd->n_seg ? rd->seg[i + 1].first : UINT64_MAX;
  size_t behind = 0;
  struct record r;
  for (size_t from = 0; next_record(t, &from, &r); behind = from) {
    if (r.n <= st->top || r.n >= end) continue;
    lost(st, r.n - 1);
    enum qn_err e = fold_text(st, &r);
    if (e && e != QN_E_DAMAGED) return e;
    st->top = r.n;
    if (r.durable > st->confirmed) st->confirmed = r.durable;
    if (e) VEC_PUSH(&st->s->arena, &st->damage.unfit, r.n);
  }
  if (end != UINT64_MAX) return QN_OK;
  uint64_t lines = 0; /* behind the last whole record: nothing but the file tells how many there were */
  for (; behind < t.n; behind++) lines += t.p[behind] == '\n' && behind && t.p[behind - 1];
  lost(st, st->top + lines);
  return QN_OK;
}

static enum qn_err read_segment(struct reading *rd, size_t i, struct str *out) {
  return rd->st->store->ops->read(rd->st->store, &rd->st->scratch, rd->seg[i].name, out);
}

/* All of the segment's records that follow; *at is where the chain ends. */
static enum qn_err fold_segment(struct reading *rd, struct str text, size_t i, size_t *at) {
  struct state *st = rd->st;
  struct record r;
  size_t used;
  for (*at = 0; record_read(str_sub(text, *at, text.n), &r, &used) && follows(st, &r); *at += used) {
    enum qn_err e = fold_text(st, &r);
    if (e == QN_E_DAMAGED) { /* whole, but it contradicts what is before it */
      damaged(rd, rd->seg[i].name, *at);
      return salvage(rd, i, str_sub(text, *at, text.n));
    }
    if (e) return e;
    st->journal_bytes += used;
    size_t end = *at + used;
    if (text.p[end - 1] == '\n' || end + 1 >= text.n || !text.p[end]) continue;
    *at = end;
    damaged(rd, rd->seg[i].name, end); /* an unfinished write leaves nothing or zeros, never another byte */
    return salvage(rd, i, str_sub(text, end, text.n));
  }
  return QN_OK;
}

/* An unfinished write leaves nothing or zeros, whole sectors of them. A line that is there to its end and has
 * none was written, and changed since. */
static bool was_whole(struct str rest) {
  size_t end = str_find_c(str_sub(rest, 0, RECORD_MAX), '\n');
  return end != SIZE_MAX && end && str_find(str_sub(rest, 0, end), (struct str){"\0", 2}) == SIZE_MAX;
}

/* Behind the end of the chain in segment i, at byte `at` of its text. */
static enum qn_err judge_end(struct reading *rd, size_t i, struct str text, size_t at) {
  struct state *st = rd->st;
  struct str rest = str_sub(text, at, text.n), next;
  struct record r;
  size_t used;
  bool last = i + 1 == rd->n_seg;
  if (!last) {
    enum qn_err e = read_segment(rd, i + 1, &next);
    if (e) return e;
    if (record_read(next, &r, &used) && follows(st, &r)) return QN_OK;
  }
  bool missing = was_whole(rest) || knows(rest, st->n + 1, false);
  for (size_t k = i + 1; k < rd->n_seg && !missing; k++) {
    enum qn_err e = read_segment(rd, k, &next);
    if (e) return e;
    missing = knows(next, st->n + 1, true);
  }
  if (missing) {
    damaged(rd, rd->seg[i].name, at);
    return salvage(rd, i, rest);
  }
  if (!all_zero(rest) /* preallocated, never written */ &&
      (st->writer || !st->store->ops->busy(st->store)) /* a writer is just adding to it */) {
    st->torn = true;
    diag_add(&st->s->diags, QN0602, SPAN_NONE,
             "%.*s: %zu bytes behind record %llu were never complete and are left out", SV(rd->seg[i].name),
             rest.n, (unsigned long long)st->n);
  }
  return QN_OK;
}

static enum qn_err fold_segments(struct reading *rd) {
  struct state *st = rd->st;
  size_t i = 0;
  while (i < rd->n_seg && rd->seg[i].first <= st->n) i++; /* a snapshot ends its segment */
  for (; i < rd->n_seg; i++) {
    struct str text;
    size_t at = 0;
    enum qn_err e = read_segment(rd, i, &text);
    if (e) return e;
    st->n_segments++;
    if (st->damaged) {
      if ((e = salvage(rd, i, text))) return e;
      continue;
    }
    if ((e = fold_segment(rd, text, i, &at))) return e;
    if (!st->damaged && (e = judge_end(rd, i, text, at))) return e;
  }
  return QN_OK;
}

/* The newest snapshot that is whole. Older ones are as good as long as the records between are there. */
static enum qn_err fold_snapshots(struct reading *rd, const struct str *names, size_t n) {
  struct state *st = rd->st;
  uint64_t newest = 0, number;
  struct str broken = {NULL, 0}, text;
  for (size_t i = n; i-- > 0;) {
    if (!object_number(names[i], 's', &number)) continue;
    enum qn_err e = st->store->ops->read(st->store, &st->scratch, names[i], &text);
    if (!e) e = snapshot_fold(st, text);
    if (!e && st->n != number) e = QN_E_DAMAGED;
    if (!e) break;
    if (e != QN_E_DAMAGED) return e;
    if (!broken.n) {
      broken = names[i];
      newest = number;
    }
    state_forget_all(st);
  }
  if (!broken.n) return QN_OK;
  enum qn_err e = fold_segments(rd);
  if (e || st->damaged) return e;
  if (st->n < newest)
    damaged(rd, broken, 0);
  else
    diag_add(&st->s->diags, QN0609, SPAN_NONE, "%.*s is damaged; everything in it was found in older files",
             SV(broken));
  return QN_E_EXISTS; /* segments are folded already */
}

static enum qn_err load_all(struct reading *rd, const struct str *names, size_t n) {
  enum qn_err e = fold_snapshots(rd, names, n);
  if (!e) e = fold_segments(rd);
  if (e && e != QN_E_EXISTS) return e;
  if (!rd->st->n && rd->n_seg && rd->seg[0].first > 1)
    damaged(rd, rd->seg[0].name, 0); /* the beginning is gone */
  fold_prune(rd->st);
  return QN_OK;
}

/* The last record that the names tell of. */
static uint64_t newest(const struct str *names, size_t n) {
  uint64_t most = 0, number;
  for (size_t i = 0; i < n; i++) {
    if (object_number(names[i], 'j', &number) && number > most + 1) most = number - 1;
    if (object_number(names[i], 's', &number) && number > most) most = number;
  }
  return most;
}

enum qn_err state_load(struct state *st) {
  struct str *names;
  size_t n;
  struct reading rd = {.st = st};
  enum qn_err e = st->store->ops->list(st->store, &st->scratch, &names, &n);
  if (e) return e;
  rd.seg = ARENA_ARRAY(&st->scratch, n, struct segment);
  for (size_t i = 0; i < n; i++)
    if (object_number(names[i], 'j', &rd.seg[rd.n_seg].first)) rd.seg[rd.n_seg++].name = names[i];
  e = load_all(&rd, names, n);
  if (st->damaged) lost(st, newest(names, n) > st->confirmed ? newest(names, n) : st->confirmed);
  st->durable = st->n;
  if (e == QN_E_INVALID)
    diag_add(&st->s->diags, QN0605, SPAN_NONE,
             "the state was written by a later version of quoin, or is none");
  return e;
}
