"""From a request to (service, operation, parameters), with every fault named."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import constraints, decode_json, decode_query, decode_rest, models
from .http1 import Request
from .report import Report

FORM = "application/x-www-form-urlencoded"


@dataclass
class Call:
    """A decoded request. operation is '' when it could not be told."""
    service: str                             # botocore's service name
    region: str
    protocol: str
    operation: str = ""
    params: dict = field(default_factory=dict)
    model: object = None                     # botocore OperationModel
    mutating: bool = False
    access_key: str = ""                     # whose call it is; the emulator tells accounts by it

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation or '?'}"


def unsigned_service(req: Request) -> str | None:
    """The service of a request that AWS takes without a signature, or None."""
    if (req.header("content-type") or "").startswith(FORM):
        name = re.search(rb"(?:^|&)Action=(\w+)", req.body)
        candidates = [("sts", name[1].decode())] if name else []
    else:
        query = decode_rest.parse_query(req.query, Report())
        found = [(s, decode_rest.route(models.service(s), req, query, Report())) for s in ("sso", "sso-oidc")]
        candidates = [(s, f[0].name) for s, f in found if f]
    for service, name in candidates:
        op = models.operation(models.service(service), name)
        if op is not None and op.auth_type == "none":
            return service
    return None


def guess_protocol(req: Request, known: list[str]) -> str:
    if len(known) == 1:
        return known[0]
    if req.header("x-amz-target") and "json" in known:
        return "json"
    if (req.header("content-type") or "").startswith(FORM) and "query" in known:
        return "query"
    return known[0]


def decode(req: Request, signing_name: str, region: str, report: Report) -> Call:
    """Decodes req and checks it against the service model; faults go to report."""
    model = models.service(signing_name)
    if model is None or not models.protocols(model):
        report.add("service", signing_name, "no service signs under this name, or in no protocol the gate knows")
        return Call(signing_name, region, "json")
    call = Call(model.service_name, region, guess_protocol(req, models.protocols(model)))
    steps = {"ec2": _form, "query": _form, "json": _json, "rest-json": _rest, "rest-xml": _rest}
    steps[call.protocol](req, model, call, report)
    if call.model is not None and not report:
        _finish(call, report)
    return call


def _finish(call: Call, report: Report) -> None:
    shape = call.model.input_shape
    if shape is None:
        return
    constraints.check(shape, call.params, "", report)
    for member in call.model.idempotent_members:
        if not call.params.get(member):
            report.add("idempotency-token", member, f"{call.operation} takes an idempotency token, none was sent")


def _select(call: Call, model, name: str, where: str, report: Report) -> bool:
    call.model = models.operation(model, name)
    if call.model is None:
        report.add("operation", where, f"{model.service_name} has no operation {name[:60]!r}")
        return False
    call.operation = name
    call.mutating = models.is_mutating(name)
    return True


def _form(req: Request, model, call: Call, report: Report) -> None:
    if req.method != "POST" or req.target != "/":
        report.add("method", f"{req.method} {req.target[:60]}", "this protocol is spoken by POST to /")
        return
    kind, _, rest = (req.header("content-type") or "").partition(";")
    if kind.strip() != FORM or rest.strip().lower() not in ("", "charset=utf-8"):
        report.add("content-type", "Content-Type", f"{req.header('content-type')!r} is not {FORM}")
    if req.header("x-amz-target"):
        report.add("header", "X-Amz-Target", "not part of this protocol")
    pairs = decode_query.parse_form(req.body.decode("latin-1"), report)
    values = dict(pairs)
    version = model.metadata["apiVersion"]
    if values.get("Version") != version:
        report.add("version", "Version", f"{values.get('Version')!r} is not {version!r}")
    if not _select(call, model, values.get("Action", ""), "Action", report):
        return
    trie = decode_query.build_trie([p for p in pairs if p[0] not in ("Action", "Version")], report)
    decoder = decode_query.QueryDecoder(call.protocol, report)
    shape = call.model.input_shape
    if shape is not None:
        call.params = decoder.structure(shape, trie, "")
    else:
        for name in trie:
            report.add("unknown-member", name, f"{call.operation} takes no parameters")


def _json(req: Request, model, call: Call, report: Report) -> None:
    if req.method != "POST" or req.target != "/":
        report.add("method", f"{req.method} {req.target[:60]}", "this protocol is spoken by POST to /")
        return
    want = f"application/x-amz-json-{model.metadata['jsonVersion']}"
    if (req.header("content-type") or "").split(";")[0].strip() != want:
        report.add("content-type", "Content-Type", f"{req.header('content-type')!r} is not {want}")
    prefix, _, name = (req.header("x-amz-target") or "").rpartition(".")
    if prefix != model.metadata["targetPrefix"]:
        report.add("target", "X-Amz-Target", f"prefix {prefix!r} is not {model.metadata['targetPrefix']!r}")
    if not _select(call, model, name, "X-Amz-Target", report):
        return
    value = decode_json.parse(req.body, report)
    shape = call.model.input_shape
    if value is not None and shape is not None:
        call.params = decode_json.JsonDecoder(report).structure(shape, value, "") or {}


def _rest(req: Request, model, call: Call, report: Report) -> None:
    query = decode_rest.parse_query(req.query, report)
    found = decode_rest.route(model, req, query, report)
    if found is None:
        return
    op, labels = found
    _select(call, model, op.name, "route", report)
    call.params = decode_rest.RestDecoder(call.protocol, report).decode(op, req, labels, query)
