#!/bin/sh
# Makes build/venv from tests/requirements.txt; does nothing when it is up to date.
# Usage: tests/venv.sh [folder]     prints the folder's python
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${1:-$root/build/venv}
python=${PYTHON:-python3}
want=$( { "$python" --version; cat "$root/tests/requirements.txt"; } | cksum)
stamp=$venv/.requirements
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && [ -x "$venv/bin/python" ]; then
    echo "$venv/bin/python"
    exit 0
fi
mkdir -p "$(dirname "$venv")"
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/requirements.txt" >&2
printf '%s' "$want" >"$stamp"
echo "$venv/bin/python"
