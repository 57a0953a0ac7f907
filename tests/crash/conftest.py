"""The seed of the drawn points, the run that nobody disturbs, and the summary."""
from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest

from tests.harness.quoin import Quoin, binary
from tests.harness.snapshot import snapshot_account
from tests.integration import web

from . import life, points

PHASES = ("create", "change", "destroy")


def pytest_configure(config):
    # set before the workers start, which inherit it
    os.environ.setdefault("QUOIN_SEED", str(random.SystemRandom().randrange(1 << 31)))


@pytest.fixture(scope="session")
def undisturbed(cloud_session, tmp_path_factory):
    """phase -> (points of the run, account after it)."""
    if not binary().exists():
        pytest.skip(f"{binary()} is not built")
    cloud_session.reset()
    quoin = Quoin(cloud_session, tmp_path_factory.mktemp("undisturbed"))
    life.prepare(quoin)
    out = {"before": ([], life.canonical(snapshot_account(cloud_session)))}
    for phase in PHASES:
        if phase == "change":
            life.edit(quoin)
        found = points.count(quoin, *(life.DESTROY if phase == "destroy" else life.APPLY))
        if phase == "create":
            web.check_everything(cloud_session)
        out[phase] = (found, life.canonical(snapshot_account(cloud_session)))
    assert out["destroy"][1] == out["before"][1], "destroy leaves something"
    return out


def pytest_terminal_summary(terminalreporter):
    total: Counter = Counter()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "crash":
                total.update(json.loads(value))
    if total:
        reached = sum(v for k, v in total.items() if k != "not reached")
        terminalreporter.write_line(f"crash: killed at {reached} points ({dict(sorted(total.items()))}), "
                                    f"seed QUOIN_SEED={os.environ['QUOIN_SEED']}")
