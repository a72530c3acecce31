#!/usr/bin/env bash
# Everything that can be said about the code without running its tests.
#
#   tools/check.sh           all checks, two at a time
#   tools/check.sh NAME ...  only these
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

all="clippy types snippets errors commands decisions lint format rustfmt layers determinism readme" # slow ones first

run_check() {
  case $1 in
    lint) ruff check --quiet --output-format concise . ;;
    format) ruff format --check --quiet --output-format concise . ;;
    types) mypy --no-error-summary src tests tools ;;
    rustfmt) cargo fmt --all --check ;;
    clippy) cargo clippy --quiet --workspace --all-targets --locked -- --deny warnings ;;
    layers) python tools/layers.py ;;
    determinism) python tools/determinism.py ;;
    errors) python tools/docs.py --check ;;
    commands) python tools/cli_docs.py --check ;;
    decisions) python -m tools.docs_odrl --check ;;
    snippets) python -m pytest -q -m "not slow" tests/docs/test_snippets.py ;;
    readme) python tools/readme.py ;;
    *) echo "there is no check $1; there are: $all" && return 1 ;;
  esac
}

report() { # one line, and the output of a check that fails
  local output seconds status=0 TIMEFORMAT=%1R
  output=$(mktemp)
  seconds=$({ time run_check "$1" >"$output" 2>&1; } 2>&1) || status=$?
  if ((status == 0)); then
    printf '%-12s ok   %5s s\n' "$1" "$seconds"
  else
    printf '%-12s FAIL %5s s\n%s\n' "$1" "$seconds" "$(sed 's/^/    /' "$output")"
  fi
  rm -f "$output"
  return "$status"
}

case ${1-} in
  --one) report "$2" ;;
  *) printf '%s\n' ${@:-$all} | xargs -P 2 -n 1 bash tools/check.sh --one ;;
esac
