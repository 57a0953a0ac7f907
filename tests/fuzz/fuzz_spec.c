/* Any text as a spec: compiled into a graph that can be ordered and drawn, or refused with
 * diagnostics; never a crash, never silently refused. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "quoin/blob.h"
#include "quoin/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_environment(void *user, const char *name) {
  (void)user;
  (void)name;
  return NULL;
}

static bool put(const char *path, const uint8_t *data, size_t size) { /* not synced: speed matters here */
  FILE *f = fopen(path, "wb");
  return f && fwrite(data, 1, size, f) == size && fclose(f) == 0;
}

static void use(struct session *s, const struct graph *g) {
  struct buf b = BUF_INIT(1 << 24);
  const uint32_t *order = graph_order(g, &s->arena);
  for (uint32_t i = 0; i < g->n_nodes; i++)
    if (order[i] >= g->n_nodes) abort();
  graph_dot(g, &b);
  graph_mermaid(g, &b);
  buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session s;
  struct outside out = outside_real;
  struct schema *sc;
  struct lang_types types;
  struct compiled c = {0};
  struct graph *g;
  char path[64]; /* one file per process: fuzzing may run several */
  snprintf(path, sizeof path, "/tmp/quoin_fuzz_spec_%ld.yaml", (long)getpid());
  out.getenv = no_environment;
  session_init(&s, &out);
  if (!put(path, data, size)) abort();
  if (schema_open(&s, blob_get(BLOB_SCHEMA), &sc)) abort();
  schema_lang_types(sc, &s, &types);
  struct spec_options o = {.path = path, .types = &types, .modules_blob = blob_get(BLOB_MODULES)};
  enum qn_err e = spec_compile(&s, &o, &c);
  if (!e) e = graph_build(&s, sc, &c, &g);
  if (!e) use(&s, g);
  if (e && !s.diags.n_errors) abort();
  struct buf text = BUF_INIT(1 << 24);
  diags_sort(&s.diags, s.sources, &s.arena);
  diags_render_text(&s.diags, s.sources, &text, false, 0);
  buf_release(&text);
  schema_free(sc);
  session_release(&s);
  return 0;
}
