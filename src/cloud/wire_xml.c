/* XML bodies both ways: REST-XML requests, and the replies of REST-XML, query
 * and EC2. Rules: botocore 1.43.11, RestXMLSerializer and BaseXMLResponseParser. */
#include "quoin/xml.h"
#include "wire_int.h"

/* ---- writing */

static void open_tag(const struct wire_out *o, const struct wb_ref *ref, struct str name, struct buf *body) {
  buf_addc(body, '<');
  buf_add(body, name);
  if (!ref->ns_uri.at) return;
  struct str prefix = wire_text(o->w, ref->ns_prefix);
  buf_addf(body, " xmlns%s%.*s=\"", prefix.n ? ":" : "", SV(prefix));
  xml_escape(body, wire_text(o->w, ref->ns_uri));
  buf_addc(body, '"');
}

static void close_tag(struct str name, struct buf *body) {
  buf_addf(body, "</%.*s>", SV(name));
}

static void write(const struct wire_out *o, const struct wb_ref *ref, struct str name, const struct value *v,
                  bool body_only, struct buf *body);

static void write_structure(const struct wire_out *o, const struct wb_ref *ref, const struct wb_shape *sh,
                            struct str name, const struct value *v, bool body_only, struct buf *body) {
  open_tag(o, ref, name, body);
  for (int attributes = 1; attributes >= 0; attributes--) {
    for (uint32_t i = 0; i < sh->n_refs; i++) {
      struct wb_ref r = wire_ref_at(o->w, sh->first_ref + i);
      const struct value *member = value_get(o->s, v, wire_text(o->w, r.name));
      if (value_is_null(member) || (body_only && r.location != WB_BODY)) continue;
      bool attribute = r.flags & WB_REF_ATTRIBUTE;
      if (attribute != (attributes == 1)) continue;
      if (attribute) {
        buf_addf(body, " %.*s=\"", SV(wire_text(o->w, r.wire_name)));
        xml_escape(body, wire_scalar_text(o, &r, member, WB_TIME_ISO8601));
        buf_addc(body, '"');
      } else {
        write(o, &r, wire_text(o->w, r.wire_name), member, false, body);
      }
    }
    if (attributes) buf_addc(body, '>');
  }
  close_tag(name, body);
}

static void write_list(const struct wire_out *o, const struct wb_ref *ref, const struct wb_shape *sh,
                       struct str name, const struct value *v, struct buf *body) {
  struct wb_ref element = wire_ref_at(o->w, sh->first_ref);
  bool flattened = ref->flags & WB_REF_FLATTENED;
  if (!flattened) {
    open_tag(o, ref, name, body);
    buf_addc(body, '>');
  }
  for (uint32_t i = 0; i < v->n; i++)
    write(o, &element, flattened ? name : wire_text(o->w, element.wire_name), v->items[i], false, body);
  if (!flattened) close_tag(name, body);
}

static void write_map(const struct wire_out *o, const struct wb_ref *ref, const struct wb_shape *sh,
                      struct str name, const struct value *v, struct buf *body) {
  struct wb_ref key = wire_ref_at(o->w, sh->first_ref), value = wire_ref_at(o->w, sh->first_ref + 1);
  bool flattened = ref->flags & WB_REF_FLATTENED;
  struct str entry = flattened ? name : STR("entry");
  if (!flattened) {
    open_tag(o, ref, name, body);
    buf_addc(body, '>');
  }
  for (uint32_t i = 0; i < v->n; i++) {
    buf_addf(body, "<%.*s>", SV(entry));
    write(o, &key, wire_text(o->w, key.wire_name), value_str(o->a, session_str(o->s, v->members[i].key)),
          false, body);
    write(o, &value, wire_text(o->w, value.wire_name), v->members[i].value, false, body);
    close_tag(entry, body);
  }
  if (!flattened) close_tag(name, body);
}

static void write(const struct wire_out *o, const struct wb_ref *ref, struct str name, const struct value *v,
                  bool body_only, struct buf *body) {
  struct wb_shape sh = wire_shape_at(o->w, ref->shape);
  if (sh.kind == WK_STRUCTURE) {
    write_structure(o, ref, &sh, name, v, body_only, body);
  } else if (sh.kind == WK_LIST) {
    write_list(o, ref, &sh, name, v, body);
  } else if (sh.kind == WK_MAP) {
    write_map(o, ref, &sh, name, v, body);
  } else {
    open_tag(o, ref, name, body);
    buf_addc(body, '>');
    xml_escape(body, wire_scalar_text(o, ref, v, WB_TIME_ISO8601));
    close_tag(name, body);
  }
}

void wire_write_xml(const struct wire_out *o, const struct wb_ref *root, const struct value *v,
                    bool body_only, struct buf *body) {
  write(o, root, wire_text(o->w, root->wire_name), v, body_only, body);
}

/* ---- reading; the tree is at most 256 deep (xml.h), and recursion follows it */

/* Next element of that name from `n` on. */
static const struct xml_node *next_named(const struct xml_node *n, struct str name) {
  while (n && !str_eq(n->name, name)) n = n->next;
  return n;
}

static enum qn_err read(const struct wire_in *in, const struct wb_ref *ref, const struct xml_node *node,
                        const struct wire_path *at, const struct value **out);

/* Items are the elements from `item` on: all of them, or, flattened, those of the list's name. */
static enum qn_err read_list(const struct wire_in *in, const struct wb_ref *ref, const struct wb_shape *sh,
                             const struct xml_node *node, const struct wire_path *at,
                             const struct value **out) {
  struct wb_ref element = wire_ref_at(in->w, sh->first_ref);
  bool flattened = ref->flags & WB_REF_FLATTENED;
  VEC(const struct value *) items = {0};
  for (const struct xml_node *n = flattened ? node : node->child; n;
       n = flattened ? next_named(n->next, node->name) : n->next) {
    struct wire_path here = {at, {NULL, 0}, items.n + 1};
    const struct value *v;
    enum qn_err e = read(in, &element, n, &here, &v);
    if (e) return e;
    VEC_PUSH(in->a, &items, v);
  }
  *out = value_list(in->a, items.v, items.n);
  return QN_OK;
}

static enum qn_err read_map(const struct wire_in *in, const struct wb_ref *ref, const struct wb_shape *sh,
                            const struct xml_node *node, const struct wire_path *at,
                            const struct value **out) {
  struct wb_ref key = wire_ref_at(in->w, sh->first_ref), value = wire_ref_at(in->w, sh->first_ref + 1);
  bool flattened = ref->flags & WB_REF_FLATTENED;
  VEC(struct member) m = {0};
  for (const struct xml_node *n = flattened ? node : node->child; n;
       n = flattened ? next_named(n->next, node->name) : n->next) {
    const struct xml_node *k = xml_child(n, wire_text(in->w, key.wire_name));
    const struct xml_node *v = xml_child(n, wire_text(in->w, value.wire_name));
    if (!k || !v) return wire_wrong(in->a, in->why, at, "the reply has a map entry without key or value");
    struct wire_path here = {at, k->text, 0};
    struct member one = {.key = session_sym(in->s, k->text)};
    enum qn_err e = read(in, &value, v, &here, &one.value);
    if (e) return e;
    VEC_PUSH(in->a, &m, one);
  }
  *out = value_map(in->a, m.v, m.n);
  return QN_OK;
}

/* Attributes are named with a prefix in the model (xsi:type); the tree has the local name. */
static const struct value *read_attribute(const struct wire_in *in, const struct wb_ref *ref,
                                          const struct xml_node *node) {
  struct str prefix, name = wire_text(in->w, ref->wire_name), local = str_cut(name, ':', &prefix);
  if (!local.p) local = name;
  for (const struct xml_attr *a = node->attrs; a; a = a->next)
    if (str_eq(a->name, local)) return value_str(in->a, a->value);
  return NULL;
}

static enum qn_err read_structure(const struct wire_in *in, const struct wb_shape *sh,
                                  const struct xml_node *node, bool body_only, const struct wire_path *at,
                                  const struct value **out) {
  struct member *m = ARENA_ARRAY(in->a, sh->n_refs, struct member);
  const struct xml_node **first = ARENA_ARRAY(in->a, sh->n_refs, const struct xml_node *);
  for (const struct xml_node *c = node->child; c; c = c->next) {
    uint32_t ref = wire_ref_by_xml(in->w, sh, c->name);
    if (ref && !first[ref - sh->first_ref]) first[ref - sh->first_ref] = c;
  }
  size_t n = 0;
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(in->w, sh->first_ref + i);
    if (body_only && r.location != WB_BODY) continue;
    struct wire_path here = {at, wire_text(in->w, r.name), 0};
    m[n].value = NULL;
    if (r.flags & WB_REF_ATTRIBUTE) {
      m[n].value = read_attribute(in, &r, node);
    } else if (first[i]) {
      enum qn_err e = read(in, &r, first[i], &here, &m[n].value);
      if (e) return e;
    }
    if (m[n].value) m[n++].key = session_sym(in->s, here.name);
  }
  *out = value_map(in->a, m, n);
  return QN_OK;
}

static enum qn_err read(const struct wire_in *in, const struct wb_ref *ref, const struct xml_node *node,
                        const struct wire_path *at, const struct value **out) {
  struct wb_shape sh = wire_shape_at(in->w, ref->shape);
  if (sh.kind == WK_STRUCTURE) return read_structure(in, &sh, node, false, at, out);
  if (sh.kind == WK_LIST) return read_list(in, ref, &sh, node, at, out);
  if (sh.kind == WK_MAP) return read_map(in, ref, &sh, node, at, out);
  return wire_scalar_value(in, ref, node->text, at, out);
}

enum qn_err wire_read_xml(const struct wire_in *in, uint32_t shape, const struct xml_node *node,
                          bool body_only, const struct value **out) {
  struct wb_shape sh = wire_shape_at(in->w, shape);
  return read_structure(in, &sh, node, body_only, NULL, out);
}
