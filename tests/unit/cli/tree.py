"""The tree of commands, loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from typer.main import get_command

from atoll.cli.main import Stub, root


@dataclass(frozen=True, slots=True)
class Leaf:
    """One command that does something."""

    path: str
    """As it is typed, without `atoll`."""
    command: Any

    @property
    def options(self) -> set[str]:
        """Every option, as it is typed."""
        return {name for parameter in self.command.params for name in parameter.opts if name.startswith("--")}


def leaves() -> list[Leaf]:
    """Every command, in the order of the help."""
    return list(_walk("", get_command(root)))


def _walk(path: str, command: Any) -> Iterator[Leaf]:
    loaded = command.load() if isinstance(command, Stub) else command
    children = getattr(loaded, "commands", None)
    if path and (children is None or loaded.invoke_without_command):
        yield Leaf(path, loaded)
    for name, child in (children or {}).items():
        yield from _walk(f"{path} {name}".strip(), child)
