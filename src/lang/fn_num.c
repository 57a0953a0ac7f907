/* Functions on numbers and durations. */
#include "fn.h"
#include "num.h"

static enum qn_err number(struct call *c, struct num v, const struct value **out) {
  *out = num_value(call_arena(c), v);
  return *out ? QN_OK : fn_fail(c, SIZE_MAX, "the result does not fit into 64 bits");
}

static enum qn_err arg_num(struct call *c, size_t i, struct num *out) {
  return num_of(c->args[i], out) ? QN_OK : fn_fail(c, i, "the number has too many digits to calculate with");
}

enum qn_err fn_abs(struct call *c, const struct value **out) {
  struct num v;
  enum qn_err err = arg_num(c, 0, &v);
  if (err) return err;
  if (v.m < 0) v.m = -v.m;
  return number(c, v, out);
}

static enum qn_err rounded(struct call *c, int places, enum num_round how, const struct value **out) {
  struct num v;
  enum qn_err err = arg_num(c, 0, &v);
  if (err) return err;
  if (!num_round(v, places, how, &v)) return fn_fail(c, SIZE_MAX, "places must be 0 to %d", NUM_QUOTIENT);
  return number(c, v, out);
}

enum qn_err fn_floor(struct call *c, const struct value **out) {
  return rounded(c, 0, NUM_FLOOR, out);
}
enum qn_err fn_ceil(struct call *c, const struct value **out) {
  return rounded(c, 0, NUM_CEIL, out);
}

enum qn_err fn_round(struct call *c, const struct value **out) {
  int64_t places = c->n > 1 ? arg_int(c, 1) : 0;
  if (places < 0 || places > NUM_QUOTIENT) return fn_fail(c, 1, "places must be 0 to %d", NUM_QUOTIENT);
  return rounded(c, (int)places, NUM_HALF_UP, out);
}

static enum qn_err extreme(struct call *c, int sign, const struct value **out) {
  struct num best = {0, 0};
  for (size_t i = 0; i < c->n; i++) {
    struct num v;
    enum qn_err err = arg_num(c, i, &v);
    if (err) return err;
    if (i > 0 && num_cmp(v, best) * sign <= 0) continue;
    best = v;
    *out = c->args[i];
  }
  return QN_OK;
}

enum qn_err fn_max(struct call *c, const struct value **out) {
  return extreme(c, 1, out);
}
enum qn_err fn_min(struct call *c, const struct value **out) {
  return extreme(c, -1, out);
}

enum qn_err fn_sum(struct call *c, const struct value **out) {
  struct num all = num_int(0), v;
  for (uint32_t i = 0; i < c->args[0]->n; i++) {
    const struct value *x = c->args[0]->items[i];
    if (!num_of(x, &v)) return fn_fail(c, 0, "element %u is %s, not a number", (unsigned)i, kind_words(x));
    if (!num_add(all, v, &all)) return fn_fail(c, 0, "the sum has too many digits");
  }
  return number(c, all, out);
}

enum qn_err fn_parse_int(struct call *c, const struct value **out) {
  struct str t = arg_str(c, 0);
  int64_t base = arg_int(c, 1), v = 0;
  if (base < 2 || base > 36) return fn_fail(c, 1, "the base must be 2 to 36");
  bool neg = t.n && t.p[0] == '-';
  if (t.n == (neg ? 1U : 0U)) return fn_fail(c, 0, "the text is not a number");
  for (size_t i = neg; i < t.n; i++) {
    char ch = t.p[i];
    int d = ch >= '0' && ch <= '9'                 ? ch - '0'
            : (ch | 32) >= 'a' && (ch | 32) <= 'z' ? (ch | 32) - 'a' + 10
                                                   : 99;
    if (d >= base) return fn_fail(c, 0, "the text is not a number of base %lld", (long long)base);
    if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, neg ? -d : d, &v))
      return fn_fail(c, 0, "the number does not fit into 64 bits");
  }
  *out = value_int(call_arena(c), v);
  return QN_OK;
}

/* `1h30m`, `500ms`, `1.5s`, `2d`, `1w` in milliseconds; units from large to small, each once. */
static bool duration_ms(struct str t, struct num *out) {
  static const struct {
    const char *unit;
    int64_t ms;
  } units[] = {{"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};
  static const int rank[] = {0, 1, 2, 5, 3, 4};
  struct num all = num_int(0);
  int last = -1;
  if (!t.n) return false;
  while (t.n) {
    size_t i = 0;
    while (i < t.n && ((t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '.')) i++;
    struct num v;
    if (!i || !num_parse(str_sub(t, 0, i), &v)) return false;
    t = str_sub(t, i, t.n);
    size_t u = 0, count = sizeof units / sizeof *units;
    while (u < count && !str_starts(t, str_c(units[u].unit))) u++;
    if (u == count || rank[u] <= last) return false;
    last = rank[u];
    t = str_sub(t, strlen(units[u].unit), t.n);
    if (!num_mul(v, num_int(units[u].ms), &v) || !num_add(all, v, &all)) return false;
  }
  *out = all;
  return true;
}

static enum qn_err duration(struct call *c, int64_t unit, const struct value **out) {
  struct num v;
  if (!duration_ms(arg_str(c, 0), &v))
    return fn_fail(c, 0, "not a duration; write 500ms, 30s, 5m, 1h30m, 2d or 1w");
  if (!num_div(v, num_int(unit), &v)) return fn_fail(c, 0, "the duration is too long");
  return number(c, v, out);
}

enum qn_err fn_milliseconds(struct call *c, const struct value **out) {
  return duration(c, 1, out);
}
enum qn_err fn_seconds(struct call *c, const struct value **out) {
  return duration(c, 1000, out);
}
enum qn_err fn_minutes(struct call *c, const struct value **out) {
  return duration(c, 60000, out);
}
enum qn_err fn_hours(struct call *c, const struct value **out) {
  return duration(c, 3600000, out);
}
