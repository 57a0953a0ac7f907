"""Managed policy, bucket policy, health check, secret, parameter."""
from __future__ import annotations

import json

from .table import RELEASED, REQUIRED, Drift, Gone, Group, Prop

POLICY, BUCKET_POLICY, CHECK = "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::Route53::HealthCheck"
SECRET, PARAMETER = "AWS::SecretsManager::Secret", "AWS::SSM::Parameter"
KEY = "arn:aws:kms:us-east-1:123456789012:key/"


def allow(*actions):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def own(tags):
    return {t["Key"]: t["Value"] for t in tags or [] if not t["Key"].startswith("quoin:")}


# -- managed policy
def iam(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("iam"), operation)(PolicyArn=ids["policy"], **params)


def document(cloud, ids):
    version = iam("get_policy")(cloud, ids)["Policy"]["DefaultVersionId"]
    return iam("get_policy_version", VersionId=version)(cloud, ids)["PolicyVersion"]["Document"]


def entities(kind):
    return lambda cloud, ids: sorted(e[kind + "Name"] for e in iam("list_entities_for_policy")(cloud, ids)[f"Policy{kind}s"])


def attached(kind, first, second):
    """Role, User or Group: the policy is attached to the first, then to the second."""
    low = kind.lower()
    return Prop("policy", kind + "s", entities(kind), [first], [second], [second], (f"iam:Attach{kind}Policy", f"iam:Detach{kind}Policy"),
                removed_seen=[], removed_calls=(f"iam:Detach{kind}Policy",), drifts=(
        Drift(iam(f"attach_{low}_policy", **{kind + "Name": second}), (f'{kind}s[]: recorded (none), live "{second}"',), (f"iam:Detach{kind}Policy",)),
        Drift(iam(f"detach_{low}_policy", **{kind + "Name": first}), (f'{kind}s[]: recorded "{first}", live (none)',), (f"iam:Attach{kind}Policy",))))


# -- bucket policy
def deny(*actions):
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "arn:aws:s3:::drift-policy/*"}]}


def bucket_policy(cloud, ids):
    return json.loads(cloud.observer("s3").get_bucket_policy(Bucket="drift-policy")["Policy"])


def put_bucket_policy(value):
    return lambda cloud, ids: cloud.observer("s3").put_bucket_policy(Bucket="drift-policy", Policy=json.dumps(value))


# -- health check
def dns(cloud):
    return cloud.observer("route53")


def check(*names):
    def look(cloud, ids):
        config = dns(cloud).get_health_check(HealthCheckId=ids["check"])["HealthCheck"]["HealthCheckConfig"]
        return {n: config.get(n) for n in names}
    return look


def change_check(**params):
    return lambda cloud, ids: dns(cloud).update_health_check(HealthCheckId=ids["check"], **params)


def check_tag(**params):
    return lambda cloud, ids: dns(cloud).change_tags_for_resource(ResourceType="healthcheck", ResourceId=ids["check"], **params)


def check_tags(cloud, ids):
    return own(dns(cloud).list_tags_for_resource(ResourceType="healthcheck", ResourceId=ids["check"])["ResourceTagSet"]["Tags"])


# -- secret
def secrets(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("secretsmanager"), operation)(SecretId="drift", **params)


def secret(key):
    return lambda cloud, ids: secrets("describe_secret")(cloud, ids).get(key)


def replicas(cloud, ids):
    return {r["Region"] for r in secret("ReplicationStatus")(cloud, ids) or []}


# -- parameter
def ssm(cloud):
    return cloud.observer("ssm")


def value(name):
    return lambda cloud, ids: ssm(cloud).get_parameter(Name=name)["Parameter"]["Value"]


def described(name, key):
    def look(cloud, ids):
        found = ssm(cloud).describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}])["Parameters"]
        return found[0].get(key) or None
    return look


def put(name, **params):
    """A new version behind quoin's back; what is not said stays as it is."""
    def make(cloud, ids):
        now = {k: described(name, k)(cloud, ids) for k in ("Description", "AllowedPattern", "Tier", "Type", "DataType")}
        ssm(cloud).put_parameter(**{k: v for k, v in {"Name": name, "Value": value(name)(cloud, ids), "Overwrite": True, **now, **params}.items() if v})
    return make


def parameter_tags(cloud, ids):
    return own(ssm(cloud).list_tags_for_resource(ResourceType="Parameter", ResourceId="/drift/plain")["TagList"])


def parameter_tag(operation, **params):
    return lambda cloud, ids: getattr(ssm(cloud), operation)(ResourceType="Parameter", ResourceId="/drift/plain", **params)


def prepare(cloud):
    client = cloud.observer("iam")
    for name in ("one", "two"):
        client.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
        cloud.direct("iam").create_user(UserName=name)
        cloud.direct("iam").create_group(GroupName=name)
    return {}


TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
RESOURCES = {
    "policy": {"type": POLICY, "properties": {
        "ManagedPolicyName": "drift", "Path": "/team/", "Description": "of drift", "PolicyDocument": allow("s3:GetObject"),
        "Roles": ["one"], "Users": ["one"], "Groups": ["one"]}},
    "bucket": {"type": "AWS::S3::Bucket", "on_destroy": "delete", "properties": {"BucketName": "drift-policy"}},
    "bucketpolicy": {"type": BUCKET_POLICY, "properties": {"Bucket": "${bucket.BucketName}", "PolicyDocument": deny("s3:DeleteObject")}},
    "check": {"type": CHECK, "properties": {
        "HealthCheckConfig": {"Type": "HTTP", "FullyQualifiedDomainName": "drift.test", "ResourcePath": "/ok", "Port": 8080, "FailureThreshold": 5,
                              "Inverted": True, "RequestInterval": 30},
        "HealthCheckTags": TAGS}},
    "hidden": {"type": SECRET, "on_destroy": "delete", "properties": {
        "Name": "drift", "Description": "of drift", "KmsKeyId": KEY + "one", "SecretString": "${secret(\"env:DRIFT_SECRET\")}",
        "ReplicaRegions": [{"Region": "eu-west-1"}], "Tags": TAGS}},
    "plain": {"type": PARAMETER, "properties": {
        "Name": "/drift/plain", "Type": "String", "Value": "one", "Description": "of drift", "AllowedPattern": "^[a-z]+$", "Tier": "Standard",
        "DataType": "text", "Tags": {"a": "1", "b": "2"}}},
}
PUT = ("ssm:PutParameter",)
PROPS = (
    Prop("policy", "PolicyDocument", document, allow("s3:GetObject"), allow("s3:*"), allow("s3:*"), ("iam:CreatePolicyVersion",), REQUIRED, drifts=(
        Drift(iam("create_policy_version", PolicyDocument=json.dumps(allow("sqs:*")), SetAsDefault=True),
              ("PolicyDocument, recorded -> live:", '"s3:GetObject"', '"sqs:*"'), ("iam:CreatePolicyVersion",)),
        Drift(iam("set_default_policy_version", VersionId="v2"), ("PolicyDocument, recorded -> live:",), ("iam:CreatePolicyVersion",)))),
    attached("Role", "one", "two"),
    attached("User", "one", "two"),
    attached("Group", "one", "two"),
    Prop("bucketpolicy", "PolicyDocument", bucket_policy, deny("s3:DeleteObject"), deny("s3:*"), deny("s3:*"), ("s3:PutBucketPolicy",), REQUIRED, drifts=(
        Drift(put_bucket_policy(deny("s3:GetObject")), ("PolicyDocument, recorded -> live:", '"s3:DeleteObject"', '"s3:GetObject"')),)),
    Prop("check", "HealthCheckConfig", check("FullyQualifiedDomainName", "ResourcePath", "Port", "FailureThreshold", "Inverted"),
         {"FullyQualifiedDomainName": "drift.test", "ResourcePath": "/ok", "Port": 8080, "FailureThreshold": 5, "Inverted": True},
         {"Type": "HTTP", "FullyQualifiedDomainName": "other.test", "Inverted": False, "RequestInterval": 30},
         {"FullyQualifiedDomainName": "other.test", "ResourcePath": None, "Port": 80, "FailureThreshold": 3, "Inverted": False},
         ("route53:UpdateHealthCheck",), REQUIRED, drifts=(
        Drift(change_check(Port=9090, FailureThreshold=1), ("HealthCheckConfig.Port: recorded 8080, live 9090", "FailureThreshold: recorded 5, live 1")),
        Drift(change_check(FullyQualifiedDomainName="behind.test", ResourcePath="/behind", Inverted=False),
              ('FullyQualifiedDomainName: recorded "drift.test", live "behind.test"', 'ResourcePath: recorded "/ok", live "/behind"',
               "Inverted: recorded true, live false")))),
    Prop("check", "HealthCheckTags", check_tags, {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
         ("route53:ChangeTagsForResource", "route53:ChangeTagsForResource"), removed_seen={}, removed_calls=("route53:ChangeTagsForResource",), drifts=(
        Drift(check_tag(AddTags=[{"Key": "a", "Value": "behind"}]), ('HealthCheckTags["a"].Value: recorded "1", live "behind"',),
              ("route53:ChangeTagsForResource",)),
        Drift(check_tag(RemoveTagKeys=["b"]), ('HealthCheckTags["b"]: recorded {Key = "b", Value = "2"}, live (none)',),
              ("route53:ChangeTagsForResource",)))),
    Prop("hidden", "Description", secret("Description"), "of drift", "new", "new", ("secretsmanager:UpdateSecret",), removed_seen=None, drifts=(
        Drift(secrets("update_secret", Description="behind"), ('Description: recorded "of drift", live "behind"',)),)),
    Prop("hidden", "KmsKeyId", secret("KmsKeyId"), KEY + "one", KEY + "two", KEY + "two", ("secretsmanager:UpdateSecret",), removed_seen=None, drifts=(
        Drift(secrets("update_secret", KmsKeyId=KEY + "three"), ("KmsKeyId: recorded ", "key/one", "key/three")),)),
    Prop("hidden", "ReplicaRegions", replicas, {"eu-west-1"}, [{"Region": "eu-central-1"}], {"eu-central-1"},
         ("secretsmanager:ReplicateSecretToRegions", "secretsmanager:RemoveRegionsFromReplication"), removed_seen=set(),
         removed_calls=("secretsmanager:RemoveRegionsFromReplication",), drifts=(
        Drift(secrets("replicate_secret_to_regions", AddReplicaRegions=[{"Region": "us-west-2"}]),
              ('ReplicaRegions["us-west-2"]: recorded (none), live {',), ("secretsmanager:RemoveRegionsFromReplication",)),
        Drift(secrets("remove_regions_from_replication", RemoveReplicaRegions=["eu-west-1"]),
              ('ReplicaRegions["eu-west-1"]: recorded {', "live (none)"), ("secretsmanager:ReplicateSecretToRegions",)))),
    Prop("hidden", "Tags", lambda cloud, ids: own(secret("Tags")(cloud, ids)), {"a": "1", "b": "2"},
         [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"}, ("secretsmanager:UntagResource", "secretsmanager:TagResource"),
         removed_seen={}, removed_calls=("secretsmanager:UntagResource",), drifts=(
        Drift(secrets("tag_resource", Tags=[{"Key": "a", "Value": "behind"}]), ('Tags["a"].Value: recorded "1", live "behind"',),
              ("secretsmanager:TagResource",)),
        Drift(secrets("untag_resource", TagKeys=["b"]), ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("secretsmanager:TagResource",)))),
    Prop("plain", "Value", value("/drift/plain"), "one", "two", "two", PUT, REQUIRED, drifts=(
        Drift(put("/drift/plain", Value="behind"), ('Value: recorded "one", live "behind"',)),)),
    Prop("plain", "Type", described("/drift/plain", "Type"), "String", "StringList", "StringList", PUT, REQUIRED, drifts=(
        Drift(put("/drift/plain", Type="StringList"), ('Type: recorded "String", live "StringList"',)),)),
    Prop("plain", "DataType", described("/drift/plain", "DataType"), "text", "aws:ec2:image", "aws:ec2:image", PUT, removed_seen="text", removed_calls=(), drifts=(
        Drift(put("/drift/plain", DataType="aws:ec2:image"), ('DataType: recorded "text", live "aws:ec2:image"',)),)),
    Prop("plain", "Description", described("/drift/plain", "Description"), "of drift", "new", "new", PUT, removed_seen=None, drifts=(
        Drift(put("/drift/plain", Description="behind"), ('Description: recorded "of drift", live "behind"',)),)),
    Prop("plain", "AllowedPattern", described("/drift/plain", "AllowedPattern"), "^[a-z]+$", "^[a-z0-9]+$", "^[a-z0-9]+$", PUT, removed_seen=None, drifts=(
        Drift(put("/drift/plain", AllowedPattern=".*"), ('AllowedPattern: recorded "^[a-z]+$", live ".*"',)),)),
    Prop("plain", "Tier", described("/drift/plain", "Tier"), "Standard", "Advanced", "Advanced", PUT, RELEASED, drifts=(
        Drift(put("/drift/plain", Tier="Advanced"), ('Tier: recorded "Standard", live "Advanced"',)),)),
    Prop("plain", "Tags", parameter_tags, {"a": "1", "b": "2"}, {"a": "9", "c": "3"}, {"a": "9", "c": "3"},
         ("ssm:RemoveTagsFromResource", "ssm:AddTagsToResource"), removed_seen={}, removed_calls=("ssm:RemoveTagsFromResource",), drifts=(
        Drift(parameter_tag("add_tags_to_resource", Tags=[{"Key": "a", "Value": "behind"}]), ('Tags.a: recorded "1", live "behind"',),
              ("ssm:AddTagsToResource",)),
        Drift(parameter_tag("remove_tags_from_resource", TagKeys=["b"]), ('Tags.b: recorded "2", live (none)',), ("ssm:AddTagsToResource",)))),
)
EXCEPTIONS = {
    (SECRET, "SecretString"): "write-only: nobody compares it with what is live",
    (SECRET, "GenerateSecretString"): "write-only: says how the first value is made",
    (SECRET, "Type"): "belongs to secrets that a partner holds; the emulator knows none",
    (PARAMETER, "Policies"): "write-only: answered in another form than it was given in",
}
IDS = {"policy": "policy.PolicyArn", "check": "check.HealthCheckId"}


def delete_policy(cloud, ids):
    for kind in ("Role", "User", "Group"):
        for name in entities(kind)(cloud, ids):
            iam(f"detach_{kind.lower()}_policy", **{kind + "Name": name})(cloud, ids)
    for v in iam("list_policy_versions")(cloud, ids)["Versions"]:
        if not v["IsDefaultVersion"]:
            iam("delete_policy_version", VersionId=v["VersionId"])(cloud, ids)
    iam("delete_policy")(cloud, ids)


def delete_secret(cloud, ids):
    secrets("remove_regions_from_replication", RemoveReplicaRegions=["eu-west-1"])(cloud, ids)
    secrets("delete_secret", ForceDeleteWithoutRecovery=True)(cloud, ids)


DELETES = (
    Gone("policy", delete_policy, ("policy",)),
    Gone("bucketpolicy", lambda cloud, ids: cloud.observer("s3").delete_bucket_policy(Bucket="drift-policy"), ("bucketpolicy",)),
    Gone("check", lambda cloud, ids: dns(cloud).delete_health_check(HealthCheckId=ids["check"]), ("check",)),
    Gone("hidden", delete_secret, ("hidden",)),
    Gone("plain", lambda cloud, ids: ssm(cloud).delete_parameter(Name="/drift/plain"), ("plain",)),
)
GROUP = Group("identity", RESOURCES, PROPS, IDS, prepare, EXCEPTIONS, DELETES)
