/* What the tests of the state share: a folder, a session with a fixed clock and
 * random numbers, and short forms of the calls. */
#ifndef QUOIN_TESTS_STATE_KIT_H
#define QUOIN_TESTS_STATE_KIT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quoin/file.h"
#include "quoin/state.h"
#include "unit.h"

static struct session s;
static struct store *store;
static char root[] = "/tmp/quoin-state-XXXXXX";

static inline int64_t kit_now(void *user) {
  (void)user;
  return 1700000000000;
}

static inline bool kit_random(void *user, void *out, size_t n) {
  (void)user;
  memset(out, 0x5a, n);
  return true;
}

static inline void kit_session(void) {
  struct outside o = outside_real;
  o.now_ms = kit_now;
  o.random = kit_random;
  session_init(&s, &o);
}

static inline void kit_begin(void) {
  kit_session();
  memcpy(root + sizeof root - 7, "XXXXXX", 6);
  CHECK(mkdtemp(root) != NULL);
}

static inline const char *kit_path(const char *name) {
  return str_fmt(&s.arena, "%s/pay/dev/%s", root, name).p;
}

static inline void kit_empty(void) {
  DIR *d = opendir(kit_path(""));
  for (struct dirent *e; d && (e = readdir(d));)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) unlink(kit_path(e->d_name));
  if (d) closedir(d);
}

static inline void kit_end(void) {
  kit_empty();
  rmdir(kit_path(""));
  rmdir(str_fmt(&s.arena, "%s/pay", root).p);
  CHECK(rmdir(root) == 0);
  session_release(&s);
}

static inline struct state *kit_open_as(enum state_mode mode, enum qn_err *e) {
  struct state *st = NULL;
  *e = store_local(&s, root, STR("pay"), STR("dev"), mode == ST_READ, &store);
  if (*e) return NULL;
  *e = state_open(&s, store, mode, &st);
  if (*e) store->ops->close(store);
  return st;
}

static inline struct state *kit_open(enum state_mode mode) {
  enum qn_err e;
  struct state *st = kit_open_as(mode, &e);
  CHECK_INT(e, QN_OK);
  return st;
}

static inline void kit_close(struct state *st) {
  if (!st) return;
  state_close(st);
  store->ops->close(store);
}

/* As if the process had been killed: nothing is sealed or cut. */
static inline void kit_kill(struct state *st) {
  file_fail_at(1, ENOSPC);
  (void)!state_commit(st);
  (void)!state_note(st, STR("x"));
  (void)!state_commit(st);
  file_fail_at(0, 0);
  kit_close(st);
}

static inline const struct value *kit_json(const char *text) {
  const struct value *v = NULL;
  CHECK_INT(json_parse(&s, &s.arena, str_c(text), &v, NULL), QN_OK);
  return v;
}

static inline struct str kit_text(const struct value *v) {
  if (!v) return STR("none");
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  CHECK_INT(json_write(&s, v, JSON_SORTED, &b), QN_OK);
  struct str t = str_dup(&s.arena, buf_str(&b));
  buf_release(&b);
  return t;
}

static inline sym kit_sym(const char *text) {
  return session_sym(&s, str_c(text));
}

static inline uint64_t kit_intent(struct state *st, const char *address, uint32_t generation, char kind) {
  uint64_t n = 0;
  struct intent in = {.address = kit_sym(address),
                      .generation = generation,
                      .kind = (uint8_t)kind,
                      .operation = STR("ec2.CreateVpc"),
                      .type = kit_sym("AWS::EC2::VPC"),
                      .region = kit_sym("eu-west-1"),
                      .uid = state_uid(st, &s.arena, kit_sym(address), generation),
                      .digest = STR("0123")};
  CHECK_INT(state_intent(st, &in, &n), QN_OK);
  return n;
}

static inline void kit_created(struct state *st, uint64_t intent, const char *id) {
  struct outcome oc = {.intent = intent,
                       .kind = OC_OK,
                       .identity = kit_json(str_fmt(&s.arena, "{\"VpcId\":\"%s\"}", id).p),
                       .applied = kit_json("{\"CidrBlock\":\"10.0.0.0/16\"}")};
  CHECK_INT(state_outcome(st, &oc), QN_OK);
}

/* Everything a state says, as text. */
static inline struct str kit_dump(struct state *st) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  size_t n;
  const struct sres *r = state_resources(st, &n);
  for (size_t i = 0; i < n; i++, r++) {
    struct str address = session_str(&s, r->address), type = session_str(&s, r->type);
    buf_addf(&b, "%.*s/%u %.*s %.*s%s%s%s %u id=%.*s", SV(address), r->generation, SV(type), SV(r->uid),
             r->deposed ? " deposed" : "", r->complete ? " complete" : "", r->protect ? " protect" : "",
             r->on_destroy, SV(kit_text(r->identity)));
    buf_addf(&b, " attributes=%.*s applied=%.*s seen=%.*s deps=", SV(kit_text(r->attributes)),
             SV(kit_text(r->applied)), SV(kit_text(r->seen)));
    for (uint32_t k = 0; k < r->n_deps; k++) buf_addf(&b, "%.*s,", SV(session_str(&s, r->deps[k])));
    for (size_t k = 0; k < r->open.n; k++)
      buf_addf(&b, " open=%llu%c%.*s", (unsigned long long)r->open.v[k].n, r->open.v[k].kind,
               SV(r->open.v[k].operation));
    for (size_t k = 0; k < r->unconfirmed.n; k++) buf_addf(&b, " unconfirmed=%.*s", SV(r->unconfirmed.v[k]));
    buf_addc(&b, '\n');
  }
  buf_addf(&b, "account=%.*s lookups=%.*s outputs=%.*s\n", SV(session_str(&s, state_account(st))),
           SV(kit_text(state_lookups(st))), SV(kit_text(state_outputs(st))));
  struct str t = str_dup(&s.arena, buf_str(&b));
  buf_release(&b);
  return t;
}

#endif
