/* Transport over curl multi. */
#include <poll.h>

#include "curl_lib.h"
#include "net_impl.h"
#include "quoin/crypto.h"
#include "quoin/vec.h"

enum { MAX_HEADERS = 256, MAX_HEADER_BYTES = 256 << 10, TIMEOUT_MS = 60000, CONNECT_TIMEOUT_MS = 10000 };
#define MAX_BODY ((size_t)64 << 20)

struct transfer {
  struct net_curl *net;
  CURL *h;
  struct curl_slist *headers; /* of the request; hold the credentials */
  struct str body;
  size_t sent;
  bool body_started; /* libcurl has taken bytes of the body */
  bool too_large, secret;
  net_done_fn *done;
  void *user;
  struct buf in;  /* body of the answer */
  struct arena a; /* headers of the answer */
  VEC(struct http_header) got;
  size_t header_bytes;
  char words[CURL_ERROR_SIZE];
  struct transfer *prev, *next; /* running list, or free list by next */
};
struct net_curl {
  struct net base;
  struct curl_lib lib;
  bool loaded;
  CURLM *multi;
  struct net_options options;
  char *ca_file;
  struct transfer *running, *idle;
  size_t n;
};

static struct net_curl *of(struct net *n) {
  return (struct net_curl *)n;
}

/* ---- callbacks of libcurl ---------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t count, void *user) {
  struct transfer *t = user;
  size_t room = size * count, left = t->body.n - t->sent, n = left < room ? left : room;
  t->body_started = true;
  if (n) memcpy(to, t->body.p + t->sent, n);
  t->sent += n;
  return n;
}

static int on_seek(void *user, curl_off_t offset, int origin) {
  struct transfer *t = user;
  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->body.n) return CURL_SEEKFUNC_CANTSEEK;
  t->sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t on_write(char *from, size_t size, size_t count, void *user) {
  struct transfer *t = user;
  size_t n = size * count;
  buf_add(&t->in, (struct str){from, n});
  if (!t->in.failed) return n;
  t->too_large = true;
  return 0;
}

static size_t on_header(char *from, size_t size, size_t count, void *user) {
  struct transfer *t = user;
  struct str line = {from, size * count}, name;
  if (str_starts(line, STR("HTTP/"))) { /* a status line: what came before (100 Continue) is void */
    t->got.n = 0;
    return line.n;
  }
  t->header_bytes += line.n;
  if (t->got.n == MAX_HEADERS || t->header_bytes > MAX_HEADER_BYTES) {
    t->too_large = true;
    return 0;
  }
  struct str value = str_cut(line, ':', &name);
  if (!value.p) return line.n;
  struct http_header h = {str_lower(&t->a, str_trim(name)), str_dup(&t->a, str_trim(value))};
  VEC_PUSH(&t->a, &t->got, h);
  return line.n;
}

/* ---- a transfer's life -------------------------------------------------- */

static void headers_free(struct transfer *t) {
  for (struct curl_slist *l = t->headers; l; l = l->next) crypto_wipe(l->data, strlen(l->data));
  if (t->headers) t->net->lib.slist_free_all(t->headers);
  t->headers = NULL;
}

static void transfer_end(struct transfer *t) {
  struct net_curl *n = t->net;
  if (t->prev)
    t->prev->next = t->next;
  else
    n->running = t->next;
  if (t->next) t->next->prev = t->prev;
  n->n--;
  headers_free(t);
  if (t->secret && t->in.cap) crypto_wipe(t->in.p, t->in.cap);
  buf_release(&t->in);
  arena_reset(&t->a);
  t->next = n->idle;
  n->idle = t;
}

static struct transfer *transfer_new(struct net_curl *n) {
  struct transfer *t = n->idle;
  if (t) {
    n->idle = t->next;
    n->lib.easy_reset(t->h);
  } else {
    t = calloc(1, sizeof *t);
    if (!t) return NULL;
    arena_init(&t->a);
    t->h = n->lib.easy_init();
    if (!t->h) {
      free(t);
      return NULL;
    }
  }
  *t = (struct transfer){.net = n, .h = t->h, .a = t->a};
  t->next = n->running;
  if (n->running) n->running->prev = t;
  n->running = t;
  n->n++;
  return t;
}

static void set_long(struct transfer *t, CURLoption o, long v, bool *ok) {
  *ok = *ok && t->net->lib.easy_setopt(t->h, o, v) == CURLE_OK;
}
static void set_ptr(struct transfer *t, CURLoption o, const void *v, bool *ok) {
  *ok = *ok && t->net->lib.easy_setopt(t->h, o, v) == CURLE_OK;
}

static bool add_header(struct transfer *t, const char *text) {
  struct curl_slist *l = t->net->lib.slist_append(t->headers, text);
  if (l) t->headers = l;
  return l != NULL;
}

/* libcurl's own Expect and Content-Type are kept away: they would be unsigned surprises. */
static void set_headers(struct transfer *t, const struct http_request *r, bool *ok) {
  bool typed = false;
  for (size_t i = 0; *ok && i < r->n_headers; i++) {
    struct str name = r->headers[i].name, value = r->headers[i].value;
    struct buf line = BUF_INIT(MAX_HEADER_BYTES);
    buf_add(&line, name);
    /* `X;` is libcurl's spelling of a header without a value. */
    buf_addz(&line, value.n ? ": " : ";");
    buf_add(&line, value);
    buf_addc(&line, 0);
    typed = typed || str_eq_nocase(name, STR("content-type"));
    *ok = !line.failed && str_find_c(value, '\n') == SIZE_MAX && str_find_c(value, '\r') == SIZE_MAX &&
          str_find_c(value, 0) == SIZE_MAX && add_header(t, line.p);
    if (line.n) crypto_wipe(line.p, line.n);
    buf_release(&line);
  }
  *ok = *ok && add_header(t, "Expect:") && (typed || add_header(t, "Content-Type:"));
  set_ptr(t, CURLOPT_HTTPHEADER, t->headers, ok);
}

static void set_method(struct transfer *t, const struct http_request *r, bool *ok) {
  struct curl_lib *l = &t->net->lib;
  struct str method = str_c(r->method);
  bool body =
      r->body.n || str_eq(method, STR("POST")) || str_eq(method, STR("PUT")) || str_eq(method, STR("PATCH"));
  if (body) {
    set_long(t, CURLOPT_POST, 1, ok);
    *ok = *ok && l->easy_setopt(t->h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n) == CURLE_OK &&
          l->easy_setopt(t->h, CURLOPT_READFUNCTION, on_read) == CURLE_OK;
    set_ptr(t, CURLOPT_READDATA, t, ok);
    if (!r->once) {
      *ok = *ok && l->easy_setopt(t->h, CURLOPT_SEEKFUNCTION, on_seek) == CURLE_OK;
      set_ptr(t, CURLOPT_SEEKDATA, t, ok);
    }
  } else if (str_eq(method, STR("HEAD"))) {
    set_long(t, CURLOPT_NOBODY, 1, ok);
  } else {
    set_long(t, CURLOPT_HTTPGET, 1, ok);
  }
  if (!str_eq(method, STR("HEAD"))) set_ptr(t, CURLOPT_CUSTOMREQUEST, r->method, ok);
  /* Nothing to rewind would mean nothing that stops libcurl from sending again. */
  if (r->once && !r->body.n) set_long(t, CURLOPT_FRESH_CONNECT, 1, ok);
}

static bool transfer_set(struct transfer *t, const struct http_request *r) {
  struct curl_lib *l = &t->net->lib;
  bool ok = true;
  struct buf url = BUF_INIT(1 << 20);
  buf_add(&url, r->url);
  buf_addc(&url, 0);
  ok = !url.failed && str_find_c(r->url, 0) == SIZE_MAX;
  if (ok) set_ptr(t, CURLOPT_URL, url.p, &ok);
  buf_release(&url);
  uint32_t total = r->timeout_ms ? r->timeout_ms : TIMEOUT_MS;
  uint32_t connect = r->connect_timeout_ms ? r->connect_timeout_ms : CONNECT_TIMEOUT_MS;
  set_long(t, CURLOPT_TIMEOUT_MS, (long)total, &ok);
  set_long(t, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect < total ? connect : total), &ok);
  set_long(t, CURLOPT_NOSIGNAL, 1, &ok);
  set_long(t, CURLOPT_PATH_AS_IS, 1, &ok);
  set_long(t, CURLOPT_FOLLOWLOCATION, 0, &ok);
  set_long(t, CURLOPT_TCP_KEEPALIVE, 1, &ok);
  set_long(t, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1, &ok);
#if LIBCURL_VERSION_NUM >= 0x075500
  set_ptr(t, CURLOPT_PROTOCOLS_STR, "http,https", &ok);
#else
  set_long(t, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS, &ok);
#endif
  /* Asks for none; without it libcurl would hand on bytes that a server or proxy packed unasked. */
  set_ptr(t, CURLOPT_ACCEPT_ENCODING, "identity", &ok);
  if (t->net->ca_file) set_ptr(t, CURLOPT_CAINFO, t->net->ca_file, &ok);
  if (r->no_proxy) set_ptr(t, CURLOPT_NOPROXY, "*", &ok);
  set_ptr(t, CURLOPT_ERRORBUFFER, t->words, &ok);
  set_ptr(t, CURLOPT_PRIVATE, t, &ok);
  set_ptr(t, CURLOPT_WRITEDATA, t, &ok);
  set_ptr(t, CURLOPT_HEADERDATA, t, &ok);
  ok = ok && l->easy_setopt(t->h, CURLOPT_WRITEFUNCTION, on_write) == CURLE_OK &&
       l->easy_setopt(t->h, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
  set_method(t, r, &ok);
  set_headers(t, r, &ok);
  return ok;
}

/* ---- net_ops ------------------------------------------------------------ */

static bool load(struct net_curl *n) {
  if (n->loaded) return true;
  if (!curl_lib_load(&n->lib, n->base.error, sizeof n->base.error)) return false;
  n->multi = n->lib.multi_init();
  if (!n->multi) {
    snprintf(n->base.error, sizeof n->base.error, "libcurl cannot be started: out of memory");
    return false;
  }
  long most = n->options.max_connections ? (long)n->options.max_connections : 64;
  long host = n->options.max_per_host ? (long)n->options.max_per_host : 32;
  n->lib.multi_setopt(n->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  n->lib.multi_setopt(n->multi, CURLMOPT_MAX_HOST_CONNECTIONS, host);
  n->lib.multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, most);
  n->loaded = true;
  return true;
}

static enum qn_err multi_submit(struct net *base, const struct http_request *r, net_done_fn *done,
                                void *user) {
  struct net_curl *n = of(base);
  if (!load(n)) return QN_E_IO;
  struct transfer *t = transfer_new(n);
  if (!t) return QN_E_NOMEM;
  t->in = BUF_INIT(r->max_body ? r->max_body : MAX_BODY);
  t->body = r->body;
  t->secret = r->secret;
  t->done = done;
  t->user = user;
  if (transfer_set(t, r) && n->lib.multi_add_handle(n->multi, t->h) == CURLM_OK) return QN_OK;
  snprintf(base->error, sizeof base->error, "libcurl refused the request");
  transfer_end(t);
  return QN_E_IO;
}

/* Nothing of the request left this process, in any try that libcurl made. */
static bool nothing_sent(struct transfer *t) {
  long request = 0;
  curl_off_t upload = 0;
  struct curl_lib *l = &t->net->lib;
  if (l->easy_getinfo(t->h, CURLINFO_REQUEST_SIZE, &request) != CURLE_OK) return false;
  if (l->easy_getinfo(t->h, CURLINFO_SIZE_UPLOAD_T, &upload) != CURLE_OK) return false;
  return request == 0 && upload == 0 && !t->body_started;
}

static void finish(struct transfer *t, CURLcode code) {
  struct curl_lib *l = &t->net->lib;
  struct http_response r = {.headers = t->got.v, .n_headers = t->got.n, .body = buf_str(&t->in)};
  long status = 0;
  curl_off_t us = 0;
  if (l->easy_getinfo(t->h, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) r.status = (int)status;
  if (l->easy_getinfo(t->h, CURLINFO_TOTAL_TIME_T, &us) == CURLE_OK) r.elapsed_ms = (uint32_t)(us / 1000);
  if (t->too_large)
    r.fail = NF_TOO_LARGE;
  else if (code != CURLE_OK)
    r.fail = nothing_sent(t) ? NF_CONNECT : NF_AMBIGUOUS;
  if (r.fail)
    r.detail = str_c(t->too_large  ? "the answer is too large"
                     : t->words[0] ? t->words
                                   : l->easy_strerror(code));
  t->done(t->user, &r);
  transfer_end(t);
}

static size_t collect(struct net_curl *n) {
  size_t ended = 0;
  int left;
  for (CURLMsg *m; (m = n->lib.multi_info_read(n->multi, &left)) != NULL;) {
    if (m->msg != CURLMSG_DONE) continue;
    CURLcode code = m->data.result;
    CURL *h = m->easy_handle;
    char *private = NULL;
    n->lib.multi_remove_handle(n->multi, h); /* m is void from here on */
    if (n->lib.easy_getinfo(h, CURLINFO_PRIVATE, &private) != CURLE_OK || !private) continue;
    finish((struct transfer *)(void *)private, code);
    ended++;
  }
  return ended;
}

static size_t multi_wait(struct net *base, int timeout_ms, int wake_fd) {
  struct net_curl *n = of(base);
  if (!n->n) {
    struct pollfd p = {.fd = wake_fd, .events = POLLIN};
    (void)poll(&p, 1, timeout_ms); /* a negative fd is ignored: a plain sleep */
    return 0;
  }
  int running = 0;
  n->lib.multi_perform(n->multi, &running);
  if (collect(n)) return n->n;
  struct curl_waitfd w = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
  n->lib.multi_poll(n->multi, &w, wake_fd >= 0 ? 1 : 0, timeout_ms, NULL);
  n->lib.multi_perform(n->multi, &running);
  collect(n);
  return n->n;
}

static void multi_free(struct net *base) {
  struct net_curl *n = of(base);
  while (n->running) {
    n->lib.multi_remove_handle(n->multi, n->running->h);
    transfer_end(n->running);
  }
  for (struct transfer *t = n->idle, *next; t; t = next) {
    next = t->next;
    n->lib.easy_cleanup(t->h);
    arena_release(&t->a);
    free(t);
  }
  if (n->loaded) n->lib.multi_cleanup(n->multi);
  free(n->ca_file);
  free(n);
}

enum qn_err net_new(const struct net_options *o, struct net **out) {
  static const struct net_ops ops = {multi_submit, multi_wait, multi_free};
  struct net_curl *n = calloc(1, sizeof *n);
  if (!n) return QN_E_NOMEM;
  n->base.ops = &ops;
  if (o) n->options = *o;
  if (o && o->ca_file && !(n->ca_file = strdup(o->ca_file))) {
    free(n);
    return QN_E_NOMEM;
  }
  *out = &n->base;
  return QN_OK;
}
