/* What the files of src/apply share: a run and its tasks, one per change. */
#ifndef QUOIN_APPLY_INTERNAL_H
#define QUOIN_APPLY_INTERNAL_H

#include "quoin/apply.h"

enum {
  MAX_LOSSES = 6,      /* lost answers to one step before its change has failed */
  MAX_ALL_LOSSES = 40, /* and to all steps of one change */
  LOOK_MS = 250,       /* pause before the first look after a lost answer, twice as long each time up to: */
  LOOK_MAX_MS = 8000,
  LINGER_MS = 200
};

enum task_state {
  T_BLOCKED, /* waits for `left` others */
  T_READY,   /* in the queue, not begun */
  T_STEP,    /* in the queue, its next call is known */
  T_LINGER,  /* its call waits a moment for others to be joined with */
  T_HELD,    /* its call waits for another one with the same serialize key */
  T_FLIGHT,
  T_PAUSED,
  T_OVER /* done, failed or skipped */
};

struct run;
struct task {
  struct run *run;
  const struct change *c;
  uint32_t index;
  enum task_state state;
  bool failed, skipped;
  bool last;            /* a delete that waits for all that is no delete */
  uint32_t left;        /* changes that have to be done first */
  const uint32_t *next; /* changes that wait for this one */
  uint32_t n_next;
  uint64_t priority;
  enum action action; /* as decided at apply */
  uint32_t generation;
  struct str uid;
  const struct value *record;                /* properties with secrets as references: what is written down */
  const struct value *send;                  /* properties with the secrets' values */
  const struct value *identity, *attributes; /* before the operation */
  const struct str *changed;                 /* properties to bring about; NULL: all */
  uint32_t n_changed;
  bool resume;     /* an earlier run did not finish the object: its waits are made up for */
  struct arena *a; /* of its operations and their replies, lent by the run; NULL before and after */
  struct op *op;
  enum op_kind kind;
  struct op_step step;
  uint64_t intent;    /* open intent of the call in flight, 0 none */
  bool ambiguous;     /* nobody knows what became of the last call */
  bool look;          /* paused before it is looked what became of it */
  bool lost;          /* a call was: from then on the object is read before it is changed */
  uint32_t lost_step; /* the last one, since its last answer: */
  unsigned losses, all_losses;
  bool mutated;                               /* a mutating call of this attempt was sent */
  bool alone;                                 /* its call was refused as part of a joined one */
  enum { D_OPEN, D_REPLACE, D_KEEP } decided; /* of a replacement that hangs on a value known only now */
  struct call sending;                        /* the call in flight: step.call, or that of several steps */
  int64_t started, resume_at;
  VEC(struct task *) joined; /* tasks whose calls went with this one's */
};

struct run {
  struct session *s;
  struct arena *a;
  const struct plan *plan;
  const struct environment *env;
  struct state *st;
  const struct providers *prov;
  const struct apply_options *o;
  struct apply_calls calls;
  uint32_t limit, in_flight;
  struct task *tasks;
  uint32_t n_tasks, over;
  VEC(struct task *) queue;   /* binary heap: highest priority first */
  VEC(struct task *) waiting; /* paused, lingering or held */
  VEC(struct task *) submit;  /* intents written, to be sent after the commit */
  VEC(struct task *) flights; /* mutating calls sent or to be sent */
  struct apply_result *r;
  enum qn_err journal;   /* first failure of the journal: nothing is sent any more */
  bool stopped;          /* no new work: interrupted, or stop on error */
  bool interrupted, now; /* Ctrl-C once; twice */
  struct cloud *cloud;
  const struct sres *before; /* with ON_ERROR_ROLLBACK: all that was recorded when the run began */
  size_t n_before;
  const struct value *lookups; /* as recorded before the run */
  uint32_t first_left;         /* tasks to be done before those that come last; 0: nothing waits */
  bool undo;                   /* takes a run back that failed */
  VEC(struct arena *) arenas;  /* all that were lent; owned */
  VEC(struct arena *) idle;    /* of them: empty */
  VEC(struct arena *) used;    /* given back in this round */
};

/* ---- run.c ---------------------------------------------------------------------- */
/* The run record, the changes, and the end. */
enum qn_err run_carry_out(struct run *r);
/* A note that closes what was done so far. */
void run_close(struct run *r, const char *words);
/* Memory for a part of the run. Given back it stays as it is until the next round, so that whoever gave it
 * back may be in the middle of using it. */
struct arena *run_lend(struct run *r);
void run_give_back(struct run *r, struct arena *a);
void run_next_round(struct run *r);

/* ---- rollback.c ------------------------------------------------------------------- */
/* Copies what the state says at the beginning. */
void rollback_remember(struct run *r);
/* Takes back what the run did. */
enum qn_err rollback_run(struct run *failed);
/* A generation of the address was deleted: what it had replaced is the current one again. */
void rollback_restore(struct run *r, sym address);
/* Addresses that `moved` changed are what they were. */
void rollback_moves(struct run *r);

/* ---- queue.c ------------------------------------------------------------------- */
void queue_push(struct run *r, struct task *t);
struct task *queue_pop(struct run *r);
/* Tasks with their edges. */
void tasks_make(struct run *r);
/* Marks t over, frees what waits for it; a failure skips everything that needs it. */
void task_over(struct task *t, bool failed);
/* Ends t, which was not begun; `why` is told. What needs it is left to the caller. */
void task_skip(struct task *t, struct str why);
void task_event(struct task *t, enum apply_event_kind kind, struct str text);

/* ---- task.c: what a change means ------------------------------------------------ */
/* Decides, resolves and makes the operation; the task is over or has its first step. */
void task_begin(struct task *t);
/* The operation's next step, into t->step, which is then dealt with. */
void task_advance(struct task *t);
void task_take(struct task *t);
void task_fail(struct task *t, struct str code, struct str message);
/* Ends t with what its operation says. */
void task_refuse(struct task *t, const struct op_result *res);
/* Begins an operation of a kind for the task. */
void task_operate(struct task *t, enum op_kind kind);
/* Begins the next generation of the address: what it is to be is written down before its first intent. */
void task_new_generation(struct task *t);
/* The same for a generation whose first intent was closed by a refusal. */
void task_put_wanted(struct task *t);
/* The journal takes no more: nothing is sent from here on. */
void task_journal(struct run *r, enum qn_err e);
/* decide.c */
/* Is the replacement that t is a half of carried out? Decided once for both halves. */
bool task_replaces(struct task *t);
/* What is left to bring about, now that values are known. */
void task_narrow(struct task *t);
bool task_resolve(struct task *t);
/* Before anything is deleted to make room: can what replaces it be described at all? QN_E_INVALID after
 * diagnostics. */
enum qn_err replacements_check(struct run *r);
/* The same with what became known since, at the last moment. If it cannot, t has failed. */
bool task_makes_room(struct task *t);

/* ---- drive.c: calls and their journal -------------------------------------------- */
/* Queued work as far as the limits allow: intents, one commit, then the calls. */
void drive_pump(struct run *r);
int drive_timeout(struct run *r);
/* An interrupt was seen: what is not in flight ends. */
void drive_stop(struct run *r);

/* ---- lost.c ------------------------------------------------------------------------ */
/* The answer to a mutating call of step number `step` is lost, or has come. */
void settle_lost(struct task *t, uint32_t step);
void settle_answered(struct task *t, uint32_t step);
/* t's operation has failed: if because of a lost answer, what became of it is looked at soon; else false. */
bool settle_later(struct task *t);
/* Looks now. */
void settle_now(struct task *t);
/* An open create intent of a generation without identity? */
bool settle_pending(const struct sres *r);
/* Takes up, for the create of t, the generation of an interrupted create that an earlier run did not find:
 * its token may still be good. False: there is none. */
bool settle_take_up(struct task *t);
/* Is the token of create intent `in` still good? */
bool settle_holds(const struct session *s, const struct def *d, const struct intent *in);
/* May `in` be sent for a generation that has open create intents? Only if one of them was the same request
 * and its token still holds. */
bool settle_may_resend(const struct task *t, const struct sres *known, const struct intent *in);
/* Closes the open intents of a generation. */
enum qn_err settle_close(struct session *s, struct state *st, const struct sres *r);
/* Closes interrupted creates of addresses that the plan has no change for. */
enum qn_err settle_leave(struct run *r);
/* The create of t was interrupted; its settle operation has ended. */
void settle_create_over(struct task *t);

/* ---- settle.c ---------------------------------------------------------------------- */
/* Writes down what a settle operation found for the open create intents of a generation. */
enum qn_err settle_record(struct session *s, struct state *st, const struct def *d, const struct sres *r,
                          const struct op_result *res);
/* Updates and deletes: left to the next look. What they carried is managed from now on, and unconfirmed. */
enum qn_err settle_others(struct state *st, struct session *s, const struct providers *p, sym address,
                          uint32_t generation);

/* ---- values.c ------------------------------------------------------------------------ */
/* Text of a service without the secrets that were sent: validation errors quote what they refuse. */
struct str scrubbed(struct arena *a, struct str text, const struct value *sent);
struct str request_digest(struct session *s, struct arena *a, const struct value *input);
enum qn_err attribute_of(void *run, sym address, struct str path,
                         const struct value **out); /* of a resolver */
enum qn_err secret_of(void *run, struct str ref, const struct value **out);

/* ---- finish.c -------------------------------------------------------------------------- */
/* Reads back what was changed, evaluates outputs and checks, closes the run. */
enum qn_err run_finish(struct run *r);
/* Makes the calls of a set of reads. False if they could not all be made. */
bool run_read(struct run *r, struct readset *rs, struct arena *keep);

struct apply_calls cloud_calls(struct cloud *c);

#endif
