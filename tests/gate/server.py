"""The gate: accepts, checks, disturbs, forwards, mends, answers."""
from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import dataclass
from email.utils import formatdate

from . import control, crash, decode, duplicates, errors, eventual, faults, http1, models, shims, sigv4, stats
from .http1 import Request, Response
from .report import Report

DEFAULT_KEY, DEFAULT_SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
OBSERVER_KEY, OBSERVER_SECRET = "AKIDOBSERVER", "observer/secret/of/the/tests/EXAMPLEKEY"


@dataclass
class Delivery:
    """How an answer leaves: '' as it is, reset, truncate, drop, close."""
    response: Response | None
    mode: str = ""


class Gate:
    """One gate in front of one emulator. start() and stop() frame its life."""

    def __init__(self, upstream: tuple[str, int], port: int = 0):
        self.upstream = upstream
        self.credentials: dict[str, sigv4.Credential] = {}
        self.clock_offset_s = 0.0            # the server's clock minus ours: tests of skew
        self.stats = stats.Stats()
        self.faults = faults.Faults()
        self.crash = crash.CrashPoint()
        self.duplicates = duplicates.Duplicates()
        self.shims = shims.Shims(self)
        self.eventual = eventual.Eventual(self)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self.reset_credentials()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Gate":
        threading.Thread(target=self._accept, name="gate-accept", daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for sock in list(self._open):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def reset_credentials(self) -> None:
        self.credentials = {
            DEFAULT_KEY: sigv4.Credential(DEFAULT_KEY, DEFAULT_SECRET),
            OBSERVER_KEY: sigv4.Credential(OBSERVER_KEY, OBSERVER_SECRET, observer=True),
        }

    def reset(self, emulator: bool = True) -> None:
        """Back to the start: emulator, counters, faults, rules, memory of the shims.

        Violations stay: take_violations() is the only way to lose them.
        """
        self.crash.disarm()
        if emulator:
            for target in ("/moto-api/reset", "/moto-api/seed?a=1"):
                http1.send_upstream(self.upstream, Request("POST", target, [("host", "127.0.0.1")]))
        self.faults.clear()
        self.stats.reset()
        self.duplicates.clear()
        self.shims.clear()
        self.eventual.clear()
        self.clock_offset_s = 0.0
        self.reset_credentials()

    def quiesce(self, timeout_s: float = 10.0) -> bool:
        """Waits until no request is under way; false when some still is."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.stats.in_flight == 0:
                return True
            time.sleep(0.005)
        return False

    # -- connections ------------------------------------------------------

    def _accept(self) -> None:
        while not self._stopping:
            try:
                sock, peer = self._listener.accept()
            except OSError:
                return
            with self.stats.lock:
                self.stats.connections += 1
            threading.Thread(target=self._serve, args=(sock, peer), daemon=True).start()

    def _serve(self, sock: socket.socket, peer) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with sock.makefile("rb", 65536) as stream:
                self._connection(sock, stream, peer)
        except (OSError, EOFError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _connection(self, sock: socket.socket, stream, peer) -> None:
        sequence = 0
        while True:
            try:
                req = http1.read_request(stream, sock)
            except http1.BadHttp as err:
                self.stats.violate(stats.Violation("?", "http", "request", str(err)))
                sock.sendall(http1.encode_response(errors.html(400, "Bad Request"), head=False, close=True))
                return
            if req is None:
                return
            sequence += 1
            req.peer, req.conn_seq = peer, sequence
            if req.path.startswith("/_gate/"):
                delivery = Delivery(control.handle(self, req))
            else:
                delivery = self._guarded(req)
            if not self._deliver(sock, req, delivery):
                return

    def _deliver(self, sock: socket.socket, req: Request, delivery: Delivery) -> bool:
        """Writes the answer; false when the connection is over."""
        if delivery.mode == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if delivery.mode == "drop" or delivery.response is None:
            return False
        keep = req.keep_alive()
        answer = delivery.response
        answer.headers = [h for h in answer.headers if h[0].lower() != "date"] + [("Date", formatdate(self.now(), usegmt=True))]
        data = http1.encode_response(answer, head=req.method == "HEAD", close=not keep)
        if delivery.mode == "truncate":
            end = data.find(b"\r\n\r\n") + 4
            sock.sendall(data[:end + (len(data) - end) // 2])
            return False
        sock.sendall(data)
        return keep and delivery.mode != "close"

    # -- one request ------------------------------------------------------

    def _guarded(self, req: Request) -> Delivery:
        number = self.stats.enter()
        try:
            return self.handle(req, number)
        except Exception as err:             # a fault of the gate must fail the test run, not hang it
            self.stats.violate(stats.Violation(f"{req.method} {req.target[:80]}", "body", "gate",
                                               f"the gate itself failed: {err!r}", number))
            return Delivery(errors.html(500, "Gate failure"))
        finally:
            self.stats.leave()

    def now(self) -> float:
        return time.time() + self.clock_offset_s

    def handle(self, req: Request, number: int) -> Delivery:
        report = Report()
        signed = self._verify(req, number)
        if isinstance(signed, Response):
            return Delivery(signed)
        call = decode.decode(req, signed.scope.service, signed.scope.region, report)
        call.access_key = signed.scope.access_key
        if signed.credential.observer:
            if report:
                return self._refuse(call, report, number)
            return Delivery(self._forward(call, req, signed))
        again = self.duplicates.check(call.name, call.region, signed.scope.access_key, signed.scope.signature, req)
        if again:
            report.add("duplicate-create", call.operation, again)
        entry = self._count(call, number)
        point = self.crash.count(call)
        if point == "before":
            self.crash.kill()
            entry.fault = "kill_before"
            return Delivery(None, "drop")
        if report:
            delivery = self._refuse(call, report, number)
        else:
            delivery = self._disturbed(call, req, signed, entry)
        if delivery.response is not None:
            entry.status = delivery.response.status
            entry.code = eventual.error_code(delivery.response)
        if point == "after":
            self.crash.kill()
            entry.fault = "kill_after"
            return Delivery(None, "drop")
        return delivery

    def _verify(self, req: Request, number: int):
        try:
            return sigv4.verify(req, self.credentials, self.now())
        except sigv4.SigError as err:
            service, protocol = self._likely(req)
            unsigned = decode.unsigned_service(req) if err.code == "missing" else None
            if unsigned:
                return sigv4.Signed(sigv4.Scope("", "", "us-east-1", unsigned, (), ""), sigv4.Credential("", ""))
            if err.code != "expired" and not (err.code == "skew" and self.clock_offset_s):
                self.stats.violate(stats.Violation(f"{service} {req.method} {req.target[:80]}", "signature",
                                                   err.code, str(err), number))
            return errors.auth_error(err.code, service, protocol, str(err))

    def _likely(self, req: Request) -> tuple[str, str]:
        """Service and protocol of a request whose signature failed, for the error's shape."""
        try:
            model = models.service(sigv4.parse_authorization(req).service)
        except sigv4.SigError:
            model = None
        if model is not None and models.protocols(model):
            return model.service_name, decode.guess_protocol(req, models.protocols(model))
        if req.header("x-amz-target"):
            return "unknown", "json"
        if (req.header("content-type") or "").startswith(decode.FORM):
            return "unknown", "query"
        return "s3", "rest-xml"

    def _count(self, call, number: int) -> stats.LogEntry:
        entry = stats.LogEntry(number, call.service, call.operation, call.region, call.params)
        with self.stats.lock:
            self.stats.regions.add(call.region)
            if call.mutating:
                self.stats.writes[call.name] += 1
                self.stats.log.append(entry)
            else:
                self.stats.reads[call.name] += 1
        return entry

    def _refuse(self, call, report: Report, number: int) -> Delivery:
        for problem in report.problems:
            self.stats.violate(stats.Violation(call.name, problem.kind, problem.where, problem.what, number))
        text = "; ".join(str(p) for p in report.problems)[:2000]
        return Delivery(errors.error(call.service, call.protocol, "GateViolation", text, 400))

    def _disturbed(self, call, req: Request, signed, entry) -> Delivery:
        verdict = self.faults.decide(call, req.body, req.target)
        entry.fault = verdict.action
        if verdict.delay_s:
            time.sleep(verdict.delay_s)
        if verdict.action in ("reset_before", "hang"):
            self.duplicates.lost(signed.scope.signature)
            return Delivery(None, "reset" if verdict.action == "reset_before" else "drop")
        if verdict.action == "kill_before":
            self.crash.kill()
            return Delivery(None, "drop")
        if verdict.action == "expire_credentials":
            signed.credential.expired = True
            return Delivery(errors.auth_error("expired", call.service, call.protocol,
                                              "The security token included in the request is expired"))
        if verdict.response is not None:
            return Delivery(verdict.response)
        response = self.eventual.before(call)
        if response is None:
            response = self._forward(call, req, signed)
            entry.took_effect = response.status < 400
            if entry.took_effect:
                self.duplicates.reached(call.name, call.region, signed.scope.access_key, req, response.body)
                if call.operation.startswith(("Delete", "Deregister", "Terminate", "Release", "Schedule")):
                    self.duplicates.deleted(req)
            response = self.eventual.after(call, response)
        if verdict.action in ("reset_after", "truncate"):
            self.duplicates.lost(signed.scope.signature)
        modes = {"reset_after": "reset", "truncate": "truncate", "close": "close"}
        if verdict.action == "kill_after":
            self.crash.kill()
            return Delivery(None, "drop")
        return Delivery(response, modes.get(verdict.action, ""))

    def _forward(self, call, req: Request, signed) -> Response:
        response = self.shims.run(call, req, lambda r: self._emulator(call, r))
        if call.service == "sts":
            self._learn(call, response)
        return response

    def _emulator(self, call, req: Request) -> Response:
        try:
            response = http1.send_upstream(self.upstream, req)
        except (OSError, EOFError) as err:
            self._emulator_failed(call, repr(err))
            return errors.internal(call.service, call.protocol)
        if response.status >= 500 or (response.header("content-type") or "").startswith("text/html") \
                and response.body[:9].lower() in (b"<!doctype", b"<html>\r\n<") and call.operation != "GetObject":
            self._emulator_failed(call, f"{response.status} {response.body[:300]!r}")
            return errors.error(call.service, call.protocol, "EmulatorFailure",
                                f"the emulator cannot do {call.name}", 501)
        return response

    def _emulator_failed(self, call, what: str) -> None:
        with self.stats.lock:
            self.stats.emulator_failures.append(f"{call.name}: {what}")

    def _learn(self, call, response: Response) -> None:
        """Credentials that STS hands out are good at the gate too."""
        if response.status == 200 and call.operation in ("AssumeRole", "GetSessionToken", "AssumeRoleWithWebIdentity"):
            parts = {tag: shims.xmledit.first_text(response.body, tag)
                     for tag in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
            if all(parts.values()):
                key = parts["AccessKeyId"]
                self.credentials[key] = sigv4.Credential(key, parts["SecretAccessKey"], parts["SessionToken"])
