"""Constraints of a service model on decoded parameters."""
from __future__ import annotations

import functools
import re

from .report import Report

_CLASSES = {"L": r"^\W\d_", "N": r"\d", "Z": r"\s", "P": r"!-/:-@\[-`{-~", "M": "", "S": r"$+<=>^`|~",
            "Alpha": "a-zA-Z", "Alnum": "a-zA-Z0-9", "Digit": "0-9", "Graph": "!-~", "Print": " -~",
            "Punct": r"!-/:-@\[-`{-~", "Space": r"\s", "ASCII": r"\x00-\x7f"}
MAX_DEPTH = 64


def _classes(source: str) -> str:
    """\\p{Name} as Python's re knows it: bare within a bracket, in brackets of its own outside."""
    out, inside, at = [], False, 0
    for m in re.finditer(r"\\p\{(\w+)\}|\\.|[\[\]]", source, re.DOTALL):
        out.append(source[at:m.start()])
        at = m.end()
        if m[1]:
            known = _CLASSES.get(m[1], r"\w")
            out.append(known if inside else f"[{known}]" if known else "")
            continue
        out.append(m[0])
        if m[0] in "[]":
            inside = m[0] == "["
    return "".join(out) + source[at:]


@functools.lru_cache(maxsize=4096)
def pattern(text: str) -> re.Pattern | None:
    """The pattern compiled, or None where Python's re cannot say it (then it does not constrain)."""
    source = text.replace(r"\A", "^").replace(r"\Z", "$").replace(r"\z", "$")
    # Letters cannot be written as a class within a class: any word character will do.
    source = re.sub(r"\\p\{L\}|\\p\{IsAlphabetic\}", r"\\w", source)
    source = re.sub(r"\\p\{Lu\}", "A-Z" if "[" in source else "[A-Z]", source)
    source = _classes(source)
    source = re.sub(r"\\P\{M\}\\p\{M\}\*", r".", source)
    try:
        return re.compile(source, re.DOTALL if text in (".*", ".+") else 0)
    except re.error:
        return None


def check(shape, value, where: str, report: Report, depth: int = 0) -> None:
    """Required members, enums, patterns, lengths and ranges, recursively."""
    if value is None or depth > MAX_DEPTH or getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if kind == "structure":
        _structure(shape, value, where, report, depth)
    elif kind == "list":
        _limits(shape, len(value), where, "elements", report)
        for i, item in enumerate(value):
            check(shape.member, item, f"{where}[{i}]", report, depth + 1)
    elif kind == "map":
        _limits(shape, len(value), where, "entries", report)
        for key, item in value.items():
            check(shape.key, key, f"{where}.{key}", report, depth + 1)
            check(shape.value, item, f"{where}.{key}", report, depth + 1)
    elif kind in ("string", "char", "character"):
        _string(shape, value, where, report)
    elif kind == "blob":
        _limits(shape, len(value), where, "bytes", report)
    elif kind not in ("boolean", "timestamp"):
        _limits(shape, value, where, "", report)


def _structure(shape, value: dict, where: str, report: Report, depth: int) -> None:
    for name in shape.required_members:
        if name not in value:
            report.add("missing-required", f"{where}.{name}" if where else name, f"{shape.name} requires it")
    members = shape.members
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        report.add("kind", where, f"{shape.name} takes exactly one member, not {len(value)}")
    for name, item in value.items():
        check(members[name], item, f"{where}.{name}" if where else name, report, depth + 1)


def _string(shape, value: str, where: str, report: Report) -> None:
    meta = shape.metadata
    if meta.get("enum") and value not in meta["enum"]:
        report.add("enum", where, f"{value[:60]!r} is not one of {', '.join(meta['enum'][:12])}")
    _limits(shape, len(value), where, "characters", report)
    if "pattern" in meta:
        compiled = pattern(meta["pattern"])
        if compiled and not compiled.fullmatch(value):
            report.add("pattern", where, f"{value[:60]!r} does not match {meta['pattern'][:120]}")


def _limits(shape, size, where: str, unit: str, report: Report) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low or high is not None and size > high:
        report.add("range", where, f"{size} {unit} is not within {low}..{high}".replace("  ", " "))
