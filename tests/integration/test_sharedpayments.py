"""examples/sharedpayments: each environment's life in the sandbox; production and its DR twin against the emulator."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.snapshot import diff, snapshot_account

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "examples/sharedpayments/quoin.yaml").read_text()
REGIONS = ("us-east-1", "us-west-2")
SIDES = [("development", ()), ("staging", ()), ("production", ()), ("production", ("--dr",))]


def graph(quoin, *args) -> dict:
    """Addresses with their types, as a plan of everything new has them."""
    plan = json.loads(quoin("plan", *args, "-sandbox", "-json").expect(0).out)
    return {c["address"]: c["type"] for c in plan["changes"]}


@pytest.mark.asan
@pytest.mark.parametrize("env, flags", SIDES, ids=lambda v: v if isinstance(v, str) else "-".join(v).strip("-"))
def test_life_in_the_sandbox(quoin, env, flags):
    quoin.write("quoin.yaml", SPEC)
    quoin("apply", env, *flags, "-sandbox", "-auto-approve").expect(0)
    quoin("plan", env, *flags, "-sandbox", "-detailed-exitcode", "-strict-readback").expect(0)
    side = ["-dr"] if flags else []
    quoin("sandbox", "set", "edge.http", "Port=81", env, *side).expect(0)
    assert "Port: recorded 80, live 81" in quoin("drift", env, *flags, "-sandbox").expect(2).out
    quoin("apply", env, *flags, "-sandbox", "-auto-approve").expect(0)
    quoin("drift", env, *flags, "-sandbox").expect(0)
    protected = quoin("destroy", env, *flags, "-sandbox", "-auto-approve")
    assert protected.code == (12 if env == "production" else 0), protected.err
    if protected.code:
        name = env + ("--dr" if flags else "")
        assert "QN0818" in protected.err and f"-confirm={name}" in protected.err
        quoin("destroy", env, *flags, "-sandbox", "-auto-approve", f"-confirm={name}").expect(0)


def test_both_regions_have_the_same_graph(quoin):
    quoin.write("quoin.yaml", SPEC)
    assert graph(quoin, "production") == graph(quoin, "production", "--dr")


def balancer(cloud, region):
    elb = cloud.observer("elbv2", region)
    (found,) = elb.describe_load_balancers(Names=["sharedpayments-production"])["LoadBalancers"]
    return found


def check_side(cloud, region: str, least: int, most: int) -> None:
    ec2, ecs = cloud.observer("ec2", region), cloud.observer("ecs", region)
    (vpc,) = [v for v in ec2.describe_vpcs()["Vpcs"] if v["CidrBlock"] == "10.30.0.0/16"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert len(subnets) == 9 and len({s["AvailabilityZone"] for s in subnets}) == 3
    gateways = [g for g in ec2.describe_nat_gateways()["NatGateways"] if g["VpcId"] == vpc["VpcId"] and g["State"] == "available"]
    assert len(gateways) == 3
    found = balancer(cloud, region)
    assert found["VpcId"] == vpc["VpcId"] and len(found["AvailabilityZones"]) == 3
    elb = cloud.observer("elbv2", region)
    (listener,) = elb.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert len(elb.describe_target_groups()["TargetGroups"]) == 2           # canary shifts between two
    name = "sharedpayments-production-api"
    service = ecs.describe_services(cluster=name, services=[name])["services"][0]
    assert least <= service["desiredCount"] <= most
    (target,) = cloud.observer("application-autoscaling", region).describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (f"service/{name}/{name}", least, most)
    alarms = cloud.observer("cloudwatch", region).describe_alarms()["MetricAlarms"]
    assert {a["AlarmName"] for a in alarms} >= {f"{name}-{k}" for k in ("errors", "slow", "unhealthy", "cpu")}
    assert {"Key": "stage", "Value": "production"} in vpc["Tags"]


def hosted_zone(dns) -> str:
    """A zone whose id begins with Z, as AWS's do; the emulator draws any letter."""
    for n in range(1000):
        zone = dns.create_hosted_zone(Name="sharedpayments.com", CallerReference=f"test-{n}")["HostedZone"]["Id"].split("/")[-1]
        if zone.startswith("Z"):
            return zone
        dns.delete_hosted_zone(Id=zone)
    raise AssertionError("no id begins with Z")


def test_production_and_its_twin(cloud, quoin):
    """Two regions of one spec: both sides are there, failover records point at both, the plans are empty."""
    quoin.write("quoin.yaml", SPEC.replace("    protect: true\n", ""))
    dns = cloud.observer("route53")
    zone = hosted_zone(dns)
    before = snapshot_account(cloud, REGIONS)
    args = ("-var", f"zone={zone}")
    for flags in ((), ("--dr",)):
        quoin("apply", "production", *flags, *args, "-auto-approve", timeout_s=300).expect(0)
        quoin("plan", "production", *flags, *args, "-detailed-exitcode", "-strict-readback").expect(0)
    check_side(cloud, "us-east-1", 3, 10)
    check_side(cloud, "us-west-2", 1, 10)
    records = [r for r in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if r["Type"] == "A"]
    assert {r["Failover"]: r["AliasTarget"]["DNSName"].rstrip(".").lower() for r in records} == {
        "PRIMARY": balancer(cloud, "us-east-1")["DNSName"].lower(), "SECONDARY": balancer(cloud, "us-west-2")["DNSName"].lower()}
    for flags in (("--dr",), ()):
        quoin("destroy", "production", *flags, *args, "-auto-approve", timeout_s=300).expect(0)
    left = diff(before, snapshot_account(cloud, REGIONS))
    assert not [line for line in left if "bucket" not in str(line).lower()], left   # buckets are kept: on_destroy retain
