"""kill -9 at every point of the example's life: the next run converges and nothing is lost, doubled or left over.

A life has a kill in each of its phases. QUOIN_CRASH=all takes all points in
turn; otherwise 100 are drawn by QUOIN_SEED."""
from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest

from tests.integration import web

from . import life, points
from .conftest import PHASES

ALL = os.environ.get("QUOIN_CRASH") == "all"
SHARDS = 48 if ALL else 18                   # tests; each lives one or several lives
DRAWN = 36                                   # lives, three points each


def lives(undisturbed) -> list[tuple]:
    """One point for each phase, life by life; None where a phase has no more."""
    draw = random.Random(int(os.environ["QUOIN_SEED"]))
    found = []
    for phase in PHASES:
        all_points = undisturbed[phase][0]
        found.append(list(all_points) if ALL else draw.sample(all_points, min(DRAWN, len(all_points))))
    return [tuple(f[i] if i < len(f) else None for f in found) for i in range(max(map(len, found)))]


def disturbed(quoin, point, again, args, tally, phase) -> None:
    """Killed at the point and, if `again` names one, once more on the way back; then it must end well."""
    result = points.run_to(quoin, point, *args)
    assert result.code in (-9, 0), result.expect(-9)
    tally[phase if result.code == -9 else "not reached"] += 1
    if again and result.code == -9:
        result = points.run_to(quoin, again, *args)
        assert result.code in (-9, 0), result.expect(-9)
        tally[f"{phase}, on the way back" if result.code == -9 else "not reached"] += 1
    quoin(*args).expect(0)
    life.no_lock_held(quoin)


def live(cloud, quoin, undisturbed, three, draw, tally) -> None:
    life.prepare(quoin)
    for phase, point in zip(PHASES, three):
        if not any(three[PHASES.index(phase):]):
            return                           # nothing left to be tried in this life
        if phase == "change":
            life.edit(quoin)
        again = draw.choice(undisturbed[phase][0]) if draw.random() < 0.2 else None
        args = life.DESTROY if phase == "destroy" else life.APPLY
        what = f"{phase}, killed at {point}" + (f", again at {again}" if again else "")
        print(what)
        if point:
            disturbed(quoin, point, again, args, tally, phase)
        else:
            quoin(*args).expect(0)
        if phase != "destroy":
            web.plan_is_empty(quoin)
        life.is_as(cloud, undisturbed[phase][1], what)
    assert quoin("state", "list", web.ENV).expect(0).out == ""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed(shard, cloud, tmp_path_factory, undisturbed, record_property):
    from tests.harness.quoin import Quoin
    tally: Counter = Counter()
    failed = []
    for number, three in enumerate(lives(undisturbed)):
        if number % SHARDS != shard:
            continue
        cloud.reset()
        quoin = Quoin(cloud, tmp_path_factory.mktemp("life"))
        draw = random.Random(f"{os.environ['QUOIN_SEED']}/{number}")
        try:
            live(cloud, quoin, undisturbed, three, draw, tally)
        except AssertionError as err:
            failed.append(f"life {number}: {' | '.join(map(str, three))}\n{err}")
    record_property("crash", json.dumps(tally))
    assert not failed, "\n\n".join(failed)
