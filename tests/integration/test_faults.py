"""A bad network: apply converges, nothing is doubled, the plan is empty."""
import json
import os
import signal
import time

import pytest

from tests.gate import sigv4
from tests.harness import definitions
from tests.harness.cloud import wait_until
from tests.harness.snapshot import diff, duplicates, snapshot_account

from . import web

OTHER = ("AKIDOTHER", "other/secret/EXAMPLEKEY")


@pytest.fixture
def quick(quoin, tmp_path):
    """quoin with definitions whose pauses are short."""
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 150))
    web.write(quoin)
    return quoin


def exhausted(result) -> bool:
    """Did the run end because a call kept failing, which it says?"""
    text = result.out + result.err
    return result.code == 1 and any(word in text for word in (
        "the service answered", "what became of the last call is not known", "HTTP status", "answer", "cannot read"))


def converge(quoin, *args, runs: int = 2) -> int:
    """Runs until it ends well; a run may end badly only because its retries were exhausted."""
    for run in range(1, runs + 1):
        result = quoin(*args, timeout_s=120)
        if result.code == 0:
            return run
        assert exhausted(result), result.expect(0)
    return result.expect(0).code


def all_is_well(cloud, quoin) -> None:
    cloud.gate.faults.clear()
    web.plan_is_empty(quoin)
    web.check_everything(cloud)
    account = snapshot_account(cloud)
    assert not duplicates(account)
    lone(account)


def lone(account) -> None:
    """One of each: what has no tag could be doubled without duplicates() seeing it."""
    count = {}
    for key in account:
        count[key.split("/")[0]] = count.get(key.split("/")[0], 0) + 1
    assert count == {
        "AWS::EC2::InternetGateway": 1, "AWS::EC2::RouteTable": 3, "AWS::EC2::SecurityGroup": 3, "AWS::EC2::Subnet": 3 + count_default(account),
        "AWS::EC2::VPC": 2, "AWS::ECS::Cluster": 1, "AWS::ECS::Service": 1, "AWS::ECS::TaskDefinition": 1, "AWS::IAM::Role": 1,
        "AWS::Logs::LogGroup": 1, "AWS::Route53::HostedZone": 1, "AWS::Route53::RecordSet": 4, "AWS::S3::Bucket": 1}, count


def count_default(account) -> int:
    return sum(1 for key, item in account.items() if key.startswith("AWS::EC2::Subnet/") and item["DefaultForAz"])


NETWORKS = {
    "throttled": dict(throttle=.2),
    "failing": dict(internal=.1),
    "cut before": dict(reset_before=.05),
    "cut after": dict(reset_after=.05),
    "all of it": dict(throttle=.2, internal=.1, reset_before=.05, reset_after=.05),
    "html": dict(html=.15),
    "truncated": dict(truncate=.1),
    "hanging": dict(hang=.08, hang_ms=300),
    "closing": dict(close=.5),
}


@pytest.mark.parametrize("name,seed", [(name, 1) for name in NETWORKS] + [("all of it", seed) for seed in (2, 3, 4)])
def test_network(name, seed, cloud, quick):
    empty = snapshot_account(cloud)
    cloud.gate.faults.configure(seed=seed, **NETWORKS[name])
    converge(quick, "apply", web.ENV, "-auto-approve")
    assert sum(cloud.gate.faults.injected.values()) > 0
    all_is_well(cloud, quick)
    cloud.gate.faults.configure(seed=seed + 100, **NETWORKS[name])
    converge(quick, "destroy", web.ENV, "-auto-approve")
    cloud.gate.faults.clear()
    assert not diff(empty, snapshot_account(cloud))


CONSISTENCY = {
    "pending": dict(pending_ms=700),
    "invisible": dict(invisible_ms=300),
    "stale": dict(stale_ms=400),
    "stale at times": dict(stale_ms=300, stale=.5),
    "iam": dict(iam_propagation_ms=1500),
    "everything": dict(pending_ms=500, invisible_ms=300, stale_ms=300, stale=.5, iam_propagation_ms=1000,
                       throttle=.1, internal=.05, reset_before=.02, reset_after=.02),
}


@pytest.mark.parametrize("name", CONSISTENCY)
def test_eventual_consistency(name, cloud, quoin, tmp_path):
    empty = snapshot_account(cloud)
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 800))
    web.write(quoin)
    cloud.gate.faults.configure(seed=7, **CONSISTENCY[name])
    runs = converge(quoin, "apply", web.ENV, "-auto-approve")
    assert runs == 1 or name == "everything"
    time.sleep(.5)                           # a read may tell what was true so long ago
    web.plan_is_empty(quoin)
    all_is_well(cloud, quoin)
    cloud.gate.faults.configure(seed=8, **CONSISTENCY[name])
    converge(quoin, "destroy", web.ENV, "-auto-approve")
    cloud.gate.faults.clear()
    assert not diff(empty, snapshot_account(cloud))


# ---- two at once, credentials, names -----------------------------------------------------------


def test_two_applies_at_once(cloud, quick):
    cloud.gate.faults.configure(latency_ms=60)
    first = quick.start("apply", web.ENV, "-auto-approve")
    wait_until(lambda: cloud.mutations(), what="a mutating call of the first apply")
    second = quick("apply", web.ENV, "-auto-approve").expect(10)
    assert "QN0603" in second.err, second.err
    quick("destroy", web.ENV, "-auto-approve").expect(10)
    quick("plan", web.ENV)                   # reads without the lock, and does no harm
    quick.finish(first).expect(0)
    all_is_well(cloud, quick)


def test_credentials_expire_in_the_middle(cloud, quick):
    cloud.gate.faults.add_rule(op="ec2:AssociateRouteTable", nth=1, action="expire_credentials")
    failed = quick("apply", web.ENV, "-auto-approve").expect(1)
    assert "ExpiredToken" in failed.err or "expired" in failed.err, failed.err
    cloud.gate.reset_credentials()
    web.apply(quick)
    all_is_well(cloud, quick)


def test_expired_credentials_are_fetched_again(cloud, quick, tmp_path):
    """A credential process gives others after those it gave first have expired."""
    script = tmp_path / "credentials.sh"
    cloud.gate.credentials[OTHER[0]] = sigv4.Credential(*OTHER)
    first, later = (json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret}) for key, secret in
                    ((quick.env["AWS_ACCESS_KEY_ID"], quick.env["AWS_SECRET_ACCESS_KEY"]), OTHER))
    script.write_text(f"#!/bin/sh\nif [ -e {tmp_path}/used ]; then echo '{later}'; else touch {tmp_path}/used; echo '{first}'; fi\n")
    script.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {script}\n")
    env = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_CONFIG_FILE": str(config)}
    cloud.gate.faults.add_rule(op="ec2:AssociateRouteTable", nth=1, action="expire_credentials")
    quick("apply", web.ENV, "-auto-approve", env=env).expect(0)
    cloud.gate.reset_credentials()
    all_is_well(cloud, quick)


def test_names_taken_by_others(cloud, quick):
    """Objects that are there before the first apply are never seized; the error offers import."""
    cloud.direct("iam").create_role(RoleName="web-development-task", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    cloud.observer("ecs").create_cluster(clusterName="web-development")
    cloud.stranger("s3").create_bucket(Bucket="web-development-assets")
    before = snapshot_account(cloud)
    failed = quick("apply", web.ENV, "-auto-approve").expect(1)
    for address, identity in (("role", "web-development-task"), ("cluster", "web-development")):
        assert f"quoin import '{address}' '{identity}'" in failed.err, failed.err
    assert "assets" in failed.err
    after = snapshot_account(cloud)
    assert [k for k in before if before[k] != after.get(k)] == [], "an object of somebody else was changed"
    quick("import", "role", "web-development-task", web.ENV).expect(0)
    quick("import", "cluster", "web-development", web.ENV).expect(0)
    web.edit(quick, ("BucketName: ${stack}-${env}-assets", "BucketName: ${stack}-${env}-things"))
    web.apply(quick)
    web.plan_is_empty(quick)


def test_failed_create_then_mended_spec(cloud, quick):
    """The refused create leaves nothing; what needs it waits; the mended spec goes on where it stopped."""
    cloud.gate.faults.add_rule(op="ecs:RegisterTaskDefinition", nth=1, action="error", code="ClientException",
                               message="No Fargate configuration exists for given values.", status=400)
    failed = quick("apply", web.ENV, "-auto-approve").expect(1)
    assert "No Fargate configuration exists for given values." in failed.err, failed.err
    assert "not started" in failed.out and not any("CreateService" in c for c in cloud.mutations())
    web.edit(quick, ('Memory: "512"', 'Memory: "1024"'))
    cloud.forget_calls()
    web.apply(quick)
    assert [c for c in cloud.mutations() if c.split(":")[0] != "ecs"] == []
    web.plan_is_empty(quick)
    assert not duplicates(snapshot_account(cloud))


def test_failed_deployment_then_mended_spec(cloud, quick):
    """What the first run waited for will never happen: the next one must not wait for it before it mends it."""
    web.apply(quick)
    cloud.gate.faults.configure(failing_images=["broken"])
    web.edit(quick, ("nginx:1.27", "broken:1"))
    quick("apply", web.ENV, "-auto-approve").expect(1)
    web.edit(quick, ("broken:1", "nginx:1.27"))
    web.apply(quick)
    web.plan_is_empty(quick)
    web.check_everything(cloud)


# ---- suspended -----------------------------------------------------------------------------------


def suspend(process, seconds: float) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGCONT)


def test_suspended_during_a_wait(cloud, quick):
    """The lid is closed while quoin waits for the service; it goes on afterwards."""
    cloud.gate.faults.configure(pending_ms=1500)
    process = quick.start("apply", web.ENV, "-auto-approve")
    wait_until(lambda: "ecs:CreateService" in cloud.mutations(), what="the service to be created")
    suspend(process, 3)
    quick.finish(process).expect(0)
    all_is_well(cloud, quick)


def test_suspended_with_calls_in_flight(cloud, quick):
    cloud.gate.faults.configure(latency_ms=100)
    process = quick.start("apply", web.ENV, "-auto-approve")
    for calls in (3, 9, 15, 21):
        wait_until(lambda: len(cloud.mutations()) >= calls, what=f"{calls} calls")
        suspend(process, 0.5)
    quick.finish(process).expect(0)
    all_is_well(cloud, quick)


def test_suspended_beyond_the_deadline_of_a_wait(cloud, quoin, tmp_path):
    """The time of a wait passes while the machine sleeps: what became of it is looked at before quoin gives up."""
    folder = definitions.quick(tmp_path / "definitions", 150)
    for path in folder.glob("*/*.yaml"):
        path.write_text(path.read_text().replace("within: 5m", "within: 2s").replace("within: 10m", "within: 2s")
                        .replace("within: 15m", "within: 2s").replace("within: 20m", "within: 2s"))
    quoin.env["QUOIN_PROVIDER_PATH"] = str(folder)
    web.write(quoin)
    cloud.gate.faults.configure(pending_ms=800)
    process = quoin.start("apply", web.ENV, "-auto-approve")
    wait_until(lambda: "ecs:CreateService" in cloud.mutations(), what="the service to be created")
    suspend(process, 3)
    result = quoin.finish(process)
    if result.code:                          # it may say that the time is up; the next one must find all done
        assert exhausted(result) or "within" in result.err, result.err
        web.apply(quoin)
    all_is_well(cloud, quoin)
