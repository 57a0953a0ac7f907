"""The simulated cloud: a whole life without a network, what it refuses, and kills in the middle."""
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = (ROOT / "examples/web/quoin.yaml").read_text()
FIRST, LAST = "SANDBOX: a simulated cloud, nothing here is real.\n", "SANDBOX: no real cloud was read or changed.\n"
NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
NET = """quoin: 1
stack: net
environments:
  dev: { region: us-east-1, sandbox: true }
resources:
  vpc: { type: AWS::EC2::VPC, properties: { CidrBlock: 10.0.0.0/16 } }
  subnet:
    type: AWS::EC2::Subnet
    properties: { VpcId: "${vpc.VpcId}", CidrBlock: 10.0.0.0/24 }
"""


def sandbox(run, *args, code=0, **kw):
    return run(*args, "-sandbox", env=NO_CREDENTIALS, **kw).expect(code)


def objects(run, env="development"):
    return {line.split()[0]: line.split()[1:] for line in run("sandbox", "list", env).expect(0).out.splitlines()}


@pytest.mark.asan
def test_life(offline):
    """The example without credentials or network: apply, empty plan, drift, repair, destroy."""
    offline.write("quoin.yaml", WEB)
    done = sandbox(offline, "apply", "development", "-auto-approve")
    assert done.out.startswith(FIRST) and done.out.endswith(LAST) and "21 added" in done.out
    sandbox(offline, "plan", "development", "-detailed-exitcode", "-strict-readback")
    held = objects(offline)
    assert len(held) == 21 and held["vpc"][1].startswith("vpc-")
    offline("sandbox", "set", "service", "DesiredCount=5", "development").expect(0)
    offline("sandbox", "delete", "www", "development").expect(0)
    drift = sandbox(offline, "drift", "development", code=2).out
    assert "DesiredCount: recorded 2, live 5" in drift and "- www (AWS::Route53::RecordSet) is gone" in drift
    assert "1 added, 1 changed, 0 destroyed" in sandbox(offline, "apply", "development", "-auto-approve").out
    sandbox(offline, "drift", "development")
    sandbox(offline, "destroy", "development", "-auto-approve")
    assert objects(offline) == {}
    assert not (offline.work / "state/web").exists()                  # nothing beside the sandbox


def test_environment_in_sandbox(offline):
    """`sandbox: true` is enough, also for commands that read only names; its state is not mixed with a real one."""
    offline.write("quoin.yaml", NET)
    offline("apply", "dev", "-auto-approve", env=NO_CREDENTIALS).expect(0)
    assert offline("state", "list", "dev").expect(0).out == f"{FIRST}\nsubnet\nvpc\n\n{LAST}"
    shown = offline("state", "show", "vpc", "dev", "-json").expect(0)
    assert json.loads(shown.out)["type"] == "AWS::EC2::VPC" and shown.err.startswith(FIRST)
    offline("plan", "dev", "-out", "p", env=NO_CREDENTIALS).expect(0)
    offline.write("quoin.yaml", NET.replace(", sandbox: true", ""))
    assert offline("state", "list", "dev").expect(0).out == ""


def test_saved_plan(offline):
    offline.write("quoin.yaml", NET.replace(", sandbox: true", ""))
    sandbox(offline, "plan", "dev", "-out", "p")
    offline("apply", "p", "-auto-approve", env=NO_CREDENTIALS).expect(0)
    assert set(objects(offline, "dev")) == {"vpc", "subnet"}


def test_without_credentials_it_is_suggested(offline):
    offline.write("quoin.yaml", NET.replace(", sandbox: true", ""))
    said = offline("plan", "dev", env=NO_CREDENTIALS).expect(1)
    assert "QN0700" in said.err and "-sandbox" in said.err


def test_refusals(offline):
    """A name that is taken, a reference to what is gone, a delete of what is used."""
    offline.write("quoin.yaml", NET)
    offline("apply", "dev", "-auto-approve").expect(0)
    bucket = NET + "  a: { type: AWS::S3::Bucket, properties: { BucketName: taken-name } }\n"
    offline.write("quoin.yaml", bucket)
    offline("apply", "dev", "-auto-approve").expect(0)
    offline("state", "rm", "a", "dev").expect(0)
    said = offline("apply", "dev", "-auto-approve").expect(1)
    assert "taken-name" in said.out + said.err and "import" in said.out + said.err
    offline("sandbox", "delete", "subnet", "dev").expect(0)
    offline("sandbox", "delete", "vpc", "dev").expect(0)
    offline.write("quoin.yaml", NET)
    assert "2 added" in offline("apply", "dev", "-auto-approve", "-allow-mass-loss").expect(0).out
    assert "QN0742" in offline("sandbox", "delete", "nobody", "dev").expect(1).err


def test_used_objects_stay(offline):
    """quoin forgets the subnet; its VPC cannot go while the subnet is there."""
    offline.write("quoin.yaml", NET)
    offline("apply", "dev", "-auto-approve").expect(0)
    offline("state", "rm", "subnet", "dev").expect(0)
    said = offline("destroy", "dev", "-auto-approve").expect(1)
    assert "DependencyViolation" in said.out + said.err and "AWS::EC2::Subnet" in said.out + said.err


def test_kills(offline):
    """Four in ten changing calls kill quoin, before or after the change; in the end each object is there once."""
    offline.write("quoin.yaml", WEB)
    kills = 0
    for seed in range(60):
        done = offline("apply", "development", "-sandbox", "-auto-approve", "-sandbox-faults", f"crash=0.4,seed={seed}")
        assert done.code in (0, -9), done.err
        kills += done.code == -9
        if done.code == 0:
            break
    assert done.code == 0 and kills >= 3
    sandbox(offline, "plan", "development", "-detailed-exitcode", "-strict-readback")
    lines = offline("sandbox", "list", "development").expect(0).out.splitlines()
    assert len(lines) == 21 == len({line.split()[0] for line in lines})


def test_faults(offline):
    offline.write("quoin.yaml", NET)
    offline("apply", "dev", "-auto-approve", "-sandbox-faults", "latency=0.02,throttle=0.3,seed=3").expect(0)
    for wrong in ("latency", "crash=2", "seed=x", "rain=1"):
        assert "QN0741" in offline("plan", "dev", "-sandbox-faults", wrong).expect(1).err


def test_secrets_are_kept_as_digests(offline):
    offline.write("quoin.yaml", NET + """  task:
    type: AWS::ECS::TaskDefinition
    properties:
      Family: f
      ContainerDefinitions:
        - { Name: c, Image: i, Environment: [{ Name: TOKEN, Value: "${secret('env:TOKEN')}" }] }
""")
    env = {"TOKEN": "do-not-keep-me", **NO_CREDENTIALS}
    offline("apply", "dev", "-auto-approve", env=env).expect(0)
    offline("plan", "dev", "-detailed-exitcode", env=env).expect(0)
    for path in (offline.work / "state").rglob("*"):
        assert not path.is_file() or b"do-not-keep-me" not in path.read_bytes(), path


def test_damage(offline):
    """A line cut off at the end was never answered; damage before it is told."""
    offline.write("quoin.yaml", NET)
    offline("apply", "dev", "-auto-approve").expect(0)
    path = offline.work / "state/sandbox/net/dev.cloud.jsonl"
    text = path.read_bytes()
    path.write_bytes(text + b'{"type":"AWS::EC2')
    offline("plan", "dev", "-detailed-exitcode").expect(0)
    path.write_bytes(text.replace(b'{"type"', b'{"type', 1))
    assert "QN0740" in offline("plan", "dev").expect(1).err
