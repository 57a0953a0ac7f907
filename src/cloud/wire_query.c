/* AWS query and EC2 query: flat names with dots and indices, form encoded.
 * Rules: botocore 1.43.11, serialize.py, QuerySerializer and EC2Serializer. */
#include "wire_int.h"

struct query {
  const struct wire_out *o;
  struct buf name; /* of the parameter in hand */
  struct buf *body;
  bool ec2;
};

static void put(struct query *q, struct str text) {
  if (q->body->n) buf_addc(q->body, '&');
  wire_encode(q->body, buf_str(&q->name), "");
  buf_addc(q->body, '=');
  wire_encode(q->body, text, "");
}

/* Appends a component to the name; returns what cut() takes to remove it. */
static size_t extend(struct query *q, struct str component) {
  size_t mark = q->name.n;
  if (mark) buf_addc(&q->name, '.');
  buf_add(&q->name, component);
  return mark;
}

static void cut(struct query *q, size_t mark) {
  q->name.n = mark;
}

static void write(struct query *q, const struct wb_ref *ref, const struct value *v);

static void write_structure(struct query *q, const struct wb_shape *sh, const struct value *v) {
  for (uint32_t i = 0; i < sh->n_refs; i++) {
    struct wb_ref r = wire_ref_at(q->o->w, sh->first_ref + i);
    const struct value *member = value_get(q->o->s, v, wire_text(q->o->w, r.name));
    if (value_is_null(member)) continue;
    size_t mark = extend(q, wire_text(q->o->w, r.query_name));
    write(q, &r, member);
    cut(q, mark);
  }
}

static void write_items(struct query *q, const struct wb_ref *element, const struct value *v) {
  for (uint32_t i = 0; i < v->n; i++) {
    size_t mark = extend(q, str_fmt(q->o->a, "%u", i + 1));
    write(q, element, v->items[i]);
    cut(q, mark);
  }
}

static void write_list(struct query *q, const struct wb_ref *ref, const struct wb_shape *sh,
                       const struct value *v) {
  struct wb_ref element = wire_ref_at(q->o->w, sh->first_ref);
  if (q->ec2) {
    write_items(q, &element, v);
    return;
  }
  if (!v->n) { /* says "the empty list"; leaving it out would say nothing */
    put(q, STR(""));
    return;
  }
  struct str component = wire_text(q->o->w, element.wire_name);
  if (!(ref->flags & WB_REF_FLATTENED)) {
    size_t mark = extend(q, component);
    write_items(q, &element, v);
    cut(q, mark);
    return;
  }
  if (!(element.flags & WB_REF_NAMED)) {
    write_items(q, &element, v);
    return;
  }
  /* The element's name stands in place of the list's. */
  struct str saved = str_dup(q->o->a, buf_str(&q->name));
  size_t dot = saved.n;
  while (dot && saved.p[dot - 1] != '.') dot--;
  cut(q, dot ? dot - 1 : 0);
  extend(q, component);
  write_items(q, &element, v);
  cut(q, 0);
  buf_add(&q->name, saved);
}

static void write_map(struct query *q, const struct wb_ref *ref, const struct wb_shape *sh,
                      const struct value *v) {
  struct wb_ref key = wire_ref_at(q->o->w, sh->first_ref), value = wire_ref_at(q->o->w, sh->first_ref + 1);
  size_t outer = ref->flags & WB_REF_FLATTENED ? q->name.n : extend(q, STR("entry"));
  for (uint32_t i = 0; i < v->n; i++) {
    size_t entry = extend(q, str_fmt(q->o->a, "%u", i + 1));
    size_t mark = extend(q, wire_text(q->o->w, key.wire_name));
    put(q, session_str(q->o->s, v->members[i].key));
    cut(q, mark);
    extend(q, wire_text(q->o->w, value.wire_name));
    write(q, &value, v->members[i].value);
    cut(q, entry);
  }
  cut(q, outer);
}

static void write(struct query *q, const struct wb_ref *ref, const struct value *v) {
  struct wb_shape sh = wire_shape_at(q->o->w, ref->shape);
  if (sh.kind == WK_STRUCTURE)
    write_structure(q, &sh, v);
  else if (sh.kind == WK_LIST)
    write_list(q, ref, &sh, v);
  else if (sh.kind == WK_MAP)
    write_map(q, ref, &sh, v);
  else
    put(q, wire_scalar_text(q->o, ref, v, WB_TIME_ISO8601));
}

void wire_write_query(const struct wire_out *o, const struct value *input, struct buf *body) {
  struct query q = {.o = o, .name = BUF_INIT(1 << 16), .body = body, .ec2 = o->service->protocol == WP_EC2};
  extend(&q, STR("Action"));
  put(&q, wire_text(o->w, o->op.name));
  cut(&q, 0);
  extend(&q, STR("Version"));
  put(&q, o->service->api_version);
  cut(&q, 0);
  if (o->op.input) {
    struct wb_ref ref = wire_ref_at(o->w, o->op.input);
    write(&q, &ref, input);
  }
  if (q.name.failed) body->failed = true;
  buf_release(&q.name);
}
