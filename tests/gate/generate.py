"""Random valid inputs of an operation, from its model; and requests as botocore would send them."""
from __future__ import annotations

import json
import random
import re
import re._parser as sre                     # the standard library's own pattern parser
from datetime import datetime, timezone
from pathlib import Path

import boto3
from botocore.config import Config

from . import constraints, models, server
from .http1 import Request

HERE = Path(__file__).resolve().parent
TEXTS = ("a", "abc-123", "10.0.0.0/16", "x y", "ä ö ü", "a&b=c", "<t>'\"", "50%+1", "a/b:c", "*", "~_.-", "日本語", "=?#")
PLAIN = ("a", "abc-123", "abcdef", "Z123456789ABC", "12", "arn:aws:iam::123456789012:role/some-role")


def operations() -> list[tuple[str, str]]:
    """(botocore service, operation): operations.txt and what the wire tables of quoin name."""
    found: set[tuple[str, str]] = set()
    for line in (HERE / "operations.txt").read_text().splitlines():
        service, _, names = line.partition("#")[0].partition(":")
        found |= {(service.strip(), name) for name in names.split()}
    for path in (HERE.parents[1] / "modules" / "providers" / "aws").glob("*/wire.json"):
        table = json.loads(path.read_text())
        listed = table.get("operations", {})
        found |= {(path.parent.name, name) for name in listed if models.service(path.parent.name)}
    return sorted(found)


class Generator:
    def __init__(self, rng: random.Random, ascii_only: bool = False):
        self.rng = rng
        self.ascii_only = ascii_only

    def value(self, shape, depth: int = 0, plain: bool = False):
        kind = shape.type_name
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            size = self.rng.randint(max(low or 1, 1), max(low or 1, min(high or 3, 3), 1))
            return [self.value(shape.member, depth + 1, plain) for _ in range(size)]
        if kind == "map":
            size = self.rng.randint(max(low or 1, 1), max(min(high or 2, 2), low or 1))
            return {self.value(shape.key, depth + 1, plain): self.value(shape.value, depth + 1, plain) for _ in range(size)}
        if kind in ("string", "char", "character"):
            return self.string(shape, plain or self.ascii_only)
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind in ("integer", "long", "short", "byte"):
            return self.rng.randint(int(low or 0), int(high if high is not None else (low or 0) + 1000))
        if kind in ("float", "double"):
            return float(low if low is not None else 0) + self.rng.choice([0.0, 0.5, 1.25])
        if kind == "timestamp":
            return datetime.fromtimestamp(self.rng.randint(10 ** 9, 2 * 10 ** 9), timezone.utc)
        return bytes(self.rng.randrange(256) for _ in range(max(low or 1, 5)))

    def structure(self, shape, depth: int = 0) -> dict:
        if getattr(shape, "is_document_type", False):
            return {"a": [1, "b"]}
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            name = self.rng.choice(names)
            return {name: self.value(shape.members[name], depth + 1)}
        share = 0.5 if depth == 0 else 0.6 if depth < 4 else 0.0
        out = {}
        for name in names:
            if name in shape.required_members or self.rng.random() < share:
                member = shape.members[name]
                place = member.serialization.get("location")
                if member.serialization.get("eventstream"):
                    continue
                value = self.value(member, depth + 1, plain=place in ("header", "headers", "uri", "querystring"))
                if value != {} or name in shape.required_members:
                    out[name] = value
        if depth and names and not out:                # an empty structure has no form in the query protocols
            name = next((n for n, m in shape.members.items() if m.type_name == "string"), names[0])
            out[name] = self.value(shape.members[name], depth + 1)
        return out

    def string(self, shape, plain: bool) -> str:
        meta = shape.metadata
        if meta.get("enum"):
            return self.rng.choice(meta["enum"])
        low, high = meta.get("min", 0) or 0, meta.get("max") or 60
        options = list(PLAIN if plain else TEXTS)
        self.rng.shuffle(options)
        for text in options:
            text = (text * (low // len(text) + 1) if len(text) < low else text)[:high]
            if self.fits(meta, text, low, high):
                return text
        for _ in range(40):
            text = self.from_pattern(meta.get("pattern", ".*"), low)
            if self.fits(meta, text, low, high):
                return text
        return "a" * max(low, 1)

    @staticmethod
    def fits(meta, text: str, low: int, high: int) -> bool:
        if not low <= len(text) <= high or not text or text != text.strip():
            return False
        compiled = constraints.pattern(meta["pattern"]) if "pattern" in meta else None
        return compiled is None or bool(compiled.fullmatch(text))

    def from_pattern(self, pattern: str, low: int) -> str:
        compiled = constraints.pattern(pattern)
        if compiled is None:
            return "a" * max(low, 1)
        return self._sequence(sre.parse(compiled.pattern), low)

    def _sequence(self, items, low: int) -> str:
        return "".join(self._item(op, arg, low) for op, arg in items)

    def _item(self, op, arg, low: int) -> str:
        name = str(op)
        if name == "LITERAL":
            return chr(arg)
        if name in ("ANY", "NOT_LITERAL"):
            return "b"
        if name == "IN":
            return self._class(arg)
        if name == "BRANCH":
            return self._sequence(self.rng.choice(arg[1]), low)
        if name == "SUBPATTERN":
            return self._sequence(arg[-1], low)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, sub = arg
            count = self.rng.randint(least, min(int(most), max(least + 3, min(low, 200))))
            return "".join(self._sequence(sub, low) for _ in range(count))
        return ""

    def _class(self, items) -> str:
        if str(items[0][0]) == "NEGATE":
            return "c"
        op, arg = self.rng.choice(items)
        if str(op) == "RANGE":
            return chr(self.rng.randint(max(arg[0], 33), max(min(arg[1], 126), max(arg[0], 33))))
        if str(op) == "CATEGORY":
            return {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " "}.get(str(arg), "k")
        return chr(arg)


class Captured(Exception):
    def __init__(self, request: Request):
        super().__init__("captured")
        self.request = request


_clients: dict = {}


def client(service: str, region: str = "us-east-1", token: str | None = None):
    """A botocore client whose requests are caught just before they would be sent."""
    if (service, region, token) not in _clients:
        made = boto3.session.Session().client(
            service, region_name=region, endpoint_url="http://127.0.0.1:4566",
            aws_access_key_id=server.DEFAULT_KEY, aws_secret_access_key=server.DEFAULT_SECRET, aws_session_token=token,
            config=Config(parameter_validation=False, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
                          inject_host_prefix=False))
        made.meta.events.register("before-send", _catch)
        _clients[service, region, token] = made
    return _clients[service, region, token]


def _catch(request, **_):
    raise Captured(to_gate(request))


def to_gate(prepared) -> Request:
    """botocore's prepared request as the gate would read it from a socket."""
    target = "/" + prepared.url.split("//", 1)[1].partition("/")[2]
    headers = [(k.lower(), v.decode("latin-1") if isinstance(v, bytes) else str(v)) for k, v in prepared.headers.items()]
    if not any(k == "host" for k, _ in headers):
        headers.append(("host", prepared.url.split("//", 1)[1].split("/", 1)[0]))
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    return Request(prepared.method, target, headers, body.encode() if isinstance(body, str) else bytes(body))


def request_for(service: str, operation: str, params: dict, region: str = "us-east-1", token: str | None = None) -> Request:
    made = client(service, region, token)
    method = next(m for m, o in made.meta.method_to_api_mapping.items() if o == operation)
    try:
        getattr(made, method)(**params)
    except Captured as caught:
        return caught.request
    raise AssertionError(f"{service}:{operation} was not sent")


def comparable(value):
    """Datetimes as whole seconds, so that inputs compare with what was decoded."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [comparable(v) for v in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, str) and re.search(r"[\r\n]", value):
        return value.replace("\r\n", "\n")
    return value
