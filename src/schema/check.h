/* Parts of schema_check. A checker walks one resource's properties; each part
 * returns the typed value, or NULL after it added a diagnostic. */
#ifndef QUOIN_SCHEMA_CHECK_H
#define QUOIN_SCHEMA_CHECK_H

#include "quoin/residual.h"
#include "table.h"

struct checker {
  const struct schema *sc;
  struct session *s;
  const struct stype *type;
  size_t errors;
};
/* The place of a value: chained on the stack from the root down. */
struct place {
  const struct place *up; /* NULL: the properties as a whole */
  struct str name;        /* member; empty: element */
  uint32_t index;         /* element */
  struct span span;       /* where to point when the value has no place of its own */
  unsigned depth;
};
enum { CHECK_DEPTH = 128 };

/* Place of v: its own, else that of `at`. */
struct span check_span(const struct checker *c, const struct value *v, const struct place *at);
/* `A.B[2].C`, or the type's name for the root. */
struct str check_path(const struct checker *c, const struct place *at);
/* Adds an error; notes say which input, default or function the value came from. */
struct diag *check_error(struct checker *c, enum diag_code code, const struct value *v,
                         const struct place *at, struct str message);
#define CHECK_FMT(c, ...) str_fmt(&(c)->s->arena, __VA_ARGS__)
/* `"abc"`, `16.1`, `true`, `a list`, `a map`, `the resource a.b`, `a secret`: for messages. */
struct str check_describe(const struct checker *c, const struct value *v);

const struct value *check_value(struct checker *c, snode n, const struct value *v, const struct place *at);
/* Values without a schema (JSON documents): plain scalars that are JSON take JSON's type. */
const struct value *check_any(struct checker *c, const struct value *v, const struct place *at);
/* check_scalar.c: kinds string, integer, number, boolean. */
const struct value *check_scalar(struct checker *c, const struct table_node *t, const struct value *v,
                                 const struct place *at);
/* check_format.c */
const struct value *check_string_format(struct checker *c, const struct table_node *t, const struct value *v,
                                        const struct place *at);
bool check_unknown_format(struct checker *c, const struct table_node *t, const struct value *v,
                          const struct place *at);
const struct value *check_resource(struct checker *c, const struct table_node *t, const struct value *v,
                                   const struct place *at);
/* `the id of an AWS::EC2::VPC`, `an IPv4 network such as 10.0.0.0/16`. */
struct str check_format_words(const struct checker *c, struct str format);
/* check_rules.c: what holds between the properties of one object. `props` are checked members. */
void check_rules(struct checker *c, const struct table_node *t, const struct value *props,
                 const struct place *at);
/* Elements of a list against unique, unique_keys and count. */
void check_elements(struct checker *c, const struct table_node *t, const struct value *list,
                    const struct place *at);
void check_count(struct checker *c, const struct table_node *t, const struct value *v,
                 const struct place *at);

/* number.c */
bool number_is_plain(struct str t);         /* -?digits[.digits], no needless zero in front */
int number_cmp(struct str a, struct str b); /* decimal texts */
struct str number_canonical(struct str t);  /* without needless zeros at the end */
/* network.c: false if text is no network. *canonical gets the form without host bits. */
bool network_parse(struct arena *a, struct str text, bool v6, struct str *canonical);
bool date_time_ok(struct str t);

#endif
