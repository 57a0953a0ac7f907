"""Edits XML answers and keeps their form: default namespace, no invented prefixes."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import unescape

_XMLNS = re.compile(rb'\sxmlns="([^"]*)"')
ET.register_namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")


def parse(body: bytes) -> tuple[ET.Element, bytes]:
    """The tree without its default namespace, and that namespace."""
    match = _XMLNS.search(body)
    return ET.fromstring(_XMLNS.sub(b"", body)), match[1] if match else b""


def serialize(root: ET.Element, namespace: bytes) -> bytes:
    if namespace:
        root.set("xmlns", namespace.decode())
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8")


def first_text(body: bytes, tag: str) -> str | None:
    """Text of the first element called tag; for identifiers in answers."""
    match = re.search(rb"<%s>([^<]*)</%s>" % (tag.encode(), tag.encode()), body)
    return unescape(match[1].decode(), {"&quot;": '"', "&apos;": "'"}) if match else None


def put(parent: ET.Element, tag: str, text: str) -> ET.Element:
    """Sets the text of the child called tag, which is made if need be."""
    child = parent.find(tag)
    if child is None:
        child = ET.SubElement(parent, tag)
    child.text = text
    return child


def parents(root: ET.Element) -> dict[ET.Element, ET.Element]:
    return {child: parent for parent in root.iter() for child in parent}
