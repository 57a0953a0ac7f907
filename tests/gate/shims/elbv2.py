"""Shims for Elastic Load Balancing v2."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from ..http1 import Response
from .base import Context, Gap, Shim
from .xmledit import put

API = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_%s.html"


def same_name(ctx: Context) -> Response | None:
    found = ctx.ask("describe_load_balancers", Names=[ctx.params["Name"]])
    if found and found["LoadBalancers"]:
        return ctx.error("DuplicateLoadBalancerName", f"A load balancer with the same name '{ctx.params['Name']}' exists, but with different settings")
    return None


def same_port(ctx: Context) -> Response | None:
    found = ctx.ask("describe_listeners", LoadBalancerArn=ctx.params["LoadBalancerArn"])
    if found and any(x["Port"] == ctx.params.get("Port") for x in found["Listeners"]):
        return ctx.error("DuplicateListener", "A listener already exists on this port for this load balancer")
    return None


def change_places(ctx: Context) -> Response | None:
    """Rules that are moved by one call give their old places up first."""
    asked = {p["RuleArn"]: p["Priority"] for p in ctx.params["RulePriorities"]}
    listener = next(iter(asked)).replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]
    found = ctx.ask("describe_rules", ListenerArn=listener)
    for rule in found["Rules"] if found else []:
        if rule["RuleArn"] not in asked and rule["Priority"] in map(str, asked.values()):
            return ctx.error("PriorityInUse", f"Priority '{rule['Priority']}' is currently in use")
    away = [{"RuleArn": arn, "Priority": 40000 + i} for i, arn in enumerate(asked)]
    ctx.ask("set_rule_priorities", RulePriorities=away)
    return None


def _actions(root: ET.Element) -> None:
    for member in [m for tag in ("Actions", "DefaultActions") for a in root.iter(tag) for m in a.findall("member")]:
        arn, config = member.findtext("TargetGroupArn"), member.find("ForwardConfig")
        if arn and config is None:
            config = ET.SubElement(member, "ForwardConfig")
            group = ET.SubElement(ET.SubElement(config, "TargetGroups"), "member")
            put(group, "TargetGroupArn", arn)
            put(group, "Weight", "1")
            put(ET.SubElement(config, "TargetGroupStickinessConfig"), "Enabled", "false")
        groups = config.findall("TargetGroups/member") if config is not None else []
        if not arn and len(groups) == 1:
            put(member, "TargetGroupArn", groups[0].findtext("TargetGroupArn"))


def _conditions(root: ET.Element) -> None:
    for member in [m for c in root.iter("Conditions") for m in c.findall("member")]:
        name = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(member.findtext("Field"))
        if not name:
            continue
        config, values = member.find(name), member.find("Values")
        if config is None and values is not None:
            ET.SubElement(member, name).append(values)
        elif values is None and config is not None and config.find("Values") is not None:
            member.append(config.find("Values"))


def both_forms(ctx: Context, response: Response) -> Response | None:
    def change(root: ET.Element) -> None:
        _actions(root)
        _conditions(root)
    return ctx.edit_xml(response, change) if response.status == 200 else None


TABLE = (
    Shim("elbv2-name", ("elbv2:CreateLoadBalancer",), "makes a second load balancer of the same name",
         "DuplicateLoadBalancerName, unless all settings are the same", API % "CreateLoadBalancer", before=same_name),
    Shim("elbv2-port", ("elbv2:CreateListener",), "accepts a second listener on the same port",
         "DuplicateListener, unless all settings are the same", API % "CreateListener", before=same_port),
    Shim("elbv2-places", ("elbv2:SetRulePriorities",), "PriorityInUse for rules that change places in one call",
         "moves all of them at once", API % "SetRulePriorities", before=change_places),
    Shim("elbv2-both-forms", ("elbv2:DescribeListeners", "elbv2:DescribeRules"), "answers the form that was sent",
         "answers one target group, and values of paths and hosts, in both forms", API % "Action", after=both_forms),
)
GAPS = (
    Gap("elbv2-targets-by-id", ("elbv2:RegisterTargets",), "moto knows a target by its id alone: one on two ports is one target"),
)
