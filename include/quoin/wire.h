/* Wire models: compact tables made from AWS's service models for the operations
 * that definitions name, and the serialisers and parsers of the five protocols
 * driven by them (EC2 query, AWS query, JSON 1.0/1.1, REST-JSON, REST-XML). */
#ifndef QUOIN_WIRE_H
#define QUOIN_WIRE_H

#include "quoin/value.h"

struct wire; /* the mapped tables */
enum wire_protocol { WP_EC2, WP_QUERY, WP_JSON, WP_REST_JSON, WP_REST_XML };
enum wkind { WK_STRING, WK_INTEGER, WK_LONG, WK_DOUBLE, WK_BOOLEAN, WK_BLOB, WK_TIMESTAMP, WK_STRUCTURE, WK_LIST, WK_MAP, WK_DOCUMENT };

struct wire_service {
  uint32_t index;
  struct str id;            /* key in definitions: ec2, ecs, s3, route53, iam, logs, sts ... */
  struct str signing_name;  /* e.g. elasticloadbalancing */
  struct str endpoint_prefix;
  struct str env_name;      /* AWS_ENDPOINT_URL_<this> */
  enum wire_protocol protocol;
  struct str api_version, target_prefix, json_version, xml_namespace;
  bool global_endpoint;     /* signs for us-east-1 (of its partition) */
  bool query_compatible;    /* JSON service that was a query service: sends x-amzn-query-mode */
};

/* How the pages of a listing follow each other. The next call's tokens[i].in is
 * the last reply's path tokens[i].out; there is a further page while any token
 * is present and, where `more` is given, that member is true. Paths are members
 * joined by dots. */
struct wire_token { struct str in, out; };
struct wire_pages {
  const struct wire_token *tokens;
  size_t n_tokens;          /* 0 = the operation is not paged */
  struct str more;          /* boolean member of the reply, or empty */
  struct str limit;         /* input member that sets the page size, or empty */
  const struct str *results; /* paths of the lists that grow page by page */
  size_t n_results;
};
struct wire_op {
  uint32_t index;
  const struct wire_service *service; /* valid as long as the wire */
  struct str name, method, uri;
  uint32_t input, output;   /* shape indices; 0 = none */
  struct str idempotency_member; /* or empty */
  bool read_only;           /* Describe*, Get*, List*, BatchGet*, Head* and the generator's list of exceptions */
  bool is_unsigned;         /* must go out without a signature, e.g. AssumeRoleWithWebIdentity */
  bool needs_md5;           /* Content-MD5 of the body is demanded */
  struct wire_pages pages;
  const struct str *errors; /* codes the model names, sorted; EC2 names none */
  size_t n_errors;
};
struct wire_member { struct str name, wire_name; uint32_t shape; bool required; };

/* Checks every offset of the blob once (a damaged one is QN_E_DAMAGED with QN0901), so that
 * nothing is checked later. The blob is borrowed and may be unaligned; it must outlive the wire. */
enum qn_err wire_open(struct session *s, struct str blob, struct wire **out) QN_MUST_USE;
void wire_free(struct wire *w);
/* Binary search by exact name; false leaves *out untouched. */
bool wire_find_service(const struct wire *w, struct str id, const struct wire_service **out);
bool wire_find_op(const struct wire *w, struct str service, struct str op, const struct wire_op **out);
/* Whole tables, sorted by name, for listings and nearest-name hints. */
const struct wire_service *wire_services(const struct wire *w, size_t *n);
const struct wire_op *wire_ops(const struct wire *w, const struct wire_service *svc, size_t *n);
/* Shapes, for checking definitions. Indices come from an op, a member or an element; never 0. */
enum wkind wire_kind(const struct wire *w, uint32_t shape);
bool wire_member(const struct wire *w, uint32_t shape, struct str name, bool nocase, struct wire_member *out);
size_t wire_members(const struct wire *w, uint32_t shape, struct arena *a, struct wire_member **out);
uint32_t wire_element(const struct wire *w, uint32_t shape); /* list element or map value; 0 for others */

/* A request before signing. Every text lives in the arena given, in the wire or in static storage. */
struct wire_header { struct str name, value; };
struct wire_request {
  struct str method;
  /* Percent-encoded once, starts with /. S3: the bucket is always the first segment (path style, as
   * emulators and custom endpoints need it); code that picks a virtual-host endpoint cuts it off. */
  struct str path;
  struct str query;         /* encoded, without ?; S3 sub-resources have no `=` */
  struct str content_type;  /* empty if there is no body */
  struct str target;        /* X-Amz-Target; JSON protocols only */
  const struct wire_header *headers; /* further ones, neither Content-Type nor X-Amz-Target */
  size_t n_headers;
  struct str body;
  bool needs_md5;           /* add Content-MD5 unless a header of that name is there */
};
/* input: V_MAP by member names (NULL = no members); null members are left out. Kinds: blobs are base64
 * text, timestamps are seconds (V_INT, V_DEC) or ISO 8601 text, doubles V_INT or V_DEC, all others the
 * kind of their name. Route 53 ids may keep their kind (/hostedzone/Z1 is sent as Z1). Unknown members,
 * wrong kinds, values not known yet and missing required members are QN_E_INVALID with *why, which
 * starts with the member's path (a defect of a definition, never of a user). Secrets are sent. */
enum qn_err wire_serialise(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                           const struct value *input, struct wire_request *out, struct str *why) QN_MUST_USE;
struct http_header; /* net.h; looked up without regard to case */
struct wire_answer { int status; const struct http_header *headers; size_t n_headers; struct str body; };
/* Typed by the output shape: timestamps become decimal seconds (V_INT or V_DEC), blobs base64 text, an
 * absent member stays absent and so does a JSON null. Unknown members are dropped. QN_E_INVALID with
 * *why for a body that is not what the protocol says. */
enum qn_err wire_parse(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                       const struct wire_answer *in, const struct value **out, struct str *why) QN_MUST_USE;
struct wire_error { struct str code, message, request_id; };
/* Error of any shape AWS sends; an HTML page or nothing gives code "" (judge by the status). Codes have
 * neither namespace nor suffix; an x-amzn-query-error code wins over the modelled one. */
void wire_parse_error(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                      const struct wire_answer *in, struct wire_error *out);

#endif
