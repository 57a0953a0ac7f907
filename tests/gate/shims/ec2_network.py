"""Shims for EC2: addresses, NAT gateways, VPC endpoints, network ACLs."""
from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlencode

from ..http1 import Request, Response
from .base import Context, Gap, Shim
from .ec2 import API
from .xmledit import put

PENDING_S = .15                              # how long a gateway is made, and goes


def with_form(request: Request, change) -> Request:
    pairs = change(parse_qsl(request.body.decode(), keep_blank_values=True))
    return Request(request.method, request.target, request.headers, urlencode(pairs).encode(), request.version)


# -- filters --------------------------------------------------------------

# operation: (set in the answer, {filter: element of an item})
_FILTERS = {"DescribeNetworkAcls": ("networkAclSet", {"network-acl-id": "networkAclId"}),
            "DescribeVpcEndpoints": ("vpcEndpointSet", {"vpc-endpoint-id": "vpcEndpointId"}),
            "DescribeNatGateways": ("natGatewaySet", {})}


def _mended(ctx: Context, name: str) -> bool:
    return name in _FILTERS[ctx.call.operation][1] or (ctx.call.operation == "DescribeNatGateways" and name.startswith("tag:"))


def filters_before(ctx: Context) -> Response | None:
    """Filters that the emulator does not know are taken out; the answer is filtered here."""
    given = ctx.params.get("Filters", ctx.params.get("Filter", []))
    ctx.notes["filters"] = [f for f in given if _mended(ctx, f["Name"])]
    if not ctx.notes["filters"]:
        return None
    rest = [f for f in given if f not in ctx.notes["filters"]]

    def change(pairs):
        out = [(k, v) for k, v in pairs if not k.startswith("Filter.")]
        for i, f in enumerate(rest, 1):
            out.append((f"Filter.{i}.Name", f["Name"]))
            out += [(f"Filter.{i}.Value.{k}", v) for k, v in enumerate(f["Values"], 1)]
        return out
    ctx.request = with_form(ctx.request, change)
    return None


def _fits(item: ET.Element, name: str, values: list[str], paths: dict) -> bool:
    if not name.startswith("tag:"):
        return item.findtext(paths[name]) in values
    tags = {t.findtext("key"): t.findtext("value") for t in item.iterfind("tagSet/item")}
    return tags.get(name[4:]) in values


def filters_after(ctx: Context, response: Response) -> Response | None:
    if not ctx.notes["filters"]:
        return None
    holder_name, paths = _FILTERS[ctx.call.operation]

    def cut(root: ET.Element) -> None:
        holder = root.find(holder_name)
        for item in list(holder if holder is not None else ()):
            if not all(_fits(item, f["Name"], f["Values"], paths) for f in ctx.notes["filters"]):
                holder.remove(item)
    return ctx.edit_xml(response, cut)


# -- addresses ------------------------------------------------------------

def release_address(ctx: Context) -> Response | None:
    found = ctx.ask("describe_addresses", AllocationIds=[ctx.params.get("AllocationId", "")])
    if found and found["Addresses"][0].get("AssociationId"):
        return ctx.error("InvalidIPAddress.InUse", f"Address {found['Addresses'][0]['PublicIp']} is in use.")
    return None


# -- NAT gateways ---------------------------------------------------------

def create_nat(ctx: Context, response: Response) -> Response:
    def mend(root: ET.Element) -> None:
        gateway = root.find("natGateway")
        ctx.remember("nat_made")[gateway.findtext("natGatewayId")] = time.monotonic()
        put(gateway, "state", "pending")
    return ctx.edit_xml(response, mend)


def _gateway(ctx: Context, ident: str) -> dict | None:
    found = ctx.ask("describe_nat_gateways", NatGatewayIds=[ident])
    return found["NatGateways"][0] if found and found["NatGateways"] else None


def delete_nat(ctx: Context) -> Response | None:
    ident = ctx.params["NatGatewayId"]
    gateway = _gateway(ctx, ident)
    if gateway is None:
        return ctx.error("NatGatewayNotFound", f"NatGateway {ident} was not found")
    if gateway["State"] != "deleted":
        ctx.remember("nat_deleted")[ident] = time.monotonic()
    return None


def _gone(ctx: Context, gateway: ET.Element) -> None:
    """The interface of a deleted gateway goes, and its address is free."""
    for address in gateway.iterfind("natGatewayAddressSet/item"):
        if address.findtext("associationId"):
            ctx.ask("disassociate_address", AssociationId=address.findtext("associationId"))
        if address.findtext("networkInterfaceId"):
            ctx.ask("delete_network_interface", NetworkInterfaceId=address.findtext("networkInterfaceId"))


def _fails(gateway: ET.Element) -> bool:
    """A test asks for a gateway that fails by the tag gate:fails, whose value is the reason."""
    reason = next((t.findtext("value") for t in gateway.iterfind("tagSet/item") if t.findtext("key") == "gate:fails"), None)
    if reason is None or gateway.findtext("state") == "deleted":
        return False
    put(gateway, "state", "failed")
    put(gateway, "failureCode", "Gateway.NotAttached")
    put(gateway, "failureMessage", reason)
    return True


def describe_nats(ctx: Context, response: Response) -> Response:
    made, deleted = ctx.remember("nat_made"), ctx.remember("nat_deleted")

    def mend(root: ET.Element) -> None:
        for gateway in root.iterfind("natGatewaySet/item"):
            ident, now = gateway.findtext("natGatewayId"), time.monotonic()
            for address in gateway.iterfind("natGatewayAddressSet/item"):
                put(address, "isPrimary", "true")
                put(address, "status", "succeeded")
            if gateway.findtext("state") == "available" and now - made.get(ident, 0) < PENDING_S:
                put(gateway, "state", "pending")
            elif _fails(gateway):
                _gone(ctx, gateway)
            if gateway.findtext("state") == "deleted" and now - deleted.get(ident, 0) < PENDING_S:
                put(gateway, "state", "deleting")
            elif gateway.findtext("state") == "deleted":
                _gone(ctx, gateway)
    return ctx.edit_xml(response, mend)


def subnet_with_nat(ctx: Context) -> Response | None:
    found = ctx.ask("describe_nat_gateways", Filters=[{"Name": "subnet-id", "Values": [ctx.params["SubnetId"]]}])
    deleted = ctx.remember("nat_deleted")
    for gateway in found["NatGateways"] if found else []:
        if any(t["Key"] == "gate:fails" for t in gateway["Tags"]):
            continue
        if gateway["State"] != "deleted" or time.monotonic() - deleted.get(gateway["NatGatewayId"], 0) < PENDING_S:
            return ctx.error("DependencyViolation", f"The subnet '{ctx.params['SubnetId']}' has dependencies and cannot be deleted.")
    return None


# -- endpoints ------------------------------------------------------------

_ENDPOINT_LOST = {"PrivateDnsEnabled": "privateDnsEnabled", "IpAddressType": "ipAddressType"}
_DNS_LOST = {"DnsRecordIpType": "dnsRecordIpType", "PrivateDnsOnlyForInboundResolverEndpoint": "privateDnsOnlyForInboundResolverEndpoint"}


def endpoint_kind(ctx: Context) -> Response | None:
    if "VpcEndpointType" not in ctx.params:
        ctx.request = with_form(ctx.request, lambda pairs: [*pairs, ("VpcEndpointType", "Gateway")])
    return None


def _text(value) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _keep_endpoint(ctx: Context, ident: str) -> None:
    kept = ctx.remember("endpoints").setdefault(ident, {})
    kept.update({tag: _text(ctx.params[name]) for name, tag in _ENDPOINT_LOST.items() if name in ctx.params})
    options = ctx.params.get("DnsOptions", {})
    kept.setdefault("dns", {}).update({tag: _text(options[name]) for name, tag in _DNS_LOST.items() if name in options})


def _show_endpoint(ctx: Context, item: ET.Element) -> None:
    kept = ctx.remember("endpoints").get(item.findtext("vpcEndpointId"), {})
    for tag in _ENDPOINT_LOST.values():
        if tag in kept:
            put(item, tag, kept[tag])
    if kept.get("dns"):
        options = item.find("dnsOptions")
        options = ET.SubElement(item, "dnsOptions") if options is None else options
        for tag, text in kept["dns"].items():
            put(options, tag, text)


def endpoint_made(ctx: Context, response: Response) -> Response:
    def mend(root: ET.Element) -> None:
        item = root.find("vpcEndpoint")
        _keep_endpoint(ctx, item.findtext("vpcEndpointId"))
        _show_endpoint(ctx, item)
    return ctx.edit_xml(response, mend)


def endpoint_read(ctx: Context, response: Response) -> Response:
    return ctx.edit_xml(response, lambda root: [_show_endpoint(ctx, i) for i in root.iterfind("vpcEndpointSet/item")])


def _prefix_list(ctx: Context, service: str) -> str | None:
    found = ctx.ask("describe_managed_prefix_lists") or {"PrefixLists": []}
    return next((p["PrefixListId"] for p in found["PrefixLists"] if p["PrefixListName"] == service), None)


def endpoint_modified(ctx: Context, response: Response) -> Response | None:
    ident = ctx.params["VpcEndpointId"]
    _keep_endpoint(ctx, ident)
    found = ctx.ask("describe_vpc_endpoints", VpcEndpointIds=[ident])
    prefixes = _prefix_list(ctx, found["VpcEndpoints"][0]["ServiceName"]) if found else None
    for table in ctx.params.get("AddRouteTableIds", []) if prefixes else []:
        ctx.ask("create_route", RouteTableId=table, DestinationPrefixListId=prefixes, GatewayId=ident)
    for table in ctx.params.get("RemoveRouteTableIds", []) if prefixes else []:
        ctx.ask("delete_route", RouteTableId=table, DestinationPrefixListId=prefixes)
    return response


# -- network ACLs ---------------------------------------------------------

def _entries(ctx: Context) -> list:
    found = ctx.ask("describe_network_acls", NetworkAclIds=[ctx.params["NetworkAclId"]])
    return found["NetworkAcls"][0]["Entries"] if found else []


def _entry_key(params: dict) -> tuple:
    return params["NetworkAclId"], int(params["RuleNumber"]), bool(params.get("Egress", False))


def entry_there(ctx: Context) -> Response | None:
    acl, number, egress = _entry_key(ctx.params)
    if not any(e["RuleNumber"] == number and e["Egress"] == egress for e in _entries(ctx)):
        return ctx.error("InvalidNetworkAclEntry.NotFound", f"The specified entry {number} in network ACL {acl} does not exist")
    return None


def entry_icmp(ctx: Context, response: Response) -> Response | None:
    ctx.remember("acl_icmp")[_entry_key(ctx.params)] = ctx.params.get("IcmpTypeCode")
    return response if "IcmpTypeCode" in ctx.params else None


def acls_read(ctx: Context, response: Response) -> Response:
    kept = ctx.remember("acl_icmp")

    def mend(root: ET.Element) -> None:
        for acl in root.iterfind("networkAclSet/item"):
            for entry in acl.iterfind("entrySet/item"):
                key = acl.findtext("networkAclId"), int(entry.findtext("ruleNumber")), entry.findtext("egress") == "true"
                if kept.get(key):
                    icmp = ET.SubElement(entry, "icmpTypeCode")
                    for name, value in kept[key].items():
                        put(icmp, name.lower(), str(value))
    return ctx.edit_xml(response, mend)


def association_there(ctx: Context) -> Response | None:
    ident = ctx.params["AssociationId"]
    found = ctx.ask("describe_network_acls") or {"NetworkAcls": []}
    if not any(a["NetworkAclAssociationId"] == ident for n in found["NetworkAcls"] for a in n["Associations"]):
        return ctx.error("InvalidAssociationID.NotFound", f"The association ID '{ident}' does not exist")
    return None


TABLE = (
    Shim("ec2-missing-filters", tuple(f"ec2:{n}" for n in _FILTERS), "filters network-acl-id and vpc-endpoint-id end in 500, "
         "tag filters of NAT gateways are ignored", "filters", API % "DescribeNetworkAcls", before=filters_before, after=filters_after),
    Shim("ec2-address-in-use", ("ec2:ReleaseAddress",), "an associated address can be released", "InvalidIPAddress.InUse",
         API % "ReleaseAddress", before=release_address),
    Shim("ec2-nat-create", ("ec2:CreateNatGateway",), "available at once", "pending at first", API % "CreateNatGateway", after=create_nat),
    Shim("ec2-nat-delete", ("ec2:DeleteNatGateway",), "an unknown gateway ends in an HTML 500", "NatGatewayNotFound",
         API % "DeleteNatGateway", before=delete_nat),
    Shim("ec2-nat-states", ("ec2:DescribeNatGateways",), "deleted at once, the address stays associated; IsPrimary is missing",
         "pending and deleting for a while; then the address is free", API % "NatGateway", after=describe_nats),
    Shim("ec2-nat-holds-subnet", ("ec2:DeleteSubnet",), "a subnet with a NAT gateway in it can be deleted", "DependencyViolation",
         API % "DeleteSubnet", before=subnet_with_nat),
    Shim("ec2-endpoint-create", ("ec2:CreateVpcEndpoint",), "an endpoint without a kind cannot be deleted; DNS options and the kind "
         "of addresses are lost", "the kind is Gateway; both are shown", API % "CreateVpcEndpoint", before=endpoint_kind, after=endpoint_made),
    Shim("ec2-endpoint-read", ("ec2:DescribeVpcEndpoints",), "does not show what was lost", "shows it", API % "VpcEndpoint", after=endpoint_read),
    Shim("ec2-endpoint-modify", ("ec2:ModifyVpcEndpoint",), "private DNS is lost; tables are added and removed without their route",
         "both are changed", API % "ModifyVpcEndpoint", after=endpoint_modified),
    Shim("ec2-acl-entry-missing", ("ec2:DeleteNetworkAclEntry", "ec2:ReplaceNetworkAclEntry"), "a missing entry ends in an HTML 500",
         "InvalidNetworkAclEntry.NotFound", API % "DeleteNetworkAclEntry", before=entry_there),
    Shim("ec2-acl-entry-icmp", ("ec2:CreateNetworkAclEntry", "ec2:ReplaceNetworkAclEntry"), "ICMP type and code are lost", "kept",
         API % "NetworkAclEntry", after=entry_icmp),
    Shim("ec2-acl-read", ("ec2:DescribeNetworkAcls",), "does not show ICMP type and code", "shows them", API % "NetworkAclEntry", after=acls_read),
    Shim("ec2-acl-association-missing", ("ec2:ReplaceNetworkAclAssociation",), "an unknown association ends in an HTML 500",
         "InvalidAssociationID.NotFound", API % "ReplaceNetworkAclAssociation", before=association_there),
)

GAPS = (
    Gap("ec2-nat-secondary-addresses", ("ec2:AssociateNatGatewayAddress", "ec2:AssignPrivateNatGatewayAddress"),
        "moto knows no secondary addresses of NAT gateways"),
    Gap("ec2-public-ipv4-pool", ("ec2:AllocateAddress",), "moto does not show the pool of an address"),
    Gap("ec2-acl-closing-entries", ("ec2:CreateNetworkAcl",), "moto's new network ACLs lack the entries 32767 that deny the rest"),
)
