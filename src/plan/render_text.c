/* The plan as a letter: what changes, why, what it forces, what cannot be undone. */
#include "render_leaf.h"

struct colours {
  const char *add, *change, *destroy, *dim, *bold, *off;
};
static const struct colours none = {"", "", "", "", "", ""};
static const struct colours ansi = {"\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"};

struct letter {
  const struct plan *p;
  const struct session *s;
  struct arena *a; /* scratch */
  struct buf *out;
  const struct colours *c;
  unsigned columns;
};

static struct leaf_style leaf_style(const struct letter *l) {
  return (struct leaf_style){l->p->s,      l->a,          l->columns, l->c->add,
                             l->c->change, l->c->destroy, l->c->dim,  l->c->off};
}

enum kind {
  K_CREATE,
  K_UPDATE,
  K_DELETE,
  K_REPLACE_DELETE_FIRST,
  K_REPLACE_CREATE_FIRST,
  K_REPLACE_IF,
  K_FORGET,
  K_NONE
};
/* Legend, mark and words of each kind of change. */
static const struct {
  const char *mark, *legend, *words;
} kinds[] = {
    [K_CREATE] = {"  +", "create", "will be created"},
    [K_UPDATE] = {"  ~", "update in place", "will be updated in place"},
    [K_DELETE] = {"  -", "destroy", "will be destroyed"},
    [K_REPLACE_DELETE_FIRST] = {"-/+", "destroy and then create replacement", "must be replaced"},
    [K_REPLACE_CREATE_FIRST] = {"+/-", "create replacement and then destroy", "must be replaced"},
    [K_REPLACE_IF] = {"-/+", NULL, "will be replaced if a value known after apply has changed"},
    [K_FORGET] = {"  .", "leave in the cloud, forget in the state", "will no longer be managed"},
    [K_NONE] = {"   ", NULL, "stays as it is"},
};

static enum kind kind_of(const struct change *c) {
  if (c->action == ACT_UPDATE) return K_UPDATE;
  if (c->action == ACT_FORGET) return K_FORGET;
  if (c->action == ACT_NONE) return K_NONE;
  if (c->pair == UINT32_MAX) return c->action == ACT_CREATE ? K_CREATE : K_DELETE;
  return c->if_changed ? K_REPLACE_IF : c->create_first ? K_REPLACE_CREATE_FIRST : K_REPLACE_DELETE_FIRST;
}

static const char *kind_colour(const struct letter *l, enum kind k) {
  if (k == K_CREATE) return l->c->add;
  if (k == K_UPDATE) return l->c->change;
  return k == K_NONE || k == K_FORGET ? "" : l->c->destroy;
}

/* The delete half of a replacement is told with its create; a gone object with its new one. */
static bool told_elsewhere(const struct change *c) {
  bool half = c->pair != UINT32_MAX && c->action != ACT_CREATE;
  return half || (c->action == ACT_FORGET && c->reason == CR_GONE) || c->action == ACT_NONE;
}

static const char *reason_words(const struct change *c, enum kind k) {
  switch (c->reason) {
  case CR_GONE: return "it was deleted outside quoin";
  case CR_NOT_IN_SPEC: return "it is not in the spec any more";
  case CR_DEPOSED: return "left over from an interrupted replacement";
  case CR_REQUESTED: return k == K_DELETE ? NULL : "as asked by -replace";
  case CR_INTERRUPTED: return "an earlier apply was interrupted while creating it";
  case CR_SPEC: break;
  }
  return NULL;
}

/* The first resource whose attribute is still to become known. */
static sym first_origin(const struct value *v, unsigned depth) {
  sym found = 0;
  if (!value_unknown(v) || depth > 256) return 0;
  if (v->kind == V_UNKNOWN) {
    const struct unknown *u = v->unknown;
    if (u->ukind == U_ATTR) return u->address;
    for (uint32_t i = 0; i < u->n_bindings && !found; i++)
      found = first_origin(u->bindings[i].value, depth + 1);
    return found;
  }
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n && !found; i++)
    found = first_origin(v->items[i], depth + 1);
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n && !found; i++)
    found = first_origin(v->members[i].value, depth + 1);
  return found;
}

static const struct change *change_of(const struct plan *p, sym address) {
  uint32_t lo = 0, hi = p->n_changes;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (intern_cmp(p->s->names, p->changes[mid].address, address) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  while (lo + 1 < p->n_changes && change_only_orders(&p->changes[lo]) &&
         p->changes[lo + 1].address == address)
    lo++;
  return lo < p->n_changes && p->changes[lo].address == address ? &p->changes[lo] : NULL;
}

/* "vpc is replaced": what makes the new value unknown. */
static struct str unknown_because(const struct letter *l, const struct leaf_change *leaf) {
  sym address = first_origin(leaf->after, 0);
  const struct change *c = address ? change_of(l->p, address) : NULL;
  if (!c) return STR("");
  const char *what = c->action == ACT_UPDATE ? "updated" : c->pair != UINT32_MAX ? "replaced" : "created";
  if (c->if_changed) return str_fmt(l->a, "%.*s may be replaced", SV(session_str(l->s, address)));
  return str_fmt(l->a, "%.*s is %s", SV(session_str(l->s, address)), what);
}

static struct str kept_words(const struct letter *l, const struct leaf_change *leaf) {
  struct buf b = BUF_INIT(1 << 20);
  buf_addz(&b, "AWS keeps it so; the spec says ");
  render_inline(l->s, &b, leaf->after, 40);
  struct str out = str_dup(l->a, buf_str(&b));
  buf_release(&b);
  return out;
}

/* quoin's own tags stand in no spec. */
static struct str tag_words(const struct leaf_change *leaf) {
  if (leaf->span.file || !leaf->after) return STR("");
  if (str_ends(leaf->path, STR("[\"quoin:id\"]"))) return STR("marks it as managed by this state");
  return str_ends(leaf->path, STR("[\"quoin:address\"]")) ? STR("its new address") : STR("");
}

static struct str leaf_notes(const struct letter *l, const struct leaf_change *leaf) {
  struct str parts[5];
  size_t n = 0;
  if (leaf->forces_replace)
    parts[n++] = leaf->if_changed ? STR("forces replacement if it has changed") : STR("forces replacement");
  if (leaf->why == WHY_DRIFT) parts[n++] = STR("changed outside quoin");
  if (leaf->why == WHY_REMOVED)
    parts[n++] = leaf->forces_replace ? STR("removed from the spec") : STR("removed from the spec: reset");
  if (leaf->why == WHY_RELEASED) parts[n++] = STR("removed from the spec: AWS has no reset, left as it is");
  if (leaf->why == WHY_UNCONFIRMED) parts[n++] = STR("an earlier call was interrupted: sent again");
  if (leaf->why == WHY_KEPT) parts[n++] = kept_words(l, leaf);
  if (leaf->why == WHY_SPEC && !leaf->after) parts[n++] = STR("not in the spec any more");
  if (leaf->why == WHY_UNKNOWN && (parts[n] = unknown_because(l, leaf)).n) n++;
  if ((parts[n] = tag_words(leaf)).n) n++;
  if (leaf->span.file) {
    uint32_t line, col;
    srcmap_line_col(l->s->sources, leaf->span.file, leaf->span.start, &line, &col);
    parts[n++] = str_fmt(l->a, "%.*s:%u", SV(srcmap_name(l->s->sources, leaf->span.file)), line);
  }
  struct str out = STR("");
  for (size_t i = 0; i < n; i++) out = i ? str_fmt(l->a, "%.*s; %.*s", SV(out), SV(parts[i])) : parts[i];
  return out;
}

#define PROPERTY_INDENT 6

/* Tags of {Key, Value} are shown as what they say: Tags["Name"] = "main". */
static void shorten_tag(const struct letter *l, const struct change *c, struct leaf_line *line) {
  struct str tags = c->def ? def_info(c->def).tag_property : STR("");
  if (!tags.n || !str_starts(line->name, tags) || line->name.n == tags.n || line->name.p[tags.n] != '[')
    return;
  if (str_ends(line->name, STR("].Value"))) line->name.n -= 6;
  const struct value **sides[2] = {&line->before, &line->after};
  for (int i = 0; i < 2; i++) {
    const struct value *v =
        *sides[i] && !(*sides[i])->flags ? value_get(l->s, *sides[i], STR("Value")) : NULL;
    if (v) *sides[i] = v;
  }
}

static struct leaf_line leaf_line(const struct letter *l, const struct change *c,
                                  const struct leaf_change *leaf) {
  struct leaf_line line = {.name = leaf->path,
                           .before = leaf->before,
                           .after = leaf->why == WHY_KEPT ? NULL : leaf->after,
                           .gone = leaf->why == WHY_REMOVED,
                           .quiet = leaf->why == WHY_KEPT || leaf->why == WHY_RELEASED,
                           .notes = leaf_notes(l, leaf)};
  shorten_tag(l, c, &line);
  return line;
}

static void add_leaves(struct letter *l, const struct change *c) {
  struct leaf_style st = leaf_style(l);
  size_t width = 0;
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    size_t n = str_columns(leaf_line(l, c, &c->leaves[i]).name);
    if (n > width && n <= 40) width = n;
  }
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    struct leaf_line line = leaf_line(l, c, &c->leaves[i]);
    line.width = width;
    render_leaf(&st, l->out, &line);
  }
}

static void add_properties(struct letter *l, const struct value *props) {
  if (!value_is(props, V_MAP)) return;
  size_t width = 0;
  for (uint32_t i = 0; i < props->n; i++) {
    size_t n = str_columns(session_str(l->s, props->members[i].key));
    if (n > width && n <= 40) width = n;
  }
  for (uint32_t i = 0; i < props->n; i++)
    render_block(l->s, l->out, "", session_str(l->s, props->members[i].key), width, props->members[i].value,
                 PROPERTY_INDENT, l->columns);
}

/* What becomes of the old object of a replacement. */
static void add_old(struct letter *l, const struct change *old) {
  struct str id = def_identity_text(l->p->s, l->a, old->def, old->identity);
  bool kept = old->action == ACT_FORGET;
  buf_addf(l->out, "%*s%s# %.*s %s%s\n", PROPERTY_INDENT, "", l->c->dim, SV(id),
           kept              ? "stays in the cloud and is forgotten"
           : old->if_changed ? "is destroyed in that case"
                             : "is destroyed",
           l->c->off);
  if (!kept && def_info(old->def).stateful)
    buf_addf(l->out, "%*s%s! its data is lost: this cannot be undone%s\n", PROPERTY_INDENT, "", l->c->destroy,
             l->c->off);
}

static void add_identity(struct letter *l, const struct change *c) {
  if (!value_is(c->identity, V_MAP)) return;
  add_properties(l, c->identity);
  if (c->action == ACT_DELETE && def_info(c->def).stateful)
    buf_addf(l->out, "%*s%s! its data is lost: this cannot be undone%s\n", PROPERTY_INDENT, "", l->c->destroy,
             l->c->off);
}

static void add_change(struct letter *l, const struct change *c) {
  enum kind k = kind_of(c);
  const char *why = reason_words(c, k);
  buf_addf(l->out, "%s%s%s %s%.*s%s %s(%.*s)%s %s", kind_colour(l, k), kinds[k].mark, l->c->off, l->c->bold,
           SV(session_str(l->s, c->address)), l->c->off, l->c->dim, SV(session_str(l->s, c->type)), l->c->off,
           kinds[k].words);
  const struct change *old = c->pair != UINT32_MAX ? &l->p->changes[c->pair] : c;
  if (old->type != c->type)
    buf_addf(l->out, ": it was a %.*s", SV(session_str(l->s, old->type)));
  else if (why)
    buf_addf(l->out, ": %s", why);
  buf_addc(l->out, '\n');
  if (c->moved_from)
    buf_addf(l->out, "%*s(moved from %.*s)\n", PROPERTY_INDENT, "", SV(session_str(l->s, c->moved_from)));
  if (c->region != l->p->env.region && c->region)
    buf_addf(l->out, "%*s(in %.*s)\n", PROPERTY_INDENT, "", SV(session_str(l->s, c->region)));
  if (c->n_leaves)
    add_leaves(l, c);
  else if (c->action == ACT_CREATE)
    add_properties(l, c->wanted);
  if (c->action == ACT_CREATE && c->pair != UINT32_MAX)
    add_old(l, &l->p->changes[c->pair]);
  else if (c->action != ACT_CREATE && c->action != ACT_UPDATE)
    add_identity(l, c);
  buf_addc(l->out, '\n');
}

static void add_legend(struct letter *l) {
  bool used[sizeof kinds / sizeof *kinds] = {0};
  for (uint32_t i = 0; i < l->p->n_changes; i++)
    if (!told_elsewhere(&l->p->changes[i])) used[kind_of(&l->p->changes[i])] = true;
  if (used[K_REPLACE_IF]) used[K_REPLACE_DELETE_FIRST] = true;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (used[k] && kinds[k].legend)
      buf_addf(l->out, "%s%s%s %s\n", kind_colour(l, (enum kind)k), kinds[k].mark, l->c->off,
               kinds[k].legend);
  buf_addc(l->out, '\n');
}

/* ---- drift ---------------------------------------------------------------- */
static void add_side(struct letter *l, const struct value *v) {
  if (value_is_null(v))
    buf_addz(l->out, "(none)");
  else
    render_inline(l->s, l->out, v, 0);
}

/* Property: recorded X, live Y; of long values only what differs within them, or one below the other. */
static void add_drift_leaf(struct letter *l, const struct leaf_change *leaf) {
  struct leaf_line line = {
      .name = leaf->path, .before = leaf->recorded ? leaf->recorded : leaf->after, .after = leaf->before};
  size_t from = l->out->n;
  buf_addf(l->out, "%*s%.*s: recorded ", PROPERTY_INDENT, "", SV(line.name));
  add_side(l, line.before);
  buf_addz(l->out, ", live ");
  add_side(l, line.after);
  bool fits = !l->out->failed && str_columns((struct str){l->out->p + from, l->out->n - from}) <= l->columns;
  if (!fits && !l->out->failed) {
    struct leaf_style st = leaf_style(l);
    l->out->n = from;
    buf_addf(l->out, "%*s%.*s, recorded -> live:\n", PROPERTY_INDENT, "", SV(line.name));
    if (render_differences(&st, l->out, line.before, line.after)) return;
    l->out->n = from;
    buf_addf(l->out, "%*s%.*s:\n%*srecorded ", PROPERTY_INDENT, "", SV(line.name), PROPERTY_INDENT + 2, "");
    add_side(l, line.before);
    buf_addf(l->out, "\n%*slive     ", PROPERTY_INDENT + 2, "");
    add_side(l, line.after);
  }
  buf_addc(l->out, '\n');
}

static void add_drift(struct letter *l, const struct change *c) {
  if (c->action == ACT_FORGET) {
    buf_addf(l->out, "%s  -%s %s%.*s%s %s(%.*s)%s is gone\n", l->c->destroy, l->c->off, l->c->bold,
             SV(session_str(l->s, c->address)), l->c->off, l->c->dim, SV(session_str(l->s, c->type)),
             l->c->off);
    add_identity(l, c);
    return;
  }
  buf_addf(l->out, "%s  ~%s %s%.*s%s %s(%.*s)%s has changed\n", l->c->change, l->c->off, l->c->bold,
           SV(session_str(l->s, c->address)), l->c->off, l->c->dim, SV(session_str(l->s, c->type)),
           l->c->off);
  for (uint32_t i = 0; i < c->n_leaves; i++)
    if (c->leaves[i].why == WHY_DRIFT) add_drift_leaf(l, &c->leaves[i]);
}

static uint32_t add_drift_section(struct letter *l) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->p->n_changes; i++) {
    const struct change *c = &l->p->changes[i];
    if (!change_drifted(c)) continue;
    if (n++ == 0) buf_addz(l->out, "Changed outside quoin since the last apply:\n\n");
    add_drift(l, c);
  }
  if (n) buf_addc(l->out, '\n');
  return n;
}

/* What AWS or somebody else set beside what was declared: told, but no drift. */
static void add_undeclared(struct letter *l) {
  const struct plan *p = l->p;
  struct leaf_style st = leaf_style(l);
  if (p->n_undeclared) buf_addz(l->out, "Set in the cloud, declared by nobody:\n\n");
  for (uint32_t i = 0; i < p->n_undeclared; i++) {
    const struct undeclared *u = &p->undeclared[i];
    if (i == 0 || u->address != p->undeclared[i - 1].address)
      buf_addf(l->out, "    %s%.*s%s %s(%.*s)%s\n", l->c->bold, SV(session_str(l->s, u->address)), l->c->off,
               l->c->dim, SV(session_str(l->s, u->type)), l->c->off);
    bool same = u->recorded && value_eq(l->s, u->recorded, u->live);
    struct leaf_line line = {.name = u->path, .after = u->live, .quiet = true};
    if (same) line.notes = STR("as after the last apply");
    render_leaf(&st, l->out, &line);
  }
  if (p->n_undeclared) buf_addc(l->out, '\n');
}

/* ---- the ends of the letter ---------------------------------------------- */
static void add_header(struct letter *l) {
  const struct environment *e = &l->p->env;
  buf_addf(l->out, "%.*s / %.*s in %.*s", SV(session_str(l->s, e->stack)), SV(session_str(l->s, e->name)),
           SV(session_str(l->s, e->region)));
  if (e->account) buf_addf(l->out, ", account %.*s", SV(session_str(l->s, e->account)));
  buf_addz(l->out, "\n\n");
}

static uint32_t add_outputs(struct letter *l) {
  struct leaf_style st = leaf_style(l);
  const struct output_change *changes;
  uint32_t n = plan_output_changes(l->p, l->a, &changes);
  if (n) buf_addz(l->out, "Changes to Outputs:\n");
  for (uint32_t i = 0; i < n; i++) {
    const struct output_change *o = &changes[i];
    struct leaf_line line = {.name = session_str(l->s, o->name), .before = o->before, .after = o->after};
    line.gone = !o->after;
    if (o->secret) line.after = value_with_flags(l->a, value_str(l->a, STR("")), VF_SECRET);
    render_leaf(&st, l->out, &line);
  }
  if (n) buf_addc(l->out, '\n');
  return n;
}

static void add_count(struct letter *l, const char **between, uint32_t n, const char *one, const char *many) {
  if (!n) return;
  buf_addf(l->out, "%s%u %s", *between, n, n == 1 ? one : many);
  *between = ", ";
}

/* Replacements that a value known only after apply decides. */
static uint32_t undecided(const struct plan *p) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_changes; i++)
    n += !told_elsewhere(&p->changes[i]) && kind_of(&p->changes[i]) == K_REPLACE_IF;
  return n;
}

static void add_footer(struct letter *l) {
  struct plan_counts n = plan_count(l->p);
  uint32_t maybe = undecided(l->p);
  const char *between = "Among them: ";
  buf_addf(l->out, "%sPlan:%s %u to add, %u to change, %u to destroy.\n", l->c->bold, l->c->off, n.add,
           n.change, n.destroy);
  add_count(l, &between, n.replace, "replacement", "replacements");
  if (maybe) buf_addf(l->out, " (%u only if a value changes)", maybe);
  if (!n.replace) between = "Besides: ";
  add_count(l, &between, n.forget, "to forget", "to forget");
  add_count(l, &between, l->p->n_moves, "moved", "moved");
  if (n.replace || n.forget || l->p->n_moves) buf_addz(l->out, ".\n");
  if (l->p->n_checks)
    buf_addf(l->out, "%u check%s can only be judged after apply.\n", l->p->n_checks,
             l->p->n_checks == 1 ? "" : "s");
}

static void add_calls(struct letter *l) {
  unsigned long long calls = l->p->calls, bound = l->p->bound;
  if (l->p->partial) buf_addz(l->out, "Only the targets, and what goes with them, were planned.\n");
  if (!l->p->refreshed) {
    buf_addf(l->out, "%sThe cloud was not read.%s\n", l->c->dim, l->c->off);
    return;
  }
  buf_addf(l->out, "%sRead the cloud with %llu call%s", l->c->dim, calls, calls == 1 ? "" : "s");
  if (calls != bound) buf_addf(l->out, " (%llu were computed)", bound);
  buf_addf(l->out, ".%s\n", l->c->off);
}

/* Resources of which only the state learns something. */
static uint32_t only_recorded(const struct plan *p) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_changes; i++)
    n += p->changes[i].action == ACT_NONE && p->changes[i].record && !p->changes[i].moved_from;
  return n;
}

static void add_nothing(struct letter *l, uint32_t outputs) {
  uint32_t n = only_recorded(l->p);
  if (n)
    buf_addf(l->out, "No changes to the cloud. Apply records what the spec now says of %u resource%s.\n", n,
             n == 1 ? "" : "s");
  else if (l->p->n_moves)
    buf_addz(l->out, "No changes but the moves above.\n");
  else if (outputs)
    buf_addz(l->out, "No changes but the outputs above.\n");
  else if (l->p->destroy)
    buf_addz(l->out, "Nothing is recorded: there is nothing to destroy.\n");
  else
    buf_addf(l->out, "No changes. The cloud is as the spec says%s.\n",
             l->p->partial ? " of the targets" : "");
  add_calls(l);
}

static void add_moves(struct letter *l) {
  for (uint32_t i = 0; i < l->p->n_moves; i++)
    buf_addf(l->out, "    %.*s has moved to %.*s\n", SV(session_str(l->s, l->p->moves[i].from)),
             SV(session_str(l->s, l->p->moves[i].to)));
  if (l->p->n_moves) buf_addc(l->out, '\n');
}

static void add_kept(struct letter *l) {
  for (uint32_t i = 0; i < l->p->n_changes; i++) {
    const struct change *c = &l->p->changes[i];
    if (c->action != ACT_NONE || !c->n_leaves) continue;
    buf_addf(l->out, "    %.*s stays as it is:\n", SV(session_str(l->s, c->address)));
    add_leaves(l, c);
    buf_addc(l->out, '\n');
  }
}

static void add_letter(struct letter *l, bool only_drift) {
  const struct plan *p = l->p;
  add_header(l);
  uint32_t drift = add_drift_section(l);
  if (only_drift) {
    add_undeclared(l);
    if (!drift)
      buf_addz(l->out, "No drift: the cloud is as it was applied.\n");
    else
      buf_addf(l->out, "Drift: %u resource%s changed outside quoin.\n", drift, drift == 1 ? "" : "s");
    add_calls(l);
    return;
  }
  add_moves(l);
  add_kept(l);
  struct plan_counts n = plan_count(p);
  if (!(n.add + n.change + n.destroy + n.forget + n.drift)) {
    add_nothing(l, add_outputs(l));
    return;
  }
  add_legend(l);
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (!told_elsewhere(&p->changes[i])) add_change(l, &p->changes[i]);
  add_outputs(l);
  add_footer(l);
  add_calls(l);
}

void plan_render_text(const struct plan *p, const struct render_options *o, struct buf *out) {
  struct arena scratch;
  arena_init(&scratch);
  struct letter l = {p, p->s, &scratch, out, o->colour ? &ansi : &none, o->columns ? o->columns : 120};
  add_letter(&l, o->drift);
  arena_release(&scratch);
}
