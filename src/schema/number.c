/* Decimal numbers as text: exact at any size. */
#include "check.h"

static bool digit(char c) {
  return c >= '0' && c <= '9';
}

bool number_is_plain(struct str t) {
  size_t i = 0;
  if (i < t.n && t.p[i] == '-') i++;
  size_t first = i;
  while (i < t.n && digit(t.p[i])) i++;
  if (i == first || (t.p[first] == '0' && i - first > 1)) return false;
  if (i == t.n) return true;
  if (t.p[i] != '.') return false;
  first = ++i;
  while (i < t.n && digit(t.p[i])) i++;
  return i == t.n && i > first;
}

struct str number_canonical(struct str t) {
  if (str_find_c(t, '.') != SIZE_MAX) {
    while (t.n && t.p[t.n - 1] == '0') t.n--;
    if (t.n && t.p[t.n - 1] == '.') t.n--;
  }
  return str_eq(t, STR("-0")) ? STR("0") : t;
}

/* Magnitudes without sign. */
static int cmp_magnitude(struct str a, struct str b) {
  struct str a_int, b_int;
  struct str a_frac = str_cut(a, '.', &a_int), b_frac = str_cut(b, '.', &b_int);
  while (a_int.n > 1 && a_int.p[0] == '0') a_int = str_sub(a_int, 1, a_int.n);
  while (b_int.n > 1 && b_int.p[0] == '0') b_int = str_sub(b_int, 1, b_int.n);
  if (a_int.n != b_int.n) return a_int.n < b_int.n ? -1 : 1;
  int c = str_cmp(a_int, b_int);
  if (c) return c;
  size_t n = a_frac.n > b_frac.n ? a_frac.n : b_frac.n;
  for (size_t i = 0; i < n; i++) {
    char x = i < a_frac.n ? a_frac.p[i] : '0', y = i < b_frac.n ? b_frac.p[i] : '0';
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

int number_cmp(struct str a, struct str b) {
  a = number_canonical(a);
  b = number_canonical(b);
  bool a_neg = str_starts(a, STR("-")), b_neg = str_starts(b, STR("-"));
  if (a_neg != b_neg) return a_neg ? -1 : 1;
  return a_neg ? cmp_magnitude(str_sub(b, 1, b.n), str_sub(a, 1, a.n)) : cmp_magnitude(a, b);
}
