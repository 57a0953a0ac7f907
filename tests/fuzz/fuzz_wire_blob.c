/* Damaged tables: the input is laid over the blob (offset, then bytes); what
 * still opens is used, and must not read outside it. */
#include "quoin/blob.h"
#include "quoin/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct wire *w, struct session *s) {
  static const struct {
    const char *service, *op;
  } calls[] = {
      {"ec2", "DescribeVpcs"}, {"iam", "GetRole"}, {"ecs", "DescribeServices"}, {"s3", "PutBucketTagging"}};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    const struct wire_op *op;
    struct wire_request r;
    struct str why;
    struct wire_member *m;
    if (!wire_find_op(w, str_c(calls[i].service), str_c(calls[i].op), &op)) continue;
    if (op->input) (void)wire_members(w, op->input, &s->arena, &m);
    if (wire_serialise(w, s, &s->arena, op, NULL, &r, &why)) continue;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct str blob = blob_get(BLOB_WIRE);
  if (size < 4) return 0;
  uint32_t at;
  memcpy(&at, data, sizeof at);
  at %= (uint32_t)blob.n;
  size_t n = size - 4 < blob.n - at ? size - 4 : blob.n - at;
  char *copy = malloc(blob.n);
  if (!copy) return 0;
  memcpy(copy, blob.p, blob.n);
  memcpy(copy + at, data + 4, n);
  struct session s;
  struct wire *w;
  session_init(&s, NULL);
  if (wire_open(&s, (struct str){copy, blob.n}, &w) == QN_OK) {
    use(w, &s);
    wire_free(w);
  }
  session_release(&s);
  free(copy);
  return 0;
}
