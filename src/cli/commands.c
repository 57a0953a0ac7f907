/* The table of commands: help, parsing and docs/cli.md come from it. */
#include "cli.h"

#define OPTS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define SPEC_OPTS  "spec", "env", "var", "var-file", "dr"
#define NAME_OPTS  "spec", "env", "dr", "sandbox"
#define CLOUD_OPTS "profile", "refresh-lookups", "sandbox", "sandbox-faults"
#define PLAN_OPTS  "state", "refresh", "target", "replace", "strict-readback", "allow-mass-loss"

const struct command commands[] = {
    {"init", NULL, "[FOLDER]", "Write a first spec into a folder",
     "Writes quoin.yaml with one small stack, and .gitignore, where they are missing. Nothing is downloaded.",
     0, 1, OPTS(NULL), cmd_init},
    {"validate", NULL, "[ENVIRONMENT]", "Check the spec without a cloud",
     "Checks every environment, or the one named, against the language and the resource schemas.", 0, 1,
     OPTS(SPEC_OPTS, "sandbox", "json"), cmd_validate},
    {"plan", NULL, "[ENVIRONMENT]", "Show what apply would change",
     "Compares the spec with the recorded state and the live cloud. Changes nothing.", 0, 1,
     OPTS(SPEC_OPTS, CLOUD_OPTS, PLAN_OPTS, "out", "format", "json", "detailed-exitcode", "compat",
          "destroy"),
     cmd_plan},
    {"apply", NULL, "[ENVIRONMENT | PLAN_FILE]", "Make the cloud what the spec says",
     "Plans, asks, and applies. With a plan file, applies exactly that plan, once.", 0, 1,
     OPTS(SPEC_OPTS, CLOUD_OPTS, PLAN_OPTS, "auto-approve", "confirm", "json", "on-error", "parallelism"),
     cmd_apply},
    {"destroy", NULL, "[ENVIRONMENT]", "Destroy everything that is managed",
     "Deletes all recorded resources of an environment in the reverse order of their dependencies.", 0, 1,
     OPTS(SPEC_OPTS, CLOUD_OPTS, "state", "refresh", "target", "allow-mass-loss", "auto-approve", "confirm",
          "json", "on-error", "parallelism"),
     cmd_destroy},
    {"drift", NULL, "[ENVIRONMENT]", "Show what was changed outside quoin",
     "Reads the live cloud and compares it with what was applied. Cannot write. Exit code 2 if anything "
     "drifted.",
     0, 1, OPTS(SPEC_OPTS, CLOUD_OPTS, "state", "all", "out", "format", "json", "allow-mass-loss"),
     cmd_drift},
    {"show", NULL, "[PLAN_FILE | ENVIRONMENT]", "Show a saved plan, or the recorded state",
     "Without a file: the recorded resources with their properties.", 0, 1,
     OPTS(NAME_OPTS, "state", "json", "compat"), cmd_show},
    {"output", NULL, "[NAME] [ENVIRONMENT]", "Show the outputs of the last apply",
     "All outputs, or one; -raw prints a string without quotes.", 0, 2,
     OPTS(NAME_OPTS, "state", "json", "raw"), cmd_output},
    {"state", "list", "[ENVIRONMENT]", "List recorded resources", "One address per line.", 0, 1,
     OPTS(NAME_OPTS, "state", "json"), cmd_state_list},
    {"state", "show", "ADDRESS [ENVIRONMENT]", "Show one recorded resource",
     "Identity, attributes, applied and seen properties.", 1, 2, OPTS(NAME_OPTS, "state", "json"),
     cmd_state_show},
    {"state", "mv", "FROM TO [ENVIRONMENT]", "Rename a recorded resource",
     "Changes the address in the state; the cloud is not touched.", 2, 3, OPTS(NAME_OPTS, "state"),
     cmd_state_mv},
    {"state", "rm", "ADDRESS [ENVIRONMENT]", "Forget a recorded resource",
     "The object stays in the cloud; quoin no longer knows it.", 1, 2, OPTS(NAME_OPTS, "state"),
     cmd_state_rm},
    {"state", "check", "[ENVIRONMENT]", "Check that the recorded state is whole",
     "Verifies every record and the snapshot, without the cloud. Exit code 1 if something is damaged.", 0, 1,
     OPTS(NAME_OPTS, "state", "json"), cmd_state_check},
    {"state", "repair", "[ENVIRONMENT]", "Make a damaged state usable again",
     "Keeps every record that is whole, sets the damaged files aside, and finds out what became of calls "
     "whose outcome is lost. Shows what it will do, and asks.",
     0, 1, OPTS(SPEC_OPTS, CLOUD_OPTS, "state", "auto-approve"), cmd_state_repair},
    {"import", NULL, "ADDRESS ID [ENVIRONMENT]", "Take an existing object under management",
     "Reads the object, records it under an address of the spec, and marks it with quoin's tags at the next "
     "apply.",
     2, 3, OPTS(SPEC_OPTS, CLOUD_OPTS, "state"), cmd_import},
    {"graph", NULL, "[ENVIRONMENT]", "Print the resource graph", "DOT for Graphviz, or Mermaid.", 0, 1,
     OPTS(SPEC_OPTS, "sandbox", "mermaid"), cmd_graph},
    {"sandbox", "list", "[ENVIRONMENT]", "List what the sandbox holds",
     "Address, type and id of each object of the simulated cloud.", 0, 1, OPTS("spec", "env", "dr", "state"),
     cmd_sandbox_list},
    {"sandbox", "set", "ADDRESS PROPERTY=VALUE [ENVIRONMENT]", "Change an object behind quoin's back",
     "As somebody else would in a real cloud, to see what drift and apply make of it.\n"
     "VALUE is JSON or text; without one the property is removed.",
     2, 3, OPTS("spec", "env", "dr", "state"), cmd_sandbox_set},
    {"sandbox", "delete", "ADDRESS [ENVIRONMENT]", "Delete an object behind quoin's back",
     "As somebody else would in a real cloud.", 1, 2, OPTS("spec", "env", "dr", "state"), cmd_sandbox_delete},
    {"completion", NULL, "SHELL", "Print a completion script",
     "For bash, zsh or fish: `source <(quoin completion bash)` in the shell's start file.", 1, 1, OPTS(NULL),
     cmd_completion},
    {"version", NULL, "", "Print the version", "With -json also the sizes of what is embedded.", 0, 0,
     OPTS("json"), cmd_version},
};
const size_t n_commands = sizeof commands / sizeof *commands;
