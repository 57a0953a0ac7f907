"""pytest: fixtures, and the rule that a violation fails the session."""
from __future__ import annotations

import pytest

from .cloud import Cloud
from .quoin import Quoin, binary

_TOTALS = pytest.StashKey[dict]()


@pytest.fixture(scope="session")
def cloud_session(request):
    cloud = Cloud()
    yield cloud
    totals = _totals(request.config)
    totals["requests"] += cloud.gate.stats.total
    totals["violations"] += [str(v) for v in cloud.gate.stats.violations]
    totals["emulator"] += cloud.gate.stats.emulator_failures
    cloud.stop()


@pytest.fixture
def cloud(cloud_session):
    """A fresh account behind a gate without faults."""
    cloud_session.reset()
    yield cloud_session
    cloud_session.gate.crash.disarm()


@pytest.fixture
def gate(cloud):
    return cloud.gate


@pytest.fixture
def quoin(cloud, tmp_path):
    if not binary().exists():
        pytest.skip(f"{binary()} is not built")
    return Quoin(cloud, tmp_path)


def _totals(config) -> dict:
    if _TOTALS not in config.stash:
        config.stash[_TOTALS] = {"requests": 0, "violations": [], "emulator": []}
    return config.stash[_TOTALS]


def pytest_sessionfinish(session, exitstatus):
    totals = _totals(session.config)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["gate"] = totals
    elif totals["violations"] and exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    worker = getattr(node, "workeroutput", {}).get("gate")
    if worker:
        totals = _totals(node.config)
        for key, value in worker.items():
            totals[key] += value


def pytest_terminal_summary(terminalreporter, config):
    totals = _totals(config)
    if not totals["requests"]:
        return
    for violation in totals["violations"][:50]:
        terminalreporter.write_line(f"gate violation: {violation}", red=True)
    for failure in totals["emulator"][:20]:
        terminalreporter.write_line(f"emulator failure: {failure}", yellow=True)
    terminalreporter.write_line(f"gate: {totals['requests']} requests, {len(totals['violations'])} violations")
