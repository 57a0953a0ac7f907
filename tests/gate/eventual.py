"""Eventual consistency: what AWS does and an immediate emulator does not.

Four settings (faults.Settings) switch it on: invisible_ms, stale_ms,
pending_ms (which the shims of ECS and Route 53 follow as well) and
iam_propagation_ms.
"""
from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass

from botocore.exceptions import ClientError

from . import errors
from .http1 import Response
from .shims import xmledit


def error_code(response: Response) -> str:
    """The error code of an answer, '' when it is none or has none."""
    if response.status < 400 or not response.body:
        return ""
    kind = response.header("x-amzn-errortype")
    if kind:
        return kind.split(":")[0]
    if response.body[:1] == b"{":
        try:
            return str(json.loads(response.body).get("__type", "")).split("#")[-1]
        except ValueError:
            return ""
    return xmledit.first_text(response.body, "Code") or ""


@dataclass(frozen=True)
class Kind:
    """A kind of object that is not found at first."""
    param: str                               # create parameter that names it, or
    tag: str                                 # element of the answer that has its id
    code: str
    message: str
    status: int = 400


# Codes: AWS-FACTS section 2; messages as AWS words them.
KINDS = {
    "ec2:CreateVpc": Kind("", "vpcId", "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist"),
    "ec2:CreateSubnet": Kind("", "subnetId", "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist"),
    "ec2:CreateInternetGateway": Kind("", "internetGatewayId", "InvalidInternetGatewayID.NotFound",
                                      "The internetGateway ID '%s' does not exist"),
    "ec2:CreateRouteTable": Kind("", "routeTableId", "InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist"),
    "ec2:CreateSecurityGroup": Kind("", "groupId", "InvalidGroup.NotFound", "The security group '%s' does not exist"),
    "iam:CreateRole": Kind("RoleName", "", "NoSuchEntity", "The role with name %s cannot be found.", 404),
    "ecs:CreateCluster": Kind("clusterName", "", "ClusterNotFoundException", "Cluster not found."),
    "ecs:CreateService": Kind("serviceName", "", "ServiceNotFoundException", "Service not found."),
    "route53:CreateHostedZone": Kind("", "Id", "NoSuchHostedZone", "No hosted zone found with ID: %s", 404),
    "logs:CreateLogGroup": Kind("logGroupName", "", "ResourceNotFoundException", "The specified log group does not exist."),
    "s3:CreateBucket": Kind("Bucket", "", "NoSuchBucket", "The specified bucket does not exist", 404),
}
# EC2 reads: the set in the answer and the element that holds each item's own id.
_EC2_SETS = {
    "DescribeVpcs": ("vpcSet", "vpcId"), "DescribeSubnets": ("subnetSet", "subnetId"),
    "DescribeInternetGateways": ("internetGatewaySet", "internetGatewayId"),
    "DescribeRouteTables": ("routeTableSet", "routeTableId"), "DescribeSecurityGroups": ("securityGroupInfo", "groupId"),
    "DescribeSecurityGroupRules": ("securityGroupRuleSet", "groupId"), "DescribeTags": ("tagSet", "resourceId")}
# Parameters that name objects of these services, and are refused while the object is young.
_NAMES = {"iam": ("RoleName",), "route53": ("Id", "HostedZoneId", "ResourceId"), "logs": ("logGroupName",),
          "s3": ("Bucket",), "ecs": ("cluster", "service", "resourceArn")}
_LISTS = {"ListRoles", "GetAccountAuthorizationDetails", "DescribeServices", "DescribeClusters", "DescribeLogGroups",
          "ListServices", "ListClusters", "ListHostedZones", "ListHostedZonesByName", "ListBuckets"}
_PENDING_TAGS = {"ec2:CreateVpc": "vpcId", "ec2:CreateSubnet": "subnetId"}
_ASSUME = ("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")


def _strings(value, skip: tuple = ()):
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in skip:
                yield from _strings(item, skip)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, skip)
    elif isinstance(value, str):
        yield value


def _last(text: str) -> str:
    return text.rsplit("/", 1)[-1]


class Eventual:
    """before() may answer instead of the emulator, after() edits what it answered."""

    def __init__(self, gate):
        self.gate = gate
        self._lock = threading.Lock()
        self._reads: dict[bytes, tuple[float, Response]] = {}
        self._writes: dict[str, list[float]] = {}
        self._born: dict[tuple[str, str], tuple[float, Kind]] = {}
        self._pending: dict[str, float] = {}
        self._roles: dict[str, float] = {}

    def clear(self) -> None:
        with self._lock:
            for table in (self._reads, self._writes, self._born, self._pending, self._roles):
                table.clear()

    def before(self, call) -> Response | None:
        """An answer that the emulator need not give, or None."""
        settings = self.gate.faults.settings
        if settings.invisible_ms:
            answer = self._not_found(call)
            if answer is not None:
                return answer
        if settings.iam_propagation_ms:
            answer = self._not_assumable(call)
            if answer is not None:
                return answer
        if not call.mutating and settings.stale_ms:
            return self._stale(call)
        return None

    def after(self, call, response: Response) -> Response:
        settings = self.gate.faults.settings
        if response.status >= 300:
            return response
        if call.mutating:
            self._remember(call, response, settings)
        elif settings.invisible_ms:
            self._hide(call, response)
        if settings.pending_ms:
            self._show_pending(call, response)
        if settings.stale_ms:
            self._note(call, response)
        return response

    # -- objects that are not found yet -----------------------------------

    def _remember(self, call, response: Response, settings) -> None:
        kind = KINDS.get(call.name)
        now = time.monotonic()
        if call.name == "iam:CreateRole":
            with self._lock:
                self._roles[xmledit.first_text(response.body, "Arn") or ""] = now
        if kind is None:
            return
        ident = call.params.get(kind.param) if kind.param else xmledit.first_text(response.body, kind.tag)
        if not ident:
            return
        with self._lock:
            if settings.invisible_ms:
                self._born.setdefault((call.service, _last(ident) if call.service == "route53" else ident), (now, kind))
            if call.name in _PENDING_TAGS:
                self._pending[ident] = now

    def _young(self, service: str) -> dict[str, Kind]:
        now, limit = time.monotonic(), self.gate.faults.settings.invisible_ms / 1000
        with self._lock:
            return {i: k for (s, i), (born, k) in self._born.items() if s == service and now - born < limit}

    def _not_found(self, call) -> Response | None:
        young = self._young(call.service)
        if not young or call.name in KINDS and call.service not in ("ec2", "ecs"):
            return None
        if call.service == "ec2":
            named = [v for v in _strings(call.params, ("Filters", "TagSpecifications", "Tags")) if v in young]
        else:
            named = [_last(str(call.params[p])) if call.service in ("ecs", "route53") else str(call.params[p])
                     for p in _NAMES.get(call.service, ()) if p in call.params]
            named = [n for n in named if n in young]
        if not named:
            return None
        kind = young[named[0]]
        text = kind.message % named[0] if "%s" in kind.message else kind.message
        answer = errors.error(call.service, call.protocol, kind.code, text, kind.status)
        if call.operation.startswith("Head"):
            answer.body = b""
        return answer

    def _hide(self, call, response: Response) -> None:
        young = self._young(call.service)
        if not young:
            return
        if call.service == "ec2" and call.operation in _EC2_SETS:
            holder, tag = _EC2_SETS[call.operation]
            self._drop_xml(response, young, holder, tag)
        elif call.operation in ("ListRoles", "GetAccountAuthorizationDetails"):
            self._drop_xml(response, young, "Roles" if call.operation == "ListRoles" else "RoleDetailList", "RoleName")
        elif call.operation in ("ListHostedZones", "ListHostedZonesByName"):
            self._drop_xml(response, young, "HostedZones", "Id")
        elif call.operation == "ListBuckets":
            self._drop_xml(response, young, "Buckets", "Name")
        elif call.operation in _LISTS:
            self._drop_json(response, young)

    @staticmethod
    def _drop_xml(response: Response, young: dict, holder_tag: str, id_tag: str) -> None:
        root, namespace = xmledit.parse(response.body)
        found = False
        for holder in root.iter(holder_tag):
            for item in list(holder):
                if _last(item.findtext(id_tag) or "") in young:
                    holder.remove(item)
                    found = True
        if found:
            response.body = xmledit.serialize(root, namespace)

    @staticmethod
    def _drop_json(response: Response, young: dict) -> None:
        value = json.loads(response.body)
        for name, key, arn in (("services", "serviceName", "serviceArn"), ("clusters", "clusterName", "clusterArn")):
            gone = [i for i in value.get(name, []) if i[key] in young]
            if gone:
                value[name] = [i for i in value[name] if i not in gone]
                value.setdefault("failures", []).extend({"arn": i[arn], "reason": "MISSING"} for i in gone)
        for name in ("serviceArns", "clusterArns"):
            if name in value:
                value[name] = [a for a in value[name] if _last(a) not in young]
        if "logGroups" in value:
            value["logGroups"] = [g for g in value["logGroups"] if g["logGroupName"] not in young]
        response.body = json.dumps(value).encode()

    # -- pending states ---------------------------------------------------

    def _show_pending(self, call, response: Response) -> None:
        if call.service != "ec2" or call.operation not in ("CreateVpc", "CreateSubnet", "DescribeVpcs", "DescribeSubnets"):
            return
        now, limit = time.monotonic(), self.gate.faults.settings.pending_ms / 1000
        with self._lock:
            young = {i for i, born in self._pending.items() if now - born < limit}
        if not young:
            return
        tag = "vpcId" if "Vpc" in call.operation else "subnetId"
        root, namespace = xmledit.parse(response.body)
        for item in root.iter():
            if item.findtext(tag) in young and item.find("state") is not None:
                xmledit.put(item, "state", "pending")
        response.body = xmledit.serialize(root, namespace)

    # -- IAM --------------------------------------------------------------

    def _not_assumable(self, call) -> Response | None:
        now, limit = time.monotonic(), self.gate.faults.settings.iam_propagation_ms / 1000
        with self._lock:
            young = {arn for arn, born in self._roles.items() if now - born < limit}
        if not young:
            return None
        if call.name in ("ecs:CreateService", "ecs:UpdateService"):
            if young & self._task_roles(call):
                return errors.error(call.service, call.protocol, "InvalidParameterException", _ASSUME)
        elif call.name in ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"):
            if call.params.get("Role") in young:
                return errors.error(call.service, call.protocol, "InvalidParameterValueException",
                                    "The role defined for the function cannot be assumed by Lambda.")
        elif call.name in ("iam:CreateRole", "iam:UpdateAssumeRolePolicy"):
            text = call.params.get("AssumeRolePolicyDocument") or call.params.get("PolicyDocument") or ""
            named = next((arn for arn in young if arn and f'"{arn}"' in text), None)
            if named:
                return errors.error(call.service, call.protocol, "MalformedPolicyDocument",
                                    f'Invalid principal in policy: "AWS":"{named}"')
        return None

    def _task_roles(self, call) -> set[str]:
        names = {call.params.get("role", "")}
        definition = call.params.get("taskDefinition")
        if definition:
            try:
                found = self.gate.shims.client("ecs", call.region, call.access_key).describe_task_definition(taskDefinition=definition)
            except ClientError:
                return names
            names |= {found["taskDefinition"].get(k, "") for k in ("executionRoleArn", "taskRoleArn")}
        return names

    # -- stale reads ------------------------------------------------------

    def _note(self, call, response: Response) -> None:
        now = time.monotonic()
        with self._lock:
            if call.mutating:
                self._writes.setdefault(call.service, []).append(now)
            else:
                self._reads[self._ident(call)] = (now, Response(response.status, list(response.headers), response.body))

    @staticmethod
    def _ident(call) -> bytes:
        text = json.dumps([call.name, call.region, call.params], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).digest()

    def _stale(self, call) -> Response | None:
        """What this read answered before, if that was still true stale_ms ago."""
        settings = self.gate.faults.settings
        now = time.monotonic()
        ident = self._ident(call)
        with self._lock:
            when, kept = self._reads.get(ident, (0.0, None))
            first = next((w for w in self._writes.get(call.service, ()) if w > when), None)
        if kept is None or first is None or now - first > settings.stale_ms / 1000:
            return None
        point = hashlib.sha256(f"{settings.seed}|stale|{first}".encode() + ident).digest()[0] / 256
        return Response(kept.status, list(kept.headers), kept.body) if point < settings.stale else None
