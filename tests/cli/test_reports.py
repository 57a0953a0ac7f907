"""Reports of drift and plans for CI systems: their exact text, and what readers that are not quoin's make of them."""
from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import sarif_pydantic
from junitparser import JUnitXml
from markdown_it import MarkdownIt

HERE = Path(__file__).resolve().parent / "reports"
FORMATS = ("text", "json", "markdown", "comment", "github", "junit", "sarif")
OPTIONS = ["dev", "-all"]


def store(run) -> Path:
    return next((run.work / "state/sandbox").rglob("*.cloud.jsonl"))


def replace(run, *pairs: tuple[str, str]) -> None:
    """Changes objects of the simulated cloud, many at once."""
    text = store(run).read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    store(run).write_text(text)


@pytest.fixture
def drifted(offline):
    """One object gone, one changed to a text that every format has to escape, settings that nobody declared."""
    offline.write("quoin.yaml", (HERE / "quoin.yaml").read_text())
    offline("apply", "dev", "-auto-approve").expect(0)
    offline("sandbox", "delete", 'subnet["a,b"]', "dev").expect(0)
    lines = [json.loads(line) for line in store(offline).read_text().splitlines()]
    vpc = next(line for line in lines if line.get("address") == "vpc")
    tags = vpc["properties"]["Tags"]
    next(t for t in tags if t["Key"] == "Name")["Value"] = "]]>50%\r\n::error::`x`, a:b &amp; <script>{1}"
    tags += [{"Key": "owner", "Value": "ops"}, {"Key": "aws:managed", "Value": "yes"}]
    vpc["properties"]["InstanceTenancy"] = "dedicated"
    vpc["properties"]["EnableDnsSupport"] = True                     # as without a declaration
    store(offline).write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return offline


def report(run, form: str, *options, code: int = 2) -> str:
    return run("drift", *OPTIONS, f"-format={form}", *options).expect(code).out


def same_as_golden(name: str, text: str) -> None:
    text = re.sub(r'"id": "[0-9a-f]{32}"', '"id": "(digest)"', text)
    text = re.sub(r"\b([a-z]+)-[0-9a-f]{17}\b", r"\1-(id)", text)
    text = re.sub(r"\b[a-z2-7]{32}\b", "(uid)", text)
    path = HERE / name
    if os.environ.get("QUOIN_GOLDEN_UPDATE"):
        path.write_bytes(text.encode())
    assert path.read_bytes().decode() == text, f"{path}: QUOIN_GOLDEN_UPDATE=1 rewrites it"


@pytest.mark.asan
@pytest.mark.parametrize("form", FORMATS)
def test_drift(drifted, form):
    first = report(drifted, form, "-out", "report")
    same_as_golden(f"drift.{form}", first)
    lines = first.removeprefix("SANDBOX: a simulated cloud, nothing here is real.\n\n")
    assert (drifted.work / "report").read_bytes().decode() == lines.removesuffix("\nSANDBOX: no real cloud was read or changed.\n")


@pytest.mark.parametrize("form", ("markdown", "junit", "sarif"))
def test_no_drift(offline, form):
    offline.write("quoin.yaml", (HERE / "quoin.yaml").read_text())
    offline("apply", "dev", "-auto-approve").expect(0)
    same_as_golden(f"none.{form}", report(offline, form, code=0))


def test_plan(drifted):
    spec = (HERE / "quoin.yaml").read_text().replace("10.0.1.0/24", "10.0.2.0/24").replace("7 }", "14 }")
    drifted.write("quoin.yaml", spec.replace("  log:", "  other:\n    type: AWS::EC2::VPC\n    properties: { CidrBlock: 10.1.0.0/16 }\n  log:"))
    done = drifted("plan", "dev", "-format=markdown", "-out=saved.plan").expect(0)
    same_as_golden("plan.markdown", done.out)
    assert "Saved to saved.plan" in done.err
    for form in ("github", "junit", "sarif"):
        assert "-format" not in drifted("plan", "dev", f"-format={form}").expect(0).err
    drifted("apply", "saved.plan", "-auto-approve").expect(0)


def test_undeclared_is_no_drift(offline):
    """Settings that nobody declared are told by -all alone, and change neither the exit code nor the plan."""
    offline.write("quoin.yaml", (HERE / "quoin.yaml").read_text())
    offline("apply", "dev", "-auto-approve").expect(0)
    offline("sandbox", "set", "vpc", "InstanceTenancy=dedicated", "dev").expect(0)
    assert "InstanceTenancy" not in offline("drift", "dev").expect(0).out
    out = offline("drift", "dev", "-all").expect(0).out
    assert 'InstanceTenancy = "dedicated"' in out and "No drift" in out
    assert json.loads(offline("drift", "dev", "-all", "-json").expect(0).out)["undeclared"] == [
        {"address": "vpc", "type": "AWS::EC2::VPC", "path": "InstanceTenancy", "live": "dedicated", "recorded": None}]
    assert "undeclared" not in json.loads(offline("drift", "dev", "-json").expect(0).out)
    offline("plan", "dev", "-detailed-exitcode").expect(0)
    spec = (HERE / "quoin.yaml").read_text().replace("      CidrBlock: 10.0.0.0/16\n", "      CidrBlock: 10.0.0.0/16\n      InstanceTenancy: dedicated\n")
    offline.write("quoin.yaml", spec)
    assert "InstanceTenancy" not in offline("drift", "dev", "-all").expect(0).out
    offline.write("quoin.yaml", (HERE / "quoin.yaml").read_text().replace("  vpc:\n", "  vpc:\n    ignore: [InstanceTenancy]\n"))
    assert "InstanceTenancy" not in offline("drift", "dev", "-all").expect(0).out


def test_json_is_a_format(drifted):
    assert report(drifted, "json") == drifted("drift", *OPTIONS, "-json").expect(2).out


@pytest.mark.parametrize("options", (["-format=html"], ["-format=sarif", "-json"]))
def test_wrong_format(offline, options):
    offline.write("quoin.yaml", (HERE / "quoin.yaml").read_text())
    done = offline("drift", "dev", *options).expect(1)
    assert "QN0006" in done.err + done.out and "junit and sarif" in done.err + done.out


# ---- readers that are not quoin's ---------------------------------------------------
def annotations(text: str) -> list[tuple[str, dict, str]]:
    """Workflow commands as GitHub documents them: `::command key=value,key=value::message` on a line of its own."""
    found = []
    for line in text.split("\n"):
        match = re.fullmatch(r"::([a-z]+)(?: (.*?))?::(.*)", line)
        if not match:
            assert not line.startswith("::"), line
            continue
        level, keys, message = match.groups()
        pairs = dict(pair.split("=", 1) for pair in (keys or "").split(",") if pair)
        for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            pairs = {k: v.replace(code, sign) for k, v in pairs.items()}
            if code not in ("%3A", "%2C"):
                message = message.replace(code, sign)
        assert set(pairs) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        found.append((level, pairs, message))
    return found


def test_github_reads_it(drifted):
    found = annotations(report(drifted, "github"))
    assert [level for level, _, _ in found] == ["error", "warning", "notice"]
    (_, gone, _), (_, changed, message), (_, bare, told) = found
    spec = (HERE / "quoin.yaml").read_text().splitlines()
    assert gone["file"] == "quoin.yaml" and spec[int(gone["line"]) - 1].startswith("  subnet:")
    assert gone["title"] == 'subnet["a,b"]: Deleted outside quoin'
    assert "Name" in spec[int(changed["line"]) - 1]
    assert message.split("\n")[1].endswith(r', live "]]>50%\r\n::error::`x`, a:b &amp; <script>{1}"')
    assert bare["title"].startswith("vpc") and 'Tags["owner"]: live "ops"' in told and "aws:managed" not in told


def test_junit_reads_it(drifted):
    text = report(drifted, "junit")
    suites = JUnitXml.fromstring(text.encode())
    assert (suites.tests, suites.failures, suites.errors) == (4, 2, 0)
    cases = {case.name: case for suite in suites for case in suite}
    assert list(cases) == ["log", 'subnet["a,b"]', 'subnet["c:d"]', "vpc"] and cases["vpc"].classname == "AWS::EC2::VPC"
    assert [r.type for r in cases['subnet["a,b"]'].result] == ["gone"] and cases["log"].is_passed
    assert r"<script>{1}" in cases["vpc"].result[0].text and "InstanceTenancy" in cases["vpc"].system_out


def test_sarif_reads_it(drifted):
    run = sarif_pydantic.Sarif.model_validate(json.loads(report(drifted, "sarif"))).runs[0]
    rules = [rule.id for rule in run.tool.driver.rules]
    assert [r.rule_id for r in run.results] == ["gone", "changed", "undeclared", "undeclared"]
    prints = set()
    for result in run.results:
        assert rules[result.rule_index] == result.rule_id
        place = result.locations[0].physical_location
        assert place.artifact_location.uri == "quoin.yaml" and place.region.start_line > 4
        prints.add(result.partial_fingerprints["quoin/v1"])
        assert not re.search(r"(?<!\{)\{[0-9](?!\})", result.message.text)       # no placeholder
    assert len(prints) == len(run.results)
    assert [r.locations[0].logical_locations[0].fully_qualified_name for r in run.results][:2] == ['subnet["a,b"]', 'vpc.Tags["Name"].Value']


def rendered(text: str) -> tuple[str, list[str]]:
    """HTML, and the code spans in it."""
    md = MarkdownIt("gfm-like", {"linkify": False})
    codes = [child.content for token in md.parse(text) for child in token.children or [] if child.type == "code_inline"]
    return md.render(text), codes


def test_markdown_is_rendered(drifted):
    html, codes = rendered(report(drifted, "markdown"))
    assert html.index("Deleted outside quoin (1)") < html.index("Changed outside quoin (1)") < html.index("<details>")
    assert r'"]]>50%\r\n::error::`x`, a:b &amp; <script>{1}"' in codes and '"100% of ``it``, <b>{0}</b> | @all"' in codes
    assert "<script>" not in html and "<b>" not in html
    assert html.count("<details>") == html.count("</details>") == 1


# ---- limits ---------------------------------------------------------------------------
@pytest.fixture
def many(offline):
    """1,200 objects: 30 gone, the others changed."""
    offline.write("quoin.yaml", """quoin: 1
stack: many
environments:
  dev: { region: us-east-1, sandbox: true }
resources:
  group:
    for_each: ${[format("%04d", i) for i in range(1200)]}
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: "/many/${each.key}", RetentionInDays: 7 }
""")
    offline("apply", "dev", "-auto-approve").expect(0)
    replace(offline, ('"RetentionInDays":7', '"RetentionInDays":14'))
    kept = [line for line in store(offline).read_text().splitlines() if not re.search(r'"/many/11[789]\d"', line)]
    store(offline).write_text("\n".join(kept) + "\n")
    return offline


def test_limits(many):
    found = annotations(report(many, "github"))
    assert [level for level, _, _ in found] == ["error"] * 9 + ["warning"] * 9 + ["error", "warning"]
    assert [message.split(":")[0] for _, _, message in found[-2:]] == ["and 21 more", "and 1161 more"]
    for form, most in (("comment", 65536), ("markdown", 1 << 20)):
        text = report(many, form)
        assert len(text.encode()) <= most
        html, _ = rendered(text)
        gone = re.findall(r'`group\["11[789]\d"\]`', text)
        assert len(gone) == 30 and text.index(gone[-1]) < text.index("Changed outside quoin (1170)")
        left = re.search(r"\*\*(\d+) more left out here, for want of room:\*\* (\d+) changed\.", text)
        assert bool(left) == (form == "comment")
        told = html.count("RetentionInDays")
        assert told + int(left[1] if left else 0) == 1170
    assert JUnitXml.fromstring(report(many, "junit").encode()).failures == 1200


def test_deletions_alone_are_too_many(many):
    """What is lost stays in sight even when it alone does not fit."""
    store(many).write_text(store(many).read_text().splitlines()[0] + "\n")
    text = many("drift", "dev", "-allow-mass-loss", "-format=comment").expect(2).out
    assert len(text) <= 65536 and "<details>" not in text and "### Deleted outside quoin (1200)" in text
    told = len(re.findall(r"^- `group", text, re.M))
    assert told > 500 and f"**{1200 - told} more left out here, for want of room:** {1200 - told} gone." in text
