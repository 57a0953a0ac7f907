"""Load balancing: a balancer with two listeners, two rules and two target groups, from nothing to nothing."""
from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.harness import definitions
from tests.harness.snapshot import by_quoin_id, duplicates, snapshot_account

SPEC = """\
quoin: 1
stack: front
environments:
  test: { region: us-east-1 }
resources:
  vpc:
    type: AWS::EC2::VPC
    properties: { CidrBlock: 10.0.0.0/16 }
  a:
    type: AWS::EC2::Subnet
    properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a }
  b:
    type: AWS::EC2::Subnet
    properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b }
  doors:
    type: AWS::EC2::SecurityGroup
    properties: { GroupDescription: doors, VpcId: "${vpc.VpcId}" }
  balancer:
    type: AWS::ElasticLoadBalancingV2::LoadBalancer
    properties:
      Name: front
      Scheme: internal
      Subnets: ["${a.SubnetId}", "${b.SubnetId}"]
      SecurityGroups: ["${doors.GroupId}"]
      LoadBalancerAttributes:
        - { Key: idle_timeout.timeout_seconds, Value: "30" }
        - { Key: routing.http.drop_invalid_header_fields.enabled, Value: "true" }
      Tags: [{ Key: part, Value: front }]
  blue:
    type: AWS::ElasticLoadBalancingV2::TargetGroup
    properties:
      VpcId: ${vpc.VpcId}
      Protocol: HTTP
      Port: 8080
      TargetType: ip
      HealthCheckPath: /health
      HealthCheckIntervalSeconds: 15
      Matcher: { HttpCode: 200-299 }
      TargetGroupAttributes: [{ Key: deregistration_delay.timeout_seconds, Value: "20" }]
      Targets: [{ Id: 10.0.1.10 }, { Id: 10.0.1.11, Port: 8081 }]
      Tags: [{ Key: part, Value: blue }]
  green:
    type: AWS::ElasticLoadBalancingV2::TargetGroup
    properties: { VpcId: "${vpc.VpcId}", Protocol: HTTP, Port: 8080, TargetType: ip }
  plain:
    type: AWS::ElasticLoadBalancingV2::Listener
    properties:
      LoadBalancerArn: ${balancer.LoadBalancerArn}
      Port: 80
      Protocol: HTTP
      DefaultActions:
        - { Type: redirect, RedirectConfig: { Protocol: HTTPS, Port: "443", StatusCode: HTTP_301 } }
  secure:
    type: AWS::ElasticLoadBalancingV2::Listener
    properties:
      LoadBalancerArn: ${balancer.LoadBalancerArn}
      Port: 443
      Protocol: HTTPS
      SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
      Certificates: [{ CertificateArn: <certificate> }]
      DefaultActions: [{ Type: forward, TargetGroupArn: "${blue.TargetGroupArn}" }]
  paths:
    type: AWS::ElasticLoadBalancingV2::ListenerRule
    properties:
      ListenerArn: ${secure.ListenerArn}
      Priority: 10
      Conditions: [{ Field: path-pattern, Values: [/green/*] }]
      Actions: [{ Type: forward, TargetGroupArn: "${green.TargetGroupArn}" }]
  hosts:
    type: AWS::ElasticLoadBalancingV2::ListenerRule
    properties:
      ListenerArn: ${secure.ListenerArn}
      Priority: 20
      Conditions:
        - { Field: host-header, HostHeaderConfig: { Values: [one.example.com, two.example.com] } }
        - { Field: http-request-method, HttpRequestMethodConfig: { Values: [GET] } }
      Actions:
        - Type: forward
          ForwardConfig:
            TargetGroups:
              - { TargetGroupArn: "${blue.TargetGroupArn}", Weight: 9 }
              - { TargetGroupArn: "${green.TargetGroupArn}", Weight: 1 }
outputs:
  balancer: ${balancer.LoadBalancerArn}
  full: ${balancer.LoadBalancerFullName}
  dns: ${balancer.DNSName}
  zone: ${balancer.CanonicalHostedZoneID}
  blue: ${blue.TargetGroupArn}
  group: ${blue.TargetGroupFullName}
  secure: ${secure.ListenerArn}
"""


ELB = "AWS::ElasticLoadBalancingV2::"


@pytest.fixture
def front(cloud, quoin, tmp_path):
    """Writes the spec with pairs of texts replaced; a certificate is there."""
    arn = cloud.observer("acm").request_certificate(DomainName="example.com")["CertificateArn"]
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(tmp_path / "definitions"))

    def write(*pairs: tuple[str, str]) -> None:
        text = SPEC.replace("<certificate>", arn)
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        quoin.write("quoin.yaml", text)
    return write


def apply(quoin, *options, code: int = 0):
    return quoin("apply", "test", "-auto-approve", *options).expect(code)


def empty(quoin) -> None:
    quoin("plan", "test", "-detailed-exitcode", "-strict-readback").expect(0)


def outputs(quoin) -> dict:
    known = json.loads(quoin("output", "-json", "-env", "test").expect(0).out)
    return {k: v["value"] if isinstance(v, dict) else v for k, v in known.items()}


def own(tags: list) -> dict:
    return {t["Key"]: t["Value"] for t in tags if not t["Key"].startswith("quoin:")}


def attributes(item: dict) -> dict:
    return {a["Key"]: a["Value"] for a in item["Attributes"]}


def found(cloud, kind: str, **wanted) -> dict:
    """The only object of the kind with these members."""
    all_of = [v for k, v in snapshot_account(cloud, services=("ElasticLoadBalancingV2",)).items() if k.startswith(ELB + kind + "/")]
    fits = [v for v in all_of if all(v.get(k) == w for k, w in wanted.items())]
    assert len(fits) == 1, (wanted, all_of)
    return fits[0]


def test_life(cloud, quoin, front):
    before = snapshot_account(cloud)
    front()
    apply(quoin)
    empty(quoin)
    known = outputs(quoin)
    balancer = found(cloud, "LoadBalancer")
    assert balancer["LoadBalancerName"] == "front" and balancer["Scheme"] == "internal"
    assert len(balancer["AvailabilityZones"]) == 2 and len(balancer["SecurityGroups"]) == 1
    assert own(balancer["Tags"]) == {"part": "front"}
    assert attributes(balancer)["idle_timeout.timeout_seconds"] == "30"
    assert attributes(balancer)["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert known["dns"] == balancer["DNSName"] and known["zone"] == balancer["CanonicalHostedZoneId"]
    assert known["full"] == known["balancer"].split(":loadbalancer/")[1]
    assert known["group"] == known["blue"].split(":")[5]
    blue = found(cloud, "TargetGroup", TargetGroupArn=known["blue"])
    assert blue["HealthCheckPath"] == "/health" and blue["HealthCheckIntervalSeconds"] == 15
    assert blue["Matcher"] == {"HttpCode": "200-299"} and own(blue["Tags"]) == {"part": "blue"}
    assert attributes(blue)["deregistration_delay.timeout_seconds"] == "20"
    assert blue["Targets"] == [{"Id": "10.0.1.10", "Port": 8080}, {"Id": "10.0.1.11", "Port": 8081}]
    plain, secure = found(cloud, "Listener", Port=80), found(cloud, "Listener", Port=443)
    assert plain["DefaultActions"][0]["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    assert secure["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06" and len(secure["Certificates"]) == 1
    assert secure["DefaultActions"][0]["TargetGroupArn"] == known["blue"]
    paths, hosts = found(cloud, "ListenerRule", Priority="10"), found(cloud, "ListenerRule", Priority="20")
    assert paths["Conditions"][0]["Values"] == ["/green/*"]
    assert [g["Weight"] for g in hosts["Actions"][0]["ForwardConfig"]["TargetGroups"]] in ([9, 1], [1, 9])
    assert {c["Field"] for c in hosts["Conditions"]} == {"host-header", "http-request-method"}
    assert len(by_quoin_id(snapshot_account(cloud))) == 11
    quoin("destroy", "test", "-auto-approve").expect(0)
    assert snapshot_account(cloud) == before


CHANGES = (
    ('Value: "30"', 'Value: "40"', ["ModifyLoadBalancerAttributes"]),
    ('Subnets: ["${a.SubnetId}", "${b.SubnetId}"]', 'SubnetMappings: [{ SubnetId: "${a.SubnetId}" }, { SubnetId: "${b.SubnetId}" }]', []),
    ("/health\n", "/alive\n", ["ModifyTargetGroup"]),
    ('Value: "20"', 'Value: "25"', ["ModifyTargetGroupAttributes"]),
    ("{ Id: 10.0.1.10 }, ", "{ Id: 10.0.1.12 }, ", ["RegisterTargets", "DeregisterTargets"]),
    ("StatusCode: HTTP_301", "StatusCode: HTTP_302", ["ModifyListener"]),
    ("[/green/*]", "[/teal/*]", ["ModifyRule"]),
    ("Weight: 9", "Weight: 5", ["ModifyRule"]),
)


def test_changes(cloud, quoin, front):
    front()
    apply(quoin)
    for old, new, calls in CHANGES:
        front((old, new))
        cloud.forget_calls()
        apply(quoin)
        assert Counter(cloud.mutations()) == Counter("elbv2:" + c for c in calls), (new, cloud.mutations())
        empty(quoin)
        front()
        apply(quoin)
        empty(quoin)


def test_rules_change_places(cloud, quoin, front):
    front()
    apply(quoin)
    front(("Priority: 10", "Priority: 99"), ("Priority: 20", "Priority: 10"), ("Priority: 99", "Priority: 20"))
    cloud.forget_calls()
    apply(quoin)
    assert cloud.mutations() == ["elbv2:SetRulePriorities"]
    assert found(cloud, "ListenerRule", Priority="20")["Conditions"][0]["Values"] == ["/green/*"]
    empty(quoin)


def test_both_forms_say_the_same(cloud, quoin, front):
    """One target group, and the paths of a condition, may be said in two ways: that alone changes nothing there."""
    front()
    apply(quoin)
    before = snapshot_account(cloud, services=("ElasticLoadBalancingV2",))
    front(('Actions: [{ Type: forward, TargetGroupArn: "${green.TargetGroupArn}" }]',
           'Actions: [{ Type: forward, ForwardConfig: { TargetGroups: [{ TargetGroupArn: "${green.TargetGroupArn}" }] } }]'),
          ("Values: [/green/*]", "PathPatternConfig: { Values: [/green/*] }"))
    apply(quoin)
    empty(quoin)
    assert snapshot_account(cloud, services=("ElasticLoadBalancingV2",)) == before


def test_undeclared_attributes_are_left_alone(cloud, quoin, front):
    front()
    apply(quoin)
    elb, arn = cloud.observer("elbv2"), outputs(quoin)["balancer"]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "routing.http2.enabled", "Value": "false"}])
    quoin("drift", "test").expect(0)
    empty(quoin)
    front(('        - { Key: idle_timeout.timeout_seconds, Value: "30" }\n', ""))
    cloud.forget_calls()
    out = apply(quoin).out
    assert "AWS has no reset, left as it is" in out and cloud.mutations() == [], out
    assert attributes(found(cloud, "LoadBalancer"))["idle_timeout.timeout_seconds"] == "30"
    empty(quoin)


def test_one_of_many_is_gone(cloud, quoin, front):
    """A call for several ids is refused as a whole if one of them is gone; only that one is made again."""
    front()
    apply(quoin)
    gone = found(cloud, "ListenerRule", Priority="10")["RuleArn"]
    cloud.observer("elbv2").delete_rule(RuleArn=gone)
    out = quoin("plan", "test").expect(0).out
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in out and "paths (" in out, out
    apply(quoin)
    empty(quoin)


def test_a_name_that_is_taken_is_not_seized(cloud, quoin, front):
    ec2, elb = cloud.observer("ec2"), cloud.observer("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    nets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{i}.0/24", AvailabilityZone="us-east-1" + z)["Subnet"]["SubnetId"]
            for i, z in enumerate("ab")]
    elb.create_load_balancer(Name="front", Subnets=nets)
    front()
    cloud.forget_calls()
    result = apply(quoin, code=1)
    assert "elbv2:CreateLoadBalancer" not in cloud.mutations()
    assert "front" in result.err and found(cloud, "LoadBalancer")["VpcId"] == vpc, result.err


KILLS = ("CreateTargetGroup", "CreateLoadBalancer", "CreateListener", "CreateRule")


@pytest.mark.parametrize("when", ["kill_before", "kill_after"])
def test_killed(cloud, quoin, front, when):
    """Killed at every kind of create and at a delete: the next run finds what was made; nothing is made twice."""
    before = snapshot_account(cloud)
    front()
    kills = 0
    for operation in KILLS:
        cloud.gate.faults.add_rule(op="elbv2:" + operation, nth=1, action=when)
        code = quoin.crash_at(1000000, "after", "apply", "test", "-auto-approve").code
        assert code in (-9, 0), operation                  # 0: an earlier run had come so far before it was killed
        kills += code == -9
    assert kills >= len(KILLS) - 1
    cloud.gate.faults.rules.clear()
    apply(quoin)
    empty(quoin)
    after = snapshot_account(cloud)
    assert duplicates(after) == {}
    assert Counter(k.split("/")[0] for k in after if k.startswith(ELB)) == {
        ELB + "LoadBalancer": 1, ELB + "TargetGroup": 2, ELB + "Listener": 2, ELB + "ListenerRule": 2}
    cloud.gate.faults.add_rule(op="elbv2:DeleteLoadBalancer", nth=1, action=when)
    assert quoin.crash_at(1000000, "after", "destroy", "test", "-auto-approve").code == -9
    quoin("destroy", "test", "-auto-approve").expect(0)
    assert snapshot_account(cloud) == before
