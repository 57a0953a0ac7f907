"""Addresses, a NAT gateway, endpoints and a network ACL: their life, what refuses them, and kills in between.

Every property of them is changed and drifts in drift/edge.py."""
from __future__ import annotations

import pytest

from tests.harness import definitions
from tests.harness.snapshot import diff, duplicates, snapshot_account

SPEC = """\
quoin: 1
stack: edge
environments: { dev: { region: us-east-1 } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true } }
  a: { type: AWS::EC2::Subnet, properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.1.0/24 } }
  b: { type: AWS::EC2::Subnet, properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.2.0/24 } }
  table: { type: AWS::EC2::RouteTable, properties: { VpcId: "${vpc.VpcId}" } }
  group: { type: AWS::EC2::SecurityGroup, properties: { VpcId: "${vpc.VpcId}", GroupDescription: endpoints } }
  address: { type: AWS::EC2::EIP, properties: { Domain: vpc } }
  nat: { type: AWS::EC2::NatGateway, properties: { SubnetId: "${a.SubnetId}", AllocationId: "${address.AllocationId}" } }
  out: { type: AWS::EC2::Route, properties: { RouteTableId: "${table.RouteTableId}", DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: "${nat.NatGatewayId}" } }
  s3:
    type: AWS::EC2::VPCEndpoint
    properties:
      VpcId: ${vpc.VpcId}
      ServiceName: com.amazonaws.us-east-1.s3
      RouteTableIds: ["${table.RouteTableId}"]
      PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: "*" }] }
  sts:
    type: AWS::EC2::VPCEndpoint
    properties:
      VpcId: ${vpc.VpcId}
      ServiceName: com.amazonaws.us-east-1.sts
      VpcEndpointType: Interface
      SubnetIds: ["${a.SubnetId}", "${b.SubnetId}"]
      SecurityGroupIds: ["${group.GroupId}"]
      PrivateDnsEnabled: true
  acl: { type: AWS::EC2::NetworkAcl, properties: { VpcId: "${vpc.VpcId}", Tags: [{ Key: Name, Value: edge }] } }
  web:
    type: AWS::EC2::NetworkAclEntry
    properties: { NetworkAclId: "${acl.Id}", RuleNumber: 100, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: { From: 80, To: 443 } }
  ping:
    type: AWS::EC2::NetworkAclEntry
    properties: { NetworkAclId: "${acl.Id}", RuleNumber: 110, Egress: true, Protocol: 1, RuleAction: deny, CidrBlock: 10.0.0.0/8, Icmp: { Type: 8, Code: -1 } }
  association: { type: AWS::EC2::SubnetNetworkAclAssociation, properties: { NetworkAclId: "${acl.Id}", SubnetId: "${b.SubnetId}" } }
outputs:
  names: ${sts.DnsEntries}
"""
NAT = """\
quoin: 1
stack: nat
environments: { dev: { region: us-east-1 } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }
  a: { type: AWS::EC2::Subnet, properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.1.0/24 } }
  address: { type: AWS::EC2::EIP, properties: {} }
  nat: { type: AWS::EC2::NatGateway, properties: { SubnetId: "${a.SubnetId}", AllocationId: "${address.AllocationId}" } }
  acl: { type: AWS::EC2::NetworkAcl, properties: { VpcId: "${vpc.VpcId}" } }
  association: { type: AWS::EC2::SubnetNetworkAclAssociation, properties: { NetworkAclId: "${acl.Id}", SubnetId: "${a.SubnetId}" } }
"""


@pytest.fixture
def quick(quoin, tmp_path):
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions", 50))
    return quoin


def apply(quoin, code=0):
    return quoin("apply", "dev", "-auto-approve").expect(code)


def empty(quoin):
    quoin("plan", "dev", "-detailed-exitcode", "-strict-readback").expect(0)


def acl_of(cloud, subnet) -> dict:
    return cloud.observer("ec2").describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"][0]


def test_life(cloud, quick):
    before = snapshot_account(cloud)
    quick.write("quoin.yaml", SPEC)
    apply(quick)
    assert cloud.gate.stats.take_violations() == []
    empty(quick)
    c = cloud.observer("ec2")
    gateway = [g for g in c.describe_nat_gateways()["NatGateways"] if g["State"] == "available"][0]
    address = c.describe_addresses()["Addresses"][0]
    assert gateway["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"] and address["AssociationId"]
    ends = {e["ServiceName"].rsplit(".", 1)[1]: e for e in c.describe_vpc_endpoints()["VpcEndpoints"]}
    assert ends["s3"]["VpcEndpointType"] == "Gateway" and len(ends["s3"]["RouteTableIds"]) == 1
    assert len(ends["sts"]["SubnetIds"]) == 2 and ends["sts"]["PrivateDnsEnabled"] and len(ends["sts"]["Groups"]) == 1
    shown = quick("output", "names", "-json", "-env", "dev").expect(0).out
    assert "%(HostedZoneId)s:%(DnsName)s" % ends["sts"]["DnsEntries"][0] in shown, shown
    acl = acl_of(cloud, [s for s in c.describe_subnets()["Subnets"] if s["CidrBlock"] == "10.0.2.0/24"][0]["SubnetId"])
    assert {(e["RuleNumber"], e["Egress"], e["Protocol"]) for e in acl["Entries"]} == {(100, False, "6"), (110, True, "1")}
    quick("destroy", "dev", "-auto-approve").expect(0)
    assert not diff(before, snapshot_account(cloud))


def test_one_read_shows_the_acl_and_what_is_in_it(cloud, quick):
    quick.write("quoin.yaml", SPEC)
    apply(quick)
    cloud.forget_calls()
    empty(quick)
    assert cloud.calls()["ec2:DescribeNetworkAcls"] == 1, cloud.calls()


def test_the_subnet_is_never_left_to_the_default_acl(cloud, quick):
    """Another ACL for the subnet: one call turns it, and the old association is gone by that."""
    quick.write("quoin.yaml", NAT)
    apply(quick)
    quick.write("quoin.yaml", NAT.replace("${acl.Id}", "${other.Id}") + '  other: { type: AWS::EC2::NetworkAcl, properties: { VpcId: "${vpc.VpcId}" } }\n')
    cloud.forget_calls()
    apply(quick)
    assert cloud.mutations() == ["ec2:CreateNetworkAcl", "ec2:ReplaceNetworkAclAssociation"]
    empty(quick)


UNSUCCESSFUL = """<?xml version="1.0" encoding="UTF-8"?>
<DeleteVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><unsuccessful><item>
<resourceId>vpce-1</resourceId><error><code>OperationNotPermitted</code><message>It is managed by another service.</message></error>
</item></unsuccessful></DeleteVpcEndpointsResponse>"""


def test_endpoint_that_a_reply_of_success_refuses_to_delete(cloud, quick):
    quick.write("quoin.yaml", SPEC)
    apply(quick)
    cloud.gate.faults.add_rule(op="ec2:DeleteVpcEndpoints", action="respond", status=200, body=UNSUCCESSFUL, headers={"Content-Type": "text/xml"})
    failed = quick("destroy", "dev", "-auto-approve").expect(1)
    assert "OperationNotPermitted" in failed.err and "It is managed by another service." in failed.err, failed.err
    kept = quick("state", "list", "dev").expect(0).out.split()
    assert "s3" in kept and "sts" in kept, kept
    cloud.gate.faults.clear()
    quick("destroy", "dev", "-auto-approve").expect(0)
    assert quick("state", "list", "dev").expect(0).out == ""


def test_gateway_that_failed_is_made_anew(cloud, quick):
    """AWS takes a failed gateway away by itself: nothing is to be deleted, and another is made."""
    quick.write("quoin.yaml", NAT.replace("${address.AllocationId}\"", "${address.AllocationId}\", Tags: [{ Key: \"gate:fails\", Value: no way out }]"))
    failed = apply(quick, 1)
    assert "Gateway.NotAttached no way out" in failed.out + failed.err, failed.out + failed.err
    quick.write("quoin.yaml", NAT)
    apply(quick)
    states = sorted(g["State"] for g in cloud.observer("ec2").describe_nat_gateways()["NatGateways"])
    assert states == ["available", "failed"]
    empty(quick)
    quick("destroy", "dev", "-auto-approve").expect(0)


POINTS = (3, 4, 5, 6)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", POINTS)
def test_killed_create_and_delete(cloud, quick, number, when):
    """Killed at a changing call of a create and then of a destroy: the next run goes on, with nothing made twice."""
    before = snapshot_account(cloud)
    quick.write("quoin.yaml", NAT)
    assert quick.crash_at(number, when, "apply", "dev", "-auto-approve", mutating_only=True).code == -9
    apply(quick)
    empty(quick)
    assert not duplicates(snapshot_account(cloud))
    assert len([g for g in cloud.observer("ec2").describe_nat_gateways()["NatGateways"] if g["State"] == "available"]) == 1
    assert quick.crash_at(number - 2, when, "destroy", "dev", "-auto-approve", mutating_only=True).code == -9
    quick("destroy", "dev", "-auto-approve").expect(0)
    assert quick("state", "list", "dev").expect(0).out == ""
    assert not diff(before, snapshot_account(cloud))
