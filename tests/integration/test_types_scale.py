"""Autoscaling, alarms and topics against the emulator; and a count that belongs to its autoscaler."""
from __future__ import annotations

import json

import pytest

from tests.harness.snapshot import diff, snapshot_account

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
