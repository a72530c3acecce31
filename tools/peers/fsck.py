"""A published log judged by Tessera's `fsck`: it derives every tile and the root from the entries, and compares.

    python -m tools.peers.fsck

It sees what an auditor sees: logs on disk, and a node's log over HTTPS with an auditor's token. It must accept them at several
sizes, and refuse every one in which a bit of some file was flipped, and the entries without the token. It knows the log's key
alone, so these checkpoints carry no cosignatures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from atoll.ledger.vkey import VerifierKey, encode_vkey
from atoll.node.tlog.routes import PREFIX
from atoll.node.tlog.shelf import Shelf
from atoll.testing.logserver import MadeUpLog, make_app, serving
from tools.peers._logs import DAMAGED_SIZE, SIZES, another_key, flipped, publish
from tools.peers._tools import ToolMissingError, build_go, report, report_missing

NAME = "fsck"
PACKAGE = "github.com/transparency-dev/tessera/cmd/fsck"
SUCCESS = "Successfully fsck'd log"
FAILURE = "fsck failed"
WORKERS = 8
"""With one, fsck v1.0.4 waits for ever after a wrong tile: the worker that found it has gone, and nobody takes the next."""
SERVED_SIZE = 3000
TOKEN = "an auditor's token"

Verdict = tuple[str, bool]


class Fsck:
    """The program, and a folder for what it wants in files."""

    def __init__(self, program: Path, scratch: Path) -> None:
        self._program = program
        self._scratch = scratch

    def accepts(self, url: str, key: VerifierKey, *, token: str = "", certificate: bytes = b"") -> bool:
        """What it says of a log. Its exit status is 0 either way, so its words count."""
        keyfile, trusted = self._scratch / "key", self._scratch / "certificate"
        keyfile.write_text(encode_vkey(key))
        trusted.write_bytes(certificate)
        options = [
            "--ui=false",
            f"--N={WORKERS}",
            f"--public_key={keyfile}",
            f"--storage_url={url}/",
            f"--bearer_token={token}",
        ]
        environment = {**os.environ, "SSL_CERT_FILE": str(trusted)}
        run = subprocess.run([self._program, *options], check=True, capture_output=True, text=True, timeout=60, env=environment)
        if (SUCCESS in run.stderr) == (FAILURE in run.stderr):
            raise RuntimeError(f"fsck says neither yes nor no: {run.stderr}")
        return SUCCESS in run.stderr


def on_disk(fsck: Fsck, scratch: Path) -> tuple[list[Verdict], list[Verdict]]:
    """Verdicts on sound logs, and on damaged ones."""
    good = [publish(scratch / str(size), size, cosigners=()) for size in SIZES]
    sound = good[SIZES.index(DAMAGED_SIZE)]
    bad = [*flipped(sound, scratch), another_key(sound)]
    judged = [(claim.what, fsck.accepts(f"file://{claim.folder}", claim.log)) for claim in good + bad]
    return judged[: len(good)], judged[len(good) :]


class FlippedEntry(MadeUpLog):
    """A log that serves another entry than it hashed."""

    def entries(self, first: int, count: int) -> list[bytes]:
        found, at = super().entries(first, count), self.size // 2 - first
        return [data[:-1] + bytes((data[-1] ^ 1,)) if place == at else data for place, data in enumerate(found)]


def over_https(fsck: Fsck) -> tuple[list[Verdict], list[Verdict]]:
    """Verdicts on what a node serves."""
    sound, elsewhere = MadeUpLog(SERVED_SIZE), MadeUpLog(SERVED_SIZE, branch="elsewhere")
    forged = Shelf(log=lambda: elsewhere.tree, entries=sound.entries)
    forged.published = sound.shelf().published
    served = {
        "the whole log": (sound.shelf(), TOKEN),
        "the log without a token": (sound.shelf(), ""),
        "an entry with a flipped bit": (FlippedEntry(SERVED_SIZE).shelf(), TOKEN),
        "tiles of another branch": (forged, TOKEN),
    }
    judged = []
    for what, (shelf, token) in served.items():
        with serving(make_app(shelf, TOKEN)) as running:
            certificate = running.tls.certificate_pem if running.tls else b""
            judged.append(
                (f"{what} over https", fsck.accepts(running.url + PREFIX, sound.key, token=token, certificate=certificate))
            )
    return judged[:1], judged[1:]


def main() -> int:
    try:
        program = build_go(PACKAGE)
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    with tempfile.TemporaryDirectory() as folder:
        fsck = Fsck(program, Path(folder))
        disk, https = on_disk(fsck, Path(folder)), over_https(fsck)
    return report(NAME, "tiles, entries and root, on disk and over https", disk[0] + https[0], disk[1] + https[1])


if __name__ == "__main__":
    sys.exit(main())
