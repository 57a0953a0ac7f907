/* A cloud that answers at once: just enough of CloudWatch Logs and STS for benchmarks of apply, over plain
 * HTTP/1.1 with keep-alive. One process, one thread, epoll. It keeps what it is told, so that a plan
 * afterwards can prove that the apply did its work; it judges nothing (signatures, limits): the tests' gate
 * does.
 *
 *     bench_cloud         prints the port, serves until its standard input ends, then prints what it served.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOTS = 1 << 20, EVENTS = 64 };

struct text {
  const char *p;
  size_t n;
};
struct group {
  char *name, *tags; /* tags: the JSON object as it came */
  char retention[24];
};
struct bytes {
  char *p;
  size_t n, cap;
};
struct peer {
  int fd;
  struct bytes in, out; /* out: not taken by the socket yet */
};

static struct group *groups; /* open addressing by name */
static size_t n_groups;
static unsigned long long n_requests, n_refused;

static void need(bool ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void add(struct bytes *b, const void *p, size_t n) {
  if (b->cap - b->n < n) {
    size_t cap = b->cap ? b->cap : 4096;
    while (cap - b->n < n) cap *= 2;
    b->p = realloc(b->p, cap);
    need(b->p != NULL, "realloc");
    b->cap = cap;
  }
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

static void addz(struct bytes *b, const char *z) {
  add(b, z, strlen(z));
}

static void drop(struct bytes *b, size_t n) {
  memmove(b->p, b->p + n, b->n - n);
  b->n -= n;
}

static char *copy(struct text t) {
  char *p = malloc(t.n + 1);
  need(p != NULL, "malloc");
  memcpy(p, t.p, t.n);
  p[t.n] = 0;
  return p;
}

/* ---- what is kept ------------------------------------------------------------------ */

static struct group *slot(struct text name) {
  uint64_t h = 1469598103934665603u;
  for (size_t i = 0; i < name.n; i++) h = (h ^ (unsigned char)name.p[i]) * 1099511628211u;
  struct group *g = &groups[(h ^ h >> 32) & (SLOTS - 1)];
  while (g->name && (strlen(g->name) != name.n || memcmp(g->name, name.p, name.n)))
    if (++g == groups + SLOTS) g = groups;
  return g;
}

/* The value of a member in a flat JSON object: a string without its quotes, an object or list with its
 * brackets, anything else as it stands. quoin escapes nothing in the names used here. */
static struct text member(struct text json, const char *name) {
  char key[64];
  int n = snprintf(key, sizeof key, "\"%s\":", name);
  const char *end = json.p + json.n, *p = memmem(json.p, json.n, key, (size_t)n);
  if (!p) return (struct text){"", 0};
  p += n;
  const char *q = p;
  if (*p == '"') {
    for (q = ++p; q < end && *q != '"'; q++) continue;
    return (struct text){p, (size_t)(q - p)};
  }
  if (*p == '{' || *p == '[') {
    int depth = 0;
    for (; q < end; q++) {
      depth += (*q == '{' || *q == '[') - (*q == '}' || *q == ']');
      if (!depth) return (struct text){p, (size_t)(q - p) + 1};
    }
  }
  while (q < end && *q != ',' && *q != '}') q++;
  return (struct text){p, (size_t)(q - p)};
}

/* ---- operations: each fills the body and returns the status -------------------------- */

static int refuse(struct bytes *out, const char *code) {
  addz(out, "{\"__type\":\"");
  addz(out, code);
  addz(out, "\",\"message\":\"bench\"}");
  n_refused++;
  return 400;
}

static int create_group(struct text in, struct bytes *out) {
  struct text name = member(in, "logGroupName"), tags = member(in, "tags");
  struct group *g = slot(name);
  if (g->name) return refuse(out, "ResourceAlreadyExistsException");
  need(++n_groups < SLOTS / 2, "too many log groups");
  *g = (struct group){.name = copy(name), .tags = copy(tags.n ? tags : (struct text){"{}", 2})};
  return 200;
}

static int put_retention(struct text in, struct bytes *out) {
  struct group *g = slot(member(in, "logGroupName"));
  struct text days = member(in, "retentionInDays");
  if (!g->name) return refuse(out, "ResourceNotFoundException");
  snprintf(g->retention, sizeof g->retention, "%.*s", (int)days.n, days.p);
  return 200;
}

static void describe(const struct group *g, struct bytes *out) {
  addz(out, "{\"logGroupName\":\"");
  addz(out, g->name);
  addz(out, "\",\"creationTime\":1700000000000,\"metricFilterCount\":0,\"storedBytes\":0,\"logGroupClass\":"
            "\"STANDARD\"");
  addz(out, ",\"arn\":\"arn:aws:logs:us-east-1:123456789012:log-group:");
  addz(out, g->name);
  addz(out, ":*\"");
  if (*g->retention) addz(out, ",\"retentionInDays\":");
  addz(out, g->retention);
  addz(out, "}");
}

static int describe_groups(struct text in, struct bytes *out) {
  struct text ids = member(in, "logGroupIdentifiers");
  const char *end = ids.p + ids.n, *comma = "";
  addz(out, "{\"logGroups\":[");
  for (const char *p = ids.p, *q; (p = memchr(p, '"', (size_t)(end - p))) != NULL; p = q + 1) {
    p++;
    q = memchr(p, '"', (size_t)(end - p));
    if (!q) break;
    const struct group *g = slot((struct text){p, (size_t)(q - p)});
    if (!g->name) continue;
    addz(out, comma);
    describe(g, out);
    comma = ",";
  }
  addz(out, "]}");
  return 200;
}

static int list_tags(struct text in, struct bytes *out) {
  struct text arn = member(in, "resourceArn");
  static const char before[] = ":log-group:";
  const char *p = memmem(arn.p, arn.n, before, sizeof before - 1);
  const struct group *g =
      p ? slot((struct text){p + sizeof before - 1, (size_t)(arn.p + arn.n - p) - sizeof before + 1}) : NULL;
  if (!g || !g->name) return refuse(out, "ResourceNotFoundException");
  addz(out, "{\"tags\":");
  addz(out, g->tags);
  addz(out, "}");
  return 200;
}

static int who(struct text in, struct bytes *out) {
  (void)in;
  addz(out, "<GetCallerIdentityResponse "
            "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
            "<Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDABENCH</UserId><Account>123456789012</"
            "Account>"
            "</GetCallerIdentityResult><ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>");
  return 200;
}

static const struct {
  const char *target; /* of X-Amz-Target; NULL: queries */
  int (*run)(struct text in, struct bytes *out);
} operations[] = {{"Logs_20140328.CreateLogGroup", create_group},
                  {"Logs_20140328.PutRetentionPolicy", put_retention},
                  {"Logs_20140328.DescribeLogGroups", describe_groups},
                  {"Logs_20140328.ListTagsForResource", list_tags},
                  {NULL, who}};

/* ---- HTTP ----------------------------------------------------------------------------- */

static struct text header(struct text head, const char *name) {
  size_t n = strlen(name);
  for (const char *p = head.p, *end = head.p + head.n, *q; p < end; p = q + 2) {
    q = memmem(p, (size_t)(end - p), "\r\n", 2);
    if (!q) break;
    if ((size_t)(q - p) <= n || p[n] != ':' || strncasecmp(p, name, n)) continue;
    for (p += n + 1; *p == ' '; p++) continue;
    return (struct text){p, (size_t)(q - p)};
  }
  return (struct text){NULL, 0};
}

static void answer(struct peer *peer, struct text target, struct text body) {
  static struct bytes out;
  char head[512];
  out.n = 0;
  int status = 0;
  for (size_t i = 0; i < sizeof operations / sizeof *operations && !status; i++) {
    const char *t = operations[i].target;
    if (t ? strlen(t) == target.n && !memcmp(t, target.p, target.n) : !target.p)
      status = operations[i].run(body, &out);
  }
  if (!status) status = refuse(&out, "UnknownOperationException");
  int n =
      snprintf(head, sizeof head,
               "HTTP/1.1 %d X\r\nContent-Type: %s\r\nx-amzn-RequestId: 0d5c5b5e-0000-4000-8000-%012llx\r\n"
               "Content-Length: %zu\r\n\r\n",
               status, target.p ? "application/x-amz-json-1.1" : "text/xml", ++n_requests, out.n);
  add(&peer->out, head, (size_t)n);
  if (out.n) add(&peer->out, out.p, out.n);
}

/* All whole requests that have come in. */
static void serve(struct peer *peer) {
  size_t at = 0;
  while (at < peer->in.n) {
    const char *p = peer->in.p + at, *end = memmem(p, peer->in.n - at, "\r\n\r\n", 4);
    if (!end) break;
    struct text head = {p, (size_t)(end - p) + 2}, length = header(head, "content-length");
    size_t size = length.p ? strtoul(length.p, NULL, 10) : 0, whole = (size_t)(end - p) + 4 + size;
    if (peer->in.n - at < whole) break;
    answer(peer, header(head, "x-amz-target"), (struct text){end + 4, size});
    at += whole;
  }
  drop(&peer->in, at);
}

/* False: the peer is gone. */
static bool talk(struct peer *peer) {
  char some[65536];
  ssize_t n = read(peer->fd, some, sizeof some);
  if (!n || (n < 0 && errno != EAGAIN)) return false;
  if (n > 0) add(&peer->in, some, (size_t)n);
  serve(peer);
  while (peer->out.n) { /* answers are small: the socket takes them, or the peer reads meanwhile */
    n = write(peer->fd, peer->out.p, peer->out.n);
    if (n < 0 && errno == EAGAIN) continue;
    if (n < 0) return false;
    drop(&peer->out, (size_t)n);
  }
  return true;
}

static int listen_on(struct sockaddr_in *at) {
  socklen_t size = sizeof *at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  need(fd >= 0, "socket");
  *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  need(!bind(fd, (void *)at, sizeof *at) && !listen(fd, 256), "bind");
  need(!getsockname(fd, (void *)at, &size), "getsockname");
  return fd;
}

static void watch(int ep, int fd, struct peer *peer) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = peer};
  need(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
}

static void welcome(int ep, int listening) {
  int fd = accept(listening, NULL, NULL), one = 1;
  if (fd < 0) return;
  struct peer *peer = calloc(1, sizeof *peer);
  need(peer && !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "accept");
  peer->fd = fd;
  watch(ep, fd, peer);
}

int main(void) {
  struct sockaddr_in at;
  struct peer door = {.fd = listen_on(&at)}, owner = {.fd = STDIN_FILENO};
  struct epoll_event events[EVENTS];
  int ep = epoll_create1(0);
  groups = calloc(SLOTS, sizeof *groups);
  need(groups && ep >= 0, "start");
  watch(ep, door.fd, &door);
  watch(ep, owner.fd, &owner);
  printf("%u\n", ntohs(at.sin_port));
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(ep, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      struct peer *peer = events[i].data.ptr;
      if (peer == &owner) {
        printf("%zu %llu %llu\n", n_groups, n_requests, n_refused);
        return 0;
      }
      if (peer == &door) {
        welcome(ep, door.fd);
      } else if (!talk(peer)) {
        close(peer->fd);
        free(peer->in.p);
        free(peer->out.p);
        free(peer);
      }
    }
  }
}
