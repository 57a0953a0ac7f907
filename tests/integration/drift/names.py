"""IAM roles, log groups, zones and records."""
from __future__ import annotations

import json

from .table import REQUIRED, Drift, Gone, Group, Prop

ROLE, LOGS, ZONE, RECORD = "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Route53::HostedZone", "AWS::Route53::RecordSet"
MANAGED = "arn:aws:iam::aws:policy/"
KEY = "arn:aws:kms:us-east-1:123456789012:key/"


def role(operation="get_role", key="Role"):
    return lambda cloud, ids: getattr(cloud.observer("iam"), operation)(RoleName="drift")[key]


def iam(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("iam"), operation)(RoleName="drift", **params)


def trust(service):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service + ".amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def allow(*actions):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def inline(cloud, ids):
    client = cloud.observer("iam")
    return {n: client.get_role_policy(RoleName="drift", PolicyName=n)["PolicyDocument"] for n in role("list_role_policies", "PolicyNames")(cloud, ids)}


def attached(cloud, ids):
    return {p["PolicyArn"] for p in role("list_attached_role_policies", "AttachedPolicies")(cloud, ids)}


def own(tags):
    return {t["Key"]: t["Value"] for t in tags if not t["Key"].startswith("quoin:")}


def logs(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("logs"), operation)(logGroupName="/drift", **params)


def group(key):
    return lambda cloud, ids: cloud.observer("logs").describe_log_groups(logGroupNamePrefix="/drift")["logGroups"][0].get(key)


GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:/drift"


def group_tags(cloud, ids):
    found = cloud.observer("logs").list_tags_for_resource(resourceArn=GROUP_ARN)["tags"]
    return {k: v for k, v in found.items() if not k.startswith("quoin:")}


def group_tag(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("logs"), operation)(resourceArn=GROUP_ARN, **params)


def dns(cloud):
    return cloud.observer("route53")


def zone_tags(cloud, ids):
    return own(dns(cloud).list_tags_for_resource(ResourceType="hostedzone", ResourceId=ids["zone"])["ResourceTagSet"]["Tags"])


def zone_tag(**params):
    return lambda cloud, ids: dns(cloud).change_tags_for_resource(ResourceType="hostedzone", ResourceId=ids["zone"], **params)


def zone_vpcs(cloud, ids):
    back = {v: k for k, v in ids.items()}
    return {back[v["VPCId"]] for v in dns(cloud).get_hosted_zone(Id=ids["private"])["VPCs"]}


def zone_vpc(operation, name):
    return lambda cloud, ids: getattr(dns(cloud), operation)(HostedZoneId=ids["private"], VPC={"VPCRegion": "us-east-1", "VPCId": ids[name]})


def find(cloud, ids, name, ident=None):
    found = [r for r in dns(cloud).list_resource_record_sets(HostedZoneId=ids["zone"])["ResourceRecordSets"]
             if r["Name"] == name + ".drift.test." and r.get("SetIdentifier") == ident]
    assert len(found) == 1, found
    return found[0]


def record(name, key, ident=None):
    def look(cloud, ids):
        value = find(cloud, ids, name, ident).get(key)
        return [v["Value"] for v in value] if key == "ResourceRecords" else value
    return look


def upsert(name, ident=None, **changes):
    """None takes a member out."""
    def make(cloud, ids):
        content = {**find(cloud, ids, name, ident), **changes}
        dns(cloud).change_resource_record_sets(HostedZoneId=ids["zone"], ChangeBatch={"Changes": [
            {"Action": "UPSERT", "ResourceRecordSet": {k: v for k, v in content.items() if v is not None}}]})
    return make


def record_prop(name, prop, seen, new, new_seen, change, words, ident=None, key=None, **rest):
    key = key or prop
    return Prop(name, prop, record(name, key, ident), seen, new, new_seen, ("route53:ChangeResourceRecordSets",),
                drifts=(Drift(upsert(name, ident, **change), words),), **rest)


def prepare(cloud):
    ec2, health = cloud.observer("ec2"), []
    for i in ("one", "two"):
        health.append(dns(cloud).create_health_check(CallerReference=i, HealthCheckConfig={
            "Type": "HTTP", "FullyQualifiedDomainName": i + ".test", "RequestInterval": 30, "FailureThreshold": 3})["HealthCheck"]["Id"])
    vpcs = [ec2.create_vpc(CidrBlock=f"10.5{i}.0.0/16")["Vpc"]["VpcId"] for i in range(3)]
    return {"health1": health[0], "health2": health[1], "vpc1": vpcs[0], "vpc2": vpcs[1], "vpc3": vpcs[2]}


def made(name, ident=None, **properties):
    """A record of the zone."""
    content = {"Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"], **properties}
    if ident:
        content["SetIdentifier"] = ident
    return {"type": RECORD, "properties": {"HostedZoneId": "${zone.Id}", "Name": name + ".drift.test",
                                           **{k: v for k, v in content.items() if v is not None}}}


def vpc(name):
    return {"VPCId": "<%s>" % name, "VPCRegion": "us-east-1"}


TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
RESOURCES = {
    "role": {"type": ROLE, "properties": {
        "RoleName": "drift", "AssumeRolePolicyDocument": trust("ecs-tasks"), "Description": "of drift", "MaxSessionDuration": 7200,
        "PermissionsBoundary": MANAGED + "ReadOnlyAccess", "ManagedPolicyArns": [MANAGED + "AmazonS3ReadOnlyAccess"],
        "Policies": [{"PolicyName": "one", "PolicyDocument": allow("s3:GetObject")}, {"PolicyName": "two", "PolicyDocument": allow("sqs:SendMessage")}],
        "Tags": TAGS}},
    "logs": {"type": LOGS, "properties": {"LogGroupName": "/drift", "RetentionInDays": 30, "KmsKeyId": KEY + "one", "Tags": TAGS}},
    "zone": {"type": ZONE, "properties": {"Name": "drift.test", "HostedZoneConfig": {"Comment": "of drift"}, "HostedZoneTags": TAGS}},
    "private": {"type": ZONE, "properties": {"Name": "inside.test", "VPCs": [vpc("vpc1"), vpc("vpc2")]}},
    "plain": made("plain"),
    "checked": made("checked", "a", MultiValueAnswer=True, HealthCheckId="<health1>"),
    "alias": made("alias", TTL=None, ResourceRecords=None, AliasTarget={"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "one.elb.amazonaws.com", "EvaluateTargetHealth": True}),
    "weighted": made("weighted", "a", Weight=10),
    "failover": made("failover", "a", Failover="PRIMARY"),
    "geo": made("geo", "a", GeoLocation={"CountryCode": "DE"}),
    "latency": made("latency", "a", Region="eu-west-1"),
}
CHANGED = ("iam:PutRolePolicy",)

PROPS = (
    Prop("role", "AssumeRolePolicyDocument", lambda cloud, ids: role()(cloud, ids)["AssumeRolePolicyDocument"], trust("ecs-tasks"),
         trust("lambda"), trust("lambda"), ("iam:UpdateAssumeRolePolicy",), REQUIRED, drifts=(
        Drift(iam("update_assume_role_policy", PolicyDocument=json.dumps(trust("ec2"))),
              ("AssumeRolePolicyDocument, recorded -> live:", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com")),)),
    Prop("role", "Description", lambda cloud, ids: role()(cloud, ids).get("Description"), "of drift", "new", "new", ("iam:UpdateRole",), removed_seen="",
         drifts=(Drift(iam("update_role", Description="behind", MaxSessionDuration=7200), ('Description: recorded "of drift", live "behind"',)),)),
    Prop("role", "MaxSessionDuration", lambda cloud, ids: role()(cloud, ids).get("MaxSessionDuration"), 7200, 3600, 3600, ("iam:UpdateRole",), removed_seen=3600,
         drifts=(Drift(iam("update_role", Description="of drift", MaxSessionDuration=43200), ("MaxSessionDuration: recorded 7200, live 43200",)),)),
    Prop("role", "PermissionsBoundary", lambda cloud, ids: role()(cloud, ids).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
         MANAGED + "ReadOnlyAccess", MANAGED + "PowerUserAccess", MANAGED + "PowerUserAccess", ("iam:PutRolePermissionsBoundary",), removed_seen=None,
         removed_calls=("iam:DeleteRolePermissionsBoundary",), drifts=(
        Drift(iam("put_role_permissions_boundary", PermissionsBoundary=MANAGED + "PowerUserAccess"),
              ("PermissionsBoundary: recorded ", "ReadOnlyAccess", "PowerUserAccess")),
        Drift(iam("delete_role_permissions_boundary"), ("PermissionsBoundary: recorded ", "live (none)")))),
    Prop("role", "ManagedPolicyArns", attached, {MANAGED + "AmazonS3ReadOnlyAccess"}, [MANAGED + "SecurityAudit"], {MANAGED + "SecurityAudit"},
         ("iam:AttachRolePolicy", "iam:DetachRolePolicy"), removed_seen=set(), removed_calls=("iam:DetachRolePolicy",), drifts=(
        Drift(iam("attach_role_policy", PolicyArn=MANAGED + "PowerUserAccess"),
              (f'ManagedPolicyArns[]: recorded (none), live "{MANAGED}PowerUserAccess"',), ("iam:DetachRolePolicy",)),
        Drift(iam("detach_role_policy", PolicyArn=MANAGED + "AmazonS3ReadOnlyAccess"),
              ("ManagedPolicyArns", f'"{MANAGED}AmazonS3ReadOnlyAccess"', "live "), ("iam:AttachRolePolicy",)))),
    Prop("role", "Policies", inline, {"one": allow("s3:GetObject"), "two": allow("sqs:SendMessage")},
         [{"PolicyName": "one", "PolicyDocument": allow("s3:PutObject")}, {"PolicyName": "three", "PolicyDocument": allow("sns:Publish")}],
         {"one": allow("s3:PutObject"), "three": allow("sns:Publish")}, ("iam:PutRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"),
         removed_seen={}, removed_calls=("iam:DeleteRolePolicy", "iam:DeleteRolePolicy"), drifts=(
        Drift(iam("put_role_policy", PolicyName="one", PolicyDocument=json.dumps(allow("s3:*"))),
              ('Policies["one"].PolicyDocument, recorded -> live:', '"s3:GetObject"', '"s3:*"'), CHANGED),
        Drift(iam("put_role_policy", PolicyName="foreign", PolicyDocument=json.dumps(allow("s3:*"))),
              ('Policies["foreign"]: recorded (none), live {',), ("iam:DeleteRolePolicy",)),
        Drift(iam("delete_role_policy", PolicyName="two"), ('Policies["two"]: recorded {', "live (none)"), CHANGED))),
    Prop("role", "Tags", lambda cloud, ids: own(role("list_role_tags", "Tags")(cloud, ids)), {"a": "1", "b": "2"},
         [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"}, ("iam:UntagRole", "iam:TagRole"),
         removed_seen={}, removed_calls=("iam:UntagRole",), drifts=(
        Drift(iam("tag_role", Tags=[{"Key": "a", "Value": "behind"}]), ('Tags["a"].Value: recorded "1", live "behind"',), ("iam:TagRole",)),
        Drift(iam("untag_role", TagKeys=["b"]), ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("iam:TagRole",)))),
    Prop("logs", "RetentionInDays", group("retentionInDays"), 30, 14, 14, ("logs:PutRetentionPolicy",), removed_seen=None,
         removed_calls=("logs:DeleteRetentionPolicy",), drifts=(
        Drift(logs("put_retention_policy", retentionInDays=7), ("RetentionInDays: recorded 30, live 7",)),
        Drift(logs("delete_retention_policy"), ("RetentionInDays: recorded 30, live (none)",)))),
    Prop("logs", "KmsKeyId", group("kmsKeyId"), KEY + "one", KEY + "two", KEY + "two", ("logs:AssociateKmsKey",), removed_seen=None,
         removed_calls=("logs:DisassociateKmsKey",), drifts=(
        Drift(logs("associate_kms_key", kmsKeyId=KEY + "two"), ("KmsKeyId: recorded ", "key/one", "key/two")),
        Drift(logs("disassociate_kms_key"), ("KmsKeyId: recorded ", "live (none)")))),
    Prop("logs", "Tags", group_tags, {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
         ("logs:UntagResource", "logs:TagResource"), removed_seen={}, removed_calls=("logs:UntagResource",), drifts=(
        Drift(group_tag("tag_resource", tags={"a": "behind"}), ('Tags["a"].Value: recorded "1", live "behind"',), ("logs:TagResource",)),
        Drift(group_tag("untag_resource", tagKeys=["b"]), ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("logs:TagResource",)))),
    Prop("zone", "HostedZoneConfig", lambda cloud, ids: dns(cloud).get_hosted_zone(Id=ids["zone"])["HostedZone"]["Config"].get("Comment"),
         "of drift", {"Comment": "new"}, "new", ("route53:UpdateHostedZoneComment",), removed_seen=None, drifts=(
        Drift(lambda cloud, ids: dns(cloud).update_hosted_zone_comment(Id=ids["zone"], Comment="behind"),
              ('HostedZoneConfig.Comment: recorded "of drift", live "behind"',)),)),
    Prop("zone", "HostedZoneTags", zone_tags, {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
         ("route53:ChangeTagsForResource", "route53:ChangeTagsForResource"), removed_seen={}, removed_calls=("route53:ChangeTagsForResource",), drifts=(
        Drift(zone_tag(AddTags=[{"Key": "a", "Value": "behind"}]), ('HostedZoneTags["a"].Value: recorded "1", live "behind"',),
              ("route53:ChangeTagsForResource",)),
        Drift(zone_tag(RemoveTagKeys=["b"]), ('HostedZoneTags["b"]: recorded {Key = "b", Value = "2"}, live (none)',),
              ("route53:ChangeTagsForResource",)))),
    Prop("private", "VPCs", zone_vpcs, {"vpc1", "vpc2"}, [vpc("vpc1"), vpc("vpc3")], {"vpc1", "vpc3"},
         ("route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"), REQUIRED, drifts=(
        Drift(zone_vpc("associate_vpc_with_hosted_zone", "vpc3"), ("VPCs[]: recorded (none), live {", '"{vpc3}"'), ("route53:DisassociateVPCFromHostedZone",)),
        Drift(zone_vpc("disassociate_vpc_from_hosted_zone", "vpc2"), ("VPCs[]: recorded {", '"{vpc2}"', "live (none)"),
              ("route53:AssociateVPCWithHostedZone",)))),
    record_prop("plain", "TTL", 60, "300", 300, {"TTL": 61}, ('TTL: recorded "60", live "61"',), removed=REQUIRED),
    record_prop("plain", "ResourceRecords", ["192.0.2.1"], ["192.0.2.2", "192.0.2.3"], ["192.0.2.2", "192.0.2.3"],
                {"ResourceRecords": [{"Value": "192.0.2.9"}]}, ('ResourceRecords[]: recorded (none), live "192.0.2.9"',
                'ResourceRecords[]: recorded "192.0.2.1", live (none)'), removed=REQUIRED),
    record_prop("checked", "HealthCheckId", "<health1>", "<health2>", "<health2>", {"HealthCheckId": None}, ("HealthCheckId: recorded ", "live (none)"), "a"),
    record_prop("weighted", "Weight", 10, 20, 20, {"Weight": 0}, ("Weight: recorded 10, live 0",), "a", removed=REQUIRED),
    record_prop("failover", "Failover", "PRIMARY", "SECONDARY", "SECONDARY", {"Failover": "SECONDARY"},
                ('Failover: recorded "PRIMARY", live "SECONDARY"',), "a", removed=REQUIRED),
    record_prop("geo", "GeoLocation", {"CountryCode": "DE"}, {"ContinentCode": "EU"}, {"ContinentCode": "EU"}, {"GeoLocation": {"CountryCode": "FR"}},
                ('GeoLocation.CountryCode: recorded "DE", live "FR"',), "a", removed=REQUIRED),
    record_prop("latency", "Region", "eu-west-1", "eu-central-1", "eu-central-1", {"Region": "us-east-2"},
                ('Region: recorded "eu-west-1", live "us-east-2"',), "a", removed=REQUIRED),
    record_prop("alias", "AliasTarget",
                {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "one.elb.amazonaws.com.", "EvaluateTargetHealth": True},
                {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "two.elb.amazonaws.com"},
                {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "two.elb.amazonaws.com.", "EvaluateTargetHealth": False},
                {"AliasTarget": {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "three.elb.amazonaws.com", "EvaluateTargetHealth": False}},
                ('AliasTarget.DNSName: recorded "one.elb.amazonaws.com', 'live "three.elb.amazonaws.com', "EvaluateTargetHealth: recorded true, live false"),
                removed=REQUIRED),
)
EXCEPTIONS = {
    (LOGS, "LogGroupClass"): "a change replaces the group; nothing behind quoin's back can make it",
    (RECORD, "Type"): "part of the record's identity: another type is another record",
    (RECORD, "SetIdentifier"): "part of the record's identity: another one is another record",
    (RECORD, "MultiValueAnswer"): "a record with a set identifier must have one routing policy: taking it away is refused",
    (RECORD, "CidrRoutingConfig"): "the emulator cannot store it",
    (RECORD, "GeoProximityLocation"): "the emulator cannot store it",
}
IDS = {"zone": "zone.Id", "private": "private.Id"}
RECORDS = tuple(name for name, r in RESOURCES.items() if r["type"] == RECORD)


def delete_role(cloud, ids):
    for arn in attached(cloud, ids):
        iam("detach_role_policy", PolicyArn=arn)(cloud, ids)
    for name in inline(cloud, ids):
        iam("delete_role_policy", PolicyName=name)(cloud, ids)
    iam("delete_role")(cloud, ids)


def delete_records(cloud, ids):
    found = dns(cloud).list_resource_record_sets(HostedZoneId=ids["zone"])["ResourceRecordSets"]
    dns(cloud).change_resource_record_sets(HostedZoneId=ids["zone"], ChangeBatch={"Changes": [
        {"Action": "DELETE", "ResourceRecordSet": r} for r in found if r["Type"] not in ("NS", "SOA")]})


def delete_zone(cloud, ids):
    delete_records(cloud, ids)
    dns(cloud).delete_hosted_zone(Id=ids["zone"])


def delete_record(cloud, ids):
    dns(cloud).change_resource_record_sets(HostedZoneId=ids["zone"], ChangeBatch={"Changes": [
        {"Action": "DELETE", "ResourceRecordSet": find(cloud, ids, "weighted", "a")}]})


DELETES = (
    Gone("role", delete_role, ("role",)),
    Gone("logs", logs("delete_log_group"), ("logs",)),
    Gone("private", lambda cloud, ids: dns(cloud).delete_hosted_zone(Id=ids["private"]), ("private",)),
    Gone("weighted", delete_record, ("weighted",)),
    Gone("zone", delete_zone, ("zone", *RECORDS)),             # more than half: needs -allow-mass-loss
)
GROUP = Group("names", RESOURCES, PROPS, IDS, prepare, EXCEPTIONS, DELETES)
