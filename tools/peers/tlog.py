"""A published log judged by aics-tlog: checkpoint, cosignatures, every tile, every entry, and growth.

    python -m tools.peers.tlog

Logs of several sizes are written to disk as C2SP tiles with a checkpoint that three witnesses cosigned; aics-tlog must accept
them and refuse every one in which a bit of some file was flipped, a witness is missing, or the past was rewritten. aics-tlog
needs Python 3.12 or newer and lives in a virtual environment of its own under .peers/.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.note_fields import encode_base64
from atoll.ledger.tiles import ENTRIES, TILE_WIDTH, encode_bundle, encode_tile, tiles_of
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey
from atoll.primitives.merkle import MerkleTree, leaf_hash
from tools.peers._tools import CACHE, ToolMissingError, ask_judge, report, report_missing, run_tool, succeeds

NAME = "aics-tlog"
VERSION = "0.2.1"
ENVIRONMENT = CACHE / NAME
JUDGE = Path(__file__).parent / "_tlog_judge.py"

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
    old: Checkpoint
    quorum: int = len(WITNESSES)
    now: int = NOW
    log: VerifierKey = LOG.key

    def question(self) -> str:
        known = {
            "folder": str(self.folder),
            "origin": ORIGIN,
            "log": encode_vkey(self.log),
            "witnesses": [encode_vkey(witness.key) for witness in WITNESSES],
            "quorum": self.quorum,
            "now": self.now,
            "old_size": self.old.size,
            "old_root": encode_base64(self.old.root),
        }
        return json.dumps(known)


def publish(folder: Path, size: int, *, cosigners: list[Signer] = WITNESSES) -> Claim:
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
    text = Checkpoint(origin=ORIGIN, size=size, root=tree.root()).encode()
    lines = [sign_text(text, LOG.key, LOG.secret.sign)]
    lines += [cosign_text(text, witness.key, NOW - 5, witness.secret.sign) for witness in cosigners]
    (folder / "checkpoint").write_bytes(Note(text, tuple(lines)).encode())
    old_size = max(1, size // OLD_SIZE_DIVISOR)
    return Claim(f"a log of {size}", folder, Checkpoint(origin=ORIGIN, size=old_size, root=tree.root(old_size)))


def damaged(claim: Claim, scratch: Path) -> Iterator[Claim]:
    """Copies of a log with one bit flipped, and the log seen by a verifier who knows better."""
    files = sorted(path.relative_to(claim.folder) for path in claim.folder.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        folder = scratch / f"damaged-{number}"
        shutil.copytree(claim.folder, folder)
        data = bytearray((folder / path).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / path).write_bytes(data)
        yield replace(claim, what=f"a flipped bit in {path}", folder=folder)
    rewritten = replace(claim.old, root=bytes(32))
    yield replace(claim, what="a rewritten past", old=rewritten)
    yield replace(claim, what="more witnesses asked for than there are", quorum=len(WITNESSES) + 1)
    yield replace(claim, what="cosignatures two minutes old", now=NOW + 120)
    yield replace(claim, what="another log's key", log=make_signer(ORIGIN, KeyKind.ED25519, 2).key)
    alone = publish(scratch / "alone", DAMAGED_SIZE, cosigners=WITNESSES[:2])
    yield replace(alone, what="one witness missing")


def find_python() -> Path:
    """An interpreter of Python 3.12 or newer.

    Raises:
        ToolMissingError: there is none.
    """
    places = [Path(found) for name in ("python3.14", "python3.13", "python3.12") if (found := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places += sorted((pyenv / "versions").glob("3.1[2-9]*/bin/python"), reverse=True)
    for python in [Path(sys.executable), *places]:
        check = "import sys, venv; sys.exit(sys.version_info < (3, 12))"
        if succeeds([python, "-c", check]):
            return python
    raise ToolMissingError("it needs Python 3.12 or newer, and there is none on the path or under pyenv")


def install() -> Path:
    """The interpreter of an environment that has aics-tlog, made on first use.

    Raises:
        ToolMissingError: it cannot be made.
    """
    python = ENVIRONMENT / "bin" / "python"
    wanted = f"import importlib.metadata as m; assert m.version({NAME!r}) == {VERSION!r}"
    if not (python.exists() and succeeds([python, "-c", wanted])):
        run_tool([find_python(), "-m", "venv", "--clear", ENVIRONMENT])
        run_tool([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{NAME}=={VERSION}"])
    return python


def main() -> int:
    try:
        python = install()
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    with tempfile.TemporaryDirectory() as scratch:
        good = [publish(Path(scratch) / str(size), size) for size in SIZES]
        bad = list(damaged(good[SIZES.index(DAMAGED_SIZE)], Path(scratch)))
        verdicts = ask_judge([python, JUDGE], (claim.question() for claim in good + bad))
    named = [(claim.what, verdict) for claim, verdict in zip(good + bad, verdicts, strict=True)]
    return report(NAME, named[: len(good)], named[len(good) :])


if __name__ == "__main__":
    sys.exit(main())
