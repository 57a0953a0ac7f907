"""docs/errors.md against the table of codes and against quoin."""
from __future__ import annotations

import os
import re
import shlex

import pytest

from tests.docs.pages import blocks, codes, headings, lay_out, run, whole
from tests.harness.quoin import ROOT, binary

PAGE = ROOT / "docs" / "errors.md"
TABLE = dict(re.findall(r'^DIAG\((\d{4}), SEV_\w+, "(.*)"\)', (ROOT / "include/quoin/diag_codes.h").read_text(), re.M))
WARNINGS = set(re.findall(r'^DIAG\((\d{4}), SEV_WARNING', (ROOT / "include/quoin/diag_codes.h").read_text(), re.M))
SECTIONS = dict(m.groups() for h in headings(PAGE) if (m := re.fullmatch(r"QN(\d{4}): (.*)", h)))


def roles(n: int) -> bytes:
    spec = "resources:\n  role:\n    type: AWS::IAM::Role\n    properties:\n      AssumeRolePolicyDocument: { a: "
    return whole(spec + "[" * n + "x" + "]" * n + " }\n").encode()


# Examples that no page can show.
GENERATED = {
    "0003": b"",  # made longer, without content, by the test
    "0100": whole("locals:\n  a: ").encode() + b"caf\xe9\n",
    "0104": whole("locals:\n  a: " + "[" * 300 + "]" * 300 + "\n").encode(),
    "0109": whole("locals:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 7))).encode(),
    "0217": roles(140),
    "0303": whole("locals:\n  a: ${" + "[" * 300 + "]" * 300 + "}\n").encode(),
    "0319": whole("locals:\n  a: '${length([[x + y for y in range(4000)] for x in range(4000)])}'\n").encode(),
    "0432": whole("components:\n  m: { use: ./modules/m0.yaml }\n").encode(),
}
DEEP_MODULES = {f"m{i}": f"components:\n  m: {{ use: ./m{i + 1}.yaml }}\n" for i in range(200)}
# Codes that a spec and `quoin validate` cannot show, by what they need instead.
ELSEWHERE = {
    "0002": "a command that writes", "0200": "a damaged binary", "0220": "a list that only the catalogue sees",
    "0290": "building quoin", "0445": "a long chain through components", "0502": "a defect",
    **{c: "a state" for c in TABLE if c.startswith("06")},
    **{c: "the cloud" for c in TABLE if c.startswith("07") and c not in ("0780", "0781", "0782")},
    **{c: "plan or apply" for c in TABLE if c.startswith("08")},
    **{c: "provider definitions" for c in TABLE if c.startswith("09")},
}


def examples() -> dict[str, dict]:
    """By code: {"wrong": {...}, "right": {...}} with the spec, its modules and the command."""
    found: dict[str, dict] = {}
    for b in blocks(PAGE):
        section = re.fullmatch(r"QN(\d{4}): .*", b.heading)
        if not section:
            continue
        both = found.setdefault(section[1], {k: {"spec": None, "modules": {}, "command": None, "place": b.place}
                                             for k in ("wrong", "right")})
        for kind in [k for k in ("wrong", "right") if b.is_marked(k)] or ["wrong", "right"]:
            if b.words[0] == "sh":
                both[kind]["command"] = b.text.strip()
            elif b.module:
                both[kind]["modules"][b.module] = b.text
            else:
                assert both[kind]["spec"] is None, f"{b.place}: a second {kind} example"
                both[kind]["spec"] = b.text
    return found


EXAMPLES = examples()


def test_table_is_read():
    assert len(TABLE) > 150


def test_every_code_has_a_section_and_every_section_a_code():
    assert SECTIONS == TABLE


def test_sections_are_in_order():
    order = [m[1] for h in headings(PAGE) if (m := re.match(r"QN(\d{4})", h))]
    assert order == sorted(set(order))


def test_every_code_is_shown_or_cannot_be():
    shown = set(EXAMPLES) | set(GENERATED)
    assert {c for c in TABLE if c not in shown} == set(ELSEWHERE) - shown
    assert not shown & set(ELSEWHERE)


def attempt(example: dict, folder):
    lay_out(folder, whole(example["spec"] or ""), example["modules"])
    command = shlex.split(example["command"] or "quoin validate")
    assert command[0] == "quoin"
    return run(folder, *command[1:])


@pytest.mark.skipif(not binary().exists(), reason="quoin is not built")
class TestExamples:
    @pytest.mark.parametrize("code", sorted(EXAMPLES))
    def test_wrong(self, code, tmp_path):
        example = EXAMPLES[code]["wrong"]
        assert example["spec"] or example["command"], f"QN{code} has no wrong example"
        done = attempt(example, tmp_path)
        assert codes(done) == {f"QN{code}"}, done.stdout + done.stderr
        assert done.returncode == (0 if code in WARNINGS else 1)

    @pytest.mark.parametrize("code", sorted(EXAMPLES))
    def test_right(self, code, tmp_path):
        example = EXAMPLES[code]["right"]
        assert example["spec"] or example["command"], f"QN{code} has no right example"
        done = attempt(example, tmp_path)
        assert done.returncode == 0 and not codes(done), done.stdout + done.stderr

    @pytest.mark.parametrize("code", sorted(GENERATED))
    def test_generated(self, code, tmp_path):
        lay_out(tmp_path, GENERATED[code], DEEP_MODULES if code == "0432" else None)
        if code == "0003":
            os.truncate(tmp_path / "quoin.yaml", (256 << 20) + 1)
        done = run(tmp_path, "validate")
        assert codes(done) == {f"QN{code}"}, (done.stdout + done.stderr)[-2000:]
        assert done.returncode == 1
