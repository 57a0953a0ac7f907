/* The state of a running operation (op*.c, settle.c). One call is out at a time. */
#ifndef QUOIN_CLOUD_OP_H
#define QUOIN_CLOUD_OP_H

#include "def.h"

struct task {
  const struct step *st;
  const struct rule *rule; /* NULL: a step of create or delete */
  const struct value *it;  /* what `it` is */
  sym as;
  const struct value *as_value;
  const struct str *props; /* properties it carries */
  uint32_t n_props;
  const struct value *values; /* what it sends; NULL: the declared ones */
  bool expanded;              /* `each` is done: run it as it stands */
  bool wait_only;             /* resumed create: only its wait */
};

enum op_phase { PH_START, PH_LOOK, PH_LIVE, PH_TASKS, PH_COMPLETE, PH_ATTRS, PH_END };
enum op_awaiting { AW_NONE, AW_STEP, AW_PAGES, AW_READ /* the internal readset */, AW_WAITCALL, AW_FIND };
enum op_reading { RD_NONE, RD_WAIT, RD_LIVE, RD_ATTRS, RD_SETTLE };

struct ours {                                    /* an object with our id */
  const struct value *identity, *live, *created; /* live, created: NULL if not read */
};
struct settling {
  bool running, done;
  uint32_t misses;
  uint32_t at;                     /* candidate being read */
  VEC(const struct value *) found; /* identities to look at */
  VEC(struct ours) ours;
  VEC(const struct value *) theirs;
  const struct value *page_token;
  bool steps_done;
};

struct op {
  struct session *s;
  struct arena *a;
  const struct providers *p;
  const struct def *d;
  enum op_kind kind;
  struct op_scope sc;
  struct denv env;
  const struct str *changed;
  uint32_t n_changed;
  bool resumed; /* a create whose identity was known at the start */

  enum op_phase phase;
  enum op_awaiting awaiting;
  VEC(struct task) q;
  size_t pc;
  int64_t pause_until;
  struct str pause_for;

  int64_t step_since; /* first try of the current step; -1: not tried yet */
  uint32_t backoff_ms;
  const struct value *page_token; /* of `each: {pages}` */
  VEC(const struct value *) paged;

  const struct wait *w;
  int64_t w_since;
  uint32_t w_interval;
  int64_t attrs_since; /* first look for wanted attributes that failed; -1: none did */
  int64_t w_doubt;     /* since when `fail` has held; -1: it does not */

  struct readset *rs; /* internal read under way */
  enum op_reading reading;
  uint32_t rs_token;

  struct settling settle;
  bool failing; /* diagnosing: the failure is already known */
  const struct wait *because;
  bool over, failed;
  VEC(struct str) applied;
  struct op_result r;
};

/* op_plan.c: fills the queue */
void op_plan_create(struct op *op);
void op_plan_late_waits(struct op *op);
void op_plan_rules(struct op *op, const struct str *props, uint32_t n, bool fresh);
void op_plan_delete(struct op *op);
void op_push(struct op *op, struct task t);
void op_insert(struct op *op, const struct task *t, size_t n); /* right behind the current one */
/* t for each of v, or for each `chunk` of them; returns how many tasks that makes. */
size_t op_portions(struct op *op, const struct task *t, const struct value *const *v, size_t n,
                   struct task *out);
/* op_step.c */
void op_fail(struct op *op, struct str code, struct str message, bool definitive);
bool op_emit(struct op *op, int64_t now, const struct task *t, const struct step *st,
             const struct value *input, struct op_step *out);
bool op_task_next(struct op *op, int64_t now, struct op_step *out); /* false: nothing to emit, go on */
void op_task_reply(struct op *op, int64_t now, const struct reply *r);
void op_pages_reply(struct op *op, int64_t now, const struct reply *r);
struct denv op_env(struct op *op, const struct task *t);
void op_keep(struct op *op, const struct step *st, const struct value *reply);
void op_forget_waits(struct op *op);
void op_note_attributes(struct op *op, const struct value *live);
/* op_wait.c */
void op_wait_start(struct op *op, int64_t now, const struct wait *w);
bool op_wait_next(struct op *op, int64_t now, struct op_step *out);
void op_wait_item(struct op *op, int64_t now, const struct value *item, bool gone);
void op_wait_reply(struct op *op, int64_t now, const struct reply *r);
/* op_read.c */
void op_read_start(struct op *op, enum op_reading why, const struct value *identity,
                   const struct str *managed, uint32_t n_managed);
/* settle.c */
bool settle_next(struct op *op, int64_t now, struct op_step *out); /* false: done or go on */
void settle_reply(struct op *op, int64_t now, const struct reply *r);
void settle_read(struct op *op, const struct read_result *r, const struct value *item);

#endif
