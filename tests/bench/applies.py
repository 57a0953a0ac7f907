"""Applies against a cloud that answers at once (cloud.c): what is left is quoin's own work. The CPU time and the
memory are of the process of quoin alone; the wall time has the cloud's share and the disk's in it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLOUD = os.environ.get("BENCH_CLOUD") or str(ROOT / "build/bench_cloud")


class Cloud:
    """The cloud's process while the block runs; then `groups`, `requests` and `refused` say what it was asked."""

    def __enter__(self):
        self.process = subprocess.Popen([CLOUD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.groups, self.requests, self.refused = map(int, self.process.stdout.read().split())
        self.process.wait()


# A process that is as small as Python gets starts the command: what is forked inherits its parent's peak of memory.
PROBE = """
import os, sys, time
out, err = os.open(os.devnull, os.O_WRONLY), os.open("stderr", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1),
                                                                          (os.POSIX_SPAWN_DUP2, err, 2)])
_, status, used = os.wait4(pid, 0)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def run(command, cwd, env):
    """(wall s, CPU s, peak MiB) of one process."""
    probe = subprocess.run([sys.executable, "-I", "-S", "-c", PROBE, *command], cwd=cwd, env=env, check=True,
                           stdout=subprocess.PIPE, text=True)
    *took, code = map(float, probe.stdout.split())
    if code not in (0, 2):
        said = (pathlib.Path(cwd) / "stderr").read_text(errors="replace")
        sys.exit(f"{' '.join(map(str, command))}: exit {code:.0f}\n{said[-2000:]}")
    return tuple(took)


def apply(quoin, folder, env, n):
    """One apply of n log groups into an empty state; checked by a plan that has nothing to do."""
    with Cloud() as cloud:
        env = {**env, "AWS_ENDPOINT_URL": cloud.url}
        took = run([quoin, "apply", "-auto-approve"], folder, env)
        left = subprocess.run([quoin, "plan", "-detailed-exitcode"], cwd=folder, env=env, capture_output=True, text=True)
        if left.returncode:
            sys.exit(f"the plan after the apply is not empty: exit {left.returncode}\n{left.stdout[-1000:]}{left.stderr[-1000:]}")
    if cloud.groups != n or cloud.refused:
        sys.exit(f"the cloud has {cloud.groups} log groups of {n} and refused {cloud.refused} requests")
    return took
