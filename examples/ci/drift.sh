#!/bin/sh
# Looks for drift in the environments named, in the folder of the spec. Says nothing when there is none, so that cron
# sends a letter only when there is something to read. Each report stands in $REPORTS (default: reports).
# Exit code 1: somewhere it could not look; 2: something drifted.
set -eu
reports=${REPORTS:-reports}
mkdir -p "$reports"
result=0
for environment in "$@"; do
    code=0
    quoin drift "$environment" -format=markdown -out="$reports/drift-$environment.md" 2>"$reports/errors" >/dev/null || code=$?
    case $code in
    0) ;;
    2)
        cat "$reports/drift-$environment.md"
        test "$result" -eq 1 || result=2
        ;;
    *)
        echo "$environment: quoin drift ended with exit code $code"
        cat "$reports/errors"
        result=1
        ;;
    esac
done
exit "$result"
