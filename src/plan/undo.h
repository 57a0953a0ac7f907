/* Private to plan: what a run did, resource by resource, and how far it can be taken back. */
#ifndef QUOIN_PLAN_UNDO_H
#define QUOIN_PLAN_UNDO_H

#include "build.h"

/* One address that the run touched. */
struct undo_item {
  sym address;
  const struct change *did;  /* the create or update of the run; NULL: it only deleted */
  const struct sres *before; /* the current generation when the run began; NULL: none */
  const struct sres *now;    /* the current generation now; NULL: none */
  struct recorded back;      /* `before` as it is now; back.r NULL: the object is gone */
  VEC(struct recorded) made; /* generations that the run made */
  bool lost;                 /* its old object is gone: what refers to it cannot be put back */
  bool stays;
  VEC(struct str) fixed;      /* properties that stay as they are now */
  const struct value *wanted; /* properties to go back to */
};
struct undo_work {
  struct session *s;
  struct arena *a;
  const struct undo *u;
  struct state *st;
  const struct providers *prov;
  const struct sres *all; /* all that the state has now */
  size_t n_all;
  struct undo_item *items; /* sorted by address */
  uint32_t n_items;
  VEC(struct left_over) left;
};

/* The items of a run. */
void undo_items(struct undo_work *w);
/* Finds what cannot be undone, and what has to stay because of it. */
void undo_limits(struct undo_work *w);
/* The same once it is known of a resource (property empty) or of one property. True if it is news. */
bool undo_keep(struct undo_work *w, struct undo_item *it, struct str property, struct str why);
/* Is the property one that the run set about to change, and that goes back? */
bool undo_takes_back(const struct undo_item *it, struct str property);
struct undo_item *undo_find(struct undo_work *w, sym address);

#endif
