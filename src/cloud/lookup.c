/* Lookups: a table of kinds, the check of their arguments, and how each makes
 * its result of what AWS answers. */
#include "def.h"
#include "lookup_int.h"

enum { MAX_ARGS = 3, MAX_PAGES = 1000, MAX_SHOWN = 10 };

struct lookup_arg {
  const char *name;
  enum vkind kind; /* V_STR, or V_MAP of text */
  bool required;
};
struct look {
  struct question q;
  struct session *s;
  const struct lookup_kind *kind;
  const struct value *args; /* checked */
  struct span at;
};
struct lookup_kind {
  const char *name, *service, *operation;
  const char *any_of; /* what to say when no argument is given but one is needed */
  struct lookup_arg args[MAX_ARGS];
  enum qn_err (*make)(struct look *l, const struct value **out);
};

/* ---- asking ---------------------------------------------------------------- */

struct waiting {
  bool done;
  struct reply r;
};

static void on_reply(void *user, const struct reply *r) {
  struct waiting *w = user;
  w->done = true;
  w->r = *r;
}

enum qn_err question_ask(struct question *q, const char *service, const char *operation,
                         const struct value *input, struct reply *out) {
  struct waiting w = {0};
  struct call call = {.input = input, .region = q->region, .secret = q->secret};
  if (!wire_find_op(q->wire, str_c(service), str_c(operation), &call.op)) return QN_E_INVALID;
  enum qn_err e = cloud_read(q->rd, &call, on_reply, &w);
  if (e) return e;
  while (!w.done) (void)cloud_poll(q->c, 1000, -1);
  *out = w.r;
  return QN_OK;
}

struct str question_failed(struct question *q, const char *service, const char *operation,
                           const struct reply *r) {
  struct arena *a = &q->c->s->arena;
  if (r->cls == EC_CANCELLED) return STR("interrupted");
  const char *colon = r->code.n && r->message.n ? ": " : "";
  return str_fmt(a, "%s %s: %.*s%s%.*s", service, operation, SV(r->code), colon, SV(r->message));
}

bool question_said(const struct reply *r) {
  return r->cls == EC_CREDENTIALS;
}

const struct value *map_of(struct session *s, const char *key, const struct value *v) {
  struct member m = {.key = session_sym(s, str_c(key)), .value = v};
  return value_map(&s->arena, &m, 1);
}

static enum qn_err refused(struct look *l, const struct reply *r) {
  const struct lookup_kind *k = l->kind;
  if (question_said(r)) return QN_E_REMOTE;
  struct str why = question_failed(&l->q, k->service, k->operation, r);
  struct diag *g = diag_add(&l->s->diags, QN0784, l->at, "lookup \"%s\" failed: %.*s", k->name, SV(why));
  if (r->cls == EC_ACCESS_DENIED)
    diag_help(&l->s->diags, g, "the credentials need permission for %s:%s", k->service, k->operation);
  return QN_E_REMOTE;
}

/* All pages of the listing; *out: the elements of its list `member`. */
static enum qn_err list_all(struct look *l, const struct value *input, const char *member,
                            const struct value **out) {
  struct arena *a = &l->s->arena;
  const struct lookup_kind *k = l->kind;
  VEC(const struct value *) all = {0};
  const struct wire_op *op;
  const struct value *next = NULL;
  if (!wire_find_op(l->q.wire, str_c(k->service), str_c(k->operation), &op)) return QN_E_INVALID;
  for (int page = 0; page < MAX_PAGES; page++) {
    struct reply r;
    enum qn_err e = question_ask(&l->q, k->service, k->operation, input, &r);
    if (e) return e;
    if (r.err) return refused(l, &r);
    const struct value *items = value_get(l->s, r.output, str_c(member));
    for (uint32_t i = 0; value_is(items, V_LIST) && i < items->n; i++) VEC_PUSH(a, &all, items->items[i]);
    if (!page_after(l->s, a, op, r.output, &next)) return refused(l, &page_repeated);
    if (!next) {
      *out = value_list(a, all.v, all.n);
      return QN_OK;
    }
    input = page_input(l->s, a, op, input, next);
  }
  diag_add(&l->s->diags, QN0784, l->at, "lookup \"%s\" failed: %s %s goes on after %d pages", k->name,
           k->service, k->operation, MAX_PAGES);
  return QN_E_REMOTE;
}

/* ---- filters and answers of EC2 ----------------------------------------------- */

typedef VEC(const struct value *) filters;

static struct str text_at(struct look *l, const struct value *map, const char *key) {
  const struct value *v = value_get(l->s, map, str_c(key));
  return value_is(v, V_STR) ? value_text(v) : (struct str){0};
}

static void add_filter(struct look *l, filters *f, struct str name, struct str value) {
  struct arena *a = &l->s->arena;
  const struct value *text = value_str(a, value);
  struct member m[] = {
      {.key = session_sym(l->s, STR("Name")), .value = value_str(a, name)},
      {.key = session_sym(l->s, STR("Values")), .value = value_list(a, &text, 1)},
  };
  VEC_PUSH(a, f, value_map(a, m, 2));
}

static void filter_tags(struct look *l, filters *f) {
  const struct value *tags = value_get(l->s, l->args, STR("tags"));
  for (uint32_t i = 0; value_is(tags, V_MAP) && i < tags->n; i++) {
    struct str value;
    if (!value_to_text(&l->s->arena, tags->members[i].value, &value)) continue; /* checked */
    struct str key = session_str(l->s, tags->members[i].key);
    add_filter(l, f, str_fmt(&l->s->arena, "tag:%.*s", SV(key)), value);
  }
}

static const struct value *filtered(struct look *l, const filters *f) {
  return map_of(l->s, "Filters", value_list(&l->s->arena, f->v, f->n));
}

static struct str tag_of(struct look *l, const struct value *object, struct str key, bool *found) {
  const struct value *tags = value_get(l->s, object, STR("Tags"));
  *found = false;
  for (uint32_t i = 0; value_is(tags, V_LIST) && i < tags->n; i++) {
    if (!str_eq(text_at(l, tags->items[i], "Key"), key)) continue;
    *found = true;
    return text_at(l, tags->items[i], "Value");
  }
  return (struct str){0};
}

/* EC2's filters know wildcards (* and ?), tags in a spec do not: what matched is compared once more. */
static bool has_tags(struct look *l, const struct value *object) {
  const struct value *tags = value_get(l->s, l->args, STR("tags"));
  for (uint32_t i = 0; value_is(tags, V_MAP) && i < tags->n; i++) {
    bool found;
    struct str want, have = tag_of(l, object, session_str(l->s, tags->members[i].key), &found);
    if (!value_to_text(&l->s->arena, tags->members[i].value, &want)) continue;
    if (!found || !str_eq(want, have)) return false;
  }
  return true;
}

static int by_value(const void *a, const void *b, void *user) {
  return value_cmp(user, *(const struct value *const *)a, *(const struct value *const *)b);
}

/* The texts `member` of the elements, sorted. */
static const struct value *sorted_texts(struct look *l, const struct value *list, const char *member) {
  struct arena *a = &l->s->arena;
  VEC(const struct value *) texts = {0};
  for (uint32_t i = 0; i < list->n; i++) {
    struct str t = text_at(l, list->items[i], member);
    if (t.n && has_tags(l, list->items[i])) VEC_PUSH(a, &texts, value_str(a, t));
  }
  if (texts.n) sort_stable(a, texts.v, texts.n, sizeof *texts.v, by_value, l->s);
  return value_list(a, texts.v, texts.n);
}

/* ---- the kinds ------------------------------------------------------------------- */

static enum qn_err make_caller(struct look *l, const struct value **out) {
  struct str text[3];
  static const char *const names[] = {"account", "arn", "partition"};
  enum qn_err e = cloud_identity(l->q.rd, &text[0], &text[1], &text[2]);
  if (e) return e;
  struct member m[3];
  for (size_t i = 0; i < 3; i++)
    m[i] =
        (struct member){.key = session_sym(l->s, str_c(names[i])), .value = value_str(&l->s->arena, text[i])};
  *out = value_map(&l->s->arena, m, 3);
  return QN_OK;
}

static enum qn_err make_zones(struct look *l, const struct value **out) {
  filters f = {0};
  const struct value *found;
  add_filter(l, &f, STR("state"), STR("available"));
  add_filter(l, &f, STR("zone-type"), STR("availability-zone"));
  enum qn_err e = list_all(l, filtered(l, &f), "AvailabilityZones", &found);
  if (!e) *out = sorted_texts(l, found, "ZoneName");
  return e;
}

static enum qn_err make_subnets(struct look *l, const struct value **out) {
  filters f = {0};
  const struct value *found;
  add_filter(l, &f, STR("vpc-id"), text_at(l, l->args, "vpc"));
  filter_tags(l, &f);
  enum qn_err e = list_all(l, filtered(l, &f), "Subnets", &found);
  if (e) return e;
  const struct value *ids = sorted_texts(l, found, "SubnetId");
  if (ids->n) {
    *out = ids;
    return QN_OK;
  }
  struct diag *g =
      diag_add(&l->s->diags, QN0783, l->at, "lookup \"aws.subnets\": no subnet of %.*s in %.*s matches",
               SV(text_at(l, l->args, "vpc")), SV(session_str(l->s, l->q.region)));
  diag_help(&l->s->diags, g, "check the id of the VPC, the tags and the region");
  return QN_E_INVALID;
}

static int by_vpc(const void *a, const void *b, void *user) {
  struct look *l = user;
  return str_cmp(text_at(l, *(const struct value *const *)a, "VpcId"),
                 text_at(l, *(const struct value *const *)b, "VpcId"));
}

static void note_vpcs(struct look *l, struct diag *g, const char *head, const struct value *list) {
  struct arena *a = &l->s->arena;
  struct str words = str_c(head);
  const struct value **v = ARENA_ARRAY(a, list->n, const struct value *);
  for (uint32_t i = 0; i < list->n; i++) v[i] = list->items[i];
  if (list->n) sort_stable(a, v, list->n, sizeof *v, by_vpc, l);
  for (uint32_t i = 0; i < list->n && i < MAX_SHOWN; i++) {
    bool named;
    struct str name = tag_of(l, v[i], STR("Name"), &named);
    words = str_fmt(a, "%.*s%s %.*s (%.*s%s%.*s)", SV(words), i ? "," : "", SV(text_at(l, v[i], "VpcId")),
                    SV(text_at(l, v[i], "CidrBlock")), named ? ", Name = " : "", SV(name));
  }
  if (list->n > MAX_SHOWN) words = str_fmt(a, "%.*s, and %u more", SV(words), list->n - MAX_SHOWN);
  diag_note(&l->s->diags, g, SPAN_NONE, "%.*s%s", SV(words), list->n ? "" : " none");
}

static enum qn_err not_one_vpc(struct look *l, const struct value *found) {
  struct str region = session_str(l->s, l->q.region);
  if (found->n) {
    struct diag *g = diag_add(&l->s->diags, QN0783, l->at,
                              "lookup \"aws.vpc\": %u VPCs in %.*s match, one must", found->n, SV(region));
    note_vpcs(l, g, "found:", found);
    diag_help(&l->s->diags, g, "add a tag, or name the VPC by its id");
    return QN_E_INVALID;
  }
  const struct value *all;
  enum qn_err e = list_all(l, value_map(&l->s->arena, NULL, 0), "Vpcs", &all);
  if (e) return e;
  struct diag *g =
      diag_add(&l->s->diags, QN0783, l->at, "lookup \"aws.vpc\": no VPC in %.*s matches", SV(region));
  note_vpcs(l, g, "VPCs there:", all);
  diag_help(&l->s->diags, g, "check the arguments, the region and the account");
  return QN_E_INVALID;
}

static enum qn_err make_vpc(struct look *l, const struct value **out) {
  static const char *const by[][2] = {{"id", "vpc-id"}, {"cidr", "cidr"}};
  struct arena *a = &l->s->arena;
  filters f = {0};
  for (size_t i = 0; i < 2; i++) {
    struct str v = text_at(l, l->args, by[i][0]);
    if (v.n) add_filter(l, &f, str_c(by[i][1]), v);
  }
  filter_tags(l, &f);
  const struct value *listed;
  enum qn_err e = list_all(l, filtered(l, &f), "Vpcs", &listed);
  if (e) return e;
  VEC(const struct value *) fit = {0};
  for (uint32_t i = 0; i < listed->n; i++)
    if (has_tags(l, listed->items[i])) VEC_PUSH(a, &fit, listed->items[i]);
  if (fit.n != 1) return not_one_vpc(l, value_list(a, fit.v, fit.n));
  struct member m[] = {
      {.key = session_sym(l->s, STR("VpcId")), .value = value_str(a, text_at(l, fit.v[0], "VpcId"))},
      {.key = session_sym(l->s, STR("CidrBlock")), .value = value_str(a, text_at(l, fit.v[0], "CidrBlock"))},
  };
  *out = value_map(a, m, 2);
  return QN_OK;
}

static enum qn_err make_parameter(struct look *l, const struct value **out) {
  struct str name = text_at(l, l->args, "name");
  struct reply r;
  enum qn_err e = question_ask(&l->q, l->kind->service, l->kind->operation,
                               map_of(l->s, "Name", value_str(&l->s->arena, name)), &r);
  if (e) return e;
  if (r.err && str_eq(r.code, STR("ParameterNotFound"))) {
    struct diag *g = diag_add(&l->s->diags, QN0783, l->at,
                              "lookup \"aws.ssm_parameter\": there is no parameter %.*s in %.*s", SV(name),
                              SV(session_str(l->s, l->q.region)));
    diag_help(&l->s->diags, g, "names are case-sensitive and those in a hierarchy start with /");
    return QN_E_INVALID;
  }
  if (r.err) return refused(l, &r);
  const struct value *p = value_get(l->s, r.output, STR("Parameter"));
  if (str_eq(text_at(l, p, "Type"), STR("SecureString"))) {
    struct diag *g = diag_add(&l->s->diags, QN0785, l->at,
                              "the parameter %.*s is encrypted: a lookup would show it", SV(name));
    diag_help(&l->s->diags, g, "write secret(\"ssm:%.*s\")", SV(name));
    return QN_E_INVALID;
  }
  *out = value_str(&l->s->arena, text_at(l, p, "Value"));
  return QN_OK;
}

static const struct lookup_kind kinds[] = {
    {.name = "aws.caller", .service = "sts", .operation = "GetCallerIdentity", .make = make_caller},
    {.name = "aws.ssm_parameter",
     .service = "ssm",
     .operation = "GetParameter",
     .args = {{"name", V_STR, true}},
     .make = make_parameter},
    {.name = "aws.subnets",
     .service = "ec2",
     .operation = "DescribeSubnets",
     .args = {{"vpc", V_STR, true}, {"tags", V_MAP, false}},
     .make = make_subnets},
    {.name = "aws.vpc",
     .service = "ec2",
     .operation = "DescribeVpcs",
     .any_of = "id, cidr or tags",
     .args = {{"id", V_STR, false}, {"cidr", V_STR, false}, {"tags", V_MAP, false}},
     .make = make_vpc},
    {.name = "aws.zones", .service = "ec2", .operation = "DescribeAvailabilityZones", .make = make_zones},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* ---- checking the arguments -------------------------------------------------------- */

static const struct lookup_kind *kind_of(struct session *s, struct str name, struct span at) {
  struct str names[N_KINDS], listed = {0};
  for (size_t i = 0; i < N_KINDS; i++) {
    names[i] = str_c(kinds[i].name);
    if (str_eq(name, names[i])) return &kinds[i];
    listed = str_fmt(&s->arena, "%.*s%s%s", SV(listed), i ? ", " : "", kinds[i].name);
  }
  struct diag *g = diag_add(&s->diags, QN0780, at, "there is no lookup \"%.*s\"", SV(name));
  struct str near = diag_nearest(name, names, N_KINDS);
  if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
  else
    diag_help(&s->diags, g, "lookups: %.*s", SV(listed));
  return NULL;
}

static bool tags_ok(const struct value *v) {
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *x = v->members[i].value;
    if (!value_is(x, V_STR) && !value_is(x, V_INT) && !value_is(x, V_DEC) && !value_is(x, V_BOOL))
      return false;
  }
  return v->n > 0;
}

static enum qn_err check_known(struct session *s, const struct lookup_kind *k, const struct value *args,
                               struct span at) {
  struct str names[MAX_ARGS], listed = {0};
  size_t n = 0;
  enum qn_err e = QN_OK;
  for (; n < MAX_ARGS && k->args[n].name; n++) {
    names[n] = str_c(k->args[n].name);
    listed = str_fmt(&s->arena, "%.*s%s%s", SV(listed), n ? ", " : "", k->args[n].name);
  }
  for (uint32_t i = 0; i < args->n; i++) {
    struct str key = session_str(s, args->members[i].key);
    bool known = false;
    for (size_t j = 0; j < n; j++) known |= str_eq(key, names[j]);
    if (known) continue;
    e = QN_E_INVALID;
    struct diag *g =
        diag_add(&s->diags, QN0781, at, "lookup \"%s\" has no argument \"%.*s\"", k->name, SV(key));
    struct str near = diag_nearest(key, names, n);
    if (near.n)
      diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
    else if (n)
      diag_help(&s->diags, g, "arguments: %.*s", SV(listed));
    else
      diag_help(&s->diags, g, "write lookup(\"%s\")", k->name);
  }
  return e;
}

static enum qn_err check_args(struct session *s, const struct lookup_kind *k, const struct value *args,
                              struct span at) {
  enum qn_err e = check_known(s, k, args, at);
  size_t given = 0;
  for (size_t i = 0; i < MAX_ARGS && k->args[i].name; i++) {
    const struct lookup_arg *a = &k->args[i];
    const struct value *v = value_get(s, args, str_c(a->name));
    const char *want = a->kind == V_STR ? "text" : "a map of text with at least one tag";
    if (!value_is_null(v)) given++;
    if (value_is_null(v) && !a->required) continue;
    if (value_is(v, a->kind) && (a->kind == V_STR ? v->n > 0 : tags_ok(v))) continue;
    e = QN_E_INVALID;
    if (value_is_null(v))
      diag_add(&s->diags, QN0782, at, "lookup \"%s\" needs the argument \"%s\": %s", k->name, a->name, want);
    else
      diag_add(&s->diags, QN0782, at, "argument \"%s\" of lookup \"%s\" must be %s", a->name, k->name, want);
  }
  if (!e && k->any_of && !given) {
    diag_add(&s->diags, QN0782, at, "lookup \"%s\" needs one of the arguments %s", k->name, k->any_of);
    e = QN_E_INVALID;
  }
  return e;
}

enum qn_err lookup_check(struct session *s, struct str kind, const struct value *args, struct span at) {
  const struct lookup_kind *k = kind_of(s, kind, at);
  if (!k) return QN_E_INVALID;
  return check_args(s, k, value_is(args, V_MAP) ? args : value_map(&s->arena, NULL, 0), at);
}

enum qn_err cloud_lookup(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str kind,
                         const struct value *args, sym region, struct span at, const struct value **out) {
  struct session *s = c->s;
  const struct lookup_kind *k = kind_of(s, kind, at);
  if (!k) return QN_E_INVALID;
  struct look l = {.q = {rd, c, wire, region, false}, .s = s, .kind = k, .args = args, .at = at};
  if (!value_is(args, V_MAP)) l.args = value_map(&s->arena, NULL, 0);
  enum qn_err e = check_args(s, k, l.args, at);
  return e ? e : k->make(&l, out);
}
