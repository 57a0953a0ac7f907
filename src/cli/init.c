/* quoin init: a first spec. It validates as it stands and is small enough to read. */
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

static enum qn_err init(struct cli *c, const char *folder, const char *path) {
  struct str old;
  enum qn_err e = file_mkdirs(folder, 0755, &c->s.diags);
  if (e) return e;
  e = file_read(&c->s.arena, path, 1U << 20, NULL, &old);
  if (e == QN_E_NOTFOUND) return file_write_atomic(path, str_c(first_spec), 0644, &c->s.diags);
  struct diag *g = diag_add(&c->s.diags, QN0002, SPAN_NONE, "%s exists already", path);
  diag_help(&c->s.diags, g, "`quoin validate` checks it");
  return QN_E_EXISTS;
}

int cmd_init(struct cli *c) {
  const char *folder = cli_arg(c, 0) ? cli_arg(c, 0) : ".";
  struct str path = str_fmt(&c->s.arena, "%s/quoin.yaml", folder);
  enum qn_err e = init(c, folder, path.p);
  if (!e) printf("Wrote %s. Next: `quoin validate`, then `quoin plan`.\n", path.p);
  return cli_finish(c, e);
}
