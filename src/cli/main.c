#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

static void out_of_memory(size_t wanted) {
  fprintf(stderr, "error: out of memory (%zu bytes wanted). The state is as it was last recorded.\n", wanted);
  exit(XC_ERROR);
}

static void look_at_terminal(struct cli *c) {
  const char *term = getenv("TERM");
  c->out_tty = isatty(STDOUT_FILENO);
  c->err_tty = isatty(STDERR_FILENO);
  bool dumb = term && strcmp(term, "dumb") == 0;
  const char *no_color = getenv("NO_COLOR");
  c->colour = !c->o.no_color && !(no_color && *no_color) && !dumb;
  struct winsize size;
  if (c->out_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) c->columns = size.ws_col;
}

static int run(struct cli *c, int argc, char **argv) {
  if (!options_parse(c, argc, argv)) return cli_finish(c, QN_E_INVALID);
  look_at_terminal(c);
  if (c->o.help) {
    help_command(c->command, stdout);
    return XC_OK;
  }
  if (c->o.chdir && chdir(c->o.chdir) != 0) {
    diag_add(&c->s.diags, QN0001, SPAN_NONE, "cannot work in %s: %s", c->o.chdir, strerror(errno));
    return cli_finish(c, QN_E_IO);
  }
  return c->command->run(c);
}

int main(int argc, char **argv) {
  arena_set_oom(out_of_memory);
  signal(SIGPIPE, SIG_IGN);
  if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-help") == 0 ||
      strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    help_all(argc < 2 ? stderr : stdout);
    return argc < 2 ? XC_ERROR : XC_OK;
  }
  if (strcmp(argv[1], "-version") == 0 || strcmp(argv[1], "--version") == 0) {
    static char word[] = "version";
    argv[1] = word;
  }
  struct cli c = {0};
  session_init(&c.s, NULL);
  int code = run(&c, argc, argv);
  if (fflush(stdout) != 0 && errno != EPIPE && code == XC_OK) code = XC_ERROR;
  session_release(&c.s);
  return code;
}
