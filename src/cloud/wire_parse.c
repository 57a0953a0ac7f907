/* Entry of the parsers: finds where the members of a reply are (headers, status,
 * payload, body) and gives values of the model's kinds. */
#include "quoin/crypto.h"
#include "quoin/net.h"
#include "quoin/xml.h"
#include "wire_int.h"

enum qn_err wire_scalar_value(const struct wire_in *in, const struct wb_ref *ref, struct str text,
                              const struct wire_path *at, const struct value **out) {
  struct wire_time t;
  struct str ignored;
  const struct value *v = NULL;
  size_t bad;
  switch ((enum wkind)wire_shape_at(in->w, ref->shape).kind) {
  case WK_STRING:
    if (str_utf8_ok(text, &bad)) v = value_str(in->a, text);
    break;
  case WK_INTEGER:
  case WK_LONG:
    v = wire_number(in->s, in->a, text);
    if (v && v->kind != V_INT) v = NULL;
    break;
  case WK_DOUBLE: v = wire_number(in->s, in->a, text); break;
  case WK_BOOLEAN:
    text = str_trim(text);
    if (str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("false")))
      v = value_bool(in->a, str_eq_nocase(text, STR("true")));
    break;
  case WK_BLOB:
    if (crypto_base64_decode(in->a, text, &ignored)) v = value_str(in->a, text);
    break;
  case WK_TIMESTAMP:
    if (wire_time_parse(in->s, in->a, text, &t)) v = wire_time_value(in->a, t);
    break;
  case WK_STRUCTURE:
  case WK_LIST:
  case WK_MAP:
  case WK_DOCUMENT: break;
  }
  /* The text itself stays out of the message: it may be a secret. */
  if (!v) return wire_wrong(in->a, in->why, at, "the reply's text is not of the kind it should be");
  *out = v;
  return QN_OK;
}

/* ---- members outside the body */

struct found {
  VEC(struct member) m;
};

static void add(const struct wire_in *in, struct found *f, struct str name, const struct value *v) {
  struct member one = {.key = session_sym(in->s, name), .value = v};
  VEC_PUSH(in->a, &f->m, one);
}

const struct http_header *wire_header(const struct wire_answer *ans, struct str name) {
  for (size_t i = 0; i < ans->n_headers; i++)
    if (str_eq_nocase(ans->headers[i].name, name)) return &ans->headers[i];
  return NULL;
}

static enum qn_err read_header_list(const struct wire_in *in, const struct wb_shape *sh, struct str text,
                                    const struct wire_path *at, const struct value **out) {
  struct wb_ref element = wire_ref_at(in->w, sh->first_ref);
  VEC(const struct value *) items = {0};
  do {
    struct str item;
    text = str_cut(text, ',', &item);
    const struct value *v;
    enum qn_err e = wire_scalar_value(in, &element, str_trim(item), at, &v);
    if (e) return e;
    VEC_PUSH(in->a, &items, v);
  } while (text.p);
  *out = value_list(in->a, items.v, items.n);
  return QN_OK;
}

/* All headers that begin with the prefix; names are given without it. */
static const struct value *read_header_map(const struct wire_in *in, struct str prefix,
                                           const struct wire_answer *ans) {
  VEC(struct member) m = {0};
  for (size_t i = 0; i < ans->n_headers; i++) {
    struct str name = ans->headers[i].name;
    size_t bad;
    if (!str_eq_nocase(str_sub(name, 0, prefix.n), prefix) || !str_utf8_ok(ans->headers[i].value, &bad))
      continue;
    struct member one = {.key = session_sym(in->s, str_sub(name, prefix.n, name.n)),
                         .value = value_str(in->a, ans->headers[i].value)};
    VEC_PUSH(in->a, &m, one);
  }
  return value_map(in->a, m.v, m.n);
}

static enum qn_err read_outside(const struct wire_in *in, const struct wb_shape *sh,
                                const struct wire_answer *ans, struct found *f) {
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(in->w, sh->first_ref + i);
    struct wire_path at = {NULL, wire_text(in->w, r.name), 0};
    struct str wire_name = wire_text(in->w, r.wire_name);
    const struct http_header *h = r.location == WB_HEADER ? wire_header(ans, wire_name) : NULL;
    const struct value *v = NULL;
    enum qn_err e = QN_OK;
    if (r.location == WB_STATUS) v = value_int(in->a, ans->status);
    if (r.location == WB_HEADERS) v = read_header_map(in, wire_name, ans);
    if (h) {
      struct wb_shape target = wire_shape_at(in->w, r.shape);
      if (target.kind == WK_LIST)
        e = read_header_list(in, &target, h->value, &at, &v);
      else
        e = wire_scalar_value(in, &r, h->value, &at, &v);
    }
    if (e) return e;
    if (v) add(in, f, at.name, v);
  }
  return QN_OK;
}

/* ---- bodies */

static enum qn_err parse_json(const struct wire_in *in, struct str body, const struct value **out) {
  struct json_error err = {0};
  if (!str_trim(body).n) {
    *out = value_map(in->a, NULL, 0);
    return QN_OK;
  }
  enum qn_err e = json_parse(in->s, in->a, body, out, &err);
  if (!e) return QN_OK;
  (void)wire_wrong(in->a, in->why, NULL, "the reply is no JSON (byte %zu: %.*s)", err.offset,
                   SV(err.message));
  return e == QN_E_NOMEM ? e : QN_E_INVALID;
}

static enum qn_err parse_xml(const struct wire_in *in, struct str body, const struct xml_node **out) {
  struct xml_error err = {0};
  struct xml_node *root;
  enum qn_err e = xml_parse(in->a, body, &root, &err);
  if (e) {
    (void)wire_wrong(in->a, in->why, NULL, "the reply is no XML (byte %zu: %.*s)", err.offset,
                     SV(err.message));
    return e == QN_E_NOMEM ? e : QN_E_INVALID;
  }
  *out = root;
  return QN_OK;
}

static enum qn_err parse_query(const struct wire_in *in, const struct wb_ref *ref, struct str body,
                               const struct value **out) {
  const struct xml_node *root;
  enum qn_err e = parse_xml(in, body, &root);
  if (e) return e;
  struct str wrapper = wire_text(in->w, ref->wrapper);
  if (wrapper.n && !(root = xml_child(root, wrapper)))
    return wire_wrong(in->a, in->why, NULL, "the reply has no %.*s", SV(wrapper));
  return wire_read_xml(in, ref->shape, root, false, out);
}

/* A root that is itself the only member of the body (GetBucketLocation). */
static const struct xml_node *wrap(const struct wire_in *in, struct xml_node *root) {
  struct xml_node *n = ARENA_NEW(in->a, struct xml_node);
  n->child = n->last = root;
  n->n_children = 1;
  return n;
}

static enum qn_err rest_xml(const struct wire_in *in, uint32_t shape, bool unwrapped, bool body_only,
                            struct str body, const struct value **out) {
  const struct xml_node *root;
  if (!str_trim(body).n) {
    *out = value_map(in->a, NULL, 0);
    return QN_OK;
  }
  enum qn_err e = parse_xml(in, body, &root);
  if (e) return e;
  /* S3 may find an error only after it has sent status 200. */
  if (str_eq(root->name, STR("Error")) && xml_child(root, STR("Code")))
    return wire_wrong(in->a, in->why, NULL, "the reply has status 200 and the error %.*s",
                      SV(xml_child(root, STR("Code"))->text));
  if (unwrapped) {
    struct xml_node *copy = ARENA_NEW(in->a, struct xml_node);
    *copy = *root;
    root = wrap(in, copy);
  }
  return wire_read_xml(in, shape, root, body_only, out);
}

static enum qn_err rest_body(const struct wire_in *in, bool json, uint32_t shape, bool unwrapped,
                             bool body_only, struct str body, const struct value **out) {
  if (!json) return rest_xml(in, shape, unwrapped, body_only, body, out);
  const struct value *v;
  enum qn_err e = parse_json(in, body, &v);
  return e ? e : wire_read_json(in, shape, v, body_only, out);
}

static enum qn_err read_payload(const struct wire_in *in, const struct wb_ref *r, bool json, struct str body,
                                const struct value **out) {
  enum wkind kind = wire_kind(in->w, r->shape);
  struct wire_path at = {NULL, wire_text(in->w, r->name), 0};
  if (kind == WK_STRING) return wire_scalar_value(in, r, body, &at, out);
  if (kind == WK_BLOB) {
    *out = value_str(in->a, crypto_base64(in->a, body));
    return QN_OK;
  }
  if (kind != WK_STRUCTURE)
    return wire_wrong(in->a, in->why, &at, "payloads of this kind are not understood");
  return rest_body(in, json, r->shape, false, false, body, out);
}

static enum qn_err parse_rest(const struct wire_in *in, const struct wb_ref *ref, const struct wb_op *op,
                              bool json, const struct wire_answer *ans, const struct value **out) {
  struct wb_shape sh = wire_shape_at(in->w, ref->shape);
  struct found f = {0};
  const struct value *body = NULL;
  enum qn_err e = read_outside(in, &sh, ans, &f);
  if (e) return e;
  bool has_body = false;
  for (uint32_t i = 0; i < sh.n_refs; i++)
    has_body |= wire_ref_at(in->w, sh.first_ref + i).location == WB_BODY;
  if (sh.payload) {
    struct wb_ref r = wire_ref_at(in->w, sh.payload);
    if ((e = read_payload(in, &r, json, ans->body, &body))) return e;
    add(in, &f, wire_text(in->w, r.name), body);
  } else if (has_body) {
    if ((e = rest_body(in, json, ref->shape, op->flags & WB_OP_UNWRAPPED, true, ans->body, &body))) return e;
    for (uint32_t i = 0; i < body->n; i++) VEC_PUSH(in->a, &f.m, body->members[i]);
  }
  *out = value_map(in->a, f.m.v, f.m.n);
  return QN_OK;
}

enum qn_err wire_parse(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                       const struct wire_answer *ans, const struct value **out, struct str *why) {
  struct wire_in in = {w, s, a, why};
  struct wb_op o = wire_op_at(w, op->index);
  if (!o.output) {
    *out = value_map(a, NULL, 0);
    return QN_OK;
  }
  struct wb_ref ref = wire_ref_at(w, o.output);
  const struct value *json;
  enum qn_err e;
  switch (op->service->protocol) {
  case WP_EC2:
  case WP_QUERY: return parse_query(&in, &ref, ans->body, out);
  case WP_JSON:
    return (e = parse_json(&in, ans->body, &json)) ? e : wire_read_json(&in, ref.shape, json, false, out);
  case WP_REST_JSON: return parse_rest(&in, &ref, &o, true, ans, out);
  case WP_REST_XML: return parse_rest(&in, &ref, &o, false, ans, out);
  }
  return QN_E_INVALID;
}
