"""What docs/language.md promises about results, in the simulated cloud."""
import json

HEAD = "quoin: 1\nstack: lang\n"
DEV = HEAD + "environments: { dev: { region: us-east-1, sandbox: true } }\n"
SECRET = "do-not-keep-this-value"


def apply(run, *args, code=0, **kw):
    return run("apply", "dev", "-auto-approve", *args, **kw).expect(code)


def outputs(run, *args):
    return json.loads(run("output", "-env=dev", "-json", *args).expect(0).out)


def test_precedence(offline):
    """The last wins: default, parent's with, with, dr.with, QUOIN_VAR_, files in order, -var; maps key by key, null takes away."""
    offline.write("quoin.yaml", HEAD + """inputs:
  a: { type: string, default: default }
  m: { type: map(string), default: { k: default, d: default } }
  z: { type: list(int), default: [1, 2] }
environments:
  base: { region: us-east-1, with: { a: parent, m: { k: parent, p: parent } } }
  bare: { region: us-east-1, sandbox: true }
  dev:
    extends: base
    sandbox: true
    with: { a: own, m: { k: own, e: own } }
    dr: { region: us-west-2, with: { a: dr, m: { r: dr, p: null } } }
outputs: { a: "${a}", m: "${m}", z: "${z}" }
""")
    offline.write("one.yaml", "a: one\nm: { f: one, k: null }\nz: [7]\n")
    offline.write("two.yaml", "a: two ${x}\n")
    offline("apply", "bare", "-auto-approve").expect(0)
    bare = json.loads(offline("output", "bare", "-json").expect(0).out)
    assert bare == {"a": "default", "m": {"k": "default", "d": "default"}, "z": [1, 2]}
    apply(offline)
    own = {"k": "own", "p": "parent", "e": "own"}
    assert outputs(offline) == {"a": "own", "m": own, "z": [1, 2]}
    apply(offline, "--dr")
    assert outputs(offline, "--dr") == {"a": "dr", "m": {"k": "own", "e": "own", "r": "dr"}, "z": [1, 2]}
    variables = {"QUOIN_VAR_a": "variable", "QUOIN_VAR_m": "{ v: variable }"}
    apply(offline, env=variables)
    assert outputs(offline) == {"a": "variable", "m": {**own, "v": "variable"}, "z": [1, 2]}
    apply(offline, "-var-file=one.yaml", env=variables)
    assert outputs(offline) == {"a": "one", "m": {"p": "parent", "e": "own", "v": "variable", "f": "one"}, "z": [7]}
    apply(offline, "-var-file=one.yaml", "-var-file=two.yaml", "-var", "z=[]", env=variables)
    assert outputs(offline)["a"] == "two ${x}" and outputs(offline)["z"] == []
    apply(offline, "-var", "a=first", "-var", "a=last", "-var-file=one.yaml", env=variables)
    assert outputs(offline)["a"] == "last"


def test_disaster_recovery(offline):
    """Two sides, two states; each sees what the other put out last."""
    offline.write("quoin.yaml", HEAD + """environments:
  dev: { region: us-east-1, sandbox: true, dr: { region: us-west-2, rpo: 15m, rto: 1h, mode: pilot-light } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }
outputs:
  vpc: ${vpc.VpcId}
  say: ${env} ${region} ${dr.role} ${dr.peer.region} ${dr.mode} ${dr.rpo} ${dr.rto}
  other: ${dr.peer.outputs?.vpc ?? "none"}
""")
    apply(offline)
    first = outputs(offline)
    assert first["say"] == "dev us-east-1 primary us-west-2 pilot-light 15m 1h" and first["other"] == "none"
    apply(offline, "--dr")
    twin = outputs(offline, "--dr")
    assert twin["say"] == "dev us-west-2 secondary us-east-1 pilot-light 15m 1h"
    assert twin["other"] == first["vpc"] != twin["vpc"]
    apply(offline)
    assert outputs(offline) == {**first, "other": twin["vpc"]}
    offline("validate").expect(0)
    offline("destroy", "dev", "--dr", "-auto-approve").expect(0)
    assert "vpc" not in offline("state", "list", "dev", "--dr").expect(0).out.split()
    assert "vpc" in offline("state", "list", "dev").expect(0).out.split()


def test_check_after_apply(offline):
    """It is looked at with the real values; nothing is undone, and it is asked again each time."""
    offline.write("quoin.yaml", DEV + """inputs: { start: { type: string, default: vpc- } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }
checks:
  - that: ${starts_with(vpc.VpcId, start)}
    else: ${vpc.VpcId} begins otherwise
""")
    failed = apply(offline, "-var", "start=net-", code=12)
    assert "QN0809" in failed.err and "begins otherwise" in failed.err and "vpc-" in failed.err
    assert "vpc" in offline("state", "list", "dev").expect(0).out.split()
    assert "QN0809" in offline("plan", "dev", "-var", "start=net-").expect(12).err     # known by now
    apply(offline)


def test_secrets_stay_out_of_files(offline):
    """Neither state, journal, plan, report nor what is printed has the value."""
    offline.write("quoin.yaml", DEV + """resources:
  task:
    type: AWS::ECS::TaskDefinition
    properties:
      Family: f
      ContainerDefinitions:
        - { Name: c, Image: i, Environment: [{ Name: T, Value: "${secret('env:T')}" }] }
outputs:
  token: { value: "${secret('env:T')}", secret: true }
""")
    env = {"T": SECRET}
    said = [offline("plan", "dev", "-out", "saved.plan", env=env).expect(0), offline("show", "saved.plan", env=env).expect(0),
            offline("plan", "dev", "-json", env=env).expect(0), offline("apply", "saved.plan", "-auto-approve", env=env).expect(0),
            offline("output", "-env=dev", env=env), offline("output", "-env=dev", "-json", env=env), offline("show", "dev", env=env),
            offline("state", "show", "task", "dev", "-json", env=env).expect(0), offline("plan", "dev", env={"T": SECRET + "2"})]
    for result in said:
        assert SECRET not in result.out + result.err, result.args
    for path in offline.work.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    offline("plan", "dev", "-detailed-exitcode", env=env).expect(0)


def test_ignore(offline):
    """Used at create, then left alone: neither drift nor a change of the spec touches it."""
    spec = DEV + """resources:
  logs:
    type: AWS::Logs::LogGroup
    ignore: [RetentionInDays]
    properties: { LogGroupName: /a, RetentionInDays: 7, Tags: [{ Key: k, Value: one }] }
"""
    offline.write("quoin.yaml", spec)
    apply(offline)
    offline("sandbox", "set", "logs", "RetentionInDays=30", "dev").expect(0)
    offline("plan", "dev", "-detailed-exitcode").expect(0)
    offline.write("quoin.yaml", spec.replace("RetentionInDays: 7", "RetentionInDays: 14"))
    offline("plan", "dev", "-detailed-exitcode").expect(0)
    offline.write("quoin.yaml", spec.replace("one", "two"))
    assert "1 changed" in apply(offline).out
    cloud = (offline.work / "state/sandbox/lang/dev.cloud.jsonl").read_text().splitlines()
    assert json.loads(cloud[-1])["properties"]["RetentionInDays"] == 30


def test_outputs_of_repeated_modules(offline):
    offline.write("quoin.yaml", DEV + """components:
  net: { use: ./net.yaml, for_each: { b: 10.1.0.0/16, a: 10.0.0.0/16 }, with: { cidr: "${each.value}", name: "${each.key}" } }
outputs:
  all: ${[n.vpc for k, n in net]}
  names: ${[n.name for k, n in net]}
  one: ${net["b"].vpc}
""")
    offline.write("net.yaml", """inputs: { cidr: { type: cidr }, name: { type: string } }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: "${cidr}" } }
outputs: { vpc: "${vpc.VpcId}", name: "${name}" }
""")
    apply(offline)
    got = outputs(offline)
    assert got["names"] == ["a", "b"] and got["one"] == got["all"][1] != got["all"][0]


def test_names_can_be_taken_again(offline):
    """What is gone holds no name."""
    spec = DEV + "inputs: { n: { type: string, default: a } }\nresources:\n" \
        "  logs: { type: AWS::Logs::LogGroup, properties: { LogGroupName: '/${n}' } }\n"
    offline.write("quoin.yaml", spec)
    for name in ("a", "b", "a"):
        apply(offline, "-var", f"n={name}")
    offline("destroy", "dev", "-auto-approve").expect(0)
    apply(offline)


def test_recorded_lookups(offline):
    """An answer is kept until it is asked for anew."""
    found = "  found: ${lookup('aws.vpc', {cidr = '10.0.0.0/16'}).VpcId}\n"
    spec = DEV + "resources:\n  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }\noutputs:\n  vpc: ${vpc.VpcId}\n"
    offline.write("quoin.yaml", spec)
    apply(offline)
    offline.write("quoin.yaml", spec + found.replace("'", '"'))
    apply(offline)
    before = outputs(offline)
    assert before["found"] == before["vpc"]
    offline("sandbox", "delete", "vpc", "dev").expect(0)
    apply(offline, "-allow-mass-loss")
    after = outputs(offline)
    assert after["found"] == before["vpc"] != after["vpc"]
    apply(offline, "-refresh-lookups")
    assert outputs(offline) == {"vpc": after["vpc"], "found": after["vpc"]}
