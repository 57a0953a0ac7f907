"""docs/cli.md against the program: help texts, exit codes, environment variables.

`python -m tests.docs.test_cli` writes the help texts into the page anew."""
from __future__ import annotations

import re
import subprocess

import pytest

from tests.docs.pages import blocks, headings, run
from tests.harness.quoin import ROOT, binary

PAGE = ROOT / "docs" / "cli.md"
HELP = {" ".join(b.words[2:]): b for b in blocks(PAGE) if b.words[:2] == ["text", "help"]}
VARIABLE = r"(?:AWS|QUOIN)_[A-Z0-9_]+"


def commands(folder) -> list[str]:
    text = run(folder, "help").stdout
    return re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]", text, re.M)


def sources() -> str:
    return "\n".join(p.read_text() for p in sorted((ROOT / "src").rglob("*.c")))


needs_binary = pytest.mark.skipif(not binary().exists(), reason="quoin is not built")


@needs_binary
def test_every_command_has_a_section(tmp_path):
    found = commands(tmp_path)
    assert len(found) > 10
    assert list(HELP) == found
    assert [h.removeprefix("quoin ") for h in headings(PAGE) if h.startswith("quoin ")] == found


@needs_binary
@pytest.mark.parametrize("command", list(HELP))
def test_help(command, tmp_path):
    done = run(tmp_path, *command.split(), "-help")
    assert done.returncode == 0
    assert done.stdout == HELP[command].text, "run: python -m tests.docs.test_cli"
    assert HELP[command].heading == f"quoin {command}"


def test_exit_codes():
    declared = re.search(r"enum exit_code \{(.*?)\}", (ROOT / "src/cli/cli.h").read_text(), re.S)[1]
    in_code = {int(n) for n in re.findall(r"= (\d+)", declared)}
    in_page = {int(n) for n in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.M)}
    assert in_code and in_page == in_code


def test_environment_variables():
    read = {v.rstrip("_") for v in re.findall(rf'"({VARIABLE})', sources())}
    rows = "\n".join(line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    told = set(re.findall(rf"`({VARIABLE})", rows))
    patterns = {"AWS_ENDPOINT_URL_SERVICE": "AWS_ENDPOINT_URL", "QUOIN_VAR_": "QUOIN_VAR"}
    assert {patterns.get(v, v) for v in told} == read


def write() -> None:
    text = PAGE.read_text()
    for command, block in HELP.items():
        new = subprocess.run([str(binary()), *command.split(), "-help"], capture_output=True, text=True, check=True).stdout
        text = text.replace(f"```text help {command}\n{block.text}```", f"```text help {command}\n{new}```")
    PAGE.write_text(text)


if __name__ == "__main__":
    write()
