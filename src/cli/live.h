/* Progress of an apply: live on a terminal, plain lines in a pipe, events as JSON. */
#ifndef QUOIN_CLI_LIVE_H
#define QUOIN_CLI_LIVE_H

#include "cli.h"
#include "quoin/apply.h"

enum live_mode { LIVE_PLAIN, LIVE_TERMINAL, LIVE_JSON };
struct live {
  struct cli *c;
  enum live_mode mode;
  struct {
    sym address;
    enum action action;
    struct str waiting;
    int64_t since_ms, told_ms;
  } active[256];
  size_t n_active;
  unsigned rows;  /* of the terminal; 0 = not known */
  unsigned drawn; /* lines of the live block on the screen */
  uint32_t done, total;
};
void live_init(struct live *l, struct cli *c);
void live_event(void *user, const struct apply_event *e); /* user: struct live */
void live_tick(void *user);
void live_end(struct live *l); /* takes the live block off the screen */

#endif
