"""A made-up log over real HTTPS, for verifiers of others: `python -m atoll.testing.logserver FOLDER --entries 70000`.

It serves what a node serves, by the same code, without a consortium behind it. FOLDER then holds

    url             https://127.0.0.1:PORT/tlog         log.vkey    the log's key, in one line
    policy          a tlog-policy with that log         token       bearer token for bundles of entries
    tls.pem         the server's certificate

and `ready` is printed. With `--http` it serves without TLS, for tools that take no certificate of ours. It ends when standard
input does, or with SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, sign_text
from atoll.ledger.tlog_policy import NO_QUORUM, Log, encode_policy, make_policy
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey
from atoll.node.tlog.routes import PREFIX, add_log_routes
from atoll.node.tlog.shelf import Published, Shelf
from atoll.ports import SystemClock
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.testing.consortium import FOUNDED, NamedEntropy
from atoll.transport.identity import TlsIdentity
from atoll.transport.throttle import Throttle
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.tlskeys import TlsKey, create_tls_key

ORIGIN = "test.example/made-up"
HOST = "127.0.0.1"


@dataclass
class MadeUpLog:
    """A log that says nothing. Everything follows from its name and its branch."""

    size: int
    origin: str = ORIGIN
    branch: str = ""
    """Another branch of the same log: other entries, the same key."""
    parts_at: int = 0
    """Entries that all branches share."""
    tree: MerkleTree = field(init=False)
    secret: SecretKey = field(init=False)

    def __post_init__(self) -> None:
        self.tree = MerkleTree()
        self.secret = SecretKey.generate(Purpose.LOG, NamedEntropy(f"made-up log {self.origin}"))
        self.grow(self.size)

    @property
    def key(self) -> VerifierKey:
        """What its checkpoints are verified with."""
        return VerifierKey(self.origin, KeyKind.ED25519, self.secret.public.data)

    def grow(self, size: int) -> None:
        """Go on to so many entries."""
        self.tree.extend([leaf_hash(self.make(index)) for index in range(self.tree.size, size)])
        self.size = size

    def make(self, index: int) -> bytes:
        """An entry's bytes; lengths differ."""
        branch = self.branch if index >= self.parts_at else ""
        return f"entry {index} of {self.origin}{branch}".encode() + bytes(index % 97)

    def entries(self, first: int, count: int) -> list[bytes]:
        """As `Shelf` asks for them."""
        return [self.make(index) for index in range(first, min(first + count, self.size))]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """The log at a size."""
        size = self.size if size is None else size
        return Checkpoint(origin=self.origin, size=size, root=self.tree.root(size))

    def note(self, size: int | None = None) -> Note:
        """Its signed checkpoint."""
        text = self.checkpoint(size).encode()
        return Note(text, (sign_text(text, self.key, self.secret.sign),))

    def shelf(self) -> Shelf:
        """All of it, published."""
        shelf = Shelf(log=lambda: self.tree, entries=self.entries)
        shelf.published = Published(self.checkpoint(), self.note().encode(), FOUNDED)
        return shelf


def make_app(shelf: Shelf, token: str) -> Starlette:
    """The routes of a node, for one token."""
    app = Starlette()

    def admits(request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {token}"

    add_log_routes(app, shelf, throttle=Throttle(SystemClock(), per_second=1000, burst=100_000), admits=admits)
    return app


@dataclass
class RunningApp:
    """An application that answers on loopback, in a thread of this process."""

    url: str
    tls: TlsKey | None
    server: uvicorn.Server


@contextmanager
def serving(app: Starlette, *, tls: bool = True, port: int = 0) -> Iterator[RunningApp]:
    """Serve an application until the end of the block."""
    key = create_tls_key("server", clock=SystemClock(), entropy=NamedEntropy("tls")) if tls else None
    settings = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
    settings.load()
    settings.ssl = TlsIdentity(key).serving_https() if key else None
    server = uvicorn.Server(settings)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(128)
    thread = Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    url = f"{'https' if key else 'http'}://{HOST}:{listener.getsockname()[1]}"
    try:
        yield RunningApp(url, key, server)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def main(arguments: list[str]) -> int:
    """Serve a made-up log until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m atoll.testing.logserver", description="Serve a made-up log over HTTPS.")
    parser.add_argument("folder", type=Path, help="what it says about itself goes here; made if it is not there")
    parser.add_argument("--entries", type=int, default=300)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--http", action="store_true", help="without TLS")
    given = parser.parse_args(arguments)
    log = MadeUpLog(given.entries)
    token = NamedEntropy("token").bytes(32).hex()
    given.folder.mkdir(parents=True, exist_ok=True)
    with serving(make_app(log.shelf(), token), tls=not given.http, port=given.port) as running:
        written = {
            "url": running.url + PREFIX,
            "log.vkey": encode_vkey(log.key),
            "policy": encode_policy(make_policy((Log(log.key, running.url + PREFIX),), (), (), NO_QUORUM)).decode().rstrip(),
            "token": token,
        } | ({"tls.pem": running.tls.certificate_pem.decode().rstrip()} if running.tls else {})
        for name, text in written.items():
            (given.folder / name).write_text(text + "\n", "utf-8")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
