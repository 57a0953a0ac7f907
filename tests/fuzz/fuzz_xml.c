/* XML: any bytes give a tree or an error, never a crash; a tree is walked whole. */
#include "quoin/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct xml_node *n) {
  size_t sum = 0;
  for (; n; n = n->next) {
    size_t children = 0;
    for (const struct xml_node *c = n->child; c; c = c->next) children++;
    if (children != n->n_children) abort();
    for (const struct xml_attr *a = n->attrs; a; a = a->next) sum += a->name.n + a->value.n;
    sum += n->name.n + n->ns.n + n->text.n + walk(n->child);
  }
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct arena a;
  struct xml_node *root = NULL;
  struct xml_error err = {0};
  struct buf out = BUF_INIT(1 << 24);
  struct str text = {(const char *)data, size};
  arena_init(&a);
  enum qn_err e = xml_parse(&a, text, &root, &err);
  if (e ? err.message.n == 0 || err.offset > size : root == NULL) abort();
  if (!e) (void)walk(root);
  xml_escape(&out, text);
  buf_release(&out);
  arena_release(&a);
  return 0;
}
