/* Wire models: compact tables made from AWS's service models for the operations
 * that definitions name, and the serialisers and parsers of the five protocols
 * driven by them (EC2 query, AWS query, JSON 1.0/1.1, REST-JSON, REST-XML). */
#ifndef QUOIN_WIRE_H
#define QUOIN_WIRE_H

#include "quoin/value.h"

struct wire; /* the mapped tables */
enum wire_protocol { WP_EC2, WP_QUERY, WP_JSON, WP_REST_JSON, WP_REST_XML };
enum wkind { WK_STRING, WK_INTEGER, WK_LONG, WK_DOUBLE, WK_BOOLEAN, WK_BLOB, WK_TIMESTAMP, WK_STRUCTURE, WK_LIST, WK_MAP };

struct wire_service {
  uint32_t index;
  struct str id;            /* key in definitions: ec2, ecs, s3, route53, iam, logs, sts ... */
  struct str signing_name;  /* e.g. elasticloadbalancing */
  struct str endpoint_prefix;
  struct str env_name;      /* AWS_ENDPOINT_URL_<this> */
  enum wire_protocol protocol;
  struct str api_version, target_prefix, json_version, xml_namespace;
  bool global_endpoint;     /* signs for us-east-1 (of its partition) */
};
struct wire_op {
  uint32_t index;
  const struct wire_service *service; /* valid as long as the wire */
  struct str name, method, uri;
  uint32_t input, output;   /* shape indices; 0 = none */
  struct str idempotency_member; /* or empty */
  bool read_only;           /* name-based list kept by the generator: Describe*, Get*, List*, Batch[Get]*, Head* and exceptions */
  struct str in_token, out_token, result_key; /* paginator; empty = not paged */
};
struct wire_member { struct str name, wire_name; uint32_t shape; bool required; };

enum qn_err wire_open(struct session *s, struct str blob, struct wire **out) QN_MUST_USE;
void wire_free(struct wire *w);
bool wire_find_service(const struct wire *w, struct str id, const struct wire_service **out);
bool wire_find_op(const struct wire *w, struct str service, struct str op, const struct wire_op **out);
/* Shapes, for checking definitions. */
enum wkind wire_kind(const struct wire *w, uint32_t shape);
bool wire_member(const struct wire *w, uint32_t shape, struct str name, bool nocase, struct wire_member *out);
size_t wire_members(const struct wire *w, uint32_t shape, struct arena *a, struct wire_member **out);
uint32_t wire_element(const struct wire *w, uint32_t shape); /* list element or map value */

/* A request before signing. */
struct wire_request {
  const char *method;
  struct str path;          /* percent-encoded once, starts with / */
  struct str query;         /* encoded, without ? */
  struct str content_type, target;
  struct { struct str name, value; } headers[24];
  size_t n_headers;
  struct str body;
  bool needs_md5;
};
/* input: V_MAP by member names. Unknown members, wrong kinds and missing required members are
 * QN_E_INVALID with *why (a defect of a definition, never of a user). Values with secrets are fine. */
enum qn_err wire_serialise(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                           const struct value *input, struct wire_request *out, struct str *why) QN_MUST_USE;
struct wire_answer { int status; const struct http_header *headers; size_t n_headers; struct str body; };
struct http_header;
/* Typed by the output shape: timestamps become decimal seconds, blobs base64 text, absent stays absent. */
enum qn_err wire_parse(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                       const struct wire_answer *in, const struct value **out, struct str *why) QN_MUST_USE;
struct wire_error { struct str code, message, request_id; };
/* Error of any shape AWS sends; an HTML page or nothing gives code "" (judge by the status). */
void wire_parse_error(const struct wire *w, struct session *s, struct arena *a, const struct wire_op *op,
                      const struct wire_answer *in, struct wire_error *out);

#endif
