"""Autoscaling, alarms and topics against the emulator; and a count that belongs to its autoscaler."""
from __future__ import annotations

import json

import pytest

from tests.harness.definitions import quick as quick_definitions
from tests.harness.snapshot import diff, duplicates, snapshot_account

from .drift import scale as scale_rows

SPEC = {
    "cluster": {"type": "AWS::ECS::Cluster", "properties": {"ClusterName": "main"}},
    "task": {"type": "AWS::ECS::TaskDefinition", "properties": {
        "Family": "app", "ContainerDefinitions": [{"Name": "app", "Image": "nginx", "Memory": 64}]}},
    "web": {"type": "AWS::ECS::Service", "properties": {
        "ServiceName": "web", "Cluster": "${cluster.Arn}", "TaskDefinition": "${task.TaskDefinitionArn}", "DesiredCount": 2}},
    "target": {"type": "AWS::ApplicationAutoScaling::ScalableTarget", "properties": {
        "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId": "service/${cluster.ClusterName}/${web.Name}",
        "MinCapacity": 2, "MaxCapacity": 6}},
}

KINDS = (scale_rows.TARGET, scale_rows.POLICY, scale_rows.ALARM, scale_rows.TOPIC, scale_rows.SUBSCRIPTION)
SCALED = {**SPEC, "cpu": {"type": scale_rows.POLICY, "properties": scale_rows.RESOURCES["cpu"]["properties"]},
          "topic": scale_rows.RESOURCES["topic"], "queue": scale_rows.RESOURCES["queue"],
          "math": scale_rows.RESOURCES["math"]}


@pytest.fixture
def quick(quoin):
    """Short pauses: a look that misses twice waits between."""
    quoin.env["QUOIN_PROVIDER_PATH"] = str(quick_definitions(quoin.folder / "definitions"))
    return quoin


def write(quoin, resources, **outputs):
    quoin.write("quoin.yaml", json.dumps({"quoin": 1, "stack": "scale", "environments": {"test": {"region": "us-east-1"}},
                                          "resources": resources, "outputs": outputs}))


def changed(resources, address, **properties):
    copy = json.loads(json.dumps(resources))
    copy[address]["properties"].update(properties)
    return copy


def count(cloud):
    return cloud.observer("ecs").describe_services(cluster="main", services=["web"])["services"][0]["desiredCount"]


def scale(cloud, n):
    cloud.observer("ecs").update_service(cluster="main", service="web", desiredCount=n)


def empty(quoin):
    quoin("plan", "test", "-detailed-exitcode", "-strict-readback").expect(0)


def test_count_belongs_to_its_autoscaler(cloud, quoin):
    write(quoin, SPEC)
    quoin("apply", "test", "-auto-approve").expect(0)
    empty(quoin)
    scale(cloud, 4)
    assert "No drift" in quoin("drift", "test").expect(0).out
    empty(quoin)
    cloud.forget_calls()
    other = changed(SPEC, "web", EnableExecuteCommand=True)
    write(quoin, other)
    assert "DesiredCount" not in quoin("apply", "test", "-auto-approve").expect(0).out
    assert cloud.mutations() == ["ecs:UpdateService"] and count(cloud) == 4
    empty(quoin)
    scale(cloud, 9)
    assert "DesiredCount: recorded 4, live 9" in quoin("drift", "test").expect(2).out
    assert "DesiredCount = 9 -> 6" in quoin("apply", "test", "-auto-approve").expect(0).out
    assert count(cloud) == 6
    empty(quoin)
    write(quoin, {k: v for k, v in other.items() if k != "target"})
    quoin("drift", "test").expect(0)
    assert "DesiredCount = 6 -> 2" in quoin("apply", "test", "-auto-approve").expect(0).out
    assert count(cloud) == 2
    empty(quoin)


def test_count_belongs_to_its_autoscaler_in_the_sandbox(quoin):
    write(quoin, SPEC)
    quoin("apply", "test", "-sandbox", "-auto-approve").expect(0)
    quoin("sandbox", "set", "web", "DesiredCount=4", "test").expect(0)
    quoin("drift", "test", "-sandbox").expect(0)
    write(quoin, changed(SPEC, "web", EnableExecuteCommand=True))
    quoin("apply", "test", "-sandbox", "-auto-approve").expect(0)
    quoin("sandbox", "set", "web", "DesiredCount=9", "test").expect(0)
    assert "DesiredCount: recorded 4, live 9" in quoin("drift", "test", "-sandbox").expect(2).out
    quoin("apply", "test", "-sandbox", "-auto-approve").expect(0)
    quoin("plan", "test", "-sandbox", "-detailed-exitcode", "-strict-readback").expect(0)


def check_made(before, after, spec):
    """One object for each resource; a policy that tracks a target has alarms of its own."""
    kinds = [key.split("/")[0] for key in after.keys() - before.keys() if "/TargetTracking-" not in key]
    assert {k: kinds.count(k) for k in KINDS} == {k: sum(r["type"] == k for r in spec.values()) for k in KINDS}


def test_life(cloud, quick):
    before = snapshot_account(cloud)
    spec = scale_rows.RESOURCES
    write(quick, spec)
    quick("apply", "test", "-auto-approve").expect(0)
    empty(quick)
    made = snapshot_account(cloud)
    check_made(before, made, spec)
    quick("destroy", "test", "-auto-approve").expect(0)
    assert not diff(before, snapshot_account(cloud))


def test_somebody_elses_are_left_alone(cloud, quick):
    """Creates that are upserts, or answer with what there is, would take it over."""
    cloud.observer("cloudwatch").put_metric_alarm(AlarmName="plain", EvaluationPeriods=1, MetricName="other", Namespace="x", Period=60,
                                                  Statistic="Sum", Threshold=1.0, ComparisonOperator="LessThanThreshold")
    cloud.observer("sns").create_topic(Name="drift")
    write(quick, {k: v for k, v in scale_rows.RESOURCES.items() if k in ("topic", "plain")})
    refused = quick("apply", "test", "-auto-approve")
    assert refused.code == 1 and refused.err.count("exists and is not managed here") == 1, refused.err
    write(quick, {"plain": {"type": "AWS::CloudWatch::Alarm", "properties": {**scale_rows.PLAIN, "AlarmName": "plain"}}})
    assert "exists and is not managed here" in quick("apply", "test", "-auto-approve").expect(1).err
    assert cloud.mutations() == []


def test_policy_type_changes_in_place(cloud, quick):
    write(quick, scale_rows.RESOURCES)
    quick("apply", "test", "-auto-approve").expect(0)
    step = {**scale_rows.RESOURCES["steps"]["properties"], "PolicyName": "cpu"}
    spec = {**scale_rows.RESOURCES, "cpu": {"type": scale_rows.POLICY, "properties": step}}
    write(quick, spec)
    cloud.forget_calls()
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in quick("apply", "test", "-auto-approve").expect(0).out
    assert cloud.mutations() == ["application-autoscaling:PutScalingPolicy"]
    empty(quick)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_killed_in_a_create_and_in_a_destroy(cloud, quick, number):
    before = snapshot_account(cloud)
    write(quick, {k: v for k, v in SCALED.items() if k in SPEC and k != "target"})
    quick("apply", "test", "-auto-approve").expect(0)
    write(quick, SCALED)
    assert quick.crash_at(number, "after", "apply", "test", "-auto-approve", mutating_only=True).code == -9
    quick("apply", "test", "-auto-approve").expect(0)
    empty(quick)
    made = snapshot_account(cloud)
    assert not duplicates(made)
    check_made(before, made, SCALED)
    assert quick.crash_at(number, "before", "destroy", "test", "-auto-approve", mutating_only=True).code == -9
    quick("destroy", "test", "-auto-approve").expect(0)
    assert not diff(before, snapshot_account(cloud))
