/* Calls of the cloud client from a script, for test_client.py.
 * usage: call_driver REGION [PROFILE]
 * In, a line per call: SERVICE OPERATION change|read JSON   (the line `-` waits for all calls before it)
 *                      identity
 * Out, a line per call in the order they end: {"n": line, "err", "class", "status", "code", ...};
 * last a line of statistics. Diagnostics on stderr. */
#include "quoin/blob.h"
#include "quoin/cloud_write.h"

static struct session s;
static struct wire *w;
static struct cloud *c;

static const char *const classes[] = {"none",      "throttle",    "server",        "connect",
                                      "ambiguous", "credentials", "access_denied", "clock",
                                      "client",    "bad_reply",   "cancelled"};

static void member(struct buf *b, const char *name, struct str v) {
  buf_addf(b, ", \"%s\": ", name);
  json_escape(b, v);
}

static void on_reply(void *user, const struct reply *r) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  buf_addf(&b,
           "{\"n\": %d, \"err\": \"%s\", \"class\": \"%s\", \"status\": %d, \"attempts\": %u, \"maybe\": %s",
           *(int *)user, qn_err_word(r->err), classes[r->cls], r->status, r->attempts,
           r->maybe_executed ? "true" : "false");
  member(&b, "code", r->code);
  member(&b, "message", r->message);
  member(&b, "request_id", r->request_id);
  if (r->err == QN_OK) {
    buf_addz(&b, ", \"output\": ");
    if (json_write(&s, r->output, JSON_COMPACT, &b) != QN_OK) exit(3);
  }
  printf("%.*s}\n", SV(buf_str(&b)));
  fflush(stdout);
  buf_release(&b);
}

static void wait_all(void) {
  while (cloud_poll(c, 1000, -1)) {}
}

static int one(struct str line, int n) {
  struct str service, op, kind, account, arn, partition;
  if (str_eq(line, STR("-"))) {
    wait_all();
    return 0;
  }
  if (str_eq(line, STR("identity"))) {
    enum qn_err e = cloud_identity(cloud_reader(c), &account, &arn, &partition);
    if (e)
      printf("{\"n\": %d, \"err\": \"%s\"}\n", n, qn_err_word(e));
    else
      printf(
          "{\"n\": %d, \"err\": \"ok\", \"account\": \"%.*s\", \"arn\": \"%.*s\", \"partition\": \"%.*s\"}\n",
          n, SV(account), SV(arn), SV(partition));
    return fflush(stdout);
  }
  line = str_cut(line, ' ', &service);
  line = str_cut(line, ' ', &op);
  line = str_cut(line, ' ', &kind);
  struct call call = {.region = session_sym(&s, STR("us-east-1"))};
  struct json_error bad;
  if (!wire_find_op(w, service, op, &call.op) || json_parse(&s, &s.arena, line, &call.input, &bad) != QN_OK) {
    fprintf(stderr, "call_driver: line %d is wrong\n", n);
    return 2;
  }
  int *number = ARENA_NEW(&s.arena, int);
  *number = n;
  enum qn_err e = str_eq(kind, STR("read")) ? cloud_read(cloud_reader(c), &call, on_reply, number)
                                            : cloud_write(cloud_writer(c), &call, on_reply, number);
  if (e) printf("{\"n\": %d, \"err\": \"%s\"}\n", n, qn_err_word(e));
  return 0;
}

int main(int argc, char **argv) {
  static char line[1 << 20];
  session_init(&s, NULL);
  struct cloud_options o = {.region = session_sym(&s, str_c(argc > 1 ? argv[1] : "us-east-1")),
                            .profile = argc > 2 ? argv[2] : NULL};
  if (wire_open(&s, blob_get(BLOB_WIRE), &w) != QN_OK) return 2;
  o.wire = w;
  if (cloud_new(&s, &o, &c) != QN_OK) return 2;
  int code = 0;
  for (int n = 1; !code && fgets(line, sizeof line, stdin); n++) code = one(str_trim(str_c(line)), n);
  wait_all();
  struct cloud_stats st;
  cloud_stats(c, &st);
  printf("{\"calls\": %llu, \"reads\": %llu, \"writes\": %llu, \"requests\": %llu, \"throttled\": %llu, "
         "\"retried\": %llu}\n",
         (unsigned long long)st.calls, (unsigned long long)st.reads, (unsigned long long)st.writes,
         (unsigned long long)st.http_requests, (unsigned long long)st.throttled,
         (unsigned long long)st.retried);
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  diags_render_text(&s.diags, s.sources, &b, false, 0);
  fprintf(stderr, "%.*s", SV(buf_str(&b)));
  buf_release(&b);
  cloud_free(c);
  wire_free(w);
  session_release(&s);
  return code;
}
