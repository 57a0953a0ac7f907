/* The paths under `ignore`: do they name something that can be told from the rest? */
#include "def.h"

struct ignored {
  struct session *s;
  const struct def *d;
  struct str path; /* as written */
  struct span where;
};

static bool refuse(const struct ignored *g, struct str of, const char *why, struct str fix) {
  struct diag *dg =
      diag_add(&g->s->diags, QN0461, g->where, "ignore: %.*s: %.*s %s", SV(g->path), SV(of), why);
  diag_help(&g->s->diags, dg, "%.*s", SV(fix));
  return false;
}

/* One selector behind the list at `plain` (a path without selectors); `done` is what was written up to it. */
static bool check_selector(const struct ignored *g, snode n, struct str plain, struct str done,
                           struct str inner) {
  struct compare_rule rule = def_compare(g->d, plain);
  bool all = !inner.n || str_eq(inner, STR("*")), quoted = inner.n > 2 && inner.p[0] == '"';
  int64_t index;
  if (schema_kind(g->d->sc, n) != SK_ARRAY)
    return refuse(g, done, "is not a list",
                  str_fmt(&g->s->arena, "leave the brackets out: `%.*s`", SV(done)));
  if (rule.kind == CMP_SET)
    return refuse(g, done, "is a set, whose elements cannot be told apart",
                  str_fmt(&g->s->arena, "ignore all of it: `%.*s`", SV(done)));
  if (all) return true;
  if (rule.kind == CMP_KEYED && !quoted) {
    struct str fix = str_fmt(&g->s->arena, "`%.*s[\"...\"]` with its value, or `[*]` for all", SV(done));
    return refuse(g, done, str_fmt(&g->s->arena, "has elements that are known by their %.*s", SV(rule.key)).p,
                  fix);
  }
  if (rule.kind != CMP_KEYED && (!str_to_i64(inner, &index) || index < 0))
    return refuse(g, done, "has elements that are known by their place",
                  str_fmt(&g->s->arena, "`%.*s[0]`, or `[*]` for all", SV(done)));
  return true;
}

static bool unknown_member(const struct ignored *g, snode n, struct str name) {
  snode *all;
  size_t count = schema_children(g->d->sc, n, &g->s->arena, &all);
  struct str *names = ARENA_ARRAY(&g->s->arena, count, struct str);
  for (size_t i = 0; i < count; i++) names[i] = schema_name(g->d->sc, all[i]);
  struct str near = diag_nearest(name, names, count);
  struct diag *dg =
      diag_add(&g->s->diags, QN0461, g->where, "ignore: %.*s: there is no %.*s", SV(g->path), SV(name));
  if (near.n) diag_help(&g->s->diags, dg, "did you mean %.*s?", SV(near));
  return false;
}

/* Properties without a shape, as documents, and maps take any name. */
static bool check_member(const struct ignored *g, snode *n, struct str done, struct str name) {
  enum skind kind = schema_kind(g->d->sc, *n);
  if (kind == SK_ARRAY)
    return refuse(g, done, "is a list",
                  str_fmt(&g->s->arena, "say of which elements: `%.*s[*]` for all", SV(done)));
  if (kind == SK_ANY) return true;
  snode below = kind == SK_MAP ? schema_items(g->d->sc, *n) : schema_child(g->d->sc, *n, name);
  if (!below) return unknown_member(g, *n, name);
  *n = below;
  return true;
}

static bool check_path(const struct ignored *g) {
  struct str rest = g->path, plain = STR("");
  snode n = g->d->st.root;
  while (rest.n) {
    struct str done = str_sub(g->path, 0, g->path.n - rest.n);
    if (rest.p[0] == '[') {
      size_t end = path_selector(rest);
      if (!end)
        return refuse(g, done, "is followed by a [ without its ]",
                      str_fmt(&g->s->arena, "as in `%.*s[*]`", SV(done)));
      if (schema_kind(g->d->sc, n) == SK_ANY) return true;
      if (!check_selector(g, n, plain, done, str_sub(rest, 1, end - 1))) return false;
      plain = str_fmt(&g->s->arena, "%.*s[]", SV(plain));
      n = schema_items(g->d->sc, n);
      rest = str_sub(rest, end, rest.n);
      continue;
    }
    bool dot = done.n > 0;
    if (dot && rest.p[0] != '.')
      return refuse(g, done, "is followed by text",
                    str_fmt(&g->s->arena, "put a dot behind `%.*s`", SV(done)));
    size_t end = dot;
    while (end < rest.n && rest.p[end] != '.' && rest.p[end] != '[') end++;
    struct str name = str_sub(rest, dot, end);
    if (!check_member(g, &n, done, name)) return false;
    plain = str_fmt(&g->s->arena, "%.*s%s%.*s", SV(plain), dot ? "." : "", SV(name));
    rest = str_sub(rest, end, rest.n);
  }
  return true;
}

bool def_check_ignored(struct session *s, const struct def *d, const struct resource *r) {
  bool good = true;
  for (uint32_t i = 0; i < r->n_ignore; i++) {
    struct ignored g = {s, d, r->ignore[i], r->ignore_spans ? r->ignore_spans[i] : r->span};
    good &= check_path(&g);
  }
  return good;
}
