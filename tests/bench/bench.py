#!/usr/bin/env python3
"""Benchmarks of whole processes: median of N runs and peak memory, beside a peer
measured in the same run: PyYAML's C parser reading the same file and doing nothing else.

    make bench                            all cases but the large ones
    make bench CASES=large                those of 100,000 resources and an apply of 20,000
    make bench CASES="plan-5000 apply-1000"

Of an apply the median is CPU time of the process of quoin, and the wall time stands behind it: the cloud that it
talks to (cloud.c) answers at once, but shares the machine.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import applies
import states

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOIN = os.environ.get("QUOIN_BIN") or str(ROOT / "build/quoin")
RUNS = int(os.environ.get("RUNS", "7"))
LONG_RUNS = min(RUNS, 3)  # of what takes seconds


def spec(n, literal=True):
    """n resources: log groups, written out one by one or by for_each."""
    head = "quoin: 1\nstack: bench\nenvironments:\n  dev: { region: us-east-1 }\n"
    if not literal:
        return head + ("resources:\n  group:\n    type: AWS::Logs::LogGroup\n    for_each: ${range(0, %d)}\n    properties:\n"
                       "      LogGroupName: /bench/${each.key}\n      RetentionInDays: 30\n" % n)
    rows = [head, "resources:\n"]
    for i in range(n):
        rows.append(f"  g{i}:\n    type: AWS::Logs::LogGroup\n    properties:\n      LogGroupName: /bench/${{stack}}/{i}\n"
                    "      RetentionInDays: 30\n")
    return "".join(rows)


def measure(command, cwd, env, runs=RUNS):
    """(median wall s, peak MiB)"""
    took = [applies.run(command, cwd, env) for _ in range(runs + 1)][1:]
    return statistics.median(t[0] for t in took), max(t[2] for t in took)


def tool_env(folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(HOME=str(folder), AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="us-east-1",
               NO_COLOR="1")
    return env


def yardstick(path):
    python = str(ROOT / "build/venv/bin/python")
    code = f"import yaml; yaml.load(open({str(path)!r}), yaml.CSafeLoader)"
    return [python if os.path.exists(python) else sys.executable, "-c", code]


CASES = {
    # name: (resources, literal, arguments)
    "version": (1, True, ["version"]),
    "validate-1": (1, True, ["validate"]),
    "validate-5000": (5000, True, ["validate"]),
    "validate-100000-for_each": (100000, False, ["validate"]),
    "plan-10000-new": (10000, True, ["plan", "-refresh=false"]),
    "plan-5000": (5000, True, ["plan", "-refresh=false"]),
    # large
    "validate-100000": (100000, True, ["validate"]),
    "plan-100000-new": (100000, True, ["plan", "-refresh=false"]),
    "plan-100000-new-for_each": (100000, False, ["plan", "-refresh=false"]),
    "plan-100000": (100000, False, ["plan", "-refresh=false"]),
}
# Nothing to do: the state has all of it, of an apply or as one would leave it.
APPLIED, WRITTEN = {"plan-5000"}, {"plan-100000"}
# Applies of so many into an empty state.
APPLIES = {"apply-1000": 1000, "apply-5000": 5000, "apply-20000": 20000}
# Reading a state and nothing else: the command looks at every record and prints their number.
STATES = {
    # name: (what is written, resources)
    "state-journal-10000": (states.journal, 10000),
    "state-journal-100000": (states.journal, 100000),
    "state-snapshot-100000": (states.snapshot, 100000),
}
LARGE = ["validate-100000", "plan-100000-new", "plan-100000-new-for_each", "plan-100000", "apply-20000"]
# What any reader has to do at least: hash all bytes and parse every line.
HASH_AND_PARSE = ("import hashlib,json,sys\nfor f in sys.argv[1:]:\n  data=open(f,'rb').read()\n  hashlib.sha256(data).digest()\n"
                  "  for line in data.splitlines(): json.loads(line)")


def measure_case(name, folder, env):
    n, literal, args = CASES[name]
    path = folder / "quoin.yaml"
    path.write_text(spec(n, literal))
    if name in APPLIED:
        applies.apply(QUOIN, folder, env, n)
    if name in WRITTEN:
        states.snapshot(folder / "state" / "bench" / "dev", n)
    if name in APPLIED | WRITTEN:
        if subprocess.run([QUOIN, *args, "-detailed-exitcode"], cwd=folder, env=env,
                          stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"{name}: the plan is not empty")
    runs = LONG_RUNS if name in LARGE else RUNS
    seconds, mib = measure([QUOIN, *args], folder, env, runs)
    peer = measure(yardstick(path), folder, env, runs)[0] if literal else None  # of a few lines it says nothing
    return seconds, mib, peer, ""


def measure_state(name, folder, env):
    make, n = STATES[name]
    (folder / "quoin.yaml").write_text(spec(1))
    where = folder / "state" / "bench" / "dev"
    size, lines = make(where, n)
    seconds, mib = measure([QUOIN, "state", "check"], folder, env)
    peer, _ = measure([sys.executable, "-c", HASH_AND_PARSE, *map(str, where.iterdir())], folder, env)
    return seconds, mib, peer, f"{size / 2**20:.0f} MiB, {lines} lines"


def measure_apply(name, folder, env):
    n, took = APPLIES[name], []
    for i in range(1 if name in LARGE else LONG_RUNS):
        place = folder / str(i)
        place.mkdir()
        (place / "quoin.yaml").write_text(spec(n))
        took.append(applies.apply(QUOIN, place, env, n))
    wall, cpu, mib = (statistics.median(t[k] for t in took) for k in range(3))
    return cpu, mib, None, f"CPU; wall {wall:.2f} s"


def main():
    names = sys.argv[1:] or [n for n in [*CASES, *APPLIES, *STATES] if n not in LARGE]
    if names == ["large"]:
        names = LARGE
    print(f"{'case':28} {'median s':>9} {'MiB':>7} {'peer s':>9} {'ratio':>7}")
    rows = []
    for name in names:
        how = measure_state if name in STATES else measure_apply if name in APPLIES else measure_case
        with tempfile.TemporaryDirectory() as tmp:
            folder = pathlib.Path(tmp)
            seconds, mib, peer, what = how(name, folder, tool_env(folder))
        rows.append({"case": name, "seconds": seconds, "MiB": mib, "peer_seconds": peer})
        beside = f"{peer:9.4f} {seconds / peer:7.3f}" if peer else f"{'-':>9} {'-':>7}"
        print(f"{name:28} {seconds:9.4f} {mib:7.1f} {beside}  {what}".rstrip(), flush=True)
    out = ROOT / "build" / "bench.json"
    out.write_text(json.dumps(rows, indent=2) + "\n")
    print("peer: PyYAML with libyaml, parsing the same spec and nothing else; of a state: Python hashing the files and\n"
          "parsing each line as JSON")


if __name__ == "__main__":
    main()
