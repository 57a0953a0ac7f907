"""Endpoints and signing regions against the endpoint rule sets that botocore carries."""

import importlib.util
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
_spec = importlib.util.spec_from_file_location("generate_endpoints", ROOT / "modules/providers/aws/generate_endpoints.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


def regions():
    return [(p["id"], r) for p in PARTITIONS["partitions"] for r in p["regions"] if not r.endswith("-global")]


def ours(triples):
    """[(partition, url, signing region)] or [('none',)] for (variant, endpoint prefix, region)."""
    assert DRIVER.exists(), f"{DRIVER} is not built: make sigv4"
    out = subprocess.run([DRIVER, "endpoints"], input="".join(f"{v} {p} {r}\n" for v, p, r in triples), text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    return [tuple(line.split()) for line in out.splitlines()]


@pytest.mark.parametrize("variant", range(4), ids=("plain", "fips", "dual-stack", "both"))
@pytest.mark.parametrize("service", generate.SERVICES)
def test_endpoints(service, variant):
    rules = LOADER.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, PARTITIONS)
    model = SESSION.get_service_model(service)
    prefix = model.metadata["endpointPrefix"]
    found = ours([(variant, prefix, r) for _, r in regions()])
    checked = 0
    for (partition, region), got in zip(regions(), found, strict=True):
        params = {"Region": region, "UseFIPS": variant in (1, 3), "UseDualStack": variant > 1, "UseGlobalEndpoint": False}
        try:
            want = provider.resolve_endpoint(**{k: v for k, v in params.items() if k in rules["parameters"]})
        except EndpointProviderError:
            assert got == ("none",), (service, region)
            continue
        scheme = (want.properties.get("authSchemes") or [{}])[0]
        assert got == (partition, want.url, scheme.get("signingRegion", region)), (service, region)
        assert scheme.get("signingName", model.signing_name) == model.signing_name
        checked += 1
    assert checked > 30


def test_all_services_of_definitions_are_compared():
    wired = {path.parent.name for path in ROOT.glob("modules/providers/aws/*/wire.json")}
    assert wired and wired <= set(generate.SERVICES), wired - set(generate.SERVICES)


def test_table_is_what_the_generator_makes():
    assert generate.make(generate.loader()) == generate.TABLE.read_text()
    assert generate.make_regions(generate.loader()) == generate.REGIONS.read_text()


@pytest.mark.parametrize("region", ["", "us east", "us-east-1.evil.com", "US-EAST-1", "-", "a" * 64, "x/../y", "e@f"])
def test_not_a_region(region):
    got = subprocess.run([DRIVER, "endpoints"], input=f"0 ec2 {region}\n", text=True, stdout=subprocess.PIPE, check=True)
    assert got.stdout == "invalid\n"
