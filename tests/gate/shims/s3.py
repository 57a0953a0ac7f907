"""Shims for S3 buckets."""
from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

from ..http1 import Response
from .base import Context, Gap, Shim
from .xmledit import put

API = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_%s.html"
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+\Z)(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3)\Z)"
                   r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_DEFAULT_ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
_BUCKET_OPERATIONS = tuple("s3:" + name for name in (
    "DeleteBucket HeadBucket ListObjectVersions DeleteObjects ListObjectsV2 GetObject PutObject DeleteObject HeadObject "
    "GetBucketVersioning PutBucketVersioning GetBucketEncryption PutBucketEncryption DeleteBucketEncryption "
    "GetPublicAccessBlock PutPublicAccessBlock DeletePublicAccessBlock GetBucketOwnershipControls "
    "PutBucketOwnershipControls DeleteBucketOwnershipControls GetBucketLifecycleConfiguration "
    "PutBucketLifecycleConfiguration DeleteBucketLifecycle GetBucketCors PutBucketCors DeleteBucketCors GetBucketWebsite "
    "PutBucketWebsite DeleteBucketWebsite GetBucketLogging PutBucketLogging GetBucketNotificationConfiguration "
    "PutBucketNotificationConfiguration GetBucketReplication PutBucketReplication DeleteBucketReplication GetBucketTagging "
    "PutBucketTagging DeleteBucketTagging GetBucketAccelerateConfiguration PutBucketAccelerateConfiguration "
    "GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetObjectLockConfiguration PutObjectLockConfiguration").split())


def _region_of(ctx: Context, bucket: str) -> str | None:
    found = ctx.ask("get_bucket_location", Bucket=bucket)
    return (found.get("LocationConstraint") or "us-east-1") if found else None


def wrong_region(ctx: Context) -> Response | None:
    known = ctx.remember("bucket_regions")
    bucket = ctx.params["Bucket"]
    region = known.get(bucket)
    if region is None or ctx.call.operation == "DeleteBucket":
        region = _region_of(ctx, bucket)
        if region is None:
            known.pop(bucket, None)
            return None
        known[bucket] = region
    if region == ctx.call.region:
        return None
    answer = ctx.error("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified "
                       "endpoint. Please send all future requests to this endpoint.", 301,
                       Endpoint=f"{bucket}.s3.{region}.amazonaws.com", Bucket=bucket)
    answer.headers.append(("x-amz-bucket-region", region))
    if ctx.call.operation == "HeadBucket":
        answer.body = b""
    return answer


def _owned(ctx: Context, bucket: str) -> bool:
    """Whether the bucket is the caller's; a bucket's owner does not change while it lives."""
    known = ctx.remember("bucket_owners")
    if known.get(bucket) != ctx.call.access_key:
        listed = ctx.ask("list_buckets") or {"Buckets": []}
        if bucket not in [b["Name"] for b in listed["Buckets"]]:
            return False
        known[bucket] = ctx.call.access_key
    return True


def foreign(ctx: Context) -> Response | None:
    bucket = ctx.params["Bucket"]
    if ctx.call.operation == "DeleteBucket":
        ctx.remember("bucket_owners").pop(bucket, None)
    if _owned(ctx, bucket) or _region_of(ctx, bucket) is None:
        return None
    answer = ctx.error("AccessDenied", "Access Denied", 403)
    if ctx.call.operation == "HeadBucket":
        answer.body = b""
    return answer


def create_before(ctx: Context) -> Response | None:
    bucket = ctx.params["Bucket"]
    if not _NAME.match(bucket):
        return ctx.error("InvalidBucketName", "The specified bucket is not valid.", 400, BucketName=bucket)
    region = _region_of(ctx, bucket)
    ctx.notes["existed"] = region is not None
    if region is not None and region != ctx.call.region and _owned(ctx, bucket):
        return ctx.error("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you "
                         "already own it.", 409, BucketName=bucket)
    return None


def create_after(ctx: Context, response: Response) -> Response | None:
    if ctx.notes["existed"]:
        return None
    bucket = ctx.params["Bucket"]
    ctx.remember("bucket_regions")[bucket] = ctx.call.region
    for table in ("event_bridge", "lifecycle", "replication"):
        ctx.remember(table).pop(bucket, None)
    tags = ctx.params.get("CreateBucketConfiguration", {}).get("Tags")
    if tags:
        ctx.ask("put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": tags})
    ctx.ask("put_bucket_encryption", Bucket=bucket, ServerSideEncryptionConfiguration=_DEFAULT_ENCRYPTION)
    ctx.ask("put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True))
    ctx.ask("put_bucket_ownership_controls", Bucket=bucket, OwnershipControls={"Rules": [
        {"ObjectOwnership": ctx.params.get("ObjectOwnership", "BucketOwnerEnforced")}]})
    return response


def encryption_deleted(ctx: Context, response: Response) -> Response:
    ctx.ask("put_bucket_encryption", Bucket=ctx.params["Bucket"], ServerSideEncryptionConfiguration=_DEFAULT_ENCRYPTION)
    return response


def policy_json(ctx: Context) -> Response | None:
    try:
        value = json.loads(ctx.params["Policy"])
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return ctx.error("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    return None


# -- what the emulator forgets -------------------------------------------

def notification_put(ctx: Context, response: Response) -> Response | None:
    on = "EventBridgeConfiguration" in ctx.params["NotificationConfiguration"]
    ctx.remember("event_bridge")[ctx.params["Bucket"]] = on
    return response if on else None


def notification_get(ctx: Context, response: Response) -> Response | None:
    if not ctx.remember("event_bridge").get(ctx.params["Bucket"]):
        return None
    return ctx.edit_xml(response, lambda root: ET.SubElement(root, "EventBridgeConfiguration"))


_ACTIONS = {"Expiration", "Transitions", "NoncurrentVersionExpiration", "NoncurrentVersionTransitions",
            "AbortIncompleteMultipartUpload"}


def lifecycle_check(ctx: Context) -> Response | None:
    for rule in ctx.params.get("LifecycleConfiguration", {}).get("Rules", []):
        if ("Filter" in rule) == ("Prefix" in rule):
            return ctx.error("MalformedXML", "The XML you provided was not well-formed or did not validate against our "
                                             "published schema")
        if not _ACTIONS & rule.keys():
            return ctx.error("InvalidRequest", "At least one action needs to be specified in a rule.")
    return None


def lifecycle_put(ctx: Context, response: Response) -> Response | None:
    rules = ctx.params.get("LifecycleConfiguration", {}).get("Rules", [])
    ctx.remember("lifecycle")[ctx.params["Bucket"]] = rules
    return None


def _sizes(node: ET.Element, wanted: dict) -> bool:
    found = False
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in wanted:
            put(node, name, str(wanted[name]))
            found = True
    return found


def lifecycle_get(ctx: Context, response: Response) -> Response | None:
    rules = ctx.remember("lifecycle").get(ctx.params["Bucket"], [])
    by_id = {r["ID"]: r for r in rules if "ID" in r}
    used = []

    def mend(root: ET.Element) -> None:
        for rule in root.findall("Rule"):
            wanted = by_id.get(rule.findtext("ID"), {})
            newer = wanted.get("NoncurrentVersionExpiration", {}).get("NewerNoncurrentVersions")
            expiration = rule.find("NoncurrentVersionExpiration")
            if newer is not None and expiration is not None:
                put(expiration, "NewerNoncurrentVersions", str(newer))
                used.append(1)
            node = rule.find("Filter")
            if node is None:
                continue
            both = node.find("And")
            if both is not None and _sizes(both, wanted.get("Filter", {}).get("And", {})):
                used.append(1)
            elif both is None and _sizes(node, wanted.get("Filter", {})):
                used.append(1)
    mended = ctx.edit_xml(response, mend)
    return mended if used else None


def replication_put(ctx: Context, response: Response) -> Response | None:
    ctx.remember("replication")[ctx.params["Bucket"]] = ctx.params["ReplicationConfiguration"].get("Rules", [])
    return None


def replication_get(ctx: Context, response: Response) -> Response | None:
    rules = ctx.remember("replication").get(ctx.params["Bucket"], [])
    by_id = {r["ID"]: r for r in rules if r.get("ID")}
    used = []

    def mend(root: ET.Element) -> None:
        for rule in root.findall("Rule"):
            wanted = by_id.get(rule.findtext("ID"), {}).get("Filter")
            node = rule.find("Filter")
            if not wanted or node is None:
                continue
            used.append(1)
            for child in list(node):
                node.remove(child)
            _filter(node, wanted)
    mended = ctx.edit_xml(response, mend)
    return mended if used else None


def _filter(node: ET.Element, wanted: dict) -> None:
    if "Prefix" in wanted:
        put(node, "Prefix", wanted["Prefix"])
    for tag in [wanted["Tag"]] if "Tag" in wanted else wanted.get("Tags", []):
        child = ET.SubElement(node, "Tag")
        put(child, "Key", tag["Key"])
        put(child, "Value", tag["Value"])
    if "And" in wanted:
        _filter(ET.SubElement(node, "And"), wanted["And"])


def object_lock_get(ctx: Context, response: Response) -> Response | None:
    used = []

    def mend(root: ET.Element) -> None:
        for retention in root.iter("DefaultRetention"):
            for name in ("Days", "Years"):
                node = retention.find(name)
                if node is not None and node.text == "0":
                    retention.remove(node)
                    used.append(1)
    mended = ctx.edit_xml(response, mend)
    return mended if used else None


def bucket_paging(ctx: Context, response: Response) -> Response | None:
    size, token = ctx.params.get("MaxBuckets"), ctx.params.get("ContinuationToken", "")
    if size is None:
        return None
    names: list[str] = [b["Name"] for b in (ctx.ask("list_buckets") or {"Buckets": []})["Buckets"]]
    listed = ctx.ask("list_buckets", **{k: v for k, v in ctx.params.items() if k in ("Prefix", "BucketRegion")})
    todo = [b for b in listed["Buckets"] if b["Name"] > token] if listed else []
    todo.sort(key=lambda b: b["Name"])

    def cut(root: ET.Element) -> None:
        holder = root.find("Buckets")
        for child in list(holder):
            holder.remove(child)
        for bucket in todo[:size]:
            node = ET.SubElement(holder, "Bucket")
            put(node, "Name", bucket["Name"])
            put(node, "CreationDate", bucket["CreationDate"].strftime("%Y-%m-%dT%H:%M:%S.000Z"))
            put(node, "BucketRegion", _region_of(ctx, bucket["Name"]) or "us-east-1")
        if len(todo) > size:
            put(root, "ContinuationToken", todo[size - 1]["Name"])
    return ctx.edit_xml(response, cut) if names else None


TABLE = (
    Shim("s3-foreign-bucket", _BUCKET_OPERATIONS, "every account may do everything with every bucket", "AccessDenied",
         "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html", before=foreign),
    Shim("s3-region", _BUCKET_OPERATIONS, "a bucket is served in every region",
         "301 PermanentRedirect with x-amz-bucket-region outside of its own",
         "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html", before=wrong_region),
    Shim("s3-create", ("s3:CreateBucket",), "any name is taken; tags of the create are lost; a new bucket has no encryption, "
         "no public access block, no ownership controls",
         "checks the name; keeps the tags; SSE-S3, all public access blocked, BucketOwnerEnforced",
         "https://aws.amazon.com/about-aws/whats-new/2023/04/amazon-s3-two-security-best-practices-buckets-default/",
         before=create_before, after=create_after),
    Shim("s3-encryption-default", ("s3:DeleteBucketEncryption",), "the bucket is then without encryption",
         "it falls back to SSE-S3", API % "DeleteBucketEncryption", after=encryption_deleted),
    Shim("s3-policy-json", ("s3:PutBucketPolicy",), "stores any text", "MalformedPolicy", API % "PutBucketPolicy",
         before=policy_json),
    Shim("s3-event-bridge-put", ("s3:PutBucketNotificationConfiguration",), "EventBridgeConfiguration is lost", "is kept",
         API % "PutBucketNotificationConfiguration", after=notification_put),
    Shim("s3-event-bridge-get", ("s3:GetBucketNotificationConfiguration",), "EventBridgeConfiguration is lost", "is shown",
         API % "GetBucketNotificationConfiguration", after=notification_get),
    Shim("s3-lifecycle-put", ("s3:PutBucketLifecycleConfiguration",), "NewerNoncurrentVersions of expirations and object sizes "
         "of filters are lost; rules without filter or without action are taken", "are kept; MalformedXML, InvalidRequest",
         API % "PutBucketLifecycleConfiguration", before=lifecycle_check, after=lifecycle_put),
    Shim("s3-lifecycle-get", ("s3:GetBucketLifecycleConfiguration",), "does not show what it lost", "shows it",
         API % "GetBucketLifecycleConfiguration", after=lifecycle_get),
    Shim("s3-replication-put", ("s3:PutBucketReplication",), "the filter of a rule becomes an empty prefix", "is kept",
         API % "PutBucketReplication", after=replication_put),
    Shim("s3-replication-get", ("s3:GetBucketReplication",), "shows an empty prefix", "shows the filter",
         API % "GetBucketReplication", after=replication_get),
    Shim("s3-object-lock-period", ("s3:GetObjectLockConfiguration",), "shows 0 years beside days, and 0 days beside years",
         "shows the one that was given", API % "DefaultRetention", after=object_lock_get),
    Shim("s3-bucket-paging", ("s3:ListBuckets",), "gives no ContinuationToken", "pages by MaxBuckets", API % "ListBuckets",
         after=bucket_paging),
)

GAPS = (
    Gap("s3-lifecycle-without-id", ("s3:GetBucketLifecycleConfiguration",),
        "rules without an ID lose NewerNoncurrentVersions and object sizes; AWS gives such rules an ID of its own"),
)
