/* The order of work: what has the longest way to the end goes first. */
#include "internal.h"

static bool before(const struct task *a, const struct task *b) {
  return a->priority != b->priority ? a->priority > b->priority : a->index < b->index;
}

void queue_push(struct run *r, struct task *t) {
  VEC_PUSH(r->a, &r->queue, t);
  size_t i = r->queue.n - 1;
  for (; i && before(t, r->queue.v[(i - 1) / 2]); i = (i - 1) / 2) r->queue.v[i] = r->queue.v[(i - 1) / 2];
  r->queue.v[i] = t;
}

struct task *queue_pop(struct run *r) {
  if (!r->queue.n) return NULL;
  struct task *top = r->queue.v[0], *last = r->queue.v[--r->queue.n];
  size_t i = 0;
  for (size_t k; (k = 2 * i + 1) < r->queue.n; i = k) {
    if (k + 1 < r->queue.n && before(r->queue.v[k + 1], r->queue.v[k])) k++;
    if (!before(r->queue.v[k], last)) break;
    r->queue.v[i] = r->queue.v[k];
  }
  if (r->queue.n) r->queue.v[i] = last;
  return top;
}

/* ---- edges ------------------------------------------------------------------------ */

struct edges {
  VEC(uint32_t) from, to;
};

static void edge(struct run *r, struct edges *e, uint32_t from, uint32_t to) {
  if (from >= r->n_tasks || from == to) return;
  VEC_PUSH(r->a, &e->from, from);
  VEC_PUSH(r->a, &e->to, to);
}

static void fill(struct run *r, const struct edges *e) {
  uint32_t *count = ARENA_ARRAY(r->a, r->n_tasks + 1, uint32_t),
           *list = ARENA_ARRAY(r->a, e->from.n, uint32_t);
  for (size_t i = 0; i < e->from.n; i++) count[e->from.v[i] + 1]++;
  for (uint32_t i = 0; i < r->n_tasks; i++) count[i + 1] += count[i];
  uint32_t *at = ARENA_ARRAY(r->a, r->n_tasks + 1, uint32_t);
  memcpy(at, count, r->n_tasks * sizeof *at);
  for (uint32_t i = 0; i < r->n_tasks; i++) r->tasks[i].left = 0;
  for (size_t i = 0; i < e->from.n; i++) {
    list[at[e->from.v[i]]++] = e->to.v[i];
    r->tasks[e->to.v[i]].left++;
  }
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    r->tasks[i].next = list + count[i];
    r->tasks[i].n_next = count[i + 1] - count[i];
  }
}

static bool reaches(const struct run *r, uint32_t from, uint32_t to) {
  bool *seen = ARENA_ARRAY(r->a, r->n_tasks, bool);
  uint32_t *stack = ARENA_ARRAY(r->a, r->n_tasks, uint32_t), n = 0;
  stack[n++] = from;
  seen[from] = true;
  while (n) {
    const struct task *t = &r->tasks[stack[--n]];
    for (uint32_t i = 0; i < t->n_next; i++) {
      if (t->next[i] == to) return true;
      if (seen[t->next[i]]) continue;
      seen[t->next[i]] = true;
      stack[n++] = t->next[i];
    }
  }
  return false;
}

/* A replacement that deletes first is judged at the delete (does it happen? is what comes after it valid?):
 * it should then know what the create will know, as far as that does not wait for the delete itself. */
static void decide_late(struct run *r, struct edges *e) {
  size_t n = e->from.n;
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    const struct change *c = r->tasks[i].c;
    if (c->create_first || c->action != ACT_DELETE || c->pair >= r->n_tasks) continue;
    const struct change *create = r->tasks[c->pair].c;
    if (!value_unknown(create->wanted)) continue;
    for (uint32_t k = 0; k < create->n_after; k++)
      if (create->after[k] != i && create->after[k] < r->n_tasks && !reaches(r, i, create->after[k]))
        edge(r, e, create->after[k], i);
    if (e->from.n > n) fill(r, e);
    n = e->from.n;
  }
}

/* What is deleted cannot be brought back. So a run that may have to be taken back deletes last, when nothing
 * else can fail any more, but for what has to make room. */
static void delete_last(struct run *r) {
  uint32_t first = 0;
  for (uint32_t i = 0; i < r->n_tasks; i++) r->tasks[i].last = r->tasks[i].c->action == ACT_DELETE;
  for (bool again = true; again;) {
    again = false;
    for (uint32_t i = 0; i < r->n_tasks; i++) {
      struct task *t = &r->tasks[i];
      for (uint32_t k = 0; t->last && k < t->n_next; k++)
        if (!r->tasks[t->next[k]].last) t->last = false, again = true;
    }
  }
  for (uint32_t i = 0; i < r->n_tasks; i++) first += !r->tasks[i].last;
  for (uint32_t i = 0; i < r->n_tasks; i++)
    if (!first)
      r->tasks[i].last = false;
    else if (r->tasks[i].last)
      r->tasks[i].left++;
  r->first_left = first;
}

static void set_ready(struct task *t) {
  t->state = T_READY;
  queue_push(t->run, t);
}

/* One of those that do not come last is done. */
static void first_done(struct run *r) {
  if (!r->first_left || --r->first_left) return;
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    struct task *t = &r->tasks[i];
    if (t->last && t->state == T_BLOCKED && --t->left == 0) set_ready(t);
  }
}

void tasks_make(struct run *r) {
  const struct plan *p = r->plan;
  struct edges e = {0};
  r->n_tasks = p->n_changes;
  r->tasks = ARENA_ARRAY(r->a, r->n_tasks, struct task);
  for (uint32_t i = 0; i < r->n_tasks; i++) {
    const struct change *c = &p->changes[i];
    r->tasks[i] = (struct task){.run = r,
                                .c = c,
                                .index = i,
                                .priority = c->remaining_ms,
                                .action = c->action,
                                .generation = c->generation,
                                .uid = c->uid,
                                .started = -1,
                                .identity = c->identity,
                                .attributes = c->attributes};
    for (uint32_t k = 0; k < c->n_after; k++) edge(r, &e, c->after[k], i);
  }
  fill(r, &e);
  decide_late(r, &e);
  if (r->o->on_error == ON_ERROR_ROLLBACK) delete_last(r);
  for (uint32_t i = 0; i < r->n_tasks; i++)
    if (!r->tasks[i].left) set_ready(&r->tasks[i]);
}

/* ---- ends --------------------------------------------------------------------------- */

void task_event(struct task *t, enum apply_event_kind kind, struct str text) {
  struct run *r = t->run;
  if (!r->o->event || change_only_orders(t->c)) return;
  struct apply_event e = {.kind = kind,
                          .change = t->c,
                          .address = t->c->address,
                          .type = t->c->type,
                          .action = t->action,
                          .text = text,
                          .done = r->over,
                          .total = r->n_tasks,
                          .rollback = r->undo};
  if (t->started >= 0) e.elapsed_ms = r->s->out.boot_ms(r->s->out.user) - t->started;
  const struct sres *known = state_generation(r->st, t->c->address, t->generation);
  if (known && known->identity && t->c->def)
    e.identity = def_identity_text(r->s, r->a, t->c->def, known->identity);
  r->o->event(r->o->user, &e);
}

static void count(struct task *t) {
  struct apply_result *r = t->run->r;
  if (change_only_orders(t->c)) return;
  if (t->skipped)
    r->skipped++;
  else if (t->failed)
    r->failed++;
  else if (t->action == ACT_CREATE)
    r->created++;
  else if (t->action == ACT_UPDATE)
    r->updated++;
  else if (t->action == ACT_DELETE)
    r->deleted++;
  else if (t->action == ACT_FORGET)
    r->forgotten++;
  else
    r->recorded++;
}

static void give_back(struct task *t) {
  run_give_back(t->run, t->a);
  t->a = NULL;
}

static void end_one(struct task *t, bool failed) {
  t->state = T_OVER;
  t->failed = failed;
  t->run->over++;
  count(t);
  if (!failed) task_event(t, AE_DONE, STR(""));
  give_back(t);
}

void task_skip(struct task *t, struct str why) {
  t->state = T_OVER;
  t->skipped = true;
  t->run->over++;
  count(t);
  task_event(t, AE_SKIPPED, why);
  give_back(t);
}

static void skip_for(struct task *t, const struct task *needs) {
  struct run *r = t->run;
  struct str address = session_str(r->s, needs->c->address);
  task_skip(t,
            str_fmt(r->a, needs->failed ? "it needs %.*s, which failed" : "it needs %.*s, which was not done",
                    SV(address)));
}

void task_over(struct task *t, bool failed) {
  struct run *r = t->run;
  VEC(struct task *) ended = {0};
  end_one(t, failed);
  if (failed && r->o->on_error != ON_ERROR_CONTINUE) r->stopped = true;
  VEC_PUSH(r->a, &ended, t);
  while (ended.n) {
    struct task *d = ended.v[--ended.n];
    if (!d->last && !d->failed && !d->skipped) first_done(r);
    for (uint32_t i = 0; i < d->n_next; i++) {
      struct task *n = &r->tasks[d->next[i]];
      if (n->state != T_BLOCKED) continue;
      if (d->failed || d->skipped) {
        skip_for(n, d);
        VEC_PUSH(r->a, &ended, n);
      } else if (--n->left == 0) {
        set_ready(n);
      }
    }
  }
}
