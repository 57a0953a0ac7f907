"""Eventual consistency: what AWS does and an immediate emulator does not."""
from __future__ import annotations

import hashlib
import json
import threading
import time

from .http1 import Response
from .shims import xmledit


def error_code(response: Response) -> str:
    """The error code of an answer, '' when it is none or has none."""
    if response.status < 400 or not response.body:
        return ""
    kind = response.header("x-amzn-errortype")
    if kind:
        return kind.split(":")[0]
    if response.body[:1] == b"{":
        try:
            return str(json.loads(response.body).get("__type", "")).split("#")[-1]
        except ValueError:
            return ""
    return xmledit.first_text(response.body, "Code") or ""


class Eventual:
    def __init__(self, gate):
        self.gate = gate
        self._lock = threading.Lock()
        self._reads: dict[bytes, tuple[float, Response]] = {}
        self._writes: dict[str, list[float]] = {}

    def clear(self) -> None:
        with self._lock:
            self._reads.clear()
            self._writes.clear()

    def before(self, call) -> Response | None:
        """An answer that the emulator need not give, or None."""
        if not call.mutating and self.gate.faults.settings.stale_ms:
            return self._stale(call)
        return None

    def after(self, call, response: Response) -> Response:
        settings = self.gate.faults.settings
        if settings.stale_ms and response.status < 300:
            now = time.monotonic()
            with self._lock:
                if call.mutating:
                    self._writes.setdefault(call.service, []).append(now)
                else:
                    kept = Response(response.status, list(response.headers), response.body)
                    self._reads[self._ident(call)] = (now, kept)
        return response

    @staticmethod
    def _ident(call) -> bytes:
        text = json.dumps([call.name, call.region, call.params], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).digest()

    def _stale(self, call) -> Response | None:
        """What this read answered before, if that was still true stale_ms ago."""
        settings = self.gate.faults.settings
        now = time.monotonic()
        ident = self._ident(call)
        with self._lock:
            when, kept = self._reads.get(ident, (0.0, None))
            first = next((w for w in self._writes.get(call.service, ()) if w > when), None)
        if kept is None or first is None or now - first > settings.stale_ms / 1000:
            return None
        point = hashlib.sha256(f"{settings.seed}|stale|{first}".encode() + ident).digest()[0] / 256
        return Response(kept.status, list(kept.headers), kept.body) if point < settings.stale else None
