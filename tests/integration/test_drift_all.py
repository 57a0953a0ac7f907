"""`drift -all` against AWS's API: what others set beside the spec, and the calls it takes to see it."""
from __future__ import annotations

import json
import re

SPEC = """quoin: 1
stack: pay
environments:
  test: { region: us-east-1 }
resources:
  vpc:
    type: AWS::EC2::VPC
    properties: { CidrBlock: 10.0.0.0/16, Tags: [{ Key: Name, Value: main }] }
  bucket:
    type: AWS::S3::Bucket
    properties: { BucketName: quoin-drift-all }
  log:
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: /pay/test }
"""


def undeclared(quoin) -> dict:
    found = json.loads(quoin("drift", "test", "-all", "-json").expect(0).out)["undeclared"]
    return {(u["address"], u["path"]): u["live"] for u in found}


def test_what_others_set(cloud, quoin):
    quoin.write("quoin.yaml", SPEC)
    quoin("apply", "test", "-auto-approve").expect(0)
    before = undeclared(quoin)
    assert not any(path.startswith("Tags") for _, path in before), before    # quoin's own are known
    vpc = json.loads(quoin("state", "show", "vpc", "test", "-json").expect(0).out)["identity"]["VpcId"]
    cloud.observer("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    cloud.observer("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "owner", "Value": "ops"}])
    cloud.observer("s3").put_bucket_versioning(Bucket="quoin-drift-all", VersioningConfiguration={"Status": "Enabled"})
    cloud.observer("logs").put_retention_policy(logGroupName="/pay/test", retentionInDays=30)
    now = undeclared(quoin)
    assert {k: v for k, v in now.items() if before.get(k) != v} == {
        ("vpc", "EnableDnsHostnames"): True, ("vpc", 'Tags["owner"]'): "ops", ("log", "RetentionInDays"): 30,
        ("bucket", "VersioningConfiguration"): {"Status": "Enabled"}}
    assert "EnableDnsHostnames" not in quoin("drift", "test").expect(0).out
    quoin("plan", "test", "-detailed-exitcode").expect(0)


def test_calls_are_counted(cloud, quoin):
    """More is read than without -all, and the last line says how much."""
    quoin.write("quoin.yaml", SPEC)
    quoin("apply", "test", "-auto-approve").expect(0)
    made = []
    for options in ([], ["-all"]):
        cloud.forget_calls()
        out = quoin("drift", "test", *options).expect(0).out
        told = re.search(r"Read the cloud with (\d+) calls\.", out)        # no other number was computed
        calls = sum(cloud.calls().values()) - cloud.calls().get("sts:GetCallerIdentity", 0)
        assert told and int(told[1]) == calls, (out, cloud.calls())
        made.append(calls)
    assert made[1] > made[0] and cloud.mutations() == []
