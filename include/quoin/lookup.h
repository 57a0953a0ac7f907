/* Lookups: what a spec may read of the cloud at plan time. A table of kinds, each
 * with its operation, arguments and result (docs/language.md). Results are
 * sorted, so that the order in which AWS answers never matters. */
#ifndef QUOIN_LOOKUP_H
#define QUOIN_LOOKUP_H

#include "quoin/cloud.h"

/* kind: aws.zones (list of zone names), aws.caller ({account, arn, partition}), aws.vpc (tags or
 * filters -> {VpcId, CidrBlock}), aws.ssm_parameter ({name} -> text). QN_E_NOTFOUND: unknown kind. Anything
 * else that fails adds a diagnostic (QN07xx) at `at`. Blocking: drives the client's loop. */
enum qn_err cloud_lookup(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str kind, const struct value *args,
                         sym region, struct span at, const struct value **out) QN_MUST_USE;
/* The value of a secret reference: env:NAME, sm:ARN_OR_NAME, ssm:/NAME. Flagged VF_SECRET; cached for the run. */
enum qn_err cloud_secret(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str ref, sym region,
                         const struct value **out) QN_MUST_USE;

#endif
