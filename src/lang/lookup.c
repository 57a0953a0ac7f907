/* Questions to the cloud at plan time, and secrets by reference. */
#include "program.h"

/* "aws.vpc {"tags":{"a":"b"}} @ us-east-1": equal questions have equal keys. */
static struct str key_of(struct program *p, struct str kind, const struct value *args, sym region) {
  struct buf b = BUF_INIT(1 << 20);
  struct session *s = p->s;
  buf_add(&b, kind);
  if (args->n) {
    buf_addc(&b, ' ');
    if (json_write(s, args, JSON_COMPACT | JSON_SORTED, &b)) b.failed = true;
  }
  buf_addf(&b, " @ %.*s", SV(session_str(s, region)));
  struct str out = b.failed ? STR("") : str_dup(&s->arena, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct value *ask(struct frame *f, struct str kind, const struct value *args, sym region,
                               struct str key, struct span at, enum qn_err *e) {
  struct program *p = f->p;
  const struct lang_lookups *l = p->o->lookups;
  const struct value *v = value_get(p->s, p->o->recorded_lookups, key);
  *e = QN_OK;
  if (v) return v;
  if (l && l->begin && !p->lookups_begun) {
    p->lookups_begun = true;
    if ((*e = l->begin(l->user, &p->out->env, &p->recorded))) return NULL;
  }
  if (p->recorded) v = value_get(p->s, p->recorded, key);
  if (v) return v;
  size_t errors = p->s->diags.n_errors;
  *e = l && l->lookup ? l->lookup(l->user, kind, args, session_str(p->s, region), at, &v) : QN_E_CANCELLED;
  bool reported = p->s->diags.n_errors > errors;
  if (*e == QN_E_NOTFOUND && !reported) {
    struct diag *g = diag_add(&p->s->diags, QN0456, at, "there is no lookup \"%.*s\"", SV(kind));
    diag_help(&p->s->diags, g, "lookups: aws.caller, aws.ssm_parameter, aws.subnets, aws.vpc, aws.zones");
  }
  if (*e == QN_E_NOTFOUND) *e = QN_E_INVALID; /* to a scope "not found" is a name that nobody declared */
  if (*e == QN_E_CANCELLED) {
    *e = QN_OK;
    p->lookups_missing = true;
    return unknown_attr(p->s, &p->s->arena, 0, key, V_UNKNOWN, 0, 0);
  }
  return v;
}

enum qn_err lookup_call(struct frame *f, const struct value *const *args, size_t n, struct span at,
                        const struct value **out) {
  struct program *p = f->p;
  struct session *s = p->s;
  const struct value *with = n > 1 ? args[1] : value_map(&s->arena, NULL, 0);
  if (n < 1 || n > 2 || !value_is(args[0], V_STR) || !value_is(with, V_MAP)) {
    struct diag *g = diag_add(&s->diags, QN0456, at, "lookup takes a kind and, for most kinds, a map");
    diag_help(&s->diags, g, "as lookup(\"aws.zones\") or lookup(\"aws.vpc\", {tags = {Name = \"main\"}})");
    return QN_E_INVALID;
  }
  if (with->flags & (VF_HAS_UNKNOWN | VF_HAS_SECRET)) {
    struct diag *g = diag_add(&s->diags, QN0456, at,
                              "a lookup cannot depend on a value known after apply, or on a secret");
    diag_help(&s->diags, g, "lookups are asked while planning");
    return QN_E_INVALID;
  }
  sym region = f->region ? f->region : p->out->env.region;
  struct str key = key_of(p, value_text(args[0]), with, region);
  uint32_t *known = map_get(&p->lookup_keys, key);
  if (known) {
    *out = p->lookups.v[*known].value;
    return QN_OK;
  }
  enum qn_err e;
  const struct value *v = ask(f, value_text(args[0]), with, region, key, at, &e);
  if (e) return e;
  sym name = session_sym(s, key);
  uint32_t meta = vmeta_add(s, (struct vmeta){.span = at, .how = HOW_LOOKUP, .name = name, .from = v->meta});
  v = value_with_meta(&s->arena, v, meta);
  map_put(&s->arena, &p->lookup_keys, session_str(s, name), (uint32_t)p->lookups.n);
  VEC_PUSH(&s->arena, &p->lookups, ((struct member){name, at, v}));
  *out = v;
  return QN_OK;
}

enum qn_err secret_call(struct frame *f, const struct value *const *args, size_t n, struct span at,
                        const struct value **out) {
  struct session *s = f->p->s;
  struct str ref = n == 1 && value_is(args[0], V_STR) ? value_text(args[0]) : STR("");
  bool ok = (str_starts(ref, STR("env:")) && ref.n > 4) || (str_starts(ref, STR("sm:")) && ref.n > 3) ||
            (str_starts(ref, STR("ssm:/")) && ref.n > 5);
  if (!ok) {
    struct diag *g = ref.n
                         ? diag_add(&s->diags, QN0455, at, "\"%.*s\" is not a reference to a secret", SV(ref))
                         : diag_add(&s->diags, QN0455, at, "secret takes one text");
    diag_help(&s->diags, g,
              "write secret(\"env:NAME\"), secret(\"sm:NAME-OR-ARN\") or secret(\"ssm:/name\")");
    return QN_E_INVALID;
  }
  uint32_t meta = vmeta_add(s, (struct vmeta){.span = at, .how = HOW_SECRET, .name = session_sym(s, ref)});
  struct unknown *u = ARENA_NEW(&s->arena, struct unknown);
  *u =
      (struct unknown){.ukind = U_SECRET, .vkind = V_STR, .sensitive = true, .path = str_dup(&s->arena, ref)};
  *out = value_of_unknown(s, &s->arena, u, meta);
  return QN_OK;
}
