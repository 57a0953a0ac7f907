"""Addresses, NAT gateway, VPC endpoints, network ACL."""
from __future__ import annotations

import json
import time

from .network import EC2, TAGS, call, ec2, one, tag_props
from .table import RELEASED, REQUIRED, Drift, Gone, Group, Prop

FULL = {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


def policy(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]}


def address(cloud, ids):
    return ec2(cloud).describe_addresses(AllocationIds=[ids["address"]])["Addresses"][0].get("InstanceId") or None


def disassociate(cloud, ids):
    found = ec2(cloud).describe_addresses(AllocationIds=[ids["address"]])["Addresses"][0]
    if found.get("AssociationId"):
        ec2(cloud).disassociate_address(AssociationId=found["AssociationId"])


def release(cloud, ids):
    disassociate(cloud, ids)
    ec2(cloud).release_address(AllocationId=ids["address"])


def endpoint(name, which):
    look = one("describe_vpc_endpoints", "VpcEndpoints", "vpc-endpoint-id", name)
    return lambda cloud, ids: look(cloud, ids).get(which)


def modify(name, **params):
    return call("modify_vpc_endpoint", VpcEndpointId="{%s}" % name, **params)


def members(name, prop, first, second, attribute, add, remove, look=None, **kw):
    """A list of one id that is turned to another, and that is changed behind quoin's back."""
    return Prop(name, prop, look or endpoint(name, prop), ["{%s}" % first], ["${%s.%s}" % (second, attribute)], ["{%s}" % second],
                ("ec2:ModifyVpcEndpoint",), drifts=(
        Drift(modify(name, **{add: ["{%s}" % second]}), ('live "{%s}"' % second,)),
        Drift(modify(name, **{add: ["{%s}" % second], remove: ["{%s}" % first]}), ('recorded "{%s}"' % first, 'live "{%s}"' % second))), **kw)


NUMBERS = {"tcp": (100, False), "six": (200, True), "ping": (110, False)}
ENTRIES = {
    "tcp": {"Protocol": "6", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "PortRange": {"From": 80, "To": 443}},
    "six": {"Protocol": "-1", "RuleAction": "allow", "Ipv6CidrBlock": "2001:db8::/32"},
    "ping": {"Protocol": "1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "IcmpTypeCode": {"Type": 8, "Code": -1}},
}


def entry(name, which):
    def look(cloud, ids):
        acl = one("describe_network_acls", "NetworkAcls", "network-acl-id", "acl")(cloud, ids)
        return [e[which] for e in acl["Entries"] if (e["RuleNumber"], e["Egress"]) == NUMBERS[name]][0]
    return look


def entry_prop(name, prop, member, new, new_seen, behind, report):
    number, egress = NUMBERS[name]
    change = call("replace_network_acl_entry", NetworkAclId="{acl}", RuleNumber=number, Egress=egress, **{**ENTRIES[name], member: behind})
    return Prop(name, prop, entry(name, member), ENTRIES[name][member], new, new_seen, ("ec2:ReplaceNetworkAclEntry",), REQUIRED,
                drifts=(Drift(change, report),))


def delete_entry(name):
    number, egress = NUMBERS[name]
    return call("delete_network_acl_entry", NetworkAclId="{acl}", RuleNumber=number, Egress=egress)


def to_default(cloud, ids):
    """The subnet goes back to the ACL that its VPC has by itself."""
    acls = ec2(cloud).describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [ids["vpc"]]}])["NetworkAcls"]
    fallback = next(a["NetworkAclId"] for a in acls if a["IsDefault"])
    for a in next(n for n in acls if n["NetworkAclId"] == ids["acl"])["Associations"]:
        ec2(cloud).replace_network_acl_association(AssociationId=a["NetworkAclAssociationId"], NetworkAclId=fallback)


def delete_acl(cloud, ids):
    to_default(cloud, ids)
    ec2(cloud).delete_network_acl(NetworkAclId=ids["acl"])


def delete_nat(cloud, ids):
    """One that is being deleted is still there, and holds its address."""
    ec2(cloud).delete_nat_gateway(NatGatewayId=ids["nat"])
    for _ in range(100):
        if one("describe_nat_gateways", "NatGateways", "nat-gateway-id", "nat")(cloud, ids)["State"] == "deleted":
            return
        time.sleep(.02)
    raise AssertionError("the gateway is never deleted")


def prepare(cloud):
    return {i: ec2(cloud).run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"] for i in ("i1", "i2")}


VPC, ACL = {"VpcId": "${vpc.VpcId}"}, {"NetworkAclId": "${acl.Id}"}
RESOURCES = {
    "vpc": {"type": EC2 + "VPC", "properties": {"CidrBlock": "10.60.0.0/16", "EnableDnsHostnames": True}},
    "a": {"type": EC2 + "Subnet", "properties": {**VPC, "CidrBlock": "10.60.1.0/24"}},
    "b": {"type": EC2 + "Subnet", "properties": {**VPC, "CidrBlock": "10.60.2.0/24"}},
    "table": {"type": EC2 + "RouteTable", "properties": VPC},
    "second": {"type": EC2 + "RouteTable", "properties": VPC},
    "group": {"type": EC2 + "SecurityGroup", "properties": {**VPC, "GroupDescription": "one"}},
    "friend": {"type": EC2 + "SecurityGroup", "properties": {**VPC, "GroupDescription": "two"}},
    "address": {"type": EC2 + "EIP", "properties": {"Domain": "vpc", "InstanceId": "<i1>", "Tags": TAGS}},
    "outside": {"type": EC2 + "EIP", "properties": {"Domain": "vpc"}},
    "nat": {"type": EC2 + "NatGateway", "properties": {"SubnetId": "${a.SubnetId}", "AllocationId": "${outside.AllocationId}", "Tags": TAGS}},
    "s3": {"type": EC2 + "VPCEndpoint", "properties": {
        **VPC, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["${table.RouteTableId}"], "PolicyDocument": policy("s3:GetObject"),
        "Tags": TAGS}},
    "sts": {"type": EC2 + "VPCEndpoint", "properties": {
        **VPC, "ServiceName": "com.amazonaws.us-east-1.sts", "VpcEndpointType": "Interface", "SubnetIds": ["${a.SubnetId}"],
        "SecurityGroupIds": ["${group.GroupId}"], "PrivateDnsEnabled": True, "IpAddressType": "ipv4",
        "DnsOptions": {"DnsRecordIpType": "ipv4", "PrivateDnsOnlyForInboundResolverEndpoint": "OnlyInboundResolver"}}},
    "acl": {"type": EC2 + "NetworkAcl", "properties": {**VPC, "Tags": TAGS}},
    "tcp": {"type": EC2 + "NetworkAclEntry", "properties": {
        **ACL, "RuleNumber": 100, "Protocol": 6, "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "PortRange": {"From": 80, "To": 443}}},
    "six": {"type": EC2 + "NetworkAclEntry", "properties": {
        **ACL, "RuleNumber": 200, "Egress": True, "Protocol": -1, "RuleAction": "ALLOW", "Ipv6CidrBlock": "2001:db8::/32"}},
    "ping": {"type": EC2 + "NetworkAclEntry", "properties": {
        **ACL, "RuleNumber": 110, "Protocol": 1, "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Icmp": {"Type": 8, "Code": -1}}},
    "association": {"type": EC2 + "SubnetNetworkAclAssociation", "properties": {**ACL, "SubnetId": "${b.SubnetId}"}},
}

PROPS = (
    tag_props("address"), tag_props("nat"), tag_props("s3"), tag_props("acl"),
    Prop("address", "InstanceId", address, "{i1}", "<i2>", "{i2}", ("ec2:AssociateAddress",), removed_seen=None,
         removed_calls=("ec2:DisassociateAddress",), drifts=(
        Drift(disassociate, ('InstanceId: recorded "{i1}", live (none)',)),
        Drift(call("associate_address", AllocationId="{address}", InstanceId="{i2}", AllowReassociation=True),
              ('InstanceId: recorded "{i1}", live "{i2}"',)))),
    members("s3", "RouteTableIds", "table", "second", "RouteTableId", "AddRouteTableIds", "RemoveRouteTableIds", removed_seen=[]),
    members("sts", "SubnetIds", "a", "b", "SubnetId", "AddSubnetIds", "RemoveSubnetIds", removed_seen=[]),
    members("sts", "SecurityGroupIds", "group", "friend", "GroupId", "AddSecurityGroupIds", "RemoveSecurityGroupIds",
            look=lambda cloud, ids: [g["GroupId"] for g in endpoint("sts", "Groups")(cloud, ids)], removed=RELEASED),
    Prop("s3", "PolicyDocument", lambda cloud, ids: json.loads(endpoint("s3", "PolicyDocument")(cloud, ids)), policy("s3:GetObject"),
         policy("s3:*"), policy("s3:*"), ("ec2:ModifyVpcEndpoint",), removed_seen=FULL, drifts=(
        Drift(modify("s3", PolicyDocument=json.dumps(policy("s3:PutObject"))), ("PolicyDocument", "s3:PutObject")),)),
    Prop("sts", "PrivateDnsEnabled", endpoint("sts", "PrivateDnsEnabled"), True, False, False, ("ec2:ModifyVpcEndpoint",), RELEASED,
         drifts=(Drift(modify("sts", PrivateDnsEnabled=False), ("PrivateDnsEnabled: recorded true, live false",)),)),
    Prop("sts", "IpAddressType", endpoint("sts", "IpAddressType"), "ipv4", "dualstack", "dualstack", ("ec2:ModifyVpcEndpoint",), RELEASED,
         drifts=(Drift(modify("sts", IpAddressType="ipv6"), ('IpAddressType: recorded "ipv4", live "ipv6"',)),)),
    Prop("sts", "DnsOptions", endpoint("sts", "DnsOptions"), {"DnsRecordIpType": "ipv4", "PrivateDnsOnlyForInboundResolverEndpoint": True},
         {"DnsRecordIpType": "dualstack", "PrivateDnsOnlyForInboundResolverEndpoint": "AllResolvers"},
         {"DnsRecordIpType": "dualstack", "PrivateDnsOnlyForInboundResolverEndpoint": False}, ("ec2:ModifyVpcEndpoint",), RELEASED, drifts=(
        Drift(modify("sts", DnsOptions={"DnsRecordIpType": "ipv6"}), ('DnsOptions.DnsRecordIpType: recorded "ipv4", live "ipv6"',)),
        Drift(modify("sts", DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": False}),
              ('PrivateDnsOnlyForInboundResolverEndpoint: recorded "OnlyInboundResolver", live "AllResolvers"',)))),
    entry_prop("tcp", "CidrBlock", "CidrBlock", "10.0.0.0/9", "10.0.0.0/9", "0.0.0.0/0", ('CidrBlock: recorded "10.0.0.0/8", live "0.0.0.0/0"',)),
    entry_prop("tcp", "PortRange", "PortRange", {"From": 1, "To": 65535}, {"From": 1, "To": 65535}, {"From": 80, "To": 8080},
               ("PortRange.To: recorded 443, live 8080",)),
    entry_prop("tcp", "Protocol", "Protocol", 17, "17", "17", ("Protocol: recorded 6, live 17",)),
    entry_prop("tcp", "RuleAction", "RuleAction", "Deny", "deny", "deny", ('RuleAction: recorded "allow", live "deny"',)),
    entry_prop("six", "Ipv6CidrBlock", "Ipv6CidrBlock", "::/0", "::/0", "2001:db8:1::/48",
               ('Ipv6CidrBlock: recorded "2001:db8::/32", live "2001:db8:1::/48"',)),
    entry_prop("ping", "Icmp", "IcmpTypeCode", {"Type": 0, "Code": 0}, {"Type": 0, "Code": 0}, {"Type": 3, "Code": -1},
               ("Icmp.Type: recorded 8, live 3",)),
)

EXCEPTIONS = {
    (EC2 + "EIP", "Domain"): "another domain is another address",
    (EC2 + "EIP", "PublicIpv4Pool"): "another pool is another address",
    (EC2 + "NatGateway", "MaxDrainDurationSeconds"): "is said with a removal and never read",
    (EC2 + "NatGateway", "SecondaryAllocationIds"): "the emulator has no secondary addresses: tests/unit/test_op_network.c",
    (EC2 + "NatGateway", "SecondaryPrivateIpAddressCount"): "the emulator has no secondary addresses: tests/unit/test_op_network.c",
    (EC2 + "NatGateway", "SecondaryPrivateIpAddresses"): "the emulator has no secondary addresses: tests/unit/test_op_network.c",
}
IDS = {"vpc": "vpc.VpcId", "a": "a.SubnetId", "b": "b.SubnetId", "table": "table.RouteTableId", "second": "second.RouteTableId",
       "group": "group.GroupId", "friend": "friend.GroupId", "address": "address.AllocationId", "nat": "nat.NatGatewayId", "s3": "s3.Id",
       "sts": "sts.Id", "acl": "acl.Id"}
DELETES = (
    Gone("address", release, ("address",)),
    Gone("nat", delete_nat, ("nat",)),
    Gone("s3", call("delete_vpc_endpoints", VpcEndpointIds=["{s3}"]), ("s3",)),
    Gone("acl", delete_acl, ("acl", "tcp", "six", "ping", "association")),
    Gone("tcp", delete_entry("tcp"), ("tcp",)),
    Gone("association", to_default, ("association",)),
)
GROUP = Group("edge", RESOURCES, PROPS, IDS, prepare, EXCEPTIONS, DELETES)
