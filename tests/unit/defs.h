/* Help for tests of provider definitions: the embedded tables, scripted calls. */
#ifndef QUOIN_TESTS_DEFS_H
#define QUOIN_TESTS_DEFS_H

#include "quoin/blob.h"
#include "quoin/provider.h"

struct world {
  struct session s;
  struct wire *w;
  struct schema *sc;
  struct providers *p;
  struct arena *a;
};

static inline void world_diags(struct world *t) {
  struct buf b = BUF_INIT((size_t)1 << 20);
  diags_render_text(&t->s.diags, t->s.sources, &b, false, 20);
  if (b.n) printf("%.*s", SV(buf_str(&b)));
  buf_release(&b);
}

static inline void world_open(struct world *t) {
  session_init(&t->s, NULL);
  t->a = &t->s.arena;
  if (wire_open(&t->s, blob_get(BLOB_WIRE), &t->w) || schema_open(&t->s, blob_get(BLOB_SCHEMA), &t->sc) ||
      providers_open(&t->s, blob_get(BLOB_DEFS), t->w, t->sc, NULL, &t->p)) {
    world_diags(t);
    FAIL("tables open");
  }
}

static inline void world_close(struct world *t) {
  world_diags(t);
  CHECK_INT(t->s.diags.n_errors, 0);
  schema_free(t->sc);
  wire_free(t->w);
  session_release(&t->s);
}

static inline const struct value *json(struct world *t, const char *text) {
  const struct value *v = NULL;
  struct json_error err;
  if (!text) return NULL;
  if (json_parse(&t->s, t->a, str_c(text), &v, &err)) {
    printf("%s\n", text);
    FAIL("test JSON parses");
  }
  return v;
}

static inline struct str json_text(struct world *t, const struct value *v) {
  struct buf b = BUF_INIT((size_t)1 << 24);
  if (!v) return STR("(none)");
  if (json_write(&t->s, v, JSON_COMPACT | JSON_SORTED, &b)) buf_addz(&b, "(not JSON)");
  struct str out = str_dup(t->a, buf_str(&b));
  buf_release(&b);
  return out;
}

/* One expected call: its input as JSON (NULL: not looked at), and the reply: JSON, or `!Code message`. A
 * pause is the operation "pause". */
struct play {
  const char *op, *input, *reply;
};

static inline const struct value *coerced_reply(struct world *t, const struct wire_op *op, const char *text) {
  (void)op;
  return text ? json(t, text) : value_map(t->a, NULL, 0);
}

static inline struct reply reply_of(struct world *t, const struct wire_op *op, const char *text) {
  struct reply r = {.err = QN_OK, .status = 200};
  if (text && text[0] == '!') {
    struct str rest = str_cut(str_c(text + 1), ' ', &r.code);
    r.err = QN_E_REMOTE, r.cls = EC_CLIENT, r.status = 400, r.message = rest;
    return r;
  }
  r.output = coerced_reply(t, op, text);
  return r;
}

static inline void check_serialises(struct world *t, const struct call *c) {
  struct wire_request rq;
  struct str why = STR("");
  if (wire_serialise(t->w, &t->s, t->a, c->op, c->input, &rq, &why)) {
    printf("%.*s does not serialise: %.*s\n  %.*s\n", SV(c->op->name), SV(why), SV(json_text(t, c->input)));
    FAIL("input passes the wire model");
  }
}

/* Runs an operation against a script; the time moves with the pauses. Returns what ended it. */
static inline enum op_what play_op(struct world *t, struct op *op, const struct play *script, size_t n) {
  int64_t now = 1000;
  struct op_step st;
  for (size_t i = 0;; i++) {
    op_next(op, now, &st);
    if (st.what == OPW_DONE || st.what == OPW_FAILED) {
      if (i != n)
        printf("ended after %zu of %zu calls: %.*s %.*s\n", i, n, SV(op_result(op)->code),
               SV(op_result(op)->message));
      CHECK_INT(i, n);
      return st.what;
    }
    struct str name = st.what == OPW_PAUSE ? STR("pause") : st.call.op->name;
    if (i >= n) {
      printf("unexpected %.*s %.*s\n", SV(name),
             SV(st.what == OPW_CALL ? json_text(t, st.call.input) : STR("")));
      FAIL("a call too many");
      return OPW_FAILED;
    }
    CHECK_STR(name, str_c(script[i].op));
    if (!str_eq(name, str_c(script[i].op))) return OPW_FAILED;
    if (st.what == OPW_PAUSE) {
      now += st.pause_ms;
      continue;
    }
    check_serialises(t, &st.call);
    if (script[i].input) CHECK_STR(json_text(t, st.call.input), json_text(t, json(t, script[i].input)));
    struct reply r = reply_of(t, st.call.op, script[i].reply);
    op_reply(op, now, &r);
  }
}

static inline struct op_scope scope_for(struct world *t, const char *new_props, const char *old_props) {
  struct op_scope sc = {.address = session_sym(&t->s, STR("network.vpc")),
                        .region = session_sym(&t->s, STR("us-east-1")),
                        .account = session_sym(&t->s, STR("123456789012")),
                        .partition = session_sym(&t->s, STR("aws")),
                        .uid = STR("abcdefghijklmnopqrstuvwxyz234567")};
  sc.new_props = json(t, new_props);
  sc.old_props = json(t, old_props);
  sc.tags = json(t, "{\"quoin:id\":\"abcdefghijklmnopqrstuvwxyz234567\"}");
  return sc;
}

static inline const struct def *must_find(struct world *t, const char *type) {
  const struct def *d = provider_find(t->p, str_c(type));
  if (!d) {
    world_diags(t);
    printf("%s\n", type);
    FAIL("type has a definition");
  }
  return d;
}
/* The ownership tag that scope_for gives. */
#define OWN "{\"Key\":\"quoin:id\",\"Value\":\"abcdefghijklmnopqrstuvwxyz234567\"}"

/* changed: properties, between spaces; NULL: all that is declared. */
static inline struct op *begin(struct world *t, const char *type, enum op_kind kind, struct op_scope *sc,
                               const char *changed) {
  struct str *v = ARENA_ARRAY(t->a, 8, struct str);
  uint32_t n = 0;
  struct str rest = str_c(changed);
  while (rest.n) rest = str_cut(rest, ' ', &v[n++]);
  return op_new(&t->s, t->a, t->p, must_find(t, type), kind, sc, changed ? v : NULL, n);
}

#define PLAY(t, op, ...)                                                                                     \
  play_op((t), (op), (const struct play[]){__VA_ARGS__},                                                     \
          sizeof((const struct play[]){__VA_ARGS__}) / sizeof(struct play))

#endif
