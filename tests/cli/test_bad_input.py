"""The exact text for every kind of bad input (README.md)."""
import shutil

import pytest

from . import cases, setups
from .runner import Runner

CASES = cases.load_all()


def _parameters():
    for case in CASES:
        yield pytest.param(case, id=case.folder.name, marks=[pytest.mark.asan] if case.asan else [])


@pytest.mark.parametrize("case", _parameters())
def test_bad_input(case, tmp_path, request):
    setup = setups.find(case.setup)
    cloud = request.getfixturevalue("cloud") if getattr(setup, "online", False) else None
    run = Runner(tmp_path, cloud)
    for path in case.inputs:
        target = run.work / path.relative_to(case.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    with setups.prepared(setup, run, cloud):
        before = cases.tree_bytes(run.work / "state")
        result = run(*case.args, env=case.env, limit=case.limit, stdin=case.stdin)
        after = cases.tree_bytes(run.work / "state")
    if case.violates:
        assert cloud.gate.stats.take_violations(), "the gate had nothing against it"
    assert result.code == case.exit, f"exit {result.code}, expected {case.exit}\n{result.out}\n{result.err}"
    # A writer begins a file of its own; what is recorded in the others stays.
    assert {name: data for name, data in after.items() if name in before} == before, "the recorded state was changed"
    wrong = [cases.compare(case.folder / "err.txt", cases.normalise(result.err, run.work), optional=False),
             cases.compare(case.folder / "out.txt", cases.normalise(result.out, run.work), optional=True)]
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_setups_are_used():
    unused = set(setups.names()) - {case.setup for case in CASES}
    assert not unused, f"no case uses {sorted(unused)}"
