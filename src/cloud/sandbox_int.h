/* Inside of the sandbox (sandbox*.c) and the calls by which operations and reads speak to it. */
#ifndef QUOIN_CLOUD_SANDBOX_INT_H
#define QUOIN_CLOUD_SANDBOX_INT_H

#include "def.h"
#include "quoin/sandbox.h"

/* Calls: operations of a service that exists nowhere else. Inputs and outputs are maps:
 *   Create  {Type Address Token Properties Tags} -> {Identity Attributes}
 *   Update  {Type Id Set Remove Tags}            -> {Identity Attributes}
 *   Delete  {Type Id}                            -> {}
 *   Read    {Type Ids}                           -> {Items: {id: properties and attributes}}
 *   Find    {Type Token}                         -> {Identity Attributes} or {} */
enum sandbox_verb { SB_CREATE, SB_UPDATE, SB_DELETE, SB_READ, SB_FIND, SB_VERBS };
const struct wire_op *sandbox_op(enum sandbox_verb v);

/* ---- interpreter side ------------------------------------------------------------- */
struct op;
struct op_step;
void op_sandbox_next(struct op *op, struct op_step *out);
void op_sandbox_reply(struct op *op, const struct reply *r);

struct readset;
struct sandbox_reads;
void readset_sandbox_new(struct readset *rs);
size_t readset_sandbox_calls(const struct readset *rs);
bool readset_sandbox_next(struct readset *rs, struct call *out, uint32_t *token);
void readset_sandbox_reply(struct readset *rs, uint32_t token, const struct reply *r);

/* ---- the cloud's side ------------------------------------------------------------------ */
struct sobject {
  struct str type, region, id, address, token;
  const struct def *def;
  const struct value *identity, *props, *attributes;
  bool gone;
};
struct sandbox {
  struct session *s;
  struct arena a;   /* everything it holds */
  struct arena tmp; /* for one call */
  const struct providers *p;
  struct str file, account, partition, salt;
  int fd; /* -1 until the first change */
  VEC(struct sobject) o;
  struct map by_id;    /* type, region, id -> index */
  struct map by_token; /* type, token -> index */
  struct map handles;  /* type, text that names an object of it -> how many objects; 0: there was one */
  struct map refs;     /* type, text -> how many objects refer to it */
  struct map taken;    /* type, region, unique name -> index + 1; 0: free again */
  double latency, throttle, crash;
  uint64_t random;
};
/* Carries out a call at once; *delay_ms: when it is to be answered. */
void sandbox_call(struct sandbox *sb, const struct call *call, struct reply *out, uint32_t *delay_ms);
/* Who the caller is there. */
void sandbox_identity(const struct sandbox *sb, struct str *account, struct str *arn);
struct sobject *sandbox_find(struct sandbox *sb, const struct def *d, struct str region, struct str id);
/* Puts an object in (index SIZE_MAX: a new one) or takes it out, in memory and indexes. */
size_t sandbox_place(struct sandbox *sb, size_t at, const struct sobject *o);
void sandbox_remove(struct sandbox *sb, size_t at);

/* sandbox_make.c: identity, properties and attributes of a new object. False: a definition cannot say them.
 */
bool sandbox_make(struct sandbox *sb, const struct op_scope *sc, struct sobject *o);
/* Tags of the object: declared and ownership tags, in the form of the tag property. */
const struct value *sandbox_tags(struct denv *e, const struct value *props);

/* sandbox_refs.c */
enum { REF_ADD = 1, REF_DROP = -1 };
void sandbox_count_refs(struct sandbox *sb, const struct sobject *o, int by);
void sandbox_count_handles(struct sandbox *sb, const struct sobject *o, int by);
/* A reference to an object that was there once and is gone; empty: none. */
struct str sandbox_dangling(struct sandbox *sb, const struct def *d, const struct value *props);
/* Somebody who refers to o (not o itself); NULL: nobody. */
const struct sobject *sandbox_referrer(struct sandbox *sb, const struct sobject *o);

/* sandbox_store.c */
enum qn_err sandbox_load(struct sandbox *sb) QN_MUST_USE;
enum qn_err sandbox_write(struct sandbox *sb, const struct sobject *o) QN_MUST_USE;
/* Secrets as digests that differ from sandbox to sandbox. */
const struct value *sandbox_mask(struct sandbox *sb, const struct value *v);

/* sandbox_answer.c: operations of real services that lookups and secrets use. */
void sandbox_answer(struct sandbox *sb, const struct call *call, struct reply *out);

#endif
