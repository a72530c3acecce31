"""`python -m atoll.cli.demo` is `atoll demo`."""

from __future__ import annotations

import sys

from atoll.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
