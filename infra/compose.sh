#!/usr/bin/env bash
# docker compose for infra/compose.yaml; says what is missing where it cannot. Usage: infra/compose.sh up --build | down | …
set -euo pipefail

say() { echo "docker: $*" >&2; }

command -v docker >/dev/null || {
  say "there is no docker command here; install Docker (make run needs none)"
  exit 1
}
docker compose version >/dev/null 2>&1 || {
  say "docker has no compose plugin here (version 2); install it, on Debian and Ubuntu: docker-compose-plugin or docker-compose-v2"
  exit 1
}
docker info >/dev/null 2>&1 || {
  say "Docker's daemon does not answer; start it, and see that you may use it (the group docker), or use make run, which needs none"
  exit 1
}
exec docker compose -f "$(dirname "$0")/compose.yaml" "$@"
