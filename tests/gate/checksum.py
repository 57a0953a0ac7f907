"""Payload checksums: Content-MD5 and x-amz-checksum-*."""
from __future__ import annotations

import base64
import functools
import hashlib
import zlib

from .http1 import Request
from .report import Report


@functools.lru_cache(maxsize=None)
def _table(poly: int) -> tuple[int, ...]:
    out = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ poly if byte & 1 else byte >> 1
        out.append(byte)
    return tuple(out)


def _crc(data: bytes, poly: int, width: int) -> bytes:
    mask = (1 << width) - 1
    table, crc = _table(poly), mask
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return (crc ^ mask).to_bytes(width // 8, "big")


ALGORITHMS = {
    "crc32": lambda b: zlib.crc32(b).to_bytes(4, "big"),
    "crc32c": lambda b: _crc(b, 0x82F63B78, 32),
    "crc64nvme": lambda b: _crc(b, 0x9A6C9329AC4BC9B5, 64),
    "sha1": lambda b: hashlib.sha1(b).digest(),
    "sha256": lambda b: hashlib.sha256(b).digest(),
    "sha512": lambda b: hashlib.sha512(b).digest(),
}


def check(req: Request, required: bool, report: Report) -> None:
    """Every checksum that was sent must be right; one must be sent where required."""
    found = False
    md5 = req.header("content-md5")
    if md5 is not None:
        found = True
        if md5 != base64.b64encode(hashlib.md5(req.body).digest()).decode():
            report.add("checksum", "Content-MD5", "does not match the body")
    for name, digest in ALGORITHMS.items():
        sent = req.header(f"x-amz-checksum-{name}")
        if sent is not None:
            found = True
            if sent != base64.b64encode(digest(req.body)).decode():
                report.add("checksum", f"x-amz-checksum-{name}", "does not match the body")
    named = req.header("x-amz-sdk-checksum-algorithm")
    if named is not None and req.header(f"x-amz-checksum-{named.lower()}") is None:
        report.add("checksum", "x-amz-sdk-checksum-algorithm", f"names {named}, whose header is not sent")
    if required and not found:
        report.add("checksum", "Content-MD5", "this operation requires Content-MD5 or an x-amz-checksum header")
