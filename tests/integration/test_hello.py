"""The first hour: init, the smallest example, and what a newcomer does with it."""
from __future__ import annotations

from tests.harness.snapshot import diff, snapshot_account

from .web import ROOT

SPEC = (ROOT / "examples/hello/quoin.yaml").read_text()
POLICY = """
  role:
    type: AWS::IAM::Role
    properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { Service: ecs-tasks.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: read
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{ Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::homes/$${aws:username}/*" }]
"""


def test_life_of_what_init_writes(cloud, quoin):
    before = snapshot_account(cloud)
    quoin("init").expect(0)
    assert (quoin.work / "quoin.yaml").read_text() == SPEC
    quoin("validate").expect(0)
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in quoin("plan").expect(0).out
    quoin("apply").expect(12)
    quoin("apply", "-auto-approve").expect(0)
    quoin("plan", "-detailed-exitcode", "-strict-readback").expect(0)
    quoin("drift").expect(0)
    assert quoin("output", "vpc", "-raw").expect(0).out.startswith("vpc-")
    quoin("destroy", "-auto-approve").expect(0)
    assert not diff(before, snapshot_account(cloud))


def test_options_before_the_command(quoin):
    quoin.write("live/quoin.yaml", SPEC)
    assert "Valid: 1 resource" in quoin("-chdir=live", "validate").expect(0).out
    assert "Valid: 1 resource" in quoin("-chdir", "live", "-env", "development", "validate").expect(0).out
    for words in (["-chdir"], ["-chdir", "live"], ["-chdir=live"], ["-env", "dev", "--chdir", "live"]):
        assert "no command is named" in quoin(*words).expect(1).err


def test_plain_text_of_an_output(quoin):
    quoin.write("quoin.yaml", SPEC + "  note: later\n  list: [1, yes]\n")
    quoin("apply", "-auto-approve").expect(0)
    assert quoin("output", "note").expect(0).out == '"later"\n'
    assert quoin("output", "list").expect(0).out == '["1","yes"]\n'


def test_a_long_property_shows_what_differs(quoin):
    text = SPEC.replace("\noutputs:", POLICY + "\noutputs:")
    quoin.write("quoin.yaml", text)
    quoin("apply", "-auto-approve").expect(0)
    quoin.write("quoin.yaml", text.replace("Action: s3:GetObject,", "Action: [s3:GetObject, s3:ListBucket],"))
    out = quoin("plan").expect(0).out
    assert '~ Policies["read"].PolicyDocument  # quoin.yaml:' in out
    assert '~ Statement[0].Action = "s3:GetObject" -> ["s3:GetObject", "s3:ListBucket"]' in out
    assert "..." not in out
