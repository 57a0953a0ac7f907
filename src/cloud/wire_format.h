/* Layout of the wire blob: flat tables of 32-bit words, position independent,
 * read with memcpy so that the blob may lie anywhere. Written by wire_compile.c
 * at build time on the machine that runs it (native byte order), checked and
 * read by wire_open.c. */
#ifndef QUOIN_CLOUD_WIRE_FORMAT_H
#define QUOIN_CLOUD_WIRE_FORMAT_H

#include <stdint.h>

#define WB_MAGIC   0x52495751U /* "QWIR" */
#define WB_VERSION 2U

/* Text section: a text is its length in two bytes, then its bytes. At 0 stands the empty text. */
struct wb_str {
  uint32_t at;
};
struct wb_list {
  uint32_t first, n;
}; /* entries of the list section, each a wb_str */
struct wb_section {
  uint32_t at, n;
}; /* byte offset in the blob, number of entries */

enum wb_table { WB_SERVICES, WB_OPS, WB_SHAPES, WB_REFS, WB_LISTS, WB_ORDERS, WB_TEXT, WB_TABLES };

struct wb_head {
  uint32_t magic, version, size;
  struct wb_section table[WB_TABLES];
};

enum { WB_SERVICE_GLOBAL = 1, WB_SERVICE_QUERY_COMPATIBLE = 2 };
struct wb_service { /* sorted by id */
  struct wb_str id, signing_name, endpoint_prefix, env_name, api_version, target_prefix, json_version,
      xml_namespace;
  uint32_t protocol, flags;
  uint32_t first_op, n_ops; /* sorted by name */
};

enum { WB_OP_READ_ONLY = 1, WB_OP_UNSIGNED = 2, WB_OP_MD5 = 4, WB_OP_UNWRAPPED = 8 };
struct wb_op {
  struct wb_str name, method, uri, idempotency, more, limit;
  struct wb_list tokens; /* in, out, in, out ... */
  struct wb_list results, errors;
  uint32_t service, flags;
  uint32_t input, output; /* refs; 0 = none */
};

/* Shape 0 and ref 0 are placeholders. */
struct wb_shape {
  struct wb_str name;
  uint32_t kind;              /* enum wkind */
  uint32_t first_ref, n_refs; /* structure: members in the model's order; list: 1; map: key, value */
  uint32_t orders;            /* structure: n_refs words (ref offsets) by name, then n_refs by XML name */
  uint32_t payload;           /* structure: ref of the payload member; 0 = none */
};

enum wb_location { WB_BODY, WB_URI, WB_QUERYSTRING, WB_HEADER, WB_HEADERS, WB_STATUS };
enum wb_time { WB_TIME_DEFAULT, WB_TIME_ISO8601, WB_TIME_UNIX, WB_TIME_RFC822 };
enum {
  WB_REF_REQUIRED = 1,
  WB_REF_FLATTENED = 2,
  WB_REF_STREAMING = 4,
  WB_REF_ATTRIBUTE = 8,
  WB_REF_NAMED = 16,
  WB_REF_LAST_SEGMENT = 32
};
struct wb_ref {
  struct wb_str name; /* member name; list element, key and value: what the protocol calls them by default */
  struct wb_str wire_name; /* locationName or name */
  struct wb_str xml_name;  /* structure members: name of the element(s) holding it in a reply; empty if not in
                              the body */
  struct wb_str query_name; /* with EC2's capitals */
  struct wb_str ns_uri, ns_prefix, wrapper;
  uint32_t shape;
  uint8_t location, time, flags, pad; /* enum wb_location, enum wb_time, WB_REF_* */
};

#endif
