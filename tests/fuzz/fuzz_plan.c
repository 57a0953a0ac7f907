/* Any bytes as a plan file: refused with a diagnostic, or a plan that can be shown in every
 * form and written again; what was written is read back as the same text. */
#include <stdlib.h>

#include "quoin/blob.h"
#include "quoin/crypto.h"
#include "quoin/plan.h"

struct tables { /* opened once: they do not change */
  struct session s;
  struct schema *schema;
  struct wire *wire;
  struct providers *providers;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tables *tables(void) {
  static struct tables t;
  if (t.providers) return &t;
  session_init(&t.s, NULL);
  if (schema_open(&t.s, blob_get(BLOB_SCHEMA), &t.schema) || wire_open(&t.s, blob_get(BLOB_WIRE), &t.wire) ||
      providers_open(&t.s, blob_get(BLOB_DEFS), t.wire, t.schema, NULL, &t.providers))
    abort();
  return &t;
}

static void show(const struct plan *p) {
  struct buf b = BUF_INIT(1 << 26);
  struct render_options looks[] = {{.colour = true, .columns = 40}, {.drift = true}};
  for (size_t i = 0; i < 2; i++) plan_render_text(p, &looks[i], &b);
  if (plan_render_json(p, &b) || plan_render_terraform(p, &b)) buf_reset(&b);
  (void)plan_count(p);
  (void)plan_empty(p);
  buf_release(&b);
}

/* What was read may have been written otherwise (order of keys, blanks): the id is made anew. */
static void write_again(struct session *s, const struct plan *read) {
  struct buf once = BUF_INIT(1 << 26), twice = BUF_INIT(1 << 26);
  struct plan p = *read, again;
  p.id = (struct str){NULL, 0};
  if (!plan_write(&p, &once)) {
    if (plan_read(s, str_dup(&s->arena, buf_str(&once)), tables()->providers, &again)) abort();
    if (plan_write(&again, &twice) || !str_eq(buf_str(&once), buf_str(&twice))) abort();
  }
  buf_release(&once);
  buf_release(&twice);
}

/* Inputs carry no id: it is the hash of the rest, which no fuzzer finds. */
static struct str with_id(struct session *s, struct str text) {
  static const char head[] = "\"plan\":{";
  size_t at = str_find(text, str_c(head));
  if (at == SIZE_MAX) return text;
  at += sizeof head - 1;
  struct str id = str_sub(crypto_sha256_hex(&s->arena, text), 0, 32);
  return str_fmt(&s->arena, "%.*s\"id\":\"%.*s\",%.*s", SV(str_sub(text, 0, at)), SV(id),
                 SV(str_sub(text, at, text.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  struct plan p;
  const struct tables *t = tables();
  session_init(&s, NULL);
  struct str text = str_dup(&s.arena, (struct str){(const char *)data, size});
  if (!plan_read(&s, with_id(&s, text), t->providers, &p)) {
    show(&p);
    write_again(&s, &p);
  } else if (!s.diags.n_errors) {
    abort();
  }
  session_release(&s);
  return 0;
}
