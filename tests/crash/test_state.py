"""The state under torture, through the binary: cuts, flipped bits, full disk, failing syncs, read-only folder."""
from __future__ import annotations

import json
import os
import random
import shutil
import subprocess

import pytest

from tests.harness.snapshot import diff, duplicates, snapshot_account
from tests.integration import web

from . import life, points


def folder(quoin):
    return quoin.work / "state" / "web" / web.ENV


def journal(quoin):
    """The last segment that holds records."""
    return max(p for p in folder(quoin).glob("j-*.jsonl") if p.stat().st_size)


def records(data: bytes) -> list[int]:
    """Where each line ends."""
    return [i + 1 for i, byte in enumerate(data) if byte == 10]


@pytest.fixture
def draw():
    return random.Random(int(os.environ["QUOIN_SEED"]))


@pytest.fixture
def applied(cloud, quoin):
    life.prepare(quoin)
    web.apply(quoin)
    cloud.forget_calls()
    return quoin


def test_cut_at_every_byte_of_the_last_records(cloud, applied, draw):
    path = journal(applied)
    data = path.read_bytes()
    ends = records(data)
    names = applied("state", "list", web.ENV).expect(0).out
    account = snapshot_account(cloud)
    for cut in range(ends[-3] + 1, len(data)):
        path.write_bytes(data[:cut])
        result = applied("state", "list", web.ENV).expect(0)
        assert result.out == names
        whole = cut in ends or cut + 1 in ends  # a record verifies without its newline
        assert ("QN0602" in result.err) == (not whole), (cut, result.err)
    assert cloud.mutations() == []
    # and the whole way back from some of them; zeros behind the cut are what a preallocated file has
    for cut in draw.sample(range(ends[-3] + 1, len(data)), 4):
        for path_now in folder(applied).glob("j-*.jsonl"):
            path_now.unlink()
        path.write_bytes(data[:cut] + bytes(draw.choice((0, 1, 5000))))
        web.apply(applied)
        web.plan_is_empty(applied)
    assert not diff(account, snapshot_account(cloud))


def test_cut_within_what_a_create_wrote(cloud, applied, draw):
    """Outcomes are lost, their intents are not: every create is found again."""
    path = journal(applied)
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    account = snapshot_account(cloud)
    # behind the last intent of a create all creates had been sent, and nothing else that changes anything
    last = max(i for i, line in enumerate(lines) if json.loads(line)["kind"] == "intent" and json.loads(line).get("verb") == "c")
    start = sum(map(len, lines[:last + 1]))
    for cut in draw.sample(range(start, len(data)), 5):
        for segment in folder(applied).glob("j-*.jsonl"):
            segment.unlink()
        path.write_bytes(data[:cut])
        cloud.forget_calls()
        web.apply(applied)
        assert [c for c in cloud.mutations() if ":Create" in c and "Tags" not in c] == []
        web.plan_is_empty(applied)
    assert not diff(account, snapshot_account(cloud))


def test_flipped_bits(cloud, applied, draw):
    path = journal(applied)
    data = path.read_bytes()
    for at in [0, *draw.sample(range(1, len(data) - 1), 16)]:
        broken = bytearray(data)
        broken[at] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(broken))
        for args in (("plan", web.ENV), life.APPLY, life.DESTROY):
            result = applied(*args).expect(1)
            assert "QN0601" in result.err, (at, args, result.err)
            assert "Plan:" not in result.out
        assert path.read_bytes() == bytes(broken), "a damaged journal was written to"
    path.write_bytes(data)
    assert cloud.mutations() == []
    web.plan_is_empty(applied)


REPAIR = ("state", "repair", web.ENV, "-auto-approve")


def test_repair(cloud, applied, draw):
    """Bytes of any one record change: the state comes back, no object is lost or made twice."""
    path = journal(applied)
    data = path.read_bytes()
    ends = [0, *records(data)]
    account = snapshot_account(cloud)
    outcomes = [i for i, line in enumerate(data.splitlines()) if json.loads(line)["kind"] == "outcome"]
    for i in [*draw.sample(range(len(ends) - 1), 3), draw.choice(outcomes)]:
        shutil.rmtree(folder(applied))
        folder(applied).mkdir()
        broken = bytearray(data)
        for at in draw.sample(range(ends[i], ends[i + 1] - 1), 3):
            broken[at] ^= 1
        path.write_bytes(bytes(broken))
        cloud.forget_calls()
        failed = applied(*life.APPLY).expect(1)
        assert f"`quoin state repair {web.ENV}`" in failed.err, failed.err
        refused = applied("state", "repair", web.ENV).expect(12)
        assert "-auto-approve" in refused.err and f"record {i + 1}\n" in refused.out, (refused.out, refused.err)
        assert [p.name for p in folder(applied).iterdir() if p.name != "lock"] == [path.name]
        done = applied(*REPAIR).expect(0)
        assert "Repaired." in done.out and f"quoin plan {web.ENV}" in done.out, done.out
        kept = [p for p in folder(applied).glob(f"damaged-*/{path.name}")]
        assert len(kept) == 1 and kept[0].read_bytes() == bytes(broken)
        assert cloud.mutations() == [], "repair changes nothing in the cloud"
        assert "Nothing to repair" in applied(*REPAIR).expect(0).out
        applied("state", "check", web.ENV).expect(0)
        web.apply(applied)
        web.plan_is_empty(applied)
        assert [c for c in cloud.mutations() if ":Create" in c and "Tags" not in c] == [], (i, data.splitlines()[i])
        assert not diff(account, snapshot_account(cloud)), (i, data.splitlines()[i])


def test_check_names_what_is_lost(applied):
    path = journal(applied)
    data = bytearray(path.read_bytes())
    assert json.loads(applied("state", "check", web.ENV, "-json").expect(0).out)["damaged"] is False
    ends = records(data)
    data[ends[4] + 100] ^= 1
    data[ends[5] + 100] ^= 1
    path.write_bytes(bytes(data))
    found = json.loads(applied("state", "check", web.ENV, "-json").expect(1).out)
    assert found["damaged"] and found["lost"] == [[6, 7]], found
    assert "records 6 to 7" in applied("state", "check", web.ENV).expect(1).out


@pytest.mark.parametrize("closed", (True, False))
def test_flipped_bits_of_the_last_records(closed, cloud, applied, draw):
    """Every byte of the last three records (a sample): a changed byte is damage, wherever, also when the run
    was killed behind its last sync; only the last line feed may change."""
    path = journal(applied)
    data = path.read_bytes()
    if not closed:                           # as SIGKILL leaves it: no closing record, and the room that was kept
        data = data[:records(data)[-2]] + bytes(9000)
    ends = records(data)
    names = applied("state", "list", web.ENV).expect(0).out
    last = ends[-1] - 1
    for at in [ends[-4], last - 1, last, *draw.sample(range(ends[-4], last), 60)]:
        broken = bytearray(data)
        broken[at] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(broken))
        result = applied("state", "list", web.ENV)
        if at == last and closed:
            assert result.expect(0).out == names
        else:
            assert "QN0601" in result.expect(1).err, (at, bytes(broken[at - 20:at + 20]), result.err)
    assert cloud.mutations() == []


def test_segment_lost(cloud, applied):
    """A journal whose first file is missing is damage, not an empty state."""
    web.edit(applied, ("nginx:1.27", "nginx:1.28"))
    web.apply(applied)
    first = min(folder(applied).glob("j-*.jsonl"))
    first.unlink()
    cloud.forget_calls()
    result = applied(*life.APPLY).expect(1)
    assert "QN060" in result.err, result.err
    assert cloud.mutations() == []


# ---- disks -------------------------------------------------------------------------------------------


def converges(cloud, quoin) -> None:
    life.no_lock_held(quoin)
    web.apply(quoin)
    web.plan_is_empty(quoin)
    web.check_everything(cloud)
    assert not duplicates(snapshot_account(cloud))


@pytest.mark.parametrize("what", ("full", "broken"))
@pytest.mark.parametrize("part", range(3))
def test_disk_fails_from_a_call_on(part, what, cloud, quoin, tmp_path_factory, draw):
    """No room from the n-th call on; the n-th sync fails."""
    from tests.harness.quoin import Quoin
    for number in draw.sample(range(1, 85), 40)[part::20]:
        cloud.reset()
        one = Quoin(cloud, tmp_path_factory.mktemp("disk"))
        life.prepare(one)
        result = one(*life.APPLY, env=points.preload(one, at=number, when=what))
        assert cloud.gate.quiesce()
        assert result.code in (0, 1), result.expect(1)
        if result.code:
            assert "QN0604" in result.err or "QN0610" in result.err or "QN0002" in result.err, result.err
        converges(cloud, one)


@pytest.fixture
def small_disk(quoin):
    """state/ on a disk of its own; yields a function that leaves so many bytes free."""
    where = quoin.work / "state"
    where.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(where)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no right to mount a small disk: {made.stderr.strip()}")
    ballast = where / "ballast"

    def leave(free: int) -> None:
        ballast.unlink(missing_ok=True)
        now = shutil.disk_usage(where).free
        if now > free:
            ballast.write_bytes(bytes(now - free))

    yield leave
    subprocess.run(["umount", str(where)], check=True)


@pytest.mark.parametrize("free", (0, 4096, 65536, 262144 + 4096))
def test_full_disk(free, cloud, quoin, small_disk):
    life.prepare(quoin)
    small_disk(free)
    result = quoin(*life.APPLY)
    assert result.code in (0, 1), result.expect(1)
    if result.code:
        assert "No space left" in result.err, result.err
        if not cloud.mutations():
            assert snapshot_account(cloud, services=("S3",)) == {}
    small_disk(8 << 20)
    converges(cloud, quoin)


def test_disk_fills_up_during_the_life(cloud, quoin, small_disk):
    """Applied; then the disk is full: an apply with changes sends nothing that it could not record."""
    life.prepare(quoin)
    web.apply(quoin)
    cloud.forget_calls()
    small_disk(0)
    life.edit(quoin)
    failed = quoin(*life.APPLY).expect(1)
    assert "No space left" in failed.err, failed.err
    assert cloud.mutations() == []
    quoin("plan", web.ENV, "-detailed-exitcode").expect(2)
    small_disk(8 << 20)
    web.apply(quoin)
    web.plan_is_empty(quoin)


def test_read_only_folder(cloud, quoin, small_disk):
    life.prepare(quoin)
    web.apply(quoin)
    web.edit(quoin, ("nginx:1.27", "nginx:1.28"))
    cloud.forget_calls()
    where = str(quoin.work / "state")
    subprocess.run(["mount", "-o", "remount,ro", where], check=True)
    quoin("plan", web.ENV, "-detailed-exitcode").expect(2)
    quoin("state", "list", web.ENV).expect(0)
    quoin("drift", web.ENV).expect(0)
    for args in (life.APPLY, life.DESTROY):
        failed = quoin(*args).expect(1)
        assert "Read-only file system" in failed.err, failed.err
    assert cloud.mutations() == []
    subprocess.run(["mount", "-o", "remount,rw", where], check=True)
    web.apply(quoin)
    web.plan_is_empty(quoin)
