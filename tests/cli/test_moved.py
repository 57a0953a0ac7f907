"""`moved` against a recorded state: what exists goes to its new address, nothing in the cloud changes, and the entries
may stay."""
import json

import pytest

HEAD = "quoin: 1\nstack: mv\nenvironments: { dev: { region: us-east-1, sandbox: true } }\n"
VPC = "type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 }"
NET = """inputs: { cidr: { type: cidr, default: 10.0.0.0/16 } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: "${cidr}" } }
  subnet:
    type: AWS::EC2::Subnet
    for_each: { a: 0, b: 1 }
    properties: { VpcId: "${vpc.VpcId}", CidrBlock: "${cidr_subnet(cidr, 8, each.value)}" }
"""
RENAMED = NET.replace("  vpc:", "  main:").replace("${vpc.", "${main.").replace("a: 0", "x: 0") + """moved:
  - { from: vpc, to: main }
  - { from: 'subnet["a"]', to: 'subnet["x"]' }
"""


def ids(run):
    """address -> identity, of everything recorded"""
    out = {}
    for address in run("state", "list", "dev").expect(0).out.splitlines()[2:-2]:
        out[address] = json.loads(run("state", "show", address, "dev", "-json").expect(0).out)["identity"]
    return out


def moves(run, spec, module, want):
    """Applies the spec over what is there; nothing but addresses may change, then and once more."""
    before = ids(run)
    run.write("quoin.yaml", HEAD + spec)
    run.write("modules/net.yaml", module)
    assert "0 added, 0 changed, 0 destroyed" in run("apply", "dev", "-auto-approve").expect(0).out
    assert ids(run) == {want.get(a, a): identity for a, identity in before.items()}
    run("plan", "dev", "-detailed-exitcode").expect(0)
    assert ids(run) == {want.get(a, a): identity for a, identity in before.items()}


def start(run, spec, module=NET):
    run.write("quoin.yaml", HEAD + spec)
    run.write("modules/net.yaml", module)
    run("apply", "dev", "-auto-approve").expect(0)


ONE = f"resources:\n  old: {{ {VPC} }}\n"
KEYED = f"resources:\n  old:\n    for_each: [a, b]\n    type: AWS::EC2::VPC\n    properties: {{ CidrBlock: 10.0.0.0/16 }}\n"
USED = "components:\n  old: { use: ./modules/net.yaml }\n"


@pytest.mark.parametrize("before, after, want, module", [
    (ONE, ONE.replace("old", "new") + "moved: [{ from: old, to: new }]\n", {"old": "new"}, NET),
    (ONE, ONE.replace("old", "c") + "moved: [{ from: b, to: c }, { from: old, to: b }]\n", {"old": "c"}, NET),
    (ONE, KEYED.replace("[a, b]", "[a]") + """moved: [{ from: old, to: 'old["a"]' }]\n""", {"old": 'old["a"]'}, NET),
    (KEYED, KEYED.replace("old", "new") + "moved: [{ from: old, to: new }]\n",
     {'old["a"]': 'new["a"]', 'old["b"]': 'new["b"]'}, NET),
    (KEYED, KEYED.replace("[a, b]", "[c, b]") + """moved: [{ from: 'old["a"]', to: 'old["c"]' }]\n""",
     {'old["a"]': 'old["c"]'}, NET),
    (USED, USED.replace("old", "new") + "moved: [{ from: old, to: new }]\n",
     {"old.vpc": "new.vpc", 'old.subnet["a"]': 'new.subnet["a"]', 'old.subnet["b"]': 'new.subnet["b"]'}, NET),
    (USED, USED.replace("net.yaml", "net.yaml, for_each: [eu]") + """moved: [{ from: old, to: 'old["eu"]' }]\n""",
     {"old.vpc": 'old["eu"].vpc', 'old.subnet["a"]': 'old["eu"].subnet["a"]', 'old.subnet["b"]': 'old["eu"].subnet["b"]'}, NET),
    (USED, USED, {"old.vpc": "old.main", 'old.subnet["a"]': 'old.subnet["x"]'}, RENAMED),
    (USED, USED.replace("old", "new") + "moved: [{ from: old, to: new }]\n",
     {"old.vpc": "new.main", 'old.subnet["a"]': 'new.subnet["x"]', 'old.subnet["b"]': 'new.subnet["b"]'}, RENAMED),
], ids=["resource", "chain", "gets-for-each", "all-keys", "one-key", "component", "component-gets-for-each", "in-a-module",
        "component-and-in-it"])
def test_moved(offline, before, after, want, module):
    start(offline, before)
    moves(offline, after, module, want)


def test_into_a_component_and_out_of_it(offline):
    """A resource of the spec goes into a module's place, the longest entry counts; and out again."""
    start(offline, f"resources:\n  vpc: {{ {VPC} }}\n")
    one = "resources:\n  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }\n"
    moves(offline, "components:\n  net: { use: ./modules/net.yaml }\nmoved: [{ from: vpc, to: net.vpc }]\n", one, {"vpc": "net.vpc"})
    moves(offline, f"resources:\n  left: {{ {VPC} }}\nmoved: [{{ from: net, to: far }}, {{ from: net.vpc, to: left }}]\n", one,
          {"net.vpc": "left"})


def test_both_recorded(offline):
    """What stands at the new address is not overwritten."""
    start(offline, f"resources:\n  a: {{ {VPC} }}\n  b: {{ {VPC} }}\n")
    before = ids(offline)
    offline.write("quoin.yaml", HEAD + f"resources:\n  b: {{ {VPC} }}\nmoved: [{{ from: a, to: b }}]\n")
    assert "QN0801" in offline("apply", "dev", "-auto-approve").expect(1).err
    assert ids(offline) == before
