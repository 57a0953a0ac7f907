#include "render_value.h"

#define DEPTH_MAX 64

static void add_inline(const struct session *s, struct buf *out, const struct value *v, unsigned depth);

static void add_key(struct buf *out, struct str key) {
  bool plain = key.n > 0;
  for (size_t i = 0; i < key.n && plain; i++) {
    char c = key.p[i];
    plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
            c == '-' || c == ':';
  }
  if (plain)
    buf_add(out, key);
  else
    json_escape(out, key);
}

static void add_list(const struct session *s, struct buf *out, const struct value *v, unsigned depth) {
  buf_addc(out, '[');
  for (uint32_t i = 0; i < v->n; i++) {
    if (i) buf_addz(out, ", ");
    add_inline(s, out, v->items[i], depth + 1);
  }
  buf_addc(out, ']');
}

static void add_map(const struct session *s, struct buf *out, const struct value *v, unsigned depth) {
  buf_addc(out, '{');
  for (uint32_t i = 0; i < v->n; i++) {
    if (i) buf_addz(out, ", ");
    add_key(out, session_str(s, v->members[i].key));
    buf_addz(out, " = ");
    add_inline(s, out, v->members[i].value, depth + 1);
  }
  buf_addc(out, '}');
}

static void add_inline(const struct session *s, struct buf *out, const struct value *v, unsigned depth) {
  if (v && (v->flags & VF_SECRET)) {
    buf_addz(out, "(sensitive)");
    return;
  }
  if (value_is_null(v) || depth > DEPTH_MAX) {
    buf_addz(out, depth > DEPTH_MAX ? "..." : "null");
    return;
  }
  switch ((enum vkind)v->kind) {
  case V_BOOL: buf_addz(out, v->b ? "true" : "false"); break;
  case V_INT: buf_addf(out, "%lld", (long long)v->i); break;
  case V_DEC: buf_add(out, value_text(v)); break;
  case V_STR: json_escape(out, value_text(v)); break;
  case V_LIST: add_list(s, out, v, depth); break;
  case V_MAP: add_map(s, out, v, depth); break;
  case V_RES: buf_add(out, session_str(s, v->res.address)); break;
  case V_UNKNOWN: buf_add(out, unknown_text(v->unknown)); break;
  case V_NULL: break;
  }
}

/* Cuts what was added since `from` to `most` columns, at a character. */
static void cut(struct buf *out, size_t from, size_t most) {
  struct str added = {out->p + from, out->n - from};
  if (!most || str_columns(added) <= most) return;
  out->n = from + str_columns_cut(added, most > 3 ? most - 3 : 0);
  buf_addz(out, "...");
}

void render_inline(const struct session *s, struct buf *out, const struct value *v, size_t most) {
  size_t from = out->n;
  add_inline(s, out, v, 0);
  if (!out->failed) cut(out, from, most);
}

void render_text(struct buf *out, struct str text, size_t most) {
  size_t from = out->n;
  for (size_t i = 0; i < text.n; i++)
    buf_addc(out, (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i]);
  if (!out->failed) cut(out, from, most);
}

static void add_line_start(struct buf *out, const char *mark, unsigned indent) {
  for (unsigned i = 0; i < indent; i++) buf_addc(out, ' ');
  buf_addz(out, mark);
}

static bool container(const struct value *v) {
  return (value_is(v, V_MAP) || value_is(v, V_LIST)) && v->n > 0 && !(v->flags & VF_SECRET);
}

static size_t widest_key(const struct session *s, const struct value *map) {
  size_t widest = 0;
  for (uint32_t i = 0; i < map->n; i++) {
    size_t n = str_columns(session_str(s, map->members[i].key));
    if (n > widest && n <= 32) widest = n;
  }
  return widest;
}

static void block(const struct session *s, struct buf *out, const char *mark, struct str name, size_t width,
                  const struct value *v, unsigned indent, unsigned columns, unsigned depth) {
  size_t from = out->n;
  add_line_start(out, mark, indent);
  if (name.n) {
    add_key(out, name);
    for (size_t i = str_columns(name); i < width; i++) buf_addc(out, ' ');
    buf_addz(out, " = ");
  }
  size_t value_from = out->n;
  add_inline(s, out, v, 0);
  bool fits = !out->failed && str_columns((struct str){out->p + from, out->n - from}) <= columns;
  if (fits || !container(v) || depth > DEPTH_MAX) {
    buf_addc(out, '\n');
    return;
  }
  out->n = value_from;
  bool map = v->kind == V_MAP;
  buf_addz(out, map ? "{\n" : "[\n");
  size_t inner = map ? widest_key(s, v) : 0;
  for (uint32_t i = 0; i < v->n; i++)
    block(s, out, mark, map ? session_str(s, v->members[i].key) : STR(""), inner,
          map ? v->members[i].value : v->items[i], indent + 2, columns, depth + 1);
  add_line_start(out, mark, indent);
  buf_addz(out, map ? "}\n" : "]\n");
}

void render_block(const struct session *s, struct buf *out, const char *mark, struct str name,
                  size_t name_width, const struct value *v, unsigned indent, unsigned columns) {
  block(s, out, mark, name, name_width, v, indent, columns ? columns : 100, 0);
}
