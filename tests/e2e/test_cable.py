"""The cable that fails at an exact byte: the kill tests rest on it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atoll.cli.demo.cable import Cable
from atoll.testing.ports import HOST, Ports

PATIENCE_SECONDS = 60.0


def client_hello(service: str) -> bytes:
    """What a peer sends first, asking for a service."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([service])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


@contextmanager
def cabled(folder: Path) -> Iterator[tuple[Cable, int, socket.socket]]:
    """A cable, the port at its one end, and a listener at the other."""
    ports = Ports()
    near, far = ports.take(), ports.take()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, far))
    listener.listen()
    cable = Cable(near, far, log=folder / "cable.log", keep=False)
    try:
        assert cable.wait_ready()
        yield cable, near, listener
    finally:
        cable.stop()
        listener.close()
        ports.release()


def received(link: socket.socket) -> int:
    """How many bytes come until the link ends."""
    total = 0
    while data := link.recv(1 << 16):
        total += len(data)
    return total


def test_exactly_so_many_bytes_of_a_job_pass_before_the_process_is_killed(tmp_path: Path) -> None:
    limit = random.randrange(1, 200_000)
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with cabled(tmp_path) as (cable, port, listener):
            cable.cut_after(limit, victim.pid)
            hello = client_hello("atoll-job/1." + "a" * 32)
            near = socket.create_connection((HOST, port), PATIENCE_SECONDS)
            near.sendall(hello)
            far, _ = listener.accept()
            threading.Thread(target=lambda: _send(near, b"x" * 400_000), daemon=True).start()
            assert received(far) == len(hello) + limit, limit
            assert cable.wait_cut(seconds=PATIENCE_SECONDS)
            assert victim.wait(PATIENCE_SECONDS) == -signal.SIGKILL
            near.close()
            far.close()
    finally:
        victim.kill()
        victim.wait()


def test_bytes_that_belong_to_no_job_do_not_count(tmp_path: Path) -> None:
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with cabled(tmp_path) as (cable, port, listener):
            cable.cut_after(10, victim.pid)
            hello = client_hello("atoll-ledger/1")
            near = socket.create_connection((HOST, port), PATIENCE_SECONDS)
            near.sendall(hello + b"y" * 1000)
            far, _ = listener.accept()
            near.shutdown(socket.SHUT_WR)
            assert received(far) == len(hello) + 1000
            assert victim.poll() is None
            near.close()
            far.close()
    finally:
        victim.kill()
        victim.wait()


def _send(link: socket.socket, data: bytes) -> None:
    try:
        link.sendall(data)
    except OSError:
        return  # cut, as it should be


def test_a_cable_whose_folder_is_removed_ends_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "consortium"
    folder.mkdir()
    with cabled(folder) as (cable, _, _):
        shutil.rmtree(folder)
        ends = time.monotonic() + PATIENCE_SECONDS
        while not has_ended(cable.pid) and time.monotonic() < ends:
            time.sleep(0.1)
        assert has_ended(cable.pid)


def has_ended(pid: int) -> bool:
    """Whether a child has ended; it is left to whoever collects it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
