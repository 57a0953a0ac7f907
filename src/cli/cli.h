/* The command line: one file per command, tables for commands and options. The
 * only folder that prints and that decides exit codes. */
#ifndef QUOIN_CLI_H
#define QUOIN_CLI_H

#include <signal.h>
#include <stdio.h>

#include "quoin/plan.h"
#include "quoin/vec.h"

/* docs/cli.md */
enum exit_code {
  XC_OK = 0,
  XC_ERROR = 1,
  XC_CHANGES = 2,
  XC_LOCKED = 10,
  XC_STALE = 11,
  XC_REFUSED = 12,
  XC_ROLLED_BACK = 13,
  XC_INTERRUPTED = 130
};

struct text_list {
  const char **v;
  size_t n, cap;
};
struct options {
  bool help, json, no_color, auto_approve, detailed_exitcode, strict_readback, no_refresh, refresh_lookups,
      destroy, dr, sandbox;
  bool all, allow_mass_loss, mermaid, raw;
  const char *chdir, *spec, *env, *state, *out, *compat, *profile, *format, *on_error, *parallelism,
      *sandbox_faults, *confirm;
  struct text_list vars, var_files, targets, replace;
  struct text_list args; /* positional */
};
struct cli {
  struct session s;
  struct options o;
  const struct command *command;
  const char *group; /* help of `quoin state` is asked for */
  bool colour, out_tty, err_tty;
  unsigned columns; /* of the terminal; 0 = not a terminal */
};
struct command {
  const char *name, *sub; /* sub: second word, or NULL */
  const char *usage;      /* positional arguments */
  const char *summary, *about;
  size_t min_args, max_args;
  const char *const *options; /* names, NULL-terminated; beside the common ones */
  int (*run)(struct cli *c);
};
extern const struct command commands[];
extern const size_t n_commands;

/* options.c: false after diagnostics. */
bool options_parse(struct cli *c, int argc, char **argv);
struct option_info {
  const char *name, *arg, *help; /* arg: NULL for a flag */
};
void options_of(const struct command *cmd, void (*each)(void *user, const struct option_info *o), void *user);
void help_all(FILE *out);
void help_group(const char *name, FILE *out);
void help_command(const struct command *cmd, FILE *out);

/* output.c */
void cli_print(struct cli *c, struct str text); /* to standard output */
void cli_say(struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); /* to standard error */
/* Prints and empties the diagnostics; the exit code that goes with e. */
int cli_finish(struct cli *c, enum qn_err e);
int cli_exit_code(enum qn_err e);
/* An argument that names a file, or could not name an environment, is a saved plan. NULL is none. */
bool cli_is_plan_file(const char *arg);
enum qn_err cli_read_plan_file(struct cli *c, const char *path, struct str *text);
/* "yes" typed at a terminal; false too when wake_fd (-1: none) becomes readable. */
bool cli_confirm(struct cli *c, const char *question, int wake_fd);
/* Is it to be done? -auto-approve says so, or somebody at a terminal. QN_E_REFUSED, or QN_E_CANCELLED when
 * *interrupts (may be NULL) counts a signal; both after QN0813. help: what to do where nobody can answer. */
enum qn_err cli_approve(struct cli *c, const char *question, const char *help, int wake_fd,
                        const volatile sig_atomic_t *interrupts);
struct render_options cli_render(const struct cli *c);
void cli_print_value(struct cli *c, const struct value *v, bool json);

/* world.c: everything a command works with. Zero-initialise; world_close frees. */
struct world {
  struct cli *c;
  struct schema *schema;
  struct wire *wire;
  struct providers *providers;
  struct compiled compiled;
  struct graph *graph;
  struct environment env;
  struct store *store;
  struct state *state;
  struct cloud *cloud;
  struct rd_ctx *rd;
  const struct ynode *parsed; /* the spec, if it was read already; or NULL */
  struct sandbox *sandbox;    /* simulated cloud, or NULL */
  bool said, quiet;           /* that this is the sandbox; it need not be said */
  bool for_programs;          /* standard output is read by a program */
  bool damage_ok;             /* a damaged state may be looked at */
};
enum qn_err world_tables(struct world *w); /* schema, wire, providers */
/* Compiles the spec for the environment named (NULL: the option or the only one). online: lookups may read
 * the cloud. */
enum qn_err world_spec(struct world *w, const char *environment, bool online);
/* Only the names of stack and environment, which is all that the state needs: the spec may be wrong
 * otherwise. */
enum qn_err world_names(struct world *w, const char *environment);
enum qn_err world_state(struct world *w, enum state_mode mode); /* needs env */
/* Is the environment in the sandbox (-sandbox, or `sandbox: true` in the spec)? */
bool world_sandboxed(const struct world *w);
enum qn_err world_sandbox(struct world *w); /* opens it; needs env */
enum qn_err world_cloud(struct world *w);   /* client and identity; fills env.account */
/* The account that the credentials belong to must be the declared one. */
enum qn_err world_check_account(struct world *w);
const char *world_state_root(const struct world *w);
void world_close(struct world *w);
const char *cli_arg(const struct cli *c, size_t i); /* NULL if absent */
enum qn_err world_plan(struct world *w, bool destroy, struct plan *out);

enum qn_err cli_print_plan(struct cli *c, const struct plan *p, bool drift); /* in the format asked for */
bool cli_bad_compat(struct cli *c);                                          /* true after a diagnostic */
const struct value *cli_resource_value(struct cli *c,
                                       const struct sres *r); /* a recorded resource as JSON shows it */

int cmd_version(struct cli *c);
int cmd_init(struct cli *c);
int cmd_validate(struct cli *c);
int cmd_plan(struct cli *c);
int cmd_apply(struct cli *c);
int cmd_destroy(struct cli *c);
int cmd_drift(struct cli *c);
int cmd_show(struct cli *c);
int cmd_output(struct cli *c);
int cmd_state_list(struct cli *c);
int cmd_state_show(struct cli *c);
int cmd_state_mv(struct cli *c);
int cmd_state_rm(struct cli *c);
int cmd_state_check(struct cli *c);
int cmd_state_repair(struct cli *c);
int cmd_sandbox_list(struct cli *c);
int cmd_sandbox_set(struct cli *c);
int cmd_sandbox_delete(struct cli *c);
int cmd_import(struct cli *c);
int cmd_graph(struct cli *c);
int cmd_completion(struct cli *c);

#endif
