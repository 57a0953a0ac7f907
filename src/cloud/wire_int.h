/* Inside of the wire layer: the opened tables and what its files share. */
#ifndef QUOIN_CLOUD_WIRE_INT_H
#define QUOIN_CLOUD_WIRE_INT_H

#include "quoin/vec.h"
#include "quoin/wire.h"
#include "wire_format.h"

#define WIRE_DEPTH_MAX 256

struct wire {
  struct str blob;
  struct wb_head head;
  struct wire_service *services; /* decoded; owned */
  struct wire_op *ops;           /* decoded, by blob index; owned */
  struct arena arena;            /* token, result and error lists */
};

struct wb_shape wire_shape_at(const struct wire *w, uint32_t i);
struct wb_ref wire_ref_at(const struct wire *w, uint32_t i);
struct wb_op wire_op_at(const struct wire *w, uint32_t i);
struct str wire_text(const struct wire *w, struct wb_str t);
/* Member refs of a structure by member name, or by the name of its element in XML; 0 if none. */
uint32_t wire_ref_by_name(const struct wire *w, const struct wb_shape *shape, struct str name);
uint32_t wire_ref_by_xml(const struct wire *w, const struct wb_shape *shape, struct str name);

/* ---- timestamps (wire_time.c) */
struct wire_time {
  int64_t seconds;
  uint32_t nanos;
}; /* nanos count forward from seconds */
/* Seconds as number text (sign, fraction, exponent), ISO 8601 or RFC 822; false on anything else. */
bool wire_time_parse(struct session *s, struct arena *a, struct str text, struct wire_time *out);
/* V_INT, V_DEC (seconds) or V_STR (ISO 8601, RFC 822). */
bool wire_time_of(const struct value *v, struct wire_time *out);
/* ISO 8601 has microseconds if there are any; the others are whole seconds. */
struct str wire_time_text(struct arena *a, struct wire_time t, enum wb_time form);
const struct value *wire_time_value(struct arena *a, struct wire_time t);
/* Number text in any notation to V_INT or canonical V_DEC; NULL if it is no finite number. */
const struct value *wire_number(struct session *s, struct arena *a, struct str text);

/* ---- serialising */
struct wire_out {
  const struct wire *w;
  struct session *s;
  struct arena *a;
  const struct wire_service *service;
  struct wb_op op;
  struct wire_request *r;
  struct str *why;
  VEC(struct wire_header) headers;
};
/* One error: "Path: what is wrong"; returns QN_E_INVALID. `path` is a chain of names or NULL. */
struct wire_path {
  const struct wire_path *up;
  struct str name;
  size_t index; /* index: list item, from 1 */
};
enum qn_err wire_wrong(struct arena *a, struct str *why, const struct wire_path *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Kinds, required and unknown members of the whole input tree; once this is QN_OK the writers need no checks.
 */
enum qn_err wire_check(const struct wire_out *o, const struct value *input);
/* Writers of a checked input. Bodies go to `body`. */
void wire_write_query(const struct wire_out *o, const struct value *input, struct buf *body);
void wire_write_json(const struct wire_out *o, const struct wb_shape *shape, const struct value *v,
                     bool body_only, struct buf *body);
void wire_write_json_value(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                           struct buf *body);
void wire_write_xml(const struct wire_out *o, const struct wb_ref *root, const struct value *v,
                    bool body_only, struct buf *body);
enum qn_err wire_write_rest(struct wire_out *o, const struct value *input, struct buf *body);
/* Text of a scalar: numbers as they are, booleans true/false, timestamps in `form` unless the ref says
 * another. */
struct str wire_scalar_text(const struct wire_out *o, const struct wb_ref *ref, const struct value *v,
                            enum wb_time form);
/* RFC 3986 percent-encoding; `keep` lists further bytes left as they are. */
void wire_encode(struct buf *out, struct str text, const char *keep);

/* ---- parsing */
struct wire_in {
  const struct wire *w;
  struct session *s;
  struct arena *a;
  struct str *why;
};
/* NULL if absent; names are compared without regard to case. */
const struct http_header *wire_header(const struct wire_answer *ans, struct str name);
/* A scalar from text (XML, headers). */
enum qn_err wire_scalar_value(const struct wire_in *in, const struct wb_ref *ref, struct str text,
                              const struct wire_path *at, const struct value **out);
enum qn_err wire_read_json(const struct wire_in *in, uint32_t shape, const struct value *json, bool body_only,
                           const struct value **out);
struct xml_node;
enum qn_err wire_read_xml(const struct wire_in *in, uint32_t shape, const struct xml_node *node,
                          bool body_only, const struct value **out);

#endif
