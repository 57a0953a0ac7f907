/* libFuzzer: any bytes as a spec file. Every node must lie inside the file, and
 * templates and their places must be computed without a fault. */
#include <stdlib.h>

#include "quoin/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
  if (!good) abort();
}

static void walk(struct session *s, const struct ynode *n, size_t size) {
  check(n->span.start <= n->span.end && n->span.end <= size);
  if (n->kind == Y_SCALAR) {
    uint32_t *map = malloc((n->text.n + 1) * sizeof *map);
    if (!map) return;
    yaml_text_offsets(s, n, map);
    for (size_t i = 0; i < n->text.n; i++) check(map[i] <= map[i + 1] && map[i] >= n->span.start);
    check(map[n->text.n] <= n->span.end);
    free(map);
    (void)template_parse(s, n);
  }
  for (uint32_t i = 0; n->kind == Y_SEQ && i < n->n; i++) walk(s, n->items[i], size);
  for (uint32_t i = 0; n->kind == Y_MAP && i < n->n; i++) walk(s, n->pairs[i].value, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  session_init(&s, NULL);
  uint32_t file = srcmap_add(s.sources, STR("f"), (struct str){(const char *)data, size});
  const struct ynode *root = yaml_parse(&s, file);
  check(root || s.diags.n_errors > 0);
  if (root && size < 4096) walk(&s, root, size); /* aliases repeat nodes: keep it short */
  struct buf b = BUF_INIT(1 << 20);
  diags_render_text(&s.diags, s.sources, &b, false, 20);
  buf_release(&b);
  session_release(&s);
  return 0;
}
