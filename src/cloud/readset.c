/* Sets of reads: resources grouped into as few calls as their definitions allow. */
#include "readset.h"
#include "sandbox_int.h"

struct denv readset_env(struct readset *rs, struct ritem *it) {
  return (struct denv){.s = rs->s,
                       .a = rs->a,
                       .d = it->in.def,
                       .sc = &it->sc,
                       .id = it->in.identity,
                       .item = it->raw,
                       .outer = it->outer,
                       .reply = it->root,
                       .region = it->in.region,
                       .account = rs->account,
                       .partition = rs->partition};
}

static void item_refused(struct ritem *it, enum err_class cls, struct str code, struct str message) {
  if (it->r.state != RR_PENDING) return;
  it->r = (struct read_result){.state = RR_FAILED, .code = code, .message = message, .cls = cls};
}

void item_fail(struct ritem *it, struct str code, struct str message) {
  item_refused(it, EC_CLIENT, code, message);
}

bool wants(const struct ritem *it, const struct readsrc *src) {
  for (uint32_t i = 0; i < it->in.n_managed; i++)
    if (str_in(src->for_props, src->n_for, prop_head(it->in.managed[i]))) return true;
  return false;
}

bool group_key(struct readset *rs, uint32_t item, const struct readsrc *src, struct str *out) {
  struct ritem *it = &rs->items[item];
  struct denv e = readset_env(rs, it);
  if (src->key) return denv_text(&e, src->key, out);
  const struct value *id = id_value(it->in.def, it->in.identity);
  if (!id || !value_to_text(rs->a, id, out)) return false;
  return true;
}

/* Texts that make two resources share calls. */
static bool share_text(struct readset *rs, const struct ritem *it, const struct readsrc *src,
                       const struct value *input, struct str *out) {
  struct buf b = BUF_INIT((size_t)1 << 24);
  buf_addf(&b, "%u %u %u ", src->step.op->service->index, src->step.op->index, src->by);
  buf_add(&b, src->step.op->service->global_endpoint ? STR("") : session_str(rs->s, it->in.region));
  buf_addc(&b, ' ');
  buf_add(&b, src->by_name);
  buf_addc(&b, ' ');
  buf_add(&b, src->items.text);
  buf_addc(&b, ' ');
  buf_add(&b, src->id.text);
  /* Ids computed by an expression are compared by definition. */
  if (src->id_expr) buf_addf(&b, " %p", (const void *)src);
  bool ok = !json_write(rs->s, input, JSON_COMPACT | JSON_SORTED, &b) && !b.failed;
  *out = str_dup(rs->a, buf_str(&b));
  buf_release(&b);
  return ok;
}

uint32_t group_add(struct readset *rs, uint32_t item, const struct readsrc *src, bool more,
                   struct map *shares) {
  struct ritem *it = &rs->items[item];
  struct denv e = readset_env(rs, it);
  struct sending snd = {0};
  const struct value *input;
  struct str why, share, key;
  if (step_input(&e, &src->step, &snd, &input, &why) || !share_text(rs, it, src, input, &share) ||
      !group_key(rs, item, src, &key)) {
    item_fail(it, STR("DefinitionError"),
              STR("the read of this definition cannot be made for this identity"));
    return UINT32_MAX;
  }
  uint32_t *at = map_get(shares, share), g = at ? *at : (uint32_t)rs->groups.n;
  if (!at) {
    struct rgroup grp = {.src = src, .input = input, .region = it->in.region, .share = share, .more = more};
    grp.index = ARENA_NEW(rs->a, struct map);
    VEC_PUSH(rs->a, &rs->groups, grp);
    map_put(rs->a, shares, share, g);
  }
  struct rgroup *grp = &rs->groups.v[g];
  uint32_t *k = map_get(grp->index, key);
  if (!k) {
    map_put(rs->a, grp->index, key, (uint32_t)grp->keys.n);
    VEC_PUSH(rs->a, &grp->keys, ((struct rkey){.text = key}));
    k = map_get(grp->index, key);
  }
  VEC_PUSH(rs->a, &grp->keys.v[*k].items, item);
  return g;
}

static uint32_t chunk_size(const struct rgroup *g) {
  if (g->src->by == BY_ALL) return g->keys.n ? (uint32_t)g->keys.n : 1;
  return g->src->by == BY_EACH ? 1 : g->src->size;
}

void group_calls(struct readset *rs, uint32_t group) {
  const struct rgroup *g = &rs->groups.v[group];
  uint32_t size = chunk_size(g), n = (uint32_t)g->keys.n;
  for (uint32_t at = 0; at < n; at += size)
    VEC_PUSH(
        rs->a, &rs->calls,
        ((struct rcall){.kind = RC_BATCH, .group = group, .from = at, .to = n - at < size ? n : at + size}));
}

/* Further batches that the resources of one call will need: an exact count, as if all were there. */
static uint64_t more_bound(struct readset *rs, const struct rcall *c) {
  uint64_t n = 0;
  struct map *counts = ARENA_NEW(rs->a, struct map);
  const struct rgroup *g = &rs->groups.v[c->group];
  for (uint32_t k = c->from; k < c->to; k++)
    for (size_t i = 0; i < g->keys.v[k].items.n; i++) {
      const struct ritem *it = &rs->items[g->keys.v[k].items.v[i]];
      const struct def *d = it->in.def;
      for (uint32_t p = 0; p < d->n_per; p++) n += wants(it, &d->per[p]) ? 1 : 0;
      for (uint32_t m = 0; m < d->n_more; m++) {
        if (!wants(it, &d->more[m])) continue;
        struct str name = str_fmt(rs->a, "%p %u", (const void *)&d->more[m], it->in.region);
        uint32_t *had = map_get(counts, name), now = had ? *had + 1 : 1;
        uint32_t size = d->more[m].by == BY_ALL ? UINT32_MAX : d->more[m].by == BY_EACH ? 1 : d->more[m].size;
        if ((now - 1) % size == 0) n++;
        map_put(rs->a, counts, name, now);
      }
    }
  return n;
}

struct readset *readset_new(struct session *s, struct arena *a, const struct providers *p, sym account,
                            sym partition, const struct read_item *items, uint32_t n) {
  struct readset *rs = ARENA_NEW(a, struct readset);
  rs->s = s, rs->a = a, rs->p = p, rs->account = account, rs->partition = partition;
  rs->items = ARENA_ARRAY(a, n ? n : 1, struct ritem);
  rs->n = n;
  for (uint32_t i = 0; i < n; i++) {
    struct ritem *it = &rs->items[i];
    it->in = items[i];
    it->sc = (struct op_scope){.address = items[i].address,
                               .region = items[i].region,
                               .account = account,
                               .partition = partition,
                               .new_props = items[i].props,
                               .identity = items[i].identity};
    if (providers_sandboxed(p)) continue;
    if (!items[i].def || !items[i].def->has_read || !items[i].identity)
      item_fail(it, STR("NoRead"), STR("nothing says how this is read"));
    else
      (void)group_add(rs, i, &items[i].def->batch, false, &rs->shares);
  }
  if (providers_sandboxed(p)) {
    readset_sandbox_new(rs);
    return rs;
  }
  for (uint32_t g = 0; g < rs->groups.n; g++) group_calls(rs, g);
  rs->bound = rs->calls.n;
  for (size_t c = 0; c < rs->calls.n; c++) rs->bound += more_bound(rs, &rs->calls.v[c]);
  return rs;
}

uint64_t readset_bound(const struct readset *rs) {
  return rs->bound;
}
uint64_t readset_calls(const struct readset *rs) {
  return rs->made;
}
bool readset_done(const struct readset *rs) {
  return rs->next == (rs->sandbox ? readset_sandbox_calls(rs) : rs->calls.n) && !rs->out;
}
const struct read_result *readset_result(const struct readset *rs, uint32_t i) {
  return &rs->items[i].r;
}
const struct value *readset_item(const struct readset *rs, uint32_t i) {
  return rs->items[i].raw;
}

/* ---- calls -------------------------------------------------------------------------------- */
static const struct value *key_list(struct readset *rs, const struct rgroup *g, const struct rcall *c) {
  const struct value **v = ARENA_ARRAY(rs->a, c->to - c->from, const struct value *);
  for (uint32_t k = c->from; k < c->to; k++) v[k - c->from] = value_str(rs->a, g->keys.v[k].text);
  return value_list(rs->a, v, c->to - c->from);
}

static const struct value *with_keys(struct readset *rs, const struct rgroup *g, const struct rcall *c) {
  if (g->src->by == BY_IDS) return mpath_set(rs->s, rs->a, g->input, &g->src->by_path, key_list(rs, g, c));
  if (g->src->by != BY_FILTER) return g->input;
  struct member m[2] = {{.key = session_sym(rs->s, STR("Name")), .value = value_str(rs->a, g->src->by_name)},
                        {.key = session_sym(rs->s, STR("Values")), .value = key_list(rs, g, c)}};
  const struct value *one = value_map(rs->a, m, 2);
  sym filters =
      session_sym(rs->s, filters_member(rs->items[g->keys.v[c->from].items.v[0]].in.def->w, g->src->step.op));
  return value_put(rs->a, g->input, filters, value_list(rs->a, &one, 1));
}

static bool per_call(struct readset *rs, const struct rcall *c, struct call *out) {
  struct ritem *it = &rs->items[c->item];
  struct denv e = readset_env(rs, it);
  struct sending snd = {0};
  struct str why;
  *out = (struct call){.op = c->per->step.op, .region = it->in.region};
  return step_input(&e, &c->per->step, &snd, &out->input, &why) == QN_OK;
}

bool readset_next(struct readset *rs, struct call *out, uint32_t *token) {
  if (rs->sandbox) return readset_sandbox_next(rs, out, token);
  while (rs->next < rs->calls.n) {
    uint32_t at = rs->next++;
    const struct rcall *c = &rs->calls.v[at];
    if (c->kind == RC_PER) {
      if (!per_call(rs, c, out)) {
        item_fail(&rs->items[c->item], STR("DefinitionError"),
                  STR("a read of this definition cannot be made"));
        continue;
      }
    } else {
      const struct rgroup *g = &rs->groups.v[c->group];
      *out = (struct call){.op = g->src->step.op, .region = g->region, .input = with_keys(rs, g, c)};
    }
    out->input = page_input(rs->s, rs->a, out->op, out->input, c->page);
    *token = at;
    rs->out++, rs->made++;
    return true;
  }
  return false;
}

static void fail_call(struct readset *rs, const struct rcall *c, const struct reply *r) {
  const struct rgroup *g = &rs->groups.v[c->group];
  struct str code = str_dup(rs->a, r->code.n ? r->code : STR("ServiceUnavailable")),
             message = str_dup(rs->a, r->message);
  for (uint32_t k = c->from; k < c->to; k++)
    for (size_t i = 0; i < g->keys.v[k].items.n; i++) {
      struct ritem *it = &rs->items[g->keys.v[k].items.v[i]];
      const struct def *d = it->in.def;
      if (it->r.state != RR_PENDING) continue;
      if (code_matches(d->gone_codes, d->n_gone, r->code, r->message, NULL))
        it->r.state = RR_GONE;
      else if (g->more && code_matches(g->src->step.absent, g->src->step.n_absent, r->code, r->message, NULL))
        part_done(rs, g->keys.v[k].items.v[i]);
      else
        item_refused(it, r->cls, code, message);
    }
}

/* A service refuses a call as a whole if one of the objects is gone: which one, smaller calls say. */
static bool take_apart(struct readset *rs, const struct rcall *c, const struct reply *r) {
  const struct rgroup *g = &rs->groups.v[c->group];
  if (g->src->by == BY_ALL || c->to - c->from < 2) return false;
  bool gone = false;
  for (uint32_t k = c->from; k < c->to; k++)
    for (size_t i = 0; i < g->keys.v[k].items.n; i++) {
      const struct def *d = rs->items[g->keys.v[k].items.v[i]].in.def;
      gone |= code_matches(d->gone_codes, d->n_gone, r->code, r->message, NULL);
    }
  if (!gone) return false;
  uint32_t mid = c->from + (c->to - c->from) / 2;
  struct rcall half[2] = {*c, *c};
  half[0].to = half[1].from = mid;
  for (int i = 0; i < 2; i++) {
    half[i].page = NULL;
    VEC_PUSH(rs->a, &rs->calls, half[i]);
  }
  return true;
}

static void per_error(struct readset *rs, const struct rcall *c, const struct reply *r) {
  struct ritem *it = &rs->items[c->item];
  const struct step *st = &c->per->step;
  if (code_matches(st->absent, st->n_absent, r->code, r->message, NULL))
    part_done(rs, c->item);
  else if (it->r.state == RR_PENDING &&
           code_matches(it->in.def->gone_codes, it->in.def->n_gone, r->code, r->message, NULL))
    it->r.state = RR_GONE;
  else
    item_refused(it, r->cls, str_dup(rs->a, r->code.n ? r->code : STR("ServiceUnavailable")),
                 str_dup(rs->a, r->message));
}

void readset_reply(struct readset *rs, uint32_t token, const struct reply *r) {
  if (rs->sandbox) {
    readset_sandbox_reply(rs, token, r);
    return;
  }
  struct rcall c = rs->calls.v[token];
  rs->out--;
  if (c.kind == RC_PER) {
    if (r->err)
      per_error(rs, &c, r);
    else
      fill_per(rs, &c, r->output);
    return;
  }
  bool more = rs->groups.v[c.group].more;
  if (r->err) {
    if (!take_apart(rs, &c, r)) fail_call(rs, &c, r);
    return;
  }
  if (!page_after(rs->s, rs->a, rs->groups.v[c.group].src->step.op, r->output, &c.page)) {
    fail_call(rs, &c, &page_repeated);
    return;
  }
  if (more)
    fill_more(rs, &c, r->output);
  else
    fill_batch(rs, &c, r->output);
  if (c.page) {
    VEC_PUSH(rs->a, &rs->calls, c);
    return;
  }
  if (!more) {
    finish_batch(rs, &c);
    return;
  }
  const struct rgroup *g = &rs->groups.v[c.group];
  for (uint32_t k = c.from; k < c.to; k++)
    for (size_t i = 0; i < g->keys.v[k].items.n; i++) part_done(rs, g->keys.v[k].items.v[i]);
}
