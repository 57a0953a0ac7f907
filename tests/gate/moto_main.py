"""The emulator's process: moto_server without request log and with fewer managed policies.

moto parses all 1,485 AWS-managed policies anew for five backends at every
reset, which takes half a second. Those of the services that tests use are
enough; KEEP says which. Run by moto_process.py, not imported.
"""
import json
import logging
import re
import sys

KEEP = re.compile(r"ECS|ReadOnlyAccess$|^AdministratorAccess$|^PowerUserAccess$|^SecurityAudit$|^AmazonSSM|^CloudWatch|"
                  r"^AWSLambda|^AmazonS3|^AmazonEC2(Full|Container|Role)|^AmazonRDS|^AutoScaling|^AWSBackup")


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    import moto.iam.models as iam
    policies = json.loads(iam.aws_managed_policies_data)
    iam.aws_managed_policies_data = json.dumps({
        name: policy for name, policy in policies.items()
        if KEEP.search(name) and not (name.endswith("ReadOnlyAccess") and not name.startswith(("ReadOnly", "Amazon")))})
    from moto.server import main as serve
    sys.argv[0] = "moto_server"
    serve()


if __name__ == "__main__":
    main()
