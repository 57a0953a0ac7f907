"""Lookups and secrets: asked of the emulator, recorded once, never shown."""
import json

import pytest

SPEC = """quoin: 1
stack: look
environments:
  dev: { region: us-east-1 }
locals:
  zones: '${lookup("aws.zones")}'
  shared: '${lookup("aws.vpc", {tags = {Name = "shared"}})}'
resources:
  table:
    type: AWS::EC2::RouteTable
    properties: { VpcId: "${shared.VpcId}" }
  task:
    type: AWS::ECS::TaskDefinition
    properties:
      Family: look
      ContainerDefinitions:
        - Name: app
          Image: '${lookup("aws.ssm_parameter", {name = "/images/app"})}'
          Memory: 128
          Environment:
            - { Name: A, Value: '${secret("sm:app/db#password")}' }
            - { Name: B, Value: '${secret("sm:app/db#user")}' }
            - { Name: C, Value: '${secret("ssm:/app/token")}' }
            - { Name: D, Value: '${secret("env:TOKEN")}' }
outputs:
  zones: ${zones}
  caller: '${lookup("aws.caller")}'
  subnets: '${lookup("aws.subnets", {vpc = shared.VpcId})}'
"""
SECRETS = {"A": "pw-0001", "B": "user-0002", "C": "tok-0003", "D": "env-0004"}


@pytest.fixture
def prepared(cloud, quoin):
    ec2 = cloud.direct("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=[
        {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "shared"}]}])["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{i}.0/24")["Subnet"]["SubnetId"] for i in range(3)]
    ssm = cloud.direct("ssm")
    ssm.put_parameter(Name="/images/app", Value="nginx:1", Type="String")
    ssm.put_parameter(Name="/app/token", Value=SECRETS["C"], Type="SecureString")
    cloud.direct("secretsmanager").create_secret(
        Name="app/db", SecretString=json.dumps({"user": SECRETS["B"], "password": SECRETS["A"]}))
    quoin.env["TOKEN"] = SECRETS["D"]
    quoin.write("quoin.yaml", SPEC)
    return vpc, sorted(subnets)


def everything_written(quoin) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(quoin.work.rglob("*")) if p.is_file())


def test_lookups_and_secrets(cloud, quoin, prepared):
    vpc, subnets = prepared
    quoin("plan", "-out", "plan.json").expect(0)
    assert not {"secretsmanager:GetSecretValue"} & set(cloud.calls())  # only when they are needed
    done = quoin("apply", "-auto-approve").expect(0)
    calls = cloud.calls()
    assert calls["secretsmanager:GetSecretValue"] == 1
    outputs = json.loads(quoin("output", "-json").expect(0).out)
    assert outputs["subnets"] == subnets
    assert outputs["zones"] == sorted(outputs["zones"]) and outputs["zones"][0] == "us-east-1a"
    assert outputs["caller"]["account"].isdigit()
    task = cloud.observer("ecs").describe_task_definition(taskDefinition="look")["taskDefinition"]
    app = task["containerDefinitions"][0]
    assert app["image"] == "nginx:1"
    assert {e["name"]: e["value"] for e in app["environment"]} == SECRETS
    assert cloud.observer("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    shown = done.out + done.err + everything_written(quoin).decode(errors="replace")
    assert not [s for s in SECRETS.values() if s in shown]


def test_recorded_until_refreshed(cloud, quoin, prepared):
    quoin("apply", "-auto-approve").expect(0)
    cloud.direct("ssm").put_parameter(Name="/images/app", Value="nginx:2", Type="String", Overwrite=True)
    cloud.forget_calls()
    quoin("plan", "-detailed-exitcode").expect(0)
    assert "ec2:DescribeAvailabilityZones" not in cloud.calls()
    out = quoin("plan", "-detailed-exitcode", "-refresh-lookups").expect(2).out
    assert "nginx:2" in out


def test_wrong_lookups(cloud, quoin, prepared):
    quoin.write("quoin.yaml", SPEC.replace('Name = "shared"', 'Name = "none"'))
    said = quoin("plan").expect(1).err
    assert "error[QN0783]" in said and "10.9.0.0/16, Name = shared" in said
    quoin.write("quoin.yaml", SPEC.replace('"/images/app"', '"/app/token"'))
    said = quoin("plan").expect(1).err
    assert "error[QN0785]" in said and 'secret("ssm:/app/token")' in said


def test_missing_secret(cloud, quoin, prepared):
    quoin.write("quoin.yaml", SPEC.replace("#password", "#pass"))
    said = quoin("apply", "-auto-approve").expect(1)
    assert "QN0788" in said.err and not [s for s in SECRETS.values() if s in said.out + said.err]
