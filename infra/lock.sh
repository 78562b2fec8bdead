#!/usr/bin/env bash
# Resolves requirements.lock for every supported platform, with hashes and no index's name in it. Usage: infra/lock.sh UV
set -euo pipefail
own=$(sed -n 's/^name = "\(broadcaster-[a-z-]*\)"/--no-emit-package \1/p' ./*/pyproject.toml ./*/*/pyproject.toml | sort -u)
# shellcheck disable=SC2086 # one option and one name a line
"$1" pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url \
  --group dev pyproject.toml -o requirements.lock $own
