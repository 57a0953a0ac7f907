"""What a case needs beyond files: bytes that no text file holds, recorded states, a world that does not answer."""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import json
import os
import re
import shutil
from pathlib import Path

_setups = {}


def setup(online: bool = False):
    """Registers a function of (run, cloud) by its name; what follows its yield runs after the command."""
    def register(function):
        function.online = online
        _setups[function.__name__] = function
        return function
    return register


def find(name: str | None):
    return _setups[name] if name else None


def names() -> list[str]:
    return list(_setups)


@contextlib.contextmanager
def prepared(function, run, cloud):
    steps = function(run, cloud) if function else None
    if inspect.isgenerator(steps):
        next(steps)
        yield
        next(steps, None)
    else:
        yield


def journal(run):
    return sorted((run.work / "state").rglob("j-*.jsonl"))[-1]


def applied(run) -> None:
    run("apply", "-auto-approve").expect(0)


# ---- files -------------------------------------------------------------------
@setup()
def invalid_utf8(run, cloud):
    run.write("quoin.yaml", b"quoin: 1\nstack: demo\nenvironments:\n  dev: { region: us-east-1 }\n"
                            b"locals:\n  caf\xc3\xa9: caf\xe9\n")


@setup()
def utf16(run, cloud):
    run.write("quoin.yaml", "quoin: 1\nstack: demo\n".encode("utf-16"))


@setup()
def nested_brackets(run, cloud):
    run.write("quoin.yaml", "quoin: 1\nstack: demo\nlocals:\n  deep: " + "[" * 100_000 + "]" * 100_000 + "\n")


@setup()
def nested_brackets_never_closed(run, cloud):
    run.write("quoin.yaml", "quoin: 1\nstack: demo\nlocals:\n  deep: " + "[" * 100_000 + "\n")


@setup()
def nested_parentheses(run, cloud):
    run.write("quoin.yaml", "quoin: 1\nstack: demo\nenvironments: { dev: { region: us-east-1 } }\nlocals:\n"
                            "  deep: ${" + "(" * 100_000 + "1" + ")" * 100_000 + "}\n")


@setup()
def control_character(run, cloud):
    run.write("quoin.yaml", b"quoin: 1\nstack: de\x00mo\n")


@setup()
def binary_file(run, cloud):
    run.write("quoin.yaml", b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x03\x00\x3e\x00" * 64)


@setup()
def too_large(run, cloud):
    with open(run.write("quoin.yaml", "quoin: 1\n"), "ab") as file:
        file.truncate(1 << 30)


@setup()
def long_line(run, cloud):
    run.write("quoin.yaml", "quoin: 1\nstack: demo\nenvironments: { dev: { region: us-east-1 } }\nlocals:\n"
                            "  long: ${concat([" + "1, " * 4000 + "], nobody, [" + "1, " * 4000 + "])}\n")


@setup()
def unreadable_file(run, cloud):
    run.write("quoin.yaml", "quoin: 1\n").chmod(0)


@setup()
def folder_in_place_of_spec(run, cloud):
    (run.work / "quoin.yaml").mkdir()


@setup()
def symlink_circle(run, cloud):
    (run.work / "quoin.yaml").symlink_to("quoin.yaml")


@setup()
def read_only_folder(run, cloud):
    run.work.chmod(0o555)
    yield
    run.work.chmod(0o755)


@setup()
def many_mistakes(run, cloud):
    resources = "".join(f"  vpc{i:03}:\n    type: AWS::EC2::VPC\n    properties: {{ CidrBlok: 10.0.0.0/16 }}\n" for i in range(200))
    run.write("quoin.yaml", "quoin: 1\nstack: demo\nenvironments: { dev: { region: us-east-1 } }\nresources:\n" + resources)


# ---- credentials ---------------------------------------------------------------
@setup()
def malformed_config(run, cloud):
    folder = run.work.parent / "home" / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[profile one\nregion = us-east-1\n")


@setup()
def two_profiles(run, cloud):
    folder = run.work.parent / "home" / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[profile staging]\nregion = us-east-1\n[profile production]\nregion = us-east-1\n")


@setup(online=True)
def account(run, cloud):
    """Only the cloud."""


@setup(online=True)
def expired_credentials(run, cloud):
    cloud.gate.faults.add_rule(op="*", action="expire_credentials", nth=1)


@setup(online=True)
def reads_refused(run, cloud):
    applied(run)
    cloud.gate.faults.add_rule(op="logs:DescribeLogGroups", action="error", code="AccessDeniedException", status=400, times=0,
                               message="User: arn:aws:iam::123456789012:user/reader is not authorized to perform: logs:DescribeLogGroups")


@setup(online=True)
def updates_refused(run, cloud):
    applied(run)
    spec = run.work / "quoin.yaml"
    spec.write_text(spec.read_text().replace("LogGroupName: /demo/one", "LogGroupName: /demo/one, RetentionInDays: 7"))
    cloud.gate.faults.add_rule(op="logs:PutRetentionPolicy", action="error", code="AccessDeniedException", status=400, times=0,
                               message="User: arn:aws:iam::123456789012:user/reader is not authorized to perform: logs:PutRetentionPolicy")


# ---- recorded states -------------------------------------------------------------
@setup(online=True)
def state_of_another_user(run, cloud):
    applied(run)
    lock = journal(run).parent / "lock"
    lock.chmod(0o400)
    yield
    lock.chmod(0o600)


@setup(online=True)
def recorded(run, cloud):
    applied(run)


@setup(online=True)
def stale_plan(run, cloud):
    run("plan", "-out", "saved.plan").expect(0)
    applied(run)


@setup(online=True)
def changed_plan(run, cloud):
    run("plan", "-out", "saved.plan").expect(0)
    path = run.work / "saved.plan"
    path.write_bytes(path.read_bytes().replace(b"/demo/one", b"/demo/two"))


@setup(online=True)
def cut_plan(run, cloud):
    run("plan", "-out", "saved.plan").expect(0)
    path = run.work / "saved.plan"
    path.write_bytes(path.read_bytes()[:-200])


@setup(online=True)
def plan_of_another_state(run, cloud):
    applied(run)
    shutil.move(run.work / "state", run.work / "other")
    run("plan", "-state", "other", "-out", "saved.plan", "-replace", "one").expect(0)
    cloud.observer("logs").delete_log_group(logGroupName="/demo/one")
    applied(run)


@setup(online=True)
def plan_of_another_account(run, cloud):
    run("plan", "-out", "saved.plan").expect(0)
    other_credentials(cloud)


@setup(online=True)
def plan_of_other_definitions(run, cloud):
    own = Path(__file__).resolve().parents[2] / "modules/providers/aws/logs/log_group.yaml"
    run.write("definitions/log_group.yaml", own.read_text() + "# another\n")
    run("plan", "-out", "saved.plan", env={"QUOIN_PROVIDER_PATH": "definitions"}).expect(0)


@setup(online=True)
def plan_of_another_version(run, cloud):
    run("plan", "-out", "saved.plan").expect(0)
    path = run.work / "saved.plan"
    text = re.sub(r'"version":"[^"]*"', '"version":"0.0.0"', path.read_text())
    without = re.sub(r'"id":"[0-9a-f]{32}",', "", text, count=1)  # what it is named by
    name = hashlib.sha256(without.encode()).hexdigest()[:32]
    path.write_text(re.sub(r'"id":"[0-9a-f]{32}"', f'"id":"{name}"', text, count=1))


@setup(online=True)
def locked(run, cloud):
    applied(run)
    with open(next((run.work / "state").rglob("lock")), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@setup(online=True)
def corrupt_state(run, cloud):
    applied(run)
    path = journal(run)
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"n":3', b'"n":4')
    path.write_bytes(b"\n".join(lines))


@setup(online=True)
def torn_state(run, cloud):
    applied(run)
    path = journal(run)
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data[:-20])


@setup(online=True)
def foreign_state(run, cloud):
    applied(run)
    path = journal(run)
    path.write_bytes(b"terraform\n" + path.read_bytes())


@setup()
def state_is_a_file(run, cloud):
    run.write("state", "not a folder\n")


@setup(online=True)
def unreadable_state(run, cloud):
    applied(run)
    path = journal(run)
    path.chmod(0)
    yield
    path.chmod(0o600)


def other_credentials(cloud) -> None:
    """From here on the keys belong to account 210987654321."""
    cloud.gate.faults.add_rule(op="sts:GetCallerIdentity", action="respond", times=0, status=200,
                               headers={"content-type": "text/xml"},
                               body='<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                                    "<Arn>arn:aws:iam::210987654321:user/other</Arn><UserId>AIDAOTHER</UserId><Account>210987654321</Account>"
                                    "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
                                    "</GetCallerIdentityResponse>")


@setup(online=True)
def state_of_another_account(run, cloud):
    applied(run)
    spec = run.work / "quoin.yaml"
    spec.write_text(spec.read_text().replace("123456789012", "210987654321"))
    other_credentials(cloud)


@setup(online=True)
def everything_gone(run, cloud):
    applied(run)
    logs = cloud.observer("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


@setup(online=True)
def name_taken(run, cloud):
    cloud.observer("logs").create_log_group(logGroupName="/demo/one")


@setup(online=True)
def region_changed(run, cloud):
    applied(run)
    spec = run.work / "quoin.yaml"
    spec.write_text(spec.read_text().replace("us-east-1", "eu-west-1"))


@setup(online=True)
def renamed_onto_recorded(run, cloud):
    applied(run)
    spec = run.work / "quoin.yaml"
    one = "  one:\n    type: AWS::Logs::LogGroup\n    properties: { LogGroupName: /demo/one }\n"
    assert one in spec.read_text()
    spec.write_text(spec.read_text().replace(one, "") + "moved:\n  - { from: one, to: two }\n")
