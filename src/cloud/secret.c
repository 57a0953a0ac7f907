/* Secrets by reference. Their texts live in the session's arena, are known to
 * the client's cache and are wiped with it. */
#include "secret.h"
#include "lookup_int.h"
#include "quoin/crypto.h"

struct secret_store {
  struct map known;      /* REGION, blank, reference without #key -> index of its text */
  VEC(struct str) texts; /* everything that is wiped */
};
struct asked {
  struct question q;
  struct session *s;
  struct secret_store *store;
  struct str ref; /* as written */
};

/* The bytes are the arena's own; values only lend them out as const. */
static void wipe(struct str t) {
  if (t.n) crypto_wipe((void *)(uintptr_t)t.p, t.n);
}

void secret_store_wipe(struct secret_store *store) {
  if (!store) return;
  for (size_t i = 0; i < store->texts.n; i++) wipe(store->texts.v[i]);
}

static enum qn_err wrong_form(struct asked *k) {
  struct diag *g =
      diag_add(&k->s->diags, QN0786, SPAN_NONE, "\"%.*s\" is not a reference to a secret", SV(k->ref));
  diag_help(&k->s->diags, g, "write env:NAME, sm:ARN_OR_NAME, sm:ARN_OR_NAME#key or ssm:/NAME");
  return QN_E_INVALID;
}

static enum qn_err not_there(struct asked *k, const char *why, const char *help) {
  struct diag *g =
      diag_add(&k->s->diags, QN0787, SPAN_NONE, "secret %.*s cannot be read: %s", SV(k->ref), why);
  if (help) diag_help(&k->s->diags, g, "%s", help);
  return QN_E_INVALID;
}

/* Gives the text out. It is the store's: wiped in the end. */
static enum qn_err give(struct asked *k, struct str text, const struct value **out) {
  const struct value *v = value_str(&k->s->arena, text);
  VEC_PUSH(&k->s->arena, &k->store->texts, value_text(v));
  *out = value_with_flags(&k->s->arena, v, VF_SECRET);
  return QN_OK;
}

static enum qn_err from_environment(struct asked *k, struct str name, const struct value **out) {
  const char *v = k->s->out.getenv(k->s->out.user, str_dup(&k->s->arena, name).p);
  if (v) return give(k, str_c(v), out);
  return not_there(k, "the variable is not set", "set it in the environment that quoin runs in");
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:... */
static sym region_of(struct asked *k, struct str id) {
  struct str part = {0}, rest = id;
  if (!str_starts(id, STR("arn:"))) return k->q.region;
  for (int i = 0; i < 4; i++) rest = str_cut(rest, ':', &part);
  return part.n ? session_sym(k->s, part) : k->q.region;
}

static const struct source {
  const char *prefix, *service, *operation, *id, *holder, *text;
} sources[] = {
    {"sm:", "secretsmanager", "GetSecretValue", "SecretId", NULL, "SecretString"},
    {"ssm:", "ssm", "GetParameter", "Name", "Parameter", "Value"},
};

static enum qn_err refused(struct asked *k, const struct source *src, const struct reply *r) {
  if (question_said(r)) return QN_E_REMOTE;
  struct str why = question_failed(&k->q, src->service, src->operation, r);
  struct diag *g =
      diag_add(&k->s->diags, QN0787, SPAN_NONE, "secret %.*s cannot be read: %.*s", SV(k->ref), SV(why));
  if (r->cls == EC_ACCESS_DENIED)
    diag_help(&k->s->diags, g,
              "the credentials need permission for %s:%s, and for kms:Decrypt if it has a key of yours",
              src->service, src->operation);
  else if (str_eq(r->code, STR("ResourceNotFoundException")) || str_eq(r->code, STR("ParameterNotFound")))
    diag_help(&k->s->diags, g, "check the name, and that it is in %.*s", SV(session_str(k->s, k->q.region)));
  return QN_E_REMOTE;
}

/* Asked once per run; *text stays the store's. */
static enum qn_err fetch(struct asked *k, const struct source *src, struct str id, struct str *text) {
  struct arena *a = &k->s->arena;
  k->q.region = region_of(k, id);
  struct str key = str_fmt(a, "%.*s %s%.*s", SV(session_str(k->s, k->q.region)), src->prefix, SV(id));
  uint32_t *known = map_get(&k->store->known, key);
  if (known) {
    *text = k->store->texts.v[*known];
    return QN_OK;
  }
  const struct value *input = map_of(k->s, src->id, value_str(a, id));
  if (src->holder) input = value_put(a, input, session_sym(k->s, STR("WithDecryption")), value_bool(a, true));
  struct reply r;
  enum qn_err e = question_ask(&k->q, src->service, src->operation, input, &r);
  if (e) return e;
  if (r.err) return refused(k, src, &r);
  const struct value *v = src->holder ? value_get(k->s, r.output, str_c(src->holder)) : r.output;
  v = value_get(k->s, v, str_c(src->text));
  if (!value_is(v, V_STR)) return not_there(k, "it holds bytes, not text", "store it as text (SecretString)");
  *text = value_text(v);
  map_put(a, &k->store->known, key, (uint32_t)k->store->texts.n);
  VEC_PUSH(a, &k->store->texts, *text);
  return QN_OK;
}

static enum qn_err no_key(struct asked *k, struct str key, const char *why) {
  diag_add(&k->s->diags, QN0788, SPAN_NONE, "secret %.*s: %s \"%.*s\"", SV(k->ref), why, SV(key));
  return QN_E_INVALID;
}

/* The texts of the object's members, for the wiping; deeper ones cannot be asked for and are not kept. */
static void remember(struct asked *k, const struct value *object) {
  for (uint32_t i = 0; i < object->n; i++)
    if (value_is(object->members[i].value, V_STR))
      VEC_PUSH(&k->s->arena, &k->store->texts, value_text(object->members[i].value));
}

static enum qn_err member_of(struct asked *k, struct str text, struct str key, const struct value **out) {
  const struct value *object;
  struct json_error bad;
  struct str member;
  if (json_parse(k->s, &k->s->arena, text, &object, &bad) || !value_is(object, V_MAP))
    return no_key(k, key, "it is not a JSON object, so it has no");
  remember(k, object);
  const struct value *v = value_get(k->s, object, key);
  if (!v) return no_key(k, key, "its JSON object has no");
  if (value_is_null(v) || !value_to_text(&k->s->arena, v, &member))
    return no_key(k, key, "neither text nor a number nor a boolean is");
  return give(k, member, out);
}

enum qn_err cloud_secret(struct rd_ctx *rd, struct cloud *c, const struct wire *wire, struct str ref,
                         sym region, const struct value **out) {
  struct session *s = c->s;
  if (!c->secrets) c->secrets = ARENA_NEW(&s->arena, struct secret_store);
  struct asked k = {.q = {rd, c, wire, region, true}, .s = s, .store = c->secrets, .ref = ref};
  if (str_starts(ref, STR("env:")) && ref.n > 4) return from_environment(&k, str_sub(ref, 4, ref.n), out);
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    struct str prefix = str_c(sources[i].prefix), id, key = {0}, text;
    if (!str_starts(ref, prefix)) continue;
    id = str_sub(ref, prefix.n, ref.n);
    if (i == 0) key = str_cut(id, '#', &id);
    if (!id.n || (key.p && !key.n) || (i == 1 && id.p[0] != '/')) break;
    enum qn_err e = fetch(&k, &sources[i], id, &text);
    if (e) return e;
    return key.p ? member_of(&k, text, key, out) : give(&k, text, out);
  }
  return wrong_form(&k);
}
