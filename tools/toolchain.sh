#!/usr/bin/env bash
# What the build starts from.
#
#   tools/toolchain.sh check PYTHON   complains unless PYTHON is 3.11 or newer and cargo runs
#   tools/toolchain.sh rustup-home    prints where Rust lives when cargo is rustup's and this HOME knows nothing of it
set -euo pipefail

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

check_python() {
  local hint="install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3"
  command -v "$1" >/dev/null || fail "no Python found as '$1'" "$hint"
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "'$1' is $("$1" --version 2>&1), Atoll needs 3.11" "$hint"
  "$1" -c 'import ensurepip, venv' 2>/dev/null || fail "'$1' cannot make virtual environments" "install its venv package (python3-venv)"
}

check_cargo() {
  local hint="install stable Rust, 1.89 or newer, and put cargo on PATH"
  command -v cargo >/dev/null || fail "no cargo found, and Atoll's core is written in Rust" "$hint"
  cargo --version >/dev/null 2>&1 || fail "cargo is installed, but does not run" "try 'cargo --version'; with rustup, 'rustup default stable'"
  local version
  version=$(cargo --version | cut -d ' ' -f 2)
  [[ $(printf '%s\n' 1.89 "$version" | sort -V | head -n 1) == 1.89 ]] || fail "cargo is $version, Atoll needs 1.89" "$hint"
}

rustup_home() {
  local cargo
  cargo=$(command -v cargo) || return 0
  cargo --version >/dev/null 2>&1 && return 0
  local beside=${cargo%/*/*/*}/.rustup # cargo is .cargo/bin/cargo
  if [[ -d $beside ]] && RUSTUP_HOME=$beside cargo --version >/dev/null 2>&1; then
    echo "$beside"
  fi
}

case ${1-} in
  check) check_python "$2" && check_cargo ;;
  rustup-home) rustup_home ;;
  *) fail "unknown task '${1-}'" "see the first lines of $0" ;;
esac
