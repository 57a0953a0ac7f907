/* Errors, in every shape AWS sends:
 *   EC2      <Response><Errors><Error><Code>.., RequestID beside Errors
 *   query    <ErrorResponse><Error><Code>.., RequestId beside Error; Route 53 too
 *   S3       <Error><Code>.., RequestId within; HEAD has no body
 *   JSON     __type (after `#`, before `:`), message or Message
 *   REST-JSON header x-amzn-errortype (before `:`), else code, Code or __type
 *   JSON services that were query services: header x-amzn-query-error `Code;Sender` */
#include "quoin/net.h"
#include "quoin/xml.h"
#include "wire_int.h"

static struct str header(const struct wire_answer *ans, struct str name) {
  const struct http_header *h = wire_header(ans, name);
  return h ? str_trim(h->value) : (struct str){NULL, 0};
}

static struct str request_id(const struct wire_answer *ans) {
  static const char *const names[] = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct str id = header(ans, str_c(names[i]));
    if (id.n) return id;
  }
  return (struct str){NULL, 0};
}

/* com.amazonaws.logs#ResourceNotFoundException:http://... gives ResourceNotFoundException. */
static struct str bare_code(struct str code) {
  struct str head;
  (void)str_cut(code, ':', &head);
  size_t hash = str_find_c(head, '#');
  while (hash != SIZE_MAX) {
    head = str_sub(head, hash + 1, head.n);
    hash = str_find_c(head, '#');
  }
  return str_trim(head);
}

/* ---- XML */

static struct str child_text(const struct xml_node *n, const char *name) {
  const struct xml_node *c = xml_child(n, str_c(name));
  return c ? str_trim(c->text) : (struct str){NULL, 0};
}

static const struct xml_node *error_element(const struct xml_node *root) {
  if (str_eq(root->name, STR("Error"))) return root;
  const struct xml_node *errors = xml_child(root, STR("Errors"));
  return xml_child(errors ? errors : root, STR("Error"));
}

/* Route 53's older form: the root is the code, <Messages> says why. */
static void from_messages(struct arena *a, const struct xml_node *root, struct wire_error *out) {
  const struct xml_node *messages = xml_child(root, STR("Messages"));
  if (!messages) return;
  out->code = root->name;
  for (const struct xml_node *m = messages->child; m; m = m->next)
    out->message = str_fmt(a, "%.*s%s%.*s", SV(out->message), out->message.n ? "; " : "", SV(m->text));
}

static void from_xml(struct arena *a, struct str body, struct wire_error *out) {
  struct xml_node *root;
  if (xml_parse(a, body, &root, NULL)) return; /* an HTML page, or cut off */
  const struct xml_node *e = error_element(root);
  if (e) {
    out->code = child_text(e, "Code");
    out->message = child_text(e, "Message");
  } else {
    from_messages(a, root, out);
  }
  const struct {
    const struct xml_node *at;
    const char *name;
  } ids[] = {{root, "RequestId"}, {root, "RequestID"}, {root, "requestId"}, {e, "RequestId"}};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    struct str id = ids[i].at ? child_text(ids[i].at, ids[i].name) : (struct str){NULL, 0};
    if (id.n) {
      out->request_id = id;
      return;
    }
  }
}

/* ---- JSON */

static struct str first_text(const struct session *s, const struct value *map, const char *const *names,
                             size_t n) {
  for (size_t i = 0; i < n; i++) {
    const struct value *v = value_get(s, map, str_c(names[i]));
    if (value_is(v, V_STR) && v->n) return value_text(v);
  }
  return (struct str){NULL, 0};
}

static void from_json(struct session *s, struct arena *a, const struct wire_answer *ans,
                      struct wire_error *out) {
  static const char *const codes[] = {"__type", "code", "Code"};
  static const char *const messages[] = {"message", "Message", "errorMessage"};
  const struct value *v = NULL;
  if (json_parse(s, a, ans->body, &v, NULL)) v = NULL;
  struct str type = header(ans, STR("x-amzn-errortype"));
  out->code = bare_code(type.n ? type : first_text(s, v, codes, sizeof codes / sizeof *codes));
  out->message = first_text(s, v, messages, sizeof messages / sizeof *messages);
  struct str query;
  (void)str_cut(header(ans, STR("x-amzn-query-error")), ';', &query);
  if (query.n) out->code = str_trim(query);
}

/* Texts go to people and logs: valid UTF-8 of the arena, or nothing. */
static struct str keep(struct arena *a, struct str t) {
  size_t bad;
  return t.n && str_utf8_ok(t, &bad) ? str_dup(a, t) : STR("");
}

void wire_parse_error(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                      const struct wire_answer *ans, struct wire_error *out) {
  struct wire_error e = {.request_id = request_id(ans)};
  enum wire_protocol p = op->service->protocol;
  (void)w;
  if (p == WP_JSON || p == WP_REST_JSON)
    from_json(s, a, ans, &e);
  else
    from_xml(a, ans->body, &e);
  *out = (struct wire_error){keep(a, e.code), keep(a, e.message), keep(a, e.request_id)};
}
