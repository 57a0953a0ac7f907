/* What the files of src/state share. */
#ifndef QUOIN_STATE_INTERNAL_H
#define QUOIN_STATE_INTERNAL_H

#include "quoin/crypto.h"
#include "quoin/state.h"

enum {
  HASH_HEX = 2 * SHA256_BYTES,
  RECORD_MAX = 1 << 20, /* bytes of a record with its newline */
  OUTCOME_ROOM =
      1 << 14, /* kept free on the disk for each open intent, beside the values it is to acknowledge */
  CLOSING_ROOM = 2048, /* the same for the notes that close a run */
  SEGMENT_PREALLOC = 1 << 18,
  KEEP_SEGMENTS = 10
};

/* Names of members of records, interned once per state. */
/* clang-format off */
#define STATE_KEYS(X)                                                                                   \
  X(n) X(epoch) X(kind) X(lineage) X(format) X(stack) X(plan) X(base) X(account) X(lookups)             \
  X(outputs) X(address) X(type) X(region) X(partition) X(generation) X(deposed) X(complete)             \
  X(protect) X(on_destroy) X(uid) X(identity) X(attributes) X(applied) X(seen) X(deps) X(open)          \
  X(unconfirmed) X(step) X(verb) X(operation) X(paths) X(digest) X(at) X(intent) X(result)              \
  X(removed) X(code) X(message) X(request_id) X(definitive) X(gone) X(from) X(to) X(facts)              \
  X(text) X(counter) X(h) X(wanted) X(short)
/* clang-format on */
enum state_key {
#define X(name) K_##name,
  STATE_KEYS(X)
#undef X
      K_COUNT
};

struct gen { /* a generation; slots are reused only after a reload */
  struct sres r;
  uint32_t next; /* index + 1 of another generation of the same address; 0 end */
  bool dead;
};

struct open_intent { /* every intent without outcome */
  uint64_t n;
  uint32_t slot; /* into gens */
  size_t room;   /* kept for its outcome; 0: of an earlier run */
};

struct state {
  struct session *s;
  struct store *store; /* borrowed */
  bool writer, damaged, failed, torn;
  bool segment_open;
  sym keys[K_COUNT];
  struct str lineage;
  uint32_t epoch;
  uint64_t n;           /* last record, pending ones included */
  uint64_t durable;     /* last record known to be on the disk */
  uint64_t confirmed;   /* highest `durable` that a durable record states */
  char h[HASH_HEX + 1]; /* hash of record n */
  sym account;
  const struct value *lookups, *outputs;
  struct gen *gens; /* heap */
  size_t n_gens, cap_gens;
  uint32_t *heads, *counters; /* heap, by sym of an address: first slot + 1; highest generation ever */
  size_t cap_heads;
  VEC(struct open_intent) open;
  size_t owed;                          /* sum of their room */
  VEC(struct sres) sorted;              /* what state_resources gave; n 0: to be made */
  struct buf pending;                   /* records not yet handed to the store */
  struct buf line;                      /* the record being written */
  size_t snapshot_bytes, journal_bytes; /* size of the snapshot; of the records behind it */
  size_t n_segments;                    /* behind the snapshot */
  struct arena scratch;                 /* texts of files while loading */
  struct arena parsed;                  /* the record being folded; what is kept of it is copied */
  struct state_damage damage;           /* what a damaged state lacks; lists in the session arena */
  uint64_t top;                         /* while damaged: the highest number seen */
};

/* ---- record.c: one line ---------------------------------------------------- */
struct record {
  uint64_t n, durable;
  uint32_t epoch;
  char prev[HASH_HEX + 1], h[HASH_HEX + 1];
  struct str text; /* the JSON object, without newline */
};
/* The record that starts at p and whose own hash holds; *used counts its bytes with the newline if there is
 * one. False: none. */
bool record_read(struct str p, struct record *out, size_t *used);
/* Starts a record of st in st->line; members follow with field_*. */
void record_begin(struct state *st, const char *kind);
/* Closes it, folds it and puts it into the pending batch, if there is room on the disk: else QN_E_IO
 * (QN0610), and nothing is changed. */
enum qn_err record_end(struct state *st);
/* The same for a record that has its room. */
enum qn_err record_put(struct state *st);
/* Opens the segment that records go to. */
enum qn_err segment_begin(struct state *st);
void segment_end(struct state *st);
/* Room for the pending batch, the record being written, all outcomes owed, and `more`. */
enum qn_err record_room(struct state *st, size_t more);
void field_text(struct state *st, enum state_key k, struct str t); /* left out when empty */
void field_sym(struct state *st, enum state_key k, sym t);
void field_int(struct state *st, enum state_key k, uint64_t v);
void field_flag(struct state *st, enum state_key k, bool on); /* left out when off */
void field_texts(struct state *st, enum state_key k, const struct str *t, size_t n);
/* NULL is left out. Secrets become references. */
enum qn_err field_value(struct state *st, enum state_key k, const struct value *v);
/* The members of a generation; open intents only if asked. */
enum qn_err fields_sres(struct state *st, const struct sres *r, bool with_open);
void key_put(struct buf *out, enum state_key k);

/* ---- fold.c: what records mean --------------------------------------------- */
/* QN_E_DAMAGED if it does not fit. */
enum qn_err fold_text(struct state *st, const struct record *r);
enum qn_err fold_sres(struct state *st, const struct value *m, bool with_open);
enum qn_err fold_counter(struct state *st, const struct value *m);
enum qn_err parse_object(struct state *st, struct str text, const struct value **out);
/* Drops generations of which nothing is left. */
void fold_prune(struct state *st);

/* ---- index.c: generations by address ---------------------------------------- */
struct gen *gen_find(const struct state *st, sym address, uint32_t generation);
struct gen *gen_make(struct state *st, sym address, uint32_t generation);
struct gen *gen_current(const struct state *st, sym address);
bool gen_any(const struct state *st, sym address);
void gen_unlink(struct state *st, struct gen *g);
bool gen_link(struct state *st, struct gen *g);
void counter_raise(struct state *st, sym address, uint32_t generation);
void open_add(struct state *st, struct gen *g, uint64_t n);
bool open_find(const struct state *st, uint64_t n, size_t *i);
void open_remove(struct state *st, size_t i);

/* ---- load.c, snapshot.c, state.c --------------------------------------------- */
/* Everything the store has. QN_E_NOTFOUND: a file vanished meanwhile, load again after state_forget_all. */
enum qn_err state_load(struct state *st);
/* Takes back what was said since `was`: it is tried again, or said in another way. */
struct diags_mark {
  size_t n, n_errors;
};
struct diags_mark diags_here(const struct state *st);
void diags_back(struct state *st, struct diags_mark was);
/* Writes one and reads it back; the journal goes on in a new segment. */
enum qn_err snapshot_write(struct state *st);
void state_forget_all(struct state *st);
/* Draws a lineage and writes it down, durably. */
enum qn_err lineage_begin(struct state *st);
/* QN_E_DAMAGED: not a whole snapshot; nothing was folded. QN_E_INVALID: of a later version. */
enum qn_err snapshot_fold(struct state *st, struct str text);
struct str object_name(struct arena *a, char prefix,
                       uint64_t n); /* 's' snapshot of record n, 'j' segment from n */
bool object_number(struct str name, char prefix, uint64_t *n);

#endif
