"""Every command on its good path, as its users type it."""
import json
import re
import shutil
import subprocess

import pytest

from ..harness.quoin import binary

SPEC = """quoin: 1
stack: demo
inputs:
  name: { type: string, default: one }
environments:
  dev: { region: us-east-1 }
resources:
  one:
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: "/demo/${name}" }
  two:
    type: AWS::Logs::LogGroup
    depends_on: [one]
    properties: { LogGroupName: /demo/second, RetentionInDays: 7 }
outputs:
  name: ${one.LogGroupName}
  arn: ${two.Arn}
"""
TWO_ENVIRONMENTS = SPEC.replace("  dev: { region: us-east-1 }\n", "  dev: { region: us-east-1 }\n  prod: { region: us-east-1 }\n")
COMMANDS = ["init", "validate", "plan", "apply", "destroy", "drift", "show", "output", "state list", "state show", "state mv",
            "state rm", "sandbox list", "sandbox set", "sandbox delete", "import", "graph", "completion", "version"]


def applied(run, spec=SPEC):
    run.write("quoin.yaml", spec)
    return run("apply", "-auto-approve").expect(0)


# ---- help ----------------------------------------------------------------------
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(offline, command):
    texts = [offline(*words).expect(0) for words in
             (command.split() + ["-help"], command.split() + ["--help"], command.split() + ["-h"], ["help"] + command.split())]
    assert len({t.out for t in texts}) == 1 and not any(t.err for t in texts)
    assert texts[0].out.startswith(f"Usage: quoin {command} [OPTIONS]") and "\nOptions:\n" in texts[0].out
    assert all(len(line) <= 120 for line in texts[0].out.splitlines())


def test_help_lists_all_commands(offline):
    texts = {offline(*words).expect(0).out for words in (["help"], ["-help"], ["--help"], ["-h"])}
    assert len(texts) == 1
    listed = re.findall(r"^  (\S+(?: \S+)?)  +\S", texts.pop(), re.M)
    assert set(COMMANDS) <= set(listed)
    nothing = offline().expect(1)
    assert nothing.out == "" and "Usage: quoin COMMAND" in nothing.err
    group = offline("state", "-help").expect(0)
    assert group.out == offline("help", "state").expect(0).out and "rm" in group.out


def test_version(offline):
    texts = {offline(*words).expect(0).out for words in (["version"], ["-version"], ["--version"])}
    assert len(texts) == 1 and re.fullmatch(r"quoin \d+\.\d+\.\d+\n", texts.pop())
    assert json.loads(offline("version", "-json").expect(0).out)["schema_bytes"] > 1000


def completed(script, *words):
    """What bash offers for the last word."""
    line = f"compopt() {{ :; }}; COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; _quoin; echo ${{COMPREPLY[*]}}"
    return subprocess.run(["bash", "-c", script + line], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_completion_of_bash(offline):
    script = offline("completion", "bash").expect(0).out
    assert completed(script, "quoin", "pl") == ["plan"]
    assert completed(script, "quoin", "state", "") == ["list", "show", "mv", "rm", "check", "repair"]
    assert completed(script, "quoin", "plan", "-det") == ["-detailed-exitcode"]
    assert completed(script, "quoin", "state", "rm", "-sta") == ["-state="]
    for command in COMMANDS:
        listed = set(re.findall(r"^  (-[a-z-]+=?)", offline(*command.split(), "-help").expect(0).out, re.M))
        assert set(completed(script, "quoin", *command.split(), "-")) == listed


def test_completion_of_other_shells(offline):
    assert offline("completion", "bash").expect(0).out in offline("completion", "zsh").expect(0).out
    fish = offline("completion", "fish").expect(0).out
    assert "-a validate -d 'Check the spec without a cloud'" in fish and "environment\\'s" in fish
    assert all(line.replace("\\'", "").count("'") % 2 == 0 for line in fish.splitlines())
    if shutil.which("fish"):
        subprocess.run(["fish", "--no-execute"], input=fish, text=True, capture_output=True, check=True)
    assert "bash, zsh and fish" in offline("completion", "tcsh").expect(1).err


# ---- without a cloud --------------------------------------------------------------
@pytest.mark.asan
def test_init_validate_plan(offline):
    assert "quoin validate" in offline("init").expect(0).out
    assert offline("validate").expect(0).out == "Valid: 1 resource in 1 environment.\n"
    plan = offline("plan", "-refresh=false").expect(0)
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in plan.out and plan.err == ""
    assert offline("init", "web/new").expect(0).out.startswith("Wrote web/new/quoin.yaml")
    assert offline("validate", "-spec", "web/new").expect(0).out == offline("validate", "--chdir=web/new").expect(0).out


def test_validate_covers_all_environments(offline):
    offline.write("quoin.yaml", TWO_ENVIRONMENTS)
    assert offline("validate").expect(0).out == "Valid: 4 resources in 2 environments.\n"
    for words in (["prod"], ["-env", "prod"], ["--env=prod"]):
        assert offline("validate", *words).expect(0).out == "Valid: 2 resources in 1 environment.\n"
    told = json.loads(offline("validate", "-json").expect(0).out)
    assert told == {"valid": True, "environments": 2, "resources": 4, "diagnostics": []}


def test_errors_as_json(offline):
    offline.write("quoin.yaml", SPEC.replace("LogGroupName: /demo/second", "LogGroupNam: /demo/second"))
    done = offline("validate", "-json").expect(1)
    first = json.loads(done.out)["diagnostics"][0]
    assert done.err == "" and first["code"] == "QN0203" and first["file"] == "quoin.yaml" and first["line"] == 14
    assert first["column"] == 19 and "LogGroupName" in first["help"]


@pytest.mark.parametrize("words", [["-var", "name=x"], ["--var", "name=x"], ["-var=name=x"], ["-var-file", "v.yaml"],
                                   ["-var-file", "v.yaml", "-var-file", "w.yaml", "-var", "name=x"]])
def test_inputs(offline, words):
    offline.write("quoin.yaml", SPEC)
    offline.write("v.yaml", "name: x\n")
    offline.write("w.yaml", "name: y\n")
    assert 'LogGroupName = "/demo/x"' in offline("plan", "-refresh=false", *words).expect(0).out


def test_inputs_of_the_environment_variables(offline):
    offline.write("quoin.yaml", SPEC)
    offline.write("v.yaml", "name: y\n")
    assert '"/demo/x"' in offline("plan", "-refresh=false", env={"QUOIN_VAR_name": "x"}).expect(0).out
    assert '"/demo/y"' in offline("plan", "-refresh=false", "-var-file=v.yaml", env={"QUOIN_VAR_name": "x"}).expect(0).out
    offline.write("two/quoin.yaml", TWO_ENVIRONMENTS)
    for env, words in (({"QUOIN_ENV": "prod"}, []), ({"QUOIN_ENV": "dev"}, ["-env", "prod"]), ({"QUOIN_ENV": "dev"}, ["prod"])):
        out = offline("-chdir=two", "plan", "-refresh=false", *words, env=env).expect(0).out
        assert out.startswith("demo / prod in us-east-1")


def test_options_end_at_two_dashes(offline):
    offline.write("quoin.yaml", SPEC)
    assert offline("validate", "--", "dev").expect(0)
    assert "QN0420" in offline("validate", "--", "-json").expect(1).err


@pytest.mark.asan
def test_graph(offline):
    offline.write("quoin.yaml", SPEC)
    dot = offline("graph").expect(0).out
    assert dot.startswith("digraph quoin {") and "n1 -> n0;" in dot
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=dot, text=True, capture_output=True, check=True)
    mermaid = offline("graph", "-mermaid").expect(0).out
    assert mermaid.startswith("graph LR\n") and re.search(r"n1 --> n0|n0 --> n1", mermaid)


def test_plan_is_stable_json(offline):
    offline.write("quoin.yaml", SPEC)
    first, second = (offline("plan", "-refresh=false", "-json").expect(0).out for _ in range(2))
    plan = json.loads(first)
    assert first == second
    assert set(plan) >= {"format", "version", "id", "environment", "summary", "changes", "outputs"}
    assert plan["format"] == "quoin-plan-1"
    assert plan["summary"] == {"add": 2, "change": 0, "destroy": 0, "replace": 0, "forget": 0, "drift": 0}
    assert [c["address"] for c in plan["changes"]] == ["one", "two"]
    reordered = SPEC.replace('{ LogGroupName: /demo/second, RetentionInDays: 7 }', '{ RetentionInDays: 7, LogGroupName: /demo/second }')
    offline.write("quoin.yaml", reordered)
    assert json.loads(offline("plan", "-refresh=false", "-json").expect(0).out)["summary"] == plan["summary"]


def test_compat_terraform(offline):
    offline.write("quoin.yaml", SPEC)
    plan = json.loads(offline("plan", "-refresh=false", "-compat=terraform").expect(0).out)
    assert plan["format_version"].startswith("1.") and len(plan["resource_changes"]) == 2
    assert plan["resource_changes"][0]["change"]["actions"] == ["create"]


# ---- with a cloud ---------------------------------------------------------------------
@pytest.mark.asan
def test_saved_plan(online):
    online.write("quoin.yaml", SPEC)
    assert online("plan", "-detailed-exitcode", "-out", "p").expect(2).out.endswith("applies exactly this, once.\n")
    assert (online.work / "p").stat().st_mode & 0o777 == 0o600
    assert "one (AWS::Logs::LogGroup) will be created" in online("show", "p").expect(0).out
    assert json.loads(online("show", "-json", "p").expect(0).out)["summary"]["add"] == 2
    assert json.loads(online("show", "-compat=terraform", "p").expect(0).out)["resource_changes"]
    (online.work / "quoin.yaml").unlink()
    assert "Apply complete: 2 added" in online("apply", "p").expect(0).out


@pytest.mark.asan
def test_state_commands(online):
    applied(online)
    assert online("state", "list").expect(0).out == "one\ntwo\n"
    assert [r["address"] for r in json.loads(online("state", "list", "-json").expect(0).out)] == ["one", "two"]
    assert '"LogGroupName": "/demo/second"' in online("state", "show", "two").expect(0).out
    shown = json.loads(online("state", "show", "-json", "two").expect(0).out)
    assert shown["applied"]["RetentionInDays"] == 7 and shown["type"] == "AWS::Logs::LogGroup" and shown["complete"]
    whole = json.loads(online("show", "-json").expect(0).out)
    assert [r["address"] for r in whole["resources"]] == ["one", "two"] and whole["outputs"]["name"] == "/demo/one"
    assert "two (AWS::Logs::LogGroup)" in online("show").expect(0).out
    assert online("state", "mv", "two", "other").expect(0).out == "two is now other.\n"
    assert "is not an address" in online("state", "mv", "other", "no address").expect(1).err
    online("state", "mv", "other", "two").expect(0)
    online("plan", "-detailed-exitcode").expect(0)
    assert "is forgotten" in online("state", "rm", "two").expect(0).out
    assert online("state", "list").expect(0).out == "one\n"
    online("import", "two", "/demo/second").expect(0)
    online("apply", "-auto-approve").expect(0)
    online("plan", "-detailed-exitcode", "-strict-readback").expect(0)


def test_state_is_seen_although_the_spec_is_wrong(online):
    applied(online)
    online.write("quoin.yaml", SPEC.replace("AWS::Logs::LogGroup", "AWS::Logs::LogGruop"))
    online("plan").expect(1)
    assert online("state", "list").expect(0).out == "one\ntwo\n"
    assert online("output", "name", "-raw").expect(0).out == "/demo/one\n"


def test_damaged_state_can_be_looked_at(online):
    applied(online)
    journal = next((online.work / "state").rglob("j-*.jsonl"))
    data = journal.read_bytes()
    journal.write_bytes(data.replace(b'"n":2,', b'"n":9,', 1))
    done = online("state", "list").expect(1)
    assert "QN0601" in done.err and "one" in done.out
    assert "QN0601" in online("state", "rm", "one").expect(1).err
    online("validate").expect(0)


def test_output(online):
    applied(online)
    assert online("output").expect(0).out.startswith('arn = "arn:aws:logs:us-east-1:')
    assert online("output", "name").expect(0).out == '"/demo/one"\n'
    assert online("output", "-raw", "name").expect(0).out == "/demo/one\n"
    assert json.loads(online("output", "-json").expect(0).out)["name"] == "/demo/one"
    assert online("output", "name", "dev").expect(0).out == '"/demo/one"\n'


def test_state_folder(online):
    online.write("quoin.yaml", SPEC)
    online("apply", "-auto-approve", "-state", "kept").expect(0)
    assert not (online.work / "state").exists()
    assert online("state", "list", env={"QUOIN_STATE": "kept"}).expect(0).out == "one\ntwo\n"
    assert online("state", "list", "-state=kept", env={"QUOIN_STATE": "other"}).expect(0).out == "one\ntwo\n"
    assert online("state", "list").expect(0).out == ""


@pytest.mark.asan
def test_drift(online, cloud):
    applied(online)
    assert "No drift" in online("drift").expect(0).out
    cloud.observer("logs").put_retention_policy(logGroupName="/demo/second", retentionInDays=30)
    cloud.forget_calls()
    done = online("drift").expect(2)
    assert "two" in done.out and "RetentionInDays" in done.out and "7" in done.out and "30" in done.out
    assert json.loads(online("drift", "-json").expect(2).out)["summary"]["drift"] == 1
    assert cloud.mutations() == []


def test_detailed_exit_code(online):
    online.write("quoin.yaml", SPEC)
    online("plan").expect(0)
    online("plan", "-detailed-exitcode").expect(2)
    online("apply", "--auto-approve").expect(0)
    online("plan", "--detailed-exitcode=true").expect(0)
    online("plan", "-detailed-exitcode", "-destroy").expect(2)
    online("plan", "-detailed-exitcode", "-replace", "one").expect(2)


def test_target(online):
    online.write("quoin.yaml", SPEC)
    assert "Plan: 1 to add" in online("plan", "-target", "one").expect(0).out
    assert "Plan: 2 to add" in online("plan", "-target", "two").expect(0).out


def test_events_as_json(online):
    online.write("quoin.yaml", SPEC)
    lines = [json.loads(line) for line in online("apply", "-auto-approve", "-json").expect(0).out.splitlines()]
    assert [e["event"] for e in lines if e.get("address") == "two"][-1] == "done"
    assert lines[-1]["event"] == "summary" and lines[-1]["ok"] and lines[-1]["added"] == 2
    lines = [json.loads(line) for line in online("destroy", "-auto-approve", "-json").expect(0).out.splitlines()]
    assert lines[-1]["destroyed"] == 2


def test_secrets_are_not_shown(online, cloud):
    online.write("quoin.yaml", """quoin: 1
stack: demo
environments: { dev: { region: us-east-1 } }
locals: { token: '${secret("env:TOKEN")}' }
resources:
  task:
    type: AWS::ECS::TaskDefinition
    properties:
      Family: demo
      ContainerDefinitions:
        - { Name: app, Image: nginx, Memory: 128, Environment: [{ Name: TOKEN, Value: "${token}" }] }
outputs:
  token: { value: "${token}", secret: true }
""")
    env = {"TOKEN": "hunter2-of-quoin"}
    runs = [online(*words, env=env).expect(0) for words in
            (["plan", "-out", "p"], ["plan", "-json"], ["plan", "-compat=terraform"], ["show", "p"], ["show", "-json", "p"],
             ["apply", "-auto-approve"], ["show"], ["show", "-json"], ["output"], ["output", "-json"], ["state", "show", "task"],
             ["plan", "-detailed-exitcode"])]
    task = cloud.observer("ecs").describe_task_definition(taskDefinition="demo")["taskDefinition"]
    assert task["containerDefinitions"][0]["environment"][0]["value"] == env["TOKEN"]
    assert not any(env["TOKEN"] in r.out + r.err for r in runs)
    kept = [p for p in online.work.rglob("*") if p.is_file() and env["TOKEN"].encode() in p.read_bytes()]
    assert not kept


def test_binary_is_the_one_that_was_built():
    assert binary().exists(), f"{binary()} is missing: run make"


def test_init_leaves_what_is_there(offline):
    """Scripts that are used to Terraform's run it each time."""
    offline("init").expect(0)
    assert "state/" in (offline.work / ".gitignore").read_text().splitlines()
    offline.write("quoin.yaml", SPEC)
    again = offline("init").expect(0)
    assert "Left as it is: quoin.yaml" in again.out and (offline.work / "quoin.yaml").read_text() == SPEC
    offline.write("app/.gitignore", "mine\n")
    assert "Wrote app/quoin.yaml" in offline("init", "app").expect(0).out
    assert (offline.work / "app/.gitignore").read_text() == "mine\n"


def test_environment_named_twice(offline):
    offline.write("quoin.yaml", TWO_ENVIRONMENTS)
    offline("validate", "dev", "-env=dev").expect(0)
    for words in (["validate", "dev"], ["state", "list", "dev"], ["plan", "-refresh=false", "dev"]):
        assert "-env names prod" in offline(*words, "-env=prod").expect(1).err


def test_outputs_of_an_environment(online):
    online.write("quoin.yaml", TWO_ENVIRONMENTS)
    online("apply", "dev", "-auto-approve").expect(0)
    every = online("output", "-env=dev").expect(0).out
    assert "name = " in every and online("output", "dev").expect(0).out == every
    assert online("output", "name", "dev").expect(0).out == online("output", "name", env={"QUOIN_ENV": "dev"}).expect(0).out
    assert "this spec has 2 environments" in online("output", "name").expect(1).err
    assert "no output dev" in online("output", "dev", env={"QUOIN_ENV": "dev"}).expect(1).err


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not here")
def test_graph_is_what_graphviz_reads(offline):
    spec = SPEC.replace("  two:\n", "  two:\n    for_each: ['a', 'b c', 'ü\"<&']\n").replace("/demo/second", '"/demo/s${length(each.key)}"').replace("  arn: ${two.Arn}\n", "")
    offline.write("quoin.yaml", spec)
    drawn = subprocess.run(["dot", "-Tsvg"], input=offline("graph").expect(0).out, text=True, capture_output=True, check=True)
    assert drawn.stderr == "" and drawn.stdout.count('class="node"') == 4


def test_nothing_recorded(online):
    online.write("quoin.yaml", SPEC)
    assert "Nothing is recorded in state." in online("state", "list").expect(0).err
    assert "No outputs are recorded in state." in online("output").expect(0).err
    assert online("output", "-json").expect(0).out == "{}\n" and online("state", "list", "-json").expect(0).out == "[]\n"
    assert "there is nothing to destroy" in online("plan", "-destroy").expect(0).out
    assert "plan -destroy -out FILE" in (online("apply", "-auto-approve").expect(0), online("destroy").expect(12))[1].err


def test_wrong_options_as_json(offline):
    for words in (["plan", "-nonsense", "-json"], ["plan", "-json", "-nonsense"]):
        assert json.loads(offline(*words).expect(1).out)["diagnostics"][0]["code"] == "QN0004"
