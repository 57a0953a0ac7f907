"""Starts and stops one moto server process."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_MAIN = Path(__file__).with_name("moto_main.py")


class MotoProcess:
    """moto on a free port of 127.0.0.1, ended with its parent at the latest."""

    def __init__(self, log_path: str = os.devnull):
        self.host, self.port = "127.0.0.1", _free_port()
        env = dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true", MOTO_EC2_LOAD_DEFAULT_AMIS="false",
                   PYTHONDONTWRITEBYTECODE="1")
        for name in list(env):
            if name.startswith("AWS_"):
                del env[name]
        self._log = open(log_path, "ab")
        self.process = subprocess.Popen(
            [sys.executable, str(_MAIN), "-H", self.host, "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=env, preexec_fn=_die_with_parent)
        self._wait()

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"moto ended with code {self.process.returncode} at its start")
            try:
                socket.create_connection(self.address, timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("moto did not start within 30 s")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _die_with_parent() -> None:
    """Linux: the child gets SIGTERM when the thread that made it ends with its process."""
    if sys.platform == "linux":
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
