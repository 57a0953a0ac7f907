"""Terminals, pipes, signals: where output goes and what a user sees of it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from ..harness.quoin import binary
from .runner import as_user
from .test_commands import SPEC, applied

ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
MANY = """quoin: 1
stack: demo
environments: { dev: { region: us-east-1 } }
resources:
  group:
    type: AWS::Logs::LogGroup
    for_each: [a-rather-long-name-number-1, a-rather-long-name-number-2, a-rather-long-name-number-3, d, e, f, g, h, i, j, k, l, m, n, o]
    properties: { LogGroupName: "/demo/${each.value}" }
"""


class Terminal:
    """quoin on a pseudo-terminal."""

    def __init__(self, run, *args, columns=80, rows=24, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        full = {**run.env, "TERM": "xterm-256color", **(env or {})}
        self.process = subprocess.Popen([str(binary()), *args], cwd=run.work, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, env={k: v for k, v in full.items() if v is not None},
                                        preexec_fn=lambda: (as_user(None)(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
        os.close(slave)
        self.text = ""

    def read_until(self, pattern: str | None, timeout_s: float = 30) -> str:
        """Reads until the pattern is there (None: until the end)."""
        end = time.monotonic() + timeout_s
        while pattern is None or not re.search(pattern, self.text):
            assert time.monotonic() < end, f"no {pattern} in\n{self.text}"
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                assert pattern is None, f"no {pattern} in\n{self.text}"
                break
            self.text += data.decode(errors="replace")
        return self.text

    def type(self, text: str):
        os.write(self.master, text.encode())

    def end(self, code: int) -> str:
        self.read_until(None)
        assert self.process.wait(30) == code, self.text
        os.close(self.master)
        return self.text.replace("\r\n", "\n")


def test_colour_on_a_terminal_only(online):
    online.write("quoin.yaml", SPEC)
    assert "\x1b[" not in online("plan").expect(0).out
    assert ESCAPE.search(Terminal(online, "plan").end(0))
    for words, env in (((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("-no-color",), {}), ((), {"TERM": None})):
        assert "\x1b" not in Terminal(online, "plan", *words, env=env).end(0), (words, env)
    assert ESCAPE.search(Terminal(online, "plan", env={"NO_COLOR": ""}).end(0))


def test_errors_are_coloured_on_a_terminal_only(offline):
    offline.write("quoin.yaml", SPEC.replace("properties", "propertys"))
    assert "\x1b[" not in offline("validate").expect(1).err
    assert ESCAPE.search(Terminal(offline, "validate").end(1))
    assert "\x1b" not in Terminal(offline, "validate", env={"NO_COLOR": "1"}).end(1)


@pytest.mark.asan
def test_apply_after_yes(online):
    online.write("quoin.yaml", SPEC)
    terminal = Terminal(online, "apply")
    terminal.read_until("Only \"yes\"")
    terminal.type("yes\n")
    assert "Apply complete: 2 added" in terminal.end(0)
    assert online("state", "list").expect(0).out == "one\ntwo\n"


@pytest.mark.parametrize("answer", ["no\n", "y\n", "yes please\n", "YES\n", "\n", "\x04"])
def test_anything_but_yes_is_no(online, cloud, answer):
    online.write("quoin.yaml", SPEC)
    terminal = Terminal(online, "apply")
    terminal.read_until("Only \"yes\"")
    terminal.type(answer)
    assert "nothing was changed" in terminal.end(12)
    assert cloud.mutations() == []


@pytest.mark.asan
@pytest.mark.parametrize("how", ["key", "term", "hup"])
def test_interrupted_at_the_prompt(online, cloud, how):
    online.write("quoin.yaml", SPEC)
    terminal = Terminal(online, "apply")
    terminal.read_until("Only \"yes\"")
    if how == "key":
        terminal.type("\x03")
    else:
        terminal.process.send_signal({"term": signal.SIGTERM, "hup": signal.SIGHUP}[how])
    assert "nothing was changed" in terminal.end(130)
    assert cloud.mutations() == []
    online("apply", "-auto-approve").expect(0)  # the lock is free


def test_interrupted_while_it_reads(online, gate):
    applied(online)
    gate.faults.add_rule(op="logs:DescribeLogGroups", action="hang", ms=5000)
    process = online.start("apply")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode in (130, -signal.SIGINT)
    gate.faults.clear()
    online("plan", "-detailed-exitcode").expect(0)


@pytest.mark.parametrize("columns,rows", [(40, 24), (40, 6), (20, 4), (200, 50)])
def test_live_view_fits(online, gate, columns, rows):
    online.write("quoin.yaml", MANY)
    gate.faults.configure(seed=1, latency_ms=120)
    text = Terminal(online, "apply", "-auto-approve", columns=columns, rows=rows).end(0)
    start = text.index("Read the cloud with")
    live = text[start:]
    ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", live)]
    assert ups and max(ups) < rows, "the cursor would go above the screen"
    blocks = re.findall(r"^(?:\x1b\[\d+A\x1b\[J)?  (?:group|\.\.\. and).*$|^\d+ of \d+$", live, re.M)
    assert blocks and max(len(ESCAPE.sub("", b)) for b in blocks) < columns
    assert "Apply complete: 15 added" in text


def test_plain_lines_in_ci(online):
    online.write("quoin.yaml", SPEC)
    text = Terminal(online, "apply", "-auto-approve", env={"CI": "true"}).end(0)
    assert not re.search(r"\x1b\[\d*[AJ]", text) and "one: creating (AWS::Logs::LogGroup)" in text


def test_closed_pipe_is_no_error(online):
    applied(online)
    process = online.start("show", "-json")
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(20) == 0


def test_head(online):
    online.write("quoin.yaml", MANY)
    done = subprocess.run(f"{binary()} plan | head -1", shell=True, cwd=online.work, env=online.env, capture_output=True, text=True)
    assert done.stdout == "demo / dev in us-east-1, account 123456789012\n" and done.stderr == ""


@pytest.mark.parametrize("command", ["plan", "plan -json", "version", "help", "graph", "state list", "validate", "plan -detailed-exitcode"])
def test_full_disk_behind_standard_output(online, command):
    applied(online, SPEC)
    online.write("quoin.yaml", SPEC.replace("RetentionInDays: 7", "RetentionInDays: 30"))
    with open("/dev/full", "w") as full:
        process = online.start(*command.split(), stdout=full)
        err = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 1 and err == "error[QN0002]: cannot write to standard output: No space left on device\n"


def test_closed_standard_streams(online):
    """A file opened as number 1 would get the plan printed into it."""
    online.write("quoin.yaml", SPEC)
    done = subprocess.run(f"{binary()} apply -auto-approve <&- >&- 2>&-", shell=True, cwd=online.work, env=online.env)
    assert done.returncode == 0
    assert online("state", "list").expect(0).out == "one\ntwo\n"
    online("plan", "-detailed-exitcode").expect(0)
