/* Apply: carries out a plan, one journalled call at a time (docs/state.md). Every
 * mutating call has a durable intent before it and a durable outcome after it;
 * what was interrupted is settled before anything else. */
#ifndef QUOIN_APPLY_H
#define QUOIN_APPLY_H

#include "quoin/plan.h"

enum apply_event_kind {
  AE_STARTED,   /* work on a change begins */
  AE_WAITING,   /* paused: `text` says for what */
  AE_DONE,
  AE_FAILED,    /* `text` is the reason */
  AE_SKIPPED,   /* something it needs failed, or the run was stopped */
  AE_SETTLING,  /* an interrupted create is looked for; change NULL in apply_settle */
  AE_ROLLBACK,  /* the run turns round; change NULL, address 0 */
  AE_LEFT       /* in a rollback: cannot be undone; change NULL, `text` says why */
};
struct apply_event {
  enum apply_event_kind kind;
  const struct change *change;
  sym address, type;
  enum action action;           /* an undecided replacement that turns out to be an update or nothing says so here */
  struct str identity;          /* text form, when known */
  struct str text;
  int64_t elapsed_ms;           /* since AE_STARTED */
  uint32_t done, total;         /* changes */
  bool rollback;                /* of a change by which the run is taken back */
};

/* How calls are made; NULL in the options: the cloud client. For tests and the sandbox. */
struct apply_calls {
  void *user;
  enum qn_err (*call)(void *user, bool mutating, const struct call *call, call_done_fn *done, void *done_user);
  size_t (*poll)(void *user, int timeout_ms, int wake_fd); /* calls and timers not finished */
  void (*cancel)(void *user);                              /* as cloud_cancel */
};

enum on_error {
  ON_ERROR_CONTINUE, /* branches that do not need what failed go on */
  ON_ERROR_STOP,     /* nothing more is begun; what was begun goes on to its end */
  ON_ERROR_ROLLBACK  /* as stop; then what the run did is taken back */
};
struct apply_options {
  enum on_error on_error;
  const struct schema *schema;  /* for ON_ERROR_ROLLBACK, and to check what is to replace a deleted object */
  uint32_t concurrency;         /* calls in flight; 0 = 32 */
  const volatile int *interrupts; /* counts Ctrl-C; 1: finish calls in flight, 2: stop now. NULL: never */
  int wake_fd;                  /* readable after an interrupt; -1: none */
  void *user;
  void (*event)(void *user, const struct apply_event *e); /* may be NULL */
  void (*tick)(void *user);     /* at least once a second, for the live view; may be NULL */
  /* Value of a secret reference (`env:NAME` is known without it); NULL: others are errors. */
  enum qn_err (*secret)(void *user, struct str ref, const struct value **out);
  const struct apply_calls *calls;
};
enum rollback {
  RB_NONE,
  RB_COMPLETE,   /* all is as it was when the run began */
  RB_INCOMPLETE, /* `left` says what is not */
  RB_UNKNOWN     /* it was interrupted, or could not begin or be recorded */
};
struct apply_result {
  uint32_t created, updated, deleted, forgotten, recorded; /* a replacement counts as one created and one deleted */
  uint32_t failed, skipped;
  uint32_t rolled_back;         /* of the failed: changes that the service took back by itself */
  bool interrupted;
  enum rollback rollback;
  uint32_t undone_deleted, undone_updated;
  const struct left_over *left; /* what a rollback could not undo */
  uint32_t n_left;
  const struct value *outputs;  /* map name -> value, secrets left out; NULL if the run did not get there */
};

/* Settles what an earlier run left open. Before plan_make of every command that writes. *settled counts
 * intents that were open; a create that was not found, but whose token still holds, stays so for apply_run. QN_E_REMOTE when the cloud cannot be asked (QN0853): nothing may be planned then. */
enum qn_err apply_settle(struct session *s, struct state *st, const struct providers *p, struct cloud *c,
                         const struct environment *env, const struct apply_options *o, uint32_t *settled) QN_MUST_USE;

/* Carries out the plan on a state opened for writing, on which apply_settle was called (with a saved plan, too:
 * if it settled anything, the plan is stale and is refused here). QN_E_STALE, QN_E_REFUSED (account; a check
 * that does not hold after apply, QN0809), QN_E_CANCELLED, QN_E_IO (the journal), QN_E_REMOTE (some change
 * failed: diagnostics QN085x per change; also when all was rolled back). *r is always filled. */
enum qn_err apply_run(const struct plan *plan, struct state *st, const struct providers *p, struct cloud *c,
                      const struct apply_options *o, struct apply_result *r) QN_MUST_USE;

#endif
