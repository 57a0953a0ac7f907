/* Where a service answers, and for which region requests to it are signed. */
#ifndef QUOIN_CLOUD_ENDPOINT_H
#define QUOIN_CLOUD_ENDPOINT_H

#include "config.h"
#include "quoin/wire.h"

struct endpoint {
  struct str scheme; /* http or https */
  struct str host;   /* as in the Host header: port only if not the scheme's */
  struct str path;   /* prefix of every path, without a slash at its end; usually empty */
  struct str region; /* to sign for: a global service's is its partition's */
  bool custom;       /* by configuration: S3 then takes the bucket in the path */
};
/* Partition of a region by its name: aws, aws-cn, aws-us-gov, ... */
struct str endpoint_partition(struct str region);
enum { EP_PLAIN, EP_FIPS, EP_DUAL /* IPv4 and IPv6; may be added to EP_FIPS */ };
/* AWS's own endpoint for an endpoint prefix; texts in a. QN_E_INVALID if region is not a region's name,
 * QN_E_NOTFOUND if there is none of that variant. */
enum qn_err endpoint_default(struct arena *a, struct str prefix, struct str region, unsigned variant,
                             struct endpoint *out) QN_MUST_USE;
/* AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section, its endpoint_url; else the
 * default, as AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT want it. QN0707 on a URL or region that
 * cannot be used, QN0709 on a setting that is neither true nor false. cfg may be NULL. */
enum qn_err endpoint_find(struct session *s, const struct aws_config *cfg, struct arena *a,
                          const struct wire_service *svc, struct str region,
                          struct endpoint *out) QN_MUST_USE;
/* scheme://host[:port][/path] -> parts; false on anything else (user info, query, fragment too). */
bool endpoint_url(struct arena *a, struct str url, struct endpoint *out);

#endif
