#!/usr/bin/env python3
"""House rules that a compiler does not know (docs/style.md). Exit code 1 and one
line per finding; a last line counts them."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHASES = ["base", "syntax", "lang", "schema", "graph", "state", "net", "cloud", "plan", "apply", "cli"]
# The phase that a public header belongs to.
HEADERS = {
    "base": "arena banned blob crypto diag diag_codes embed err file intern json regex session span str value vec xml".split(),
    "syntax": ["yaml"],
    "lang": "expr residual spec".split(),
    "schema": ["schema"],
    "graph": ["graph"],
    "state": ["state"],
    "net": ["net"],
    "cloud": "cloud cloud_write wire provider lookup sandbox".split(),
    "plan": ["plan"],
    "apply": ["apply"],
}
# state and net do not see each other; neither sees what stands to its right.
NOT_VISIBLE = {"net": {"state", "lang", "schema", "graph", "syntax"}, "state": {"net"}}
THIRD_PARTY = {
    "yaml.h": "src/syntax/", "curl/curl.h": "src/net/", "jansson.h": "src/base/json",
    "pcre2.h": "src/base/regex", "expat.h": "src/base/xml", "openssl/": "src/base/crypto",
}
ONLY_IN = {"quoin/cloud_write.h": ("src/apply/", "src/cloud/")}
LONGEST_FILE, LONG_FUNCTION, LONG_SHARE = 700, 60, 0.10
TABLES = {"src/cli/commands.c"}

findings = []


def finding(path, line, text):
    findings.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def phase_of_header(name):
    for phase, headers in HEADERS.items():
        if name in headers:
            return phase
    return None


def check_includes(path, rel, lines):
    own = rel.split("/")[1]
    for n, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not m:
            continue
        inc = m.group(1)
        for lib, home in THIRD_PARTY.items():
            if inc.startswith(lib) and not rel.startswith(home):
                finding(path, n, f"{inc} may be included below {home} only")
        for header, homes in ONLY_IN.items():
            if inc == header and not rel.startswith(homes):
                finding(path, n, f"{header} may be included below {' and '.join(homes)} only")
        if "/../" in inc or inc.startswith("../"):
            finding(path, n, "includes stay in their folder or go through quoin/")
        if not inc.startswith("quoin/") or own not in PHASES:
            continue
        phase = phase_of_header(inc[len("quoin/"):-2])
        if phase is None:
            finding(path, n, f"{inc} belongs to no phase: name it in tests/lint/lint.py")
        elif PHASES.index(phase) > PHASES.index(own) or phase in NOT_VISIBLE.get(own, ()):
            finding(path, n, f"{own} may not include {phase} (includes point left)")


def functions(lines):
    """(first line, length) of function bodies: an opening brace at the end of a line that starts in column 1."""
    start = None
    for n, line in enumerate(lines, 1):
        if start is None and re.match(r"[A-Za-z_].*\)\s*\{\s*$", line):
            start = n
        elif start is None and line == "{":
            start = n
        elif start is None and re.match(r"^\s+.*\)\s*\{\s*$", line) and n > 1 and re.match(r"[A-Za-z_].*[(,]\s*", lines[n - 2]):
            start = n
        elif start is not None and line.startswith("}"):
            yield start, n - start + 1
            start = None


def main():
    total = long = 0
    files = sorted((ROOT / "src").rglob("*.[ch]")) + sorted((ROOT / "include").rglob("*.h"))
    if len(files) < 20:
        sys.exit("lint: no sources found")
    for path in files:
        rel = str(path.relative_to(ROOT))
        lines = path.read_text().split("\n")
        if rel.startswith("src/"):
            check_includes(path, rel, lines)
        if len(lines) > LONGEST_FILE and rel not in TABLES:
            finding(path, len(lines), f"{len(lines)} lines: is it one thing? (at most {LONGEST_FILE})")
        for n, line in enumerate(lines, 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                finding(path, n, "unfinished")
            if "\t" in line:
                finding(path, n, "tab")
            if line.rstrip() != line:
                finding(path, n, "trailing blank")
        if path.suffix == ".c":
            for n, length in functions(lines):
                total += 1
                long += length > LONG_FUNCTION
                if length > 2 * LONG_FUNCTION:
                    finding(path, n, f"function of {length} lines")
    for extra in ("Makefile",):
        for n, line in enumerate((ROOT / extra).read_text().split("\n"), 1):
            if re.search(r"(^|[\s=])/(work|root|home)/", line):
                finding(ROOT / extra, n, "path of one machine")
    if total and long / total > LONG_SHARE:
        findings.append(f"{long} of {total} functions are longer than {LONG_FUNCTION} lines (at most {LONG_SHARE:.0%})")
    print("\n".join(findings), end="\n" if findings else "")
    print(f"lint: {len(files)} files, {total} functions ({long} over {LONG_FUNCTION} lines), {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
