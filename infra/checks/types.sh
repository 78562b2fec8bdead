#!/usr/bin/env bash
# mypy --strict over the sources and over each suite of tests (suites share module names, so each is a run of its own).
# Usage: infra/checks/types.sh MYPY SOURCE… -- SUITE…
set -uo pipefail
mypy=$1
shift
sources=()
while [ "$1" != -- ]; do
  sources+=("$1")
  shift
done
shift
status=0
"$mypy" "${sources[@]}" || status=1
for suite in "$@"; do
  # A suite's own fakes are a package within its folder fakes/, or are imported by their path from the top.
  path=$suite:$suite/fakes
  if compgen -G "$suite/fakes/*.py" >/dev/null; then path=; fi
  echo "$suite:"
  MYPYPATH=$path "$mypy" "$suite" || status=1
done
exit $status
