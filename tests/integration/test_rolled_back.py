"""A deployment that ECS takes back, and one that never comes up: apply fails, says why and what runs now."""
import json

import pytest

from tests.harness import definitions

from . import web


def answer(service: dict, **changes) -> str:
    def plain(v):
        return v.timestamp() if hasattr(v, "timestamp") else str(v)
    return json.dumps({"services": [{**service, **changes}], "failures": []}, default=plain)


@pytest.fixture
def applied(quoin, tmp_path):
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 150))
    web.write(quoin)
    web.apply(quoin)
    return quoin


def script(cloud, body: str) -> None:
    cloud.gate.faults.add_rule(op="ecs:DescribeServices", action="respond", times=0, status=200, body=body,
                               headers={"Content-Type": "application/x-amz-json-1.1"})
    cloud.gate.faults.add_rule(op="ecs:ListTasks", action="respond", times=0, status=200, body='{"taskArns":["arn:task/1"]}',
                               headers={"Content-Type": "application/x-amz-json-1.1"})
    cloud.gate.faults.add_rule(op="ecs:DescribeTasks", action="respond", times=0, status=200,
                               headers={"Content-Type": "application/x-amz-json-1.1"},
                               body='{"tasks":[{"stoppedReason":"CannotPullContainerError: no such image"}]}')


def test_rolled_back(cloud, applied):
    """ECS went back to the revision before: exit code 13, and the next apply tries again."""
    before = web.Look(cloud).service()
    old = dict(before["deployments"][0], rolloutState="COMPLETED", rolloutStateReason="ECS deployment circuit breaker: rolled back")
    events = [{"id": "1", "createdAt": 1700000000, "message": "(service web-development) was unable to place a task"}]
    script(cloud, answer(before, deployments=[old], runningCount=before["desiredCount"], events=events))
    web.edit(applied, ("nginx:1.27", "nginx:1.28"))
    said = web.apply(applied, code=13).err
    revision = before["taskDefinition"].rsplit("/", 1)[1]
    for words in ("the service took the change back", "circuit breaker", "CannotPullContainerError", "unable to place a task",
                  f"{revision} runs now"):
        assert words in said, said
    cloud.gate.faults.rules.clear()
    web.apply(applied)
    web.plan_is_empty(applied)


def test_never_stable(cloud, applied):
    """Within its deadline it did not come up: the stop reason and the last events are told, exit code 1."""
    web.edit(applied, ("nginx:1.27", "nginx:1.28"), ("    depends_on: [internet]\n", "    depends_on: [internet]\n    timeouts: { stable: 2s }\n"))
    look = web.Look(cloud).service()
    family, number = look["taskDefinition"].rsplit(":", 1)
    new = dict(look["deployments"][0], rolloutState="IN_PROGRESS", rolloutStateReason="deployment in progress",
               taskDefinition=f"{family}:{int(number) + 1}")
    script(cloud, answer(look, deployments=[new], runningCount=0, events=[]))
    said = web.apply(applied, code=1).err
    assert "not stable after 2 s" in said and "CannotPullContainerError: no such image" in said, said
