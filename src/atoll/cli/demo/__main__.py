"""`python -m atoll.cli.demo`: the demo without the rest of the command line."""

from __future__ import annotations

import typer

from atoll.cli.demo.command import demo

if __name__ == "__main__":
    typer.run(demo)
