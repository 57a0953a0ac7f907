"""quoin's SigV4 against botocore's signers, stage by stage.

The C driver signs generated requests at a fixed clock; botocore signs the same
ones (as AWSRequest objects over the wire bytes the driver chose). Canonical
request, string to sign, signature and Authorization header must be equal. What
the driver puts on the wire is checked against Python's own percent-encoding,
because botocore signs whatever URL it is given.
"""

import datetime
import hashlib
import os
import random
import re
import subprocess
from pathlib import Path
from unittest import mock
from urllib.parse import quote, unquote_to_bytes

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("SIGN_DRIVER", ROOT / "build" / "sign_driver"))
COUNT = 3000
EMPTY = hashlib.sha256(b"").hexdigest()
STAMP = "20150830T123600Z"
BLANKS = [" ", "  ", "\t", " \t "]


def case(**over):
    base = dict(
        method="POST", host="ec2.us-east-1.amazonaws.com", path="/", query="", region="us-east-1",
        service="ec2", stamp=STAMP, s3=False, access="AKIDEXAMPLE", token="",
        secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", body=b"", unsigned=False, headers=[],
    )
    base.update(over)
    return base


# Every form of request that a published table of signing faults names, and each once more for S3.
FORMS = {
    "plain post form": case(body=b"Action=DescribeVpcs&Version=2016-11-15",
                            headers=[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]),
    "json with target": case(service="ecs", host="ecs.us-east-1.amazonaws.com", body=b"{}",
                             headers=[("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters"),
                                      ("Content-Type", "application/x-amz-json-1.1")]),
    "unsorted query": case(method="GET", query="b=2&a=1&c=3"),
    "valueless query": case(method="GET", query="versioning"),
    "valueless with equals": case(method="GET", query="versioning="),
    "repeated parameter": case(method="GET", query="a=2&a=1&a=&a"),
    "key prefix of key": case(method="GET", query="a-=1&a=2&a.b=3&ab=4"),
    "empty pairs": case(method="GET", query="&&a=1&&"),
    "only equals": case(method="GET", query="=x&=&y"),
    "lower-case escape": case(method="GET", query="marker=a%2bb%2fc&x=%c3%a9"),
    "plus sign": case(method="GET", query="q=a+b"),
    "raw space": case(method="GET", query="q=a b"),
    "escaped space": case(method="GET", query="q=a%20b"),
    "raw utf-8 query": case(method="GET", query="q=é日本&ключ=значение"),
    "escaped unreserved": case(method="GET", query="q=%41%7e%2D"),
    "lone percent": case(method="GET", query="q=100%&r=%zz"),
    "equals in value": case(method="GET", query="t=a==&u=b%3D"),
    "path with colon": case(method="GET", service="lambda", path="/2015-03-31/functions/arn:aws:lambda:x:1:function:f"),
    "path with %3A": case(method="GET", service="lambda", path="/2017-03-31/tags/arn%3Aaws%3Alambda"),
    "path with %20": case(method="GET", path="/a%20b/c"),
    "path raw space": case(method="GET", path="/a b/c"),
    "path utf-8": case(method="GET", path="/日本/é"),
    "path %2F": case(method="GET", path="/a%2fb"),
    "dot segments": case(method="GET", path="/a/./b/../c"),
    "leading dots": case(method="GET", path="/../../x"),
    "dots only": case(method="GET", path="/.."),
    "dot only": case(method="GET", path="/./"),
    "double slashes": case(method="GET", path="//a//b//"),
    "trailing slash": case(method="GET", path="/a/"),
    "encoded dots": case(method="GET", path="/%2e%2e/a/%2E/b"),
    "tilde and marks": case(method="GET", path="/~a!b*c'd(e)f;g,h@i&j=k+l$m"),
    "empty path": case(method="GET", path=""),
    "repeated header": case(headers=[("X-Amz-Meta-A", "2"), ("x-amz-meta-a", "1"), ("X-Amz-Meta-A", "2")]),
    "header prefix": case(headers=[("x-amz-copy-source-if-match", "e"), ("x-amz-copy-source", "/b/k"),
                                   ("x-amz-copy", "c")]),
    "empty header": case(headers=[("x-empty", "")]),
    "blank header": case(headers=[("x-blank", "   ")]),
    "trailing blanks": case(headers=[("x-tail", "value   "), ("x-head", "   value")]),
    "inner blanks": case(headers=[("x-in", "a   b\t\tc")]),
    "quoted blanks": case(headers=[("x-quoted", '"a   b"')]),
    "folded header": case(headers=[("x-fold", "a\n  b\n\tc")]),
    "header order": case(headers=[("Zebra", "z"), ("apple", "a"), ("Mango", "m")]),
    "unsigned headers": case(headers=[("User-Agent", "quoin"), ("Expect", "100-continue"),
                                      ("Connection", "close"), ("X-Amzn-Trace-Id", "Root=1")]),
    "session token": case(token="IQoJb3JpZ2luX2VjEJr//////////wE=" * 4),
    "own date": case(stamp="20200229T235959Z"),
    "non-default port": case(host="localhost:4566"),
    "default port gone": case(host="localhost"),
    "upper-case host": case(host="EC2.US-EAST-1.amazonaws.com"),
    "ipv6 host": case(host="[::1]:5000"),
    "empty body": case(body=b""),
    "binary body": case(body=bytes(range(256))),
    "streamed body": case(method="PUT", service="s3", s3=True, path="/bucket/key", body=b"x" * 70000, unsigned=True),
    "other region": case(region="cn-north-1"),
    "head": case(method="HEAD", service="s3", s3=True, path="/bucket"),
}


def as_s3(c):
    return dict(c, s3=True, service="s3")


def generated(rng):
    """One random request that mixes all forms."""
    text = ["a", "B", "7", "-", "_", ".", "~", "%20", "%2b", "%2F", "%c3%a9", "%7E", " ", "+", "é", "日", ":", "@",
            "!", "*", "'", "(", ")", ";", ",", "$", "[", "]", "\"", "<", ">", "^", "`", "{", "|", "}", "\\", "%", "%4"]
    word = lambda n=8: "".join(rng.choice(text) for _ in range(rng.randrange(n)))
    segments = ["", ".", "..", "%2e", "a", "b%20c"]
    path = "/" + "/".join(rng.choice(segments) if rng.random() < 0.4 else word() for _ in range(rng.randrange(5)))
    pairs = []
    for _ in range(rng.randrange(6)):
        key = word(4) if rng.random() < 0.7 else rng.choice(["a", "ab", "a-", "list-type", "Action"])
        pairs.append(key if rng.random() < 0.2 else f"{key}={word()}{'=' if rng.random() < 0.1 else ''}")
    headers = []
    for _ in range(rng.randrange(7)):
        name = rng.choice(["x-amz-meta-a", "X-Amz-Meta-A", "x-amz-copy-source", "x-amz-copy-source-if-match",
                           "x-amz-acl", "Content-Type", "Content-MD5", "Range", "x-b", "X-C-d", "User-Agent"])
        parts = [rng.choice(["v", "value", "1", "=;", '"q  q"', ",", "/"]) for _ in range(rng.randrange(4))]
        sep = rng.choice(BLANKS + ["\n  "])
        headers.append((name, rng.choice(["", *BLANKS]) + sep.join(parts) + rng.choice(["", *BLANKS])))
    service = rng.choice(["ec2", "ecs", "iam", "route53", "s3", "logs", "elasticloadbalancing", "execute-api"])
    day = datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=rng.randrange(40 * 365 * 86400))
    return case(
        method=rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
        host=rng.choice(["ec2.amazonaws.com", "b.s3.eu-west-1.amazonaws.com", "127.0.0.1:4566", "[::1]:8080", "h:8443"]),
        path=path, query="&".join(pairs), service=service, s3=service == "s3",
        region=rng.choice(["us-east-1", "eu-west-1", "us-gov-west-1", "cn-northwest-1"]),
        stamp=day.strftime("%Y%m%dT%H%M%SZ"), token=rng.choice(["", "", "tok/en+=="]),
        secret="".join(rng.choice("abcXYZ019+/") for _ in range(rng.choice([1, 40, 64, 65, 200]))),
        access="AKIA" + "".join(rng.choice("ABC234") for _ in range(16)),
        body=rng.randbytes(rng.randrange(200)) if rng.random() < 0.6 else b"",
        unsigned=rng.random() < 0.1, headers=headers,
    )


def all_headers(c):
    """The headers of the request as quoin's client sends them."""
    out = list(c["headers"]) + [("X-Amz-Date", c["stamp"]), ("X-Amz-Content-SHA256", payload_hash(c))]
    if c["token"]:
        out.append(("X-Amz-Security-Token", c["token"]))
    return out


def payload_hash(c):
    return "UNSIGNED-PAYLOAD" if c["unsigned"] else hashlib.sha256(c["body"]).hexdigest()


def net(*parts):
    out = b""
    for p in parts:
        b = p if isinstance(p, bytes) else str(p).encode()
        out += b"%d:%s," % (len(b), b)
    return out


def drive(cases):
    data = b""
    for c in cases:
        h = all_headers(c)
        data += net(c["method"], c["host"], c["path"], c["query"], c["region"], c["service"], c["stamp"],
                    "s3" if c["s3"] else "other", c["access"], c["secret"], c["token"], payload_hash(c), len(h))
        for name, value in h:
            data += net(name, value)
    assert DRIVER.exists(), f"{DRIVER} is not built: make sigv4"
    out = subprocess.run([DRIVER], input=data, stdout=subprocess.PIPE, check=True, timeout=300).stdout
    fields, at = [], 0
    while at < len(out):
        colon = out.index(b":", at)
        end = colon + 1 + int(out[at:colon])
        assert out[end:end + 1] == b","
        fields.append(out[colon + 1:end].decode())
        at = end + 1
    assert len(fields) == 6 * len(cases)
    return [fields[i:i + 6] for i in range(0, len(fields), 6)]


def once_encoded(text, safe):
    """RFC 3986: decode the escapes there are (a slash stays escaped), encode all but unreserved."""
    out = ""
    for part in re.split(r"(%[0-9a-fA-F]{2})", text):
        if re.fullmatch(r"%[0-9a-fA-F]{2}", part):
            out += quote(unquote_to_bytes(part), safe="~")
        else:
            out += quote(part, safe="~" + safe)
    return out


def expected_query(query):
    pairs = [p.partition("=") for p in query.split("&") if p]
    return "&".join(f"{k}={v}" for k, v in sorted((once_encoded(k, ""), once_encoded(v, "")) for k, _, v in pairs))


def oracle(c, path, query):
    """botocore's stages for the wire bytes."""
    request = AWSRequest(method=c["method"], url=f"http://{c['host']}{path}{'?' + query if query else ''}",
                         data=c["body"], headers=None)
    request.headers = HTTPHeaders()
    for name, value in c["headers"]:
        request.headers.add_header(name, value)
    if c["unsigned"]:
        request.context["payload_signing_enabled"] = False
        request.url = request.url.replace("http://", "https://", 1)
    cls = botocore.auth.S3SigV4Auth if c["s3"] else botocore.auth.SigV4Auth
    signer = cls(Credentials(c["access"], c["secret"], c["token"] or None), c["service"], c["region"])
    if c["s3"] and c["unsigned"]:  # as for a stream with a checksum header over TLS
        signer._should_sha256_sign_payload = lambda _request: False
    now = datetime.datetime.strptime(c["stamp"], "%Y%m%dT%H%M%SZ")
    seen = {}
    real_canonical, real_sts = signer.canonical_request, signer.string_to_sign

    def canonical(req):
        if not c["s3"] and not c["unsigned"]:
            req.headers["X-Amz-Content-SHA256"] = payload_hash(c)
        seen["canonical"] = real_canonical(req)
        return seen["canonical"]

    def sts(req, text):
        seen["sts"] = real_sts(req, text)
        return seen["sts"]

    signer.canonical_request, signer.string_to_sign = canonical, sts
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        signer.add_auth(request)
    return seen["canonical"], seen["sts"], request.headers["Authorization"]


def check(cases):
    for c, (path, query, canonical, sts, signature, authorization) in zip(cases, drive(cases), strict=True):
        assert path == (once_encoded(c["path"], "/") or "/"), c
        assert query == expected_query(c["query"]), c
        want = oracle(c, path, query)
        assert canonical == want[0], c
        assert sts == want[1], c
        assert authorization == want[2], c
        assert authorization.endswith("Signature=" + signature), c


@pytest.mark.parametrize("name", FORMS)
def test_form(name):
    check([FORMS[name], as_s3(FORMS[name])])


def test_generated():
    rng = random.Random(20260101)
    cases = [generated(rng) for _ in range(COUNT)]
    assert len(cases) >= 2000
    check(cases)


def test_aws_published_example():
    """The worked example of AWS's documentation (iam ListUsers, 30 August 2015)."""
    c = case(method="GET", host="iam.amazonaws.com", service="iam", query="Action=ListUsers&Version=2010-05-08",
             headers=[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")])
    h = c["headers"] + [("X-Amz-Date", STAMP)]
    data = net("GET", c["host"], "/", c["query"], "us-east-1", "iam", STAMP, "other", c["access"], c["secret"], "",
               EMPTY, len(h)) + b"".join(net(n, v) for n, v in h)
    out = subprocess.run([DRIVER], input=data, stdout=subprocess.PIPE, check=True).stdout
    assert b"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7" in out
