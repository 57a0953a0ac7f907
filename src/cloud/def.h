/* A parsed provider definition, as the interpreter runs it (docs/providers.md).
 * Everything lives in the session arena and is immutable once def_parse and
 * def_check have passed; texts borrow from the source map or the interner. */
#ifndef QUOIN_CLOUD_DEF_H
#define QUOIN_CLOUD_DEF_H

#include "quoin/expr.h"
#include "quoin/provider.h"
#include "quoin/regex.h"
#include "quoin/spec.h"
#include "quoin/vec.h"

extern const char *const def_destroy_words[OD_EMPTY + 1]; /* by enum on_destroy, as expressions see them */

#define DEF_MAX_DEPTH 64 /* nesting of properties and members followed */

/* ---- templates: YAML with ${ } at the leaves ------------------------------- */
enum tmpl_kind { TM_EXPR, TM_LIST, TM_MAP };
struct tmpl {
  uint8_t kind; /* enum tmpl_kind */
  uint32_t n;
  struct span span;
  const struct expr *expr;         /* TM_EXPR */
  const struct tmpl *const *items; /* TM_LIST, TM_MAP */
  const sym *keys;                 /* TM_MAP */
};

/* ---- paths below a request, a reply or an item ------------------------------ */
enum seg_kind { SEG_PLAIN, SEG_ALL /* [] */, SEG_INDEX /* [3] */, SEG_WHERE /* [k=v] */ };
struct seg {
  struct str name;
  uint8_t kind; /* enum seg_kind: what stands behind the name */
  uint32_t index;
  struct str key, value;
};
struct mpath {
  struct str text;
  const struct seg *v;
  uint32_t n;
  bool absolute; /* `/A`: from the root of the request or reply, not from the parent's member */
  struct span span;
};

/* ---- codecs ----------------------------------------------------------------- */
struct denv;
struct codec;
struct codec_use {
  const struct codec *codec; /* NULL: none */
  struct str args[2];
};

/* ---- mapping between properties and members --------------------------------- */
struct mapping {
  sym name; /* property */
  const struct mapping *const *kids;
  uint32_t n_kids;
  bool has_at, has_from;  /* else the member of the same name, ignoring case */
  bool no_write, no_read; /* `at: none`, `from: none` */
  struct mpath at, from;
  struct codec_use codec;
  const struct expr *write, *read;
  const sym *group; /* properties that share one member (s3_filter) */
  uint32_t n_group;
  struct span span;
};

/* ---- steps ------------------------------------------------------------------ */
enum send_kind { SEND_NONE, SEND_AUTO /* declared */, SEND_LIST, SEND_CHANGED, SEND_ALL, SEND_LIVE };
struct assign {
  struct mpath path;
  const struct tmpl *value;
};
struct kept {
  sym name;
  bool is_path;
  struct mpath path;
  const struct tmpl *value;
};
struct code_match {
  struct str code;    /* empty: any */
  struct str message; /* PCRE2; empty: any. Compiled when an error has to be judged */
  uint32_t within_ms; /* of a retry */
};
struct wait;
struct step {
  uint32_t no;              /* within the definition, from 1 */
  const struct wire_op *op; /* NULL: only keeps values */
  struct span span;
  uint8_t send; /* enum send_kind */
  const struct str *send_list, *carries;
  bool has_at;
  struct mpath at; /* what is sent goes below this member; `[]`: a list of one */
  uint32_t n_send, n_carries;
  const struct assign *with;
  uint32_t n_with;
  const struct tmpl *base;
  const struct expr *when, *each;
  const struct wire_op *pages; /* each: {pages: ...} */
  const struct assign *pages_with;
  uint32_t n_pages_with;
  const struct mpath *pages_items;
  uint32_t n_pages_items;
  sym as;
  uint32_t chunk;
  bool has_token;
  struct mpath token;
  bool has_tags;
  struct mpath tags;
  struct str tag_args[2];
  const struct kept *keep;
  const struct str *secret; /* kept names that are secrets */
  uint32_t n_keep, n_secret;
  const struct code_match *ok, *busy, *absent;
  uint32_t n_ok, n_busy, n_absent;
  uint32_t within_ms; /* of busy */
  struct str wait_name;
  const struct wait *wait;
  const struct tmpl *serialize, *coalesce_key;
  struct mpath coalesce_into;
  uint32_t coalesce_max;
  struct mpath refused, refused_code, refused_message; /* failures named by a reply that is none */
};

/* A read: batch, more (further batches) and per (one object). */
enum by_kind { BY_ALL, BY_FILTER, BY_IDS, BY_EACH };
struct readsrc {
  struct step step;
  uint8_t by;           /* enum by_kind */
  struct str by_name;   /* filter name */
  struct mpath by_path; /* BY_IDS: member */
  uint32_t size;
  const struct tmpl *key; /* of a resource; default: its only identity member */
  struct mpath items;     /* empty: the reply */
  bool has_items;
  struct mpath id; /* of an item */
  const struct tmpl *id_expr;
  bool has_within;
  struct mpath within; /* the resource is an element of this list of the item */
  const struct expr *where;
  const struct str *for_props; /* per and more */
  uint32_t n_for;
  bool has_value;
  struct mpath value; /* what `to` is read from */
  struct str to;
};

enum rule_kind { RK_UPDATE, RK_ASPECT, RK_LIST };
struct rule {
  uint8_t kind; /* enum rule_kind */
  struct span span;
  const struct str *on;
  uint32_t n_on;
  bool automatic, split;
  bool fresh_any;
  const struct tmpl *fresh, *order, *reset;
  const struct expr *when;
  uint8_t send;
  const struct step *steps;
  uint32_t n_steps;
  const struct step *clear; /* aspects */
  const struct tmpl *key;   /* lists */
  bool remove_first;
  const struct step *add, *change, *remove;
};

struct wait {
  struct str name;
  const struct expr *when; /* false: nothing to wait for */
  const struct expr *until, *fail;
  const struct expr *rolled_back; /* of a failure: the service took the change back by itself */
  const struct tmpl *because;
  const struct step *diagnose;
  uint32_t n_diagnose;
  uint32_t every_min_ms, every_max_ms;
  uint32_t doubt_ms; /* `fail` must hold for so long: reads may be stale */
  const struct tmpl *within;
  const struct step *call; /* NULL: the batch read of this one */
  const struct str *needs; /* kept names, recorded so that an interrupted run waits for the same */
  uint32_t n_needs;
  struct mpath value;
  bool has_value;
};

struct cmp_entry {
  struct str path;
  struct compare_rule rule;
};
struct attr_def {
  struct str name;
  bool is_value;
  const struct tmpl *value;
};
struct note {
  struct str name, reason;
  struct span span;
};

enum find_kind { FIND_NONE, FIND_NAME, FIND_TAG, FIND_TOKEN, FIND_NATURAL, FIND_SCAN };
struct settle_def {
  uint8_t find; /* enum find_kind */
  struct span span;
  bool first; /* the create is idempotent by name: look before it too */
  uint32_t grace_ms, token_ttl_ms;
  const struct tmpl *id;
  const struct step *steps;
  uint32_t n_steps;
  const struct expr *candidates, *match;
  const struct tmpl *created; /* over `item`: when it was made; NULL: reads do not say */
};

struct def {
  struct session *s;
  const struct wire *w;
  const struct schema *sc;
  struct str type;
  struct span span;
  struct stype st;
  const struct wire_service *svc;
  struct def_info info;
  const struct str *identity;
  uint32_t n_identity;
  const struct mapping *map; /* root */
  const struct cmp_entry *cmp;
  uint32_t n_cmp;
  const struct step *create;
  uint32_t n_create;
  bool has_read;
  struct readsrc batch;
  const struct readsrc *more, *per;
  uint32_t n_more, n_per;
  const struct expr *gone;
  const struct rule *rules;
  uint32_t n_rules;
  const struct assign *defaults;
  uint32_t n_defaults;
  const struct tmpl *serialize;
  const struct step *del;
  uint32_t n_del;
  const uint8_t *destroys; /* enum on_destroy: what its delete knows beside deleting and retaining */
  uint32_t n_destroys;
  const struct tmpl *deleted; /* what a delete has not ended yet; NULL: nothing */
  bool exact; /* what is not declared is not there: a create-only property taken out of the spec replaces */
  bool delete_needs_live;
  const struct code_match *gone_codes, *exists, *retry;
  uint32_t n_gone, n_exists, n_retry;
  const struct wait *waits;
  uint32_t n_waits;
  const struct attr_def *attrs;
  uint32_t n_attrs;
  const struct attr_def *sandbox; /* how identity and attributes look in the sandbox, in order */
  uint32_t n_sandbox;
  const struct owned_by *owned;
  uint32_t n_owned;
  const struct str *volatiles;
  uint32_t n_volatiles;
  struct settle_def settle;
  const struct note *unsupported;
  uint32_t n_unsupported;
  uint32_t name_max;
  struct str name_chars;
};

/* ---- what expressions see --------------------------------------------------- */
struct denv {
  struct session *s;
  struct arena *a;
  const struct def *d;
  const struct op_scope *sc; /* may be NULL in reads */
  const struct value *id;    /* identity map or NULL */
  const struct value *kept;  /* map of names kept so far, or NULL */
  const struct value *live;  /* NULL: sc->live */
  const struct value *it, *item, *outer, *reply;
  sym as;
  const struct value *as_value;
  const struct str *changed;
  uint32_t n_changed;
  sym region, account, partition;
  struct str salt; /* of hex() and digits() */
};
enum qn_err denv_eval(struct denv *e, const struct expr *x, const struct value **out) QN_MUST_USE;
/* Value of a template; members whose value is null are left out of maps. */
enum qn_err denv_tmpl(struct denv *e, const struct tmpl *t, const struct value **out) QN_MUST_USE;
/* NULL expression gives `absent`. */
enum qn_err denv_true(struct denv *e, const struct expr *x, bool absent, bool *out) QN_MUST_USE;
/* Text of a scalar; false if it is none. */
bool denv_text(struct denv *e, const struct tmpl *t, struct str *out);
/* The generated or declared name: name(x). */
struct str def_name(struct denv *e, const struct value *declared);
/* Ownership and declared tags: all, add, remove as lists of {Key, Value}. */
const struct value *tags_view(struct denv *e);
/* Property `name` is as wanted in what was read after an earlier call about it; never so for what reads do
 * not show, nor where what is to go cannot be told from what is left alone. */
bool prop_agrees(struct denv *e, struct str name);
/* Everything declared is so in the other, as loosely as services answer: sets, case and trailing dots of
 * names, numbers as text. */
bool values_agree(struct denv *e, const struct value *declared, const struct value *live, unsigned depth);

/* ---- paths (def_path.c) ------------------------------------------------------ */
/* QN_E_INVALID after a diagnostic. */
enum qn_err mpath_parse(struct session *s, struct str text, struct span at, struct mpath *out) QN_MUST_USE;
/* NULL if absent. `[]` gathers a list. */
const struct value *mpath_get(struct session *s, struct arena *a, const struct mpath *p,
                              const struct value *v);
/* A new tree with v at the path (maps are made on the way; `[]` is the first element). */
const struct value *mpath_set(struct session *s, struct arena *a, const struct value *root,
                              const struct mpath *p, const struct value *v);
/* The wire shape at the end of the path below `shape`; 0 if there is none. */
/* Filters, or Filter where an operation calls it so. */
struct str filters_member(const struct wire *w, const struct wire_op *op);
uint32_t mpath_shape(const struct wire *w, uint32_t shape, const struct mpath *p);

/* ---- mapping (map*.c) -------------------------------------------------------- */
struct mapio {
  struct denv *e;
  uint32_t root_shape;
  const struct value *root; /* write: what is built; read: the reply */
  struct str why;           /* of a failure */
};
const struct mapping *mapping_kid(const struct mapping *m, sym name);
/* The kid that property `name` shares a member with others by; NULL: none. */
const struct mapping *mapping_group(const struct mapping *m, sym name);
/* Where a property is that no map names: at the member of its name. False: shape has none. `own` is room. */
bool mapping_implied(struct session *s, const struct wire *w, sym name, uint32_t shape, struct seg *own,
                     struct mpath *out);
/* Where property `name` of the type goes in requests of this input shape; false: it does not. */
bool map_target(const struct def *d, sym name, uint32_t shape, uint32_t *target);
/* Adds property `name` with value v to io->root. */
enum qn_err map_write(struct mapio *io, sym name, const struct value *v) QN_MUST_USE;
/* Property `name` out of an item of this shape; NULL if absent. *here tells whether the shape has it. */
enum qn_err map_read(struct mapio *io, sym name, uint32_t shape, const struct value *item,
                     const struct value **out, bool *here) QN_MUST_USE;
bool map_readable(const struct def *d, sym name, uint32_t shape);
/* The same when v, of `shape`, is what the property maps to. */
enum qn_err map_read_value(struct mapio *io, sym name, uint32_t shape, const struct value *v,
                           const struct value **out) QN_MUST_USE;
/* Scalars to what the wire model wants; lists and maps deep. */
const struct value *coerce_wire(struct session *s, struct arena *a, const struct wire *w, uint32_t shape,
                                const struct value *v, unsigned depth);
/* Scalars to what the schema says. */
const struct value *coerce_schema(struct session *s, struct arena *a, const struct schema *sc, snode n,
                                  const struct value *v, unsigned depth);

/* ---- codecs (codec*.c) -------------------------------------------------------- */
typedef const struct value *codec_fn(struct denv *e, const struct codec_use *u, const struct value *v);
struct codec {
  const char *name;
  uint8_t n_args;
  bool always;            /* of a group: written even if none of its properties is declared */
  codec_fn *write, *read; /* NULL result: absent */
};
const struct codec *codec_find(struct str name);
/* Into a request; what was made of a secret is one. */
codec_fn codec_write;
codec_fn codec_time_read, codec_s3_filter_write, codec_s3_filter_read, codec_ip_write, codec_ip_read;

/* ---- reading a file (def_parse*.c) -------------------------------------------- */
struct dparse {
  struct session *s;
  struct def *d;
  uint32_t steps; /* numbered so far */
  bool failed;
};
enum qn_err def_parse(struct session *s, const struct wire *w, const struct schema *sc, uint32_t file,
                      struct def **out) QN_MUST_USE;
enum qn_err def_check(const struct def *d) QN_MUST_USE;
bool def_check_deep(const struct def *d); /* part of def_check */
/* Part of def_check_resource. */
bool def_check_ignored(struct session *s, const struct def *d, const struct resource *r);
void dp_error(struct dparse *p, struct span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const struct ynode *dp_get(struct dparse *p, const struct ynode *map, const char *key);
struct str dp_text(struct dparse *p, const struct ynode *n);
void dp_known(struct dparse *p, const struct ynode *map, const char *const *known);
struct codec_use dp_codec(struct dparse *p, struct str text, struct span at);
/* `Head(a,b)`: splits arguments off. */
struct str dp_call(struct str text, struct str args[2], uint32_t *n_args);
const struct tmpl *dp_tmpl(struct dparse *p, const struct ynode *n);
const struct expr *dp_expr(struct dparse *p, const struct ynode *n);
const struct str *dp_texts(struct dparse *p, const struct ynode *n, uint32_t *count);
struct mpath dp_path(struct dparse *p, const struct ynode *n);
const struct assign *dp_assigns(struct dparse *p, const struct ynode *n, uint32_t *count);
const struct code_match *dp_codes(struct dparse *p, const struct ynode *n, uint32_t *count);
bool dp_duration(struct str text, uint32_t *ms);
uint32_t dp_ms(struct dparse *p, const struct ynode *n, uint32_t dflt);
bool dp_bool(struct dparse *p, const struct ynode *n);
uint32_t dp_uint(struct dparse *p, const struct ynode *n, uint32_t dflt);
void dp_step(struct dparse *p, const struct ynode *n, struct step *out);
const struct step *dp_steps(struct dparse *p, const struct ynode *n, uint32_t *count);
void dp_map(struct dparse *p, const struct ynode *n);
void dp_compare(struct dparse *p, const struct ynode *n);
void dp_read(struct dparse *p, const struct ynode *n);
void dp_rules(struct dparse *p, const struct ynode *aspects, const struct ynode *update);
void dp_waits(struct dparse *p, const struct ynode *n);
void dp_settle(struct dparse *p, const struct ynode *n);

/* ---- requests (def_input.c) ---------------------------------------------------- */
/* Which properties a step carries: those of `props` (sorted by the caller's order) it sends. */
/* Where the properties that a step sends go. */
uint32_t step_shape(const struct def *d, const struct step *st);
bool step_carries(const struct def *d, const struct step *st, struct str prop);
struct sending {
  const struct value
      *values; /* property -> value that send: changed|list stands for; NULL: the declared ones */
  bool create;
};
enum qn_err step_input(struct denv *e, const struct step *st, const struct sending *snd,
                       const struct value **out, struct str *why) QN_MUST_USE;
bool code_matches(const struct code_match *m, uint32_t n, struct str code, struct str message,
                  uint32_t *which);

/* ---- pages (def_pages.c) --------------------------------------------------------- */
/* What names the next page after this reply, for page_input; NULL at the end. *page: in, what named this one
 * (NULL: the first). False: the service names the same page again, and its listing would never end; taken for
 * the end, what stands behind it would pass for gone. */
bool page_after(struct session *s, struct arena *a, const struct wire_op *op, const struct value *reply,
                const struct value **page);
/* The failure of such a listing. */
extern const struct reply page_repeated;
const struct value *page_input(struct session *s, struct arena *a, const struct wire_op *op,
                               const struct value *input, const struct value *tokens);

/* ---- small helpers -------------------------------------------------------------- */
static inline sym def_sym(const struct def *d, struct str t) {
  return session_sym(d->s, t);
}
bool str_in(const struct str *v, size_t n, struct str t);
struct str prop_head(struct str path); /* `A.b[0].C` -> `A` */
const struct value *id_value(const struct def *d,
                             const struct value *identity); /* the only member, or the map */
/* Do operations of these providers go to the sandbox? */
bool providers_sandboxed(const struct providers *p);
bool prop_settable(const struct def *d, struct str prop);
const struct rule *def_rule_for(const struct def *d, struct str prop, const struct rule *after);

/* One object's own read, used by waiters, settle and deletes (readset.c). */
const struct value *readset_item(const struct readset *rs, uint32_t i); /* raw item or NULL */

#endif
