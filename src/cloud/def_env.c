/* What expressions of a definition see: names, functions, names of objects, tags. */
#include <arpa/inet.h>

#include "def.h"
#include "quoin/crypto.h"

static const struct value *or_null(const struct value *v) {
  return v ? v : value_null();
}

const struct value *id_value(const struct def *d, const struct value *identity) {
  if (!identity) return NULL;
  if (d->n_identity == 1) return value_get(d->s, identity, d->identity[0]);
  return identity;
}

static const struct value *ctx_value(struct denv *e) {
  struct member m[3] = {
      {.key = session_sym(e->s, STR("region")), .value = value_str(e->a, session_str(e->s, e->region))},
      {.key = session_sym(e->s, STR("account")), .value = value_str(e->a, session_str(e->s, e->account))},
      {.key = session_sym(e->s, STR("partition")),
       .value = value_str(e->a, session_str(e->s, e->partition))}};
  return value_map(e->a, m, 3);
}

static const struct value *builtin_name(struct denv *e, struct str n) {
  const struct op_scope *sc = e->sc;
  if (str_eq(n, STR("new"))) return or_null(sc ? sc->new_props : NULL);
  if (str_eq(n, STR("old"))) return or_null(sc ? sc->old_props : NULL);
  if (str_eq(n, STR("live"))) return or_null(e->live ? e->live : sc ? sc->live : NULL);
  if (str_eq(n, STR("id"))) return or_null(id_value(e->d, e->id));
  if (str_eq(n, STR("it"))) return or_null(e->it);
  if (str_eq(n, STR("item"))) return or_null(e->item);
  if (str_eq(n, STR("outer"))) return or_null(e->outer);
  if (str_eq(n, STR("reply"))) return or_null(e->reply);
  if (str_eq(n, STR("token"))) return sc ? value_str(e->a, sc->uid) : value_null();
  if (str_eq(n, STR("tags"))) return tags_view(e);
  if (str_eq(n, STR("ctx"))) return ctx_value(e);
  if (str_eq(n, STR("timeouts"))) return or_null(sc ? sc->timeouts : NULL);
  if (str_eq(n, STR("on_destroy")))
    return value_str(
        e->a, str_c(def_destroy_words[sc && sc->on_destroy <= OD_EMPTY ? sc->on_destroy : OD_DEFAULT]));
  return NULL;
}

static enum qn_err env_name(struct eval *ev, void *user, sym name, struct span at, const struct value **out) {
  struct denv *e = user;
  (void)ev, (void)at;
  const struct value *v = NULL;
  if (e->as && name == e->as) v = or_null(e->as_value);
  if (!v && e->kept) v = value_member(e->kept, name);
  if (!v) v = builtin_name(e, session_str(e->s, name));
  if (!v && e->sc && value_is(e->sc->attributes, V_MAP)) v = value_member(e->sc->attributes, name);
  *out = or_null(v); /* a name not kept yet is null: def_check knows the names */
  return QN_OK;
}

/* ---- functions of definitions ---------------------------------------------- */
static bool path_in(const struct str *v, uint32_t n, struct str p) {
  for (uint32_t i = 0; i < n; i++)
    if (str_eq(v[i], p) || str_eq(prop_head(v[i]), p)) return true;
  return false;
}

static const struct value *fn_declared(struct denv *e, const struct value *const *args) {
  const struct value *np = e->sc ? e->sc->new_props : NULL;
  struct str p = value_is(args[0], V_STR) ? value_text(args[0]) : STR("");
  return value_bool(e->a, value_is(np, V_MAP) && !value_is_null(value_get(e->s, np, p)));
}

static const struct value *fn_changed(struct denv *e, const struct value *const *args) {
  return value_bool(e->a, value_is(args[0], V_STR) && path_in(e->changed, e->n_changed, value_text(args[0])));
}

static struct str last_part(struct str t, char c) {
  size_t i = t.n;
  while (i && t.p[i - 1] != c) i--;
  return str_sub(t, i, t.n);
}

/* The same object named by ARN or by what stands behind the ARN's last slash. */
static const struct value *fn_same_arn(struct denv *e, const struct value *const *args) {
  if (!value_is(args[0], V_STR) || !value_is(args[1], V_STR)) return value_bool(e->a, false);
  struct str x = value_text(args[0]), y = value_text(args[1]);
  if (str_starts(x, STR("arn:")) && str_starts(y, STR("arn:"))) return value_bool(e->a, str_eq(x, y));
  return value_bool(e->a, str_eq(last_part(x, '/'), last_part(y, '/')));
}

static const struct value *fn_last_part(struct denv *e, const struct value *const *args) {
  if (!value_is(args[0], V_STR)) return value_null();
  return value_str(e->a, last_part(value_text(args[0]), '/'));
}

static const struct value *fn_name(struct denv *e, const struct value *const *args) {
  return value_str(e->a, def_name(e, args[0]));
}

/* encode("codec", v), decode("codec", v): a codec used by an expression. */
static struct codec_use codec_named(const struct value *v) {
  struct codec_use u = {0};
  uint32_t n = 0;
  if (value_is(v, V_STR)) u.codec = codec_find(dp_call(value_text(v), u.args, &n));
  return u;
}

static const struct value *fn_encode(struct denv *e, const struct value *const *args) {
  struct codec_use u = codec_named(args[0]);
  return u.codec ? or_null(codec_write(e, &u, args[1])) : value_null();
}

static const struct value *fn_decode(struct denv *e, const struct value *const *args) {
  struct codec_use u = codec_named(args[0]);
  return u.codec ? or_null(u.codec->read(e, &u, args[1])) : value_null();
}

/* dns_name(x): as it is compared: lower case, no trailing dot, \052 for * undone. */
static const struct value *fn_dns_name(struct denv *e, const struct value *const *args) {
  if (!value_is(args[0], V_STR)) return value_null();
  struct str t = str_lower(e->a, value_text(args[0]));
  if (str_starts(t, STR("\\052"))) t = str_fmt(e->a, "*%.*s", SV(str_sub(t, 4, t.n)));
  if (t.n && t.p[t.n - 1] == '.') t.n--;
  return value_str(e->a, t);
}

/* Bits behind the prefix are cleared; false if t is no network. */
static bool network_text(struct denv *e, struct str t, struct str *out) {
  struct str head, tail = str_cut(t, '/', &head);
  bool v6 = str_find_c(head, ':') != SIZE_MAX;
  unsigned char raw[16];
  char text[INET6_ADDRSTRLEN];
  int64_t bits, all = v6 ? 128 : 32;
  int family = v6 ? AF_INET6 : AF_INET;
  if (!str_to_i64(tail, &bits) || bits < 0 || bits > all) return false;
  if (inet_pton(family, str_dup(e->a, head).p, raw) != 1) return false;
  for (int64_t i = bits; i < all; i++) raw[i / 8] = (unsigned char)(raw[i / 8] & ~(0x80u >> (i % 8)));
  if (!inet_ntop(family, raw, text, sizeof text)) return false;
  *out = str_fmt(e->a, "%s/%lld", text, (long long)bits);
  return true;
}

/* ip_canonical(x): a network or protocol as EC2 answers it, so that both spellings are one rule. */
static const struct value *fn_ip_canonical(struct denv *e, const struct value *const *args) {
  static const char *const names[][2] = {{"1", "icmp"}, {"6", "tcp"}, {"17", "udp"}, {"58", "icmpv6"}};
  struct str t;
  if (!value_is(args[0], V_STR)) return args[0];
  t = value_text(args[0]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (str_eq(t, str_c(names[i][0]))) return value_str(e->a, str_c(names[i][1]));
  if (!network_text(e, t, &t)) t = str_lower(e->a, t);
  return value_str(e->a, t);
}

/* hex(n), digits(n): made of quoin's id of the object and of what they are for; the same each time. */
static const struct value *made_of_id(struct denv *e, const struct value *n, bool hex) {
  struct str seed = str_fmt(e->a, "%.*s %.*s", SV(e->sc ? e->sc->uid : STR("")), SV(e->salt));
  struct str sum = crypto_sha256_hex(e->a, seed);
  size_t len = value_is(n, V_INT) && n->i > 0 && (uint64_t)n->i < sum.n ? (size_t)n->i : sum.n;
  char *out = arena_alloc(e->a, len + 1);
  for (size_t i = 0; i < len; i++) out[i] = hex || sum.p[i] <= '9' ? sum.p[i] : (char)(sum.p[i] - 'a' + '1');
  return value_str(e->a, (struct str){out, len});
}

static const struct value *fn_hex(struct denv *e, const struct value *const *args) {
  return made_of_id(e, args[0], true);
}

static const struct value *fn_digits(struct denv *e, const struct value *const *args) {
  return made_of_id(e, args[0], false);
}

static const struct {
  const char *name;
  size_t args;
  const struct value *(*fn)(struct denv *, const struct value *const *);
} env_fns[] = {{"name", 1, fn_name},
               {"declared", 1, fn_declared},
               {"changed", 1, fn_changed},
               {"same_arn", 2, fn_same_arn},
               {"last_part", 1, fn_last_part},
               {"encode", 2, fn_encode},
               {"dns_name", 1, fn_dns_name},
               {"ip_canonical", 1, fn_ip_canonical},
               {"hex", 1, fn_hex},
               {"digits", 1, fn_digits},
               {"decode", 2, fn_decode}};

static enum qn_err env_call(struct eval *ev, void *user, sym fn, const struct value *const *args, size_t n,
                            struct span at, const struct value **out) {
  struct denv *e = user;
  (void)ev, (void)at;
  struct str name = session_str(e->s, fn);
  for (size_t i = 0; i < sizeof env_fns / sizeof *env_fns; i++) {
    if (!str_eq(name, str_c(env_fns[i].name)) || n != env_fns[i].args) continue;
    *out = env_fns[i].fn(e, args);
    return QN_OK;
  }
  return QN_E_NOTFOUND;
}

enum qn_err denv_eval(struct denv *e, const struct expr *x, const struct value **out) {
  struct scope scope = {.name = env_name, .call = env_call, .user = e};
  struct eval ev = {.s = e->s, .arena = e->a, .scope = &scope, .definition = true};
  return expr_eval(&ev, x, out);
}

enum qn_err denv_true(struct denv *e, const struct expr *x, bool absent, bool *out) {
  *out = absent;
  if (!x) return QN_OK;
  const struct value *v;
  enum qn_err err = denv_eval(e, x, &v);
  if (err) return err;
  *out = value_is(v, V_BOOL) && v->b;
  return QN_OK;
}

static enum qn_err tmpl_at(struct denv *e, const struct tmpl *t, unsigned depth, const struct value **out) {
  if (depth > DEF_MAX_DEPTH) return QN_E_LIMIT;
  if (t->kind == TM_EXPR) return denv_eval(e, t->expr, out);
  const struct value **vals = ARENA_ARRAY(e->a, t->n ? t->n : 1, const struct value *);
  struct member *mem = ARENA_ARRAY(e->a, t->n ? t->n : 1, struct member);
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    const struct value *v;
    enum qn_err err = tmpl_at(e, t->items[i], depth + 1, &v);
    if (err) return err;
    if (t->kind == TM_MAP && value_is_null(v)) continue;
    if (t->kind == TM_MAP) mem[n] = (struct member){.key = t->keys[i], .value = v};
    vals[n++] = v;
  }
  *out = t->kind == TM_MAP ? value_map(e->a, mem, n) : value_list(e->a, vals, n);
  return QN_OK;
}

enum qn_err denv_tmpl(struct denv *e, const struct tmpl *t, const struct value **out) {
  return tmpl_at(e, t, 0, out);
}

bool denv_text(struct denv *e, const struct tmpl *t, struct str *out) {
  const struct value *v;
  if (!t || denv_tmpl(e, t, &v)) return false;
  if (value_is(v, V_NULL) || !value_to_text(e->a, v, out)) return false;
  return true;
}

/* ---- generated names -------------------------------------------------------- */
static bool char_allowed(struct str set, char c) {
  for (size_t i = 0; i < set.n; i++) {
    if (i + 2 < set.n && set.p[i + 1] == '-') {
      if (c >= set.p[i] && c <= set.p[i + 2]) return true;
      i += 2;
    } else if (set.p[i] == c) {
      return true;
    }
  }
  return false;
}

struct str def_name(struct denv *e, const struct value *declared) {
  if (value_is(declared, V_STR)) return value_text(declared);
  struct str set = e->d->name_chars.n ? e->d->name_chars : STR("a-z0-9-");
  struct str addr = session_str(e->s, e->sc ? e->sc->address : 0);
  struct str uid = e->sc ? str_sub(e->sc->uid, 0, 10) : STR("");
  size_t max = e->d->name_max ? e->d->name_max : 63, room = max > uid.n + 1 ? max - uid.n - 1 : 0;
  bool lower = !char_allowed(set, 'Q');
  char *p = arena_alloc(e->a, addr.n + uid.n + 2);
  size_t n = 0;
  for (size_t i = 0; i < addr.n && n < room; i++) {
    char c = addr.p[i];
    if (lower && c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) c = '-';
    if (c == '-' && (!n || p[n - 1] == '-')) continue;
    p[n++] = c;
  }
  while (n && p[n - 1] == '-') n--;
  if (n && uid.n) p[n++] = '-';
  memcpy(p + n, uid.p, uid.n);
  return (struct str){p, n + uid.n};
}
