"""Drift is found, named and repaired, and the spec changes every property: for every updatable property of every type."""
from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.harness.definitions import quick
from tests.harness.quoin import Quoin, binary

from .drift import balancing, compute, edge, identity, names, network, scale, storage
from .drift.table import RELEASED, REQUIRED, definitions, prop_id, updatable

GROUPS = {g.name: g for g in (network.GROUP, edge.GROUP, compute.GROUP, storage.GROUP, names.GROUP, scale.GROUP, balancing.GROUP, identity.GROUP)}
ROWS = [(g, p) for g in GROUPS.values() for p in g.props]
REFUSED = 12
EXCEPTIONS = {k: why for g in GROUPS.values() for k, why in g.exceptions.items()}


class Applied:
    """A group's spec, applied once and used by all of its rows."""

    def __init__(self, cloud, folder, group):
        self.cloud, self.folder, self.group = cloud, folder, group
        self.dirty, self.runs = True, 0

    def ready(self) -> None:
        """Makes the account anew if a row left it changed."""
        if not self.dirty:
            return
        self.runs += 1
        self.cloud.reset()
        self.given = self.group.prepare(self.cloud)
        self.quoin = Quoin(self.cloud, self.folder / str(self.runs))
        self.quoin.env["DRIFT_SECRET"] = "kept out of everything"
        self.quoin.env["QUOIN_PROVIDER_PATH"] = str(quick(self.folder / "definitions"))
        self.write()
        self.apply()
        self.read_ids()
        self.empty()

    def read_ids(self) -> None:
        known = json.loads(self.quoin("output", "-json", "-env", "test").expect(0).out)
        self.ids = {**self.given, **{k: v["value"] if isinstance(v, dict) else v for k, v in known.items()}}

    def write(self, changes=None) -> None:
        self.quoin.write("quoin.yaml", self.group.spec(self.given, changes))

    def apply(self, *options) -> list[str]:
        self.cloud.forget_calls()
        self.out = self.quoin("apply", "test", "-auto-approve", *options).expect(0).out
        return self.cloud.mutations()

    def empty(self) -> None:
        self.quoin("plan", "test", "-detailed-exitcode", "-strict-readback").expect(0)

    def fill(self, value):
        """Texts with {x} for ids."""
        if isinstance(value, str):
            for name, ident in self.ids.items():
                value = value.replace("{%s}" % name, ident).replace("<%s>" % name, ident)
            return value
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        return [self.fill(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def applied(request, cloud_session, tmp_path_factory):
    if not binary().exists():
        pytest.skip(f"{binary()} is not built")
    group = GROUPS[request.param]
    return Applied(cloud_session, tmp_path_factory.mktemp(group.name), group)


def check_drift(a: Applied, prop, drift) -> None:
    drift.change(a.cloud, a.ids)
    assert a.fill(prop.seen) != prop.look(a.cloud, a.ids), "the change behind quoin's back does not show"
    report = a.quoin("drift", "test").expect(2).out
    report = re.sub(r":\n +recorded (.*)\n +live +(.*)", r": recorded \1, live \2", report)  # long values stand below each other
    assert f"{prop.address} ({a.group.type_of(prop.address)}) has changed" in report, report
    lines = [line.strip() for line in report.splitlines() if re.search(r"(: recorded |, recorded -> live:)", line)]
    assert lines and all(line.startswith(prop.name) for line in lines), report
    for words in drift.report:
        assert a.fill(words) in report, (a.fill(words), report)
    calls = a.apply()
    assert prop.look(a.cloud, a.ids) == a.fill(prop.seen), a.out
    assert Counter(calls) == Counter(prop.calls if drift.calls is None else drift.calls), a.out
    a.empty()


def check_spec(a: Applied, prop) -> None:
    key = prop.address, prop.name
    if prop.new is not None:
        a.write({key: prop.new})
        calls = a.apply()
        assert prop.look(a.cloud, a.ids) == a.fill(prop.new_seen), a.out
        assert Counter(calls) == Counter(prop.calls), a.out
        a.empty()
        a.write()
        a.apply()
        assert prop.look(a.cloud, a.ids) == a.fill(prop.seen), a.out
    if prop.removed == REQUIRED:
        return
    a.write({key: None})
    calls = a.apply()
    assert ("AWS has no reset, left as it is" in a.out) == (prop.removed == RELEASED), a.out
    wanted = prop.seen if prop.removed == RELEASED else prop.removed_seen
    assert prop.look(a.cloud, a.ids) == a.fill(wanted), a.out
    if prop.removed == RELEASED:
        assert calls == [], a.out
    else:
        assert Counter(calls) == Counter(prop.calls if prop.removed_calls is None else prop.removed_calls), a.out
    a.empty()
    a.write()
    a.apply()
    assert prop.look(a.cloud, a.ids) == a.fill(prop.seen), a.out


@pytest.mark.parametrize("applied, prop", [pytest.param(g.name, p, id=prop_id(g, p)) for g, p in ROWS], indirect=["applied"])
def test_property(applied, prop):
    applied.ready()
    applied.dirty = True
    assert prop.look(applied.cloud, applied.ids) == applied.fill(prop.seen)
    for drift in prop.drifts:
        check_drift(applied, prop, drift)
    check_spec(applied, prop)
    applied.dirty = False


@pytest.mark.parametrize("applied, gone", [pytest.param(g.name, d, id=f"{g.type_of(d.name).removeprefix('AWS::')}@{d.name}")
                                           for g in GROUPS.values() for d in g.deletes], indirect=["applied"])
def test_deleted_object_is_made_again(applied, gone):
    a, group = applied, applied.group
    a.ready()
    a.dirty = True
    gone.delete(a.cloud, a.ids)
    options = []
    if len(gone.created) * 2 > len(group.resources):
        refused = a.quoin("plan", "test").expect(REFUSED)
        assert "QN0806" in refused.err and "-allow-mass-loss" in refused.err, refused.err
        options = ["-allow-mass-loss"]
    report = a.quoin("drift", "test", *options).expect(2).out
    planned = a.quoin("plan", "test", *options).expect(0).out
    for address in gone.created:
        assert f"{address} ({group.type_of(address)}) is gone" in report, report
        assert f"{address} ({group.type_of(address)}) will be created: it was deleted outside quoin" in planned, planned
    for address in gone.changed:
        assert f"{address} ({group.type_of(address)}) will be updated in place" in planned, planned
    assert f"Plan: {len(gone.created)} to add, {len(gone.changed)} to change, 0 to destroy." in planned, planned
    a.apply(*options)
    a.empty()
    a.read_ids()
    for prop in group.props:
        assert prop.look(a.cloud, a.ids) == a.fill(prop.seen), (prop.name, a.out)
    a.dirty = False


def test_tenancy(cloud, quoin):
    """Tenancy goes from dedicated to default in place, and back only with a new VPC."""
    spec = "quoin: 1\nstack: drift\nenvironments: { test: { region: us-east-1 } }\nresources:\n  vpc:\n    type: AWS::EC2::VPC\n" \
           "    properties: { CidrBlock: 10.9.0.0/16, InstanceTenancy: %s }\n"
    quoin.write("quoin.yaml", spec % "dedicated")
    quoin("apply", "test", "-auto-approve").expect(0)
    quoin.write("quoin.yaml", spec % "default")
    cloud.forget_calls()
    quoin("apply", "test", "-auto-approve").expect(0)
    assert cloud.mutations() == ["ec2:ModifyVpcTenancy"]
    quoin("plan", "test", "-detailed-exitcode", "-strict-readback").expect(0)
    quoin.write("quoin.yaml", spec % "dedicated")
    planned = quoin("plan", "test").expect(0).out
    assert 'InstanceTenancy = "default" -> "dedicated"  # forces replacement' in planned, planned
    quoin("apply", "test", "-auto-approve").expect(0)
    vpcs = [v for v in cloud.observer("ec2").describe_vpcs()["Vpcs"] if v["CidrBlock"] == "10.9.0.0/16"]
    assert [v["InstanceTenancy"] for v in vpcs] == ["dedicated"]
    cloud.observer("ec2").modify_vpc_tenancy(VpcId=vpcs[0]["VpcId"], InstanceTenancy="default")
    report = quoin("drift", "test").expect(2).out
    assert 'InstanceTenancy: recorded "dedicated", live "default"' in report, report


@pytest.mark.parametrize("key", EXCEPTIONS, ids=[f"{t.removeprefix('AWS::')}.{p}" for t, p in EXCEPTIONS])
def test_exception(key):
    pytest.skip(EXCEPTIONS[key])


def test_every_updatable_property_has_a_row():
    have = {(g.type_of(p.address), p.name) for g, p in ROWS if p.drifts}
    assert not have & EXCEPTIONS.keys()
    assert updatable() == have | EXCEPTIONS.keys()


def test_every_type_is_deleted_once():
    assert set(definitions()) == {g.type_of(d.name) for g in GROUPS.values() for d in g.deletes}
