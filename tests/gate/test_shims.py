"""Each shim: what AWS does is what a client sees through the gate."""
from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.gate import shims

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def code(call, *args, **params) -> str:
    """The error code a call answers, '' when it succeeds."""
    try:
        call(*args, **params)
    except ClientError as err:
        return err.response["Error"]["Code"]
    return ""


@pytest.fixture
def ec2(cloud):
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(ec2, vpc):
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]


def test_every_shim_says_what_it_mends():
    names = [s.name for s in shims.TABLE]
    assert len(set(names)) == len(names) and len(names) > 40
    for shim in shims.TABLE:
        assert shim.operations and shim.moto and shim.aws and shim.source.startswith("https://"), shim.name
        assert shim.before or shim.after
    assert "moto" in shims.gap("ec2-prefix-list-description")


# -- EC2 ------------------------------------------------------------------

def test_dry_run(ec2):
    before = len(ec2.describe_vpcs()["Vpcs"])
    assert code(ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True) == "DryRunOperation"
    assert len(ec2.describe_vpcs()["Vpcs"]) == before


@pytest.mark.parametrize("operation, key, ids", [
    ("describe_vpcs", "Vpcs", "VpcIds"), ("describe_subnets", "Subnets", "SubnetIds"),
    ("describe_route_tables", "RouteTables", "RouteTableIds"), ("describe_security_groups", "SecurityGroups", "GroupIds"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayIds"),
    ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleIds")])
def test_ec2_paging(cloud, ec2, operation, key, ids):
    direct = cloud.direct("ec2")
    for i in range(7):
        made = direct.create_vpc(CidrBlock=f"10.{i}.0.0/16")["Vpc"]["VpcId"]
        direct.create_subnet(VpcId=made, CidrBlock=f"10.{i}.0.0/24")
        direct.create_internet_gateway()
    everything = getattr(ec2, operation)()[key]
    pages = list(ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 1 and all(len(p[key]) <= 5 for p in pages)
    assert [i for p in pages for i in p[key]] == everything
    ident = everything[0][ids.removesuffix("s")]
    assert code(getattr(ec2, operation), **{ids: [ident], "MaxResults": 5}) == "InvalidParameterCombination"
    assert code(getattr(ec2, operation), NextToken="nonsense") == "InvalidNextToken"


def test_tag_specifications(ec2, vpc):
    tags = [{"Key": "a", "Value": "b"}]
    wrong = [{"ResourceType": "subnet", "Tags": tags}]
    assert code(ec2.create_vpc, CidrBlock="10.1.0.0/16", TagSpecifications=wrong) == "InvalidParameterValue"
    assert code(ec2.create_tags, Resources=[vpc], Tags=[{"Key": "aws:a", "Value": "b"}]) == "InvalidParameterValue"
    assert code(ec2.create_tags, Resources=[vpc], Tags=tags + tags) == "InvalidParameterValue"
    ec2.create_tags(Resources=[vpc], Tags=tags)


def test_canonical_cidr(ec2, vpc):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "10.1.2.3/8"}]}])
    shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"]
    assert shown == [{"CidrIp": "10.0.0.0/8"}]
    bad = [{**permission, "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}]
    assert code(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=bad) == "InvalidParameterValue"


def test_one_attribute_a_call(ec2, vpc, subnet):
    on = {"Value": True}
    assert code(ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsSupport=on, EnableDnsHostnames=on) == "InvalidParameterCombination"
    assert code(ec2.modify_subnet_attribute, SubnetId=subnet, MapPublicIpOnLaunch=on,
                EnableDns64=on) == "InvalidParameterCombination"


def test_subnet_attributes_are_kept(ec2, subnet):
    def shown():
        return ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    assert shown()["EnableDns64"] is False
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    assert shown()["EnableDns64"] is True
    assert shown()["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "resource-name"


def test_one_internet_gateway(ec2, vpc):
    gateways = [ec2.create_internet_gateway(TagSpecifications=[{"ResourceType": "internet-gateway", "Tags": [
        {"Key": "n", "Value": str(i)}]}])["InternetGateway"]["InternetGatewayId"] for i in range(2)]
    ec2.attach_internet_gateway(InternetGatewayId=gateways[0], VpcId=vpc)
    assert code(ec2.attach_internet_gateway, InternetGatewayId=gateways[1], VpcId=vpc) == "InvalidParameterValue"
    assert code(ec2.attach_internet_gateway, InternetGatewayId=gateways[0], VpcId=vpc) == "Resource.AlreadyAssociated"


def test_vpc_in_use(ec2, vpc):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    assert code(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=group)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert code(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)


def test_routes(ec2, vpc):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    assert code(ec2.create_route, **route) == "MissingParameter"
    assert code(ec2.create_route, **route, GatewayId=gateway) == "InvalidParameterValue"
    assert code(ec2.create_route, **route, GatewayId=gateway, NatGatewayId="nat-1") == "InvalidParameterCombination"
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(**route, GatewayId=gateway)
    assert code(ec2.create_route, **route, GatewayId=gateway) == "RouteAlreadyExists"
    assert code(ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.0.0.0/16") == "InvalidParameterValue"
    ec2.delete_route(**route)


def test_route_table_association(ec2, vpc, subnet):
    one = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    two = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)
    assert code(ec2.associate_route_table, RouteTableId=two, SubnetId=subnet) == "Resource.AlreadyAssociated"
    ec2.delete_subnet(SubnetId=subnet)
    assert ec2.describe_route_tables(RouteTableIds=[one])["RouteTables"][0]["Associations"] == []
    ec2.delete_route_table(RouteTableId=one)


def test_client_token(ec2, vpc):
    first = ec2.create_route_table(VpcId=vpc, ClientToken="t")["RouteTable"]["RouteTableId"]
    assert ec2.create_route_table(VpcId=vpc, ClientToken="t")["RouteTable"]["RouteTableId"] == first
    assert code(ec2.create_route_table, VpcId=ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"],
                ClientToken="t") == "IdempotentParameterMismatch"
    assert ec2.create_route_table(VpcId=vpc, ClientToken="u")["RouteTable"]["RouteTableId"] != first


def test_security_groups(ec2, vpc):
    def make(name):
        return ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
    assert code(make, "sg-abc") == "InvalidParameterValue"
    one, two = make("one"), make("two")
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": two}]}])
    assert code(ec2.delete_security_group, GroupId=two) == "DependencyViolation"
    ec2.delete_security_group(GroupId=one)
    ec2.delete_security_group(GroupId=two)
    default = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"][0]["GroupId"]
    assert code(ec2.delete_security_group, GroupId=default) == "CannotDelete"


def test_authorize_answers_all_rules(ec2, vpc):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    reply = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": p, "ToPort": p, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]} for p in (1, 2, 3)])
    assert sorted(r["FromPort"] for r in reply["SecurityGroupRules"]) == [1, 2, 3]


# -- S3 -------------------------------------------------------------------

def test_bucket_create(cloud):
    s3 = cloud.client("s3")
    for name in ("Bad_Name", "ab", "a..b", "1.2.3.4", "xn--abc", "-abc"):
        with pytest.raises(ClientError, match="InvalidBucketName"):
            s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket="some-bucket", CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket="some-bucket")["TagSet"] == [{"Key": "a", "Value": "b"}]
    rule = s3.get_bucket_encryption(Bucket="some-bucket")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    block = s3.get_public_access_block(Bucket="some-bucket")["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    owner = s3.get_bucket_ownership_controls(Bucket="some-bucket")["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    s3.delete_public_access_block(Bucket="some-bucket")
    s3.create_bucket(Bucket="some-bucket")   # us-east-1: one's own again is fine and changes nothing
    assert code(s3.get_public_access_block, Bucket="some-bucket") == "NoSuchPublicAccessBlockConfiguration"
    s3.delete_bucket_encryption(Bucket="some-bucket")
    assert s3.get_bucket_encryption(Bucket="some-bucket")["ServerSideEncryptionConfiguration"]["Rules"]


def test_bucket_region(cloud):
    west, east = cloud.client("s3", "us-west-2"), cloud.client("s3")
    west.create_bucket(Bucket="west-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    west.get_bucket_versioning(Bucket="west-bucket")
    assert code(east.create_bucket, Bucket="west-bucket") == "BucketAlreadyOwnedByYou"
    import urllib.request
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from tests.gate import server
    request = AWSRequest("GET", f"{cloud.gate.url}/west-bucket?versioning=")
    S3SigV4Auth(Credentials(server.DEFAULT_KEY, server.DEFAULT_SECRET), "s3", "us-east-1").add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(NoRedirect).open(urllib.request.Request(request.url, headers=dict(request.headers)))
    assert caught.value.code == 301 and caught.value.headers["x-amz-bucket-region"] == "us-west-2"


import urllib.request  # noqa: E402


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def test_bucket_of_somebody_else(cloud):
    cloud.stranger("s3").create_bucket(Bucket="taken-name")
    s3 = cloud.client("s3")
    assert code(s3.create_bucket, Bucket="taken-name") == "BucketAlreadyExists"
    assert code(cloud.client("s3", "us-west-2").create_bucket, Bucket="taken-name",
                CreateBucketConfiguration={"LocationConstraint": "us-west-2"}) == "BucketAlreadyExists"
    assert code(s3.head_bucket, Bucket="taken-name") == "403"
    assert code(s3.put_bucket_tagging, Bucket="taken-name", Tagging={"TagSet": []}) == "AccessDenied"
    assert code(s3.delete_bucket, Bucket="taken-name") == "AccessDenied"
    assert s3.list_buckets()["Buckets"] == []
    assert code(s3.head_bucket, Bucket="no-such-bucket") == "404"


def test_shims_know_accounts(cloud, gate):
    """An assumed role's objects are those of its own account."""
    import boto3
    given = cloud.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/x", RoleSessionName="abc")["Credentials"]
    other = boto3.session.Session().client(
        "ecs", region_name="us-east-1", endpoint_url=gate.url, aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
    cloud.client("ecs").create_cluster(clusterName="c")
    assert other.create_cluster(clusterName="c")["cluster"]["clusterArn"].split(":")[4] == "111122223333"


def test_bucket_policy_and_notification(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="b-one")
    assert code(s3.put_bucket_policy, Bucket="b-one", Policy="nonsense") == "MalformedPolicy"
    s3.put_bucket_notification_configuration(Bucket="b-one", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket="b-one")["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket="b-one", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="b-one")


def test_bucket_lifecycle_and_replication(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="b-one")
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 5, "NewerNoncurrentVersions": 3}},
        {"ID": "b", "Status": "Enabled", "Expiration": {"Days": 9},
         "Filter": {"And": {"Prefix": "y/", "ObjectSizeGreaterThan": 500, "ObjectSizeLessThan": 5000}}},
        {"ID": "c", "Status": "Disabled", "Expiration": {"Days": 9}, "Filter": {"ObjectSizeGreaterThan": 500}}]
    s3.put_bucket_lifecycle_configuration(Bucket="b-one", LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket="b-one")["Rules"] == rules
    for rule, want in (({"Expiration": {"Days": 9}}, "MalformedXML"), ({"Filter": {"Prefix": ""}}, "InvalidRequest")):
        assert code(s3.put_bucket_lifecycle_configuration, Bucket="b-one", LifecycleConfiguration={
            "Rules": [{"ID": "a", "Status": "Enabled", **rule}]}) == want
    s3.put_bucket_versioning(Bucket="b-one", VersioningConfiguration={"Status": "Enabled"})
    replication = {"Role": "arn:aws:iam::123456789012:role/r", "Rules": [
        {"ID": "x", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "a"},
         "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": "arn:aws:s3:::b-one"}}]}
    s3.put_bucket_replication(Bucket="b-one", ReplicationConfiguration=replication)
    assert s3.get_bucket_replication(Bucket="b-one")["ReplicationConfiguration"] == replication


def test_object_lock_period(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="b-one", ObjectLockEnabledForBucket=True)
    for period in ({"Days": 3}, {"Years": 1}):
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}}
        s3.put_object_lock_configuration(Bucket="b-one", ObjectLockConfiguration=lock)
        assert s3.get_object_lock_configuration(Bucket="b-one")["ObjectLockConfiguration"] == lock


def test_bucket_paging(cloud):
    s3 = cloud.client("s3")
    for i in range(5):
        s3.create_bucket(Bucket=f"bucket-{i}")
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2}))
    assert [[b["Name"][-1] for b in p["Buckets"]] for p in pages] == [["0", "1"], ["2", "3"], ["4"]]


def test_configurations_with_an_id(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="b-one")
    wanted = {"Id": "m", "Filter": {"Prefix": "a/"}}
    s3.put_bucket_metrics_configuration(Bucket="b-one", Id="m", MetricsConfiguration=wanted)
    assert s3.get_bucket_metrics_configuration(Bucket="b-one", Id="m")["MetricsConfiguration"] == wanted
    assert s3.list_bucket_metrics_configurations(Bucket="b-one")["MetricsConfigurationList"] == [wanted]
    assert code(s3.get_bucket_analytics_configuration, Bucket="b-one", Id="m") == "NoSuchConfiguration"
    assert code(s3.delete_bucket_analytics_configuration, Bucket="b-one", Id="m") == "NoSuchConfiguration"
    s3.delete_bucket_metrics_configuration(Bucket="b-one", Id="m")
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket="b-one")
    assert code(s3.list_bucket_inventory_configurations, Bucket="none-such") == "NoSuchBucket"
    s3.head_bucket(Bucket="b-one")


def test_settings_of_a_bucket(cloud, gate):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="b-one")
    assert s3.get_bucket_request_payment(Bucket="b-one")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="b-one", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="b-one")["Payer"] == "Requester"
    assert s3.get_bucket_abac(Bucket="b-one")["AbacStatus"] == {"Status": "Disabled"}
    s3.delete_bucket(Bucket="b-one")
    assert code(s3.get_bucket_policy_status, Bucket="b-one") == "EmulatorFailure"
    gate.stats.emulator_failures.clear()     # this one was meant


# -- ECS ------------------------------------------------------------------

@pytest.fixture
def ecs(cloud):
    return cloud.client("ecs")


@pytest.fixture
def service(cloud, ecs, subnet):
    """Makes a service; returns the parameters and the subnet."""
    ecs.create_cluster(clusterName="c")
    register(ecs, "nginx:1")
    return {"cluster": "c", "serviceName": "s", "taskDefinition": "f:1", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED"}},
            "clientToken": "t", "healthCheckGracePeriodSeconds": 30, "enableExecuteCommand": True,
            "enableECSManagedTags": True, "availabilityZoneRebalancing": "DISABLED", "propagateTags": "SERVICE",
            "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50,
                                        "deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            "tags": [{"key": "a", "value": "b"}]}


def register(ecs, image: str, family: str = "f") -> str:
    return ecs.register_task_definition(
        family=family, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        containerDefinitions=[{"name": "m", "image": image, "portMappings": [{"containerPort": 80}]}],
    )["taskDefinition"]["taskDefinitionArn"]


def shown(ecs) -> dict:
    return ecs.describe_services(cluster="c", services=["s"], include=["TAGS"])["services"][0]


def test_cluster(ecs):
    ecs.create_cluster(clusterName="c", settings=[{"name": "containerInsights", "value": "enabled"}],
                       tags=[{"key": "a", "value": "b"}])
    again = ecs.create_cluster(clusterName="c")["cluster"]
    assert again["settings"] == [{"name": "containerInsights", "value": "enabled"}] and again["tags"]
    ecs.update_cluster_settings(cluster="c", settings=[{"name": "containerInsights", "value": "enhanced"}])
    now = ecs.describe_clusters(clusters=["c"], include=["SETTINGS"])["clusters"][0]
    assert now["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    ecs.delete_cluster(cluster="c")
    assert ecs.list_clusters()["clusterArns"] == []
    assert code(ecs.delete_cluster, cluster="c") == "ClusterNotFoundException"
    assert ecs.create_cluster(clusterName="c")["cluster"]["status"] == "ACTIVE"


def test_task_definition(ecs):
    assert code(ecs.register_task_definition, family="e", containerDefinitions=[]) == "ClientException"
    assert code(ecs.register_task_definition, family="e", containerDefinitions=[{"name": "m"}]) == "ClientException"
    assert code(ecs.register_task_definition, family="e", requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
                containerDefinitions=[{"name": "m", "image": "i"}]) == "ClientException"
    register(ecs, "nginx")
    container = ecs.describe_task_definition(taskDefinition="f")["taskDefinition"]["containerDefinitions"][0]
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]
    assert container["systemControls"] == []


def test_service_create(ecs, service):
    ecs.create_service(**service)
    now = shown(ecs)
    for name in ("healthCheckGracePeriodSeconds", "enableExecuteCommand", "enableECSManagedTags",
                 "availabilityZoneRebalancing", "propagateTags", "tags", "networkConfiguration"):
        assert now[name] == service[name] or now[name]["awsvpcConfiguration"]["subnets"], name
    assert now["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (now["runningCount"], now["pendingCount"], len(now["deployments"])) == (2, 0, 1)
    assert now["deployments"][0]["rolloutState"] == "COMPLETED"
    assert ecs.describe_clusters(clusters=["c"])["clusters"][0]["runningTasksCount"] == 2


def test_service_is_idempotent_by_token(ecs, service):
    arn = ecs.create_service(**service)["service"]["serviceArn"]
    assert ecs.create_service(**service)["service"]["serviceArn"] == arn
    with pytest.raises(ClientError, match="not idempotent"):
        ecs.create_service(**{**service, "clientToken": "other"})
    with pytest.raises(ClientError, match="not idempotent"):
        ecs.create_service(**{**service, "desiredCount": 5})
    assert shown(ecs)["desiredCount"] == 2


def test_service_update_rolls(gate, ecs, service):
    ecs.create_service(**service)
    second = register(ecs, "nginx:2")
    gate.faults.configure(pending_ms=200)
    ecs.update_service(cluster="c", service="s", taskDefinition="f:2")
    now = shown(ecs)
    assert now["taskDefinition"] == second and len(now["deployments"]) == 2
    assert [d["status"] for d in now["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert now["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    gate.faults.configure(pending_ms=0)
    now = shown(ecs)
    assert len(now["deployments"]) == 1 and now["deployments"][0]["rolloutState"] == "COMPLETED"
    ecs.update_service(cluster="c", service="s", desiredCount=3)
    assert len(shown(ecs)["deployments"]) == 1 and shown(ecs)["runningCount"] == 3


def test_service_rolls_back(gate, ecs, service):
    first = ecs.create_service(**service)["service"]["taskDefinition"]
    register(ecs, "broken:1")
    gate.faults.configure(failing_images=["broken"])
    assert len(ecs.list_tasks(cluster="c", serviceName="s")["taskArns"]) == 2
    ecs.update_service(cluster="c", service="s", taskDefinition="f:2")
    assert shown(ecs)["taskDefinition"] == first
    stopped = ecs.list_tasks(cluster="c", serviceName="s", desiredStatus="STOPPED")["taskArns"]
    task = ecs.describe_tasks(cluster="c", tasks=stopped)["tasks"][0]
    assert "broken:1" in task["stoppedReason"] and task["lastStatus"] == "STOPPED"


def test_service_delete(gate, ecs, ec2, service, subnet):
    ecs.create_service(**service)
    gate.faults.configure(pending_ms=60000)
    assert code(ecs.delete_cluster, cluster="c") == "ClusterContainsServicesException"
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
    assert ecs.delete_service(cluster="c", service="s", force=True)["service"]["status"] == "DRAINING"
    assert code(ecs.create_service, **service) == "InvalidParameterException"
    gate.faults.configure(pending_ms=0)
    now = shown(ecs)
    assert (now["status"], now["desiredCount"], now["runningCount"], now["deployments"]) == ("INACTIVE", 0, 0, [])
    assert ecs.list_services(cluster="c")["serviceArns"] == []
    assert code(ecs.delete_service, cluster="c", service="s", force=True) == "ServiceNotFoundException"
    assert code(ecs.update_service, cluster="c", service="s", desiredCount=1) == "ServiceNotActiveException"
    ec2.delete_subnet(SubnetId=subnet)
    ecs.delete_cluster(cluster="c")


def test_service_refusals(ecs, service):
    assert code(ecs.describe_services, cluster="c", services=[f"s{i}" for i in range(11)]) == "InvalidParameterException"
    without = {k: v for k, v in service.items() if k != "networkConfiguration"}
    assert code(ecs.create_service, **without) == "InvalidParameterException"
    ecs.deregister_task_definition(taskDefinition="f:1")
    assert code(ecs.create_service, **service) == "ClientException"


# -- IAM, Logs ------------------------------------------------------------

def test_role(cloud):
    iam = cloud.client("iam")
    for text in ('{"a":', "{}", '{"Statement": [{"Effect": "Allow", "Action": "a"}]}'):
        assert code(iam.create_role, RoleName="r", AssumeRolePolicyDocument=text) == "MalformedPolicyDocument"
    none = "arn:aws:iam::123456789012:policy/none"
    assert code(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=none) == "NoSuchEntity"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert code(iam.create_role, RoleName="R", AssumeRolePolicyDocument=TRUST) == "EntityAlreadyExists"
    assert code(iam.delete_role_permissions_boundary, RoleName="r") == "NoSuchEntity"
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.delete_role_permissions_boundary(RoleName="r")


def test_account_details_paging(cloud):
    iam = cloud.client("iam")
    for i in range(5):
        iam.create_role(RoleName=f"r{i}", AssumeRolePolicyDocument=TRUST)
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"], PaginationConfig={"PageSize": 2}))
    assert [len(p["RoleDetailList"]) for p in pages] == [2, 2, 1]
    assert [r["RoleName"] for p in pages for r in p["RoleDetailList"]] == [f"r{i}" for i in range(5)]


def test_log_group(cloud):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/a", logGroupClass="INFREQUENT_ACCESS")
    assert code(logs.put_retention_policy, logGroupName="/a", retentionInDays=2) == "InvalidParameterException"
    key = "arn:aws:kms:us-east-1:123456789012:key/abc"
    logs.associate_kms_key(logGroupName="/a", kmsKeyId=key)
    group = logs.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]
    assert (group["logGroupClass"], group["kmsKeyId"]) == ("INFREQUENT_ACCESS", key)
    logs.disassociate_kms_key(logGroupName="/a")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    assert code(logs.associate_kms_key, logGroupName="/none", kmsKeyId=key) == "ResourceNotFoundException"


def test_log_group_policies(cloud):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/a", deletionProtectionEnabled=True)
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier="/a")
    logs.put_data_protection_policy(logGroupIdentifier="/a", policyDocument="{}")
    assert logs.get_data_protection_policy(logGroupIdentifier="/a")["policyDocument"] == "{}"
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument='{"Fields": ["x"]}')
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a"
    assert logs.describe_index_policies(logGroupIdentifiers=[arn])["indexPolicies"][0]["policyDocument"] == '{"Fields": ["x"]}'
    logs.delete_index_policy(logGroupIdentifier="/a")
    assert logs.describe_index_policies(logGroupIdentifiers=["/a"])["indexPolicies"] == []
    group = logs.describe_log_groups()["logGroups"][0]
    assert group["dataProtectionStatus"] == "ACTIVATED" and group["deletionProtectionEnabled"] is True
    assert code(logs.delete_log_group, logGroupName="/a") == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier="/a", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="/a")
    assert code(logs.put_index_policy, logGroupIdentifier="/a", policyDocument="{}") == "ResourceNotFoundException"


def test_account_details_are_encoded(cloud, gate):
    cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    from tests.gate.shims.base import Context
    seen = []
    original = Context.edit_xml
    Context.edit_xml = lambda self, *a: seen.append(original(self, *a)) or seen[-1]
    try:
        cloud.client("iam").get_account_authorization_details(Filter=["Role"])
    finally:
        Context.edit_xml = original
    assert b"<AssumeRolePolicyDocument>%7B%22Version%22" in seen[0].body


# -- Route 53 -------------------------------------------------------------

@pytest.fixture
def zone(cloud):
    reply = cloud.client("route53").create_hosted_zone(Name="x.test", CallerReference="one")
    return reply["HostedZone"]["Id"].rsplit("/", 1)[1]


A = {"Name": "a.x.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "1.2.3.4"}]}
ALIAS = {"Name": "al.x.test", "Type": "A", "AliasTarget": {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "D.cloudfront.net",
                                                         "EvaluateTargetHealth": False}}


def change(route53, zone, *changes) -> str:
    batch = {"Changes": [{"Action": a, "ResourceRecordSet": r} for a, r in changes]}
    return code(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=batch)


def names(route53, zone) -> list:
    return [r["Name"] for r in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][2:]]


def test_hosted_zone(cloud, zone, vpc):
    route53 = cloud.client("route53")
    assert code(route53.create_hosted_zone, Name="x.test", CallerReference="one") == "HostedZoneAlreadyExists"
    made = route53.create_hosted_zone(Name="p.test", CallerReference="two", VPC={"VPCRegion": "us-east-1", "VPCId": vpc})
    assert made["HostedZone"]["Config"]["PrivateZone"] is True
    assert route53.get_hosted_zone(Id=made["HostedZone"]["Id"])["HostedZone"]["Config"]["PrivateZone"] is True
    shown = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])["VPCs"]
    assert shown == [{"VPCRegion": "us-east-1", "VPCId": vpc}]
    assert {z["Name"]: z["Config"]["PrivateZone"] for z in route53.list_hosted_zones()["HostedZones"]} == {
        "x.test.": False, "p.test.": True}


def test_record_changes(cloud, zone):
    route53 = cloud.client("route53")
    assert change(route53, zone, ("CREATE", A), ("CREATE", ALIAS), ("CREATE", {**A, "Name": "*.x.test."})) == ""
    assert names(route53, zone) == ["\\052.x.test.", "a.x.test.", "al.x.test."]
    assert change(route53, zone, ("CREATE", {**A, "Name": "A.x.test."})) == "InvalidChangeBatch"
    assert change(route53, zone, ("CREATE", {**A, "Name": "n.x.test"}), ("CREATE", A)) == "InvalidChangeBatch"
    assert len(names(route53, zone)) == 3
    assert change(route53, zone, ("DELETE", {**A, "TTL": 61})) == "InvalidChangeBatch"
    assert change(route53, zone, ("DELETE", {**A, "Name": "none.x.test"})) == "InvalidChangeBatch"
    cname = {"Name": "a.x.test", "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "b.x.test"}]}
    assert change(route53, zone, ("CREATE", cname)) == "InvalidChangeBatch"
    assert change(route53, zone, ("DELETE", A), ("CREATE", cname)) == ""
    assert change(route53, zone, ("DELETE", cname), ("CREATE", A)) == ""
    assert change(route53, zone, ("UPSERT", {**A, "TTL": 61})) == ""
    assert change(route53, zone, ("CREATE", {**A, "Name": "o.other.test"})) == "InvalidChangeBatch"
    assert change(route53, zone, ("CREATE", {**A, "Name": "i.x.test", "ResourceRecords": [{"Value": "1.2.3"}]})) == "InvalidChangeBatch"
    assert change(route53, zone, ("CREATE", {"Name": "t.x.test", "Type": "A", "ResourceRecords": [{"Value": "1.2.3.4"}]})) == "InvalidInput"
    assert change(route53, zone, ("DELETE", {**A, "TTL": 61}), ("DELETE", ALIAS), ("DELETE", {**A, "Name": "*.x.test."})) == ""
    assert names(route53, zone) == []
    route53.delete_hosted_zone(Id=zone)


def test_records_are_shown_as_aws_does(cloud, zone):
    route53 = cloud.client("route53")
    change(route53, zone, ("CREATE", ALIAS))
    soa, alias = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][1:]
    assert soa["ResourceRecords"][0]["Value"].startswith("ns-")
    assert "TTL" not in alias and alias["AliasTarget"]["DNSName"] == "d.cloudfront.net."


def test_same_set_identifier_of_two_names(cloud, zone):
    route53 = cloud.client("route53")
    one = {**A, "SetIdentifier": "p", "Weight": 1}
    two = {**one, "Name": "b.x.test"}
    assert change(route53, zone, ("CREATE", one), ("CREATE", two)) == ""
    assert change(route53, zone, ("DELETE", one)) == ""
    assert names(route53, zone) == ["b.x.test."]


def test_change_status(cloud, gate, zone):
    route53 = cloud.client("route53")
    gate.faults.configure(pending_ms=60000)
    info = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": A}]})["ChangeInfo"]
    assert info["Status"] == "PENDING"
    assert route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "PENDING"
    gate.faults.configure(pending_ms=0)
    assert route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert code(route53.get_change, Id="CNONE") == "NoSuchChange"


def test_change_status_of_associations(cloud):
    route53, ec2 = cloud.client("route53"), cloud.client("ec2")
    vpcs = [{"VPCRegion": "us-east-1", "VPCId": ec2.create_vpc(CidrBlock=f"10.{i}.0.0/16")["Vpc"]["VpcId"]} for i in (1, 2)]
    zone = route53.create_hosted_zone(Name="in.test", CallerReference="1", VPC=vpcs[0])["HostedZone"]["Id"]
    for operation in (route53.associate_vpc_with_hosted_zone, route53.disassociate_vpc_from_hosted_zone):
        info = operation(HostedZoneId=zone, VPC=vpcs[1])["ChangeInfo"]
        assert route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"


# -- Application Auto Scaling, SNS --------------------------------------------

SCALED = {"ServiceNamespace": "ecs", "ResourceId": "service/main/web", "ScalableDimension": "ecs:service:DesiredCount"}


def test_scalable_target(cloud):
    client, ecs = cloud.client("application-autoscaling"), cloud.observer("ecs")
    policy = {"PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"}}
    assert code(client.deregister_scalable_target, **SCALED) == "ObjectNotFoundException"
    assert code(client.put_scaling_policy, **SCALED, **policy) == "ObjectNotFoundException"
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="app", containerDefinitions=[{"name": "app", "image": "nginx", "memory": 64}])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="app", desiredCount=1)
    client.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=2)
    assert code(client.delete_scaling_policy, PolicyName="steps", **SCALED) == "ObjectNotFoundException"
    client.put_scaling_policy(**SCALED, **policy)
    client.put_scheduled_action(**SCALED, ScheduledActionName="night", Schedule="rate(1 day)")
    client.deregister_scalable_target(**SCALED)
    assert client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert client.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []


def test_topic_attributes(cloud):
    sns = cloud.client("sns")
    arn = sns.create_topic(Name="a", Attributes={"SignatureVersion": "2"})["TopicArn"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="TracingConfig", AttributeValue="Active")
    shown = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert shown["SignatureVersion"] == "2" and shown["TracingConfig"] == "Active" and shown["TopicArn"] == arn
    sns.delete_topic(TopicArn=arn)
    sns.create_topic(Name="a")
    assert "SignatureVersion" not in sns.get_topic_attributes(TopicArn=arn)["Attributes"]


# -- load balancing -------------------------------------------------------

@pytest.fixture
def balancer(cloud, ec2, vpc):
    nets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone="us-east-1" + z)["Subnet"]["SubnetId"] for i, z in ((5, "a"), (6, "b"))]
    return cloud.client("elbv2").create_load_balancer(Name="one", Subnets=nets)["LoadBalancers"][0]


def test_a_balancers_name_is_its_own(cloud, balancer):
    nets = [z["SubnetId"] for z in balancer["AvailabilityZones"]]
    assert code(cloud.client("elbv2").create_load_balancer, Name="one", Subnets=nets) == "DuplicateLoadBalancerName"


def test_listeners_and_rules(cloud, balancer, vpc):
    elb = cloud.client("elbv2")
    group = elb.create_target_group(Name="g", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    made = dict(LoadBalancerArn=balancer["LoadBalancerArn"], Port=80, Protocol="HTTP", DefaultActions=forward)
    listener = elb.create_listener(**made)["Listeners"][0]["ListenerArn"]
    assert code(elb.create_listener, **made) == "DuplicateListener"
    action = elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"][0]
    assert action["TargetGroupArn"] == group and action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": group, "Weight": 1}]
    rules = [elb.create_rule(ListenerArn=listener, Priority=p, Actions=forward, Conditions=[condition])["Rules"][0]["RuleArn"] for p, condition in (
        (1, {"Field": "path-pattern", "Values": ["/a"]}), (2, {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.test"]}}))]
    seen = [r["Conditions"][0] for r in elb.describe_rules(RuleArns=rules)["Rules"]]
    assert seen[0]["PathPatternConfig"]["Values"] == seen[0]["Values"] == ["/a"]
    assert seen[1]["HostHeaderConfig"]["Values"] == seen[1]["Values"] == ["a.test"]
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": rules[0], "Priority": 2}, {"RuleArn": rules[1], "Priority": 1}])
    assert code(elb.set_rule_priorities, RulePriorities=[{"RuleArn": rules[0], "Priority": 1}]) == "PriorityInUse"
    assert {r["RuleArn"]: r["Priority"] for r in elb.describe_rules(RuleArns=rules)["Rules"]} == {rules[0]: "2", rules[1]: "1"}


def test_managed_policy(cloud):
    iam = cloud.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    shown = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"][0]
    assert shown["PolicyName"] == "p" and shown["PolicyId"].startswith("A")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)
    assert code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


def test_health_check(cloud):
    route53 = cloud.client("route53")
    config = {"Type": "HTTP", "FullyQualifiedDomainName": "a.test", "ResourcePath": "/"}
    ident = route53.create_health_check(CallerReference="one", HealthCheckConfig=config)["HealthCheck"]["Id"]
    assert code(route53.create_health_check, CallerReference="one", HealthCheckConfig=config) == "HealthCheckAlreadyExists"
    assert route53.get_health_check(HealthCheckId=ident)["HealthCheck"]["HealthCheckVersion"] == 1
    route53.update_health_check(HealthCheckId=ident, HealthCheckVersion=1, ResetElements=["ResourcePath"])
    shown = route53.list_health_checks()["HealthChecks"][0]
    assert shown["HealthCheckVersion"] == 2 and "ResourcePath" not in shown["HealthCheckConfig"]
    assert code(route53.update_health_check, HealthCheckId=ident, HealthCheckVersion=1, Port=81) == "HealthCheckVersionMismatch"
    route53.delete_health_check(HealthCheckId=ident)
    assert code(route53.delete_health_check, HealthCheckId=ident) == "NoSuchHealthCheck"


def test_secret_is_cleared(cloud):
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="s", Description="d", KmsKeyId="alias/k", SecretString="x")
    secrets.update_secret(SecretId="s", Description="", KmsKeyId="")
    shown = secrets.describe_secret(SecretId="s")
    assert "Description" not in shown and "KmsKeyId" not in shown
    secrets.update_secret(SecretId="s", Description="e")
    assert secrets.describe_secret(SecretId="s")["Description"] == "e"
    secrets.delete_secret(SecretId="s")
    assert code(secrets.create_secret, Name="s", SecretString="x") == "InvalidRequestException"
