"""Changes behind quoin's back: one for every updatable property of the first types.

CHANGES maps (type, property) to a function (cloud, item), item being the
object's entry of snapshot_account(). Each makes exactly that property
differ from what a spec would reasonably declare. DELETES removes an object.
All go through the observer, so that the shims see them.
"""
from __future__ import annotations

import copy
import json

from .cloud import Cloud

EC2, S3, ECS, IAM, LOGS, R53 = "AWS::EC2::", "AWS::S3::", "AWS::ECS::", "AWS::IAM::", "AWS::Logs::", "AWS::Route53::"
FOREIGN = {"Key": "foreign", "Value": "tag"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def _region(item: dict) -> str:
    """Of an object with an ARN; us-east-1 where nothing tells."""
    for key in ("serviceArn", "clusterArn", "taskDefinitionArn", "arn", "SubnetArn", "SecurityGroupArn"):
        if key in item:
            return item[key].split(":")[3]
    return "us-east-1"


def ec2(operation: str, ident: str, **params):
    """A change by one EC2 call, which names the object by this member."""
    return lambda cloud, item: getattr(cloud.observer("ec2", _region(item)), operation)(**{ident: item[ident]}, **params)


def tag(ident: str):
    """Changes the first tag that is not quoin's, or adds one."""
    def make(cloud: Cloud, item: dict) -> None:
        own = [t for t in item["Tags"] if not t["Key"].startswith("quoin:")]
        changed = {"Key": own[0]["Key"], "Value": "changed behind"} if own else FOREIGN
        cloud.observer("ec2", _region(item)).create_tags(Resources=[item[ident]], Tags=[changed])
    return make


def _rules(item: dict, side: str) -> list:
    keep = ("IpProtocol", "FromPort", "ToPort", "IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds")
    return copy.deepcopy([{k: p[k] for k in keep if p.get(k) not in (None, [])} for p in item[side]])


def revoke_first(side: str):
    def make(cloud: Cloud, item: dict) -> None:
        call = "revoke_security_group_ingress" if side == "IpPermissions" else "revoke_security_group_egress"
        getattr(cloud.observer("ec2", _region(item)), call)(GroupId=item["GroupId"], IpPermissions=_rules(item, side)[:1])
    return make


def authorize(side: str):
    def make(cloud: Cloud, item: dict) -> None:
        call = "authorize_security_group_ingress" if side == "IpPermissions" else "authorize_security_group_egress"
        getattr(cloud.observer("ec2", _region(item)), call)(GroupId=item["GroupId"], IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 6666, "ToPort": 6666, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}])
    return make


def describe_rule(cloud: Cloud, item: dict) -> None:
    rule = _rules(item, "IpPermissions")[0]
    for ranges in rule.get("IpRanges", []):
        ranges["Description"] = "changed behind"
    cloud.observer("ec2", _region(item)).update_security_group_rule_descriptions_ingress(
        GroupId=item["GroupId"], IpPermissions=[rule])


def s3(operation: str, **params):
    """A change by one S3 call, in the bucket's own region."""
    return lambda cloud, item: getattr(cloud.observer("s3", item["Location"] or "us-east-1"), operation)(
        Bucket=item["Name"], **params)


def s3_tags(cloud: Cloud, item: dict) -> None:
    tags = item.get("tagging", {}).get("TagSet", [])
    own = [t for t in tags if not t["Key"].startswith("quoin:")]
    changed = {"Key": own[0]["Key"], "Value": "changed behind"} if own else FOREIGN
    rest = [t for t in tags if t["Key"] != changed["Key"]]
    s3("put_bucket_tagging", Tagging={"TagSet": rest + [changed]})(cloud, item)


def service(**params):
    def make(cloud: Cloud, item: dict) -> None:
        cloud.observer("ecs", _region(item)).update_service(cluster=item["clusterArn"], service=item["serviceArn"], **params)
    return make


def service_with(name: str, change):
    """An update of one field, made from what it is now."""
    return lambda cloud, item: service(**{name: change(item[name])})(cloud, item)


def ecs_tag(arn: str):
    def make(cloud: Cloud, item: dict) -> None:
        cloud.observer("ecs", _region(item)).tag_resource(resourceArn=item[arn], tags=[{"key": "foreign", "value": "tag"}])
    return make


def cluster(**params):
    return lambda cloud, item: cloud.observer("ecs", _region(item)).update_cluster(cluster=item["clusterName"], **params)


def providers(cloud: Cloud, item: dict) -> None:
    cloud.observer("ecs", _region(item)).put_cluster_capacity_providers(
        cluster=item["clusterName"], capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=[])


def iam(operation: str, **params):
    return lambda cloud, item: getattr(cloud.observer("iam"), operation)(RoleName=item["RoleName"], **params)


def inline_policy(cloud: Cloud, item: dict) -> None:
    name = item["RolePolicyList"][0]["PolicyName"] if item.get("RolePolicyList") else "foreign"
    iam("put_role_policy", PolicyName=name, PolicyDocument=POLICY)(cloud, item)


def logs(operation: str, **params):
    return lambda cloud, item: getattr(cloud.observer("logs", _region(item)), operation)(
        logGroupName=item["logGroupName"], **params)


def logs_tag(cloud: Cloud, item: dict) -> None:
    cloud.observer("logs", _region(item)).tag_resource(resourceArn=item["arn"].removesuffix(":*"), tags={"foreign": "tag"})


def zone_comment(cloud: Cloud, item: dict) -> None:
    cloud.observer("route53").update_hosted_zone_comment(Id=item["Id"], Comment="changed behind")


def zone_tag(cloud: Cloud, item: dict) -> None:
    cloud.observer("route53").change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=item["Id"].rsplit("/", 1)[1], AddTags=[FOREIGN])


def record(action: str, **changes):
    """item needs the zone's id beside the record: {'HostedZoneId': ..., **record}."""
    def make(cloud: Cloud, item: dict) -> None:
        content = {k: v for k, v in item.items() if k != "HostedZoneId"}
        cloud.observer("route53").change_resource_record_sets(HostedZoneId=item["HostedZoneId"], ChangeBatch={"Changes": [
            {"Action": action, "ResourceRecordSet": {**content, **changes}}]})
    return make


ON, OFF = {"Value": True}, {"Value": False}
_LIFECYCLE = {"Rules": [{"ID": "foreign", "Status": "Enabled", "Filter": {"Prefix": "z/"}, "Expiration": {"Days": 99}}]}

CHANGES = {
    (EC2 + "VPC", "EnableDnsHostnames"): lambda cloud, item: ec2(
        "modify_vpc_attribute", "VpcId", EnableDnsHostnames=OFF if item["enableDnsHostnames"] else ON)(cloud, item),
    (EC2 + "VPC", "EnableDnsSupport"): lambda cloud, item: ec2(
        "modify_vpc_attribute", "VpcId", EnableDnsSupport=OFF if item["enableDnsSupport"] else ON)(cloud, item),
    (EC2 + "VPC", "Tags"): tag("VpcId"),
    (EC2 + "Subnet", "MapPublicIpOnLaunch"): lambda cloud, item: ec2(
        "modify_subnet_attribute", "SubnetId", MapPublicIpOnLaunch=OFF if item["MapPublicIpOnLaunch"] else ON)(cloud, item),
    (EC2 + "Subnet", "EnableDns64"): lambda cloud, item: ec2(
        "modify_subnet_attribute", "SubnetId", EnableDns64=OFF if item["EnableDns64"] else ON)(cloud, item),
    (EC2 + "Subnet", "PrivateDnsNameOptionsOnLaunch"): ec2(
        "modify_subnet_attribute", "SubnetId", EnableResourceNameDnsARecordOnLaunch=ON),
    (EC2 + "Subnet", "Tags"): tag("SubnetId"),
    (EC2 + "InternetGateway", "Tags"): tag("InternetGatewayId"),
    (EC2 + "RouteTable", "Tags"): tag("RouteTableId"),
    (EC2 + "SecurityGroup", "SecurityGroupIngress"): revoke_first("IpPermissions"),
    (EC2 + "SecurityGroup", "SecurityGroupIngress (added)"): authorize("IpPermissions"),
    (EC2 + "SecurityGroup", "SecurityGroupIngress (description)"): describe_rule,
    (EC2 + "SecurityGroup", "SecurityGroupEgress"): revoke_first("IpPermissionsEgress"),
    (EC2 + "SecurityGroup", "SecurityGroupEgress (added)"): authorize("IpPermissionsEgress"),
    (EC2 + "SecurityGroup", "Tags"): tag("GroupId"),
    (S3 + "Bucket", "VersioningConfiguration"): lambda cloud, item: s3("put_bucket_versioning", VersioningConfiguration={
        "Status": "Suspended" if item["versioning"].get("Status") == "Enabled" else "Enabled"})(cloud, item),
    (S3 + "Bucket", "BucketEncryption"): s3("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]}),
    (S3 + "Bucket", "PublicAccessBlockConfiguration"): s3("put_public_access_block", PublicAccessBlockConfiguration={
        "BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}),
    (S3 + "Bucket", "OwnershipControls"): s3("put_bucket_ownership_controls", OwnershipControls={
        "Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    (S3 + "Bucket", "LifecycleConfiguration"): s3("put_bucket_lifecycle_configuration", LifecycleConfiguration=_LIFECYCLE),
    (S3 + "Bucket", "CorsConfiguration"): s3("put_bucket_cors", CORSConfiguration={
        "CORSRules": [{"AllowedMethods": ["DELETE"], "AllowedOrigins": ["https://foreign.test"]}]}),
    (S3 + "Bucket", "WebsiteConfiguration"): s3("put_bucket_website", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "foreign.html"}}),
    (S3 + "Bucket", "NotificationConfiguration"): lambda cloud, item: s3(
        "put_bucket_notification_configuration", NotificationConfiguration={} if "EventBridgeConfiguration" in
        item["notification_configuration"] else {"EventBridgeConfiguration": {}})(cloud, item),
    (S3 + "Bucket", "AccelerateConfiguration"): lambda cloud, item: s3("put_bucket_accelerate_configuration", AccelerateConfiguration={
        "Status": "Suspended" if item["accelerate_configuration"].get("Status") == "Enabled" else "Enabled"})(cloud, item),
    (S3 + "Bucket", "Tags"): s3_tags,
    (ECS + "Cluster", "ClusterSettings"): lambda cloud, item: cluster(settings=[{"name": "containerInsights", "value": "disabled" if {
        "name": "containerInsights", "value": "enabled"} in item["settings"] else "enabled"}])(cloud, item),
    (ECS + "Cluster", "Configuration"): cluster(configuration={"executeCommandConfiguration": {"logging": "NONE"}}),
    (ECS + "Cluster", "CapacityProviders"): providers,
    (ECS + "Cluster", "Tags"): ecs_tag("clusterArn"),
    (ECS + "TaskDefinition", "Tags"): ecs_tag("taskDefinitionArn"),
    (ECS + "Service", "DesiredCount"): service_with("desiredCount", lambda n: n + 1),
    (ECS + "Service", "DeploymentConfiguration"): service(deploymentConfiguration={
        "maximumPercent": 175, "minimumHealthyPercent": 25}),
    (ECS + "Service", "HealthCheckGracePeriodSeconds"): service_with("healthCheckGracePeriodSeconds", lambda n: n + 7),
    (ECS + "Service", "EnableExecuteCommand"): service_with("enableExecuteCommand", lambda on: not on),
    (ECS + "Service", "EnableECSManagedTags"): service_with("enableECSManagedTags", lambda on: not on),
    (ECS + "Service", "PropagateTags"): service_with("propagateTags", lambda v: "TASK_DEFINITION" if v != "TASK_DEFINITION" else "SERVICE"),
    (ECS + "Service", "AvailabilityZoneRebalancing"): service_with(
        "availabilityZoneRebalancing", lambda v: "DISABLED" if v == "ENABLED" else "ENABLED"),
    (ECS + "Service", "NetworkConfiguration"): service_with("networkConfiguration", lambda n: {"awsvpcConfiguration": {
        **n["awsvpcConfiguration"], "assignPublicIp": "DISABLED" if n["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED" else "ENABLED"}}),
    (ECS + "Service", "Tags"): ecs_tag("serviceArn"),
    (IAM + "Role", "AssumeRolePolicyDocument"): iam("update_assume_role_policy", PolicyDocument=TRUST),
    (IAM + "Role", "Description"): iam("update_role", Description="changed behind"),
    (IAM + "Role", "MaxSessionDuration"): iam("update_role", MaxSessionDuration=43200),
    (IAM + "Role", "Policies"): inline_policy,
    (IAM + "Role", "ManagedPolicyArns"): iam("attach_role_policy", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    (IAM + "Role", "PermissionsBoundary"): iam("put_role_permissions_boundary", PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess"),
    (IAM + "Role", "Tags"): iam("tag_role", Tags=[FOREIGN]),
    (LOGS + "LogGroup", "RetentionInDays"): lambda cloud, item: logs(
        "put_retention_policy", retentionInDays=7 if item.get("retentionInDays") != 7 else 14)(cloud, item),
    (LOGS + "LogGroup", "KmsKeyId"): logs("associate_kms_key", kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/foreign"),
    (LOGS + "LogGroup", "Tags"): logs_tag,
    (R53 + "HostedZone", "HostedZoneConfig"): zone_comment,
    (R53 + "HostedZone", "HostedZoneTags"): zone_tag,
    (R53 + "RecordSet", "TTL"): lambda cloud, item: record("UPSERT", TTL=item["TTL"] + 1)(cloud, item),
    (R53 + "RecordSet", "ResourceRecords"): lambda cloud, item: record("UPSERT", ResourceRecords=[
        {"Value": {"A": "192.0.2.99", "TXT": '"changed behind"'}.get(item["Type"], "changed.behind.test")}])(cloud, item),
}


def _delete_service(cloud: Cloud, item: dict) -> None:
    cloud.observer("ecs", _region(item)).delete_service(cluster=item["clusterArn"], service=item["serviceArn"], force=True)


DELETES = {
    EC2 + "SecurityGroup": ec2("delete_security_group", "GroupId"),
    EC2 + "Subnet": ec2("delete_subnet", "SubnetId"),
    EC2 + "InternetGateway": ec2("delete_internet_gateway", "InternetGatewayId"),
    EC2 + "RouteTable": ec2("delete_route_table", "RouteTableId"),
    EC2 + "VPC": ec2("delete_vpc", "VpcId"),
    S3 + "Bucket": s3("delete_bucket"),
    ECS + "Service": _delete_service,
    ECS + "Cluster": lambda cloud, item: cloud.observer("ecs", _region(item)).delete_cluster(cluster=item["clusterName"]),
    ECS + "TaskDefinition": lambda cloud, item: cloud.observer("ecs", _region(item)).deregister_task_definition(
        taskDefinition=item["taskDefinitionArn"]),
    IAM + "Role": iam("delete_role"),
    LOGS + "LogGroup": logs("delete_log_group"),
    R53 + "HostedZone": lambda cloud, item: cloud.observer("route53").delete_hosted_zone(Id=item["Id"]),
    R53 + "RecordSet": record("DELETE"),
}
