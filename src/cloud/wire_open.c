#include "wire_int.h"

static const size_t entry_size[WB_TABLES] = {[WB_SERVICES] = sizeof(struct wb_service),
                                             [WB_OPS] = sizeof(struct wb_op),
                                             [WB_SHAPES] = sizeof(struct wb_shape),
                                             [WB_REFS] = sizeof(struct wb_ref),
                                             [WB_LISTS] = sizeof(struct wb_str),
                                             [WB_ORDERS] = sizeof(uint32_t),
                                             [WB_TEXT] = 1};

static void read_entry(const struct wire *w, enum wb_table t, uint32_t i, void *out) {
  memcpy(out, w->blob.p + w->head.table[t].at + (size_t)i * entry_size[t], entry_size[t]);
}

struct wb_shape wire_shape_at(const struct wire *w, uint32_t i) {
  struct wb_shape out;
  read_entry(w, WB_SHAPES, i, &out);
  return out;
}

struct wb_ref wire_ref_at(const struct wire *w, uint32_t i) {
  struct wb_ref out;
  read_entry(w, WB_REFS, i, &out);
  return out;
}

struct wb_op wire_op_at(const struct wire *w, uint32_t i) {
  struct wb_op out;
  read_entry(w, WB_OPS, i, &out);
  return out;
}

struct str wire_text(const struct wire *w, struct wb_str t) {
  const char *p = w->blob.p + w->head.table[WB_TEXT].at + t.at;
  uint16_t n;
  memcpy(&n, p, sizeof n);
  return (struct str){p + sizeof n, n};
}

static uint32_t order_at(const struct wire *w, uint32_t i) {
  uint32_t out;
  read_entry(w, WB_ORDERS, i, &out);
  return out;
}

static struct str list_text(const struct wire *w, uint32_t i) {
  struct wb_str t;
  read_entry(w, WB_LISTS, i, &t);
  return wire_text(w, t);
}

/* ---- checks at open */

static bool text_ok(const struct wire *w, struct wb_str t) {
  uint32_t size = w->head.table[WB_TEXT].n;
  return size >= 2 && t.at <= size - 2 && wire_text(w, t).n <= size - 2 - t.at;
}

static bool texts_ok(const struct wire *w, const struct wb_str *t, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!text_ok(w, t[i])) return false;
  return true;
}

static bool range_ok(const struct wire *w, enum wb_table t, uint32_t first, uint64_t n) {
  return first + n <= w->head.table[t].n;
}

static bool sections_ok(struct wire *w) {
  if (w->blob.n < sizeof w->head) return false;
  memcpy(&w->head, w->blob.p, sizeof w->head);
  if (w->head.magic != WB_MAGIC || w->head.version != WB_VERSION || w->head.size != w->blob.n) return false;
  for (size_t i = 0; i < WB_TABLES; i++) {
    struct wb_section t = w->head.table[i];
    if (t.at > w->blob.n || t.n > (w->blob.n - t.at) / entry_size[i]) return false;
  }
  return w->head.table[WB_SHAPES].n && w->head.table[WB_REFS].n;
}

static bool ref_ok(const struct wire *w, uint32_t i) {
  struct wb_ref r = wire_ref_at(w, i);
  const struct wb_str texts[] = {r.name,   r.wire_name, r.xml_name, r.query_name,
                                 r.ns_uri, r.ns_prefix, r.wrapper};
  return texts_ok(w, texts, sizeof texts / sizeof *texts) && r.shape < w->head.table[WB_SHAPES].n &&
         (r.shape || !i) && r.location <= WB_STATUS && r.time <= WB_TIME_RFC822;
}

static bool shape_ok(const struct wire *w, uint32_t i) {
  struct wb_shape sh = wire_shape_at(w, i);
  if (!text_ok(w, sh.name) || sh.kind > WK_DOCUMENT || !range_ok(w, WB_REFS, sh.first_ref, sh.n_refs))
    return false;
  if (sh.kind == WK_LIST) return sh.n_refs == 1;
  if (sh.kind == WK_MAP) return sh.n_refs == 2;
  if (sh.kind != WK_STRUCTURE) return sh.n_refs == 0;
  if (!range_ok(w, WB_ORDERS, sh.orders, (uint64_t)sh.n_refs * 2)) return false;
  for (uint32_t k = 0; k < sh.n_refs * 2; k++)
    if (order_at(w, sh.orders + k) >= sh.n_refs) return false;
  return !sh.payload || (sh.payload >= sh.first_ref && sh.payload - sh.first_ref < sh.n_refs);
}

static bool io_ok(const struct wire *w, uint32_t ref) {
  return ref < w->head.table[WB_REFS].n &&
         (!ref || wire_shape_at(w, wire_ref_at(w, ref).shape).kind == WK_STRUCTURE);
}

static bool op_ok(const struct wire *w, uint32_t i) {
  struct wb_op o = wire_op_at(w, i);
  const struct wb_str texts[] = {o.name, o.method, o.uri, o.idempotency, o.more, o.limit};
  return texts_ok(w, texts, sizeof texts / sizeof *texts) &&
         range_ok(w, WB_LISTS, o.tokens.first, o.tokens.n) &&
         range_ok(w, WB_LISTS, o.results.first, o.results.n) &&
         range_ok(w, WB_LISTS, o.errors.first, o.errors.n) && o.tokens.n % 2 == 0 &&
         o.service < w->head.table[WB_SERVICES].n && io_ok(w, o.input) && io_ok(w, o.output);
}

static bool service_ok(const struct wire *w, uint32_t i) {
  struct wb_service v;
  read_entry(w, WB_SERVICES, i, &v);
  const struct wb_str texts[] = {v.id,          v.signing_name,  v.endpoint_prefix, v.env_name,
                                 v.api_version, v.target_prefix, v.json_version,    v.xml_namespace};
  return texts_ok(w, texts, sizeof texts / sizeof *texts) && v.protocol <= WP_REST_XML &&
         range_ok(w, WB_OPS, v.first_op, v.n_ops);
}

static bool list_ok(const struct wire *w, uint32_t i) {
  struct wb_str t;
  read_entry(w, WB_LISTS, i, &t);
  return text_ok(w, t);
}

static bool blob_ok(struct wire *w) {
  if (!sections_ok(w)) return false;
  /* Refs before what points to them: the later checks follow refs to shapes. */
  static const struct {
    enum wb_table table;
    bool (*ok)(const struct wire *w, uint32_t i);
  } checks[] = {{WB_LISTS, list_ok},
                {WB_REFS, ref_ok},
                {WB_SHAPES, shape_ok},
                {WB_OPS, op_ok},
                {WB_SERVICES, service_ok}};
  for (size_t k = 0; k < sizeof checks / sizeof *checks; k++)
    for (uint32_t i = 0; i < w->head.table[checks[k].table].n; i++)
      if (!checks[k].ok(w, i)) return false;
  return true;
}

/* ---- decoding */

static struct wire_service decode_service(const struct wire *w, uint32_t i) {
  struct wb_service v;
  read_entry(w, WB_SERVICES, i, &v);
  return (struct wire_service){
      .index = i,
      .id = wire_text(w, v.id),
      .signing_name = wire_text(w, v.signing_name),
      .endpoint_prefix = wire_text(w, v.endpoint_prefix),
      .env_name = wire_text(w, v.env_name),
      .protocol = (enum wire_protocol)v.protocol,
      .api_version = wire_text(w, v.api_version),
      .target_prefix = wire_text(w, v.target_prefix),
      .json_version = wire_text(w, v.json_version),
      .xml_namespace = wire_text(w, v.xml_namespace),
      .global_endpoint = v.flags & WB_SERVICE_GLOBAL,
      .query_compatible = v.flags & WB_SERVICE_QUERY_COMPATIBLE,
  };
}

static const struct str *decode_list(struct wire *w, struct wb_list list) {
  struct str *out = ARENA_ARRAY(&w->arena, list.n, struct str);
  for (uint32_t i = 0; i < list.n; i++) out[i] = list_text(w, list.first + i);
  return out;
}

static struct wire_op decode_op(struct wire *w, uint32_t i) {
  struct wb_op o = wire_op_at(w, i);
  struct wire_token *tokens = ARENA_ARRAY(&w->arena, o.tokens.n / 2, struct wire_token);
  for (uint32_t k = 0; k < o.tokens.n / 2; k++)
    tokens[k] =
        (struct wire_token){list_text(w, o.tokens.first + k * 2), list_text(w, o.tokens.first + k * 2 + 1)};
  return (struct wire_op){
      .index = i,
      .service = &w->services[o.service],
      .name = wire_text(w, o.name),
      .method = wire_text(w, o.method),
      .uri = wire_text(w, o.uri),
      .input = o.input ? wire_ref_at(w, o.input).shape : 0,
      .output = o.output ? wire_ref_at(w, o.output).shape : 0,
      .idempotency_member = wire_text(w, o.idempotency),
      .read_only = o.flags & WB_OP_READ_ONLY,
      .is_unsigned = o.flags & WB_OP_UNSIGNED,
      .needs_md5 = o.flags & WB_OP_MD5,
      .pages = {tokens, o.tokens.n / 2, wire_text(w, o.more), wire_text(w, o.limit),
                decode_list(w, o.results), o.results.n},
      .errors = decode_list(w, o.errors),
      .n_errors = o.errors.n,
  };
}

enum qn_err wire_open(struct session *s, struct str blob, struct wire **out) {
  struct wire *w = calloc(1, sizeof *w);
  if (!w) return QN_E_NOMEM;
  arena_init(&w->arena);
  w->blob = blob;
  if (!blob_ok(w)) {
    diag_add(&s->diags, QN0901, SPAN_NONE, "the tables of wire models are damaged");
    wire_free(w);
    return QN_E_DAMAGED;
  }
  w->services = ARENA_ARRAY(&w->arena, w->head.table[WB_SERVICES].n, struct wire_service);
  w->ops = ARENA_ARRAY(&w->arena, w->head.table[WB_OPS].n, struct wire_op);
  for (uint32_t i = 0; i < w->head.table[WB_SERVICES].n; i++) w->services[i] = decode_service(w, i);
  for (uint32_t i = 0; i < w->head.table[WB_OPS].n; i++) w->ops[i] = decode_op(w, i);
  *out = w;
  return QN_OK;
}

void wire_free(struct wire *w) {
  if (!w) return;
  arena_release(&w->arena);
  free(w);
}

/* ---- look-up */

static struct str service_id(const void *services, size_t i) {
  return ((const struct wire_service *)services)[i].id;
}
static struct str op_name(const void *ops, size_t i) {
  return ((const struct wire_op *)ops)[i].name;
}

bool wire_find_service(const struct wire *w, struct str id, const struct wire_service **out) {
  size_t at;
  if (!str_search(w->services, w->head.table[WB_SERVICES].n, service_id, id, &at)) return false;
  *out = &w->services[at];
  return true;
}

const struct wire_service *wire_services(const struct wire *w, size_t *n) {
  *n = w->head.table[WB_SERVICES].n;
  return w->services;
}

const struct wire_op *wire_ops(const struct wire *w, const struct wire_service *svc, size_t *n) {
  struct wb_service v;
  read_entry(w, WB_SERVICES, svc->index, &v);
  *n = v.n_ops;
  return w->ops + v.first_op;
}

bool wire_find_op(const struct wire *w, struct str service, struct str op, const struct wire_op **out) {
  const struct wire_service *svc;
  size_t n, at;
  if (!wire_find_service(w, service, &svc)) return false;
  const struct wire_op *ops = wire_ops(w, svc, &n);
  if (!str_search(ops, n, op_name, op, &at)) return false;
  *out = &ops[at];
  return true;
}

/* The first of equal names, so that of two members sharing an element name the model's first is found. */
static uint32_t find_ref(const struct wire *w, const struct wb_shape *sh, struct str name, bool xml) {
  uint32_t lo = 0, hi = sh->n_refs, order = sh->orders + (xml ? sh->n_refs : 0);
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    struct wb_ref r = wire_ref_at(w, sh->first_ref + order_at(w, order + mid));
    if (str_cmp(wire_text(w, xml ? r.xml_name : r.name), name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == sh->n_refs) return 0;
  uint32_t at = sh->first_ref + order_at(w, order + lo);
  struct wb_ref r = wire_ref_at(w, at);
  return str_eq(wire_text(w, xml ? r.xml_name : r.name), name) ? at : 0;
}

uint32_t wire_ref_by_name(const struct wire *w, const struct wb_shape *sh, struct str name) {
  return sh->kind == WK_STRUCTURE ? find_ref(w, sh, name, false) : 0;
}

uint32_t wire_ref_by_xml(const struct wire *w, const struct wb_shape *sh, struct str name) {
  return sh->kind == WK_STRUCTURE ? find_ref(w, sh, name, true) : 0;
}

enum wkind wire_kind(const struct wire *w, uint32_t shape) {
  return (enum wkind)wire_shape_at(w, shape).kind;
}

static struct wire_member member_of(const struct wire *w, uint32_t ref) {
  struct wb_ref r = wire_ref_at(w, ref);
  return (struct wire_member){wire_text(w, r.name), wire_text(w, r.wire_name), r.shape,
                              r.flags & WB_REF_REQUIRED};
}

bool wire_member(const struct wire *w, uint32_t shape, struct str name, bool nocase,
                 struct wire_member *out) {
  struct wb_shape sh = wire_shape_at(w, shape);
  uint32_t ref = wire_ref_by_name(w, &sh, name);
  for (uint32_t i = 0; !ref && nocase && sh.kind == WK_STRUCTURE && i < sh.n_refs; i++)
    if (str_eq_nocase(wire_text(w, wire_ref_at(w, sh.first_ref + i).name), name)) ref = sh.first_ref + i;
  if (ref) *out = member_of(w, ref);
  return ref != 0;
}

size_t wire_members(const struct wire *w, uint32_t shape, struct arena *a, struct wire_member **out) {
  struct wb_shape sh = wire_shape_at(w, shape);
  size_t n = sh.kind == WK_STRUCTURE ? sh.n_refs : 0;
  *out = ARENA_ARRAY(a, n, struct wire_member);
  for (size_t i = 0; i < n; i++) (*out)[i] = member_of(w, sh.first_ref + (uint32_t)i);
  return n;
}

uint32_t wire_element(const struct wire *w, uint32_t shape) {
  struct wb_shape sh = wire_shape_at(w, shape);
  if (sh.kind == WK_LIST) return wire_ref_at(w, sh.first_ref).shape;
  return sh.kind == WK_MAP ? wire_ref_at(w, sh.first_ref + 1).shape : 0;
}
