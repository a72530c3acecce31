"""Atoll: data stays with its owner, computation travels, and a ledger remembers who agreed to what.

>>> import atoll
>>> node = atoll.connect("https://127.0.0.1:7402", token="...")
>>> node
Node('https://127.0.0.1:7402')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.version import VERSION

if TYPE_CHECKING:
    from atoll.client import Node, connect, connect_home

__all__ = ["Node", "__version__", "connect", "connect_home"]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    """The client, loaded when it is first asked for: `import atoll` alone costs nothing."""
    if name in ("Node", "connect", "connect_home"):
        from atoll import client

        return getattr(client, name)
    raise AttributeError(f"module 'atoll' has no attribute {name!r}")
