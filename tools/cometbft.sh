#!/usr/bin/env bash
# Builds the pinned CometBFT and its tools into .tools/, from the sources that tools/cometbft/go.sum names by digest.
#
#   tools/cometbft.sh                builds what is not up to date; complains without Go
#   tools/cometbft.sh if-possible    the same, but without Go it says what will be missing and succeeds
set -euo pipefail
cd "$(dirname "$0")/.."

readonly OLDEST_GO=1.22.11
readonly MODULE=github.com/cometbft/cometbft
readonly PROGRAMS=(cmd/cometbft abci/cmd/abci-cli test/loadtime/cmd/load test/loadtime/cmd/report)
readonly STAMP=.tools/.cometbft
readonly HINT="install Go $OLDEST_GO or newer from go.dev and put it on PATH; the embedded engine needs none"

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

up_to_date() {
  local program
  for program in "${PROGRAMS[@]}"; do
    [[ -x .tools/${program##*/} ]] || return 1
  done
  local input
  for input in tools/cometbft.sh tools/cometbft/go.mod tools/cometbft/go.sum tools/cometbft/tools.go; do
    [[ $STAMP -nt $input ]] || return 1
  done
}

up_to_date && exit 0

if ! command -v go >/dev/null; then
  if [[ ${1-} == if-possible ]]; then
    printf 'note: no Go found, so CometBFT is not built and what needs it is left out\nhint: %s\n' "$HINT" >&2
    exit 0
  fi
  fail "no Go found, and CometBFT is written in Go" "$HINT"
fi

export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
mkdir -p .tools
if [[ -z $(go env GOPATH) || -z ${HOME-} ]]; then # without a HOME Go knows no place for its caches
  export GOPATH=$PWD/.tools/go GOCACHE=$PWD/.tools/go/build GOENV=off
fi

found=$(go env GOVERSION)
if [[ $(printf '%s\n' "$OLDEST_GO" "${found#go}" | sort -V | head -n 1) != "$OLDEST_GO" ]]; then
  fail "Go is ${found#go}, CometBFT needs $OLDEST_GO" "$HINT"
fi

echo "atoll: building CometBFT (about two minutes the first time)" >&2
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if ! (cd tools/cometbft && go build -trimpath -ldflags='-s -w' -o ../../.tools/ "${PROGRAMS[@]/#/$MODULE/}") >"$output" 2>&1; then
  cat "$output" >&2
  fail "CometBFT could not be built" "see above; with a Go too new for it, try GOTOOLCHAIN=go1.24.0 make cometbft"
fi
touch "$STAMP"
