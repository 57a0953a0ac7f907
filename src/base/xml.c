/* XML to a small tree over expat. Everything an attacker could grow a document
 * with is off: a document type ends the parse, depth is capped. */
#include "quoin/xml.h"

#include <expat.h>
#include <limits.h>

#define DEPTH_MAX 256
#define SEPARATOR '\x01' /* between namespace and local name; cannot stand in XML */

struct reader {
  struct arena *a;
  XML_Parser parser;
  struct xml_node *root, *open[DEPTH_MAX];
  struct buf text[DEPTH_MAX]; /* character data of open[i]; memory is kept from element to element */
  size_t depth;
  enum qn_err err;
  const char *why;
};

static void stop(struct reader *r, enum qn_err err, const char *why) {
  if (r->err) return;
  r->err = err;
  r->why = why;
  XML_StopParser(r->parser, XML_FALSE);
}

static struct str local_name(struct arena *a, const char *name, struct str *ns) {
  struct str all = str_c(name);
  size_t cut = str_find_c(all, SEPARATOR);
  if (cut == SIZE_MAX) return str_dup(a, all);
  if (ns) *ns = str_dup(a, str_sub(all, 0, cut));
  return str_dup(a, str_sub(all, cut + 1, all.n));
}

static void add_child(struct xml_node *up, struct xml_node *n) {
  if (up->last)
    up->last->next = n;
  else
    up->child = n;
  up->last = n;
  up->n_children++;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attrs) {
  struct reader *r = user;
  if (r->err) return;
  if (r->depth == DEPTH_MAX) {
    stop(r, QN_E_LIMIT, "elements are nested too deeply");
    return;
  }
  struct xml_node *n = ARENA_NEW(r->a, struct xml_node);
  n->name = local_name(r->a, name, &n->ns);
  struct xml_attr **tail = &n->attrs;
  for (; attrs[0]; attrs += 2, tail = &(*tail)->next) {
    *tail = ARENA_NEW(r->a, struct xml_attr);
    (*tail)->name = local_name(r->a, attrs[0], NULL);
    (*tail)->value = str_dup(r->a, str_c(attrs[1]));
  }
  if (r->depth)
    add_child(r->open[r->depth - 1], n);
  else
    r->root = n;
  buf_reset(&r->text[r->depth]);
  r->open[r->depth++] = n;
}

static void XMLCALL on_end(void *user, const XML_Char *name) {
  struct reader *r = user;
  (void)name;
  if (r->err) return;
  r->depth--;
  if (r->text[r->depth].failed) stop(r, QN_E_NOMEM, "text is too large");
  r->open[r->depth]->text = str_dup(r->a, buf_str(&r->text[r->depth]));
}

static void XMLCALL on_text(void *user, const XML_Char *text, int n) {
  struct reader *r = user;
  if (!r->err && r->depth) buf_add(&r->text[r->depth - 1], (struct str){text, (size_t)n});
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *sys, const XML_Char *pub,
                               int internal) {
  (void)name, (void)sys, (void)pub, (void)internal;
  stop(user, QN_E_INVALID, "document types are not accepted");
}

static enum qn_err run(struct reader *r, struct str text, struct xml_error *err) {
  if (XML_Parse(r->parser, text.n ? text.p : "", (int)text.n, XML_TRUE) == XML_STATUS_OK && !r->err)
    return QN_OK;
  if (!r->err) {
    r->err = XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY ? QN_E_NOMEM : QN_E_INVALID;
    r->why = XML_ErrorString(XML_GetErrorCode(r->parser));
  }
  long at = (long)XML_GetCurrentByteIndex(r->parser);
  if (err) *err = (struct xml_error){at < 0 ? 0 : (size_t)at, str_c(r->why)};
  return r->err;
}

enum qn_err xml_parse(struct arena *a, struct str text, struct xml_node **root, struct xml_error *err) {
  if (text.n > INT_MAX) {
    if (err) *err = (struct xml_error){0, STR("document is too large")};
    return QN_E_LIMIT;
  }
  struct reader *r = calloc(1, sizeof *r);
  if (!r) return QN_E_NOMEM;
  r->a = a;
  r->parser = XML_ParserCreateNS(NULL, SEPARATOR);
  if (!r->parser) {
    free(r);
    return QN_E_NOMEM;
  }
  for (size_t i = 0; i < DEPTH_MAX; i++) r->text[i] = BUF_INIT(BUF_MAX_DEFAULT);
  XML_SetUserData(r->parser, r);
  XML_SetElementHandler(r->parser, on_start, on_end);
  XML_SetCharacterDataHandler(r->parser, on_text);
  XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
  enum qn_err e = run(r, text, err);
  if (!e) *root = r->root;
  XML_ParserFree(r->parser);
  for (size_t i = 0; i < DEPTH_MAX; i++) buf_release(&r->text[i]);
  free(r);
  return e;
}

struct xml_node *xml_child(const struct xml_node *n, struct str name) {
  for (struct xml_node *c = n ? n->child : NULL; c; c = c->next)
    if (str_eq(c->name, name)) return c;
  return NULL;
}

void xml_escape(struct buf *out, struct str text) {
  /* Line ends and tabs as references: readers normalise them otherwise (XML 1.0, 2.11 and 3.3.3). */
  static const char *const escapes[128] = {
      ['&'] = "&amp;",   ['<'] = "&lt;",   ['>'] = "&gt;",   ['"'] = "&quot;",
      ['\''] = "&apos;", ['\r'] = "&#13;", ['\n'] = "&#10;", ['\t'] = "&#9;"};
  size_t from = 0;
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c >= 128 || !escapes[c]) continue;
    buf_add(out, str_sub(text, from, i));
    buf_addz(out, escapes[c]);
    from = i + 1;
  }
  buf_add(out, str_sub(text, from, text.n));
}
