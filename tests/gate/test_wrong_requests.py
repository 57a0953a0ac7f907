"""Wrong requests, each refused with its reason. moto takes most of them silently."""
from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.gate import decode, generate, server, sigv4
from tests.gate.http1 import Request
from tests.gate.report import KINDS, Report

CREDS = {server.DEFAULT_KEY: sigv4.Credential(server.DEFAULT_KEY, server.DEFAULT_SECRET)}


def sign(service: str, method: str, target: str, headers: dict, body: bytes, region: str = "us-east-1") -> Request:
    """Signed by botocore, whatever it is that is signed."""
    made = AWSRequest(method, "http://127.0.0.1:4566" + target, headers=headers, data=body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(server.DEFAULT_KEY, server.DEFAULT_SECRET), service, region).add_auth(made)
    request = generate.to_gate(made.prepare())
    return Request(method, target, request.headers, body)


def problems(request: Request) -> set[str]:
    scope = sigv4.verify(request, CREDS, time.time()).scope
    report = Report()
    decode.decode(request, scope.service, scope.region, report)
    return {p.kind for p in report.problems}


def form(service: str, body: str, kind: str = "application/x-www-form-urlencoded; charset=utf-8", target: str = "/") -> Request:
    return sign(service, "POST", target, {"Content-Type": kind}, body.encode("utf-8", "surrogateescape"))


def ec2(action: str, rest: str = "", version: str = "2016-11-15") -> Request:
    return form("ec2", f"Action={action}&Version={version}" + ("&" + rest if rest else ""))


def iam(action: str, rest: str = "", version: str = "2010-05-08") -> Request:
    return form("iam", f"Action={action}&Version={version}" + ("&" + rest if rest else ""))


def ecs(operation: str, body, target: str = "AmazonEC2ContainerServiceV20141113.", kind: str = "application/x-amz-json-1.1") -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sign("ecs", "POST", "/", {"Content-Type": kind, "X-Amz-Target": target + operation}, data)


def s3(method: str, target: str, body: str = "", headers: dict | None = None, md5: bool = True) -> Request:
    data = body.encode()
    extra = {"Content-MD5": base64.b64encode(hashlib.md5(data).digest()).decode()} if body and md5 else {}
    return sign("s3", method, target, {**extra, **(headers or {})}, data)


def r53(method: str, target: str, body: str = "") -> Request:
    return sign("route53", method, "/2013-04-01" + target, {}, body.encode())


def rest_json(method: str, target: str, body, kind: str = "application/json") -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sign("lambda", method, target, {"Content-Type": kind}, data)


S3NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
R53NS = 'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"'
DOC = quote('{"Version":"2012-10-17","Statement":[]}', safe="")
ROLE = f"RoleName=r&AssumeRolePolicyDocument={DOC}"
VERSIONING = f"<VersioningConfiguration {S3NS}><Status>Enabled</Status></VersioningConfiguration>"
ZONE = f"<CreateHostedZoneRequest {R53NS}><Name>x.test</Name><CallerReference>1</CallerReference></CreateHostedZoneRequest>"


def records(change: str, attributes: str = R53NS, root: str = "ChangeResourceRecordSetsRequest") -> Request:
    return r53("POST", "/hostedzone/Z1/rrset/", f"<{root} {attributes}><ChangeBatch><Changes>{change}</Changes></ChangeBatch></{root}>")


RECORD = ("<Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.x.test</Name><Type>A</Type><TTL>60</TTL><ResourceRecords>"
          "<ResourceRecord><Value>1.2.3.4</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>")

GOOD = {
    "ec2": lambda: ec2("CreateVpc", "CidrBlock=10.0.0.0%2F16&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a"
                                    "&TagSpecification.1.Tag.1.Value=b"),
    "ec2 filters": lambda: ec2("DescribeVpcs", "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-2&MaxResults=5"),
    "iam": lambda: iam("CreateRole", ROLE + "&Tags.member.1.Key=a&Tags.member.1.Value=b&MaxSessionDuration=3600"),
    "ecs": lambda: ecs("CreateCluster", {"clusterName": "c", "tags": [{"key": "a", "value": "b"}]}),
    "s3": lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING),
    "s3 create": lambda: s3("PUT", "/some-bucket", f"<CreateBucketConfiguration {S3NS}><LocationConstraint>eu-west-1"
                                                   "</LocationConstraint></CreateBucketConfiguration>"),
    "route53": lambda: records(RECORD),
    "zone": lambda: r53("POST", "/hostedzone", ZONE),
    "lambda": lambda: rest_json("PUT", "/2015-03-31/functions/f/configuration", {"Timeout": 3}),
}

WRONG = [
    # EC2 query
    ("no version", "version", lambda: form("ec2", "Action=DescribeVpcs")),
    ("wrong version", "version", lambda: ec2("DescribeVpcs", version="2014-10-01")),
    ("unknown action", "operation", lambda: ec2("MakeVpc")),
    ("action of another service", "operation", lambda: iam("DescribeVpcs")),
    ("no action", "operation", lambda: form("ec2", "Version=2016-11-15")),
    ("unknown parameter", "unknown-member", lambda: ec2("DescribeVpcs", "Vpc=1")),
    ("wrong case of a parameter", "unknown-member", lambda: ec2("CreateVpc", "cidrBlock=10.0.0.0%2F16")),
    ("unknown nested member", "unknown-member", lambda: ec2("DescribeVpcs", "Filter.1.Nome=a")),
    ("list in the style of query", "list-index", lambda: ec2("DescribeVpcs", "VpcId.member.1=vpc-1")),
    ("model's name instead of the wire's", "unknown-member", lambda: ec2("DescribeVpcs", "VpcIds.1=vpc-1")),
    ("gap in the indexes", "list-index", lambda: ec2("DescribeVpcs", "VpcId.1=vpc-1&VpcId.3=vpc-3")),
    ("index from zero", "list-index", lambda: ec2("DescribeVpcs", "VpcId.0=vpc-1")),
    ("index with leading zero", "list-index", lambda: ec2("DescribeVpcs", "VpcId.01=vpc-1")),
    ("list without index", "kind", lambda: ec2("DescribeVpcs", "VpcId=vpc-1")),
    ("structure as text", "kind", lambda: ec2("DescribeVpcs", "Filter.1=a")),
    ("member of a scalar", "unknown-member", lambda: ec2("CreateVpc", "CidrBlock.1=10.0.0.0%2F16")),
    ("bad enum", "enum", lambda: ec2("CreateVpc", "CidrBlock=10.0.0.0%2F16&InstanceTenancy=zz")),
    ("bad boolean", "kind", lambda: ec2("DescribeVpcs", "DryRun=yes")),
    ("boolean in capitals", "kind", lambda: ec2("DescribeVpcs", "DryRun=True")),
    ("boolean as a number", "kind", lambda: ec2("DescribeVpcs", "DryRun=1")),
    ("bad integer", "kind", lambda: ec2("DescribeVpcs", "MaxResults=ten")),
    ("integer with a fraction", "kind", lambda: ec2("DescribeVpcs", "MaxResults=5.0")),
    ("integer with a plus", "kind", lambda: ec2("DescribeVpcs", "MaxResults=%2B5")),
    ("above the maximum", "range", lambda: ec2("DescribeVpcs", "MaxResults=99999")),
    ("below the minimum", "range", lambda: ec2("DescribeVpcs", "MaxResults=1")),
    ("missing required", "missing-required", lambda: ec2("CreateSubnet", "CidrBlock=10.0.0.0%2F24")),
    ("parameter twice", "duplicate", lambda: ec2("DescribeVpcs", "MaxResults=5&MaxResults=5")),
    ("action twice", "duplicate", lambda: form("ec2", "Action=DescribeVpcs&Action=DescribeVpcs&Version=2016-11-15")),
    ("not percent-encoded", "encoding", lambda: ec2("CreateVpc", "CidrBlock=10.0.0.0/16")),
    ("bad escape", "encoding", lambda: ec2("CreateVpc", "CidrBlock=10.0.0.0%2")),
    ("not UTF-8", "encoding", lambda: ec2("DescribeVpcs", "VpcId.1=%ff")),
    ("parameter without value sign", "encoding", lambda: ec2("DescribeVpcs", "DryRun")),
    ("empty name part", "unknown-member", lambda: ec2("DescribeVpcs", "VpcId..1=vpc-1")),
    ("JSON content type", "content-type", lambda: form("ec2", "Action=DescribeVpcs&Version=2016-11-15", "application/json")),
    ("parameters in the query string", "method", lambda: form("ec2", "", target="/?Action=DescribeVpcs&Version=2016-11-15")),
    ("missing idempotency token", "idempotency-token", lambda: ec2("CreateRouteTable", "VpcId=vpc-12345678")),
    ("target header on query", "header", lambda: sign("ec2", "POST", "/", {
        "Content-Type": "application/x-www-form-urlencoded", "X-Amz-Target": "x.DescribeVpcs"}, b"Action=DescribeVpcs&Version=2016-11-15")),
    # AWS query
    ("EC2 list style", "list-index", lambda: iam("CreateRole", ROLE + "&Tags.1.Key=a&Tags.1.Value=b")),
    ("role without its document", "missing-required", lambda: iam("CreateRole", "RoleName=r")),
    ("role with a long name", "range", lambda: iam("CreateRole", ROLE.replace("=r&", "=" + "r" * 200 + "&"))),
    ("role with a bad name", "pattern", lambda: iam("CreateRole", ROLE.replace("=r&", "=a%20b&"))),
    ("MaxSessionDuration too small", "range", lambda: iam("CreateRole", ROLE + "&MaxSessionDuration=5")),
    ("tag without value", "missing-required", lambda: iam("CreateRole", ROLE + "&Tags.member.1.Key=a")),
    ("bad policy arn", "range", lambda: iam("AttachRolePolicy", "RoleName=r&PolicyArn=x")),
    ("bad filter", "enum", lambda: iam("GetAccountAuthorizationDetails", "Filter.member.1=Roles")),
    # JSON
    ("malformed JSON", "json-syntax", lambda: ecs("ListClusters", b"{")),
    ("JSON array as body", "json-syntax", lambda: ecs("ListClusters", b"[]")),
    ("empty body", "json-syntax", lambda: ecs("ListClusters", b"")),
    ("NaN", "json-syntax", lambda: ecs("CreateService", b'{"serviceName":"s","desiredCount":NaN}')),
    ("JSON key twice", "duplicate", lambda: ecs("CreateCluster", b'{"clusterName":"a","clusterName":"b"}')),
    ("JSON 1.0 for 1.1", "content-type", lambda: ecs("ListClusters", {}, kind="application/x-amz-json-1.0")),
    ("plain JSON content type", "content-type", lambda: ecs("ListClusters", {}, kind="application/json")),
    ("wrong target prefix", "target", lambda: ecs("ListClusters", {}, target="AmazonECS.")),
    ("unknown operation", "operation", lambda: ecs("MakeCluster", {})),
    ("unknown member", "unknown-member", lambda: ecs("CreateCluster", {"name": "c"})),
    ("tag keys in the wrong case", "unknown-member", lambda: ecs("CreateCluster", {"tags": [{"Key": "a", "Value": "b"}]})),
    ("CloudFormation's case", "unknown-member", lambda: ecs("CreateCluster", {"ClusterName": "c"})),
    ("string for an integer", "kind", lambda: ecs("CreateService", {"serviceName": "s", "desiredCount": "1"})),
    ("fraction for an integer", "kind", lambda: ecs("CreateService", {"serviceName": "s", "desiredCount": 1.5})),
    ("boolean for an integer", "kind", lambda: ecs("CreateService", {"serviceName": "s", "desiredCount": True})),
    ("integer for a string", "kind", lambda: ecs("CreateCluster", {"clusterName": 1})),
    ("string for a boolean", "kind", lambda: ecs("DeleteService", {"service": "s", "force": "true"})),
    ("object for a list", "kind", lambda: ecs("DescribeClusters", {"clusters": {"a": "b"}})),
    ("list for an object", "kind", lambda: ecs("CreateService", {"serviceName": "s", "networkConfiguration": []})),
    ("null", "kind", lambda: ecs("CreateCluster", {"clusterName": None})),
    ("bad enum in JSON", "enum", lambda: ecs("CreateService", {"serviceName": "s", "launchType": "fargate"})),
    ("missing required in JSON", "missing-required", lambda: ecs("CreateService", {})),
    ("GET for JSON", "method", lambda: sign("ecs", "GET", "/", {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}, b"")),
    # REST-XML: S3
    ("wrong root", "xml-root", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace("VersioningConfiguration", "Versioning"))),
    ("no namespace", "xml-namespace", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace(" " + S3NS, ""))),
    ("wrong namespace", "xml-namespace", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace(S3NS, R53NS))),
    ("unknown element", "unknown-member", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace("Status>", "State>"))),
    ("bad enum in XML", "enum", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace("Enabled", "On"))),
    ("element twice", "duplicate", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace(
        "</Status>", "</Status><Status>Suspended</Status>"))),
    ("malformed XML", "xml-syntax", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING[:-3])),
    ("document type", "xml-syntax", lambda: s3("PUT", "/some-bucket?versioning=", "<!DOCTYPE a>" + VERSIONING)),
    ("text in a structure", "kind", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING.replace("<Status>", "x<Status>"))),
    ("no checksum", "checksum", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING, md5=False)),
    ("wrong checksum", "checksum", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, False)),
    ("wrong crc32", "checksum", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING, {"x-amz-checksum-crc32": "AAAAAA=="}, False)),
    ("unknown query parameter", "unknown-member", lambda: s3("GET", "/some-bucket?versioning=&x=1")),
    ("unknown amz header", "unknown-member", lambda: s3("GET", "/some-bucket?versioning=", headers={"x-amz-nonsense": "1"})),
    ("body on a GET", "body", lambda: s3("GET", "/some-bucket?versioning=", "x")),
    ("no body where one is required", "missing-required", lambda: s3(
        "PUT", "/some-bucket?versioning=", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})),
    ("method without operation", "method", lambda: s3("PATCH", "/some-bucket")),
    ("boolean in XML", "kind", lambda: s3("PUT", "/some-bucket?publicAccessBlock=", f"<PublicAccessBlockConfiguration {S3NS}>"
                                          "<BlockPublicAcls>TRUE</BlockPublicAcls></PublicAccessBlockConfiguration>")),
    ("JSON content type on XML", "content-type", lambda: s3("PUT", "/some-bucket?versioning=", VERSIONING, {"Content-Type": "application/json"})),
    # REST-XML: Route 53
    ("Route 53 without namespace", "xml-namespace", lambda: records(RECORD, "")),
    ("Route 53 wrong root", "xml-root", lambda: records(RECORD, root="ChangeResourceRecordSets")),
    ("missing CallerReference", "missing-required", lambda: r53("POST", "/hostedzone", re.sub("<CallerR.*</CallerReference>", "", ZONE))),
    ("list element of a wrong name", "unknown-member", lambda: records(RECORD.replace("Change>", "member>"))),
    ("bad action", "enum", lambda: records(RECORD.replace("UPSERT", "REPLACE"))),
    ("TTL not a number", "kind", lambda: records(RECORD.replace("60", "1m"))),
    ("empty change list", "range", lambda: records("")),
    ("wrong path version", "uri", lambda: sign("route53", "GET", "/2012-02-29/hostedzone", {}, b"")),
    ("query value below its minimum", "enum", lambda: r53("GET", "/hostedzone/Z1/rrset?type=B&name=a")),
    # REST-JSON
    ("unknown path", "uri", lambda: rest_json("GET", "/2015-03-31/nonsense", b"")),
    ("wrong method", "method", lambda: rest_json("PATCH", "/2015-03-31/functions/f/configuration", {})),
    ("XML content type", "content-type", lambda: rest_json("PUT", "/2015-03-31/functions/f/configuration", {"Timeout": 3}, "text/xml")),
    ("REST-JSON unknown member", "unknown-member", lambda: rest_json("PUT", "/2015-03-31/functions/f/configuration", {"timeout": 3})),
    ("REST-JSON kind", "kind", lambda: rest_json("PUT", "/2015-03-31/functions/f/configuration", {"Timeout": "3"})),
    ("REST-JSON range", "range", lambda: rest_json("PUT", "/2015-03-31/functions/f/configuration", {"Timeout": 0})),
    # the rest
    ("unknown service", "service", lambda: form("nonsense", "Action=A&Version=1")),
]


@pytest.mark.parametrize("name", GOOD)
def test_right_requests_pass(name):
    assert problems(GOOD[name]()) == set()


@pytest.mark.parametrize("name, kind, make", WRONG, ids=[w[0] for w in WRONG])
def test_wrong_requests_are_refused(name, kind, make):
    found = problems(make())
    assert kind in found, f"{name}: found {found}"


def test_there_are_enough_and_of_every_kind():
    assert len(WRONG) >= 55 and len({w[0] for w in WRONG}) == len(WRONG)
    elsewhere = {"http", "signature", "duplicate-create"}   # tested below and in test_faults.py
    assert KINDS - {w[1] for w in WRONG} == elsewhere


# -- signatures -----------------------------------------------------------

def tampered(**changes) -> Request:
    request = GOOD["ec2"]()
    for name, value in changes.items():
        name = name.replace("_", "-")
        request.headers = [(k, v) for k, v in request.headers if k != name]
        if value is not None:
            request.headers.append((name, value))
    return request


def authorization(old: str, new: str) -> Request:
    request = GOOD["ec2"]()
    request.headers = [(k, re.sub(old, new, v) if k == "authorization" else v) for k, v in request.headers]
    return request


def changed(request: Request, **fields) -> Request:
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def without_region() -> Request:
    return sign("iam", "POST", "/", {"Content-Type": decode.FORM}, b"Action=ListRoles&Version=2010-05-08", "eu-west-1")


SIGNATURES = [
    ("no header", "missing", lambda: tampered(authorization=None)),
    ("another scheme", "incomplete", lambda: tampered(authorization="Bearer abc")),
    ("no signature", "incomplete", lambda: authorization(", Signature=.*", "")),
    ("signature in capitals", "incomplete", lambda: authorization("Signature=.*", "Signature=" + "A" * 64)),
    ("wrong signature", "mismatch", lambda: authorization("Signature=.*", "Signature=" + "0" * 64)),
    ("unknown key", "unknown_key", lambda: authorization("AKIDEXAMPLE", "AKIDOTHER")),
    ("short scope", "incomplete", lambda: authorization("/aws4_request", "")),
    ("wrong end of scope", "incomplete", lambda: authorization("aws4_request", "aws3_request")),
    ("wrong region in scope", "mismatch", lambda: authorization("us-east-1", "us-east-2")),
    ("wrong service in scope", "mismatch", lambda: authorization("/ec2/", "/ecs/")),
    ("wrong date in scope", "mismatch", lambda: authorization(r"/\d{8}/", "/20200101/")),
    ("unsorted signed headers", "incomplete", lambda: authorization("SignedHeaders=content-type;host", "SignedHeaders=host;content-type")),
    ("signed headers in capitals", "incomplete", lambda: authorization("=content-type", "=Content-Type")),
    ("signed header twice", "incomplete", lambda: authorization("=content-type;host", "=content-type;host;host")),
    ("signed header that is not sent", "mismatch", lambda: authorization(";host", ";host;x-amz-absent".replace(";x-amz-absent", "") + ";if-match")),
    ("host not signed", "mismatch", lambda: authorization(";host", "")),
    ("content type not signed", "mismatch", lambda: authorization("=content-type;", "=")),
    ("amz header not signed", "mismatch", lambda: tampered(x_amz_foo="1")),
    ("no date", "incomplete", lambda: authorization(";x-amz-date", "") and tampered(x_amz_date=None)),
    ("date of two years ago", "skew", lambda: old()),
    ("body changed", "mismatch", lambda: changed(GOOD["ec2"](), body=b"Action=DeleteVpc")),
    ("path changed", "mismatch", lambda: changed(GOOD["ec2"](), target="/x")),
    ("query changed", "mismatch", lambda: changed(GOOD["ec2"](), target="/?a=b")),
    ("method changed", "mismatch", lambda: changed(GOOD["ec2"](), method="PUT")),
    ("token that was not expected", "mismatch", lambda: tampered(x_amz_security_token="abc")),
    ("content hash of something else", "payload", lambda: sign("ec2", "POST", "/", {
        "Content-Type": decode.FORM, "X-Amz-Content-SHA256": "0" * 64}, b"Action=DescribeVpcs&Version=2016-11-15")),
    ("S3 without content hash", "payload", lambda: sign_s3_without_hash()),
    ("IAM signed for eu-west-1", "mismatch", without_region),
    ("plus in the query", "mismatch", lambda: changed(s3("GET", "/some-bucket?versioning="), target="/some-bucket?versioning=+")),
]


def old() -> Request:
    request = tampered(x_amz_date="20240101T000000Z")
    request.headers = [(k, re.sub(r"/\d{8}/", "/20240101/", v) if k == "authorization" else v) for k, v in request.headers]
    return request


def sign_s3_without_hash() -> Request:
    request = s3("GET", "/some-bucket?versioning=")
    request.headers = [(k, v.replace("x-amz-content-sha256;", "")) for k, v in request.headers if k != "x-amz-content-sha256"]
    return request


@pytest.mark.parametrize("name, want, make", SIGNATURES, ids=[s[0] for s in SIGNATURES])
def test_wrong_signatures_are_refused(name, want, make):
    request = make()
    if name == "no date":
        request.headers = [(k, v.replace(";x-amz-date", "") if k == "authorization" else v) for k, v in request.headers]
    with pytest.raises(sigv4.SigError) as caught:
        sigv4.verify(request, CREDS, time.time())
    assert caught.value.code == want, str(caught.value)
    assert len(str(caught.value)) > 10


# -- over a socket --------------------------------------------------------

def talk(gate, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        out = b""
        while chunk := sock.recv(65536):
            out += chunk
    return out


def raw(request: Request, body: bytes | None = None, extra: str = "") -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1"] + [f"{k}: {v}" for k, v in request.headers if k != "content-length"]
    if body is None:
        lines.append(f"Content-Length: {len(request.body)}")
    return ("\r\n".join(lines) + "\r\n" + extra + "\r\n").encode() + (request.body if body is None else body)


def test_violation_is_answered_and_recorded(gate):
    answer = talk(gate, raw(ec2("DescribeVpcs", "Vpc=1")))
    assert b"400 Bad Request" in answer and b"GateViolation" in answer and b"unknown-member at Vpc" in answer
    assert [(v.operation, v.kind) for v in gate.stats.take_violations()] == [("ec2:DescribeVpcs", "unknown-member")]


def test_unsigned_request_is_a_violation(gate):
    assert b"MissingAuthenticationToken" in talk(gate, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                                 b"application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\nAction=Other")
    assert [v.kind for v in gate.stats.take_violations()] == ["signature"]


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n",
                                  b"GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                                  b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"])
def test_bad_http(gate, head):
    assert b"400 Bad Request" in talk(gate, head)
    assert [v.kind for v in gate.stats.take_violations()] == ["http"]


def test_keep_alive_chunks_and_continue(cloud, gate):
    one = GOOD["ec2 filters"]()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (one.body[:10], one.body[10:])) + b"0\r\n\r\n"
    data = raw(one) + raw(one, chunks, "Transfer-Encoding: chunked\r\n") + raw(one, extra="Expect: 100-continue\r\n")
    gate.stats.reset()
    answer = talk(gate, data)
    assert answer.count(b"HTTP/1.1 200 OK") == 3 and answer.count(b"HTTP/1.1 100 Continue") == 1
    assert gate.stats.connections == 1 and cloud.calls() == {"ec2:DescribeVpcs": 3}


def test_control_endpoint(cloud, gate):
    def post(path, value):
        body = json.dumps(value).encode()
        answer = talk(gate, b"POST /_gate/%s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body))
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert post("faults", {"throttle": 1.0, "max_repeat": 99})["throttle"] == 1.0
    assert "error" in post("faults", {"nonsense": 1})
    assert "error" in post("rules", {"op": "x", "action": "nonsense"})
    assert post("rules", [{"op": "ec2:CreateVpc", "nth": 1, "action": "error", "code": "VpcLimitExceeded"}])[0]["code"]
    assert b"VpcLimitExceeded" in talk(gate, raw(GOOD["ec2"]()))
    stats = json.loads(talk(gate, b"GET /_gate/stats HTTP/1.1\r\n\r\n").split(b"\r\n\r\n", 1)[1])
    assert stats["writes"] == {"ec2:CreateVpc": 1} and stats["violations"] == []
    log = json.loads(talk(gate, b"GET /_gate/log HTTP/1.1\r\n\r\n").split(b"\r\n\r\n", 1)[1])
    assert log[0]["params"]["CidrBlock"] == "10.0.0.0/16" and log[0]["code"] == "VpcLimitExceeded"
    assert post("reset", {}) == {} and gate.faults.settings.throttle == 0
    assert len(json.loads(talk(gate, b"GET /_gate/shims HTTP/1.1\r\n\r\n").split(b"\r\n\r\n", 1)[1])["shims"]) > 40
    assert b"404" in talk(gate, b"GET /_gate/nonsense HTTP/1.1\r\n\r\n")
