"""Where the fingerprints of registered versions lie: home/prints/SHA-256 of the version's name/.

A fingerprint is as private as its table and stays here; it is what a check for near duplicates is made from.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from atoll.node.config import Home


def print_folder(home: Home, dataset: str) -> Path:
    """The folder of a version's fingerprint; it need not exist."""
    return home.path / "prints" / sha256(dataset.encode()).hexdigest()
