#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "quoin/file.h"

#define DIAGS_SHOWN 20

void cli_print(struct cli *c, struct str text) {
  (void)c;
  if (text.n) fwrite(text.p, 1, text.n, stdout);
}

void cli_say(struct cli *c, const char *fmt, ...) {
  (void)c;
  va_list ap;
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
}

int cli_exit_code(enum qn_err e) {
  static const int codes[] = {[QN_OK] = XC_OK,
                              [QN_E_LOCKED] = XC_LOCKED,
                              [QN_E_STALE] = XC_STALE,
                              [QN_E_REFUSED] = XC_REFUSED,
                              [QN_E_CANCELLED] = XC_INTERRUPTED};
  int code = (size_t)e < sizeof codes / sizeof *codes ? codes[e] : 0;
  return code || e == QN_OK ? code : XC_ERROR;
}

/* JSON diagnostics go to standard output, where the JSON of a success would have gone. */
int cli_finish(struct cli *c, enum qn_err e) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  if (e || c->s.diags.n)
    fflush(stdout); /* where both go to one file, the message stands behind what it is about */
  diags_sort(&c->s.diags, c->s.sources, &c->s.arena);
  if (c->o.json && c->s.diags.n && e) {
    buf_addz(&out, "{\"diagnostics\":");
    diags_render_json(&c->s.diags, c->s.sources, &out);
    buf_addz(&out, "}\n");
    fwrite(out.p, 1, out.n, stdout);
  } else {
    diags_render_text(&c->s.diags, c->s.sources, &out, c->colour && c->err_tty, DIAGS_SHOWN);
    if (out.n) fwrite(out.p, 1, out.n, stderr);
    if (e && !c->s.diags.n) fprintf(stderr, "error: %s\n", qn_err_word(e));
  }
  buf_release(&out);
  c->s.diags.n = c->s.diags.n_errors = 0;
  return cli_exit_code(e);
}

bool cli_is_plan_file(const char *arg) {
  struct stat st;
  if (!arg) return false;
  return (stat(arg, &st) == 0 && S_ISREG(st.st_mode)) || strchr(arg, '.') || strchr(arg, '/');
}

enum qn_err cli_read_plan_file(struct cli *c, const char *path, struct str *text) {
  enum qn_err e = file_read(&c->s.arena, path, BUF_MAX_DEFAULT, &c->s.diags, text);
  if (e != QN_E_NOTFOUND) return e;
  struct diag *g = diag_add(&c->s.diags, QN0001, SPAN_NONE, "%s: there is no such file", path);
  diag_help(&c->s.diags, g, "`quoin plan -out %s` writes a plan", path);
  return e;
}

/* False when the other descriptor (-1: none) speaks first: a signal that comes just before a read would not
 * end it. */
static bool wait_for_answer(int wake_fd) {
  struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
  int r;
  do r = poll(p, 2, -1);
  while (r < 0 && errno == EINTR && wake_fd >= 0);
  return r > 0 && !p[1].revents;
}

bool cli_confirm(struct cli *c, const char *question, int wake_fd) {
  char line[16] = "";
  (void)c;
  fflush(stdout);
  fprintf(stderr, "\n%s\nOnly \"yes\" is taken for an answer: ", question);
  fflush(stderr);
  if (wait_for_answer(wake_fd) && fgets(line, sizeof line, stdin)) return strcmp(line, "yes\n") == 0;
  fputc('\n', stderr);
  return false;
}

enum qn_err cli_approve(struct cli *c, const char *question, const char *help, int wake_fd,
                        const volatile sig_atomic_t *interrupts) {
  if (c->o.auto_approve) return QN_OK;
  if (!isatty(STDIN_FILENO)) {
    struct diag *g = diag_add(&c->s.diags, QN0813, SPAN_NONE, "nobody is there to approve the plan");
    diag_help(&c->s.diags, g, "%s", help);
    return QN_E_REFUSED;
  }
  if (cli_confirm(c, question, wake_fd)) return QN_OK;
  bool interrupted = interrupts && *interrupts;
  diag_add(&c->s.diags, QN0813, SPAN_NONE,
           interrupted ? "interrupted before an answer: nothing was changed"
                       : "not approved: nothing was changed");
  return interrupted ? QN_E_CANCELLED : QN_E_REFUSED;
}

struct render_options cli_render(const struct cli *c) {
  return (struct render_options){.colour = c->colour && c->out_tty, .columns = c->columns};
}

void cli_print_value(struct cli *c, const struct value *v, bool json) {
  struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
  const struct value *plain = v ? v : value_null();
  if (value_encode(&c->s, &c->s.arena, plain, &plain) == QN_OK &&
      json_write(&c->s, plain, json ? JSON_PRETTY : JSON_COMPACT, &out) == QN_OK)
    cli_print(c, buf_str(&out));
  putchar('\n');
  buf_release(&out);
}
