/* What strings refer to: ids, ARNs and names of other resources, networks, times. */
#include "check.h"

static bool is_reference(struct str format) {
  return str_find(format, STR("::")) != SIZE_MAX;
}

/* `AWS::EC2::VPC.Id` to its type and `Id`. */
static struct str format_type(struct str format, struct str *what) {
  struct str type;
  *what = str_cut(format, '.', &type);
  return type;
}

struct str check_format_words(const struct checker *c, struct str format) {
  if (str_eq(format, STR("ipv4-network"))) return STR("an IPv4 network such as 10.0.0.0/16");
  if (str_eq(format, STR("ipv6-network"))) return STR("an IPv6 network such as 2001:db8::/32");
  if (str_eq(format, STR("date-time"))) return STR("a time such as 2030-01-31T12:00:00Z");
  if (!is_reference(format)) return format;
  struct str what, type = format_type(format, &what);
  if (str_eq(what, STR("Id")))
    what = STR("id");
  else if (str_eq(what, STR("Arn")))
    what = STR("ARN");
  else if (str_eq(what, STR("Name")))
    what = STR("name");
  return CHECK_FMT(c, "the %.*s of an %.*s", SV(what), SV(type));
}

/* `the ARN or the name of an AWS::ECS::Cluster` in general form: joined by "or". */
static struct str wanted_words(const struct checker *c, const struct rule *formats) {
  struct str out = {NULL, 0};
  for (uint32_t i = 0; i < formats->n; i++)
    out = CHECK_FMT(c, "%.*s%s%.*s", SV(out), i ? " or " : "",
                    SV(check_format_words(c, rule_str(c->sc, formats, i))));
  return out;
}

static bool node_has_format(const struct checker *c, snode n, struct str format) {
  struct table_node t = table_node(c->sc, n);
  struct rule r;
  if (!table_find_rule(c->sc, &t, R_FORMAT, &r)) return false;
  for (uint32_t i = 0; i < r.n; i++)
    if (str_eq(rule_str(c->sc, &r, i), format)) return true;
  return false;
}

/* The attribute of a type that has one of the wanted formats: read-only ones and identifiers first. */
static struct str attribute_of(const struct checker *c, struct str type, const struct rule *wanted) {
  struct stype st;
  struct str other = {NULL, 0};
  if (!schema_type(c->sc, type, &st)) return other;
  struct table_node root = table_node(c->sc, st.root);
  for (uint32_t i = 0; i < wanted->n; i++)
    for (uint32_t k = 0; k < root.n; k++) {
      snode n = root.first + k;
      if (schema_kind(c->sc, n) != SK_STRING || !node_has_format(c, n, rule_str(c->sc, wanted, i))) continue;
      if (schema_flags(c->sc, n) & (SF_READ_ONLY | SF_IDENTIFIER)) return schema_name(c->sc, n);
      if (!other.n) other = schema_name(c->sc, n);
    }
  return other;
}

/* Help for a property that wants a reference: which attribute of which type to pass. */
static void help_reference(struct checker *c, struct diag *g, const struct rule *wanted) {
  struct str what, type = format_type(rule_str(c->sc, wanted, 0), &what);
  struct str attribute = attribute_of(c, type, wanted);
  if (attribute.n)
    diag_help(&c->s->diags, g, "pass ${NAME.%.*s} where NAME is the %.*s", SV(attribute), SV(type));
}

/* ---- known strings ------------------------------------------------------------------ */

/* A format of the table whose ids or ARNs look like the text. */
static struct str looks_like(struct checker *c, struct str text) {
  for (uint32_t i = 0; i < table_formats(c->sc); i++) {
    uint32_t pattern;
    struct str name = table_format_at(c->sc, i, &pattern);
    if (!str_ends(name, STR(".Id")) && !str_ends(name, STR(".Arn"))) continue;
    const struct regex *re = table_regex(c->sc, c->s, pattern);
    if (re && regex_match(re, text, 0, NULL, 0, NULL) == QN_OK) return name;
  }
  return STR("");
}

static const struct value *wrong_reference(struct checker *c, const struct rule *wanted,
                                           const struct value *v, const struct place *at) {
  struct str words = wanted_words(c, wanted), path = check_path(c, at);
  struct str other = v->flags & VF_SECRET ? STR("") : looks_like(c, value_text(v));
  struct str is = other.n ? check_format_words(c, other) : check_describe(c, v);
  struct diag *g = check_error(c, other.n ? QN0214 : QN0216, v, at,
                               CHECK_FMT(c, "%.*s wants %.*s, this is %.*s", SV(path), SV(words), SV(is)));
  diag_label(&c->s->diags, g, "%.*s wanted", SV(words));
  help_reference(c, g, wanted);
  return NULL;
}

static const struct value *check_network(struct checker *c, bool v6, const struct value *v,
                                         const struct place *at) {
  struct str canonical;
  bool ok = network_parse(&c->s->arena, value_text(v), v6, &canonical);
  if (ok && str_eq(canonical, value_text(v))) return v;
  struct diag *g =
      check_error(c, QN0216, v, at,
                  CHECK_FMT(c, "%.*s must be %.*s, this is %.*s", SV(check_path(c, at)),
                            SV(check_format_words(c, v6 ? STR("ipv6-network") : STR("ipv4-network"))),
                            SV(check_describe(c, v))));
  if (ok) {
    diag_label(&c->s->diags, g, "bits are set behind the prefix");
    diag_help(&c->s->diags, g, "the network is %.*s", SV(canonical));
    return NULL;
  }
  diag_label(&c->s->diags, g, "no %s network", v6 ? "IPv6" : "IPv4");
  if (str_find_c(value_text(v), '/') == SIZE_MAX && !(v->flags & VF_SECRET) &&
      network_parse(&c->s->arena, CHECK_FMT(c, "%.*s/%s", SV(value_text(v)), v6 ? "128" : "32"), v6,
                    &canonical))
    diag_help(&c->s->diags, g, "a single address is %.*s/%s", SV(value_text(v)), v6 ? "128" : "32");
  return NULL;
}

const struct value *check_string_format(struct checker *c, const struct table_node *t, const struct value *v,
                                        const struct place *at) {
  struct rule r;
  if (!table_find_rule(c->sc, t, R_FORMAT, &r) || r.n == 0) return v;
  struct str format = rule_str(c->sc, &r, 0);
  if (str_eq(format, STR("ipv4-network"))) return check_network(c, false, v, at);
  if (str_eq(format, STR("ipv6-network"))) return check_network(c, true, v, at);
  if (str_eq(format, STR("date-time"))) {
    if (date_time_ok(value_text(v))) return v;
    check_error(c, QN0216, v, at,
                CHECK_FMT(c, "%.*s must be %.*s, this is %.*s", SV(check_path(c, at)),
                          SV(check_format_words(c, format)), SV(check_describe(c, v))));
    return NULL;
  }
  for (uint32_t i = 0; i < r.n; i++) {
    const struct regex *re = table_regex(c->sc, c->s, table_format_pattern(c->sc, rule_str(c->sc, &r, i)));
    if (!re || regex_match(re, value_text(v), 0, NULL, 0, NULL) != QN_E_NOTFOUND) return v;
  }
  return wrong_reference(c, &r, v, at);
}

/* ---- unknown strings, resources -------------------------------------------------------- */

/* The first of the formats, with FORMAT_OR between them, that is not wanted; empty: all are. */
static struct str unwanted_format(const struct checker *c, struct str formats, const struct rule *wanted) {
  struct str one = {NULL, 0};
  while (formats.n) {
    bool fits = false;
    formats = str_cut(formats, FORMAT_OR, &one);
    for (uint32_t i = 0; i < wanted->n; i++) fits = fits || str_eq(rule_str(c->sc, wanted, i), one);
    if (!fits) return one;
  }
  return STR("");
}

bool check_unknown_format(struct checker *c, const struct table_node *t, const struct value *v,
                          const struct place *at) {
  struct rule r;
  const struct unknown *u = v->unknown;
  struct table_node items;
  if (t->kind == SK_ARRAY && t->items) {
    items = table_node(c->sc, t->items);
    t = &items;
  }
  if (t->kind != SK_STRING || !u->format || !table_find_rule(c->sc, t, R_FORMAT, &r)) return true;
  struct str have = unwanted_format(c, session_str(c->s, u->format), &r);
  if (!have.n) return true;
  bool may = have.n < session_str(c->s, u->format).n;
  struct str words = wanted_words(c, &r), is = check_format_words(c, have), what;
  if (may) is = CHECK_FMT(c, "possibly %.*s", SV(is));
  struct diag *g =
      check_error(c, QN0214, v, at,
                  CHECK_FMT(c, "%.*s wants %.*s, this is %.*s", SV(check_path(c, at)), SV(words), SV(is)));
  diag_label(&c->s->diags, g, "%.*s", SV(is));
  /* Does the resource it came from know the right one? */
  struct str attribute = attribute_of(c, format_type(have, &what), &r);
  if (u->ukind == U_ATTR && attribute.n && !str_eq(attribute, u->path))
    diag_help(&c->s->diags, g, "did you mean ${%.*s.%.*s}?", SV(session_str(c->s, u->address)),
              SV(attribute));
  else
    help_reference(c, g, &r);
  return false;
}

const struct value *check_resource(struct checker *c, const struct table_node *t, const struct value *v,
                                   const struct place *at) {
  struct str address = session_str(c->s, v->res.address), type = session_str(c->s, v->res.type);
  struct rule r;
  bool reference = t && t->kind == SK_STRING && table_find_rule(c->sc, t, R_FORMAT, &r);
  struct str attribute = reference ? attribute_of(c, type, &r) : STR("");
  struct stype st;
  struct str *ids;
  if (!attribute.n && !reference && schema_type(c->sc, type, &st) &&
      schema_identifier(c->sc, &st, &c->s->arena, &ids))
    attribute = ids[0];
  struct str wants = reference ? wanted_words(c, &r) : STR("a value");
  struct diag *g = check_error(c, attribute.n ? QN0215 : QN0214, v, at,
                               CHECK_FMT(c, "%.*s wants %.*s, this is the resource %.*s (%.*s)",
                                         SV(check_path(c, at)), SV(wants), SV(address), SV(type)));
  diag_label(&c->s->diags, g, "a whole resource");
  if (attribute.n)
    diag_help(&c->s->diags, g, "pass one of its attributes: ${%.*s.%.*s}", SV(address), SV(attribute));
  else if (reference)
    help_reference(c, g, &r);
  return NULL;
}
