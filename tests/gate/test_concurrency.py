"""Many connections at once: nothing hangs, nothing is mixed up, nothing of the gate breaks."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

from tests.gate import server
from tests.gate.test_shims import TRUST
from tests.harness import diff, snapshot_account

THREADS = 8


def clients(gate) -> list:
    session = boto3.session.Session()
    return [session.client(service, region_name="us-east-1", endpoint_url=gate.url, aws_access_key_id=server.DEFAULT_KEY,
                           aws_secret_access_key=server.DEFAULT_SECRET,
                           config=Config(retries={"total_max_attempts": 8, "mode": "standard"}, max_pool_connections=THREADS,
                                         s3={"addressing_style": "path"})) for service in ("ec2", "ecs", "iam", "s3", "logs")]


def life(number: int, ec2, ecs, iam, s3, logs) -> None:
    """One stack from its first call to its last."""
    name = f"stack-{number}"
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": p, "ToPort": p, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]} for p in (80, 443)])
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    logs.create_log_group(logGroupName=f"/{name}")
    s3.create_bucket(Bucket=name)
    ecs.create_cluster(clusterName=name)
    definition = ecs.register_task_definition(
        family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512", executionRoleArn=role,
        containerDefinitions=[{"name": "m", "image": "i"}])["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster=name, serviceName=name, taskDefinition=definition, desiredCount=1, launchType="FARGATE",
                       networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}}, clientToken=name)
    service = ecs.describe_services(cluster=name, services=[name])["services"][0]
    assert service["taskDefinition"] == definition and service["runningCount"] == 1
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"] == vpc
    ecs.delete_service(cluster=name, service=name, force=True)
    ecs.delete_cluster(cluster=name)
    ecs.deregister_task_definition(taskDefinition=definition)
    s3.delete_bucket(Bucket=name)
    logs.delete_log_group(logGroupName=f"/{name}")
    iam.delete_role(RoleName=name)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_many_at_once(cloud, gate):
    before = snapshot_account(cloud)
    gate.faults.configure(seed=3, throttle=0.05, latency_ms=1)
    shared = clients(gate)                   # they are safe to share, and retry as a client should
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(life, i + 1, *shared) for i in range(THREADS)]:
            done.result(timeout=60)
    assert gate.quiesce()
    assert gate.stats.violations == [] and gate.stats.emulator_failures == []
    assert gate.stats.max_in_flight >= 2 and gate.stats.connections >= THREADS
    assert sorted(cloud.mutations()).count("ec2:DeleteVpc") >= THREADS
    gate.faults.clear()
    assert diff(before, snapshot_account(cloud)) == []
