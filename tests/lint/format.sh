#!/bin/sh
# clang-format over all C files: `check` lists what would change, `write` changes it.
# Output differs between versions of clang-format; the one of the project is 14.
set -eu
cd "$(dirname "$0")/../.."
tool=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$tool" ]; then echo "format: clang-format is missing (make deps)"; exit 1; fi
case $("$tool" --version) in
  *"version 14."*) ;;
  *) echo "format: skipped, $("$tool" --version) is not version 14"; exit 0 ;;
esac
files=$(git ls-files 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h')
if [ "$1" = write ]; then
  # shellcheck disable=SC2086
  "$tool" -i $files
else
  # shellcheck disable=SC2086
  "$tool" --dry-run -Werror $files 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c >build/format.txt || true
  if [ -s build/format.txt ]; then echo "format: run make format"; cat build/format.txt; exit 1; fi
  echo "format: $(printf '%s\n' "$files" | wc -l) files"
fi
