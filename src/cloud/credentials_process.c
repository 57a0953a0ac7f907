/* credential_process: a program that prints credentials as JSON. It is run
 * directly, without a shell; words are split as a shell would (quotes and
 * backslash), as the SDKs do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "credentials.h"
#include "quoin/crypto.h"

enum { PROCESS_TIMEOUT_MS = 60000, MAX_OUTPUT = 65536, MAX_WORDS = 256 };
extern char **environ;

/* NULL-terminated argv in k->a; NULL if a quote is open or there are too many words. */
static char **split_words(struct cred_chain *k, struct str s) {
  char **argv = ARENA_ARRAY(&k->a, MAX_WORDS + 1, char *);
  size_t n = 0;
  for (size_t i = 0; i < s.n;) {
    if (s.p[i] == ' ' || s.p[i] == '\t') {
      i++;
      continue;
    }
    if (n == MAX_WORDS) return NULL;
    char *w = argv[n++] = arena_alloc(&k->a, s.n + 1);
    char quote = 0;
    for (; i < s.n && (quote || (s.p[i] != ' ' && s.p[i] != '\t')); i++) {
      char c = s.p[i];
      if (quote ? c == quote : c == '"' || c == '\'')
        quote = quote ? 0 : c;
      else if (c == '\\' && quote != '\'' && i + 1 < s.n)
        *w++ = s.p[++i];
      else
        *w++ = c;
    }
    if (quote) return NULL;
  }
  return n ? argv : NULL;
}

/* Reads until the end, the limit or the deadline; false on the latter two. */
static bool read_all(const struct session *s, int fd, struct buf *out) {
  int64_t end = s->out.boot_ms(s->out.user) + PROCESS_TIMEOUT_MS;
  char block[4096];
  for (bool ok = true;;) {
    int64_t left = end - s->out.boot_ms(s->out.user);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
    if (ready < 0 && errno == EINTR) continue;
    ssize_t n = ready > 0 ? read(fd, block, sizeof block) : -1;
    if (n > 0) buf_add(out, (struct str){block, (size_t)n});
    ok = ok && n >= 0 && !out->failed;
    if (n <= 0 || !ok) {
      crypto_wipe(block, sizeof block);
      return ok;
    }
  }
}

static int spawn(char **argv, int out_fd, pid_t *pid) {
  posix_spawn_file_actions_t fa;
  int bad = posix_spawn_file_actions_init(&fa);
  if (bad) return bad;
  bad = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
  if (!bad) bad = posix_spawn_file_actions_adddup2(&fa, out_fd, 1);
  if (!bad) bad = posix_spawnp(pid, argv[0], &fa, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&fa);
  return bad;
}

static bool run(struct cred_chain *k, struct str profile, char **argv, struct buf *out) {
  int fds[2], status = 0;
  pid_t pid;
  if (pipe(fds) != 0) {
    cred_failed(k, "credential_process of profile %.*s: no pipe can be made", SV(profile));
    return false;
  }
  (void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
  (void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  int bad = spawn(argv, fds[1], &pid);
  close(fds[1]);
  bool read_ok = !bad && read_all(k->s, fds[0], out);
  close(fds[0]);
  if (bad) {
    cred_failed(k, "credential_process of profile %.*s: %s cannot be run: %s", SV(profile), argv[0],
                strerror(bad));
    return false;
  }
  if (!read_ok) kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (read_ok && WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (!read_ok)
    cred_failed(k, "credential_process of profile %.*s: %s printed too much or took over %d s", SV(profile),
                argv[0], PROCESS_TIMEOUT_MS / 1000);
  else
    cred_failed(k, "credential_process of profile %.*s: %s ended with %s %d", SV(profile), argv[0],
                WIFEXITED(status) ? "exit code" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  return false;
}

enum qn_err creds_process(struct cred_chain *k, struct str profile, struct str command, struct creds *out) {
  char **argv = split_words(k, command);
  if (!argv) {
    diag_add(&k->s->diags, QN0703, SPAN_NONE, "credential_process of profile %.*s is not a command",
             SV(profile));
    return QN_E_INVALID;
  }
  struct buf text = BUF_INIT(MAX_OUTPUT);
  enum qn_err e = QN_E_REMOTE;
  if (run(k, profile, argv, &text)) {
    struct str source = str_fmt(&k->s->arena, "profile %.*s (%s)", SV(profile), argv[0]);
    if (cred_document(k, buf_str(&text), source, out)) {
      e = QN_OK;
    } else {
      struct diag *g = cred_failed(k, "credential_process of profile %.*s: %s did not print credentials",
                                   SV(profile), argv[0]);
      diag_help(&k->s->diags, g,
                "it has to print {\"Version\": 1, \"AccessKeyId\": ..., \"SecretAccessKey\": ...}");
    }
  }
  if (text.cap) crypto_wipe(text.p, text.cap);
  buf_release(&text);
  return e;
}
