/* Regions: which there are, and what a resource or component says of its own. */
#include "program.h"

/* regions.inc is made of botocore's partitions. */
#define PARTITION(...)
#define REGION(name) {name, sizeof name - 1},
static const struct str names[] = {
#include "regions.inc"
};
#undef REGION
#undef PARTITION
#define N_REGIONS (sizeof names / sizeof *names)

#define REGION(...)
#define PARTITION(id, starts) {id, starts},
static const struct {
  const char *id, *starts;
} partitions[] = {
/* the last takes any name */
#include "regions.inc"
};
#undef REGION
#undef PARTITION

struct str region_partition(struct str region) {
  size_t i = 0;
  while (!str_starts(region, str_c(partitions[i].starts))) i++;
  return str_c(partitions[i].id);
}

const char *wrong_region(struct str t) {
  static const char *const why = "a region looks like us-east-1";
  size_t dash = 0;
  if (t.n < 9 || t.p[t.n - 1] < '0' || t.p[t.n - 1] > '9') return why;
  for (size_t i = 0; i < t.n; i++) {
    char c = t.p[i];
    if (c == '-')
      dash++;
    else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9' && dash >= 2))
      return why;
  }
  return dash >= 2 && t.p[0] != '-' ? NULL : why;
}

bool region_known(struct program *p, struct str t, enum diag_code code, struct span at) {
  if (p->any_region) return true;
  for (size_t i = 0; i < N_REGIONS; i++)
    if (str_eq(names[i], t)) return true;
  struct diag *g = diag_add(&p->s->diags, code, at, "AWS has no region \"%.*s\"", SV(t));
  struct str near = diag_nearest(t, names, N_REGIONS);
  if (near.n)
    diag_help(&p->s->diags, g, "did you mean %.*s?", SV(near));
  else
    diag_help(&p->s->diags, g,
              "if it is newer than this quoin, or private, name its partition in the environment: "
              "`partition: %.*s`",
              SV(region_partition(t)));
  return false;
}

enum qn_err region_eval(struct frame *f, const struct tnode *t, sym *out) {
  struct program *p = f->p;
  const struct value *v;
  *out = f->in->region;
  if (!t) return QN_OK;
  enum qn_err e = tree_eval(f, t, &v);
  if (e || value_is_null(v)) return e;
  bool text = v->kind == V_STR && !(v->flags & VF_SECRET);
  if (text && !wrong_region(value_text(v))) {
    *out = session_sym(p->s, value_text(v));
    return region_known(p, value_text(v), QN0454, value_span(p, v, t->span)) ? QN_OK : QN_E_INVALID;
  }
  struct str is = text ? str_fmt(&p->s->arena, "\"%.*s\" is not a region", SV(value_text(v)))
                       : STR("region must be text, as us-east-1");
  if (v->kind == V_UNKNOWN && !(v->flags & VF_SECRET))
    is = STR("region depends on a value known after apply");
  struct diag *g = diag_add(&p->s->diags, QN0454, value_span(p, v, t->span), "%.*s", SV(is));
  diag_help(&p->s->diags, g, "%s",
            text ? wrong_region(value_text(v)) : "write it out, or take it from an input or a local");
  return QN_E_INVALID;
}
