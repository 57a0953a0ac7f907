#include "retry.h"

#include "wire_int.h"

enum { BASE_MS = 100, THROTTLE_BASE_MS = 200, CAP_MS = 20000, AFTER_CAP_MS = 60000, CLOCK_OFF_MS = 240000 };

/* botocore's lists (retries/standard.py, data/_retry.json) and the codes that AWS's services document.
 * LimitExceededException is left out: for a control plane it is a quota, which waiting does not cure. */
static const struct {
  const char *code;
  enum err_class cls;
} codes[] = {
    {"Throttling", EC_THROTTLE},
    {"ThrottlingException", EC_THROTTLE},
    {"ThrottledException", EC_THROTTLE},
    {"RequestThrottledException", EC_THROTTLE},
    {"RequestThrottled", EC_THROTTLE},
    {"TooManyRequestsException", EC_THROTTLE},
    {"ProvisionedThroughputExceededException", EC_THROTTLE},
    {"TransactionInProgressException", EC_THROTTLE},
    {"RequestLimitExceeded", EC_THROTTLE},
    {"BandwidthLimitExceeded", EC_THROTTLE},
    {"SlowDown", EC_THROTTLE},
    {"PriorRequestNotComplete", EC_THROTTLE},
    {"EC2ThrottledException", EC_THROTTLE},
    {"RequestTimeout", EC_SERVER},
    {"RequestTimeoutException", EC_SERVER},
    {"RequestTimeTooSkewed", EC_CLOCK},
    {"RequestInTheFuture", EC_CLOCK},
    {"SignatureDoesNotMatch", EC_CREDENTIALS},
    {"InvalidSignatureException", EC_CREDENTIALS},
    {"AuthFailure", EC_CREDENTIALS},
    {"RequestExpired", EC_CREDENTIALS},
    {"ExpiredToken", EC_CREDENTIALS},
    {"ExpiredTokenException", EC_CREDENTIALS},
    {"TokenRefreshRequired", EC_CREDENTIALS},
    {"InvalidToken", EC_CREDENTIALS},
    {"InvalidClientTokenId", EC_CREDENTIALS},
    {"UnrecognizedClientException", EC_CREDENTIALS},
    {"InvalidAccessKeyId", EC_CREDENTIALS},
    {"AccessDenied", EC_ACCESS_DENIED},
    {"AccessDeniedException", EC_ACCESS_DENIED},
    {"UnauthorizedOperation", EC_ACCESS_DENIED},
    {"UnauthorizedException", EC_ACCESS_DENIED},
    {"AuthorizationError", EC_ACCESS_DENIED},
};

enum err_class retry_class(enum net_fail fail, int status, struct str code) {
  if (fail == NF_CONNECT) return EC_CONNECT;
  if (fail == NF_CANCELLED) return EC_CANCELLED;
  if (fail == NF_TOO_LARGE) return EC_BAD_REPLY;
  if (fail != NF_NONE) return EC_AMBIGUOUS;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (str_eq(code, str_c(codes[i].code))) return codes[i].cls;
  if (status == 429 || status == 509) return EC_THROTTLE;
  if (status >= 500 && status != 501 && status != 505) return EC_SERVER;
  if (status == 403 && !code.n) return EC_ACCESS_DENIED;
  if (status >= 300) return EC_CLIENT;
  return EC_BAD_REPLY;
}

bool retry_maybe_executed(enum err_class cls) {
  return cls == EC_SERVER || cls == EC_AMBIGUOUS || cls == EC_BAD_REPLY || cls == EC_CANCELLED;
}

/* Uniform in [0, 1). */
static double uniform(const struct session *s) {
  uint32_t r = 0;
  if (!s->out.random(s->out.user, &r, sizeof r)) return 0.5;
  return (double)r / 4294967296.0;
}

uint32_t retry_delay_ms(const struct session *s, enum err_class cls, uint32_t attempt,
                        const struct http_header *headers, size_t n_headers) {
  uint32_t most = cls == EC_THROTTLE ? THROTTLE_BASE_MS : BASE_MS;
  for (uint32_t i = 2; i < attempt && most < CAP_MS; i++) most *= 2;
  if (most > CAP_MS) most = CAP_MS;
  uint32_t delay = (uint32_t)(uniform(s) * most);
  const struct http_header *after = http_header_find(headers, n_headers, "retry-after");
  int64_t seconds;
  if (after && str_to_i64(after->value, &seconds) && seconds > 0) {
    int64_t least = seconds > AFTER_CAP_MS / 1000 ? AFTER_CAP_MS : seconds * 1000;
    if (delay < least) delay = (uint32_t)least;
  }
  return delay;
}

bool retry_clock_off(struct session *s, struct arena *a, int64_t now_ms, const struct http_header *headers,
                     size_t n_headers, int64_t *off_ms) {
  const struct http_header *date = http_header_find(headers, n_headers, "date");
  struct wire_time t;
  if (!date || !wire_time_parse(s, a, date->value, &t)) return false;
  int64_t off = t.seconds * 1000 - now_ms;
  if (off < CLOCK_OFF_MS && off > -CLOCK_OFF_MS) return false;
  *off_ms = off;
  return true;
}

struct str retry_stamp(struct arena *a, int64_t now_ms) {
  time_t t = (time_t)(now_ms / 1000);
  struct tm tm;
  if (!gmtime_r(&t, &tm)) tm = (struct tm){.tm_year = 70, .tm_mday = 1};
  return str_fmt(a, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min, tm.tm_sec);
}
