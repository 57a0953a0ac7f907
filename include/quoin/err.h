/* Result codes of fallible functions. QN_OK is 0. What a user is to read goes
 * into diagnostics (diag.h); the code only steers the caller. */
#ifndef QUOIN_ERR_H
#define QUOIN_ERR_H

#define QN_MUST_USE __attribute__((warn_unused_result))

enum qn_err {
  QN_OK = 0,
  QN_E_INVALID,  /* input is wrong; diagnostics were added */
  QN_E_IO,       /* errno-like failure of a file; diagnostics were added where a list was given */
  QN_E_NOMEM,    /* allocation failed, or a buffer met its maximum */
  QN_E_NOTFOUND, /* the thing asked for is not there */
  QN_E_EXISTS,   /* the thing is there already */
  QN_E_LOCKED,   /* lease or lock held by another (exit 10) */
  QN_E_STALE,    /* state moved on, plan is stale (exit 11) */
  QN_E_REFUSED,  /* a check, protection or policy says no (exit 12) */
  QN_E_DAMAGED,  /* state is damaged: read-only */
  QN_E_REMOTE,   /* the cloud said no; details in struct reply */
  QN_E_CANCELLED, /* interrupted by the user */
  QN_E_LIMIT     /* depth, size or match limit met */
};

/* Short stable word for logs and tests, e.g. "notfound". */
const char *qn_err_word(enum qn_err e);

#endif
