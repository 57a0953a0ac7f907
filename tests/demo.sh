#!/bin/sh
# make demo: the whole life of examples/web against the emulator on this machine.
# Nothing leaves 127.0.0.1; state and everything else is below build/demo.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/demo
rm -rf "$work" && mkdir -p "$work"
cp "$root/examples/web/quoin.yaml" "$work/"
python=$(sh "$root/tests/venv.sh")
cd "$root"
"$python" -m tests.gate >"$work/emulator" 2>"$work/emulator.log" &
emulator=$!
trap 'kill $emulator 2>/dev/null; wait $emulator 2>/dev/null || true' EXIT INT TERM
for _ in $(seq 100); do grep -q AWS_REGION "$work/emulator" && break; sleep 0.1; done
. "$work/emulator"
export AWS_DEFAULT_REGION="$AWS_REGION"
cd "$work"
quoin() { printf '\n\033[1m$ quoin %s\033[0m\n' "$*"; "$root/build/quoin" "$@"; }
quoin validate
quoin apply development -auto-approve
quoin plan development -detailed-exitcode
printf '\nSomebody changes the log group and the service behind quoin'"'"'s back ...\n'
"$python" - <<'PY'
import boto3, os
url = os.environ["AWS_ENDPOINT_URL"]
boto3.client("logs", endpoint_url=url).put_retention_policy(logGroupName="/web/development", retentionInDays=7)
boto3.client("ecs", endpoint_url=url).update_service(cluster="web-development", service="web-development", desiredCount=9)
PY
quoin drift development || test $? -eq 2
quoin apply development -auto-approve
quoin graph development -mermaid >graph.mmd
printf '\nThe graph is in build/demo/graph.mmd (Mermaid).\n'
quoin destroy development -auto-approve
