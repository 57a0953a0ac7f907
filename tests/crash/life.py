"""The life that is disturbed: examples/web from nothing, an edit of everything, destroy."""
from __future__ import annotations

import fcntl
import json
import re
from collections import Counter

from tests.harness import definitions
from tests.harness.snapshot import duplicates, snapshot_account
from tests.integration import web

GRACE_MS = 60
APPLY = ("apply", web.ENV, "-auto-approve")
DESTROY = ("destroy", web.ENV, "-auto-approve")
MAIL = web.SPEC[web.SPEC.index("  mail:\n"):web.SPEC.index("checks:")]

# Updates in place of six types; replacements that create first (task definition, security group, subnet, with
# what uses them) and that delete first (record); removals of a resource, a property, a rule and a tag, one new resource.
EDIT = [
    ("nginx:1.27", "nginx:1.28"),                                          # task definition replaced, service updated
    ("max: 20, default: 2", "max: 20, default: 3"),
    ("GroupDescription: Web traffic", "GroupDescription: All web traffic"),  # security group replaced
    ("AvailabilityZone: ${region}${each.value}",
     'AvailabilityZone: ${region}${if each.value == "c" then "d" else each.value}'),  # subnet and its route replaced
    ("    for_each: ${zones}\n    properties:\n      VpcId", "    for_each: ${zones}\n    replace: create_first\n    properties:\n      VpcId"),
    ('"e", "f"], each.value)', '"e", "f", "x"], if each.value == "c" then "x" else each.value)'),
    ("FromPort: 8080, ToPort: 8080", "FromPort: 8443, ToPort: 8443"),
    ("      RetentionInDays: 30\n", ""),
    (MAIL, ""),
    ("NoncurrentDays: 30", "NoncurrentDays: 60"),
    ("logs:PutLogEvents]", "logs:PutLogEvents, logs:DescribeLogStreams]"),
    ('{ Key: Name, Value: "${stack}-${env}" }', "{ Key: Owner, Value: web }"),
    ("      Name: www.${domain}", "      Name: w3.${domain}"),                   # record replaced
    ("  zone:\n    type", "  audit:\n    type: AWS::Logs::LogGroup\n    properties:\n      LogGroupName: /${stack}/${env}/audit\n\n  zone:\n    type"),
]

_IDS = [(re.compile(p), r) for p, r in (
    (r"\b(vpc-cidr-assoc|vpc|subnet|igw|rtb|sgr|sg|acl|rtbassoc|dopt|eni)-[0-9a-z]{8,}(-assoc-[0-9a-z]+)?", r"\1-*"),
    (r'"GroupName": "web-[a-z2-7]{10}"', '"GroupName": "web-*"'),
    (r'(task-definition/[\w-]+):\d+', r"\1:*"),
    (r'("revision": )\d+', r"\1*"),
    (r'ecs-svc/\d+', "ecs-svc/*"),
    (r'\bZ[A-Z0-9]{8,}\b|/hostedzone/[A-Z0-9]+', "zone-*"),
    (r'"[a-z2-7]{32}"', '"uid"'),
    (r'\b(AROA|AIDA)[A-Z0-9]+', "role-*"),
    (r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b', "uuid"),
    (r'"(VersionId|ETag|CallerReference|HostedZoneCallerReference)": "[^"]*"', r'"\1": "*"'),
    (r'\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.+:Z]*', "time"),
)]


def canonical(account: dict) -> Counter:
    """What is in the account, without the identifiers that every run draws anew."""
    out: Counter = Counter()
    for key, item in account.items():
        text = json.dumps({"type": key.split("/", 1)[0], **item}, sort_keys=True, default=str)
        for pattern, put in _IDS:
            text = pattern.sub(put, text)
        out[text] += 1
    return out


def prepare(quoin) -> None:
    quoin.env["QUOIN_PROVIDER_PATH"] = str(definitions.quick(quoin.folder / "definitions", GRACE_MS))
    web.write(quoin)


def edit(quoin) -> None:
    web.edit(quoin, *EDIT)


def no_lock_held(quoin, killed: bool = False) -> None:
    """killed: it could not clear the text, which is for people only and says nothing without the lock."""
    path = quoin.work / "state" / "web" / web.ENV / "lock"
    if not path.exists():                    # there was no room to make it: nothing can be held
        return
    with open(path, "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert killed or lock.read() == "", "the lock file names a holder that is gone"


def is_as(cloud, want: Counter, when: str) -> None:
    """The account equals that of a run nobody disturbed: no orphan, no duplicate, nothing missing."""
    account = snapshot_account(cloud)
    assert not duplicates(account), f"{when}: {duplicates(account)}"
    have = canonical(account)
    assert have == want, (f"{when}: the account differs from that of an undisturbed run\n"
                          + "".join(f"missing: {k[:1500]}\n" for k in (want - have))
                          + "".join(f"too much: {k[:1500]}\n" for k in (have - want)))
