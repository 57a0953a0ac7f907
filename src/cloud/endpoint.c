#include "endpoint.h"

/* Facts of botocore's partitions.json: name prefix of the regions, suffix, region of global services. */
static const struct partition {
  const char *id, *starts, *suffix, *home;
} partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "cn-northwest-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "us-gov-west-1"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "eusc-de-east-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "us-isof-south-1"},
    {"aws", "", "amazonaws.com", "us-east-1"}, /* last: any other name */
};

/* Endpoints that are not PREFIX.REGION.SUFFIX, from the endpoint rule sets of the services
 * (tests/sigv4/test_endpoints.py compares all of them). First match counts. host NULL:
 * PREFIX.SIGNED.SUFFIX; "" : PREFIX.SUFFIX. */
static const struct global {
  const char *prefix, *partition, *host, *region; /* partition or region NULL: any; the partition's home */
} globals[] = {
    {"iam", "aws", "", NULL},
    {"iam", "aws-us-gov", "iam.us-gov.amazonaws.com", NULL},
    {"iam", "aws-cn", NULL, "cn-north-1"},
    {"iam", NULL, NULL, NULL},
    {"route53", "aws-us-gov", "route53.us-gov.amazonaws.com", NULL},
    {"route53", NULL, "", NULL},
    {"cloudfront", "aws-cn", NULL, NULL},
    {"cloudfront", NULL, "", NULL},
    {"budgets", "aws-eusc", "budgets.eusc-de-east-1.api.amazonwebservices.eu", NULL},
    {"budgets", "aws-iso-b", "budgets.global.sc2s.sgov.gov", NULL},
    {"budgets", "aws-iso-e", "budgets.global.cloud.adc-e.uk", NULL},
    {"budgets", "aws-iso-f", "budgets.global.csp.hci.ic.gov", NULL},
    {"budgets", NULL, "", NULL},
    {"organizations", NULL, NULL, NULL},
    {"shield", "aws", NULL, NULL},
    {"networkmanager", "aws", NULL, "us-west-2"},
    {"networkmanager", NULL, NULL, NULL},
};

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

enum qn_err endpoint_default(struct arena *a, struct str prefix, struct str region, struct endpoint *out) {
  if (!region_ok(region)) return QN_E_INVALID;
  const struct partition *p = partition_of(region);
  *out = (struct endpoint){.scheme = STR("https"), .region = str_dup(a, region)};
  for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
    const struct global *g = &globals[i];
    if (!str_eq(prefix, str_c(g->prefix)) || (g->partition && strcmp(g->partition, p->id) != 0)) continue;
    out->region = str_c(g->region ? g->region : p->home);
    if (!g->host) break;
    out->host = *g->host ? str_c(g->host) : str_fmt(a, "%.*s.%s", SV(prefix), p->suffix);
    return QN_OK;
  }
  out->host = str_fmt(a, "%.*s.%.*s.%s", SV(prefix), SV(out->region), p->suffix);
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
  struct str ignore, name;
  if (config_env(s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &ignore) && str_eq_nocase(ignore, STR("true")))
    return false;
  *where = str_fmt(a, "AWS_ENDPOINT_URL_%.*s", SV(svc->env_name));
  if (svc->env_name.n && config_env(s, where->p, url)) return true;
  *where = STR("AWS_ENDPOINT_URL");
  if (config_env(s, "AWS_ENDPOINT_URL", url)) return true;
  if (!cfg) return false;
  if (config_get(cfg, cfg->profile, STR("ignore_configured_endpoint_urls"), &ignore) &&
      str_eq_nocase(ignore, STR("true")))
    return false;
  if (config_get(cfg, cfg->profile, STR("services"), &name)) {
    *where = str_fmt(a, "[services %.*s]", SV(name));
    if (config_named(cfg, STR("services"), name, str_lower(a, svc->env_name), STR("endpoint_url"), url))
      return true;
  }
  *where = str_fmt(a, "endpoint_url of profile %.*s", SV(cfg->profile));
  return config_get(cfg, cfg->profile, STR("endpoint_url"), url);
}

enum qn_err endpoint_find(struct session *s, const struct aws_config *cfg, struct arena *a,
                          const struct wire_service *svc, struct str region, struct endpoint *out) {
  struct str url, where;
  struct endpoint e;
  if (endpoint_default(a, svc->endpoint_prefix, region, &e) != QN_OK) {
    struct diag *g =
        diag_add(&s->diags, QN0707, SPAN_NONE, "\"%.*s\" is not the name of a region", SV(region));
    diag_help(&s->diags, g, "regions are named like us-east-1 or eu-central-1");
    return QN_E_INVALID;
  }
  if (configured(s, cfg, a, svc, &url, &where)) {
    e.custom = true;
    if (!endpoint_url(a, url, &e)) {
      struct diag *g = diag_add(&s->diags, QN0707, SPAN_NONE, "%.*s is not an http or https URL", SV(where));
      diag_help(&s->diags, g,
                "write it as http://host:port or https://host/path, without query or user name");
      return QN_E_INVALID;
    }
  }
  *out = e;
  return QN_OK;
}
