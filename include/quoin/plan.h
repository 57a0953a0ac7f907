/* The plan: what has to change, why, in which order. Built from the graph
 * (wanted), the state (recorded) and the live cloud; self-contained, so that a
 * saved plan is applied without reading the spec again.
 *
 * A replacement is two changes of one address: a create of generation g+1 and a
 * delete of generation g, joined by `pair`. Apply only knows create, update,
 * delete, forget and record; `after` holds the order. */
#ifndef QUOIN_PLAN_H
#define QUOIN_PLAN_H

#include "quoin/cloud.h"
#include "quoin/graph.h"
#include "quoin/provider.h"
#include "quoin/state.h"

enum action {
  ACT_NONE,    /* nothing to do; kept when state has to learn something (`record`), when there is something to
                * tell (leaves), or when others are in order through it */
  ACT_CREATE,
  ACT_UPDATE,
  ACT_DELETE,
  ACT_FORGET   /* on_destroy: retain, or gone already: leaves state only */
};
enum why {
  WHY_SPEC,        /* the spec says otherwise than what was applied */
  WHY_DRIFT,       /* live differs from what was seen and from what is wanted */
  WHY_REMOVED,     /* property taken out of the spec: reset or default */
  WHY_RELEASED,    /* taken out and the API has no reset: left as it is, reported once */
  WHY_UNKNOWN,     /* depends on something known after apply */
  WHY_UNCONFIRMED, /* an earlier call was interrupted: sent again */
  WHY_KEPT         /* AWS keeps it otherwise: a note, an error under -strict-readback */
};
struct leaf_change { /* one managed leaf */
  struct str path;              /* printed form: Tags["Name"], Rules[0].Id */
  struct str property;          /* its top-level property */
  const struct value *before;   /* live (or recorded without a refresh); NULL absent */
  const struct value *after;    /* wanted; NULL absent; may be unknown */
  const struct value *recorded; /* as seen after the last apply; NULL absent */
  enum why why;
  bool forces_replace;          /* create-only, or no rule can change it */
  bool if_changed;              /* ... but the value is unknown: decided at apply */
  struct span span;             /* where the wanted value stands; may be SPAN_NONE */
};
enum change_reason {
  CR_SPEC,       /* leaves say why */
  CR_GONE,       /* recorded, but the cloud does not have it any more */
  CR_NOT_IN_SPEC,
  CR_DEPOSED,    /* left over from an interrupted replacement */
  CR_REQUESTED,  /* -replace=ADDRESS, destroy */
  CR_INTERRUPTED /* an open intent is settled first */
};
struct change {
  enum action action;
  enum change_reason reason;
  sym address, type, region, account;
  sym moved_from;               /* 0, or the address in state before `moved` */
  const struct def *def;
  uint32_t generation;          /* the one created, updated or deleted */
  uint32_t pair;                /* index of the other half of a replacement; UINT32_MAX none */
  bool if_changed;              /* the whole replacement is decided at apply */
  bool create_first;            /* of a replacement */
  bool record;                  /* ACT_NONE: state_put protect, on_destroy, deps, applied = wanted */
  bool protect;
  uint8_t on_destroy;
  const struct value *wanted;   /* properties, may hold unknowns; NULL at delete */
  const struct value *applied, *seen, *live; /* maps or NULL */
  const struct value *identity, *attributes; /* of the existing object or NULL */
  const struct value *timeouts;
  struct str uid;               /* of the generation */
  const struct str *properties; /* top-level properties to bring about (update), sorted */
  uint32_t n_properties;
  const struct leaf_change *leaves;
  uint32_t n_leaves;
  const struct str *reads;      /* attributes that others refer to: read back after the change */
  uint32_t n_reads;
  const sym *deps;              /* addresses this resource depends on now: recorded by apply */
  uint32_t n_deps;
  const uint32_t *after;        /* indices of changes that must be finished first */
  uint32_t n_after;
  uint64_t remaining_ms;        /* longest path to the end of the plan: start the longest first */
  struct span span;
};
static inline bool change_only_orders(const struct change *c) {
  return c->action == ACT_NONE && !c->record && !c->n_leaves;
}
static inline bool change_drifted(const struct change *c) {
  if (c->reason == CR_GONE && c->action == ACT_FORGET) return true;
  for (uint32_t i = 0; i < c->n_leaves; i++)
    if (c->leaves[i].why == WHY_DRIFT) return true;
  return false;
}
struct move { sym from, to; };
struct undeclared { /* what a live object has beside the type's defaults and nobody declared */
  sym address, type;
  struct str path;
  const struct value *live;
  const struct value *recorded; /* as seen after the last apply; NULL not known */
  struct span span;             /* of the resource */
};
struct checked { sym address, type; struct span span; }; /* a recorded object that was compared with the live one */
struct plan {
  struct session *s;
  struct environment env;
  struct str id;                /* of a plan that was read from a file; else empty: see plan_id */
  struct str lineage;           /* of the state it was made against; empty = new state */
  uint64_t base;                /* its last record */
  bool destroy, refreshed;
  bool all;                     /* `undeclared` was looked for */
  bool partial;                 /* only targets and what goes with them were planned */
  const struct change *changes; /* sorted by address, creates before deletes of one address */
  uint32_t n_changes;
  const struct move *moves;
  uint32_t n_moves;
  const struct undeclared *undeclared; /* by address; not in plan files */
  uint32_t n_undeclared;
  const struct checked *checked; /* by address; not in plan files */
  uint32_t n_checked;
  const struct output *outputs;
  uint32_t n_outputs;
  const struct value *old_outputs; /* as recorded; NULL none */
  const struct check *checks;   /* those still unknown: after apply */
  uint32_t n_checks;
  const struct value *lookups;
  struct str definitions_digest, version;
  uint64_t calls, bound;        /* of the live read */
};
struct plan_counts { uint32_t add, change, destroy, replace, forget, drift, kept; };
struct plan_counts plan_count(const struct plan *p);
bool plan_empty(const struct plan *p); /* nothing an apply would do (records and outputs included) */
struct output_change { /* an output that will be another than the recorded one */
  sym name;
  const struct value *before, *after; /* NULL: it is new, it goes; after may be unknown */
  bool secret;
};
/* Those of the plan, then those that the spec has no more. The list is in `a`. */
uint32_t plan_output_changes(const struct plan *p, struct arena *a, const struct output_change **out);

/* What a live read says of every recorded resource. */
struct refreshed {
  const struct read_result **results; /* by index into the items given */
  uint64_t calls, bound;
};

struct plan_options {
  bool destroy;                 /* plan the end of everything */
  bool refresh;                 /* read the live cloud */
  bool all;                     /* look also at what nobody declared: fills `undeclared` */
  bool strict_readback;         /* WHY_KEPT is an error QN08xx */
  const struct str *replace;    /* addresses to replace although nothing changed */
  size_t n_replace;
  const struct str *targets;    /* only these and what they need; empty: all */
  size_t n_targets;
  bool allow_mass_loss;         /* go on although more than half of the resources are gone */
  /* How the cloud is read; NULL: the client. For tests. */
  enum qn_err (*read)(void *user, const struct read_item *items, uint32_t n, struct refreshed *out);
  void *read_user;
};
/* g NULL only for destroy. rd may be NULL without refresh. Settles open intents in memory, reads only. */
enum qn_err plan_make(struct session *s, const struct graph *g, struct state *st, const struct providers *p,
                      const struct schema *sc, struct rd_ctx *rd, struct cloud *c, const struct plan_options *o,
                      const struct environment *env, struct plan *out) QN_MUST_USE;

enum qn_err refresh_read(struct session *s, const struct providers *p, struct rd_ctx *rd, struct cloud *c, sym account,
                         sym partition, const struct read_item *items, uint32_t n, struct refreshed *out) QN_MUST_USE;

/* Digest of the plan's content, 32 hex digits, in the session arena; empty if it cannot be written. It costs as
 * much as writing the plan. */
struct str plan_id(const struct plan *p);
/* Plan files: JSON, self-contained, no secret values. */
enum qn_err plan_write(const struct plan *p, struct buf *out) QN_MUST_USE;
enum qn_err plan_read(struct session *s, struct str text, const struct providers *prov, struct plan *out) QN_MUST_USE;
/* A saved plan is carried out by the quoin and the definitions that made it, else QN_E_STALE after QN0817. */
enum qn_err plan_check_maker(const struct plan *p, const struct providers *prov) QN_MUST_USE;

/* Renderings. */
struct render_options { bool colour; unsigned columns; /* 0 = unlimited */ bool drift; /* the words of `drift` */ };
void plan_render_text(const struct plan *p, const struct render_options *o, struct buf *out);
enum qn_err plan_render_json(const struct plan *p, struct buf *out) QN_MUST_USE;           /* `show -json` */
enum qn_err plan_render_terraform(const struct plan *p, struct buf *out) QN_MUST_USE;      /* --compat=terraform */
/* Reports for CI: markdown, comment, github, junit, sarif (docs/ci.md); of drift, or of the changes. */
bool plan_report_known(struct str format);
enum qn_err plan_report(const struct plan *p, struct str format, bool drift, struct buf *out) QN_MUST_USE;

/* ---- taking a run back ---------------------------------------------------- */
struct undo {
  const struct plan *did;
  const bool *skipped;          /* by change of `did`: it was never begun */
  const struct sres *before;    /* all that was recorded when the run began, under the addresses of `did` */
  size_t n_before;
};
struct left_over { sym address, type; struct str why; }; /* what cannot be undone */
/* The way back to `before`: what the run made is deleted, what it updated gets the values that were recorded, an
 * object that was to be replaced and still stands is the current one again. An ordinary plan, against the state and
 * the cloud as they are now; o->read reads the cloud. What cannot be undone is left out of it and told. */
enum qn_err plan_undo(const struct undo *u, struct state *st, const struct providers *p, const struct schema *sc,
                      const struct plan_options *o, struct plan *out, const struct left_over **left,
                      uint32_t *n_left) QN_MUST_USE;

/* ---- pieces used by drift, apply and tests ------------------------------ */
/* quoin's own tags of a resource: id, stack, environment, address. */
const struct value *ownership_tags(struct session *s, struct arena *a, const struct environment *env, sym address,
                                   struct str uid);
/* The text of one tag, in either form of tags (list of {Key, Value}, map); empty if it is not there. */
struct str tag_value(struct session *s, const struct value *tags, struct str key);
/* Compares the managed leaves of a resource. */
struct diff_input {
  const struct def *def;
  const struct schema *schema;
  struct stype type;
  const struct value *wanted, *applied, *seen, *live; /* maps or NULL; live NULL: seen stands for it */
  const struct str *ignore;
  uint32_t n_ignore;
  const struct str *unconfirmed;
  uint32_t n_unconfirmed;
};
void diff_leaves(struct session *s, struct arena *a, const struct diff_input *in, const struct leaf_change **out, uint32_t *n);

/* A leaf that was unknown at plan has turned out to be `now`: is it what the object has anyway? By the same rules
 * as diff_leaves: equal to live, or as applied and live as seen. False while something of it is unknown. */
bool plan_leaf_same(struct session *s, struct arena *a, const struct change *c, const struct leaf_change *l,
                    const struct value *now);

/* A generation as its calls without outcome may have left it: what they carried counts as applied beside what was
 * acknowledged, is not known as seen, and is unconfirmed. How it is settled, in memory and in the journal. */
struct sres plan_with_lost(struct session *s, const struct def *d, const struct sres *r);

/* A live value without what is secret (and, if so wanted, unknown) in `like`; NULL when nothing is left of it. */
const struct value *plan_without_secrets(struct arena *a, const struct value *live, const struct value *like, bool unknowns);

#endif
