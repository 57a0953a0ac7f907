"""The control endpoint, /_gate/...: JSON over HTTP for tools outside of Python.

Tests in Python use the Gate object itself; see README.md for the routes.
"""
from __future__ import annotations

import json
from dataclasses import asdict

from .http1 import Request, Response


def _log(gate, _):
    with gate.stats.lock:
        return [asdict(e) for e in gate.stats.log]


def _faults(gate, body):
    gate.faults.configure(**body)
    return asdict(gate.faults.settings)


def _rules(gate, body):
    for rule in body if isinstance(body, list) else [body]:
        gate.faults.add_rule(**rule)
    return [asdict(r) for r in gate.faults.rules]


def _crash(gate, body):
    if "number" in body:
        gate.crash.arm(body["number"], body.get("when", "before"), body.get("mutating_only", False), body.get("pid", 0))
    elif "pid" in body:
        gate.crash.register(body["pid"])
    return {"number": gate.crash.number, "seen": gate.crash.seen, "fired": gate.crash.fired,
            "fired_on": gate.crash.fired_on}


def _credentials(gate, body):
    """Adds or changes credentials: access_key, secret, token, expired."""
    from .sigv4 import Credential
    key = body["access_key"]
    known = gate.credentials.get(key)
    if known is None:
        gate.credentials[key] = Credential(key, body["secret"], body.get("token"), body.get("expired", False))
    else:
        for name in ("secret", "token", "expired"):
            if name in body:
                setattr(known, name, body[name])
    return {"known": sorted(gate.credentials)}


def _clock(gate, body):
    gate.clock_offset_s = float(body.get("offset_s", 0))
    return {"offset_s": gate.clock_offset_s}


def _reset(gate, body):
    gate.reset(emulator=body.get("emulator", True))
    return {}


def _shims(gate, _):
    from . import shims
    return {"shims": [{"name": s.name, "operations": s.operations, "moto": s.moto, "aws": s.aws, "source": s.source}
                      for s in shims.TABLE],
            "gaps": [asdict(g) for g in shims.GAPS]}


ROUTES = {
    ("GET", "stats"): lambda gate, _: gate.stats.as_dict(),
    ("GET", "log"): _log,
    ("GET", "violations"): lambda gate, _: [asdict(v) for v in gate.stats.violations],
    ("POST", "violations/take"): lambda gate, _: [asdict(v) for v in gate.stats.take_violations()],
    ("GET", "shims"): _shims,
    ("POST", "reset"): _reset,
    ("POST", "faults"): _faults,
    ("POST", "rules"): _rules,
    ("POST", "rules/clear"): lambda gate, _: gate.faults.rules.clear(),
    ("POST", "crash"): _crash,
    ("POST", "credentials"): _credentials,
    ("POST", "clock"): _clock,
}


def handle(gate, req: Request) -> Response:
    action = ROUTES.get((req.method, req.path.removeprefix("/_gate/").rstrip("/")))
    if action is None:
        return _answer(404, {"error": f"no route {req.method} {req.path}",
                             "routes": sorted(f"{m} /_gate/{p}" for m, p in ROUTES)})
    try:
        return _answer(200, action(gate, json.loads(req.body or b"{}")))
    except (ValueError, TypeError, KeyError) as err:
        return _answer(400, {"error": repr(err)})


def _answer(status: int, value) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(value, default=str).encode() + b"\n")
