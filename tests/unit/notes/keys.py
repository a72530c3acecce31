"""Throw-away signers for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, NoteSignature, cosign_text, sign_text
from atoll.ledger.vkey import KeyKind, VerifierKey
from atoll.primitives.merkle import MerkleTree, leaf_hash

ORIGIN = "log.example/one"
NOW = 1_790_000_000

ENTRIES = [b"entry %d" % number for number in range(600)]
TREE = MerkleTree(map(leaf_hash, ENTRIES))


@dataclass(frozen=True)
class Signer:
    """A named key with its secret half."""

    key: VerifierKey
    secret: Ed25519PrivateKey

    def sign(self, text: str) -> NoteSignature:
        return sign_text(text, self.key, self.secret.sign)

    def cosign(self, text: str, timestamp: int = NOW) -> NoteSignature:
        return cosign_text(text, self.key, timestamp, self.secret.sign)


def make_signer(name: str, seed: int, kind: KeyKind = KeyKind.ED25519) -> Signer:
    """A signer whose key follows from `seed`."""
    secret = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))
    public = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Signer(VerifierKey(name, kind, public), secret)


LOG = make_signer(ORIGIN, 1)
OTHER_LOG = make_signer("log.example/two", 2)
WITNESSES = [make_signer(f"w{number}.example", 10 + number, KeyKind.ED25519_COSIGNATURE) for number in range(4)]


def checkpoint_at(size: int, *, tree: MerkleTree = TREE, origin: str = ORIGIN) -> Checkpoint:
    """The log's checkpoint at a size."""
    return Checkpoint(origin=origin, size=size, root=tree.root(size))


def signed_at(size: int, *cosigners: Signer, log: Signer = LOG, tree: MerkleTree = TREE) -> Note:
    """The log's checkpoint, signed by it and cosigned."""
    text = checkpoint_at(size, tree=tree).encode()
    return Note(text, (log.sign(text), *(cosigner.cosign(text) for cosigner in cosigners)))
