"""Replacements that hang on what is known only at apply."""
from __future__ import annotations

import pytest

from . import web

SPEC = """quoin: 1
stack: parts
environments:
  development: { region: us-east-1 }
resources:
  logs:
    type: AWS::Logs::LogGroup
    replace: delete_first
    properties: { LogGroupName: /old, RetentionInDays: 30 }
"""
ROLE = """  role:
    type: AWS::IAM::Role
    properties:
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole }] }
"""
# name: (properties, what is wrong with them once the role is there; None: nothing)
ROWS = {
    "pattern": ("{ LogGroupName: \"/new/${role.Arn}\", RetentionInDays: 30 }", "LogGroupName"),
    "enumeration": ("{ LogGroupName: /new, RetentionInDays: \"${2 + length(role.Arn)}\" }", "RetentionInDays"),
    "valid": ("{ LogGroupName: \"/new/${role.RoleId}\", RetentionInDays: 30 }", None),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_replaces_is_checked_before_the_delete(cloud, quoin, name):
    properties, wrong = ROWS[name]
    quoin.write("quoin.yaml", SPEC)
    web.apply(quoin)
    quoin.write("quoin.yaml", SPEC.replace("{ LogGroupName: /old, RetentionInDays: 30 }", properties) + ROLE)
    cloud.forget_calls()
    result = quoin("apply", web.ENV, "-auto-approve").expect(1 if wrong else 0)
    deletes = [c for c in cloud.mutations() if c == "logs:DeleteLogGroup"]
    groups = [g["logGroupName"] for g in cloud.observer("logs").describe_log_groups()["logGroups"]]
    if not wrong:
        assert deletes and groups[0].startswith("/new/"), groups
        web.plan_is_empty(quoin)
        return
    assert not deletes and groups == ["/old"]
    assert "QN0857" in result.err and wrong in result.err and "was not touched" in result.err, result.err
    assert "it needs logs, which failed" in result.out, result.out
    quoin.write("quoin.yaml", SPEC.replace("/old", "/mended") + ROLE)
    web.apply(quoin)
    web.plan_is_empty(quoin)


AUDIT = """  audit:
    type: AWS::Logs::LogGroup
    replace: %s
    properties:
      LogGroupName: /audit/${split(":", task.TaskDefinitionArn)[%d]}
      RetentionInDays: %d

  zone:
    type"""
REGION, REVISION = 3, 6                      # parts of the task definition's ARN


@pytest.mark.parametrize("order", ["create_first", "delete_first"])
@pytest.mark.parametrize("days", [30, 60])
def test_undecided_replacement_that_is_not_needed(cloud, quoin, order, days):
    """A name hangs on an ARN that is unknown at plan, and turns out to be what it was."""
    text = web.SPEC.replace("  zone:\n    type", AUDIT % (order, REGION, 30))
    web.write(quoin, text)
    web.apply(quoin)
    web.write(quoin, text.replace("nginx:1.27", "nginx:1.28").replace(AUDIT % (order, REGION, 30), AUDIT % (order, REGION, days)))
    planned = quoin("plan", web.ENV).expect(0).out
    assert "audit (AWS::Logs::LogGroup) will be replaced if a value known after apply has changed" in planned, planned
    cloud.forget_calls()
    out = web.apply(quoin).out
    assert [c for c in cloud.mutations() if c.startswith("logs:")] == ["logs:PutRetentionPolicy"] * (days != 30), out
    (group,) = cloud.observer("logs").describe_log_groups(logGroupNamePrefix="/audit")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/audit/us-east-1", days)
    web.plan_is_empty(quoin)


@pytest.mark.parametrize("order", ["create_first", "delete_first"])
def test_undecided_replacement_that_is_needed(cloud, quoin, order):
    text = web.SPEC.replace("  zone:\n    type", AUDIT % (order, REVISION, 30))
    web.write(quoin, text)
    web.apply(quoin)
    web.write(quoin, text.replace("nginx:1.27", "nginx:1.28"))
    cloud.forget_calls()
    web.apply(quoin)
    calls = [c for c in cloud.mutations() if c in ("logs:CreateLogGroup", "logs:DeleteLogGroup")]
    assert sorted(calls, reverse=order == "delete_first") == calls and len(calls) == 2, calls
    (group,) = cloud.observer("logs").describe_log_groups(logGroupNamePrefix="/audit")["logGroups"]
    assert group["logGroupName"] == "/audit/2"
    web.plan_is_empty(quoin)
