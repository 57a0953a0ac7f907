/* Paging by the facts of the wire model. */
#include "def.h"

static const struct value *at(struct session *s, const struct value *v, struct str path) {
  while (path.n && value_is(v, V_MAP)) {
    struct str part;
    path = str_cut(path, '.', &part);
    v = value_get(s, v, part);
  }
  return path.n ? NULL : v;
}

const struct reply page_repeated = {.err = QN_E_REMOTE,
                                    .cls = EC_BAD_REPLY,
                                    .code = {"PagesRepeat", 11},
                                    .message = {"the listing names the same page twice", 37}};

bool page_after(struct session *s, struct arena *a, const struct wire_op *op, const struct value *reply,
                const struct value **page) {
  const struct wire_pages *pg = &op->pages;
  const struct value *before = *page;
  *page = NULL;
  if (!pg->n_tokens || !value_is(reply, V_MAP)) return true;
  if (pg->more.n) {
    const struct value *more = at(s, reply, pg->more);
    if (!value_is(more, V_BOOL) || !more->b) return true;
  }
  const struct value **v = ARENA_ARRAY(a, pg->n_tokens, const struct value *);
  bool any = false;
  for (size_t i = 0; i < pg->n_tokens; i++) {
    const struct value *x = at(s, reply, pg->tokens[i].out);
    bool there = !value_is_null(x) && !(value_is(x, V_STR) && !x->n);
    v[i] = there ? x : value_null();
    any |= there;
  }
  if (any) *page = value_list(a, v, pg->n_tokens);
  return !any || !before || !value_eq(s, before, *page);
}

const struct value *page_input(struct session *s, struct arena *a, const struct wire_op *op,
                               const struct value *input, const struct value *tokens) {
  for (size_t i = 0; value_is(tokens, V_LIST) && i < op->pages.n_tokens && i < tokens->n; i++)
    if (!value_is_null(tokens->items[i]))
      input = value_put(a, input, session_sym(s, op->pages.tokens[i].in), tokens->items[i]);
  return input;
}
