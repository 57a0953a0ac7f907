#include "unit.h"

#include <stdlib.h>

#include "quoin/value.h"

static struct session s;

static struct str rewritten(struct str text, int style) {
  const struct value *v;
  struct json_error err = {0, {NULL, 0}};
  if (json_parse(&s, &s.arena, text, &v, &err))
    return str_fmt(&s.arena, "%zu: %.*s", err.offset, SV(err.message));
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  if (json_write(&s, v, style, &b)) return STR("not written");
  struct str out = str_dup(&s.arena, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct {
  const char *text, *want; /* compact form, or "offset: message" */
} texts[] = {
    {"null", "null"},
    {" true ", "true"},
    {"[]", "[]"},
    {"{ }", "{}"},
    {"{\"b\":[1,{\"a\":null}],\"a\":\"x\"}", "{\"b\":[1,{\"a\":null}],\"a\":\"x\"}"},
    {"-0", "0"},
    {"-12", "-12"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775808", "9223372036854775808"},
    {"0.10000000000000000000001", "0.10000000000000000000001"},
    {"16.10", "16.1"},
    {"1.0", "1"},
    {"1.5e3", "1500"},
    {"-25e-3", "-0.025"},
    {"0.0e9", "0"},
    {"1e25", "10000000000000000000000000"},
    {"\"a\\u00e9\\ud83d\\ude00\\n\\\"\\\\\\/\"", "\"a\xc3\xa9\xf0\x9f\x98\x80\\n\\\"\\\\/\""},
    {"\"\\u0000x\"", "\"\\u0000x\""},
    {"\"\x7f\"", "\"\\u007f\""},
    {"", "0: a value wanted"},
    {"nul", "0: a value wanted"},
    {"truely", "4: text after the value"},
    {"1 2", "2: text after the value"},
    {"[1,]", "3: a value wanted"},
    {"[1 2]", "3: ',' or ']' wanted"},
    {"[1", "2: ',' or ']' wanted"},
    {"{\"a\":1,}", "7: a key in quotes wanted"},
    {"{\"a\" 1}", "5: ':' wanted"},
    {"{\"a\":1,\"a\":2}", "0: a key occurs twice in this object"},
    {"{a:1}", "1: a key in quotes wanted"},
    {"01", "0: wrong number"},
    {"1.", "0: wrong number"},
    {".5", "0: a value wanted"},
    {"-", "0: wrong number"},
    {"1e", "0: wrong number"},
    {"1e401", "0: number out of range"},
    {"1e99999999999999999999", "0: number out of range"},
    {"\"abc", "0: text ends inside a string"},
    {"\"abc\\", "0: text ends inside a string"},
    {"\"abc\\\"", "0: text ends inside a string"},
    {"\"a\\q\"", "2: unknown escape"},
    {"\"\\u12g4\"", "5: four hexadecimal digits wanted after \\u"},
    {"\"\\ud800\"", "1: first half of a surrogate pair without the second"},
    {"\"\\ud800\\u0041\"", "1: first half of a surrogate pair without the second"},
    {"\"\\udc00\"", "1: second half of a surrogate pair without the first"},
    {"\"a\nb\"", "2: control character in a string"},
    {"\"\xff\"", "1: not valid UTF-8"},
};

TEST(texts_come_back_or_are_refused) {
  session_init(&s, NULL);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    CHECK_STR(rewritten(str_c(texts[i].text), JSON_COMPACT), str_c(texts[i].want));
  session_release(&s);
}

TEST(styles) {
  session_init(&s, NULL);
  struct str t = STR("{\"b\":[],\"a\":[1,{\"z\":1,\"y\":2}]}");
  CHECK_STR(rewritten(t, JSON_SORTED), STR("{\"a\":[1,{\"y\":2,\"z\":1}],\"b\":[]}"));
  CHECK_STR(rewritten(STR("{\"b\":[],\"a\":[1]}"), JSON_PRETTY),
            STR("{\n  \"b\": [],\n  \"a\": [\n    1\n  ]\n}"));
  session_release(&s);
}

TEST(depth_is_capped) {
  session_init(&s, NULL);
  enum { DEEP = 100000 };
  char *t = malloc(DEEP);
  memset(t, '[', DEEP);
  CHECK_STR(rewritten((struct str){t, DEEP}, JSON_COMPACT), STR("256: nested deeper than 256 levels"));
  memset(t + 256, ']', 256);
  CHECK_INT(rewritten((struct str){t, 512}, JSON_COMPACT).n, 512);
  free(t);
  session_release(&s);
}

TEST(many_keys_are_checked_for_doubles) {
  session_init(&s, NULL);
  struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
  for (int i = 0; i < 1000; i++) buf_addf(&b, "%s\"k%d\":%d", i ? "," : "{", i, i);
  buf_addz(&b, "}");
  CHECK_STR(rewritten(buf_str(&b), JSON_COMPACT), buf_str(&b));
  b.p[b.n - 1] = ',';
  buf_addz(&b, "\"k500\":1}");
  CHECK_STR(rewritten(buf_str(&b), JSON_COMPACT), STR("0: a key occurs twice in this object"));
  buf_release(&b);
  session_release(&s);
}

TEST(secrets_are_not_written) {
  session_init(&s, NULL);
  const struct value *v = value_with_flags(&s.arena, value_str(&s.arena, STR("hush")), VF_SECRET);
  const struct value *list = value_list(&s.arena, &v, 1);
  struct buf b = BUF_INIT(100);
  CHECK_INT(json_write(&s, list, JSON_COMPACT, &b), QN_E_INVALID);
  buf_release(&b);
  session_release(&s);
}

TEST_MAIN(CASE(texts_come_back_or_are_refused), CASE(styles), CASE(depth_is_capped),
          CASE(many_keys_are_checked_for_doubles), CASE(secrets_are_not_written))
