/* The options of a resource beside its properties: does its type have what they name? */
#include "def.h"

const char *const def_destroy_words[OD_EMPTY + 1] = {[OD_DEFAULT] = "default",
                                                     [OD_DELETE] = "delete",
                                                     [OD_RETAIN] = "retain",
                                                     [OD_SNAPSHOT] = "snapshot",
                                                     [OD_EMPTY] = "empty"};

struct str def_on_destroy_words(struct session *s, const struct def *d) {
  struct str out = STR("`delete`");
  for (uint32_t i = 0; i <= d->n_destroys; i++)
    out = str_fmt(&s->arena, "%.*s%s`%s`", SV(out), i == d->n_destroys ? " or " : ", ",
                  def_destroy_words[i ? d->destroys[i - 1] : OD_RETAIN]);
  return out;
}

static bool check_on_destroy(struct session *s, const struct def *d, const struct resource *r) {
  bool known = r->on_destroy <= OD_RETAIN;
  for (uint32_t i = 0; i < d->n_destroys; i++) known = known || d->destroys[i] == r->on_destroy;
  if (known) return true;
  struct diag *g = diag_add(&s->diags, QN0461, r->on_destroy_span.file ? r->on_destroy_span : r->span,
                            "on_destroy: %.*s has no \"%s\"", SV(d->type), def_destroy_words[r->on_destroy]);
  diag_help(&s->diags, g, "it may be %.*s", SV(def_on_destroy_words(s, d)));
  return false;
}

static bool check_timeouts(struct session *s, const struct def *d, const struct resource *r) {
  bool good = true;
  struct str *names = ARENA_ARRAY(&s->arena, d->n_waits, struct str), all = STR("");
  for (uint32_t i = 0; i < d->n_waits; i++) {
    names[i] = d->waits[i].name;
    all = str_fmt(&s->arena, "%.*s%s`%.*s`", SV(all), i ? ", " : "", SV(names[i]));
  }
  for (uint32_t i = 0; r->timeouts && i < r->timeouts->n; i++) {
    const struct member *m = &r->timeouts->members[i];
    struct str name = session_str(s, m->key);
    if (str_in(names, d->n_waits, name)) continue;
    good = false;
    struct diag *g = diag_add(&s->diags, QN0461, m->key_span.file ? m->key_span : r->span,
                              "timeouts: %.*s has no wait \"%.*s\"", SV(d->type), SV(name));
    struct str near = diag_nearest(name, names, d->n_waits);
    if (near.n)
      diag_help(&s->diags, g, "did you mean %.*s?", SV(near));
    else if (d->n_waits)
      diag_help(&s->diags, g, "it waits for %.*s", SV(all));
    else
      diag_help(&s->diags, g, "its calls are done when they return: take `timeouts` out");
  }
  return good;
}

enum qn_err def_check_resource(struct session *s, const struct def *d, const struct resource *r) {
  bool good = def_check_declared(s, d, r->props, r->span) == QN_OK;
  good &= def_check_ignored(s, d, r);
  good &= check_timeouts(s, d, r);
  good &= check_on_destroy(s, d, r);
  return good ? QN_OK : QN_E_INVALID;
}
