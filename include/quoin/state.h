/* State of one environment: snapshot + append-only journal that cannot lose a
 * resource (docs/state.md). Costs per step are O(1). */
#ifndef QUOIN_STATE_H
#define QUOIN_STATE_H

#include "quoin/value.h"
#include "quoin/vec.h"

/* ---- stores ------------------------------------------------------------ */
/* A store keeps a snapshot and numbered journal segments durably, and a lease. The local folder is
 * one implementation; an object store is to implement the same. Blocking; errors add QN06xx. */
struct store;
struct store_ops {
  enum qn_err (*lock)(struct store *st, struct str holder, struct diags *d);       /* QN_E_LOCKED: diag says who and since when */
  void (*unlock)(struct store *st);
  enum qn_err (*list)(struct store *st, struct arena *a, struct str **names, size_t *n); /* snapshot and segments, sorted */
  enum qn_err (*read)(struct store *st, struct arena *a, struct str name, struct str *out);
  enum qn_err (*write)(struct store *st, struct str name, struct str bytes);       /* whole object, atomic and durable */
  enum qn_err (*append_open)(struct store *st, struct str name, size_t preallocate);
  enum qn_err (*append)(struct store *st, struct str bytes);                       /* to the open segment, not yet durable */
  enum qn_err (*commit)(struct store *st);                                         /* durable; an error is final for this run */
  enum qn_err (*remove)(struct store *st, struct str name);
  void (*close)(struct store *st);
};
struct store { const struct store_ops *ops; };
/* Folder state_root/stack/env. Made when missing unless read_only. */
enum qn_err store_local(struct session *s, const char *root, struct str stack, struct str env, bool read_only, struct store **out) QN_MUST_USE;

/* ---- state ------------------------------------------------------------- */
struct intent {
  uint64_t n;               /* record number */
  sym address;
  uint32_t generation, step;
  struct str uid, operation, digest;
  uint8_t kind;             /* 'c' create, 'u' update, 'd' delete */
  const struct str *paths;
  uint32_t n_paths;
  sym type, region;
  int64_t at_ms;            /* wall clock, for people only */
};
struct sres { /* one generation of one resource */
  sym address, type, region, account, partition;
  uint32_t generation;
  bool deposed;
  bool complete;            /* all declared properties were acknowledged */
  bool protect;
  uint8_t on_destroy;
  struct str uid;
  const struct value *identity, *attributes, *applied, *seen; /* maps; NULL before known */
  const sym *deps;          /* addresses, recorded at the last apply */
  uint32_t n_deps;
  VEC(struct intent) open;  /* intents without outcome */
  VEC(struct str) unconfirmed; /* write-only paths whose outcome is not known */
};
struct state; /* opaque */
enum state_mode { ST_READ, ST_WRITE /* takes the lock */ };
/* A state that does not exist: ST_READ gives an empty one, ST_WRITE makes it (lineage record).
 * Damage in the middle: opens read-only, state_damaged() is true, QN06xx says where; torn tail: dropped with a warning. */
enum qn_err state_open(struct session *s, struct store *st, enum state_mode mode, struct state **out) QN_MUST_USE;
void state_close(struct state *st);
bool state_damaged(const struct state *st);
struct str state_lineage(const struct state *st);
uint64_t state_seq(const struct state *st);          /* number of the last record: a plan's base */
sym state_account(const struct state *st);           /* 0 = not recorded yet */
/* Resources sorted by address, current before deposed, then generation. Valid until the next append. */
const struct sres *state_resources(struct state *st, size_t *n);
const struct sres *state_find(struct state *st, sym address); /* the current generation or NULL */
const struct value *state_lookups(const struct state *st);
const struct value *state_outputs(const struct state *st);
/* uid of the next generation of an address (STATE protocol). */
struct str state_uid(struct state *st, struct arena *a, sym address, uint32_t generation);
uint32_t state_next_generation(struct state *st, sym address);

/* Appends put a record into the pending batch; state_commit makes the batch durable with one
 * sync. After a failed commit nothing more is accepted (QN_E_IO). Record numbers are returned. */
enum qn_err state_run(struct state *st, struct str plan_id, uint64_t base, sym account, const struct value *lookups) QN_MUST_USE;
enum qn_err state_intent(struct state *st, const struct intent *in, uint64_t *n) QN_MUST_USE;
enum outcome_kind { OC_OK, OC_FAILED, OC_NOT_SENT };
struct outcome {
  uint64_t intent;          /* its record number */
  enum outcome_kind kind;
  const struct value *identity, *attributes; /* NULL: unchanged */
  const struct value *applied;  /* leaf values acknowledged by this step, merged into applied; NULL none */
  const struct str *removed;    /* paths taken away */
  uint32_t n_removed;
  struct str code, message, request_id;
  bool definitive;
  bool gone;                /* delete is done: the generation ends */
};
enum qn_err state_outcome(struct state *st, const struct outcome *oc) QN_MUST_USE;
/* Facts about a resource outside an intent: recorded at creation, after reads, at import, on deposing. */
enum qn_err state_put(struct state *st, const struct sres *r) QN_MUST_USE;
enum qn_err state_settled(struct state *st, uint64_t intent, const struct sres *r /* NULL: not created */) QN_MUST_USE;
enum qn_err state_mv(struct state *st, sym from, sym to) QN_MUST_USE;
enum qn_err state_forget(struct state *st, sym address, uint32_t generation) QN_MUST_USE;
enum qn_err state_set_outputs(struct state *st, const struct value *outputs) QN_MUST_USE;
enum qn_err state_note(struct state *st, struct str text) QN_MUST_USE;
enum qn_err state_commit(struct state *st) QN_MUST_USE;
/* Writes a snapshot and starts a new segment; keeps 10 old ones. */
enum qn_err state_snapshot(struct state *st) QN_MUST_USE;

#endif
