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
  # A suite's own fakes are imported by name from its folder fakes/, or as the package fakes.
  path=$suite
  compgen -G "$suite/fakes/*.py" >/dev/null || path=$suite:$suite/fakes
  echo "$suite:"
  MYPYPATH=$path "$mypy" "$suite" || status=1
done
exit $status
