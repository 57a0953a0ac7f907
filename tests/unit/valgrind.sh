#!/bin/sh
# Unit tests under valgrind: errors and definite leaks fail.
cd "$(dirname "$0")/../.." || exit 1
make --no-print-directory -s unit || exit 1
failed=0
for bin in build/unit/test_*; do
  [ -x "$bin" ] && [ -f "$bin" ] || continue
  valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$bin" >build/valgrind.log 2>&1 || {
    echo "valgrind: $bin"; tail -30 build/valgrind.log; failed=1; }
done
exit $failed
