/* Uses a schema table in every way there is, for tests with damaged tables. */
#ifndef QUOIN_TESTS_SCHEMA_PROBE_H
#define QUOIN_TESTS_SCHEMA_PROBE_H

#include "quoin/schema.h"

/* Every member the type knows, as a plain scalar, a list, a map in turn; nested to depth. A damaged table
 * may name the same children everywhere: *budget ends the tree. */
static const struct value *probe_value(struct session *s, const struct schema *sc, snode n, int depth,
                                       unsigned seed, unsigned *budget) {
  struct arena *a = &s->arena;
  snode *children;
  size_t count = schema_children(sc, n, a, &children);
  if (count > 40) count = 40;
  if (*budget > 0) --*budget;
  if (depth == 0 || *budget == 0 || (count == 0 && seed % 3 == 0))
    return value_with_flags(a, value_str(a, seed % 2 ? STR("vpc-01234567") : STR("80")), VF_PLAIN);
  if (schema_kind(sc, n) == SK_ARRAY || seed % 7 == 6) {
    const struct value *items[2];
    for (unsigned i = 0; i < 2; i++)
      items[i] = probe_value(s, sc, schema_items(sc, n), depth - 1, seed * 5 + i + 1, budget);
    return value_list(a, items, 2);
  }
  struct member m[41];
  for (size_t i = 0; i < count; i++)
    m[i] = (struct member){session_sym(s, schema_name(sc, children[i])), SPAN_NONE,
                           probe_value(s, sc, children[i], depth - 1, seed * 3 + (unsigned)i, budget)};
  m[count] = (struct member){session_sym(s, STR("Other")), SPAN_NONE, value_int(a, 1)};
  return value_map(a, m, count + 1);
}

static void probe_node(struct session *s, const struct schema *sc, snode n, int depth) {
  snode *children;
  struct str *words;
  const struct value *v;
  (void)schema_kind(sc, n);
  (void)schema_flags(sc, n);
  (void)schema_format(sc, n);
  (void)schema_default(sc, n, &s->arena, &v);
  (void)schema_enum(sc, n, &s->arena, &words);
  size_t count = schema_children(sc, n, &s->arena, &children);
  for (size_t i = 0; depth > 0 && i < count && i < 64; i++) probe_node(s, sc, children[i], depth - 1);
  if (depth > 0 && schema_items(sc, n)) probe_node(s, sc, schema_items(sc, n), depth - 1);
}

/* At most `most` types. Returns how many were used. */
static size_t probe_schema(struct session *s, struct str blob, size_t most) {
  struct schema *sc;
  const struct str *names;
  struct str *words;
  if (schema_open(s, blob, &sc)) return 0;
  size_t n = schema_types(sc, &names);
  for (size_t i = 0; i < n && i < most; i++) {
    struct stype t;
    if (!schema_type(sc, names[i], &t)) continue;
    probe_node(s, sc, t.root, 3);
    (void)schema_tag_property(sc, &t);
    (void)schema_replacement(sc, &t);
    (void)schema_identifier(sc, &t, &s->arena, &words);
    (void)schema_at(sc, &t, STR("A.b[].C"));
    const struct value *typed;
    for (unsigned seed = 0; seed < 3; seed++) {
      unsigned budget = 5000;
      if (schema_check(sc, s, &t, probe_value(s, sc, t.root, 4, seed, &budget), SPAN_NONE, &typed)) continue;
    }
  }
  schema_free(sc);
  return n;
}

#endif
