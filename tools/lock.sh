#!/usr/bin/env bash
# Renew the lock files from pyproject.toml, on the oldest Python that Atoll runs on. Each package is pinned with its digests.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${1-python3.11}
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet pip-tools

compile() {
  "$venv/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" pyproject.toml
}

compile --output-file requirements.lock
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock
compile --extra dev --extra wheel --constraint requirements-dev.lock --output-file requirements-wheel.lock
