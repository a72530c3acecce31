"""Unix sockets in folders whose names are longer than a socket's may be.

A socket's path has room for about a hundred bytes, and a node's home may be anywhere. CometBFT is started inside its folder and
names its sockets by their last part alone; this process reaches them through an open descriptor of the folder.
"""

from __future__ import annotations

import os
from pathlib import Path

MAX_SOCKET_BYTES = 100
"""Longest path that every system takes; Linux has room for 107."""
APP_SOCKET = "app.sock"
"""Where the application listens, in CometBFT's folder."""
RPC_SOCKET = "rpc.sock"
"""Where CometBFT answers questions, in its folder."""


class SocketFolder:
    """A folder with sockets, and a short way to each of them. Close it when nothing in it is used any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def reach(self, name: str) -> str:
        """A path to a socket in the folder that is short enough to bind or connect to."""
        path = str(self._folder / name)
        if len(os.fsencode(path)) <= MAX_SOCKET_BYTES:
            return path
        return f"/proc/self/fd/{self._descriptor}/{name}"

    def remove(self, name: str) -> None:
        """Remove what a process that was killed left behind."""
        (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Let the folder go; harmless when done already."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
