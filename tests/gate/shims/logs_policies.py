"""Shims for what CloudWatch Logs keeps beside a log group and moto does not know."""
from __future__ import annotations

import json
import time

from ..http1 import Response
from .base import Context, Shim
from .global_services import LOGS


def _name(ctx: Context) -> str:
    return ctx.params["logGroupIdentifier"].removesuffix(":*").split(":log-group:")[-1]


def _answer(value: dict | None) -> Response:
    return Response(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode() if value is not None else b"")


def _group(ctx: Context, name: str) -> dict | None:
    found = ctx.ask("describe_log_groups", logGroupNamePrefix=name)
    group = next((g for g in found["logGroups"] if g["logGroupName"] == name), None) if found else None
    if group is None:
        return None
    # Bound to the group's birth: a group made anew under the name has none of it.
    return ctx.remember("log_policies").setdefault((ctx.call.region, name, group["creationTime"]), {})


def _gone(ctx: Context) -> Response:
    return ctx.error("ResourceNotFoundException", "The specified log group does not exist.")


def policy(ctx: Context) -> Response:
    group = _group(ctx, _name(ctx))
    if group is None:
        return _gone(ctx)
    kind = "dataProtection" if "DataProtection" in ctx.call.operation else "index"
    now = int(time.time() * 1000)
    if ctx.call.operation.startswith("Put"):
        try:
            json.loads(ctx.params["policyDocument"])
        except ValueError:
            return ctx.error("InvalidParameterException", "The policy document is not valid JSON.")
        group[kind] = (ctx.params["policyDocument"], now)
        if kind == "index":
            return _answer({"indexPolicy": _index(_name(ctx), group)})
        return _answer({"logGroupIdentifier": _name(ctx), "policyDocument": group[kind][0], "lastUpdatedTime": now})
    if ctx.call.operation.startswith("Delete"):
        if kind not in group:
            return ctx.error("ResourceNotFoundException", "The specified policy does not exist.")
        del group[kind]
        return _answer(None if kind == "dataProtection" else {})
    if kind not in group:
        return _answer({"logGroupIdentifier": _name(ctx)})
    return _answer({"logGroupIdentifier": _name(ctx), "policyDocument": group[kind][0], "lastUpdatedTime": group[kind][1]})


def _index(name: str, group: dict) -> dict:
    return {"logGroupIdentifier": name, "policyDocument": group["index"][0], "lastUpdateTime": group["index"][1], "source": "LOG_GROUP"}


def index_policies(ctx: Context) -> Response:
    out = []
    for ident in ctx.params["logGroupIdentifiers"]:
        name = ident.removesuffix(":*").split(":log-group:")[-1]
        group = _group(ctx, name)
        if group is None:
            return _gone(ctx)
        if "index" in group:
            out.append(_index(name, group))
    return _answer({"indexPolicies": out})


_FLAGS = ("deletionProtectionEnabled", "bearerTokenAuthenticationEnabled")


def flag(ctx: Context) -> Response:
    group = _group(ctx, _name(ctx))
    if group is None:
        return _gone(ctx)
    group.update({name: ctx.params[name] for name in _FLAGS if name in ctx.params})
    return _answer(None)


def created(ctx: Context, response: Response) -> Response | None:
    if "deletionProtectionEnabled" in ctx.params:
        group = _group(ctx, ctx.params["logGroupName"])
        if group is not None:
            group["deletionProtectionEnabled"] = ctx.params["deletionProtectionEnabled"]
    return None


def shown(ctx: Context, response: Response) -> Response:
    def mend(value: dict) -> None:
        for item in value["logGroups"]:
            known = ctx.remember("log_policies").get((ctx.call.region, item["logGroupName"], item["creationTime"]), {})
            item["deletionProtectionEnabled"] = known.get("deletionProtectionEnabled", False)
            item["bearerTokenAuthenticationEnabled"] = known.get("bearerTokenAuthenticationEnabled", False)
            if "dataProtection" in known:
                item["dataProtectionStatus"] = "ACTIVATED"
    return ctx.edit_json(response, mend)


def protected(ctx: Context) -> Response | None:
    group = _group(ctx, ctx.params["logGroupName"])
    if group and group.get("deletionProtectionEnabled"):
        return ctx.error("ValidationException", "The log group has deletion protection enabled. Disable it to delete the log group.")
    return None


TABLE = (
    Shim("logs-policies", ("logs:PutDataProtectionPolicy", "logs:GetDataProtectionPolicy", "logs:DeleteDataProtectionPolicy",
         "logs:PutIndexPolicy", "logs:DeleteIndexPolicy"), "not implemented", "keeps a policy of each kind for a group",
         LOGS % "PutDataProtectionPolicy", before=policy),
    Shim("logs-index-policies", ("logs:DescribeIndexPolicies",), "not implemented", "shows the groups' field index policies",
         LOGS % "DescribeIndexPolicies", before=index_policies),
    Shim("logs-flags", ("logs:PutLogGroupDeletionProtection", "logs:PutBearerTokenAuthentication"), "not implemented",
         "sets the flag", LOGS % "PutLogGroupDeletionProtection", before=flag),
    Shim("logs-flags-create", ("logs:CreateLogGroup",), "deletionProtectionEnabled is lost", "is kept", LOGS % "CreateLogGroup",
         after=created),
    Shim("logs-flags-read", ("logs:DescribeLogGroups",), "shows none of the flags", "shows them", LOGS % "LogGroup", after=shown),
    Shim("logs-deletion-protection", ("logs:DeleteLogGroup",), "deletes a protected group", "refuses", LOGS % "DeleteLogGroup",
         before=protected),
)
GAPS = ()
