/* Serialises and parses on demand, for test_wire_round_trip.py: one JSON object
 * a line on stdin, one answer a line on stdout.
 *   wire_driver WIRE_JSON...
 *   {"do": "serialise", "service", "operation", "input"}
 *     -> {"method", "path", "query", "content_type", "target", "headers": [[name, value]], "body": base64,
 * "md5"}
 *   {"do": "parse" | "error", "service", "operation", "status", "headers": [[name, value]], "body": base64}
 *     -> {"output"} | {"code", "message", "request_id"}
 * A refusal is {"why"}. */
#include <stdio.h>

#include "quoin/crypto.h"
#include "quoin/embed.h"
#include "quoin/file.h"
#include "quoin/net.h"
#include "quoin/wire.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

struct driver {
  struct session s;
  struct arena a; /* of the line in hand */
  struct wire *w;
  struct buf out;
};

static struct str text(const struct driver *d, const struct value *line, const char *key) {
  const struct value *v = value_get(&d->s, line, str_c(key));
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

static void field(struct driver *d, const char *name, struct str value) {
  buf_addz(&d->out, d->out.n > 1 ? "," : "");
  json_escape(&d->out, str_c(name));
  buf_addc(&d->out, ':');
  json_escape(&d->out, value);
}

static void serialise(struct driver *d, const struct wire_op *op, const struct value *line) {
  struct wire_request r;
  struct str why;
  if (wire_serialise(d->w, &d->s, &d->a, op, value_get(&d->s, line, STR("input")), &r, &why)) {
    field(d, "why", why);
    return;
  }
  field(d, "method", r.method);
  field(d, "path", r.path);
  field(d, "query", r.query);
  field(d, "content_type", r.content_type);
  field(d, "target", r.target);
  field(d, "md5", r.needs_md5 ? STR("yes") : STR("no"));
  field(d, "body", crypto_base64(&d->a, r.body));
  buf_addz(&d->out, ",\"headers\":[");
  for (size_t i = 0; i < r.n_headers; i++) {
    buf_addz(&d->out, i ? ",[" : "[");
    json_escape(&d->out, r.headers[i].name);
    buf_addc(&d->out, ',');
    json_escape(&d->out, r.headers[i].value);
    buf_addc(&d->out, ']');
  }
  buf_addc(&d->out, ']');
}

static struct wire_answer answer(struct driver *d, const struct value *line) {
  struct wire_answer ans = {0};
  const struct value *status = value_get(&d->s, line, STR("status")),
                     *list = value_get(&d->s, line, STR("headers"));
  ans.status = value_is(status, V_INT) ? (int)status->i : 0;
  ans.n_headers = value_is(list, V_LIST) ? list->n : 0;
  struct http_header *h = ARENA_ARRAY(&d->a, ans.n_headers, struct http_header);
  for (size_t i = 0; i < ans.n_headers; i++)
    h[i] = (struct http_header){value_text(list->items[i]->items[0]), value_text(list->items[i]->items[1])};
  ans.headers = h;
  if (!crypto_base64_decode(&d->a, text(d, line, "body"), &ans.body)) ans.body = STR("");
  return ans;
}

static void parse(struct driver *d, const struct wire_op *op, const struct value *line, bool error) {
  struct wire_answer ans = answer(d, line);
  if (error) {
    struct wire_error e;
    wire_parse_error(d->w, &d->s, &d->a, op, &ans, &e);
    field(d, "code", e.code);
    field(d, "message", e.message);
    field(d, "request_id", e.request_id);
    return;
  }
  const struct value *v;
  struct str why;
  if (wire_parse(d->w, &d->s, &d->a, op, &ans, &v, &why)) {
    field(d, "why", why);
    return;
  }
  buf_addz(&d->out, "\"output\":");
  if (json_write(&d->s, v, JSON_COMPACT, &d->out)) buf_addz(&d->out, "null");
}

static void answer_line(struct driver *d, struct str in) {
  const struct value *line;
  const struct wire_op *op;
  struct json_error err = {0};
  buf_reset(&d->out);
  buf_addc(&d->out, '{');
  if (json_parse(&d->s, &d->a, in, &line, &err)) {
    field(d, "why", err.message);
  } else if (!wire_find_op(d->w, text(d, line, "service"), text(d, line, "operation"), &op)) {
    field(d, "why", STR("no such operation"));
  } else if (str_eq(text(d, line, "do"), STR("serialise"))) {
    serialise(d, op, line);
  } else {
    parse(d, op, line, str_eq(text(d, line, "do"), STR("error")));
  }
  buf_addz(&d->out, "}\n");
  fwrite(d->out.p, 1, d->out.n, stdout);
  fflush(stdout);
}

static enum qn_err open_tables(struct driver *d, int n, char **paths, struct buf *blob) {
  uint32_t *files = ARENA_ARRAY(&d->s.arena, (size_t)n, uint32_t);
  for (int i = 0; i < n; i++) {
    struct str t;
    enum qn_err e = file_read(&d->s.arena, paths[i], FILE_MAX, &d->s.diags, &t);
    if (e) return e;
    files[i] = srcmap_add(d->s.sources, str_c(paths[i]), t);
  }
  enum qn_err e = wire_compile(&d->s, files, (size_t)n, blob);
  return e ? e : wire_open(&d->s, buf_str(blob), &d->w);
}

int main(int argc, char **argv) {
  struct driver d = {.out = BUF_INIT(FILE_MAX)};
  struct buf blob = BUF_INIT(FILE_MAX), line = BUF_INIT(FILE_MAX);
  session_init(&d.s, NULL);
  arena_init(&d.a);
  enum qn_err e = open_tables(&d, argc - 1, argv + 1, &blob);
  for (int c; !e && (c = getchar()) != EOF;) {
    if (c != '\n') {
      buf_addc(&line, (char)c);
      continue;
    }
    answer_line(&d, buf_str(&line));
    buf_reset(&line);
    arena_reset(&d.a);
  }
  if (e) {
    struct buf texts = BUF_INIT(FILE_MAX);
    diags_render_text(&d.s.diags, d.s.sources, &texts, false, 0);
    fprintf(stderr, "wire_driver: %s\n%.*s", qn_err_word(e), SV(buf_str(&texts)));
    buf_release(&texts);
  }
  wire_free(d.w);
  buf_release(&blob);
  buf_release(&line);
  buf_release(&d.out);
  arena_release(&d.a);
  session_release(&d.s);
  return e != QN_OK;
}
