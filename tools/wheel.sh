#!/usr/bin/env bash
# Build dist/atoll-*.whl for any Linux with glibc 2.28 or newer and any CPython from 3.11 on, and try it where there is no cargo.
# Zig's linker, from its Python package, is what makes the old glibc possible.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements-wheel.lock

rm -rf dist
registry=${CARGO_HOME:-$HOME/.cargo}
maturin build --quiet --release --locked --zig --compatibility manylinux_2_28 --out dist \
  --config "target.'cfg(all())'.rustflags=['--remap-path-prefix=$registry=cargo','--remap-path-prefix=$PWD=atoll']"

ATOLL_WHEEL=$(echo "$PWD"/dist/*.whl) ATOLL_REQUIRE=wheel python -m pytest -q tests/wheel
echo dist/*.whl
