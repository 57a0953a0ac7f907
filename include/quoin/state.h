/* State of one environment: snapshot + append-only journal that cannot lose a
 * resource (docs/state.md has the format and the protocol). Costs per step are
 * O(1). One writer at a time (lock); readers need no lock. Texts and values
 * returned live in the session arena. */
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
  bool (*busy)(struct store *st);                                                  /* somebody else holds the lock now */
  enum qn_err (*list)(struct store *st, struct arena *a, struct str **names, size_t *n); /* snapshots and segments, sorted by bytes; none if there is no state */
  enum qn_err (*read)(struct store *st, struct arena *a, struct str name, struct str *out); /* QN_E_NOTFOUND without diagnostic */
  enum qn_err (*write)(struct store *st, struct str name, struct str bytes);       /* whole object, atomic and durable */
  enum qn_err (*append_open)(struct store *st, struct str name, size_t preallocate); /* new segment; replaces one of that name, which held no valid record */
  enum qn_err (*reserve)(struct store *st, size_t bytes);                          /* room for so many more bytes in the open segment; not final when it fails */
  enum qn_err (*append)(struct store *st, struct str bytes);                       /* to the open segment, not yet durable; an error is final */
  enum qn_err (*commit)(struct store *st);                                         /* durable; an error is final for this run */
  void (*append_close)(struct store *st);                                          /* gives back what was preallocated */
  enum qn_err (*remove)(struct store *st, struct str name);
  enum qn_err (*keep)(struct store *st, struct str name, struct str folder);       /* a durable copy in a folder that list does not see */
  void (*close)(struct store *st);                                                 /* frees st; unlocks */
};
struct store {
  const struct store_ops *ops;
  struct str env; /* name of the environment, for messages */
};
/* Folder root/stack/env. Made when missing unless read_only. The store must be closed by its owner
 * (after the state). */
enum qn_err store_local(struct session *s, const char *root, struct str stack, struct str env, bool read_only, struct store **out) QN_MUST_USE;

/* ---- state ------------------------------------------------------------- */
struct intent {
  uint64_t n;               /* record number; ignored by state_intent */
  sym address;
  uint32_t generation, step;
  struct str uid, operation, digest;
  uint8_t kind;             /* 'c' create, 'u' update, 'd' delete */
  const struct str *paths;  /* property paths the step carries */
  uint32_t n_paths;
  sym type, region;
  int64_t at_ms;            /* wall clock, for people only */
  const struct value *acknowledges; /* what an ok outcome will say is applied; not written, room is kept for it. NULL: nothing */
};
struct sres { /* one generation of one resource */
  sym address, type, region, account, partition;
  uint32_t generation;
  bool deposed;             /* a later generation has an identity; to be deleted */
  bool complete;            /* all declared properties were acknowledged */
  bool protect;
  uint8_t on_destroy;
  struct str uid;
  const struct value *identity, *attributes, *applied, *seen; /* maps; NULL before known */
  const struct value *wanted; /* what a create or update is to bring about; NULL once it is complete, or its calls are settled */
  const sym *deps;          /* addresses, recorded at the last apply */
  uint32_t n_deps;
  VEC(struct intent) open;  /* intents without outcome */
  VEC(struct str) unconfirmed; /* paths whose outcome is not known */
};
struct state; /* opaque */
enum state_mode { ST_READ, ST_WRITE /* takes the lock */ };
/* A state that does not exist: ST_READ gives an empty one, ST_WRITE makes it (lineage record).
 * Damage in the middle: opens all the same, state_damaged() is true, an error QN0601 says where, every record
 * whose own hash holds is in it, and nothing can be appended (QN_E_DAMAGED). Torn tail: dropped, warning QN0602.
 * QN_E_LOCKED: QN0603. The store is borrowed until state_close. */
enum qn_err state_open(struct session *s, struct store *st, enum state_mode mode, struct state **out) QN_MUST_USE;
/* Pending records that were not committed are lost. Releases the lock. */
void state_close(struct state *st);
bool state_damaged(const struct state *st);
struct lost_records { uint64_t first, last; };
struct state_damage { /* what a damaged state is known to lack */
  VEC(struct lost_records) lost;
  VEC(uint64_t) unfit; /* whole records left out because they need lost ones */
};
const struct state_damage *state_damage(const struct state *st);
/* Of a damaged state opened for writing: what could be read becomes a new snapshot and segment, numbered
 * behind everything lost. The files of before are copied to *aside, a folder beside them, first; a crash
 * leaves the damaged state or the repaired one. Afterwards the state is as any other; its open intents are
 * to be settled. */
enum qn_err state_repair(struct state *st, struct str *aside) QN_MUST_USE;
struct str state_lineage(const struct state *st);    /* 32 hex digits; empty: no state yet */
uint64_t state_seq(const struct state *st);          /* number of the last record: a plan's base */
sym state_account(const struct state *st);           /* 0 = not recorded yet */
/* Start of an apply: is this the state that a plan was made against? lineage empty: the plan was made for a
 * state that did not exist. QN_E_STALE after QN0606 (other state) or QN0607 (moved on). */
enum qn_err state_check_base(struct state *st, struct str lineage, uint64_t base) QN_MUST_USE;
/* QN_E_REFUSED after QN0608 if the state belongs to another account. */
enum qn_err state_check_account(struct state *st, sym account) QN_MUST_USE;
/* Resources sorted by address, current before deposed, then generation. Valid until the next append. */
const struct sres *state_resources(struct state *st, size_t *n);
const struct sres *state_find(struct state *st, sym address); /* the current generation or NULL; valid until the next append */
const struct sres *state_generation(struct state *st, sym address, uint32_t generation);
size_t state_open_intents(const struct state *st);   /* of all resources */
const struct value *state_lookups(const struct state *st); /* NULL: none recorded */
const struct value *state_outputs(const struct state *st);
/* uid of a generation of an address: 32 characters base32 of SHA-256(lineage, address, generation). */
struct str state_uid(struct state *st, struct arena *a, sym address, uint32_t generation);
/* For an address whose earlier creates are all closed; never handed out twice once an intent was recorded. */
uint32_t state_next_generation(struct state *st, sym address);

/* Appends put a record into the pending batch and take effect in memory at once; state_commit makes the
 * batch durable with one sync. After a failed commit nothing more is accepted (QN_E_IO). Errors of all:
 * QN_E_DAMAGED, QN_E_IO, QN_E_INVALID (opened for reading, or no such intent or resource), QN_E_LIMIT (over 1 MiB, QN0611). */
/* lookups NULL: as they were. */
enum qn_err state_run(struct state *st, struct str plan_id, uint64_t base, sym account, const struct value *lookups) QN_MUST_USE;
/* Keeps room on the disk for its outcome: without it QN_E_IO (QN0610) and the state goes on.
 * *n receives the record number. A create intent makes the generation. */
enum qn_err state_intent(struct state *st, const struct intent *in, uint64_t *n) QN_MUST_USE;
enum outcome_kind { OC_OK, OC_FAILED, OC_NOT_SENT };
struct outcome {
  uint64_t intent;          /* its record number */
  enum outcome_kind kind;
  const struct value *identity;   /* NULL: unchanged. Deposes the generations before this one */
  const struct value *attributes; /* merged by name; NULL: unchanged */
  const struct value *applied;  /* map of property path -> acknowledged value, whole at that path; NULL none. Takes
                                 * the same top-level properties off `seen` and the paths off `unconfirmed` */
  const struct str *removed;    /* paths taken away */
  uint32_t n_removed;
  struct str code, message, request_id;
  bool definitive;          /* a failure that certainly changed nothing */
  bool gone;                /* delete is done: the generation ends */
};
/* A generation without identity and without open intents ends here. */
enum qn_err state_outcome(struct state *st, const struct outcome *oc) QN_MUST_USE;
/* Facts about a resource outside an intent: before its create intent, after reads, at import, on deposing.
 * identity, attributes, applied, seen NULL: unchanged; all else is set as given, `open` is ignored. */
enum qn_err state_put(struct state *st, const struct sres *r) QN_MUST_USE;
/* What became of an open intent. r: facts found (identity, attributes, applied as in state_put); NULL: nothing came of it. */
enum qn_err state_settled(struct state *st, uint64_t intent, const struct sres *r) QN_MUST_USE;
/* All generations of an address; QN_E_NOTFOUND, QN_E_EXISTS. */
enum qn_err state_mv(struct state *st, sym from, sym to) QN_MUST_USE;
enum qn_err state_forget(struct state *st, sym address, uint32_t generation) QN_MUST_USE;
enum qn_err state_set_outputs(struct state *st, const struct value *outputs) QN_MUST_USE;
enum qn_err state_note(struct state *st, struct str text) QN_MUST_USE;
enum qn_err state_commit(struct state *st) QN_MUST_USE;
/* Commits, writes a snapshot, reads it back and starts a new segment; keeps 10 old ones. Only the commit can
 * fail: a snapshot that cannot be written is a warning (QN0613), the journal has everything. */
enum qn_err state_snapshot(struct state *st) QN_MUST_USE;
/* The journal has grown enough for a snapshot to pay. */
bool state_wants_snapshot(const struct state *st);

#endif
