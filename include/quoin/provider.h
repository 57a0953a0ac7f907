/* Provider definitions: resource types as data, and their interpreter. The
 * interpreter does no I/O: an operation (struct op) or a set of reads (struct
 * readset) says which call or pause comes next and is told the reply. Whoever
 * drives it journals, signs, sends and waits. So every step can be tested
 * without a network, and killed anywhere.
 *
 * Steps are pure functions of (new, old, live, kept): running one again gives
 * the same request. */
#ifndef QUOIN_PROVIDER_H
#define QUOIN_PROVIDER_H

#include "quoin/cloud.h"
#include "quoin/schema.h"

struct providers; /* all definitions, checked */
struct def;       /* one resource type's behaviour */
struct resource;  /* spec.h */

/* blob: blob.h. extra_path: QUOIN_PROVIDER_PATH (folders separated by ':') or NULL; QN09xx on errors. */
enum qn_err providers_open(struct session *s, struct str blob, const struct wire *w, const struct schema *sc,
                           const char *extra_path, struct providers **out) QN_MUST_USE;
const struct def *provider_find(const struct providers *p, struct str type); /* NULL: no definition */
size_t provider_types(const struct providers *p, const struct str **names);
/* Operations and reads speak to the sandbox (sandbox.h) instead of the services. */
void providers_use_sandbox(struct providers *p);
/* SHA-256 in hex of all definitions, embedded and from extra_path, in the order of their types. */
struct str providers_digest(const struct providers *p, struct arena *a);

struct def_info {
  struct str type, service;
  uint32_t typical_ms;
  bool stateful;             /* delete or replace needs an explicit on_destroy */
  uint8_t replace;           /* enum replace_order preferred by the type */
  struct str name_property;  /* unique name beside the identity (GroupName of a security group); empty: none */
  struct str tag_property;   /* where quoin's ownership tags go; empty: none */
};
struct def_info def_info(const struct def *d);

/* Everything an expression of a definition can see. Values in the arena of the caller. */
struct op_scope {
  sym address, region, account, partition;
  struct str uid;                 /* idempotency token, tag quoin:id */
  const struct value *new_props;  /* desired, resolved (no unknowns when running); NULL at delete */
  const struct value *old_props;  /* last applied; NULL at create */
  const struct value *live;       /* as read; NULL if not read */
  const struct value *identity;   /* V_MAP of identity members; NULL before create */
  const struct value *attributes; /* V_MAP of read-only attributes known */
  const struct value *tags;       /* ownership tags to add: map */
  const struct value *timeouts;   /* map wait name -> duration text, or NULL */
  uint8_t on_destroy;
  const struct str *wanted;       /* attributes that others refer to: read after a create if no reply held them */
  uint32_t n_wanted;
  /* A call about this object may have been carried out: it is read before anything is sent, and properties
   * that are as wanted by now are not sent again. */
  bool read_first;
};

/* ---- what plan asks ---------------------------------------------------- */
enum compare_kind { CMP_VALUE, CMP_SET, CMP_KEYED, CMP_JSON, CMP_POLICY, CMP_NOCASE, CMP_WRITE_ONLY, CMP_ARN_OR_NAME, CMP_TRAILING_DOT };
struct compare_rule {
  uint8_t kind;
  bool open; /* keyed: elements that are not declared are nobody's business */
  struct str key;
  const struct value *dflt; /* default(v) or NULL */
};
/* Rule for a property path like `LifecycleConfiguration.Rules` (no indices: `A.B[].C`). Schema sets are CMP_SET. */
struct compare_rule def_compare(const struct def *d, struct str path);
/* What absence of a property means, by the definition or else the schema; NULL: not known. */
const struct value *def_default(const struct def *d, struct str path, struct arena *a);
enum change_verdict { CV_UPDATE, CV_REPLACE, CV_RELEASE /* removed, API has no reset, or nobody knows what a new one would have: let go */ };
/* What a change of a top-level property (or nested create-only path) means. new_v NULL = removed. */
enum change_verdict def_change(struct session *s, struct arena *a, const struct def *d, struct str path,
                               const struct value *old_v, const struct value *new_v, const struct op_scope *sc);
/* Why a property (path without indices, or its top-level name) is not supported by the definition; empty:
 * it is. Declaring such a property is an error that plan and validate report. */
struct str def_unsupported(const struct def *d, struct str path);
/* QN0930 for each declared property that the definition does not support; `where` is for values without a place. */
enum qn_err def_check_declared(struct session *s, const struct def *d, const struct value *props, struct span where) QN_MUST_USE;
/* What a resource declares against its definition: def_check_declared, and QN0461 for each path under `ignore` that
 * names nothing of the type or elements that cannot be told apart, for each of `timeouts` that is no wait of the
 * type, and for an `on_destroy` that the type does not have. */
enum qn_err def_check_resource(struct session *s, const struct def *d, const struct resource *r) QN_MUST_USE;
/* Words of `on_destroy` for this type: "`delete`, `retain` or `empty`". */
struct str def_on_destroy_words(struct session *s, const struct def *d);
/* Attributes that an update of these properties makes unknown. */
bool def_volatile(const struct def *d, struct str attribute);
/* How long the token of the type's create may be sent again for the same object; 0: it has none. */
uint32_t def_token_ttl_ms(const struct def *d);
/* Another resource may move a property within bounds of its own: a service's desired count and its autoscaler. */
struct tmpl; /* private to definitions */
struct owner_match { struct str property; const struct tmpl *value; };
struct owned_by {
  struct str property, type, min, max; /* what is moved, by which type, from and to which of its properties */
  const struct owner_match *where;     /* the owner's properties that name the object */
  uint32_t n_where;
};
size_t def_owned(const struct def *d, const struct owned_by **out);
/* What the owner's properties under `where` are for this object, and what they are of this owner: equal keys
 * belong together. False: not known. */
bool def_owned_key(struct session *s, struct arena *a, const struct def *d, const struct owned_by *o,
                   const struct op_scope *sc, struct str *out) QN_MUST_USE;
bool def_owner_key(struct session *s, struct arena *a, const struct owned_by *o, const struct value *props,
                   struct str *out) QN_MUST_USE;

/* ---- operations -------------------------------------------------------- */
enum op_kind { OP_CREATE, OP_UPDATE, OP_DELETE, OP_SETTLE_CREATE };
enum op_what { OPW_CALL, OPW_PAUSE, OPW_DONE, OPW_FAILED };
struct op_step {
  enum op_what what;
  struct call call;             /* OPW_CALL */
  bool mutating;                /* journal an intent before it */
  uint32_t step;                /* number within the operation, stable when re-derived */
  const struct str *paths;      /* property paths this step carries */
  uint32_t n_paths;
  struct str coalesce_key;      /* equal keys (and operations) may be merged into one call by op_merge; empty: never */
  struct str coalesce_into;     /* path of the list that is joined */
  uint32_t coalesce_max;        /* most elements of a merged call */
  struct str serialize_key;     /* one mutating call at a time per (region, operation's service, key); empty: no limit */
  uint32_t pause_ms;            /* OPW_PAUSE: a waiter or a busy retry */
  struct str waiting_for;       /* words for the live view: "stable", "DependencyViolation" */
};
enum settle_verdict { SV_PENDING, SV_FOUND, SV_NONE, SV_FOREIGN, SV_SEVERAL };
struct op_result {
  const struct value *identity;    /* known as soon as the first create call returned */
  const struct value *attributes;  /* read-only attributes read or kept so far */
  const struct str *applied;       /* property paths carried by acknowledged steps */
  uint32_t n_applied;
  struct str code, message, request_id, because; /* of a failure; `because` explains (stop reason, events) */
  struct str remains;              /* OP_DELETE: what is left of the object for a time; empty: nothing */
  bool failed_definitive;          /* the refused call certainly changed nothing */
  bool rolled_back;                /* the service itself went back to what was before */
  bool exists;                     /* the failure says the name is taken by somebody else */
  enum settle_verdict settled;     /* OP_SETTLE_CREATE */
  const struct value *others;      /* SV_SEVERAL: list of further identities with our id, identity being the oldest; SV_FOREIGN or `exists`: the identity in the way, if known */
};
struct op; /* opaque, in the arena */
/* changed: property paths to bring about (OP_UPDATE; for OP_CREATE those still missing when resuming, else NULL = all declared). */
struct op *op_new(struct session *s, struct arena *a, const struct providers *p, const struct def *d, enum op_kind kind,
                  const struct op_scope *sc, const struct str *changed, uint32_t n_changed);
/* What comes next. Time is the caller's clock (boot_ms): deadlines and backoff are judged by it. */
void op_next(struct op *op, int64_t now_ms, struct op_step *out);
/* The answer as the step takes it: an error where a reply of success names items that were refused. */
struct reply op_verdict(struct op *op, const struct reply *r);
void op_reply(struct op *op, int64_t now_ms, const struct reply *r);  /* of the last OPW_CALL */
const struct op_result *op_result(const struct op *op);
/* One call for steps with the same operation, region and coalesce_key: their lists at coalesce_into joined
 * in order, all else as in the first. False if they do not fit together (or hold more than coalesce_max).
 * The reply goes to every op; a refusal is answered by sending each step's own call. */
bool op_merge(struct session *s, struct arena *a, const struct op_step *const *steps, uint32_t n, struct call *out) QN_MUST_USE;

/* ---- reads ------------------------------------------------------------- */
struct read_item {
  sym address, region;
  const struct def *def;
  const struct value *identity;
  const struct str *managed;     /* property paths that matter; per-resource reads run only for these */
  uint32_t n_managed;
  const struct value *props;     /* last applied or desired, for definitions that look at them */
};
struct read_result {
  enum { RR_PENDING, RR_LIVE, RR_GONE, RR_FAILED } state;
  const struct value *live;      /* properties and attributes, typed by the schema */
  struct str code, message;
  enum err_class cls;            /* of RR_FAILED */
};
struct readset;
struct readset *readset_new(struct session *s, struct arena *a, const struct providers *p, sym account, sym partition,
                            const struct read_item *items, uint32_t n);
/* Calls expected, computed from the definitions (pages beyond the first are not countable before). */
uint64_t readset_bound(const struct readset *rs);
/* The next call that can be made now; false: none (wait for replies, or all done). *token names it in the reply. */
bool readset_next(struct readset *rs, struct call *out, uint32_t *token);
void readset_reply(struct readset *rs, uint32_t token, const struct reply *r);
bool readset_done(const struct readset *rs);
const struct read_result *readset_result(const struct readset *rs, uint32_t i);
uint64_t readset_calls(const struct readset *rs); /* made so far, pages included */

/* For `import ID`: identity map from the text a user gives ("a|b" for several members). */
enum qn_err def_identity_of_text(struct session *s, struct arena *a, const struct def *d, struct str text, const struct value **out) QN_MUST_USE;
struct str def_identity_text(struct session *s, struct arena *a, const struct def *d, const struct value *identity);

#endif
