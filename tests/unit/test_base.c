#include "unit.h"

#include "quoin/value.h"
#include "quoin/vec.h"

TEST(numbers_parse_strictly) {
  int64_t v = 0;
  CHECK(str_to_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
  CHECK(str_to_i64(STR("9223372036854775807"), &v) && v == INT64_MAX);
  CHECK(!str_to_i64(STR("9223372036854775808"), &v));
  CHECK(!str_to_i64(STR("1 "), &v) && !str_to_i64(STR("-"), &v) && !str_to_i64(STR(""), &v));
}

TEST(utf8_is_checked) {
  size_t bad = 0;
  CHECK(str_utf8_ok(STR("a\xc3\xa9\xf0\x9f\x98\x80"), &bad));
  CHECK(!str_utf8_ok(STR("ab\xc0\x80"), &bad));
  CHECK_INT(bad, 2);
  CHECK(!str_utf8_ok(STR("\xed\xa0\x80"), &bad));
  CHECK_INT(str_columns(STR("a\xe6\x97\xa5")), 3);
}

TEST(distance_finds_the_nearest_name) {
  struct str names[] = {STR("CidrBlock"), STR("Tags"), STR("InstanceTenancy")};
  CHECK_STR(diag_nearest(STR("CidrBlok"), names, 3), STR("CidrBlock"));
  CHECK_STR(diag_nearest(STR("Zebra"), names, 3), STR(""));
}

TEST(interned_texts_are_equal_by_id) {
  struct session s;
  session_init(&s, NULL);
  sym ids[2000];
  char name[32];
  for (int i = 0; i < 2000; i++) {
    int n = snprintf(name, sizeof name, "name%d", i);
    ids[i] = session_sym(&s, (struct str){name, (size_t)n});
  }
  CHECK(session_sym(&s, STR("name1999")) == ids[1999]);
  CHECK_STR(session_str(&s, ids[7]), STR("name7"));
  CHECK_INT(intern_find(s.names, STR("never seen")), 0);
  session_release(&s);
}

static int by_int(const void *a, const void *b, void *user) {
  (void)user;
  return *(const int *)a / 10 - *(const int *)b / 10;
}

TEST(sort_is_stable) {
  struct arena a;
  arena_init(&a);
  int v[] = {31, 12, 35, 11, 33, 20, 10};
  sort_stable(&a, v, 7, sizeof *v, by_int, NULL);
  int want[] = {12, 11, 10, 20, 31, 35, 33};
  CHECK(memcmp(v, want, sizeof v) == 0);
  arena_release(&a);
}

TEST(room_for_many_is_made_once) {
  struct arena a;
  struct map m = {0};
  VEC(uint32_t) v = {0};
  arena_init(&a);
  VEC_PUSH(&a, &v, 7);
  VEC_RESERVE(&a, &v, 1000);
  map_put(&a, &m, STR("first"), 7);
  map_reserve(&a, &m, 1000);
  size_t used = a.used;
  for (uint32_t i = 1; i < 1000; i++) {
    static char keys[1000][8];
    snprintf(keys[i], sizeof keys[i], "k%u", i);
    VEC_PUSH(&a, &v, i);
    CHECK(map_put(&a, &m, str_c(keys[i]), i));
  }
  CHECK_INT(a.used, used);
  CHECK_INT(v.v[0], 7);
  CHECK_INT(v.v[999], 999);
  CHECK(map_get(&m, STR("first")) && *map_get(&m, STR("first")) == 7);
  CHECK(map_get(&m, STR("k999")) && *map_get(&m, STR("k999")) == 999);
  VEC_RESERVE(&a, &v, 1001); /* by one: still doubles */
  CHECK_INT(v.cap, 2000);
  arena_release(&a);
}

TEST(values_compare_without_regard_to_key_order) {
  struct session s;
  session_init(&s, NULL);
  struct arena *a = &s.arena;
  sym k1 = session_sym(&s, STR("a")), k2 = session_sym(&s, STR("b"));
  struct member m1[] = {{.key = k1, .value = value_int(a, 1)}, {.key = k2, .value = value_str(a, STR("x"))}};
  struct member m2[] = {m1[1], m1[0]};
  const struct value *x = value_map(a, m1, 2), *y = value_map(a, m2, 2);
  CHECK(value_eq(&s, x, y));
  CHECK(!value_eq(&s, x, value_put(a, y, k1, value_int(a, 2))));
  CHECK_INT(value_put(a, y, k1, NULL)->n, 1);
  session_release(&s);
}

TEST(origins_are_sets) {
  struct session s;
  session_init(&s, NULL);
  uint32_t ab = origins_add(&s, origins_add(&s, 0, 5), 9), ba = origins_add(&s, origins_add(&s, 0, 9), 5);
  CHECK_INT(ab, ba);
  size_t n = 0;
  origins_list(&s, origins_union(&s, ab, ba), &n);
  CHECK_INT(n, 2);
  session_release(&s);
}

TEST(diagnostics_underline_the_place) {
  struct session s;
  session_init(&s, NULL);
  uint32_t f = srcmap_add(s.sources, STR("quoin.yaml"), STR("a: 1\nvpc:\n  CidrBlok: 10.0.0.0/16\n"));
  struct diag *g =
      diag_add(&s.diags, QN0001, (struct span){f, 12, 20}, "unknown property \"%s\"", "CidrBlok");
  diag_help(&s.diags, g, "did you mean \"CidrBlock\"?");
  diag_note(&s.diags, g, (struct span){f, 5, 8}, "of this resource");
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  diags_render_text(&s.diags, s.sources, &out, false, 20);
  CHECK_STR(buf_str(&out), STR("error[QN0001]: unknown property \"CidrBlok\"\n"
                               "  --> quoin.yaml:3:3\n"
                               "   |\n"
                               " 3 |   CidrBlok: 10.0.0.0/16\n"
                               "   |   ^^^^^^^^\n"
                               "   = note: of this resource, at quoin.yaml:2:1\n"
                               "   |\n"
                               " 2 | vpc:\n"
                               "   | ^^^\n"
                               "   = help: did you mean \"CidrBlock\"?\n"));
  buf_release(&out);
  session_release(&s);
}

static struct str name_at(const void *names, size_t i) {
  return str_c(((const char *const *)names)[i]);
}

TEST(searches_in_names) {
  static const char *const names[] = {"a", "b", "b", "ba", "d"};
  static const struct {
    const char *name;
    size_t place;
    bool found;
  } rows[] = {{"", 0, false},  {"a", 0, true}, {"b", 1, true}, {"ba", 3, true},
              {"c", 4, false}, {"d", 4, true}, {"e", 5, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t place = 99;
    CHECK_INT(str_search(names, 5, name_at, str_c(rows[i].name), &place), rows[i].found);
    CHECK_INT(place, rows[i].place);
  }
  size_t place = 99;
  CHECK(!str_search(names, 0, name_at, STR("a"), &place) && place == 0);
}

TEST_MAIN(CASE(searches_in_names), CASE(numbers_parse_strictly), CASE(utf8_is_checked),
          CASE(distance_finds_the_nearest_name), CASE(interned_texts_are_equal_by_id), CASE(sort_is_stable),
          CASE(room_for_many_is_made_once), CASE(values_compare_without_regard_to_key_order),
          CASE(origins_are_sets), CASE(diagnostics_underline_the_place))
