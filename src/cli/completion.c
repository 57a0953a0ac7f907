/* quoin completion: scripts for shells, made from the tables of commands and options. */
#include "cli.h"

/* "plan apply state": first words, or with group the second words of it. */
static void add_words(struct buf *b, const char *group) {
  const char *last = "";
  for (size_t i = 0; i < n_commands; i++) {
    const char *word = group ? commands[i].sub : commands[i].name;
    bool ours = group ? word && strcmp(commands[i].name, group) == 0 : strcmp(word, last) != 0;
    if (!ours) continue;
    buf_addf(b, "%s%s", *last ? " " : "", word);
    last = word;
  }
}

/* Commands of two words. */
static const struct {
  const char *name, *summary;
} groups[] = {{"state", "Look at or change what is recorded"},
              {"sandbox", "Look at or change the simulated cloud"}};
enum { N_GROUPS = sizeof groups / sizeof *groups };

static const char *group_summary(const char *name) {
  for (size_t i = 0; i < N_GROUPS; i++)
    if (strcmp(groups[i].name, name) == 0) return groups[i].summary;
  return "";
}

struct place {
  struct buf *b;
  const struct command *command;
};

static void add_bash_option(void *user, const struct option_info *o) {
  const struct place *p = user;
  buf_addf(p->b, " -%s%s", o->name, o->arg ? "=" : "");
}

static void add_bash_case(struct buf *b, const struct command *cmd) {
  buf_addf(b, "    \"%s%s%s\") words=\"", cmd->name, cmd->sub ? " " : "", cmd->sub ? cmd->sub : "");
  struct place p = {b, cmd};
  options_of(cmd, add_bash_option, &p);
  buf_addz(b, "\" ;;\n");
}

static void add_bash(struct buf *b) {
  buf_addz(b, "_quoin() {\n"
              "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
              "  case $command in ");
  for (size_t i = 0; i < N_GROUPS; i++) buf_addf(b, "%s%s", i ? "|" : "", groups[i].name);
  buf_addz(b, ") command=\"$command ${COMP_WORDS[2]}\" ;; esac\n"
              "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\"help ");
  add_words(b, NULL);
  for (size_t i = 0; i < N_GROUPS; i++) {
    buf_addf(b, "\"\n  elif [ \"$COMP_CWORD\" -eq 2 ] && [ \"${COMP_WORDS[1]}\" = %s ]; then\n    words=\"",
             groups[i].name);
    add_words(b, groups[i].name);
  }
  buf_addz(b, "\"\n  else\n    case $command in\n");
  for (size_t i = 0; i < n_commands; i++) add_bash_case(b, &commands[i]);
  buf_addz(b, "    esac\n  fi\n"
              "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
              "  case ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac\n}\n");
}

/* In fish's single quotes. */
static void add_fish_quoted(struct buf *b, const char *text) {
  buf_addc(b, '\'');
  for (; *text; text++) {
    if (*text == '\'' || *text == '\\') buf_addc(b, '\\');
    buf_addc(b, *text);
  }
  buf_addz(b, "'\n");
}

static void add_fish_option(void *user, const struct option_info *o) {
  const struct place *p = user;
  const struct command *cmd = p->command;
  buf_addf(p->b, "complete -c quoin -n '__fish_seen_subcommand_from %s", cmd->name);
  if (cmd->sub) buf_addf(p->b, "; and __fish_seen_subcommand_from %s", cmd->sub);
  buf_addf(p->b, "' -o %s%s -d ", o->name, o->arg ? " -r" : "");
  add_fish_quoted(p->b, o->help);
}

static void add_fish(struct buf *b) {
  buf_addz(b, "complete -c quoin -f\n");
  for (size_t i = 0; i < n_commands; i++) {
    const struct command *cmd = &commands[i];
    bool first = i == 0 || strcmp(commands[i - 1].name, cmd->name) != 0;
    if (first) {
      buf_addf(b, "complete -c quoin -n __fish_use_subcommand -a %s -d ", cmd->name);
      add_fish_quoted(b, cmd->sub ? group_summary(cmd->name) : cmd->summary);
    }
    if (cmd->sub) {
      buf_addf(b, "complete -c quoin -n '__fish_seen_subcommand_from %s' -a %s -d ", cmd->name, cmd->sub);
      add_fish_quoted(b, cmd->summary);
    }
    struct place p = {b, cmd};
    options_of(cmd, add_fish_option, &p);
  }
}

int cmd_completion(struct cli *c) {
  const char *shell = cli_arg(c, 0);
  struct buf b = BUF_INIT((size_t)1 << 20);
  enum qn_err e = QN_OK;
  if (strcmp(shell, "bash") == 0) {
    add_bash(&b);
    buf_addz(&b, "complete -o default -F _quoin quoin\n");
  } else if (strcmp(shell, "zsh") == 0) {
    buf_addz(&b, "autoload -U +X bashcompinit && bashcompinit\n");
    add_bash(&b);
    buf_addz(&b, "complete -o default -F _quoin quoin\n");
  } else if (strcmp(shell, "fish") == 0) {
    add_fish(&b);
  } else {
    struct diag *g = diag_add(&c->s.diags, QN0006, SPAN_NONE, "there is no completion for %s", shell);
    diag_help(&c->s.diags, g, "shells: bash, zsh and fish");
    e = QN_E_INVALID;
  }
  if (!e && b.failed) e = QN_E_NOMEM;
  if (!e) cli_print(c, buf_str(&b));
  buf_release(&b);
  return cli_finish(c, e);
}
