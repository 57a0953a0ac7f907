/* Preloaded into quoin by tests/crash: counts what is done to files below
 * QUOIN_KILL_DIR and kills the process with SIGKILL at the QUOIN_KILL_AT-th
 * such call. Nothing in quoin knows of it.
 * QUOIN_KILL_WHEN: before, after; torn (half of a write is done); lost (what
 * was not synced is cut off first, as when the machine loses its power).
 * Two more do not kill: full (from that call on there is no room that was not
 * allocated before), broken (that call fails with EIO if it is a sync).
 * QUOIN_KILL_LOG: a file that receives one line per call. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILES = 1024 };

static struct {
  bool ready, tracked[FILES];
  const char *dir, *when, *log;
  long at, seen;
  off_t synced[FILES]; /* the end of what was synced, of files written to */
} k;

static void *real(const char *name) {
  void *p = dlsym(RTLD_NEXT, name);
  if (!p) abort();
  return p;
}

static void ready(void) {
  if (k.ready) return;
  k.ready = true;
  k.dir = getenv("QUOIN_KILL_DIR");
  k.when = getenv("QUOIN_KILL_WHEN");
  k.log = getenv("QUOIN_KILL_LOG");
  const char *at = getenv("QUOIN_KILL_AT");
  k.at = at ? atol(at) : 0;
  if (!k.when) k.when = "";
}

static bool below(const char *path) {
  ready();
  size_t n = k.dir ? strlen(k.dir) : 0;
  return n && !strncmp(path, k.dir, n) && (path[n] == '/' || !path[n]);
}

static bool path_below(const char *path) {
  if (path[0] == '/') return below(path);
  char full[8192];
  if (!getcwd(full, 4096)) return false;
  size_t n = strlen(full);
  while (path[0] == '.' && path[1] == '/') path += 2;
  snprintf(full + n, sizeof full - n, "/%s", path);
  return below(full);
}

static bool fd_below(int fd) {
  char link[64], path[4096];
  if (fd < 0 || fd >= FILES) return false;
  ready();
  if (!k.dir) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return false;
  path[n] = 0;
  return below(path);
}

static void note(const char *what) {
  if (!k.log) return;
  int (*ropen)(const char *, int, ...) = (int (*)(const char *, int, ...))real("open");
  ssize_t (*rwrite)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
  int (*rclose)(int) = (int (*)(int))real("close");
  int fd = ropen(k.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0) return;
  char line[64];
  int n = snprintf(line, sizeof line, "%s\n", what);
  (void)!rwrite(fd, line, (size_t)n);
  rclose(fd);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* The machine loses its power: only what was synced is on the disk. */
static void lose(void) {
  int (*cut)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
  for (int fd = 0; fd < FILES; fd++)
    if (k.tracked[fd]) (void)!cut(fd, k.synced[fd]);
}

static bool milder(void) {
  return !strcmp(k.when, "full") || !strcmp(k.when, "broken");
}
static bool full(void) {
  return k.at && k.seen >= k.at && !strcmp(k.when, "full");
}

/* Counts a call; true when it is the one to die at. */
static bool mine(const char *what) {
  int keep = errno;
  note(what);
  bool is = ++k.seen == k.at;
  errno = keep;
  if (is && !strcmp(k.when, "lost")) {
    lose();
    die();
  }
  if (is && !strcmp(k.when, "before")) die();
  return is && !milder();
}

/* Does a write stay within what the file has already? */
static bool room(int fd, size_t n) {
  struct stat st;
  return !fstat(fd, &st) && lseek(fd, 0, SEEK_CUR) + (off_t)n <= st.st_size;
}

ssize_t write(int fd, const void *data, size_t n) {
  ssize_t (*next)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
  if (!fd_below(fd)) return next(fd, data, n);
  bool is = mine("write");
  if (!k.tracked[fd]) {
    k.tracked[fd] = true;
    k.synced[fd] = lseek(fd, 0, SEEK_CUR);
  }
  if (full() && !room(fd, n)) {
    errno = ENOSPC;
    return -1;
  }
  ssize_t r = next(fd, data, is && !strcmp(k.when, "torn") ? n / 2 : n);
  if (is) die();
  return r;
}

static int sync_by(const char *name, int fd) {
  int (*next)(int) = (int (*)(int))real(name);
  if (!fd_below(fd)) return next(fd);
  bool is = mine(name);
  if (k.seen == k.at && !strcmp(k.when, "broken")) {
    errno = EIO;
    return -1;
  }
  int r = next(fd);
  if (!r && k.tracked[fd]) k.synced[fd] = lseek(fd, 0, SEEK_CUR);
  if (is) die();
  return r;
}

int fdatasync(int fd) {
  return sync_by("fdatasync", fd);
}
int fsync(int fd) {
  return sync_by("fsync", fd);
}

int close(int fd) {
  int (*next)(int) = (int (*)(int))real("close");
  if (fd >= 0 && fd < FILES) k.tracked[fd] = false;
  return next(fd);
}

int rename(const char *from, const char *to) {
  int (*next)(const char *, const char *) = (int (*)(const char *, const char *))real("rename");
  if (!path_below(to)) return next(from, to);
  bool is = mine("rename");
  int r = next(from, to);
  if (is) die();
  return r;
}

int unlink(const char *path) {
  int (*next)(const char *) = (int (*)(const char *))real("unlink");
  if (!path_below(path)) return next(path);
  bool is = mine("unlink");
  int r = next(path);
  if (is) die();
  return r;
}

int mkdir(const char *path, mode_t mode) {
  int (*next)(const char *, mode_t) = (int (*)(const char *, mode_t))real("mkdir");
  if (!path_below(path)) return next(path, mode);
  bool is = mine("mkdir");
  if (full()) {
    errno = ENOSPC;
    return -1;
  }
  int r = next(path, mode);
  if (is) die();
  return r;
}

int ftruncate(int fd, off_t n) {
  int (*next)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
  if (!fd_below(fd)) return next(fd, n);
  bool is = mine("ftruncate");
  int r = next(fd, n);
  if (is) die();
  return r;
}

int posix_fallocate(int fd, off_t from, off_t n) {
  int (*next)(int, off_t, off_t) = (int (*)(int, off_t, off_t))real("posix_fallocate");
  if (!fd_below(fd)) return next(fd, from, n);
  bool is = mine("posix_fallocate");
  if (full()) return ENOSPC;
  int r = next(fd, from, n);
  if (is) die();
  return r;
}
