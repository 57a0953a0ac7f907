/* schema.json files to the table of table.h. Runs at build time. */
#include "quoin/embed.h"
#include "quoin/vec.h"
#include "table.h"

struct pending { /* a node whose place is reserved */
  const struct value *json;
  uint32_t node;
};
struct definition {
  struct str name;
  const struct value *json;
  bool placed;
  struct table_node content; /* once placed; name 0 */
};
struct build {
  struct session *s;
  struct arena *a;
  struct map strings, rule_lists;
  VEC(struct str) texts;
  VEC(struct table_node) nodes;
  VEC(struct node_range) ranges; /* nodes that stand together */
  VEC(uint32_t) rules;
  VEC(struct table_type) types;
  struct map formats; /* name -> pattern string */
  VEC(struct pending) todo;
  VEC(struct definition) defs; /* of the type at hand */
  struct str type;             /* or file: what messages are about */
  uint32_t file;
  bool failed;
};

static void wrong(struct build *b, const char *what, struct str word) {
  b->failed = true;
  diag_add(&b->s->diags, QN0290, (struct span){b->file, 0, 0}, "%.*s: %s \"%.*s\"", SV(b->type), what,
           SV(word));
}

static uint32_t put_string(struct build *b, struct str t) {
  if (t.n == 0) return 0;
  uint32_t *have = map_get(&b->strings, t);
  if (have) return *have;
  uint32_t id = (uint32_t)b->texts.n;
  VEC_PUSH(b->a, &b->texts, t);
  map_put(b->a, &b->strings, t, id);
  return id;
}

static struct str text_of(const struct value *v) {
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

/* Any scalar as text; strings as they are. */
static struct str scalar_text(struct build *b, const struct value *v) {
  struct str t = {NULL, 0};
  if (!value_to_text(b->a, v, &t)) wrong(b, "not a scalar", STR(""));
  return t;
}

/* ---- rules of one node ------------------------------------------------------ */

struct words {
  VEC(uint32_t) w;
};

static void add_rule(struct build *b, struct words *out, enum rule_tag tag, const uint32_t *words, size_t n) {
  VEC_PUSH(b->a, &out->w, (uint32_t)tag | (uint32_t)n << 8);
  for (size_t i = 0; i < n; i++) VEC_PUSH(b->a, &out->w, words[i]);
}

static void add_texts(struct build *b, struct words *out, enum rule_tag tag, struct str first,
                      const struct value *v) {
  struct words w = {0};
  if (first.n) VEC_PUSH(b->a, &w.w, put_string(b, first));
  if (!value_is(v, V_LIST)) VEC_PUSH(b->a, &w.w, put_string(b, scalar_text(b, v)));
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++)
    VEC_PUSH(b->a, &w.w, put_string(b, scalar_text(b, v->items[i])));
  add_rule(b, out, tag, w.w.v, w.w.n);
}

static void add_limits(struct build *b, struct words *out, enum rule_tag tag, const struct value *v) {
  uint32_t w[2] = {0, NO_LIMIT};
  for (uint32_t i = 0; i < 2 && value_is(v, V_LIST) && i < v->n; i++)
    if (value_is(v->items[i], V_INT) && v->items[i]->i >= 0 && v->items[i]->i < NO_LIMIT)
      w[i] = (uint32_t)v->items[i]->i;
  add_rule(b, out, tag, w, 2);
}

static void add_sets(struct build *b, struct words *out, enum rule_tag tag, const struct value *v) {
  struct words w = {0};
  for (uint32_t i = 0; i < v->n; i++) {
    if (i) VEC_PUSH(b->a, &w.w, 0);
    const struct value *set = v->items[i];
    for (uint32_t k = 0; value_is(set, V_LIST) && k < set->n; k++)
      VEC_PUSH(b->a, &w.w, put_string(b, text_of(set->items[k])));
  }
  add_rule(b, out, tag, w.w.v, w.w.n);
}

enum rule_form { FORM_TEXTS, FORM_LIMITS, FORM_SETS, FORM_LISTS, FORM_TABLE };
static const struct {
  const char *key;
  enum rule_tag tag;
  enum rule_form form;
} rule_keys[] = {
    {"pattern", R_PATTERN, FORM_TEXTS},
    {"keys", R_KEYS, FORM_TEXTS},
    {"enum", R_ENUM, FORM_TEXTS},
    {"format", R_FORMAT, FORM_TEXTS},
    {"length", R_LENGTH, FORM_LIMITS},
    {"count", R_COUNT, FORM_LIMITS},
    {"min", R_MIN, FORM_TEXTS},
    {"max", R_MAX, FORM_TEXTS},
    {"multiple", R_MULTIPLE, FORM_TEXTS},
    {"default", R_DEFAULT, FORM_TEXTS},
    {"unique_keys", R_UNIQUE_KEYS, FORM_TEXTS},
    {"xor", R_XOR, FORM_LISTS},
    {"or", R_OR, FORM_LISTS},
    {"one_of", R_ONE_OF, FORM_SETS},
    {"any_of", R_ANY_OF, FORM_SETS},
    {"needs", R_NEEDS, FORM_TABLE},
    {"excludes", R_EXCLUDES, FORM_TABLE},
};

static void add_rule_key(struct build *b, struct words *out, size_t k, const struct value *v) {
  enum rule_tag tag = rule_keys[k].tag;
  switch (rule_keys[k].form) {
  case FORM_TEXTS: add_texts(b, out, tag, STR(""), v); break;
  case FORM_LIMITS: add_limits(b, out, tag, v); break;
  case FORM_SETS: add_sets(b, out, tag, v); break;
  case FORM_LISTS:
    for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) add_texts(b, out, tag, STR(""), v->items[i]);
    break;
  case FORM_TABLE:
    for (uint32_t i = 0; value_is(v, V_MAP) && i < v->n; i++)
      add_texts(b, out, tag, session_str(b->s, v->members[i].key), v->members[i].value);
    break;
  }
}

/* Equal lists are stored once. */
static uint32_t put_words(struct build *b, const struct words *w) {
  struct str key = {(const char *)w->w.v, w->w.n * sizeof(uint32_t)};
  uint32_t *have = map_get(&b->rule_lists, key);
  if (have) return *have;
  uint32_t at = (uint32_t)b->rules.n;
  for (size_t i = 0; i < w->w.n; i++) VEC_PUSH(b->a, &b->rules, w->w.v[i]);
  map_put(b->a, &b->rule_lists, key, at);
  return at;
}

/* ---- nodes ------------------------------------------------------------------ */

static const char *const kind_words[] = {
    [SK_ANY] = "any",         [SK_STRING] = "string", [SK_INTEGER] = "integer", [SK_NUMBER] = "number",
    [SK_BOOLEAN] = "boolean", [SK_OBJECT] = "object", [SK_ARRAY] = "array",     [SK_MAP] = "map",
};
static const struct {
  const char *word;
  uint16_t flag;
} flag_words[] = {
    {"create-only", SF_CREATE_ONLY},           {"read-only", SF_READ_ONLY},   {"write-only", SF_WRITE_ONLY},
    {"cond-create-only", SF_COND_CREATE_ONLY}, {"identifier", SF_IDENTIFIER}, {"deprecated", SF_DEPRECATED},
};
static const struct {
  const char *key;
  uint16_t flag;
  uint8_t bit;
} switches[] = {
    {"set", SF_SET, 0},     {"unique", SF_UNIQUE, 0}, {"json", SF_JSON, 0},
    {"open", 0, NODE_OPEN}, {"text", 0, NODE_TEXT},   {"nocase", 0, NODE_NOCASE},
};

static uint8_t kind_of(struct build *b, struct str word) {
  for (size_t i = 0; i < sizeof kind_words / sizeof *kind_words; i++)
    if (str_eq(word, str_c(kind_words[i]))) return (uint8_t)i;
  wrong(b, "unknown kind", word);
  return SK_ANY;
}

static uint16_t flags_of(struct build *b, const struct value *is) {
  uint16_t flags = 0;
  for (uint32_t i = 0; value_is(is, V_LIST) && i < is->n; i++) {
    struct str word = text_of(is->items[i]);
    size_t k = 0;
    while (k < sizeof flag_words / sizeof *flag_words && !str_eq(word, str_c(flag_words[k].word))) k++;
    if (k == sizeof flag_words / sizeof *flag_words)
      wrong(b, "unknown mark", word);
    else
      flags |= flag_words[k].flag;
  }
  return flags;
}

static uint32_t reserve(struct build *b, size_t n) {
  uint32_t first = (uint32_t)b->nodes.n;
  for (size_t i = 0; i < n; i++) VEC_PUSH(b->a, &b->nodes, ((struct table_node){0}));
  if (n) VEC_PUSH(b->a, &b->ranges, ((struct node_range){first, (uint32_t)n}));
  return first;
}

static bool is_required(const struct value *required, struct str name) {
  for (uint32_t i = 0; value_is(required, V_LIST) && i < required->n; i++)
    if (str_eq(text_of(required->items[i]), name)) return true;
  return false;
}

static int by_key(const void *pa, const void *pb, void *user) {
  const struct member *a = pa, *b = pb;
  return intern_cmp(user, a->key, b->key);
}

static void place_children(struct build *b, const struct value *json, const struct value *props,
                           struct table_node *t) {
  struct member *sorted = ARENA_ARRAY(b->a, props->n, struct member);
  for (uint32_t i = 0; i < props->n; i++) sorted[i] = props->members[i];
  sort_stable(b->a, sorted, props->n, sizeof *sorted, by_key, b->s->names);
  t->n = props->n;
  t->first = reserve(b, props->n);
  const struct value *required = value_get(b->s, json, STR("required"));
  for (uint32_t i = 0; i < props->n; i++) {
    struct str name = session_str(b->s, sorted[i].key);
    b->nodes.v[t->first + i].name = put_string(b, name);
    if (is_required(required, name)) b->nodes.v[t->first + i].flags = SF_REQUIRED;
    VEC_PUSH(b->a, &b->todo, ((struct pending){sorted[i].value, t->first + i}));
  }
}

/* One key of a node that is neither "type", "is", "props", "required" nor "items". */
static void read_key(struct build *b, struct str key, const struct value *v, struct table_node *t,
                     struct words *rules) {
  for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
    if (str_eq(key, str_c(switches[i].key))) {
      t->flags |= switches[i].flag;
      t->bits |= switches[i].bit;
      return;
    }
  for (size_t i = 0; i < sizeof rule_keys / sizeof *rule_keys; i++)
    if (str_eq(key, str_c(rule_keys[i].key))) {
      add_rule_key(b, rules, i, v);
      return;
    }
  wrong(b, "unknown key", key);
}

/* The content of a node from its JSON; children and items are reserved and left to do. */
static struct table_node place(struct build *b, const struct value *json) {
  struct table_node t = {0};
  struct words rules = {0};
  for (uint32_t i = 0; i < json->n; i++) {
    struct str key = session_str(b->s, json->members[i].key);
    const struct value *v = json->members[i].value;
    if (str_eq(key, STR("type")))
      t.kind = kind_of(b, text_of(v));
    else if (str_eq(key, STR("is")))
      t.flags |= flags_of(b, v);
    else if (str_eq(key, STR("props")) && value_is(v, V_MAP))
      place_children(b, json, v, &t);
    else if (str_eq(key, STR("items"))) {
      t.items = reserve(b, 1);
      VEC_PUSH(b->a, &b->todo, ((struct pending){v, t.items}));
    } else if (!str_eq(key, STR("required")))
      read_key(b, key, v, &t, &rules);
  }
  if (rules.w.n) {
    add_rule(b, &rules, R_END, NULL, 0);
    t.rules = put_words(b, &rules);
  }
  return t;
}

static struct definition *definition(struct build *b, struct str name) {
  for (size_t i = 0; i < b->defs.n; i++)
    if (str_eq(b->defs.v[i].name, name)) return &b->defs.v[i];
  return NULL;
}

static struct table_node content(struct build *b, const struct value *json) {
  uint16_t own = 0;
  struct definition *d = NULL;
  for (int hops = 0; hops < 8; hops++) {
    const struct value *ref = value_get(b->s, json, STR("ref"));
    if (!ref) break;
    own |= flags_of(b, value_get(b->s, json, STR("is")));
    d = definition(b, text_of(ref));
    if (!d) {
      wrong(b, "no definition", text_of(ref));
      return (struct table_node){0};
    }
    json = d->json;
  }
  if (!d) return place(b, json);
  if (!d->placed) {
    d->placed = true;
    struct table_node t = place(b, json); /* does not touch defs: nested nodes are only put on the list */
    d->content = t;
  }
  struct table_node t = d->content;
  t.flags |= own;
  return t;
}

static void finish_nodes(struct build *b) {
  for (size_t i = 0; i < b->todo.n; i++) { /* grows while it runs */
    struct pending p = b->todo.v[i];
    if (!value_is(p.json, V_MAP)) {
      wrong(b, "a node is not an object", STR(""));
      continue;
    }
    struct table_node t = content(b, p.json), *to = &b->nodes.v[p.node];
    t.name = to->name;
    t.flags |= to->flags;
    *to = t;
  }
  b->todo.n = 0;
}

/* ---- types, files ------------------------------------------------------------ */

static void add_type(struct build *b, struct str name, const struct value *json) {
  b->type = name;
  b->defs.n = 0;
  const struct value *defs = value_get(b->s, json, STR("defs")), *id = value_get(b->s, json, STR("id"));
  for (uint32_t i = 0; value_is(defs, V_MAP) && i < defs->n; i++) {
    struct definition d = {.name = session_str(b->s, defs->members[i].key), .json = defs->members[i].value};
    if (value_is(d.json, V_MAP))
      VEC_PUSH(b->a, &b->defs, d);
    else
      wrong(b, "a definition is not an object", d.name);
  }
  struct words words = {0};
  VEC_PUSH(b->a, &words.w, value_is(id, V_LIST) ? id->n : 0);
  for (uint32_t i = 0; value_is(id, V_LIST) && i < id->n; i++)
    VEC_PUSH(b->a, &words.w, put_string(b, text_of(id->items[i])));
  struct table_type t = {
      .name = put_string(b, name),
      .root = reserve(b, 1),
      .tags = put_string(b, text_of(value_get(b->s, json, STR("tags")))),
      .replacement = put_string(b, text_of(value_get(b->s, json, STR("replacement")))),
      .identifier = put_words(b, &words),
  };
  VEC_PUSH(b->a, &b->types, t);
  VEC_PUSH(b->a, &b->todo, ((struct pending){value_get(b->s, json, STR("root")), t.root}));
  finish_nodes(b);
}

static void add_formats(struct build *b, const struct value *formats) {
  for (uint32_t i = 0; value_is(formats, V_MAP) && i < formats->n; i++) {
    struct str name = session_str(b->s, formats->members[i].key);
    const struct value *pattern = value_get(b->s, formats->members[i].value, STR("pattern"));
    map_put(b->a, &b->formats, name, put_string(b, text_of(pattern)));
  }
}

static void add_file(struct build *b, uint32_t file) {
  b->file = file;
  b->type = srcmap_name(b->s->sources, file);
  const struct value *doc;
  struct json_error err = {0, {NULL, 0}};
  if (json_parse(b->s, b->a, srcmap_text(b->s->sources, file), &doc, &err)) {
    uint32_t at = (uint32_t)err.offset;
    b->failed = true;
    diag_add(&b->s->diags, QN0290, (struct span){file, at, at + 1}, "%.*s", SV(err.message));
    return;
  }
  const struct value *types = value_get(b->s, doc, STR("types"));
  add_formats(b, value_get(b->s, doc, STR("formats")));
  if (!value_is(types, V_MAP)) wrong(b, "no object", STR("types"));
  for (uint32_t i = 0; value_is(types, V_MAP) && i < types->n; i++)
    add_type(b, session_str(b->s, types->members[i].key), types->members[i].value);
}

/* ---- writing ------------------------------------------------------------------ */

static void put_u32(struct buf *out, uint32_t v) {
  for (int i = 0; i < 4; i++) buf_addc(out, (char)(v >> (8 * i) & 0xff));
}

static int by_type_name(const void *pa, const void *pb, void *user) {
  const struct table_type *a = pa, *b = pb;
  const struct build *c = user;
  return str_cmp(c->texts.v[a->name], c->texts.v[b->name]);
}

static int by_entry(const void *pa, const void *pb, void *user) {
  (void)user;
  const struct map_entry *a = pa, *b = pb;
  return str_cmp(a->key, b->key);
}

static void write_header(struct build *b, struct buf *out, uint32_t n_bytes) {
  const size_t counts[SECTIONS] = {b->types.n, b->nodes.n, b->rules.n, b->formats.n, b->texts.n + 1, n_bytes};
  const size_t width[SECTIONS] = {TYPE_BYTES, NODE_BYTES, 4, FORMAT_BYTES, 4, 1};
  size_t at = HEADER_BYTES;
  size_t size = at;
  for (int i = 0; i < SECTIONS; i++) size += counts[i] * width[i];
  buf_add(out, STR(TABLE_MAGIC));
  put_u32(out, TABLE_VERSION);
  put_u32(out, (uint32_t)size);
  for (int i = 0; i < SECTIONS; i++) {
    put_u32(out, (uint32_t)at);
    put_u32(out, (uint32_t)counts[i]);
    at += counts[i] * width[i];
  }
}

static void write_node(struct buf *out, const struct table_node *t) {
  put_u32(out, t->name);
  put_u32(out, (uint32_t)t->kind | (uint32_t)t->bits << 8 | (uint32_t)t->flags << 16);
  put_u32(out, t->items);
  put_u32(out, t->first);
  put_u32(out, t->n);
  put_u32(out, t->rules);
}

static void shrink(struct build *b) {
  uint32_t *moved = ARENA_ARRAY(b->a, b->nodes.n, uint32_t);
  b->nodes.n = table_shrink(b->a, b->nodes.v, b->nodes.n, b->ranges.v, b->ranges.n, moved);
  for (size_t i = 0; i < b->types.n; i++) b->types.v[i].root = moved[b->types.v[i].root];
}

static void write_table(struct build *b, struct buf *out) {
  uint32_t n_bytes = 0;
  shrink(b);
  /* Formats first: their names must be strings before strings are counted. */
  sort_stable(b->a, b->formats.e, b->formats.n, sizeof *b->formats.e, by_entry, NULL);
  for (size_t i = 0; i < b->formats.n; i++) put_string(b, b->formats.e[i].key);
  sort_stable(b->a, b->types.v, b->types.n, sizeof *b->types.v, by_type_name, b);
  for (size_t i = 0; i < b->texts.n; i++) n_bytes += (uint32_t)b->texts.v[i].n + 1;
  write_header(b, out, n_bytes);
  for (size_t i = 0; i < b->types.n; i++) {
    const struct table_type *t = &b->types.v[i];
    const uint32_t words[] = {t->name, t->root, t->tags, t->replacement, t->identifier};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) put_u32(out, words[k]);
  }
  for (size_t i = 0; i < b->nodes.n; i++) write_node(out, &b->nodes.v[i]);
  for (size_t i = 0; i < b->rules.n; i++) put_u32(out, b->rules.v[i]);
  for (size_t i = 0; i < b->formats.n; i++) {
    put_u32(out, put_string(b, b->formats.e[i].key));
    put_u32(out, b->formats.e[i].value);
  }
  uint32_t at = 0;
  for (size_t i = 0; i < b->texts.n; i++) {
    put_u32(out, at);
    at += (uint32_t)b->texts.v[i].n + 1;
  }
  put_u32(out, at);
  for (size_t i = 0; i < b->texts.n; i++) {
    buf_add(out, b->texts.v[i]);
    buf_addc(out, '\0');
  }
}

static void check_twice(struct build *b) {
  for (size_t i = 1; i < b->types.n; i++)
    if (b->types.v[i].name == b->types.v[i - 1].name) {
      b->type = b->texts.v[b->types.v[i].name];
      wrong(b, "defined twice:", b->type);
    }
}

enum qn_err schema_compile(struct session *s, const uint32_t *files, size_t n, struct buf *out) {
  struct build *b = ARENA_NEW(&s->arena, struct build);
  b->s = s;
  b->a = &s->arena;
  VEC_PUSH(b->a, &b->texts, STR(""));
  VEC_PUSH(b->a, &b->nodes, ((struct table_node){0}));
  VEC_PUSH(b->a, &b->rules, R_END);
  for (size_t i = 0; i < n; i++) add_file(b, files[i]);
  if (b->failed) return QN_E_INVALID;
  write_table(b, out);
  check_twice(b);
  if (b->failed) return QN_E_INVALID;
  return out->failed ? QN_E_NOMEM : QN_OK;
}
