"""Every change behind quoin's back shows in the account, and every delete takes its object away."""
from __future__ import annotations

import pytest

from tests.gate.test_shims import TRUST
from tests.harness import diff, snapshot_account
from tests.harness.behind import CHANGES, DELETES


@pytest.fixture(scope="module")
def account(cloud_session):
    """One object of each type, as quoin would make them."""
    cloud = cloud_session
    cloud.reset()
    ec2, ecs, s3 = cloud.client("ec2"), cloud.client("ecs"), cloud.client("s3")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_internet_gateway()
    ec2.create_route_table(VpcId=vpc)
    group = ec2.create_security_group(GroupName="made", Description="d", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "web"}]}])
    s3.create_bucket(Bucket="made-bucket")
    iam = cloud.client("iam")
    iam.create_role(RoleName="made", AssumeRolePolicyDocument=TRUST)
    cloud.client("logs").create_log_group(logGroupName="/made")
    ecs.create_cluster(clusterName="made")
    ecs.register_task_definition(family="made", networkMode="awsvpc", containerDefinitions=[{"name": "m", "image": "i", "memory": 64}])
    ecs.create_service(cluster="made", serviceName="made", taskDefinition="made:1", desiredCount=1, clientToken="t",
                       networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}})
    zone = cloud.client("route53").create_hosted_zone(Name="made.test", CallerReference="1")["HostedZone"]["Id"]
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": "a.made.test", "Type": "A", "TTL": 60,
                                                   "ResourceRecords": [{"Value": "192.0.2.1"}]}}]})
    return cloud, {}


def one(snapshot: dict, kind: str) -> tuple[str, dict]:
    """The made object of this type, not one that the account has by itself."""
    own = [(k, v) for k, v in snapshot.items() if k.startswith(kind + "/")
           and not v.get("IsDefault") and not v.get("DefaultForAz") and v.get("GroupName") != "default"
           and v.get("Type") not in ("NS", "SOA") and not any(a.get("Main") for a in v.get("Associations", []))]
    key, item = own[0]
    if kind == "AWS::Route53::RecordSet":
        item = {**item, "HostedZoneId": key.split("/")[1]}
    return key, item


# What snapshot_account cannot show, because the listing leaves it out on AWS, too.
NOT_LISTED = {"Description", "MaxSessionDuration"}


@pytest.mark.parametrize("kind, name", CHANGES, ids=[f"{k}.{n}" for k, n in CHANGES])
def test_change_shows(account, kind, name):
    cloud, known = account
    service = kind.split("::")[1]
    before = known.get(service) or snapshot_account(cloud, services=(service,))
    key, item = one(before, kind)
    CHANGES[kind, name](cloud, item)
    known[service] = snapshot_account(cloud, services=(service,))
    lines = diff(before, known[service])
    if name in NOT_LISTED:
        role = cloud.observer("iam").get_role(RoleName="made")["Role"]
        assert role[name] in ("changed behind", 43200)
        return
    assert lines and all(line.startswith(f"changed: {key}") for line in lines), lines


def test_deletes(account):
    cloud, _ = account
    order = ("ECS::Service", "ECS::TaskDefinition", "ECS::Cluster", "Route53::RecordSet", "Route53::HostedZone", "Logs::LogGroup",
             "S3::Bucket", "EC2::SecurityGroup", "EC2::Subnet", "EC2::InternetGateway", "EC2::RouteTable", "EC2::VPC", "IAM::Role")
    iam = cloud.observer("iam")
    for policy in iam.list_attached_role_policies(RoleName="made")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="made", PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName="made")["PolicyNames"]:
        iam.delete_role_policy(RoleName="made", PolicyName=name)
    for name in order:
        service = (name.split("::")[0],)
        key, item = one(snapshot_account(cloud, services=service), "AWS::" + name)
        DELETES["AWS::" + name](cloud, item)
        assert key not in snapshot_account(cloud, services=service)
    assert {"AWS::" + name for name in order} == set(DELETES)
