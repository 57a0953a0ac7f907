"""Runs the quoin binary in a folder of its own."""
from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cloud import REGION, Cloud

ROOT = Path(__file__).resolve().parents[2]


def binary() -> Path:
    return Path(os.environ.get("QUOIN_BIN") or ROOT / "build" / "quoin")


@dataclass
class Result:
    args: tuple
    code: int                                # negative: killed by that signal
    out: str
    err: str

    def expect(self, code: int) -> "Result":
        """Asserts the exit code; on failure shows everything that was printed."""
        assert self.code == code, (f"quoin {' '.join(map(str, self.args))}: exit {self.code}, expected {code}\n"
                                   f"--- stdout\n{self.out}\n--- stderr\n{self.err}")
        return self


class Quoin:
    """quoin with an isolated HOME, working folder and AWS environment."""

    def __init__(self, cloud: Cloud, folder: Path, region: str = REGION):
        self.cloud = cloud
        self.folder = Path(folder)
        home = self.folder / "home"
        self.work = self.folder / "work"
        home.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        self.env = cloud.env(str(home), region)

    def write(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *args, env: dict | None = None, stdin=subprocess.DEVNULL) -> subprocess.Popen:
        """Starts quoin and does not wait; finish() collects it."""
        full = {**self.env, **(env or {})}
        return subprocess.Popen([str(binary()), *map(str, args)], cwd=self.work, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True,
                                env={k: v for k, v in full.items() if v is not None})

    @staticmethod
    def finish(process: subprocess.Popen, args: tuple = (), timeout_s: float = 60.0, data: bytes | None = None) -> Result:
        try:
            out, err = process.communicate(data, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"quoin {' '.join(map(str, args))} did not end within {timeout_s} s\n"
                                 f"--- stdout\n{out.decode(errors='replace')}\n--- stderr\n"
                                 f"{err.decode(errors='replace')}") from None
        return Result(args, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def __call__(self, *args, env: dict | None = None, timeout_s: float = 60.0, stdin: str | None = None) -> Result:
        """Runs quoin to its end. env: additions; a value of None takes a variable out."""
        pipe = subprocess.PIPE if stdin is not None else subprocess.DEVNULL
        process = self.start(*args, env=env, stdin=pipe)
        return self.finish(process, args, timeout_s, stdin.encode() if stdin is not None else None)

    def crash_at(self, number: int, when: str, *args, mutating_only: bool = False, timeout_s: float = 60.0) -> Result:
        """Runs quoin and kills it with SIGKILL before or after its N-th request.

        Result.code is -9 when the point was reached, quoin's own code when it
        made fewer requests. On return the emulator has finished what was under way.
        """
        crash = self.cloud.gate.crash
        crash.arm(number, when, mutating_only)
        try:
            process = self.start(*args)
            crash.register(process.pid)
            result = self.finish(process, args, timeout_s)
        finally:
            crash.disarm()
        assert self.cloud.gate.quiesce(), "requests are still under way after the process died"
        return result
