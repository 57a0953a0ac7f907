/* What lookup.c and secret.c share; private to them. */
#ifndef QUOIN_CLOUD_LOOKUP_INT_H
#define QUOIN_CLOUD_LOOKUP_INT_H

#include "client.h"
#include "quoin/lookup.h"

/* One question to AWS while everything else waits. */
struct question {
  struct rd_ctx *rd;
  struct cloud *c;
  const struct wire *wire;
  sym region;
  bool secret; /* the answer's memory is wiped */
};
/* One call, driven to its end. QN_E_INVALID: the wire models have no such operation. Else see reply. */
enum qn_err question_ask(struct question *q, const char *service, const char *operation,
                         const struct value *input, struct reply *out) QN_MUST_USE;
/* "ec2 DescribeVpcs: UnauthorizedOperation: words" */
struct str question_failed(struct question *q, const char *service, const char *operation,
                           const struct reply *r);
/* The client has said it already: no usable credentials. */
bool question_said(const struct reply *r);
const struct value *map_of(struct session *s, const char *key, const struct value *v);

#endif
