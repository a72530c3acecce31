"""Where the passphrase of a keystore comes from: the environment, a file named there, or a private file beside it."""

from __future__ import annotations

import os
from pathlib import Path

from atoll.storage.errors import PassphraseMissing
from atoll.trust.errors import KeystoreExposed

VARIABLE = "ATOLL_PASSPHRASE"
FILE_VARIABLE = "ATOLL_PASSPHRASE_FILE"


def read_passphrase(kept: Path) -> bytes:
    """ATOLL_PASSPHRASE, the content of the file that ATOLL_PASSPHRASE_FILE names, or that of `kept`.

    Raises:
        PassphraseMissing: there is none of them, or the file cannot be read.
        KeystoreExposed: others may read `kept`.
    """
    if VARIABLE in os.environ:
        return os.environ[VARIABLE].encode()
    path = Path(os.environ.get(FILE_VARIABLE, kept))
    try:
        if path == kept and path.stat().st_mode & 0o077:
            raise KeystoreExposed(path=path, problem=f"its mode is {path.stat().st_mode & 0o777:04o}")
        return path.read_bytes().rstrip(b"\r\n")
    except OSError as err:
        raise PassphraseMissing(path=path) from err
