/* The plan as data: quoin's own document (`show -json`) and Terraform's plan
 * format 1.2 (developer.hashicorp.com/terraform/internals/json-format), for the
 * tools that read that. Unknown and sensitive values become null; the places
 * where they stand are told beside them. */
#include "doc.h"

enum part { PART_KNOWN, PART_UNKNOWN, PART_SECRET };

/* PART_KNOWN: the value with null where it is unknown or sensitive; else true where it is that, and only
 * those places. */
static const struct value *part_of(struct doc *d, const struct value *v, enum part part, unsigned depth) {
  if (!v || depth > 256) return part == PART_KNOWN ? value_null() : NULL;
  bool secret = v->flags & VF_SECRET, unknown = v->kind == V_UNKNOWN;
  if (secret || unknown) {
    if (part == PART_KNOWN) return value_null();
    return (part == PART_SECRET ? secret : unknown && !secret) ? value_bool(d->a, true) : NULL;
  }
  if (v->kind != V_LIST && v->kind != V_MAP) return part == PART_KNOWN ? v : NULL;
  if (part == PART_KNOWN && !(v->flags & (VF_HAS_SECRET | VF_HAS_UNKNOWN))) return v;
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(d->a, v->n, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) {
      items[i] = part_of(d, v->items[i], part, depth + 1);
      if (!items[i]) items[i] = value_bool(d->a, false);
    }
    return value_list(d->a, items, v->n);
  }
  members m = {0};
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *below = part_of(d, v->members[i].value, part, depth + 1);
    if (below) VEC_PUSH(d->a, &m, ((struct member){.key = v->members[i].key, .value = below}));
  }
  return map_of(d, &m);
}

static const char *const action_words[] = {[ACT_NONE] = "no-op",
                                           [ACT_CREATE] = "create",
                                           [ACT_UPDATE] = "update",
                                           [ACT_DELETE] = "delete",
                                           [ACT_FORGET] = "forget"};
static const char *const reason_words[] = {
    [CR_SPEC] = "spec",       [CR_GONE] = "gone",           [CR_NOT_IN_SPEC] = "not_in_spec",
    [CR_DEPOSED] = "deposed", [CR_REQUESTED] = "requested", [CR_INTERRUPTED] = "interrupted"};
static const char *const why_words[] = {
    [WHY_SPEC] = "spec",         [WHY_DRIFT] = "drift",     [WHY_REMOVED] = "removed",
    [WHY_RELEASED] = "released", [WHY_UNKNOWN] = "unknown", [WHY_UNCONFIRMED] = "unconfirmed",
    [WHY_KEPT] = "kept"};

static const struct value *actions_of(struct doc *d, const struct plan *p, const struct change *c) {
  const char *words[2] = {action_words[c->action], NULL};
  if (c->pair != UINT32_MAX) {
    const char *end = action_words[p->changes[c->pair].action];
    words[0] = c->create_first ? "create" : end;
    words[1] = c->create_first ? end : "create";
  }
  const struct value *items[2];
  size_t n = 0;
  for (; n < 2 && words[n]; n++) items[n] = value_str(d->a, str_c(words[n]));
  return value_list(d->a, items, n);
}

static const struct value *leaf_doc(struct doc *d, const struct leaf_change *l) {
  members m = {0};
  put_text(d, &m, "path", l->path);
  put_text(d, &m, "property", l->property);
  put(d, &m, "before", part_of(d, l->before, PART_KNOWN, 0));
  put(d, &m, "after", part_of(d, l->after, PART_KNOWN, 0));
  put(d, &m, "recorded", part_of(d, l->recorded, PART_KNOWN, 0));
  put(d, &m, "after_unknown", part_of(d, l->after, PART_UNKNOWN, 0));
  put_text(d, &m, "why", str_c(why_words[l->why]));
  put(d, &m, "forces_replace", value_bool(d->a, l->forces_replace));
  if (l->span.file) {
    uint32_t line, col;
    srcmap_line_col(d->s->sources, l->span.file, l->span.start, &line, &col);
    put_text(d, &m, "file", srcmap_name(d->s->sources, l->span.file));
    put(d, &m, "line", value_int(d->a, line));
  }
  return map_of(d, &m);
}

static const struct value *change_doc(struct doc *d, const struct plan *p, const struct change *c) {
  members m = {0};
  put_sym(d, &m, "address", c->address);
  put_sym(d, &m, "type", c->type);
  put_sym(d, &m, "region", c->region);
  put_sym(d, &m, "moved_from", c->moved_from);
  put(d, &m, "actions", actions_of(d, p, c));
  put_text(d, &m, "reason", str_c(reason_words[c->reason]));
  put(d, &m, "identity", c->identity);
  put(d, &m, "before", part_of(d, c->live ? c->live : c->seen ? c->seen : c->applied, PART_KNOWN, 0));
  put(d, &m, "after", part_of(d, c->wanted, PART_KNOWN, 0));
  put(d, &m, "after_unknown", part_of(d, c->wanted, PART_UNKNOWN, 0));
  put(d, &m, "after_sensitive", part_of(d, c->wanted, PART_SECRET, 0));
  const struct value **leaves = ARENA_ARRAY(d->a, c->n_leaves, const struct value *);
  for (uint32_t i = 0; i < c->n_leaves; i++) leaves[i] = leaf_doc(d, &c->leaves[i]);
  if (c->n_leaves) put(d, &m, "changes", value_list(d->a, leaves, c->n_leaves));
  return map_of(d, &m);
}

/* The delete half of a replacement is told by its create; what only stands in the order is not told. */
static bool listed(const struct change *c) {
  return !change_only_orders(c) && (c->action == ACT_CREATE || c->pair == UINT32_MAX);
}

static const struct value *undeclared_doc(struct doc *d, const struct undeclared *u) {
  members m = {0};
  put_sym(d, &m, "address", u->address);
  put_sym(d, &m, "type", u->type);
  put_text(d, &m, "path", u->path);
  put(d, &m, "live", part_of(d, u->live, PART_KNOWN, 0));
  put(d, &m, "recorded", part_of(d, u->recorded, PART_KNOWN, 0));
  return map_of(d, &m);
}

static const struct value *outputs_doc(struct doc *d, const struct plan *p) {
  members m = {0};
  for (uint32_t i = 0; i < p->n_outputs; i++) {
    const struct output *o = &p->outputs[i];
    members one = {0};
    put(d, &one, "value", o->secret ? value_null() : part_of(d, o->value, PART_KNOWN, 0));
    put(d, &one, "known", value_bool(d->a, !value_unknown(o->value)));
    put(d, &one, "sensitive", value_bool(d->a, o->secret));
    VEC_PUSH(d->a, &m, ((struct member){.key = o->name, .value = map_of(d, &one)}));
  }
  return map_of(d, &m);
}

/* In the words of Terraform's format; NULL when none changes. */
static const struct value *output_changes_doc(struct doc *d, const struct plan *p) {
  const struct output_change *changes;
  uint32_t n = plan_output_changes(p, d->a, &changes);
  members m = {0};
  for (uint32_t i = 0; i < n; i++) {
    const struct output_change *o = &changes[i];
    members one = {0};
    const struct value *action = value_str(d->a, str_c(action_words[!o->before  ? ACT_CREATE
                                                                    : !o->after ? ACT_DELETE
                                                                                : ACT_UPDATE]));
    bool unknown = o->after && value_unknown(o->after);
    put(d, &one, "actions", value_list(d->a, &action, 1));
    put(d, &one, "before", part_of(d, o->before, PART_KNOWN, 0));
    put(d, &one, "after", o->secret ? value_null() : part_of(d, o->after, PART_KNOWN, 0));
    put(d, &one, "after_unknown", value_bool(d->a, unknown));
    put(d, &one, "before_sensitive", value_bool(d->a, false));
    put(d, &one, "after_sensitive", value_bool(d->a, o->secret));
    VEC_PUSH(d->a, &m, ((struct member){.key = o->name, .value = map_of(d, &one)}));
  }
  return n ? map_of(d, &m) : NULL;
}

enum qn_err plan_render_json(const struct plan *p, struct buf *out) {
  struct arena scratch;
  arena_init(&scratch);
  struct doc d = {p->s, &scratch};
  members m = {0}, env = {0}, sum = {0};
  put_sym(&d, &env, "stack", p->env.stack);
  put_sym(&d, &env, "name", p->env.name);
  put_sym(&d, &env, "region", p->env.region);
  put_sym(&d, &env, "account", p->env.account);
  struct plan_counts n = plan_count(p);
  put(&d, &sum, "add", value_int(d.a, n.add));
  put(&d, &sum, "change", value_int(d.a, n.change));
  put(&d, &sum, "destroy", value_int(d.a, n.destroy));
  put(&d, &sum, "replace", value_int(d.a, n.replace));
  put(&d, &sum, "forget", value_int(d.a, n.forget));
  put(&d, &sum, "drift", value_int(d.a, n.drift));
  const struct value **list = ARENA_ARRAY(d.a, p->n_changes, const struct value *);
  size_t k = 0;
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (listed(&p->changes[i])) list[k++] = change_doc(&d, p, &p->changes[i]);
  put_text(&d, &m, "format", STR("quoin-plan-1"));
  put_text(&d, &m, "version", p->version);
  put_text(&d, &m, "id", plan_id(p));
  put(&d, &m, "environment", map_of(&d, &env));
  put(&d, &m, "summary", map_of(&d, &sum));
  put(&d, &m, "changes", value_list(d.a, list, k));
  const struct value **undeclared = ARENA_ARRAY(d.a, p->n_undeclared, const struct value *);
  for (uint32_t i = 0; i < p->n_undeclared; i++) undeclared[i] = undeclared_doc(&d, &p->undeclared[i]);
  if (p->all) put(&d, &m, "undeclared", value_list(d.a, undeclared, p->n_undeclared));
  if (p->partial) put(&d, &m, "partial", value_bool(d.a, true));
  members live = {0};
  put(&d, &live, "calls", value_int(d.a, (int64_t)p->calls));
  put(&d, &live, "bound", value_int(d.a, (int64_t)p->bound));
  if (p->refreshed) put(&d, &m, "live_read", map_of(&d, &live));
  put(&d, &m, "outputs", outputs_doc(&d, p));
  put(&d, &m, "output_changes", output_changes_doc(&d, p));
  enum qn_err e = json_write(p->s, map_of(&d, &m), JSON_PRETTY, out);
  buf_addc(out, '\n');
  arena_release(&scratch);
  return e;
}

/* ---- Terraform's format ---------------------------------------------------- */
/* aws_ec2_vpc of AWS::EC2::VPC: Terraform's type names have no colons. */
static struct str tf_type(struct doc *d, sym type) {
  struct str t = str_lower(d->a, session_str(d->s, type));
  struct buf b = BUF_INIT(4096);
  for (size_t i = 0; i < t.n; i++)
    if (t.p[i] != ':')
      buf_addc(&b, t.p[i]);
    else if (i + 1 < t.n && t.p[i + 1] == ':')
      buf_addc(&b, '_');
  struct str out = str_dup(d->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct value *tf_change(struct doc *d, const struct plan *p, const struct change *c) {
  members m = {0}, change = {0};
  struct str type = tf_type(d, c->type), address = session_str(d->s, c->address);
  put(d, &change, "actions", actions_of(d, p, c));
  const struct value *before = c->action == ACT_CREATE && c->pair == UINT32_MAX ? NULL
                               : c->live                                        ? c->live
                                                                                : c->applied;
  put(d, &change, "before", part_of(d, before, PART_KNOWN, 0));
  put(d, &change, "after", part_of(d, c->wanted, PART_KNOWN, 0));
  const struct value *unknown = part_of(d, c->wanted, PART_UNKNOWN, 0),
                     *secret = part_of(d, c->wanted, PART_SECRET, 0);
  put(d, &change, "after_unknown", unknown ? unknown : value_map(d->a, NULL, 0));
  put(d, &change, "before_sensitive", value_bool(d->a, false));
  put(d, &change, "after_sensitive", secret ? secret : value_map(d->a, NULL, 0));
  put_text(d, &m, "address", str_fmt(d->a, "%.*s.%.*s", SV(type), SV(address)));
  put_text(d, &m, "mode", STR("managed"));
  put_text(d, &m, "type", type);
  put_text(d, &m, "name", address);
  put_text(d, &m, "provider_name", STR("registry.terraform.io/hashicorp/aws"));
  put(d, &m, "change", map_of(d, &change));
  return map_of(d, &m);
}

enum qn_err plan_render_terraform(const struct plan *p, struct buf *out) {
  struct arena scratch;
  arena_init(&scratch);
  struct doc d = {p->s, &scratch};
  members m = {0};
  const struct value **list = ARENA_ARRAY(d.a, p->n_changes, const struct value *);
  size_t k = 0;
  for (uint32_t i = 0; i < p->n_changes; i++)
    if (listed(&p->changes[i]) && p->changes[i].action != ACT_FORGET)
      list[k++] = tf_change(&d, p, &p->changes[i]);
  put_text(&d, &m, "format_version", STR("1.2"));
  put_text(&d, &m, "terraform_version", STR("1.11.4"));
  put(&d, &m, "resource_changes", value_list(d.a, list, k));
  put(&d, &m, "output_changes", output_changes_doc(&d, p));
  put(&d, &m, "errored", value_bool(d.a, false));
  enum qn_err e = json_write(p->s, map_of(&d, &m), JSON_PRETTY, out);
  buf_addc(out, '\n');
  arena_release(&scratch);
  return e;
}
