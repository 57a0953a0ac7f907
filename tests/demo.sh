#!/bin/sh
# make demo: the whole life of a production environment in the sandbox. No account, no network, no bill;
# state, plan and pictures are below build/demo.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/demo
rm -rf "$work" && mkdir -p "$work"
cp "$root/examples/sharedpayments/quoin.yaml" "$work/"
cd "$work"
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold='\033[1m' plain='\033[0m'; else bold='' plain=''; fi
say() { printf "\n${bold}%s${plain}\n" "$*"; }
quoin() {
  printf "\n${bold}\$ quoin %s${plain}\n" "$*" >&2
  "$root/build/quoin" "$@"
}

say "A payments service: three zones, load balancer, ECS with autoscaling, alarms, DNS. Is the spec right?"
quoin validate

say "What would production be? The plan is kept and applied as it stands."
quoin plan -sandbox production -out production.plan >planned
tail -n 25 planned
quoin apply production.plan >applied
tail -n 12 applied

say "Somebody changes the service by hand and deletes an alarm ..."
quoin sandbox set api.service DesiredCount=20 production
quoin sandbox delete 'alarms.alarm_of["cpu"]' production
quoin drift -sandbox production || test $? -eq 2

say "... and apply puts right exactly that."
quoin apply -sandbox production -auto-approve >repaired
tail -n 12 repaired

say "Pictures of the graph:"
"$root/build/quoin" graph -sandbox production -mermaid >graph.mmd 2>/dev/null
"$root/build/quoin" graph -sandbox production >graph.dot 2>/dev/null
echo "build/demo/graph.mmd (Mermaid), build/demo/graph.dot (Graphviz)"
if command -v dot >/dev/null; then dot -Tsvg graph.dot -o graph.svg && echo "build/demo/graph.svg"; fi

say "The way back: everything goes, dependents first."
quoin destroy -sandbox production -auto-approve -confirm=production >destroyed
tail -n 6 destroyed
say "Next: README.md points it at AWS, LocalStack or the emulator of the tests (make emulator)."
