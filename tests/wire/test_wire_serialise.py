"""Requests: for every operation of the wire models, random valid inputs through
botocore's serialiser and through ours. Method, path, query, headers and body
have to say the same."""
import base64
import json
import random
import urllib.parse
import xml.etree.ElementTree as ET

import botocore.serialize
import pytest
from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.handlers import fix_route53_ids

from tests.wire.driver import operations
from tests.wire.values import Maker, options

SEED = 20240601
INPUTS = 24  # for each operation: bare, full, and random ones between


def pairs(text):
    return sorted(urllib.parse.parse_qsl(text, keep_blank_values=True))


def theirs_of(model, operation, value):
    protocol = model.metadata["protocol"]
    serializer = botocore.serialize.create_serializer(protocol)
    if model.service_name == "route53":
        fix_route53_ids(value, model.operation_model(operation))
    request = serializer.serialize_to_request(value, model.operation_model(operation))
    prepare_request_dict(request, "https://endpoint.example")
    prepared = AWSRequest(method=request["method"], url=request["url"], data=request["body"]).prepare()
    body = prepared.body or b""
    url = urllib.parse.urlsplit(request["url"])
    headers = {name.lower(): str(text) for name, text in request["headers"].items()}
    return request["method"], url.path, url.query, headers, body.encode() if isinstance(body, str) else body


def ours_of(answer):
    assert "why" not in answer, answer
    headers = {name.lower(): text for name, text in answer["headers"]}
    assert len(headers) == len(answer["headers"]), "a header is there twice"
    for name, key in (("content-type", "content_type"), ("x-amz-target", "target")):
        if answer[key]:
            headers[name] = answer[key]
    return answer["method"], answer["path"], answer["query"], headers, base64.b64decode(answer["body"])


def same_body(protocol, theirs, ours, streaming):
    if streaming or not theirs or not ours:
        assert theirs == ours
    elif protocol in ("ec2", "query"):
        assert pairs(ours.decode()) == pairs(theirs.decode())
    elif protocol in ("json", "rest-json"):
        assert json.loads(ours) == json.loads(theirs)
    else:
        assert ET.canonicalize(ours.decode()) == ET.canonicalize(theirs.decode())


def is_streaming(shape):
    payload = shape.serialization.get("payload") if shape else None
    return bool(payload) and shape.members[payload].type_name in ("blob", "string")


def compare(model, operation, theirs_value, ours_value, driver, service):
    shape = model.operation_model(operation).input_shape
    theirs = theirs_of(model, operation, theirs_value)
    ours = ours_of(driver.serialise(service, operation, ours_value))
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    assert pairs(ours[2]) == pairs(theirs[2])
    if ours[3].get("content-type") == "application/xml":
        theirs[3].setdefault("content-type", "application/xml")  # botocore sends none; AWS documents this one
    assert ours[3] == theirs[3]
    same_body(model.metadata["protocol"], theirs[4], ours[4], is_streaming(shape))


@pytest.mark.parametrize("service,operation", operations())
def test_request_equals_botocores(service, operation, driver, models):
    model = models(service)
    shape = model.operation_model(operation).input_shape
    if shape is None:
        compare(model, operation, {}, {}, driver, service)
        return
    for number in range(INPUTS):
        rng = random.Random(f"{SEED} {service} {operation} {number}")
        maker = Maker(rng, options(number, rng))
        theirs_value, ours_value = maker.make(shape)
        compare(model, operation, theirs_value, ours_value, driver, service)


def test_every_table_has_operations():
    assert len(operations()) > 250
    assert len({service for service, _ in operations()}) >= 10


REFUSED = [
    ("ec2", "CreateVpc", {"CidrBlok": "10.0.0.0/16"}, "CidrBlok: no such member; nearest is CidrBlock"),
    ("ec2", "CreateVpc", {"CidrBlock": 5}, "CidrBlock: text is wanted, not an integer"),
    ("ec2", "CreateVpc", {"Ipv4NetmaskLength": "16"}, "Ipv4NetmaskLength: an integer is wanted, not text"),
    ("ec2", "DescribeVpcs", {"VpcIds": "vpc-1"}, "VpcIds: a list is wanted, not text"),
    ("ec2", "DescribeVpcs", {"Filters": [{"Nam": "x"}]}, "Filters[1].Nam: no such member; nearest is Name"),
    ("ec2", "DescribeVpcs", {"Filters": [None]}, "Filters[1]: a map is wanted, not null"),
    ("iam", "CreateRole", {"RoleName": "r"}, "AssumeRolePolicyDocument: is required"),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": None}, "AssumeRolePolicyDocument: is required"),
    ("ecs", "CreateService", {"serviceName": "s", "tags": [{"Key": "a"}]}, "tags[1].Key: no such member; nearest is key"),
    ("ecs", "CreateService", {"serviceName": "s", "desiredCount": 1.5}, "desiredCount: an integer is wanted, not a number"),
    ("s3", "GetBucketTagging", {"Bucket": ""}, "Bucket: must not be empty"),
    ("s3", "PutBucketTagging", {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "a\u0001", "Value": ""}]}},
     "Tagging.TagSet[1].Key: has bytes that cannot be sent"),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "ContentType": "a\r\nX-Evil: 1"},
     "ContentType: has bytes that cannot be sent"),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"a b": "1"}}, "x-amz-meta-a b is no header name"),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": "###"}, "Body: base64 text is wanted, not text"),
    ("s3", "ListBuckets", [], "the input is no map"),
    ("logs", "PutRetentionPolicy", {"logGroupName": "g", "retentionInDays": True},
     "retentionInDays: an integer is wanted, not a boolean"),
    ("sts", "GetCallerIdentity", {"Account": "1"}, "Account: no such member"),
]


@pytest.mark.parametrize("service,operation,value,why", REFUSED)
def test_wrong_input_is_refused(service, operation, value, why, driver):
    assert driver.serialise(service, operation, value) == {"why": why}


def test_route53_ids_lose_their_kind(driver):
    answer = driver.serialise("route53", "GetHostedZone", {"Id": "/hostedzone/Z1"})
    assert answer["path"] == "/2013-04-01/hostedzone/Z1"
    assert driver.serialise("route53", "GetChange", {"Id": "/change/"}) == {"why": "Id: must not be empty"}


def test_nulls_are_left_out(driver, models):
    compare(models("ec2"), "CreateVpc", {"CidrBlock": "10.0.0.0/16"},
            {"CidrBlock": "10.0.0.0/16", "DryRun": None, "TagSpecifications": None}, driver, "ec2")
