"""A comparable description of everything in the account."""
from __future__ import annotations

import json

from botocore.exceptions import ClientError

from .cloud import REGION, Cloud

ID_TAG = "quoin:id"
_VOLATILE = {"ResponseMetadata", "registeredAt", "createdAt", "updatedAt", "events", "CreateDate", "CreationDate",
             "creationTime", "createdBy", "startedAt", "registeredBy", "RoleLastUsed", "NextToken", "HostId",
             "runningTasksCount", "pendingTasksCount", "activeServicesCount", "CreationTime", "CreatedTime",
             "AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp"}


def _clean(value):
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in sorted(value.items()) if k not in _VOLATILE}
    if isinstance(value, list):
        items = [_clean(v) for v in value]
        return sorted(items, key=lambda v: json.dumps(v, sort_keys=True, default=str))
    return value


def _pages(client, operation: str, key: str, **params) -> list:
    return [item for page in client.get_paginator(operation).paginate(**params) for item in page[key]]


def _ec2(cloud: Cloud, region: str, out: dict) -> None:
    ec2 = cloud.observer("ec2", region)
    for kind, operation, key, ident in (
            ("AWS::EC2::VPC", "describe_vpcs", "Vpcs", "VpcId"),
            ("AWS::EC2::Subnet", "describe_subnets", "Subnets", "SubnetId"),
            ("AWS::EC2::InternetGateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
            ("AWS::EC2::RouteTable", "describe_route_tables", "RouteTables", "RouteTableId"),
            ("AWS::EC2::SecurityGroup", "describe_security_groups", "SecurityGroups", "GroupId"),
            ("AWS::EC2::NatGateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
            ("AWS::EC2::VPCEndpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
            ("AWS::EC2::NetworkAcl", "describe_network_acls", "NetworkAcls", "NetworkAclId")):
        for item in _pages(ec2, operation, key):
            if item.get("State") == "deleted" or item.get("IsDefault") is True and kind == "AWS::EC2::NetworkAcl":
                continue
            out[f"{kind}/{region}/{item[ident]}"] = item
    for item in ec2.describe_addresses()["Addresses"]:
        out[f"AWS::EC2::EIP/{region}/{item['AllocationId']}"] = item
    for key in [k for k in out if k.startswith(f"AWS::EC2::VPC/{region}/")]:
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            reply = ec2.describe_vpc_attribute(VpcId=out[key]["VpcId"], Attribute=attribute)
            out[key][attribute] = reply[attribute[0].upper() + attribute[1:]]["Value"]


def _ecs(cloud: Cloud, region: str, out: dict) -> None:
    ecs = cloud.observer("ecs", region)
    arns = _pages(ecs, "list_clusters", "clusterArns")
    clusters = ecs.describe_clusters(clusters=arns, include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"] if arns else []
    for cluster in clusters:
        if cluster["status"] == "INACTIVE":
            continue
        out[f"AWS::ECS::Cluster/{region}/{cluster['clusterName']}"] = cluster
        services = _pages(ecs, "list_services", "serviceArns", cluster=cluster["clusterArn"])
        for start in range(0, len(services), 10):
            for service in ecs.describe_services(cluster=cluster["clusterArn"], services=services[start:start + 10],
                                                 include=["TAGS"])["services"]:
                if service["status"] != "INACTIVE":
                    out[f"AWS::ECS::Service/{region}/{cluster['clusterName']}/{service['serviceName']}"] = service
    for arn in _pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        reply = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        out[f"AWS::ECS::TaskDefinition/{region}/{arn.rsplit('/', 1)[1]}"] = {**reply["taskDefinition"], "tags": reply.get("tags", [])}


def _logs(cloud: Cloud, region: str, out: dict) -> None:
    logs = cloud.observer("logs", region)
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
        out[f"AWS::Logs::LogGroup/{region}/{group['logGroupName']}"] = {**group, "tags": tags}


def _scaling(cloud: Cloud, region: str, out: dict) -> None:
    client = cloud.observer("application-autoscaling", region)
    for kind, operation, key, name in (("ScalableTarget", "describe_scalable_targets", "ScalableTargets", "ScalableDimension"),
                                       ("ScalingPolicy", "describe_scaling_policies", "ScalingPolicies", "PolicyName"),
                                       ("ScheduledAction", "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName")):
        for item in getattr(client, operation)(ServiceNamespace="ecs")[key]:
            out[f"AWS::ApplicationAutoScaling::{kind}/{region}/{item['ResourceId']}|{item[name]}"] = item


def _cloudwatch(cloud: Cloud, region: str, out: dict) -> None:
    client = cloud.observer("cloudwatch", region)
    for alarm in client.describe_alarms()["MetricAlarms"]:
        tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        out[f"AWS::CloudWatch::Alarm/{region}/{alarm['AlarmName']}"] = {**alarm, "Tags": tags}


def _sns(cloud: Cloud, region: str, out: dict) -> None:
    client = cloud.observer("sns", region)
    for arn in (t["TopicArn"] for t in _pages(client, "list_topics", "Topics")):
        tags = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
        out[f"AWS::SNS::Topic/{region}/{arn}"] = {**client.get_topic_attributes(TopicArn=arn)["Attributes"], "Tags": tags}
    for arn in (s["SubscriptionArn"] for s in _pages(client, "list_subscriptions", "Subscriptions")):
        out[f"AWS::SNS::Subscription/{region}/{arn}"] = client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def _iam(cloud: Cloud, out: dict) -> None:
    iam = cloud.observer("iam")
    for role in _pages(iam, "get_account_authorization_details", "RoleDetailList", Filter=["Role"]):
        out[f"AWS::IAM::Role/{role['RoleName']}"] = role


_ASPECTS = ("accelerate_configuration", "cors", "encryption", "lifecycle_configuration", "logging",
            "notification_configuration", "ownership_controls", "policy", "replication", "tagging", "versioning", "website")


def _s3(cloud: Cloud, out: dict) -> None:
    s3 = cloud.observer("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        item: dict = {"Name": name, "Location": s3.get_bucket_location(Bucket=name).get("LocationConstraint")}
        home = cloud.observer("s3", item["Location"] or REGION)
        for aspect in _ASPECTS:
            try:
                item[aspect] = getattr(home, f"get_bucket_{aspect}")(Bucket=name)
            except ClientError as err:
                if err.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
        try:
            item["public_access_block"] = home.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        except ClientError:
            pass
        item["objects"] = len(home.list_object_versions(Bucket=name).get("Versions", []))
        out[f"AWS::S3::Bucket/{name}"] = item


def _route53(cloud: Cloud, out: dict) -> None:
    route53 = cloud.observer("route53")
    for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
        ident = zone["Id"].rsplit("/", 1)[1]
        tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=ident)["ResourceTagSet"]["Tags"]
        out[f"AWS::Route53::HostedZone/{ident}"] = {**zone, "Tags": tags}
        for record in _pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=ident):
            key = f"{ident}/{record['Name']}|{record['Type']}|{record.get('SetIdentifier', '')}"
            out[f"AWS::Route53::RecordSet/{key}"] = record


def _elbv2(cloud: Cloud, region: str, out: dict) -> None:
    elb, kind = cloud.observer("elbv2", region), "AWS::ElasticLoadBalancingV2::"
    found: dict[str, dict] = {}
    for balancer in _pages(elb, "describe_load_balancers", "LoadBalancers"):
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
        found["LoadBalancer/" + balancer["LoadBalancerArn"]] = {**balancer, "Attributes": attributes}
        for listener in _pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]):
            found["Listener/" + listener["ListenerArn"]] = listener
            for rule in _pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                if not rule["IsDefault"]:
                    found["ListenerRule/" + rule["RuleArn"]] = rule
    for group in _pages(elb, "describe_target_groups", "TargetGroups"):
        ident = {"TargetGroupArn": group["TargetGroupArn"]}
        found["TargetGroup/" + group["TargetGroupArn"]] = {
            **group, "Attributes": elb.describe_target_group_attributes(**ident)["Attributes"],
            "Targets": [t["Target"] for t in elb.describe_target_health(**ident)["TargetHealthDescriptions"]]}
    for key, item in found.items():
        name, arn = key.split("/", 1)
        tags = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        out[f"{kind}{name}/{region}/{arn}"] = {**item, "Tags": tags}


_REGIONAL = {"EC2": _ec2, "ECS": _ecs, "Logs": _logs, "ApplicationAutoScaling": _scaling, "CloudWatch": _cloudwatch, "SNS": _sns, "ElasticLoadBalancingV2": _elbv2}
_GLOBAL = {"IAM": _iam, "S3": _s3, "Route53": _route53}
SERVICES = (*_REGIONAL, *_GLOBAL)


def snapshot_account(cloud: Cloud, regions: tuple[str, ...] = (), services: tuple[str, ...] = SERVICES) -> dict[str, dict]:
    """'Type/region/id' -> description, without times and the like; compare with ==.

    regions: default all in which the gate saw a call since the start, and us-east-1.
    services: those to look at, by the middle part of their types' names.
    """
    out: dict[str, dict] = {}
    for region in sorted(regions or cloud.gate.stats.regions | {REGION}):
        for name in _REGIONAL.keys() & set(services):
            _REGIONAL[name](cloud, region, out)
    for name in _GLOBAL.keys() & set(services):
        _GLOBAL[name](cloud, out)
    return {key: _clean(out[key]) for key in sorted(out)}


def diff(before: dict, after: dict) -> list[str]:
    """What differs between two snapshots, one line each; [] when they are equal."""
    lines = [f"gone: {k}" for k in sorted(before.keys() - after.keys())]
    lines += [f"new: {k}" for k in sorted(after.keys() - before.keys())]
    for key in sorted(before.keys() & after.keys()):
        if before[key] != after[key]:
            parts = [p for p in sorted(set(before[key]) | set(after[key])) if before[key].get(p) != after[key].get(p)]
            lines += [f"changed: {key} {p}: {before[key].get(p)!r} -> {after[key].get(p)!r}" for p in parts]
    return lines


def tags_of(item: dict) -> dict[str, str]:
    """The tags of a snapshot entry, whatever way its service writes them."""
    tags = item.get("Tags") or item.get("tags") or item.get("tagging", {}).get("TagSet") or []
    if isinstance(tags, dict):
        return tags
    return {t.get("Key", t.get("key")): t.get("Value", t.get("value")) for t in tags}


def by_quoin_id(snapshot: dict) -> dict[str, list[str]]:
    """quoin:id -> keys of the objects that carry it."""
    out: dict[str, list[str]] = {}
    for key, item in snapshot.items():
        ident = tags_of(item).get(ID_TAG)
        if ident:
            out.setdefault(ident, []).append(key)
    return out


def duplicates(snapshot: dict) -> dict[str, list[str]]:
    """quoin:ids that more than one object carries: every entry is a bug."""
    return {k: v for k, v in by_quoin_id(snapshot).items() if len(v) > 1}
