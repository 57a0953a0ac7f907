/* The simulated cloud: its objects, what calls do to them, and faults from a seed. */
#include "sandbox_int.h"

#include <signal.h>
#include <unistd.h>

enum { READ_MS = 60, THROTTLED_MS = 400 };

/* ---- operations ------------------------------------------------------------------------- */
static const struct wire_service service = {.index = UINT32_MAX, .id = {"sandbox", 7}};
#define OP(verb, text, reads)                                                                                \
  [verb] = {.index = verb, .service = &service, .name = {text, sizeof text - 1}, .read_only = reads}
static const struct wire_op ops[SB_VERBS] = {OP(SB_CREATE, "Create", false), OP(SB_UPDATE, "Update", false),
                                             OP(SB_DELETE, "Delete", false), OP(SB_READ, "Read", true),
                                             OP(SB_FIND, "Find", true)};
#undef OP

const struct wire_op *sandbox_op(enum sandbox_verb v) {
  return &ops[v];
}

/* ---- objects ---------------------------------------------------------------------------------- */
static struct str key3(struct arena *a, struct str x, struct str y, struct str z) {
  return str_fmt(a, "%.*s\n%.*s\n%.*s", SV(x), SV(y), SV(z));
}

/* Global services know no regions. */
static struct str region_of(const struct def *d, struct str region) {
  return d->svc->global_endpoint ? STR("") : region;
}

struct sobject *sandbox_find(struct sandbox *sb, const struct def *d, struct str region, struct str id) {
  struct str key = key3(&sb->tmp, d->type, region_of(d, region), id);
  const uint32_t *at = map_get(&sb->by_id, key);
  return at && !sb->o.v[*at].gone ? &sb->o.v[*at] : NULL;
}

/* The name that no two objects of a region share, beside the identity. */
static struct str unique_name(struct sandbox *sb, const struct sobject *o) {
  struct str p = o->def->info.name_property;
  const struct value *v = p.n ? value_get(sb->s, o->props, p) : NULL;
  const struct value *in = p.n ? value_get(sb->s, o->props, STR("VpcId")) : NULL;
  if (!value_is(v, V_STR)) return STR("");
  return key3(&sb->a, o->type, region_of(o->def, o->region),
              value_is(in, V_STR) ? str_fmt(&sb->a, "%.*s\n%.*s", SV(value_text(in)), SV(value_text(v)))
                                  : value_text(v));
}

size_t sandbox_place(struct sandbox *sb, size_t at, const struct sobject *o) {
  if (at == SIZE_MAX) {
    at = sb->o.n;
    VEC_PUSH(&sb->a, &sb->o, *o);
    map_put(&sb->a, &sb->by_id, key3(&sb->a, o->type, region_of(o->def, o->region), o->id), (uint32_t)at);
    map_put(&sb->a, &sb->by_token, key3(&sb->a, o->type, STR(""), o->token), (uint32_t)at);
  } else {
    sandbox_count_refs(sb, &sb->o.v[at], REF_DROP);
    sandbox_count_handles(sb, &sb->o.v[at], REF_DROP);
    sb->o.v[at] = *o;
  }
  struct str name = unique_name(sb, o);
  if (name.n) map_put(&sb->a, &sb->taken, name, (uint32_t)at + 1);
  sandbox_count_refs(sb, o, REF_ADD);
  sandbox_count_handles(sb, o, REF_ADD);
  return at;
}

void sandbox_remove(struct sandbox *sb, size_t at) {
  struct sobject *o = &sb->o.v[at];
  struct str name = unique_name(sb, o);
  if (name.n) map_put(&sb->a, &sb->taken, name, 0);
  sandbox_count_refs(sb, o, REF_DROP);
  sandbox_count_handles(sb, o, REF_DROP);
  o->gone = true;
}

/* ---- answers ----------------------------------------------------------------------------------- */
static const struct value *pair(struct sandbox *sb, const char *k1, const struct value *v1, const char *k2,
                                const struct value *v2) {
  struct member m[2] = {{.key = session_sym(sb->s, str_c(k1)), .value = v1},
                        {.key = session_sym(sb->s, str_c(k2)), .value = v2}};
  return value_map(&sb->s->arena, m, 2);
}

static void described(struct sandbox *sb, const struct sobject *o, struct reply *out) {
  out->output = pair(sb, "Identity", o->identity, "Attributes", o->attributes);
}

static void refuse(struct reply *out, struct str code, struct str message) {
  *out =
      (struct reply){.err = QN_E_REMOTE, .cls = EC_CLIENT, .status = 400, .code = code, .message = message};
}

/* Written first, then true: a file that cannot be written is an error of the service, nothing has happened.
 */
static bool keep(struct sandbox *sb, size_t at, const struct sobject *o, struct reply *out) {
  if (sandbox_write(sb, o)) {
    *out = (struct reply){.err = QN_E_REMOTE,
                          .cls = EC_CLIENT,
                          .status = 500,
                          .code = STR("SandboxNotWritable"),
                          .message = str_fmt(&sb->s->arena, "%.*s cannot be written", SV(sb->file))};
    return false;
  }
  if (o->gone)
    sandbox_remove(sb, at);
  else
    sandbox_place(sb, at, o);
  return true;
}

/* ---- calls ---------------------------------------------------------------------------------------- */
struct asked {
  struct sandbox *sb;
  const struct value *in;
  const struct def *def;
  struct str region;
};

static const struct value *arg(const struct asked *q, const char *name) {
  return value_get(q->sb->s, q->in, str_c(name));
}

static struct str text_arg(const struct asked *q, const char *name) {
  const struct value *v = arg(q, name);
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

static bool reference_gone(const struct asked *q, const struct value *props, struct reply *out) {
  struct str bad = sandbox_dangling(q->sb, q->def, props);
  if (bad.n) refuse(out, STR("NotFound"), bad);
  return bad.n > 0;
}

static void exists(const struct asked *q, const struct sobject *there, struct reply *out) {
  struct str by =
      there->address.n ? str_fmt(&q->sb->s->arena, "; it was made for %.*s", SV(there->address)) : STR("");
  refuse(out, STR("AlreadyExists"), str_fmt(&q->sb->s->arena, "%.*s exists%.*s", SV(there->id), SV(by)));
}

static void do_create(const struct asked *q, struct reply *out) {
  struct sandbox *sb = q->sb;
  struct str token = str_dup(&sb->a, text_arg(q, "Token"));
  const uint32_t *known = map_get(&sb->by_token, key3(&sb->tmp, q->def->type, STR(""), token));
  if (known && !sb->o.v[*known].gone) { /* the same create again */
    described(sb, &sb->o.v[*known], out);
    return;
  }
  struct op_scope sc = {.address = session_sym(sb->s, text_arg(q, "Address")),
                        .region = session_sym(sb->s, q->region),
                        .account = session_sym(sb->s, sb->account),
                        .partition = session_sym(sb->s, sb->partition),
                        .uid = token,
                        .new_props = sandbox_mask(sb, arg(q, "Properties")), /* copies: the call ends */
                        .tags = sandbox_mask(sb, arg(q, "Tags"))};
  struct sobject o = {.type = q->def->type,
                      .def = q->def,
                      .region = q->region,
                      .token = token,
                      .address = session_str(sb->s, sc.address)};
  if (reference_gone(q, sc.new_props, out)) return;
  if (!sandbox_make(sb, &sc, &o)) {
    refuse(out, STR("SandboxUnable"), STR("the definition does not say what identifies the object"));
    return;
  }
  const struct sobject *there = sandbox_find(sb, q->def, q->region, o.id);
  struct str name = unique_name(sb, &o);
  const uint32_t *taken = name.n ? map_get(&sb->taken, name) : NULL;
  if (taken && *taken && !there) there = &sb->o.v[*taken - 1];
  if (there) {
    exists(q, there, out);
    return;
  }
  if (keep(sb, SIZE_MAX, &o, out)) described(sb, &o, out);
}

static void do_update(const struct asked *q, struct sobject *o, struct reply *out) {
  struct sandbox *sb = q->sb;
  struct sobject now = *o;
  const struct value *set = arg(q, "Set"), *gone = arg(q, "Remove");
  if (reference_gone(q, set, out)) return;
  for (uint32_t i = 0; value_is(gone, V_LIST) && i < gone->n; i++)
    now.props = value_put(&sb->a, now.props, session_sym(sb->s, value_text(gone->items[i])), NULL);
  const struct value *masked = sandbox_mask(sb, set);
  for (uint32_t i = 0; value_is(masked, V_MAP) && i < masked->n; i++)
    now.props = value_put(&sb->a, now.props, masked->members[i].key, masked->members[i].value);
  struct op_scope sc = {.new_props = masked, .live = o->props, .tags = sandbox_mask(sb, arg(q, "Tags"))};
  struct denv e = {.s = sb->s, .a = &sb->a, .d = q->def, .sc = &sc};
  struct str tags = q->def->info.tag_property;
  if (tags.n) now.props = value_put(&sb->a, now.props, session_sym(sb->s, tags), sandbox_tags(&e, now.props));
  if (keep(sb, (size_t)(o - sb->o.v), &now, out)) described(sb, &now, out);
}

static void do_delete(const struct asked *q, struct sobject *o, struct reply *out) {
  const struct sobject *by = sandbox_referrer(q->sb, o);
  if (by) {
    struct arena *a = &q->sb->s->arena;
    refuse(out, STR("DependencyViolation"),
           str_fmt(a, "%.*s is used by %.*s %.*s", SV(o->id), SV(by->type), SV(by->id)));
    return;
  }
  struct sobject now = *o;
  now.gone = true;
  if (keep(q->sb, (size_t)(o - q->sb->o.v), &now, out)) out->output = value_map(&q->sb->s->arena, NULL, 0);
}

static const struct value *live_of(struct sandbox *sb, const struct sobject *o) {
  struct arena *a = &sb->s->arena;
  uint32_t n = o->attributes->n + o->props->n + o->identity->n, k = 0;
  struct member *m = ARENA_ARRAY(a, n ? n : 1, struct member);
  const struct value *parts[3] = {o->props, o->attributes, o->identity};
  for (int p = 0; p < 3; p++)
    for (uint32_t i = 0; i < parts[p]->n; i++) {
      struct str name = session_str(sb->s, parts[p]->members[i].key);
      bool had = p && value_member(o->props, parts[p]->members[i].key);
      if (p == 2) had |= value_member(o->attributes, parts[p]->members[i].key) != NULL;
      if (!had && schema_child(o->def->sc, o->def->st.root, name)) m[k++] = parts[p]->members[i];
    }
  return value_map(a, m, k);
}

static void do_read(const struct asked *q, struct reply *out) {
  struct sandbox *sb = q->sb;
  const struct value *ids = arg(q, "Ids");
  uint32_t n = value_is(ids, V_LIST) ? ids->n : 0, k = 0;
  struct member *m = ARENA_ARRAY(&sb->s->arena, n ? n : 1, struct member);
  for (uint32_t i = 0; i < n; i++) {
    const struct sobject *o = sandbox_find(sb, q->def, q->region, value_text(ids->items[i]));
    if (o) m[k++] = (struct member){.key = session_sym(sb->s, o->id), .value = live_of(sb, o)};
  }
  struct member items = {.key = session_sym(sb->s, STR("Items")), .value = value_map(&sb->s->arena, m, k)};
  out->output = value_map(&sb->s->arena, &items, 1);
}

static void do_find(const struct asked *q, struct reply *out) {
  struct sandbox *sb = q->sb;
  const uint32_t *at = map_get(&sb->by_token, key3(&sb->tmp, q->def->type, STR(""), text_arg(q, "Token")));
  if (at && !sb->o.v[*at].gone)
    described(sb, &sb->o.v[*at], out);
  else
    out->output = value_map(&sb->s->arena, NULL, 0);
}

static void carry_out(struct sandbox *sb, const struct call *call, struct reply *out) {
  struct asked q = {.sb = sb, .in = call->input, .region = session_str(sb->s, call->region)};
  q.def = provider_find(sb->p, text_arg(&q, "Type"));
  enum sandbox_verb v = (enum sandbox_verb)call->op->index;
  if (v == SB_CREATE) do_create(&q, out);
  if (v == SB_READ) do_read(&q, out);
  if (v == SB_FIND) do_find(&q, out);
  if (v != SB_UPDATE && v != SB_DELETE) return;
  struct sobject *o = sandbox_find(sb, q.def, q.region, text_arg(&q, "Id"));
  if (!o) {
    struct arena *a = &sb->s->arena;
    refuse(out, STR("NotFound"),
           str_fmt(a, "there is no %.*s %.*s", SV(q.def->type), SV(text_arg(&q, "Id"))));
  } else if (v == SB_UPDATE) {
    do_update(&q, o, out);
  } else {
    do_delete(&q, o, out);
  }
}

/* ---- faults ------------------------------------------------------------------------------------------- */
/* splitmix64: the same seed and the same calls give the same faults. */
static double draw(struct sandbox *sb) {
  uint64_t z = (sb->random += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static uint32_t typical(struct sandbox *sb, const struct call *call) {
  const struct value *type = value_get(sb->s, call->input, STR("Type"));
  const struct def *d = value_is(type, V_STR) ? provider_find(sb->p, value_text(type)) : NULL;
  if (call->op->read_only || !d) return READ_MS;
  return call->op->index == SB_CREATE ? d->info.typical_ms : d->info.typical_ms / 2;
}

static void crash(struct sandbox *sb) {
  if (sb->crash > 0 && draw(sb) < sb->crash) (void)kill(getpid(), SIGKILL);
}

void sandbox_call(struct sandbox *sb, const struct call *call, struct reply *out, uint32_t *delay_ms) {
  *out = (struct reply){.err = QN_OK, .cls = EC_NONE, .status = 200, .attempts = 1, .maybe_executed = true};
  arena_reset(&sb->tmp);
  *delay_ms = sb->latency > 0 ? (uint32_t)(sb->latency * typical(sb, call)) : 0;
  while (sb->throttle > 0 && draw(sb) < sb->throttle && out->attempts < 10) {
    *delay_ms += THROTTLED_MS;
    out->attempts++;
  }
  if (call->op->service != &service) {
    sandbox_answer(sb, call, out);
    return;
  }
  if (!call->op->read_only) crash(sb);
  carry_out(sb, call, out);
  if (!call->op->read_only) crash(sb);
}

/* ---- opening ------------------------------------------------------------------------------------------- */
static bool take_share(struct str text, double most, double *out) {
  char z[32], *end;
  if (!text.n || text.n >= sizeof z) return false;
  memcpy(z, text.p, text.n);
  z[text.n] = 0;
  *out = strtod(z, &end);
  return !*end && *out >= 0 && *out <= most;
}

static enum qn_err take_faults(struct sandbox *sb, struct str rest) {
  const struct {
    const char *name;
    double most, *at;
  } known[] = {{"latency", 1000, &sb->latency}, {"throttle", 0.9, &sb->throttle}, {"crash", 1, &sb->crash}};
  while (rest.n) {
    struct str one, name;
    rest = str_cut(rest, ',', &one);
    struct str value = str_cut(one, '=', &name);
    int64_t seed;
    bool ok = str_eq(name, STR("seed")) && str_to_i64(value, &seed);
    if (ok) sb->random = (uint64_t)seed;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
      if (str_eq(name, str_c(known[i].name))) ok = take_share(value, known[i].most, known[i].at);
    if (ok) continue;
    struct diag *g =
        diag_add(&sb->s->diags, QN0741, SPAN_NONE, "\"%.*s\" is no fault of the sandbox", SV(one));
    diag_help(&sb->s->diags, g, "for example latency=0.1,throttle=0.2,crash=0.01,seed=7");
    return QN_E_INVALID;
  }
  return QN_OK;
}

enum qn_err sandbox_open(struct session *s, struct providers *p, const struct sandbox_options *o,
                         struct sandbox **out) {
  struct sandbox *sb = ARENA_NEW(&s->arena, struct sandbox);
  arena_init(&sb->a);
  arena_init(&sb->tmp);
  sb->s = s, sb->p = p, sb->fd = -1;
  sb->file = str_dup(&s->arena, str_c(o->file));
  sb->account = o->account, sb->partition = o->partition;
  enum qn_err e = take_faults(sb, str_c(o->faults));
  if (!e) e = sandbox_load(sb);
  if (e) {
    sandbox_close(sb);
    return e;
  }
  providers_use_sandbox(p);
  *out = sb;
  return QN_OK;
}

void sandbox_close(struct sandbox *sb) {
  if (!sb) return;
  if (sb->fd >= 0) close(sb->fd);
  arena_release(&sb->a);
  arena_release(&sb->tmp);
}

void sandbox_identity(const struct sandbox *sb, struct str *account, struct str *arn) {
  *account = sb->account;
  *arn = str_fmt(&sb->s->arena, "arn:%.*s:sts::%.*s:assumed-role/sandbox/quoin", SV(sb->partition),
                 SV(sb->account));
}

/* ---- behind quoin's back ------------------------------------------------------------------------------ */
size_t sandbox_objects(const struct sandbox *sb, struct arena *a, struct sandbox_object **out) {
  size_t n = 0;
  *out = ARENA_ARRAY(a, sb->o.n ? sb->o.n : 1, struct sandbox_object);
  for (size_t i = 0; i < sb->o.n; i++) {
    const struct sobject *o = &sb->o.v[i];
    if (o->gone) continue;
    (*out)[n++] = (struct sandbox_object){o->type, o->region, o->id, o->address, o->props, o->attributes};
  }
  return n;
}

static struct sobject *object_of(struct sandbox *sb, struct str type, struct str id) {
  for (size_t i = 0; i < sb->o.n; i++) {
    struct sobject *o = &sb->o.v[i];
    if (!o->gone && str_eq(o->type, type) && str_eq(o->id, id)) return o;
  }
  return NULL;
}

enum qn_err sandbox_change(struct sandbox *sb, struct str type, struct str id, struct str path,
                           const struct value *v) {
  struct sobject *o = object_of(sb, type, id);
  struct mpath p;
  struct reply r = {0};
  if (!o) return QN_E_NOTFOUND;
  enum qn_err e = mpath_parse(sb->s, path, SPAN_NONE, &p);
  if (e) return e;
  struct sobject now = *o;
  now.props = mpath_set(sb->s, &sb->a, o->props, &p, v ? v : value_null());
  return keep(sb, (size_t)(o - sb->o.v), &now, &r) ? QN_OK : QN_E_IO;
}

enum qn_err sandbox_delete(struct sandbox *sb, struct str type, struct str id) {
  struct sobject *o = object_of(sb, type, id);
  struct reply r = {0};
  if (!o) return QN_E_NOTFOUND;
  struct sobject now = *o;
  now.gone = true;
  return keep(sb, (size_t)(o - sb->o.v), &now, &r) ? QN_OK : QN_E_IO;
}
