/* The parts of a compilation; private to src/lang. All of it lives in the
 * session arena. A module file is read once (mfile); each use of it is an
 * instance, whose inputs, locals, resources and components are evaluated when
 * first asked for, once. */
#ifndef QUOIN_LANG_PROGRAM_H
#define QUOIN_LANG_PROGRAM_H

#include "quoin/spec.h"

struct program;
struct instance;

/* ---- values with expressions (tree.c) ------------------------------------ */
struct tmember;
struct tnode {
  uint8_t kind;   /* enum ykind */
  bool keep_null; /* entries that are null stay (environments: they take away what is inherited) */
  uint32_t n;
  struct span span;
  const struct value *constant; /* no expression below: evaluated once */
  union {
    const struct expr *expr;
    const struct tnode *const *items;
    const struct tmember *members;
  };
};
struct tmember {
  sym key;
  struct span key_span;
  const struct tnode *value;
};
/* NULL after diagnostics. Depth is capped by yaml_parse. */
const struct tnode *tree_build(struct program *p, const struct ynode *y);
/* Literal values only: `${` means nothing (-var-file, -var, QUOIN_VAR_*). */
const struct value *tree_literal(struct program *p, const struct ynode *y);
/* Free names of all expressions below are appended (with repeats). */
struct names {
  sym *v;
  size_t n, cap;
};
void tree_names(struct program *p, const struct tnode *t, struct names *out);

/* ---- where an expression stands (scope.c) -------------------------------- */
struct frame {
  struct program *p;
  struct instance *in;      /* NULL: built-ins and functions only */
  const struct value *each; /* map {key, value}, or NULL */
  sym region;
  bool run;          /* outputs and checks see run.time */
  const char *place; /* with in == NULL: "an environment", "a default" */
  struct scope scope;
};
/* f must stay where it is: the scope points back to it. */
void frame_init(struct frame *f, struct program *p, struct instance *in, const struct value *each);
enum qn_err frame_eval(struct frame *f, const struct expr *e, const struct value **out) QN_MUST_USE;
enum qn_err tree_eval(struct frame *f, const struct tnode *t, const struct value **out) QN_MUST_USE;

/* ---- types of inputs (type.c, coerce.c) ---------------------------------- */
enum tkind {
  T_ANY,
  T_STRING,
  T_INT,
  T_FLOAT,
  T_BOOL,
  T_DURATION,
  T_SIZE,
  T_RANGE,
  T_HOSTNAME,
  T_CIDR,
  T_ARN,
  T_LIST,
  T_SET,
  T_MAP,
  T_OBJECT,
  T_RESOURCE,
  T_ID,
  T_MODULE
};
struct itype;
struct field {
  sym name;
  const struct itype *type;
  bool optional;
};
struct itype {
  uint8_t kind;               /* enum tkind */
  const struct itype *of;     /* list, set, map */
  const struct field *fields; /* object */
  uint32_t n_fields;
  sym name; /* resource type, module */
};
/* NULL after a diagnostic at `at`. */
const struct itype *itype_parse(struct program *p, struct str text, struct span at);
struct str itype_text(struct program *p, const struct itype *t);
/* Checks v and gives it the type. `at` stands for values without a place of their own; `what`
 * names it in messages ("input scale"). */
enum qn_err itype_coerce(struct program *p, const struct itype *t, const struct value *v, struct span at,
                         struct str what, const struct value **out) QN_MUST_USE;

/* ---- declarations (mfile.c) ---------------------------------------------- */
enum dkind { D_INPUT, D_LOCAL, D_RESOURCE, D_COMPONENT };
struct input_decl {
  const struct itype *type;    /* NULL after a diagnostic */
  const struct tnode *initial; /* default, or NULL */
  bool required;
  const struct ynode *min, *max, *pattern, *choices;
  struct regex *regex; /* of pattern; freed with the program */
};
struct repeat {
  const struct tnode *for_each, *key, *when;
};
struct resource_decl {
  sym type;
  struct span type_span;
  bool type_known;
  const struct tnode *props, *protect, *tags, *timeouts, *on_destroy;
  uint8_t replace;
  const struct str *ignore;
  const struct span *ignore_spans;
  uint32_t n_ignore;
};
struct mfile;
struct component_decl {
  struct mfile *module;
  struct span use_span;
  const struct tnode *with; /* map, or NULL */
};
struct decl {
  uint8_t kind; /* enum dkind */
  bool bad;     /* diagnostics were added when it was read */
  sym name;
  struct span span; /* of the name */
  struct repeat rep;
  const struct tnode *depends_on, *region;
  union {
    struct input_decl input;
    const struct tnode *local;
    struct resource_decl res;
    struct component_decl comp;
  };
};
struct output_decl {
  sym name;
  struct span span;
  const struct tnode *value;
  bool secret;
};
struct check_decl {
  struct span span;
  const struct tnode *that, *message;
};
struct moved_decl {
  struct str from, to;
  struct span from_span, to_span;
};
struct mfile {
  sym name;             /* of the module: its `module:`, else from its path */
  struct str path;      /* as opened: a file, or a path inside the blob */
  bool shipped;         /* a standard module */
  bool spec;            /* the spec itself */
  bool busy;            /* its components are being read: using it now is a cycle */
  struct span use_span; /* the `use` that led here, while busy */
  struct mfile *user;   /* the file with that use, while busy */
  unsigned depth;       /* uses from the spec to here when it was read */
  const struct ynode *root;
  VEC(struct decl) decls;
  struct map by_name; /* name -> decl */
  VEC(struct output_decl) outputs;
  VEC(struct check_decl) checks;
  VEC(struct moved_decl) moved;
  const uint32_t *order; /* decls in order of use; made when first needed */
};
/* Reads declarations of `root`. Adds diagnostics; what can be used is kept. */
void mfile_read(struct program *p, struct mfile *m);
/* The module that `use` names, read; NULL after diagnostics (cycles included). */
struct mfile *mfile_use(struct program *p, struct mfile *by, struct str use, struct span at);
const uint32_t *mfile_order(struct program *p, struct mfile *m);
struct decl *mfile_decl(const struct program *p, struct mfile *m, sym name);

/* ---- instances (instance.c, resource.c, component.c) --------------------- */
enum slot_state { SLOT_NEW, SLOT_BUSY, SLOT_DONE, SLOT_FAILED };
struct rinst { /* one resource */
  struct resource r;
  struct instance *in;
  const struct decl *decl;
  const struct value *each;
  uint8_t state;       /* enum slot_state of props */
  const sym *prefixes; /* addresses named by depends_on, component's included; expanded at the end */
  uint32_t n_prefixes;
};
struct slot { /* a declaration or an output, evaluated */
  uint8_t state;
  bool open; /* instances unknown: a lookup that is not available here decides */
  uint32_t n;
  const struct value *value;
  union {
    struct rinst *resources;
    struct instance *children;
  };
};
struct instance {
  struct mfile *file;
  struct instance *parent;
  const struct decl *decl; /* component; NULL for the spec */
  struct str address;      /* empty for the spec */
  struct frame *outer;     /* the parent's frame: where `with` is evaluated */
  sym region;
  unsigned depth;
  const sym *prefixes; /* depends_on of components around */
  uint32_t n_prefixes;
  struct slot *slots;   /* per decl of file */
  struct slot *outputs; /* per output of file */
};
void instance_init(struct program *p, struct instance *in, struct mfile *file, struct instance *parent,
                   const struct decl *d, struct str address);
/* The value of declaration i. QN_E_INVALID after diagnostics. `at`: who asks. */
enum qn_err instance_value(struct instance *in, struct program *p, uint32_t i, struct span at,
                           const struct value **out) QN_MUST_USE;
enum qn_err instance_output(struct program *p, struct instance *in, uint32_t i, struct span at,
                            const struct value **out) QN_MUST_USE;
/* Evaluates everything of in and below, so that every mistake is found. */
void instance_complete(struct program *p, struct instance *in);
/* So many resources more are to come. */
void program_expect(struct program *p, size_t more);
struct str address_join(struct program *p, struct str parent, sym name);

enum qn_err resource_expand(struct program *p, struct instance *in, const struct decl *d,
                            struct slot *s) QN_MUST_USE;
enum qn_err resource_eval(struct program *p, struct rinst *r, struct span at) QN_MUST_USE;
enum qn_err resource_attribute(struct program *p, const struct value *res, struct str path, struct span at,
                               const struct value **out) QN_MUST_USE;
/* Environment tags and the `tags` key merged into props. */
enum qn_err tags_merge(struct program *p, const struct rinst *r, struct frame *f,
                       const struct value **props) QN_MUST_USE;
/* NULL: it has the form of a region; else what is wrong. */
const char *wrong_region(struct str t);
/* False after a diagnostic: AWS has no such region, and the environment does not name its partition. */
bool region_known(struct program *p, struct str t, enum diag_code code, struct span at);
struct str region_partition(struct str region);
/* The region that a resource or component says, else that of f's instance. */
enum qn_err region_eval(struct frame *f, const struct tnode *t, sym *out) QN_MUST_USE;
enum qn_err component_expand(struct program *p, struct instance *in, const struct decl *d,
                             struct slot *s) QN_MUST_USE;
/* Checks `with` of a component against the inputs of its module, once. */
void component_check(struct program *p, struct mfile *m, struct decl *d);

/* for_each and when of a declaration. */
struct copy {
  sym key, address;
  const struct value *each;
};
struct copies {
  struct copy *v;
  uint32_t n;
  bool many, open;
};
enum qn_err repeat_eval(struct program *p, struct instance *in, const struct decl *d,
                        struct copies *out) QN_MUST_USE;
/* The value of a repeated declaration: one, a map by key, or null. */
const struct value *repeat_value(struct program *p, const struct copies *c, const struct decl *d, sym type);
/* Addresses that `depends_on` names, absolute. */
enum qn_err depends_eval(struct frame *f, const struct decl *d, const sym **out, uint32_t *n) QN_MUST_USE;

/* ---- environments and inputs (environment.c, input.c) -------------------- */
struct layer { /* input values from one place */
  const struct value *values;
  enum how how;
  sym name;
};
struct env_out {
  VEC(struct layer) layers;
  struct span with_span; /* where a missing input is best given */
};
enum qn_err env_resolve(struct program *p) QN_MUST_USE;
/* The value of `dr`; what the other side recorded is read when it is first asked for. */
enum qn_err dr_ask(struct program *p, const struct value **out) QN_MUST_USE;
/* All environments of a spec, in order. NULL after diagnostics. */
const struct ynode *env_section(struct program *p, const struct ynode *root);
/* The environment asked for, or the only one; NULL after a diagnostic. */
const struct ypair *env_choose(struct program *p, const struct ynode *envs);
/* The root's input values from all layers, unchecked: map name -> value. */
enum qn_err input_layers(struct program *p) QN_MUST_USE;
void input_read(struct program *p, struct decl *d, const struct ynode *y);
enum qn_err input_value(struct program *p, struct instance *in, const struct decl *d,
                        const struct value **out) QN_MUST_USE;

/* ---- lookups and secrets (lookup.c) -------------------------------------- */
enum qn_err lookup_call(struct frame *f, const struct value *const *args, size_t n, struct span at,
                        const struct value **out) QN_MUST_USE;
enum qn_err secret_call(struct frame *f, const struct value *const *args, size_t n, struct span at,
                        const struct value **out) QN_MUST_USE;

/* ---- the whole ----------------------------------------------------------- */
struct loops {
  struct expr_loop *v;
  size_t n, cap;
};
/* Loop variables of e are appended to p->loops. */
void shadow_collect(struct program *p, const struct expr *e);
/* Reports those of p->loops that hide a name of m or a built-in one. */
void shadow_check(struct program *p, struct mfile *m);
bool name_built_in(struct str t);

struct busy { /* what is being evaluated, for cycles */
  struct str label;
  struct span at; /* the reference that led to it */
};
struct program {
  struct session *s;
  const struct spec_options *o;
  struct compiled *out;
  struct mfile *spec;
  struct instance *root;
  struct map files; /* path -> index into file_list */
  VEC(struct mfile *) file_list;
  struct map modules; /* instance address -> index into instance_list */
  VEC(struct instance *) instance_list;
  struct map resources; /* address -> index into resource_list */
  VEC(struct rinst *) resource_list;
  VEC(struct busy) stack;
  unsigned eval_depth; /* depth of all evaluations under way, summed */
  VEC(struct regex *) regexes;
  struct loops loops; /* of the file being read */
  bool keep_null;     /* of trees built now */
  /* the environment */
  struct str env_name; /* without --dr */
  struct env_out env;
  const struct value *inputs; /* raw values of the root, map */
  const struct value *dr, *run;
  bool dr_asked;
  const struct value *account; /* NULL until asked for */
  bool any_region;             /* the environment names its partition: regions need not be known */
  bool lookups_begun; /* lookups->begin was called: most specs have no lookup and read no state for it */
  const struct value *recorded; /* lookups of an earlier apply, from lookups->begin */
  bool lookups_missing;         /* a lookup could not be asked here: what it decides stays open */
  struct map lookup_keys;       /* key -> index into lookups */
  VEC(struct member) lookups;
};
/* Enters the evaluation of something; QN_E_INVALID after the diagnostic of a cycle or of too deep nesting. */
enum qn_err program_enter(struct program *p, struct str label, struct span at, bool busy) QN_MUST_USE;
void program_leave(struct program *p);
void program_release(struct program *p); /* regular expressions; the rest is the arena's */

/* ---- reading maps with known keys (keys.c) ------------------------------- */
struct key_rule {
  const char *name;
  bool required;
};
/* Checks that y is a map, that its keys are known and the required ones there; false after diagnostics. */
bool keys_check(struct program *p, const struct ynode *y, const struct key_rule *rules, size_t n,
                const char *what, struct span at);
#define KEYS_CHECK(p, y, rules, what, at)                                                                    \
  keys_check((p), (y), (rules), sizeof(rules) / sizeof *(rules), (what), (at))
/* Text of a scalar without expressions; false after a diagnostic. NULL y: false, silently. */
bool key_text(struct program *p, const struct ynode *y, const char *what, struct str *out);
bool key_bool(struct program *p, const struct ynode *y, const char *what, bool *out);
bool key_is_null(const struct ynode *y);
/* One of n words; index in *out. */
/* Index of t among the words; false after a diagnostic that names the nearest. */
bool word_among(struct program *p, struct str t, struct span at, const char *what, const char *const *words,
                size_t n, uint8_t *out);
bool key_word(struct program *p, const struct ynode *y, const char *what, const char *const *words, size_t n,
              uint8_t *out);
bool name_ok(struct str t);        /* [a-z][a-z0-9_]* */
bool name_hyphen_ok(struct str t); /* [a-z][a-z0-9-]* */
/* "a, b and c" */
struct str names_list(struct program *p, const struct str *names, size_t n);
struct span value_span(struct program *p, const struct value *v, struct span otherwise);

#endif
