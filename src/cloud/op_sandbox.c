/* Operations in the sandbox: one call each, on properties. What plan and apply see is as with a real service.
 */
#include "op.h"
#include "sandbox_int.h"

static struct member put(struct op *op, const char *key, const struct value *v) {
  return (struct member){.key = session_sym(op->s, str_c(key)), .value = v ? v : value_null()};
}

static const struct value *text(struct op *op, struct str t) {
  return value_str(op->a, t);
}

/* Top-level properties, each once. */
static const struct str *heads(struct op *op, uint32_t *n) {
  const struct value *np = op->sc.new_props;
  bool all = op->kind == OP_CREATE && !op->resumed;
  uint32_t most = all ? (value_is(np, V_MAP) ? np->n : 0) : op->n_changed;
  struct str *v = ARENA_ARRAY(op->a, most ? most : 1, struct str);
  *n = 0;
  for (uint32_t i = 0; i < most; i++) {
    struct str name = all ? session_str(op->s, np->members[i].key) : prop_head(op->changed[i]);
    if (!str_in(v, *n, name)) v[(*n)++] = name;
  }
  return v;
}

static const struct value *update_input(struct op *op, const struct str *names, uint32_t n) {
  struct member *set = ARENA_ARRAY(op->a, n ? n : 1, struct member);
  const struct value **gone = ARENA_ARRAY(op->a, n ? n : 1, const struct value *);
  uint32_t n_set = 0, n_gone = 0;
  for (uint32_t i = 0; i < n; i++) {
    const struct value *v = op->sc.new_props ? value_get(op->s, op->sc.new_props, names[i]) : NULL;
    if (value_is_null(v))
      gone[n_gone++] = text(op, names[i]);
    else
      set[n_set++] = (struct member){.key = session_sym(op->s, names[i]), .value = v};
  }
  struct member m[] = {put(op, "Type", text(op, op->d->type)),
                       put(op, "Id", text(op, def_identity_text(op->s, op->a, op->d, op->sc.identity))),
                       put(op, "Set", value_map(op->a, set, n_set)),
                       put(op, "Remove", value_list(op->a, gone, n_gone)), put(op, "Tags", op->sc.tags)};
  return value_map(op->a, m, sizeof m / sizeof *m);
}

static const struct value *input_of(struct op *op, enum sandbox_verb verb, const struct str *names,
                                    uint32_t n) {
  if (verb == SB_UPDATE) return update_input(op, names, n);
  struct member m[5] = {put(op, "Type", text(op, op->d->type))};
  size_t k = 1;
  if (verb == SB_DELETE) {
    m[k++] = put(op, "Id", text(op, def_identity_text(op->s, op->a, op->d, op->sc.identity)));
  } else {
    m[k++] = put(op, "Token", text(op, op->sc.uid));
    m[k++] = put(op, "Address", text(op, session_str(op->s, op->sc.address)));
  }
  if (verb == SB_CREATE) {
    m[k++] = put(op, "Properties", op->sc.new_props);
    m[k++] = put(op, "Tags", op->sc.tags);
  }
  return value_map(op->a, m, k);
}

void op_sandbox_next(struct op *op, struct op_step *out) {
  static const enum sandbox_verb verbs[] = {[OP_CREATE] = SB_CREATE,
                                            [OP_UPDATE] = SB_UPDATE,
                                            [OP_DELETE] = SB_DELETE,
                                            [OP_SETTLE_CREATE] = SB_FIND};
  uint32_t n;
  const struct str *names = heads(op, &n);
  enum sandbox_verb verb = op->kind == OP_CREATE && op->resumed ? SB_UPDATE : verbs[op->kind];
  if (op->phase == PH_START && !(verb == SB_UPDATE && !n)) {
    const struct wire_op *w = sandbox_op(verb);
    *out = (struct op_step){.what = OPW_CALL, .mutating = !w->read_only, .step = 1};
    out->call = (struct call){.op = w, .input = input_of(op, verb, names, n), .region = op->sc.region};
    if (verb == SB_CREATE || verb == SB_UPDATE) out->paths = names, out->n_paths = n;
    return;
  }
  op->over = true;
  *out = (struct op_step){.what = op->failed ? OPW_FAILED : OPW_DONE};
}

static void take_names(struct op *op) {
  uint32_t n;
  const struct str *names = heads(op, &n);
  op->r.applied = names;
  op->r.n_applied = n;
}

void op_sandbox_reply(struct op *op, const struct reply *r) {
  op->phase = PH_END;
  if (r->err) {
    if (op->kind == OP_DELETE && str_eq(r->code, STR("NotFound"))) return;
    op_fail(op, r->code, r->message, !r->maybe_executed || r->cls == EC_CLIENT);
    op->r.exists = op->kind == OP_CREATE && str_eq(r->code, STR("AlreadyExists"));
    return;
  }
  const struct value *id = value_get(op->s, r->output, STR("Identity"));
  const struct value *attributes = value_get(op->s, r->output, STR("Attributes"));
  if (op->kind == OP_SETTLE_CREATE) op->r.settled = id ? SV_FOUND : SV_NONE;
  if (id) op->r.identity = id;
  if (attributes) op->r.attributes = attributes;
  if (op->kind == OP_CREATE || op->kind == OP_UPDATE) take_names(op);
}
