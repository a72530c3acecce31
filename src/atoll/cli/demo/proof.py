"""The evidence of a job: exported by the auditor's node, verified by a process that has nothing but the trust file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from atoll.cli.demo.consortium import AUDITOR
from atoll.cli.demo.stage import Stage
from atoll.client.jobs import ENDED

VERIFY_SECONDS = 60.0
ATOLL = (sys.executable, "-I", "-c", "from atoll.cli.main import run; run()")
"""The command `atoll` of this installation, in Python's isolated mode."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier said."""

    verified: bool
    entries: int = 0
    """Entries that hold, when all do."""
    code: str = ""
    """What does not hold."""
    entry: int = -1
    """In which entry."""
    sentence: str = ""
    """In words."""


def export(stage: Stage, job: str) -> bytes:
    """The bundle of a job, as soon as the auditor's node knows that it has ended."""
    stage.wait_for(f"job {job} ended", lambda: stage.job_at(AUDITOR, job).state in ENDED)
    return stage.client(AUDITOR).evidence(job)


def trust_file(stage: Stage) -> str:
    """What a founder hands over in person, here the bank."""
    return stage.client("bank").ledger.trust_file()


def verify_elsewhere(bundle: bytes, trust: str) -> Verdict:
    """Verify in a fresh process: an empty folder but for these two files, an empty environment, no network asked."""
    with tempfile.TemporaryDirectory(prefix="atoll-verify-") as name:
        folder = Path(name)
        (folder / "bundle").write_bytes(bundle)
        (folder / "trust").write_text(trust, "utf-8")
        command = [*ATOLL, "evidence", "verify", "bundle", "--trust", "trust", "--json"]
        ran = subprocess.run(  # noqa: S603 - our own interpreter, our own command
            command, cwd=folder, env={}, capture_output=True, check=False, timeout=VERIFY_SECONDS
        )
    answer = json.loads(ran.stdout)
    if ran.returncode == 0:
        return Verdict(verified=bool(answer["verified"]), entries=int(answer["entries"]))
    said = answer.get("error", answer)
    return Verdict(verified=False, code=said["code"], entry=said.get("entry", -1), sentence=said["message"])
