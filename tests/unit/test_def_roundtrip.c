/* Every definition: read(write(x)) = x for values generated from the schema, and every step serialised for
 * them passes the wire model. */
#include "unit.h"

#include "../../src/cloud/def.h"
#include "defs.h"

static uint64_t seed = 20250101;
static uint32_t rnd(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return n ? (uint32_t)(seed >> 33) % n : 0;
}

/* ---- values from the schema ------------------------------------------------------------- */
struct gen {
  struct world *t;
  const struct def *d;
  bool full; /* every member: schemas leave open what the wire models require */
};

static bool numeric_text(struct str name) {
  static const char *const names[] = {"TTL", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "SessionTimeout",
                                      NULL};
  for (size_t i = 0; names[i]; i++)
    if (str_eq(name, str_c(names[i]))) return true;
  return false;
}

static const struct value *gen_text(struct gen *g, snode n) {
  struct str *words;
  size_t k = schema_enum(g->t->sc, n, g->t->a, &words);
  if (k) {
    struct str word = words[rnd((uint32_t)k)]; /* words for leaving it out are no values of the API */
    bool none = str_eq_nocase(word, STR("NotSpecified")) || str_eq(word, STR("not-specified"));
    return value_str(g->t->a, none ? words[0] : word);
  }
  struct str name = schema_name(g->t->sc, n);
  if (str_ends(name, STR("Date")) || str_ends(name, STR("Time")))
    return value_str(g->t->a, STR("2030-02-28T00:00:00Z"));
  if (numeric_text(name)) return value_str(g->t->a, str_fmt(g->t->a, "%u", 1 + rnd(9000)));
  return value_str(g->t->a, str_fmt(g->t->a, "%.*s%u", SV(name), rnd(100000)));
}

static const struct value *gen_value(struct gen *g, snode n, struct str path, unsigned depth);

static const struct value *gen_object(struct gen *g, snode n, struct str path, unsigned depth) {
  snode *kids;
  size_t k = schema_children(g->t->sc, n, g->t->a, &kids);
  const struct value *out = value_map(g->t->a, NULL, 0);
  if (!k && str_eq(schema_name(g->t->sc, n), STR("SimplePrefix"))) return out; /* a marker without members */
  if (!k) return json(g->t, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}");
  for (size_t i = 0; i < k; i++) {
    struct str name = schema_name(g->t->sc, kids[i]);
    struct str p = path.n ? str_fmt(g->t->a, "%.*s.%.*s", SV(path), SV(name)) : name;
    unsigned flags = schema_flags(g->t->sc, kids[i]);
    if ((flags & SF_READ_ONLY) || def_unsupported(g->d, p).n) continue;
    if (depth && !g->full && !(flags & SF_REQUIRED) && rnd(10) < 4) continue;
    const struct value *v = gen_value(g, kids[i], p, depth + 1);
    if (v) out = value_put(g->t->a, out, session_sym(&g->t->s, name), v);
  }
  return out;
}

static const struct value *gen_value(struct gen *g, snode n, struct str path, unsigned depth) {
  if (depth > 12) return NULL;
  switch (schema_kind(g->t->sc, n)) {
  case SK_STRING: return gen_text(g, n);
  case SK_INTEGER: return value_int(g->t->a, 1 + rnd(1000));
  case SK_NUMBER: return value_int(g->t->a, 1 + rnd(100));
  case SK_BOOLEAN:
    return value_bool(g->t->a, str_eq(schema_name(g->t->sc, n), STR("EventBridgeEnabled")) || rnd(2));
  case SK_OBJECT: return gen_object(g, n, path, depth);
  case SK_ANY: return json(g->t, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\"}]}");
  case SK_MAP: return json(g->t, "{\"a\":\"b\",\"c\":\"d\"}");
  case SK_ARRAY: {
    const struct value *v[2];
    uint32_t k = 0, want = 1 + rnd(2);
    while (k < want && (v[k] = gen_value(g, schema_items(g->t->sc, n), path, depth + 1))) k++;
    return value_list(g->t->a, v, k);
  }
  }
  return NULL;
}

/* ---- read(write(x)) ------------------------------------------------------------------------ */
struct source {
  uint32_t shape;
  bool direct;
};

static uint32_t item_shape(const struct def *d, const struct readsrc *r) {
  uint32_t s = r->step.op->output;
  if (r->has_items) s = mpath_shape(d->w, s, &r->items);
  if (s && wire_kind(d->w, s) == WK_LIST) s = wire_element(d->w, s);
  if (r->has_within) s = mpath_shape(d->w, s, &r->within);
  if (s && wire_kind(d->w, s) == WK_LIST) s = wire_element(d->w, s);
  if (r->has_value) s = mpath_shape(d->w, s, &r->value);
  return s;
}

/* The shape that a property is read from, and whether the property's member is that shape itself. */
static bool source_of(const struct def *d, struct str name, struct source *out) {
  for (uint32_t i = 0; i < d->n_per + d->n_more; i++) {
    const struct readsrc *r = i < d->n_per ? &d->per[i] : &d->more[i - d->n_per];
    if (!str_in(r->for_props, r->n_for, name)) continue;
    out->shape = item_shape(d, r);
    out->direct = (r->has_value && r->to.n) || !map_readable(d, def_sym(d, name), out->shape);
    return true;
  }
  if (!d->has_read) return false;
  out->shape = item_shape(d, &d->batch);
  out->direct = false;
  return map_readable(d, def_sym(d, name), out->shape);
}

static const struct step *carrier(const struct def *d, struct str name) {
  const struct step *found = NULL;
  for (uint32_t i = 0; i < d->n_create && !found; i++)
    if (d->create[i].op && map_target(d, def_sym(d, name), step_shape(d, &d->create[i]), NULL))
      found = &d->create[i];
  for (const struct rule *r = def_rule_for(d, name, NULL); r && !found; r = def_rule_for(d, name, r))
    for (uint32_t i = 0; i < r->n_steps && !found; i++)
      if (r->steps[i].op && map_target(d, def_sym(d, name), step_shape(d, &r->steps[i]), NULL))
        found = &r->steps[i];
  return found;
}

static const struct mpath *path_of(const struct mapping *m, bool reading, struct mpath *room, struct seg *seg,
                                   struct str name) {
  if (m && reading && m->has_from) return &m->from;
  if (m && m->has_at) return &m->at;
  *seg = (struct seg){.name = name, .kind = SEG_PLAIN};
  *room = (struct mpath){.text = name, .v = seg, .n = 1};
  return room;
}

static struct str wire_name(const struct def *d, uint32_t shape, struct str name) {
  struct wire_member m;
  return wire_kind(d->w, shape) == WK_STRUCTURE && wire_member(d->w, shape, name, true, &m) ? m.name : name;
}

/* Writes one property and reads it back from where the service answers it. False: not symmetric by design
 * (the write and the read differ in form, e.g. `read:` without `write:`). */
static bool round_trip(struct world *t, const struct def *d, struct str name, const struct value *x,
                       const struct value **back) {
  sym s = def_sym(d, name);
  const struct mapping *m = mapping_kid(d->map, s);
  const struct step *st = carrier(d, name);
  struct source src;
  if (!st || !source_of(d, name, &src) || (m && ((m->read != NULL) != (m->write != NULL) || m->no_read)))
    return false;
  struct op_scope sc = {.new_props = x};
  struct denv e = {.s = &t->s, .a = t->a, .d = d, .sc = &sc};
  struct mapio out = {.e = &e, .root_shape = step_shape(d, st)};
  CHECK_INT(map_write(&out, s, x), QN_OK);
  struct mpath room_w, room_r;
  struct seg seg_w, seg_r;
  struct str wn = wire_name(d, out.root_shape, name), rn = src.direct ? wn : wire_name(d, src.shape, name);
  const struct mpath *at = path_of(m, false, &room_w, &seg_w, wn),
                     *from = path_of(m, true, &room_r, &seg_r, rn);
  const struct value *written = out.root;
  struct mapio in = {.e = &e, .root_shape = src.shape};
  if (!src.direct || m == NULL || !at->absolute) {
    uint32_t cut = at->n; /* up to the first [] both sides look alike */
    struct mpath head = *at;
    for (uint32_t i = 0; i < at->n; i++)
      if (at->v[i].kind == SEG_ALL && cut == at->n) cut = i + 1;
    struct seg *hv = ARENA_ARRAY(t->a, cut, struct seg);
    memcpy(hv, at->v, cut * sizeof *hv);
    hv[cut - 1].kind = SEG_PLAIN;
    head.v = hv, head.n = cut;
    written = mpath_get(&t->s, t->a, &head, out.root);
  }
  if (src.direct) {
    in.root = written;
    for (uint32_t i = 0; value_is(out.root, V_MAP) && value_is(in.root, V_MAP) && i < out.root->n;
         i++) /* absolute ones */
      if (out.root->members[i].value != written &&
          !str_eq(session_str(&t->s, out.root->members[i].key), at->v[0].name))
        in.root = value_put(t->a, in.root, out.root->members[i].key, out.root->members[i].value);
    CHECK_INT(map_read_value(&in, s, src.shape, in.root, back), QN_OK);
    return true;
  }
  if (m && m->has_from && (from->v[from->n - 1].kind != SEG_PLAIN || from->n > at->n)) return false;
  struct mpath fh = *from;
  struct seg *fv = ARENA_ARRAY(t->a, from->n, struct seg);
  memcpy(fv, from->v, from->n * sizeof *fv);
  for (uint32_t i = 0; i < from->n; i++)
    if (fv[i].kind == SEG_ALL) fv[i].kind = SEG_PLAIN, fh.n = i + 1;
  fh.v = fv;
  in.root = mpath_set(&t->s, t->a, NULL, &fh, written);
  bool here;
  if (from->absolute) in.root_shape = d->batch.step.op->output;
  CHECK_INT(map_read(&in, s, src.shape, in.root, back, &here), QN_OK);
  return true;
}

TEST(read_of_write_is_the_same) {
  struct world t;
  world_open(&t);
  const struct str *types;
  size_t n = provider_types(t.p, &types);
  uint32_t tried = 0;
  CHECK(n >= 16);
  for (size_t i = 0; i < n; i++) {
    const struct def *d = provider_find(t.p, types[i]);
    CHECK(d != NULL);
    if (!d) continue;
    struct gen g = {&t, d, false};
    for (int round = 0; round < 40; round++) {
      const struct value *x = gen_object(&g, d->st.root, STR(""), 0);
      for (uint32_t k = 0; k < x->n; k++) {
        struct str name = session_str(&t.s, x->members[k].key);
        const struct value *back = NULL;
        if (!round_trip(&t, d, name, x->members[k].value, &back)) continue;
        tried++;
        struct str want = json_text(&t, x->members[k].value), got = json_text(&t, back);
        if (str_eq(want, got)) continue;
        printf("%.*s %.*s\n  wrote %.*s\n  read  %.*s\n", SV(types[i]), SV(name), SV(want), SV(got));
        FAIL("read(write(x)) = x");
      }
      if (unit_failed > 5) break;
    }
  }
  printf("%u properties written and read back\n", tried);
  CHECK(tried > 2000);
  world_close(&t);
}

/* ---- every step passes the wire model --------------------------------------------------------- */
/* Enough of an answer for a step: its kept paths hold a text, waits see what they wait for. */
static const struct value *answer(struct world *t, const struct def *d, const struct call *call,
                                  bool deleting) {
  const struct wire_op *op = call->op;
  static const struct {
    const char *op, *reply;
  } fixed[] = {
      {"DescribeVpcs", "{\"Vpcs\":[{\"VpcId\":\"k\",\"State\":\"available\"}]}"},
      {"DescribeSubnets", "{\"Subnets\":[{\"SubnetId\":\"k\",\"State\":\"available\"}]}"},
      {"DescribeNatGateways",
       "{\"NatGateways\":[{\"NatGatewayId\":\"k\",\"State\":\"available\",\"VpcId\":\"k\"}]}"},
      {"DescribeVpcEndpoints", "{\"VpcEndpoints\":[{\"VpcEndpointId\":\"k\",\"State\":\"available\"}]}"},
      {"DescribeNetworkAcls", "{\"NetworkAcls\":[{\"NetworkAclId\":\"k\",\"VpcId\":\"k\",\"Associations\":[{"
                              "\"NetworkAclAssociationId\":\"k\",\"SubnetId\":\"k\"}]}]}"},
      {"DescribeClusters", "{\"clusters\":[{\"clusterName\":\"k\",\"status\":\"ACTIVE\"}]}"},
      {"AssociateVPCWithHostedZone", "{\"ChangeInfo\":{\"Id\":\"/change/k\"}}"},
      {"DisassociateVPCFromHostedZone", "{\"ChangeInfo\":{\"Id\":\"/change/k\"}}"},
      {"ChangeResourceRecordSets", "{\"ChangeInfo\":{\"Id\":\"/change/k\"}}"},
      {"CreateLoadBalancer", "{\"LoadBalancers\":[{\"LoadBalancerArn\":\"k\"}]}"},
      {"DescribeLoadBalancers",
       "{\"LoadBalancers\":[{\"LoadBalancerArn\":\"k\",\"State\":{\"Code\":\"active\"}}]}"},
      {"CreateTargetGroup", "{\"TargetGroups\":[{\"TargetGroupArn\":\"k\"}]}"},
      {"CreateListener", "{\"Listeners\":[{\"ListenerArn\":\"k\"}]}"},
      {"CreateRule", "{\"Rules\":[{\"RuleArn\":\"k\"}]}"},
      {"GetChange", "{\"ChangeInfo\":{\"Id\":\"k\",\"Status\":\"INSYNC\"}}"},
      {"DescribeServices",
       "{\"services\":[{\"serviceArn\":\"k\",\"clusterArn\":\"k\",\"runningCount\":1,\"desiredCount\":1,"
       "\"deployments\":[{\"rolloutState\":\"COMPLETED\",\"taskDefinition\":\"k\"}]}]}"}};
  static const char *const ends[] = {"DescribeServices", "DescribeNatGateways", "DescribeVpcEndpoints"};
  for (size_t i = 0; deleting && i < sizeof ends / sizeof *ends; i++)
    if (str_eq(op->name, str_c(ends[i]))) return value_map(t->a, NULL, 0);
  /* The look before a create that is idempotent by name: there is none. */
  if (value_get(&t->s, call->input, STR("Names"))) return value_map(t->a, NULL, 0);
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    if (str_eq(op->name, str_c(fixed[i].op))) return json(t, fixed[i].reply);
  const struct value *out = value_map(t->a, NULL, 0);
  for (uint32_t i = 0; i < d->n_create; i++)
    for (uint32_t k = 0; d->create[i].op == op && k < d->create[i].n_keep; k++) {
      const struct kept *kp = &d->create[i].keep[k];
      if (kp->is_path) out = mpath_set(&t->s, t->a, out, &kp->path, value_str(t->a, STR("k")));
    }
  if (str_eq(op->name, STR("CreateHostedZone")))
    out = json(t, "{\"HostedZone\":{\"Id\":\"/hostedzone/k\"},\"ChangeInfo\":{\"Id\":\"/change/"
                  "k\"},\"DelegationSet\":{\"NameServers\":[]}}");
  return out;
}

/* Drives an operation to its end, every call accepted; returns how many mutating calls it made. */
static uint32_t drive(struct world *t, const struct def *d, struct op *op, enum op_kind kind) {
  struct op_step st;
  uint32_t calls = 0;
  int64_t now = 0;
  for (int i = 0; i < 2000; i++) {
    op_next(op, now, &st);
    if (st.what == OPW_DONE) return calls;
    if (st.what == OPW_FAILED) {
      printf("%.*s: %.*s %.*s\n", SV(d->type), SV(op_result(op)->code), SV(op_result(op)->message));
      FAIL("operation ends well");
      return calls;
    }
    if (st.what == OPW_PAUSE) {
      now += st.pause_ms;
      continue;
    }
    int before = unit_failed;
    check_serialises(t, &st.call);
    if (unit_failed != before) printf("  of %.*s\n", SV(d->type));
    calls += st.mutating;
    struct reply r = {.err = QN_OK, .output = answer(t, d, &st.call, kind == OP_DELETE)};
    /* A look before a create: an answer about one object is that object. */
    if (kind == OP_CREATE && !calls && d->batch.by == BY_EACH && st.call.op == d->batch.step.op && d->n_gone)
      r = (struct reply){.err = QN_E_REMOTE, .cls = EC_CLIENT, .code = d->gone_codes[0].code};
    op_reply(op, now, &r);
  }
  FAIL("operation comes to an end");
  return calls;
}

static const struct value *identity_k(struct world *t, const struct def *d) {
  const struct value *id = value_map(t->a, NULL, 0);
  for (uint32_t i = 0; i < d->n_identity; i++)
    id = value_put(t->a, id, def_sym(d, d->identity[i]), value_str(t->a, STR("k")));
  if (str_eq(d->type, STR("AWS::EC2::NetworkAclEntry"))) /* the number of the rule is part of it */
    id = value_put(t->a, id, def_sym(d, STR("Id")), value_str(t->a, STR("1|ingress")));
  return id;
}

/* What a type looks for in an answer is what the answers above say. */
static const struct value *as_answered(struct world *t, const struct def *d, const struct value *x) {
  static const struct {
    const char *type, *property;
  } named[] = {{"AWS::ECS::Service", "TaskDefinition"},
               {"AWS::EC2::SubnetNetworkAclAssociation", "SubnetId"}};
  for (size_t i = 0; i < sizeof named / sizeof *named; i++)
    if (str_eq(d->type, str_c(named[i].type)))
      x = value_put(t->a, x, session_sym(&t->s, str_c(named[i].property)), value_str(t->a, STR("k")));
  return x;
}

TEST(steps_pass_the_wire_model) {
  struct world t;
  world_open(&t);
  const struct str *types;
  size_t n = provider_types(t.p, &types);
  uint32_t calls = 0;
  for (size_t i = 0; i < n; i++) {
    const struct def *d = provider_find(t.p, types[i]);
    if (!d) continue;
    struct gen g = {&t, d, true};
    for (int round = 0; round < 25 && unit_failed < 10; round++) {
      struct op_scope sc = scope_for(&t, NULL, NULL);
      const struct value *x = gen_object(&g, d->st.root, STR(""), 0),
                         *y = gen_object(&g, d->st.root, STR(""), 0);
      x = as_answered(&t, d, x), y = as_answered(&t, d, y);
      sc.new_props = x;
      calls += drive(&t, d, op_new(&t.s, t.a, t.p, d, OP_CREATE, &sc, NULL, 0), OP_CREATE);
      struct str *changed = ARENA_ARRAY(t.a, y->n + 1, struct str);
      uint32_t k = 0;
      sc.old_props = x, sc.new_props = y, sc.live = x, sc.identity = identity_k(&t, d);
      for (uint32_t c = 0; c < y->n; c++) {
        struct str name = session_str(&t.s, y->members[c].key);
        if (def_change(&t.s, t.a, d, name, value_null(), y->members[c].value, &sc) == CV_UPDATE)
          changed[k++] = name;
      }
      if (k) calls += drive(&t, d, op_new(&t.s, t.a, t.p, d, OP_UPDATE, &sc, changed, k), OP_UPDATE);
      sc.new_props = NULL;
      calls += drive(&t, d, op_new(&t.s, t.a, t.p, d, OP_DELETE, &sc, NULL, 0), OP_DELETE);
    }
  }
  printf("%u mutating calls\n", calls);
  CHECK(calls > 1000);
  world_close(&t);
}

TEST_MAIN(CASE(read_of_write_is_the_same), CASE(steps_pass_the_wire_model))
