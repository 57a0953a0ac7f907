"""examples/web as the tests use it, and an independent look at what it made."""
from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "examples/web/quoin.yaml").read_text()
ENV = "development"
RESOURCES = 21


def write(quoin, text: str = SPEC) -> None:
    quoin.write("quoin.yaml", text)


def edit(quoin, *pairs: tuple[str, str]) -> None:
    """Replaces texts of the spec; each must occur."""
    path = quoin.work / "quoin.yaml"
    text = path.read_text()
    for old, new in pairs:
        assert old in text, f"the spec does not contain {old!r}"
        text = text.replace(old, new)
    path.write_text(text)


def apply(quoin, *args, code: int = 0, **kw):
    return quoin("apply", ENV, "-auto-approve", *args, **kw).expect(code)


def plan_is_empty(quoin, **kw) -> None:
    quoin("plan", ENV, "-detailed-exitcode", "-strict-readback", **kw).expect(0)


def tags(items, key="Key", value="Value") -> dict:
    return {t[key]: t[value] for t in items or [] if not t[key].startswith(("aws:", "quoin:"))}


class Look:
    """What boto3 sees of the example; quoin has no part in it."""

    def __init__(self, cloud, region="us-east-1"):
        self.ec2 = cloud.observer("ec2", region)
        self.ecs = cloud.observer("ecs", region)
        self.s3 = cloud.observer("s3", region)
        self.iam = cloud.observer("iam", region)
        self.logs = cloud.observer("logs", region)
        self.dns = cloud.observer("route53", region)

    def vpc(self):
        found = [v for v in self.ec2.describe_vpcs()["Vpcs"] if v["CidrBlock"] == "10.20.0.0/16"]
        assert len(found) == 1, found
        return found[0]

    def by_tag_address(self, items, address, key="Tags"):
        found = [i for i in items if {"Key": "quoin:address", "Value": address} in i.get(key, [])]
        assert len(found) == 1, (address, items)
        return found[0]

    def subnets(self):
        vpc = self.vpc()["VpcId"]
        found = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        return sorted(found, key=lambda s: s["CidrBlock"])

    def security_group(self):
        groups = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc()["VpcId"]]}])["SecurityGroups"]
        return [g for g in groups if g["GroupName"] != "default"]

    def route_table(self):
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc()["VpcId"]]}])["RouteTables"]
        return [t for t in tables if not any(a.get("Main") for a in t["Associations"])]

    def service(self, name="web-development"):
        return self.ecs.describe_services(cluster=name, services=[name], include=["TAGS"])["services"][0]

    def task(self, family="web-development"):
        return self.ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])

    def zone(self, name="dev.example.test."):
        found = [z for z in self.dns.list_hosted_zones()["HostedZones"] if z["Name"] == name]
        assert len(found) == 1, found
        return found[0]

    def records(self):
        return {(r["Name"], r["Type"]): r for r in self.dns.list_resource_record_sets(HostedZoneId=self.zone()["Id"])["ResourceRecordSets"]}


def check_everything(cloud) -> None:
    """Every object of the example with every property that it declares."""
    look = Look(cloud)
    vpc = look.vpc()
    assert tags(vpc["Tags"]) == {"Name": "web-development", "team": "web"}
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        reply = look.ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert reply[attribute[0].upper() + attribute[1:]]["Value"] is True
    subnets = look.subnets()
    assert [(s["AvailabilityZone"], s["CidrBlock"], s["MapPublicIpOnLaunch"]) for s in subnets] == [
        ("us-east-1a", "10.20.0.0/24", True), ("us-east-1b", "10.20.1.0/24", True), ("us-east-1c", "10.20.2.0/24", True)]
    gateways = [g for g in look.ec2.describe_internet_gateways()["InternetGateways"]
                if any(a["VpcId"] == vpc["VpcId"] for a in g["Attachments"])]
    assert len(gateways) == 1
    (table,) = look.route_table()
    assert {s["SubnetId"] for s in subnets} == {a["SubnetId"] for a in table["Associations"]}
    assert ("0.0.0.0/0", gateways[0]["InternetGatewayId"]) in [(r.get("DestinationCidrBlock"), r.get("GatewayId")) for r in table["Routes"]]
    check_group(look)
    check_ecs(look, subnets)
    check_rest(look)


def check_group(look) -> None:
    (group,) = look.security_group()
    assert group["Description"] == "Web traffic"
    rules = {(p["FromPort"], r["CidrIp"], r.get("Description")) for p in group["IpPermissions"] for r in p["IpRanges"]}
    assert rules == {(80, "0.0.0.0/0", "web"), (8080, "203.0.113.0/24", "office")}
    egress = [(p["IpProtocol"], r["CidrIp"]) for p in group["IpPermissionsEgress"] for r in p["IpRanges"]]
    assert egress == [("-1", "0.0.0.0/0")]


def check_ecs(look, subnets) -> None:
    service, (group,) = look.service(), look.security_group()
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert (service["desiredCount"], service["launchType"], network["assignPublicIp"]) == (2, "FARGATE", "ENABLED")
    assert sorted(network["subnets"]) == sorted(s["SubnetId"] for s in subnets)
    assert network["securityGroups"] == [group["GroupId"]]
    assert tags(service["tags"], "key", "value") == {"team": "web"}
    reply = look.task()
    task, (container,) = reply["taskDefinition"], reply["taskDefinition"]["containerDefinitions"]
    assert service["taskDefinition"] == task["taskDefinitionArn"]
    assert (task["cpu"], task["memory"], task["networkMode"], task["requiresCompatibilities"]) == ("256", "512", "awsvpc", ["FARGATE"])
    assert task["executionRoleArn"] == look.iam.get_role(RoleName="web-development-task")["Role"]["Arn"]
    assert (container["name"], container["image"], container["essential"]) == ("web", "public.ecr.aws/nginx/nginx:1.27", True)
    assert container["environment"] == [{"name": "BUCKET", "value": "web-development-assets"}]
    assert container["logConfiguration"] == {"logDriver": "awslogs", "options": {
        "awslogs-group": "/web/development", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}}
    assert [(p["containerPort"], p["protocol"]) for p in container["portMappings"]] == [(80, "tcp")]


def check_rest(look) -> None:
    role = look.iam.get_role(RoleName="web-development-task")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    policy = look.iam.get_role_policy(RoleName="web-development-task", PolicyName="logs")["PolicyDocument"]
    assert policy["Statement"][0]["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert policy["Statement"][0]["Resource"].startswith("arn:aws:logs:us-east-1:123456789012:log-group:/web/development")
    (group,) = look.logs.describe_log_groups(logGroupNamePrefix="/web/development")["logGroups"]
    assert group["retentionInDays"] == 30
    bucket = "web-development-assets"
    assert look.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert set(look.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = look.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["ID"], rule["Status"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == ("old-versions", "Enabled", 30)
    assert tags(look.s3.get_bucket_tagging(Bucket=bucket)["TagSet"]) == {"team": "web"}
    records = look.records()
    www, mail = records["www.dev.example.test.", "CNAME"], records["dev.example.test.", "TXT"]
    assert (www["TTL"], [r["Value"] for r in www["ResourceRecords"]]) == (300, ["dev.example.test"])
    assert [r["Value"] for r in mail["ResourceRecords"]] == ['"v=spf1 -all"']
