"""Checkpoints cosigned by aics-witness, a C2SP witness that nobody here wrote, on a real socket.

    python -m tools.peers.witness

It must cosign a log of ours as it grows, in a way that our verifier accepts, and refuse a flipped bit, a rewritten past, a
proof that does not hold, a rollback, and a log or key that it does not know.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.errors import NoteFormatError, NoteSignatureError, UntrustedNoteError
from atoll.ledger.note import parse_signatures, verify_note
from atoll.ledger.vkey import VerifierKey, encode_vkey, parse_vkey
from atoll.ledger.witness import AddCheckpoint
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog
from atoll.trust.keys import Purpose, SecretKey
from tools.peers._tools import ToolMissingError, free_address, install_aics, report, report_missing, wait_for

NAME = "aics-witness"
WITNESS = "witness.example/peer"
SIZES = (1, 255, 256, 600, 3000)


@dataclass
class ForeignWitness:
    """aics-witness, answering on loopback."""

    url: str
    key: VerifierKey

    def add_checkpoint(
        self, log: MadeUpLog, old_size: int, size: int, *, proof: Sequence[bytes] | None = None
    ) -> tuple[int, str]:
        """Ask it to cosign a log at a size; its status and body."""
        if proof is None:
            proof = log.tree.consistency_proof(old_size, size) if old_size else []
        return self.post(AddCheckpoint(old_size=old_size, proof=tuple(proof), note=log.note(size)).encode())

    def post(self, body: bytes) -> tuple[int, str]:
        """Send a request as it is."""
        request = urllib.request.Request(self.url + "/add-checkpoint", data=body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as err:
            return err.code, err.read().decode()


def cosigns(witness: ForeignWitness, log: MadeUpLog, old_size: int, size: int) -> bool:
    """Whether it answers with a cosignature that our verifier accepts."""
    status, body = witness.add_checkpoint(log, old_size, size)
    if status != 200:
        return False
    try:
        verified = verify_note(log.note(size).with_signatures(parse_signatures(body)), [log.key, witness.key])
    except (NoteFormatError, NoteSignatureError, UntrustedNoteError):
        return False
    return {one.key for one in verified} == {log.key, witness.key}


@contextmanager
def foreign_witness(python: Path, folder: Path, logs: Sequence[MadeUpLog]) -> Iterator[ForeignWitness]:
    """Start it, knowing these logs, until the end of the block."""
    address = free_address()
    program = [str(python), "-m", "aics_witness"]
    config = ["--config", str(folder / "witness.json")]
    init = subprocess.run(
        [*program, "init", *config, "--name", WITNESS, "--listen", address], check=True, capture_output=True, text=True
    )
    for log in logs:
        named = ["--origin", log.origin, "--vkey", encode_vkey(log.key)]
        subprocess.run([*program, "add-log", *config, *named], check=True, capture_output=True)
    process = subprocess.Popen([*program, "serve", *config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address)
        yield ForeignWitness(f"http://{address}", parse_vkey(init.stdout.strip()))
    finally:
        process.terminate()
        process.wait(timeout=10)


def refusals(witness: ForeignWitness, log: MadeUpLog) -> Iterator[tuple[str, bool]]:
    """What it must not cosign, once it knows the log at `log.size`; whether it did."""
    size = log.size
    log.grow(size + 300)
    sound = AddCheckpoint(old_size=size, proof=tuple(log.tree.consistency_proof(size)), note=log.note())
    body = bytearray(sound.encode())
    body[-20] ^= 1  # in the signature's base64
    yield "a flipped bit in the signature", witness.post(bytes(body))[0] == 200
    first, *rest = sound.proof
    flipped = [first[:-1] + bytes((first[-1] ^ 1,)), *rest]
    yield "a flipped bit in the proof", witness.add_checkpoint(log, size, log.size, proof=flipped)[0] == 200
    yield "a proof without its last hash", witness.add_checkpoint(log, size, log.size, proof=sound.proof[:-1])[0] == 200
    fork = MadeUpLog(log.size, branch="fork")
    yield "a rewritten past", witness.add_checkpoint(fork, size, fork.size)[0] == 200
    yield "another log of the same size", witness.add_checkpoint(fork, size, size)[0] == 200
    yield "a rollback", witness.add_checkpoint(log, SIZES[0], SIZES[1])[0] == 200
    yield "an unknown log", witness.add_checkpoint(MadeUpLog(size, origin="test.example/unknown"), 0, size)[0] == 200
    stranger = MadeUpLog(log.size)
    stranger.secret = SecretKey.generate(Purpose.LOG, NamedEntropy("stranger"))
    yield "the log signed by a stranger", witness.add_checkpoint(stranger, size, log.size)[0] == 200


def main() -> int:
    try:
        python = install_aics()
        log = MadeUpLog(SIZES[-1])
        with tempfile.TemporaryDirectory() as folder, foreign_witness(python, Path(folder), [log]) as witness:
            olds = (0, *SIZES)
            good = [
                (f"a log that grew to {new}", cosigns(witness, log, old, new)) for old, new in zip(olds, SIZES, strict=False)
            ]
            bad = list(refusals(witness, log))
            good.append(("the same log, after all that", cosigns(witness, log, SIZES[-1], log.size)))
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    return report(NAME, "cosignatures on a growing log", good, bad)


if __name__ == "__main__":
    sys.exit(main())
