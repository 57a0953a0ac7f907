/* The right to change the cloud. Included by src/apply only (make lint checks it). */
#ifndef QUOIN_CLOUD_WRITE_H
#define QUOIN_CLOUD_WRITE_H
#include "quoin/cloud.h"
struct wr_ctx *cloud_writer(struct cloud *c);
enum qn_err cloud_write(struct wr_ctx *wr, const struct call *call, call_done_fn *done, void *user) QN_MUST_USE;
#endif
