"""Our witness, asked by a log that nobody here wrote: aics-witness' client submits checkpoints to `atoll witness serve`.

    python -m tools.peers.feeder

Over https, with the certificate that `atoll witness init` made. The client must get fresh cosignatures that verify as the log
grows, and none for a flipped bit, a rewritten past, a proof that does not hold, or a log that the witness does not know.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from atoll.ledger.note_fields import encode_base64
from atoll.ledger.tlog_policy import NO_QUORUM, Log, encode_policy, make_policy
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog
from atoll.trust.keys import Purpose, SecretKey
from tools.peers._tools import ToolMissingError, ask_judge, free_address, install_aics, report, report_missing, wait_for

NAME = "aics-feeder"
WITNESS = "witness.example/own"
JUDGE = Path(__file__).parent / "_feeder_judge.py"
SIZES = (1, 255, 256, 600, 3000)
ATOLL = (str(Path(sys.executable).with_name("atoll")),)


class OwnWitness:
    """`atoll witness serve`, as the client knows it."""

    def __init__(self, home: Path, address: str) -> None:
        self.url = f"https://{address}"
        self.vkey = (home / "witness.vkey").read_text().strip()
        self.certificate = home / "tls.pem"
        self.certificate.write_text(ssl.DER_cert_to_PEM_cert((home / "tls.der").read_bytes()))

    def question(self, note: bytes, old_size: int, proofs: Mapping[int, Sequence[bytes]]) -> str:
        """A line for `_feeder_judge.py`."""
        known = {
            "url": self.url,
            "vkey": self.vkey,
            "certificate": str(self.certificate),
            "note": encode_base64(note),
            "old_size": old_size,
            "proofs": {old: [encode_base64(node) for node in nodes] for old, nodes in proofs.items()},
        }
        return json.dumps(known)


@contextmanager
def own_witness(folder: Path, *logs: MadeUpLog) -> Iterator[OwnWitness]:
    """Make its home and serve it until the end of the block."""
    home, trust, address = folder / "home", folder / "logs.policy", free_address()
    trust.write_bytes(encode_policy(make_policy([Log(log.key) for log in logs], (), (), NO_QUORUM)))
    init = [*ATOLL, "witness", "init", str(home), "--name", WITNESS, "--listen", address, "--trust", str(trust)]
    subprocess.run(init, check=True, capture_output=True, env=os.environ)
    process = subprocess.Popen([*ATOLL, "witness", "serve", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address)
        yield OwnWitness(home, address)
    finally:
        process.terminate()
        process.wait(timeout=10)


def growth(witness: OwnWitness, log: MadeUpLog) -> Iterator[tuple[str, str]]:
    """Questions that must be answered well, one after the other."""
    for old, new in zip((0, *SIZES), SIZES, strict=False):
        proofs = {old: log.tree.consistency_proof(old, new) if old else []}
        yield f"a log that grew from {old} to {new}", witness.question(log.note(new).encode(), old, proofs)
    proofs = {size: log.tree.consistency_proof(size) for size in SIZES}
    yield "a client that had forgotten how far it was", witness.question(log.note().encode(), SIZES[0], proofs)


def lies(witness: OwnWitness, log: MadeUpLog) -> Iterator[tuple[str, str]]:
    """Questions that must be refused, after `growth`, about a log that has gone on."""
    size = log.size
    log.grow(size + 300)
    proof = log.tree.consistency_proof(size)
    note = log.note().encode()
    signature = bytearray(note)
    signature[-20] ^= 1
    yield "a flipped bit in the signature", witness.question(bytes(signature), size, {size: proof})
    flipped = [proof[0][:-1] + bytes((proof[0][-1] ^ 1,)), *proof[1:]]
    yield "a flipped bit in the proof", witness.question(note, size, {size: flipped})
    yield "a proof without its last hash", witness.question(note, size, {size: proof[:-1]})
    fork = MadeUpLog(log.size, branch="fork")
    yield "a rewritten past", witness.question(fork.note().encode(), size, {size: fork.tree.consistency_proof(size)})
    yield "another log of the same size", witness.question(fork.note(size).encode(), size, {size: []})
    yield "a rollback", witness.question(log.note(SIZES[1]).encode(), SIZES[0], {})
    unknown = MadeUpLog(size, origin="test.example/unknown")
    yield "an unknown log", witness.question(unknown.note().encode(), 0, {})
    stranger = MadeUpLog(log.size)
    stranger.secret = SecretKey.generate(Purpose.LOG, NamedEntropy("stranger"))
    yield "the log signed by a stranger", witness.question(stranger.note().encode(), size, {size: proof})


def main() -> int:
    try:
        python = install_aics()
        log = MadeUpLog(SIZES[-1])
        with tempfile.TemporaryDirectory() as folder, own_witness(Path(folder), log) as witness:
            good, bad = list(growth(witness, log)), list(lies(witness, log))
            verdicts = ask_judge([python, JUDGE], (question for _, question in good + bad))
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    named = [(what, verdict) for (what, _), verdict in zip(good + bad, verdicts, strict=True)]
    return report(NAME, "our witness's answers over https", named[: len(good)], named[len(good) :])


if __name__ == "__main__":
    sys.exit(main())
