"""Carries blocks out in a fresh process and prints the app hash of every height: `python replay.py FILE`.

The file holds the genesis and then the blocks, each behind its length as four big-endian bytes. Nothing of the tests is
imported here, so that it runs under any Python that has Atoll's sources and `cryptography`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from atoll.ledger.app_hash import AppState
from atoll.ledger.block import Block, parse_block
from atoll.ledger.chain import Ledger


def app_hash_of(ledger: Ledger) -> bytes:
    """What a header would carry after the ledger's last block."""
    return AppState(log_size=ledger.log.size, log_root=ledger.log.root(), state_root=ledger.tree.root).app_hash


def app_hashes(genesis_file: bytes, blocks: Iterable[Block]) -> Iterator[bytes]:
    """The app hash after the genesis and after every block."""
    ledger = Ledger(genesis_file)
    yield app_hash_of(ledger)
    for block in blocks:
        ledger.adopt(ledger.execute(block))
        yield app_hash_of(ledger)


def save_script(path: Path, genesis_file: bytes, blocks: Iterable[Block]) -> None:
    """Write what `main` reads."""
    frames = [genesis_file, *(block.encode() for block in blocks)]
    path.write_bytes(b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames))


def load_frames(path: Path) -> Iterator[bytes]:
    """The frames of such a file."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        start = at + 4
        at = start + int.from_bytes(data[at:start], "big")
        yield data[start:at]


def main(path: str) -> None:
    genesis_file, *blocks = load_frames(Path(path))
    for app_hash in app_hashes(genesis_file, map(parse_block, blocks)):
        print(app_hash.hex())


if __name__ == "__main__":
    main(sys.argv[1])
