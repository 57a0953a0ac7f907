"""Where quoin is killed: before or after a request, or at a call that changes the state folder."""
from __future__ import annotations

import fcntl
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.harness.quoin import Quoin, Result

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REQUEST = ("before", "after")
# what the killer of the state folder can do at each kind of call
DISK = {"write": ("before", "after", "torn"), "fdatasync": ("before", "after", "lost"), "fsync": ("before", "after", "lost")}


@dataclass(frozen=True)
class Point:
    kind: str                                # 'request' or 'disk'
    number: int                              # from 1
    when: str

    def __str__(self) -> str:
        return f"{self.kind} {self.number} {self.when}"


def killer() -> Path:
    """The library that is preloaded; built when missing or old."""
    folder = ROOT / "build" / "crash"
    folder.mkdir(parents=True, exist_ok=True)
    source, target = HERE / "killio.c", folder / "killio.so"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run([os.environ.get("CC", "cc"), "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC",
                            "-o", f"{target}~", str(source), "-ldl"], check=True)
            os.rename(f"{target}~", target)
    return target


def preload(quoin: Quoin, **settings) -> dict[str, str]:
    return {"LD_PRELOAD": str(killer()), "QUOIN_KILL_DIR": str(quoin.work / "state"),
            **{f"QUOIN_KILL_{k.upper()}": str(v) for k, v in settings.items()}}


def count(quoin: Quoin, *args) -> list[Point]:
    """Runs quoin undisturbed and lists every point of that run."""
    log = quoin.folder / "disk.log"
    log.unlink(missing_ok=True)
    quoin.cloud.forget_calls()
    quoin(*args, env=preload(quoin, log=log)).expect(0)
    found = [Point("request", n, when) for n in range(1, sum(quoin.cloud.calls().values()) + 1) for when in REQUEST]
    for n, what in enumerate(log.read_text().split(), 1):
        found += [Point("disk", n, when) for when in DISK.get(what, REQUEST)]
    return found


def run_to(quoin: Quoin, point: Point, *args) -> Result:
    """Runs quoin and kills it at the point; code -9 when the run got there."""
    if point.kind == "request":
        return quoin.crash_at(point.number, point.when, *args)
    result = quoin(*args, env=preload(quoin, at=point.number, when=point.when))
    assert quoin.cloud.gate.quiesce(), "requests are still under way after the process died"
    return result
