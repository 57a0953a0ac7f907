/* Codecs for two shapes of AWS that no rule of names covers. */
#include "def.h"

static const struct value *get(struct denv *e, const struct value *v, const char *name) {
  return value_is(v, V_MAP) ? value_get(e->s, v, str_c(name)) : NULL;
}

static const struct value *put(struct denv *e, const struct value *map, const char *name,
                               const struct value *v) {
  if (!v) return map;
  return value_put(e->a, map, session_sym(e->s, str_c(name)), v);
}

/* ---- s3_filter: Prefix, TagFilters, ObjectSize* of a rule <-> Filter, with And as soon as there are two
 * -------- */
const struct value *codec_s3_filter_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  const struct value *prefix = get(e, v, "Prefix"), *tags = get(e, v, "TagFilters");
  const struct value *more = get(e, v, "ObjectSizeGreaterThan"), *less = get(e, v, "ObjectSizeLessThan");
  uint32_t n_tags = value_is(tags, V_LIST) ? tags->n : 0;
  uint32_t n = (prefix ? 1U : 0U) + n_tags + (more ? 1U : 0U) + (less ? 1U : 0U);
  const struct value *f = value_map(e->a, NULL, 0);
  if (!n) return put(e, f, "Prefix", value_str(e->a, STR("")));
  f = put(e, f, "Prefix", prefix);
  if (n_tags) f = n == 1 ? put(e, f, "Tag", tags->items[0]) : put(e, f, "Tags", tags);
  f = put(e, put(e, f, "ObjectSizeGreaterThan", more), "ObjectSizeLessThan", less);
  return n == 1 ? f : put(e, value_map(e->a, NULL, 0), "And", f);
}

const struct value *codec_s3_filter_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  (void)u;
  const struct value *and = get(e, v, "And"), *in = and? and : v, *tag = get(e, in, "Tag"),
                     *tags = get(e, in, "Tags");
  const struct value *prefix = get(e, in, "Prefix"), *out = value_map(e->a, NULL, 0);
  if (prefix && (and || prefix->n)) out = put(e, out, "Prefix", prefix);
  if (tag) tags = value_list(e->a, &tag, 1);
  out = put(e, out, "TagFilters", tags);
  out = put(e, out, "ObjectSizeGreaterThan", get(e, in, "ObjectSizeGreaterThan"));
  return put(e, out, "ObjectSizeLessThan", get(e, in, "ObjectSizeLessThan"));
}

/* ---- ip_permissions(in|out): rules of a security group <-> IpPermissions
 * -------------------------------------- Writing makes one permission of each rule; reading flattens each
 * permission's sources into rules. */
static bool outwards(const struct codec_use *u) {
  return str_eq(u->args[0], STR("out"));
}

static const struct value *one(struct denv *e, const char *name, const struct value *v,
                               const struct value *desc) {
  const struct value *m = put(e, value_map(e->a, NULL, 0), name, v);
  m = put(e, m, "Description", desc);
  return value_list(e->a, &m, 1);
}

static const struct value *group_pair(struct denv *e, const struct value *rule, const struct value *group,
                                      const struct value *group_name, const struct value *desc) {
  const struct value *m = value_map(e->a, NULL, 0);
  m = put(e, put(e, m, "GroupId", group), "GroupName", group_name);
  m = put(e, put(e, m, "UserId", get(e, rule, "SourceSecurityGroupOwnerId")), "Description", desc);
  return value_list(e->a, &m, 1);
}

static const struct value *permission(struct denv *e, bool out, const struct value *rule) {
  const struct value *m = value_map(e->a, NULL, 0), *desc = get(e, rule, "Description"), *x;
  m = put(e, m, "IpProtocol", get(e, rule, "IpProtocol"));
  m = put(e, put(e, m, "FromPort", get(e, rule, "FromPort")), "ToPort", get(e, rule, "ToPort"));
  if ((x = get(e, rule, "CidrIp"))) m = put(e, m, "IpRanges", one(e, "CidrIp", x, desc));
  if ((x = get(e, rule, "CidrIpv6"))) m = put(e, m, "Ipv6Ranges", one(e, "CidrIpv6", x, desc));
  x = get(e, rule, out ? "DestinationPrefixListId" : "SourcePrefixListId");
  if (x) m = put(e, m, "PrefixListIds", one(e, "PrefixListId", x, desc));
  x = get(e, rule, out ? "DestinationSecurityGroupId" : "SourceSecurityGroupId");
  const struct value *by_name = out ? NULL : get(e, rule, "SourceSecurityGroupName");
  if (x || by_name) m = put(e, m, "UserIdGroupPairs", group_pair(e, rule, x, by_name, desc));
  return m;
}

const struct value *codec_ip_write(struct denv *e, const struct codec_use *u, const struct value *v) {
  if (value_is(v, V_MAP)) {
    const struct value *m = permission(e, outwards(u), v);
    return value_list(e->a, &m, 1);
  }
  if (!value_is(v, V_LIST)) return NULL;
  const struct value **out = ARENA_ARRAY(e->a, v->n ? v->n : 1, const struct value *);
  for (uint32_t i = 0; i < v->n; i++) out[i] = permission(e, outwards(u), v->items[i]);
  return value_list(e->a, out, v->n);
}

struct rules {
  VEC(const struct value *) v;
};

/* Ports mean nothing for protocols other than tcp, udp and icmp: AWS leaves them out or answers -1. */
static const struct value *rule_base(struct denv *e, const struct value *perm) {
  const struct value *m = value_map(e->a, NULL, 0), *from = get(e, perm, "FromPort"),
                     *to = get(e, perm, "ToPort");
  m = put(e, m, "IpProtocol", get(e, perm, "IpProtocol"));
  return put(e, put(e, m, "FromPort", from), "ToPort", to);
}

static void each_source(struct denv *e, struct rules *r, const struct value *base, const struct value *list,
                        const char *from, const char *to) {
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++) {
    const struct value *x = list->items[i], *m = put(e, base, to, get(e, x, from));
    m = put(e, m, "Description", get(e, x, "Description"));
    VEC_PUSH(e->a, &r->v, m);
  }
}

const struct value *codec_ip_read(struct denv *e, const struct codec_use *u, const struct value *v) {
  struct rules r = {0};
  bool out = outwards(u);
  for (uint32_t i = 0; value_is(v, V_LIST) && i < v->n; i++) {
    const struct value *perm = v->items[i], *base = rule_base(e, perm);
    each_source(e, &r, base, get(e, perm, "IpRanges"), "CidrIp", "CidrIp");
    each_source(e, &r, base, get(e, perm, "Ipv6Ranges"), "CidrIpv6", "CidrIpv6");
    each_source(e, &r, base, get(e, perm, "PrefixListIds"), "PrefixListId",
                out ? "DestinationPrefixListId" : "SourcePrefixListId");
    each_source(e, &r, base, get(e, perm, "UserIdGroupPairs"), "GroupId",
                out ? "DestinationSecurityGroupId" : "SourceSecurityGroupId");
  }
  return value_list(e->a, r.v.v, r.v.n);
}
