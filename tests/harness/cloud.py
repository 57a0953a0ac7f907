"""One emulator with one gate in front of it, and boto3 clients for both."""
from __future__ import annotations

import os
import threading
import time

import boto3
from botocore.config import Config

from ..gate import models, server
from ..gate.moto_process import MotoProcess

REGION = "us-east-1"
STRANGER = "999988887777"


def speak_what_the_gate_reads(session: boto3.session.Session, service: str) -> None:
    """boto3 prefers CBOR where a service has it. The loader keeps the model, so the client is made of what is left here."""
    metadata = session._session.get_component("data_loader").load_service_model(service, "service-2")["metadata"]
    metadata["protocols"] = [p for p in metadata.get("protocols", [metadata["protocol"]]) if p in models.PROTOCOLS]


class Cloud:
    """Started once per test process; reset() between tests."""

    def __init__(self) -> None:
        self.moto = MotoProcess(os.environ.get("QUOIN_MOTO_LOG", os.devnull))
        self.gate = server.Gate(self.moto.address).start()
        self._clients: dict = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        self.gate.stop()
        self.moto.stop()

    def reset(self) -> None:
        self.gate.quiesce()
        self.gate.reset()

    # -- clients ----------------------------------------------------------

    def _client(self, url: str, key: str, secret: str, service: str, region: str):
        ident = (url, key, service, region)
        with self._lock:
            if ident not in self._clients:
                session = boto3.session.Session()
                speak_what_the_gate_reads(session, service)
                self._clients[ident] = session.client(
                    service, region_name=region, endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret,
                    config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
                                  parameter_validation=False, max_pool_connections=4))
            return self._clients[ident]

    def direct(self, service: str, region: str = REGION):
        """Past the gate, to the emulator itself: for changes behind quoin's back."""
        return self._client(self.moto.url, "AKIDDIRECT", "direct", service, region)

    def observer(self, service: str, region: str = REGION):
        """Through the gate's checks and shims, but not its counters, log and faults.

        What an independent check should use: it sees what AWS would show.
        """
        return self._client(self.gate.url, server.OBSERVER_KEY, server.OBSERVER_SECRET, service, region)

    def client(self, service: str, region: str = REGION):
        """As quoin's own calls: counted, disturbed, logged. For the gate's own tests."""
        return self._client(self.gate.url, server.DEFAULT_KEY, server.DEFAULT_SECRET, service, region)

    def stranger(self, service: str, region: str = REGION):
        """Somebody else's account, past the gate: for names that are already taken."""
        role = f"arn:aws:iam::{STRANGER}:role/stranger"
        given = self.direct("sts").assume_role(RoleArn=role, RoleSessionName="stranger")["Credentials"]
        return self._client(self.moto.url, given["AccessKeyId"], given["SecretAccessKey"], service, region)

    # -- for tests --------------------------------------------------------

    def env(self, home: str, region: str = REGION) -> dict[str, str]:
        """A whole environment for a client under test; nothing of the developer's leaks in."""
        keep = {k: v for k, v in os.environ.items()
                if k in ("PATH", "LD_LIBRARY_PATH", "LSAN_OPTIONS", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR")}
        return {**keep, "HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                "AWS_ENDPOINT_URL": self.gate.url, "AWS_ACCESS_KEY_ID": server.DEFAULT_KEY,
                "AWS_SECRET_ACCESS_KEY": server.DEFAULT_SECRET, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
                "AWS_EC2_METADATA_DISABLED": "true"}

    def mutations(self) -> list[str]:
        """'service:Operation' of every mutating call since reset, in order of arrival."""
        with self.gate.stats.lock:
            return [e.name for e in self.gate.stats.log]

    def calls(self) -> dict[str, int]:
        """How often each operation was called since reset, reads and writes."""
        with self.gate.stats.lock:
            return {**self.gate.stats.reads, **self.gate.stats.writes}

    def forget_calls(self) -> None:
        """Counters and log begin anew; the account and the faults stay."""
        self.gate.stats.reset()


def wait_until(check, timeout_s: float = 10.0, every_s: float = 0.02, what: str = ""):
    """The first true value of check(); AssertionError when the time is up."""
    end = time.monotonic() + timeout_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout_s} s: {what or check}")
        time.sleep(every_s)
