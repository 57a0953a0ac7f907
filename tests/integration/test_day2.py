"""Day 2: each row is an edit of the applied example, the plan it makes, and the mutating calls that apply makes."""
import json
from collections import Counter

import pytest

from . import web

ZONES = "zones: { type: \"list(string)\", default: [a, b, c] }"

# name: (edits, plan footer, mutating calls in any order, words that the plan must have)
ROWS = {
    "new image": (
        [("nginx:1.27", "nginx:1.28")],
        "Plan: 1 to add, 1 to change, 1 to destroy.",
        ["ecs:RegisterTaskDefinition", "ecs:UpdateService", "ecs:DeregisterTaskDefinition"],
        ["task (AWS::ECS::TaskDefinition) must be replaced", "forces replacement"]),
    "scale": (
        [("min: 0, max: 20, default: 2", "min: 0, max: 20, default: 4")],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["ecs:UpdateService"], ["DesiredCount = 2 -> 4"]),
    "remove a zone": (
        [(ZONES, ZONES.replace("a, b, c", "a, b"))],
        "Plan: 0 to add, 1 to change, 2 to destroy.",
        ["ecs:UpdateService", "ec2:DisassociateRouteTable", "ec2:DeleteSubnet"], ['subnet["c"]', "not in the spec any more"]),
    "add a rule": (
        [("      SecurityGroupEgress:", "        - { IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0 }\n      SecurityGroupEgress:")],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["ec2:AuthorizeSecurityGroupIngress"], ["SecurityGroupIngress[]"]),
    "remove a rule": (
        [('        - { IpProtocol: tcp, FromPort: 8080, ToPort: 8080, CidrIp: "${office}", Description: office }\n', "")],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["ec2:RevokeSecurityGroupIngress"], ["SecurityGroupIngress[]"]),
    "replace all rules": (
        [("FromPort: 80, ToPort: 80,", "FromPort: 8000, ToPort: 8000,"), ("FromPort: 8080, ToPort: 8080,", "FromPort: 8443, ToPort: 8443,")],
        "Plan: 0 to add, 1 to change, 0 to destroy.",
        ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"], ["SecurityGroupIngress[]"]),
    "remove the description of a rule": (
        [(', CidrIp: "${office}", Description: office }', ', CidrIp: "${office}" }')],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["ec2:UpdateSecurityGroupRuleDescriptionsIngress"],
        ["SecurityGroupIngress[]", "not in the spec any more"]),
    "change a create-only property": (
        [("GroupDescription: Web traffic", "GroupDescription: All web traffic")],
        "Plan: 1 to add, 1 to change, 1 to destroy.",
        ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress", "ecs:UpdateService", "ec2:DeleteSecurityGroup"],
        ['GroupDescription = "Web traffic" -> "All web traffic"', "forces replacement"]),
    "remove a resource": (
        [("""  mail:
    type: AWS::Route53::RecordSet
    properties:
      HostedZoneId: ${zone.Id}
      Name: ${domain}
      Type: TXT
      TTL: "300"
      ResourceRecords: ['"v=spf1 -all"']
""", "")],
        "Plan: 0 to add, 0 to change, 1 to destroy.", ["route53:ChangeResourceRecordSets"], ["mail", "not in the spec any more"]),
    "remove a property": (
        [("      RetentionInDays: 30\n", "")],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["logs:DeleteRetentionPolicy"], ["RetentionInDays", "removed from the spec"]),
    "change a tag": (
        [('{ Key: Name, Value: "${stack}-${env}" }', "{ Key: Name, Value: main }")],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["ec2:CreateTags"], ['Tags["Name"]', '"web-development" -> "main"']),
    "change a tag of everything": (
        [("tags: { team: web }\n    with: { domain: dev", "tags: { team: ops }\n    with: { domain: dev")],
        "Plan: 0 to add, 14 to change, 0 to destroy.",
        ["ec2:CreateTags"] * 2 + ["ecs:TagResource"] * 3  # of EC2: what needs nothing, then what needs that
        + ["iam:TagRole", "logs:TagResource", "route53:ChangeTagsForResource", "s3:PutBucketTagging"], ['Tags["team"]']),
    "username in a policy": (
        [("Resource: ${logs.Arn}", 'Resource: ["${logs.Arn}", "arn:aws:s3:::home/$${aws:username}/*"]')],
        "Plan: 0 to add, 1 to change, 0 to destroy.", ["iam:PutRolePolicy"], []),
}


@pytest.mark.parametrize("name", ROWS)
def test_row(cloud, quoin, name):
    edits, footer, calls, words = ROWS[name]
    web.write(quoin)
    web.apply(quoin)
    web.edit(quoin, *edits)
    planned = quoin("plan", web.ENV, "-detailed-exitcode").expect(2).out
    assert footer in planned, planned
    for word in words:
        assert word in planned, planned
    cloud.forget_calls()
    out = web.apply(quoin).out
    assert Counter(cloud.mutations()) == Counter(calls), out
    web.plan_is_empty(quoin)


def test_zones_two_to_three(cloud, quoin):
    web.write(quoin)
    web.edit(quoin, (ZONES, ZONES.replace("a, b, c", "a, b")))
    web.apply(quoin)
    web.edit(quoin, (ZONES.replace("a, b, c", "a, b"), ZONES))
    assert "Plan: 2 to add, 1 to change, 0 to destroy." in quoin("plan", web.ENV).expect(0).out
    cloud.forget_calls()
    web.apply(quoin)
    assert Counter(cloud.mutations()) == Counter(
        ["ec2:CreateSubnet", "ec2:ModifySubnetAttribute", "ec2:AssociateRouteTable", "ecs:UpdateService"])
    web.plan_is_empty(quoin)
    web.check_everything(cloud)


CHAIN = """quoin: 1
stack: chain
environments:
  development: { region: us-east-1 }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.30.0.0/16, Tags: [{ Key: Name, Value: one }] } }
  subnet: { type: AWS::EC2::Subnet, properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.30.0.0/24 } }
  logs:
    type: AWS::Logs::LogGroup
    depends_on: [subnet]
    properties: { LogGroupName: /chain, RetentionInDays: 7 }
"""


def test_order_passes_through_what_does_not_change(cloud, quoin):
    quoin.write("quoin.yaml", CHAIN)
    web.apply(quoin)
    web.edit(quoin, ("Value: one", "Value: two"), ("RetentionInDays: 7", "RetentionInDays: 14"))
    quoin("plan", web.ENV, "-out", "p.json").expect(0)
    changes = json.loads((quoin.work / "p.json").read_text())["changes"]
    assert [(c["address"], [changes[k]["address"] for k in c.get("after", [])]) for c in changes] == [
        ("logs", ["vpc"]), ("vpc", [])]
    cloud.gate.faults.add_rule(op="ec2:CreateTags", action="error", code="InvalidParameterValue", message="No.", status=400)
    cloud.forget_calls()
    failed = quoin("apply", "p.json").expect(1)
    assert "logs: not updated: it needs vpc, which failed" in failed.out, failed.out
    assert [m for m in cloud.mutations() if m.startswith("logs:")] == []


def test_outputs_alone(cloud, quoin):
    quoin.write("quoin.yaml", CHAIN + "outputs:\n  one: ${logs.Arn}\n  two: ${vpc.VpcId}\n  hidden: { value: \"${env}\", secret: true }\n")
    web.apply(quoin)
    web.plan_is_empty(quoin)
    web.edit(quoin, ("  one: ${logs.Arn}\n", ""), ("two: ${vpc.VpcId}", "two: ${subnet.SubnetId}\n  three: 3"))
    planned = quoin("plan", web.ENV, "-detailed-exitcode").expect(2).out
    for words in ("Changes to Outputs:\n", "~ two", "+ three", "- one", "No changes but the outputs above."):
        assert words in planned, planned
    assert "hidden" not in planned
    changes = json.loads(quoin("plan", web.ENV, "-compat", "terraform").expect(0).out)["output_changes"]
    assert {name: c["actions"] for name, c in changes.items()} == {"one": ["delete"], "two": ["update"], "three": ["create"]}
    refused = quoin("apply", web.ENV).expect(12)
    assert "QN0813" in refused.err and "arn:" in quoin("output", "one", "-raw", "-env", web.ENV).expect(0).out
    cloud.forget_calls()
    web.apply(quoin)
    assert cloud.mutations() == []
    assert quoin("output", "three", "-raw", "-env", web.ENV).expect(0).out.strip() == "3"
    quoin("output", "one", "-raw", "-env", web.ENV).expect(1)
    web.plan_is_empty(quoin)


def test_only_secret_outputs_are_no_change_for_ever(cloud, quoin):
    quoin.write("quoin.yaml", CHAIN + "outputs:\n  hidden: { value: \"${env}\", secret: true }\n")
    web.apply(quoin)
    web.plan_is_empty(quoin)


def test_rename_with_moved_changes_nothing(cloud, quoin):
    web.write(quoin)
    web.apply(quoin)
    web.edit(quoin, ("  logs:\n    type", "  journal:\n    type"), ("${logs.Arn}", "${journal.Arn}"),
             ("${logs.LogGroupName}", "${journal.LogGroupName}"), ("checks:", "moved:\n  - { from: logs, to: journal }\n\nchecks:"))
    out = quoin("plan", web.ENV).expect(0).out
    assert "logs has moved to journal" in out and "to destroy" not in out, out
    cloud.forget_calls()
    web.apply(quoin)
    assert [m for m in cloud.mutations() if "Tag" not in m] == []
    web.plan_is_empty(quoin)
    assert "journal" in quoin("state", "list", web.ENV).expect(0).out.split()


def address_tag(cloud):
    return cloud.observer("logs").list_tags_log_group(logGroupName="/tagged")["tags"]["quoin:address"]


def test_address_tag_follows_with_the_next_change(cloud, quoin):
    """A rename is no change; the tag that only informs goes along with the next one, and the plan says so."""
    spec = """quoin: 1
stack: tagged
environments: { dev: { region: us-east-1 } }
resources:
  %s: { type: AWS::Logs::LogGroup, properties: { LogGroupName: /tagged, RetentionInDays: %d } }
%s"""
    quoin.write("quoin.yaml", spec % ("one", 7, ""))
    quoin("apply", "dev", "-auto-approve").expect(0)
    quoin.write("quoin.yaml", spec % ("two", 7, "moved: [{ from: one, to: two }]\n"))
    quoin("apply", "dev", "-auto-approve").expect(0)
    quoin("plan", "-detailed-exitcode").expect(0)
    quoin("state", "mv", "two", "three").expect(0)
    quoin.write("quoin.yaml", spec % ("three", 7, ""))
    quoin("plan", "-detailed-exitcode").expect(0)
    assert address_tag(cloud) == "one"
    quoin.write("quoin.yaml", spec % ("three", 14, ""))
    assert '~ Tags["quoin:address"] = "one" -> "three"  # its new address' in quoin("plan").expect(0).out
    cloud.forget_calls()
    quoin("apply", "dev", "-auto-approve").expect(0)
    assert Counter(cloud.mutations()) == Counter(["logs:PutRetentionPolicy", "logs:TagResource"])
    assert address_tag(cloud) == "three"
    quoin("plan", "-detailed-exitcode", "-strict-readback").expect(0)


RETAINED = """quoin: 1
stack: kept
environments: { dev: { region: us-east-1 }, other: { region: us-east-1 } }
resources:
  zone: { type: AWS::Route53::HostedZone, properties: { Name: kept.test } }
%s"""
KEPT = """  vpc:
    type: AWS::EC2::VPC
    on_destroy: retain
    properties: { CidrBlock: 10.0.0.0/16, Tags: [{ Key: Name, Value: kept }] }
"""


def test_retained_object_is_imported_again(cloud, quoin):
    quoin.write("quoin.yaml", RETAINED % KEPT)
    quoin("apply", "dev", "-auto-approve").expect(0)
    vpc = json.loads(quoin("state", "show", "vpc", "dev", "-json").expect(0).out)["identity"]["VpcId"]
    quoin.write("quoin.yaml", RETAINED % "")
    quoin("apply", "dev", "-auto-approve").expect(0)
    quoin.write("quoin.yaml", RETAINED % (KEPT + KEPT.replace("vpc:", "twice:")))
    assert "Its tags say" not in quoin("import", "vpc", vpc, "dev").expect(0).err
    assert f"{vpc} is recorded already, as vpc" in quoin("import", "twice", vpc, "dev").expect(1).err
    quoin.write("quoin.yaml", RETAINED % KEPT)
    assert "No drift" in quoin("drift", "dev").expect(0).out
    plan = quoin("plan", "dev").expect(0).out
    assert "recorded" not in plan and "outside quoin" not in plan and "# marks it as managed by this state" in plan, plan
    quoin("apply", "dev", "-auto-approve").expect(0)
    quoin("plan", "dev", "-detailed-exitcode", "-strict-readback").expect(0)
    cloud.observer("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "quoin:id", "Value": "x"}])
    assert 'Tags["quoin:id"]: recorded' in quoin("drift", "dev").expect(2).out
    assert "it is vpc of stack kept, environment dev" in quoin("import", "vpc", vpc, "other").expect(0).err


NETWORK = """module: network
inputs:
  cidr: { type: cidr }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: "${cidr}" } }
  subnet: { type: AWS::EC2::Subnet, properties: { VpcId: "${vpc.VpcId}", CidrBlock: "${cidr}" } }
outputs:
  id: ${vpc.VpcId}
"""
PARTS = """quoin: 1
stack: parts
environments:
  development: { region: us-east-1 }
components:
  %s:
    use: ./modules/network.yaml
    with: { cidr: 10.30.0.0/24 }
"""


def test_rename_of_a_component_changes_nothing(cloud, quoin):
    (quoin.work / "modules").mkdir()
    quoin.write("modules/network.yaml", NETWORK)
    quoin.write("quoin.yaml", PARTS % "network")
    web.apply(quoin)
    quoin.write("quoin.yaml", PARTS % "main" + "moved:\n  - { from: network, to: main }\n")
    out = quoin("plan", web.ENV).expect(0).out
    assert "network.subnet has moved to main.subnet" in out and "network.vpc has moved to main.vpc" in out, out
    assert "No changes but the moves above." in out, out
    cloud.forget_calls()
    web.apply(quoin)
    assert cloud.mutations() == []
    web.plan_is_empty(quoin)
    quoin("destroy", web.ENV, "-auto-approve").expect(0)  # in the order of the new names
    assert [m for m in cloud.mutations() if "Delete" in m] == ["ec2:DeleteSubnet", "ec2:DeleteVpc"]


def test_deleted_object_is_planned_as_a_create(cloud, quoin):
    web.write(quoin)
    web.apply(quoin)
    cloud.direct("logs").delete_log_group(logGroupName="/web/development")
    out = quoin("plan", web.ENV).expect(0).out
    assert "logs (AWS::Logs::LogGroup) will be created: it was deleted outside quoin" in out, out
    web.apply(quoin)
    web.plan_is_empty(quoin)
    web.check_everything(cloud)


def test_import_of_an_existing_vpc(cloud, quoin):
    vpc = cloud.direct("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    web.write(quoin)
    quoin("import", "vpc", vpc, web.ENV).expect(0)
    planned = quoin("plan", web.ENV).expect(0).out
    assert "vpc (AWS::EC2::VPC) will be updated in place" in planned, planned
    web.apply(quoin)
    web.plan_is_empty(quoin)
    web.check_everything(cloud)
    assert web.Look(cloud).vpc()["VpcId"] == vpc


def test_failed_create_then_mended_spec(cloud, quoin):
    web.write(quoin)
    cloud.gate.faults.add_rule(op="ec2:CreateSecurityGroup", action="error", code="InvalidParameterValue",
                               message="Value (Web traffic) for parameter GroupDescription is invalid.", status=400)
    failed = quoin("apply", web.ENV, "-auto-approve").expect(1)
    assert "InvalidParameterValue" in failed.out + failed.err
    cloud.gate.faults.clear()
    web.edit(quoin, ("GroupDescription: Web traffic", "GroupDescription: Web traffic of all"))
    web.apply(quoin)
    web.plan_is_empty(quoin)
    assert [g["Description"] for g in web.Look(cloud).security_group()] == ["Web traffic of all"]


def test_name_taken_by_somebody_else(cloud, quoin):
    cloud.direct("logs").create_log_group(logGroupName="/web/development")
    web.write(quoin)
    failed = quoin("apply", web.ENV, "-auto-approve").expect(1)
    assert "import" in failed.err and "logs" in failed.err, failed.err
    quoin("import", "logs", "/web/development", web.ENV).expect(0)
    web.apply(quoin)
    web.plan_is_empty(quoin)
