/* CIDR arithmetic, IPv4 and IPv6. Addresses are 128-bit numbers, IPv4 in the low 32. */
#include <arpa/inet.h>

#include "fn.h"

__extension__ typedef unsigned __int128 address;
struct net {
  address at;    /* lowest address */
  unsigned bits; /* 32 or 128 */
  unsigned prefix;
};

static address mask_of(unsigned bits) {
  return bits == 0 ? 0 : bits >= 128 ? ~(address)0 : ((address)1 << bits) - 1;
}
static unsigned host_bits(struct net n) {
  return n.bits - n.prefix;
}

static bool parse_address(struct str t, address *out, unsigned *bits) {
  char text[64];
  unsigned char raw[16];
  if (t.n >= sizeof text || (t.n && memchr(t.p, 0, t.n))) return false;
  if (t.n) memcpy(text, t.p, t.n);
  text[t.n] = 0;
  bool v6 = str_find_c(t, ':') != SIZE_MAX;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, text, raw) != 1) return false;
  *bits = v6 ? 128 : 32;
  *out = 0;
  for (unsigned i = 0; i < *bits / 8; i++) *out = *out << 8 | raw[i];
  return true;
}

static const struct value *address_value(struct call *c, address at, unsigned bits, int prefix) {
  unsigned char raw[16];
  char text[64];
  for (unsigned i = bits / 8; i > 0; i--, at >>= 8) raw[i - 1] = (unsigned char)at;
  if (!inet_ntop(bits == 32 ? AF_INET : AF_INET6, raw, text, sizeof text)) return value_null();
  struct str t = str_c(text);
  return call_str(c, prefix < 0 ? t : str_fmt(call_arena(c), "%.*s/%d", SV(t), prefix));
}

/* `10.0.0.0/16`; an address alone only where `alone` allows it. Bits behind the prefix must be zero. */
static enum qn_err parse_net(struct call *c, size_t i, bool alone, struct net *out) {
  struct str t = arg_str(c, i), head;
  struct str tail = str_cut(t, '/', &head);
  int64_t prefix;
  if (!parse_address(head, &out->at, &out->bits))
    return fn_fail(c, i, "\"%.*s\" is not a network such as 10.0.0.0/16", SV(t));
  if (!tail.p && alone) {
    out->prefix = out->bits;
    return QN_OK;
  }
  if (!tail.p || !str_to_i64(tail, &prefix) || prefix < 0 || prefix > (int64_t)out->bits)
    return fn_fail(c, i, "\"%.*s\" needs a prefix of /0 to /%u", SV(t), out->bits);
  out->prefix = (unsigned)prefix;
  if ((out->at & mask_of(host_bits(*out))) == 0) return QN_OK;
  const struct value *lowest = address_value(c, out->at & ~mask_of(host_bits(*out)), out->bits, (int)prefix);
  return fn_fail(c, i, "\"%.*s\" has bits behind its prefix; the network is %.*s", SV(t),
                 SV(value_text(lowest)));
}

static enum qn_err parse_growth(struct call *c, struct net n, unsigned *grown) {
  int64_t more = arg_int(c, 1);
  if (more < 0 || more > (int64_t)host_bits(n))
    return fn_fail(c, 1, "a /%u network can grow by 0 to %u bits, not %lld", n.prefix, host_bits(n),
                   (long long)more);
  *grown = (unsigned)more;
  return QN_OK;
}

static const struct value *subnet(struct call *c, struct net n, unsigned more, address number) {
  unsigned shift = host_bits(n) - more;
  address at = shift >= 128 ? n.at : n.at + (number << shift);
  return address_value(c, at, n.bits, (int)(n.prefix + more));
}

enum qn_err fn_cidr_subnet(struct call *c, const struct value **out) {
  struct net n;
  unsigned more = 0;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (!err) err = parse_growth(c, n, &more);
  if (err) return err;
  if (arg_int(c, 2) < 0 || (address)arg_int(c, 2) > mask_of(more))
    return fn_fail(c, 2, "%u bits have the subnets 0 to %llu", more,
                   (unsigned long long)mask_of(more > 63 ? 63 : more));
  *out = subnet(c, n, more, (address)arg_int(c, 2));
  return QN_OK;
}

enum qn_err fn_cidr_subnets(struct call *c, const struct value **out) {
  struct net n;
  unsigned more = 0;
  int64_t count = arg_int(c, 2);
  enum qn_err err = parse_net(c, 0, false, &n);
  if (!err) err = parse_growth(c, n, &more);
  if (err) return err;
  if (count < 0 || count > 65536 || (count > 0 && (address)(count - 1) > mask_of(more)))
    return fn_fail(c, 2, "%lld subnets do not fit into %u bits", (long long)count, more);
  const struct value **items = ARENA_ARRAY(call_arena(c), (size_t)count, const struct value *);
  for (int64_t i = 0; i < count; i++) items[i] = subnet(c, n, more, (address)i);
  *out = value_list(call_arena(c), items, (size_t)count);
  return QN_OK;
}

enum qn_err fn_cidr_host(struct call *c, const struct value **out) {
  struct net n;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (err) return err;
  int64_t i = arg_int(c, 1);
  address size = mask_of(host_bits(n)), off = i < 0 ? (address)(-(i + 1)) : (address)i;
  if (off > size) return fn_fail(c, 1, "the network has no address %lld", (long long)i);
  *out = address_value(c, n.at + (i < 0 ? size - off : off), n.bits, -1);
  return QN_OK;
}

static bool inside(struct net n, struct net x) {
  return n.bits == x.bits && n.prefix <= x.prefix && (x.at & ~mask_of(host_bits(n))) == n.at;
}

enum qn_err fn_cidr_contains(struct call *c, const struct value **out) {
  struct net n, x;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (!err) err = parse_net(c, 1, true, &x);
  if (!err) *out = value_bool(call_arena(c), inside(n, x));
  return err;
}

enum qn_err fn_cidr_overlaps(struct call *c, const struct value **out) {
  struct net n, x;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (!err) err = parse_net(c, 1, false, &x);
  if (!err) *out = value_bool(call_arena(c), inside(n, x) || inside(x, n));
  return err;
}

enum qn_err fn_cidr_prefix(struct call *c, const struct value **out) {
  struct net n;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (!err) *out = value_int(call_arena(c), n.prefix);
  return err;
}

enum qn_err fn_cidr_netmask(struct call *c, const struct value **out) {
  struct net n;
  enum qn_err err = parse_net(c, 0, false, &n);
  if (err) return err;
  if (n.bits != 32) return fn_fail(c, 0, "only IPv4 networks have a netmask");
  *out = address_value(c, mask_of(32) & ~mask_of(host_bits(n)), 32, -1);
  return QN_OK;
}
