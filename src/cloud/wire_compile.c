/* Build time: modules/providers/aws/<service>/wire.json to the blob of wire_format.h. */
#include "quoin/embed.h"
#include "quoin/value.h"
#include "quoin/vec.h"
#include "quoin/wire.h"
#include "wire_format.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)

struct build {
  struct session *s;
  struct arena *a;
  struct span at; /* the file in hand */
  struct buf text;
  struct map texts;         /* text -> offset */
  struct map shapes;        /* shape name of the service in hand -> index */
  const struct value *json; /* `shapes` of the service in hand */
  bool capitals;            /* EC2's query names */
  bool failed;
  VEC(struct wb_service) services;
  VEC(struct wb_op) ops;
  VEC(struct wb_shape) shape;
  VEC(struct wb_ref) refs;
  VEC(struct wb_str) lists;
  VEC(uint32_t) orders;
};

static void wrong(struct build *b, const char *what, struct str where) {
  diag_add(&b->s->diags, QN0900, b->at, "wire model: %s: %.*s", what, SV(where));
  b->failed = true;
}

static struct wb_str put_text(struct build *b, struct str t) {
  uint32_t *known = map_get(&b->texts, t);
  if (known) return (struct wb_str){*known};
  uint32_t at = (uint32_t)b->text.n;
  uint16_t n = (uint16_t)t.n;
  if (t.n > UINT16_MAX) wrong(b, "text is too long", str_sub(t, 0, 40));
  buf_add(&b->text, (struct str){(const char *)&n, sizeof n});
  buf_add(&b->text, str_sub(t, 0, n));
  map_put(b->a, &b->texts, t, at);
  return (struct wb_str){at};
}

static struct str text_of(const struct build *b, struct wb_str t) {
  uint16_t n;
  memcpy(&n, b->text.p + t.at, sizeof n);
  return (struct str){b->text.p + t.at + sizeof n, n};
}

static const struct value *get(const struct build *b, const struct value *map, const char *key) {
  return value_get(b->s, map, str_c(key));
}

static struct str get_text(const struct build *b, const struct value *map, const char *key) {
  const struct value *v = get(b, map, key);
  return value_is(v, V_STR) ? value_text(v) : (struct str){NULL, 0};
}

static bool get_flag(const struct build *b, const struct value *map, const char *key) {
  const struct value *v = get(b, map, key);
  return value_is(v, V_BOOL) && v->b;
}

struct word {
  const char *name;
  uint32_t value;
};
static const struct word kinds[] = {
    {"string", WK_STRING},       {"integer", WK_INTEGER},     {"long", WK_LONG}, {"double", WK_DOUBLE},
    {"boolean", WK_BOOLEAN},     {"blob", WK_BLOB},           {"list", WK_LIST}, {"map", WK_MAP},
    {"timestamp", WK_TIMESTAMP}, {"structure", WK_STRUCTURE}, {NULL, 0}};
static const struct word protocols[] = {{"ec2", WP_EC2},           {"query", WP_QUERY},
                                        {"json", WP_JSON},         {"rest-json", WP_REST_JSON},
                                        {"rest-xml", WP_REST_XML}, {NULL, 0}};
static const struct word locations[] = {{"uri", WB_URI},
                                        {"querystring", WB_QUERYSTRING},
                                        {"header", WB_HEADER},
                                        {"headers", WB_HEADERS},
                                        {"statusCode", WB_STATUS},
                                        {"", WB_BODY},
                                        {NULL, 0}};
static const struct word times[] = {{"", WB_TIME_DEFAULT},
                                    {"iso8601", WB_TIME_ISO8601},
                                    {"unixTimestamp", WB_TIME_UNIX},
                                    {"rfc822", WB_TIME_RFC822},
                                    {NULL, 0}};

static uint32_t word(struct build *b, const struct word *table, struct str text, const char *what) {
  for (; table->name; table++)
    if (str_eq(str_c(table->name), text)) return table->value;
  wrong(b, what, text);
  return 0;
}

/* A trait of the reference, else of the shape it refers to. */
static const struct value *trait(const struct build *b, const struct value *ref, const struct value *shape,
                                 const char *key) {
  const struct value *v = get(b, ref, key);
  return v ? v : get(b, shape, key);
}

static struct str trait_text(const struct build *b, const struct value *ref, const struct value *shape,
                             const char *key) {
  const struct value *v = trait(b, ref, shape, key);
  return value_is(v, V_STR) ? value_text(v) : (struct str){NULL, 0};
}

static bool trait_flag(const struct build *b, const struct value *ref, const struct value *shape,
                       const char *key) {
  const struct value *v = trait(b, ref, shape, key);
  return value_is(v, V_BOOL) && v->b;
}

/* botocore, EC2Serializer._get_serialized_name: queryName, else locationName with a capital, else the member.
 */
static struct str query_name(struct build *b, const struct value *ref, const struct value *shape,
                             struct str location_name, struct str fallback) {
  if (!b->capitals) return fallback;
  struct str q = trait_text(b, ref, shape, "queryName");
  if (q.n) return q;
  if (!location_name.n) return fallback;
  q = str_dup(b->a, location_name);
  char first = q.p[0];
  if (first < 'a' || first > 'z') return q;
  return str_fmt(b->a, "%c%.*s", first - 'a' + 'A', SV(str_sub(q, 1, q.n)));
}

/* botocore, BaseXMLResponseParser._member_key_name: a flattened list is found by its element's name. */
static struct str xml_name(struct build *b, const struct value *shape, bool flattened, struct str wire_name) {
  const struct value *member = get(b, shape, "member");
  if (!flattened || !member) return wire_name;
  struct str target = get_text(b, member, "shape");
  struct str own = trait_text(b, member, value_get(b->s, b->json, target), "locationName");
  return own.n ? own : wire_name;
}

static struct wb_ref make_ref(struct build *b, const struct value *ref, struct str name) {
  struct str target = get_text(b, ref, "shape");
  const struct value *shape = value_get(b->s, b->json, target);
  uint32_t *index = map_get(&b->shapes, target);
  if (!index) {
    wrong(b, "no such shape", target);
    return (struct wb_ref){0};
  }
  struct str own = trait_text(b, ref, shape, "locationName"), wire_name = own.n ? own : name;
  const struct value *ns = trait(b, ref, shape, "xmlNamespace");
  bool flattened = trait_flag(b, ref, shape, "flattened");
  struct wb_ref r = {.shape = *index};
  r.name = put_text(b, name);
  r.wire_name = put_text(b, wire_name);
  r.xml_name = put_text(b, xml_name(b, shape, flattened, wire_name));
  r.query_name = put_text(b, query_name(b, ref, shape, own, b->capitals ? name : wire_name));
  r.ns_uri = put_text(b, get_text(b, ns, "uri"));
  r.ns_prefix = put_text(b, get_text(b, ns, "prefix"));
  r.wrapper = put_text(b, get_text(b, ref, "resultWrapper"));
  r.location = (uint8_t)word(b, locations, trait_text(b, ref, shape, "location"), "unknown location");
  if (r.location != WB_BODY) r.xml_name = (struct wb_str){0};
  r.time = (uint8_t)word(b, times, trait_text(b, ref, shape, "timestampFormat"), "unknown timestamp format");
  if (flattened) r.flags |= WB_REF_FLATTENED;
  if (trait_flag(b, ref, shape, "streaming")) r.flags |= WB_REF_STREAMING;
  if (trait_flag(b, ref, shape, "xmlAttribute")) r.flags |= WB_REF_ATTRIBUTE;
  if (own.n) r.flags |= WB_REF_NAMED;
  if (get_flag(b, ref, "lastSegment")) r.flags |= WB_REF_LAST_SEGMENT;
  return r;
}

static bool is_required(const struct build *b, const struct value *shape, struct str member) {
  const struct value *list = get(b, shape, "required");
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++)
    if (str_eq(value_text(list->items[i]), member)) return true;
  return false;
}

struct order_by {
  const struct build *b;
  const struct wb_ref *refs;
  bool xml;
};

static int compare_refs(const void *pa, const void *pb, void *user) {
  const struct order_by *o = user;
  uint32_t ia, ib;
  memcpy(&ia, pa, sizeof ia);
  memcpy(&ib, pb, sizeof ib);
  const struct wb_ref *ra = &o->refs[ia], *rb = &o->refs[ib];
  return str_cmp(text_of(o->b, o->xml ? ra->xml_name : ra->name),
                 text_of(o->b, o->xml ? rb->xml_name : rb->name));
}

static void put_order(struct build *b, const struct wb_shape *sh, bool by_xml) {
  uint32_t *order = ARENA_ARRAY(b->a, sh->n_refs, uint32_t);
  for (uint32_t i = 0; i < sh->n_refs; i++) order[i] = i;
  struct order_by how = {b, b->refs.v + sh->first_ref, by_xml};
  sort_stable(b->a, order, sh->n_refs, sizeof *order, compare_refs, &how);
  for (uint32_t i = 0; i < sh->n_refs; i++) VEC_PUSH(b->a, &b->orders, order[i]);
}

static void put_members(struct build *b, struct wb_shape *sh, const struct value *shape) {
  const struct value *members = get(b, shape, "members");
  struct str payload = get_text(b, shape, "payload");
  for (uint32_t i = 0; value_is(members, V_MAP) && i < members->n; i++) {
    struct str name = session_str(b->s, members->members[i].key);
    struct wb_ref r = make_ref(b, members->members[i].value, name);
    if (is_required(b, shape, name)) r.flags |= WB_REF_REQUIRED;
    if (payload.n && str_eq(payload, name)) sh->payload = (uint32_t)b->refs.n;
    VEC_PUSH(b->a, &b->refs, r);
    sh->n_refs++;
  }
  sh->orders = (uint32_t)b->orders.n;
  put_order(b, sh, false);
  put_order(b, sh, true);
}

static void put_shape(struct build *b, struct str name, const struct value *shape) {
  static const char *const parts[] = {"member", "key", "value"};
  struct wb_shape sh = {.name = put_text(b, name), .first_ref = (uint32_t)b->refs.n};
  sh.kind = word(b, kinds, get_text(b, shape, "type"), "unknown kind");
  if (get_flag(b, shape, "document")) sh.kind = WK_DOCUMENT;
  if (sh.kind == WK_STRUCTURE) put_members(b, &sh, shape);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const struct value *ref = get(b, shape, parts[i]);
    if (!ref) continue;
    struct wb_ref r = make_ref(b, ref, str_c(parts[i]));
    VEC_PUSH(b->a, &b->refs, r);
    sh.n_refs++;
  }
  uint32_t wants = sh.kind == WK_LIST ? 1 : sh.kind == WK_MAP ? 2 : sh.kind == WK_STRUCTURE ? sh.n_refs : 0;
  if (sh.n_refs != wants) wrong(b, "members do not fit the kind", name);
  VEC_PUSH(b->a, &b->shape, sh);
}

static struct wb_list put_list(struct build *b, const struct value *list, const char *key) {
  struct wb_list out = {(uint32_t)b->lists.n, 0};
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++) {
    const struct value *item = key ? get(b, list->items[i], key) : list->items[i];
    if (!value_is(item, V_STR)) {
      wrong(b, "a list of texts is wanted", str_c(key ? key : "item"));
      continue;
    }
    VEC_PUSH(b->a, &b->lists, put_text(b, value_text(item)));
    out.n++;
  }
  return out;
}

static struct wb_list put_tokens(struct build *b, const struct value *pages) {
  const struct value *in = get(b, pages, "input"), *out = get(b, pages, "output");
  struct wb_list list = {(uint32_t)b->lists.n, 0};
  if (!value_is(in, V_LIST) || !value_is(out, V_LIST)) return list;
  if (in->n != out->n) wrong(b, "tokens in and out differ in number", STR("pages"));
  for (uint32_t i = 0; i < in->n && i < out->n; i++, list.n += 2) {
    VEC_PUSH(b->a, &b->lists, put_text(b, value_text(in->items[i])));
    VEC_PUSH(b->a, &b->lists, put_text(b, value_text(out->items[i])));
  }
  return list;
}

static uint32_t put_io(struct build *b, const struct value *ref) {
  if (!ref) return 0;
  struct wb_ref r = make_ref(b, ref, get_text(b, ref, "shape"));
  if (r.shape && b->shape.v[r.shape].kind != WK_STRUCTURE)
    wrong(b, "not a structure", get_text(b, ref, "shape"));
  VEC_PUSH(b->a, &b->refs, r);
  return (uint32_t)b->refs.n - 1;
}

static void put_op(struct build *b, struct str name, const struct value *op) {
  const struct value *pages = get(b, op, "pages");
  struct wb_op o = {.name = put_text(b, name), .service = (uint32_t)b->services.n};
  o.method = put_text(b, get_text(b, op, "method"));
  o.uri = put_text(b, get_text(b, op, "uri"));
  o.idempotency = put_text(b, get_text(b, op, "idempotency"));
  o.more = put_text(b, get_text(b, pages, "more"));
  o.limit = put_text(b, get_text(b, pages, "limit"));
  o.tokens = put_tokens(b, pages);
  o.results = put_list(b, get(b, pages, "result"), NULL);
  o.errors = put_list(b, get(b, op, "errors"), "code");
  if (get_flag(b, op, "readOnly")) o.flags |= WB_OP_READ_ONLY;
  if (get_flag(b, op, "unsigned")) o.flags |= WB_OP_UNSIGNED;
  if (get_flag(b, op, "unwrapped")) o.flags |= WB_OP_UNWRAPPED;
  if (str_eq(get_text(b, op, "checksum"), STR("md5"))) o.flags |= WB_OP_MD5;
  o.input = put_io(b, get(b, op, "input"));
  o.output = put_io(b, get(b, op, "output"));
  if (!o.method.at || !o.uri.at) wrong(b, "operation without method or uri", name);
  VEC_PUSH(b->a, &b->ops, o);
}

static int compare_names(const void *pa, const void *pb, void *user) {
  const struct member *a = pa, *b = pb;
  const struct session *s = user;
  return str_cmp(session_str(s, a->key), session_str(s, b->key));
}

/* Members of a map sorted by name. */
static const struct member *sorted(struct build *b, const struct value *map, uint32_t *n) {
  *n = value_is(map, V_MAP) ? map->n : 0;
  struct member *m = ARENA_ARRAY(b->a, *n, struct member);
  for (uint32_t i = 0; i < *n; i++) m[i] = map->members[i];
  sort_stable(b->a, m, *n, sizeof *m, compare_names, b->s);
  return m;
}

static void put_service(struct build *b, const struct value *file) {
  const struct value *meta = get(b, file, "metadata");
  struct wb_service svc = {.id = put_text(b, get_text(b, file, "service"))};
  if (!svc.id.at || !value_is(meta, V_MAP)) {
    wrong(b, "service or metadata is missing", STR("service"));
    return;
  }
  svc.protocol = word(b, protocols, get_text(b, meta, "protocol"), "unknown protocol");
  svc.signing_name = put_text(b, get_text(b, meta, "signingName"));
  svc.endpoint_prefix = put_text(b, get_text(b, meta, "endpointPrefix"));
  svc.env_name = put_text(b, get_text(b, meta, "envName"));
  svc.api_version = put_text(b, get_text(b, meta, "apiVersion"));
  svc.target_prefix = put_text(b, get_text(b, meta, "targetPrefix"));
  svc.json_version = put_text(b, get_text(b, meta, "jsonVersion"));
  svc.xml_namespace = put_text(b, get_text(b, meta, "xmlNamespace"));
  if (get_flag(b, meta, "global")) svc.flags |= WB_SERVICE_GLOBAL;
  if (get_flag(b, meta, "queryCompatible")) svc.flags |= WB_SERVICE_QUERY_COMPATIBLE;
  b->capitals = svc.protocol == WP_EC2;
  b->json = get(b, file, "shapes");
  b->shapes = (struct map){0};
  uint32_t n;
  const struct member *shapes = sorted(b, b->json, &n);
  for (uint32_t i = 0; i < n; i++)
    map_put(b->a, &b->shapes, session_str(b->s, shapes[i].key), (uint32_t)b->shape.n + i);
  for (uint32_t i = 0; i < n; i++) put_shape(b, session_str(b->s, shapes[i].key), shapes[i].value);
  const struct member *ops = sorted(b, get(b, file, "operations"), &n);
  svc.first_op = (uint32_t)b->ops.n;
  svc.n_ops = n;
  for (uint32_t i = 0; i < n; i++) put_op(b, session_str(b->s, ops[i].key), ops[i].value);
  VEC_PUSH(b->a, &b->services, svc);
}

struct loaded {
  struct str id;
  uint32_t file;
  const struct value *json;
};

static int compare_loaded(const void *pa, const void *pb, void *user) {
  const struct loaded *a = pa, *b = pb;
  (void)user;
  return str_cmp(a->id, b->id);
}

static void write_blob(const struct build *b, struct buf *out) {
  const struct {
    const void *v;
    size_t n, size;
  } parts[WB_TABLES] = {
      [WB_SERVICES] = {b->services.v, b->services.n, sizeof *b->services.v},
      [WB_OPS] = {b->ops.v, b->ops.n, sizeof *b->ops.v},
      [WB_SHAPES] = {b->shape.v, b->shape.n, sizeof *b->shape.v},
      [WB_REFS] = {b->refs.v, b->refs.n, sizeof *b->refs.v},
      [WB_LISTS] = {b->lists.v, b->lists.n, sizeof *b->lists.v},
      [WB_ORDERS] = {b->orders.v, b->orders.n, sizeof *b->orders.v},
      [WB_TEXT] = {b->text.p, b->text.n, 1},
  };
  struct wb_head head = {.magic = WB_MAGIC, .version = WB_VERSION, .size = sizeof head};
  for (size_t i = 0; i < WB_TABLES; i++) {
    head.table[i] = (struct wb_section){head.size, (uint32_t)parts[i].n};
    head.size += (uint32_t)(parts[i].n * parts[i].size);
  }
  buf_add(out, (struct str){(const char *)&head, sizeof head});
  for (size_t i = 0; i < WB_TABLES; i++) buf_add(out, (struct str){parts[i].v, parts[i].n * parts[i].size});
}

static enum qn_err load(struct session *s, uint32_t file, struct loaded *out) {
  struct json_error err;
  enum qn_err e = json_parse(s, &s->arena, srcmap_text(s->sources, file), &out->json, &err);
  if (e) {
    uint32_t at = (uint32_t)err.offset;
    diag_add(&s->diags, QN0900, (struct span){file, at, at}, "wire model: %.*s", SV(err.message));
    return QN_E_INVALID;
  }
  const struct value *id = value_get(s, out->json, STR("service"));
  out->id = value_is(id, V_STR) ? value_text(id) : (struct str){NULL, 0};
  out->file = file;
  return QN_OK;
}

enum qn_err wire_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) {
  struct build b = {.s = s, .a = &s->arena, .text = BUF_INIT(TEXT_MAX)};
  struct loaded *in = ARENA_ARRAY(&s->arena, n, struct loaded);
  for (size_t i = 0; i < n; i++) {
    enum qn_err e = load(s, files[i], &in[i]);
    if (e) return e;
  }
  sort_stable(&s->arena, in, n, sizeof *in, compare_loaded, NULL);
  (void)put_text(&b, STR(""));
  VEC_PUSH(b.a, &b.shape, (struct wb_shape){0});
  VEC_PUSH(b.a, &b.refs, (struct wb_ref){0});
  for (size_t i = 0; i < n; i++) {
    b.at = (struct span){in[i].file, 0, 0};
    if (i && str_eq(in[i].id, in[i - 1].id)) wrong(&b, "service in two files", in[i].id);
    put_service(&b, in[i].json);
  }
  if (!b.failed && !b.text.failed) write_blob(&b, out);
  enum qn_err e = b.failed ? QN_E_INVALID : b.text.failed || out->failed ? QN_E_NOMEM : QN_OK;
  buf_release(&b.text);
  return e;
}
