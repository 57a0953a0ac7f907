/* libFuzzer: any bytes as an expression. What parses must print to text that
 * parses again; what evaluates must survive encoding and decoding. */
#include <stdlib.h>

#include "quoin/residual.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum qn_err on_name(struct eval *ev, void *user, sym name, struct span at, const struct value **out) {
  struct str n = session_str(ev->s, name);
  (void)user;
  (void)at;
  if (n.n != 1) return QN_E_NOTFOUND;
  if (n.p[0] == 'u')
    *out = unknown_attr(ev->s, ev->arena, name, STR("Id"), V_UNKNOWN, 0, 0);
  else if (n.p[0] == 'n')
    *out = value_int(ev->arena, 3);
  else if (n.p[0] == 't')
    *out = value_str(ev->arena, STR("text"));
  else
    return QN_E_NOTFOUND;
  return QN_OK;
}

static void check(int good) {
  if (!good) abort();
}

static void evaluate(struct session *s, const struct expr *e) {
  struct scope scope = {.name = on_name};
  struct eval ev = {.s = s, .arena = &s->arena, .scope = &scope, .budget = 2000};
  const struct value *v, *json, *back;
  size_t before = s->diags.n;
  if (expr_eval(&ev, e, &v) != QN_OK) {
    check(s->diags.n > before);
    return;
  }
  check(v != NULL);
  if (value_encode(s, &s->arena, v, &json) == QN_OK) check(value_decode(s, &s->arena, json, &back) == QN_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  size_t bad;
  struct str text = {(const char *)data, size};
  if (!str_utf8_ok(text, &bad) || size > 4096) return 0; /* YAML lets nothing else through */
  session_init(&s, NULL);
  uint32_t file = srcmap_add(s.sources, STR("f"), text);
  struct expr_source src = {.at = {file, 0, (uint32_t)size}};
  const struct expr *e = expr_parse(&s, text, &src);
  check(e || s.diags.n_errors > 0);
  if (e) {
    const struct expr *again = expr_parse(&s, expr_text(&s, e), NULL);
    check(again != NULL);
    struct str canonical = expr_text(&s, again);
    const struct expr *third = expr_parse(&s, canonical, NULL);
    check(third && str_eq(expr_text(&s, third), canonical));
    evaluate(&s, e);
  }
  struct buf b = BUF_INIT(1 << 20);
  diags_render_text(&s.diags, s.sources, &b, false, 20);
  buf_release(&b);
  session_release(&s);
  return 0;
}
