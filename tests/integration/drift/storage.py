"""S3 buckets: every aspect."""
from __future__ import annotations

import json
from datetime import datetime, timezone

from botocore.exceptions import ClientError

from .table import Drift, Gone, Group, Prop

BUCKET = "AWS::S3::Bucket"
NAMES = {"data": "drift-data", "copied": "drift-copied", "locked": "drift-locked"}


def get(address, operation, key=None):
    """The configuration that a get answers; None where there is none."""
    def look(cloud, ids):
        try:
            reply = getattr(cloud.observer("s3"), "get_" + operation)(Bucket=NAMES[address])
        except ClientError as err:
            assert err.response["ResponseMetadata"]["HTTPStatusCode"] == 404, err
            return None
        reply.pop("ResponseMetadata")
        return reply.get(key) if key else reply
    return look


def put(address, operation, **params):
    return lambda cloud, ids: getattr(cloud.observer("s3"), operation)(Bucket=NAMES[address], **params)


def tags(cloud, ids):
    found = get("data", "bucket_tagging", "TagSet")(cloud, ids)
    return {t["Key"]: t["Value"] for t in found if not t["Key"].startswith("quoin:")}


def retag(change):
    """Puts the whole set again, changed."""
    def make(cloud, ids):
        found = {t["Key"]: t["Value"] for t in cloud.observer("s3").get_bucket_tagging(Bucket="drift-data")["TagSet"]}
        change(found)
        put("data", "put_bucket_tagging", Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in found.items()]})(cloud, ids)
    return make


def prepare(cloud):
    """Destinations of logs and replicas, made by others."""
    s3 = cloud.observer("s3")
    s3.create_bucket(Bucket="others-logs")
    allow = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
             "Resource": "arn:aws:s3:::others-logs/*"}
    s3.put_bucket_policy(Bucket="others-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    s3.create_bucket(Bucket="others-replica")
    s3.put_bucket_versioning(Bucket="others-replica", VersioningConfiguration={"Status": "Enabled"})
    queue = cloud.direct("sqs").create_queue(QueueName="drift")["QueueUrl"]
    assert queue
    return {"topic": cloud.direct("sns").create_topic(Name="drift")["TopicArn"]}


def encryption(algorithm, key=None, bucket_key=False):
    by = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": by, "BucketKeyEnabled": bucket_key}]}


def lifecycle(*rules):
    return {"Rules": list(rules)}


BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
OLD = {"ID": "old", "Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 1000}},
       "Expiration": {"Days": 365}, "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
       "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 3},
       "NoncurrentVersionTransitions": [{"NoncurrentDays": 3, "StorageClass": "GLACIER"}]}
PARTS = {"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}
DATED = {"ID": "dated", "Status": "Disabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}},
         "Expiration": {"Date": datetime(2031, 1, 1, tzinfo=timezone.utc)}}
CORS = {"ID": "one", "AllowedHeaders": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.test"],
        "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 300}
SITE = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}, "RoutingRules": [
    {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/", "HttpRedirectCode": "302", "Protocol": "https"}}]}
REPLICA = {"ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "a/"}, "DeleteMarkerReplication": {"Status": "Disabled"},
           "Destination": {"Bucket": "arn:aws:s3:::others-replica", "StorageClass": "STANDARD_IA"}}
ROLE = "arn:aws:iam::123456789012:role/replication"


def replication(**changes):
    return {"Role": ROLE, "Rules": [{**REPLICA, **changes}]}


def lambda_arn(name):
    return "arn:aws:lambda:us-east-1:123456789012:function:" + name


def filtered(key, name, value):
    return {key: [{"Name": name, "Value": value}]}


NOTIFY = {
    "TopicConfigurations": [{"TopicArn": "<topic>", "Events": ["s3:ObjectRemoved:*"]}],
    "LambdaFunctionConfigurations": [{"LambdaFunctionArn": lambda_arn("a"), "Events": ["s3:ObjectCreated:*"],
                                      "Filter": {"Key": filtered("FilterRules", "prefix", "in/")}}]}


def notified(cloud, ids):
    """Without the ids that S3 gives, names of filter rules in lower case."""
    reply = get("data", "bucket_notification_configuration")(cloud, ids)
    for kind in ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"):
        for item in reply.get(kind, []):
            item.pop("Id", None)
            for r in item.get("Filter", {}).get("Key", {}).get("FilterRules", []):
                r["Name"] = r["Name"].lower()
    return reply


RESOURCES = {
    "data": {"type": BUCKET, "on_destroy": "empty", "properties": {
        "BucketName": NAMES["data"],
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
        "VersioningConfiguration": {"Status": "Enabled"},
        "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/drift"}, "BucketKeyEnabled": True}]},
        "PublicAccessBlockConfiguration": BLOCK,
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        "LifecycleConfiguration": {"Rules": [
            {"Id": "old", "Status": "Enabled", "Prefix": "a/", "TagFilters": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": "1000",
             "ExpirationInDays": 365, "Transitions": [{"TransitionInDays": 30, "StorageClass": "STANDARD_IA"},
                                                      {"TransitionInDays": 90, "StorageClass": "GLACIER"}],
             "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 3},
             "NoncurrentVersionTransitions": [{"TransitionInDays": 3, "StorageClass": "GLACIER"}]},
            {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}]},
        "CorsConfiguration": {"CorsRules": [{
            "Id": "one", "AllowedHeaders": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.test"],
            "ExposedHeaders": ["ETag"], "MaxAge": 300}]},
        "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "error.html", "RoutingRules": [
            {"RoutingRuleCondition": {"KeyPrefixEquals": "docs/"},
             "RedirectRule": {"ReplaceKeyPrefixWith": "documents/", "HttpRedirectCode": "302", "Protocol": "https"}}]},
        "LoggingConfiguration": {"DestinationBucketName": "others-logs", "LogFilePrefix": "data/"},
        "NotificationConfiguration": {
            "EventBridgeConfiguration": {"EventBridgeEnabled": True},
            "TopicConfigurations": [{"Topic": "<topic>", "Event": "s3:ObjectRemoved:*"}],
            "LambdaConfigurations": [{"Function": lambda_arn("a"), "Event": "s3:ObjectCreated:*",
                                      "Filter": {"S3Key": filtered("Rules", "prefix", "in/")}}]}}},
    "copied": {"type": BUCKET, "on_destroy": "empty", "properties": {
        "BucketName": NAMES["copied"], "VersioningConfiguration": {"Status": "Enabled"},
        "ReplicationConfiguration": {"Role": ROLE, "Rules": [{
            "Id": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "a/"}, "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::others-replica", "StorageClass": "STANDARD_IA"}}]}}},
    "locked": {"type": BUCKET, "on_destroy": "empty", "properties": {
        "BucketName": NAMES["locked"], "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}}}},
}
LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}}

PROPS = (
    Prop("data", "Tags", tags, {"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}], {"a": "9"}, ("s3:PutBucketTagging",),
         removed_seen={}, drifts=(
        Drift(retag(lambda t: t.update(a="behind")), ('Tags["a"].Value: recorded "1", live "behind"',)),
        Drift(retag(lambda t: t.pop("b")), ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',)))),
    Prop("data", "VersioningConfiguration", get("data", "bucket_versioning", "Status"), "Enabled", {"Status": "Suspended"}, "Suspended",
         ("s3:PutBucketVersioning",), removed_seen="Suspended", drifts=(
        Drift(put("data", "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
              ('VersioningConfiguration.Status: recorded "Enabled", live "Suspended"',)),)),
    Prop("data", "AccelerateConfiguration", get("data", "bucket_accelerate_configuration", "Status"), "Enabled",
         {"AccelerationStatus": "Suspended"}, "Suspended", ("s3:PutBucketAccelerateConfiguration",), removed_seen="Suspended", drifts=(
        Drift(put("data", "put_bucket_accelerate_configuration", AccelerateConfiguration={"Status": "Suspended"}),
              ('AccelerateConfiguration.AccelerationStatus: recorded "Enabled", live "Suspended"',)),)),
    Prop("data", "BucketEncryption", get("data", "bucket_encryption", "ServerSideEncryptionConfiguration"),
         encryption("aws:kms", "alias/drift", True),
         {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse"}, "BucketKeyEnabled": False}]},
         encryption("aws:kms:dsse"), ("s3:PutBucketEncryption",),
         removed_seen=encryption("AES256"), removed_calls=("s3:DeleteBucketEncryption",), drifts=(
        Drift(put("data", "delete_bucket_encryption"),
              ('ServerSideEncryptionByDefault.SSEAlgorithm: recorded "aws:kms", live "AES256"', "BucketKeyEnabled: recorded true, live false")),
        Drift(put("data", "put_bucket_encryption", ServerSideEncryptionConfiguration=encryption("aws:kms", "alias/other", True)),
              ('KMSMasterKeyID: recorded "alias/drift", live "alias/other"',)))),
    Prop("data", "PublicAccessBlockConfiguration", get("data", "public_access_block", "PublicAccessBlockConfiguration"), BLOCK,
         {k: True for k in BLOCK}, {k: True for k in BLOCK}, ("s3:PutPublicAccessBlock",), removed_seen=None,
         removed_calls=("s3:DeletePublicAccessBlock",), drifts=(
        Drift(put("data", "put_public_access_block", PublicAccessBlockConfiguration={**BLOCK, "IgnorePublicAcls": False}),
              ("PublicAccessBlockConfiguration.IgnorePublicAcls: recorded true, live false",)),
        Drift(put("data", "delete_public_access_block"), ("PublicAccessBlockConfiguration: recorded {", "live (none)")))),
    Prop("data", "OwnershipControls", get("data", "bucket_ownership_controls", "OwnershipControls"),
         {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}, {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
         {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, ("s3:PutBucketOwnershipControls",), removed_seen=None,
         removed_calls=("s3:DeleteBucketOwnershipControls",), drifts=(
        Drift(put("data", "put_bucket_ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
              ('ObjectOwnership: recorded "BucketOwnerPreferred", live "ObjectWriter"',)),
        Drift(put("data", "delete_bucket_ownership_controls"), ("OwnershipControls: recorded {", "live (none)")))),
    Prop("data", "LifecycleConfiguration", get("data", "bucket_lifecycle_configuration", "Rules"), [OLD, PARTS],
         {"Rules": [{"Id": "dated", "Status": "Disabled", "TagFilters": [{"Key": "k", "Value": "v"}], "ExpirationDate": "2031-01-01T00:00:00Z"}]},
         [DATED], ("s3:PutBucketLifecycleConfiguration",), removed_seen=None, removed_calls=("s3:DeleteBucketLifecycle",), drifts=(
        Drift(put("data", "put_bucket_lifecycle_configuration", LifecycleConfiguration=lifecycle({**OLD, "Expiration": {"Days": 10}}, PARTS)),
              ('LifecycleConfiguration.Rules["old"].ExpirationInDays: recorded 365, live 10',)),
        Drift(put("data", "put_bucket_lifecycle_configuration", LifecycleConfiguration=lifecycle(OLD)),
              ('LifecycleConfiguration.Rules["parts"]: recorded {', "live (none)")),
        Drift(put("data", "put_bucket_lifecycle_configuration", LifecycleConfiguration=lifecycle(
            {**OLD, "Filter": {"Prefix": "z/"}}, PARTS, {**PARTS, "ID": "foreign"})),
              ('Prefix: recorded "a/", live "z/"', 'TagFilters: recorded [{', 'ObjectSizeGreaterThan: recorded "1000", live (none)',
               'LifecycleConfiguration.Rules["foreign"]: recorded (none), live {')),
        Drift(put("data", "put_bucket_lifecycle_configuration", LifecycleConfiguration=lifecycle(
            {**OLD, "Status": "Disabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 8, "NewerNoncurrentVersions": 4},
             "Transitions": [{"Days": 31, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "DEEP_ARCHIVE"}]},
            {**PARTS, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 5}})),
              ('Status: recorded "Enabled", live "Disabled"', "NoncurrentDays: recorded 7, live 8", "NewerNoncurrentVersions: recorded 3, live 4",
               "TransitionInDays: recorded 30, live 31", 'StorageClass: recorded "GLACIER", live "DEEP_ARCHIVE"',
               "DaysAfterInitiation: recorded 2, live 5")),
        Drift(put("data", "delete_bucket_lifecycle"), ("LifecycleConfiguration: recorded {", "live (none)")))),
    Prop("data", "CorsConfiguration", get("data", "bucket_cors", "CORSRules"), [CORS],
         {"CorsRules": [{"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]}]}, [{"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]}],
         ("s3:PutBucketCors",), removed_seen=None, removed_calls=("s3:DeleteBucketCors",), drifts=(
        Drift(put("data", "put_bucket_cors", CORSConfiguration={"CORSRules": [
            {**CORS, "AllowedMethods": ["GET", "DELETE"], "AllowedOrigins": ["https://b.test"], "MaxAgeSeconds": 1, "ExposeHeaders": ["x-b"],
             "AllowedHeaders": ["x-a"]}]}),
              ('recorded "PUT", live "DELETE"', 'recorded "https://a.test", live "https://b.test"', "MaxAge: recorded 300, live 1",
               'recorded "ETag", live "x-b"', 'recorded "*", live "x-a"')),
        Drift(put("data", "put_bucket_cors", CORSConfiguration={"CORSRules": [CORS, {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}),
              ("CorsConfiguration.CorsRules, recorded -> live:",)),
        Drift(put("data", "delete_bucket_cors"), ("CorsConfiguration: recorded {", "live (none)")))),
    Prop("data", "WebsiteConfiguration", get("data", "bucket_website"), SITE,
         {"RedirectAllRequestsTo": {"HostName": "a.test", "Protocol": "https"}}, {"RedirectAllRequestsTo": {"HostName": "a.test", "Protocol": "https"}},
         ("s3:PutBucketWebsite",), removed_seen=None, removed_calls=("s3:DeleteBucketWebsite",), drifts=(
        Drift(put("data", "put_bucket_website", WebsiteConfiguration={**SITE, "IndexDocument": {"Suffix": "b.html"}, "ErrorDocument": {"Key": "e.html"}}),
              ('WebsiteConfiguration.IndexDocument: recorded "index.html", live "b.html"',
               'WebsiteConfiguration.ErrorDocument: recorded "error.html", live "e.html"')),
        Drift(put("data", "put_bucket_website", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}),
              ('WebsiteConfiguration.ErrorDocument: recorded "error.html", live (none)', "WebsiteConfiguration.RoutingRules: recorded [{")),
        Drift(put("data", "delete_bucket_website"), ("WebsiteConfiguration: recorded {", "live (none)")))),
    Prop("data", "LoggingConfiguration", get("data", "bucket_logging", "LoggingEnabled"), {"TargetBucket": "others-logs", "TargetPrefix": "data/"},
         {"DestinationBucketName": "others-logs", "LogFilePrefix": "new/"}, {"TargetBucket": "others-logs", "TargetPrefix": "new/"},
         ("s3:PutBucketLogging",), removed_seen=None, drifts=(
        Drift(put("data", "put_bucket_logging", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "others-logs", "TargetPrefix": "x/"}}),
              ('LoggingConfiguration.LogFilePrefix: recorded "data/", live "x/"',)),
        Drift(put("data", "put_bucket_logging", BucketLoggingStatus={}), ("LoggingConfiguration: recorded {", "live (none)")))),
    Prop("data", "NotificationConfiguration", notified, {"EventBridgeConfiguration": {}, **NOTIFY},
         {"LambdaConfigurations": [{"Function": lambda_arn("b"), "Event": "s3:ObjectCreated:Put"}]},
         {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": lambda_arn("b"), "Events": ["s3:ObjectCreated:Put"]}]},
         ("s3:PutBucketNotificationConfiguration",), removed_seen={}, drifts=(
        Drift(lambda cloud, ids: put("data", "put_bucket_notification_configuration", NotificationConfiguration={
            **NOTIFY, "TopicConfigurations": [{"TopicArn": ids["topic"], "Events": ["s3:ObjectRemoved:Delete"]}]})(cloud, ids),
              ('"s3:ObjectRemoved:*"', '"s3:ObjectRemoved:Delete"', "EventBridgeConfiguration")),
        Drift(put("data", "put_bucket_notification_configuration", NotificationConfiguration={}),
              ("NotificationConfiguration", "live (none)")))),
    Prop("copied", "ReplicationConfiguration", get("copied", "bucket_replication", "ReplicationConfiguration"), replication(),
         {"Role": ROLE + "2", "Rules": [{"Id": "some", "Priority": 2, "Status": "Disabled", "DeleteMarkerReplication": {"Status": "Disabled"},
          "Filter": {"TagFilter": {"Key": "k", "Value": "v"}}, "Destination": {"Bucket": "arn:aws:s3:::others-replica"}}]},
         {"Role": ROLE + "2", "Rules": [{"ID": "some", "Priority": 2, "Status": "Disabled", "DeleteMarkerReplication": {"Status": "Disabled"},
          "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Destination": {"Bucket": "arn:aws:s3:::others-replica"}}]},
         ("s3:PutBucketReplication",), removed_seen=None, removed_calls=("s3:DeleteBucketReplication",), drifts=(
        Drift(put("copied", "put_bucket_replication", ReplicationConfiguration=replication(Status="Disabled", Priority=3)),
              ('Status: recorded "Enabled", live "Disabled"', "Priority: recorded 1, live 3")),
        Drift(put("copied", "put_bucket_replication", ReplicationConfiguration=replication(Filter={"Prefix": "b/"})),
              ('Filter.Prefix: recorded "a/", live "b/"',)),
        Drift(put("copied", "delete_bucket_replication"), ("ReplicationConfiguration: recorded {", "live (none)")))),
    Prop("locked", "ObjectLockConfiguration", get("locked", "object_lock_configuration", "ObjectLockConfiguration"), LOCK,
         {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}},
         {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}},
         ("s3:PutObjectLockConfiguration",), removed_seen={"ObjectLockEnabled": "Enabled"}, drifts=(
        Drift(put("locked", "put_object_lock_configuration", ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}),
              ("ObjectLockConfiguration.Rule.DefaultRetention.Days: recorded 30, live 1",)),
        Drift(put("locked", "put_object_lock_configuration", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}),
              ("ObjectLockConfiguration.Rule: recorded {", "live (none)")))),
)
EXCEPTIONS = {(BUCKET, "ObjectLockEnabled"): "S3 turns it on and never off again: nothing behind quoin's back can change it"}
DELETES = tuple(Gone(name, put(name, "delete_bucket"), (name,)) for name in NAMES)
GROUP = Group("storage", RESOURCES, PROPS, {}, prepare, EXCEPTIONS, DELETES)
