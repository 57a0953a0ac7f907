"""Whole specs in the pages are valid, unless they are marked as wrong."""
from __future__ import annotations

import pytest

from tests.docs.pages import blocks, codes, lay_out, pages, run
from tests.harness.quoin import binary


def specs():
    for page in pages():
        found = blocks(page)
        modules = {b.module: b.text for b in found if b.words[0] == "yaml" and b.module and not b.is_marked("wrong")}
        for b in found:
            if b.words[0] == "yaml" and b.text.startswith("quoin: 1") and not b.module and page.name != "errors.md":
                yield pytest.param(b, modules, id=b.place)


CASES = [c for c in specs() if not c.values[0].is_marked("part")]


def test_there_are_some():
    assert CASES


@pytest.mark.skipif(not binary().exists(), reason="quoin is not built")
@pytest.mark.parametrize("block, modules", CASES)
def test_spec(block, modules, tmp_path):
    lay_out(tmp_path, block.text, modules)
    done = run(tmp_path, "validate")
    if block.is_marked("refused"):
        wanted = block.words[block.words.index("refused") + 1]
        assert wanted in codes(done) and done.returncode == 1, done.stdout + done.stderr
    elif block.is_marked("wrong"):
        assert done.returncode == 1, done.stdout + done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr
