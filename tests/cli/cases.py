"""Cases of bad input: what is in a folder below bad/, and how its output is compared."""
from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

BAD = Path(__file__).parent / "bad"
KEYS = {"args", "exit", "env", "setup", "stdin", "limit", "asan", "violates"}
OUTPUTS = {"cmd", "err.txt", "out.txt"}


@dataclass
class Case:
    folder: Path
    args: list[str] = field(default_factory=lambda: ["validate"])
    exit: int = 1
    env: dict[str, str | None] = field(default_factory=dict)
    setup: str | None = None
    stdin: str | None = None
    limit: int | None = None
    asan: bool = True
    violates: bool = False

    @property
    def inputs(self) -> list[Path]:
        return [p for p in sorted(self.folder.rglob("*")) if p.is_file() and p.name not in OUTPUTS]


def load(folder: Path) -> Case:
    case = Case(folder)
    cmd = folder / "cmd"
    for number, line in enumerate(cmd.read_text().splitlines() if cmd.exists() else [], 1):
        key, colon, value = line.partition(": ")
        if not colon or key not in KEYS:
            raise ValueError(f"{cmd}:{number}: not a `key: value` line of {sorted(KEYS)}: {line}")
        if key == "args":
            case.args = shlex.split(value)
        elif key == "env":
            name, _, text = value.partition("=")
            case.env[name] = text or None
        elif key in ("exit", "limit"):
            setattr(case, key, int(value))
        elif key == "asan":
            case.asan = value != "no"
        elif key == "violates":
            case.violates = value == "yes"
        else:
            setattr(case, key, value.replace("\\n", "\n"))
    stray = [p for p in case.inputs if p.suffix not in (".yaml", ".json", ".plan")]
    if stray:
        raise ValueError(f"stray file {stray[0]}")
    if not case.inputs and not cmd.exists():
        raise ValueError(f"{folder} holds no case")
    return case


def load_all() -> list[Case]:
    stray = [p for p in BAD.iterdir() if not p.is_dir()]
    if stray:
        raise ValueError(f"stray file {stray[0]}")
    cases = [load(p) for p in sorted(BAD.iterdir())]
    if len(cases) < 60:
        raise ValueError(f"only {len(cases)} cases below {BAD}")
    return cases


# What the emulator and the machine choose anew each time.
_VARIABLE = [
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:[port]"),
    (re.compile(r"\b(vpc|subnet|igw|rtb|rtbassoc|sg)-[0-9a-f]{8,17}\b"), r"\1-[id]"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "[uuid]"),
    (re.compile(r"\brequest [A-Za-z0-9-]{20,}\b"), "request [id]"),
    (re.compile(r"\b(process|pid) \d+"), r"\1 [number]"),
    (re.compile(r"\bhost [A-Za-z0-9.-]+"), "host [name]"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?\b"), "[time]"),
    (re.compile(r"\d{8}T\d{6}Z"), "[time]"),
    (re.compile(r"\d{8}(?=/us-)"), "[date]"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"), "[hash]"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "[lineage]"),
    (re.compile(r"\(\d+\.\d s\)"), "([time])"),
]


def normalise(text: str, work: Path) -> str:
    text = text.replace(str(work), "[work]").replace(str(work.parent), "[folder]")
    for pattern, word in _VARIABLE:
        text = pattern.sub(word, text)
    return text


def compare(path: Path, got: str, optional: bool) -> str | None:
    """None if the file holds this text; a missing optional file stands for nothing."""
    if os.environ.get("QUOIN_GOLDEN_UPDATE") == "1":
        if got or not optional:
            path.write_text(got)
        else:
            path.unlink(missing_ok=True)
        return None
    want = path.read_text() if path.exists() else "" if optional else None
    if want is None:
        return f"{path} is missing"
    return None if got == want else f"--- {path}\n{want}--- got\n{got}"


def tree_bytes(folder: Path) -> dict[str, bytes]:
    """Content of a state folder; the file that the lock is taken on says only who had it last."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "lock"}
