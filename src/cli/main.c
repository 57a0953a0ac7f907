#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
  bool dumb = !term || strcmp(term, "dumb") == 0;
  const char *no_color = getenv("NO_COLOR");
  c->colour = !c->o.no_color && !(no_color && *no_color) && !dumb;
  struct winsize size;
  if (c->out_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) c->columns = size.ws_col;
}

/* Who asked for JSON reads JSON also when an option before it is wrong. */
static int wrong_options(struct cli *c, int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "-json") == 0 || strcmp(argv[i], "--json") == 0) c->o.json = true;
  return cli_finish(c, QN_E_INVALID);
}

static int run(struct cli *c, int argc, char **argv) {
  if (!options_parse(c, argc, argv)) return wrong_options(c, argc, argv);
  look_at_terminal(c);
  if (c->o.help) {
    if (c->group)
      help_group(c->group, stdout);
    else
      help_command(c->command, stdout);
    return XC_OK;
  }
  if (c->o.chdir && chdir(c->o.chdir) != 0) {
    struct diag *g =
        diag_add(&c->s.diags, QN0001, SPAN_NONE, "cannot work in %s: %s", c->o.chdir, strerror(errno));
    diag_help(&c->s.diags, g, "-chdir wants a folder that exists");
    return cli_finish(c, QN_E_IO);
  }
  return c->command->run(c);
}

/* A reader that went away on purpose, as in `quoin plan | head`. */
static bool reader_is_gone(void) {
  struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* What could not be printed is an error: a plan cut short must not look like a plan. */
static int close_output(int code) {
  errno = 0;
  bool bad = fflush(stdout) != 0 || ferror(stdout);
  if (!bad || reader_is_gone()) return code;
  fprintf(stderr, "error[%s]: cannot write to standard output: %s\n", diag_code_text(QN0002),
          errno ? strerror(errno) : "an earlier write failed");
  return code == XC_OK || code == XC_CHANGES ? XC_ERROR : code;
}

/* A closed standard stream would be the number of the next file that is opened, perhaps of the journal. */
static void open_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(XC_ERROR);
}

static bool is_one_of(const char *arg, const char *const *words) {
  for (; *words; words++)
    if (strcmp(arg, *words) == 0) return true;
  return false;
}

int main(int argc, char **argv) {
  static const char *const help[] = {"-help", "--help", "-h", NULL}, *const version[] = {
                                                                         "-version", "--version", "-v", NULL};
  open_standard_streams();
  arena_set_oom(out_of_memory);
  /* A closed pipe and a file at its limit are errors of one write, not of the run. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  if (argc < 2) {
    help_all(stderr);
    return XC_ERROR;
  }
  if (is_one_of(argv[1], help) || (argc == 2 && strcmp(argv[1], "help") == 0)) {
    help_all(stdout);
    return close_output(XC_OK);
  }
  static char word[] = "version";
  if (is_one_of(argv[1], version)) argv[1] = word;
  struct cli c = {0};
  session_init(&c.s, NULL);
  int code = close_output(run(&c, argc, argv));
  session_release(&c.s);
  return code;
}
