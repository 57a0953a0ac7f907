"""AWS Signature Version 4, verified from scratch.

Source of the rules: AWS IAM User Guide, "Create a signed AWS API request"
(reference_sigv-create-signed-request), and the S3 API reference,
"Authenticating Requests". botocore's signer is deliberately not used here:
it is the oracle of the tests.
"""
from __future__ import annotations

import hashlib
import hmac
import re
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, unquote_to_bytes

from .http1 import Request

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
# Services with one signing region per partition (AWS General Reference, endpoints).
GLOBAL_SERVICES = {"iam", "route53", "cloudfront", "budgets", "organizations", "globalaccelerator",
                   "shield", "waf", "support", "ce"}
GLOBAL_REGION = "us-east-1"
SKEW_S = {"s3": 900}                         # S3 says RequestTimeTooSkewed after 15 minutes
DEFAULT_SKEW_S = 300
_AUTH = re.compile(r"AWS4-HMAC-SHA256 Credential=(?P<cred>[^,\s]+),\s*SignedHeaders=(?P<heads>[^,\s]+),"
                   r"\s*Signature=(?P<sig>[^,\s]+)\Z")


@dataclass
class Credential:
    access_key: str
    secret: str
    token: str | None = None
    expired: bool = False
    observer: bool = False                   # see server.py: no faults, no counters


class SigError(Exception):
    """code: class of the failure (see errors.AUTH_CODES); str(): the cause."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Scope:
    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Signed:
    scope: Scope
    credential: Credential


def parse_authorization(req: Request) -> Scope:
    """The parts of the Authorization header. Raises SigError on a wrong form."""
    values = [v.strip() for n, v in req.headers if n == "authorization"]
    if not values:
        if "X-Amz-Signature=" in req.query:
            raise SigError("incomplete", "signature in the query string is not expected from this client")
        raise SigError("missing", "no Authorization header")
    if len(values) > 1:
        raise SigError("incomplete", "more than one Authorization header")
    match = _AUTH.match(values[0])
    if not match:
        raise SigError("incomplete", f"Authorization header has a wrong form: {values[0][:120]!r}")
    parts = match["cred"].split("/")
    if len(parts) != 5 or not all(parts):
        raise SigError("incomplete", "Credential is not KEY/DATE/REGION/SERVICE/aws4_request")
    key, date, region, service, end = parts
    if end != "aws4_request":
        raise SigError("incomplete", f"credential scope ends in {end!r}, not aws4_request")
    if not re.fullmatch(r"\d{8}", date):
        raise SigError("incomplete", f"date {date!r} of the credential scope is not YYYYMMDD")
    if not re.fullmatch(r"[0-9a-f]{64}", match["sig"]):
        raise SigError("incomplete", "Signature is not 64 lower-case hex digits")
    return Scope(key, date, region, service, tuple(match["heads"].split(";")), match["sig"])


def check_signed_headers(req: Request, scope: Scope) -> None:
    signed = scope.signed
    if list(signed) != [h.lower() for h in signed]:
        raise SigError("incomplete", "SignedHeaders are not lower-case")
    if list(signed) != sorted(signed):
        raise SigError("incomplete", "SignedHeaders are not sorted")
    if len(set(signed)) != len(signed):
        raise SigError("incomplete", "SignedHeaders name a header twice")
    present = {n for n, _ in req.headers}
    for name in signed:
        if name not in present:
            raise SigError("mismatch", f"signed header {name!r} is not in the request")
    must = {"host", "content-type", "content-md5"} | {n for n in present if n.startswith("x-amz-")}
    for name in sorted(must & present | {"host"}):
        if name not in signed:
            raise SigError("mismatch", f"header {name!r} is not signed")


def check_date(req: Request, scope: Scope, now: float) -> str:
    stamp = req.header("x-amz-date")
    if stamp is None:
        raise SigError("incomplete", "no X-Amz-Date header")
    try:
        when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise SigError("incomplete", f"X-Amz-Date {stamp!r} is not YYYYMMDDTHHMMSSZ") from None
    if not stamp.startswith(scope.date):
        raise SigError("mismatch", f"date {scope.date} of the scope is not that of X-Amz-Date {stamp}")
    limit = SKEW_S.get(scope.service, DEFAULT_SKEW_S)
    if abs(when - now) > limit:
        server = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        raise SigError("skew", f"Signature expired: {stamp} is more than {limit} s from {server}")
    return stamp


def payload_hash(req: Request, scope: Scope) -> str:
    digest = hashlib.sha256(req.body).hexdigest() if req.body else EMPTY_SHA256
    sent = req.header("x-amz-content-sha256")
    if sent is None:
        if scope.service == "s3":
            raise SigError("payload", "Missing required header for this request: x-amz-content-sha256")
        return digest
    if sent == UNSIGNED and scope.service == "s3":
        return sent
    if sent != digest:
        raise SigError("payload", "The provided 'x-amz-content-sha256' header does not match what was computed: "
                                  f"sent {sent[:80]!r}, computed {digest}")
    return sent


def canonical_path(path: str, service: str) -> str:
    if service == "s3":                      # encoded once, nothing removed
        return quote(unquote_to_bytes(path), safe="/-_.~")
    out: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if out:
                out.pop()
        elif part not in ("", "."):
            out.append(part)
    text = "/" + "/".join(out)
    if out and path.endswith("/"):
        text += "/"
    return quote(text, safe="/-_.~")         # the wire form encoded once more


def canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = []
    for item in query.split("&"):
        if not item:
            raise SigError("mismatch", "empty parameter in the query string")
        if "+" in item:
            raise SigError("mismatch", "'+' in the query string: a space must be sent as %20, a plus as %2B")
        name, _, value = item.partition("=")
        pairs.append((quote(unquote_to_bytes(name), safe="-_.~"), quote(unquote_to_bytes(value), safe="-_.~")))
    return "&".join(f"{k}={v}" for k, v in sorted(pairs))


def canonical_headers(req: Request, signed: tuple[str, ...]) -> str:
    values: dict[str, list[str]] = {}
    for name, value in req.headers:
        values.setdefault(name, []).append(" ".join(value.split()))
    return "".join(f"{n}:{','.join(values[n])}\n" for n in signed)


_keys: dict[tuple[str, str, str, str], bytes] = {}
_keys_lock = threading.Lock()


def signing_key(secret: str, scope: Scope) -> bytes:
    ident = (secret, scope.date, scope.region, scope.service)
    with _keys_lock:
        if ident in _keys:
            return _keys[ident]
    key = ("AWS4" + secret).encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    with _keys_lock:
        if len(_keys) > 512:
            _keys.clear()
        _keys[ident] = key
    return key


def verify(req: Request, creds: dict[str, Credential], now: float) -> Signed:
    """Checks the whole signature of req at the time now (seconds since 1970)."""
    scope = parse_authorization(req)
    cred = creds.get(scope.access_key)
    if cred is None:
        raise SigError("unknown_key", f"unknown access key {scope.access_key}")
    check_signed_headers(req, scope)
    stamp = check_date(req, scope, now)
    if scope.service in GLOBAL_SERVICES and scope.region != GLOBAL_REGION:
        raise SigError("mismatch", "Credential should be scoped to a valid region: "
                                   f"{scope.service} signs for {GLOBAL_REGION}, not {scope.region}")
    token = req.header("x-amz-security-token")
    if token != cred.token:
        what = "missing" if token is None else "not expected" if cred.token is None else "wrong"
        raise SigError("token", f"X-Amz-Security-Token is {what} for {scope.access_key}")
    canonical = "\n".join((
        req.method, canonical_path(req.path, scope.service), canonical_query(req.query),
        canonical_headers(req, scope.signed), ";".join(scope.signed), payload_hash(req, scope)))
    to_sign = "\n".join((ALGORITHM, stamp, f"{scope.date}/{scope.region}/{scope.service}/aws4_request",
                         hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()))
    want = hmac.new(signing_key(cred.secret, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(want, scope.signature):
        raise SigError("mismatch", "The request signature we calculated does not match the signature you provided. "
                                   f"The canonical string for this request should have been {canonical!r} "
                                   f"and the string to sign {to_sign!r}")
    if cred.expired:
        raise SigError("expired", "The security token included in the request is expired")
    return Signed(scope, cred)
