"""Load balancers, target groups, listeners and their rules."""
from __future__ import annotations

from .table import RELEASED, REQUIRED, Drift, Gone, Group, Prop

ELB = "AWS::ElasticLoadBalancingV2::"
BALANCER, TARGETS, LISTENER, RULE = ELB + "LoadBalancer", ELB + "TargetGroup", ELB + "Listener", ELB + "ListenerRule"


def elb(cloud):
    return cloud.observer("elbv2")


def call(operation, member, name, **params):
    """A call about one object, with {x} and <x> in texts replaced by the id of x."""
    def fill(value, ids):
        if isinstance(value, str) and value[:1] in "{<":
            return ids[value.strip("{}<>")]
        if isinstance(value, dict):
            return {k: fill(v, ids) for k, v in value.items()}
        return [fill(v, ids) for v in value] if isinstance(value, list) else value
    return lambda cloud, ids: getattr(elb(cloud), operation)(**{member: ids[name]}, **fill(params, ids))


def look(kind, name, pick):
    operation, member, answer = {
        BALANCER: ("describe_load_balancers", "LoadBalancerArns", "LoadBalancers"), TARGETS: ("describe_target_groups", "TargetGroupArns", "TargetGroups"),
        LISTENER: ("describe_listeners", "ListenerArns", "Listeners"), RULE: ("describe_rules", "RuleArns", "Rules")}[kind]
    pick = pick if callable(pick) else lambda item, key=pick: item.get(key)
    return lambda cloud, ids: pick(getattr(elb(cloud), operation)(**{member: [ids[name]]})[answer][0])


def tags(address):
    def seen(cloud, ids):
        found = elb(cloud).describe_tags(ResourceArns=[ids[address]])["TagDescriptions"][0]["Tags"]
        return {t["Key"]: t["Value"] for t in found if not t["Key"].startswith("quoin:")}

    def change(operation, **params):
        return lambda cloud, ids: getattr(elb(cloud), operation)(ResourceArns=[ids[address]], **params)
    return Prop(address, "Tags", seen, {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
                ("elbv2:RemoveTags", "elbv2:AddTags"), removed_seen={}, removed_calls=("elbv2:RemoveTags",), drifts=(
        Drift(change("add_tags", Tags=[{"Key": "a", "Value": "behind"}]), ('Tags["a"].Value: recorded "1", live "behind"',), ("elbv2:AddTags",)),
        Drift(change("remove_tags", TagKeys=["b"]), ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("elbv2:AddTags",))))


def attribute(address, prop, verb, member, key, seen, new, behind):
    """One of the key-value settings that have calls of their own."""
    def value(cloud, ids):
        found = getattr(elb(cloud), f"describe_{verb}_attributes")(**{member: ids[address]})["Attributes"]
        return {a["Key"]: a["Value"] for a in found}.get(key)
    return Prop(address, prop, value, seen, [{"Key": key, "Value": new}], new,
                ("elbv2:Modify" + "".join(w.capitalize() for w in verb.split("_")) + "Attributes",), RELEASED, drifts=(
        Drift(call(f"modify_{verb}_attributes", member, address, Attributes=[{"Key": key, "Value": behind}]),
              (f'{prop}["{key}"].Value: recorded "{seen}", live "{behind}"',)),))


def health(name, seen, new, reset, behind, address="group", removed="reset"):
    """A setting of the health checks."""
    shown = [f'"{v}"' if isinstance(v, str) else str(v).lower() for v in (seen, behind)]
    return Prop(address, name, look(TARGETS, address, name), seen, new, new, ("elbv2:ModifyTargetGroup",), removed, reset, drifts=(
        Drift(call("modify_target_group", "TargetGroupArn", address, **{name: behind}), (f"{name}: recorded {shown[0]}, live {shown[1]}",)),))


def listener(address, name, pick, seen, new, new_seen, removed, behind, words):
    return Prop(address, name, look(LISTENER, address, pick), seen, new, new_seen, ("elbv2:ModifyListener",), removed, drifts=(
        Drift(call("modify_listener", "ListenerArn", address, **{name: behind}), words),))


def registered(cloud, ids):
    found = elb(cloud).describe_target_health(TargetGroupArn=ids["group"])["TargetHealthDescriptions"]
    return {(t["Target"]["Id"], t["Target"]["Port"]) for t in found}


def subnets(item):
    return {z["SubnetId"] for z in item["AvailabilityZones"]}


def fixed(code):
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": code, "ContentType": "text/plain", "MessageBody": "no"}}]


def named(subnet, *more):
    return lambda cloud, ids: {back(ids)[s] for s in look(BALANCER, subnet, subnets)(cloud, ids)}


def back(ids):
    return {v: k for k, v in ids.items()}


def path(value):
    return [{"Field": "path-pattern", "Values": [value]}]


def prepare(cloud):
    ec2, acm = cloud.observer("ec2"), cloud.observer("acm")
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    nets = {f"net{i}": ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.60.{i}.0/24", AvailabilityZone="us-east-1" + z)["Subnet"]["SubnetId"]
            for i, z in enumerate("abc", 1)}
    doors = {f"door{i}": ec2.create_security_group(VpcId=vpc, GroupName=f"door{i}", Description="door")["GroupId"] for i in (1, 2)}
    papers = {f"paper{i}": acm.request_certificate(DomainName=f"{i}.test")["CertificateArn"] for i in (1, 2)}
    return {"vpc": vpc, **nets, **doors, **papers}


PAIRS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
RESOURCES = {
    "balancer": {"type": BALANCER, "properties": {
        "Name": "drift", "Scheme": "internal", "IpAddressType": "dualstack", "Subnets": ["<net1>", "<net2>"], "SecurityGroups": ["<door1>"],
        "LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}], "Tags": PAIRS}},
    "mapped": {"type": BALANCER, "properties": {
        "Scheme": "internal", "Type": "network", "SubnetMappings": [{"SubnetId": "<net1>"}, {"SubnetId": "<net2>"}]}},
    "group": {"type": TARGETS, "properties": {
        "VpcId": "<vpc>", "Protocol": "HTTP", "Port": 80, "TargetType": "ip", "HealthCheckPath": "/health", "HealthCheckPort": "8081",
        "HealthCheckProtocol": "HTTPS", "HealthCheckIntervalSeconds": 15, "HealthCheckTimeoutSeconds": 4, "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 4, "Matcher": {"HttpCode": "200-299"}, "Targets": [{"Id": "10.60.1.10"}, {"Id": "10.60.1.11", "Port": 81}],
        "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}], "Tags": PAIRS}},
    "function": {"type": TARGETS, "properties": {"TargetType": "lambda", "HealthCheckEnabled": True}},
    "plain": {"type": LISTENER, "properties": {
        "LoadBalancerArn": "${balancer.LoadBalancerArn}", "Port": 80, "Protocol": "HTTP", "DefaultActions": fixed("404"),
        "ListenerAttributes": [{"Key": "routing.http.response.server.enabled", "Value": "false"}]}},
    "secure": {"type": LISTENER, "properties": {
        "LoadBalancerArn": "${balancer.LoadBalancerArn}", "Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "Certificates": [{"CertificateArn": "<paper1>"}], "DefaultActions": [{"Type": "forward", "TargetGroupArn": "${group.TargetGroupArn}"}]}},
    "rule": {"type": RULE, "properties": {
        "ListenerArn": "${secure.ListenerArn}", "Priority": 10, "Conditions": path("/a"), "Actions": fixed("410")}},
}
RULED = ("elbv2:ModifyRule",)

PROPS = (
    tags("balancer"), tags("group"),
    attribute("balancer", "LoadBalancerAttributes", "load_balancer", "LoadBalancerArn", "idle_timeout.timeout_seconds", "30", "40", "50"),
    attribute("group", "TargetGroupAttributes", "target_group", "TargetGroupArn", "deregistration_delay.timeout_seconds", "20", "25", "30"),
    attribute("plain", "ListenerAttributes", "listener", "ListenerArn", "routing.http.response.server.enabled", "false", "true", "true"),
    Prop("balancer", "IpAddressType", look(BALANCER, "balancer", "IpAddressType"), "dualstack", "ipv4", "ipv4", ("elbv2:SetIpAddressType",),
         removed_seen="ipv4", drifts=(
        Drift(call("set_ip_address_type", "LoadBalancerArn", "balancer", IpAddressType="ipv4"), ('IpAddressType: recorded "dualstack", live "ipv4"',)),)),
    Prop("balancer", "SecurityGroups", look(BALANCER, "balancer", "SecurityGroups"), ["<door1>"], ["<door2>"], ["<door2>"], ("elbv2:SetSecurityGroups",),
         RELEASED, drifts=(
        Drift(call("set_security_groups", "LoadBalancerArn", "balancer", SecurityGroups=["{door1}", "{door2}"]),
              ('SecurityGroups[]: recorded (none), live "<door2>"',)),)),
    Prop("balancer", "Subnets", named("balancer"), {"net1", "net2"}, ["<net1>", "<net3>"], {"net1", "net3"}, ("elbv2:SetSubnets",), REQUIRED, drifts=(
        Drift(call("set_subnets", "LoadBalancerArn", "balancer", Subnets=["{net1}", "{net3}"]),
              ('Subnets[]: recorded "<net2>", live (none)', 'Subnets[]: recorded (none), live "<net3>"')),)),
    Prop("mapped", "SubnetMappings", named("mapped"), {"net1", "net2"}, [{"SubnetId": "<net1>"}, {"SubnetId": "<net3>"}], {"net1", "net3"},
         ("elbv2:SetSubnets",), REQUIRED, drifts=(
        Drift(call("set_subnets", "LoadBalancerArn", "mapped", SubnetMappings=[{"SubnetId": "{net2}"}, {"SubnetId": "{net3}"}]),
              ('SubnetMappings[]: recorded {SubnetId = "<net1>"}, live (none)',)),)),
    health("HealthCheckIntervalSeconds", 15, 20, 30, 25),
    health("HealthCheckPath", "/health", "/alive", "/", "/behind"),
    health("HealthCheckPort", "8081", "8082", "traffic-port", "8083"),
    health("HealthCheckProtocol", "HTTPS", "HTTP", "HTTP", "HTTP"),
    health("HealthCheckTimeoutSeconds", 4, 5, 6, 7),
    health("HealthyThresholdCount", 3, 4, 5, 6),
    health("UnhealthyThresholdCount", 4, 5, 2, 6),
    health("HealthCheckEnabled", True, False, None, False, "function", RELEASED),
    Prop("group", "Matcher", look(TARGETS, "group", "Matcher"), {"HttpCode": "200-299"}, {"HttpCode": "200"}, {"HttpCode": "200"},
         ("elbv2:ModifyTargetGroup",), RELEASED, drifts=(
        Drift(call("modify_target_group", "TargetGroupArn", "group", Matcher={"HttpCode": "200-399"}),
              ('Matcher.HttpCode: recorded "200-299", live "200-399"',)),)),
    Prop("group", "Targets", registered, {("10.60.1.10", 80), ("10.60.1.11", 81)}, [{"Id": "10.60.1.10"}, {"Id": "10.60.1.12"}],
         {("10.60.1.10", 80), ("10.60.1.12", 80)}, ("elbv2:RegisterTargets", "elbv2:DeregisterTargets"), removed_seen=set(),
         removed_calls=("elbv2:DeregisterTargets",), drifts=(
        Drift(call("register_targets", "TargetGroupArn", "group", Targets=[{"Id": "10.60.1.13", "Port": 80}]),
              ('Targets[]: recorded (none), live {Id = "10.60.1.13", Port = 80}',), ("elbv2:DeregisterTargets",)),
        Drift(call("deregister_targets", "TargetGroupArn", "group", Targets=[{"Id": "10.60.1.10"}]),
              ('Targets[]: recorded {Id = "10.60.1.10"', "live (none)"), ("elbv2:RegisterTargets",)))),
    listener("plain", "DefaultActions", lambda x: x["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"], "404", fixed("503"), "503", REQUIRED,
             fixed("500"), ('DefaultActions["fixed-response"].FixedResponseConfig.StatusCode: recorded "404", live "500"',)),
    listener("plain", "Port", "Port", 80, 81, 81, RELEASED, 82, ("Port: recorded 80, live 82",)),
    listener("secure", "Protocol", "Protocol", "HTTPS", "HTTP", "HTTP", RELEASED, "HTTP", ('Protocol: recorded "HTTPS", live "HTTP"',)),
    listener("secure", "SslPolicy", "SslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2016-08", RELEASED,
             "ELBSecurityPolicy-TLS-1-2-2017-01", ("SslPolicy: recorded ", 'live "ELBSecurityPolicy-TLS-1-2-2017-01"')),
    listener("secure", "Certificates", lambda x: [c["CertificateArn"] for c in x["Certificates"]], ["<paper1>"], [{"CertificateArn": "<paper2>"}], ["<paper2>"],
             RELEASED, [{"CertificateArn": "{paper2}"}], ("Certificates[0].CertificateArn: recorded ", '"<paper2>"')),
    Prop("rule", "Priority", look(RULE, "rule", "Priority"), "10", 20, "20", ("elbv2:SetRulePriorities",), REQUIRED, drifts=(
        Drift(lambda cloud, ids: elb(cloud).set_rule_priorities(RulePriorities=[{"RuleArn": ids["rule"], "Priority": 30}]),
              ("Priority: recorded 10, live 30",)),)),
    Prop("rule", "Conditions", look(RULE, "rule", lambda x: x["Conditions"][0]["Values"]), ["/a"], path("/b"), ["/b"], RULED, REQUIRED, drifts=(
        Drift(call("modify_rule", "RuleArn", "rule", Conditions=path("/c")), ("Conditions[]: recorded {", '"/a"', "live (none)", '"/c"')),)),
    Prop("rule", "Actions", look(RULE, "rule", lambda x: x["Actions"][0]["FixedResponseConfig"]["StatusCode"]), "410", fixed("404"), "404", RULED, REQUIRED, drifts=(
        Drift(call("modify_rule", "RuleArn", "rule", Actions=fixed("503")),
              ('Actions["fixed-response"].FixedResponseConfig.StatusCode: recorded "410", live "503"',)),)),
)
EXCEPTIONS = {
    (BALANCER, "EnablePrefixForIpv6SourceNat"): "the emulator cannot store it",
    (BALANCER, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"): "the emulator cannot store it",
    (BALANCER, "Ipv4IpamPoolId"): "the emulator has no such call",
    (BALANCER, "MinimumLoadBalancerCapacity"): "the emulator has no such call",
    (TARGETS, "TargetControlPort"): "a change replaces the group; nothing behind quoin's back can make it",
    (LISTENER, "AlpnPolicy"): "the emulator cannot change it",
    (LISTENER, "MutualAuthentication"): "the emulator cannot store it",
    (RULE, "Transforms"): "the emulator cannot store it",
}
IDS = {"balancer": "balancer.LoadBalancerArn", "mapped": "mapped.LoadBalancerArn", "group": "group.TargetGroupArn", "function": "function.TargetGroupArn",
       "plain": "plain.ListenerArn", "secure": "secure.ListenerArn", "rule": "rule.RuleArn"}
DELETES = (
    Gone("rule", call("delete_rule", "RuleArn", "rule"), ("rule",)),
    Gone("plain", call("delete_listener", "ListenerArn", "plain"), ("plain",)),
    Gone("function", call("delete_target_group", "TargetGroupArn", "function"), ("function",)),
    Gone("mapped", call("delete_load_balancer", "LoadBalancerArn", "mapped"), ("mapped",)),
)
GROUP = Group("balancing", RESOURCES, PROPS, IDS, prepare, EXCEPTIONS, DELETES)
