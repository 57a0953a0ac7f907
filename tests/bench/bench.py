#!/usr/bin/env python3
"""Benchmarks of whole processes: median of N runs and peak memory, beside a peer
measured in the same run: PyYAML's C parser reading the same file and doing nothing else.

    make bench            all cases
    python3 tests/bench/bench.py plan-5000 validate-5000
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import states

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOIN = os.environ.get("QUOIN_BIN") or str(ROOT / "build/quoin")
RUNS = int(os.environ.get("RUNS", "7"))


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


def run_once(command, cwd, env):
    """(seconds, peak KiB) of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode not in (0, 2):
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{err.decode()[-2000:]}")
    return seconds


def measure(command, cwd, env):
    run_once(command, cwd, env)
    times = [run_once(command, cwd, env) for _ in range(RUNS)]
    probe = subprocess.run([sys.executable, "-c",
                            "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,"
                            "stderr=subprocess.DEVNULL);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                            *command], cwd=cwd, env=env, capture_output=True, text=True)
    return statistics.median(times), int(probe.stdout) / 1024


def tool_env(folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(HOME=str(folder), AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="us-east-1",
               NO_COLOR="1")
    return env


def yardstick(path):
    python = str(ROOT / "build/venv/bin/python")
    code = f"import yaml; yaml.load(open({str(path)!r}), yaml.CSafeLoader)"
    return [python if os.path.exists(python) else sys.executable, "-c", code]


def with_state(folder, env, n):
    """A folder in which n log groups were applied to the emulator."""
    sys.path.insert(0, str(ROOT))
    from tests.gate.moto_process import MotoProcess  # noqa: the emulator alone: this is not a test of requests
    moto = MotoProcess()
    try:
        env = {**env, "AWS_ENDPOINT_URL": moto.url}
        subprocess.run([QUOIN, "apply", "-auto-approve"], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    finally:
        moto.stop()


CASES = {
    # name: (resources, literal, arguments, needs a state)
    "version": (1, True, ["version"], False),
    "validate-1": (1, True, ["validate"], False),
    "validate-5000": (5000, True, ["validate"], False),
    "validate-100000-for_each": (100000, False, ["validate"], False),
    "plan-10000-new": (10000, True, ["plan", "-refresh=false"], False),
    "plan-5000": (5000, True, ["plan", "-refresh=false"], True),
}
# Reading a state and nothing else: the command looks at every record and prints their number.
STATES = {
    # name: (what is written, resources)
    "state-journal-10000": (states.journal, 10000),
    "state-journal-100000": (states.journal, 100000),
    "state-snapshot-100000": (states.snapshot, 100000),
}


def measure_state(make, n):
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        (folder / "quoin.yaml").write_text(spec(1))
        where = folder / "state" / "bench" / "dev"
        size, lines = make(where, n)
        seconds, mib = measure([QUOIN, "state", "check"], folder, tool_env(folder))
        peer, _ = measure([sys.executable, "-c", HASH_AND_PARSE, *map(str, where.iterdir())], folder, tool_env(folder))
    return seconds, mib, peer, f"{size / 2**20:.0f} MiB, {lines} lines"


# What any reader has to do at least: hash all bytes and parse every line.
HASH_AND_PARSE = ("import hashlib,json,sys\nfor f in sys.argv[1:]:\n  data=open(f,'rb').read()\n  hashlib.sha256(data).digest()\n"
                  "  for line in data.splitlines(): json.loads(line)")


def main():
    names = sys.argv[1:] or [*CASES, *STATES]
    print(f"{'case':28} {'median s':>9} {'MiB':>7} {'peer s':>9} {'ratio':>7}")
    rows = []
    for name in names:
        if name in STATES:
            seconds, mib, peer, what = measure_state(*STATES[name])
            rows.append({"case": name, "seconds": seconds, "MiB": mib, "peer_seconds": peer})
            print(f"{name:28} {seconds:9.4f} {mib:7.1f} {peer:9.4f} {seconds / peer:7.3f}  {what}", flush=True)
            continue
        n, literal, args, stateful = CASES[name]
        with tempfile.TemporaryDirectory() as tmp:
            folder = pathlib.Path(tmp)
            (folder / "quoin.yaml").write_text(spec(n, literal))
            env = tool_env(folder)
            if stateful:
                with_state(folder, env, n)
            seconds, mib = measure([QUOIN, *args], folder, env)
            peer, _ = measure(yardstick(folder / "quoin.yaml"), folder, env)
        rows.append({"case": name, "seconds": seconds, "MiB": mib, "peer_seconds": peer})
        print(f"{name:28} {seconds:9.4f} {mib:7.1f} {peer:9.4f} {seconds / peer:7.3f}", flush=True)
    out = ROOT / "build" / "bench.json"
    out.write_text(json.dumps(rows, indent=2) + "\n")
    print("peer: PyYAML with libyaml, parsing the same spec and nothing else; of a state: Python hashing the files and\n"
          "parsing each line as JSON")


if __name__ == "__main__":
    main()
