#include "quoin/str.h"

/* Length of the valid sequence at p (n bytes left), 0 if invalid; *cp is the code point. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *cp) {
  unsigned char c = p[0];
  if (c < 0x80) {
    *cp = c;
    return 1;
  }
  size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || len > n) return 0;
  uint32_t v = c & (0xffU >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    v = v << 6 | (p[i] & 0x3fU);
  }
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return 0;
  *cp = v;
  return len;
}

bool str_utf8_ok(struct str s, size_t *bad) {
  for (size_t i = 0; i < s.n;) {
    uint32_t cp;
    uint64_t eight; /* ASCII, which is nearly everything, eight bytes at a time */
    if (s.n - i >= sizeof eight) {
      memcpy(&eight, s.p + i, sizeof eight);
      if (!(eight & 0x8080808080808080U)) {
        i += sizeof eight;
        continue;
      }
    }
    size_t k = decode((const unsigned char *)s.p + i, s.n - i, &cp);
    if (!k) {
      if (bad) *bad = i;
      return false;
    }
    i += k;
  }
  return true;
}

size_t str_utf8_len(struct str s) {
  size_t n = 0;
  for (size_t i = 0; i < s.n; i++)
    if (((unsigned char)s.p[i] & 0xc0) != 0x80) n++;
  return n;
}

/* Ranges of Unicode's EastAsianWidth W and F that occur in practice, and of combining marks. */
static size_t columns_of(uint32_t cp) {
  static const struct {
    uint32_t from, to;
    size_t columns;
  } ranges[] = {
      {0x0300, 0x036f, 0},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0xfe00, 0xfe0f, 0},
      {0x1100, 0x115f, 2},   {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
      {0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},
      {0x1f300, 0x1f64f, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
  };
  if (cp < 0x300) return cp < 0x20 || cp == 0x7f ? 0 : 1;
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (cp >= ranges[i].from && cp <= ranges[i].to) return ranges[i].columns;
  return 1;
}

size_t str_columns_cut(struct str s, size_t most) {
  size_t columns = 0, i = 0;
  while (i < s.n) {
    uint32_t cp;
    size_t k = decode((const unsigned char *)s.p + i, s.n - i, &cp);
    columns += k ? columns_of(cp) : 1;
    if (columns > most) break;
    i += k ? k : 1;
  }
  return i;
}

size_t str_columns(struct str s) {
  size_t columns = 0;
  for (size_t i = 0; i < s.n;) {
    uint32_t cp;
    size_t k = decode((const unsigned char *)s.p + i, s.n - i, &cp);
    columns += k ? columns_of(cp) : 1;
    i += k ? k : 1;
  }
  return columns;
}
