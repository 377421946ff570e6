#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after the other: go test -fuzz takes one target of one package.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${1:-20s}
found=0
while IFS=: read -r file target; do
  found=1
  package=./$(dirname "$file")
  echo "fuzzing $target in $package for $fuzztime"
  go test -run '^$' -fuzz "^${target}\$" -fuzztime "$fuzztime" -timeout 10m "$package"
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs -r grep -oHE '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func /:/' | sort)
if [ "$found" = 0 ]; then
  echo "no fuzz target found" >&2
  exit 1
fi
