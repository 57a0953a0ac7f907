"""kill -9 while a failed apply is taken back: the next apply goes on from there, to the new spec or back to the old one."""
from __future__ import annotations

import os
import random

import pytest

from tests.harness.snapshot import snapshot_account
from tests.integration import web
from tests.integration.test_rollback import EDIT, ROLLBACK, refuse

from . import life, points

# All but the new image, so that one delete remains, the last change of all, and it fails.
CHANGES = [pair for pair in EDIT if "nginx" not in pair[0]]
DRAWN = 7                                    # lives of each kind


def begin(cloud, quoin) -> None:
    life.prepare(quoin)
    web.apply(quoin)
    web.edit(quoin, *CHANGES)


def refuse_the_last(cloud) -> None:
    cloud.gate.faults.clear()
    refuse(cloud, "ec2:DeleteSecurityGroup")


@pytest.fixture(scope="module")
def taken_back(cloud_session, tmp_path_factory):
    """(points of the way back, account before, account after the change is made)."""
    from tests.harness.quoin import Quoin
    cloud_session.reset()
    quoin = Quoin(cloud_session, tmp_path_factory.mktemp("undisturbed"))
    begin(cloud_session, quoin)
    before = life.canonical(snapshot_account(cloud_session))
    refuse_the_last(cloud_session)
    log = quoin.folder / "disk.log"
    cloud_session.forget_calls()
    result = quoin(*ROLLBACK, env=points.preload(quoin, log=log)).expect(13)
    assert "rollback: web: destroyed" in result.out and "rollback: service: updated" in result.out, result.out
    assert life.canonical(snapshot_account(cloud_session)) == before
    requests, disk = sum(cloud_session.calls().values()), log.read_text().split()
    cloud_session.gate.faults.clear()
    web.apply(quoin)
    after = life.canonical(snapshot_account(cloud_session))
    # the way back is the last third or more of the requests and of the calls that change the state folder
    found = [points.Point("request", n, when) for n in range(requests * 2 // 3, requests + 1) for when in points.REQUEST]
    found += [points.Point("disk", n, when) for n in range(len(disk) * 2 // 3, len(disk) + 1)
              for when in points.DISK.get(disk[n - 1], points.REQUEST)]
    return found, before, after


@pytest.mark.parametrize("number", range(DRAWN))
@pytest.mark.parametrize("forward", [True, False], ids=["on", "back"])
def test_killed(number, forward, cloud, quoin, taken_back):
    found, before, after = taken_back
    point = random.Random(f"{os.environ['QUOIN_SEED']}/{number}/{forward}").choice(found)
    print(point)
    begin(cloud, quoin)
    refuse_the_last(cloud)
    result = points.run_to(quoin, point, *ROLLBACK)
    assert result.code in (-9, 13), result.expect(-9)
    cloud.gate.faults.clear()
    if not forward:
        web.write(quoin)
    quoin(*life.APPLY).expect(0)
    life.no_lock_held(quoin)
    web.plan_is_empty(quoin)
    life.is_as(cloud, after if forward else before, f"killed at {point}")
