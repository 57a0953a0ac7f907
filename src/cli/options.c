/* Options by table: -name, --name, -name=value, -name value. */
#include <stddef.h>

#include "cli.h"

enum opt_kind {
  O_FLAG,
  O_NO_FLAG /* bool whose default is true: the field is its opposite */,
  O_TEXT,
  O_LIST
};
static const struct option {
  const char *name;
  enum opt_kind kind;
  size_t at;
  const char *arg, *help;
  bool common; /* every command takes it */
} options[] = {
#define AT(f) offsetof(struct options, f)
    {"help", O_FLAG, AT(help), NULL, "show this help", true},
    {"no-color", O_FLAG, AT(no_color), NULL, "print without colours (also NO_COLOR)", true},
    {"chdir", O_TEXT, AT(chdir), "DIR", "work in another folder", true},
    {"spec", O_TEXT, AT(spec), "PATH", "the spec: a file, or a folder with quoin.yaml (default: .)", false},
    {"env", O_TEXT, AT(env), "NAME", "the environment, where it is not an argument (also QUOIN_ENV)", false},
    {"var", O_LIST, AT(vars), "NAME=VALUE", "set an input; may be repeated", false},
    {"var-file", O_LIST, AT(var_files), "FILE", "set inputs from a YAML file; may be repeated", false},
    {"sandbox", O_FLAG, AT(sandbox), NULL, "work in a simulated cloud below the state folder", false},
    {"sandbox-faults", O_TEXT, AT(sandbox_faults), "FAULTS",
     "latency=F,throttle=F,crash=F,seed=N (also QUOIN_SANDBOX_FAULTS)", false},
    {"confirm", O_TEXT, AT(confirm), "NAME", "destroy this environment although it is protected", false},
    {"dr", O_FLAG, AT(dr), NULL, "the environment's disaster recovery twin", false},
    {"state", O_TEXT, AT(state), "DIR", "folder of the state store (default: state; also QUOIN_STATE)",
     false},
    {"profile", O_TEXT, AT(profile), "NAME", "AWS profile (also AWS_PROFILE)", false},
    {"refresh", O_NO_FLAG, AT(no_refresh), NULL,
     "read the live cloud (default); -refresh=false trusts the state", false},
    {"refresh-lookups", O_FLAG, AT(refresh_lookups), NULL, "look zones, images and the like up anew", false},
    {"target", O_LIST, AT(targets), "ADDRESS",
     "only this resource or component and what it needs; may be repeated", false},
    {"replace", O_LIST, AT(replace), "ADDRESS",
     "replace this resource although nothing changed; may be repeated", false},
    {"strict-readback", O_FLAG, AT(strict_readback), NULL,
     "a property that reads back otherwise than applied is an error", false},
    {"allow-mass-loss", O_FLAG, AT(allow_mass_loss), NULL, "go on although most recorded resources are gone",
     false},
    {"all", O_FLAG, AT(all), NULL, "show also what is set in the cloud and declared by nobody", false},
    {"out", O_TEXT, AT(out), "FILE", "write the plan to a file for `quoin apply FILE`; of drift, the report",
     false},
    {"format", O_TEXT, AT(format), "FORMAT",
     "text (default), json, markdown, comment, github, junit or sarif", false},
    {"json", O_FLAG, AT(json), NULL, "print JSON", false},
    {"detailed-exitcode", O_FLAG, AT(detailed_exitcode), NULL, "exit 2 when there are changes", false},
    {"compat", O_TEXT, AT(compat), "terraform", "print JSON in the format of another tool", false},
    {"auto-approve", O_FLAG, AT(auto_approve), NULL, "do not ask", false},
    {"on-error", O_TEXT, AT(on_error), "WHAT",
     "after a failure: continue (default) with what does not need it, stop, or (apply) rollback", false},
    {"parallelism", O_TEXT, AT(parallelism), "N", "most calls in flight (default 32)", false},
    {"destroy", O_FLAG, AT(destroy), NULL, "plan the end of everything", false},
    {"mermaid", O_FLAG, AT(mermaid), NULL, "Mermaid instead of DOT", false},
    {"raw", O_FLAG, AT(raw), NULL, "a string without quotes", false},
};
#define N_OPTIONS (sizeof options / sizeof *options)

static bool takes(const struct command *cmd, const struct option *o) {
  if (o->common) return true;
  for (size_t i = 0; cmd->options[i]; i++)
    if (strcmp(cmd->options[i], o->name) == 0) return true;
  return false;
}

static struct str nearest_option(const struct command *cmd, struct str name) {
  struct str names[N_OPTIONS];
  size_t n = 0;
  for (size_t i = 0; i < N_OPTIONS; i++)
    if (takes(cmd, &options[i])) names[n++] = str_c(options[i].name);
  return diag_nearest(name, names, n);
}

/* "state mv" */
static struct str command_name(struct cli *c, const struct command *cmd) {
  return cmd->sub ? str_fmt(&c->s.arena, "%s %s", cmd->name, cmd->sub) : str_c(cmd->name);
}

static bool unknown_option(struct cli *c, struct str name) {
  struct str command = command_name(c, c->command);
  struct diag *g =
      diag_add(&c->s.diags, QN0004, SPAN_NONE, "`quoin %.*s` has no option -%.*s", SV(command), SV(name));
  struct str near = nearest_option(c->command, name);
  if (near.n)
    diag_help(&c->s.diags, g, "did you mean -%.*s?", SV(near));
  else
    diag_help(&c->s.diags, g, "`quoin %.*s -help` lists them", SV(command));
  return false;
}

static bool wrong(struct cli *c, const struct option *o, const char *what) {
  struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "option -%s %s", o->name, what);
  if (o->arg)
    diag_help(&c->s.diags, g, "write -%s=%s: %s", o->name, o->arg, o->help);
  else
    diag_help(&c->s.diags, g, "write -%s or -%s=false", o->name, o->name);
  return false;
}

static void list_add(struct cli *c, struct text_list *l, const char *text) {
  VEC_PUSH(&c->s.arena, l, text);
}

/* value NULL: none was written with `=`. *used tells whether next was taken. */
static bool set_option(struct cli *c, const struct option *o, const char *value, const char *next,
                       bool *used) {
  char *field = (char *)&c->o + o->at;
  if (o->kind == O_FLAG || o->kind == O_NO_FLAG) {
    bool on = !value || strcmp(value, "true") == 0;
    if (value && !on && strcmp(value, "false") != 0) return wrong(c, o, "is true or false");
    *(bool *)field = o->kind == O_FLAG ? on : !on;
    return true;
  }
  if (!value) {
    if (!next) return wrong(c, o, "wants a value");
    value = next;
    *used = true;
  }
  if (o->kind == O_LIST)
    list_add(c, (struct text_list *)(void *)field, value);
  else
    memcpy(field, &value, sizeof value);
  return true;
}

static bool parse_option(struct cli *c, const char *arg, const char *next, bool *used) {
  struct str text = str_c(arg + (arg[1] == '-' ? 2 : 1)), name;
  struct str value = str_cut(text, '=', &name);
  for (size_t i = 0; i < N_OPTIONS; i++)
    if (str_eq(name, str_c(options[i].name)) && takes(c->command, &options[i]))
      return set_option(c, &options[i], value.p, next, used);
  if (str_eq(name, STR("h"))) {
    c->o.help = true;
    return true;
  }
  return unknown_option(c, name);
}

static const struct command *find_command(const char *name, const char *sub, bool *is_group) {
  const struct command *plain = NULL;
  *is_group = false;
  for (size_t i = 0; i < n_commands; i++) {
    if (strcmp(commands[i].name, name) != 0) continue;
    if (!commands[i].sub)
      plain = &commands[i];
    else
      *is_group = true;
    if (commands[i].sub && sub && strcmp(commands[i].sub, sub) == 0) return &commands[i];
  }
  return plain;
}

/* group: the first word of commands that have two, or NULL. */
static bool unknown_command(struct cli *c, const char *name, const char *group) {
  struct str names[64];
  size_t n = 0;
  struct buf list = BUF_INIT(4096);
  for (size_t i = 0; i < n_commands && n < 64; i++) {
    if (group && (!commands[i].sub || strcmp(commands[i].name, group) != 0)) continue;
    names[n] = str_c(group ? commands[i].sub : commands[i].name);
    buf_addf(&list, "%s%.*s", n ? ", " : "", SV(names[n]));
    n++;
  }
  struct diags *d = &c->s.diags;
  struct diag *g = !group    ? diag_add(d, QN0005, SPAN_NONE, "quoin has no command \"%s\"", name)
                   : name[0] ? diag_add(d, QN0005, SPAN_NONE, "`quoin %s` has no command \"%s\"", group, name)
                             : diag_add(d, QN0005, SPAN_NONE, "`quoin %s` wants a second word", group);
  struct str near = diag_nearest(str_c(name), names, n);
  if (near.n)
    diag_help(d, g, "did you mean `%.*s`?", SV(near));
  else if (group)
    diag_help(d, g, "there are: %.*s", SV(buf_str(&list)));
  else
    diag_help(d, g, "`quoin help` lists the commands");
  buf_release(&list);
  return false;
}

static bool right_count(struct cli *c) {
  const struct command *cmd = c->command;
  if (c->o.args.n >= cmd->min_args && c->o.args.n <= cmd->max_args) return true;
  struct str name = command_name(c, cmd);
  struct diag *g =
      diag_add(&c->s.diags, QN0006, SPAN_NONE, "`quoin %.*s` takes %s, not %zu argument%s", SV(name),
               *cmd->usage ? cmd->usage : "no arguments", c->o.args.n, c->o.args.n == 1 ? "" : "s");
  diag_help(&c->s.diags, g, "`quoin %.*s -help` explains", SV(name));
  return false;
}

static bool is_help(const char *arg) {
  return strcmp(arg, "-help") == 0 || strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* `quoin help state` and `quoin state -help`. */
static bool group_help(struct cli *c, const char *name, const char *next) {
  if (!c->o.help && !(next && is_help(next))) return false;
  c->o.help = true;
  c->group = name;
  return true;
}

static bool parse_rest(struct cli *c, int argc, char **argv, int i) {
  bool only_args = false;
  for (; i < argc; i++) {
    bool used = false;
    if (!only_args && strcmp(argv[i], "--") == 0)
      only_args = true;
    else if (only_args || argv[i][0] != '-' || !argv[i][1])
      list_add(c, &c->o.args, argv[i]);
    else if (!parse_option(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used))
      return false;
    if (used) i++;
  }
  return c->o.help || right_count(c);
}

/* Before the command is known: an option whose value is the next word. */
static bool value_follows(const char *arg) {
  struct str name = str_c(arg + (arg[1] == '-' ? 2 : 1));
  for (size_t i = 0; i < N_OPTIONS; i++)
    if (str_eq(name, str_c(options[i].name))) return options[i].arg != NULL;
  return false;
}

static bool no_command(struct cli *c) {
  struct diag *g = diag_add(&c->s.diags, QN0005, SPAN_NONE, "no command is named");
  diag_help(&c->s.diags, g, "write `quoin COMMAND [OPTIONS]`; `quoin help` lists the commands");
  return false;
}

bool options_parse(struct cli *c, int argc, char **argv) {
  bool group;
  int at = 1;
  while (at < argc && argv[at][0] == '-') at += value_follows(argv[at]) ? 2 : 1;
  if (at < argc && strcmp(argv[at], "help") == 0) {
    c->o.help = true;
    at++;
  }
  if (at >= argc) return no_command(c);
  const char *next = at + 1 < argc ? argv[at + 1] : NULL, *sub = next && next[0] != '-' ? next : NULL;
  c->command = find_command(argv[at], sub, &group);
  if (!c->command && group && !sub && group_help(c, argv[at], next)) return true;
  if (!c->command) return unknown_command(c, group ? (sub ? sub : "") : argv[at], group ? argv[at] : NULL);
  for (int i = 1; i < at && argv[i][0] == '-'; i++) {
    bool used = false;
    if (!parse_option(c, argv[i], argv[i + 1], &used)) return false;
    if (used) i++;
  }
  return parse_rest(c, argc, argv, at + (c->command->sub ? 2 : 1));
}

void options_of(const struct command *cmd, void (*each)(void *user, const struct option_info *o),
                void *user) {
  for (size_t i = 0; i < N_OPTIONS; i++) {
    struct option_info info = {options[i].name, options[i].arg, options[i].help};
    if (takes(cmd, &options[i])) each(user, &info);
  }
}

void help_all(FILE *out) {
  fputs("quoin compiles environment specs into cloud resources.\n\n"
        "Usage: quoin COMMAND [OPTIONS] [ARGUMENTS]\n\n",
        out);
  for (size_t i = 0; i < n_commands; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", commands[i].name, commands[i].sub ? " " : "",
             commands[i].sub ? commands[i].sub : "");
    fprintf(out, "  %-15s %s\n", name, commands[i].summary);
  }
  fputs("\n`quoin COMMAND -help` explains one command. Exit codes: 0 done, 1 error, 2 changes or drift,\n"
        "10 state in use, 11 stale plan, 12 refused by a check or protection, 13 rolled back.\n",
        out);
}

void help_group(const char *name, FILE *out) {
  fprintf(out, "Usage: quoin %s COMMAND [OPTIONS] [ARGUMENTS]\n\n", name);
  for (size_t i = 0; i < n_commands; i++)
    if (commands[i].sub && strcmp(commands[i].name, name) == 0)
      fprintf(out, "  %-6s %-26s %s\n", commands[i].sub, commands[i].usage, commands[i].summary);
  fprintf(out, "\n`quoin %s COMMAND -help` explains one command.\n", name);
}

void help_command(const struct command *cmd, FILE *out) {
  fprintf(out, "Usage: quoin %s%s%s [OPTIONS]%s%s\n\n%s\n\nOptions:\n", cmd->name, cmd->sub ? " " : "",
          cmd->sub ? cmd->sub : "", *cmd->usage ? " " : "", cmd->usage, cmd->about);
  for (size_t i = 0; i < N_OPTIONS; i++) {
    const struct option *o = &options[i];
    if (!takes(cmd, o)) continue;
    char left[64];
    snprintf(left, sizeof left, "-%s%s%s", o->name, o->arg ? "=" : "", o->arg ? o->arg : "");
    fprintf(out, "  %-24s %s\n", left, o->help);
  }
}
