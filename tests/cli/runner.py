"""Runs the binary without a cloud, or with one, as an ordinary user would."""
from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from ..harness.quoin import Result, binary

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
# Nothing listens there: a test that should need no network fails when it tries.
OFFLINE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "LC_ALL": "C.UTF-8", "TZ": "UTC",
           "AWS_MAX_ATTEMPTS": "2"}


def as_user(limit: int | None):
    """For preexec_fn: file permissions hold for root too; no file grows beyond limit bytes."""
    def prepare():
        if _libc is not None and os.geteuid() == 0:
            for capability in (1, 2):                            # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
                _libc.prctl(24, capability, 0, 0, 0)             # PR_CAPBSET_DROP
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)            # Python ignores it and children would inherit that
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return prepare


class Runner:
    """Calls quoin in a folder of its own; environment: OFFLINE unless a cloud is given."""

    def __init__(self, folder: Path, cloud=None):
        self.work = folder / "work"
        home = folder / "home"
        self.work.mkdir(parents=True)
        home.mkdir()
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") or k.endswith("SAN_OPTIONS")}
        self.env = cloud.env(str(home)) if cloud else {**keep, **OFFLINE, "HOME": str(home)}

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def start(self, *args, env=None, limit=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) -> subprocess.Popen:
        full = {**self.env, **(env or {})}
        return subprocess.Popen([str(binary()), *map(str, args)], cwd=self.work, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                env={k: v for k, v in full.items() if v is not None}, preexec_fn=as_user(limit))

    def __call__(self, *args, env=None, limit=None, stdin: str | None = None, timeout_s: float = 60) -> Result:
        process = self.start(*args, env=env, limit=limit, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            out, err = process.communicate(None if stdin is None else stdin.encode(), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"quoin {' '.join(map(str, args))} hangs\n{out.decode()}\n{err.decode()}") from None
        return Result(args, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
