"""Ctrl-C and SIGTERM: what is under way ends and is recorded, the lock is given back, the next run goes on."""
import json
import os
import signal
import time

import pytest

from tests.harness.cloud import wait_until
from tests.harness.snapshot import duplicates, snapshot_account
from tests.integration import web

from . import life


def open_intents(quoin) -> list[dict]:
    """Intents of the journal without an outcome, by the file alone."""
    folder = quoin.work / "state" / "web" / web.ENV
    open_now = {}
    for path in sorted(folder.glob("j-*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record["kind"] == "intent":
                open_now[record["n"]] = record
            elif record["kind"] in ("outcome", "settled"):
                open_now.pop(record["intent"], None)
            elif record["kind"] == "forget":
                open_now = {n: r for n, r in open_now.items()
                            if (r["address"], r["generation"]) != (record["address"], record["generation"])}
    return list(open_now.values())


def interrupted(cloud, quoin, calls: int, args=life.APPLY, signals=(signal.SIGINT,), pause_s: float = 0.0):
    """Starts quoin, and signals it when so many mutating calls have come."""
    process = quoin.start(*args)
    wait_until(lambda: process.poll() is not None or len(cloud.mutations()) >= calls, what=f"{calls} mutating calls")
    for number in signals:
        if process.poll() is None:
            process.send_signal(number)
            time.sleep(pause_s)
    result = quoin.finish(process, args)
    assert cloud.gate.quiesce()
    return result


AT_ONCE = (130, -signal.SIGINT)              # ended by the signal itself: a shell says 130


def goes_on(cloud, quoin, killed: bool = False) -> None:
    life.no_lock_held(quoin, killed)
    cloud.gate.faults.clear()
    quoin("state", "list", web.ENV).expect(0)
    web.apply(quoin)
    web.plan_is_empty(quoin)
    web.check_everything(cloud)
    assert not duplicates(snapshot_account(cloud))


@pytest.mark.parametrize("calls,number", [(1, signal.SIGINT), (9, signal.SIGTERM), (13, signal.SIGHUP), (17, signal.SIGINT), (26, signal.SIGINT)])
def test_once(calls, number, cloud, quoin):
    life.prepare(quoin)
    cloud.gate.faults.configure(latency_ms=120)
    result = interrupted(cloud, quoin, calls, signals=(number,)).expect(130)
    assert "the next apply goes on from there" in result.out, result.out
    assert open_intents(quoin) == [], "a call was not waited for"
    goes_on(cloud, quoin)


@pytest.mark.parametrize("calls", (1, 9, 20))
def test_twice(calls, cloud, quoin):
    """The second one does not wait for answers; what is open is settled by the next run."""
    life.prepare(quoin)
    cloud.gate.faults.configure(latency_ms=2500)
    cloud.gate.faults.settings.only = ["-"]
    process = quoin.start(*life.APPLY)
    wait_until(lambda: len(cloud.mutations()) >= 1, what="a mutating call")
    cloud.gate.faults.configure(latency_ms=120 if calls > 1 else 2500)
    wait_until(lambda: len(cloud.mutations()) >= calls, timeout_s=20, what=f"{calls} mutating calls")
    cloud.gate.faults.configure(latency_ms=2500)
    process.send_signal(signal.SIGINT)
    time.sleep(.1)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    quoin.finish(process, life.APPLY).expect(130)
    assert time.monotonic() - begin < 1.5, "it waited for calls in flight"
    assert cloud.gate.quiesce()
    goes_on(cloud, quoin)


def test_during_a_wait(cloud, quoin):
    life.prepare(quoin)
    cloud.gate.faults.configure(pending_ms=2000)
    process = quoin.start(*life.APPLY)
    wait_until(lambda: "ecs:CreateService" in cloud.mutations(), timeout_s=30, what="the service to be created")
    time.sleep(.3)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    quoin.finish(process, life.APPLY).expect(130)
    assert time.monotonic() - begin < 1.5
    assert open_intents(quoin) == []
    goes_on(cloud, quoin)


ZONE = """quoin: 1
stack: web
environments:
  development: { region: us-east-1 }
resources:
  zone: { type: AWS::Route53::HostedZone, properties: { Name: dev.test } }
"""
RECORD = ZONE + """  record:
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: a.dev.test, Type: TXT, TTL: "%d", ResourceRecords: ['"x"'] }
"""


@pytest.mark.parametrize("earlier", (False, True), ids=("created", "changed"))
def test_killed_while_a_dns_change_spreads(cloud, quoin, earlier):
    """The next run waits for the change of the killed one, until every name server has it."""
    quoin.write("quoin.yaml", RECORD % 60 if earlier else ZONE)
    web.apply(quoin)
    quoin.write("quoin.yaml", RECORD % 300)
    cloud.forget_calls()
    cloud.gate.faults.configure(pending_ms=6000)
    process = quoin.start(*life.APPLY)
    wait_until(lambda: "route53:GetChange" in cloud.calls(), timeout_s=30, what="the wait for the change")
    process.kill()
    quoin.finish(process, life.APPLY).expect(-9)
    cloud.forget_calls()
    begin = time.monotonic()
    web.apply(quoin)
    assert cloud.calls()["route53:GetChange"] >= 2 and time.monotonic() - begin > 1.5, cloud.calls()
    assert cloud.mutations() == []
    cloud.forget_calls()
    web.plan_is_empty(quoin)
    web.apply(quoin)
    assert "route53:GetChange" not in cloud.calls()
    assert "change" not in json.loads(quoin("state", "show", "record", web.ENV, "-json").expect(0).out).get("attributes", {})


def test_while_it_looks_for_an_interrupted_create(cloud, quoin):
    life.prepare(quoin)
    assert quoin.crash_at(6, "after", *life.APPLY, mutating_only=True).code == -9
    cloud.gate.faults.configure(latency_ms=200)
    process = quoin.start(*life.APPLY)
    time.sleep(.5)
    process.send_signal(signal.SIGINT)
    result = quoin.finish(process, life.APPLY)
    assert result.code in AT_ONCE, result
    goes_on(cloud, quoin, killed=True)


def test_before_anything_was_sent(cloud, quoin):
    life.prepare(quoin)
    web.apply(quoin)
    cloud.forget_calls()
    web.edit(quoin, ("nginx:1.27", "nginx:1.28"))
    cloud.gate.faults.configure(latency_ms=300)
    process = quoin.start(*life.APPLY)
    wait_until(lambda: len(cloud.calls()) >= 2, what="the live read")
    process.send_signal(signal.SIGINT)
    assert quoin.finish(process, life.APPLY).code in AT_ONCE
    assert cloud.mutations() == []
    life.no_lock_held(quoin, killed=True)


def test_destroy(cloud, quoin):
    life.prepare(quoin)
    web.apply(quoin)
    for calls in (2, 9):
        cloud.forget_calls()
        cloud.gate.faults.configure(latency_ms=100)
        interrupted(cloud, quoin, calls, life.DESTROY).expect(130)
        assert open_intents(quoin) == []
        life.no_lock_held(quoin)
    cloud.gate.faults.clear()
    quoin(*life.DESTROY).expect(0)
    assert quoin("state", "list", web.ENV).expect(0).out == ""
    assert not os.path.getsize(quoin.work / "state" / "web" / web.ENV / "lock")
