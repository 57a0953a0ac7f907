/* From the text of `use` to the module read: files beside the spec, shipped
 * modules, and modules that use themselves. */
#include "module_blob.h"
#include "program.h"
#include "quoin/file.h"

#define MODULE_MAX ((size_t)64 * 1024 * 1024)
#define READ_DEPTH 128 /* reading a module reads what it uses */

/* `a/./b/../c` -> `a/c`; leading `..` stay. */
static struct str normalise(struct program *p, struct str path) {
  struct arena *a = &p->s->arena;
  char *out = arena_alloc(a, path.n + 1);
  size_t n = 0;
  bool absolute = path.n && path.p[0] == '/';
  struct str rest = path, part;
  while (rest.p) {
    rest = str_cut(rest, '/', &part);
    if (!part.n || str_eq(part, STR("."))) continue;
    struct str done = {out, n};
    bool up = str_eq(part, STR("..")) && n && !str_eq(done, STR("..")) && !str_ends(done, STR("/.."));
    if (up) {
      while (n && out[n - 1] != '/') n--;
      if (n) n--;
      continue;
    }
    if (n || absolute) out[n++] = '/';
    memcpy(out + n, part.p, part.n);
    n += part.n;
  }
  out[n] = 0;
  return (struct str){out, n};
}

static struct str folder_of(struct str path) {
  size_t n = path.n;
  while (n && path.p[n - 1] != '/') n--;
  return str_sub(path, 0, n);
}

static void no_shipped(struct program *p, struct str use, struct span at) {
  struct session *s = p->s;
  VEC(struct str) names = {0};
  struct str path, text;
  for (size_t i = 0; i < module_blob_count(p->o->modules_blob); i++)
    if (module_blob_file(p->o->modules_blob, i, &path, &text) && str_ends(path, STR("/module.yaml")))
      VEC_PUSH(&s->arena, &names, str_sub(path, 0, path.n - 12));
  struct diag *g = diag_add(&s->diags, QN0430, at, "there is no standard module \"%.*s\"", SV(use));
  struct str near = diag_nearest(use, names.v, names.n), all = names_list(p, names.v, names.n);
  bool file = str_ends(use, STR(".yaml")) || str_find_c(use, '/') != SIZE_MAX;
  if (file)
    diag_help(&s->diags, g, "a module of your own is a path that begins with a dot: ./%.*s", SV(use));
  else if (near.n)
    diag_help(&s->diags, g, "did you mean \"%.*s\"?", SV(near));
  else if (names.n)
    diag_help(&s->diags, g, "there are: %.*s. A module of your own is a path, as ./modules/%.*s.yaml",
              SV(all), SV(use));
  else
    diag_help(&s->diags, g, "a module of your own is a path, as ./modules/%.*s.yaml", SV(use));
}

/* Text of the module file; false after a diagnostic. */
static bool load(struct program *p, const struct mfile *m, struct str use, struct span at, struct str *text) {
  struct session *s = p->s;
  bool blob = m->shipped && !p->o->modules_path;
  if (blob && module_blob_find(p->o->modules_blob, m->path, text)) return true;
  enum qn_err e = blob ? QN_E_NOTFOUND : file_read(&s->arena, m->path.p, MODULE_MAX, &s->diags, text);
  if (e == QN_OK) return true;
  if (e != QN_E_NOTFOUND) return false;
  if (m->shipped) {
    no_shipped(p, use, at);
    return false;
  }
  struct diag *g = diag_add(&s->diags, QN0430, at, "there is no module file %.*s", SV(m->path));
  diag_help(&s->diags, g, "paths are relative to the file that uses them");
  return false;
}

static void cycle(struct program *p, struct mfile *m, struct mfile *by, struct span at) {
  struct diags *d = &p->s->diags;
  struct buf chain = BUF_INIT(1 << 16);
  buf_add(&chain, m->path);
  struct mfile *back[64];
  size_t n = 0;
  for (struct mfile *f = by; f && f != m && n < 64; f = f->user) back[n++] = f;
  for (size_t i = n; i-- > 0;) buf_addf(&chain, " -> %.*s", SV(back[i]->path));
  buf_addf(&chain, " -> %.*s", SV(m->path));
  struct diag *g = diag_add(d, QN0431, at, "modules use each other in a circle: %.*s", SV(buf_str(&chain)));
  for (size_t i = n; i-- > 0;) diag_note(d, g, back[i]->use_span, "%.*s is used here", SV(back[i]->path));
  diag_help(d, g, "move what both need into a third module");
  buf_release(&chain);
}

static struct mfile *known(struct program *p, struct str path) {
  uint32_t *i = map_get(&p->files, path);
  return i ? p->file_list.v[*i] : NULL;
}

static sym module_name(struct program *p, struct str path, bool shipped, struct str use) {
  if (shipped && str_find_c(use, '/') == SIZE_MAX) return session_sym(p->s, use);
  struct str file = str_sub(path, folder_of(path).n, path.n);
  if (str_ends(file, STR(".yaml"))) file.n -= 5;
  return session_sym(p->s, file);
}

struct mfile *mfile_use(struct program *p, struct mfile *by, struct str use, struct span at) {
  struct session *s = p->s;
  bool relative = str_starts(use, STR("./")) || str_starts(use, STR("../"));
  struct str path;
  if (relative)
    path = str_fmt(&s->arena, "%.*s%.*s", SV(folder_of(by->path)), SV(use));
  else if (p->o->modules_path)
    path = str_fmt(&s->arena, "%s/%.*s/module.yaml", p->o->modules_path, SV(use));
  else
    path = str_fmt(&s->arena, "%.*s/module.yaml", SV(use));
  path = normalise(p, path);
  bool shipped = !relative || by->shipped;
  struct str id = str_fmt(&s->arena, "%s%.*s", shipped ? "<shipped>" : "", SV(path));
  struct mfile *m = known(p, id);
  if (m && m->busy) {
    cycle(p, m, by, at);
    return NULL;
  }
  if (m) return m->root ? m : NULL;
  if (by->depth >= READ_DEPTH) {
    diag_add(&s->diags, QN0432, at, "modules are nested more than %d deep", READ_DEPTH);
    return NULL;
  }
  m = ARENA_NEW(&s->arena, struct mfile);
  *m = (struct mfile){
      .path = path, .shipped = shipped, .busy = true, .use_span = at, .user = by, .depth = by->depth + 1};
  m->name = module_name(p, path, shipped, use);
  VEC_PUSH(&s->arena, &p->file_list, m);
  map_put(&s->arena, &p->files, id, (uint32_t)(p->file_list.n - 1));
  struct str text;
  if (!relative && !name_hyphen_ok(use))
    no_shipped(p, use, at);
  else if (load(p, m, use, at, &text)) {
    struct str shown = shipped ? str_fmt(&s->arena, "modules/%.*s", SV(path)) : path;
    m->root = yaml_parse(s, srcmap_add(s->sources, shown, text));
    size_t errors = s->diags.n_errors;
    if (m->root) mfile_read(p, m);
    if (s->diags.n_errors > errors && m->root && m->root->kind != Y_MAP) m->root = NULL;
  }
  m->busy = false;
  return m->root ? m : NULL;
}
