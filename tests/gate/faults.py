"""Random faults, deterministic by seed, and scripted rules.

A decision depends on the seed, the operation, the bytes of the request and
on how often the same bytes came before; never on the clock or on the order
of threads. So a run with one seed meets the same faults again.
"""
from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field, fields

from . import errors
from .http1 import Response

ACTIONS = ("throttle", "internal", "unavailable", "html", "reset_before", "reset_after", "truncate",
           "hang", "close", "error", "respond", "latency", "expire_credentials", "pass", "kill_before", "kill_after")


@dataclass
class Settings:
    """Probabilities are per request, 0..1. Times are in milliseconds."""
    seed: int = 0
    throttle: float = 0.0
    internal: float = 0.0                    # 500 in AWS's shape
    unavailable: float = 0.0                 # 503 in AWS's shape
    html: float = 0.0                        # 502 with an HTML page
    reset_before: float = 0.0                # connection reset, request not forwarded
    reset_after: float = 0.0                 # forwarded, answer lost by a reset
    truncate: float = 0.0                    # forwarded, half of the answer, then closed
    hang: float = 0.0                        # no answer until hang_ms, then closed
    close: float = 0.0                       # connection closed after a complete answer, unannounced
    hang_ms: int = 2000
    latency_ms: int = 0                      # added to every answer
    latency_jitter_ms: int = 0
    bucket_rate: float = 0.0                 # token bucket per service: requests a second, 0 = off
    bucket_burst: int = 20
    invisible_ms: int = 0                    # new objects are not found for so long
    stale_ms: int = 0                        # reads may return what was true so long ago
    stale: float = 1.0                       # ... with this probability
    pending_ms: int = 0                      # states stay pending for so long
    iam_propagation_ms: int = 0              # a new role cannot be used for so long
    failing_images: list = field(default_factory=list)  # ECS tasks whose image contains one of these fail
    only: list = field(default_factory=list)  # operations the random faults apply to; empty = all
    max_repeat: int = 4                      # the same bytes fail at most so often in a row

    def update(self, values: dict) -> None:
        known = {f.name for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown fault setting {name!r}")
            setattr(self, name, value)


@dataclass
class Rule:
    """One scripted rule; see README.md, 'Rules'."""
    op: str = "*"                            # 'ec2:CreateVpc', 'CreateVpc', 'ec2:*' or '*'
    action: str = "error"
    nth: int = 0                             # fires at the n-th match only; 0 = from `after` on
    after: int = 0                           # matches to let pass first
    times: int = 0                           # fires so often; 0 = for ever
    match: dict = field(default_factory=dict)  # dotted parameter path -> value
    code: str = ""
    message: str = "injected by the gate"
    status: int = 400
    headers: dict = field(default_factory=dict)
    body: str = ""
    ms: int = 0
    seen: int = 0
    fired: int = 0

    def applies(self, service: str, operation: str, params: dict) -> bool:
        full = f"{service}:{operation}"
        if self.op not in ("*", operation, full, f"{service}:*"):
            return False
        return all(_dig(params, path) == value for path, value in self.match.items())

    def fires(self) -> bool:
        """Counts a match; true when the rule acts on it."""
        self.seen += 1
        due = self.seen == self.nth if self.nth else self.seen > self.after
        if not due or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True


def _dig(value, path: str):
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


@dataclass
class Verdict:
    """What is to happen to a request. action '' = nothing special."""
    action: str = ""
    response: Response | None = None
    delay_s: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.settings = Settings()
        self.rules: list[Rule] = []
        self._seen: dict[bytes, int] = {}
        self._row: dict[bytes, int] = {}
        self._buckets: dict[str, tuple[float, float]] = {}
        self.injected: dict[str, int] = {}

    def clear(self) -> None:
        with self._lock:
            self.settings = Settings()
            self.rules.clear()
            self._seen.clear()
            self._row.clear()
            self._buckets.clear()
            self.injected.clear()

    def configure(self, **values) -> None:
        with self._lock:
            self.settings.update(values)

    def add_rule(self, **values) -> Rule:
        rule = Rule(**values)
        if rule.action not in ACTIONS:
            raise ValueError(f"unknown action {rule.action!r}")
        if rule.action == "error" and not rule.code:
            raise ValueError("a rule of action error needs a code")
        with self._lock:
            self.rules.append(rule)
        return rule

    def decide(self, call, body: bytes, target: str) -> Verdict:
        """The fault that this request meets, counted in .injected."""
        with self._lock:
            verdict = self._scripted(call) or self._bucket(call) or self._random(call, body, target)
            if verdict.action:
                self.injected[verdict.action] = self.injected.get(verdict.action, 0) + 1
        return verdict

    def _scripted(self, call) -> Verdict | None:
        for rule in self.rules:
            if not rule.applies(call.service, call.operation, call.params) or not rule.fires():
                continue
            if rule.action == "error":
                return Verdict("error", errors.error(call.service, call.protocol, rule.code, rule.message, rule.status))
            if rule.action == "respond":
                return Verdict("respond", Response(rule.status, list(rule.headers.items()), rule.body.encode()))
            if rule.action == "latency":
                return Verdict("latency", delay_s=rule.ms / 1000)
            return self._make(rule.action, call, rule.ms)
        return None

    def _make(self, action: str, call, ms: int = 0) -> Verdict:
        if action == "throttle":
            return Verdict(action, errors.throttle(call.service, call.protocol))
        if action == "internal":
            return Verdict(action, errors.internal(call.service, call.protocol))
        if action == "unavailable":
            return Verdict(action, errors.unavailable(call.service, call.protocol))
        if action == "html":
            return Verdict(action, errors.html())
        if action == "hang":
            return Verdict(action, delay_s=(ms or self.settings.hang_ms) / 1000)
        return Verdict(action)

    def _bucket(self, call) -> Verdict | None:
        rate = self.settings.bucket_rate
        if rate <= 0:
            return None
        now = time.monotonic()
        level, when = self._buckets.get(call.service, (float(self.settings.bucket_burst), now))
        level = min(float(self.settings.bucket_burst), level + (now - when) * rate)
        if level < 1.0:
            self._buckets[call.service] = (level, now)
            return self._make("throttle", call)
        self._buckets[call.service] = (level - 1.0, now)
        return None

    def _random(self, call, body: bytes, target: str) -> Verdict:
        cfg = self.settings
        ident = hashlib.sha256(f"{call.name}|{call.region}|{target}|".encode() + body).digest()
        count = self._seen.get(ident, 0)
        self._seen[ident] = count + 1
        digest = hashlib.sha256(f"{cfg.seed}|{count}|".encode() + ident).digest()
        point = int.from_bytes(digest[:8], "big") / 2 ** 64
        delay = cfg.latency_ms / 1000
        if cfg.latency_jitter_ms:
            delay += int.from_bytes(digest[8:12], "big") / 2 ** 32 * cfg.latency_jitter_ms / 1000
        allowed = not cfg.only or call.operation in cfg.only or call.name in cfg.only
        if allowed and self._row.get(ident, 0) < cfg.max_repeat:
            for action in ("throttle", "internal", "unavailable", "html", "reset_before", "reset_after",
                           "truncate", "hang", "close"):
                share = getattr(cfg, action)
                if point < share:
                    self._row[ident] = self._row.get(ident, 0) + 1
                    verdict = self._make(action, call)
                    verdict.delay_s = verdict.delay_s or delay
                    return verdict
                point -= share
        self._row[ident] = 0
        return Verdict("", None, delay)
