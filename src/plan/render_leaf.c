/* One changed property: on a line if there is room, else as what differs within it. */
#include "render_leaf.h"

#include "diff.h"

#define DEPTH_MAX 64

struct flat { /* the differences within one value */
  const struct leaf_style *st;
  struct buf *out;
  struct matcher m;
};

static void line_start(const struct leaf_style *st, struct buf *out, unsigned indent, const char *colour,
                       char mark) {
  buf_addf(out, "%*s%s%c%s ", (int)indent, "", colour, mark, mark == ' ' ? "" : st->off);
}

#define LEAF_MAX 1000 /* columns of a text that is not cut: only the end of an ARN may differ */

/* before -> after, on one line. */
static void add_pair(const struct leaf_style *st, struct buf *out, const struct value *a,
                     const struct value *b, bool gone) {
  if (a) render_inline(st->s, out, a, LEAF_MAX);
  if (a && (b || gone)) buf_addz(out, " -> ");
  if (b)
    render_inline(st->s, out, b, LEAF_MAX);
  else if (gone)
    buf_addz(out, "null");
}

static void flat_line(struct flat *f, struct str path, const struct value *a, const struct value *b) {
  const struct leaf_style *st = f->st;
  char mark = !a ? '+' : !b ? '-' : '~';
  line_start(st, f->out, 8, mark == '+' ? st->add : mark == '-' ? st->destroy : st->change, mark);
  buf_addf(f->out, "%.*s = ", SV(path));
  add_pair(st, f->out, a, b, false);
  buf_addc(f->out, '\n');
}

/* What tells an element from others, for people. */
static const struct value *label_of(struct flat *f, const struct value *v) {
  static const char *const names[] = {"Sid", "Id", "ID", "Name", "Key", "PolicyName"};
  for (size_t i = 0; value_is(v, V_MAP) && i < sizeof names / sizeof *names; i++) {
    const struct value *l = value_get(f->m.s, v, str_c(names[i]));
    if (value_is(l, V_STR) && !(l->flags & VF_SECRET)) return l;
  }
  return NULL;
}

static void flat_diff(struct flat *f, struct str path, const struct value *a, const struct value *b,
                      unsigned depth);

static void flat_maps(struct flat *f, struct str path, const struct value *a, const struct value *b,
                      unsigned depth) {
  for (int side = 0; side < 2; side++) {
    const struct value *map = side ? a : b;
    for (uint32_t i = 0; i < map->n; i++) {
      sym key = map->members[i].key;
      if (side && value_member(b, key)) continue;
      struct str name = session_str(f->m.s, key);
      flat_diff(f, str_fmt(f->m.a, "%.*s%s%.*s", SV(path), path.n ? "." : "", SV(name)), value_member(a, key),
                value_member(b, key), depth);
    }
  }
}

static bool same_label(struct flat *f, const struct value *a, const struct value *b) {
  const struct value *x = label_of(f, a), *y = label_of(f, b);
  return x && y && value_eq(f->m.s, x, y);
}

static struct str element_path(struct flat *f, struct str path, const struct value *v, uint32_t index) {
  const struct value *label = label_of(f, v);
  if (!value_is(v, V_MAP)) return str_fmt(f->m.a, "%.*s[]", SV(path));
  if (!label) return str_fmt(f->m.a, "%.*s[%u]", SV(path), index);
  struct buf text = BUF_INIT(1 << 16);
  json_escape(&text, value_text(label));
  struct str out = str_fmt(f->m.a, "%.*s[%.*s]", SV(path), SV(buf_str(&text)));
  buf_release(&text);
  return out;
}

/* Elements that are the same go first, then those of one name, then those at one place; the rest came or
 * went. */
static void flat_lists(struct flat *f, struct str path, const struct value *a, const struct value *b,
                       unsigned depth) {
  bool *of_a = ARENA_ARRAY(f->m.a, a->n, bool), *of_b = ARENA_ARRAY(f->m.a, b->n, bool);
  for (int round = 0; round < 3; round++)
    for (uint32_t i = 0; i < b->n; i++)
      for (uint32_t j = 0; j < a->n && !of_b[i]; j++) {
        if (of_a[j]) continue;
        const struct value *x = a->items[j], *y = b->items[i];
        bool maps = value_is(x, V_MAP) && value_is(y, V_MAP);
        bool pair = round == 0   ? json_same(&f->m, x, y, true)
                    : round == 1 ? same_label(f, x, y)
                                 : maps && i == j && !label_of(f, y);
        if (!pair) continue;
        of_a[j] = of_b[i] = true;
        if (round) flat_diff(f, element_path(f, path, y, i), x, y, depth);
      }
  for (uint32_t i = 0; i < b->n; i++)
    if (!of_b[i]) flat_diff(f, element_path(f, path, b->items[i], i), NULL, b->items[i], depth);
  for (uint32_t j = 0; j < a->n; j++)
    if (!of_a[j]) flat_diff(f, element_path(f, path, a->items[j], j), a->items[j], NULL, depth);
}

static const struct value *as_list(struct flat *f, const struct value *v) {
  return value_is(v, V_LIST) ? v : value_list(f->m.a, &v, 1);
}

/* Short lists without maps in them read best as a whole. */
static bool on_a_line(struct flat *f, struct str path, const struct value *a, const struct value *b) {
  const struct value *sides[2] = {a, b};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = 0; value_is(sides[side], V_LIST) && i < sides[side]->n; i++)
      if (value_is(sides[side]->items[i], V_MAP)) return false;
  struct buf text = BUF_INIT((size_t)1 << 24);
  add_pair(f->st, &text, a, b, false);
  bool fits =
      !text.failed && path.n && 13 + str_columns(path) + str_columns(buf_str(&text)) <= f->st->columns;
  buf_release(&text);
  return fits;
}

static void flat_diff(struct flat *f, struct str path, const struct value *a, const struct value *b,
                      unsigned depth) {
  bool shown = a && b && !(a->flags & VF_SECRET) && !(b->flags & VF_SECRET) && depth < DEPTH_MAX;
  if (a && b && json_same(&f->m, a, b, true)) return;
  if (shown && value_is(a, V_MAP) && value_is(b, V_MAP))
    flat_maps(f, path, a, b, depth + 1);
  else if (shown && (value_is(a, V_LIST) || value_is(b, V_LIST)) && !value_is(a, V_MAP) &&
           !value_is(b, V_MAP) && !value_is(a, V_UNKNOWN) && !value_is(b, V_UNKNOWN) &&
           !on_a_line(f, path, a, b))
    flat_lists(f, path, as_list(f, a), as_list(f, b), depth + 1);
  else
    flat_line(f, path, a, b);
}

/* A JSON text as what it says; other values as they are. */
static const struct value *document(const struct leaf_style *st, const struct value *v) {
  const struct value *out;
  struct json_error err;
  if (!value_is(v, V_STR) || (v->flags & VF_SECRET) || !v->n || (v->s[0] != '{' && v->s[0] != '[')) return v;
  return json_parse(st->s, st->a, value_text(v), &out, &err) == QN_OK ? out : v;
}

static bool container(const struct value *v) {
  return value_is(v, V_MAP) || value_is(v, V_LIST);
}

static bool lines(const struct value *v) {
  return value_is(v, V_STR) && !(v->flags & VF_SECRET) && str_find_c(value_text(v), '\n') != SIZE_MAX;
}

static struct str next_line(struct str *rest) {
  struct str line;
  *rest = str_cut(*rest, '\n', &line);
  return line;
}

static void text_line(const struct leaf_style *st, struct buf *out, char mark, struct str line) {
  line_start(st, out, 8, mark == '+' ? st->add : mark == '-' ? st->destroy : "", mark);
  render_text(out, line, LEAF_MAX);
  buf_addc(out, '\n');
}

/* Lines that differ, between what is the same before and behind. */
static void text_diff(const struct leaf_style *st, struct buf *out, struct str a, struct str b) {
  while (a.n && b.n) {
    struct str x = a, y = b, first = next_line(&x);
    if (!str_eq(first, next_line(&y))) break;
    a = x, b = y;
  }
  for (;;) {
    size_t i = a.n, j = b.n;
    while (i && a.p[i - 1] != '\n') i--;
    while (j && b.p[j - 1] != '\n') j--;
    if (!i || !j || !str_eq(str_sub(a, i, a.n), str_sub(b, j, b.n))) break;
    a.n = i - 1, b.n = j - 1;
  }
  while (a.n) text_line(st, out, '-', next_line(&a));
  while (b.n) text_line(st, out, '+', next_line(&b));
}

/* Below the head of a leaf that has no room on its line. */
static bool add_below(const struct leaf_style *st, struct buf *out, const struct value *a,
                      const struct value *b) {
  const struct value *x = document(st, a), *y = document(st, b);
  if (x && y && container(x) && container(y)) {
    struct flat f = {st, out, {st->s, st->a, NULL}};
    flat_diff(&f, STR(""), x, y, 0);
    return true;
  }
  if (a && b && (lines(a) || lines(b)) && value_is(a, V_STR) && value_is(b, V_STR)) {
    text_diff(st, out, value_text(a), value_text(b));
    return true;
  }
  if ((x && y) || !container(x ? x : y)) return false;
  const char *colour = x ? st->destroy : st->add;
  struct str mark = str_fmt(st->a, "%s%c%s ", colour, x ? '-' : '+', st->off);
  render_block(st->s, out, mark.p, STR(""), 0, x ? x : y, 8, st->columns);
  return true;
}

bool render_differences(const struct leaf_style *st, struct buf *out, const struct value *before,
                        const struct value *after) {
  return before && after && add_below(st, out, before, after);
}

void render_leaf(const struct leaf_style *st, struct buf *out, const struct leaf_line *l) {
  const struct value *a = l->before, *b = l->after;
  char mark = l->quiet ? ' ' : !a ? '+' : !b ? '-' : '~';
  const char *colour = l->quiet ? "" : mark == '+' ? st->add : mark == '-' ? st->destroy : st->change;
  line_start(st, out, 4, colour, mark);
  size_t own = str_columns(l->name);
  buf_add(out, l->name);
  for (size_t i = own; i < l->width; i++) buf_addc(out, ' ');
  size_t used = 9 + (own > l->width ? own : l->width), from = out->n, notes = l->notes.n ? l->notes.n + 4 : 0;
  buf_addz(out, " = ");
  add_pair(st, out, a, b, l->gone);
  size_t wide = used + str_columns((struct str){out->p + from + 3, out->n - from - 3});
  bool cut = wide > st->columns || lines(a) || lines(b);
  bool below = false;
  if (cut && !out->failed) {
    out->n = from;
    while (out->n && out->p[out->n - 1] == ' ') out->n--;
    if (notes) buf_addf(out, "  %s# %.*s%s", st->dim, SV(l->notes), st->off);
    buf_addc(out, '\n');
    below = add_below(st, out, a, b);
    if (below) return;
    out->n--;
    if (notes) out->n -= l->notes.n + 4 + strlen(st->dim) + strlen(st->off);
    buf_addz(out, " = ");
    add_pair(st, out, a, b, l->gone);
  }
  if (notes && wide + notes > st->columns)
    buf_addf(out, "\n%*s%s# %.*s%s", 8, "", st->dim, SV(l->notes), st->off);
  else if (notes)
    buf_addf(out, "  %s# %.*s%s", st->dim, SV(l->notes), st->off);
  buf_addc(out, '\n');
}
