#!/bin/sh
# Runs unit test programs; prints what failed and a last line "N passed, N failed".
passed=0 failed=0
for bin in "$@"; do
  out=$(timeout 300 "$bin" 2>&1); code=$?
  ok=$(printf '%s\n' "$out" | grep -c '^ok ')
  bad=$(printf '%s\n' "$out" | grep -c '^FAILED ')
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then bad=1; out="$out
no test ran"; fi
  if [ "$bad" -ne 0 ]; then printf '%s (exit %s)\n%s\n' "$bin" "$code" "$out"; fi
  passed=$((passed + ok)) failed=$((failed + bad))
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
