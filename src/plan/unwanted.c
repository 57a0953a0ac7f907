/* Deletes: what is recorded and not wanted any more, and left-overs of replacements. */
#include "build.h"

uint8_t build_default_on_destroy(const struct builder *b, const struct recorded *r) {
  if (r->node != UINT32_MAX) return b->g->nodes[r->node].r.on_destroy;
  return r->r->on_destroy;
}

bool build_may_delete(struct builder *b, const struct recorded *r, struct span where, const char *what) {
  struct str address = session_str(b->s, r->address);
  bool protect = r->node != UINT32_MAX ? b->g->nodes[r->node].r.protect : r->r->protect;
  if (protect) {
    struct diag *g =
        diag_add(&b->s->diags, QN0803, where, "%.*s is protected and would be %s", SV(address), what);
    diag_help(&b->s->diags, g, "if that is meant, set `protect: false`, apply, and plan again");
    return false;
  }
  if (def_info(r->def).stateful && build_default_on_destroy(b, r) == OD_DEFAULT) {
    struct diag *g = diag_add(&b->s->diags, QN0804, where,
                              "%.*s holds data and would be %s, but nothing says what becomes of the data",
                              SV(address), what);
    diag_help(&b->s->diags, g, "set `on_destroy` to %.*s on the resource, apply, and plan again",
              SV(def_on_destroy_words(b->s, r->def)));
    return false;
  }
  return true;
}

static enum qn_err plan_delete(struct builder *b, struct recorded *r, enum change_reason reason) {
  const struct sres *sr = r->r;
  struct span where = r->node != UINT32_MAX ? b->g->nodes[r->node].r.span : SPAN_NONE;
  uint8_t on_destroy = build_default_on_destroy(b, r);
  struct change c = {.action = ACT_DELETE,
                     .reason = reason,
                     .address = r->address,
                     .type = sr->type,
                     .region = sr->region,
                     .account = sr->account,
                     .def = r->def,
                     .generation = sr->generation,
                     .pair = UINT32_MAX,
                     .on_destroy = on_destroy,
                     .applied = sr->applied,
                     .seen = sr->seen,
                     .live = plan_without_secrets(b->a, r->live, sr->applied, false),
                     .identity = r->identity,
                     .attributes = sr->attributes,
                     .uid = sr->uid,
                     .deps = sr->deps,
                     .n_deps = sr->n_deps,
                     .span = where,
                     .moved_from = r->moved ? sr->address : 0};
  bool nothing = r->gone || value_is_null(r->identity);
  if (nothing || on_destroy == OD_RETAIN) c.action = ACT_FORGET;
  if (nothing) c.reason = r->gone ? CR_GONE : CR_INTERRUPTED;
  if (c.action == ACT_DELETE && !sr->deposed && !build_may_delete(b, r, where, "deleted"))
    return QN_E_REFUSED;
  build_add(b, c);
  return QN_OK;
}

enum qn_err build_unwanted(struct builder *b) {
  enum qn_err e = QN_OK;
  for (uint32_t i = 0; i < b->n_recs; i++) {
    struct recorded *r = &b->recs[i];
    if (b->o->n_targets && !r->targeted) continue;
    if (!r->r->deposed && r->node != UINT32_MAX && !b->o->destroy) continue;
    enum change_reason reason = r->r->deposed ? CR_DEPOSED : b->o->destroy ? CR_REQUESTED : CR_NOT_IN_SPEC;
    enum qn_err one = plan_delete(b, r, reason);
    if (one) e = one;
  }
  return e;
}
