#!/usr/bin/env bash
# Is what the build starts from here: a Python of 3.11 or newer, and cargo? Usage: tools/tool-check.sh PYTHON
set -euo pipefail
python=$1

if ! command -v "$python" >/dev/null; then
    echo "error: no Python found as '$python'" >&2
    echo "hint: install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: '$python' is $("$python" --version 2>&1), older than Python 3.11" >&2
    echo "hint: install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! command -v cargo >/dev/null; then
    echo "error: no cargo found, and Atoll's core is written in Rust" >&2
    echo "hint: install stable Rust 1.89 or newer, and make sure that cargo is on PATH" >&2
    exit 1
fi
