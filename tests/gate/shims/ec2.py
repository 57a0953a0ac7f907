"""Shims for EC2: VPC, subnet, gateway, route table, security group."""
from __future__ import annotations

import base64
import copy
import hashlib
import ipaddress
import json
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlencode

from ..http1 import Request, Response
from .base import Context, Gap, Shim
from .xmledit import parse, put, serialize

API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_%s.html"
ERRORS = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"

MUTATING = tuple("ec2:" + name for name in (
    "CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "ModifyVpcTenancy", "CreateSubnet", "DeleteSubnet",
    "CreateInternetGateway", "DeleteInternetGateway", "AttachInternetGateway", "DetachInternetGateway",
    "CreateRouteTable", "DeleteRouteTable", "CreateRoute", "ReplaceRoute", "DeleteRoute", "AssociateRouteTable",
    "ReplaceRouteTableAssociation", "DisassociateRouteTable", "CreateSecurityGroup", "DeleteSecurityGroup",
    "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress", "ModifySecurityGroupRules", "CreateTags", "DeleteTags", "AllocateAddress",
    "AssociateAddress", "DisassociateAddress", "ReleaseAddress", "CreateNatGateway", "DeleteNatGateway", "CreateVpcEndpoint",
    "ModifyVpcEndpoint", "DeleteVpcEndpoints", "CreateNetworkAcl", "DeleteNetworkAcl", "CreateNetworkAclEntry",
    "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", "ReplaceNetworkAclAssociation"))


def dry_run(ctx: Context) -> Response | None:
    if ctx.params.get("DryRun"):
        return ctx.error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    return None


# -- paging ---------------------------------------------------------------

_PAGED = {"DescribeVpcs": ("vpcSet", "VpcIds"), "DescribeSubnets": ("subnetSet", "SubnetIds"),
          "DescribeRouteTables": ("routeTableSet", "RouteTableIds"),
          "DescribeInternetGateways": ("internetGatewaySet", "InternetGatewayIds"),
          "DescribeSecurityGroups": ("securityGroupInfo", "GroupIds"),
          "DescribeSecurityGroupRules": ("securityGroupRuleSet", "SecurityGroupRuleIds"),
          "DescribeTags": ("tagSet", "-"), "DescribeNatGateways": ("natGatewaySet", "NatGatewayIds"),
          "DescribeVpcEndpoints": ("vpcEndpointSet", "VpcEndpointIds"), "DescribeNetworkAcls": ("networkAclSet", "NetworkAclIds")}


def paging_check(ctx: Context) -> Response | None:
    ids = _PAGED[ctx.call.operation][1]
    if "MaxResults" in ctx.params and ctx.params.get(ids):
        return ctx.error("InvalidParameterCombination",
                         f"The parameter {ids[0].lower() + ids[1:]} cannot be used with the parameter maxResults")
    token = ctx.params.get("NextToken")
    if token is not None and _offset(token) is None:
        return ctx.error("InvalidNextToken", "The specified NextToken is not valid.")
    return None


def _offset(token: str) -> int | None:
    try:
        mark, _, number = base64.b64decode(token, validate=True).decode().partition(":")
        return int(number) if mark == "page" else None
    except ValueError:
        return None


def paging(ctx: Context, response: Response) -> Response | None:
    size, token = ctx.params.get("MaxResults"), ctx.params.get("NextToken")
    if size is None and token is None:
        return None
    start = _offset(token) if token else 0

    def cut(root: ET.Element) -> None:
        holder = root.find(_PAGED[ctx.call.operation][0])
        items = list(holder) if holder is not None else []
        end = start + (size or 1000)
        for i, item in enumerate(items):
            if not start <= i < end:
                holder.remove(item)
        if end < len(items):
            put(root, "nextToken", base64.b64encode(f"page:{end}".encode()).decode())
    return ctx.edit_xml(response, cut)


# -- tags -----------------------------------------------------------------

_TAGGABLE = {"CreateVpc": "vpc", "CreateSubnet": "subnet", "CreateInternetGateway": "internet-gateway",
             "CreateRouteTable": "route-table", "CreateSecurityGroup": "security-group",
             "AllocateAddress": "elastic-ip", "CreateNatGateway": "natgateway", "CreateVpcEndpoint": "vpc-endpoint",
             "CreateNetworkAcl": "network-acl", "AuthorizeSecurityGroupIngress": "security-group-rule", "AuthorizeSecurityGroupEgress": "security-group-rule"}


def tag_specifications(ctx: Context) -> Response | None:
    for spec in ctx.params.get("TagSpecifications", []):
        kind = spec.get("ResourceType")
        if kind != _TAGGABLE[ctx.call.operation]:
            return ctx.error("InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation.")
        if not spec.get("Tags"):
            return ctx.error("InvalidParameterValue", "Tag specification must have at least one tag")
        wrong = _reserved(ctx, spec["Tags"])
        if wrong:
            return wrong
    return None


def _reserved(ctx: Context, tags: list) -> Response | None:
    keys = [t.get("Key", "") for t in tags]
    if any(k.lower().startswith("aws:") for k in keys):
        return ctx.error("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
    if len(set(keys)) != len(keys):
        return ctx.error("InvalidParameterValue", f"Duplicate tag key '{max(keys, key=keys.count)}' specified.")
    return None


def create_tags(ctx: Context) -> Response | None:
    return _reserved(ctx, ctx.params.get("Tags", []))


# -- CIDRs ----------------------------------------------------------------

_CIDR_NAMES = ("CidrIp", "CidrIpv6", "CidrIpv4", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "CidrBlock")


def canonical_cidr(ctx: Context) -> Response | None:
    pairs = parse_qsl(ctx.request.body.decode(), keep_blank_values=True)
    fixed = []
    for name, value in pairs:
        if name.rsplit(".", 1)[-1] in _CIDR_NAMES:
            try:
                value = str(ipaddress.ip_network(value, strict=False))
            except ValueError:
                return ctx.error("InvalidParameterValue", f"CIDR block {value} is malformed")
        fixed.append((name, value))
    if fixed != pairs:
        req = ctx.request
        ctx.request = Request(req.method, req.target, req.headers, urlencode(fixed).encode(), req.version)
    return None


# -- VPC and subnet -------------------------------------------------------

def one_attribute(ctx: Context) -> Response | None:
    given = [n for n in ctx.params if n not in ("VpcId", "SubnetId", "DryRun")]
    if len(given) > 1:
        return ctx.error("InvalidParameterCombination", "Only one attribute can be modified in a request: " + ", ".join(given))
    return None


_SUBNET_LOST = {"EnableDns64": "enableDns64", "PrivateDnsHostnameTypeOnLaunch": "hostnameType"}


def subnet_attribute(ctx: Context, response: Response) -> Response | None:
    for name in _SUBNET_LOST:
        if name in ctx.params:
            value = ctx.params[name]
            text = str(value["Value"]).lower() if isinstance(value, dict) else value
            ctx.remember("subnet_attributes").setdefault(ctx.params["SubnetId"], {})[name] = text
            return response
    return None


def subnet_read(ctx: Context, response: Response) -> Response | None:
    memory = ctx.remember("subnet_attributes")

    def mend(root: ET.Element) -> None:
        for item in root.iter():
            ident = item.find("subnetId")
            if ident is None:
                continue
            known = memory.get(ident.text, {})
            put(item, "enableDns64", known.get("EnableDns64", "false"))
            options = item.find("privateDnsNameOptionsOnLaunch")
            if options is not None and "PrivateDnsHostnameTypeOnLaunch" in known:
                put(options, "hostnameType", known["PrivateDnsHostnameTypeOnLaunch"])
    return ctx.edit_xml(response, mend)


def _used_by_service(ctx: Context, ident: str) -> bool:
    """Whether a task of an ECS service has its network interface in this subnet or group."""
    with ctx.gate.shims.lock:
        services = list(ctx.memory.get("ecs_services", {}).values())
    return any(ident in s.network and s.status() != "INACTIVE" and s.region == ctx.call.region for s in services)


def delete_vpc(ctx: Context) -> Response | None:
    ident = ctx.params["VpcId"]
    of_vpc = [{"Name": "vpc-id", "Values": [ident]}]
    groups = ctx.ask("describe_security_groups", Filters=of_vpc) or {"SecurityGroups": []}
    gateways = ctx.ask("describe_internet_gateways", Filters=[{"Name": "attachment.vpc-id", "Values": [ident]}])
    if any(g["GroupName"] != "default" for g in groups["SecurityGroups"]) or gateways and gateways["InternetGateways"]:
        return ctx.error("DependencyViolation", f"The vpc '{ident}' has dependencies and cannot be deleted.")
    return None


def delete_subnet(ctx: Context) -> Response | None:
    ident = ctx.params["SubnetId"]
    if _used_by_service(ctx, ident):
        return ctx.error("DependencyViolation", f"The subnet '{ident}' has dependencies and cannot be deleted.")
    return None


def subnet_deleted(ctx: Context, response: Response) -> Response | None:
    changed = None
    found = ctx.ask("describe_route_tables") or {"RouteTables": []}
    for table in found["RouteTables"]:
        for association in table["Associations"]:
            if association.get("SubnetId") == ctx.params["SubnetId"]:
                ctx.ask("disassociate_route_table", AssociationId=association["RouteTableAssociationId"])
                changed = response
    return changed


# -- gateways, routes -----------------------------------------------------

def attach_gateway(ctx: Context) -> Response | None:
    vpc = ctx.params["VpcId"]
    found = ctx.ask("describe_internet_gateways", Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    if found and any(g["InternetGatewayId"] != ctx.params["InternetGatewayId"] for g in found["InternetGateways"]):
        return ctx.error("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")
    return None


_TARGETS = ("GatewayId", "NatGatewayId", "InstanceId", "NetworkInterfaceId", "EgressOnlyInternetGatewayId", "TransitGatewayId",
            "LocalGatewayId", "CarrierGatewayId", "VpcPeeringConnectionId", "VpcEndpointId", "CoreNetworkArn", "OdbNetworkArn")


def route_target(ctx: Context) -> Response | None:
    given = [n for n in _TARGETS if n in ctx.params]
    if not given:
        return ctx.error("MissingParameter", "The request must contain the parameter gatewayId or another route target")
    if len(given) > 1:
        return ctx.error("InvalidParameterCombination", f"The parameters {' and '.join(given)} cannot be used together")
    gateway = ctx.params.get("GatewayId", "")
    if gateway.startswith("igw-"):
        table = ctx.ask("describe_route_tables", RouteTableIds=[ctx.params["RouteTableId"]])
        found = ctx.ask("describe_internet_gateways", InternetGatewayIds=[gateway])
        if table and found:
            vpc = table["RouteTables"][0]["VpcId"]
            if vpc not in [a["VpcId"] for a in found["InternetGateways"][0]["Attachments"]]:
                return ctx.error("InvalidParameterValue", f"route table {ctx.params['RouteTableId']} and network gateway "
                                                          f"{gateway} belong to different networks")
    return None


def delete_route(ctx: Context) -> Response | None:
    table = ctx.ask("describe_route_tables", RouteTableIds=[ctx.params["RouteTableId"]])
    wanted = ctx.params.get("DestinationCidrBlock")
    for route in table["RouteTables"][0]["Routes"] if table else []:
        if wanted and route.get("DestinationCidrBlock") == wanted and route.get("GatewayId") == "local":
            return ctx.error("InvalidParameterValue",
                             f"cannot remove local route {wanted} in route table {ctx.params['RouteTableId']}")
    return None


def associate(ctx: Context) -> Response | None:
    subnet = ctx.params.get("SubnetId")
    for table in (ctx.ask("describe_route_tables") or {"RouteTables": []})["RouteTables"] if subnet else []:
        taken = any(a.get("SubnetId") == subnet for a in table["Associations"])
        if taken and table["RouteTableId"] != ctx.params["RouteTableId"]:
            return ctx.error("Resource.AlreadyAssociated", f"the specified association for route table "
                             f"{ctx.params['RouteTableId']} conflicts with an existing association")
    return None


def token_before(ctx: Context) -> Response | None:
    """Same token, same parameters: the first answer again."""
    token = ctx.params.get("ClientToken")
    rest = json.dumps({k: v for k, v in ctx.params.items() if k != "ClientToken"}, sort_keys=True, default=str)
    ctx.notes["key"] = (ctx.call.name, ctx.call.region, token)
    ctx.notes["digest"] = hashlib.sha256(rest.encode()).hexdigest()
    known = ctx.remember("client_tokens").get(ctx.notes["key"]) if token else None
    if known is None:
        return None
    if known[0] != ctx.notes["digest"]:
        return ctx.error("IdempotentParameterMismatch", "The client token you have provided is associated with a request "
                                                        "whose parameters differ.")
    return copy.deepcopy(known[1])


def token_after(ctx: Context, response: Response) -> Response | None:
    if ctx.params.get("ClientToken"):
        ctx.remember("client_tokens")[ctx.notes["key"]] = (ctx.notes["digest"], copy.deepcopy(response))
    return None


# -- security groups ------------------------------------------------------

def group_name(ctx: Context) -> Response | None:
    if ctx.params["GroupName"].lower().startswith("sg-"):
        return ctx.error("InvalidParameterValue", "Invalid value '%s' for groupName. Group names may not be in the format "
                                                  "sg-*." % ctx.params["GroupName"])
    if ctx.params["GroupName"] == "default":
        return ctx.error("InvalidParameterValue", "Cannot use reserved security group name: default")
    return None


def delete_group(ctx: Context) -> Response | None:
    ident = ctx.params.get("GroupId")
    groups = (ctx.ask("describe_security_groups") or {"SecurityGroups": []})["SecurityGroups"]
    for group in groups:
        if group["GroupId"] == ident:
            if group["GroupName"] == "default":
                return ctx.error("CannotDelete", f'the specified group: "{ident}" name: "default" cannot be deleted by a user')
            continue
        pairs = [p for side in ("IpPermissions", "IpPermissionsEgress") for perm in group[side] for p in perm["UserIdGroupPairs"]]
        if any(p.get("GroupId") == ident for p in pairs):
            return ctx.error("DependencyViolation", f"resource {ident} has a dependent object")
    if ident and _used_by_service(ctx, ident):
        return ctx.error("DependencyViolation", f"resource {ident} has a dependent object")
    return None


def _rules(ctx: Context) -> ET.Element | None:
    """The rules of the group as the emulator writes them."""
    body = urlencode([("Action", "DescribeSecurityGroupRules"), ("Version", "2016-11-15"), ("Filter.1.Name", "group-id"),
                      ("Filter.1.Value.1", ctx.params.get("GroupId", ""))])
    reply = ctx.gate._emulator(ctx.call, Request("POST", "/", ctx.request.headers, body.encode()))
    return parse(reply.body)[0].find("securityGroupRuleSet") if reply.status == 200 else None


def authorize_before(ctx: Context) -> Response | None:
    ctx.notes["rules"] = None
    if len(ctx.params.get("IpPermissions", [])) > 1 and ctx.params.get("GroupId"):
        found = _rules(ctx)
        if found is not None:
            ctx.notes["rules"] = {item.findtext("securityGroupRuleId") for item in found}
    return None


def authorize_after(ctx: Context, response: Response) -> Response | None:
    if ctx.notes["rules"] is None:
        return None
    found = _rules(ctx)
    root, namespace = parse(response.body)
    holder = root.find("securityGroupRuleSet")
    if found is None or holder is None:
        return None
    for item in list(holder):
        holder.remove(item)
    holder.extend(i for i in found if i.findtext("securityGroupRuleId") not in ctx.notes["rules"])
    response.body = serialize(root, namespace)
    return response


TABLE = (
    Shim("ec2-dry-run", MUTATING, "DryRun is ignored, the call is carried out",
         "answers 412 DryRunOperation and does nothing", ERRORS, before=dry_run),
    Shim("ec2-paging", tuple(f"ec2:{n}" for n in _PAGED), "MaxResults and NextToken are ignored",
         "pages; refuses ids together with MaxResults, and a bad NextToken", API % "DescribeVpcs",
         before=paging_check, after=paging),
    Shim("ec2-tag-specification", tuple(f"ec2:{n}" for n in _TAGGABLE), "any ResourceType and any key are taken",
         "only the type the operation makes; keys beginning with aws: and duplicates are refused",
         "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html", before=tag_specifications),
    Shim("ec2-create-tags-reserved", ("ec2:CreateTags",), "keys beginning with aws: are taken", "refuses them",
         "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html", before=create_tags),
    Shim("ec2-canonical-cidr", tuple(f"ec2:{n}" for n in ("CreateVpc", "CreateSubnet", "CreateRoute", "ReplaceRoute",
         "DeleteRoute", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
         "RevokeSecurityGroupEgress", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry")), "host bits of a CIDR block are kept",
         "canonicalises: 100.68.0.18/18 becomes 100.68.0.0/18", API % "AuthorizeSecurityGroupIngress", before=canonical_cidr),
    Shim("ec2-one-attribute", ("ec2:ModifyVpcAttribute", "ec2:ModifySubnetAttribute"),
         "takes several attributes and drops some silently", "only one attribute a request",
         API % "ModifyVpcAttribute", before=one_attribute),
    Shim("ec2-subnet-attributes", ("ec2:ModifySubnetAttribute",), "EnableDns64 and the hostname type are accepted and lost",
         "keeps and shows them", API % "ModifySubnetAttribute", after=subnet_attribute),
    Shim("ec2-subnet-read", ("ec2:DescribeSubnets", "ec2:CreateSubnet"), "shows neither enableDns64 nor the changed hostname type",
         "shows both", API % "Subnet", after=subnet_read),
    Shim("ec2-vpc-in-use", ("ec2:DeleteVpc",), "a VPC with security groups or an attached gateway can be deleted",
         "DependencyViolation", API % "DeleteVpc", before=delete_vpc),
    Shim("ec2-subnet-in-use", ("ec2:DeleteSubnet",), "a subnet with a running service in it can be deleted; its route table "
         "association stays", "DependencyViolation; the association goes with the subnet", API % "DeleteSubnet",
         before=delete_subnet, after=subnet_deleted),
    Shim("ec2-one-internet-gateway", ("ec2:AttachInternetGateway",), "a second gateway can be attached to a VPC",
         "refuses it", API % "AttachInternetGateway", before=attach_gateway),
    Shim("ec2-route-target", ("ec2:CreateRoute", "ec2:ReplaceRoute"), "a route without target, and one to a gateway that is "
         "not attached, are taken", "refuses both", API % "CreateRoute", before=route_target),
    Shim("ec2-local-route", ("ec2:DeleteRoute",), "the local route can be deleted", "refuses it", API % "DeleteRoute",
         before=delete_route),
    Shim("ec2-route-table-association", ("ec2:AssociateRouteTable",), "associating with another table answers the old association",
         "Resource.AlreadyAssociated", API % "AssociateRouteTable", before=associate),
    Shim("ec2-client-token", tuple(f"ec2:{n}" for n in ("CreateRouteTable", "CreateNatGateway", "CreateVpcEndpoint",
         "CreateNetworkAcl")), "ClientToken is ignored: a second object is made", "answers the first again", "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html",
         before=token_before, after=token_after),
    Shim("ec2-group-name", ("ec2:CreateSecurityGroup",), "names sg-* and default are taken", "refuses them",
         API % "CreateSecurityGroup", before=group_name),
    Shim("ec2-group-in-use", ("ec2:DeleteSecurityGroup",), "a group that others refer to, that a service uses, and a default "
         "group can be deleted", "DependencyViolation, CannotDelete", API % "DeleteSecurityGroup", before=delete_group),
    Shim("ec2-authorize-all-rules", ("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"),
         "answers only the rules of the last permission", "answers all rules it made",
         API % "AuthorizeSecurityGroupIngress", before=authorize_before, after=authorize_after),
)

GAPS = (
    Gap("ec2-main-route-table-delete", ("ec2:DeleteRouteTable",), "moto deletes a main route table; AWS refuses"),
    Gap("ec2-network-acl-stays", ("ec2:DeleteVpc",), "the default network ACL of a deleted VPC stays in moto"),
    Gap("ec2-blackhole", ("ec2:DetachInternetGateway",), "routes of a detached gateway stay active; AWS shows blackhole"),
    Gap("ec2-prefix-list-description", ("ec2:AuthorizeSecurityGroupIngress",), "moto loses descriptions of prefix list rules"),
    Gap("ec2-referenced-group-description", ("ec2:DescribeSecurityGroupRules",),
        "moto loses descriptions of group references in DescribeSecurityGroupRules (DescribeSecurityGroups has them)"),
    Gap("ec2-hostnames-need-support", ("ec2:ModifyVpcAttribute",), "the exact refusal of DNS hostnames without DNS support is unknown"),
)
