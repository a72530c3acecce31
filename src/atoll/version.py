"""The one version number of package, protocols and rules, and the digest of this build."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

VERSION = "0.1.0"
"""Also in pyproject.toml and Cargo.toml."""


@functools.cache
def build_digest() -> str:
    """SHA-256 over the package's own files, in name order. Consents assert it; a node that lies can say anything here."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.glob("_core*.so")]):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"
