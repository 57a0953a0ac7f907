#include "config.h"

#include "quoin/crypto.h"
#include "quoin/file.h"

void secret_wipe(struct str s) {
  if (s.n) crypto_wipe((void *)(uintptr_t)s.p, s.n);
}

bool config_env(const struct session *s, const char *name, struct str *out) {
  struct str v = str_c(s->out.getenv(s->out.user, name));
  if (!v.n) return false;
  *out = v;
  return true;
}

/* ---- ini ------------------------------------------------------------------ */

static bool ini_key_value(struct str line, struct str *key, struct str *value) {
  size_t eq = str_find_c(line, '='), colon = str_find_c(line, ':'), at = eq < colon ? eq : colon;
  if (at == SIZE_MAX) return false;
  *key = str_trim(str_sub(line, 0, at));
  *value = str_trim(str_sub(line, at + 1, line.n));
  return key->n > 0;
}

/* `[name]`, a comment may follow. */
static bool ini_section(struct str line, struct str *name) {
  size_t end = str_find_c(line, ']');
  if (end == SIZE_MAX) return false;
  *name = str_trim(str_sub(line, 1, end));
  struct str rest = str_trim(str_sub(line, end + 1, line.n));
  return name->n && (!rest.n || rest.p[0] == '#' || rest.p[0] == ';');
}

enum qn_err ini_parse(struct arena *a, struct str text, struct ini *out, size_t *bad_line) {
  struct str section = {0}, parent = {0}, raw;
  *out = (struct ini){0};
  if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_sub(text, 3, text.n);
  for (size_t no = 1; text.n; no++) {
    text = str_cut(text, '\n', &raw);
    struct str line = str_trim(raw);
    if (!line.n || line.p[0] == '#' || line.p[0] == ';') continue;
    bool indented = raw.p[0] == ' ' || raw.p[0] == '\t';
    struct ini_entry e = {.section = section};
    if (!indented && line.p[0] == '[') {
      if (!ini_section(line, &section)) {
        *bad_line = no;
        return QN_E_INVALID;
      }
      parent = (struct str){0};
      VEC_PUSH(a, &out->sections, section);
      continue;
    }
    if (indented && parent.n) {
      e.key = parent;
      if (!ini_key_value(line, &e.sub, &e.value)) continue; /* second line of a long value: nothing we use */
    } else if (!section.n || !ini_key_value(line, &e.key, &e.value)) {
      *bad_line = no;
      return QN_E_INVALID;
    } else {
      parent = e.key;
    }
    VEC_PUSH(a, &out->e, e);
  }
  return QN_OK;
}

bool ini_get(const struct ini *in, struct str section, struct str key, struct str sub, struct str *out) {
  for (size_t i = in->e.n; i-- > 0;) {
    const struct ini_entry *e = &in->e.v[i];
    if (!str_eq(e->section, section) || !str_eq_nocase(e->key, key) || !str_eq_nocase(e->sub, sub)) continue;
    if (!e->value.n) return false;
    *out = e->value;
    return true;
  }
  return false;
}

bool ini_has(const struct ini *in, struct str section) {
  for (size_t i = 0; i < in->sections.n; i++)
    if (str_eq(in->sections.v[i], section)) return true;
  return false;
}

/* ---- the two files -------------------------------------------------------- */

/* `profile  "my name"` becomes `profile my name`, so that it can be compared. */
static struct str section_name(struct arena *a, struct str s) {
  struct str kind = s, name = {0};
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] != ' ' && s.p[i] != '\t') continue;
    kind = str_sub(s, 0, i);
    name = str_trim(str_sub(s, i, s.n));
    break;
  }
  if (name.n > 1 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.n - 1] == name.p[0])
    name = str_sub(name, 1, name.n - 1);
  return name.n ? str_fmt(a, "%.*s %.*s", SV(kind), SV(name)) : s;
}

static enum qn_err file_load(struct session *s, struct arena *a, struct str path, struct ini *out,
                             struct str *text) {
  size_t line = 0;
  enum qn_err e = path.n ? file_read(a, path.p, INI_MAX_BYTES, &s->diags, text) : QN_E_NOTFOUND;
  if (e == QN_E_NOTFOUND) return QN_OK;
  if (e) return e;
  e = ini_parse(a, *text, out, &line);
  if (e) {
    struct diag *g = diag_add(&s->diags, QN0702, SPAN_NONE,
                              "%.*s, line %zu, is not an AWS configuration line", SV(path), line);
    diag_help(&s->diags, g, "lines are `[section]`, `key = value` or a comment");
  }
  return e;
}

static struct str file_path(const struct session *s, struct aws_config *c, const char *env,
                            const char *name) {
  struct str v;
  if (config_env(s, env, &v)) {
    if (str_starts(v, STR("~/")) && c->home.n)
      return str_fmt(&c->a, "%.*s%.*s", SV(c->home), SV(str_sub(v, 1, v.n)));
    return str_dup(&c->a, v);
  }
  return c->home.n ? str_fmt(&c->a, "%.*s/.aws/%s", SV(c->home), name) : (struct str){0};
}

enum qn_err config_load(struct session *s, const char *profile, struct aws_config *out) {
  struct aws_config c = {.profile = STR("default")};
  arena_init(&c.a);
  (void)config_env(s, "HOME", &c.home);
  c.config_path = file_path(s, &c, "AWS_CONFIG_FILE", "config");
  c.credentials_path = file_path(s, &c, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  struct str named = str_c(profile);
  c.profile_option = named.n > 0;
  if (named.n || config_env(s, "AWS_PROFILE", &named) || config_env(s, "AWS_DEFAULT_PROFILE", &named)) {
    c.profile = str_dup(&c.a, named);
    c.profile_named = true;
  }
  enum qn_err e = file_load(s, &c.a, c.config_path, &c.config, &c.config_text);
  if (!e) e = file_load(s, &c.a, c.credentials_path, &c.credentials, &c.credentials_text);
  if (e) {
    config_release(&c);
    return e;
  }
  for (size_t i = 0; i < c.config.sections.n; i++)
    c.config.sections.v[i] = section_name(&c.a, c.config.sections.v[i]);
  for (size_t i = 0; i < c.config.e.n; i++)
    c.config.e.v[i].section = section_name(&c.a, c.config.e.v[i].section);
  *out = c;
  return QN_OK;
}

void config_release(struct aws_config *c) {
  secret_wipe(c->config_text);
  secret_wipe(c->credentials_text);
  arena_release(&c->a);
  *c = (struct aws_config){0};
}

static struct str profile_section(struct arena *a, struct str profile) {
  return str_eq(profile, STR("default")) ? profile : str_fmt(a, "profile %.*s", SV(profile));
}

bool config_has_profile(const struct aws_config *c, struct str profile) {
  struct arena a;
  arena_init(&a);
  bool found = ini_has(&c->credentials, profile) || ini_has(&c->config, profile_section(&a, profile)) ||
               (str_eq(profile, STR("default")) && ini_has(&c->config, STR("profile default")));
  arena_release(&a);
  return found;
}

bool config_get(const struct aws_config *c, struct str profile, struct str key, struct str *out) {
  struct str none = {0};
  if (ini_get(&c->credentials, profile, key, none, out)) return true;
  if (str_eq(profile, STR("default")) && ini_get(&c->config, STR("profile default"), key, none, out))
    return true;
  struct arena a;
  arena_init(&a);
  bool found = ini_get(&c->config, profile_section(&a, profile), key, none, out);
  arena_release(&a);
  return found;
}

bool config_named(const struct aws_config *c, struct str kind, struct str name, struct str key,
                  struct str sub, struct str *out) {
  struct arena a;
  arena_init(&a);
  bool found = ini_get(&c->config, str_fmt(&a, "%.*s %.*s", SV(kind), SV(name)), key, sub, out);
  arena_release(&a);
  return found;
}

/* ---- settings ------------------------------------------------------------- */

bool config_setting(const struct session *s, const struct aws_config *cfg, const char *env, const char *key,
                    struct str *out, struct str *where) {
  *where = str_c(env);
  if (config_env(s, env, out)) return true;
  *where = str_c(key);
  return cfg && config_get(cfg, cfg->profile, str_c(key), out);
}

static enum qn_err unusable(struct session *s, struct str where, struct str value, const char *words) {
  struct diag *g =
      diag_add(&s->diags, QN0709, SPAN_NONE, "%.*s is \"%.*s\"", SV(where), SV(str_sub(value, 0, 80)));
  diag_help(&s->diags, g, "it is %s", words);
  return QN_E_INVALID;
}

enum qn_err config_flag(struct session *s, const struct aws_config *cfg, const char *env, const char *key,
                        bool *out) {
  struct str v, where;
  *out = false;
  if (!config_setting(s, cfg, env, key, &v, &where)) return QN_OK;
  *out = str_eq_nocase(v, STR("true"));
  return *out || str_eq_nocase(v, STR("false")) ? QN_OK : unusable(s, where, v, "true or false");
}

enum qn_err config_attempts(struct session *s, const struct aws_config *cfg, uint32_t *attempts) {
  static const struct {
    const char *mode;
    uint32_t attempts;
  } modes[] = {{"legacy", 5}, {"standard", 3}, {"adaptive", 3}};
  struct str v, where;
  int64_t n = 0;
  if (config_setting(s, cfg, "AWS_RETRY_MODE", "retry_mode", &v, &where)) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
      if (str_eq_nocase(v, str_c(modes[i].mode))) n = modes[i].attempts;
    if (!n) return unusable(s, where, v, "legacy, standard or adaptive");
  }
  if (config_setting(s, cfg, "AWS_MAX_ATTEMPTS", "max_attempts", &v, &where) &&
      (!str_to_i64(v, &n) || n < 1 || n > 1000))
    return unusable(s, where, v, "a number from 1 to 1000");
  if (n) *attempts = (uint32_t)n;
  return QN_OK;
}
