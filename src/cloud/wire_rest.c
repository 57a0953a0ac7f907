/* Requests of the REST protocols: members go to the path, the query, headers or
 * the body. Rules: botocore 1.43.11, serialize.py, BaseRestSerializer. */
#include "quoin/crypto.h"
#include "wire_int.h"

struct rest {
  struct wire_out *o;
  const struct value *input;
  struct wb_ref root;
  struct wb_shape sh;
};

static const struct value *member_value(const struct rest *t, const struct wb_ref *ref) {
  const struct value *v = value_get(t->o->s, t->input, wire_text(t->o->w, ref->name));
  return value_is_null(v) ? NULL : v;
}

static struct wb_ref member_at(const struct rest *t, uint32_t i) {
  return wire_ref_at(t->o->w, t->sh.first_ref + i);
}

/* ---- path */

static enum qn_err put_label(const struct rest *t, struct str label, struct buf *path) {
  bool greedy = str_ends(label, STR("+"));
  if (greedy) label.n--;
  for (uint32_t i = 0; i < t->sh.n_refs; i++) {
    struct wb_ref r = member_at(t, i);
    const struct value *v = member_value(t, &r);
    if (r.location != WB_URI || !v || !str_eq(wire_text(t->o->w, r.wire_name), label)) continue;
    wire_encode(path, wire_scalar_text(t->o, &r, v, WB_TIME_ISO8601), greedy ? "/" : "");
    return QN_OK;
  }
  return wire_wrong(t->o->a, t->o->why, NULL, "%.*s is required by the path", SV(label));
}

/* Fills the labels of the template; what follows its `?` goes to the query as it is. */
static enum qn_err put_path(const struct rest *t, struct str uri, struct buf *path, struct buf *query) {
  struct str rest;
  buf_add(query, str_cut(uri, '?', &rest));
  while (rest.n) {
    size_t open = str_find_c(rest, '{'), close = str_find_c(rest, '}');
    if (open == SIZE_MAX || close == SIZE_MAX || close < open) {
      buf_add(path, rest);
      return QN_OK;
    }
    buf_add(path, str_sub(rest, 0, open));
    enum qn_err e = put_label(t, str_sub(rest, open + 1, close), path);
    if (e) return e;
    rest = str_sub(rest, close + 1, rest.n);
  }
  return QN_OK;
}

/* ---- query */

static void put_pair(struct buf *query, struct str name, struct str value) {
  if (query->n) buf_addc(query, '&');
  wire_encode(query, name, "");
  buf_addc(query, '=');
  wire_encode(query, value, "");
}

static void put_query(const struct rest *t, const struct wb_ref *ref, struct str name, const struct value *v,
                      struct buf *query) {
  struct wb_shape sh = wire_shape_at(t->o->w, ref->shape);
  if (sh.kind == WK_LIST) {
    struct wb_ref element = wire_ref_at(t->o->w, sh.first_ref);
    for (uint32_t i = 0; i < v->n; i++)
      put_pair(query, name, wire_scalar_text(t->o, &element, v->items[i], WB_TIME_ISO8601));
  } else if (sh.kind == WK_MAP) {
    struct wb_ref value = wire_ref_at(t->o->w, sh.first_ref + 1);
    for (uint32_t i = 0; i < v->n; i++)
      put_query(t, &value, session_str(t->o->s, v->members[i].key), v->members[i].value, query);
  } else {
    put_pair(query, name, wire_scalar_text(t->o, ref, v, WB_TIME_ISO8601));
  }
}

/* ---- headers */

static void put_header(const struct rest *t, struct str name, struct str value) {
  if (str_eq_nocase(name, STR("content-type"))) {
    t->o->r->content_type = value;
    return;
  }
  struct wire_header h = {name, value};
  VEC_PUSH(t->o->a, &t->o->headers, h);
}

/* RFC 9110, 5.6.2: what a header name is made of. */
static bool header_name_ok(struct str name) {
  for (size_t i = 0; i < name.n; i++) {
    char c = name.p[i];
    bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c && strchr("!#$%&'*+-.^_`|~", c));
    if (!ok) return false;
  }
  return name.n > 0;
}

/* Items with a comma or a quote are quoted. */
static struct str header_list(const struct rest *t, const struct wb_ref *element, const struct value *v) {
  struct buf b = BUF_INIT(1 << 20);
  for (uint32_t i = 0; i < v->n; i++) {
    struct str item = wire_scalar_text(t->o, element, v->items[i], WB_TIME_RFC822);
    bool quote = wire_shape_at(t->o->w, element->shape).kind == WK_STRING &&
                 (str_find_c(item, ',') != SIZE_MAX || str_find_c(item, '"') != SIZE_MAX);
    if (i) buf_addc(&b, ',');
    if (quote) buf_addc(&b, '"');
    for (size_t k = 0; k < item.n; k++) {
      if (quote && item.p[k] == '"') buf_addc(&b, '\\');
      buf_addc(&b, item.p[k]);
    }
    if (quote) buf_addc(&b, '"');
  }
  struct str out = str_dup(t->o->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static void put_header_member(const struct rest *t, const struct wb_ref *ref, const struct value *v) {
  struct wb_shape sh = wire_shape_at(t->o->w, ref->shape);
  struct str name = wire_text(t->o->w, ref->wire_name);
  if (sh.kind != WK_LIST) {
    put_header(t, name, wire_scalar_text(t->o, ref, v, WB_TIME_RFC822));
  } else if (v->n) {
    struct wb_ref element = wire_ref_at(t->o->w, sh.first_ref);
    put_header(t, name, header_list(t, &element, v));
  }
}

static enum qn_err put_header_map(const struct rest *t, const struct wb_ref *ref, const struct value *v) {
  struct wb_ref value = wire_ref_at(t->o->w, wire_shape_at(t->o->w, ref->shape).first_ref + 1);
  for (uint32_t i = 0; i < v->n; i++) {
    struct str name = str_fmt(t->o->a, "%.*s%.*s", SV(wire_text(t->o->w, ref->wire_name)),
                              SV(session_str(t->o->s, v->members[i].key)));
    if (!header_name_ok(name))
      return wire_wrong(t->o->a, t->o->why, NULL, "%.*s is no header name", SV(name));
    put_header(t, name, wire_scalar_text(t->o, &value, v->members[i].value, WB_TIME_RFC822));
  }
  return QN_OK;
}

static enum qn_err put_members(const struct rest *t, struct buf *query, bool *any_body) {
  for (uint32_t i = 0; i < t->sh.n_refs; i++) {
    struct wb_ref r = member_at(t, i);
    const struct value *v = member_value(t, &r);
    if (!v) continue;
    if (r.location == WB_QUERYSTRING)
      put_query(t, &r, wire_text(t->o->w, r.wire_name), v, query);
    else if (r.location == WB_HEADER)
      put_header_member(t, &r, v);
    else if (r.location == WB_BODY)
      *any_body = true;
    if (r.location != WB_HEADERS) continue;
    enum qn_err e = put_header_map(t, &r, v);
    if (e) return e;
  }
  return QN_OK;
}

/* ---- body */

static void set_type(const struct rest *t, bool json) {
  if (!t->o->r->content_type.n)
    t->o->r->content_type = json ? STR("application/json") : STR("application/xml");
}

static void put_payload(const struct rest *t, bool json, struct buf *body) {
  struct wb_ref r = wire_ref_at(t->o->w, t->sh.payload);
  const struct value *v = member_value(t, &r);
  enum wkind kind = wire_kind(t->o->w, r.shape);
  struct str raw = {NULL, 0};
  if (kind == WK_BLOB) {
    if (v && crypto_base64_decode(t->o->a, value_text(v), &raw)) buf_add(body, raw);
  } else if (kind == WK_STRING) {
    if (v) buf_add(body, value_text(v));
  } else {
    if (v && json)
      wire_write_json_value(t->o, &r, v, body);
    else if (v)
      wire_write_xml(t->o, &r, v, false, body);
    else if (json)
      buf_addz(body, "{}");
    if (body->n) set_type(t, json);
  }
}

static void put_body(const struct rest *t, bool any_body, struct buf *body) {
  bool json = t->o->service->protocol == WP_REST_JSON, has_body_members = false;
  if (t->sh.payload) {
    put_payload(t, json, body);
    return;
  }
  for (uint32_t i = 0; i < t->sh.n_refs; i++) has_body_members |= member_at(t, i).location == WB_BODY;
  /* JSON: a shape with body members has a body even if none is given. */
  if (json && has_body_members)
    wire_write_json(t->o, &t->sh, t->input, true, body);
  else if (!json && any_body)
    wire_write_xml(t->o, &t->root, t->input, true, body);
  if (body->n) set_type(t, json);
}

enum qn_err wire_write_rest(struct wire_out *o, const struct value *input, struct buf *body) {
  struct rest t = {.o = o, .input = input};
  if (o->op.input) {
    t.root = wire_ref_at(o->w, o->op.input);
    t.sh = wire_shape_at(o->w, t.root.shape);
  }
  struct buf path = BUF_INIT(1 << 20), query = BUF_INIT(1 << 20);
  bool any_body = false;
  enum qn_err e = put_path(&t, wire_text(o->w, o->op.uri), &path, &query);
  if (!e) e = put_members(&t, &query, &any_body);
  if (!e) put_body(&t, any_body, body);
  if (!e && (path.failed || query.failed)) e = QN_E_LIMIT;
  o->r->path = str_dup(o->a, buf_str(&path));
  o->r->query = str_dup(o->a, buf_str(&query));
  buf_release(&path);
  buf_release(&query);
  return e;
}
