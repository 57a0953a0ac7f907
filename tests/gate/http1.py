"""HTTP/1.1 on sockets: read requests, write responses, call the emulator.

Only what the gate needs, and byte exact where the standard library is not:
the request target and the header values reach the checks as they were sent.
"""
from __future__ import annotations

import socket
from dataclasses import dataclass, field

MAX_LINE = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
REASONS = {
    100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified",
    307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 411: "Length Required",
    412: "Precondition Failed", 413: "Content Too Large", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}


class BadHttp(Exception):
    """The bytes are not a request that the gate accepts; str() says why."""


@dataclass
class Request:
    method: str
    target: str                              # path and query as on the wire
    headers: list[tuple[str, str]]           # names lower-case, values as sent
    body: bytes = b""
    version: str = "HTTP/1.1"
    peer: tuple[str, int] = ("", 0)
    conn_seq: int = 0                        # 1 for the first request of a connection

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]

    @property
    def query(self) -> str:
        return self.target.split("?", 1)[1] if "?" in self.target else ""

    def header(self, name: str) -> str | None:
        """The header's value, repeated headers joined by a comma, or None."""
        found = [v for n, v in self.headers if n == name]
        return ",".join(v.strip() for v in found) if found else None

    def keep_alive(self) -> bool:
        conn = (self.header("connection") or "").lower()
        return "keep-alive" in conn if self.version == "HTTP/1.0" else "close" not in conn


@dataclass
class Response:
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        name = name.lower()
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def set_header(self, name: str, value: str) -> None:
        low = name.lower()
        self.headers = [(k, v) for k, v in self.headers if k.lower() != low]
        self.headers.append((name, value))


def _line(stream) -> bytes:
    line = stream.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise BadHttp("line longer than 64 KiB")
    return line


def _headers(stream) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    while True:
        line = _line(stream)
        if line in (b"\r\n", b"\n"):
            return out
        if not line:
            raise EOFError
        if line[:1] in b" \t":
            raise BadHttp("folded header line")
        name, colon, value = line.rstrip(b"\r\n").partition(b":")
        if not colon or not name or name != name.strip():
            raise BadHttp(f"malformed header line {line!r}")
        out.append((name.decode("latin-1").lower(), value.decode("latin-1")))


def _exactly(stream, size: int) -> bytes:
    if size > MAX_BODY:
        raise BadHttp("body larger than 64 MiB")
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _chunked(stream) -> bytes:
    parts, total = [], 0
    while True:
        text = _line(stream).split(b";", 1)[0].strip()
        try:
            size = int(text, 16)
        except ValueError:
            raise BadHttp(f"bad chunk size {text!r}") from None
        if size == 0:
            break
        total += size
        if total > MAX_BODY:
            raise BadHttp("body larger than 64 MiB")
        parts.append(_exactly(stream, size))
        if _line(stream).strip():
            raise BadHttp("chunk not ended by CRLF")
    _headers(stream)                         # trailers
    return b"".join(parts)


def read_request(stream, sock: socket.socket) -> Request | None:
    """Reads one request; None when the peer closed between two requests."""
    line = _line(stream)
    while line in (b"\r\n", b"\n"):
        line = _line(stream)
    if not line:
        return None
    parts = line.rstrip(b"\r\n").decode("latin-1").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadHttp(f"malformed request line {line!r}")
    req = Request(parts[0], parts[1], _headers(stream), version=parts[2])
    if "100-continue" in (req.header("expect") or "").lower():
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    coding = (req.header("transfer-encoding") or "").lower()
    length = req.header("content-length")
    if coding:
        if coding != "chunked" or length is not None:
            raise BadHttp("transfer-encoding other than chunked, or with content-length")
        req.body = _chunked(stream)
    elif length is not None:
        if not length.isdigit():
            raise BadHttp(f"bad content-length {length!r}")
        req.body = _exactly(stream, int(length))
    return req


def encode_response(resp: Response, *, head: bool, close: bool) -> bytes:
    """The bytes of resp. head: answer to HEAD, so length only and no body."""
    skip = {"connection", "transfer-encoding", "keep-alive"}
    if not head or resp.header("content-length") is None:
        skip.add("content-length")
    lines = [f"HTTP/1.1 {resp.status} {REASONS.get(resp.status, 'Unknown')}"]
    lines += [f"{k}: {v}" for k, v in resp.headers if k.lower() not in skip]
    if "content-length" in skip and resp.status not in (204, 304):
        lines.append(f"Content-Length: {len(resp.body)}")
    if close:
        lines.append("Connection: close")
    data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return data if head else data + resp.body


def send_upstream(addr: tuple[str, int], req: Request, timeout_s: float = 60.0) -> Response:
    """Sends req to the emulator on a new connection (it closes every one)."""
    skip = {"connection", "expect", "transfer-encoding", "content-length", "keep-alive"}
    lines = [f"{req.method} {req.target} HTTP/1.1"]
    lines += [f"{k}:{v if v[:1] == ' ' else ' ' + v}" for k, v in req.headers if k not in skip]
    lines += [f"content-length: {len(req.body)}", "connection: close"]
    data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + req.body
    with socket.create_connection(addr, timeout=timeout_s) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(data)
        with sock.makefile("rb", 65536) as stream:
            return _read_response(stream, req.method == "HEAD")


def _read_response(stream, head: bool) -> Response:
    while True:
        status_line = _line(stream).split(b" ", 2)
        if len(status_line) < 2:
            raise EOFError
        status = int(status_line[1])
        headers = _headers(stream)
        if status >= 200:
            break
    resp = Response(status, [(k, v.strip()) for k, v in headers])
    if head or status in (204, 304):
        return resp
    if "chunked" in (resp.header("transfer-encoding") or ""):
        resp.body = _chunked(stream)
    elif resp.header("content-length") is not None:
        resp.body = _exactly(stream, int(resp.header("content-length") or "0"))
    else:
        resp.body = stream.read()
    return resp
