"""Blocks of the pages in docs/, and running quoin on them."""
from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.harness.quoin import ROOT, binary

BEGINNING = {"quoin": "quoin: 1\n", "stack": "stack: shop\n", "environments": "environments:\n  dev: { region: us-east-1 }\n"}
CODE = re.compile(r"(?:error|warning)\[(QN\d{4})\]")


@dataclass
class Block:
    words: list[str]     # behind the backquotes: language, then marks
    text: str
    heading: str         # of the section it stands in
    place: str           # file:line

    def is_marked(self, mark: str) -> bool:
        return mark in self.words[1:]

    @property
    def module(self) -> str | None:
        """NAME of a block marked `module NAME`."""
        return self.words[self.words.index("module") + 1] if "module" in self.words else None


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
    return re.findall(r"^#+ (.*)$", text, flags=re.M)


def blocks(page: Path) -> list[Block]:
    found, heading, opened, words, lines = [], "", 0, [], []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            if opened:
                found.append(Block(words, "\n".join(lines) + "\n", heading, f"{page.name}:{opened}"))
                opened = 0
            else:
                opened, words, lines = number, line[3:].split() or [""], []
        elif opened:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
    assert not opened, f"{page.name}:{opened}: a block is never closed"
    return found


def whole(text: str) -> str:
    """The spec with the beginning that examples leave out."""
    return "".join(line for key, line in BEGINNING.items() if not re.search(rf"^{key}:", text, re.M)) + text


def lay_out(folder: Path, spec: str | bytes, modules: dict[str, str] | None = None) -> None:
    (folder / "quoin.yaml").write_bytes(spec if isinstance(spec, bytes) else spec.encode())
    for name, text in (modules or {}).items():
        (folder / "modules").mkdir(exist_ok=True)
        (folder / "modules" / f"{name}.yaml").write_text(text)


def run(folder: Path, *args: str) -> subprocess.CompletedProcess:
    """quoin without network, home or anything of the caller's environment."""
    keep = {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "LSAN_")) or k == "PATH"}
    return subprocess.run([str(binary()), *args], cwd=folder, env={**keep, "HOME": str(folder)}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=60)


def codes(done: subprocess.CompletedProcess) -> set[str]:
    return set(CODE.findall(done.stdout + done.stderr))


def pages() -> list[Path]:
    found = sorted((ROOT / "docs").glob("*.md")) + [p for p in [ROOT / "README.md"] if p.exists()]
    assert len(found) > 3
    return found
