/* The sandbox's file: JSON lines. The first names the sandbox; each further one is an object as it is now,
 * or that it is gone. A line cut off at the end was never answered and is left out. */
#include "sandbox_int.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quoin/crypto.h"
#include "quoin/file.h"

enum { FILE_MAX = 1 << 30, LINE_MAX_BYTES = 1 << 26, DEPTH = 256, SALT = 16 };

/* ---- secrets ----------------------------------------------------------------------------- */
static const struct value *digest(struct sandbox *sb, const struct value *v) {
  uint8_t sum[SHA256_BYTES];
  struct str text = STR("");
  (void)value_to_text(&sb->tmp, v, &text);
  crypto_hmac_sha256(sb->salt, text, sum);
  char out[2 * SHA256_BYTES + 1];
  crypto_hex(sum, SHA256_BYTES, out);
  return value_str(&sb->a, str_fmt(&sb->tmp, "secret:%.16s", out));
}

/* Also copies: what is stored outlives the call. */
static const struct value *mask(struct sandbox *sb, const struct value *v, unsigned depth) {
  if (v->flags & VF_SECRET || depth > DEPTH) return digest(sb, v);
  if (v->kind == V_MAP) {
    struct member *m = ARENA_ARRAY(&sb->a, v->n ? v->n : 1, struct member);
    for (uint32_t i = 0; i < v->n; i++)
      m[i] = (struct member){.key = v->members[i].key, .value = mask(sb, v->members[i].value, depth + 1)};
    return value_map(&sb->a, m, v->n);
  }
  if (v->kind == V_LIST) {
    const struct value **items = ARENA_ARRAY(&sb->a, v->n ? v->n : 1, const struct value *);
    for (uint32_t i = 0; i < v->n; i++) items[i] = mask(sb, v->items[i], depth + 1);
    return value_list(&sb->a, items, v->n);
  }
  if (v->kind == V_STR) return value_str(&sb->a, value_text(v));
  if (v->kind == V_DEC) return value_dec(&sb->a, value_text(v));
  if (v->kind == V_INT) return value_int(&sb->a, v->i);
  return v->kind == V_BOOL ? value_bool(&sb->a, v->b) : value_null();
}

const struct value *sandbox_mask(struct sandbox *sb, const struct value *v) {
  return v ? mask(sb, v, 0) : value_map(&sb->a, NULL, 0);
}

/* ---- writing --------------------------------------------------------------------------------- */
static void add_text(struct buf *b, const char *key, struct str v) {
  buf_addf(b, "%s\"%s\":", b->n > 1 ? "," : "", key);
  json_escape(b, v);
}

static bool add_value(struct sandbox *sb, struct buf *b, const char *key, const struct value *v) {
  buf_addf(b, ",\"%s\":", key);
  return json_write(sb->s, v, JSON_COMPACT, b) == QN_OK;
}

static enum qn_err put_line(struct sandbox *sb, struct buf *b) {
  buf_addz(b, "}\n");
  enum qn_err e = b->failed ? QN_E_NOMEM : fd_write_all(sb->fd, buf_str(b));
  return e;
}

static enum qn_err begin(struct sandbox *sb) {
  struct buf b = BUF_INIT(4096);
  size_t slash = sb->file.n;
  while (slash && sb->file.p[slash - 1] != '/') slash--;
  struct str folder = str_dup(&sb->tmp, str_sub(sb->file, 0, slash ? slash - 1 : 0));
  if (folder.n && file_mkdirs(folder.p, 0700, NULL)) return QN_E_IO;
  struct stat st;
  bool fresh = stat(sb->file.p, &st) != 0 || st.st_size == 0;
  sb->fd = open(sb->file.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (sb->fd < 0) return QN_E_IO;
  if (!fresh) return QN_OK;
  buf_addc(&b, '{');
  add_text(&b, "sandbox", sb->salt);
  enum qn_err e = put_line(sb, &b);
  buf_release(&b);
  return e;
}

enum qn_err sandbox_write(struct sandbox *sb, const struct sobject *o) {
  enum qn_err e = sb->fd < 0 ? begin(sb) : QN_OK;
  if (e) return e;
  struct buf b = BUF_INIT(LINE_MAX_BYTES);
  buf_addc(&b, '{');
  add_text(&b, "type", o->type);
  add_text(&b, "region", o->region);
  add_text(&b, "token", o->token);
  bool ok = true;
  if (o->gone) {
    buf_addz(&b, ",\"gone\":true");
  } else {
    add_text(&b, "address", o->address);
    ok = add_value(sb, &b, "identity", o->identity) && add_value(sb, &b, "properties", o->props) &&
         add_value(sb, &b, "attributes", o->attributes);
  }
  e = ok ? put_line(sb, &b) : QN_E_INVALID;
  buf_release(&b);
  return e;
}

/* ---- reading ----------------------------------------------------------------------------------- */
static struct str text_of(struct sandbox *sb, const struct value *line, const char *key) {
  const struct value *v = value_get(sb->s, line, str_c(key));
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

static const struct value *map_of_line(struct sandbox *sb, const struct value *line, const char *key) {
  const struct value *v = value_get(sb->s, line, str_c(key));
  return value_is(v, V_MAP) ? v : value_map(&sb->a, NULL, 0);
}

static bool take_line(struct sandbox *sb, const struct value *line) {
  struct sobject o = {.type = text_of(sb, line, "type"),
                      .region = text_of(sb, line, "region"),
                      .token = text_of(sb, line, "token"),
                      .address = text_of(sb, line, "address")};
  if (text_of(sb, line, "sandbox").n) {
    sb->salt = text_of(sb, line, "sandbox");
    return true;
  }
  o.def = provider_find(sb->p, o.type);
  if (!o.def) return true; /* a type of another quoin; nothing here asks for it */
  struct str token = str_fmt(&sb->tmp, "%.*s\n\n%.*s", SV(o.type), SV(o.token));
  const uint32_t *at = map_get(&sb->by_token, token);
  const struct value *gone = value_get(sb->s, line, STR("gone"));
  bool there = at && !sb->o.v[*at].gone;
  if (value_is(gone, V_BOOL)) {
    if (there) sandbox_remove(sb, *at);
    return true;
  }
  o.identity = map_of_line(sb, line, "identity");
  o.props = map_of_line(sb, line, "properties");
  o.attributes = map_of_line(sb, line, "attributes");
  o.id = def_identity_text(sb->s, &sb->a, o.def, o.identity);
  (void)sandbox_place(sb, there ? *at : SIZE_MAX, &o);
  return o.id.n > 0;
}

static enum qn_err damaged(struct sandbox *sb, size_t line) {
  struct diag *g =
      diag_add(&sb->s->diags, QN0740, SPAN_NONE, "%.*s: line %zu is damaged", SV(sb->file), line);
  diag_help(&sb->s->diags, g, "nothing in a sandbox is real: remove the folder that holds it to begin anew");
  return QN_E_DAMAGED;
}

static enum qn_err read_lines(struct sandbox *sb, struct str text) {
  for (size_t n = 1; text.n; n++) {
    struct str line;
    struct json_error err;
    const struct value *v;
    if (str_find_c(text, '\n') == SIZE_MAX) return QN_OK; /* was never answered */
    text = str_cut(text, '\n', &line);
    arena_reset(&sb->tmp);
    if (json_parse(sb->s, &sb->a, line, &v, &err) || !value_is(v, V_MAP) || !take_line(sb, v))
      return damaged(sb, n);
  }
  return QN_OK;
}

/* A torn end is cut off, so that the next line begins in its own. */
static enum qn_err trim(struct sandbox *sb, struct str text) {
  if (!text.n || text.p[text.n - 1] == '\n') return QN_OK;
  size_t whole = text.n;
  while (whole && text.p[whole - 1] != '\n') whole--;
  int fd = open(sb->file.p, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return QN_OK; /* only read, then */
  bool cut = ftruncate(fd, (off_t)whole) == 0;
  close(fd);
  return cut ? QN_OK : QN_E_IO;
}

enum qn_err sandbox_load(struct sandbox *sb) {
  struct stat st;
  struct str text = STR("");
  if (stat(sb->file.p, &st) == 0) {
    enum qn_err e = file_read(&sb->a, sb->file.p, FILE_MAX, &sb->s->diags, &text);
    if (e) return e;
  }
  enum qn_err e = read_lines(sb, text);
  if (!e) e = trim(sb, text);
  uint8_t salt[SALT];
  char out[2 * SALT + 1];
  if (e || sb->salt.n) return e;
  if (!sb->s->out.random(sb->s->out.user, salt, SALT)) return QN_E_IO;
  crypto_hex(salt, SALT, out);
  sb->salt = str_dup(&sb->a, str_c(out));
  return QN_OK;
}
