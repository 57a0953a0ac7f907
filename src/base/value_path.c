/* Paths into values: `A.b[0].C`, `Tags["Name"]`. */
#include "quoin/value.h"

/* The text up to the next `.` or `[`; *rest is what follows a `.`, or starts at the `[`. */
static struct str path_name(struct str path, struct str *rest) {
  size_t i = 0;
  while (i < path.n && path.p[i] != '.' && path.p[i] != '[') i++;
  *rest = str_sub(path, i < path.n && path.p[i] == '.' ? i + 1 : i, path.n);
  return str_sub(path, 0, i);
}

size_t path_selector(struct str path) {
  bool quoted = false;
  for (size_t i = 1; i < path.n; i++) {
    if (path.p[i] == '\\' && quoted)
      i++;
    else if (path.p[i] == '"')
      quoted = !quoted;
    else if (path.p[i] == ']' && !quoted)
      return i + 1;
  }
  return 0;
}

/* What [..] at the start of the path picks from v; *rest follows the bracket and a `.`. */
static const struct value *path_index(const struct session *s, const struct value *v, struct str path,
                                      struct str *rest) {
  size_t end = path_selector(path);
  if (!end) return NULL;
  struct str inside = str_sub(path, 1, end - 1);
  *rest = str_sub(path, end, path.n);
  if (rest->n && rest->p[0] == '.') *rest = str_sub(*rest, 1, rest->n);
  if (inside.n >= 2 && inside.p[0] == '"') return value_get(s, v, str_sub(inside, 1, inside.n - 1));
  int64_t i = 0;
  if (!str_to_i64(inside, &i) || !value_is(v, V_LIST) || i < 0 || i >= (int64_t)v->n) return NULL;
  return v->items[i];
}

const struct value *value_at(const struct session *s, const struct value *v, struct str path) {
  while (v && path.n) {
    struct str rest;
    if (path.p[0] == '[') {
      v = path_index(s, v, path, &rest);
    } else {
      struct str name = path_name(path, &rest);
      v = value_get(s, v, name);
    }
    path = rest;
  }
  return v;
}
