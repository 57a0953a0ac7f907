"""Scalars in their text form (query, XML, URI, header), strictly."""
from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .report import Report

_INT = re.compile(r"-?(0|[1-9]\d*)\Z")
_FLOAT = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\Z")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


def from_epoch(value: float) -> datetime:
    return datetime.fromtimestamp(value, timezone.utc)


def timestamp(text: str, form: str) -> datetime:
    """Raises ValueError when text is not a timestamp of this form."""
    if form == "iso8601":
        if not _ISO.match(text):
            raise ValueError(text)
        return datetime.fromisoformat(text)
    if form == "rfc822":
        return parsedate_to_datetime(text)
    if not _FLOAT.match(text):
        raise ValueError(text)
    return from_epoch(float(text))


def scalar(shape, text: str, where: str, report: Report, time_form: str = "iso8601"):
    """The Python value of text, or None with a problem added to report."""
    kind = shape.type_name
    if kind in ("string", "char", "character"):
        return text
    if kind in ("integer", "long", "short", "byte", "bigInteger"):
        if _INT.match(text):
            return int(text)
    elif kind in ("float", "double", "bigDecimal"):
        if _FLOAT.match(text) or text in ("NaN", "Infinity", "-Infinity"):
            return float(text)
    elif kind == "boolean":
        if text in ("true", "false"):
            return text == "true"
    elif kind == "blob":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    elif kind == "timestamp":
        try:
            return timestamp(text, shape.serialization.get("timestampFormat", time_form).lower()
                             .replace("unixtimestamp", "epoch"))
        except (ValueError, TypeError):
            pass
    report.add("kind", where, f"{text[:80]!r} is not a {kind}")
    return None
