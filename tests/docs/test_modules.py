"""docs/modules/NAME.md against modules/NAME/module.yaml: inputs, outputs, what it makes, and an example that runs.

`python -m tests.docs.test_modules` writes the tables into the pages anew."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import blocks, lay_out, run, whole
from tests.harness.quoin import ROOT, binary

NAMES = sorted(p.parent.name for p in (ROOT / "modules").glob("*/module.yaml"))
BEGIN, END = "<!-- from the module -->\n", "<!-- end -->\n"


class Text(yaml.SafeLoader):
    """Scalars as they are written."""


Text.yaml_implicit_resolvers = {}


def page(name: str) -> Path:
    return ROOT / "docs/modules" / f"{name}.md"


def cell(value) -> str:
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|")


def literal(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return str(value)


def input_row(name: str, facts: dict) -> str:
    limits = [f"{k} {facts[k]}" for k in ("min", "max", "pattern") if k in facts]
    limits += [f"one of {', '.join(facts['enum'])}"] if "enum" in facts else []
    if "default" in facts:
        default = f"`{cell(literal(facts['default']))}`"
    else:
        default = "none" if facts.get("required") == "false" else "required"
    about = "; ".join(t for t in [facts.get("description", ""), ", ".join(limits)] if t)
    return f"| `{name}` | `{cell(facts['type'])}` | {default} | {cell(about)} |"


def tables(name: str) -> str:
    module = yaml.load((ROOT / "modules" / name / "module.yaml").read_text(), Text)
    out = ["## Inputs", "", "| input | type | default | meaning |", "| --- | --- | --- | --- |"]
    out += [input_row(k, v) for k, v in module["inputs"].items()]
    out += ["", "## Outputs", "", ", ".join(f"`{k}`" for k in module["outputs"]) + ".", "", "## What it makes", "",
            "| name | type | how many |", "| --- | --- | --- |"]
    for key, r in module["resources"].items():
        many = "one for each" if "for_each" in r else "one, or none" if "when" in r else "one"
        out.append(f"| `{key}` | {r['type']} | {many} |")
    return "\n".join(out) + "\n"


def split(name: str) -> tuple[str, str, str]:
    head, rest = page(name).read_text().split(BEGIN)
    inner, tail = rest.split(END)
    return head, inner, tail


def test_every_module_has_a_page():
    assert NAMES == sorted(p.stem for p in (ROOT / "docs/modules").glob("*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_tables(name):
    assert split(name)[1] == tables(name), "run: python -m tests.docs.test_modules"


@pytest.mark.skipif(not binary().exists(), reason="quoin is not built")
@pytest.mark.parametrize("name", NAMES)
def test_example(name, tmp_path):
    """Applied in the sandbox it is there, and a second plan is empty."""
    (example,) = [b for b in blocks(page(name)) if b.words[:1] == ["yaml"]]
    assert f"use: {name}" in example.text
    lay_out(tmp_path, whole(example.text))
    done = run(tmp_path, "apply", "dev", "-sandbox", "-auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(tmp_path, "plan", "dev", "-sandbox", "-detailed-exitcode", "-strict-readback")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(tmp_path, "destroy", "dev", "-sandbox", "-auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    for each in NAMES:
        begin, _, end = split(each)
        page(each).write_text(begin + BEGIN + tables(each) + END + end)
