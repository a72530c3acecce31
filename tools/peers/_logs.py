"""Published logs on disk, and logs with one thing wrong: claims for judges that nobody here wrote.

Logs of several sizes are laid out as C2SP tiles with a checkpoint that three witnesses cosigned; then copies in which a bit of
some file was flipped, a witness is missing, or the past was rewritten.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.tiles import ENTRIES, TILE_WIDTH, encode_bundle, encode_tile, tiles_of
from atoll.ledger.vkey import KeyKind, VerifierKey
from atoll.primitives.merkle import MerkleTree, leaf_hash

ORIGIN = "log.example/atoll"
NOW = 1_790_000_000
SIZES = (1, 2, 255, 256, 257, 600, 66_000)
DAMAGED_SIZE = 600
OLD_SIZE_DIVISOR = 3


@dataclass(frozen=True)
class Signer:
    """A named key with its secret half."""

    key: VerifierKey
    secret: Ed25519PrivateKey


def make_signer(name: str, kind: KeyKind, seed: int) -> Signer:
    """A throw-away signer."""
    secret = Ed25519PrivateKey.from_private_bytes(bytes((seed,)) * 32)
    return Signer(VerifierKey(name, kind, secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)), secret)


LOG = make_signer(ORIGIN, KeyKind.ED25519, 1)
WITNESSES = [make_signer(f"w{number}.example", KeyKind.ED25519_COSIGNATURE, 10 + number) for number in range(3)]


@dataclass(frozen=True)
class Claim:
    """A log on disk, and what the verifier knows about it."""

    what: str
    folder: Path
    tree: MerkleTree
    old_size: int
    old_root: bytes
    quorum: int = len(WITNESSES)
    now: int = NOW
    log: VerifierKey = LOG.key


def publish(folder: Path, size: int, *, cosigners: Sequence[Signer] = WITNESSES) -> Claim:
    """Write a log of `size` entries as a log server would lay it out."""
    entries = [b"entry %d" % number * (number % 5) for number in range(size)]
    tree = MerkleTree(map(leaf_hash, entries))
    for tile in tiles_of(size):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        first = tile.index * TILE_WIDTH
        path.write_bytes(
            encode_bundle(entries[first : first + tile.width]) if tile.level == ENTRIES else encode_tile(tree, tile)
        )
    (folder / "checkpoint").write_bytes(sign_checkpoint(tree, size, cosigners=cosigners))
    old_size = max(1, size // OLD_SIZE_DIVISOR)
    return Claim(f"a log of {size}", folder, tree, old_size, tree.root(old_size))


def sign_checkpoint(tree: MerkleTree, size: int, *, cosigners: Sequence[Signer] = (), time: int = NOW - 5) -> bytes:
    """The log's signed note over its first `size` entries, with cosignatures of `time`."""
    text = Checkpoint(origin=ORIGIN, size=size, root=tree.root(size)).encode()
    lines = [sign_text(text, LOG.key, LOG.secret.sign)]
    lines += [cosign_text(text, witness.key, time, witness.secret.sign) for witness in cosigners]
    return Note(text, tuple(lines)).encode()


def flipped(claim: Claim, scratch: Path) -> Iterator[Claim]:
    """Copies of a log, each with one bit flipped in one file, until every file had its turn."""
    files = sorted(path.relative_to(claim.folder) for path in claim.folder.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        folder = scratch / f"flipped-{number}"
        shutil.copytree(claim.folder, folder)
        data = bytearray((folder / path).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / path).write_bytes(data)
        yield replace(claim, what=f"a flipped bit in {path}", folder=folder)


def doubted(claim: Claim, scratch: Path) -> Iterator[Claim]:
    """A good log, seen by a verifier who knows better."""
    yield replace(claim, what="a rewritten past", old_root=bytes(32))
    yield another_key(claim)
    alone = publish(scratch / "alone", DAMAGED_SIZE, cosigners=WITNESSES[:2])
    yield replace(alone, what="one witness missing")


def another_key(claim: Claim) -> Claim:
    """A good log that is said to be signed by somebody else."""
    return replace(claim, what="another log's key", log=make_signer(ORIGIN, KeyKind.ED25519, 2).key)
