#!/bin/sh
# Makes build/venv from tests/requirements.txt, or adds what it lacks; does nothing when it is up to date.
# Usage: tests/venv.sh [folder]     prints the folder's python
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${1:-$root/build/venv}
python=${PYTHON:-python3}
version=$("$python" --version)
sum=$( { echo "$version"; cat "$root/tests/requirements.txt"; } | cksum | tr ' ' -)
stamp=$venv/.requirements-$sum
if [ -f "$stamp" ] && [ -x "$venv/bin/python" ]; then
    echo "$venv/bin/python"
    exit 0
fi
mkdir -p "$(dirname "$venv")"
if [ "$("$venv/bin/python" --version 2>/dev/null)" != "$version" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/requirements.txt" >&2
touch "$stamp"
echo "$venv/bin/python"
