"""Errors as AWS words them on the wire, per protocol."""
from __future__ import annotations

import json
import threading
from xml.sax.saxutils import escape

from .http1 import Response

# SigError.code -> protocol -> (code, status). Source: AWS's "Common Errors" pages of
# EC2, IAM/STS, ECS, S3 and Route 53; EC2 calls an expired session RequestExpired.
AUTH_CODES = {
    "missing": {"ec2": ("AuthFailure", 401), "s3": ("AccessDenied", 403), "json": ("MissingAuthenticationTokenException", 400),
                "rest-json": ("MissingAuthenticationTokenException", 403), "*": ("MissingAuthenticationToken", 403)},
    "incomplete": {"ec2": ("AuthFailure", 401), "s3": ("AuthorizationHeaderMalformed", 400),
                   "json": ("IncompleteSignatureException", 400), "rest-json": ("IncompleteSignatureException", 403),
                   "*": ("IncompleteSignature", 400)},
    "mismatch": {"ec2": ("AuthFailure", 401), "json": ("InvalidSignatureException", 400),
                 "rest-json": ("InvalidSignatureException", 403), "*": ("SignatureDoesNotMatch", 403)},
    "skew": {"ec2": ("RequestExpired", 400), "s3": ("RequestTimeTooSkewed", 403), "json": ("InvalidSignatureException", 400),
             "rest-json": ("InvalidSignatureException", 403), "*": ("SignatureDoesNotMatch", 403)},
    "payload": {"s3": ("XAmzContentSHA256Mismatch", 400), "json": ("InvalidSignatureException", 400),
                "rest-json": ("InvalidSignatureException", 403), "ec2": ("AuthFailure", 401), "*": ("SignatureDoesNotMatch", 403)},
    "unknown_key": {"ec2": ("AuthFailure", 401), "s3": ("InvalidAccessKeyId", 403),
                    "json": ("UnrecognizedClientException", 400), "rest-json": ("UnrecognizedClientException", 403),
                    "*": ("InvalidClientTokenId", 403)},
    "token": {"ec2": ("AuthFailure", 401), "s3": ("InvalidToken", 400), "json": ("UnrecognizedClientException", 400),
              "rest-json": ("UnrecognizedClientException", 403), "*": ("InvalidClientTokenId", 403)},
    "expired": {"ec2": ("RequestExpired", 400), "s3": ("ExpiredToken", 400), "json": ("ExpiredTokenException", 400),
                "rest-json": ("ExpiredTokenException", 403), "*": ("ExpiredToken", 403)},
}
THROTTLE = {"ec2": ("RequestLimitExceeded", 503), "query": ("Throttling", 400), "json": ("ThrottlingException", 400),
            "rest-json": ("ThrottlingException", 429), "rest-xml": ("Throttling", 400), "s3": ("SlowDown", 503),
            "sqs": ("RequestThrottled", 403), "lambda": ("TooManyRequestsException", 429)}
INTERNAL = {"ec2": "InternalError", "query": "InternalFailure", "json": "InternalServerError", "s3": "InternalError",
            "rest-json": "InternalServerException", "rest-xml": "InternalFailure", "ecs": "ServerException"}
UNAVAILABLE = {"ec2": "Unavailable", "json": "ServiceUnavailableException", "rest-json": "ServiceUnavailableException"}

_lock = threading.Lock()
_serial = 0


def request_id() -> str:
    global _serial
    with _lock:
        _serial += 1
        return f"9a7e0000-0000-4000-8000-{_serial:012d}"


def _by_protocol(table: dict, service: str, protocol: str):
    return table.get(service) or table.get(protocol) or table.get("*")


def auth_error(kind: str, service: str, protocol: str, message: str) -> Response:
    code, status = _by_protocol(AUTH_CODES[kind], service, protocol)
    return error(service, protocol, code, message, status)


def throttle(service: str, protocol: str) -> Response:
    code, status = THROTTLE.get(service) or THROTTLE[protocol]
    return error(service, protocol, code, "Rate exceeded", status)


def internal(service: str, protocol: str) -> Response:
    code = INTERNAL.get(service) or INTERNAL[protocol]
    return error(service, protocol, code, "We encountered an internal error. Please try again.", 500)


def unavailable(service: str, protocol: str) -> Response:
    code = UNAVAILABLE.get(protocol, "ServiceUnavailable")
    return error(service, protocol, code, "Service is unable to handle request.", 503)


def html(status: int = 502, title: str = "Bad Gateway") -> Response:
    page = f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body><h1>{status} {title}</h1></body>\r\n</html>\r\n"
    return Response(status, [("Content-Type", "text/html")], page.encode())


def error(service: str, protocol: str, code: str, message: str, status: int = 400,
          extra: dict | None = None) -> Response:
    """An error in the shape of the protocol. extra: further members of the error."""
    rid = request_id()
    if protocol in ("json", "rest-json"):
        return _json_error(service, protocol, code, message, status, rid, extra or {})
    code_xml, text = escape(code), escape(message)
    more = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in (extra or {}).items())
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    kind = "Sender" if status < 500 else "Receiver"
    if protocol == "ec2":
        body = (f"<Response><Errors><Error><Code>{code_xml}</Code><Message>{text}</Message>{more}</Error></Errors>"
                f"<RequestID>{rid}</RequestID></Response>")
    elif service == "s3":
        body = f"<Error><Code>{code_xml}</Code><Message>{text}</Message>{more}<RequestId>{rid}</RequestId></Error>"
    else:
        body = (f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code_xml}</Code><Message>{text}</Message>{more}</Error>"
                f"<RequestId>{rid}</RequestId></ErrorResponse>")
    rid_header = "x-amz-request-id" if service == "s3" else "x-amzn-requestid"
    return Response(status, [("Content-Type", "text/xml"), (rid_header, rid)], (head + body).encode())


def _json_error(service: str, protocol: str, code: str, message: str, status: int, rid: str, extra: dict) -> Response:
    body: dict = {"message": message, **extra}
    headers = [("x-amzn-requestid", rid)]
    if protocol == "json":
        body = {"__type": f"com.amazonaws.{service}#{code}", **body}
        headers.append(("Content-Type", "application/x-amz-json-1.1"))
    else:
        headers += [("x-amzn-errortype", f"{code}:http://internal.amazon.com/coral/com.amazonaws.{service}/"),
                    ("Content-Type", "application/json")]
    return Response(status, headers, json.dumps(body).encode())
