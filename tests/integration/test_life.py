"""The main job: apply, an empty plan, everything is there, destroy leaves the account as it was."""
import json

import pytest

from tests.harness.snapshot import diff, duplicates, snapshot_account

from . import web


@pytest.mark.asan
def test_life_of_the_example(cloud, quoin):
    web.write(quoin)
    before = snapshot_account(cloud)
    out = web.apply(quoin).out
    assert f"Plan: {web.RESOURCES} to add, 0 to change, 0 to destroy." in out
    assert f"Apply complete: {web.RESOURCES} added, 0 changed, 0 destroyed." in out
    web.plan_is_empty(quoin)
    web.check_everything(cloud)
    assert not duplicates(snapshot_account(cloud))
    assert quoin("output", "vpc", "-raw", "-env", web.ENV).expect(0).out.startswith("vpc-")
    quoin("drift", web.ENV).expect(0)
    out = quoin("destroy", web.ENV, "-auto-approve").expect(0).out
    assert f"Destroy complete: {web.RESOURCES} destroyed." in out
    assert not diff(before, snapshot_account(cloud))
    assert quoin("state", "list", web.ENV).expect(0).out == ""


def test_second_apply_changes_nothing(cloud, quoin):
    web.write(quoin)
    web.apply(quoin)
    cloud.forget_calls()
    assert "No changes." in web.apply(quoin).out
    assert cloud.mutations() == []


def test_plan_twice_is_byte_equal(cloud, quoin):
    web.write(quoin)
    first, second = (quoin("plan", web.ENV, "-json").expect(0).out for _ in range(2))
    assert first == second and json.loads(first)["summary"]["add"] == web.RESOURCES


def test_saved_plan_is_applied_once(cloud, quoin):
    web.write(quoin)
    quoin("plan", web.ENV, "-out", "p.json").expect(0)
    (quoin.work / "quoin.yaml").unlink()
    quoin("apply", "p.json", "-auto-approve").expect(0)
    web.check_everything(cloud)
    stale = quoin("apply", "p.json", "-auto-approve").expect(11)
    assert "QN0607" in stale.err


def test_live_read_makes_the_calls_that_were_computed(cloud, quoin):
    web.write(quoin)
    web.apply(quoin)
    cloud.forget_calls()
    plan = quoin("plan", web.ENV, "-json").expect(0)
    calls = {name: n for name, n in cloud.calls().items() if "GetCallerIdentity" not in name}
    read = json.loads(plan.out)["live_read"]
    assert read["calls"] == sum(calls.values()) == read["bound"], (read, calls)
