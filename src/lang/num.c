#include "num.h"

#include "quoin/arena.h"

static num_wide power(int n) {
  num_wide v = 1;
  while (n-- > 0) v *= 10;
  return v;
}

static num_wide limit(void) {
  return power(NUM_DIGITS);
}

static bool settle(struct num *v) {
  while (v->scale > 0 && v->m % 10 == 0) {
    v->m /= 10;
    v->scale--;
  }
  return v->scale <= NUM_DIGITS && v->m < limit() && v->m > -limit();
}

struct num num_int(int64_t i) {
  return (struct num){i, 0};
}

bool num_parse(struct str t, struct num *out) {
  struct num v = {0, 0};
  size_t i = 0, digits = 0;
  bool neg = t.n && t.p[0] == '-', point = false;
  if (neg) i++;
  for (; i < t.n && (t.p[i] == '.' || (t.p[i] >= '0' && t.p[i] <= '9')); i++) {
    if (t.p[i] == '.') {
      if (point || !digits) return false;
      point = true;
      continue;
    }
    if (v.m >= limit() || v.scale > 2 * NUM_DIGITS) return false;
    v.m = v.m * 10 + (t.p[i] - '0');
    digits++;
    v.scale += point;
  }
  if (!digits || (point && t.p[i - 1] == '.')) return false;
  int64_t exponent = 0;
  if (i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
    struct str rest = str_sub(t, i + 1, t.n);
    if (rest.n && rest.p[0] == '+') rest = str_sub(rest, 1, rest.n);
    if (!str_to_i64(rest, &exponent) || exponent > NUM_DIGITS || exponent < -NUM_DIGITS) return false;
    i = t.n;
  }
  if (i != t.n) return false;
  for (; exponent > 0; exponent--) {
    if (v.scale > 0)
      v.scale--;
    else if (v.m < limit())
      v.m *= 10;
    else
      return false;
  }
  v.scale += (int)-exponent;
  if (neg) v.m = -v.m;
  if (!settle(&v)) return false;
  *out = v;
  return true;
}

bool num_of(const struct value *v, struct num *out) {
  if (value_is(v, V_INT)) {
    *out = num_int(v->i);
    return true;
  }
  if (value_is(v, V_DEC) || (value_is(v, V_STR) && (v->flags & VF_PLAIN)))
    return num_parse(value_text(v), out);
  return false;
}

const struct value *num_value(struct arena *a, struct num v) {
  if (v.scale == 0) return v.m > INT64_MAX || v.m < INT64_MIN ? NULL : value_int(a, (int64_t)v.m);
  char text[NUM_DIGITS * 2 + 8];
  size_t at = sizeof text;
  num_wide m = v.m < 0 ? -v.m : v.m;
  for (int i = 0; m > 0 || i <= v.scale; i++) {
    if (i == v.scale) text[--at] = '.';
    text[--at] = (char)('0' + (int)(m % 10));
    m /= 10;
  }
  if (v.m < 0) text[--at] = '-';
  return value_dec(a, (struct str){text + at, sizeof text - at});
}

/* Both to one scale; false if that takes too many digits. */
static bool align(struct num *a, struct num *b) {
  while (a->scale < b->scale) {
    if (a->m >= limit() || a->m <= -limit()) return false;
    a->m *= 10;
    a->scale++;
  }
  while (b->scale < a->scale) {
    if (b->m >= limit() || b->m <= -limit()) return false;
    b->m *= 10;
    b->scale++;
  }
  return true;
}

bool num_add(struct num a, struct num b, struct num *out) {
  if (!align(&a, &b)) return false;
  struct num v = {a.m + b.m, a.scale};
  if (!settle(&v)) return false;
  *out = v;
  return true;
}

bool num_sub(struct num a, struct num b, struct num *out) {
  b.m = -b.m;
  return num_add(a, b, out);
}

bool num_mul(struct num a, struct num b, struct num *out) {
  struct num v = {0, a.scale + b.scale};
  if (__builtin_mul_overflow(a.m, b.m, &v.m) || !settle(&v)) return false;
  *out = v;
  return true;
}

/* Rounds m / d half to even. */
static num_wide divide_even(num_wide m, num_wide d) {
  num_wide q = m / d, r = m % d;
  num_wide twice = (r < 0 ? -r : r) * 2, size = d < 0 ? -d : d;
  bool up = twice > size || (twice == size && q % 2 != 0);
  if (!up) return q;
  return (m < 0) == (d < 0) ? q + 1 : q - 1;
}

bool num_div(struct num a, struct num b, struct num *out) {
  if (b.m == 0 || !align(&a, &b)) return false;
  struct num v = {a.m, 0};
  while (v.scale < NUM_QUOTIENT && v.m % b.m != 0) {
    num_wide more;
    if (__builtin_mul_overflow(v.m, (num_wide)10, &more)) break;
    v.m = more;
    v.scale++;
  }
  v.m = divide_even(v.m, b.m);
  if (!settle(&v)) return false;
  *out = v;
  return true;
}

bool num_mod(struct num a, struct num b, struct num *out) {
  if (b.m == 0 || !align(&a, &b)) return false;
  struct num v = {a.m % b.m, a.scale};
  if (v.m != 0 && (v.m < 0) != (b.m < 0)) v.m += b.m;
  if (!settle(&v)) return false;
  *out = v;
  return true;
}

int num_cmp(struct num a, struct num b) {
  if ((a.m < 0) != (b.m < 0)) return a.m < b.m ? -1 : 1;
  if (!align(&a, &b)) { /* one has many places, the other is huge: compare the whole parts */
    num_wide x = a.m / power(a.scale), y = b.m / power(b.scale);
    return (x > y) - (x < y);
  }
  return (a.m > b.m) - (a.m < b.m);
}

bool num_round(struct num v, int places, enum num_round how, struct num *out) {
  if (places < 0 || places > NUM_QUOTIENT) return false;
  if (v.scale > places) {
    num_wide unit = power(v.scale - places), q = v.m / unit, r = v.m % unit;
    if (how == NUM_FLOOR && r < 0) q--;
    if (how == NUM_CEIL && r > 0) q++;
    if (how == NUM_HALF_UP && (r < 0 ? -r : r) * 2 >= unit) q += v.m < 0 ? -1 : 1;
    v = (struct num){q, places};
  }
  if (!settle(&v)) return false;
  *out = v;
  return true;
}
