/* A way out of damage: everything that is whole is in memory already (load.c);
 * it is written as a snapshot, numbered behind all that was lost, so that no
 * number is given twice and no plan made before still fits. */
#include "internal.h"

const struct state_damage *state_damage(const struct state *st) {
  return &st->damage;
}

static enum qn_err keep_all(struct state *st, const struct str *names, size_t n, struct str folder) {
  enum qn_err e = QN_OK;
  for (size_t i = 0; i < n && !e; i++) e = st->store->ops->keep(st->store, names[i], folder);
  return e;
}

static enum qn_err begin_again(struct state *st, struct str aside) {
  enum qn_err e;
  if (st->lineage.n)
    e = state_note(st, str_fmt(&st->s->arena, "repaired; what was before is in %.*s", SV(aside)));
  else
    e = lineage_begin(st); /* with the old one the uids of lost resources are gone */
  if (!e) e = state_commit(st);
  return e ? e : snapshot_write(st);
}

enum qn_err state_repair(struct state *st, struct str *aside) {
  struct str *names;
  size_t n;
  if (!st->writer || !st->damaged) return QN_E_INVALID;
  *aside = str_fmt(&st->s->arena, "damaged-%012llu", (unsigned long long)st->top);
  enum qn_err e = st->store->ops->list(st->store, &st->s->arena, &names, &n);
  if (!e) e = keep_all(st, names, n, *aside);
  if (e) return e;
  uint64_t was = st->n;
  st->damaged = false;
  st->n = st->durable = st->top;
  if ((e = begin_again(st, *aside))) {
    st->damaged = true;
    st->n = was;
    return e;
  }
  /* Nothing reads the old files any more; they are in the folder aside. */
  for (size_t i = 0; i < n && !e; i++) e = st->store->ops->remove(st->store, names[i]);
  return e;
}
