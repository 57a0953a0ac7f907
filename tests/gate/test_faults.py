"""Faults: deterministic, shaped as AWS shapes them, and eventual consistency."""
from __future__ import annotations

import json
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (ClientError, ConnectionClosedError, EndpointConnectionError, HTTPClientError,
                                 ReadTimeoutError, ResponseStreamingError)
from botocore.parsers import ResponseParserError

from tests.gate import server
from tests.gate.test_shims import TRUST, code
from tests.harness.cloud import wait_until

LOST = (ConnectionClosedError, EndpointConnectionError, HTTPClientError, ReadTimeoutError, ResponseParserError,
        ResponseStreamingError)


def failing(cloud, service, operation, **params):
    """HTTP status and code of a call that answers an error."""
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**params)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("service, operation, want", [
    ("ec2", "describe_vpcs", (503, "RequestLimitExceeded")), ("iam", "list_roles", (400, "Throttling")),
    ("ecs", "list_clusters", (400, "ThrottlingException")), ("s3", "list_buckets", (503, "SlowDown")),
    ("route53", "list_hosted_zones", (400, "Throttling")), ("lambda", "list_functions", (429, "TooManyRequestsException")),
    ("sqs", "list_queues", (403, "RequestThrottled"))])
def test_throttling_per_protocol(cloud, gate, service, operation, want):
    gate.faults.configure(throttle=1.0)
    assert failing(cloud, service, operation) == want


@pytest.mark.parametrize("service, operation", [("ec2", "describe_vpcs"), ("iam", "list_roles"), ("ecs", "list_clusters"),
                                                ("s3", "list_buckets"), ("route53", "list_hosted_zones")])
def test_server_errors(cloud, gate, service, operation):
    for action, status in (("internal", 500), ("unavailable", 503)):
        rule = gate.faults.add_rule(op=f"{service}:*", action=action)
        got, name = failing(cloud, service, operation)
        assert got == status and name not in ("", str(status))
        gate.faults.rules.remove(rule)
    gate.faults.add_rule(op=f"{service}:*", action="html")
    with pytest.raises((ClientError, ResponseParserError)):
        getattr(cloud.client(service), operation)()


@pytest.mark.parametrize("action, effect", [("reset_before", 0), ("reset_after", 1), ("truncate", 1), ("hang", 0), ("close", 1)])
def test_lost_answers(cloud, gate, action, effect):
    have = len(cloud.observer("ec2").describe_vpcs()["Vpcs"])
    gate.faults.add_rule(op="CreateVpc", action=action, ms=50, times=1)
    if action == "close":
        cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        time.sleep(0.1)                      # the client is to notice before it uses the connection again
        cloud.client("ec2").describe_vpcs()
    else:
        with pytest.raises(LOST):
            cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert gate.quiesce()
    assert len(cloud.observer("ec2").describe_vpcs()["Vpcs"]) - have == effect
    assert gate.stats.log[0].took_effect is bool(effect) and gate.stats.log[0].fault == action


def test_identical_create_after_a_lost_answer_is_a_violation(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.add_rule(op="CreateVpc", action="reset_after", times=1)
    with pytest.raises(LOST):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert code(ec2.create_vpc, CidrBlock="10.0.0.0/16") == "GateViolation"
    assert [v.kind for v in gate.stats.take_violations()] == ["duplicate-create"]
    ec2.create_vpc(CidrBlock="10.1.0.0/16")


def test_create_after_delete_and_after_a_refusal_is_none(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.add_rule(op="CreateVpc", action="throttle", times=1)
    assert code(ec2.create_vpc, CidrBlock="10.0.0.0/16") == "RequestLimitExceeded"
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=made)
    ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_same_seed_same_faults(cloud, gate):
    def run(seed):
        cloud.reset()
        gate.faults.configure(seed=seed, throttle=0.2, internal=0.1)
        return [code(cloud.client("ec2").describe_vpcs, VpcIds=[f"vpc-{i:08x}"]) for i in range(40)]
    first = run(7)
    assert run(7) == first
    assert run(8) != first
    assert 4 < sum(c in ("RequestLimitExceeded", "InternalError") for c in first) < 24


def test_faults_do_not_last_for_ever(cloud, gate):
    gate.faults.configure(throttle=1.0, max_repeat=3)
    codes = [code(cloud.client("ecs").list_clusters) for _ in range(8)]
    assert codes == ["ThrottlingException"] * 3 + [""] + ["ThrottlingException"] * 3 + [""]


def test_token_bucket(cloud, gate):
    gate.faults.configure(bucket_rate=0.001, bucket_burst=3)
    codes = [code(cloud.client("ecs").list_clusters) for _ in range(5)]
    assert codes == ["", "", "", "ThrottlingException", "ThrottlingException"]
    assert code(cloud.client("ec2").describe_vpcs) == ""


def test_latency(cloud, gate):
    gate.faults.configure(latency_ms=80)
    begin = time.monotonic()
    cloud.client("ecs").list_clusters()
    assert time.monotonic() - begin >= 0.08


# -- credentials ----------------------------------------------------------

@pytest.mark.parametrize("service, operation, want", [
    ("ec2", "describe_vpcs", (400, "RequestExpired")), ("iam", "list_roles", (403, "ExpiredToken")),
    ("ecs", "list_clusters", (400, "ExpiredTokenException")), ("s3", "list_buckets", (400, "ExpiredToken")),
    ("route53", "list_hosted_zones", (403, "ExpiredToken")), ("lambda", "list_functions", (403, "ExpiredTokenException"))])
def test_expired_credentials(cloud, gate, service, operation, want):
    getattr(cloud.client(service), operation)()
    gate.credentials[server.DEFAULT_KEY].expired = True
    assert failing(cloud, service, operation) == want
    assert gate.stats.violations == []


def test_credentials_expire_at_a_call(cloud, gate):
    gate.faults.add_rule(op="CreateVpc", nth=2, action="expire_credentials")
    ec2 = cloud.client("ec2")
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert code(ec2.create_vpc, CidrBlock="10.1.0.0/16") == "RequestExpired"
    assert code(ec2.describe_vpcs) == "RequestExpired"


def test_assumed_role_is_known(cloud, gate):
    given = cloud.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/x", RoleSessionName="abc")["Credentials"]
    other = boto3.session.Session().client(
        "sts", region_name="us-east-1", endpoint_url=gate.url, aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}))
    assert other.get_caller_identity()["Account"] == "111122223333"


def test_clock_offset(cloud, gate):
    gate.clock_offset_s = 1000
    assert failing(cloud, "s3", "list_buckets") == (403, "RequestTimeTooSkewed")
    assert failing(cloud, "iam", "list_roles") == (403, "SignatureDoesNotMatch")
    assert gate.stats.violations == []


# -- eventual consistency -------------------------------------------------

def test_new_ec2_objects_are_not_found_at_first(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.configure(invisible_ms=60000)
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    own = [{"Name": "vpc-id", "Values": [made]}]
    assert code(ec2.describe_vpcs, VpcIds=[made]) == "InvalidVpcID.NotFound"
    assert ec2.describe_vpcs(Filters=own)["Vpcs"] == []
    assert made not in [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]]
    assert code(ec2.create_subnet, VpcId=made, CidrBlock="10.0.0.0/24") == "InvalidVpcID.NotFound"
    gate.faults.configure(invisible_ms=0)
    assert ec2.describe_vpcs(Filters=own)["Vpcs"][0]["VpcId"] == made
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=made)["GroupId"]
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]


def test_invisible_ends_by_itself(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.configure(invisible_ms=300)
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    assert code(ec2.describe_internet_gateways, InternetGatewayIds=[made]) == "InvalidInternetGatewayID.NotFound"
    wait_until(lambda: code(ec2.describe_internet_gateways, InternetGatewayIds=[made]) == "", 2)


def test_new_objects_of_other_services_are_not_found_at_first(cloud, gate):
    ecs, iam, s3, logs, route53 = (cloud.client(s) for s in ("ecs", "iam", "s3", "logs", "route53"))
    gate.faults.configure(invisible_ms=60000)
    ecs.create_cluster(clusterName="c")
    assert ecs.describe_clusters(clusters=["c"])["failures"][0]["reason"] == "MISSING"
    assert ecs.list_clusters()["clusterArns"] == []
    assert code(ecs.list_services, cluster="c") == "ClusterNotFoundException"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert code(iam.get_role, RoleName="r") == "NoSuchEntity"
    assert iam.list_roles()["Roles"] == []
    assert iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"] == []
    s3.create_bucket(Bucket="some-bucket")
    assert s3.list_buckets()["Buckets"] == []
    assert code(s3.head_bucket, Bucket="some-bucket") == "404"
    assert code(s3.get_bucket_versioning, Bucket="some-bucket") == "NoSuchBucket"
    logs.create_log_group(logGroupName="/a")
    assert logs.describe_log_groups()["logGroups"] == []
    zone = route53.create_hosted_zone(Name="x.test", CallerReference="1")["HostedZone"]["Id"]
    assert code(route53.get_hosted_zone, Id=zone) == "NoSuchHostedZone"
    assert route53.list_hosted_zones()["HostedZones"] == []
    assert cloud.observer("s3").list_buckets()["Buckets"]


def test_stale_reads(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.configure(stale_ms=300)
    before = len(ec2.describe_vpcs()["Vpcs"])
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    wait_until(lambda: len(ec2.describe_vpcs()["Vpcs"]) == before + 1, 2)
    assert len(cloud.observer("ec2").describe_vpcs()["Vpcs"]) == before + 1


def test_pending_states(cloud, gate):
    ec2 = cloud.client("ec2")
    gate.faults.configure(pending_ms=60000)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert vpc["State"] == "pending"
    assert ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24")["Subnet"]["State"] == "pending"
    assert ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "pending"
    gate.faults.configure(pending_ms=0)
    assert ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "available"


def test_a_new_role_cannot_be_used_at_first(cloud, gate):
    iam, ecs = cloud.client("iam"), cloud.client("ecs")
    gate.faults.configure(iam_propagation_ms=60000)
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]})
    with pytest.raises(ClientError, match="Invalid principal in policy"):
        iam.create_role(RoleName="s", AssumeRolePolicyDocument=trust)
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", executionRoleArn=arn, containerDefinitions=[
        {"name": "m", "image": "i", "memory": 64}])
    service = {"cluster": "c", "serviceName": "s", "taskDefinition": "f", "desiredCount": 1, "clientToken": "t"}
    with pytest.raises(ClientError, match="assume the service linked role"):
        ecs.create_service(**service)
    gate.faults.configure(iam_propagation_ms=0)
    ecs.create_service(**service)
