"""Lost answers: what was carried out is not sent again, what was not is sent once more, and nothing else changes."""
from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter

import pytest

from tests.harness import definitions
from tests.harness.snapshot import diff, duplicates, snapshot_account

from .web import ROOT

SPEC = """\
quoin: 1
stack: lost
environments:
  development: { region: us-east-1 }
resources:
  vpc:
    type: AWS::EC2::VPC
    properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true }
  table:
    type: AWS::EC2::RouteTable
    properties: { VpcId: "${vpc.VpcId}", Tags: [{ Key: Name, Value: one }] }
  group:
    type: AWS::EC2::SecurityGroup
    properties:
      GroupDescription: lost
      VpcId: ${vpc.VpcId}
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0 }]
  logs:
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: /lost, RetentionInDays: 30 }
  role:
    type: AWS::IAM::Role
    properties:
      RoleName: lost
      Description: one
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { Service: ecs-tasks.amazonaws.com }, Action: sts:AssumeRole }]
  assets:
    type: AWS::S3::Bucket
    on_destroy: delete
    properties: { BucketName: lost-assets, VersioningConfiguration: { Status: Enabled } }
  zone:
    type: AWS::Route53::HostedZone
    properties: { Name: example.com }
  www:
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: www.example.com, Type: A, TTL: "60", ResourceRecords: [10.0.0.1] }
"""
EDITS = [
    ("EnableDnsHostnames: true", "EnableDnsHostnames: false"),
    ("Value: one", "Value: two"),
    ("FromPort: 80, ToPort: 80", "FromPort: 81, ToPort: 81"),
    ("RetentionInDays: 30", "RetentionInDays: 60"),
    ("Description: one", "Description: two"),
    ("Status: Enabled", "Status: Suspended"),
    ("Name: example.com }", "Name: example.com, HostedZoneConfig: { Comment: x } }"),
    ('TTL: "60"', 'TTL: "300"'),
]
EDITED = SPEC
for _old, _new in EDITS:
    assert _old in EDITED, _old
    EDITED = EDITED.replace(_old, _new, 1)

APPLY = ("apply", "development", "-auto-approve")
DESTROY = ("destroy", "development", "-auto-approve")
PHASES = {"create": (None, SPEC, APPLY), "update": (SPEC, EDITED, APPLY), "destroy": (SPEC, SPEC, DESTROY)}
# Kind of loss: was the call carried out?
LOSSES = {"reset_after": True, "truncate": True, "reset_before": False, "internal": False, "unavailable": False, "html": False}


@pytest.fixture
def quick(quoin, tmp_path):
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 100))
    return quoin


def prepared(cloud, quick, phase: str) -> tuple:
    """The phase's command, with everything before it done."""
    before, spec, command = PHASES[phase]
    cloud.reset()
    shutil.rmtree(quick.work / "state", ignore_errors=True)
    if before:
        quick.write("quoin.yaml", before)
        quick(*APPLY).expect(0)
    quick.write("quoin.yaml", spec)
    cloud.forget_calls()
    return command


def kinds(account: dict) -> Counter:
    return Counter(key.split("/")[0] for key in account)


def ends_well(cloud, quick, phase: str, empty: Counter | None = None) -> None:
    account = snapshot_account(cloud)
    assert not duplicates(account)
    if phase == "destroy":
        assert kinds(account) == empty
    else:
        quick("plan", "development", "-detailed-exitcode", "-strict-readback").expect(0)


@pytest.mark.parametrize("phase,loss", [(p, n) for p in PHASES for n in ("reset_after", "reset_before")] +
                         [("update", n) for n in ("truncate", "internal", "html")])
def test_every_call_lost_once(phase, loss, cloud, quick):
    empty = kinds(snapshot_account(cloud))
    quick(*prepared(cloud, quick, phase)).expect(0)
    usual = Counter(cloud.mutations())
    assert len(usual) >= 7
    for operation in usual:
        command = prepared(cloud, quick, phase)
        cloud.gate.faults.add_rule(op=operation, nth=1, action=loss)
        quick(*command).expect(0)
        cloud.gate.faults.clear()
        again = Counter() if LOSSES[loss] else Counter([operation])
        assert Counter(cloud.mutations()) == usual + again, operation
        ends_well(cloud, quick, phase, empty)


def test_unavailable_is_no_throttling(cloud, quick):
    """503 without a throttling code may have been carried out: each send has an intent of its own."""
    command = prepared(cloud, quick, "update")
    cloud.gate.faults.add_rule(op="logs:PutRetentionPolicy", nth=1, action="unavailable")
    quick(*command).expect(0)
    assert Counter(cloud.mutations())["logs:PutRetentionPolicy"] == 2
    assert intents(quick, "logs.PutRetentionPolicy") == 3          # one of the first apply


def test_throttling_is_repeated_within_one_intent(cloud, quick):
    command = prepared(cloud, quick, "update")
    cloud.gate.faults.add_rule(op="logs:PutRetentionPolicy", times=2, action="throttle")
    quick(*command).expect(0)
    assert Counter(cloud.mutations())["logs:PutRetentionPolicy"] == 3
    assert intents(quick, "logs.PutRetentionPolicy") == 2


def intents(quick, operation: str) -> int:
    text = "".join(p.read_text().rstrip("\0") for p in (quick.work / "state/lost/development").glob("j-*"))
    return len(re.findall(rf'"kind":"intent".*"operation":"{re.escape(operation)}"', text))


def test_a_call_that_is_always_lost_fails_its_resource_only(cloud, quick):
    command = prepared(cloud, quick, "update")
    cloud.gate.faults.add_rule(op="logs:PutRetentionPolicy", action="reset_before")
    failed = quick(*command, timeout_s=120).expect(1)
    assert Counter(cloud.mutations())["logs:PutRetentionPolicy"] == 6
    assert "what became of the last call is not known" in failed.err, failed.err
    cloud.gate.faults.clear()
    cloud.forget_calls()
    quick(*command).expect(0)
    assert cloud.mutations() == ["logs:PutRetentionPolicy"]
    ends_well(cloud, quick, "update")


# ---- tokens across runs ------------------------------------------------------------------------------


def tokens(cloud) -> list[str]:
    with cloud.gate.stats.lock:
        return [e.params["ClientToken"] for e in cloud.gate.stats.log if e.operation == "CreateRouteTable"]


def killed_at_route_table(cloud, quick, when: str) -> None:
    """SIGKILL before or after the request that creates the route table reaches the service."""
    only = SPEC[:SPEC.index("  group:")]
    command = prepared(cloud, quick, "create")
    quick.write("quoin.yaml", only.replace(", EnableDnsHostnames: true", ""))
    assert quick.crash_at(2, when, *command, mutating_only=True).code == -9
    assert cloud.mutations() == ["ec2:CreateVpc", "ec2:CreateRouteTable"]


@pytest.mark.parametrize("when,sends", [("before", 2), ("after", 1)])
def test_the_next_run_sends_the_same_token(when, sends, cloud, quick):
    killed_at_route_table(cloud, quick, when)
    quick(*APPLY).expect(0)
    assert cloud.mutations() == ["ec2:CreateVpc"] + ["ec2:CreateRouteTable"] * sends
    assert len(tokens(cloud)) == sends and len(set(tokens(cloud))) == 1
    ends_well(cloud, quick, "create")


def test_another_request_gets_another_token(cloud, quick):
    killed_at_route_table(cloud, quick, "before")
    text = (quick.work / "quoin.yaml").read_text()
    quick.write("quoin.yaml", text.replace("Value: one", "Value: other"))
    quick(*APPLY).expect(0)
    assert len(tokens(cloud)) == 2 and len(set(tokens(cloud))) == 2
    ends_well(cloud, quick, "create")


def test_a_table_that_reads_do_not_show_is_not_made_twice(cloud, quick):
    """Made, and invisible for longer than both looks take: the token finds it."""
    command = prepared(cloud, quick, "create")
    cloud.gate.faults.configure(invisible_ms=1500)
    cloud.gate.faults.add_rule(op="ec2:CreateRouteTable", nth=1, action="reset_after")
    quick(*command, timeout_s=120).expect(0)
    cloud.gate.faults.clear()
    assert len(set(tokens(cloud))) == 1
    ends_well(cloud, quick, "create")


def test_a_lost_create_that_is_not_wanted_any_more_is_closed(cloud, quick):
    killed_at_route_table(cloud, quick, "before")
    text = (quick.work / "quoin.yaml").read_text()
    quick.write("quoin.yaml", text[:text.index("  table:")])
    for looks in (True, True, False):        # the first finishes the VPC, the second has nothing to do but this
        cloud.forget_calls()
        quick(*APPLY).expect(0)
        assert "ec2:CreateRouteTable" not in cloud.mutations()
        if not looks:
            assert cloud.calls().get("ec2:DescribeRouteTables", 0) == 0


def test_a_lost_create_is_no_hindrance_to_the_way_back(cloud, quick):
    command = prepared(cloud, quick, "create")
    quick.write("quoin.yaml", SPEC[:SPEC.index("  group:")].replace(", EnableDnsHostnames: true", ""))
    cloud.gate.faults.add_rule(op="ec2:CreateRouteTable", action="reset_before")
    failed = quick(*command, "-on-error=rollback", timeout_s=120).expect(13)
    assert "table: no answer came, looking it up" in failed.out
    assert cloud.mutations() == ["ec2:CreateVpc"] + ["ec2:CreateRouteTable"] * 6 + ["ec2:DeleteVpc"], failed.err
    assert len(set(tokens(cloud))) == 1
    cloud.gate.faults.clear()
    quick(*command).expect(0)
    assert len(set(tokens(cloud))) == 2      # it was closed on the way back
    ends_well(cloud, quick, "create")


# ---- definitions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settle,words", [
    ("", "no `settle`"),
    ("settle: { find: token, grace: 30s }", "is found by nothing"),
    ("settle: { find: tag, token_ttl: 24h, grace: 30s }", "no step of its create has a token"),
])
def test_the_build_refuses_a_create_that_nothing_finds(settle, words, tmp_path):
    source = (ROOT / "modules/providers/aws/ec2/internet_gateway.yaml").read_text()
    wrong = tmp_path / "internet_gateway.yaml"
    wrong.write_text(re.sub(r"(?m)^settle:.*$", settle, source))
    blobs = ROOT / "build/blob"
    run = subprocess.run([ROOT / "build/qn-embed", "defs", tmp_path / "out", blobs / "schema.bin", blobs / "wire.bin", wrong],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and words in run.stderr, run.stderr
    assert not (tmp_path / "out").exists()


# ---- an update that nobody wants any more --------------------------------------------------------

# a property, an aspect, a rule of a set, a member of a list's element, new and renamed tags
ADDED = [
    ("EnableDnsHostnames: true }", "EnableDnsHostnames: true, Tags: [{ Key: Owner, Value: web }] }"),
    ("Key: Name, Value: one", "Key: Label, Value: one"),
    ("ToPort: 80, CidrIp: 0.0.0.0/0 }]",
     "ToPort: 80, CidrIp: 0.0.0.0/0 }, { IpProtocol: tcp, FromPort: 90, ToPort: 90, CidrIp: 0.0.0.0/0, Description: x }]"),
    ("      RoleName: lost\n", "      RoleName: lost\n      MaxSessionDuration: 7200\n      Tags: [{ Key: Owner, Value: web }]\n"),
    ("BucketName: lost-assets,", "BucketName: lost-assets, Tags: [{ Key: Owner, Value: web }],"
     " LifecycleConfiguration: { Rules: [{ Id: old, Status: Enabled, ExpirationInDays: 9 }] },"),
    ("Name: example.com }", "Name: example.com, HostedZoneTags: [{ Key: Owner, Value: web }] }"),
]


def richer() -> str:
    text = SPEC
    for old, new in ADDED:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_an_interrupted_update_added_is_taken_away(when, cloud, quick):
    """Whatever call was the last one: back to the first spec, all is as it was."""
    quick.write("quoin.yaml", SPEC)
    quick(*APPLY).expect(0)
    was = snapshot_account(cloud)
    done = 0
    for number in range(1, 40):
        quick.write("quoin.yaml", richer())
        killed = quick.crash_at(number, when, *APPLY, mutating_only=True)
        quick.write("quoin.yaml", SPEC)
        planned = quick("plan", "development").expect(0).out
        applied = quick(*APPLY).expect(0).out
        assert "drift" not in planned and "drift" not in applied, (number, planned, applied)
        quick("plan", "development", "-detailed-exitcode", "-strict-readback").expect(0)
        assert not diff(was, snapshot_account(cloud)), (number, planned, applied)
        if killed.code == 0:
            break
        done += 1
    assert killed.code == 0 and done >= 7, done
