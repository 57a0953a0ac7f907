/* Replies: the first two bytes choose an operation, the rest is the body, read
 * as a reply and as an error. The output has to be a whole value. */
#include "quoin/blob.h"
#include "quoin/net.h"
#include "quoin/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wire_op *choose(const struct wire *w, size_t number) {
  size_t n_services, n_ops;
  const struct wire_service *services = wire_services(w, &n_services);
  const struct wire_op *ops = wire_ops(w, &services[number % n_services], &n_ops);
  return &ops[number / n_services % n_ops];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  static struct wire *w; /* checking the tables anew for each input would take most of the time */
  struct session s;
  session_init(&s, NULL);
  if (!w && wire_open(&s, blob_get(BLOB_WIRE), &w)) abort();
  const struct wire_op *op = choose(w, (size_t)data[0] << 8 | data[1]);
  struct str body = {(const char *)data + 2, size - 2}, why = {NULL, 0};
  const struct http_header headers[] = {
      {STR("x-amz-request-id"), STR("r")}, {STR("x-text"), body}, {STR("etag"), body}};
  struct wire_answer ans = {200, headers, sizeof headers / sizeof *headers, body};
  const struct value *v = NULL;
  struct wire_error error;
  struct buf out = BUF_INIT(1 << 26);
  enum qn_err e = wire_parse(w, &s, &s.arena, op, &ans, &v, &why);
  if (e ? why.n == 0 : json_write(&s, v, JSON_COMPACT, &out) != QN_OK) abort();
  wire_parse_error(w, &s, &s.arena, op, &ans, &error);
  buf_release(&out);
  session_release(&s);
  return 0;
}
