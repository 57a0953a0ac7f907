"""python -m tests.gate: starts the emulator and the gate for use by hand."""
from __future__ import annotations

import argparse
import signal
import sys
import threading

from .moto_process import MotoProcess
from .server import DEFAULT_KEY, DEFAULT_SECRET, Gate


def main() -> int:
    args = argparse.ArgumentParser(prog="python -m tests.gate", description=__doc__)
    args.add_argument("--port", type=int, default=0, help="port of the gate (default: a free one)")
    args.add_argument("--region", default="us-east-1")
    options = args.parse_args()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    moto = MotoProcess()
    try:
        gate = Gate(moto.address, options.port).start()
        print(f"export AWS_ENDPOINT_URL={gate.url}\nexport AWS_ACCESS_KEY_ID={DEFAULT_KEY}\n"
              f"export AWS_SECRET_ACCESS_KEY={DEFAULT_SECRET}\nexport AWS_REGION={options.region}\n"
              "unset AWS_SESSION_TOKEN AWS_PROFILE\n"
              f"# counters: curl {gate.url}/_gate/stats   violations: curl {gate.url}/_gate/violations\n"
              "# Ctrl-C ends emulator and gate; nothing is kept", flush=True)
        shown = 0
        while not done.wait(0.5):
            fresh = gate.stats.violations[shown:]
            shown += len(fresh)
            for violation in fresh:
                print(f"# VIOLATION {violation}", file=sys.stderr, flush=True)
        gate.stop()
    finally:
        moto.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
