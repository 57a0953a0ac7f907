/* From spec files to the resource graph: inputs, environments, modules,
 * components, for_each, when, checks, outputs, moved (LANGUAGE.md, docs/language.md).
 * Types and attributes come from the schema by a callback table, so that lang
 * does not include schema. */
#ifndef QUOIN_SPEC_H
#define QUOIN_SPEC_H

#include "quoin/residual.h"
#include "quoin/vec.h"

struct spec_var { struct str name, value; struct span span; }; /* -var name=value, QUOIN_VAR_name */
struct lang_types { /* implemented by schema (schema_lang_types) */
  void *user;
  bool (*type_known)(void *user, struct str type);
  size_t (*type_names)(void *user, const struct str **names);
  /* attribute path of a type: its vkind, format, and whether it is read-only; false if there is none */
  bool (*attribute)(void *user, struct str type, struct str path, uint8_t *vkind, struct str *format, bool *read_only);
  size_t (*attribute_names)(void *user, struct arena *a, struct str type, struct str **names);
  /* check and coerce a resource's properties (schema_check) */
  enum qn_err (*check)(void *user, struct str type, const struct value *props, struct span where, const struct value **out);
  /* the property that carries tags and whether it is a map (else a list of {Key, Value}); false: the
   * type takes none. May be NULL: environment tags are then not merged. */
  bool (*tags)(void *user, struct str type, struct str *property, bool *is_map);
};
struct environment;
struct lang_lookups {
  void *user;
  /* Once the environment is resolved, before the first lookup: what an earlier apply recorded (NULL: nothing). May be NULL. */
  enum qn_err (*begin)(void *user, const struct environment *env, const struct value **recorded);
  /* dr.peer.outputs, when `dr` is first asked for: the recorded outputs of the state `name` of the environment's stack
   * (NULL: nothing). May be NULL. */
  enum qn_err (*peer)(void *user, const struct environment *env, struct str name, const struct value **outputs);
  /* kind e.g. "aws.zones"; args a map. QN_OK, QN_E_NOTFOUND unknown kind, QN_E_REMOTE after diagnostics,
   * QN_E_CANCELLED: not available here (validate): the value is unknown. */
  enum qn_err (*lookup)(void *user, struct str kind, const struct value *args, struct str region, struct span at, const struct value **out);
};
struct spec_options {
  const char *path;              /* spec file or folder holding quoin.yaml; NULL = "." */
  struct str environment;        /* empty: the only one, else a diagnostic listing them */
  const char *const *var_files;  /* in order */
  size_t n_var_files;
  const struct spec_var *vars;   /* in order; win over var files */
  size_t n_vars;
  const struct lang_types *types;
  const struct lang_lookups *lookups; /* may be NULL */
  const char *modules_path;      /* folder with standard modules (NAME/module.yaml); NULL = the blob */
  struct str modules_blob;       /* blob_get(BLOB_MODULES) */
  bool dr;                       /* the environment's `dr:` in the other region (production --dr) */
  const struct value *recorded_lookups; /* compiled.lookups of an earlier apply: used instead of asking; or NULL */
  const struct ynode *parsed;    /* of spec_environments for this path: the file is then not read again; or NULL */
};

enum on_destroy { OD_DEFAULT, OD_DELETE, OD_RETAIN, OD_SNAPSHOT, OD_EMPTY };
enum replace_order { RO_DEFAULT, RO_CREATE_FIRST, RO_DELETE_FIRST };

struct resource {
  sym address;              /* edge.listener["443"] */
  sym type;                 /* AWS::EC2::VPC */
  sym region;               /* 0 = the environment's */
  const struct value *props; /* V_MAP, typed by the schema; leaves may be unknown; tags merged in */
  struct span span;         /* the key in the spec */
  bool protect;
  uint8_t on_destroy;       /* enum on_destroy */
  struct span on_destroy_span;
  uint8_t replace;          /* enum replace_order */
  const struct str *ignore; /* property paths used at create, then left alone */
  const struct span *ignore_spans; /* of each */
  uint32_t n_ignore;
  const struct value *timeouts; /* map wait name -> duration text, or NULL */
  const sym *depends_on;    /* declared: addresses or component prefixes already expanded; origins come from props */
  uint32_t n_depends_on;
};
struct moved { sym from, to; struct span span; };
struct check { const struct value *that; const struct value *message; struct span span; };
struct output { sym name; const struct value *value; bool secret; struct span span; };
struct environment { /* resolved */
  /* name: as state and tags have it: "production", and "production--dr" with options.dr (in both `env`
   * is "production"). account 0 = any */
  sym stack, name, region, account, partition;
  bool protect, sandbox, dr;
  const struct value *tags;   /* map or NULL */
  const struct value *inputs; /* final input values, for the plan */
  struct span span;
};

/* What a spec says for one environment. Arrays in the session arena, in order of the spec. */
struct compiled {
  struct environment env;
  VEC(struct resource) resources;
  VEC(struct moved) moved;
  VEC(struct check) checks;
  VEC(struct output) outputs;
  const struct value *lookups; /* map: key text -> value, as used; recorded with the state */
};
/* Compiles the spec; false information is a diagnostic, all of them are collected before it gives up. */
enum qn_err spec_compile(struct session *s, const struct spec_options *o, struct compiled *out) QN_MUST_USE;
/* Names of the environments of a spec, in order, without evaluating it; *parsed is for spec_options. */
enum qn_err spec_environments(struct session *s, const char *path, const sym **names, size_t *n,
                              const struct ynode **parsed) QN_MUST_USE;
/* Is this text an address: name or name["key"], joined by dots? */
bool spec_address_ok(struct str text);
/* Does a move from `from` to `to` move what is recorded at this address? Not what is below `from` and as far below it
 * as `to`: with `from: vpc` and `to: vpc["a"]`, vpc["b"] stays. */
bool spec_moves(struct str from, struct str to, struct str address);
/* Which state an environment has: stack, name and sandbox, from options path, environment and dr.
 * Nothing is evaluated, so that a state can be looked at although its spec has mistakes. */
enum qn_err spec_names(struct session *s, const struct spec_options *o, struct environment *out) QN_MUST_USE;

#endif
