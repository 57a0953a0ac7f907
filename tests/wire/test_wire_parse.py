"""Replies: for every operation with an output, random replies through botocore's
parser and through ours, and errors of all shapes that AWS sends."""
import base64
import datetime
import random

import botocore.parsers
import pytest
from botocore.awsrequest import HeadersDict

from tests.wire.driver import operations
from tests.wire.render import reply
from tests.wire.values import Maker, options

SEED = 20240602
REPLIES = 24
# Replies that botocore mends with handlers of its own instead of its parser.
UNWRAPPED = {("s3", "GetBucketLocation")}


def plain(value):
    """botocore's values as quoin gives them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        seconds = value.timestamp()
        return int(seconds) if seconds == int(seconds) else seconds
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value


def theirs_of(model, operation, headers, status, body):
    op = model.operation_model(operation)
    parser = botocore.parsers.create_parser(model.metadata["protocol"])
    parsed = parser.parse({"status_code": status, "headers": HeadersDict(headers), "body": body}, op.output_shape)
    parsed.pop("ResponseMetadata", None)
    payload = op.output_shape.serialization.get("payload")
    if payload and op.output_shape.members[payload].type_name == "blob":
        parsed[payload] = parsed[payload].encode()  # its parser gives text, a client the raw stream
    return plain(parsed)


def compare_reply(model, service, operation, value, rng, driver):
    headers, status, body = reply(model, operation, model.operation_model(operation).output_shape, value, rng)
    ours = driver.parse(service, operation, status, headers, body)
    assert ours == {"output": theirs_of(model, operation, headers, status, body)}, body.decode()


def with_output():
    return [pair for pair in operations() if pair not in UNWRAPPED]


@pytest.mark.parametrize("service,operation", with_output())
def test_reply_equals_botocores(service, operation, driver, models):
    model = models(service)
    shape = model.operation_model(operation).output_shape
    if shape is None:
        assert driver.parse(service, operation, 200, {}, b"<anything/>") == {"output": {}}
        return
    for number in range(REPLIES):
        rng = random.Random(f"{SEED} {service} {operation} {number}")
        value, _ = Maker(rng, options(number, rng, reply=True)).make(shape)
        compare_reply(model, service, operation, value, rng, driver)


def test_bucket_location_is_the_root(driver):
    body = (b'<?xml version="1.0"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1'
            b"</LocationConstraint>")
    assert driver.parse("s3", "GetBucketLocation", 200, {}, body) == {"output": {"LocationConstraint": "eu-west-1"}}


NUMBERS = [("1700000000", 1700000000), ("1.7E9", 1700000000), ("1700000000.125", 1700000000.125), ("-1.5", -1.5),
           ('"2023-11-14T22:13:20Z"', 1700000000), ('"2023-11-14T22:13:20.125Z"', 1700000000.125),
           ('"2023-11-14T23:13:20+01:00"', 1700000000), ('"Tue, 14 Nov 2023 22:13:20 GMT"', 1700000000),
           ('"1700000000"', 1700000000), ("0", 0)]


@pytest.mark.parametrize("text,seconds", NUMBERS)
def test_timestamps_become_seconds(text, seconds, driver):
    body = f'{{"SecretString": "x", "CreatedDate": {text}}}'.encode()
    assert driver.parse("secretsmanager", "GetSecretValue", 200, {}, body)["output"]["CreatedDate"] == seconds


def test_big_numbers_stay_exact(driver):
    body = b'{"logGroups": [{"storedBytes": 9007199254740993, "creationTime": "12345678901234567"}]}'
    answer = driver.parse("logs", "DescribeLogGroups", 200, {}, body)
    assert answer["output"]["logGroups"] == [{"creationTime": 12345678901234567, "storedBytes": 9007199254740993}]


BROKEN = [
    ("ec2", "DescribeVpcs", b"", "no XML"),
    ("ec2", "DescribeVpcs", b"<html><body>bad gateway", "no XML"),
    ("ec2", "DescribeVpcs", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "document types are not accepted"),
    ("ec2", "DescribeVpcs", b"<x><vpcSet><item><isDefault>maybe</isDefault></item></vpcSet></x>", "Vpcs[1].IsDefault"),
    ("ec2", "DescribeVpcs", b"<a>" * 300 + b"</a>" * 300, "nested too deeply"),
    ("iam", "GetRole", b"<GetRoleResponse/>", "no GetRoleResult"),
    ("ecs", "DescribeServices", b"{", "no JSON"),
    ("ecs", "DescribeServices", b"[]", "no JSON object"),
    ("ecs", "DescribeServices", b'{"services": {}}', "services: the reply has no list here"),
    ("ecs", "DescribeServices", b'{"services": [{"desiredCount": "many"}]}', "services[1].desiredCount"),
    ("ecs", "DescribeServices", b"[" * 1000, "no JSON"),
    ("s3", "ListBuckets", b"<Error><Code>InternalError</Code></Error>", "status 200 and the error InternalError"),
]


@pytest.mark.parametrize("service,operation,body,why", BROKEN)
def test_broken_reply_is_refused(service, operation, body, why, driver):
    assert why in driver.parse(service, operation, 200, {}, body)["why"]


# ---- errors

def xml_error(service, code, message):
    shapes = {
        "ec2": f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
               "<RequestID>r-1</RequestID></Response>",
        "iam": f'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
               f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
        "s3": f"<Error><Code>{code}</Code><Message>{message}</Message><BucketName>b</BucketName>"
              "<RequestId>r-1</RequestId></Error>",
    }
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + shapes[service]).encode()


CASES = [  # service, operation, status, headers, body, (code, message, request id)
    ("ec2", "DeleteVpc", 400, {}, xml_error("ec2", "InvalidVpcID.NotFound", "no vpc-1"),
     ("InvalidVpcID.NotFound", "no vpc-1", "r-1")),
    ("iam", "GetRole", 404, {}, xml_error("iam", "NoSuchEntity", "no role"), ("NoSuchEntity", "no role", "r-1")),
    ("sts", "AssumeRole", 403, {}, xml_error("iam", "AccessDenied", "not you"), ("AccessDenied", "not you", "r-1")),
    ("route53", "GetHostedZone", 404, {}, xml_error("iam", "NoSuchHostedZone", "no zone"),
     ("NoSuchHostedZone", "no zone", "r-1")),
    ("s3", "GetBucketTagging", 404, {"x-amz-request-id": "h-1"}, xml_error("s3", "NoSuchTagSet", "no tags"),
     ("NoSuchTagSet", "no tags", "r-1")),
    ("ecs", "CreateService", 400, {"x-amzn-requestid": "r-1"},
     b'{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"no cluster"}',
     ("ClusterNotFoundException", "no cluster", "r-1")),
    ("logs", "DeleteLogGroup", 400, {"x-amzn-requestid": "r-1"},
     b'{"__type":"ResourceNotFoundException:http://internal.amazon.com/coral/","Message":"gone"}',
     ("ResourceNotFoundException", "gone", "r-1")),
    ("lambda", "GetFunction", 404, {"x-amzn-errortype": "ResourceNotFoundException:http://x/", "x-amzn-requestid": "r-1"},
     b'{"Message":"no function"}', ("ResourceNotFoundException", "no function", "r-1")),
    ("efs", "DescribeFileSystems", 404, {"x-amzn-requestid": "r-1"},
     b'{"ErrorCode":"x","code":"FileSystemNotFound","message":"no fs"}', ("FileSystemNotFound", "no fs", "r-1")),
]


@pytest.mark.parametrize("service,operation,status,headers,body,wanted", CASES)
def test_error_shapes(service, operation, status, headers, body, wanted, driver, models):
    ours = driver.parse(service, operation, status, headers, body, do="error")
    assert (ours["code"], ours["message"], ours["request_id"]) == wanted
    parser = botocore.parsers.create_parser(models(service).metadata["protocol"])
    theirs = parser.parse({"status_code": status, "headers": headers, "body": body}, None)
    assert theirs["Error"]["Code"] == ours["code"]
    assert theirs["Error"].get("Message", "") == ours["message"]


ONLY_OURS = [  # what botocore's parser alone reads otherwise
    ("s3", "HeadBucket", 404, {"x-amz-request-id": "h-1"}, b"", ("", "", "h-1")),
    ("ec2", "DescribeVpcs", 502, {}, b"<html><body><h1>502 Bad Gateway</h1><hr></body></html>", ("", "", "")),
    ("ec2", "DescribeVpcs", 500, {}, b"<!doctype html><title>500 Internal Server Error</title>", ("", "", "")),
    ("ecs", "ListClusters", 502, {}, b"<html>bad gateway</html>", ("", "", "")),
    ("ecs", "ListClusters", 500, {}, b"", ("", "", "")),
    ("ecs", "ListClusters", 400, {}, b"[1]", ("", "", "")),
    ("dynamodb", "DescribeTable", 400, {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
     b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}', ("AWS.SimpleQueueService.NonExistentQueue", "m", "")),
    ("route53", "ChangeResourceRecordSets", 400, {},
     b'<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>a</Message>'
     b"<Message>b</Message></Messages></InvalidChangeBatch>", ("InvalidChangeBatch", "a; b", "")),
]


@pytest.mark.parametrize("service,operation,status,headers,body,wanted", ONLY_OURS)
def test_odd_errors(service, operation, status, headers, body, wanted, driver):
    ours = driver.parse(service, operation, status, headers, body, do="error")
    assert (ours["code"], ours["message"], ours["request_id"]) == wanted
