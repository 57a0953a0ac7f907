/* Reads in the sandbox: the objects of a type and region in calls of a thousand. */
#include "readset.h"
#include "sandbox_int.h"

enum { PAGE = 1000 };

struct sgroup {
  const struct def *d;
  sym region;
  VEC(uint32_t) items;
};
struct scall {
  uint32_t group, from, to;
};
struct sandbox_reads {
  VEC(struct sgroup) groups;
  VEC(struct scall) calls;
};

static struct sgroup *group_for(struct readset *rs, struct map *index, const struct read_item *in) {
  struct sandbox_reads *sr = rs->sandbox;
  struct str key = str_fmt(rs->a, "%.*s %u", SV(in->def->type), in->region);
  const uint32_t *at = map_get(index, key);
  if (at) return &sr->groups.v[*at];
  map_put(rs->a, index, key, (uint32_t)sr->groups.n);
  VEC_PUSH(rs->a, &sr->groups, ((struct sgroup){.d = in->def, .region = in->region}));
  return &sr->groups.v[sr->groups.n - 1];
}

void readset_sandbox_new(struct readset *rs) {
  struct map index = {0};
  rs->sandbox = ARENA_NEW(rs->a, struct sandbox_reads);
  for (uint32_t i = 0; i < rs->n; i++) {
    const struct read_item *in = &rs->items[i].in;
    if (!in->def || !in->identity) {
      item_fail(&rs->items[i], STR("NoRead"), STR("nothing says how this is read"));
      continue;
    }
    struct sgroup *g = group_for(rs, &index, in);
    VEC_PUSH(rs->a, &g->items, i);
  }
  for (uint32_t g = 0; g < rs->sandbox->groups.n; g++) {
    uint32_t n = (uint32_t)rs->sandbox->groups.v[g].items.n;
    for (uint32_t at = 0; at < n; at += PAGE)
      VEC_PUSH(rs->a, &rs->sandbox->calls, ((struct scall){g, at, n - at < PAGE ? n : at + PAGE}));
  }
  rs->bound = rs->sandbox->calls.n;
}

size_t readset_sandbox_calls(const struct readset *rs) {
  return rs->sandbox->calls.n;
}

static struct str id_of(struct readset *rs, uint32_t item) {
  const struct read_item *in = &rs->items[item].in;
  return def_identity_text(rs->s, rs->a, in->def, in->identity);
}

bool readset_sandbox_next(struct readset *rs, struct call *out, uint32_t *token) {
  if (rs->next >= rs->sandbox->calls.n) return false;
  const struct scall *c = &rs->sandbox->calls.v[rs->next];
  const struct sgroup *g = &rs->sandbox->groups.v[c->group];
  const struct value **ids = ARENA_ARRAY(rs->a, c->to - c->from, const struct value *);
  for (uint32_t i = c->from; i < c->to; i++) ids[i - c->from] = value_str(rs->a, id_of(rs, g->items.v[i]));
  struct member m[2] = {
      {.key = session_sym(rs->s, STR("Type")), .value = value_str(rs->a, g->d->type)},
      {.key = session_sym(rs->s, STR("Ids")), .value = value_list(rs->a, ids, c->to - c->from)}};
  *out = (struct call){.op = sandbox_op(SB_READ), .region = g->region, .input = value_map(rs->a, m, 2)};
  *token = rs->next++;
  rs->out++, rs->made++;
  return true;
}

void readset_sandbox_reply(struct readset *rs, uint32_t token, const struct reply *r) {
  const struct scall *c = &rs->sandbox->calls.v[token];
  const struct sgroup *g = &rs->sandbox->groups.v[c->group];
  const struct value *items = r->err ? NULL : value_get(rs->s, r->output, STR("Items"));
  rs->out--;
  for (uint32_t i = c->from; i < c->to; i++) {
    struct ritem *it = &rs->items[g->items.v[i]];
    if (r->err) {
      it->r = (struct read_result){.state = RR_FAILED, .code = r->code, .message = r->message, .cls = r->cls};
      continue;
    }
    const struct value *live = value_get(rs->s, items, id_of(rs, g->items.v[i]));
    it->r = (struct read_result){.state = live ? RR_LIVE : RR_GONE, .live = live};
  }
}
