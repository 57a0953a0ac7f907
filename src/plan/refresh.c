/* The live read: batches of the definitions, driven over the cloud client. */
#include "build.h"

struct read_driver {
  struct readset *rs;
  struct rd_ctx *rd;
  struct arena *a;
  bool refused; /* the client took no more calls */
};
struct read_slot {
  struct read_driver *driver;
  uint32_t token;
};

static void read_pump(struct read_driver *d);

static void read_done(void *user, const struct reply *r) {
  struct read_slot *slot = user;
  readset_reply(slot->driver->rs, slot->token, r);
  read_pump(slot->driver);
}

static void read_pump(struct read_driver *d) {
  struct call call;
  uint32_t token;
  while (!d->refused && readset_next(d->rs, &call, &token)) {
    struct read_slot *slot = ARENA_NEW(d->a, struct read_slot);
    *slot = (struct read_slot){d, token};
    if (cloud_read(d->rd, &call, read_done, slot) != QN_OK) d->refused = true;
  }
}

enum qn_err refresh_read(struct session *s, const struct providers *p, struct rd_ctx *rd, struct cloud *c,
                         sym account, sym partition, const struct read_item *items, uint32_t n,
                         struct refreshed *out) {
  struct readset *rs = readset_new(s, &s->arena, p, account, partition, items, n);
  struct read_driver d = {.rs = rs, .rd = rd, .a = &s->arena};
  read_pump(&d);
  while (!d.refused && !readset_done(rs)) {
    if (cloud_poll(c, 1000, -1) == 0 && !readset_done(rs)) read_pump(&d);
  }
  if (d.refused) return QN_E_REMOTE;
  const struct read_result **results = ARENA_ARRAY(&s->arena, n, const struct read_result *);
  for (uint32_t i = 0; i < n; i++) results[i] = readset_result(rs, i);
  *out = (struct refreshed){results, readset_calls(rs), readset_bound(rs)};
  return QN_OK;
}

/* Declared now, applied before, attributes that others refer to, and the tags, which say whose it is; with
 * -all whatever the type has. */
static void managed_paths(struct builder *b, const struct recorded *r, struct read_item *item) {
  VEC(struct str) paths = {0};
  const struct value *sides[2] = {r->node != UINT32_MAX ? b->g->nodes[r->node].r.props : NULL, r->r->applied};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = 0; value_is(sides[side], V_MAP) && i < sides[side]->n; i++) {
      if (side == 1 && value_is(sides[0], V_MAP) && value_member(sides[0], sides[1]->members[i].key))
        continue;
      VEC_PUSH(b->a, &paths, session_str(b->s, sides[side]->members[i].key));
    }
  if (r->node != UINT32_MAX)
    for (size_t i = 0; i < b->decisions[r->node].reads.n; i++)
      VEC_PUSH(b->a, &paths, b->decisions[r->node].reads.v[i]);
  struct str tags = def_info(r->def).tag_property;
  bool listed = tags.n == 0;
  for (size_t i = 0; i < paths.n && !listed; i++) listed = str_eq(paths.v[i], tags);
  if (!listed) VEC_PUSH(b->a, &paths, tags);
  struct stype t;
  snode *children;
  size_t n = 0;
  if (b->o->all && schema_type(b->sc, session_str(b->s, r->r->type), &t))
    n = schema_children(b->sc, t.root, b->a, &children);
  for (size_t i = 0; i < n; i++) VEC_PUSH(b->a, &paths, schema_name(b->sc, children[i]));
  item->managed = paths.v;
  item->n_managed = (uint32_t)paths.n;
}

static enum qn_err take_result(struct builder *b, struct recorded *r, const struct read_result *res) {
  if (res->state == RR_LIVE) r->live = res->live;
  if (res->state == RR_GONE) r->gone = true;
  if (res->state == RR_LIVE || res->state == RR_GONE) return QN_OK;
  struct diag *g =
      diag_add(&b->s->diags, QN0805, SPAN_NONE, "cannot read %.*s (%.*s): %.*s",
               SV(session_str(b->s, r->address)), SV(session_str(b->s, r->r->type)), SV(res->message));
  if (res->code.n) diag_note(&b->s->diags, g, SPAN_NONE, "the service answered %.*s", SV(res->code));
  diag_help(&b->s->diags, g,
            "check the credentials, region and endpoint; `-refresh=false` plans without reading the cloud");
  return QN_E_REMOTE;
}

/* An earlier run was deleting it: that it is gone surprises nobody. */
static bool being_deleted(const struct recorded *r) {
  for (size_t i = 0; i < r->r->open.n; i++)
    if (r->r->open.v[i].kind == 'd') return true;
  return false;
}

/* Too many losses at once mean the wrong account, region or endpoint. */
static enum qn_err check_mass_loss(struct builder *b, uint32_t read, uint32_t gone) {
  if (b->o->allow_mass_loss || gone < 5 || gone * 2 <= read) return QN_OK;
  struct diag *g = diag_add(&b->s->diags, QN0806, SPAN_NONE,
                            "%u of %u recorded resources are not in the cloud any more", gone, read);
  diag_note(&b->s->diags, g, SPAN_NONE,
            "this usually means another account, region or endpoint than the one the state was made in");
  diag_help(&b->s->diags, g, "if they really were deleted, run again with -allow-mass-loss");
  return QN_E_REFUSED;
}

enum qn_err build_refresh(struct builder *b, struct rd_ctx *rd, struct cloud *c) {
  struct read_item *items = ARENA_ARRAY(b->a, b->n_recs, struct read_item);
  struct recorded **of = ARENA_ARRAY(b->a, b->n_recs, struct recorded *);
  uint32_t n = 0, gone = 0, expected = 0;
  for (uint32_t i = 0; i < b->n_recs; i++) {
    struct recorded *r = &b->recs[i];
    if (value_is_null(r->identity)) continue;
    of[n] = r;
    items[n] = (struct read_item){.address = r->r->address,
                                  .region = r->r->region,
                                  .def = r->def,
                                  .identity = r->identity,
                                  .props = r->r->applied};
    managed_paths(b, r, &items[n++]);
  }
  b->refreshed = true;
  if (!n) return QN_OK;
  struct refreshed live;
  enum qn_err e =
      b->o->read ? b->o->read(b->o->read_user, items, n, &live)
                 : refresh_read(b->s, b->prov, rd, c, b->env->account, b->env->partition, items, n, &live);
  if (e) return e;
  b->calls = live.calls;
  b->bound = live.bound;
  for (uint32_t i = 0; i < n; i++) {
    enum qn_err one = take_result(b, of[i], live.results[i]);
    if (one) e = one;
    bool meant = being_deleted(of[i]);
    expected += meant;
    gone += of[i]->gone && !meant;
  }
  return e ? e : check_mass_loss(b, n - expected, gone);
}
