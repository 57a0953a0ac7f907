/* Values on their way out (digests) and back (what may be written down). */
#include "internal.h"
#include "quoin/crypto.h"

enum { DEPTH = 256, SCRUB_MIN = 4 /* shorter texts are part of any message */ };

/* Secrets count as one and the same text: their values must not be guessed from a digest. */
static const struct value *masked(struct arena *a, const struct value *v, unsigned depth) {
  if (v->flags & VF_SECRET || depth > DEPTH) return value_str(a, STR("(sensitive)"));
  if (!(v->flags & VF_HAS_SECRET)) return v;
  if (v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(a, v->n, struct member);
    for (uint32_t i = 0; i < v->n; i++) {
      m[i] = v->members[i];
      m[i].value = masked(a, m[i].value, depth + 1);
    }
    return value_map(a, m, v->n);
  }
  if (v->kind != V_LIST) return value_str(a, STR("(sensitive)"));
  const struct value **items = ARENA_ARRAY(a, v->n, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) items[i] = masked(a, v->items[i], depth + 1);
  return value_list(a, items, v->n);
}

static struct str without(struct arena *a, struct str text, struct str secret) {
  size_t at = secret.n >= SCRUB_MIN ? str_find(text, secret) : SIZE_MAX;
  for (size_t from = 0; at != SIZE_MAX; at = str_find(str_sub(text, from, text.n), secret)) {
    at += from;
    struct str head = str_sub(text, 0, at), tail = str_sub(text, at + secret.n, text.n);
    text = str_fmt(a, "%.*s(sensitive)%.*s", SV(head), SV(tail));
    from = head.n + sizeof "(sensitive)" - 1;
  }
  return text;
}

static struct str scrub(struct arena *a, struct str text, const struct value *v, unsigned depth) {
  if (!v || depth > DEPTH || !(v->flags & (VF_SECRET | VF_HAS_SECRET))) return text;
  if (v->kind == V_STR) return without(a, text, value_text(v));
  for (uint32_t i = 0; v->kind == V_MAP && i < v->n; i++)
    text = scrub(a, text, v->members[i].value, depth + 1);
  for (uint32_t i = 0; v->kind == V_LIST && i < v->n; i++) text = scrub(a, text, v->items[i], depth + 1);
  return text;
}

struct str scrubbed(struct arena *a, struct str text, const struct value *sent) {
  return text.n ? scrub(a, text, sent, 0) : text;
}

struct str request_digest(struct session *s, struct arena *a, const struct value *input) {
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  struct str out = STR("");
  if (input && !json_write(s, masked(a, input, 0), JSON_SORTED, &b))
    out = str_sub(crypto_sha256_hex(a, buf_str(&b)), 0, 32);
  buf_release(&b);
  return out;
}

/* ---- attributes of what is there by now ------------------------------------------- */

static const struct task *change_of(const struct run *r, sym address) {
  uint32_t lo = 0, hi = r->n_tasks; /* changes are sorted by address */
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (intern_cmp(r->s->names, r->tasks[mid].c->address, address) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  for (; lo < r->n_tasks && r->tasks[lo].c->address == address; lo++)
    if (r->tasks[lo].c->action == ACT_CREATE || r->tasks[lo].c->action == ACT_UPDATE) return &r->tasks[lo];
  return NULL;
}

enum qn_err attribute_of(void *user, sym address, struct str path, const struct value **out) {
  struct run *r = user;
  const struct task *t = change_of(r, address);
  bool changed = t && t->action != ACT_NONE;
  if (t && (t->state != T_OVER || t->failed || t->skipped)) return QN_E_NOTFOUND;
  const struct sres *known = state_find(r->st, address);
  if (!known) return QN_E_NOTFOUND;
  const struct value *live =
      t && !(changed && (t->action == ACT_CREATE || def_volatile(t->c->def, path))) ? t->c->live : NULL;
  const struct value *places[] = {known->attributes, known->identity, known->seen, known->applied, live};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const struct value *v = places[i] ? value_at(r->s, places[i], path) : NULL;
    if (value_is_null(v) || value_unknown(v)) continue;
    *out = v;
    return QN_OK;
  }
  return QN_E_NOTFOUND;
}
