"""The cloud client's calls through the gate: signed, sent, retried, never doubled."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.gate.sigv4 import Credential

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("CALL_DRIVER", ROOT / "build" / "call_driver"))


class Driver:
    """call_driver as a conversation; see call_driver.c."""

    def __init__(self, cloud, tmp_path, profile=None, **env):
        assert DRIVER.exists(), f"{DRIVER} is not built: make client"
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        full = {**cloud.env(str(home)), **env}
        self.process = subprocess.Popen(
            [DRIVER, "us-east-1", *([profile] if profile else [])], text=True, env={k: v for k, v in full.items() if v is not None},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def call(self, *lines):
        """Sends calls, waits for all, returns the replies in the order of the lines."""
        self.process.stdin.write("".join(f"{line}\n" for line in lines) + "-\n")
        self.process.stdin.flush()
        replies = [json.loads(self.process.stdout.readline()) for _ in lines]
        return sorted(replies, key=lambda r: r["n"])

    def one(self, line):
        return self.call(line)[0]

    def end(self):
        """Statistics and diagnostics."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return json.loads(out.splitlines()[-1]), err


@pytest.fixture
def driver(cloud, tmp_path):
    d = Driver(cloud, tmp_path)
    yield d
    d.process.kill()
    d.process.wait()


CREATE_VPC = 'ec2 CreateVpc change {"CidrBlock": "10.9.0.0/16"}'
READ_VPCS = 'ec2 DescribeVpcs read {"Filters": [{"Name": "cidr", "Values": ["10.9.0.0/16"]}]}'


def vpcs(cloud):
    found = cloud.observer("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.9.0.0/16"]}])
    return found["Vpcs"]


def test_every_protocol(cloud, driver):
    assert driver.one("identity")["account"] == "123456789012"
    trust = json.dumps(json.dumps({"Version": "2012-10-17", "Statement": []}))
    replies = driver.call(
        CREATE_VPC,
        's3 CreateBucket change {"Bucket": "quoin-a.b"}',
        's3 CreateBucket change {"Bucket": "quoin-ab"}',
        'ecs CreateCluster change {"clusterName": "c1"}',
        f'iam CreateRole change {{"RoleName": "r1", "AssumeRolePolicyDocument": {trust}}}',
        'route53 CreateHostedZone change {"Name": "example.com", "CallerReference": "x1"}',
        'logs CreateLogGroup change {"logGroupName": "/a/b-c"}',
    )
    assert [r["err"] for r in replies] == ["ok"] * 7, replies
    zone = replies[5]["output"]["HostedZone"]["Id"].removeprefix("/hostedzone/")
    replies = driver.call(
        READ_VPCS, 's3 GetBucketVersioning read {"Bucket": "quoin-a.b"}', "s3 ListBuckets read {}",
        'ecs DescribeClusters read {"clusters": ["c1"]}', 'iam GetRole read {"RoleName": "r1"}',
        f'route53 GetHostedZone read {{"Id": "{zone}"}}', 'logs DescribeLogGroups read {"logGroupNamePrefix": "/a"}',
        's3 HeadBucket read {"Bucket": "quoin-none"}', 'iam GetRole read {"RoleName": "r2"}',
    )
    assert [r["err"] for r in replies] == ["ok"] * 7 + ["remote"] * 2, replies
    assert replies[0]["output"]["Vpcs"][0]["CidrBlock"] == "10.9.0.0/16"
    assert sorted(b["Name"] for b in replies[2]["output"]["Buckets"]) == ["quoin-a.b", "quoin-ab"]
    assert (replies[7]["code"], replies[7]["class"]) == ("404", "client")
    assert (replies[8]["code"], replies[8]["class"]) == ("NoSuchEntity", "client")
    stats, err = driver.end()
    assert err == "" and stats["requests"] == stats["calls"] == 16


@pytest.mark.parametrize("action,made", [("reset_after", 1), ("reset_before", 0), ("truncate", 1), ("internal", 0), ("html", 0)])
def test_a_create_is_sent_once(cloud, driver, action, made):
    """On a connection that was used before, where libcurl would send again."""
    cloud.gate.faults.add_rule(op="ec2:CreateVpc", action=action, times=1)
    assert driver.one(READ_VPCS)["err"] == "ok"
    reply = driver.one(CREATE_VPC)
    assert reply["err"] == "remote" and reply["maybe"] and reply["attempts"] == 1
    assert reply["class"] == ("server" if action in ("internal", "html") else "ambiguous"), reply
    assert len(vpcs(cloud)) == made
    assert cloud.calls()["ec2:CreateVpc"] == 1


def test_throttled_create_is_sent_again(cloud, driver):
    cloud.gate.faults.add_rule(op="ec2:CreateVpc", action="throttle", times=2)
    reply = driver.one(CREATE_VPC)
    assert (reply["err"], reply["attempts"], reply["maybe"]) == ("ok", 3, False)
    assert len(vpcs(cloud)) == 1


def test_reads_survive_a_bad_day(cloud, driver):
    cloud.gate.faults.configure(seed=7, throttle=.2, internal=.1, reset_before=.05, reset_after=.05, truncate=.05, close=.1)
    replies = driver.call(*[READ_VPCS, "s3 ListBuckets read {}", "ecs ListClusters read {}"] * 20)
    assert {r["err"] for r in replies} == {"ok"}, [r for r in replies if r["err"] != "ok"]
    stats, err = driver.end()
    assert err == "" and stats["calls"] == 60 and stats["requests"] > 70 and stats["throttled"] > 5


def test_wrong_clock(cloud, driver):
    cloud.gate.clock_offset_s = 3600
    try:
        replies = driver.call(READ_VPCS, "s3 ListBuckets read {}")
        assert [(r["err"], r["attempts"] <= 2) for r in replies] == [("ok", True)] * 2, replies
        assert driver.one("ecs ListClusters read {}")["attempts"] == 1
    finally:
        cloud.gate.clock_offset_s = 0
        cloud.gate.stats.take_violations()


def credentials_file(tmp_path, key, secret):
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "credentials").write_text(f"[work]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")


def test_credentials_that_expire_in_the_middle(cloud, tmp_path):
    gate = cloud.gate
    old = gate.credentials["AKIDOLD"] = Credential("AKIDOLD", "old-secret")
    new = gate.credentials["AKIDNEW"] = Credential("AKIDNEW", "new-secret")
    credentials_file(tmp_path, "AKIDOLD", "old-secret")
    d = Driver(cloud, tmp_path, "work")
    assert d.one(READ_VPCS)["err"] == "ok"
    old.expired = True
    credentials_file(tmp_path, "AKIDNEW", "new-secret")
    reply = d.one(CREATE_VPC)
    assert (reply["err"], reply["attempts"]) == ("ok", 2), reply
    assert len(vpcs(cloud)) == 1
    new.expired = True
    replies = d.call(CREATE_VPC, READ_VPCS, "ecs ListClusters read {}")
    assert {(r["class"], r["maybe"]) for r in replies} == {("credentials", False)}, replies
    _, err = d.end()
    assert err.count("QN0704") == 1 and "profile work" in err and "secret" not in err.replace("SECRET", "")
    assert len(vpcs(cloud)) == 1


def test_nobody_there(cloud, tmp_path):
    d = Driver(cloud, tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    reply = d.one("identity")
    assert reply["err"] == "remote"
    _, err = d.end()
    assert "QN0705" in err and "127.0.0.1:9" in err


def test_no_credentials(cloud, tmp_path):
    d = Driver(cloud, tmp_path, AWS_ACCESS_KEY_ID=None)
    assert {r["code"] for r in d.call(READ_VPCS, CREATE_VPC)} == {"NoCredentials"}
    _, err = d.end()
    assert err.count("error[QN0700]: no AWS credentials were found") == 1
    assert cloud.calls() == {}
