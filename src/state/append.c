/* Records that callers add. Each is checked before it is written: a record in
 * the journal always folds. */
#include "internal.h"

static enum qn_err ready(struct state *st) {
  if (st->damaged) return QN_E_DAMAGED;
  if (st->failed) return QN_E_IO;
  return st->writer ? QN_OK : QN_E_INVALID;
}

enum qn_err segment_begin(struct state *st) {
  if (st->segment_open) return QN_OK;
  uint64_t first = st->durable + 1;
  struct str name = object_name(&st->s->arena, 'j', first);
  enum qn_err e = st->store->ops->append_open(st->store, name, SEGMENT_PREALLOC);
  if (!e) {
    st->segment_open = true;
    st->n_segments++;
  }
  return e;
}

void segment_end(struct state *st) {
  if (st->segment_open) st->store->ops->append_close(st->store);
  st->segment_open = false;
  for (size_t i = 0; i < st->open.n; i++) st->open.v[i].room = 0;
  st->owed = 0;
}

enum qn_err state_commit(struct state *st) {
  enum qn_err e = ready(st);
  if (e || !st->pending.n) return e;
  e = segment_begin(st);
  if (!e) e = st->store->ops->append(st->store, buf_str(&st->pending));
  if (!e) e = st->store->ops->commit(st->store);
  if (e) {
    /* What is on the disk is not known any more; a second sync would not tell (docs/state.md). */
    st->failed = true;
    return e;
  }
  st->journal_bytes += st->pending.n;
  buf_reset(&st->pending);
  st->durable = st->n;
  return QN_OK;
}

enum qn_err state_run(struct state *st, struct str plan_id, uint64_t base, sym account,
                      const struct value *lookups) {
  enum qn_err e = ready(st);
  if (e) return e;
  record_begin(st, "run");
  field_text(st, K_plan, plan_id);
  field_int(st, K_base, base);
  field_sym(st, K_account, account);
  field_int(st, K_at, (uint64_t)st->s->out.now_ms(st->s->out.user));
  if ((e = field_value(st, K_lookups, lookups))) return e;
  return record_end(st);
}

/* Bytes that the outcome can need: what it is to acknowledge is known, the rest is limited (put_outcome). */
static enum qn_err outcome_room(struct state *st, const struct intent *in, size_t *room) {
  buf_reset(&st->line);
  enum qn_err e = field_value(st, K_applied, in->acknowledges);
  *room = OUTCOME_ROOM + st->line.n;
  for (uint32_t i = 0; i < in->n_paths; i++) *room += in->paths[i].n + sizeof "\"\",";
  if (e || *room < RECORD_MAX) return e;
  diag_add(
      &st->s->diags, QN0611, SPAN_NONE,
      "what %.*s of %.*s would acknowledge does not fit into a record of the journal, which may have 1 MiB",
      SV(in->operation), SV(session_str(st->s, in->address)));
  return QN_E_LIMIT;
}

enum qn_err state_intent(struct state *st, const struct intent *in, uint64_t *n) {
  size_t room;
  enum qn_err e = ready(st);
  if (e) return e;
  if (!in->address || !in->generation || (in->kind != 'c' && in->kind != 'u' && in->kind != 'd'))
    return QN_E_INVALID;
  if (in->kind != 'c' && !gen_find(st, in->address, in->generation)) return QN_E_INVALID;
  if ((e = outcome_room(st, in, &room)) || (e = segment_begin(st))) return e;
  record_begin(st, "intent");
  field_sym(st, K_address, in->address);
  field_int(st, K_generation, in->generation);
  field_sym(st, K_type, in->type);
  field_sym(st, K_region, in->region);
  field_text(st, K_uid, in->uid);
  field_text(st, K_verb, (struct str){(const char *)&in->kind, 1});
  field_int(st, K_step, in->step);
  field_text(st, K_operation, in->operation);
  field_text(st, K_digest, in->digest);
  field_texts(st, K_paths, in->paths, in->n_paths);
  field_int(st, K_at, (uint64_t)(in->at_ms > 0 ? in->at_ms : st->s->out.now_ms(st->s->out.user)));
  if ((e = record_room(st, room + CLOSING_ROOM)) || (e = record_put(st))) return e;
  st->open.v[st->open.n - 1].room = room;
  st->owed += room;
  *n = st->n;
  return QN_OK;
}

/* The address makes the outcome worth something when its intent was lost by damage. In the short form all
 * that can be read again is left out: attributes, and most of a message. */
static enum qn_err write_outcome(struct state *st, const struct outcome *oc, const struct sres *r,
                                 bool whole) {
  static const char *const results[] = {[OC_OK] = "ok", [OC_FAILED] = "failed", [OC_NOT_SENT] = "not_sent"};
  enum qn_err e;
  record_begin(st, "outcome");
  field_int(st, K_intent, oc->intent);
  field_sym(st, K_address, r->address);
  field_int(st, K_generation, r->generation);
  field_text(st, K_result, str_c(results[oc->kind]));
  if ((e = field_value(st, K_identity, oc->identity)) || (e = field_value(st, K_applied, oc->applied)))
    return e;
  if (whole && (e = field_value(st, K_attributes, oc->attributes))) return e;
  field_texts(st, K_removed, oc->removed, oc->n_removed);
  field_text(st, K_code, str_sub(oc->code, 0, 256));
  field_text(st, K_message, str_sub(oc->message, 0, whole ? 4096 : 1024));
  field_text(st, K_request_id, str_sub(oc->request_id, 0, 256));
  field_flag(st, K_definitive, oc->definitive);
  field_flag(st, K_gone, oc->gone);
  field_flag(st, K_short, !whole);
  return QN_OK;
}

enum qn_err state_outcome(struct state *st, const struct outcome *oc) {
  size_t i;
  enum qn_err e = ready(st);
  if (e) return e;
  if (!open_find(st, oc->intent, &i)) return QN_E_INVALID;
  const struct open_intent open = st->open.v[i];
  const struct sres *r = &st->gens[open.slot].r;
  if ((e = write_outcome(st, oc, r, true))) return e;
  size_t size = st->line.n + HASH_HEX + 16;
  if (size > open.room) {
    struct diags_mark here = diags_here(st);
    if ((e = segment_begin(st))) return e;
    bool fits = size < RECORD_MAX && !record_room(st, CLOSING_ROOM);
    diags_back(st, here);
    if (!fits && (e = write_outcome(st, oc, r, false))) return e;
  }
  return record_put(st);
}

enum qn_err state_put(struct state *st, const struct sres *r) {
  enum qn_err e = ready(st);
  if (e) return e;
  if (!r->address || !r->generation) return QN_E_INVALID;
  record_begin(st, "put");
  if ((e = fields_sres(st, r, false))) return e;
  return record_end(st);
}

enum qn_err state_settled(struct state *st, uint64_t intent, const struct sres *r) {
  size_t i;
  enum qn_err e = ready(st);
  if (e) return e;
  if (!open_find(st, intent, &i)) return QN_E_INVALID;
  record_begin(st, "settled");
  field_int(st, K_intent, intent);
  if (r) {
    key_put(&st->line, K_facts);
    buf_addc(&st->line, '{');
    if ((e = field_value(st, K_identity, r->identity)) ||
        (e = field_value(st, K_attributes, r->attributes)) || (e = field_value(st, K_applied, r->applied)) ||
        (e = field_value(st, K_seen, r->seen)))
      return e;
    buf_addc(&st->line, '}');
  }
  return record_end(st);
}

enum qn_err state_mv(struct state *st, sym from, sym to) {
  enum qn_err e = ready(st);
  if (e) return e;
  if (!from || !to || !gen_any(st, from)) return QN_E_NOTFOUND;
  if (gen_any(st, to)) return QN_E_EXISTS;
  record_begin(st, "mv");
  field_sym(st, K_from, from);
  field_sym(st, K_to, to);
  return record_end(st);
}

enum qn_err state_forget(struct state *st, sym address, uint32_t generation) {
  enum qn_err e = ready(st);
  if (e) return e;
  if (!gen_find(st, address, generation)) return QN_E_NOTFOUND;
  record_begin(st, "forget");
  field_sym(st, K_address, address);
  field_int(st, K_generation, generation);
  return record_end(st);
}

enum qn_err state_set_outputs(struct state *st, const struct value *outputs) {
  enum qn_err e = ready(st);
  if (e) return e;
  if (!value_is(outputs, V_MAP)) return QN_E_INVALID;
  record_begin(st, "outputs");
  if ((e = field_value(st, K_outputs, outputs))) return e;
  return record_end(st);
}

enum qn_err state_note(struct state *st, struct str text) {
  enum qn_err e = ready(st);
  if (e) return e;
  record_begin(st, "note");
  field_text(st, K_text, text);
  return record_end(st);
}
