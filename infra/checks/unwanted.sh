#!/usr/bin/env bash
# Finds in committed files what must not be there: lock files with resolved addresses, private keys, absolute home paths.
set -euo pipefail
status=0
if git ls-files | grep -E '(^|/)uv\.lock$'; then
  echo "unwanted: uv.lock names package indexes; requirements.lock is the lock" >&2
  status=1
fi
if git grep -nIE '"resolved": *"https?://' -- '*package-lock.json'; then
  echo "unwanted: resolved addresses in an npm lock file; make it with --omit-lockfile-registry-resolved" >&2
  status=1
fi
if git grep -nI -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' -- ':!infra/checks'; then
  echo "unwanted: a private key" >&2
  status=1
fi
if git grep -nIE '(/home/[a-z]+/|/root/|/Users/[A-Za-z]+/)' -- ':!infra/checks'; then
  echo "unwanted: a path of somebody's machine" >&2
  status=1
fi
exit $status
