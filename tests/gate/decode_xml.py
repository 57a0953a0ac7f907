"""Decodes REST-XML bodies, names and namespaces checked.

Names follow botocore's RestXMLSerializer.
"""
from __future__ import annotations

import xml.parsers.expat

from . import scalars
from .report import Report

MAX_DEPTH = 128


class Node:
    __slots__ = ("name", "attrs", "children", "text")

    def __init__(self, name: str, attrs: dict):
        self.name = name
        self.attrs = attrs
        self.children: list[Node] = []
        self.text = ""


def parse(body: bytes, report: Report) -> Node | None:
    """The root element, or None with a problem added. DTDs are refused."""
    stack: list[Node] = []
    roots: list[Node] = []

    def start(name, attrs):
        node = Node(name, attrs)
        if len(stack) >= MAX_DEPTH:
            raise ValueError("nested too deeply")
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)

    def text(data):
        if stack:
            stack[-1].text += data

    def refuse(*_):
        raise ValueError("a document type is not allowed")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (xml.parsers.expat.ExpatError, ValueError) as err:
        report.add("xml-syntax", "body", str(err))
        return None
    return roots[0]


class XmlDecoder:
    def __init__(self, report: Report):
        self.report = report

    def root(self, shape, node: Node, name: str, skip: frozenset = frozenset()):
        """Decodes the document node, whose root must be called name."""
        if node.name != name:
            self.report.add("xml-root", node.name, f"the root element must be {name}")
        want = shape.serialization.get("xmlNamespace")
        uri = want.get("uri") if isinstance(want, dict) else want
        if node.attrs.get("xmlns") != uri:
            self.report.add("xml-namespace", node.name, f"xmlns is {node.attrs.get('xmlns')!r}, not {uri!r}")
        return self.structure(shape, node, node.name, skip, is_root=True)

    def decode(self, shape, node: Node, where: str):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, node, where)
        if kind == "list":
            return self.list(shape, node, where)
        if kind == "map":
            return self.map(shape, [c for c in node.children], where)
        if node.children:
            self.report.add("kind", where, f"elements where a {kind} is expected")
            return None
        self.attributes(shape, node, where, set())
        return scalars.scalar(shape, node.text, where, self.report)

    def attributes(self, shape, node: Node, where: str, known: set) -> None:
        want = shape.serialization.get("xmlNamespace")
        prefix = want.get("prefix") if isinstance(want, dict) else None
        for attr in node.attrs:
            if attr not in known and attr != "xmlns" and not (prefix and attr == f"xmlns:{prefix}"):
                self.report.add("unknown-member", f"{where}/@{attr}", "unknown attribute")

    def structure(self, shape, node: Node, where: str, skip: frozenset = frozenset(), is_root: bool = False) -> dict:
        if node.text.strip():
            self.report.add("kind", where, f"text {node.text.strip()[:40]!r} where a structure is expected")
        out: dict = {}
        known: set = set()
        by_wire: dict = {}
        for member, sub in shape.members.items():
            if member in skip:
                continue
            wire = sub.serialization.get("name", member)
            if sub.serialization.get("xmlAttribute"):
                known.add(wire)
                if wire in node.attrs:
                    out[member] = node.attrs[wire]
                continue
            by_wire[wire] = (member, sub)
        if not is_root and "xmlns" in node.attrs and "xmlNamespace" not in shape.serialization:
            self.report.add("xml-namespace", where, "namespace declared on an inner element")
        self.attributes(shape, node, where, known)
        groups: dict[str, list[Node]] = {}
        for child in node.children:
            groups.setdefault(child.name, []).append(child)
        for wire, nodes in groups.items():
            path = f"{where}/{wire}"
            if wire not in by_wire:
                self.report.add("unknown-member", path, f"{shape.name} has no such element")
                continue
            member, sub = by_wire[wire]
            value = self.member(sub, nodes, path)
            if value is not None:
                out[member] = value
        return out

    def member(self, shape, nodes: list[Node], where: str):
        if shape.serialization.get("flattened"):
            if shape.type_name == "list":
                return [self.decode(shape.member, n, f"{where}[{i}]") for i, n in enumerate(nodes)]
            if shape.type_name == "map":
                return self.map(shape, nodes, where)
        if len(nodes) > 1:
            self.report.add("duplicate", where, "element sent twice")
        return self.decode(shape, nodes[0], where)

    def list(self, shape, node: Node, where: str) -> list:
        name = shape.member.serialization.get("name", "member")
        if node.text.strip():
            self.report.add("kind", where, "text where a list is expected")
        out = []
        for i, child in enumerate(node.children):
            if child.name != name:
                self.report.add("unknown-member", f"{where}/{child.name}", f"list elements are called {name}")
            else:
                out.append(self.decode(shape.member, child, f"{where}/{name}[{i}]"))
        return out

    def map(self, shape, entries: list[Node], where: str) -> dict:
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        out = {}
        for entry in entries:
            parts = {c.name: c for c in entry.children}
            if set(parts) != {key_name, value_name} or len(entry.children) != 2:
                self.report.add("unknown-member", where, "map entry is not one key and one value")
                continue
            key = self.decode(shape.key, parts[key_name], where)
            if key in out:
                self.report.add("duplicate", where, f"map key {key!r} twice")
            out[key] = self.decode(shape.value, parts[value_name], f"{where}/{key}")
        return out
