/* The transport against a small server of our own that counts what reaches it. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quoin/net.h"
#include "unit.h"

/* ---- server: one process per connection ---------------------------------- */

struct server {
  int port, counter; /* counter: a byte per request that was read whole */
  pid_t pid;
};

static bool read_request(int fd, char *to, size_t size) {
  size_t n = 0, need = 0;
  while (n + 1 < size) {
    ssize_t got = read(fd, to + n, need ? need - n : size - 1 - n);
    if (got <= 0) return false;
    n += (size_t)got;
    to[n] = 0;
    char *end = strstr(to, "\r\n\r\n"), *len = strstr(to, "Content-Length: ");
    if (!end) continue;
    need = (size_t)(end - to) + 4 + (len && len < end ? strtoul(len + 16, NULL, 10) : 0);
    if (n >= need) return true;
  }
  return false;
}

static void say(int fd, const char *text, size_t n) {
  while (n) {
    ssize_t w = write(fd, text, n);
    if (w <= 0) return;
    text += w;
    n -= (size_t)w;
  }
}

static void says(int fd, const char *z) {
  say(fd, z, strlen(z));
}

static void answer(int fd, const char *extra, const char *body, size_t n, size_t claim) {
  char head[512];
  int h = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nX-Answer:  yes \r\n%sContent-Length: %zu\r\n\r\n",
                   extra, claim);
  say(fd, head, (size_t)h);
  say(fd, body, n);
}

static void die(int fd) {
  struct linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
  _exit(0);
}

/* gzip of "unpacked" */
static const char packed[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcd\x2b\x48\x4c\xce\x4e\x4d\x01\x00"
    "\x96\x62\x2f\xca\x08\x00\x00\x00";

static void connection(int fd, int counter) {
  static char in[1 << 20], big[1 << 20];
  memset(big, 'x', sizeof big);
  while (read_request(fd, in, sizeof in)) {
    say(counter, "!", 1);
    const char *path = strchr(in, ' ') + 1;
    if (strncmp(path, "/die", 4) == 0) die(fd);
    if (strncmp(path, "/half", 5) == 0) {
      answer(fd, "", "half", 4, 400);
      break;
    }
    if (strncmp(path, "/big", 4) == 0)
      answer(fd, "", big, sizeof big, sizeof big);
    else if (strncmp(path, "/packed", 7) == 0)
      answer(fd, "Content-Encoding: gzip\r\n", packed, sizeof packed - 1, sizeof packed - 1);
    else if (strncmp(path, "/chunks", 7) == 0)
      says(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
               "chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Answer: late\r\n\r\n");
    else if (strncmp(path, "/torn", 5) == 0) {
      says(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      break;
    } else if (strncmp(path, "/slow", 5) == 0)
      sleep(3);
    else if (strncmp(path, "/moved", 6) == 0)
      says(fd, "HTTP/1.1 302 F\r\nLocation: /die\r\nContent-Length: 0\r\n\r\n");
    else if (strncmp(path, "/cont", 5) == 0) {
      says(fd, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n");
      answer(fd, "", "", 0, 0);
    } else
      answer(fd, "", in, strncmp(in, "HEAD", 4) == 0 ? 0 : strlen(in), strlen(in));
  }
  close(fd);
  _exit(0);
}

static struct server server_start(void) {
  struct server s = {0};
  int fd = socket(AF_INET, SOCK_STREAM, 0), pipe_fd[2];
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof at;
  if (fd < 0 || pipe(pipe_fd) || bind(fd, (struct sockaddr *)&at, n) || listen(fd, 64) ||
      getsockname(fd, (struct sockaddr *)&at, &n))
    exit(3);
  s.port = ntohs(at.sin_port);
  s.counter = pipe_fd[0];
  s.pid = fork();
  if (s.pid == 0) {
    signal(SIGCHLD, SIG_IGN);
    setpgid(0, 0);
    for (int c; (c = accept(fd, NULL, NULL)) >= 0;) {
      if (fork() == 0) connection(c, pipe_fd[1]);
      close(c);
    }
    _exit(0);
  }
  setpgid(s.pid, s.pid);
  close(fd);
  close(pipe_fd[1]);
  return s;
}

static void server_stop(struct server *s) {
  kill(-s->pid, SIGKILL);
  waitpid(s->pid, NULL, 0);
  char rest[64];
  while (read(s->counter, rest, sizeof rest) > 0)
    continue; /* ends when the last child has let go of its sockets */
  close(s->counter);
}

/* Requests that reached the server since the last call. */
static int server_count(struct server *s) {
  int total = 0;
  for (struct pollfd p = {.fd = s->counter, .events = POLLIN};
       poll(&p, 1, 100) > 0 && (p.revents & POLLIN);) {
    char b[64];
    ssize_t n = read(s->counter, b, sizeof b);
    if (n <= 0) break;
    total += (int)n;
  }
  return total;
}

/* ---- client ---------------------------------------------------------------- */

struct got {
  bool done;
  enum net_fail fail;
  int status;
  size_t n_headers;
  char body[4096], answer[64];
  bool early;
};

static void on_done(void *user, const struct http_response *r) {
  struct got *g = user;
  *g = (struct got){.done = true, .fail = r->fail, .status = r->status, .n_headers = r->n_headers};
  snprintf(g->body, sizeof g->body, "%.*s", SV(r->body));
  const struct http_header *h = http_header_find(r->headers, r->n_headers, "x-answer");
  if (h) snprintf(g->answer, sizeof g->answer, "%.*s", SV(h->value));
  g->early = http_header_find(r->headers, r->n_headers, "x-early") != NULL;
}

static struct got ask(struct net *n, int port, struct http_request r, const char *path) {
  char url[256];
  struct got g = {0};
  int len = snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
  r.url = (struct str){url, (size_t)len};
  if (!r.method) r.method = "GET";
  if (net_submit(n, &r, on_done, &g) != QN_OK) return g;
  for (int i = 0; i < 100 && !g.done; i++) net_poll(n, 100, -1);
  return g;
}

static struct net *net_plain(void) {
  struct net *n = NULL;
  if (net_new(NULL, &n) != QN_OK) exit(3);
  return n;
}

TEST(echo) {
  struct server s = server_start();
  struct net *n = net_plain();
  struct http_header h[] = {
      {STR("X-One"), STR("1")}, {STR("X-Empty"), STR("")}, {STR("Content-Type"), STR("a/b")}};
  struct http_request r = {.method = "PUT", .headers = h, .n_headers = 3, .body = STR("text\0here")};
  struct got g = ask(n, s.port, r, "/a/../b//c?q=%2B");
  CHECK_INT(g.status, 200);
  CHECK(strncmp(g.body, "PUT /a/../b//c?q=%2B HTTP/1.1\r\n", 31) == 0);
  CHECK(strstr(g.body, "\r\nX-One: 1\r\n") && strstr(g.body, "\r\nX-Empty:\r\n") &&
        strstr(g.body, "\r\nContent-Type: a/b\r\n"));
  CHECK(strstr(g.body, "\r\nContent-Length: 9\r\n") && !strstr(g.body, "Expect"));
  CHECK_STR(str_c(g.answer), STR("yes"));
  g = ask(n, s.port, (struct http_request){.method = "POST", .body = STR("x=1")}, "/");
  CHECK(!strstr(g.body, "Content-Type"));
  g = ask(n, s.port, (struct http_request){.method = "POST", .once = true}, "/");
  CHECK(strstr(g.body, "Content-Length: 0"));
  g = ask(n, s.port, (struct http_request){.method = "DELETE"}, "/");
  CHECK(strncmp(g.body, "DELETE / ", 9) == 0);
  g = ask(n, s.port, (struct http_request){.method = "HEAD"}, "/");
  CHECK_INT(g.status, 200);
  CHECK_STR(str_c(g.body), STR(""));
  net_free(n);
  server_stop(&s);
}

/* The reason for `once`: a create whose reused connection dies unanswered. */
TEST(once_is_once) {
  struct server s = server_start();
  struct net *n = net_plain();
  static const struct str bodies[] = {{"Action=CreateVpc", 16}, {"", 0}};
  for (size_t i = 0; i < 2; i++) {
    struct http_request create = {.method = "POST", .body = bodies[i], .once = true};
    CHECK_INT(ask(n, s.port, (struct http_request){0}, "/warm").status, 200);
    CHECK_INT(server_count(&s), 1);
    struct got g = ask(n, s.port, create, "/die");
    CHECK(g.done);
    CHECK_INT(g.fail, NF_AMBIGUOUS);
    CHECK_INT(server_count(&s), 1);
  }
  /* And so that the test is known to test something: without `once` libcurl does send again. */
  CHECK_INT(ask(n, s.port, (struct http_request){0}, "/warm").status, 200);
  server_count(&s);
  struct got g = ask(n, s.port, (struct http_request){.method = "POST", .body = STR("x")}, "/die");
  CHECK_INT(g.fail, NF_AMBIGUOUS);
  CHECK(server_count(&s) > 1);
  net_free(n);
  server_stop(&s);
}

/* `once` keeps the connection: the second create does not connect anew. */
TEST(once_reuses) {
  struct server s = server_start();
  struct net *n = net_plain();
  for (int i = 0; i < 3; i++) {
    struct got g =
        ask(n, s.port, (struct http_request){.method = "POST", .body = STR("b"), .once = true}, "/ok");
    CHECK_INT(g.status, 200);
    CHECK(strstr(g.body, "\r\n\r\nb") != NULL);
  }
  net_free(n);
  server_stop(&s);
}

TEST(encodings) {
  struct server s = server_start();
  struct net *n = net_plain();
  struct got g = ask(n, s.port, (struct http_request){0}, "/ok");
  CHECK(strstr(g.body, "\r\nAccept-Encoding: identity\r\n") != NULL);
  CHECK_STR(str_c(ask(n, s.port, (struct http_request){0}, "/packed").body), STR("unpacked"));
  CHECK_INT(ask(n, s.port, (struct http_request){.max_body = 7}, "/packed").fail, NF_TOO_LARGE);
  CHECK_STR(str_c(ask(n, s.port, (struct http_request){0}, "/chunks").body), STR("abcdefg"));
  CHECK_INT(ask(n, s.port, (struct http_request){.max_body = 6}, "/chunks").fail, NF_TOO_LARGE);
  CHECK_INT(ask(n, s.port, (struct http_request){0}, "/torn").fail, NF_AMBIGUOUS);
  net_free(n);
  server_stop(&s);
}

static struct got ask_url(struct net *n, const char *url, bool no_proxy) {
  struct got g = {0};
  struct http_request r = {.method = "GET", .url = str_c(url), .no_proxy = no_proxy, .timeout_ms = 2000};
  if (net_submit(n, &r, on_done, &g) != QN_OK) return g;
  for (int i = 0; i < 100 && !g.done; i++) net_poll(n, 100, -1);
  return g;
}

TEST(proxies) {
  struct server s = server_start();
  struct net *n = net_plain();
  char proxy[64];
  snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", s.port);
  setenv("http_proxy", proxy, 1);
  setenv("HTTPS_PROXY", proxy, 1);
  setenv("NO_PROXY", "direct.invalid", 1);
  CHECK(strncmp(ask_url(n, "http://far.invalid/a", false).body, "GET http://far.invalid/a HTTP/1.1", 33) ==
        0);
  CHECK_INT(server_count(&s), 1);
  CHECK_INT(ask_url(n, "https://far.invalid/a", false).fail, NF_AMBIGUOUS); /* the proxy speaks no TLS */
  CHECK_INT(server_count(&s), 1);
  CHECK_INT(ask_url(n, "http://direct.invalid/a", false).fail, NF_CONNECT);
  CHECK_INT(ask_url(n, "http://far.invalid/a", true).fail, NF_CONNECT);
  CHECK_INT(server_count(&s), 0);
  unsetenv("http_proxy");
  unsetenv("HTTPS_PROXY");
  unsetenv("NO_PROXY");
  net_free(n);
  server_stop(&s);
}

TEST(failures) {
  struct server s = server_start();
  struct net *n = net_plain();
  struct got g = ask(n, s.port, (struct http_request){.max_body = 1000}, "/big");
  CHECK_INT(g.fail, NF_TOO_LARGE);
  g = ask(n, s.port, (struct http_request){0}, "/big");
  CHECK_INT(g.fail, NF_NONE);
  g = ask(n, s.port, (struct http_request){0}, "/half");
  CHECK_INT(g.fail, NF_AMBIGUOUS);
  g = ask(n, s.port, (struct http_request){.timeout_ms = 200}, "/slow");
  CHECK_INT(g.fail, NF_AMBIGUOUS);
  g = ask(n, s.port, (struct http_request){0}, "/moved");
  CHECK_INT(g.status, 302);
  g = ask(n, s.port, (struct http_request){0}, "/cont");
  CHECK_INT(g.status, 200);
  CHECK(!g.early && g.n_headers == 2);
  server_stop(&s);
  net_free(n);
  n = net_plain(); /* without connections of before, on which the request might have gone out */
  g = ask(n, s.port, (struct http_request){.method = "POST", .body = STR("x")}, "/ok");
  CHECK_INT(g.fail, NF_CONNECT);
  struct http_header bad = {STR("X"), STR("a\r\nY: b")};
  struct http_request r = {.method = "GET", .url = STR("http://127.0.0.1/"), .headers = &bad, .n_headers = 1};
  CHECK_INT(net_submit(n, &r, on_done, &g), QN_E_IO);
  r = (struct http_request){.method = "GET", .url = STR("file:///etc/passwd")};
  if (net_submit(n, &r, on_done, &g) == QN_OK) {
    g.done = false;
    for (int i = 0; i < 100 && !g.done; i++) net_poll(n, 10, -1);
    CHECK(g.done && g.fail == NF_CONNECT);
  }
  net_free(n);
}

TEST(free_while_running) {
  struct server s = server_start();
  struct net *n = net_plain();
  char url[64];
  struct got g = {0};
  int len = snprintf(url, sizeof url, "http://127.0.0.1:%d/slow", s.port);
  struct http_request r = {.method = "GET", .url = {url, (size_t)len}};
  CHECK_INT(net_submit(n, &r, on_done, &g), QN_OK);
  CHECK_INT(net_poll(n, 20, -1), 1);
  net_free(n);
  CHECK(!g.done);
  server_stop(&s);
}

TEST(wakes) {
  struct net *n = net_plain();
  int p[2];
  if (pipe(p) || write(p[1], "x", 1) != 1) exit(3);
  CHECK_INT(net_poll(n, 5000, p[0]), 0); /* would take 5 s */
  close(p[0]);
  close(p[1]);
  net_free(n);
}

static void replay_answer(void *user, const struct http_request *r, struct http_response *out,
                          struct arena *a) {
  (void)user;
  out->status = 200;
  out->body = str_fmt(a, "%s %.*s", r->method, SV(r->url));
}

TEST(replay) {
  struct net *n = NULL;
  struct got g = {0};
  CHECK_INT(net_new_replay(replay_answer, NULL, NULL, &n), QN_OK);
  struct http_request r = {.method = "GET", .url = STR("http://x/")};
  CHECK_INT(net_submit(n, &r, on_done, &g), QN_OK);
  CHECK(!g.done);
  net_poll(n, 0, -1);
  CHECK_STR(str_c(g.body), STR("GET http://x/"));
  CHECK_INT(net_submit(n, &r, on_done, &g), QN_OK);
  net_free(n);
}

TEST_MAIN(CASE(echo), CASE(once_is_once), CASE(once_reuses), CASE(encodings), CASE(proxies), CASE(failures),
          CASE(free_while_running), CASE(wakes), CASE(replay))
