#!/usr/bin/env bash
# Runs every tools/peers/*.py (not _*.py): programs nobody here wrote, on bytes that Atoll wrote. Each prints what it compared and
# fails on a difference.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

shopt -s nullglob
peers=(tools/peers/[!_]*.py)
if ((${#peers[@]} == 0)); then
  echo "error: there are no peers in tools/peers" >&2
  exit 1
fi

summary=() failed=0
for peer in "${peers[@]}"; do
  name=$(basename "$peer" .py)
  echo "== $name"
  started=$SECONDS verdict=ok
  python -m "tools.peers.$name" || verdict=FAIL failed=$((failed + 1))
  summary+=("$(printf '%-24s %-4s %4d s' "$name" "$verdict" $((SECONDS - started)))")
done

echo
printf '%s\n' "${summary[@]}"
echo "${#peers[@]} peers, $((${#peers[@]} - failed)) agree"
((failed == 0))
