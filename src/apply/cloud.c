/* The way to the cloud client; the only file that holds the right to write. */
#include "internal.h"
#include "quoin/cloud_write.h"

static enum qn_err call(void *user, bool mutating, const struct call *c, call_done_fn *done,
                        void *done_user) {
  struct cloud *cloud = user;
  return mutating ? cloud_write(cloud_writer(cloud), c, done, done_user)
                  : cloud_read(cloud_reader(cloud), c, done, done_user);
}

static size_t poll_cloud(void *user, int timeout_ms, int wake_fd) {
  return cloud_poll(user, timeout_ms, wake_fd);
}
static void cancel(void *user) {
  cloud_cancel(user);
}

struct apply_calls cloud_calls(struct cloud *c) {
  return (struct apply_calls){c, call, poll_cloud, cancel};
}
