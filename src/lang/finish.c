/* From evaluated instances to what a compilation hands on: resources in order
 * of the spec, depends_on as addresses, moved. */
#include "finish.h"

bool spec_address_ok(struct str t) {
  size_t i = 0;
  while (i < t.n) {
    size_t from = i;
    while (i < t.n && ((t.p[i] >= 'a' && t.p[i] <= 'z') ||
                       (i > from && ((t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '_'))))
      i++;
    if (i == from) return false;
    if (i < t.n && t.p[i] == '[') {
      if (i + 3 >= t.n || t.p[i + 1] != '"') return false;
      for (i += 2; i < t.n && t.p[i] != '"'; i++)
        if (t.p[i] == '\\') i++;
      if (i + 1 >= t.n || t.p[i + 1] != ']') return false;
      i += 2;
    }
    if (i == t.n) return true;
    if (t.p[i++] != '.') return false;
  }
  return false;
}

/* Is t the address, or something below it? */
static bool below(struct str t, struct str prefix) {
  return str_starts(t, prefix) && (t.n == prefix.n || t.p[prefix.n] == '.' || t.p[prefix.n] == '[');
}

bool spec_moves(struct str from, struct str to, struct str address) {
  if (!below(address, from) || address.n == from.n) return str_eq(address, from);
  return !below(to, from) || to.n == from.n || to.p[from.n] != address.p[from.n];
}

/* ---- depends_on ------------------------------------------------------------ */
struct expander {
  struct program *p;
  struct str *sorted; /* all addresses */
  size_t n;
  struct map memo; /* prefixes' bytes -> index into sets */
  VEC(const sym *) sets;
  VEC(uint32_t) sizes;
};

static int by_bytes(const void *a, const void *b, void *user) {
  (void)user;
  return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t lower_bound(const struct expander *x, struct str t) {
  size_t lo = 0, hi = x->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (str_cmp(x->sorted[mid], t) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static void add_below(struct expander *x, const struct rinst *r, sym prefix, struct names *out) {
  struct program *p = x->p;
  struct str t = session_str(p->s, prefix);
  size_t before = out->n;
  for (size_t i = lower_bound(x, t); i < x->n && str_starts(x->sorted[i], t); i++)
    if (below(x->sorted[i], t)) VEC_PUSH(&p->s->arena, out, session_sym(p->s, x->sorted[i]));
  if (out->n > before || str_find_c(t, '[') == SIZE_MAX) return;
  struct diag *g =
      diag_add(&p->s->diags, QN0448, r->decl->depends_on ? r->decl->depends_on->span : r->decl->span,
               "depends_on: nothing has the address %.*s", SV(t));
  diag_help(&p->s->diags, g, "addresses are name[\"key\"], with the keys of for_each");
}

static void expand(struct expander *x, struct rinst *r) {
  struct program *p = x->p;
  if (!r->n_prefixes) return;
  struct str key = {(const char *)r->prefixes, r->n_prefixes * sizeof *r->prefixes};
  uint32_t *known = map_get(&x->memo, key);
  if (!known) {
    struct names all = {0};
    for (uint32_t i = 0; i < r->n_prefixes; i++) add_below(x, r, r->prefixes[i], &all);
    map_put(&p->s->arena, &x->memo, key, (uint32_t)x->sets.n);
    VEC_PUSH(&p->s->arena, &x->sets, all.v);
    VEC_PUSH(&p->s->arena, &x->sizes, (uint32_t)all.n);
    known = map_get(&x->memo, key);
  }
  r->r.depends_on = x->sets.v[*known];
  r->r.n_depends_on = x->sizes.v[*known];
}

void finish_depends(struct program *p) {
  struct expander x = {.p = p, .n = p->resource_list.n};
  bool any = false;
  for (size_t i = 0; i < x.n; i++) any = any || p->resource_list.v[i]->n_prefixes;
  if (!any) return;
  x.sorted = ARENA_ARRAY(&p->s->arena, x.n, struct str);
  for (size_t i = 0; i < x.n; i++) x.sorted[i] = session_str(p->s, p->resource_list.v[i]->r.address);
  sort_stable(&p->s->arena, x.sorted, x.n, sizeof *x.sorted, by_bytes, NULL);
  for (size_t i = 0; i < x.n; i++) expand(&x, p->resource_list.v[i]);
}

/* ---- resources -------------------------------------------------------------- */
void finish_resources(struct program *p, const struct instance *in) {
  struct mfile *m = in->file;
  for (size_t k = 0; k < m->decls.n; k++) {
    const struct slot *s = &in->slots[k];
    const struct decl *d = &m->decls.v[k];
    if (s->state != SLOT_DONE) continue;
    for (uint32_t i = 0; i < s->n; i++) {
      if (d->kind == D_RESOURCE) VEC_PUSH(&p->s->arena, &p->out->resources, s->resources[i].r);
      if (d->kind == D_COMPONENT) finish_resources(p, &s->children[i]); /* nesting is capped */
    }
  }
}

/* ---- moved ------------------------------------------------------------------- */
static void add_moved(struct program *p, const struct instance *in, struct map *from) {
  struct session *s = p->s;
  struct mfile *m = in->file;
  for (size_t i = 0; i < m->moved.n; i++) {
    const struct moved_decl *d = &m->moved.v[i];
    const struct str texts[] = {d->from, d->to};
    bool ok = true;
    for (size_t k = 0; k < 2; k++) {
      if (spec_address_ok(texts[k])) continue;
      ok = false;
      struct diag *g = diag_add(&s->diags, QN0460, k ? d->to_span : d->from_span,
                                "\"%.*s\" is not an address", SV(texts[k]));
      diag_help(&s->diags, g,
                "addresses are names with dots between them, and keys as api[\"blue\"].service");
    }
    if (!ok) continue;
    sym pair[2];
    for (size_t k = 0; k < 2; k++) {
      struct str t = texts[k];
      if (in->address.n) t = str_fmt(&s->arena, "%.*s.%.*s", SV(in->address), SV(t));
      pair[k] = session_sym(s, t);
    }
    uint32_t *old = map_get(from, session_str(s, pair[0]));
    if (old) {
      struct diag *g =
          diag_add(&s->diags, QN0460, d->from_span, "%.*s is moved twice", SV(session_str(s, pair[0])));
      diag_note(&s->diags, g, p->out->moved.v[*old].span, "first here");
      continue;
    }
    map_put(&s->arena, from, session_str(s, pair[0]), (uint32_t)p->out->moved.n);
    VEC_PUSH(&s->arena, &p->out->moved, ((struct moved){pair[0], pair[1], d->from_span}));
  }
  for (size_t k = 0; k < m->decls.n; k++)
    if (m->decls.v[k].kind == D_COMPONENT && in->slots[k].state == SLOT_DONE)
      for (uint32_t i = 0; i < in->slots[k].n; i++) add_moved(p, &in->slots[k].children[i], from);
}

static void still_there(struct program *p, const struct moved *m) {
  struct session *s = p->s;
  struct str from = session_str(s, m->from), to = session_str(s, m->to);
  for (size_t i = 0; i < p->resource_list.n; i++) {
    struct str address = session_str(s, p->resource_list.v[i]->r.address);
    if (!spec_moves(from, to, address)) continue;
    struct diag *g =
        diag_add(&s->diags, QN0460, m->span, "%.*s is moved away, but the spec still has it", SV(from));
    diag_note(&s->diags, g, p->resource_list.v[i]->r.span, "%.*s", SV(address));
    diag_help(&s->diags, g, "rename it in the spec too, or take the entry out of `moved`");
    return;
  }
}

static void one_each(struct program *p) {
  struct session *s = p->s;
  struct map to = {0};
  for (size_t i = 0; i < p->out->moved.n; i++) {
    const struct moved *m = &p->out->moved.v[i];
    uint32_t *other = map_get(&to, session_str(s, m->to));
    if (!other) {
      map_put(&s->arena, &to, session_str(s, m->to), (uint32_t)i);
      continue;
    }
    struct diag *g = diag_add(&s->diags, QN0460, m->span, "%.*s and %.*s cannot both move to %.*s",
                              SV(session_str(s, p->out->moved.v[*other].from)), SV(session_str(s, m->from)),
                              SV(session_str(s, m->to)));
    diag_note(&s->diags, g, p->out->moved.v[*other].span, "the other is here");
  }
}

/* a -> b and b -> c: what stands at a goes to c. */
static void follow_chain(struct program *p, struct moved *m, const struct map *from) {
  struct session *s = p->s;
  size_t steps = 0;
  for (uint32_t *next; (next = map_get(from, session_str(s, m->to))); steps++) {
    m->to = p->out->moved.v[*next].to;
    if (m->to != m->from && steps <= p->out->moved.n) continue;
    struct diag *g =
        diag_add(&s->diags, QN0460, m->span, "%.*s is moved in a circle", SV(session_str(s, m->from)));
    diag_help(&s->diags, g, "take out the entries that are done everywhere");
    return;
  }
}

void finish_moved(struct program *p) {
  struct map from = {0};
  add_moved(p, p->root, &from);
  one_each(p);
  struct moved *original = ARENA_ARRAY(&p->s->arena, p->out->moved.n, struct moved);
  for (size_t i = 0; i < p->out->moved.n; i++) original[i] = p->out->moved.v[i];
  for (size_t i = 0; i < p->out->moved.n; i++) follow_chain(p, &original[i], &from);
  for (size_t i = 0; i < p->out->moved.n; i++) {
    p->out->moved.v[i] = original[i];
    still_there(p, &original[i]);
  }
}
