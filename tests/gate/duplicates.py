"""Finds a create that is sent twice although it carries neither token nor natural key.

Such a create makes a second object when the client (or its HTTP library)
sends it again after a lost answer; a client must look the object up instead.
"""
from __future__ import annotations

import hashlib
import re
import threading

from .http1 import Request

# Creates with neither idempotency token nor natural key (AWS-FACTS, sections 2 and 5.3).
TOKENLESS = {
    "ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateInternetGateway", "ec2:CreateSecurityGroup",
    "ec2:AllocateAddress", "ec2:CreateVpnGateway", "ec2:CreateCustomerGateway", "ec2:CreateVpnConnection",
    "ec2:CreateTransitGateway", "ec2:CreateTransitGatewayVpcAttachment", "ec2:CreateVpcPeeringConnection",
    "ecs:RegisterTaskDefinition", "kms:CreateKey",
}
_IDS = re.compile(rb"\b(?:vpc|subnet|igw|sg|eipalloc|vgw|cgw|vpn|tgw|tgw-attach|pcx)-[0-9a-f]{8,17}\b"
                  rb"|arn:aws:ecs:[\w-]*:\d*:task-definition/[\w-]+:\d+|arn:aws:kms:[\w-]*:\d*:key/[\w-]+")


class Duplicates:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[str, tuple[str, set[bytes]]] = {}
        self._lost: set[str] = set()

    def clear(self) -> None:
        with self._lock:
            self._sent.clear()
            self._lost.clear()

    @staticmethod
    def _key(name: str, region: str, access_key: str, req: Request) -> str:
        digest = hashlib.sha256(req.body).hexdigest()
        return f"{name}|{region}|{access_key}|{digest}"

    def check(self, name: str, region: str, access_key: str, signature: str, req: Request) -> str | None:
        """What is wrong with sending this create now, or None."""
        if name not in TOKENLESS:
            return None
        with self._lock:
            if signature in self._lost:
                return f"the very same signed request of {name} came again after its answer was lost (by the HTTP library?)"
            if self._key(name, region, access_key, req) in self._sent:
                return f"identical {name}, which has neither token nor natural key, was sent before and reached AWS"
        return None

    def lost(self, signature: str) -> None:
        """Call when a request gets no answer."""
        with self._lock:
            self._lost.add(signature)

    def reached(self, name: str, region: str, access_key: str, req: Request, body: bytes) -> None:
        """Call when the create took effect; body is the answer, delivered or not."""
        if name in TOKENLESS:
            with self._lock:
                self._sent[self._key(name, region, access_key, req)] = (name, set(_IDS.findall(body)))

    def deleted(self, req: Request) -> None:
        """Call after a successful delete: what it names may be created again."""
        with self._lock:
            gone = [k for k, (_, ids) in self._sent.items() if any(i in req.body for i in ids)]
            for key in gone:
                del self._sent[key]
