#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quoin/file.h"

static struct session s;
static char dir[] = "/tmp/quoin-file-XXXXXX";

static const char *at(const char *name) {
  return str_fmt(&s.arena, "%s/%s", dir, name).p;
}

static void begin(void) {
  session_init(&s, NULL);
  memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
  CHECK(mkdtemp(dir) != NULL);
}

static size_t entries(bool remove_them) {
  size_t n = 0;
  DIR *d = opendir(dir);
  for (struct dirent *e; d && (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    n++;
    if (remove_them) CHECK(remove(at(e->d_name)) == 0);
  }
  if (d) closedir(d);
  return n;
}

static void end(void) {
  entries(true);
  CHECK(rmdir(dir) == 0);
  session_release(&s);
}

static struct str content(const char *name) {
  struct str t = STR("(none)");
  (void)!file_read(&s.arena, at(name), 1000, NULL, &t);
  return t;
}

TEST(reading_is_bounded) {
  begin();
  struct str t;
  CHECK_INT(file_read(&s.arena, at("x"), 10, &s.diags, &t), QN_E_NOTFOUND);
  CHECK_INT(s.diags.n, 0);
  CHECK_INT(file_write_atomic(at("x"), STR("0123456789"), 0600, &s.diags), QN_OK);
  CHECK_INT(file_read(&s.arena, at("x"), 10, &s.diags, &t), QN_OK);
  CHECK_STR(t, STR("0123456789"));
  CHECK_INT(file_read(&s.arena, at("x"), 9, &s.diags, &t), QN_E_LIMIT);
  CHECK(s.diags.n == 1 && s.diags.v[0]->code == QN0003);
  CHECK_INT(file_read(&s.arena, dir, 9, &s.diags, &t), QN_E_IO);
  CHECK(mkfifo(at("fifo"), 0600) == 0);
  CHECK_INT(file_read(&s.arena, at("fifo"), 9, &s.diags, &t), QN_E_IO); /* and does not wait */
  CHECK(s.diags.n == 3 && s.diags.v[2]->code == QN0001);
  end();
}

TEST(every_failure_leaves_the_old_file) {
  begin();
  CHECK_INT(file_write_atomic(at("x"), STR("old"), 0640, NULL), QN_OK);
  struct stat st;
  CHECK(stat(at("x"), &st) == 0 && (st.st_mode & 0777) == 0640);
  size_t n = 1;
  for (; n < 20; n++) {
    file_fail_at(n, ENOSPC);
    enum qn_err e = file_write_atomic(at("x"), STR("new"), 0640, &s.diags);
    if (!e) break;
    CHECK_INT(e, QN_E_IO);
    CHECK_INT(entries(false), 1);
    bool renamed = n == 4; /* only the folder's sync failed */
    CHECK_STR(content("x"), renamed ? STR("new") : STR("old"));
    CHECK_INT(file_write_atomic(at("x"), STR("old"), 0640, NULL), QN_OK);
  }
  file_fail_at(0, 0);
  CHECK_INT(n, 5); /* write, fsync, rename, fsync of the folder */
  CHECK_INT(s.diags.n, 4);
  CHECK_STR(content("x"), STR("new"));
  end();
}

TEST(folders_are_made_with_parents) {
  begin();
  CHECK_INT(file_mkdirs(at("a/b//c/"), 0700, &s.diags), QN_OK);
  CHECK_INT(file_mkdirs(at("a/b/c"), 0700, &s.diags), QN_OK);
  CHECK_INT(file_write_atomic(at("a/b/c/f"), STR("x"), 0600, &s.diags), QN_OK);
  CHECK_INT(s.diags.n, 0);
  CHECK_INT(file_mkdirs(at("a/b/c/f/d"), 0700, &s.diags), QN_E_IO);
  CHECK_INT(file_mkdirs("", 0700, &s.diags), QN_E_IO);
  CHECK(s.diags.n == 2 && s.diags.v[0]->code == QN0002);
  static const char *const made[] = {"a/b/c/f", "a/b/c", "a/b", "a"};
  for (size_t i = 0; i < 4; i++) CHECK(remove(at(made[i])) == 0);
  end();
}

TEST(a_failing_write_keeps_its_first_half) {
  begin();
  int fd = open(at("x"), O_CREAT | O_WRONLY, 0600);
  file_fail_at(2, EIO);
  CHECK_INT(fd_write_all(fd, STR("abcd")), QN_OK);
  CHECK(fd_write_all(fd, STR("efgh")) == QN_E_IO && errno == EIO);
  CHECK_INT(fd_write_all(fd, STR("!")), QN_OK);
  CHECK_INT(fd_sync(fd, true), QN_OK);
  close(fd);
  CHECK_STR(content("x"), STR("abcdef!"));
  end();
}

TEST_MAIN(CASE(reading_is_bounded), CASE(every_failure_leaves_the_old_file),
          CASE(folders_are_made_with_parents), CASE(a_failing_write_keeps_its_first_half))
