"""Managed policies, bucket policies, health checks, secrets and parameters: a whole life, and what makes each hard."""
from __future__ import annotations

import json
import re
from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from tests.harness.definitions import quick

from .drift import identity

HEAD = "quoin: 1\nstack: keys\nenvironments: { test: { region: us-east-1 } }\nresources:\n"
SECRET = "kept-out-of-everything"
OTHER = "kept-out-as-well"


def run(quoin, *args, code=0, **env):
    return quoin(*args, env={"DRIFT_SECRET": SECRET, **env}).expect(code)


def apply(quoin, code=0, **env):
    return run(quoin, "apply", "test", "-auto-approve", code=code, **env)


def empty(quoin, **env):
    run(quoin, "plan", "test", "-detailed-exitcode", "-strict-readback", **env)


def nowhere(quoin, *texts) -> None:
    """None of the texts is in any file below quoin's folders."""
    for path in quoin.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [t for t in texts if t.encode() in content], path


def stored(cloud, name):
    return cloud.observer("secretsmanager").get_secret_value(SecretId=name)["SecretString"]


def left(cloud) -> list:
    found = [p["Arn"] for p in cloud.observer("iam").list_policies(Scope="Local")["Policies"]]
    found += [b["Name"] for b in cloud.observer("s3").list_buckets()["Buckets"]]
    found += [h["Id"] for h in cloud.observer("route53").list_health_checks()["HealthChecks"]]
    found += [s["Name"] for s in cloud.observer("secretsmanager").list_secrets()["SecretList"]]
    return found + [p["Name"] for p in cloud.observer("ssm").describe_parameters()["Parameters"]]


def test_life(cloud, quoin):
    given = identity.GROUP.prepare(cloud)
    quoin.write("quoin.yaml", identity.GROUP.spec(given))
    assert "Plan: 6 to add, 0 to change, 0 to destroy." in apply(quoin).out
    empty(quoin)
    known = json.loads(run(quoin, "output", "-json", "-env", "test").out)
    ids = {k: v["value"] if isinstance(v, dict) else v for k, v in known.items()}
    for prop in identity.PROPS:
        assert prop.look(cloud, ids) == prop.seen, prop.name
    assert stored(cloud, "drift") == SECRET
    out = run(quoin, "destroy", "test", "-auto-approve")
    assert "Destroy complete: 6 destroyed." in out.out
    assert left(cloud) == []


def test_sixth_version_of_a_policy_makes_room(cloud, quoin):
    spec = HEAD + "  policy:\n    type: AWS::IAM::ManagedPolicy\n    properties:\n      PolicyDocument: { Version: 2012-10-17, Statement: " \
                  "[{ Effect: Allow, Action: 's3:%s', Resource: '*' }] }\n"
    for action in ("a", "b", "c", "d", "e", "f", "g"):
        quoin.write("quoin.yaml", spec % action)
        apply(quoin)
    empty(quoin)
    iam = cloud.observer("iam")
    arn = iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert sorted(v["VersionId"] for v in versions) == ["v3", "v4", "v5", "v6", "v7"]
    assert [v["VersionId"] for v in versions if v["IsDefaultVersion"]] == ["v7"]


def test_bucket_policy_of_somebody_else_is_not_overwritten(cloud, quoin):
    s3 = cloud.observer("s3")
    s3.create_bucket(Bucket="shared-policy")
    theirs = identity.deny("s3:PutObject")
    theirs["Statement"][0]["Resource"] = "arn:aws:s3:::shared-policy/*"
    s3.put_bucket_policy(Bucket="shared-policy", Policy=json.dumps(theirs))
    quoin.write("quoin.yaml", HEAD + "  policy:\n    type: AWS::S3::BucketPolicy\n    properties:\n      Bucket: shared-policy\n      PolicyDocument: "
                + json.dumps(identity.deny("s3:DeleteObject")).replace("drift-policy", "shared-policy") + "\n")
    refused = apply(quoin, code=1)
    assert "QN0851" in refused.err and "quoin import 'policy' 'shared-policy'" in refused.err, refused.err
    assert json.loads(s3.get_bucket_policy(Bucket="shared-policy")["Policy"]) == theirs


CHECK = HEAD + """  check:
    type: AWS::Route53::HealthCheck
    properties:
      HealthCheckConfig: { Type: %s, RequestInterval: %s, %s }
"""


@pytest.mark.parametrize("kind, interval, rest, forces", [
    ("HTTP", 10, "FullyQualifiedDomainName: a.test", "RequestInterval"),
    ("TCP", 30, "FullyQualifiedDomainName: a.test, Port: 80", "Type"),
    ("HTTP", 30, "IPAddress: 192.0.2.1", "IPAddress")])
def test_health_check_is_replaced(cloud, quoin, kind, interval, rest, forces):
    quoin.write("quoin.yaml", CHECK % ("HTTP", 30, "FullyQualifiedDomainName: a.test"))
    apply(quoin)
    quoin.write("quoin.yaml", CHECK % (kind, interval, rest))
    planned = run(quoin, "plan", "test").out
    assert "Plan: 1 to add, 0 to change, 1 to destroy." in planned and re.search(forces + ".*forces replacement", planned), planned
    apply(quoin)
    empty(quoin)
    assert len(cloud.observer("route53").list_health_checks()["HealthChecks"]) == 1


def test_failover_and_alias_records(cloud, quoin):
    quoin.write("quoin.yaml", CHECK % ("HTTPS", 30, "FullyQualifiedDomainName: a.test, ResourcePath: /ok") + """  zone:
    type: AWS::Route53::HostedZone
    properties: { Name: keys.test }
  primary:
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: app.keys.test, Type: A, TTL: "60", ResourceRecords: [192.0.2.1], SetIdentifier: one,
                  Failover: PRIMARY, HealthCheckId: "${check.HealthCheckId}" }
  secondary:
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: app.keys.test, Type: A, TTL: "60", ResourceRecords: [192.0.2.2], SetIdentifier: two,
                  Failover: SECONDARY }
  weighted:
    for_each: { a: 10, b: 0 }
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: w.keys.test, Type: A, TTL: "60", ResourceRecords: [192.0.2.3], SetIdentifier: "${each.key}",
                  Weight: "${each.value}" }
  latency:
    for_each: [eu-west-1, us-east-1]
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: l.keys.test, Type: A, TTL: "60", ResourceRecords: [192.0.2.4], SetIdentifier: "${each.value}",
                  Region: "${each.value}" }
  apex:
    type: AWS::Route53::RecordSet
    properties: { HostedZoneId: "${zone.Id}", Name: keys.test, Type: A,
                  AliasTarget: { HostedZoneId: Z35SXDOTRQ7X7K, DNSName: Web-1.us-east-1.elb.amazonaws.com, EvaluateTargetHealth: true } }
""")
    apply(quoin)
    empty(quoin)
    route53 = cloud.observer("route53")
    check = route53.list_health_checks()["HealthChecks"][0]["Id"]
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    found = [r for r in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if r["Type"] == "A"]
    pair = {r["Failover"]: r.get("HealthCheckId") for r in found if r["Name"] == "app.keys.test."}
    assert pair == {"PRIMARY": check, "SECONDARY": None}
    assert {r["SetIdentifier"]: r["Weight"] for r in found if r["Name"] == "w.keys.test."} == {"a": 10, "b": 0}
    assert {r["Region"] for r in found if r["Name"] == "l.keys.test."} == {"eu-west-1", "us-east-1"}
    alias = next(r for r in found if r["Name"] == "keys.test.")["AliasTarget"]
    assert alias == {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "web-1.us-east-1.elb.amazonaws.com.", "EvaluateTargetHealth": True}
    run(quoin, "destroy", "test", "-auto-approve")
    assert left(cloud) == [] and route53.list_hosted_zones()["HostedZones"] == []


# -- secrets ------------------------------------------------------------------

GIVEN = HEAD + """  db:
    type: AWS::SecretsManager::Secret
    on_destroy: %s
    properties: { Name: app/db, SecretString: '${secret("env:DRIFT_SECRET")}' }
"""
GENERATED = HEAD + """  db:
    type: AWS::SecretsManager::Secret
    on_destroy: delete
    properties:
      Name: app/db
      GenerateSecretString: { SecretStringTemplate: { user: admin }, GenerateStringKey: password, PasswordLength: %d, ExcludePunctuation: true }
"""


def test_given_secret_is_nowhere_but_in_the_service(cloud, quoin):
    quoin.write("quoin.yaml", GIVEN % "delete")
    shown = apply(quoin)
    run(quoin, "plan", "test", "-out", "plan.json")
    shown = shown.out + shown.err + run(quoin, "plan", "test", "-json").out
    assert SECRET not in shown and stored(cloud, "app/db") == SECRET
    quoin.write("quoin.yaml", (GIVEN % "delete").replace("env:DRIFT_SECRET", "env:NEXT_SECRET"))
    changed = apply(quoin, NEXT_SECRET=OTHER)
    assert "0 added, 1 changed" in changed.out and OTHER not in changed.out + changed.err
    assert stored(cloud, "app/db") == OTHER
    empty(quoin, NEXT_SECRET=OTHER)
    nowhere(quoin, SECRET, OTHER)


def test_refused_call_shows_no_secret(cloud, quoin):
    cloud.gate.faults.add_rule(op="secretsmanager:CreateSecret", action="error", code="InvalidParameterException",
                               message=f"The value {SECRET} is not allowed")
    quoin.write("quoin.yaml", GIVEN % "delete")
    refused = apply(quoin, code=1)
    assert "is not allowed" in refused.err and SECRET not in refused.out + refused.err
    nowhere(quoin, SECRET)


def test_generated_secret_is_nowhere_but_in_the_service(cloud, quoin):
    quoin.write("quoin.yaml", GENERATED % 20)
    shown = apply(quoin)
    first = json.loads(stored(cloud, "app/db"))
    assert first["user"] == "admin" and re.fullmatch("[A-Za-z0-9]{20}", first["password"]), first
    empty(quoin)
    quoin.write("quoin.yaml", GENERATED % 24)
    shown = shown.out + shown.err + apply(quoin).out
    second = json.loads(stored(cloud, "app/db"))["password"]
    assert len(second) == 24 and first["password"] not in shown and second not in shown
    empty(quoin)
    assert json.loads(stored(cloud, "app/db"))["password"] == second
    nowhere(quoin, first["password"], second)


def test_secrets_stay_out_of_the_sandbox(cloud, quoin):
    quoin.write("quoin.yaml", GIVEN % "delete" + """  token:
    type: AWS::SSM::Parameter
    properties: { Name: /app/token, Type: String, Value: '${secret("env:DRIFT_SECRET")}' }
""")
    run(quoin, "apply", "test", "-sandbox", "-auto-approve")
    run(quoin, "plan", "test", "-sandbox", "-detailed-exitcode", "-strict-readback")
    nowhere(quoin, SECRET)


def test_secret_as_a_parameter_is_not_read_into_the_state(cloud, quoin):
    quoin.write("quoin.yaml", HEAD + "  token:\n    type: AWS::SSM::Parameter\n    properties: { Name: /app/token, Type: String, "
                                     "Value: '${secret(\"env:DRIFT_SECRET\")}' }\n")
    shown = apply(quoin)
    empty(quoin)
    run(quoin, "drift", "test")
    assert cloud.observer("ssm").get_parameter(Name="/app/token")["Parameter"]["Value"] == SECRET
    assert SECRET not in shown.out + shown.err
    nowhere(quoin, SECRET)


def test_deleted_secret_holds_its_name_for_a_time(cloud, quoin):
    quoin.write("quoin.yaml", GIVEN % "delete")
    apply(quoin)
    out = run(quoin, "destroy", "test", "-auto-approve")
    assert "QN0858" in out.err, out.err
    date = re.search(r"db was deleted, but it can be restored until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", out.err)
    found = cloud.observer("secretsmanager").describe_secret(SecretId="app/db")["DeletedDate"]
    assert date and abs(found.timestamp() - datetime.fromisoformat(date[1]).timestamp()) < 2
    again = apply(quoin, code=1)
    assert "deletion" in again.err, again.err
    cloud.observer("secretsmanager").restore_secret(SecretId="app/db")
    assert stored(cloud, "app/db") == SECRET


def test_emptied_secret_is_gone_at_once(cloud, quoin):
    quoin.write("quoin.yaml", GIVEN % "empty")
    apply(quoin)
    assert "QN0858" not in run(quoin, "destroy", "test", "-auto-approve").err
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloud.observer("secretsmanager").describe_secret(SecretId="app/db")
    apply(quoin)
    empty(quoin)


# -- parameters ---------------------------------------------------------------

def test_parameters_are_read_ten_at_a_time(cloud, quoin):
    quoin.write("quoin.yaml", HEAD + "  p:\n    for_each: ${range(23)}\n    type: AWS::SSM::Parameter\n    properties: { Name: '/p/${each.value}', "
                                     "Type: String, Value: 'v${each.value}', Description: d }\n")
    apply(quoin)
    cloud.forget_calls()
    empty(quoin)
    assert cloud.calls()["ssm:GetParameters"] == 3


def test_advanced_parameter_does_not_become_standard(cloud, quoin):
    spec = HEAD + "  p:\n    type: AWS::SSM::Parameter\n    properties: { Name: /p/tier, Type: String, Value: v, Tier: %s }\n"
    quoin.write("quoin.yaml", spec % "Advanced")
    apply(quoin)
    quoin.write("quoin.yaml", spec % "Standard")
    planned = run(quoin, "plan", "test").out
    assert "Plan: 1 to add, 0 to change, 1 to destroy." in planned, planned
    apply(quoin)
    empty(quoin)


def test_encrypted_parameter_is_refused(quoin):
    quoin.write("quoin.yaml", HEAD + "  p:\n    type: AWS::SSM::Parameter\n    properties: { Type: SecureString, Value: v }\n")
    assert "SecureString" in run(quoin, "validate", code=1).err


# -- kills --------------------------------------------------------------------

@pytest.mark.parametrize("op", ["apply", "destroy"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed(cloud, quoin, tmp_path, op, when, number):
    quoin.env["QUOIN_PROVIDER_PATH"] = str(quick(tmp_path / "definitions", 50))
    quoin.env["DRIFT_SECRET"] = SECRET
    quoin.write("quoin.yaml", (GENERATED % 20) + CHECK[len(HEAD):] % ("HTTP", 30, "FullyQualifiedDomainName: a.test")
                + "  p:\n    type: AWS::SSM::Parameter\n    properties: { Name: /p/k, Type: String, Value: v }\n")
    if op == "destroy":
        apply(quoin)
    quoin.crash_at(number, when, op, "test", "-auto-approve", mutating_only=True)
    run(quoin, op, "test", "-auto-approve")
    if op == "destroy":
        assert left(cloud) == []
        return
    empty(quoin)
    assert len(left(cloud)) == 3
    nowhere(quoin, json.loads(stored(cloud, "app/db"))["password"])
