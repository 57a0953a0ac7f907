"""The options of plan, apply and drift, as somebody at a terminal uses them."""
import json

import pytest

from . import web

SPEC = """quoin: 1
stack: options
environments:
  development: { region: us-east-1 }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.30.0.0/16, Tags: [{ Key: Name, Value: one }] } }
  subnet:
    type: AWS::EC2::Subnet
    for_each: [a, b]
    properties: { VpcId: "${vpc.VpcId}", CidrBlock: "10.30.${if each.key == 'a' then 0 else 1}.0/24" }
  logs: { type: AWS::Logs::LogGroup, properties: { LogGroupName: /options, RetentionInDays: 7 } }
outputs:
  subnet: ${subnet["a"].SubnetId}
"""


def planned(quoin, *args):
    """action words by address"""
    doc = json.loads(quoin("plan", web.ENV, "-json", *args).expect(0).out)
    return {c["address"]: "/".join(c["actions"]) for c in doc["changes"]}


@pytest.fixture
def stack(cloud, quoin):
    quoin.write("quoin.yaml", SPEC)
    return quoin


def test_target_plans_what_it_needs_and_says_so(cloud, stack):
    out = stack("plan", web.ENV, "-target", 'subnet["a"]').expect(0).out
    assert "Plan: 2 to add" in out and "Only the targets, and what goes with them, were planned." in out, out
    web.apply(stack, "-target", 'subnet["a"]')
    out = stack("plan", web.ENV, "-target", 'subnet["a"]', "-detailed-exitcode").expect(0).out
    assert "No changes. The cloud is as the spec says of the targets." in out, out
    assert planned(stack) == {'subnet["b"]': "create", "logs": "create"}
    assert "names no resource" in stack("plan", web.ENV, "-target", "nothing").expect(1).err
    web.apply(stack)
    out = stack("destroy", web.ENV, "-auto-approve", "-target", "vpc").expect(0).out
    assert "3 destroyed" in out and cloud.mutations()[-1] == "ec2:DeleteVpc", out
    assert stack("state", "list", web.ENV).expect(0).out.split() == ["logs"]


def test_replace_is_of_one_resource_and_not_left_out(stack):
    web.apply(stack)
    assert planned(stack, "-replace", 'subnet["b"]') == {'subnet["b"]': "delete/create"}
    several = stack("plan", web.ENV, "-replace", "subnet").expect(1).err
    assert "QN0810" in several and 'it has several: say which, as subnet["a"]' in several
    left_out = stack("plan", web.ENV, "-target", "vpc", "-replace", "logs").expect(1).err
    assert "-replace logs is left out by -target" in left_out


def test_a_plan_that_did_not_read_the_cloud_can_be_applied(cloud, stack):
    web.apply(stack)
    web.edit(stack, ("RetentionInDays: 7", "RetentionInDays: 14"))
    cloud.forget_calls()
    out = stack("plan", web.ENV, "-refresh=false", "-detailed-exitcode", "-out", "p.json").expect(2).out
    assert "RetentionInDays = 7 -> 14" in out and "The cloud was not read." in out and not cloud.calls()
    stack("apply", "p.json").expect(0)
    assert cloud.mutations() == ["logs:PutRetentionPolicy"]
    web.plan_is_empty(stack)


def test_drift_is_seen_also_where_the_spec_changes(cloud, stack):
    web.apply(stack)
    web.edit(stack, ("RetentionInDays: 7", "RetentionInDays: 14"))
    assert "No drift" in stack("drift", web.ENV).expect(0).out
    cloud.direct("logs").put_retention_policy(logGroupName="/options", retentionInDays=30)
    assert "RetentionInDays: recorded 7, live 30" in stack("drift", web.ENV).expect(2).out
    out = stack("plan", web.ENV).expect(0).out
    assert "RetentionInDays = 30 -> 14  # changed outside quoin" in out, out


def test_a_plan_holds_its_own_region(cloud, stack):
    stack("plan", web.ENV, "-out", "p.json").expect(0)
    stack("apply", "p.json", env={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}).expect(0)
    groups = cloud.observer("logs", "us-east-1").describe_log_groups(logGroupNamePrefix="/options")["logGroups"]
    assert [g["logGroupName"] for g in groups] == ["/options"]
