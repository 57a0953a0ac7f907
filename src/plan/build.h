/* Private to plan: the planner's working set. */
#ifndef QUOIN_PLAN_BUILD_H
#define QUOIN_PLAN_BUILD_H

#include "quoin/plan.h"
#include "quoin/vec.h"

/* One recorded generation, under the address it has after `moved`. */
struct recorded {
  const struct sres *r;
  sym address;
  bool moved;
  const struct def *def;
  uint32_t node;            /* graph node or UINT32_MAX */
  bool gone;                /* read, and not there */
  bool targeted;            /* with targets: a delete of it is meant, too */
  bool pending_create;      /* an open create intent without identity: apply settles it */
  const struct value *live; /* as read, or NULL */
  const struct value *identity;
};
struct undo_item;
struct owners;
/* What a node becomes. */
struct decision {
  struct recorded *current;   /* or NULL */
  const struct value *wanted; /* resolved as far as possible */
  bool new_identity;          /* created or replaced: attributes are unknown */
  bool updated;
  uint32_t change;       /* index of the create, update or none change; UINT32_MAX */
  uint32_t old_delete;   /* delete of the replaced generation; UINT32_MAX */
  VEC(struct str) reads; /* attributes others refer to */
};
struct builder {
  struct session *s;
  struct arena *a;
  const struct graph *g; /* NULL: destroy */
  struct state *st;
  const struct providers *prov;
  const struct schema *sc;
  const struct plan_options *o;
  const struct environment *env;
  struct recorded *recs;
  uint32_t n_recs;
  struct decision *decisions; /* by node */
  struct map current_of;      /* address text -> index of recs */
  bool *targeted;             /* by node; NULL: all */
  VEC(struct change) changes;
  VEC(struct move) moves;
  struct owners *owners; /* of properties that other resources may move */
  bool refreshed;
  uint64_t calls, bound;
  VEC(struct undeclared) undeclared;
  struct undo_item **undo; /* by node, when a run is taken back; else NULL */
};

/* Recorded resources with `moved` applied; QN0801.. on conflicts. */
enum qn_err build_recorded(struct builder *b);
/* Where `moved` puts an address. */
sym build_moved(struct builder *b, sym address);
/* -target and -replace: marks nodes and recorded resources; QN0810 for what is neither in the spec nor in the
 * state. */
enum qn_err build_targets(struct builder *b);
/* Live read of all that is recorded; sets gone, live. */
enum qn_err build_refresh(struct builder *b, struct rd_ctx *rd, struct cloud *c);
/* Looks once, with reads only, for objects of open creates. */
enum qn_err build_settle(struct builder *b, struct rd_ctx *rd, struct cloud *c);
/* Creates, updates and replacements, in topological order. */
enum qn_err build_wanted(struct builder *b);
/* Deletes and forgets of what is not wanted any more. */
enum qn_err build_unwanted(struct builder *b);
/* With o->all: what the live objects have and nobody declared. */
void build_undeclared(struct builder *b);
/* Order: fills after and remaining_ms. */
void build_order(struct builder *b);
/* What is ignored stays as it is also when something beside it is sent: it is wanted as it is found. */
const struct value *build_with_ignored(struct builder *b, const struct node *n, const struct recorded *r,
                                       const struct value *wanted);
/* Who may move properties of others, by the spec and by the state. Before any node is planned. */
void build_owners(struct builder *b);
/* A property that its owner moved within the owner's bounds is wanted as it is found; outside of them, at the
 * nearest. What the owner had moved when it was recorded counts as applied, so that it is no drift either
 * way. */
struct diff_input;
void build_with_owned(struct builder *b, const struct node *n, const struct recorded *r,
                      struct diff_input *in);
/* Resolver over decisions. */
enum qn_err build_attribute(void *user, sym address, struct str path, const struct value **out);

/* Orders the changes that were added and makes them the plan's. */
void build_plan(struct builder *b, struct plan *out);
/* Adds a leaf when the live object does not carry our id: it was imported, or somebody took the tag off. */
bool owner_leaf(struct builder *b, const struct recorded *r, const struct leaf_change **leaves, uint32_t *n);
/* The tag with the address only informs. A rename alone is no change; it goes along with the next real one.
 */
bool address_leaf(struct builder *b, const struct recorded *r, const struct leaf_change **leaves,
                  uint32_t *n);

void build_add(struct builder *b, struct change c);
uint8_t build_default_on_destroy(const struct builder *b, const struct recorded *r);
/* QN0803/QN0804 when the object may not be deleted. */
bool build_may_delete(struct builder *b, const struct recorded *r, struct span where, const char *what);

#endif
