/* Plans in tests: a folder with in.yaml and, where there is need,
 *   state.json  list of {address, type, identity, applied, seen, attributes, deps, generation, deposed,
 * protect, on_destroy, region, incomplete, unconfirmed, open}; {outputs} sets the recorded outputs live.json
 * map of address -> properties, or null: gone. Without this file the cloud is not read. Our tag of ownership
 * is added unless the object has the member `foreign`; ADDRESS/GENERATION for a deposed one plan-options
 * lines: destroy | all | target ADDRESS | replace ADDRESS | strict | mass-loss | columns N | drift on top of
 * the kit for specs. */
#ifndef QUOIN_TESTS_PLAN_KIT_H
#define QUOIN_TESTS_PLAN_KIT_H

#include <sys/stat.h>

#include "quoin/plan.h"
#include "spec_kit.h"

struct plan_case {
  struct kit k;
  struct wire *w;
  struct providers *p;
  struct store *store;
  struct state *st;
  char dir[32];
  const struct value *live;
  struct plan_options o;
  struct str targets[8], replace[8];
  struct render_options render;
};

static inline const struct value *pk_json(struct plan_case *c, const char *file) {
  struct str text;
  const struct value *v = NULL;
  if (file_read(&c->k.s.arena, file, 1 << 20, NULL, &text)) return NULL;
  bool ok = json_parse(&c->k.s, &c->k.s.arena, text, &v, NULL) == QN_OK;
  if (!ok) printf("%s is not JSON\n", file);
  CHECK(ok);
  return ok ? v : NULL;
}

static inline const struct value *pk_get(struct plan_case *c, const struct value *v, const char *key) {
  const struct value *m = value_get(&c->k.s, v, str_c(key)), *out = NULL;
  if (m) CHECK_INT(value_decode(&c->k.s, &c->k.s.arena, m, &out), QN_OK);
  return out;
}
static inline struct str pk_text(struct plan_case *c, const struct value *v, const char *key,
                                 const char *otherwise) {
  const struct value *t = value_get(&c->k.s, v, str_c(key));
  return value_is(t, V_STR) ? value_text(t) : str_c(otherwise);
}
static inline int64_t pk_int(struct plan_case *c, const struct value *v, const char *key, int64_t otherwise) {
  const struct value *t = value_get(&c->k.s, v, str_c(key));
  return value_is(t, V_INT) ? t->i : value_is(t, V_BOOL) ? t->b : otherwise;
}
static inline sym pk_sym(struct plan_case *c, struct str t) {
  return session_sym(&c->k.s, t);
}

static inline uint8_t pk_destroy(struct str word) {
  static const char *const words[] = {"", "delete", "retain", "snapshot", "empty"};
  for (uint8_t i = 0; i < 5; i++)
    if (str_eq(word, str_c(words[i]))) return i;
  FAIL("a word for on_destroy");
  return 0;
}

static inline void pk_open_intent(struct plan_case *c, const struct sres *r, struct str kind) {
  uint64_t n;
  struct intent in = {.address = r->address,
                      .generation = r->generation,
                      .kind = (uint8_t)kind.p[0],
                      .operation = STR("ec2.Something"),
                      .type = r->type,
                      .region = r->region,
                      .uid = r->uid,
                      .digest = STR("0123")};
  CHECK_INT(state_intent(c->st, &in, &n), QN_OK);
}

static inline void pk_put(struct plan_case *c, const struct value *v) {
  struct arena *a = &c->k.s.arena;
  struct sres r = {.address = pk_sym(c, pk_text(c, v, "address", "")),
                   .type = pk_sym(c, pk_text(c, v, "type", "")),
                   .region = pk_sym(c, pk_text(c, v, "region", "us-east-1")),
                   .account = pk_sym(c, STR("123456789012")),
                   .partition = pk_sym(c, STR("aws")),
                   .generation = (uint32_t)pk_int(c, v, "generation", 1),
                   .deposed = pk_int(c, v, "deposed", 0),
                   .complete = !pk_int(c, v, "incomplete", 0),
                   .protect = pk_int(c, v, "protect", 0),
                   .on_destroy = pk_destroy(pk_text(c, v, "on_destroy", "")),
                   .identity = pk_get(c, v, "identity"),
                   .attributes = pk_get(c, v, "attributes"),
                   .applied = pk_get(c, v, "applied"),
                   .seen = pk_get(c, v, "seen")};
  const struct value *deps = value_get(&c->k.s, v, STR("deps")),
                     *open = value_get(&c->k.s, v, STR("unconfirmed"));
  sym *d = ARENA_ARRAY(a, 16, sym);
  for (uint32_t i = 0; value_is(deps, V_LIST) && i < deps->n; i++)
    d[r.n_deps++] = pk_sym(c, value_text(deps->items[i]));
  r.deps = d;
  for (uint32_t i = 0; value_is(open, V_LIST) && i < open->n; i++)
    VEC_PUSH(a, &r.unconfirmed, value_text(open->items[i]));
  r.uid = str_fmt(a, "uid-%.*s-%u", SV(session_str(&c->k.s, r.address)), r.generation);
  struct str kind = pk_text(c, v, "open", "");
  if (kind.n && kind.p[0] == 'c') pk_open_intent(c, &r, kind);
  CHECK_INT(state_put(c->st, &r), QN_OK);
  if (kind.n && kind.p[0] != 'c') pk_open_intent(c, &r, kind);
}

static inline void pk_state(struct plan_case *c) {
  struct session *s = &c->k.s;
  memcpy(c->dir, "/tmp/quoin-plan-XXXXXX", 23);
  CHECK(mkdtemp(c->dir) != NULL);
  CHECK_INT(store_local(s, c->dir, STR("pay"), STR("dev"), false, &c->store), QN_OK);
  CHECK_INT(state_open(s, c->store, ST_WRITE, &c->st), QN_OK);
  const struct value *v = pk_json(c, "state.json");
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) {
    const struct value *outputs = value_get(s, v->items[i], STR("outputs"));
    if (outputs)
      CHECK_INT(state_set_outputs(c->st, outputs), QN_OK);
    else
      pk_put(c, v->items[i]);
  }
  CHECK_INT(state_commit(c->st), QN_OK);
}

/* The live object with our tag on it. */
static inline const struct value *pk_tagged(struct plan_case *c, const struct read_item *item,
                                            uint32_t generation, const struct value *live) {
  struct session *s = &c->k.s;
  struct arena *a = &s->arena;
  struct str property = def_info(item->def).tag_property;
  const struct sres *r = state_generation(c->st, item->address, generation);
  sym key = session_sym(s, property), foreign = session_sym(s, STR("foreign"));
  if (!property.n || !r) return live;
  if (value_member(live, foreign)) return value_put(a, live, foreign, NULL);
  const struct value *tags = value_member(live, key), *uid = value_str(a, r->uid);
  struct stype t;
  CHECK(schema_type(c->k.sc, def_info(item->def).type, &t));
  if (schema_kind(c->k.sc, schema_child(c->k.sc, t.root, property)) == SK_MAP)
    return value_put(a, live, key,
                     value_put(a, tags ? tags : value_map(a, NULL, 0), session_sym(s, STR("quoin:id")), uid));
  uint32_t n = value_is(tags, V_LIST) ? tags->n : 0;
  const struct value **items = ARENA_ARRAY(a, (size_t)n + 1, const struct value *);
  for (uint32_t i = 0; i < n; i++) items[i] = tags->items[i];
  struct member m[] = {{session_sym(s, STR("Key")), SPAN_NONE, value_str(a, STR("quoin:id"))},
                       {session_sym(s, STR("Value")), SPAN_NONE, uid}};
  items[n] = value_map(a, m, 2);
  return value_put(a, live, key, value_list(a, items, (size_t)n + 1));
}

static enum qn_err pk_read(void *user, const struct read_item *items, uint32_t n, struct refreshed *out) {
  struct plan_case *c = user;
  struct arena *a = &c->k.s.arena;
  const struct read_result **results = ARENA_ARRAY(a, n, const struct read_result *);
  size_t n_all;
  const struct sres *all = state_resources(c->st, &n_all);
  for (uint32_t i = 0; i < n; i++) {
    struct read_result *r = ARENA_NEW(a, struct read_result);
    uint32_t generation = 1;
    bool deposed = false;
    for (size_t k = 0; k < n_all; k++)
      if (all[k].address == items[i].address && all[k].identity == items[i].identity)
        generation = all[k].generation, deposed = all[k].deposed;
    struct str name = session_str(&c->k.s, items[i].address);
    if (deposed) name = str_fmt(a, "%.*s/%u", SV(name), generation);
    const struct value *live = value_get(&c->k.s, c->live, name);
    if (!live) printf("live.json lacks %.*s\n", SV(name));
    CHECK(live != NULL);
    r->state = value_is_null(live) ? RR_GONE : RR_LIVE;
    if (r->state == RR_LIVE) r->live = pk_tagged(c, &items[i], generation, live);
    results[i] = r;
  }
  *out = (struct refreshed){results, n, n};
  return QN_OK;
}

static inline void pk_options(struct plan_case *c) {
  struct str text = STR(""), line, word;
  int64_t columns = 100;
  c->o.targets = c->targets;
  c->o.replace = c->replace;
  if (!file_read(&c->k.s.arena, "plan-options", 1 << 16, NULL, &text)) {
    for (struct str rest = text; rest.n;) {
      rest = str_cut(rest, '\n', &line);
      struct str arg = str_cut(line, ' ', &word);
      if (!line.n) continue;
      if (str_eq(word, STR("destroy")))
        c->o.destroy = true;
      else if (str_eq(word, STR("strict")))
        c->o.strict_readback = true;
      else if (str_eq(word, STR("all")))
        c->o.all = true;
      else if (str_eq(word, STR("mass-loss")))
        c->o.allow_mass_loss = true;
      else if (str_eq(word, STR("target")))
        c->targets[c->o.n_targets++] = arg;
      else if (str_eq(word, STR("replace")))
        c->replace[c->o.n_replace++] = arg;
      else if (str_eq(word, STR("drift")))
        c->render.drift = true;
      else if (str_eq(word, STR("columns")))
        CHECK(str_to_i64(arg, &columns));
      else
        FAIL("a known plan option");
    }
  }
  c->render.columns = (unsigned)columns;
  c->live = pk_json(c, "live.json");
  c->o.refresh = c->live != NULL;
  c->o.read = pk_read;
  c->o.read_user = c;
}

static inline void pk_init(struct plan_case *c) {
  memset(c, 0, sizeof *c);
  kit_init(&c->k);
  struct session *s = &c->k.s;
  CHECK_INT(wire_open(s, blob_get(BLOB_WIRE), &c->w), QN_OK);
  CHECK_INT(providers_open(s, blob_get(BLOB_DEFS), c->w, c->k.sc, NULL, &c->p), QN_OK);
  pk_options(c);
  pk_state(c);
}

static inline enum qn_err pk_plan(struct plan_case *c, struct plan *out) {
  struct compiled *compiled = ARENA_NEW(&c->k.s.arena, struct compiled);
  struct graph *g = NULL;
  enum qn_err e = kit_compile(&c->k, compiled, &g);
  if (e) return e;
  struct environment env = g->env;
  env.account = pk_sym(c, STR("123456789012"));
  env.partition = pk_sym(c, STR("aws"));
  return plan_make(&c->k.s, g, c->st, c->p, c->k.sc, NULL, NULL, &c->o, &env, out);
}

static inline void pk_release(struct plan_case *c) {
  state_close(c->st);
  c->store->ops->close(c->store);
  const char *parts[] = {"/pay/dev", "/pay", ""};
  for (size_t i = 0; i < 3; i++) {
    const char *dir = str_fmt(&c->k.s.arena, "%s%s", c->dir, parts[i]).p;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
      if (e->d_name[0] != '.' || e->d_name[1] > '.')
        remove(str_fmt(&c->k.s.arena, "%s/%s", dir, e->d_name).p);
    if (d) closedir(d);
    CHECK_INT(rmdir(dir), 0);
  }
  wire_free(c->w);
  kit_release(&c->k);
}

#endif
