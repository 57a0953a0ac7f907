"""The harness: an account snapshot notices everything, counters and hooks work."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.harness import by_quoin_id, diff, duplicates, snapshot_account


def test_snapshot_equal_then_different(cloud):
    before = snapshot_account(cloud)
    assert diff(before, snapshot_account(cloud)) == []
    ec2 = cloud.client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "quoin:id", "Value": "u1"}]}]
    one = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    cloud.direct("s3").create_bucket(Bucket="some-bucket")
    after = snapshot_account(cloud)
    lines = diff(before, after)
    assert f"new: AWS::EC2::VPC/us-east-1/{one}" in lines
    assert "new: AWS::S3::Bucket/some-bucket" in lines
    assert by_quoin_id(after) == {"u1": [f"AWS::EC2::VPC/us-east-1/{one}"]}
    assert duplicates(after) == {}
    cloud.direct("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    assert list(duplicates(snapshot_account(cloud))) == ["u1"]


def test_observer_is_not_counted(cloud):
    cloud.observer("ec2").describe_vpcs()
    assert cloud.calls() == {}
    cloud.client("ec2").describe_vpcs()
    cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert cloud.calls() == {"ec2:DescribeVpcs": 1, "ec2:CreateVpc": 1}
    assert cloud.mutations() == ["ec2:CreateVpc"]


ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import boto3
ec2 = boto3.client("ec2")
for i in range(3):
    ec2.create_vpc(CidrBlock=f"10.{i}.0.0/16")
"""


@pytest.mark.parametrize("when, left", [("before", 1), ("after", 2)])
def test_kill_at_the_second_request(cloud, tmp_path, when, left):
    have = len(cloud.direct("ec2").describe_vpcs()["Vpcs"])
    cloud.gate.crash.arm(2, when)
    child = subprocess.Popen([sys.executable, "-c", CHILD], env=cloud.env(str(tmp_path)), stderr=subprocess.DEVNULL)
    cloud.gate.crash.register(child.pid)
    assert child.wait(30) == -9
    assert cloud.gate.quiesce()
    assert len(cloud.direct("ec2").describe_vpcs()["Vpcs"]) - have == left
    assert cloud.gate.crash.fired_on == "ec2:CreateVpc"


def test_scripted_rules(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.add_rule(op="ec2:CreateVpc", nth=2, action="error", code="VpcLimitExceeded", message="no more")
    gate.faults.add_rule(op="DescribeVpcs", action="reset_after", times=1)
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
    with pytest.raises(ConnectionClosedError):
        ec2.describe_vpcs()
    ec2.describe_vpcs()
    assert gate.faults.injected == {"error": 1, "reset_after": 1}


VIOLATING = """
def test_wrong(cloud):
    try:
        cloud.client("ec2").describe_vpcs(MaxResults=1)
    except Exception:
        pass
"""


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "1"]])
def test_a_violation_fails_the_session(tmp_path, workers):
    (tmp_path / "test_violating.py").write_text(VIOLATING)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "tests.harness.plugin", "-p", "no:cacheprovider",
                           "--rootdir", str(tmp_path), *workers, str(tmp_path)],
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60)
    assert "1 passed" in done.stdout and done.returncode == 1, done.stdout + done.stderr
    assert "gate: 1 requests, 1 violations" in done.stdout
    assert "range at MaxResults" in done.stdout
