/* quoin init: a first spec, which validates as it stands and is small enough to read, and what git is not to
 * take. What is there already is left as it is: running it twice is no mistake. */
#include <sys/stat.h>

#include "cli.h"
#include "quoin/file.h"

static const char first_spec[] = "quoin: 1\n"
                                 "stack: hello\n"
                                 "\n"
                                 "inputs:\n"
                                 "  cidr: { type: cidr, default: 10.0.0.0/16 }\n"
                                 "\n"
                                 "environments:\n"
                                 "  development: { region: us-east-1 }\n"
                                 "\n"
                                 "resources:\n"
                                 "  vpc:\n"
                                 "    type: AWS::EC2::VPC\n"
                                 "    properties:\n"
                                 "      CidrBlock: ${cidr}\n"
                                 "      EnableDnsHostnames: true\n"
                                 "      Tags:\n"
                                 "        - { Key: Name, Value: hello }\n"
                                 "\n"
                                 "outputs:\n"
                                 "  vpc: ${vpc.VpcId}\n";

static const char ignored[] =
    "# What quoin knows of the environments, and saved plans: kept, but not in git.\n"
    "state/\n"
    "*.plan\n";

static const struct {
  const char *name, *text;
} files[] = {{"quoin.yaml", first_spec}, {".gitignore", ignored}};
#define N_FILES (sizeof files / sizeof *files)

static struct str path_of(struct cli *c, const char *folder, const char *name) {
  return folder ? str_fmt(&c->s.arena, "%s/%s", folder, name) : str_c(name);
}

static enum qn_err write_missing(struct cli *c, const char *folder, bool written[N_FILES]) {
  enum qn_err e = folder ? file_mkdirs(folder, 0755, &c->s.diags) : QN_OK;
  for (size_t i = 0; i < N_FILES && !e; i++) {
    struct str path = path_of(c, folder, files[i].name);
    struct stat st;
    if (lstat(path.p, &st) == 0) continue; /* even a link to nothing is somebody's */
    e = file_write_atomic(path.p, str_c(files[i].text), 0644, &c->s.diags);
    written[i] = !e;
  }
  return e;
}

int cmd_init(struct cli *c) {
  const char *folder = cli_arg(c, 0);
  bool written[N_FILES] = {false};
  enum qn_err e = write_missing(c, folder, written);
  for (size_t i = 0; i < N_FILES && !e; i++)
    printf("%s %s.\n", written[i] ? "Wrote" : "Left as it is:", path_of(c, folder, files[i].name).p);
  if (!e) printf("Next: `quoin validate`, then `quoin plan`.\n");
  return cli_finish(c, e);
}
