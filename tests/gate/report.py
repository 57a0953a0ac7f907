"""What a check found wrong with a request."""
from __future__ import annotations

from dataclasses import dataclass

# Every reason for which the gate refuses a request. Tests name them.
KINDS = frozenset((
    "http", "signature", "service", "operation", "method", "uri", "content-type", "version", "target",
    "unknown-member", "missing-required", "kind", "enum", "pattern", "range", "list-index", "duplicate",
    "encoding", "xml-root", "xml-namespace", "xml-syntax", "json-syntax", "idempotency-token",
    "duplicate-create", "checksum", "header", "body",
))


@dataclass(frozen=True)
class Problem:
    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.where}: {self.what}"


class Report:
    """Collects problems of one request."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, kind: str, where: str, what: str) -> None:
        assert kind in KINDS, kind
        self.problems.append(Problem(kind, where, what))

    def __bool__(self) -> bool:
        return bool(self.problems)
