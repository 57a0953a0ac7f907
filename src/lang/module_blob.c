/* Layout: "QNMOD001", number of files, then per file offset and length of its
 * path and of its text; all numbers are 32 bits, little end first. */
#include "module_blob.h"

#include "program.h"
#include "quoin/embed.h"

#define MAGIC STR("QNMOD001")
#define HEAD  12
#define ENTRY 16

static uint32_t number(struct str b, size_t at) {
  uint32_t v = 0;
  for (size_t i = 4; i-- > 0;) v = v << 8 | (unsigned char)b.p[at + i];
  return v;
}

size_t module_blob_count(struct str blob) {
  if (blob.n < HEAD || !str_starts(blob, MAGIC)) return 0;
  size_t n = number(blob, 8);
  return n <= (blob.n - HEAD) / ENTRY ? n : 0;
}

bool module_blob_file(struct str blob, size_t i, struct str *path, struct str *text) {
  if (i >= module_blob_count(blob)) return false;
  size_t at = HEAD + i * ENTRY;
  struct str *out[] = {path, text};
  for (size_t k = 0; k < 2; k++) {
    uint64_t from = number(blob, at + 8 * k), n = number(blob, at + 8 * k + 4);
    if (from + n > blob.n) return false;
    *out[k] = (struct str){blob.p + from, (size_t)n};
  }
  return true;
}

bool module_blob_find(struct str blob, struct str path, struct str *text) {
  struct str p;
  for (size_t i = 0; i < module_blob_count(blob); i++)
    if (module_blob_file(blob, i, &p, text) && str_eq(p, path)) return true;
  return false;
}

/* modules/network/module.yaml -> network/module.yaml */
static struct str inner_path(struct str name) {
  size_t slashes = 0, i = name.n;
  while (i > 0 && slashes < 2)
    if (name.p[--i] == '/') slashes++;
  return str_sub(name, slashes == 2 ? i + 1 : i, name.n);
}

static void add_number(struct buf *out, size_t v) {
  for (int i = 0; i < 4; i++) buf_addc(out, (char)(v >> (8 * i) & 0xff));
}

enum qn_err modules_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) {
  struct spec_options o = {0};
  struct program p = {.s = s, .o = &o};
  size_t at = HEAD + n * ENTRY;
  buf_add(out, MAGIC);
  add_number(out, n);
  for (size_t i = 0; i < n; i++) {
    struct str path = inner_path(srcmap_name(s->sources, files[i])), text = srcmap_text(s->sources, files[i]);
    add_number(out, at);
    add_number(out, path.n);
    add_number(out, at + path.n);
    add_number(out, text.n);
    at += path.n + text.n;
  }
  for (size_t i = 0; i < n; i++) {
    buf_add(out, inner_path(srcmap_name(s->sources, files[i])));
    buf_add(out, srcmap_text(s->sources, files[i]));
  }
  if (out->failed || at > UINT32_MAX) return QN_E_LIMIT;
  o.modules_blob = buf_str(out);
  for (size_t i = 0; i < n; i++) { /* a module that cannot be read fails the build */
    struct str path = inner_path(srcmap_name(s->sources, files[i]));
    struct mfile top = {.spec = true, .path = STR("")};
    if (str_ends(path, STR("/module.yaml")))
      (void)mfile_use(&p, &top, str_sub(path, 0, path.n - 12), (struct span){files[i], 0, 0});
  }
  program_release(&p);
  return s->diags.n_errors ? QN_E_INVALID : QN_OK;
}
