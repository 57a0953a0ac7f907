#include "unit.h"

#include "quoin/regex.h"

static struct arena a;

static struct regex *make(struct str pattern) {
  struct regex *r = NULL;
  struct str message = {NULL, 0};
  size_t at = 0;
  enum qn_err e = regex_new(&a, pattern, &r, &message, &at);
  CHECK_INT(e, QN_OK);
  return r;
}

static enum qn_err matches(const char *pattern, const char *text) {
  struct regex *r = make(str_c(pattern));
  enum qn_err e = regex_match(r, str_c(text), 0, NULL, 0, NULL);
  regex_free(r);
  return e;
}

static const struct {
  const char *pattern, *text;
  enum qn_err want;
} matching[] = {
    {"^vpc-[0-9a-f]+$", "vpc-0123", QN_OK},
    {"^vpc-[0-9a-f]+$", "subnet-0123", QN_E_NOTFOUND},
    {"b+", "aabb", QN_OK},
    {"", "", QN_OK},
    {"^[\\u0020-\\u00FF]+$", "\xc3\xa9t\xc3\xa9", QN_OK}, /* JavaScript's escapes */
    {"^[\\u0020-\\uD7FF\\uE000-\\uFFFD]*$", "x", QN_OK},
    {"^[\\uD800-\\uDFFF]$", "x", QN_E_NOTFOUND}, /* surrogates are allowed and match nothing */
    {"^\\p{L}+$", "\xd0\x9c\xd0\xb8\xd1\x80", QN_OK},
    {"^.$", "\xf0\x9f\x98\x80", QN_OK}, /* one code point */
    {"^a$", "a\n", QN_E_NOTFOUND},      /* the end is the end */
    {"^a$", "\xff", QN_E_NOTFOUND},     /* not UTF-8 */
    {"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", QN_E_LIMIT},
};

TEST(matches_as_the_schemas_mean) {
  arena_init(&a);
  for (size_t i = 0; i < sizeof matching / sizeof *matching; i++)
    CHECK_INT(matches(matching[i].pattern, matching[i].text), matching[i].want);
  arena_release(&a);
}

TEST(gives_groups_by_place_and_name) {
  arena_init(&a);
  struct regex *r = make(STR("(?<from>\\d+)(x)?-(?<to>\\d+)"));
  struct regex_group g[4];
  size_t n = 0;
  CHECK_INT(regex_match(r, STR("ports 80-443"), 0, g, 4, &n), QN_OK);
  CHECK_INT(n, 4);
  CHECK(g[0].start == 6 && g[0].end == 12 && g[1].start == 6 && g[1].end == 8);
  CHECK(!g[2].set && g[3].set && g[3].start == 9);
  CHECK_STR(regex_group_name(r, 1), STR("from"));
  CHECK_STR(regex_group_name(r, 2), STR(""));
  CHECK_STR(regex_group_name(r, 3), STR("to"));
  CHECK_INT(regex_match(r, STR("ports 80-443"), 12, g, 4, &n), QN_E_NOTFOUND);
  CHECK_INT(regex_match(r, STR("x"), 2, g, 4, &n), QN_E_NOTFOUND);
  regex_free(r);
  arena_release(&a);
}

TEST(says_where_a_pattern_is_wrong) {
  arena_init(&a);
  struct regex *r = NULL;
  struct str message = {NULL, 0};
  size_t at = 0;
  CHECK_INT(regex_new(&a, STR("ab[c"), &r, &message, &at), QN_E_INVALID);
  CHECK(r == NULL);
  CHECK_INT(at, 4);
  CHECK_STR(message, STR("missing terminating ] for character class"));
  CHECK_INT(regex_new(&a, STR("a\0b"), &r, &message, &at), QN_OK);
  CHECK_INT(regex_match(r, STR("xa\0b"), 0, NULL, 0, NULL), QN_OK);
  regex_free(r);
  arena_release(&a);
}

TEST_MAIN(CASE(matches_as_the_schemas_mean), CASE(gives_groups_by_place_and_name),
          CASE(says_where_a_pattern_is_wrong))
