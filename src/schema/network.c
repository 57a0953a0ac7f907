/* Networks and times as text. */
#include <arpa/inet.h>

#include "check.h"

static bool parse_prefix(struct str t, unsigned most, unsigned *out) {
  int64_t n;
  if (t.n == 0 || t.n > 3 || (t.n > 1 && t.p[0] == '0') || !str_to_i64(t, &n) || n < 0 || n > (int64_t)most)
    return false;
  *out = (unsigned)n;
  return true;
}

bool network_parse(struct arena *a, struct str text, bool v6, struct str *canonical) {
  struct str address;
  struct str prefix = str_cut(text, '/', &address);
  unsigned bits;
  char z[64];
  if (address.n >= sizeof z || address.n == 0 || !parse_prefix(prefix, v6 ? 128 : 32, &bits)) return false;
  memcpy(z, address.p, address.n);
  z[address.n] = '\0';
  unsigned char bytes[16];
  int family = v6 ? AF_INET6 : AF_INET;
  if (strlen(z) != address.n || inet_pton(family, z, bytes) != 1) return false;
  bool changed = false;
  for (unsigned i = bits; i < (v6 ? 128u : 32u); i++) {
    unsigned char mask = (unsigned char)(0x80u >> (i % 8));
    changed = changed || (bytes[i / 8] & mask);
    bytes[i / 8] = (unsigned char)(bytes[i / 8] & ~mask);
  }
  *canonical = text;
  if (changed && inet_ntop(family, bytes, z, sizeof z)) *canonical = str_fmt(a, "%s/%u", z, bits);
  return true;
}

/* Two digits within least..most at `at`. */
static bool two(struct str t, size_t at, int least, int most) {
  if (at + 2 > t.n || t.p[at] < '0' || t.p[at] > '9' || t.p[at + 1] < '0' || t.p[at + 1] > '9') return false;
  int n = (t.p[at] - '0') * 10 + (t.p[at + 1] - '0');
  return n >= least && n <= most;
}

/* RFC 3339, section 5.6; the zone may be missing, as AWS's schemas use it. */
bool date_time_ok(struct str t) {
  if (t.n < 19 || !two(t, 0, 0, 99) || !two(t, 2, 0, 99) || t.p[4] != '-' || !two(t, 5, 1, 12) ||
      t.p[7] != '-')
    return false;
  if (!two(t, 8, 1, 31) || (t.p[10] != 'T' && t.p[10] != 't' && t.p[10] != ' ')) return false;
  if (!two(t, 11, 0, 23) || t.p[13] != ':' || !two(t, 14, 0, 59) || t.p[16] != ':' || !two(t, 17, 0, 60))
    return false;
  size_t i = 19;
  if (i < t.n && t.p[i] == '.') {
    size_t first = ++i;
    while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') i++;
    if (i == first) return false;
  }
  if (i == t.n) return true;
  if (t.p[i] == 'Z' || t.p[i] == 'z') return i + 1 == t.n;
  return (t.p[i] == '+' || t.p[i] == '-') && i + 6 == t.n && two(t, i + 1, 0, 23) && t.p[i + 3] == ':' &&
         two(t, i + 4, 0, 59);
}
