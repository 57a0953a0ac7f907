"""Talks to wire_driver: one JSON object a line there and back."""
import base64
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = sorted((ROOT / "modules/providers/aws").glob("*/wire.json"))


class Driver:
    def __init__(self, tables=TABLES):
        path = os.environ.get("WIRE_DRIVER", str(ROOT / "build/wire_driver"))
        self.process = subprocess.Popen([path, *map(str, tables)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **question):
        line = json.dumps(question)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"wire_driver ended at {line}"
        return json.loads(answer)

    def serialise(self, service, operation, value):
        return self.ask(do="serialise", service=service, operation=operation, input=value)

    def parse(self, service, operation, status, headers, body, do="parse"):
        return self.ask(do=do, service=service, operation=operation, status=status,
                        headers=[[k, v] for k, v in headers.items()], body=base64.b64encode(body).decode())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


def operations():
    """[(service, operation)] of all tables."""
    out = []
    for table in TABLES:
        data = json.loads(table.read_text())
        out += [(data["service"], name) for name in data["operations"]]
    return out
