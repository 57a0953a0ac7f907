/* Timestamps and numbers between their texts on the wire and values. */
#include "quoin/value.h"
#include "wire_int.h"

#define NANOS 1000000000U
/* The years that four digits can say. */
#define YEAR_0000 INT64_C(-62167219200)
#define YEAR_9999 INT64_C(253402300799)

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01, a Thursday */

/* Days since 1970-01-01 of a proleptic Gregorian date. The year begins in March here, so that the leap day is
 * last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  int64_t y = month <= 2 ? year - 1 : year, m = month > 2 ? month - 3 : month + 9;
  int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
  int64_t in_year = (153 * m + 2) / 5 + day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

struct date {
  int64_t year, month, day, hour, minute, second, days;
};

static struct date date_of(int64_t seconds) {
  struct date d = {0};
  int64_t rest = seconds % 86400;
  if (rest < 0) rest += 86400;
  d.days = (seconds - rest) / 86400;
  int64_t z = d.days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, in_era = z - era * 146097;
  int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;
  d.day = in_year - (153 * m + 2) / 5 + 1;
  d.month = m < 10 ? m + 3 : m - 9;
  d.year = y + era * 400 + (d.month <= 2);
  d.hour = rest / 3600;
  d.minute = rest / 60 % 60;
  d.second = rest % 60;
  return d;
}

/* ---- reading */

struct scan {
  const char *p, *end;
  bool bad;
};

static bool accept(struct scan *s, char c) {
  if (s->p == s->end || *s->p != c) return false;
  s->p++;
  return true;
}

static bool at_digit(const struct scan *s) {
  return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static int64_t number(struct scan *s, int least, int most) {
  int64_t v = 0;
  int n = 0;
  for (; n < most && at_digit(s); n++) v = v * 10 + (*s->p++ - '0');
  if (n < least) s->bad = true;
  return v;
}

static uint32_t fraction(struct scan *s) {
  uint32_t nanos = 0, unit = NANOS / 10;
  if (!at_digit(s)) s->bad = true;
  for (; at_digit(s); s->p++, unit /= 10) nanos += (uint32_t)(*s->p - '0') * unit;
  return nanos;
}

/* Z, GMT, UTC, +hh:mm, -hhmm or nothing: seconds east of Greenwich. */
static int64_t zone(struct scan *s) {
  struct str rest = {s->p, (size_t)(s->end - s->p)};
  if (!rest.n || str_eq(rest, STR("Z")) || str_eq(rest, STR("GMT")) || str_eq(rest, STR("UTC"))) {
    s->p = s->end;
    return 0;
  }
  int64_t sign = accept(s, '-') ? -1 : 1;
  if (sign == 1 && !accept(s, '+')) s->bad = true;
  int64_t hours = number(s, 2, 2);
  accept(s, ':');
  return sign * (hours * 3600 + (at_digit(s) ? number(s, 2, 2) : 0) * 60);
}

static bool finish(struct scan *s, const struct date *d, uint32_t nanos, int64_t east,
                   struct wire_time *out) {
  static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (s->bad || s->p != s->end || d->month < 1 || d->month > 12 || d->day < 1 ||
      d->day > lengths[d->month - 1] || d->hour > 24 || d->minute > 59 || d->second > 60)
    return false;
  out->seconds =
      days_of(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second - east;
  out->nanos = nanos;
  return true;
}

static bool parse_iso8601(struct str text, struct wire_time *out) {
  struct scan s = {text.p, text.p + text.n, false};
  struct date d = {0};
  uint32_t nanos = 0;
  int64_t east = 0;
  d.year = number(&s, 4, 4);
  if (!accept(&s, '-')) return false;
  d.month = number(&s, 2, 2);
  if (!accept(&s, '-')) return false;
  d.day = number(&s, 2, 2);
  if (accept(&s, 'T') || accept(&s, 't') || accept(&s, ' ')) {
    d.hour = number(&s, 2, 2);
    if (!accept(&s, ':')) return false;
    d.minute = number(&s, 2, 2);
    if (accept(&s, ':')) d.second = number(&s, 2, 2);
    if (accept(&s, '.')) nanos = fraction(&s);
    east = zone(&s);
  }
  return finish(&s, &d, nanos, east, out);
}

static bool parse_rfc822(struct str text, struct wire_time *out) {
  size_t comma = str_find_c(text, ',');
  if (comma != SIZE_MAX) text = str_trim(str_sub(text, comma + 1, text.n));
  struct scan s = {text.p, text.p + text.n, false};
  struct date d = {0};
  d.day = number(&s, 1, 2);
  if (!accept(&s, ' ') && !accept(&s, '-')) return false;
  if (s.end - s.p < 3) return false;
  for (int64_t m = 0; m < 12; m++)
    if (memcmp(month_names + m * 3, s.p, 3) == 0) d.month = m + 1;
  s.p += 3;
  if (!accept(&s, ' ') && !accept(&s, '-')) return false;
  d.year = number(&s, 4, 4);
  if (!accept(&s, ' ')) return false;
  d.hour = number(&s, 2, 2);
  if (!accept(&s, ':')) return false;
  d.minute = number(&s, 2, 2);
  if (accept(&s, ':')) d.second = number(&s, 2, 2);
  accept(&s, ' ');
  return finish(&s, &d, 0, zone(&s), out);
}

/* Plain decimal text, as V_DEC has it. */
static bool parse_decimal(struct str text, struct wire_time *out) {
  bool negative = text.n && text.p[0] == '-';
  struct str whole;
  struct str rest = str_cut(text, '.', &whole);
  struct wire_time t = {0, 0};
  if (!str_to_i64(whole, &t.seconds)) return false;
  if (rest.p) {
    struct scan s = {rest.p, rest.p + rest.n, false};
    t.nanos = fraction(&s);
    if (s.bad || s.p != s.end) return false;
  }
  if (negative && t.nanos) {
    if (t.seconds == INT64_MIN) return false;
    t.seconds--;
    t.nanos = NANOS - t.nanos;
  }
  *out = t;
  return true;
}

bool wire_time_of(const struct value *v, struct wire_time *out) {
  struct wire_time t = {0, 0};
  bool ok = value_is(v, V_INT);
  if (ok)
    t.seconds = v->i;
  else if (value_is(v, V_DEC))
    ok = parse_decimal(value_text(v), &t);
  else if (value_is(v, V_STR))
    ok = parse_iso8601(value_text(v), &t) || parse_rfc822(value_text(v), &t);
  if (!ok || t.seconds < YEAR_0000 || t.seconds > YEAR_9999) return false;
  *out = t;
  return true;
}

bool wire_time_parse(struct session *s, struct arena *a, struct str text, struct wire_time *out) {
  text = str_trim(text);
  if (parse_iso8601(text, out) || parse_rfc822(text, out)) return true;
  const struct value *v = wire_number(s, a, text);
  return v && wire_time_of(v, out);
}

/* ---- writing */

struct str wire_time_text(struct arena *a, struct wire_time t, enum wb_time form) {
  struct date d = date_of(t.seconds);
  if (form == WB_TIME_RFC822) {
    int64_t week = d.days % 7;
    if (week < 0) week += 7;
    return str_fmt(a, "%.3s, %02d %.3s %04lld %02d:%02d:%02d GMT", day_names + week * 3, (int)d.day,
                   month_names + (d.month - 1) * 3, (long long)d.year, (int)d.hour, (int)d.minute,
                   (int)d.second);
  }
  if (form == WB_TIME_UNIX) return str_fmt(a, "%lld", (long long)t.seconds);
  struct str micros = t.nanos / 1000 ? str_fmt(a, ".%06u", t.nanos / 1000) : STR("");
  return str_fmt(a, "%04lld-%02d-%02dT%02d:%02d:%02d%.*sZ", (long long)d.year, (int)d.month, (int)d.day,
                 (int)d.hour, (int)d.minute, (int)d.second, SV(micros));
}

const struct value *wire_time_value(struct arena *a, struct wire_time t) {
  if (!t.nanos) return value_int(a, t.seconds);
  bool negative = t.seconds < 0;
  uint32_t nanos = negative ? NANOS - t.nanos : t.nanos;
  int64_t whole = negative ? -(t.seconds + 1) : t.seconds;
  struct str text = str_fmt(a, "%s%lld.%09u", negative ? "-" : "", (long long)whole, nanos);
  while (text.n && text.p[text.n - 1] == '0') text.n--;
  return value_dec(a, text);
}

const struct value *wire_number(struct session *s, struct arena *a, struct str text) {
  text = str_trim(text);
  bool negative = str_starts(text, STR("-"));
  if (negative || str_starts(text, STR("+"))) text = str_sub(text, 1, text.n);
  /* JSON wants exactly one leading zero before a point and none else. */
  while (text.n > 1 && text.p[0] == '0' && text.p[1] >= '0' && text.p[1] <= '9')
    text = str_sub(text, 1, text.n);
  bool bare = str_starts(text, STR("."));
  if (!bare && (!text.n || text.p[0] < '0' || text.p[0] > '9')) return NULL;
  size_t point = str_find_c(text, '.');
  bool trailing = point != SIZE_MAX && (point + 1 == text.n || (text.p[point + 1] | 32) == 'e');
  if (trailing && !bare)
    text = str_fmt(a, "%.*s%.*s", SV(str_sub(text, 0, point)), SV(str_sub(text, point + 1, text.n)));
  const struct value *v;
  text = str_fmt(a, "%s%s%.*s", negative ? "-" : "", bare ? "0" : "", SV(text));
  return json_parse(s, a, text, &v, NULL) == QN_OK && (v->kind == V_INT || v->kind == V_DEC) ? v : NULL;
}
