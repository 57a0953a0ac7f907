/* Files. Every change of a file goes through the small functions at the top, so
 * that one counter (file_fail_at) can make any of them fail in tests. */
#include "quoin/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Test hook only; never set in the product. */
static struct {
  size_t left;
  int err;
} fault;

void file_fail_at(size_t n, int err) {
  fault.left = n;
  fault.err = err;
}

static bool fails_now(void) {
  if (!fault.left || --fault.left) return false;
  errno = fault.err;
  return true;
}

enum qn_err fd_write_all(int fd, struct str bytes) {
  /* A disk that fills up keeps the first part: so does the injected failure. */
  bool bad = fails_now();
  size_t want = bad ? bytes.n / 2 : bytes.n;
  for (size_t done = 0; done < want;) {
    ssize_t n = write(fd, bytes.p + done, want - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return QN_E_IO;
    if (n == 0) {
      errno = EIO;
      return QN_E_IO;
    }
    done += (size_t)n;
  }
  if (!bad) return QN_OK;
  errno = fault.err;
  return QN_E_IO;
}

enum qn_err fd_sync(int fd, bool data_only) {
  if (fails_now()) return QN_E_IO;
  int r;
  do r = data_only ? fdatasync(fd) : fsync(fd);
  while (r < 0 && errno == EINTR);
  return r < 0 ? QN_E_IO : QN_OK;
}

enum qn_err fd_allocate(int fd, size_t from, size_t n) {
  if (fails_now()) return QN_E_IO;
  int err;
  do err = posix_fallocate(fd, (off_t)from, (off_t)n);
  while (err == EINTR);
  errno = err;
  return err ? QN_E_IO : QN_OK;
}

enum qn_err file_rename(const char *from, const char *to) {
  if (fails_now() || rename(from, to) < 0) return QN_E_IO;
  return QN_OK;
}

enum qn_err file_sync_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  struct buf dir = BUF_INIT(1 << 20);
  if (!slash)
    buf_addc(&dir, '.');
  else
    buf_add(&dir, (struct str){path, slash == path ? 1 : (size_t)(slash - path)});
  buf_addc(&dir, 0);
  if (dir.failed) {
    buf_release(&dir);
    errno = ENOMEM;
    return QN_E_IO;
  }
  int fd = open(dir.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  buf_release(&dir);
  if (fd < 0) return QN_E_IO;
  enum qn_err e = fd_sync(fd, false);
  int keep = errno;
  close(fd);
  errno = keep;
  return e;
}

static enum qn_err complain(struct diags *d, enum diag_code code, const char *path, int err, enum qn_err e) {
  char why[128];
  if (!d) return e;
  if (strerror_r(err, why, sizeof why)) why[0] = 0;
  struct diag *g = diag_add(d, code, SPAN_NONE, "cannot %s %s: %s", code == QN0001 ? "read" : "write", path,
                            why[0] ? why : "unknown error");
  const char *help = err == EACCES                     ? "look at the owner and the permissions with ls -l"
                     : err == ENOSPC || err == EFBIG   ? "make room on the disk, then run the command again"
                     : code == QN0002 && err == ENOENT ? "its folder does not exist"
                                                       : NULL;
  if (help) diag_help(d, g, "%s", help);
  return e;
}

static enum qn_err read_open(struct arena *a, int fd, const char *path, size_t max, struct diags *d,
                             struct str *out) {
  struct stat st;
  if (fstat(fd, &st) < 0) return complain(d, QN0001, path, errno, QN_E_IO);
  if (!S_ISREG(st.st_mode)) {
    if (d)
      diag_add(d, QN0001, SPAN_NONE, "cannot read %s: it is %s", path,
               S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
    return QN_E_IO;
  }
  size_t size = (size_t)st.st_size;
  if (size > max) {
    if (d) diag_add(d, QN0003, SPAN_NONE, "%s: %zu bytes, at most %zu are read", path, size, max);
    return QN_E_LIMIT;
  }
  char *p = arena_alloc(a, size + 1);
  size_t n = 0;
  while (n < size) { /* a file that shrinks meanwhile ends early; one that grows is read as it was */
    ssize_t r = read(fd, p + n, size - n);
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return complain(d, QN0001, path, errno, QN_E_IO);
    if (r == 0) break;
    n += (size_t)r;
  }
  p[n] = 0;
  *out = (struct str){p, n};
  return QN_OK;
}

enum qn_err file_read(struct arena *a, const char *path, size_t max, struct diags *d, struct str *out) {
  /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return QN_E_NOTFOUND;
    return complain(d, QN0001, path, errno, QN_E_IO);
  }
  enum qn_err e = read_open(a, fd, path, max, d, out);
  close(fd);
  return e;
}

static enum qn_err fill_and_rename(int fd, const char *temp, const char *path, struct str bytes,
                                   unsigned mode) {
  enum qn_err e = fchmod(fd, (mode_t)mode) < 0 ? QN_E_IO : QN_OK;
  if (!e) e = fd_write_all(fd, bytes);
  if (!e) e = fd_sync(fd, false);
  int keep = errno;
  if (close(fd) < 0 && !e)
    e = QN_E_IO;
  else
    errno = keep;
  if (!e) e = file_rename(temp, path);
  return e;
}

enum qn_err file_write_atomic(const char *path, struct str bytes, unsigned mode, struct diags *d) {
  struct buf temp = BUF_INIT(1 << 20);
  buf_addf(&temp, "%s~XXXXXX", path);
  buf_addc(&temp, 0);
  if (temp.failed) {
    buf_release(&temp);
    return complain(d, QN0002, path, ENOMEM, QN_E_NOMEM);
  }
  int fd = mkstemp(temp.p);
  if (fd < 0) {
    int err = errno;
    buf_release(&temp);
    return complain(d, QN0002, path, err, QN_E_IO);
  }
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* mkstemp knows no O_CLOEXEC in POSIX.1-2008 */
  enum qn_err e = fill_and_rename(fd, temp.p, path, bytes, mode);
  int err = errno;
  if (e)
    unlink(temp.p);
  else if ((e = file_sync_folder(path)))
    err = errno;
  buf_release(&temp);
  return e ? complain(d, QN0002, path, err, e) : QN_OK;
}

static enum qn_err make_folder(const char *path, unsigned mode) {
  struct stat st;
  if (mkdir(path, (mode_t)mode) == 0) return file_sync_folder(path);
  int err = errno;
  if (stat(path, &st) < 0) {
    errno = err;
    return QN_E_IO;
  }
  errno = ENOTDIR;
  return S_ISDIR(st.st_mode) ? QN_OK : QN_E_IO;
}

enum qn_err file_mkdirs(const char *path, unsigned mode, struct diags *d) {
  struct buf b = BUF_INIT(1 << 20);
  buf_addz(&b, path);
  buf_addc(&b, 0);
  enum qn_err e = QN_OK;
  if (b.failed || !path[0]) {
    e = QN_E_IO;
    errno = b.failed ? ENOMEM : ENOENT;
  }
  for (size_t i = 1; !e && i < b.n; i++) {
    char was = b.p[i];
    if (was && was != '/') continue;
    b.p[i] = 0;
    e = make_folder(b.p, mode);
    b.p[i] = was;
  }
  int err = errno;
  buf_release(&b);
  return e ? complain(d, QN0002, path, err, e) : QN_OK;
}
