"""Counters, the log of mutating calls, violations."""
from __future__ import annotations

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field


@dataclass
class Violation:
    operation: str
    kind: str
    where: str
    what: str
    number: int = 0

    def __str__(self) -> str:
        return f"request {self.number} {self.operation}: {self.kind} at {self.where}: {self.what}"


@dataclass
class LogEntry:
    """One mutating call, in the order in which requests came in."""
    number: int
    service: str
    operation: str
    region: str
    params: dict
    status: int = 0                          # 0 = not answered (yet)
    code: str = ""                           # error code of the answer
    fault: str = ""                          # the injected fault, if one was
    took_effect: bool = False                # the emulator carried it out

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass
class Stats:
    lock: threading.Lock = field(default_factory=threading.Lock)
    total: int = 0                           # requests since the start, never reset
    total_violations: int = 0                # likewise
    number: int = 0                          # requests since reset
    connections: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    reads: Counter = field(default_factory=Counter)
    writes: Counter = field(default_factory=Counter)
    log: list[LogEntry] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    emulator_failures: list[str] = field(default_factory=list)
    shims: Counter = field(default_factory=Counter)
    regions: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Forgets all but totals and violations: those must be taken to be forgotten."""
        with self.lock:
            self.number = self.connections = self.max_in_flight = 0
            self.reads.clear()
            self.writes.clear()
            self.log.clear()
            self.shims.clear()

    def enter(self) -> int:
        with self.lock:
            self.total += 1
            self.number += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            return self.number

    def leave(self) -> None:
        with self.lock:
            self.in_flight -= 1

    def violate(self, violation: Violation) -> None:
        with self.lock:
            self.total_violations += 1
            self.violations.append(violation)

    def take_violations(self) -> list[Violation]:
        """Returns and forgets the violations: for tests that expect some."""
        with self.lock:
            taken, self.violations = self.violations, []
            self.total_violations -= len(taken)
            return taken

    def as_dict(self) -> dict:
        with self.lock:
            return {
                "total": self.total, "number": self.number, "connections": self.connections,
                "in_flight": self.in_flight, "max_in_flight": self.max_in_flight,
                "reads": dict(self.reads), "writes": dict(self.writes),
                "violations": [asdict(v) for v in self.violations],
                "emulator_failures": list(self.emulator_failures), "shims": dict(self.shims),
            }
