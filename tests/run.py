#!/usr/bin/env python3
"""Runs the stages of `make test` (or those named) and prints, last, "N passed, N failed".

A stage is a command whose output says how many tests passed and failed, in the
words of pytest or of tests/unit/run.sh, or that counts as one test by its exit
code. A stage that ran no test has failed."""
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAKE = ["make", "--no-print-directory", "-s", "-j2"]
PYTEST = ["build/venv/bin/python", "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
WAITING = ["build/venv/bin/python", "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal"]  # they wait more than they compute
ASAN = {"QUOIN_BIN": str(ROOT / "build/asan/quoin"), "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1"}

# name: (what it covers, command, environment)
STAGES = {
    "build": ("the build without a warning", MAKE + ["DEV=1", "all"], {}),
    "unit": ("unit and golden tests", MAKE + ["DEV=1", "unit"], {}),
    "lint": ("house rules and formatting", MAKE + ["lint"], {}),
    "gate": ("the gate's own tests", PYTEST + ["tests/gate"], {}),
    "wire": ("wire protocols against botocore", MAKE + ["wire"], {}),
    "sigv4": ("signatures against botocore", MAKE + ["sigv4"], {}),
    "client": ("calls of the cloud client through the gate", MAKE + ["client"], {}),
    "cli": ("command line, goldens of bad input", PYTEST + ["tests/cli"], {}),
    "docs": ("snippets of the docs", PYTEST + ["tests/docs"], {}),
    "integration": ("against the emulator through the gate", WAITING + ["tests/integration"], {}),
    "crash": ("kill -9 at drawn points", WAITING + ["tests/crash"], {}),
    "asan-build": ("the build with ASan and UBSan", MAKE + ["V=asan", "all"], {}),
    "asan-unit": ("unit tests under ASan and UBSan", MAKE + ["V=asan", "unit"], ASAN),
    "asan": ("command line and the main cycle under ASan and UBSan",
             PYTEST + ["-m", "asan", "tests/cli", "tests/integration"], ASAN),
    "fuzz": ("a short run of every fuzz target", MAKE + ["fuzz", "SECONDS=2"], {}),
}

# These go on beside the others once those before them have ended: they share no file, and the former mostly wait.
LANES = (("integration",), ("asan-build", "asan-unit", "asan", "fuzz", "crash"))
printing = threading.Lock()


def counts(text):
    """Sums of the closing lines of pytest ("3 passed, 1 failed in 2s") and run.sh ("unit: 3 passed, 0 failed")."""
    passed = failed = 0
    seen = False
    for line in text.splitlines():
        if not re.search(r"\b\d+ (passed|failed|error)", line) or not re.search(r" in [\d.]+s|^\w[\w -]*: \d+ passed, \d+ failed$", line):
            continue
        seen = True
        for n, word in re.findall(r"(\d+) (passed|failed|errors?)\b", line):
            if word == "passed":
                passed += int(n)
            else:
                failed += int(n)
    return seen, passed, failed


def run(name):
    what, command, env = STAGES[name]
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    seen, passed, failed = counts(done.stdout)
    if not seen:
        passed, failed = (1, 0) if done.returncode == 0 else (0, 1)
    if done.returncode != 0 and failed == 0:
        failed = 1
    if passed + failed == 0:
        failed = 1
    shown = done.stdout if failed else "\n".join(
        line for line in done.stdout.splitlines() if re.search(r"passed|gate:|lint:|seed|skip|fuzz", line, re.I))
    with printing:
        print(f"== {name}: {what}\n{shown.rstrip()}", flush=True)
        print(f"-- {name}: {passed} passed, {failed} failed ({time.monotonic() - start:.0f} s)\n", flush=True)
    return passed, failed


def main():
    names = sys.argv[1:] or list(STAGES)
    unknown = [n for n in names if n not in STAGES]
    if unknown:
        sys.exit(f"no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
    subprocess.run(["sh", "tests/venv.sh"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    beside = [[n for n in lane if n in names] for lane in LANES]
    results = [run(n) for n in names if not any(n in lane for lane in LANES)]
    lanes = [threading.Thread(target=lambda lane=lane: results.extend(run(n) for n in lane)) for lane in beside]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    passed, failed = sum(r[0] for r in results), sum(r[1] for r in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
