#!/usr/bin/env bash
# Prepares the environment: a virtual environment with exactly what requirements.lock names, by hash, and the workspace's
# packages on top. Usage: infra/setup.sh VENV PACKAGE…   (PYTHON names the interpreter)
set -euo pipefail

venv=$1
shift
python=${PYTHON:-python3}

say() { echo "setup: $*" >&2; }

command -v "$python" >/dev/null || {
  say "there is no $python here; install Python 3.11 or newer, or name one: make PYTHON=python3.13 …"
  exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "$("$python" --version) is too old; Broadcaster needs Python 3.11 or newer: make PYTHON=python3.13 …"
  exit 1
}

if [ ! -x "$venv/bin/python" ]; then
  say "creating $venv"
  "$python" -m venv "$venv" || {
    say "python's venv module failed; on Debian and Ubuntu: apt install python3-venv"
    exit 1
  }
fi

if ! "$venv/bin/python" -c 'import uv' 2>/dev/null; then
  pinned=$(mktemp)
  trap 'rm -f "$pinned"' EXIT
  awk '/^uv==/ { p = 1 } p { print } p && !/\\$/ { exit }' requirements.lock >"$pinned"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$pinned" || {
    say "could not download from the package index: the first setup needs the network (or a mirror that pip is configured for)"
    exit 1
  }
fi

say "installing what requirements.lock names"
"$venv/bin/python" -m uv pip install -q --python "$venv/bin/python" --require-hashes -r requirements.lock || {
  say "could not install all of requirements.lock; the lines above say why. Without a network, try again with one"
  exit 1
}
editables=()
for package in "$@"; do editables+=(-e "$package"); done
"$venv/bin/python" -m uv pip install -q --python "$venv/bin/python" --no-deps --no-build-isolation "${editables[@]}"
say "ready"
