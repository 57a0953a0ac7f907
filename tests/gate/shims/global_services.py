"""Shims for IAM, CloudWatch Logs and Route 53."""
from __future__ import annotations

import json
import re
import time
import xml.etree.ElementTree as ET
from datetime import datetime, timezone
from urllib.parse import quote

from ..http1 import Request, Response
from .base import Context, Gap, Shim
from .xmledit import put

IAM = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_%s.html"
LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_%s.html"
R53 = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_%s.html"


# -- IAM ------------------------------------------------------------------

def trust_policy(ctx: Context) -> Response | None:
    text = ctx.params.get("AssumeRolePolicyDocument") or ctx.params.get("PolicyDocument") or ""
    try:
        value = json.loads(text)
    except ValueError:
        return ctx.error("MalformedPolicyDocument", "This policy contains invalid Json")
    if not isinstance(value, dict) or "Statement" not in value:
        return ctx.error("MalformedPolicyDocument", "Syntax errors in policy.")
    statements = value["Statement"] if isinstance(value["Statement"], list) else [value["Statement"]]
    for statement in statements:
        if not isinstance(statement, dict) or not {"Effect", "Action"} <= (statement.keys() | ({"Action"} if "NotAction" in statement else set())):
            return ctx.error("MalformedPolicyDocument", "Missing required field Action")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return ctx.error("MalformedPolicyDocument", "Missing required field Principal")
        if "Resource" in statement:
            return ctx.error("MalformedPolicyDocument", "Has prohibited field Resource")
    return None


def boundary(ctx: Context) -> Response | None:
    arn = ctx.params.get("PermissionsBoundary")
    if arn and ctx.ask("get_policy", PolicyArn=arn) is None:
        return ctx.error("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)
    return None


def role_case(ctx: Context) -> Response | None:
    name = ctx.params["RoleName"].lower()
    listed = ctx.ask("list_roles", MaxItems=1000)
    if listed and any(r["RoleName"].lower() == name for r in listed["Roles"]):
        return ctx.error("EntityAlreadyExists", f"Role with name {ctx.params['RoleName']} already exists.", 409)
    return None


def boundary_missing(ctx: Context) -> Response | None:
    found = ctx.ask("get_role", RoleName=ctx.params["RoleName"])
    if found and not found["Role"].get("PermissionsBoundary"):
        return ctx.error("NoSuchEntity", f"The role with name {ctx.params['RoleName']} has no permissions boundary.", 404)
    return None


def details(ctx: Context, response: Response) -> Response | None:
    """Encodes documents; pages over roles and policies by MaxItems; users and groups come on the first page."""
    size, marker = ctx.params.get("MaxItems", 100), ctx.params.get("Marker")
    start = int(marker.removeprefix("page-")) if marker and marker.removeprefix("page-").isdigit() else 0

    def cut(root: ET.Element) -> None:
        result = root.find("GetAccountAuthorizationDetailsResult")
        for node in result.iter():
            if node.tag.endswith("Document") and (node.text or "").lstrip().startswith("{"):
                node.text = quote(node.text, safe="")
        holders = [h for h in (result.find(n) for n in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))
                   if h is not None]
        items = [(h, i) for h in holders for i in list(h)]
        for number, (holder, item) in enumerate(items):
            if not start <= number < start + size:
                holder.remove(item)
        more = start + size < len(items)
        put(result, "IsTruncated", "true" if more else "false")
        if more:
            put(result, "Marker", f"page-{start + size}")
        elif result.find("Marker") is not None:
            result.remove(result.find("Marker"))
    return ctx.edit_xml(response, cut)


# -- Logs -----------------------------------------------------------------

_RETENTION = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}


def retention(ctx: Context) -> Response | None:
    if ctx.params["retentionInDays"] not in _RETENTION:
        return ctx.error("InvalidParameterException", "1 validation error detected: Value at 'retentionInDays' failed to satisfy "
                         f"constraint: Member must satisfy enum value set: {sorted(_RETENTION)}")
    return None


def _group(ctx: Context, name: str) -> dict:
    return ctx.remember("log_groups").setdefault((ctx.call.region, name), {})


def group_created(ctx: Context, response: Response) -> Response | None:
    ctx.remember("log_groups")[ctx.call.region, ctx.params["logGroupName"]] = {
        "logGroupClass": ctx.params.get("logGroupClass", "STANDARD")}
    return None


def kms_key(ctx: Context) -> Response:
    name = ctx.params.get("logGroupName") or ctx.params.get("resourceIdentifier", "").split(":log-group:")[-1]
    found = ctx.ask("describe_log_groups", logGroupNamePrefix=name)
    if not found or name not in [g["logGroupName"] for g in found["logGroups"]]:
        return ctx.error("ResourceNotFoundException", "The specified log group does not exist.")
    _group(ctx, name)["kmsKeyId"] = ctx.params.get("kmsKeyId")
    return Response(200, [("Content-Type", "application/x-amz-json-1.1")], b"")


def groups_read(ctx: Context, response: Response) -> Response:
    def mend(value: dict) -> None:
        for group in value["logGroups"]:
            known = _group(ctx, group["logGroupName"])
            group["logGroupClass"] = known.get("logGroupClass", "STANDARD")
            if "kmsKeyId" in known:
                group.pop("kmsKeyId", None)
                if known["kmsKeyId"]:
                    group["kmsKeyId"] = known["kmsKeyId"]
    return ctx.edit_json(response, mend)


# -- Route 53 -------------------------------------------------------------

def _zone(ctx: Context) -> str:
    return ctx.params["HostedZoneId"].rsplit("/", 1)[-1]


def zone_create(ctx: Context) -> Response | None:
    reference = ctx.params["CallerReference"]
    if reference in ctx.remember("caller_references"):
        return ctx.error("HostedZoneAlreadyExists", f"A hosted zone has already been created with the specified caller "
                         f"reference {reference}.", 409)
    if "VPC" in ctx.params:                  # AWS takes the VPC, moto the flag, for the mark of a private zone
        body = re.sub(rb"<PrivateZone>[^<]*</PrivateZone>", b"", ctx.request.body).replace(b"<HostedZoneConfig/>", b"")
        flag = b"<PrivateZone>true</PrivateZone></HostedZoneConfig>"
        if b"</HostedZoneConfig>" in body:
            body = body.replace(b"</HostedZoneConfig>", flag)
        else:
            body = body.replace(b"</CreateHostedZoneRequest>", b"<HostedZoneConfig>" + flag + b"</CreateHostedZoneRequest>")
        req = ctx.request
        ctx.request = Request(req.method, req.target, req.headers, body, req.version)
    return None


def zone_created(ctx: Context, response: Response) -> Response | None:
    ctx.remember("caller_references")[ctx.params["CallerReference"]] = True
    return None


def _name(text: str) -> str:
    """A record's name as Route 53 keeps it: lower case, final dot, * as \\052."""
    text = text.lower().replace("*", "\\052")
    return text if text.endswith(".") else text + "."


def _shown(text: str) -> str:
    return _name(text)


def _records(ctx: Context) -> dict | None:
    pages, start = [], {}
    while True:
        found = ctx.ask("list_resource_record_sets", HostedZoneId=_zone(ctx), **start)
        if found is None:
            return None
        pages += found["ResourceRecordSets"]
        if not found.get("IsTruncated"):
            return {_record_key(r): _canonical(r) for r in pages}
        start = {"StartRecordName": found["NextRecordName"], "StartRecordType": found["NextRecordType"]}


def _record_key(record: dict) -> tuple:
    return _name(record["Name"]), record["Type"], record.get("SetIdentifier", "")


def _canonical(record: dict) -> dict:
    out = {k: v for k, v in record.items() if not (k == "TTL" and "AliasTarget" in record)}
    out["Name"] = _name(record["Name"])
    if "AliasTarget" in out:
        target = dict(out["AliasTarget"])
        target["DNSName"] = target["DNSName"].lower().rstrip(".") + "."
        out["AliasTarget"] = target
    return out


def _same(one: dict, two: dict) -> bool:
    def flat(record):
        values = sorted(v["Value"] for v in record.get("ResourceRecords", []))
        return {**{k: v for k, v in record.items() if k != "ResourceRecords"}, "values": values}
    return flat(one) == flat(two)


def change_records(ctx: Context) -> Response | None:
    """The whole call: moto's own checks compare the texts of earlier requests."""
    zone = ctx.ask("get_hosted_zone", Id=_zone(ctx))
    records = _records(ctx) if zone else None
    if records is None:
        return None                          # moto answers NoSuchHostedZone
    suffix = _name(zone["HostedZone"]["Name"])
    planned, faults = dict(records), []
    for change in ctx.params["ChangeBatch"]["Changes"]:
        fault = _plan(planned, change["Action"], _canonical(change["ResourceRecordSet"]), suffix)
        if isinstance(fault, Response):
            return fault
        if fault and fault.startswith("Invalid request"):
            return ctx.error("InvalidInput", fault)
        if fault:
            faults.append(fault)
    if faults:
        return ctx.error("InvalidChangeBatch", "[" + ", ".join(faults) + "]")
    _apply(ctx, records, planned)
    return _change_info(ctx)


def _plan(planned: dict, action: str, record: dict, suffix: str) -> str:
    """Carries one change out on planned; what is wrong with it, or ''."""
    key = _record_key(record)
    label = f"[name='{record['Name']}', type='{record['Type']}'" + (f", set identifier='{key[2]}']" if key[2] else "]")
    if not record["Name"].endswith("." + suffix) and record["Name"] != suffix:
        return f"RRSet with DNS name {record['Name']} is not permitted in zone {suffix}"
    if "AliasTarget" not in record and ("TTL" not in record or not record.get("ResourceRecords")) \
            and "TrafficPolicyInstanceId" not in record:
        return ("Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
                f"TrafficPolicyInstanceId], but found none in Change with [Action={action}, Name={record['Name']}, "
                f"Type={record['Type']}, SetIdentifier={key[2] or 'null'}]")
    if action == "DELETE":
        if key not in planned:
            return f"Tried to delete resource record set {label} but it was not found"
        if not _same(planned[key], record):
            return f"Tried to delete resource record set {label} but the values provided do not match the current values"
        if record["Name"] == suffix and record["Type"] in ("NS", "SOA"):
            return f"A HostedZone must contain at least one {record['Type']} record for the zone itself."
        del planned[key]
        return ""
    if action == "CREATE" and key in planned:
        return f"Tried to create resource record set {label} but it already exists"
    types = {t for n, t, _ in planned if n == key[0] and t != key[1]}
    if (record["Type"] == "CNAME" and types) or "CNAME" in types:
        return (f"RRSet of type {record['Type']} with DNS name {record['Name']} is not permitted as it conflicts with "
                f"other records with the same DNS name in zone {suffix}")
    sets = [k for k in planned if k[:2] == key[:2] and k != key]
    if any(bool(k[2]) != bool(key[2]) for k in sets):
        return f"RRSet with DNS name {record['Name']}, type {record['Type']} cannot be mixed with simple records of that name"
    bad = [v["Value"] for v in record.get("ResourceRecords", []) if record["Type"] == "A" and not _ipv4(v["Value"])]
    if bad:
        return f"Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '{bad[0]}''"
    planned[key] = record
    return ""


def _ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts)


def _apply(ctx: Context, before: dict, after: dict) -> None:
    """Brings moto from before to after; a delete must repeat an earlier request literally."""
    def send(action: str, record: dict) -> None:
        ctx.ask("change_resource_record_sets", HostedZoneId=_zone(ctx), ChangeBatch={"Changes": [
            {"Action": action, "ResourceRecordSet": record}]})
    lost = set()
    for key in before.keys() - after.keys():
        send("UPSERT", before[key])
        send("DELETE", before[key])
        if key[2]:
            lost.add(key[2])                 # moto deletes every record of this set identifier
    for key, record in after.items():
        if before.get(key) != record or key[2] in lost:
            send("UPSERT", record)


def _change(ctx: Context, ident: str) -> None:
    ctx.remember("route53_changes")[ident] = time.monotonic()


def change_status(ctx: Context, ident: str) -> str:
    made = ctx.remember("route53_changes").get(ident)
    young = made is not None and time.monotonic() - made < ctx.gate.faults.settings.pending_ms / 1000
    return "PENDING" if young else "INSYNC"


def _change_info(ctx: Context) -> Response:
    with ctx.gate.shims.lock:
        number = ctx.memory["change_number"] = ctx.memory.get("change_number", 0) + 1
    ident = f"C{number:013d}QUOIN"
    _change(ctx, ident)
    comment = ctx.params["ChangeBatch"].get("Comment")
    root = ET.Element("ChangeResourceRecordSetsResponse", xmlns="https://route53.amazonaws.com/doc/2013-04-01/")
    info = ET.SubElement(root, "ChangeInfo")
    put(info, "Id", f"/change/{ident}")
    put(info, "Status", change_status(ctx, ident))
    put(info, "SubmittedAt", datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z")
    if comment:
        put(info, "Comment", comment)
    return Response(200, [("Content-Type", "text/xml")], b'<?xml version="1.0"?>\n' + ET.tostring(root))


def get_change(ctx: Context) -> Response | None:
    ident = ctx.params["Id"].rsplit("/", 1)[-1]
    if ident not in ctx.remember("route53_changes"):
        return ctx.error("NoSuchChange", f"A change with the specified change ID {ident} does not exist.", 404)
    return None


def zone_status(ctx: Context, response: Response) -> Response | None:
    """ChangeInfo.Status of creates, deletes and GetChange follows the settings."""
    def mend(root: ET.Element) -> None:
        for info in root.iter("ChangeInfo"):
            ident = (info.findtext("Id") or "").rsplit("/", 1)[-1]
            if ctx.call.operation != "GetChange":
                _change(ctx, ident)
            put(info, "Status", change_status(ctx, ident))
    return ctx.edit_xml(response, mend)


_SOA = re.compile(r"\{'Value': '([^']*)'\}")


def records_read(ctx: Context, response: Response) -> Response:
    def mend(root: ET.Element) -> None:
        for record in root.iter("ResourceRecordSet"):
            ttl, alias = record.find("TTL"), record.find("AliasTarget")
            if alias is not None:
                if ttl is not None:
                    record.remove(ttl)
                for empty in record.findall("ResourceRecords"):
                    record.remove(empty)
                name = alias.find("DNSName")
                if name is not None:
                    name.text = (name.text or "").lower().rstrip(".") + "."
            put(record, "Name", _shown(record.findtext("Name") or ""))
            for value in record.iter("Value"):
                value.text = _SOA.sub(r"\1", value.text or "")
    return ctx.edit_xml(response, mend)


TABLE = (
    Shim("iam-trust-policy", ("iam:CreateRole", "iam:UpdateAssumeRolePolicy"), "CreateRole stores any text",
         "MalformedPolicyDocument", IAM % "CreateRole", before=trust_policy),
    Shim("iam-boundary", ("iam:CreateRole", "iam:PutRolePermissionsBoundary"), "a boundary that does not exist is taken",
         "NoSuchEntity", IAM % "PutRolePermissionsBoundary", before=boundary),
    Shim("iam-role-case", ("iam:CreateRole",), "names that differ only in case are different roles", "EntityAlreadyExists",
         IAM % "CreateRole", before=role_case),
    Shim("iam-boundary-missing", ("iam:DeleteRolePermissionsBoundary",), "deleting no boundary succeeds", "NoSuchEntity",
         IAM % "DeleteRolePermissionsBoundary", before=boundary_missing),
    Shim("iam-details", ("iam:GetAccountAuthorizationDetails",), "MaxItems and Marker are ignored; trust policies are not "
         "URL-encoded", "pages; RFC 3986-encodes every document",
         IAM % "GetAccountAuthorizationDetails", after=details),
    Shim("logs-retention", ("logs:PutRetentionPolicy",), "any number of days is taken", "only the documented ones",
         LOGS % "PutRetentionPolicy", before=retention),
    Shim("logs-group-class", ("logs:CreateLogGroup",), "logGroupClass is lost", "is kept", LOGS % "CreateLogGroup",
         after=group_created),
    Shim("logs-kms", ("logs:AssociateKmsKey", "logs:DisassociateKmsKey"), "not implemented", "sets and removes the key",
         LOGS % "AssociateKmsKey", before=kms_key),
    Shim("logs-read", ("logs:DescribeLogGroups",), "shows no logGroupClass", "shows it, and the key", LOGS % "DescribeLogGroups",
         after=groups_read),
    Shim("route53-caller-reference", ("route53:CreateHostedZone",), "CallerReference is ignored: a second zone is made; a VPC "
         "does not make the zone private", "HostedZoneAlreadyExists; PrivateZone is true", R53 % "CreateHostedZone",
         before=zone_create, after=zone_created),
    Shim("route53-changes", ("route53:ChangeResourceRecordSets",), "compares changes with the text of earlier requests: deletes "
         "with right values fail, creates of existing names pass, batches are half applied, CNAME conflicts, wrong addresses "
         "and missing TTLs pass; all changes share few ids", "compares with the zone; atomic; refuses these",
         R53 % "ChangeResourceRecordSets", before=change_records),
    Shim("route53-change-status", ("route53:CreateHostedZone", "route53:DeleteHostedZone", "route53:GetChange",
         "route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"),
         "INSYNC at once", "PENDING first (as long as pending_ms says)", R53 % "GetChange", after=zone_status),
    Shim("route53-get-change", ("route53:GetChange",), "any id is INSYNC", "NoSuchChange", R53 % "GetChange", before=get_change),
    Shim("route53-records", ("route53:ListResourceRecordSets",), "an alias has TTL 0; the SOA value is Python text; names keep "
         "their case and *", "no TTL; plain value; lower case and \\052", R53 % "ListResourceRecordSets", after=records_read),
)

GAPS = (
    Gap("route53-zone-features", ("route53:UpdateHostedZoneFeatures",), "not implemented in moto"),
    Gap("route53-record-values", ("route53:ChangeResourceRecordSets",), "values of other types than A are not checked"),
)
