/* A small read-only tree of an XML document; src/base/xml.c wraps expat.
 * No DTDs or entities beyond the five, depth <= 256, namespaces stripped from
 * names (kept in ns). Text of an element is its character data joined. */
#ifndef QUOIN_XML_H
#define QUOIN_XML_H

#include "quoin/arena.h"
#include "quoin/err.h"

struct xml_attr { struct str name, value; struct xml_attr *next; };
struct xml_node {
  struct str name; /* local name */
  struct str ns;   /* namespace URI or empty */
  struct str text;
  struct xml_attr *attrs;
  struct xml_node *child, *last, *next;
  uint32_t n_children;
};
struct xml_error { size_t offset; struct str message; };
enum qn_err xml_parse(struct arena *a, struct str text, struct xml_node **root, struct xml_error *err) QN_MUST_USE;
struct xml_node *xml_child(const struct xml_node *n, struct str name); /* first child so named, or NULL */
void xml_escape(struct buf *out, struct str text); /* text and attribute values */

#endif
