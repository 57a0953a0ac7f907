"""What a shim is, and the machinery that runs the table of shims."""
from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from .. import errors
from ..http1 import Request, Response
from . import xmledit


@dataclass(frozen=True)
class Shim:
    """One fault of the emulator and its mending.

    before(ctx) may return an answer (the emulator is not asked) or change
    ctx.request; after(ctx, response) may return another answer.
    """
    name: str
    operations: tuple[str, ...]              # 'ec2:CreateRoute'
    moto: str                                # what moto 5.2.1 does
    aws: str                                 # what AWS does
    source: str
    before: Callable | None = None
    after: Callable | None = None


@dataclass(frozen=True)
class Gap:
    """A fault of the emulator that the gate cannot mend; tests skip with this reason."""
    name: str
    operations: tuple[str, ...]
    reason: str


@dataclass
class Context:
    """One call as a shim sees it."""
    gate: object
    call: object                             # decode.Call
    request: Request
    notes: dict = field(default_factory=dict)  # from before to after

    @property
    def params(self) -> dict:
        return self.call.params

    @property
    def memory(self) -> dict:
        """State of the shims since reset, shared by all calls."""
        return self.gate.shims.memory

    def remember(self, table: str) -> dict:
        with self.gate.shims.lock:
            return self.memory.setdefault(table, {})

    def error(self, code: str, message: str, status: int = 400, **extra) -> Response:
        return errors.error(self.call.service, self.call.protocol, code, message, status, extra)

    def client(self):
        """A client of the call's service, region and account that talks to the emulator itself."""
        return self.gate.shims.client(self.call.service, self.call.region, self.call.access_key)

    def ask(self, operation: str, /, **params):
        """Calls the emulator; None when it answers an error."""
        try:
            return getattr(self.client(), operation)(**params)
        except ClientError:
            return None

    def edit_xml(self, response: Response, change: Callable) -> Response:
        root, namespace = xmledit.parse(response.body)
        change(root)
        response.body = xmledit.serialize(root, namespace)
        return response

    def edit_json(self, response: Response, change: Callable) -> Response:
        value = json.loads(response.body or b"{}")
        change(value)
        response.body = json.dumps(value).encode()
        return response


def form_without(request: Request, prefix: str) -> Request:
    """The request with the form parameters that begin with prefix taken out."""
    body = "&".join(p for p in request.body.decode().split("&") if not re.match(re.escape(prefix) + r"(\.|=)", p))
    return Request(request.method, request.target, request.headers, body.encode(), request.version)


class Shims:
    """Runs the table around the emulator, counts what was used."""

    def __init__(self, gate, table: tuple[Shim, ...] = ()):
        from . import TABLE
        self.gate = gate
        self.lock = threading.RLock()
        self.memory: dict = {}
        self.by_operation: dict[str, list[Shim]] = {}
        for shim in table or TABLE:
            for operation in shim.operations:
                self.by_operation.setdefault(operation, []).append(shim)
        self._clients: dict = {}

    def clear(self) -> None:
        with self.lock:
            self.memory.clear()

    def client(self, service: str, region: str, access_key: str):
        with self.lock:
            if (service, region, access_key) not in self._clients:
                host, port = self.gate.upstream
                self._clients[service, region, access_key] = boto3.session.Session().client(
                    service, region_name=region, endpoint_url=f"http://{host}:{port}",
                    aws_access_key_id=access_key or "AKIDEMULATOR", aws_secret_access_key="emulator",
                    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False,
                                  s3={"addressing_style": "path"}))
            return self._clients[service, region, access_key]

    def run(self, call, request: Request, forward: Callable[[Request], Response]) -> Response:
        chain = self.by_operation.get(call.name)
        if not chain:
            return forward(request)
        ctx = Context(self.gate, call, request)
        for shim in chain:
            if shim.before:
                answer = shim.before(ctx)
                if answer is not None:
                    self._used(shim)
                    return answer
        response = forward(ctx.request)
        for shim in chain:
            if shim.after and response.status < 400:
                changed = shim.after(ctx, response)
                if changed is not None:
                    self._used(shim)
                    response = changed
        return response

    def _used(self, shim: Shim) -> None:
        with self.gate.stats.lock:
            self.gate.stats.shims[shim.name] += 1
