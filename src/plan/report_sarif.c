/* The report in SARIF 2.1.0 (OASIS, errata 01): a rule for each kind of finding, a result for each property,
 * at the line of the spec that declares it. */
#include "doc.h"
#include "quoin/crypto.h"
#include "report.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static const char *const levels[FL_COUNT] = {"error", "warning", "note"};

static const struct value *text_of(struct doc *d, struct str text) {
  members m = {0};
  put(d, &m, "text", value_str(d->a, text));
  return map_of(d, &m);
}

/* Braces mean placeholders in a message (3.11.5): they stand for themselves when doubled. */
static const struct value *message_of(struct doc *d, struct str text) {
  struct buf b = BUF_INIT((size_t)1 << 26);
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '{' || text.p[i] == '}') buf_addc(&b, text.p[i]);
    buf_addc(&b, text.p[i]);
  }
  const struct value *out = text_of(d, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct value *rule(struct doc *d, const struct finding_words *w) {
  members m = {0}, config = {0};
  put_text(d, &config, "level", str_c(levels[w->level]));
  put_text(d, &m, "id", str_c(w->id));
  put(d, &m, "shortDescription", text_of(d, str_c(w->heading)));
  put(d, &m, "fullDescription", text_of(d, str_c(w->help)));
  put(d, &m, "help", text_of(d, str_c(w->help)));
  put(d, &m, "defaultConfiguration", map_of(d, &config));
  return map_of(d, &m);
}

/* RFC 3986: a path as a relative reference, or as a file URI. */
static struct str uri(struct doc *d, struct str path) {
  struct buf b = BUF_INIT((size_t)1 << 20);
  if (str_starts(path, STR("/"))) buf_addz(&b, "file://");
  for (size_t i = 0; i < path.n; i++) {
    unsigned char c = (unsigned char)path.p[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 (c && strchr("-._~/", c));
    if (plain)
      buf_addc(&b, (char)c);
    else
      buf_addf(&b, "%%%02X", c);
  }
  struct str out = str_dup(d->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static const struct value *location(struct doc *d, const struct finding_place *at, struct str name) {
  members m = {0}, physical = {0}, artifact = {0}, region = {0}, logical = {0};
  if (at->file.n) {
    put_text(d, &artifact, "uri", uri(d, at->file));
    put(d, &region, "startLine", value_int(d->a, at->line));
    put(d, &region, "startColumn", value_int(d->a, at->column));
    put(d, &physical, "artifactLocation", map_of(d, &artifact));
    put(d, &physical, "region", map_of(d, &region));
    put(d, &m, "physicalLocation", map_of(d, &physical));
  }
  put_text(d, &logical, "fullyQualifiedName", name);
  put_text(d, &logical, "kind", STR("resource"));
  const struct value *one = map_of(d, &logical);
  put(d, &m, "logicalLocations", value_list(d->a, &one, 1));
  return map_of(d, &m);
}

/* item NULL: the resource as a whole. */
static const struct value *result(struct doc *d, const struct report *r, const struct finding *f,
                                  const struct finding_item *item) {
  const struct finding_words *w = &finding_words[f->kind];
  members m = {0}, prints = {0}, about = {0};
  struct buf text = BUF_INIT((size_t)1 << 20);
  buf_addf(&text, "%.*s (%.*s) %s", SV(f->address), SV(f->type), w->words);
  if (item) {
    buf_addz(&text, ": ");
    report_item(r, item, f->kind, NULL, &text);
  }
  struct str name = item ? str_fmt(d->a, "%.*s.%.*s", SV(f->address), SV(item->path)) : f->address;
  struct str print = crypto_sha256_hex(d->a, str_fmt(d->a, "%s %.*s", w->id, SV(name)));
  const struct value *where = location(d, item ? &item->at : &f->at, name);
  put_text(d, &m, "ruleId", str_c(w->id));
  put(d, &m, "ruleIndex", value_int(d->a, f->kind));
  put_text(d, &m, "level", str_c(levels[w->level]));
  put(d, &m, "message", message_of(d, buf_str(&text)));
  put(d, &m, "locations", value_list(d->a, &where, 1));
  put_text(d, &prints, "quoin/v1", print);
  put(d, &m, "partialFingerprints", map_of(d, &prints));
  put_text(d, &about, "address", f->address);
  put_text(d, &about, "type", f->type);
  if (item) put_text(d, &about, "path", item->path);
  put(d, &m, "properties", map_of(d, &about));
  buf_release(&text);
  return map_of(d, &m);
}

static const struct value *results(struct doc *d, const struct report *r) {
  VEC(const struct value *) v = {0};
  for (uint32_t i = 0; i < r->n; i++) {
    const struct finding *f = &r->v[i];
    if (!f->n_items) VEC_PUSH(d->a, &v, result(d, r, f, NULL));
    for (uint32_t k = 0; k < f->n_items; k++) VEC_PUSH(d->a, &v, result(d, r, f, &f->items[k]));
  }
  return value_list(d->a, v.v, v.n);
}

enum qn_err report_sarif(const struct report *r, struct buf *out) {
  struct doc d = {r->s, r->a};
  members m = {0}, run = {0}, tool = {0}, driver = {0}, details = {0}, about = {0};
  const struct value *rules[FK_COUNT];
  const struct environment *e = &r->p->env;
  for (int k = 0; k < FK_COUNT; k++) rules[k] = rule(&d, &finding_words[k]);
  put_text(&d, &driver, "name", STR("quoin"));
  put_text(&d, &driver, "semanticVersion", r->p->version);
  put(&d, &driver, "rules", value_list(d.a, rules, FK_COUNT));
  put(&d, &tool, "driver", map_of(&d, &driver));
  put_text(&d, &details, "id",
           str_fmt(d.a, "quoin/%s/%.*s/%.*s/", r->drift ? "drift" : "plan", SV(session_str(r->s, e->stack)),
                   SV(session_str(r->s, e->name))));
  put_text(&d, &about, "title", r->title);
  put_text(&d, &about, "summary", r->summary);
  put_text(&d, &about, "calls", r->footer);
  put(&d, &run, "tool", map_of(&d, &tool));
  put(&d, &run, "automationDetails", map_of(&d, &details));
  put_text(&d, &run, "columnKind", STR("unicodeCodePoints"));
  put(&d, &run, "results", results(&d, r));
  put(&d, &run, "properties", map_of(&d, &about));
  const struct value *one = map_of(&d, &run);
  put_text(&d, &m, "$schema", STR(SCHEMA));
  put_text(&d, &m, "version", STR("2.1.0"));
  put(&d, &m, "runs", value_list(d.a, &one, 1));
  enum qn_err err = json_write(r->s, map_of(&d, &m), JSON_PRETTY, out);
  buf_addc(out, '\n');
  return err;
}
