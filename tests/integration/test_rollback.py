"""apply -on-error: after a failure go on, stop, or take back what was done."""
from __future__ import annotations

import json
import signal

import pytest

from tests.harness import definitions
from tests.harness.cloud import wait_until
from tests.harness.snapshot import diff, duplicates, snapshot_account

from . import web

ROLLBACK = ("apply", web.ENV, "-auto-approve", "-on-error=rollback")
AUDIT = ("  zone:\n    type", "  audit:\n    type: AWS::Logs::LogGroup\n    properties:\n"
         "      LogGroupName: /${stack}/${env}/audit\n      RetentionInDays: 7\n\n  zone:\n    type")
# updates in place, a removed property, a new one, a new resource, and two replacements that create first
EDIT = [
    ("nginx:1.27", "nginx:1.28"),
    ("max: 20, default: 2", "max: 20, default: 3"),
    ("GroupDescription: Web traffic", "GroupDescription: All web traffic"),
    ("      RetentionInDays: 30\n", ""),
    ("NoncurrentDays: 30", "NoncurrentDays: 60"),
    ("logs:PutLogEvents]", "logs:PutLogEvents, logs:DescribeLogStreams]"),
    ('{ Key: Name, Value: "${stack}-${env}" }', "{ Key: Owner, Value: web }"),
    AUDIT,
]
DENIED = dict(action="error", code="UnauthorizedOperation", message="You are not authorized.", status=403)


@pytest.fixture
def quick(quoin, tmp_path):
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 150))
    web.write(quoin)
    return quoin


def recorded(quoin) -> dict:
    """What the state says, apart from what was seen."""
    shown = json.loads(quoin("show", "-json", web.ENV).expect(0).out)
    return {r["address"]: {k: r.get(k) for k in ("type", "identity", "applied", "deposed", "complete", "depends_on")}
            for r in shown["resources"]}


def changed(before: dict, after: dict) -> list:
    """Differences, but for the numbers of deployments."""
    strip = lambda account: {k: {n: v for n, v in item.items() if n != "deployments"} for k, item in account.items()}  # noqa: E731
    return diff(strip(before), strip(after))


def refuse(cloud, op: str, nth: int = 1, **kw) -> None:
    cloud.gate.faults.add_rule(op=op, nth=nth, **{**DENIED, **kw})


# ---- everything comes back -------------------------------------------------------------------


def test_from_nothing(cloud, quick):
    empty = snapshot_account(cloud)
    refuse(cloud, "ecs:CreateService", code="AccessDeniedException")
    result = quick(*ROLLBACK).expect(13)
    assert not diff(empty, snapshot_account(cloud))
    assert quick("state", "list", web.ENV).expect(0).out == ""
    failed, turned, undone = (result.out.index(t) for t in (
        "service: cannot create", "Rolling back", "rollback: vpc: destroyed"))
    assert failed < turned < undone, result.out
    assert "The environment is as it was before this apply." in result.out, result.out
    assert "AccessDeniedException" in result.err and "QN0860" not in result.err
    web.apply(quick)
    web.plan_is_empty(quick)
    web.check_everything(cloud)


@pytest.mark.parametrize("op", ["ecs:RegisterTaskDefinition", "ecs:UpdateService",
                                "logs:CreateLogGroup", "iam:PutRolePolicy"])
def test_a_change_of_everything(cloud, quick, op):
    web.apply(quick)
    before, known = snapshot_account(cloud), recorded(quick)
    web.edit(quick, *EDIT)
    cloud.forget_calls()
    refuse(cloud, op)
    result = quick(*ROLLBACK).expect(13)
    assert len(cloud.mutations()) > 1, "nothing was done that could be taken back"
    after = snapshot_account(cloud)
    assert not changed(before, after) and not duplicates(after)
    assert recorded(quick) == known
    assert result.out.index("cannot") < result.out.index("Rolling back") < result.out.index("Rollback complete")
    web.apply(quick)
    web.plan_is_empty(quick)


def test_dependents_point_back(cloud, quick):
    """The new object is used already when the delete of the old one fails."""
    web.apply(quick)
    before, known = snapshot_account(cloud), recorded(quick)
    web.edit(quick, ("GroupDescription: Web traffic", "GroupDescription: All web traffic"), AUDIT)
    refuse(cloud, "ec2:DeleteSecurityGroup")
    cloud.forget_calls()
    result = quick(*ROLLBACK).expect(13)
    calls = cloud.mutations()
    assert calls.count("ecs:UpdateService") == 2 and calls.count("ec2:DeleteSecurityGroup") == 2, calls
    assert calls.index("ec2:DeleteSecurityGroup") > calls.index("logs:CreateLogGroup"), "what cannot be undone came first"
    assert "web: cannot destroy: You are not authorized." in result.out, result.out
    assert not changed(before, snapshot_account(cloud))
    assert recorded(quick) == known
    web.apply(quick)
    web.plan_is_empty(quick)


def test_failed_wait(cloud, quick):
    """The object exists when its change fails: it goes with the rest."""
    empty = snapshot_account(cloud)
    cloud.gate.faults.configure(failing_images=["broken"])
    web.edit(quick, ("nginx:1.27", "broken:1"))
    quick(*ROLLBACK).expect(13)
    assert not diff(empty, snapshot_account(cloud))


def test_failed_deployment(cloud, quick):
    """The service is updated and does not become stable; it gets the old task definition back."""
    web.apply(quick)
    before, known = snapshot_account(cloud), recorded(quick)
    cloud.gate.faults.configure(failing_images=["broken"])
    web.edit(quick, ("nginx:1.27", "broken:1"))
    quick(*ROLLBACK).expect(13)
    after = snapshot_account(cloud)
    service = next(k for k in before if "ECS::Service" in k)
    assert before[service]["taskDefinition"] == after[service]["taskDefinition"]
    assert {k: v for k, v in before.items() if k != service} == {k: v for k, v in after.items() if k != service}
    assert recorded(quick) == known


def test_moved_is_taken_back(cloud, quick):
    web.apply(quick)
    known = recorded(quick)
    web.edit(quick, ("  logs:\n    type", "  journal:\n    type"), ("${logs.Arn}", "${journal.Arn}"),
             ("${logs.LogGroupName}", "${journal.LogGroupName}"), ("checks:", "moved:\n  - { from: logs, to: journal }\n\nchecks:"),
             ("      RetentionInDays: 30\n", ""), ("nginx:1.27", "nginx:1.28"))
    refuse(cloud, "ecs:RegisterTaskDefinition")
    quick(*ROLLBACK).expect(13)
    assert recorded(quick) == known
    web.apply(quick)
    web.plan_is_empty(quick)


def test_what_was_let_go_is_taken_up(cloud, quick):
    text = web.SPEC.replace("  logs:\n    type: AWS::Logs::LogGroup\n", "  logs:\n    type: AWS::Logs::LogGroup\n    on_destroy: retain\n")
    extra = "  spare:\n    type: AWS::Logs::LogGroup\n    on_destroy: retain\n    properties:\n      LogGroupName: /spare\n\n"
    web.write(quick, text.replace("checks:", extra + "checks:"))
    web.apply(quick)
    before, known = snapshot_account(cloud), recorded(quick)
    web.write(quick, text.replace("nginx:1.27", "nginx:1.28"))
    refuse(cloud, "ecs:RegisterTaskDefinition")
    assert "spare: forgotten" in quick(*ROLLBACK).expect(13).out
    assert not changed(before, snapshot_account(cloud))
    assert recorded(quick) == known


# ---- some of it does not ---------------------------------------------------------------------


def left(result) -> dict:
    (summary,) = [e for e in map(json.loads, result.out.splitlines()) if e.get("event") == "summary"]
    assert summary["rollback"] == "incomplete", summary
    return {e["address"]: e["why"] for e in summary["left"]}


def test_deleted_objects_are_named(cloud, quick):
    """A replacement that deletes first is not undone, nor is what would name its old object."""
    text = web.SPEC.replace("  logs:\n    type: AWS::Logs::LogGroup\n", "  logs:\n    type: AWS::Logs::LogGroup\n    replace: delete_first\n")
    web.write(quick, text)
    web.apply(quick)
    before = snapshot_account(cloud)
    web.edit(quick, ("LogGroupName: /${stack}/${env}", "LogGroupName: /${stack}/${env}/new"), AUDIT, ("NoncurrentDays: 30", "NoncurrentDays: 60"))
    refuse(cloud, "ecs:UpdateService")
    result = quick(*ROLLBACK, "-json").expect(1)
    assert left(result) == {
        "logs": "the old object was deleted to make room for the new one",
        "role": "Policies: it named the old logs, which is gone",
        "task": "the old object was deleted to make room for the new one"}
    assert not [c for c in changed(before, snapshot_account(cloud)) if "Bucket" in c or "audit" in c]
    assert "QN0860" in result.out
    web.apply(quick)
    web.plan_is_empty(quick)


def test_a_secret_is_named(cloud, quick):
    """The state does not hold its value, so nothing can bring it back; the rest of the resource goes back."""
    text = web.SPEC.replace("      RoleName: ${stack}-${env}-task\n", "      RoleName: ${stack}-${env}-task\n      Description: '${secret(\"env:WORD\")}'\n")
    quick.env.update(WORD="first words", OTHER="other words")
    web.write(quick, text)
    web.apply(quick)
    web.edit(quick, ("env:WORD", "env:OTHER"), ("logs:PutLogEvents]", "logs:PutLogEvents, logs:DescribeLogStreams]"), ("nginx:1.27", "nginx:1.28"))
    refuse(cloud, "ecs:UpdateService")
    result = quick(*ROLLBACK, "-json").expect(1)
    assert left(result) == {"role": "Description: a secret, of which the state holds no value"}
    role = cloud.observer("iam").get_role(RoleName="web-development-task")["Role"]
    assert role["Description"] == "other words"
    policy = cloud.observer("iam").get_role_policy(RoleName="web-development-task", PolicyName="logs")["PolicyDocument"]
    assert policy["Statement"][0]["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert "first words" not in result.out + result.err and "other words" not in result.out + result.err
    web.apply(quick)
    web.plan_is_empty(quick)


def test_a_bucket_that_is_not_empty_stays(cloud, quick):
    """What was put into it in the meantime is nobody's to throw away."""
    cloud.gate.faults.configure(latency_ms=100)
    refuse(cloud, "ecs:CreateService")
    process = quick.start(*ROLLBACK, "-json")
    s3 = cloud.direct("s3")
    wait_until(lambda: "web-development-assets" in [b["Name"] for b in s3.list_buckets()["Buckets"]], what="the bucket")
    s3.put_object(Bucket="web-development-assets", Key="a", Body=b"a")
    result = quick.finish(process, ROLLBACK).expect(1)
    assert left(result) == {"assets": "taking it back failed"}
    assert "BucketNotEmpty" in result.out
    assert quick("state", "list", web.ENV).expect(0).out.split() == ["assets"]
    cloud.gate.faults.clear()
    web.apply(quick)
    web.plan_is_empty(quick)


@pytest.mark.parametrize("rule,why", [("protect: true", "it is protected"), ("on_destroy: retain", "`on_destroy: retain` keeps it")])
def test_what_may_not_be_deleted_stays(cloud, quick, rule, why):
    web.edit(quick, ("  web:\n    type", f"  web:\n    {rule}\n    type"))
    refuse(cloud, "ecs:CreateService")
    result = quick(*ROLLBACK, "-json").expect(1)
    assert left(result) == {"web": why, "vpc": "web, which stays, needs it"}
    assert sorted(quick("state", "list", web.ENV).expect(0).out.split()) == ["vpc", "web"]
    web.apply(quick)
    web.plan_is_empty(quick)
    web.check_everything(cloud)


# ---- the other two, and what is refused --------------------------------------------------------


def test_stop_begins_nothing_more_and_continue_does(cloud, quick):
    web.apply(quick)
    web.edit(quick, *EDIT)
    for how, undone in (("stop", True), ("continue", False)):
        cloud.forget_calls()
        cloud.gate.faults.clear()
        refuse(cloud, "logs:CreateLogGroup")
        result = quick("apply", web.ENV, "-auto-approve", f"-on-error={how}", "-parallelism=1").expect(1)
        assert ("another change failed" in result.out) == undone, result.out
        assert ("ecs:UpdateService" in cloud.mutations()) != undone, result.out
        assert "Rolling back" not in result.out


def test_destroy_cannot_be_rolled_back(cloud, quick):
    web.apply(quick)
    cloud.forget_calls()
    assert "QN0006" in quick("destroy", web.ENV, "-auto-approve", "-on-error=rollback").expect(1).err
    assert "QN0006" in quick("apply", web.ENV, "-auto-approve", "-on-error=undo").expect(1).err
    assert cloud.mutations() == []


def test_interrupted_rollback(cloud, quick):
    refuse(cloud, "ecs:CreateService")
    cloud.gate.faults.configure(latency_ms=100)
    process = quick.start(*ROLLBACK)
    wait_until(lambda: any("Delete" in c for c in cloud.mutations()), what="the way back")
    process.send_signal(signal.SIGINT)
    result = quick.finish(process, ROLLBACK).expect(130)
    assert "Rollback not finished" in result.out and "the next apply goes on from there" in result.out, result.out
    cloud.gate.faults.clear()
    web.apply(quick)
    web.plan_is_empty(quick)
    web.check_everything(cloud)
    assert not duplicates(snapshot_account(cloud))
