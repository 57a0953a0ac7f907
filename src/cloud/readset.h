/* The state of a set of reads (readset*.c). */
#ifndef QUOIN_CLOUD_READSET_H
#define QUOIN_CLOUD_READSET_H

#include "def.h"

struct rkey { /* one id asked for; several resources may be found under it */
  struct str text;
  VEC(uint32_t) items;
  bool each_found;
};
struct rgroup { /* calls with the same operation, region and input but for the ids */
  const struct readsrc *src;
  const struct value *input;
  sym region;
  struct str share;
  bool more;
  struct map *index; /* key text -> place in keys */
  VEC(struct rkey) keys;
};
enum rcall_kind { RC_BATCH, RC_PER };
struct rcall {
  enum rcall_kind kind;
  uint32_t group, from, to; /* RC_BATCH: keys [from, to) */
  uint32_t item;            /* RC_PER */
  const struct readsrc *per;
  const struct value *page; /* or NULL */
};
struct ritem {
  struct read_item in;
  struct op_scope sc;
  struct read_result r;
  const struct value *raw, *outer, *root; /* as answered: the item, what it is an element of, the reply */
  uint32_t shape, root_shape;
  uint32_t pending; /* further reads under way */
  const struct value *live;
};
struct shape_props {
  const struct def *d;
  uint32_t shape;
  sym *names;
  uint32_t n;
};
struct readset {
  struct session *s;
  struct arena *a;
  const struct providers *p;
  sym account, partition;
  struct ritem *items;
  uint32_t n;
  VEC(struct rgroup) groups;
  struct map shares;
  VEC(struct rcall) calls; /* index = token */
  uint32_t next;           /* calls[next..] not handed out yet */
  uint32_t out;            /* handed out, not answered */
  uint64_t made, bound;
  VEC(struct shape_props) cache;
  struct sandbox_reads *sandbox; /* readset_sandbox.c; NULL: real services */
};

struct denv readset_env(struct readset *rs, struct ritem *it);
bool wants(const struct ritem *it, const struct readsrc *src);
/* Adds the resource to the group of its call; the group's index, or UINT32_MAX after failing the item. */
uint32_t group_add(struct readset *rs, uint32_t item, const struct readsrc *src, bool more,
                   struct map *shares);
void group_calls(struct readset *rs, uint32_t group);
bool group_key(struct readset *rs, uint32_t item, const struct readsrc *src, struct str *out);
void item_fail(struct ritem *it, struct str code, struct str message);
/* readset_fill.c: what replies mean */
void fill_batch(struct readset *rs, const struct rcall *c, const struct value *reply);
void finish_batch(struct readset *rs, const struct rcall *c);
void fill_more(struct readset *rs, const struct rcall *c, const struct value *reply);
void fill_per(struct readset *rs, const struct rcall *c, const struct value *reply);
void part_done(struct readset *rs, uint32_t item);

#endif
