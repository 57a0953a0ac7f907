/* The set of definitions: container, lookup (a type is parsed when first used), build-time compilation.
 *
 * Blob: "QNDEFS01", u32 count, then per type {u32 type offset, type length, name offset, name length,
 * text offset, text length} (little-endian, offsets from the start), then the texts: the checked YAML. */
#include "def.h"

#include "quoin/crypto.h"
#include "quoin/embed.h"
#include "quoin/file.h"

#include <dirent.h>

#define DEFS_MAGIC   "QNDEFS01"
#define DEFS_HEAD    12
#define DEFS_ROW     24
#define DEF_FILE_MAX ((size_t)1 << 20)
#define FOLDER_DEPTH 3

struct entry {
  struct str type, file, text;
  struct def *def; /* parsed on first use */
  bool bad, checked;
};
struct providers {
  struct session *s;
  const struct wire *w;
  const struct schema *sc;
  VEC(struct entry) e;
  struct map by_type;
  struct str *names;
  bool sandbox;
};

static uint32_t u32_at(struct str b, size_t at) {
  const unsigned char *p = (const unsigned char *)b.p + at;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool slice(struct str b, size_t row, struct str *out) {
  uint64_t at = u32_at(b, row), n = u32_at(b, row + 4);
  if (at + n > b.n) return false;
  *out = (struct str){b.p + at, (size_t)n};
  return true;
}

static void add_entry(struct providers *p, struct entry e) {
  uint32_t *had = map_get(&p->by_type, e.type);
  if (had) {
    p->e.v[*had] = e;
    return;
  }
  map_put(&p->s->arena, &p->by_type, e.type, (uint32_t)p->e.n);
  VEC_PUSH(&p->s->arena, &p->e, e);
}

static enum qn_err open_blob(struct providers *p, struct str blob) {
  if (!blob.n) return QN_OK;
  uint32_t n = blob.n >= DEFS_HEAD ? u32_at(blob, 8) : 0;
  bool ok = blob.n >= DEFS_HEAD && !memcmp(blob.p, DEFS_MAGIC, 8) && n <= (blob.n - DEFS_HEAD) / DEFS_ROW;
  for (uint32_t i = 0; ok && i < n; i++) {
    size_t row = DEFS_HEAD + (size_t)i * DEFS_ROW;
    struct entry e = {.checked = true};
    ok = slice(blob, row, &e.type) && slice(blob, row + 8, &e.file) && slice(blob, row + 16, &e.text);
    if (ok) add_entry(p, e);
  }
  if (ok) return QN_OK;
  diag_add(&p->s->diags, QN0929, SPAN_NONE, "the embedded provider definitions are damaged");
  return QN_E_DAMAGED;
}

/* `type:` of a file without parsing it: the value of the first line that starts so. */
static struct str type_line(struct str text) {
  while (text.n) {
    struct str line;
    text = str_cut(text, '\n', &line);
    if (str_starts(line, STR("type:"))) return str_trim(str_sub(line, 5, line.n));
  }
  return STR("");
}

static enum qn_err open_file(struct providers *p, const char *path) {
  struct entry e = {0};
  enum qn_err err = file_read(&p->s->arena, path, DEF_FILE_MAX, &p->s->diags, &e.text);
  if (err) return err;
  e.file = str_dup(&p->s->arena, str_c(path));
  e.type = type_line(e.text);
  if (!e.type.n) {
    diag_add(&p->s->diags, QN0929, SPAN_NONE, "%s: no line starts with type:", path);
    return QN_E_INVALID;
  }
  add_entry(p, e);
  return QN_OK;
}

static int by_text(const void *a, const void *b, void *user) {
  (void)user;
  return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A folder of QUOIN_PROVIDER_PATH: every .yaml in it and in its folders (<service>/<type>.yaml); of one
 * type the last wins. */
static enum qn_err open_folder(struct providers *p, struct str folder, unsigned depth) {
  struct str dir = str_dup(&p->s->arena, folder);
  DIR *d = opendir(dir.p);
  if (!d && depth) return QN_OK; /* not a folder, or one that is not ours to read */
  if (!d) {
    diag_add(&p->s->diags, QN0929, SPAN_NONE, "%s: no such folder of provider definitions", dir.p);
    return QN_E_IO;
  }
  VEC(struct str) names = {0};
  for (struct dirent *f; (f = readdir(d));)
    if (f->d_name[0] != '.') VEC_PUSH(&p->s->arena, &names, str_dup(&p->s->arena, str_c(f->d_name)));
  closedir(d);
  sort_stable(&p->s->arena, names.v, names.n, sizeof *names.v, by_text, NULL);
  enum qn_err err = QN_OK;
  for (size_t i = 0; i < names.n && !err; i++) {
    struct str path = str_fmt(&p->s->arena, "%s/%.*s", dir.p, SV(names.v[i]));
    if (str_ends(names.v[i], STR(".yaml")))
      err = open_file(p, path.p);
    else if (depth < FOLDER_DEPTH)
      err = open_folder(p, path, depth + 1);
  }
  return err;
}

enum qn_err providers_open(struct session *s, struct str blob, const struct wire *w, const struct schema *sc,
                           const char *extra_path, struct providers **out) {
  struct providers *p = ARENA_NEW(&s->arena, struct providers);
  p->s = s, p->w = w, p->sc = sc;
  enum qn_err err = open_blob(p, blob);
  struct str rest = str_c(extra_path);
  while (!err && rest.n) {
    struct str one;
    rest = str_cut(rest, ':', &one);
    if (one.n) err = open_folder(p, one, 0);
  }
  if (err) return err;
  p->names = ARENA_ARRAY(&s->arena, p->e.n ? p->e.n : 1, struct str);
  for (size_t i = 0; i < p->e.n; i++) p->names[i] = p->e.v[i].type;
  sort_stable(&s->arena, p->names, p->e.n, sizeof *p->names, by_text, NULL);
  *out = p;
  return QN_OK;
}

void providers_use_sandbox(struct providers *p) {
  p->sandbox = true;
}

bool providers_sandboxed(const struct providers *p) {
  return p->sandbox;
}

size_t provider_types(const struct providers *p, const struct str **names) {
  *names = p->names;
  return p->e.n;
}

struct str providers_digest(const struct providers *p, struct arena *a) {
  uint8_t bytes[SHA256_BYTES];
  struct sha256 *h = sha256_new();
  for (size_t i = 0; i < p->e.n; i++) {
    const struct entry *e = &p->e.v[*map_get(&p->by_type, p->names[i])];
    sha256_add(h, str_fmt(a, "%.*s %zu\n", SV(e->type), e->text.n));
    sha256_add(h, e->text);
  }
  sha256_end(h, bytes);
  char *hex = arena_alloc(a, 2 * SHA256_BYTES + 1);
  crypto_hex(bytes, SHA256_BYTES, hex);
  return (struct str){hex, 2 * SHA256_BYTES};
}

const struct def *provider_find(const struct providers *p, struct str type) {
  const uint32_t *at = map_get(&p->by_type, type);
  if (!at) return NULL;
  struct entry *e = &p->e.v[*at];
  if (e->def || e->bad) return e->bad ? NULL : e->def;
  uint32_t file = srcmap_add(p->s->sources, e->file, e->text);
  e->bad = !file || def_parse(p->s, p->w, p->sc, file, &e->def) || (!e->checked && def_check(e->def));
  return e->bad ? NULL : e->def;
}

/* ---- build ------------------------------------------------------------------------------------ */
static void put_u32(struct buf *b, size_t v) {
  for (int i = 0; i < 4; i++) buf_addc(b, (char)((v >> (8 * i)) & 255));
}

static void write_blob(struct session *s, const uint32_t *files, const struct def *const *defs, size_t n,
                       struct buf *out) {
  buf_add(out, STR(DEFS_MAGIC));
  put_u32(out, n);
  size_t at = DEFS_HEAD + n * DEFS_ROW;
  for (size_t i = 0; i < n; i++) {
    struct str part[3] = {defs[i]->type, srcmap_name(s->sources, files[i]),
                          srcmap_text(s->sources, files[i])};
    for (int k = 0; k < 3; k++) {
      put_u32(out, at);
      put_u32(out, part[k].n);
      at += part[k].n;
    }
  }
  for (size_t i = 0; i < n; i++) {
    buf_add(out, defs[i]->type);
    buf_add(out, srcmap_name(s->sources, files[i]));
    buf_add(out, srcmap_text(s->sources, files[i]));
  }
}

enum qn_err providers_compile(struct session *s, struct str schema_blob, struct str wire_blob,
                              const uint32_t *files, size_t n, struct buf *out) {
  struct wire *w = NULL;
  struct schema *sc = NULL;
  enum qn_err err = wire_open(s, wire_blob, &w);
  if (!err) err = schema_open(s, schema_blob, &sc);
  const struct def **defs = ARENA_ARRAY(&s->arena, n ? n : 1, const struct def *);
  struct map types = {0};
  for (size_t i = 0; sc && i < n; i++) {
    struct def *d = NULL;
    if (def_parse(s, w, sc, files[i], &d) || def_check(d))
      err = QN_E_INVALID;
    else if (!map_put(&s->arena, &types, d->type, 1)) {
      diag_add(&s->diags, QN0929, d->span, "type %.*s is defined twice", SV(d->type));
      err = QN_E_INVALID;
    }
    defs[i] = d;
  }
  if (!err) write_blob(s, files, defs, n, out);
  if (sc) schema_free(sc);
  if (w) wire_free(w);
  return err ? err : out->failed ? QN_E_NOMEM : QN_OK;
}
