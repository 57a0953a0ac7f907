#include "sign.h"

#include "quoin/vec.h"

/* Headers that intermediaries add or change are left unsigned (the list botocore uses). */
static bool header_unsigned(struct str lower) {
  static const char *const names[] = {"authorization",
                                      "connection",
                                      "expect",
                                      "keep-alive",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "user-agent",
                                      "x-amzn-trace-id"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (str_eq(lower, str_c(names[i]))) return true;
  return false;
}

static bool unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static char *put_escaped(char *w, unsigned char c) {
  static const char digits[] = "0123456789ABCDEF";
  *w++ = '%';
  *w++ = digits[c >> 4];
  *w++ = digits[c & 15];
  return w;
}

/* Every byte of s encoded unless unreserved (or '/' with slash). */
static struct str encode(struct arena *a, struct str s, bool slash, bool keep_escapes) {
  char *p = arena_array(a, s.n, 3), *w = p;
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (keep_escapes && c == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 && hex_digit(s.p[i + 2]) >= 0) {
      c = (unsigned char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]));
      i += 2;
      if (c == '/') {
        w = put_escaped(w, c);
        continue;
      }
    }
    if (unreserved(c) || (slash && c == '/'))
      *w++ = (char)c;
    else
      w = put_escaped(w, c);
  }
  return (struct str){p, (size_t)(w - p)};
}

struct str sign_path(struct arena *a, struct str path) {
  return path.n ? encode(a, path, true, true) : STR("/");
}

struct str sign_encode(struct arena *a, struct str value) {
  return encode(a, value, false, false);
}

struct pair {
  struct str key, value;
};

static int pair_cmp(const void *pa, const void *pb, void *user) {
  (void)user;
  const struct pair *a = pa, *b = pb;
  int c = str_cmp(a->key, b->key);
  return c ? c : str_cmp(a->value, b->value);
}

struct str sign_query(struct arena *a, struct str query) {
  VEC(struct pair) pairs = {0};
  while (query.n) {
    struct str one, key;
    query = str_cut(query, '&', &one);
    if (!one.n) continue;
    struct str value = str_cut(one, '=', &key);
    struct pair p = {encode(a, key, false, true), encode(a, value, false, true)};
    VEC_PUSH(a, &pairs, p);
  }
  if (!pairs.n) return (struct str){"", 0};
  sort_stable(a, pairs.v, pairs.n, sizeof *pairs.v, pair_cmp, NULL);
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  for (size_t i = 0; i < pairs.n; i++) {
    if (i) buf_addc(&out, '&');
    buf_add(&out, pairs.v[i].key);
    buf_addc(&out, '=');
    buf_add(&out, pairs.v[i].value);
  }
  struct str done = str_dup(a, buf_str(&out));
  buf_release(&out);
  return done;
}

/* RFC 3986 section 5.2.4, and empty segments removed, as AWS's services (but S3) canonicalise. */
static struct str remove_dot_segments(struct arena *a, struct str path) {
  VEC(struct str) kept = {0};
  bool trailing = path.n && path.p[path.n - 1] == '/';
  for (struct str rest = path, seg; rest.n;) {
    rest = str_cut(rest, '/', &seg);
    if (!seg.n || str_eq(seg, STR("."))) continue;
    if (str_eq(seg, STR(".."))) {
      if (kept.n) kept.n--;
      continue;
    }
    VEC_PUSH(a, &kept, seg);
  }
  char *p = arena_alloc(a, path.n + 2), *w = p;
  *w++ = '/';
  for (size_t i = 0; i < kept.n; i++) {
    if (i) *w++ = '/';
    memcpy(w, kept.v[i].p, kept.v[i].n);
    w += kept.v[i].n;
  }
  if (trailing && kept.n) *w++ = '/';
  return (struct str){p, (size_t)(w - p)};
}

static bool blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Both ends trimmed and inner runs of blanks (also of a folded line) made one. */
static void add_trimmed(struct buf *out, struct str v) {
  bool any = false, gap = false;
  for (size_t i = 0; i < v.n; i++) {
    if (blank(v.p[i])) {
      gap = any;
      continue;
    }
    if (gap) buf_addc(out, ' ');
    gap = false;
    any = true;
    buf_addc(out, v.p[i]);
  }
}

static int header_cmp(const void *pa, const void *pb, void *user) {
  (void)user;
  return str_cmp(((const struct http_header *)pa)->name, ((const struct http_header *)pb)->name);
}

/* `name:value` lines sorted by name; equal names keep their order and are joined by commas. */
static void add_headers(struct arena *a, const struct sign_request *r, struct buf *canonical,
                        struct buf *names) {
  struct http_header *h = ARENA_ARRAY(a, r->n_headers + 1, struct http_header);
  size_t n = 0;
  h[n++] = (struct http_header){STR("host"), str_lower(a, r->host)};
  for (size_t i = 0; i < r->n_headers; i++) {
    struct str lower = str_lower(a, str_trim(r->headers[i].name));
    if (!header_unsigned(lower)) h[n++] = (struct http_header){lower, r->headers[i].value};
  }
  sort_stable(a, h, n, sizeof *h, header_cmp, NULL);
  for (size_t i = 0; i < n; i++) {
    bool again = i && str_eq(h[i].name, h[i - 1].name);
    if (again) {
      buf_addc(canonical, ',');
    } else {
      if (i) buf_addc(canonical, '\n');
      buf_add(canonical, h[i].name);
      buf_addc(canonical, ':');
      if (i) buf_addc(names, ';');
      buf_add(names, h[i].name);
    }
    add_trimmed(canonical, h[i].value);
  }
  buf_addc(canonical, '\n');
}

static void stage_canonical(struct arena *a, const struct sign_request *r, struct sign_stages *out) {
  struct buf c = BUF_INIT(BUF_MAX_DEFAULT), names = BUF_INIT(BUF_MAX_DEFAULT);
  buf_add(&c, r->method);
  buf_addc(&c, '\n');
  buf_add(&c, r->s3 ? r->path : encode(a, remove_dot_segments(a, r->path), true, false));
  buf_addc(&c, '\n');
  buf_add(&c, r->query);
  buf_addc(&c, '\n');
  add_headers(a, r, &c, &names);
  buf_addc(&c, '\n');
  buf_add(&c, buf_str(&names));
  buf_addc(&c, '\n');
  buf_add(&c, r->payload_hash);
  out->canonical = str_dup(a, buf_str(&c));
  out->signed_headers = str_dup(a, buf_str(&names));
  buf_release(&c);
  buf_release(&names);
}

static struct str credential_scope(struct arena *a, const struct sign_scope *s) {
  return str_fmt(a, "%.*s/%.*s/%.*s/aws4_request", SV(str_sub(s->timestamp, 0, 8)), SV(s->region),
                 SV(s->service));
}

static struct str bytes(const uint8_t *p) {
  return (struct str){(const char *)p, SHA256_BYTES};
}

static void derive(struct str secret, const struct sign_scope *s, uint8_t key[SHA256_BYTES]) {
  struct buf start = BUF_INIT(4096);
  uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
  buf_addz(&start, "AWS4");
  buf_add(&start, secret);
  crypto_hmac_sha256(buf_str(&start), str_sub(s->timestamp, 0, 8), a);
  crypto_hmac_sha256(bytes(a), s->region, b);
  crypto_hmac_sha256(bytes(b), s->service, a);
  crypto_hmac_sha256(bytes(a), STR("aws4_request"), key);
  crypto_wipe(a, sizeof a);
  crypto_wipe(b, sizeof b);
  if (start.n) crypto_wipe(start.p, start.n);
  buf_release(&start);
}

void sign_cache_wipe(struct sign_cache *c) {
  crypto_wipe(c, sizeof *c);
}

static void signing_key(struct arena *a, struct sign_cache *c, const struct sign_creds *creds,
                        struct str scope, const struct sign_scope *s, uint8_t key[SHA256_BYTES]) {
  struct str name = str_fmt(a, "%.*s %.*s", SV(creds->access_key), SV(scope));
  if (!c || name.n >= sizeof c->e[0].name) {
    derive(creds->secret_key, s, key);
    return;
  }
  for (size_t i = 0; i < SIGN_KEYS; i++) {
    if (!c->e[i].used || !str_eq(str_c(c->e[i].name), name)) continue;
    memcpy(key, c->e[i].key, SHA256_BYTES);
    return;
  }
  derive(creds->secret_key, s, key);
  uint32_t at = c->next++ % SIGN_KEYS;
  memcpy(c->e[at].name, name.p, name.n);
  c->e[at].name[name.n] = 0;
  memcpy(c->e[at].key, key, SHA256_BYTES);
  c->e[at].used = true;
}

void sign_stages(struct arena *a, struct sign_cache *cache, const struct sign_creds *creds,
                 const struct sign_scope *scope, const struct sign_request *r, struct sign_stages *out) {
  uint8_t key[SHA256_BYTES], mac[SHA256_BYTES];
  stage_canonical(a, r, out);
  struct str where = credential_scope(a, scope);
  out->string_to_sign = str_fmt(a, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", SV(scope->timestamp), SV(where),
                                SV(crypto_sha256_hex(a, out->canonical)));
  signing_key(a, cache, creds, where, scope, key);
  crypto_hmac_sha256(bytes(key), out->string_to_sign, mac);
  crypto_hex(mac, sizeof mac, out->signature);
  crypto_wipe(key, sizeof key);
  out->authorization = str_fmt(a, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%s",
                               SV(creds->access_key), SV(where), SV(out->signed_headers), out->signature);
}
