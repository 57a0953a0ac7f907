#include "diff.h"

static void add_place(struct buf *out, const struct place *p, bool schema_path) {
  const struct place *stack[DIFF_DEPTH_MAX + 8];
  size_t n = 0;
  for (; p && n < DIFF_DEPTH_MAX + 8; p = p->up) stack[n++] = p;
  while (n-- > 0) {
    p = stack[n];
    if (p->kind == PL_MEMBER) {
      if (p->up) buf_addc(out, '.');
      buf_add(out, p->name);
    } else if (schema_path || p->kind == PL_ANY) {
      buf_addz(out, "[]");
    } else if (p->kind == PL_KEY) {
      buf_addc(out, '[');
      json_escape(out, p->name);
      buf_addc(out, ']');
    } else {
      buf_addf(out, "[%u]", p->index);
    }
  }
}

static struct str render(struct arena *a, const struct place *p, bool schema_path) {
  struct buf b = BUF_INIT((size_t)1 << 20);
  add_place(&b, p, schema_path);
  struct str out = str_dup(a, buf_str(&b));
  buf_release(&b);
  return out;
}

struct str place_text(struct arena *a, const struct place *p) {
  return render(a, p, false);
}
struct str place_schema_path(struct arena *a, const struct place *p) {
  return render(a, p, true);
}
