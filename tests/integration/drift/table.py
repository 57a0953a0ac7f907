"""What a row of the drift tables is, and the list of properties that must have one."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
AWS = ROOT / "modules/providers/aws"
RESET, RELEASED, REQUIRED = "reset", "released", "required"


@dataclass(frozen=True)
class Drift:
    """One change behind quoin's back.

    change(cloud, ids): makes it, by boto3. report: lines that `drift` must print, `{x}` standing for the id of x.
    calls: the mutating calls of the repair, in any order; None: those of the property's spec change."""
    change: Callable
    report: tuple[str, ...]
    calls: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Prop:
    """One updatable property of one resource of a group's spec.

    look(cloud, ids): what boto3 sees of it. seen: that for the value in the spec; new, new_seen: another value.
    removed: what leaving it out of the spec does; removed_seen: what boto3 sees after a reset.
    calls: the mutating calls of the change to `new`."""
    address: str
    name: str
    look: Callable
    seen: object
    new: object = None
    new_seen: object = None
    calls: tuple[str, ...] = ()
    removed: str = RESET
    removed_seen: object = None
    removed_calls: tuple[str, ...] | None = None
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True)
class Gone:
    """An object that somebody else deletes. delete(cloud, ids).

    created: what the plan then makes anew; changed: what it updates, because it refers to that."""
    name: str
    delete: Callable
    created: tuple[str, ...]
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Resources that are applied together. prepare(cloud): objects that quoin does not make; gives names for `ids`.

    exceptions: (type, property): why there is no row."""
    name: str
    resources: dict
    props: tuple[Prop, ...]
    ids: dict[str, str] = field(default_factory=dict)      # name: expression
    prepare: Callable = lambda cloud: {}
    exceptions: dict = field(default_factory=dict)
    deletes: tuple[Gone, ...] = ()

    def spec(self, given: dict, changes: dict | None = None) -> str:
        """The spec's text; changes: {(address, property): value, None to leave it out}; {x} is a prepared id."""
        resources = json.loads(json.dumps(self.resources))
        for (address, name), value in (changes or {}).items():
            if value is None:
                resources[address]["properties"].pop(name, None)
            else:
                resources[address]["properties"][name] = value
        text = json.dumps({"quoin": 1, "stack": "drift", "environments": {"test": {"region": "us-east-1"}},
                           "resources": resources, "outputs": {k: "${%s}" % v for k, v in self.ids.items()}}, indent=1)
        for name, value in given.items():
            text = text.replace("<%s>" % name, value)
        return text

    def type_of(self, address: str) -> str:
        return self.resources[address]["type"]


def prop_id(group: Group, prop: Prop) -> str:
    return f"{group.type_of(prop.address).removeprefix('AWS::')}.{prop.name}@{prop.address}"


def definitions() -> dict[str, dict]:
    found = [yaml.safe_load(path.read_text()) for path in sorted(AWS.glob("*/*.yaml"))]
    return {d["type"]: d for d in found}


def schemas() -> dict[str, dict]:
    out: dict[str, dict] = {}
    for path in sorted(AWS.glob("*/schema.json")):
        out.update(json.loads(path.read_text())["types"])
    return out


def updatable() -> set[tuple[str, str]]:
    """(type, property) of all that may change in place: settable, not create-only, supported."""
    known = schemas()
    out = set()
    for name, definition in definitions().items():
        unsupported = definition.get("unsupported", {})
        for prop, node in known[name]["root"]["props"].items():
            if not {"read-only", "create-only"} & set(node.get("is", ())) and prop not in unsupported:
                out.add((name, prop))
    return out
