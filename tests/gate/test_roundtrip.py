"""What botocore serialises from random valid inputs, the gate decodes to the same, and signs the same."""
from __future__ import annotations

import os
import random
import time

import pytest

from tests.gate import decode, generate, models, server, sigv4
from tests.gate.report import Report

SEED = int(os.environ.get("QUOIN_SEED", "20261121"))
OPERATIONS = generate.operations()
CASES_PER_OPERATION = 14
# Members that botocore adds or changes by itself.
ADDED = {"ContentMD5", "ContentLength", "ChecksumMode", "ClientToken", "ClientRequestToken", "EncodingType", "CallerReference"}
CREDS = {server.DEFAULT_KEY: sigv4.Credential(server.DEFAULT_KEY, server.DEFAULT_SECRET)}


def inputs(rng: random.Random, service: str, op) -> dict:
    """A random valid input; values that botocore itself rewrites or refuses are fixed."""
    params = generate.Generator(rng).structure(op.input_shape) if op.input_shape else {}
    if service == "s3" and "Bucket" in params:
        params["Bucket"] = "some-bucket-1"
    if service == "s3":                      # checksums are botocore's to compute
        params = {k: v for k, v in params.items() if k not in ("ContentMD5", "ContentLength")
                  and not k.startswith(("Checksum", "SSECustomerKey", "CopySourceSSE"))}
        if "Metadata" in params:             # sent as header names, which have no case
            params["Metadata"] = {k.lower(): v for k, v in params["Metadata"].items()}
        if "ChecksumAlgorithm" in op.input_shape.members:
            params["ChecksumAlgorithm"] = rng.choice(["CRC32", "SHA1", "SHA256", "SHA512"])
    if service == "route53":                 # botocore strips /hostedzone/ and the like
        for name in params.keys() & {"Id", "HostedZoneId", "DelegationSetId", "ResourceId"}:
            params[name] = "Z123456789ABC"
    return params


@pytest.mark.parametrize("service", sorted({s for s, _ in OPERATIONS}))
def test_round_trip(service):
    rng = random.Random(f"{SEED}-{service}")
    count = 0
    for name in [o for s, o in OPERATIONS if s == service]:
        op = models.operation(models.service(service), name)
        for _ in range(CASES_PER_OPERATION):
            params = inputs(rng, service, op)
            request = generate.request_for(service, name, params)
            if op.auth_type == "none":
                signer, region = decode.unsigned_service(request), "us-east-1"
            else:
                scope = sigv4.verify(request, CREDS, time.time()).scope
                signer, region = scope.service, scope.region
            report = Report()
            call = decode.decode(request, signer, region, report)
            problems = [str(p) for p in report.problems]
            assert not problems, f"seed {SEED}: {name} {params} -> {problems}\n{request}"
            assert call.operation == name, f"{request.method} {request.target}"
            got = generate.comparable(call.params)
            want = generate.comparable(params)
            extra = {k for k in got.keys() - want.keys() if k in ADDED or k.startswith("Checksum")}
            assert {k: v for k, v in got.items() if k not in extra} == want, f"seed {SEED}: {name}\n{request}"
            count += 1
    assert count >= CASES_PER_OPERATION


def test_session_token_is_signed():
    request = generate.request_for("ec2", "DescribeVpcs", {}, token="session/token+=")
    creds = {server.DEFAULT_KEY: sigv4.Credential(server.DEFAULT_KEY, server.DEFAULT_SECRET, "session/token+=")}
    assert sigv4.verify(request, creds, time.time()).credential.token
