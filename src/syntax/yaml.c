/* Events of libyaml to nodes, with the limits libyaml does not have. */
#include "quoin/yaml.h"

#include <stdlib.h>

#include "yaml_internal.h"

struct span yaml_span_of(const struct yaml_reader *r, uint32_t from, uint32_t to) {
  return (struct span){r->file, from, to < from ? from : to};
}

/* Marks count code points; a table of every YAML_MARK_STEP-th one makes the conversion cheap. */
static void index_marks(struct yaml_reader *r) {
  size_t points = str_utf8_len(r->text);
  if (points == r->text.n) return;
  r->n_points = points;
  r->marks = ARENA_ARRAY(&r->scratch, points / YAML_MARK_STEP + 1, uint32_t);
  size_t seen = 0;
  for (size_t i = 0; i < r->text.n; i++) {
    if (((unsigned char)r->text.p[i] & 0xc0) == 0x80) continue;
    if (seen % YAML_MARK_STEP == 0) r->marks[seen / YAML_MARK_STEP] = (uint32_t)i;
    seen++;
  }
}

uint32_t yaml_mark_byte(const struct yaml_reader *r, yaml_mark_t mark) {
  size_t at = mark.index;
  if (r->marks) {
    size_t points = at;
    at = r->text.n;
    size_t i = points < r->n_points ? r->marks[points / YAML_MARK_STEP] : r->text.n;
    for (size_t left = points % YAML_MARK_STEP; i < r->text.n; i++) {
      if (((unsigned char)r->text.p[i] & 0xc0) == 0x80) continue;
      if (left-- == 0) {
        at = i;
        break;
      }
    }
  }
  if (at > r->text.n) at = r->text.n;
  return (uint32_t)at + r->skip;
}

static bool fail(struct yaml_reader *r) {
  r->failed = true;
  return false;
}

static struct yaml_frame *top(struct yaml_reader *r) {
  return r->frames.n ? &r->frames.v[r->frames.n - 1] : NULL;
}

/* Puts a finished node into the collection that is open, or makes it the root. */
static void place(struct yaml_reader *r, const struct ynode *node, uint64_t size, uint32_t height) {
  struct yaml_frame *f = top(r);
  if (!f) {
    r->root = node;
    return;
  }
  f->size += size;
  if (height + 1 > f->height) f->height = height + 1;
  struct ypair pair = {.value = node};
  if (f->kind == Y_MAP) {
    pair.key = f->key;
    pair.key_span = f->key_span;
    f->has_key = false;
  }
  VEC_PUSH(&r->scratch, &r->pending, pair);
}

static bool wants_key(struct yaml_reader *r) {
  struct yaml_frame *f = top(r);
  return f && f->kind == Y_MAP && !f->has_key;
}

static bool refuse_tag(struct yaml_reader *r, const yaml_event_t *e, const yaml_char_t *tag) {
  if (!tag) return true;
  uint32_t from = yaml_mark_byte(r, e->start_mark);
  struct str name = str_c((const char *)tag);
  struct diag *g = diag_add(&r->s->diags, QN0106, yaml_span_of(r, from, from + 1),
                            "tags are not part of specs: %.*s", SV(name));
  bool cloudformation =
      str_starts(name, STR("!Ref")) || str_starts(name, STR("!GetAtt")) || str_starts(name, STR("!Sub"));
  diag_help(&r->s->diags, g,
            cloudformation ? "write an expression: ${NAME.Attribute}, inside text too"
                           : "leave the tag out; the expected type decides how a value is read");
  return fail(r);
}

/* Registers an anchor; returns its index + 1, or 0 when there is none. */
static uint32_t anchor_open(struct yaml_reader *r, const yaml_event_t *e, const yaml_char_t *name) {
  if (!name) return 0;
  struct str text = str_dup(&r->scratch, str_c((const char *)name));
  uint32_t from = yaml_mark_byte(r, e->start_mark);
  struct yaml_anchor a = {.span = yaml_span_of(r, from, from + (uint32_t)text.n + 1)};
  VEC_PUSH(&r->scratch, &r->anchors, a);
  map_put(&r->scratch, &r->anchor_names, text, (uint32_t)r->anchors.n - 1);
  return (uint32_t)r->anchors.n;
}

static void anchor_close(struct yaml_reader *r, uint32_t anchor, const struct ynode *node, uint64_t size,
                         uint32_t height) {
  if (!anchor) return;
  struct yaml_anchor *a = &r->anchors.v[anchor - 1];
  a->node = node;
  a->size = size;
  a->height = height;
}

static bool take_key(struct yaml_reader *r, struct str text, struct span at, bool plain) {
  struct diags *d = &r->s->diags;
  if (plain && str_eq(text, STR("<<"))) {
    struct diag *g = diag_add(d, QN0107, at, "merge keys are not supported");
    diag_help(d, g, "write the keys out, or use merge() in an expression, or an input with a default");
    return fail(r);
  }
  if (str_find(text, STR("${")) != SIZE_MAX && yaml_check_plain(r, text, at.start, at.end, false, true))
    return fail(r);
  struct yaml_frame *f = top(r);
  f->key = session_sym(r->s, text);
  f->key_span = at;
  f->has_key = true;
  return true;
}

static uint8_t style_of(yaml_scalar_style_t style) {
  switch (style) {
  case YAML_SINGLE_QUOTED_SCALAR_STYLE: return YS_SINGLE;
  case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return YS_DOUBLE;
  case YAML_LITERAL_SCALAR_STYLE: return YS_LITERAL;
  case YAML_FOLDED_SCALAR_STYLE: return YS_FOLDED;
  case YAML_ANY_SCALAR_STYLE:
  case YAML_PLAIN_SCALAR_STYLE: break;
  }
  return YS_PLAIN;
}

/* The event of an anchored scalar starts at the anchor: the text starts behind it. */
static uint32_t scalar_start(const struct yaml_reader *r, uint32_t from, uint32_t to,
                             const yaml_char_t *anchor) {
  if (!anchor) return from;
  struct str text = str_sub(r->text, from - r->skip, to - r->skip);
  size_t i = 0;
  while (i < text.n && text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\n' && text.p[i] != '\r') i++;
  while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\n' || text.p[i] == '\r')) i++;
  return from + (uint32_t)i;
}

static bool on_scalar(struct yaml_reader *r, const yaml_event_t *e) {
  struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
  uint32_t to = yaml_mark_byte(r, e->end_mark);
  uint32_t from = scalar_start(r, yaml_mark_byte(r, e->start_mark), to, e->data.scalar.anchor);
  uint8_t style = style_of(e->data.scalar.style);
  struct span at = yaml_span_of(r, from, to);
  r->last_end = to;
  if (!refuse_tag(r, e, e->data.scalar.tag)) return false;
  if (text.n && memchr(text.p, 0, text.n)) {
    diag_add(&r->s->diags, QN0102, at, "text contains a NUL character");
    return fail(r);
  }
  if (wants_key(r) && !e->data.scalar.anchor) return take_key(r, text, at, style == YS_PLAIN);
  bool flow = top(r) && top(r)->flow;
  if (style == YS_PLAIN && str_find_c(text, '$') != SIZE_MAX &&
      yaml_check_plain(r, text, from, to, flow, false))
    return fail(r);
  struct ynode *node = ARENA_NEW(&r->s->arena, struct ynode);
  *node = (struct ynode){.kind = Y_SCALAR, .style = style, .flow = flow, .span = at};
  node->text = str_dup(&r->s->arena, text);
  anchor_close(r, anchor_open(r, e, e->data.scalar.anchor), node, 1, 0);
  if (wants_key(r)) return take_key(r, text, at, style == YS_PLAIN);
  place(r, node, 1, 0);
  return true;
}

static bool refuse_key(struct yaml_reader *r, const yaml_event_t *e) {
  uint32_t from = yaml_mark_byte(r, e->start_mark);
  struct diag *g =
      diag_add(&r->s->diags, QN0105, yaml_span_of(r, from, from + 1), "a key must be plain or quoted text");
  diag_help(&r->s->diags, g, "if this was meant as an expression, put quotes around it: \"${...}\"");
  return fail(r);
}

static bool on_start(struct yaml_reader *r, const yaml_event_t *e, uint8_t kind, const yaml_char_t *tag,
                     const yaml_char_t *anchor, bool flow) {
  if (!refuse_tag(r, e, tag)) return false;
  if (wants_key(r)) return refuse_key(r, e);
  uint32_t from = yaml_mark_byte(r, e->start_mark);
  if (r->frames.n >= YAML_DEPTH_MAX) {
    diag_add(&r->s->diags, QN0104, yaml_span_of(r, from, from + 1), "nested deeper than %d levels",
             YAML_DEPTH_MAX);
    return fail(r);
  }
  struct yaml_frame f = {.kind = kind, .flow = flow, .start = from, .base = r->pending.n, .size = 1};
  f.anchor = anchor_open(r, e, anchor);
  VEC_PUSH(&r->scratch, &r->frames, f);
  return true;
}

/* A collection is checked for duplicates once, when it is complete. */
static bool check_keys(struct yaml_reader *r, const struct ypair *pairs, size_t n) {
  uint32_t owner = ++r->n_maps;
  sym most = 0;
  for (size_t i = 0; i < n; i++)
    if (pairs[i].key > most) most = pairs[i].key;
  if (most >= r->n_keys) {
    size_t room = (size_t)most * 2 + 64;
    r->key_owner = arena_grow(&r->scratch, r->key_owner, r->n_keys, room, sizeof *r->key_owner);
    r->key_pair = arena_grow(&r->scratch, r->key_pair, r->n_keys, room, sizeof *r->key_pair);
    r->n_keys = room;
  }
  bool good = true;
  for (size_t i = 0; i < n; i++) {
    sym k = pairs[i].key;
    if (r->key_owner[k] == owner) {
      struct str name = session_str(r->s, k);
      struct diag *g =
          diag_add(&r->s->diags, QN0103, pairs[i].key_span, "key \"%.*s\" is there twice", SV(name));
      diag_note(&r->s->diags, g, pairs[r->key_pair[k]].key_span, "first here");
      good = false;
      continue;
    }
    r->key_owner[k] = owner;
    r->key_pair[k] = (uint32_t)i;
  }
  return good;
}

static bool on_end(struct yaml_reader *r, const yaml_event_t *e) {
  struct yaml_frame f = r->frames.v[--r->frames.n];
  const struct ypair *pairs = r->pending.v ? r->pending.v + f.base : NULL;
  size_t n = r->pending.n - f.base;
  struct arena *a = &r->s->arena;
  struct ynode *node = ARENA_NEW(a, struct ynode);
  *node = (struct ynode){.kind = f.kind, .flow = f.flow, .n = (uint32_t)n};
  if (f.kind == Y_MAP) {
    if (!check_keys(r, pairs, n)) r->failed = true; /* go on: there may be more of them */
    struct ypair *copy = ARENA_ARRAY(a, n, struct ypair);
    if (n) memcpy(copy, pairs, n * sizeof *copy);
    node->pairs = copy;
  } else {
    const struct ynode **copy = ARENA_ARRAY(a, n, const struct ynode *);
    for (size_t i = 0; i < n; i++) copy[i] = pairs[i].value;
    node->items = copy;
  }
  /* The end event of a block collection stands where the next token starts. */
  uint32_t to = f.flow ? yaml_mark_byte(r, e->end_mark) : r->last_end;
  r->last_end = to;
  node->span = yaml_span_of(r, f.start, to);
  r->pending.n = f.base;
  anchor_close(r, f.anchor, node, f.size, f.height);
  place(r, node, f.size, f.height);
  return true;
}

static bool on_alias(struct yaml_reader *r, const yaml_event_t *e) {
  struct diags *d = &r->s->diags;
  if (wants_key(r)) return refuse_key(r, e);
  struct str name = str_c((const char *)e->data.alias.anchor);
  struct span at = yaml_span_of(r, yaml_mark_byte(r, e->start_mark), yaml_mark_byte(r, e->end_mark));
  r->last_end = at.end;
  const uint32_t *i = map_get(&r->anchor_names, name);
  if (!i) {
    struct diag *g = diag_add(d, QN0108, at, "there is no anchor \"%.*s\" before this alias", SV(name));
    diag_help(d, g, "put quotes around text that starts with *; an anchor is written &%.*s", SV(name));
    return fail(r);
  }
  const struct yaml_anchor *anchor = &r->anchors.v[*i];
  if (!anchor->node) {
    struct diag *g = diag_add(d, QN0108, at, "alias \"%.*s\" stands inside what it names", SV(name));
    diag_note(d, g, anchor->span, "the anchor is here");
    diag_help(d, g, "it would never end: write the values out");
    return fail(r);
  }
  r->alias_nodes += anchor->size;
  if (r->alias_nodes > YAML_ALIAS_NODES) {
    struct diag *g =
        diag_add(d, QN0109, at, "aliases expand to more than %u nodes", (unsigned)YAML_ALIAS_NODES);
    diag_label(d, g, "one alias too many");
    diag_help(d, g, "write large data once: as a local that expressions use, or with for_each");
    return fail(r);
  }
  if (r->frames.n + anchor->height > YAML_DEPTH_MAX) {
    diag_add(d, QN0104, at, "nested deeper than %d levels", YAML_DEPTH_MAX);
    return fail(r);
  }
  place(r, anchor->node, anchor->size, anchor->height);
  return true;
}

static bool on_document(struct yaml_reader *r, const yaml_event_t *e) {
  if (!r->root) return true;
  uint32_t from = yaml_mark_byte(r, e->start_mark);
  struct diag *g = diag_add(&r->s->diags, QN0110, yaml_span_of(r, from, yaml_mark_byte(r, e->end_mark)),
                            "a second document starts here; a file holds one");
  diag_help(&r->s->diags, g, "remove the `---`, or move what follows to a file of its own");
  return fail(r);
}

static bool on_event(struct yaml_reader *r, const yaml_event_t *e) {
  switch (e->type) {
  case YAML_SCALAR_EVENT: return on_scalar(r, e);
  case YAML_SEQUENCE_START_EVENT:
    return on_start(r, e, Y_SEQ, e->data.sequence_start.tag, e->data.sequence_start.anchor,
                    e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
  case YAML_MAPPING_START_EVENT:
    return on_start(r, e, Y_MAP, e->data.mapping_start.tag, e->data.mapping_start.anchor,
                    e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT: return on_end(r, e);
  case YAML_ALIAS_EVENT: return on_alias(r, e);
  case YAML_DOCUMENT_START_EVENT: return on_document(r, e);
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
  case YAML_DOCUMENT_END_EVENT: break;
  }
  return true;
}

static void read_events(struct yaml_reader *r) {
  for (bool go = true; go;) {
    yaml_event_t e;
    if (!yaml_parser_parse(&r->parser, &e)) {
      yaml_explain(r);
      r->failed = true;
      return;
    }
    go = on_event(r, &e) && e.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&e);
  }
}

const struct ynode *yaml_parse(struct session *s, uint32_t file) {
  struct yaml_reader r = {.s = s, .file = file, .text = srcmap_text(s->sources, file)};
  if (str_starts(r.text, STR("\xef\xbb\xbf"))) {
    r.skip = 3;
    r.text = str_sub(r.text, 3, r.text.n);
  }
  arena_init(&r.scratch);
  if (yaml_check_bytes(&r) && yaml_parser_initialize(&r.parser)) {
    index_marks(&r);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(r.text.n ? r.text.p : ""), r.text.n);
    read_events(&r);
    yaml_parser_delete(&r.parser);
    if (!r.failed &&
        (!r.root || (r.root->kind == Y_SCALAR && r.root->style == YS_PLAIN && !r.root->text.n))) {
      struct ynode *empty = ARENA_NEW(&s->arena, struct ynode);
      *empty = (struct ynode){.kind = Y_MAP, .span = yaml_span_of(&r, r.skip, r.skip)};
      r.root = empty;
    }
  } else {
    r.failed = true;
  }
  arena_release(&r.scratch);
  return r.failed ? NULL : r.root;
}

const struct ynode *yaml_get(const struct session *s, const struct ynode *map, const char *key) {
  if (!map || map->kind != Y_MAP) return NULL;
  sym k = intern_find(s->names, str_c(key));
  if (!k && key[0]) return NULL;
  for (uint32_t i = 0; i < map->n; i++)
    if (map->pairs[i].key == k) return map->pairs[i].value;
  return NULL;
}
