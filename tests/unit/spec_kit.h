/* Compiling specs in tests: a folder with in.yaml and, if there is need, a file
 * `options` with lines
 *   env NAME | dr | var NAME=TEXT | var-file FILE | setenv NAME=TEXT | lookups
 * `lookups` answers aws.zones, aws.caller, aws.vpc and aws.ssm_parameter. The
 * clock stands at 2026-01-02T03:04:05Z; no other environment variable is set. */
#ifndef QUOIN_TESTS_SPEC_KIT_H
#define QUOIN_TESTS_SPEC_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "quoin/blob.h"
#include "quoin/file.h"
#include "quoin/graph.h"
#include "unit.h"

#define KIT_MAX 16
struct kit {
  struct session s;
  struct outside out;
  struct schema *sc;
  struct lang_types types;
  struct lang_lookups lookups;
  struct spec_options o;
  struct spec_var vars[KIT_MAX];
  const char *var_files[KIT_MAX];
  struct str env[KIT_MAX]; /* NAME=TEXT */
  size_t n_env, n_lookups;
};

static inline int64_t kit_now(void *user) {
  (void)user;
  return INT64_C(1767323045000);
}
static inline const char *kit_getenv(void *user, const char *name) {
  struct kit *k = user;
  size_t n = strlen(name);
  for (size_t i = 0; i < k->n_env; i++)
    if (str_starts(k->env[i], str_c(name)) && k->env[i].p[n] == '=') return k->env[i].p + n + 1;
  return NULL;
}

static inline enum qn_err kit_lookup(void *user, struct str kind, const struct value *args, struct str region,
                                     struct span at, const struct value **out) {
  struct kit *k = user;
  struct session *s = &k->s;
  struct arena *a = &s->arena;
  (void)at;
  k->n_lookups++;
  if (str_eq(kind, STR("aws.zones"))) {
    const struct value *zones[3];
    for (int i = 0; i < 3; i++) zones[i] = value_str(a, str_fmt(a, "%.*s%c", SV(region), 'a' + i));
    *out = value_list(a, zones, 3);
  } else if (str_eq(kind, STR("aws.caller"))) {
    struct member m = {session_sym(s, STR("account")), SPAN_NONE, value_str(a, STR("999988887777"))};
    *out = value_map(a, &m, 1);
  } else if (str_eq(kind, STR("aws.ssm_parameter"))) {
    const struct value *name = value_get(s, args, STR("name"));
    *out = value_str(a, str_fmt(a, "value of %.*s", SV(name ? value_text(name) : STR("?"))));
  } else {
    return QN_E_NOTFOUND;
  }
  return QN_OK;
}

static inline void kit_option(struct kit *k, struct str line) {
  struct str word, rest = str_cut(line, ' ', &word), name;
  rest = str_dup(&k->s.arena, rest);
  if (str_eq(word, STR("env")))
    k->o.environment = rest;
  else if (str_eq(word, STR("dr")))
    k->o.dr = true;
  else if (str_eq(word, STR("lookups")))
    k->o.lookups = &k->lookups;
  else if (str_eq(word, STR("var-file")))
    k->var_files[k->o.n_var_files++] = rest.p;
  else if (str_eq(word, STR("setenv")))
    k->env[k->n_env++] = rest;
  else if (str_eq(word, STR("var"))) {
    struct str value = str_cut(rest, '=', &name);
    k->vars[k->o.n_vars++] = (struct spec_var){name, value, SPAN_NONE};
  } else
    FAIL("a known option");
}

/* In the working directory: the case's folder. */
static inline void kit_init(struct kit *k) {
  struct str text = STR(""), line;
  *k = (struct kit){.out = outside_real};
  k->out.user = k;
  k->out.now_ms = kit_now;
  k->out.getenv = kit_getenv;
  session_init(&k->s, &k->out);
  CHECK_INT(schema_open(&k->s, blob_get(BLOB_SCHEMA), &k->sc), QN_OK);
  schema_lang_types(k->sc, &k->s, &k->types);
  k->lookups = (struct lang_lookups){.user = k, .lookup = kit_lookup};
  k->o = (struct spec_options){.path = "in.yaml",
                               .types = &k->types,
                               .modules_blob = blob_get(BLOB_MODULES),
                               .vars = k->vars,
                               .var_files = k->var_files};
  if (file_read(&k->s.arena, "options", 1 << 16, NULL, &text)) return;
  for (struct str rest = text; rest.n;) {
    rest = str_cut(rest, '\n', &line);
    if (line.n) kit_option(k, line);
  }
}

static inline void kit_release(struct kit *k) {
  schema_free(k->sc);
  session_release(&k->s);
}

static inline enum qn_err kit_compile(struct kit *k, struct compiled *c, struct graph **g) {
  enum qn_err e = spec_compile(&k->s, &k->o, c);
  if (!e) e = graph_build(&k->s, k->sc, c, g);
  return e;
}

/* Unknowns as texts, so that a tree can be printed. */
static inline const struct value *kit_printable(struct kit *k, const struct value *v) {
  struct arena *a = &k->s.arena;
  if (v->kind == V_UNKNOWN && v->unknown->ukind == U_SECRET)
    return value_str(a, str_fmt(a, "(secret %.*s)", SV(v->unknown->path)));
  if (v->kind == V_UNKNOWN && v->unknown->ukind == U_ATTR)
    return value_str(
        a, str_fmt(a, "(%.*s.%.*s)", SV(session_str(&k->s, v->unknown->address)), SV(v->unknown->path)));
  if (v->kind == V_UNKNOWN)
    return value_str(a, str_fmt(a, "(unknown: %.*s)", SV(expr_text(&k->s, v->unknown->expr))));
  if (v->flags & VF_SECRET) return value_str(a, STR("(sensitive)"));
  if (v->kind == V_RES) return value_str(a, str_fmt(a, "<%.*s>", SV(session_str(&k->s, v->res.address))));
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = kit_printable(k, v->items[i]);
    return value_list(a, items, v->n);
  }
  if (v->kind != V_MAP) return v;
  struct member *m = ARENA_ARRAY(a, v->n, struct member);
  for (uint32_t i = 0; i < v->n; i++) {
    m[i] = v->members[i];
    m[i].value = kit_printable(k, m[i].value);
  }
  return value_map(a, m, v->n);
}

static inline void kit_json(struct kit *k, const struct value *v, int style, struct buf *out) {
  CHECK_INT(json_write(&k->s, kit_printable(k, v), style | JSON_SORTED, out), QN_OK);
  buf_addc(out, '\n');
}

/* Runs f in each folder of `folder`; the number of cases. A file there is a stray one. */
static inline int kit_each(const char *folder, void (*f)(const char *name)) {
  DIR *d = opendir(folder);
  int n = 0, home = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(d != NULL && home >= 0);
  if (!d || home < 0) return 0;
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    bool in = chdir(folder) == 0 && chdir(e->d_name) == 0;
    if (!in) printf("%s/%s is no case\n", folder, e->d_name);
    CHECK(in);
    int before = unit_failed;
    if (in) f(e->d_name);
    if (unit_failed != before) printf("in case %s/%s\n", folder, e->d_name);
    CHECK_INT(fchdir(home), 0);
    n++;
  }
  closedir(d);
  close(home);
  return n;
}

/* got must be what `want` holds; `other` must not be there. QUOIN_GOLDEN_UPDATE=1 writes it. */
static inline void kit_compare(struct arena *a, struct str got, const char *want, const char *other) {
  struct str text = {NULL, 0};
  if (getenv("QUOIN_GOLDEN_UPDATE")) {
    remove(other);
    CHECK_INT(file_write_atomic(want, got, 0644, NULL), QN_OK);
  }
  CHECK_INT(file_read(a, want, 1 << 20, NULL, &text), QN_OK);
  CHECK_STR(got, text);
  CHECK_INT(file_read(a, other, 1 << 20, NULL, &text), QN_E_NOTFOUND);
}

/* Every file of a case must be one that the runner knows. */
static inline void kit_no_stray(const char *const *known, size_t n) {
  DIR *d = opendir(".");
  CHECK(d != NULL);
  if (!d) return;
  for (struct dirent *e; (e = readdir(d));) {
    bool ok = e->d_name[0] == '.';
    for (size_t i = 0; i < n; i++) ok = ok || strcmp(known[i], e->d_name) == 0;
    if (!ok) printf("stray file %s\n", e->d_name);
    CHECK(ok);
  }
  closedir(d);
}

#endif
