/* Golden cases of schema_check: tests/golden/schema/<case>/in.yaml with either
 * err.txt (the exact diagnostics) or out.json (the typed tree). QUOIN_GOLDEN_UPDATE=1
 * writes what comes out: read it before it is committed. in.yaml:
 *   type: AWS::EC2::Subnet
 *   resources: { vpc: AWS::EC2::VPC }     what ${vpc} and ${vpc.VpcId} are
 *   properties: ...
 *   inputs: { x: "2" }                    what ${x} is: a value that was written elsewhere
 * ${80} ${true} ${1.5} are typed values, ${"text"} a string from input "x", ${?} an expression that
 * is unknown, ${secret:text} a secret. */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>

#include "quoin/blob.h"
#include "quoin/file.h"
#include "quoin/residual.h"
#include "quoin/schema.h"
#include "quoin/spec.h"
#include "quoin/yaml.h"

#define FOLDER "tests/golden/schema"

struct fix {
  struct session s;
  struct schema *sc;
  struct lang_types types;
  const struct ynode *resources, *inputs;
};

static struct str text_of(const struct ynode *n) {
  return n && n->kind == Y_SCALAR ? n->text : STR("");
}

static uint32_t meta(struct fix *f, struct span span, enum how how, const char *name) {
  struct vmeta m = {.span = span, .how = (uint8_t)how, .name = session_sym(&f->s, str_c(name))};
  return vmeta_add(&f->s, m);
}

static const struct value *unknown(struct fix *f, enum ukind kind, uint8_t vkind, struct str format) {
  struct unknown *u = ARENA_NEW(&f->s.arena, struct unknown);
  u->ukind = (uint8_t)kind;
  u->vkind = vkind;
  u->format = session_sym(&f->s, format);
  struct value *v = ARENA_NEW(&f->s.arena, struct value);
  v->kind = V_UNKNOWN;
  v->flags = VF_HAS_UNKNOWN;
  v->unknown = u;
  return v;
}

static const struct value *scalar(struct fix *f, const struct ynode *n);

/* An input: its value as written, found through the input. */
static const struct value *input(struct fix *f, const struct ynode *written, struct str name) {
  const struct value *v = scalar(f, written);
  struct vmeta m = {
      .span = written->span, .how = HOW_INPUT, .name = session_sym(&f->s, name), .from = v->meta};
  return value_with_meta(&f->s.arena, v, vmeta_add(&f->s, m));
}

/* `x`, `vpc` or `vpc.VpcId`. */
static const struct value *named(struct fix *f, struct str text) {
  const struct ynode *written = f->inputs ? yaml_get(&f->s, f->inputs, str_dup(&f->s.arena, text).p) : NULL;
  if (written) return input(f, written, text);
  struct str name, format;
  struct str path = str_cut(text, '.', &name),
             type = text_of(yaml_get(&f->s, f->resources, str_dup(&f->s.arena, name).p));
  struct value *v = ARENA_NEW(&f->s.arena, struct value);
  uint8_t vkind;
  bool read_only;
  CHECK(type.n > 0);
  v->kind = V_RES;
  v->res.address = session_sym(&f->s, name);
  v->res.type = session_sym(&f->s, type);
  if (!path.n) return v;
  CHECK(f->types.attribute(f->types.user, type, path, &vkind, &format, &read_only));
  const struct value *out = unknown(f, U_ATTR, vkind, format);
  struct unknown u = *out->unknown, *copy = ARENA_NEW(&f->s.arena, struct unknown);
  u.address = v->res.address;
  u.path = path;
  *copy = u;
  *v = *out;
  v->unknown = copy;
  return v;
}

static const struct value *expression(struct fix *f, struct str text, struct span span) {
  struct arena *a = &f->s.arena;
  int64_t i;
  if (str_eq(text, STR("?"))) return unknown(f, U_EXPR, V_UNKNOWN, STR(""));
  if (str_eq(text, STR("true"))) return value_bool(a, true);
  if (str_to_i64(text, &i)) return value_int(a, i);
  if (text.p[0] >= '0' && text.p[0] <= '9') return value_dec(a, text);
  if (str_starts(text, STR("secret:")))
    return value_with_flags(a, value_str(a, str_sub(text, 7, text.n)), VF_SECRET | VF_HAS_SECRET);
  if (text.p[0] == '"')
    return value_with_meta(a, value_str(a, str_sub(text, 1, text.n - 1)), meta(f, span, HOW_INPUT, "x"));
  return named(f, text);
}

static const struct value *scalar(struct fix *f, const struct ynode *n) {
  struct str t = n->text;
  const struct value *v;
  if (str_starts(t, STR("${")) && str_ends(t, STR("}")))
    v = expression(f, str_sub(t, 2, t.n - 1), n->span);
  else if (n->style == YS_PLAIN && (str_eq(t, STR("null")) || t.n == 0))
    return value_null();
  else
    v = value_str(&f->s.arena, t);
  if (n->style == YS_PLAIN && !str_starts(t, STR("${"))) v = value_with_flags(&f->s.arena, v, VF_PLAIN);
  return v->meta ? v : value_with_meta(&f->s.arena, v, meta(f, n->span, HOW_LITERAL, ""));
}

static const struct value *convert(struct fix *f, const struct ynode *n) {
  const struct value *out;
  if (n->kind == Y_SCALAR) return scalar(f, n);
  if (n->kind == Y_SEQ) {
    const struct value **v = ARENA_ARRAY(&f->s.arena, n->n, const struct value *);
    for (uint32_t i = 0; i < n->n; i++) v[i] = convert(f, n->items[i]);
    out = value_list(&f->s.arena, v, n->n);
  } else {
    struct member *m = ARENA_ARRAY(&f->s.arena, n->n, struct member);
    for (uint32_t i = 0; i < n->n; i++)
      m[i] = (struct member){n->pairs[i].key, n->pairs[i].key_span, convert(f, n->pairs[i].value)};
    out = value_map(&f->s.arena, m, n->n);
  }
  return value_with_meta(&f->s.arena, out, meta(f, n->span, HOW_LITERAL, ""));
}

/* Unknowns as text, so that the tree can be printed. */
static const struct value *printable(struct fix *f, const struct value *v) {
  struct arena *a = &f->s.arena;
  if (v->flags & VF_SECRET) return value_str(a, STR("(sensitive)"));
  if (v->kind == V_UNKNOWN)
    return value_str(a, str_fmt(a, "(unknown %.*s.%.*s)", SV(session_str(&f->s, v->unknown->address)),
                                SV(v->unknown->path)));
  if (v->kind == V_STR) CHECK(!(v->flags & VF_PLAIN));
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = printable(f, v->items[i]);
    return value_list(a, items, v->n);
  }
  if (v->kind != V_MAP) return v;
  struct member *m = ARENA_ARRAY(a, v->n, struct member);
  for (uint32_t i = 0; i < v->n; i++) {
    m[i] = v->members[i];
    m[i].value = printable(f, m[i].value);
  }
  return value_map(a, m, v->n);
}

static struct str run(struct fix *f, const char *path, struct buf *out, bool *good) {
  struct str text;
  CHECK_INT(file_read(&f->s.arena, path, 1 << 20, NULL, &text), QN_OK);
  const struct ynode *doc = yaml_parse(&f->s, srcmap_add(f->s.sources, STR("in.yaml"), text));
  struct stype t;
  const struct value *typed = NULL;
  *good = false;
  if (!doc) diags_render_text(&f->s.diags, f->s.sources, out, false, 0);
  CHECK(doc != NULL);
  if (!doc) return buf_str(out);
  const struct ynode *props = yaml_get(&f->s, doc, "properties"), *type = yaml_get(&f->s, doc, "type");
  bool known = schema_type(f->sc, text_of(type), &t);
  CHECK(known && props);
  if (!known || !props) return STR("");
  f->resources = yaml_get(&f->s, doc, "resources");
  f->inputs = yaml_get(&f->s, doc, "inputs");
  enum qn_err e = schema_check(f->sc, &f->s, &t, convert(f, props), type->span, &typed);
  CHECK((e == QN_OK) == (typed != NULL));
  diags_sort(&f->s.diags, f->s.sources, &f->s.arena);
  diags_render_text(&f->s.diags, f->s.sources, out, false, 0);
  *good = e == QN_OK;
  if (e == QN_OK) CHECK_INT(json_write(&f->s, printable(f, typed), JSON_PRETTY | JSON_SORTED, out), QN_OK);
  if (e == QN_OK) buf_addc(out, '\n');
  return buf_str(out);
}

static void one_case(const char *name) {
  struct fix f = {0};
  int before = unit_failed;
  char path[512], want_path[512], other[512];
  bool good;
  session_init(&f.s, NULL);
  CHECK_INT(schema_open(&f.s, blob_get(BLOB_SCHEMA), &f.sc), QN_OK);
  schema_lang_types(f.sc, &f.s, &f.types);
  struct buf out = BUF_INIT(1 << 20);
  snprintf(path, sizeof path, FOLDER "/%s/in.yaml", name);
  struct str got = run(&f, path, &out, &good), want = {NULL, 0};
  snprintf(want_path, sizeof want_path, FOLDER "/%s/%s", name, good ? "out.json" : "err.txt");
  snprintf(other, sizeof other, FOLDER "/%s/%s", name, good ? "err.txt" : "out.json");
  if (getenv("QUOIN_GOLDEN_UPDATE")) {
    remove(other);
    CHECK_INT(file_write_atomic(want_path, got, 0644, NULL), QN_OK);
  }
  CHECK_INT(file_read(&f.s.arena, want_path, 1 << 20, NULL, &want), QN_OK);

  CHECK_STR(got, want);
  CHECK_INT(file_read(&f.s.arena, other, 1 << 20, NULL, &want), QN_E_NOTFOUND);
  if (unit_failed != before) printf("in case %s\n", name);
  buf_release(&out);
  schema_free(f.sc);
  session_release(&f.s);
}

TEST(every_case_comes_out_as_written) {
  DIR *d = opendir(FOLDER);
  int n = 0;
  CHECK(d != NULL);
  if (!d) return;
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    one_case(e->d_name);
    n++;
  }
  closedir(d);
  CHECK(n >= 40);
}

TEST_MAIN(CASE(every_case_comes_out_as_written))
