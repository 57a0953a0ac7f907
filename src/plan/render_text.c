/* The plan as a letter: what changes, why, what it forces, what cannot be undone. */
#include "render_value.h"

struct colours {
  const char *add, *change, *destroy, *dim, *bold, *off;
};
static const struct colours none = {"", "", "", "", "", ""};
static const struct colours ansi = {"\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"};

struct letter {
  const struct plan *p;
  const struct session *s;
  struct buf *out;
  const struct colours *c;
  unsigned columns;
};

enum kind { K_CREATE, K_UPDATE, K_DELETE, K_REPLACE_DELETE_FIRST, K_REPLACE_CREATE_FIRST, K_REPLACE_IF, K_FORGET, K_NONE };
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

static void leaf_note(struct letter *l, const struct leaf_change *leaf) {
  const char *note = NULL;
  if (leaf->forces_replace) note = leaf->if_changed ? "forces replacement if it has changed" : "forces replacement";
  else if (leaf->why == WHY_DRIFT) note = "changed outside quoin";
  else if (leaf->why == WHY_REMOVED) note = "removed from the spec: reset";
  else if (leaf->why == WHY_RELEASED) note = "removed from the spec: AWS has no reset, left as it is";
  else if (leaf->why == WHY_UNCONFIRMED) note = "an earlier call was interrupted: sent again";
  else if (leaf->why == WHY_KEPT) note = "AWS keeps it so";
  if (note) buf_addf(l->out, "  %s# %s%s", l->c->dim, note, l->c->off);
  if (leaf->span.file && (leaf->forces_replace || leaf->why == WHY_SPEC)) {
    uint32_t line, col;
    srcmap_line_col(l->s->sources, leaf->span.file, leaf->span.start, &line, &col);
    buf_addf(l->out, "  %s# %.*s:%u%s", l->c->dim, SV(srcmap_name(l->s->sources, leaf->span.file)), line, l->c->off);
  }
}

#define PROPERTY_INDENT 6

#define LEAF_MAX 1000 /* columns of a text that is not cut: only the end of an ARN may differ */

static void add_sides(struct letter *l, const struct leaf_change *leaf, size_t most) {
  buf_addz(l->out, " = ");
  if (leaf->before) render_inline(l->s, l->out, leaf->before, most);
  if (leaf->before && (leaf->after || leaf->why == WHY_REMOVED)) buf_addz(l->out, " -> ");
  if (leaf->after)
    render_inline(l->s, l->out, leaf->after, most);
  else if (leaf->why == WHY_REMOVED)
    buf_addz(l->out, "null");
}

static void add_leaf(struct letter *l, const struct leaf_change *leaf, size_t width) {
  const char *colour = !leaf->before ? l->c->add : !leaf->after ? l->c->destroy : l->c->change;
  char mark = !leaf->before ? '+' : !leaf->after ? '-' : '~';
  if (leaf->why == WHY_KEPT || leaf->why == WHY_RELEASED) mark = ' ', colour = l->c->dim;
  size_t room = l->columns > width + 24 ? (l->columns - width - 16) / 2 : 24;
  bool wide = (leaf->before && render_width(l->s, leaf->before) > room) ||
              (leaf->after && render_width(l->s, leaf->after) > room);
  struct buf parts = BUF_INIT(BUF_MAX_DEFAULT);
  bool apart =
      wide && render_difference(l->s, &parts, leaf->before, leaf->after, PROPERTY_INDENT + 2) && parts.n;
  buf_addf(l->out, "%*s%s%c%s %-*.*s", PROPERTY_INDENT - 2, "", colour, mark, l->c->off,
           apart ? 0 : (int)width, SV(leaf->path));
  if (!apart) add_sides(l, leaf, LEAF_MAX);
  leaf_note(l, leaf);
  buf_addc(l->out, '\n');
  buf_add(l->out, buf_str(&parts));
  buf_release(&parts);
}

static void add_leaves(struct letter *l, const struct change *c) {
  size_t width = 0;
  for (uint32_t i = 0; i < c->n_leaves; i++)
    if (c->leaves[i].path.n > width && c->leaves[i].path.n <= 48) width = c->leaves[i].path.n;
  for (uint32_t i = 0; i < c->n_leaves; i++) add_leaf(l, &c->leaves[i], width);
}

static void add_properties(struct letter *l, const struct value *props) {
  if (!value_is(props, V_MAP)) return;
  size_t width = 0;
  for (uint32_t i = 0; i < props->n; i++) {
    size_t n = session_str(l->s, props->members[i].key).n;
    if (n > width && n <= 40) width = n;
  }
  for (uint32_t i = 0; i < props->n; i++)
    render_block(l->s, l->out, "", session_str(l->s, props->members[i].key), width, props->members[i].value, PROPERTY_INDENT, l->columns);
}

static void add_identity(struct letter *l, const struct change *c) {
  if (!value_is(c->identity, V_MAP)) return;
  for (uint32_t i = 0; i < c->identity->n; i++) {
    buf_addf(l->out, "%*s%.*s = ", PROPERTY_INDENT, "", SV(session_str(l->s, c->identity->members[i].key)));
    render_inline(l->s, l->out, c->identity->members[i].value, l->columns);
    buf_addc(l->out, '\n');
  }
  if (c->action == ACT_DELETE && def_info(c->def).stateful)
    buf_addf(l->out, "%*s%s! its data is lost: this cannot be undone%s\n", PROPERTY_INDENT, "", l->c->destroy, l->c->off);
}

static void add_change(struct letter *l, const struct change *c) {
  enum kind k = kind_of(c);
  const char *why = reason_words(c, k);
  buf_addf(l->out, "%s%s%s %s%.*s%s %s(%.*s)%s %s", kind_colour(l, k), kinds[k].mark, l->c->off, l->c->bold,
           SV(session_str(l->s, c->address)), l->c->off, l->c->dim, SV(session_str(l->s, c->type)), l->c->off, kinds[k].words);
  if (why) buf_addf(l->out, ": %s", why);
  buf_addc(l->out, '\n');
  if (c->moved_from) buf_addf(l->out, "%*s(moved from %.*s)\n", PROPERTY_INDENT, "", SV(session_str(l->s, c->moved_from)));
  if (c->region != l->p->env.region && c->region)
    buf_addf(l->out, "%*s(in %.*s)\n", PROPERTY_INDENT, "", SV(session_str(l->s, c->region)));
  if (c->n_leaves) add_leaves(l, c);
  else if (c->action == ACT_CREATE) add_properties(l, c->wanted);
  const struct change *old = c->action == ACT_CREATE && c->pair != UINT32_MAX ? &l->p->changes[c->pair] : c;
  if (old->action != ACT_CREATE && old->action != ACT_UPDATE) add_identity(l, old);
  buf_addc(l->out, '\n');
}

static void add_legend(struct letter *l) {
  bool used[sizeof kinds / sizeof *kinds] = {0};
  for (uint32_t i = 0; i < l->p->n_changes; i++)
    if (!told_elsewhere(&l->p->changes[i])) used[kind_of(&l->p->changes[i])] = true;
  if (used[K_REPLACE_IF]) used[K_REPLACE_DELETE_FIRST] = true;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (used[k] && kinds[k].legend)
      buf_addf(l->out, "%s%s%s %s\n", kind_colour(l, (enum kind)k), kinds[k].mark, l->c->off, kinds[k].legend);
  buf_addc(l->out, '\n');
}

/* ---- drift ---------------------------------------------------------------- */
static bool drifted(const struct change *c) {
  if (c->action == ACT_FORGET && c->reason == CR_GONE) return true;
  for (uint32_t i = 0; i < c->n_leaves; i++)
    if (c->leaves[i].why == WHY_DRIFT) return true;
  return false;
}

static void add_drift(struct letter *l, const struct change *c) {
  if (c->action == ACT_FORGET) {
    buf_addf(l->out, "%s  -%s %s%.*s%s %s(%.*s)%s is gone\n", l->c->destroy, l->c->off, l->c->bold, SV(session_str(l->s, c->address)),
             l->c->off, l->c->dim, SV(session_str(l->s, c->type)), l->c->off);
    add_identity(l, c);
    return;
  }
  buf_addf(l->out, "%s  ~%s %s%.*s%s %s(%.*s)%s has changed\n", l->c->change, l->c->off, l->c->bold, SV(session_str(l->s, c->address)),
           l->c->off, l->c->dim, SV(session_str(l->s, c->type)), l->c->off);
  for (uint32_t i = 0; i < c->n_leaves; i++) {
    const struct leaf_change *leaf = &c->leaves[i];
    if (leaf->why != WHY_DRIFT) continue;
    buf_addf(l->out, "%*s%.*s: recorded ", PROPERTY_INDENT, "", SV(leaf->path));
    render_inline(l->s, l->out, leaf->recorded ? leaf->recorded : leaf->after, l->columns);
    buf_addz(l->out, ", live ");
    render_inline(l->s, l->out, leaf->before, l->columns);
    buf_addc(l->out, '\n');
  }
}

static uint32_t add_drift_section(struct letter *l) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->p->n_changes; i++) {
    const struct change *c = &l->p->changes[i];
    if (!drifted(c)) continue;
    if (n++ == 0) buf_addz(l->out, "Changed outside quoin since the last apply:\n\n");
    add_drift(l, c);
  }
  if (n) buf_addc(l->out, '\n');
  return n;
}

/* ---- the ends of the letter ---------------------------------------------- */
static void add_header(struct letter *l) {
  const struct environment *e = &l->p->env;
  buf_addf(l->out, "%.*s / %.*s in %.*s", SV(session_str(l->s, e->stack)), SV(session_str(l->s, e->name)), SV(session_str(l->s, e->region)));
  if (e->account) buf_addf(l->out, ", account %.*s", SV(session_str(l->s, e->account)));
  buf_addz(l->out, "\n\n");
}

static void add_outputs(struct letter *l) {
  if (!l->p->n_outputs) return;
  buf_addz(l->out, "Outputs:\n");
  for (uint32_t i = 0; i < l->p->n_outputs; i++) {
    const struct output *o = &l->p->outputs[i];
    buf_addf(l->out, "  %.*s = ", SV(session_str(l->s, o->name)));
    if (o->secret) buf_addz(l->out, "(sensitive)");
    else render_inline(l->s, l->out, o->value, 0);
    buf_addc(l->out, '\n');
  }
  buf_addc(l->out, '\n');
}

static void add_footer(struct letter *l) {
  struct plan_counts n = plan_count(l->p);
  buf_addf(l->out, "%sPlan:%s %u to add, %u to change, %u to destroy", l->c->bold, l->c->off, n.add, n.change, n.destroy);
  if (n.replace) buf_addf(l->out, " (%u replaced)", n.replace);
  if (n.forget) buf_addf(l->out, ", %u to forget", n.forget);
  if (l->p->n_moves) buf_addf(l->out, ", %u moved", l->p->n_moves);
  buf_addz(l->out, ".\n");
  if (l->p->n_checks) buf_addf(l->out, "%u check%s can only be judged after apply.\n", l->p->n_checks, l->p->n_checks == 1 ? "" : "s");
}

static void add_calls(struct letter *l) {
  unsigned long long calls = l->p->calls, bound = l->p->bound;
  if (!l->p->refreshed) {
    buf_addf(l->out, "%sThe cloud was not read.%s\n", l->c->dim, l->c->off);
    return;
  }
  buf_addf(l->out, "%sRead the cloud with %llu call%s", l->c->dim, calls, calls == 1 ? "" : "s");
  if (calls != bound) buf_addf(l->out, " (%llu were computed)", bound);
  buf_addf(l->out, ".%s\n", l->c->off);
}

static void add_moves(struct letter *l) {
  for (uint32_t i = 0; i < l->p->n_moves; i++)
    buf_addf(l->out, "    %.*s has moved to %.*s\n", SV(session_str(l->s, l->p->moves[i].from)), SV(session_str(l->s, l->p->moves[i].to)));
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

void plan_render_text(const struct plan *p, const struct render_options *o, struct buf *out) {
  struct letter l = {p, p->s, out, o->colour ? &ansi : &none, o->columns ? o->columns : 120};
  add_header(&l);
  uint32_t drift = add_drift_section(&l);
  if (o->drift) {
    if (!drift) buf_addz(out, "No drift: the cloud is as it was applied.\n");
    else buf_addf(out, "Drift: %u resource%s changed outside quoin.\n", drift, drift == 1 ? "" : "s");
    add_calls(&l);
    return;
  }
  add_moves(&l);
  add_kept(&l);
  struct plan_counts n = plan_count(p);
  bool nothing = !(n.add + n.change + n.destroy + n.forget + n.drift);
  if (nothing) {
    buf_addz(out, p->n_moves ? "No changes but the moves above.\n" : "No changes. The cloud is as the spec says.\n");
    add_calls(&l);
    return;
  }
  add_legend(&l);
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (!told_elsewhere(&p->changes[i])) add_change(&l, &p->changes[i]);
  add_outputs(&l);
  add_footer(&l);
  add_calls(&l);
}
