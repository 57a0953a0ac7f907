"""VPC, subnet, gateway, routes, security group."""
from __future__ import annotations

import re

from .table import RELEASED, REQUIRED, Drift, Gone, Group, Prop

EC2 = "AWS::EC2::"


def ec2(cloud):
    return cloud.observer("ec2")


def call(operation, **params):
    """A call with {x} in texts replaced by the id of x."""
    def fill(value, ids):
        if isinstance(value, str) and re.fullmatch(r"\{\w+\}", value):
            return ids[value.strip("{}")]
        if isinstance(value, dict):
            return {k: fill(v, ids) for k, v in value.items()}
        return [fill(v, ids) for v in value] if isinstance(value, list) else value
    return lambda cloud, ids: getattr(ec2(cloud), operation)(**fill(params, ids))


def one(operation, key, ident, name):
    def look(cloud, ids):
        return getattr(ec2(cloud), operation)(Filters=[{"Name": ident, "Values": [ids[name]]}])[key][0]
    return look


def tags(name):
    def look(cloud, ids):
        found = ec2(cloud).describe_tags(Filters=[{"Name": "resource-id", "Values": [ids[name]]}])["Tags"]
        return {t["Key"]: t["Value"] for t in found if not t["Key"].startswith("quoin:")}
    return look


def attribute(name, which):
    return lambda cloud, ids: ec2(cloud).describe_vpc_attribute(VpcId=ids[name], Attribute=which)[which[0].upper() + which[1:]]["Value"]


def vpc(name, which, value):
    return call("modify_vpc_attribute", VpcId="{%s}" % name, **{which: {"Value": value}})


def subnet(which):
    look = one("describe_subnets", "Subnets", "subnet-id", "subnet")
    return lambda cloud, ids: look(cloud, ids)[which]


def modify_subnet(**params):
    return call("modify_subnet_attribute", SubnetId="{subnet}", **params)


def tag_props(address):
    """Every EC2 type carries tags alike."""
    ident = "{%s}" % address
    return Prop(address, "Tags", tags(address), {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}],
                {"a": "9", "c": "3"}, ("ec2:DeleteTags", "ec2:CreateTags"), removed_seen={}, removed_calls=("ec2:DeleteTags",), drifts=(
        Drift(call("create_tags", Resources=[ident], Tags=[{"Key": "a", "Value": "behind"}]),
              ('Tags["a"].Value: recorded "1", live "behind"',), ("ec2:CreateTags",)),
        Drift(call("delete_tags", Resources=[ident], Tags=[{"Key": "b"}]),
              ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("ec2:CreateTags",))))


def rules(side):
    look = one("describe_security_groups", "SecurityGroups", "group-id", "group")

    def seen(cloud, ids):
        back = {v: k for k, v in ids.items()}
        out = set()
        for p in look(cloud, ids)[side]:
            ports = p["IpProtocol"], p.get("FromPort"), p.get("ToPort")
            out |= {(*ports, r["CidrIp"], r.get("Description")) for r in p["IpRanges"]}
            out |= {(*ports, r["CidrIpv6"], r.get("Description")) for r in p["Ipv6Ranges"]}
            out |= {(*ports, back[r["GroupId"]], r.get("Description")) for r in p["UserIdGroupPairs"]}
        return out
    return seen


def rule(side, verb, **permission):
    return call(f"{verb}_security_group_{side}", GroupId="{group}", IpPermissions=[permission])


def ranges(port, cidr, description=None, protocol="tcp"):
    given = {"CidrIp": cidr, "Description": description} if description else {"CidrIp": cidr}
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [given]}


def route(address):
    """The target of the route."""
    def seen(cloud, ids):
        for r in one("describe_route_tables", "RouteTables", "route-table-id", "table")(cloud, ids)["Routes"]:
            if TARGETS[address] in (r.get("DestinationCidrBlock"), r.get("DestinationIpv6CidrBlock")):
                return {k: v for k, v in r.items() if k.endswith("Id")}
    return seen


def destination(address):
    return {"DestinationIpv6CidrBlock" if ":" in TARGETS[address] else "DestinationCidrBlock": TARGETS[address]}


TARGETS = {"internet": "0.0.0.0/0", "nat": "10.91.0.0/16", "eni": "10.92.0.0/16", "peer": "10.93.0.0/16", "transit": "10.94.0.0/16",
           "egress": "::/0", "machine": "10.95.0.0/16"}


def replace_route(address, **target):
    return call("replace_route", RouteTableId="{table}", **destination(address), **target)


def route_prop(address, name, first, second, target=None):
    """A route to one object that is turned to another: through the spec, and behind quoin's back."""
    target = target or name
    return Prop(address, name, route(address), {target: "{%s}" % first}, "<%s>" % second, {target: "{%s}" % second},
                ("ec2:ReplaceRoute",), REQUIRED, drifts=(
        Drift(replace_route(address, **{name: "{%s}" % second}),
              (name + ': recorded "{%s}", live "{%s}"' % (first, second),)),))


def prepare(cloud):
    """Objects of types that quoin does not make yet, as targets of routes."""
    c = ec2(cloud)
    home = c.describe_subnets()["Subnets"][0]
    out = {}
    for i in ("1", "2"):
        out["nat" + i] = c.create_nat_gateway(SubnetId=home["SubnetId"])["NatGateway"]["NatGatewayId"]
        out["eni" + i] = c.create_network_interface(SubnetId=home["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
        other = c.create_vpc(CidrBlock=f"10.8{i}.0.0/16")["Vpc"]["VpcId"]
        out["pcx" + i] = c.create_vpc_peering_connection(VpcId=home["VpcId"], PeerVpcId=other)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        out["eigw" + i] = c.create_egress_only_internet_gateway(VpcId=home["VpcId"])["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        out["i" + i] = c.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        out["tgw" + i] = c.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    return out


TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
TABLE = {"RouteTableId": "${table.RouteTableId}"}
RESOURCES = {
    "vpc": {"type": EC2 + "VPC", "properties": {"CidrBlock": "10.70.0.0/16", "EnableDnsHostnames": True, "Tags": TAGS}},
    "plain": {"type": EC2 + "VPC", "properties": {"CidrBlock": "10.71.0.0/16", "EnableDnsSupport": True}},
    "gateway": {"type": EC2 + "InternetGateway", "properties": {"Tags": TAGS}},
    "attachment": {"type": EC2 + "VPCGatewayAttachment", "properties": {
        "VpcId": "${vpc.VpcId}", "InternetGatewayId": "${gateway.InternetGatewayId}"}},
    "table": {"type": EC2 + "RouteTable", "properties": {"VpcId": "${vpc.VpcId}", "Tags": TAGS}},
    "internet": {"type": EC2 + "Route", "depends_on": ["attachment"], "properties": {
        **TABLE, "DestinationCidrBlock": TARGETS["internet"], "GatewayId": "${gateway.InternetGatewayId}"}},
    "nat": {"type": EC2 + "Route", "properties": {**TABLE, "DestinationCidrBlock": TARGETS["nat"], "NatGatewayId": "<nat1>"}},
    "eni": {"type": EC2 + "Route", "properties": {**TABLE, "DestinationCidrBlock": TARGETS["eni"], "NetworkInterfaceId": "<eni1>"}},
    "peer": {"type": EC2 + "Route", "properties": {
        **TABLE, "DestinationCidrBlock": TARGETS["peer"], "VpcPeeringConnectionId": "<pcx1>"}},
    "transit": {"type": EC2 + "Route", "properties": {
        **TABLE, "DestinationCidrBlock": TARGETS["transit"], "TransitGatewayId": "<tgw1>"}},
    "egress": {"type": EC2 + "Route", "properties": {
        **TABLE, "DestinationIpv6CidrBlock": TARGETS["egress"], "EgressOnlyInternetGatewayId": "<eigw1>"}},
    "machine": {"type": EC2 + "Route", "properties": {**TABLE, "DestinationCidrBlock": TARGETS["machine"], "InstanceId": "<i1>"}},
    "subnet": {"type": EC2 + "Subnet", "properties": {
        "VpcId": "${vpc.VpcId}", "CidrBlock": "10.70.1.0/24", "MapPublicIpOnLaunch": True, "EnableDns64": True,
        "AssignIpv6AddressOnCreation": True, "Tags": TAGS,
        "PrivateDnsNameOptionsOnLaunch": {"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True}}},
    "association": {"type": EC2 + "SubnetRouteTableAssociation", "properties": {**TABLE, "SubnetId": "${subnet.SubnetId}"}},
    "friend": {"type": EC2 + "SecurityGroup", "properties": {"VpcId": "${vpc.VpcId}", "GroupDescription": "friend"}},
    "group": {"type": EC2 + "SecurityGroup", "properties": {
        "VpcId": "${vpc.VpcId}", "GroupDescription": "drift", "Tags": TAGS,
        "SecurityGroupIngress": [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0", "Description": "web"},
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"},
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "SourceSecurityGroupId": "${friend.GroupId}"}],
        "SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1024, "CidrIp": "10.0.0.0/8", "Description": "low"}]}},
}
WEB, SECURE, NAMES = ("tcp", 80, 80, "0.0.0.0/0", "web"), ("tcp", 443, 443, "::/0", None), ("udp", 53, 53, "friend", None)
LOW = ("tcp", 1, 1024, "10.0.0.0/8", "low")

PROPS = (
    Prop("plain", "EnableDnsSupport", attribute("plain", "enableDnsSupport"), True, False, False, ("ec2:ModifyVpcAttribute",),
         removed_seen=True, removed_calls=(),
         drifts=(Drift(vpc("plain", "EnableDnsSupport", False), ("EnableDnsSupport: recorded true, live false",)),)),
    Prop("vpc", "EnableDnsHostnames", attribute("vpc", "enableDnsHostnames"), True, False, False, ("ec2:ModifyVpcAttribute",),
         removed_seen=False, drifts=(Drift(vpc("vpc", "EnableDnsHostnames", False), ("EnableDnsHostnames: recorded true, live false",)),)),
    tag_props("vpc"), tag_props("gateway"), tag_props("table"), tag_props("subnet"), tag_props("group"),
    Prop("subnet", "MapPublicIpOnLaunch", subnet("MapPublicIpOnLaunch"), True, False, False, ("ec2:ModifySubnetAttribute",),
         removed_seen=False, drifts=(
        Drift(modify_subnet(MapPublicIpOnLaunch={"Value": False}), ("MapPublicIpOnLaunch: recorded true, live false",)),)),
    Prop("subnet", "EnableDns64", subnet("EnableDns64"), True, False, False, ("ec2:ModifySubnetAttribute",),
         removed_seen=False, drifts=(Drift(modify_subnet(EnableDns64={"Value": False}), ("EnableDns64: recorded true, live false",)),)),
    Prop("subnet", "AssignIpv6AddressOnCreation", subnet("AssignIpv6AddressOnCreation"), True, False, False,
         ("ec2:ModifySubnetAttribute",), removed_seen=False, drifts=(
        Drift(modify_subnet(AssignIpv6AddressOnCreation={"Value": False}), ("AssignIpv6AddressOnCreation: recorded true, live false",)),)),
    Prop("subnet", "PrivateDnsNameOptionsOnLaunch", lambda cloud, ids: {
            k: v for k, v in subnet("PrivateDnsNameOptionsOnLaunch")(cloud, ids).items() if v},
         {"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True},
         {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": False}, {"HostnameType": "ip-name"},
         ("ec2:ModifySubnetAttribute", "ec2:ModifySubnetAttribute"), RELEASED, drifts=(
        Drift(modify_subnet(EnableResourceNameDnsARecordOnLaunch={"Value": False}),
              ("PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord: recorded true, live false",)),
        Drift(modify_subnet(PrivateDnsHostnameTypeOnLaunch="ip-name"),
              ('PrivateDnsNameOptionsOnLaunch.HostnameType: recorded "resource-name", live "ip-name"',)))),
    Prop("group", "SecurityGroupIngress", rules("IpPermissions"), {WEB, SECURE, NAMES},
         [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0", "Description": "new"},
          {"IpProtocol": "-1", "SourceSecurityGroupId": "${friend.GroupId}"},
          {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIp": "10.0.0.0/8"}],
         {("tcp", 80, 80, "0.0.0.0/0", "new"), ("-1", None, None, "friend", None), ("icmp", 8, -1, "10.0.0.0/8", None)},
         ("ec2:AuthorizeSecurityGroupIngress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:RevokeSecurityGroupIngress"),
         removed_seen=set(), removed_calls=("ec2:RevokeSecurityGroupIngress",), drifts=(
        Drift(rule("ingress", "revoke", **ranges(80, "0.0.0.0/0")), ("SecurityGroupIngress[]: recorded {", '"web"', "live (none)"),
              ("ec2:AuthorizeSecurityGroupIngress",)),
        Drift(rule("ingress", "authorize", **ranges(22, "192.0.2.0/24", "behind")), ("SecurityGroupIngress[]: recorded (none), live {", '"192.0.2.0/24"'),
              ("ec2:RevokeSecurityGroupIngress",)),
        Drift(rule("ingress", "authorize", IpProtocol="tcp", FromPort=1, ToPort=2, UserIdGroupPairs=[{"GroupId": "{friend}"}]),
              ("SecurityGroupIngress[]: recorded (none), live {", '"{friend}"'), ("ec2:RevokeSecurityGroupIngress",)),
        Drift(call("update_security_group_rule_descriptions_ingress", GroupId="{group}", IpPermissions=[ranges(80, "0.0.0.0/0", "behind")]),
              ("SecurityGroupIngress[]: recorded {", '"web"', '"behind"'), ("ec2:UpdateSecurityGroupRuleDescriptionsIngress",)))),
    Prop("group", "SecurityGroupEgress", rules("IpPermissionsEgress"), {LOW},
         [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}], {("-1", None, None, "0.0.0.0/0", None)},
         ("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"), removed_seen=set(), removed_calls=("ec2:RevokeSecurityGroupEgress",), drifts=(
        Drift(rule("egress", "revoke", **{**ranges(1, "10.0.0.0/8"), "ToPort": 1024}), ("SecurityGroupEgress[]: recorded {", '"low"', "live (none)"),
              ("ec2:AuthorizeSecurityGroupEgress",)),
        Drift(rule("egress", "authorize", **ranges(22, "192.0.2.0/24")), ("SecurityGroupEgress[]: recorded (none), live {", '"192.0.2.0/24"'),
              ("ec2:RevokeSecurityGroupEgress",)))),
    Prop("internet", "GatewayId", route("internet"), {"GatewayId": "{gateway}"}, removed=REQUIRED, drifts=(
        Drift(replace_route("internet", NatGatewayId="{nat1}"), ('GatewayId: recorded "{gateway}", live (none)',), ("ec2:ReplaceRoute",)),)),
    route_prop("nat", "NatGatewayId", "nat1", "nat2"),
    route_prop("eni", "NetworkInterfaceId", "eni1", "eni2"),
    route_prop("peer", "VpcPeeringConnectionId", "pcx1", "pcx2"),
    route_prop("transit", "TransitGatewayId", "tgw1", "tgw2"),
    route_prop("egress", "EgressOnlyInternetGatewayId", "eigw1", "eigw2"),
    route_prop("machine", "InstanceId", "i1", "i2"),
)

EXCEPTIONS = {
    (EC2 + "VPC", "InstanceTenancy"): "goes from dedicated to default alone: test_tenancy",
    (EC2 + "Subnet", "Ipv6CidrBlock"): "a change replaces the subnet",
    (EC2 + "VPCGatewayAttachment", "InternetGatewayId"): "is the identity: another gateway is another attachment",
    (EC2 + "Route", "CarrierGatewayId"): "the emulator cannot store it",
    (EC2 + "Route", "CoreNetworkArn"): "the emulator cannot store it",
    (EC2 + "Route", "LocalGatewayId"): "the emulator cannot store it",
    (EC2 + "Route", "VpcEndpointId"): "the emulator cannot store it",
}
IDS = {"vpc": "vpc.VpcId", "plain": "plain.VpcId", "gateway": "gateway.InternetGatewayId", "table": "table.RouteTableId",
       "subnet": "subnet.SubnetId", "group": "group.GroupId", "friend": "friend.GroupId"}


def steps(*calls):
    def make(cloud, ids):
        for c in calls:
            c(cloud, ids)
    return make


def disassociate(cloud, ids):
    table = one("describe_route_tables", "RouteTables", "route-table-id", "table")(cloud, ids)
    for a in table["Associations"]:
        ec2(cloud).disassociate_route_table(AssociationId=a["RouteTableAssociationId"])


DETACH = call("detach_internet_gateway", InternetGatewayId="{gateway}", VpcId="{vpc}")
ROUTES = tuple(TARGETS)
DELETES = (
    Gone("plain", call("delete_vpc", VpcId="{plain}"), ("plain",)),
    Gone("subnet", call("delete_subnet", SubnetId="{subnet}"), ("subnet", "association")),
    Gone("gateway", steps(DETACH, call("delete_internet_gateway", InternetGatewayId="{gateway}")), ("gateway", "attachment"), ("internet",)),
    Gone("attachment", DETACH, ("attachment",)),
    Gone("table", steps(disassociate, call("delete_route_table", RouteTableId="{table}")), ("table", "association", *ROUTES)),
    Gone("internet", call("delete_route", RouteTableId="{table}", DestinationCidrBlock=TARGETS["internet"]), ("internet",)),
    Gone("association", disassociate, ("association",)),
    Gone("group", call("delete_security_group", GroupId="{group}"), ("group",)),
    Gone("friend", steps(rule("ingress", "revoke", IpProtocol="udp", FromPort=53, ToPort=53, UserIdGroupPairs=[{"GroupId": "{friend}"}]),
                         call("delete_security_group", GroupId="{friend}")), ("friend",), ("group",)),
)
GROUP = Group("network", RESOURCES, PROPS, IDS, prepare, EXCEPTIONS, DELETES)
