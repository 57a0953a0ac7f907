/* What differs within two values, where both whole would not fit on a line. */
#include "render_value.h"

#define DEPTH_MAX 64
#define PART_MAX  1000 /* columns of one side of a line */

struct difference {
  const struct session *s;
  struct buf *out, path;
  unsigned indent;
};

static bool container(const struct value *v) {
  return (value_is(v, V_MAP) || value_is(v, V_LIST)) && !(v->flags & VF_SECRET);
}

static bool comparable(const struct value *a, const struct value *b) {
  return container(a) && container(b) && a->kind == b->kind;
}

static void add_part(struct difference *d, const struct value *before, const struct value *after) {
  char mark = !before ? '+' : !after ? '-' : '~';
  buf_addf(d->out, "%*s%c %.*s = ", (int)d->indent, "", mark, SV(buf_str(&d->path)));
  if (before) render_inline(d->s, d->out, before, PART_MAX);
  if (before && after) buf_addz(d->out, " -> ");
  if (after) render_inline(d->s, d->out, after, PART_MAX);
  buf_addc(d->out, '\n');
}

static const struct value *member(const struct value *map, sym key) {
  for (uint32_t i = 0; i < map->n; i++)
    if (map->members[i].key == key) return map->members[i].value;
  return NULL;
}

static void differ(struct difference *d, const struct value *before, const struct value *after,
                   unsigned depth);

static void differ_at(struct difference *d, sym key, const struct value *before, const struct value *after,
                      unsigned depth) {
  size_t from = d->path.n;
  if (from) buf_addc(&d->path, '.');
  buf_add(&d->path, session_str(d->s, key));
  differ(d, before, after, depth);
  d->path.n = from;
}

static void differ_maps(struct difference *d, const struct value *before, const struct value *after,
                        unsigned depth) {
  for (uint32_t i = 0; i < before->n; i++) {
    const struct member *m = &before->members[i];
    differ_at(d, m->key, m->value, member(after, m->key), depth);
  }
  for (uint32_t i = 0; i < after->n; i++) {
    const struct member *m = &after->members[i];
    if (!member(before, m->key)) differ_at(d, m->key, NULL, m->value, depth);
  }
}

static void differ_lists(struct difference *d, const struct value *before, const struct value *after,
                         unsigned depth) {
  for (uint32_t i = 0; i < before->n || i < after->n; i++) {
    size_t from = d->path.n;
    buf_addf(&d->path, "[%u]", i);
    differ(d, i < before->n ? before->items[i] : NULL, i < after->n ? after->items[i] : NULL, depth);
    d->path.n = from;
  }
}

static void differ(struct difference *d, const struct value *before, const struct value *after,
                   unsigned depth) {
  if (before && after && value_eq(d->s, before, after)) return;
  if (!comparable(before, after) || depth >= DEPTH_MAX)
    add_part(d, before, after);
  else if (before->kind == V_MAP)
    differ_maps(d, before, after, depth + 1);
  else
    differ_lists(d, before, after, depth + 1);
}

bool render_difference(const struct session *s, struct buf *out, const struct value *before,
                       const struct value *after, unsigned indent) {
  if (!comparable(before, after)) return false;
  struct difference d = {.s = s, .out = out, .path = BUF_INIT(BUF_MAX_DEFAULT), .indent = indent};
  differ(&d, before, after, 0);
  bool failed = d.path.failed;
  buf_release(&d.path);
  return !failed;
}

size_t render_width(const struct session *s, const struct value *v) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  render_inline(s, &b, v, 0);
  size_t n = str_columns(buf_str(&b));
  buf_release(&b);
  return n;
}
