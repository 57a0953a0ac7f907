/* A cloud in memory for tests of apply: it answers calls of the real definitions
 * for VPCs, subnets, hosted zones and records, counts points at which the process
 * may be killed, and fails calls on demand. */
#ifndef QUOIN_TESTS_APPLY_KIT_H
#define QUOIN_TESTS_APPLY_KIT_H

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "defs.h"
#include "quoin/apply.h"
#include "quoin/file.h"

enum { OBJECTS = 64, CALLS = 256 };

struct object {
  const char *kind; /* vpc subnet zone record; NULL: deleted */
  struct str id, parent;
  const struct value *props, *tags;
};
struct pending {
  const struct wire_op *op;
  call_done_fn *done;
  void *user;
  struct reply reply;
};
/* What to do with the next call of an operation. */
struct fault {
  const char *op; /* "*": any */
  int skip;       /* calls that pass before */
  bool executed;  /* carried out, then the answer is lost */
  enum err_class cls;
  const char *code, *message; /* message NULL: the code */
  int times;
};

struct fake {
  struct world w;
  int64_t clock;
  struct object v[OBJECTS];
  int n, serial;
  struct pending queue[CALLS];
  int n_queue;
  int points, kill_at; /* points passed; 0: never */
  bool dead;
  struct fault fault;
  char sent[1024];       /* names of the mutating calls, each with a blank behind */
  int mutating, merged;  /* calls; records in joined calls */
  int batches;           /* calls that carried records */
  struct str out[CALLS]; /* what mutating calls in flight are about: VpcId or HostedZoneId */
  int n_out, overlaps;   /* calls sent while one about the same thing was in flight */
  volatile int interrupts;
  int interrupt_at;     /* interrupts at the n-th mutating call */
  bool interrupt_twice; /* and again: nothing in flight is waited for */
  int reserve_fails_at; /* the n-th reservation of room for the journal fails */
  int64_t asleep;       /* the machine is suspended for so long at the next pause */
  int pending_groups;   /* answers of DescribeSecurityGroups that are empty first */
  int pending_states;   /* answers of Describe* that say pending first */
  int pending_changes;  /* answers of GetChange that say PENDING first */
  int hidden_zones;     /* answers of ListHostedZones that are empty first */
  char dir[32];
};
static struct fake *f;

/* ---- values ------------------------------------------------------------------------ */

static inline struct session *ss(void) {
  return &f->w.s;
}
static inline const struct value *at(const struct value *v, const char *path) {
  return v ? value_at(ss(), v, str_c(path)) : NULL;
}
static inline struct str text_at(const struct value *v, const char *path) {
  const struct value *t = at(v, path);
  return value_is(t, V_STR) ? value_text(t) : STR("");
}
static inline const struct value *jsonf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline const struct value *jsonf(const char *fmt, ...) {
  char buf[4096];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(buf, sizeof buf, fmt, ap);
  va_end(ap);
  CHECK(n > 0 && (size_t)n < sizeof buf);
  return json(&f->w, buf);
}
static inline const struct value *with(const struct value *map, const char *key, const struct value *v) {
  return value_put(f->w.a, map, session_sym(ss(), str_c(key)), v);
}

/* ---- objects ------------------------------------------------------------------------- */

static inline struct object *add(const char *kind, const char *prefix, struct str parent,
                                 const struct value *props) {
  if (f->n == OBJECTS) abort();
  struct object *o = &f->v[f->n++];
  *o = (struct object){.kind = kind,
                       .id = str_fmt(f->w.a, "%s%d", prefix, ++f->serial),
                       .parent = str_dup(f->w.a, parent),
                       .props = props};
  return o;
}

static inline struct object *find(const char *kind, struct str id) {
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && strcmp(f->v[i].kind, kind) == 0 && str_eq(f->v[i].id, id)) return &f->v[i];
  return NULL;
}

static inline int count(const char *kind) {
  int n = 0;
  for (int i = 0; i < f->n; i++) n += f->v[i].kind && strcmp(f->v[i].kind, kind) == 0;
  return n;
}

static inline bool has_child(struct str id) {
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && str_eq(f->v[i].parent, id)) return true;
  return false;
}

static inline bool passes(const struct object *o, const struct value *filters) {
  for (uint32_t i = 0; value_is(filters, V_LIST) && i < filters->n; i++) {
    struct str name = text_at(filters->items[i], "Name");
    const struct value *values = at(filters->items[i], "Values");
    struct str have = o->id;
    if (str_starts(name, STR("tag:"))) {
      have = STR("");
      for (uint32_t k = 0; value_is(o->tags, V_LIST) && k < o->tags->n; k++)
        if (str_eq(text_at(o->tags->items[k], "Key"), str_sub(name, 4, name.n)))
          have = text_at(o->tags->items[k], "Value");
    }
    bool hit = false;
    for (uint32_t k = 0; k < values->n; k++) hit |= str_eq(value_text(values->items[k]), have);
    if (!hit) return false;
  }
  return true;
}

/* ---- operations ------------------------------------------------------------------------ */

typedef const struct value *answer_fn(const struct value *in, const char **error);

static inline const struct value *ec2_create(const char *kind, const char *member, const char *id,
                                             const struct value *in) {
  struct object *o = add(kind, kind[0] == 'v' ? "vpc-" : "subnet-", text_at(in, "VpcId"),
                         with(in, "TagSpecifications", NULL));
  o->tags = at(in, "TagSpecifications[0].Tags");
  return jsonf("{\"%s\":{\"%s\":\"%.*s\",\"State\":\"pending\"}}", member, id, SV(o->id));
}

static inline const struct value *ec2_describe(const char *kind, const char *list, const char *id,
                                               const struct value *in) {
  VEC(const struct value *) out = {0};
  bool pending = f->pending_states > 0 && f->pending_states--;
  for (int i = 0; i < f->n; i++) {
    const struct object *o = &f->v[i];
    if (!o->kind || strcmp(o->kind, kind) != 0 || !passes(o, at(in, "Filters"))) continue;
    const struct value *v = with(with(o->props, id, value_str(f->w.a, o->id)), "State",
                                 value_str(f->w.a, pending ? STR("pending") : STR("available")));
    VEC_PUSH(f->w.a, &out, o->tags ? with(v, "Tags", o->tags) : v);
  }
  return with(value_map(f->w.a, NULL, 0), list, value_list(f->w.a, out.v, out.n));
}

static const struct value *create_vpc(const struct value *in, const char **error) {
  (void)error;
  return ec2_create("vpc", "Vpc", "VpcId", in);
}
static const struct value *create_subnet(const struct value *in, const char **error) {
  if (!find("vpc", text_at(in, "VpcId"))) *error = "InvalidVpcID.NotFound";
  return *error ? NULL : ec2_create("subnet", "Subnet", "SubnetId", in);
}
static const struct value *describe_vpcs(const struct value *in, const char **error) {
  (void)error;
  return ec2_describe("vpc", "Vpcs", "VpcId", in);
}
static const struct value *describe_subnets(const struct value *in, const char **error) {
  (void)error;
  return ec2_describe("subnet", "Subnets", "SubnetId", in);
}

/* The default group of each VPC, which exists a moment after it. */
static const struct value *describe_groups(const struct value *in, const char **error) {
  (void)error;
  if (f->pending_groups > 0 && f->pending_groups--) return jsonf("{\"SecurityGroups\":[]}");
  struct str vpc = value_text(at(in, "Filters[0].Values")->items[0]);
  return jsonf("{\"SecurityGroups\":[{\"GroupId\":\"sg-of-%.*s\"}]}", SV(vpc));
}

static const struct value *modify(const char *kind, const char *id, const struct value *in,
                                  const char **error) {
  struct object *o = find(kind, text_at(in, id));
  if (!o) {
    *error = "InvalidID.NotFound";
    return NULL;
  }
  for (uint32_t i = 0; i < in->n; i++) {
    const struct value *v = at(in->members[i].value, "Value");
    if (v) o->props = value_put(f->w.a, o->props, in->members[i].key, v);
  }
  return value_map(f->w.a, NULL, 0);
}
static const struct value *modify_vpc(const struct value *in, const char **error) {
  return modify("vpc", "VpcId", in, error);
}
static const struct value *modify_subnet(const struct value *in, const char **error) {
  return modify("subnet", "SubnetId", in, error);
}

static const struct value *vpc_attribute(const struct value *in, const char **error) {
  (void)error;
  bool names = str_eq(text_at(in, "Attribute"), STR("enableDnsHostnames"));
  const char *member = names ? "EnableDnsHostnames" : "EnableDnsSupport";
  struct object *o = find("vpc", text_at(in, "VpcId"));
  const struct value *v = o ? at(o->props, member) : NULL;
  return jsonf("{\"%s\":{\"Value\":%s}}", member, (v ? v->b : !names) ? "true" : "false");
}

static const struct value *tag(const struct value *in, const char **error) {
  (void)error;
  const struct value *ids = at(in, "Resources"), *tags = at(in, "Tags");
  for (uint32_t i = 0; i < ids->n; i++)
    for (int k = 0; k < f->n; k++) {
      struct object *o = &f->v[k];
      if (!o->kind || !str_eq(o->id, value_text(ids->items[i]))) continue;
      VEC(const struct value *) out = {0};
      for (uint32_t t = 0; value_is(o->tags, V_LIST) && t < o->tags->n; t++) {
        bool again = false;
        for (uint32_t j = 0; j < tags->n; j++)
          again |= str_eq(text_at(tags->items[j], "Key"), text_at(o->tags->items[t], "Key"));
        if (!again) VEC_PUSH(f->w.a, &out, o->tags->items[t]);
      }
      for (uint32_t t = 0; t < tags->n; t++) VEC_PUSH(f->w.a, &out, tags->items[t]);
      o->tags = value_list(f->w.a, out.v, out.n);
    }
  return value_map(f->w.a, NULL, 0);
}

static const struct value *delete_one(const char *kind, struct str id, const char *missing, const char *busy,
                                      const char **error) {
  struct object *o = find(kind, id);
  if (!o)
    *error = missing;
  else if (has_child(id))
    *error = busy;
  else
    o->kind = NULL;
  return value_map(f->w.a, NULL, 0);
}
static const struct value *delete_vpc(const struct value *in, const char **error) {
  return delete_one("vpc", text_at(in, "VpcId"), "InvalidVpcID.NotFound", "DependencyViolation", error);
}
static const struct value *delete_subnet(const struct value *in, const char **error) {
  return delete_one("subnet", text_at(in, "SubnetId"), "InvalidSubnetID.NotFound", "DependencyViolation",
                    error);
}
static const struct value *delete_zone(const struct value *in, const char **error) {
  return delete_one("zone", text_at(in, "Id"), "NoSuchHostedZone", "HostedZoneNotEmpty", error);
}

static const struct value *create_zone(const struct value *in, const char **error) {
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && strcmp(f->v[i].kind, "zone") == 0 &&
        str_eq(text_at(f->v[i].props, "CallerReference"), text_at(in, "CallerReference")))
      *error = "HostedZoneAlreadyExists";
  if (*error) return NULL;
  struct object *o = add("zone", "Z", STR(""), in);
  return jsonf("{\"HostedZone\":{\"Id\":\"/hostedzone/"
               "%.*s\",\"CallerReference\":\"x\"},\"DelegationSet\":{\"NameServers\":[\"ns1\"]},"
               "\"ChangeInfo\":{\"Id\":\"/change/C1\",\"Status\":\"PENDING\"}}",
               SV(o->id));
}
static const struct value *list_zones(const struct value *in, const char **error) {
  (void)in, (void)error;
  VEC(const struct value *) out = {0};
  bool hidden = f->hidden_zones > 0 && f->hidden_zones--;
  for (int i = 0; i < f->n && !hidden; i++) {
    if (!f->v[i].kind || strcmp(f->v[i].kind, "zone") != 0) continue;
    struct str reference = text_at(f->v[i].props, "CallerReference"), name = text_at(f->v[i].props, "Name");
    VEC_PUSH(f->w.a, &out,
             jsonf("{\"Id\":\"/hostedzone/%.*s\",\"CallerReference\":\"%.*s\",\"Name\":\"%.*s\"}",
                   SV(f->v[i].id), SV(reference), SV(name)));
  }
  return with(jsonf("{\"IsTruncated\":false}"), "HostedZones", value_list(f->w.a, out.v, out.n));
}
static const struct value *get_change(const struct value *in, const char **error) {
  (void)in, (void)error;
  bool pending = f->pending_changes > 0 && f->pending_changes--;
  return jsonf("{\"ChangeInfo\":{\"Id\":\"/change/C1\",\"Status\":\"%s\"}}", pending ? "PENDING" : "INSYNC");
}

static struct str record_id(const struct value *set, struct str zone) {
  return str_fmt(f->w.a, "%.*s/%.*s/%.*s", SV(zone), SV(text_at(set, "Name")), SV(text_at(set, "Type")));
}
static const struct value *change_records(const struct value *in, const char **error) {
  struct str zone = text_at(in, "HostedZoneId");
  const struct value *changes = at(in, "ChangeBatch.Changes");
  if (!find("zone", zone)) *error = "NoSuchHostedZone";
  f->batches++;
  if (changes->n > 1) f->merged += (int)changes->n;
  for (uint32_t pass = 0; pass < 2; pass++)
    for (uint32_t i = 0; i < changes->n && !*error; i++) {
      const struct value *set = at(changes->items[i], "ResourceRecordSet");
      struct str action = text_at(changes->items[i], "Action"), id = record_id(set, zone);
      struct object *o = find("record", id);
      if (str_eq(action, STR("CREATE")) && o && !pass) *error = "InvalidChangeBatch: it already exists";
      if (str_eq(action, STR("DELETE")) && !o && !pass) *error = "InvalidChangeBatch: but it was not found";
      if (!pass) continue;
      if (str_eq(action, STR("DELETE"))) {
        o->kind = NULL;
        continue;
      }
      if (!o) o = add("record", "", zone, set);
      o->id = id;
      o->props = set;
    }
  return jsonf("{\"ChangeInfo\":{\"Id\":\"/change/C1\",\"Status\":\"PENDING\"}}");
}
static const struct value *list_records(const struct value *in, const char **error) {
  VEC(const struct value *) out = {0};
  struct str zone = text_at(in, "HostedZoneId");
  if (!find("zone", zone)) *error = "NoSuchHostedZone";
  for (int i = 0; i < f->n; i++)
    if (f->v[i].kind && strcmp(f->v[i].kind, "record") == 0 && str_eq(f->v[i].parent, zone))
      VEC_PUSH(f->w.a, &out, f->v[i].props);
  return with(jsonf("{\"IsTruncated\":false}"), "ResourceRecordSets", value_list(f->w.a, out.v, out.n));
}
static const struct value *zone_tags(const struct value *in, const char **error) {
  (void)error;
  struct object *o = find("zone", text_at(in, "ResourceId"));
  if (o) o->tags = at(in, "AddTags");
  return value_map(f->w.a, NULL, 0);
}
static const struct value *list_zone_tags(const struct value *in, const char **error) {
  (void)error;
  const struct value *ids = at(in, "ResourceIds");
  VEC(const struct value *) out = {0};
  for (uint32_t i = 0; value_is(ids, V_LIST) && i < ids->n; i++) {
    struct object *o = find("zone", value_text(ids->items[i]));
    const struct value *tags = o && o->tags ? o->tags : value_list(f->w.a, NULL, 0);
    if (o) VEC_PUSH(f->w.a, &out, with(jsonf("{\"ResourceId\":\"%.*s\"}", SV(o->id)), "Tags", tags));
  }
  return with(value_map(f->w.a, NULL, 0), "ResourceTagSets", value_list(f->w.a, out.v, out.n));
}

static const struct {
  const char *op;
  answer_fn *answer;
} operations[] = {
    {"CreateVpc", create_vpc},
    {"DescribeVpcs", describe_vpcs},
    {"DescribeSecurityGroups", describe_groups},
    {"ModifyVpcAttribute", modify_vpc},
    {"DescribeVpcAttribute", vpc_attribute},
    {"DeleteVpc", delete_vpc},
    {"CreateSubnet", create_subnet},
    {"DescribeSubnets", describe_subnets},
    {"ModifySubnetAttribute", modify_subnet},
    {"DeleteSubnet", delete_subnet},
    {"CreateTags", tag},
    {"CreateHostedZone", create_zone},
    {"ListHostedZones", list_zones},
    {"GetChange", get_change},
    {"DeleteHostedZone", delete_zone},
    {"ChangeResourceRecordSets", change_records},
    {"ListResourceRecordSets", list_records},
    {"ChangeTagsForResource", zone_tags},
    {"ListTagsForResources", list_zone_tags},
};

/* ---- calls ------------------------------------------------------------------------------- */

static inline bool point(void) {
  if (f->dead) return true;
  f->dead = ++f->points == f->kill_at;
  return f->dead;
}

static inline struct reply lost(void) {
  return (struct reply){
      .err = QN_E_REMOTE, .cls = EC_AMBIGUOUS, .message = STR("connection reset"), .maybe_executed = true};
}

static inline struct reply execute(const struct call *c) {
  const char *error = NULL;
  struct reply r = {.status = 200};
  check_serialises(&f->w, c);
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (!str_eq(c->op->name, str_c(operations[i].op))) continue;
    r.output =
        operations[i].answer(value_copy(f->w.a, c->input), &error); /* the caller's ends with the call */
    if (!error) return r;
    struct str text = str_cut(str_c(error), ':', &r.code);
    r = (struct reply){.err = QN_E_REMOTE,
                       .cls = EC_CLIENT,
                       .status = 400,
                       .code = r.code,
                       .message = text.n ? text : str_c(error)};
    return r;
  }
  printf("the fake does not know %.*s %.*s\n", SV(c->op->name), SV(json_text(&f->w, c->input)));
  FAIL("known operation");
  return lost();
}

static inline bool faulty(const struct call *c) {
  struct fault *x = &f->fault;
  if (!x->op || !x->times) return false;
  if (strcmp(x->op, "*") != 0 && !str_eq(c->op->name, str_c(x->op))) return false;
  if (x->skip > 0) {
    x->skip--;
    return false;
  }
  x->times--;
  return true;
}

static inline struct reply answer(const struct call *c, bool mutating) {
  if (mutating && point()) return lost();
  if (f->dead) return lost();
  f->mutating += mutating;
  size_t used = strlen(f->sent);
  if (mutating) snprintf(f->sent + used, sizeof f->sent - used, "%.*s ", SV(c->op->name));
  if (mutating && f->mutating == f->interrupt_at) f->interrupts += f->interrupt_twice ? 2 : 1;
  if (faulty(c)) {
    if (f->fault.executed) execute(c);
    struct reply r = {.err = QN_E_REMOTE,
                      .cls = f->fault.cls,
                      .code = str_c(f->fault.code),
                      .message = str_c(f->fault.message ? f->fault.message : f->fault.code)};
    r.maybe_executed = r.cls == EC_AMBIGUOUS || f->fault.executed;
    return r;
  }
  struct reply r = execute(c);
  return mutating && point() ? lost() : r;
}

static enum qn_err fake_call(void *user, bool mutating, const struct call *c, call_done_fn *done,
                             void *done_user) {
  (void)user;
  CHECK(mutating == !c->op->read_only);
  if (f->n_queue == CALLS) abort();
  struct str about = text_at(c->input, "VpcId");
  if (!about.n) about = text_at(c->input, "HostedZoneId");
  for (int i = 0; mutating && about.n && i < f->n_out; i++) f->overlaps += str_eq(f->out[i], about);
  if (mutating) f->out[f->n_out++] = str_dup(f->w.a, about);
  f->queue[f->n_queue++] = (struct pending){c->op, done, done_user, answer(c, mutating)};
  return QN_OK;
}

/* Answers come in the order of the calls; time passes when nothing else does. */
static size_t fake_poll(void *user, int timeout_ms, int wake_fd) {
  (void)user, (void)wake_fd;
  int n = f->n_queue;
  struct pending now[CALLS];
  memcpy(now, f->queue, sizeof now);
  f->n_queue = f->n_out = 0;
  f->clock += n ? 5 : timeout_ms + 1;
  if (!n) {
    f->clock += f->asleep;
    f->asleep = 0;
  }
  for (int i = 0; i < n; i++) {
    if (f->dead) now[i].reply = lost();
    now[i].done(now[i].user, &now[i].reply);
  }
  return (size_t)f->n_queue;
}
static void fake_cancel(void *user) {
  (void)user;
}
static const struct apply_calls fake_calls = {NULL, fake_call, fake_poll, fake_cancel};
static const struct apply_calls *kit_calls; /* instead of those; NULL: those */

/* ---- a store that dies ----------------------------------------------------------------------- */

struct mortal {
  struct store base;
  struct store *in;
};
static inline struct store *inner(struct store *st) {
  return ((struct mortal *)(void *)st)->in;
}
static enum qn_err d_lock(struct store *st, struct str holder, struct diags *d) {
  return inner(st)->ops->lock(inner(st), holder, d);
}
static void d_unlock(struct store *st) {
  inner(st)->ops->unlock(inner(st));
}
static bool d_busy(struct store *st) {
  return inner(st)->ops->busy(inner(st));
}
static enum qn_err d_list(struct store *st, struct arena *a, struct str **names, size_t *n) {
  return inner(st)->ops->list(inner(st), a, names, n);
}
static enum qn_err d_read(struct store *st, struct arena *a, struct str name, struct str *out) {
  return inner(st)->ops->read(inner(st), a, name, out);
}
static enum qn_err d_write(struct store *st, struct str name, struct str bytes) {
  return point() ? QN_E_IO : inner(st)->ops->write(inner(st), name, bytes);
}
static enum qn_err d_open(struct store *st, struct str name, size_t n) {
  return point() ? QN_E_IO : inner(st)->ops->append_open(inner(st), name, n);
}
static enum qn_err d_reserve(struct store *st, size_t n) {
  bool full = f->reserve_fails_at > 0 && --f->reserve_fails_at == 0;
  return f->dead || full ? QN_E_IO : inner(st)->ops->reserve(inner(st), n);
}
static enum qn_err d_append(struct store *st, struct str bytes) {
  if (f->dead) return QN_E_IO;
  if (!point()) return inner(st)->ops->append(inner(st), bytes);
  (void)!inner(st)->ops->append(inner(st), str_sub(bytes, 0, bytes.n / 2)); /* torn */
  return QN_E_IO;
}
static enum qn_err d_commit(struct store *st) {
  if (f->dead) return QN_E_IO;
  enum qn_err e = inner(st)->ops->commit(inner(st));
  return point() ? QN_E_IO : e; /* durable, but nobody was told */
}
static void d_append_close(struct store *st) {
  inner(st)->ops->append_close(inner(st));
}
static enum qn_err d_remove(struct store *st, struct str name) {
  return f->dead ? QN_E_IO : inner(st)->ops->remove(inner(st), name);
}
static enum qn_err d_keep(struct store *st, struct str name, struct str folder) {
  return inner(st)->ops->keep(inner(st), name, folder);
}
static void d_close(struct store *st) {
  inner(st)->ops->close(inner(st));
  free(st);
}
static const struct store_ops mortal_ops = {d_lock,         d_unlock, d_busy,    d_list,   d_read,
                                            d_write,        d_open,   d_reserve, d_append, d_commit,
                                            d_append_close, d_remove, d_keep,    d_close};

/* ---- one command ---------------------------------------------------------------------------- */

static int64_t fake_clock(void *user) {
  (void)user;
  return f->clock;
}

static inline void kit_open(void) {
  f = calloc(1, sizeof *f);
  world_open(&f->w);
  f->clock = 1000000;
  f->w.s.out.boot_ms = f->w.s.out.now_ms = fake_clock;
  memcpy(f->dir, "/tmp/quoin-apply-XXXXXX", 24);
  CHECK(mkdtemp(f->dir) != NULL);
}

static inline const char *kit_file(const char *name) {
  return str_fmt(f->w.a, "%s/%s", f->dir, name).p;
}

static inline void kit_clear(const char *dir) {
  DIR *d = opendir(dir);
  for (struct dirent *e; d && (e = readdir(d));)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      remove(str_fmt(f->w.a, "%s/%s", dir, e->d_name).p);
  if (d) closedir(d);
  remove(dir);
}

static inline void kit_end(void) {
  kit_clear(kit_file("state/pay/dev"));
  kit_clear(kit_file("state/pay"));
  kit_clear(kit_file("state"));
  kit_clear(f->dir);
  f->w.s.diags.n = f->w.s.diags.n_errors = 0;
  world_close(&f->w);
  free(f);
  f = NULL;
}

static inline struct graph *kit_graph(const char *resources) {
  struct session *s = ss();
  struct str text = str_fmt(
      f->w.a,
      "quoin: 1\nstack: pay\nenvironments:\n  dev: { region: us-east-1, account: \"123456789012\" }\n%s",
      resources);
  CHECK_INT(file_write_atomic(kit_file("quoin.yaml"), text, 0600, &s->diags), QN_OK);
  struct lang_types types;
  schema_lang_types(f->w.sc, s, &types);
  struct spec_options o = {
      .path = kit_file("quoin.yaml"), .types = &types, .modules_blob = blob_get(BLOB_MODULES)};
  struct compiled *c = ARENA_NEW(f->w.a, struct compiled);
  struct graph *g = NULL;
  if (spec_compile(s, &o, c) || graph_build(s, f->w.sc, c, &g)) {
    world_diags(&f->w);
    FAIL("spec compiles");
  }
  if (g) g->env.partition = session_sym(s, STR("aws"));
  return g;
}

struct outcome_of {
  enum qn_err settle, plan, apply;
  struct apply_result r;
  struct plan_counts counts;
  uint32_t settled;
  bool empty;
};

/* settle, plan without a live read, apply; spec NULL: destroy. */
static inline struct outcome_of kit_apply_with(const char *spec, struct apply_options *o, bool only_plan) {
  struct outcome_of out = {0};
  struct session *s = ss();
  struct graph *g = spec ? kit_graph(spec) : NULL;
  struct environment env = {.stack = session_sym(s, STR("pay")),
                            .name = session_sym(s, STR("dev")),
                            .region = session_sym(s, STR("us-east-1")),
                            .account = session_sym(s, STR("123456789012")),
                            .partition = session_sym(s, STR("aws"))};
  struct mortal *m = calloc(1, sizeof *m);
  struct state *st = NULL;
  m->base.ops = &mortal_ops;
  out.settle = store_local(s, kit_file("state"), STR("pay"), STR("dev"), false, &m->in);
  if (out.settle) {
    free(m);
    return out;
  }
  o->calls = kit_calls ? kit_calls : &fake_calls;
  o->wake_fd = -1;
  o->interrupts = &f->interrupts;
  struct plan p;
  struct plan_options po = {.destroy = !spec};
  out.settle = state_open(s, &m->base, ST_WRITE, &st);
  if (!out.settle) out.settle = apply_settle(s, st, f->w.p, NULL, &env, o, &out.settled);
  if (!out.settle) out.plan = plan_make(s, g, st, f->w.p, f->w.sc, NULL, NULL, &po, &env, &p);
  if (!out.settle && !out.plan) {
    out.counts = plan_count(&p);
    out.empty = plan_empty(&p);
    if (!only_plan) out.apply = apply_run(&p, st, f->w.p, NULL, o, &out.r);
  }
  if (st) state_close(st);
  m->base.ops->close(&m->base);
  return out;
}

static inline struct outcome_of kit_apply(const char *spec) {
  struct apply_options o = {0};
  return kit_apply_with(spec, &o, false);
}
static inline struct outcome_of kit_plan(const char *spec) {
  struct apply_options o = {0};
  return kit_apply_with(spec, &o, true);
}

#endif
