"""Decodes JSON 1.0/1.1 and REST-JSON bodies."""
from __future__ import annotations

import base64
import binascii
import json

from . import scalars
from .report import Report

_NUMERIC = ("integer", "long", "short", "byte")


def _pairs(report: Report):
    def hook(pairs):
        out = dict(pairs)
        if len(out) != len(pairs):
            names = [k for k, _ in pairs]
            report.add("duplicate", next(n for n in names if names.count(n) > 1), "JSON key sent twice")
        return out
    return hook


def parse(body: bytes, report: Report):
    """The JSON object of body, or None with a problem added."""
    def refuse(text):
        raise ValueError(f"{text} is not JSON")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_pairs(report), parse_constant=refuse)
    except (ValueError, RecursionError) as err:
        report.add("json-syntax", "body", str(err)[:200])
        return None
    if not isinstance(value, dict):
        report.add("json-syntax", "body", "the body is not a JSON object")
        return None
    return value


class JsonDecoder:
    def __init__(self, report: Report, time_form: str = "unixTimestamp"):
        self.report = report
        self.time_form = time_form

    def decode(self, shape, value, where: str):
        kind = shape.type_name
        if getattr(shape, "is_document_type", False):
            return value
        if value is None:
            self.report.add("kind", where, f"null where a {kind} is expected")
            return None
        if kind == "structure":
            return self.structure(shape, value, where)
        if kind == "list":
            if not isinstance(value, list):
                return self.wrong(where, value, "list")
            return [self.decode(shape.member, v, f"{where}[{i}]") for i, v in enumerate(value)]
        if kind == "map":
            if not isinstance(value, dict):
                return self.wrong(where, value, "map")
            return {k: self.decode(shape.value, v, f"{where}.{k}") for k, v in value.items()}
        return self.scalar(shape, kind, value, where)

    def wrong(self, where: str, value, kind: str):
        self.report.add("kind", where, f"{json.dumps(value)[:80]} is not a {kind}")
        return None

    def structure(self, shape, value, where: str, skip: frozenset = frozenset()):
        if not isinstance(value, dict):
            return self.wrong(where, value, "structure")
        by_wire = {s.serialization.get("name", m): (m, s) for m, s in shape.members.items() if m not in skip}
        out = {}
        for wire, sub in value.items():
            path = f"{where}.{wire}" if where else wire
            if wire not in by_wire:
                self.report.add("unknown-member", path, f"{shape.name} has no such member")
                continue
            member, member_shape = by_wire[wire]
            decoded = self.decode(member_shape, sub, path)
            if decoded is not None:
                out[member] = decoded
        return out

    def scalar(self, shape, kind: str, value, where: str):
        if kind in ("string", "char", "character"):
            return value if isinstance(value, str) else self.wrong(where, value, "string")
        if kind == "boolean":
            return value if isinstance(value, bool) else self.wrong(where, value, "boolean")
        if kind in _NUMERIC:
            ok = isinstance(value, int) and not isinstance(value, bool)
            return value if ok else self.wrong(where, value, kind)
        if kind in ("float", "double"):
            ok = isinstance(value, (int, float)) and not isinstance(value, bool)
            return float(value) if ok else self.wrong(where, value, kind)
        if kind == "blob":
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError, TypeError):
                return self.wrong(where, value, "base64 blob")
        if kind == "timestamp":
            form = shape.serialization.get("timestampFormat", self.time_form)
            if form == "unixTimestamp" or form == "unixtimestamp":
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    return scalars.from_epoch(value)
            elif isinstance(value, str):
                return scalars.scalar(shape, value, where, self.report, form)
            return self.wrong(where, value, f"timestamp ({form})")
        return value
