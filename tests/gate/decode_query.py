"""Decodes EC2-query and AWS-query requests.

Names on the wire follow botocore's EC2Serializer and QuerySerializer
(botocore/serialize.py); the walk here goes the other way and calls
everything that it cannot place a problem.
"""
from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from . import scalars
from .report import Report

_INDEX = re.compile(r"[1-9]\d{0,5}\Z")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RAW = re.compile(r"[^A-Za-z0-9\-_.~%+*!'()]")     # what a form body may hold unescaped
MAX_DEPTH = 64
VALUE = ""                                   # key of a trie node's own text; no member is named so


def parse_form(body: str, report: Report) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for item in body.split("&") if body else []:
        name, equals, value = item.partition("=")
        if not equals:
            report.add("encoding", name[:60], "parameter without '='")
        decoded = []
        for text in (name, value):
            if _ESCAPE.search(text) or _RAW.search(text):
                report.add("encoding", name[:60], "not percent-encoded as a form requires")
            try:
                decoded.append(unquote_to_bytes(text.replace("+", " ")).decode("utf-8"))
            except UnicodeDecodeError:
                report.add("encoding", name[:60], "not UTF-8")
                decoded.append("")
        if decoded[0] in seen:
            report.add("duplicate", decoded[0], "parameter sent twice")
        seen.add(decoded[0])
        pairs.append((decoded[0], decoded[1]))
    return pairs


def build_trie(pairs: list[tuple[str, str]], report: Report) -> dict:
    root: dict = {}
    for name, value in pairs:
        parts = name.split(".")
        if not all(parts) or len(parts) > MAX_DEPTH:
            report.add("unknown-member", name[:80], "malformed parameter name")
            continue
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[VALUE] = value
    return root


class QueryDecoder:
    """protocol: 'ec2' or 'query'."""

    def __init__(self, protocol: str, report: Report):
        self.ec2 = protocol == "ec2"
        self.report = report

    def name(self, shape, default: str) -> str:
        ser = shape.serialization
        if self.ec2:
            if "queryName" in ser:
                return ser["queryName"]
            if "name" in ser:
                return ser["name"][0].upper() + ser["name"][1:]
            return default
        return ser.get("name", default)

    def decode(self, shape, node: dict, where: str):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, node, where)
        if kind == "list":
            return self.list(shape, node, where)
        if kind == "map":
            return self.map(shape, node, where)
        for extra in node:
            if extra != VALUE:
                self.report.add("unknown-member", f"{where}.{extra}", f"{where} is a {kind}, it has no members")
        if VALUE not in node:
            return None
        return scalars.scalar(shape, node[VALUE], where, self.report)

    def structure(self, shape, node: dict, where: str) -> dict:
        if VALUE in node:
            self.report.add("kind", where, "text where a structure is expected")
        out: dict = {}
        rest = {k for k in node if k != VALUE}
        for member, sub in shape.members.items():
            wire = self.name(sub, member)
            if not self.ec2 and sub.type_name == "list" and sub.serialization.get("flattened"):
                wire = sub.member.serialization.get("name") or wire
            if wire in rest:
                rest.discard(wire)
                value = self.decode(sub, node[wire], f"{where}.{wire}" if where else wire)
                if value is not None:
                    out[member] = value
        for extra in sorted(rest):
            path = f"{where}.{extra}" if where else extra
            self.report.add("unknown-member", path, f"{shape.name} has no such member")
        return out

    def list(self, shape, node: dict, where: str) -> list:
        flat = self.ec2 or shape.serialization.get("flattened")
        if VALUE in node:
            if node[VALUE] == "" and not self.ec2 and len(node) == 1:
                return []                    # botocore writes an empty list so
            self.report.add("kind", where, "text where a list is expected")
        if not flat:
            wire = shape.member.serialization.get("name", "member")
            for extra in node:
                if extra not in (wire, VALUE):
                    self.report.add("list-index", f"{where}.{extra}", f"list elements are {where}.{wire}.N")
            node = node.get(wire, {})
            where = f"{where}.{wire}"
        return [self.decode(shape.member, sub, path) for sub, path in self.elements(node, where)]

    def elements(self, node: dict, where: str):
        indexes = []
        for key in node:
            if key == VALUE:
                continue
            if not _INDEX.match(key):
                self.report.add("list-index", f"{where}.{key}", "list elements are numbered from 1")
            else:
                indexes.append(int(key))
        indexes.sort()
        if indexes and indexes != list(range(1, len(indexes) + 1)):
            self.report.add("list-index", where, f"indexes {indexes[:8]} are not 1..{len(indexes)}")
        return [(node[str(i)], f"{where}.{i}") for i in indexes]

    def map(self, shape, node: dict, where: str) -> dict:
        if not shape.serialization.get("flattened"):
            for extra in node:
                if extra != "entry":
                    self.report.add("unknown-member", f"{where}.{extra}", "map entries are .entry.N")
            node, where = node.get("entry", {}), f"{where}.entry"
        key_name = self.name(shape.key, "key")
        value_name = self.name(shape.value, "value")
        out = {}
        for sub, path in self.elements(node, where):
            for extra in sub:
                if extra not in (key_name, value_name):
                    self.report.add("unknown-member", f"{path}.{extra}", "not a key or value of a map entry")
            if key_name not in sub or value_name not in sub:
                self.report.add("missing-required", path, "map entry without key or value")
                continue
            key = self.decode(shape.key, sub[key_name], f"{path}.{key_name}")
            if key in out:
                self.report.add("duplicate", path, f"map key {key!r} twice")
            out[key] = self.decode(shape.value, sub[value_name], f"{path}.{value_name}")
        return out
