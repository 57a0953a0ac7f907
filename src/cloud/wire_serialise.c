/* Entry of the serialisers: checks the whole input against the model, then lets
 * the protocol's writer make the request from it. */
#include <stdarg.h>

#include "quoin/crypto.h"
#include "wire_int.h"

/* ---- errors with the path of the member */

static void add_path(struct buf *b, const struct wire_path *at) {
  const struct wire_path *chain[WIRE_DEPTH_MAX + 2];
  size_t n = 0;
  for (; at && n < sizeof chain / sizeof *chain; at = at->up) chain[n++] = at;
  while (n--) {
    if (chain[n]->index)
      buf_addf(b, "[%zu]", chain[n]->index);
    else
      buf_addf(b, "%s%.*s", b->n ? "." : "", SV(chain[n]->name));
  }
}

enum qn_err wire_wrong(struct arena *a, struct str *why, const struct wire_path *at, const char *fmt, ...) {
  struct buf b = BUF_INIT(1 << 16);
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  add_path(&b, at);
  *why = str_fmt(a, "%.*s%s%s", SV(buf_str(&b)), b.n ? ": " : "", text);
  buf_release(&b);
  return QN_E_INVALID;
}

/* ---- the check */

static const char *const kind_words[] = {
    [V_NULL] = "null",    [V_BOOL] = "a boolean", [V_INT] = "an integer",
    [V_DEC] = "a number", [V_STR] = "text",       [V_LIST] = "a list",
    [V_MAP] = "a map",    [V_RES] = "a resource", [V_UNKNOWN] = "not known yet"};
static const char *const wanted_words[] = {[WK_STRING] = "text",
                                           [WK_INTEGER] = "an integer",
                                           [WK_LONG] = "an integer",
                                           [WK_DOUBLE] = "a number",
                                           [WK_BOOLEAN] = "a boolean",
                                           [WK_BLOB] = "base64 text",
                                           [WK_LIST] = "a list",
                                           [WK_STRUCTURE] = "a map",
                                           [WK_TIMESTAMP] = "a timestamp (seconds or ISO 8601)",
                                           [WK_MAP] = "a map",
                                           [WK_DOCUMENT] = "a JSON value"};

static bool is_shallow(const struct value *v, size_t depth) {
  if (depth > WIRE_DEPTH_MAX) return false;
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++)
    if (!is_shallow(v->items[i], depth + 1)) return false;
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    if (!is_shallow(v->members[i].value, depth + 1)) return false;
  return true;
}

static bool kind_fits(struct arena *a, enum wkind kind, const struct value *v) {
  struct str ignored;
  struct wire_time t;
  switch (kind) {
  case WK_STRING: return v->kind == V_STR;
  case WK_INTEGER:
  case WK_LONG: return v->kind == V_INT;
  case WK_DOUBLE: return v->kind == V_INT || v->kind == V_DEC;
  case WK_BOOLEAN: return v->kind == V_BOOL;
  case WK_BLOB: return v->kind == V_STR && crypto_base64_decode(a, value_text(v), &ignored);
  case WK_TIMESTAMP: return wire_time_of(v, &t);
  case WK_LIST: return v->kind == V_LIST;
  case WK_STRUCTURE:
  case WK_MAP: return v->kind == V_MAP;
  case WK_DOCUMENT: return v->kind != V_RES && !value_unknown(v);
  }
  return false;
}

/* Bytes that cannot be sent where the text goes: controls in headers, what XML 1.0 has no way to write. */
static bool text_fits(const struct wire_out *o, const struct wb_ref *ref, struct str t) {
  bool header = ref->location == WB_HEADER || ref->location == WB_HEADERS;
  if (!header && !(ref->location == WB_BODY && o->service->protocol == WP_REST_XML)) return true;
  for (size_t i = 0; i < t.n; i++) {
    unsigned char c = (unsigned char)t.p[i];
    bool blank = c == '\t' || (!header && (c == '\n' || c == '\r'));
    if ((c < 0x20 && !blank) || c == 0x7f) return false;
  }
  return true;
}

static enum qn_err check(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                         const struct wire_path *at, size_t depth);

static enum qn_err check_unknown_member(const struct wire_out *o, const struct wb_shape *sh, struct str name,
                                        const struct wire_path *at) {
  struct str *names = ARENA_ARRAY(o->a, sh->n_refs, struct str);
  for (uint32_t i = 0; i < sh->n_refs; i++)
    names[i] = wire_text(o->w, wire_ref_at(o->w, sh->first_ref + i).name);
  struct str near = diag_nearest(name, names, sh->n_refs);
  if (near.n) return wire_wrong(o->a, o->why, at, "no such member; nearest is %.*s", SV(near));
  return wire_wrong(o->a, o->why, at, "no such member");
}

static enum qn_err check_structure(const struct wire_out *o, const struct wb_shape *sh, const struct value *v,
                                   const struct wire_path *at, size_t depth) {
  for (uint32_t i = 0; i < v->n; i++) {
    struct wire_path here = {at, session_str(o->s, v->members[i].key), 0};
    uint32_t ref = wire_ref_by_name(o->w, sh, here.name);
    if (!ref) return check_unknown_member(o, sh, here.name, &here);
    if (value_is_null(v->members[i].value)) continue;
    struct wb_ref r = wire_ref_at(o->w, ref);
    enum qn_err e = check(o, &r, v->members[i].value, &here, depth + 1);
    if (e) return e;
  }
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(o->w, sh->first_ref + i);
    if (!(r.flags & WB_REF_REQUIRED) || !value_is_null(value_get(o->s, v, wire_text(o->w, r.name)))) continue;
    struct wire_path here = {at, wire_text(o->w, r.name), 0};
    return wire_wrong(o->a, o->why, &here, "is required");
  }
  return QN_OK;
}

static enum qn_err check_list(const struct wire_out *o, const struct wb_ref *ref, const struct wb_shape *sh,
                              const struct value *v, const struct wire_path *at, size_t depth) {
  struct wb_ref element = wire_ref_at(o->w, sh->first_ref);
  element.location = ref->location;
  for (uint32_t i = 0; i < v->n; i++) {
    struct wire_path here = {at, {NULL, 0}, i + 1};
    enum qn_err e = check(o, &element, v->items[i], &here, depth + 1);
    if (e) return e;
  }
  return QN_OK;
}

static enum qn_err check_map(const struct wire_out *o, const struct wb_ref *ref, const struct wb_shape *sh,
                             const struct value *v, const struct wire_path *at, size_t depth) {
  struct wb_ref value = wire_ref_at(o->w, sh->first_ref + 1);
  value.location = ref->location;
  for (uint32_t i = 0; i < v->n; i++) {
    struct wire_path here = {at, session_str(o->s, v->members[i].key), 0};
    if (!text_fits(o, &value, here.name))
      return wire_wrong(o->a, o->why, at, "a key has bytes that cannot be sent");
    enum qn_err e = check(o, &value, v->members[i].value, &here, depth + 1);
    if (e) return e;
  }
  return QN_OK;
}

static enum qn_err check(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                         const struct wire_path *at, size_t depth) {
  if (depth > WIRE_DEPTH_MAX) return wire_wrong(o->a, o->why, NULL, "the input is nested too deeply");
  if (v->kind == V_UNKNOWN) return wire_wrong(o->a, o->why, at, "is not known yet");
  struct wb_shape sh = wire_shape_at(o->w, ref->shape);
  if (!kind_fits(o->a, (enum wkind)sh.kind, v))
    return wire_wrong(o->a, o->why, at, "%s is wanted, not %s", wanted_words[sh.kind],
                      value_unknown(v) ? "not known yet" : kind_words[v->kind]);
  if (v->kind == V_STR && !text_fits(o, ref, value_text(v)))
    return wire_wrong(o->a, o->why, at, "has bytes that cannot be sent");
  if (ref->location == WB_URI && v->kind == V_STR && !wire_scalar_text(o, ref, v, WB_TIME_DEFAULT).n)
    return wire_wrong(o->a, o->why, at, "must not be empty");
  if (sh.kind == WK_DOCUMENT && !is_shallow(v, depth))
    return wire_wrong(o->a, o->why, at, "is nested too deeply");
  if (sh.kind == WK_STRUCTURE) return check_structure(o, &sh, v, at, depth);
  if (sh.kind == WK_LIST) return check_list(o, ref, &sh, v, at, depth);
  if (sh.kind == WK_MAP) return check_map(o, ref, &sh, v, at, depth);
  return QN_OK;
}

/* ---- shared by the writers */

struct str wire_scalar_text(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                            enum wb_time form) {
  struct str text = {NULL, 0};
  struct wire_time t = {0, 0};
  if (wire_shape_at(o->w, ref->shape).kind == WK_TIMESTAMP && wire_time_of(v, &t))
    return wire_time_text(o->a, t, ref->time ? (enum wb_time)ref->time : form);
  (void)value_to_text(o->a, v, &text);
  if (ref->flags & WB_REF_LAST_SEGMENT)
    for (size_t i = text.n; i-- > 0;)
      if (text.p[i] == '/') return str_sub(text, i + 1, text.n);
  return text;
}

void wire_encode(struct buf *out, struct str text, const char *keep) {
  static const char hex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 (c && strchr("-._~", c)) || (c && strchr(keep, c));
    if (plain) {
      buf_addc(out, (char)c);
    } else {
      const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
      buf_add(out, (struct str){escaped, 3});
    }
  }
}

/* ---- the entry */

static void start_request(struct wire_out *o, const struct wire_op *op) {
  o->r->method = op->method;
  o->r->needs_md5 = op->needs_md5;
  o->r->path = op->uri;
  const struct wire_service *svc = o->service;
  if (svc->protocol == WP_EC2 || svc->protocol == WP_QUERY) {
    o->r->content_type = STR("application/x-www-form-urlencoded; charset=utf-8");
  } else if (svc->protocol == WP_JSON) {
    o->r->content_type = str_fmt(o->a, "application/x-amz-json-%.*s", SV(svc->json_version));
    o->r->target = str_fmt(o->a, "%.*s.%.*s", SV(svc->target_prefix), SV(op->name));
  }
  if (svc->query_compatible) {
    struct wire_header h = {STR("x-amzn-query-mode"), STR("true")};
    VEC_PUSH(o->a, &o->headers, h);
  }
}

static enum qn_err write_request(struct wire_out *o, const struct value *input, struct buf *body) {
  switch (o->service->protocol) {
  case WP_EC2:
  case WP_QUERY: wire_write_query(o, input, body); return QN_OK;
  case WP_JSON:
    if (o->op.input) {
      struct wb_shape sh = wire_shape_at(o->w, wire_ref_at(o->w, o->op.input).shape);
      wire_write_json(o, &sh, input, false, body);
    } else {
      buf_addz(body, "{}");
    }
    return QN_OK;
  case WP_REST_JSON:
  case WP_REST_XML: return wire_write_rest(o, input, body);
  }
  return QN_E_INVALID;
}

enum qn_err wire_serialise(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                           const struct value *input, struct wire_request *out, struct str *why) {
  struct wire_request r = {0};
  struct wire_out o = {
      .w = w, .s = s, .a = a, .service = op->service, .op = wire_op_at(w, op->index), .r = &r, .why = why};
  if (!input || input->kind == V_NULL) input = value_map(a, NULL, 0);
  if (input->kind != V_MAP) return wire_wrong(a, why, NULL, "the input is no map");
  if (!o.op.input && input->n) return wire_wrong(a, why, NULL, "%.*s takes no input", SV(op->name));
  if (o.op.input) {
    struct wb_ref ref = wire_ref_at(w, o.op.input);
    enum qn_err e = check(&o, &ref, input, NULL, 0);
    if (e) return e;
  }
  start_request(&o, op);
  struct buf body = BUF_INIT(BUF_MAX_DEFAULT);
  enum qn_err e = write_request(&o, input, &body);
  if (!e && body.failed) e = QN_E_LIMIT;
  if (e == QN_E_LIMIT) *why = STR("the request is too large");
  if (!e) {
    r.body = str_dup(a, buf_str(&body));
    r.headers = o.headers.v;
    r.n_headers = o.headers.n;
    *out = r;
  }
  buf_release(&body);
  return e;
}
