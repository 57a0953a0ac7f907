/* JSON bodies both ways: JSON 1.0/1.1 and REST-JSON. Requests are written
 * directly, not by json_write, because they may carry secrets. */
#include "wire_int.h"

/* ---- writing */

/* Depth was checked with the input. */
static void write_document(const struct wire_out *o, const struct value *v, struct buf *body) {
  if (v->kind == V_LIST) {
    buf_addc(body, '[');
    for (uint32_t i = 0; i < v->n; i++) {
      if (i) buf_addc(body, ',');
      write_document(o, v->items[i], body);
    }
    buf_addc(body, ']');
  } else if (v->kind == V_MAP) {
    buf_addc(body, '{');
    for (uint32_t i = 0; i < v->n; i++) {
      if (i) buf_addc(body, ',');
      json_escape(body, session_str(o->s, v->members[i].key));
      buf_addc(body, ':');
      write_document(o, v->members[i].value, body);
    }
    buf_addc(body, '}');
  } else if (v->kind == V_STR) {
    json_escape(body, value_text(v));
  } else {
    struct str text = STR("null");
    (void)value_to_text(o->a, v, &text);
    buf_add(body, text);
  }
}

static void write_timestamp(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                            struct buf *body) {
  bool unix_time = !ref->time || ref->time == WB_TIME_UNIX;
  struct str text = wire_scalar_text(o, ref, v, WB_TIME_UNIX);
  if (unix_time)
    buf_add(body, text);
  else
    json_escape(body, text);
}

void wire_write_json_value(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                           struct buf *body) {
  struct wb_shape sh = wire_shape_at(o->w, ref->shape);
  const char *comma = "";
  if (sh.kind == WK_STRUCTURE) {
    wire_write_json(o, &sh, v, false, body);
  } else if (sh.kind == WK_LIST) {
    struct wb_ref element = wire_ref_at(o->w, sh.first_ref);
    buf_addc(body, '[');
    for (uint32_t i = 0; i < v->n; i++, comma = ",") {
      buf_addz(body, comma);
      wire_write_json_value(o, &element, v->items[i], body);
    }
    buf_addc(body, ']');
  } else if (sh.kind == WK_MAP) {
    struct wb_ref value = wire_ref_at(o->w, sh.first_ref + 1);
    buf_addc(body, '{');
    for (uint32_t i = 0; i < v->n; i++, comma = ",") {
      buf_addz(body, comma);
      json_escape(body, session_str(o->s, v->members[i].key));
      buf_addc(body, ':');
      wire_write_json_value(o, &value, v->members[i].value, body);
    }
    buf_addc(body, '}');
  } else if (sh.kind == WK_TIMESTAMP) {
    write_timestamp(o, ref, v, body);
  } else {
    write_document(o, v, body);
  }
}

void wire_write_json(const struct wire_out *o, const struct wb_shape *sh, const struct value *v,
                     bool body_only, struct buf *body) {
  const char *comma = "";
  buf_addc(body, '{');
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(o->w, sh->first_ref + i);
    const struct value *member = value_get(o->s, v, wire_text(o->w, r.name));
    if (value_is_null(member) || (body_only && r.location != WB_BODY)) continue;
    buf_addz(body, comma);
    json_escape(body, wire_text(o->w, r.wire_name));
    buf_addc(body, ':');
    wire_write_json_value(o, &r, member, body);
    comma = ",";
  }
  buf_addc(body, '}');
}

/* ---- reading */

static enum qn_err read_value(const struct wire_in *in, const struct wb_ref *ref, const struct value *json,
                              const struct wire_path *at, size_t depth, const struct value **out);

static enum qn_err read_structure(const struct wire_in *in, const struct wb_shape *sh,
                                  const struct value *json, bool body_only, const struct wire_path *at,
                                  size_t depth, const struct value **out) {
  struct member *m = ARENA_ARRAY(in->a, sh->n_refs, struct member);
  size_t n = 0;
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(in->w, sh->first_ref + i);
    if (body_only && r.location != WB_BODY) continue;
    const struct value *v = value_get(in->s, json, wire_text(in->w, r.wire_name));
    if (value_is_null(v)) continue;
    struct wire_path here = {at, wire_text(in->w, r.name), 0};
    enum qn_err e = read_value(in, &r, v, &here, depth + 1, &m[n].value);
    if (e) return e;
    m[n++].key = session_sym(in->s, here.name);
  }
  *out = value_map(in->a, m, n);
  return QN_OK;
}

static enum qn_err read_list(const struct wire_in *in, const struct wb_shape *sh, const struct value *json,
                             const struct wire_path *at, size_t depth, const struct value **out) {
  struct wb_ref element = wire_ref_at(in->w, sh->first_ref);
  const struct value **items = ARENA_ARRAY(in->a, json->n, const struct value *);
  for (uint32_t i = 0; i < json->n; i++) {
    struct wire_path here = {at, {NULL, 0}, i + 1};
    enum qn_err e = read_value(in, &element, json->items[i], &here, depth + 1, &items[i]);
    if (e) return e;
  }
  *out = value_list(in->a, items, json->n);
  return QN_OK;
}

static enum qn_err read_map(const struct wire_in *in, const struct wb_shape *sh, const struct value *json,
                            const struct wire_path *at, size_t depth, const struct value **out) {
  struct wb_ref value = wire_ref_at(in->w, sh->first_ref + 1);
  struct member *m = ARENA_ARRAY(in->a, json->n, struct member);
  for (uint32_t i = 0; i < json->n; i++) {
    struct wire_path here = {at, session_str(in->s, json->members[i].key), 0};
    enum qn_err e = read_value(in, &value, json->members[i].value, &here, depth + 1, &m[i].value);
    if (e) return e;
    m[i].key = json->members[i].key;
  }
  *out = value_map(in->a, m, json->n);
  return QN_OK;
}

/* Scalars that have the kind already stay; others go through their text ("8080" for a number, 1 for a text).
 */
static enum qn_err read_scalar(const struct wire_in *in, const struct wb_ref *ref, enum wkind kind,
                               const struct value *json, const struct wire_path *at,
                               const struct value **out) {
  bool number = json->kind == V_INT || json->kind == V_DEC;
  if ((kind == WK_STRING && json->kind == V_STR) || (kind == WK_BOOLEAN && json->kind == V_BOOL) ||
      (kind == WK_DOUBLE && number) || ((kind == WK_INTEGER || kind == WK_LONG) && json->kind == V_INT)) {
    *out = json;
    return QN_OK;
  }
  struct str text;
  if (value_to_text(in->a, json, &text)) return wire_scalar_value(in, ref, text, at, out);
  return wire_wrong(in->a, in->why, at, "the reply has %s", json->kind == V_LIST ? "a list" : "an object");
}

static enum qn_err read_value(const struct wire_in *in, const struct wb_ref *ref, const struct value *json,
                              const struct wire_path *at, size_t depth, const struct value **out) {
  struct wb_shape sh = wire_shape_at(in->w, ref->shape);
  if (depth > WIRE_DEPTH_MAX) return wire_wrong(in->a, in->why, NULL, "the reply is nested too deeply");
  if (json->kind == V_NULL || sh.kind == WK_DOCUMENT) {
    *out = json;
    return QN_OK;
  }
  if ((sh.kind == WK_STRUCTURE || sh.kind == WK_MAP) && json->kind != V_MAP)
    return wire_wrong(in->a, in->why, at, "the reply has no object here");
  if (sh.kind == WK_LIST && json->kind != V_LIST)
    return wire_wrong(in->a, in->why, at, "the reply has no list here");
  if (sh.kind == WK_STRUCTURE) return read_structure(in, &sh, json, false, at, depth, out);
  if (sh.kind == WK_LIST) return read_list(in, &sh, json, at, depth, out);
  if (sh.kind == WK_MAP) return read_map(in, &sh, json, at, depth, out);
  return read_scalar(in, ref, (enum wkind)sh.kind, json, at, out);
}

enum qn_err wire_read_json(const struct wire_in *in, uint32_t shape, const struct value *json, bool body_only,
                           const struct value **out) {
  struct wb_shape sh = wire_shape_at(in->w, shape);
  if (json->kind != V_MAP) return wire_wrong(in->a, in->why, NULL, "the reply is no JSON object");
  return read_structure(in, &sh, json, body_only, NULL, 0, out);
}
