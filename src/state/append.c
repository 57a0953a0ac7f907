/* Records that callers add. Each is checked before it is written: a record in
 * the journal always folds. */
#include "internal.h"

static enum qn_err ready(struct state *st) {
  if (st->damaged) return QN_E_DAMAGED;
  if (st->failed) return QN_E_IO;
  return st->writer ? QN_OK : QN_E_INVALID;
}

static enum qn_err segment(struct state *st) {
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

enum qn_err state_commit(struct state *st) {
  enum qn_err e = ready(st);
  if (e || !st->pending.n) return e;
  e = segment(st);
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

enum qn_err state_intent(struct state *st, const struct intent *in, uint64_t *n) {
  enum qn_err e = ready(st);
  if (e) return e;
  if (!in->address || !in->generation || (in->kind != 'c' && in->kind != 'u' && in->kind != 'd'))
    return QN_E_INVALID;
  if (in->kind != 'c' && !gen_find(st, in->address, in->generation)) return QN_E_INVALID;
  if ((e = segment(st))) return e;
  size_t room = st->pending.n + RECORD_MAX / 16 + (st->open.n + 1) * (size_t)OUTCOME_ROOM;
  if ((e = st->store->ops->reserve(st->store, room))) return e;
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
  if ((e = record_end(st))) return e;
  *n = st->n;
  return QN_OK;
}

enum qn_err state_outcome(struct state *st, const struct outcome *oc) {
  static const char *const results[] = {[OC_OK] = "ok", [OC_FAILED] = "failed", [OC_NOT_SENT] = "not_sent"};
  size_t i;
  enum qn_err e = ready(st);
  if (e) return e;
  if (!open_find(st, oc->intent, &i)) return QN_E_INVALID;
  record_begin(st, "outcome");
  field_int(st, K_intent, oc->intent);
  field_text(st, K_result, str_c(results[oc->kind]));
  if ((e = field_value(st, K_identity, oc->identity)) ||
      (e = field_value(st, K_attributes, oc->attributes)) || (e = field_value(st, K_applied, oc->applied)))
    return e;
  field_texts(st, K_removed, oc->removed, oc->n_removed);
  field_text(st, K_code, oc->code);
  field_text(st, K_message, str_sub(oc->message, 0, 4096));
  field_text(st, K_request_id, oc->request_id);
  field_flag(st, K_definitive, oc->definitive);
  field_flag(st, K_gone, oc->gone);
  return record_end(st);
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
