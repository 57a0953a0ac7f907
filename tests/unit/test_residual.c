/* What is computed before and after values become known must agree, also
 * through the JSON of a plan file. */
#include "unit.h"

#include <stdlib.h>

#include "quoin/residual.h"

struct world {
  struct session s;
  struct scope scope;
  bool known;   /* attributes answer with values */
  bool secrets; /* the resolver gives secrets */
};

static const struct value *json(struct session *s, const char *text) {
  const struct value *v = NULL;
  struct json_error e;
  if (json_parse(s, &s->arena, str_c(text), &v, &e) != QN_OK) abort();
  return v;
}

/* Attributes of the resource `r`, and what they turn out to be. */
static const struct attribute {
  const char *path;
  uint8_t vkind;
  const char *json;
} attributes[] = {
    {"Id", V_STR, "\"id-1\""},
    {"Count", V_INT, "3"},
    {"Ready", V_BOOL, "true"},
    {"Off", V_BOOL, "false"},
    {"Size", V_DEC, "1.5"},
    {"List", V_LIST, "[\"b\",\"a\",\"c\"]"},
    {"Map", V_MAP, "{\"k\":{\"x\":[1,2]},\"$odd\":\"$\"}"},
    {"Maybe", V_UNKNOWN, "null"},
    {"Json", V_STR, "\"{\\\"a\\\":1}\""},
};

static const struct attribute *find_attribute(struct str path) {
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
    if (str_eq(path, str_c(attributes[i].path))) return &attributes[i];
  return NULL;
}

static const struct value *unknown(struct session *s, struct str path, uint8_t vkind) {
  sym address = session_sym(s, STR("r"));
  uint32_t meta = vmeta_add(s, (struct vmeta){.how = HOW_ATTRIBUTE, .origins = origins_add(s, 0, address)});
  return unknown_attr(s, &s->arena, address, path, vkind, 0, meta);
}

/* The value at an attribute path. */
static const struct value *known(struct session *s, struct str path) {
  struct buf b = BUF_INIT(4096);
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
    buf_addf(&b, "%s\"%s\":%s", i ? "," : "{", attributes[i].path, attributes[i].json);
  buf_addz(&b, "}");
  const struct value *v = value_at(s, json(s, str_dup(&s->arena, buf_str(&b)).p), path);
  buf_release(&b);
  return v;
}

static enum qn_err on_name(struct eval *ev, void *user, sym name, struct span at, const struct value **out) {
  struct world *w = user;
  struct str n = session_str(ev->s, name);
  (void)at;
  if (str_eq(n, STR("r"))) {
    struct value *v = ARENA_NEW(&w->s.arena, struct value);
    *v = (struct value){.kind = V_RES, .res = {name, session_sym(&w->s, STR("T"))}};
    *out = v;
  } else if (str_eq(n, STR("xs"))) {
    *out = json(&w->s, "[\"x\",\"y\"]");
  } else if (str_eq(n, STR("plain"))) {
    *out = value_with_flags(&w->s.arena, value_str(&w->s.arena, STR("7")), VF_PLAIN);
  } else if (str_eq(n, STR("dollar"))) {
    *out = json(&w->s, "{\"$a\":1,\"b\":{\"$unknown\":2}}");
  } else {
    return QN_E_NOTFOUND;
  }
  return QN_OK;
}

static enum qn_err on_attribute(struct eval *ev, void *user, const struct value *res, struct str path,
                                struct span at, const struct value **out) {
  struct world *w = user;
  (void)res;
  (void)at;
  (void)ev;
  const struct attribute *a = find_attribute(path);
  *out = known(&w->s, path);
  if (*out && !w->known) *out = unknown(&w->s, path, a ? a->vkind : V_UNKNOWN);
  return *out ? QN_OK : QN_E_NOTFOUND;
}

static enum qn_err now_known(void *user, sym address, struct str path, const struct value **out) {
  struct world *w = user;
  if (!str_eq(session_str(&w->s, address), STR("r")) || !w->known) return QN_E_NOTFOUND;
  *out = known(&w->s, path);
  return *out ? QN_OK : QN_E_NOTFOUND;
}

static enum qn_err now_secret(void *user, struct str ref, const struct value **out) {
  struct world *w = user;
  if (!w->secrets) return QN_E_NOTFOUND;
  *out = value_str(&w->s.arena, str_fmt(&w->s.arena, "value of %.*s", SV(ref)));
  return QN_OK;
}

static void world_init(struct world *w) {
  *w = (struct world){.known = false};
  session_init(&w->s, NULL);
  w->scope = (struct scope){.name = on_name, .attribute = on_attribute, .user = w};
}

static const struct value *eval(struct world *w, const char *text) {
  const struct expr *e = expr_parse(&w->s, str_c(text), NULL);
  struct eval ev = {.s = &w->s, .arena = &w->s.arena, .scope = &w->scope};
  const struct value *v = NULL;
  if (!e || expr_eval(&ev, e, &v) != QN_OK) return NULL;
  return v;
}

static struct str encoded(struct world *w, const struct value *v) {
  const struct value *j;
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  if (value_encode(&w->s, &w->s.arena, v, &j) != QN_OK ||
      json_write(&w->s, j, JSON_COMPACT | JSON_SORTED, &b) != QN_OK) {
    buf_release(&b);
    return STR("cannot be encoded");
  }
  struct str out = str_dup(&w->s.arena, buf_str(&b));
  buf_release(&b);
  return out;
}

/* Through the text of a plan file. */
static const struct value *round_trip(struct world *w, const struct value *v) {
  struct json_error e;
  const struct value *j, *back = NULL;
  struct str text = encoded(w, v);
  if (json_parse(&w->s, &w->s.arena, text, &j, &e) != QN_OK ||
      value_decode(&w->s, &w->s.arena, j, &back) != QN_OK)
    return NULL;
  CHECK_STR(encoded(w, back), text);
  return back;
}

static const char *const programs[] = {
    "r.Id",
    "r.Size + 1",
    "\"a-${r.Id}-${r.Count}-${plain}\"",
    "r.Count * 2 - 1",
    "r.Count + plain",
    "r.Id + \"x\" + r.Id",
    "r.Count > 2 && r.Ready",
    "r.Off || r.Count == 3",
    "!r.Ready",
    "-r.Count",
    "-r.Size",
    "if r.Ready then xs[0] else xs[7]",
    "if r.Off then xs[7] else xs[1]",
    "if r.Off then 1",
    "r.Maybe ?? \"none\"",
    "r.Maybe ?? r.Id",
    "r.Id ?? xs[9]",
    "coalesce(r.Maybe, r.Id)",
    "r.Id == \"id-1\"",
    "[1, r.Id] == [1, \"id-1\"]",
    "r.Maybe == null",
    "{a = r.Id, b = [1, {c = r.Count}]}",
    "length(r.List)",
    "join(\",\", [r.Id, \"z\"])",
    "upper(r.Id)",
    "sort(r.List)",
    "[\"${xs[0]}${x}\" for x in r.List if x != \"a\"]",
    "[x for x in [r.Id, \"q\"] if x == \"q\"]",
    "{x => upper(x) for x in r.List}",
    "{(r.Id) = 1, \"b ${r.Id}\" = 2}",
    "{k => v for k, v in {a = r.Id} if v != null}",
    "[[y + x for y in r.List] for x in xs]",
    "r.Map.k.x[1]",
    "r.Map[\"k\"].x[r.Count - 2]",
    "r.List[r.Count - 1]",
    "xs[r.Count - 3]",
    "r.Maybe?.a.b",
    "any([r.Off, r.Ready])",
    "all([r.Ready, r.Off])",
    "contains([r.Id, \"b\"], \"id-1\")",
    "contains([\"b\", r.Id], \"zz\")",
    "merge({a = r.Id}, {b = 2})",
    "keys({a = r.Id})",
    "split(\"-\", r.Id)",
    "format(\"%s=%03d\", r.Id, r.Count)",
    "json_encode({a = r.Id, b = r.Map})",
    "[for_x for for_x in r.List if for_x == if r.Ready then \"a\" else \"b\"]",
    "if r.Ready then (if r.Off then 1 else r.Count) else 3",
    "(r.Count + 1) * (r.Count - 1) / 4 % 3",
    "dollar",
    "[dollar, r.Map]",
    "flatten([[r.Id], r.List])",
    "get(r.Map, \"none\", r.Id)",
    "\"$\" + \"{x}${r.Id}\"",
    "\"\\\"quoted\\\" \\\\ \\n ${r.Id}\"",
    "if length(r.List) > 0 then first(r.List) else \"no\"",
    "if r.Ready then r.Id else r.Map",
    "if r.Ready then {a = r} else {a = null}",
    "[q.Id for q in [r, r]]",
    "if r.Off then null else r.Id",
    "json_decode(r.Json).a",
    "(if r.Ready then r else null)?.Count",
    "[x for x in (if r.Ready then [r.Id] else [])]",
    "zipmap([r.Id, \"b\"], [1, r.Count])",
    "slice(r.List, r.Count - 2)",
    "distinct(concat(r.List, [\"a\"]))",
    "r.Count >= 3 == r.Ready",
    "sum([r.Count, r.Size])",
    "max(r.Count, 1)",
};

TEST(later_is_the_same_as_now) {
  size_t waiting = 0;
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    struct world w;
    world_init(&w);
    struct resolver r = {.user = &w, .attribute = now_known};
    const struct value *later = eval(&w, programs[i]), *now, *got = NULL, *same = NULL;
    if (!later)
      printf("%s: %.*s\n", programs[i], SV(w.s.diags.n ? w.s.diags.v[0]->message : STR("no message")));
    CHECK(later != NULL);
    if (!later) continue;
    waiting += value_unknown(later);
    const struct value *back = round_trip(&w, later);
    CHECK(back != NULL);
    CHECK(value_resolve(&w.s, &w.s.arena, later, &r, &same) == QN_OK);
    CHECK_STR(encoded(&w, same), encoded(&w, later)); /* nothing is known yet: nothing changes */
    w.known = true;
    now = eval(&w, programs[i]);
    if (!now) printf("%s\n", programs[i]);
    CHECK(now && !value_unknown(now));
    if (!now) continue;
    for (int pass = 0; pass < 2; pass++) {
      enum qn_err err = value_resolve(&w.s, &w.s.arena, pass ? back : later, &r, &got);
      if (err || !value_eq(&w.s, now, got))
        printf("%s: %.*s, not %.*s\n", programs[i], SV(encoded(&w, got)), SV(encoded(&w, now)));
      CHECK(err == QN_OK && value_eq(&w.s, now, got));
    }
    if (w.s.diags.n) printf("%s: %.*s\n", programs[i], SV(w.s.diags.v[0]->message));
    CHECK_INT(w.s.diags.n, 0);
    session_release(&w.s);
  }
  CHECK(waiting > 50);
}

TEST(residuals_have_readable_json) {
  struct world w;
  world_init(&w);
  CHECK_STR(encoded(&w, eval(&w, "\"a-${r.Id}-${xs[0]}\"")),
            STR("{\"$unknown\":{\"bindings\":{\"_0\":{\"$unknown\":{\"address\":\"r\",\"kind\":\"string\","
                "\"path\":\"Id\"}}},"
                "\"expr\":\"\\\"a-${_0}-x\\\"\",\"kind\":\"string\",\"origins\":[\"r\"]}}"));
  CHECK_STR(encoded(&w, eval(&w, "dollar")), STR("{\"$map\":{\"$a\":1,\"b\":{\"$map\":{\"$unknown\":2}}}}"));
  CHECK_STR(encoded(&w, eval(&w, "[plain, r]")),
            STR("[{\"$plain\":\"7\"},{\"$resource\":{\"address\":\"r\",\"type\":\"T\"}}]"));
  session_release(&w.s);
}

static const struct value *secret(struct world *w) {
  struct unknown *u = ARENA_NEW(&w->s.arena, struct unknown);
  *u = (struct unknown){.ukind = U_SECRET, .vkind = V_STR, .sensitive = true, .path = STR("env:TOKEN")};
  return value_of_unknown(&w->s, &w->s.arena, u, 0);
}

TEST(secrets_stay_references) {
  struct world w;
  world_init(&w);
  const struct value *v = secret(&w), *got;
  CHECK_STR(encoded(&w, v), STR("{\"$secret\":\"env:TOKEN\"}"));
  CHECK_STR(unknown_text(v->unknown), STR("(sensitive)"));
  struct resolver r = {.user = &w, .attribute = now_known, .secret = now_secret};
  CHECK(value_resolve(&w.s, &w.s.arena, v, &r, &got) == QN_OK && got == v);
  w.secrets = true;
  CHECK(value_resolve(&w.s, &w.s.arena, round_trip(&w, v), &r, &got) == QN_OK);
  CHECK_STR(value_text(got), STR("value of env:TOKEN"));
  CHECK(got->flags & VF_SECRET);
  CHECK_STR(encoded(&w, got), STR("cannot be encoded"));
  CHECK_STR(encoded(&w, value_list(&w.s.arena, &got, 1)), STR("cannot be encoded"));
  session_release(&w.s);
}

TEST(derived_secrets_are_secret_when_known) {
  struct world w;
  world_init(&w);
  const struct expr *e =
      expr_parse(&w.s, STR("split(\" \", base64_decode(base64_encode(\"${_0}!\")))"), NULL);
  struct member m = {.key = session_sym(&w.s, STR("_0")), .value = secret(&w)};
  struct unknown *u = ARENA_NEW(&w.s.arena, struct unknown);
  *u = (struct unknown){
      .ukind = U_EXPR, .vkind = V_LIST, .sensitive = true, .expr = e, .bindings = &m, .n_bindings = 1};
  const struct value *v = value_of_unknown(&w.s, &w.s.arena, u, 0), *got;
  struct resolver r = {.user = &w, .secret = now_secret};
  w.secrets = true;
  CHECK(value_resolve(&w.s, &w.s.arena, v, &r, &got) == QN_OK);
  CHECK(value_is(got, V_LIST) && got->n == 3 && (got->flags & VF_HAS_SECRET) &&
        (got->items[2]->flags & VF_SECRET));
  CHECK_STR(value_text(got->items[2]), STR("env:TOKEN!"));
  session_release(&w.s);
}

/* Random trees of everything a value can be. */
static const struct value *random_value(struct world *w, unsigned *seed, int depth) {
  struct arena *a = &w->s.arena;
  *seed = *seed * 1103515245u + 12345u;
  unsigned pick = (*seed >> 16) % (depth > 0 ? 13 : 9), n = (*seed >> 24) % 4;
  static const char *const texts[] = {"", "$", "a", "${x}", "\xc3\xa9\n\"", "$map"};
  switch (pick) {
  case 0: return value_null();
  case 1: return value_bool(a, *seed >> 30 & 1);
  case 2: return value_int(a, (int64_t)*seed - 0x7fffffff);
  case 3: return value_dec(a, STR("-12.5"));
  case 4: return value_str(a, str_c(texts[(*seed >> 20) % 6]));
  case 5: return value_with_flags(a, value_str(a, STR("yes")), VF_PLAIN);
  case 6: return secret(w);
  case 7:
    return unknown(&w->s, str_c(attributes[(*seed >> 20) % 9].path), attributes[(*seed >> 20) % 9].vkind);
  case 8: return eval(w, programs[(*seed >> 18) % (sizeof programs / sizeof *programs)]);
  default: break;
  }
  const struct value *items[4];
  struct member m[4];
  for (unsigned i = 0; i < n; i++) {
    items[i] = random_value(w, seed, depth - 1);
    char key[8];
    int len = snprintf(key, sizeof key, "%sk%u", *seed >> 28 & 1 ? "$" : "", i);
    m[i] = (struct member){.key = session_sym(&w->s, (struct str){key, (size_t)len}), .value = items[i]};
  }
  return pick < 11 ? value_list(a, items, n) : value_map(a, m, n);
}

TEST(encoding_is_exactly_undone) {
  struct world w;
  world_init(&w);
  unsigned seed = 7;
  for (int i = 0; i < 2000; i++) {
    const struct value *v = random_value(&w, &seed, 4);
    CHECK(v != NULL && round_trip(&w, v) != NULL); /* round_trip compares the texts */
  }
  session_release(&w.s);
}

TEST(wrong_json_is_refused) {
  static const char *const wrong[] = {
      "{\"$unknown\":1}",
      "{\"$unknown\":{}}",
      "{\"$unknown\":{\"address\":\"a\",\"expr\":\"1\"}}",
      "{\"$unknown\":{\"expr\":\"1\"}}",
      "{\"$unknown\":{\"expr\":\"1 +\",\"bindings\":{}}}",
      "{\"$unknown\":{\"address\":\"a\",\"path\":1}}",
      "{\"$unknown\":{\"address\":\"a\",\"kind\":\"zebra\"}}",
      "{\"$secret\":1}",
      "{\"$other\":1}",
      "{\"$map\":[]}",
      "{\"$a\":1,\"b\":2}",
      "{\"$resource\":{}}",
      "{\"$plain\":1}",
      "{\"$unknown\":{\"address\":\"a\",\"origins\":[1]}}",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct world w;
    world_init(&w);
    const struct value *v;
    CHECK(value_decode(&w.s, &w.s.arena, json(&w.s, wrong[i]), &v) == QN_E_INVALID);
    session_release(&w.s);
  }
}

TEST(doublings_stay_small) {
  struct world w;
  world_init(&w);
  const struct value *v = eval(&w, "r.Id");
  const struct expr *e = expr_parse(&w.s, STR("\"${x}${x}\""), NULL);
  for (int i = 0; i < 20; i++) {
    struct member m = {.key = session_sym(&w.s, STR("x")), .value = v};
    struct unknown *u = ARENA_NEW(&w.s.arena, struct unknown);
    *u = (struct unknown){.ukind = U_EXPR, .vkind = V_STR, .expr = e, .bindings = &m, .n_bindings = 1};
    struct resolver r = {.user = &w, .attribute = now_known};
    struct member *copy = ARENA_NEW(&w.s.arena, struct member);
    *copy = m;
    u->bindings = copy;
    const struct value *got;
    CHECK(value_resolve(&w.s, &w.s.arena, value_of_unknown(&w.s, &w.s.arena, u, 0), &r, &got) == QN_OK);
    v = value_of_unknown(&w.s, &w.s.arena, u, 0);
  }
  CHECK(encoded(&w, v).n < 10000);
  w.known = true;
  struct resolver r = {.user = &w, .attribute = now_known};
  const struct value *got;
  CHECK(value_resolve(&w.s, &w.s.arena, v, &r, &got) == QN_OK && got->kind == V_STR);
  CHECK_INT(got->n, 4 << 20);
  session_release(&w.s);
}

TEST_MAIN(CASE(later_is_the_same_as_now), CASE(residuals_have_readable_json), CASE(secrets_stay_references),
          CASE(derived_secrets_are_secret_when_known), CASE(encoding_is_exactly_undone),
          CASE(wrong_json_is_refused), CASE(doublings_stay_small))
