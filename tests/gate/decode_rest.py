"""Decodes REST-JSON and REST-XML requests: route, labels, query, headers, body."""
from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from . import checksum, decode_json, decode_xml, models, scalars
from .http1 import Request
from .report import Report

# Headers a client may always send; every other x-amz-* must be a member.
_COMMON = re.compile(r"x-amz-(date|content-sha256|security-token|user-agent|target|checksum-\w+|"
                     r"sdk-checksum-algorithm|trailer|decoded-content-length|api-version)\Z")
_COMMON_QUERY = {"x-id"}


def _unquote(text: str, where: str, report: Report) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        report.add("encoding", where, "bad percent-encoding")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        report.add("encoding", where, "not UTF-8")
        return ""


def parse_query(query: str, report: Report) -> list[tuple[str, str]]:
    pairs = []
    for item in query.split("&") if query else []:
        name, _, value = item.partition("=")
        pairs.append((_unquote(name, "query", report), _unquote(value, "query", report)))
    return pairs


def route(model, req: Request, query: list[tuple[str, str]], report: Report):
    """The operation that method, path and query select: (operation, labels) or None."""
    names = {n for n, _ in query}
    best, paths = None, False
    for method, pattern, labels, literal, op in models.rest_routes(model):
        match = pattern.fullmatch(req.path)
        if not match:
            continue
        paths = True
        if method != req.method:
            continue
        if not all(n in names and (not v or (n, v) in query) for n, v in literal):
            continue
        score = [len(literal), 0]
        shape = op.input_shape
        for member in shape.required_members if shape else ():
            ser = shape.members[member].serialization
            if ser.get("location") == "querystring":
                score[0] += 1 if ser["name"] in names else -10
            elif ser.get("location") == "header":
                score[1] += 1 if req.header(ser["name"].lower()) is not None else -10
        # Fewer labels is the more specific path: a literal segment beats a label.
        rank = (min(score[1], 0) + min(score[0], 0), score[0] + score[1], -len(labels), not op.deprecated)
        if best is None or rank > best[0]:
            best = (rank, op, dict(zip(labels, match.groups())))
    if best is None:
        if paths:
            report.add("method", f"{req.method} {req.path}", f"{model.service_name} has no operation of this method here")
        else:
            report.add("uri", f"{req.method} {req.path}", f"{model.service_name} has no operation here")
        return None
    return best[1], best[2]


class RestDecoder:
    def __init__(self, protocol: str, report: Report):
        self.xml = protocol == "rest-xml"
        self.report = report

    def decode(self, op, req: Request, labels: dict, query: list[tuple[str, str]]) -> dict:
        shape = op.input_shape
        if op.http.get("requestUri", "").count("?"):
            fixed = {tuple((p.split("=", 1) + [""])[:2]) for p in op.http["requestUri"].split("?", 1)[1].split("&")}
        else:
            fixed = set()
        left = [(n, v) for n, v in query if not any(n == f and (not w or v == w) for f, w in fixed)]
        if shape is None:
            self.leftovers(left, req, set(), ())
            if req.body:
                self.report.add("body", op.name, "this operation takes no body")
            return {}
        out: dict = {}
        used, prefixes = set(), []
        located = set()
        for member, sub in shape.members.items():
            ser = sub.serialization
            where, wire = ser.get("location"), ser.get("name", member)
            if where is None:
                continue
            located.add(member)
            if where == "uri":
                out[member] = self.text(sub, _unquote(labels[wire], wire, self.report), wire, "iso8601")
            elif where == "querystring":
                self.from_query(member, sub, wire, left, out)
            elif where == "header":
                used.add(wire.lower())
                self.from_header(member, sub, wire, req, out)
            elif where == "headers":
                prefixes.append(wire.lower())
                found = {n[len(wire):]: v.strip() for n, v in req.headers if n.startswith(wire.lower())}
                if found:
                    out[member] = found
        out = {k: v for k, v in out.items() if v is not None}
        self.leftovers(left, req, used, tuple(prefixes))
        self.body(op, shape, req, frozenset(located), out)
        return out

    def text(self, shape, text: str, where: str, form: str):
        return scalars.scalar(shape, text, where, self.report, form)

    def from_query(self, member: str, shape, wire: str, left: list, out: dict) -> None:
        if shape.type_name == "map":
            out[member] = dict(left)
            left.clear()
            return
        values = [v for n, v in left if n == wire]
        if not values:
            return
        left[:] = [(n, v) for n, v in left if n != wire]
        if shape.type_name == "list":
            out[member] = [self.text(shape.member, v, wire, "iso8601") for v in values]
            return
        if len(values) > 1:
            self.report.add("duplicate", wire, "query parameter sent twice")
        out[member] = self.text(shape, values[0], wire, "iso8601")

    def from_header(self, member: str, shape, wire: str, req: Request, out: dict) -> None:
        values = [v.strip() for n, v in req.headers if n == wire.lower()]
        if not values:
            return
        if len(values) > 1 and shape.type_name != "list":
            self.report.add("duplicate", wire, "header sent twice")
        if shape.type_name == "list":
            items = [x.strip() for v in values for x in v.split(",")]
            out[member] = [self.text(shape.member, x, wire, "rfc822") for x in items]
        else:
            out[member] = self.text(shape, values[0], wire, "rfc822")

    def leftovers(self, left: list, req: Request, used: set, prefixes: tuple) -> None:
        for name, _ in left:
            if name not in _COMMON_QUERY:
                self.report.add("unknown-member", f"?{name}", "unknown query parameter")
        for name, _ in req.headers:
            if name.startswith("x-amz-") and name not in used and not _COMMON.match(name) \
                    and not name.startswith(prefixes or ("\0",)):
                self.report.add("unknown-member", name, "unknown header")

    def body(self, op, shape, req: Request, located: frozenset, out: dict) -> None:
        payload = shape.serialization.get("payload")
        if payload is not None:
            sub = shape.members[payload]
            if sub.type_name == "blob" or sub.type_name == "string":
                if req.body:
                    out[payload] = req.body if sub.type_name == "blob" else req.body.decode("utf-8", "replace")
            elif req.body:
                out[payload] = self.document(sub, req.body, frozenset(),
                                             sub.serialization.get("name", sub.name), payload)
        else:
            rest = [m for m in shape.members if m not in located]
            if not rest:
                if req.body and req.body != b"{}":
                    self.report.add("body", op.name, "this operation takes no body")
            elif req.body:
                value = self.document(shape, req.body, located, shape.serialization.get("name", shape.name), "")
                out.update(value or {})
        self.content_type(shape, payload, req)
        checksum.check(req, bool(op.http_checksum.get("requestChecksumRequired") or op.http_checksum_required),
                       self.report)

    def document(self, shape, body: bytes, skip: frozenset, root: str, where: str):
        if self.xml:
            node = decode_xml.parse(body, self.report)
            return node and decode_xml.XmlDecoder(self.report).root(shape, node, root, skip)
        value = decode_json.parse(body, self.report)
        if value is None:
            return None
        return decode_json.JsonDecoder(self.report).structure(shape, value, where, skip)

    def content_type(self, shape, payload: str | None, req: Request) -> None:
        if payload is not None and shape.members[payload].type_name in ("blob", "string"):
            return
        sent = req.header("content-type")
        kind = (sent or "").split(";")[0].strip().lower()
        if self.xml:
            if req.body and kind not in ("", "application/xml", "text/xml"):
                self.report.add("content-type", "Content-Type", f"{sent!r} is not application/xml")
        elif req.body and kind != "application/json":
            self.report.add("content-type", "Content-Type", f"{sent!r} is not application/json")
