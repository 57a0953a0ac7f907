"""Application Auto Scaling, CloudWatch alarms, SNS."""
from __future__ import annotations

import json

from .table import REQUIRED, Drift, Gone, Group, Prop

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM, TOPIC, SUBSCRIPTION = "AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::Subscription"
ECS = "AWS::ECS::"
OURS = {"ServiceNamespace": "ecs", "ResourceId": "service/scale/web", "ScalableDimension": "ecs:service:DesiredCount"}
PREFIX = "arn:aws:sns:us-east-1:123456789012:"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:"
KEY = "arn:aws:kms:us-east-1:123456789012:key/"
ROLE = "arn:aws:iam::123456789012:role/"


def scaling(operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("application-autoscaling"), operation)(**OURS, **params)


def listed(cloud, operation, key):
    return getattr(cloud.observer("application-autoscaling"), operation)(ServiceNamespace="ecs", ResourceId=OURS["ResourceId"])[key]


def target(key):
    return lambda cloud, ids: cloud.observer("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0].get(key)


def actions(cloud, ids):
    return {a["ScheduledActionName"]: (a["Schedule"], a["ScalableTargetAction"])
            for a in listed(cloud, "describe_scheduled_actions", "ScheduledActions")}


def policy(name, key):
    return lambda cloud, ids: next(p for p in listed(cloud, "describe_scaling_policies", "ScalingPolicies") if p["PolicyName"] == name).get(key)


def night(**more):
    return {"ScheduledActionName": "night", "Schedule": "cron(0 22 * * ? *)", "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 2}, **more}


def step(adjustment, cooldown=60):
    return {"AdjustmentType": "ChangeInCapacity", "Cooldown": cooldown, "MetricAggregationType": "Average",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.5, "ScalingAdjustment": adjustment}]}


def tracking(value):
    return {"TargetValue": value, "ScaleInCooldown": 300, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}


def suspended(out):
    return {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": out, "ScheduledScalingSuspended": False}


# ---- alarms ---------------------------------------------------------------
def cloudwatch(cloud):
    return cloud.observer("cloudwatch")


def describe(cloud, name):
    return cloudwatch(cloud).describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def alarm(name, prop, seen, new, behind, words, **rest):
    """A property that one PutMetricAlarm changes; behind: what somebody else sets it to."""
    def make(cloud, ids):
        shape = cloudwatch(cloud).meta.service_model.operation_model("PutMetricAlarm").input_shape.members
        cloudwatch(cloud).put_metric_alarm(**{**{k: v for k, v in describe(cloud, name).items() if k in shape}, prop: behind})
    return Prop(name, prop, lambda cloud, ids: describe(cloud, name).get(prop), seen, new, new, ("cloudwatch:PutMetricAlarm",),
                drifts=(Drift(make, (words,)),), **rest)


def query(value):
    return [{"Id": "band", "Expression": value, "ReturnData": True, "Label": "x"}, stat("m1")]


def stat(name, period=60):
    return {"Id": name, "ReturnData": True, "MetricStat": {"Period": period, "Stat": "Average", "Metric": {
        "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": [{"Name": "ServiceName", "Value": "web"}]}}}


def metrics(cloud, ids):
    return {m["Id"]: m.get("Expression") or m["MetricStat"]["Period"] for m in describe(cloud, "math")["Metrics"]}


def other_metrics(cloud, ids):
    cloudwatch(cloud).put_metric_alarm(AlarmName="math", EvaluationPeriods=2, ThresholdMetricId="band", Metrics=query("ANOMALY_DETECTION_BAND(m1, 9)"),
                                       ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold")


ALARM_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:plain"


def own(tags):
    return {t["Key"]: t["Value"] for t in tags if not t["Key"].startswith("quoin:")}


def tagged(address, look, change, service):
    """change(cloud, ids, operation, **params): a call about its tags."""
    return Prop(address, "Tags", lambda cloud, ids: own(look(cloud, ids)), {"a": "1", "b": "2"},
                [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
                (service + ":UntagResource", service + ":TagResource"), removed_seen={}, removed_calls=(service + ":UntagResource",), drifts=(
        Drift(lambda cloud, ids: change(cloud, ids, "tag_resource", Tags=[{"Key": "a", "Value": "behind"}]),
              ('Tags["a"].Value: recorded "1", live "behind"',), (service + ":TagResource",)),
        Drift(lambda cloud, ids: change(cloud, ids, "untag_resource", TagKeys=["b"]), ('Tags["b"]: recorded ',), (service + ":TagResource",))))


def alarm_tags(cloud, ids, operation, **params):
    return getattr(cloudwatch(cloud), operation)(ResourceARN=ALARM_ARN, **params)


# ---- topics ---------------------------------------------------------------
def sns(cloud):
    return cloud.observer("sns")


def topic_tags(cloud, ids, operation, **params):
    return getattr(sns(cloud), operation)(ResourceArn=PREFIX + "drift", **params)


def attribute(name, key, document=False):
    def look(cloud, ids):
        client = sns(cloud)
        found = client.get_subscription_attributes(SubscriptionArn=ids[name]) if name in SUBSCRIPTIONS else client.get_topic_attributes(TopicArn=ids[name])
        value = found["Attributes"].get(key)
        return json.loads(value) if document and value else value
    return look


def change(name, key, value):
    def make(cloud, ids):
        text = value if isinstance(value, str) else json.dumps(value)
        which = {"SubscriptionArn" if name in SUBSCRIPTIONS else "TopicArn": ids[name]}
        operation = "set_subscription_attributes" if name in SUBSCRIPTIONS else "set_topic_attributes"
        getattr(sns(cloud), operation)(**which, AttributeName=key, AttributeValue=text)
    return make


def prop(name, key, seen, new, behind, words, **rest):
    """An attribute of a topic or subscription; a document unless it is a text or bool."""
    shown = {True: "true", False: "false"}
    document = isinstance(seen, dict)
    calls = ("sns:SetSubscriptionAttributes",) if name in SUBSCRIPTIONS else ("sns:SetTopicAttributes",)
    return Prop(name, key, attribute(name, key, document), seen if document else shown.get(seen, seen), new, new if document else shown.get(new, new),
                calls, drifts=(Drift(change(name, key, shown.get(behind, behind) if not isinstance(behind, dict) else behind), (words,)),), **rest)


SUBSCRIPTIONS = ("queue", "hook")
TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
SCALED = {"ServiceNamespace": "ecs", "ScalableDimension": OURS["ScalableDimension"], "ResourceId": "${target.ResourceId}"}
PLAIN = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": [{"Name": "ServiceName", "Value": "web"}], "Statistic": "Average",
         "Period": 60, "EvaluationPeriods": 3, "Threshold": 90, "ComparisonOperator": "GreaterThanThreshold"}
RETRY = {"healthyRetryPolicy": {"minDelayTarget": 5, "maxDelayTarget": 20, "numRetries": 3}}
RESOURCES = {
    "cluster": {"type": ECS + "Cluster", "properties": {"ClusterName": "scale"}},
    "task": {"type": ECS + "TaskDefinition", "properties": {
        "Family": "scale", "ContainerDefinitions": [{"Name": "app", "Image": "nginx", "Memory": 64}]}},
    "web": {"type": ECS + "Service", "properties": {
        "ServiceName": "web", "Cluster": "${cluster.Arn}", "TaskDefinition": "${task.TaskDefinitionArn}", "DesiredCount": 2}},
    "target": {"type": TARGET, "properties": {
        "ServiceNamespace": "ecs", "ScalableDimension": OURS["ScalableDimension"], "ResourceId": "service/scale/${web.Name}",
        "MinCapacity": 1, "MaxCapacity": 6, "SuspendedState": {"DynamicScalingOutSuspended": True}, "ScheduledActions": [
            night(StartTime="2030-01-01T00:00:00Z", Timezone="Europe/Berlin")]}},
    "steps": {"type": POLICY, "properties": {**SCALED, "PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": step(1)}},
    "cpu": {"type": POLICY, "properties": {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": "${target.Id}",
                                           "TargetTrackingScalingPolicyConfiguration": tracking(60.5)}},
    "plain": {"type": ALARM, "properties": {
        **PLAIN, "AlarmName": "plain", "AlarmDescription": "of drift", "ActionsEnabled": False, "AlarmActions": ["${topic.TopicArn}"],
        "OKActions": ["${topic.TopicArn}"], "InsufficientDataActions": ["${topic.TopicArn}"], "DatapointsToAlarm": 2,
        "TreatMissingData": "breaching", "Unit": "Percent", "Tags": TAGS}},
    "tail": {"type": ALARM, "properties": {**{k: v for k, v in PLAIN.items() if k != "Statistic"}, "AlarmName": "tail", "ExtendedStatistic": "p99",
                                           "EvaluateLowSampleCountPercentile": "ignore"}},
    "math": {"type": ALARM, "properties": {"AlarmName": "math", "EvaluationPeriods": 2, "ThresholdMetricId": "band", "Metrics": query(
        "ANOMALY_DETECTION_BAND(m1, 2)"), "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"}},
    "topic": {"type": TOPIC, "properties": {"TopicName": "drift", "DisplayName": "Drift", "KmsMasterKeyId": KEY + "one", "SignatureVersion": "2",
                                            "TracingConfig": "Active", "Tags": TAGS}},
    "fifo": {"type": TOPIC, "properties": {"FifoTopic": True, "ContentBasedDeduplication": True, "FifoThroughputScope": "MessageGroup",
                                           "ArchivePolicy": {"MessageRetentionPeriod": "30"}}},
    "queue": {"type": SUBSCRIPTION, "properties": {
        "TopicArn": "${topic.TopicArn}", "Protocol": "sqs", "Endpoint": QUEUE + "a", "RawMessageDelivery": True, "FilterPolicyScope": "MessageBody",
        "FilterPolicy": {"kind": ["a", "b"]}, "RedrivePolicy": {"deadLetterTargetArn": QUEUE + "dead"}}},
    "hook": {"type": SUBSCRIPTION, "properties": {
        "TopicArn": "${topic.TopicArn}", "Protocol": "https", "Endpoint": "https://drift.test/hook", "DeliveryPolicy": RETRY,
        "SubscriptionRoleArn": ROLE + "one"}},
}
REGISTER = ("application-autoscaling:RegisterScalableTarget",)
PUT = ("application-autoscaling:PutScalingPolicy",)
ACTION = ("application-autoscaling:PutScheduledAction",)
NIGHT = {"night": ("cron(0 22 * * ? *)", {"MinCapacity": 1, "MaxCapacity": 2})}
PROPS = (
    Prop("target", "MinCapacity", target("MinCapacity"), 1, 2, 2, REGISTER, REQUIRED, drifts=(
        Drift(scaling("register_scalable_target", MinCapacity=0), ("MinCapacity: recorded 1, live 0",)),)),
    Prop("target", "MaxCapacity", target("MaxCapacity"), 6, 8, 8, REGISTER, REQUIRED, drifts=(
        Drift(scaling("register_scalable_target", MaxCapacity=9), ("MaxCapacity: recorded 6, live 9",)),)),
    Prop("target", "SuspendedState", lambda cloud, ids: {**suspended(False), **target("SuspendedState")(cloud, ids)}, suspended(True),
         {"DynamicScalingOutSuspended": False}, suspended(False), REGISTER, removed_seen=suspended(False), drifts=(
        Drift(scaling("register_scalable_target", SuspendedState=suspended(False)), ("DynamicScalingOutSuspended: recorded true, live false",)),)),
    Prop("target", "ScheduledActions", actions, NIGHT, [night(Schedule="cron(0 23 * * ? *)"), night(ScheduledActionName="late")],
         {"night": ("cron(0 23 * * ? *)", NIGHT["night"][1]), "late": NIGHT["night"]}, (*ACTION, *ACTION), removed_seen={},
         removed_calls=("application-autoscaling:DeleteScheduledAction",), drifts=(
        Drift(scaling("put_scheduled_action", ScheduledActionName="night", Schedule="cron(0 21 * * ? *)", StartTime=1893456000),
              ('ScheduledActions["night"].Schedule: recorded "cron(0 22 * * ? *)", live "cron(0 21 * * ? *)"',), ACTION),
        Drift(scaling("delete_scheduled_action", ScheduledActionName="night"), ('ScheduledActions["night"]',), ACTION),
        Drift(scaling("put_scheduled_action", ScheduledActionName="foreign", Schedule="cron(0 1 * * ? *)", ScalableTargetAction={"MinCapacity": 1}),
              ('ScheduledActions["foreign"]',), ("application-autoscaling:DeleteScheduledAction",)))),
    Prop("steps", "StepScalingPolicyConfiguration", policy("steps", "StepScalingPolicyConfiguration"), step(1), step(2), step(2), PUT, REQUIRED, drifts=(
        Drift(scaling("put_scaling_policy", PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration=step(1, 90)),
              ("StepScalingPolicyConfiguration.Cooldown: recorded 60, live 90",)),)),
    Prop("cpu", "TargetTrackingScalingPolicyConfiguration", policy("cpu", "TargetTrackingScalingPolicyConfiguration"), tracking(60.5), tracking(70),
         tracking(70), PUT, REQUIRED, drifts=(
        Drift(scaling("put_scaling_policy", PolicyName="cpu", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=tracking(10)),
              ("TargetTrackingScalingPolicyConfiguration.TargetValue: recorded 60.5, live 10",)),)),
    alarm("plain", "AlarmDescription", "of drift", "new", "behind", 'AlarmDescription: recorded "of drift", live "behind"',
          removed_seen=""),
    alarm("plain", "ActionsEnabled", False, True, True, "ActionsEnabled: recorded false, live true", removed_seen=True),
    alarm("plain", "AlarmActions", ["{topic}"], [PREFIX + "x"], [PREFIX + "y"], 'AlarmActions[]: recorded (none), live "%sy"' % PREFIX, removed_seen=[]),
    alarm("plain", "OKActions", ["{topic}"], [PREFIX + "x"], [PREFIX + "y"], 'OKActions[]: recorded (none), live "%sy"' % PREFIX, removed_seen=[]),
    alarm("plain", "InsufficientDataActions", ["{topic}"], [PREFIX + "x"], [], 'InsufficientDataActions[]: recorded "{topic}", live (none)',
          removed_seen=[]),
    alarm("plain", "Dimensions", PLAIN["Dimensions"], [{"Name": "ServiceName", "Value": "b"}], [], "Dimensions[]: recorded {", removed_seen=[]),
    alarm("plain", "MetricName", "CPUUtilization", "MemoryUtilization", "Other", 'MetricName: recorded "CPUUtilization", live "Other"', removed=REQUIRED),
    alarm("plain", "Namespace", "AWS/ECS", "AWS/EC2", "Other", 'Namespace: recorded "AWS/ECS", live "Other"', removed=REQUIRED),
    alarm("plain", "Statistic", "Average", "Sum", "Minimum", 'Statistic: recorded "Average", live "Minimum"', removed=REQUIRED),
    alarm("plain", "Period", 60, 120, 300, "Period: recorded 60, live 300", removed=REQUIRED),
    alarm("plain", "EvaluationPeriods", 3, 4, 5, "EvaluationPeriods: recorded 3, live 5", removed=REQUIRED),
    alarm("plain", "DatapointsToAlarm", 2, 3, 1, "DatapointsToAlarm: recorded 2, live 1"),
    alarm("plain", "Threshold", 90.0, 80.5, 70.5, "Threshold: recorded 90, live 70.5", removed=REQUIRED),
    alarm("plain", "ComparisonOperator", "GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold",
          'ComparisonOperator: recorded "GreaterThanThreshold"', removed=REQUIRED),
    alarm("plain", "TreatMissingData", "breaching", "notBreaching", "ignore", 'TreatMissingData: recorded "breaching", live "ignore"',
          removed_seen="missing"),
    alarm("plain", "Unit", "Percent", "Count", "Bytes", 'Unit: recorded "Percent", live "Bytes"'),
    tagged("plain", lambda cloud, ids: alarm_tags(cloud, ids, "list_tags_for_resource")["Tags"], alarm_tags, "cloudwatch"),
    alarm("tail", "ExtendedStatistic", "p99", "p90", "p50", 'ExtendedStatistic: recorded "p99", live "p50"', removed=REQUIRED),
    alarm("tail", "EvaluateLowSampleCountPercentile", "ignore", "evaluate", "evaluate",
          'EvaluateLowSampleCountPercentile: recorded "ignore", live "evaluate"'),
    alarm("math", "ThresholdMetricId", "band", "m1", "m1", 'ThresholdMetricId: recorded "band", live "m1"', removed=REQUIRED),
    Prop("math", "Metrics", metrics, {"band": "ANOMALY_DETECTION_BAND(m1, 2)", "m1": 60}, query("ANOMALY_DETECTION_BAND(m1, 3)"),
         {"band": "ANOMALY_DETECTION_BAND(m1, 3)", "m1": 60}, ("cloudwatch:PutMetricAlarm",), REQUIRED, drifts=(
        Drift(other_metrics, ('Metrics["band"].Expression: recorded "ANOMALY_DETECTION_BAND(m1, 2)", live "ANOMALY_DETECTION_BAND(m1, 9)"',)),)),
    prop("topic", "DisplayName", "Drift", "New", "Behind", 'DisplayName: recorded "Drift", live "Behind"', removed_seen=""),
    prop("topic", "KmsMasterKeyId", KEY + "one", KEY + "two", KEY + "three", "KmsMasterKeyId: recorded "),
    prop("topic", "SignatureVersion", "2", "1", "1", 'SignatureVersion: recorded "2", live "1"', removed_seen="1"),
    prop("topic", "TracingConfig", "Active", "PassThrough", "PassThrough", 'TracingConfig: recorded "Active", live "PassThrough"',
         removed_seen="PassThrough"),
    tagged("topic", lambda cloud, ids: topic_tags(cloud, ids, "list_tags_for_resource")["Tags"], topic_tags, "sns"),
    prop("fifo", "ContentBasedDeduplication", True, False, False, "ContentBasedDeduplication: recorded true, live false", removed_seen="false"),
    prop("fifo", "FifoThroughputScope", "MessageGroup", "Topic", "Topic", 'FifoThroughputScope: recorded "MessageGroup", live "Topic"', removed="released"),
    prop("fifo", "ArchivePolicy", {"MessageRetentionPeriod": "30"}, {"MessageRetentionPeriod": "40"}, {"MessageRetentionPeriod": "50"},
         "ArchivePolicy", removed_seen={}),
    prop("queue", "RawMessageDelivery", True, False, False, "RawMessageDelivery: recorded true, live false", removed_seen="false"),
    prop("queue", "FilterPolicy", {"kind": ["a", "b"]}, {"kind": ["c"]}, {"kind": ["d"]}, "FilterPolicy", removed_seen={}),
    prop("queue", "FilterPolicyScope", "MessageBody", "MessageAttributes", "MessageAttributes",
         'FilterPolicyScope: recorded "MessageBody", live "MessageAttributes"', removed_seen="MessageAttributes"),
    prop("queue", "RedrivePolicy", {"deadLetterTargetArn": QUEUE + "dead"}, {"deadLetterTargetArn": QUEUE + "other"},
         {"deadLetterTargetArn": QUEUE + "third"}, "RedrivePolicy", removed_seen=""),
    prop("hook", "DeliveryPolicy", RETRY, {"healthyRetryPolicy": {**RETRY["healthyRetryPolicy"], "numRetries": 4}},
         {"healthyRetryPolicy": {**RETRY["healthyRetryPolicy"], "numRetries": 5}}, "DeliveryPolicy", removed_seen=""),
    prop("hook", "SubscriptionRoleArn", ROLE + "one", ROLE + "two", ROLE + "three", "SubscriptionRoleArn: recorded ", removed="released"),
)
EXCEPTIONS = {
    (TARGET, "RoleARN"): "write-only by its schema: not compared with the cloud",
    (POLICY, "PolicyType"): "changes with its configuration only: test_types_scale.py::test_policy_type_changes_in_place",
    (POLICY, "PredictiveScalingPolicyConfiguration"): "the emulator refuses the policy type",
    (ALARM, "EvaluationCriteria"): "the emulator does not keep it",
    (ALARM, "EvaluationInterval"): "the emulator does not keep it",
    (TOPIC, "DataProtectionPolicy"): "not implemented by the emulator",
    (SUBSCRIPTION, "ReplayPolicy"): "the emulator refuses the attribute",
}
IDS = {"topic": "topic.TopicArn", "fifo": "fifo.TopicArn", "queue": "queue.Arn", "hook": "hook.Arn"}
DELETES = (
    Gone("target", scaling("deregister_scalable_target"), ("target", "steps", "cpu")),
    Gone("cpu", scaling("delete_scaling_policy", PolicyName="cpu"), ("cpu",)),
    Gone("plain", lambda cloud, ids: cloudwatch(cloud).delete_alarms(AlarmNames=["plain"]), ("plain",)),
    Gone("fifo", lambda cloud, ids: sns(cloud).delete_topic(TopicArn=ids["fifo"]), ("fifo",)),
    Gone("queue", lambda cloud, ids: sns(cloud).unsubscribe(SubscriptionArn=ids["queue"]), ("queue",)),
)
GROUP = Group("scale", RESOURCES, PROPS, IDS, exceptions=EXCEPTIONS, deletes=DELETES)
