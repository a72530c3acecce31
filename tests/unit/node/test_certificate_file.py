"""The certificate that a node's own clients pin is the one that its API serves."""

from __future__ import annotations

from pathlib import Path

from atoll.node.process import keep_certificate


def test_a_rotated_certificate_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "tls.der"
    keep_certificate(path, b"first")
    keep_certificate(path, b"second")
    assert path.read_bytes() == b"second"
