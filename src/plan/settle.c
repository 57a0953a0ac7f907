/* Open creates without identity: plan looks once, with reads only, whether the
 * object is there. Apply settles for good before it changes anything. */
#include "build.h"

struct look {
  struct op *op;
  struct session *s;
  bool answered;
};

static int64_t now(const struct session *s) {
  return s->out.boot_ms(s->out.user);
}

static void look_done(void *user, const struct reply *r) {
  struct look *l = user;
  op_reply(l->op, now(l->s), r);
  l->answered = true;
}

/* Runs the settle operation until it knows, or wants to wait: that is left to apply. */
static enum qn_err look_once(struct builder *b, struct recorded *r, struct rd_ctx *rd, struct cloud *c) {
  const struct sres *sr = r->r;
  struct op_scope sc = {.address = sr->address,
                        .region = sr->region,
                        .account = sr->account,
                        .partition = sr->partition,
                        .uid = sr->uid,
                        .new_props = sr->wanted};
  if (!sc.new_props && r->node != UINT32_MAX) sc.new_props = b->g->nodes[r->node].r.props;
  struct look l = {op_new(b->s, b->a, b->prov, r->def, OP_SETTLE_CREATE, &sc, NULL, 0), b->s, false};
  for (;;) {
    struct op_step step;
    op_next(l.op, now(b->s), &step);
    if (step.what != OPW_CALL || step.mutating) break;
    l.answered = false;
    enum qn_err e = cloud_read(rd, &step.call, look_done, &l);
    if (e) return e;
    while (!l.answered) cloud_poll(c, 1000, -1);
  }
  const struct op_result *res = op_result(l.op);
  if (res->settled != SV_FOUND && res->settled != SV_SEVERAL) return QN_OK;
  struct sres *found = ARENA_NEW(b->a, struct sres);
  *found = *sr;
  found->identity = res->identity;
  found->attributes = res->attributes;
  found->applied = plan_with_lost(b->s, r->def, sr).applied;
  found->seen = NULL;
  r->r = found;
  r->identity = res->identity;
  r->pending_create = false;
  return QN_OK;
}

enum qn_err build_settle(struct builder *b, struct rd_ctx *rd, struct cloud *c) {
  for (uint32_t i = 0; i < b->n_recs; i++) {
    if (!b->recs[i].pending_create || !b->recs[i].def) continue;
    enum qn_err e = look_once(b, &b->recs[i], rd, c);
    if (e) return e;
  }
  return QN_OK;
}
