/* Lookups: what a spec may read of the cloud at plan time, and the values of
 * secrets. A table of kinds, each with its arguments, operation and result
 * (docs/language.md). Results are sorted, so that the order in which AWS answers
 * never matters. */
#ifndef QUOIN_LOOKUP_H
#define QUOIN_LOOKUP_H

#include "quoin/cloud.h"

/* Is `kind` there and do the arguments (V_MAP of known values, or NULL for none) suit it? Asks nobody.
 * QN_E_INVALID after diagnostics at `at`: QN0780 unknown kind, QN0781 unknown argument, QN0782 argument
 * missing or of the wrong kind. */
enum qn_err lookup_check(struct session *s, struct str kind, const struct value *args, struct span at) QN_MUST_USE;
/* Asks AWS in `region`. Blocking: drives the client's loop.
 *   aws.caller         {}            -> {account, arn, partition}
 *   aws.zones          {}            -> list of the names of the region's availability zones, sorted
 *   aws.vpc            {id? cidr? tags?}, at least one -> {VpcId, CidrBlock} of the only one that matches
 *   aws.subnets        {vpc, tags?}  -> list of subnet ids, sorted
 *   aws.ssm_parameter  {name}        -> text
 * The result lives in the session's arena. QN_E_INVALID: as lookup_check, or nothing or too much matches
 * (QN0783), or the parameter is encrypted (QN0785). QN_E_REMOTE: AWS refused (QN0784), or there are no
 * usable credentials, which the client says. */
enum qn_err cloud_lookup(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str kind,
                         const struct value *args, sym region, struct span at, const struct value **out) QN_MUST_USE;
/* The value of a secret reference, V_STR with VF_SECRET:
 *   env:NAME                       a variable of the environment
 *   sm:ARN_OR_NAME[#key]           a Secrets Manager secret; #key: that member of its JSON object
 *   ssm:/NAME                      an SSM parameter, decrypted
 * An ARN's own region goes before `region`. Each secret is asked for once per run. The text is wiped by
 * cloud_free and must not be used after it. QN_E_INVALID: QN0786 no such form, QN0787 no such variable or
 * no text, QN0788 no such key. QN_E_REMOTE: AWS refused (QN0787). No diagnostic shows any of the value. */
enum qn_err cloud_secret(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str ref, sym region,
                         const struct value **out) QN_MUST_USE;

#endif
