/* The store in a local folder: one file per snapshot and segment, a lock by
 * flock(2), which the kernel drops when its holder dies. The text in the lock
 * file is for people only. */
#include "quoin/file.h"
#include "quoin/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OBJECT_MAX = 0x7fffffff, GROW = 1 << 18 };

struct local {
  struct store base;
  struct session *s; /* borrowed */
  char *dir;         /* heap, no slash at the end */
  bool read_only;
  int lock_fd, fd; /* -1: none */
  bool new_entry;  /* the folder must be synced before a commit counts */
  size_t written, allocated;
};

static struct local *self(struct store *st) {
  return (struct local *)(void *)((char *)st - offsetof(struct local, base));
}

static const char *path_of(struct local *l, struct str name) {
  return str_fmt(&l->s->arena, "%s/%.*s", l->dir, SV(name)).p;
}

static enum qn_err complain(struct local *l, enum diag_code code, const char *what, int err) {
  char why[128];
  if (strerror_r(err, why, sizeof why)) why[0] = 0;
  struct diag *g = diag_add(&l->s->diags, code, SPAN_NONE, "the state in %s cannot be used (%s): %s", l->dir,
                            what, why[0] ? why : "unknown error");
  if (err == ENOSPC || err == EDQUOT || err == EFBIG)
    diag_help(&l->s->diags, g,
              "make room on the disk, then run the command again: nothing that was recorded is lost");
  if (err == EACCES || err == EPERM || err == EROFS)
    diag_help(
        &l->s->diags, g,
        "who runs quoin has to be able to read it, and to write it for changes: ls -l shows whose it is");
  return QN_E_IO;
}

/* ---- lock ------------------------------------------------------------------ */

static enum qn_err locked(struct local *l, struct diags *d) {
  struct str who = {NULL, 0};
  if (file_read(&l->s->arena, path_of(l, STR("lock")), 4096, NULL, &who)) who.n = 0;
  who = str_trim(who);
  struct diag *g = diag_add(d, QN0603, SPAN_NONE, "%s is locked%s%.*s", l->dir, who.n ? " by " : "", SV(who));
  diag_help(d, g, "wait for the other run to end; a lock whose holder died is gone by itself");
  return QN_E_LOCKED;
}

static enum qn_err local_lock(struct store *st, struct str holder, struct diags *d) {
  struct local *l = self(st);
  int fd = open(path_of(l, STR("lock")), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return complain(l, QN0604, "lock", errno);
  int r;
  do r = flock(fd, LOCK_EX | LOCK_NB);
  while (r < 0 && errno == EINTR);
  if (r < 0) {
    int err = errno;
    close(fd);
    return err == EWOULDBLOCK ? locked(l, d) : complain(l, QN0604, "lock", err);
  }
  /* A holder text that cannot be written costs a message its detail, not the lock. */
  if (ftruncate(fd, 0) == 0 && write(fd, holder.p, holder.n) < 0) (void)!ftruncate(fd, 0);
  l->lock_fd = fd;
  return QN_OK;
}

static void local_unlock(struct store *st) {
  struct local *l = self(st);
  if (l->lock_fd < 0) return;
  (void)!ftruncate(l->lock_fd, 0);
  close(l->lock_fd); /* drops the lock */
  l->lock_fd = -1;
}

static bool local_busy(struct store *st) {
  struct local *l = self(st);
  if (l->lock_fd >= 0) return false;
  int fd = open(path_of(l, STR("lock")), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool busy = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  close(fd);
  return busy;
}

/* ---- objects --------------------------------------------------------------- */

static bool is_object(struct str name) {
  return (str_starts(name, STR("s-")) && str_ends(name, STR(".json"))) ||
         (str_starts(name, STR("j-")) && str_ends(name, STR(".jsonl")));
}

static int by_name(const void *a, const void *b, void *user) {
  (void)user;
  return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static enum qn_err local_list(struct store *st, struct arena *a, struct str **names, size_t *n) {
  struct local *l = self(st);
  VEC(struct str) v = {NULL, 0, 0};
  DIR *d = opendir(l->dir);
  if (!d && errno != ENOENT) return complain(l, QN0604, "folder", errno);
  if (d) {
    errno = 0;
    for (struct dirent *e; (e = readdir(d)); errno = 0)
      if (is_object(str_c(e->d_name))) VEC_PUSH(a, &v, str_dup(a, str_c(e->d_name)));
    int err = errno;
    closedir(d);
    if (err) return complain(l, QN0604, "folder", err);
  }
  sort_stable(a, v.v, v.n, sizeof *v.v, by_name, NULL);
  *names = v.v;
  *n = v.n;
  return QN_OK;
}

static enum qn_err local_read(struct store *st, struct arena *a, struct str name, struct str *out) {
  struct local *l = self(st);
  return file_read(a, path_of(l, name), OBJECT_MAX, &l->s->diags, out);
}

static enum qn_err local_write(struct store *st, struct str name, struct str bytes) {
  struct local *l = self(st);
  return file_write_atomic(path_of(l, name), bytes, 0600, &l->s->diags);
}

static enum qn_err local_remove(struct store *st, struct str name) {
  struct local *l = self(st);
  return unlink(path_of(l, name)) < 0 && errno != ENOENT ? complain(l, QN0604, "remove", errno) : QN_OK;
}

/* A second name where the file system has such, else a copy. */
static enum qn_err local_keep(struct store *st, struct str name, struct str folder) {
  struct local *l = self(st);
  const char *from = path_of(l, name), *into = path_of(l, folder);
  const char *to = str_fmt(&l->s->arena, "%s/%.*s", into, SV(name)).p;
  enum qn_err e = file_mkdirs(into, 0700, &l->s->diags);
  if (e) return e;
  if (link(from, to) == 0) return file_sync_folder(to) ? complain(l, QN0604, "folder sync", errno) : QN_OK;
  struct str text;
  e = local_read(st, &l->s->arena, name, &text);
  return e ? e : file_write_atomic(to, text, 0600, &l->s->diags);
}

/* ---- the open segment -------------------------------------------------------- */

/* No room is an answer; a file system that cannot preallocate is none of our business. */
static enum qn_err allocate(struct local *l, size_t upto) {
  if (upto <= l->allocated) return QN_OK;
  size_t want = (upto + GROW - 1) / GROW * GROW;
  if (!fd_allocate(l->fd, l->allocated, want - l->allocated)) {
    l->allocated = want;
    return QN_OK;
  }
  return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? complain(l, QN0610, "journal", errno) : QN_OK;
}

static void local_append_close(struct store *st) {
  struct local *l = self(st);
  if (l->fd < 0) return;
  /* Zeros behind the last record are no harm, should this fail. */
  if (l->allocated > l->written) (void)!ftruncate(l->fd, (off_t)l->written);
  close(l->fd);
  l->fd = -1;
}

static enum qn_err local_append_open(struct store *st, struct str name, size_t preallocate) {
  struct local *l = self(st);
  local_append_close(st);
  l->fd = open(path_of(l, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (l->fd < 0) return complain(l, QN0604, "journal", errno);
  l->written = l->allocated = 0;
  l->new_entry = true;
  return allocate(l, preallocate);
}

static enum qn_err local_reserve(struct store *st, size_t bytes) {
  struct local *l = self(st);
  return allocate(l, l->written + bytes);
}

static enum qn_err local_append(struct store *st, struct str bytes) {
  struct local *l = self(st);
  if (fd_write_all(l->fd, bytes)) return complain(l, QN0604, "journal", errno);
  l->written += bytes.n;
  return QN_OK;
}

static enum qn_err local_commit(struct store *st) {
  struct local *l = self(st);
  if (fd_sync(l->fd, true)) return complain(l, QN0604, "journal sync", errno);
  if (l->new_entry && file_sync_folder(path_of(l, STR("j"))))
    return complain(l, QN0604, "folder sync", errno);
  l->new_entry = false;
  return QN_OK;
}

static void local_close(struct store *st) {
  struct local *l = self(st);
  local_append_close(st);
  local_unlock(st);
  free(l->dir);
  free(l);
}

/* ---- making one ---------------------------------------------------------------- */

static const struct store_ops local_ops = {
    .lock = local_lock,
    .unlock = local_unlock,
    .busy = local_busy,
    .list = local_list,
    .read = local_read,
    .write = local_write,
    .append_open = local_append_open,
    .reserve = local_reserve,
    .append = local_append,
    .commit = local_commit,
    .append_close = local_append_close,
    .remove = local_remove,
    .keep = local_keep,
    .close = local_close,
};

static bool fit(struct session *s, const char *what, struct str name) {
  bool ok = name.n && name.n <= 128 && name.p[0] != '.';
  for (size_t i = 0; i < name.n && ok; i++) {
    char c = name.p[i];
    ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
  }
  if (!ok)
    diag_add(&s->diags, QN0612, SPAN_NONE, "%s \"%.*s\" cannot name a folder of the state", what, SV(name));
  return ok;
}

enum qn_err store_local(struct session *s, const char *root, struct str stack, struct str env, bool read_only,
                        struct store **out) {
  if (!fit(s, "stack", stack) || !fit(s, "environment", env)) return QN_E_INVALID;
  struct str dir = str_fmt(&s->arena, "%s/%.*s/%.*s", root, SV(stack), SV(env));
  if (!read_only) {
    enum qn_err e = file_mkdirs(dir.p, 0700, &s->diags);
    if (e) return e;
  }
  struct local *l = calloc(1, sizeof *l);
  char *copy = malloc(dir.n + 1);
  if (!l || !copy) {
    free(l);
    free(copy);
    return QN_E_NOMEM;
  }
  memcpy(copy, dir.p, dir.n + 1);
  *l = (struct local){.base = {&local_ops, str_dup(&s->arena, env)},
                      .s = s,
                      .dir = copy,
                      .read_only = read_only,
                      .lock_fd = -1,
                      .fd = -1};
  *out = &l->base;
  return QN_OK;
}
