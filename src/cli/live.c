#include "live.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define SHOWN_MAX   12    /* lines of the live block */
#define REMINDER_MS 30000 /* plain lines: a sign of life */

static const struct {
  const char *doing, *done, *failed;
} words[] = {
    [ACT_NONE] = {"recording", "recorded", "record"},
    [ACT_CREATE] = {"creating", "created", "create"},
    [ACT_UPDATE] = {"updating", "updated", "update"},
    [ACT_DELETE] = {"destroying", "destroyed", "destroy"},
    [ACT_FORGET] = {"forgetting", "forgotten", "forget"},
};

static int64_t now(const struct live *l) {
  return l->c->s.out.boot_ms(l->c->s.out.user);
}

void live_init(struct live *l, struct cli *c) {
  *l = (struct live){.c = c};
  const char *ci = c->s.out.getenv(c->s.out.user, "CI"), *term = c->s.out.getenv(c->s.out.user, "TERM");
  bool dumb = !term || strcmp(term, "dumb") == 0;
  l->mode = c->o.json ? LIVE_JSON : c->out_tty && !dumb && !(ci && *ci) ? LIVE_TERMINAL : LIVE_PLAIN;
}

static void look_at_size(struct live *l) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return;
  l->c->columns = size.ws_col;
  l->rows = size.ws_row;
}

static void erase(struct live *l) {
  if (l->drawn) printf("\033[%uA\033[J", l->drawn);
  l->drawn = 0;
}

static void add_seconds(struct buf *b, int64_t ms) {
  if (ms < 10000)
    buf_addf(b, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
  else if (ms < 120000)
    buf_addf(b, "%lld s", (long long)(ms / 1000));
  else
    buf_addf(b, "%lld min %lld s", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
}

/* A line no wider than the terminal. */
static void put_line(struct live *l, struct buf *b) {
  struct str text = buf_str(b);
  size_t most = l->c->columns ? l->c->columns - 1 : 0;
  while (most && str_columns(text) > most) text.n--;
  while (text.n < b->n && text.n && ((unsigned char)text.p[text.n] & 0xc0) == 0x80) text.n--;
  printf("%.*s\n", SV(text));
}

static void draw(struct live *l) {
  if (l->mode != LIVE_TERMINAL) return;
  erase(l);
  look_at_size(l);
  struct buf b = BUF_INIT(4096);
  int64_t t = now(l);
  /* What scrolled off the screen could not be erased. */
  size_t most = l->rows && l->rows < SHOWN_MAX + 3 ? (l->rows > 4 ? l->rows - 3 : 1) : SHOWN_MAX;
  for (size_t i = 0; i < l->n_active && i < most; i++) {
    buf_reset(&b);
    buf_addf(&b, "  %.*s: %s ", SV(session_str(&l->c->s, l->active[i].address)),
             words[l->active[i].action].doing);
    add_seconds(&b, t - l->active[i].since_ms);
    if (l->active[i].waiting.n) buf_addf(&b, ", waiting for %.*s", SV(l->active[i].waiting));
    put_line(l, &b);
    l->drawn++;
  }
  if (l->n_active > most) {
    buf_reset(&b);
    buf_addf(&b, "  ... and %zu more", l->n_active - most);
    put_line(l, &b);
    l->drawn++;
  }
  buf_reset(&b);
  buf_addf(&b, "%u of %u", l->done, l->total);
  put_line(l, &b);
  l->drawn++;
  fflush(stdout);
  buf_release(&b);
}

static size_t active_index(const struct live *l, sym address, enum action a) {
  size_t i = 0;
  while (i < l->n_active && (l->active[i].address != address || l->active[i].action != a)) i++;
  return i;
}

static const char *event_words(const struct apply_event *e) {
  static const char *const kinds[] = {
      [AE_STARTED] = "started",   [AE_WAITING] = "waiting", [AE_DONE] = "done",
      [AE_FAILED] = "failed",     [AE_SKIPPED] = "skipped", [AE_SETTLING] = "settling",
      [AE_ROLLBACK] = "rollback", [AE_LEFT] = "left"};
  return kinds[e->kind];
}

/* Of the turn itself and of what is left there is no action. */
static void put_subject(struct live *l, struct buf *b, const struct apply_event *e) {
  if (e->change || e->kind == AE_SETTLING) buf_addf(b, ",\"action\":\"%s\"", words[e->action].failed);
  if (!e->address) return;
  buf_addz(b, ",\"address\":");
  json_escape(b, session_str(&l->c->s, e->address));
  buf_addz(b, ",\"type\":");
  json_escape(b, session_str(&l->c->s, e->type));
}

static void put_json(struct live *l, const struct apply_event *e) {
  struct buf b = BUF_INIT((size_t)1 << 20);
  buf_addf(&b, "{\"event\":\"%s\"", event_words(e));
  put_subject(l, &b, e);
  if (e->rollback) buf_addz(&b, ",\"rollback\":true");
  if (e->identity.n) buf_addz(&b, ",\"id\":"), json_escape(&b, e->identity);
  if (e->text.n) buf_addz(&b, ",\"text\":"), json_escape(&b, e->text);
  buf_addf(&b, ",\"elapsed_ms\":%lld,\"done\":%u,\"total\":%u}\n", (long long)e->elapsed_ms, e->done,
           e->total);
  fwrite(b.p, 1, b.n, stdout);
  fflush(stdout);
  buf_release(&b);
}

static void put_text(struct live *l, const struct apply_event *e) {
  struct buf b = BUF_INIT((size_t)1 << 20);
  const struct cli *c = l->c;
  bool colour = c->colour && c->out_tty;
  struct str address = session_str(&c->s, e->address);
  if (e->rollback && e->kind != AE_ROLLBACK && (e->kind != AE_STARTED || l->mode == LIVE_PLAIN) &&
      e->kind != AE_WAITING)
    buf_addz(&b, "rollback: ");
  switch (e->kind) {
  case AE_STARTED:
    if (l->mode == LIVE_PLAIN)
      buf_addf(&b, "%.*s: %s (%.*s)", SV(address), words[e->action].doing, SV(session_str(&c->s, e->type)));
    break;
  case AE_DONE:
    buf_addf(&b, "%s%.*s: %s%s", colour ? "\033[32m" : "", SV(address), words[e->action].done,
             colour ? "\033[0m" : "");
    if (e->identity.n && e->action != ACT_DELETE) buf_addf(&b, " %.*s", SV(e->identity));
    buf_addz(&b, " (");
    add_seconds(&b, e->elapsed_ms);
    buf_addc(&b, ')');
    break;
  case AE_FAILED:
    buf_addf(&b, "%s%.*s: cannot %s%s: %.*s", colour ? "\033[31m" : "", SV(address), words[e->action].failed,
             colour ? "\033[0m" : "", SV(e->text));
    break;
  case AE_SKIPPED: buf_addf(&b, "%.*s: not %s: %.*s", SV(address), words[e->action].done, SV(e->text)); break;
  case AE_SETTLING:
    buf_addf(&b, "%.*s: %s, looking it up", SV(address),
             e->change ? "no answer came" : "an earlier run was interrupted here");
    break;
  case AE_ROLLBACK:
    buf_addz(&b, "\nA change failed. Rolling back: what this apply did is taken back.");
    break;
  case AE_LEFT: buf_addf(&b, "%.*s: cannot be undone: %.*s", SV(address), SV(e->text)); break;
  case AE_WAITING: break;
  }
  if (b.n) printf("%.*s\n", SV(buf_str(&b)));
  buf_release(&b);
}

static void track(struct live *l, const struct apply_event *e) {
  size_t i = active_index(l, e->address, e->action);
  if (e->kind == AE_STARTED && i == l->n_active && i < sizeof l->active / sizeof *l->active) {
    l->active[i].address = e->address;
    l->active[i].action = e->action;
    l->active[i].waiting = STR("");
    l->active[i].since_ms = l->active[i].told_ms = now(l);
    l->n_active++;
  } else if (e->kind == AE_WAITING && i < l->n_active) {
    l->active[i].waiting = str_dup(&l->c->s.arena, e->text);
  } else if ((e->kind == AE_DONE || e->kind == AE_FAILED || e->kind == AE_SKIPPED) && i < l->n_active) {
    l->active[i] = l->active[--l->n_active];
  }
  l->done = e->done;
  l->total = e->total;
}

void live_event(void *user, const struct apply_event *e) {
  struct live *l = user;
  track(l, e);
  if (l->mode == LIVE_JSON) {
    put_json(l, e);
    return;
  }
  erase(l);
  put_text(l, e);
  fflush(stdout);
  draw(l);
}

void live_tick(void *user) {
  struct live *l = user;
  if (l->mode == LIVE_TERMINAL) draw(l);
  if (l->mode != LIVE_PLAIN) return;
  int64_t t = now(l);
  for (size_t i = 0; i < l->n_active; i++) {
    if (t - l->active[i].told_ms < REMINDER_MS) continue;
    l->active[i].told_ms = t;
    struct buf b = BUF_INIT(4096);
    add_seconds(&b, t - l->active[i].since_ms);
    printf("%.*s: still %s after %.*s%s%.*s\n", SV(session_str(&l->c->s, l->active[i].address)),
           words[l->active[i].action].doing, SV(buf_str(&b)), l->active[i].waiting.n ? ", waiting for " : "",
           SV(l->active[i].waiting));
    buf_release(&b);
  }
  fflush(stdout);
}

void live_end(struct live *l) {
  if (l->mode == LIVE_TERMINAL) erase(l);
  fflush(stdout);
}
