#!/bin/sh
# Runs fuzz targets for some seconds each: run.sh SECONDS TARGET...
# The corpus is tests/fuzz/corpus/NAME where there is one; findings stay in build/fuzz/findings.
seconds=$1; shift
passed=0 failed=0
mkdir -p build/fuzz/findings
for target in "$@"; do
  name=$(basename "$target" | sed 's/^fuzz_//')
  work=build/fuzz/corpus/$name; mkdir -p "$work"
  seeds=; [ -d "tests/fuzz/corpus/$name" ] && seeds=tests/fuzz/corpus/$name
  log=build/fuzz/$name.log
  # shellcheck disable=SC2086
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
       -artifact_prefix=build/fuzz/findings/$name- "$work" $seeds >"$log" 2>&1; then
    passed=$((passed + 1)); echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
  else
    failed=$((failed + 1)); echo "fuzz $name: FINDING"; tail -40 "$log"
  fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
