#include "quoin/str.h"

#include <stdarg.h>
#include <stdio.h>

#include "quoin/arena.h"

struct str str_c(const char *z) {
  return z ? (struct str){z, strlen(z)} : (struct str){NULL, 0};
}

bool str_eq(struct str a, struct str b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower_c(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++)
    if (lower_c(a.p[i]) != lower_c(b.p[i])) return false;
  return true;
}

int str_cmp(struct str a, struct str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int c = n ? memcmp(a.p, b.p, n) : 0;
  if (c) return c < 0 ? -1 : 1;
  return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

bool str_search(const void *names, size_t n, str_at_fn *at, struct str name, size_t *place) {
  size_t lo = 0, hi = n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (str_cmp(at(names, mid), name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  *place = lo;
  return lo < n && str_cmp(at(names, lo), name) == 0;
}

bool str_starts(struct str s, struct str prefix) {
  return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

bool str_ends(struct str s, struct str suffix) {
  return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

struct str str_sub(struct str s, size_t from, size_t to) {
  if (to > s.n) to = s.n;
  if (from > to) from = to;
  return (struct str){s.p ? s.p + from : NULL, to - from};
}

static bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s) {
  while (s.n && blank(s.p[0])) s = str_sub(s, 1, s.n);
  while (s.n && blank(s.p[s.n - 1])) s.n--;
  return s;
}

size_t str_find(struct str s, struct str needle) {
  if (needle.n == 0) return 0;
  for (size_t i = 0; i + needle.n <= s.n; i++) {
    const char *hit = memchr(s.p + i, needle.p[0], s.n - needle.n - i + 1);
    if (!hit) return SIZE_MAX;
    i = (size_t)(hit - s.p);
    if (memcmp(hit, needle.p, needle.n) == 0) return i;
  }
  return SIZE_MAX;
}

size_t str_find_c(struct str s, char c) {
  const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
  return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

struct str str_cut(struct str s, char c, struct str *head) {
  size_t i = str_find_c(s, c);
  if (i == SIZE_MAX) {
    *head = s;
    return (struct str){NULL, 0};
  }
  *head = str_sub(s, 0, i);
  return str_sub(s, i + 1, s.n);
}

bool str_to_i64(struct str s, int64_t *out) {
  bool neg = s.n && s.p[0] == '-';
  size_t i = neg ? 1 : 0;
  if (i == s.n) return false;
  uint64_t v = 0, max = neg ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  for (; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return false;
    uint64_t d = (uint64_t)(s.p[i] - '0');
    if (v > (max - d) / 10) return false;
    v = v * 10 + d;
  }
  *out = neg ? (int64_t)(0 - v) : (int64_t)v;
  return true;
}

uint64_t str_hash(struct str s, uint64_t seed) {
  uint64_t h = seed ^ 14695981039346656037ULL;
  for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 1099511628211ULL;
  h ^= h >> 32;
  return h * 0x9e3779b97f4a7c15ULL;
}

struct str str_dup(struct arena *a, struct str s) {
  char *p = arena_alloc(a, s.n + 1);
  if (s.n) memcpy(p, s.p, s.n);
  return (struct str){p, s.n};
}

struct str str_vfmt(struct arena *a, const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  struct str out = {"", 0};
  if (n > 0) {
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    out = (struct str){p, (size_t)n};
  }
  va_end(again);
  return out;
}

struct str str_fmt(struct arena *a, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  struct str out = str_vfmt(a, fmt, ap);
  va_end(ap);
  return out;
}

struct str str_lower(struct arena *a, struct str s) {
  char *p = arena_alloc(a, s.n + 1);
  for (size_t i = 0; i < s.n; i++) p[i] = lower_c(s.p[i]);
  return (struct str){p, s.n};
}

#define DIST_MAX 64
size_t str_distance(struct str a, struct str b, size_t cap) {
  if (a.n > DIST_MAX || b.n > DIST_MAX) return str_eq(a, b) ? 0 : cap + 1;
  size_t row[3][DIST_MAX + 1];
  for (size_t j = 0; j <= b.n; j++) row[0][j] = j;
  for (size_t i = 1; i <= a.n; i++) {
    size_t *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];
    cur[0] = i;
    for (size_t j = 1; j <= b.n; j++) {
      bool same = lower_c(a.p[i - 1]) == lower_c(b.p[j - 1]);
      size_t best = prev[j - 1] + (same ? 0 : 1);
      if (prev[j] + 1 < best) best = prev[j] + 1;
      if (cur[j - 1] + 1 < best) best = cur[j - 1] + 1;
      if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && prev2[j - 2] + 1 < best)
        best = prev2[j - 2] + 1;
      cur[j] = best;
    }
  }
  size_t d = row[a.n % 3][b.n];
  return d > cap ? cap + 1 : d;
}
