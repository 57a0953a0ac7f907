/* Unit tests: one program per file. TEST(name) {...} defines a test, CHECK and
 * CHECK_STR judge, TEST_MAIN(...) lists the tests. A program with no test fails.
 * Leaks are found by the sanitizer build. */
#ifndef QUOIN_TESTS_UNIT_H
#define QUOIN_TESTS_UNIT_H

#include <stdio.h>
#include <string.h>

#include "quoin/str.h"

struct unit_case {
  const char *name;
  void (*run)(void);
};
static int unit_failed; /* of the running test */

#define TEST(name) static void test_##name(void)
#define CASE(name)                                                                                           \
  { #name, test_##name }
#define CHECK(cond)                                                                                          \
  do {                                                                                                       \
    if (!(cond)) {                                                                                           \
      unit_failed++;                                                                                         \
      printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #cond);                                              \
    }                                                                                                        \
  } while (0)
/* The test failed: text says what was wanted. */
#define FAIL(text)                                                                                           \
  do {                                                                                                       \
    unit_failed++;                                                                                           \
    printf("%s:%d: failed: %s\n", __FILE__, __LINE__, text);                                                 \
  } while (0)
#define CHECK_INT(a, b)                                                                                      \
  do {                                                                                                       \
    long long unit_a_ = (long long)(a), unit_b_ = (long long)(b);                                            \
    if (unit_a_ != unit_b_) {                                                                                \
      unit_failed++;                                                                                         \
      printf("%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #a, unit_a_, unit_b_);                     \
    }                                                                                                        \
  } while (0)
#define CHECK_STR(a, b)                                                                                      \
  do {                                                                                                       \
    struct str unit_a_ = (a), unit_b_ = (b);                                                                 \
    if (!str_eq(unit_a_, unit_b_)) {                                                                         \
      unit_failed++;                                                                                         \
      printf("%s:%d: %s is\n%.*s\nnot\n%.*s\n", __FILE__, __LINE__, #a, SV(unit_a_), SV(unit_b_));           \
    }                                                                                                        \
  } while (0)

/* Each test prints a line `ok NAME` or `FAILED NAME`; run.sh counts them. */
#define TEST_MAIN(...)                                                                                       \
  int main(int argc, char **argv) {                                                                          \
    static const struct unit_case cases[] = {__VA_ARGS__};                                                   \
    int failed = 0;                                                                                          \
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {                                              \
      if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;                                         \
      unit_failed = 0;                                                                                       \
      cases[i].run();                                                                                        \
      printf("%s %s\n", unit_failed ? "FAILED" : "ok", cases[i].name);                                       \
      fflush(stdout);                                                                                        \
      failed += unit_failed != 0;                                                                            \
    }                                                                                                        \
    return failed != 0;                                                                                      \
  }

#endif
