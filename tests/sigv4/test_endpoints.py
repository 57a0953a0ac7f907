"""Endpoints and signing regions against the endpoint rule sets that botocore carries."""

import os
import subprocess
from pathlib import Path

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("SIGN_DRIVER", ROOT / "build" / "sign_driver"))
SESSION = botocore.session.get_session()
LOADER = SESSION.get_component("data_loader")
PARTITIONS = LOADER.load_data("partitions")
SERVICES = """acm apigateway apigatewayv2 application-autoscaling athena autoscaling backup batch budgets cloudcontrol
cloudformation cloudfront cloudtrail cloudwatch codedeploy config dynamodb ec2 ecr ecs efs eks elasticache elbv2 events
firehose glue globalaccelerator guardduty iam kafka kinesis kms lambda logs mq network-firewall networkmanager opensearch
organizations rds resourcegroupstaggingapi route53 route53resolver s3 secretsmanager service-quotas servicediscovery
shield sns sqs ssm sso stepfunctions sts transfer wafv2""".split()


def regions():
    return [(p["id"], r) for p in PARTITIONS["partitions"] for r in p["regions"] if not r.endswith("-global")]


def ours(pairs):
    """[(partition, url, signing region)] for (endpoint prefix, region)."""
    assert DRIVER.exists(), f"{DRIVER} is not built: make sigv4"
    out = subprocess.run([DRIVER, "endpoints"], input="".join(f"{p} {r}\n" for p, r in pairs), text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    return [tuple(line.split()) for line in out.splitlines()]


@pytest.mark.parametrize("service", SERVICES)
def test_endpoints(service):
    rules = LOADER.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, PARTITIONS)
    model = SESSION.get_service_model(service)
    prefix = model.metadata["endpointPrefix"]
    checked = 0
    for (partition, region), got in zip(regions(), ours([(prefix, r) for _, r in regions()]), strict=True):
        params = {"Region": region, "UseDualStack": False, "UseFIPS": False, "UseGlobalEndpoint": False}
        try:
            want = provider.resolve_endpoint(**{k: v for k, v in params.items() if k in rules["parameters"]})
        except EndpointProviderError:
            continue
        scheme = (want.properties.get("authSchemes") or [{}])[0]
        assert got == (partition, want.url, scheme.get("signingRegion", region)), (service, region)
        assert scheme.get("signingName", model.signing_name) == model.signing_name
        checked += 1
    assert checked > 30


@pytest.mark.parametrize("region", ["", "us east", "us-east-1.evil.com", "US-EAST-1", "-", "a" * 64, "x/../y", "e@f"])
def test_not_a_region(region):
    got = subprocess.run([DRIVER, "endpoints"], input=f"ec2 {region}\n", text=True, stdout=subprocess.PIPE, check=True)
    assert got.stdout == "invalid\n"
