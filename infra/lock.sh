#!/usr/bin/env bash
# Resolves requirements.lock for every supported platform, with hashes and no index's name in it; then writes what each image
# takes from it (infra/docker/*.lock), and docs/foreign-service. Usage: infra/lock.sh UV
set -euo pipefail
uv=$1
own=$(sed -n 's/^name = "\(broadcaster-[a-z-]*\)"/--no-emit-package \1/p' ./*/pyproject.toml ./*/*/pyproject.toml | sort -u)

compile() { # SOURCE LOCK OPTION…
  # shellcheck disable=SC2086 # one option and one name a line
  "$uv" pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url \
    "$1" -o "$2" $own "${@:3}"
}

compile pyproject.toml requirements.lock --group dev
for service in listener publisher; do
  compile "$service-svc/pyproject.toml" "infra/docker/$service.lock" --constraint requirements.lock
done
# the worked example of another team's service, with the environment that its tests run in
compile docs/foreign-service/pyproject.toml docs/foreign-service/requirements.lock --group docs/foreign-service/pyproject.toml:test \
  --constraint requirements.lock
echo hatchling | compile - infra/docker/build.lock --constraint requirements.lock
