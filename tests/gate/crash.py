"""Kills a process exactly before or after its N-th request."""
from __future__ import annotations

import os
import signal
import threading

PID_WAIT_S = 20.0


class CrashPoint:
    """arm() before the process starts, register() its pid after; fires once.

    The N-th request blocks until the pid is known, so that nothing is lost
    between start and registration.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid_known = threading.Event()
        self.pid = 0
        self.when = ""
        self.number = 0
        self.mutating_only = False
        self.seen = 0
        self.fired = False
        self.fired_on = ""

    def arm(self, number: int, when: str, mutating_only: bool = False, pid: int = 0) -> None:
        """when: 'before' (not forwarded) or 'after' (forwarded, answer not delivered)."""
        if when not in ("before", "after"):
            raise ValueError(f"unknown crash point {when!r}")
        with self._lock:
            self.number, self.when, self.mutating_only = number, when, mutating_only
            self.seen, self.fired, self.fired_on = 0, False, ""
            self._pid_known.clear()
            self.pid = pid
            if pid:
                self._pid_known.set()

    def register(self, pid: int) -> None:
        self.pid = pid
        self._pid_known.set()

    def disarm(self) -> None:
        with self._lock:
            self.number = 0

    def count(self, call) -> str:
        """Counts this request; 'before' or 'after' when it is the one, else ''."""
        with self._lock:
            if not self.number or self.fired or (self.mutating_only and not call.mutating):
                return ""
            self.seen += 1
            if self.seen != self.number:
                return ""
            self.fired = True
            self.fired_on = call.name
            return self.when

    def kill(self) -> None:
        if self._pid_known.wait(PID_WAIT_S) and self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
