"""The sealed keystore on disk: one file, mode 0600, written whole or not at all.

What it holds is the business of `atoll.trust.keystore`; this module moves the bytes. They are written to a new file beside it,
which is flushed, moved into place and made durable by flushing the folder; a crash at any moment leaves the old file or the new
one.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from atoll.trust.errors import KeystoreExists, KeystoreExposed, KeystoreMissing, KeystoreUnavailable
from atoll.trust.keystore import MAX_KEYSTORE_BYTES

PRIVATE_MODE = 0o600


def load_keystore(path: Path) -> bytes:
    """The sealed bytes in the file.

    Raises:
        KeystoreMissing: nothing is there.
        KeystoreExposed: a link, not a plain file, another user's, or others may read or write it. All of this is asked of the
            opened file, so that nobody can swap it between the question and the reading.
        KeystoreUnavailable: it cannot be read, or is larger than any keystore.
    """
    try:
        # Without NONBLOCK, a pipe in the keystore's place would make the node wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _verify_private(path, os.fstat(descriptor))
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(MAX_KEYSTORE_BYTES + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError as err:
        raise KeystoreMissing(path=path) from err
    except OSError as err:
        if path.is_symlink():
            raise KeystoreExposed(path=path, problem="it is a link") from err
        raise KeystoreUnavailable(path=path, action="read", reason=err.strerror) from err
    if len(data) > MAX_KEYSTORE_BYTES:
        raise KeystoreUnavailable(path=path, action="read", reason="it is larger than any keystore")
    return data


def save_keystore(path: Path, sealed: bytes, *, replace: bool = False) -> None:
    """Write sealed bytes to the file, durably; its folder must exist.

    Args:
        path: where.
        sealed: from `seal_keys`.
        replace: put it in place of one that is there, as a rotation does; otherwise that is refused.

    Raises:
        KeystoreExists: one is there and `replace` is false.
        KeystoreUnavailable: the disk did not take it; what was there before is there still, or replaced as a whole.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        try:
            _write_private(beside, sealed)
            if replace:
                beside.replace(path)
            else:
                # A link, unlike a move, fails if the name is taken.
                path.hardlink_to(beside)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
        _flush_folder(path.parent)
    except FileExistsError as err:
        raise KeystoreExists(path=path) from err
    except OSError as err:
        raise KeystoreUnavailable(path=path, action="written", reason=err.strerror) from err


def _verify_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeystoreExposed(path=path, problem="it is not a plain file")
    if found.st_uid != os.geteuid():
        raise KeystoreExposed(path=path, problem="it belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise KeystoreExposed(path=path, problem=f"its mode is {stat.S_IMODE(found.st_mode):04o}")


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        # The mode given to open is cut by the umask and never widened by it; an odd umask could leave us unable to read.
        os.fchmod(descriptor, PRIVATE_MODE)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
