/* Codecs: how a property's value is written into a request and read back. Each has its
 * inverse beside it; the build test writes and reads every one. */
#include "def.h"

#include "quoin/crypto.h"

static const struct value *text_value(struct denv *e, const struct value *v) {
  struct str t;
  return v && value_to_text(e->a, v, &t) ? value_str(e->a, t) : NULL;
}

/* json_text: a document travels as JSON text. Text that the user wrote passes as it is. */
static const struct value *json_text_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  if (!v || value_is(v, V_STR)) return v;
  struct buf b = BUF_INIT((size_t)1 << 24);
  const struct value *out = NULL;
  if (!json_write(e->s, v, JSON_COMPACT | JSON_SECRETS, &b) && !b.failed) out = value_str(e->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct value *json_text_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  const struct value *out;
  struct json_error err;
  if (!value_is(v, V_STR) || json_parse(e->s, e->a, value_text(v), &out, &err)) return v;
  return out;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* url_json: IAM answers documents percent-encoded (RFC 3986) but takes them plain. */
static const struct value *url_json_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  if (!value_is(v, V_STR)) return v;
  char *p = arena_alloc(e->a, v->n + 1);
  size_t n = 0;
  for (uint32_t i = 0; i < v->n; i++) {
    int hi = v->s[i] == '%' && i + 2 < v->n ? hex_digit(v->s[i + 1]) : -1;
    int lo = hi >= 0 ? hex_digit(v->s[i + 2]) : -1;
    p[n++] = lo >= 0 ? (char)(hi * 16 + lo) : v->s[i];
    if (lo >= 0) i += 2;
  }
  return json_text_read(e, u, value_str(e->a, (struct str){p, n}));
}

static const struct value *base64_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  return value_is(v, V_STR) ? value_str(e->a, crypto_base64(e->a, value_text(v))) : NULL;
}

static const struct value *base64_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  struct str out;
  return value_is(v, V_STR) && crypto_base64_decode(e->a, value_text(v), &out) ? value_str(e->a, out) : v;
}

/* text_number: a number that the API wants as text. */
static const struct value *text_number_write(struct denv *e, const struct codec_use *u,
                                             const struct value *v) {
  (void)u;
  return text_value(e, v);
}

static const struct value *text_number_read(struct denv *e, const struct codec_use *u,
                                            const struct value *v) {
  (void)u;
  int64_t i;
  if (!value_is(v, V_STR)) return v;
  return str_to_i64(value_text(v), &i) ? value_int(e->a, i) : value_dec(e->a, value_text(v));
}

/* text_map: all values as text. Reading leaves them to the schema's kinds. */
static const struct value *text_map_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  if (!value_is(v, V_MAP)) return NULL;
  struct member *m = ARENA_ARRAY(e->a, v->n ? v->n : 1, struct member);
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *t = text_value(e, v->members[i].value);
    m[i] = (struct member){.key = v->members[i].key, .value = t ? t : v->members[i].value};
  }
  return value_map(e->a, m, v->n);
}

static const struct value *same(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)e, (void)u;
  return v;
}

/* kv(K,V): a list of {K, V} travels as a map. */
static const struct value *kv_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  if (!value_is(v, V_LIST)) return v;
  struct member *m = ARENA_ARRAY(e->a, v->n ? v->n : 1, struct member);
  uint32_t n = 0;
  for (uint32_t i = 0; i < v->n; i++) {
    const struct value *k = value_is(v->items[i], V_MAP) ? value_get(e->s, v->items[i], u->args[0]) : NULL;
    const struct value *x = k ? value_get(e->s, v->items[i], u->args[1]) : NULL;
    struct str t;
    if (k && value_to_text(e->a, k, &t))
      m[n++] = (struct member){.key = session_sym(e->s, t), .value = x ? x : value_str(e->a, STR(""))};
  }
  return value_map(e->a, m, n);
}

static const struct value *kv_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  if (!value_is(v, V_MAP)) return v;
  const struct value **out = ARENA_ARRAY(e->a, v->n ? v->n : 1, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) {
    struct member m[2] = {{.key = session_sym(e->s, u->args[0]),
                           .value = value_str(e->a, session_str(e->s, v->members[i].key))},
                          {.key = session_sym(e->s, u->args[1]), .value = v->members[i].value}};
    out[i] = value_map(e->a, m, 2);
  }
  return value_list(e->a, out, v->n);
}

/* quantity_items: CloudFront's lists are {Quantity, Items}. */
static const struct value *quantity_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  if (!value_is(v, V_LIST)) return NULL;
  struct member m[2] = {{.key = session_sym(e->s, STR("Quantity")), .value = value_int(e->a, v->n)},
                        {.key = session_sym(e->s, STR("Items")), .value = v}};
  return value_map(e->a, m, v->n ? 2 : 1);
}

static const struct value *quantity_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  if (!value_is(v, V_MAP)) return v;
  const struct value *items = value_get(e->s, v, STR("Items"));
  return items ? items : value_list(e->a, NULL, 0);
}

static const struct value *lower_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  return value_is(v, V_STR) ? value_str(e->a, str_lower(e->a, value_text(v))) : v;
}

/* iso_time: the wire answers seconds, properties are ISO 8601 in UTC. */
const struct value *codec_time_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  struct str head;
  int64_t secs;
  if (value_is(v, V_INT))
    secs = v->i;
  else if (!value_is(v, V_DEC) || (str_cut(value_text(v), '.', &head), !str_to_i64(head, &secs)))
    return v;
  int64_t days = secs / 86400, rest = secs % 86400;
  if (rest < 0) rest += 86400, days--;
  /* Days to a civil date in the proleptic Gregorian calendar, by eras of 400 years. */
  int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
          doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153, day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
  int64_t year = yoe + era * 400 + (month <= 2);
  return value_str(e->a, str_fmt(e->a, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month, (int)day,
                                 (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60)));
}

static const struct codec codecs[] = {
    {"json_text", 0, false, json_text_write, json_text_read},
    {"url_json", 0, false, json_text_write, url_json_read},
    {"base64", 0, false, base64_write, base64_read},
    {"text_number", 0, false, text_number_write, text_number_read},
    {"text_map", 0, false, text_map_write, same},
    {"kv", 2, false, kv_write, kv_read},
    {"quantity_items", 0, false, quantity_write, quantity_read},
    {"lower", 0, false, lower_write, same},
    {"iso_time", 0, false, same, codec_time_read},
    {"s3_filter", 0, true, codec_s3_filter_write, codec_s3_filter_read},
    {"ip_permissions", 1, false, codec_ip_write, codec_ip_read},
};

const struct value *codec_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  const struct value *out = u->codec->write(e, u, v);
  if (!v || !out || !(v->flags & (VF_SECRET | VF_HAS_SECRET))) return out;
  return out->flags & (VF_SECRET | VF_HAS_SECRET) ? out : value_with_flags(e->a, out, VF_SECRET);
}

const struct codec *codec_find(struct str name) {
  for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
    if (str_eq(name, str_c(codecs[i].name))) return &codecs[i];
  return NULL;
}
