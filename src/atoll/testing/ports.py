"""Ports on loopback that nobody else takes while the consortium lives."""

from __future__ import annotations

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
LOWEST = 10_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Ports:
    """Reserves ports below the range from which the kernel gives ports to outgoing connections.

    A node that is killed must get its own port back; from that range, another connection might have been given it meanwhile.
    Each port is held by a socket that is bound and does not listen: whoever asks for an unused port passes it by, and a node or
    a CometBFT, which bind with SO_REUSEADDR, get it (Linux, inet_csk_bind_conflict).
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """A port that is free and stays so for us."""
        while True:
            held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            port = random.randrange(LOWEST, _lowest_given_out())  # noqa: S311 - any free one will do
            try:
                held.bind((HOST, port))
            except OSError:
                held.close()
                continue
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.append(held)
            return port

    def address(self) -> str:
        """The same, as host:port."""
        return f"{HOST}:{self.take()}"

    def release(self) -> None:
        """Give all of them back."""
        for held in self._held:
            held.close()
        self._held.clear()


def _lowest_given_out() -> int:
    try:
        return max(LOWEST + 1000, int(_RANGE.read_text("ascii").split()[0]))
    except (OSError, ValueError):
        return 32_768
