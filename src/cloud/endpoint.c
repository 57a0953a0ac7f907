#include "endpoint.h"

/* endpoints.inc is made of botocore's rule sets; tests/sigv4/test_endpoints.py compares all of them. */
#define ENDPOINT(...)
#define PARTITION(id, starts, plain, dual, home) {id, starts, {plain, dual}, home},
static const struct partition {
  const char *id, *starts, *domain[2] /* of dual-stack endpoints: the second */, *home;
} partitions[] = {
/* the last takes any name */
#include "endpoints.inc"
};
#undef ENDPOINT
#undef PARTITION

/* The first that fits counts; partition or region "": any. host NULL: there is none. */
#define PARTITION(...)
#define ENDPOINT(prefix, variant, partition, region, host, signing)                                          \
  {prefix, partition, region, host, signing, variant},
static const struct place {
  const char *prefix, *partition, *region, *host, *signing;
  unsigned variant;
} places[] = {
#include "endpoints.inc"
};
#undef ENDPOINT
#undef PARTITION

static const struct partition *partition_of(struct str region) {
  const struct partition *p = partitions;
  while (!str_starts(region, str_c(p->starts))) p++;
  return p;
}

struct str endpoint_partition(struct str region) {
  return str_c(partition_of(region)->id);
}

/* A region becomes part of a host name. */
static bool region_ok(struct str r) {
  for (size_t i = 0; i < r.n; i++) {
    char c = r.p[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i && i + 1 < r.n))) return false;
  }
  return r.n > 0 && r.n <= 63;
}

static const struct place *place_of(struct str prefix, struct str region, const struct partition *p,
                                    unsigned variant) {
  static const struct place usual[] = {{.host = "{p}.{r}.{d}", .signing = "{r}"},
                                       {.host = "{p}-fips.{r}.{d}", .signing = "{r}"}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const struct place *at = &places[i];
    if (at->variant != variant || !str_eq(prefix, str_c(at->prefix))) continue;
    if (*at->partition && strcmp(at->partition, p->id) != 0) continue;
    if (!*at->region || str_eq(region, str_c(at->region))) return at;
  }
  return &usual[variant & EP_FIPS ? 1 : 0];
}

static struct str fill(struct arena *a, const char *text, struct str prefix, struct str region,
                       const struct partition *p, unsigned variant) {
  struct buf b = BUF_INIT(1024);
  for (const char *c = text; *c; c++) {
    if (*c != '{') {
      buf_addc(&b, *c);
      continue;
    }
    buf_add(&b, c[1] == 'p'   ? prefix
                : c[1] == 'r' ? region
                              : str_c(c[1] == 'h' ? p->home : p->domain[variant & EP_DUAL ? 1 : 0]));
    c += 2;
  }
  struct str out = str_dup(a, buf_str(&b));
  buf_release(&b);
  return out;
}

enum qn_err endpoint_default(struct arena *a, struct str prefix, struct str region, unsigned variant,
                             struct endpoint *out) {
  if (!region_ok(region)) return QN_E_INVALID;
  const struct partition *p = partition_of(region);
  const struct place *at = place_of(prefix, region, p, variant);
  *out = (struct endpoint){.scheme = STR("https"), .region = str_dup(a, region)};
  if (!at->host) return QN_E_NOTFOUND;
  out->host = fill(a, at->host, prefix, region, p, variant);
  out->region = fill(a, at->signing, prefix, region, p, variant);
  return QN_OK;
}

static bool host_ok(struct str host) {
  for (size_t i = 0; i < host.n; i++) {
    unsigned char c = (unsigned char)host.p[i];
    if (c <= ' ' || c >= 127 || strchr("@\\\"<>^`{|}%", c)) return false;
  }
  return host.n > 0;
}

bool endpoint_url(struct arena *a, struct str url, struct endpoint *out) {
  struct str scheme, rest;
  size_t at = str_find(url, STR("://"));
  if (at == SIZE_MAX) return false;
  scheme = str_lower(a, str_sub(url, 0, at));
  rest = str_sub(url, at + 3, url.n);
  if (!str_eq(scheme, STR("http")) && !str_eq(scheme, STR("https"))) return false;
  if (str_find_c(rest, '?') != SIZE_MAX || str_find_c(rest, '#') != SIZE_MAX) return false;
  size_t slash = str_find_c(rest, '/');
  struct str host = str_sub(rest, 0, slash),
             path = slash == SIZE_MAX ? (struct str){0} : str_sub(rest, slash, rest.n);
  while (path.n && path.p[path.n - 1] == '/') path.n--;
  struct str usual = str_eq(scheme, STR("http")) ? STR(":80") : STR(":443");
  if (str_ends(host, usual)) host.n -= usual.n;
  if (!host_ok(host)) return false;
  out->scheme = scheme;
  out->host = str_lower(a, host);
  out->path = str_dup(a, path);
  return true;
}

/* The configured URL, if any, and in *where which setting it is. */
static bool configured(struct session *s, const struct aws_config *cfg, struct arena *a,
                       const struct wire_service *svc, struct str *url, struct str *where) {
  struct str name;
  *where = str_fmt(a, "AWS_ENDPOINT_URL_%.*s", SV(svc->env_name));
  if (svc->env_name.n && config_env(s, where->p, url)) return true;
  *where = STR("AWS_ENDPOINT_URL");
  if (config_env(s, "AWS_ENDPOINT_URL", url)) return true;
  if (!cfg) return false;
  if (config_get(cfg, cfg->profile, STR("services"), &name)) {
    *where = str_fmt(a, "[services %.*s]", SV(name));
    if (config_named(cfg, STR("services"), name, str_lower(a, svc->env_name), STR("endpoint_url"), url))
      return true;
  }
  *where = str_fmt(a, "endpoint_url of profile %.*s", SV(cfg->profile));
  return config_get(cfg, cfg->profile, STR("endpoint_url"), url);
}

static enum qn_err no_such(struct session *s, struct str prefix, struct str region, unsigned variant,
                           bool bad_name) {
  struct diag *g;
  if (bad_name) {
    g = diag_add(&s->diags, QN0707, SPAN_NONE, "\"%.*s\" is not the name of a region", SV(region));
    diag_help(&s->diags, g, "regions are named like us-east-1 or eu-central-1");
  } else {
    g = diag_add(&s->diags, QN0707, SPAN_NONE, "%.*s has no %s%s%s endpoint in %.*s", SV(prefix),
                 variant & EP_FIPS ? "FIPS" : "", variant == (EP_FIPS | EP_DUAL) ? " and " : "",
                 variant & EP_DUAL ? "dual-stack" : "", SV(region));
    diag_help(&s->diags, g, "see AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT");
  }
  return QN_E_INVALID;
}

static enum qn_err use_url(struct session *s, struct arena *a, struct str url, struct str where,
                           unsigned variant, struct endpoint *e) {
  struct diag *g;
  e->custom = true;
  if (variant) { /* as the SDKs have it: neither is known of an address of one's own */
    g = diag_add(&s->diags, QN0707, SPAN_NONE, "%.*s cannot be combined with %s", SV(where),
                 variant & EP_FIPS ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT");
    diag_help(&s->diags, g, "unset one of them, or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true");
    return QN_E_INVALID;
  }
  if (endpoint_url(a, url, e)) return QN_OK;
  g = diag_add(&s->diags, QN0707, SPAN_NONE, "%.*s is not an http or https URL", SV(where));
  diag_help(&s->diags, g, "write it as http://host:port or https://host/path, without query or user name");
  return QN_E_INVALID;
}

enum qn_err endpoint_find(struct session *s, const struct aws_config *cfg, struct arena *a,
                          const struct wire_service *svc, struct str region, struct endpoint *out) {
  struct str url, where;
  struct endpoint e;
  bool fips, dual, ignore;
  enum qn_err err =
      config_flag(s, cfg, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", &ignore);
  if (!err) err = config_flag(s, cfg, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &fips);
  if (!err) err = config_flag(s, cfg, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &dual);
  if (err) return err;
  unsigned variant = (fips ? EP_FIPS : EP_PLAIN) | (dual ? EP_DUAL : EP_PLAIN);
  err = endpoint_default(a, svc->endpoint_prefix, region, variant, &e);
  if (err == QN_E_INVALID) return no_such(s, svc->endpoint_prefix, region, variant, true);
  if (!ignore && configured(s, cfg, a, svc, &url, &where))
    err = use_url(s, a, url, where, variant, &e);
  else if (err)
    err = no_such(s, svc->endpoint_prefix, region, variant, false);
  if (!err) *out = e;
  return err;
}
