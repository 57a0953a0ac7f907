"""Shims for Application Auto Scaling, CloudWatch alarms and SNS."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from ..http1 import Response
from . import xmledit
from .base import Context, Gap, Shim

AAS = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_%s.html"
SNS = "https://docs.aws.amazon.com/sns/latest/api/API_%s.html"
# What GetTopicAttributes of the emulator does not show.
_LOST = ("ArchivePolicy", "FifoThroughputScope", "SignatureVersion", "TracingConfig")


def _target(ctx: Context) -> dict:
    return {"ServiceNamespace": ctx.params["ServiceNamespace"], "ScalableDimension": ctx.params["ScalableDimension"]}


def no_target(ctx: Context) -> Response | None:
    found = ctx.ask("describe_scalable_targets", ResourceIds=[ctx.params["ResourceId"]], **_target(ctx))
    if found and found["ScalableTargets"]:
        return None
    return ctx.error("ObjectNotFoundException", "No scalable target registered for service namespace: %s, resource ID: %s, "
                     "scalable dimension: %s" % (ctx.params["ServiceNamespace"], ctx.params["ResourceId"], ctx.params["ScalableDimension"]))


def _policy(ctx: Context) -> dict | None:
    found = ctx.ask("describe_scaling_policies", ResourceId=ctx.params["ResourceId"], **_target(ctx))
    named = [p for p in (found or {}).get("ScalingPolicies", ()) if p["PolicyName"] == ctx.params["PolicyName"]]
    return named[0] if named else None


def no_policy(ctx: Context) -> Response | None:
    if _policy(ctx):
        return None
    return ctx.error("ObjectNotFoundException", "No scaling policy found for policy name: " + ctx.params["PolicyName"])


def with_target(ctx: Context, response: Response) -> Response:
    """The policies and scheduled actions of a target go with it."""
    which = {**_target(ctx), "ResourceId": ctx.params["ResourceId"]}
    for policy in (ctx.ask("describe_scaling_policies", **which) or {}).get("ScalingPolicies", ()):
        ctx.ask("delete_scaling_policy", PolicyName=policy["PolicyName"], **which)
    for action in (ctx.ask("describe_scheduled_actions", **which) or {}).get("ScheduledActions", ()):
        ctx.ask("delete_scheduled_action", ScheduledActionName=action["ScheduledActionName"], **which)
    return response


def _attributes(ctx: Context, arn: str) -> dict:
    return ctx.remember("sns_topics").setdefault(arn, {})


def topic_created(ctx: Context, response: Response) -> None:
    given = ctx.params.get("Attributes") or {}
    _attributes(ctx, xmledit.first_text(response.body, "TopicArn")).update({k: v for k, v in given.items() if k in _LOST})


def topic_set(ctx: Context, response: Response) -> None:
    if ctx.params["AttributeName"] in _LOST:
        _attributes(ctx, ctx.params["TopicArn"])[ctx.params["AttributeName"]] = ctx.params.get("AttributeValue", "")


def topic_deleted(ctx: Context, response: Response) -> None:
    ctx.remember("sns_topics").pop(ctx.params["TopicArn"], None)


def topic_shown(ctx: Context, response: Response) -> Response:
    def mend(root: ET.Element) -> None:
        for name, value in _attributes(ctx, ctx.params["TopicArn"]).items():
            entry = ET.SubElement(root.find(".//Attributes"), "entry")
            ET.SubElement(entry, "key").text = name
            ET.SubElement(entry, "value").text = value
    return ctx.edit_xml(response, mend)


TABLE = (
    Shim("scalable-target-missing", ("application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy",
         "application-autoscaling:PutScheduledAction"), "ValidationException, or takes it", "ObjectNotFoundException",
         AAS % "DeregisterScalableTarget", before=no_target),
    Shim("scaling-policy-missing", ("application-autoscaling:DeleteScalingPolicy",), "ValidationException", "ObjectNotFoundException",
         AAS % "DeleteScalingPolicy", before=no_policy),
    Shim("scalable-target-takes-along", ("application-autoscaling:DeregisterScalableTarget",), "leaves its policies",
         "deletes them", AAS % "DeregisterScalableTarget", after=with_target),
    Shim("sns-topic-create", ("sns:CreateTopic",), "loses " + ", ".join(_LOST), "keeps them", SNS % "CreateTopic", after=topic_created),
    Shim("sns-topic-set", ("sns:SetTopicAttributes",), "keeps what it never shows", "shows it", SNS % "SetTopicAttributes",
         after=topic_set),
    Shim("sns-topic-delete", ("sns:DeleteTopic",), "has no more of it to forget", "forgets it", SNS % "DeleteTopic", after=topic_deleted),
    Shim("sns-topic-get", ("sns:GetTopicAttributes",), "does not show " + ", ".join(_LOST), "shows them", SNS % "GetTopicAttributes",
         after=topic_shown),
)
GAPS = (
    Gap("sns-data-protection", ("sns:PutDataProtectionPolicy", "sns:GetDataProtectionPolicy"), "not implemented by the emulator"),
    Gap("predictive-scaling", ("application-autoscaling:PutScalingPolicy",), "the emulator refuses the policy type"),
)
