"""examples/ci: what is written there is valid for those who read it, and its shell parts do what they say in the sandbox."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import sarif_pydantic
import yaml
from junitparser import JUnitXml

from ..harness.quoin import ROOT, binary

CI = ROOT / "examples/ci"
GITHUB, GITLAB = (yaml.safe_load((CI / name).read_text()) for name in ("github.yml", "gitlab.yml"))


def github(job: str) -> str:
    return "\n".join(step["run"] for step in GITHUB["jobs"][job]["steps"] if "run" in step)


def gitlab(job: str) -> str:
    return "\n".join([*GITLAB[".quoin"]["before_script"], *GITLAB[job]["script"]])


SHELL = {**{f"github-{job}": github(job) for job in GITHUB["jobs"]},
         **{f"gitlab-{job}": gitlab(job) for job in ("plan", "apply", "drift")},
         "drift.sh": (CI / "drift.sh").read_text()}


@pytest.mark.parametrize("name, options", (("github.yml", ["vendor.github-workflows"]),
                                           ("gitlab.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])))
def test_workflow_is_valid(name, options):
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", *options, str(CI / name)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", list(SHELL))
def test_shell_is_valid(name):
    assert "${{" not in SHELL[name]                              # what others write must not become a command
    subprocess.run(["sh", "-n"], input=SHELL[name], text=True, check=True)


@pytest.fixture
def site(offline):
    """The first example in the sandbox, with quoin on the PATH and gh that only notes what it is asked."""
    spec = (ROOT / "examples/hello/quoin.yaml").read_text()
    offline.write("quoin.yaml", spec.replace("region: us-east-1", "region: us-east-1, sandbox: true"))
    tools = offline.work.parent / "bin"
    tools.mkdir()
    (tools / "quoin").symlink_to(binary().resolve())
    (tools / "gh").write_text('#!/bin/sh\necho "$@" >> gh.txt\ncase $* in *--edit-last*) exit 1;; esac\n')
    (tools / "gh").chmod(0o755)
    offline.env |= {"PATH": f"{tools}:{os.environ['PATH']}", "QUOIN_ENV": "development", "GITHUB_STEP_SUMMARY": "summary.md",
                    "PULL_REQUEST": "https://example.test/1", "CI_PROJECT_DIR": str(offline.work / "project"), "OIDC_TOKEN": "t"}
    return offline


def sh(site, script: str, code: int = 0) -> str:
    """As the runners do: errors end the script."""
    done = subprocess.run(["sh", "-e", "-c", script], cwd=site.work, env=site.env, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def change(site) -> None:
    site("sandbox", "set", "vpc", "EnableDnsHostnames=false", "development").expect(0)


def text(site, name: str) -> str:
    return (site.work / name).read_text()


def test_github(site):
    sh(site, SHELL["github-plan"])
    assert "### To create" in text(site, "plan.md") or "To create (1)" in text(site, "summary.md")
    assert text(site, "gh.txt").splitlines() == ["pr comment https://example.test/1 --edit-last --body-file plan.md",
                                                 "pr comment https://example.test/1 --body-file plan.md"]
    sh(site, SHELL["github-apply"])
    sh(site, SHELL["github-drift"])
    change(site)
    out = sh(site, SHELL["github-drift"], code=2)
    assert "::warning file=quoin.yaml,line=" in out and "Changed outside quoin (1)" in text(site, "summary.md")
    found = sarif_pydantic.Sarif.model_validate(json.loads(text(site, "drift.sarif")))
    assert [r.rule_id for r in found.runs[0].results] == ["changed"]


def test_gitlab(site):
    site.env.pop("AWS_WEB_IDENTITY_TOKEN_FILE", None)
    assert "To create (1)" in sh(site, SHELL["gitlab-plan"])
    sh(site, SHELL["gitlab-apply"])
    sh(site, SHELL["gitlab-drift"])
    change(site)
    sh(site, SHELL["gitlab-drift"], code=2)
    assert JUnitXml.fromfile(str(site.work / "drift.xml")).failures == 1


def test_cron(site):
    """The line of the crontab itself: silent without drift, a letter with it, and no drift where it could not look."""
    lines = [line for line in (CI / "drift.cron").read_text().splitlines() if line and not line.startswith("#")]
    names = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
    (command,) = [line.split(None, 5)[5] for line in lines if re.match(r"[\d*]", line)]
    assert set(names) == {"MAILTO", "PATH", "FOLDER"} and "%" not in command
    site.env["FOLDER"] = str(site.work)
    site.write("drift.sh", (CI / "drift.sh").read_text())
    site("apply", "development", "-auto-approve").expect(0)
    assert sh(site, command) == ""
    change(site)
    letter = sh(site, command, code=2)
    assert "Changed outside quoin (1)" in letter and letter == text(site, "reports/drift-development.md")
    out = sh(site, command + " nowhere", code=1)
    assert "nowhere: quoin drift ended with exit code 1" in out and "error[QN" in out
