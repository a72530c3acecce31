"""A switch in user space: every packet between the hosts of a test passes here, and may be dropped, delayed or lost.

    python -m tests.torture.switch bank=atoll-1-bank,10.213.0.1 bureau=atoll-1-bureau,10.213.0.2

It gives each network namespace a TUN device with its address, prints `ready`, and then reads the weather from standard input, a
JSON object a line: {"cut": [["bank", "bureau"]], "loss": 0.3, "delay_seconds": 0.2}. A cut is one-way. It ends with its input.
Needs the right to enter namespaces; kernels without netem need nothing else.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI, _CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
MTU = 16_000
"""Large, so that few packets pass through here."""
_DESTINATION = slice(16, 20)


def open_tun(namespace: str, address: str) -> int:
    """A TUN device inside a namespace, up and with its address; the file that its packets come out of."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        if libc.setns(there, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"atoll0", _IFF_TUN | _IFF_NO_PI))
    finally:
        libc.setns(home, _CLONE_NEWNET)
        os.close(there)
        os.close(home)
    for command in (
        ["addr", "add", f"{address}/24", "dev", "atoll0"],
        ["link", "set", "atoll0", "mtu", str(MTU), "up"],
        ["link", "set", "lo", "up"],
    ):
        subprocess.run(["ip", "-n", namespace, *command], check=True)
    return device


@dataclass(slots=True)
class Weather:
    """What happens to packets."""

    cut: set[tuple[int, int]] = field(default_factory=set)
    """From, to: nothing passes."""
    loss: float = 0.0
    delay_seconds: float = 0.0


class Switch:
    """Carries packets between the devices."""

    def __init__(self, devices: dict[str, tuple[int, str]]) -> None:
        self._names = {name: device for name, (device, _) in devices.items()}
        self._by_address = {bytes(map(int, address.split("."))): device for device, address in devices.values()}
        self._weather = Weather()
        self._late: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._dice = random.Random(0)

    def run(self) -> None:
        """Until standard input ends."""
        devices = list(self._names.values())
        while True:
            pause = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            readable, _, _ = select.select([sys.stdin, *devices], [], [], pause)
            if sys.stdin in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                self._weather = self._read(json.loads(line))
                print("ready", flush=True)
            for device in devices:
                if device in readable:
                    self._take(device)
            self._deliver()

    def _read(self, said: dict[str, object]) -> Weather:
        cut = said.get("cut") or []
        assert isinstance(cut, list)
        pairs = {(self._names[one], self._names[other]) for one, other in cut}
        return Weather(pairs, float(str(said.get("loss", 0))), float(str(said.get("delay_seconds", 0))))

    def _take(self, device: int) -> None:
        try:
            packet = os.read(device, 65536)
        except BlockingIOError:
            return
        to = self._by_address.get(packet[_DESTINATION])
        if to is None or (device, to) in self._weather.cut or self._dice.random() < self._weather.loss:
            return
        self._count += 1
        heapq.heappush(self._late, (time.monotonic() + self._weather.delay_seconds, self._count, to, packet))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._late and self._late[0][0] <= now:
            _, _, to, packet = heapq.heappop(self._late)
            try:
                os.write(to, packet)
            except OSError:  # the host's queue is full or it is gone: a packet is lost
                continue


def main(hosts: list[str]) -> None:
    devices = {}
    for host in hosts:
        name, _, where = host.partition("=")
        namespace, _, address = where.partition(",")
        devices[name] = (open_tun(namespace, address), address)
    print("ready", flush=True)
    Switch(devices).run()


if __name__ == "__main__":
    main(sys.argv[1:])
