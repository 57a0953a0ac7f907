#include "forms.h"

#include <arpa/inet.h>

#include "quoin/arena.h"

static bool digit(char c) {
  return c >= '0' && c <= '9';
}

static bool units(struct str t, const char *const *names, size_t n) {
  size_t i = 0, last = 0;
  while (i < t.n) {
    size_t from = i;
    while (i < t.n && digit(t.p[i])) i++;
    if (i == from || i - from > 12) return false;
    size_t unit = i;
    while (i < t.n && !digit(t.p[i])) i++;
    struct str u = str_sub(t, unit, i);
    size_t k = last;
    while (k < n && !str_eq(u, str_c(names[k]))) k++;
    if (k == n) return false;
    last = k + 1;
  }
  return t.n > 0;
}

const char *form_duration(struct arena *a, struct str t, struct str *fix) {
  static const char *const names[] = {"w", "d", "h", "m", "s", "ms"};
  int64_t n;
  if (units(t, names, sizeof names / sizeof *names)) return NULL;
  if (str_to_i64(t, &n) && n >= 0) *fix = str_fmt(a, "%llds", (long long)n);
  return "a duration is numbers with units, largest first: 500ms, 30s, 5m, 1h30m, 7d, 2w";
}

const char *form_size(struct arena *a, struct str t, struct str *fix) {
  static const char *const names[] = {"TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "KB", "B"};
  int64_t n;
  if (units(t, names, sizeof names / sizeof *names)) return NULL;
  if (str_to_i64(t, &n) && n >= 0) *fix = str_fmt(a, "%lldMiB", (long long)n);
  return "a size is a number with a unit: 512MiB, 10GiB, 1TiB (or KB, MB, GB, TB in powers of 1000)";
}

const char *form_hostname(struct arena *a, struct str t, struct str *fix) {
  struct str rest = t;
  size_t sep = str_find(t, STR("://"));
  if (sep != SIZE_MAX) {
    *fix = str_sub(t, sep + 3, t.n);
    str_cut(*fix, '/', fix);
    return "a hostname has no scheme or path";
  }
  if (str_ends(t, STR(".")) && t.n > 1) {
    *fix = str_dup(a, str_sub(t, 0, t.n - 1));
    return "a hostname does not end with a dot here";
  }
  if (!t.n || t.n > 253) return "a hostname has 1 to 253 characters";
  while (rest.p) {
    struct str label;
    rest = str_cut(rest, '.', &label);
    if (!label.n || label.n > 63) return "each part of a hostname has 1 to 63 characters";
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
      return "a part of a hostname cannot begin or end with -";
    for (size_t i = 0; i < label.n; i++) {
      char c = label.p[i];
      bool star = c == '*' && label.n == 1 && label.p == t.p;
      if (!digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_' && !star) {
        if (c >= 'A' && c <= 'Z') {
          *fix = str_lower(a, t);
          return "hostnames are written in lower case";
        }
        return "a hostname consists of a-z, 0-9, - and dots";
      }
    }
  }
  return NULL;
}

const char *form_cidr(struct arena *a, struct str t, struct str *fix) {
  static const char why[] = "a CIDR block is an address with a prefix length: 10.20.0.0/16";
  struct str ip, bits = str_cut(t, '/', &ip);
  unsigned char b[16];
  int64_t n = -1;
  if (ip.n > 45) return why;
  struct str z = str_dup(a, ip);
  int family = str_find_c(ip, ':') == SIZE_MAX ? AF_INET : AF_INET6;
  int size = family == AF_INET ? 32 : 128;
  if (inet_pton(family, z.p, b) != 1) return why;
  if (!bits.p) {
    *fix = str_fmt(a, "%.*s/%d", SV(ip), size);
    return "the prefix length is missing";
  }
  if (!str_to_i64(bits, &n) || n < 0 || n > size)
    return "the prefix length is 0 to 32 (IPv4) or 0 to 128 (IPv6)";
  bool host = false;
  for (int i = (int)n; i < size; i++) {
    unsigned char mask = (unsigned char)(0x80 >> (i % 8));
    host = host || (b[i / 8] & mask);
    b[i / 8] = (unsigned char)(b[i / 8] & ~mask);
  }
  char out[64];
  if (!host || !inet_ntop(family, b, out, sizeof out)) return NULL;
  *fix = str_fmt(a, "%s/%lld", out, (long long)n);
  return "bits are set behind the prefix";
}

const char *form_arn(struct arena *a, struct str t, struct str *fix) {
  (void)a;
  (void)fix;
  struct str rest = t, part;
  if (!str_starts(t, STR("arn:"))) return "an ARN begins with arn:";
  for (int i = 0; i < 5; i++) {
    rest = str_cut(rest, ':', &part);
    if (!rest.p) return "an ARN has six parts: arn:partition:service:region:account:resource";
    if ((i == 1 || i == 2) && !part.n) return "an ARN names its partition and service";
  }
  return rest.n ? NULL : "an ARN ends with the resource";
}

const char *form_range(struct arena *a, struct str t, struct str *fix, int64_t *min, int64_t *max) {
  size_t dots = str_find(t, STR(".."));
  int64_t one;
  if (dots == SIZE_MAX) {
    if (str_to_i64(t, &one)) *fix = str_fmt(a, "%lld..%lld", (long long)one, (long long)one);
    return "a range is min..max";
  }
  if (!str_to_i64(str_trim(str_sub(t, 0, dots)), min) ||
      !str_to_i64(str_trim(str_sub(t, dots + 2, t.n)), max))
    return "a range is two whole numbers: min..max";
  if (*min <= *max) return NULL;
  *fix = str_fmt(a, "%lld..%lld", (long long)*max, (long long)*min);
  return "the range is upside down";
}
