"""What is verified and what it is verified with are two files, and easily swapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.cli.main import main
from atoll.ledger.evidence import encode_trust_file
from atoll.testing.consortium import Founding

FOUNDING = Founding(["operator", "bank", "bureau"])


@pytest.mark.parametrize("command", ["evidence", "right"])
def test_a_trust_file_in_the_place_of_what_is_verified_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust, bundle = tmp_path / "lagoon.trust", tmp_path / "job.evidence"
    trust.write_text(encode_trust_file(FOUNDING.genesis, FOUNDING.genesis_digest))
    bundle.write_bytes(b"entries 1\n\xff\x00")
    assert main([command, "verify", str(trust), "--trust", str(bundle)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {trust} is a trust file, and not something to verify. [cli.trust_file_instead]\nhint: ")
    assert main([command, "verify", str(bundle), "--trust", str(trust)]) == 8
    assert "[evidence.damaged]" in capsys.readouterr().err
