"""Shims for bucket configurations that moto does not know.

moto looks at the path alone then: it answers a list of objects to a GET and,
worse, deletes the bucket on DELETE /bucket?analytics.
"""
from __future__ import annotations

import re

from ..http1 import Response
from .base import Context, Gap, Shim
from .s3 import API

_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# Kind: element of one configuration; many to a bucket, each with an Id.
_MANY = {"Analytics": "AnalyticsConfiguration", "Metrics": "MetricsConfiguration", "Inventory": "InventoryConfiguration",
         "IntelligentTiering": "IntelligentTieringConfiguration"}
# Kind: what a bucket has without ever being told.
_ONE = {"RequestPayment": f"<RequestPaymentConfiguration {_XMLNS}><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
        "Abac": f"<AbacStatus {_XMLNS}><Status>Disabled</Status></AbacStatus>"}
_KIND = re.compile(r"(?:Get|Put|Delete|List)Bucket(.+?)(?:Configurations?)?$")


def _xml(body: bytes = b"", status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/xml")] if body else [], _HEAD + body if body else b"")


def _missing(ctx: Context) -> Response | None:
    if ctx.ask("head_bucket", Bucket=ctx.params["Bucket"]) is None:
        return ctx.error("NoSuchBucket", "The specified bucket does not exist", 404)
    return None


def _inner(body: bytes) -> bytes:
    """The document without its declaration and its namespace."""
    return re.sub(rb'\sxmlns="[^"]*"', b"", re.sub(rb"^\s*<\?xml[^>]*\?>\s*", b"", body), count=1)


def _store(ctx: Context) -> tuple[str, dict]:
    kind = _KIND.match(ctx.call.operation)[1]
    created = ctx.ask("list_buckets") or {"Buckets": []}
    born = next((str(b["CreationDate"]) for b in created["Buckets"] if b["Name"] == ctx.params["Bucket"]), "")
    return kind, ctx.remember("s3_stored").setdefault((kind, ctx.params["Bucket"], born), {})


def many(ctx: Context) -> Response | None:
    """Put, get, delete and list of the configurations that have an Id."""
    missing = _missing(ctx)
    if missing:
        return missing
    kind, stored = _store(ctx)
    ident = ctx.params.get("Id")
    if ctx.call.operation.startswith("Put"):
        if ctx.params[_MANY[kind]]["Id"] != ident:
            return ctx.error("InvalidArgument", "The Id in the request and that in the configuration differ.")
        stored[ident] = _inner(ctx.request.body)
        return _xml()
    if ctx.call.operation.startswith("List"):
        items = b"".join(stored[i] for i in sorted(stored))
        name = f"List{kind}ConfigurationsResult" if kind == "Inventory" else f"ListBucket{kind}ConfigurationsOutput"
        return _xml(f"<{name} {_XMLNS}>".encode() + items + f"<IsTruncated>false</IsTruncated></{name}>".encode())
    if ident not in stored:
        return ctx.error("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    if ctx.call.operation.startswith("Delete"):
        del stored[ident]
        return _xml(status=204)
    return _xml(stored[ident].replace(_MANY[kind].encode(), f"{_MANY[kind]} {_XMLNS}".encode(), 1))


def one(ctx: Context) -> Response | None:
    """Put and get of the settings that a bucket always has."""
    missing = _missing(ctx)
    if missing:
        return missing
    kind, stored = _store(ctx)
    if ctx.call.operation.startswith("Put"):
        stored[""] = ctx.request.body
        return _xml()
    return _xml(re.sub(rb"^\s*<\?xml[^>]*\?>\s*", b"", stored.get("", _ONE[kind].encode())))


_NOT_IMPLEMENTED = tuple("s3:" + name for name in (
    "CreateBucketMetadataConfiguration CreateBucketMetadataTableConfiguration CreateSession DeleteBucketMetadataConfiguration "
    "DeleteBucketMetadataTableConfiguration GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration "
    "GetBucketPolicyStatus GetObjectTorrent RenameObject UpdateBucketMetadataInventoryTableConfiguration "
    "UpdateBucketMetadataJournalTableConfiguration UpdateObjectEncryption").split())


def not_implemented(ctx: Context) -> Response:
    ctx.gate._emulator_failed(ctx.call, "not implemented in moto, which would touch the bucket itself")
    return ctx.error("EmulatorFailure", f"the emulator cannot do {ctx.call.name}", 501)


TABLE = (
    Shim("s3-stored-configurations", tuple(f"s3:{verb}Bucket{kind}Configuration{'s' if verb == 'List' else ''}"
         for kind in _MANY for verb in ("Put", "Get", "Delete", "List")),
         "not implemented: GET lists objects, DELETE deletes the bucket", "keeps them by their Id",
         API % "PutBucketAnalyticsConfiguration", before=many),
    Shim("s3-stored-settings", tuple(f"s3:{verb}Bucket{kind}" for kind in _ONE for verb in ("Put", "Get")),
         "not implemented: GET lists objects", "keeps them", API % "PutBucketRequestPayment", before=one),
    Shim("s3-not-implemented", _NOT_IMPLEMENTED, "does something else to the bucket or the object",
         "(the gate says that the emulator cannot do it)", API % "GetBucketPolicyStatus", before=not_implemented),
)
GAPS = (Gap("s3-metadata", _NOT_IMPLEMENTED, "moto has no metadata tables, policy status and directory buckets"),)
